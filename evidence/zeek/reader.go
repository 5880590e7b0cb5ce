package zeek

import (
	"bytes"
	"fmt"
	"strconv"
	"time"

	"aldebaran/event"
	"aldebaran/evidence/lines"
)

const (
	// maxLayouts bounds the layouts that a reader remembers. A sensor writes some 40 logs.
	maxLayouts = 256
	// maxHeader bounds the directives of one log that are remembered, in bytes.
	maxHeader = 64 << 10
)

// A Reader reads logs, one after the other, and keeps its buffers and layouts: one for each
// goroutine.
type Reader struct {
	lines   lines.Reader
	layouts map[header]*layout
	event   event.Event
	values  []event.Value
	scratch []byte // values without their escapes, and lists
	tally   lines.Tally

	// of the log at hand
	emit   func(*event.Event) bool
	header header
	layout *layout // nil until a line needs it
}

// NewReader makes a reader. No option matters to it: the format writes seconds since 1970.
func NewReader(lines.Options) *Reader {
	return &Reader{layouts: map[header]*layout{}}
}

// Read hands every line of a log to emit, in order, until emit says false. The error is one of the
// file system; lines that could not be read are in the report.
func (r *Reader) Read(f *File, u event.Unit, emit func(*event.Event) bool) (event.Report, error) {
	r.emit = emit
	r.tally.Start(f.log, event.Clock{Zone: "UTC", How: "the format writes seconds since 1970"})
	r.header, r.layout = defaults, nil
	r.event = event.Event{Product: "zeek", Source: event.Source{Path: f.log.Path, Chunk: -1}}
	err := r.lines.Read(f.log, u, r.line)
	return r.tally.End(), err
}

func (r *Reader) line(l lines.Line) bool {
	if !r.tally.Line(&l) {
		return true
	}
	if l.Text[0] == '#' && r.directive(l) {
		return true
	}
	if l.Cut {
		r.tally.Damage(l.Offset, "line", fmt.Sprintf("at most %d bytes", lines.MaxLine), strconv.FormatInt(l.Length, 10), 0)
	}
	if r.layout == nil {
		if r.header.fields == "" {
			r.tally.Damage(l.Offset, "line", "a #fields directive before it", lines.Quote(l.Text), 1)
			return true
		}
		r.setLayout(l.Offset)
	}
	return r.record(l)
}

// directive takes up what a line that begins with # says; false if it is none.
func (r *Reader) directive(l lines.Line) bool {
	const separator = "#separator "
	if rest, ok := bytes.CutPrefix(l.Text, []byte(separator)); ok {
		// A new log begins: the writer says all of it again.
		r.header, r.layout = defaults, nil
		if one := unescaped(nil, rest); len(one) == 1 {
			r.header.separator = one[0]
			return true
		}
		r.tally.Damage(l.Offset, "directive", `#separator with one character, as \x09`, lines.Quote(rest), 0)
		return true
	}
	name, value, _ := bytes.Cut(l.Text, []byte{r.header.separator})
	h, most := &r.header, 0
	var to *string
	switch string(name) {
	case "#fields":
		to, most = &h.fields, maxHeader
		h.types = "" // those of the columns before
	case "#types":
		to, most = &h.types, maxHeader
	case "#path":
		to, most = &h.path, 1<<10
	case "#set_separator":
		to, most = &h.setSeparator, 16
	case "#empty_field":
		to, most = &h.empty, 256
	case "#unset_field":
		to, most = &h.unset, 256
	case "#open", "#close":
		return true
	default:
		// #start and #end are of older versions. A value may begin with # only where the first
		// column is a text.
		return r.header.fields == "" || bytes.IndexByte(l.Text, r.header.separator) < 0
	}
	if len(value) > most {
		r.tally.Damage(l.Offset, "directive", fmt.Sprintf("at most %d bytes", most), strconv.Itoa(len(value)), 0)
		value = value[:most]
	}
	if string(value) != *to {
		*to = string(value)
	}
	r.layout = nil
	return true
}

func (r *Reader) setLayout(offset int64) {
	l := r.layouts[r.header]
	if l == nil {
		if len(r.layouts) >= maxLayouts {
			clear(r.layouts)
		}
		l = newLayout(r.header)
		r.layouts[r.header] = l
	}
	if n := bytes.Count([]byte(r.header.fields), []byte{r.header.separator}) + 1; n > maxColumns {
		r.tally.Damage(offset, "directive", fmt.Sprintf("at most %d columns", maxColumns), strconv.Itoa(n), 0)
	}
	r.layout = l
	r.event.Shape, r.event.Service = l.shape, l.service()
}

