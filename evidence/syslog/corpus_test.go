package syslog_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"aldebaran/event"
	"aldebaran/evidence/auditd"
	"aldebaran/evidence/mail"
	"aldebaran/evidence/record/recordtest"
	"aldebaran/evidence/syslog"
)

// corpus is the folder of real logs beside the repository.
func corpus(t *testing.T, parts ...string) string {
	t.Helper()
	dir := os.Getenv("ALDEBARAN_CORPUS")
	if dir == "" {
		t.Skip("ALDEBARAN_CORPUS is not set")
	}
	return filepath.Join(append([]string{dir, "logs"}, parts...)...)
}

// An expectation is one line of CrowdSec's parser.assert: what its parser of some stage made of a
// line of the log.
type expectation struct {
	line         int
	field, value string
}

var assertion = regexp.MustCompile(`^results\["s0[01][^"]*"\]\["([^"]+)"\]\[(\d+)\]\.Evt\.(Parsed|Meta)\["([^"]+)"\] == (".*")$`)

// expectations reads what is expected of the syslog header ("crowdsecurity/syslog-logs") and of the
// programs' messages (all others).
func expectations(t *testing.T, path string) (header, message []expectation) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, nil
	}
	for line := range strings.Lines(string(text)) {
		m := assertion.FindStringSubmatch(strings.TrimSpace(line))
		if m == nil {
			continue
		}
		n, err := strconv.Atoi(m[2])
		if err != nil {
			t.Fatal(err)
		}
		value, err := strconv.Unquote(m[5])
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		x := expectation{n, m[4], value}
		switch {
		case m[1] == "crowdsecurity/syslog-logs":
			header = append(header, x)
		case m[3] == "Meta":
			message = append(message, x)
		}
	}
	return header, message
}

// TestCrowdSec holds the reader against the tests of CrowdSec's parsers.
func TestCrowdSec(t *testing.T) {
	dirs, err := filepath.Glob(filepath.Join(corpus(t, "crowdsec"), "*", "*"))
	if err != nil {
		t.Fatal(err)
	}
	// The names that CrowdSec gives to fields, and ours.
	compared := map[string][]string{
		"program": {"program"}, "pid": {"pid"}, "message": {"message"}, "machine": {"host"},
		"source_ip":   {"client_ip", "src_ip"},
		"target_user": {"user", "target_user"}, "user": {"user", "target_user"}, "username": {"user", "target_user"},
	}
	explained := map[string]string{
		"endlessh-logs.log":        "messages of this program are not taken apart",
		"jellyfin-syslog-logs.log": "messages of this program are not taken apart",
		"harbor-logs.log":          "messages of this program are not taken apart",
		"dockge.log":               "messages of this program are not taken apart",
		"radarr-logs.log":          "messages of this program are not taken apart",
		"wireguard-logs.log":       "of the kernel's messages only netfilter's are taken apart",
		"pam-logs.log":             "the user of pam_tally2 stays in pam_message",
		"CVE-2021-4034.log":        "pkexec's messages are not taken apart",
		"haproxy-logs.log":         "haproxy's lines are those of access logs, which stay messages in syslog",
		"sshd-logs.log":            "::ffff:192.168.1.1 is kept as it was written",
		"unifi-logs.log":           "CrowdSec counts lines anew for each of its parsers",
	}
	found := map[string]bool{}
	logs, n := 0, 0
	for _, dir := range dirs {
		files, err := filepath.Glob(filepath.Join(dir, "*.log"))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if !syslog.Sniff(data) || mail.Sniff(data) || auditd.Sniff(data) {
				continue
			}
			logs++
			var events []*event.Event
			format().Each(t, data, func(e *event.Event) { events = append(events, e.Clone()) })
			format().Check(t, data)
			header, message := expectations(t, filepath.Join(dir, "parser.assert"))
			for _, x := range slices.Concat(header, message) {
				names := compared[x.field]
				if names == nil || x.line >= len(events) {
					continue
				}
				n++
				e := events[x.line]
				if slices.ContainsFunc(names, func(name string) bool { return e.Text(name) == x.value }) {
					continue
				}
				if why, ok := explained[filepath.Base(file)]; ok && why != "" {
					found[filepath.Base(file)] = true
					continue
				}
				t.Errorf("%s:%d: %q of %s, CrowdSec has %s = %q", filepath.Base(file), x.line, names, recordtest.Show(e), x.field, x.value)
			}
		}
	}
	for file := range explained {
		if !found[file] {
			t.Errorf("%s is as CrowdSec has it: nothing to explain", file)
		}
	}
	t.Logf("%d logs, %d values compared", logs, n)
}

