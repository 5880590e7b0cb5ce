package csv

import (
	"strings"
	"testing"
)

// TestIncidentTables: what responders hand over of Exchange, IIS and Sentinel. The rows are synthetic, the
// columns are those that public samples and Microsoft's scripts have.
func TestIncidentTables(t *testing.T) {
	for _, c := range []struct {
		name, table string
		when        string
		labels      string // product/category/service@host
		want        map[string]string
	}{
		{"HttpProxy, as Test-ProxyLogon.ps1 writes it", "#TYPE Selected.System.Management.Automation.PSCustomObject\n" +
			`"DateTime","RequestId","ClientIpAddress","UrlHost","UrlStem","RoutingHint","UserAgent","AnchorMailbox","HttpStatus"` + "\n" +
			`"2026-03-03T06:49:42.162Z","1","198.51.100.9","mail.synth.test","/ecp/y.js","X-BEResource-Cookie","python-requests/2.25.1","ServerInfo~a]@synth01:444/autodiscover/autodiscover.xml?#","200"` + "\n",
			"2026-03-03T06:49:42.162Z", "exchange/webserver/msexchange-httpproxy@",
			map[string]string{"AnchorMailbox": "ServerInfo~a]@synth01:444/autodiscover/autodiscover.xml?#", "UrlStem": "/ecp/y.js", "cs-uri-stem": "/ecp/y.js",
				"c-ip": "198.51.100.9", "HttpStatus": "200", "sc-status": "200", "cs-user-agent": "python-requests/2.25.1", "cs-host": "mail.synth.test"}},
		{"message tracking, as the shell exports it",
			`"Timestamp","ClientIp","ServerHostname","Source","EventId","Recipients","MessageSubject","Sender"` + "\n" +
				`"3/23/2026 6:49:42 AM","192.0.2.7","SYNTH01","SMTP","RECEIVE","b@synth.test","Invoice","a@synth.test"` + "\n",
			"2026-03-23T06:49:42Z", "exchange//msexchange-messagetracking@SYNTH01",
			map[string]string{"event-id": "RECEIVE", "sender-address": "a@synth.test", "recipient-address": "b@synth.test", "message-subject": "Invoice", "client-ip": "192.0.2.7"}},
		{"IIS in Sentinel", `TenantId,"TimeGenerated [UTC]",sComputerName,sIP,csMethod,csUriStem,csUriQuery,csUserName,cIP,csUserAgent,scStatus,Type` + "\n" +
			`t,"3/23/2026, 3:06:27.000 AM",SYNTH01,192.0.2.1,GET,/owa/auth/x.aspx,cmd=whoami,-,198.51.100.9,curl,200,W3CIISLog` + "\n",
			"2026-03-23T03:06:27Z", "/webserver/iis@SYNTH01",
			map[string]string{"cs-method": "GET", "cs-uri-stem": "/owa/auth/x.aspx", "cs-uri-query": "cmd=whoami", "c-ip": "198.51.100.9", "sc-status": "200", "cs-user-agent": "curl"}},
		{"syslog in Sentinel", `TenantId,"TimeGenerated [UTC]",Computer,Facility,HostName,SeverityLevel,SyslogMessage,ProcessID,ProcessName,Type` + "\n" +
			`t,"3/23/2026, 8:07:14.552 PM",synth01,authpriv,synth01,info,"Failed password for root from 192.0.2.7 port 5 ssh2",100,sshd,Syslog` + "\n",
			"2026-03-23T20:07:14.552Z", "linux//sshd@synth01",
			map[string]string{"message": "Failed password for root from 192.0.2.7 port 5 ssh2", "program": "sshd", "pid": "100"}},
		{"Defender, in local time", `TenantId,ActionType,DeviceName,FileName,ProcessCommandLine,"Timestamp [Local Time]"` + "\n" +
			`t,ProcessCreated,synth01,cmd.exe,cmd /c x,"3/23/2026, 9:43:21.975 AM"` + "\n",
			"2026-03-23T09:43:21.975Z", "windows//defender-xdr@synth01",
			map[string]string{"ProcessCommandLine": "cmd /c x", "Timestamp": "3/23/2026, 9:43:21.975 AM"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if !Sniff([]byte(c.table)) {
				t.Error("not recognised")
			}
			events, report := format().Events(t, []byte(c.table))
			if len(events) != 1 || len(report.Damage) > 0 {
				t.Fatalf("%d events, damage %v; want 1, none", len(events), report.Damage)
			}
			e := events[0]
			if got := e.Time.Format("2006-01-02T15:04:05.999Z"); got != c.when {
				t.Errorf("time %s, want %s", got, c.when)
			}
			if got := strings.Join([]string{e.Product, e.Category, e.Service}, "/") + "@" + e.Computer; got != c.labels {
				t.Errorf("labels %s, want %s", got, c.labels)
			}
			for name, want := range c.want {
				if got := e.Text(name); got != want {
					t.Errorf("%s = %q, want %q", name, got, want)
				}
			}
			if local := strings.Contains(c.table, "Local Time"); report.Clock.Assumed != (local || strings.Contains(c.name, "shell")) {
				t.Errorf("clock %+v", report.Clock)
			}
		})
	}
}
