package entries

import (
	"encoding/binary"

	"aldebaran/event"
)

const (
	// maxFields bounds the values of one event; audits have some 60.
	maxFields = 256
	// maxName bounds the length of a name in bytes.
	maxName = 128
	// maxShapes bounds the layouts that are remembered; a real log has some tens.
	maxShapes = 1 << 10
)

// A Builder puts named values together and gives events of the same names the same shape. The zero
// value is ready.
type Builder struct {
	// Values are those added since Reset.
	Values []event.Value
	// Scratch has room for values that do not stand in the log as they are; see Own.
	Scratch []byte
	// Dropped counts the values beyond what an event may have.
	Dropped int

	key    []byte
	path   []byte // room for the names of nested objects
	shapes map[string]*event.Shape
}

// Reset begins an event.
func (b *Builder) Reset() {
	b.Values, b.key, b.Scratch, b.Dropped = b.Values[:0], b.key[:0], b.Scratch[:0], 0
}

// Add adds a value under a name that we know.
func (b *Builder) Add(name string, raw []byte) { b.AddFrom(name, "", raw) }

// AddFrom adds a value whose name in the log is another: path.
func (b *Builder) AddFrom(name, path string, raw []byte) {
	if b.room() {
		b.key = appendName(append(b.key, byte(event.Data)), name)
		b.key = appendName(b.key, path)
		b.Values = append(b.Values, event.Value{Kind: event.Text, Raw: raw})
	}
}

// AddAs is AddFrom with the name as it stands in the log.
func (b *Builder) AddAs(name string, path, raw []byte) {
	if b.room() {
		b.key = appendName(append(b.key, byte(event.Data)), name)
		b.key = appendName(b.key, path)
		b.Values = append(b.Values, event.Value{Kind: event.Text, Raw: raw})
	}
}

// AddSystem adds a value of the header that all Windows events have.
func (b *Builder) AddSystem(name string, raw []byte) {
	if b.room() {
		b.key = appendName(append(b.key, byte(event.System)), name)
		b.key = appendName(b.key, "")
		b.Values = append(b.Values, event.Value{Kind: event.Text, Raw: raw})
	}
}

// AddFound adds a value under the name that the log gives it.
func (b *Builder) AddFound(name, raw []byte) {
	if b.room() {
		b.key = appendName(append(b.key, byte(event.Data)), name)
		b.key = appendName(b.key, "")
		b.Values = append(b.Values, event.Value{Kind: event.Text, Raw: raw})
	}
}

func (b *Builder) room() bool {
	if len(b.Values) < maxFields {
		return true
	}
	b.Dropped++
	return false
}

func appendName[T string | []byte](key []byte, name T) []byte {
	name = name[:min(len(name), maxName)]
	return append(binary.LittleEndian.AppendUint16(key, uint16(len(name))), name...)
}

// Own gives the bytes that were appended to Scratch since its length was start. They stay where
// they are when Scratch grows: the old array is kept by those who point at it.
func (b *Builder) Own(start int) []byte { return b.Scratch[start:len(b.Scratch):len(b.Scratch)] }

// Shape gives the shape of what was added.
func (b *Builder) Shape() *event.Shape {
	if s, ok := b.shapes[string(b.key)]; ok {
		return s
	}
	fields := make([]event.Field, 0, len(b.Values))
	for key := b.key; len(key) > 0; {
		f := event.Field{Part: event.Part(key[0])}
		f.Name, key = takeName(key[1:])
		f.Path, key = takeName(key)
		if f.Path == "" {
			f.Path = f.Name
		}
		fields = append(fields, f)
	}
	s := &event.Shape{Fields: fields}
	if b.shapes == nil {
		b.shapes = map[string]*event.Shape{}
	}
	if len(b.shapes) < maxShapes {
		b.shapes[string(b.key)] = s
	}
	return s
}

func takeName(key []byte) (name string, rest []byte) {
	n := int(binary.LittleEndian.Uint16(key))
	return string(key[2 : 2+n]), key[2+n:]
}
