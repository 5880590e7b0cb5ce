package indicator

import "encoding/binary"

// Texts are looked at eight bytes at a time where one byte after the other would be most of the work.

const (
	// eachByte is 1 in each byte of a word, highBits the highest bit of each.
	eachByte = 0x0101010101010101
	highBits = 0x8080808080808080
	// wideHigh are the bits of four characters in UTF-16 that those of ASCII do not have.
	wideHigh = 0xff80ff80ff80ff80
)

// divider has the highest bit set somewhere if a word has a byte that divides names, or that something is
// written with: a dot, a colon, a backslash, a percent sign, or one beyond ASCII.
func divider(x uint64) uint64 {
	dot, colon := x^'.'*eachByte, x^':'*eachByte
	back, percent := x^'\\'*eachByte, x^'%'*eachByte
	return ((dot-eachByte)&^dot | (colon-eachByte)&^colon | (back-eachByte)&^back | (percent-eachByte)&^percent | x) & highBits
}

// wordAt gives eight bytes of a text; those behind its end are zero. There is at least one.
func wordAt(b []byte, at int) uint64 {
	if at+8 <= len(b) {
		return binary.LittleEndian.Uint64(b[at:])
	}
	if len(b) >= 8 {
		return binary.LittleEndian.Uint64(b[len(b)-8:]) >> (8 * (at + 8 - len(b)))
	}
	x := uint64(0)
	for i := len(b) - 1; i >= at; i-- {
		x = x<<8 | uint64(b[i])
	}
	return x
}

// lowerWord puts ASCII's letters of a word into lower case.
func lowerWord(x uint64) uint64 {
	low := x &^ highBits
	upTo := low + (0x7f-'Z')*eachByte // the highest bit is set of what is above Z
	from := low + (0x80-'A')*eachByte // and of what is A or above
	return x | (from&^upTo&^x&highBits)>>2
}

// lowerASCII writes a text in lower case into dst, which is as long, and tells whether all of it is ASCII.
func lowerASCII(dst, text []byte) bool {
	high := uint64(0)
	i := 0
	for ; i+8 <= len(text); i += 8 {
		x := binary.LittleEndian.Uint64(text[i:])
		high |= x
		binary.LittleEndian.PutUint64(dst[i:], lowerWord(x))
	}
	for ; i < len(text); i++ {
		high |= uint64(text[i])
		dst[i] = lowerOf[text[i]]
	}
	return high&highBits == 0
}

// narrow packs four characters of ASCII in UTF-16 into four bytes.
func narrow(x uint64) uint32 {
	x |= x >> 8
	x &= 0x0000ffff0000ffff
	return uint32(x | x>>16)
}

// widen gives four bytes as four characters in UTF-16.
func widen(gram uint32) uint64 {
	x := uint64(gram)
	x = (x | x<<16) & 0x0000ffff0000ffff
	return (x | x<<8) & 0x00ff00ff00ff00ff
}

// isPlain tells whether a text has ASCII alone; a character takes step bytes.
func isPlain(raw []byte, step int) bool {
	x := uint64(0)
	for i := 0; i < len(raw); i += 8 {
		x |= wordAt(raw, i)
	}
	if step == 2 {
		return x&wideHigh == 0
	}
	return x&highBits == 0
}
