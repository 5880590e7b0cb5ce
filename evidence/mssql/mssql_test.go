package mssql_test

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"aldebaran/corpustest"
	"aldebaran/event"
	"aldebaran/evidence/lines"
	"aldebaran/evidence/mssql"
	"aldebaran/evidence/readertest"
)

func format() readertest.Format[*mssql.File, *mssql.Reader] {
	return readertest.Format[*mssql.File, *mssql.Reader]{
		Sniff: mssql.Sniff, Open: mssql.Open, NewReader: mssql.NewReader,
		Show:     func(e *event.Event) string { return strings.Join(values(e), "|") },
		Promises: promises,
	}
}

// values are those of [readertest.Values] behind more of the event's labels.
func values(e *event.Event) []string {
	all := readertest.Values(e)
	all[0] = fmt.Sprintf("%s %s/%s/%s %s %s %d %s", e.Time.Format(time.RFC3339Nano), e.Product, e.Category, e.Service, e.Channel, e.Provider, e.EventID, e.Computer)
	return all
}

func system(id string) []string {
	return []string{"Provider_Name=MSSQLSERVER", "EventID=" + id, "Channel=Application"}
}

// TestRead has synthetic entries: messages as sys.messages has them, with invented values.
func TestRead(t *testing.T) {
	const at = "2026-01-02 03:04:05.67 "
	head := func(id int) string {
		return fmt.Sprintf("2026-01-02T03:04:05.67Z windows/database/mssqlserver Application MSSQLSERVER %d ", id)
	}
	tests := []struct {
		name, in string
		want     []string
	}{
		{
			"a number and its message",
			at + "Logon       Error: 18456, Severity: 14, State: 5.\n" + at + "Logon       Login failed for user 'x'. Reason: Could not find a login matching the name provided. [CLIENT: 10.0.0.9]\n",
			append(append([]string{head(18456)}, system("18456")...), "Data=x", "Data= Reason: Could not find a login matching the name provided.", "Data= [CLIENT: 10.0.0.9]",
				"error=18456", "severity=14", "state=5", "server_principal_name=x", "reason=Could not find a login matching the name provided.", "client_ip=10.0.0.9", "source=Logon",
				"Message=Login failed for user 'x'. Reason: Could not find a login matching the name provided. [CLIENT: 10.0.0.9]"),
		},
		{
			"a name that means to mislead",
			at + "Logon       Login failed for user 'x'. Reason: y. [CLIENT: 10.0.0.1]'. Reason: Could not find a login matching the name provided. [CLIENT: 10.0.0.9]\n",
			append(append([]string{head(18456)}, system("18456")...), "Data=x'. Reason: y. [CLIENT: 10.0.0.1]", "Data= Reason: Could not find a login matching the name provided.", "Data= [CLIENT: 10.0.0.9]",
				"error=18456", "server_principal_name=x'. Reason: y. [CLIENT: 10.0.0.1]", "reason=Could not find a login matching the name provided.", "client_ip=10.0.0.9", "source=Logon",
				"Message=Login failed for user 'x'. Reason: y. [CLIENT: 10.0.0.1]'. Reason: Could not find a login matching the name provided. [CLIENT: 10.0.0.9]"),
		},
		{
			"SQL Server 2000",
			at + "logon     Login failed for user 'sa'.\n",
			append(append([]string{head(18456)}, system("18456")...), "Data=sa", "error=18456", "server_principal_name=sa", "source=logon", "Message=Login failed for user 'sa'."),
		},
		{
			"another language",
			at + "Logon       Fehler: 18456, Schweregrad: 14, Status: 8.\n" + at + "Logon       Fehler bei der Anmeldung. [CLIENT: <local machine>]\n",
			append(append([]string{head(18456)}, system("18456")...), "Data=Fehler bei der Anmeldung. [CLIENT: <local machine>]",
				"error=18456", "severity=14", "state=8", "client_ip=<local machine>", "source=Logon", "Message=Fehler bei der Anmeldung. [CLIENT: <local machine>]"),
		},
		{
			"a login", at + "Logon       Login succeeded for user 'D\\u'. Connection made using Windows authentication. [CLIENT: <named pipe>]\n",
			append(append([]string{head(18453)}, system("18453")...), "Data=D\\u", "Data= [CLIENT: <named pipe>]", "error=18453", "server_principal_name=D\\u", "client_ip=<named pipe>", "source=Logon",
				"Message=Login succeeded for user 'D\\u'. Connection made using Windows authentication. [CLIENT: <named pipe>]"),
		},
		{
			"an option", at + "spid52      Configuration option 'xp_cmdshell' changed from 0 to 1. Run the RECONFIGURE statement to install.\n",
			append(append([]string{head(15457)}, system("15457")...), "Data=xp_cmdshell", "Data=0", "Data=1", "error=15457", "option=xp_cmdshell", "old_value=0", "new_value=1", "source=spid52",
				"Message=Configuration option 'xp_cmdshell' changed from 0 to 1. Run the RECONFIGURE statement to install."),
		},
		{
			"blocked", at + "spid52      SQL Server blocked access to procedure 'sys.xp_cmdshell' of component 'xp_cmdshell' because this component is turned off.\n",
			append(append([]string{head(15281)}, system("15281")...), "Data=procedure", "Data=sys.xp_cmdshell", "Data=xp_cmdshell", "error=15281", "option=xp_cmdshell", "object_name=sys.xp_cmdshell", "source=spid52",
				"Message=SQL Server blocked access to procedure 'sys.xp_cmdshell' of component 'xp_cmdshell' because this component is turned off."),
		},
		{
			"an extended procedure", at + "spid52      Using 'x.dll' version '1.0' to execute extended stored procedure 'xp_x'. This is an informational message only; no user action is required.\n",
			append(append([]string{head(8128)}, system("8128")...), "Data=x.dll", "Data=1.0", "Data=xp_x", "error=8128", "object_name=xp_x", "library=x.dll", "source=spid52",
				"Message=Using 'x.dll' version '1.0' to execute extended stored procedure 'xp_x'. This is an informational message only; no user action is required."),
		},
		{
			"several lines", at + "Server      Microsoft SQL Server 2022\n\tOct  8 2022\n\ton Windows\n",
			[]string{head(0), "Provider_Name=MSSQLSERVER", "Channel=Application", "Data=Microsoft SQL Server 2022\n\tOct  8 2022\n\ton Windows", "source=Server", "Message=Microsoft SQL Server 2022\n\tOct  8 2022\n\ton Windows"},
		},
		{
			"the agent", "2026-01-02 03:04:05 - ! [298] SQLServer Error: 18456, Login failed for user 'x'. [SQLSTATE 28000]\n",
			[]string{"2026-01-02T03:04:05Z mssql/database/agent   0 ", "level=error", "message_id=298", "error=18456", "server_principal_name=x", "Message=SQLServer Error: 18456, Login failed for user 'x'. [SQLSTATE 28000]"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for _, encoding := range []string{"UTF-8", "UTF-16"} {
				in := []byte(tt.in)
				if encoding == "UTF-16" {
					in = readertest.UTF16(strings.ReplaceAll(tt.in, "\n", "\r\n"))
				}
				all, report := format().Events(t, in)
				if len(all) != 1 || len(report.Damage) > 0 {
					t.Fatalf("%s: %d events, want 1; damage %+v", encoding, len(all), report.Damage)
				}
				if diff := cmp.Diff(tt.want, values(all[0])); diff != "" {
					t.Errorf("%s: event (-want +got):\n%s", encoding, diff)
				}
				mark := int64(0)
				if encoding == "UTF-16" {
					mark = 2
				}
				if s := all[0].Source; s.Offset != mark || s.Length != int64(len(in))-mark {
					t.Errorf("%s: source %+v, want all of %d bytes", encoding, s, len(in))
				}
			}
		})
	}
}

