package demo

import (
	"bytes"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"aldebaran/event"
	"aldebaran/evidence/evtx"
	"aldebaran/hunt"
	"aldebaran/match/behaviour"
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

// TestTextLogsSaySo: what is no event log says in the file that it is made up.
func TestTextLogsSaySo(t *testing.T) {
	files, err := Evidence()
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for name, data := range files {
		if strings.HasSuffix(name, ".evtx") {
			continue
		}
		if n++; !bytes.Contains(data, []byte("synthetic")) || !bytes.Contains(data, []byte(".example")) {
			t.Errorf("%s does not say that it is made up", name)
		}
	}
	if n < 4 {
		t.Errorf("%d text logs, want one for each day of the web site, and the sensor's", n)
	}
}

// TestStages holds the demo to what it is to tell: each stage of the story is found, and chained.
func TestStages(t *testing.T) {
	files, err := Evidence()
	if err != nil {
		t.Fatal(err)
	}
	found := strings.Join(findings(t, files), "\n")
	for _, stage := range []string{
		"Page OutlookEN.aspx Written", "Page OutlookEN.aspx Compiled", "Encrypted Session Carried in a Cookie", "Library Named Like NET-STAR In A Worker Process",
		"Batch File Or Database Client Run Over WMI", "Batch File mssq.bat Run", "SQL Client Exports Into A Staging Folder", "File Below a Web Root Picked Up Once",
		"From the web or mail tier into the database", "Page written, used and gone into memory", "Data Carried in the Names of DNS Queries",
	} {
		if !strings.Contains(found, stage) {
			t.Errorf("want a finding %q, found none", stage)
		}
	}
}

// TestBackgroundIsQuiet leaves the intrusion out: ordinary days raise nothing.
func TestBackgroundIsQuiet(t *testing.T) {
	files, err := Ordinary()
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

// findings hunts as the command does, and gives a line for each rule and host: level, host, rule,
// number of events.
func findings(t *testing.T, files map[string][]byte) []string {
	t.Helper()
	dir := t.TempDir()
	for name, data := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, data, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	all, err := packs.All()
	if err != nil {
		t.Fatal(err)
	}
	opt := hunt.Options{Evidence: []string{dir}, DefaultRules: packs.Rules(), Behaviours: &behaviour.Config{}}
	for _, p := range all {
		config, err := behaviour.ParseConfig(p.Behaviours, p.Name)
		if err != nil {
			t.Fatal(err)
		}
		*opt.Behaviours = opt.Behaviours.Join(config)
		opt.Indicators = append(opt.Indicators, p.Indicators...)
	}
	result, err := hunt.Run(t.Context(), opt)
	if err != nil {
		t.Fatal(err)
	}
	if result.Summary.Unreadable+result.Summary.DamageCount > 0 {
		t.Errorf("%d files unreadable, %d places damaged", result.Summary.Unreadable, result.Summary.DamageCount)
	}
	var lines []string
	for _, f := range result.Findings {
		lines = append(lines, fmt.Sprintf("%-13s %-20s %s: %d", f.Rule.Level, strings.Join(f.Hosts, " "), f.Rule.Title, f.Count))
	}
	return lines
}

// each reads all event logs in the order of their names.
func each(t *testing.T, files map[string][]byte, f func(file string, e *event.Event)) {
	t.Helper()
	r := evtx.NewReader(evtx.Options{})
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if !strings.HasSuffix(name, ".evtx") {
			continue
		}
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
