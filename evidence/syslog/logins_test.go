package syslog_test

import (
	"strings"
	"testing"
)

// TestMailLogins: who logged in to mail servers, and from where, in the forms of their versions.
func TestMailLogins(t *testing.T) {
	for _, c := range []struct{ line, want string }{
		{"Mar  1 08:00:00 synth01 dovecot: imap-login: Login: user=<amal>, method=PLAIN, rip=192.0.2.7, lip=192.0.2.1, mpid=3, TLS",
			"dovecot/mail/ amal 192.0.2.7 login success "},
		{"Mar  1 08:00:00 synth01 dovecot[7]: imap-login: Logged in: user=<amal>, method=PLAIN, rip=2001:db8::7, lip=192.0.2.1, TLS",
			"dovecot/mail/ amal 2001:db8::7 login success "},
		{"Mar  1 08:00:00 synth01 dovecot: pop3-login: Login aborted: Logged out (auth failed, 3 attempts in 5 secs) (auth_failed): user=<amal>, rip=192.0.2.7",
			"dovecot/mail/ amal 192.0.2.7 login failure Login aborted: Logged out (auth failed, 3 attempts in 5 secs) (auth_failed)"},
		{"Mar  1 08:00:00 synth01 dovecot: imap-login: Disconnected: Inactivity (no auth attempts in 60 secs): user=<(auth failed)>, rip=192.0.2.7",
			"dovecot/mail/ (auth failed) 192.0.2.7 disconnect  Disconnected: Inactivity (no auth attempts in 60 secs)"},
		// Dovecot's own log.
		{"Mar 01 08:00:00 imap-login: Info: Login: user=<amal>, method=PLAIN, rip=192.0.2.7, lip=192.0.2.1, TLS",
			"dovecot/mail/ amal 192.0.2.7 login success "},
		{"2026-03-01 08:00:00 pop3-login: Info: Aborted login (auth failed, 1 attempts in 2 secs): user=<amal>, rip=192.0.2.7",
			"dovecot/mail/ amal 192.0.2.7 login failure Aborted login (auth failed, 1 attempts in 2 secs)"},
		{"Mar 01 08:00:00 Info: imap-login: Login: user=<amal>, rip=192.0.2.7", "dovecot/mail/ amal 192.0.2.7 login success "},
		{"Mar 01 08:00:00 imap(amal)<7><AAbb>: Info: Logged out in=54 out=768", "dovecot/mail/ amal  logout success "},
		{"Mar 01 08:00:00 auth-worker(7): Info: passwd-file(amal,192.0.2.7): Password mismatch", "dovecot/mail/ amal 192.0.2.7 login failure Password mismatch"},
		// Exim, with a time of its own or without.
		{"Mar  1 08:00:00 synth01 exim[7]: 2026-03-01 08:00:00 dovecot_login authenticator failed for ([192.0.2.9]) [192.0.2.7]:5432: 535 Incorrect authentication data (set_id=amal@example.org)",
			"exim/mail/ amal@example.org 192.0.2.7 login failure "},
		{"Mar  1 08:00:00 synth01 exim[7]: 1o6YQz-0003Xk-7C <= amal@example.org H=synth.test [192.0.2.7]:5432 P=esmtpsa A=plain:amal S=12",
			"exim/mail/ amal 192.0.2.7 login success "},
		{"Mar  1 08:00:00 synth01 exim[7]: 1o6YQz-0003Xk-7C => b@example.org R=dnslookup T=remote_smtp H=mx.test [192.0.2.8]:25",
			"exim/mail/   send success "},
		// saslauthd.
		{"Mar  1 08:00:00 synth01 saslauthd[7]: do_auth         : auth failure: [user=amal] [service=smtp] [realm=] [mech=pam] [reason=PAM auth error]",
			"linux//auth amal  login failure PAM auth error"},
		{"Mar  1 08:00:00 synth01 saslauthd[7]: do_auth         : auth failure: [user=a] [user=b] [service=smtp] [realm=synth.test] [mech=pam] [reason=PAM auth error]",
			"linux//auth a] [user=b  login failure PAM auth error"},
		{"Mar  1 08:00:00 synth01 saslauthd[7]: auth_zimbra: amal@example.org auth failed: authentication failed for [amal@example.org]",
			"linux//auth amal@example.org  login failure authentication failed for [amal@example.org]"},
		{"Mar  1 08:00:00 synth01 saslauthd[7]: auth_zimbra: amal@example.org auth OK", "linux//auth amal@example.org  login success "},
		{"Mar  1 08:00:00 synth01 saslauthd[7]: do_request      : NULL password received", "linux//auth     "},
	} {
		format().Sniffs(t, true, c.line+"\n")
		events, _ := format().Events(t, []byte(c.line+"\n"))
		if len(events) != 1 {
			t.Fatalf("%s: %d events, want 1", c.line, len(events))
		}
		e := events[0]
		got := []string{strings.Join([]string{e.Product, e.Category, e.Service}, "/")}
		for _, name := range [...]string{"user", "client_ip", "action", "result", "reason"} {
			v, _ := e.Get(name)
			got = append(got, v.String())
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s\n got %s\nwant %s", c.line, strings.Join(got, " "), c.want)
		}
	}
	format().Sniffs(t, false, "2026-03-01 08:00:00 worker: Info: Login: user=<amal>\n", "2026-03-01 08:00:00 Info: a message\n")
}

// TestEximYear: Exim's own time says the year.
func TestEximYear(t *testing.T) {
	events, _ := format().Events(t, []byte("Mar  1 08:00:00 synth01 exim[7]: 2019-03-01 08:00:00 SMTP connection from [192.0.2.7] lost\n"+
		"2026-03-01T08:00:00+02:00 synth01 exim[7]: 2026-03-01 08:00:00 SMTP connection from [192.0.2.7] lost\n"))
	want := []string{"2019-03-01T08:00:00Z", "2026-03-01T06:00:00Z"}
	for i, e := range events {
		if got := e.Time.UTC().Format("2006-01-02T15:04:05Z07:00"); got != want[i] {
			t.Errorf("event %d: %s, want %s", i, got, want[i])
		}
	}
}
