package pdf

import (
	"bytes"
	"iter"
	"strconv"
)

// An object is a value of a PDF (ISO 32000-1, 7.3): nil, bool, float64, name, text, array, dict,
// ref, *stream, or an operator of a content stream.
type object any

type (
	name     string
	text     string
	array    []object
	dict     map[name]object
	ref      int // the number of an object; generations do not matter to readers
	operator string
)

// A stream is a dictionary with bytes.
type stream struct {
	dict dict
	raw  []byte
}

const (
	// maxDepth bounds how deep arrays and dictionaries nest; real ones nest five deep.
	maxDepth = 32
	// maxToken bounds names and operators; the specification allows 127 bytes.
	maxToken = 4096
)

// A lexer reads objects one after the other.
type lexer struct {
	data []byte
	pos  int
	// content streams have operators, and no references.
	content bool
}

// done is what a lexer gives at its end, and a closing bracket where none was open.
type done struct{}

func isSpace(c byte) bool {
	return c == ' ' || c == '\n' || c == '\r' || c == '\t' || c == 0 || c == '\f'
}

func isDelimiter(c byte) bool { return bytes.IndexByte([]byte("()<>[]{}/%"), c) >= 0 }

// space skips blanks and comments.
func (l *lexer) space() {
	for l.pos < len(l.data) {
		switch c := l.data[l.pos]; {
		case isSpace(c):
			l.pos++
		case c == '%':
			for l.pos < len(l.data) && l.data[l.pos] != '\n' && l.data[l.pos] != '\r' {
				l.pos++
			}
		default:
			return
		}
	}
}

// next reads an object.
func (l *lexer) next(depth int) object {
	l.space()
	if l.pos >= len(l.data) || depth > maxDepth {
		l.pos = len(l.data)
		return done{}
	}
	switch c := l.data[l.pos]; c {
	case '/':
		l.pos++
		return name(l.name())
	case '(':
		return l.literal()
	case '[':
		l.pos++
		return l.array(depth)
	case '<':
		if l.pos+1 < len(l.data) && l.data[l.pos+1] == '<' {
			l.pos += 2
			return l.dict(depth)
		}
		return l.hex()
	case '>':
		l.pos++
		if l.pos < len(l.data) && l.data[l.pos] == '>' {
			l.pos++
		}
		return done{}
	case ']', ')', '{', '}':
		l.pos++
		return done{}
	}
	return l.word()
}

// operations gives the operators of a content stream (7.8.2), each with the operands before it, at most so
// many; they are valid until the next.
func (l *lexer) operations(most int) iter.Seq2[operator, array] {
	return func(yield func(operator, array) bool) {
		var operands array
		for {
			switch o := l.next(0).(type) {
			case done:
				if l.pos >= len(l.data) {
					return
				}
			case operator:
				if !yield(o, operands) {
					return
				}
				operands = operands[:0]
			default:
				if len(operands) < most {
					operands = append(operands, o)
				}
			}
		}
	}
}

// token takes the characters up to a blank or delimiter.
func (l *lexer) token() []byte {
	start := l.pos
	for l.pos < len(l.data) && l.pos-start < maxToken && !isSpace(l.data[l.pos]) && !isDelimiter(l.data[l.pos]) {
		l.pos++
	}
	if l.pos == start {
		l.pos++ // never stand still
	}
	return l.data[start:min(l.pos, len(l.data))]
}

// name reads a name behind its slash; #20 is a character.
func (l *lexer) name() string {
	if l.pos >= len(l.data) || isSpace(l.data[l.pos]) || isDelimiter(l.data[l.pos]) {
		return ""
	}
	raw := l.token()
	if bytes.IndexByte(raw, '#') < 0 {
		return string(raw)
	}
	var b []byte
	for i := 0; i < len(raw); i++ {
		if raw[i] == '#' && i+2 < len(raw) {
			if v, err := strconv.ParseUint(string(raw[i+1:i+3]), 16, 8); err == nil {
				b = append(b, byte(v))
				i += 2
				continue
			}
		}
		b = append(b, raw[i])
	}
	return string(b)
}

