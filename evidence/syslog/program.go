package syslog

import (
	"bytes"

	"aldebaran/evidence/lines"
	"aldebaran/evidence/snort"
)

// program labels a record with the log source that its program serves, and adds the fields that
// stand in its message. Rules for service "auth" or "syslog" take events of several of these
// services; that is what routes are for, see match/sigma/route_linuxhosts.go.
//
// The names of logins' fields are the same for all programs: user, client_ip, client_port, method,
// action ("login", "logout", "session", "connect", "command", "send", ...) and result ("success",
// "failure"), so that one rule can look at all of them.
func (r *Reader) program(program, message []byte) {
	e := &r.rec.Event
	e.Product, e.Service = "linux", "syslog"
	switch string(program) {
	case "sshd", "sshd-session", "sshd-auth":
		e.Service = "sshd"
		if !r.pam(message) {
			r.sshd(message)
		}
	case "sudo":
		e.Service = "sudo"
		if !r.pam(message) {
			r.sudo(message)
		}
	case "cron", "CRON", "crond", "CROND", "crontab", "CRONTAB", "anacron", "atd":
		e.Service = "cron"
		if !r.pam(message) {
			r.cron(message)
		}
	case "su", "login", "doas", "pkexec", "polkitd", "polkit-agent-helper-1", "useradd", "userdel", "usermod",
		"groupadd", "groupdel", "groupmod", "gpasswd", "passwd", "chage", "chpasswd", "chfn", "chsh", "newgrp",
		"systemd-logind", "gdm-password", "gdm", "lightdm", "sddm-helper", "unix_chkpwd", "dropbear", "runuser",
		"remote", "rshd", "rlogind", "in.telnetd", "telnetd", "kscreenlocker_greet", "gnome-keyring-daemon", "adduser":
		e.Service = "auth"
		r.pam(message)
	case "clamd", "freshclam", "clamscan", "clamdscan", "clamav-milter", "clamonacc":
		e.Service = "clamav"
		r.clamav(message)
	case "vsftpd":
		e.Service = "vsftpd"
		if !r.pam(message) {
			r.vsftpd(message)
		}
	case "mysqld", "mysql", "mariadbd", "mariadb", "mysqld_safe", "mysql-server_auditing":
		r.mysql(message)
	case "postgres", "postgresql":
		r.postgresql(message)
	case "guacd", "guacamole":
		e.Service = "guacamole"
	case "kernel":
		r.netfilter(message)
	case "rpd":
		r.routing(message)
	case "filterlog":
		r.filterlog(message)
	case "named":
		r.named(message)
	case "dnsmasq", "pihole-FTL":
		r.dnsmasq(message)
	case "unbound":
		r.unbound(message)
	case "suricata", "snort":
		if alert, ok := bytes.CutPrefix(message, []byte("[Drop] ")); ok {
			snort.ParseAlert(r.rec, message[:len("[Drop]")], alert)
		} else {
			snort.ParseAlert(r.rec, nil, message)
		}
	case "haproxy":
		r.haproxy(message)
	case "pure-ftpd", "proftpd":
		r.ftp(message)
	case "amavis", "amavisd", "amavisd-new":
		r.address(message)
	case "dovecot":
		e.Product, e.Category, e.Service = "dovecot", "mail", ""
		r.dovecot(message)
	case "exim", "exim4":
		e.Product, e.Category, e.Service = "exim", "mail", ""
		r.exim(message)
	case "saslauthd":
		if e.Service = "auth"; !r.pam(message) {
			r.saslauthd(message)
		}
	default:
		if name := mnemonic(message); name != nil {
			r.cisco(name)
			return
		}
		if r.huawei(message) {
			return
		}
		switch {
		case bytes.HasPrefix(program, []byte("postfix")):
			e.Product, e.Category, e.Service = "postfix", "mail", ""
			r.postfix(program, message)
		case bytes.HasPrefix(program, []byte("zimbra")):
			e.Product, e.Category, e.Service = "zimbra", "mail", ""
		case r.pam(message):
			e.Service = "auth"
		case bytes.Contains(message, []byte("ModSecurity:")):
			e.Service = "modsecurity"
		case bytes.Contains(message, []byte(" SRC=")):
			r.netfilter(message) // routers have other words than "kernel" in front
		case bytes.HasPrefix(message, []byte("Accepted ")), bytes.HasPrefix(message, []byte("Failed ")):
			r.sshd(message) // many programs write the lines of sshd
		default:
			if rest, ok := after(message, " from "); ok {
				r.addressAtStart(rest)
			}
		}
	}
}

