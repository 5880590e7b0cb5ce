package postgresql

import (
	"bytes"
	"time"

	"aldebaran/event"
	"aldebaran/evidence/entries"
	"aldebaran/evidence/lines"
)

// A Reader reads logs, one after the other, and keeps its buffers, shapes and zones: one for each
// goroutine.
type Reader struct {
	opt     lines.Options
	entries entries.Reader
	build   entries.Builder
	tally   entries.Tally
	clock   entries.Clock
	hosts   lines.Names
	event   event.Event

	// of the log at hand
	kind   kind
	newest time.Time // about when it was last written
	pid    []byte    // of the entry that was begun last
	quoted bool      // csvlog: the line before ended inside a value
	since  int       // bytes since that value began

	object    object
	jsonValue func(name, value []byte)
}

// NewReader makes a reader.
func NewReader(opt lines.Options) *Reader {
	r := &Reader{opt: opt}
	r.jsonValue = r.takeJSON
	return r
}

// Read hands every entry of a unit to emit, in order, until emit says false. The error is one of the
// file system; entries that could not be read are in the report.
func (r *Reader) Read(f *File, u event.Unit, emit func(*event.Event) bool) (event.Report, error) {
	r.kind, r.newest = f.kind, f.newest
	r.pid, r.quoted, r.since = r.pid[:0], false, 0
	place, parse := r.placeText, r.text
	switch f.kind {
	case csvLog:
		place, parse = r.placeCSV, r.csv
	case jsonLog:
		place, parse = placeJSON, r.json
	case pgbouncer:
		place, parse = placeBouncer, r.bouncer
	}
	return r.entries.Events(f.log, u, entries.Format{
		Place: place, Parse: parse, Want: "an entry of a log of PostgreSQL",
		Labels: event.Event{Product: "postgresql", Category: "database", Service: "error"},
		Build:  &r.build, Tally: &r.tally, Event: &r.event,
	}, r.opt, emit)
}

// placeText tells the lines of an entry by the blank or tab that the server puts before those which
// carry on a message, and what belongs to the entry before by its severity (DETAIL, STATEMENT) and
// the process that wrote it.
func (r *Reader) placeText(line []byte) entries.Place {
	if len(line) == 0 || line[0] == '\t' || line[0] == ' ' {
		return entries.More
	}
	m, ok := findMarker(line)
	if !ok || r.kind == bare && m.start != 0 {
		return entries.More
	}
	var pid []byte
	if r.kind != bare {
		if _, _, n := findStamp(line[:m.start]); n == 0 && (r.kind != sysLog || programEnd(line[:m.start]) == 0) {
			return entries.More // another program's word
		}
		pid = processOf(line[:m.start])
	}
	if m.role == primary {
		r.pid = append(r.pid[:0], pid...)
		return entries.Free
	}
	if bytes.Equal(pid, r.pid) {
		return entries.More
	}
	return entries.Begin
}

// processOf gives the digits behind the first "[" or "[postgres." that are all there is up to "]".
func processOf(prefix []byte) []byte {
	for {
		open := bytes.IndexByte(prefix, '[')
		if open < 0 {
			return nil
		}
		prefix = bytes.TrimPrefix(prefix[open+1:], []byte("postgres."))
		n := 0
		for n < len(prefix) && prefix[n] >= '0' && prefix[n] <= '9' {
			n++
		}
		if n > 0 && n < len(prefix) && prefix[n] == ']' {
			return prefix[:n]
		}
	}
}

