package evtx

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"

	"aldebaran/event"
)

// same tells whether the definition whose body stands at body is this program's, and refers to the
// same names, although it stands in another chunk. The bodies have the same length.
func (p *program) same(r *Reader, body int) bool {
	b, done := r.buf[body:body+len(p.def)], 0
	for _, h := range p.holes {
		if !bytes.Equal(p.def[done:h.at], b[done:h.at]) {
			return false
		}
		off := int(binary.LittleEndian.Uint32(b[h.at:]))
		inline := off == body+h.at+4
		if inline != h.inline {
			return false
		}
		done = h.at + 4
		if inline {
			done += 4
			continue
		}
		if name, ok := r.nameAt(off); !ok || name != h.name {
			return false
		}
	}
	return bytes.Equal(p.def[done:], b[done:])
}

// A definition is a template as one chunk has it.
type definition struct {
	off, end int
	id       uint32   // the first four bytes of the GUID, which every instance repeats
	prog     *program // nil if it could not be read; then fault says why
	fault    *fault
	lost     bool // prog was found in another chunk
}

const (
	maxDefBytes      = 4 * chunkSize // definitions of one chunk, read or compared; honest ones do not overlap
	maxVariants      = 16            // definitions with the same GUID and size that differ in which names they hold
	definitionHeader = 24            // next(4) GUID(16) size(4)
)

// definition gives the template that stands at off (below 64 KiB) in the chunk:
//
//	next u32   GUID 16 bytes   size u32   size bytes of BinXML
//
// An instance names it by the first four bytes of its GUID, which is the best test of a reference
// into a chunk that was written over.
func (r *Reader) definition(off int, id uint32, at int) (definition, bool) {
	if i := r.defAt[off]; i != 0 {
		d := r.defs[i-1]
		if d.id != id {
			return d, r.fail(at, "template", "id "+hex32(id), hex32(d.id))
		}
		if d.prog == nil {
			r.fault = *d.fault
		}
		return d, d.prog != nil
	}
	if off > r.n-definitionHeader || off < chunkHeaderSize {
		return definition{}, r.fail(at, "template", "a definition inside the chunk", fmt.Sprintf("offset %#x", off))
	}
	b := r.buf[:r.n]
	if found := binary.LittleEndian.Uint32(b[off+4:]); found != id {
		return definition{}, r.fail(at, "template", "id "+hex32(id), hex32(found))
	}
	d := definition{off: off, id: id}
	size := int64(binary.LittleEndian.Uint32(b[off+20:]))
	body := off + definitionHeader
	switch {
	case size == 0:
		r.fail(at, "template", "a definition", "0 bytes")
	case size > int64(r.n-body):
		r.fail(at, "template", fmt.Sprint("at most ", r.n-body, " bytes"), fmt.Sprint(size))
	case r.defBytes+int(size) > maxDefBytes:
		r.fail(at, "template", fmt.Sprint("definitions of at most ", maxDefBytes, " bytes in one chunk"), "more")
	default:
		r.defBytes += int(size)
		d.end = body + int(size)
		d.prog = r.template([16]byte(b[off+4:]), body, d.end)
	}
	if d.prog == nil {
		f := r.fault
		d.fault = &f
	}
	r.keep(d)
	return d, d.prog != nil
}

// keep remembers a definition for the rest of the chunk.
func (r *Reader) keep(d definition) {
	if i := r.defAt[d.off]; i != 0 {
		r.defs[i-1] = d
		return
	}
	r.defs = append(r.defs, d)
	r.defAt[d.off] = uint16(len(r.defs))
}

type templateKey struct {
	guid [16]byte
	size int
}

