package snort_test

import (
	"bytes"
	"flag"
	"fmt"
	"strings"
	"testing"

	"aldebaran/corpustest"
	"aldebaran/event"
	"aldebaran/evidence/lines"
	"aldebaran/evidence/readertest"
	"aldebaran/evidence/snort"
)

var update = flag.Bool("update", false, "write the golden files anew")

func format() readertest.Format[*snort.File, *snort.Reader] {
	return readertest.Format[*snort.File, *snort.Reader]{Sniff: snort.Sniff, Open: snort.Open, NewReader: snort.NewReader, Options: readertest.ByYear()}
}

// TestGolden reads synthetic alerts: nothing of it ever happened.
func TestGolden(t *testing.T) { format().Golden(t, "synthetic.log", *update) }

func TestSniff(t *testing.T) {
	format().Sniffs(t, true,
		"03/01-08:00:00.1 [**] [1:2:3] x [**]\n",
		"03/01/2026-08:00:00.123456  [wDrop] [**] [1:2:3] x [**] ",
		"\n03/01-08:00:00.1 [**] [1:2:3] x",
	)
	format().Sniffs(t, false,
		"",
		"03/01 08:00:00 [LOGON] x\n",
		"03/01-08:00:00.1 x [*] [1:2:3]\n",
		"2026-03-01 08:00:00 [**] [1:2:3] x [**]\n",
		"a\nb\n03/01-08:00:00.1 [**] [1:2:3] x [**]\n",
		"Mar  1 08:00:00 fw1 snort[1]: [1:2:3] x [Priority: 1] {TCP}\n",
	)
}

// TestPlaso holds the reader against plaso's test of Snort's alerts.
func TestPlaso(t *testing.T) {
	const log = "snort3_alert_fast.log"
	names := map[string]string{
		"message_body": "alert.signature", "priority": "alert.severity", "protocol": "proto", "source_ip": "src_ip", "destination_ip": "dst_ip",
	}
	format().Plaso(t, func(file string) bool { return file == log }, func(e *event.Event, field, _ string) (string, bool) {
		if field == "rule_identifier" {
			return e.Text("alert.gid") + ":" + e.Text("alert.signature_id") + ":" + e.Text("alert.rev"), true
		}
		return e.Text(names[field]), names[field] != ""
	})
	if e := alerts(t, "logs/plaso/"+log)[3]; e.Text("src_ip") != "2001:df1:c200:c:0:0:0:35" || e.Text("src_port") != "60884" {
		t.Errorf("IPv6: %s port %s", e.Text("src_ip"), e.Text("src_port"))
	}
}

// TestCrowdSec holds the reader against CrowdSec's test of Suricata's alerts.
func TestCrowdSec(t *testing.T) {
	e := alerts(t, "logs/crowdsec/suricata/suricata-logs-fastlog/suricata-logs-fastlog.log")[0]
	if e.Text("alert.signature_id") != "2200074" || e.Text("dst_port") != "80" || e.Time.Format("2006-01-02 15:04:05.000000") != "2022-07-11 10:29:01.860293" {
		t.Errorf("Suricata: %s", readertest.Show(e))
	}
}

// alerts reads a log of the corpus that holds nothing else.
func alerts(t *testing.T, path string) []*event.Event {
	t.Helper()
	data := corpustest.Read(t, path)
	events, report := format().Events(t, data)
	if n := bytes.Count(data, []byte("[**] [")); len(report.Damage) > 0 || len(events) == 0 || len(events) > n {
		t.Fatalf("%s: %d events, damage %+v", path, len(events), report.Damage)
	}
	format().Check(t, data)
	return events
}

func FuzzRead(f *testing.F) {
	format().Fuzz(f, readertest.Lines(readertest.Testdata(f, "synthetic.log"))...)
}

func BenchmarkRead(b *testing.B) {
	line, _, _ := bytes.Cut(readertest.Testdata(b, "synthetic.log"), []byte{'\n'})
	format().Bench(b, bytes.Repeat(append(line, '\n'), 20000))
}

func Example() {
	const text = "03/01/2026-08:00:00.123456  [**] [1:2024364:5] SYNTHETIC scan [**] [Priority: 2] {TCP} 192.0.2.1:4711 -> 198.51.100.2:80\n"
	f, err := snort.Open(strings.NewReader(text), int64(len(text)), "fast.log", lines.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	r := snort.NewReader(lines.Options{})
	for _, u := range f.Units() {
		if _, err := r.Read(f, u, func(e *event.Event) bool {
			fmt.Println(e.Text("alert.signature"), e.Text("src_ip"), e.Text("dst_ip"), e.Text("dst_port"))
			return true
		}); err != nil {
			fmt.Println(err)
		}
	}
	// Output: SYNTHETIC scan 192.0.2.1 198.51.100.2 80
}
