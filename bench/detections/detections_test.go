package main

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"aldebaran/corpustest"
)

func TestWazuhLines(t *testing.T) {
	name := filepath.Join(t.TempDir(), "cases.ini")
	text := "[one]\nlog 1 pass = first\nlog 2 pass = second\nrule = 1\nalert = 7\n\n[two]\nlog 1 pass = third\nalert = 6\n\n[three]\nlog 1 fail = fourth\nalert = 12\n"
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	f := func(from, below int, want ...string) {
		t.Helper()
		got, err := wazuhLines(name, from, below)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("wazuhLines(%d, %d) (-want +got):\n%s", from, below, diff)
		}
	}
	f(wazuhAlarm, 16, "first", "second")
	f(0, wazuhAlarm, "third")
	f(0, 16, "first", "second", "third")
}

func TestPantherEvents(t *testing.T) {
	name := filepath.Join(t.TempDir(), "rule.json")
	text := `{"title": "Made up", "tests": [{"expected_alert": true, "log": {"a": 1}}, {"expected_alert": false, "log": {"b":
 2}}, {"expected_alert": true}]}`
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	for alert, want := range map[bool]string{true: `{"a":1}`, false: `{"b":2}`} {
		title, lines, err := pantherEvents(name, alert)
		if err != nil || title != "Made up" || len(lines) != 1 || string(lines[0]) != want {
			t.Errorf("pantherEvents(%v) = %q, %q, %v, want %q", alert, title, lines, err, want)
		}
	}
	if err := os.WriteFile(name, make([]byte, maxRule+1), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := pantherEvents(name, true); err == nil {
		t.Error("a file that is too large is read")
	}
}

func TestHunted(t *testing.T) {
	h := hunted{raised: []raised{
		{title: "A", level: "high", detections: []string{"D01", "D02"}, hits: 2},
		{title: "B|C", level: "medium", hits: 1},
		{title: "D", level: "low", detections: []string{"D01"}, hits: 3},
	}}
	if got, want := h.text(), `D01 high 5, D02 high 2, B\|C medium 1`; got != want {
		t.Errorf("text() = %q, want %q", got, want)
	}
	if !h.isShown() {
		t.Error("a detection of level high does not count as shown")
	}
	if (hunted{raised: []raised{{level: "high", detections: []string{logsRemoved}}, {level: "low"}}}).isShown() {
		t.Error("cleared logs alone count as shown")
	}
}

// corpusOf is the test data, and what to hunt in it with.
func corpusOf(t *testing.T) (*hunter, corpus) {
	t.Helper()
	h, err := newHunter(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return h, corpus{root: corpustest.Path(t, ""), temp: t.TempDir()}
}

// TestCorpusSubjects holds that each recording of a subject raises something, or that the cause is known.
func TestCorpusSubjects(t *testing.T) {
	h, c := corpusOf(t)
	found := map[string]int{}
	for _, s := range c.sets() {
		recordings, err := s.cut(s.name)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range recordings {
			all := subjects()
			i := slices.IndexFunc(all, func(s subject) bool { return s.is(r) })
			if i < 0 {
				continue
			}
			found[all[i].title]++
			got, err := h.hunt(t.Context(), r.paths...)
			if err != nil {
				t.Fatal(err)
			}
			if !got.isShown() && whyMissed(r) == unexplained {
				t.Errorf("%s: %s %s raises %q, and nothing says why", all[i].title, r.set, r.name, got.text())
			}
		}
	}
	for _, s := range subjects() {
		if found[s.title] == 0 {
			t.Errorf("%s: no recording", s.title)
		}
	}
}

// TestCorpusBenign holds the aim: at most one finding of level high or above in 100,000 events.
func TestCorpusBenign(t *testing.T) {
	h, c := corpusOf(t)
	events, findings := 0, 0
	for _, s := range benignSets() {
		paths, err := c.benignPaths(s)
		if err != nil {
			t.Fatal(err)
		}
		got, err := h.hunt(t.Context(), paths...)
		if err != nil {
			t.Fatal(err)
		}
		n := got.findings()
		events += got.events
		findings += n["high"] + n["critical"]
	}
	if events < 300_000 || perEvents(findings, events) > 1 {
		t.Errorf("%d findings of level high or above in %d events, want at most 1 in 100,000 of 300,000 at least", findings, events)
	}
}
