package sigma_test

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"aldebaran/corpustest"
	"aldebaran/event"
	"aldebaran/evidence/evtx"
	"aldebaran/evidence/exchange"
	"aldebaran/evidence/lines"
	"aldebaran/match/sigma"
)

// serverRule parses and compiles one rule.
func serverRule(t *testing.T, service, selection string) *sigma.Matcher {
	t.Helper()
	text := "title: test\nlogsource:\n  product: windows\n  service: " + service + "\ndetection:\n  sel:\n    " + selection + "\n  condition: sel\n"
	c := sigma.Parse([]byte(text), "test.yml", sigma.LoadOptions{})
	if len(c.Rejected) > 0 {
		t.Fatal(c.Rejected)
	}
	set, err := sigma.Compile(c)
	if err != nil {
		t.Fatal(err)
	}
	return set.NewMatcher()
}

// TestServersCorpus looks for values by the names that events of SQL Server and Exchange do not
// have. What stands where was read off the records: the archives' names say what was done.
func TestServersCorpus(t *testing.T) {
	logs := map[string][]*event.Event{}
	rd := evtx.NewReader(evtx.Options{})
	for _, dir := range []string{"evtx/attack-samples", "evtx/evtx-to-mitre", "evtx/parser/omerbenamram"} {
		for _, file := range corpusLogs(t, dir) {
			name := filepath.Base(file.name)
			if !slices.ContainsFunc([]string{"MSSQL", "33205", "18456", "15457", "MSExchange", "transport agent"}, func(s string) bool { return strings.Contains(name, s) }) {
				continue
			}
			readLog(t, rd, file, func(e *event.Event) { logs[name] = append(logs[name], e.Clone()) })
		}
	}
	for _, c := range []struct {
		log, service, selection string
		want                    int
	}{
		{"ID33205-SQL Server Disabled SA user activated.evtx", "application", "statement: 'ALTER LOGIN [[]sa] ENABLE'", 0},
		{"ID33205-SQL Server Disabled SA user activated.evtx", "application", "statement: 'ALTER LOGIN [sa] ENABLE'", 1},
		{"ID33205-SQL Server Disabled SA user activated.evtx", "application", "action_id: LGEA", 1},
		{"ID33205-SQL Server Disabled SA user activated.evtx", "mssqlserver", "server_principal_name: 'OFFSEC\\admmig'", 1},
		{"ID33205-SQL Server Disabled SA user activated.evtx", "mssqlserver", "server_instance_name: 'MSSQL01\\RADAR'", 1},
		{"ID33205-SQL Server Disabled SA user activated.evtx", "mssqlserver", "object_name: sa", 1},
		{"ID33205-SQL Server Database audit specification deleted.evtx", "application", "client_ip: 10.23.23.9", 2},
		{"ID33205-SQL Server Database audit specification deleted.evtx", "application", "statement|startswith: '-- network protocol: TCP/IP'", 2},
		{"ID33205-SQL Server Database audit specification deleted.evtx", "application", "object_name: db-audit-spec", 2},
		{"ID33205-SQL Server failed login because only Windows auth.evtx", "application", "reason|startswith: 'An attempt to login using SQL authentication failed.'", 6},
		{"ID33205-SQL Server failed login because only Windows auth.evtx", "application", "error: 18456", 6},
		{"ID33205-SQL Server failed login because only Windows auth.evtx", "application", "state: 58", 6},
		{"ID33205-SQL Server failed login because only Windows auth.evtx", "application", "succeeded: 'false'", 6},
		{"ID18456-SQL Server failed login because only Windows auth.evtx", "application", "server_principal_name: unexisting-user", 6},
		{"ID18456-SQL Server failed login because only Windows auth.evtx", "application", "client_ip|cidr: 10.23.0.0/16", 6},
		{"ID18456-SQL Server failed login because only Windows auth.evtx", "mssqlserver", "severity: 14", 6},
		{"MSSQL_multiple_failed_logon_EventID_18456.evtx", "mssqlserver", "server_principal_name: sa", 1},
		{"MSSQL_multiple_failed_logon_EventID_18456.evtx", "mssqlserver", "client_ip: 10.0.2.17", 10},
		{"MSSQL_multiple_failed_logon_EventID_18456.evtx", "mssqlserver", "reason: 'Password did not match that for the login provided.'", 2},
		{"MSSQL_multiple_failed_logon_EventID_18456.evtx", "mssqlserver", "server_instance_name: MSEDGEWIN10", 10},
		{"DE_xp_cmdshell_enabled_MSSQL_EID_15457.evtx", "mssqlserver", "option: xp_cmdshell", 2},
		{"DE_xp_cmdshell_enabled_MSSQL_EID_15457.evtx", "mssqlserver", "{option: xp_cmdshell, old_value: 0, new_value: 1}", 1},
		{"LM_xp_cmdshell_MSSQL_Events.evtx", "mssqlserver", "{server_principal_name: root, EventID: 18454}", 4},
		{"MSSQL_15281_xp_cmdshell_exec_failed_attempt.evtx", "mssqlserver", "{option: xp_cmdshell, object_name: sys.xp_cmdshell}", 1},
		{"ID6-Failed to install an Exchange transport agent.evtx", "msexchange-management", "CmdletName: Install-TransportAgent", 2},
		{"ID6-Failed to install an Exchange transport agent.evtx", "msexchange-management", "Exception|startswith: 'System.ArgumentException: The Transport Agent assembly file'", 2},
		{"ID6-Failed to install an Exchange transport agent.evtx", "msexchange-management", "ActivityId: 82cc33be-98c2-4050-bd7f-53aaed825502", 2},
		{"ID6-Failed to install an Exchange transport agent.evtx", "msexchange-management", "CultureInfo: en-US", 4},
		{"ID6-Failed to install an Exchange transport agent.evtx", "msexchange-management", "UserSid|endswith: '-1111'", 4},
		{"MSExchange_Management_wec.evtx", "msexchange-management", "CmdletParameters|contains: 'ForwardingSmtpAddress \"smtp:test2@example.com\"'", 1},
		{"MSExchange_Management_wec.evtx", "msexchange-management", "User: 'ave.local/Users/Administrateur'", 1},
		{"MSExchange_Management_wec.evtx", "msexchange-management", "{Process: '5668 w3wp#MSExchangePowerShellAppPool', CultureInfo: fr-FR, Duration: '00:00:26.0389557'}", 1},
	} {
		if len(logs[c.log]) == 0 {
			t.Errorf("%s: no events", c.log)
			continue
		}
		m := serverRule(t, c.service, c.selection)
		got := 0
		for _, e := range logs[c.log] {
			got += len(m.Match(e))
		}
		if got != c.want {
			t.Errorf("%s: %s: %d events, want %d of %d", c.log, c.selection, got, c.want, len(logs[c.log]))
		}
	}
}

