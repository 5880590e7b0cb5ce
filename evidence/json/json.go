// Package json reads events that are written as JSON: one object a line, arrays, objects one after
// the other over many lines, and replies of services that hold a list of records. In go bytes of any
// maker; out come events with the field names that Sigma rules use.
//
// The grammar is that of RFC 8259. Whose events they are is seen by the names in each record, never
// by the name of the file; see dialects in dialect.go and docs/formats/json.md. Events of Windows that
// a collector, an exporter or a SIEM has written keep their channel, provider, number, host and
// record number, so that all rules for Windows reach them as if they came from the log itself.
//
// The reader makes no tree. It walks each record once; names and nesting take it through a trie
// whose nodes are the layouts, so that a record of a known layout costs one comparison for each name.
package json

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"aldebaran/event"
	"aldebaran/evidence/lines"
)

// unitSize is how much of a file with one record a line is read by one worker at a time.
const unitSize = 16 << 20

// A File is one opened file. Immutable, safe for concurrent use.
type File struct {
	log *lines.Log
	// perLine says that each line is a record by itself.
	perLine bool
}

// Sniff tells whether a file that begins with head holds objects in JSON: the first thing in it is
// an object, or a list of them, as far as head goes. In a file with a record a line some of the first
// may be broken.
func Sniff(head []byte) bool {
	text, ok := lines.Head(head)
	if !ok {
		return false
	}
	text = bytes.TrimLeft(text, " \t\r\n")
	if len(text) == 0 || text[0] != '{' && text[0] != '[' {
		return false
	}
	if text[0] == '[' {
		text = bytes.TrimLeft(text[1:], " \t\r\n")
		if len(text) == 0 || text[0] != '{' {
			return false
		}
	}
	r := NewReader(lines.Options{})
	r.begin(text)
	if r.object(1, 1) > 0 || r.fault.short {
		// Without a value there is too little to go by: "{" may begin many things.
		return len(r.values) > 0 && !r.isOwnOutput()
	}
	good, bad := 0, 0
	for line := range bytes.Lines(text) {
		if len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		r.begin(line)
		if line[0] == '{' && r.object(1, 1) > 0 && len(r.values) > 0 {
			good++
		} else {
			bad++
		}
	}
	return good > 0 && good >= bad
}

// isOwnOutput tells whether the record at hand is what a hunt of ours has written: findings are no
// evidence, and a hunt may write them again to the same file.
func (r *Reader) isOwnOutput() bool {
	own := 0
	for i, l := range leaves(r.at) {
		if i == 0 && l.path != "type" && l.path != "summary.partial" {
			return false
		}
		switch l.path {
		case "type", "rule.id", "rule.title", "rule.level", "rule.file", "summary.partial", "summary.complete", "summary.used_bytes":
			own++
		}
	}
	return own >= 3
}

// ErrNoEvents is a file whose only object is no event: it says no time, is of no maker we know and has
// no field that logs have. Settings, manifests and reports of programs are such files; bundles of STIX and
// events of MISP, too, for they tell of what happened elsewhere.
var ErrNoEvents = errors.New("JSON without events")

// Open looks at the beginning of a file to see how its records are laid out. The error is
// [ErrNoEvents] or one of the file system.
func Open(r io.ReaderAt, size int64, path string, _ lines.Options) (*File, error) {
	log, err := lines.Open(r, size, path)
	if err != nil {
		return nil, err
	}
	// The longest line that is read as one: longer first records are read over the lines.
	head := make([]byte, min(size, lines.MaxLine/4))
	n, err := r.ReadAt(head, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("reading the beginning: %w", err)
	}
	f := &File{log: log}
	text, _ := lines.Head(head[:n])
	if int64(n) == size && isNoEvent(text) || isIntelligence(text) {
		return nil, ErrNoEvents
	}
	f.perLine = isPerLine(text, int64(n) == size)
	return f, nil
}

// isNoEvent tells whether a whole file is one object that is no event. Several objects are records of
// something, whatever it is.
func isNoEvent(text []byte) bool {
	text = bytes.Trim(text, " \t\r\n\x00")
	if len(text) == 0 || text[0] != '{' {
		return false
	}
	if at, _ := findList(text); at > 0 {
		return false
	}
	r := NewReader(lines.Options{})
	r.begin(text)
	if r.object(1, 1) != len(text) || r.layoutAt(r.at).known {
		return false
	}
	for i, l := range leaves(r.at) {
		if isOfLog(l.path) || isTime(r.values[i]) {
			return false
		}
	}
	return true
}

// isOfLog tells whether a value has a name by which many logs call what an event says.
func isOfLog(path string) bool {
	switch strings.ToLower(path[strings.LastIndexByte(path, '.')+1:]) {
	case "message", "msg", "log", "event", "eventid", "event_id", "eventtype", "event_type", "commandline", "command_line", "image", "process",
		"src_ip", "srcip", "dst_ip", "clientip", "client_ip", "sourceip", "source_ip", "remote_addr", "status_code", "severity", "level":
		return true
	}
	return strings.HasPrefix(path, "event.") || strings.HasPrefix(path, "source.") || strings.HasPrefix(path, "process.")
}

// isTime tells whether a text is a date and a time; numbers alone may be anything.
func isTime(v event.Value) bool {
	if v.Kind != event.Text || len(v.Raw) < len("2026-03-01") || !bytes.ContainsAny(v.Raw, "-/:") {
		return false
	}
	_, _, ok := parseTime(v.Raw, time.UTC)
	return ok
}

// isPerLine tells whether the first record of a file fills its line and is no list of records.
// whole says that text is all of the file.
func isPerLine(text []byte, whole bool) bool {
	text = bytes.TrimLeft(text, " \t\r\n")
	line, _, found := bytes.Cut(text, []byte{'\n'})
	if !found && !whole || len(line) == 0 || line[0] != '{' {
		return false
	}
	if at, _ := findList(line); at > 0 {
		return false
	}
	r := NewReader(lines.Options{})
	r.begin(line)
	if r.object(1, 1) > 0 {
		return true
	}
	// Broken, not half: then lines are what can be relied on, if the next ones are records.
	_, rest, _ := bytes.Cut(text, []byte{'\n'})
	next, _, _ := bytes.Cut(rest, []byte{'\n'})
	r.begin(next)
	return len(next) > 0 && next[0] == '{' && r.object(1, 1) > 0
}

// Units gives the pieces that can be read by themselves: of a file with one record a line pieces of
// 16 MiB, of any other the whole.
func (f *File) Units() []event.Unit {
	if f.perLine {
		return f.log.Units(unitSize)
	}
	return f.log.Units(0)
}

// Damage lists what is wrong with the file as a whole: nothing is, ever; see [event.Report].
func (f *File) Damage() []event.Damage { return nil }
