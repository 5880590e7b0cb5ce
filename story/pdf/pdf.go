// Package pdf takes the text out of PDF files. In go the bytes of a file; out come the lines of its
// pages in the order in which they are drawn, with their places.
//
// It reads what is needed for that and no more: objects wherever they stand (the table of references is
// not trusted), streams with Flate, ASCII85 and hexadecimal filters, fonts with a map to Unicode
// or with one of the Latin encodings (ISO 32000-1, 7 and 9). Everything is bounded: objects, pages,
// bytes that are unpacked, operators.
package pdf

import (
	"bytes"
	"compress/zlib"
	"encoding/ascii85"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"sort"
)

// A Line is text that stands on one line of a page.
type Line struct {
	Page int // from 1
	Text string
	// Y is its height above the bottom of the page, Size that of its letters, in the page's units.
	Y, Size float64
}

// A Document is what was read of a file.
type Document struct {
	Title string
	Pages int
	Lines []Line
	// Notes say what could not be read, or was left out because a maximum was reached.
	Notes []string
}

// ErrEncrypted says that a file is protected by a password.
var ErrEncrypted = errors.New("it is encrypted")

// Bounds of a file. A book has a thousand pages and some 10 MB of content.
const (
	maxObject   = 1 << 20  // the highest number of an object
	maxObjects  = 400_000  // that are looked at
	maxPages    = 2000     //
	maxUnpacked = 64 << 20 // bytes that all streams together are unpacked to
	maxOne      = 16 << 20 // bytes that one stream is unpacked to
	maxSteps    = 20 << 20 // operators of all pages
	maxForms    = 8        // how deep drawings stand within drawings
	maxLetters  = 8 << 20  // bytes of text
	maxPageTree = 64       // how deep the tree of pages is
)

// Read reads a file.
func Read(data []byte) (*Document, error) {
	f := file{data: data, at: map[ref]int{}, packed: map[ref]object{}, parsed: map[ref]object{}, doc: &Document{}, noted: map[string]bool{}, fonts: map[ref]*font{}}
	f.scan()
	if f.encrypted() {
		return nil, ErrEncrypted
	}
	f.unpackObjects()
	root, _ := f.dict(f.trailer("Root"))
	if root["Pages"] == nil {
		root = f.catalog()
	}
	if info, ok := f.dict(f.trailer("Info")); ok {
		if title, ok := f.value(info["Title"]).(text); ok {
			f.doc.Title = plainText(title)
		}
	}
	f.pages(root["Pages"], nil, 0, map[ref]bool{})
	if f.doc.Pages == 0 {
		return nil, errors.New("want a PDF with pages, found none")
	}
	return f.doc, nil
}

// A file is a PDF while it is read.
type file struct {
	data   []byte
	at     map[ref]int    // where objects begin, behind "obj"
	order  []ref          // in the order of the file
	starts []int          // where any object begins: none goes beyond the next
	ends   []int          // where "endstream" stands
	packed map[ref]object // those within other streams
	parsed map[ref]object
	heads  []dict // trailers, and dictionaries of streams that stand for them
	doc    *Document
	noted  map[string]bool
	fonts  map[ref]*font
	// What is left of the maxima.
	unpacked, steps, letters int
}

// note tells of a problem, once.
func (f *file) note(format string, args ...any) {
	if s := fmt.Sprintf(format, args...); !f.noted[s] {
		f.noted[s] = true
		f.doc.Notes = append(f.doc.Notes, s)
	}
}

// scan finds all objects by the words that begin them: "12 0 obj". Of several with a number the last
// one holds: files are changed by adding to them.
func (f *file) scan() {
	for i := 0; ; {
		n := bytes.Index(f.data[i:], []byte("obj"))
		if n < 0 {
			break
		}
		i += n + len("obj")
		number, ok := objectNumber(f.data[:i-len("obj")])
		if !ok {
			continue
		}
		if _, known := f.at[number]; !known {
			if len(f.order) == maxObjects {
				f.note("only the first %d objects were looked at", maxObjects)
				break
			}
			f.order = append(f.order, number)
		}
		f.at[number] = i
		f.starts = append(f.starts, i)
	}
	f.ends = places(f.data, "endstream")
	for i := 0; len(f.heads) < 100; {
		n := bytes.Index(f.data[i:], []byte("trailer"))
		if n < 0 {
			return
		}
		i += n + len("trailer")
		l := lexer{data: f.data, pos: i}
		if d, ok := l.next(0).(dict); ok {
			f.heads = append(f.heads, d)
		}
	}
}

// places are where a word stands, in order.
func places(data []byte, word string) (at []int) {
	for i := 0; len(at) < maxObjects; {
		n := bytes.Index(data[i:], []byte(word))
		if n < 0 {
			break
		}
		at = append(at, i+n)
		i += n + len(word)
	}
	return at
}

