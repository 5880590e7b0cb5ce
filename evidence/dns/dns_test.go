package dns

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"aldebaran/corpustest"
	"aldebaran/event"
	"aldebaran/evidence/lines"
	"aldebaran/evidence/readertest"
)

// All logs here are synthetic: they show what a name server writes, of example names and addresses.

func format() readertest.Format[*File, *Reader] {
	return readertest.Format[*File, *Reader]{
		Sniff: Sniff, Open: Open, NewReader: NewReader, Show: show,
		Promises: func(t testing.TB, data []byte, whole readertest.Pass) {
			t.Helper()
			format().Pieces(t, data, whole)
		},
	}
}

// show writes an event on one line, without its message.
func show(e *event.Event) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s/%s/%s", e.Product, e.Category, e.Service)
	if e.Time.IsZero() {
		b.WriteString(" no time")
	} else {
		b.WriteString(e.Time.Format(" 2006-01-02T15:04:05.999Z"))
	}
	if e.Computer != "" {
		b.WriteString(" on " + e.Computer)
	}
	for i, f := range e.Shape.Fields {
		if f.Name != "message" && f.Name != "host" {
			fmt.Fprintf(&b, " %s=%s", f.Name, e.Values[i])
		}
	}
	return b.String()
}

const windowsHead = "DNS Server log file creation at 6/3/2026 6:30:00 AM\r\nLog file wrap at 6/3/2026 6:30:00 AM\r\n\r\n" +
	"Message logging key (for packets - other items use a subset of these fields):\r\n\tField #  Information         Values\r\n" +
	"\t-------  -----------         ------\r\n\t   1     Date\r\n\t  16     Question Name\r\n\r\n"

