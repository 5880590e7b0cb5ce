package mysql

import (
	"bytes"
	"time"

	"aldebaran/evidence/entries"
	"aldebaran/evidence/lines"
)

// placeXML begins a record at its tag; the frame before the first one is none.
func placeXML(line []byte) entries.Place {
	trimmed := bytes.TrimLeft(line, " \t")
	switch {
	case bytes.HasPrefix(trimmed, []byte("<AUDIT_RECORD")):
		return entries.Free
	case bytes.HasPrefix(trimmed, []byte("<?xml")), bytes.HasPrefix(trimmed, []byte("<AUDIT>")), bytes.HasPrefix(trimmed, []byte("</AUDIT>")):
		return entries.Ignore
	}
	return entries.More
}

// An auditRecord is what is known of a record of an audit while it is read.
type auditRecord struct {
	stamp []byte
}

// auditXML reads a record whose values are attributes (old style) or elements (new style).
func (r *Reader) auditXML(text []byte) bool {
	r.audit = auditRecord{}
	r.build.XML(text, r.takeXML)
	return r.audited()
}

// audited takes the time of a record. The formats say UTC, in words or in their documentation.
func (r *Reader) audited() bool {
	if s, n := entries.ParseStamp(r.audit.stamp); n > 0 {
		zone, _ := r.tally.Zones.Parse(r.audit.stamp[n:])
		if zone == nil {
			zone = r.tally.Zones.Known(time.UTC)
		}
		r.event.Time = r.clock.At(s, zone)
	}
	return len(r.build.Values) > 0
}

func (r *Reader) xmlValue(name, value []byte) {
	if string(name) == "AUDIT_RECORD" || string(name) == "xmlns" {
		return
	}
	start := len(r.build.Scratch)
	for _, c := range name {
		if c >= 'A' && c <= 'Z' {
			c |= 0x20
		}
		r.build.Scratch = append(r.build.Scratch, c)
	}
	r.auditValue(r.build.Own(start), value)
}

// auditValue adds a value of a record in XML, or of Percona's in JSON, which has the same names.
func (r *Reader) auditValue(name, value []byte) {
	switch string(name) {
	case "timestamp":
		r.audit.stamp = value
	case "user":
		// root[root] @ localhost [127.0.0.1]
		if i := bytes.IndexByte(value, '['); i >= 0 && bytes.Contains(value[i:], []byte("] @ ")) {
			r.build.AddFrom("account", "user", value)
			value = value[:i]
		}
	case "ip":
		if len(value) > 0 {
			r.build.AddFrom("client_ip", "ip", value)
		}
		return
	case "sqltext":
		r.build.AddFrom("query", "sqltext", value)
		return
	}
	if len(value) > 0 {
		r.build.AddFound(name, value)
	}
}

// placeJSON counts braces: a record can be a line, or stand on several.
func (r *Reader) placeJSON(line []byte) entries.Place {
	trimmed := bytes.TrimLeft(line, " \t,")
	if (r.depth > 0 || r.inText) && (bytes.HasPrefix(line, []byte(`{"audit_record":`)) || bytes.HasPrefix(line, []byte(`{ "timestamp":`))) {
		r.depth, r.inText = 0, false // the record before was cut
	}
	at := r.depth
	if at == 0 && !r.inText && len(trimmed) > 0 && trimmed[0] == '[' {
		trimmed = bytes.TrimLeft(trimmed[1:], " \t,")
	}
	r.count(trimmed)
	switch {
	case at > 0:
		return entries.More
	case len(trimmed) == 0 || trimmed[0] == ']':
		r.depth = 0
		return entries.Ignore
	}
	return entries.Free
}

func (r *Reader) count(line []byte) {
	for i := 0; i < len(line); i++ {
		c := line[i]
		if r.inText {
			if c == '\\' {
				i++
			} else if c == '"' {
				r.inText = false
			}
			continue
		}
		switch c {
		case '"':
			r.inText = true
		case '{', '[':
			r.depth++
		case '}', ']':
			r.depth = max(r.depth-1, 0)
		}
	}
	r.inText = r.inText && r.depth > 0
}

// auditJSON reads a record of MySQL Enterprise Audit or of Percona's plugin.
func (r *Reader) auditJSON(text []byte) bool {
	r.audit = auditRecord{}
	text = bytes.TrimLeft(text, " \t,[")
	ok := r.build.JSON(text, r.takeJSON)
	return r.audited() && ok
}

