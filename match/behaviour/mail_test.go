package behaviour

import (
	"testing"
	"time"
)

// cmdlet is event 1 of MSExchange Management: a cmdlet was carried out.
func cmdlet(after time.Duration, user, name, parameters string) made {
	return made{after: after, product: "windows", channel: "MSExchange Management", provider: "MSExchange CmdletLogs", id: 1, host: "MAIL01.corp.example",
		fields: []string{"Data", name, "Data", parameters, "Data", user}}
}

// failed is the same cmdlet, event 6: it was not carried out.
func failed(m made) made {
	m.id = 6
	return m
}

// audit is a record of Microsoft 365's Unified Audit Log.
func audit(after time.Duration, user, operation string, fields ...string) made {
	return made{after: after, product: "m365", service: "audit", fields: append([]string{"Operation", operation, "UserId", user, "ResultStatus", "Succeeded"}, fields...)}
}

func TestMailCommandOf(t *testing.T) {
	f := func(name, parameters string, want mailCommand) {
		t.Helper()
		if got := mailCommandOf([]byte(name), func() []byte { return []byte(parameters) }); got != want {
			t.Errorf("mailCommandOf(%q, %q) = %d, want %d", name, parameters, got, want)
		}
	}
	f("New-MailboxExportRequest", "", exportCommand)
	f("NEW-MAILBOXEXPORTREQUEST", "", exportCommand)
	f("Get-MailboxExportRequest", "", otherCommand)
	f("Search-Mailbox", `-SearchQuery "x"`, searchCommand)
	f("Search-Mailbox", `-SearchQuery "x" -TargetMailbox "y"`, exportCommand)
	f("Search-Mailbox", `-DeleteContent "True"`, cleanCommand)
	f("Add-MailboxPermission", `-AccessRights "FullAccess"`, grantCommand)
	f("Add-MailboxPermission", `-AccessRights "SendAs"`, otherCommand)
	f("MailItemsAccessed", "", otherCommand)
	f("", "", otherCommand)
}

func TestAccountName(t *testing.T) {
	f := func(user, want string) {
		t.Helper()
		if got := accountName(user); got != want {
			t.Errorf("accountName(%q) = %q, want %q", user, got, want)
		}
	}
	f("corp.example/Users/Adm One", "adm one")
	f(`CORP\Adm`, "adm")
	f("adm@corp.example", "adm")
	f(`NT AUTHORITY\SYSTEM (w3wp)`, "system (w3wp)")
	f("@odd", "@odd")
	f("", "")
}

func TestParameter(t *testing.T) {
	f := func(parameters, name, want string) {
		t.Helper()
		if got := string(parameter([]byte(parameters), name)); got != want {
			t.Errorf("parameter(%q, %q) = %q, want %q", parameters, name, got, want)
		}
	}
	f(`-Mailbox "a" -FilePath "\\srv\x y.pst"`, "filepath", `\\srv\x y.pst`)
	f(`-ContentFilter "(Subject -like "*summit*" -or Body -like "*visit*")" -FilePath "x"`, "contentfilter", `(Subject -like "*summit*" -or Body -like "*visit*")`)
	f(`-SearchQuery 'subject:"a b"' -TargetMailbox x`, "searchquery", `subject:"a b"`)
	f(`-ContentFilter {Body -like 'x'}`, "contentfilter", "Body -like 'x'")
	f(`-Name:x -Force`, "name", "x")
	f(`-FilePathOther "x"`, "filepath", "")
	f(`-SearchQuery`, "searchquery", "")
	f(`-SearchQuery "`, "searchquery", "")
	f("--", "x", "")
}

func TestOddTarget(t *testing.T) {
	f := func(path string, odd bool) {
		t.Helper()
		if got := oddTarget(path); (got != "") != odd {
			t.Errorf("oddTarget(%q) = %q", path, got)
		}
	}
	f("", false)
	f(`\\files\pst\a.pst`, false)
	f(`\\127.0.0.1\pst\a.pst`, true)
	f(`\\localhost\c$\a.pst`, true)
	f(`\\files\c$\a.pst`, true)
	f(`\\files\pst\a.aspx`, true)
	f(`\\mail\c$\inetpub\wwwroot\aspnet_client\a.pst`, true)
}

// FuzzParameter: a value is a part of the parameters.
func FuzzParameter(f *testing.F) {
	f.Add(`-ContentFilter "(Subject -like "*summit*")" -FilePath "x"`)
	f.Fuzz(func(t *testing.T, text string) {
		for _, name := range []string{"contentfilter", "filepath"} {
			if v := parameter([]byte(text), name); len(v) > len(text) {
				t.Errorf("parameter(%q, %q) = %q", text, name, v)
			}
		}
	})
}

// What is known of a mailbox is known from a time on: earlier records of a visit count.
func TestRecentBox(t *testing.T) {
	var b recentBox
	at := func(s int) time.Time { return time.Unix(1_800_000_000+int64(s), 0) }
	f := func(visit uint64, s int, want bool) {
		t.Helper()
		if got := b.knows(visit, at(s)); got != want {
			t.Errorf("visit %d at %d is known: %v, want %v", visit, s, got, want)
		}
		b.learn(visit, at(s))
	}
	f(1, 10, false)
	f(1, 10, true)
	f(1, 20, true)
	f(1, 5, false)
	f(2, 30, false)
	f(1, 20, false) // before all were known
	f(1, 30, true)
	f(2, 31, true)
	for visit := range uint64(recentVisits) {
		f(10+visit, 40, false)
	}
	f(1, 50, false) // others came since
	b.learn(3, at(60).Add(time.Nanosecond))
	f(3, 60, false)
	f(3, 61, true)
}
