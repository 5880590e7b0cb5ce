package json

import (
	"bytes"
	"testing"

	"aldebaran/event"
	"aldebaran/evidence/lines"
)

func BenchmarkRead(b *testing.B) {
	var windows, zeek []byte
	for _, s := range mordor(b) {
		windows = append(windows, s.data...)
	}
	for _, s := range zeekJSON(b) {
		zeek = append(zeek, s.data...)
	}
	run := func(name string, data []byte) {
		b.Run(name, func(b *testing.B) {
			f, err := Open(bytes.NewReader(data), int64(len(data)), "log", lines.Options{})
			if err != nil {
				b.Fatal(err)
			}
			r := NewReader(lines.Options{})
			b.SetBytes(int64(len(data)))
			b.ReportAllocs()
			for b.Loop() {
				for _, u := range f.Units() {
					if _, err := r.Read(f, u, func(*event.Event) bool { return true }); err != nil {
						b.Fatal(err)
					}
				}
			}
		})
	}
	run("windows", windows)
	run("zeek", zeek)
	array := bytes.ReplaceAll(bytes.TrimSpace(zeek), []byte("}\n{"), []byte("},\n{"))
	run("array", append(append([]byte("["), array...), ']'))
}

// BenchmarkHunt reads Windows events and matches all rules of SigmaHQ.
func BenchmarkHunt(b *testing.B) {
	m := newMatcher(b)
	var data []byte
	for _, s := range mordor(b) {
		data = append(data, s.data...)
	}
	f, err := Open(bytes.NewReader(data), int64(len(data)), "log", lines.Options{})
	if err != nil {
		b.Fatal(err)
	}
	r := NewReader(lines.Options{})
	b.SetBytes(int64(len(data)))
	events, matches := 0, 0
	for b.Loop() {
		m.ForgetValues()
		for _, u := range f.Units() {
			rep, err := r.Read(f, u, func(e *event.Event) bool {
				matches += len(m.Match(e))
				return true
			})
			if err != nil {
				b.Fatal(err)
			}
			events += rep.Events
		}
	}
	b.ReportMetric(float64(events)/b.Elapsed().Seconds(), "events/s")
	b.ReportMetric(float64(matches)/float64(events), "matches/event")
}
