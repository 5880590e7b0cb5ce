package hunt

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/klauspost/compress/s2"

	"aldebaran/event"
	"aldebaran/evidence"
	"aldebaran/match"
)

// A record is what a worker found in one piece of evidence, as a journal keeps it: all of it but the hits
// and what behaviours have seen. Rules look again at the events that they matched when the record is read,
// which costs little and needs no form for whatever a hit may hold. The layout is in docs/formats/case.md.

// recordVersion changes with the layout, and with what is made of a piece.
const recordVersion = 1

// maxRecordSize bounds a record before it is packed; a file with a larger one is read each time. A piece of
// evidence is some megabytes; a packed log may be one piece, and all of its events may match.
const maxRecordSize = 512 << 20

// What a record begins with.
const (
	recordSkip      = 1 << iota // no source: a member of an archive that cannot be read
	recordNone                  // the source has no units
	recordLast                  // of its source
	recordContainer             // the source is one
	recordPacked                // the file is one, or stands in one
	recordBehaved               // behaviours have seen something
	recordWatch                 // has a watch
	recordEmpty                 // the reason of a skip is evidence.ErrEmpty
	recordUnknown               // the reason of a skip is evidence.ErrUnknown
	recordCut                   // indicators left something out of long values
	recordCrowded               // indicators left something out of events that have many
)

// A recorder writes and reads records; one for each worker.
type recorder struct {
	plain  []byte
	texts  map[string]uint64
	shapes map[*event.Shape]uint64
	// layouts are the shapes that were read, by their bytes.
	layouts map[string]*event.Shape
}

// maxLayouts is how many shapes are kept to be used again.
const maxLayouts = 4096

func newRecorder() *recorder {
	return &recorder{texts: map[string]uint64{}, shapes: map[*event.Shape]uint64{}, layouts: map[string]*event.Shape{}}
}

// pack gives a result as a record; nil if it is too large for one.
func (c *recorder) pack(r *result) ([]byte, error) {
	b, err := c.append(c.plain[:0], r)
	if err != nil {
		return nil, err
	}
	c.plain = b
	if len(b) > maxRecordSize {
		return nil, nil
	}
	return s2.Encode(nil, b), nil
}

func (c *recorder) append(b []byte, r *result) ([]byte, error) {
	flags := uint64(0)
	for i, on := range [...]bool{
		r.source == nil, r.none, r.last, r.source != nil && r.source.container, r.file.Packed, r.behaved, r.watch != nil,
		errors.Is(r.task.err, evidence.ErrEmpty), errors.Is(r.task.err, evidence.ErrUnknown),
		r.left.Cut, r.left.Crowded,
	} {
		flags |= uint64(btoi(on)) << i
	}
	b = binary.AppendUvarint(append(b, recordVersion), flags)
	b = putText(b, r.file.Path)
	b = binary.AppendVarint(b, r.file.Size)
	b = binary.AppendVarint(b, r.file.Part)
	if r.source == nil {
		return putText(b, r.task.err.Error()), nil
	}
	b = putText(b, r.source.path)
	b = putText(b, r.source.format)
	b = binary.AppendVarint(b, r.source.size)
	b = putDamage(b, r.source.damage)
	b = binary.AppendVarint(b, int64(r.unit.Index))
	b = binary.AppendVarint(b, r.unit.Start)
	b = binary.AppendVarint(b, r.unit.End)
	b = putText(b, r.sha256)
	b = putText(b, r.check)
	b = binary.AppendVarint(b, r.report.Bytes)
	b = binary.AppendVarint(b, int64(r.report.Recovered))
	b = putDamage(b, r.report.Damage)
	b = putText(b, r.report.Clock.Zone)
	b = putText(b, r.report.Clock.How)
	b = append(b, byte(btoi(r.report.Clock.Assumed)))
	b = binary.AppendVarint(b, int64(r.kept))
	b = binary.AppendUvarint(b, uint64(len(r.chunks)))
	for _, ch := range r.chunks {
		b = binary.LittleEndian.AppendUint64(b, ch.digest)
		b = binary.AppendVarint(b, int64(ch.events))
	}
	b = binary.AppendUvarint(b, uint64(len(r.logs.stats)))
	for _, l := range r.logs.stats {
		b = putText(b, l.host)
		b = putText(b, l.channel)
		b = binary.AppendVarint(b, int64(l.events))
		b = putTime(b, l.period.First)
		b = putTime(b, l.period.Last)
	}
	if r.watch != nil {
		doc, err := json.Marshal(r.watch)
		if err != nil {
			return nil, err
		}
		b = putText(b, string(doc))
	}
	doc, err := json.Marshal(&r.skews)
	if err != nil {
		return nil, err
	}
	b = putText(b, string(doc))
	return c.appendEvents(b, r.matched), nil
}

