package hunt_test

import (
	"io"
	"testing"

	"aldebaran/corpustest"
	"aldebaran/hunt"
)

// BenchmarkHunt runs whole hunts: loading the rules from a warm cache, reading, matching, grouping.
func BenchmarkHunt(b *testing.B) {
	rules := corpustest.Path(b, "sigma/rules/rules")
	for _, set := range []struct{ name, archive string }{
		{"attack-samples", "evtx/attack-samples/evtx-attack-samples.tar.zst"},
		{"evtx-to-mitre", "evtx/evtx-to-mitre/evtx-to-mitre.tar.zst"},
	} {
		for _, format := range []string{"none", "jsonl"} {
			b.Run(set.name+"-"+format, func(b *testing.B) {
				opt := hunt.Options{Evidence: []string{unpack(b, set.archive)}, Rules: []string{rules}, Workers: 1}
				opt.Load.CacheDir = b.TempDir()
				b.ReportAllocs()
				events := 0
				for b.Loop() {
					var outputs []hunt.Output
					if format == "jsonl" {
						outputs = append(outputs, hunt.NewJSONL(io.Discard))
					}
					r, err := hunt.Run(b.Context(), opt, outputs...)
					if err != nil {
						b.Fatal(err)
					}
					events += r.Summary.Events
				}
				b.ReportMetric(float64(events)/b.Elapsed().Seconds(), "events/s")
			})
		}
	}
}
