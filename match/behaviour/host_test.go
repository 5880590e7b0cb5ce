package behaviour

import (
	"strings"
	"testing"
	"time"
)

// sysmonEvent is an event of Sysmon on a host.
func sysmonEvent(after time.Duration, host string, id uint32, fields ...string) made {
	return made{after: after, product: "windows", channel: "Microsoft-Windows-Sysmon/Operational", provider: "Microsoft-Windows-Sysmon", id: id, host: host, fields: fields}
}

// securityEvent is an event of the Security log of a host.
func securityEvent(after time.Duration, host string, id uint32, fields ...string) made {
	return made{after: after, product: "windows", channel: "Security", provider: "Microsoft-Windows-Security-Auditing", id: id, host: host, fields: fields}
}

// systemEvent is an event of the System log of a host.
func systemEvent(after time.Duration, host string, id uint32, fields ...string) made {
	return made{after: after, product: "windows", channel: "System", provider: "Service Control Manager", id: id, host: host, fields: fields}
}

// wantEpisodes hunts in events for one analytic and compares its episodes, written shortly.
func wantEpisodes(t *testing.T, c Config, id string, events []made, want string) {
	t.Helper()
	if got := lines(episodesOf(t, c, id, events)); got != want {
		t.Errorf("episodes:\n%swant:\n%s", got, want)
	}
}

func TestIdentityOf(t *testing.T) {
	f := func(user, session string, want identity) {
		t.Helper()
		if got := identityOf([]byte(user), []byte(session)); got != want {
			t.Errorf("identityOf(%q, %q) = %d, want %d", user, session, got, want)
		}
	}
	f(`NT AUTHORITY\SYSTEM`, "", systemIdentity)
	f(`NT-AUTORITÄT\SYSTEM`, systemSession, systemIdentity)
	f(`AUTORITE NT\SERVICE RÉSEAU`, networkSession, serviceIdentity)
	f(`NT AUTHORITY\LOCAL SERVICE`, "", serviceIdentity)
	f(`IIS APPPOOL\DefaultAppPool`, "0x1234", webIdentity)
	f(`NT Service\MSSQL$SQLEXPRESS`, "0x1234", sqlIdentity)
	f(`NT SERVICE\SQLSERVERAGENT`, "", sqlIdentity)
	f(`NT SERVICE\TrustedInstaller`, "", otherIdentity)
	f(`CORP\system`, "0x3e70", otherIdentity)
	f("", "", otherIdentity)
}