// text reads an entry of stderr: a line with a severity, the lines that carry its message on, and
// what else the server says of it.
func (r *Reader) text(e *entries.Entry) bool {
	text := e.Text
	end := entries.LineEnd(text)
	m, ok := findMarker(text[:end])
	if !ok {
		// The rest of an entry whose beginning is in another file.
		r.build.Add("message", text)
		return true
	}
	var p prefix
	if m.start > 0 {
		p = r.parsePrefix(text[:m.start])
	}
	r.common(&p)
	r.build.Add("error_severity", text[m.start:m.end])
	part, start := m.role, m.text
	flush := func(to int) {
		value := text[start:to]
		if r.kind == sysLog {
			value = r.unwrap(value)
		}
		switch {
		case part == none:
			r.build.Add("output", value)
		case part == primary:
			r.message(value, &p)
		default:
			r.build.Add(part.fieldName(), value)
		}
	}
	for end < len(text) {
		at := end + 1
		end = at + entries.LineEnd(text[at:])
		line := text[at:end]
		if len(line) == 0 || line[0] == '\t' || line[0] == ' ' {
			continue
		}
		if m, ok := findMarker(line); ok && m.role != primary && (r.kind != bare || m.start == 0) {
			flush(at - 1)
			part, start = m.role, at+m.text
			continue
		}
		if r.kind == sysLog && programEnd(line) > 0 {
			continue
		}
		if part != none && r.kind != bare {
			// Programs that the server runs, and pg_ctl, write to the same file.
			flush(at - 1)
			part, start = none, at
		}
	}
	flush(len(text))
	if m.start > 0 {
		r.build.Add("prefix", text[:m.start])
	}
	return true
}

// unwrap takes off what syslog puts before every line of a message, up to the "[3-2]" that counts them.
func (r *Reader) unwrap(text []byte) []byte {
	if bytes.IndexByte(text, '\n') < 0 {
		return text
	}
	start, first := len(r.build.Scratch), true
	for line := range bytes.Lines(text) {
		if !first {
			if end := programEnd(line); end > 0 {
				line = line[end:]
				for line = bytes.TrimLeft(line, " "); len(line) > 0 && line[0] == '['; line = bytes.TrimLeft(line, " ") {
					_, rest, ok := bytes.Cut(line, []byte("]"))
					if !ok {
						break
					}
					line = rest
				}
				line = bytes.TrimPrefix(line, []byte("#011"))
			}
		}
		first = false
		r.build.Scratch = append(r.build.Scratch, line...)
	}
	return r.build.Own(start)
}

// common adds what the prefix says, under the names of csvlog's columns.
func (r *Reader) common(p *prefix) {
	if p.hasStamp {
		r.at(p.stamp, p.zone)
	}
	r.event.Computer = r.hosts.Of(p.host)
	add := func(name string, value []byte) {
		if len(value) > 0 {
			r.build.Add(name, value)
		}
	}
	add("log_time", p.logTime)
	add("user_name", p.user)
	add("database_name", p.database)
	add("process_id", p.pid)
	r.client(p.from)
	add("session_id", p.session)
	add("session_line_num", p.line)
	add("virtual_transaction_id", p.vxid)
	add("transaction_id", p.xid)
	add("sql_state_code", p.state)
	add("application_name", p.app)
	add("query_id", p.queryID)
}

// client adds the client's address as the log has it, and without its port.
func (r *Reader) client(from []byte) {
	if len(from) == 0 {
		return
	}
	r.build.Add("connection_from", from)
	if string(from) == "[local]" {
		return
	}
	host, port := cutPort(from)
	r.build.Add("client_ip", host)
	if port != nil {
		r.build.Add("remote_port", port)
	}
}

func (r *Reader) at(s entries.Stamp, zone *time.Location) {
	if zone == nil {
		zone = r.tally.Zones.Assume(r.opt)
	}
	r.event.Time = r.clock.At(s, zone)
}

// stamp reads a time with a zone behind it, the whole text.
func (r *Reader) stamp(text []byte) bool {
	s, n := parseStamp(text)
	if n == 0 {
		return false
	}
	zone, _ := r.tally.Zones.Parse(text[n:])
	r.at(s, zone)
	return true
}

