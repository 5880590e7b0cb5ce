// Package match runs the rules of every language on events. In go rules and events; out come
// matches, and at the end the matches of rules about several events.
package match

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"aldebaran/event"
	"aldebaran/intel"
	"aldebaran/match/behaviour"
	"aldebaran/match/indicator"
	"aldebaran/match/sigma"
)

// A Rule is what all rule languages say about a rule; it is what outputs show.
type Rule struct {
	// Language is the rule's language: "sigma", "indicator", "behaviour".
	Language string
	// Correlation marks a rule over several events: over the matches of other rules, or a behaviour.
	Correlation bool
	// File and Line say where the rule stands; behaviours are code and have no line.
	File string
	Line int

	ID, Title, Status   string
	Level               string
	Description, Author string
	Tags, References    []string
	// Why says why what it describes is suspicious, for rules that say so apart from Description.
	Why string
	// FalsePositives are what is harmless and looks the same, and how to tell.
	FalsePositives []string
	// Next says what to look at next.
	Next []string

	// chained says that sequences over several rules want to know of its matches.
	chained bool
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
	// Found is what of the event is an indicator; nil for other rules.
	Found *Found
}

// A Correlation is one episode in which a rule about several events holds: a correlation rule, or
// a behaviour.
type Correlation struct {
	Rule *Rule
	// Type is that of a correlation rule ("event_count"), or "behaviour".
	Type string
	// Group says what it is about: the fields of group-by and their values, a page and a client.
	Group []NamedValue
	// First and Last are the times of its first and last event, in UTC; zero if they have none.
	First, Last time.Time
	// Count is the number of its events; Value is what a correlation's condition was held against.
	Count int
	Value float64
	// Events are some of the events, in order of time; Omitted is the number of the others.
	Events  []EventRef
	Omitted int
	// Hosts are the computers of the events, sorted.
	Hosts []string
	// Summary says what a behaviour was in one sentence, Facts the figures that led to it, Caveats
	// what weakens it.
	Summary string
	Facts   []NamedValue
	Caveats []string
}

// A NamedValue is a name and its value.
type NamedValue struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// An EventRef says where an event stands, and what it was in it that counted: the rule that it
// matched, or the event in short.
type EventRef struct {
	RuleID, RuleTitle string
	What              string
	Time              time.Time
	Source            event.Source
	Host, Channel     string
	EventID           uint32
	RecordID          uint64
}

// An Engine holds all rules, compiled. Hits are found by Matchers, one for each worker; what rules
// about several events need of them is collected by Observe and Join, in one goroutine, and comes to
// its conclusions in Finish.
type Engine struct {
	set          *sigma.Set
	rules        map[*sigma.Rule]*Rule
	correlations map[*sigma.Correlation]*Rule
	correlator   *sigma.Correlator // nil if there are no correlations
	behaviours   *behaviour.Set    // nil if none are wanted
	collector    *behaviour.Collector
	behaved      map[behaved]*Rule
	indicators   *indicator.Set // nil if none are wanted
	known        known
	selection    Selection
}

// behaved is a behaviour at one level, under one title.
type behaved struct {
	rule         *behaviour.Rule
	level, title string
}

// Options are choices of an [Engine]; the zero value is right.
type Options struct {
	// TempDir is where correlations keep what does not fit into memory; "" means the system's.
	TempDir string
	// Indicators are looked for beside the rules; nil for none.
	Indicators *indicator.Set
	// Behaviours are looked for beside the rules; nil for none. They are reported if Selection wants
	// them, with the level that they have then.
	Behaviours *behaviour.Set
	Selection  Selection
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
		behaviours:   opt.Behaviours,
		behaved:      map[behaved]*Rule{},
		selection:    opt.Selection,
		indicators:   opt.Indicators,
	}
	e.known.chained, e.known.rules = e.chained, map[*intel.Indicator]*Rule{}
	for _, r := range c.Rules {
		e.rules[r] = ruleOf(r)
	}
	for _, r := range c.Correlations {
		e.correlations[r] = correlationRuleOf(r)
	}
	if e.behaviours != nil {
		e.collector = e.behaviours.NewCollector()
		for _, r := range e.behaviours.Rules() {
			e.behaved[behaved{r, r.Level, r.Title}] = behaviourRuleOf(r, r.Level, r.Title)
		}
	}
	for _, r := range e.rules {
		r.chained = e.chained(r)
	}
	if len(c.Correlations) > 0 {
		e.correlator, err = sigma.NewCorrelator(c, sigma.CorrelatorOptions{TempDir: opt.TempDir})
		if err != nil {
			return nil, fmt.Errorf("preparing correlations: %w", err)
		}
	}
	return e, nil
}

