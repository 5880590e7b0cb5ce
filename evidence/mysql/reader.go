package mysql

import (
	"bytes"
	"time"

	"aldebaran/event"
	"aldebaran/evidence/entries"
	"aldebaran/evidence/lines"
)

// A Reader reads logs, one after the other, and keeps its buffers and shapes: one for each goroutine.
type Reader struct {
	opt     lines.Options
	entries entries.Reader
	build   entries.Builder
	tally   entries.Tally
	clock   entries.Clock
	names   lines.Names
	event   event.Event

	// of the log at hand
	last     time.Time // of the entry before, for those that leave it out
	sessions map[uint64]session
	body     bool // slow log: the statement has begun
	slow     slowEntry
	depth    int // JSON: of open objects and lists
	inText   bool
	audit    auditRecord

	takeXML, takeJSON, takeError func(name, value []byte)
}

// NewReader makes a reader.
func NewReader(opt lines.Options) *Reader {
	r := &Reader{opt: opt, sessions: map[uint64]session{}}
	r.takeXML, r.takeJSON, r.takeError = r.xmlValue, r.jsonValue, r.errorValue
	return r
}

// Read hands every entry of a unit to emit, in order, until emit says false. The error is one of the
// file system; entries that could not be read are in the report.
func (r *Reader) Read(f *File, u event.Unit, emit func(*event.Event) bool) (event.Report, error) {
	r.last, r.body, r.depth, r.inText = time.Time{}, false, 0, false
	clear(r.sessions)
	place, parse, service := placeGeneral, r.general, "general"
	switch f.kind {
	case slow:
		place, parse, service = r.placeSlow, r.slowEntry, "slow"
	case errorText:
		place, parse, service = placeError, r.errorText, "error"
	case errorJSON:
		place, parse, service = placeLine, r.errorJSON, "error"
	case auditXML:
		place, parse, service = placeXML, r.auditXML, "audit"
	case auditJSON:
		place, parse, service = r.placeJSON, r.auditJSON, "audit"
	case auditCSV:
		place, parse, service = placeLine, r.auditCSV, "audit"
	}
	return r.entries.Events(f.log, u, entries.Format{
		Place: place, Parse: func(e *entries.Entry) bool { return parse(e.Text) }, Want: "an entry of the " + service + " log of MySQL",
		Labels: event.Event{Product: "mysql", Category: "database", Service: service},
		Build:  &r.build, Tally: &r.tally, Event: &r.event,
	}, r.opt, emit)
}

func (r *Reader) add(name string, value []byte) {
	if len(value) > 0 {
		r.build.Add(name, value)
	}
}

// stamp reads a time at the beginning of a text, with its zone if it has one; n is its length.
func (r *Reader) stamp(text []byte) (at time.Time, n int) {
	s, n := entries.ParseStamp(text)
	if n == 0 {
		return time.Time{}, 0
	}
	zone, m := r.tally.Zones.Parse(text[n:])
	if zone == nil {
		zone, m = r.tally.Zones.Assume(r.opt), 0
	}
	return r.clock.At(s, zone), n + m
}

// banner reads the lines at the start of a server as an event of their own: when it was started
// again is worth knowing.
func (r *Reader) banner(text []byte) bool {
	if !isBanner(text[:entries.LineEnd(text)]) {
		return false
	}
	clear(r.sessions)
	r.event.Time = r.last
	r.build.Add("message", text)
	return true
}

func placeLine([]byte) entries.Place { return entries.Free }

func placeError(line []byte) entries.Place {
	if _, n := entries.ParseStamp(line); n > 0 {
		return entries.Free
	}
	return entries.More
}

// errorText reads an entry of the error log: time, thread, level, and since MySQL 8.0 a number and a
// subsystem in brackets.
func (r *Reader) errorText(text []byte) bool {
	at, n := r.stamp(text)
	if n == 0 {
		// The rest of an entry whose beginning is in another file.
		r.build.Add("message", text)
		return true
	}
	r.event.Time = at
	rest := bytes.TrimLeft(text[n:], " ")
	if digits := countDigits(rest); digits > 0 && digits < len(rest) && rest[digits] == ' ' {
		r.build.Add("thread_id", rest[:digits])
		rest = bytes.TrimLeft(rest[digits:], " ")
	}
	level, after, ok := bracket(rest)
	if ok {
		r.build.Add("level", level)
		rest = after
		if code, after, ok := bracket(rest); ok && bytes.HasPrefix(code, []byte("MY-")) {
			r.build.Add("err_code", code)
			rest = after
			if subsystem, after, ok := bracket(rest); ok {
				r.build.Add("subsystem", subsystem)
				rest = after
			}
		}
	}
	r.message(rest)
	return true
}

func bracket(text []byte) (inside, rest []byte, ok bool) {
	if len(text) == 0 || text[0] != '[' {
		return nil, text, false
	}
	const longest = 40
	inside, rest, ok = bytes.Cut(text[1:], []byte{']'})
	if !ok || len(inside) > longest {
		return nil, text, false
	}
	return inside, bytes.TrimLeft(rest, " "), true
}

// message adds a message of the error log, and who was refused from where.
func (r *Reader) message(text []byte) {
	r.build.Add("message", text)
	r.denied(text)
}

// denied reads "Access denied for user 'x'@'host' (using password: YES)".
func (r *Reader) denied(text []byte) bool {
	_, rest, ok := bytes.Cut(text[:entries.LineEnd(text)], []byte("Access denied for user '"))
	if !ok {
		return false
	}
	at := bytes.LastIndex(rest, []byte("'@'"))
	if at < 0 {
		return false
	}
	host, tail, _ := bytes.Cut(rest[at+len("'@'"):], []byte{'\''})
	r.build.Add("user", rest[:at])
	r.host(host)
	if password, ok := bytes.CutPrefix(tail, []byte(" (using password: ")); ok {
		password, _, _ = bytes.Cut(password, []byte{')'})
		r.build.Add("using_password", password)
	}
	return true
}

// host adds the client's host, which is its address if the server does not ask for names.
func (r *Reader) host(host []byte) {
	if len(host) == 0 {
		return
	}
	r.build.Add("host", host)
	if lines.IsAddress(host) {
		r.build.Add("client_ip", host)
	}
}

// errorJSON reads a line of the error log as log_sink_json writes it.
func (r *Reader) errorJSON(text []byte) bool {
	return r.build.JSON(text, r.takeError)
}

func (r *Reader) errorValue(name, value []byte) {
	switch string(name) {
	case "time":
		r.event.Time, _ = r.stamp(value)
		r.build.Add("time", value)
	case "msg":
		r.build.AddFrom("message", "msg", value)
		r.denied(value)
	case "label":
		r.build.AddFrom("level", "label", value)
	case "thread":
		r.build.AddFrom("thread_id", "thread", value)
	default:
		r.build.AddFound(name, value)
	}
}
