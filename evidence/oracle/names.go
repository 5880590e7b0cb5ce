package oracle

import "strings"

// fieldName gives the name of a value: that of the column of UNIFIED_AUDIT_TRAIL which has the same
// meaning, in lower case, whatever the form of the trail calls it.
func fieldName(written []byte) string {
	name := strings.ToLower(strings.TrimSpace(string(written)))
	name = strings.NewReplacer(" ", "_", "$", "_").Replace(name)
	switch name {
	case "database_user", "db_user", "dbuser", "userid":
		return "dbusername"
	case "client_user", "os_user", "os_userid", "os_username":
		return "os_username"
	case "client_terminal":
		return "terminal"
	case "status", "returncode", "retcode":
		return "return_code"
	case "curuser":
		return "current_user"
	case "sesid", "session_id":
		return "sessionid"
	case "stmtid", "statementid", "statement":
		return "statement_id"
	case "entryid":
		return "entry_id"
	case "schema", "obj_creator":
		return "object_schema"
	case "objname", "obj_name":
		return "object_name"
	case "clientid", "client_id":
		return "client_identifier"
	case "comment_text", "comment":
		return "comment_text"
	case "priv_used", "privilege", "privilege_used":
		return "system_privilege_used"
	case "extended_timestamp", "timestamp":
		return "event_timestamp"
	case "type":
		return "audit_type"
	}
	return name
}

// actionName gives the name of an action by its number, for those that matter most (the view
// AUDIT_ACTIONS); "" for the others.
func actionName(number string) string {
	switch number {
	case "1":
		return "CREATE TABLE"
	case "2":
		return "INSERT"
	case "3":
		return "SELECT"
	case "6":
		return "UPDATE"
	case "7":
		return "DELETE"
	case "12":
		return "DROP TABLE"
	case "17":
		return "GRANT OBJECT"
	case "18":
		return "REVOKE OBJECT"
	case "24":
		return "CREATE PROCEDURE"
	case "42":
		return "ALTER SESSION"
	case "43":
		return "ALTER USER"
	case "47":
		return "PL/SQL EXECUTE"
	case "49":
		return "ALTER SYSTEM"
	case "51":
		return "CREATE USER"
	case "53":
		return "DROP USER"
	case "85":
		return "TRUNCATE TABLE"
	case "100":
		return "LOGON"
	case "101":
		return "LOGOFF"
	case "102":
		return "LOGOFF BY CLEANUP"
	case "103":
		return "SESSION REC"
	case "104":
		return "SYSTEM AUDIT"
	case "105":
		return "SYSTEM NOAUDIT"
	case "108":
		return "SYSTEM GRANT"
	case "109":
		return "SYSTEM REVOKE"
	case "114":
		return "GRANT ROLE"
	case "115":
		return "REVOKE ROLE"
	}
	return ""
}
