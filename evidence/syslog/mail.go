package syslog

import (
	"bytes"
	"slices"

	"aldebaran/evidence/lines"
	"aldebaran/evidence/mail"
)

// postfix adds the fields of Postfix's lines (postfix(1), "smtpd", "qmgr", "smtp"):
//
//	postfix/smtpd: 4Q1: client=mail.example[192.0.2.1], sasl_method=LOGIN, sasl_username=amal
//	postfix/smtpd: warning: unknown[192.0.2.1]: SASL LOGIN authentication failed: ...
//	postfix/smtpd: NOQUEUE: reject: RCPT from unknown[192.0.2.1]: 554 5.7.1 ...; from=<a> to=<b> proto=ESMTP helo=<c>
//	postfix/smtp: 4Q1: to=<b@example>, relay=..., delay=1, dsn=2.0.0, status=sent (250 OK)
func (r *Reader) postfix(program, m []byte) {
	rec := r.rec
	if i := bytes.LastIndexByte(program, '/'); i >= 0 {
		rec.Add("component", program[i+1:])
	}
	rest := m
	if id := until(m, ": "); isQueueID(id) && bytes.HasPrefix(m[len(id):], []byte(": ")) {
		rec.Add("queue_id", id)
		rest = m[len(id)+2:]
	}
	word := until(rest, ": =")
	switch string(word) {
	case "warning":
		if before, said, ok := bytes.Cut(rest, []byte(": SASL ")); ok {
			// warning: unknown[192.0.2.1]: SASL LOGIN authentication failed: reason, sasl_username=x
			r.address(before)
			method, why := cutWord(said)
			rec.Add("method", method)
			if reason, ok := after(why, "failed: "); ok {
				rec.Add("reason", reason)
				if name, ok := after(reason, "sasl_username="); ok {
					rec.Add("user", name)
				}
				r.result("login", "failure")
			}
		}
	case "reject", "milter-reject", "reject_warning":
		// reject: RCPT from unknown[192.0.2.1]: 554 ...
		if from, ok := after(rest, " from "); ok {
			r.address(until(from, ";"))
			if reason, ok := after(from, "]: "); ok {
				rec.Add("reason", reason)
			} else if reason, ok := after(from, ": "); ok {
				rec.Add("reason", reason)
			}
		}
		r.result("send", "failure")
		r.pairs(lastPart(rest))
	case "connect", "disconnect", "lost connection", "lost":
		r.address(rest)
		action := "disconnect"
		if string(word) == "connect" {
			action = "connect"
		}
		rec.AddText("action", action)
	case "client":
		// client=name[192.0.2.1], sasl_method=LOGIN, sasl_username=amal
		r.address(rest)
		r.pairs(rest)
		if user, ok := rec.Get("sasl_username"); ok {
			rec.Add("user", user)
			r.result("login", "success")
		} else {
			rec.AddText("action", "connect")
		}
	case "from", "to", "uid", "message-id", "resent-message-id":
		r.pairs(rest)
		if status, ok := rec.Get("status"); ok {
			rec.AddText("action", "send")
			if string(status) == "sent" {
				rec.AddText("result", "success")
			} else {
				rec.AddText("result", "failure")
			}
		}
	case "PREGREET", "HANGUP", "DNSBL", "CONNECT", "PASS", "COMMAND", "BLACKLISTED", "DENYLISTED":
		r.address(rest)
		rec.Add("action", word)
	}
}

// isQueueID tells whether a text may be the name of a message in a queue: hexadecimal digits, or the
// long names without vowels.
func isQueueID(b []byte) bool {
	if string(b) == "NOQUEUE" {
		return true
	}
	if len(b) < 5 || len(b) > 25 {
		return false
	}
	digit := false
	for _, c := range b {
		switch {
		case '0' <= c && c <= '9':
			digit = true
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z':
		default:
			return false
		}
	}
	return digit
}

// lastPart gives what follows the last semicolon.
func lastPart(b []byte) []byte {
	return b[bytes.LastIndexByte(b, ';')+1:]
}

