package json

import (
	"bytes"
	"encoding/binary"
	"errors"
	"os"
	"strings"
	"testing"

	"aldebaran/event"
	"aldebaran/evidence/lines"
)

// read gives the events of some units as text, with their places.
func read(t *testing.T, r *Reader, f *File, units []event.Unit) (events []*event.Event, shown []string, reports []event.Report) {
	t.Helper()
	for _, u := range units {
		rep, err := r.Read(f, u, func(e *event.Event) bool {
			if len(e.Values) != len(e.Shape.Fields) {
				t.Fatalf("%d values for %d fields", len(e.Values), len(e.Shape.Fields))
			}
			events = append(events, e.Clone())
			shown = append(shown, describe(e))
			return true
		})
		if err != nil {
			t.Fatal(err)
		}
		reports = append(reports, rep)
	}
	return events, shown, reports
}

// FuzzRead reads anything and holds what must be true of every file: places grow and lie within the
// file, the bytes there are the record (read alone they give the same event), a reader that has read
// before gives the same as a fresh one, and pieces give the same as the whole.
func FuzzRead(f *testing.F) {
	golden, err := os.ReadFile("testdata/dialects.txt")
	if err != nil {
		f.Fatal(err)
	}
	for line := range strings.Lines(string(golden)) {
		if strings.HasPrefix(line, "{") {
			f.Add([]byte(line))
		}
	}
	f.Add([]byte("{\"a\":1}\r\n{\"a\":2,\n{\"a\":\"\\u0000\"}{\"a\":3}"))
	f.Add([]byte("[{\"a\":[1,2,{\"b\":[[]]}]},{\"a\":\"x,{\"a\":3}]"))
	f.Add([]byte(`{"Records":[{"a":1},{"a":{"b":null}}],"next":"x"}`))
	f.Add(inUTF16("[{\"a\":\"\U0001d11e\"},\r\n{\"a\":2}]", binary.LittleEndian))
	f.Add([]byte("\xef\xbb\xbf{\"_raw\":\"<Event><System><EventID>1</EventID></System></Event>\"}"))
	used := NewReader(lines.Options{})
	f.Fuzz(func(t *testing.T, data []byte) {
		Sniff(data)
		file, err := Open(bytes.NewReader(data), int64(len(data)), "log", lines.Options{})
		if errors.Is(err, ErrNoEvents) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		events, shown, reports := read(t, NewReader(lines.Options{}), file, file.Units())
		_, again, reports2 := read(t, used, file, file.Units())
		if strings.Join(shown, "") != strings.Join(again, "") {
			t.Fatalf("a used reader gives\n%s\na fresh one\n%s", again, shown)
		}
		for i := range reports {
			if reports[i].Digest != reports2[i].Digest || len(reports[i].Damage) != len(reports2[i].Damage) {
				t.Fatalf("reports differ: %v and %v", reports[i], reports2[i])
			}
			for _, d := range reports[i].Damage {
				if d.Offset < 0 || d.Offset > int64(len(data)) {
					t.Fatalf("damage at %d of %d", d.Offset, len(data))
				}
			}
		}
		at := int64(0)
		for i, e := range events {
			s := e.Source
			if s.Offset < at || s.Length <= 0 || s.Offset+s.Length > int64(len(data)) {
				t.Fatalf("event %d at %d, length %d, after %d, of %d", i, s.Offset, s.Length, at, len(data))
			}
			at = s.Offset + s.Length
			if file.log.Encoding == lines.UTF8 {
				alone(t, data[s.Offset:at], e)
			}
		}
		if file.perLine {
			_, pieces, _ := read(t, used, file, file.log.Units(16))
			if strings.Join(pieces, "") != strings.Join(shown, "") {
				t.Fatalf("in pieces\n%s\nas a whole\n%s", pieces, shown)
			}
		}
	})
}

// alone reads the bytes of one event by themselves.
func alone(t *testing.T, record []byte, want *event.Event) {
	t.Helper()
	r := NewReader(lines.Options{})
	trimmed := bytes.TrimLeft(record, " \t\r\n,\xef\xbb\xbf")
	r.begin(trimmed)
	end := r.object(1, 1)
	if end < 0 {
		if len(record) > lines.MaxLine {
			return // only the beginning was read
		}
		t.Fatalf("%q is no record: %+v", record, r.fault)
	}
	r.file = &File{log: &lines.Log{Path: "log"}}
	r.emit = func(e *event.Event) bool {
		if got, want := describe(e), describe(want); got != want {
			t.Fatalf("read alone\n%s\nin the log\n%s", got, want)
		}
		return true
	}
	r.record(0, int64(len(record)), trimmed[:end])
}

// FuzzTime holds that no text is too odd for a time, and that what is written from a time is read.
func FuzzTime(f *testing.F) {
	for _, s := range []string{"2026-01-02T03:04:05.678Z", "1767323045.5", "/Date(1767323045123)/", "133000000000000000", "2026-02-30 00:00:00", "0000-01-01 00:00:00", "1/2/2026 3:04:05 PM", "0000-01-01T00:00:00+99:99", "0001-01-01T00:00:00+99:", "0001-01-01T00:00:00+03:00"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		at, _, ok := parseTime([]byte(s), lines.Options{}.Location())
		if !ok {
			return
		}
		text := at.Format("2006-01-02T15:04:05.999999999Z07:00")
		if len(text) < 20 || text[4] != '-' || len(text) > 30 {
			return // years of five digits
		}
		back, certain, ok := parseTime([]byte(text), nil)
		if !ok || !certain || !back.Equal(at) {
			t.Fatalf("%q is %s, which is read as %s", s, text, back)
		}
	})
}
