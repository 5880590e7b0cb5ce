package mail

import (
	"bytes"

	"aldebaran/evidence/lines"
	"aldebaran/evidence/record"
)

// isExim tells whether what stands behind a time is certainly Exim's.
func isExim(b []byte) bool {
	b = withoutPID(b)
	if id, _ := cutID(b); id != nil {
		return true
	}
	for _, start := range [...]string{
		"SMTP connection from ", "SMTP call from ", "SMTP protocol ", "SMTP syntax error ", "SMTP command timeout ", "H=",
		"exim 4", "Start queue run", "End queue run", "no host name found for IP", "TLS error on connection ",
		"no IP address found for host ", "unexpected disconnection while reading SMTP command ", "rejected ",
		"login authenticator failed", "plain authenticator failed", "daemon: ",
	} {
		if bytes.HasPrefix(b, []byte(start)) {
			return true
		}
	}
	return bytes.Contains(b, []byte(" authenticator failed for ")) || bytes.Contains(b, []byte(" authenticator failed H="))
}

// withoutPID takes off the process id that log_selector = +pid puts in front: "[1234] ".
func withoutPID(b []byte) []byte {
	if len(b) > 2 && b[0] == '[' {
		if i := bytes.IndexByte(b, ']'); i > 1 && i < 12 && i+2 < len(b) && b[i+1] == ' ' && b[1] >= '0' && b[1] <= '9' {
			return b[i+2:]
		}
	}
	return b
}

// cutID reads the name of a message: 1o6YQz-0003Xk-7C, since Exim 4.97 1o6YQz-00000003XkL-7CyZ.
func cutID(b []byte) (id, rest []byte) {
	n := bytes.IndexByte(b, ' ')
	if n < 0 {
		n = len(b)
	}
	const short, long = 16, 23
	if n != short && n != long || b[6] != '-' || b[n-3] != '-' && b[n-5] != '-' {
		return nil, b
	}
	for _, c := range b[:n] {
		if !('0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c == '-') {
			return nil, b
		}
	}
	return b[:n], b[min(n+1, len(b)):]
}

// CutTime gives the time that Exim writes in front of a line, and the line without it; ok is false
// if there is none.
func CutTime(line []byte) (s record.Stamp, rest []byte, ok bool) {
	if !begins(line) {
		return s, line, false
	}
	s, rest = readTime(line)
	return s, rest, true
}

// ParseExim adds the fields of a line of Exim's, without its time, to rec: message_id, flag and address
// of a delivery; by Exim's own letters H, A, P, X, F, R, T, U, S, C, id, CV; and user, client_ip,
// client_port, server_ip, server_port, action, result. It is for lines that came over syslog too.
func ParseExim(rec *record.Reader, line []byte) {
	r := Reader{rec: rec}
	r.exim(line)
}

// exim adds the fields of a line, see [ParseExim].
func (r *Reader) exim(b []byte) {
	rec := r.rec
	if rest := withoutPID(b); len(rest) < len(b) {
		rec.AddSystem("pid", bytes.Trim(b[:len(b)-len(rest)], "[] "))
		b = rest
	}
	if id, rest := cutID(b); id != nil {
		rec.AddSystem("message_id", id)
		b = rest
	}
	if len(b) > 3 && b[2] == ' ' {
		switch flag := b[:2]; string(flag) {
		case "<=", "=>", "->", ">>", "*>", "**", "==":
			rec.Add("flag", flag)
			address := b[3:]
			if i := bytes.IndexByte(address, ' '); i >= 0 {
				address = address[:i]
			}
			rec.Add("address", bytes.Trim(address, "<>:"))
		}
	}
	r.eximPairs(b)
	r.eximClient(b)
	r.eximAction(b)
}

