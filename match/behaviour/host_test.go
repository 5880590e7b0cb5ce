package behaviour

import (
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

func TestShortHost(t *testing.T) {
	for in, want := range map[string]string{"MAIL01.corp.example": "mail01", "SQL01": "sql01", "10.0.0.5": "10.0.0.5", "fe80::1": "fe80::1", "": ""} {
		if got := shortHost(in); got != want {
			t.Errorf("shortHost(%q) = %q, want %q", in, got, want)
		}
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
