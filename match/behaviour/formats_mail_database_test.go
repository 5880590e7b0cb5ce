package behaviour_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"aldebaran/match/behaviour"
)

// The logs below are synthetic: the forms are those of the makers, what happens in them is invented.

// httpProxy is a log of Exchange's front end in which one account opens many mailboxes within an hour.
func httpProxy() string {
	var b strings.Builder
	b.WriteString("#Software: Microsoft Exchange Server\n#Version: 15.01.2375.007\n#Log-type: HttpProxy Logs\n#Date: 2026-01-11T16:00:11.478Z\n" +
		"#Fields: DateTime,RequestId,Protocol,UrlHost,UrlStem,AuthenticatedUser,AnchorMailbox,UserAgent,ClientIpAddress,ServerHostName,HttpStatus,Method,RequestBytes,ResponseBytes\n")
	for i := range 30 {
		fmt.Fprintf(&b, "2026-01-11T16:%02d:11.478Z,r%d,Ews,mail.corp.example,/ews/exchange.asmx,CORP\\svc,SMTP~box%d@corp.example,python-requests/2.31,203.0.113.7,MAIL01,200,POST,900,50000\n", i, i, i)
	}
	return b.String()
}

// ews is the same in the log of the web services, which names the mailbox in another column.
func ews() string {
	var b strings.Builder
	b.WriteString("#Software: Microsoft Exchange Server\n#Version: 15.01.2375.007\n#Log-type: EWS Logs\n#Date: 2026-01-11T16:00:11.478Z\n" +
		"#Fields: DateTime,RequestId,AuthenticatedUser,UserAgent,ClientIpAddress,ServerHostName,SoapAction,HttpStatus,RequestSize,ResponseSize,ImpersonatedUser\n")
	for i := range 30 {
		fmt.Fprintf(&b, "2026-01-11T16:%02d:11.478Z,r%d,CORP\\svc,ExchangeServicesClient/0.0.0.0,203.0.113.7,MAIL01,GetItem,200,900,50000,box%d@corp.example\n", i, i, i)
	}
	return b.String()
}

// cmdlets is the text log of Exchange's cmdlets: a role, an export below the web server's folder, clean-up.
const cmdlets = `#Software: Microsoft Exchange Server
#Version: 15.01.2375.007
#Log-type: Cmdlet Logs
#Date: 2026-01-11T16:00:11.478Z
#Fields: DateTime,RequestId,ServerHostName,ProcessName,AuthenticatedUser,Cmdlet,Parameters,ErrorType,ExecutionResult
2026-01-11T16:00:11.478Z,r1,MAIL01,w3wp#MSExchangePowerShellAppPool,corp.example/Users/adm,New-ManagementRoleAssignment,"-Role ""Mailbox Import Export"" -User ""adm""",,Success
2026-01-11T16:02:11.478Z,r2,MAIL01,w3wp#MSExchangePowerShellAppPool,corp.example/Users/adm,New-MailboxExportRequest,"-Mailbox ""x"" -ContentFilter ""(Subject -like '*القمة*') -or (Body -like '*embassy*')"" -FilePath ""\\127.0.0.1\c$\inetpub\wwwroot\aspnet_client\x.zip""",,Success
2026-01-11T16:09:11.478Z,r3,MAIL01,w3wp#MSExchangePowerShellAppPool,corp.example/Users/adm,Remove-MailboxExportRequest,"-Identity ""x\MailboxExport""",,Success
`

// unifiedAudit are records of Microsoft 365 as the Management Activity API gives them: a search whose words
// are written with escapes, and messages that are read.
func unifiedAudit() string {
	const head = `"CreationTime":"2026-01-11T16:%02d:00","Id":"%d","OrganizationId":"o","Version":1,"Workload":"Exchange","UserId":"adm@corp.example","UserType":0,"ResultStatus":"Succeeded"`
	var b strings.Builder
	fmt.Fprintf(&b, `{`+head+`,"Operation":"New-MailboxSearch","RecordType":1,"ClientIP":"203.0.113.7:443","Parameters":[{"Name":"Name","Value":"x"},{"Name":"SearchQuery","Value":"subject:(\u0642\u0645\u0629 OR \u5cf0\u4f1a OR sommet)"}]}`+"\n", 0, 0)
	fmt.Fprintf(&b, `{`+head+`,"Operation":"New-ComplianceSearchAction","RecordType":18,"Parameters":"-SearchName \"x\" -Export"}`+"\n", 1, 1)
	for i := range 30 {
		fmt.Fprintf(&b, `{`+head+`,"Operation":"MailItemsAccessed","RecordType":50,"ClientIPAddress":"203.0.113.7","ClientInfoString":"Client=REST;Client=RESTSystem;;","AppId":"a-1",`+
			`"MailboxOwnerUPN":"box%d@corp.example","OperationProperties":[{"Name":"MailAccessType","Value":"Sync"},{"Name":"IsThrottled","Value":"False"}],"OperationCount":40}`+"\n", i+2, i+2, i)
	}
	return b.String()
}

