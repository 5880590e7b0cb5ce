package dns

import (
	"bytes"
	"time"

	"aldebaran/evidence/lines"
	"aldebaran/evidence/record"
)

// A moment is the time of a line, in one of the two forms that there are.
type moment struct {
	stamp record.Stamp
	have  bool
	own   bool      // it is as BIND writes it, not syslog
	epoch time.Time // of Unbound
}

// readUnix reads a line of BIND, dnsmasq or Unbound. It gives false if the line is no line of those;
// e.program and e.message are then those of syslog, if it is one of that.
func (e *entry) readUnix(line []byte) bool {
	e.reset()
	rest := line
	if r, ok := e.readTime(rest); ok {
		rest = r
	}
	if !e.at.epoch.IsZero() {
		name, message, ok := bytes.Cut(rest, []byte("] "))
		if !ok || !bytes.HasPrefix(name, []byte("unbound[")) {
			return false
		}
		e.server, e.message = "unbound", message
		e.readUnbound(message)
		return true
	}
	if r, ok := e.readProgram(rest); ok {
		e.message = r
		switch string(e.program) {
		case "named":
			// Its own time may stand behind that of syslog, which has no year.
			if at := e.at; e.at.stamp.Year < 0 || !e.at.have {
				if inner, ok := e.readTime(r); ok {
					r = inner
				} else {
					e.at = at
				}
			} else if _, n := bindStamp(r); n > 0 {
				r = bytes.TrimLeft(r[n:], " ")
			}
			e.server = "bind"
			e.readBIND(r)
		case "dnsmasq", "pihole-FTL":
			e.server = "dnsmasq"
			e.readDnsmasq(r)
		case "unbound":
			e.server = "unbound"
			if inside, after, ok := between(r, "[", "] "); ok && r[0] == '[' && len(inside) < 20 {
				r = after
			}
			e.readUnbound(r)
		default:
			return false
		}
		return true
	}
	// BIND's own files name no program.
	e.message = rest
	e.server = "bind"
	if e.readBIND(rest) {
		return true
	}
	e.server = ""
	return false
}

// readTime reads the time that a line begins with.
func (e *entry) readTime(b []byte) (rest []byte, ok bool) {
	if s, n := bindStamp(b); n > 0 {
		e.at = moment{stamp: s, have: true, own: true}
		return bytes.TrimLeft(b[n:], " "), true
	}
	if s, ok := record.ReadStamp(b); ok && s.Style != record.Ctime {
		e.at = moment{stamp: s, have: true, own: s.Style == record.Blank}
		return bytes.TrimLeft(b[s.Length:], " "), true
	}
	if len(b) > 12 && b[0] == '[' {
		const mostDigits = 11 // to the year 5138
		if inside, rest, ok := bytes.Cut(b[1:], []byte("] ")); ok && len(inside) <= mostDigits && len(inside) >= 9 && lines.IsNumber(inside) {
			e.at = moment{epoch: time.Unix(int64(lines.Number(inside)), 0).UTC()}
			return rest, true
		}
	}
	return b, false
}

// bindStamp reads "03-Jun-2026 06:33:00.425"; n is its length, 0 if there is none.
func bindStamp(b []byte) (s record.Stamp, n int) {
	const length = len("03-Jun-2026 06:33:00")
	if len(b) < length || b[2] != '-' || b[6] != '-' || b[11] != ' ' {
		return s, 0
	}
	// Jun 03 2026 06:33:00.425
	var turned [40]byte
	end := min(len(b), length+10)
	t := append(turned[:0], b[3:6]...)
	t = append(append(t, ' '), b[:2]...)
	t = append(append(t, ' '), b[7:end]...)
	s, ok := record.ReadStamp(t)
	if !ok || s.Year < 0 {
		return s, 0
	}
	return s, s.Length
}

