//go:build unix

package evtx_test

import (
	"bytes"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"

	"aldebaran/event"
	"aldebaran/evidence/evtx"
)

// BenchmarkRead reads whole folders of the corpus with one reader: System fields and all values as
// slices, from files on disk as a hunt does. Rates are per second of processor time, because the
// machine is shared; bytes are those of live records.
func BenchmarkRead(b *testing.B) {
	for _, folder := range []string{"evtx/parser", "evtx/attack-samples", "evtx/evtx-to-mitre"} {
		b.Run(filepath.Base(folder), func(b *testing.B) {
			dir := b.TempDir()
			files := logs(b, folder)
			var paths []string
			for i, name := range slices.Sorted(maps.Keys(files)) {
				path := filepath.Join(dir, string(rune('a'+i%26))+filepath.Base(name))
				if err := os.WriteFile(path, files[name], 0o600); err != nil {
					b.Fatal(err)
				}
				paths = append(paths, path)
			}
			r := evtx.NewReader(evtx.Options{})
			events, used := 0, int64(0)
			pass := func() {
				for _, path := range paths {
					n, bytes := readFile(b, r, path)
					events += n
					used += bytes
				}
			}
			pass() // templates are known from here on
			b.SetBytes(used)
			b.ReportAllocs()
			events = 0
			before := cpuTime(b)
			for b.Loop() {
				pass()
			}
			b.ReportMetric(float64(events)/(cpuTime(b)-before).Seconds(), "events/cpu-s")
			b.ReportMetric(float64(events)/float64(b.N), "events/op")
		})
	}
}

func readFile(tb testing.TB, r *evtx.Reader, path string) (events int, used int64) {
	h, err := os.Open(path)
	if err != nil {
		tb.Fatal(err)
	}
	defer h.Close()
	st, err := h.Stat()
	if err != nil {
		tb.Fatal(err)
	}
	f, err := evtx.Open(h, st.Size(), path, evtx.Options{})
	if err != nil {
		tb.Fatal(err)
	}
	for _, u := range f.Units() {
		rep, err := r.Read(f, u, func(*event.Event) bool { return true })
		if err != nil {
			tb.Fatal(err)
		}
		events += rep.Events
		used += rep.Bytes
	}
	return events, used
}

func cpuTime(tb testing.TB) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		tb.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkReadMemory reads a log of the writer's from memory: the cost of decoding alone.
func BenchmarkReadMemory(b *testing.B) {
	for _, direct := range []bool{false, true} {
		name := "templates"
		if direct {
			name = "direct"
		}
		b.Run(name, func(b *testing.B) {
			log := sampleLog(b, 2000, direct)
			r := evtx.NewReader(evtx.Options{})
			f, err := evtx.Open(bytes.NewReader(log), int64(len(log)), "sample.evtx", evtx.Options{})
			if err != nil {
				b.Fatal(err)
			}
			used := int64(0)
			pass := func() {
				used = 0
				for _, u := range f.Units() {
					rep, _ := r.Read(f, u, func(*event.Event) bool { return true })
					used += rep.Bytes
				}
			}
			pass()
			b.SetBytes(used)
			b.ReportAllocs()
			for b.Loop() {
				pass()
			}
		})
	}
}
