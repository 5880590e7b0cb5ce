package postgresql_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"aldebaran/corpustest"
	"aldebaran/event"
	"aldebaran/evidence/lines"
	"aldebaran/evidence/postgresql"
	"aldebaran/evidence/readertest"
)

func format() readertest.Format[*postgresql.File, *postgresql.Reader] {
	return readertest.Format[*postgresql.File, *postgresql.Reader]{
		Sniff: postgresql.Sniff, Open: postgresql.Open, NewReader: postgresql.NewReader, Show: readertest.ShowValues,
		Promises: func(t testing.TB, data []byte, whole readertest.Pass) {
			t.Helper()
			if !bytes.Contains(data, []byte{'"'}) || !bytes.Contains(data, []byte{','}) { // csvlog is one piece
				format().Pieces(t, data, whole)
			}
		},
	}
}

func TestRead(t *testing.T) {
	newest := time.Date(2024, 2, 1, 0, 0, 0, 0, time.UTC)
	tests := []struct {
		name, in string
		want     []string // of the first event
		events   int
	}{
		{
			"Debian's prefix", "2024-01-02 03:04:05.678 CET [12-1] [345] app@shop LOG:  hello\n",
			[]string{"2024-01-02T02:04:05.678Z error ", "log_time=2024-01-02 03:04:05.678 CET", "user_name=app", "database_name=shop", "process_id=345", "session_line_num=12", "error_severity=LOG", "message=hello", "prefix=2024-01-02 03:04:05.678 CET [12-1] [345] app@shop "}, 1,
		},
		{
			"names with equals signs", "2024-01-02 03:04:05 UTC [345]: [7-1] user=app,db=shop,app=psql - x,client=10.0.0.9 ERROR:  relation \"x\" does not exist\n2024-01-02 03:04:05 UTC [345]: [8-1] user=app,db=shop,app=psql - x,client=10.0.0.9 STATEMENT:  select *\n\tfrom x\n",
			[]string{"2024-01-02T03:04:05Z error ", "log_time=2024-01-02 03:04:05 UTC", "user_name=app", "database_name=shop", "process_id=345", "connection_from=10.0.0.9", "client_ip=10.0.0.9", "session_line_num=7", "application_name=psql - x", "error_severity=ERROR", "message=relation \"x\" does not exist", "query=select *\n\tfrom x", "prefix=2024-01-02 03:04:05 UTC [345]: [7-1] user=app,db=shop,app=psql - x,client=10.0.0.9 "}, 1,
		},
		{
			"Amazon RDS", "2024-01-02 03:04:05 UTC:10.0.0.9(5432):app@shop:[345]:FATAL:  password authentication failed for user \"app\"\n",
			[]string{"2024-01-02T03:04:05Z error ", "log_time=2024-01-02 03:04:05 UTC", "user_name=app", "database_name=shop", "process_id=345", "connection_from=10.0.0.9(5432)", "client_ip=10.0.0.9", "remote_port=5432", "error_severity=FATAL", "message=password authentication failed for user \"app\"", "prefix=2024-01-02 03:04:05 UTC:10.0.0.9(5432):app@shop:[345]:"}, 1,
		},
		{
			"an IPv6 client", "2024-01-02 03:04:05 UTC:2001:db8::1(5432):app@shop:[345]:LOG:  statement: select 1\n",
			[]string{"2024-01-02T03:04:05Z general ", "log_time=2024-01-02 03:04:05 UTC", "user_name=app", "database_name=shop", "process_id=345", "connection_from=2001:db8::1(5432)", "client_ip=2001:db8::1", "remote_port=5432", "error_severity=LOG", "message=statement: select 1", "statement=select 1", "prefix=2024-01-02 03:04:05 UTC:2001:db8::1(5432):app@shop:[345]:"}, 1,
		},
		{
			"syslog", "Jan  2 03:04:05 db1 postgres[345]: [3-1] user=app,db=shop LOG:  duration: 1.5 ms  statement: select 1,\nJan  2 03:04:05 db1 postgres[345]: [3-2] #011 2\n",
			[]string{"2024-01-02T03:04:05Z general db1", "log_time=Jan  2 03:04:05", "user_name=app", "database_name=shop", "process_id=345", "session_line_num=3", "error_severity=LOG", "message=duration: 1.5 ms  statement: select 1,\n 2", "duration_ms=1.5", "statement=select 1,\n 2", "prefix=Jan  2 03:04:05 db1 postgres[345]: [3-1] user=app,db=shop "}, 1,
		},
		{
			"the year before", "Dec 31 23:04:05 db1 postgres[345]: [3-1] LOG:  x\n",
			[]string{"2023-12-31T23:04:05Z error db1", "log_time=Dec 31 23:04:05", "process_id=345", "session_line_num=3", "error_severity=LOG", "message=x", "prefix=Dec 31 23:04:05 db1 postgres[345]: [3-1] "}, 1,
		},
		{
			"pgAudit", "2024-01-02 03:04:05 UTC [1] a@b LOG:  AUDIT: OBJECT,2,1,READ,SELECT,TABLE,public.x,\"select \"\"a\"\",\n\tb from x\",<not logged>\n",
			[]string{"2024-01-02T03:04:05Z audit ", "log_time=2024-01-02 03:04:05 UTC", "user_name=a", "database_name=b", "process_id=1", "error_severity=LOG", "message=AUDIT: OBJECT,2,1,READ,SELECT,TABLE,public.x,\"select \"\"a\"\",\n\tb from x\",<not logged>", "audit_type=OBJECT", "statement_id=2", "substatement_id=1", "class=READ", "command=SELECT", "object_type=TABLE", "object_name=public.x", "statement=select \"a\",\n\tb from x", "parameter=<not logged>", "prefix=2024-01-02 03:04:05 UTC [1] a@b "}, 1,
		},
		{
			"another program's words", "2024-01-02 03:04:05 UTC [1] LOG:  x\nsh: 1: nothere: not found\n",
			[]string{"2024-01-02T03:04:05Z error ", "log_time=2024-01-02 03:04:05 UTC", "process_id=1", "error_severity=LOG", "message=x", "output=sh: 1: nothere: not found", "prefix=2024-01-02 03:04:05 UTC [1] "}, 1,
		},
		{
			"two processes", "2024-01-02 03:04:05 UTC [1] ERROR:  x\n2024-01-02 03:04:05 UTC [2] LOG:  y\n2024-01-02 03:04:05 UTC [1] STATEMENT:  z\n",
			[]string{"2024-01-02T03:04:05Z error ", "log_time=2024-01-02 03:04:05 UTC", "process_id=1", "error_severity=ERROR", "message=x", "prefix=2024-01-02 03:04:05 UTC [1] "}, 3,
		},
		{
			"refused", "2024-01-02 03:04:05 UTC [1] FATAL:  no pg_hba.conf entry for host \"10.0.0.9\", user \"sa\", database \"b\", SSL off\n",
			[]string{"2024-01-02T03:04:05Z error ", "log_time=2024-01-02 03:04:05 UTC", "process_id=1", "error_severity=FATAL", "message=no pg_hba.conf entry for host \"10.0.0.9\", user \"sa\", database \"b\", SSL off", "user_name=sa", "database_name=b", "connection_from=10.0.0.9", "client_ip=10.0.0.9", "prefix=2024-01-02 03:04:05 UTC [1] "}, 1,
		},
		{
			"German", "2024-01-02 03:04:05 CET [1] FEHLER:  x\n2024-01-02 03:04:05 CET [1] ANWEISUNG:  y\n",
			[]string{"2024-01-02T02:04:05Z error ", "log_time=2024-01-02 03:04:05 CET", "process_id=1", "error_severity=FEHLER", "message=x", "query=y", "prefix=2024-01-02 03:04:05 CET [1] "}, 1,
		},
		{
			"csvlog", "2024-01-02 03:04:05.678 UTC,\"app\",\"shop\",345,\"10.0.0.9:5432\",60e2b128.1308a,13,\"SELECT\",2021-07-05 07:13:44 GMT,4/1,0,ERROR,42P01,\"relation \"\"x\"\" does not exist\",,,,,,\"select *\nfrom x\",15,,\"psql\"\n",
			[]string{"2024-01-02T03:04:05.678Z error ", "log_time=2024-01-02 03:04:05.678 UTC", "user_name=app", "database_name=shop", "process_id=345", "connection_from=10.0.0.9:5432", "client_ip=10.0.0.9", "remote_port=5432", "session_id=60e2b128.1308a", "session_line_num=13", "command_tag=SELECT", "session_start_time=2021-07-05 07:13:44 GMT", "virtual_transaction_id=4/1", "transaction_id=0", "error_severity=ERROR", "sql_state_code=42P01", "message=relation \"x\" does not exist", "query=select *\nfrom x", "query_pos=15", "application_name=psql"}, 1,
		},
		{
			"jsonlog", `{"timestamp":"2024-01-02 03:04:05.678 UTC","user":"app","dbname":"shop","pid":345,"remote_host":"10.0.0.9","remote_port":5432,"error_severity":"LOG","message":"statement: select '\u00e4'","backend_type":"client backend","query_id":0}` + "\n",
			[]string{"2024-01-02T03:04:05.678Z general ", "log_time=2024-01-02 03:04:05.678 UTC", "user_name=app", "database_name=shop", "process_id=345", "error_severity=LOG", "message=statement: select 'ä'", "statement=select 'ä'", "backend_type=client backend", "query_id=0", "connection_from=10.0.0.9", "client_ip=10.0.0.9", "remote_port=5432"}, 1,
		},
		{
			"pgbouncer", "2024-01-02 03:04:05.678 UTC [345] LOG C-0x1: shop/app@[2001:db8::1]:5432 login attempt: db=shop user=app tls=no\n",
			[]string{"2024-01-02T03:04:05.678Z pgbouncer ", "log_time=2024-01-02 03:04:05.678", "process_id=345", "error_severity=LOG", "message=C-0x1: shop/app@[2001:db8::1]:5432 login attempt: db=shop user=app tls=no", "database_name=shop", "user_name=app", "connection_from=[2001:db8::1]:5432", "client_ip=2001:db8::1", "remote_port=5432"}, 1,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for _, nl := range []string{"\n", "\r\n"} {
				in := strings.ReplaceAll(tt.in, "\n", nl)
				if strings.HasPrefix(tt.name, "csv") && nl != "\n" {
					continue // inside a value it is the value's own
				}
				all, report := format().With(lines.Options{Newest: newest}).Events(t, []byte(in))
				if len(all) != tt.events || len(report.Damage) > 0 {
					t.Fatalf("%d events, want %d; damage %+v", len(all), tt.events, report.Damage)
				}
				if diff := cmp.Diff(tt.want, readertest.Values(all[0])); diff != "" {
					t.Errorf("event (-want +got):\n%s", diff)
				}
				if s := all[0].Source; tt.events == 1 && (s.Offset != 0 || s.Length != int64(len(in))) {
					t.Errorf("source %+v, want the whole of %d bytes", s, len(in))
				}
			}
		})
	}
}

