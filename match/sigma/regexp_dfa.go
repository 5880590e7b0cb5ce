package sigma

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"regexp"
	"regexp/syntax"
	"slices"
	"unicode"
	"unicode/utf8"
)

// A Regexp is a compiled regular expression in RE2 syntax, for the one question that rules ask:
// does it match somewhere in the text? It answers as package regexp does, several times as fast on
// long texts. Immutable and safe for concurrent use; each goroutine matches with a
// [RegexpMatcher] of its own.
//
// How it works: the program of regexp/syntax is a nondeterministic automaton over runes. A matcher
// turns it into a deterministic one, state by state as texts need them. A state is the set of
// instructions that may come next:
//
//	text:    n   e   t       u   s
//	state: 0   1   2   3   4   5   6 ...     next state = next[state, class of the rune]
//
// Runes that no instruction of the program tells apart are one class, so that a row of the table is
// short. Conditions like $ and \b look at the rune that comes next: they wait in the state until it
// is known, or until the text ends, which is a class too.
type Regexp struct {
	expr string
	prog *syntax.Prog
	std  *regexp.Regexp // for expressions that this is no good for
	// ascii gives the classes of ASCII; from the rune bounds[i] on, runes are of class classes[i].
	ascii   [utf8.RuneSelf]uint8
	bounds  []rune
	classes []uint8
	// samples has one rune of each class. The class len(samples) is the end of the text.
	samples []rune
	// anchored: a match begins where the text does, or nowhere.
	anchored bool
	// prefix is what all matches begin with, if that is known.
	prefix []byte
	// tables is false if the runes fall into too many classes: then std does it all.
	tables bool
	// literals is what Literals gives.
	literals []string
}

const (
	// maxRegexpClasses keeps a class in a byte. Expressions of real rules have up to 40.
	maxRegexpClasses = 250
	// maxRegexpBounds limits the work of finding the classes: \pL has 1,300.
	maxRegexpBounds = 8192
	// maxRegexpTable is how many entries of 4 bytes the table of one matcher may have. Expressions
	// of real rules need up to 14,000, but for one in 150 on texts that suit it badly.
	maxRegexpTable = 64 << 10
	// maxRegexpSets is how many instructions the states of one matcher may name in all.
	maxRegexpSets = 256 << 10
	// minBytesPerState is for how many bytes of text a state must have served on average by the time
	// the table is full. Working one out costs about what package regexp needs for that many.
	minBytesPerState = 16
	// maxRegexpUnpaid is how often a full table may not have paid before the matcher leaves the
	// expression to package regexp.
	maxRegexpUnpaid = 8
)

// CompileRegexp compiles an expression; the error is that of package regexp.
func CompileRegexp(expr string) (*Regexp, error) {
	std, err := regexp.Compile(expr)
	if err != nil {
		return nil, err
	}
	tree, err := syntax.Parse(expr, syntax.Perl)
	if err != nil {
		return nil, fmt.Errorf("parse %q: %w", expr, err)
	}
	tree = tree.Simplify()
	prog, err := syntax.Compile(tree)
	if err != nil {
		return nil, fmt.Errorf("compile %q: %w", expr, err)
	}
	r := &Regexp{expr: expr, prog: prog, std: std, literals: necessaryLiterals(tree)}
	r.anchored = prog.StartCond()&syntax.EmptyBeginText != 0
	if prefix, _ := prog.Prefix(); !r.anchored {
		r.prefix = []byte(prefix)
	}
	r.tables = r.findClasses()
	return r, nil
}

// String gives the expression.
func (r *Regexp) String() string { return r.expr }

// Literals gives literals in folded form (see fold) of which the folded form of every matching
// text has at least one; nil if none are known that are worth looking for.
func (r *Regexp) Literals() (literals []string, folded bool) { return r.literals, r.literals != nil }

