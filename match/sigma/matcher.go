package sigma

import (
	"cmp"
	"slices"
	"strconv"

	"aldebaran/event"
)

// A Matcher finds the rules of a set that match an event. It keeps caches and scratch space:
// one for each goroutine. In steady state it does not allocate.
type Matcher struct {
	set      *Set
	plans    map[planKey]*plan
	scanners map[scannerKey]*scanner
	recent   [recentPlans]recentPlan
	cache    *valueCache

	// of the event at hand
	event     *event.Event
	plan      *plan
	sawArray  bool    // one of its values is an array
	truth     hitList // the atoms that are true of it
	woken     []int32 // instances
	wokenAt   []uint32
	epoch     uint32
	testedAt  []uint32 // epoch in which a test was made, by test
	testTrue  []bool
	regexps   map[*Regexp]*RegexpMatcher
	eventID   []byte
	rules     []*Rule
	routes    []*Route
	ruleOrder []ruleRoute

	// scratch
	hits          hitList
	folded, plain []byte
	joined        []byte
	atoms, wakes  []uint32
	number        []byte
	second        []byte

	stats MatchStats
}

type ruleRoute struct {
	rule  int32
	route *Route
}

// MatchStats counts what a matcher did, for those who tune it.
type MatchStats struct {
	Events     int // seen
	Lookups    int // of values
	Scans      int // of values that the cache did not know
	Candidates int // rules evaluated
	Matches    int
}

// NewMatcher makes a matcher.
func (s *Set) NewMatcher() *Matcher {
	words := (s.atoms + 63) / 64
	return &Matcher{
		set:      s,
		plans:    map[planKey]*plan{},
		scanners: map[scannerKey]*scanner{},
		cache:    newValueCache(),
		truth:    hitList{bits: make([]uint64, words)},
		hits:     hitList{bits: make([]uint64, words)},
		testedAt: make([]uint32, len(s.tests)),
		testTrue: make([]bool, len(s.tests)),
		regexps:  map[*Regexp]*RegexpMatcher{},
	}
}

// Stats tells what the matcher has done so far.
func (m *Matcher) Stats() MatchStats { return m.stats }

// Match gives the rules that match an event, silent ones too, in the order of [Set.Rules]. The
// slice is valid until the next call.
func (m *Matcher) Match(e *event.Event) []*Rule {
	m.rules, m.routes = m.rules[:0], m.routes[:0]
	m.stats.Events++
	p := m.planFor(e)
	if p == nil {
		return nil
	}
	m.event, m.plan = e, p
	m.truth.reset()
	m.woken = m.woken[:0]
	m.eventID = m.eventID[:0]
	m.sawArray = false
	if m.epoch++; m.epoch == 0 { // after 2^32 events the marks of old ones could be mistaken
		clear(m.wokenAt)
		clear(m.testedAt)
		m.epoch = 1
	}
	if n := len(p.group.instances); len(m.wokenAt) < n {
		m.wokenAt = append(m.wokenAt, make([]uint32, n-len(m.wokenAt))...)
	}
	for _, i := range p.group.always {
		m.wake(i)
	}
	slots := p.slots
	if p.joined != nil && m.lookJoined(p.joined) {
		slots = slots[p.joined.covers:]
		if !holdsCode(event.Value{Raw: m.joined, Kind: event.Text}) {
			slots = slots[p.joined.decodes:]
		}
	}
	m.lookAll(slots, p.lists)
	if len(m.woken) == 0 {
		return nil
	}
	m.lookAll(p.later, p.laterLists)
	return m.evaluate()
}

// lookAll finds out which atoms the values of slots satisfy, and those of lists joined.
func (m *Matcher) lookAll(slots []slot, lists []list) {
	for i := range slots {
		m.look(&slots[i])
	}
	for _, l := range lists {
		if l.several || m.sawArray && m.event.Values[l.at].Kind&event.Array != 0 {
			m.lookAtList(l)
		}
	}
}