// word reads a number, a reference, or an operator.
func (l *lexer) word() object {
	raw := l.token()
	if f, ok := number(raw); ok {
		if !l.content {
			if r, ok := l.reference(f); ok {
				return r
			}
		}
		return f
	}
	switch string(raw) {
	case "true":
		return true
	case "false":
		return false
	case "null":
		return nil
	}
	return operator(raw)
}

func number(raw []byte) (float64, bool) {
	if len(raw) == 0 || len(raw) > 32 || raw[0] > '9' {
		return 0, false
	}
	f, err := strconv.ParseFloat(string(raw), 64)
	return f, err == nil
}

// reference reads "0 R" behind a number, or nothing.
func (l *lexer) reference(f float64) (ref, bool) {
	if f < 0 || f > maxObject || f != float64(int(f)) {
		return 0, false
	}
	at := l.pos
	l.space()
	digits := l.pos
	for l.pos < len(l.data) && l.data[l.pos] >= '0' && l.data[l.pos] <= '9' && l.pos-digits < 6 {
		l.pos++
	}
	if l.pos > digits {
		l.space()
		if l.pos < len(l.data) && l.data[l.pos] == 'R' && (l.pos+1 == len(l.data) || isSpace(l.data[l.pos+1]) || isDelimiter(l.data[l.pos+1])) {
			l.pos++
			return ref(f), true
		}
	}
	l.pos = at
	return 0, false
}

func (l *lexer) array(depth int) array {
	var a array
	for {
		o := l.next(depth + 1)
		if _, end := o.(done); end {
			return a
		}
		a = append(a, o)
	}
}

func (l *lexer) dict(depth int) dict {
	d := dict{}
	for {
		key, ok := l.next(depth + 1).(name)
		if !ok {
			return d
		}
		v := l.next(depth + 1)
		if _, end := v.(done); end {
			return d
		}
		d[key] = v
	}
}

// literal reads (text), with its escapes (7.3.4.2).
func (l *lexer) literal() text {
	var b []byte
	depth := 0
	for l.pos < len(l.data) {
		c := l.data[l.pos]
		l.pos++
		switch c {
		case '(':
			if depth++; depth == 1 {
				continue
			}
		case ')':
			if depth--; depth == 0 {
				return text(b)
			}
		case '\\':
			b = l.escape(b)
			continue
		}
		b = append(b, c)
	}
	return text(b)
}

func (l *lexer) escape(b []byte) []byte {
	if l.pos >= len(l.data) {
		return b
	}
	c := l.data[l.pos]
	l.pos++
	switch c {
	case 'n':
		return append(b, '\n')
	case 'r':
		return append(b, '\r')
	case 't':
		return append(b, '\t')
	case 'b', 'f':
		return append(b, ' ')
	case '\r':
		if l.pos < len(l.data) && l.data[l.pos] == '\n' {
			l.pos++
		}
		return b
	case '\n':
		return b
	}
	if c < '0' || c > '7' {
		return append(b, c)
	}
	v := int(c - '0')
	for n := 0; n < 2 && l.pos < len(l.data) && l.data[l.pos] >= '0' && l.data[l.pos] <= '7'; n++ {
		v = v<<3 | int(l.data[l.pos]-'0')
		l.pos++
	}
	return append(b, byte(v))
}

// hex reads <48656C6C6F>.
func (l *lexer) hex() text {
	l.pos++
	var b []byte
	half := -1
	for l.pos < len(l.data) {
		c := l.data[l.pos]
		l.pos++
		if c == '>' {
			break
		}
		v, ok := hexDigit(c)
		if !ok {
			continue
		}
		if half < 0 {
			half = v
			continue
		}
		b = append(b, byte(half<<4|v))
		half = -1
	}
	if half >= 0 {
		b = append(b, byte(half<<4))
	}
	return text(b)
}

func hexDigit(c byte) (int, bool) {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0'), true
	case c >= 'a' && c <= 'f':
		return int(c-'a') + 10, true
	case c >= 'A' && c <= 'F':
		return int(c-'A') + 10, true
	}
	return 0, false
}
