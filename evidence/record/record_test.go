package record_test

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"aldebaran/event"
	"aldebaran/evidence/lines"
	"aldebaran/evidence/readertest"
	"aldebaran/evidence/record"
)

// A log of records that begin with a letter: "a x=1 y=2". Other lines belong to the one before.
type pairLog struct{ log *lines.Log }

func openPairs(r io.ReaderAt, size int64, path string, _ lines.Options) (*pairLog, error) {
	l, err := lines.Open(r, size, path)
	return &pairLog{l}, err
}

func (p *pairLog) Units() []event.Unit    { return p.log.Units(0) }
func (p *pairLog) Damage() []event.Damage { return nil }

type pairReader struct{ rec *record.Reader }

func (p pairReader) Read(f *pairLog, u event.Unit, emit func(*event.Event) bool) (event.Report, error) {
	return p.rec.Read(f.log, u, record.Format{
		Begins: func(line []byte) bool { return len(line) > 0 && line[0] >= 'a' && line[0] <= 'z' },
		Parse: func(l lines.Line) string {
			if l.Text[0] == '!' {
				return "a letter"
			}
			p.rec.Event.Product = p.rec.String(l.Text[:1])
			for pair := range bytes.FieldsSeq(l.Text[1:]) {
				name, value, _ := bytes.Cut(pair, []byte{'='})
				p.rec.AddNamed(name, value)
			}
			p.rec.AddText("all", strings.ToUpper(string(l.Text)))
			return ""
		},
	}, emit)
}

var pairs = readertest.Format[*pairLog, pairReader]{
	Sniff:     func([]byte) bool { return true },
	Open:      openPairs,
	NewReader: func(lines.Options) pairReader { return pairReader{record.NewReader()} },
}

func TestRead(t *testing.T) {
	f := func(in string, want ...string) {
		t.Helper()
		got, report := pairs.Read(t, []byte(in))
		got = append(got, readertest.Damage(report)...)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%q (-want +got):\n%s", in, diff)
		}
		pairs.Check(t, []byte(in))
	}
	f("")
	f("\n\n \r\n")
	f("a x=1\r\nb\n", `- a// x="1" all="A X=1"`, `- b// all="B"`)
	f("a x=1\n 2=3\n\n4\nb", `- a// x="1" 2="3" 4="" all="A X=1\n 2=3\n\n4"`, `- b// all="B"`)
	f("\n\n1\n2\na\n", `- 1// 2="" all="1\n2"`, `- a// all="A"`)
	f("!\na\n", `- a// all="A"`, `0: line: want a letter, found "!", lost 1`)
	f("a\n!", `- a// !="" all="A\n!"`)
	f("!", `0: last line: want a letter, found "!"; it may be half written, lost 1`)
}

