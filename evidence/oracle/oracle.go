// Package oracle reads the audit trails of Oracle Database outside of the database: the text files
// (*.aud) and XML files of the traditional audit (AUDIT_TRAIL = OS and XML, and the records of SYS),
// what unified and traditional audit write to syslog, and the view UNIFIED_AUDIT_TRAIL exported with
// a header as comma separated values.
//
// They are described in the Database Security Guide (https://docs.oracle.com/en/database/oracle/oracle-database/19/dbseg/,
// "Introduction to Auditing", "Administering the Audit Trail") and the Database Reference
// (UNIFIED_AUDIT_TRAIL, UNIFIED_AUDIT_SYSTEMLOG). docs/formats/oracle.md has what is made of them.
package oracle

import (
	"bytes"
	"io"
	"time"

	"aldebaran/event"
	"aldebaran/evidence/entries"
	"aldebaran/evidence/lines"
)

// A kind is one form of the trail.
type kind uint8

const (
	unknown kind = iota
	text         // *.aud
	xml
	sysLog
	csv
)

// A File is one opened trail. Immutable, safe for concurrent use.
type File struct {
	log  *lines.Log
	kind kind
	// host is the machine, if the trail says it.
	host string
	// header are the names of the columns.
	header []string
	// newest is about when the trail was last written: syslog leaves out the year.
	newest time.Time
}

// Sniff tells whether a file that begins with head is an audit trail of Oracle Database.
func Sniff(head []byte) bool {
	text, ok := lines.Head(head)
	return ok && recognise(text) != unknown
}

func recognise(head []byte) kind {
	first, dated := true, false
	for line := range entries.First(head) {
		has := func(s string) bool { return bytes.Contains(line, []byte(s)) }
		switch {
		case first && isHeader(line):
			return csv
		case isSyslog(line) > 0:
			return sysLog
		case has("<AuditRecord>") || has("<Audit ") && has("oracle"):
			if bytes.Contains(head, []byte("<Audit_Type>")) || has("oracle") {
				return xml
			}
		case isDate(line):
			dated = true
		case dated && (bytes.HasPrefix(line, []byte("LENGTH")) || bytes.HasPrefix(line, []byte("ACTION")) || bytes.HasPrefix(line, []byte("SESSIONID:["))) && has(":"):
			return text
		}
		first = false
	}
	return unknown
}

// isHeader tells the header of an export by the columns that no other view has.
func isHeader(line []byte) bool {
	upper := bytes.ToUpper(line[:min(len(line), 8<<10)])
	return bytes.Contains(upper, []byte("DBUSERNAME")) && bytes.Contains(upper, []byte("ACTION_NAME")) && bytes.IndexByte(upper, ',') > 0
}

// isSyslog gives where the record begins in a line of syslog, 0 if it holds none.
func isSyslog(line []byte) int {
	for _, program := range [...]string{"Oracle Unified Audit[", "Oracle Audit["} {
		i := bytes.Index(line, []byte(program))
		if i < 0 {
			continue
		}
		at := i + len(program)
		if end := bytes.Index(line[at:], []byte("]: ")); end > 0 && end < 12 {
			return at + end + len("]: ")
		}
	}
	return 0
}

// isDate tells the line with which a record of a text file begins: "Tue Mar 10 10:00:00 2020 +01:00".
func isDate(line []byte) bool {
	_, n := parseDate(line)
	return n > 0
}

// parseDate reads "Tue Mar 10 10:00:00 2020", without the zone behind it.
func parseDate(b []byte) (s entries.Stamp, n int) {
	const width = len("Tue Mar 10 10:00:00 2020")
	const days = "SunMonTueWedThuFriSat"
	if len(b) < width || b[3] != ' ' || b[7] != ' ' || b[10] != ' ' || b[19] != ' ' || bytes.Index([]byte(days), b[:3])%3 != 0 {
		return s, 0
	}
	month := monthOf(b[4:7])
	if month == 0 {
		return s, 0
	}
	var iso [19]byte
	copy(iso[:4], b[20:24])
	iso[4], iso[5], iso[6], iso[7] = '-', '0'+byte(month/10), '0'+byte(month%10), '-'
	iso[8], iso[9], iso[10] = b[8], b[9], ' '
	if b[8] == ' ' {
		iso[8] = '0'
	}
	copy(iso[11:], b[11:19])
	if s, n = entries.ParseStamp(iso[:]); n != len(iso) {
		return s, 0
	}
	return s, width
}

// monthOf gives the number of an English month of three letters in any case, 0 if it is none.
func monthOf(b []byte) int {
	const months = "JANFEBMARAPRMAYJUNJULAUGSEPOCTNOVDEC"
	var upper [3]byte
	if copy(upper[:], b) < 3 {
		return 0
	}
	for i := range upper {
		if upper[i] >= 'a' && upper[i] <= 'z' {
			upper[i] -= 'a' - 'A'
		}
	}
	i := bytes.Index([]byte(months), upper[:])
	if i < 0 || i%3 != 0 {
		return 0
	}
	return i/3 + 1
}

// Open looks at the beginning of a trail. Records of syslog are of the latest year in which they are
// not after opt.Newest; without that they have no time. The error is one of the file system.
func Open(r io.ReaderAt, size int64, path string, opt lines.Options) (*File, error) {
	log, first, err := entries.Open(r, size, path)
	if err != nil {
		return nil, err
	}
	f := &File{log: log, kind: recognise(first), newest: opt.Newest}
	switch f.kind {
	case text:
		if _, rest, ok := bytes.Cut(first, []byte("\nNode name:")); ok {
			node, _, _ := bytes.Cut(rest, []byte{'\n'})
			f.host = string(bytes.TrimSpace(node))
		}
	case csv:
		f.header = columns(first)
	}
	return f, nil
}

// maxColumns bounds the columns of an export; the view has some 110.
const maxColumns = 250

// columns gives the names in the first line that is not empty.
func columns(head []byte) (names []string) {
	line, _, _ := bytes.Cut(bytes.TrimLeft(head, "\r\n"), []byte{'\n'})
	line = bytes.TrimRight(line, "\r")
	var b entries.Builder
	var value []byte
	for rest := line; rest != nil && len(names) < maxColumns; {
		value, rest = b.CSV(rest)
		names = append(names, fieldName(value))
	}
	return names
}

// Units gives the pieces that can be read by themselves. A value of an export can hold anything
// between its quotes: it is one piece.
func (f *File) Units() []event.Unit {
	if f.kind == csv {
		return f.log.Units(0)
	}
	return f.log.Units(entries.UnitSize)
}

// Damage says what is wrong with the file as a whole: nothing can be.
func (f *File) Damage() []event.Damage { return nil }
