package evidence

import (
	"io"

	"aldebaran/event"
	"aldebaran/evidence/evtx"
)

// A log is one opened file of some format. Safe for concurrent use.
type log interface {
	Units() []event.Unit
	Damage() []event.Damage
}

// A reader reads units of logs of one format; it is used by one goroutine.
type reader interface {
	Read(l log, u event.Unit, emit func(*event.Event) bool) (event.Report, error)
}

// A format is one kind of log and how it is read.
type format struct {
	name string
	// extensions are those that such files have by custom, in lower case; see [NamedAsLog].
	extensions []string
	// sniff tells whether a file that begins with head (at most headSize bytes) has the format.
	sniff     func(head []byte) bool
	open      func(r io.ReaderAt, size int64, path string, opt Options) (log, error)
	newReader func(opt Options) reader
}

// formats lists the readers. The first whose sniff says yes reads the file.
var formats = [...]format{
	{
		name:       "evtx",
		extensions: []string{".evtx"},
		sniff:      evtx.Sniff,
		open: func(r io.ReaderAt, size int64, path string, opt Options) (log, error) {
			return evtx.Open(r, size, path, evtx.Options{Recover: opt.Recover})
		},
		newReader: func(opt Options) reader {
			return evtxReader{evtx.NewReader(evtx.Options{Recover: opt.Recover})}
		},
	},
}

// evtxReader takes evtx.Reader's concrete file out of the interface.
type evtxReader struct{ r *evtx.Reader }

func (e evtxReader) Read(l log, u event.Unit, emit func(*event.Event) bool) (event.Report, error) {
	return e.r.Read(l.(*evtx.File), u, emit)
}
