package sigma_test

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"aldebaran/corpustest"
	"aldebaran/event"
	"aldebaran/evidence/evtx"
	"aldebaran/match/sigma"
)

// A corpusLog is an event log of the corpus, in memory.
type corpusLog struct {
	name string
	data []byte
}

// corpusLogs reads all event logs below a folder of the corpus, those in archives too.
func corpusLogs(t testing.TB, dir string) (files []corpusLog) {
	t.Helper()
	for name, data := range corpustest.Each(t, dir, ".evtx") {
		files = append(files, corpusLog{dir + "/" + name, data})
	}
	return files
}

// readLog hands out all events of a log.
func readLog(t testing.TB, rd *evtx.Reader, file corpusLog, emit func(*event.Event)) {
	t.Helper()
	f, err := evtx.Open(bytes.NewReader(file.data), int64(len(file.data)), file.name, evtx.Options{})
	if err != nil {
		t.Fatalf("%s: %v", file.name, err)
	}
	for _, u := range f.Units() {
		if _, err := rd.Read(f, u, func(e *event.Event) bool { emit(e); return true }); err != nil {
			t.Fatalf("%s: %v", file.name, err)
		}
	}
}

// loadEngine compiles all rules below a folder.
func loadEngine(t testing.TB, dir string, opt refOptions) (*sigma.Collection, *sigma.Set) {
	t.Helper()
	c, err := sigma.Load([]string{dir}, sigma.LoadOptions{Placeholders: opt.placeholders, IncludeDeprecated: opt.deprecated})
	if err != nil {
		t.Fatal(err)
	}
	set, err := sigma.Compile(c)
	if err != nil {
		t.Fatal(err)
	}
	return c, set
}

// loadReference reads the same files with the reference. The keys tell which rule of which file.
func loadReference(t testing.TB, dir string, opt refOptions) (rules map[string]*refRule, rejected int) {
	t.Helper()
	table := refNewTable(t)
	rules = map[string]*refRule{}
	name := ruleNamer()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".yml") {
			return err
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		loaded, bad := refParse(string(b), table, opt)
		rejected += len(bad)
		for _, r := range loaded {
			rules[name(path, r.id, r.title)] = r
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return rules, rejected
}

// ruleNamer gives names to rules by file, id and title; documents of one file that share both are
// numbered in their order.
func ruleNamer() func(path, id, title string) string {
	seen := map[string]int{}
	return func(path, id, title string) string {
		name := path + " " + id + " " + title
		if seen[name]++; seen[name] > 1 {
			return fmt.Sprintf("%s (%d)", name, seen[name])
		}
		return name
	}
}

// TestRegression is SigmaHQ's own regression test: each rule named in the index must match the
// events that were captured for it. As in SigmaHQ's runner fewer matches than stated are an error,
// and more are told: other events in the capture may be what the rule describes.
func TestRegression(t *testing.T) {
	dir := corpustest.Path(t, "sigma")
	f, err := os.Open(filepath.Join(dir, "regression", "index.csv"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	column := func(row []string, name string) string { return row[slices.Index(rows[0], name)] }
	_, set := loadEngine(t, filepath.Join(dir, "rules"), refOptions{})
	m := set.NewMatcher()
	rd := evtx.NewReader(evtx.Options{})
	passed := 0
	for _, row := range rows[1:] {
		path := filepath.Join(dir, "regression", filepath.FromSlash(column(row, "data_path")))
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		want := 1
		if s := column(row, "match_count"); s != "" {
			if want, err = strconv.Atoi(s); err != nil {
				t.Fatal(err)
			}
		}
		rulePath := filepath.Join(dir, "rules", filepath.FromSlash(column(row, "rule_path")))
		got, events := 0, 0
		readLog(t, rd, corpusLog{path, data}, func(e *event.Event) {
			events++
			for _, r := range m.Match(e) {
				if r.File == rulePath && r.ID == column(row, "rule_id") {
					got++
				}
			}
		})
		switch {
		case got < want:
			t.Errorf("%s: %d of %d events match, want %d\n%s", column(row, "title"), got, events, want, path)
			continue
		case got > want:
			t.Logf("more than stated: %s: %d of %d events match, stated %q", column(row, "title"), got, events, column(row, "match_count"))
		}
		passed++
	}
	t.Logf("%d of %d regression tests pass", passed, len(rows)-1)
}

// TestCorpusDifferential holds the engine against the reference: every rule that SigmaHQ has,
// deprecated ones too, on every event of the corpus. Which rules load must be the same as well.
// Placeholders have values, so that the rules with them are compared and not only refused.
func TestCorpusDifferential(t *testing.T) {
	opt := refOptions{deprecated: true, placeholders: map[string][]string{}}
	for name := range strings.FieldsSeq(`Administrators Admins_Workstations ApprovedUserUpn Approved_Inviters ClosingTime
		DomainControllers HomeTenantID Important_AppIds KNOWN_LOCATION Known_Location LegitCountries Legitimate_Countries
		Legitimate_IP_Ranges ServerSystems UnApprovedDevice UnApprovedIp UnLegitCountries Workstations dc_ip_addresses
		dc_machine_accounts domain_controller_hostnames internal_domains known_cdcs legit_ips legtimate_identifiers userdomain`) {
		opt.placeholders[name] = []string{"adm*", "MSEDGEWIN10", "*$", "10.?.2.15"}
	}
	rulesDir := corpustest.Path(t, "sigma/rules")
	collection, set := loadEngine(t, rulesDir, opt)
	reference, refRejected := loadReference(t, rulesDir, opt)

	loaded := map[*sigma.Rule]string{}
	name := ruleNamer()
	missing := maps.Clone(reference)
	for _, r := range set.Rules() {
		key := name(r.File, r.ID, r.Title)
		loaded[r] = key
		if delete(missing, key); reference[key] == nil {
			t.Errorf("only the engine loads %s", key)
		}
	}
	for key := range missing {
		t.Errorf("only the reference loads %s", key)
	}
	t.Logf("%d rules; rejected by the engine %d, by the reference %d", len(loaded), len(collection.Rejected), refRejected)

	judge := newCorpusJudge(reference)
	m := set.NewMatcher()
	rd := evtx.NewReader(evtx.Options{})
	differ, maxTold := 0, 25
	for _, folder := range []string{"sigma/regression", "evtx/attack-samples", "evtx/evtx-to-mitre", "evtx/parser", "evtx/host-collection"} {
		start := time.Now()
		events, matches := 0, 0
		for _, file := range corpusLogs(t, folder) {
			readLog(t, rd, file, func(e *event.Event) {
				events++
				got := map[string]bool{}
				for _, r := range m.Match(e) {
					got[loaded[r]] = true
				}
				want := judge.matches(e)
				matches += len(want)
				for key := range want {
					if !got[key] {
						differ++
						if differ <= maxTold {
							t.Errorf("only the reference: %s\n  %s record %d", key, file.name, e.RecordID)
						}
					}
				}
				for key := range got {
					if !want[key] {
						differ++
						if differ <= maxTold {
							t.Errorf("only the engine: %s\n  %s record %d", key, file.name, e.RecordID)
						}
					}
				}
			})
		}
		t.Logf("%s: %d events, %d matches, %v", folder, events, matches, time.Since(start).Round(time.Millisecond))
		if events == 0 || matches == 0 {
			t.Errorf("%s: nothing was compared", folder)
		}
	}
	if differ > maxTold {
		t.Errorf("%d differences in all", differ)
	}
}
