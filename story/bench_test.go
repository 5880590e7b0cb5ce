package story

import (
	"os"
	"strings"
	"testing"

	"aldebaran/attack"
	"aldebaran/story/technique"
)

// One page with everything that is known: 50 ms are what a reader may wait.
func BenchmarkPage(b *testing.B) {
	page, err := os.ReadFile("../packs/demo/story.md")
	if err != nil {
		b.Fatal(err)
	}
	m, err := technique.Load()
	if err != nil {
		b.Fatal(err)
	}
	opt := known()
	opt.Model = m
	b.SetBytes(int64(len(page)))
	for b.Loop() {
		if _, err := Read(strings.NewReader(string(page)), "story.md", opt); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkNewLexicon(b *testing.B) {
	k := attack.Load()
	for b.Loop() {
		NewLexicon(k, nil)
	}
}
