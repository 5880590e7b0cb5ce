package match

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"aldebaran/match/sigma"
)

func TestSelection(t *testing.T) {
	c := &sigma.Collection{
		Rules: []*sigma.Rule{
			{ID: "id-low", Title: "Low One", Level: "low", File: "rules/windows/low.yml", Tags: []string{"attack.t1059"}},
			{ID: "id-high", Title: "High One", Level: "high", File: "rules/windows/high.yml", Tags: []string{"attack.t1003.001"}},
			{ID: "id-none", Title: "No Level", File: "rules/none.yml"},
			{ID: "id-feed", Name: "feeder", Title: "Feeds", Level: "informational", File: "rules/feed.yml"},
			{ID: "id-silent", Title: "Silent", Level: "high", Silent: true, File: "rules/silent.yml"},
		},
		Correlations: []*sigma.Correlation{
			{ID: "id-corr", Title: "Correlation", Level: "high", Rules: []string{"feeder"}, File: "rules/corr.yml"},
			{ID: "id-chain", Title: "Chain", Level: "critical", Rules: []string{"id-inner"}, File: "rules/chain.yml"},
			{ID: "id-inner", Title: "Inner", Level: "low", Rules: []string{"id-silent"}, File: "rules/inner.yml"},
		},
	}
	f := func(s Selection, want string) {
		t.Helper()
		var got []string
		out := s.Apply(c)
		for _, r := range out.Rules {
			got = append(got, mark(r.ID, r.Silent))
		}
		for _, r := range out.Correlations {
			got = append(got, mark(r.ID, r.Silent))
		}
		if diff := cmp.Diff(want, strings.Join(got, " ")); diff != "" {
			t.Errorf("%+v (-want +got):\n%s", s, diff)
		}
	}
	// A rule in parentheses is silent.
	f(Selection{}, "id-low id-high id-none id-feed (id-silent) id-corr id-chain id-inner")
	f(Selection{MinLevel: "medium"}, "id-high id-none (id-feed) (id-silent) id-corr id-chain (id-inner)")
	f(Selection{MinLevel: "critical"}, "(id-silent) id-chain (id-inner)")
	f(Selection{Include: []string{"ID-HIGH"}}, "id-high")
	f(Selection{Include: []string{"*one"}}, "id-low id-high")
	f(Selection{Include: []string{"attack.t1003*"}}, "id-high")
	f(Selection{Include: []string{"low.yml", "rules/corr.yml"}}, "id-low (id-feed) id-corr")
	f(Selection{Include: []string{"*windows/*"}, Exclude: []string{"low.*"}}, "id-high")
	f(Selection{Exclude: []string{"id-corr", "Chain", "Inner"}}, "id-low id-high id-none id-feed")
	f(Selection{Exclude: []string{"feeds"}}, "id-low id-high id-none (id-feed) (id-silent) id-corr id-chain id-inner")
	f(Selection{Include: []string{"nothing"}}, "")
	if c.Rules[3].Silent || c.Correlations[2].Silent {
		t.Error("Apply has changed the collection that it was given")
	}
}

func mark(id string, silent bool) string {
	if silent {
		return "(" + id + ")"
	}
	return id
}

func TestGlob(t *testing.T) {
	f := func(pattern, s string, want bool) {
		t.Helper()
		if got := Glob(pattern, s); got != want {
			t.Errorf("Glob(%q, %q) = %v, want %v", pattern, s, got, want)
		}
	}
	f("", "", true)
	f("", "a", false)
	f("*", "", true)
	f("?", "", false)
	f("?", "ä", true)
	f("WEB*", "web01.lakes.example", true)
	f("*.lakes.example", "web01.lakes.example", true)
	f("*.lakes.example", "web01.lakes.example.org", false)
	f("a*b*c", "a-b-b-c", true)
	f("a*b*c", "a-c-b", false)
	f("**a**", "bab", true)
	f("a?c", "abc", true)
	f("a?c", "ac", false)
	f("[a]", "a", false)
	// Takes no time that grows with the number of stars.
	f(strings.Repeat("*a", 50)+"b", strings.Repeat("a", 5000), false)
}

func FuzzGlob(f *testing.F) {
	f.Add("a*b?c", "axxbxc")
	f.Add("**", "")
	f.Fuzz(func(t *testing.T, pattern, s string) {
		if len(pattern) > 100 || len(s) > 1000 {
			return
		}
		p, text := []rune(strings.ToLower(pattern)), []rune(strings.ToLower(s))
		if got, want := Glob(pattern, s), slowGlob(p, text); got != want {
			t.Errorf("Glob(%q, %q) = %v, want %v", pattern, s, got, want)
		}
	})
}

// slowGlob fills a table: does pattern[i:] fit text[j:]?
func slowGlob(p, text []rune) bool {
	fits := make([]bool, len(text)+1)
	fits[len(text)] = true
	for i := len(p) - 1; i >= 0; i-- {
		next := make([]bool, len(text)+1)
		for j := len(text); j >= 0; j-- {
			switch {
			case p[i] == '*':
				next[j] = fits[j] || j < len(text) && next[j+1]
			case j < len(text) && (p[i] == '?' || p[i] == text[j]):
				next[j] = fits[j+1]
			}
		}
		fits = next
	}
	return fits[0]
}
