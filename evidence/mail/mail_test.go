package mail_test

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
	"aldebaran/evidence/mail"
	"aldebaran/evidence/readertest"
)

var update = flag.Bool("update", false, "write the golden files anew")

func format() readertest.Format[*mail.File, *mail.Reader] {
	return readertest.Format[*mail.File, *mail.Reader]{Sniff: mail.Sniff, Open: mail.Open, NewReader: mail.NewReader, Options: readertest.ByYear()}
}

// TestGolden reads synthetic logs: nothing of them ever happened.
func TestGolden(t *testing.T) {
	format().Golden(t, "exim.log", *update)
	format().Golden(t, "zimbra.log", *update)
}

func TestSniff(t *testing.T) {
	for line := range bytes.Lines(readertest.Testdata(t, "exim.log")) {
		format().Sniffs(t, true, string(line))
	}
	format().Sniffs(t, false,
		"", "\n", "text\n",
		"2026-03-01 08:00:00,489 INFO [Catalina-utility-1] [confluence.cluster.HazelcastClusterManager] startCluster Starting the cluster.\n",
		"2026-03-01 08:00:00,357 WARN  [org.key.events] (executor-thread-3121) type=LOGIN_ERROR, realmId=keycloak\n",
		"2026-03-01 08:00:00 status half-installed base-passwd:amd64 3.5.33\n",
		"2026-03-01 08:00:00.123 UTC [12] LOG:  database system is ready\n",
		"2026-03-01 08:00:00.12 spid5s      Starting up database 'master'.\n",
		"2026-03-01 08:00:00 CRIT: Banning 198.51.100.42/32 for 60 minutes\n",
		"2026-03-01 08:00:00 192.0.2.1 GET /x y 80 - 192.0.2.7 Mozilla/5.0 200 0 0 1\n",
		"2026-03-01 08:00:00,399 mantis proftpd[498819] mantis (192.0.2.7[192.0.2.7]): USER a (Login failed)\n",
	)
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
	names := map[string]string{
		"source_ip": "client_ip", "user": "user", "username": "user", "server": "server", "proto": "protocol", "src_ip": "client_ip",
	}
	// CrowdSec's lists count the lines that reached the parser; of these logs that is all of them.
	compared := 0
	for folder, want := range map[string]int{"exim-bf": 6, "exim-spam": 8, "zimbra-logs": 4} {
		path := corpustest.Path(t, "logs/crowdsec/mail/"+folder+"/"+folder+".log")
		data := corpustest.Load(t, path)
		events, report := format().Events(t, data)
		format().Check(t, data)
		if len(events) != want || len(report.Damage) > 0 || report.Bytes != int64(len(data)) {
			t.Errorf("%s: %d events of %d bytes, damage %+v; want %d of %d", folder, len(events), report.Bytes, report.Damage, want, len(data))
		}
		for _, a := range readertest.Assertions(t, path) {
			name := names[a.Field]
			if name == "" || !strings.HasPrefix(a.Stage, "s01") || a.Line >= len(events) {
				continue
			}
			compared++
			if got := events[a.Line].Text(name); got != a.Value {
				t.Errorf("%s: line %d: %s = %q, want %q", folder, a.Line, name, got, a.Value)
			}
		}
	}
	if compared == 0 {
		t.Error("no values compared")
	}
	t.Logf("%d values compared", compared)
}

func FuzzRead(f *testing.F) {
	format().Fuzz(f, readertest.Lines(readertest.Testdata(f, "exim.log"), readertest.Testdata(f, "zimbra.log"))...)
}

func BenchmarkRead(b *testing.B) {
	for _, name := range []string{"exim", "zimbra"} {
		b.Run(name, func(b *testing.B) { format().Bench(b, readertest.Repeat(readertest.Testdata(b, name+".log"), 4<<20)) })
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
