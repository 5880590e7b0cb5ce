package sigma

import (
	"slices"
	"strconv"
	"unsafe"

	"aldebaran/event"
)

// A plan says for events of one layout and one kind which values to look at, and with what.
type plan struct {
	group *group
	slots []slot
	// joined looks at the first of the slots at once, where an event lets it; nil if the layout does not.
	joined *joinedSlot
	// lists are the fields that stand several times in the layout, and those whose one value may be
	// an array: rules see their elements and all of them joined (T20).
	lists []list
	// later and laterLists wake no rule: they are looked at only where others have woken one.
	later      []slot
	laterLists []list
	// sources are where each field of the group is found.
	sources [][]source
}

// A source is where a value comes from: a value of the event, or derived from several.
type source struct {
	at      int32 // index in Event.Values; -1 if derived
	derived *Derivation
}

// A slot is a source that is scanned.
type slot struct {
	source
	scanner *scanner
	// from are the fields that Derivation.If looks at, by index in Event.Values.
	from []int32
	// keywords says that the scanner looks for keywords only.
	keywords bool
	// same is the value whose text a derived one always is, by index in Event.Values; -1 if there is none.
	same int32
	// wakes says that what is found there may wake a rule.
	wakes bool
	memo  memo
}

// A memo remembers the last value of a slot: in many logs it is the next one's too.
type memo struct {
	entry      *cacheEntry
	generation uint32
}

// A joinedSlot is a text that is made of two fields, see joinedParts.
type joinedSlot struct {
	first, second int32 // index in Event.Values
	covers        int   // so many slots, the first ones, need not be looked at if this is
	decodes       int   // nor so many after these, if it has nothing to decode
	scanner       *scanner
	memo          memo
}

type list struct {
	field   int   // index in plan.sources
	several bool  // it stands several times; else it is a list only where its value is an array
	at      int32 // of that value in Event.Values
	scanner *scanner
}

// A scanner is the set of indexes that a value is looked up in for a group. The same one for all
// layouts, so that they share what the cache knows.
type scanner struct {
	id      uint32
	group   *group
	indexes []*literalIndex
	fields  []uint32 // of the indexes
	// passes are what a text is scanned with: one index made of all of them, where they are small.
	passes []*literalIndex
	joined *joinedParts // instead of the indexes; nil for a text by itself
	// also is what is made of the value and looked up with it: the cache knows it by the value it is
	// made of, so that nothing need be made of one that was seen before.
	also []madeOf
	own  *scanner // the same without also
}

// A madeOf is a derivation from one field alone, and what its values are looked up in.
type madeOf struct {
	derived *Derivation
	scanner *scanner
	// same says that it makes the text of the field itself: unless that is a list, the scanner that it
	// belongs to looks at it with its own indexes.
	same bool
}

// alone is the scanner without what is made of the value.
func (s *scanner) alone() *scanner {
	if s.own != nil {
		return s.own
	}
	return s
}

type scannerKey struct {
	group *group
	also  *Derivation // the first of scanner.also
	// fields are joined by commas; those of the parts of a joined text, and of scanner.also, with bars
	// between.
	fields string
}

type planKey struct {
	shape                      *event.Shape
	product, category, service string
	channel                    string
	eventID                    uint32
}

// maxPlans bounds what a log with ever new layouts can make a matcher remember.
const maxPlans = 1 << 12

func (m *Matcher) planFor(e *event.Event) *plan {
	k := planKey{e.Shape, e.Product, e.Category, e.Service, e.Channel, e.EventID}
	recent := &m.recent[recentSlot(k)]
	if recent.key == k {
		return recent.plan
	}
	p, ok := m.plans[k]
	if !ok {
		if len(m.plans) >= maxPlans {
			clear(m.plans)
			clear(m.scanners)
			clear(m.recent[:])
			m.cache.forget() // scanner numbers are given anew
		}
		if g := m.set.groupFor(e); g != nil {
			p = m.newPlan(g, e)
		}
		m.plans[k] = p
	}
	*recent = recentPlan{k, p}
	return p
}

// A recentPlan is one of the plans that were wanted last, found without hashing the whole key.
type recentPlan struct {
	key  planKey
	plan *plan
}

const recentPlans = 64 // a log mixes some tens of layouts

func recentSlot(k planKey) int {
	h := uint64(uintptr(unsafe.Pointer(k.shape)))>>5 ^ uint64(k.eventID)
	return int(h * 0x9e3779b97f4a7c15 >> (64 - 6))
}

