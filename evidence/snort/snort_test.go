package snort_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"aldebaran/event"
	"aldebaran/evidence/lines"
	"aldebaran/evidence/record/recordtest"
	"aldebaran/evidence/snort"
)

var update = flag.Bool("update", false, "write the golden files anew")

func format() recordtest.Format[*snort.File, *snort.Reader] {
	return recordtest.Format[*snort.File, *snort.Reader]{Open: snort.Open, NewReader: snort.NewReader}
}

func synthetic(t testing.TB) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", "synthetic.log"))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// TestGolden reads synthetic alerts: nothing of it ever happened.
func TestGolden(t *testing.T) {
	data := synthetic(t)
	if !snort.Sniff(data) {
		t.Error("not recognised")
	}
	events, report := format().Read(t, data)
	for _, d := range report.Damage {
		events = append(events, fmt.Sprintf("%d: %s: want %s, found %s, lost %d", d.Offset, d.What, d.Want, d.Found, d.Lost))
	}
	got := strings.Join(events, "\n") + fmt.Sprintf("\n%+v\n%d of %d bytes\n", report.Clock, report.Bytes, len(data))
	golden := filepath.Join("testdata", "synthetic.golden")
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got, "\n")); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
	format().Check(t, data)
}

func TestSniff(t *testing.T) {
	for text, want := range map[string]bool{
		"03/01-08:00:00.1 [**] [1:2:3] x [**]\n":                        true,
		"03/01/2026-08:00:00.123456  [wDrop] [**] [1:2:3] x [**] ":      true,
		"\n03/01-08:00:00.1 [**] [1:2:3] x":                             true,
		"":                                                              false,
		"03/01 08:00:00 [LOGON] x\n":                                    false,
		"03/01-08:00:00.1 x [*] [1:2:3]\n":                              false,
		"2026-03-01 08:00:00 [**] [1:2:3] x [**]\n":                     false,
		"a\nb\n03/01-08:00:00.1 [**] [1:2:3] x [**]\n":                  false,
		"Mar  1 08:00:00 fw1 snort[1]: [1:2:3] x [Priority: 1] {TCP}\n": false,
	} {
		if got := snort.Sniff([]byte(text)); got != want {
			t.Errorf("Sniff(%q) = %v, want %v", text, got, want)
		}
	}
}

// TestCorpus holds the reader against plaso's and CrowdSec's tests of Snort's and Suricata's alerts.
func TestCorpus(t *testing.T) {
	dir := os.Getenv("ALDEBARAN_CORPUS")
	if dir == "" {
		t.Skip("ALDEBARAN_CORPUS is not set")
	}
	read := func(path ...string) []*event.Event {
		t.Helper()
		data, err := os.ReadFile(filepath.Join(append([]string{dir, "logs"}, path...)...))
		if err != nil {
			t.Fatal(err)
		}
		if !snort.Sniff(data) {
			t.Errorf("%s: not recognised", path)
		}
		var events []*event.Event
		report := format().Each(t, data, func(e *event.Event) { events = append(events, e.Clone()) })
		if n := bytes.Count(data, []byte("[**] [")); len(report.Damage) > 0 || len(events) == 0 || len(events) > n {
			t.Errorf("%s: %d events, damage %+v", path, len(events), report.Damage)
		}
		format().Check(t, data)
		return events
	}
	text, err := os.ReadFile(filepath.Join(dir, "logs", "plaso", "expected.json"))
	if err != nil {
		t.Fatal(err)
	}
	var all map[string][]struct {
		Count  int `json:"number_of_event_data"`
		Events []struct {
			Index  int
			Values map[string]any
		}
	}
	if err := json.Unmarshal(text, &all); err != nil {
		t.Fatal(err)
	}
	alerts := read("plaso", "snort3_alert_fast.log")
	for _, want := range all["snort3_alert_fast.log"] {
		if len(alerts) != want.Count {
			t.Errorf("%d alerts, want %d", len(alerts), want.Count)
		}
		for _, w := range want.Events {
			e := alerts[w.Index]
			got := map[string]string{
				"rule_identifier": e.Text("alert.gid") + ":" + e.Text("alert.signature_id") + ":" + e.Text("alert.rev"),
				"message_body":    e.Text("alert.signature"), "priority": e.Text("alert.severity"), "protocol": e.Text("proto"),
				"source_ip": e.Text("src_ip"), "destination_ip": e.Text("dst_ip"),
			}
			for name, have := range got {
				if have != fmt.Sprint(w.Values[name]) {
					t.Errorf("alert %d: %s = %q, want %q", w.Index, name, have, w.Values[name])
				}
			}
		}
	}
	if e := alerts[3]; e.Text("src_ip") != "2001:df1:c200:c:0:0:0:35" || e.Text("src_port") != "60884" {
		t.Errorf("IPv6: %s port %s", e.Text("src_ip"), e.Text("src_port"))
	}
	if e := read("crowdsec", "suricata", "suricata-logs-fastlog", "suricata-logs-fastlog.log")[0]; e.Text("alert.signature_id") != "2200074" ||
		e.Text("dst_port") != "80" || e.Time.Format("2006-01-02 15:04:05.000000") != "2022-07-11 10:29:01.860293" {
		t.Errorf("Suricata: %s", recordtest.Show(e))
	}
}

func FuzzRead(f *testing.F) {
	data := synthetic(f)
	f.Add(data)
	for line := range bytes.Lines(data) {
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		snort.Sniff(data)
		format().Check(t, data)
	})
}

func BenchmarkRead(b *testing.B) {
	line, _, _ := bytes.Cut(synthetic(b), []byte{'\n'})
	data := bytes.Repeat(append(line, '\n'), 20000)
	f, err := snort.Open(bytes.NewReader(data), int64(len(data)), "test.log", recordtest.Options())
	if err != nil {
		b.Fatal(err)
	}
	r := snort.NewReader(recordtest.Options())
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		for _, u := range f.Units() {
			if _, err := r.Read(f, u, func(*event.Event) bool { return true }); err != nil {
				b.Fatal(err)
			}
		}
	}
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
