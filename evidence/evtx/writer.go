package evtx

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash/crc32"
	"io"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"

	"aldebaran/event"
)

// A Record is one event for a [Writer]. What is empty or zero is left out of the System part where
// Windows leaves it out.
type Record struct {
	// ID is the EventRecordID; 0 takes the number after the last one.
	ID   uint64
	Time time.Time

	Provider     string
	ProviderGUID string // with or without braces
	EventID      uint16
	Version      uint8
	Level        uint8
	Opcode       uint8
	Task         uint16
	Keywords     uint64
	Channel      string
	Computer     string
	UserSID      string // S-1-...
	ProcessID    uint32
	ThreadID     uint32

	// Data is the EventData part.
	Data []Data
	// UserData is the UserData part. An event that has one has no EventData.
	UserData *UserData
}

// Data is one <Data> of EventData, or one child element of UserData.
type Data struct {
	// Name is the Name attribute, or the element's name; a <Data> without a name has "".
	Name  string
	Value event.Value
}

// UserData is the element that stands inside <UserData>, with its children.
type UserData struct {
	Name      string
	Namespace string // its xmlns, "" for none
	Data      []Data
}

// Text makes a value of a text, as Windows stores it.
func Text(s string) event.Value { return event.Value{Kind: event.UTF16, Raw: utf16Bytes(s)} }

// A Writer writes an event log: chunks with checksums, lists of names and templates, records whose
// values are typed substitutions. The same records give the same bytes.
type Writer struct {
	// Direct writes records without templates, all values as text, as exported and forwarded
	// events have them. Set it before the first Add.
	Direct bool

	w      io.Writer
	seek   io.Seeker // nil: chunks are kept until Close
	kept   []byte
	chunk  *chunkWriter
	chunks int
	nextID uint64
	err    error
}

// NewWriter makes a writer. If w is an [io.WriteSeeker] at its beginning, chunks are written when
// they are full; otherwise the whole log is written by [Writer.Close].
func NewWriter(w io.Writer) *Writer {
	seek, _ := w.(io.Seeker)
	return &Writer{w: w, seek: seek, nextID: 1}
}

// Add appends one record. The error says what of it cannot be written, or what the file gave.
func (w *Writer) Add(r Record) error {
	if w.err != nil {
		return w.err
	}
	if r.ID == 0 {
		r.ID = w.nextID
	}
	sys, err := systemValues(r)
	if err != nil {
		return fmt.Errorf("record %d: %w", r.ID, err)
	}
	return w.add(r.ID, r.Time, func(c *chunkWriter) {
		if w.Direct {
			c.directRecord(sys, r)
			return
		}
		c.fragment()
		c.instance(systemTemplate, append(sys, event.Value{Kind: kindBinXML}), func() {
			c.fragment()
			name, values := payloadTemplate(r)
			c.instance(name, values, nil)
			c.b = append(c.b, tokEOF)
		})
		c.b = append(c.b, tokEOF)
	})
}

// add writes one record whose BinXML body writes.
func (w *Writer) add(id uint64, t time.Time, body func(*chunkWriter)) error {
	if w.chunk == nil {
		w.chunk = newChunkWriter()
	}
	if !w.chunk.record(id, t, body) {
		if w.chunk.records > 0 {
			if err := w.flush(); err != nil {
				return err
			}
			w.chunk = newChunkWriter()
		}
		if w.chunk.records == 0 && !w.chunk.record(id, t, body) {
			return fmt.Errorf("record %d: want at most %d bytes, found more", id, chunkSize-chunkHeaderSize)
		}
	}
	w.nextID = id + 1
	return nil
}

