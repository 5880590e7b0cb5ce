package sigma

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// A joint is a correlation made ready: what is referred to is resolved, what is to be computed is
// decided.
type joint struct {
	rule  *Correlation
	kind  jointKind
	span  int64 // nanoseconds
	steps int   // number of things referred to; positions in the list for inOrder
	level int   // 0 if it refers to rules only, else one more than the highest below
	// rising conditions are looked at whenever an event comes in; the others only when a window
	// can't grow any more, because every "less than" is true of a window that has just begun.
	rising bool
	feeds  []int // all that end here
}

// jointKind says what of a window a condition is held against.
type jointKind uint8

const (
	countEvents  jointKind = iota // event_count
	countValues                   // value_count
	together                      // temporal
	inOrder                       // temporal_ordered
	sumOf                         // value_sum
	averageOf                     // value_avg
	percentileOf                  // value_percentile, value_median
)

// A feed is one way from a rule to a correlation, perhaps through other correlations. Along each
// way, aliases may give fields other names.
type feed struct {
	joint  int
	step   int // which of the things referred to
	rule   *Rule
	below  int   // the feed of the correlation below that it comes through; -1 if directly
	above  []int // feeds that go on from here
	group  []int // where the values of group-by stand among the rule's needed fields
	fields []int // the same of condition.field
}

// A ruleSource is a rule that correlations refer to.
type ruleSource struct {
	feeds  []int    // that start with it
	need   []string // fields of its events that correlations ask for
	routes []Route
}

// place gives the index of a field among those that are needed.
func (s *ruleSource) place(name string) int {
	i := slices.Index(s.need, name)
	if i < 0 {
		i = len(s.need)
		s.need = append(s.need, name)
	}
	return i
}

// numeric kinds need values that are numbers.
func (j *joint) numeric() bool {
	return j.kind == sumOf || j.kind == averageOf || j.kind == percentileOf
}

// holds tells whether a value keeps all bounds of the condition.
func (j *joint) holds(v float64) bool {
	if len(j.rule.Ranges) == 0 {
		return v >= float64(j.steps)
	}
	for _, r := range j.rule.Ranges {
		if !r.holds(v) {
			return false
		}
	}
	return true
}

func (r Range) holds(v float64) bool {
	switch r.Op {
	case "gt":
		return v > r.Value
	case "gte":
		return v >= r.Value
	case "lt":
		return v < r.Value
	case "lte":
		return v <= r.Value
	case "eq":
		return v == r.Value
	case "neq":
		return v != r.Value
	}
	return false
}

// better tells whether a value is more telling than the best so far.
func (j *joint) better(v, best float64) bool {
	var up, down bool
	for _, r := range j.rule.Ranges {
		switch r.Op {
		case "gt", "gte":
			up = true
		case "lt", "lte":
			down = true
		default:
			return false
		}
	}
	if down && !up {
		return v < best
	}
	return v > best
}

// admission says whether an event takes part in a correlation.
type admission uint8

const (
	admitted admission = iota
	noGroup
	noValue
)

// admit gives the group that an event falls in when it comes by that feed.
func (c *Correlator) admit(n int, values []fieldValue) (groupKey, admission) {
	f := &c.feeds[n]
	for _, i := range f.fields {
		if !values[i].ok {
			return groupKey{}, noValue
		}
	}
	key, ok := keyOf(values, f.group)
	if !ok {
		return key, noGroup
	}
	return key, admitted
}

// A jointBuilder resolves what correlations refer to.
type jointBuilder struct {
	c        *Collection
	rules    map[string][]*Rule
	above    map[string][]int // correlations by id and name
	joints   []*joint
	feeds    []feed
	sources  map[*Rule]*ruleSource
	warnings []Rejection
}

func newJointBuilder(c *Collection) *jointBuilder {
	b := &jointBuilder{c: c, rules: map[string][]*Rule{}, above: map[string][]int{}, sources: map[*Rule]*ruleSource{}}
	for _, r := range c.Rules {
		for _, ref := range refNames(r.ID, r.Name) {
			b.rules[ref] = append(b.rules[ref], r)
		}
	}
	for i, k := range c.Correlations {
		for _, ref := range refNames(k.ID, k.Name) {
			b.above[ref] = append(b.above[ref], i)
		}
	}
	return b
}

