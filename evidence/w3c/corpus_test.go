package w3c

import (
	"bytes"
	"regexp"
	"strings"
	"testing"
	"time"

	"aldebaran/corpustest"
	"aldebaran/event"
	"aldebaran/evidence/readertest"
)

// plasoNames are the fields by plaso's names.
var plasoNames = map[string]string{
	"dest_ip": "s-ip", "dest_port": "s-port", "http_method": "cs-method", "http_status": "sc-status", "requested_uri_stem": "cs-uri-stem",
	"source_ip": "c-ip", "user_agent": "cs-user-agent", "protocol_version": "cs-version", "cs_uri_query": "cs-uri-query", "cs_host": "cs-host",
	"cs_cookie": "cs-cookie", "cs_referer": "cs-referer", "cs_username": "cs-username", "sent_bytes": "sc-bytes", "received_bytes": "cs-bytes",
	"s_computername": "s-computername", "s_sitename": "s-sitename", "sc_substatus": "sc-substatus", "sc_win32_status": "sc-win32-status", "time_taken": "time-taken",
	"http_query": "cs-uri-query", "server_name": "s-computername", "process_identifier": "",
}

// TestPlaso: as many events as plaso finds, with its values. There are no differences.
func TestPlaso(t *testing.T) {
	format().Plaso(t, func(file string) bool { return strings.HasPrefix(file, "iis/") }, func(e *event.Event, field, want string) (string, bool) {
		ours, known := plasoNames[field]
		switch {
		case field == "data_type":
			return "", false
		case field == "last_written_time":
			return readertest.TimeAs(e.Time, want), true
		case !known:
			t.Errorf("plaso's field %s has no name here", field)
		}
		return e.Text(ours), ours != ""
	})
}

// TestLnav: every line that is no directive is an event.
func TestLnav(t *testing.T) {
	for _, path := range corpustest.Glob(t, "logs/lnav/logfile_w3c*") {
		log := corpustest.Load(t, path)
		want := 0
		for line := range bytes.Lines(log) {
			if line = bytes.TrimSpace(line); len(line) > 0 && line[0] != '#' {
				want++
			}
		}
		events, report := format().Events(t, log)
		if len(events) != want || len(report.Damage) > 0 {
			t.Errorf("%s: %d events, want %d; %v", path, len(events), want, report.Damage)
		}
		for i, e := range events {
			if e.Time.IsZero() {
				t.Errorf("%s: event %d has no time", path, i)
			}
		}
	}
}

// TestLnavOffset: lines of the log with #GMT-Offset are eight hours behind UTC, its quoted values
// hold blanks.
func TestLnavOffset(t *testing.T) {
	events, report := format().Events(t, corpustest.Read(t, "logs/lnav/logfile_w3c.1"))
	if want := time.Date(2001, 10, 31, 8, 0, 18, 0, time.UTC); len(events) != 1 || !events[0].Time.Equal(want) {
		t.Fatalf("%d events, the first at %v, want %v", len(events), events[0].Time, want)
	}
	for field, want := range map[string]string{"cs-user-agent": "Mozilla/4.5 [en] (WinNT; I)", "cs-referer": "http://www.oracle.com/nl/partner/content.html", "cs-uri": "/admin/images/oc_bottomleft.gif"} {
		if got := events[0].Text(field); got != want {
			t.Errorf("%s = %q, want %q", field, got, want)
		}
	}
	if report.Clock.Zone != "-08:00" {
		t.Errorf("clock %+v", report.Clock)
	}
}

// TestWazuh: lines of IIS without directives, as Wazuh's tests have them.
func TestWazuh(t *testing.T) {
	iis := regexp.MustCompile(`^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d [0-9.]+ `)
	found := 0
	for _, line := range readertest.Wazuh(t, "web_rules.ini") {
		if !iis.Match(line) {
			continue
		}
		found++
		if !Sniff(line) {
			t.Errorf("not recognised: %s", line)
			continue
		}
		events, report := format().Read(t, line)
		if len(events) != 1 || !strings.Contains(events[0], " /webserver/iis ") || len(report.Damage) != 1 || report.Damage[0].What != "header" {
			t.Errorf("%s: %q, %v", line, events, report.Damage)
		}
	}
	if found == 0 {
		t.Fatal("no lines of IIS")
	}
}
