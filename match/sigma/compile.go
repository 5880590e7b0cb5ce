package sigma

import (
	"bytes"
	"fmt"
	"net/netip"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"
)

// A Set is a collection of rules compiled for matching. Immutable and safe for concurrent use,
// but for the table of groups, which is filled under a lock the first time that a kind of event
// is seen.
//
// Every comparison of a rule becomes an atom, a bit that is true of an event or not; equal
// comparisons share one. Atoms that depend on one value alone are found by the literal index of
// their field, for all rules at once; the others (regular expressions, numbers in order, CIDR,
// null, references) are tests, made only inside a rule that the atoms have woken.
type Set struct {
	rules  []*Rule
	fields []field
	// sources are the log sources that occur, with the rules of each.
	sources []routedRules
	exprs   []expr // of the rules
	atoms   int
	// atomFields are the fields that the atoms belong to.
	atomFields []uint32
	// triggers has the bits of literals on which checks hang.
	triggers []uint64
	checks   map[uint32][]check
	tests    []test
	// keywords are the literals of the field of keywords.
	keywords []keyword
	// common estimates how common a window of four bytes is in texts, see literalBuilder.build.
	common func(uint32) int
	// costs estimates how often an atom is true: the lower the better it wakes a rule.
	costs []float32
	// eventIDs and channels are those that some rule or route names; all others are alike.
	eventIDs map[uint32]bool
	channels map[string]bool

	mu     sync.Mutex
	groups map[routeKey]*group // by kind of event
	// bySignature holds the groups by the rules in them: many kinds share one.
	bySignature map[string]*group
}

// A field is a name that rules use, in one way of finding it in events (see Mapping).
type field struct {
	name string
	// maps are the mappings of the routes of its rules that know the name, by identity.
	space string
	index *literalIndex
}

type keyword struct {
	lit   string
	at    anchor
	atom  uint32
	field uint32
}

// isKeywords tells whether a field is that of keywords, in one of its ways of finding them.
func (s *Set) isKeywords(field uint32) bool { return s.fields[field].name == "" }

type routedRules struct {
	routes []Route
	rules  []int32
}

// An expr is a condition over atoms and tests.
type expr struct {
	op   exprOp
	id   uint32 // of an atom or a test
	kids []expr
	any  []uint32 // exOr: one of these atoms; exAnd: all of these atoms
}

type exprOp uint8

const (
	exAtom exprOp = iota
	exTest
	exAnd
	exOr
	exNot
)

// A check is an atom that needs more than its literal: the pattern must match as a whole.
type check struct {
	atom    uint32
	pattern Pattern // folded unless cased
	cased   bool
}

// A test is an item that is evaluated only when a rule needs it.
type test struct {
	item    *Item
	field   uint32
	ref     uint32 // field of a reference
	eventID bool   // the field is the event's EventID
	// constant says that the item asks for one EventID, number.
	constant bool
	number   uint32
	pattern  Pattern
	re       *Regexp
	// literals are atoms of which one is true of each text that re matches; nil if not known.
	literals []uint32
	prefix   netip.Prefix
}

// Compile builds a set from all rules of a collection. The error says which rule could not be
// compiled; a collection made by Load has none such.
func Compile(c *Collection) (*Set, error) {
	return compileRoutes(c.Rules, func(ls Logsource) []Route {
		routes, _ := Routes(ls) // an unknown log source has none; loading has warned of it
		return routes
	})
}

func compileRoutes(rules []*Rule, routesOf func(Logsource) []Route) (*Set, error) {
	b := compiler{
		routesOf: routesOf,
		Set: &Set{
			rules: rules, checks: map[uint32][]check{},
			eventIDs: map[uint32]bool{}, channels: map[string]bool{},
			groups: map[routeKey]*group{}, bySignature: map[string]*group{},
		},
		fieldIDs: map[fieldVariant]uint32{}, literals: map[literalKey]uint32{},
		checked: map[checkKey]uint32{}, tested: map[testKey]uint32{},
		regexps: map[string]*Regexp{}, bySource: map[Logsource]int{},
	}
	for i, r := range rules {
		if err := b.rule(int32(i), r); err != nil {
			return nil, fmt.Errorf("%s:%d: %s: %w", r.File, r.Line, r.Title, err)
		}
	}
	b.finish()
	return b.Set, nil
}

