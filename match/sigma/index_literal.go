package sigma

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"math/bits"
	"slices"
	"strings"
)

// A literalIndex finds which of many literals stand in a text: all of them in one pass, whatever
// their number. Texts and literals are folded (see fold). Three tables, by where a literal must stand:
//
//	whole, start   sorted literals; the predecessor of the text in that order, and the chain of
//	               literals that are its prefixes, are all literals that the text starts with
//	end            the same from behind
//	anywhere       for each literal its rarest window of 4 bytes in a hash table behind a bitmap that
//	               fits the first-level cache; the text is slid through the bitmap, and what hits is
//	               compared. Literals of 1 to 3 bytes have a bitmap over their first two bytes.
//
// An automaton (Aho-Corasick) was tried in a prototype: as fast, and three times the memory.
// Immutable once built.
type literalIndex struct {
	start, end affixes
	grams      gramTable
	short      shortTable
	// numbers maps the normal form of a decimal number to the atom that is equal to it.
	numbers map[string]uint32
}

// An anchor says where in the text a literal must stand.
type anchor uint8

const (
	litWhole anchor = iota
	litStart
	litEnd
	litAnywhere
)

// A literal is looked for in the texts of a field. It has an atom of its own: a bit that says that
// it stands there.
type literal struct {
	lit  string
	at   anchor
	atom uint32
}

// literalBuilder collects the literals of one index. Several may be the same text: each has its
// atom.
type literalBuilder struct {
	ends     []literal // those that a text must begin or end with, or be
	anywhere []literal
	numbers  map[string]uint32
}

func (b *literalBuilder) add(lit string, at anchor, atom uint32) {
	l := literal{lit, at, atom}
	if at == litAnywhere {
		b.anywhere = append(b.anywhere, l)
	} else {
		b.ends = append(b.ends, l)
	}
}

func (b *literalBuilder) addNumber(normal string, atom uint32) {
	if b.numbers == nil {
		b.numbers = map[string]uint32{}
	}
	b.numbers[normal] = atom
}

// build makes the index. common says how common a window of 4 bytes is likely to be in texts.
func (b *literalBuilder) build(common func(uint32) int) *literalIndex {
	x := &literalIndex{numbers: b.numbers}
	x.start.build(b.ends, false)
	x.end.build(b.ends, true)
	x.grams.build(b.anywhere, common)
	x.short.build(b.anywhere)
	return x
}

// scan calls hit for each atom whose literal stands in the text; for some more than once.
func (x *literalIndex) scan(text []byte, hits *hitList) {
	x.scanEnds(text, hits)
	x.grams.scan(text, hits)
	x.short.scan(text, hits)
}

// scanEnds is that for literals that the text must begin or end with.
func (x *literalIndex) scanEnds(text []byte, hits *hitList) {
	x.start.scan(text, hits)
	x.end.scan(text, hits)
}

// size is how many literals an index has.
func (x *literalIndex) size() int {
	return len(x.start.entries) + len(x.end.entries) + len(x.grams.lits) + len(x.short.lits) + len(x.short.single)
}

// literals calls f for each literal.
func (x *literalIndex) literals(f func(literal)) {
	for _, l := range x.start.entries {
		f(l.literal)
	}
	for _, l := range x.end.entries {
		f(l.literal)
	}
	for _, l := range x.grams.lits {
		f(literal{l.lit, litAnywhere, l.atom})
	}
	for _, list := range [][]literal{x.short.lits, x.short.single} {
		for _, l := range list {
			f(l)
		}
	}
}

// A hitList collects atoms, each once. The bits are those of the atoms in the list.
type hitList struct {
	atoms []uint32
	bits  []uint64
}

func (h *hitList) add(atom uint32) {
	if w, b := &h.bits[atom>>6], uint64(1)<<(atom&63); *w&b == 0 {
		*w |= b
		h.atoms = append(h.atoms, atom)
	}
}

func (h *hitList) has(atom uint32) bool { return h.bits[atom>>6]>>(atom&63)&1 != 0 }

