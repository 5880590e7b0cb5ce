package packs_test

import (
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"aldebaran/intel"
	"aldebaran/match/behaviour"
	"aldebaran/match/sigma"
	"aldebaran/packs"
)

func all(t *testing.T) []*intel.Pack {
	t.Helper()
	list, err := packs.All()
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func phantomTaurus(t *testing.T) *intel.Pack {
	t.Helper()
	list := all(t)
	i := slices.IndexFunc(list, func(p *intel.Pack) bool { return p.Actor != nil && p.Actor.ID == "phantom-taurus" })
	if i < 0 {
		t.Fatal("no pack of Phantom Taurus")
	}
	return list[i]
}

// TestAll holds the packs against the folders: all that have a pack.yml or rules.
func TestAll(t *testing.T) {
	var got, want []string
	for _, p := range all(t) {
		got = append(got, p.Name)
	}
	for _, pattern := range []string{"*/pack.yml", "*/sigma"} {
		found, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range found {
			want = append(want, filepath.Dir(f))
		}
	}
	slices.Sort(want)
	if want = slices.Compact(want); !slices.Equal(got, want) {
		t.Errorf("packs (-want +got):\n%s", cmp.Diff(want, got))
	}
}

// TestFactsHaveSources holds every fact of every pack against what makes it one.
func TestFactsHaveSources(t *testing.T) {
	for _, p := range all(t) {
		unread := map[string]bool{}
		for _, s := range p.Sources {
			unread[s.ID] = s.Unread
		}
		onlyUnread := func(ids []string) bool {
			return !slices.ContainsFunc(ids, func(id string) bool { return !unread[id] })
		}
		check := func(what string, sources []string, unverified bool) {
			t.Helper()
			for _, id := range sources {
				if _, known := unread[id]; !known {
					t.Errorf("%s: %s: source %q is not there", p.Name, what, id)
				}
			}
			if len(sources) == 0 {
				t.Errorf("%s: %s: no source", p.Name, what)
			}
			if onlyUnread(sources) && !unverified {
				t.Errorf("%s: %s: nobody read %q, want it unverified", p.Name, what, sources)
			}
		}
		for what, f := range p.Facts() {
			check(what, f.Sources, f.Unverified)
			if f.Grade == (intel.Grade{}) && !f.Generic {
				t.Errorf("%s: %s: no grade", p.Name, what)
			}
		}
		for _, i := range p.Indicators {
			check(fmt.Sprintf("%s %q", i.Type, i.Value), strings.Fields(i.Source), i.Unverified)
		}
	}
}

// TestSixtyDetections holds the pack against the areas that it is to cover.
func TestSixtyDetections(t *testing.T) {
	var want []string
	for _, area := range []struct {
		letter string
		n      int
	}{{"E", 20}, {"D", 15}, {"H", 16}, {"N", 9}} {
		for i := range area.n {
			want = append(want, fmt.Sprintf("%s%02d", area.letter, i+1))
		}
	}
	p := phantomTaurus(t)
	var got []string
	answered := map[string]bool{}
	for _, a := range p.Advice {
		for _, id := range a.Answers {
			answered[id] = true
		}
	}
	for _, d := range p.Detections {
		got = append(got, d.ID)
		if d.Unverified == d.Enabled() {
			t.Errorf("%s: unverified %v, enabled %v", d.ID, d.Unverified, d.Enabled())
		}
		if !answered[d.ID] {
			t.Errorf("%s: no advice answers it", d.ID)
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("detections (-want +got):\n%s", cmp.Diff(want, got))
	}
	if len(p.Advice) != 16 {
		t.Errorf("%d pieces of advice, want 16", len(p.Advice))
	}
}

// TestUnverifiedIsNotHunted looks for values that nobody could verify in the rules that are on.
func TestUnverifiedIsNotHunted(t *testing.T) {
	for _, p := range all(t) {
		values := unverifiedValues(p)
		if p.Actor != nil && len(values) == 0 {
			t.Errorf("%s: no value is unverified: does the test still find them?", p.Name)
		}
		for _, file := range p.Sigma {
			text, err := os.ReadFile(filepath.Join(p.Name, file))
			if err != nil {
				t.Fatal(err)
			}
			if regexp.MustCompile(`(?m)^status: unsupported$`).Match(text) {
				continue
			}
			_, detection, _ := strings.Cut(strings.ToLower(string(text)), "\ndetection:")
			for _, v := range values {
				// IIServerCore.dll is not ServerCore.dll.
				if regexp.MustCompile(`(^|[^a-z0-9])` + regexp.QuoteMeta(v)).MatchString(detection) {
					t.Errorf("%s/%s looks for %q, which is unverified: want status: unsupported", p.Name, file, v)
				}
			}
		}
	}
}

// unverifiedValues are names that a rule could look for, in lower case: those that no verified fact of
// the pack has, too.
func unverifiedValues(p *intel.Pack) []string {
	var values, verified []string
	add := func(value string, unverified bool) {
		// The last part of a path is what rules look for.
		v := strings.ToLower(value[strings.LastIndexAny(value, `\/`)+1:])
		if unverified {
			values = append(values, v)
		} else {
			verified = append(verified, v)
		}
	}
	for _, s := range slices.Concat(p.Malware, p.Tools) {
		for _, a := range s.Artefacts {
			if a.Kind == "filename" || a.Kind == "filepath" || a.Kind == "account" || a.Kind == "domain" {
				add(a.Value, a.Unverified)
			}
		}
	}
	for _, i := range p.Indicators {
		if i.Type != intel.RegistryKey { // its end is the name of every key of the kind
			add(i.Value, i.Unverified)
		}
	}
	return slices.DeleteFunc(values, func(v string) bool { return slices.Contains(verified, v) })
}

// TestStagesAreDetections holds the stages of chains against the detections in their names, so that
// a serious rule that is added to a detection is not forgotten there.
func TestStagesAreDetections(t *testing.T) {
	p := phantomTaurus(t)
	config, err := behaviour.ParseConfig(p.Behaviours, "behaviours.yml")
	if err != nil {
		t.Fatal(err)
	}
	if len(config.Chains) == 0 {
		t.Fatal("no chains")
	}
	serious := map[string]bool{}
	c, err := sigma.LoadFS(packs.Rules(), ".", sigma.LoadOptions{IncludeDeprecated: true})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range c.Rules {
		serious[r.ID] = r.Level == "high" || r.Level == "critical"
	}
	for _, r := range c.Correlations {
		serious[r.ID] = r.Level == "high" || r.Level == "critical"
	}
	for _, name := range behaviour.Names() {
		serious[name] = true
	}
	byID := map[string]intel.Detection{}
	for _, d := range p.Detections {
		byID[d.ID] = d
	}
	for _, chain := range config.Chains {
		taken := map[string]bool{}
		for _, stage := range chain.Stages {
			for _, id := range stage.Any {
				taken[id] = true
			}
		}
		for _, stage := range chain.Stages {
			var may []string
			for _, id := range regexp.MustCompile(`[EDHN]\d\d`).FindAllString(stage.Name, -1) {
				may = append(may, byID[id].Rules...)
				may = append(may, byID[id].Behaviours...)
			}
			for _, id := range stage.Any {
				if !slices.Contains(may, id) {
					t.Errorf("%s: %s: %s states none of them", chain.Name, stage.Name, id)
				}
			}
			for _, id := range may {
				if !taken[id] && serious[id] {
					t.Errorf("%s: %s: %s is in no stage", chain.Name, stage.Name, id)
				}
			}
		}
	}
}

// TestRulesStateDetections finds rules of packs with detections that state none of them: nobody would
// learn what they mean.
func TestRulesStateDetections(t *testing.T) {
	for _, p := range all(t) {
		if len(p.Detections) == 0 {
			continue
		}
		stated := map[string]bool{}
		for _, d := range p.Detections {
			for _, id := range d.Rules {
				stated[id] = true
			}
		}
		for _, file := range p.Sigma {
			c, err := sigma.LoadFS(packs.Files(), p.Name+"/"+file, sigma.LoadOptions{IncludeDeprecated: true})
			if err != nil {
				t.Fatal(err)
			}
			ids := map[string]bool{}
			for _, r := range c.Rules {
				ids[r.ID] = stated[r.ID]
			}
			for _, r := range c.Correlations {
				ids[r.ID] = stated[r.ID]
			}
			if !slices.Contains(slices.Collect(maps.Values(ids)), true) {
				t.Errorf("%s/%s: no detection has any of its rules", p.Name, file)
			}
		}
	}
}

// TestWatchWords wants the languages that a hunt for diplomats' mail needs.
func TestWatchWords(t *testing.T) {
	config, err := behaviour.ParseConfig(phantomTaurus(t).Behaviours, "behaviours.yml")
	if err != nil {
		t.Fatal(err)
	}
	have := map[string]bool{}
	for _, w := range config.Words {
		have[w.Language+" "+w.Subject] = true
		seen := map[string]bool{}
		for _, word := range w.Words {
			if seen[word] || strings.TrimSpace(word) != word || len([]rune(word)) < 2 {
				t.Errorf("%s %s: %q stands there twice, has blanks around it, or is too short", w.Language, w.Subject, word)
			}
			seen[word] = true
		}
	}
	for _, language := range []string{"en", "ar", "fr", "fa", "zh", "ru", "tr", "ur"} {
		for _, subject := range []string{"diplomacy", "defence"} {
			if !have[language+" "+subject] {
				t.Errorf("no words of %s in %q", subject, language)
			}
		}
	}
}

// TestPackExample reads the example of docs/formats/pack.md.
func TestPackExample(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "docs", "formats", "pack.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, ok := strings.Cut(string(text), "```yaml\n")
	example, _, closed := strings.Cut(rest, "```")
	if !ok || !closed {
		t.Fatal("docs/formats/pack.md has no example")
	}
	r, err := packs.Check(fstest.MapFS{"paper-crane/pack.yml": {Data: []byte(example)}}, "paper-crane")
	if err != nil || len(r.Problems) > 0 {
		t.Errorf("Check = %v, %v", r.Problems, err)
	}
}

func TestFiles(t *testing.T) {
	for _, name := range []string{"windows-servers/pack.yml", "windows-servers/sigma/iis_worker_starts_shell.yml", "phantom-taurus/indicators.csv"} {
		if _, err := fs.Stat(packs.Files(), name); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	c, err := sigma.LoadFS(packs.Files(), "windows-servers/sigma", sigma.LoadOptions{})
	if err != nil || len(c.Rules) == 0 {
		t.Errorf("LoadFS = %v, %v", c, err)
	}
}

func ExampleAll() {
	list, err := packs.All()
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, p := range list {
		if p.Actor != nil {
			fmt.Println(p.Actor.Name, "is also called", p.Actor.Aliases[0].Name, "by", p.Actor.Aliases[0].By)
		}
	}
	// Output:
	// Phantom Taurus is also called TGR-STA-0043 by Unit 42
}
