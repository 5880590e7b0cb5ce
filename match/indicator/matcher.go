package indicator

import (
	"hash/maphash"
	"strings"
	"unicode/utf8"
	"unsafe"

	"aldebaran/event"
)

const (
	// maxScan is how many bytes of a value are looked at, as many as a line of a log can have.
	maxScan = 1 << 20
	// maxHits bounds what one event may report; the rest is counted.
	maxHits = 64
	// maxPlans bounds the layouts that are remembered; logs of JSON can have a new one in each line.
	maxPlans = 4096
	// maxUses bounds the names of fields whose use is remembered.
	maxUses = 16384
	// recentPlans are found without a map.
	recentPlans = 64
	// maxGlance is how long a text is of which we look what it holds, in characters, before its hash is looked up: longer
	// ones often come again, such as user agents and cookies. In UTF-16 a look takes longer, and the logs that have it
	// repeat themselves.
	maxGlance, maxWideGlance = 100, 16
	// shortest is the length of the shortest text with an indicator that stands anywhere: "a.bc", "::1a".
	shortest = 4
)

// A Matcher finds the indicators of a set in events. It keeps caches and scratch space: one for each
// goroutine. In steady state it allocates for hits alone.
type Matcher struct {
	set   *Set
	plans map[*event.Shape]*plan
	// recent has the plan of a shape in the place that its address gives.
	recent [recentPlans]struct {
		shape *event.Shape
		plan  *plan
	}
	uses map[string]use
	seed maphash.Seed
	seen seenCache

	// of the event at hand
	event *event.Event
	hits  []Hit
	first int // of the event's in hits
	field string

	// of the value at hand
	text, low []byte // as it is and in lower case, of the same length
	ascii     bool   // nothing else is in it
	buf       []byte
	colonEnd  int // up to where colons were looked at
	soft      int // where the name of a file can begin, see mark
	hard      int
	marked    int // up to where
	ends      int // names that ended in the part of a path at hand
	keys      int // of the registry that were looked at
	decoded   bool
	slow      bool // all runs of all texts are looked at: tests compare the results

	// scratch
	name, path, key, whole, plainText, plainLow []byte

	cut, dropped int64
	scans        int64
}

// NewMatcher makes a matcher.
func (s *Set) NewMatcher() *Matcher {
	return &Matcher{set: s, plans: map[*event.Shape]*plan{}, uses: map[string]use{}, seed: maphash.MakeSeed()}
}

// MatcherStats counts what a matcher left out and how much it did.
type MatcherStats struct {
	// Cut is the number of values of which only the first MiB was looked at, Dropped that of hits
	// beyond those that one event may have.
	Cut, Dropped int64
	// Scans is the number of values that were walked over, the others having been seen before.
	Scans int64
}

// Stats tells what the matcher has done so far.
func (m *Matcher) Stats() MatcherStats { return MatcherStats{m.cut, m.dropped, m.scans} }

// Match appends a hit for every indicator and each field of the event that it stands in, in the
// order of the fields. What a hit holds outlives the event.
func (m *Matcher) Match(dst []Hit, e *event.Event) []Hit {
	if len(m.set.table.entries) == 0 {
		return dst
	}
	p := m.planOf(e)
	m.event, m.hits, m.first = e, dst, len(dst)
	for i := range p.slots {
		s := &p.slots[i]
		v := &e.Values[s.at]
		if s.twin >= 0 && len(m.hits) == m.first && isSame(*v, e.Values[s.twin]) {
			continue // and nothing was found in it
		}
		switch v.Kind {
		case event.UTF16, event.Text, event.ANSI:
			m.value(s, v)
		case event.Binary:
			// A hash or a fingerprint is what a Binary can be.
			if n := 2 * len(v.Raw); n <= maxHex && m.set.hexLen[n] {
				m.look(s, *v, true)
			}
		default:
			if v.Kind&event.Array != 0 {
				m.array(s, *v)
			}
		}
	}
	for i := range p.joins {
		m.join(&p.joins[i])
	}
	dst, m.hits, m.event = m.hits, nil, nil
	return dst
}

func (m *Matcher) array(s *slot, v event.Value) {
	switch v.Kind &^ event.Array {
	case event.UTF16, event.Text, event.ANSI:
		if m.set.sieve != nil && !m.set.mayHold(v.Raw, stepOf(v.Kind&^event.Array), s.use) {
			return // what stands in an element stands in all of them
		}
		v.Each(func(e event.Value) bool {
			m.value(s, &e)
			return true
		})
	}
}

// value looks for indicators in one text of a field.
func (m *Matcher) value(s *slot, v *event.Value) {
	step, glance := 1, maxGlance
	if v.Kind == event.UTF16 {
		step, glance = 2, maxWideGlance
	}
	switch n := len(v.Raw); {
	case n > glance*step:
		m.look(s, *v, false)
	case n < shortest*step && (s.use == anything || n == 0):
	case n < m.set.least*step && isPlain(v.Raw, step):
	case m.set.hasIP && m.onlyAddress(s, v, step):
	case m.set.mayHold(v.Raw, step, s.use):
		m.look(s, *v, true)
	}
}

