package evtx

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"slices"

	"aldebaran/event"
)

// chunkHeader is what the records of a chunk are read by:
//
//	0 "ElfChnk" 0   8 first, last record number   24 first, last record id   40 header size (128)
//	44 last record   48 free space   52 CRC-32 of the records   120 flags   124 CRC-32 of 0..119 and 128..511
//	128 64 offsets of names   384 32 offsets of templates
type chunkHeader struct {
	firstID, lastID uint64
	free            int // where records end
	dataCRC         uint32
	noCRC           bool // checksums are not kept
	intact          bool // its checksum is right, or there is none
	lost            bool // there is none
}

// readChunk reads the chunk that should stand at at. next is where the chunk behind it should
// stand; more is false when emit wants no more.
func (r *Reader) readChunk(at int64, emit func(*event.Event) bool) (next int64, more bool, err error) {
	f := r.file
	index := int((at - f.base) / chunkSize)
	room := int(min(chunkSize, f.size-at))
	r.begin(at, index)
	defer r.endDamage()

	have := min(chunkHeaderSize, room)
	switch {
	case at == f.base && f.firstUsed >= chunkHeaderSize:
		have = min(f.firstUsed+recordHeaderSize, room)
	case int64(index) < f.chunks-1:
		have = room // chunks before the last are full
	}
	if err := r.load(0, have); err != nil {
		return 0, false, err
	}
	if !bytes.HasPrefix(r.chunk[:have], []byte(chunkMagic)) {
		return r.noChunk(room, have, emit)
	}
	if room < chunkHeaderSize {
		r.note(fault{room, "chunk header", fmt.Sprint(chunkHeaderSize, " bytes"), fmt.Sprint(room)}, 0, -1)
		return at + chunkSize, true, nil
	}
	if f.chunks >= 0 && int64(index) >= f.chunks && !f.dirty {
		r.note(fault{0, "chunk", fmt.Sprint("no more than ", f.chunks, " chunks, as the file header says"), "one more"}, 0, 0)
	}
	more, err = r.walk(r.header(), room, have, emit)
	return at + chunkSize, more, err
}

// noChunk looks what stands where a chunk should begin and does not. Behind the last chunk of an
// orderly log that is nothing.
func (r *Reader) noChunk(room, have int, emit func(*event.Event) bool) (next int64, more bool, err error) {
	f := r.file
	next = r.at + chunkSize
	expected := f.chunks < 0 || int64(r.index) < f.chunks
	zero := isZero(r.chunk[:have])
	if zero && !expected && !f.dirty {
		return next, true, nil
	}
	if err := r.load(have, room); err != nil {
		return 0, false, err
	}
	if isZero(r.chunk[:room]) {
		if expected && f.chunks >= 0 {
			r.note(fault{0, "chunk header", `"ElfChnk"`, "zero bytes"}, 0, -1)
		}
		return next, true, nil
	}
	if begun, err := r.chunkBefore(); begun > 0 || err != nil {
		return begun + chunkSize, true, err // this place belongs to the last chunk of the unit before
	}
	if moved := r.findChunk(r.chunk[:room], r.at); moved > 0 {
		r.note(fault{0, "chunk header", `"ElfChnk"`, fmt.Sprintf("a chunk %#x bytes further on", moved)}, 0, 0)
		return r.at + int64(moved), true, nil
	}
	found := "zero bytes"
	if !isZero(r.chunk[:min(8, room)]) {
		found = quoteBytes(r.chunk[:min(8, room)])
	}
	r.note(fault{0, "chunk header", `"ElfChnk"`, found}, 0, -1)
	if room <= chunkHeaderSize {
		return next, true, nil
	}
	w := walker{r: r, h: chunkHeader{lost: true}, emit: emit, pos: chunkHeaderSize, room: room, have: room, limit: room}
	if _, _, f := w.record(w.pos); f.what != "" && !expected {
		// Nobody says that this is a chunk of this log, and it does not begin like one: copies of
		// volumes hold blocks of other files. It may be read like other remains.
		if r.recovers() {
			more, err = w.recover()
			return next, more, err
		}
		return next, true, nil
	}
	more, err = r.walk(w.h, room, room, emit)
	return next, more, err
}

func (r *Reader) recovers() bool { return r.opt.Recover || r.file.recover }

// findChunk looks in the bytes b of the file at at for the header of a chunk that does not stand
// where it should; 0 if there is none. Its checksum must be right: any text in a log can say
// "ElfChnk".
func (r *Reader) findChunk(b []byte, at int64) int {
	var header [chunkHeaderSize]byte
	for from := 1; from < len(b); from++ {
		i := bytes.Index(b[from:], []byte(chunkMagic))
		if i < 0 {
			break
		}
		from += i
		if n, _ := r.file.r.ReadAt(header[:], at+int64(from)); n == len(header) && crcHeader(header[:]) == binary.LittleEndian.Uint32(header[124:]) {
			return from
		}
	}
	return 0
}