func TestContainsFold(t *testing.T) {
	f := func(text, lower string, want bool) {
		t.Helper()
		if got := containsFold(text, lower); got != want {
			t.Errorf("containsFold(%q, %q) = %t, want %t", text, lower, got, want)
		}
		if got := containsFold([]byte(text), lower); got != want {
			t.Errorf("containsFold of the bytes of %q, %q = %t, want %t", text, lower, got, want)
		}
	}
	f(`C:\TEMP\a`, `\temp\`, true)
	f(`C:\\Temp\`, `\temp\`, true)
	f(`C:\Temp`, `\temp\`, false)
	f(`emp\ \Temp\`, `\temp\`, true)
	f("Invoke-SqlCmd", "invoke-sqlcmd", true)
	f("-SqlCmd invoke-", "invoke-sqlcmd", false)
	f("SQLCMD", "sqlcmd ", false)
	f("POWERSHELL", "shell", true)
	f("POWERSHEL", "shell", false)
	f("", "a", false)
	f("a", "", true)
}

func TestShortHost(t *testing.T) {
	for in, want := range map[string]string{"MAIL01.corp.example": "mail01", "SQL01": "sql01", "10.0.0.5": "10.0.0.5", "fe80::1": "fe80::1", "": ""} {
		if got := ShortHost(in); got != want {
			t.Errorf("ShortHost(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestNamedFully(t *testing.T) {
	got := strings.Join(namedFully([]string{"SQL01", "mail01", "MAIL01.corp.example", "10.0.0", "10.0.0.5"}), " ")
	if want := "10.0.0 10.0.0.5 MAIL01.corp.example SQL01"; got != want {
		t.Errorf("namedFully = %s, want %s", got, want)
	}
}

func TestHostOf(t *testing.T) {
	for _, c := range []struct {
		made made
		want string
	}{
		{made{host: "MAIL01", fields: []string{"s-ip", "10.0.0.5"}}, "MAIL01"},
		{made{fields: []string{"s-ip", "10.0.0.5", "s-computername", "WEB01"}}, "WEB01"},
		{made{fields: []string{"s-ip", "10.0.0.5", "s-computername", "-"}}, "10.0.0.5"},
		{made{fields: []string{"c-ip", "10.0.0.9"}}, ""},
	} {
		if got := HostOf(c.made.event(0, shapes{})); got != c.want {
			t.Errorf("HostOf(%v) = %q, want %q", c.made.fields, got, c.want)
		}
	}
}

// FuzzHosts: whatever stands in the fields of events, analytics of hosts do not crash, and cutting the
// evidence makes no difference.
func FuzzHosts(f *testing.F) {
	f.Add(uint8(0), `C:\Windows\System32\cmd.exe`, `cmd.exe /Q /c whoami 1> \\127.0.0.1\ADMIN$\__1556656369.7 2>&1`, `NT AUTHORITY\SYSTEM`)
	f.Add(uint8(1), `\x\pipe\spoolss`, "System", "")
	f.Add(uint8(2), `C:\inetpub\wwwroot\x.aspx`, "System", "2019-01-02 03:04:05.678")
	f.Add(uint8(3), `HKLM\System\CurrentControlSet\Services\x\NetworkProvider\ProviderPath`, `C:\x.dll`, "")
	f.Add(uint8(4), "SUPPORT_388945c0", "S-1-5-21-1", "admin$")
	f.Add(uint8(5), `\\*\ADMIN$`, `Temp\abCdefGh.tmp`, "0x2")
	f.Add(uint8(6), "ab", `%COMSPEC% /Q /c echo ^> \\127.0.0.1\C$\__output > %TEMP%\execute.bat`, "")
	f.Add(uint8(7), `C:\inetpub\logs\LogFiles\u_ex260309.log`, "cmd.exe", "")
	f.Add(uint8(8), "MAIL01", "10.0.0.5", "3")
	f.Fuzz(func(t *testing.T, kind uint8, a, b, c string) {
		one := func(after time.Duration) made {
			switch kind % 9 {
			case 0:
				return sysmonEvent(after, c, 1, "Image", a, "CommandLine", b, "User", c, "ParentImage", b, "LogonId", "0x3e7", "ProcessGuid", a, "ParentProcessGuid", a)
			case 1:
				return sysmonEvent(after, "H", 17, "PipeName", a, "Image", b)
			case 2:
				return sysmonEvent(after, "H", 2, "TargetFilename", a, "Image", b, "CreationUtcTime", c, "PreviousCreationUtcTime", "2026-03-09 08:00:00.000")
			case 3:
				return sysmonEvent(after, "H", 13, "TargetObject", a, "Details", b, "Image", c)
			case 4:
				return securityEvent(after, "H", 4720, "TargetUserName", a, "TargetSid", b, "SubjectUserName", c)
			case 5:
				return securityEvent(after, "H", 5145, "ShareName", a, "RelativeTargetName", b, "AccessMask", c)
			case 6:
				return systemEvent(after, "H", 7045, "ServiceName", a, "ImagePath", b)
			case 7:
				return sysmonEvent(after, "H", 23, "TargetFilename", a, "Image", b, "User", c)
			}
			return securityEvent(after, "H", 4624, "WorkstationName", a, "IpAddress", b, "LogonType", c, "TargetUserName", a)
		}
		events := []made{one(0), sysmonEvent(time.Second, "H", 11, "TargetFilename", a, "Image", b, "CreationUtcTime", c), one(time.Minute), one(30 * time.Hour)}
		set, err := New(Config{})
		if err != nil {
			t.Fatal(err)
		}
		hunt := func(cut int) string {
			in, collector, m := shapes{}, set.NewCollector(), set.NewMatcher()
			for i, e := range events {
				if i == cut {
					collector.Join(m.Take())
				}
				m.See(e.event(i, in))
			}
			collector.Join(m.Take())
			var out strings.Builder
			if err := collector.Finish(func(e Episode) error {
				if e.Level == "" || e.Summary == "" || len(e.Refs) == 0 {
					t.Errorf("%s: level %q, summary %q, %d records", e.Rule.ID, e.Level, e.Summary, len(e.Refs))
				}
				out.WriteString(e.Rule.ID + " " + e.Level + " " + e.Summary + "\n")
				return nil
			}); err != nil {
				t.Fatal(err)
			}
			return out.String()
		}
		whole := hunt(-1)
		for cut := range events {
			if got := hunt(cut); got != whole {
				t.Errorf("cut at %d:\n%swant:\n%s", cut, got, whole)
			}
		}
	})
}

func TestAppendShortHost(t *testing.T) {
	for _, name := range []string{"", ".", "mail01", "MAIL01.corp.example", "10.0.0.1", "10.0.0.1x", "::1", "FE80::A", "a:b.c", "10.0", "Ärzte.corp", "x.Ä", "MAIL.Ä:1", "\xff.a", "1.a.B"} {
		if got, want := string(appendShortHost([]byte("before "), name)), "before "+ShortHost(name); got != want {
			t.Errorf("appendShortHost(%q) = %q, want %q", name, got, want)
		}
	}
}
