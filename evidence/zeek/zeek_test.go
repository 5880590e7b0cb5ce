package zeek

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"aldebaran/event"
	"aldebaran/evidence/lines"
	"aldebaran/evidence/readertest"

	"github.com/google/go-cmp/cmp"
)

const head = "#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n"

func format() readertest.Format[*File, *Reader] {
	return readertest.Format[*File, *Reader]{
		Sniff: Sniff, Open: Open, NewReader: NewReader, Show: show,
		// A record is the same event behind the directives before it.
		Promises: func(t testing.TB, data []byte, whole readertest.Pass) {
			t.Helper()
			if _, mark := lines.Detect(data); mark > 0 {
				return
			}
			format().Alone(t, data, whole, func(at int64) (directives []byte) {
				for line := range bytes.Lines(data[:at]) {
					// Zeros that a crash left in front of a line are no part of it.
					if bytes.HasPrefix(bytes.TrimLeft(line, "\x00"), []byte{'#'}) {
						directives = append(directives, line...)
					}
				}
				return directives
			})
		},
	}
}

// show writes an event on one line: product, service, time, and the values that are there.
func show(e *event.Event) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s %s", e.Product, e.Service, e.Time.Format("2006-01-02T15:04:05.999999Z"))
	for i, f := range e.Shape.Fields {
		v := e.Values[i]
		switch {
		case v.IsNull():
			fmt.Fprintf(&b, " %s:null", f.Name)
		case v.Kind&event.Array != 0:
			var all []string
			v.Each(func(v event.Value) bool { all = append(all, v.String()); return true })
			fmt.Fprintf(&b, " %s=%q", f.Name, all)
		default:
			fmt.Fprintf(&b, " %s=%q", f.Name, v.String())
		}
	}
	return b.String()
}