func (r *Reader) jsonValue(name, value []byte) {
	if own, ok := bytes.CutPrefix(name, []byte("audit_record.")); ok {
		r.auditValue(own, value)
		return
	}
	if len(value) == 0 {
		return
	}
	switch string(name) {
	case "timestamp":
		r.audit.stamp = value
		r.build.Add("timestamp", value)
	case "account.user":
		r.build.AddFrom("user", "account.user", value)
	case "account.host":
		r.build.AddFrom("host", "account.host", value)
	case "login.ip":
		r.build.AddFrom("client_ip", "login.ip", value)
	case "login.user":
		r.build.AddFrom("login_user", "login.user", value)
	case "login.os":
		r.build.AddFrom("os_user", "login.os", value)
	case "connection_data.db", "table_access_data.db":
		r.build.AddAs("db", name, value)
	case "table_access_data.table":
		r.build.AddFrom("table", "table_access_data.table", value)
	case "general_data.query", "table_access_data.query":
		r.build.AddAs("query", name, value)
	case "general_data.command":
		r.build.AddFrom("command", "general_data.command", value)
	case "general_data.sql_command", "table_access_data.sql_command":
		r.build.AddAs("sql_command", name, value)
	case "general_data.status", "connection_data.status":
		r.build.AddAs("status", name, value)
	default:
		r.build.AddFound(name, value)
	}
}

// csvOperation tells the operations of MariaDB's audit plugin.
func csvOperation(b []byte) bool {
	switch string(b) {
	case "CONNECT", "DISCONNECT", "FAILED_CONNECT", "QUERY", "QUERY_DDL", "QUERY_DML", "QUERY_DML_NO_SELECT", "QUERY_DCL",
		"READ", "WRITE", "CREATE", "ALTER", "RENAME", "DROP", "TABLE", "CHANGEUSER", "PROXY_CONNECT", "AUDIT":
		return true
	}
	return false
}

// isAuditCSV tells a line of MariaDB's audit plugin.
func isAuditCSV(line []byte) bool {
	_, n := entries.ParseStamp(line)
	if n == 0 || n >= len(line) || line[n] != ',' || line[4] == '-' || line[6] == ' ' {
		return false
	}
	rest := line[n+1:]
	for range 5 {
		_, after, ok := bytes.Cut(rest, []byte{','})
		if !ok {
			return false
		}
		rest = after
	}
	operation, _, ok := bytes.Cut(rest, []byte{','})
	return ok && csvOperation(operation)
}

// auditCSV reads a line of MariaDB's audit plugin. The statement is quoted with apostrophes, and
// escaped with backslashes:
//
//	20210108 10:40:13,db1,root,localhost,14,53,QUERY,test,'select \'x\'',0
func (r *Reader) auditCSV(line []byte) bool {
	if !isAuditCSV(line) {
		return false
	}
	at, n := r.stamp(line)
	r.event.Time = at
	rest := line[n+1:]
	for _, name := range [...]string{"serverhost", "user", "host", "thread_id", "query_id", "command", "db"} {
		value, after, _ := bytes.Cut(rest, []byte{','})
		rest = after
		switch name {
		case "serverhost":
			r.event.Computer = r.names.Of(value)
		case "host":
			r.host(value)
			continue
		}
		r.add(name, value)
	}
	object := rest
	if i := bytes.LastIndexByte(rest, ','); i >= 0 && lines.IsNumber(rest[i+1:]) {
		object = rest[:i]
		r.build.Add("retcode", rest[i+1:])
	}
	if len(object) >= 2 && object[0] == '\'' && object[len(object)-1] == '\'' {
		r.build.Add("query", r.unescape(object[1:len(object)-1]))
	} else if len(object) > 0 && object[0] == '\'' {
		r.build.Add("query", r.unescape(object[1:])) // cut at server_audit_query_log_limit
	} else {
		r.add("object", object)
	}
	return true
}

func (r *Reader) unescape(text []byte) []byte {
	if bytes.IndexByte(text, '\\') < 0 {
		return text
	}
	start := len(r.build.Scratch)
	for i := 0; i < len(text); i++ {
		c := text[i]
		if c == '\\' && i+1 < len(text) {
			i++
			switch c = text[i]; c {
			case 'n':
				c = '\n'
			case 'r':
				c = '\r'
			case 't':
				c = '\t'
			}
		}
		r.build.Scratch = append(r.build.Scratch, c)
	}
	return r.build.Own(start)
}
