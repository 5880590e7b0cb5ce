package mysql_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"aldebaran/event"
	"aldebaran/evidence/lines"
	"aldebaran/evidence/mysql"
	"aldebaran/evidence/readertest"
)

func format() readertest.Format[*mysql.File, *mysql.Reader] {
	return readertest.Format[*mysql.File, *mysql.Reader]{
		Sniff: mysql.Sniff, Open: mysql.Open, NewReader: mysql.NewReader, Show: readertest.ShowValues,
		Promises: func(t testing.TB, data []byte, whole readertest.Pass) {
			t.Helper()
			inPieces := false // the others are one piece, or were seen to be like these
			format().Each(t, data, func(e *event.Event) { inPieces = inPieces || e.Service == "error" })
			if inPieces {
				format().Pieces(t, data, whole)
			}
		},
	}
}

// TestRead has synthetic entries in each of the forms that the manuals document.
func TestRead(t *testing.T) {
	tests := []struct {
		name, in string
		want     []string // of the last event
		events   int
	}{
		{
			"general: who is behind a connection", "2026-01-02T03:04:05.678901Z\t   9 Connect\tapp@10.0.0.9 on shop using TCP/IP\n2026-01-02T03:04:06.678901Z\t   9 Query\tselect 1,\n 2\n",
			[]string{"2026-01-02T03:04:06.678901Z general ", "thread_id=9", "command=Query", "argument=select 1,\n 2", "user=app", "host=10.0.0.9", "client_ip=10.0.0.9", "db=shop"}, 2,
		},
		{
			"general: another database", "2026-01-02T03:04:05.678901Z\t   9 Connect\tapp@localhost on  using Socket\n2026-01-02T03:04:06.678901Z\t   9 Init DB\tmysql\n2026-01-02T03:04:06.678901Z\t   9 Quit\t\n",
			[]string{"2026-01-02T03:04:06.678901Z general ", "thread_id=9", "command=Quit", "user=app", "host=localhost", "db=mysql"}, 3,
		},
		{
			"general: a time for several", "260102  3:04:05\t   9 Query\tselect 1\n\t\t   10 Query\tselect 2\n",
			[]string{"2026-01-02T03:04:05Z general ", "thread_id=10", "command=Query", "argument=select 2"}, 2,
		},
		{
			"general: refused", "2026-01-02T03:04:05+02:00\t   9 Connect\tAccess denied for user 'a'@'b'@'10.0.0.9' (using password: YES)\n",
			[]string{"2026-01-02T01:04:05Z general ", "thread_id=9", "command=Connect", "argument=Access denied for user 'a'@'b'@'10.0.0.9' (using password: YES)", "user=a'@'b", "host=10.0.0.9", "client_ip=10.0.0.9", "using_password=YES"}, 1,
		},
		{
			"slow", "# Time: 2026-01-02T03:04:05.5Z\n# User@Host: app[app] @ web [10.0.0.9]  Id:     3\n# Query_time: 0.5  Lock_time: 0.1 Rows_sent: 1  Rows_examined: 2\nuse shop;\nSET timestamp=1767323045;\nselect *\nfrom x;\n",
			[]string{"2026-01-02T03:04:05.5Z slow ", "Time=2026-01-02T03:04:05.5Z", "user=app", "host=web", "client_ip=10.0.0.9", "thread_id=3", "Query_time=0.5", "Lock_time=0.1", "Rows_sent=1", "Rows_examined=2", "db=shop", "query=select *\nfrom x;"}, 1,
		},
		{
			"slow: a local time, and what says it in UTC", "# Time: 260102  4:04:05\n# User@Host: app[app] @ web []\n# Query_time: 0.5  Lock_time: 0.1\nSET timestamp=1767323045;\n# administrator command: Quit;\n",
			[]string{"2026-01-02T03:04:05Z slow ", "Time=260102  4:04:05", "user=app", "host=web", "Query_time=0.5", "Lock_time=0.1", "query=# administrator command: Quit;"}, 1,
		},
		{
			"slow: a comment in a statement", "# Query_time: 0.5  Lock_time: 0.1\nselect 1\n# a comment\n+ 2;\n# Query_time: 0.6  Lock_time: 0.1\nselect 2;\n",
			[]string{" slow ", "Query_time=0.6", "Lock_time=0.1", "query=select 2;"}, 2,
		},
		{
			"error, MySQL 8", "2026-01-02T03:04:05.678901Z 9 [Warning] [MY-010055] [Server] IP address could not be resolved\n",
			[]string{"2026-01-02T03:04:05.678901Z error ", "thread_id=9", "level=Warning", "err_code=MY-010055", "subsystem=Server", "message=IP address could not be resolved"}, 1,
		},
		{
			"error, MariaDB", "2026-01-02  3:04:05 9 [Warning] Access denied for user 'root'@'10.0.0.9' (using password: NO)\nmore\n",
			[]string{"2026-01-02T03:04:05Z error ", "thread_id=9", "level=Warning", "message=Access denied for user 'root'@'10.0.0.9' (using password: NO)\nmore", "user=root", "host=10.0.0.9", "client_ip=10.0.0.9", "using_password=NO"}, 1,
		},
		{
			"error, JSON", `{ "prio" : 2, "err_code" : 10926, "component" : "server", "msg" : "Access denied for user 'x'@'h' (using password: YES)", "time" : "2026-01-02T03:04:05.678901Z", "label" : "Warning", "thread" : 9 }` + "\n",
			[]string{"2026-01-02T03:04:05.678901Z error ", "prio=2", "err_code=10926", "component=server", "message=Access denied for user 'x'@'h' (using password: YES)", "user=x", "host=h", "using_password=YES", "time=2026-01-02T03:04:05.678901Z", "level=Warning", "thread_id=9"}, 1,
		},
		{
			"audit, XML in the old style", "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<AUDIT>\n<AUDIT_RECORD\n  TIMESTAMP=\"2026-01-02T03:04:05 UTC\"\n  NAME=\"Query\"\n  USER=\"root[root] @ localhost [127.0.0.1]\"\n  IP=\"127.0.0.1\"\n  SQLTEXT=\"select &apos;x&apos;&#10;\"/>\n</AUDIT>\n",
			[]string{"2026-01-02T03:04:05Z audit ", "timestamp=2026-01-02T03:04:05 UTC", "name=Query", "account=root[root] @ localhost [127.0.0.1]", "user=root", "client_ip=127.0.0.1", "query=select 'x'\n"}, 1,
		},
		{
			"audit, XML in the new style", "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<AUDIT>\n <AUDIT_RECORD>\n  <TIMESTAMP>2026-01-02T03:04:05 UTC</TIMESTAMP>\n  <NAME>Query</NAME>\n  <SQLTEXT>select 1 &lt; 2</SQLTEXT>\n  <DB/>\n </AUDIT_RECORD>\n",
			[]string{"2026-01-02T03:04:05Z audit ", "timestamp=2026-01-02T03:04:05 UTC", "name=Query", "query=select 1 < 2"}, 1,
		},
		{
			"audit, JSON", "[\n{ \"timestamp\": \"2026-01-02 03:04:05\", \"id\": 0, \"class\": \"general\", \"event\": \"status\", \"connection_id\": 9, \"account\": { \"user\": \"root\", \"host\": \"localhost\" }, \"login\": { \"user\": \"root\", \"ip\": \"127.0.0.1\" }, \"general_data\": { \"command\": \"Query\", \"query\": \"select {\", \"status\": 0 } },\n{\n  \"timestamp\": \"2026-01-02 03:04:06\",\n  \"class\": \"connection\", \"event\": \"connect\", \"connection_id\": 10,\n  \"connection_data\": { \"db\": \"shop\" }\n}\n]\n",
			[]string{"2026-01-02T03:04:06Z audit ", "timestamp=2026-01-02 03:04:06", "class=connection", "event=connect", "connection_id=10", "db=shop"}, 2,
		},
		{
			"audit, Percona's JSON", `{"audit_record":{"name":"Query","record":"1_2026","timestamp":"2026-01-02T03:04:05 UTC","command_class":"select","status":0,"sqltext":"select 1","user":"root[root] @ localhost []","host":"localhost","ip":""}}` + "\n",
			[]string{"2026-01-02T03:04:05Z audit ", "name=Query", "record=1_2026", "timestamp=2026-01-02T03:04:05 UTC", "command_class=select", "status=0", "query=select 1", "account=root[root] @ localhost []", "user=root", "host=localhost"}, 1,
		},
		{
			"audit, MariaDB", "20260102 03:04:05,db1,root,10.0.0.9,14,53,QUERY,shop,'select \\'x\\',\\n1',0\n20260102 03:04:06,db1,root,10.0.0.9,14,54,WRITE,shop,orders,\n",
			[]string{"2026-01-02T03:04:06Z audit db1", "serverhost=db1", "user=root", "host=10.0.0.9", "client_ip=10.0.0.9", "thread_id=14", "query_id=54", "command=WRITE", "db=shop", "object=orders,"}, 2,
		},
		{
			"audit, MariaDB's statements", "20260102 03:04:05,db1,root,10.0.0.9,14,53,QUERY,shop,'select \\'x\\',\\n1',0\n",
			[]string{"2026-01-02T03:04:05Z audit db1", "serverhost=db1", "user=root", "host=10.0.0.9", "client_ip=10.0.0.9", "thread_id=14", "query_id=53", "command=QUERY", "db=shop", "retcode=0", "query=select 'x',\n1"}, 1,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			all, report := format().Events(t, []byte(tt.in))
			if len(all) != tt.events || len(report.Damage) > 0 {
				t.Fatalf("%d events, want %d; damage %+v", len(all), tt.events, report.Damage)
			}
			if diff := cmp.Diff(tt.want, readertest.Values(all[len(all)-1])); diff != "" {
				t.Errorf("event (-want +got):\n%s", diff)
			}
			for _, e := range all {
				if s := e.Source; s.Offset+s.Length > int64(len(tt.in)) || !strings.Contains(tt.in[s.Offset:s.Offset+s.Length], e.Values[0].String()) {
					t.Errorf("source %+v does not hold %q", s, e.Values[0])
				}
			}
		})
	}
}

