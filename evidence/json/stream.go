package json

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"unicode/utf16"
	"unicode/utf8"

	"aldebaran/event"
	"aldebaran/evidence/lines"
)

const (
	// maxRecord is how many bytes of one record are held; replies of services have records of some KB.
	maxRecord = 4 << 20
	// readSize is read at once.
	readSize = 256 << 10
)

// A window is the part of a file that is looked at, in UTF-8.
type window struct {
	log *lines.Log
	buf []byte
	pos int
	// offset is the place of buf[pos] in the file, at the place from which is read on.
	offset, at, end int64
	raw             []byte // UTF-16
	eof             bool
}

// advance goes on by n bytes.
func (w *window) advance(n int) {
	if w.log.Encoding == lines.UTF8 {
		w.offset += int64(n)
	} else {
		w.offset += utf16Bytes(w.buf[w.pos : w.pos+n])
	}
	w.pos += n
}

func (w *window) rest() []byte { return w.buf[w.pos:] }

// fill reads on; more is false at the end of the file, or if no more is held at once.
func (w *window) fill() (more bool, err error) {
	if w.eof || len(w.buf)-w.pos >= maxRecord {
		return false, nil
	}
	if w.pos > 0 {
		w.buf = w.buf[:copy(w.buf, w.buf[w.pos:])]
		w.pos = 0
	}
	n := int(min(readSize, w.end-w.at))
	if n <= 0 {
		w.eof = true
		return false, nil
	}
	have := len(w.buf)
	if w.log.Encoding == lines.UTF8 {
		w.buf = append(w.buf, make([]byte, n)...)
		read, err := w.log.R.ReadAt(w.buf[have:], w.at)
		w.buf = w.buf[:have+read]
		w.at += int64(read)
		return w.read(read, err)
	}
	w.raw = append(w.raw[:0], make([]byte, n)...)
	read, err := w.log.R.ReadAt(w.raw, w.at)
	keep := read &^ 1
	// A pair that is cut in two is read again.
	if keep >= 4 && keep < read+1 && utf16.IsSurrogate(w.unit(keep-2)) && w.unit(keep-2) < 0xdc00 && w.at+int64(keep) < w.end {
		keep -= 2
	}
	for i := 0; i < keep; i += 2 {
		c := w.unit(i)
		if utf16.IsSurrogate(c) && i+4 <= keep {
			if p := utf16.DecodeRune(c, w.unit(i+2)); p != utf8.RuneError {
				c = p
				i += 2
			}
		}
		w.buf = utf8.AppendRune(w.buf, c)
	}
	w.at += int64(keep)
	return w.read(keep, err)
}

func (w *window) unit(i int) rune {
	if w.log.Encoding == lines.UTF16BE {
		return rune(w.raw[i])<<8 | rune(w.raw[i+1])
	}
	return rune(w.raw[i]) | rune(w.raw[i+1])<<8
}

func (w *window) read(n int, err error) (bool, error) {
	if n == 0 {
		w.eof = true
	}
	if err != nil && !errors.Is(err, io.EOF) {
		return n > 0, fmt.Errorf("reading: %w", err)
	}
	return n > 0, nil
}

// isListName tells whether services and exporters keep a list of records in a member of that name, in
// any case. "Records" is CloudTrail and Azure, "value" Microsoft Graph, "entries" Google, "hits" Elasticsearch.
func isListName(key []byte) bool {
	switch string(bytes.ToLower(key)) {
	case "records", "value", "events", "entries", "results", "result", "hits", "items", "logs", "rows", "data", "auditlogs":
		return true
	}
	return false
}

// isOfRecord tells whether a member makes an object a record, whatever list it may hold too: a time.
func isOfRecord(key []byte) bool {
	switch string(key) {
	case "time", "timestamp", "@timestamp", "ts", "eventTime", "CreationTime", "published", "createdDateTime", "TimeGenerated", "EventTime", "date":
		return true
	}
	return false
}

