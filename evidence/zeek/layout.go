package zeek

import (
	"bytes"
	"strconv"
	"strings"

	"aldebaran/event"
)

// A header is what the directives before some lines say.
type header struct {
	separator    byte
	setSeparator string
	empty, unset string
	path         string
	fields       string // the values of #fields and #types as they stand
	types        string
}

// defaults are those of Zeek's ASCII writer.
var defaults = header{separator: '\t', setSeparator: ",", empty: "(empty)", unset: "-"}

// A kind is how the values of a column are written.
type kind uint8

const (
	plain kind = iota
	boolean
	list
)

// A layout is how the lines behind one header are read.
type layout struct {
	header
	shape *event.Shape
	kinds []kind
	// when is the column of the time, -1 if there is none.
	when int
}

const (
	// maxColumns bounds the names of one #fields directive. Zeek's widest log has some 40; packages
	// that add columns come to about 100.
	maxColumns = 512
	// maxService bounds the name of a log that becomes a label; the file says it.
	maxService = 64
)

func newLayout(h header) *layout {
	l := &layout{header: h, when: -1}
	sep := string(h.separator)
	names := strings.Split(h.fields, sep)
	names = names[:min(len(names), maxColumns)]
	var types []string
	if h.types != "" {
		types = strings.Split(h.types, sep)
	}
	l.shape = &event.Shape{Fields: make([]event.Field, len(names))}
	l.kinds = make([]kind, len(names))
	for i, name := range names {
		if name == "" {
			name = "column" + strconv.Itoa(i+1)
		}
		l.shape.Fields[i] = event.Field{Name: name, Path: name}
		if name == "ts" {
			l.when = i
		}
		if i >= len(types) {
			continue
		}
		switch t := types[i]; {
		case t == "bool":
			l.kinds[i] = boolean
		case strings.HasPrefix(t, "set["), strings.HasPrefix(t, "vector["), strings.HasPrefix(t, "table["), strings.HasPrefix(t, "list["):
			l.kinds[i] = list
		}
	}
	for i := 0; l.when < 0 && i < len(names) && i < len(types); i++ {
		if types[i] == "time" {
			l.when = i
		}
	}
	return l
}

// service is the label of a log's events: its path, without the folder that some writers put before it.
func (h header) service() string {
	s := h.path[strings.LastIndexByte(h.path, '/')+1:]
	if len(s) > maxService {
		return ""
	}
	return s
}

// unescaped undoes \xHH and \\ (Zeek's formatter escapes separators, unprintable bytes and
// backslashes); what is no escape stays.
func unescaped(dst, b []byte) []byte {
	for {
		i := bytes.IndexByte(b, '\\')
		if i < 0 || i+1 == len(b) {
			return append(dst, b...)
		}
		dst = append(dst, b[:i]...)
		b = b[i:]
		if b[1] == '\\' {
			dst = append(dst, '\\')
			b = b[2:]
			continue
		}
		if b[1] == 'x' && len(b) >= 4 {
			high, ok := nibble(b[2])
			low, also := nibble(b[3])
			if ok && also {
				dst = append(dst, high<<4|low)
				b = b[4:]
				continue
			}
		}
		dst = append(dst, '\\')
		b = b[1:]
	}
}

func nibble(c byte) (n byte, ok bool) {
	switch {
	case '0' <= c && c <= '9':
		return c - '0', true
	case 'a' <= c|0x20 && c|0x20 <= 'f':
		return c | 0x20 - 'a' + 10, true
	}
	return 0, false
}