// TestHead holds what the beginning of a log says of the server against its events. Synthetic.
func TestHead(t *testing.T) {
	text := "2026-01-02 03:04:05.67 Server      Microsoft SQL Server 2022 (RTM)\n" +
		"2026-01-02 03:04:05.67 Server      UTC adjustment: -8:00\n" +
		"2026-01-02 03:04:06.00 Server      Server name is 'DB1\\SALES'. This is an informational message only.\n" +
		"2026-07-02 03:04:05.67 spid9s      Starting up database 'x'.\n"
	all, report := format().Events(t, []byte(text))
	last := all[len(all)-1]
	if last.Computer != "DB1" || last.Provider != "MSSQL$SALES" || last.Time.Format(time.RFC3339Nano) != "2026-07-02T11:04:05.67Z" {
		t.Errorf("%v: want DB1, MSSQL$SALES, 11:04:05.67", values(last))
	}
	if report.Clock.Zone != "-08:00" || report.Clock.Assumed {
		t.Errorf("clock %+v, want -08:00 from the log", report.Clock)
	}
	// The zone that the user names is taken if it agrees: it knows of summer time.
	angeles, err := time.LoadLocation("America/Los_Angeles")
	if err != nil {
		t.Fatal(err)
	}
	all, _ = format().With(lines.Options{Zone: angeles}).Events(t, []byte(text))
	if last := all[len(all)-1]; last.Time.Format(time.RFC3339Nano) != "2026-07-02T10:04:05.67Z" {
		t.Errorf("in Los Angeles: %s, want 10:04:05.67", last.Time)
	}
	all, _ = format().With(lines.Options{Zone: time.FixedZone("x", 3600)}).Events(t, []byte(text))
	if last := all[len(all)-1]; last.Time.Format(time.RFC3339Nano) != "2026-07-02T11:04:05.67Z" {
		t.Errorf("with a zone that does not agree: %s, want what the log says", last.Time)
	}
}