// Close writes what is left, and the file header. It does not close the file.
func (w *Writer) Close() error {
	if w.err != nil {
		return w.err
	}
	if w.chunk == nil && w.chunks == 0 {
		w.chunk = newChunkWriter() // a log always has a chunk
	}
	if w.chunk != nil {
		if err := w.flush(); err != nil {
			return err
		}
		w.chunk = nil
	}
	if w.seek == nil {
		_, w.err = w.w.Write(append(w.header(), w.kept...))
		return w.err
	}
	if _, w.err = w.seek.Seek(0, io.SeekStart); w.err == nil {
		_, w.err = w.w.Write(w.header())
	}
	if w.err == nil {
		_, w.err = w.seek.Seek(0, io.SeekEnd)
	}
	return w.err
}

func (w *Writer) flush() error {
	b := w.chunk.finish()
	if w.seek == nil {
		w.kept = append(w.kept, b...)
	} else {
		if w.chunks == 0 {
			_, w.err = w.w.Write(make([]byte, fileHeaderSize))
		}
		if w.err == nil {
			_, w.err = w.w.Write(b)
		}
	}
	w.chunks++
	return w.err
}

func (w *Writer) header() []byte {
	b := make([]byte, fileHeaderSize)
	copy(b, fileMagic)
	binary.LittleEndian.PutUint64(b[16:], uint64(w.chunks-1))
	binary.LittleEndian.PutUint64(b[24:], w.nextID)
	binary.LittleEndian.PutUint32(b[32:], 128)
	binary.LittleEndian.PutUint16(b[36:], 1) // version 3.1
	binary.LittleEndian.PutUint16(b[38:], 3)
	binary.LittleEndian.PutUint16(b[40:], fileHeaderSize)
	binary.LittleEndian.PutUint16(b[42:], uint16(w.chunks))
	binary.LittleEndian.PutUint32(b[124:], crc32.ChecksumIEEE(b[:120]))
	return b
}

// A template is what the writer knows of one: how to write its body, and its identity.
type template struct {
	guid [16]byte
	body func(*chunkWriter)
}

func newTemplate(identity string, body func(*chunkWriter)) template {
	sum := sha256.Sum256([]byte("aldebaran template " + identity))
	return template{guid: [16]byte(sum[:16]), body: body}
}

// The System part's values in the order of its template's substitutions.
const (
	subProvider = iota
	subGUID
	subQualifiers
	subEventID
	subVersion
	subLevel
	subTask
	subOpcode
	subKeywords
	subTime
	subRecordID
	subActivity
	subRelated
	subProcess
	subThread
	subChannel
	subComputer
	subUser
	subPayload
)

const namespace = "http://schemas.microsoft.com/win/2004/08/events/event"

// systemLayout is the System part: elements with their attributes, in Windows's order.
var systemLayout = []struct {
	name  string
	attrs []systemAttr
	sub   int // the element's content, -1 for none
}{
	{"Provider", []systemAttr{{"Name", subProvider}, {"Guid", subGUID}}, -1},
	{"EventID", []systemAttr{{"Qualifiers", subQualifiers}}, subEventID},
	{"Version", nil, subVersion},
	{"Level", nil, subLevel},
	{"Task", nil, subTask},
	{"Opcode", nil, subOpcode},
	{"Keywords", nil, subKeywords},
	{"TimeCreated", []systemAttr{{"SystemTime", subTime}}, -1},
	{"EventRecordID", nil, subRecordID},
	{"Correlation", []systemAttr{{"ActivityID", subActivity}, {"RelatedActivityID", subRelated}}, -1},
	{"Execution", []systemAttr{{"ProcessID", subProcess}, {"ThreadID", subThread}}, -1},
	{"Channel", nil, subChannel},
	{"Computer", nil, subComputer},
	{"Security", []systemAttr{{"UserID", subUser}}, -1},
}

type systemAttr struct {
	name string
	sub  int
}

// systemKinds are the types of the System part's substitutions.
var systemKinds = [...]event.Kind{
	subProvider: event.UTF16, subGUID: event.GUID, subQualifiers: event.Uint16, subEventID: event.Uint16,
	subVersion: event.Uint8, subLevel: event.Uint8, subTask: event.Uint16, subOpcode: event.Uint8,
	subKeywords: event.Hex64, subTime: event.FileTime, subRecordID: event.Uint64, subActivity: event.GUID,
	subRelated: event.GUID, subProcess: event.Uint32, subThread: event.Uint32, subChannel: event.UTF16,
	subComputer: event.UTF16, subUser: event.SID, subPayload: kindBinXML,
}

