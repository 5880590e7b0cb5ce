//go:build unix

package sigma_test

import (
	"bytes"
	"crypto/sha256"
	"syscall"
	"testing"
	"time"

	"aldebaran/corpustest"
	"aldebaran/event"
	"aldebaran/evidence/evtx"
	"aldebaran/match/sigma"
)

// readAll hands all events of a log to f.
func readAll(t testing.TB, r *evtx.Reader, file corpusLog, f func(*event.Event)) (used int64) {
	t.Helper()
	log, err := evtx.Open(bytes.NewReader(file.data), int64(len(file.data)), file.name, evtx.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, u := range log.Units() {
		report, err := r.Read(log, u, func(e *event.Event) bool { f(e); return true })
		if err != nil {
			t.Fatal(err)
		}
		used += report.Bytes
	}
	return used
}

func huntRules(t testing.TB) *sigma.Set {
	t.Helper()
	c, err := sigma.Load([]string{corpustest.Path(t, "sigma/rules/rules")}, sigma.LoadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	set, err := sigma.Compile(c)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func cpuTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkHunt reads event logs and matches all SigmaHQ rules, one worker, everything ready. It
// reports events per CPU second and the CPU time as a multiple of SHA-256 over the same used bytes.
func BenchmarkHunt(b *testing.B) {
	for name, dirs := range map[string][]string{
		"attack":   {"evtx/attack-samples", "evtx/evtx-to-mitre"},
		"ordinary": {"evtx/parser"},
	} {
		b.Run(name, func(b *testing.B) {
			var files []corpusLog
			for _, dir := range dirs {
				files = append(files, corpusLogs(b, dir)...)
			}
			m := huntRules(b).NewMatcher()
			r := evtx.NewReader(evtx.Options{})
			events, used := 0, int64(0)
			pass := func() {
				events, used = 0, 0
				for _, f := range files {
					used += readAll(b, r, f, func(e *event.Event) {
						events++
						m.Match(e)
					})
				}
			}
			pass() // groups and plans are ready after this one; the value cache is forgotten each pass
			before := m.Stats()
			b.SetBytes(used)
			b.ReportAllocs()
			start := cpuTime()
			for b.Loop() {
				m.ForgetValues()
				pass()
			}
			spent := (cpuTime() - start).Seconds() / float64(b.N)
			after := m.Stats()
			hash := sha256Time(used).Seconds()
			n := float64(after.Events - before.Events)
			b.ReportMetric(float64(events)/spent, "events/cpu-s")
			b.ReportMetric(spent/hash, "x-sha256")
			b.ReportMetric(float64(after.Lookups-before.Lookups)/n, "lookups/event")
			b.ReportMetric(float64(after.Scans-before.Scans)/n, "scans/event")
			b.ReportMetric(float64(after.Candidates-before.Candidates)/n, "candidates/event")
		})
	}
}

// sha256Time measures hashing that many bytes, warm.
func sha256Time(n int64) time.Duration {
	buf := make([]byte, min(n, 64<<10))
	hash := func() {
		h := sha256.New()
		for left := n; left > 0; left -= int64(len(buf)) {
			h.Write(buf[:min(left, int64(len(buf)))])
		}
		h.Sum(nil)
	}
	hash()
	const times = 5
	start := cpuTime()
	for range times {
		hash()
	}
	return (cpuTime() - start) / times
}
