package w3c

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"time"

	"aldebaran/event"
	"aldebaran/evidence/lines"
)

const (
	// maxLayouts bounds the layouts that a reader remembers. Real logs have a handful.
	maxLayouts = 256
	// maxFields bounds the text of #Fields, in bytes: layouts are remembered by it. Real ones have some
	// 300 bytes.
	maxFields = 16 << 10
)

// A Reader reads logs, one after the other, and keeps its buffers and layouts: one for each
// goroutine.
type Reader struct {
	opt     lines.Options
	lines   lines.Reader
	layouts map[layoutKey]*layout
	hosts   lines.Names
	event   event.Event
	values  []event.Value
	starts  []span
	tally   lines.Tally

	// of the log at hand
	emit     func(*event.Event) bool
	layout   *layout
	guessed  guess // what the layout was made of, if there is no #Fields yet
	software string
	clock    clock
	day      int64 // of #Date
	haveDay  bool
	noDate   bool // told
}

type layoutKey struct{ fields, software string }

// A span is where a column stands in its line.
type span struct{ start, end int }

// NewReader makes a reader.
func NewReader(opt lines.Options) *Reader {
	return &Reader{opt: opt, layouts: map[layoutKey]*layout{}}
}

// Read hands every line of a log to emit, in order, until emit says false. The error is one of the
// file system; lines that could not be read are in the report.
func (r *Reader) Read(f *File, u event.Unit, emit func(*event.Event) bool) (event.Report, error) {
	r.emit = emit
	r.tally.Start(f.log, event.Clock{Zone: "UTC", How: "the format writes UTC"})
	r.layout, r.software, r.guessed = nil, "", guess{}
	r.clock = clock{loc: time.UTC}
	r.haveDay, r.noDate = false, false
	r.event = event.Event{Source: event.Source{Path: f.log.Path, Chunk: -1}}
	err := r.lines.Read(f.log, u, r.line)
	return r.tally.End(), err
}

func (r *Reader) line(l lines.Line) bool {
	if !r.tally.Line(&l) {
		return true
	}
	if l.Text[0] == '#' {
		r.directive(l)
		return true
	}
	if l.Cut {
		r.tally.Damage(l.Offset, "line", fmt.Sprintf("at most %d bytes", lines.MaxLine), fmt.Sprintf("%d", l.Length), 0)
	}
	if (r.layout == nil || r.guessed.names != nil) && !r.guess(l) {
		return true
	}
	return r.record(l)
}

// directive takes up what a line that begins with # says.
func (r *Reader) directive(l lines.Line) {
	name, value, ok := cutDirective(l.Text)
	if !ok {
		return // a remark
	}
	switch name {
	case "software":
		r.software = string(value[:min(len(value), 100)])
	case "fields":
		if len(bytes.Fields(value)) == 0 {
			r.tally.Damage(l.Offset, "directive", "names behind #Fields", "none", 0)
			return
		}
		if len(value) > maxFields {
			r.tally.Damage(l.Offset, "directive", fmt.Sprintf("at most %d bytes of #Fields", maxFields), strconv.Itoa(len(value)), 0)
			value = value[:maxFields]
		}
		r.guessed = guess{}
		r.setLayout(l.Offset, string(value))
	case "date", "start-date":
		if len(value) >= 10 {
			if day, ok := r.clock.parseDate(value[:10]); ok {
				r.day, r.haveDay, r.clock.last = day, true, 0
				return
			}
		}
		r.tally.Damage(l.Offset, "directive", "a date as 2026-03-01", lines.Quote(value), 0)
	case "gmt-offset":
		loc, ok := parseOffset(value)
		if !ok {
			r.tally.Damage(l.Offset, "directive", "an offset as -0800", lines.Quote(value), 0)
			return
		}
		r.clock.loc = loc
		r.tally.Report.Clock = event.Clock{Zone: loc.String(), How: "the log says so (#GMT-Offset)"}
	case "time format":
		if bytes.EqualFold(value, []byte("local")) {
			r.local()
		}
	}
}

