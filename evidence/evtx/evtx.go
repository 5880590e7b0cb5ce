// Package evtx reads Windows event logs (EVTX) for speed and for damaged files, and writes them.
//
// In goes a file, out come events whose values are undecoded slices of the record, and a report of
// every place that could not be read. See docs/formats/evtx.md for the bytes.
package evtx

import (
	"errors"
	"io"

	"aldebaran/event"
)

// Options are the reader's choices; the zero value is right.
type Options struct {
	// Recover reads stale records behind a chunk's free-space offset too and marks them.
	Recover bool
}

// ErrNotEVTX is returned by [Open] for something that is no event log at all.
var ErrNotEVTX = errors.New("not an EVTX file")

// Sniff tells whether a file that begins with head is an event log.
func Sniff(head []byte) bool { return len(head) >= 8 && string(head[:8]) == "ElfFile\x00" }

// A File is one opened event log. It is safe for concurrent use by several readers.
type File struct {
	r      io.ReaderAt
	size   int64
	path   string
	opt    Options
	units  []event.Unit
	damage []event.Damage
}

// Open reads the file header and lays out the units.
func Open(r io.ReaderAt, size int64, path string, opt Options) (*File, error) {
	return &File{r: r, size: size, path: path, opt: opt}, nil
}

// Units gives the pieces of the file that can be read by themselves.
func (f *File) Units() []event.Unit { return f.units }

// Damage lists what is wrong with the file as a whole.
func (f *File) Damage() []event.Damage { return f.damage }

// A Reader reads units of any number of files, one after the other; one for each worker.
type Reader struct{ opt Options }

// NewReader makes a reader with empty caches.
func NewReader(opt Options) *Reader { return &Reader{opt: opt} }

// Read hands every event of the unit to emit, in the order of the file, until emit says false.
func (r *Reader) Read(f *File, u event.Unit, emit func(*event.Event) bool) (event.Report, error) {
	return event.Report{}, nil
}