type compiler struct {
	*Set
	routesOf func(Logsource) []Route
	fieldIDs map[fieldVariant]uint32
	builders []literalBuilder // of the fields
	literals map[literalKey]uint32
	checked  map[checkKey]uint32
	tested   map[testKey]uint32
	regexps  map[string]*Regexp
	bySource map[Logsource]int
	uses     []int32 // of the atoms, by rules
	lengths  []int32 // weights of the atoms' literals; 0 for codes, see wholeLength
	space    func(name string) string
}

type (
	fieldVariant struct{ name, space string }
	literalKey   struct {
		field uint32
		at    anchor
		lit   string
	}
	checkKey struct {
		field   uint32
		pattern string
		cased   bool
	}
	testKey struct {
		field, ref uint32
		text       string
	}
)

func (b *compiler) field(name, space string) uint32 {
	k := fieldVariant{name, space}
	id, ok := b.fieldIDs[k]
	if !ok {
		id = uint32(len(b.fields))
		b.fieldIDs[k] = id
		b.fields = append(b.fields, field{name: name, space: space})
		b.builders = append(b.builders, literalBuilder{})
	}
	return id
}

func (b *compiler) rule(i int32, r *Rule) error {
	ls := r.Logsource
	ls.Definition = ""
	at, ok := b.bySource[ls]
	if !ok {
		at = len(b.sources)
		b.bySource[ls] = at
		routes := b.routesOf(ls)
		b.sources = append(b.sources, routedRules{routes: routes})
		for _, route := range routes {
			for _, id := range route.EventIDs {
				b.eventIDs[id] = true
			}
			for _, c := range route.Channels {
				b.channels[c] = true
			}
			for _, w := range route.Where {
				b.where(w)
			}
		}
	}
	b.sources[at].rules = append(b.sources[at].rules, i)
	routes := b.sources[at].routes
	b.space = func(name string) string { return mappingSpace(routes, name) }
	e, err := b.expr(r.Condition)
	b.exprs = append(b.exprs, e)
	return err
}

// where makes the atoms of a route's condition; whereExpr finds them again.
func (b *compiler) where(w Where) expr {
	f := b.field(w.Field, "")
	e := expr{op: exOr}
	for _, v := range w.Values {
		e.any = append(e.any, b.literal(f, litWhole, foldString(v)))
	}
	for _, v := range w.Prefixes {
		e.any = append(e.any, b.literal(f, litStart, foldString(v)))
	}
	return e
}

// mappingSpace names the mappings of the routes that know a field, by their identity.
func mappingSpace(routes []Route, name string) string {
	var space []byte
	for _, r := range routes {
		if _, ok := r.Fields[name]; ok {
			space = strconv.AppendUint(append(space, ' '), uint64(reflect.ValueOf(r.Fields).Pointer()), 36)
		}
	}
	return string(space)
}

func (b *compiler) expr(n Node) (expr, error) {
	switch n.Op {
	case OpItem:
		return b.item(n.Item)
	case OpNot:
		kid, err := b.expr(n.Kids[0])
		if kid.op == exNot {
			return kid.kids[0], err
		}
		return expr{op: exNot, kids: []expr{kid}}, err
	}
	e := expr{op: exAnd}
	if n.Op == OpOr {
		e.op = exOr
	}
	for _, k := range n.Kids {
		kid, err := b.expr(k)
		if err != nil {
			return e, err
		}
		switch {
		case kid.op == exAtom:
			e.any = append(e.any, kid.id)
		case kid.op == e.op:
			e.any = append(e.any, kid.any...)
			e.kids = append(e.kids, kid.kids...)
		default:
			e.kids = append(e.kids, kid)
		}
	}
	if len(e.any) == 1 && len(e.kids) == 0 {
		return expr{op: exAtom, id: e.any[0]}, nil
	}
	if len(e.any) == 0 && len(e.kids) == 1 {
		return e.kids[0], nil
	}
	// What is cheap to know goes first: bits are tried before kids, tests come last.
	slices.SortStableFunc(e.kids, func(x, y expr) int { return exprWeight(x) - exprWeight(y) })
	return e, nil
}

// testWeight is the weight of an expression that has a test.
const testWeight = 100

