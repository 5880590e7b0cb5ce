package sigma

// databaseFields are the names under which rules look for what all databases log, each in its own
// words. No rule of SigmaHQ names any of them; they are those of SQL Server's audit where it has one.
var databaseFields = func() Mapping {
	statement := []string{"statement", "query", "sql_text", "argument"}
	user := []string{"user", "user_name", "dbusername", "server_principal_name"}
	return Mapping{
		"statement":             anyOwn("statement", statement),
		"query":                 anyOwn("query", statement),
		"user":                  anyOwn("user", user),
		"user_name":             anyOwn("user_name", user),
		"server_principal_name": anyOwn("server_principal_name", user),
		"database_name":         anyOwn("database_name", []string{"database_name", "db"}),
		"application_name":      anyOwn("application_name", []string{"application_name", "client_program_name", "program_name"}),
		"command":               anyOwn("command", []string{"command", "command_tag", "sql_command", "action_name", "command_class"}),
		"message":               anyOwn("message", []string{"message", "Message"}),
		"Message":               anyOwn("Message", []string{"Message", "message"}),
	}
}()

// anyOwn is the field of that name, else the first of the others that the event has.
func anyOwn(name string, names []string) Derivation {
	d := firstOf(withFirst(name, names)...)
	d.OwnFirst = true
	return d
}

// databaseRoutes gives the routes by which events of databases serve a log source beside those that
// are labelled with it; none if it is not about them.
//
// The messages of an ERRORLOG are labelled as the Windows events that they are too, with the category
// database and the service mssqlserver. In the event log they have neither.
func databaseRoutes(ls Logsource) []Route {
	ls.Definition = ""
	errorLog := Route{Product: "windows", Category: "database", Service: "mssqlserver", Fields: databaseFields, Name: "SQL Server ERRORLOG"}
	switch ls {
	case Logsource{Category: "database"}:
		return mssqlRoutes
	case Logsource{Product: "mssql"}, Logsource{Product: "mssql", Category: "database"},
		Logsource{Product: "mssql", Service: "error"}, Logsource{Product: "mssql", Category: "database", Service: "error"}:
		return append([]Route{errorLog}, mssqlRoutes...)
	case Logsource{Product: "mariadb"}, Logsource{Product: "mariadb", Category: "database"}:
		return []Route{{Product: "mysql", Category: "database", Fields: databaseFields, Name: "MySQL"}}
	case Logsource{Product: "sql", Category: "application"}:
		// "Application error logs": messages of databases about statements that they could not parse
		// stand in their own logs as well.
		return []Route{{Category: "database", Service: "error", Fields: databaseFields, Name: "database errors"}, errorLog}
	}
	return nil
}

// isDatabase tells the log sources of databases.
func isDatabase(ls Logsource) bool {
	switch ls.Product {
	case "mssql", "mysql", "postgresql", "oracle":
		return true
	}
	return ls.Category == "database"
}
