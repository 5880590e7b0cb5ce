package entries

import (
	"bytes"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"

	"aldebaran/evidence/lines"
)

// CSV gives the next value of a line of comma separated values (RFC 4180), and what follows its
// comma; rest is nil behind the last one. A value in quotes may hold line feeds and doubled quotes;
// one whose closing quote is missing ends with the text.
func (b *Builder) CSV(text []byte) (value, rest []byte) {
	if len(text) == 0 || text[0] != '"' {
		value, rest, _ = bytes.Cut(text, []byte{','})
		return value, rest
	}
	text = text[1:]
	start, doubled := len(b.Scratch), false
	for {
		i := bytes.IndexByte(text, '"')
		if i < 0 || i+1 == len(text) || text[i+1] != '"' {
			part := text
			if i >= 0 {
				part, rest = text[:i], text[i+1:]
			}
			if doubled {
				b.Scratch = append(b.Scratch, part...)
				part = b.Own(start)
			}
			if _, after, ok := bytes.Cut(rest, []byte{','}); ok {
				return part, after
			}
			return part, nil
		}
		b.Scratch = append(b.Scratch, text[:i+1]...)
		text, doubled = text[i+2:], true
	}
}

// XML calls f for the attributes and the elements without children of a piece of XML, in order,
// with their names as they are written and their texts decoded. It is meant for audit records, which
// are flat: what is around is not looked at, and a piece that was cut gives what it has.
func (b *Builder) XML(text []byte, f func(name, value []byte)) {
	for {
		open := bytes.IndexByte(text, '<')
		if open < 0 {
			return
		}
		text = text[open+1:]
		if len(text) == 0 || text[0] == '/' || text[0] == '?' || text[0] == '!' {
			end := bytes.IndexByte(text, '>')
			if end < 0 {
				return
			}
			text = text[end+1:]
			continue
		}
		n := nameEnd(text)
		name := text[:n]
		var closed bool
		text, closed = b.attributes(text[n:], f)
		if closed || text == nil {
			continue
		}
		if content, ok := bytes.CutPrefix(text, []byte("<![CDATA[")); ok {
			var value []byte
			value, text, _ = bytes.Cut(content, []byte("]]>"))
			f(name, value)
			continue
		}
		if end := bytes.IndexByte(text, '<'); end >= 0 && end+1 < len(text) && text[end+1] == '/' {
			f(name, b.unescapeXML(text[:end]))
			text = text[end:]
		}
	}
}

// attributes reads what stands in a tag behind its name; closed is true for <tag ... />.
func (b *Builder) attributes(text []byte, f func(name, value []byte)) (rest []byte, closed bool) {
	for {
		text = bytes.TrimLeft(text, " \t\r\n")
		if len(text) == 0 {
			return nil, true
		}
		switch text[0] {
		case '>':
			return text[1:], closed
		case '/':
			closed = true
			text = text[1:]
			continue
		case '<':
			return text, true
		}
		n := nameEnd(text)
		if n == 0 {
			text = text[1:]
			continue
		}
		name := text[:n]
		text = bytes.TrimLeft(text[n:], " \t\r\n")
		value, ok := bytes.CutPrefix(text, []byte{'='})
		if !ok {
			continue
		}
		value = bytes.TrimLeft(value, " \t\r\n")
		if len(value) == 0 || value[0] != '"' && value[0] != '\'' {
			text = value
			continue
		}
		end := bytes.IndexByte(value[1:], value[0])
		if end < 0 {
			f(name, b.unescapeXML(value[1:]))
			return nil, true
		}
		f(name, b.unescapeXML(value[1:1+end]))
		text = value[2+end:]
	}
}

func nameEnd(text []byte) int {
	for i, c := range text {
		switch c {
		case ' ', '\t', '\r', '\n', '=', '>', '/', '<', '"', '\'':
			return i
		}
	}
	return len(text)
}

// unescapeXML decodes references to characters.
func (b *Builder) unescapeXML(text []byte) []byte {
	if bytes.IndexByte(text, '&') < 0 {
		return text
	}
	start := len(b.Scratch)
	b.Scratch = lines.AppendXML(b.Scratch, text)
	return b.Own(start)
}

// maxDepth bounds how deep objects may be nested; audits nest four deep.
const maxDepth = 32

