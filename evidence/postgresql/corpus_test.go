package postgresql_test

import (
	"encoding/csv"
	"encoding/json"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"aldebaran/corpustest"
	"aldebaran/event"
)

// pgbadger is the folder of the corpus with pgBadger's test logs.
const pgbadger = "logs/postgresql/pgbadger/"

// TestCorpusCounts holds what is read against what upstream's tests count (pgbadger's t/02_basics.t and
// t/03_consistency.t, expected.json), and against a plain count of the severities in the text.
func TestCorpusCounts(t *testing.T) {
	tests := []struct {
		file   string
		events int
		zone   string
		first  string
	}{
		{"postgresql/pgbadger/logplex.gz", -1, "UTC", "2019-03-14T00:22:56Z"},
		{"postgresql/pgbadger/multiline_param.log", -1, "UTC", "2021-12-03T07:14:48.591Z"},
		// Upstream reads it as csvlog, because its name ends so and it knows no other with that
		// beginning; what it holds is what such a server writes to stderr beside the csvlog.
		{"postgresql/pgbadger/pg_rawcsv.log", -1, "CET", "2025-01-21T17:32:48.288Z"},
		{"postgresql/pgbadger/pg_vacuums.log.gz", -1, "CEST", "2024-06-26T22:00:07Z"},
		{"postgresql/pgbadger/queryid.log.gz", -1, "UTC", "2022-02-17T14:45:10.44Z"},
		{"postgresql/pgbadger/rds.log.bz2", -1, "CET", "2020-03-11T19:40:43Z"},
		{"postgresql/pgbadger/stmt_type.log", -1, "MSK", "2019-10-21T09:03:31.311Z"},
		{"postgresql/pgbadger/tempfile_only.log.gz", -1, "CEST", "2014-04-01T09:13:21Z"},
		{"postgresql/pgbadger/weeknumber.log", 6, "UTC", "2021-01-01T07:13:44.12Z"},
		{"postgresql/pgbadger/pgbouncer.log.gz", 127910, "UTC", "2018-09-12T16:08:54.775Z"},
		{"crowdsec/db/pgsql-logs/pgsql-logs.log", 6, "UTC", "2021-09-28T09:22:18.536Z"},
		{"crowdsec/db/supabase-docker-pgsql-logs/supabase-docker-pgsql-logs.log", 3, "UTC", "2023-03-12T10:17:27.491Z"},
		{"lnav/logfile_postgres.0", -1, "PDT", "2025-08-13T08:45:01.123Z"},
	}
	for _, tt := range tests {
		t.Run(filepath.Base(tt.file), func(t *testing.T) {
			data := corpustest.Read(t, "logs/"+tt.file)
			all, report := format().Events(t, data)
			want := tt.events
			if want < 0 {
				want = primaries(data)
			}
			if len(all) != want || len(report.Damage) > 0 {
				t.Errorf("%d events, want %d; damage %+v", len(all), want, report.Damage)
			}
			if report.Clock.Zone != tt.zone {
				t.Errorf("clock %+v, want %s", report.Clock, tt.zone)
			}
			if len(all) > 0 && all[0].Time.Format("2006-01-02T15:04:05.999999999Z07:00") != tt.first {
				t.Errorf("first at %s, want %s", all[0].Time, tt.first)
			}
			for _, e := range all {
				if e.Product != "postgresql" || e.Category != "database" || e.Time.IsZero() {
					t.Fatalf("%+v: want a time and the labels of PostgreSQL", e)
				}
			}
		})
	}
}

// primaries counts the lines of text that begin with a digit and hold a severity of their own.
func primaries(data []byte) int {
	n := 0
	for line := range strings.Lines(string(data)) {
		if line[0] < '0' || line[0] > '9' {
			continue
		}
		for _, word := range []string{"LOG:  ", "ERROR:  ", "FATAL:  ", "WARNING:  ", "PANIC:  "} {
			if i := strings.Index(line, word); i > 0 && i < 200 {
				n++
				break
			}
		}
	}
	return n
}

