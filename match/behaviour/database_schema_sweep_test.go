package behaviour

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestDatabaseSchemaSweep(t *testing.T) {
	min, day := time.Minute, 24*time.Hour
	mysql := func(after time.Duration, user, db, query string) made {
		return made{after: after, product: "mysql", category: "database", service: "audit", host: "db1", fields: []string{"user", user, "db", db, "query", query, "command", "QUERY"}}
	}
	columns := func(after time.Duration, pattern string) made {
		return audited(after, "sa", "SELECT TABLE_NAME, COLUMN_NAME FROM INFORMATION_SCHEMA.COLUMNS WHERE COLUMN_NAME LIKE N'"+pattern+"'")
	}
	var tables, site []made
	for i := range 25 {
		tables = append(tables, mysql(time.Duration(i)*time.Second, "root", "crm", fmt.Sprintf("select * from t%d where body like '%%treaty%%'", i)))
	}
	for d := range 6 {
		for _, w := range []string{"summit", "embassy", "treaty", "ceasefire"} {
			site = append(site, mysql(time.Duration(d)*day, "www", "site", "SELECT id FROM articles WHERE title LIKE '%"+w+"%'"))
		}
	}
	for _, c := range []struct {
		name   string
		config Config
		events []made
		want   string
	}{
		{"columns called like", Config{}, []made{columns(0, "%phone%"), columns(min, "%passw%"), columns(2*min, "%mail%")},
			"medium: sa searched the catalogue for \"%phone%\", \"%passw%\", \"%mail%\" in 1 table within 2 minutes\n"},
		{"columns called like, at once", Config{}, []made{audited(0, "sa", "select name from sys.columns where name like '%imsi%' or name LIKE '%msisdn%' or name like '%phone%' or name like '%summit%'")},
			"high: sa searched the catalogue for \"%imsi%\", \"%msisdn%\", \"%phone%\", \"%summit%\" in 1 table within 0 seconds\n"},
		{"three databases", Config{}, []made{audited(0, "sa", "select 1 from crm.sys.tables where name like '%doc%'"), audited(min, "sa", "select 1 from hr.sys.tables where name like '%doc%'"), audited(2*min, "sa", "select 1 from mail.sys.tables where name like '%doc%'")},
			"medium: sa searched the catalogue for \"%doc%\" in 3 tables within 2 minutes\n"},
		{"a word in many tables", Config{}, tables, "high: root searched data for \"%treaty%\" in 25 tables within 24 seconds\n"},
		{"a word of the configuration", Config{Words: []Words{{Words: []string{"Nimbus"}}}}, []made{mysql(0, "root", "crm", `select * from t where c like "%NIMBUS%"`)},
			"high: root searched data for \"%nimbus%\" in 1 table within 0 seconds\n"},
		{"words of several languages", Config{}, []made{mysql(0, "root", "crm", "select * from t where c like '%ambassade%' or c like '%سفارة%' or c like '%大使%'")},
			"high: root searched data for \"%ambassade%\", \"%سفارة%\", \"%大使%\" in 1 table within 0 seconds\n"},
		{"a site with a search of its own", Config{}, site, ""},
		{"an application that knows its prefix", Config{}, []made{columns(0, "wp_%"), columns(min, "app%"), columns(2*min, "x_%"), columns(3*min, "y%")}, ""},
		{"one search", Config{}, []made{mysql(0, "root", "crm", "select * from t where c like '%treaty%'")}, ""},
		{"parameters", Config{}, []made{mysql(0, "root", "crm", "select * from information_schema.tables where a like ? or b like @x or c like concat('%', 'x')")}, ""},
		{"over hours", Config{}, []made{columns(0, "%phone%"), columns(60*min, "%passw%"), columns(120*min, "%mail%")}, ""},
	} {
		t.Run(c.name, func(t *testing.T) { wantEpisodes(t, c.config, "db-schema-sweep", c.events, c.want) })
	}
}

func TestLikePattern(t *testing.T) {
	f := func(statement string, want ...string) {
		t.Helper()
		rest := []byte(statement)
		var got []string
		for {
			var p []byte
			if p, rest = likePattern(rest); p == nil {
				break
			}
			got = append(got, string(p))
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("likePattern(%q) = %q, want %q", statement, got, want)
		}
	}
	f("a LIKE '%abc%' or b ilike N'%def'", "%abc%", "%def")
	f("a like 'abc%'")
	f("a like '%a%'")
	f("a like '%abc", "%abc")
	f("like")
	f("lik")
	f("kkkklike '%abc%'", "%abc%")
	f("")
}

func TestTableOf(t *testing.T) {
	f := func(statement, want string) {
		t.Helper()
		if got := string(tableOf([]byte(statement))); got != want {
			t.Errorf("tableOf(%q) = %q, want %q", statement, got, want)
		}
	}
	f("select a from t where x", "t")
	f("SELECT a\nFROM\t[dbo].[t];", "dbo].[t")
	f("select fromage from `db`.t", "db`.t")
	f("COPY public.t (a, b) TO stdout", "public.t")
	f("insert into t values (1)", "")
	f("from", "")
	f("", "")
}

func TestIndexByRare(t *testing.T) {
	f := func(text, lower string, at, want int) {
		t.Helper()
		if got := indexByRare([]byte(text), lower, at); got != want {
			t.Errorf("indexByRare(%q, %q, %d) = %d, want %d", text, lower, at, got, want)
		}
	}
	f("a LIKE b", "like", 2, 2)
	f("kKkKlIkE", "like", 2, 4)
	f("k", "like", 2, -1)
	f("lik", "like", 2, -1)
	f("", "like", 2, -1)
	f("__sp_oacreate", "sp_oacreate", 2, 2)
	f("EXEC xp_cmdshell", "xp_cmdshell", 0, 5)
	f("EXEC XP_CMDSHELL", "xp_cmdshell", 0, 5)
}

// FuzzStatement: a pattern is a part of the statement that begins with a wildcard, what is behind it gets
// shorter, and a table is a part of the statement.
func FuzzStatement(f *testing.F) {
	f.Add("select a from [t] where b LIKE N'%abc%' or c like \"%d")
	f.Add("COPY t (a) TO stdout")
	f.Fuzz(func(t *testing.T, statement string) {
		rest := []byte(statement)
		for {
			pattern, behind := likePattern(rest)
			if pattern == nil {
				break
			}
			if pattern[0] != '%' || !strings.Contains(statement, string(pattern)) || len(behind) >= len(rest) {
				t.Fatalf("%q: pattern %q, behind it %q", statement, pattern, behind)
			}
			rest = behind
		}
		if table := tableOf([]byte(statement)); !strings.Contains(statement, string(table)) {
			t.Fatalf("%q: table %q", statement, table)
		}
		if at := indexByRare([]byte(statement), "like", 2); (at >= 0) != containsFold(statement, "like") {
			t.Fatalf("%q: like at %d", statement, at)
		}
	})
}
