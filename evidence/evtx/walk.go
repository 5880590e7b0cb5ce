package evtx

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"

	"aldebaran/event"
)

// atEnd is what is wrong with a record whose size stands differently at its end.
const atEnd = "record size at its end"

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