// TestCorpusExpected holds events against the values in expected.json.
func TestCorpusExpected(t *testing.T) {
	contains := func(all []*event.Event, field, text string) (n int) {
		for _, e := range all {
			if strings.Contains(e.Text(field), text) {
				n++
			}
		}
		return n
	}
	var want map[string]map[string]any
	if err := json.Unmarshal(corpustest.Read(t, pgbadger+"expected.json"), &want); err != nil {
		t.Fatal(err)
	}
	all, _ := format().Events(t, corpustest.Read(t, pgbadger+"pg_vacuums.log.gz"))
	if got := contains(all, "message", "automatic analyze of table"); float64(got) != want["pg_vacuums.log.gz"]["autoanalyze"] {
		t.Errorf("%d autoanalyze, want %v", got, want["pg_vacuums.log.gz"]["autoanalyze"])
	}
	if got := contains(all, "message", "automatic vacuum of table") + contains(all, "message", "automatic aggressive vacuum"); float64(got) != want["pg_vacuums.log.gz"]["autovacuum"] {
		t.Errorf("%d autovacuum, want %v", got, want["pg_vacuums.log.gz"]["autovacuum"])
	}
	all, _ = format().Events(t, corpustest.Read(t, pgbadger+"pgbouncer.log.gz"))
	if got := contains(all, "message", " login attempt: "); got != 63943 {
		t.Errorf("%d connections, want the 63943 of upstream's test", got)
	}
	for _, e := range all[4:100] {
		if strings.Contains(e.Text("message"), "login attempt") && (e.Text("user_name") != "gilles" || e.Text("client_ip") != "127.0.0.1" || e.Text("database_name") != "pgbench") {
			t.Fatalf("%q: user %q, client %q", e.Text("message"), e.Text("user_name"), e.Text("client_ip"))
		}
	}
	all, _ = format().Events(t, corpustest.Read(t, pgbadger+"logplex.gz"))
	// Upstream's number is the sum over the statements of that database that begin with WITH.
	sum := 0.0
	for _, e := range all {
		if strings.Contains(e.Text("prefix"), "[GREEN]") && strings.HasPrefix(e.Text("statement"), "WITH") {
			ms, err := strconv.ParseFloat(e.Text("duration_ms"), 64)
			if err != nil {
				t.Errorf("%q: %v", e.Text("message"), err)
			}
			sum += ms
		}
	}
	if diff := sum - want["logplex.gz"]["database GREEN cte duration ms"].(float64); diff > 1e-6 || diff < -1e-6 {
		t.Errorf("statements WITH of GREEN took %f ms, want %v", sum, want["logplex.gz"])
	}
}

// TestCorpusAudit counts the records of pgAudit.
func TestCorpusAudit(t *testing.T) {
	var want struct {
		Lines  int            `json:"audit_lines"`
		Counts map[string]int `json:"by_type_class_command"`
	}
	if err := json.Unmarshal(corpustest.Read(t, "logs/postgresql/pgaudit/expected_counts.json"), &want); err != nil {
		t.Fatal(err)
	}
	data := corpustest.Read(t, "logs/postgresql/pgaudit/pgaudit.part.out")
	all, report := format().Events(t, data)
	got := map[string]int{}
	n := 0
	for _, e := range all {
		if e.Service != "audit" {
			continue
		}
		n++
		got[e.Text("audit_type")+"/"+e.Text("class")+"/"+e.Text("command")]++
		// The values of records of one line, against Go's own reader.
		text := string(data[e.Source.Offset:])
		line, _, _ := strings.Cut(text, "\n")
		_, line, _ = strings.Cut(line, "AUDIT: ")
		if row, err := csv.NewReader(strings.NewReader(line)).Read(); err == nil && len(row) > 7 && e.Text("statement") != row[7] {
			t.Errorf("statement = %q, want %q", e.Text("statement"), row[7])
		}
	}
	if n != want.Lines {
		t.Errorf("%d records, want %d", n, want.Lines)
	}
	for k, v := range want.Counts {
		if got[k] != v {
			t.Errorf("%s: %d, want %d", k, got[k], v)
		}
	}
	for k, v := range got {
		if want.Counts[k] == 0 {
			t.Errorf("%s: %d, want none", k, v)
		}
	}
	if len(report.Damage) > 0 {
		t.Errorf("damage: %+v", report.Damage)
	}
}

// TestCorpusLogins holds the failed logins against what the parser of crowdsec finds (parser.assert).
func TestCorpusLogins(t *testing.T) {
	for _, dir := range []string{"pgsql-logs", "supabase-docker-pgsql-logs"} {
		asserts := string(corpustest.Read(t, "logs/crowdsec/db/"+dir+"/parser.assert"))
		all, _ := format().Events(t, corpustest.Read(t, "logs/crowdsec/db/"+dir+"/"+dir+".log"))
		checked := 0
		for _, e := range all {
			for line := range strings.SplitSeq(asserts, "\n") {
				if strings.Contains(line, `["message"] == `) && strings.Contains(line, e.Text("prefix")) {
					checked++
				}
			}
			for _, name := range []string{"user_name", "database_name", "process_id", "client_ip"} {
				if !strings.Contains(asserts, `"`+e.Text(name)+`"`) {
					t.Errorf("%s: %s = %q, which crowdsec does not have", dir, name, e.Text(name))
				}
			}
		}
		if checked == 0 {
			t.Errorf("%s: no line of the log is in parser.assert", dir)
		}
	}
}
