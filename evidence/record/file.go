package record

import (
	"io"

	"aldebaran/event"
	"aldebaran/evidence/lines"
)

// A File is an open log of a format whose records are found from any place on, and of which nothing
// has to be known from its beginning: all that such formats need besides their Reader.
type File struct {
	// Log is read through it; Options are those that it was opened with.
	Log     *lines.Log
	Options lines.Options
}

// Open opens a log. The error is one of the file system.
func Open(r io.ReaderAt, size int64, path string, opt lines.Options) (*File, error) {
	log, err := lines.Open(r, size, path)
	if err != nil {
		return nil, err
	}
	return &File{log, opt}, nil
}

// Units gives the pieces of the file that can be read by themselves.
func (f *File) Units() []event.Unit { return f.Log.Units(UnitSize) }

// Damage is always empty: what is wrong is found while the lines are read.
func (f *File) Damage() []event.Damage { return nil }