// after gives what follows the first sep in b; ok is false if sep does not stand there.
func after(b []byte, sep string) (rest []byte, ok bool) {
	i := bytes.Index(b, []byte(sep))
	if i < 0 {
		return nil, false
	}
	return b[i+len(sep):], true
}

// until gives b up to the first byte that is one of stops.
func until(b []byte, stops string) []byte {
	if i := bytes.IndexAny(b, stops); i >= 0 {
		return b[:i]
	}
	return b
}

// result adds what was done and how it ended.
func (r *Reader) result(action, result string) {
	r.rec.AddText("action", action)
	r.rec.AddText("result", result)
}

// sshd adds the fields of OpenSSH's messages about logins (auth.c, auth2.c, packet.c).
func (r *Reader) sshd(m []byte) {
	word, rest := cutWord(m)
	switch string(word) {
	case "Accepted", "Failed", "Partial", "Postponed":
		// Failed password for invalid user root from 192.0.2.1 port 51182 ssh2
		method, rest := cutWord(rest)
		rest, ok := bytes.CutPrefix(rest, []byte("for "))
		if !ok {
			return
		}
		r.rec.Add("method", method)
		for _, word := range [...]string{"invalid user ", "illegal user "} {
			rest = bytes.TrimPrefix(rest, []byte(word))
		}
		r.userFrom(rest)
		switch string(word) {
		case "Accepted":
			r.result("login", "success")
		case "Failed":
			r.result("login", "failure")
		}
	case "Invalid", "Illegal":
		if rest, ok := bytes.CutPrefix(rest, []byte("user ")); ok {
			r.userFrom(rest)
			r.result("login", "failure")
		}
	case "User":
		// User root from 192.0.2.1 not allowed because not listed in AllowUsers
		if _, denied := after(rest, " not allowed because "); denied {
			r.userFrom(rest)
			r.result("login", "failure")
		}
	case "Connection", "Disconnected", "Received":
		r.disconnected(rest)
	case "refused":
		// refused connect from example.com (192.0.2.1)
		if rest, ok := after(rest, "connect from "); ok {
			r.address(rest)
			r.result("connect", "failure")
		}
	case "Bad", "Did", "Unable", "banner", "Timeout", "fatal:", "error:", "ssh_dispatch_run_fatal:", "Magic", "Could", "Protocol":
		for _, word := range [...]string{" from ", " for ", " with "} {
			if rest, ok := after(m, word); ok && r.addressAtStart(rest) {
				return
			}
		}
	}
}

// userFrom adds USER from ADDRESS [port PORT]. What an attacker gives as the user may itself hold
// " from ": the last one counts, as the address is written by sshd.
func (r *Reader) userFrom(b []byte) {
	i := bytes.LastIndex(b, []byte(" from "))
	if i < 0 {
		if rest, ok := bytes.CutPrefix(b, []byte("from ")); ok {
			r.rec.Add("user", nil)
			r.addressAtStart(rest)
		}
		return
	}
	r.rec.Add("user", b[:i])
	r.addressAtStart(b[i+len(" from "):])
}

// disconnected adds the fields of "Connection from ADDRESS port N", "Connection closed by
// authenticating user USER ADDRESS port N [preauth]", "Disconnected from ADDRESS port N".
func (r *Reader) disconnected(b []byte) {
	for _, word := range [...]string{"closed by ", "reset by ", "from ", "disconnect from "} {
		rest, ok := bytes.CutPrefix(b, []byte(word))
		if !ok {
			continue
		}
		action := "disconnect"
		if word == "from " && bytes.Contains(rest, []byte(" on ")) {
			action = "connect"
		}
		if user, ok := after(rest, "user "); ok {
			// The address stands behind the user, in front of " port ".
			if at := bytes.LastIndex(user, []byte(" port ")); at > 0 {
				if i := bytes.LastIndexByte(user[:at], ' '); i >= 0 {
					r.rec.Add("user", user[:i])
					rest = user[i+1:]
				}
			}
		}
		if r.addressAtStart(rest) {
			r.rec.AddText("action", action)
		}
		return
	}
}

