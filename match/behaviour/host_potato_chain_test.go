package behaviour

import (
	"testing"
	"time"
)

func TestHostPotatoChain(t *testing.T) {
	start := func(after time.Duration, guid, image, user, session, parentGUID, parent string) made {
		return sysmonEvent(after, "WEB01", 1, "Image", image, "CommandLine", image, "User", user, "LogonId", session, "ProcessGuid", guid, "ParentProcessGuid", parentGUID, "ParentImage", parent)
	}
	const system, pool, network = `NT AUTHORITY\SYSTEM`, `IIS APPPOOL\OWA`, `NT AUTHORITY\NETWORK SERVICE`
	pipe := func(after time.Duration, id uint32, name, image string) made {
		return sysmonEvent(after, "WEB01", id, "PipeName", name, "Image", image)
	}
	logon := func(after time.Duration, sid, kind, from string) made {
		return securityEvent(after, "WEB01", 4624, "TargetUserSid", sid, "TargetUserName", "ANONYMOUS LOGON", "LogonType", kind, "IpAddress", from)
	}
	shell := start(0, "{shell-guid}", `C:\Windows\System32\cmd.exe`, pool, "0x7001", "{w3wp-guid}", `C:\Windows\System32\inetsrv\w3wp.exe`)
	tool := start(time.Second, "{tool-guid}", `C:\PerfLogs\t.exe`, pool, "0x7001", "{shell-guid}", `C:\Windows\System32\cmd.exe`)
	rise := start(2*time.Second, "{rise-guid}", `C:\Windows\System32\cmd.exe`, system, systemSession, "{tool-guid}", `C:\PerfLogs\t.exe`)
	for _, c := range []struct {
		name   string
		events []made
		want   string
	}{
		{"from a pool of IIS", []made{shell, tool, rise}, "critical: a service's account rose to LocalSystem: t.exe to cmd.exe\n"},
		{"the parent is read later", []made{rise, tool, shell}, "critical: a service's account rose to LocalSystem: t.exe to cmd.exe\n"},
		{"from a service account, without a server above", []made{
			start(0, "{tool-guid}", `C:\PerfLogs\t.exe`, network, networkSession, "{some-guid}", `C:\x.exe`), rise,
		}, "high: a service's account started a program as LocalSystem: t.exe to cmd.exe\n"},
		{"accounts in another language", []made{
			start(0, "{tool-guid}", `C:\PerfLogs\t.exe`, `AUTORITE NT\SERVICE RÉSEAU`, networkSession, "{some-guid}", `C:\x.exe`),
			sysmonEvent(time.Second, "WEB01", 1, "Image", `C:\Windows\System32\cmd.exe`, "User", `AUTORITE NT\Système`, "LogonId", systemSession, "ProcessGuid", "{rise-guid}",
				"ParentProcessGuid", "{tool-guid}", "ParentImage", `C:\PerfLogs\t.exe`, "ParentUser", `AUTORITE NT\SERVICE RÉSEAU`),
		}, "high: a service's account started a program as LocalSystem: t.exe to cmd.exe\n"},
		{"with a pipe", []made{
			start(0, "{tool-guid}", `C:\PerfLogs\t.exe`, network, networkSession, "{some-guid}", `C:\x.exe`), pipe(time.Second, 17, `\abc\pipe\spoolss`, `C:\PerfLogs\t.exe`),
			pipe(time.Second, 18, `\abc\pipe\spoolss`, "System"), rise,
		}, "critical: a service's account rose to LocalSystem: t.exe to cmd.exe, with a pipe that imitates spoolss\n"},
		{"4688 tells both accounts", []made{securityEvent(0, "SQL01", 4688, "NewProcessName", `C:\Windows\System32\cmd.exe`, "ParentProcessName", `C:\Temp\t.exe`,
			"SubjectUserSid", "S-1-5-80-1", "SubjectUserName", "MSSQLSERVER", "SubjectDomainName", "NT SERVICE", "SubjectLogonId", "0x8888",
			"TargetUserSid", "S-1-5-18", "TargetUserName", "SQL01$", "TargetDomainName", "CORP", "TargetLogonId", "0x3e7")},
			"high: a service's account started a program as LocalSystem: t.exe to cmd.exe\n"},
		{"a pipe, made and connected", []made{pipe(0, 17, `\x\pipe\srvsvc`, `C:\t.exe`), pipe(time.Second, 18, `\x\pipe\srvsvc`, "System")},
			"high: the system connected to a pipe that imitates srvsvc\n"},
		{"a pipe that was only made", []made{pipe(0, 17, `\x\pipe\epmapper`, `C:\t.exe`)}, "medium: a pipe was made that imitates epmapper\n"},
		{"anonymous logons, hours apart", []made{logon(0, "S-1-5-7", "3", "127.0.0.1"), logon(5*time.Hour, "S-1-5-7", "3", "::1")},
			"medium: anonymous network logon from the computer itself, 2 times\n"},
		{"anonymous from elsewhere", []made{logon(0, "S-1-5-7", "3", "10.0.0.9")}, ""},
		{"somebody with a name", []made{logon(0, "S-1-5-21-1-2-3-500", "3", "127.0.0.1")}, ""},
		{"the real pipe", []made{pipe(0, 17, `\spoolss`, `C:\Windows\System32\spoolsv.exe`), pipe(time.Second, 18, `\spoolss`, "System")}, ""},
		{"another name behind pipe", []made{pipe(0, 17, `\x\pipe\mine`, `C:\t.exe`)}, ""},
		{"WMI starts programs for LocalSystem", []made{
			start(0, "{wmi-guid}", `C:\Windows\System32\wbem\WmiPrvSE.exe`, network, networkSession, "{dcom-guid}", `C:\Windows\System32\svchost.exe`),
			start(time.Second, "{job-guid}", `C:\Windows\System32\cmd.exe`, system, systemSession, "{wmi-guid}", `C:\Windows\System32\wbem\WmiPrvSE.exe`),
		}, ""},
		{"a person's shell by a scheduler", []made{
			start(0, "{p-guid}", `C:\Windows\explorer.exe`, `CORP\alice`, "0x5000", "{u-guid}", `C:\Windows\System32\userinit.exe`),
			start(time.Second, "{s-guid}", `C:\x.exe`, system, systemSession, "{p-guid}", `C:\Windows\explorer.exe`),
		}, ""},
		{"children of a pool stay in it", []made{shell, tool}, ""},
	} {
		t.Run(c.name, func(t *testing.T) { wantEpisodes(t, Config{}, "host-potato-chain", c.events, c.want) })
	}
	more := Config{Behaviours: map[string]Setting{"host-potato-chain": {Lists: map[string][]string{"parents": {"T.EXE"}}}}}
	wantEpisodes(t, more, "host-potato-chain", []made{shell, tool, rise}, "")
}
