package evtx

import (
	"encoding/binary"
	"fmt"
	"strings"

	"aldebaran/event"
)

// Which fields an event has depends on the programs that ran for it and in what order: its outer
// template, the template nested in it, and so on. That sequence is a path in a trie, whose nodes
// are the layouts. So a record finds its shape by one or two steps, without looking at names.

const (
	textProgram uint32 = 0 // stands for a plain value where a template promised BinXML
	noProgram   uint32 = 1 // yields nothing; stands before BinXML where a template promised a plain value
)

// dynamicName marks a step by the name that a record gives its <Data>, not by a program.
const dynamicName uint32 = 1 << 31

// maxPath is the longest path of a field in bytes; real paths are below 200. Names are stored once
// in a chunk and referred to often, so that paths are not bounded by the size of the chunk.
const maxPath = 4096

// maxShapeBytes bounds the paths and names of the shapes made for one chunk. A chunk of 60 different
// events needs 150 KB.
const maxShapeBytes = 1 << 20

// A layout is a node of that trie.
type layout struct {
	parent *layout
	step   step
	to     map[step]*layout
	last   *layout // the step taken last, which is often the next one too

	// shape and what follows are set when the first event ends here.
	shape *event.Shape
	size  int // bytes of its names and paths
	sys   systemFields
	err   *fault
	chunk uint64 // the chunk that was last charged for it
}

// A step is one program that ran: at which value of which nesting depth.
type step struct {
	prog  uint32
	depth uint8
	slot  uint16
}

func (r *Reader) enter(prog uint32, depth, slot int) {
	s := step{prog, uint8(depth), uint16(slot)}
	if l := r.layout.last; l != nil && l.step == s {
		r.layout = l
		return
	}
	l := r.layout.to[s]
	if l == nil {
		l = &layout{parent: r.layout, step: s}
		if r.layout.to == nil {
			r.layout.to = map[step]*layout{}
		}
		r.layout.to[s] = l
		r.cached += 160
	}
	r.layout.last = l
	r.layout = l
}

// shapeOf gives a layout its shape. Each chunk is charged once for each shape that its events have,
// also if it was known, because what is read must not depend on what was read before.
func (r *Reader) shapeOf(l *layout) bool {
	if l.chunk == r.chunkNumber {
		return true
	}
	if r.shapeBytes <= maxShapeBytes {
		if l.shape == nil && !r.makeShape(l) {
			return false
		}
		r.shapeBytes += l.size
	}
	if r.shapeBytes > maxShapeBytes {
		return r.fail(0, "record", fmt.Sprint("fields with at most ", maxShapeBytes, " bytes of names in one chunk"), "more")
	}
	l.chunk = r.chunkNumber
	return true
}

// makeShape names the fields of a layout by running its programs once more, for names only.
func (r *Reader) makeShape(l *layout) bool {
	if l.err != nil {
		r.fault = *l.err
		return false
	}
	var steps []step
	for at := l; at.parent != nil; at = at.parent {
		steps = append(steps, at.step)
	}
	m := shapeMaker{r: r}
	for i := len(steps) - 1; i >= 0; i-- {
		m.steps = append(m.steps, steps[i])
	}
	for len(m.steps) > 0 && m.ok() {
		s := m.steps[0]
		m.steps = m.steps[1:]
		m.program(s, nil)
	}
	if !m.ok() {
		l.err = &fault{0, "record", fmt.Sprint("paths of at most ", maxPath, " bytes"), "more"}
		r.fault = *l.err
		return false
	}
	l.shape = r.shapes[string(m.key)]
	if l.shape == nil {
		l.shape = &event.Shape{Fields: m.fields}
		r.shapes[string(m.key)] = l.shape
		r.cached += m.size + len(m.key) + 64*len(m.fields)
	}
	l.sys, l.size = findSystem(l.shape), m.size
	return true
}

type shapeMaker struct {
	r       *Reader
	steps   []step
	fields  []event.Field
	key     []byte
	size    int
	tooLong bool
}

func (m *shapeMaker) ok() bool { return !m.tooLong }

// program appends the fields of one program whose root elements stand inside the elements of path.
func (m *shapeMaker) program(s step, path []node) {
	p := m.r.programs[s.prog]
	for i := range p.ops {
		o, place := &p.ops[i], &p.places[i]
		at := append(path[:len(path):len(path)], p.elements(place.node)...)
		if m.next(s.depth, i) && m.steps[0].prog&dynamicName != 0 {
			at[len(at)-1].data = m.r.dynamic[m.steps[0].prog&^dynamicName]
			m.steps = m.steps[1:]
		}
		nested := false
		for m.next(s.depth+1, i) && m.ok() && (o.kind == opNested || o.kind == opSub && !o.attr) {
			nested = true
			inner := m.steps[0]
			m.steps = m.steps[1:]
			if inner.prog == textProgram {
				m.field(at, "")
			} else {
				m.program(inner, at)
			}
		}
		if !nested && o.kind != opNested {
			m.field(at, place.attr)
		}
		if !m.ok() {
			return
		}
	}
}

func (m *shapeMaker) next(depth uint8, slot int) bool {
	return len(m.steps) > 0 && m.steps[0].depth == depth && m.steps[0].slot == uint16(slot)
}

// elements gives the elements from the program's root down to at.
func (p *program) elements(at int32) []node {
	var path []node
	for ; at >= 0; at = p.nodes[at].parent {
		path = append(path, p.nodes[at])
	}
	for i, j := 0, len(path)-1; i < j; i, j = i+1, j-1 {
		path[i], path[j] = path[j], path[i]
	}
	return path
}

func (m *shapeMaker) field(path []node, attr string) {
	var b strings.Builder
	for i, n := range path {
		if i > 0 {
			b.WriteByte('/')
		}
		b.WriteString(n.name)
		if n.data != "" {
			b.WriteString("[" + n.data + "]")
		}
		if b.Len() > maxPath {
			m.tooLong = true
			return
		}
	}
	if attr != "" {
		b.WriteString("@" + attr)
	}
	f := event.Field{Path: b.String()}
	f.Name, f.Part = fieldName(path, attr)
	m.fields = append(m.fields, f)
	m.key = append(m.key, byte(f.Part))
	m.key = binary.AppendUvarint(m.key, uint64(len(f.Name)))
	m.key = binary.AppendUvarint(m.key, uint64(len(f.Path)))
	m.key = append(append(m.key, f.Name...), f.Path...)
	m.size += len(f.Path) + len(f.Name)
	if m.size > maxShapeBytes {
		m.tooLong = true
	}
}

// fieldName gives the name that rules use for the value at that place.
func fieldName(path []node, attr string) (string, event.Part) {
	leaf := path[len(path)-1]
	name, part := leaf.name, event.Data
	if data := strings.ReplaceAll(leaf.data, " ", ""); data != "" {
		name = data
	}
	if attr != "" {
		name += "_" + attr
	}
	if len(path) < 2 || path[0].name != "Event" {
		return name, part
	}
	switch path[1].name {
	case "System":
		part = event.System
	case "RenderingInfo":
		part = event.System
		switch {
		case len(path) == 3 && leaf.name == "Message" && attr == "":
			name = "Message"
		case len(path) > 2:
			name = "RenderingInfo_" + name
		}
	}
	return name, part
}
