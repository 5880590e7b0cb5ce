package sigma

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"aldebaran/event"
)

// joinedRules look for a few short texts at every place of the fields of a request, so that made
// requests have them there, next to there, and across the question mark.
func joinedRules() (rules []*Rule) {
	run := PatternPart{Wildcard: AnyRun}
	one := PatternPart{Wildcard: AnyOne}
	for _, field := range []string{"cs-uri-stem", "cs-uri-query", "cs-uri", "", "cs-user-agent", "cs-referer"} {
		for _, lit := range []string{"a", "ab", "ba?", "a?b", "abab", "a b", "/a", "é", "%41", "1", "01.0", "-"} {
			text := PatternPart{Literal: lit}
			for _, p := range []Pattern{
				{run, text, run}, {text}, {text, run}, {run, text}, {run, text, one}, {text, run, {Literal: "b"}},
				{run, one, text, run}, {run, text, run, {Literal: "a"}, run}, {run, text, one, run},
			} {
				for _, cased := range []bool{false, true} {
					item := &Item{Field: field, Pattern: p, Cased: cased}
					rules = append(rules, &Rule{
						Title: fmt.Sprint(field, p, cased), Logsource: Logsource{Category: "webserver"},
						Condition: Node{Op: OpItem, Item: item},
					})
				}
			}
		}
	}
	for _, re := range []string{"^a.*b$", `a\?b`, "^b+$"} {
		item := &Item{Field: "cs-uri-query", Kind: ItemRegexp, Regexp: re}
		rules = append(rules, &Rule{Title: re, Logsource: Logsource{Category: "webserver"}, Condition: Node{Op: OpItem, Item: item}})
	}
	number := &Item{Field: "cs-uri-query", Kind: ItemNumber, Number: 1, Pattern: Pattern{{Literal: "1"}}}
	return append(rules, &Rule{Title: "a number", Logsource: Logsource{Category: "webserver"}, Condition: Node{Op: OpItem, Item: number}})
}

// TestJoinedRequest: what is found by looking at a request as a whole, and at what is made of a field
// together with it, is what rules mean, of any path, query, user agent and referrer.
func TestJoinedRequest(t *testing.T) {
	rules := joinedRules()
	set, err := Compile(&Collection{Rules: rules})
	if err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(5, 6))
	pieces := []string{"a", "b", "A", "B", "ab", "/", "é", "É", "\xff", "?", "%41", "%3f", "%%34%31", "+", "1", "01.0"}
	text := func() (s string) {
		for range r.IntN(6) {
			s += pieces[r.IntN(len(pieces))]
		}
		return s
	}
	m := set.NewMatcher()
	joined, alone := 0, 0
	for range 300 {
		fields := []string{"cs-uri-stem", text(), "cs-uri-query", text(), "cs-user-agent", text(), "cs-referer", text()}
		for _, i := range []int{3, 5, 7} {
			if r.IntN(4) == 0 {
				fields[i] = "-" // as there being none
			}
		}
		e := webEvent("webserver", fields...)
		if r.IntN(10) == 0 {
			e.Values[r.IntN(4)].Kind = event.Text | event.Array
		}
		sameAsExplained(t, m, rules, e, fmt.Sprintf("%q of %v", fields, e.Values))
		if m.lookJoined(m.plan.joined) {
			joined++
		} else {
			alone++
		}
	}
	if joined < 30 || alone < 30 {
		t.Errorf("%d requests were looked at as a whole and %d in parts: the test shows little", joined, alone)
	}
}

// TestEncodedEscape: a percent sign that is put together by decoding is decoded again.
func TestEncodedEscape(t *testing.T) {
	e := webEvent("webserver", "cs-uri-stem", "/a%%32%35x", "cs-uri-query", "-")
	if got := webValues(t, "webserver", "cs-uri-stem", e); !slices.Contains(got, "/a%25x") || !slices.Contains(got, "/a%x") {
		t.Errorf("%q", got)
	}
}