// readProgram reads "host named[123]: ", "dnsmasq[123]: ", "unbound[123:0] ".
func (e *entry) readProgram(b []byte) (message []byte, ok bool) {
	first, rest := word(b)
	for range 2 {
		name, pid, has := bytes.Cut(first, []byte{'['})
		switch {
		case has && len(name) > 0 && bytes.HasSuffix(pid, []byte("]:")),
			has && len(name) > 0 && bytes.HasSuffix(pid, []byte("]")) && string(name) == "unbound":
			if !isProgram(name) {
				e.host = nil
				return nil, false
			}
			e.program = name
			return rest, true
		case !has && len(first) > 1 && first[len(first)-1] == ':' && (e.at.have && e.host != nil || string(first) == "dnsmasq:"):
			if name = first[:len(first)-1]; !isProgram(name) {
				e.host = nil
				return nil, false
			}
			e.program = name
			return rest, true
		}
		if e.host != nil || !e.at.have || e.at.own || len(first) == 0 || first[len(first)-1] == ':' || string(first) == "client" {
			break
		}
		e.host = first
		first, rest = word(rest)
	}
	e.host = nil
	return nil, false
}

func isProgram(b []byte) bool {
	const longest = 48
	return len(b) > 0 && len(b) <= longest && !bytes.ContainsAny(b, " :@#()")
}

// readBIND reads what named says; true if it is about a client.
func (e *entry) readBIND(b []byte) bool {
	// Categories and severities: "queries: info: client ...".
	for range 3 {
		w, rest := word(b)
		if len(w) < 2 || w[len(w)-1] != ':' || !isWord(w[:len(w)-1]) {
			break
		}
		if e.context == nil {
			e.context = w[:len(w)-1]
		}
		b = rest
	}
	b, ok := bytes.CutPrefix(b, []byte("client "))
	if !ok {
		return false
	}
	w, rest := word(b)
	if w = bytes.TrimSuffix(w, []byte{':'}); bytes.HasPrefix(w, []byte("@0x")) {
		w, rest = word(rest)
		w = bytes.TrimSuffix(w, []byte{':'})
	}
	address, port, ok := bytes.Cut(w, []byte{'#'})
	if !ok || !isAddress(address) {
		return false
	}
	port, _, _ = bytes.Cut(port, []byte{'/'}) // and a key
	e.source, e.sourcePort = address, bytes.TrimRight(port, ":")
	if len(rest) > 0 && rest[0] == '(' {
		if _, after, ok := bytes.Cut(rest, []byte(")")); ok {
			rest = bytes.TrimLeft(bytes.TrimPrefix(after, []byte{':'}), " ")
		}
	}
	if after, ok := bytes.CutPrefix(rest, []byte("view ")); ok {
		if view, after, ok := bytes.Cut(after, []byte(": ")); ok {
			e.view, rest = view, after
		}
	}
	e.readBINDMessage(rest)
	return true
}

func (e *entry) readBINDMessage(b []byte) {
	switch {
	case bytes.HasPrefix(b, []byte("query: ")), bytes.HasPrefix(b, []byte("response: ")):
		verb, rest, _ := bytes.Cut(b, []byte(": "))
		e.verb = verb
		name, rest := word(rest)
		if !isName(name) {
			return
		}
		e.query = withoutDot(name)
		e.class, rest = word(rest)
		e.recordType, rest = word(rest)
		if len(verb) == len("response") {
			e.isResponse = true
			e.response, rest = word(rest)
		}
		e.flags, rest = word(rest)
		if server, _, ok := between(rest, "(", ")"); ok && isAddress(server) {
			e.destination = server
		}
	case bytes.HasPrefix(b, []byte("query failed (")):
		e.verb = b[:len("query failed")]
		code, rest, ok := between(b, "(", ")")
		if !ok {
			return
		}
		e.isResponse, e.response = true, code
		if rest, ok = bytes.CutPrefix(rest, []byte(" for ")); ok {
			what, _ := word(rest)
			e.readTriple(what)
		}
	default:
		what, rest, ok := between(b, "'", "'")
		if !ok {
			return
		}
		before, _, _ := bytes.Cut(b, []byte{'\''})
		e.verb = bytes.TrimRight(before, " :")
		e.readTriple(what)
		if last, _ := word(rest); string(last) == "denied" || string(last) == "refused" {
			e.action = last
		} else if string(last) == "approved" {
			e.action = last
		}
	}
}

// readTriple reads "example.org/A/IN", "example.org/IN/A" and "example.org/IN".
func (e *entry) readTriple(b []byte) {
	for range 2 {
		i := bytes.LastIndexByte(b, '/')
		if i < 0 || !isWord(b[i+1:]) {
			break
		}
		if part := b[i+1:]; isClass(part) {
			e.class = part
		} else {
			e.recordType = part
		}
		b = b[:i]
	}
	if isName(b) {
		e.query = withoutDot(b)
	}
}