// findList looks into an object that may hold a list of records rather than be one: only texts and
// numbers stand before the list, and no time. at is the place of the list's bracket, 0 if there is
// none. short says that there was too little to tell.
func findList(b []byte) (at int, short bool) {
	const (
		maxMembers = 16       // before the list; real ones have up to six
		maxBefore  = 64 << 10 // bytes: what a hostile file can make us read again for each of its braces
	)
	defer func(whole bool) { short = short && whole }(len(b) <= maxBefore)
	b = b[:min(len(b), maxBefore)]
	p := 1
	for range maxMembers {
		var key []byte
		if key, p, short = member(b, p); isOfRecord(key) {
			return 0, false
		}
		if p < 0 {
			return 0, short
		}
		switch b[p] {
		case '[':
			if string(key) == "fields" || string(key) == "messages" { // of Splunk's replies
				if p, short = skipValue(b, p); p < 0 {
					return 0, short
				}
				continue
			}
			if !isListName(key) {
				return 0, false
			}
			q := skip(b, p+1)
			if q >= len(b) {
				return 0, true
			}
			if b[q] == '{' || b[q] == ']' {
				return p, false
			}
			return 0, false
		case '{':
			if string(key) == "hits" {
				if inner, short := findList(b[p:]); inner > 0 || short {
					return p + inner, short
				}
			}
			if string(key) != "_shards" {
				return 0, false
			}
			if p, short = skipValue(b, p); p < 0 {
				return 0, short
			}
		default:
			if p, short = valueEnd(b, p); p < 0 {
				return 0, short
			}
		}
	}
	return 0, false
}

// member gives the name of an object's next member and the place of its value, -1 if there is none. p is
// behind the brace or the member before. short says that there was too little to tell.
func member(b []byte, p int) (key []byte, value int, short bool) {
	p = skip(b, p)
	if p < len(b) && b[p] == ',' {
		p = skip(b, p+1)
	}
	if p >= len(b) || b[p] != '"' {
		return nil, -1, p >= len(b)
	}
	end, _ := stringEnd(b, p+1)
	if end < 0 {
		return nil, -1, true
	}
	key = b[p+1 : end]
	if p = skip(b, end+1); p < len(b) && b[p] != ':' {
		return key, -1, false
	}
	if p = skip(b, p+1); p >= len(b) {
		return key, -1, true
	}
	return key, p, false
}

// valueEnd gives the place behind a member's value, -1 if it does not end.
func valueEnd(b []byte, p int) (end int, short bool) {
	switch b[p] {
	case '"':
		if end, _ = stringEnd(b, p+1); end < 0 {
			return -1, true
		}
		return end + 1, false
	case '{', '[':
		return skipValue(b, p)
	}
	for p < len(b) && b[p] != ',' && b[p] != '}' {
		p++
	}
	return p, false
}

// skipValue gives the place behind an object or array, -1 if it does not end.
func skipValue(b []byte, p int) (end int, short bool) {
	depth := 0
	for p < len(b) {
		switch b[p] {
		case '"':
			end, _ := stringEnd(b, p+1)
			if end < 0 {
				return -1, true
			}
			p = end
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth == 0 {
				return p + 1, false
			}
		}
		p++
	}
	return -1, true
}

// stream reads a file whose records do not each have a line: it goes from one to the next.
func (r *Reader) stream(f *File, u event.Unit) error {
	w := &window{log: f.log, buf: r.window[:0], offset: u.Start, at: u.Start, end: u.End}
	defer func() { r.window = w.buf[:0] }()
	first := []byte(nil) // name of the first member of the last record that could be read
	for !r.stopped {
		b := w.rest()
		p := 0
		// What stands between records: brackets and commas of lists, ends of replies.
		for p < len(b) && (b[p] <= ' ' || b[p] == ',' || b[p] == '[' || b[p] == ']' || b[p] == '}') {
			p++
		}
		w.advance(p)
		if b = w.rest(); len(b) == 0 {
			if more, err := w.fill(); err != nil || !more {
				return err
			}
			continue
		}
		if b[0] == '"' || b[0] != '{' {
			// Members of a reply that stand behind its list, or no JSON at all.
			if err := r.between(w, first); err != nil {
				return err
			}
			continue
		}
		at, short := findList(b)
		if at > 0 {
			w.advance(at)
			continue
		}
		if !short {
			r.begin(b)
			if end := r.object(1, 1); end > 0 {
				if len(r.values) > 0 {
					r.record(w.offset, r.fileBytes(b[:end]), b[:end])
				}
				first = firstName(first[:0], b)
				w.advance(end)
				continue
			}
			short = r.fault.short
		}
		if short {
			more, err := w.fill()
			if err != nil {
				return err
			}
			if more {
				continue
			}
			b = w.rest() // fill has moved it
			r.begin(b)
			if end := r.object(1, 1); end > 0 {
				if len(r.values) > 0 {
					r.record(w.offset, r.fileBytes(b[:end]), b[:end])
				}
				w.advance(end)
				continue
			}
			if w.eof {
				if next := nextRecord(b, first); next > 0 {
					r.tally.Damage(w.offset, "record", r.fault.want, "another record", 1)
					w.advance(next)
					continue
				}
				r.tally.Damage(w.offset, "record", r.fault.want, "the end of the file: it may be half written", 1)
				return nil
			}
			// Too long to be held: its beginning is matched.
			lost := 1
			if r.fault.short && len(r.values) > 0 {
				r.record(w.offset, r.fileBytes(b), b)
				lost = 0
			}
			r.tally.Damage(w.offset, "record", fmt.Sprint("at most ", maxRecord, " bytes"), "more; only the beginning was read", lost)
			// No other record begins in what was read: it would have been a part of this one.
			w.advance(len(b))
			if err := r.resync(w, first); err != nil {
				return err
			}
			continue
		}
		r.tally.Damage(w.offset+r.fileBytes(b[:r.fault.pos]), "record", r.fault.want, r.fault.found, 1)
		w.advance(beforeLast(b[:r.fault.pos]))
		if err := r.resync(w, first); err != nil {
			return err
		}
	}
	return nil
}

