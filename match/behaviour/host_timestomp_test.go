package behaviour

import (
	"fmt"
	"testing"
	"time"
)

func TestHostTimestomp(t *testing.T) {
	const auth = `C:\Program Files\Microsoft\Exchange Server\V15\FrontEnd\HttpProxy\owa\auth\`
	const w3wp, explorer, old, now = `C:\Windows\System32\inetsrv\w3wp.exe`, `C:\Windows\explorer.exe`, "2019-01-02 03:04:05.678", "2026-03-09 08:00:00.000"
	set := func(after time.Duration, target, created, previous, image string) made {
		return sysmonEvent(after, "MAIL01", 2, "TargetFilename", target, "CreationUtcTime", created, "PreviousCreationUtcTime", previous, "Image", image)
	}
	write := func(after time.Duration, target, created string) made {
		return sysmonEvent(after, "MAIL01", 11, "TargetFilename", target, "CreationUtcTime", created, "Image", "System")
	}
	var many []made
	for i := range 25 {
		many = append(many, set(time.Duration(i)*time.Second, fmt.Sprintf(`C:\Users\a\Desktop\tool%d.exe`, i), old, now, `C:\Users\a\Downloads\restore.exe`))
	}
	for _, c := range []struct {
		name   string
		events []made
		want   string
	}{
		{"a page, by the web server, like the one beside", []made{write(0, auth+"logon.aspx", old), set(time.Minute, auth+"x.aspx", old, now, w3wp)},
			"critical: " + auth + "x.aspx was set back by 2,623 days to 2019-01-02 by w3wp.exe: it is a page of a web server, by a process of a server, exactly that of logon.aspx beside it\n"},
		{"the one beside is read later", []made{set(time.Minute, auth+"x.aspx", old, now, explorer), write(0, auth+"logon.aspx", old)},
			"high: " + auth + "x.aspx was set back by 2,623 days to 2019-01-02 by explorer.exe: it is a page of a web server, exactly that of logon.aspx beside it\n"},
		{"a script started at sign-in", []made{set(0, `C:\Users\a\AppData\Roaming\Microsoft\Windows\Start Menu\Programs\Startup\b.ps1`, old, now, explorer)},
			"medium: C:\\Users\\a\\AppData\\Roaming\\Microsoft\\Windows\\Start Menu\\Programs\\Startup\\b.ps1 was set back by 2,623 days to 2019-01-02 by explorer.exe: it is started at sign-in\n"},
		{"dropped by a program of anybody", []made{set(0, `C:\Users\a\AppData\Roaming\n.exe`, old, now, `C:\Users\a\Downloads\u.exe`), set(time.Second, `C:\Users\a\AppData\Roaming\n.dll`, old, now, `C:\Users\a\Downloads\u.exe`)},
			"medium: C:\\Users\\a\\AppData\\Roaming\\n.exe was set back by 2,623 days to 2019-01-02 by u.exe: it lies where anybody can write, by a program that lies where anybody can write\n"},
		{"a program unpacked by people", []made{set(0, `C:\Users\a\Desktop\tool.exe`, old, now, explorer)},
			"low: C:\\Users\\a\\Desktop\\tool.exe was set back by 2,623 days to 2019-01-02 by explorer.exe: it lies where anybody can write\n"},

		{"an installer", []made{set(0, auth+"logon.aspx", old, now, `C:\Windows\System32\msiexec.exe`)}, ""},
		{"many at once", many, ""},
		{"ASP.NET copies a library of the application", []made{set(0, `C:\Windows\Microsoft.NET\Framework64\v4.0.30319\Temporary ASP.NET Files\root\1\2\assembly\dl3\3\4\a.dll`, old, now, w3wp)}, ""},
		{"set back by hours", []made{set(0, auth+"x.aspx", "2026-03-09 01:00:00.000", now, w3wp)}, ""},
		{"set forward", []made{set(0, auth+"x.aspx", now, old, w3wp)}, ""},
		{"a text", []made{set(0, `C:\inetpub\wwwroot\x.txt`, old, now, w3wp)}, ""},
		{"a program among programs", []made{set(0, `C:\Program Files\Tool\tool.exe`, old, now, `C:\Program Files\Tool\update.exe`)}, ""},
		{"no time", []made{set(0, auth+"x.aspx", "yesterday", now, w3wp)}, ""},
	} {
		t.Run(c.name, func(t *testing.T) { wantEpisodes(t, Config{}, "host-timestomp", c.events, c.want) })
	}
}
