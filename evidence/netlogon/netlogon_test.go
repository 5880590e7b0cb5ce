package netlogon_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"

	"aldebaran/event"
	"aldebaran/evidence/lines"
	"aldebaran/evidence/netlogon"
	"aldebaran/evidence/record/recordtest"
)

var update = flag.Bool("update", false, "write the golden files anew")

func format() recordtest.Format[*netlogon.File, *netlogon.Reader] {
	return recordtest.Format[*netlogon.File, *netlogon.Reader]{Open: netlogon.Open, NewReader: netlogon.NewReader}
}

func synthetic(t testing.TB) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", "synthetic.log"))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// TestGolden reads a synthetic log: nothing of it ever happened.
func TestGolden(t *testing.T) {
	data := synthetic(t)
	if !netlogon.Sniff(data) {
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
	for _, text := range []string{
		"", "\n", "03/01 08:00:00 text\n", "12/28-12:55:38.765402 [**] [1:366:11] x\n", "03/01/26 08:00:00 [LOGON] x\n", "03/01 08:00:00 [\n",
	} {
		if netlogon.Sniff([]byte(text)) {
			t.Errorf("Sniff(%q) = true", text)
		}
	}
}

// TestZerologon reads the log of a real domain controller under CVE-2020-1472: very many attempts of
// one machine to authenticate with a bad password, then one that succeeds.
func TestZerologon(t *testing.T) {
	dir := os.Getenv("ALDEBARAN_CORPUS")
	if dir == "" {
		t.Skip("ALDEBARAN_CORPUS is not set")
	}
	packed, err := os.ReadFile(filepath.Join(dir, "logs", "netlogon", "netlogon_log_CVE-2020-1472_ZeroLogon.txt.zst"))
	if err != nil {
		t.Fatal(err)
	}
	d, err := zstd.NewReader(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	data, err := d.DecodeAll(packed, nil)
	if err != nil {
		t.Fatal(err)
	}
	if !netlogon.Sniff(data[:4096]) {
		t.Error("not recognised")
	}
	got := map[string]int{}
	last := ""
	report := format().Each(t, data, func(e *event.Event) {
		if result := e.Text("result"); result != "" {
			got[result]++
			last = result
		}
		if ip := e.Text("client_ip"); ip != "" {
			got[ip]++
		}
	})
	want := map[string]int{
		"failure":      bytes.Count(data, []byte(": Bad password")) + bytes.Count(data, []byte(": Failed to authenticate")),
		"success":      1,
		"172.16.66.37": bytes.Count(data, []byte("(172.16.66.37) on account")),
	}
	if diff := cmp.Diff(want, got); diff != "" || last != "success" {
		t.Errorf("the last is a %s (-want +got):\n%s", last, diff)
	}
	if n := bytes.Count(data, []byte{'\n'}); report.Events != n || len(report.Damage) > 0 {
		t.Errorf("%d events, want %d; damage %+v", report.Events, n, report.Damage)
	}
}

func FuzzRead(f *testing.F) {
	data := synthetic(f)
	f.Add(data)
	for line := range bytes.Lines(data) {
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		netlogon.Sniff(data)
		format().Check(t, data)
	})
}

func BenchmarkRead(b *testing.B) {
	data := bytes.Repeat(bytes.ReplaceAll(synthetic(b), []byte("03/32"), []byte("03/31")), 4000)
	f, err := netlogon.Open(bytes.NewReader(data), int64(len(data)), "test.log", recordtest.Options())
	if err != nil {
		b.Fatal(err)
	}
	r := netlogon.NewReader(recordtest.Options())
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
	const text = "05/06 14:58:02 [LOGON] [4321] CORP: SamLogon: Network logon of CORP\\amal from WS1 Returns 0xC000006A\n"
	f, err := netlogon.Open(strings.NewReader(text), int64(len(text)), "netlogon.log", lines.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	r := netlogon.NewReader(lines.Options{})
	for _, u := range f.Units() {
		if _, err := r.Read(f, u, func(e *event.Event) bool {
			fmt.Println(e.Text("user"), e.Text("workstation"), e.Text("result"), e.Text("status"))
			return true
		}); err != nil {
			fmt.Println(err)
		}
	}
	// Output: CORP\amal WS1 failure 0xC000006A
}
