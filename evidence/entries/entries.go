// Package entries cuts text logs into entries of one line or several, and entries into named
// values. In go lines; out come entries with the place of all their lines, and events built of them.
//
// The logs of databases are such logs: a statement or a message runs over as many lines as its
// author gave it. What is common to them stands here: how long an entry may be, where a piece of a
// file begins, how times are read; and the flat XML, JSON and CSV of audits. Package record joins
// lines too, but its records need none before them; here a [Place] says which do.
package entries

import (
	"bytes"
	"fmt"
	"io"
	"iter"
	"strconv"

	"aldebaran/event"
	"aldebaran/evidence/lines"
)

// UnitSize is how large the pieces are into which logs of entries are cut.
const UnitSize = 16 << 20

// MaxEntry is how many bytes of one entry are handed out; what follows is skipped, and told. The
// longest real ones are dumps of data as INSERT statements, whose lines are cut at lines.MaxLine.
const MaxEntry = 2 << 20

// A Place says what a line is to the entries of its log.
type Place uint8

const (
	More   Place = iota // the line belongs to the entry before
	Begin               // an entry begins, which may need the one before
	Free                // an entry begins that needs none before: a piece of a file can begin here
	Ignore              // the line belongs to no entry
)

// An Entry is one entry of a log, valid only until the function it was handed to returns.
type Entry struct {
	// Text is its lines joined with line feeds, in UTF-8, without the last line's end.
	Text []byte
	// Offset is its first byte in the file, Length the number of its bytes with all ends of lines.
	Offset, Length int64
	// Cut says that Text lacks the end of a line, or of the entry.
	Cut bool
	// Open says that the file ends before its last line does: it may be half written. It is read if
	// it can be.
	Open bool
}

// First gives the first lines of a text that say something, without their ends: at most 64, so many may
// belong to an entry that was cut off.
func First(text []byte) iter.Seq[[]byte] {
	const most = 64
	return func(yield func([]byte) bool) {
		n := 0
		for line := range bytes.Lines(text) {
			line = bytes.TrimRight(line, "\r\n")
			if len(line) == 0 {
				continue
			}
			if n++; n > most || !yield(line) {
				return
			}
		}
	}
}

// A Reader reads entries, one log after the other; it keeps its buffers: one for each goroutine.
type Reader struct {
	lines lines.Reader
	buf   []byte
	entry Entry
}

// Read hands every entry that begins in a unit to f, in order, until f says false; place says what
// each line is, and may remember what it saw. Lines at the beginning of a unit, before the first
// entry that needs none before it, belong to the unit before, which reads on until there; at the
// beginning of the file they are handed out as an entry of their own. The error is one of the file
// system.
func (r *Reader) Read(l *lines.Log, u event.Unit, place func(line []byte) Place, f func(*Entry) bool) error {
	ours := u.Start <= l.Start // what stands here is not the unit's before
	have, stopped := false, false
	e := &r.entry
	emit := func() bool {
		e.Text = r.buf
		have = false
		stopped = !f(e)
		return !stopped
	}
	// The last entry of the unit may end behind it.
	err := r.lines.Read(l, event.Unit{Index: u.Index, Start: u.Start, End: l.Size}, func(line lines.Line) bool {
		p := place(line.Text)
		ours = ours || p == Free
		if line.Offset >= u.End && (p == Free || !ours) {
			return false
		}
		switch {
		case !ours:
			return true
		case p == Ignore:
			return !have || emit()
		case p == More && have:
			e.Length = line.Offset + line.Length - e.Offset
			e.Open = line.Open
			e.Cut = e.Cut || line.Cut
			if room := MaxEntry - len(r.buf) - 1; room < len(line.Text) {
				e.Cut = true
				line.Text = line.Text[:max(room, 0)]
			}
			if len(r.buf) < MaxEntry {
				r.buf = append(append(r.buf, '\n'), line.Text...)
			}
			return true
		}
		if have && !emit() {
			return false
		}
		have = true
		*e = Entry{Offset: line.Offset, Length: line.Length, Cut: line.Cut, Open: line.Open}
		r.buf = append(r.buf[:0], line.Text...)
		return true
	})
	if err == nil && have && !stopped {
		emit()
	}
	return err
}

