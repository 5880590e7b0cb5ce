package indicator

import (
	"bytes"
	"encoding/binary"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"aldebaran/event"
)

// What a byte of a text in lower case can be a part of.
const (
	hexByte  = 1 << iota // 0-9 a-f
	wordByte             // other letters, hyphen, underscore
	dotByte
	highByte // beyond ASCII
	runBytes = hexByte | wordByte | dotByte | highByte
)

// class is what each byte is; upper-case letters do not occur in what is scanned.
var class = func() (c [256]uint8) {
	for b := range 256 {
		switch {
		case '0' <= b && b <= '9', 'a' <= b && b <= 'f':
			c[b] = hexByte
		case 'g' <= b && b <= 'z', b == '-', b == '_':
			c[b] = wordByte
		case b == '.':
			c[b] = dotByte
		case b >= utf8.RuneSelf:
			c[b] = highByte
		}
	}
	return c
}()

// lowerOf gives the lower case of ASCII's letters.
var lowerOf = func() (l [256]byte) {
	for b := range 256 {
		l[b] = byte(b)
		if 'A' <= b && b <= 'Z' {
			l[b] = byte(b) + 'a' - 'A'
		}
	}
	return l
}()

// setText makes the text of a value and its lower case, byte by byte in the same places.
func (m *Matcher) setText(v event.Value) {
	switch v.Kind {
	case event.UTF16:
		m.setUTF16(v.Raw)
		return
	case event.Text:
		m.text = v.Raw
	case event.ANSI:
		if m.text = bytes.TrimRight(v.Raw, "\x00"); !isASCII(m.text) {
			m.buf = v.AppendText(m.buf[:0])
			m.text = m.buf
		}
	default:
		m.buf = v.AppendText(m.buf[:0])
		m.text = m.buf
	}
	if len(m.text) > maxScan {
		m.text = m.text[:maxScan]
		m.cut++
	}
	if cap(m.low) < len(m.text) {
		m.low = make([]byte, len(m.text)+len(m.text)/4)
	}
	m.low = m.low[:len(m.text)]
	if m.ascii = lowerASCII(m.low, m.text); !m.ascii {
		lowerHigh(m.low)
	}
}

func isASCII(b []byte) bool {
	const high = 0x8080808080808080
	for ; len(b) >= 8; b = b[8:] {
		if binary.LittleEndian.Uint64(b)&high != 0 {
			return false
		}
	}
	for _, c := range b {
		if c >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// lowerHigh puts characters beyond ASCII into lower case where that takes as many bytes, so that
// places stay what they are.
func lowerHigh(b []byte) {
	for i := 0; i < len(b); {
		if b[i] < utf8.RuneSelf {
			i++
			continue
		}
		r, n := utf8.DecodeRune(b[i:])
		if l := unicode.ToLower(r); l != r && r != utf8.RuneError && utf8.RuneLen(l) == n {
			utf8.EncodeRune(b[i:], l)
		}
		i += n
	}
}

func (m *Matcher) setUTF16(raw []byte) {
	raw = raw[:len(raw)&^1]
	if len(raw) > 2*maxScan {
		raw = raw[:2*maxScan]
		m.cut++
	}
	most := len(raw)/2*3 + utf8.UTFMax // a unit takes three bytes at most
	if cap(m.buf) < most {
		m.buf = make([]byte, most+most/4)
	}
	if cap(m.low) < most {
		m.low = make([]byte, most+most/4)
	}
	text, low := m.buf[:most], m.low[:most]
	n := 0
	m.ascii = true
	for i := 0; i+1 < len(raw); i += 2 {
		c := raw[i]
		if raw[i+1] == 0 && c < utf8.RuneSelf {
			text[n], low[n] = c, lowerOf[c]
			n++
			continue
		}
		m.ascii = false
		r := rune(c) | rune(raw[i+1])<<8
		if utf16.IsSurrogate(r) {
			second := rune(utf8.RuneError)
			if i+3 < len(raw) {
				second = rune(raw[i+2]) | rune(raw[i+3])<<8
			}
			if r = utf16.DecodeRune(r, second); r != utf8.RuneError {
				i += 2
			}
		}
		size := utf8.EncodeRune(text[n:], r)
		copy(low[n:n+size], text[n:n+size])
		if l := unicode.ToLower(r); utf8.RuneLen(l) == size {
			utf8.EncodeRune(low[n:n+size], l)
		}
		n += size
	}
	for n > 0 && text[n-1] == 0 {
		n--
	}
	m.text, m.low = text[:n], low[:n]
}
