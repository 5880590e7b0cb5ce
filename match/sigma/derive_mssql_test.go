package sigma

import (
	"encoding/binary"
	"strings"
	"testing"

	"aldebaran/event"
)

// sqlEvent makes a synthetic event of SQL Server.
func sqlEvent(provider string, id uint32, fields ...routedField) *event.Event {
	e := channelEvent("Application", id, append([]routedField{systemText("Provider_Name", provider)}, fields...)...)
	e.Provider = provider
	return e
}

// auditRecord is a synthetic record of SQL Server 2019 with such a statement.
func auditRecord(statement string) string {
	return "audit_schema_version:1\nevent_time:2026-01-02 03:04:05.6789012\nsequence_number:1\naction_id:AL  \nsucceeded:true\n" +
		"is_column_permission:false\nsession_id:53\nserver_principal_id:2\nclass_type:SA\nduration_milliseconds:0\nresponse_rows:1\n" +
		"affected_rows:2\nclient_ip:192.0.2.7\npermission_bitmask:00\nsession_server_principal_name:LAKES\\dba\nserver_principal_name:LAKES\\dba\n" +
		"server_principal_sid:0105\ndatabase_principal_name:dbo\ntarget_server_principal_name:\nserver_instance_name:SQL01\\RADAR\ndatabase_name:master\n" +
		"schema_name:\nobject_name:audit-spec\nstatement:" + statement + "\nadditional_information:<action_info><address>192.0.2.8</address></action_info>\n" +
		"user_defined_information:\napplication_name:Management Studio: 1\nconnection_id:5692F9F0-9FB1-4685-975A-670D3C6157B0\n"
}

func TestMSSQLAudit(t *testing.T) {
	for _, provider := range []string{"MSSQLSERVER", "MSSQL$RADAR", "MSSQLSERVER$AUDIT", "mssqlserver"} {
		for _, service := range []string{"application", "mssqlserver", ""} {
			f := resolves(t, windowsService(service), sqlEvent(provider, 33205, listText("Data", auditRecord("ALTER SERVER AUDIT x\r\nWITH (STATE = OFF)"))))
			f("action_id", "AL")
			f("succeeded", "true")
			f("session_id", "53")
			f("class_type", "SA")
			f("response_rows", "1")
			f("affected_rows", "2")
			f("client_ip", "192.0.2.7")
			f("server_principal_name", `LAKES\dba`)
			f("session_server_principal_name", `LAKES\dba`)
			f("target_server_principal_name", "")
			f("server_instance_name", `SQL01\RADAR`)
			f("database_name", "master")
			f("schema_name", "")
			f("object_name", "audit-spec")
			f("statement", "ALTER SERVER AUDIT x\r\nWITH (STATE = OFF)")
			f("additional_information", "<action_info><address>192.0.2.8</address></action_info>")
			f("user_defined_information", "")
			f("application_name", "Management Studio: 1")
			f("connection_id", "5692F9F0-9FB1-4685-975A-670D3C6157B0")
			f("host_name", "absent")
			f("reason", "absent")
			f("option", "absent")
		}
	}
	security := sqlEvent("MSSQLSERVER$AUDIT", 33205, dataText("Data", auditRecord("SELECT 1")))
	security.Channel = "Security"
	for _, service := range []string{"security", "mssqlserver", ""} {
		resolves(t, windowsService(service), security)("statement", "SELECT 1")
	}
	// The rendered message has blanks for line ends.
	one := "Audit event: " + strings.ReplaceAll(strings.TrimSpace(auditRecord("DROP TABLE a.b")), "\n", " ")
	f := resolves(t, windowsService("application"), sqlEvent("MSSQLSERVER", 33205, dataText("Data", one)))
	f("audit_schema_version", "1")
	f("action_id", "AL")
	f("object_name", "audit-spec")
	f("statement", "DROP TABLE a.b")
	f("target_server_principal_name", "")
	f("server_principal_name", `LAKES\dba`)
	f("application_name", "Management Studio: 1")
	// Not of SQL Server.
	f = resolves(t, windowsService("application"), sqlEvent("Synthetic", 33205, dataText("Data", auditRecord("SELECT 1"))))
	f("statement", "absent")
	// An export has it as fields of its own.
	f = resolves(t, windowsService("application"), sqlEvent("Synthetic", 33205, dataText("statement", "SELECT 2")))
	f("statement", "SELECT 2")
}

