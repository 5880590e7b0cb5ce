package postgresql

import (
	"bytes"
	"time"

	"aldebaran/evidence/entries"
	"aldebaran/evidence/lines"
)

// A prefix is what stands before the severity: the values of log_line_prefix that were recognised.
type prefix struct {
	stamp     entries.Stamp
	hasStamp  bool
	zone      *time.Location // nil if the line does not say it
	logTime   []byte         // with its zone
	host      []byte         // that wrote it, from syslog
	pid       []byte
	line      []byte
	user      []byte
	database  []byte
	from      []byte // client with port
	app       []byte
	state     []byte
	session   []byte
	queryID   []byte
	vxid, xid []byte
}

// parsePrefix takes a prefix apart. log_line_prefix can be anything; what is looked for is what the
// documentation, the packages of distributions, Amazon RDS, Heroku and pgbadger's manual use:
//
//	%m [%p] %q%u@%d       %t [%p]: [%l-1] user=%u,db=%d,app=%a,client=%h      %t:%r:%u@%d:[%p]:
func (r *Reader) parsePrefix(text []byte) (p prefix) {
	rest := text
	if end := programEnd(rest); end > 0 {
		header := rest[:end]
		r.syslogHeader(header, &p)
		rest = rest[end:]
	}
	if at, s, n := findStamp(rest); n > 0 {
		p.stamp, p.hasStamp, p.zone = s, true, nil
		end := at + n
		if zone, m := r.tally.Zones.Parse(rest[end:]); m > 0 && zoneEnds(rest[end+m:]) {
			p.zone = zone
			end += m
		}
		p.logTime = rest[at:end]
		if at > 0 {
			r.tokens(rest[:at], &p)
		}
		rest = rest[end:]
	}
	r.tokens(rest, &p)
	return p
}

func zoneEnds(b []byte) bool { return len(b) == 0 || bytes.IndexByte([]byte(" :[](),;|-"), b[0]) >= 0 }

// syslogHeader reads "Jan  2 15:04:05 host postgres[pid]:" and the same with an ISO time.
func (r *Reader) syslogHeader(header []byte, p *prefix) {
	open := bytes.LastIndexByte(header, '[')
	p.pid = bytes.TrimPrefix(header[open+1:len(header)-2], []byte("postgres."))
	header = header[:open]
	if s, n := parseStamp(header); n > 0 {
		p.stamp, p.hasStamp = s, true
		zone, m := r.tally.Zones.Parse(header[n:])
		p.zone, p.logTime = zone, header[:n+m]
		header = header[n+m:]
	} else if s, n := entries.ParseBSD(header, r.newest, r.opt.Location()); n > 0 {
		p.stamp, p.hasStamp, p.logTime = s, s.Year > 0, header[:n]
		header = header[n:]
	}
	host, _, found := bytes.Cut(bytes.TrimLeft(header, " "), []byte{' '})
	if found {
		p.host = host
	}
}

// tokens reads what stands around the time.
func (r *Reader) tokens(rest []byte, p *prefix) {
	rest = bytes.Trim(rest, " :,")
	for len(rest) > 0 {
		switch {
		case rest[0] == '[':
			end := bytes.IndexByte(rest, ']')
			if end < 0 {
				return
			}
			inside := rest[1:end]
			rest = rest[end+1:]
			switch {
			case string(inside) == "local":
				p.from = inside
			case bytes.IndexByte(inside, '=') > 0:
				r.assign(inside, p)
			default:
				first, second, pair := bytes.Cut(inside, []byte{'-'})
				switch {
				case pair && lines.IsNumber(first) && lines.IsNumber(second):
					p.line = first
				case lines.IsNumber(inside) && p.pid == nil:
					p.pid = inside
				}
			}
		case bytes.HasPrefix(rest, []byte("sql_error_code = ")):
			rest = rest[len("sql_error_code = "):]
			p.state, rest = cutAny(rest, " ,")
		default:
			if n := assigned(rest); n > 0 {
				var value []byte
				if string(rest[:n]) == "app" || string(rest[:n]) == "application" || string(rest[:n]) == "application_name" {
					value, rest, _ = bytes.Cut(rest, []byte{','})
					value = bytes.TrimRight(value, " ")
				} else {
					value, rest = cutAny(rest, " ,")
				}
				r.assign(value, p)
				break
			}
			var token []byte
			token, rest = cutAny(rest, " ,")
			token = bytes.Trim(token, ":")
			if at := bytes.LastIndexByte(token, '@'); at >= 0 {
				r.userAt(token, at, p)
			} else {
				word(token, p)
			}
		}
		rest = bytes.TrimLeft(rest, " :,")
	}
}

