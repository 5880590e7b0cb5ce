// Package cef reads records of the formats CEF and LEEF, in which firewalls, proxies, mail gateways
// and scanners pass on events. In go a file of them, or one record out of syslog; out come events
// with the names of the format, and those of Sigma's taxonomy beside them.
//
// The formats: ArcSight Common Event Format, implementation standard, version 26
// (https://www.microfocus.com/documentation/arcsight/arcsight-smartconnectors/), and IBM's Log Event
// Extended Format (https://www.ibm.com/docs/en/dsm?topic=leef-overview):
//
//	CEF:0|Vendor|Product|Version|Class|Name|Severity|src=192.0.2.1 msg=two words act=blocked
//	LEEF:1.0|Vendor|Product|Version|EventID|src=192.0.2.1<TAB>usrName=amal
//	LEEF:2.0|Vendor|Product|Version|EventID|^|src=192.0.2.1^usrName=amal
package cef

import (
	"bytes"
	"io"

	"aldebaran/event"
	"aldebaran/evidence/lines"
	"aldebaran/evidence/record"
)

// Sniff tells whether a file that begins with head holds one record of CEF or LEEF on each line.
func Sniff(head []byte) bool {
	text, ok := lines.Head(head)
	return ok && is(bytes.TrimLeft(text, "\r\n \t"))
}

func is(b []byte) bool {
	rest, ok := bytes.CutPrefix(b, []byte("CEF:"))
	if !ok {
		rest, ok = bytes.CutPrefix(b, []byte("LEEF:"))
	}
	return ok && len(rest) > 1 && rest[0] >= '0' && rest[0] <= '9' && bytes.IndexByte(rest[:min(len(rest), 4)], '|') > 0
}

// A File is one log. Immutable, safe for concurrent use.
type File = record.File

// Open opens a log. The error is one of the file system.
func Open(r io.ReaderAt, size int64, path string, opt lines.Options) (*File, error) {
	return record.Open(r, size, path, opt)
}

// A Reader reads units of logs, one after the other, and keeps its buffers: one for each goroutine.
type Reader struct{ rec *record.Reader }

// NewReader makes a reader. The zone is that of the file that is read, see [Open].
func NewReader(lines.Options) *Reader { return &Reader{record.NewReader()} }

// Read hands every record of a unit to emit, in order, until emit says false. The error is one of
// the file system; what could not be read is in the report.
func (r *Reader) Read(f *File, u event.Unit, emit func(*event.Event) bool) (event.Report, error) {
	times := record.NewTimes(f.Options)
	return r.rec.Read(f.Log, u, record.Format{
		Parse: func(l lines.Line) string {
			if !Parse(r.rec, bytes.TrimLeft(l.Text, " \t"), &times) {
				return "CEF:0|Vendor|Product|Version|Class|Name|Severity|..., or LEEF"
			}
			return ""
		},
		Clock: f.Options.Clock(),
	}, emit)
}
