package w3c

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
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

func readFile(t *testing.T, path string) ([]*event.Event, event.Report) {
	t.Helper()
	log, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !Sniff(log[:min(len(log), 4<<10)]) {
		t.Fatalf("%s is not recognised", path)
	}
	f, err := Open(bytes.NewReader(log), int64(len(log)), path, lines.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var events []*event.Event
	report, err := NewReader(lines.Options{}).Read(f, f.Units()[0], func(e *event.Event) bool {
		events = append(events, e.Clone())
		return true
	})
	if err != nil {
		t.Fatal(err)
	}
	return events, report
}

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
	dir := filepath.Join(corpus(t), "logs/plaso")
	raw, err := os.ReadFile(filepath.Join(dir, "expected.json"))
	if err != nil {
		t.Fatal(err)
	}
	var expected map[string][]struct {
		Events int `json:"number_of_event_data"`
		Chosen []struct {
			Index  int            `json:"index"`
			Values map[string]any `json:"values"`
		} `json:"events"`
	}
	if err := json.Unmarshal(raw, &expected); err != nil {
		t.Fatal(err)
	}
	files := 0
	for name, sets := range expected {
		if !strings.HasPrefix(name, "iis/") {
			continue
		}
		files++
		events, report := readFile(t, filepath.Join(dir, name))
		if len(report.Damage) > 0 {
			t.Errorf("%s: %v", name, report.Damage)
		}
		for _, set := range sets {
			if len(events) != set.Events {
				t.Fatalf("%s: %d events, want %d", name, len(events), set.Events)
			}
			for _, c := range set.Chosen {
				e := events[c.Index]
				for field, want := range c.Values {
					switch ours, known := plasoNames[field]; {
					case field == "data_type":
					case field == "last_written_time":
						if when, err := time.Parse(time.RFC3339, want.(string)); err != nil || !when.Equal(e.Time) {
							t.Errorf("%s: event %d: time %v, want %v", name, c.Index, e.Time, want)
						}
					case !known:
						t.Errorf("%s: plaso's field %s has no name here", name, field)
					case ours != "":
						text := ""
						switch want := want.(type) {
						case string:
							text = want
						case float64:
							b, err := json.Marshal(want)
							if err != nil {
								t.Fatal(err)
							}
							text = string(b)
						}
						if got := e.Text(ours); got != text {
							t.Errorf("%s: event %d: %s = %q, want %q", name, c.Index, ours, got, text)
						}
					}
				}
			}
		}
	}
	if files == 0 {
		t.Error("plaso's list has no IIS logs")
	}
}

// TestLnav: every line that is no directive is an event.
func TestLnav(t *testing.T) {
	logs, err := filepath.Glob(filepath.Join(corpus(t), "logs/lnav/logfile_w3c*"))
	if err != nil || len(logs) == 0 {
		t.Fatalf("no logs: %v", err)
	}
	for _, path := range logs {
		log, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		want := 0
		for line := range bytes.Lines(log) {
			if line = bytes.TrimSpace(line); len(line) > 0 && line[0] != '#' {
				want++
			}
		}
		events, report := readFile(t, path)
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
	events, report := readFile(t, filepath.Join(corpus(t), "logs/lnav/logfile_w3c.1"))
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
	ini, err := os.ReadFile(filepath.Join(corpus(t), "logs/wazuh/tests/web_rules.ini"))
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile(`(?m)^log \d+ pass = (\d{4}-\d\d-\d\d \d\d:\d\d:\d\d [0-9.]+ .*)$`).FindAllSubmatch(ini, -1)
	if len(found) == 0 {
		t.Fatal("no lines of IIS")
	}
	for _, m := range found {
		if !Sniff(m[1]) {
			t.Errorf("not recognised: %s", m[1])
			continue
		}
		events, report := read(t, NewReader(lines.Options{}), m[1])
		if len(events) != 1 || !strings.Contains(events[0], "[/webserver/iis]") || len(report.Damage) != 1 || report.Damage[0].What != "header" {
			t.Errorf("%s: %q, %v", m[1], events, report.Damage)
		}
	}
}
