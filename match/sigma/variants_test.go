package sigma

import (
	"testing"

	"aldebaran/event"
)

// The variants of a value (Derivation.Also) are elements of a field that are never joined.
func TestVariants(t *testing.T) {
	text := func(s string) Derivation {
		return Derivation{From: []string{"raw"}, Make: func(dst []byte, _ *event.Event) ([]byte, bool) {
			return append(dst, s...), s != ""
		}}
	}
	first := text("a%20b")
	first.Also = []Derivation{text("a b"), text("")}
	route := Route{Product: "test", Fields: Mapping{"query": first}}
	shape := &event.Shape{Fields: []event.Field{{Name: "raw"}}}
	e := &event.Event{Shape: shape, Values: []event.Value{{Kind: event.Text, Raw: []byte("a%20b")}}, Product: "test"}
	f := func(item Item, want bool) {
		t.Helper()
		item.Field = "query"
		r := &Rule{Title: "test", Condition: Node{Op: OpItem, Item: &item}}
		set, err := compileRoutes([]*Rule{r}, func(Logsource) []Route { return []Route{route} })
		if err != nil {
			t.Fatal(err)
		}
		if got := len(set.NewMatcher().Match(e)) == 1; got != want {
			t.Errorf("%+v: %v, want %v", item, got, want)
		}
		v := view{e, &route}
		if got := v.explainItem(&item).Result; got != want {
			t.Errorf("explained %+v: %v, want %v", item, got, want)
		}
	}
	lit := func(s string) Pattern { return Pattern{{Literal: s}} }
	f(Item{Pattern: lit("a%20b")}, true)
	f(Item{Pattern: lit("a b")}, true)
	f(Item{Pattern: lit("a%20b\na b")}, false)
	f(Item{Kind: ItemRegexp, Regexp: "^a b$"}, true)
	f(Item{Kind: ItemRegexp, Regexp: "20b\na"}, false)
	f(Item{Kind: ItemExists, Want: true}, true)
	f(Item{Kind: ItemNull}, false)
}

// Keywords are looked for in all values on a route without a mapping for them, also if another
// route of the same log source has one.
func TestKeywordsOnPlainRoute(t *testing.T) {
	routes := []Route{
		{Product: "mapped", Fields: Mapping{"": {From: []string{"only"}}}},
		{Product: "plain"},
	}
	r := &Rule{Title: "test", Condition: Node{Op: OpItem, Item: &Item{Pattern: Pattern{{Wildcard: AnyRun}, {Literal: "needle"}, {Wildcard: AnyRun}}}}}
	set, err := compileRoutes([]*Rule{r}, func(Logsource) []Route { return routes })
	if err != nil {
		t.Fatal(err)
	}
	shape := &event.Shape{Fields: []event.Field{{Name: "only"}, {Name: "other"}}}
	f := func(product, only, other string, want bool) {
		t.Helper()
		e := &event.Event{Shape: shape, Product: product, Values: []event.Value{{Kind: event.Text, Raw: []byte(only)}, {Kind: event.Text, Raw: []byte(other)}}}
		if got := len(set.NewMatcher().Match(e)) == 1; got != want {
			t.Errorf("%s, only %q, other %q: %v, want %v", product, only, other, got, want)
		}
	}
	f("mapped", "a needle", "", true)
	f("mapped", "", "a needle", false)
	f("plain", "a needle", "", true)
	f("plain", "", "a needle", true)
}
