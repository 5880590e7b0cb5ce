package behaviour

import (
	"fmt"
	"testing"
	"time"
)

func TestHostPageWritten(t *testing.T) {
	const min = time.Minute
	const auth = `C:\Program Files\Microsoft\Exchange Server\V15\FrontEnd\HttpProxy\owa\auth\`
	const w3wp = `C:\Windows\System32\inetsrv\w3wp.exe`
	file := func(after time.Duration, host, target, image string) made {
		return sysmonEvent(after, host, 11, "TargetFilename", target, "Image", image)
	}
	ask := func(after time.Duration, server, client, stem, status string) made {
		return made{after: after, category: "webserver", product: "windows", service: "iis", host: server,
			fields: []string{"c-ip", client, "cs-method", "POST", "cs-uri-stem", stem, "sc-status", status, "s-ip", "10.0.0.5"}}
	}
	var site []made
	for i := range 12 {
		site = append(site, file(time.Duration(i)*time.Second, "WEB01", fmt.Sprintf(`C:\inetpub\wwwroot\shop\p%d.aspx`, i), `C:\Tools\deploy.exe`))
	}
	for _, c := range []struct {
		name   string
		events []made
		want   string
	}{
		{"over a share into the mail server, and used", []made{file(0, "MAIL01.corp.example", auth+"OutlookXX.aspx", "System"), ask(5*min, "MAIL01", "203.0.113.7", "/owa/auth/outlookxx.aspx", "200")},
			"critical: " + auth + "OutlookXX.aspx was written by System, and first asked for 5 minutes later by 203.0.113.7\n"},
		{"requests are read first, of a server without a name", []made{ask(5*min, "", "203.0.113.7", "/owa/auth/outlookxx.aspx", "200"), file(0, "MAIL01", auth+"OutlookXX.aspx", "System")},
			"critical: " + auth + "OutlookXX.aspx was written by System, and first asked for 5 minutes later by 203.0.113.7\n"},
		{"not asked for", []made{file(0, "MAIL01", auth+"x.aspx", w3wp)}, "high: " + auth + "x.aspx was written by w3wp.exe\n"},
		{"an upload to a site", []made{file(0, "WEB01", `C:\inetpub\wwwroot\files\x.ashx`, w3wp), ask(min, "WEB01", "203.0.113.7", "/files/x.ashx", "200")},
			"high: C:\\inetpub\\wwwroot\\files\\x.ashx was written by w3wp.exe, and first asked for 60 seconds later by 203.0.113.7\n"},
		{"by a share's log", []made{securityEvent(0, "MAIL01", 5145, "ShareName", `\\*\C$`, "RelativeTargetName", auth[3:]+"x.aspx", "AccessMask", "0x120196", "IpAddress", "127.0.0.1", "SubjectUserName", "MAIL01$")},
			"high: " + auth + "x.aspx was written by System\n"},
		{"by a folder's audit", []made{securityEvent(0, "MAIL01", 4663, "ObjectName", auth+"x.aspx", "AccessMask", "0x2", "ProcessName", w3wp)},
			"high: " + auth + "x.aspx was written by w3wp.exe\n"},
		{"on Linux", []made{{product: "linux", category: "file_event", service: "sysmon", host: "web02", fields: []string{"TargetFilename", "/var/www/html/up/x.php", "Image", "/usr/sbin/apache2"}},
			ask(min, "web02", "203.0.113.7", "/up/x.php", "200")},
			"high: /var/www/html/up/x.php was written by apache2, and first asked for 60 seconds later by 203.0.113.7\n"},
		{"a developer's page", []made{file(0, "WEB01", `C:\inetpub\wwwroot\x.aspx`, `C:\Windows\notepad.exe`)}, "low: C:\\inetpub\\wwwroot\\x.aspx was written by notepad.exe\n"},
		{"a content system's, that everybody asks for", []made{file(0, "WEB01", `C:\inetpub\wwwroot\x.aspx`, w3wp), ask(min, "WEB01", "198.51.100.1", "/x.aspx", "200"),
			ask(min, "WEB01", "198.51.100.2", "/x.aspx", "200"), ask(min, "WEB01", "198.51.100.3", "/x.aspx", "200")},
			"medium: C:\\inetpub\\wwwroot\\x.aspx was written by w3wp.exe\n"},
		{"changed, not new", []made{ask(0, "WEB01", "198.51.100.1", "/x.aspx", "200"), file(10*min, "WEB01", `C:\inetpub\wwwroot\x.aspx`, w3wp)},
			"low: C:\\inetpub\\wwwroot\\x.aspx was written by w3wp.exe\n"},
		{"another server's page of that name", []made{file(0, "WEB01", `C:\inetpub\wwwroot\a\x.aspx`, w3wp), ask(min, "WEB02", "203.0.113.7", "/a/x.aspx", "200")},
			"medium: C:\\inetpub\\wwwroot\\a\\x.aspx was written by w3wp.exe\n"},
		{"asked for in vain", []made{file(0, "WEB01", `C:\inetpub\wwwroot\a\x.aspx`, w3wp), ask(min, "WEB01", "203.0.113.7", "/a/x.aspx", "404")},
			"medium: C:\\inetpub\\wwwroot\\a\\x.aspx was written by w3wp.exe\n"},
		{"a deployment", site, "low: 12 script pages were written by deploy.exe within 11 seconds, as when a site is deployed\n"},

		{"an update", []made{file(0, "MAIL01", auth+"logon.aspx", `C:\Windows\System32\msiexec.exe`)}, ""},
		{"pictures and texts", []made{file(0, "WEB01", `C:\inetpub\wwwroot\x.png`, w3wp), file(0, "WEB01", `C:\inetpub\logs\u_ex.log`, "System")}, ""},
		{"elsewhere", []made{file(0, "PC01", `C:\Users\alice\project\x.aspx`, `C:\Tools\devenv.exe`)}, ""},
		{"only read over a share", []made{securityEvent(0, "MAIL01", 5145, "ShareName", `\\*\C$`, "RelativeTargetName", auth[3:]+"x.aspx", "AccessMask", "0x1", "IpAddress", "10.0.0.1")}, ""},
		{"compiled by ASP.NET", []made{file(0, "WEB01", `C:\Windows\Microsoft.NET\Framework64\v4.0.30319\Temporary ASP.NET Files\inetpub\x.aspx`, w3wp)}, ""},
	} {
		t.Run(c.name, func(t *testing.T) { wantEpisodes(t, Config{}, "host-page-written", c.events, c.want) })
	}
}

// BenchmarkHostsOverRequests is what analytics of hosts add to requests of web servers.
func BenchmarkHostsOverRequests(b *testing.B) {
	events := officeHour(false)
	for _, ids := range [][]string{nil, {"host-page-written"}, {"host-log-gap"}} {
		b.Run(fmt.Sprint(ids), func(b *testing.B) { benchmarkSee(b, onlyThese(ids...), events) })
	}
}
