package packs_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"aldebaran/match/sigma"
	"aldebaran/packs"
)

// TestCheckFolder holds every pack against everything that the program knows, and runs every rule over
// its own synthetic events: it must match what it is meant for, and must not match what only looks like it.
func TestCheckFolder(t *testing.T) {
	for _, pack := range packs.Names() {
		r, err := packs.CheckFolder(pack)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range r.Problems {
			t.Error(p)
		}
	}
}

// TestRuleText checks what people rely on in a rule of ours: who wrote it, why it is suspicious,
// where to read on, how to rule out that it is wrong, and what to look at next.
func TestRuleText(t *testing.T) {
	c := loadAll(t)
	uuid4 := regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)
	technique := regexp.MustCompile(`^attack\.t\d{4}(\.\d{3})?$`)
	seen := map[string]string{}
	check := func(file, id, title, status, author, date, level, description string, references, tags, falsePositives, next []string) {
		t.Helper()
		if !uuid4.MatchString(id) {
			t.Errorf("%s: %q: id %q is no UUID of version 4", file, title, id)
		}
		for _, key := range []string{id, title} {
			if other, double := seen[key]; double {
				t.Errorf("%s: %q stands in %s too", file, key, other)
			}
			seen[key] = file
		}
		if author != "Aldebaran project" || !slices.Contains([]string{"experimental", "test", "unsupported"}, status) || date == "" {
			t.Errorf("%s: %q: author %q, status %q, date %q", file, title, author, status, date)
		}
		if (status == "unsupported") != strings.Contains(description, "Unverified:") {
			t.Errorf("%s: %q: status %q; rules of facts that nobody has verified are unsupported and say so, no others", file, title, status)
		}
		if !slices.Contains(sigma.Levels[:], level) {
			t.Errorf("%s: %q: level %q", file, title, level)
		}
		if len(description) < 40 || len(references) == 0 || len(falsePositives) == 0 {
			t.Errorf("%s: %q: needs a description, references and false positives", file, title)
		}
		if len(next) == 0 && level != "informational" {
			t.Errorf("%s: %q: does not say what to look at next", file, title)
		}
		if !slices.ContainsFunc(tags, technique.MatchString) {
			t.Errorf("%s: %q: no ATT&CK technique among %q", file, title, tags)
		}
	}
	for _, r := range c.Rules {
		check(r.File, r.ID, r.Title, r.Status, r.Author, r.Date, r.Level, r.Description, r.References, r.Tags, r.FalsePositives, r.Next)
		if _, known := sigma.Routes(r.Logsource); !known {
			t.Errorf("%s: %q: nobody knows its log source %+v", r.File, r.Title, r.Logsource)
		}
	}
	for _, r := range c.Correlations {
		check(r.File, r.ID, r.Title, r.Status, r.Author, r.Date, r.Level, r.Description, r.References, r.Tags, r.FalsePositives, r.Next)
	}
}

// load loads the rules that are hunted with.
func load(t *testing.T) *sigma.Collection {
	t.Helper()
	return loadWith(t, sigma.LoadOptions{})
}

// loadAll loads the rules that are switched off, too: those of facts that nobody has verified.
func loadAll(t *testing.T) *sigma.Collection {
	t.Helper()
	return loadWith(t, sigma.LoadOptions{IncludeDeprecated: true})
}

func loadWith(t *testing.T, opt sigma.LoadOptions) *sigma.Collection {
	t.Helper()
	c, err := sigma.LoadFS(packs.Rules(), ".", opt)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range slices.Concat(c.Rejected, c.Warnings) {
		t.Errorf("%s:%d: %s", r.File, r.Line, r.Reason)
	}
	if len(c.Rules) < 30 || len(c.Correlations) < 3 {
		t.Fatalf("%d rules and %d correlations loaded, want at least 30 and 3", len(c.Rules), len(c.Correlations))
	}
	return c
}