// refNames are the names by which a rule can be referred to.
func refNames(id, name string) []string {
	var names []string
	if id != "" {
		names = append(names, id)
	}
	if name != "" && name != id {
		names = append(names, name)
	}
	return names
}

func (b *jointBuilder) build() error {
	b.joints = make([]*joint, len(b.c.Correlations))
	for i := range b.c.Correlations {
		if err := b.join(i, 0); err != nil {
			return err
		}
	}
	return nil
}

// An unfitError says why a correlation can't be evaluated.
type unfitError struct {
	rule   *Correlation
	reason string
}

func (e *unfitError) Error() string {
	return fmt.Sprintf("%s:%d: correlation %q: %s", e.rule.File, e.rule.Line, e.rule.label(), e.reason)
}

// label is what people call the correlation.
func (c *Correlation) label() string {
	if c.Title == "" {
		return c.ID
	}
	return c.Title
}

func fault(k *Correlation, format string, args ...any) error {
	return &unfitError{k, fmt.Sprintf(format, args...)}
}

// dropUnfit rejects the correlations that can't be evaluated, so that [NewCorrelator] takes the rest,
// and warns of those whose condition absence would satisfy. The collection is one that Resolve has
// made its own.
func (c *Collection) dropUnfit() {
	for len(c.Correlations) > 0 {
		b := newJointBuilder(c)
		var unfit *unfitError
		if !errors.As(b.build(), &unfit) {
			c.Warnings = append(c.Warnings, b.warnings...)
			return
		}
		k := unfit.rule
		c.Rejected = append(c.Rejected, Rejection{File: k.File, Line: k.Line, Rule: k.label(), Reason: "correlation: " + unfit.reason})
		c.Correlations = slices.DeleteFunc(slices.Clone(c.Correlations), func(other *Correlation) bool { return other == k })
	}
}

// join makes the joint of a correlation after those that it refers to.
func (b *jointBuilder) join(n, depth int) error {
	k := b.c.Correlations[n]
	if b.joints[n] != nil {
		if b.joints[n].rule == nil {
			return fault(k, "refers to itself, perhaps through others")
		}
		return nil
	}
	if depth >= maxChain {
		return fault(k, "want at most %d correlations in a chain", maxChain)
	}
	b.joints[n] = &joint{} // without a rule while it is being made: met again, it is a cycle
	j, err := newJoint(k)
	if err != nil {
		return err
	}
	seen := map[string]bool{}
	for _, ref := range k.Rules {
		if seen[ref] && j.kind != inOrder {
			continue
		}
		at := j.steps
		seen[ref] = true
		j.steps++
		if len(b.rules[ref])+len(b.above[ref]) == 0 {
			return fault(k, "refers to %q: no rule has that id or name", ref)
		}
		for _, r := range b.rules[ref] {
			if err := b.feed(j, feed{joint: n, step: at, rule: r, below: -1}); err != nil {
				return err
			}
		}
		for _, i := range b.above[ref] {
			if err := b.join(i, depth+1); err != nil {
				return err
			}
			j.level = max(j.level, b.joints[i].level+1)
			for _, f := range b.joints[i].feeds {
				if err := b.feed(j, feed{joint: n, step: at, rule: b.feeds[f].rule, below: f}); err != nil {
					return err
				}
			}
		}
	}
	if j.kind == inOrder && j.steps > maxSteps {
		return fault(k, "want at most %d rules in order, found %d", maxSteps, j.steps)
	}
	b.joints[n] = j
	b.warn(j)
	return nil
}

