package behaviour

import (
	"testing"
	"time"
)

func TestHostImpacket(t *testing.T) {
	const sec = time.Second
	run := func(after time.Duration, command string) made {
		return sysmonEvent(after, "SRV01", 1, "Image", `C:\Windows\System32\cmd.exe`, "CommandLine", command, "ParentImage", `C:\Windows\System32\wbem\WmiPrvSE.exe`)
	}
	open := func(after time.Duration, share, target string) made {
		return securityEvent(after, "SRV01", 5145, "ShareName", `\\*\`+share, "RelativeTargetName", target, "IpAddress", "10.0.0.66", "SubjectUserName", "admin")
	}
	task := func(after time.Duration, id uint32, name, content string) made {
		return securityEvent(after, "SRV01", id, "TaskName", name, "TaskContent", content, "SubjectUserName", "admin")
	}
	service := func(after time.Duration, name, path string) made {
		return systemEvent(after, "SRV01", 7045, "ServiceName", name, "ImagePath", path, "AccountName", "LocalSystem")
	}
	const output = `cmd.exe /Q /c whoami 1> \\127.0.0.1\ADMIN$\__1773043200.12345 2>&1`
	for _, c := range []struct {
		name   string
		events []made
		want   string
	}{
		{"wmiexec, and its output fetched", []made{run(0, output), run(sec, output), open(sec, "ADMIN$", "__1773043200.12345"), open(2*sec, "ADMIN$", "__1773043200.12345")},
			"critical: 2 commands were run from afar with their output on a share of the host (wmiexec or dcomexec), and fetched over the network 2 times\n"},
		{"a fork with another name", []made{run(0, `cmd.exe /Q /c dir 1> \\127.0.0.1\C$\WqEVwJZYOe 2>&1`)},
			"high: 1 commands were run from afar with their output on a share of the host (wmiexec or dcomexec)\n"},
		{"sessions hours apart", []made{run(0, output), run(5*time.Hour, output)},
			"high: 1 commands were run from afar with their output on a share of the host (wmiexec or dcomexec)\nhigh: 1 commands were run from afar with their output on a share of the host (wmiexec or dcomexec)\n"},
		{"smbexec", []made{service(0, "BTOBTO", `%COMSPEC% /Q /c echo cd  ^> \\127.0.0.1\C$\__output 2^>^&1 > %TEMP%\execute.bat & %COMSPEC% /Q /c %TEMP%\execute.bat`)},
			"high: a service was made that is a shell command with its output on a share (smbexec)\n"},
		{"atexec", []made{
			task(0, 4698, `\abCdefGh`, `<Exec><Command>cmd.exe</Command><Arguments>/C whoami &gt; %windir%\Temp\abCdefGh.tmp 2&gt;&amp;1</Arguments></Exec>`),
			task(sec, 4699, `\abCdefGh`, ""), open(2*sec, "ADMIN$", `Temp\abCdefGh.tmp`)},
			"critical: a task was made, run and deleted, with its output in a file in Temp (atexec), and fetched over the network 1 times\n"},
		{"atexec, contents not logged", []made{task(0, 4698, `\abCdefGh`, ""), task(sec, 4699, `\abCdefGh`, ""), open(2*sec, "ADMIN$", `Temp\abCdefGh.tmp`)},
			"critical: task abCdefGh lived for seconds and file abCdefGh.tmp was fetched from ADMIN$ (atexec)\n"},
		{"psexec", []made{open(0, "ADMIN$", "hQzXwPlK.exe"), service(sec, "BkQz", `%systemroot%\hQzXwPlK.exe`)},
			"high: program hQzXwPlK.exe was copied to the host and run as a service with a senseless name (psexec)\n"},
		{"only the file is seen", []made{open(0, "ADMIN$", "__1773043200.1")},
			"high: file __1773043200.1, called as Impacket calls its output, was opened over an administrative share 1 times\n"},

		{"output to a file server", []made{run(0, `cmd.exe /c backup.cmd > \\files01\logs\b.txt 2>&1`)}, ""},
		{"output to a share of people", []made{run(0, `cmd.exe /c backup.cmd > \\127.0.0.1\logs\b.txt`)}, ""},
		{"a task that lives on", []made{task(0, 4698, `\Update`, ""), task(time.Hour, 4699, `\Update`, "")}, ""},
		{"an installer's task", []made{task(0, 4698, `\Setup`, "<Exec><Command>setup.exe</Command></Exec>"), task(sec, 4699, `\Setup`, "")}, ""},
		{"a file of people on a drive's share", []made{open(0, "C$", `Users\alice\report.docx`), open(sec, "ADMIN$", `Temp\abcdefgh.tmp`), open(sec, "D$", "__init__.py")}, ""},
		{"PsExec of Sysinternals", []made{open(0, "ADMIN$", "PSEXESVC.exe"), service(sec, "PSEXESVC", `%SystemRoot%\PSEXESVC.exe`)}, ""},
		{"an ordinary service", []made{service(0, "Spooler", `C:\Windows\System32\spoolsv.exe`), service(sec, "Disk", `C:\Windows\abcdefgh.sys`)}, ""},
	} {
		t.Run(c.name, func(t *testing.T) { wantEpisodes(t, Config{}, "host-impacket", c.events, c.want) })
	}
}

func TestIsOutputName(t *testing.T) {
	for name, want := range map[string]bool{
		"__1556656369.7": true, "__1619425227.894209": true, "__1619425227": true, "__output": true,
		"__0000000001.7": false, "__15566563.7": false, "__1556656369.12345678": false, "__1556656369.7x": false, "__init__.py": false, "_1556656369.7": false, "__": false,
	} {
		if got := isOutputName([]byte(name)); got != want {
			t.Errorf("isOutputName(%q) = %v, want %v", name, got, want)
		}
	}
}
