package sigma_test

import "strings"

// refDatabaseRoutes gives the events of databases that serve a log source beside those labelled with
// it: SQL Server's in the Windows event log are statements too, and what it writes to its ERRORLOG
// are messages of a database.
func refDatabaseRoutes(ls refLogsource) []refRoute {
	logged := refRoute{
		name: "mssqlserver", product: "windows", channels: []string{"application", "security"},
		where: map[string][]string{"Provider_Name": {"MSSQL*"}}, // MSSQLSERVER, MSSQL$NAME, ...$AUDIT
	}
	errorLog := refRoute{name: "ERRORLOG", product: "windows", category: "database", service: "mssqlserver"}
	switch ls {
	case refLogsource{category: "database"}:
		return []refRoute{logged}
	case refLogsource{product: "mssql"}, refLogsource{product: "mssql", category: "database"}:
		return []refRoute{errorLog, logged}
	case refLogsource{product: "sql", category: "application"}:
		return []refRoute{errorLog, {name: "errors", category: "database", service: "error"}}
	}
	return nil
}

// refWhere tells whether a text is what a route asks for; a star at the end stands for anything.
func refWhere(want, text string) bool {
	if begin, ok := strings.CutSuffix(want, "*"); ok {
		return len(text) >= len(begin) && strings.EqualFold(text[:len(begin)], begin)
	}
	return strings.EqualFold(want, text)
}
