package sigma

import (
	"encoding/binary"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"aldebaran/event"
)

// Sigma compares without case under Unicode, not only ASCII (T1). Texts and literals are brought
// into one folded form, so that all comparisons below are comparisons of bytes.

// fold gives the representative of all runes that are the same but for case under simple case
// folding (unicode.SimpleFold): the smallest of them, in lower case where that is ASCII. So A, a
// give a; K, k and the Kelvin sign give k; É, é give É.
func fold(r rune) rune {
	if uint32(r) < uint32(len(foldTable)) {
		return rune(foldTable[r])
	}
	if r >= 0x2e80 && r < 0xa640 || r >= 0xac00 && r < 0xd800 {
		return r // CJK and Hangul know no case
	}
	return foldSlow(r)
}

func foldSlow(r rune) rune {
	least := r
	for o := unicode.SimpleFold(r); o != r; o = unicode.SimpleFold(o) {
		least = min(least, o)
	}
	if 'A' <= least && least <= 'Z' {
		least += 'a' - 'A'
	}
	return least
}

// foldTable holds fold for the scripts of most logs: Latin, Greek, Cyrillic, Hebrew, Arabic.
var foldTable = func() (t [0x800]uint16) {
	for r := range t {
		t[r] = uint16(foldSlow(rune(r)))
	}
	return t
}()

// foldString folds a text. Bytes that are no UTF-8 stay as they are: event texts have none, so
// they match nothing.
func foldString(s string) string { return string(appendFoldUTF8(nil, s, false)) }

// appendFoldUTF8 appends a folded UTF-8 text; fix turns invalid bytes into U+FFFD.
func appendFoldUTF8[T string | []byte](dst []byte, s T, fix bool) []byte {
	for i := 0; i < len(s); {
		for ; i+8 <= len(s); i += 8 {
			x := uint64(s[i]) | uint64(s[i+1])<<8 | uint64(s[i+2])<<16 | uint64(s[i+3])<<24 |
				uint64(s[i+4])<<32 | uint64(s[i+5])<<40 | uint64(s[i+6])<<48 | uint64(s[i+7])<<56
			if x&0x8080_8080_8080_8080 != 0 {
				break
			}
			dst = binary.LittleEndian.AppendUint64(dst, lowerASCII(x))
		}
		if i == len(s) {
			break
		}
		c := s[i]
		if c < utf8.RuneSelf {
			dst = append(dst, foldASCII[c])
			i++
			continue
		}
		r, n := decodeRune(s[i:])
		if r == utf8.RuneError && n == 1 {
			if fix {
				dst = utf8.AppendRune(dst, utf8.RuneError)
			} else {
				dst = append(dst, c)
			}
			i++
			continue
		}
		dst = utf8.AppendRune(dst, fold(r))
		i += n
	}
	return dst
}

func decodeRune[T string | []byte](s T) (rune, int) {
	var b [utf8.UTFMax]byte
	n := copy(b[:], s)
	return utf8.DecodeRune(b[:n])
}

// lowerASCII brings eight bytes below 0x80 into lower case at once. Adding 0x3f sets the high bit
// of a byte from 'A' on, adding 0x25 that of one behind 'Z'; no sum reaches into the next byte.
func lowerASCII(x uint64) uint64 {
	letters := (x + 0x3f3f_3f3f_3f3f_3f3f) ^ (x + 0x2525_2525_2525_2525)
	return x | letters&0x8080_8080_8080_8080>>2
}

var foldASCII = func() (t [256]byte) {
	for i := range t {
		t[i] = byte(i)
		if 'A' <= i && i <= 'Z' {
			t[i] = byte(i) + 'a' - 'A'
		}
	}
	return t
}()

// appendFold appends the folded text of a value; what text that is, event.Value.AppendText says.
func appendFold(dst []byte, v event.Value) []byte {
	switch v.Kind {
	case event.UTF16:
		return appendFoldUTF16(dst, v.Raw)
	case event.Text:
		return appendFoldUTF8(dst, v.Raw, true)
	}
	start := len(dst)
	dst = v.AppendText(dst)
	for i, c := range dst[start:] {
		if c >= utf8.RuneSelf {
			return append(dst[:start], appendFoldUTF8(nil, dst[start:], true)...)
		}
		dst[start+i] = foldASCII[c]
	}
	return dst
}

// appendFoldUTF16 folds little-endian UTF-16, four units at a time while they are ASCII.
func appendFoldUTF16(dst, b []byte) []byte {
	b = b[:len(b)&^1]
	for len(b) >= 2 && b[len(b)-1] == 0 && b[len(b)-2] == 0 {
		b = b[:len(b)-2]
	}
	n := len(dst)
	if need := n + len(b)/2 + 8; need > cap(dst) {
		grown := make([]byte, n, 2*need)
		copy(grown, dst)
		dst = grown
	}
	out := dst[n : n+len(b)/2 : cap(dst)]
	o := 0
	for len(b) >= 8 && o+4 <= len(out) {
		x := binary.LittleEndian.Uint64(b)
		if x&0xff80_ff80_ff80_ff80 != 0 {
			break
		}
		x = (x | x>>8) & 0x0000_ffff_0000_ffff
		binary.LittleEndian.PutUint32(out[o:], uint32(lowerASCII((x|x>>16)&0xffff_ffff)))
		b = b[8:]
		o += 4
	}
	dst = dst[:n+o]
	for i := 0; i+2 <= len(b); i += 2 {
		c := rune(b[i]) | rune(b[i+1])<<8
		if c < utf8.RuneSelf {
			dst = append(dst, foldASCII[c])
			continue
		}
		if utf16.IsSurrogate(c) {
			low := rune(utf8.RuneError)
			if i+4 <= len(b) {
				low = rune(b[i+2]) | rune(b[i+3])<<8
			}
			if r := utf16.DecodeRune(c, low); r != utf8.RuneError {
				c = r
				i += 2
			} else {
				c = utf8.RuneError
			}
		}
		dst = utf8.AppendRune(dst, fold(c))
	}
	return dst
}
