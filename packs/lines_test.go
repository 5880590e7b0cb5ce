package packs_test

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestLines hunts in lines as the programs write them, from the file to the finding: that readers
// give the fields by which the rules ask. All lines are synthetic and hold nothing that works.
func TestLines(t *testing.T) {
	for _, c := range []struct {
		name, file, lines string
		want              []string
	}{
		{
			"IIS", "u_ex260301.log", `#Software: Microsoft Internet Information Services 10.0
#Version: 1.0
#Date: 2026-03-01 08:00:00
#Fields: date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) cs(Referer) sc-status sc-substatus sc-win32-status time-taken
2026-03-01 08:00:01 192.0.2.1 GET /owa/auth/logon.aspx replaceCurrent=1 443 - 198.51.100.9 Mozilla/5.0 - 200 0 0 15
2026-03-01 08:00:02 192.0.2.1 POST /autodiscover/autodiscover.json @made.example/powershell/?x=1 443 - 203.0.113.7 Mozilla/5.0 - 200 0 0 15
2026-03-01 08:00:03 192.0.2.1 POST /owa/auth/OutlookEN.aspx - 443 - 203.0.113.7 Mozilla/5.0 - 200 0 0 15
2026-03-01 08:00:04 192.0.2.1 POST /owa/auth/OutlookCN.aspx - 443 - 198.51.100.9 Mozilla/5.0 - 200 0 0 15
`, []string{"Autodiscover Path Led To Remote PowerShell", "Page OutlookEN.aspx Answered", "Unknown Page Of The Exchange Sign-in Folders"},
		},
		{
			"remote PowerShell of Exchange", "rps.log", `#Software: Microsoft Exchange Server
#Version: 15.01.2375.007
#Log-type: Rps Logs
#Date: 2026-03-01T08:00:00.000Z
#Fields: DateTime,RequestId,AuthenticatedUser,UrlHost,UrlStem,ClientInfo,HttpStatus,ServerHostName
2026-03-01T08:00:01.000Z,1,LAKES\amal,mail01,/powershell,python-requests/2.28,200,MAIL01
2026-03-01T08:00:02.000Z,2,LAKES\admin,mail01,/powershell,Microsoft WinRM Client,200,MAIL01
`, []string{"Exchange PowerShell Used By A Script Library"},
		},
		{
			"control panel of Exchange", "ecp.log", `#Software: Microsoft Exchange Server
#Version: 15.01.2375.007
#Log-type: ECP Server Logs
#Date: 2026-03-01T08:00:00.000Z
#Fields: TimeStamp,ServerName,EventId,EventData
2026-03-01T08:00:01.000Z,MAIL01,ECP.Request,"S:TIME=5;S:SID=x;'S:CMD=Set-OabVirtualDirectory.ExternalUrl=''http://o/#<script runat=server>made up</script>''.Identity=''a''';S:REQID=;S:URL=/ecp/DDI/DDIService.svc/SetObject:443"
2026-03-01T08:00:31.000Z,MAIL01,ECP.Request,"S:TIME=5;S:SID=x;'S:CMD=Remove-OabVirtualDirectory.Force=''True''.Identity=''a''';S:REQID=;S:URL=/ecp/DDI/DDIService.svc/SetObject:443"
`, []string{"Address Of A Virtual Directory Set In The Control Panel", "Exchange Virtual Directory Made, Removed Or Reset", "Script In A Directory Address, Then Written Out", "Script In An Exchange Directory Address"},
		},
		{
			"cmdlets of Exchange", "cmdlet.log", `#Software: Microsoft Exchange Server
#Version: 15.01.2375.007
#Log-type: Cmdlet Logs
#Date: 2026-03-01T08:00:00.000Z
#Fields: DateTime,StartTime,RequestId,ServerHostName,ProcessId,ProcessName,ThreadId,AuthenticatedUser,ExecutingUserSid,Cmdlet,Parameters,ExecutionResult
2026-03-01T08:00:01.000Z,2026-03-01T08:00:01.000Z,1,MAIL01,4711,powershell,9,NT AUTHORITY\SYSTEM,S-1-5-18,New-MailboxExportRequest,"-Mailbox ""minister"" -FilePath ""\\mail01\x\logo.png""",Success
2026-03-01T08:00:02.000Z,2026-03-01T08:00:02.000Z,2,MAIL01,4711,powershell,9,LAKES\admin,S-1-5-21-1-2-3-500,Get-Mailbox,"-Identity ""amal""",Success
`, []string{"Mailbox Export Requested", "Mailbox Export Requested By A Machine", "Mailbox Exported Under A False Extension"},
		},
		{
			"Unified Audit Log", "ual.json", `{"CreationTime":"2026-03-01T08:00:00","Id":"1","Operation":"Set-Mailbox","RecordType":1,"Workload":"Exchange","UserId":"admin@lakes.example","Parameters":[{"Name": "Identity","Value": "minister"},{"Name": "ForwardingSmtpAddress", "Value": "smtp:a@made.example"}]}
{"CreationTime":"2026-03-01T08:01:00","Id":"2","Operation":"Add app role assignment to service principal.","RecordType":8,"Workload":"AzureActiveDirectory","UserId":"admin@lakes.example","ModifiedProperties":[{"Name":"AppRole.Value","NewValue":"full_access_as_app","OldValue":""}]}
{"CreationTime":"2026-03-01T08:02:00","Id":"3","Operation":"Set-MailboxAuditBypassAssociation","RecordType":1,"Workload":"Exchange","UserId":"admin@lakes.example","Parameters":[{"Name":"Identity","Value":"svc"},{"Name":"AuditBypassEnabled","Value":"True"}]}
`, []string{"Application May Read All Mail In Microsoft 365", "Mail Forwarded By A Rule In Microsoft 365", "Mailbox Audit Switched Off In Microsoft 365"},
		},
		{
			"PostgreSQL", "postgresql.log", `2026-03-01 08:00:00.000 UTC [4913] app@shop LOG:  statement: COPY t FROM PROGRAM 'made up'
2026-03-01 08:00:01.000 UTC [4913] app@shop LOG:  AUDIT: SESSION,1,1,READ,SELECT,,,"select pg_read_file('/etc/passwd')",<not logged>
2026-03-01 08:00:02.000 UTC [4913] app@shop LOG:  statement: select * from programs
`, []string{"PostgreSQL Reads A File Of The System", "PostgreSQL Runs A Program By COPY"},
		},
		{
			"MySQL", "general.log", "/usr/sbin/mysqld, Version: 8.0.36 (MySQL Community Server - GPL). started with:\n" +
				"Tcp port: 3306  Unix socket: /var/run/mysqld/mysqld.sock\nTime                 Id Command    Argument\n" +
				"2026-03-01T08:00:00.000000Z\t   10 Connect\troot@web01 on test using TCP/IP\n" +
				"2026-03-01T08:00:01.000000Z\t   10 Query\tCREATE FUNCTION made RETURNS STRING SONAME 'made.so'\n" +
				"2026-03-01T08:00:02.000000Z\t   10 Query\tselect * from functions\n",
			[]string{"MySQL Function Made From A Library"},
		},
		{
			"Oracle", "unified.csv", `"EVENT_TIMESTAMP","DBUSERNAME","ACTION_NAME","SQL_TEXT","USERHOST"
"2026-03-01 08:00:00.000000","APP","GRANT","grant dba to made","web01"
"2026-03-01 08:00:01.000000","APP","SELECT","select * from dba_users","web01"
`, []string{"Oracle Administrator Made"},
		},
		{
			"auditd", "audit.log", `type=EXECVE msg=audit(1772352000.123:100): argc=3 a0="postconf" a1="-e" a2="always_bcc=a@made.example"
type=EXECVE msg=audit(1772352001.123:101): argc=2 a0="postconf" a1="-n"
`, []string{"Postfix Told To Copy Mail"},
		},
		{
			"Zimbra", "audit-zimbra.log", `2026-03-01 08:00:00,616 INFO  [qtp93314457-137:https://mail:7071/service/admin/soap/DelegateAuthRequest] [name=admin@lakes.example;ip=192.0.2.1;ua=made up;] security - cmd=DelegateAuth; accountId=1; accountName=minister@lakes.example;
2026-03-01 08:00:01,616 INFO  [qtp93314457-137:https://mail/service/soap/AuthRequest] [name=amal@lakes.example;oip=198.51.100.9;ua=made up;] security - cmd=Auth; account=amal@lakes.example; protocol=soap;
`, []string{"Zimbra Administrator Opens A Mailbox"},
		},
		{
			"Zeek", "dce_rpc.log", `{"_path":"dce_rpc","ts":1772352000.1,"uid":"C1","id.orig_h":"192.0.2.10","id.orig_p":50000,"id.resp_h":"192.0.2.20","id.resp_p":49700,"named_pipe":"49700","endpoint":"IWbemServices","operation":"ExecMethod"}
{"_path":"smb_files","ts":1772352001.1,"uid":"C2","id.orig_h":"192.0.2.10","id.orig_p":50001,"id.resp_h":"192.0.2.20","id.resp_p":445,"action":"SMB::FILE_WRITE","path":"\\\\192.0.2.20\\C$","name":"ProgramData\\made.bat"}
{"_path":"dce_rpc","ts":1772352002.1,"uid":"C3","id.orig_h":"192.0.2.10","id.orig_p":50002,"id.resp_h":"192.0.2.20","id.resp_p":135,"named_pipe":"135","endpoint":"epmapper","operation":"ept_map"}
`, []string{"Command Run On Another Host Over WMI", "Script Written To A Share On The Wire"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), c.file)
			if err := os.WriteFile(file, []byte(c.lines), 0o600); err != nil {
				t.Fatal(err)
			}
			h := newHunter(t)
			h.hunt(file)
			var got []string
			for _, f := range h.findings() {
				got = append(got, f.title)
			}
			slices.Sort(got)
			if diff := cmp.Diff(c.want, slices.Compact(got)); diff != "" {
				t.Errorf("findings (-want +got):\n%s", diff)
			}
		})
	}
}
