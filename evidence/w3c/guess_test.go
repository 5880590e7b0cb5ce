package w3c

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestNoDirectives: the lines are synthetic; the columns are those that public samples of logs have
// which were cut, or sent on line by line by an agent.
func TestNoDirectives(t *testing.T) {
	const agent = "Mozilla/5.0+(X11)"
	for _, c := range []struct {
		name  string
		lines []string
		want  string // the names of the columns of the last line
	}{
		{"IIS 6", []string{"192.0.2.1 GET /a - 443 - 192.0.2.2 " + agent + " 200 0 0"},
			"s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) sc-status sc-substatus sc-win32-status"},
		{"IIS 8", []string{"192.0.2.1 GET /a - 443 - 192.0.2.2 " + agent + " - 200 0 0 7"},
			"s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) cs(Referer) sc-status sc-substatus sc-win32-status time-taken"},
		{"everything", []string{"W3SVC2 SYNTH01 192.0.2.1 GET /a b=1 443 - 192.0.2.2 HTTP/1.1 " + agent + " c=1;+d=2 https://synth.test/ synth.test 200 0 0 346 306 15 198.51.100.7,192.0.2.9"},
			"s-sitename s-computername s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs-version cs(User-Agent) cs(Cookie) cs(Referer) cs-host sc-status sc-substatus sc-win32-status sc-bytes cs-bytes time-taken x-forwarded-for"},
		{"name of the machine, back end", []string{"synth01 fe80::1%3 POST /mapi/emsmdb/ x=1@synth.test 444 Anonymous fe80::1%3 " + agent + " - 200 0 0 4 192.0.2.7 36391"},
			"s-computername s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) cs(Referer) sc-status sc-substatus sc-win32-status time-taken x-forwarded-for column18"},
		{"site, no address of the server", []string{"W3SVC1 GET / - 80 - 192.0.2.2 " + agent + " - - synth.test 200 0 0 123 456 789"},
			"s-sitename cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) cs(Cookie) cs(Referer) cs-host sc-status sc-substatus sc-win32-status sc-bytes cs-bytes time-taken"},
		{"version and host", []string{"W3SVC1 192.0.2.1 GET /a b=200 443 - 192.0.2.2 HTTP/2.0 " + agent + " - synth.test 200 0 0 34018 303 46"},
			"s-sitename s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs-version cs(User-Agent) cs(Referer) cs-host sc-status sc-substatus sc-win32-status sc-bytes cs-bytes time-taken"},
		{"cookie and host: a line tells what one before it left open", []string{
			"192.0.2.1 GET / - 80 - 192.0.2.2 " + agent + " a=1 synth.test 200 0 0 23",
			"192.0.2.1 GET / - 80 - 192.0.2.2 " + agent + " - synth.test 200 0 0 23"},
			"s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) cs(Cookie) cs-host sc-status sc-substatus sc-win32-status time-taken"},
		{"an address that was made unreadable", []string{"10.x.x.x POST /a - 443 - 192.0.2.2 " + agent + " - 200 0 0 7"},
			"s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) cs(Referer) sc-status sc-substatus sc-win32-status time-taken"},
		{"one of the numbers of bytes: no telling which", []string{"192.0.2.1 GET /a - 443 - 192.0.2.2 " + agent + " 200 0 0 512 7"},
			"s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) sc-status sc-substatus sc-win32-status column14 column15"},
		{"FTP", []string{"192.0.2.2 synth 192.0.2.1 21 ControlChannelClosed - - 0 0 8124db49-68d2-461c-a95b-d92ad1e8af15 -"},
			"c-ip cs-username s-ip s-port cs-method cs-uri-stem sc-status sc-win32-status sc-substatus x-session x-fullpath"},
		{"HTTPERR", []string{`192.0.2.2 12345 192.0.2.1 443 HTTP/1.1 GET /..\..\a 403 - Forbidden -`},
			"c-ip c-port s-ip s-port cs-version cs-method cs-uri sc-status s-siteid s-reason s-queuename"},
		{"HTTPERR with streams", []string{`192.0.2.2 12345 192.0.2.1 443 HTTP/2.0 GET /a 5 404 - NotFound -`},
			"c-ip c-port s-ip s-port cs-version cs-method cs-uri streamid sc-status s-siteid s-reason s-queuename"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var before guess
			var log strings.Builder
			for _, line := range c.lines {
				before = guessColumns([]byte("2026-03-01 01:02:03 "+line), before)
				log.WriteString("2026-03-01 01:02:03 " + line + "\n")
			}
			if diff := cmp.Diff(strings.Fields("date time "+c.want), before.names); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if !Sniff([]byte(log.String())) {
				t.Error("not recognised")
			}
			events, report := format().Read(t, []byte(log.String()))
			if len(events) != len(c.lines) || len(report.Damage) != 1 {
				t.Errorf("%d events, %d damaged places; want %d, and 1 that tells of the directives", len(events), len(report.Damage), len(c.lines))
			}
		})
	}
}