// userAt reads user@database, and %r:%u@%d:[%p] as Amazon RDS writes it.
func (r *Reader) userAt(token []byte, at int, p *prefix) {
	user, database := token[:at], token[at+1:]
	if i := bytes.LastIndexByte(user, ':'); i >= 0 {
		p.from, user = user[:i], user[i+1:]
	} else if i := bytes.Index(user, []byte("]:")); i >= 0 {
		p.from, user = user[:i+1], user[i+2:]
	}
	if i := bytes.Index(database, []byte(":[")); i >= 0 {
		if pid, _, ok := bytes.Cut(database[i+2:], []byte{']'}); ok {
			p.pid = pid
		}
		database = database[:i]
	}
	p.user, p.database = user, database
}

// assigned gives the length of the name of name=value at the beginning of a text, 0 if that is none.
func assigned(b []byte) int {
	for i, c := range b[:min(len(b), 24)] {
		if c == '=' {
			return i
		}
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && c != '_' {
			return 0
		}
	}
	return 0
}

func (r *Reader) assign(pair []byte, p *prefix) {
	name, value, _ := bytes.Cut(pair, []byte{'='})
	switch string(name) {
	case "user", "u":
		p.user = value
	case "db", "database", "d":
		p.database = value
	case "host", "client", "remote", "r", "h":
		if len(value) > 0 {
			p.from = value
		}
	case "app", "application", "application_name", "a":
		p.app = value
	case "pid", "p":
		p.pid = value
	case "line", "l":
		p.line = value
	case "session", "session_id", "sess", "c":
		p.session = value
	case "queryid", "query_id", "Q":
		p.queryID = value
	case "state", "sqlstate", "err", "e":
		p.state = value
	case "vxid", "v":
		p.vxid = value
	case "xid", "txid", "x":
		p.xid = value
	}
}

// word recognises a value that stands without a name by what it looks like.
func word(token []byte, p *prefix) {
	switch {
	case len(token) == 0:
	case lines.IsNumber(token) && string(token) != "00000":
		switch {
		case p.pid == nil:
			p.pid = token
		case p.line == nil:
			p.line = token
		}
	case isState(token):
		p.state = token
	case isAddress(token):
		p.from = token
	case isSession(token):
		p.session = token
	}
}

// isState tells a code of appendix A "PostgreSQL Error Codes": five digits and capitals.
func isState(b []byte) bool {
	if len(b) != 5 || b[0] > '9' && b[0] != 'F' && b[0] != 'H' && b[0] != 'P' && b[0] != 'X' {
		return false
	}
	for _, c := range b {
		if (c < '0' || c > '9') && (c < 'A' || c > 'Z') {
			return false
		}
	}
	return true
}

// isAddress tells 1.2.3.4, 1.2.3.4(5432), and the same with an IPv6 address.
func isAddress(b []byte) bool {
	host, _ := cutPort(b)
	return lines.IsAddress(host)
}

// isSession tells %c: two hexadecimal numbers with a point.
func isSession(b []byte) bool {
	first, second, ok := bytes.Cut(b, []byte{'.'})
	return ok && len(first) == 8 && isHex(first) && isHex(second)
}

func isHex(b []byte) bool {
	for _, c := range b {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return len(b) > 0
}

// cutPort takes the port off "1.2.3.4(5432)" and csvlog's "1.2.3.4:5432".
func cutPort(b []byte) (host, port []byte) {
	if open := bytes.LastIndexByte(b, '('); open > 0 && b[len(b)-1] == ')' {
		return b[:open], b[open+1 : len(b)-1]
	}
	if colon := bytes.LastIndexByte(b, ':'); colon > 0 && bytes.IndexByte(b, ':') == colon && lines.IsNumber(b[colon+1:]) {
		return b[:colon], b[colon+1:]
	}
	return b, nil
}

// cutAny cuts a text at the first of some bytes.
func cutAny(b []byte, seps string) (before, after []byte) {
	for i, c := range b {
		for j := range len(seps) {
			if c == seps[j] {
				return b[:i], b[i+1:]
			}
		}
	}
	return b, nil
}
