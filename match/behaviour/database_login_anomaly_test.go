package behaviour

import (
	"fmt"
	"testing"
	"time"
)

// sqlLogin is a sign-in to SQL Server: 18454 succeeded, 18456 was refused.
func sqlLogin(after time.Duration, id uint32, login, client string) made {
	return made{after: after, product: "windows", channel: "Application", provider: "MSSQLSERVER", id: id, host: "SQL01",
		fields: []string{"Data", login, "Data", " Reason: Password did not match that for the login provided.", "Data", " [CLIENT: " + client + "]"}}
}

// auditedLogin is a sign-in in SQL Server's audit, which names the program.
func auditedLogin(after time.Duration, login, client, application string) made {
	return made{after: after, product: "windows", channel: "Application", provider: "MSSQLSERVER", id: 33205, host: "SQL01",
		fields: []string{"Data", "audit_schema_version:1\naction_id:LGIS\nclient_ip:" + client + "\nserver_principal_name:" + login + "\nstatement:-- network protocol: TCP/IP\nadditional_information:\napplication_name:" + application + "\n"}}
}

func TestDatabaseLoginAnomaly(t *testing.T) {
	min, day := time.Minute, 24*time.Hour
	refused := func(after time.Duration, n int, login, client string) (out []made) {
		for i := range n {
			out = append(out, sqlLogin(after+time.Duration(i)*time.Second, 18456, login, client))
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
	var spray, daily []made
	for i := range 8 {
		spray = append(spray, sqlLogin(time.Duration(i)*time.Second, 18456, fmt.Sprint("user", i), "10.0.0.9"))
	}
	for d := range 10 {
		daily = append(daily, auditedLogin(time.Duration(d)*day, "sa", "10.0.0.3", "Backup"))
	}
	postgres := func(after time.Duration, user, message string) made {
		return made{after: after, product: "postgresql", category: "database", service: "error", host: "pg1", fields: []string{"user_name", user, "client_ip", "10.0.0.9", "message", message}}
	}
	var pg []made
	for i := range 6 {
		pg = append(pg, postgres(time.Duration(i)*time.Second, "app", `password authentication failed for user "app"`))
	}
	for _, c := range []struct {
		name   string
		events []made
		want   string
	}{
		{"refused, then in as sa", with(refused(0, 6, "sa", "10.0.0.9"), one(sqlLogin(2*min, 18454, "sa", "10.0.0.9"))),
			"critical: 10.0.0.9 was refused 6 times and then signed in as sa\n"},
		{"refused, then in as somebody", with(refused(0, 6, "app", "10.0.0.9"), one(sqlLogin(2*min, 18454, "app", "10.0.0.9"))),
			"high: 10.0.0.9 was refused 6 times and then signed in as app\n"},
		{"a password was changed", with(one(sqlLogin(0, 18454, "app", "10.0.0.9")), refused(day, 50, "app", "10.0.0.9"), one(sqlLogin(day+30*min, 18454, "app", "10.0.0.9"))),
			"medium: 10.0.0.9 was refused 50 times and then signed in as app\n"},
		{"many accounts, one guessed", with(spray, one(sqlLogin(min, 18454, "user3", "10.0.0.9"))), "high: 10.0.0.9 was refused 8 times and then signed in as user3\n"},
		{"many accounts", spray, "medium: 10.0.0.9 was refused 8 times for 8 accounts and did not get in, as far as this evidence shows\n"},
		{"PostgreSQL", with(pg, one(postgres(min, "app", "connection authorized: user=app database=d"))), "high: 10.0.0.9 was refused 6 times and then signed in as app\n"},
		{"sa from the internet", one(sqlLogin(0, 18454, "sa", "198.51.100.7")), "high: sa signed in from the internet, 1 time (198.51.100.7)\n"},
		{"sa by a console on the server", one(auditedLogin(0, "sa", "local machine", "SQLCMD")), "medium: sa signed in by a console, 1 time (local machine)\n"},
		{"sa from a new client by a console", with(daily, one(auditedLogin(10*day, "sa", "10.0.0.77", "SQLCMD"))),
			"high: sa signed in from a client that was not seen for it in 10 days, by a console, 1 time (10.0.0.77)\n"},
		{"sa from a new client", with(daily, one(auditedLogin(10*day, "sa", "10.0.0.77", "Studio"))),
			"medium: sa signed in from a client that was not seen for it in 10 days, 1 time (10.0.0.77)\n"},
		{"sa as always", daily, ""},
		{"mistyped", with(refused(0, 3, "app", "10.0.0.9"), one(sqlLogin(min, 18454, "app", "10.0.0.9"))), ""},
		{"refused, in the next day", with(refused(0, 6, "app", "10.0.0.9"), one(sqlLogin(day, 18454, "app", "10.0.0.9"))),
			"low: 10.0.0.9 was refused 6 times for 1 account and did not get in, as far as this evidence shows\n"},
		{"refused here, in from elsewhere", with(refused(0, 6, "app", "10.0.0.9"), one(sqlLogin(min, 18454, "app", "10.0.0.10"))),
			"low: 10.0.0.9 was refused 6 times for 1 account and did not get in, as far as this evidence shows\n"},
	} {
		t.Run(c.name, func(t *testing.T) { wantEpisodes(t, Config{}, "db-login-anomaly", c.events, c.want) })
	}
}