// objectNumber reads "12 0 " from the end of data.
func objectNumber(data []byte) (ref, bool) {
	data = data[max(0, len(data)-24):]
	fields := bytes.Fields(data)
	if len(fields) < 2 || len(data) == 0 || !isSpace(data[len(data)-1]) {
		return 0, false
	}
	generation, ok1 := whole(fields[len(fields)-1])
	number, ok2 := whole(fields[len(fields)-2])
	return ref(number), ok1 && ok2 && generation <= 65535 && number <= maxObject
}

// whole reads the digits that a word ends with.
func whole(word []byte) (int, bool) {
	i := len(word)
	for i > 0 && word[i-1] >= '0' && word[i-1] <= '9' && len(word)-i < 10 {
		i--
	}
	v := 0
	for _, c := range word[i:] {
		v = v*10 + int(c-'0')
	}
	return v, i < len(word)
}

// load gives an object by its number.
func (f *file) load(r ref) object {
	if o, ok := f.parsed[r]; ok {
		return o
	}
	at, ok := f.at[r]
	if !ok {
		return f.packed[r]
	}
	f.parsed[r] = nil // one that refers to itself is nothing
	end := len(f.data)
	if i := sort.SearchInts(f.starts, at+1); i < len(f.starts) {
		end = f.starts[i]
	}
	l := lexer{data: f.data[:end], pos: at}
	o := l.next(0)
	if d, ok := o.(dict); ok {
		l.data = f.data
		if raw, ok := f.streamAt(&l, d); ok {
			o = &stream{d, raw}
		}
	}
	f.parsed[r] = o
	return o
}

// streamAt takes the bytes of a stream: as many as its length says if "endstream" follows, else up to
// that word.
func (f *file) streamAt(l *lexer, d dict) ([]byte, bool) {
	l.space()
	if !bytes.HasPrefix(l.data[min(l.pos, len(l.data)):], []byte("stream")) {
		return nil, false
	}
	start := l.pos + len("stream")
	if bytes.HasPrefix(l.data[start:], []byte("\r\n")) {
		start += 2
	} else if start < len(l.data) && (l.data[start] == '\n' || l.data[start] == '\r') {
		start++
	}
	if n, ok := f.value(d["Length"]).(float64); ok && n >= 0 && n <= float64(len(l.data)-start) {
		end := start + int(n)
		if bytes.HasPrefix(bytes.TrimLeft(l.data[end:min(end+8, len(l.data))], "\r\n "), []byte("endst")[:min(5, len(l.data)-end)]) {
			return l.data[start:end], true
		}
	}
	if i := sort.SearchInts(f.ends, start); i < len(f.ends) {
		return l.data[start:f.ends[i]], true
	}
	return l.data[start:], true
}

// value follows references.
func (f *file) value(o object) object {
	for range maxDepth {
		r, ok := o.(ref)
		if !ok {
			return o
		}
		o = f.load(r)
	}
	return nil
}

// dict gives a dictionary, also that of a stream.
func (f *file) dict(o object) (dict, bool) {
	switch v := f.value(o).(type) {
	case dict:
		return v, true
	case *stream:
		return v.dict, true
	}
	return nil, false
}

// trailer gives what the file says of itself, the last that it says.
func (f *file) trailer(key name) object {
	for i := len(f.heads) - 1; i >= 0; i-- {
		if o, ok := f.heads[i][key]; ok {
			return o
		}
	}
	return nil
}

func (f *file) encrypted() bool {
	for _, r := range f.order {
		if s, ok := f.load(r).(*stream); ok && s.dict["Type"] == name("XRef") {
			f.heads = append(f.heads, s.dict)
		}
	}
	return f.trailer("Encrypt") != nil
}

// unpackObjects reads the objects that stand within streams (7.5.7).
func (f *file) unpackObjects() {
	for _, r := range f.order {
		s, ok := f.load(r).(*stream)
		if !ok || s.dict["Type"] != name("ObjStm") {
			continue
		}
		data := f.unpack(s)
		first, _ := f.value(s.dict["First"]).(float64)
		count, _ := f.value(s.dict["N"]).(float64)
		if first < 0 || first > float64(len(data)) {
			continue
		}
		head := lexer{data: data[:int(first)], content: true}
		for range int(min(max(count, 0), maxObjects)) {
			number, ok1 := head.next(0).(float64)
			offset, ok2 := head.next(0).(float64)
			if !ok1 || !ok2 || len(f.packed) == maxObjects {
				break
			}
			if number < 0 || number > maxObject || offset < 0 || offset > float64(len(data))-first {
				continue
			}
			l := lexer{data: data, pos: int(first + offset)}
			f.packed[ref(number)] = l.next(0)
		}
	}
}

// catalog finds the root of a file that does not say where it is.
func (f *file) catalog() dict {
	for _, r := range slices.Concat(f.order, slices.Sorted(maps.Keys(f.packed))) {
		if d, ok := f.dict(r); ok && d["Type"] == name("Catalog") {
			return d
		}
	}
	return nil
}

