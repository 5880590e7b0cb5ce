package sigma

import (
	"bytes"
	"encoding/binary"
	"strconv"

	"aldebaran/event"
)

// serverFields are those of the channels into which SQL Server writes: Application, and Security if
// its audit was told to. The names are those of SQL Server's own audit records (sys.fn_get_audit_file,
// https://learn.microsoft.com/sql/relational-databases/system-functions/sys-fn-get-audit-file-transact-sql),
// for the older events too:
//
//	33205               Data[0]: the whole record, "key:value" a line
//	18450 to 18499      Data: login [, " Reason: ..."], " [CLIENT: address]"
//	15457               Data: option, value before, value now
//	15281               Data: kind of object, its name, the component (an option) that is switched off, ...
//
// None is looked at unless a rule names it, and then only in events of SQL Server.
var serverFields = func() Mapping {
	m := Mapping{
		"client_ip":             sqlField("client_ip", sqlClient),
		"option":                sqlField("option", sqlOption),
		"old_value":             sqlField("old_value", sqlData(15457, 1)),
		"new_value":             sqlField("new_value", sqlData(15457, 2)),
		"reason":                sqlField("reason", sqlReason),
		"error":                 sqlField("error", sqlError),
		"severity":              sqlField("severity", sqlSeverity),
		"state":                 sqlField("state", sqlState),
		"object_name":           sqlField("object_name", sqlObject),
		"server_principal_name": sqlField("server_principal_name", sqlLogin),
		"server_instance_name":  sqlField("server_instance_name", sqlInstance),
		"database_name":         sqlField("database_name", sqlDatabase),
		"statement":             sqlField("statement", nil),
	}
	for _, keys := range [...][]string{auditKeys[:], auditTail[:]} {
		for _, key := range keys {
			if _, ok := m[key]; !ok {
				m[key] = sqlField(key, nil)
			}
		}
	}
	return windowsFields.with(m)
}()

// mssqlRoutes serve "service: mssqlserver", which no rule of SigmaHQ names but its folder does.
var mssqlRoutes = []Route{{
	Product: "windows", Channels: []string{"application", channelSecurity},
	Where:  []Where{{Field: "Provider_Name", Prefixes: []string{"MSSQL"}}}, // MSSQLSERVER, MSSQL$INSTANCE, ...$AUDIT
	Fields: serverFields, Name: "Windows mssqlserver",
}}

// auditKeys are the keys that stand before the statement in a record of SQL Server 2008 to 2022,
// auditTail those behind it.
var (
	auditKeys = [...]string{
		"audit_schema_version", "event_time", "sequence_number", "action_id", "succeeded", "is_column_permission",
		"session_id", "server_principal_id", "database_principal_id", "target_server_principal_id",
		"target_database_principal_id", "object_id", "user_defined_event_id", "transaction_id", "class_type",
		"duration_milliseconds", "response_rows", "affected_rows", "client_tls_version", "database_transaction_id",
		"ledger_start_sequence_number", "client_ip", "permission_bitmask", "sequence_group_id",
		"session_server_principal_name", "server_principal_name", "server_principal_sid", "database_principal_name",
		"target_server_principal_name", "target_server_principal_sid", "target_database_principal_name",
		"server_instance_name", "database_name", "schema_name", "object_name",
	}
	auditTail = [...]string{
		"additional_information", "user_defined_information", "application_name", "connection_id",
		"data_sensitivity_information", "host_name", "session_context", "client_tls_version_name",
		"external_policy_permissions_checked", "obo_middle_tier_app_id",
	}
)

const auditEvent = 33205

// sqlField is the own field of that name, else that part of an audit record, else what other gives.
func sqlField(name string, other func([]byte, *event.Event) ([]byte, bool)) Derivation {
	from := []string{name, "Provider_Name", "EventID", "Data"}
	return Derivation{From: from, OwnFirst: true, Make: func(dst []byte, e *event.Event) ([]byte, bool) {
		if text, ok := appendField(dst, e, name); ok {
			return text, true
		}
		if !hasPrefixASCII([]byte(e.Provider[:min(len(e.Provider), len("MSSQL"))]), "MSSQL") {
			return dst, false
		}
		if e.EventID == auditEvent {
			text, ok := appendData(dst, e, 0)
			if !ok {
				return dst, false
			}
			if value, ok := auditValue(text[len(dst):], name); ok && (len(value) > 0 || other == nil) {
				return text[:len(dst)+copy(text[len(dst):], value)], true
			}
		}
		if other == nil {
			return dst, false
		}
		text, ok := other(dst, e)
		if !ok {
			return dst, false
		}
		return text, true
	}}
}

