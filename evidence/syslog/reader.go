package syslog

import (
	"bytes"
	"fmt"
	"strconv"

	"aldebaran/event"
	"aldebaran/evidence/auditd"
	"aldebaran/evidence/cef"
	"aldebaran/evidence/json"
	"aldebaran/evidence/lines"
	"aldebaran/evidence/record"
)

// A Reader reads units of logs, one after the other, and keeps its buffers: one for each goroutine.
type Reader struct {
	rec   *record.Reader
	json  *json.Reader // of messages
	times record.Times
	zones zones
	stamp record.Stamp // of the line
}

// NewReader makes a reader. The year is that of the file that is read, see [Open].
func NewReader(opt lines.Options) *Reader {
	return &Reader{rec: record.NewReader(), json: json.NewReader(opt)}
}

// Read hands every record of a unit to emit, in order, until emit says false. The error is one of
// the file system; what could not be read is in the report.
func (r *Reader) Read(f *File, u event.Unit, emit func(*event.Event) bool) (event.Report, error) {
	r.times, r.zones = record.NewTimes(f.Options), zones{}
	report, err := r.rec.Read(f.Log, u, record.Format{Begins: begins, Parse: r.parse}, emit)
	report.Clock = r.zones.clock(f.Options)
	return report, err
}

// zones remembers how the lines of a unit told time.
type zones struct {
	// offset is that of the first line that says one; several says that others differ.
	offset      int
	said, mixed bool
	// bare says that there were lines without a zone, yearless that there were some without a year.
	bare, yearless bool
}

func (z *zones) see(s *record.Stamp) {
	switch {
	case !s.Zoned:
		z.bare = true
	case !z.said:
		z.said, z.offset = true, s.Zone
	case z.offset != s.Zone:
		z.mixed = true
	}
	z.yearless = z.yearless || s.Year < 0
}

func (z *zones) clock(opt lines.Options) event.Clock {
	if !z.bare && !z.said {
		return event.Clock{}
	}
	c := event.Clock{Zone: "several", How: "each line says its zone"}
	if z.bare {
		c = opt.Clock()
		if z.said {
			c.How += "; some lines say theirs"
		}
	} else if !z.mixed {
		sign, n := '+', z.offset/60
		if n < 0 {
			sign, n = '-', -n
		}
		c.Zone = fmt.Sprintf("%c%02d:%02d", sign, n/60, n%60)
		if n == 0 {
			c.Zone = "UTC"
		}
	}
	switch {
	case z.yearless && opt.Newest.IsZero():
		c.How += "; the lines do not say their year, and nothing else does"
	case z.yearless:
		c.How += "; the year is the latest in which a line is not after the file's time of change"
		c.Assumed = true
	}
	return c
}

// parse reads one record.
func (r *Reader) parse(l lines.Line) string {
	rec, e := r.rec, &r.rec.Event
	h, ok := readHeader(l.Text)
	if !ok {
		// Nothing is lost: keywords are found in it all the same.
		rec.Add("message", l.Text)
		e.Product, e.Service = "linux", "syslog"
		found := "none: it is kept as a message without a time"
		if l.Open {
			found += "; it may be half written"
		}
		rec.Damage("line", "a time in front", found, 0)
		return ""
	}
	if h.stamp.Month != 0 {
		e.Time = r.times.Time(&h.stamp)
		r.zones.see(&h.stamp)
	}
	r.stamp = h.stamp
	e.Computer = rec.String(h.host)
	if isCEF(h.message) && cef.Parse(rec, h.message, &r.times) {
		r.addHeader(&h)
		return ""
	}
	program := baseName(h.program)
	if at := auditd.Find(h.message); at >= 0 && mayAudit(program) {
		if auditd.Parse(rec, h.message[at:]) == "" {
			if e.Computer == "" {
				e.Computer = rec.String(h.host)
			}
			r.addHeader(&h)
			return ""
		}
		rec.Reset()
	}
	if string(program) == "sysmon" && r.sysmon(h.message) {
		r.addHeader(&h)
		return ""
	}
	if len(h.message) > 1 && h.message[0] == '{' && r.carried(h.message) || r.snare(h.message) {
		r.addHeader(&h)
		return ""
	}
	rec.Add("message", h.message)
	r.addHeader(&h)
	switch {
	case h.fortinet:
		r.fortinet(h.message)
	case h.own == "dovecot":
		e.Product, e.Category = "dovecot", "mail"
		r.dovecot(h.message)
	case h.own == "vsftpd":
		e.Product, e.Service = "linux", "vsftpd"
		r.vsftpd(h.message)
	default:
		r.program(program, h.message)
	}
	return ""
}