// Open opens a log and gives its first lines, which say what it is and how it is written. The error is
// one of the file system.
func Open(r io.ReaderAt, size int64, path string) (log *lines.Log, head []byte, err error) {
	const headSize = 128 << 10
	return lines.OpenHead(r, size, path, headSize)
}

// A Format is what a package knows of its entries, and where it puts what it reads in them.
type Format struct {
	// Place says what a line is to the entries.
	Place func(line []byte) Place
	// Parse reads an entry: it adds its values to Build and fills Event. It is false for what is no
	// entry; one that adds no values is the frame around entries.
	Parse func(e *Entry) bool
	// Want names an entry, for messages about what could not be read.
	Want string
	// Labels are what Event is before each entry, but for its Source.
	Labels event.Event

	Build *Builder
	Tally *Tally
	Event *event.Event
}

// Events hands an event for every entry of a unit to emit, in order, until emit says false. The error
// is one of the file system; entries that could not be read are in the report.
func (r *Reader) Events(l *lines.Log, u event.Unit, f Format, opt lines.Options, emit func(*event.Event) bool) (event.Report, error) {
	f.Tally.Start(l)
	f.Labels.Source = event.Source{Path: l.Path, Chunk: -1}
	err := r.Read(l, u, f.Place, func(e *Entry) bool {
		if len(bytes.TrimSpace(e.Text)) == 0 {
			return true
		}
		f.Tally.Entry(e)
		f.Build.Reset()
		*f.Event = f.Labels
		f.Event.Source.Offset, f.Event.Source.Length = e.Offset, e.Length
		if !f.Parse(e) {
			f.Tally.Lost(e, f.Want)
			return true
		}
		if len(f.Build.Values) == 0 {
			return true
		}
		if f.Build.Dropped > 0 {
			f.Tally.Damage(e.Offset, "values", "at most as many as an event has", fmt.Sprintf("%d more", f.Build.Dropped), 0)
		}
		f.Event.Shape, f.Event.Values = f.Build.Shape(), f.Build.Values
		f.Tally.Report.Events++
		return emit(f.Event)
	})
	return f.Tally.End(opt), err
}

// LineEnd gives the place of the end of a text's first line.
func LineEnd(text []byte) int {
	if n := bytes.IndexByte(text, '\n'); n >= 0 {
		return n
	}
	return len(text)
}

// A Tally makes the report of one unit.
type Tally struct {
	lines.Tally
	Zones Zones
}

// Start begins a report.
func (t *Tally) Start(l *lines.Log) {
	t.Zones.Forget()
	t.Tally.Start(l, event.Clock{})
}

// Entry counts the bytes of an entry, and tells what is wrong with it.
func (t *Tally) Entry(e *Entry) {
	t.Count(e.Text, e.Length)
	if e.Cut {
		t.Damage(e.Offset, "entry", fmt.Sprintf("lines of at most %d bytes, and %d in all", lines.MaxLine, MaxEntry), strconv.FormatInt(e.Length, 10)+" bytes", 0)
	}
}

// Lost tells that an entry could not be read.
func (t *Tally) Lost(e *Entry, want string) {
	if t.Full() {
		t.Damage(e.Offset, "entry", want, "", 1)
		return // before a text is made of it: files may be nothing but damage
	}
	what := "entry"
	if e.Open {
		what = "last line: it may be half written"
	}
	t.Damage(e.Offset, what, want, lines.Quote(e.Text), 1)
}

// End gives the report.
func (t *Tally) End(opt lines.Options) event.Report {
	t.Report.Clock = t.Zones.Clock(opt)
	return t.Tally.End()
}