// message adds the message, and what stands in the messages that matter most: statements with their
// duration, audit records, connections and why they were refused.
func (r *Reader) message(text []byte, p *prefix) {
	r.build.Add("message", text)
	rest := text
	if after, ok := bytes.CutPrefix(rest, []byte("duration: ")); ok {
		var ms []byte
		ms, rest, _ = bytes.Cut(after, []byte(" ms"))
		r.build.Add("duration_ms", ms)
		rest = bytes.TrimLeft(rest, " ")
		r.event.Service = "general"
	}
	if len(rest) == 0 {
		return
	}
	switch rest[0] {
	case 's':
		if sql, ok := bytes.CutPrefix(rest, []byte("statement: ")); ok {
			r.event.Service = "general"
			r.build.Add("statement", sql)
		}
	case 'p', 'b', 'e': // parse, bind or execute NAME: of the extended protocol
		for _, step := range [...]string{"parse ", "bind ", "execute "} {
			if after, ok := bytes.CutPrefix(rest, []byte(step)); ok {
				if _, sql, ok := bytes.Cut(after, []byte(": ")); ok {
					r.event.Service = "general"
					r.build.Add("statement", sql)
				}
			}
		}
		r.refused(text, p)
	case 'A':
		if record, ok := bytes.CutPrefix(rest, []byte("AUDIT: ")); ok {
			r.event.Service = "audit"
			r.audit(record)
		}
	case 'c', 'n', 'r', 'd', 'S', 'P', 'L', 'I', 'G', 'R', 'M', 'C', '"', 'u':
		r.refused(text, p)
	}
}

// refused finds who wanted what from where in messages about connections, where the prefix does not
// have it yet:
//
//	password authentication failed for user "x"     connection authorized: user=x database=y
//	no pg_hba.conf entry for host "1.2.3.4", user "x", database "y", SSL off
//	connection received: host=1.2.3.4 port=5432     disconnection: session time: ... user=x host=1.2.3.4
func (r *Reader) refused(text []byte, p *prefix) {
	head := text[:min(entries.LineEnd(text), maxPrefix)]
	if !bytes.Contains(head, []byte("onnection ")) && !bytes.Contains(head, []byte("onnection:")) &&
		!bytes.Contains(head, []byte("authentication failed")) && !bytes.Contains(head, []byte("pg_hba.conf")) {
		return
	}
	if len(p.user) == 0 {
		if user, ok := quoted(head, `user "`, `"`); ok {
			r.build.Add("user_name", user)
		} else if user, ok := quoted(head, "user=", " "); ok {
			r.build.Add("user_name", user)
		}
	}
	if len(p.database) == 0 {
		if name, ok := quoted(head, `database "`, `"`); ok {
			r.build.Add("database_name", name)
		} else if name, ok := quoted(head, "database=", " "); ok {
			r.build.Add("database_name", name)
		}
	}
	if len(p.from) == 0 {
		host, ok := quoted(head, `host "`, `"`)
		if !ok {
			host, ok = quoted(head, "host=", " ")
		}
		if ok {
			r.client(host)
		}
	}
}

func quoted(text []byte, before, after string) (value []byte, ok bool) {
	_, rest, ok := bytes.Cut(text, []byte(before))
	if !ok {
		return nil, false
	}
	value, _, closed := bytes.Cut(rest, []byte(after))
	return value, len(value) > 0 && (closed || after == " ")
}

// audit adds the values of a record of pgAudit, which are those of a line of CSV.
func (r *Reader) audit(record []byte) {
	names := [...]string{
		"audit_type", "statement_id", "substatement_id", "class", "command",
		"object_type", "object_name", "statement", "parameter", "rows",
	}
	var value []byte
	rest := record
	for _, name := range names {
		if rest == nil {
			return
		}
		if end := entries.LineEnd(rest); end < len(rest) && rest[0] != '"' && bytes.IndexByte(rest[:end], ',') < 0 {
			rest = rest[:end] // what is not in quotes ends with its line
		}
		value, rest = r.build.CSV(rest)
		if len(value) > 0 {
			r.build.Add(name, value)
		}
	}
}