var systemTemplate = newTemplate("System", func(c *chunkWriter) {
	root := c.open("Event", true, true)
	c.attribute("xmlns")
	c.literal(namespace)
	root.endAttributes()
	system := c.open("System", false, true)
	system.endAttributes()
	for _, l := range systemLayout {
		e := c.open(l.name, len(l.attrs) > 0, true)
		for _, a := range l.attrs {
			c.attribute(a.name)
			c.substitution(a.sub, systemKinds[a.sub])
		}
		if l.sub < 0 {
			e.endEmpty()
			continue
		}
		e.endAttributes()
		c.substitution(l.sub, systemKinds[l.sub])
		e.end()
	}
	system.end()
	c.substitution(subPayload, kindBinXML)
	root.end()
})

func systemValues(r Record) ([]event.Value, error) {
	le := binary.LittleEndian
	v := make([]event.Value, subPayload, subPayload+1)
	set := func(at int, raw []byte) { v[at] = event.Value{Kind: systemKinds[at], Raw: raw} }
	set(subProvider, utf16Bytes(r.Provider))
	if r.ProviderGUID != "" {
		raw, err := guidBytes(r.ProviderGUID)
		if err != nil {
			return nil, err
		}
		set(subGUID, raw)
	}
	set(subEventID, le.AppendUint16(nil, r.EventID))
	set(subVersion, []byte{r.Version})
	set(subLevel, []byte{r.Level})
	set(subTask, le.AppendUint16(nil, r.Task))
	set(subOpcode, []byte{r.Opcode})
	set(subKeywords, le.AppendUint64(nil, r.Keywords))
	set(subTime, le.AppendUint64(nil, fileTime(r.Time)))
	set(subRecordID, le.AppendUint64(nil, r.ID))
	set(subProcess, le.AppendUint32(nil, r.ProcessID))
	set(subThread, le.AppendUint32(nil, r.ThreadID))
	set(subChannel, utf16Bytes(r.Channel))
	set(subComputer, utf16Bytes(r.Computer))
	if r.UserSID != "" {
		raw, err := sidBytes(r.UserSID)
		if err != nil {
			return nil, err
		}
		set(subUser, raw)
	}
	return v, nil
}

// payloadTemplate gives the template of EventData or UserData, which depends on the names and
// types of its values, and the values.
func payloadTemplate(r Record) (template, []event.Value) {
	data, parents := r.Data, []string{"EventData"}
	ns := ""
	if r.UserData != nil {
		data, parents, ns = r.UserData.Data, []string{"UserData", r.UserData.Name}, r.UserData.Namespace
	}
	var identity strings.Builder
	fmt.Fprintf(&identity, "%q %q", parents, ns)
	values := make([]event.Value, len(data))
	for i, d := range data {
		values[i] = stored(d.Value)
		fmt.Fprintf(&identity, " %q %d", d.Name, values[i].Kind)
	}
	return newTemplate(identity.String(), func(c *chunkWriter) {
		c.payload(parents, ns, data, true, func(i int) { c.substitution(i, values[i].Kind) })
	}), values
}

// payload writes EventData or UserData; content writes the i-th value.
func (c *chunkWriter) payload(parents []string, ns string, data []Data, dependency bool, content func(i int)) {
	var open []*openElement
	for i, name := range parents {
		e := c.open(name, i == 1 && ns != "", dependency)
		if i == 1 && ns != "" {
			c.attribute("xmlns")
			c.literal(ns)
		}
		e.endAttributes()
		open = append(open, e)
	}
	for i, d := range data {
		var e *openElement
		switch {
		case len(parents) > 1:
			e = c.open(d.Name, false, dependency)
		case d.Name == "":
			e = c.open("Data", false, dependency)
		default:
			e = c.open("Data", true, dependency)
			c.attribute("Name")
			c.literal(d.Name)
		}
		e.endAttributes()
		content(i)
		e.end()
	}
	for i := len(open) - 1; i >= 0; i-- {
		open[i].end()
	}
}

