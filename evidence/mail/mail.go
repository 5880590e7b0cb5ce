// Package mail reads logs that mail servers write themselves, not through syslog: Exim's main log,
// and Zimbra's mailbox.log, audit.log and the others that its server writes in log4j's layout. In
// goes a file; out come events of products exim and zimbra.
//
// Exim (https://www.exim.org/exim-html-current/doc/html/spec_html/ch-log_files.html):
//
//	2022-06-29 16:04:05 1o6YQz-0003Xk-7C <= amal@example H=host (helo) [192.0.2.1]:55379 P=esmtpsa A=plain:amal
//	2022-06-29 16:04:05 dovecot_login authenticator failed for ([192.0.2.5]) [192.0.2.4]:55379: 535 ... (set_id=amal)
//
// Zimbra (https://wiki.zimbra.com/wiki/Log_Files):
//
//	2021-03-03 19:26:38,616 INFO  [thread:https://host:7071/service/...] [name=amal;oip=192.0.2.1;] class - message
package mail

import (
	"bytes"
	"io"

	"aldebaran/event"
	"aldebaran/evidence/lines"
	"aldebaran/evidence/record"
)

// Sniff tells whether a file that begins with head is a log of Exim or Zimbra.
func Sniff(head []byte) bool {
	const enough = 50 // lines that are looked at
	yes, no := lines.Vote(head, enough, func(line []byte) (is, tells bool) {
		if !begins(line) {
			return false, false
		}
		_, said := readTime(line)
		z, zimbra := readZimbra(said)
		return zimbra && z.certain() || !zimbra && isExim(said), true
	})
	return yes > no
}

// A File is one log. Immutable, safe for concurrent use.
type File = record.File

// Open opens a log. Its times are local unless opt or, in Exim's, the line itself says otherwise.
// The error is one of the file system.
func Open(r io.ReaderAt, size int64, path string, opt lines.Options) (*File, error) {
	return record.Open(r, size, path, opt)
}

// A Reader reads units of logs, one after the other, and keeps its buffers: one for each goroutine.
type Reader struct {
	rec   *record.Reader
	times record.Times
	// bare says that there were lines without a zone, zoned that there were some with one.
	bare, zoned bool
}

// NewReader makes a reader. The zone is that of the file that is read, see [Open].
func NewReader(lines.Options) *Reader { return &Reader{rec: record.NewReader()} }

// Read hands every record of a unit to emit, in order, until emit says false. The error is one of
// the file system; what could not be read is in the report.
func (r *Reader) Read(f *File, u event.Unit, emit func(*event.Event) bool) (event.Report, error) {
	r.times = record.NewTimes(f.Options)
	r.bare, r.zoned = false, false
	report, err := r.rec.Read(f.Log, u, record.Format{Begins: begins, Parse: r.parse}, emit)
	switch report.Clock = f.Options.Clock(); {
	case r.zoned && !r.bare:
		report.Clock = event.Clock{Zone: "UTC", How: "each line says how far its zone is from it"}
	case report.Clock.Assumed:
		report.Clock.How = "the log is in local time and does not say its zone"
		if r.zoned {
			report.Clock.How += "; some lines say theirs"
		}
	}
	return report, err
}

// begins tells whether a line begins with a time; others belong to the record before them.
func begins(line []byte) bool {
	if len(line) < 20 || line[0] < '0' || line[0] > '9' || line[4] != '-' {
		return false
	}
	s, ok := record.ReadStamp(line)
	return ok && s.Style == record.Blank && s.Length < len(line) && line[s.Length] == ' '
}

// readTime reads the time, and the zone that Exim writes behind it (log_timezone = true).
func readTime(line []byte) (s record.Stamp, rest []byte) {
	s, ok := record.ReadStamp(line)
	if !ok {
		return s, line
	}
	rest = bytes.TrimLeft(line[s.Length:], " ")
	if len(rest) > 6 && (rest[0] == '+' || rest[0] == '-') && rest[5] == ' ' {
		if h, m, ok := zone(rest[1:5]); ok {
			s.Zone, s.Zoned = h*3600+m*60, true
			if rest[0] == '-' {
				s.Zone = -s.Zone
			}
			rest = rest[6:]
		}
	}
	return s, rest
}

func zone(b []byte) (hours, minutes int, ok bool) {
	for _, c := range b {
		if c < '0' || c > '9' {
			return 0, 0, false
		}
	}
	hours, minutes = int(b[0]-'0')*10+int(b[1]-'0'), int(b[2]-'0')*10+int(b[3]-'0')
	return hours, minutes, hours <= 14 && minutes <= 59
}

// parse reads one record.
func (r *Reader) parse(l lines.Line) string {
	e := &r.rec.Event
	e.Category = "mail"
	if !begins(l.Text) {
		// The log begins in the middle of a record: nothing is lost, but it has no time.
		e.Product = "exim"
		r.rec.Add("message", l.Text)
		r.rec.Damage("line", "a time in front", "none: it is kept as a message without a time", 0)
		return ""
	}
	s, rest := readTime(l.Text)
	e.Time = r.times.Time(&s)
	r.bare, r.zoned = r.bare || !s.Zoned, r.zoned || s.Zoned
	if z, ok := readZimbra(rest); ok {
		r.zimbra(&z)
		return ""
	}
	e.Product = "exim"
	r.rec.Add("message", rest)
	r.exim(rest)
	return ""
}

// result adds what was done and how it ended.
func (r *Reader) result(action, result string) {
	r.rec.AddText("action", action)
	r.rec.AddText("result", result)
}
