// Package netlogon reads netlogon.log, the debug log of the Netlogon service of Windows: which
// machines and users a domain controller authenticated, and which secure channels were set up. In
// goes a file; out come events of product windows, service netlogon.
//
// The format: https://learn.microsoft.com/troubleshoot/windows-client/windows-security/enable-debug-logging-netlogon-service.
// Times are local and have no year; the thread in brackets is left out by old versions:
//
//	05/06 14:58:02 [LOGON] [4321] CORP: SamLogon: Network logon of CORP\amal from WS1 Returns 0xC000006A
//	09/14 12:33:07 [SESSION] [3352] CORP: NetrServerAuthenticate entered: DC1 (192.0.2.7) on account DC1$ (Negot: 212fffff)
//	09/14 12:33:07 [3352] CORP: NO_CLIENT_SITE: WS1 192.0.2.7
package netlogon

import (
	"bytes"
	"io"

	"aldebaran/event"
	"aldebaran/evidence/lines"
	"aldebaran/evidence/record"
)

// Sniff tells whether a file that begins with head is such a log: most of its first lines are its.
func Sniff(head []byte) bool {
	const enough = 50 // lines that are looked at
	yes, no := lines.Vote(head, enough, func(line []byte) (is, tells bool) { return begins(line), true })
	return yes > no
}

// A File is one log. Immutable, safe for concurrent use.
type File = record.File

// Open opens a log. Its lines are of the latest year in which they are not after opt.Newest;
// without that its events have no time. The error is one of the file system.
func Open(r io.ReaderAt, size int64, path string, opt lines.Options) (*File, error) {
	return record.Open(r, size, path, opt)
}

// A Reader reads units of logs, one after the other, and keeps its buffers: one for each goroutine.
type Reader struct {
	rec   *record.Reader
	times record.Times
}

// NewReader makes a reader. Zone and year are those of the file that is read, see [Open].
func NewReader(lines.Options) *Reader { return &Reader{rec: record.NewReader()} }

// Read hands every record of a unit to emit, in order, until emit says false. The error is one of
// the file system; what could not be read is in the report.
func (r *Reader) Read(f *File, u event.Unit, emit func(*event.Event) bool) (event.Report, error) {
	r.times = record.NewTimes(f.Options)
	clock := f.Options.Clock()
	clock.How += "; the year is the latest in which a line is not after the file's time of change"
	clock.Assumed = true
	return r.rec.Read(f.Log, u, record.Format{Begins: begins, Parse: r.parse, Clock: clock}, emit)
}

// prefix is the number of bytes of "05/06 14:58:02 ".
const prefix = 15

// noSite is what domain controllers write of clients whose address is of no site, even without debugging.
const noSite = " NO_CLIENT_SITE: "

// begins tells whether a line begins with a time and a word in brackets, or is about a client of no site.
func begins(line []byte) bool {
	if len(line) <= prefix || line[prefix-1] != ' ' || line[prefix] != '[' && !bytes.Contains(line, []byte(noSite)) {
		return false
	}
	for i, c := range line[:prefix-1] {
		switch i {
		case 2:
			if c != '/' {
				return false
			}
		case 5:
			if c != ' ' {
				return false
			}
		case 8, 11:
			if c != ':' {
				return false
			}
		default:
			if c < '0' || c > '9' {
				return false
			}
		}
	}
	return line[prefix] != '[' || bytes.IndexByte(line[prefix:min(len(line), prefix+40)], ']') > 1
}

// parse reads one record. The names of logins' fields are those of package syslog.
func (r *Reader) parse(l lines.Line) string {
	rec, b := r.rec, l.Text
	if !begins(b) {
		return "MM/DD hh:mm:ss [WORD]"
	}
	two := func(at int) int { return int(b[at]-'0')*10 + int(b[at+1]-'0') }
	s := record.Stamp{Year: -1, Month: two(0), Day: two(3), Sec: two(6)*3600 + two(9)*60 + two(12)}
	e := &rec.Event
	e.Product, e.Service = "windows", "netlogon"
	if s.Month >= 1 && s.Month <= 12 && s.Day >= 1 && s.Day <= 31 && s.Sec < 24*3600 {
		e.Time = r.times.Time(&s)
	} else {
		rec.Damage("time", "a month, a day, hours, minutes and seconds", string(b[:prefix-1]), 0)
	}
	var word, thread []byte
	b = b[prefix:]
	for len(b) > 0 && b[0] == '[' {
		end := bytes.IndexByte(b[:min(len(b), 40)], ']')
		if end < 2 {
			break
		}
		inside := b[1:end]
		if inside[0] >= '0' && inside[0] <= '9' && thread == nil {
			thread = inside
		} else if word == nil {
			word = inside
		} else {
			break
		}
		b = bytes.TrimLeft(b[end+1:], " ")
	}
	rec.Add("message", b)
	if word != nil {
		rec.AddSystem("type", word)
	}
	if thread != nil {
		rec.AddSystem("thread", thread)
	}
	r.message(b)
	return ""
}

