// Package mssql reads the text logs of Microsoft SQL Server: ERRORLOG with its older ones
// (ERRORLOG.1 ...), and SQLAGENT.OUT of the SQL Server Agent. In go files in UTF-8, UTF-16 or a code
// page; out come events with the fields of those that the server writes to the Windows event log.
//
// The server writes its messages (sys.messages) to both. So an entry whose message number is known
// is a Windows event of the channel Application here too, and rules for that find it when the event
// log is gone:
//
//	2022-12-20 12:36:54.17 Logon       Error: 18456, Severity: 14, State: 8.
//	2022-12-20 12:36:54.17 Logon       Login failed for user 'SA'. Reason: ... [CLIENT: 172.17.0.3]
//
// The format has no specification; https://learn.microsoft.com/sql/tools/configuration-manager/viewing-the-sql-server-error-log
// and https://learn.microsoft.com/sql/relational-databases/errors-events/database-engine-events-and-errors
// describe the log and the messages. docs/formats/mssql.md has what is made of them.
package mssql

import (
	"bytes"
	"io"
	"time"

	"aldebaran/event"
	"aldebaran/evidence/entries"
	"aldebaran/evidence/lines"
)

// A kind is one of the logs.
type kind uint8

const (
	unknown kind = iota
	errorLog
	agentLog
)

// A File is one opened log. Immutable, safe for concurrent use.
type File struct {
	log  *lines.Log
	kind kind
	// host is the machine, provider the name under which the server writes Windows events.
	host, provider string
	// zone is what the log says of its clock; nil if it does not.
	zone *time.Location
}

// Sniff tells whether a file that begins with head is a log of SQL Server.
func Sniff(head []byte) bool {
	text, ok := lines.Head(head)
	return ok && recognise(text) != unknown
}

func recognise(text []byte) kind {
	for line := range entries.First(text) {
		if isAgent(line) {
			return agentLog
		}
		if stamp, source, text, ok := cutEntry(line); ok && isSource(source) && (len(stamp) == stampWidth || isKnown(source, text)) {
			return errorLog
		}
	}
	return unknown
}

// stampWidth is that of the times in a log: "2022-12-20 12:36:54.17".
const stampWidth = len("2022-12-20 12:36:54.17")

// cutEntry takes the first line of an entry apart: a time with two decimals, who wrote it, and the
// message, in columns of their own. What sp_readerrorlog gave has three decimals, and tabs or single
// blanks between the columns.
func cutEntry(line []byte) (stamp, source, text []byte, ok bool) {
	if len(line) < stampWidth+2 || line[4] != '-' {
		return nil, nil, nil, false
	}
	n := stampWidth
	if c := line[stampWidth]; c >= '0' && c <= '9' {
		n++
	}
	if line[n] != ' ' && line[n] != '\t' {
		return nil, nil, nil, false
	}
	if _, end := entries.ParseStamp(line); end != n {
		return nil, nil, nil, false
	}
	stamp, line = line[:n], line[n+1:]
	n = 0
	for n < len(line) && (line[n] >= '0' && line[n] <= '9' || line[n]|0x20 >= 'a' && line[n]|0x20 <= 'z' || line[n] >= 0x80) {
		n++
	}
	if n == 0 || n < len(line) && line[n] != ' ' && line[n] != '\t' {
		return nil, nil, nil, false
	}
	return stamp, line[:n], bytes.TrimLeft(line[n:], " \t"), true
}

// isKnown tells whether an entry that is not in the form of the log is one for certain: other programs
// write such times, and words behind them.
func isKnown(source, text []byte) bool {
	if bytes.HasPrefix(source, []byte("spid")) {
		return true
	}
	_, _, _, numbered := header(text)
	return numbered || parse(text).id != 0
}

// isSource tells the writers that an ERRORLOG knows: the server, its logons and backups, and the
// threads of sessions (spid51) and of the system (spid51s).
func isSource(b []byte) bool {
	switch string(b) {
	case "Server", "server", "Logon", "logon", "Backup", "backup":
		return true
	}
	digits, ok := bytes.CutPrefix(b, []byte("spid"))
	digits = bytes.TrimSuffix(digits, []byte{'s'})
	return ok && lines.IsNumber(digits)
}

// isAgent tells "2022-12-20 12:00:00 - ? [100] message": the mark is ? for information, + for a
// warning, ! for an error.
func isAgent(line []byte) bool {
	const width = len("2022-12-20 12:00:00")
	if len(line) < width+len(" - ? [1]") || line[4] != '-' || line[width] != ' ' || line[width+1] != '-' || line[width+2] != ' ' ||
		bytes.IndexByte([]byte("?+!"), line[width+3]) < 0 || line[width+4] != ' ' || line[width+5] != '[' {
		return false
	}
	_, n := entries.ParseStamp(line)
	number, _, ok := bytes.Cut(line[width+6:], []byte{']'})
	return n == width && ok && lines.IsNumber(number)
}

// Open looks at the beginning of a log, where the server says its name and how far its clock is from
// UTC.
func Open(r io.ReaderAt, size int64, path string, opt lines.Options) (*File, error) {
	log, text, err := entries.Open(r, size, path)
	if err != nil {
		return nil, err
	}
	f := &File{log: log, kind: recognise(text), provider: "MSSQLSERVER"}
	for line := range bytes.Lines(text) {
		stamp, _, message, ok := cutEntry(line)
		if !ok {
			continue
		}
		if name, ok := bytes.CutPrefix(message, []byte("Server name is '")); ok && f.host == "" {
			name, _, _ = bytes.Cut(name, []byte{'\''})
			host, instance, named := bytes.Cut(name, []byte{'\\'})
			f.host = string(host)
			if named {
				f.provider = "MSSQL$" + string(instance)
			}
		}
		if value, ok := bytes.CutPrefix(message, []byte("UTC adjustment: ")); ok && f.zone == nil {
			f.zone = adjustment(bytes.TrimRight(value, " .\r\n"), stamp, opt)
		}
	}
	return f, nil
}

// adjustment reads "-8:00". It is that of the moment when the log was begun: if the zone that the
// user named agrees with it then, that one is taken, because it knows of summer time.
func adjustment(value, stamp []byte, opt lines.Options) *time.Location {
	sign := 1
	if len(value) > 0 && value[0] == '-' {
		sign, value = -1, value[1:]
	}
	h, m, ok := bytes.Cut(value, []byte{':'})
	if !ok || len(h) > 2 || len(m) != 2 || !lines.IsNumber(h) || !lines.IsNumber(m) {
		return nil
	}
	hours, minutes := lines.Number(h), lines.Number(m)
	if hours > 14 || minutes > 59 {
		return nil
	}
	offset := sign * (hours*3600 + minutes*60)
	if s, n := entries.ParseStamp(stamp); n > 0 && opt.Zone != nil {
		var c entries.Clock
		if _, have := c.At(s, opt.Zone).In(opt.Zone).Zone(); have == offset {
			return opt.Zone
		}
	}
	if offset == 0 {
		return time.UTC
	}
	return time.FixedZone(time.Unix(0, 0).In(time.FixedZone("", offset)).Format("-07:00"), offset)
}

// Units gives the pieces that can be read by themselves. An entry can need the one before it, which
// says its number: a log is one piece.
func (f *File) Units() []event.Unit { return f.log.Units(0) }

// Damage says what is wrong with the file as a whole: nothing can be.
func (f *File) Damage() []event.Damage { return nil }
