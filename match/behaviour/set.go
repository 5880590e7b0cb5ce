package behaviour

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"sync"

	"aldebaran/event"
	"aldebaran/match/sigma"
)

// A Set is all analytics that are looked for, prepared. Immutable, safe for concurrent use.
type Set struct {
	views     *sigma.Views
	analytics []prepared
	// wanted are the analytics that want a view, by view; of Security, those that want events which
	// are not in security: there, all are that want an event, by its number.
	wanted   [views][]int
	security map[uint32][]int
	// flows are the analytics that look at flows.
	flows []int
	// chains and remediated are those of the configuration: they say which matches matter.
	chains     []preparedChain
	remediated []Remediated
	// webPages says that somebody looks at pages of web servers, requests which requests somebody is shown.
	webPages bool
	requests requests
	// longer is from how many bytes on a cookie or a query is long to somebody.
	longer int
	// tactics says that matches of all rules with a tactic of ATT&CK matter.
	tactics bool
	// joined has *Seen to be used again: evidence may be thousands of small files.
	joined sync.Pool
}

type prepared struct {
	rule *Rule
	late bool
	// pages says that it looks at pages of web servers in the end, requests which requests it is shown.
	pages    bool
	requests requests
	start    func() State
}

// New prepares the analytics with a configuration.
func New(c Config) (*Set, error) {
	all, err := sigma.NewViews(specs())
	if err != nil {
		return nil, fmt.Errorf("behaviours: %w", err)
	}
	s := &Set{views: all, remediated: c.Remediated, longer: math.MaxInt, security: map[uint32][]int{}}
	for _, a := range Analytics() {
		for _, id := range a.SecurityEvents {
			s.security[id] = nil
		}
	}
	for i := range c.Chains {
		prepared, err := c.Chains[i].prepare()
		if err != nil {
			return nil, fmt.Errorf("behaviours: %w", err)
		}
		s.chains = append(s.chains, prepared)
	}
	for _, a := range Analytics() {
		set := c.Behaviours[a.ID]
		if set.Off {
			continue
		}
		settings := c.settings(&a)
		start, err := a.New(settings)
		if err != nil {
			return nil, fmt.Errorf("behaviour %s: %w", a.ID, err)
		}
		if start == nil {
			continue // nothing to do with this configuration
		}
		rule := a.Rule
		rule.Level = cmp.Or(set.Level, rule.Level)
		for _, v := range a.Views {
			if v == Web && a.Requests == 0 {
				continue
			}
			s.want(v, len(s.analytics), a.SecurityEvents)
		}
		if _, ok := start().(flowState); ok {
			s.flows = append(s.flows, len(s.analytics))
		}
		s.analytics = append(s.analytics, prepared{&rule, a.Late, a.WebPages, a.Requests, start})
		s.webPages = s.webPages || a.WebPages
		s.requests |= a.Requests
		if a.Requests&longRequests != 0 {
			s.longer = min(s.longer, settings.Int("length"))
		}
		s.tactics = s.tactics || a.ID == stageChainID
	}
	s.joined.New = func() any { return &Seen{states: make([]State, len(s.analytics))} }
	return s, nil
}

// want notes that an analytic wants the records of a view, of Security only the events if there are any.
func (s *Set) want(v View, analytic int, events []uint32) {
	if v == Security {
		for id := range s.security {
			if len(events) == 0 || slices.Contains(events, id) {
				s.security[id] = append(s.security[id], analytic)
			}
		}
		if len(events) > 0 {
			return
		}
	}
	s.wanted[v] = append(s.wanted[v], analytic)
}

// wants gives the analytics that want an event which is seen in a view.
func (s *Set) wants(v View, e *event.Event) []int {
	if v == Security {
		if some, ok := s.security[e.EventID]; ok {
			return some
		}
	}
	return s.wanted[v]
}

// Rules are those of all analytics of the set, in their order.
func (s *Set) Rules() []*Rule {
	rules := make([]*Rule, len(s.analytics))
	for i := range s.analytics {
		rules[i] = s.analytics[i].rule
	}
	return rules
}

// Serves tells whether a kind of log has records of a view.
func (s *Set) Serves(v View, k sigma.Kind) bool { return s.views.Serves(int(v), k) }

// A Matcher looks at events; one for each goroutine.
type Matcher struct {
	set    *Set
	reader *sigma.ViewReader
	seen   *Seen
	// record is used again for each event: analytics do not keep it.
	record Record
	memory *webMemory
	mail   *mailMemory
	flows  flows
	// spare are states that kept nothing of the pieces before, by analytic: most keep nothing of most.
	spare []State
}

// An emptiable state knows whether it has kept nothing: then it is as one that was made just now.
type emptiable interface{ empty() bool }

// NewMatcher makes a matcher.
func (s *Set) NewMatcher() *Matcher {
	m := &Matcher{set: s, spare: make([]State, len(s.analytics)), reader: s.views.NewReader(), memory: newWebMemory(s.longer), mail: newMailMemory(), flows: newFlows()}
	m.record.reader, m.record.memory, m.record.mail = m.reader, m.memory, m.mail
	return m
}

// Seen is what the analytics have seen of a piece of evidence.
type Seen struct {
	states  []State // by analytic; nil if it has seen nothing
	periods [views]event.Period
	web     *webSeen // nil if there was none
}