// between passes over what stands outside of records.
func (r *Reader) between(w *window, first []byte) error {
	b := w.rest()
	if b[0] == '"' {
		if end, _ := stringEnd(b, 1); end > 0 {
			w.advance(end + 1)
			return nil
		}
		if more, err := w.fill(); err != nil || more {
			return err
		}
		r.tally.Damage(w.offset, "text between records", "a quote that ends it", "none", 0)
		w.advance(1)
		return r.resync(w, first)
	}
	text := b
	if next := bytes.IndexAny(b, "{[\"\n"); next > 0 {
		text = b[:next]
	}
	if !isMemberRest(text) {
		r.tally.Damage(w.offset, "text between records", "{", fmt.Sprintf("%q", text[:min(len(text), 16)]), 0)
	}
	w.advance(len(text))
	return nil
}

// isMemberRest tells whether a text is a colon and perhaps a number or word: what is left of the
// members that stand behind the list of a reply.
func isMemberRest(text []byte) bool {
	for _, c := range text {
		if c > ' ' && c != ':' && c != ',' && c != '}' && c != ']' && c != '.' && c != '-' && (c < '0' || c > '9') && (c < 'a' || c > 'z') {
			return false
		}
	}
	return len(text) > 0 && text[0] == ':'
}

// resync goes on to the next record behind a broken one.
func (r *Reader) resync(w *window, first []byte) error {
	for {
		b := w.rest()
		if next := nextRecord(b, first); next >= 0 {
			w.advance(next)
			return nil
		}
		// The end may hold the beginning of the next one.
		if keep := 2*len(first) + 16; len(b) > keep {
			n := len(b) - keep
			for n > 0 && !utf8.RuneStart(b[n]) {
				n--
			}
			w.advance(n)
		}
		more, err := w.fill()
		if err != nil {
			return err
		}
		if !more {
			w.advance(len(w.rest()))
			return nil
		}
	}
}

// beforeLast gives the place just before the last brace in what was read of a broken record: the next
// record begins there, if a missing quote made its beginning a part of a text, or later. At least 1.
func beforeLast(b []byte) int {
	p := bytes.LastIndexByte(b, '{') - 1
	for p > 0 && (b[p] <= ' ' || !utf8.RuneStart(b[p])) {
		p--
	}
	return max(p, 1)
}

// nextRecord gives the place of the next object that begins with the same name as the records before
// it; -1 if there is none.
func nextRecord(b, first []byte) int {
	for p := 1; p < len(b); p++ {
		i := bytes.IndexByte(b[p:], '{')
		if i < 0 {
			return -1
		}
		p += i
		q := skip(b, p+1)
		if q >= len(b) || b[q] != '"' {
			continue
		}
		if len(first) > 0 && !bytes.HasPrefix(b[q:], first) {
			continue
		}
		before := bytes.TrimRight(b[:p], " \t\r")
		if len(before) == 0 {
			continue
		}
		if c := before[len(before)-1]; c == ',' || c == '[' || c == '\n' || c == '}' || c == ']' {
			return p
		}
	}
	return -1
}

// firstName gives the first name of an object with its quotes, if it is short.
func firstName(dst, b []byte) []byte {
	const longest = 128
	p := skip(b, 1)
	if p >= len(b) || b[p] != '"' {
		return dst
	}
	end, _ := stringEnd(b, p+1)
	if end < 0 || end-p > longest {
		return dst
	}
	return append(dst, b[p:end+1]...)
}
