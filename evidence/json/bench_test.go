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
