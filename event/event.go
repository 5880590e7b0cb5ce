// Package event is the one record that every reader of evidence emits and every rule reads.
//
// An [Event] is lazy: its values are slices of the reader's buffer, undecoded, beside a [Shape]
// that names them. Whoever needs a text asks the [Value] for it. Events of the same layout share
// one Shape, so that a matcher can decide once per layout which values it wants.
package event

import (
	"sync"
	"time"
)

// An Event is one record of evidence. It is valid only until the function it was handed to
// returns: the reader reuses it and the bytes behind its values. [Event.Clone] keeps one.
type Event struct {
	// Shape names the values: Shape.Fields[i] describes Values[i].
	Shape *Shape
	// Values are the undecoded contents, one for each field of the shape.
	Values []Value

	// Time is when the event happened by its source's clock, in UTC; zero if it has none.
	Time time.Time
	// Source is where in the evidence the event stands.
	Source Source

	// Product, Category and Service are the Sigma log source that the reader knows the event to
	// belong to ("windows", "webserver", "auditd"); empty where it does not.
	Product, Category, Service string
	// Channel, Provider and EventID are the System part of a Windows event; they route it to
	// rules. They are never taken from EventData or UserData: event 1108 has a second EventID there.
	Channel, Provider string
	EventID           uint32
	// Computer is the host that wrote the event.
	Computer string
	// RecordID is the event's own number in its log (EventRecordID), 0 if it has none.
	RecordID uint64
}

// Source says where in the evidence an event came from; a finding quotes those bytes.
type Source struct {
	// Path is the file as the user named it; parts inside containers follow after "!".
	Path string
	// Offset is the first byte of the record in the file, Length the number of its bytes.
	Offset, Length int64
	// Chunk is the index of the EVTX chunk, from 0; -1 for formats that have none.
	Chunk int
	// Recovered marks a stale record found behind a chunk's free-space offset (see --recover).
	Recovered bool
}

// Damage is a place in the evidence that could not be read. The rest is read all the same.
type Damage struct {
	Path   string
	Offset int64
	// Chunk is the index of the EVTX chunk, from 0; -1 where there is none.
	Chunk int
	// Record is the record number if it is known, else 0.
	Record uint64
	// What could not be read: "file header", "chunk header", "record", "template", ...
	What string
	// Want and Found say what was expected there and what stood there.
	Want, Found string
	// Lost is the number of records that are missing because of it; -1 if that is unknown, 0 if
	// none (a wrong checksum around records that all could be read).
	Lost int
}

// Part says which part of a record a field stands in.
type Part uint8

const (
	// Data is the event's own payload: EventData, UserData, the columns of a log line.
	Data Part = iota
	// System is the header that all events of a format have: Channel, Computer, EventID.
	System
)

// A Field names one value of a shape.
type Field struct {
	// Name is the name that Sigma rules use: spaces are stripped ("Threat Name" is ThreatName),
	// attributes are joined with an underscore (Provider_Name). An EVTX <Data> without a name is
	// called "Data". Names repeat: each <Data> of the same name is a field of its own.
	Name string
	// Path is the place in the record as it was written: "Event/EventData/Data[Threat Name]".
	Path string
	Part Part
}

// A Shape is the layout that many events share. Readers intern shapes: the same *Shape means the
// same fields in the same order. Immutable and safe for concurrent use once it is made.
type Shape struct {
	Fields []Field

	once  sync.Once
	index map[string][]int
	// few is the index of a shape with few names, which is the usual one: a lookup compares one or
	// two names. Its length is a power of two; places are found by placeOf.
	few []namedFields
}

type namedFields struct {
	name string
	at   []int
}

// maxFew is how many names the small index takes: more could be made to stand in each other's way.
const maxFew = 48

// placeOf is where a name stands in the small index, or a place behind it.
func placeOf(name string) int {
	n := len(name)
	if n == 0 {
		return 0
	}
	return n + int(name[0])*7 + int(name[n/2])*31 + int(name[n-1])*131
}

// Lookup gives the indexes of the fields of that exact name that a rule means by it: those of the
// Data part if there is one, else those of the System part; nil if there is none.
func (s *Shape) Lookup(name string) []int {
	s.once.Do(s.makeIndex)
	if s.few == nil {
		return s.index[name]
	}
	mask := len(s.few) - 1
	for i := placeOf(name) & mask; ; i = (i + 1) & mask {
		f := &s.few[i]
		if f.at == nil || f.name == name {
			return f.at
		}
	}
}

func (s *Shape) makeIndex() {
	s.index = make(map[string][]int, len(s.Fields))
	for _, part := range []Part{Data, System} {
		for i, f := range s.Fields {
			if f.Part != part {
				continue
			}
			if have := s.index[f.Name]; len(have) > 0 && s.Fields[have[0]].Part != part {
				continue
			}
			s.index[f.Name] = append(s.index[f.Name], i)
		}
	}
	if len(s.index) > maxFew {
		return
	}
	few := make([]namedFields, 128) // always places left: a search for a name that is not there ends
	for name, at := range s.index {
		i := placeOf(name) & (len(few) - 1)
		for few[i].at != nil {
			i = (i + 1) & (len(few) - 1)
		}
		few[i] = namedFields{name, at}
	}
	s.few = few
}

// Get gives the first value of that name (see [Shape.Lookup]); ok is false if there is no such field.
func (e *Event) Get(name string) (v Value, ok bool) {
	at := e.Shape.Lookup(name)
	if len(at) == 0 {
		return Value{}, false
	}
	return e.Values[at[0]], true
}

// Text gives the first value of that name as text, "" if there is no such field.
func (e *Event) Text(name string) string {
	v, ok := e.Get(name)
	if !ok {
		return ""
	}
	return v.String()
}

// Clone copies an event and all bytes behind it, so that it outlives the reader's next record.
func (e *Event) Clone() *Event {
	c := *e
	n := 0
	for _, v := range e.Values {
		n += len(v.Raw)
	}
	buf := make([]byte, 0, n)
	c.Values = make([]Value, len(e.Values))
	for i, v := range e.Values {
		start := len(buf)
		buf = append(buf, v.Raw...)
		c.Values[i] = Value{Kind: v.Kind, Raw: buf[start:len(buf):len(buf)]}
	}
	return &c
}
