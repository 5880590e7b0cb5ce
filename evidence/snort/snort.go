// Package snort reads alerts that Snort and Suricata write on one line each: alert_fast of Snort 2
// and 3, fast.log of Suricata. In go a file; out come events with the names of Suricata's eve.json.
//
// The formats: https://docs.suricata.io/en/latest/configuration/suricata-yaml.html#line-based-alerts-log-fast-log
// and the manual of Snort, "alert_fast":
//
//	03/01/2026-08:00:00.123456  [**] [1:2024364:5] ET SCAN x [**] [Classification: Misc Attack] [Priority: 2] {TCP} 192.0.2.1:4711 -> 198.51.100.2:80
//	03/01-08:00:00.123456 [Drop] [**] [1:648:18] "x" [**] [Priority: 1] {ICMP} 2001:db8::1 -> 2001:db8::2
package snort

import (
	"bytes"
	"io"

	"aldebaran/event"
	"aldebaran/evidence/lines"
	"aldebaran/evidence/record"
)

// Sniff tells whether a file that begins with head holds such alerts: most of its first lines are.
func Sniff(head []byte) bool {
	const enough = 20 // lines that are looked at
	yes, no := lines.Vote(head, enough, func(line []byte) (is, tells bool) {
		_, _, is = begins(line)
		return is, true
	})
	return yes > no
}

// A File is one log. Immutable, safe for concurrent use.
type File = record.File

// Open opens a log. The error is one of the file system.
func Open(r io.ReaderAt, size int64, path string, opt lines.Options) (*File, error) {
	return record.Open(r, size, path, opt)
}

// A Reader reads units of logs, one after the other, and keeps its buffers: one for each goroutine.
type Reader struct {
	rec   *record.Reader
	times record.Times
}

// NewReader makes a reader. The zone is that of the file that is read, see [Open].
func NewReader(lines.Options) *Reader { return &Reader{rec: record.NewReader()} }

// Read hands every alert of a unit to emit, in order, until emit says false. The error is one of the
// file system; what could not be read is in the report.
func (r *Reader) Read(f *File, u event.Unit, emit func(*event.Event) bool) (event.Report, error) {
	r.times = record.NewTimes(f.Options)
	return r.rec.Read(f.Log, u, record.Format{Parse: r.parse, Clock: f.Options.Clock()}, emit)
}

// want is what an alert looks like, for messages about lines that are none.
const want = "MM/DD[/YYYY]-hh:mm:ss.ffffff [**] [GID:SID:REV] message [**]"

// marks stand around the message.
var marks = []byte("[**]")

// begins reads the time that a line begins with, and gives what follows it up to the first marks
// and behind them.
func begins(line []byte) (s record.Stamp, rest []byte, ok bool) {
	at := bytes.IndexByte(line[:min(len(line), len("03/01/2026-"))], '-')
	if at < 0 {
		return s, nil, false
	}
	month, rest, _ := bytes.Cut(line[:at], []byte{'/'})
	day, year, dated := bytes.Cut(rest, []byte{'/'})
	if len(month) != 2 || len(day) != 2 {
		return s, nil, false
	}
	var monthOK, dayOK bool
	s.Month, monthOK = number(month)
	s.Day, dayOK = number(day)
	s.Year = -1
	if dated {
		if s.Year, dated = number(year); !dated {
			return s, nil, false
		}
		if len(year) == 2 {
			s.Year += 2000 // Snort 2 with -y
		}
	}
	if !monthOK || !dayOK || s.Month < 1 || s.Month > 12 || s.Day < 1 || s.Day > 31 {
		return s, nil, false
	}
	end, ok := s.ReadTime(line, at+1)
	if !ok {
		return s, nil, false
	}
	const longest = 40 // bytes of what an inline sensor did
	rest = line[end:]
	if i := bytes.Index(rest[:min(len(rest), longest)], marks); i < 1 {
		return s, nil, false
	}
	return s, rest, true
}

func number(b []byte) (n int, ok bool) {
	const most = 5 // digits of a port
	if len(b) == 0 || len(b) > most {
		return 0, false
	}
	for _, c := range b {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int(c-'0')
	}
	return n, true
}

// parse reads one alert.
func (r *Reader) parse(l lines.Line) string {
	s, rest, ok := begins(l.Text)
	if !ok {
		return want
	}
	action, rest, _ := bytes.Cut(rest, marks)
	if !ParseAlert(r.rec, action, bytes.TrimLeft(rest, " ")) {
		return want
	}
	r.rec.Event.Time = r.times.Time(&s)
	return ""
}

