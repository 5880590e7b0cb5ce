package behaviour

import (
	"testing"
	"time"
)

func TestDatabaseWMIExport(t *testing.T) {
	min := time.Minute
	const host = "SQL01.corp.example"
	program := func(after time.Duration, parent, image, command string) made {
		return sysmonEvent(after, host, 1, "Image", `C:\Windows\`+image, "CommandLine", command, "ParentImage", `C:\Windows\`+parent, "User", `CORP\svc`)
	}
	wrote := func(after time.Duration, image, file string) made {
		return sysmonEvent(after, host, 11, "Image", `C:\Windows\`+image, "TargetFilename", file)
	}
	gone := func(after time.Duration, file string) made {
		return sysmonEvent(after, host, 23, "Image", `C:\Windows\cmd.exe`, "TargetFilename", file)
	}
	fetched := func(after time.Duration, share, file string) made {
		return securityEvent(after, host, 5145, "SubjectUserName", "svc", "IpAddress", "10.0.0.66", "ShareName", share, "RelativeTargetName", file)
	}
	server := sqlLogin(0, 18454, "app", "10.0.0.5")
	server.host = host
	batch := program(0, `System32\wbem\WmiPrvSE.exe`, "cmd.exe", `cmd.exe /c C:\ProgramData\q.bat`)
	byWMI := func(command string) made { return program(0, `System32\wbem\WmiPrvSE.exe`, "cmd.exe", command) }
	console := program(min, "cmd.exe", "sqlcmd.exe", `sqlcmd -S . -U reader -i q.sql -o C:\ProgramData\out.csv -s,`)
	for _, c := range []struct {
		name   string
		events []made
		want   string
	}{
		{"batch, console, file, fetched, deleted", []made{server, batch, console, wrote(2*min, "sqlcmd.exe", `C:\ProgramData\out.csv`), fetched(10*min, `\\*\C$`, `ProgramData\out.csv`), gone(11*min, `C:\ProgramData\out.csv`)},
			"critical: WMI started cmd.exe /c c:\\programdata\\q.bat, 1 console of the database ran, out.csv was written, out.csv was fetched over an administrators' share, out.csv was deleted, within 11 minutes\n"},
		{"batch and console", []made{batch, console}, "high: WMI started cmd.exe /c c:\\programdata\\q.bat, 1 console of the database ran, within 60 seconds\n"},
		{"a console by WMI", []made{program(0, `System32\wbem\WmiPrvSE.exe`, "osql.exe", "osql -E -Q x")}, "high: WMI started osql -e -q x, 1 console of the database ran, within 0 seconds\n"},
		{"a batch on a database server", []made{server, batch}, "medium: WMI started cmd.exe /c c:\\programdata\\q.bat, within 0 seconds\n"},
		{"exported and fetched", []made{console, fetched(10*min, `\\*\C$`, `ProgramData\out.csv`)},
			"high: 1 console of the database ran, out.csv was fetched over an administrators' share, within 9 minutes\n"},
		{"a file of a console whose start is not in the log", []made{wrote(0, "bcp.exe", `C:\ProgramData\out.csv`), fetched(10*min, `\\*\C$`, `ProgramData\out.csv`)},
			"high: out.csv was written, out.csv was fetched over an administrators' share, within 10 minutes\n"},
		{"a batch beside one of an agent", []made{server, byWMI(`cmd.exe /c C:\Windows\ccmcache\1a\install.cmd & C:\ProgramData\q.bat`)},
			"medium: WMI started cmd.exe /c c:\\windows\\ccmcache\\1a\\install.cmd & c:\\programdata\\q.bat, within 0 seconds\n"},
		{"a batch called by a program in an agent's folder", []made{server, byWMI(`cmd.exe /c C:\Windows\ccmcache\run.exe q.bat`)},
			"medium: WMI started cmd.exe /c c:\\windows\\ccmcache\\run.exe q.bat, within 0 seconds\n"},
		{"a path that leads out of an agent's folder", []made{server, byWMI(`cmd.exe /c C:\Windows\ccmcache\..\Temp\q.bat`)},
			"medium: WMI started cmd.exe /c c:\\windows\\ccmcache\\..\\temp\\q.bat, within 0 seconds\n"},
		{"a folder called like an agent's", []made{server, byWMI(`cmd.exe /c C:\Users\a\windows\ccmcache\q.bat`)},
			"medium: WMI started cmd.exe /c c:\\users\\a\\windows\\ccmcache\\q.bat, within 0 seconds\n"},
		{"a batch of software distribution", []made{server, byWMI(`cmd.exe /c C:\Windows\ccmcache\1a\install.cmd`), byWMI(`"C:\Windows\System32\cmd.exe" /c C:\Windows\CCM\check.bat -q`)}, ""},
		{"a batch of a backup agent", []made{server, byWMI(`cmd.exe /c "C:\Program Files\Veeam\Backup\pre.bat"`)}, ""},
		{"fetched by its own share", []made{console, fetched(10*min, `\\*\exports`, `out.csv`)}, ""},
		{"another file was fetched", []made{console, fetched(10*min, `\\*\C$`, `Temp\setup.log`)}, ""},
		{"fetched the next day", []made{console, fetched(24*60*min, `\\*\C$`, `ProgramData\out.csv`)}, ""},
		{"a batch on another host", []made{batch}, ""},
		{"an export of the server's own job", []made{server, program(0, "sqlagent.exe", "sqlcmd.exe", "sqlcmd -Q x -o out.csv"), wrote(min, "sqlcmd.exe", `D:\out.csv`)}, ""},
		{"WMI asks something", []made{server, program(0, `System32\wbem\WmiPrvSE.exe`, "cmd.exe", "cmd.exe /c ipconfig")}, ""},
	} {
		t.Run(c.name, func(t *testing.T) { wantEpisodes(t, Config{}, "db-wmi-export", c.events, c.want) })
	}
}
