// Package record makes events of the lines of a text log. In go a log and a function that knows one
// format; out come events whose values have names, and a report of what could not be read.
//
// Packages of formats whose lines hold names and values (auditd, CEF) or whose fields depend on what
// a line says (syslog, mail) build on it: it joins lines that belong together and interns shapes.
// Readers of formats whose columns a header names (w3c, zeek, exchange), or whose layouts are known
// beforehand (ncsa), know the shape of a line without looking at the names of its values, which this
// package does for every record: they share package lines with it and no more, for speed.
package record

import (
	"bytes"
	"fmt"
	"hash/maphash"
	"strconv"

	"aldebaran/event"
	"aldebaran/evidence/lines"
)

const (
	// MaxFields is how many values a record may have; real ones have less than 100. What stands
	// behind them is told as damage.
	MaxFields = 500
	// UnitSize is how large the pieces are into which formats that build on this package cut a log.
	UnitSize = 16 << 20

	// maxRecord bounds a record of several lines; the longest seen are stack traces of some 20 KB.
	maxRecord = lines.MaxLine
	// maxShapes bounds what a reader remembers. Logs have some hundred.
	maxShapes = 4096
	// maxName bounds the name of a field; what is longer is no name of a format we know.
	maxName = 200
)

// A Format is what a package knows of its lines.
type Format struct {
	// Begins tells whether a line begins a record. Lines that do not belong to the record before
	// them; the first of a log is a record all the same. If it is nil every line is a record.
	Begins func(line []byte) bool
	// Parse reads the record in l.Text: it adds its values to the reader and fills its Event. If the
	// text is no record it says what it wanted.
	Parse func(l lines.Line) (want string)
	// Clock is put in the report.
	Clock event.Clock
}

// A Reader reads records; it keeps its buffers, shapes and strings: one for each goroutine.
type Reader struct {
	// Event is the one being made. Before each record it is emptied but for its Source.
	Event event.Event
	// Scratch is room for decoded values that lasts until the next record: append to it, and add
	// the slice of it that was appended.
	Scratch []byte

	lines   lines.Reader
	log     *lines.Log
	format  Format
	emit    func(*event.Event) bool
	tally   lines.Tally
	names   []name
	values  []event.Value
	more    bool // there were more fields than MaxFields
	seed    maphash.Seed
	shapes  map[uint64][]*event.Shape
	kept    int // shapes in it
	strings lines.Names
	text    []byte // the record that is being joined
	joined  lines.Line
	have    bool
}

// A name is that of a value: s if it is a constant, else b, which stands in the line.
type name struct {
	s    string
	b    []byte
	part event.Part
}

// NewReader makes a reader.
func NewReader() *Reader {
	return &Reader{
		seed: maphash.MakeSeed(), shapes: map[uint64][]*event.Shape{},
	}
}

// Read hands every record of a unit to emit, in order, until emit says false. The error is one of
// the file system.
func (r *Reader) Read(log *lines.Log, u event.Unit, f Format, emit func(*event.Event) bool) (event.Report, error) {
	r.log, r.format, r.emit = log, f, emit
	r.tally.Start(log, f.Clock)
	r.have = false
	r.Event = event.Event{Source: event.Source{Path: log.Path, Chunk: -1}}
	err := r.read(u)
	return r.tally.End(), err
}

func (r *Reader) read(u event.Unit) error {
	if r.format.Begins == nil {
		return r.lines.Read(r.log, u, func(l lines.Line) bool {
			r.tally.Count(l.Text, l.Length)
			return isBlank(l.Text) || r.record(l)
		})
	}
	// The last record of the unit may go on behind its end, and the first lines may be the rest of
	// one that began before it.
	on := true
	first := u.Start == r.log.Start // and no record was found yet
	err := r.lines.Read(r.log, event.Unit{Start: u.Start, End: r.log.Size}, func(l lines.Line) bool {
		begins := r.format.Begins(l.Text)
		if l.Offset >= u.End && (begins || !r.have && !first) {
			return false
		}
		if !begins && !r.have && !first {
			return true
		}
		r.tally.Count(l.Text, l.Length)
		switch {
		case !begins && r.have:
			r.join(l)
		case isBlank(l.Text):
		default:
			on = r.flush()
			r.text = append(r.text[:0], l.Text...)
			r.joined, r.have, first = l, true, false
		}
		return on
	})
	if on {
		r.flush()
	}
	return err
}

func isBlank(text []byte) bool {
	return len(text) == 0 || text[0] <= ' ' && len(bytes.Trim(text, " \t\x00\r")) == 0
}

// join adds a line to the record before it.
func (r *Reader) join(l lines.Line) {
	r.joined.Length = l.Offset + l.Length - r.joined.Offset
	r.joined.Open = l.Open
	r.joined.Cut = r.joined.Cut || l.Cut
	free := maxRecord - len(r.text) - 1
	if free < len(l.Text) {
		r.joined.Cut = true
	}
	if free > 0 {
		r.text = append(append(r.text, '\n'), l.Text[:min(free, len(l.Text))]...)
	}
}

// flush hands out the record that was joined.
func (r *Reader) flush() bool {
	if !r.have {
		return true
	}
	r.have = false
	r.joined.Text = bytes.TrimRight(r.text, "\n\r")
	return r.record(r.joined)
}

