package json

import (
	"bytes"
	stdjson "encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"aldebaran/corpustest"
	"aldebaran/evidence/lines"
)

// labels counts the events of each log source.
func labels(t *testing.T, data []byte) map[string]int {
	t.Helper()
	events, rep := readAll(t, NewReader(lines.Options{}), data)
	if len(rep.Damage) > 0 {
		t.Errorf("damage %v", rep.Damage)
	}
	got := map[string]int{}
	for _, e := range events {
		got[strings.Trim(e.Product+" "+e.Category+" "+e.Service, " ")]++
	}
	return got
}

// TestLogsOfCorpus counts the events of logs in JSON by log source; each line is a record, and each
// value is compared with what the standard library reads.
func TestLogsOfCorpus(t *testing.T) {
	f := func(path string, want map[string]int) {
		t.Helper()
		data := corpustest.Read(t, path)
		if !Sniff(data[:min(len(data), 4096)]) {
			t.Errorf("%s: not recognised", path)
		}
		got := labels(t, data)
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%s: %v, want %v", path, got, want)
		}
		events, _ := readAll(t, NewReader(lines.Options{}), data)
		at := 0
		for line := range bytes.Lines(data) {
			if len(bytes.TrimSpace(line)) == 0 {
				continue
			}
			if at < len(events) {
				compareRecord(t, sample{name: path}, events[at], line)
			}
			at++
		}
		if at != len(events) {
			t.Errorf("%s: %d events of %d lines", path, len(events), at)
		}
	}
	f("logs/plaso/jsonl/azure_activity_log.jsonl", map[string]int{"azure  activitylogs": 4}) // expected.json: 4
	f("logs/plaso/jsonl/gcp_logging.jsonl", map[string]int{"gcp": 2, "gcp  gcp.audit": 9})   // expected.json: 11, two are of programs
	f("logs/crowdsec/cloud/aws-bf/aws-bf.log", map[string]int{"aws  cloudtrail": 6})
	f("logs/crowdsec/cloud/aws-cloudtrail/aws-cloudtrail.log", map[string]int{"aws  cloudtrail": 2})
	f("logs/crowdsec/cloud/aws-nwo-login/aws-nwo-login.log", map[string]int{"aws  cloudtrail": 1})
	f("logs/crowdsec/suricata/suricata-logs-evelog/suricata-logs-evelog.log", map[string]int{"suricata": 2, "suricata  alert": 4, "suricata firewall flow": 2})
	f("logs/crowdsec/auth/k8s-audit-priv-pod-file/k8s-audit-priv-pod-file.log", map[string]int{"kubernetes application audit": 1})
	f("logs/crowdsec/auth/laurel-logs/laurel-logs.log", map[string]int{"linux  auditd": 6})
	f("logs/crowdsec/web/traefik_base-http-scenario/traefik_base-http-scenario.log", map[string]int{"webserver access": 80})
	f("logs/crowdsec/web/caddy-basic-auth-bf/caddy-logs.log", map[string]int{"webserver access": 6})
	f("logs/lnav/logfile_cloudflare.json", map[string]int{"webserver access": 1})
	f("logs/lnav/logfile_journald.json", map[string]int{"linux  syslog": 2})
	f("logs/lnav/logfile_json2.json", map[string]int{"": 3})
}

// TestWazuh reads the events in the tests of Wazuh's rules.
func TestWazuh(t *testing.T) {
	f := func(name string, want map[string]int) {
		t.Helper()
		text := corpustest.Read(t, "logs/wazuh/tests/"+name+".ini")
		var log []byte
		for line := range strings.Lines(string(text)) {
			if rest, ok := strings.CutPrefix(line, "log "); ok {
				if _, record, ok := strings.Cut(rest, "= "); ok {
					log = append(log, record...)
				}
			}
		}
		if got := labels(t, log); fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
	}
	f("office365", map[string]int{"": 1, "m365  audit": 63}) // one record says its category only
	f("github", map[string]int{"github  audit": 161})
	f("gcp", map[string]int{"": 1, "gcp": 1, "gcp  gcp.audit": 13}) // the other two are of the DNS and say less
	f("ms-graph", map[string]int{"": 1})
	f("win_event_channel", map[string]int{"windows": 5})
	f("win_security", map[string]int{"windows": 4})
	f("powershell", map[string]int{"windows": 16})
	f("sysmon_eid_1", map[string]int{"windows": 31})
	f("sysmon_eid_13", map[string]int{"windows": 4})
}

// TestPanther reads the events of Panther's detections for Microsoft 365 and Azure, and what SigmaHQ
// has a rule for is found: never on events that must not be reported.
func TestPanther(t *testing.T) {
	m := newMatcher(t)
	total, matched, services := 0, map[string]int{}, map[string]int{}
	for _, p := range corpustest.Glob(t, "logs/m365/panther/*/*.json") {
		text, err := os.ReadFile(p)
		if err != nil {
			t.Fatal(err)
		}
		var detection struct {
			Tests []struct {
				Name string
				Log  stdjson.RawMessage
			}
		}
		if err := stdjson.Unmarshal(text, &detection); err != nil {
			t.Fatal(err)
		}
		for _, test := range detection.Tests {
			events, rep := readAll(t, NewReader(lines.Options{}), test.Log)
			if len(events) != 1 || len(rep.Damage) > 0 {
				t.Errorf("%s: %s: %d events, damage %v", p, test.Name, len(events), rep.Damage)
				continue
			}
			e := events[0]
			total++
			services[e.Product+" "+e.Service]++
			if e.Product == "" || e.Time.IsZero() {
				t.Errorf("%s: %s: product %q, time %s", p, test.Name, e.Product, e.Time)
			}
			compareRecord(t, sample{name: p}, e, test.Log)
			for _, title := range titles(m, e) {
				matched[title]++
			}
		}
	}
	t.Log(total, "events:", services)
	for _, title := range []string{
		"Azure Network Firewall Policy Modified or Deleted", "Azure Keyvault Key Modified or Deleted",
		"Applications That Are Using ROPC Authentication Flow", "CA Policy Updated by Non Approved Actor", "Mimikatz Use",
	} {
		if matched[title] == 0 {
			t.Errorf("no match of %q", title)
		}
	}
	keys := []string{}
	for k := range matched {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	t.Log(len(keys), "rules match")
}
