package netlogon_test

import (
	"bytes"
	"flag"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"aldebaran/corpustest"
	"aldebaran/event"
	"aldebaran/evidence/lines"
	"aldebaran/evidence/netlogon"
	"aldebaran/evidence/readertest"
)

var update = flag.Bool("update", false, "write the golden files anew")

func format() readertest.Format[*netlogon.File, *netlogon.Reader] {
	return readertest.Format[*netlogon.File, *netlogon.Reader]{Sniff: netlogon.Sniff, Open: netlogon.Open, NewReader: netlogon.NewReader, Options: readertest.ByYear()}
}

// TestGolden reads a synthetic log: nothing of it ever happened.
func TestGolden(t *testing.T) { format().Golden(t, "synthetic.log", *update) }

func TestSniff(t *testing.T) {
	format().Sniffs(t, false,
		"", "\n", "03/01 08:00:00 text\n", "12/28-12:55:38.765402 [**] [1:366:11] x\n", "03/01/26 08:00:00 [LOGON] x\n", "03/01 08:00:00 [\n",
	)
}

// TestZerologon reads the log of a real domain controller under CVE-2020-1472: very many attempts of
// one machine to authenticate with a bad password, then one that succeeds.
func TestZerologon(t *testing.T) {
	data := corpustest.Read(t, "logs/netlogon/netlogon_log_CVE-2020-1472_ZeroLogon.txt.zst")
	if !format().Recognises(data) {
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
	format().Fuzz(f, readertest.Lines(readertest.Testdata(f, "synthetic.log"))...)
}

func BenchmarkRead(b *testing.B) {
	format().Bench(b, bytes.Repeat(bytes.ReplaceAll(readertest.Testdata(b, "synthetic.log"), []byte("03/32"), []byte("03/31")), 4000))
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
