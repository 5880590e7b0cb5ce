package json

import (
	"bytes"
	"encoding/binary"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"aldebaran/event"
	"aldebaran/evidence/lines"
)

// inUTF16 writes a text as PowerShell does with ">".
func inUTF16(text string, order binary.AppendByteOrder) []byte {
	b := order.AppendUint16(nil, 0xfeff)
	for _, c := range utf16.Encode([]rune(text)) {
		b = order.AppendUint16(b, c)
	}
	return b
}

func TestLayoutsOfFiles(t *testing.T) {
	f := func(name, in string, perLine bool, want ...string) {
		t.Helper()
		var damage []string
		if i := slices.Index(want, "damage"); i >= 0 {
			want, damage = want[:i], want[i+1:]
		}
		for _, form := range []string{"UTF-8", "UTF-8 with mark", "UTF-16LE", "UTF-16BE"} {
			t.Run(name+" "+form, func(t *testing.T) {
				data := []byte(in)
				switch form {
				case "UTF-8 with mark":
					data = append([]byte("\xef\xbb\xbf"), data...)
				case "UTF-16LE":
					data = inUTF16(in, binary.LittleEndian)
				case "UTF-16BE":
					data = inUTF16(in, binary.BigEndian)
				}
				if !Sniff(data) {
					t.Error("not recognised")
				}
				file, err := Open(bytes.NewReader(data), int64(len(data)), "log", lines.Options{})
				if err != nil {
					t.Fatal(err)
				}
				if file.perLine != perLine {
					t.Errorf("a record a line: %t, want %t", file.perLine, perLine)
				}
				events, rep := readAll(t, NewReader(lines.Options{}), data)
				var got []string
				for _, e := range events {
					got = append(got, e.Text("a"))
					// What stands at the place is the record.
					text := strings.TrimSpace(decode(data[e.Source.Offset:e.Source.Offset+e.Source.Length], form))
					if !strings.HasPrefix(text, "{") || !strings.Contains(text, e.Text("a")) {
						t.Errorf("at %d stands %q", e.Source.Offset, text)
					}
				}
				if !slices.Equal(got, want) {
					t.Errorf("records %q, want %q", got, want)
				}
				var found []string
				for _, d := range rep.Damage {
					found = append(found, d.Want+" | "+d.Found)
				}
				if len(found) != len(damage) {
					t.Fatalf("damage %q, want %q", found, damage)
				}
				for i, d := range damage {
					if !strings.Contains(found[i], d) {
						t.Errorf("damage %q, want %q", found[i], d)
					}
				}
			})
		}
	}
	f("lines", "{\"a\":1,\"b\":\"é𝄞\"}\r\n{\"a\":2}\n", true, "1", "2")
	f("no end", "{\"a\":1}\n{\"a\":2}", true, "1", "2")
	f("half written", "{\"a\":1}\n{\"a\":2,\"b", true, "1", "damage", "may be half written")
	f("broken line", "{\"a\":1}\n{\"a\" 2}\n\n{\"a\":3}\n", true, "1", "3", "damage", "a colon")
	f("broken first line", "{\"a\" 1}\n{\"a\":2}\n{\"a\":3}\n", true, "2", "3", "damage", "a colon")
	f("other text between", "{\"a\":1}\nTraceback\n{\"a\":3}\n", true, "1", "3", "damage", "{ |")
	f("several in a line", "{\"a\":1}{\"a\":2} {\"a\":3}\n{\"a\":4}\n", true, "1", "2", "3", "4")
	f("commas at the ends", "{\"a\":1},\n{\"a\":2},\n", true, "1", "2")
	f("NULs at the end", "{\"a\":1,\"message\":\""+strings.Repeat("x", 500)+"\"}\n\x00\x00\x00", true, "1", "damage", "NUL")
	f("array", "[{\"a\":1},{\"a\":2,\"é\":\"𝄞\"},{\"a\":3}]", false, "1", "2", "3")
	f("array over lines", "[\n  {\n    \"a\": 1,\n    \"b\": {\n      \"a\": 7\n    }\n  },\n  {\n    \"a\": 2\n  }\n]\n", false, "1", "2")
	f("broken in an array", "[{\"a\":1},{\"a\":2 \"b\":1},{\"a\":3}]", false, "1", "3", "damage", "a comma")
	f("array cut off", "[{\"a\":1},{\"a\":2", false, "1", "damage", "may be half written")
	f("cut off within", "[{\"a\":1},{\"a\":\"x,{\"a\":3}]", false, "1", "3", "damage", "a comma")
	f("one after the other", "{\n\"a\":1\n}\n{\n\"a\":2\n}\n", false, "1", "2")
	f("CloudTrail", `{"Records":[{"a":1},{"a":2}]}`, false, "1", "2")
	f("Azure over lines", "{\"records\": [{\"a\":1}]}\n{\"records\": [{\"a\":2}]}\n", false, "1", "2")
	f("Graph", `{"@odata.context":"https://x","@odata.count":2,"value":[{"a":1},{"a":2}],"@odata.nextLink":"https://y"}`, false, "1", "2")
	f("Elasticsearch", `{"took":1,"_shards":{"total":5},"hits":{"total":2,"hits":[{"_source":{"x":1},"a":1},{"a":2}]},"n":null}`, false, "1", "2")
	f("Splunk", `{"preview":false,"messages":[],"fields":[{"name":"a"}],"results":[{"a":1}]}`, false, "1")
	f("a record with a list", `{"time":"2026-01-02T03:04:05Z","a":1,"events":[{"a":2},{"a":3}]}`, true, "1")
	f("escapes in names", `{"\u0061":"x","message":""}`, true, "x")
}

