package json

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/bits"
	"unicode/utf16"
	"unicode/utf8"

	"aldebaran/event"
)

const (
	maxDepth  = 64      // real records nest about ten deep
	maxFields = 1 << 12 // values of one record; the richest real ones, of Kubernetes, have some hundreds
	maxTokens = 1 << 14 // steps through the trie of layouts that one record may take
)

// A fault is why a record could not be read.
type fault struct {
	pos         int
	want, found string
	// short says that the bytes ended before the record did.
	short bool
}

// begin makes the reader ready for the record at the beginning of b.
func (r *Reader) begin(b []byte) {
	if r.cached > maxCached {
		r.forget()
	}
	r.b = b
	r.values = r.values[:0]
	r.scratch = r.scratch[:0]
	r.at = r.root
	r.tokens = 0
	r.full = false
	r.fault = fault{}
}

func (r *Reader) fail(p int, want string) int {
	if p >= len(r.b) {
		r.fault = fault{pos: len(r.b), want: want, found: "the end", short: true}
		return -1
	}
	n := min(len(r.b), p+16)
	r.fault = fault{pos: p, want: want, found: fmt.Sprintf("%q", r.b[p:n])}
	return -1
}

func skip(b []byte, p int) int {
	for p < len(b) && (b[p] == ' ' || b[p] == '\n' || b[p] == '\t' || b[p] == '\r') {
		p++
	}
	return p
}

// object reads the members of an object; p is behind its brace. It gives the place behind the
// closing one, -1 if there is a fault.
func (r *Reader) object(p, depth int) int {
	if depth > maxDepth {
		return r.fail(p, fmt.Sprint("at most ", maxDepth, " levels"))
	}
	for {
		p = skip(r.b, p)
		if p >= len(r.b) {
			return r.fail(p, "a name or }")
		}
		switch r.b[p] {
		case '}':
			r.step(nil, tokClose)
			return p + 1
		case ',':
			p++
			continue
		case '"':
			p++
		default:
			return r.fail(p, "a name in quotes")
		}
		var key []byte
		// The name that stood here last is often the next one too.
		expected := r.at.last
		if l := expected; l != nil && p+len(l.key) < len(r.b) && r.b[p+len(l.key)] == '"' && string(r.b[p:p+len(l.key)]) == l.key {
			key = r.b[p : p+len(l.key)]
			p += len(key) + 1
		} else {
			expected = nil
			end, _ := stringEnd(r.b, p)
			if end < 0 {
				return r.fail(len(r.b), "a quote that ends the name")
			}
			key = r.b[p:end]
			p = end + 1
		}
		if p = skip(r.b, p); p >= len(r.b) || r.b[p] != ':' {
			return r.fail(p, "a colon")
		}
		p = skip(r.b, p+1)
		if expected != nil && expected.plain && p < len(r.b) && r.b[p] == '"' && !r.full && len(r.values) < maxFields && r.tokens < maxTokens {
			// The same as r.text, for what nearly all values are.
			end, escaped := stringEnd(r.b, p+1)
			if end < 0 {
				return r.fail(len(r.b), "a quote that ends the text")
			}
			raw := r.b[p+1 : end : end]
			if escaped {
				start := len(r.scratch)
				r.scratch = appendUnescaped(r.scratch, raw)
				raw = r.scratch[start:len(r.scratch):len(r.scratch)]
			}
			r.tokens++
			r.at = expected
			r.values = append(r.values, event.Value{Raw: raw, Kind: event.Text})
			p = end + 1
		} else if p = r.value(p, depth, key); p < 0 {
			return -1
		}
		p = skip(r.b, p)
		if p < len(r.b) && r.b[p] == ',' {
			p++
		} else if p >= len(r.b) || r.b[p] != '}' {
			return r.fail(p, "a comma or }")
		}
	}
}

// value reads one value, whose name is key, or nil within an array.
func (r *Reader) value(p, depth int, key []byte) int {
	if p >= len(r.b) {
		return r.fail(p, "a value")
	}
	switch r.b[p] {
	case '"':
		return r.text(p+1, depth, key)
	case '{':
		raw := r.beginRaw(key)
		r.step(key, tokOpen)
		end := r.object(p+1, depth+1)
		r.endRaw(raw, p, end)
		return end
	case '[':
		return r.array(p, depth, key)
	}
	end, null := r.literal(p)
	if end < 0 {
		return -1
	}
	v := event.Value{Raw: r.b[p:end:end], Kind: event.Text}
	if null {
		v = event.Value{}
	}
	r.field(key, tokValue, v)
	return end
}

// text reads a text; p is behind its quote.
func (r *Reader) text(p, depth int, key []byte) int {
	end, escaped := stringEnd(r.b, p)
	if end < 0 {
		return r.fail(len(r.b), "a quote that ends the text")
	}
	raw := r.b[p:end:end]
	if escaped {
		start := len(r.scratch)
		r.scratch = appendUnescaped(r.scratch, raw)
		raw = r.scratch[start:len(r.scratch):len(r.scratch)]
	}
	if len(raw) > 0 && (raw[0] == '{' || raw[0] == '<') && isEmbedded(key) && r.embedded(raw, depth, key) {
		return end + 1
	}
	if string(key) == nameAttribute {
		r.step(raw, tokName)
		return end + 1
	}
	r.field(key, tokValue, event.Value{Raw: raw, Kind: event.Text})
	return end + 1
}

