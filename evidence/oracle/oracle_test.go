package oracle_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"aldebaran/event"
	"aldebaran/evidence/lines"
	"aldebaran/evidence/oracle"
	"aldebaran/evidence/readertest"
)

func format() readertest.Format[*oracle.File, *oracle.Reader] {
	return readertest.Format[*oracle.File, *oracle.Reader]{
		Sniff: oracle.Sniff, Open: oracle.Open, NewReader: oracle.NewReader, Show: readertest.ShowValues,
		Promises: func(t testing.TB, data []byte, whole readertest.Pass) {
			t.Helper()
			if !bytes.Contains(bytes.ToUpper(data), []byte("DBUSERNAME")) { // an export is one piece
				format().Pieces(t, data, whole)
			}
		},
	}
}

// All records are synthetic: the forms that the manuals document, with invented values.
const (
	textHead = "Audit file /u01/app/oracle/admin/orcl/adump/orcl_ora_1234.aud\nOracle Database 19c Enterprise Edition Release 19.0.0.0.0 - Production\nORACLE_HOME:    /u01/app/oracle/product/19/db\nSystem name:    Linux\nNode name:      db1\nInstance name: orcl\n\n"
	textSys  = "Fri Jan  2 03:04:05 2026 +01:00\nLENGTH : '160'\nACTION :[22] 'select 'a:'\nfrom dual;'\nDATABASE USER:[1] '/'\nPRIVILEGE :[6] 'SYSDBA'\nCLIENT USER:[6] 'oracle'\nCLIENT TERMINAL:[5] 'pts/0'\nSTATUS:[1] '0'\nCLIENT ADDRESS:[53] '(ADDRESS=(PROTOCOL=tcp)(HOST=10.0.0.9)(PORT=1234))   '\n\n"
	textOS   = "Fri Jan  2 03:04:06 2026\nLENGTH: \"300\"\nSESSIONID:[6] \"123456\" ENTRYID:[1] \"1\" STATEMENT:[1] \"1\" USERID:[6] \"SYSTEM\" USERHOST:[3] \"web\" ACTION:[3] \"100\" RETURNCODE:[4] \"1017\" OS$USERID:[3] \"app\"\n\n"
	xmlHead  = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Audit xmlns=\"http://xmlns.oracle.com/oracleas/schema/dbserver_audittrail-11_2.xsd\">\n   <Version>11.2</Version>\n"
	xmlOne   = "<AuditRecord><Audit_Type>1</Audit_Type><Session_Id>5</Session_Id><Extended_Timestamp>2026-01-02T03:04:05.678901Z</Extended_Timestamp><DB_User>SYSTEM</DB_User><OS_User>app</OS_User><Userhost>web</Userhost><Terminal/><Action>17</Action><Returncode>0</Returncode><Comment_Text>Authenticated by: DATABASE; Client address: (ADDRESS=(PROTOCOL=tcp)(HOST=10.0.0.9)(PORT=1))</Comment_Text>\n<Sql_Text>grant dba to &lt;x&gt;\nyes</Sql_Text></AuditRecord>\n"
	unified  = "Jan  2 03:04:05 db1 journal: Oracle Unified Audit[1234]: LENGTH: '179' TYPE:\"4\" DBID:\"1\" SESID:\"2\" CLIENTID:\"\" ENTRYID:\"1\" STMTID:\"1\" DBUSER:\"SYS\" CURUSER:\"SYS\" ACTION:\"3\" RETCODE:\"0\" SCHEMA:\"HR\" OBJNAME:\"PAY\"\n"
	export   = "\"EVENT_TIMESTAMP\",\"DBUSERNAME\",\"ACTION_NAME\",\"RETURN_CODE\",\"SQL_TEXT\"\n\"02-JAN-26 03.04.05.678901 PM +00:00\",\"SYSTEM\",\"SELECT\",0,\"select \"\"a\"\"\nfrom b\"\n2026-01-02 03:04:06,HR,LOGON,1017,\n"
)

