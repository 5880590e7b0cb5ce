package sigma

import (
	"fmt"
	"testing"

	"aldebaran/event"
)

// TestSameText: a field that is another's text (statement, of a log that calls it argument) is looked up
// with that one, and fields that wake no rule are looked at when another field has woken one. Both find
// what the explanation finds, in texts, lists and nulls, for the first time and again.
func TestSameText(t *testing.T) {
	run := PatternPart{Wildcard: AnyRun}
	item := func(field, lit string) Node {
		return Node{Op: OpItem, Item: &Item{Field: field, Pattern: Pattern{run, {Literal: lit}, run}}}
	}
	rule := func(title string, kids ...Node) *Rule {
		return &Rule{Title: title, Logsource: Logsource{Product: "mysql", Category: "database"}, Condition: Node{Op: OpAnd, Kids: kids}}
	}
	whole := Node{Op: OpItem, Item: &Item{Field: "user", Pattern: Pattern{{Literal: "root"}}}}
	rules := []*Rule{
		rule("keyword", item("", "outfile")),
		rule("statement", item("statement", "outfile")),
		rule("joined", item("statement", "outfile\nselect")),
		rule("as it is", item("argument", "outfile")),
		rule("statement and later user", item("statement", "dumpfile"), whole),
		rule("not", item("statement", "dumpfile"), Node{Op: OpNot, Kids: []Node{whole}}),
	}
	found := 0
	for _, rules := range [][]*Rule{rules, rules[1:]} { // with keywords all fields may wake a rule
		set, err := Compile(&Collection{Rules: rules})
		if err != nil {
			t.Fatal(err)
		}
		m := set.NewMatcher()
		for range 2 {
			for _, e := range sameTextEvents() {
				found += sameAsExplained(t, m, rules, e, fmt.Sprintf("%#x %q of %s", e.Values[1].Kind, e.Values[1].Raw, e.Values[0].Raw))
			}
		}
	}
	if found == 0 {
		t.Error("no rule matches: the test tests nothing")
	}
}

func sameTextEvents() (events []*event.Event) {
	shape := &event.Shape{Fields: []event.Field{{Name: "user"}, {Name: "argument"}}}
	for _, text := range []string{"", "into OUTFILE 'a'", "outfile\x00select\x00", "into dumpfile", "dumpfile\x00outfile\x00"} {
		for _, kind := range []event.Kind{event.Text, event.Text | event.Array, event.Null} {
			for _, user := range []string{"root", "app"} {
				events = append(events, &event.Event{Shape: shape, Product: "mysql", Category: "database", Values: []event.Value{
					{Raw: []byte(user), Kind: event.Text}, {Raw: []byte(text), Kind: kind},
				}})
			}
		}
	}
	return events
}