// onlyAddress looks a value up that is an address of four numbers and nothing else; that takes less time than its
// hash. False if it is something else.
func (m *Matcher) onlyAddress(s *slot, v *event.Value, step int) bool {
	const longest = len("255.255.255.255")
	n := len(v.Raw)
	if s.use != anything || n > longest*step || !isDigit(v.Raw[0]) || !isDigit(v.Raw[n-step]) {
		return false
	}
	m.field = s.name
	if step == 2 {
		m.setText(*v)
		return m.ipv4(0, len(m.text))
	}
	low := m.low // what is written into, unlike the event's
	m.text, m.low = v.Raw, v.Raw
	is := m.ipv4(0, len(m.text))
	m.low = low
	return is
}

// stepOf is how many bytes a character of ASCII takes.
func stepOf(k event.Kind) int {
	if k == event.UTF16 {
		return 2
	}
	return 1
}

// mayHold tells whether a text may hold an indicator, as far as that can be seen at a glance. A character
// takes step bytes.
func (s *Set) mayHold(raw []byte, step int, u use) bool {
	if s.sieve != nil {
		return s.sieve.mayHold(raw, step) || s.hasIP && !s.isBland(raw, step)
	}
	return u != anything || !s.isBland(raw, step)
}

// look looks for indicators in a value, if nothing was found in the same one before. Glanced says that a
// glance at it did not do.
func (m *Matcher) look(s *slot, v event.Value, glanced bool) {
	h := m.hash(v, s.use)
	if h == s.last {
		return
	}
	if m.seen.has(h) {
		s.last = h
		return
	}
	if step := stepOf(v.Kind); !glanced && !m.set.mayHold(v.Raw, step, s.use) {
		m.seen.add(h)
		s.last = h
		return
	}
	before := len(m.hits) + int(m.dropped)
	m.field = s.name
	m.scans++
	m.setText(v)
	m.read(s.use)
	if before == len(m.hits)+int(m.dropped) {
		m.seen.add(h)
		s.last = h
	}
}

// read finds what the text at hand holds by itself and by its field.
func (m *Matcher) read(u use) {
	m.scan()
	switch u {
	case agentField:
		if m.set.has[agentKey] {
			m.key = agentText(m.key[:0], m.text)
			m.exact(agentKey, m.key, 0, len(m.text))
		}
	case objectField:
		if m.set.has[objectKey] {
			name := objectName(m.low)
			m.exact(objectKey, name, 0, len(m.text))
		}
	case accountField:
		if m.set.has[accountKey] {
			m.account()
		}
	}
	if m.mayBeDecoded() {
		m.decode()
	}
}

// exact looks up a text that is a key as a whole.
func (m *Matcher) exact(k kind, key []byte, start, end int) bool {
	return m.probe(k, k.of(hashBack(key)), key, start, end)
}

// probe reports all indicators with that key; start and end are what to quote of the text.
func (m *Matcher) probe(k kind, h uint64, key []byte, start, end int) (found bool) {
	if !m.set.table.may(k, h) {
		return false
	}
	all := m.set.table.find(h)
	for i := range all {
		if all[i].is(k, key) {
			m.report(all[i].id, start, end)
			found = true
		}
	}
	return found
}

// report adds a hit, once for each indicator and field of an event.
func (m *Matcher) report(id int32, start, end int) {
	i := &m.set.list[id]
	for k := m.first; k < len(m.hits); k++ {
		if m.hits[k].Indicator == i && m.hits[k].Field == m.field {
			return
		}
	}
	if len(m.hits)-m.first >= maxHits {
		m.dropped++
		return
	}
	value := m.text[start:end]
	if len(value) > MaxValue {
		value = value[:MaxValue]
		for k := 1; k < utf8.UTFMax && !utf8.RuneStart(value[len(value)-k]); k++ {
			value = value[:len(value)-k]
		}
	}
	warning, low := m.set.warnings[id]
	m.hits = append(m.hits, Hit{i, m.field, strings.ToValidUTF8(string(value), "\ufffd"), low, warning})
}

// account looks up the name of a user as it is, without its domain and without its host.
func (m *Matcher) account() {
	name := m.low
	for len(name) > 0 && (name[len(name)-1] == ' ' || name[len(name)-1] == 0) {
		name = name[:len(name)-1]
	}
	m.exact(accountKey, name, 0, len(name))
	for i, c := range name {
		switch {
		case c == '\\' && i+1 < len(name):
			m.exact(accountKey, name[i+1:], i+1, len(name))
			return
		case c == '@' && i > 0:
			m.exact(accountKey, name[:i], 0, i)
			return
		}
	}
}

// planOf gives the plan of an event's layout.
func (m *Matcher) planOf(e *event.Event) *plan {
	s := e.Shape
	const granule = 64 // bytes; shapes stand no closer together
	recent := &m.recent[uintptr(unsafe.Pointer(s))/granule%recentPlans]
	if recent.shape == s {
		return recent.plan
	}
	p := m.plans[s]
	if p == nil {
		if len(m.plans) >= maxPlans {
			clear(m.plans)
		}
		p = m.newPlan(e)
		m.plans[s] = p
	}
	recent.shape, recent.plan = s, p
	return p
}
