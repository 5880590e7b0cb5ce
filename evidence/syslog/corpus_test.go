package syslog_test

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"aldebaran/corpustest"
	"aldebaran/event"
	"aldebaran/evidence/auditd"
	"aldebaran/evidence/mail"
	"aldebaran/evidence/readertest"
	"aldebaran/evidence/syslog"
)

// TestCrowdSec holds the reader against the tests of CrowdSec's parsers.
func TestCrowdSec(t *testing.T) {
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
	for _, path := range corpustest.Glob(t, "logs/crowdsec/*/*/*.log") {
		data := corpustest.Load(t, path)
		if !syslog.Sniff(data) || mail.Sniff(data) || auditd.Sniff(data) {
			continue
		}
		logs++
		file := filepath.Base(path)
		var events []*event.Event
		format().Each(t, data, func(e *event.Event) { events = append(events, e.Clone()) })
		format().Check(t, data)
		for _, a := range readertest.Assertions(t, path) {
			// What is expected of the header, and of the programs' messages.
			ofHeader := a.Parser == "crowdsecurity/syslog-logs"
			names := compared[a.Field]
			if names == nil || a.Line >= len(events) || a.Stage >= "s02" || !ofHeader && a.Kind != "Meta" {
				continue
			}
			n++
			e := events[a.Line]
			if slices.ContainsFunc(names, func(name string) bool { return e.Text(name) == a.Value }) {
				continue
			}
			if explained[file] != "" {
				found[file] = true
				continue
			}
			t.Errorf("%s:%d: %q of %s, CrowdSec has %s = %q", file, a.Line, names, readertest.Show(e), a.Field, a.Value)
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
	names := map[string]string{
		"hostname": "host", "reporter": "program", "message_identifier": "msgid", "ip_address": "client_ip", "port": "client_port",
		"message_body": "message",
	}
	mine := func(file string) bool { return strings.HasPrefix(file, "syslog/") }
	format().Plaso(t, mine, func(e *event.Event, field, want string) (string, bool) {
		switch field {
		case "last_written_time":
			if strings.HasPrefix(want, "0000") {
				return e.Time.Format("0000-01-02T15:04:05"), true // plaso leaves the year to a later stage
			}
			return e.Time.Format("2006-01-02T15:04:05.999999-07:00"), true
		case "facility":
			return map[string]string{"user": "user-level message"}[e.Text("facility")], true
		case "severity":
			return strings.ToUpper(e.Text("severity")), true
		}
		return e.Text(names[field]), names[field] != ""
	})
}

// TestWazuh reads the lines of Wazuh's rule tests that are syslog: none may be lost, and each must
// have a time.
func TestWazuh(t *testing.T) {
	read, programs := 0, map[string]int{}
	for _, line := range readertest.Wazuh(t, "*.ini") {
		if !syslog.Sniff(line) {
			continue
		}
		read++
		events, report := format().Events(t, line)
		if len(events) != 1 || len(report.Damage) > 0 {
			t.Errorf("%q: %d events, damage %+v", line, len(events), report.Damage)
		}
		for _, e := range events {
			programs[e.Product+"/"+e.Service]++
			if e.Time.IsZero() {
				t.Errorf("no time: %s", readertest.Show(e))
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
		data := corpustest.Read(t, "logs/lnav/"+file)
		_, report := format().Read(t, data)
		if !format().Recognises(data) || report.Events != want || report.Bytes != int64(len(data)) {
			t.Errorf("%s: %d events of %d bytes, want %d of %d", file, report.Events, report.Bytes, want, len(data))
		}
		format().Check(t, data)
	}
}
