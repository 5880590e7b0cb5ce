package exchange

import (
	"bytes"
	"fmt"
	"strconv"

	"aldebaran/event"
	"aldebaran/evidence/lines"
)

const (
	// maxLayouts bounds the layouts that a reader remembers. Real collections have some tens.
	maxLayouts = 256
	// maxJoined and maxJoinedLines bound a record that goes on over lines: the longest real ones are
	// exceptions with their stack, of some hundred.
	maxJoined      = lines.MaxLine
	maxJoinedLines = 1000
)

// A Reader reads logs, one after the other, and keeps its buffers and layouts: one for each
// goroutine.
type Reader struct {
	lines    lines.Reader
	layouts  map[layoutKey]*layout
	hosts    lines.Names
	event    event.Event
	splitter splitter
	tally    lines.Tally

	// of the log at hand
	emit    func(*event.Event) bool
	logType string
	layout  *layout
	clock   clock
	// joined is a record whose last column is not closed yet, pieces the lines it stands on.
	joined []byte
	pieces []piece
}

type layoutKey struct{ header, logType string }

// A piece is one line of Reader.joined, which ends at end there.
type piece struct {
	offset, length int64
	start, end     int
	cut, open      bool
}

// NewReader makes a reader. Times say their zone, and no other option concerns these logs.
func NewReader(lines.Options) *Reader {
	return &Reader{layouts: map[layoutKey]*layout{}}
}

// Read hands every record of a log to emit, in order, until emit says false. The error is one of the
// file system; what could not be read is in the report.
func (r *Reader) Read(f *File, u event.Unit, emit func(*event.Event) bool) (event.Report, error) {
	r.emit = emit
	r.tally.Start(f.log, event.Clock{Zone: "UTC", How: "the format writes UTC"})
	r.logType, r.layout, r.clock = "", nil, clock{}
	r.joined, r.pieces = r.joined[:0], r.pieces[:0]
	r.event = event.Event{Product: "exchange", Source: event.Source{Path: f.log.Path, Chunk: -1}}
	goOn := true
	err := r.lines.Read(f.log, u, func(l lines.Line) bool {
		goOn = r.line(l)
		return goOn
	})
	if goOn && len(r.pieces) > 0 {
		r.part()
	}
	return r.tally.End(), err
}

func (r *Reader) line(l lines.Line) bool {
	if len(r.pieces) > 0 {
		if isDirective(l.Text) {
			if !r.part() {
				return false
			}
		} else {
			return r.join(l)
		}
	}
	if len(l.Text) > 0 && l.Text[0] != '#' && endsQuoted(l.Text, false) && !l.Open {
		r.joined, r.pieces = r.joined[:0], r.pieces[:0]
		r.add(l)
		return true
	}
	return r.single(l.Text, piece{offset: l.Offset, length: l.Length, cut: l.Cut, open: l.Open})
}

func (r *Reader) add(l lines.Line) {
	start := len(r.joined)
	r.joined = append(r.joined, l.Text...)
	r.pieces = append(r.pieces, piece{l.Offset, l.Length, start, len(r.joined), l.Cut, l.Open})
	r.joined = append(r.joined, '\n')
}

// join goes on with a record that began on a line before.
func (r *Reader) join(l lines.Line) bool {
	r.add(l)
	first, last := r.pieces[0], r.pieces[len(r.pieces)-1]
	if endsQuoted(l.Text, true) {
		if len(r.pieces) >= maxJoinedLines || len(r.joined) >= maxJoined || l.Open {
			return r.part()
		}
		return true
	}
	whole := r.joined[:last.end]
	if r.layout != nil {
		// A record that was cut off, and whose quote one of the next one's closes, has too many columns
		// or a quote where none can be.
		for _, p := range r.pieces[1:] {
			if r.begins(r.joined[p.start:p.end]) {
				r.splitter.split(whole)
				if len(r.splitter.values) != r.layout.columns || r.splitter.loose {
					return r.part()
				}
				break
			}
		}
	}
	p := piece{offset: first.offset, length: last.offset + last.length - first.offset, open: last.open}
	for _, q := range r.pieces {
		p.cut = p.cut || q.cut
	}
	r.pieces = r.pieces[:0]
	return r.single(whole, p)
}

// begins tells whether a line looks like the beginning of a record.
func (r *Reader) begins(line []byte) bool {
	first := firstColumn(line)
	if len(first) == len(line) {
		return false
	}
	_, ok := r.clock.parse(first)
	return ok
}

// part takes the lines that were joined for what each is by itself: the quote is closed nowhere.
func (r *Reader) part() bool {
	for _, p := range r.pieces {
		if !r.single(r.joined[p.start:p.end], p) {
			r.pieces = r.pieces[:0]
			return false
		}
	}
	r.pieces = r.pieces[:0]
	return true
}