func (m *Matcher) newPlan(g *group, e *event.Event) *plan {
	p := &plan{group: g, sources: make([][]source, len(g.fields))}
	type wanted struct {
		source
		fields []uint32
	}
	var want []wanted
	add := func(s source, field uint32) {
		i := slices.IndexFunc(want, func(w wanted) bool { return w.source == s })
		if i < 0 {
			i = len(want)
			want = append(want, wanted{source: s})
		}
		want[i].fields = append(want[i].fields, field)
	}
	var keywords []uint32
	for i, f := range g.fields {
		if m.set.isKeywords(f.id) && f.derived == nil {
			if f.scanned {
				keywords = append(keywords, f.id)
			}
			for at := range e.Values {
				p.sources[i] = append(p.sources[i], source{at: int32(at)})
			}
			continue
		}
		p.sources[i] = m.find(f, e)
		if !f.scanned {
			continue
		}
		for _, s := range p.sources[i] {
			add(s, f.id)
		}
		if g.variants(f.id) {
			continue
		}
		// A field that stands once may hold a list, in this event or in a later one of the same shape.
		if len(p.sources[i]) > 1 || len(p.sources[i]) == 1 && p.sources[i][0].at >= 0 {
			l := list{field: i, several: len(p.sources[i]) > 1, at: p.sources[i][0].at, scanner: m.scanner(g, []uint32{f.id})}
			if g.waking[f.id] {
				p.lists = append(p.lists, l)
			} else {
				p.laterLists = append(p.laterLists, l)
			}
		}
	}
	for _, id := range keywords {
		for at := range e.Values {
			add(source{at: int32(at)}, id)
		}
	}
	for _, w := range want {
		p.slots = append(p.slots, slot{
			source: w.source, scanner: m.scanner(g, w.fields), from: conditional(w.derived, e), same: sameText(w.derived, e),
			keywords: !slices.ContainsFunc(w.fields, func(f uint32) bool { return !m.set.isKeywords(f) }),
			wakes:    slices.ContainsFunc(w.fields, func(f uint32) bool { return g.waking[f] }),
		})
	}
	m.joinSlots(p, e)
	m.mergeMade(p)
	p.putOff()
	return p
}

// putOff takes out the slots that wake no rule, but for those of a joined text, which one look serves.
func (p *plan) putOff() {
	first := 0
	if p.joined != nil {
		first = p.joined.covers + p.joined.decodes
	}
	for _, s := range p.slots[first:] {
		if !s.wakes {
			p.later = append(p.later, s)
		}
	}
	p.slots = slices.Concat(p.slots[:first], slices.DeleteFunc(p.slots[first:], func(s slot) bool { return !s.wakes }))
}

// mergeMade puts what is made of one field alone, and is its text or made only under a condition on it, to
// the slot of that field.
func (m *Matcher) mergeMade(p *plan) {
	rest := p.slots
	if p.joined != nil {
		rest = rest[p.joined.covers:]
	}
	merged := func(own, s *slot) bool {
		return own.at >= 0 && s.derived != nil && (own.at == s.same || len(s.from) == 1 && len(s.derived.From) == 1 && s.from[0] == own.at)
	}
	for i := range rest {
		own := &rest[i]
		var also []madeOf
		for k := range rest {
			if s := &rest[k]; merged(own, s) {
				also = append(also, madeOf{s.derived, s.scanner, own.at == s.same})
				own.wakes = own.wakes || s.wakes
			}
		}
		if also != nil {
			own.scanner, own.keywords = m.makingScanner(own.scanner, also), false
		}
	}
	before := slices.Clone(rest)
	rest = slices.DeleteFunc(rest, func(s slot) bool {
		return slices.ContainsFunc(before, func(own slot) bool { return merged(&own, &s) })
	})
	p.slots = p.slots[:len(p.slots)-len(before)+len(rest)]
}

func (m *Matcher) makingScanner(own *scanner, also []madeOf) *scanner {
	k := scannerKey{group: own.group, also: also[0].derived, fields: fieldList(own.fields)}
	for _, a := range also {
		k.fields += "|" + fieldList(a.scanner.fields)
	}
	s := m.scanners[k]
	if s == nil {
		s = &scanner{id: uint32(len(m.scanners)), group: own.group, indexes: own.indexes, fields: own.fields, also: also, own: own}
		for _, a := range also {
			if a.same {
				s.indexes, s.fields = slices.Concat(s.indexes, a.scanner.indexes), slices.Concat(s.fields, a.scanner.fields)
			}
		}
		s.passes = m.set.passes(s.group, s.indexes)
		m.scanners[k] = s
	}
	return s
}

// sameText finds the value whose text a derived one is in all events of a layout: the only one of the
// fields that the first is taken of. It is -1 if there is none, or if there are several.
func sameText(d *Derivation, e *event.Event) int32 {
	if d == nil || !d.FirstOf {
		return -1
	}
	var all []int
	for _, name := range d.From {
		all = append(all, e.Shape.Lookup(name)...)
	}
	if slices.Sort(all); len(slices.Compact(all)) != 1 {
		return -1
	}
	return int32(all[0])
}

// conditional gives the places of the fields that a derivation's condition looks at.
func conditional(d *Derivation, e *event.Event) (from []int32) {
	if d == nil || d.If == nil {
		return nil
	}
	for _, name := range d.From {
		if at := e.Shape.Lookup(name); len(at) > 0 {
			from = append(from, int32(at[0]))
		}
	}
	return from
}