// nameAttribute is how converters of XML write the name of a <Data>: {"@Name":"Image","#text":"..."}.
// Its value names the field.
const nameAttribute = "@Name"

// isEmbedded tells whether a text of that name may be a record of its own in JSON or XML.
func isEmbedded(key []byte) bool {
	switch string(key) {
	case "AuditData", "auditData", "Payload", "_raw", "EventData", "RenderedXml", "EventXml", "EventXML", "Xml", "XML", "event.original":
		return true
	}
	return false
}

// embedded reads a text that is a record; false, and nothing is changed, if it is none.
func (r *Reader) embedded(raw []byte, depth int, key []byte) bool {
	b, at, values, tokens, full := r.b, r.at, len(r.values), r.tokens, r.full
	r.step(key, tokOpen)
	ok := false
	if raw[0] == '<' {
		ok = r.xml(raw)
	} else {
		r.b = raw
		end := r.object(1, depth+1)
		ok = end > 0 && skip(raw, end) == len(raw)
	}
	r.b = b
	if !ok {
		r.at, r.values, r.tokens, r.full, r.fault = at, r.values[:values], tokens, full, fault{}
	}
	return ok
}

// array reads an array; p is at its bracket. Texts and numbers become one value, a list, so that
// the layout does not depend on how many there are; objects are read like those outside.
func (r *Reader) array(p, depth int, key []byte) int {
	if depth >= maxDepth {
		return r.fail(p, fmt.Sprint("at most ", maxDepth, " levels"))
	}
	begin := p
	start, n := len(r.scratch), 0
	p = skip(r.b, p+1)
	if isPositional(key) {
		return r.elements(begin, p, depth, key)
	}
	for {
		if p >= len(r.b) {
			return r.fail(p, "an element or ]")
		}
		switch c := r.b[p]; {
		case c == ']':
			r.list(key, start)
			return p + 1
		case c == '"':
			end, escaped := stringEnd(r.b, p+1)
			if end < 0 {
				return r.fail(len(r.b), "a quote that ends the text")
			}
			if escaped {
				at := len(r.scratch)
				r.scratch = appendUnescaped(r.scratch, r.b[p+1:end])
				r.scratch = withoutNUL(r.scratch, at)
			} else {
				at := len(r.scratch)
				r.scratch = withoutNUL(append(r.scratch, r.b[p+1:end]...), at)
			}
			p = end + 1
		case c == '{' || c == '[' || c == 'n':
			if n > 0 {
				r.list(key, start)
			}
			return r.elements(begin, p, depth, key)
		default:
			end, _ := r.literal(p)
			if end < 0 {
				return -1
			}
			r.scratch = append(r.scratch, r.b[p:end]...)
			p = end
		}
		r.scratch = append(r.scratch, 0)
		n++
		if p = skip(r.b, p); p < len(r.b) && r.b[p] == ',' {
			p = skip(r.b, p+1)
		} else if p >= len(r.b) || r.b[p] != ']' {
			return r.fail(p, "a comma or ]")
		}
	}
}

// isPositional tells whether the elements of a list of that name are known by where they stand: the
// <Data> without names of Windows events, the arguments of a program. Each is a field of its own.
func isPositional(key []byte) bool {
	switch string(key) {
	case "#text", "Data", "ARGV":
		return true
	}
	return false
}

func (r *Reader) list(key []byte, start int) {
	r.field(key, tokList, event.Value{Raw: r.scratch[start:len(r.scratch):len(r.scratch)], Kind: event.Text | event.Array})
}

// withoutNUL replaces NULs from at on: they end the elements of a list.
func withoutNUL(b []byte, at int) []byte {
	for i := at; i < len(b); i++ {
		if b[i] == 0 {
			b[i] = ' '
		}
	}
	return b
}

// elements reads those of an array from the first that is no text or number on.
func (r *Reader) elements(begin, p, depth int, key []byte) int {
	raw := r.beginRaw(key)
	r.step(key, tokArray)
	for {
		if p = skip(r.b, p); p >= len(r.b) {
			return r.fail(p, "an element or ]")
		}
		if r.b[p] == ']' {
			r.step(nil, tokClose)
			r.endRaw(raw, begin, p+1)
			return p + 1
		}
		if p = r.value(p, depth+1, nil); p < 0 {
			return -1
		}
		if p = skip(r.b, p); p < len(r.b) && r.b[p] == ',' {
			p++
		} else if p >= len(r.b) || r.b[p] != ']' {
			return r.fail(p, "a comma or ]")
		}
	}
}