// Routes gives the route on which each rule of the last Match was taken, in the same order.
func (m *Matcher) Routes() []*Route { return m.routes }

func (m *Matcher) evaluate() []*Rule {
	m.stats.Candidates += len(m.woken)
	m.ruleOrder = m.ruleOrder[:0]
next:
	for _, i := range m.woken {
		in := &m.plan.group.instances[i]
		for w := range in.where {
			if !m.eval(&in.where[w]) {
				continue next
			}
		}
		if in.tests && !m.possible(in.expr, true) {
			continue
		}
		if m.eval(in.expr) {
			m.ruleOrder = append(m.ruleOrder, ruleRoute{in.rule, in.route})
		}
	}
	if len(m.ruleOrder) > 1 {
		// A rule that took two routes matched once, on the first of them in the table.
		slices.SortStableFunc(m.ruleOrder, func(a, b ruleRoute) int { return cmp.Compare(a.rule, b.rule) })
		m.ruleOrder = slices.CompactFunc(m.ruleOrder, func(a, b ruleRoute) bool { return a.rule == b.rule })
	}
	for _, r := range m.ruleOrder {
		m.rules = append(m.rules, m.set.rules[r.rule])
		m.routes = append(m.routes, r.route)
	}
	m.stats.Matches += len(m.rules)
	return m.rules
}

func (m *Matcher) wake(instance int32) {
	if m.wokenAt[instance] != m.epoch {
		m.wokenAt[instance] = m.epoch
		m.woken = append(m.woken, instance)
	}
}

// look finds out which atoms a slot's value satisfies.
func (m *Matcher) look(s *slot) {
	if s.at < 0 {
		if s.derived.If == nil || m.canMake(s) {
			m.lookDerived(s.derived, s.scanner, &s.memo)
		}
		return
	}
	v := m.event.Values[s.at]
	switch {
	case v.Kind&event.Array != 0:
		m.sawArray = true
		m.value(s.scanner.alone(), v, &s.memo)
		for _, also := range s.scanner.also {
			m.lookDerived(also.derived, also.scanner, nil)
		}
	case v.Kind == event.Null && s.scanner.also == nil || s.keywords && !m.plan.group.holdsKeywords(v):
	default:
		m.value(s.scanner, v, &s.memo)
	}
}

// lookDerived finds out which atoms a derived value satisfies, if there is one.
func (m *Matcher) lookDerived(d *Derivation, sc *scanner, last *memo) {
	if text, ok := d.Make(m.joined[:0], m.event); ok {
		m.joined = text
		m.value(sc, event.Value{Raw: text, Kind: event.Text}, last)
	}
}

// canMake tells whether one of the fields that a slot is derived from passes its condition.
func (m *Matcher) canMake(s *slot) bool {
	for _, at := range s.from {
		if s.derived.If(m.event.Values[at]) {
			return true
		}
	}
	return false
}

// lookAtList looks at all elements of a field joined, if there are several.
func (m *Matcher) lookAtList(l list) {
	if text, several := m.join(m.plan.sources[l.field]); several {
		m.value(l.scanner, event.Value{Raw: text, Kind: event.Text}, nil)
	}
}

// join gives the elements of a field joined with newlines; several is false if there are not at
// least two. The text is valid until the next call.
func (m *Matcher) join(sources []source) (text []byte, several bool) {
	n := 0
	text = m.joined[:0]
	for _, s := range sources {
		m.each(s, func(v event.Value) bool {
			if v.Kind == event.Null {
				return true
			}
			if n++; n > 1 {
				text = append(text, '\n')
			}
			text = v.AppendText(text)
			return true
		})
	}
	m.joined = text
	return text, n > 1
}