// unpack undoes the filters of a stream, as far as the maxima allow.
func (f *file) unpack(s *stream) []byte {
	var filters array
	switch v := f.value(s.dict["Filter"]).(type) {
	case name:
		filters = array{v}
	case array:
		filters = v
	}
	data := s.raw
	for i, filter := range filters[:min(len(filters), 4)] {
		var r io.Reader
		switch n, _ := f.value(filter).(name); n {
		case "FlateDecode", "Fl":
			z, err := zlib.NewReader(bytes.NewReader(data))
			if err != nil {
				f.note("a stream is not packed as it says")
				return nil
			}
			r = z
		case "ASCII85Decode", "A85":
			if end := bytes.Index(data, []byte("~>")); end >= 0 {
				data = data[:end]
			}
			r = ascii85.NewDecoder(bytes.NewReader(bytes.TrimPrefix(data, []byte("<~"))))
		case "ASCIIHexDecode", "AHx":
			l := lexer{data: append([]byte{'<'}, data...)}
			data = []byte(l.hex())
			continue
		default:
			f.note("streams packed with %q were not read", string(n))
			return nil
		}
		data = f.bounded(r)
		if f.predicted(s, i) {
			data = unpredict(data, f.columns(s, i))
		}
	}
	return data
}

// bounded reads what is unpacked; a stream that ends early is read as far as it goes.
func (f *file) bounded(r io.Reader) []byte {
	left := min(maxOne, maxUnpacked-f.unpacked)
	data, err := io.ReadAll(io.LimitReader(r, int64(left)))
	f.unpacked += len(data)
	if len(data) == left {
		f.note("it unpacks to more than %d MiB, or a part of it to more than %d MiB: the rest was not read", maxUnpacked>>20, maxOne>>20)
	} else if err != nil {
		f.note("a stream ends early")
	}
	return data
}

// parameter is a parameter of the filter i of a stream.
func (f *file) parameter(s *stream, i int, key name) float64 {
	o := f.value(s.dict["DecodeParms"])
	if a, ok := o.(array); ok && i < len(a) {
		o = f.value(a[i])
	}
	d, _ := o.(dict)
	v, _ := f.value(d[key]).(float64)
	return v
}

func (f *file) predicted(s *stream, i int) bool { return f.parameter(s, i, "Predictor") >= 10 }

// columns is how many bytes a row has (7.4.4.3).
func (f *file) columns(s *stream, i int) int {
	columns, colors, bits := max(f.parameter(s, i, "Columns"), 1), max(f.parameter(s, i, "Colors"), 1), f.parameter(s, i, "BitsPerComponent")
	if bits == 0 {
		bits = 8
	}
	return int(min((columns*colors*bits+7)/8, 1<<20))
}

// unpredict undoes the predictors of PNG (PNG specification, 9), in place.
func unpredict(data []byte, columns int) []byte {
	var out []byte
	previous := make([]byte, columns)
	for len(data) > columns {
		kind, row := data[0], data[1:columns+1]
		data = data[columns+1:]
		for i := range row {
			left, upperLeft := byte(0), byte(0)
			if i > 0 {
				left, upperLeft = row[i-1], previous[i-1]
			}
			switch kind {
			case 1:
				row[i] += left
			case 2:
				row[i] += previous[i]
			case 3:
				row[i] += byte((int(left) + int(previous[i])) / 2)
			case 4:
				row[i] += paeth(left, previous[i], upperLeft)
			}
		}
		out = append(out, row...)
		previous = row
	}
	return out
}

func paeth(a, b, c byte) byte {
	p := int(a) + int(b) - int(c)
	pa, pb, pc := abs(p-int(a)), abs(p-int(b)), abs(p-int(c))
	switch {
	case pa <= pb && pa <= pc:
		return a
	case pb <= pc:
		return b
	}
	return c
}

func abs(i int) int { return max(i, -i) }

// pages goes down the tree of pages. Resources come from above if a page has none.
func (f *file) pages(o object, resources object, depth int, seen map[ref]bool) {
	if r, ok := o.(ref); ok {
		if seen[r] {
			return
		}
		seen[r] = true
	}
	d, ok := f.dict(o)
	if !ok || depth > maxPageTree {
		return
	}
	if own, ok := d["Resources"]; ok {
		resources = own
	}
	if kids, ok := f.value(d["Kids"]).(array); ok {
		for _, kid := range kids {
			if f.doc.Pages == maxPages {
				f.note("only the first %d pages were read", maxPages)
				return
			}
			f.pages(kid, resources, depth+1, seen)
		}
		return
	}
	f.doc.Pages++
	p := painter{file: f, state: state{scale: 1, matrix: identity, line: identity, current: identity}}
	p.draw(f.contents(d["Contents"]), resources, 0)
	p.flush()
}

// contents are the streams of a page, one behind the other.
func (f *file) contents(o object) []byte {
	switch v := f.value(o).(type) {
	case *stream:
		return f.unpack(v)
	case array:
		var all []byte
		for _, part := range v[:min(len(v), 1000)] {
			if s, ok := f.value(part).(*stream); ok {
				all = append(append(all, f.unpack(s)...), '\n')
			}
		}
		return all
	}
	return nil
}