// addressAtStart adds ADDRESS [port N] if b begins with an address.
func (r *Reader) addressAtStart(b []byte) bool {
	ip := until(b, " \t,:;)")
	if i := bytes.IndexByte(b, ' '); bytes.Count(until(b, " ,;)"), []byte{':'}) > 1 {
		ip = b[:max(i, 0)]
		if i < 0 {
			ip = b
		}
		ip = bytes.TrimRight(ip, ":,;)")
	}
	if !lines.IsAddress(ip) {
		return false
	}
	r.rec.Add("client_ip", ip)
	if rest, ok := bytes.CutPrefix(b[len(ip):], []byte(" port ")); ok {
		if port := until(rest, " :,["); len(port) > 0 && digits(port) {
			r.rec.Add("client_port", port)
		}
	}
	return true
}

// address adds the address in name[ADDRESS]:PORT, name (ADDRESS) or [ADDRESS].
func (r *Reader) address(b []byte) {
	for i := range b {
		if b[i] != '[' && b[i] != '(' {
			continue
		}
		const longest = 60 // of an address
		if ip := until(b[i+1:min(len(b), i+1+longest)], "])"); lines.IsAddress(ip) {
			r.rec.Add("client_ip", ip)
			rest := b[i+1+len(ip):]
			if len(rest) > 2 && rest[1] == ':' {
				port, _ := readDigits(rest[2:])
				if len(port) > 0 {
					r.rec.Add("client_port", port)
				}
			}
			return
		}
	}
}

func readDigits(b []byte) (number, rest []byte) {
	n := 0
	for n < len(b) && b[n] >= '0' && b[n] <= '9' {
		n++
	}
	return b[:n], b[n:]
}

// sudo adds the fields of sudo's own lines (sudoers.5, "Event logging"); their names are sudo's, and
// Sigma's rules use them so:
//
//	mike : [REASON ;] TTY=pts/0 ; PWD=/home/mike ; USER=root ; [ENV=... ;] COMMAND=/bin/su -
func (r *Reader) sudo(m []byte) {
	user, rest, ok := bytes.Cut(m, []byte(" : "))
	if !ok {
		return
	}
	r.rec.Add("user", bytes.TrimSpace(user))
	failed := false
	for len(rest) > 0 {
		var part []byte
		if bytes.HasPrefix(rest, []byte("COMMAND=")) {
			part, rest = rest, nil // it may hold anything
		} else {
			part, rest, _ = bytes.Cut(rest, []byte(" ; "))
		}
		name, value, ok := bytes.Cut(part, []byte{'='})
		if !ok || !isUpper(name) {
			r.rec.Add("reason", part)
			failed = true
			continue
		}
		r.rec.AddNamed(name, value)
	}
	if failed {
		r.result("command", "failure")
	} else {
		r.result("command", "success")
	}
}

func isUpper(b []byte) bool {
	for _, c := range b {
		if (c < 'A' || c > 'Z') && c != '_' {
			return false
		}
	}
	return len(b) > 0
}

// cron adds the fields of (root) CMD (command).
func (r *Reader) cron(m []byte) {
	if len(m) == 0 || m[0] != '(' {
		return
	}
	user, rest, ok := bytes.Cut(m[1:], []byte(") "))
	if !ok {
		return
	}
	r.rec.Add("user", user)
	action, command, ok := bytes.Cut(rest, []byte(" ("))
	if !ok {
		return
	}
	r.rec.Add("action", action)
	r.rec.Add("command", bytes.TrimSuffix(command, []byte{')'}))
}

