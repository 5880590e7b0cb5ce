// Package postgresql reads the logs of PostgreSQL servers: what they write to stderr with any
// log_line_prefix, also through syslog; csvlog and jsonlog; the records of pgAudit in any of them;
// and the log of pgbouncer.
//
// The formats are described in https://www.postgresql.org/docs/current/runtime-config-logging.html
// (sections 19.8.3 log_line_prefix, 19.8.4 csvlog, 19.8.5 jsonlog), pgAudit's in
// https://github.com/pgaudit/pgaudit#format, the log of pgbouncer in its source (src/util.c,
// lib/usual/logging.c). docs/formats/postgresql.md has what is made of them.
package postgresql

import (
	"bytes"
	"io"
	"time"

	"aldebaran/event"
	"aldebaran/evidence/entries"
	"aldebaran/evidence/lines"
)

// A kind is one of the formats in which a server can write.
type kind uint8

const (
	unknown kind = iota
	stderr       // with a time in the prefix
	bare         // the same without one: log_line_prefix = '', or what psql shows
	sysLog       // stderr through syslog, or Heroku's logplex
	csvLog
	jsonLog
	pgbouncer
)

// A File is one opened log. Immutable, safe for concurrent use.
type File struct {
	log  *lines.Log
	kind kind
	// newest is about when the log was last written: syslog leaves out the year.
	newest time.Time
}

// Sniff tells whether a file that begins with head is a log of PostgreSQL.
func Sniff(head []byte) bool {
	text, ok := lines.Head(head)
	return ok && recognise(text) != unknown
}

// Open looks at the beginning of a log.
func Open(r io.ReaderAt, size int64, path string, opt lines.Options) (*File, error) {
	log, text, err := entries.Open(r, size, path)
	if err != nil {
		return nil, err
	}
	f := &File{log: log, kind: stderr, newest: opt.Newest}
	// What was recognised by fewer lines may not be by more: other programs log to the same file.
	const firstLook = 4 << 10
	for _, look := range [...]int{len(text), min(len(text), firstLook)} {
		if k := recognise(text[:look]); k != unknown {
			f.kind = k
			break
		}
	}
	return f, nil
}

// Units gives the pieces that can be read by themselves. A value of csvlog can hold anything
// between its quotes, lines that look like records too: such a log is one piece.
func (f *File) Units() []event.Unit {
	if f.kind == csvLog {
		return f.log.Units(0)
	}
	return f.log.Units(entries.UnitSize)
}

// Damage says what is wrong with the file as a whole: nothing can be.
func (f *File) Damage() []event.Damage { return nil }

func recognise(text []byte) kind {
	n, ours := 0, 0 // lines, and those that PostgreSQL wrote to syslog
	for line := range entries.First(text) {
		n++
		k := recogniseLine(line)
		switch {
		case programEnd(line[:min(len(line), maxPrefix)]) > 0:
			ours++
		case bytes.HasSuffix(text, line):
			n-- // the text may end in the middle of it
		}
		if k != unknown && k != sysLog {
			return k
		}
	}
	if ours > 0 {
		// Where other programs log to the same file, it is a log of syslog.
		if ours == n {
			return sysLog
		}
		return unknown
	}
	if bytes.Contains(text, []byte("\nNOTICE:  AUDIT: ")) || bytes.Contains(text, []byte("\nLOG:  AUDIT: ")) {
		return bare
	}
	return unknown
}

func recogniseLine(line []byte) kind {
	if bytes.HasPrefix(line, []byte(`{"timestamp":"`)) {
		if bytes.Contains(line, []byte(`"error_severity":"`)) {
			return jsonLog
		}
		return unknown
	}
	if isCSV(line) {
		return csvLog
	}
	if _, ok := parseBouncer(line); ok {
		return pgbouncer
	}
	m, ok := findMarker(line)
	if !ok {
		return unknown
	}
	prefix := line[:m.start]
	if programEnd(prefix) > 0 {
		return sysLog
	}
	if at, _, n := findStamp(prefix); n > 0 && at < 48 {
		// %t and %m always say the zone.
		var z entries.Zones
		if _, m := z.Parse(prefix[at+n:]); m > 0 && zoneEnds(prefix[at+n+m:]) {
			return stderr
		}
	}
	if m.start == 0 && bytes.HasPrefix(line[m.text:], []byte("AUDIT: ")) {
		return bare
	}
	return unknown
}

// isCSV tells whether a line is, or begins, a record of csvlog: a time with a zone, and a severity
// in the twelfth column.
func isCSV(line []byte) bool {
	_, n := entries.ParseStamp(line)
	if n < len("2006-01-02 15:04:05") || line[4] != '-' {
		return false
	}
	var b entries.Builder
	var value []byte
	rest := line
	for i := range 12 {
		if rest == nil {
			return false
		}
		value, rest = b.CSV(rest)
		if i == 0 && len(value) > n+8 {
			return false
		}
	}
	return rest != nil && roleOf(value) == primary
}

// A role is what a part of an entry says: its own severity, or more about the one before.
type role uint8

const (
	none role = iota
	primary
	detail
	hint
	query
	context
	location
	statement
	backtrace
)

