package mysql

import (
	"bytes"
	"strconv"
	"time"

	"aldebaran/evidence/entries"
	"aldebaran/evidence/lines"
)

// isSlowHeader tells the lines that can begin an entry of the slow log. The server leaves out those
// that would repeat the entry before.
func isSlowHeader(line []byte) bool {
	for _, begin := range [...]string{"# Time: ", "# User@Host: ", "# Query_time: ", "# Thread_id: ", "# Client: ", "# Schema: "} {
		if len(line) > len(begin) && string(line[:len(begin)]) == begin {
			return true
		}
	}
	return false
}

// placeSlow begins an entry at the first line of a header behind a statement.
func (r *Reader) placeSlow(line []byte) entries.Place {
	if len(line) == 0 {
		return entries.More
	}
	if line[0] == '#' && isSlowHeader(line) {
		begins := r.body
		r.body = false
		if begins {
			return entries.Free
		}
		return entries.More
	}
	if line[0] != '#' && isBanner(line) {
		first := !r.body || bytes.Contains(line, []byte("started with:"))
		r.body = true
		if first {
			return entries.Free
		}
		return entries.More
	}
	if line[0] != '#' || bytes.HasPrefix(line, []byte("# administrator command: ")) {
		r.body = true
	}
	return entries.More
}

// A slowEntry is what the header of an entry said.
type slowEntry struct {
	db []byte
}

// slowEntry reads an entry of the slow log: lines of names and values, then statements. "use db" and
// "SET timestamp" are not the client's but the log's: the second is the time when the statement
// began, in seconds since 1970, which needs no zone.
func (r *Reader) slowEntry(text []byte) bool {
	r.slow = slowEntry{}
	if r.banner(text) {
		return true
	}
	var stamped time.Time
	rest := text
	for len(rest) > 0 && (rest[0] == '#' || rest[0] == '\n') && !bytes.HasPrefix(rest, []byte("# administrator command: ")) {
		end := entries.LineEnd(rest)
		line := rest[:end]
		rest = rest[min(end+1, len(rest)):]
		if len(line) < 2 {
			continue
		}
		if after, ok := bytes.CutPrefix(line, []byte("# Time: ")); ok {
			s, n := entries.ParseStamp(after)
			if n == 0 {
				continue
			}
			zone, m := r.tally.Zones.Parse(after[n:])
			if zone != nil {
				stamped = r.clock.At(s, zone)
			} else if at, ok := statementTime(text); ok {
				stamped = at
				r.tally.Zones.Known(time.UTC)
			} else {
				stamped = r.clock.At(s, r.tally.Zones.Assume(r.opt))
			}
			r.build.Add("Time", after[:n+m])
			line = bytes.TrimLeft(after[n+m:], " ")
			if !bytes.HasPrefix(line, []byte("# ")) {
				continue
			}
		}
		if after, ok := bytes.CutPrefix(line, []byte("# User@Host: ")); ok {
			after = r.userHost(after)
			r.pairs(after)
			continue
		}
		r.pairs(bytes.TrimLeft(line[1:], " "))
	}
	if at, ok := statementTime(text); ok && stamped.IsZero() {
		stamped = at
		r.tally.Zones.Known(time.UTC)
	}
	if !stamped.IsZero() {
		r.last = stamped
	}
	r.event.Time = r.last
	for {
		end := entries.LineEnd(rest)
		line := rest[:end]
		if name, ok := cutUse(line); ok && end < len(rest) {
			r.slow.db = name
		} else if !bytes.HasPrefix(line, []byte("SET timestamp=")) {
			break
		}
		if rest = rest[min(end+1, len(rest)):]; len(rest) == 0 {
			break
		}
	}
	rest = bytes.TrimRight(rest, "\r\n ")
	r.add("db", r.slow.db)
	r.add("query", rest)
	return len(r.build.Values) > 0
}

// cutUse reads "use db;".
func cutUse(line []byte) (db []byte, ok bool) {
	if len(line) < len("use x;") || line[3] != ' ' || !bytes.EqualFold(line[:3], []byte("use")) {
		return nil, false
	}
	name := bytes.TrimRight(line[4:], " ")
	name, ok = bytes.CutSuffix(name, []byte{';'})
	return bytes.Trim(name, "` "), ok
}

// statementTime finds "SET timestamp=1385600731;" at the beginning of a line, the first one.
func statementTime(text []byte) (at time.Time, ok bool) {
	const begin = "\nSET timestamp="
	_, digits, ok := bytes.Cut(text, []byte(begin))
	if !ok {
		return at, false
	}
	n := countDigits(digits)
	if n == 0 || n > 11 || n >= len(digits) || digits[n] != ';' && digits[n] != '.' {
		return at, false
	}
	seconds, err := strconv.ParseInt(string(digits[:n]), 10, 64)
	return time.Unix(seconds, 0).UTC(), err == nil
}

// userHost reads "user[login] @ host [address]", and gives what stands behind it.
func (r *Reader) userHost(text []byte) (rest []byte) {
	open := bytes.IndexByte(text, '[')
	at := bytes.Index(text, []byte("] @ "))
	if open < 0 || at < open {
		r.add("user", bytes.TrimSpace(text))
		return nil
	}
	user := text[:open]
	if len(user) == 0 {
		user = text[:at+1] // [SQL_SLAVE]
	}
	r.build.Add("user", user)
	rest = text[at+len("] @ "):]
	host, rest, ok := bytes.Cut(rest, []byte{'['})
	host = bytes.TrimSpace(host)
	r.add("host", host)
	if !ok {
		return nil
	}
	address, rest, _ := bytes.Cut(rest, []byte{']'})
	if len(address) > 0 {
		r.build.Add("client_ip", address)
	} else if lines.IsAddress(host) {
		r.build.Add("client_ip", host)
	}
	return rest
}

// pairs reads "Thread_id: 342  Schema: db1 Last_errno: 0", in which a value can be missing.
func (r *Reader) pairs(text []byte) {
	for {
		text = bytes.TrimLeft(text, " ")
		colon := bytes.IndexByte(text, ':')
		if colon <= 0 || bytes.IndexByte(text[:colon], ' ') >= 0 {
			return // "No InnoDB statistics available for this query"
		}
		name := text[:colon]
		text = bytes.TrimLeft(text[colon+1:], " ")
		value := text
		if end := bytes.IndexByte(text, ' '); end >= 0 {
			value = text[:end]
		}
		if len(value) > 0 && value[len(value)-1] == ':' {
			continue // the next name
		}
		text = text[len(value):]
		switch string(name) {
		case "Schema":
			r.slow.db = value
			r.add("Schema", value)
		case "Id", "Thread_id":
			r.build.AddAs("thread_id", name, value)
		case "Client":
			host := value
			if i := bytes.LastIndexByte(value, ':'); i > 0 {
				host = value[:i]
			}
			r.build.AddFrom("client_ip", "Client", host)
		default:
			if len(value) > 0 {
				r.build.AddFound(name, value)
			}
		}
		if len(text) == 0 {
			return
		}
	}
}