func TestClock(t *testing.T) {
	format().Clock(t, "2026-01-02T03:04:05.678901Z 9 [Warning] x\n", "UTC", false)
	format().Clock(t, "2026-01-02T03:04:05.678901+02:00 9 [Warning] x\n", "+02:00", false)
	format().Clock(t, "2026-01-02  3:04:05 9 [Warning] x\n", "UTC", true)
	format().Clock(t, "# Time: 260102  4:04:05\n# Query_time: 0.5\nselect 1;\n", "UTC", true)
	format().Clock(t, "# Time: 260102  4:04:05\n# Query_time: 0.5\nSET timestamp=1767323045;\nselect 1;\n", "UTC", false)
}

func TestSniffNot(t *testing.T) {
	format().Sniffs(t, false,
		"", "hello\n", "# comment\n", "2026-01-02 03:04:05 [Warning] x\n", "2024-01-02 03:04:05 UTC [1] LOG:  x\n",
		"2022-12-20 12:36:54.17 Logon       Error: 18456, Severity: 14, State: 8.\n", "{\"timestamp\":\"2026-01-02\",\"class\":\"x\"}\n",
		"   12 Query x\n", "\t12 Error x\n", "2026-01-02 03:04:05,123 9 Query\n", "<xml>\n",
	)
}

