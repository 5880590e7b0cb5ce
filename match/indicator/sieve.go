package indicator

import (
	"bytes"
	"encoding/binary"
	"net/netip"
)

const (
	// maxNeedles is how many indicators a set with a sieve has: what is read of the sieve stays next to the processor.
	maxNeedles = 128
	// gramSize is the length of the pieces of texts that a sieve knows.
	gramSize = 4
	// leastStride keeps a sieve from looking at nearly all places of a text.
	leastStride, mostStride = 3, 8
	// gramBits is of how many places the table of pieces has; a sixteenth of them is taken at most.
	gramBits = 15
	// foldGram and foldByte set the bit that ASCII's letters in lower case have; what else becomes the same is told
	// apart when the whole is compared.
	foldGram, foldByte = 0x20202020, 0x20
	// wideFold does so for four characters in UTF-16.
	wideFold = 0x0020002000200020
)

// A sieve tells of a text that it holds none of a small set's indicators, without walking over it.
// Nearly every indicator stands in a text as it is, but for its case. So of each one we know a needle, the
// text that has to be there, and of each needle the pieces of four characters that begin at as many places in a
// row as the stride has characters: whoever looks at every such place of a text meets one of them. Four
// characters at every fifth place or so are looked up in a small table.
//
// A text may hold indicators without their needles if it has characters beyond ASCII, from which names
// in ASCII are made, or percent-escapes. Addresses of the internet have too many spellings: see [Set.mayHold].
type sieve struct {
	needles []string // folded
	stride  int
	// least is a length that no needle is shorter than.
	least int
	// known has a bit for each piece, and perhaps for others.
	known [1 << gramBits / 64]uint64
	// wide has one for each piece in UTF-16.
	wide [1 << gramBits / 64]uint64
	// grams is a table of pieces with open addressing, 0 where there is none; places says where they come from.
	grams  [1 << gramBits]uint32
	places [1 << gramBits]gramPlace
}

type gramPlace struct {
	needle, at uint16
}

// newSieve makes the sieve of a set's entries; nil if they are too many, too short or without needles.
func newSieve(entries []entry) *sieve {
	if len(entries) > maxNeedles {
		return nil
	}
	v := &sieve{stride: mostStride}
	for i := range entries {
		all, ok := needlesOf(&entries[i])
		if !ok {
			return nil
		}
		for _, n := range all {
			folded := []byte(n)
			for k := range folded {
				folded[k] |= foldByte
			}
			v.needles = append(v.needles, string(folded))
			v.stride = min(v.stride, len(n)-gramSize+1)
		}
	}
	if v.stride < leastStride {
		return nil
	}
	v.least = v.stride + gramSize - 1
	for i, n := range v.needles {
		// In the middle there is less of what names have in common than at their beginnings and ends.
		middle := (len(n) - gramSize + 1 - v.stride) / 2
		for at := middle; at < middle+v.stride; at++ {
			v.put(binary.LittleEndian.Uint32([]byte(n[at:at+gramSize])), gramPlace{uint16(i), uint16(at)})
		}
	}
	return v
}

// needlesOf gives what stands in each text of ASCII in which an entry is found, in either of its forms;
// false if there is nothing of the kind.
func needlesOf(e *entry) (all []string, ok bool) {
	key := []byte(e.key)
	switch e.kind {
	case ipKey, netKey:
		return nil, true // looked for besides
	case hexKey:
		return []string{e.key, pairs(key)}, true
	case urlKey:
		if key = hostOf(key); len(key) == 0 {
			return nil, true
		}
	case pathKey:
		key = key[bytes.LastIndexByte(key, '\\')+1:]
	case registryKey:
		key = key[bytes.LastIndexByte(key, '\\')+1:]
		switch string(key) {
		case e.key, "software", "classes", "currentcontrolset":
			return nil, false // other spellings of keys are without them
		}
	case agentKey:
		key = longestWord(key)
	}
	for _, c := range key {
		if c >= 0x80 {
			return nil, true // so has the text
		}
	}
	return []string{string(key)}, true
}

// pairs writes digits as fingerprints are written.
func pairs(digits []byte) string {
	var b []byte
	for i, c := range digits {
		if i > 0 && i%2 == 0 {
			b = append(b, ':')
		}
		b = append(b, c)
	}
	return string(b)
}

// hostOf is the host of an URL's key, nothing if it is an address.
func hostOf(key []byte) []byte {
	host, _, _ := bytes.Cut(key, []byte{'/'})
	if i := bytes.IndexByte(host, ':'); i >= 0 {
		if bytes.IndexByte(host[i+1:], ':') >= 0 {
			return nil
		}
		host = host[:i]
	}
	if _, err := netip.ParseAddr(string(host)); err == nil {
		return nil
	}
	return host
}