// fieldName is the column of csvlog that holds the part.
func (r role) fieldName() string {
	switch r {
	case detail:
		return "detail"
	case hint:
		return "hint"
	case query:
		return "internal_query"
	case context:
		return "context"
	case location:
		return "location"
	case statement:
		return "query"
	case backtrace:
		return "backtrace"
	}
	return "message"
}

// roleOf knows the words that stand before the colon, in English and as the translations of
// PostgreSQL have them (src/backend/po: German, French, Spanish, Russian).
func roleOf(word []byte) role {
	switch string(word) {
	case "LOG", "ERROR", "FATAL", "PANIC", "WARNING", "NOTICE", "INFO", "DEBUG", "DEBUG1", "DEBUG2", "DEBUG3", "DEBUG4", "DEBUG5",
		"FEHLER", "PANIK", "WARNUNG", "HINWEIS",
		"ERREUR", "ATTENTION", "FATALE", "PANIQUE",
		"ADVERTENCIA", "NOTICIA", "PÁNICO",
		"СООБЩЕНИЕ", "ОШИБКА", "ВАЖНО", "ПАНИКА", "ПРЕДУПРЕЖДЕНИЕ", "ЗАМЕЧАНИЕ", "ИНФОРМАЦИЯ":
		return primary
	case "DETAIL", "DÉTAIL", "DETALLE", "ПОДРОБНОСТИ":
		return detail
	case "HINT", "TIPP", "ASTUCE", "SUGERENCIA", "ПОДСКАЗКА":
		return hint
	case "QUERY", "ANFRAGE", "REQUÊTE", "CONSULTA", "ЗАПРОС":
		return query
	case "CONTEXT", "ZUSAMMENHANG", "CONTEXTE", "CONTEXTO", "КОНТЕКСТ":
		return context
	case "LOCATION", "ORT", "EMPLACEMENT", "UBICACIÓN", "ПОЛОЖЕНИЕ":
		return location
	case "STATEMENT", "ANWEISUNG", "INSTRUCTION", "SENTENCIA", "ОПЕРАТОР":
		return statement
	case "BACKTRACE":
		return backtrace
	}
	return none
}

// A marker is where the severity of a line stands.
type marker struct {
	role role
	// start is where the word begins, end where it ends, text where the message begins.
	start, end, text int
}

// maxPrefix is how far from the beginning of a line the severity can stand: prefixes hold names of
// at most 63 bytes.
const maxPrefix = 640

// findMarker finds the severity of a line: a known word, a colon and two blanks. What a client can
// put into the prefix (its name, its application) cannot hold two blanks behind a colon unless it
// means to mislead; then the rest of the line is the message, and everything can still be found.
func findMarker(line []byte) (m marker, ok bool) {
	head := line[:min(len(line), maxPrefix)]
	for from := 0; ; {
		i := bytes.Index(head[from:], []byte(":  "))
		if i < 0 {
			return m, false
		}
		end := from + i
		start := end
		for start > 0 && (head[start-1] >= 'A' && head[start-1] <= 'Z' || head[start-1] >= 0x80 || head[start-1] >= '1' && head[start-1] <= '5') {
			start--
		}
		if role := roleOf(head[start:end]); role != none && (start == 0 || standsApart(head[start-1])) {
			return marker{role: role, start: start, end: end, text: end + 3}, true
		}
		from = end + 1
	}
}

// standsApart tells that a severity can follow a character: other programs write "app.INFO:  ".
func standsApart(c byte) bool {
	return c == ' ' || c == '\t' || c == ':' || c == ']' || c == ')' || c == ',' || c == '>' || c == '|' || c == ';' || c == '/' || c == '@'
}

// findStamp finds the first date and time of a prefix.
func findStamp(prefix []byte) (at int, s entries.Stamp, n int) {
	if len(prefix) > 0 && prefix[0] >= '0' && prefix[0] <= '9' {
		if s, n = parseStamp(prefix); n > 0 {
			return 0, s, n
		}
	}
	for at = 1; at < len(prefix); at++ {
		c := prefix[at-1]
		if (c == ' ' || c == '[' || c == '(' || c == ':' || c == '=' || c == '|' || c == ',') && prefix[at] >= '0' && prefix[at] <= '9' {
			if s, n = parseStamp(prefix[at:]); n > 0 {
				return at, s, n
			}
		}
	}
	return 0, s, 0
}

// parseStamp takes full dates only.
func parseStamp(b []byte) (s entries.Stamp, n int) {
	if len(b) < 19 || b[4] != '-' {
		return s, 0
	}
	return entries.ParseStamp(b)
}

// programEnd gives where "postgres[pid]: " ends that syslog and logplex put before a line, 0 if it
// is not there.
func programEnd(prefix []byte) int {
	for _, program := range [...]string{" postgres[", " app[postgres.", " postgresql["} {
		i := bytes.Index(prefix, []byte(program))
		if i < 0 {
			continue
		}
		i += len(program)
		if end := bytes.IndexByte(prefix[i:], ']'); end > 0 && end < 12 && i+end+1 < len(prefix) {
			switch prefix[i+end+1] {
			case ':', ' ': // the one after a newer logplex
				return i + end + 2
			}
		}
	}
	return 0
}