// pam adds the fields of messages of PAM's modules; ok is false if it is none:
//
//	pam_unix(sshd:auth): authentication failure; logname= uid=0 tty=ssh ruser= rhost=192.0.2.1  user=root
//	pam_unix(su:session): session opened for user root(uid=0) by (uid=1000)
//
// Older ones stand without the module, as "su(pam_unix)[12]: session closed for user news".
func (r *Reader) pam(m []byte) (ok bool) {
	text := m
	if bytes.HasPrefix(m, []byte("pam_")) {
		module, rest, found := bytes.Cut(m, []byte(": "))
		if !found {
			return false
		}
		text = rest
		name, service, _ := bytes.Cut(bytes.TrimSuffix(module, []byte{')'}), []byte{'('})
		r.rec.Add("pam_module", name)
		if service, kind, ok := bytes.Cut(service, []byte{':'}); ok {
			r.rec.Add("pam_service", service)
			r.rec.Add("pam_type", kind)
		}
	} else if !bytes.HasPrefix(m, []byte("session opened for ")) && !bytes.HasPrefix(m, []byte("session closed for ")) && !bytes.HasPrefix(m, []byte("authentication failure;")) {
		return false
	}
	said, pairs, _ := bytes.Cut(text, []byte("; "))
	r.rec.Add("pam_message", said)
	switch {
	case bytes.HasPrefix(said, []byte("session ")):
		if user, ok := after(said, " for user "); ok {
			user = until(user, " (")
			r.rec.Add("pam_user", user)
			r.rec.Add("user", user)
		}
		action := "session"
		if bytes.HasPrefix(said, []byte("session closed")) {
			action = "logout"
		}
		r.result(action, "success")
	case bytes.Contains(said, []byte("authentication failure")):
		for len(pairs) > 0 {
			var pair []byte
			pair, pairs = cutWord(pairs)
			name, value, ok := bytes.Cut(pair, []byte{'='})
			if !ok {
				continue
			}
			switch string(name) {
			case "user":
				r.rec.Add("pam_user", value)
				r.rec.Add("user", value)
			case "rhost":
				r.rec.Add("pam_rhost", value)
				if len(value) > 0 {
					r.rec.Add("client_ip", value)
				}
			case "ruser":
				r.rec.Add("pam_ruser", value)
			case "tty", "uid", "euid", "logname":
				r.rec.AddNamed(name, value)
			}
		}
		r.result("login", "failure")
	}
	return true
}

// vsftpd adds the fields of its own log: [user] FAIL LOGIN: Client "192.0.2.1".
func (r *Reader) vsftpd(m []byte) {
	if len(m) > 0 && m[0] == '[' {
		if user, rest, ok := bytes.Cut(m[1:], []byte("] ")); ok {
			r.rec.Add("user", user)
			m = rest
		}
	}
	if rest, ok := after(m, `Client "`); ok {
		r.rec.Add("client_ip", until(rest, `"`))
	}
	word, rest := cutWord(m)
	switch {
	case string(m[:min(len(m), 8)]) == "CONNECT:":
		r.result("connect", "success")
	case string(word) == "OK" || string(word) == "FAIL":
		what := "login"
		if !bytes.HasPrefix(rest, []byte("LOGIN")) {
			what = ""
			r.rec.Add("action", until(rest, ":"))
		}
		result := "success"
		if string(word) == "FAIL" {
			result = "failure"
		}
		if what != "" {
			r.rec.AddText("action", what)
		}
		r.rec.AddText("result", result)
	}
}

// clamav adds the fields of PATH: SIGNATURE FOUND, by the names that Sigma's taxonomy has for
// category antivirus.
func (r *Reader) clamav(m []byte) {
	found, ok := bytes.CutSuffix(bytes.TrimSpace(m), []byte(" FOUND"))
	if !ok {
		return
	}
	if i := bytes.LastIndex(found, []byte(": ")); i >= 0 {
		r.rec.Add("Signature", found[i+2:])
		name := found[:i]
		if j := bytes.Index(name, []byte(" -> ")); j >= 0 {
			name = name[j+4:]
		}
		r.rec.Add("Filename", name)
		r.rec.Event.Category = "antivirus"
	}
}

// named adds the fields of BIND's lines about clients; query and record_type are the names that
// Sigma's taxonomy has for category dns:
//
//	client @0x7f65 192.0.2.1#3076 (example.com): query: example.com IN A +E(0) (192.0.2.53)
//	client @0x7f65 192.0.2.1#3076 (example.com): query (cache) 'example.com/ANY/IN' denied
func (r *Reader) named(m []byte) {
	rest, ok := after(m, "client ")
	if !ok {
		return
	}
	if len(rest) > 0 && rest[0] == '@' {
		_, rest = cutWord(rest)
	}
	ip, rest, ok := bytes.Cut(rest, []byte{'#'})
	if !ok || !lines.IsAddress(ip) {
		return
	}
	r.rec.Add("client_ip", ip)
	port, rest := readDigits(rest)
	r.rec.Add("client_port", port)
	if asked, ok := after(rest, ": query: "); ok {
		name, class := cutWord(asked)
		_, kind := cutWord(class)
		kind, _ = cutWord(kind)
		r.rec.Event.Category = "dns"
		r.rec.Add("query", name)
		r.rec.Add("record_type", kind)
		return
	}
	if _, asked, ok := bytes.Cut(rest, []byte(" '")); ok {
		if asked, said, ok := bytes.Cut(asked, []byte{'\''}); ok {
			name, kind, _ := bytes.Cut(asked, []byte{'/'})
			r.rec.Event.Category = "dns"
			r.rec.Add("query", name)
			r.rec.Add("record_type", until(kind, "/"))
			r.rec.Add("answer", bytes.TrimSpace(said))
		}
	}
}

