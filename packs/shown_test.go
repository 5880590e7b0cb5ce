package packs_test

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"aldebaran/corpustest"
	"aldebaran/event"
	"aldebaran/evidence"
	"aldebaran/match/behaviour"
	"aldebaran/match/sigma"
)

// synthetic is what shown_by says of a detection that no public evidence shows.
const synthetic = "synthetic"

// attackSets are the sets of the test data that hold attacks.
func attackSets() []string {
	return []string{"evtx/attack-samples", "evtx/evtx-to-mitre", "logs/crowdsec", "logs/wazuh", "logs/web", "mordor/atomic", "mordor/compound"}
}

// TestCorpusShownBy holds what packs say about public evidence of their detections against the evidence: a
// set shows a detection if one of its files by itself raises a rule or a behaviour of it with level medium or
// above. That none does is said by "synthetic".
func TestCorpusShownBy(t *testing.T) {
	f := newFileHunter(t)
	raised := map[string]map[string]bool{} // by set, the ids of rules and behaviours
	for _, set := range attackSets() {
		f.raised = map[string]bool{}
		paths := []string{corpustest.Path(t, set)}
		if set == "logs/wazuh" {
			paths = wazuhCases(t, func(level int) bool { return level >= 7 })
		}
		f.hunt(paths)
		raised[set] = f.raised
	}
	for _, p := range all(t) {
		for _, d := range p.Detections {
			if len(d.ShownBy) == 0 {
				continue
			}
			var want []string
			for _, set := range attackSets() {
				if slices.ContainsFunc(slices.Concat(d.Rules, d.Behaviours), func(id string) bool { return raised[set][id] }) {
					want = append(want, set)
				}
			}
			if len(want) == 0 {
				want = []string{synthetic}
			}
			if !slices.Equal(d.ShownBy, want) {
				t.Errorf("%s: %s: shown_by %v, want %v", p.Name, d.ID, d.ShownBy, want)
			}
		}
	}
}

// A fileHunter hunts in each file by itself and notes what of level medium or above is raised.
type fileHunter struct {
	t          *testing.T
	rules      *sigma.Collection
	matcher    *sigma.Matcher
	behaviours *behaviour.Set
	reader     *evidence.Reader
	raised     map[string]bool
}

func newFileHunter(t *testing.T) *fileHunter {
	t.Helper()
	rules := load(t)
	set, err := sigma.Compile(rules)
	if err != nil {
		t.Fatal(err)
	}
	behaviours, err := behaviour.New(settings(t))
	if err != nil {
		t.Fatal(err)
	}
	return &fileHunter{t: t, rules: rules, matcher: set.NewMatcher(), behaviours: behaviours, reader: evidence.NewReader(evidence.Options{})}
}

// settings are those of behaviours in all packs.
func settings(t *testing.T) behaviour.Config {
	t.Helper()
	var c behaviour.Config
	for _, p := range all(t) {
		more, err := behaviour.ParseConfig(p.Behaviours, p.Name)
		if err != nil {
			t.Fatal(err)
		}
		c = c.Join(more)
	}
	return c
}

func (f *fileHunter) hunt(paths []string) {
	f.t.Helper()
	listing, err := evidence.Walk(paths)
	if err != nil {
		f.t.Fatal(err)
	}
	opener := evidence.NewOpener(evidence.Options{TempDir: f.t.TempDir()})
	for _, file := range listing.Files {
		opener.Each(context.Background(), file, func(found evidence.Found) bool {
			if found.Source != nil {
				defer found.Source.Close()
				f.source(found.Source)
			}
			return true
		})
	}
}

func (f *fileHunter) source(s *evidence.Source) {
	f.t.Helper()
	correlator, err := sigma.NewCorrelator(f.rules, sigma.CorrelatorOptions{})
	if err != nil {
		f.t.Fatal(err)
	}
	defer correlator.Close()
	collector, seeing := f.behaviours.NewCollector(), f.behaviours.NewMatcher()
	for _, u := range s.Units() {
		if _, err := f.reader.Read(s, u, func(e *event.Event) bool {
			seeing.See(e)
			for _, r := range f.matcher.Match(e) {
				if correlator.Wants(r) {
					if err := correlator.Add(correlator.Observe(r, e)); err != nil {
						f.t.Fatal(err)
					}
				}
				if !r.Silent {
					f.note(r.ID, r.Level)
				}
			}
			return true
		}); err != nil {
			f.t.Fatalf("%s: %v", s.Path, err)
		}
		collector.Join(seeing.Take())
	}
	if err := correlator.Finish(func(m sigma.CorrelationMatch) error { f.note(m.Correlation.ID, m.Correlation.Level); return nil }); err != nil {
		f.t.Fatal(err)
	}
	if err := collector.Finish(func(e behaviour.Episode) error { f.note(e.Rule.ID, e.Level); return nil }); err != nil {
		f.t.Fatal(err)
	}
}

func (f *fileHunter) note(id, level string) {
	if level == "medium" || level == "high" || level == "critical" {
		f.raised[id] = true
	}
}

// TestDetectionsAreTried holds that each detection that something states has an event or a story that it must
// find and one that it must not: the tests of its rules (see Check), or the tables of its behaviours.
func TestDetectionsAreTried(t *testing.T) {
	rules := map[string]bool{}
	tables, err := filepath.Glob("../match/behaviour/*_test.go")
	if err != nil || len(tables) == 0 {
		t.Fatal("no tests of behaviours", err)
	}
	c := loadAll(t)
	for _, r := range c.Rules {
		rules[r.ID] = true
	}
	for _, r := range c.Correlations {
		rules[r.ID] = true
	}
	for _, p := range all(t) {
		for _, d := range p.Detections {
			tried := len(d.Indicators) > 0 // match/indicator has tables for each type
			for _, id := range d.Rules {
				tried = tried || rules[id] // trials of each rule: one at least that must match, two that must not
			}
			for _, id := range d.Behaviours {
				tried = tried || slices.ContainsFunc(tables, func(name string) bool { return triesBehaviour(t, name, id) })
			}
			if !tried && d.Lacks == "" {
				t.Errorf("%s: %s: nothing tries it, and nothing says why", p.Name, d.ID)
			}
		}
	}
}

// triesBehaviour tells whether a file of tests has a table for a behaviour: the id, and at least one story in which
// nothing is to be found.
func triesBehaviour(t *testing.T, file, id string) bool {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Contains(string(text), `"`+id+`"`) && strings.Contains(string(text), `, ""},`)
}
