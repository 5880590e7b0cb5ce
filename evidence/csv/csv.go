// Package csv reads tables with a header, values between commas, semicolons, tabs or bars: exports of
// Microsoft 365, Entra, Sentinel, the Event Viewer, PowerShell, EvtxECmd, and any other table in which
// each row has a time. In goes a file; out come events with the names of its columns, and for the
// exports that are known with the labels and names that Sigma rules use.
//
// The grammar is RFC 4180, with what is found besides: other separators, "sep=;" of Excel, #TYPE of
// PowerShell, UTF-16, line feeds within quotes, rows of other lengths. What the rows are is told by
// the same dialects as for JSON: package json knows the makers by the names of their fields, and
// unpacks AuditData and Payload.
package csv

import (
	"bytes"
	"fmt"
	"io"

	"aldebaran/event"
	"aldebaran/evidence/lines"
)

const (
	// headSize is how much of a file decides how it is written.
	headSize = 128 << 10
	// maxColumns bounds the names of a table; audits exported flat have some 300.
	maxColumns = 1024
	// sampled is how many rows are looked at.
	sampled = 50
)

// Sniff tells whether a file that begins with head is a table with names in its first row, of an
// export that is known or with a column of times. It is lax: readers of other formats go before it.
func Sniff(head []byte) bool {
	text, ok := lines.Head(head)
	if !ok {
		return false
	}
	t, _ := newTable(text)
	return t != nil
}

// A File is one table. Immutable, safe for concurrent use.
type File struct {
	log   *lines.Log
	table *table
}

// Open looks at the head of a table. The errors are those of the file system, and that the file is
// no table at all.
func Open(r io.ReaderAt, size int64, path string, _ lines.Options) (*File, error) {
	log, text, err := lines.OpenHead(r, size, path, headSize)
	if err != nil {
		return nil, err
	}
	t, why := newTable(text)
	if t == nil {
		return nil, fmt.Errorf("header: %s", why)
	}
	return &File{log, t}, nil
}

// Units gives the whole file as one unit: whether a line begins a row depends on the quotes before.
func (f *File) Units() []event.Unit { return f.log.Units(0) }

// Damage is always empty: what is wrong is found while the rows are read.
func (f *File) Damage() []event.Damage { return nil }

// A splitter cuts rows into values.
type splitter struct {
	separator byte
	values    []event.Value
	scratch   []byte // values with quotes in them
}

// split cuts a row; open says that it ends within quotes, so that the next line belongs to it. What
// stands between nothing is a null: a text that is empty has quotes, if the writer makes a difference.
func (s *splitter) split(row []byte, literal bool) (open bool) {
	s.values, s.scratch = s.values[:0], s.scratch[:0]
	for at := 0; len(s.values) <= maxColumns; {
		if at < len(row) && row[at] == '"' && !literal {
			v, next, closed := s.quoted(row, at+1)
			s.values = append(s.values, event.Value{Kind: event.Text, Raw: v})
			if !closed {
				return true
			}
			if next >= len(row) {
				return false
			}
			at = next + 1
			if at == len(row) { // a separator ends the row
				s.values = append(s.values, event.Value{})
				return false
			}
			continue
		}
		end := bytes.IndexByte(row[at:], s.separator)
		last := end < 0
		if last {
			end = len(row) - at
		}
		v := event.Value{Raw: row[at : at+end : at+end]}
		if end > 0 {
			v.Kind = event.Text
		}
		s.values = append(s.values, v)
		if last {
			return false
		}
		at += end + 1
	}
	return false
}

// stillOpen tells whether a row whose quotes are open goes on behind this line of it.
func (s *splitter) stillOpen(line []byte) bool {
	p := 0
	for {
		i := bytes.IndexByte(line[p:], '"')
		if i < 0 {
			return true
		}
		p += i + 1
		switch {
		case p == len(line) || len(bytes.TrimLeft(line[p:min(len(line), p+1)], " ")) == 0 && len(bytes.TrimLeft(line[p:], " ")) == 0:
			return false
		case line[p] == '"':
			p++
			continue
		case line[p] != s.separator:
			continue
		}
		// Outside of quotes: on to the next text that has some.
		for p++; p < len(line) && line[p] != '"'; p++ {
			i := bytes.IndexByte(line[p:], s.separator)
			if i < 0 {
				return false
			}
			p += i
		}
		if p >= len(line) {
			return false
		}
		p++
	}
}

// quoted reads a text in quotes; p is behind the first. next is the place of the separator behind it.
func (s *splitter) quoted(row []byte, p int) (text []byte, next int, closed bool) {
	start, copied := p, -1
	for {
		i := bytes.IndexByte(row[p:], '"')
		if i < 0 {
			return row[start:], len(row), false
		}
		p += i + 1
		switch {
		case p == len(row) || row[p] == s.separator:
			if copied < 0 {
				return row[start : p-1 : p-1], p, true
			}
			s.scratch = append(s.scratch, row[start:p-1]...)
			return s.scratch[copied:len(s.scratch):len(s.scratch)], p, true
		case row[p] == '"':
			// Two quotes are one of the text.
			if copied < 0 {
				copied = len(s.scratch)
			}
			s.scratch = append(s.scratch, row[start:p]...)
			p++
			start = p
		case row[p] == ' ' && len(bytes.TrimLeft(row[p:], " ")) == 0:
			row = row[:p] // blanks behind the last quote
			p--
		default:
			// A quote that somebody did not double: it is part of the text.
		}
	}
}
