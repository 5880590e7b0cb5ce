package evtx

import (
	"encoding/binary"
	"fmt"

	"aldebaran/event"
)

const (
	recordMagic      = "\x2a\x2a\x00\x00"
	recordHeaderSize = 24
	minRecord        = recordHeaderSize + 4 // header and the size again at the end

	// maxRecordsAhead is how far record numbers may jump where records between were lost: a chunk
	// has no room for more.
	maxRecordsAhead = chunkSize / minRecord

	maxChunkDamage = 64       // places listed for one chunk; the rest is counted in one more
	maxCached      = 16 << 20 // bytes of programs, names and shapes kept; 500 logs of many hosts need 5 MB
)

// A Reader reads units of any number of files, one after the other. It keeps what it learnt about
// templates, so use one for each worker, for all files. Not safe for concurrent use.
type Reader struct {
	opt Options

	// The chunk at hand: where it stands in the file, its number, its bytes.
	at    int64
	index int
	chunk []byte // 64 KiB
	spare []byte // memory for another, made when it is needed
	buf   []byte // the part of it that was read and may hold records
	n     int    // len(buf)
	defs  []definition
	defAt []uint16 // offset in the chunk: index in defs + 1
	// nameIDAt gives the number of the name that stands at an offset; nameOffs lists those set.
	nameIDAt  []uint32
	nameOffs  []uint16
	defBytes  int
	nameChars int
	worked    int
	joined    int
	// shapeBytes counts the names of the shapes that this chunk's events have.
	shapeBytes  int
	chunkNumber uint64 // counts the chunks read

	// The record at hand.
	ev      event.Event
	values  []event.Value
	subs    []sub
	scratch []byte
	key     []byte
	layout  *layout
	fault   fault
	stale   bool // it stands behind the live ones

	// What was learnt from all chunks so far; forgotten when it grows beyond maxCached.
	cached     int
	programs   []*program
	templates  map[templateKey][]*program
	direct     map[string]*program
	names      []string
	nameIDs    map[string]uint32
	dynamic    []string
	dynamicIDs map[string]uint32
	root       *layout
	shapes     map[string]*event.Shape
	texts      map[string]string

	// The unit at hand.
	file   *File
	unit   event.Unit
	report event.Report
	noted  int // damage of the unit before this chunk
	places int // damage of this chunk so far
	more   event.Damage
	lost   map[uint32]*program // definitions of the unit by id, once one was missed
}

// NewReader makes a reader with empty caches.
func NewReader(opt Options) *Reader {
	r := &Reader{opt: opt, chunk: make([]byte, chunkSize), defAt: make([]uint16, chunkSize), nameIDAt: make([]uint32, chunkSize)}
	r.forget()
	return r
}

// forget empties the caches of what was learnt.
func (r *Reader) forget() {
	r.cached = 0
	r.programs = []*program{{id: textProgram}, {id: noProgram}}
	r.templates = map[templateKey][]*program{}
	r.direct = map[string]*program{}
	r.names = []string{""}
	r.nameIDs = map[string]uint32{}
	for _, name := range []string{"Data", "ComplexData", "Name"} { // nameData, ...
		r.nameID(utf16Bytes(name))
	}
	r.dynamic, r.dynamicIDs = []string{""}, map[string]uint32{}
	r.root = &layout{}
	r.shapes = map[string]*event.Shape{}
	r.texts = map[string]string{}
	r.lost = nil
}

// Read hands every event of the unit to emit, in the order of the file, until emit says false. An
// event and its values are valid only until emit returns. What cannot be read is listed in the
// report; the error is only what reading the file's bytes gave.
func (r *Reader) Read(f *File, u event.Unit, emit func(*event.Event) bool) (event.Report, error) {
	r.file, r.unit, r.report, r.lost = f, u, event.Report{}, nil
	for at := u.Start; at < u.End; {
		next, more, err := r.readChunk(at, emit)
		if err != nil || !more {
			return r.report, err
		}
		at = next
	}
	return r.report, nil
}

// decode reads one record into r.ev.
func (r *Reader) decode(pos, size int, id uint64) bool {
	r.values, r.subs, r.scratch, r.layout = r.values[:0], r.subs[:0], r.scratch[:0], r.root
	// Stale records may stand in one another, so that their bytes count, too.
	if !r.work(pos, size/8) || !r.fragments(pos+recordHeaderSize, pos+size-4, 0, 0) {
		return false
	}
	l := r.layout
	if !r.shapeOf(l) {
		return false
	}
	if len(r.values) == 0 || len(r.values) != len(l.shape.Fields) {
		return r.fail(pos, "record", fmt.Sprint(len(l.shape.Fields), " values, at least 1"), fmt.Sprint(len(r.values)))
	}
	e, sys := &r.ev, &l.sys
	e.Shape, e.Values = l.shape, r.values
	e.Product = "windows"
	e.Channel, e.Provider, e.Computer = r.text(&sys.channel), r.text(&sys.provider), r.text(&sys.computer)
	e.EventID = 0
	if sys.eventID >= 0 {
		e.EventID = uint32(number(r.values[sys.eventID]))
	}
	e.RecordID = 0
	if sys.recordID >= 0 {
		e.RecordID = number(r.values[sys.recordID])
	}
	if e.RecordID == 0 {
		e.RecordID = id
	}
	ok := false
	if sys.timeStamp >= 0 {
		e.Time, ok = timeOf(r.values[sys.timeStamp])
	}
	if !ok {
		e.Time = event.FileTimeToTime(binary.LittleEndian.Uint64(r.buf[pos+16:]))
	}
	e.Source = event.Source{Path: r.file.path, Offset: r.at + int64(pos), Length: int64(size), Chunk: r.index, Recovered: r.stale}
	return true
}
