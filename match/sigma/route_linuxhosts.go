package sigma

import (
	"strconv"

	"aldebaran/event"
)

// linuxRoutes gives the routes by which records of Linux hosts serve a log source beside those that
// are labelled with it; none if it is not about them. The readers label a record with the service
// that is most its own: "sshd" for what sshd wrote. But /var/log/auth.log holds the lines of sshd,
// sudo and su, and /var/log/syslog or messages those of all programs.
func linuxRoutes(ls Logsource) []Route {
	if ls.Product == "cisco" && ls.Service == "syslog" && ls.Category == "" {
		// All that these systems write is syslog; some of it is labelled as more.
		return []Route{
			{Product: "cisco", Service: "aaa", Name: "cisco syslog: aaa"},
			{Product: "cisco", Service: "bgp", Name: "cisco syslog: bgp"},
			{Product: "cisco", Service: "ldp", Name: "cisco syslog: ldp"},
		}
	}
	if ls.Product != "linux" && ls.Product != "" {
		return nil
	}
	switch {
	case ls.Category == "process_creation" && ls.Service == "":
		return []Route{auditdExecve}
	case ls.Category != "":
		return nil
	case ls.Service == "auth":
		return linuxServices("auth", "sshd", "sudo")
	case ls.Service == "syslog":
		return append(linuxServices("syslog", "auth", "sshd", "sudo", "cron", "clamav", "vsftpd", "guacamole", "modsecurity"), mailRoutes()...)
	case ls.Service == "" && ls.Product == "linux":
		// Mail servers write through syslog. Their records are labelled as their own product.
		return mailRoutes()
	}
	return nil
}

// linuxServices gives routes for the records of programs that a log holds beside its own.
func linuxServices(own string, others ...string) []Route {
	var routes []Route
	for _, s := range others {
		routes = append(routes, Route{Product: "linux", Service: s, Name: "linux " + own + ": " + s})
	}
	return routes
}

func mailRoutes() []Route {
	var routes []Route
	for _, p := range [...]string{"postfix", "dovecot", "exim", "zimbra"} {
		routes = append(routes, Route{Product: p, Category: "mail", Name: p})
	}
	return routes
}

// linuxFields are the names under which rules of a log source of Linux look for fields of events
// that are labelled with it.
func linuxFields(ls Logsource) Mapping {
	if ls.Product == "linux" && ls.Service == "auditd" {
		return auditdFields
	}
	return nil
}

// auditdFields: enriched records name the system call in SYSCALL beside its number in syscall; raw
// ones have the number only, and rules ask for the name (taxonomy of SigmaHQ's auditd rules).
var auditdFields = Mapping{
	"SYSCALL": {From: []string{"SYSCALL", "arch", "syscall"}, Make: syscallName, OwnFirst: true},
	"syscall": {From: []string{"syscall"}, Also: []Derivation{{From: []string{"SYSCALL", "arch", "syscall"}, Make: syscallName}}},
}

// auditdExecve lets records of the audit system serve rules for process creation on Linux. An EXECVE
// record has the arguments only; the path of the program stands in the SYSCALL record of the same
// serial number, its parent nowhere. So Image is what the caller gave as the program's name, which
// has a path or has none.
var auditdExecve = Route{
	Product: "linux", Service: "auditd", Where: []Where{{Field: "type", Values: []string{"EXECVE"}}}, Weak: true, Name: "auditd EXECVE",
	Fields: Mapping{
		"CommandLine": {Make: execveCommandLine, OwnFirst: true},
		"Image":       {From: []string{"a0"}, Make: execveImage, OwnFirst: true},
	},
}

// syscallName is the name of a record's system call: that which the record gives, or that of its
// number on its architecture (linux/audit.h, AUDIT_ARCH_*).
func syscallName(dst []byte, e *event.Event) ([]byte, bool) {
	if text, ok := appendField(dst, e, "SYSCALL"); ok {
		return text, true
	}
	start := len(dst)
	dst, ok := appendField(dst, e, "arch")
	if !ok {
		return dst[:start], false
	}
	var names []string
	switch string(dst[start:]) {
	case "c000003e", "x86_64":
		names = syscallsX86_64
	case "40000003", "i386":
		names = syscallsI386
	case "c00000b7", "aarch64":
		names = syscallsARM64
	default:
		return dst[:start], false
	}
	dst, ok = appendField(dst[:start], e, "syscall")
	if !ok {
		return dst[:start], false
	}
	n := 0
	for _, c := range dst[start:] {
		if c < '0' || c > '9' || n >= len(names) {
			return dst[:start], false
		}
		n = n*10 + int(c-'0')
	}
	if n >= len(names) || names[n] == "-" || len(dst) == start {
		return dst[:start], false
	}
	return append(dst[:start], names[n]...), true
}

// execveCommandLine is the arguments of an EXECVE record with blanks between them.
func execveCommandLine(dst []byte, e *event.Event) ([]byte, bool) {
	start := len(dst)
	for i, f := range e.Shape.Fields {
		if !isArgument(f.Name) {
			continue
		}
		if len(dst) > start {
			dst = append(dst, ' ')
		}
		dst = e.Values[i].AppendText(dst)
	}
	return dst, len(dst) > start
}

// isArgument tells whether a field is an argument of EXECVE: a0, a12, a1[3].
func isArgument(name string) bool {
	if len(name) < 2 || name[0] != 'a' {
		return false
	}
	digits := name[1:]
	for i := range len(digits) {
		if digits[i] == '[' {
			digits = digits[:i]
			break
		}
	}
	_, err := strconv.ParseUint(digits, 10, 16)
	return err == nil
}

// execveImage is the program as the caller named it. A name without a path is given one of an empty
// folder, so that rules which ask for "/id" at the end find it.
func execveImage(dst []byte, e *event.Event) ([]byte, bool) {
	start := len(dst)
	dst, ok := appendField(dst, e, "a0")
	if !ok || len(dst) == start {
		return dst[:start], false
	}
	for _, c := range dst[start:] {
		if c == '/' {
			return dst, true
		}
	}
	dst = append(dst, 0)
	copy(dst[start+1:], dst[start:])
	dst[start] = '/'
	return dst, true
}