// pairs adds name=value, with or without angle brackets, between blanks or ", ". The text in
// parentheses at the end says what the other server answered.
func (r *Reader) pairs(b []byte) {
	for len(b) > 0 {
		b = bytes.TrimLeft(b, " ,;")
		eq := bytes.IndexByte(b, '=')
		if eq <= 0 {
			return
		}
		name := b[:eq]
		if i := bytes.LastIndexAny(name, " ,;(:"); i >= 0 {
			name = name[i+1:]
		}
		b = b[eq+1:]
		var value []byte
		if len(b) > 0 && b[0] == '<' {
			end := bytes.IndexByte(b, '>')
			if end < 0 {
				end = len(b)
			}
			value, b = b[1:max(end, 1)], b[min(end+1, len(b)):]
		} else {
			value = until(b, " ,;")
			b = b[len(value):]
			if len(b) > 2 && b[0] == ' ' && b[1] == '(' {
				end := bytes.LastIndexByte(b, ')')
				if end < 0 {
					end = len(b)
				}
				r.rec.Add("response", b[2:max(end, 2)])
				b = b[min(end+1, len(b)):]
			}
		}
		if len(name) > 0 && len(name) <= maxPairName {
			r.rec.AddNamed(name, value)
		}
	}
}

// maxPairName is longer than any name that mail servers write.
const maxPairName = 40

// dovecot adds the fields of Dovecot's lines about logins (https://doc.dovecot.org, "Login event
// log lines"):
//
//	imap-login: Login: user=<amal>, method=PLAIN, rip=192.0.2.1, lip=192.0.2.2, mpid=3, TLS, session=<x>
//	imap-login: Disconnected (auth failed, 1 attempts in 6 secs): user=<amal>, method=PLAIN, rip=...
//	auth-worker(14): conn unix:... : pam(amal,192.0.2.1,<session>): unknown user
//	imap(amal)<12><session>: Logged out in=1 out=2
func (r *Reader) dovecot(m []byte) {
	rec := r.rec
	component := until(m, ":( ")
	if len(component) == len(m) {
		return
	}
	rec.Add("component", component)
	switch {
	case bytes.HasSuffix(component, []byte("-login")):
		_, text, _ := bytes.Cut(m, []byte(": "))
		r.dovecotLogin(withoutLevel(text))
	case bytes.HasPrefix(component, []byte("auth")):
		r.dovecotAuth(m)
	case len(component) < len(m) && m[len(component)] == '(':
		// imap(amal)<12><session>: Logged out
		rec.Add("user", until(m[len(component)+1:], "),"))
		if text, ok := after(m, ": "); ok && bytes.HasPrefix(withoutLevel(text), []byte("Logged out")) {
			r.result("logout", "success")
		}
	}
}

// dovecotLogin adds the fields of what login processes say behind their name. What is said stands in
// front of the pairs, in which clients can write what they like.
func (r *Reader) dovecotLogin(text []byte) {
	said := text
	for _, first := range [...]string{"user=<", "rip=", "method="} {
		if at := bytes.Index(text, []byte(first)); at >= 0 {
			said = bytes.TrimRight(text[:at], ": ")
			r.dovecotPairs(text[at:])
			break
		}
	}
	starts := func(with ...string) bool {
		return slices.ContainsFunc(with, func(s string) bool { return bytes.HasPrefix(said, []byte(s)) })
	}
	switch {
	case starts("Login") && len(said) == len("Login"), starts("Logged in"): // 2.4 has the latter
		r.result("login", "success")
	case bytes.Contains(said, []byte("auth failed")), bytes.Contains(said, []byte("(auth_failed")):
		r.result("login", "failure")
		r.rec.Add("reason", said)
	case starts("Disconnected", "Aborted login", "Login aborted"):
		r.rec.AddText("action", "disconnect")
		r.rec.Add("reason", said)
	}
}

// withoutLevel takes off the word by which Dovecot's own log says how bad something is: "Info: ".
func withoutLevel(text []byte) []byte {
	if level, rest, ok := bytes.Cut(text, []byte(": ")); ok && isLevel(level) {
		return rest
	}
	return text
}