// errorLog is SQL Server's: refused, and then in as sa.
func errorLog() string {
	var b strings.Builder
	b.WriteString("2026-01-11 16:00:00.10 Server      Microsoft SQL Server 2019 (RTM) - 15.0.2000.5 (X64)\n")
	for i := range 6 {
		fmt.Fprintf(&b, "2026-01-11 16:00:%02d.10 Logon       Error: 18456, Severity: 14, State: 8.\n2026-01-11 16:00:%02d.10 Logon       Login failed for user 'sa'. Reason: Password did not match that for the login provided. [CLIENT: 10.0.0.9]\n", i+1, i+1)
	}
	b.WriteString("2026-01-11 16:00:30.10 Logon       Login succeeded for user 'sa'. Connection made using SQL Server authentication. [CLIENT: 10.0.0.9]\n")
	return b.String()
}

// patterns are looked for in the catalogue, by each database in its own log.
var patterns = []string{"phone", "passw", "imsi"}

func mysqlAudit() string {
	var b strings.Builder
	for i, p := range patterns {
		fmt.Fprintf(&b, "20260111 16:0%d:00,db1,root,10.0.0.9,14,%d,QUERY,crm,'select table_name from information_schema.columns where column_name like \\'%%%s%%\\'',0\n", i, i, p)
	}
	return b.String()
}

func mysqlGeneral() string {
	var b strings.Builder
	b.WriteString("/usr/sbin/mysqld, Version: 8.0.43 (MySQL). started with:\nTcp port: 3306  Unix socket: /run/mysqld.sock\nTime                 Id Command    Argument\n" +
		"2026-01-11T16:00:00.000000Z\t   14 Connect\troot@10.0.0.9 on crm using TCP/IP\n")
	for i, p := range patterns {
		fmt.Fprintf(&b, "2026-01-11T16:0%d:00.000000Z\t   14 Query\tselect table_name from information_schema.columns where column_name like '%%%s%%'\n", i, p)
	}
	return b.String()
}

func postgres() string {
	var b strings.Builder
	for i, p := range patterns {
		fmt.Fprintf(&b, "2026-01-11 16:0%d:00.000 UTC [147] root@crm LOG:  statement: select relname from pg_catalog.pg_class where relname ilike '%%%s%%'\n", i, p)
	}
	return b.String()
}

func oracleExport() string {
	var b strings.Builder
	b.WriteString(`"EVENT_TIMESTAMP","DBUSERNAME","USERHOST","ACTION_NAME","RETURN_CODE","SQL_TEXT"` + "\n")
	for i, p := range patterns {
		fmt.Fprintf(&b, `"2026-01-11 16:0%d:00","ROOT","ws1","SELECT","0","select table_name from all_tab_columns where column_name like '%%%s%%'"`+"\n", i, p)
	}
	return b.String()
}

// TestMailAndDatabaseFormats holds that what is looked for is found in every kind of log that has it, as
// its reader hands it out.
func TestMailAndDatabaseFormats(t *testing.T) {
	for _, c := range []struct {
		name, text string
		ids        string
		want       string
	}{
		{"HttpProxy", httpProxy(), "mail-bulk-access", "mail-bulk-access medium\n"},
		{"EWS", ews(), "mail-bulk-access", "mail-bulk-access medium\n"},
		{"cmdlets", cmdlets, "mail-grant-export-cleanup mail-watch-words", "mail-grant-export-cleanup critical\nmail-watch-words high\n"},
		{"Microsoft 365", unifiedAudit(), "mail-bulk-access mail-watch-words", "mail-bulk-access medium\nmail-watch-words high\n"},
		{"SQL Server", errorLog(), "db-login-anomaly", "db-login-anomaly critical\n"},
		{"MySQL audit", mysqlAudit(), "db-schema-sweep", "db-schema-sweep medium\n"},
		{"MySQL general", mysqlGeneral(), "db-schema-sweep", "db-schema-sweep medium\n"},
		{"PostgreSQL", postgres(), "db-schema-sweep", "db-schema-sweep medium\n"},
		{"Oracle", oracleExport(), "db-schema-sweep", "db-schema-sweep medium\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "synthetic.log")
			if err := os.WriteFile(path, []byte(c.text), 0o600); err != nil {
				t.Fatal(err)
			}
			h := huntFile(t, behaviour.Config{}, path, nil)
			if got := idsOf(h.episodes, strings.Fields(c.ids)...); got != c.want {
				t.Errorf("of %d events found:\n%swant:\n%s", h.events, got, c.want)
			}
		})
	}
}