// readDnsmasq reads "query[A] example.org from 192.0.2.1", "reply example.org is 198.51.100.7".
func (e *entry) readDnsmasq(b []byte) {
	if number, rest := word(b); lines.IsNumber(number) {
		// --log-queries=extra: a number for each query, and the client.
		e.id = number
		client, after := word(rest)
		if address, port, ok := bytes.Cut(client, []byte{'/'}); ok && isAddress(address) && lines.IsNumber(port) {
			e.source, e.sourcePort, b = address, port, after
		}
	}
	if rest, ok := bytes.CutPrefix(b, []byte("query[")); ok {
		kind, rest, ok := bytes.Cut(rest, []byte("] "))
		name, rest := word(rest)
		if !ok || !isName(name) {
			return
		}
		e.verb, e.recordType, e.query = wordQuery, kind, withoutDot(name)
		if from, client := word(rest); string(from) == "from" {
			e.source, _ = word(client)
		}
		return
	}
	if rest, ok := bytes.CutPrefix(b, []byte("forwarded ")); ok {
		name, rest := word(rest)
		if to, server := word(rest); string(to) == "to" && isName(name) {
			e.verb, e.query = b[:len("forwarded")], withoutDot(name)
			e.destination, _ = word(server)
		}
		return
	}
	// "reply", "cached", "config", "gravity blocked", a file of hosts: "... example.org is 198.51.100.7".
	before, value, ok := bytes.Cut(b, []byte(" is "))
	if !ok {
		return
	}
	i := bytes.LastIndexByte(before, ' ')
	if i <= 0 || !isName(before[i+1:]) || bytes.HasPrefix(b, []byte("validation ")) {
		return
	}
	e.isResponse = true
	e.verb, e.query = before[:i], withoutDot(before[i+1:])
	if bytes.Contains(e.verb, []byte("blocked")) || bytes.Contains(e.verb, []byte("denied")) || bytes.Contains(e.verb, []byte("blacklisted")) {
		e.action = wordBlocked
	}
	switch {
	case bytes.HasPrefix(value, []byte("NXDOMAIN")), bytes.HasPrefix(value, []byte("NODATA")), bytes.HasPrefix(value, []byte("SERVFAIL")), bytes.HasPrefix(value, []byte("REFUSED")):
		e.response, _ = word(value)
	default:
		e.answer(value)
	}
}

// readUnbound reads "info: 192.0.2.1 example.org. A IN", and what log-replies adds: code, seconds,
// whether it was in the cache, and bytes.
func (e *entry) readUnbound(b []byte) {
	level, rest := word(b)
	if policy, ok := bytes.CutPrefix(rest, []byte("rpz: applied ")); ok {
		e.readPolicy(policy)
		return
	}
	switch string(level) {
	case "info:", "query:":
	case "reply:":
		e.isResponse = true
	default:
		return
	}
	client, rest := word(rest)
	name, rest := word(rest)
	kind, rest := word(rest)
	class, rest := word(rest)
	if !isAddress(client) || !isName(name) || !isWord(kind) || !isClass(class) {
		return
	}
	e.source, e.query, e.recordType, e.class = client, withoutDot(name), kind, class
	e.verb = wordQuery
	if code, _ := word(rest); isWord(code) {
		e.isResponse, e.response = true, code
		e.verb = wordReply
	}
}

// readPolicy reads what rpz-log adds when a policy answered instead:
//
//	[blocklist] example.org. rpz-nxdomain 192.0.2.1@40405 www.example.org. A IN
//
// The name of the list may be missing.
func (e *entry) readPolicy(b []byte) {
	if list, rest, ok := between(b, "[", "] "); ok && b[0] == '[' {
		e.view, b = list, rest
	}
	_, rest := word(b) // the name in the list
	action, rest := word(rest)
	client, rest := word(rest)
	name, rest := word(rest)
	kind, class := word(rest)
	address, port, _ := bytes.Cut(client, []byte{'@'})
	if !isAddress(address) || !isName(name) || !isWord(kind) || !isClass(class) {
		return
	}
	e.source, e.sourcePort, e.query, e.recordType, e.class = address, port, withoutDot(name), kind, class
	e.verb, e.action, e.isResponse = action, wordBlocked, true
	switch string(action) {
	case "rpz-passthru", "rpz-tcp-only":
		e.action = nil
	}
}
