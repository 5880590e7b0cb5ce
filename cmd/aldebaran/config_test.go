package main

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseConfig(t *testing.T) {
	for _, c := range []struct {
		name, text string
		want       config
		wrong      string
	}{
		{"all", "sector: government\nregion: Middle East\ncountry: Jordan\nlanguage: ar\n", config{"government", "Middle East", "Jordan", "ar"}, ""},
		{"one", "# ours\ncountry:  ' ID '\n", config{Country: "ID"}, ""},
		{"nothing", "", config{}, ""},
		{"remarks", "# nothing\n", config{}, ""},
		{"misspelt", "sektor: government\n", config{}, "sektor"},
		{"a list", "sector: [government, telecommunications]\n", config{}, "line 1"},
		{"a language without catalogue", "language: tlh\n", config{}, `want one of en, fr, ar, found "tlh"`},
		{"two documents", "sector: a\n---\nsector: b\n", config{}, "want one document"},
		{"no YAML", "sector: [\n", config{}, "yaml"},
		{"too long", "region: " + strings.Repeat("x", maxConfigText+1) + "\n", config{}, "want at most 200 bytes, found 201"},
		{"an anchor in itself", "sector: &a [*a]\n", config{}, "yaml"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := parseConfig([]byte(c.text))
			if (err != nil) != (c.wrong != "") || err != nil && !strings.Contains(err.Error(), c.wrong) {
				t.Fatalf("want error %q, found %v", c.wrong, err)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func FuzzParseConfig(f *testing.F) {
	f.Add([]byte("sector: government\nlanguage: fr\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		c, err := parseConfig(text)
		if err != nil && c != (config{}) {
			t.Errorf("an error and %+v", c)
		}
		if len(c.Sector) > maxConfigText || len(c.Region) > maxConfigText || len(c.Country) > maxConfigText {
			t.Errorf("longer than is allowed: %+v", c)
		}
	})
}