// appendEvents writes events: each text and each shape stands where it first occurs, and is a number after.
func (c *recorder) appendEvents(b []byte, all []matched) []byte {
	clear(c.texts)
	clear(c.shapes)
	b = binary.AppendUvarint(b, uint64(len(all)))
	for i := range all {
		e := &all[i].event
		b = c.putShape(b, e.Shape)
		for _, s := range [...]string{e.Source.Path, e.Product, e.Category, e.Service, e.Channel, e.Provider, e.Computer} {
			b = c.putKnown(b, s)
		}
		b = putTime(b, e.Time)
		b = binary.AppendVarint(b, e.Source.Offset)
		b = binary.AppendVarint(b, e.Source.Length)
		b = binary.AppendVarint(b, int64(e.Source.Chunk))
		b = append(b, byte(btoi(e.Source.Recovered)))
		b = binary.AppendUvarint(b, uint64(e.EventID))
		b = binary.AppendUvarint(b, e.RecordID)
		for _, v := range e.Values { // as many as the shape has fields
			b = append(b, byte(v.Kind))
			b = binary.AppendUvarint(b, uint64(len(v.Raw)))
			b = append(b, v.Raw...)
		}
	}
	return b
}

// putKnown writes a text's number, and the text if it is new: 0 is a new one.
func (c *recorder) putKnown(b []byte, s string) []byte {
	if n, ok := c.texts[s]; ok {
		return binary.AppendUvarint(b, n)
	}
	c.texts[s] = uint64(len(c.texts)) + 1
	return putText(append(b, 0), s)
}

func (c *recorder) putShape(b []byte, s *event.Shape) []byte {
	if n, ok := c.shapes[s]; ok {
		return binary.AppendUvarint(b, n)
	}
	c.shapes[s] = uint64(len(c.shapes)) + 1
	var layout []byte
	layout = binary.AppendUvarint(layout, uint64(len(s.Fields)))
	for _, f := range s.Fields {
		layout = putText(layout, f.Name)
		layout = putText(layout, f.Path)
		layout = append(layout, byte(f.Part))
	}
	return putText(append(b, 0), string(layout))
}