// TestMSSQLAuditForged holds that a statement cannot pass itself off for other parts of the record.
func TestMSSQLAuditForged(t *testing.T) {
	forged := "SELECT 1 --\naction_id:LGIS\nserver_principal_name:nobody\nobject_name:x\nstatement:SELECT 2\nadditional_information:none\nuser_defined_information:mine\nclient_ip:198.51.100.1"
	f := resolves(t, windowsService("application"), sqlEvent("MSSQLSERVER", 33205, dataText("Data", auditRecord(forged))))
	f("action_id", "AL")
	f("server_principal_name", `LAKES\dba`)
	f("object_name", "audit-spec")
	f("client_ip", "192.0.2.7")
	f("statement", forged)
	f("additional_information", "<action_info><address>192.0.2.8</address></action_info>")
	f("user_defined_information", "")
	f("transaction_id", "absent")
	// Records that end anywhere.
	whole := auditRecord(forged)
	for n := range whole {
		e := sqlEvent("MSSQLSERVER", 33205, dataText("Data", whole[:n]))
		for name, d := range serverFields {
			if d.Make != nil {
				if text, ok := d.Make([]byte("x"), e); ok && (len(text) == 0 || text[0] != 'x') {
					t.Fatalf("%s of %d bytes: %q", name, n, text)
				}
			}
		}
	}
}

func TestMSSQLAuditOlder(t *testing.T) {
	f := func(record string) func(field, want string) {
		return resolves(t, windowsService("application"), sqlEvent("MSSQL$RADAR", 33205, listText("Data", record)))
	}
	older := "audit_schema_version:1\naction_id:LGIF\nsucceeded:false\nserver_principal_name:nobody\nobject_name:\n" +
		"statement:Login failed for user 'nobody'. Reason: Password did not match that for the login provided. [CLIENT: 192.0.2.9]\n"
	g := f(older + "additional_information:<action_info xmlns=\"http://schemas.microsoft.com/sqlserver/2008/sqlaudit_data\"><error>0x00004818</error><state>58</state><address>192.0.2.10</address></action_info>\nuser_defined_information:\n")
	g("client_ip", "192.0.2.10")
	g("error", "18456")
	g("state", "58")
	g("reason", "Password did not match that for the login provided.")
	g("server_principal_name", "nobody")
	g("severity", "absent")
	g = f(older + "additional_information:\n")
	g("client_ip", "192.0.2.9")
	g("error", "absent")
}

func TestMSSQLEvents(t *testing.T) {
	binaryData := func(id, severity uint32, texts ...string) routedField {
		raw := binary.LittleEndian.AppendUint32(nil, id)
		raw = binary.LittleEndian.AppendUint32(raw, severity)
		for _, s := range texts {
			raw = binary.LittleEndian.AppendUint32(raw, uint32(len(s)+1))
			for _, c := range s + "\x00" {
				raw = append(raw, byte(c), 0)
			}
		}
		return routedField{"Binary", event.Data, event.Value{Kind: event.Binary, Raw: raw}}
	}
	sql := func(id uint32, fields ...routedField) func(field, want string) {
		return resolves(t, windowsService("application"), sqlEvent("MSSQLSERVER", id, fields...))
	}
	f := sql(18456, listText("Data", "sa", " Reason: Password did not match that for the login provided.", " [CLIENT: 192.0.2.7]"), binaryData(18456, 14, `SQL01\RADAR`, "master"))
	f("server_principal_name", "sa")
	f("reason", "Password did not match that for the login provided.")
	f("client_ip", "192.0.2.7")
	f("error", "18456")
	f("severity", "14")
	f("state", "absent")
	f("server_instance_name", `SQL01\RADAR`)
	f("database_name", "master")
	f("statement", "absent")
	f = sql(18456, dataText("Data", "sa"), dataText("Data", " Reason: x."), dataText("Data", " [CLIENT: <local machine>]"))
	f("client_ip", "<local machine>")
	f("server_instance_name", "absent")
	f = sql(18454, listText("Data", "root", " [CLIENT: 192.0.2.7]"))
	f("server_principal_name", "root")
	f("client_ip", "192.0.2.7")
	f("reason", "absent")
	f = sql(15457, listText("Data", "xp_cmdshell", "0", "1"))
	f("option", "xp_cmdshell")
	f("old_value", "0")
	f("new_value", "1")
	f("server_principal_name", "absent")
	f("client_ip", "absent")
	f = sql(15281, listText("Data", "procedure", "sys.xp_cmdshell", "xp_cmdshell", "xp_cmdshell"))
	f("option", "xp_cmdshell")
	f("object_name", "sys.xp_cmdshell")
	f("old_value", "absent")
	// Counts that lie.
	for _, raw := range [][]byte{nil, make([]byte, 11), {0x18, 0x48, 0, 0, 14, 0, 0, 0, 255, 255, 255, 255, 1}, {0x18, 0x48, 0, 0, 14, 0, 0, 0, 1, 0, 0, 0, 65, 0, 9}} {
		f = sql(18456, routedField{"Binary", event.Data, event.Value{Kind: event.Binary, Raw: raw}})
		f("database_name", "absent")
	}
}