// dnsmasq adds the fields of questions and answers, by the names that they have in BIND's:
//
//	query[A] example.com from 192.0.2.1
//	12 192.0.2.1/54321 reply example.com is 198.51.100.7
func (r *Reader) dnsmasq(m []byte) {
	known := false
	if number, rest := cutWord(m); lines.IsNumber(number) {
		client, rest := cutWord(rest) // --log-queries=extra
		if ip, port, ok := bytes.Cut(client, []byte{'/'}); ok && lines.IsAddress(ip) {
			r.rec.Add("client_ip", ip)
			r.rec.Add("client_port", port)
			m, known = rest, true
		}
	}
	if asked, ok := bytes.CutPrefix(m, []byte("query[")); ok {
		kind, asked, _ := bytes.Cut(asked, []byte("] "))
		name, from := cutWord(asked)
		if from, ok := bytes.CutPrefix(from, []byte("from ")); ok {
			r.rec.Event.Category = "dns"
			r.rec.Add("query", name)
			r.rec.Add("record_type", kind)
			if !known {
				r.addressAtStart(from)
			}
		}
		return
	}
	said, answer, ok := bytes.Cut(m, []byte(" is "))
	if at := bytes.LastIndexByte(said, ' '); ok && at > 0 {
		r.rec.Event.Category = "dns"
		r.rec.Add("query", said[at+1:])
		r.rec.Add("answer", answer)
	}
}

// unbound adds the fields of questions and answers, by the names that they have in BIND's:
//
//	[417:0] info: 192.0.2.1 example.com. A IN
//	[417:0] info: 192.0.2.1 example.com. A IN NXDOMAIN 0.012345 0 45
func (r *Reader) unbound(m []byte) {
	if len(m) > 0 && m[0] == '[' {
		_, m = cutWord(m)
	}
	level, rest := cutWord(m)
	client, rest := cutWord(rest)
	name, rest := cutWord(rest)
	kind, class := cutWord(rest)
	class, answer := cutWord(class)
	if len(level) == 0 || level[len(level)-1] != ':' || !lines.IsAddress(client) || string(class) != "IN" && string(class) != "CH" {
		return
	}
	r.rec.Event.Category = "dns"
	r.rec.Add("client_ip", client)
	r.rec.Add("query", bytes.TrimSuffix(name, []byte{'.'}))
	r.rec.Add("record_type", kind)
	if len(answer) > 0 {
		r.rec.Add("answer", until(answer, " "))
	}
}

// ftp adds the fields of (USER@ADDRESS) [LEVEL] TEXT, as pure-ftpd writes, and of
// HOST (NAME[ADDRESS]): USER amal (Login failed): TEXT, as proftpd does.
func (r *Reader) ftp(m []byte) {
	if who, rest, ok := bytes.Cut(bytes.TrimPrefix(m, []byte{'('}), []byte(") [")); ok && m[0] == '(' {
		if i := bytes.LastIndexByte(who, '@'); i >= 0 {
			r.rec.Add("user", who[:i])
			r.rec.Add("client_ip", who[i+1:])
		}
		switch {
		case bytes.Contains(rest, []byte("Authentication failed for user")):
			if user, ok := after(rest, "user ["); ok {
				r.rec.Add("target_user", until(user, "]"))
			}
			r.result("login", "failure")
		case bytes.Contains(rest, []byte("is now logged in")):
			r.result("login", "success")
		}
		return
	}
	r.address(m)
	user, ok := after(m, ": USER ")
	if !ok {
		return
	}
	r.rec.Add("user", until(user, " :"))
	switch {
	case bytes.Contains(user, []byte("Login successful")):
		r.result("login", "success")
	case bytes.Contains(user, []byte("Login failed")), bytes.Contains(user, []byte("no such user")):
		r.result("login", "failure")
	}
}

