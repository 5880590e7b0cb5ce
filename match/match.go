// Package match runs the rules of every language on events. In go rules and events; out come
// matches, and at the end the matches of rules about several events.
package match

import (
	"fmt"
	"slices"
	"strings"

	"aldebaran/event"
	"aldebaran/match/sigma"
)

// A Rule is what all rule languages say about a rule; it is what outputs show.
type Rule struct {
	// Language is the rule's language: "sigma".
	Language string
	// Correlation marks a rule over the matches of other rules.
	Correlation bool
	// File and Line say where the rule stands.
	File string
	Line int

	ID, Title, Status   string
	Level               string
	Description, Author string
	Tags, References    []string
	FalsePositives      []string
}

// Severity gives the rank of a level, 0 for informational to 4 for critical; ok is false if it is
// no level.
func Severity(level string) (rank int, ok bool) {
	rank = slices.Index(sigma.Levels[:], level)
	return max(rank, 0), rank >= 0
}

// Severity gives the rank of the rule's level; an unknown level has the rank of informational.
func (r *Rule) Severity() int {
	rank, _ := Severity(r.Level)
	return rank
}

// A Match is one event that one rule describes.
type Match struct {
	Rule *Rule
	// Event is valid only until the function that the match was handed to returns.
	Event *event.Event
	// Route names the kind of log that served the rule, if fields that it was written for may be
	// missing there; "" otherwise.
	Route string
}

// A Correlation is one episode in which a correlation rule holds.
type Correlation struct {
	Rule *Rule
	sigma.CorrelationMatch
}

// An Engine holds all rules, compiled. Hits are found by Matchers, one for each worker; what
// correlations need of them is collected by Observe, in one goroutine, and joined by Finish.
type Engine struct {
	set          *sigma.Set
	rules        map[*sigma.Rule]*Rule
	correlations map[*sigma.Correlation]*Rule
	correlator   *sigma.Correlator // nil if there are no correlations
}

// Options are choices of an [Engine]; the zero value is right.
type Options struct {
	// TempDir is where correlations keep what does not fit into memory; "" means the system's.
	TempDir string
}

// Compile makes an engine of a collection of rules. Close it after use.
func Compile(c *sigma.Collection, opt Options) (*Engine, error) {
	set, err := sigma.Compile(c)
	if err != nil {
		return nil, fmt.Errorf("compiling rules: %w", err)
	}
	e := &Engine{
		set:          set,
		rules:        make(map[*sigma.Rule]*Rule, len(c.Rules)),
		correlations: make(map[*sigma.Correlation]*Rule, len(c.Correlations)),
	}
	for _, r := range c.Rules {
		e.rules[r] = ruleOf(r)
	}
	for _, r := range c.Correlations {
		e.correlations[r] = correlationRuleOf(r)
	}
	if len(c.Correlations) > 0 {
		e.correlator, err = sigma.NewCorrelator(c, sigma.CorrelatorOptions{TempDir: opt.TempDir})
		if err != nil {
			return nil, fmt.Errorf("preparing correlations: %w", err)
		}
	}
	return e, nil
}

// Close removes temporary files.
func (e *Engine) Close() error {
	if e.correlator == nil {
		return nil
	}
	return e.correlator.Close()
}

// A Hit is one rule that matches an event.
type Hit struct {
	Rule *Rule
	// Silent marks a rule that only feeds correlations.
	Silent bool
	// Route: see [Match].
	Route string

	observed    bool
	observation sigma.Observation
}

// A Matcher finds the rules that match an event: one for each goroutine.
type Matcher struct {
	engine  *Engine
	matcher *sigma.Matcher
}

// NewMatcher makes a matcher.
func (e *Engine) NewMatcher() *Matcher {
	return &Matcher{engine: e, matcher: e.set.NewMatcher()}
}

// Match appends a hit for every rule that matches the event. What a hit holds outlives the event.
func (m *Matcher) Match(dst []Hit, ev *event.Event) []Hit {
	rules := m.matcher.Match(ev)
	for i, r := range rules {
		h := Hit{Rule: m.engine.rules[r], Silent: r.Silent}
		if route := m.matcher.Routes()[i]; route.Weak {
			h.Route = route.Name
		}
		if c := m.engine.correlator; c != nil && c.Wants(r) {
			h.observed, h.observation = true, c.Observe(r, ev)
		}
		dst = append(dst, h)
	}
	return dst
}

// Observe hands a hit to the correlations. One goroutine at a time, in any order.
func (e *Engine) Observe(h *Hit) error {
	if !h.observed {
		return nil
	}
	return e.correlator.Add(h.observation)
}

// Finish calls emit for every match of a correlation, in order of time, and ends at its first error.
func (e *Engine) Finish(emit func(*Correlation) error) error {
	if e.correlator == nil {
		return nil
	}
	return e.correlator.Finish(func(m sigma.CorrelationMatch) error {
		return emit(&Correlation{Rule: e.correlations[m.Correlation], CorrelationMatch: m})
	})
}

// Notes says what correlations had to leave out, in sentences for people.
func (e *Engine) Notes() []string {
	if e.correlator == nil {
		return nil
	}
	var notes []string
	s := e.correlator.Stats()
	for _, n := range []struct {
		count int64
		what  string
	}{
		{s.NoTime, "matches were left out of correlations because their events have no time"},
		{s.NotNumeric, "values were left out of a correlation because they are no numbers"},
		{s.Dropped, "matches were left out of a correlation because it had too many groups or values at a time"},
	} {
		if n.count > 0 {
			notes = append(notes, fmt.Sprintf("%d %s", n.count, n.what))
		}
	}
	return notes
}

// Rules are the rules that can report, in the order of their files.
func (e *Engine) Rules() []*Rule {
	var all []*Rule
	for r, rule := range e.rules {
		if !r.Silent {
			all = append(all, rule)
		}
	}
	for c, rule := range e.correlations {
		if !c.Silent {
			all = append(all, rule)
		}
	}
	slices.SortFunc(all, func(a, b *Rule) int {
		if c := strings.Compare(a.File, b.File); c != 0 {
			return c
		}
		return a.Line - b.Line
	})
	return all
}

func ruleOf(r *sigma.Rule) *Rule {
	return &Rule{
		Language: "sigma", File: r.File, Line: r.Line,
		ID: r.ID, Title: r.Title, Status: r.Status, Level: level(r.Level),
		Description: r.Description, Author: r.Author,
		Tags: r.Tags, References: r.References, FalsePositives: r.FalsePositives,
	}
}

func correlationRuleOf(c *sigma.Correlation) *Rule {
	return &Rule{
		Language: "sigma", Correlation: true, File: c.File, Line: c.Line,
		ID: c.ID, Title: c.Title, Status: c.Status, Level: level(c.Level),
		Description: c.Description, Author: c.Author,
		Tags: c.Tags, References: c.References, FalsePositives: c.FalsePositives,
	}
}

// level gives a rule without a level, or with one that there is not, the level that
// sigma.Rule.Level has for the former.
func level(s string) string {
	if _, ok := Severity(s); ok {
		return s
	}
	return "medium"
}
