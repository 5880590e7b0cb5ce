package ncsa

import (
	"bytes"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"aldebaran/corpustest"
	"aldebaran/event"
	"aldebaran/evidence/readertest"
)

// crowdsecNames are the fields by CrowdSec's names.
var crowdsecNames = map[string]string{
	"remote_addr": "c-ip", "clientip": "c-ip", "verb": "cs-method", "request": "cs-uri", "status": "sc-status", "response": "sc-status",
	"body_bytes_sent": "sc-bytes", "bytes": "sc-bytes", "http_user_agent": "cs-user-agent", "http_referer": "cs-referer", "referrer": "cs-referer",
	"remote_user": "cs-username", "auth": "cs-username", "http_version": "cs-version", "httpversion": "cs-version", "target_fqdn": "cs-host",
	"request_id": "request-id", "module": "module", "loglevel": "level", "apache2_level": "level",
}

// differs says why a value may differ from that of CrowdSec's parsers, "" if it may not.
func differs(field, want, got string) string {
	switch {
	case want == "-" && got == "":
		return "a hyphen is no value"
	case field == "cs-version" && "HTTP/"+want == got:
		return "the version is kept with its protocol"
	case field == "cs-host" && strings.HasPrefix(want, got+":"):
		return "the port is a field of its own"
	case field == "cs-username" && unescaped(want) == got, field == "cs-user-agent" && unescaped(want) == got, field == "cs-referer" && unescaped(want) == got:
		return "texts of the client are unescaped"
	case field == "cs-uri" && strings.HasPrefix(got, want):
		return "CrowdSec leaves out what stands behind a blank"
	}
	return ""
}

func unescaped(s string) string {
	var p parser
	return string(p.unescape([]byte(s)))
}

// A crowdsecLine is what is asserted of one line.
type crowdsecLine struct {
	message string
	parsed  []readertest.Assertion
	success bool
}

// crowdsecLines gives what is asserted of a web server's log; ours says that it is one.
func crowdsecLines(t *testing.T, path string) (found map[int]*crowdsecLine, ours bool) {
	t.Helper()
	parser := regexp.MustCompile(`/(nginx|apache2|bunkerweb|traefik|litespeed|nginx-proxy-manager)-logs$`)
	raw := regexp.MustCompile(`/(non-syslog|syslog-logs|cri-logs|docker-logs)$`)
	found = map[int]*crowdsecLine{}
	for _, a := range readertest.Assertions(t, path) {
		l := found[a.Line]
		if l == nil {
			l = &crowdsecLine{}
			found[a.Line] = l
		}
		switch {
		case a.Stage == "s00-raw" && raw.MatchString(a.Parser) && a.Field == "message":
			l.message = a.Value
		case a.Stage == "s01-parse" && parser.MatchString(a.Parser):
			ours = true
			l.success = l.success || a.Kind == "Success"
			if a.Kind == "Parsed" {
				l.parsed = append(l.parsed, a)
			}
		}
	}
	return found, ours
}

// TestCrowdsec holds every line of CrowdSec's tests for Apache, nginx, BunkerWeb, Traefik and
// LiteSpeed against what their parsers find in it: a line that theirs read is an event here, with
// the same values.
func TestCrowdsec(t *testing.T) {
	// LiteSpeed's own log stands beside its access log and is not of this format.
	litespeedError := regexp.MustCompile(`^\d{4}-\d\d-\d\d \S+ \[(NOTICE|INFO)\]`)
	files, events, values := 0, 0, 0
	reasons := map[string]int{}
	for _, path := range corpustest.Glob(t, "logs/crowdsec/*/*/parser.assert") {
		found, ours := crowdsecLines(t, path)
		if !ours {
			continue
		}
		files++
		name := filepath.Base(filepath.Dir(path))
		for i, l := range found {
			if !l.success || l.message == "" || strings.HasPrefix(l.message, "{") {
				continue // Traefik's and nginx's JSON is another reader's
			}
			var got []*event.Event
			report := format().Each(t, []byte(l.message), func(e *event.Event) { got = append(got, e.Clone()) })
			if litespeedError.MatchString(l.message) {
				if len(got) != 0 {
					t.Errorf("%s: line %d is taken: %s", name, i, l.message)
				}
				continue
			}
			if len(got) != 1 || len(report.Damage) > 0 {
				t.Errorf("%s: line %d: %d events, %v: %s", name, i, len(got), report.Damage, l.message)
				continue
			}
			events++
			if e := got[0]; e.Category == "webserver" || e.Category == "proxy" {
				for _, a := range l.parsed {
					ours, want := crowdsecNames[a.Field], a.Value
					if ours == "" {
						continue
					}
					text := e.Text(ours)
					if ours == "cs-uri" && text == "" {
						// It is only there if it is more than path and query.
						if text = e.Text("cs-uri-stem"); e.Text("cs-uri-query") != "" {
							text += "?" + e.Text("cs-uri-query")
						}
					}
					if text != want {
						reason := differs(ours, want, text)
						if reason == "" {
							t.Errorf("%s: line %d: %s = %q, want %q", name, i, ours, text, want)
						}
						reasons[reason]++
					}
					values++
				}
			}
		}
	}
	t.Logf("%d logs, %d events, %d values; differences: %v", files, events, values, reasons)
	if files < 5 || values < 300 {
		t.Errorf("only %d logs and %d values were compared", files, values)
	}
}