// record hands out one line.
func (r *Reader) record(l lines.Line) bool {
	lay := r.layout
	n := r.split(l.Text)
	if n != len(lay.kinds) {
		_, timed := r.when()
		if r.tally.Columns(l, len(lay.kinds), n, timed); !timed {
			return true
		}
		for len(r.values) < len(lay.kinds) {
			r.values = append(r.values, event.Value{})
		}
	}
	e := &r.event
	var ok bool
	if e.Time, ok = r.when(); !ok && lay.when >= 0 && !r.values[lay.when].IsNull() {
		r.tally.Damage(l.Offset, "time", "seconds since 1970, as 1772352001.250000", lines.Quote(r.values[lay.when].Raw), 0)
	}
	e.Values = r.values
	e.Source.Offset, e.Source.Length = l.Offset, l.Length
	r.tally.Report.Events++
	return r.emit(e)
}

// split cuts a line into values and gives the number of its columns.
func (r *Reader) split(text []byte) int {
	lay := r.layout
	r.values, r.scratch = r.values[:0], r.scratch[:0]
	escaped := bytes.IndexByte(text, '\\') >= 0
	for i := range lay.kinds {
		raw := text
		at := bytes.IndexByte(text, lay.separator)
		if at >= 0 {
			raw = text[:at:at]
		}
		r.values = append(r.values, r.value(raw, lay.kinds[i], escaped))
		if at < 0 {
			return i + 1
		}
		text = text[at+1:]
	}
	return len(lay.kinds) + 1 + bytes.Count(text, []byte{lay.separator})
}

// Words for T and F: rules are written for the JSON form of the logs.
var yes, no = []byte("true"), []byte("false")

// value gives the value that a column's text stands for. A null keeps the text by which the log says
// that there is none.
func (r *Reader) value(raw []byte, k kind, escaped bool) event.Value {
	lay := r.layout
	switch {
	case len(raw) == len(lay.unset) && string(raw) == lay.unset:
		return event.Value{Raw: raw}
	case k == list:
		return r.list(raw, escaped)
	case k == boolean && len(raw) == 1 && raw[0] == 'T':
		return event.Value{Kind: event.Text, Raw: yes}
	case k == boolean && len(raw) == 1 && raw[0] == 'F':
		return event.Value{Kind: event.Text, Raw: no}
	case len(raw) == len(lay.empty) && string(raw) == lay.empty:
		return event.Value{Kind: event.Text, Raw: raw[:0]}
	case escaped && bytes.IndexByte(raw, '\\') >= 0:
		start := len(r.scratch)
		r.scratch = unescaped(r.scratch, raw)
		raw = r.scratch[start:len(r.scratch):len(r.scratch)]
	}
	return event.Value{Kind: event.Text, Raw: raw}
}

// list makes a list of texts (see [event.Value.Each]) of a set or vector. Elements that are unset are
// left out.
func (r *Reader) list(raw []byte, escaped bool) event.Value {
	lay := r.layout
	start := len(r.scratch)
	whole := string(raw) == lay.empty
	for !whole {
		one, rest, more := raw, []byte(nil), false
		if len(lay.setSeparator) == 1 {
			if at := bytes.IndexByte(raw, lay.setSeparator[0]); at >= 0 {
				one, rest, more = raw[:at], raw[at+1:], true
			}
		} else if lay.setSeparator != "" {
			one, rest, more = bytes.Cut(raw, []byte(lay.setSeparator))
		}
		at := len(r.scratch)
		switch {
		case string(one) == lay.unset:
		case string(one) == lay.empty:
			r.scratch = append(r.scratch, 0)
		default:
			if escaped {
				r.scratch = unescaped(r.scratch, one)
			} else {
				r.scratch = append(r.scratch, one...)
			}
			for i := at; i < len(r.scratch); i++ {
				if r.scratch[i] == 0 {
					r.scratch[i] = ' ' // NUL ends an element
				}
			}
			r.scratch = append(r.scratch, 0)
		}
		if !more {
			break
		}
		raw = rest
	}
	return event.Value{Kind: event.Text | event.Array, Raw: r.scratch[start:len(r.scratch):len(r.scratch)]}
}

// when gives the time of the line that was just split; ok is false if there is none.
func (r *Reader) when() (t time.Time, ok bool) {
	at := r.layout.when
	if at < 0 {
		return time.Time{}, len(r.values) == len(r.layout.kinds)
	}
	if at >= len(r.values) || r.values[at].Kind != event.Text {
		return time.Time{}, false
	}
	b := r.values[at].Raw
	const mostDigits = 11 // seconds to the year 5138
	sec, p := int64(0), 0
	for ; p < len(b) && '0' <= b[p] && b[p] <= '9'; p++ {
		sec = sec*10 + int64(b[p]-'0')
		if p >= mostDigits {
			return time.Time{}, false
		}
	}
	if p == 0 {
		return time.Time{}, false
	}
	nsec := int64(0)
	if p < len(b) && b[p] == '.' {
		p++
		for scale := int64(100_000_000); p < len(b) && '0' <= b[p] && b[p] <= '9'; p++ {
			nsec += int64(b[p]-'0') * scale
			scale /= 10
		}
	}
	if p != len(b) {
		return time.Time{}, false
	}
	return time.Unix(sec, nsec).UTC(), true
}