func TestMaxima(t *testing.T) {
	// Only so many places are told in full, and all are counted.
	data := strings.Repeat("!\n\n", 1000)
	lost := 0
	r := record.NewReader()
	log, err := lines.Open(strings.NewReader(data), int64(len(data)), "test.log")
	if err != nil {
		t.Fatal(err)
	}
	report, err := r.Read(log, log.Units(0)[0], record.Format{Parse: func(lines.Line) string { return "more" }}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range report.Damage {
		lost += d.Lost
	}
	if lost != 1000 || len(report.Damage) > 300 {
		t.Errorf("%d records lost in %d places, want 1000 in some 200", lost, len(report.Damage))
	}
	// A record of many fields, and one of many lines.
	got, report := pairs.Read(t, []byte("a "+strings.Repeat("x=1 ", record.MaxFields+5)+"\n"))
	if len(got) != 1 || len(report.Damage) != 1 || report.Damage[0].What != "fields" {
		t.Errorf("%d events, damage %+v; want 1, and that there were too many fields", len(got), report.Damage)
	}
	data = "a\n" + strings.Repeat("=\n", lines.MaxLine) + "b\n"
	got, report = pairs.Read(t, []byte(data))
	if len(got) != 2 || len(report.Damage) != 2 || report.Bytes != int64(len(data)) {
		t.Errorf("%d events of %d bytes, %d damage; want 2 of %d, 2", len(got), report.Bytes, len(report.Damage), len(data))
	}
}

func TestShapes(t *testing.T) {
	var first *event.Shape
	n := 0
	pairs.Each(t, []byte(strings.Repeat("a x=1 y=2\nb x=3 y=4\n", 10)), func(e *event.Event) {
		if first == nil {
			first = e.Shape
		}
		if e.Shape != first {
			n++
		}
	})
	if n > 0 {
		t.Errorf("%d of 20 events of one layout have another shape", n)
	}
	// Ever new layouts are forgotten, and stay right.
	var b strings.Builder
	for i := range 10000 {
		fmt.Fprintf(&b, "a n%d=%d\n", i, i)
	}
	i := 0
	pairs.Each(t, []byte(b.String()), func(e *event.Event) {
		if got := e.Text(fmt.Sprintf("n%d", i)); got != fmt.Sprint(i) {
			t.Fatalf("event %d: %q", i, got)
		}
		i++
	})
	if i != 10000 {
		t.Errorf("%d events, want 10000", i)
	}
}

func TestStamp(t *testing.T) {
	opt := readertest.ByYear() // 1 November 2026
	f := func(in, want string) {
		t.Helper()
		times := record.NewTimes(opt)
		got := "none"
		if s, ok := record.ReadStamp([]byte(in)); ok {
			got = times.Time(&s).Format("2006-01-02T15:04:05.999999999Z07:00") + in[s.Length:]
		}
		if got != want {
			t.Errorf("%q: %s, want %s", in, got, want)
		}
	}
	f("Mar  6 04:07:28 h", "2026-03-06T04:07:28Z h")
	f("Mar 6 04:07:28 h", "2026-03-06T04:07:28Z h")
	f("Mar 06 04:07:28.5 h", "2026-03-06T04:07:28.5Z h")
	f("Nov  2 00:00:00 h", "2026-11-02T00:00:00Z h") // a day of slack for zones
	f("Nov  3 00:00:00 h", "2025-11-03T00:00:00Z h")
	f("Dec 31 23:59:60 h", "2026-01-01T00:00:00Z h") // a leap second
	f("Feb 29 10:00:00 h", "2024-02-29T10:00:00Z h")
	f("Feb 30 10:00:00 h", "0001-01-01T00:00:00Z h") // no such day: no time
	f("Mar  6 2019 04:07:28 h", "2019-03-06T04:07:28Z h")
	f("2014 Dec 20 09:29:47 h", "2014-12-20T09:29:47Z h")
	f("Wed Jul 27 18:32:27 2016 [pid 2]", "2016-07-27T18:32:27Z [pid 2]")
	f("2021-03-06T04:07:33.194677+02:00 h", "2021-03-06T02:07:33.194677Z h")
	f("2021-03-06T04:07:33-0330 h", "2021-03-06T07:37:33Z h")
	f("2021-03-06T04:07:33Z", "2021-03-06T04:07:33Z")
	f("2021-03-06 04:07:33,194 h", "2021-03-06T04:07:33.194Z h")
	f("2021-02-29 04:07:33 h", "0001-01-01T00:00:00Z h")
	f("2021-03-06 04:07:33.1234567891234 h", "2021-03-06T04:07:33.123456789Z h")
	for _, in := range []string{"", "Mar", "Mär  6 04:07:28 h", "Mar 32 04:07:28 h", "Mar  6 24:07:28 h", "2021-13-06T04:07:33Z", "2021-03-06X04:07:33Z", "2021-03-06T04:07:33+99:00", "Wed Jul 27 18:32:27 [pid 2]"} {
		f(in, "none")
	}
}

func TestStampWithoutYear(t *testing.T) {
	times := record.NewTimes(lines.Options{})
	s, ok := record.ReadStamp([]byte("Mar  6 04:07:28 h"))
	if !ok || !times.Time(&s).IsZero() {
		t.Errorf("%v %v, want no time: nothing says the year", ok, times.Time(&s))
	}
}

func FuzzRead(f *testing.F) {
	pairs.Fuzz(f, []byte("a x=1\n 2=3\n\n4\nb"), []byte("\xff\xfea\x00\n\x00"))
}

func ExampleReader() {
	const text = "a user=amal\n"
	log, err := lines.Open(strings.NewReader(text), int64(len(text)), "a.log")
	if err != nil {
		fmt.Println(err)
		return
	}
	r := record.NewReader()
	format := record.Format{Parse: func(l lines.Line) (want string) {
		r.Event.Service = "auth"
		r.Add("user", l.Text[len("a user="):])
		return ""
	}}
	for _, u := range log.Units(record.UnitSize) {
		if _, err := r.Read(log, u, format, func(e *event.Event) bool {
			fmt.Println(e.Service, e.Text("user"))
			return true
		}); err != nil {
			fmt.Println(err)
		}
	}
	// Output: auth amal
}
