// Package auditd reads the log of the Linux audit system, raw or enriched. In go a file, or one
// record out of syslog; out come events with the field names of the records themselves, which are
// those of Sigma's rules for service auditd.
//
// The format: https://github.com/linux-audit/audit-documentation/wiki/SPEC-Writing-Good-Events and
// auditd.conf(5), log_format. One record is one line, and one event here; records of one event of
// the kernel have the same serial number:
//
//	[node=HOST ]type=SYSCALL msg=audit(1684329817.579:2995): arch=c000003e syscall=59 ... key="x"
//	type=EXECVE msg=audit(1684329817.579:2995): argc=2 a0="id" a1=2D6E
//
// Enriched logs add what the numbers meant on that host behind a byte 0x1d: ARCH=x86_64
// SYSCALL=execve UID="root".
package auditd

import (
	"io"

	"aldebaran/event"
	"aldebaran/evidence/lines"
	"aldebaran/evidence/record"
)

// Sniff tells whether a file that begins with head is an audit log: most of its first lines are
// records.
func Sniff(head []byte) bool {
	const enough = 50 // lines that are looked at
	yes, no := lines.Vote(head, enough, func(line []byte) (is, tells bool) {
		_, is = readPrefix(line)
		return is, true
	})
	return yes > 0 && yes >= no
}

// A File is one log. Immutable, safe for concurrent use.
type File = record.File

// Open opens a log. The error is one of the file system.
func Open(r io.ReaderAt, size int64, path string, opt lines.Options) (*File, error) {
	return record.Open(r, size, path, opt)
}

// A Reader reads units of logs, one after the other, and keeps its buffers: one for each goroutine.
type Reader struct{ rec *record.Reader }

// NewReader makes a reader.
func NewReader(lines.Options) *Reader { return &Reader{record.NewReader()} }

// Read hands every record of a unit to emit, in order, until emit says false. The error is one of
// the file system; what could not be read is in the report.
func (r *Reader) Read(f *File, u event.Unit, emit func(*event.Event) bool) (event.Report, error) {
	return r.rec.Read(f.Log, u, record.Format{
		Parse: func(l lines.Line) string { return Parse(r.rec, l.Text) },
		Clock: event.Clock{Zone: "UTC", How: "the format writes seconds since 1970 in UTC"},
	}, emit)
}