// findClasses divides the runes into classes; false if there are too many.
func (r *Regexp) findClasses() bool {
	// The distinct sets of runes that instructions ask for.
	var asked []*syntax.Inst
	seen := map[string]bool{}
	// A bound is where a class may begin. Conditions tell newlines and word characters apart.
	bounds := []rune{0, '\n', '\n' + 1, '0', '9' + 1, 'A', 'Z' + 1, '_', '_' + 1, 'a', 'z' + 1, utf8.RuneSelf}
	for i := range r.prog.Inst {
		inst := &r.prog.Inst[i]
		if !isRune(inst) {
			continue
		}
		key := []byte{byte(inst.Op), byte(inst.Arg)}
		for _, c := range inst.Rune {
			key = binary.AppendVarint(key, int64(c))
		}
		if seen[string(key)] {
			continue
		}
		seen[string(key)] = true
		asked = append(asked, inst)
		if len(inst.Rune) == 1 {
			first := inst.Rune[0]
			bounds = append(bounds, first, first+1)
			for c := unicode.SimpleFold(first); c != first; c = unicode.SimpleFold(c) {
				bounds = append(bounds, c, c+1)
			}
			continue
		}
		for j := 0; j+1 < len(inst.Rune); j += 2 {
			bounds = append(bounds, inst.Rune[j], inst.Rune[j+1]+1)
		}
		if len(bounds) > maxRegexpBounds {
			return false
		}
	}
	slices.Sort(bounds)
	bounds = slices.Compact(bounds)

	byAnswer := map[string]uint8{}
	answer := make([]byte, 0, len(asked)+1)
	for _, c := range bounds {
		answer = append(answer[:0], classKind(c))
		for _, inst := range asked {
			yes := byte(0)
			if matchesRune(inst, c) {
				yes = 1
			}
			answer = append(answer, yes)
		}
		class, ok := byAnswer[string(answer)]
		if !ok {
			if len(r.samples) == maxRegexpClasses {
				return false
			}
			class = uint8(len(r.samples))
			byAnswer[string(answer)] = class
			r.samples = append(r.samples, c)
		}
		if n := len(r.classes); n > 0 && r.classes[n-1] == class {
			continue
		}
		r.bounds = append(r.bounds, c)
		r.classes = append(r.classes, class)
	}
	for c := range r.ascii {
		r.ascii[c] = r.classOf(rune(c))
	}
	return true
}

// classOf finds the class of a rune in r.bounds.
func (r *Regexp) classOf(c rune) uint8 {
	lo, hi := 0, len(r.bounds)
	for hi-lo > 1 {
		mid := int(uint(lo+hi) / 2)
		if r.bounds[mid] <= c {
			lo = mid
		} else {
			hi = mid
		}
	}
	return r.classes[lo]
}

func isRune(i *syntax.Inst) bool {
	switch i.Op {
	case syntax.InstRune, syntax.InstRune1, syntax.InstRuneAny, syntax.InstRuneAnyNotNL:
		return true
	}
	return false
}

func matchesRune(i *syntax.Inst, c rune) bool {
	switch i.Op {
	case syntax.InstRune1:
		return c == i.Rune[0]
	case syntax.InstRuneAny:
		return true
	case syntax.InstRuneAnyNotNL:
		return c != '\n'
	}
	return i.MatchRune(c)
}

// What conditions need to know of the rune before and behind a place.
const (
	kindOther   = iota
	kindNewline // '\n'
	kindWord    // [0-9A-Za-z_]
	kindNone    // the text begins or ends here
)

func classKind(c rune) byte {
	switch {
	case c == '\n':
		return kindNewline
	case syntax.IsWordChar(c):
		return kindWord
	}
	return kindOther
}

