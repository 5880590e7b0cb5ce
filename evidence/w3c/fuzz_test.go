package w3c

import (
	"bytes"
	"os"
	"slices"
	"testing"

	"aldebaran/event"
	"aldebaran/evidence/lines"
)

// FuzzRead: every line is an event or told as lost; the bytes at Source.Offset are the record, which
// gives the same event behind the same directives; a fresh reader and a used one agree.
func FuzzRead(f *testing.F) {
	golden, err := os.ReadFile("testdata/iis.log")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(golden)
	f.Add([]byte("#Fields: date time cs(User-Agent) sc-status\n2026-03-01 01:02:03 \"a b\" 200\n\x00\x00"))
	f.Add([]byte("2026-03-01 01:02:03 192.0.2.1 GET /a - 443 - 192.0.2.2 curl/8.5.0 200 0 0 7\nx\n"))
	f.Add([]byte("#GMT-Offset: +0300\n#Fields: time\ta b\n01:02:03\t\t\"\n#Fields: x-y\nz\n"))
	f.Add([]byte("\xff\xfe#\x00F\x00i\x00e\x00l\x00d\x00s\x00:\x00c\x00-\x00i\x00p\x00\n\x00a\x00"))
	used := NewReader(lines.Options{})
	f.Fuzz(func(t *testing.T, log []byte) {
		Sniff(log)
		fresh, first := read(t, NewReader(lines.Options{}), log)
		again, second := read(t, used, log)
		if !slices.Equal(fresh, again) || first.Digest != second.Digest || first.Clock != second.Clock || len(first.Damage) != len(second.Damage) {
			t.Fatalf("a used reader gives %q, a fresh one %q", again, fresh)
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
	report, err := NewReader(lines.Options{}).Read(file, file.Units()[0], func(e *event.Event) bool {
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
	// Every line that is no directive is an event or lost.
	data, lost := 0, 0
	var directives []byte
	for line := range bytes.Lines(log[file.log.Start:]) {
		text := bytes.TrimSuffix(bytes.TrimSuffix(line, []byte{'\n'}), []byte{'\r'})
		text = bytes.Trim(text, "\x00")
		switch {
		case len(text) == 0:
		case text[0] == '#':
			directives = append(append(directives, text...), '\n')
		default:
			data++
		}
	}
	for _, d := range report.Damage {
		lost += d.Lost
	}
	if data != report.Events+lost {
		t.Fatalf("%d lines, but %d events and %d lost", data, report.Events, lost)
	}
	// A record alone is the same event, where only one set of directives comes before all of them and
	// no date has to be counted on.
	if len(records) == 0 || !bytes.HasPrefix(log, []byte("#")) || bytes.Contains(log[file.log.Start:], []byte("\n#")) && !bytes.HasPrefix(log, directives) {
		return
	}
	if bytes.Count(bytes.ToLower(directives), []byte("fields")) != 1 || !bytes.Contains(directives, []byte("date ")) || !bytes.HasPrefix(log, directives) {
		return
	}
	for i := range records[:min(len(records), 5)] {
		s := records[i]
		alone := append(bytes.Clone(directives), log[s.Offset:s.Offset+s.Length]...)
		got, _ := read(t, NewReader(lines.Options{}), alone)
		if len(got) != 1 || got[0] != texts[i] {
			t.Fatalf("the record %q alone gives %q, want %q", log[s.Offset:s.Offset+s.Length], got, texts[i])
		}
	}
}
