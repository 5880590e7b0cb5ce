package evtx

import (
	"encoding/binary"
	"hash/crc32"
	"maps"
	"time"

	"aldebaran/event"
)

// A chunkWriter writes the records of one chunk. Names and templates are written where they are
// first needed and referred to by offset from then on, as Windows does.
type chunkWriter struct {
	b             []byte
	names         map[string]uint32
	nameLists     [64]uint32
	templates     map[[16]byte]uint32
	templateLists [32]uint32

	records         int
	firstID, lastID uint64
	lastAt          int
}

func newChunkWriter() *chunkWriter {
	return &chunkWriter{b: make([]byte, chunkHeaderSize, chunkSize+4096), names: map[string]uint32{}, templates: map[[16]byte]uint32{}, firstID: ^uint64(0), lastID: ^uint64(0)}
}

// record appends a record; it gives false and leaves the chunk as it was if there is no room.
func (c *chunkWriter) record(id uint64, t time.Time, body func(*chunkWriter)) bool {
	before := *c
	before.names, before.templates = maps.Clone(c.names), maps.Clone(c.templates)
	at := len(c.b)
	c.b = append(c.b, recordMagic...)
	c.u32(0)
	c.u64(id)
	c.u64(fileTime(t))
	body(c)
	for (len(c.b)-at)%8 != 4 { // records are multiples of 8 bytes
		c.b = append(c.b, 0)
	}
	size := uint32(len(c.b) + 4 - at)
	c.u32(size)
	binary.LittleEndian.PutUint32(c.b[at+4:], size)
	if len(c.b) > chunkSize {
		*c = before
		return false
	}
	if c.records == 0 {
		c.firstID = id
	}
	c.records++
	c.lastID, c.lastAt = id, at
	return true
}

// finish gives the 64 KiB of the chunk with its header.
func (c *chunkWriter) finish() []byte {
	b := make([]byte, chunkSize)
	copy(b, c.b)
	le := binary.LittleEndian
	copy(b, chunkMagic)
	le.PutUint64(b[8:], c.firstID) // record numbers of the file; the same as the ids where a log was never cleared
	le.PutUint64(b[16:], c.lastID)
	le.PutUint64(b[24:], c.firstID)
	le.PutUint64(b[32:], c.lastID)
	le.PutUint32(b[40:], 128)
	le.PutUint32(b[44:], uint32(c.lastAt))
	le.PutUint32(b[48:], uint32(len(c.b)))
	le.PutUint32(b[52:], crc32.ChecksumIEEE(b[chunkHeaderSize:len(c.b)]))
	le.PutUint32(b[120:], 1)
	for i, off := range c.nameLists {
		le.PutUint32(b[128+4*i:], off)
	}
	for i, off := range c.templateLists {
		le.PutUint32(b[384+4*i:], off)
	}
	le.PutUint32(b[124:], crcHeader(b))
	return b
}

func (c *chunkWriter) u16(n uint16) { c.b = binary.LittleEndian.AppendUint16(c.b, n) }
func (c *chunkWriter) u32(n uint32) { c.b = binary.LittleEndian.AppendUint32(c.b, n) }
func (c *chunkWriter) u64(n uint64) { c.b = binary.LittleEndian.AppendUint64(c.b, n) }

// chars writes a text with its length in characters before it.
func (c *chunkWriter) chars(s string) {
	raw := utf16Bytes(s)
	c.u16(uint16(len(raw) / 2))
	c.b = append(c.b, raw...)
}

// name writes the reference to a name, and the name itself if the chunk has not got it yet.
func (c *chunkWriter) name(s string) {
	if off, ok := c.names[s]; ok {
		c.u32(off)
		return
	}
	off := uint32(len(c.b) + 4)
	c.u32(off)
	hash := nameHash(utf16Bytes(s))
	list := &c.nameLists[hash%64]
	c.u32(*list)
	*list = off
	c.u16(hash)
	c.chars(s)
	c.u16(0)
	c.names[s] = off
}

func (c *chunkWriter) fragment() { c.b = append(c.b, tokFragment, 1, 1, 0) }

// instance writes a template with its values. The last value may be nested BinXML that nested writes.
func (c *chunkWriter) instance(t template, values []event.Value, nested func()) {
	le := binary.LittleEndian
	c.b = append(c.b, tokTemplate, 1)
	c.b = append(c.b, t.guid[:4]...)
	off, ok := c.templates[t.guid]
	if !ok {
		off = uint32(len(c.b) + 4)
	}
	c.u32(off)
	if !ok {
		list := &c.templateLists[t.guid[0]%32]
		c.u32(*list)
		*list = off
		c.templates[t.guid] = off
		c.b = append(c.b, t.guid[:]...)
		c.u32(0)
		body := len(c.b)
		c.fragment()
		t.body(c)
		c.b = append(c.b, tokEOF)
		le.PutUint32(c.b[body-4:], uint32(len(c.b)-body))
	}
	c.u32(uint32(len(values)))
	heads := len(c.b)
	for _, v := range values {
		c.u16(uint16(len(v.Raw)))
		c.b = append(c.b, byte(v.Kind), 0)
	}
	for i, v := range values {
		at := len(c.b)
		if v.Kind == kindBinXML && nested != nil {
			nested()
			le.PutUint16(c.b[heads+4*i:], uint16(len(c.b)-at))
			continue
		}
		c.b = append(c.b, v.Raw...)
	}
}

// An openElement is an element whose sizes are filled in when it ends.
type openElement struct {
	c                *chunkWriter
	size, attributes int
}

// open starts an element; dependency says that it stands in a template.
func (c *chunkWriter) open(name string, attributes, dependency bool) *openElement {
	e := &openElement{c: c}
	tok := byte(tokOpen)
	if attributes {
		tok |= tokMore
	}
	c.b = append(c.b, tok)
	if dependency {
		c.u16(0xffff)
	}
	e.size = len(c.b)
	c.u32(0)
	c.name(name)
	if attributes {
		e.attributes = len(c.b)
		c.u32(0)
	}
	return e
}

func (e *openElement) closeAttributes(tok byte) {
	if e.attributes > 0 {
		binary.LittleEndian.PutUint32(e.c.b[e.attributes:], uint32(len(e.c.b)-e.attributes-4))
	}
	e.c.b = append(e.c.b, tok)
}

func (e *openElement) endAttributes() { e.closeAttributes(tokCloseStart) }

func (e *openElement) endEmpty() {
	e.closeAttributes(tokCloseEmpty)
	e.patch()
}

func (e *openElement) end() {
	e.c.b = append(e.c.b, tokEnd)
	e.patch()
}

func (e *openElement) patch() {
	binary.LittleEndian.PutUint32(e.c.b[e.size:], uint32(len(e.c.b)-e.size-4))
}

func (c *chunkWriter) attribute(name string) {
	c.b = append(c.b, tokAttribute)
	c.name(name)
}

func (c *chunkWriter) literal(s string) {
	c.b = append(c.b, tokValue, byte(event.UTF16))
	c.chars(s)
}

func (c *chunkWriter) substitution(sub int, kind event.Kind) {
	c.b = append(c.b, tokOptionalSub)
	c.u16(uint16(sub))
	c.b = append(c.b, byte(kind))
}