// chained tells whether sequences over several rules want to know of a rule's matches.
func (e *Engine) chained(r *Rule) bool {
	return e.behaviours != nil && e.behaviours.Wants(r.ID, r.Tags)
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
	// Route and Found: see [Match].
	Route string
	Found *Found

	observed    bool
	observation sigma.Observation
}

// A Matcher finds the rules that match an event: one for each goroutine.
type Matcher struct {
	engine     *Engine
	matcher    *sigma.Matcher
	behaviours *behaviour.Matcher // nil if none are wanted
	indicators *indicator.Matcher // nil if none are wanted
	found      []indicator.Hit
	before     indicator.MatcherStats // when Left was called last
}

// NewMatcher makes a matcher.
func (e *Engine) NewMatcher() *Matcher {
	m := &Matcher{engine: e, matcher: e.set.NewMatcher()}
	if e.behaviours != nil {
		m.behaviours = e.behaviours.NewMatcher()
	}
	if e.indicators != nil {
		m.indicators = e.indicators.NewMatcher()
	}
	return m
}

// Match appends a hit for every rule that matches the event, and lets behaviours see it. What a hit
// holds outlives the event.
func (m *Matcher) Match(dst []Hit, ev *event.Event) []Hit {
	dst = m.Find(dst, ev)
	m.See(ev)
	return dst
}

// See lets behaviours see an event, and looks for nothing else.
func (m *Matcher) See(ev *event.Event) {
	if m.behaviours != nil {
		m.behaviours.See(ev)
	}
}

// Find is Match without the behaviours.
func (m *Matcher) Find(dst []Hit, ev *event.Event) []Hit {
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
	if m.indicators != nil {
		m.found = m.indicators.Match(m.found[:0], ev)
		m.engine.known.left(m.indicators.Stats())
		for i := range m.found {
			h := &m.found[i]
			if r := m.engine.known.rule(h); m.engine.selection.wantsRule(r) {
				dst = append(dst, Hit{Rule: r, Found: &Found{h.Field, h.Value, h.Warning}})
			}
		}
	}
	return dst
}

// Seen is what behaviours have seen of a piece of evidence.
type Seen struct{ behaviours *behaviour.Seen }

// Any tells whether there was anything that behaviours look at, however they are set: pieces of which they
// have seen something are read again for them when a hunt goes on.
func (s Seen) Any() bool { return s.behaviours != nil }

// Take gives what was seen since the last call, to be handed to [Engine.Join]; the matcher begins anew.
func (m *Matcher) Take() Seen {
	if m.behaviours == nil {
		return Seen{}
	}
	return Seen{m.behaviours.Take()}
}

// Join adds what was seen of a piece of evidence. One goroutine at a time, in the order of the evidence.
func (e *Engine) Join(s Seen) {
	if e.collector != nil {
		e.collector.Join(s.behaviours)
	}
}

// Observe hands a hit and its event to the rules about several events. One goroutine at a time; for
// behaviours in the order of the evidence.
func (e *Engine) Observe(h *Hit, ev *event.Event) error {
	if e.collector != nil && h.Rule.chained {
		e.collector.Hit(hitOf(h.Rule, behaviour.Ref{
			Time: ev.Time, Source: ev.Source, Host: behaviour.HostOf(ev), Channel: ev.Channel, EventID: ev.EventID, RecordID: ev.RecordID,
		}))
	}
	if !h.observed {
		return nil
	}
	return e.correlator.Add(h.observation)
}

func hitOf(r *Rule, at behaviour.Ref) behaviour.Hit {
	return behaviour.Hit{Rule: r.ID, Title: r.Title, Level: r.Level, Tags: r.Tags, Ref: at}
}

// Finish calls emit for every match of a correlation rule, in order of time, then for every episode
// of a behaviour, and ends at its first error.
func (e *Engine) Finish(emit func(*Correlation) error) error {
	if e.correlator != nil {
		err := e.correlator.Finish(func(m sigma.CorrelationMatch) error {
			c := correlationOf(e.correlations[m.Correlation], m)
			if e.chained(c.Rule) && len(c.Events) > 0 {
				e.collector.Hit(hitOf(c.Rule, c.Events[0].ref()))
			}
			return emit(c)
		})
		if err != nil {
			return err
		}
	}
	if e.collector == nil {
		return nil
	}
	return e.collector.Finish(func(ep behaviour.Episode) error {
		c := e.episode(ep)
		if !e.selection.wantsRule(c.Rule) {
			return nil
		}
		return emit(c)
	})
}