// TestWholeLogs: in logs of web servers no line is left over, of those that are recognised.
func TestWholeLogs(t *testing.T) {
	for _, pattern := range []string{
		"logs/crowdsec/web/*/*.log", "logs/lnav/logfile_access_log*", "logs/web/webshell-jsp/*_access_log.txt", "logs/plaso/*_access*.log",
	} {
		logs := corpustest.Glob(t, pattern)
		read := 0
		for _, path := range logs {
			log := corpustest.Load(t, path)
			if !format().Recognises(log) {
				continue
			}
			want := 0
			for line := range bytes.Lines(log) {
				if len(bytes.TrimSpace(line)) > 0 {
					want++
				}
			}
			read++
			events, report := format().Read(t, log)
			if len(events) != want || len(report.Damage) > 0 {
				t.Errorf("%s: %d events, want %d: %v", path, len(events), want, report.Damage)
			}
		}
		if read*2 < len(logs) {
			t.Errorf("%s: only %d of %d logs are recognised", pattern, read, len(logs))
		}
	}
}

// TestPlaso: Atlassian's access logs, with plaso's values.
func TestPlaso(t *testing.T) {
	names := map[string]string{
		"http_request_method": "cs-method", "http_request_referer": "cs-referer", "http_request_uri": "cs-uri-stem", "http_request_user_agent": "cs-user-agent",
		"http_response_bytes": "sc-bytes", "http_response_code": "sc-status", "http_version": "cs-version", "remote_name": "c-ip",
		"thread_name": "thread", "username": "cs-username", "forwarded_for": "x-forwarded-for", "process_duration": "time-taken",
	}
	mine := func(file string) bool { return strings.Contains(file, "_access") && !strings.HasPrefix(file, "aws") }
	format().Plaso(t, mine, func(e *event.Event, field, want string) (string, bool) {
		switch field {
		case "data_type":
			return "", false
		case "recorded_time":
			return readertest.TimeAs(e.Time, want), true
		case "process_duration":
			return strings.TrimSuffix(e.Text("time-taken"), "ms"), true
		}
		if names[field] == "" {
			t.Errorf("plaso's field %s has no name here", field)
		}
		return e.Text(names[field]), true
	})
}

// TestWazuh: every line of Wazuh's tests for web servers is read, but for those that are in W3C's
// format, are no lines of a web server, or were shortened by those who wrote the tests.
func TestWazuh(t *testing.T) {
	refused := []string{
		"2015-0", // W3C
		"[error] [client 66.31.142.16] File does not exist", // no time
	}
	n := 0
	for _, pattern := range []string{"apache.ini", "nginx.ini", "web_appsec.ini", "web_rules.ini"} {
		for _, line := range readertest.Wazuh(t, pattern) {
			events, report := format().Read(t, line)
			n++
			if slices.ContainsFunc(refused, func(p string) bool { return strings.HasPrefix(string(line), p) }) {
				if len(events) != 0 {
					t.Errorf("%s: %q is taken", pattern, line)
				}
				continue
			}
			if len(events) != 1 || len(report.Damage) > 0 {
				t.Errorf("%s: %q: %d events, %v", pattern, line, len(events), report.Damage)
			}
		}
	}
	if n < 20 {
		t.Errorf("only %d lines", n)
	}
}

// TestWebshell: the chain that is known to be in this log: the manager application is tried and
// entered, and a shell is used.
func TestWebshell(t *testing.T) {
	events, _ := format().Events(t, corpustest.Read(t, "logs/web/webshell-jsp/web_attack_and_isp_webshell_localhost_access_log.txt"))
	var refused, entered, shell time.Time
	for _, e := range events {
		switch path := e.Text("cs-uri-stem"); {
		case strings.HasPrefix(path, "/manager/html") && e.Text("sc-status") == "401" && refused.IsZero():
			refused = e.Time
		case strings.HasPrefix(path, "/manager/html") && e.Text("sc-status") == "200" && entered.IsZero():
			entered = e.Time
		case path == "/error/cmd.jsp" && e.Text("cs-method") == "POST" && shell.IsZero():
			shell = e.Time
		}
	}
	if refused.IsZero() || entered.Before(refused) || shell.Before(entered) {
		t.Errorf("refused %v, entered %v, shell %v: want them in that order", refused, entered, shell)
	}
}