// auditValue finds the value of a key in an audit record. The statement, and what stands behind it,
// may hold whatever somebody sent to the server, lines that look like other keys too: what stands
// before the statement is looked for from the front only, what stands behind it from the back.
func auditValue(record []byte, key string) (value []byte, ok bool) {
	// So begins the message that people see, which exports have.
	record = bytes.TrimPrefix(record, []byte("Audit event: "))
	if bytes.IndexByte(record, '\n') < 0 {
		return auditValueOnLine(record, key)
	}
	statement := lineKey(record, "statement")
	head := record
	if statement >= 0 {
		head = record[:statement]
	}
	if key != "statement" && !isAuditTail(key) {
		at := lineKey(head, key)
		if at < 0 {
			return nil, false
		}
		value = head[at+len(key)+1:]
		return bytes.TrimSpace(value[:lineEnd(value)]), true
	}
	if statement < 0 {
		return nil, false
	}
	tail := lastLineKey(record[statement:], "additional_information")
	if key == "statement" {
		value = record[statement+len("statement:"):]
		if tail >= 0 {
			value = record[statement+len("statement:") : statement+tail]
		}
		return bytes.TrimSpace(value), true
	}
	if tail < 0 {
		return nil, false
	}
	rest := record[statement+tail:]
	at := 0
	if key != "additional_information" {
		if at = lastLineKey(rest, key); at < 0 {
			return nil, false
		}
	}
	value = rest[at+len(key)+1:]
	end := len(value)
	for _, next := range auditTail {
		if next != key {
			if n := lineKey(value, next); n > 0 {
				end = min(end, n)
			}
		}
	}
	return bytes.TrimSpace(value[:end]), true
}

// auditValueOnLine does the same for a record whose lines were joined with blanks, as rendered
// messages have it: a value reaches to the next key of the list.
func auditValueOnLine(record []byte, key string) (value []byte, ok bool) {
	at := blankKey(record, key)
	if at < 0 {
		return nil, false
	}
	value = record[at+len(key)+1:]
	end := len(value)
	after := false
	for _, next := range auditKeys {
		if after {
			if n := blankKey(value, next); n >= 0 {
				end = min(end, n)
			}
		}
		after = after || next == key
	}
	if !isAuditTail(key) && key != "statement" {
		if n := blankKey(value, "statement"); n >= 0 {
			end = min(end, n)
		}
	}
	for _, next := range auditTail {
		if next != key {
			if n := blankKey(value, next); n >= 0 {
				end = min(end, n)
			}
		}
	}
	return bytes.TrimSpace(value[:end]), true
}

func isAuditTail(key string) bool {
	for _, k := range auditTail {
		if k == key {
			return true
		}
	}
	return false
}

// lineKey gives where the first line that begins with a key and a colon begins, -1 if there is none.
func lineKey(text []byte, key string) int {
	for at := 0; at < len(text); {
		if isKeyAt(text[at:], key) {
			return at
		}
		n := bytes.IndexByte(text[at:], '\n')
		if n < 0 {
			break
		}
		at += n + 1
	}
	return -1
}

func lastLineKey(text []byte, key string) int {
	for end := len(text); end > 0; {
		at := bytes.LastIndexByte(text[:end], '\n')
		if isKeyAt(text[at+1:], key) {
			return at + 1
		}
		end = at
	}
	return -1
}

func isKeyAt(text []byte, key string) bool {
	return len(text) > len(key) && text[len(key)] == ':' && string(text[:len(key)]) == key
}

func blankKey(text []byte, key string) int {
	for at := 0; at < len(text); {
		if (at == 0 || text[at-1] == ' ') && len(text)-at > len(key) && text[at+len(key)] == ':' && string(text[at:at+len(key)]) == key {
			return at
		}
		n := bytes.IndexByte(text[at:], ' ')
		if n < 0 {
			break
		}
		at += n + 1
	}
	return -1
}

func lineEnd(text []byte) int {
	if n := bytes.IndexByte(text, '\n'); n >= 0 {
		return n
	}
	return len(text)
}

// actionInfo gives the text of an element of the record's additional_information, an XML fragment.
func actionInfo(dst []byte, e *event.Event, open string) (text []byte, ok bool) {
	text, ok = appendData(dst, e, 0)
	if !ok || e.EventID != auditEvent {
		return dst, false
	}
	info, ok := auditValue(text[len(dst):], "additional_information")
	if !ok {
		return dst, false
	}
	_, rest, ok := bytes.Cut(info, []byte(open))
	if !ok {
		return dst, false
	}
	value, _, ok := bytes.Cut(rest, []byte{'<'})
	return text[:len(dst)+copy(text[len(dst):], value)], ok && len(value) > 0
}

// sqlClient is the address of the client: of older audit records and of logins it stands in texts.
func sqlClient(dst []byte, e *event.Event) ([]byte, bool) {
	if text, ok := actionInfo(dst, e, "<address>"); ok {
		return text, true
	}
	for n := range 4 { // login, reason and client
		text, ok := appendData(dst, e, n)
		if !ok {
			break
		}
		if e.EventID == auditEvent {
			value, _ := auditValue(text[len(dst):], "statement")
			text = text[:len(dst)+copy(text[len(dst):], value)]
		}
		const open = "[CLIENT: "
		if at := bytes.LastIndex(text[len(dst):], []byte(open)); at >= 0 {
			client, _, closed := bytes.Cut(text[len(dst)+at+len(open):], []byte{']'})
			return text[:len(dst)+copy(text[len(dst):], client)], closed
		}
	}
	return dst, false
}

