package indicator

// What a byte of a bland text can be.
const (
	blandByte = iota
	blandHex
	notBland // something is divided by it, or written with it
)

// blandness is what each byte is; letters in either case.
var blandness = func() (b [256]uint8) {
	for c := range 256 {
		switch {
		case class[lowerOf[c]]&hexByte != 0:
			b[c] = blandHex
		case c == '.', c == ':', c == '\\', c == '%', class[lowerOf[c]]&highByte != 0:
			b[c] = notBland
		}
	}
	return b
}()

// maxBland is how long a bland text can be, in characters: longer ones nearly always hold something that
// has to be looked at, and are known by their hash if they come again.
const maxBland = 64

// isBland tells whether a text can hold no indicator, whatever its field: numbers, identifiers, words. That
// is quicker to see than whether the text was seen before. Without a dot there is no name of a host or a
// file and no address of four numbers, without a colon no other address, without a backslash no path,
// without a percent sign nothing is encoded; hashes are as long as the shortest; keys of the registry begin
// with "hk". A character takes step bytes, of which the first one counts.
func (s *Set) isBland(raw []byte, step int) bool {
	if s.bareName || len(raw) > maxBland*step {
		return false
	}
	digits, before := 0, byte(0)
	for i := 0; i < len(raw); i += step {
		c := raw[i]
		if step == 2 && (i+1 >= len(raw) || raw[i+1] != 0) {
			return false
		}
		switch blandness[c] {
		case notBland:
			return false
		case blandHex:
			if digits++; digits >= s.shortHex {
				return false
			}
		default:
			digits = 0
			if c|0x20 == 'k' && before|0x20 == 'h' {
				return false
			}
		}
		before = c
	}
	return true
}
