package ncsa

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"aldebaran/event"
	"aldebaran/evidence/lines"
)

// corpus gives the folder of the shared corpus, or skips: it cannot be part of the repository.
func corpus(t testing.TB) string {
	dir := os.Getenv("ALDEBARAN_CORPUS")
	if dir == "" {
		t.Skip("ALDEBARAN_CORPUS does not name the corpus")
	}
	return dir
}

func readEvents(t *testing.T, log []byte) ([]*event.Event, event.Report) {
	t.Helper()
	f, err := Open(bytes.NewReader(log), int64(len(log)), "test.log", lines.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var events []*event.Event
	report, err := NewReader(lines.Options{}).Read(f, f.log.Units(0)[0], func(e *event.Event) bool {
		events = append(events, e.Clone())
		return true
	})
	if err != nil {
		t.Fatal(err)
	}
	return events, report
}

func mustRead(t *testing.T, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

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

// crowdsecLine is what is asserted of one line.
type crowdsecLine struct {
	parsed  map[string]string
	success bool
}

// TestCrowdsec holds every line of CrowdSec's tests for Apache, nginx, BunkerWeb, Traefik and
// LiteSpeed against what their parsers find in it: a line that theirs read is an event here, with
// the same values.
func TestCrowdsec(t *testing.T) {
	asserts, err := filepath.Glob(filepath.Join(corpus(t), "logs/crowdsec/*/*/parser.assert"))
	if err != nil || len(asserts) == 0 {
		t.Fatalf("no assertions: %v", err)
	}
	parser := regexp.MustCompile(`(?m)^results\["s01-parse"\]\["[a-z0-9]+/(nginx|apache2|bunkerweb|traefik|litespeed|nginx-proxy-manager)-logs"\]\[(\d+)\]\.(Success == true|Evt\.Parsed\["(\w+)"\] == (".*"))$`)
	raw := regexp.MustCompile(`(?m)^results\["s00-raw"\]\["[a-z0-9]+/(?:non-syslog|syslog-logs|cri-logs|docker-logs)"\]\[(\d+)\]\.Evt\.Parsed\["message"\] == (".*")$`)
	// LiteSpeed's own log stands beside its access log and is not of this format.
	litespeedError := regexp.MustCompile(`^\d{4}-\d\d-\d\d \S+ \[(NOTICE|INFO)\]`)
	files, events, values := 0, 0, 0
	reasons := map[string]int{}
	for _, path := range asserts {
		text := mustRead(t, path)
		found := parser.FindAllSubmatch(text, -1)
		if len(found) == 0 {
			continue
		}
		name := filepath.Base(filepath.Dir(path))
		messages := map[string]string{}
		for _, m := range raw.FindAllSubmatch(text, -1) {
			if s, err := strconv.Unquote(string(m[2])); err == nil {
				messages[string(m[1])] = s
			}
		}
		wanted := map[string]*crowdsecLine{}
		for _, m := range found {
			l := wanted[string(m[2])]
			if l == nil {
				l = &crowdsecLine{parsed: map[string]string{}}
				wanted[string(m[2])] = l
			}
			if m[4] == nil {
				l.success = true
				continue
			}
			s, err := strconv.Unquote(string(m[5]))
			if err != nil {
				t.Fatalf("%s: %s: %v", name, m[5], err)
			}
			l.parsed[string(m[4])] = s
		}
		files++
		for i, l := range wanted {
			message, ok := messages[i]
			if !l.success || !ok || strings.HasPrefix(message, "{") {
				continue // Traefik's and nginx's JSON is another reader's
			}
			got, report := readEvents(t, []byte(message))
			if litespeedError.MatchString(message) {
				if len(got) != 0 {
					t.Errorf("%s: line %s is taken: %s", name, i, message)
				}
				continue
			}
			if len(got) != 1 || len(report.Damage) > 0 {
				t.Errorf("%s: line %s: %d events, %v: %s", name, i, len(got), report.Damage, message)
				continue
			}
			events++
			if e := got[0]; e.Category == "webserver" || e.Category == "proxy" {
				for field, want := range l.parsed {
					ours := crowdsecNames[field]
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
							t.Errorf("%s: line %s: %s = %q, want %q", name, i, ours, text, want)
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
	root := corpus(t)
	for _, pattern := range []string{
		"logs/crowdsec/web/*/*.log", "logs/lnav/logfile_access_log*", "logs/web/webshell-jsp/*_access_log.txt", "logs/plaso/*_access*.log",
	} {
		logs, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil || len(logs) == 0 {
			t.Fatalf("%s: no logs: %v", pattern, err)
		}
		read := 0
		for _, path := range logs {
			log := mustRead(t, path)
			if !Sniff(log[:min(len(log), 4<<10)]) {
				continue
			}
			want := 0
			for line := range bytes.Lines(log) {
				if len(bytes.TrimSpace(line)) > 0 {
					want++
				}
			}
			read++
			events, report := readEvents(t, log)
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
	dir := filepath.Join(corpus(t), "logs/plaso")
	var expected map[string][]struct {
		Events int `json:"number_of_event_data"`
		Chosen []struct {
			Index  int            `json:"index"`
			Values map[string]any `json:"values"`
		} `json:"events"`
	}
	if err := json.Unmarshal(mustRead(t, filepath.Join(dir, "expected.json")), &expected); err != nil {
		t.Fatal(err)
	}
	names := map[string]string{
		"http_request_method": "cs-method", "http_request_referer": "cs-referer", "http_request_uri": "cs-uri-stem", "http_request_user_agent": "cs-user-agent",
		"http_response_bytes": "sc-bytes", "http_response_code": "sc-status", "http_version": "cs-version", "remote_name": "c-ip",
		"thread_name": "thread", "username": "cs-username", "forwarded_for": "x-forwarded-for", "process_duration": "time-taken",
	}
	files := 0
	for name, sets := range expected {
		if !strings.Contains(name, "_access") || strings.HasPrefix(name, "aws") {
			continue
		}
		files++
		events, _ := readEvents(t, mustRead(t, filepath.Join(dir, name)))
		for _, set := range sets {
			if len(events) != set.Events {
				t.Fatalf("%s: %d events, want %d", name, len(events), set.Events)
			}
			for _, c := range set.Chosen {
				e := events[c.Index]
				for field, want := range c.Values {
					switch field {
					case "data_type":
					case "recorded_time":
						if when, err := time.Parse(time.RFC3339, want.(string)); err != nil || !when.Equal(e.Time) {
							t.Errorf("%s: event %d: time %v, want %v", name, c.Index, e.Time, want)
						}
					default:
						text := ""
						if want != nil {
							text = fmt.Sprint(want)
						}
						if field == "process_duration" {
							text += "ms" // as it is written
						}
						if got := e.Text(names[field]); names[field] == "" || got != text {
							t.Errorf("%s: event %d: %s = %q, want %q", name, c.Index, field, got, text)
						}
					}
				}
			}
		}
	}
	if files == 0 {
		t.Error("plaso's list has no access logs")
	}
}

// TestWazuh: every line of Wazuh's tests for web servers is read, but for those that are in W3C's
// format, are no lines of a web server, or were shortened by those who wrote the tests.
func TestWazuh(t *testing.T) {
	dir := filepath.Join(corpus(t), "logs/wazuh/tests")
	refused := []string{
		"2015-0", // W3C
		"[error] [client 66.31.142.16] File does not exist", // no time
	}
	n := 0
	for _, name := range []string{"apache.ini", "nginx.ini", "web_appsec.ini", "web_rules.ini"} {
		for _, m := range regexp.MustCompile(`(?m)^log \d+ pass = (.*)$`).FindAllSubmatch(mustRead(t, filepath.Join(dir, name)), -1) {
			line := string(bytes.TrimSpace(m[1]))
			events, report := readEvents(t, []byte(line))
			n++
			if slices.ContainsFunc(refused, func(p string) bool { return strings.HasPrefix(line, p) }) {
				if len(events) != 0 {
					t.Errorf("%s: %q is taken", name, line)
				}
				continue
			}
			if len(events) != 1 || len(report.Damage) > 0 {
				t.Errorf("%s: %q: %d events, %v", name, line, len(events), report.Damage)
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
	events, _ := readEvents(t, mustRead(t, filepath.Join(corpus(t), "logs/web/webshell-jsp/web_attack_and_isp_webshell_localhost_access_log.txt")))
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
