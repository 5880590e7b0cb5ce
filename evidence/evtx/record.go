package evtx

import (
	"encoding/binary"
	"fmt"
	"unicode/utf8"

	"aldebaran/event"
)

const (
	maxWork     = 8 * chunkSize // values of one chunk; honest records have less than one for each byte
	stepWork    = 16            // what entering a program counts, which may make a new layout
	maxJoined   = 1 << 20       // bytes of joined text of one chunk; honest joined texts stand in the chunk themselves
	maxFragment = 16            // fragments in one record or nested value; real records have one or two
)

// kindOf turns a BinXML type into the kind of a value. The numbers are the same; those that are
// not known, or that would mean something else in this program, are shown as binary.
var kindOf = func() (k [256]event.Kind) {
	for t := range k {
		k[t] = event.Binary
		switch base := event.Kind(t) &^ event.Array; {
		case t == int(kindBinXML), base <= event.Hex64 && (base != event.Null || t == 0):
			k[t] = event.Kind(t)
		}
	}
	return k
}()

// sub is one substitution: where its bytes stand in the chunk and what they are.
type sub struct {
	off  uint32
	size uint16
	kind event.Kind
}

// A fault is why something could not be read, with its offset in the chunk.
type fault struct {
	at                int
	what, want, found string
}

// fail notes why a record cannot be read. It always gives false.
func (r *Reader) fail(at int, what, want, found string) bool {
	r.fault = fault{at, what, want, found}
	return false
}

func (r *Reader) failToken(at int, tok byte) (int, bool) {
	return 0, r.fail(at, "BinXML", "a token that may stand here", fmt.Sprintf("%#02x", tok))
}

func (r *Reader) failEnd(at int) (int, bool) {
	return 0, r.fail(at, "BinXML", "more bytes", "the end of its place")
}

func (r *Reader) failOps(at int) (int, bool) {
	return 0, r.fail(at, "BinXML", fmt.Sprint("at most ", maxOps, " values"), "more")
}

// work counts what a chunk costs, so that templates that use one another's values cannot make a
// small file endless.
func (r *Reader) work(at, n int) bool {
	r.worked += n
	if r.worked > maxWork {
		return r.fail(at, "chunk", fmt.Sprint("at most ", maxWork, " values"), "more")
	}
	return true
}

// fragments reads BinXML: the body of a record, or a nested value of the substitution slot.
//
//	0f 01 01 00   ( 0c template instance | 01/41 element )   00
func (r *Reader) fragments(pos, end, depth, slot int) bool {
	if depth > maxNesting {
		return r.fail(pos, "BinXML", fmt.Sprint("at most ", maxNesting, " fragments deep"), "more")
	}
	b := r.buf
	for range maxFragment {
		if end-pos >= 4 && b[pos] == tokFragment {
			pos += 4
		}
		if pos >= end {
			return true
		}
		var ok bool
		switch tok := b[pos] &^ tokMore; tok {
		case tokEOF:
			return true
		case tokTemplate:
			pos, ok = r.instance(pos, end, depth, slot)
		case tokOpen:
			pos, ok = r.directElement(pos, end, depth, slot)
		case tokPITarget:
			_, _, pos, ok = r.nameRef(pos+1, end)
		case tokPIData:
			at := pos
			if pos, ok = r.skipChars(pos+1, end); !ok {
				_, ok = r.failEnd(at)
			}
		default:
			_, ok = r.failToken(pos, tok)
		}
		if !ok {
			return false
		}
	}
	return r.fail(pos, "BinXML", fmt.Sprint("at most ", maxFragment, " fragments"), "more")
}