// isLogin tells whether an event is about a login: those messages of SQL Server's have these numbers.
func isLogin(e *event.Event) bool { return e.EventID >= 18450 && e.EventID <= 18499 }

func sqlLogin(dst []byte, e *event.Event) ([]byte, bool) {
	if !isLogin(e) {
		return dst, false
	}
	return appendData(dst, e, 0)
}

// sqlReason is why a login failed: "Reason: ..." of a login, or in the statement of an audit record.
func sqlReason(dst []byte, e *event.Event) ([]byte, bool) {
	const label = "Reason: "
	for n := range 4 {
		text, ok := appendData(dst, e, n)
		if !ok {
			break
		}
		if e.EventID == auditEvent {
			value, _ := auditValue(text[len(dst):], "statement")
			if !bytes.HasPrefix(value, []byte("Login failed")) {
				break
			}
			text = text[:len(dst)+copy(text[len(dst):], value)]
		} else if !isLogin(e) {
			break
		}
		if at := bytes.Index(text[len(dst):], []byte(label)); at >= 0 {
			reason := text[len(dst)+at+len(label):]
			if end := bytes.LastIndex(reason, []byte("[CLIENT: ")); end >= 0 {
				reason = reason[:end]
			}
			reason = bytes.TrimRight(reason, " ,")
			return text[:len(dst)+copy(text[len(dst):], reason)], true
		}
	}
	return dst, false
}

func sqlData(id uint32, n int) func([]byte, *event.Event) ([]byte, bool) {
	return func(dst []byte, e *event.Event) ([]byte, bool) {
		if e.EventID != id {
			return dst, false
		}
		return appendData(dst, e, n)
	}
}

// sqlOption is the configuration option: the one that was changed, or that blocked an access.
func sqlOption(dst []byte, e *event.Event) ([]byte, bool) {
	switch e.EventID {
	case 15457:
		return appendData(dst, e, 0)
	case 15281:
		return appendData(dst, e, 2)
	}
	return dst, false
}

func sqlObject(dst []byte, e *event.Event) ([]byte, bool) { return sqlData(15281, 1)(dst, e) }

// sqlError is the number of the message: that of the event itself, or of the login that was audited.
func sqlError(dst []byte, e *event.Event) ([]byte, bool) {
	if e.EventID != auditEvent {
		return strconv.AppendUint(dst, uint64(e.EventID), 10), e.EventID != 0
	}
	text, ok := actionInfo(dst, e, "<error>")
	if !ok {
		return dst, false
	}
	// 0x00004818
	if n, ok := parseHex(text[len(dst):]); ok {
		return strconv.AppendUint(text[:len(dst)], n, 10), true
	}
	return text, true
}

func sqlState(dst []byte, e *event.Event) ([]byte, bool) { return actionInfo(dst, e, "<state>") }

// The binary data of SQL Server's events but 33205:
//
//	error(4) severity(4) count(4) server(2*count, UTF-16 with NUL) count(4) database(2*count)
func sqlBinary(e *event.Event) (raw []byte, ok bool) {
	v, ok := e.Get("Binary")
	return v.Raw, ok && v.Kind == event.Binary && e.EventID != auditEvent && len(v.Raw) >= 12 &&
		binary.LittleEndian.Uint32(v.Raw)&0xffff == e.EventID&0xffff
}

func sqlSeverity(dst []byte, e *event.Event) ([]byte, bool) {
	raw, ok := sqlBinary(e)
	if !ok {
		return dst, false
	}
	return strconv.AppendUint(dst, uint64(binary.LittleEndian.Uint32(raw[4:])), 10), true
}

func sqlInstance(dst []byte, e *event.Event) ([]byte, bool) { return sqlBinaryText(dst, e, 0) }
func sqlDatabase(dst []byte, e *event.Event) ([]byte, bool) { return sqlBinaryText(dst, e, 1) }

// sqlBinaryText is the n-th text of the binary data.
func sqlBinaryText(dst []byte, e *event.Event, n int) ([]byte, bool) {
	raw, ok := sqlBinary(e)
	if !ok {
		return dst, false
	}
	raw = raw[8:]
	for {
		if len(raw) < 4 {
			return dst, false
		}
		count := binary.LittleEndian.Uint32(raw)
		raw = raw[4:]
		if uint64(count)*2 > uint64(len(raw)) || count == 0 {
			return dst, false
		}
		if n == 0 {
			return event.Value{Kind: event.UTF16, Raw: raw[:count*2]}.AppendText(dst), true
		}
		raw, n = raw[count*2:], n-1
	}
}
