package json

import (
	"bytes"
	"fmt"
	"time"
	"unicode/utf8"

	"aldebaran/event"
	"aldebaran/evidence/lines"
)

// A Reader reads units; it keeps layouts, buffers and texts over them: one for each goroutine.
type Reader struct {
	opt   lines.Options
	lines lines.Reader
	event event.Event

	// the record at hand
	b       []byte
	values  []event.Value
	scratch []byte // texts without their escapes; values may point into it
	fault   fault
	tokens  int
	full    bool // it has more than we take

	root, at *node
	shapes   map[string]*event.Shape
	cached   int
	texts    lines.Names

	// the unit at hand
	file    *File
	tally   lines.Tally
	emit    func(*event.Event) bool
	stopped bool
	assumed bool
	timed   bool // the row has a time already; see Row
	window  []byte
}

// NewReader makes a reader. Of the options Zone is for times that do not say theirs.
func NewReader(opt lines.Options) *Reader {
	r := &Reader{opt: opt}
	r.forget()
	return r
}

// Read hands the events of a unit to emit, in the order of the file, until emit says false. An event
// is valid only until emit returns. The error is one of the file system; what is wrong with the
// contents is in the report.
func (r *Reader) Read(f *File, u event.Unit, emit func(*event.Event) bool) (event.Report, error) {
	r.file, r.emit = f, emit
	r.tally.Start(f.log, event.Clock{})
	r.stopped, r.assumed = false, false
	var err error
	if f.perLine {
		err = r.lines.Read(f.log, u, func(l lines.Line) bool {
			r.line(l)
			return !r.stopped
		})
	} else {
		err = r.stream(f, u)
	}
	if r.assumed {
		r.tally.Report.Clock = r.opt.Clock()
	}
	r.emit, r.file, r.b = nil, nil, nil
	return r.tally.End(), err
}

// line reads the records of one line; nearly always there is one.
func (r *Reader) line(l lines.Line) {
	text := l.Text
	at := 0 // in text, where the bytes that no event has yet begin
	for !r.stopped {
		p := skip(text, at)
		for p < len(text) && text[p] == ',' {
			p = skip(text, p+1)
		}
		if p < len(text) && p+3 <= len(text) && text[p] == 0xef && text[p+1] == 0xbb && text[p+2] == 0xbf {
			p += 3 // files put together each with its mark
		}
		if p >= len(text) || bytes.IndexByte(text[p:], 0) == 0 && len(bytes.Trim(text[p:], "\x00")) == 0 {
			if at == 0 && p < len(text) {
				r.tally.Damage(l.Offset, "line", "a record", fmt.Sprint(len(text)-p, " NUL bytes"), 0)
			}
			return
		}
		r.begin(text[p:])
		end := -1
		if text[p] == '{' {
			end = r.object(1, 1)
		} else {
			r.fail(0, "{")
		}
		offset, length := l.Offset+r.fileBytes(text[:at]), l.Length-r.fileBytes(text[:at])
		switch {
		case end > 0:
			if rest := skip(text, p+end); rest < len(text) && !l.Cut {
				length = r.fileBytes(text[at : p+end])
			}
			r.record(offset, length, text[p:p+end])
			at = p + end
			continue
		case l.Cut && r.fault.short && len(r.values) > 0:
			// What an intruder made too long is matched by what it begins with.
			r.record(offset, length, text[p:])
			r.tally.Damage(offset, "record", fmt.Sprint("at most ", lines.MaxLine, " bytes"), fmt.Sprint(l.Length, "; only the beginning was read"), 0)
		case l.Cut:
			r.tally.Damage(offset, "record", fmt.Sprint("at most ", lines.MaxLine, " bytes"), fmt.Sprint(l.Length), 1)
		case l.Open && r.fault.short:
			r.tally.Damage(offset, "record", r.fault.want, "the end of the file: it may be half written", 1)
		default:
			r.tally.Damage(offset+r.fileBytes(text[at:p+r.fault.pos]), "record", r.fault.want, r.fault.found, 1)
		}
		return
	}
}

// fileBytes is how many bytes of the file a part of a line stands for.
func (r *Reader) fileBytes(text []byte) int64 {
	if r.file.log.Encoding == lines.UTF8 {
		return int64(len(text))
	}
	return utf16Bytes(text)
}

// utf16Bytes is how many bytes a text takes in UTF-16.
func utf16Bytes(text []byte) int64 {
	n := int64(0)
	for i := 0; i < len(text); {
		if text[i] < utf8.RuneSelf {
			i++
			n += 2
			continue
		}
		c, size := utf8.DecodeRune(text[i:])
		i += size
		n += 2
		if c >= 0x10000 {
			n += 2
		}
	}
	return n
}

// record hands out the event of the record that was walked last.
func (r *Reader) record(offset, length int64, text []byte) {
	e := r.made(r.layoutAt(r.at))
	e.Source = event.Source{Path: r.file.log.Path, Offset: offset, Length: length, Chunk: -1}
	r.tally.Report.Events++
	r.tally.Count(text, length)
	if r.full {
		r.tally.Damage(offset, "record", fmt.Sprint("at most ", maxFields, " values"), "more; only the first were read", 0)
	}
	if !r.emit(e) {
		r.stopped = true
	}
}

// Message reads a record that stands in another one, as syslog carries what collectors and sensors pass
// on. ok is false if the text is not one object, or one of no maker that we know. The event has no
// Source and lasts until the next call; unsure says that its time does not say its zone.
func (r *Reader) Message(text []byte) (e *event.Event, unsure, ok bool) {
	r.begin(text)
	end := r.object(1, 1)
	if end <= 0 || skip(text, end) != len(text) || r.full {
		return nil, false, false
	}
	l := r.layoutAt(r.at)
	if !l.known {
		return nil, false, false
	}
	r.assumed = false
	e = r.made(l)
	return e, r.assumed, true
}

