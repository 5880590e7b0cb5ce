package sigma

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"
)

// Resolve ties together what refers to each other in a collection; [Load], [LoadFS] and [Merge]
// call it, after [Parse] it is the caller's turn. It may be called again and changes nothing then.
//
//   - A rule that is there twice, with the same id and content, counts once; two rules of one id
//     are both kept. Both are warned of.
//   - A correlation that names what is not there, or in a circle, is rejected.
//   - Rules and correlations that only feed correlations become silent: those which at least one
//     correlation names and none of them with "generate".
//   - Filters are joined to the rules that they are meant for (T29).
//   - Rules of a log source that [Routes] does not know can never match: they are warned of.
func (c *Collection) Resolve() {
	if c.parsed != nil {
		return
	}
	whole := *c
	c.parsed = &whole
	c.Rejected, c.Warnings = slices.Clone(c.Rejected), slices.Clone(c.Warnings)
	c.dropTwins()
	c.dropUnresolved()
	c.dropUnfit()
	c.silence()
	c.applyFilters()
	c.warnUnknownSources()
	byPlace := func(a, b Rejection) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Reason, b.Reason))
	}
	slices.SortStableFunc(c.Rejected, byPlace)
	slices.SortStableFunc(c.Warnings, byPlace)
}

func (c *Collection) warn(file string, line int, rule, format string, args ...any) {
	c.Warnings = append(c.Warnings, Rejection{File: file, Line: line, Rule: rule, Reason: fmt.Sprintf(format, args...)})
}

// dropTwins counts rules, correlations and filters of the same id and content once.
func (c *Collection) dropTwins() {
	byID := make(map[string]*Rule, len(c.Rules))
	rules := make([]*Rule, 0, len(c.Rules))
	for _, r := range c.Rules {
		first, twice := byID[r.ID], false
		if r.ID != "" {
			switch {
			case first == nil:
				byID[r.ID] = r
			case sameRule(first, r):
				c.warn(r.File, r.Line, r.Title, "the same rule stands at %s:%d: it counts once", first.File, first.Line)
				twice = true
			default:
				c.warn(r.File, r.Line, r.Title, "id %s is that of another rule too, at %s:%d: both are kept", excerpt(r.ID), first.File, first.Line)
			}
		}
		if !twice {
			rules = append(rules, r)
		}
	}
	c.Rules = rules

	correlations := make([]*Correlation, 0, len(c.Correlations))
	for _, r := range c.Correlations {
		same := func(other *Correlation) bool {
			a, b := *r, *other
			a.File, a.Line, b.File, b.Line = "", 0, "", 0
			return r.ID != "" && r.ID == other.ID && reflect.DeepEqual(a, b)
		}
		if i := slices.IndexFunc(correlations, same); i >= 0 {
			c.warn(r.File, r.Line, r.Title, "the same correlation stands at %s:%d: it counts once", correlations[i].File, correlations[i].Line)
			continue
		}
		correlations = append(correlations, r)
	}
	c.Correlations = correlations

	filters := make([]*Filter, 0, len(c.Filters))
	for _, f := range c.Filters {
		same := func(o *Filter) bool {
			return f.Title == o.Title && f.ID == o.ID && f.Logsource == o.Logsource && f.Any == o.Any &&
				slices.Equal(f.Rules, o.Rules) && sameNode(f.Condition, o.Condition)
		}
		if i := slices.IndexFunc(filters, same); i >= 0 {
			c.warn(f.File, f.Line, f.Title, "the same filter stands at %s:%d: it counts once", filters[i].File, filters[i].Line)
			continue
		}
		filters = append(filters, f)
	}
	c.Filters = filters
}

// sameRule tells whether two rules differ only in where they stand.
func sameRule(a, b *Rule) bool {
	x, y := *a, *b
	x.File, x.Line, x.Condition = "", 0, Node{}
	y.File, y.Line, y.Condition = "", 0, Node{}
	return reflect.DeepEqual(x, y) && sameNode(a.Condition, b.Condition)
}

func sameNode(a, b Node) bool {
	if a.Op != b.Op || a.Name != b.Name || len(a.Kids) != len(b.Kids) || (a.Item == nil) != (b.Item == nil) {
		return false
	}
	if a.Item != nil {
		x, y := *a.Item, *b.Item
		x.Line, y.Line = 0, 0
		if !reflect.DeepEqual(x, y) {
			return false
		}
	}
	for i := range a.Kids {
		if !sameNode(a.Kids[i], b.Kids[i]) {
			return false
		}
	}
	return true
}

// maxRounds bounds how long a chain of correlations of correlations may be.
const maxRounds = 64

