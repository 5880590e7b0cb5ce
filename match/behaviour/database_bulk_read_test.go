package behaviour

import (
	"fmt"
	"testing"
	"time"
)

// auditedRead is a read in SQL Server's audit.
func auditedRead(after time.Duration, login, application, table string, rows int) made {
	return made{after: after, product: "windows", channel: "Application", provider: "MSSQLSERVER", id: 33205, host: "SQL01",
		fields: []string{"Data", fmt.Sprintf("audit_schema_version:1\naction_id:SL  \nresponse_rows:%d\nserver_principal_name:%s\ndatabase_name:crm\nobject_name:%s\nstatement:SELECT * FROM %s\nadditional_information:\napplication_name:%s\n",
			rows, login, table, table, application)}}
}

func TestDatabaseBulkRead(t *testing.T) {
	hour := time.Hour
	usually := func(days, rows int) (out []made) {
		for d := range days {
			for h := range 4 {
				out = append(out, auditedRead(time.Duration(d*24+h)*hour, "app", "Portal", "orders", rows))
			}
		}
		return out
	}
	with := func(parts ...[]made) (out []made) {
		for _, p := range parts {
			out = append(out, p...)
		}
		return out
	}
	one := func(m made) []made { return []made{m} }
	tables := func(after time.Duration, program string, n int) (out []made) {
		for i := range n {
			out = append(out, auditedRead(after+time.Duration(i)*time.Second, "app", program, fmt.Sprint("t", i), 10))
		}
		return out
	}
	var nightly []made
	for d := range 6 {
		nightly = append(nightly, auditedRead(time.Duration(d*24+20)*hour, "app", "Portal", "orders", 900_000))
	}
	pg := func(after time.Duration, user, statement string) made {
		return made{after: after, product: "postgresql", category: "database", service: "general", host: "pg1", fields: []string{"user_name", user, "application_name", "psql", "statement", statement}}
	}
	for _, c := range []struct {
		name   string
		events []made
		want   string
	}{
		{"by a program that is new", with(usually(5, 100), one(auditedRead(120*hour, "app", "SQLCMD", "orders", 400_000))),
			"high: app read 400000 rows in one hour by SQLCMD; in 20 other hours the median is 100\n"},
		{"much more than usual", with(usually(5, 100), one(auditedRead(120*hour, "app", "Portal", "orders", 400_000))),
			"medium: app read 400000 rows in one hour by Portal; in 20 other hours the median is 100\n"},
		{"many tables by a program that is new", with(usually(5, 100), tables(120*hour, "OSQL", 80)),
			"high: app read 80 tables in one hour by OSQL; in 20 other hours the median is 1\n"},
		{"without a history", one(auditedRead(0, "app", "Portal", "orders", 400_000)), "low: app read 400000 rows in one hour by Portal; in 0 other hours the median is 0\n"},
		{"calls, by hand", one(pg(0, "adm", "select * from billing.cdr_2026 where msisdn = '1'")), "high: adm read telecom tables by hand with psql in 1 hour\n"},
		{"calls, by their application", one(auditedRead(0, "app", "Billing", "cdr_2026", 10)), ""},
		{"the application has a new name", with(usually(5, 400_000), one(auditedRead(120*hour, "app", "Portal2", "orders", 400_000))), ""},
		{"each night", with(usually(6, 100), nightly), ""},
		{"always as much", usually(5, 400_000), ""},
		{"little by a console", with(usually(5, 100), one(auditedRead(120*hour, "app", "SQLCMD", "orders", 10))), ""},
		{"written, not read", one(pg(0, "adm", "insert into cdr values (1)")), ""},
		{"a name with the letters", one(pg(0, "adm", "select * from acdrx")), ""},
	} {
		t.Run(c.name, func(t *testing.T) { wantEpisodes(t, Config{}, "db-bulk-read", c.events, c.want) })
	}
}