// ParseAlert reads an alert from its numbers on, as it stands in a file behind the time and in syslog
// as the message, and adds its fields and labels to rec; it says false, and adds nothing, if it is none.
// The action is what an inline sensor did, in brackets.
//
//	[1:2024364:5] ET SCAN x [**] [Classification: Misc Attack] [Priority: 2] {TCP} 192.0.2.1:4711 -> 198.51.100.2:80
//	[1:2024364:5] ET SCAN x [Classification: Misc Attack] [Priority: 2]: <eth0> {TCP} 192.0.2.1:4711 -> 198.51.100.2:80
func ParseAlert(rec *record.Reader, action, alert []byte) bool {
	id, rest, ok := bytes.Cut(bytes.TrimPrefix(alert, []byte{'['}), []byte{']'})
	gid, sid, rev, numbered := threeNumbers(id)
	if !ok || !numbered {
		return false
	}
	// The message is the rule's; what stands behind the last marks is the sensor's. Snort leaves them out in syslog.
	at, tail := bytes.LastIndex(rest, marks), []byte(nil)
	if at >= 0 {
		tail = rest[at+len(marks):]
	} else {
		for _, first := range [...]string{" [Classification: ", " [Priority: ", " {"} {
			if at = bytes.LastIndex(rest, []byte(first)); at >= 0 {
				tail = rest[at:]
				break
			}
		}
	}
	if at < 0 {
		return false
	}
	e := &rec.Event
	e.Product, e.Category, e.Service = "suricata", "", "alert"
	rec.AddText("event_type", "alert")
	rec.Add("alert.gid", gid)
	rec.Add("alert.signature_id", sid)
	rec.Add("alert.rev", rev)
	rec.Add("alert.signature", unquote(bytes.TrimSpace(rest[:at])))
	if action = bytes.Trim(action, " []"); len(action) > 0 {
		rec.Add("alert.action", action)
	}
	addTail(rec, tail)
	return true
}

// threeNumbers takes GID:SID:REV apart.
func threeNumbers(id []byte) (gid, sid, rev []byte, ok bool) {
	gid, rest, _ := bytes.Cut(id, []byte{':'})
	sid, rev, _ = bytes.Cut(rest, []byte{':'})
	for _, part := range [...][]byte{gid, sid, rev} {
		for _, c := range part {
			if c < '0' || c > '9' {
				return nil, nil, nil, false
			}
		}
	}
	return gid, sid, rev, len(gid) > 0 && len(sid) > 0 && len(rev) > 0
}

// unquote takes off the quotes that Snort 3 puts around messages.
func unquote(b []byte) []byte {
	if len(b) >= 2 && b[0] == '"' && b[len(b)-1] == '"' {
		return b[1 : len(b)-1]
	}
	return b
}

// addTail reads "[Classification: Misc Attack] [Priority: 2] {TCP} 192.0.2.1:4711 -> 198.51.100.2:80".
func addTail(rec *record.Reader, b []byte) {
	for {
		b = bytes.TrimLeft(b, " :")
		if len(b) == 0 || b[0] != '[' {
			break
		}
		inside, rest, ok := bytes.Cut(b[1:], []byte{']'})
		if !ok {
			break
		}
		name, value, _ := bytes.Cut(inside, []byte(": "))
		switch string(name) {
		case "Classification":
			rec.Add("alert.category", value)
		case "Priority":
			rec.Add("alert.severity", value)
		case "AppID":
			rec.Add("app_proto", value)
		}
		b = rest
	}
	if len(b) > 0 && b[0] == '<' { // the interface
		if _, rest, ok := bytes.Cut(b, []byte("> ")); ok {
			b = rest
		}
	}
	if len(b) > 0 && b[0] == '{' {
		if proto, rest, ok := bytes.Cut(b[1:], []byte{'}'}); ok {
			rec.Add("proto", proto)
			b = rest
		}
	}
	from, to, ok := bytes.Cut(b, []byte(" -> "))
	if !ok {
		return
	}
	endpoint(rec, "src_ip", "src_port", bytes.TrimSpace(from))
	endpoint(rec, "dst_ip", "dst_port", bytes.TrimSpace(to))
}

// endpoint adds an address and its port. IPv6 is written without brackets, so that a last group may be
// either: there is a port behind eight groups, and where the protocol has ports.
func endpoint(rec *record.Reader, address, port string, b []byte) {
	at := bytes.LastIndexByte(b, ':')
	switch colons := bytes.Count(b, []byte{':'}); {
	case colons == 1, colons == 8, colons > 1 && hasPorts(rec):
		if _, ok := number(b[at+1:]); ok {
			rec.Add(address, b[:at])
			rec.Add(port, b[at+1:])
			return
		}
	}
	if len(b) > 0 {
		rec.Add(address, b)
	}
}

func hasPorts(rec *record.Reader) bool {
	switch proto, _ := rec.Get("proto"); string(proto) {
	case "TCP", "UDP", "SCTP":
		return true
	}
	return false
}
