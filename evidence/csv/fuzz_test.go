package csv

import (
	"bytes"
	"slices"
	"testing"

	"aldebaran/event"
	"aldebaran/evidence/lines"
)

// FuzzRead holds what everybody relies on: rows stand where the events say, in order, and a row read
// by itself behind the header is the same event; a reader that has read other tables says what a
// fresh one says; damage names its place.
func FuzzRead(f *testing.F) {
	for _, seed := range []string{
		"", "time,a,b\n2026-06-03T06:33:00Z,\"x, \"\"y\"\"\nz\",\"\"\n2026-06-03T06:33:01Z,,say \"hi\"\n",
		"sep=;\ntime;a;b\n6/3/2026 6:33:00 PM;\"open\n6/3/2026 6:33:00 PM;1;2\n",
		"Level,Date and Time,Source,Event ID,Task Category\nInformation,13/06/2026 18:33:00,Service Control Manager,7045,None,\"A service\n\nx\"\n",
		"CreationDate,UserIds,Operations,AuditData\n2026-06-03T06:33:00.0000000Z,a,b,\"{\"\"CreationTime\"\":\"\"2026-06-03T06:33:00\"\",\"\"Workload\"\":\"\"Exchange\"\",\"\"Operation\"\":\"\"x\"\"}\"\n",
		"\xff\xfet\x00,\x00a\x00,\x00b\x00\n\x00", "time\ta\tb\n03.06.2026 18:33:00\t1\t2\t3\t4\n",
	} {
		f.Add([]byte(seed))
	}
	used := NewReader(lines.Options{})
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > 1<<20 || !Sniff(data[:min(len(data), headSize)]) {
			return
		}
		fresh, report := read(t, NewReader(lines.Options{}), data, lines.Options{})
		again, report2 := read(t, used, data, lines.Options{})
		if !slices.Equal(fresh, again) || report.Digest != report2.Digest {
			t.Fatalf("a fresh reader says\n%.2000q, a used one\n%.2000q", fresh, again)
		}
		if report.Bytes > int64(len(data)) || len(fresh) != report.Events || len(report.Damage) > 2*lines.MaxDamage+2 {
			t.Fatalf("report %+v of %d bytes and %d events", report, len(data), len(fresh))
		}
		for _, d := range report.Damage {
			if d.What == "" || d.Want == "" || d.Found == "" || d.Lost < 0 || d.Offset < 0 || d.Offset > int64(len(data)) {
				t.Fatalf("damage %+v does not say place, wanted and found", d)
			}
		}
		file, err := Open(bytes.NewReader(data), int64(len(data)), "test.csv", lines.Options{})
		if err != nil {
			t.Fatal(err)
		}
		plain := file.log.Encoding == lines.UTF8 && len(report.Damage) == 0
		last, n := int64(-1), 0
		_, err = used.Read(file, file.Units()[0], func(e *event.Event) bool {
			s := e.Source
			if s.Offset <= last || s.Length <= 0 || s.Offset+s.Length > int64(len(data)) || len(e.Values) != len(e.Shape.Fields) {
				t.Fatalf("event at %d of %d bytes after %d, %d values for %d fields", s.Offset, s.Length, last, len(e.Values), len(e.Shape.Fields))
			}
			last = s.Offset
			if n++; plain && n < 20 {
				alone := &File{log: &lines.Log{R: bytes.NewReader(data[s.Offset : s.Offset+s.Length]), Size: s.Length, Path: "test.csv"}, table: file.table}
				var got string
				_, err := NewReader(lines.Options{}).Read(alone, alone.Units()[0], func(e *event.Event) bool { got = show(e); return true })
				if err != nil || got != show(e) {
					t.Fatalf("the bytes at %d read by themselves are\n%.500q, want\n%.500q", s.Offset, got, show(e))
				}
			}
			return true
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}
