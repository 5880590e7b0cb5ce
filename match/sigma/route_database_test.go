package sigma

import "testing"

func TestDatabaseRoutes(t *testing.T) {
	f := func(ls Logsource, product, service string, want bool) {
		t.Helper()
		e := linuxEvent(product, "database", service)
		if product == "windows" {
			e = channelEvent("Application", 18456, systemText("Provider_Name", "MSSQLSERVER"))
			e.Product, e.Category, e.Service = product, "database", service
		}
		if got := taken(ls, e); (len(got) > 0) != want {
			t.Errorf("%s/%s takes %q of %+v, want some: %t", product, service, got, ls, want)
		}
	}
	f(Logsource{Category: "database"}, "mysql", "general", true)
	f(Logsource{Category: "database"}, "windows", "mssqlserver", true)
	f(Logsource{Product: "windows", Service: "application"}, "windows", "mssqlserver", true)
	f(Logsource{Product: "windows", Service: "mssqlserver"}, "windows", "mssqlserver", true)
	f(Logsource{Product: "mssql"}, "windows", "mssqlserver", true)
	f(Logsource{Product: "mssql", Service: "agent"}, "mssql", "agent", true)
	f(Logsource{Product: "mssql", Service: "agent"}, "windows", "mssqlserver", false)
	f(Logsource{Product: "mysql", Service: "slow"}, "mysql", "slow", true)
	f(Logsource{Product: "mysql", Service: "slow"}, "mysql", "audit", false)
	f(Logsource{Product: "mariadb"}, "mysql", "audit", true)
	f(Logsource{Product: "postgresql", Category: "database"}, "postgresql", "audit", true)
	f(Logsource{Product: "postgresql"}, "mysql", "audit", false)
	f(Logsource{Product: "oracle", Service: "audit"}, "oracle", "audit", true)
	f(Logsource{Product: "sql", Category: "application"}, "postgresql", "error", true)
	f(Logsource{Product: "sql", Category: "application"}, "windows", "mssqlserver", true)
	f(Logsource{Product: "sql", Category: "application"}, "mysql", "general", false)
	// An event of the event log is labelled with nothing but its channel.
	logged := channelEvent("Application", 33205, systemText("Provider_Name", "MSSQLSERVER$AUDIT"))
	if got := taken(Logsource{Category: "database"}, logged); len(got) != 1 {
		t.Errorf("category database takes %q of an event of SQL Server's audit, want one route", got)
	}
}

func TestDatabaseFields(t *testing.T) {
	f := resolves(t, Logsource{Category: "database"}, linuxEvent("mysql", "database", "general", dataText("argument", "select 1"), dataText("user", "u"), dataText("db", "d")))
	f("statement", "select 1")
	f("server_principal_name", "u")
	f("database_name", "d")
	f = resolves(t, Logsource{Product: "postgresql"}, linuxEvent("postgresql", "database", "error", dataText("statement", "a"), dataText("query", "b"), dataText("user_name", "u")))
	f("statement", "a")
	f("query", "b")
	f("user", "u")
}