// carried reads a message that is a record of another maker in JSON: what collectors of Windows events,
// Suricata, Zeek and others send over syslog. Time and host are the record's own, if it has them.
func (r *Reader) carried(message []byte) bool {
	inner, unsure, ok := r.json.Message(bytes.TrimRight(message, " "))
	if !ok {
		return false
	}
	e := &r.rec.Event
	e.Product, e.Category, e.Service = inner.Product, inner.Category, inner.Service
	e.Channel, e.Provider, e.EventID, e.RecordID = inner.Channel, inner.Provider, inner.EventID, inner.RecordID
	if inner.Computer != "" {
		e.Computer = inner.Computer
	}
	if !inner.Time.IsZero() {
		e.Time = inner.Time
		r.zones.bare = r.zones.bare || unsure
	}
	for i, v := range inner.Values {
		r.rec.AddValue(inner.Shape.Fields[i], v)
	}
	return true
}

// addHeader adds what stands in front of the message.
func (r *Reader) addHeader(h *header) {
	rec := r.rec
	if len(h.host) > 0 {
		rec.AddSystem("host", h.host)
	}
	if len(h.program) > 0 {
		rec.AddSystem("program", h.program)
	} else if h.own != "" {
		rec.AddSystemText("program", h.own)
	}
	if h.pid != nil {
		rec.AddSystem("pid", h.pid)
	}
	if h.pri >= 0 {
		rec.AddSystemText("facility", facility(h.pri/8))
		rec.AddSystemText("severity", severity(h.pri%8))
	} else if h.level != nil {
		rec.AddSystem("severity", h.level)
	}
	if h.msgid != nil {
		rec.AddSystem("msgid", h.msgid)
	}
	if len(h.data) > 0 {
		rec.AddSystem("structured_data", h.data)
		r.structured(h.data)
	}
}

// structured adds the parameters of structured data (RFC 5424 6.3). In their values a backslash
// stands before a quote, a backslash or a closing bracket.
func (r *Reader) structured(b []byte) {
	for {
		eq := bytes.Index(b, []byte(`="`))
		if eq < 0 {
			return
		}
		name := b[:eq]
		if i := bytes.LastIndexAny(name, " ["); i >= 0 {
			name = name[i+1:]
		}
		b = b[eq+2:]
		end, escaped := 0, false
		for end < len(b) && b[end] != '"' {
			if b[end] == '\\' {
				escaped = true
				end++
			}
			end++
		}
		end = min(end, len(b))
		value := b[:end]
		if escaped {
			at := len(r.rec.Scratch)
			for i := 0; i < len(value); i++ {
				if value[i] == '\\' && i+1 < len(value) && (value[i+1] == '"' || value[i+1] == '\\' || value[i+1] == ']') {
					i++
				}
				r.rec.Scratch = append(r.rec.Scratch, value[i])
			}
			value = r.rec.Scratch[at:]
		}
		if len(name) > 0 {
			r.rec.AddNamed(name, value)
		}
		b = b[min(end+1, len(b)):]
	}
}

// baseName takes the path off a program: "/usr/sbin/CRON", but not "postfix/smtpd".
func baseName(program []byte) []byte {
	if len(program) > 0 && program[0] == '/' {
		return program[bytes.LastIndexByte(program, '/')+1:]
	}
	return program
}

// mayAudit tells whether a program passes on records of the audit system.
func mayAudit(program []byte) bool {
	switch string(program) {
	case "audispd", "audisp-syslog", "auditd", "audit", "kernel", "":
		return true
	}
	return false
}

// facility gives the name of a facility in syslog.conf(5).
func facility(n int) string {
	names := [...]string{
		"kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv", "ftp",
		"ntp", "audit", "alert", "clock", "local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7",
	}
	if n < len(names) {
		return names[n]
	}
	return strconv.Itoa(n)
}

// severity gives the name of a severity in syslog.conf(5).
func severity(n int) string {
	return [...]string{"emerg", "alert", "crit", "err", "warning", "notice", "info", "debug"}[n&7]
}
