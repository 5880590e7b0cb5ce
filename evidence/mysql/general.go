package mysql

import (
	"bytes"

	"aldebaran/evidence/entries"
)

// A generalLine is the first line of an entry of the general log, taken apart.
type generalLine struct {
	stamp             []byte
	timed             bool
	id, command, text []byte
}

// parseGeneral reads the time (which old versions leave out when it is that of the entry before),
// the number of the connection, the command and its argument:
//
//	2018-09-07T18:45:40.098124+08:00⇥257426 Connect⇥root@localhost on test using TCP/IP
//	100211  0:55:24      51 Query       SELECT 1
//	⇥⇥   51 Query⇥SELECT 2
func parseGeneral(line []byte) (g generalLine, ok bool) {
	rest := line
	if _, n := entries.ParseStamp(line); n > 0 {
		if line[4] == '-' && line[10] != 'T' {
			return g, false
		}
		if n < len(line) && line[n] == 'Z' {
			n++
		} else if len(line) >= n+6 && (line[n] == '+' || line[n] == '-') && line[n+3] == ':' {
			n += 6
		}
		g.stamp, g.timed = line[:n], true
		rest = line[n:]
	}
	if len(rest) == 0 || rest[0] != ' ' && rest[0] != '\t' {
		return g, false
	}
	rest = bytes.TrimLeft(rest, " \t")
	n := countDigits(rest)
	if n == 0 || n >= len(rest) || rest[n] != ' ' {
		return g, false
	}
	g.id = rest[:n]
	rest = rest[n+1:]
	n = commandLength(rest)
	if n == 0 || n < len(rest) && rest[n] != '\t' && rest[n] != ' ' && rest[n] != '\r' {
		return g, false
	}
	g.command = rest[:n]
	g.text = bytes.TrimLeft(rest[n:], " \t")
	return g, true
}

// commandLength gives the length of the command at the beginning of a text (sql/sql_parse.cc,
// command_name), 0 if there is none. The longer of two that begin alike stands first.
func commandLength(text []byte) int {
	if len(text) == 0 {
		return 0
	}
	for _, c := range [...]string{
		"Query", "Execute", "Prepare", "Connect Out", "Connect", "Quit", "Init DB", "Field List", "Close stmt", "Reset stmt",
		"Change user", "Statistics", "Ping", "Shutdown", "Processlist", "Kill", "Binlog Dump GTID", "Binlog Dump", "Create DB",
		"Drop DB", "Refresh", "Debug", "Delayed insert", "Set option", "Fetch", "Daemon", "Error", "Long Data", "Register Slave",
		"Register Replica", "Table Dump", "Time", "Sleep", "Reset Connection", "Clone", "Subscribe Group Replication Stream", "Bulk_execute",
	} {
		if c[0] == text[0] && len(text) >= len(c) && string(text[:len(c)]) == c {
			return len(c)
		}
	}
	return 0
}

func placeGeneral(line []byte) entries.Place {
	if _, ok := parseGeneral(line); ok {
		return entries.Free
	}
	if len(line) > 0 && isBanner(line) {
		if bytes.HasSuffix(bytes.TrimRight(line, " \t\r"), []byte("started with:")) {
			return entries.Free
		}
	}
	return entries.More
}

// A session is who is behind a connection.
type session struct{ user, host, db string }

// maxSessions bounds the connections that are remembered; servers have some thousand at a time.
const maxSessions = 1 << 15

// general reads an entry of the general log. What a connection does is told with its user and host,
// which stand in its Connect only.
func (r *Reader) general(text []byte) bool {
	g, ok := parseGeneral(text[:entries.LineEnd(text)])
	if !ok {
		if !r.banner(text) {
			// The rest of an entry whose beginning is in another file.
			r.build.Add("argument", text)
		}
		return true
	}
	argument := text[len(text):]
	if end := entries.LineEnd(text); len(g.text) > 0 || end < len(text) {
		argument = text[end-len(g.text):]
	}
	if g.timed {
		r.last, _ = r.stamp(g.stamp)
	}
	r.event.Time = r.last
	r.build.Add("thread_id", g.id)
	r.build.Add("command", g.command)
	r.add("argument", argument)
	id := uint64(0)
	for _, c := range g.id {
		id = id*10 + uint64(c-'0')
	}
	s := r.sessions[id]
	switch string(g.command) {
	case "Connect", "Change user":
		if r.denied(argument) {
			return true
		}
		s = r.connected(argument)
		r.remember(id, s)
	case "Init DB":
		s.db = r.name(argument)
		r.remember(id, s)
	case "Quit":
		delete(r.sessions, id)
	}
	r.add("user", r.own(s.user))
	r.host(r.own(s.host))
	r.add("db", r.own(s.db))
	return true
}

func (r *Reader) remember(id uint64, s session) {
	if _, have := r.sessions[id]; have || len(r.sessions) < maxSessions {
		r.sessions[id] = s
	}
}

func (r *Reader) name(b []byte) string { return r.names.Of(b) }

// own gives the bytes of a text that is remembered.
func (r *Reader) own(s string) []byte {
	start := len(r.build.Scratch)
	r.build.Scratch = append(r.build.Scratch, s...)
	return r.build.Own(start)
}

// connected reads "user@host on db using TCP/IP", and "user@host as other on db" of old versions.
func (r *Reader) connected(argument []byte) (s session) {
	argument = argument[:entries.LineEnd(argument)]
	who, rest := argument, []byte(nil)
	if i := bytes.LastIndex(argument, []byte(" on ")); i >= 0 {
		who, rest = argument[:i], argument[i+len(" on "):]
	}
	if i := bytes.LastIndex(who, []byte(" as ")); i >= 0 {
		who = who[:i]
	}
	at := bytes.LastIndexByte(who, '@')
	if at < 0 {
		return s
	}
	s.user, s.host = r.name(who[:at]), r.name(bytes.TrimSpace(who[at+1:]))
	if i := bytes.Index(rest, []byte(" using ")); i >= 0 {
		rest = rest[:i]
	} else if bytes.HasPrefix(rest, []byte("using ")) {
		rest = nil
	}
	s.db = r.name(bytes.TrimSpace(rest))
	return s
}