// holds tells whether the conditions hold between a rune of one kind and one of another.
func holds(op syntax.EmptyOp, before, behind byte) bool {
	var have syntax.EmptyOp
	switch before {
	case kindNone:
		have |= syntax.EmptyBeginText | syntax.EmptyBeginLine
	case kindNewline:
		have |= syntax.EmptyBeginLine
	}
	switch behind {
	case kindNone:
		have |= syntax.EmptyEndText | syntax.EmptyEndLine
	case kindNewline:
		have |= syntax.EmptyEndLine
	}
	if (before == kindWord) != (behind == kindWord) {
		have |= syntax.EmptyWordBoundary
	} else {
		have |= syntax.EmptyNoWordBoundary
	}
	return op&^have == 0
}

// A RegexpMatcher matches texts with one expression and remembers the states that they led to.
// One for each goroutine.
type RegexpMatcher struct {
	re *Regexp
	// next is the table: the state behind state s on class c is next[s+c]. States are numbered by
	// where their row begins, so that no multiplication is needed.
	next   []uint32
	stride uint32 // the length of a row: classes, and the end of the text
	states []regexpState
	sets   []uint32 // the instructions of all states
	byHash map[uint64]uint32
	first  uint32 // the state before the text

	// spent: the table does not pay, leave it to package regexp.
	spent   bool
	unpaid  int // how often it was begun anew for too little text
	matched int // bytes of text since it was begun

	now, then regexpSet
	stack     []uint32
	// members are those of the state that is being made, waiting the conditions among them.
	members, waiting, spare []uint32
}

// The rows before those of real states. Their numbers are results too, times the stride.
const (
	rowUnknown  = iota // not worked out yet
	rowDead            // nothing can match any more
	rowAccepted        // it matches
	realRows           // the number of these
)

// A regexpState is a set of instructions, sorted: those that take a rune, and conditions that wait
// for what comes next.
type regexpState struct {
	from, to uint32 // in sets
	// before is the kind of the rune before if a condition waits, else 0.
	before byte
	// older is the state before this one with the same hash; 0 if there is none.
	older uint32
}

// NewMatcher makes a matcher.
func (r *Regexp) NewMatcher() *RegexpMatcher {
	m := &RegexpMatcher{re: r, spent: !r.tables}
	if m.spent {
		return m
	}
	m.stride = uint32(len(r.samples) + 1)
	m.byHash = map[uint64]uint32{}
	m.now = newRegexpSet(len(r.prog.Inst))
	m.then = newRegexpSet(len(r.prog.Inst))
	m.begin()
	return m
}

// Match tells whether the expression matches somewhere in the text, which is read as UTF-8 with
// U+FFFD for each invalid byte. It does not allocate once the states that texts need are there.
func (m *RegexpMatcher) Match(text []byte) bool {
	if m.spent {
		return m.re.std.Match(text)
	}
	m.matched += len(text)
	s, next, class := m.first, m.next, &m.re.ascii
	lowest := m.stride * realRows
	// A state below special wants more than to go on to the next rune. The first state is the first
	// of the real ones, and does if there is a prefix to look for.
	special := lowest
	if len(m.re.prefix) > 0 {
		special++
	}
	i := 0
	for {
		if s < special {
			if s < lowest {
				return s == rowAccepted*m.stride
			}
			n := bytes.Index(text[i:], m.re.prefix)
			if n < 0 {
				return false
			}
			i += n
		}
		at, c := s, uint32(0)
		for {
			if i >= len(text) {
				return m.end(s) == rowAccepted*m.stride
			}
			if b := text[i]; b < utf8.RuneSelf {
				c = uint32(class[b])
				i++
			} else {
				r, size := utf8.DecodeRune(text[i:])
				c = uint32(m.re.classOf(r))
				i += size
			}
			at, s = s, next[s+c]
			if s < special {
				break
			}
		}
		if s == rowUnknown {
			if s = m.step(at, c); m.spent {
				return m.re.std.Match(text)
			}
			next = m.next
		}
	}
}

// end gives what state s comes to if the text ends.
func (m *RegexpMatcher) end(s uint32) uint32 {
	c := m.stride - 1
	if to := m.next[s+c]; to != rowUnknown {
		return to
	}
	return m.step(s, c)
}

