package sigma

import (
	"bytes"
	"encoding/binary"
	"math/bits"
	"slices"
	"strings"

	"aldebaran/event"
)

// A routeKey is a kind of event, as far as rules tell kinds apart.
type routeKey struct {
	product, category, service string
	channel                    string // lower case; "" if no rule names it
	// eventID is 0 and other true if no rule names it. windows says whether there is one at all.
	eventID        uint32
	other, windows bool
}

// isWindows tells whether the System part of a Windows event stands behind an event: its EventID
// is then the one of System, whatever EventData or UserData say (event 1108 has one of its own).
func isWindows(e *event.Event) bool { return e.Channel != "" || e.Product == "windows" }

// A group is what one kind of event can match: its rules, and which atoms wake which of them.
// Immutable.
type group struct {
	instances []instance
	// always are the instances that no atom can be named for; they are evaluated on each event.
	always []int32
	// fields are those that the instances need, and where the routes find them.
	fields []groupField
	local  map[uint32]int // field to index in fields
	// relevant has the bits of the atoms that occur in the instances; rank counts those before
	// each word. The n-th relevant atom wakes instances wake[start[n]:start[n+1]].
	relevant []uint64
	rank     []uint32
	start    []uint32
	wake     []int32
	// waking are the fields that an atom which wakes an instance belongs to.
	waking map[uint32]bool
	// keywordKinds are the kinds of values in whose text a keyword of the group can stand at all: no
	// number or GUID holds "mimikatz".
	keywordKinds [256]bool
	// keywordNumbers are those that can stand in a text of digits, dots, colons and hyphens.
	keywordNumbers [][]byte
	// keywordCharacters are the kinds of characters of which a text has one that any other keyword can stand in.
	keywordCharacters character
	// keywords are the indexes of the group's own keywords, by field: most groups have those of one
	// rule, and a table of all would be slower.
	keywords map[uint32]*literalIndex
}

// An instance is a rule on one of its routes.
type instance struct {
	rule  int32
	route *Route
	expr  *expr
	where []expr // all must hold too
	// tests says that the rule has tests, so that it pays to ask first what is possible.
	tests bool
}

type groupField struct {
	id      uint32
	derived *Derivation // nil: looked up by its name
	scanned bool        // it has atoms, not only tests
}

