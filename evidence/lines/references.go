package lines

import (
	"bytes"
	"strconv"
	"unicode/utf8"
)

// AppendXML appends a text of XML with its references to characters decoded: the five that are
// predefined and those by number (XML 1.0 sections 4.1 and 4.6). What looks like a reference and is none
// stays as it is; other entities are not expanded.
func AppendXML(dst, text []byte) []byte {
	const longest = len("&#x0010ffff;") // leading zeros are allowed
	for {
		i := bytes.IndexByte(text, '&')
		if i < 0 {
			return append(dst, text...)
		}
		dst, text = append(dst, text[:i]...), text[i:]
		end := bytes.IndexByte(text[:min(len(text), longest)], ';')
		r, ok := rune(0), false
		if end > 1 {
			r, ok = reference(text[1:end])
		}
		if !ok {
			dst, text = append(dst, '&'), text[1:]
			continue
		}
		dst, text = utf8.AppendRune(dst, r), text[end+1:]
	}
}

// reference gives the character of a name or number between & and ;.
func reference(name []byte) (r rune, ok bool) {
	switch string(name) {
	case "lt":
		return '<', true
	case "gt":
		return '>', true
	case "amp":
		return '&', true
	case "quot":
		return '"', true
	case "apos":
		return '\'', true
	}
	if name[0] != '#' || len(name) < 2 {
		return 0, false
	}
	digits, base := name[1:], 10
	if digits[0] == 'x' || digits[0] == 'X' {
		digits, base = digits[1:], 16
	}
	n, err := strconv.ParseUint(string(digits), base, 32)
	return rune(n), err == nil && n <= utf8.MaxRune
}