// step works out the state behind state s on class c. It may begin the table anew; then the
// numbers of all states but the one it returns and m.first are void.
func (m *RegexpMatcher) step(s, c uint32) uint32 {
	st := m.states[s/m.stride]
	atEnd := c == m.stride-1
	behind := byte(kindNone)
	if !atEnd {
		behind = classKind(m.re.samples[c])
	}
	to := m.follow(st, c, behind, atEnd)
	if to != rowUnknown {
		m.next[s+c] = to * m.stride
		return to * m.stride
	}
	before := byte(0)
	if len(m.waiting) > 0 {
		before = behind
	}
	state, same := m.intern(before)
	if same {
		m.next[s+c] = state
	}
	return state
}

// follow finds the members of the state behind another; or a result, if there is no such state.
func (m *RegexpMatcher) follow(st regexpState, c uint32, behind byte, atEnd bool) (result uint32) {
	prog := m.re.prog
	// What comes next is known: conditions that wait hold or do not.
	m.now.clear()
	for _, pc := range m.sets[st.from:st.to] {
		inst := &prog.Inst[pc]
		if isRune(inst) {
			m.now.add(pc)
			continue
		}
		if holds(syntax.EmptyOp(inst.Arg), st.before, behind) && m.reach(&m.now, inst.Out, st.before, behind, true) {
			return rowAccepted
		}
	}
	if atEnd {
		return rowDead
	}
	m.then.clear()
	m.waiting = m.waiting[:0]
	sample := m.re.samples[c]
	for _, pc := range m.now.dense {
		inst := &prog.Inst[pc]
		if isRune(inst) && matchesRune(inst, sample) && m.reach(&m.then, inst.Out, behind, 0, false) {
			return rowAccepted
		}
	}
	if !m.re.anchored && m.reach(&m.then, uint32(prog.Start), behind, 0, false) {
		return rowAccepted
	}
	return m.collect()
}

// reach adds to a set what can be reached from an instruction without taking a rune; true if that
// is a match. If the rune behind is not known yet, conditions on it are put down as waiting.
func (m *RegexpMatcher) reach(set *regexpSet, pc uint32, before, behind byte, known bool) bool {
	const ahead = syntax.EmptyEndLine | syntax.EmptyEndText | syntax.EmptyWordBoundary | syntax.EmptyNoWordBoundary
	m.stack = append(m.stack[:0], pc)
	for len(m.stack) > 0 {
		pc := m.stack[len(m.stack)-1]
		m.stack = m.stack[:len(m.stack)-1]
		if !set.add(pc) {
			continue
		}
		inst := &m.re.prog.Inst[pc]
		switch inst.Op {
		case syntax.InstMatch:
			return true
		case syntax.InstAlt, syntax.InstAltMatch:
			m.stack = append(m.stack, inst.Arg, inst.Out)
		case syntax.InstCapture, syntax.InstNop:
			m.stack = append(m.stack, inst.Out)
		case syntax.InstEmptyWidth:
			op := syntax.EmptyOp(inst.Arg)
			switch {
			case known && holds(op, before, behind):
				m.stack = append(m.stack, inst.Out)
			case known || !holds(op&^ahead, before, 0):
			case op&ahead == 0:
				m.stack = append(m.stack, inst.Out)
			default:
				m.waiting = append(m.waiting, pc)
			}
		}
	}
	return false
}

// collect makes the members of a state out of m.then and m.waiting.
func (m *RegexpMatcher) collect() (result uint32) {
	m.members = append(m.members[:0], m.waiting...)
	for _, pc := range m.then.dense {
		if isRune(&m.re.prog.Inst[pc]) {
			m.members = append(m.members, pc)
		}
	}
	if len(m.members) == 0 && m.re.anchored {
		return rowDead
	}
	slices.Sort(m.members)
	return rowUnknown
}

