package demo

import (
	"fmt"
	"time"
)

// people are the invented staff.
var people = []string{"a.marin", "b.okoro", "c.lindqvist", "d.haddad", "e.sato", "f.moreau", "g.novak", "h.mwangi"}

// background is three ordinary days. Much of it looks a little like an intrusion, as ordinary days
// do: the compiler below the worker process, batch files of the software distribution, a mistyped
// password, a nightly export.
func (s *scene) background() {
	for day := range days {
		for _, h := range []host{mail, db, dc} {
			s.signIns(h, day)
			s.housekeeping(h, day)
		}
		s.mailDay(day)
		s.webDay(day)
		s.dnsDay(day)
		s.databaseDay(day)
	}
}

// sometime is a time of a day between two hours.
func (s *scene) sometime(day, from, to int) time.Time {
	return begin.AddDate(0, 0, day).Add(time.Duration(from)*time.Hour + time.Duration(s.random.IntN((to-from)*3600))*time.Second)
}

func (s *scene) signIns(h host, day int) {
	for range 45 {
		who := people[s.random.IntN(len(people))]
		s.logon(h, s.sometime(day, 5, 18), who, fmt.Sprintf("10.20.4.%d", 20+s.random.IntN(60)))
	}
	for range 2 {
		who := people[s.random.IntN(len(people))]
		s.add(h, s.sometime(day, 6, 9), security, 4625, fields(
			"SubjectUserSid", "S-1-0-0", "SubjectUserName", "-", "SubjectDomainName", "-", "SubjectLogonId", hex64(0),
			"TargetUserSid", "S-1-0-0", "TargetUserName", who, "TargetDomainName", domain, "Status", "0xc000006d",
			"FailureReason", "%%2313", "SubStatus", "0xc000006a", "LogonType", 3, "LogonProcessName", "NtLmSsp ",
			"AuthenticationPackageName", "NTLM", "WorkstationName", "SYNTHETIC-PC", "IpAddress", "10.20.4.31", "IpPort", "50112"))
	}
}

// housekeeping is what Windows does by itself.
func (s *scene) housekeeping(h host, day int) {
	routine := []process{
		{svchost, `C:\Windows\System32\svchost.exe -k netsvcs -p`, servicesEx, `C:\Windows\system32\services.exe`, system},
		{`C:\Windows\System32\taskhostw.exe`, `taskhostw.exe`, svchost, `svchost.exe -k netsvcs -p -s Schedule`, system},
		{wmiprvse, `C:\Windows\system32\wbem\wmiprvse.exe -secured -Embedding`, svchost, `svchost.exe -k DcomLaunch -p`, system},
		{`C:\Windows\System32\conhost.exe`, `\??\C:\Windows\system32\conhost.exe 0xffffffff -ForceV1`, cmdExe, `cmd.exe`, system},
		{`C:\Program Files\Windows Defender\MpCmdRun.exe`, `"C:\Program Files\Windows Defender\MpCmdRun.exe" SignatureUpdate -ScheduleJob`, svchost, `svchost.exe -k netsvcs -p`, system},
		{`C:\Windows\System32\dllhost.exe`, `C:\Windows\system32\DllHost.exe /Processid:{AB8902B4-09CA-4BB6-B78D-A8F59079A8D5}`, svchost, `svchost.exe -k DcomLaunch -p`, system},
		// Software distribution starts batch files over WMI, from its own cache.
		{cmdExe, `cmd.exe /c "C:\Windows\ccmcache\1f\inventory.cmd"`, wmiprvse, `wmiprvse.exe -Embedding`, system},
	}
	for range 40 {
		s.start(h, s.sometime(day, 0, 24), routine[s.random.IntN(len(routine))])
	}
	for _, name := range []string{"Windows Update", "Windows Modules Installer", "WinHTTP Web Proxy Auto-Discovery Service", "Background Intelligent Transfer Service"} {
		t := s.sometime(day, 1, 23)
		s.add(h, t, services, 7036, fields("param1", name, "param2", "running"))
		s.add(h, t.Add(10*time.Minute), services, 7036, fields("param1", name, "param2", "stopped"))
	}
	s.add(h, s.sometime(day, 3, 5), services, 7045, fields("ServiceName", fmt.Sprintf("MpKsl%08x", s.random.Uint32()),
		"ImagePath", `C:\ProgramData\Microsoft\Windows Defender\Definition Updates\{00000000-0000-0000-0000-000000000000}\MpKslDrv.sys`,
		"ServiceType", "kernel mode driver", "StartType", "system start", "AccountName", ""))
	for range 6 {
		s.connect(h, s.sometime(day, 0, 24), svchost, system, "10.20.0.8", 443)
		s.create(h, s.sometime(day, 0, 24), svchost, fmt.Sprintf(`C:\Windows\SoftwareDistribution\Download\%08x.tmp`, s.random.Uint32()), system)
		s.setValue(h, s.sometime(day, 0, 24), svchost, `HKLM\System\CurrentControlSet\Services\bam\State\UserSettings\S-1-5-18\SequenceNumber`,
			fmt.Sprintf("DWORD (0x%08x)", s.random.IntN(4096)), system)
	}
	s.add(h, s.sometime(day, 2, 4), installer, 1040, unnamed(`C:\Windows\ccmcache\1f\agent.msi`, "4312", "(NULL)", "(NULL)", "(NULL)", "(NULL)", ""))
}