func TestDamage(t *testing.T) {
	format().Loses(t, "20260102 03:04:05,db1,root,10.0.0.9,14,53,QUERY,shop,'x',0\n20260102 03:04", 1, 1, "half written")
	format().Loses(t, "20260102 03:04:05,db1,root,10.0.0.9,14,53,QUERY,shop,'x',0\nrubbish\n", 1, 1, "rubbish")
	format().Loses(t, `{"audit_record":{"name":"Query","sqltext":"x"`+"\n"+`{"audit_record":{"name":"Query","sqltext":"y"}}`+"\n", 1, 1, "sqltext")
}

func Example() {
	text := "2026-01-02  3:04:05 9 [Warning] Access denied for user 'root'@'10.0.0.9' (using password: NO)\n" // synthetic
	f, err := mysql.Open(strings.NewReader(text), int64(len(text)), "error.log", lines.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = mysql.NewReader(lines.Options{}).Read(f, f.Units()[0], func(e *event.Event) bool {
		fmt.Println(e.Text("user"), e.Text("client_ip"))
		return true
	})
	if err != nil {
		fmt.Println(err)
	}
	// Output:
	// root 10.0.0.9
}

func FuzzRead(f *testing.F) {
	format().Fuzz(f, readertest.Texts(
		"2026-01-02T03:04:05.678901Z\t   9 Connect\tapp@10.0.0.9 on shop using TCP/IP\n2026-01-02T03:04:06.678901Z\t   9 Query\tselect 1,\n 2\n",
		"# Time: 260102  4:04:05\n# User@Host: app[app] @ web []\n# Query_time: 0.5  Lock_time: 0.1\nSET timestamp=1767323045;\nselect 1;\n# Query_time: 1\nuse x;\n",
		"2026-01-02T03:04:05.678901Z 9 [Warning] [MY-010055] [Server] x\nmore\n2026-01-02  3:04:05 9 [Note] y\n",
		"<AUDIT>\n<AUDIT_RECORD>\n<TIMESTAMP>2026-01-02T03:04:05 UTC</TIMESTAMP>\n</AUDIT_RECORD>\n<AUDIT_RECORD NAME=\"x\"/>\n",
		"{\"audit_record\":{\"name\":\"Query\",\"sqltext\":\"x\"}}\n[{ \"timestamp\": \"2026-01-02 03:04:05\",\n \"class\": \"y\" }]\n",
		"20260102 03:04:05,db1,root,10.0.0.9,14,53,QUERY,shop,'select \\'x\\',\\n1',0\n",
		`{ "prio" : 2, "err_code" : 10926, "msg" : "x", "time" : "2026-01-02T03:04:05.678901Z" }`+"\n",
	)...)
}

func BenchmarkRead(b *testing.B) {
	for _, bench := range []struct{ name, text string }{
		{"general", "2026-01-02T03:04:05.678901Z\t   9 Connect\tapp@10.0.0.9 on shop using TCP/IP\n2026-01-02T03:04:06.678901Z\t   9 Query\tselect a, b, c from orders where d = 'e' and f = 12345\n"},
		{"slow", "# Time: 2026-01-02T03:04:05.5Z\n# User@Host: app[app] @ web [10.0.0.9]  Id:     3\n# Query_time: 0.5  Lock_time: 0.1 Rows_sent: 1  Rows_examined: 2\nuse shop;\nSET timestamp=1767323045;\nselect a, b, c from orders where d = 'e' and f = 12345;\n"},
		{"error", "2026-01-02T03:04:05.678901Z 9 [Warning] [MY-010055] [Server] IP address could not be resolved\n"},
		{"audit-xml", " <AUDIT_RECORD>\n  <TIMESTAMP>2026-01-02T03:04:05 UTC</TIMESTAMP>\n  <RECORD_ID>6_2026-01-02T03:04:05</RECORD_ID>\n  <NAME>Query</NAME>\n  <CONNECTION_ID>5</CONNECTION_ID>\n  <STATUS>0</STATUS>\n  <USER>root[root] @ localhost [127.0.0.1]</USER>\n  <HOST>localhost</HOST>\n  <IP>127.0.0.1</IP>\n  <COMMAND_CLASS>drop_table</COMMAND_CLASS>\n  <SQLTEXT>select 1 &lt; 2</SQLTEXT>\n </AUDIT_RECORD>\n"},
		{"audit-json", `{"audit_record":{"name":"Query","record":"1_2026","timestamp":"2026-01-02T03:04:05 UTC","command_class":"select","status":0,"sqltext":"select 1","user":"root[root] @ localhost []","host":"localhost","ip":""}}` + "\n"},
		{"audit-csv", "20260102 03:04:05,db1,root,10.0.0.9,14,53,QUERY,shop,'select \\'x\\',\\n1',0\n"},
	} {
		b.Run(bench.name, func(b *testing.B) { format().Bench(b, readertest.Repeat([]byte(bench.text), 4<<20)) })
	}
}
