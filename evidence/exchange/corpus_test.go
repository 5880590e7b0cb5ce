package exchange

import (
	"encoding/csv"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"aldebaran/corpustest"
)

// TestCrowdSec reads the logs of POP3 and SMTP in crowdsec's hub, and compares with what its own
// parsers find: the assertions beside the logs.
func TestCrowdSec(t *testing.T) {
	dirs := corpustest.Glob(t, "logs/crowdsec/mail/exchange-*")
	// Names of crowdsec's parser and ours.
	ours := map[string]string{
		"client_ip": "client_ip", "client_port": "client_port", "server_ip": "server_ip", "server_port": "server_port",
		"username": "user", "command": "command", "parameters": "parameters", "duration": "duration", "rqsize": "rqsize",
		"rpsize": "rpsize", "session_id": "session", "sequence_number": "sequence", "date": "time",
	}
	parsed := regexp.MustCompile(`\["crowdsecurity/exchange-(?:pop|smtp)-logs"\]\[(\d+)\]\.Evt\.Parsed\["(\w+)"\] == "(.*)"$`)
	meta := regexp.MustCompile(`\.Events\[(\d+)\]\.GetMeta\("(source_ip|timestamp)"\) == "(.*)"$`)
	compared := 0
	for _, dir := range dirs {
		t.Run(filepath.Base(dir), func(t *testing.T) {
			data, err := os.ReadFile(filepath.Join(dir, filepath.Base(dir)+".log"))
			if err != nil {
				t.Fatal(err)
			}
			if !Sniff(data) {
				t.Fatal("Sniff = false")
			}
			text := string(data)
			events, report := readText(t, text)
			if want := strings.Count(strings.TrimRight(text, "\n"), "\n") + 1; len(events) != want || len(report.Damage) != 0 {
				t.Fatalf("%d events, want %d; damage %+v", len(events), want, report.Damage)
			}
			for _, name := range []string{"parser.assert", "scenario.assert"} {
				asserts, err := os.ReadFile(filepath.Join(dir, name))
				if err != nil {
					t.Fatal(err)
				}
				for line := range strings.SplitSeq(string(asserts), "\n") {
					m := parsed.FindStringSubmatch(line)
					if m == nil {
						if m = meta.FindStringSubmatch(line); m == nil {
							continue
						}
						m[2] = strings.NewReplacer("source_ip", "client_ip", "timestamp", "date").Replace(m[2])
					}
					field, ok := ours[m[2]]
					at := int(m[1][0] - '0')
					if !ok || len(m[1]) > 1 || at >= len(events) {
						continue
					}
					e := events[at]
					got := e.Text(field)
					switch field {
					case "session":
						got = e.Text("sessionId") + e.Text("session-id")
					case "sequence":
						got = e.Text("seqNumber") + e.Text("sequence-number")
					case "time":
						want, err := time.Parse(time.RFC3339Nano, m[3])
						if err != nil {
							t.Fatal(err)
						}
						if !e.Time.Equal(want) {
							t.Errorf("time %v, want %v", e.Time, want)
						}
						compared++
						continue
					}
					if got != m[3] {
						t.Errorf("event %d: %s = %q, want %q", at, field, got, m[3])
					}
					compared++
				}
			}
		})
	}
	if compared < 20 {
		t.Errorf("%d values compared, want at least 20", compared)
	}
}

// TestWazuh reads the records of Wazuh's test cases for Exchange, which have no directives. The
// oracle is the standard library's reader of comma separated values.
func TestWazuh(t *testing.T) {
	data, err := os.ReadFile(corpustest.Path(t, "logs/wazuh/tests/exchange.ini"))
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for line := range strings.SplitSeq(string(data), "\n") {
		_, record, ok := strings.Cut(line, "pass = ")
		if !ok || !strings.HasPrefix(line, "log ") {
			continue
		}
		n++
		if !Sniff([]byte(record + "\n")) {
			t.Errorf("Sniff(%q) = false", record)
		}
		events, report := readText(t, record+"\n")
		if len(events) != 1 || len(report.Damage) != 0 {
			t.Fatalf("%d events, damage %+v", len(events), report.Damage)
		}
		e := events[0]
		want, err := csv.NewReader(strings.NewReader(record)).Read()
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, v := range e.Values[:len(want)] {
			got = append(got, v.String())
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("columns (-want +got):\n%s", diff)
		}
		if e.Category != "webserver" || e.Computer == "" || !strings.HasPrefix(e.Text("cs-uri-stem"), "/ecp/") {
			t.Errorf("category %q, computer %q, stem %q", e.Category, e.Computer, e.Text("cs-uri-stem"))
		}
		if e.Service == "msexchange-httpproxy" && (e.Text("sc-status") != want[19] || e.Text("c-ip") != want[17] || !strings.Contains(e.Text("GenericInfo"), "BeginRequest=")) {
			t.Errorf("status %q, address %q, info %q", e.Text("sc-status"), e.Text("c-ip"), e.Text("GenericInfo"))
		}
	}
	if n == 0 {
		t.Error("no test cases")
	}
}
