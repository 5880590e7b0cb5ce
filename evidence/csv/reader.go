package csv

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"time"

	"aldebaran/event"
	"aldebaran/evidence/json"
	"aldebaran/evidence/lines"
)

const (
	// maxRow bounds a row of many lines. AuditData has up to 1 MB, descriptions of events some KB.
	maxRow = 4 << 20
	// maxRowLines bounds its lines: a quote that does not end would make one row of all the rest.
	maxRowLines = 1 << 12
)

// A Reader reads tables, one after the other, and keeps its buffers and layouts: one for each
// goroutine.
type Reader struct {
	opt   lines.Options
	lines lines.Reader
	rows  *json.Reader
	split splitter

	// of the table at hand
	table  *table
	emit   func(*event.Event) bool
	tally  lines.Tally
	hosts  lines.Names
	begun  bool      // the header was seen
	unsure bool      // a time did not say its zone
	time   time.Time // of the row at hand
	names  [][]byte  // and values of a row that has some twice
	values []event.Value

	// A row whose quotes are still open, and where its lines are.
	text  []byte
	held  []held
	first lines.Line
}

// A held is a line of a row that is not complete: text up to end, and where it stands in the file.
type held struct {
	end            int
	offset, length int64
	cut            bool
}

// NewReader makes a reader. Of the options Zone is for times that do not say theirs.
func NewReader(opt lines.Options) *Reader {
	return &Reader{opt: opt, rows: json.NewReader(opt)}
}

// Read hands the events of a table to emit, in order, until emit says false. The error is one of the
// file system; rows that could not be read are in the report.
func (r *Reader) Read(f *File, u event.Unit, emit func(*event.Event) bool) (event.Report, error) {
	r.table, r.emit = f.table, emit
	r.tally.Start(f.log, event.Clock{})
	r.begun, r.unsure = false, false
	r.text, r.held = r.text[:0], r.held[:0]
	r.split.separator = f.table.separator
	r.rows.BeginRows(f.log, r.event)
	on := true
	err := r.lines.Read(f.log, u, func(l lines.Line) bool {
		on = r.line(l)
		return on
	})
	if on && len(r.held) > 0 {
		r.giveUp(true)
	}
	report := r.rows.EndRows()
	own := r.tally.End()
	report.Damage = append(report.Damage, own.Damage...)
	slices.SortStableFunc(report.Damage, func(a, b event.Damage) int { return cmp.Compare(a.Offset, b.Offset) })
	report.Bytes += own.Bytes
	report.Clock = r.clock()
	r.table, r.emit = nil, nil
	return report, err
}

func (r *Reader) clock() event.Clock {
	var c event.Clock
	switch {
	case r.table.utc && r.table.kind != nil:
		return event.Clock{Zone: "UTC", How: "the export writes UTC"}
	case r.table.utc:
		return event.Clock{Zone: "UTC", How: "the column's name says UTC"}
	case r.unsure:
		c = r.opt.Clock()
	default:
		c = event.Clock{Zone: "UTC", How: "the times say their zone"}
	}
	if r.table.how != "" {
		c.How += "; " + r.table.how
	}
	return c
}

// line takes up one line: a row, or a piece of one.
func (r *Reader) line(l lines.Line) bool {
	if len(r.held) > 0 {
		return r.goOn(l)
	}
	if len(bytes.Trim(l.Text, " \t\x00")) == 0 {
		return true
	}
	if r.skip(l) {
		return true
	}
	open := r.split.split(l.Text, false)
	if open && !l.Open && !l.Cut {
		r.text = append(r.text[:0], l.Text...)
		r.first = l
		r.held = append(r.held[:0], held{len(r.text), l.Offset, l.Length, l.Cut})
		return true
	}
	if open {
		// The file or what is read of the line ends within quotes: what is there is read.
		r.tally.Damage(l.Offset, "row", "a quote that ends the text", "the end; it may be half written", 0)
	}
	return r.row(l.Text, l)
}

// goOn adds a line to a row whose quotes are open.
func (r *Reader) goOn(l lines.Line) bool {
	r.text = append(append(r.text, '\n'), l.Text...)
	r.held = append(r.held, held{len(r.text), l.Offset, l.Length, l.Cut})
	if !r.split.stillOpen(l.Text) {
		r.split.split(r.text, false)
		first := r.first
		first.Length = l.Offset + l.Length - first.Offset
		first.Open = l.Open
		r.held = r.held[:0]
		return r.row(r.text, first)
	}
	if len(r.text) > maxRow || len(r.held) >= maxRowLines || l.Cut {
		return r.giveUp(false)
	}
	return true
}

