package sigma_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"aldebaran/event"
	"aldebaran/match/sigma"
)

// The reference for correlations: all events of a group, in order of time, every window looked at.
// It knows the types whose condition, once true, stays true while events come in: event_count and
// value_count with gt and gte, temporal and temporal_ordered. What it leaves to the tests of the
// correlator itself: other conditions, sums and means, chains.

type refCorrelation struct {
	title, kind string
	rules       []string
	groupBy     []string
	aliases     map[string]map[string]string
	timespan    time.Duration
	least       int // how many, by gt or gte
	field       string
}

// A refHit is an event that rules matched.
type refHit struct {
	event *event.Event
	rules []string // names
}

func refParseCorrelation(doc *yaml.Node) refCorrelation {
	n := refKey(doc, "correlation")
	list := func(key string) (out []string) {
		switch v := refKey(n, key); {
		case v == nil:
		case v.Kind == yaml.SequenceNode:
			for _, c := range v.Content {
				out = append(out, c.Value)
			}
		default:
			out = []string{v.Value}
		}
		return out
	}
	c := refCorrelation{
		title: refString(doc, "title"), kind: refString(n, "type"), rules: list("rules"), groupBy: list("group-by"),
		aliases: map[string]map[string]string{},
	}
	span := refString(n, "timespan")
	count, _ := strconv.Atoi(span[:len(span)-1])
	c.timespan = time.Duration(count) * map[byte]time.Duration{'s': time.Second, 'm': time.Minute, 'h': time.Hour, 'd': 24 * time.Hour}[span[len(span)-1]]
	if aliases := refKey(n, "aliases"); aliases != nil {
		for i := 0; i < len(aliases.Content); i += 2 {
			m := map[string]string{}
			for j := 0; j < len(aliases.Content[i+1].Content); j += 2 {
				m[aliases.Content[i+1].Content[j].Value] = aliases.Content[i+1].Content[j+1].Value
			}
			c.aliases[aliases.Content[i].Value] = m
		}
	}
	c.least = len(c.rules)
	if cond := refKey(n, "condition"); cond != nil {
		c.field = refString(cond, "field")
		if s := refString(cond, "gte"); s != "" {
			c.least, _ = strconv.Atoi(s)
		}
		if s := refString(cond, "gt"); s != "" {
			c.least, _ = strconv.Atoi(s)
			c.least++
		}
	}
	return c
}

// refMatches gives the episodes, each as a line: title, group, first, last, count.
func (c refCorrelation) matches(hits []refHit) (lines []string) {
	type member struct {
		refHit
		value string
	}
	groups := map[string][]member{}
	for _, h := range hits {
		var mine []string
		for _, r := range c.rules {
			if slices.Contains(h.rules, r) {
				mine = append(mine, r)
			}
		}
		// An alias may find the group in another field for each rule that matched.
		byGroup := map[string][]string{}
		for _, rule := range mine {
			key, ok := "", true
			for _, g := range c.groupBy {
				field := g
				if f := c.aliases[g][rule]; f != "" {
					field = f
				}
				elements, _ := refOf(h.event).own(field)
				if len(elements) == 0 || elements[0].null {
					ok = false
					break
				}
				key += refFold(elements[0].text) + "\x00"
			}
			if ok {
				byGroup[key] = append(byGroup[key], rule)
			}
		}
		for key, rules := range byGroup {
			m := member{refHit: refHit{h.event, rules}}
			if c.kind == "value_count" {
				elements, _ := refOf(h.event).own(c.field)
				if len(elements) == 0 || elements[0].null {
					continue
				}
				m.value = refFold(elements[0].text)
			}
			groups[key] = append(groups[key], m)
		}
	}
	for key, members := range groups {
		slices.SortStableFunc(members, func(a, b member) int { return a.event.Time.Compare(b.event.Time) })
		from, to := -1, -1 // of the episode at hand
		tell := func() {
			if from >= 0 {
				lines = append(lines, fmt.Sprintf("%s %q %s %s %d", c.title, key,
					members[from].event.Time.Format(time.TimeOnly), members[to].event.Time.Format(time.TimeOnly), to-from+1))
			}
		}
		for last := range members {
			if last+1 < len(members) && members[last+1].event.Time.Equal(members[last].event.Time) {
				continue // they come in together
			}
			first := last
			for first > 0 && members[last].event.Time.Sub(members[first-1].event.Time) <= c.timespan {
				first--
			}
			window := members[first : last+1]
			holds := false
			switch c.kind {
			case "event_count":
				holds = len(window) >= c.least
			case "value_count":
				distinct := map[string]bool{}
				for _, m := range window {
					distinct[m.value] = true
				}
				holds = len(distinct) >= c.least
			case "temporal":
				distinct := map[string]bool{}
				for _, m := range window {
					for _, r := range m.rules {
						distinct[r] = true
					}
				}
				holds = len(distinct) >= c.least
			case "temporal_ordered":
				// Each rule by an event of its own, none before that of the rule before it.
				var ordered func(rule int, after time.Time, used []int) bool
				ordered = func(rule int, after time.Time, used []int) bool {
					if rule == len(c.rules) {
						return true
					}
					for i, m := range window {
						if !slices.Contains(used, i) && !m.event.Time.Before(after) && slices.Contains(m.rules, c.rules[rule]) &&
							ordered(rule+1, m.event.Time, append(slices.Clone(used), i)) {
							return true
						}
					}
					return false
				}
				holds = ordered(0, time.Time{}, nil)
			}
			switch {
			case !holds:
			case from >= 0 && first <= to:
				to = last
			default:
				tell()
				from, to = first, last
			}
		}
		tell()
	}
	slices.Sort(lines)
	return lines
}