func TestRead(t *testing.T) {
	newest := time.Date(2026, 7, 1, 0, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		name, in string
		want     []string
	}{
		{"Windows, United States", windowsHead +
			"6/3/2026 6:33:00 PM 0960 PACKET  0000000002961160 UDP Rcv 192.0.2.1    5a26   Q [0001   D   NOERROR] A      (3)www(7)example(3)org(0)\r\n\r\n" +
			"6/3/2026 6:33:01 PM 0960 PACKET  0000000002961160 UDP Snd 192.0.2.1    5a26 R Q [8385 A DR NXDOMAIN] TXT    (3)www(7)example(3)org(0)\r\n" +
			"6/3/2026 6:33:02 PM 0960 EVENT   The DNS server has started.\r\n", []string{
			"windows/dns/dns-server 2026-06-03T06:30:00Z",
			"windows/dns/dns-server 2026-06-03T18:33:00Z query=www.example.org record_type=A response=NOERROR src_ip=192.0.2.1 flags=D transaction_id=5a26 protocol=UDP direction=Rcv opcode=Q context=PACKET thread=0960 query_response=query",
			"windows/dns/dns-server 2026-06-03T18:33:01Z query=www.example.org record_type=TXT response=NXDOMAIN dst_ip=192.0.2.1 flags=A DR transaction_id=5a26 protocol=UDP direction=Snd opcode=Q context=PACKET thread=0960 query_response=response",
			"windows/dns/dns-server 2026-06-03T18:33:02Z context=EVENT thread=0960",
		}},
		{"Windows, Germany, 2003, with details", "03.06.2026 18:33:00 0960 PACKET  TCP Rcv 2001:db8::1    5a26 R Q [8081   DR  NOERROR] A      (1)a(7)example(3)org(0)\n" +
			"TCP response info at 02961160\n  Socket = 412\n    QUESTION SECTION:\n    Offset = 0x000c, RR count = 0\n    Name      \"(1)a(7)example(3)org(0)\"\n    ANSWER SECTION:\n" +
			"      TYPE   A  (1)\n      DATA   198.51.100.7\n      DATA   198.51.100.8\n      DATA   (1)b(7)example(0)\n    AUTHORITY SECTION:\n      DATA   no\n    ADDITIONAL SECTION:\n      empty\n" +
			"04.06.2026 01:00:00 0960 PACKET  TCP Rcv 2001:db8::1    5a26   Q [0001   D   NOERROR] A      (0)\n", []string{
			"windows/dns/dns-server 2026-06-03T18:33:00Z query=a.example.org record_type=A response=NOERROR src_ip=2001:db8::1 flags=DR transaction_id=5a26 protocol=TCP direction=Rcv opcode=Q context=PACKET thread=0960 query_response=response answer=198.51.100.7 answer=198.51.100.8 answer=b.example",
			"windows/dns/dns-server 2026-06-04T01:00:00Z query=. record_type=A response=NOERROR src_ip=2001:db8::1 flags=D transaction_id=5a26 protocol=TCP direction=Rcv opcode=Q context=PACKET thread=0960 query_response=query",
		}},
		{"BIND", "03-Jun-2026 06:33:00.425 queries: info: client @0x7f65100ee4d8 192.0.2.1#3076 (www.example.org): view internal: query: www.example.org IN A +E(0)K (192.0.2.53)\n" +
			"2026-06-03T06:33:01.5Z client 2001:db8::1#55590 (example.org): zone transfer 'example.org/AXFR/IN' denied\n" +
			"03-Jun-2026 06:33:02.000 query-errors: info: client @0x1 192.0.2.1#1 (x.example): query failed (SERVFAIL) for x.example/IN/MX at query.c:7837\n" +
			"03-Jun-2026 06:33:03.000 client @0x1 192.0.2.1#1: update 'example.org/IN' denied\n" +
			"03-Jun-2026 06:33:04.000 general: info: zone example.org/IN: loaded serial 5\n", []string{
			"bind/dns/ 2026-06-03T06:33:00.425Z query=www.example.org record_type=A query_class=IN src_ip=192.0.2.1 src_port=3076 dst_ip=192.0.2.53 flags=+E(0)K context=queries view=internal verb=query query_response=query",
			"bind/dns/ 2026-06-03T06:33:01.5Z query=example.org record_type=AXFR query_class=IN action=denied src_ip=2001:db8::1 src_port=55590 verb=zone transfer query_response=query",
			"bind/dns/ 2026-06-03T06:33:02Z query=x.example record_type=MX query_class=IN response=SERVFAIL src_ip=192.0.2.1 src_port=1 context=query-errors verb=query failed query_response=response",
			"bind/dns/ 2026-06-03T06:33:03Z query=example.org query_class=IN action=denied src_ip=192.0.2.1 src_port=1 verb=update query_response=query",
			"/dns/ 2026-06-03T06:33:04Z context=general",
		}},
		{"BIND through syslog", "Nov 13 10:59:46 ns1 named[2075]: 19-Oct-2022 05:34:02.425 security: error: client @0x7f65100ee4d8 192.0.2.1#3076 (example.org): query (cache) 'example.org/ANY/IN' denied\n" +
			"Jun 13 10:59:46 ns1 named[2075]: client 192.0.2.1#3076: query (cache) denied\n", []string{
			"bind/dns/ 2022-10-19T05:34:02.425Z on ns1 query=example.org record_type=ANY query_class=IN action=denied src_ip=192.0.2.1 src_port=3076 context=security verb=query (cache) program=named query_response=query",
			"bind/dns/ 2026-06-13T10:59:46Z on ns1 src_ip=192.0.2.1 src_port=3076 program=named",
		}},
		{"dnsmasq", "Jun  3 06:33:00 dnsmasq[417]: query[A] www.example.org from 192.0.2.1\n" +
			"Jun  3 06:33:00 dnsmasq[417]: forwarded www.example.org to 192.0.2.53\n" +
			"Jun  3 06:33:00 dnsmasq[417]: reply www.example.org is 198.51.100.7\n" +
			"Jun  3 06:33:00 dnsmasq[417]: cached no.example.org is NXDOMAIN\n" +
			"Jun  3 06:33:00 dnsmasq[417]: gravity blocked ads.example.org is 0.0.0.0\n" +
			"Jun  3 06:33:00 pi dnsmasq[417]: 45 192.0.2.1/55134 query[type=65] www.example.org from 192.0.2.1\n" +
			"Jun  3 06:33:00 dnsmasq[417]: started, version 2.90 cachesize 150\n", []string{
			"dnsmasq/dns/ 2026-06-03T06:33:00Z query=www.example.org record_type=A src_ip=192.0.2.1 verb=query program=dnsmasq query_response=query",
			"dnsmasq/dns/ 2026-06-03T06:33:00Z query=www.example.org dst_ip=192.0.2.53 verb=forwarded program=dnsmasq query_response=query",
			"dnsmasq/dns/ 2026-06-03T06:33:00Z query=www.example.org verb=reply program=dnsmasq query_response=response answer=198.51.100.7",
			"dnsmasq/dns/ 2026-06-03T06:33:00Z query=no.example.org response=NXDOMAIN verb=cached program=dnsmasq query_response=response",
			"dnsmasq/dns/ 2026-06-03T06:33:00Z query=ads.example.org action=blocked verb=gravity blocked program=dnsmasq query_response=response answer=0.0.0.0",
			"dnsmasq/dns/ 2026-06-03T06:33:00Z on pi query=www.example.org record_type=type=65 src_ip=192.0.2.1 src_port=55134 transaction_id=45 verb=query program=dnsmasq query_response=query",
			"dnsmasq/dns/ 2026-06-03T06:33:00Z program=dnsmasq",
		}},
		{"Unbound", "[1780468380] unbound[417:0] info: 192.0.2.1 www.example.org. A IN\n" +
			"[1780468381] unbound[417:0] reply: 192.0.2.1 www.example.org. A IN NOERROR 0.012345 0 45\n" +
			"[1780468382] unbound[417:0] notice: init module 0: validator\n" +
			"Jun 03 06:33:03 unbound[417:0] info: 192.0.2.1 . NS IN\n" +
			"Jun  3 06:33:04 ns1 unbound: [417:0] query: 192.0.2.1 a.example. AAAA IN\n", []string{
			"unbound/dns/ 2026-06-03T06:33:00Z query=www.example.org record_type=A query_class=IN src_ip=192.0.2.1 verb=query query_response=query",
			"unbound/dns/ 2026-06-03T06:33:01Z query=www.example.org record_type=A query_class=IN response=NOERROR src_ip=192.0.2.1 verb=reply query_response=response",
			"unbound/dns/ 2026-06-03T06:33:02Z",
			"unbound/dns/ 2026-06-03T06:33:03Z query=. record_type=NS query_class=IN src_ip=192.0.2.1 verb=query program=unbound query_response=query",
			"unbound/dns/ 2026-06-03T06:33:04Z on ns1 query=a.example record_type=AAAA query_class=IN src_ip=192.0.2.1 verb=query program=unbound query_response=query",
		}},
		{"another program behind the head", "Jun  3 06:33:00 dnsmasq[417]: query[A] a.example from 192.0.2.1\n" + strings.Repeat("\n", 60) +
			"Jun  3 06:33:00 ns1 sshd[417]: Failed password for root\n", []string{
			"dnsmasq/dns/ 2026-06-03T06:33:00Z query=a.example record_type=A src_ip=192.0.2.1 verb=query program=dnsmasq query_response=query",
			"linux//syslog 2026-06-03T06:33:00Z on ns1 program=sshd",
		}},
	} {
		t.Run(c.name, func(t *testing.T) { check(t, c.in, newest, c.want) })
	}
}

