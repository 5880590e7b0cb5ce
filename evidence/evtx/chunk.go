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

// atEnd is what is wrong with a record whose size stands differently at its end.
const atEnd = "record size at its end"

// spareChunk gives memory for a second chunk.
func (r *Reader) spareChunk() []byte {
	if r.spare == nil {
		r.spare = make([]byte, chunkSize)
	}
	return r.spare
}

// A walker goes from record to record through a chunk.
type walker struct {
	r       *Reader
	h       chunkHeader
	emit    func(*event.Event) bool
	pos     int
	room    int    // bytes of the chunk that the file has
	have    int    // bytes of them that are loaded
	limit   int    // where live records end
	open    bool   // limit is not known: go on while records follow each other
	last    uint64 // number of the record read last
	records int
}

// walk reads the records of the chunk, of which have bytes of room are loaded.
func (r *Reader) walk(h chunkHeader, room, have int, emit func(*event.Event) bool) (more bool, err error) {
	w := walker{r: r, h: h, emit: emit, pos: chunkHeaderSize, room: room, have: have}
	switch {
	case h.lost:
		w.limit, w.open = room, true
	case h.free < chunkHeaderSize || h.free > chunkSize:
		r.note(fault{48, "free-space offset", fmt.Sprint(chunkHeaderSize, " to ", chunkSize), fmt.Sprint(binary.LittleEndian.Uint32(r.chunk[48:]))}, 0, 0)
		w.limit, w.open = room, true
	default:
		w.limit = min(h.free, room)
	}
	// The header of one record more will show whether live records end where the chunk says.
	if err := w.load(min(w.limit+recordHeaderSize, room)); err != nil {
		return false, err
	}
	r.see(w.limit)
	sum := crc32.ChecksumIEEE(r.chunk[chunkHeaderSize:w.limit])
	if !w.open && h.free <= room && sum != h.dataCRC && !h.noCRC {
		r.note(fault{52, "chunk checksum", hex32(sum), hex32(h.dataCRC)}, 0, 0)
	}
	more, err = w.run()
	if more && err == nil && w.pos == w.limit {
		if err = w.extend(); err == nil && w.pos < w.limit {
			more, err = w.run()
		}
	}
	if w.records > 0 {
		r.report.Bytes += int64(w.pos)
		r.report.Digest = mix(r.report.Digest, uint64(sum)<<32|uint64(w.records))
		r.report.Digest = mix(r.report.Digest, w.last<<16^uint64(w.pos))
	}
	if !more || err != nil {
		return false, err
	}
	if !w.open && h.free > room {
		r.note(fault{w.pos, "chunk", fmt.Sprint(h.free, " bytes"), fmt.Sprint(room, " bytes before the end of the file")}, 0, w.missing())
	}
	if r.recovers() {
		return w.recover()
	}
	return true, nil
}

func mix(h, n uint64) uint64 {
	h = (h ^ n) * 0x9e3779b97f4a7c15
	return h ^ h>>29
}

// see makes the first n bytes of the chunk those that records may refer to.
func (r *Reader) see(n int) { r.buf, r.n = r.chunk[:n], n }

