// Package lines cuts text logs into lines. In go the bytes of a file, or of a piece of one; out
// come lines in UTF-8, each with the place where it stands in the file.
//
// Every reader of a text format builds on it, so that what an intruder or a crash leaves in a log
// is handled in one place: a byte order mark, UTF-16, CR LF, NUL bytes, a last line without an end,
// a line of 4 GB. So is what all of them report: how much was read, its digest, what could not be
// read ([Tally]).
package lines

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"time"
	"unicode/utf16"
	"unicode/utf8"

	"aldebaran/event"
)

// MaxLine is how many bytes of one line are handed out; what follows is skipped, and told. The
// longest real lines seen are audit records of SQL Server and ECP with request bodies, of some 100 KB.
const MaxLine = 1 << 20

// An Encoding is how a text file writes its characters.
type Encoding uint8

const (
	UTF8    Encoding = iota // and every ASCII superset; invalid bytes are left as they are
	UTF16LE                 // little endian
	UTF16BE                 // big endian
)

// Detect tells the encoding by the first bytes of a file, and how many of them are a byte order
// mark. Without a mark UTF-16 is recognised by its zero bytes: every second one of ASCII text.
func Detect(head []byte) (enc Encoding, mark int) {
	switch {
	case bytes.HasPrefix(head, []byte{0xef, 0xbb, 0xbf}):
		return UTF8, 3
	case bytes.HasPrefix(head, []byte{0xff, 0xfe}):
		return UTF16LE, 2
	case bytes.HasPrefix(head, []byte{0xfe, 0xff}):
		return UTF16BE, 2
	}
	head = head[:min(len(head), 512)&^1]
	even, odd := 0, 0
	for i := 0; i < len(head); i += 2 {
		if head[i] == 0 && head[i+1] != 0 {
			even++
		}
		if head[i] != 0 && head[i+1] == 0 {
			odd++
		}
	}
	switch pairs := len(head) / 2; {
	case pairs >= 4 && odd > pairs*3/4:
		return UTF16LE, 0
	case pairs >= 4 && even > pairs*3/4:
		return UTF16BE, 0
	}
	return UTF8, 0
}

// Head gives the beginning of a text file in UTF-8 without its mark, for telling formats apart;
// ok is false if the bytes are no text: they hold zero bytes or too many control characters.
func Head(head []byte) (text []byte, ok bool) {
	enc, mark := Detect(head)
	head = head[mark:]
	if enc != UTF8 {
		head = appendUTF16(nil, head[:len(head)&^1], enc)
	}
	odd := 0
	for _, c := range head {
		if c < 0x20 && c != '\t' && c != '\n' && c != '\r' && c != 0x1b || c == 0x7f {
			odd++
		}
	}
	return head, len(head) > 0 && odd*100 <= len(head)
}

// Options are choices of how text logs are read; the zero value is right.
type Options struct {
	// Zone is that of times which do not say theirs; nil means UTC. It does not override a format
	// or a line that says its zone.
	Zone *time.Location
	// Newest is about when the log was last written (the file's time of change); formats that leave
	// out the year take the latest one in which the event is not after it. Zero means not known.
	Newest time.Time
}

// Clock says which zone was taken for times that do not say theirs.
func (o Options) Clock() event.Clock {
	if o.Zone != nil {
		return event.Clock{Zone: o.Zone.String(), How: "--tz"}
	}
	return event.Clock{Zone: "UTC", How: "the log does not say its zone", Assumed: true}
}

// Location is the zone for times that do not say theirs.
func (o Options) Location() *time.Location {
	if o.Zone != nil {
		return o.Zone
	}
	return time.UTC
}

// A Line is one line of a file. It is valid only until the function it was handed to returns.
type Line struct {
	// Text is the line in UTF-8 without its end; invalid bytes of a UTF-8 file are left as they are.
	Text []byte
	// Offset is the first byte of the line in the file, Length the number of its bytes with its end.
	Offset, Length int64
	// Cut says that the line was longer than MaxLine: Text is only its beginning.
	Cut bool
	// Open says that the file ends before the line does: it may be half written.
	Open bool
}