// dropUnresolved rejects correlations of which a reference leads nowhere, and then those which
// refer to them: what is left after each round can only rest on what is there. A correlation that
// is in a circle never rests on anything.
func (c *Collection) dropUnresolved() {
	if len(c.Correlations) == 0 {
		return
	}
	// known are the names that may be referred to: all rules, and correlations once all of their
	// own references are known.
	known := make(map[string]bool, 2*len(c.Rules))
	exists := make(map[string]bool)
	for _, r := range c.Rules {
		known[r.ID], known[r.Name] = true, true
	}
	for _, r := range c.Correlations {
		exists[r.ID], exists[r.Name] = true, true
	}
	rest := slices.Clone(c.Correlations)
	for range maxRounds {
		var waiting []*Correlation
		var grown []*Correlation
		for _, r := range rest {
			if slices.ContainsFunc(r.Rules, func(name string) bool { return name == "" || !known[name] }) {
				waiting = append(waiting, r)
			} else {
				grown = append(grown, r)
			}
		}
		for _, r := range grown {
			known[r.ID], known[r.Name] = true, true
		}
		rest = waiting
		if len(grown) == 0 {
			break
		}
	}
	for _, r := range rest {
		reason := fmt.Sprintf("want a chain of at most %d correlations, found a longer one", maxRounds)
		if i := slices.IndexFunc(r.Rules, func(name string) bool { return !known[name] }); i >= 0 {
			reason = fmt.Sprintf("rules: %q is not among the rules loaded", excerpt(r.Rules[i]))
			if exists[r.Rules[i]] {
				reason = fmt.Sprintf("rules: %q is a correlation that is rejected itself, refers back to this one or ends too long a chain", excerpt(r.Rules[i]))
			}
		}
		c.Rejected = append(c.Rejected, Rejection{File: r.File, Line: r.Line, Rule: r.Title, Reason: "correlation: " + reason})
	}
	c.Correlations = slices.DeleteFunc(c.Correlations, func(r *Correlation) bool { return slices.Contains(rest, r) })
	for _, r := range c.Correlations {
		for alias, fields := range r.Aliases {
			for name := range fields {
				if !slices.Contains(r.Rules, name) {
					c.warn(r.File, r.Line, r.Title, "correlation: aliases: %s: %q is none of the correlation's rules", excerpt(alias), excerpt(name))
				}
			}
		}
	}
}

// silence marks rules and correlations that report only by the correlations which name them. One
// correlation that asks for them by "generate" is enough to let them speak; pySigma lets the last
// that does not win, which would lose matches.
func (c *Collection) silence() {
	named, wanted := make(map[string]bool), make(map[string]bool)
	for _, r := range c.Correlations {
		for _, name := range r.Rules {
			named[name] = true
			if r.Generate {
				wanted[name] = true
			}
		}
	}
	if len(named) == 0 {
		return
	}
	silent := func(id, name string) bool {
		return (id != "" && named[id] || name != "" && named[name]) && !wanted[id] && !wanted[name]
	}
	for i, r := range c.Rules {
		if silent(r.ID, r.Name) {
			quiet := *r // the parsed rule stays as it is, for Merge
			quiet.Silent = true
			c.Rules[i] = &quiet
		}
	}
	for i, r := range c.Correlations {
		if silent(r.ID, r.Name) {
			quiet := *r
			quiet.Silent = true
			c.Correlations[i] = &quiet
		}
	}
}

// applyFilters joins filters to rules: rule and filter (T29).
func (c *Collection) applyFilters() {
	if len(c.Filters) == 0 {
		return
	}
	used := make([]bool, len(c.Filters))
	for i, r := range c.Rules {
		var kids []Node
		var titles []string
		for j, f := range c.Filters {
			if f.applies(r) {
				used[j] = true
				kids = append(kids, f.Condition)
				titles = append(titles, f.Title)
			}
		}
		if len(kids) == 0 {
			continue
		}
		narrowed := *r
		narrowed.Condition = Node{Op: OpAnd, Kids: append([]Node{r.Condition}, kids...)}
		narrowed.Filters = titles
		c.Rules[i] = &narrowed
	}
	for j, f := range c.Filters {
		if !used[j] {
			c.warn(f.File, f.Line, f.Title, "filter applies to no rule: none of those it names is loaded and has its log source")
		}
	}
}

// warnUnknownSources tells of rules that no event can be routed to (T23).
func (c *Collection) warnUnknownSources() {
	unknown := make(map[Logsource]bool)
	for _, r := range c.Rules {
		ls := r.Logsource
		ls.Definition = ""
		if _, seen := unknown[ls]; !seen {
			_, known := Routes(ls)
			unknown[ls] = !known
		}
		if unknown[ls] {
			c.warn(r.File, r.Line, r.Title, "log source is unknown, no event will match: product %q, category %q, service %q",
				excerpt(ls.Product), excerpt(ls.Category), excerpt(ls.Service))
		}
	}
}
