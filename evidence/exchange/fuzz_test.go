package exchange

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"aldebaran/event"
	"aldebaran/evidence/lines"
)

func FuzzRead(f *testing.F) {
	f.Add([]byte(head("HttpProxy Logs", proxyFields) + proxyLine("2026-01-02T03:04:05.678Z", "M", "/owa", "?a", `A "1", 2`, "u", "GET", "200")))
	f.Add([]byte(head("ECP Server Log", ecpNames) + "2026-01-02T03:04:05Z,S,ECP.Request,\"S:CMD=x;'S:URL=/a''b?c';\nS:EX=\"\r\n\r\n"))
	f.Add([]byte(head("SMTP Send Protocol Log", smtpNames) + "2026-01-02T03:04:05Z,M\\C,08DA4F7C11473A60,9,[::1]:25,192.0.2.7:53722,>,\"a\"\"b\n2026-01-02T03:04:05Z,1,\"x\n"))
	f.Add([]byte("date-time,a,b\n2026-01-02T03:04:05Z,\"1\n2026-01-02T03:04:05Z,2\",3\n\"\n,\n#Fields: a,,b b\n1,2,3,4"))
	f.Add([]byte("\xff\xfe#\x00S\x00o\x00"))
	f.Add([]byte("1/2/2026 3:04:05 AM,\x00,\"\x00\n#Fields:\n\"\"\"\n\"\"\"\","))
	used := NewReader(lines.Options{})
	f.Fuzz(func(t *testing.T, data []byte) {
		Sniff(data)
		events, report := read(t, NewReader(lines.Options{}), data)
		again, same := read(t, used, data)
		if len(events) != len(again) || report.Digest != same.Digest || len(report.Damage) != len(same.Damage) || report.Events != len(events) {
			t.Fatalf("a fresh reader gives %d events, %+v; a used one %d, %+v", len(events), report, len(again), same)
		}
		if len(report.Damage) > lines.MaxDamage+1 {
			t.Fatalf("%d damages", len(report.Damage))
		}
		if report.Bytes > int64(len(data)) {
			t.Fatalf("%d bytes of %d", report.Bytes, len(data))
		}
		enc, _ := lines.Detect(data)
		end := int64(0)
		for i, e := range events {
			if !equal(e, again[i]) {
				t.Fatalf("event %d differs when the reader was used before", i)
			}
			s := e.Source
			if s.Offset < end || s.Length <= 0 || s.Offset+s.Length > int64(len(data)) {
				t.Fatalf("event %d stands at %d, %d bytes; the one before ends at %d of %d", i, s.Offset, s.Length, end, len(data))
			}
			end = s.Offset + s.Length
			if len(e.Values) != len(e.Shape.Fields) {
				t.Fatalf("event %d: %d values of %d fields", i, len(e.Values), len(e.Shape.Fields))
			}
			if enc != lines.UTF8 {
				continue
			}
			// The bytes of the source are the record: each column stands in them, but for the quotes.
			bare := func(b []byte) string {
				return strings.NewReplacer(`"`, "", "\r", "", "'", "").Replace(string(b))
			}
			record := bare(data[s.Offset:end])
			for at, v := range e.Values {
				if !v.IsNull() && !strings.Contains(record, bare(v.Raw)) {
					t.Fatalf("event %d: %s = %q does not stand in %q", i, e.Shape.Fields[at].Name, v.Raw, data[s.Offset:end])
				}
			}
		}
	})
}

func equal(a, b *event.Event) bool {
	return a.Time.Equal(b.Time) && a.Source == b.Source && a.Computer == b.Computer && a.Category == b.Category && a.Service == b.Service &&
		slices.EqualFunc(a.Values, b.Values, func(x, y event.Value) bool { return x.Kind == y.Kind && bytes.Equal(x.Raw, y.Raw) }) &&
		slices.Equal(a.Shape.Fields, b.Shape.Fields)
}

func FuzzSplit(f *testing.F) {
	f.Add([]byte(`a,"b""c",d"e,"f`))
	f.Add([]byte(`"",""""," "`))
	f.Add([]byte("a,\"b\n\"\"c\",\"d\ne"))
	f.Fuzz(func(t *testing.T, line []byte) {
		if bytes.Count(line, []byte{','}) >= maxValues {
			return
		}
		var s splitter
		s.split(line)
		if got := endsQuoted(line, false); got != s.unclosed {
			t.Fatalf("endsQuoted = %v, want %v", got, s.unclosed)
		}
		// A record that goes on behind a line feed is told the same line by line.
		for at, c := range line {
			if c == '\n' && (at == 0 || line[at-1] != '"') && endsQuoted(line[:at], false) && endsQuoted(line[at+1:], true) != s.unclosed {
				t.Fatalf("line by line endsQuoted = %v, want %v", !s.unclosed, s.unclosed)
			}
		}
	})
}