func decode(b []byte, form string) string {
	var order binary.ByteOrder = binary.LittleEndian
	switch form {
	case "UTF-16BE":
		order = binary.BigEndian
	case "UTF-16LE":
	default:
		return string(b)
	}
	var u []uint16
	for i := 0; i+2 <= len(b); i += 2 {
		u = append(u, order.Uint16(b[i:]))
	}
	return string(utf16.Decode(u))
}

func TestSniff(t *testing.T) {
	f := func(head string, want bool) {
		t.Helper()
		if got := Sniff([]byte(head)); got != want {
			t.Errorf("Sniff(%q) = %t, want %t", head, got, want)
		}
	}
	f(`{"a":1}`, true)
	f("\n\n [ {\"a\":1,", true)
	f(`{"a":1,"b":"unfinis`, true)
	f("{\"a\":1}\n2026 text\n", true)
	f(`{"type":"match","time":"","level":"high","rule":{"id":"1","title":"t","file":"f"}}`, false) // our own findings
	f("{\n  \"summary\": {\n    \"partial\": false,\n    \"complete\": true,\n    \"used_bytes\": 0,\n", false)
	f("", false)
	f("{", false)
	f("{}", false)
	f(`{"a"`, false)
	f("[1,2]", false)
	f("[2026-01-02 03:04:05] text", false)
	f("[main] section=1", false)
	f("{deadbeef} text", false)
	f("a {\"b\":1}", false)
	f("\x00\x01\x02{\"a\":1}", false)
	f("{\"a\" 1}\n2026 text\nmore\n{\"a\":1}", false)
}