// longestWord is the longest piece of a user agent between blanks, which may be plus signs in texts.
func longestWord(agent []byte) (longest []byte) {
	for w := range bytes.FieldsSeq(agent) {
		if len(w) > len(longest) {
			longest = w
		}
	}
	return longest
}

func (v *sieve) put(gram uint32, p gramPlace) {
	at := gramHash(gram)
	v.known[at/64] |= 1 << (at % 64)
	w := wideHash(widen(gram))
	v.wide[w/64] |= 1 << (w % 64)
	for v.grams[at] != 0 {
		at = (at + 1) % uint32(len(v.grams))
	}
	v.grams[at], v.places[at] = gram, p
}

// wideHash is the place of four characters in UTF-16.
func wideHash(x uint64) uint64 { return (x | wideFold) * 0x9e3779b97f4a7c15 >> (64 - gramBits) }

func gramHash(gram uint32) uint32 { return gram * 0x9e3779b1 >> (32 - gramBits) }

// mayHold tells whether a text may hold a needle, or what a needle is made from. A character takes step
// bytes.
func (v *sieve) mayHold(raw []byte, step int) bool {
	if step == 2 {
		return v.mayHoldWide(raw[:len(raw)&^1])
	}
	other, escapes := uint64(0), uint64(0)
	i, last := 0, len(raw)-8
	for ; i <= last; i += v.stride {
		x := binary.LittleEndian.Uint64(raw[i:])
		other |= x
		percent := x ^ '%'*eachByte
		escapes |= (percent - eachByte) &^ percent
		gram := uint32(x) | foldGram
		if at := gramHash(gram); v.known[at/64]>>(at%64)&1 != 0 && v.holds(raw, i, 1, gram) {
			return true
		}
	}
	last = max(last, 0)
	x := wordAt(raw, last)
	other |= x
	percent := x ^ '%'*eachByte
	escapes |= (percent - eachByte) &^ percent
	for ; i <= len(raw)-gramSize; i += v.stride {
		gram := uint32(x>>(8*uint(i-last)&63)) | foldGram
		if at := gramHash(gram); v.known[at/64]>>(at%64)&1 != 0 && v.holds(raw, i, 1, gram) {
			return true
		}
	}
	return other&highBits != 0 || escapes&highBits != 0 && hasEscape(raw, 1)
}

func (v *sieve) mayHoldWide(raw []byte) bool {
	other, escapes := uint64(0), uint64(0)
	i := 0
	for ; i+16 <= len(raw); i += 2 * v.stride {
		x, y := binary.LittleEndian.Uint64(raw[i:]), binary.LittleEndian.Uint64(raw[i+8:])
		other |= x | y
		percent, also := x^'%'*eachByte, y^'%'*eachByte
		escapes |= (percent-eachByte)&^percent | (also-eachByte)&^also
		if at := wideHash(x); v.wide[at/64]>>(at%64)&1 != 0 && v.holds(raw, i, 2, narrow(x)|foldGram) {
			return true
		}
	}
	for k := i; k < len(raw); k += 8 {
		x := wordAt(raw, k)
		other |= x
		percent := x ^ '%'*eachByte
		escapes |= (percent - eachByte) &^ percent
	}
	for ; i+2*gramSize <= len(raw); i += 2 * v.stride {
		x := binary.LittleEndian.Uint64(raw[i:])
		if at := wideHash(x); v.wide[at/64]>>(at%64)&1 != 0 && v.holds(raw, i, 2, narrow(x)|foldGram) {
			return true
		}
	}
	return other&wideHigh != 0 || escapes&highBits != 0 && hasEscape(raw, 2)
}

// holds compares a text with the needles that have a piece that stands at a place of it.
func (v *sieve) holds(raw []byte, start, step int, gram uint32) bool {
next:
	for at := gramHash(gram); v.grams[at] != 0; at = (at + 1) % uint32(len(v.grams)) {
		if v.grams[at] != gram {
			continue
		}
		p := v.places[at]
		needle := v.needles[p.needle]
		from := start - int(p.at)*step
		if from < 0 || from+len(needle)*step > len(raw) {
			continue
		}
		for k := range len(needle) {
			if raw[from+k*step]|foldByte != needle[k] {
				continue next
			}
		}
		return true
	}
	return false
}

// hasEscape tells whether a text has a percent-escape.
func hasEscape(raw []byte, step int) bool {
	isHex := func(i int) bool { return class[lowerOf[raw[i]]]&hexByte != 0 }
	for i := 0; i+2*step < len(raw); i += step {
		if raw[i] == '%' && isHex(i+step) && isHex(i+2*step) {
			return true
		}
	}
	return false
}
