package mail_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"aldebaran/event"
	"aldebaran/evidence/lines"
	"aldebaran/evidence/mail"
	"aldebaran/evidence/record/recordtest"
)

var update = flag.Bool("update", false, "write the golden files anew")

func format() recordtest.Format[*mail.File, *mail.Reader] {
	return recordtest.Format[*mail.File, *mail.Reader]{Open: mail.Open, NewReader: mail.NewReader}
}

func synthetic(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// TestGolden reads synthetic logs: nothing of them ever happened.
func TestGolden(t *testing.T) {
	for _, name := range []string{"exim", "zimbra"} {
		data := synthetic(t, name+".log")
		if !mail.Sniff(data) {
			t.Errorf("%s: not recognised", name)
		}
		events, report := format().Read(t, data)
		got := strings.Join(events, "\n") + fmt.Sprintf("\n%+v\n%d of %d bytes, damage %v\n", report.Clock, report.Bytes, len(data), report.Damage)
		golden := filepath.Join("testdata", name+".golden")
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
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		format().Check(t, data)
	}
}

func TestSniff(t *testing.T) {
	for line := range bytes.Lines(synthetic(t, "exim.log")) {
		if !mail.Sniff(line) {
			t.Errorf("not recognised: %s", line)
		}
	}
	for _, text := range []string{
		"", "\n", "text\n",
		"2026-03-01 08:00:00,489 INFO [Catalina-utility-1] [confluence.cluster.HazelcastClusterManager] startCluster Starting the cluster.\n",
		"2026-03-01 08:00:00,357 WARN  [org.key.events] (executor-thread-3121) type=LOGIN_ERROR, realmId=keycloak\n",
		"2026-03-01 08:00:00 status half-installed base-passwd:amd64 3.5.33\n",
		"2026-03-01 08:00:00.123 UTC [12] LOG:  database system is ready\n",
		"2026-03-01 08:00:00.12 spid5s      Starting up database 'master'.\n",
		"2026-03-01 08:00:00 CRIT: Banning 198.51.100.42/32 for 60 minutes\n",
		"2026-03-01 08:00:00 192.0.2.1 GET /x y 80 - 192.0.2.7 Mozilla/5.0 200 0 0 1\n",
		"2026-03-01 08:00:00,399 mantis proftpd[498819] mantis (192.0.2.7[192.0.2.7]): USER a (Login failed)\n",
	} {
		if mail.Sniff([]byte(text)) {
			t.Errorf("taken for a log of a mail server: %s", text)
		}
	}
}

func TestHeadless(t *testing.T) {
	got, report := format().Read(t, []byte("\tat example.Main\nfurther\n2026-03-01 08:00:00 x\n"))
	want := []string{`- exim/mail/ message="\tat example.Main\nfurther"`, `2026-03-01T08:00:00Z exim/mail/ message="x"`}
	if diff := cmp.Diff(want, got); diff != "" || len(report.Damage) != 1 {
		t.Errorf("damage %+v (-want +got):\n%s", report.Damage, diff)
	}
}

// TestCrowdSec holds the reader against the tests of CrowdSec's parsers for Exim and Zimbra.
func TestCrowdSec(t *testing.T) {
	dir := os.Getenv("ALDEBARAN_CORPUS")
	if dir == "" {
		t.Skip("ALDEBARAN_CORPUS is not set")
	}
	assertion := regexp.MustCompile(`(?m)^results\["s01[^"]*"\]\["[^"]+"\]\[(\d+)\]\.Evt\.(?:Meta|Parsed)\["([^"]+)"\] == (".*")$`)
	names := map[string]string{
		"source_ip": "client_ip", "user": "user", "username": "user", "server": "server", "proto": "protocol", "src_ip": "client_ip",
	}
	// CrowdSec's lists count the lines that reached the parser; of these logs that is all of them.
	compared := 0
	for folder, want := range map[string]int{"exim-bf": 6, "exim-spam": 8, "zimbra-logs": 4} {
		path := filepath.Join(dir, "logs", "crowdsec", "mail", folder)
		data, err := os.ReadFile(filepath.Join(path, folder+".log"))
		if err != nil {
			t.Fatal(err)
		}
		if !mail.Sniff(data) {
			t.Errorf("%s: not recognised", folder)
		}
		var events []*event.Event
		report := format().Each(t, data, func(e *event.Event) { events = append(events, e.Clone()) })
		format().Check(t, data)
		if len(events) != want || len(report.Damage) > 0 || report.Bytes != int64(len(data)) {
			t.Errorf("%s: %d events of %d bytes, damage %+v; want %d of %d", folder, len(events), report.Bytes, report.Damage, want, len(data))
		}
		text, err := os.ReadFile(filepath.Join(path, "parser.assert"))
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range assertion.FindAllSubmatch(text, -1) {
			i, err := strconv.Atoi(string(m[1]))
			if err != nil {
				t.Fatal(err)
			}
			value, err := strconv.Unquote(string(m[3]))
			if err != nil {
				t.Fatal(err)
			}
			name := names[string(m[2])]
			if name == "" || i >= len(events) {
				continue
			}
			compared++
			if got := events[i].Text(name); got != value {
				t.Errorf("%s: line %d: %s = %q, want %q", folder, i, name, got, value)
			}
		}
	}
	t.Logf("%d values compared", compared)
}

func FuzzRead(f *testing.F) {
	for _, name := range []string{"exim.log", "zimbra.log"} {
		data := synthetic(f, name)
		f.Add(data)
		for line := range bytes.Lines(data) {
			f.Add(line)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		mail.Sniff(data)
		format().Check(t, data)
	})
}

func BenchmarkRead(b *testing.B) {
	for _, name := range []string{"exim", "zimbra"} {
		b.Run(name, func(b *testing.B) {
			data := synthetic(b, name+".log")
			data = bytes.Repeat(data, 4<<20/len(data))
			f, err := mail.Open(bytes.NewReader(data), int64(len(data)), "test.log", lines.Options{})
			if err != nil {
				b.Fatal(err)
			}
			r := mail.NewReader(lines.Options{})
			b.SetBytes(int64(len(data)))
			b.ReportAllocs()
			for b.Loop() {
				for _, u := range f.Units() {
					if _, err := r.Read(f, u, func(*event.Event) bool { return true }); err != nil {
						b.Fatal(err)
					}
				}
			}
		})
	}
}

func Example() {
	const text = "2026-03-01 08:00:06 dovecot_login authenticator failed for ppp.example ([192.0.2.5]) [198.51.100.4]:55379: 535 Incorrect authentication data (set_id=root)\n"
	f, err := mail.Open(strings.NewReader(text), int64(len(text)), "mainlog", lines.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	r := mail.NewReader(lines.Options{})
	for _, u := range f.Units() {
		if _, err := r.Read(f, u, func(e *event.Event) bool {
			fmt.Println(e.Time, e.Product, e.Text("user"), e.Text("client_ip"), e.Text("action"), e.Text("result"))
			return true
		}); err != nil {
			fmt.Println(err)
		}
	}
	// Output: 2026-03-01 08:00:06 +0000 UTC exim root 198.51.100.4 login failure
}