// eximPairs adds letter=value for the letters of the log.
func (r *Reader) eximPairs(b []byte) {
	for i := 0; i+2 < len(b); i++ {
		if b[i] != '=' || i == 0 {
			continue
		}
		start := bytes.LastIndexByte(b[max(0, i-3):i], ' ') + 1 + max(0, i-3)
		name := b[start:i]
		if start > 0 && b[start-1] != ' ' || !isEximName(name) {
			continue
		}
		rest := b[i+1:]
		var value []byte
		switch rest[0] {
		case '"':
			end := 1
			for end < len(rest) && rest[end] != '"' {
				if rest[end] == '\\' {
					end++
				}
				end++
			}
			value = rest[1:min(end, len(rest))]
		case '<':
			end := bytes.IndexByte(rest, '>')
			if end < 0 {
				end = len(rest)
			}
			value = rest[1:end]
		default:
			end := bytes.IndexByte(rest, ' ')
			if end < 0 {
				end = len(rest)
			}
			value = bytes.TrimSuffix(rest[:end], []byte{':'})
		}
		r.rec.AddNamed(name, value)
		if string(name) == "A" {
			// dovecot_login:amal, or plain:amal@example
			if method, user, ok := bytes.Cut(value, []byte{':'}); ok {
				r.rec.Add("method", method)
				r.rec.Add("user", user)
			}
		}
		i += len(value)
	}
}

func isEximName(name []byte) bool {
	switch string(name) {
	case "H", "A", "P", "X", "F", "R", "T", "U", "S", "C", "CV", "DN", "id", "from", "for", "ST", "QT", "DT", "RT", "L", "K", "SNI":
		return true
	}
	return false
}

// eximClient adds the address of the host that the line is about, which stands behind the name and the
// greeting that a client gave: H=name (helo) [ip]:port. Of deliveries it is the server that they go to.
func (r *Reader) eximClient(b []byte) {
	ipName, portName := "client_ip", "client_port"
	if flag, _ := r.rec.Get("flag"); len(flag) > 0 && string(flag) != "<=" {
		ipName, portName = "server_ip", "server_port"
	}
	from := 0
	for {
		i := bytes.IndexByte(b[from:], '[')
		if i < 0 {
			return
		}
		at := from + i
		from = at + 1
		const longest = 60 // of an address with its brackets
		end := bytes.IndexByte(b[at:min(len(b), at+longest)], ']')
		if end < 0 {
			continue
		}
		ip, rest := b[at+1:at+end], b[at+end+1:]
		if at > 0 && b[at-1] == '(' || len(rest) > 0 && rest[0] == ')' || !lines.IsAddress(ip) {
			continue // a greeting: ([192.0.2.5])
		}
		r.rec.Add(ipName, ip)
		if len(rest) > 1 && rest[0] == ':' {
			n := 1
			for n < len(rest) && rest[n] >= '0' && rest[n] <= '9' {
				n++
			}
			if n > 1 {
				r.rec.Add(portName, rest[1:n])
			}
		}
		return
	}
}

// eximAction adds what was done and how it ended.
func (r *Reader) eximAction(b []byte) {
	contains := func(s string) bool { return bytes.Contains(b, []byte(s)) }
	flag, _ := r.rec.Get("flag")
	switch {
	case contains(" authenticator failed "):
		if method, _, ok := bytes.Cut(b, []byte(" authenticator failed ")); ok && bytes.IndexByte(method, ' ') < 0 {
			r.rec.Add("method", method)
		}
		if _, user, ok := bytes.Cut(b, []byte("(set_id=")); ok {
			if i := bytes.LastIndexByte(user, ')'); i >= 0 {
				user = user[:i]
			}
			r.rec.Add("user", user)
		}
		r.result("login", "failure")
	case string(flag) == "<=":
		if _, ok := r.rec.Get("A"); ok {
			r.result("login", "success")
		} else {
			r.result("receive", "success")
		}
	case string(flag) == "**":
		r.result("send", "failure")
	case string(flag) == "==":
		r.result("send", "deferred")
	case len(flag) > 0:
		r.result("send", "success")
	case contains("rejected "), contains(" verify fail"):
		r.result("receive", "failure")
	case bytes.HasPrefix(b, []byte("SMTP connection from ")):
		r.rec.AddText("action", "connect")
	}
}
