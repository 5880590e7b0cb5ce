package syslog_test

import (
	"bytes"
	"flag"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"aldebaran/event"
	"aldebaran/evidence/lines"
	"aldebaran/evidence/readertest"
	"aldebaran/evidence/syslog"
)

var update = flag.Bool("update", false, "write the golden files anew")

func format() readertest.Format[*syslog.File, *syslog.Reader] {
	return readertest.Format[*syslog.File, *syslog.Reader]{Sniff: syslog.Sniff, Open: syslog.Open, NewReader: syslog.NewReader, Options: readertest.ByYear()}
}

// TestGolden reads a synthetic log: the hosts, users and addresses are invented, and nothing of it
// ever happened.
func TestGolden(t *testing.T) {
	format().Golden(t, "synthetic.log", *update)
	format().Check(t, bytes.ReplaceAll(readertest.Testdata(t, "synthetic.log"), []byte("\n"), []byte("\r\n")))
}

func TestSniff(t *testing.T) {
	format().Sniffs(t, true,
		"Mar  1 08:00:00 mx1 sshd[411]: x\n",
		"Mar  1 08:00:00 mx1 sshd[411]: x",
		"\xff\xfeM\x00a\x00r\x00 \x00 \x001\x00 \x000\x008\x00:\x000\x000\x00:\x000\x000\x00 \x00h\x00 \x00t\x00:\x00 \x00x\x00\n\x00",
		"<13>Mar  1 08:00:00 mx1 x\n",
		"2026-03-01T08:00:00Z mx1 sshd[411]: x\nfurther text\n",
		"1 2026-03-01T08:00:00Z fw1 CheckPoint 19710 - [action:\"Drop\"; ifdir:\"inbound\"]\n",
		"2026-03-01T08:00:00+03:00 192.0.2.1 devid=1 type=attack\n",
		"Header: 1\nMar  1 08:00:00 mx1 a: x\nMar  1 08:00:00 mx1 a: x\n",
	)
	format().Sniffs(t, false,
		"", "\n", "text\n", "\x00\x01\x02",
		"2026-03-01T08:00:00.000Z 0 [Note] mysqld: ready\n",
		"2026-03-01 08:00:00.123 UTC [12] LOG:  database system is ready\n",
		"2026-03-01 08:00:00.12 spid5s      Starting up database 'master'.\n",
		"2026-03-01 08:00:00 1o6YQz-0003Xk-7C <= amal@example.org H=h [192.0.2.1] P=esmtps S=12\n",
		"2026-03-01 08:00:00,123 INFO  [main] [] soap - x\n",
		"2026-03-01T08:00:00.000Z,0000000000000005,1,192.0.2.1:110\n",
		"2026-03-01T08:00:00.000Z app/lb 192.0.2.1:1 192.0.2.2:80 0.1 200\n",
		"192.0.2.1 - - [01/Mar/2026:08:00:00 +0000] \"GET / HTTP/1.1\" 200 1\n",
		"03/01/26 08:00:00 [LOGON] [1] x\n",
		"[2026-03-01 08:00:00 +0000] info x\n",
		"Mar  1 08:00:00 mx1 a: x\none\ntwo\nthree\n",
	)
}