func TestRead(t *testing.T) {
	newest := time.Date(2026, 2, 1, 0, 0, 0, 0, time.UTC)
	tests := []struct {
		name, in string
		want     [][]string
	}{
		{"text", textHead + textSys + textOS, [][]string{
			{"2026-01-02T02:04:05Z audit db1", "event_timestamp=Fri Jan  2 03:04:05 2026 +01:00", "sql_text=select 'a:'\nfrom dual;", "dbusername=/", "system_privilege_used=SYSDBA", "os_username=oracle", "terminal=pts/0", "return_code=0", "client_ip=10.0.0.9", "client_address=(ADDRESS=(PROTOCOL=tcp)(HOST=10.0.0.9)(PORT=1234))   "},
			{"2026-01-02T03:04:06Z audit db1", "event_timestamp=Fri Jan  2 03:04:06 2026", "sessionid=123456", "entry_id=1", "statement_id=1", "dbusername=SYSTEM", "userhost=web", "action_name=LOGON", "action=100", "return_code=1017", "os_username=app"},
		}},
		{"xml", xmlHead + xmlOne + "</Audit>\n", [][]string{
			{"2026-01-02T03:04:05.678901Z audit ", "audit_type=1", "sessionid=5", "event_timestamp=2026-01-02T03:04:05.678901Z", "dbusername=SYSTEM", "os_username=app", "userhost=web", "action_name=GRANT OBJECT", "action=17", "return_code=0", "client_ip=10.0.0.9", "comment_text=Authenticated by: DATABASE; Client address: (ADDRESS=(PROTOCOL=tcp)(HOST=10.0.0.9)(PORT=1))", "sql_text=grant dba to <x>\nyes"},
		}},
		{"syslog", unified, [][]string{
			{"2026-01-02T03:04:05Z audit db1", "audit_type=4", "dbid=1", "sessionid=2", "entry_id=1", "statement_id=1", "dbusername=SYS", "current_user=SYS", "action_name=SELECT", "action=3", "return_code=0", "object_schema=HR", "object_name=PAY"},
		}},
		{"export", export, [][]string{
			{"2026-01-02T15:04:05.678901Z audit ", "event_timestamp=02-JAN-26 03.04.05.678901 PM +00:00", "dbusername=SYSTEM", "action_name=SELECT", "return_code=0", "sql_text=select \"a\"\nfrom b"},
			{"2026-01-02T03:04:06Z audit ", "event_timestamp=2026-01-02 03:04:06", "dbusername=HR", "action_name=LOGON", "return_code=1017"},
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			all, report := format().With(lines.Options{Newest: newest}).Events(t, []byte(tt.in))
			if len(report.Damage) > 0 {
				t.Errorf("damage %+v", report.Damage)
			}
			var got [][]string
			for _, e := range all {
				got = append(got, readertest.Values(e))
				if e.Product != "oracle" || e.Category != "database" {
					t.Errorf("labels %s %s", e.Product, e.Category)
				}
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("events (-want +got):\n%s", diff)
			}
		})
	}
}

func TestClock(t *testing.T) {
	format().Clock(t, textHead+textSys, "+01:00", false)
	format().Clock(t, textHead+textOS, "UTC", true)
	format().Clock(t, xmlHead+xmlOne, "UTC", false)
	format().Clock(t, "EVENT_TIMESTAMP,EVENT_TIMESTAMP_UTC,DBUSERNAME,ACTION_NAME\n2026-01-02 04:04:06,2026-01-02 03:04:06,HR,LOGON\n", "UTC", false)
}

func TestSniffNot(t *testing.T) {
	format().Sniffs(t, false,
		"", "hello\n", "Fri Jan  2 03:04:05 2026\nhello\n", "<Audit>\n", "<AuditRecord>\n", "a,b,c\n",
		"Jan  2 03:04:05 db1 sshd[1]: x\n",
	)
}

func TestDamage(t *testing.T) {
	format().Loses(t, textHead+textSys+"Fri Jan  2 03:04:09 2026\nLEN", 1, 1, "half written")
	format().Loses(t, export+"rubbish\n", 2, 1, "rubbish")
}

func Example() {
	text := "Jan  2 03:04:05 db1 journal: Oracle Unified Audit[1234]: LENGTH: '60' TYPE:\"4\" DBUSER:\"SYS\" ACTION:\"49\" RETCODE:\"0\"\n" // synthetic
	f, err := oracle.Open(strings.NewReader(text), int64(len(text)), "messages", lines.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = oracle.NewReader(lines.Options{}).Read(f, f.Units()[0], func(e *event.Event) bool {
		fmt.Println(e.Computer, e.Text("dbusername"), e.Text("action_name"))
		return true
	})
	if err != nil {
		fmt.Println(err)
	}
	// Output:
	// db1 SYS ALTER SYSTEM
}

func FuzzRead(f *testing.F) {
	format().Fuzz(f, readertest.Texts(textHead+textSys+textOS, xmlHead+xmlOne, unified, export)...)
}

func BenchmarkRead(b *testing.B) {
	for _, bench := range []struct{ name, head, text string }{
		{"text", textHead, textSys + textOS}, {"xml", xmlHead, xmlOne}, {"syslog", "", unified},
		{"export", "EVENT_TIMESTAMP,DBUSERNAME,ACTION_NAME,SQL_TEXT\n", "2026-01-02 03:04:06,HR,SELECT,\"select a, b from c where d = 'e'\"\n"},
	} {
		b.Run(bench.name, func(b *testing.B) {
			format().Bench(b, append([]byte(bench.head), readertest.Repeat([]byte(bench.text), 4<<20)...))
		})
	}
}
