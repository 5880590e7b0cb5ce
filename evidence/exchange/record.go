package exchange

import (
	"bytes"

	"aldebaran/event"
)

// A splitter cuts records into their columns; it keeps its buffers.
type splitter struct {
	values []event.Value
	// scratch holds the texts of columns in which quotes were doubled.
	scratch []byte
	// unclosed says that the last column began with a quote that nothing ends.
	unclosed bool
	// loose says that a quote stands alone inside of a column in quotes, which Exchange doubles.
	loose bool
	// rest is what stands behind the last column that was wanted.
	rest []byte
}

// maxValues bounds the columns of one record.
const maxValues = 1 << 12

// split cuts a record. A column that begins with a quote reaches to a quote before a comma or the
// end, and "" in it is one quote; a quote anywhere else is a character like others.
func (s *splitter) split(line []byte) { s.splitInto(line, maxValues) }

// splitInto does so for at most limit columns.
func (s *splitter) splitInto(line []byte, limit int) {
	s.values, s.scratch, s.rest = s.values[:0], s.scratch[:0], nil
	s.unclosed, s.loose = false, false
	for {
		if len(s.values) == limit {
			s.rest = line
			return
		}
		if len(line) > 0 && line[0] == '"' {
			value, rest, more := s.quoted(line)
			s.values = append(s.values, event.Value{Kind: event.Text, Raw: value})
			if !more {
				return
			}
			line = rest
			continue
		}
		end := bytes.IndexByte(line, ',')
		if end < 0 {
			s.values = append(s.values, event.Value{Kind: event.Text, Raw: line})
			return
		}
		s.values = append(s.values, event.Value{Kind: event.Text, Raw: line[:end:end]})
		line = line[end+1:]
	}
}

// quoted reads a column that begins with a quote; more tells whether another one follows.
func (s *splitter) quoted(line []byte) (value, rest []byte, more bool) {
	end, doubled, closed := quotedEnd(line)
	value = line[1:end]
	if !closed {
		s.unclosed = true
	}
	if doubled {
		start := len(s.scratch)
		for len(value) > 0 {
			i := bytes.IndexByte(value, '"')
			if i < 0 || i+1 == len(value) {
				s.scratch = append(s.scratch, value...)
				break
			}
			s.scratch = append(s.scratch, value[:i+1]...)
			value = value[i+1:]
			if value[0] == '"' {
				value = value[1:]
			} else {
				s.loose = true
			}
		}
		value = s.scratch[start:len(s.scratch):len(s.scratch)]
	}
	if !closed || end+1 == len(line) {
		return value, nil, false
	}
	return value, line[end+2:], true
}

// quotedEnd gives where the quote stands that ends a column which begins with one, or the end of
// the text if none does; doubled tells whether quotes stand in it.
func quotedEnd(line []byte) (end int, doubled, closed bool) {
	at := 1
	for {
		i := bytes.IndexByte(line[at:], '"')
		if i < 0 {
			return len(line), doubled, false
		}
		at += i
		if at+1 == len(line) || line[at+1] == ',' {
			return at, doubled, true
		}
		doubled = true
		at++
		if line[at] == '"' {
			at++
		}
		if at >= len(line) {
			return len(line), doubled, false
		}
	}
}

// endsQuoted tells whether a line ends inside of a column that began with a quote; in tells whether it
// begins inside of one.
func endsQuoted(line []byte, in bool) bool {
	if bytes.IndexByte(line, '"') < 0 {
		return in
	}
	for {
		if in || len(line) > 0 && line[0] == '"' {
			if in {
				// quotedEnd steps over the first byte, which is the quote that begins the column.
				in = false
				end, closed := continuedEnd(line)
				if !closed {
					return true
				}
				if end+1 >= len(line) {
					return false
				}
				line = line[end+2:]
				continue
			}
			end, _, closed := quotedEnd(line)
			if !closed {
				return true
			}
			if end+1 >= len(line) {
				return false
			}
			line = line[end+2:]
			continue
		}
		i := bytes.IndexByte(line, ',')
		if i < 0 {
			return false
		}
		line = line[i+1:]
	}
}

