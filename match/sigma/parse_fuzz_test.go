package sigma

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"aldebaran/corpustest"
)

// FuzzParse: every document ends up in exactly one place, whatever is loaded is sound, and the
// same file gives the same collection.
func FuzzParse(f *testing.F) {
	f.Add([]byte(everything))
	f.Add([]byte("action: global\ntitle: x\n---\nid: 1\n---\naction: reset\n"))
	f.Add([]byte("title: a\nlogsource: {product: p}\ndetection: {s: &s [*s], condition: s}\n"))
	f.Add([]byte(inRule("a: {F|windash|contains: ' -a /b'}\n_b: [x, {G|re|i: y}]\ncondition: [a and not 1 of _b*, all of them]")))
	f.Add([]byte("\ufeff--- {title: x}\n...\n--- \n%YAML 1.2\n"))
	f.Add([]byte("o\n\n\r- xid: 9ti-- xion: reset*")) // the library's line was beyond the end
	if root := corpustest.Root(); root != "" {
		files, _ := filepath.Glob(filepath.Join(root, "sigma", "rules", "rules", "windows", "builtin", "*", "*.yml"))
		for i := 0; i < len(files); i += 20 {
			if data, err := os.ReadFile(files[i]); err == nil {
				f.Add(data)
			}
		}
	}
	opt := LoadOptions{Placeholders: map[string][]string{"x": {"a*", "b"}}}
	f.Fuzz(func(t *testing.T, data []byte) {
		const enough = 1 << 14 // what grows with size is bounded elsewhere
		if len(data) > enough {
			return
		}
		p := parser{file: "fuzz.yml", opt: &opt, out: &Collection{Files: 1}}
		p.parse(data)
		c := p.out
		skipped := 0
		for _, n := range c.Skipped {
			skipped += n
		}
		found := len(c.Rules) + len(c.Correlations) + len(c.Filters) + len(c.Rejected) + skipped + p.templates
		if found != max(p.documents, 1) {
			t.Errorf("%d documents: want each in one place, found %d: %d rules, %d correlations, %d filters, %d rejected, %d skipped, %d templates",
				p.documents, found, len(c.Rules), len(c.Correlations), len(c.Filters), len(c.Rejected), skipped, p.templates)
		}
		lines := 1
		for _, r := range string(data) { // all that YAML 1.1 takes for the end of a line
			if strings.ContainsRune("\n\r\u0085\u2028\u2029", r) {
				lines++
			}
		}
		for _, r := range slices.Concat(c.Rejected, c.Warnings) {
			if r.Reason == "" || r.Line < 1 || r.Line > lines {
				t.Errorf("want a reason and a line of 1 to %d, found %+v", lines, r)
			}
		}
		for _, r := range c.Rules {
			checkRule(t, r)
		}
		for _, x := range c.Filters {
			if err := checkNode(x.Condition); err != nil {
				t.Error(err)
			}
		}
		if diff := sameCollection(c, Parse(data, "fuzz.yml", opt)); diff != "" {
			t.Errorf("parsing twice (-first +second):\n%s", diff)
		}
		c.Resolve()
	})
}

// FuzzPattern: what a pattern writes is read as the same pattern.
func FuzzPattern(f *testing.F) {
	for _, s := range []string{``, `*`, `a*b?c`, `\*\?\\`, `\\\\*`, `a\`, `\\?\*`, "\xff*", `C:\Windows\*`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		p := ParsePattern(s)
		if err := checkItem(&Item{Kind: ItemMatch, Pattern: p, Line: 1, Text: "x", Field: "F"}); err != nil {
			t.Fatal(err)
		}
		if again := ParsePattern(p.String()); !slices.Equal(p, again) {
			t.Errorf("ParsePattern(%q) = %q, written %q, read as %q", s, p, p.String(), again)
		}
		if c := p.contained(); !slices.Equal(c, c.contained()) {
			t.Errorf("contained twice: want no more stars, got %q after %q", c.contained(), c)
		}
		if !strings.ContainsAny(s, `*?\`) && p.literal() != s {
			t.Errorf("ParsePattern(%q): want the text itself, got %q", s, p)
		}
	})
}