// chunkBefore gives the place of a chunk that does not stand where it should and reaches from the
// unit before into this one, which has read it; 0 if there is none.
func (r *Reader) chunkBefore() (int64, error) {
	if r.at != r.unit.Start || r.at-chunkSize < r.file.base {
		return 0, nil
	}
	before := r.spareChunk()
	if _, err := r.file.r.ReadAt(before, r.at-chunkSize); err != nil {
		return 0, fmt.Errorf("%s: offset %#x: %w", r.file.path, r.at-chunkSize, err)
	}
	if bytes.HasPrefix(before, []byte(chunkMagic)) {
		return 0, nil
	}
	at, found := r.at-chunkSize, int64(0)
	for {
		moved := r.findChunk(before, at)
		if moved == 0 {
			return found, nil
		}
		before, at = before[moved:], at+int64(moved)
		found = at
	}
}

// spareChunk gives memory for a second chunk.
func (r *Reader) spareChunk() []byte {
	if r.spare == nil {
		r.spare = make([]byte, chunkSize)
	}
	return r.spare
}

// load reads bytes [from, to) of the chunk.
func (r *Reader) load(from, to int) error {
	if from >= to {
		return nil
	}
	n, err := r.file.r.ReadAt(r.chunk[from:to], r.at+int64(from))
	if n == to-from {
		return nil
	}
	if err == nil || errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF // the file became shorter since it was opened
	}
	return fmt.Errorf("%s: offset %#x: %w", r.file.path, r.at+int64(from+n), err)
}

// begin forgets the chunk before.
func (r *Reader) begin(at int64, index int) {
	r.at, r.index = at, index
	r.clearTables()
	r.worked, r.joined, r.shapeBytes, r.places = 0, 0, 0, 0
	r.noted = len(r.report.Damage)
	r.chunkNumber++
	r.more = event.Damage{}
	if r.cached > maxCached {
		r.forget()
	}
}

// clearTables forgets what stands at which offset of a chunk.
func (r *Reader) clearTables() {
	for _, d := range r.defs {
		r.defAt[d.off] = 0
	}
	for _, off := range r.nameOffs {
		r.nameIDAt[off] = 0
	}
	r.defs, r.nameOffs, r.defBytes, r.nameChars = r.defs[:0], r.nameOffs[:0], 0, 0
}

func (r *Reader) header() chunkHeader {
	b := r.chunk
	h := chunkHeader{
		firstID: binary.LittleEndian.Uint64(b[24:]),
		lastID:  binary.LittleEndian.Uint64(b[32:]),
		free:    int(min(binary.LittleEndian.Uint32(b[48:]), chunkSize+1)),
		dataCRC: binary.LittleEndian.Uint32(b[52:]),
		noCRC:   r.file.noCRC || binary.LittleEndian.Uint32(b[120:])&flagNoCRC != 0,
		intact:  true,
	}
	if want, found := crcHeader(b), binary.LittleEndian.Uint32(b[124:]); want != found && !h.noCRC {
		r.note(fault{124, "chunk header checksum", hex32(want), hex32(found)}, 0, 0)
		h.intact = false
	}
	return h
}

func crcHeader(b []byte) uint32 {
	return crc32.Update(crc32.ChecksumIEEE(b[:120]), crc32.IEEETable, b[128:chunkHeaderSize])
}

func isZero(b []byte) bool {
	for len(b) >= 8 {
		if binary.LittleEndian.Uint64(b) != 0 {
			return false
		}
		b = b[8:]
	}
	for _, c := range b {
		if c != 0 {
			return false
		}
	}
	return true
}

// note lists a place that could not be read. A hostile chunk has thousands; beyond a few they are
// counted, not listed.
func (r *Reader) note(f fault, record uint64, lost int) {
	d := event.Damage{Path: r.file.path, Offset: r.at + int64(f.at), Chunk: r.index, Record: record, What: f.what, Want: f.want, Found: f.found, Lost: lost}
	if r.places++; r.places <= maxChunkDamage {
		r.report.Damage = append(r.report.Damage, d)
		return
	}
	if r.places == maxChunkDamage+1 {
		r.more = d
		return
	}
	if r.more.Lost < 0 || lost < 0 {
		r.more.Lost = -1
	} else {
		r.more.Lost += lost
	}
}

// endDamage puts the places of the chunk in order and adds those that were only counted.
func (r *Reader) endDamage() {
	slices.SortStableFunc(r.report.Damage[r.noted:], func(a, b event.Damage) int { return cmp.Compare(a.Offset, b.Offset) })
	if n := r.places - maxChunkDamage; n > 0 {
		r.more.Found = fmt.Sprintf("%s, and %d more places in this chunk", r.more.Found, n-1)
		r.report.Damage = append(r.report.Damage, r.more)
	}
}
