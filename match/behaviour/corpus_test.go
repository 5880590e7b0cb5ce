package behaviour_test

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"aldebaran/corpustest"
	"aldebaran/event"
	"aldebaran/evidence"
	"aldebaran/match/behaviour"
)

// A hunted file of the corpus: how many events of it some view sees, and the episodes found in it.
type huntedFile struct {
	events   int
	episodes []behaviour.Episode
}

// huntFiles hunts in all files that match a pattern below the corpus, each file or archive for itself, and
// gives what was found by the path below the corpus.
func huntFiles(t testing.TB, c behaviour.Config, pattern string) map[string]huntedFile {
	t.Helper()
	out := map[string]huntedFile{}
	for _, p := range corpustest.Glob(t, pattern) {
		name, err := filepath.Rel(corpustest.Root(), p)
		if err != nil {
			t.Fatal(err)
		}
		out[name] = huntFile(t, c, p, nil)
	}
	return out
}

// huntFile hunts in one file or archive, or in those of its members that only takes (nil takes all), together.
func huntFile(t testing.TB, c behaviour.Config, path string, only func(member string) bool) huntedFile {
	t.Helper()
	set, err := behaviour.New(c)
	if err != nil {
		t.Fatal(err)
	}
	listing, err := evidence.Walk([]string{path})
	if err != nil {
		t.Fatal(err)
	}
	h := huntedFile{}
	collector, m := set.NewCollector(), set.NewMatcher()
	reader, opener := evidence.NewReader(evidence.Options{}), evidence.NewOpener(evidence.Options{})
	for _, f := range listing.Files {
		opener.Each(context.Background(), f, func(found evidence.Found) bool {
			if found.Source == nil {
				return true
			}
			defer found.Source.Close()
			if only != nil && !only(found.Source.Path) {
				return true
			}
			for _, u := range found.Source.Units() {
				if _, err := reader.Read(found.Source, u, func(e *event.Event) bool { h.events++; m.See(e); return true }); err != nil {
					t.Errorf("%s: %v", found.Source.Path, err)
				}
				collector.Join(m.Take())
			}
			return true
		})
	}
	if err := collector.Finish(func(e behaviour.Episode) error { h.episodes = append(h.episodes, e); return nil }); err != nil {
		t.Fatal(err)
	}
	return h
}

// idsOf writes which analytics of a list found something, with the level: "web-rare-page high\n".
func idsOf(episodes []behaviour.Episode, ids ...string) string {
	var b strings.Builder
	for _, e := range episodes {
		for _, id := range ids {
			if e.Rule.ID == id {
				fmt.Fprintf(&b, "%s %s\n", e.Rule.ID, e.Level)
			}
		}
	}
	return b.String()
}