// groupFor gives the group of an event's kind, nil if no rule is for it.
func (s *Set) groupFor(e *event.Event) *group {
	k := routeKey{
		product: e.Product, category: e.Category, service: e.Service,
		channel: strings.ToLower(e.Channel), windows: isWindows(e),
	}
	if !s.channels[k.channel] {
		k.channel = ""
	}
	if k.windows && s.eventIDs[e.EventID] {
		k.eventID = e.EventID
	} else {
		k.other = true
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	g, ok := s.groups[k]
	if !ok {
		// The keys are bounded by what rules name but for the labels, which readers set: they are
		// taken from lists, never from the evidence.
		g = s.newGroup(k)
		s.groups[k] = g
	}
	return g
}

func (s *Set) newGroup(k routeKey) *group {
	var instances []instance
	var signature []byte
	for i := range s.sources {
		src := &s.sources[i]
		for j := range src.routes {
			route := &src.routes[j]
			if !takes(route, k) {
				continue
			}
			for _, r := range src.rules {
				if s.need(&s.exprs[r], k, false).never {
					continue
				}
				in := instance{rule: r, route: route, expr: &s.exprs[r], tests: exprWeight(s.exprs[r]) >= testWeight}
				for _, w := range route.Where {
					in.where = append(in.where, s.whereExpr(w))
				}
				instances = append(instances, in)
				signature = binary.AppendUvarint(signature, uint64(r))
				signature = binary.AppendUvarint(signature, uint64(j))
			}
		}
	}
	if len(instances) == 0 {
		return nil
	}
	// What wakes a rule depends on the EventID only through what is impossible, and so do the
	// rules of a group; but two kinds with the same rules may differ in it.
	wakes := make([]need, len(instances))
	for i, in := range instances {
		wakes[i] = s.need(in.expr, k, false)
		for _, w := range in.where {
			wakes[i] = cheaper(wakes[i], s.need(&w, k, false))
		}
		signature = binary.AppendUvarint(signature, uint64(len(wakes[i].atoms)))
		for _, a := range wakes[i].atoms {
			signature = binary.AppendUvarint(signature, uint64(a))
		}
	}
	if g := s.bySignature[string(signature)]; g != nil {
		return g
	}
	g := s.buildGroup(instances, wakes)
	s.bySignature[string(signature)] = g
	return g
}

func takes(r *Route, k routeKey) bool {
	if r.Product != "" && r.Product != k.product || r.Category != "" && r.Category != k.category || r.Service != "" && r.Service != k.service {
		return false
	}
	if len(r.Channels) > 0 && (k.channel == "" || !slices.Contains(r.Channels, k.channel)) {
		return false
	}
	return len(r.EventIDs) == 0 || k.windows && !k.other && slices.Contains(r.EventIDs, k.eventID)
}

func (s *Set) whereExpr(w Where) expr {
	for id := range s.fields {
		f := &s.fields[id]
		if f.name != w.Field || f.space != "" {
			continue
		}
		e := expr{op: exOr}
		for _, v := range w.Values {
			e.any = f.index.start.appendAtom(e.any, foldString(v), litWhole)
		}
		for _, v := range w.Prefixes {
			e.any = f.index.start.appendAtom(e.any, foldString(v), litStart)
		}
		return e
	}
	return expr{op: exOr}
}

// appendAtom appends the atom of a literal at an anchor, if there is one.
func (x *affixes) appendAtom(atoms []uint32, lit string, at anchor) []uint32 {
	i, _ := slices.BinarySearchFunc(x.entries, lit, func(e affix, lit string) int { return strings.Compare(e.lit, lit) })
	for ; i < len(x.entries) && x.entries[i].lit == lit; i++ {
		if x.entries[i].at == at {
			return append(atoms, x.entries[i].atom)
		}
	}
	return atoms
}

// A need is what must be so for an expression to be true.
type need struct {
	never bool
	// known says that one of atoms must be true; cost estimates how often that is.
	known bool
	atoms []uint32
	cost  float32
}

func cheaper(a, b need) need {
	switch {
	case a.never || !b.known && !b.never:
		return a
	case b.never || !a.known || b.cost < a.cost:
		return b
	}
	return a
}

// need says what must be so for the expression to be true (or, with not, false) of events of a
// kind. Of all the ways to say it, the one that is likely to be true least often.
func (s *Set) need(e *expr, k routeKey, not bool) need {
	switch e.op {
	case exNot:
		return s.need(&e.kids[0], k, !not)
	case exAtom:
		if not {
			return need{}
		}
		return need{known: true, atoms: []uint32{e.id}, cost: s.costs[e.id]}
	case exTest:
		t := &s.tests[e.id]
		if t.constant && k.windows {
			return need{never: (t.number == k.eventID && !k.other) == not}
		}
		if not || t.literals == nil {
			return need{}
		}
		n := need{known: true, atoms: t.literals}
		for _, a := range t.literals {
			n.cost += s.costs[a]
		}
		return n
	}
	if (e.op == exAnd) != not { // all of them
		best := need{}
		if !not {
			for i, a := range e.any {
				if n := s.costs[a]; i == 0 || n < best.cost {
					best = need{known: true, atoms: e.any[i : i+1], cost: n}
				}
			}
		}
		for i := range e.kids {
			best = cheaper(best, s.need(&e.kids[i], k, not))
			if best.never {
				return best
			}
		}
		return best
	}
	// One of them.
	if not && len(e.any) > 0 {
		return need{} // one of these atoms is false: nothing to be woken by
	}
	out := need{never: len(e.any) == 0, known: len(e.any) > 0, atoms: slices.Clip(e.any)}
	for _, a := range e.any {
		out.cost += s.costs[a]
	}
	for i := range e.kids {
		n := s.need(&e.kids[i], k, not)
		if n.never {
			continue
		}
		if !n.known {
			return need{}
		}
		out.never, out.known = false, true
		out.atoms = append(out.atoms, n.atoms...)
		out.cost += n.cost
	}
	return out
}

func (s *Set) buildGroup(instances []instance, wakes []need) *group {
	g := &group{instances: instances, local: map[uint32]int{}, waking: map[uint32]bool{}, relevant: make([]uint64, (s.atoms+63)/64)}
	byAtom := map[uint32][]int32{}
	for i, in := range instances {
		s.collect(g, in.expr, in.route)
		for _, w := range in.where {
			s.collect(g, &w, in.route)
		}
		if !wakes[i].known {
			g.always = append(g.always, int32(i))
			continue
		}
		for _, a := range wakes[i].atoms {
			g.waking[s.atomFields[a]] = true
			if l := byAtom[a]; len(l) == 0 || l[len(l)-1] != int32(i) {
				byAtom[a] = append(l, int32(i))
			}
		}
	}
	g.rank = make([]uint32, len(g.relevant))
	n := uint32(0)
	for w, word := range g.relevant {
		g.rank[w] = n
		for ; word != 0; word &= word - 1 {
			g.start = append(g.start, uint32(len(g.wake)))
			g.wake = append(g.wake, byAtom[uint32(w<<6+bits.TrailingZeros64(word))]...)
			n++
		}
	}
	g.start = append(g.start, uint32(len(g.wake)))
	s.indexKeywords(g)
	return g
}

// kindAlphabets are the characters, folded, that texts of those kinds are made of; see
// event.Value.AppendText. Values that are too short for their kind are shown as digits of a-f.
var kindAlphabets = map[event.Kind]string{
	event.Int8: "-0123456789", event.Int16: "-0123456789", event.Int32: "-0123456789", event.Int64: "-0123456789",
	event.Uint8: "0123456789", event.Uint16: "0123456789", event.Uint32: "0123456789", event.Uint64: "0123456789",
	event.Hex32: "0123456789abcdefx", event.Hex64: "0123456789abcdefx", event.Size: "0123456789abcdefx",
	event.Bool: "truefals", event.Binary: "0123456789abcdef", event.GUID: "0123456789abcdef{-}",
	event.FileTime: "0123456789-:.tz", event.SystemTime: "0123456789-:.tz", event.SID: "s-0123456789",
}

// indexKeywords makes the index of the group's keywords, and finds out in which kinds of values
// one of them can stand.
func (s *Set) indexKeywords(g *group) {
	builders := map[uint32]*literalBuilder{}
	var known []keyword
	for _, k := range s.keywords {
		if s.wanted(g, k.atom) {
			if builders[k.field] == nil {
				builders[k.field] = &literalBuilder{}
			}
			builders[k.field].add(k.lit, k.at, k.atom)
			known = append(known, k)
		}
	}
	g.keywords = map[uint32]*literalIndex{}
	for field, b := range builders {
		g.keywords[field] = b.build(s.common)
	}
	for k := range g.keywordKinds {
		g.keywordKinds[k] = true
	}
	g.keywordCharacters = otherCharacter
	for _, k := range known {
		switch madeOf := charactersOf(k.lit); {
		case madeOf&otherCharacter != 0:
		case madeOf&codeCharacter != 0:
			g.keywordCharacters |= codeCharacter
		default:
			g.keywordNumbers = append(g.keywordNumbers, []byte(k.lit))
		}
	}
	for kind, alphabet := range kindAlphabets {
		g.keywordKinds[kind] = slices.ContainsFunc(known, func(k keyword) bool {
			return strings.Trim(k.lit, alphabet+"abcdef0123456789") == ""
		})
	}
}

// holdsKeywords tells whether one of the group's keywords can stand in a value at all. Logs write
// numbers, times, addresses, GUIDs and SIDs as text: they are told by their characters.
func (g *group) holdsKeywords(v event.Value) bool {
	raw := v.Raw
	switch {
	case v.Kind == event.Text && len(raw) <= maxCode:
		for _, c := range raw {
			if characters[c]&g.keywordCharacters != 0 {
				return true
			}
		}
		return slices.ContainsFunc(g.keywordNumbers, func(lit []byte) bool { return bytes.Contains(raw, lit) })
	case v.Kind == event.UTF16 && len(raw) <= 2*maxCode && len(g.keywordNumbers) == 0:
		for ; len(raw) >= 2; raw = raw[2:] {
			if raw[1] != 0 || characters[raw[0]]&g.keywordCharacters != 0 {
				return true
			}
		}
		return false
	}
	return g.keywordKinds[v.Kind]
}

// A character is what kind of text a byte occurs in.
type character uint8

const (
	numberCharacter character = 1 << iota // in numbers and IPv4 addresses
	codeCharacter                         // in times, GUIDs, SIDs and hexadecimal numbers too
	otherCharacter
)

var characters = func() (t [256]character) {
	for c := range t {
		switch {
		case strings.IndexByte("0123456789.:-", byte(c)) >= 0:
			t[c] = numberCharacter
		case strings.IndexByte("abcdefABCDEF{}xXsStTzZ +", byte(c)) >= 0:
			t[c] = codeCharacter
		default:
			t[c] = otherCharacter
		}
	}
	return t
}()

// charactersOf gives the kinds of characters that a text has.
func charactersOf(s string) (kinds character) {
	for i := range len(s) {
		kinds |= characters[s[i]]
	}
	return kinds
}

// maxCode is longer than any number, time, address, GUID or SID: that of a user has up to 47 characters.
const maxCode = 48

// knows tells whether an atom occurs in the group's rules.
func (g *group) knows(a uint32) bool { return g.relevant[a>>6]>>(a&63)&1 != 0 }

// collect marks the atoms and fields that an expression needs.
func (s *Set) collect(g *group, e *expr, route *Route) {
	atom := func(a uint32) {
		g.relevant[a>>6] |= 1 << (a & 63)
	}
	switch e.op {
	case exAtom:
		atom(e.id)
		s.collectField(g, s.atomFields[e.id], route, true)
	case exTest:
		t := &s.tests[e.id]
		s.collectField(g, t.field, route, len(t.literals) > 0)
		if t.item.Kind == ItemFieldRef {
			s.collectField(g, t.ref, route, false)
		}
		for _, a := range t.literals {
			atom(a)
		}
	}
	for _, a := range e.any {
		atom(a)
		s.collectField(g, s.atomFields[a], route, true)
	}
	for i := range e.kids {
		s.collect(g, &e.kids[i], route)
	}
}

func (s *Set) collectField(g *group, id uint32, route *Route, scanned bool) {
	i, ok := g.local[id]
	if !ok {
		i = len(g.fields)
		g.local[id] = i
		f := groupField{id: id}
		if d, ok := route.Fields[s.fields[id].name]; ok && s.fields[id].space != "" {
			f.derived = &d
		}
		g.fields = append(g.fields, f)
	}
	g.fields[i].scanned = g.fields[i].scanned || scanned
}

// variants tells whether the values of a field are variants of one value, see Derivation.Also.
func (g *group) variants(field uint32) bool {
	i, ok := g.local[field]
	return ok && g.fields[i].derived != nil && g.fields[i].derived.Also != nil
}

// wokenBy gives the instances that an atom wakes; ok is false if no instance knows the atom.
func (g *group) wokenBy(a uint32) (instances []int32, ok bool) {
	word := g.relevant[a>>6]
	if word>>(a&63)&1 == 0 {
		return nil, false
	}
	n := g.rank[a>>6] + uint32(bits.OnesCount64(word&(1<<(a&63)-1)))
	return g.wake[g.start[n]:g.start[n+1]], true
}
