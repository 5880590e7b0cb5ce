package entries_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"aldebaran/event"
	"aldebaran/evidence/entries"
	"aldebaran/evidence/lines"
)

func place(line []byte) entries.Place {
	switch {
	case bytes.HasPrefix(line, []byte("E")):
		return entries.Free
	case bytes.HasPrefix(line, []byte("d")):
		return entries.Begin
	case bytes.HasPrefix(line, []byte("#")):
		return entries.Ignore
	}
	return entries.More
}

func read(t *testing.T, text string, units []event.Unit) []string {
	t.Helper()
	log, err := lines.Open(strings.NewReader(text), int64(len(text)), "x.log")
	if err != nil {
		t.Fatal(err)
	}
	if units == nil {
		units = log.Units(0)
	}
	var got []string
	var r entries.Reader
	for _, u := range units {
		err := r.Read(log, u, place, func(e *entries.Entry) bool {
			at := text[e.Offset : e.Offset+e.Length]
			if want := strings.TrimSuffix(strings.ReplaceAll(at, "\r\n", "\n"), "\n"); want != string(e.Text) {
				t.Errorf("entry %q stands where %q is", e.Text, want)
			}
			got = append(got, fmt.Sprintf("%d:%s", e.Offset, e.Text))
			return true
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return got
}

func TestRead(t *testing.T) {
	tests := []struct {
		name, in string
		want     []string
	}{
		{"one line each", "E1\nE2\n", []string{"0:E1", "3:E2"}},
		{"several lines", "E1\n a\n b\nE2\n", []string{"0:E1\n a\n b", "9:E2"}},
		{"CR LF", "E1\r\n a\r\nE2\r\n", []string{"0:E1\n a", "8:E2"}},
		{"an entry that needs another", "E1\nd2\n a\nE3", []string{"0:E1", "3:d2\n a", "9:E3"}},
		{"the rest of an entry at the beginning of the file", " a\n b\nE1\n", []string{"0: a\n b", "6:E1"}},
		{"lines of no entry", "#x\nE1\n#y\nE2\n", []string{"3:E1", "9:E2"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := read(t, tt.in, nil); strings.Join(got, "|") != strings.Join(tt.want, "|") {
				t.Errorf("entries = %q, want %q", got, tt.want)
			}
		})
	}
}

// TestReadUnits holds pieces of a file against the whole.
func TestReadUnits(t *testing.T) {
	text := " rest\nd0\nE1\n a\n b\nd2\n c\nE3\nE4\n long line of the entry\n\nd5\nd6\n x"
	whole := read(t, text, nil)
	for size := int64(1); size < int64(len(text)); size++ {
		log := &lines.Log{R: strings.NewReader(text), Size: int64(len(text))}
		if got := read(t, text, log.Units(size)); strings.Join(got, "|") != strings.Join(whole, "|") {
			t.Errorf("in pieces of %d: %q, want %q", size, got, whole)
		}
	}
}

func TestReadLong(t *testing.T) {
	text := "E1\n" + strings.Repeat(strings.Repeat("x", 1000)+"\n", 4000) + "E2\n"
	log, err := lines.Open(strings.NewReader(text), int64(len(text)), "x.log")
	if err != nil {
		t.Fatal(err)
	}
	var r entries.Reader
	n := 0
	err = r.Read(log, log.Units(0)[0], place, func(e *entries.Entry) bool {
		n++
		if n == 1 && (!e.Cut || len(e.Text) > entries.MaxEntry || e.Length != int64(len(text)-3)) {
			t.Errorf("first entry: cut %t, %d bytes of %d, want cut, at most %d of %d", e.Cut, len(e.Text), e.Length, entries.MaxEntry, len(text)-3)
		}
		return true
	})
	if err != nil || n != 2 {
		t.Errorf("%d entries, error %v, want 2", n, err)
	}
}

func TestParseStamp(t *testing.T) {
	f := func(in, want string) {
		t.Helper()
		s, n := entries.ParseStamp([]byte(in))
		got := ""
		if n > 0 {
			var c entries.Clock
			got = c.At(s, time.UTC).Format("2006-01-02T15:04:05.999999999") + "|" + in[n:]
		}
		if got != want {
			t.Errorf("ParseStamp(%q) = %q, want %q", in, got, want)
		}
	}
	f("2022-12-20 12:36:54.17 Logon", "2022-12-20T12:36:54.17| Logon")
	f("2018-09-07T18:45:40.098124+08:00", "2018-09-07T18:45:40.098124|+08:00")
	f("2021-11-09  5:13:12 8 [Warning]", "2021-11-09T05:13:12| 8 [Warning]")
	f("100518 5:11:01", "2010-05-18T05:11:01|")
	f("091205  4:49:04InnoDB", "2009-12-05T04:49:04|InnoDB")
	f("20210108 10:40:13,srv", "2021-01-08T10:40:13|,srv")
	f("2021-01-08 10:40:13,123", "2021-01-08T10:40:13.123|")
	f("2021-01-08 10:40:13,srv", "2021-01-08T10:40:13|,srv")
	for _, bad := range []string{"", "2022-12-20", "2022-13-20 12:36:54", "2022-12-20 24:36:54", "2022-12-20 12:3", "aaaaaa 12:36:54", "2022-12-20 1x:36:54"} {
		f(bad, "")
	}
}

func TestZones(t *testing.T) {
	f := func(in string, seconds, n int) {
		t.Helper()
		var z entries.Zones
		zone, got := z.Parse([]byte(in))
		if got != n {
			t.Errorf("Parse(%q) takes %d bytes, want %d", in, got, n)
		}
		if zone == nil {
			if seconds != -1 {
				t.Errorf("Parse(%q) knows no zone", in)
			}
			return
		}
		if _, have := time.Unix(0, 0).In(zone).Zone(); have != seconds {
			t.Errorf("Parse(%q) = %d s, want %d", in, have, seconds)
		}
	}
	f("Z\t", 0, 1)
	f(" UTC [1]", 0, 4)
	f("+08:00\t9", 28800, 6)
	f(" -03 [1]", -10800, 4)
	f("+0530]", 19800, 5)
	f(" MSK [5133]", 10800, 4)
	f(" PDT", -25200, 4)
	f(" XYZ [1]", -1, 4)
	f(" [1]", -1, 0)
	f(",db", -1, 0)
}

func TestCSV(t *testing.T) {
	f := func(in string, want ...string) {
		t.Helper()
		var b entries.Builder
		var got []string
		var v []byte
		for rest := []byte(in); rest != nil; {
			v, rest = b.CSV(rest)
			got = append(got, string(v))
		}
		if strings.Join(got, "|") != strings.Join(want, "|") {
			t.Errorf("CSV(%q) = %q, want %q", in, got, want)
		}
	}
	f("a,b,", "a", "b", "")
	f(`a,"b,""c""",d`, "a", `b,"c"`, "d")
	f("\"x\ny\",,z", "x\ny", "", "z")
	f(`"open`, "open")
	f(`"a"x,b`, "a", "b")
	f(`"`, "")
	f(`"""`, `"`)
}

func TestXML(t *testing.T) {
	f := func(in, want string) {
		t.Helper()
		var b entries.Builder
		var got []string
		b.XML([]byte(in), func(name, value []byte) { got = append(got, string(name)+"="+string(value)) })
		if s := strings.Join(got, "|"); s != want {
			t.Errorf("XML(%q) = %q, want %q", in, s, want)
		}
	}
	f("<A>\n<B>x</B><C/><D>&lt;y&#10;&#x41;&unknown;</D></A>", "B=x|D=<y\nA&unknown;")
	f(`<A B="1&quot;" C='x>y'/>`, `B=1"|C=x>y`)
	f("<A\n B=\"1\"\n C=\"open", "B=1|C=open")
	f("<A><B><![CDATA[a<b]]></B></A>", "B=a<b")
	f("<A><B></B><C>x", "B=")
	f("<<<<a b c=<", "")
}

func TestJSON(t *testing.T) {
	f := func(in, want string, ok bool) {
		t.Helper()
		var b entries.Builder
		var got []string
		had := b.JSON([]byte(in), func(name, value []byte) { got = append(got, string(name)+"="+string(value)) })
		if s := strings.Join(got, "|"); s != want || had != ok {
			t.Errorf("JSON(%q) = %q %t, want %q %t", in, s, had, want, ok)
		}
	}
	f(`{"a":1,"b":{"c":"x\ny\u00e4\ud83d\ude00","d":[true,null,"z"]}},`, "a=1|b.c=x\nyä😀|b.d=true|b.d=z", true)
	f(`{"a":"x"`, "a=x", false)
	f(`{"a":"x`, "", false)
	f(`{"a":x}`, "", false)
	f(`[1]`, "", false)
	f(strings.Repeat(`{"a":`, 100)+"1", "", false)
}

func TestBuilder(t *testing.T) {
	var b entries.Builder
	add := func() *event.Shape {
		b.Reset()
		b.AddSystem("EventID", []byte("1"))
		b.AddFrom("user_name", "user", []byte("x"))
		b.AddFound([]byte("new"), nil)
		return b.Shape()
	}
	s := add()
	if again := add(); again != s {
		t.Error("the same names have two shapes")
	}
	want := "[{EventID EventID 1} {user_name user 0} {new new 0}]"
	if got := fmt.Sprint(s.Fields); got != want {
		t.Errorf("fields = %s, want %s", got, want)
	}
	b.Reset()
	for range 300 {
		b.Add("a", nil)
	}
	if len(b.Values) != 256 || b.Dropped != 44 || len(b.Shape().Fields) != 256 {
		t.Errorf("%d values, %d dropped, want 256 and 44", len(b.Values), b.Dropped)
	}
}

func TestTally(t *testing.T) {
	var tally entries.Tally
	tally.Start(&lines.Log{Path: "x.log"})
	for range 150 {
		tally.Lost(&entries.Entry{Text: []byte("bad\x00"), Length: 4}, "good")
	}
	report := tally.End(lines.Options{})
	if n := len(report.Damage); n != 101 || report.Damage[100].Lost != 50 || report.Damage[0].Found != `"bad\x00"` {
		t.Errorf("%d damages, last %+v", n, report.Damage[n-1])
	}
	if report.Clock.Assumed {
		t.Error("a log without times needs no zone")
	}
	tally.Start(&lines.Log{Path: "x.log"})
	tally.Zones.Parse([]byte("+02:00"))
	if c := tally.End(lines.Options{}).Clock; c.Zone != "+02:00" || c.Assumed {
		t.Errorf("clock = %+v", c)
	}
	tally.Start(&lines.Log{Path: "x.log"})
	tally.Zones.Assume(lines.Options{})
	if c := tally.End(lines.Options{}).Clock; !c.Assumed {
		t.Errorf("clock = %+v, want an assumed one", c)
	}
}

// TestEvents: what is no entry is told as lost, a frame is nothing, and no value is lost silently.
func TestEvents(t *testing.T) {
	text := "E1\nE many\nE bad\nE frame\n\nE\nd2"
	log, head, err := entries.Open(strings.NewReader(text), int64(len(text)), "x.log")
	if err != nil || string(head) != text {
		t.Fatalf("head %q, %v", head, err)
	}
	var (
		r     entries.Reader
		build entries.Builder
		tally entries.Tally
		made  event.Event
		got   []string
	)
	report, err := r.Events(log, log.Units(entries.UnitSize)[0], entries.Format{
		Place: place, Want: "an entry", Labels: event.Event{Product: "p"}, Build: &build, Tally: &tally, Event: &made,
		Parse: func(e *entries.Entry) bool {
			switch string(e.Text) {
			case "E frame\n":
				return true
			case "E bad":
				return false
			case "E many":
				for range 300 {
					build.Add("a", nil)
				}
				made.Service = "s"
				return true
			}
			build.Add("text", e.Text)
			return true
		},
	}, lines.Options{}, func(e *event.Event) bool {
		got = append(got, fmt.Sprintf("%s/%s %s %d+%d %d", e.Product, e.Service, e.Source.Path, e.Source.Offset, e.Source.Length, len(e.Values)))
		return len(got) < 4
	})
	want := "p/ x.log 0+3 1|p/s x.log 3+7 256|p/ x.log 25+2 1|p/ x.log 27+2 1"
	if strings.Join(got, "|") != want || err != nil || report.Events != 4 || report.Bytes != int64(len(text)) {
		t.Errorf("events = %q, report %+v, %v; want %s", got, report, err, want)
	}
	if d := report.Damage; len(d) != 2 || d[0].What != "values" || d[0].Found != "44 more" || d[1].Want != "an entry" || d[1].Lost != 1 || d[1].Offset != 10 {
		t.Errorf("damage %+v", d)
	}
}

func ExampleReader_Read() {
	text := "E first\n goes on\nE second\n"
	log, err := lines.Open(strings.NewReader(text), int64(len(text)), "x.log")
	if err != nil {
		fmt.Println(err)
		return
	}
	var r entries.Reader
	err = r.Read(log, log.Units(0)[0], place, func(e *entries.Entry) bool {
		fmt.Printf("%d+%d %q\n", e.Offset, e.Length, e.Text)
		return true
	})
	if err != nil {
		fmt.Println(err)
	}
	// Output:
	// 0+17 "E first\n goes on"
	// 17+9 "E second"
}

// FuzzValues looks for values that do not stand where they were found or take too long.
func FuzzValues(f *testing.F) {
	for _, seed := range []string{`a,"b""c",d`, `<A B="1"><C>x&amp;</C></A>`, `{"a":{"b":["c",1,true,null]}}`, "2022-12-20 12:36:54.17 CET"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		var b entries.Builder
		total := 0
		count := func(_, value []byte) { total += len(value) }
		var v []byte
		for rest := in; rest != nil; {
			v, rest = b.CSV(rest)
			total += len(v)
		}
		if total > len(in) {
			t.Errorf("CSV: %d bytes of values in %d", total, len(in))
		}
		b.Reset()
		total = 0
		b.JSON(in, count)
		if total > 3*len(in) {
			t.Errorf("JSON: %d bytes of values in %d", total, len(in))
		}
		b.Reset()
		total = 0
		b.XML(in, count)
		if total > 3*len(in) {
			t.Errorf("XML: %d bytes of values in %d", total, len(in))
		}
		if s, n := entries.ParseStamp(in); n > len(in) || n > 0 && (s.Hour < 0 || s.Hour > 23 || s.Nano > 999999999) {
			t.Errorf("ParseStamp = %+v, %d of %d bytes", s, n, len(in))
		}
		var z entries.Zones
		if _, n := z.Parse(in); n > len(in) {
			t.Errorf("Parse takes %d of %d bytes", n, len(in))
		}
	})
}

func TestFirst(t *testing.T) {
	f := func(text string, want ...string) {
		t.Helper()
		var got []string
		for line := range entries.First([]byte(text)) {
			got = append(got, string(line))
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%q (-want +got):\n%s", text, diff)
		}
	}
	f("")
	f("\r\n\n")
	f("a\r\n\n b\nc", "a", " b", "c")
	f(strings.Repeat("\na", 65), strings.Split(strings.Repeat("a", 64), "")...)
}