func (h *hitList) reset() {
	for _, a := range h.atoms {
		h.bits[a>>6] = 0
	}
	h.atoms = h.atoms[:0]
}

// affixes are literals that a text starts with, or, read from behind, ends with.
type affixes struct {
	reversed bool
	entries  []affix // sorted by literal (from behind if reversed)
	// first narrows the search: entries whose first byte is c are entries[first[c]:first[c+1]].
	first [257]uint32
}

type affix struct {
	literal
	// parent is the index of the longest other literal that this one starts with, or -1; of several
	// that are the same, the one before.
	parent int32
}

// build takes those of the literals that stand at this end of a text.
func (x *affixes) build(literals []literal, reversed bool) {
	x.reversed = reversed
	for _, l := range literals {
		if (l.at == litEnd) == reversed {
			x.entries = append(x.entries, affix{l, -1})
		}
	}
	compare, within := strings.Compare, strings.HasPrefix
	if reversed {
		compare, within = compareReversed[string, string], strings.HasSuffix
	}
	slices.SortFunc(x.entries, func(a, b affix) int {
		return cmp.Or(compare(a.lit, b.lit), cmp.Compare(a.atom, b.atom))
	})
	for i := range x.entries {
		for p := int32(i) - 1; p >= 0; p = x.entries[p].parent {
			if within(x.entries[i].lit, x.entries[p].lit) {
				x.entries[i].parent = p
				break
			}
		}
	}
	at := 0
	for c := range 257 {
		for at < len(x.entries) && int(x.firstByte(x.entries[at].lit)) < c {
			at++
		}
		x.first[c] = uint32(at)
	}
}

func (x *affixes) firstByte(lit string) byte {
	if x.reversed {
		return lit[len(lit)-1]
	}
	return lit[0]
}