func TestDamage(t *testing.T) {
	events, report := format().Read(t, []byte("03-Jun-2026 06:33:00.425 client 192.0.2.1#3076 (a): query: a IN A + (192.0.2.53)\nrubbish\n\x00\x00"))
	if len(events) != 1 || len(report.Damage) != 1 || report.Damage[0].Lost != 1 {
		t.Errorf("%q, %+v; want one event and one place of damage", events, report.Damage)
	}
}

func TestSniff(t *testing.T) {
	format().Sniffs(t, true, windowsHead)
	format().Sniffs(t, false,
		"Jun  3 06:33:00 host sshd[417]: Failed password for root from 192.0.2.1 port 22 ssh2\n",
		"Jun  3 06:33:00 host named[417]: client 192.0.2.1#1 (a): query: a IN A + (192.0.2.53)\nJun  3 06:33:00 host sshd[417]: x\n",
		"Jun  3 06:33:00 host named[417]: running\n", // nothing was asked
		"[1780468380] other[417:0] info: 192.0.2.1 www.example.org. A IN\n",
		"6/3/2026 6:33:00 PM all is well\n",
		"2026-06-03 06:33:00 192.0.2.1 GET / - 80 - 192.0.2.1 - 200 0 0 1\n",
		"",
		"\n\n",
		"a,b\n1,2\n",
	)
}