// dovecotPairs adds user=<amal>, method=PLAIN, rip=192.0.2.1, ... by the names they stand under, and
// the user and the client by ours.
func (r *Reader) dovecotPairs(b []byte) {
	for len(b) > 0 {
		var pair []byte
		pair, b, _ = bytes.Cut(b, []byte(", "))
		name, value, ok := bytes.Cut(pair, []byte{'='})
		if !ok || len(name) == 0 || len(name) > maxPairName {
			continue
		}
		if len(value) > 1 && value[0] == '<' {
			value = until(value[1:], ">")
		} else {
			value = until(value, " ")
		}
		r.rec.AddNamed(name, value)
		if string(name) == "rip" {
			r.rec.Add("client_ip", value)
		}
	}
}

// dovecotAuth adds the fields of pam(amal,192.0.2.1,<session>): MESSAGE.
func (r *Reader) dovecotAuth(m []byte) {
	for _, driver := range [...]string{"pam(", "sql(", "passwd-file(", "passwd(", "ldap(", "static(", "policy(", "lua(", "shadow(", "login(", "plain("} {
		rest, ok := after(m, driver)
		if !ok {
			continue
		}
		who, text, ok := bytes.Cut(rest, []byte("): "))
		if !ok {
			return
		}
		user, from, ok := bytes.Cut(who, []byte{','})
		if !ok {
			return
		}
		r.rec.AddText("method", driver[:len(driver)-1])
		r.rec.Add("user", user)
		if ip := until(from, ","); lines.IsAddress(ip) {
			r.rec.Add("client_ip", ip)
		}
		r.rec.Add("reason", text)
		for _, failed := range [...]string{"unknown user", "failed", "mismatch", "User not known", "Denied", "disabled", "expired"} {
			if bytes.Contains(text, []byte(failed)) {
				r.result("login", "failure")
				return
			}
		}
		return
	}
}

// exim adds the fields of Exim's lines, which have a time of their own behind that of syslog unless
// syslog_timestamp is off. It says the year, which old forms of syslog leave out.
func (r *Reader) exim(m []byte) {
	stamp, rest, ok := mail.CutTime(m)
	if ok && r.stamp.Year < 0 {
		r.rec.Event.Time = r.times.Time(&stamp)
	}
	mail.ParseExim(r.rec, rest)
}

// saslauthd adds the fields of what saslauthd(8) says about logins:
//
//	do_auth         : auth failure: [user=amal] [service=smtp] [realm=] [mech=pam] [reason=PAM auth error]
//	auth_zimbra: amal@example auth failed: authentication failed for [amal@example]
func (r *Reader) saslauthd(m []byte) {
	rec := r.rec
	if rest, ok := bytes.CutPrefix(m, []byte("auth_zimbra: ")); ok {
		if user, reason, ok := bytes.Cut(rest, []byte(" auth failed: ")); ok {
			rec.Add("user", user)
			rec.Add("reason", reason)
			r.result("login", "failure")
		} else if user, ok := bytes.CutSuffix(rest, []byte(" auth OK")); ok {
			rec.Add("user", user)
			r.result("login", "success")
		}
		return
	}
	if !bytes.HasPrefix(m, []byte("do_auth ")) {
		return
	}
	rest, ok := after(m, ": auth ")
	if !ok {
		return
	}
	said, rest, ok := bytes.Cut(rest, []byte(": [user="))
	if !ok {
		return
	}
	// The user is what the client gave: what saslauthd says of it is looked for from behind.
	for _, name := range [...]struct{ theirs, ours string }{{"reason", "reason"}, {"mech", "method"}, {"realm", "realm"}, {"service", "service"}} {
		if at := bytes.LastIndex(rest, []byte("] ["+name.theirs+"=")); at >= 0 {
			if value := rest[at+len("] [=")+len(name.theirs):]; len(value) > 1 {
				rec.Add(name.ours, bytes.TrimSuffix(value, []byte{']'}))
			}
			rest = rest[:at]
		}
	}
	rec.Add("user", bytes.TrimSuffix(rest, []byte{']'}))
	if string(said) == "failure" {
		r.result("login", "failure")
	} else {
		r.result("login", "success")
	}
}