// See looks at one event.
func (m *Matcher) See(e *event.Event) {
	in := m.reader.See(e)
	if len(in) == 0 {
		return
	}
	if m.seen == nil {
		m.seen = m.set.joined.Get().(*Seen)
	}
	for _, v := range in {
		m.seen.periods[v].Add(e.Time)
		m.record.View, m.record.Event = View(v), e
		m.record.ends.made = false
		if v == int(Network) && m.seeFlow(&m.record) {
			continue
		}
		if len(m.flows.list) > 0 {
			m.seeFlows()
		}
		if v == int(Web) {
			m.seeRequest()
			continue
		}
		wanted := m.set.wants(View(v), e)
		if len(wanted) == 0 || !m.mail.wants(&m.record) {
			continue
		}
		for _, i := range wanted {
			m.state(i).See(&m.record)
		}
	}
}

// seeRequest looks at a request to a web server: once for all, and then each analytic at what it is for.
func (m *Matcher) seeRequest() {
	w := m.memory.read(&m.record)
	if m.set.webPages {
		if m.seen.web == nil {
			m.seen.web = newWebSeen()
		}
		m.seen.web.see(&m.record, w)
	}
	if w.requests&m.set.requests == 0 {
		return
	}
	for _, i := range m.set.wanted[Web] {
		if w.requests&m.set.analytics[i].requests != 0 {
			m.state(i).See(&m.record)
		}
	}
}

// state is that of an analytic, made when it is first needed.
func (m *Matcher) state(i int) State {
	st := m.seen.states[i]
	if st == nil {
		if st = m.spare[i]; st == nil {
			st = m.set.analytics[i].start()
		}
		m.seen.states[i], m.spare[i] = st, nil
	}
	return st
}

// Take gives what was seen since the last call, nil for nothing; the matcher begins anew.
func (m *Matcher) Take() *Seen {
	m.seeFlows()
	s := m.seen
	m.seen = nil
	m.memory.forget() // what it remembers is handed over
	m.mail.forget()
	if s == nil {
		return nil
	}
	for i, st := range s.states {
		if e, ok := st.(emptiable); ok && e.empty() {
			s.states[i], m.spare[i] = nil, st
		}
	}
	return s
}

// A Collector joins what was seen of all pieces of evidence, in their order, and comes to the
// conclusions. It is used by one goroutine.
type Collector struct {
	set     *Set
	states  []State
	periods [views]event.Period
	web     *webSeen
	hits    hitBook
	notes   []string
}

// NewCollector makes a collector.
func (s *Set) NewCollector() *Collector {
	return &Collector{set: s, states: make([]State, len(s.analytics)), hits: newHitBook(s)}
}

// Join adds what was seen of the next piece of evidence; nil is nothing. It must not be used again.
func (c *Collector) Join(s *Seen) {
	if s == nil {
		return
	}
	for i, st := range s.states {
		switch {
		case st == nil:
		case c.states[i] == nil:
			c.states[i] = st
		default:
			c.states[i].Join(st)
		}
	}
	switch {
	case s.web == nil:
	case c.web == nil:
		c.web = s.web
	default:
		c.web.join(s.web)
	}
	for v := range s.periods {
		c.periods[v].Join(s.periods[v])
	}
	clear(s.states)
	*s = Seen{states: s.states}
	c.set.joined.Put(s)
}

// Hit takes note of a match of a rule, for sequences.
func (c *Collector) Hit(h Hit) { c.hits.add(&h) }

// Finish emits all episodes: by analytic, and of each in order of time. It ends at emit's first error.
func (c *Collector) Finish(emit func(Episode) error) error {
	for _, late := range []bool{false, true} {
		var found []Episode
		for i, a := range c.set.analytics {
			if a.late != late {
				continue
			}
			st := c.states[i]
			if st == nil {
				if !late && (!a.pages || c.web == nil) {
					continue
				}
				st = a.start() // it looks at hits or pages too, which there may be without records of its own
			}
			f := &Finishing{collector: c, rule: a.rule}
			st.Finish(f)
			c.states[i] = nil
			slices.SortStableFunc(f.episodes, compareEpisodes)
			found = append(found, f.episodes...)
		}
		for _, e := range found {
			if !late {
				c.Hit(e.hit())
			}
			if err := emit(e); err != nil {
				return err
			}
		}
	}
	return nil
}

// hit is what an episode is in a sequence: it stands where its first record does.
func (e *Episode) hit() Hit {
	h := Hit{Rule: e.Rule.ID, Title: e.Title, Level: e.Level, Tags: e.Rule.Tags}
	if len(e.Refs) > 0 {
		h.Ref = e.Refs[0]
	}
	h.Time = e.First
	h.What = Short(e.Summary, maxWhat)
	if len(e.Hosts) > 0 && h.Host == "" {
		h.Host = e.Hosts[0]
	}
	return h
}

func compareEpisodes(a, b Episode) int {
	return cmp.Or(
		a.First.Compare(b.First),
		slices.CompareFunc(a.Group, b.Group, func(x, y NamedValue) int {
			return cmp.Or(strings.Compare(x.Name, y.Name), strings.Compare(x.Value, y.Value))
		}),
		a.Last.Compare(b.Last),
		strings.Compare(a.Summary, b.Summary),
	)
}

// Notes says what had to be left out, in sentences for people.
func (c *Collector) Notes() []string {
	notes := slices.Clone(c.notes)
	if c.hits.dropped > 0 {
		notes = append(notes, fmt.Sprintf("%d matches were left out of sequences because there are more than %d", c.hits.dropped, maxHits))
	}
	return notes
}

// Names are those of all analytics, sorted.
func Names() []string {
	names := map[string]bool{}
	for _, a := range Analytics() {
		names[a.ID] = true
	}
	return slices.Sorted(maps.Keys(names))
}

// Sources are the log sources whose events a view has.
func (v View) Sources() []sigma.Logsource { return slices.Clone(specs()[v].Sources) }
