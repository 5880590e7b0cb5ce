package evtx

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"aldebaran/event"
)

// BinXML tokens ([MS-EVEN6] 2.2.12.2); bit 0x40 says that more of the kind follow and is masked off.
const (
	tokEOF         = 0x00
	tokOpen        = 0x01
	tokCloseStart  = 0x02
	tokCloseEmpty  = 0x03
	tokEnd         = 0x04
	tokValue       = 0x05
	tokAttribute   = 0x06
	tokCDATA       = 0x07
	tokCharRef     = 0x08
	tokEntityRef   = 0x09
	tokPITarget    = 0x0a
	tokPIData      = 0x0b
	tokTemplate    = 0x0c
	tokSub         = 0x0d
	tokOptionalSub = 0x0e
	tokFragment    = 0x0f
	tokMore        = 0x40
)

// kindBinXML is the type of a value that is BinXML itself; it never leaves this package.
const kindBinXML event.Kind = 0x21

const (
	maxElementDepth = 64            // elements inside elements; real events nest ten deep (CAPI2)
	maxNesting      = 8             // BinXML inside BinXML; real records nest two deep
	maxNameChars    = 512           // real names are below 100
	maxChunkNames   = 8 * chunkSize // characters of the names that a chunk refers to; honest chunks stay below 64 Ki
	maxOps          = 8192          // values of one template; a 64 KiB chunk has no room for more elements
)

// A program is a template, or the structure of an element without one, turned into the flat list
// of the values that it yields, in the order of the document.
type program struct {
	id     uint32
	ops    []op
	places []place // of the ops
	nodes  []node
	subs   int // substitutions that the ops use: one more than the highest index
	// declared is the type that the template gives each substitution.
	declared []uint8

	// def and holes tell the same template in another chunk: the definition's bytes, and where in
	// them stand offsets, which differ from chunk to chunk.
	guid  [16]byte
	def   []byte
	holes []hole
}

// A hole is the reference to a name inside a definition.
type hole struct {
	at     int
	inline bool // the name follows at once; its first four bytes (the next of its hash list) are a hole too
	name   uint32
}

type opKind uint8

const (
	opSub    opKind = iota // one substitution
	opNested               // one substitution that is declared as BinXML
	opLit                  // what the template says
	opJoin                 // several pieces that make one text
)

// An op is what runs for each record; what only some need, and what only names are made of, stands
// apart in its place, so that the list stays small.
type op struct {
	kind opKind
	attr bool // the value of an attribute, not the content of an element
	// nameSub is the substitution that names a <Data>, -1 if the template says the name itself.
	nameSub int16
	sub     uint16
}

// A place is where in the document the value of an op stands, and what it is if it is no
// substitution.
type place struct {
	node   int32
	attr   string // "" for the element's content
	lit    event.Value
	pieces []piece
}

// A piece of a joined text: a substitution, or a literal if sub is -1.
type piece struct {
	sub int32
	lit event.Value
}

// A node is an element: its name, the name that its Name attribute gives a <Data>, and its parent.
type node struct {
	name, data string
	parent     int32 // -1 for the root
}

// frame is an element whose end the compiler has not yet met.
type frame struct {
	node     int32
	isData   bool
	inTag    bool // between the start token and its close: attributes
	attr     string
	inName   bool // inside the Name attribute of a <Data>
	nameSub  int16
	pieces   []piece
	space    bool // pieces are white space only, so far
	children bool
	ops      int // values that came out of this element
}

// compiler turns the tokens of one definition or one element into a program.
type compiler struct {
	r      *Reader
	p      *program
	direct bool // no template: literals are this record's values, elements have no dependency id
	base   int  // where the definition's body stands, for the holes
	stack  []frame
}

// compile reads the tokens of [pos, end): a template's whole fragment, or one element of a record
// without template. next is the first byte behind.
func (r *Reader) compile(pos, end int, direct bool) (p *program, next int, ok bool) {
	c := &compiler{r: r, p: &program{}, direct: direct, base: pos}
	next, ok = c.run(pos, end)
	if !ok {
		return nil, 0, false
	}
	return c.p, next, true
}