// directRecord writes a record as elements with text, without any template.
func (c *chunkWriter) directRecord(sys []event.Value, r Record) {
	c.fragment()
	root := c.open("Event", true, false)
	c.attribute("xmlns")
	c.literal(namespace)
	root.endAttributes()
	system := c.open("System", false, false)
	system.endAttributes()
	for _, l := range systemLayout {
		attrs := 0
		for _, a := range l.attrs {
			if !sys[a.sub].IsNull() {
				attrs++
			}
		}
		e := c.open(l.name, attrs > 0, false)
		for _, a := range l.attrs {
			if !sys[a.sub].IsNull() {
				c.attribute(a.name)
				c.literal(sys[a.sub].String())
			}
		}
		if l.sub < 0 {
			e.endEmpty()
			continue
		}
		e.endAttributes()
		c.literal(sys[l.sub].String())
		e.end()
	}
	system.end()
	data, parents, ns := r.Data, []string{"EventData"}, ""
	if r.UserData != nil {
		data, parents, ns = r.UserData.Data, []string{"UserData", r.UserData.Name}, r.UserData.Namespace
	}
	c.payload(parents, ns, data, false, func(i int) {
		if s := data[i].Value.String(); s != "" {
			c.literal(s)
		}
	})
	root.end()
	c.b = append(c.b, tokEOF)
}

// stored gives a value as EVTX can hold it: text in UTF-16.
func stored(v event.Value) event.Value {
	if v.Kind == event.Text {
		return Text(v.String())
	}
	return v
}

func utf16Bytes(s string) []byte {
	units := utf16.Encode([]rune(s))
	b := make([]byte, 0, 2*len(units))
	for _, u := range units {
		b = binary.LittleEndian.AppendUint16(b, u)
	}
	return b
}

// fileTime gives a time in 100 ns since 1601-01-01 UTC, 0 for the zero time.
func fileTime(t time.Time) uint64 {
	if t.IsZero() {
		return 0
	}
	const toUnix = 11644473600 // seconds from 1601-01-01 to 1970-01-01
	return uint64(t.Unix()+toUnix)*1e7 + uint64(t.Nanosecond()/100)
}

func guidBytes(s string) ([]byte, error) {
	raw, err := hex.DecodeString(strings.ReplaceAll(strings.Trim(s, "{}"), "-", ""))
	if err != nil || len(raw) != 16 {
		return nil, fmt.Errorf("GUID: want 32 hexadecimal digits, found %q", s)
	}
	for _, swap := range [][2]int{{0, 3}, {1, 2}, {4, 5}, {6, 7}} {
		raw[swap[0]], raw[swap[1]] = raw[swap[1]], raw[swap[0]]
	}
	return raw, nil
}

func sidBytes(s string) ([]byte, error) {
	parts := strings.Split(s, "-")
	if len(parts) < 3 || len(parts) > 3+15 || parts[0] != "S" {
		return nil, fmt.Errorf("SID: want S-1-..., found %q", s)
	}
	numbers := make([]uint64, len(parts))
	for i, p := range parts[1:] {
		n, err := strconv.ParseUint(p, 10, []int{8, 48, 32}[min(i, 2)])
		if err != nil {
			return nil, fmt.Errorf("SID: %q: %w", s, err)
		}
		numbers[i+1] = n
	}
	raw := binary.BigEndian.AppendUint64(nil, numbers[2])
	raw[0], raw[1] = byte(numbers[1]), byte(len(parts)-3)
	for _, n := range numbers[3:] {
		raw = binary.LittleEndian.AppendUint32(raw, uint32(n))
	}
	return raw, nil
}
