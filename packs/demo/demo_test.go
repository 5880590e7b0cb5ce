package demo

import (
	"bytes"
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"aldebaran/event"
	"aldebaran/evidence/evtx"
	"aldebaran/match/sigma"
	"aldebaran/packs"
)

var update = flag.Bool("update", false, "rewrite testdata/findings.golden")

// TestFindings hunts in the demo with the default rules: what is found on which host, how often.
func TestFindings(t *testing.T) {
	files, err := Evidence()
	if err != nil {
		t.Fatal(err)
	}
	var got strings.Builder
	for _, line := range findings(t, files) {
		got.WriteString(line + "\n")
	}
	const golden = "testdata/findings.golden"
	if *update {
		if err := os.WriteFile(golden, []byte(got.String()), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got.String()); diff != "" {
		t.Errorf("findings (-want +got):\n%s", diff)
	}
}

// TestBackgroundIsQuiet leaves the intrusion out: ordinary days raise nothing.
func TestBackgroundIsQuiet(t *testing.T) {
	s := newScene()
	s.background()
	files, err := s.logs()
	if err != nil {
		t.Fatal(err)
	}
	if got := findings(t, files); len(got) > 0 {
		t.Errorf("findings without the intrusion:\n%s", strings.Join(got, "\n"))
	}
}

// TestEvidence checks what the demo promises: the same bytes every time, some thousand events that
// all say that they are made up, readable without damage.
func TestEvidence(t *testing.T) {
	files, err := Evidence()
	if err != nil {
		t.Fatal(err)
	}
	again, err := Evidence()
	if err != nil {
		t.Fatal(err)
	}
	if !maps.EqualFunc(files, again, bytes.Equal) {
		t.Error("Evidence() gives other bytes the second time")
	}
	var events int
	var last time.Time
	each(t, files, func(file string, e *event.Event) {
		if !strings.HasSuffix(e.Computer, ".lakes.example") {
			t.Errorf("%s: record %d: computer %q does not say that it is made up", file, e.RecordID, e.Computer)
		}
		if !strings.HasPrefix(file, strings.TrimSuffix(e.Computer, ".lakes.example")+"/") {
			t.Errorf("%s: record %d of %s", file, e.RecordID, e.Computer)
		}
		if strings.Contains(e.Channel, "Sysmon") && e.Text("RuleName") != marker {
			t.Errorf("%s: record %d: RuleName %q, want %q", file, e.RecordID, e.Text("RuleName"), marker)
		}
		if e.Time.Before(begin) || e.Time.After(begin.AddDate(0, 0, days).Add(time.Hour)) {
			t.Errorf("%s: record %d at %v", file, e.RecordID, e.Time)
		}
		if e.RecordID == firstRecord || e.EventID == 1102 {
			last = time.Time{}
		}
		if e.Time.Before(last) {
			t.Errorf("%s: record %d at %v follows one at %v", file, e.RecordID, e.Time, last)
		}
		last = e.Time
		events++
	})
	if events < 1500 || events > 3000 {
		t.Errorf("%d events, want 1,500 to 3,000", events)
	}
}

// findings gives a line for each rule and host: level, host, rule, number of matches.
func findings(t *testing.T, files map[string][]byte) []string {
	t.Helper()
	c, err := sigma.LoadFS(packs.Rules(), ".", sigma.LoadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	set, err := sigma.Compile(c)
	if err != nil {
		t.Fatal(err)
	}
	m := set.NewMatcher()
	correlator, err := sigma.NewCorrelator(c, sigma.CorrelatorOptions{TempDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer correlator.Close()
	counts := map[string]int{}
	add := func(level, host, title string) {
		// The level's rank leads, so that the lines sort by it, the highest first.
		rank := len(sigma.Levels) - slices.Index(sigma.Levels[:], level)
		counts[fmt.Sprintf("%d %-13s %-20s %s", rank, level, host, title)]++
	}
	each(t, files, func(_ string, e *event.Event) {
		for _, r := range m.Match(e) {
			if correlator.Wants(r) {
				if err := correlator.Add(correlator.Observe(r, e)); err != nil {
					t.Fatal(err)
				}
			}
			if !r.Silent {
				add(r.Level, e.Computer, r.Title)
			}
		}
	})
	err = correlator.Finish(func(cm sigma.CorrelationMatch) error {
		add(cm.Correlation.Level, strings.Join(cm.Hosts, " "), cm.Correlation.Title)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, k := range slices.Sorted(maps.Keys(counts)) {
		lines = append(lines, fmt.Sprintf("%s: %d", k[2:], counts[k]))
	}
	return lines
}

// each reads all logs in the order of their names.
func each(t *testing.T, files map[string][]byte, f func(file string, e *event.Event)) {
	t.Helper()
	r := evtx.NewReader(evtx.Options{})
	for _, name := range slices.Sorted(maps.Keys(files)) {
		log, err := evtx.Open(bytes.NewReader(files[name]), int64(len(files[name])), name, evtx.Options{})
		if err != nil {
			t.Fatal(err)
		}
		for _, u := range log.Units() {
			report, err := r.Read(log, u, func(e *event.Event) bool {
				f(name, e)
				return true
			})
			if err != nil || len(report.Damage) > 0 {
				t.Fatalf("%s: %v, damage %v", name, err, report.Damage)
			}
		}
	}
}