// continuedEnd is quotedEnd for a line in whose middle, or at whose beginning, the quote may stand.
func continuedEnd(line []byte) (end int, closed bool) {
	for at := 0; at < len(line); {
		i := bytes.IndexByte(line[at:], '"')
		if i < 0 {
			break
		}
		at += i
		if at+1 == len(line) || line[at+1] == ',' {
			return at, true
		}
		at++
		if line[at] == '"' {
			at++
		}
	}
	return len(line), false
}

func firstColumn(line []byte) []byte {
	first, _, _ := bytes.Cut(line, []byte{','})
	return first
}

// take gives the part of a column that a made field wants; ok is false if the column has none.
func (s *splitter) take(value []byte, h how) (part []byte, ok bool) {
	switch h {
	case query:
		return bytes.TrimPrefix(value, []byte{'?'}), true
	case address, port:
		at := bytes.LastIndexByte(value, ':')
		if at < 0 {
			return nil, false
		}
		if h == port {
			return value[at+1:], true
		}
		value = value[:at]
		if n := len(value); n >= 2 && value[0] == '[' && value[n-1] == ']' {
			value = value[1 : n-1]
		}
		return value, true
	case connector:
		at := bytes.IndexByte(value, '\\')
		if at < 0 {
			return nil, false
		}
		return value[:at], true
	case command:
		return s.item(value, "S:CMD=")
	case referrer:
		return s.item(value, "S:REFERRER=")
	case stem, search:
		url, ok := s.item(value, "S:URL=")
		if !ok {
			return nil, false
		}
		// https://localhost:444/ecp/logoff.aspx
		if at := bytes.Index(url, []byte("://")); at >= 0 && !bytes.ContainsAny(url[:at], "/?") {
			url = url[at+len("://"):]
			url = url[max(0, bytes.IndexByte(url, '/')):]
		}
		path, behind, _ := bytes.Cut(url, []byte{'?'})
		if h == stem {
			return path, true
		}
		return behind, true
	}
	return value, true
}

// item gives the value of a key in the control panel's list "S:TIME=13;S:CMD=Get-X;'S:EX=it”s;'".
// Items with special characters are in single quotes, in which two are one.
func (s *splitter) item(list []byte, key string) (value []byte, ok bool) {
	for len(list) > 0 {
		if list[0] == '\'' {
			end := 1
			doubled := false
			for end < len(list) {
				i := bytes.IndexByte(list[end:], '\'')
				if i < 0 {
					end = len(list)
					break
				}
				end += i
				if end+1 == len(list) || list[end+1] != '\'' {
					break
				}
				doubled = true
				end += 2
			}
			end = min(end, len(list))
			if value, ok = bytes.CutPrefix(list[1:end], []byte(key)); ok {
				if doubled {
					value = s.single(value)
				}
				return value, true
			}
			list = list[min(end+1, len(list)):]
			list = bytes.TrimPrefix(list, []byte{';'})
			continue
		}
		item := list
		list = nil
		for end := 0; end < len(item); {
			i := bytes.IndexByte(item[end:], ';')
			if i < 0 {
				break
			}
			end += i
			// Some writers do not quote: a semicolon inside of a value is followed by no item.
			if end+1 == len(item) || isItem(item[end+1:]) {
				item, list = item[:end], item[end+1:]
				break
			}
			end++
		}
		if value, ok = bytes.CutPrefix(item, []byte(key)); ok {
			return value, true
		}
		list = bytes.TrimLeft(list, ";")
	}
	return nil, false
}

// single copies a text with one quote for two.
func (s *splitter) single(text []byte) []byte {
	start := len(s.scratch)
	for i := 0; i < len(text); i++ {
		s.scratch = append(s.scratch, text[i])
		if text[i] == '\'' && i+1 < len(text) && text[i+1] == '\'' {
			i++
		}
	}
	return s.scratch[start:len(s.scratch):len(s.scratch)]
}

// isItem tells whether b begins like S:NAME=, I32:NAME=, Dbl:NAME= or 'S:NAME=.
func isItem(b []byte) bool {
	b = bytes.TrimPrefix(bytes.TrimLeft(b, ";"), []byte{'\''})
	at := bytes.IndexByte(b[:min(len(b), 4)], ':')
	return at > 0 && isWord(b[:at])
}