// TestKept holds that no line is lost, whatever stands in it.
func TestKept(t *testing.T) {
	f := func(in string, want ...string) {
		t.Helper()
		got, report := format().Read(t, []byte(in))
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%q (-want +got):\n%s", in, diff)
		}
		if report.Bytes != int64(len(in)) {
			t.Errorf("%q: %d bytes, want %d", in, report.Bytes, len(in))
		}
		format().Check(t, []byte(in))
	}
	f("no time at all\n", `- linux//syslog message="no time at all"`)
	f("Mar  1 08:0", `- linux//syslog message="Mar  1 08:0"`)
	f("Mar  1 08:00:00", `2026-03-01T08:00:00Z linux//syslog message=""`)
	f("Mar  1 08:00:00 mx1\n", `2026-03-01T08:00:00Z linux//syslog @mx1 message="" .host="mx1"`)
	f("Mar  1 08:00:00 mx1 su: \x00\xff\n", `2026-03-01T08:00:00Z linux//auth @mx1 message="\x00�" .host="mx1" .program="su"`)
	f("2026-03-01T08:00:00Z h b 1 - \n", `2026-03-01T08:00:00Z linux//syslog @h message="b 1 - " .host="h" .program="b"`)
	f("<999>Mar  1 08:00:00 mx1 a: b\n", `- linux//syslog message="<999>Mar  1 08:00:00 mx1 a: b"`)
	f("<13>1 2026-03-01T08:00:00Z h a 1 - [x y=\"1 open\n", `2026-03-01T08:00:00Z linux//syslog @h message="[x y=\"1 open" .host="h" .program="a" .pid="1" .facility="user" .severity="notice"`)
	f("Mar  1 08:00:00 mx1 audispd: type=EXECVE msg=audit(broken): x\n", `2026-03-01T08:00:00Z linux//syslog @mx1 message="type=EXECVE msg=audit(broken): x" .host="mx1" .program="audispd"`)
	f("Mar  1 08:00:00 mx1 sysmon: <Event>Name=\"Linux-Sysmon\"\n", `2026-03-01T08:00:00Z linux//syslog @mx1 message="<Event>Name=\"Linux-Sysmon\"" .host="mx1" .program="sysmon"`)
}

func TestClock(t *testing.T) {
	f := func(in string, want event.Clock) {
		t.Helper()
		if _, report := format().Read(t, []byte(in)); report.Clock != want {
			t.Errorf("%q: %+v, want %+v", in, report.Clock, want)
		}
	}
	const year = "; the year is the latest in which a line is not after the file's time of change"
	f("", event.Clock{})
	f("2026-03-01T08:00:00Z h a: b\n", event.Clock{Zone: "UTC", How: "each line says its zone"})
	f("2026-03-01T08:00:00-03:30 h a: b\n", event.Clock{Zone: "-03:30", How: "each line says its zone"})
	f("2026-03-01T08:00:00+01:00 h a: b\n2026-03-01T08:00:00Z h a: b\n", event.Clock{Zone: "several", How: "each line says its zone"})
	f("Mar  1 2026 08:00:00 h a: b\n", event.Clock{Zone: "UTC", How: "the log does not say its zone", Assumed: true})
	f("Mar  1 08:00:00 h a: b\n", event.Clock{Zone: "UTC", How: "the log does not say its zone" + year, Assumed: true})
}

func FuzzRead(f *testing.F) {
	seeds := readertest.Lines(readertest.Testdata(f, "synthetic.log"))
	format().Fuzz(f, append(seeds, []byte("2026-03-01T08:00:00Z h b 1 - \n"))...)
}

func BenchmarkRead(b *testing.B) {
	data := readertest.Testdata(b, "synthetic.log")
	for _, c := range []struct{ name, word string }{{"all", ""}, {"sshd", "sshd["}, {"postfix", "postfix"}} {
		b.Run(c.name, func(b *testing.B) {
			var log []byte
			for line := range bytes.Lines(data) {
				if bytes.Contains(line, []byte(c.word)) {
					log = append(log, line...)
				}
			}
			format().Bench(b, readertest.Repeat(log, 4<<20))
		})
	}
}

func Example() {
	const text = "2026-03-01T10:00:00+02:00 mx1 sshd[411]: Failed password for amal from 192.0.2.7 port 50022 ssh2\n"
	f, err := syslog.Open(strings.NewReader(text), int64(len(text)), "auth.log", lines.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	r := syslog.NewReader(lines.Options{})
	for _, u := range f.Units() {
		if _, err := r.Read(f, u, func(e *event.Event) bool {
			fmt.Println(e.Time, e.Computer, e.Service, e.Text("user"), e.Text("client_ip"), e.Text("action"), e.Text("result"))
			return true
		}); err != nil {
			fmt.Println(err)
		}
	}
	// Output: 2026-03-01 08:00:00 +0000 UTC mx1 sshd amal 192.0.2.7 login failure
}
