package indicator

// isBland tells whether a text can hold no indicator, whatever its field: numbers, identifiers, words. That
// is quicker to see than whether the text was seen before. Without a dot there is no name of a host or a
// file and no address of four numbers, without a colon no other address, without a backslash no path,
// without a percent sign nothing is encoded; hashes are as long as the shortest; behind the root of a key of the
// registry is a backslash or a colon. A character takes step bytes, of which the first one counts.
func (s *Set) isBland(raw []byte, step int) bool {
	if s.bareName {
		return false
	}
	if step == 2 {
		raw = raw[:len(raw)&^1]
		for i := 0; i < len(raw); i += 8 {
			if x := wordAt(raw, i); x&wideHigh != 0 || divider(x) != 0 {
				return false
			}
		}
	} else {
		for i := 0; i < len(raw); i += 8 {
			if divider(wordAt(raw, i)) != 0 {
				return false
			}
		}
	}
	return len(raw) < s.shortHex*step || !s.has[hexKey] || !longHex(raw, s.shortHex, step)
}

// longHex tells whether a text has n hexadecimal digits one behind the other: then every n-th character
// is a digit at least once.
func longHex(raw []byte, n, step int) bool {
	isHex := func(i int) bool { return class[lowerOf[raw[i]]]&hexByte != 0 }
	for i := (n - 1) * step; i < len(raw); i += n * step {
		if !isHex(i) {
			continue
		}
		digits := 1
		for k := i - step; k >= 0 && isHex(k); k -= step {
			digits++
		}
		for k := i + step; k < len(raw) && isHex(k); k += step {
			digits++
		}
		if digits >= n {
			return true
		}
	}
	return false
}
