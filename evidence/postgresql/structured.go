package postgresql

import (
	"bytes"

	"aldebaran/evidence/entries"
	"aldebaran/evidence/lines"
)

// csvColumns are the columns of csvlog in PostgreSQL 14 and later; 13 has the first 24, older ones 23.
const csvColumns = 26

func csvColumn(i int) string {
	columns := [csvColumns]string{
		"log_time", "user_name", "database_name", "process_id", "connection_from", "session_id",
		"session_line_num", "command_tag", "session_start_time", "virtual_transaction_id",
		"transaction_id", "error_severity", "sql_state_code", "message", "detail", "hint",
		"internal_query", "internal_query_pos", "context", "query", "query_pos", "location",
		"application_name", "backend_type", "leader_pid", "query_id",
	}
	if i >= len(columns) {
		return "extra-columns"
	}
	return columns[i]
}

// placeCSV counts quotes: a record goes on as long as a value is open. If a quote was never closed
// (a file that was cut, a disk that was full) the next line that is a record begins one, when more
// was read than an entry may have.
func (r *Reader) placeCSV(line []byte) entries.Place {
	odd := bytes.Count(line, []byte{'"'})%2 == 1
	if r.quoted {
		r.since += len(line) + 1
		if r.since <= entries.MaxEntry || !isCSV(line) {
			r.quoted = r.quoted != odd
			return entries.More
		}
	}
	r.quoted, r.since = odd, 0
	return entries.Free
}

// csv reads a record of csvlog.
func (r *Reader) csv(e *entries.Entry) bool {
	var value []byte
	var p prefix
	severity := false
	rest := e.Text
	for i := 0; rest != nil; i++ {
		value, rest = r.build.CSV(rest)
		switch name := csvColumn(i); {
		case i == 0:
			if !r.stamp(value) {
				// The server's messages before the log is set up, and those of other programs, go
				// elsewhere; but files are put together.
				return r.text(e)
			}
			r.build.Add(name, value)
		case len(value) == 0:
		case i == 1:
			p.user = value
			r.build.Add(name, value)
		case i == 2:
			p.database = value
			r.build.Add(name, value)
		case i == 4:
			p.from = value
			r.client(value)
		case i == 11:
			severity = true
			r.build.Add(name, value)
		case i == 13:
			r.message(value, &p)
		default:
			r.build.Add(name, value)
		}
	}
	if !severity {
		if m, ok := findMarker(e.Text[:entries.LineEnd(e.Text)]); ok && m.role == primary {
			r.build.Reset()
			return r.text(e)
		}
	}
	return severity
}

func placeJSON([]byte) entries.Place { return entries.Free }

// An object is what is known of an object of jsonlog while it is read.
type object struct {
	prefix     prefix
	host, port []byte
	severity   bool
}

// json reads an object of jsonlog. Its keys get the names of csvlog's columns, so that rules need
// one name for both; the key is the field's Path.
func (r *Reader) json(e *entries.Entry) bool {
	r.object = object{}
	ok := r.build.JSON(e.Text, r.jsonValue)
	if host := r.object.host; host != nil {
		r.build.AddFrom("connection_from", "remote_host", host)
		if string(host) != "[local]" {
			r.build.Add("client_ip", host)
		}
	}
	if r.object.port != nil {
		r.build.Add("remote_port", r.object.port)
	}
	return ok && r.object.severity
}