// local takes times as those of the machine's zone.
func (r *Reader) local() {
	r.clock.loc = r.opt.Location()
	r.tally.Report.Clock = r.opt.Clock()
	if r.tally.Report.Clock.Assumed {
		r.tally.Report.Clock.How = "the log is in local time and does not say its zone"
	}
}

func (r *Reader) setLayout(offset int64, fields string) {
	k := layoutKey{fields, r.software}
	l := r.layouts[k]
	if l == nil {
		if len(r.layouts) >= maxLayouts {
			clear(r.layouts)
		}
		l = newLayout(fields, r.software)
		r.layouts[k] = l
		if n := len(bytes.Fields([]byte(fields))); n > maxColumns {
			r.tally.Damage(offset, "directive", fmt.Sprintf("at most %d columns", maxColumns), strconv.Itoa(n), 0)
		}
	}
	r.layout = l
	if l.local && r.clock.loc == time.UTC {
		r.local()
	}
}

// guess finds out what the columns of a line are before which there is no #Fields. A line that is
// none of IIS is read as the one before it.
func (r *Reader) guess(l lines.Line) bool {
	g := guessColumns(l.Text, r.guessed)
	switch {
	case g.names == nil && r.layout == nil:
		r.tally.Damage(l.Offset, "line", "a #Fields directive before it", lines.Quote(l.Text), 1)
		return false
	case g.names == nil:
		return true
	case r.layout == nil:
		r.tally.Damage(l.Offset, "header", "#Fields", "none: what the columns are is told by what stands in them", 0)
	case slices.Equal(g.names, r.guessed.names):
		return true
	}
	r.guessed, r.software = g, g.software
	r.setLayout(l.Offset, g.fields())
	return true
}

// record hands out one line.
func (r *Reader) record(l lines.Line) bool {
	lay := r.layout
	sep := byte(' ')
	if bytes.IndexByte(l.Text, '\t') >= 0 {
		sep = '\t' // CloudFront names columns with blanks between them, and separates values by tabs
	}
	n := r.split(l.Text, sep, lay.quoted)
	if n != lay.columns {
		n = r.mend(l.Text, sep)
	}
	when, whenOK := r.when(l)
	if n != lay.columns {
		if r.tally.Columns(l, lay.columns, n, whenOK); !whenOK {
			return true
		}
	} else if !whenOK {
		r.tally.Damage(l.Offset, "time", "date and time as 2026-03-01 08:00:00", lines.Quote(l.Text), 0)
	}
	e := &r.event
	e.Shape = lay.shape
	if n > lay.columns {
		e.Shape = lay.more
		r.values = append(r.values[:lay.columns], event.Value{Kind: event.Text, Raw: l.Text[r.starts[lay.columns].start:]})
	}
	for len(r.values) < lay.columns {
		r.values = append(r.values, event.Value{})
	}
	e.Values = r.values
	e.Time = when
	e.Source.Offset, e.Source.Length = l.Offset, l.Length
	e.Product, e.Category, e.Service = lay.product, lay.category, lay.service
	e.Computer = ""
	if lay.computer >= 0 && !r.values[lay.computer].IsNull() {
		e.Computer = r.hosts.Of(r.values[lay.computer].Raw)
	}
	r.tally.Report.Events++
	return r.emit(e)
}