// intern gives the number of the state of m.members, a new one if there is none. same is false if
// the table was begun anew for it.
func (m *RegexpMatcher) intern(before byte) (state uint32, same bool) {
	hash := m.hash(before)
	if s, ok := m.find(hash, before); ok {
		return s, true
	}
	if len(m.next)+int(m.stride) <= maxRegexpTable && len(m.sets)+len(m.members) <= maxRegexpSets {
		return m.add(hash, before), true
	}
	m.members, m.spare = m.spare, m.members
	m.begin()
	m.members, m.spare = m.spare, m.members
	if len(m.sets)+len(m.members) > maxRegexpSets {
		m.spent = true
	}
	if m.spent {
		return m.stride * rowDead, false
	}
	if s, ok := m.find(hash, before); ok {
		return s, false
	}
	return m.add(hash, before), false
}

func (m *RegexpMatcher) find(hash uint64, before byte) (state uint32, ok bool) {
	for s := m.byHash[hash]; s != 0; {
		st := &m.states[s/m.stride]
		if st.before == before && slices.Equal(m.sets[st.from:st.to], m.members) {
			return s, true
		}
		s = st.older
	}
	return 0, false
}

// add makes a state of m.members.
func (m *RegexpMatcher) add(hash uint64, before byte) (state uint32) {
	state = uint32(len(m.next))
	m.addRow()
	from := uint32(len(m.sets))
	m.sets = append(m.sets, m.members...)
	m.states = append(m.states, regexpState{from: from, to: uint32(len(m.sets)), before: before, older: m.byHash[hash]})
	m.byHash[hash] = state
	return state
}

func (m *RegexpMatcher) addRow() {
	n := len(m.next)
	m.next = slices.Grow(m.next, int(m.stride))[:n+int(m.stride)]
	clear(m.next[n:])
}

// begin makes the table anew: the rows of results, and the first state.
func (m *RegexpMatcher) begin() {
	// It pays if a state was good for more runes than it costs package regexp to read as many.
	if len(m.states)*minBytesPerState > m.matched {
		m.unpaid++
	}
	if m.unpaid > maxRegexpUnpaid {
		m.spent = true
		m.next, m.states, m.sets, m.byHash = nil, nil, nil, nil
		return
	}
	m.matched = 0
	m.next, m.states, m.sets = m.next[:0], m.states[:0], m.sets[:0]
	clear(m.byHash)
	for range realRows {
		m.addRow()
		m.states = append(m.states, regexpState{})
	}
	m.then.clear()
	m.waiting = m.waiting[:0]
	if m.reach(&m.then, uint32(m.re.prog.Start), kindNone, 0, false) {
		m.first = rowAccepted * m.stride
		return
	}
	if m.collect() == rowDead {
		m.first = rowDead * m.stride
		return
	}
	before := byte(0)
	if len(m.waiting) > 0 {
		before = kindNone
	}
	m.first = m.add(m.hash(before), before)
}

func (m *RegexpMatcher) hash(before byte) uint64 {
	h := uint64(before)
	for _, pc := range m.members {
		h = (h ^ uint64(pc)) * 0x9e3779b97f4a7c15 // 2^64 divided by the golden ratio
		h ^= h >> 29
	}
	return h
}

// A regexpSet is a set of instructions that remembers their order: pc is in it if
// dense[sparse[pc]] is pc, whatever sparse held before.
type regexpSet struct{ dense, sparse []uint32 }

func newRegexpSet(n int) regexpSet {
	return regexpSet{dense: make([]uint32, 0, n), sparse: make([]uint32, n)}
}

func (s *regexpSet) clear() { s.dense = s.dense[:0] }

// add is false if it was there.
func (s *regexpSet) add(pc uint32) bool {
	if i := s.sparse[pc]; int(i) < len(s.dense) && s.dense[i] == pc {
		return false
	}
	s.sparse[pc] = uint32(len(s.dense))
	s.dense = append(s.dense, pc)
	return true
}
