package sigma

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"aldebaran/corpustest"
)

// TestCorpusLoads: all of SigmaHQ's rules load, or are rejected for a reason that the
// specification gives.
func TestCorpusLoads(t *testing.T) {
	root := corpustest.Path(t, "sigma/rules")
	folders, err := os.ReadDir(root)
	if err != nil {
		t.Fatal(err)
	}
	for _, folder := range folders {
		if !folder.IsDir() {
			continue
		}
		dir := filepath.Join(root, folder.Name())
		old := folder.Name() == "deprecated" || folder.Name() == "unsupported"
		c, err := Load([]string{dir}, LoadOptions{IncludeDeprecated: old})
		if os.IsNotExist(err) || err != nil && strings.Contains(err.Error(), ErrNoRules.Error()) {
			continue // rules-dfir has none
		}
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%s: %d files, %d rules, %d rejected, %d warnings, skipped %v", folder.Name(), c.Files, len(c.Rules), len(c.Rejected), len(c.Warnings), c.Skipped)
		reasons := map[string]int{}
		for _, r := range c.Rejected {
			switch {
			case strings.Contains(r.Reason, "want values for the placeholder"):
				reasons["placeholder"]++
			case old && (strings.Contains(r.Reason, "aggregation") || strings.Contains(r.Reason, `found "write"`)):
				reasons["aggregation of Sigma 1.0"]++
			default:
				t.Errorf("%s:%d: %s", r.File, r.Line, r.Reason)
			}
			if r.Line == 0 || r.Rule == "" {
				t.Errorf("%s: rejection without line or rule: %+v", r.File, r)
			}
		}
		if folder.Name() == "rules" && (reasons["placeholder"] != len(c.Rejected) || len(c.Rules)+len(c.Rejected) != c.Files) {
			t.Errorf("rules: want %d files to give a rule each, got %d rules and %v", c.Files, len(c.Rules), c.Rejected)
		}
		if !old && len(c.Skipped) == 0 && len(c.Rules)+len(c.Rejected) != c.Files {
			t.Errorf("%s: want %d documents accounted for, got %d rules and %d rejected", folder.Name(), c.Files, len(c.Rules), len(c.Rejected))
		}
		for _, r := range c.Rules {
			checkRule(t, r)
		}
	}
}

// TestCorpusPlaceholders: with values, the rules that lacked them load.
func TestCorpusPlaceholders(t *testing.T) {
	root := corpustest.Path(t, "sigma/rules")
	c, err := Load([]string{root}, LoadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	values := map[string][]string{}
	for _, r := range c.Rejected {
		if _, rest, ok := strings.Cut(r.Reason, "placeholder %"); ok {
			name, _, _ := strings.Cut(rest, "%")
			values[name] = []string{"one", "two*"}
		}
	}
	if len(values) == 0 {
		t.Fatal("want rules with placeholders in the corpus, found none")
	}
	// A rule may name several, of which the first is told.
	for range 3 {
		c, err = Load([]string{root}, LoadOptions{Placeholders: values})
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range c.Rejected {
			_, rest, _ := strings.Cut(r.Reason, "placeholder %")
			name, _, _ := strings.Cut(rest, "%")
			values[name] = []string{"one", "two*"}
		}
	}
	if len(c.Rejected) > 0 {
		t.Errorf("want no rejections, got %v", c.Rejected)
	}
}

// checkRule holds a rule against what the rest of the program relies on.
func checkRule(t *testing.T, r *Rule) {
	t.Helper()
	if r.Title == "" || r.File == "" || r.Line < 1 || r.Logsource == (Logsource{}) {
		t.Errorf("%s:%d: want title, file, line and logsource, got %q %+v", r.File, r.Line, r.Title, r.Logsource)
	}
	known := false
	for _, level := range Levels {
		known = known || r.Level == level
	}
	if !known {
		t.Errorf("%s: want a level of Levels, got %q", r.File, r.Level)
	}
	if err := checkNode(r.Condition); err != nil {
		t.Errorf("%s:%d: %v", r.File, r.Line, err)
	}
}

// checkNode says what is wrong with a condition's tree.
func checkNode(n Node) error {
	switch n.Op {
	case OpItem:
		if n.Item == nil || len(n.Kids) > 0 {
			return fmt.Errorf("leaf: want an item and no kids, got %+v", n)
		}
		return checkItem(n.Item)
	case OpNot:
		if len(n.Kids) != 1 {
			return fmt.Errorf("not: want one kid, got %d", len(n.Kids))
		}
	case OpAnd, OpOr:
		if len(n.Kids) < 2 {
			return fmt.Errorf("and, or: want two kids or more, got %d", len(n.Kids))
		}
	default:
		return fmt.Errorf("want a known node, got %d", n.Op)
	}
	for _, kid := range n.Kids {
		if err := checkNode(kid); err != nil {
			return err
		}
	}
	return nil
}

func checkItem(it *Item) error {
	if it.Line < 1 || it.Text == "" || strings.Contains(it.Field, " ") {
		return fmt.Errorf("item: want line, text and a field without spaces, got %+v", it)
	}
	if it.Kind == ItemMatch || it.Kind == ItemNumber {
		for i, part := range it.Pattern {
			if (part.Wildcard == NoWildcard) == (part.Literal == "") {
				return fmt.Errorf("%s: part %d: want either literal or wildcard, got %+v", it.Text, i, part)
			}
			if i > 0 && it.Pattern[i-1].Wildcard == part.Wildcard && part.Wildcard != AnyOne {
				return fmt.Errorf("%s: parts %d and %d: want them joined, got %q", it.Text, i-1, i, it.Pattern)
			}
		}
	}
	if it.Field == "" && it.Kind != ItemMatch && it.Kind != ItemRegexp {
		return fmt.Errorf("%s: want a keyword to be a text or a regular expression, got kind %d", it.Text, it.Kind)
	}
	return nil
}

// TestSpecificationExamples: the valid examples of the specification's own test suite parse.
func TestSpecificationExamples(t *testing.T) {
	for _, file := range corpustest.Glob(t, "sigma/specification/tests/schema/*/*.yml") {
		c := Parse(corpustest.Load(t, file), file, LoadOptions{})
		kind := filepath.Base(filepath.Dir(file))
		n := map[string]int{"rules": len(c.Rules), "correlation": len(c.Correlations), "filter": len(c.Filters)}[kind]
		if n != 1 || len(c.Rejected) > 0 {
			t.Errorf("%s: want one %s, got %d; rejected: %v", file, kind, n, c.Rejected)
		}
	}
}