func putText(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

func putTime(b []byte, t time.Time) []byte {
	return binary.AppendUvarint(binary.AppendVarint(b, t.Unix()), uint64(t.Nanosecond()))
}

func putDamage(b []byte, all []event.Damage) []byte {
	b = binary.AppendUvarint(b, uint64(len(all)))
	for _, d := range all {
		for _, s := range [...]string{d.Path, d.What, d.Want, d.Found} {
			b = putText(b, s)
		}
		b = binary.AppendVarint(b, d.Offset)
		b = binary.AppendVarint(b, int64(d.Chunk))
		b = binary.AppendUvarint(b, d.Record)
		b = binary.AppendVarint(b, int64(d.Lost))
	}
	return b
}

// A notRead is why a member of an archive was not read, as a record says it.
type notRead struct {
	what string
	kind error // evidence.ErrEmpty, evidence.ErrUnknown, or nil
}

func (e *notRead) Error() string { return e.what }
func (e *notRead) Unwrap() error { return e.kind }

// unpack fills a result from a record; hits and what behaviours saw are not in it.
func (c *recorder) unpack(r *result, record []byte) error {
	n, err := s2.DecodedLen(record)
	if err == nil && n > maxRecordSize {
		err = fmt.Errorf("want at most %d bytes, found %d", maxRecordSize, n)
	}
	var plain []byte
	if err == nil {
		plain, err = s2.Decode(nil, record)
	}
	if err != nil {
		return fmt.Errorf("unpacking a record: %w", err)
	}
	d := recordReader{b: plain}
	c.read(&d, r)
	if d.err == nil && len(d.b) > 0 {
		d.fail("its end", fmt.Sprintf("%d more bytes", len(d.b)))
	}
	return d.err
}

func (c *recorder) read(d *recordReader, r *result) {
	if v := d.byte(); v != recordVersion {
		d.fail(fmt.Sprintf("version %d", recordVersion), fmt.Sprint(v))
	}
	flags := d.uint()
	r.none, r.last = flags&recordNone != 0, flags&recordLast != 0
	r.behaved = flags&recordBehaved != 0
	r.left = match.Left{Cut: flags&recordCut != 0, Crowded: flags&recordCrowded != 0}
	r.file = evidence.File{Packed: flags&recordPacked != 0, Path: d.text(), Size: d.int(), Part: d.int()}
	if flags&recordSkip != 0 {
		why := &notRead{what: d.text()}
		switch {
		case flags&recordEmpty != 0:
			why.kind = evidence.ErrEmpty
		case flags&recordUnknown != 0:
			why.kind = evidence.ErrUnknown
		}
		r.source, r.task.err = nil, why
		return
	}
	r.source = &sourceHead{
		path: d.text(), format: d.text(), size: d.int(), container: flags&recordContainer != 0, damage: d.damage(),
	}
	r.unit = event.Unit{Index: int(d.int()), Start: d.int(), End: d.int()}
	r.sha256, r.check = d.text(), d.text()
	r.report = event.Report{Bytes: d.int(), Recovered: int(d.int()), Damage: d.damage()}
	r.report.Clock = event.Clock{Zone: d.text(), How: d.text(), Assumed: d.byte() == 1}
	r.kept = int(d.int())
	for range d.count(9) {
		r.chunks = append(r.chunks, chunk{d.fixed(), int(d.int())})
	}
	for range d.count(7) {
		l := logStat{host: d.text(), channel: d.text(), events: int(d.int())}
		l.period.First, l.period.Last = d.time(), d.time()
		r.logs.join(l)
	}
	if flags&recordWatch != 0 {
		r.watch = new(evidence.Watch)
		d.json(r.watch)
	}
	d.json(&r.skews)
	c.readEvents(d, r)
}

// leastEvent is the size of the smallest event in a record.
const leastEvent = 16

func (c *recorder) readEvents(d *recordReader, r *result) {
	var (
		texts  []string
		shapes []*event.Shape
	)
	known := func() string {
		n := d.uint()
		if n == 0 {
			texts = append(texts, d.text())
			n = uint64(len(texts))
		}
		if n > uint64(len(texts)) {
			d.fail("the number of a text", fmt.Sprint(n))
			return ""
		}
		return texts[n-1]
	}
	for range d.count(leastEvent) {
		n := d.uint()
		if n == 0 {
			shapes = append(shapes, c.shape(d))
			n = uint64(len(shapes))
		}
		if n > uint64(len(shapes)) {
			d.fail("the number of a layout", fmt.Sprint(n))
			return
		}
		e := event.Event{Shape: shapes[n-1]}
		for _, s := range [...]*string{&e.Source.Path, &e.Product, &e.Category, &e.Service, &e.Channel, &e.Provider, &e.Computer} {
			*s = known()
		}
		e.Time = d.time()
		e.Source.Offset, e.Source.Length, e.Source.Chunk = d.int(), d.int(), int(d.int())
		e.Source.Recovered = d.byte() == 1
		e.EventID, e.RecordID = uint32(d.uint()), d.uint()
		e.Values = r.values.take(len(e.Shape.Fields))
		for i := range e.Values {
			e.Values[i] = event.Value{Kind: event.Kind(d.byte()), Raw: d.bytes()}
			if d.err != nil {
				return
			}
		}
		r.matched = append(r.matched, matched{event: e})
	}
}

// shape reads a layout. The same one is the same shape in all records, as it is with readers of evidence.
func (c *recorder) shape(d *recordReader) *event.Shape {
	text := d.text()
	if s := c.layouts[text]; s != nil {
		return s
	}
	in := recordReader{b: []byte(text)}
	s := &event.Shape{}
	for range in.count(3) {
		s.Fields = append(s.Fields, event.Field{Name: in.text(), Path: in.text(), Part: event.Part(in.byte())})
	}
	if in.err != nil || len(in.b) > 0 {
		d.fail("a layout", "none")
		return &event.Shape{}
	}
	if len(c.layouts) >= maxLayouts {
		clear(c.layouts)
	}
	c.layouts[text] = s
	return s
}

// A recordReader takes a record apart. After the first error everything is zero.
type recordReader struct {
	b   []byte
	err error
}

func (d *recordReader) fail(want, found string) {
	if d.err == nil {
		d.err = fmt.Errorf("record: want %s, found %s", want, found)
	}
	d.b = nil
}

func (d *recordReader) uint() uint64 {
	v, n := binary.Uvarint(d.b)
	if n <= 0 {
		d.fail("a number", "none")
		return 0
	}
	d.b = d.b[n:]
	return v
}

func (d *recordReader) int() int64 {
	v, n := binary.Varint(d.b)
	if n <= 0 {
		d.fail("a number", "none")
		return 0
	}
	d.b = d.b[n:]
	return v
}

// count reads the number of things of which each takes at least so many bytes.
func (d *recordReader) count(least int) int {
	n := d.uint()
	if n > uint64(len(d.b)/least) {
		d.fail(fmt.Sprintf("at most %d things in %d bytes", len(d.b)/least, len(d.b)), fmt.Sprint(n))
		return 0
	}
	return int(n)
}

func (d *recordReader) byte() byte {
	if len(d.b) == 0 {
		d.fail("a byte", "the end")
		return 0
	}
	v := d.b[0]
	d.b = d.b[1:]
	return v
}

func (d *recordReader) fixed() uint64 {
	if len(d.b) < 8 {
		d.fail("8 bytes", fmt.Sprint(len(d.b)))
		return 0
	}
	v := binary.LittleEndian.Uint64(d.b)
	d.b = d.b[8:]
	return v
}

func (d *recordReader) bytes() []byte {
	n := d.count(1)
	v := d.b[:n:n]
	d.b = d.b[n:]
	return v
}

func (d *recordReader) text() string { return string(d.bytes()) }

func (d *recordReader) time() time.Time {
	s, ns := d.int(), d.uint()
	if ns >= 1e9 {
		d.fail("a part of a second", fmt.Sprint(ns))
		return time.Time{}
	}
	return time.Unix(s, int64(ns)).UTC()
}

func (d *recordReader) damage() []event.Damage {
	var all []event.Damage
	for range d.count(8) {
		all = append(all, event.Damage{
			Path: d.text(), What: d.text(), Want: d.text(), Found: d.text(),
			Offset: d.int(), Chunk: int(d.int()), Record: d.uint(), Lost: int(d.int()),
		})
	}
	return all
}

func (d *recordReader) json(to any) {
	doc := d.bytes()
	if d.err != nil {
		return
	}
	if err := json.Unmarshal(doc, to); err != nil {
		d.fail("a document", err.Error())
	}
}