// run reads records up to the limit. more is false when emit wants no more.
func (w *walker) run() (more bool, err error) {
	r := w.r
	for w.pos < w.limit {
		size, id, f := w.record(w.pos)
		if f.what != "" && w.crosses() {
			if err := w.extend(); err != nil {
				return false, err
			}
			size, id, f = w.record(w.pos)
		}
		if w.open && (f.what != "" && f.what != atEnd || w.records > 0 && id != w.last+1) {
			// Where nobody says where records end, the next number is what makes one live.
			next := w.resync(w.pos)
			lost := w.gap(next)
			if next < w.limit || lost > 0 {
				r.note(f.or(fault{w.pos, "record", fmt.Sprint("number ", w.last+1), fmt.Sprint(id)}), 0, lost)
			}
			if next == w.limit {
				return true, nil
			}
			w.pos = next
			size, id, _ = w.record(next)
			f = fault{}
		}
		switch f.what {
		case "":
			if !w.yield(size, id) {
				return false, nil
			}
			w.pos += size
		case atEnd:
			r.note(f, id, 0)
			next := w.pos + size
			if next != w.limit && !w.magicAt(next) {
				// The size may lie, or the record may be torn. Whatever stands before the next
				// whole record is all that there can be of it.
				next = w.resync(w.pos + minRecord)
			}
			whole := min(size, next-w.pos)
			if !w.yield(whole, id) {
				return false, nil
			}
			w.lose(w.pos+whole, next)
		default:
			next := w.resync(w.pos + 1)
			if next == w.limit && w.h.free > w.limit {
				return true, nil // cut off by the end of the file, which is told as such
			}
			r.note(f, 0, w.gap(next))
			w.pos = next
		}
	}
	return true, nil
}

// crosses tells whether the record at the place at hand goes beyond the free-space offset, so that
// one of the two lies.
func (w *walker) crosses() bool {
	b := w.r.chunk[w.pos:w.have]
	return !w.open && w.limit == w.h.free && len(b) >= 8 && string(b[:4]) == recordMagic && int64(binary.LittleEndian.Uint32(b[4:])) > int64(w.limit-w.pos)
}

// extend looks behind the free-space offset. If the next record stands there, or goes on there, and
// bears the next number, the offset lies and the walk goes on without it. What stands there
// otherwise is older, from the chunk's last use.
func (w *walker) extend() error {
	if w.open || w.limit != w.h.free || w.limit >= w.room {
		return nil
	}
	r := w.r
	if err := w.load(min(w.pos+recordHeaderSize, w.room)); err != nil {
		return err
	}
	if w.room-w.pos < minRecord || string(r.chunk[w.pos:w.pos+4]) != recordMagic {
		return nil
	}
	id := binary.LittleEndian.Uint64(r.chunk[w.pos+8:])
	if w.records > 0 && id != w.last+1 || w.records == 0 && id != w.h.firstID {
		return nil
	}
	if err := w.load(w.room); err != nil {
		return err
	}
	limit := w.limit
	w.limit = w.room
	if _, _, f := w.record(w.pos); f.what != "" {
		w.limit = limit
		return nil
	}
	r.note(fault{48, "free-space offset", "the end of the records", fmt.Sprintf("%#x, where record %d stands", limit, id)}, 0, 0)
	w.open = true
	r.see(w.room)
	return nil
}

// load sees to it that the chunk's first n bytes are in memory.
func (w *walker) load(n int) error {
	if n <= w.have {
		return nil
	}
	if err := w.r.load(w.have, n); err != nil {
		return err
	}
	w.have = n
	return nil
}

// lose tells of the records between at and the next whole one.
func (w *walker) lose(at, next int) {
	w.pos = next
	if lost := w.gap(next); lost != 0 && at < next {
		b := w.r.buf[at:next]
		found := quoteBytes(b[:min(8, len(b))])
		if isZero(b) {
			found = "zero bytes"
		}
		w.r.note(fault{at, "record", "2a2a0000", found}, 0, lost)
	}
}

func (f fault) or(other fault) fault {
	if f.what != "" {
		return f
	}
	return other
}