func TestRead(t *testing.T) {
	const dns = "#path\tdns\n#fields\tts\tquery\tanswers\trejected\n#types\ttime\tstring\tvector[string]\tbool\n"
	for _, c := range []struct {
		name, in string
		want     []string
		damage   []string
	}{
		{"a log", head + dns + "1.5\texample.org\ta,b\tT\n#close\t2026-03-01-09-00-00\n",
			[]string{`zeek dns 1970-01-01T00:00:01.5Z ts="1.5" query="example.org" answers=["a" "b"] rejected="true"`}, nil},
		{"unset and empty", head + dns + "1\t-\t(empty)\tF\n2\t(empty)\t-\t-\n3\t\t(empty),-,x\tF\n", []string{
			`zeek dns 1970-01-01T00:00:01Z ts="1" query:null answers=[] rejected="false"`,
			`zeek dns 1970-01-01T00:00:02Z ts="2" query="" answers:null rejected:null`,
			`zeek dns 1970-01-01T00:00:03Z ts="3" query="" answers=["" "x"] rejected="false"`,
		}, nil},
		{"escapes", head + dns + `1` + "\t" + `\x2d\x09\\x41\q\x4` + "\t" + `a\x2cb,\x00,\\\\host\\C$` + "\tT\n", []string{
			`zeek dns 1970-01-01T00:00:01Z ts="1" query="-\t\\x41\\q\\x4" answers=["a,b" " " "\\\\host\\C$"] rejected="true"`,
		}, nil},
		{"CR LF and a byte order mark", "\xef\xbb\xbf" + strings.ReplaceAll(head+dns+"1\tq\tr\tF\n", "\n", "\r\n"),
			[]string{`zeek dns 1970-01-01T00:00:01Z ts="1" query="q" answers=["r"] rejected="false"`}, nil},
		{"columns change", head + dns + "1\tq\tr\tF\n#fields\tts\tuid\n#types\ttime\tstring\n2\tC1\n",
			[]string{`zeek dns 1970-01-01T00:00:01Z ts="1" query="q" answers=["r"] rejected="false"`, `zeek dns 1970-01-01T00:00:02Z ts="2" uid="C1"`}, nil},
		{"two logs", head + dns + "1\tq\tr\tF\n" + "#separator ,\n#set_separator,;\n#path,conn\n#fields,ts,uid,tunnel_parents\n#types,time,string,set[string]\n2,C1,a;b\n",
			[]string{`zeek dns 1970-01-01T00:00:01Z ts="1" query="q" answers=["r"] rejected="false"`, `zeek conn 1970-01-01T00:00:02Z ts="2" uid="C1" tunnel_parents=["a" "b"]`},
			nil},
		{"other words for nothing", "#separator \\x7c\n#set_separator|;\n#empty_field|EMPTY\n#unset_field|NULL\n#path|x\n#fields|ts|a|b\n#types|time|string|set[addr]\n1|NULL|EMPTY\n",
			[]string{`zeek x 1970-01-01T00:00:01Z ts="1" a:null b=[]`}, nil},
		{"no types", "#fields\tts\tservice\n#path\tknown\n1\ta,b\n",
			[]string{`zeek known 1970-01-01T00:00:01Z ts="1" service="a,b"`}, nil},
		{"a value that begins with #", head + "#path\tx\n#fields\tnote\tts\n#types\tstring\ttime\n#1\t5\n",
			[]string{`zeek x 1970-01-01T00:00:05Z note="#1" ts="5"`}, nil},
		{"half written", head + dns + "1\tq\tr\tF\n2\tq", []string{
			`zeek dns 1970-01-01T00:00:01Z ts="1" query="q" answers=["r"] rejected="false"`,
			`zeek dns 1970-01-01T00:00:02Z ts="2" query="q" answers:null rejected:null`,
		}, []string{"160: last line: want 4 columns, found 2; it may be half written, lost 0"}},
		{"a broken line", head + dns + "rubbish\n1\tq\tr\tF\n2\tq\tr\tF\tmore\n", []string{
			`zeek dns 1970-01-01T00:00:01Z ts="1" query="q" answers=["r"] rejected="false"`,
			`zeek dns 1970-01-01T00:00:02Z ts="2" query="q" answers=["r"] rejected="false"`,
		}, []string{`152: line: want 4 columns, found 1: "rubbish", lost 1`, "168: columns: want 4 columns, found 5, lost 0"}},
		{"a broken time", head + dns + "soon\tq\tr\tF\n",
			[]string{`zeek dns 0001-01-01T00:00:00Z ts="soon" query="q" answers=["r"] rejected="false"`},
			[]string{`152: time: want seconds since 1970, as 1772352001.250000, found "soon", lost 0`}},
		{"no names", head + "1\tq\tr\tF\n", nil, []string{`69: line: want a #fields directive before it, found "1\tq\tr\tF", lost 1`}},
		{"NUL bytes", head + dns + "\x00\x00\x00\x001\tq\tr\tF\n\x00\x00\x00",
			[]string{`zeek dns 1970-01-01T00:00:01Z ts="1" query="q" answers=["r"] rejected="false"`}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, report := format().Read(t, []byte(c.in))
			if d := cmp.Diff(c.want, got); d != "" {
				t.Errorf("events (-want +got):\n%s", d)
			}
			if d := cmp.Diff(c.damage, readertest.Damage(report)); d != "" {
				t.Errorf("damage (-want +got):\n%s", d)
			}
			if report.Events != len(got) {
				t.Errorf("%d events reported, %d handed out", report.Events, len(got))
			}
			if report.Clock.Zone != "UTC" || report.Clock.Assumed {
				t.Errorf("clock %+v, want a certain UTC", report.Clock)
			}
		})
	}
}

func TestSniff(t *testing.T) {
	format().Sniffs(t, true,
		head,
		strings.ReplaceAll(head, "\n", "\r\n"),
		"#path\tdns\n#fields\tts\tuid\n#types\ttime\tstring\n1\tC\n",
	)
	format().Sniffs(t, false,
		"#fields\tts\tuid\n1\tC\n",
		"#Fields: date time cs-method\n",
		"#separator of the text\n",
		"1\tC\n"+head,
		"# a remark\nkey=value\n",
		"",
		"\n\n\n",
		"#\n",
	)
}

// TestDamageIsCapped reads a log of broken lines only.
func TestDamageIsCapped(t *testing.T) {
	const n = 1000
	_, report := format().Read(t, []byte(head+"#path\tx\n#fields\tts\ta\tb\n"+strings.Repeat("x\n", n)))
	lost := 0
	for _, d := range report.Damage {
		lost += d.Lost
	}
	if len(report.Damage) != lines.MaxDamage+1 || lost != n {
		t.Errorf("%d damages that cost %d records, want %d and %d", len(report.Damage), lost, lines.MaxDamage+1, n)
	}
}

// TestSteadyState holds that records of a known layout allocate nothing.
func TestSteadyState(t *testing.T) {
	const most = 30 // for the file and its directives
	format().Allocates(t, []byte(head+"#path\tdns\n#fields\tts\tquery\tanswers\n#types\ttime\tstring\tset[string]\n"+strings.Repeat("1.5\ta\\x09b\tc,d\n", 1000)), most)
}