// TestNoDirectivesMixed: pieces of logs of two servers, and a line between them.
func TestNoDirectivesMixed(t *testing.T) {
	log := "2026-03-01 01:02:03 192.0.2.1 GET /a - 443 - 192.0.2.2 curl/8 - 200 0 0 7\n-----\n" +
		"2026-03-01 01:02:04 W3SVC1 192.0.2.1 GET /b - 443 - 192.0.2.3 curl/8 - 404 0 2 9\n" +
		"#Fields: date time sc-status\n2026-03-01 01:02:05 200\n"
	events, report := format().Read(t, []byte(log))
	want := []string{
		"2026-03-01T01:02:03Z /webserver/iis date=2026-03-01 time=01:02:03 s-ip=192.0.2.1 cs-method=GET cs-uri-stem=/a cs-uri-query=<null> s-port=443 cs-username=<null> c-ip=192.0.2.2 cs-user-agent=curl/8 cs-referer=<null> sc-status=200 sc-substatus=0 sc-win32-status=0 time-taken=7",
		"2026-03-01T01:02:04Z /webserver/iis date=2026-03-01 time=01:02:04 s-sitename=W3SVC1 s-ip=192.0.2.1 cs-method=GET cs-uri-stem=/b cs-uri-query=<null> s-port=443 cs-username=<null> c-ip=192.0.2.3 cs-user-agent=curl/8 cs-referer=<null> sc-status=404 sc-substatus=0 sc-win32-status=2 time-taken=9",
		"2026-03-01T01:02:05Z /webserver/iis date=2026-03-01 time=01:02:05 sc-status=200",
	}
	if diff := cmp.Diff(want, events); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if len(report.Damage) != 2 {
		t.Errorf("%d damaged places, want 2: no directives, and the line between", len(report.Damage))
	}
}

func TestNotGuessed(t *testing.T) {
	for _, line := range []string{
		"2026-03-01 01:02:03 192.0.2.1 GET /a - x - 192.0.2.2 curl 200 0 0 7",        // no port
		"2026-03-01 01:02:03 192.0.2.1 W3SVC1 GET /a - 443 - 192.0.2.2 curl 200 0 0", // not IIS's order
		"2026-03-01 01:02:03 INFO /a/b c 12 d e f g h i 1",                           // no status
		"2026-03-01 01:02:03 1 2 3 4 5 6 7 8 9 10 11 12",
		"2026-03-01 01:02:03,123 192.0.2.1 GET /a - 443 - 192.0.2.2 curl 200 0 0 7",
		"2026-03-01 01:02:03",
		"2026-03-01 01:02:03 192.0.2.1 GET /a",
	} {
		if g := guessColumns([]byte(line), guess{}); g.names != nil {
			t.Errorf("guessColumns(%q) = %q, want none", line, g.names)
		}
	}
}