// mailDay is a day of the mail server.
func (s *scene) mailDay(day int) {
	const cache = `C:\Windows\Microsoft.NET\Framework64\v4.0.30319\Temporary ASP.NET Files\owa\8e05b027\e164d61b\`
	recycled := s.sometime(day, 3, 4)
	for i := range 4 {
		t := recycled.Add(time.Duration(i*9) * time.Second)
		s.start(mail, t, process{`C:\Windows\Microsoft.NET\Framework64\v4.0.30319\csc.exe`,
			fmt.Sprintf(`"C:\Windows\Microsoft.NET\Framework64\v4.0.30319\csc.exe" /t:library /utf8output /noconfig /fullpaths @"%s%08x.cmdline"`, cache, s.random.Uint32()),
			w3wp, owaPool, system})
		page := []string{"logon", "logoff", "errorfe", "default"}[i]
		s.create(mail, t.Add(time.Second), w3wp, cache+page+".aspx.cdcab7d2.compiled", system)
	}
	for range 12 {
		s.connect(mail, s.sometime(day, 0, 24), `C:\Program Files\Microsoft\Exchange Server\V15\Bin\EdgeTransport.exe`, `NT AUTHORITY\NETWORK SERVICE`, fmt.Sprintf("198.51.100.%d", 1+s.random.IntN(200)), 25)
	}
	for range 10 {
		s.cmdlet(s.sometime(day, 7, 16), "admin.lakes", "Get-MailboxStatistics", `-Identity "`+people[s.random.IntN(len(people))]+`"`)
	}
	for range 4 {
		who := people[s.random.IntN(len(people))]
		s.cmdlet(s.sometime(day, 7, 16), who, "New-InboxRule", `-Mailbox "`+who+`" -Name "Newsletter" -SubjectContainsWords "news" -MoveToFolder "Newsletter"`)
	}
	s.cmdlet(at(day, "09:12:31"), "admin.lakes", "Set-Mailbox", `-Identity "b.okoro" -ProhibitSendQuota "5 GB"`)
	if day == 1 {
		s.cmdlet(at(day, "10:40:02"), "admin.lakes", "Search-Mailbox", `-Identity "all" -SearchQuery "Subject:'Your parcel'" -DeleteContent "True"`)
		s.cmdlet(at(day, "11:05:44"), "admin.lakes", "Set-OwaVirtualDirectory", `-Identity "MAIL01\owa (Default Web Site)" -ExternalUrl "https://mail.lakes.example/owa"`)
	}
	for _, script := range []string{
		"Get-MailboxDatabase -Status | Select-Object Name, Mounted, DatabaseSize",
		"Get-Queue | Where-Object { $_.MessageCount -gt 100 }",
		"Get-ServerHealth -Identity MAIL01 | Where-Object AlertValue -ne 'Healthy'",
	} {
		s.add(mail, s.sometime(day, 6, 8), powershell, 4104, fields("MessageNumber", 1, "MessageTotal", 1,
			"ScriptBlockText", "# synthetic\n"+script, "ScriptBlockId", "00000000-0000-0000-0000-000000000000", "Path", `C:\Scripts\health.ps1`))
	}
}

// databaseDay is a day of the database server.
func (s *scene) databaseDay(day int) {
	const client = `C:\Program Files\Microsoft SQL Server\Client SDK\ODBC\170\Tools\Binn\SQLCMD.EXE`
	s.start(db, at(day, "04:30:00"), process{client, `SQLCMD.EXE -S . -E -d registry -i D:\jobs\nightly.sql -o E:\transfer\nightly.txt`, cmdExe, `cmd.exe /c D:\jobs\nightly.cmd`, domain + `\svc-jobs`})
	s.start(db, at(day, "04:29:58"), process{cmdExe, `cmd.exe /c D:\jobs\nightly.cmd`, svchost, `svchost.exe -k netsvcs -p -s Schedule`, domain + `\svc-jobs`})
	s.create(db, at(day, "23:00:20"), sqlservr, fmt.Sprintf(`E:\backup\registry_%d.bak`, day), `NT SERVICE\MSSQLSERVER`)
	for range 25 {
		s.audit(s.sometime(day, 6, 17), "SL  ", "app_registry", "permits", "SELECT id, holder, lake FROM dbo.permits WHERE id = @p1", "Permit Registry")
	}
	for range 8 {
		s.add(db, s.sometime(day, 6, 17), mssql, 18454, unnamed("app_registry", " [CLIENT: 10.20.0.31]"))
	}
	s.add(db, at(day, "08:02:11"), mssql, 18456, unnamed("app_registry", " Reason: Password did not match that for the login provided.", " [CLIENT: 10.20.0.31]"))
}