func TestUnescape(t *testing.T) {
	f := func(in, want string) {
		t.Helper()
		if got := string(appendUnescaped([]byte("-"), []byte(in))); got != "-"+want {
			t.Errorf("%s: %q, want %q", in, got, want)
		}
	}
	f(`a\\b`, `a\b`)
	f(`\"\/\b\f\n\r\t`, "\"/\b\f\n\r\t")
	f(`\u00e9\ud834\udd1e\u0000`, "é𝄞\x00")
	f(`\ud834x\udd1e`, "\ufffdx\ufffd")
	f(`\ud834\u0041`, "\ufffdA")
	f(`C:\Windows\x\u12`, `C:\Windows\x\u12`)
	f(`end\`, `end\`)
}

// TestNoEvents: a file of one object that says no time, is of no maker and has no field of a log is no
// evidence; several objects are.
func TestNoEvents(t *testing.T) {
	f := func(want error, text string) {
		t.Helper()
		if _, err := Open(strings.NewReader(text), int64(len(text)), "x", lines.Options{}); !errors.Is(err, want) {
			t.Errorf("Open(%s) = %v, want %v", text, err, want)
		}
	}
	f(ErrNoEvents, "{\n  \"name\": \"settings\",\n  \"version\": \"1.2.3\",\n  \"ports\": [80, 443]\n}\n")
	f(ErrNoEvents, `{"a":{"b":1},"since":1772352000}`)
	f(ErrNoEvents, "\xef\xbb\xbf{\"a\":1}\n\x00\x00")
	stix := `{"type":"bundle","id":"bundle--1","objects":[{"type":"file","created":"2026-03-01T08:00:00Z","name":"x.dll"}`
	f(ErrNoEvents, stix+"]}")
	f(ErrNoEvents, stix+strings.Repeat(`,{"type":"file","created":"2026-03-01T08:00:00Z"}`, lines.MaxLine/80)+"]}")
	f(ErrNoEvents, `{"objects": [{"created":"2026-03-01T08:00:00Z"}], "id": "bundle--1"}`)
	f(ErrNoEvents, `{"Event":{"id":"1","orgc_id":"2","date":"2026-03-01","info":"x","uuid":"u","Attribute":[]}}`)
	f(nil, `{"id":"bundle--1","time":"2026-03-01T08:00:00Z","objects":"none"}`) // one field alone hides no log
	f(nil, `{"Event":{"System":{"EventID":1,"TimeCreated":"2026-03-01T08:00:00Z"},"EventData":{"info":"x","uuid":"y"}}}`)
	f(nil, "{\"a\":1}\n{\"a\":2}\n")              // records of something
	f(nil, `[{"a":1}]`)                           // a list of them
	f(nil, `{"value":[{"a":1}]}`)                 // a reply
	f(nil, `{"a":1,"at":"2026-03-01T08:00:00Z"}`) // a time under any name
	f(nil, `{"a":1,"Message":"text"}`)
	f(nil, `{"process":{"name":"sh"}}`)
	f(nil, `{"EventID":4624,"Channel":"Security"}`)
	f(nil, `{"a":1`)                                           // half written
	f(nil, `{"a":"`+strings.Repeat("x", lines.MaxLine/4)+`"}`) // too long to be told
}

// TestLimits gives the reader what no honest log has.
func TestLimits(t *testing.T) {
	r := NewReader(lines.Options{})
	t.Run("depth", func(t *testing.T) {
		deep := `{"a":` + strings.Repeat("[", 1000) + strings.Repeat("]", 1000) + "}\n{\"a\":1}\n"
		events, rep := readAll(t, r, []byte("{\"a\":0}\n"+deep))
		if len(events) != 2 || len(rep.Damage) != 1 || !strings.Contains(rep.Damage[0].Want, "levels") {
			t.Errorf("%d events, damage %v", len(events), rep.Damage)
		}
	})
	t.Run("fields", func(t *testing.T) {
		events, rep := readAll(t, r, []byte(`{"message":1`+strings.Repeat(`,"b":2`, 2*maxFields)+"}\n"))
		if len(events) != 1 || len(events[0].Values) != maxFields || len(rep.Damage) != 1 || rep.Damage[0].Lost != 0 {
			t.Errorf("%d events, damage %v", len(events), rep.Damage)
		}
	})
	t.Run("long line", func(t *testing.T) {
		in := `{"a":1}` + "\n" + `{"a":2,"b":"` + strings.Repeat("x", 2*lines.MaxLine) + `","c":3}` + "\n" + `{"a":3}` + "\n"
		events, rep := readAll(t, r, []byte(in))
		if len(events) != 3 || events[1].Text("a") != "2" || events[2].Text("a") != "3" || len(rep.Damage) != 1 {
			t.Errorf("%d events, damage %v", len(events), rep.Damage)
		}
	})
	t.Run("long record", func(t *testing.T) {
		in := `[{"a":1},{"a":2,"b":"` + strings.Repeat("x{\\\"", maxRecord/2) + `","c":3},{"a":3}]`
		events, rep := readAll(t, r, []byte(in))
		if len(events) != 3 || events[1].Text("a") != "2" || events[2].Text("a") != "3" || len(rep.Damage) != 1 {
			t.Errorf("%d events, damage %v", len(events), rep.Damage)
		}
	})
	// Each of these made the reader read what follows again and again.
	for _, hostile := range []string{`{"_shards":{,`, `"\"`, `{"a":[`, `{"a":"\",`, `,{"a":1,`, "{\"a\"\n", `[{"a":[[`, `{"Records":[`, `{"x":"`} {
		t.Run("twice "+hostile, func(t *testing.T) {
			in := []byte("[{\"a\":1},\n" + strings.Repeat(hostile, (6<<20)/len(hostile)))
			begun := time.Now() //nolint:forbidigo // how long it takes is what is tested
			_, rep := readAll(t, r, in)
			if took := time.Since(begun); took > 10*time.Second || len(rep.Damage) == 0 && hostile != `{"x":"` && hostile != `{"Records":[` {
				t.Errorf("took %s, damage %v", took, rep.Damage)
			}
		})
	}
	t.Run("ever new names", func(t *testing.T) {
		var b strings.Builder
		for i := range 60000 {
			b.WriteString(`{"a":1,"` + strings.Repeat("k", 100) + strings.Repeat("é", i%7) + string(rune('A'+i%26)) + string(rune(0x4e00+i/26)) + "\":2}\n")
		}
		events, rep := readAll(t, r, []byte(b.String()))
		if len(events) != 60000 || len(rep.Damage) > 0 || r.cached > maxCached+1<<20 {
			t.Errorf("%d events, damage %v, %d bytes kept", len(events), rep.Damage, r.cached)
		}
	})
	t.Run("damages", func(t *testing.T) {
		_, rep := readAll(t, r, []byte("{\"a\":1}\n"+strings.Repeat("{\"a\"}\n", 3*lines.MaxDamage)))
		if n := len(rep.Damage); n != lines.MaxDamage+1 || rep.Damage[n-1].Lost != 2*lines.MaxDamage {
			t.Errorf("%d damages, the last %v", n, rep.Damage[n-1])
		}
	})
}

func TestStops(t *testing.T) {
	for _, in := range []string{"{\"a\":1}\n{\"a\":2}\n", `[{"a":1},{"a":2}]`, "{\"a\":1}{\"a\":2}"} {
		f, err := Open(strings.NewReader(in), int64(len(in)), "log", lines.Options{})
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		rep, err := NewReader(lines.Options{}).Read(f, f.Units()[0], func(*event.Event) bool { n++; return false })
		if n != 1 || rep.Events != 1 || err != nil {
			t.Errorf("%q: %d events, report %d, error %v", in, n, rep.Events, err)
		}
	}
}
