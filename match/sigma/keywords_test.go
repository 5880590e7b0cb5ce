package sigma

import (
	"encoding/binary"
	"fmt"
	"slices"
	"testing"
	"unicode/utf16"

	"aldebaran/event"
)

// TestKeywordsInCodes: a value that no keyword can stand in is not looked at, and none else is left out:
// each keyword alone, and all of them together, are found where the explanation finds them, in values
// and lists, for the first time and again.
func TestKeywordsInCodes(t *testing.T) {
	run := PatternPart{Wildcard: AnyRun}
	var rules []*Rule
	for _, lit := range []string{"mimikatz", "2-A", "dd", "200", "-", "S-1-5-18", "0x", "ſ", " 1", "é", "{", "T1"} {
		for _, cased := range []bool{false, true} {
			item := &Item{Pattern: Pattern{run, {Literal: lit}, run}, Cased: cased}
			rules = append(rules, &Rule{
				Title: fmt.Sprintf("%s %t", lit, cased), Logsource: Logsource{Category: "application"}, Condition: Node{Op: OpItem, Item: item},
			})
		}
	}
	shape := &event.Shape{Fields: []event.Field{{Name: "a"}, {Name: "b"}}}
	texts := []string{
		"", "2019-04-27T15:57:25.8688632Z", "2019-04-27 15:57:25.868", "{365ABB72-7ACC-5CC4-0000-0010B2470300}", "s-1-5-18", "S-1-5-21-1-200",
		"0xdd", "0XDD", "+200", "a mimikatz b", "ſ", "É", "T1059", "\x00", "200\x00mimikatz\x00", "dd\x002-a\x00", "ffffffff-ffff-ffff-ffff-ffffffffffff-2-A-200-0xDD",
	}
	sets := [][]*Rule{rules}
	for i := range rules {
		sets = append(sets, rules[i:i+1])
	}
	found := 0
	for _, rules := range sets {
		set, err := Compile(&Collection{Rules: rules})
		if err != nil {
			t.Fatal(err)
		}
		m := set.NewMatcher()
		for round := range 2 {
			for _, text := range texts {
				for _, kind := range []event.Kind{event.Text, event.Text | event.Array, event.UTF16, event.UTF16 | event.Array} {
					raw := []byte(text)
					if kind&^event.Array == event.UTF16 {
						raw = nil
						for _, c := range utf16.Encode([]rune(text)) {
							raw = binary.LittleEndian.AppendUint16(raw, c)
						}
					}
					e := &event.Event{Shape: shape, Category: "application", Values: []event.Value{{Raw: []byte("b"), Kind: event.Text}, {Raw: raw, Kind: kind}}}
					found += sameAsExplained(t, m, rules, e, fmt.Sprintf("round %d, %#x %q", round, kind, text))
				}
			}
		}
	}
	if found == 0 {
		t.Error("no keyword stands in a text: the test tests nothing")
	}
}

// sameAsExplained fails unless an event matches the rules that the explanation says it does; it gives their number.
func sameAsExplained(t *testing.T, m *Matcher, rules []*Rule, e *event.Event, what string) int {
	t.Helper()
	var got, want []string
	for _, r := range m.Match(e) {
		got = append(got, r.Title)
	}
	for _, r := range rules {
		if Explain(r, e).Match {
			want = append(want, r.Title)
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("%d rules, %s: match %q, explain %q", len(rules), what, got, want)
	}
	return len(want)
}