// literal reads a number or one of the three words.
func (r *Reader) literal(p int) (end int, null bool) {
	b := r.b
	end = p
	for end < len(b) {
		c := b[end]
		if c == ',' || c == '}' || c == ']' || c <= ' ' {
			break
		}
		end++
	}
	if end == len(b) {
		return r.fail(end, "the end of a value"), false
	}
	switch c := b[p]; {
	case c == '-' || '0' <= c && c <= '9':
		for _, c := range b[p+1 : end] {
			if (c < '0' || c > '9') && c != '.' && c != '-' && c != '+' && c|0x20 != 'e' {
				return r.fail(p, "a value"), false
			}
		}
		return end, false
	case c == 'n' && string(b[p:end]) == "null":
		return end, true
	case c == 't' && string(b[p:end]) == "true", c == 'f' && string(b[p:end]) == "false", c == 'N' && string(b[p:end]) == "NaN":
		return end, false
	}
	return r.fail(p, "a value"), false
}

// beginRaw makes room for the text of an object or array that rules look into as a whole; -1 if
// they do not.
func (r *Reader) beginRaw(key []byte) int {
	if !isWhole(key) {
		return -1
	}
	n := len(r.values)
	r.field(key, tokValue, event.Value{Kind: event.Text})
	if len(r.values) == n {
		return -1
	}
	return n
}

func (r *Reader) endRaw(at, begin, end int) {
	if at >= 0 && end > 0 {
		r.values[at].Raw = r.b[begin:end:end]
	}
}

// isWhole tells whether rules search the text of objects of that name: "Parameters|contains:
// DeleteMessage". The names are those that SigmaHQ's rules for clouds use that way.
func isWhole(key []byte) bool {
	if len(key) < 6 {
		return false
	}
	switch string(key) {
	case "Parameters", "OperationProperties", "ExtendedProperties", "ModifiedProperties", "modifiedProperties",
		"requestParameters", "responseElements", "TargetResources", "targetResources", "InitiatedBy", "initiatedBy",
		"behaviors", "debugData", "capabilities", "hostPath", "conditionalAccessPolicies", "location":
		return true
	}
	return false
}

// field takes one value into the event.
func (r *Reader) field(key []byte, kind token, v event.Value) {
	if len(r.values) >= maxFields {
		r.full = true
	}
	if r.full {
		return
	}
	r.step(key, kind)
	r.values = append(r.values, v)
}

// stringEnd gives the place of the quote that ends a text, -1 if there is none, and whether there is
// an escape in it. It looks at eight bytes at a time.
func stringEnd(b []byte, p int) (end int, escaped bool) {
	const ones, highs = 0x0101010101010101, 0x8080808080808080
	const quotes, slashes = ones * '"', ones * '\\'
	for {
		if p+8 <= len(b) {
			x := binary.LittleEndian.Uint64(b[p:])
			q, s := x^quotes, x^slashes
			m := ((q-ones)&^q | (s-ones)&^s) & highs
			if m == 0 {
				p += 8
				continue
			}
			p += bits.TrailingZeros64(m) >> 3
		} else {
			for p < len(b) && b[p] != '"' && b[p] != '\\' {
				p++
			}
			if p >= len(b) {
				return -1, escaped
			}
		}
		if b[p] == '"' {
			return p, escaped
		}
		escaped = true
		if p += 2; p > len(b) {
			return -1, true
		}
	}
}

// appendUnescaped appends a text without its escapes (RFC 8259 section 7). What is no escape stays as
// it stands: some exporters do not escape the backslashes of paths. Halves of pairs become U+FFFD.
func appendUnescaped(dst, raw []byte) []byte {
	for i := 0; i < len(raw); {
		c := raw[i]
		if c != '\\' || i+1 == len(raw) {
			j := bytes.IndexByte(raw[i+1:], '\\')
			if j < 0 {
				return append(dst, raw[i:]...)
			}
			dst = append(dst, raw[i:i+1+j]...)
			i += 1 + j
			continue
		}
		i += 2
		switch c = raw[i-1]; c {
		case '"', '\\', '/':
			dst = append(dst, c)
		case 'n':
			dst = append(dst, '\n')
		case 'r':
			dst = append(dst, '\r')
		case 't':
			dst = append(dst, '\t')
		case 'b':
			dst = append(dst, '\b')
		case 'f':
			dst = append(dst, '\f')
		case 'u':
			u, ok := hex4(raw[i:])
			if !ok {
				dst = append(dst, '\\', c)
				continue
			}
			i += 4
			if utf16.IsSurrogate(u) {
				low := rune(utf8.RuneError)
				if i+6 <= len(raw) && raw[i] == '\\' && raw[i+1] == 'u' {
					low, _ = hex4(raw[i+2:])
				}
				if u = utf16.DecodeRune(u, low); u != utf8.RuneError {
					i += 6
				}
			}
			dst = utf8.AppendRune(dst, u)
		default:
			dst = append(dst, '\\', c)
		}
	}
	return dst
}

func hex4(b []byte) (u rune, ok bool) {
	if len(b) < 4 {
		return 0, false
	}
	for _, c := range b[:4] {
		switch {
		case '0' <= c && c <= '9':
			u = u<<4 | rune(c-'0')
		case 'a' <= c|0x20 && c|0x20 <= 'f':
			u = u<<4 | rune(c|0x20-'a'+10)
		default:
			return 0, false
		}
	}
	return u, true
}