func (r *Reader) record(l lines.Line) bool {
	r.Event = event.Event{Source: r.Event.Source}
	r.Event.Source.Offset, r.Event.Source.Length = l.Offset, l.Length
	r.Reset()
	r.more, r.Scratch = false, r.Scratch[:0]
	if l.Cut {
		r.Damage("line", fmt.Sprintf("at most %d bytes", lines.MaxLine), strconv.FormatInt(l.Length, 10), 0)
	}
	if want := r.format.Parse(l); want != "" {
		what, found := "line", lines.Quote(l.Text)
		if l.Open {
			what, found = "last line", found+"; it may be half written"
		}
		r.Damage(what, want, found, 1)
		return true
	}
	if r.more {
		r.Damage("fields", fmt.Sprintf("at most %d", MaxFields), "more", 0)
	}
	r.Event.Shape, r.Event.Values = r.shape(), r.values
	r.tally.Report.Events++
	return r.emit(&r.Event)
}

// Reset forgets the values that were added.
func (r *Reader) Reset() { r.names, r.values = r.names[:0], r.values[:0] }

// Len is the number of values that were added.
func (r *Reader) Len() int { return len(r.values) }

// Add adds a value whose name is a constant.
func (r *Reader) Add(field string, value []byte) { r.add(name{s: field}, value, event.Text) }

// AddText adds a value that does not stand in the record.
func (r *Reader) AddText(field, text string) { r.addText(name{s: field}, text) }

// AddSystemText adds a value of the header that does not stand in the record.
func (r *Reader) AddSystemText(field, text string) {
	r.addText(name{s: field, part: event.System}, text)
}

func (r *Reader) addText(n name, text string) {
	at := len(r.Scratch)
	r.Scratch = append(r.Scratch, text...)
	r.add(n, r.Scratch[at:], event.Text)
}

// AddSystem adds a value of the header that all records of the format have.
func (r *Reader) AddSystem(field string, value []byte) {
	r.add(name{s: field, part: event.System}, value, event.Text)
}

// AddNamed adds a value whose name stands in the record.
func (r *Reader) AddNamed(field, value []byte) {
	r.add(name{b: field[:min(len(field), maxName)]}, value, event.Text)
}

// AddNull adds a field that the record says has no value; raw is how it says so.
func (r *Reader) AddNull(field string, raw []byte) { r.add(name{s: field}, raw, event.Null) }

// AddValue adds a value that another reader has read.
func (r *Reader) AddValue(f event.Field, v event.Value) {
	r.add(name{s: f.Name, part: f.Part}, v.Raw, v.Kind)
}

func (r *Reader) add(n name, value []byte, kind event.Kind) {
	if len(r.values) >= MaxFields {
		r.more = true
		return
	}
	r.names = append(r.names, n)
	r.values = append(r.values, event.Value{Kind: kind, Raw: value[:len(value):len(value)]})
}

// At gives the bytes of a value that was added, and its name if it stood in the record, else nil.
func (r *Reader) At(i int) (field, value []byte) {
	n := r.names[i]
	if n.b == nil {
		return nil, r.values[i].Raw
	}
	return n.b, r.values[i].Raw
}

// Get gives the first value that was added under that name.
func (r *Reader) Get(field string) ([]byte, bool) {
	for i, n := range r.names {
		if n.s == field || n.b != nil && string(n.b) == field {
			return r.values[i].Raw, true
		}
	}
	return nil, false
}

// String gives a text as a string, without allocating for one that was seen before.
func (r *Reader) String(b []byte) string {
	return r.strings.Of(b)
}

// Damage tells something wrong with the record that is being read.
func (r *Reader) Damage(what, want, found string, lost int) {
	r.tally.Damage(r.Event.Source.Offset, what, want, found, lost)
}

// shape gives the shape of the names that were added.
func (r *Reader) shape() *event.Shape {
	h := uint64(len(r.names))
	for i := range r.names {
		n := &r.names[i]
		var x uint64
		if n.b == nil {
			x = maphash.String(r.seed, n.s)
		} else {
			x = maphash.Bytes(r.seed, n.b)
		}
		h = (h^x)*0x9e3779b97f4a7c15 + uint64(n.part)
		h ^= h >> 29
	}
	for _, s := range r.shapes[h] {
		if r.named(s) {
			return s
		}
	}
	if r.kept >= maxShapes {
		clear(r.shapes)
		r.kept = 0
	}
	s := &event.Shape{Fields: make([]event.Field, len(r.names))}
	for i, n := range r.names {
		text := n.s
		if n.b != nil {
			text = string(n.b)
		}
		s.Fields[i] = event.Field{Name: text, Path: text, Part: n.part}
	}
	r.shapes[h] = append(r.shapes[h], s)
	r.kept++
	return s
}

// named tells whether the names that were added are those of s.
func (r *Reader) named(s *event.Shape) bool {
	if len(s.Fields) != len(r.names) {
		return false
	}
	for i := range r.names {
		n, f := &r.names[i], &s.Fields[i]
		if n.part != f.Part || n.b == nil && n.s != f.Name || n.b != nil && string(n.b) != f.Name {
			return false
		}
	}
	return true
}
