// Package mysql reads the logs of MySQL, MariaDB and Percona Server: the general query log, the slow
// query log, the error log (as text and JSON), and the logs of their audit plugins (XML in the old
// and the new style, JSON, MariaDB's comma separated values), from version 4 on.
//
// The formats are described in https://dev.mysql.com/doc/refman/8.4/en/server-logs.html,
// https://dev.mysql.com/doc/refman/8.4/en/audit-log-file-formats.html,
// https://docs.percona.com/percona-server/8.0/audit-log-plugin.html and
// https://mariadb.com/kb/en/mariadb-audit-plugin-log-format/. docs/formats/mysql.md has what is made of them.
package mysql

import (
	"bytes"
	"io"

	"aldebaran/event"
	"aldebaran/evidence/entries"
	"aldebaran/evidence/lines"
)

// A kind is one of the logs, in one of its forms.
type kind uint8

const (
	unknown kind = iota
	banner       // only what every log begins with is there yet
	general
	slow
	errorText
	errorJSON
	auditXML
	auditJSON
	auditCSV
)

// A File is one opened log. Immutable, safe for concurrent use.
type File struct {
	log  *lines.Log
	kind kind
}

// Sniff tells whether a file that begins with head is a log of MySQL or MariaDB.
func Sniff(head []byte) bool {
	text, ok := lines.Head(head)
	return ok && recognise(text) != unknown
}

// Open looks at the beginning of a log.
func Open(r io.ReaderAt, size int64, path string, _ lines.Options) (*File, error) {
	log, text, err := entries.Open(r, size, path)
	if err != nil {
		return nil, err
	}
	return &File{log: log, kind: recognise(text)}, nil
}

// Units gives the pieces that can be read by themselves. Entries of the general and the slow log
// leave out what the ones before said (the time, the user of a connection): they are one piece.
func (f *File) Units() []event.Unit {
	switch f.kind {
	case errorText, errorJSON, auditXML, auditCSV:
		return f.log.Units(entries.UnitSize)
	}
	return f.log.Units(0)
}

// Damage says what is wrong with the file as a whole: nothing can be.
func (f *File) Damage() []event.Damage { return nil }

func recognise(text []byte) kind {
	found := unknown
	for line := range entries.First(text) {
		switch k := recogniseLine(line); k {
		case unknown:
		case banner:
			found = banner
		default:
			return k
		}
	}
	return found
}

func recogniseLine(line []byte) kind {
	switch line[0] {
	case '#':
		if isSlowHeader(line) {
			return slow
		}
		return unknown
	case '<':
		if bytes.HasPrefix(line, []byte("<AUDIT_RECORD")) || bytes.HasPrefix(line, []byte("<AUDIT>")) {
			return auditXML
		}
		return unknown
	case '{', '[':
		return recogniseJSON(line)
	case ' ', '\t':
		trimmed := bytes.TrimLeft(line, " \t")
		switch {
		case bytes.HasPrefix(trimmed, []byte("<AUDIT_RECORD")):
			return auditXML
		case bytes.HasPrefix(trimmed, []byte("{")):
			return recogniseJSON(trimmed)
		}
	}
	if isBanner(line) {
		return banner
	}
	if isAuditCSV(line) {
		return auditCSV
	}
	if g, ok := parseGeneral(line); ok && (g.timed || bytes.HasPrefix(line, []byte("\t\t"))) {
		return general
	}
	if isErrorText(line) {
		return errorText
	}
	return unknown
}

func recogniseJSON(line []byte) kind {
	has := func(key string) bool { return bytes.Contains(line, []byte(key)) }
	switch {
	case has(`"audit_record"`) && (has(`"sqltext"`) || has(`"record"`)):
		return auditJSON
	case has(`"timestamp"`) && has(`"class"`) && has(`"event"`) && (has(`"connection_id"`) || has(`"account"`) || has(`"startup_data"`)):
		return auditJSON
	case has(`"err_code"`) && has(`"prio"`) && has(`"msg"`):
		return errorJSON
	}
	return unknown
}

// isBanner tells the lines that a server writes at the beginning of the general and the slow log.
func isBanner(line []byte) bool {
	return bytes.Contains(line, []byte(", Version: ")) && bytes.HasSuffix(bytes.TrimRight(line, " \t\r"), []byte("started with:")) ||
		bytes.HasPrefix(line, []byte("Tcp port: ")) || bytes.HasPrefix(line, []byte("TCP Port: ")) ||
		bytes.HasPrefix(line, []byte("Time                 Id Command"))
}

// isErrorText tells a line of the error log by its time, thread and level:
//
//	2021-11-09  5:13:12 8 [Warning] ...    2020-08-06T14:25:02.835618Z 0 [Note] [MY-012487] [InnoDB] ...
//	090902  8:15:00 [Note] ...             091205  4:49:04InnoDB: ...   091205 04:49:10 mysqld_safe ...
func isErrorText(line []byte) bool {
	_, n := entries.ParseStamp(line)
	if n == 0 {
		return false
	}
	rest := line[n:]
	if line[4] == '-' {
		var z entries.Zones
		_, m := z.Parse(rest)
		rest = bytes.TrimLeft(rest[m:], " ")
		digits := countDigits(rest)
		if digits == 0 {
			return bytes.HasPrefix(rest, []byte("mysqld_safe "))
		}
		rest = rest[digits:]
	}
	rest = bytes.TrimLeft(rest, " ")
	if len(rest) > 0 && rest[0] == '[' {
		level, _, ok := bytes.Cut(rest[1:], []byte{']'})
		switch string(level) {
		case "Note", "Warning", "ERROR", "System":
			return ok
		}
		return false
	}
	return line[4] != '-' && (bytes.HasPrefix(rest, []byte("InnoDB:")) || bytes.HasPrefix(rest, []byte("mysqld")) ||
		bytes.HasPrefix(rest, []byte("- mysqld got signal")) || bytes.HasPrefix(rest, []byte("mariadbd")))
}

func countDigits(b []byte) (n int) {
	for n < len(b) && b[n] >= '0' && b[n] <= '9' {
		n++
	}
	return n
}