// JSON calls f for every text, number and truth value of an object, in order, with the names of the
// objects around it joined with points, and texts decoded; elements of a list have the name of the
// list. null is left out. ok is false if text does not begin with a whole object; what was read
// before the error has been handed out.
func (b *Builder) JSON(text []byte, f func(name, value []byte)) (ok bool) {
	text = bytes.TrimLeft(text, " \t\r\n")
	if len(text) == 0 || text[0] != '{' {
		return false
	}
	if b.path == nil {
		b.path = make([]byte, 0, 256)
	}
	_, ok = b.json(text, b.path, 0, f)
	return ok
}

func (b *Builder) json(text, path []byte, depth int, f func(name, value []byte)) (rest []byte, ok bool) {
	text = bytes.TrimLeft(text, " \t\r\n")
	if len(text) == 0 || depth > maxDepth {
		return nil, false
	}
	switch text[0] {
	case '{':
		return b.jsonObject(text[1:], path, depth, f)
	case '[':
		return b.jsonList(text[1:], path, depth, f)
	case '"':
		value, rest, ok := b.jsonText(text[1:])
		if ok {
			f(path, value)
		}
		return rest, ok
	}
	n := bytes.IndexAny(text, ",]} \t\r\n")
	if n < 0 {
		n = len(text)
	}
	word := text[:n]
	if n == 0 || bytes.IndexByte([]byte("-0123456789tfn"), word[0]) < 0 {
		return nil, false
	}
	if string(word) != "null" {
		f(path, word)
	}
	return text[n:], true
}

func (b *Builder) jsonObject(text, path []byte, depth int, f func(name, value []byte)) (rest []byte, ok bool) {
	for {
		text = bytes.TrimLeft(text, " \t\r\n,")
		if len(text) == 0 {
			return nil, false
		}
		if text[0] == '}' {
			return text[1:], true
		}
		if text[0] != '"' {
			return nil, false
		}
		name, after, ok := b.jsonText(text[1:])
		if !ok {
			return nil, false
		}
		after = bytes.TrimLeft(after, " \t\r\n")
		if len(after) == 0 || after[0] != ':' {
			return nil, false
		}
		full := path
		if len(full) > 0 {
			full = append(full, '.')
		}
		full = append(full, name[:min(len(name), maxName)]...)
		if text, ok = b.json(after[1:], full, depth+1, f); !ok {
			return nil, false
		}
	}
}

func (b *Builder) jsonList(text, path []byte, depth int, f func(name, value []byte)) (rest []byte, ok bool) {
	for {
		text = bytes.TrimLeft(text, " \t\r\n,")
		if len(text) == 0 {
			return nil, false
		}
		if text[0] == ']' {
			return text[1:], true
		}
		if text, ok = b.json(text, path, depth+1, f); !ok {
			return nil, false
		}
	}
}

// jsonText reads a text behind its opening quote.
func (b *Builder) jsonText(text []byte) (value, rest []byte, ok bool) {
	before, after, closed := bytes.Cut(text, []byte{'"'})
	if !closed {
		return nil, nil, false
	}
	if bytes.IndexByte(before, '\\') < 0 {
		return before, after, true
	}
	start := len(b.Scratch)
	for i := 0; i < len(text); i++ {
		c := text[i]
		switch {
		case c == '"':
			return b.Own(start), text[i+1:], true
		case c != '\\':
			b.Scratch = append(b.Scratch, c)
			continue
		}
		if i++; i == len(text) {
			break
		}
		switch c = text[i]; c {
		case 'n':
			b.Scratch = append(b.Scratch, '\n')
		case 't':
			b.Scratch = append(b.Scratch, '\t')
		case 'r':
			b.Scratch = append(b.Scratch, '\r')
		case 'b':
			b.Scratch = append(b.Scratch, '\b')
		case 'f':
			b.Scratch = append(b.Scratch, '\f')
		case 'u':
			r, ok := hex4(text[i+1:])
			if !ok {
				b.Scratch = append(b.Scratch, '\\', 'u')
				continue
			}
			i += 4
			if utf16.IsSurrogate(r) && len(text) > i+2 && text[i+1] == '\\' && text[i+2] == 'u' {
				if low, ok := hex4(text[i+3:]); ok {
					if both := utf16.DecodeRune(r, low); both != utf8.RuneError {
						r = both
						i += 6
					}
				}
			}
			b.Scratch = utf8.AppendRune(b.Scratch, r)
		default:
			b.Scratch = append(b.Scratch, c)
		}
	}
	return nil, nil, false
}

func hex4(text []byte) (rune, bool) {
	if len(text) < 4 {
		return 0, false
	}
	n, err := strconv.ParseUint(string(text[:4]), 16, 16)
	return rune(n), err == nil
}