// each calls f for every element of a source, nulls too.
func (m *Matcher) each(s source, f func(event.Value) bool) {
	if s.at >= 0 {
		m.event.Values[s.at].Each(f)
		return
	}
	if text, ok := s.derived.Make(m.second[:0], m.event); ok {
		m.second = text
		f(event.Value{Raw: text, Kind: event.Text})
	}
}

// value adds to truth what is true of one value, and wakes rules by it.
func (m *Matcher) value(sc *scanner, v event.Value, last *memo) {
	m.stats.Lookups++
	if last != nil && last.entry != nil && last.generation == m.cache.generation && m.cache.is(last.entry, sc.id, v) {
		m.apply(m.cache.result(last.entry))
		return
	}
	if len(v.Raw) > maxCachedKey {
		m.scan(sc, v)
		m.apply(m.atoms, m.wakes)
		return
	}
	h := m.cache.hash(sc.id, v)
	entry, hit := m.cache.find(h, sc.id, v)
	if !hit {
		m.scan(sc, v)
		if len(m.atoms) > 1<<16-1 || len(m.wakes) > 1<<16-1 || len(m.atoms)+len(m.wakes) > cacheResults {
			m.apply(m.atoms, m.wakes)
			return
		}
		entry = m.cache.put(entry, h, sc.id, v, m.atoms, m.wakes)
	}
	if last != nil {
		*last = memo{entry, m.cache.generation}
	}
	m.apply(m.cache.result(entry))
}

func (m *Matcher) apply(atoms, woken []uint32) {
	for _, a := range atoms {
		m.truth.add(a)
	}
	for _, i := range woken {
		m.wake(int32(i))
	}
}

// scan finds the atoms of a value (m.atoms) and the instances they wake (m.wakes).
func (m *Matcher) scan(sc *scanner, v event.Value) {
	m.stats.Scans++
	m.atoms, m.wakes = m.atoms[:0], m.wakes[:0]
	switch {
	case sc.joined != nil:
		m.hits.reset()
		m.scanJoined(sc.joined, v.Raw)
		m.collect(sc.group)
	case v.Kind&event.Array != 0:
		v.Each(func(v event.Value) bool {
			if v.Kind != event.Null {
				m.scanText(sc, v)
			}
			return true
		})
	case v.Kind != event.Null:
		m.scanText(sc, v)
	}
	for _, also := range sc.also {
		if also.same || !also.derived.If(v) {
			continue
		}
		if text, ok := also.derived.Make(m.joined[:0], m.event); ok {
			m.joined = text
			m.scanText(also.scanner, event.Value{Raw: text, Kind: event.Text})
		}
	}
}

func (m *Matcher) scanText(sc *scanner, v event.Value) {
	m.hits.reset()
	m.folded = appendFold(m.folded[:0], v)
	for _, x := range sc.passes {
		x.scan(m.folded, &m.hits)
	}
	for _, x := range sc.indexes {
		m.scanNumber(x, m.folded)
	}
	m.checkAll(v)
	m.collect(sc.group)
}

// collect adds the atoms that were hit, as far as rules of the group know them.
func (m *Matcher) collect(g *group) {
	for _, a := range m.hits.atoms {
		if instances, ok := g.wokenBy(a); ok {
			m.atoms = append(m.atoms, a)
			for _, i := range instances {
				m.wakes = append(m.wakes, uint32(i))
			}
		}
	}
}

// checkAll makes the checks that hang on the literals which were found in a value.
func (m *Matcher) checkAll(v event.Value) {
	plain := false
	for _, a := range m.hits.atoms {
		if m.set.triggers[a>>6]>>(a&63)&1 == 0 {
			continue
		}
		checks := m.set.checks[a]
		for i := range checks {
			if checks[i].cased && !plain {
				plain = true
				m.plain = v.AppendText(m.plain[:0])
			}
			m.check(&checks[i], m.folded, m.plain)
		}
	}
}