// instance reads a template with its substitutions and appends the values that it yields:
//
//	0c   version u8   id u32   definition u32 (the definition, if that is here)
//	count u32   count times: size u16, type u8, 0 u8   the substitutions' bytes
func (r *Reader) instance(pos, end, depth, slot int) (int, bool) {
	b := r.buf[:end]
	if end-pos < 14 {
		return r.failEnd(pos)
	}
	at := pos
	off := int64(binary.LittleEndian.Uint32(b[pos+6:]))
	if off >= chunkSize {
		return 0, r.fail(at, "template", "a definition inside the chunk", fmt.Sprintf("offset %#x", off))
	}
	id := binary.LittleEndian.Uint32(b[pos+2:])
	pos += 10
	d, ok := r.definition(int(off), id, at)
	if inline := int(off) == pos; inline {
		if !ok || d.lost {
			return 0, false
		}
		pos = d.end
	} else if !ok && !r.lostDefinition(&d, int(off), id, at) {
		return 0, false
	}
	p := d.prog
	if end-pos < 4 {
		return r.failEnd(at)
	}
	count := int(binary.LittleEndian.Uint32(b[pos:]))
	pos += 4
	if count < 0 || count > (end-pos)/4 {
		return 0, r.fail(pos-4, "substitutions", fmt.Sprint("at most ", (end-pos)/4), fmt.Sprint(uint32(count)))
	}
	if !r.work(at, stepWork+count+len(p.ops)) {
		return 0, false
	}
	first := len(r.subs)
	data := pos + 4*count
	heads := b[pos:data]
	r.growSubs(max(count, p.subs))
	subs := r.subs[first : first+max(count, p.subs)]
	for i := range subs {
		if len(heads) < 4 {
			subs[i] = sub{kind: event.Null}
			continue
		}
		h := binary.LittleEndian.Uint32(heads)
		heads = heads[4:]
		subs[i] = sub{off: uint32(data), size: uint16(h), kind: kindOf[byte(h>>16)]}
		data += int(uint16(h))
	}
	if data > end {
		return 0, r.fail(at, "substitutions", fmt.Sprint("at most ", end-pos-4*count, " bytes"), fmt.Sprint(data-pos-4*count))
	}
	if d.lost && !p.fits(subs[:count]) {
		return 0, r.fail(at, "template", "id "+hex32(id), "substitutions of other types")
	}
	ok = r.fill(p, first, depth, slot)
	r.subs = r.subs[:first]
	return data, ok
}

func (r *Reader) growSubs(n int) {
	for cap(r.subs)-len(r.subs) < n {
		r.subs = append(r.subs[:cap(r.subs)], sub{})[:len(r.subs)]
	}
	r.subs = r.subs[:len(r.subs)+n]
}

// fill appends the values of one program whose substitutions begin at first.
func (r *Reader) fill(p *program, first, depth, slot int) bool {
	r.enter(p.id, depth, slot)
	b, subs, values := r.buf, r.subs[first:first+p.subs], r.values
	for i := range p.ops {
		o := &p.ops[i]
		if o.nameSub >= 0 {
			if !r.work(0, stepWork) {
				return false
			}
			r.enterName(subs[o.nameSub], depth, i)
		}
		switch o.kind {
		case opSub, opNested:
			s := subs[o.sub]
			if o.kind == opSub && (s.kind != kindBinXML || o.attr) {
				values = append(values, s.value(b))
				continue
			}
			switch s.kind {
			case kindBinXML:
				if o.kind == opSub {
					r.enter(noProgram, depth+1, i)
				}
				r.values = values
				if !r.fragments(int(s.off), int(s.off)+int(s.size), depth+1, i) {
					return false
				}
				subs, values = r.subs[first:first+p.subs], r.values
			case event.Null:
			default:
				r.enter(textProgram, depth+1, i)
				values = append(values, s.value(b))
			}
		case opLit:
			values = append(values, p.places[i].lit)
		case opJoin:
			v, ok := r.join(p.places[i].pieces, subs)
			if !ok {
				return false
			}
			values = append(values, v)
		}
	}
	r.values = values
	return true
}

func (s sub) value(b []byte) event.Value {
	end := s.off + uint32(s.size)
	kind := s.kind
	if kind == kindBinXML {
		kind = event.Binary
	}
	return event.Value{Raw: b[s.off:end:end], Kind: kind}
}

// join writes a text of several pieces into the scratch buffer.
func (r *Reader) join(pieces []piece, subs []sub) (event.Value, bool) {
	start := len(r.scratch)
	for _, p := range pieces {
		v := p.lit
		if p.sub >= 0 {
			v = subs[p.sub].value(r.buf)
		}
		// A byte becomes three at most (invalid UTF-16, Windows-1252), or four digits of a number.
		if r.joined += 4*len(v.Raw) + 32; r.joined > maxJoined {
			return event.Value{}, r.fail(0, "chunk", fmt.Sprint("at most ", maxJoined, " bytes of joined text"), "more")
		}
		r.scratch = v.AppendText(r.scratch)
	}
	return event.Value{Raw: r.scratch[start:len(r.scratch):len(r.scratch)], Kind: event.Text}, true
}

