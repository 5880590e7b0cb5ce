// Package escape makes text harmless for the place where it is shown. In go texts that the intruder
// may have written: values of logs, words of reports, names of files; out come the same texts, of
// which nothing takes effect and nothing is lost.
package escape

import (
	"strconv"
	"unicode"
	"unicode/utf8"
)

// AppendJSON appends a JSON text (RFC 8259). Beside what JSON asks for it escapes what a page, a
// terminal or a JavaScript engine would take for more than text: <, >, &, U+2028, U+2029, control
// characters and those that turn the direction of writing. Invalid UTF-8 becomes U+FFFD.
func AppendJSON[T string | []byte](dst []byte, s T) []byte {
	dst = append(dst, '"')
	start := 0
	for i := 0; i < len(s); {
		c := s[i]
		if plain[c] {
			i++
			continue
		}
		if c < utf8.RuneSelf {
			dst = append(dst, s[start:i]...)
			switch c {
			case '"', '\\':
				dst = append(dst, '\\', c)
			case '\n':
				dst = append(dst, '\\', 'n')
			case '\r':
				dst = append(dst, '\\', 'r')
			case '\t':
				dst = append(dst, '\\', 't')
			default:
				dst = appendU(dst, rune(c))
			}
			i++
			start = i
			continue
		}
		r, n := utf8.DecodeRuneInString(string(s[i:min(i+utf8.UTFMax, len(s))]))
		if r == utf8.RuneError && n == 1 {
			dst = append(append(dst, s[start:i]...), "\ufffd"...)
			i++
			start = i
			continue
		}
		if Deceptive(r) {
			dst = appendU(append(dst, s[start:i]...), r)
			start = i + n
		}
		i += n
	}
	return append(append(dst, s[start:]...), '"')
}

// plain are the bytes that stand in a JSON text as they are.
var plain = func() (t [256]bool) {
	for c := range utf8.RuneSelf {
		t[c] = c >= 0x20 && c != '"' && c != '\\' && c != '<' && c != '>' && c != '&' && c != 0x7f
	}
	return t
}()

// appendU appends \uXXXX, as a surrogate pair where it must be.
func appendU(dst []byte, r rune) []byte {
	if r > 0xffff {
		r -= 0x10000
		return appendU(appendU(dst, 0xd800+r>>10), 0xdc00+r&0x3ff)
	}
	const digits = "0123456789abcdef"
	return append(dst, '\\', 'u', digits[r>>12&15], digits[r>>8&15], digits[r>>4&15], digits[r&15])
}

// JSON escapes in finished JSON what AppendJSON escapes beside what encoding/json does. Outside
// of texts JSON has none of these characters.
func JSON(b []byte) []byte {
	var out []byte
	start := 0
	for i := 0; i < len(b); {
		r, n := utf8.DecodeRune(b[i:])
		if r == 0x7f || r >= utf8.RuneSelf && Deceptive(r) {
			out = appendU(append(out, b[start:i]...), r)
			start = i + n
		}
		i += n
	}
	if start == 0 {
		return b
	}
	return append(out, b[start:]...)
}

// Deceptive tells whether a character is not what it looks like: control characters, line and
// paragraph separators, and format characters, of which some turn the direction of writing and
// others are invisible.
func Deceptive(r rune) bool {
	return r < 0x20 || r >= 0x7f && r < 0xa0 || r == 0x2028 || r == 0x2029 || r >= 0xad && unicode.Is(unicode.Cf, r)
}

// Terminal makes a text safe for one line of a terminal: deceptive characters are shown as \n, \t,
// \x1b or \u202e instead of taking effect.
func Terminal(s string) string {
	clean := true
	for _, r := range s {
		if Deceptive(r) || r == utf8.RuneError {
			clean = false
			break
		}
	}
	if clean {
		return s
	}
	var dst []byte
	for i, r := range s {
		switch {
		case r == utf8.RuneError:
			if _, n := utf8.DecodeRuneInString(s[i:]); n == 1 {
				dst = append(dst, '\\', 'x')
				dst = append(dst, "0123456789abcdef"[s[i]>>4], "0123456789abcdef"[s[i]&15])
				continue
			}
			dst = append(dst, "\ufffd"...)
		case !Deceptive(r):
			dst = utf8.AppendRune(dst, r)
		case r == '\n':
			dst = append(dst, `\n`...)
		case r == '\r':
			dst = append(dst, `\r`...)
		case r == '\t':
			dst = append(dst, `\t`...)
		case r < 0x100:
			dst = append(dst, `\x`...)
			if r < 0x10 {
				dst = append(dst, '0')
			}
			dst = strconv.AppendInt(dst, int64(r), 16)
		default:
			dst = appendU(dst, r)
		}
	}
	return string(dst)
}

// Cell makes a text safe for a cell of a table: a spreadsheet takes cells that begin with one of
// these for formulas, and a quote before them makes them text (OWASP, "CSV Injection").
func Cell(s string) string {
	if s == "" {
		return s
	}
	switch s[0] {
	case '=', '+', '-', '@', '\t', '\r', '\n':
		return "'" + s
	}
	return s
}
