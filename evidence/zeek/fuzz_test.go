package zeek

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"aldebaran/event"
	"aldebaran/evidence/lines"
)

// FuzzRead holds what everybody relies on: records stand where the events say, in order, and read by
// themselves behind the directives before them they are the same events; a reader that has read
// other logs says what a fresh one says; damage names its place.
func FuzzRead(f *testing.F) {
	for _, seed := range []string{
		"", head, head + "#path\tdns\n#fields\tts\tquery\tanswers\trejected\n#types\ttime\tstring\tvector[string]\tbool\n1.5\ta\\x09\tb,c\tT\n2\t-\t(empty)\tF\n#close\tx\n",
		"#separator ,\n#path,a\n#fields,ts\n1\n#fields,a,ts\n#types,string,time\nx,2\n\x00\x00", "#fields\t\t\n\t\n", "#separator \\x0a\n1\n",
		"\xff\xfe#\x00\n\x00",
		"\x00\x00\x00#fields\t0\x00\x00\x00\n0",
	} {
		f.Add([]byte(seed))
	}
	used := NewReader(lines.Options{})
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > 1<<20 {
			return
		}
		fresh, report := read(t, NewReader(lines.Options{}), data)
		again, report2 := read(t, used, data)
		if !slices.Equal(fresh, again) || report.Digest != report2.Digest {
			t.Fatalf("a fresh reader says\n%.2000q, a used one\n%.2000q", fresh, again)
		}
		if report.Bytes > int64(len(data)) || len(report.Damage) > lines.MaxDamage+1 {
			t.Fatalf("report %+v of %d bytes", report, len(data))
		}
		for _, d := range report.Damage {
			if d.What == "" || d.Want == "" || d.Found == "" || d.Lost < 0 || d.Offset < 0 || d.Offset > int64(len(data)) {
				t.Fatalf("damage %+v does not say place, wanted and found", d)
			}
		}
		file, err := Open(bytes.NewReader(data), int64(len(data)), "test.log", lines.Options{})
		if err != nil {
			t.Fatal(err)
		}
		plain := file.log.Encoding == lines.UTF8 && file.log.Start == 0
		last, n := int64(-1), 0
		_, err = used.Read(file, file.Units()[0], func(e *event.Event) bool {
			s := e.Source
			if s.Offset <= last || s.Length <= 0 || s.Offset+s.Length > int64(len(data)) || len(e.Values) != len(e.Shape.Fields) {
				t.Fatalf("event at %d of %d bytes after %d, %d values for %d fields", s.Offset, s.Length, last, len(e.Values), len(e.Shape.Fields))
			}
			last = s.Offset
			if n++; plain && n < 20 { // each costs a reading of what stands before it
				var alone []byte
				for line := range bytes.Lines(data[:s.Offset]) {
					// Zeros that a crash left in front of a line are no part of it.
					if bytes.HasPrefix(bytes.TrimLeft(line, "\x00"), []byte{'#'}) {
						alone = append(alone, line...)
					}
				}
				got, _ := read(t, NewReader(lines.Options{}), append(alone, data[s.Offset:s.Offset+s.Length]...))
				if len(got) == 0 || got[len(got)-1] != show(e) {
					t.Fatalf("the bytes at %d read by themselves are\n%.500q, want\n%.500q", s.Offset, strings.Join(got, "|"), show(e))
				}
			}
			return true
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}