// giveUp reads the lines of a row whose quotes do not end each by itself.
func (r *Reader) giveUp(end bool) bool {
	found := "more lines than a row has"
	if end {
		found = "the end of the file; it may be half written"
	}
	r.tally.Damage(r.first.Offset, "row", "a quote that ends the text", found, 0)
	at, all := 0, r.held
	r.held = r.held[:0]
	on := true
	for _, h := range all {
		line := r.text[at:h.end]
		at = min(h.end+1, len(r.text))
		if on && len(bytes.Trim(line, " \t\x00")) > 0 {
			if r.split.split(line, false) {
				r.split.split(line, true)
			}
			on = r.row(line, lines.Line{Text: line, Offset: h.offset, Length: h.length, Cut: h.cut})
		}
	}
	return on
}

// skip tells whether a line is no row: the header, and what stands before it.
func (r *Reader) skip(l lines.Line) bool {
	text := l.Text
	if bytes.Equal(text, r.table.header) {
		r.begun = true
		r.tally.Report.Bytes += l.Length
		return true
	}
	if !r.begun && (bytes.HasPrefix(text, []byte("#TYPE ")) || bytes.HasPrefix(text, []byte("sep="))) {
		r.tally.Report.Bytes += l.Length
		return true
	}
	return false
}

// row hands out the row that was just split.
func (r *Reader) row(text []byte, l lines.Line) bool {
	t, values := r.table, r.split.values
	if l.Cut {
		r.tally.Damage(l.Offset, "row", fmt.Sprintf("lines of at most %d bytes", lines.MaxLine), "more; only the beginning was read", 0)
	}
	n := len(values)
	if n > len(t.names) {
		values = values[:len(t.names)]
	}
	extra := n == t.columns+1 && (values[n-1].IsNull() || t.kind != nil && t.kind.extra != "")
	if n != t.columns && !extra {
		want, found := strconv.Itoa(t.columns)+" columns", strconv.Itoa(n)
		if l.Open {
			found += "; it may be half written"
		}
		const half = 2
		if n*half < t.columns {
			r.tally.Damage(l.Offset, "row", want, found+": "+lines.Quote(text), 1)
			return true
		}
		r.tally.Damage(l.Offset, "columns", want, found, 0)
	}
	for len(values) < t.columns {
		values = append(values, event.Value{})
	}
	if extra && values[n-1].IsNull() {
		values = values[:n-1]
	}
	r.split.values = values
	r.time = time.Time{}
	if t.time >= 0 && t.time < len(values) {
		loc := r.opt.Location()
		if t.utc {
			loc = time.UTC
		}
		if when, certain, ok := t.parse(values[t.time].Raw, loc); ok {
			r.time = when
			r.unsure = r.unsure || !certain && !t.utc
		}
	}
	names, all := t.names, values
	if len(t.also) > 0 {
		names, all = r.twice(values)
	}
	return r.rows.Row(names, all, l.Offset, l.Length, text, !r.time.IsZero())
}

// twice adds the values that have a second name.
func (r *Reader) twice(values []event.Value) ([][]byte, []event.Value) {
	r.names = append(r.names[:0], r.table.names[:len(values)]...)
	r.values = append(r.values[:0], values...)
	for _, a := range r.table.also {
		if a.column < len(values) {
			r.names = append(r.names, a.name)
			r.values = append(r.values, values[a.column])
		}
	}
	return r.names, r.values
}

// event gives the event that package json has made the time and the labels of the table.
func (r *Reader) event(e *event.Event) bool {
	t := r.table
	switch {
	case !r.time.IsZero():
		e.Time = r.time
	case e.Time.IsZero() && t.time >= 0 && t.time < len(r.split.values):
		r.tally.Damage(e.Source.Offset, "time", "a date and a time", lines.Quote(r.split.values[t.time].Raw), 0)
	}
	if e.Product == "" && t.kind != nil && t.kind.product != "" {
		e.Product, e.Category, e.Service = t.kind.product, t.kind.category, t.kind.service
	}
	if e.Computer == "" && t.host >= 0 && t.host < len(r.split.values) {
		e.Computer = r.hosts.Of(r.split.values[t.host].Raw)
	}
	return r.emit(e)
}