// TestExchangeRules hunts SigmaHQ's rules in synthetic logs of Exchange. They show what the log of a
// server holds on which such things were done: names and parameters, nothing that could be run.
func TestExchangeRules(t *testing.T) {
	c, err := sigma.Load([]string{corpustest.Path(t, "sigma/rules")}, sigma.LoadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	set, err := sigma.Compile(c)
	if err != nil {
		t.Fatal(err)
	}
	head := func(logType, fields string) string {
		return "#Software: Microsoft Exchange Server\r\n#Log-type: " + logType + "\r\n#Fields: " + fields + "\r\n"
	}
	const (
		proxy  = "DateTime,Protocol,UrlHost,UrlStem,AuthenticatedUser,UserAgent,ClientIpAddress,ServerHostName,HttpStatus,Method,UrlQuery"
		cmdlet = "DateTime,ServerHostName,AuthenticatedUser,Cmdlet,Parameters,ErrorType,ExecutionResult"
		panel  = "TimeStamp,ServerName,EventId,EventData"
		at     = "2026-01-02T03:04:05.678Z,"
	)
	for _, c := range []struct{ name, log, want string }{
		{
			"ProxyShell in HttpProxy", head("HttpProxy Logs", proxy) + at + "Autodiscover,mail,/autodiscover/autodiscover.json,NT AUTHORITY\\SYSTEM,synthetic,192.0.2.7,MAIL01,200,POST," +
				"?@a.example/mapi/nspi/?&Email=autodiscover/autodiscover.json%3F@a.example\r\n",
			"Successful Exchange ProxyShell Attack",
		},
		{
			"a mailbox opened by its owner", head("HttpProxy Logs", proxy) + at + "Owa,mail,/owa/service.svc,LAKES\\user,Mozilla/5.0 (Windows NT 10.0),192.0.2.7,MAIL01,200,POST,?action=FindItem\r\n",
			"",
		},
		{
			"mailbox exported to a page", head("Rps Cmdlet Logs", cmdlet) + at + `MAIL01,LAKES\admin,New-MailboxExportRequest,"-Mailbox ""synthetic"" -FilePath ""\\192.0.2.1\x\y.aspx""",,Success` + "\r\n",
			"Mailbox Export to Exchange Webserver",
		},
		{
			"transport agent", head("Rps Cmdlet Logs", cmdlet) + at + `MAIL01,LAKES\admin,Install-TransportAgent,"-Name ""synthetic""",,Success` + "\r\n",
			"MSExchange Transport Agent Installation - Builtin",
		},
		{
			"transport agent that failed", head("Rps Cmdlet Logs", cmdlet) + at + `MAIL01,LAKES\admin,Install-TransportAgent,"-Name ""synthetic""",ArgumentException,Error` + "\r\n",
			"Failed MSExchange Transport Agent Installation|MSExchange Transport Agent Installation - Builtin",
		},
		{
			"directory address in the control panel's log", head("ECP Server Log", panel) + at + `MAIL01,ECP.Request,"S:TIME=1;'S:CMD=Set-OabVirtualDirectory.ExternalUrl=''http://f/<script language=""synthetic"">function Page_Load(){}</script>''.Identity=''9''';S:URL=/ecp/DDI/DDIService.svc/SetObject"` + "\r\n",
			"Exchange Set OabVirtualDirectory ExternalUrl Property|ProxyLogon MSExchange OabVirtualDirectory",
		},
		{
			"control panel", head("ECP Server Log", panel) + at + "MAIL01,ECP.Request,S:TIME=1;S:CMD=Get-InboxRule;S:URL=/ecp/RulesEditor/InboxRules.svc/GetList\r\n",
			"",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			f, err := exchange.Open(strings.NewReader(c.log), int64(len(c.log)), "synthetic", lines.Options{})
			if err != nil {
				t.Fatal(err)
			}
			m := set.NewMatcher()
			var got []string
			report, err := exchange.NewReader(lines.Options{}).Read(f, f.Units()[0], func(e *event.Event) bool {
				for _, r := range m.Match(e) {
					got = append(got, r.Title)
					if x := sigma.Explain(r, e); !x.Match {
						t.Errorf("Explain(%s) does not match", r.Title)
					}
				}
				return true
			})
			if err != nil || report.Events != 1 {
				t.Fatalf("%+v, %v", report, err)
			}
			slices.Sort(got)
			var want []string
			if c.want != "" {
				want = strings.Split(c.want, "|")
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("rules (-want +got):\n%s", diff)
			}
		})
	}
}

func ExampleRoutes_exchange() {
	routes, _ := sigma.Routes(sigma.Logsource{Product: "windows", Service: "msexchange-management"})
	for _, r := range routes {
		fmt.Println(r.Name)
	}
	// Output:
	// Windows msexchange-management
	// Exchange CmdletInfra
	// Exchange ECP
}