func TestTwoWriters(t *testing.T) {
	const at = "2026-01-02 03:04:05.67 "
	all, _ := format().Events(t, []byte(at+"Logon       Error: 18456, Severity: 14, State: 5.\n"+at+"spid5       Other.\n"+at+"Logon       Error: 1, Severity: 2, State: 3.\n"+at+"Logon       Error: 4, Severity: 5, State: 6.\n"+at+"Logon       It.\n"))
	var got []string
	for _, e := range all {
		got = append(got, fmt.Sprint(e.EventID, " ", e.Text("Message")))
	}
	want := []string{"18456 Error: 18456, Severity: 14, State: 5.", "0 Other.", "1 Error: 1, Severity: 2, State: 3.", "4 It."}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestSniffNot(t *testing.T) {
	format().Sniffs(t, false,
		"", "hello\n", "2022-12-20 12:36:54.17 INFO hello\n", "2022-12-20 12:36:54.170 Logon x\n",
		"2024-01-02 03:04:05 UTC [1] LOG:  x\n", "2026-01-02 03:04:05 - x\n", "2021-11-09  5:13:12 8 [Warning] x\n",
	)
}

// TestCorpus holds the failed logins against what the parser of crowdsec finds: it counts lines, two
// for each login; we make one event of both, as the Windows event log has it.
func TestCorpus(t *testing.T) {
	path := corpustest.Path(t, "logs/crowdsec/db/mssql-text-logs/mssql-text-logs.log")
	all, report := format().Events(t, corpustest.Load(t, path))
	if len(report.Damage) > 0 || !report.Clock.Assumed {
		t.Errorf("damage %+v, clock %+v, want none and assumed", report.Damage, report.Clock)
	}
	asserts := readertest.Assertions(t, path)
	var users, times []string
	for _, a := range asserts {
		times = append(times, a.Value)
		if a.Parser == "crowdsecurity/mssql-text-logs" && a.Kind == "Parsed" && a.Field == "user" {
			users = append(users, a.Value)
		}
	}
	if len(users) == 0 || len(all) != len(users) {
		t.Fatalf("%d events, want the %d logins of crowdsec", len(all), len(users))
	}
	for i, e := range all {
		if got := e.Text("server_principal_name"); got != users[i] {
			t.Errorf("login %d: user %q, want %q", i, got, users[i])
		}
		if e.EventID != 18456 || e.Text("client_ip") != "172.17.0.3" || e.Text("severity") != "14" {
			t.Errorf("login %d: %v", i, values(e))
		}
		if !slices.Contains(times, e.Time.Format("15:04:05.00")) {
			t.Errorf("login %d: at %s, which crowdsec does not have", i, e.Time)
		}
	}
}

func Example() {
	text := "2026-01-02 03:04:05.67 spid52      Configuration option 'xp_cmdshell' changed from 0 to 1. Run the RECONFIGURE statement to install.\n" // synthetic
	f, err := mssql.Open(strings.NewReader(text), int64(len(text)), "ERRORLOG", lines.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = mssql.NewReader(lines.Options{}).Read(f, f.Units()[0], func(e *event.Event) bool {
		fmt.Println(e.EventID, e.Text("option"), e.Text("old_value"), e.Text("new_value"))
		return true
	})
	if err != nil {
		fmt.Println(err)
	}
	// Output:
	// 15457 xp_cmdshell 0 1
}

func FuzzRead(f *testing.F) {
	format().Fuzz(f,
		[]byte("2026-01-02 03:04:05.67 Logon       Error: 18456, Severity: 14, State: 5.\n2026-01-02 03:04:05.67 Logon       Login failed for user 'x'. Reason: y. [CLIENT: 10.0.0.9]\nmore\n"),
		[]byte("2026-01-02 03:04:05.67 Server      UTC adjustment: 1:00\n2026-01-02 03:04:05.67 spid5s Using 'a' version 'b' to execute extended stored procedure 'c'.\n"),
		[]byte("2026-01-02 03:04:05 - ! [298] SQLServer Error: 18456, Login failed for user 'x'. [SQLSTATE 28000]\n"),
		readertest.UTF16("2026-01-02 03:04:05.67 spid52      Configuration option 'x' changed from 0 to 1. Run\r\n"),
	)
}

// promises: an entry that is read by itself, from where it begins, is the same event.
func promises(t testing.TB, data []byte, whole readertest.Pass) {
	t.Helper()
	log, r := format().OpenLog(t, data), mssql.NewReader(lines.Options{})
	for i, s := range whole.Sources {
		alone := format().Pass(t, r, log, event.Unit{Start: s.Offset, End: s.Offset + 1}).Events
		if i > 0 && len(alone) == 1 && alone[0] != whole.Events[i] {
			t.Fatalf("event %d by itself:\n%q\nwant\n%q", i, alone[0], whole.Events[i])
		}
	}
}

func BenchmarkRead(b *testing.B) {
	data := bytes.Repeat([]byte("2026-01-02 03:04:05.67 Logon       Error: 18456, Severity: 14, State: 5.\r\n2026-01-02 03:04:05.67 Logon       Login failed for user 'x'. Reason: Could not find a login matching the name provided. [CLIENT: 10.0.0.9]\r\n2026-01-02 03:04:05.67 spid52      Starting up database 'x'.\r\n"), 20000)
	b.Run("UTF-8", func(b *testing.B) { format().Bench(b, data) })
	b.Run("UTF-16", func(b *testing.B) { format().Bench(b, readertest.UTF16(string(data))) })
}