// single takes one directive or record.
func (r *Reader) single(text []byte, p piece) bool {
	if len(bytes.TrimSpace(text)) == 0 {
		return true
	}
	r.tally.Count(text, p.length)
	if text[0] == '#' {
		r.directive(text)
		return true
	}
	if p.cut {
		r.tally.Damage(p.offset, "record", fmt.Sprintf("lines of at most %d bytes", lines.MaxLine), strconv.FormatInt(p.length, 10), 0)
	}
	return r.record(text, p)
}

func isDirective(text []byte) bool {
	return len(text) > 0 && text[0] == '#' && (bytes.HasPrefix(text, []byte("#Software:")) || bytes.HasPrefix(text, []byte("#Fields:")))
}

// directive takes up what a line that begins with # says. Others than these two say nothing that is
// not in the records.
func (r *Reader) directive(text []byte) {
	if isDirective(text) && text[1] == 'S' {
		r.logType = "" // another log begins, in a file to which it was appended
	}
	if value, ok := bytes.CutPrefix(text, []byte("#Log-type:")); ok {
		value = bytes.TrimSpace(value)
		r.logType = string(value[:min(len(value), maxName)])
	}
	if value, ok := bytes.CutPrefix(text, []byte("#Fields:")); ok {
		r.setLayout(bytes.TrimSpace(value))
	}
}

func (r *Reader) setLayout(header []byte) {
	if r.layout != nil && r.layout.header == string(header) && r.layouts[layoutKey{string(header), r.logType}] == r.layout {
		return
	}
	k := layoutKey{string(header), r.logType}
	l := r.layouts[k]
	if l == nil {
		if len(r.layouts) >= maxLayouts {
			clear(r.layouts)
		}
		l = newLayout(k.header, k.logType)
		r.layouts[k] = l
	}
	r.layout = l
}

// remember gives the layout that the reader already has for the same names, so that logs without
// directives share their shapes.
func (r *Reader) remember(l *layout) *layout {
	k := layoutKey{l.header, "without: " + l.logType}
	if have := r.layouts[k]; have != nil {
		return have
	}
	if len(r.layouts) >= maxLayouts {
		clear(r.layouts)
	}
	r.layouts[k] = l
	return l
}

func (r *Reader) record(text []byte, p piece) bool {
	switch {
	case r.layout != nil && r.layout.header == string(text):
		return true // the names once more
	case isHeader(text):
		r.setLayout(text)
		return true
	}
	if r.layout == nil {
		l := guess(text, &r.splitter)
		if l == nil {
			r.tally.Damage(p.offset, "record", "#Fields before it", lines.Quote(text), 1)
			return true
		}
		r.layout = r.remember(l)
	}
	l := r.layout
	s := &r.splitter
	s.splitInto(text, l.columns)
	n := len(s.values)
	var at event.Value
	if l.time >= 0 && l.time < n {
		at = s.values[l.time]
	}
	when, timed := r.clock.parse(at.Raw)
	lost := 0
	if !timed && n < l.columns {
		lost = 1
	}
	switch {
	case n < l.columns && p.open:
		r.tally.Damage(p.offset, "record", fmt.Sprintf("%d columns", l.columns), fmt.Sprintf("%d: the last line may be half written", n), lost)
	case n < l.columns:
		r.tally.Damage(p.offset, "record", fmt.Sprintf("%d columns", l.columns), fmt.Sprintf("%d: %s", n, lines.Quote(text)), lost)
	case s.rest != nil:
		r.tally.Damage(p.offset, "record", fmt.Sprintf("%d columns", l.columns), "more: "+lines.Quote(s.rest), 0)
	case s.unclosed:
		r.tally.Damage(p.offset, "record", "a quote that ends its last column", "none", 0)
	case !timed:
		r.tally.Damage(p.offset, "time", "2006-01-02T15:04:05.000Z", lines.Quote(at.Raw), 0)
	}
	if lost > 0 {
		return true
	}
	for n < l.columns {
		s.values = append(s.values, event.Value{})
		n++
	}
	for _, m := range l.made {
		v := event.Value{}
		if from := s.values[m.from]; !from.IsNull() {
			if part, ok := s.take(from.Raw, m.how); ok {
				v = event.Value{Kind: event.Text, Raw: part}
			}
		}
		s.values = append(s.values, v)
	}
	e := &r.event
	e.Shape = l.shape
	if s.rest != nil {
		e.Shape = l.more
		s.values = append(s.values, event.Value{Kind: event.Text, Raw: s.rest})
	}
	e.Values = s.values
	e.Time = when
	e.Category, e.Service = l.category, l.service
	e.Computer = ""
	host := l.host
	if l.sent >= 0 && (bytes.HasPrefix(s.values[l.sent].Raw, []byte("SEND")) || host >= 0 && len(s.values[host].Raw) == 0) {
		host = l.sender
	}
	if host >= 0 {
		if name, ok := s.take(s.values[host].Raw, l.hostOf); ok {
			e.Computer = r.hosts.Of(name)
		}
	}
	e.Source.Offset, e.Source.Length = p.offset, p.length
	r.tally.Report.Events++
	return r.emit(e)
}
