package mssql

import (
	"bytes"
	"strconv"
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
	event   event.Event

	// of the log at hand
	file *File
	// opened is the time and the writer of the entry before if that was nothing but a number.
	opened []byte
}

// NewReader makes a reader.
func NewReader(opt lines.Options) *Reader { return &Reader{opt: opt} }

// Read hands every entry of a log to emit, in order, until emit says false. The error is one of the
// file system; entries that could not be read are in the report.
func (r *Reader) Read(f *File, u event.Unit, emit func(*event.Event) bool) (event.Report, error) {
	r.file, r.opened = f, r.opened[:0]
	place, parse := r.place, r.errorLog
	if f.kind == agentLog {
		place, parse = placeAgent, r.agentLog
	}
	return r.entries.Events(f.log, u, entries.Format{
		Place: place, Parse: func(e *entries.Entry) bool { return parse(e.Text) }, Want: "an entry of a log of SQL Server",
		Labels: event.Event{Product: "mssql", Category: "database", Computer: f.host},
		Build:  &r.build, Tally: &r.tally, Event: &r.event,
	}, r.opt, emit)
}

// place joins the line that says the number of a message with the message, which follows it with the
// same time and writer.
func (r *Reader) place(line []byte) entries.Place {
	stamp, source, text, ok := cutEntry(line)
	if !ok {
		return entries.More
	}
	head := line[:len(stamp)+1+len(source)]
	if len(r.opened) > 0 && bytes.Equal(r.opened, head) {
		r.opened = r.opened[:0]
		if _, _, _, again := header(text); !again {
			return entries.More
		}
	}
	r.opened = r.opened[:0]
	if _, _, _, ok := header(text); ok {
		r.opened = append(r.opened, head...)
	}
	return entries.Free
}

func placeAgent(line []byte) entries.Place {
	if isAgent(line) {
		return entries.Free
	}
	return entries.More
}

// errorLog reads an entry of an ERRORLOG.
func (r *Reader) errorLog(text []byte) bool {
	stamp, source, body, ok := cutEntry(text)
	if !ok {
		// The rest of an entry whose beginning is in another file.
		r.build.Add("Message", text)
		r.event.Service = "mssqlserver"
		return true
	}
	r.at(stamp)
	number, severity, state, numbered := header(body[:entries.LineEnd(body)])
	if numbered {
		if _, _, message, ok := cutEntry(body[min(entries.LineEnd(body)+1, len(body)):]); ok {
			body = message
		}
	}
	m := parse(body)
	if numbered {
		if n, err := strconv.ParseUint(string(number), 10, 32); err == nil {
			m.id = uint32(n)
		}
	}
	r.event.Product, r.event.Service = "windows", "mssqlserver"
	r.event.Channel, r.event.Provider, r.event.EventID = "Application", r.file.provider, m.id
	r.system("Provider_Name", r.file.provider)
	if m.id != 0 {
		start := len(r.build.Scratch)
		r.build.Scratch = strconv.AppendUint(r.build.Scratch, uint64(m.id), 10)
		id := r.build.Own(start)
		r.build.AddSystem("EventID", id)
		number = id
	}
	r.system("Channel", "Application")
	if r.file.host != "" {
		r.system("Computer", r.file.host)
	}
	if m.n == 0 {
		m.add(body)
	}
	for _, value := range m.data[:m.n] {
		r.build.Add("Data", value)
	}
	add := func(name string, value []byte) {
		if len(value) > 0 {
			r.build.Add(name, value)
		}
	}
	add("error", number)
	add("severity", severity)
	add("state", state)
	add("server_principal_name", m.login)
	add("reason", m.reason)
	add("client_ip", m.client)
	add("option", m.option)
	add("old_value", m.oldValue)
	add("new_value", m.newValue)
	add("object_name", m.object)
	add("database_name", m.database)
	add("library", m.library)
	r.build.Add("source", source)
	r.build.Add("Message", body)
	return true
}

// system adds a value that is the same for the whole log.
func (r *Reader) system(name, value string) {
	start := len(r.build.Scratch)
	r.build.Scratch = append(r.build.Scratch, value...)
	r.build.AddSystem(name, r.build.Own(start))
}

func (r *Reader) at(stamp []byte) {
	s, n := entries.ParseStamp(stamp)
	if n == 0 {
		r.event.Time = time.Time{}
		return
	}
	zone := r.file.zone
	if zone == nil {
		zone = r.tally.Zones.Assume(r.opt)
	} else {
		r.tally.Zones.Known(zone)
	}
	r.event.Time = r.clock.At(s, zone)
}

// agentLog reads an entry of SQLAGENT.OUT. Its numbers are the agent's own, not those of messages.
func (r *Reader) agentLog(text []byte) bool {
	r.event.Service = "agent"
	if !isAgent(text) {
		r.build.Add("Message", text)
		return true
	}
	const width = len("2022-12-20 12:00:00")
	r.at(text[:width])
	level := "information"
	switch text[width+3] {
	case '!':
		level = "error"
	case '+':
		level = "warning"
	}
	number, body, _ := bytes.Cut(text[width+6:], []byte{']'})
	body = bytes.TrimLeft(body, " ")
	start := len(r.build.Scratch)
	r.build.Scratch = append(r.build.Scratch, level...)
	r.build.Add("level", r.build.Own(start))
	r.build.Add("message_id", number)
	// [298] SQLServer Error: 18456, Login failed for user 'x'. [SQLSTATE 28000]
	if rest, ok := bytes.CutPrefix(body, []byte("SQLServer Error: ")); ok {
		if n, message, ok := bytes.Cut(rest, []byte(", ")); ok && lines.IsNumber(n) {
			r.build.Add("error", n)
			if m := parse(message); len(m.login) > 0 {
				r.build.Add("server_principal_name", m.login)
			}
		}
	}
	r.build.Add("Message", body)
	return true
}
