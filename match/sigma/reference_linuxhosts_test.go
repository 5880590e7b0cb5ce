package sigma_test

import (
	"regexp"
	"strings"
)

// refLinuxRoutes gives the events of Linux hosts and mail servers that serve a log source beside
// those labelled with it: auth.log holds what sshd and sudo wrote, syslog what all programs did, and
// EXECVE records of the audit system are processes that began.
func refLinuxRoutes(ls refLogsource) []refRoute {
	if ls == (refLogsource{product: "cisco", service: "syslog"}) {
		var routes []refRoute
		for _, s := range []string{"aaa", "bgp", "ldp"} {
			routes = append(routes, refRoute{name: "cisco " + s, product: "cisco", service: s})
		}
		return routes
	}
	if ls.product != "linux" && ls.product != "" {
		return nil
	}
	var routes []refRoute
	services := func(names string) {
		for s := range strings.FieldsSeq(names) {
			routes = append(routes, refRoute{name: "linux " + s, product: "linux", service: s})
		}
	}
	mail := func() {
		for _, p := range []string{"postfix", "dovecot", "exim", "zimbra"} {
			routes = append(routes, refRoute{name: p, product: p, category: "mail"})
		}
	}
	switch ls {
	case refLogsource{product: ls.product, category: "process_creation"}:
		routes = append(routes, refRoute{
			name: "EXECVE", product: "linux", service: "auditd", where: map[string][]string{"type": {"EXECVE"}},
			fields: map[string]refDerive{"CommandLine": refExecveLine, "Image": refExecveImage},
		})
	case refLogsource{product: ls.product, service: "auth"}:
		services("sshd sudo")
	case refLogsource{product: ls.product, service: "syslog"}:
		services("auth sshd sudo cron clamav vsftpd guacamole modsecurity")
		mail()
	case refLogsource{product: "linux"}:
		mail()
	}
	return routes
}

// refArgument is the name of an argument of EXECVE: those that are too long for one record are cut
// into a1[0], a1[1], ...
var refArgument = regexp.MustCompile(`^a([0-9]{1,4})(\[.*)?$`)

func refExecveLine(e *refEvent) ([]refElement, bool) {
	if own, ok := e.own("CommandLine"); ok {
		return own, true
	}
	var words []string
	for _, f := range e.fields {
		if refArgument.MatchString(f.name) {
			words = append(words, f.whole)
		}
	}
	return []refElement{{text: strings.Join(words, " ")}}, len(words) > 0
}

func refExecveImage(e *refEvent) ([]refElement, bool) {
	if own, ok := e.own("Image"); ok {
		return own, true
	}
	name := e.text("a0")
	if name != "" && !strings.Contains(name, "/") {
		name = "/" + name
	}
	return []refElement{{text: name}}, name != ""
}