// record reads the header of the record at pos:
//
//	2a2a0000   size u32   number u64   written FILETIME   BinXML   size again u32
func (w *walker) record(pos int) (size int, id uint64, f fault) {
	b := w.r.chunk[:w.limit]
	if w.limit-pos < minRecord {
		return 0, 0, fault{pos, "record", fmt.Sprint(minRecord, " bytes"), fmt.Sprint(w.limit - pos)}
	}
	if string(b[pos:pos+4]) != recordMagic {
		return 0, 0, fault{pos, "record", "2a2a0000", quoteBytes(b[pos : pos+4])}
	}
	n := binary.LittleEndian.Uint32(b[pos+4:])
	id = binary.LittleEndian.Uint64(b[pos+8:])
	if n < minRecord || n > uint32(w.limit-pos) {
		return 0, id, fault{pos + 4, "record size", fmt.Sprint(minRecord, " to ", w.limit-pos), fmt.Sprint(n)}
	}
	size = int(n)
	if again := binary.LittleEndian.Uint32(b[pos+size-4:]); again != n {
		return size, id, fault{pos + size - 4, atEnd, fmt.Sprint(n), fmt.Sprint(again)}
	}
	return size, id, fault{}
}

func (w *walker) magicAt(pos int) bool {
	return pos+4 <= w.limit && string(w.r.chunk[pos:pos+4]) == recordMagic
}

// resync finds the next whole record at or behind from that may belong to this chunk; the limit if
// there is none.
func (w *walker) resync(from int) int {
	for from < w.limit {
		i := bytes.Index(w.r.chunk[from:w.limit], []byte(recordMagic))
		if i < 0 {
			break
		}
		from += i
		if _, id, f := w.record(from); f.what == "" && w.belongs(id) {
			return from
		}
		from++
	}
	return w.limit
}

// belongs tells whether a record of that number may follow where records were lost: the header of
// the chunk says so, or it is not far ahead of the last one read.
func (w *walker) belongs(id uint64) bool {
	if w.h.intact && w.h.firstID <= id && id <= w.h.lastID && w.h.lastID-w.h.firstID < maxRecordsAhead {
		return true
	}
	return w.records == 0 || id > w.last && id-w.last <= maxRecordsAhead
}

// gap is the number of records lost before the one at next, -1 if that cannot be known.
func (w *walker) gap(next int) int {
	if next >= w.limit {
		return w.missing()
	}
	first := w.last + 1
	if w.records == 0 {
		if !w.h.intact {
			return -1
		}
		first = w.h.firstID
	}
	id := binary.LittleEndian.Uint64(w.r.chunk[next+8:])
	if id < first || id-first > maxRecordsAhead {
		return -1
	}
	return int(id - first)
}

// missing is the number of records up to the last one that the header speaks of, -1 if unknown.
func (w *walker) missing() int {
	last := w.last
	if w.records == 0 {
		last = w.h.firstID - 1
	}
	if !w.h.intact || w.h.lastID < last || w.h.lastID-last > maxRecordsAhead {
		return -1
	}
	return int(w.h.lastID - last)
}

// yield decodes one live record and hands it out. It gives false when emit wants no more.
func (w *walker) yield(size int, id uint64) bool {
	r := w.r
	w.records++
	w.last = id
	if !r.decode(w.pos, size, id) {
		f := r.fault
		if f.at == 0 {
			f.at = w.pos
		}
		r.note(f, id, 1)
		return true
	}
	r.report.Events++
	return w.emit(&r.ev)
}

// recover reads the stale records behind the live ones. They are remains: what cannot be read of
// them is counted as damage, too, so that nobody takes silence for completeness.
func (w *walker) recover() (more bool, err error) {
	r, room := w.r, w.room
	if err := w.load(room); err != nil {
		return false, err
	}
	w.limit = room
	r.see(room)
	r.stale = true
	defer func() { r.stale = false }()
	for from := w.pos; from < room; {
		i := bytes.Index(r.chunk[from:room], []byte(recordMagic))
		if i < 0 {
			break
		}
		from += i
		size, id, f := w.record(from)
		if f.what != "" {
			from++
			continue
		}
		if !r.decode(from, size, id) {
			f = r.fault
			r.note(fault{from, "stale record", f.what + ": " + f.want, f.found}, id, 1)
			from++
			continue
		}
		r.report.Events++
		r.report.Recovered++
		from += size
		if !w.emit(&r.ev) {
			return false, nil
		}
	}
	return true, nil
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
