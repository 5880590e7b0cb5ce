// Package xml reads events of the Windows event log that were saved as XML: by the Event Viewer ("Save
// as XML"), by wevtutil and Get-WinEvent, and by collectors that write one event on a line. In goes
// a file; out come the events that were in the event log, with the names that package evtx gives.
//
// The form is the event schema (https://learn.microsoft.com/windows/win32/wes/eventschema-schema):
//
//	<Event xmlns="http://schemas.microsoft.com/win/2004/08/events/event">
//	  <System><Provider Name="..."/><EventID>4624</EventID>...<Channel>Security</Channel></System>
//	  <EventData><Data Name="LogonType">3</Data>...</EventData>
//	</Event>
//
// It is no XML parser in general: event logs write elements, attributes, texts and entities only.
package xml

import (
	"bytes"
	"errors"
	"io"

	"aldebaran/event"
	"aldebaran/evidence/lines"
	"aldebaran/evidence/record"
)

const schema = "http://schemas.microsoft.com/win/2004/08/events/event"

// Sniff tells whether a file that begins with head holds such events.
func Sniff(head []byte) bool {
	text, ok := lines.Head(head)
	if !ok {
		return false
	}
	at := eventStart(text)
	return at >= 0 && bytes.Contains(text[at:min(len(text), at+1024)], []byte(schema)) && introduction(text[:at])
}

// eventStart gives the place of the first event, -1 if there is none.
func eventStart(text []byte) int {
	for at := 0; ; {
		i := bytes.Index(text[at:], []byte("<Event"))
		if i < 0 {
			return -1
		}
		at += i
		if begins(text[at:]) {
			return at
		}
		at += len("<Event")
	}
}

// introduction tells whether a text is what may stand before the first event: a declaration, the
// element around all events, and the signs by which a browser shows that an element is open.
func introduction(text []byte) bool {
	for {
		text = bytes.TrimLeft(text, " \t\r\n-")
		if len(text) == 0 {
			return true
		}
		end := bytes.IndexByte(text, '>')
		if end < 0 || !bytes.HasPrefix(text, []byte("<?xml")) && !bytes.HasPrefix(text, []byte("<!--")) && !bytes.HasPrefix(text, []byte("<Events")) {
			return false
		}
		text = text[end+1:]
	}
}

// begins tells whether an event's element begins at the beginning of a text.
func begins(text []byte) bool {
	return bytes.HasPrefix(text, []byte("<Event ")) || bytes.HasPrefix(text, []byte("<Event>"))
}

// A File is one log. Immutable, safe for concurrent use.
type File struct{ log *lines.Log }

// Open looks at the beginning of a log. The error is one of the file system.
func Open(r io.ReaderAt, size int64, path string, _ lines.Options) (*File, error) {
	log, err := lines.Open(r, size, path)
	if err != nil {
		return nil, err
	}
	head := make([]byte, min(size, 4<<10))
	n, err := r.ReadAt(head, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	if log.Encoding == lines.UTF8 {
		if at := eventStart(head[:n]); at > 0 {
			log.Start = int64(at) // what stands before it is no damage
		}
	}
	return &File{log}, nil
}

// Units gives the file as one piece: where an event ends is known only from its beginning.
func (f *File) Units() []event.Unit { return []event.Unit{{Start: f.log.Start, End: f.log.Size}} }

// Damage is always empty: what is wrong is found while the events are read.
func (f *File) Damage() []event.Damage { return nil }

// A Reader reads logs, one after the other, and keeps its buffers: one for each goroutine.
type Reader struct {
	rec  *record.Reader
	path [maxDepth][]byte
	iis  bool
}

// NewReader makes a reader. Times say that they are UTC: the options play no part.
func NewReader(lines.Options) *Reader { return &Reader{rec: record.NewReader()} }

// Read hands every event of a unit to emit, in order, until emit says false. The error is one of
// the file system; what could not be read is in the report.
func (r *Reader) Read(f *File, u event.Unit, emit func(*event.Event) bool) (event.Report, error) {
	log := *f.log
	if log.Encoding == lines.UTF8 {
		log.R = &ender{r: f.log.R, start: log.Start}
	}
	return r.rec.Read(&log, u, record.Format{
		Begins: func(line []byte) bool { return eventStart(line) >= 0 },
		Parse:  r.parse,
		Clock:  event.Clock{Zone: "UTC", How: "the format writes UTC"},
	}, emit)
}

// An ender lets a line end behind each event, for the Event Viewer writes all of them on one: the last
// byte of each "</Event>" is read as a line feed. All other bytes, and their places, stay as they are.
type ender struct {
	r     io.ReaderAt
	start int64
	next  int64  // where the last read ended
	tail  []byte // its last bytes, if they may begin an end
}

const endTag = "</Event>"

func (e *ender) ReadAt(p []byte, off int64) (int, error) {
	if off != e.next {
		// Only at the beginning of a piece of a file, never of one that is read forward only.
		back := make([]byte, min(int64(len(endTag)-1), max(off-e.start, 0)))
		if len(back) > 0 {
			n, err := e.r.ReadAt(back, off-int64(len(back)))
			if n < len(back) {
				return 0, err
			}
		}
		e.tail = back
	}
	n, err := e.r.ReadAt(p, off)
	b := p[:n]
	// An end that began in the read before.
	for k := 1; k < len(endTag) && len(e.tail) > 0; k++ {
		if len(endTag)-k <= len(b) && bytes.HasSuffix(e.tail, []byte(endTag[:k])) && bytes.HasPrefix(b, []byte(endTag[k:])) {
			b[len(endTag)-k-1] = '\n'
		}
	}
	e.tail = append(e.tail, b...)
	e.tail = append(e.tail[:0], e.tail[max(0, len(e.tail)-len(endTag)+1):]...)
	for at := 0; ; {
		i := bytes.Index(b[at:], []byte(endTag))
		if i < 0 {
			break
		}
		at += i + len(endTag)
		b[at-1] = '\n'
	}
	e.next = off + int64(n)
	return n, err
}