// feed adds a way that ends at joint j.
func (b *jointBuilder) feed(j *joint, f feed) error {
	k := j.rule
	if len(b.feeds) >= maxFeeds {
		return fault(k, "want at most %d ways from rules to correlations", maxFeeds)
	}
	s := b.sources[f.rule]
	if s == nil {
		s = &ruleSource{}
		s.routes, _ = Routes(f.rule.Logsource)
		b.sources[f.rule] = s
	}
	for _, name := range k.GroupBy {
		f.group = append(f.group, s.place(b.resolve(k, name, f.below, f.rule)))
	}
	for _, name := range k.Fields {
		f.fields = append(f.fields, s.place(b.resolve(k, name, f.below, f.rule)))
	}
	if len(s.need) > maxNeed {
		return fault(k, "want at most %d fields of the events of one rule, found %d", maxNeed, len(s.need))
	}
	n := len(b.feeds)
	j.feeds = append(j.feeds, n)
	if f.below < 0 {
		s.feeds = append(s.feeds, n)
	} else {
		b.feeds[f.below].above = append(b.feeds[f.below].above, n)
	}
	b.feeds = append(b.feeds, f)
	return nil
}

// resolve gives the name that a field of correlation k has in the events of the rule at the start
// of the way: through k's alias for what it refers to (or for the rule itself), and through the
// aliases of the correlations below.
func (b *jointBuilder) resolve(k *Correlation, name string, below int, r *Rule) string {
	var names []string
	if below >= 0 {
		inner := b.c.Correlations[b.feeds[below].joint]
		names = append(names, refNames(inner.ID, inner.Name)...)
	}
	names = append(names, refNames(r.ID, r.Name)...)
	for _, by := range names {
		if field, ok := k.Aliases[name][by]; ok {
			name = field
			break
		}
	}
	if below < 0 {
		return name
	}
	f := b.feeds[below]
	return b.resolve(b.c.Correlations[f.joint], name, f.below, r)
}

// newJoint checks what a correlation asks for.
func newJoint(k *Correlation) (*joint, error) {
	j := &joint{rule: k, span: int64(k.Timespan)}
	switch k.Type {
	case "event_count":
		j.kind = countEvents
	case "value_count":
		j.kind = countValues
	case "temporal":
		j.kind = together
	case "temporal_ordered":
		j.kind = inOrder
	case "value_sum":
		j.kind = sumOf
	case "value_avg":
		j.kind = averageOf
	case "value_percentile", "value_median":
		j.kind = percentileOf
	default:
		return nil, fault(k, "want a known type, found %q", k.Type)
	}
	switch {
	case len(k.Rules) == 0:
		return nil, fault(k, "want rules, found none")
	case k.Timespan <= 0:
		return nil, fault(k, "want a timespan, found %v", k.Timespan)
	case len(k.Ranges) == 0 && j.kind != together && j.kind != inOrder:
		return nil, fault(k, "want a condition, found none")
	case j.kind == countValues && len(k.Fields) == 0, j.numeric() && len(k.Fields) != 1:
		return nil, fault(k, "want condition.field, found %d of them", len(k.Fields))
	case k.Type == "value_percentile" && !(k.Percentile >= 0 && k.Percentile <= 100):
		return nil, fault(k, "want a percentile from 0 to 100, found %v", k.Percentile)
	}
	j.rising = j.kind != averageOf && j.kind != percentileOf
	for _, r := range k.Ranges {
		switch r.Op {
		case "gt", "gte":
			if r.Value >= maxWindow && !j.numeric() {
				return nil, fault(k, "want a count below %d, found %v", maxWindow, r.Value)
			}
		case "lt", "lte", "eq", "neq":
			j.rising = false
		default:
			return nil, fault(k, "want gt, gte, lt, lte, eq or neq, found %q", r.Op)
		}
	}
	return j, nil
}

// warn remarks on conditions that are true of nothing at all: what did not happen leaves no event
// to start a window with, nor a group to name.
func (b *jointBuilder) warn(j *joint) {
	if len(j.rule.Ranges) == 0 || j.numeric() && j.kind != sumOf || !j.holds(0) {
		return
	}
	var bounds []string
	for _, r := range j.rule.Ranges {
		bounds = append(bounds, r.Op+": "+strconv.FormatFloat(r.Value, 'g', -1, 64))
	}
	b.warnings = append(b.warnings, Rejection{File: j.rule.File, Line: j.rule.Line, Rule: j.rule.label(),
		Reason: fmt.Sprintf("condition %q also holds where no event is at all; only windows with at least one event are reported", strings.Join(bounds, ", "))})
}
