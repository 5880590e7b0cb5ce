package behaviour

import (
	"testing"
	"time"
)

func TestHostLookalikeAccount(t *testing.T) {
	const min = time.Minute
	account := func(after time.Duration, host, name, sid, by string) made {
		return securityEvent(after, host, 4720, "TargetUserName", name, "TargetSid", sid, "SubjectUserName", by)
	}
	group := func(after time.Duration, host, sid, groupSid string) made {
		return securityEvent(after, host, 4732, "MemberSid", sid, "TargetSid", groupSid, "TargetUserName", "Administrators", "SubjectUserName", "admin")
	}
	logon := func(name string) made {
		return securityEvent(0, "DC01", 4624, "TargetUserName", name, "LogonType", "3")
	}
	runs := func(host, image string) made {
		return sysmonEvent(0, host, 1, "Image", image, "CommandLine", image)
	}
	for _, c := range []struct {
		name   string
		events []made
		want   string
	}{
		{"the account of the report", []made{account(0, "MAIL01", "SUPPORT_388945c0", "S-1-5-21-1-1001", "alice")},
			"medium: account SUPPORT_388945c0 was made, which is nearly SUPPORT_388945a0\n"},
		{"among the administrators of a mail server", []made{
			runs("MAIL01", `C:\Windows\System32\inetsrv\w3wp.exe`), runs("MAIL01", `C:\Exchange\MSExchangeHMHost.exe`),
			account(min, "MAIL01", "Adminstrator", "S-1-5-21-1-1002", "alice"), group(2*min, "MAIL01", "S-1-5-21-1-1002", "S-1-5-32-544"),
		}, "critical: account Adminstrator was made, which is nearly Administrator, and put among the administrators, on a server with Exchange\n"},
		{"like a mailbox of Exchange", []made{account(0, "DC01", "HealthMai1box3d5b6a", "S-1-5-21-1-1003", "alice")},
			"medium: account HealthMai1box3d5b6a was made, which is nearly HealthMailbox*\n"},
		{"like a service seen before", []made{logon("svc_backup"), account(min, "DC01", "svc_bakcup", "S-1-5-21-1-1004", "alice")},
			"medium: account svc_bakcup was made, which is nearly svc_backup\n"},
		{"like a computer seen before", []made{logon("MAILSRV$"), account(min, "DC01", "MAlLSRV$", "S-1-5-21-1-1005", "alice")},
			"high: account MAlLSRV$ was made, which is nearly mailsrv$, an account of a person called like a computer's\n"},
		{"hidden by a dollar", []made{account(0, "DC01", "FAKE-COMPUTER$", "S-1-5-21-1-1006", "alice")},
			"high: account FAKE-COMPUTER$ was made, an account of a person called like a computer's\n"},
		{"put into the group the next week", []made{account(0, "DC01", "krbtgd", "S-1-5-21-1-1", "alice"), group(200*time.Hour, "DC01", "S-1-5-21-1-1", "S-1-5-32-544")},
			"medium: account krbtgd was made, which is nearly krbtgt\n"},

		{"a person", []made{account(0, "DC01", "j.smith", "S-1-5-21-1-1007", "alice"), group(min, "DC01", "S-1-5-21-1-1007", "S-1-5-32-544")}, ""},
		{"the next of a series", []made{logon("svc_web1"), logon("SRV07$"), account(min, "DC01", "svc_web2", "S-1-5-21-1-1008", "alice"), account(min, "DC01", "srv08", "S-1-5-21-1-1009", "alice")}, ""},
		{"Exchange makes its own", []made{account(0, "DC01", "HealthMailbox3d5b6a", "S-1-5-21-1-1010", "MAIL01$"), account(0, "DC01", "krbtgt", "S-1-5-21-1-502", "DC01$")}, ""},
		{"short names are near to everything", []made{logon("sql"), account(min, "DC01", "sqx", "S-1-5-21-1-1011", "alice")}, ""},
		{"made twice", []made{account(0, "DC01", "svc_mail", "S-1-5-21-1-1012", "alice"), logon("svc_mail"), account(min, "DC01", "svc_nail", "S-1-5-21-1-1013", "alice")}, ""},
	} {
		t.Run(c.name, func(t *testing.T) { wantEpisodes(t, Config{}, "host-lookalike-account", c.events, c.want) })
	}
}

func TestEditDistance(t *testing.T) {
	f := func(a, b string, want int) {
		t.Helper()
		if got := editDistance(a, b); got != want {
			t.Errorf("editDistance(%q, %q) = %d, want %d", a, b, got, want)
		}
		if got := editDistance(b, a); got != want {
			t.Errorf("editDistance(%q, %q) = %d, want %d", b, a, got, want)
		}
	}
	f("", "", 0)
	f("", "abc", 3)
	f("guest", "guest", 0)
	f("guest", "geust", 1) // exchanged
	f("guest", "gusts", 2)
	f("guest", "quest", 1)
	f("administrator", "adminstrator", 1)
	f("administrator", "administrat0rs", 2)
	f("ca", "abc", 3) // restricted: no letter is exchanged and changed again
}
