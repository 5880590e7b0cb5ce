package sigma

import (
	"testing"

	"aldebaran/event"
)

// linuxEvent makes a synthetic event of a Linux host.
func linuxEvent(product, category, service string, fields ...routedField) *event.Event {
	e := channelEvent("", 0, fields...)
	e.Product, e.Category, e.Service = product, category, service
	return e
}

func TestLinuxRoutes(t *testing.T) {
	f := func(ls Logsource, e *event.Event, want ...string) {
		t.Helper()
		got := taken(ls, e)
		if len(got) != len(want) || len(got) > 0 && got[0] != want[0] {
			t.Errorf("%s/%s/%s takes %q of %+v, want %q", e.Product, e.Category, e.Service, got, ls, want)
		}
	}
	sshd, cron, syslog := linuxEvent("linux", "", "sshd"), linuxEvent("linux", "", "cron"), linuxEvent("linux", "", "syslog")
	postfix, auditd := linuxEvent("postfix", "mail", ""), linuxEvent("linux", "", "auditd", dataText("type", "SYSCALL"))
	execve := linuxEvent("linux", "", "auditd", dataText("type", "EXECVE"), dataText("a0", "id"))
	sysmon := linuxEvent("linux", "process_creation", "sysmon")
	virus := linuxEvent("linux", "antivirus", "clamav")

	f(Logsource{Product: "linux", Service: "sshd"}, sshd, "linux sshd")
	f(Logsource{Product: "linux", Service: "auth"}, sshd, "linux auth: sshd")
	f(Logsource{Product: "linux", Service: "syslog"}, sshd, "linux syslog: sshd")
	f(Logsource{Product: "linux"}, sshd, "linux")
	f(Logsource{Product: "linux", Service: "auth"}, cron)
	f(Logsource{Product: "linux", Service: "sudo"}, sshd)
	f(Logsource{Product: "linux", Service: "sshd"}, syslog)
	f(Logsource{Product: "linux", Service: "syslog"}, syslog, "linux syslog")
	f(Logsource{Product: "linux", Service: "syslog"}, postfix, "postfix")
	f(Logsource{Product: "linux"}, postfix, "postfix")
	f(Logsource{Product: "postfix"}, postfix, "postfix")
	f(Logsource{Category: "mail"}, postfix, "mail")
	f(Logsource{Product: "dovecot"}, postfix)
	f(Logsource{Product: "linux", Service: "syslog"}, auditd)
	f(Logsource{Product: "linux", Service: "auditd"}, auditd, "linux auditd")
	f(Logsource{Product: "linux", Category: "process_creation"}, auditd)
	f(Logsource{Product: "linux", Category: "process_creation"}, execve, "auditd EXECVE")
	f(Logsource{Product: "linux", Category: "process_creation"}, sysmon, "linux process_creation")
	f(Logsource{Category: "process_creation"}, sysmon, "process_creation")
	f(Logsource{Product: "windows", Category: "process_creation"}, sysmon)
	f(Logsource{Product: "windows", Category: "process_creation"}, execve)
	f(Logsource{Product: "linux", Service: "clamav"}, virus, "linux clamav")
	f(Logsource{Category: "antivirus"}, virus, "antivirus")

	f(Logsource{Product: "cisco", Service: "syslog"}, linuxEvent("cisco", "", "aaa"), "cisco syslog: aaa")
	f(Logsource{Product: "cisco", Service: "aaa"}, linuxEvent("cisco", "", "syslog"))
}

func TestAuditdFields(t *testing.T) {
	raw := linuxEvent("linux", "", "auditd", dataText("type", "SYSCALL"), dataText("arch", "c000003e"), dataText("syscall", "135"))
	f := resolves(t, Logsource{Product: "linux", Service: "auditd"}, raw)
	f("SYSCALL", "personality")
	f("type", "SYSCALL")
	enriched := linuxEvent("linux", "", "auditd", dataText("arch", "c000003e"), dataText("syscall", "135"), dataText("SYSCALL", "its own"))
	f = resolves(t, Logsource{Product: "linux", Service: "auditd"}, enriched)
	f("SYSCALL", "its own")
	for _, c := range []struct{ arch, number, want string }{
		{"40000003", "11", "execve"}, {"c00000b7", "221", "execve"}, {"x86_64", "59", "execve"},
		{"c000003e", "", "absent"}, {"c000003e", "x", "absent"}, {"c000003e", "99999999999999999999", "absent"}, {"1", "59", "absent"},
		{"c000003e", "500", "absent"},
	} {
		e := linuxEvent("linux", "", "auditd", dataText("arch", c.arch), dataText("syscall", c.number))
		resolves(t, Logsource{Product: "linux", Service: "auditd"}, e)("SYSCALL", c.want)
	}

	execve := linuxEvent("linux", "", "auditd", dataText("type", "EXECVE"), dataText("argc", "3"), dataText("a0", "sh"),
		dataText("a1_len", "4"), dataText("a1[0]", "-c"), dataText("a2", "id x"))
	f = resolves(t, Logsource{Product: "linux", Category: "process_creation"}, execve)
	f("CommandLine", "sh -c id x")
	f("Image", "/sh")
	execve = linuxEvent("linux", "", "auditd", dataText("type", "EXECVE"), dataText("a0", "/usr/bin/id"))
	f = resolves(t, Logsource{Product: "linux", Category: "process_creation"}, execve)
	f("Image", "/usr/bin/id")
	f("ParentImage", "absent")
}