func exprWeight(e expr) int {
	switch e.op {
	case exAtom:
		return 0
	case exTest:
		return testWeight
	}
	w := 1
	for _, k := range e.kids {
		w = max(w, exprWeight(k))
	}
	return w
}

// item turns one comparison into an atom or a test.
func (b *compiler) item(it *Item) (expr, error) {
	f := b.field(it.Field, b.space(it.Field))
	// EventID is that of System (see isWindows), which is not looked up among the fields: it is
	// always a test, and no literal of its field stands for it.
	eventID := it.Field == "EventID"
	switch it.Kind {
	case ItemMatch:
		if eventID {
			return b.test(it, f, test{pattern: foldPattern(it)})
		}
		return b.pattern(it, f)
	case ItemNumber:
		if it.Part != WholeValue || eventID {
			break
		}
		normal, ok := normalDecimal(nil, []byte(patternText(it.Pattern)))
		if ok {
			return expr{op: exAtom, id: b.number(f, string(normal))}, nil
		}
		// A number that is not written in plain decimals (1e3): by its value, or by its text.
		normal, ok = normalDecimal(nil, strconv.AppendFloat(nil, it.Number, 'f', -1, 64))
		text := b.literal(f, litWhole, foldString(patternText(it.Pattern)))
		if !ok {
			return expr{op: exAtom, id: text}, nil
		}
		return expr{op: exOr, any: []uint32{b.number(f, string(normal)), text}}, nil
	case ItemRegexp:
		re := b.regexps[it.Regexp]
		if re == nil {
			var err error
			if re, err = CompileRegexp(it.Regexp); err != nil {
				return expr{}, err
			}
			b.regexps[it.Regexp] = re
		}
		t := test{re: re}
		lits, _ := re.Literals()
		if eventID {
			lits = nil
		}
		for _, lit := range lits {
			t.literals = append(t.literals, b.literal(f, litAnywhere, foldString(lit)))
		}
		return b.test(it, f, t)
	case ItemCIDR:
		p, err := netip.ParsePrefix(it.CIDR)
		if err != nil {
			return expr{}, err
		}
		return b.test(it, f, test{prefix: p.Masked()})
	case ItemFieldRef:
		return b.test(it, f, test{ref: b.field(it.RefField, b.space(it.RefField))})
	}
	return b.test(it, f, test{})
}

func (b *compiler) test(it *Item, f uint32, t test) (expr, error) {
	t.item, t.field, t.eventID = it, f, it.Field == "EventID"
	key := testKey{field: f, ref: t.ref, text: testText(it)}
	id, ok := b.tested[key]
	if !ok {
		if t.eventID {
			if t.number, t.constant = constantEventID(it); t.constant {
				b.eventIDs[t.number] = true
			}
		}
		id = uint32(len(b.tests))
		b.tested[key] = id
		b.tests = append(b.tests, t)
	}
	return expr{op: exTest, id: id}, nil
}

// testText tells tests apart: all that their answer depends on but for the field.
func testText(it *Item) string {
	return fmt.Sprint(it.Kind, it.Cmp, it.Part, it.Ref, it.Cased, it.Want, it.Number, "|", it.Regexp, "|", it.CIDR, "|", patternKey(it.Pattern))
}

func (b *compiler) literal(f uint32, at anchor, lit string) uint32 {
	k := literalKey{f, at, lit}
	id, ok := b.literals[k]
	if !ok {
		length := int32(literalWeight(lit))
		if at == litWhole {
			length = wholeLength(lit)
		}
		id = b.newAtom(f, length)
		b.literals[k] = id
		b.builders[f].add(lit, at, id)
		if b.isKeywords(f) {
			b.keywords = append(b.keywords, keyword{lit, at, id, f})
		}
	}
	b.uses[id]++
	return id
}

const numberAnchor anchor = 255 // in literalKey: a number, not a text

func (b *compiler) number(f uint32, normal string) uint32 {
	k := literalKey{f, numberAnchor, normal}
	id, ok := b.literals[k]
	if !ok {
		id = b.newAtom(f, wholeLength(normal))
		b.literals[k] = id
		b.builders[f].addNumber(normal, id)
	}
	b.uses[id]++
	return id
}

func (b *compiler) newAtom(f uint32, length int32) uint32 {
	b.atomFields = append(b.atomFields, f)
	b.uses = append(b.uses, 0)
	b.lengths = append(b.lengths, length)
	b.atoms++
	return uint32(b.atoms - 1)
}