// directElement reads an element that has no template, as exported and forwarded events have them.
// Its structure (tokens, names, names of <Data>) becomes a key under which its program is known;
// its literals become substitutions. So such records run the same way as others.
func (r *Reader) directElement(pos, end, depth, slot int) (int, bool) {
	first := len(r.subs)
	r.key = r.key[:0]
	next, ok := r.structure(pos, end)
	if !ok || !r.work(pos, stepWork+(next-pos)/4) {
		return 0, false
	}
	p := r.direct[string(r.key)]
	if p == nil {
		key := string(r.key)
		if p, _, ok = r.compile(pos, end, true); !ok {
			return 0, false
		}
		r.addProgram(p)
		r.direct[key] = p
		r.cached += len(key)
	}
	if p.subs != len(r.subs)-first {
		// The two walks over the same bytes disagree: a fault of this package, not of the log.
		return 0, r.fail(pos, "BinXML", fmt.Sprint(p.subs, " literals"), fmt.Sprint(len(r.subs)-first))
	}
	ok = r.fill(p, first, depth, slot)
	r.subs = r.subs[:first]
	return next, ok
}

// structure walks one element, writes what its program depends on to r.key and what differs from
// record to record to r.subs. It takes what the compiler takes, which checks the rest.
func (r *Reader) structure(pos, end int) (int, bool) {
	b := r.buf[:end]
	depth, inTag, inName := 0, false, false
	var isData uint64 // a bit for each open element
	for pos < end {
		at, tok := pos, b[pos]&^tokMore
		r.key = append(r.key, tok)
		pos++
		switch tok {
		case tokFragment:
			pos += 3
		case tokOpen:
			el, ok := r.openElement(at, end, false)
			if !ok {
				return 0, false
			}
			if depth >= maxElementDepth {
				return 0, r.fail(at, "BinXML", fmt.Sprint("at most ", maxElementDepth, " elements deep"), "more")
			}
			depth++
			isData <<= 1
			if el.name == nameData || el.name == nameComplexData {
				isData |= 1
			}
			if !el.inline && !r.chargeName(at, el.name) {
				return 0, false
			}
			r.key = binary.LittleEndian.AppendUint32(r.key, el.name)
			pos, inTag, inName = el.next, true, false
		case tokAttribute:
			name, inline, next, ok := r.nameRef(pos, end)
			if !ok || !inline && !r.chargeName(at, name) {
				return 0, false
			}
			r.key = binary.LittleEndian.AppendUint32(r.key, name)
			pos, inName = next, inTag && isData&1 != 0 && name == nameName
		case tokCloseStart:
			inTag, inName = false, false
		case tokCloseEmpty, tokEnd:
			inTag, inName = false, false
			depth--
			isData >>= 1
			if depth <= 0 {
				return pos, true
			}
		case tokValue, tokCDATA:
			v, next, ok := r.literal(at, end)
			if !ok {
				return 0, false
			}
			if inName {
				r.key = binary.LittleEndian.AppendUint32(append(r.key, byte(v.Kind)), uint32(len(v.Raw)))
				r.key = append(r.key, v.Raw...)
			} else {
				if !inTag && isSpace(v) {
					r.key = append(r.key, ' ')
				}
				r.subs = append(r.subs, sub{off: uint32(next - len(v.Raw)), size: uint16(len(v.Raw)), kind: v.Kind})
			}
			pos = next
		case tokCharRef:
			if end-pos < 2 {
				return r.failEnd(at)
			}
			r.key = append(r.key, b[pos], b[pos+1])
			pos += 2
		case tokEntityRef, tokPITarget:
			name, inline, next, ok := r.nameRef(pos, end)
			if !ok || !inline && !r.chargeName(at, name) {
				return 0, false
			}
			r.key = binary.LittleEndian.AppendUint32(r.key, name)
			pos = next
		case tokPIData:
			next, ok := r.skipChars(pos, end)
			if !ok {
				return r.failEnd(at)
			}
			pos = next
		default:
			return r.failToken(at, tok)
		}
	}
	return r.failEnd(end)
}

// enterName goes on in the trie of layouts by the name that the record itself gives a <Data>.
func (r *Reader) enterName(s sub, depth, slot int) {
	start := len(r.scratch)
	v := s.value(r.buf)
	if len(v.Raw) > 2*maxNameChars {
		v.Raw = v.Raw[:2*maxNameChars]
	}
	r.scratch = v.AppendText(r.scratch)
	text := r.scratch[start:]
	for len(text) > maxNameChars || !utf8.Valid(text) {
		text = text[:len(text)-1]
	}
	id := r.dynamicIDs[string(text)]
	if id == 0 {
		id = dynamicName | uint32(len(r.dynamic))
		name := string(text)
		r.dynamic = append(r.dynamic, name)
		r.dynamicIDs[name] = id
		r.cached += len(name) + 64
	}
	r.scratch = r.scratch[:start]
	r.enter(id, depth, slot)
}
