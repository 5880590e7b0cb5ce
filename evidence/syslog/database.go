package syslog

import (
	"bytes"

	"aldebaran/evidence/lines"
)

// The messages of databases that log to syslog get the labels and the names of fields that the
// databases' own logs have; see evidence/mysql and evidence/postgresql. The text stays the field
// message, as it stands in all records of syslog.

// mysql adds the fields of the error log of MySQL and MariaDB, which mysqld_safe passes on line by
// line, and of MariaDB's audit plugin (server_audit_output_type = syslog):
//
//	2026-03-01T08:00:00.123456Z 8 [Note] Access denied for user 'root'@'192.0.2.7' (using password: YES)
//	db1,root,192.0.2.7,14,53,QUERY,test,'select 1',0
func (r *Reader) mysql(m []byte) {
	e := &r.rec.Event
	e.Product, e.Category, e.Service = "mysql", "database", "error"
	if r.mariadbAudit(m) {
		e.Service = "audit"
		return
	}
	if before, rest, ok := bytes.Cut(m, []byte{'['}); ok && len(before) < len("2026-03-01T08:00:00.123456+00:00 1234567 ") {
		switch level := until(rest, "]"); string(level) {
		case "Note", "Warning", "ERROR", "System":
			r.rec.Add("level", level)
		}
	}
	rest, ok := after(m, "Access denied for user '")
	if !ok {
		return
	}
	user, host, ok := bytes.Cut(rest, []byte("'@'"))
	if !ok {
		return
	}
	r.rec.Add("user", user)
	host, rest, _ = bytes.Cut(host, []byte{'\''})
	r.rec.Add("host", host)
	r.addressAtStart(host)
	if rest, ok := bytes.CutPrefix(rest, []byte(" (using password: ")); ok {
		r.rec.Add("using_password", until(rest, ")"))
	}
	r.result("login", "failure")
}

// mariadbAudit adds the columns of a record of MariaDB's audit plugin; false if the message is none.
// What server_audit_syslog_info says may stand before it.
func (r *Reader) mariadbAudit(m []byte) bool {
	columns := bytes.SplitN(m, []byte{','}, 8)
	if len(columns) < 8 || !lines.IsNumber(columns[3]) || !lines.IsNumber(columns[4]) {
		return false
	}
	switch string(columns[5]) {
	case "CONNECT", "QUERY", "READ", "WRITE", "CREATE", "ALTER", "RENAME", "DROP", "DISCONNECT", "FAILED_CONNECT":
	default:
		return false
	}
	columns[0] = columns[0][bytes.LastIndexByte(columns[0], ' ')+1:]
	for i, name := range [...]string{"serverhost", "user", "host", "thread_id", "query_id", "command", "db"} {
		if len(columns[i]) > 0 {
			r.rec.Add(name, columns[i])
		}
	}
	r.addressAtStart(columns[2])
	object := columns[7]
	if i := bytes.LastIndexByte(object, ','); i >= 0 && lines.IsNumber(object[i+1:]) {
		r.rec.Add("retcode", object[i+1:])
		object = object[:i]
	}
	if query, ok := bytes.CutPrefix(object, []byte{'\''}); ok {
		r.rec.Add("query", bytes.TrimSuffix(query, []byte{'\''}))
	} else if len(object) > 0 {
		r.rec.Add("object", object)
	}
	return true
}

// postgresql adds the fields of a message of PostgreSQL, whose prefix can be anything:
//
//	[3-1] user=app,db=shop LOG:  statement: SELECT 1
func (r *Reader) postgresql(m []byte) {
	e := &r.rec.Event
	e.Product, e.Category, e.Service = "postgresql", "database", "error"
	at := bytes.Index(m, []byte(":  "))
	if at < 0 {
		return // a line that carries on the one before
	}
	word := bytes.LastIndexAny(m[:at], " ]") + 1
	severity := m[word:at]
	switch string(severity) {
	case "ERROR", "FATAL", "PANIC", "WARNING", "LOG", "NOTICE", "INFO", "DEBUG", "DETAIL", "HINT", "CONTEXT", "STATEMENT":
	default:
		return
	}
	r.rec.Add("error_severity", severity)
	prefix, text := m[:word], m[at+len(":  "):]
	user := false
	if value, ok := after(prefix, "user="); ok {
		r.rec.Add("user_name", until(value, ", "))
		user = true
	}
	if value, ok := after(prefix, "db="); ok {
		r.rec.Add("database_name", until(value, ", "))
	}
	if statement, ok := after(text, "statement: "); ok {
		e.Service = "general"
		r.rec.Add("statement", statement)
	}
	if bytes.HasPrefix(text, []byte("AUDIT: ")) {
		e.Service = "audit"
	}
	if name, ok := after(text, "authentication failed for user \""); ok {
		if !user {
			r.rec.Add("user_name", until(name, "\""))
		}
		r.result("login", "failure")
	}
}