// episode is a behaviour's episode in the words of all rules.
func (e *Engine) episode(ep behaviour.Episode) *Correlation {
	key := behaved{ep.Rule, ep.Level, ep.Title}
	rule := e.behaved[key]
	if rule == nil {
		rule = behaviourRuleOf(ep.Rule, ep.Level, ep.Title)
		e.behaved[key] = rule
	}
	c := &Correlation{
		Rule: rule, Type: "behaviour", First: ep.First, Last: ep.Last, Count: ep.Count, Value: float64(ep.Count),
		Omitted: ep.Omitted, Hosts: ep.Hosts, Summary: ep.Summary, Caveats: ep.Caveats,
	}
	for _, g := range ep.Group {
		c.Group = append(c.Group, NamedValue(g))
	}
	for _, f := range ep.Facts {
		c.Facts = append(c.Facts, NamedValue(f))
	}
	for _, r := range ep.Refs {
		c.Events = append(c.Events, EventRef{
			RuleID: rule.ID, RuleTitle: rule.Title, What: r.What, Time: r.Time, Source: r.Source,
			Host: r.Host, Channel: r.Channel, EventID: r.EventID, RecordID: r.RecordID,
		})
	}
	return c
}

// correlationOf is a correlation rule's match in the words of all rules.
func correlationOf(rule *Rule, m sigma.CorrelationMatch) *Correlation {
	c := &Correlation{
		Rule: rule, Type: m.Correlation.Type, First: m.First, Last: m.Last, Count: m.Count, Value: m.Value,
		Omitted: m.Omitted, Hosts: m.Hosts,
	}
	for _, g := range m.Group {
		c.Group = append(c.Group, NamedValue(g))
	}
	for _, r := range m.Events {
		ref := EventRef{
			Time: r.Time, Source: r.Source, Host: r.Host, Channel: r.Channel, EventID: r.EventID, RecordID: r.RecordID,
		}
		if r.Rule != nil {
			ref.RuleID, ref.RuleTitle = r.Rule.ID, r.Rule.Title
		}
		c.Events = append(c.Events, ref)
	}
	return c
}

func (r *EventRef) ref() behaviour.Ref {
	return behaviour.Ref{
		Time: r.Time, Source: r.Source, Host: r.Host, Channel: r.Channel, EventID: r.EventID, RecordID: r.RecordID, What: r.What,
	}
}

// Notes says what rules about several events had to leave out, in sentences for people.
func (e *Engine) Notes() []string {
	var notes []string
	if e.correlator != nil {
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
	}
	notes = append(notes, e.known.notes()...)
	if e.collector != nil {
		notes = append(notes, e.collector.Notes()...)
	}
	return notes
}

// Rules are the rules that can report: those of files in their order, then behaviours.
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
		return cmp.Or(strings.Compare(a.File, b.File), a.Line-b.Line)
	})
	if e.behaviours != nil {
		for _, r := range e.behaviours.Rules() {
			if rule := e.behaved[behaved{r, r.Level, r.Title}]; e.selection.wantsRule(rule) {
				all = append(all, rule)
			}
		}
	}
	return all
}

// builtIn stands for the file of what is no file but code.
const builtIn = "(built in)"

// Indicators is the number of indicators that are looked for.
func (e *Engine) Indicators() int {
	if e.indicators == nil {
		return 0
	}
	return e.indicators.Stats().Active()
}

func behaviourRuleOf(r *behaviour.Rule, level, title string) *Rule {
	return &Rule{
		Language: "behaviour", Correlation: true, File: builtIn, ID: r.ID, Title: title, Status: "stable", Level: level,
		Description: r.Description, Why: r.Why, FalsePositives: []string{r.Benign}, Next: r.Next,
		Tags: r.Tags, References: r.References, Author: "Aldebaran",
	}
}

func ruleOf(r *sigma.Rule) *Rule {
	return &Rule{
		Language: "sigma", File: r.File, Line: r.Line,
		ID: r.ID, Title: r.Title, Status: r.Status, Level: level(r.Level),
		Description: r.Description, Author: r.Author,
		Tags: r.Tags, References: r.References, FalsePositives: r.FalsePositives, Next: r.Next,
	}
}

func correlationRuleOf(c *sigma.Correlation) *Rule {
	return &Rule{
		Language: "sigma", Correlation: true, File: c.File, Line: c.Line,
		ID: c.ID, Title: c.Title, Status: c.Status, Level: level(c.Level),
		Description: c.Description, Author: c.Author,
		Tags: c.Tags, References: c.References, FalsePositives: c.FalsePositives, Next: c.Next,
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