func TestOrder(t *testing.T) {
	f := func(dayFirst, told bool, dates ...string) {
		t.Helper()
		var text string
		for _, d := range dates {
			text += d + " 0960 EVENT x\n"
		}
		if got := orderOf([]byte(text)); got.dayFirst != dayFirst || (got.how != "") != told {
			t.Errorf("orderOf(%q) = %+v, want the day first: %v, told: %v", dates, got, dayFirst, told)
		}
	}
	f(false, false, "6/13/2026 6:33:00 AM")
	f(true, false, "13/06/2026 06:33:00")
	f(true, false, "03.06.2026 06:33:00")
	f(false, false, "06/03/2026 23:33:00", "06/04/2026 06:33:00")
	f(true, false, "03/06/2026 23:33:00", "04/06/2026 06:33:00")
	f(false, true, "6/3/2026 6:33:00 AM")
	f(true, true, "3/6/2026 6:33:00")
	f(true, false, "20260603 6:33:00")
	f(true, false)
}

func TestName(t *testing.T) {
	f := func(in, want string, ok bool) {
		t.Helper()
		got, gotOK := appendName([]byte("x"), []byte(in))
		if string(got) != "x"+want || gotOK != ok {
			t.Errorf("appendName(%q) = %q, %v, want %q, %v", in, got, gotOK, want, ok)
		}
	}
	f("(3)www(7)example(3)org(0)", "www.example.org", true)
	f("(0)", ".", true)
	f("(3)a(b(3)org(0)", "a(b.org", true)
	f("(4)a\\255b(3)org(0)", "a\\255b.org", true)
	f("[C00C](3)www(0)", "www", true)
	f("[C00C](3)www[C012](7)example(0)", "www.example", true)
	f("(99)short", "short", true)
	f("www.example.org", "", false)
	f("()", "", false)
	f("(x)", "", false)
	f("[", "", false)
	f("", "", false)
}

// TestCorpus reads the logs of BIND that there are: each line is an event about a client.
func TestCorpus(t *testing.T) {
	for _, path := range []string{"other/bind9-refused/bind9-refused.log", "auth/bind9-syslog/bind9-syslog.log"} {
		data := corpustest.Read(t, "logs/crowdsec/"+path)
		events, report := format().Events(t, data)
		want := 0
		for line := range bytes.Lines(data) {
			if len(bytes.TrimSpace(line)) > 0 {
				want++
			}
		}
		for _, e := range events {
			line := string(data[e.Source.Offset : e.Source.Offset+e.Source.Length])
			if e.Product != "bind" || !strings.Contains(line, "'"+e.Text("query")+"/") || !strings.Contains(line, "client ") || e.Text("src_ip") == "" || !strings.Contains(line, e.Text("src_ip")+"#") {
				t.Errorf("%s: %s of %q", path, show(e), line)
			}
			if strings.Contains(line, "-2022 ") && e.Time.Year() != 2022 {
				t.Errorf("%s: time %v of %q", path, e.Time, line)
			}
			if strings.Contains(line, "denied") != (e.Text("action") == "denied") {
				t.Errorf("%s: action %q of %q", path, e.Text("action"), line)
			}
		}
		if report.Events != want || want < 10 || len(report.Damage) > 0 {
			t.Errorf("%s: %d events, want %d; %+v", path, report.Events, want, report.Damage)
		}
	}
}

// check holds what a log of the time before newest gives against what is wanted, without any damage.
func check(t *testing.T, in string, newest time.Time, want []string) {
	t.Helper()
	if !Sniff([]byte(in)) {
		t.Error("not recognised")
	}
	got, report := format().With(lines.Options{Newest: newest}).Read(t, []byte(in))
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("events (-want +got):\n%s", d)
	}
	if len(report.Damage) > 0 {
		t.Errorf("damage %+v", report.Damage)
	}
}