// TestPlaso holds the reader against the tests of plaso's parser.
func TestPlaso(t *testing.T) {
	text, err := os.ReadFile(corpus(t, "plaso", "expected.json"))
	if err != nil {
		t.Fatal(err)
	}
	type expected struct {
		Source string
		Count  int `json:"number_of_event_data"`
		Events []struct {
			Index  int
			Values map[string]any
		}
	}
	var all map[string][]expected
	if err := json.Unmarshal(text, &all); err != nil {
		t.Fatal(err)
	}
	names := map[string]string{
		"hostname": "host", "reporter": "program", "message_identifier": "msgid", "ip_address": "client_ip", "port": "client_port",
	}
	logs, compared := 0, 0
	for file, tests := range all {
		if filepath.Base(filepath.Dir(file)) != "syslog" {
			continue
		}
		data, err := os.ReadFile(corpus(t, "plaso", filepath.FromSlash(file)))
		if err != nil {
			t.Fatal(err)
		}
		if !syslog.Sniff(data) {
			t.Errorf("%s: not recognised", file)
		}
		var events []*event.Event
		report := format().Each(t, data, func(e *event.Event) { events = append(events, e.Clone()) })
		format().Check(t, data)
		logs++
		for _, want := range tests {
			if report.Events != want.Count {
				t.Errorf("%s: %d events, want %d", file, report.Events, want.Count)
			}
			for _, w := range want.Events {
				for field, value := range w.Values {
					compared++
					got := ""
					switch e := events[w.Index]; field {
					case "last_written_time":
						got = e.Time.Format("2006-01-02T15:04:05.999999-07:00")
						if strings.HasPrefix(fmt.Sprint(value), "0000") {
							got = e.Time.Format("0000-01-02T15:04:05") // plaso leaves the year to a later stage
						}
					case "facility":
						got = map[string]string{"user": "user-level message"}[e.Text("facility")]
					case "severity":
						got = strings.ToUpper(e.Text("severity"))
					case "message_body":
						got = e.Text("message")
					default:
						if names[field] == "" {
							compared--
							continue
						}
						got = e.Text(names[field])
					}
					if value == nil {
						value = ""
					}
					if got != value {
						t.Errorf("%s: event %d: %s = %q, want %q", file, w.Index, field, got, value)
					}
				}
			}
		}
	}
	if logs == 0 {
		t.Error("found no logs")
	}
	t.Logf("%d logs, %d values compared", logs, compared)
}

// TestWazuh reads the lines of Wazuh's rule tests that are syslog: none may be lost, and each must
// have a time.
func TestWazuh(t *testing.T) {
	files, err := filepath.Glob(corpus(t, "wazuh", "tests", "*.ini"))
	if err != nil {
		t.Fatal(err)
	}
	line := regexp.MustCompile(`(?m)^log \d+ (?:pass|fail) = (.*)$`)
	read, programs := 0, map[string]int{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range line.FindAllSubmatch(text, -1) {
			if !syslog.Sniff(m[1]) {
				continue
			}
			read++
			events := 0
			report := format().Each(t, m[1], func(e *event.Event) {
				events++
				programs[e.Product+"/"+e.Service]++
				if e.Time.IsZero() {
					t.Errorf("%s: no time: %s", filepath.Base(file), recordtest.Show(e))
				}
			})
			if events != 1 || len(report.Damage) > 0 {
				t.Errorf("%s: %q: %d events, damage %+v", filepath.Base(file), m[1], events, report.Damage)
			}
		}
	}
	if read < 150 {
		t.Errorf("%d lines read, want some 170", read)
	}
	t.Logf("%d lines: %v", read, programs)
}

// TestLnav counts the records of awkward logs.
func TestLnav(t *testing.T) {
	for file, want := range map[string]int{
		"logfile_syslog.2": 3, "logfile_syslog.3": 7, "logfile_bad_syslog.0": 4, "logfile_with_zones.0": 3, "logfile_dst.0": 10,
		"logfile_syslog_with_access_log.0": 5,
		// two lines of a header are one record without a time
		"logfile_syslog_with_header.0": 5,
		"logfile_vmw_log.0":            3, "logfile_haproxy.0": 17,
	} {
		data, err := os.ReadFile(corpus(t, "lnav", file))
		if err != nil {
			t.Fatal(err)
		}
		_, report := format().Read(t, data)
		if !syslog.Sniff(data) || report.Events != want || report.Bytes != int64(len(data)) {
			t.Errorf("%s: %d events of %d bytes, want %d of %d", file, report.Events, report.Bytes, want, len(data))
		}
		format().Check(t, data)
	}
}