// pattern turns a text with wildcards into an atom: a literal where its shape allows that, else a
// check that hangs on its longest literal; a test if it has none.
func (b *compiler) pattern(it *Item, f uint32) (expr, error) {
	p := foldPattern(it)
	lits, longest := 0, -1
	for i, part := range p {
		if part.Wildcard == NoWildcard {
			lits++
			if longest < 0 || len(part.Literal) > len(p[longest].Literal) {
				longest = i
			}
		}
	}
	if lits == 0 {
		return b.test(it, f, test{pattern: p})
	}
	if !it.Cased && lits == 1 {
		lit := p[longest].Literal
		switch {
		case len(p) == 1:
			return expr{op: exAtom, id: b.literal(f, litWhole, lit)}, nil
		case len(p) == 2 && p[0].Wildcard == AnyRun:
			return expr{op: exAtom, id: b.literal(f, litEnd, lit)}, nil
		case len(p) == 2 && p[1].Wildcard == AnyRun:
			return expr{op: exAtom, id: b.literal(f, litStart, lit)}, nil
		case len(p) == 3 && p[0].Wildcard == AnyRun && p[2].Wildcard == AnyRun:
			return expr{op: exAtom, id: b.literal(f, litAnywhere, lit)}, nil
		}
	}
	k := checkKey{f, patternKey(p), it.Cased}
	id, ok := b.checked[k]
	if !ok {
		id = b.newAtom(f, int32(len(p[longest].Literal)))
		b.checked[k] = id
		trigger := foldString(p[longest].Literal)
		on := b.literal(f, litAnywhere, trigger)
		b.checks[on] = append(b.checks[on], check{id, p, it.Cased})
	}
	b.uses[id]++
	return expr{op: exAtom, id: id}, nil
}

// foldPattern gives the item's pattern with runs of wildcards joined and * behind ?, folded unless it is
// cased.
func foldPattern(it *Item) Pattern {
	var out Pattern
	for _, part := range it.Pattern {
		if part.Wildcard == NoWildcard {
			if !it.Cased {
				part.Literal = foldString(part.Literal)
			}
			if n := len(out); n > 0 && out[n-1].Wildcard == NoWildcard {
				out[n-1].Literal += part.Literal
				continue
			}
		}
		if n := len(out); n > 0 && out[n-1].Wildcard == AnyRun {
			switch part.Wildcard {
			case AnyRun:
				continue
			case AnyOne:
				// *? is ?*, and what follows a * is quickly found.
				out = append(out[:n-1], part, out[n-1])
				continue
			}
		}
		out = append(out, part)
	}
	return out
}

func patternText(p Pattern) string {
	var s strings.Builder
	for _, part := range p {
		s.WriteString(part.Literal)
	}
	return s.String()
}

// patternKey is a text that differs for different patterns.
func patternKey(p Pattern) string {
	var s strings.Builder
	for _, part := range p {
		s.WriteByte(byte(part.Wildcard))
		s.WriteString(strconv.Quote(part.Literal))
	}
	return s.String()
}

// finish builds the indexes and the estimates.
func (b *compiler) finish() {
	// How common a window of four bytes is among all literals stands for how common it is in texts:
	// .exe, \win and powe are. The counts are by hash: now and then one is too high, which costs a
	// less rare window and nothing else.
	counts := make([]uint16, 1<<16)
	slot := func(g uint32) *uint16 { return &counts[gramHash(g)>>16] }
	for k := range b.literals {
		for i := 0; i+4 <= len(k.lit); i++ {
			if n := slot(gramAt(k.lit, i)); *n < 1<<16-1 {
				*n++
			}
		}
	}
	b.common = func(g uint32) int { return int(*slot(g)) }
	for i := range b.fields {
		b.fields[i].index = b.builders[i].build(b.common)
	}
	words := (b.atoms + 63) / 64
	b.triggers = make([]uint64, words)
	for a := range b.checks {
		b.triggers[a>>6] |= 1 << (a & 63)
	}
	b.costs = make([]float32, b.atoms)
	for i := range b.costs {
		b.costs[i] = atomCost(int(b.uses[i]), int(b.lengths[i]))
	}
	b.literals, b.builders = nil, nil
}