const refCorrelationRules = `title: A
name: a
logsource: {product: windows}
detection: {sel: {EventID: 1}, condition: sel}
---
title: B
name: b
logsource: {product: windows}
detection: {sel: {EventID: 2}, condition: sel}
---
title: C
name: c
logsource: {product: windows}
detection: {sel: {EventID: [2, 3]}, condition: sel}
`

// TestCorrelationDifferential compares the correlator with the reference on random streams.
func TestCorrelationDifferential(t *testing.T) {
	table := refNewTable(t)
	matched := 0
	for seed := range uint64(400) {
		c := &chooser{random: rand.New(rand.NewPCG(seed, 41))}
		text := refCorrelationRules
		for i := range 3 {
			text += fmt.Sprintf("---\ntitle: correlation %d\ncorrelation:\n    timespan: %s\n", i, pick(c, []string{"5s", "10s", "1m"}))
			text += pick(c, []string{"", "    group-by: [User]\n", "    group-by: [User, Host]\n", "    group-by: [Who]\n    aliases: {Who: {a: User, b: Other, c: Other}}\n"})
			rules := pick(c, []string{"[a]", "[a, b]", "[b, a]", "[a, b, c]", "[c, b]", "[b, c]"})
			switch c.n(4) {
			case 0:
				text += fmt.Sprintf("    type: event_count\n    rules: %s\n    condition: {%s: %d}\n", rules, pick(c, []string{"gt", "gte"}), c.n(4)+1)
			case 1:
				text += fmt.Sprintf("    type: value_count\n    rules: %s\n    condition: {field: Value, gte: %d}\n", rules, c.n(3)+1)
			case 2:
				text += "    type: temporal\n    rules: " + rules + "\n"
			case 3:
				text += "    type: temporal_ordered\n    rules: " + rules + "\n"
			}
		}
		docs, err := refDocuments(text)
		if err != nil {
			t.Fatal(err)
		}
		rules, rejected := refParse(text, table, refOptions{})
		if len(rejected) > 0 {
			t.Fatal(rejected)
		}

		var events []*event.Event
		at := time.Date(2026, 11, 23, 1, 0, 0, 0, time.UTC)
		for i := range c.n(40) + 1 {
			at = at.Add(time.Duration(c.n(6)*c.n(4)) * time.Second)
			data := []any{}
			for _, name := range []string{"User", "Host", "Other", "Value"} {
				if !c.chance(12) {
					data = append(data, name, pick(c, []any{"x", "X", "y", "", nil}))
				}
			}
			e := winEvent("Application", uint32(c.n(4)), data...)
			e.Time, e.Source = at, event.Source{Path: "synthetic", Offset: int64(i)}
			events = append(events, e)
		}

		var want []string
		for _, doc := range docs {
			if refKey(doc, "correlation") == nil {
				continue
			}
			var hits []refHit
			for _, e := range events {
				h := refHit{event: e}
				for _, r := range rules {
					if r.matches(refOf(e)) {
						h.rules = append(h.rules, r.name)
					}
				}
				hits = append(hits, h)
			}
			want = append(want, refParseCorrelation(doc).matches(hits)...)
		}
		slices.Sort(want)
		matched += len(want)

		// The correlator gets the events in any order.
		c.random.Shuffle(len(events), func(i, j int) { events[i], events[j] = events[j], events[i] })
		if got := correlate(t, text, events); !slices.Equal(got, want) {
			t.Fatalf("seed %d: matches\n%s\nwant\n%s\n%s\n%s", seed, strings.Join(got, "\n"), strings.Join(want, "\n"),
				text[len(refCorrelationRules):], showStream(events))
		}
	}
	if matched < 500 {
		t.Errorf("only %d matches: nothing was tested", matched)
	}
}

// correlate runs matcher and correlator, and writes matches as the reference does.
func correlate(t *testing.T, text string, events []*event.Event) (lines []string) {
	t.Helper()
	col := sigma.Parse([]byte(text), "random.yml", sigma.LoadOptions{})
	col.Resolve()
	if len(col.Rejected) > 0 {
		t.Fatal(col.Rejected, text)
	}
	set, err := sigma.Compile(col)
	if err != nil {
		t.Fatal(err)
	}
	k, err := sigma.NewCorrelator(col, sigma.CorrelatorOptions{TempDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer k.Close()
	m := set.NewMatcher()
	for _, e := range events {
		for _, r := range m.Match(e) {
			if k.Wants(r) {
				if err := k.Add(k.Observe(r, e)); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	if err := k.Finish(func(m sigma.CorrelationMatch) error {
		key := ""
		for _, g := range m.Group {
			key += refFold(g.Value) + "\x00"
		}
		lines = append(lines, fmt.Sprintf("%s %q %s %s %d", m.Correlation.Title, key,
			m.First.Format(time.TimeOnly), m.Last.Format(time.TimeOnly), m.Count))
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	slices.Sort(lines)
	return lines
}

func showStream(events []*event.Event) string {
	events = slices.Clone(events)
	slices.SortStableFunc(events, func(a, b *event.Event) int { return a.Time.Compare(b.Time) })
	var b strings.Builder
	for _, e := range events {
		fmt.Fprintf(&b, "%s %d", e.Time.Format(time.TimeOnly), e.EventID)
		for _, name := range []string{"User", "Host", "Other", "Value"} {
			if v, ok := e.Get(name); ok {
				fmt.Fprintf(&b, " %s=%q", name, v.String())
			}
		}
		b.WriteByte('\n')
	}
	return b.String()
}