// template gives the program of the definition whose body is [body, end), from the cache if any
// chunk of any file has shown it before; nil if it cannot be compiled.
func (r *Reader) template(guid [16]byte, body, end int) *program {
	key := templateKey{guid, end - body}
	known := r.templates[key]
	for _, p := range known {
		if p.same(r, body) {
			return r.charged(p, body)
		}
	}
	p, _, ok := r.compile(body, end, false)
	if !ok {
		return nil
	}
	p.guid, p.def = guid, bytes.Clone(r.buf[body:end])
	r.addProgram(p)
	if len(known) < maxVariants {
		r.templates[key] = append(known, p)
	}
	return r.charged(p, body)
}

// charged counts the names that a definition refers to. It is the same count whether the program
// was known or not, because what is read must not depend on what was read before.
func (r *Reader) charged(p *program, body int) *program {
	for _, h := range p.holes {
		if !h.inline && !r.chargeName(body, h.name) {
			return nil
		}
	}
	return p
}

// chargeName counts a reference to a name: names are stored once and can be referred to often, and
// in a hostile chunk they overlap.
func (r *Reader) chargeName(at int, id uint32) bool {
	if r.nameChars += len(r.names[id]); r.nameChars > maxChunkNames {
		return r.fail(at, "name", fmt.Sprint("names of at most ", maxChunkNames, " characters in one chunk"), "more")
	}
	return true
}

func (r *Reader) addProgram(p *program) {
	p.ops, p.places = slices.Clip(p.ops), slices.Clip(p.places)
	p.id = uint32(len(r.programs))
	r.programs = append(r.programs, p)
	r.cached += len(p.def) + 96*len(p.ops) + 48*len(p.nodes)
}

// lostDefinition looks for a template that is not where the record says, because that part of the
// chunk was torn, in the other chunks of the unit. Only there: what a record says must not depend
// on what else this reader happened to have read. Stale records get none, because a wrong
// reference is what tells the remains of records that were written over.
func (r *Reader) lostDefinition(d *definition, off int, id uint32, at int) bool {
	if r.stale {
		return false
	}
	missed := r.fault
	if r.lost == nil {
		r.gatherDefinitions()
	}
	p := r.lost[id]
	if p == nil {
		r.fault = missed
		return false
	}
	*d = definition{off: off, id: id, prog: p, lost: true}
	r.keep(*d)
	r.note(fault{at, missed.what, missed.want, missed.found + "; taken from another chunk"}, 0, 0)
	return true
}

const maxTemplateChain = 1024 // definitions in one of the 32 lists of a chunk

// gatherDefinitions reads all definitions of the unit that the chunks' own lists know. Ids that
// two different templates share are left out.
func (r *Reader) gatherDefinitions() {
	r.lost = map[uint32]*program{}
	chunk, buf, at := r.chunk, r.buf, r.at
	defer func() {
		r.chunk, r.at = chunk, at
		r.buf, r.n = buf, len(buf)
		r.clearTables()
	}()
	r.chunk = r.spareChunk()
	for r.at = r.unit.Start; r.at+chunkSize <= r.unit.End; r.at += chunkSize {
		r.clearTables()
		if r.load(0, chunkSize) != nil || string(r.chunk[:len(chunkMagic)]) != chunkMagic {
			continue
		}
		r.see(chunkSize)
		for list := range 32 {
			off := binary.LittleEndian.Uint32(r.chunk[384+4*list:])
			for range maxTemplateChain {
				if off < chunkHeaderSize || off > chunkSize-definitionHeader {
					break
				}
				id := binary.LittleEndian.Uint32(r.chunk[off+4:])
				if d, ok := r.definition(int(off), id, int(off)); ok {
					if have, seen := r.lost[id]; !seen {
						r.lost[id] = d.prog
					} else if have != nil && have.guid != d.prog.guid {
						r.lost[id] = nil
					}
				}
				off = binary.LittleEndian.Uint32(r.chunk[off:])
			}
		}
	}
}

// fits tells whether substitutions have the types that the template declares, or none.
func (p *program) fits(subs []sub) bool {
	if len(subs) < len(p.declared) {
		return false
	}
	for i, typ := range p.declared {
		if k := subs[i].kind; k != event.Null && k != kindOf[typ] {
			return false
		}
	}
	return true
}