func (c *compiler) run(pos, end int) (int, bool) {
	r, b := c.r, c.r.buf
	for pos < end {
		at, tok := pos, b[pos]&^tokMore
		pos++
		if tok != tokOpen && tok != tokFragment && tok != tokEOF && tok != tokPITarget && tok != tokPIData && len(c.stack) == 0 {
			return r.failToken(at, tok)
		}
		var top *frame
		if len(c.stack) > 0 {
			top = &c.stack[len(c.stack)-1]
		}
		switch tok {
		case tokEOF:
			if len(c.stack) > 0 {
				return 0, r.fail(at, "BinXML", "the end of an element", "the end of the fragment")
			}
			return pos, true
		case tokFragment:
			if len(c.stack) > 0 {
				return r.failToken(at, tok)
			}
			pos += 3
		case tokOpen:
			if top != nil && top.inTag {
				return r.failToken(at, tok)
			}
			el, ok := r.openElement(at, end, !c.direct)
			if !ok {
				return 0, false
			}
			if len(c.stack) >= maxElementDepth {
				return 0, r.fail(at, "BinXML", fmt.Sprint("at most ", maxElementDepth, " elements deep"), "more")
			}
			c.hole(el.nameAt, el.inline, el.name)
			parent := int32(-1)
			if top != nil {
				parent = top.node
				if !c.child(top) {
					return r.failOps(at)
				}
			}
			c.p.nodes = append(c.p.nodes, node{name: r.names[el.name], parent: parent})
			c.stack = append(c.stack, frame{node: int32(len(c.p.nodes) - 1), isData: el.name == nameData || el.name == nameComplexData, inTag: true, nameSub: -1, space: true})
			pos = el.next
		case tokAttribute:
			if !top.inTag {
				return r.failToken(at, tok)
			}
			name, inline, next, ok := r.nameRef(pos, end)
			if !ok {
				return 0, false
			}
			c.hole(pos, inline, name)
			if !c.flush(top) {
				return r.failOps(at)
			}
			top.attr = r.names[name]
			top.inName = top.isData && name == nameName
			pos = next
		case tokCloseStart, tokCloseEmpty:
			if !top.inTag {
				return r.failToken(at, tok)
			}
			if !c.flush(top) {
				return r.failOps(at)
			}
			top.attr, top.inName, top.inTag = "", false, false
			if tok == tokCloseEmpty {
				if !c.close(top) {
					return r.failOps(at)
				}
			}
		case tokEnd:
			if top.inTag {
				return r.failToken(at, tok)
			}
			if !c.close(top) {
				return r.failOps(at)
			}
		case tokValue, tokCDATA:
			v, next, ok := r.literal(at, end)
			if !ok {
				return 0, false
			}
			c.literal(top, v)
			pos = next
		case tokCharRef:
			if end-pos < 2 {
				return r.failEnd(at)
			}
			c.text(top, string(rune(binary.LittleEndian.Uint16(b[pos:]))))
			pos += 2
		case tokEntityRef:
			name, inline, next, ok := r.nameRef(pos, end)
			if !ok {
				return 0, false
			}
			c.hole(pos, inline, name)
			c.text(top, entity(r.names[name]))
			pos = next
		case tokSub, tokOptionalSub:
			if c.direct {
				return r.failToken(at, tok)
			}
			if end-pos < 3 {
				return r.failEnd(at)
			}
			if !c.substitution(top, binary.LittleEndian.Uint16(b[pos:]), b[pos+2]) {
				return r.failOps(at)
			}
			pos += 3
		case tokPITarget:
			name, inline, next, ok := r.nameRef(pos, end)
			if !ok {
				return 0, false
			}
			c.hole(pos, inline, name)
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
		if c.direct && len(c.stack) == 0 && tok != tokFragment && tok != tokPITarget && tok != tokPIData {
			return pos, true
		}
	}
	if len(c.stack) > 0 || pos > end {
		return r.failEnd(end)
	}
	return pos, true // definitions without an end token exist (incomplete templates)
}

func (c *compiler) hole(at int, inline bool, name uint32) {
	if !c.direct {
		c.p.holes = append(c.p.holes, hole{at - c.base, inline, name})
	}
}

// child ends the text that stands before a child element.
func (c *compiler) child(top *frame) bool {
	top.children = true
	if top.space {
		top.pieces = top.pieces[:0]
		return true
	}
	return c.flush(top)
}

// close ends the innermost element.
func (c *compiler) close(top *frame) bool {
	if top.children && top.space {
		top.pieces = top.pieces[:0]
	}
	if !c.flush(top) {
		return false
	}
	if top.ops == 0 && !top.children && c.isLeaf(top.node) {
		if !c.emit(top, op{kind: opLit}, place{lit: event.Value{Kind: event.Text}}) {
			return false
		}
	}
	c.stack = c.stack[:len(c.stack)-1]
	return true
}

// isLeaf tells whether an empty element is an empty value. The containers of an event are not, nor
// is an empty <Correlation/> or <Security/> in its header.
func (c *compiler) isLeaf(at int32) bool {
	n := c.p.nodes[at]
	switch n.name {
	case "Event", "System", "EventData", "UserData", "RenderingInfo", "ProcessingErrorData":
		return false
	}
	return n.parent < 0 || c.p.nodes[n.parent].name != "System"
}

// literal takes a value that stands among the tokens. In a template it belongs to the program;
// without template it is this record's own and becomes a substitution.
func (c *compiler) literal(top *frame, v event.Value) {
	if c.direct && !top.inName {
		top.space = top.space && isSpace(v)
		top.pieces = append(top.pieces, piece{sub: int32(c.p.subs)})
		c.p.subs++
		return
	}
	if v.Kind == event.UTF16 {
		c.text(top, v.String())
		return
	}
	top.space = false
	top.pieces = append(top.pieces, piece{sub: -1, lit: event.Value{Kind: v.Kind, Raw: bytes.Clone(v.Raw)}})
}

func (c *compiler) text(top *frame, s string) {
	v := event.Value{Kind: event.Text, Raw: []byte(s)}
	top.space = top.space && isSpace(v)
	top.pieces = append(top.pieces, piece{sub: -1, lit: v})
}

func (c *compiler) substitution(top *frame, sub uint16, typ uint8) bool {
	if int(sub) >= maxOps {
		return false
	}
	for len(c.p.declared) <= int(sub) {
		c.p.declared = append(c.p.declared, 0)
	}
	c.p.declared[sub] = typ
	c.p.subs = max(c.p.subs, int(sub)+1)
	if event.Kind(typ) == kindBinXML && !top.inTag {
		return c.child(top) && c.emit(top, op{kind: opNested, sub: sub}, place{})
	}
	top.space = false
	top.pieces = append(top.pieces, piece{sub: int32(sub)})
	return true
}

// flush turns the pieces gathered for an attribute or for the content of an element into one value.
func (c *compiler) flush(top *frame) bool {
	pieces := top.pieces
	top.pieces, top.space = nil, true
	if len(pieces) == 0 {
		return true
	}
	literal := true
	for _, p := range pieces {
		literal = literal && p.sub < 0
	}
	if top.inName {
		if literal {
			c.p.nodes[top.node].data = string(joinLiterals(pieces).AppendText(nil))
			return true
		}
		if len(pieces) == 1 {
			top.nameSub = int16(pieces[0].sub)
			return true
		}
	}
	if top.attr == "xmlns" || len(top.attr) > 6 && top.attr[:6] == "xmlns:" {
		return true
	}
	switch {
	case literal:
		return c.emit(top, op{kind: opLit}, place{lit: joinLiterals(pieces)})
	case len(pieces) == 1:
		return c.emit(top, op{kind: opSub, sub: uint16(pieces[0].sub)}, place{})
	}
	return c.emit(top, op{kind: opJoin}, place{pieces: pieces})
}

func (c *compiler) emit(top *frame, o op, p place) bool {
	if len(c.p.ops) >= maxOps {
		return false
	}
	p.node, p.attr = top.node, top.attr
	o.attr, o.nameSub = top.attr != "", -1
	if !o.attr {
		o.nameSub = top.nameSub
	}
	top.ops++
	c.p.ops = append(c.p.ops, o)
	c.p.places = append(c.p.places, p)
	return true
}

func joinLiterals(pieces []piece) event.Value {
	if len(pieces) == 1 {
		return pieces[0].lit
	}
	var text []byte
	for _, p := range pieces {
		text = p.lit.AppendText(text)
	}
	return event.Value{Kind: event.Text, Raw: text}
}

func isSpace(v event.Value) bool {
	if v.Kind != event.UTF16 && v.Kind != event.Text {
		return false
	}
	for _, c := range v.Raw {
		if c != ' ' && c != '\t' && c != '\r' && c != '\n' && (c != 0 || v.Kind == event.Text) {
			return false
		}
	}
	return true
}

// entity gives the character of one of XML's five entities. Others cannot be declared in BinXML
// and are shown as they are written.
func entity(name string) string {
	switch name {
	case "amp":
		return "&"
	case "lt":
		return "<"
	case "gt":
		return ">"
	case "quot":
		return `"`
	case "apos":
		return "'"
	}
	return "&" + name + ";"
}

type element struct {
	name   uint32
	nameAt int // where the reference to the name stands
	inline bool
	next   int
}

// openElement reads the start of an element whose token stands at at:
//
//	token   dependency u16 (in templates only)   size u32   name u32 (name)   attributes' size u32 (token 0x41)
//
// The sizes are not used: the tokens say where it ends.
func (r *Reader) openElement(at, end int, dependency bool) (element, bool) {
	pos := at + 1 + 4
	if dependency {
		pos += 2
	}
	name, inline, next, ok := r.nameRef(pos, end)
	if !ok {
		return element{}, false
	}
	if r.buf[at]&tokMore != 0 {
		next += 4
	}
	if next > end {
		_, ok = r.failEnd(at)
		return element{}, ok
	}
	return element{name: name, nameAt: pos, inline: inline, next: next}, true
}

// literal reads a value or CDATA token at at. Text says its length in characters, a SID in its own
// second byte; all other types but those of fixed size cannot stand here.
func (r *Reader) literal(at, end int) (event.Value, int, bool) {
	b, pos := r.buf, at+1
	kind := event.UTF16
	if b[at]&^tokMore == tokValue {
		if pos >= end {
			_, ok := r.failEnd(at)
			return event.Value{}, 0, ok
		}
		kind = kindOf[b[pos]]
		pos++
	}
	n := 0
	switch kind {
	case event.Null:
	case event.UTF16, event.ANSI:
		if end-pos < 2 {
			_, ok := r.failEnd(at)
			return event.Value{}, 0, ok
		}
		n = int(binary.LittleEndian.Uint16(b[pos:]))
		if kind == event.UTF16 {
			n *= 2
		}
		pos += 2
	case event.SID:
		n = 8
		if end-pos >= 2 {
			n += 4 * int(b[pos+1])
		}
	case event.Size:
		n = 8
	default:
		if n = kind.Width(); n == 0 {
			return event.Value{}, 0, r.fail(at, "BinXML", "a value that says its length", fmt.Sprintf("type %#02x", b[at+1]))
		}
	}
	if n > end-pos {
		_, ok := r.failEnd(at)
		return event.Value{}, 0, ok
	}
	return event.Value{Kind: kind, Raw: b[pos : pos+n : pos+n]}, pos + n, true
}

// skipChars skips a text with its length in characters before it.
func (r *Reader) skipChars(pos, end int) (int, bool) {
	if end-pos < 2 {
		return 0, false
	}
	next := pos + 2 + 2*int(binary.LittleEndian.Uint16(r.buf[pos:]))
	return next, next <= end
}