// wholeLength is the length of a text that is the whole value, 0 if it is a code: a method, a status, a
// port, a number of something. Fields of codes know few others, so that each is common.
func wholeLength(text string) int32 {
	const maxCode = 4 // POST, 0x10
	if len(text) <= maxCode {
		return 0
	}
	return int32(len(text))
}

// atomCost estimates how often an atom is true, in no unit: what many rules look for is common
// (\powershell.exe), and short literals are.
func atomCost(uses, length int) float32 {
	c := float32(uses)
	switch {
	case length == 0:
		c += 2000
	case length <= 2:
		c += 500
	case length <= 4:
		c += 60
	case length <= 7:
		c += 10
	case length <= 10:
		c += 3
	}
	return c
}

// constantEventID gives the number that an item on EventID asks for; ok is false if it is none.
func constantEventID(it *Item) (n uint32, ok bool) {
	text := ""
	switch {
	case it.Kind == ItemNumber && it.Part == WholeValue,
		it.Kind == ItemMatch && len(it.Pattern) == 1 && it.Pattern[0].Wildcard == NoWildcard:
		text = patternText(it.Pattern)
	default:
		return 0, false
	}
	u, err := strconv.ParseUint(text, 10, 32)
	if err != nil || it.Kind == ItemMatch && strconv.FormatUint(u, 10) != text {
		return 0, false
	}
	return uint32(u), true
}

// normalDecimal appends the normal form of a plain decimal number: no plus, no leading zeros, no
// zeros at the end of the decimals, no -0. ok is false if the text is none: an optional sign,
// digits, and optionally a point and digits; no exponent, no white space.
func normalDecimal(dst, s []byte) (normal []byte, ok bool) {
	start := len(dst)
	if len(s) > 0 && (s[0] == '-' || s[0] == '+') {
		if s[0] == '-' {
			dst = append(dst, '-')
		}
		s = s[1:]
	}
	digits := 0
	for digits < len(s) && '0' <= s[digits] && s[digits] <= '9' {
		digits++
	}
	whole, frac := s[:digits], s[digits:]
	if len(frac) > 0 {
		if frac[0] != '.' {
			return dst[:start], false
		}
		frac = frac[1:]
		for _, c := range frac {
			if c < '0' || c > '9' {
				return dst[:start], false
			}
		}
	}
	if len(whole)+len(frac) == 0 {
		return dst[:start], false
	}
	for len(whole) > 0 && whole[0] == '0' {
		whole = whole[1:]
	}
	for len(frac) > 0 && frac[len(frac)-1] == '0' {
		frac = frac[:len(frac)-1]
	}
	if len(whole)+len(frac) == 0 {
		return append(dst[:start], '0'), true
	}
	if len(whole) == 0 {
		dst = append(dst, '0')
	}
	dst = append(dst, whole...)
	if len(frac) > 0 {
		dst = append(append(dst, '.'), frac...)
	}
	return dst, true
}

// matchPattern tells whether a pattern matches the whole text. ? is one character: a rune of
// UTF-8, an invalid byte by itself.
func matchPattern(p Pattern, text []byte) bool {
	// The usual way for wildcards: on a mismatch go back to the last *, and let it take one more.
	i, part := 0, 0
	backPart, backText := -1, 0
	for {
		if part == len(p) {
			if i == len(text) {
				return true
			}
		} else {
			switch q := p[part]; q.Wildcard {
			case AnyRun:
				if part == len(p)-1 {
					return true
				}
				part++
				// A literal that begins inside of a character stands nowhere: it must not be found there.
				if next := p[part]; next.Wildcard == NoWildcard && next.Literal != "" && utf8.RuneStart(next.Literal[0]) {
					at := bytes.Index(text[i:], []byte(next.Literal))
					if at < 0 {
						return false
					}
					i += at
				}
				backPart, backText = part-1, i
				continue
			case AnyOne:
				if i < len(text) {
					_, n := utf8.DecodeRune(text[i:])
					i += n
					part++
					continue
				}
			case NoWildcard:
				if len(text)-i >= len(q.Literal) && string(text[i:i+len(q.Literal)]) == q.Literal {
					i += len(q.Literal)
					part++
					continue
				}
			}
		}
		if backPart < 0 || backText >= len(text) {
			return false
		}
		_, n := utf8.DecodeRune(text[backText:])
		i, part = backText+n, backPart
	}
}