func (x *affixes) scan(text []byte, hits *hitList) {
	if len(text) == 0 || len(x.entries) == 0 {
		return
	}
	c := text[0]
	if x.reversed {
		c = text[len(text)-1]
	}
	lo, hi := int(x.first[c]), int(x.first[int(c)+1])
	base := lo
	for lo < hi { // the last entry <= text
		mid := (lo + hi) / 2
		var order int
		if x.reversed {
			order = compareReversed(x.entries[mid].lit, text)
		} else {
			order = compareBytes(x.entries[mid].lit, text)
		}
		if order <= 0 {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	if lo == base {
		return
	}
	found := false
	for p := int32(lo - 1); p >= 0; p = x.entries[p].parent {
		e := &x.entries[p]
		if !found {
			// From the first literal that the text starts with, all up the chain are.
			if len(e.lit) > len(text) {
				continue
			}
			part := text[:len(e.lit)]
			if x.reversed {
				part = text[len(text)-len(e.lit):]
			}
			if string(part) != e.lit {
				continue
			}
			found = true
		}
		if e.at != litWhole || len(e.lit) == len(text) {
			hits.add(e.atom)
		}
	}
}

func compareBytes(a string, b []byte) int {
	n := min(len(a), len(b))
	for i := range n {
		if a[i] != b[i] {
			return cmp.Compare(a[i], b[i])
		}
	}
	return cmp.Compare(len(a), len(b))
}

func compareReversed[A, B string | []byte](a A, b B) int {
	i, j := len(a), len(b)
	for i > 0 && j > 0 {
		i--
		j--
		if a[i] != b[j] {
			return cmp.Compare(a[i], b[j])
		}
	}
	return cmp.Compare(i, j)
}

// gramTable finds literals of 4 bytes or more anywhere in a text.
type gramTable struct {
	bitmap []uint64
	shift  uint8 // of the hash, for the bitmap
	slots  []gramSlot
	mask   uint32 // of the slots
	lits   []gramLiteral
}

// A gramSlot is a place of an open hash table: the literals with that window are
// lits[start:end]; an empty place has start == end.
type gramSlot struct{ gram, start, end uint32 }

type gramLiteral struct {
	lit    string
	window int // where in the literal the window stands
	atom   uint32
}

// gramHash spreads a window over 32 bits (Fibonacci hashing).
func gramHash(g uint32) uint32 { return g * 0x9e3779b1 }

func (x *gramTable) build(literals []literal, common func(uint32) int) {
	type keyed struct {
		gram uint32
		gramLiteral
	}
	var all []keyed
	for _, l := range literals {
		lit := l.lit
		if len(lit) < 4 {
			continue
		}
		best, at := -1, 0
		for i := 0; i+4 <= len(lit); i++ {
			if n := common(gramAt(lit, i)); best < 0 || n < best {
				best, at = n, i
			}
		}
		all = append(all, keyed{gramAt(lit, at), gramLiteral{lit, at, l.atom}})
	}
	if len(all) == 0 {
		return
	}
	slices.SortFunc(all, func(a, b keyed) int {
		return cmp.Or(cmp.Compare(a.gram, b.gram), strings.Compare(a.lit, b.lit), cmp.Compare(a.atom, b.atom))
	})
	// 16 bits a literal keep false hits near 6 % and lower; 2^18 bits are 32 KiB, the first-level cache.
	log := min(max(bits.Len(uint(len(all)*16)), 9), 18)
	x.bitmap = make([]uint64, 1<<(log-6))
	x.shift = uint8(32 - log)
	slotLog := bits.Len(uint(len(all) * 2))
	x.slots = make([]gramSlot, 1<<slotLog)
	x.mask = uint32(len(x.slots) - 1)
	for i := 0; i < len(all); {
		g := all[i].gram
		start := uint32(len(x.lits))
		for ; i < len(all) && all[i].gram == g; i++ {
			x.lits = append(x.lits, all[i].gramLiteral)
		}
		h := gramHash(g)
		b := h >> x.shift
		x.bitmap[b>>6] |= 1 << (b & 63)
		s := h >> 7 & x.mask
		for x.slots[s].end != x.slots[s].start {
			s = (s + 1) & x.mask
		}
		x.slots[s] = gramSlot{g, start, uint32(len(x.lits))}
	}
}

func gramAt(lit string, i int) uint32 {
	return uint32(lit[i]) | uint32(lit[i+1])<<8 | uint32(lit[i+2])<<16 | uint32(lit[i+3])<<24
}

func (x *gramTable) scan(text []byte, hits *hitList) {
	if len(x.bitmap) == 0 || len(text) < 4 {
		return
	}
	bitmap, shift := x.bitmap, x.shift
	i := 0
	for ; i+8 <= len(text); i += 4 {
		w := binary.LittleEndian.Uint64(text[i:])
		b0 := gramHash(uint32(w)) >> shift
		b1 := gramHash(uint32(w>>8)) >> shift
		b2 := gramHash(uint32(w>>16)) >> shift
		b3 := gramHash(uint32(w>>24)) >> shift
		m0 := bitmap[b0>>6] >> (b0 & 63) & 1
		m1 := bitmap[b1>>6] >> (b1 & 63) & 1
		m2 := bitmap[b2>>6] >> (b2 & 63) & 1
		m3 := bitmap[b3>>6] >> (b3 & 63) & 1
		if m0|m1|m2|m3 == 0 {
			continue
		}
		if m0 != 0 {
			x.verify(text, i, uint32(w), hits)
		}
		if m1 != 0 {
			x.verify(text, i+1, uint32(w>>8), hits)
		}
		if m2 != 0 {
			x.verify(text, i+2, uint32(w>>16), hits)
		}
		if m3 != 0 {
			x.verify(text, i+3, uint32(w>>24), hits)
		}
	}
	for ; i+4 <= len(text); i++ {
		g := binary.LittleEndian.Uint32(text[i:])
		if b := gramHash(g) >> shift; bitmap[b>>6]>>(b&63)&1 != 0 {
			x.verify(text, i, g, hits)
		}
	}
}

// verify compares the literals of a window that was found at text[i:].
func (x *gramTable) verify(text []byte, i int, g uint32, hits *hitList) {
	s := gramHash(g) >> 7 & x.mask
	for {
		slot := x.slots[s]
		if slot.start == slot.end {
			return
		}
		if slot.gram == g {
			for l := slot.start; l < slot.end; l++ {
				lit := &x.lits[l]
				from := i - lit.window
				if from < 0 || from+len(lit.lit) > len(text) || hits.has(lit.atom) {
					continue
				}
				if string(text[from:from+len(lit.lit)]) == lit.lit {
					hits.add(lit.atom)
				}
			}
			return
		}
		s = (s + 1) & x.mask
	}
}

// shortTable finds literals of 1 to 3 bytes anywhere in a text.
type shortTable struct {
	// pairs is a bitmap over the first two bytes, little endian, of literals of 2 and 3 bytes; rank
	// counts the bits before each word. The literals of the n-th pair are lits[start[n]:start[n+1]].
	pairs  []uint64
	rank   []uint32
	start  []uint32
	lits   []literal
	single []literal
}

func (x *shortTable) build(literals []literal) {
	for _, l := range literals {
		switch len(l.lit) {
		case 1:
			x.single = append(x.single, l)
		case 2, 3:
			x.lits = append(x.lits, l)
		}
	}
	if len(x.lits) == 0 {
		return
	}
	pair := func(lit string) int { return int(lit[0]) | int(lit[1])<<8 }
	slices.SortFunc(x.lits, func(a, b literal) int {
		return cmp.Or(cmp.Compare(pair(a.lit), pair(b.lit)), strings.Compare(a.lit, b.lit), cmp.Compare(a.atom, b.atom))
	})
	x.pairs = make([]uint64, 1<<16/64)
	x.rank = make([]uint32, len(x.pairs))
	for i, l := range x.lits {
		if p := pair(l.lit); i == 0 || p != pair(x.lits[i-1].lit) {
			x.start = append(x.start, uint32(i))
			x.pairs[p>>6] |= 1 << (p & 63)
		}
	}
	x.start = append(x.start, uint32(len(x.lits)))
	n := 0
	for w := range x.pairs {
		x.rank[w] = uint32(n)
		n += bits.OnesCount64(x.pairs[w])
	}
}

func (x *shortTable) scan(text []byte, hits *hitList) {
	for _, l := range x.single {
		if bytes.IndexByte(text, l.lit[0]) >= 0 {
			hits.add(l.atom)
		}
	}
	if x.pairs == nil {
		return
	}
	pairs := (*[1 << 16 / 64]uint64)(x.pairs)
	i := 0
	for ; i+8 <= len(text); i += 4 {
		w := binary.LittleEndian.Uint64(text[i:])
		p0, p1, p2, p3 := uint16(w), uint16(w>>8), uint16(w>>16), uint16(w>>24)
		m0 := pairs[p0>>6] >> (p0 & 63) & 1
		m1 := pairs[p1>>6] >> (p1 & 63) & 1
		m2 := pairs[p2>>6] >> (p2 & 63) & 1
		m3 := pairs[p3>>6] >> (p3 & 63) & 1
		if m0|m1|m2|m3 == 0 {
			continue
		}
		if m0 != 0 {
			x.verify(text, i, p0, hits)
		}
		if m1 != 0 {
			x.verify(text, i+1, p1, hits)
		}
		if m2 != 0 {
			x.verify(text, i+2, p2, hits)
		}
		if m3 != 0 {
			x.verify(text, i+3, p3, hits)
		}
	}
	for ; i+2 <= len(text); i++ {
		if p := uint16(text[i]) | uint16(text[i+1])<<8; pairs[p>>6]>>(p&63)&1 != 0 {
			x.verify(text, i, p, hits)
		}
	}
}

func (x *shortTable) verify(text []byte, i int, p uint16, hits *hitList) {
	n := int(x.rank[p>>6]) + bits.OnesCount64(x.pairs[p>>6]&(1<<(p&63)-1))
	for _, l := range x.lits[x.start[n]:x.start[n+1]] {
		if len(l.lit) == 2 || i+2 < len(text) && text[i+2] == l.lit[2] {
			hits.add(l.atom)
		}
	}
}
