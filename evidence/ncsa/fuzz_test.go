package ncsa

import (
	"bytes"
	"os"
	"slices"
	"testing"

	"aldebaran/event"
	"aldebaran/evidence/lines"
)

// FuzzRead: every line is an event or told as lost; the bytes at Source.Offset are the record, which
// alone gives the same event; units together give what the whole gives; a fresh reader and a used one
// agree.
func FuzzRead(f *testing.F) {
	golden, err := os.ReadFile("testdata/mixed.log")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(golden)
	f.Add([]byte("Mar  1 01:02:04 web01 nginx[29]: 192.0.2.1 - - [01/Mar/2026:01:02:03 +0300] \"GET /\\x41 HTTP/1.1\" 200 5 \"a\\\" \"b\n\x00\x00"))
	f.Add([]byte("[01/Mar/2026:01:02:03 +0300] bob http-exec-6 192.0.2.1 GET / HTTP/1.1 200 12ms 5 http://example.test/ Mozilla 5\n"))
	f.Add([]byte("h 192.0.2.1 - r - [2026-03-01T01:02:03Z] \"CONNECT a:1 HTTP/1.1\" 200 5 9 \"x\" \"y\" \"1.2.3.4\"\r\n"))
	used := NewReader(lines.Options{})
	f.Fuzz(func(t *testing.T, log []byte) {
		Sniff(log)
		fresh, damage, report := read(t, NewReader(lines.Options{}), log, 0)
		again, damage2, report2 := read(t, used, log, 0)
		if !slices.Equal(fresh, again) || !slices.Equal(damage, damage2) || report.Digest != report2.Digest || report.Clock != report2.Clock {
			t.Fatalf("a used reader gives %q %q, a fresh one %q %q", again, damage2, fresh, damage)
		}
		if pieces, _, _ := read(t, used, log, 50); !slices.Equal(fresh, pieces) {
			t.Fatalf("units give %q, the whole %q", pieces, fresh)
		}
		check(t, log)
	})
}

// check holds a log's events against its bytes.
func check(t *testing.T, log []byte) {
	t.Helper()
	file, err := Open(bytes.NewReader(log), int64(len(log)), "test.log", lines.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var records []event.Source
	var texts []string
	report, err := NewReader(lines.Options{}).Read(file, file.log.Units(0)[0], func(e *event.Event) bool {
		if len(e.Values) != len(e.Shape.Fields) {
			t.Fatalf("%d values for %d fields", len(e.Values), len(e.Shape.Fields))
		}
		records = append(records, e.Source)
		texts = append(texts, render(e))
		return true
	})
	if err != nil {
		t.Fatal(err)
	}
	end := int64(0)
	for _, s := range records {
		if s.Offset < end || s.Length <= 0 || s.Offset+s.Length > int64(len(log)) {
			t.Fatalf("record at %d, %d bytes long, behind %d of %d", s.Offset, s.Length, end, len(log))
		}
		end = s.Offset + s.Length
	}
	if file.log.Encoding != lines.UTF8 {
		return
	}
	data, lost := 0, 0
	for line := range bytes.Lines(log[file.log.Start:]) {
		text := bytes.TrimSuffix(bytes.TrimSuffix(line, []byte{'\n'}), []byte{'\r'})
		if text = bytes.Trim(text, "\x00"); len(text) > 0 && text[0] != '#' {
			data++
		}
	}
	for _, d := range report.Damage {
		lost += d.Lost
	}
	if data != report.Events+lost {
		t.Fatalf("%d lines, but %d events and %d lost", data, report.Events, lost)
	}
	for i := range records[:min(len(records), 5)] {
		s := records[i]
		alone := log[s.Offset : s.Offset+s.Length]
		if enc, mark := lines.Detect(alone); enc != lines.UTF8 || mark > 0 {
			continue // a few bytes that look like another encoding
		}
		if got, _, _ := read(t, NewReader(lines.Options{}), alone, 0); len(got) != 1 || got[0] != texts[i] {
			t.Fatalf("the record %q alone gives %q, want %q", alone, got, texts[i])
		}
	}
}