// message adds the fields of the sentences that tell who was authenticated.
func (r *Reader) message(b []byte) {
	rec := r.rec
	b, _, _ = bytes.Cut(b, []byte{'\n'})
	b = bytes.TrimRight(b, " \r")
	// Servers that are no domain controllers have no domain in front.
	domain, rest := []byte(nil), b
	if !bytes.HasPrefix(b, []byte("SamLogon: ")) && !bytes.HasPrefix(b, []byte("NlPrintRpcDebug: ")) {
		var ok bool
		if domain, rest, ok = bytes.Cut(b, []byte(": ")); !ok || bytes.IndexByte(domain, ' ') >= 0 {
			return
		}
	}
	call := rest
	if i := bytes.IndexAny(rest, ": "); i >= 0 {
		call = rest[:i]
	}
	switch {
	case bytes.HasPrefix(call, []byte("NetrServer")):
		rec.Add("domain", domain)
		rec.Add("call", call)
		r.channel(rest[len(call):])
	case string(call) == "SamLogon" || string(call) == "NlPrintRpcDebug":
		if domain != nil {
			rec.Add("domain", domain)
		}
		rec.Add("call", call)
		r.logon(rest[len(call):])
	case string(call) == "NO_CLIENT_SITE":
		rec.Add("domain", domain)
		rec.Add("call", call)
		if station, ip, ok := bytes.Cut(bytes.TrimLeft(rest[len(call):], ": "), []byte{' '}); ok {
			rec.Add("workstation", station)
			rec.Add("client_ip", bytes.TrimLeft(ip, " "))
		}
	}
}

// channel adds the fields of what a machine did to set up a secure channel:
//
//	" entered: DC1 (192.0.2.7) on account DC1$ (Negot: 212fffff)"
//	": Bad password 0 for DC1 on account DC1$"
//	" returns Success: DC1 on account DC1$ (Negot: 212fffff)"
func (r *Reader) channel(b []byte) {
	rec := r.rec
	said, on, ok := bytes.Cut(b, []byte(" on account "))
	if !ok {
		return
	}
	account, _, _ := bytes.Cut(on, []byte{' '})
	rec.Add("user", account)
	said = bytes.TrimLeft(said, ": ")
	result := ""
	switch {
	case bytes.HasPrefix(said, []byte("Bad password")), bytes.HasPrefix(said, []byte("Failed to authenticate")):
		result = "failure"
	case bytes.HasPrefix(said, []byte("returns Success")):
		result = "success"
	}
	if i := bytes.LastIndexByte(said, '('); i > 0 && said[len(said)-1] == ')' {
		rec.Add("client_ip", said[i+1:len(said)-1])
		said = bytes.TrimRight(said[:i], " ")
	}
	rec.Add("workstation", said[bytes.LastIndexByte(said, ' ')+1:])
	if result != "" {
		rec.AddText("action", "authenticate")
		rec.AddText("result", result)
	}
}

// logon adds the fields of a logon that was passed on:
//
//	": Transitive Network logon of CORP\amal from WS1 (via SRV2) Returns 0xC000006A"
func (r *Reader) logon(b []byte) {
	rec := r.rec
	kind, rest, ok := bytes.Cut(bytes.TrimLeft(b, ": "), []byte(" logon of "))
	if !ok {
		return
	}
	rec.Add("logon_type", kind)
	// Names of accounts may hold blanks; the words behind them are Netlogon's.
	user, rest, ok := bytes.Cut(rest, []byte(" from "))
	rec.Add("user", user)
	if !ok {
		return
	}
	if i := bytes.LastIndex(rest, []byte(" Returns ")); i >= 0 {
		status := rest[i+len(" Returns "):]
		rec.Add("status", status)
		rec.AddText("action", "login")
		if string(status) == "0x0" {
			rec.AddText("result", "success")
		} else {
			rec.AddText("result", "failure")
		}
		rest = rest[:i]
	} else {
		rest = bytes.TrimSuffix(rest, []byte(" Entered"))
	}
	if i := bytes.LastIndex(rest, []byte(" Package: ")); i >= 0 {
		rec.Add("package", rest[i+len(" Package: "):])
		rest = rest[:i]
	}
	station, via, ok := bytes.Cut(rest, []byte(" (via "))
	if station = bytes.TrimLeft(station, `\ `); len(station) > 0 && string(station) != "(null)" {
		rec.Add("workstation", station)
	}
	if ok {
		rec.Add("via", bytes.TrimSuffix(via, []byte{')'}))
	}
}