func TestSniffNot(t *testing.T) {
	format().Sniffs(t, false,
		"", "hello\n", "LOG:  \n", "[2022-02-11 13:41:28] crowdsec-events.INFO:  {}\n", "2022-02-11 13:41:28 INFO:  x\n", "2024-01-02 03:04:05 INFO hello\n", "2024-01-02 03:04:05,1,2,3\n",
		"Jan  2 03:04:05 db1 sshd[345]: Failed password\n", `{"timestamp":"2024-01-02","message":"x"}`+"\n",
		"2022-12-20 12:36:54.17 Logon       Error: 18456, Severity: 14, State: 8.\n",
		"2021-11-09  5:13:12 8 [Warning] Access denied for user 'x'@'y'\n",
	)
}

func TestDamage(t *testing.T) {
	format().Loses(t, "{\"timestamp\":\"2024-01-02 03:04:05 UTC\",\"error_severity\":\"LOG\",\"message\":\"x\"}\n{\"timestamp\":\"2024", 1, 1, "half written")
	format().Loses(t, "{\"timestamp\":\"2024-01-02 03:04:05 UTC\",\"error_severity\":\"LOG\",\"message\":\"x\"}\nnot json\n", 1, 1, "not json")
}

func Example() {
	text := "2024-01-02 03:04:05 UTC [345] app@shop FATAL:  password authentication failed for user \"app\"\n" // synthetic
	f, err := postgresql.Open(strings.NewReader(text), int64(len(text)), "postgresql.log", lines.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	r := postgresql.NewReader(lines.Options{})
	for _, u := range f.Units() {
		_, err := r.Read(f, u, func(e *event.Event) bool {
			fmt.Println(e.Time.Format(time.RFC3339), e.Text("user_name"), e.Text("message"))
			return true
		})
		if err != nil {
			fmt.Println(err)
		}
	}
	// Output:
	// 2024-01-02T03:04:05Z app password authentication failed for user "app"
}

func FuzzRead(f *testing.F) {
	format().Fuzz(f, readertest.Texts(
		"2024-01-02 03:04:05 UTC [1] a@b ERROR:  x\n2024-01-02 03:04:05 UTC [1] a@b DETAIL:  y\n\tz\nout\n2024-01-02 03:04:06 CET [2] LOG:  AUDIT: SESSION,1,1,READ,SELECT,,,select 1,x\n",
		"2024-01-02 03:04:05 UTC:1.2.3.4(5):a@b:[1]:LOG:  duration: 1 ms  statement: s\n",
		"Jan  2 03:04:05 h postgres[3]: [3-1] LOG:  x\nJan  2 03:04:05 h postgres[3]: [3-2] #011y\n",
		"2024-01-02 03:04:05.678 UTC,\"a\",\"b\",3,\"1.2.3.4:5\",60e2b128.1308a,13,\"SELECT\",2021-07-05 07:13:44 GMT,4/1,0,ERROR,42P01,\"x\n\"\"y\"\"\",,,,,,,,,\"\"\n",
		`{"timestamp":"2024-01-02 03:04:05.678 UTC","error_severity":"LOG","message":"x"}`+"\n",
		"2024-01-02 03:04:05.678 345 LOG C-0x1: a/b@1.2.3.4:5 closing\n",
		"NOTICE:  AUDIT: SESSION,3,1,MISC,SET,,,\"SET\nx\",<not logged>\nSELECT\n",
	)...)
}

func BenchmarkRead(b *testing.B) {
	for _, name := range []string{"rds.log.bz2", "pgbouncer.log.gz", "pg_vacuums.log.gz"} {
		b.Run(name, func(b *testing.B) { format().Bench(b, corpustest.Read(b, pgbadger+name)) })
	}
	b.Run("csvlog", func(b *testing.B) {
		format().Bench(b, bytes.Repeat(corpustest.Read(b, pgbadger+"weeknumber.log"), 2000))
	})
	b.Run("jsonlog", func(b *testing.B) {
		format().Bench(b, bytes.Repeat([]byte(`{"timestamp":"2024-01-02 03:04:05.678 UTC","user":"app","dbname":"shop","pid":345,"remote_host":"10.0.0.9","remote_port":5432,"session_id":"60e2b128.1308a","line_num":3,"ps":"SELECT","error_severity":"LOG","message":"statement: select a, b from c where d = 'e'","application_name":"psql","backend_type":"client backend","query_id":0}`+"\n"), 10000))
	})
}

// TestSharedSyslog: what PostgreSQL writes to syslog is a log of PostgreSQL only where nobody else
// writes to it.
func TestSharedSyslog(t *testing.T) {
	const ours = "Mar  1 08:00:00 db1 postgres[345]: [3-1] LOG:  statement: SELECT 1\n"
	const other = "Mar  1 08:00:01 db1 sshd[411]: synthetic\n"
	format().Sniffs(t, true,
		ours,
		ours+ours+"Mar  1 08:00:00 db1 postgres[345]: [3-2] #011, 2\n",
		ours+ours+"Mar  1 08:00:00 db1 post", // where the look ends
		strings.Repeat(ours, 64)+other,       // further than we look
	)
	format().Sniffs(t, false,
		other+ours,
		ours+other+ours,
	)
}
