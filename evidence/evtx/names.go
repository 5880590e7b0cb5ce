package evtx

import (
	"encoding/binary"
	"fmt"
	"unicode"

	"aldebaran/event"
)

// The names that the compiler must know stand first in the table of names.
const (
	nameData uint32 = iota + 1
	nameComplexData
	nameName
)

// nameAt gives the number of the name that stands at off in the chunk:
//
//	next u32   hash u16   characters u16   UTF-16   NUL
//
// Names are numbered once for all chunks; 0 is no name. The hash tells a name that was written over.
func (r *Reader) nameAt(off int) (uint32, bool) {
	if off < chunkHeaderSize || off > r.n-8 {
		return 0, r.fail(off, "name", "an offset inside the chunk", fmt.Sprintf("%#x", uint32(off)))
	}
	if id := r.nameIDAt[off]; id != 0 {
		return id, true
	}
	chars := int(binary.LittleEndian.Uint16(r.buf[off+6:]))
	if chars > maxNameChars || off+8+2*chars > r.n {
		return 0, r.fail(off, "name", fmt.Sprint("at most ", min(maxNameChars, (r.n-off-8)/2), " characters"), fmt.Sprint(chars))
	}
	raw := r.buf[off+8 : off+8+2*chars]
	// Windows does not look at the hash, so a wrong one alone must not hide a record.
	if want, found := nameHash(raw), binary.LittleEndian.Uint16(r.buf[off+4:]); chars == 0 || raw[0]|raw[1] == 0 || want != found && !isName(raw) {
		return 0, r.fail(off, "name", fmt.Sprintf("hash %04x", want), fmt.Sprintf("%04x", found))
	}
	id := r.nameID(raw)
	r.nameIDAt[off] = id
	r.nameOffs = append(r.nameOffs, uint16(off))
	return id, true
}

// isName tells whether a text can be the name of an element or attribute at all.
func isName(raw []byte) bool {
	for i := 0; i+1 < len(raw); i += 2 {
		c := rune(raw[i]) | rune(raw[i+1])<<8
		if !unicode.IsLetter(c) && !unicode.IsDigit(c) && c != '_' && c != '-' && c != '.' && c != ':' {
			return false
		}
	}
	return len(raw) > 0
}

// nameHash is the hash by which Windows lists the names of a chunk (libevtx, "Common string").
func nameHash(raw []byte) uint16 {
	hash := uint32(0)
	for i := 0; i+1 < len(raw); i += 2 {
		hash = 65599*hash + uint32(binary.LittleEndian.Uint16(raw[i:]))
	}
	return uint16(hash)
}

func (r *Reader) nameID(raw []byte) uint32 {
	id := r.nameIDs[string(raw)]
	if id == 0 {
		id = uint32(len(r.names))
		r.nameIDs[string(raw)] = id
		name := event.Value{Kind: event.UTF16, Raw: raw}.String()
		r.names = append(r.names, name)
		r.cached += 2*len(raw) + len(name)
	}
	return id
}

// nameRef reads the reference to a name at pos; the name itself follows if the reference says that
// it is here.
func (r *Reader) nameRef(pos, end int) (id uint32, inline bool, next int, ok bool) {
	if end-pos < 4 {
		_, ok = r.failEnd(pos)
		return 0, false, 0, ok
	}
	off := int64(binary.LittleEndian.Uint32(r.buf[pos:]))
	if off >= chunkSize {
		return 0, false, 0, r.fail(pos, "name", "an offset inside the chunk", fmt.Sprintf("%#x", off))
	}
	if id, ok = r.nameAt(int(off)); !ok {
		r.fault.at = pos
		return 0, false, 0, false
	}
	next = pos + 4
	if off != int64(next) {
		return id, false, next, true
	}
	next += 8 + 2*int(binary.LittleEndian.Uint16(r.buf[next+6:])) + 2
	if next > end {
		_, ok = r.failEnd(pos)
		return 0, false, 0, ok
	}
	return id, true, next, true
}