// made makes the event of the record that was walked last, but for its Source.
func (r *Reader) made(l *layout) *event.Event {
	for _, m := range l.mends {
		r.mend(m)
	}
	if l.uri >= 0 {
		stem, query, found := bytes.Cut(r.values[l.uri].Raw, []byte{'?'})
		r.values = append(r.values, event.Value{Raw: stem, Kind: event.Text}, event.Value{Raw: query, Kind: event.Text})
		if !found {
			r.values[len(r.values)-1] = event.Value{}
		}
	}
	r.values = append(r.values, l.constants...)
	e := &r.event
	*e = event.Event{
		Shape: l.shape, Values: r.values, Product: l.product, Category: l.category, Service: l.service,
	}
	if l.choose != nil {
		e.Product, e.Category, e.Service = l.choose(r.label(&l.by))
	}
	e.Computer = r.label(&l.computer)
	e.Channel = r.label(&l.channel)
	e.Provider = r.label(&l.provider)
	if l.channelOf {
		e.Channel = channelByProvider(e.Provider)
	}
	if l.eventID >= 0 {
		e.EventID = uint32(min(number(r.values[l.eventID]), 1<<32-1))
	}
	if l.flat && e.EventID == 104 && e.Provider == "Microsoft-Windows-Eventlog" {
		// "The X log was cleared" has a Channel in its payload, which has taken the header's place.
		e.Channel = "System"
	}
	if l.recordID >= 0 {
		e.RecordID = number(r.values[l.recordID])
	}
	if !r.timed {
		r.time(l, e)
	}
	return e
}

// time finds the time of an event: the first that says its zone, else the first there is.
func (r *Reader) time(l *layout, e *event.Event) {
	unsure := false
	for _, at := range l.times {
		if at.at < 0 {
			break
		}
		loc := r.opt.Location()
		if at.utc {
			loc = time.UTC
		}
		v := r.values[at.at]
		if v.Kind != event.Text {
			continue
		}
		t, certain, ok := parseTime(v.Raw, loc)
		if !ok {
			continue
		}
		if certain || at.utc {
			e.Time = t
			return
		}
		if !unsure {
			e.Time, unsure = t, true
		}
	}
	r.assumed = r.assumed || unsure
}

// A memo is a value that becomes a string, and the string that it became last.
type memo struct {
	at   int
	text string
}

// label gives the value as a string, the same string for the same bytes.
func (r *Reader) label(m *memo) string {
	if m.at < 0 {
		return ""
	}
	v := r.values[m.at]
	raw := v.Raw
	if v.Kind&event.Array != 0 { // "host": ["a"]
		raw, _, _ = bytes.Cut(raw, []byte{0})
	}
	if string(raw) == m.text {
		return m.text
	}
	text := r.texts.Of(raw)
	m.text = text
	return text
}

// number reads a decimal number, as Splunk writes them also with what stands around; 0 if it is none.
func number(v event.Value) uint64 {
	const limit = (1<<64 - 10) / 10
	n := uint64(0)
	for _, c := range v.Raw {
		if c < '0' || c > '9' || n > limit {
			break
		}
		n = n*10 + uint64(c-'0')
	}
	return n
}

// mend writes a value as Windows does.
func (r *Reader) mend(m mend) {
	v := &r.values[m.at]
	if v.Kind != event.Text {
		return
	}
	start := len(r.scratch)
	switch m.how {
	case mendGUID:
		if !isBareGUID(v.Raw) {
			return
		}
		r.scratch = append(append(append(r.scratch, '{'), v.Raw...), '}')
	case mendEscapes:
		if bytes.IndexByte(v.Raw, '\\') < 0 {
			return
		}
		r.scratch = appendBackslashes(r.scratch, v.Raw)
	case mendEventType:
		switch string(v.Raw) {
		case "INFO", "WARNING", "ERROR", "AUDIT_SUCCESS", "AUDIT_FAILURE":
		default:
			return
		}
		text := sysmonEventType(r.values, r.at.layout.shape)
		if text == nil {
			return
		}
		r.scratch = append(r.scratch, text...)
	}
	v.Raw = r.scratch[start:len(r.scratch):len(r.scratch)]
}

// appendBackslashes takes off one level of escapes, of backslashes and quotes only: all others
// would be guessed.
func appendBackslashes(dst, raw []byte) []byte {
	for i := 0; i < len(raw); i++ {
		if raw[i] == '\\' && i+1 < len(raw) && (raw[i+1] == '\\' || raw[i+1] == '"') {
			i++
		}
		dst = append(dst, raw[i])
	}
	return dst
}

// sysmonEventType gives the type that stands in the message of Sysmon's registry and pipe events.
func sysmonEventType(values []event.Value, s *event.Shape) []byte {
	const label = "EventType: "
	at := s.Lookup("Message")
	if len(at) == 0 {
		return nil
	}
	_, rest, ok := bytes.Cut(values[at[0]].Raw, []byte(label))
	if !ok {
		return nil
	}
	end := bytes.IndexAny(rest, "\r\n")
	if end < 0 {
		end = len(rest)
	}
	return rest[:end]
}

// isBareGUID tells whether a text is a GUID as evtx_dump writes those that the log holds in binary:
// upper case without braces. Texts of the log that look so are in lower case.
func isBareGUID(b []byte) bool {
	if len(b) != 36 {
		return false
	}
	for i, c := range b {
		switch i {
		case 8, 13, 18, 23:
			if c != '-' {
				return false
			}
		default:
			if (c < '0' || c > '9') && (c < 'A' || c > 'F') {
				return false
			}
		}
	}
	return true
}