// filterlog adds the fields of a line of pf as pfSense and OPNsense write it, by the names that
// Sigma's taxonomy has for category firewall
// (https://docs.netgate.com/pfsense/en/latest/monitoring/logs/raw-filter-format.html):
//
//	rule,sub,anchor,tracker,interface,reason,action,direction,4,tos,ecn,ttl,id,offset,flags,6,tcp,length,src,dst,sport,dport,...
func (r *Reader) filterlog(m []byte) {
	const (
		inter, action, direction, version = 4, 6, 7, 8
		most                              = 22
	)
	var fields [most][]byte
	n := 0
	for rest := m; n < most; n++ {
		var more bool
		fields[n], rest, more = bytes.Cut(rest, []byte{','})
		if !more {
			n++
			break
		}
	}
	proto, addresses := 16, 18
	if n > version && string(fields[version]) == "6" {
		proto, addresses = 12, 15
	}
	if n < addresses+2 {
		return
	}
	r.rec.Event.Category = "firewall"
	r.rec.Add("interface", fields[inter])
	switch string(fields[action]) {
	case "block", "reject":
		r.rec.AddText("action", "denied")
		r.rec.AddText("blocked", "true")
	case "pass":
		r.rec.AddText("action", "allowed")
		r.rec.AddText("blocked", "false")
	}
	r.rec.Add("direction", fields[direction])
	r.rec.Add("protocol", fields[proto])
	r.rec.Add("src_ip", fields[addresses])
	r.rec.Add("dst_ip", fields[addresses+1])
	if n >= addresses+4 && (string(fields[proto]) == "tcp" || string(fields[proto]) == "udp") {
		r.rec.Add("src_port", fields[addresses+2])
		r.rec.Add("dst_port", fields[addresses+3])
	}
}

// netfilter adds the fields of netfilter's log lines, and the names that Sigma's taxonomy has for
// category firewall beside them:
//
//	[123.4] PREFIX IN=eth0 OUT= MAC=... SRC=192.0.2.1 DST=192.0.2.2 LEN=44 ... PROTO=TCP SPT=1 DPT=2 SYN
func (r *Reader) netfilter(m []byte) {
	at := bytes.Index(m, []byte("IN="))
	if at < 0 || !bytes.Contains(m[at:], []byte(" SRC=")) || !bytes.Contains(m[at:], []byte(" DST=")) {
		return
	}
	r.rec.Event.Category = "firewall"
	prefix := m[:at]
	if len(prefix) > 0 && prefix[0] == '[' {
		if i := bytes.IndexByte(prefix, ']'); i >= 0 {
			prefix = prefix[i+1:]
		}
	}
	prefix = bytes.TrimSpace(prefix)
	if len(prefix) > 0 {
		r.rec.Add("prefix", prefix)
	}
	switch {
	case bytes.Contains(prefix, []byte("-A-")): // UniFi: [RULESET-A-NUMBER] DESCR="..."
		r.rec.AddText("action", "allowed")
		r.rec.AddText("blocked", "false")
	case containsFold(prefix, "DROP"), containsFold(prefix, "DENY"), containsFold(prefix, "BLOCK"), containsFold(prefix, "REJECT"),
		bytes.Contains(prefix, []byte("-D-")), bytes.Contains(prefix, []byte("-R-")):
		r.rec.AddText("action", "denied")
		r.rec.AddText("blocked", "true")
	case containsFold(prefix, "ACCEPT"), containsFold(prefix, "ALLOW"):
		r.rec.AddText("action", "allowed")
		r.rec.AddText("blocked", "false")
	}
	for rest := m[at:]; len(rest) > 0; {
		var pair []byte
		pair, rest = cutWord(rest)
		name, value, ok := bytes.Cut(pair, []byte{'='})
		if !ok || len(name) == 0 {
			continue
		}
		r.rec.AddNamed(name, value)
		switch string(name) {
		case "SRC":
			r.rec.Add("src_ip", value)
		case "DST":
			r.rec.Add("dst_ip", value)
		case "SPT":
			r.rec.Add("src_port", value)
		case "DPT":
			r.rec.Add("dst_port", value)
		}
	}
}

// containsFold tells whether b contains word, which is in upper case, in either case.
func containsFold(b []byte, word string) bool {
	for i := 0; i+len(word) <= len(b); i++ {
		j := 0
		for j < len(word) && b[i+j]&^0x20 == word[j] {
			j++
		}
		if j == len(word) {
			return true
		}
	}
	return false
}