// joinSlots puts the slots of a joined text and its fields first, and makes the one that is looked at
// for them.
func (m *Matcher) joinSlots(p *plan, e *event.Event) {
	whole := slices.IndexFunc(p.slots, func(s slot) bool { return s.derived != nil && s.derived.Joins != nil })
	if whole < 0 {
		return
	}
	var at [2]int32
	for i, name := range p.slots[whole].derived.Joins {
		places := e.Shape.Lookup(name)
		if len(places) != 1 {
			return
		}
		at[i] = int32(places[0])
	}
	parts := [3]*scanner{p.slots[whole].scanner}
	for _, s := range p.slots {
		for i := range at {
			if s.at == at[i] {
				parts[i+1] = s.scanner
			}
		}
	}
	var covered, decoding, rest []slot
	for _, s := range p.slots {
		switch {
		case s.at == at[0] || s.at == at[1] || s.source == p.slots[whole].source:
			covered = append(covered, s)
		case s.derived != nil && s.derived.Decodes && !slices.ContainsFunc(s.from, func(from int32) bool { return from != at[0] && from != at[1] }):
			decoding = append(decoding, s)
		default:
			rest = append(rest, s)
		}
	}
	p.joined = &joinedSlot{first: at[0], second: at[1], covers: len(covered), decodes: len(decoding), scanner: m.joinedScanner(p.group, parts)}
	p.slots = slices.Concat(covered, decoding, rest)
}

func (m *Matcher) joinedScanner(g *group, parts [3]*scanner) *scanner {
	k := scannerKey{group: g}
	for _, s := range parts {
		if s != nil {
			k.fields += fieldList(s.fields)
		}
		k.fields += "|"
	}
	s := m.scanners[k]
	if s == nil {
		s = &scanner{id: uint32(len(m.scanners)), group: g, joined: m.set.newJoined(parts)}
		m.scanners[k] = s
	}
	return s
}

// find says where a field of a group is found in events of a layout.
func (m *Matcher) find(f groupField, e *event.Event) []source {
	own := e.Shape.Lookup(m.set.fields[f.id].name)
	if d := f.derived; d != nil && (!d.OwnFirst || len(own) == 0) {
		sources := derivedSources(d, e)
		for i := range d.Also {
			sources = append(sources, derivedSources(&d.Also[i], e)...)
		}
		return sources
	}
	return valueSources(own)
}

func derivedSources(d *Derivation, e *event.Event) []source {
	if d.Make != nil {
		// Without any field that it needs, what it makes is the same for all events of the layout.
		if len(d.From) > 0 && !slices.ContainsFunc(d.From, func(name string) bool { return e.Shape.Lookup(name) != nil }) {
			if _, ok := d.Make(nil, e); !ok {
				return nil
			}
		}
		return []source{{at: -1, derived: d}}
	}
	if len(d.From) == 0 {
		all := make([]source, len(e.Values))
		for at := range all {
			all[at].at = int32(at)
		}
		return all
	}
	return valueSources(e.Shape.Lookup(d.From[0]))
}

func valueSources(at []int) []source {
	out := make([]source, len(at))
	for i, a := range at {
		out[i] = source{at: int32(a)}
	}
	return out
}

func (m *Matcher) scanner(g *group, fields []uint32) *scanner {
	slices.Sort(fields)
	k := scannerKey{group: g, fields: fieldList(fields)}
	s := m.scanners[k]
	if s == nil {
		s = &scanner{id: uint32(len(m.scanners)), group: g}
		for _, f := range fields {
			x := m.set.fields[f].index
			if m.set.isKeywords(f) {
				x = g.keywords[f]
			}
			if x != nil {
				s.fields, s.indexes = append(s.fields, f), append(s.indexes, x)
			}
		}
		s.passes = m.set.passes(g, s.indexes)
		m.scanners[k] = s
	}
	return s
}

// maxOnePass is how many literals indexes may have to be made one: building it must not take longer than
// it saves in a small file.
const maxOnePass = 1 << 10

// passes makes one index of several, with the literals that the group's rules look for: a text that
// fields and keywords are looked for in is passed over once.
func (s *Set) passes(g *group, indexes []*literalIndex) []*literalIndex {
	size := 0
	for _, x := range indexes {
		size += x.size()
	}
	if len(indexes) < 2 || size > maxOnePass {
		return indexes
	}
	var b literalBuilder
	for _, x := range indexes {
		x.literals(func(l literal) {
			if s.wanted(g, l.atom) {
				b.add(l.lit, l.at, l.atom)
			}
		})
	}
	return []*literalIndex{b.build(s.common)}
}

// wanted tells whether a literal's atom occurs in the group's rules, or a check that hangs on it.
func (s *Set) wanted(g *group, literal uint32) bool {
	return g.knows(literal) || slices.ContainsFunc(s.checks[literal], func(c check) bool { return g.knows(c.atom) })
}

func fieldList(fields []uint32) string {
	var list []byte
	for _, f := range fields {
		list = append(strconv.AppendUint(list, uint64(f), 10), ',')
	}
	return string(list)
}