// scanNumber finds the atom of a text that is a number.
func (m *Matcher) scanNumber(x *literalIndex, folded []byte) {
	if x.numbers == nil || len(folded) == 0 || folded[0] > '9' {
		return
	}
	if n, ok := normalDecimal(m.number[:0], folded); ok {
		m.number = n
		if a, ok := x.numbers[string(n)]; ok {
			m.hits.add(a)
		}
	}
}

// check adds the atom of a pattern if a text, which has its literal, matches it as a whole.
func (m *Matcher) check(c *check, folded, raw []byte) {
	text := folded
	if c.cased {
		text = raw
	}
	if matchPattern(c.pattern, text) {
		m.hits.add(c.atom)
	}
}

func (m *Matcher) eval(e *expr) bool {
	switch e.op {
	case exAtom:
		return m.truth.has(e.id)
	case exTest:
		return m.test(e.id)
	case exNot:
		return !m.eval(&e.kids[0])
	case exAnd:
		for _, a := range e.any {
			if !m.truth.has(a) {
				return false
			}
		}
		for i := range e.kids {
			if !m.eval(&e.kids[i]) {
				return false
			}
		}
		return true
	}
	for _, a := range e.any {
		if m.truth.has(a) {
			return true
		}
	}
	for i := range e.kids {
		if m.eval(&e.kids[i]) {
			return true
		}
	}
	return false
}

// possible tells whether the expression may be want, by what is known without looking at a text: the
// atoms, the EventID, and the literals of regular expressions.
func (m *Matcher) possible(e *expr, want bool) bool {
	switch e.op {
	case exAtom:
		return m.truth.has(e.id) == want
	case exTest:
		t := &m.set.tests[e.id]
		if t.constant && isWindows(m.event) {
			return (t.number == m.event.EventID) == want
		}
		return !want || t.literals == nil || m.oneTrue(t.literals)
	case exNot:
		return m.possible(&e.kids[0], !want)
	}
	all := (e.op == exAnd) == want // must be so, or else one of them
	for _, a := range e.any {
		if (m.truth.has(a) == want) != all {
			return !all
		}
	}
	for i := range e.kids {
		if m.possible(&e.kids[i], want) != all {
			return !all
		}
	}
	return all
}

// test makes a test, once an event.
func (m *Matcher) test(id uint32) bool {
	if m.testedAt[id] != m.epoch {
		m.testedAt[id] = m.epoch
		m.testTrue[id] = m.makeTest(&m.set.tests[id])
	}
	return m.testTrue[id]
}

// fieldSources says where a field is found in the event at hand.
func (m *Matcher) fieldSources(id uint32) []source {
	if i, ok := m.plan.group.local[id]; ok {
		return m.plan.sources[i]
	}
	return nil
}

// eventIDText is the EventID of a Windows event as text.
func (m *Matcher) eventIDText() []byte {
	if len(m.eventID) == 0 {
		m.eventID = strconv.AppendUint(m.eventID, uint64(m.event.EventID), 10)
	}
	return m.eventID
}

// anyText tells whether f holds for the text of one of a field's elements, or for all of them
// joined. Nulls have no text.
func (m *Matcher) anyText(t *test, f func(text []byte) bool) bool {
	if t.eventID && isWindows(m.event) {
		return f(m.eventIDText())
	}
	sources := m.fieldSources(t.field)
	found, elements := false, 0
	for _, s := range sources {
		m.each(s, func(v event.Value) bool {
			if v.Kind != event.Null {
				elements++
				m.plain = v.AppendText(m.plain[:0])
				found = f(m.plain)
			}
			return !found
		})
		if found {
			return true
		}
	}
	if elements < 2 || m.set.isKeywords(t.field) || m.plan.group.variants(t.field) {
		return false
	}
	text, _ := m.join(sources)
	return f(text)
}

// ForgetValues empties the cache of values, as benchmarks need it that read the same logs again.
func (m *Matcher) ForgetValues() { m.cache.forget() }