// A Log is one text file. Immutable, safe for concurrent use.
type Log struct {
	R    io.ReaderAt
	Size int64
	// Path is what events and damage name.
	Path     string
	Encoding Encoding
	// Start is the first byte behind the byte order mark.
	Start int64
}

// Open looks at the beginning of a file.
func Open(r io.ReaderAt, size int64, path string) (*Log, error) {
	head := make([]byte, min(size, 512))
	n, err := r.ReadAt(head, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	enc, mark := Detect(head[:n])
	return &Log{R: r, Size: size, Path: path, Encoding: enc, Start: int64(mark)}, nil
}

// Beginning gives the text of at most the first n bytes of a log, for formats that say there how they
// are written: as [Head] does. The error is one of the file system.
func (l *Log) Beginning(n int64) ([]byte, error) {
	head := make([]byte, min(l.Size, n))
	read, err := l.R.ReadAt(head, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("reading the beginning: %w", err)
	}
	text, _ := Head(head[:read])
	return text, nil
}

// OpenHead is [Open] and [Log.Beginning].
func OpenHead(r io.ReaderAt, size int64, path string, n int64) (log *Log, head []byte, err error) {
	if log, err = Open(r, size, path); err != nil {
		return nil, nil, err
	}
	if head, err = log.Beginning(n); err != nil {
		return nil, nil, err
	}
	return log, head, nil
}

// Units cuts the file into pieces of about size bytes that can be read by themselves, for formats
// in which a line needs no other; one piece if size is 0. A line belongs to the piece in which its
// first byte stands.
func (l *Log) Units(size int64) []event.Unit {
	if size <= 0 || size >= l.Size {
		return []event.Unit{{Index: 0, Start: l.Start, End: l.Size}}
	}
	size = max(size&^1, 2) // whole characters of UTF-16
	var units []event.Unit
	for at := l.Start; at < l.Size; at += size {
		units = append(units, event.Unit{Index: len(units), Start: at, End: min(at+size, l.Size)})
	}
	return units
}

// A Reader reads lines; it keeps its buffers: one for each goroutine.
type Reader struct {
	buf  []byte
	text []byte
}

// bufSize is read at once: as much as the second-level cache holds well.
const bufSize = 256 << 10

// Read hands every line of a unit to f, in order, until f says false. The error is one of the file
// system; a file that has become shorter since it was opened ends early without one. Reads go
// forward only, so that the log may be a stream behind io.ReaderAt.
func (r *Reader) Read(l *Log, u event.Unit, f func(Line) bool) error {
	if cap(r.buf) < bufSize {
		r.buf = make([]byte, 0, bufSize)
	}
	c := cursor{l: l, buf: r.buf[:0], at: u.Start, width: 1}
	if l.Encoding != UTF8 {
		c.width = 2
	}
	if u.Start > l.Start {
		// The line before may reach into this unit: it belongs to the one before.
		c.at -= int64(c.width)
		if _, err := c.line(); err != nil {
			return ignoreEOF(err)
		}
	}
	defer func() { r.buf = c.buf }()
	for c.offset() < u.End {
		line, err := c.line()
		if err != nil {
			return ignoreEOF(err)
		}
		if l.Encoding == UTF8 {
			line.Text = bytes.TrimSuffix(line.Text, []byte{'\r'})
		} else {
			r.text = appendUTF16(r.text[:0], line.Text, l.Encoding)
			line.Text = bytes.TrimSuffix(r.text, []byte{'\r'})
		}
		if !f(line) {
			return nil
		}
	}
	return nil
}

func ignoreEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

// A cursor walks through a file line by line.
type cursor struct {
	l     *Log
	buf   []byte // bytes of the file from base
	pos   int    // of the next line in buf
	at    int64  // in the file, of the end of buf
	width int    // bytes of a line feed
	eof   bool
}

func (c *cursor) offset() int64 { return c.at - int64(len(c.buf)-c.pos) }

// line gives the next line with its bytes as they stand, without the line feed.
func (c *cursor) line() (Line, error) {
	line := Line{Offset: c.offset()}
	searched := 0
	for {
		if i := c.feed(c.buf[c.pos:], searched); i >= 0 {
			line.Text = c.buf[c.pos : c.pos+i]
			line.Length = int64(i + c.width)
			c.pos += i + c.width
			return cut(line), nil
		}
		have := len(c.buf) - c.pos
		if have > MaxLine {
			return c.skip(line)
		}
		if c.eof {
			if have == 0 {
				return Line{}, io.EOF
			}
			line.Text, line.Length, line.Open = c.buf[c.pos:], int64(have), true
			c.pos = len(c.buf)
			return cut(line), nil
		}
		searched = max(0, have-c.width+1)
		if err := c.fill(); err != nil {
			return Line{}, err
		}
	}
}

func cut(l Line) Line {
	if len(l.Text) > MaxLine {
		l.Text, l.Cut = l.Text[:MaxLine], true
	}
	return l
}

// skip hands out the beginning of a line that is too long, and goes to its end.
func (c *cursor) skip(line Line) (Line, error) {
	line.Cut = true
	kept := bytes.Clone(c.buf[c.pos : c.pos+MaxLine])
	length := int64(0)
	for {
		rest := c.buf[c.pos:]
		if i := c.feed(rest, 0); i >= 0 {
			c.pos += i + c.width
			line.Text, line.Length = kept, length+int64(i+c.width)
			return line, nil
		}
		// Half a line feed may stand at the end.
		keep := len(rest) % c.width
		length += int64(len(rest) - keep)
		c.pos = len(c.buf) - keep
		if c.eof {
			line.Text, line.Length, line.Open = kept, length+int64(keep), true
			c.pos = len(c.buf)
			return line, nil
		}
		if err := c.fill(); err != nil {
			return Line{}, err
		}
	}
}

// feed gives the place of the next line feed, -1 if there is none; from is where to begin.
func (c *cursor) feed(b []byte, from int) int {
	if c.width == 1 {
		if i := bytes.IndexByte(b[from:], '\n'); i >= 0 {
			return from + i
		}
		return -1
	}
	low, high := 0, 1 // of the character 0x000a in UTF-16LE
	if c.l.Encoding == UTF16BE {
		low, high = 1, 0
	}
	for i := from &^ 1; i+2 <= len(b); i += 2 {
		if b[i+low] == '\n' && b[i+high] == 0 {
			return i
		}
	}
	return -1
}

// fill moves what is left to the front and reads on.
func (c *cursor) fill() error {
	n := copy(c.buf, c.buf[c.pos:])
	c.buf, c.pos = c.buf[:n], 0
	if n == cap(c.buf) {
		// A long line: at most MaxLine and one buffer are ever held.
		grown := make([]byte, n, min(2*cap(c.buf), MaxLine+bufSize))
		copy(grown, c.buf)
		c.buf = grown
	}
	free := c.buf[n:min(cap(c.buf), n+bufSize)]
	if left := c.l.Size - c.at; int64(len(free)) > left {
		free = free[:max(left, 0)]
	}
	if len(free) == 0 {
		c.eof = true
		return nil
	}
	read, err := c.l.R.ReadAt(free, c.at)
	c.buf = c.buf[:n+read]
	c.at += int64(read)
	if errors.Is(err, io.EOF) {
		c.eof = true // the file was made shorter, or this is its end
		return nil
	}
	return err
}

// appendUTF16 appends UTF-16 as UTF-8; halves of pairs become U+FFFD.
func appendUTF16(dst, b []byte, enc Encoding) []byte {
	unit := func(i int) rune {
		if enc == UTF16BE {
			return rune(b[i])<<8 | rune(b[i+1])
		}
		return rune(b[i]) | rune(b[i+1])<<8
	}
	for i := 0; i+2 <= len(b); i += 2 {
		c := unit(i)
		if c < utf8.RuneSelf {
			dst = append(dst, byte(c))
			continue
		}
		if utf16.IsSurrogate(c) && i+4 <= len(b) {
			if r := utf16.DecodeRune(c, unit(i+2)); r != utf8.RuneError {
				c = r
				i += 2
			}
		}
		dst = utf8.AppendRune(dst, c) // a half of a pair becomes U+FFFD
	}
	return dst
}