func (r *Reader) takeJSON(name, value []byte) {
	switch string(name) {
	case "timestamp":
		r.stamp(value)
		r.build.AddFrom("log_time", "timestamp", value)
	case "user":
		r.object.prefix.user = value
		r.build.AddFrom("user_name", "user", value)
	case "dbname":
		r.object.prefix.database = value
		r.build.AddFrom("database_name", "dbname", value)
	case "pid":
		r.build.AddFrom("process_id", "pid", value)
	case "remote_host":
		r.object.host, r.object.prefix.from = value, value
	case "remote_port":
		r.object.port = value
	case "line_num":
		r.build.AddFrom("session_line_num", "line_num", value)
	case "ps":
		r.build.AddFrom("command_tag", "ps", value)
	case "session_start":
		r.build.AddFrom("session_start_time", "session_start", value)
	case "vxid":
		r.build.AddFrom("virtual_transaction_id", "vxid", value)
	case "txid":
		r.build.AddFrom("transaction_id", "txid", value)
	case "error_severity":
		r.object.severity = true
		r.build.Add("error_severity", value)
	case "state_code":
		r.build.AddFrom("sql_state_code", "state_code", value)
	case "message":
		r.message(value, &r.object.prefix)
	case "statement":
		r.build.AddFrom("query", "statement", value)
	case "cursor_position":
		r.build.AddFrom("query_pos", "cursor_position", value)
	case "internal_position":
		r.build.AddFrom("internal_query_pos", "internal_position", value)
	default:
		r.build.AddFound(name, value)
	}
}

// A bouncerLine is a line of pgbouncer's log, taken apart.
type bouncerLine struct {
	stamp                  entries.Stamp
	zone, pid, level, text []byte
	logTime                []byte
}

// parseBouncer reads "2018-09-12 16:08:54.775 [UTC] 3392 LOG message", the process id in brackets in
// newer versions. There is no colon behind the level.
func parseBouncer(line []byte) (b bouncerLine, ok bool) {
	s, n := parseStamp(line)
	if n == 0 || n+1 >= len(line) || line[n] != ' ' {
		return b, false
	}
	b.stamp, b.logTime = s, line[:n]
	rest := line[n+1:]
	token, rest, _ := bytes.Cut(rest, []byte{' '})
	if len(token) > 0 && (token[0] >= 'A' && token[0] <= 'Z' || token[0] == '+' || token[0] == '-') {
		b.zone = token
		token, rest, _ = bytes.Cut(rest, []byte{' '})
	}
	if len(token) > 2 && token[0] == '[' && token[len(token)-1] == ']' {
		token = token[1 : len(token)-1]
	}
	if !lines.IsNumber(token) {
		return b, false
	}
	b.pid = token
	b.level, b.text, ok = bytes.Cut(rest, []byte{' '})
	switch string(b.level) {
	case "LOG", "WARNING", "ERROR", "FATAL", "DEBUG", "NOISE":
		return b, ok
	}
	return b, false
}

func placeBouncer(line []byte) entries.Place {
	if _, ok := parseBouncer(line); ok {
		return entries.Free
	}
	return entries.More
}

// bouncer reads an entry of pgbouncer's log. Messages about a connection begin with
//
//	C-0x562376c014e0: database/user@1.2.3.4:5432 login attempt: db=database user=user tls=no
func (r *Reader) bouncer(e *entries.Entry) bool {
	b, ok := parseBouncer(e.Text)
	if !ok {
		return false
	}
	zone, _ := r.tally.Zones.Parse(b.zone)
	r.at(b.stamp, zone)
	r.event.Service = "pgbouncer"
	r.build.Add("log_time", b.logTime)
	r.build.Add("process_id", b.pid)
	r.build.Add("error_severity", b.level)
	r.build.Add("message", b.text)
	if len(b.text) < 3 || b.text[1] != '-' || b.text[0] != 'C' && b.text[0] != 'S' {
		return true
	}
	_, rest, ok := bytes.Cut(b.text, []byte(": "))
	if !ok {
		return true
	}
	who, _, ok := bytes.Cut(rest, []byte{' '})
	slash, at := bytes.IndexByte(who, '/'), bytes.LastIndexByte(who, '@')
	if !ok || slash < 0 || at < slash {
		return true
	}
	r.build.Add("database_name", who[:slash])
	r.build.Add("user_name", who[slash+1:at])
	from := who[at+1:]
	r.build.Add("connection_from", from)
	if colon := bytes.LastIndexByte(from, ':'); colon > 0 {
		r.build.Add("client_ip", bytes.Trim(from[:colon], "[]"))
		r.build.Add("remote_port", from[colon+1:])
	}
	return true
}