// split cuts a line into values and gives their number. Blanks may stand in rows; tabs may not. A
// hyphen is how the format writes that there is no value: it becomes a null whose bytes it is.
func (r *Reader) split(line []byte, sep byte, quoted bool) int {
	r.values, r.starts = r.values[:0], r.starts[:0]
	for at := 0; ; {
		if sep == ' ' {
			for at < len(line) && line[at] == ' ' {
				at++
			}
		}
		if at >= len(line) || len(r.values) > maxColumns {
			return len(r.values)
		}
		start, end, next := at, 0, 0
		if quoted && line[at] == '"' {
			end = closing(line, at+1)
		}
		if end > 0 {
			start++
			next = end + 1
		} else if i := bytes.IndexByte(line[at:], sep); i >= 0 {
			end, next = at+i, at+i
		} else {
			end, next = len(line), len(line)
		}
		v := event.Value{Kind: event.Text, Raw: line[start:end:end]}
		if end-start == 1 && line[start] == '-' {
			v.Kind = event.Null
		}
		r.values = append(r.values, v)
		r.starts = append(r.starts, span{at, next})
		at = next + 1
	}
}

// closing gives the place of the quote that ends a text, 0 if there is none: the one before a
// separator or the end of the line. Two quotes are one that is part of the text.
func closing(line []byte, from int) int {
	for at := from; at < len(line); at++ {
		if line[at] != '"' {
			continue
		}
		if at+1 == len(line) || line[at+1] == ' ' || line[at+1] == '\t' {
			return at
		}
		if line[at+1] == '"' {
			at++
		}
	}
	return 0
}

// mend splits a line again that had another number of columns than it should: by blanks if a tab
// was only part of a value, without quotes, or with one value that has blanks in it. It gives the
// number of columns; if nothing helps, what stands where it was written.
func (r *Reader) mend(line []byte, sep byte) int {
	lay := r.layout
	if sep == '\t' && r.split(line, ' ', lay.quoted) == lay.columns {
		return lay.columns
	}
	if lay.quoted && r.split(line, ' ', false) == lay.columns {
		return lay.columns
	}
	n := r.split(line, sep, lay.quoted)
	if n <= lay.columns || sep != ' ' || n > maxColumns {
		return n
	}
	more := n - lay.columns
	for _, k := range lay.free {
		if !r.fits(k, more) {
			continue
		}
		from, to := r.starts[k].start, r.starts[k+more].end
		r.values[k] = event.Value{Kind: event.Text, Raw: line[from:to:to]}
		r.values = append(r.values[:k+1], r.values[k+more+1:]...)
		return lay.columns
	}
	return n
}

// fits tells whether the columns of numbers hold numbers if more values belong to column k.
func (r *Reader) fits(k, more int) bool {
	for _, at := range r.layout.numeric {
		if at > k {
			at += more
		}
		if !isNumber(r.values[at].Raw) {
			return false
		}
	}
	return len(r.layout.numeric) > 0
}

// when gives the time of the line that was just split; ok is false if it should have one and the
// text there is none.
func (r *Reader) when(l lines.Line) (t time.Time, ok bool) {
	lay := r.layout
	if lay.time < 0 && lay.date < 0 {
		return time.Time{}, len(r.values) == lay.columns
	}
	day, haveDay := r.day, r.haveDay
	if lay.date >= 0 {
		if lay.date >= len(r.values) {
			return time.Time{}, false
		}
		if day, haveDay = r.clock.parseDate(r.values[lay.date].Raw); !haveDay {
			return time.Time{}, false
		}
	}
	if lay.time < 0 {
		return r.clock.at(day, 0, 0), true
	}
	if lay.time >= len(r.values) {
		return time.Time{}, false
	}
	sec, nsec, ok := parseTime(r.values[lay.time].Raw)
	if !ok {
		return time.Time{}, false
	}
	if !haveDay {
		if !r.noDate {
			r.noDate = true
			r.tally.Damage(l.Offset, "date", "a column date or a #Date directive", "none: these events have no time", 0)
		}
		return time.Time{}, true
	}
	if lay.date < 0 {
		const half = 12 * 3600
		if sec < r.clock.last-half {
			// Past midnight. Lines are written when requests end, so a little back is no new day.
			r.day += 24 * 3600
			day = r.day
		}
		r.clock.last = sec
	}
	return r.clock.at(day, sec, nsec), true
}
