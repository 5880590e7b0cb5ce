package w3c

import (
	"bytes"
	"flag"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"aldebaran/event"
	"aldebaran/evidence/lines"
	"aldebaran/evidence/readertest"
)

var update = flag.Bool("update", false, "write the golden files anew")

func format() readertest.Format[*File, *Reader] {
	return readertest.Format[*File, *Reader]{Sniff: Sniff, Open: Open, NewReader: NewReader, Show: readertest.ShowPlain, Promises: promises}
}

func TestGolden(t *testing.T) { format().Golden(t, "iis.log", *update) }

func TestLines(t *testing.T) {
	const iis = "#Software: Microsoft Internet Information Services 10.0\n"
	for _, c := range []struct {
		name, log string
		want      []string
	}{
		{"hyphen is null, the bytes stay", "#Fields: date time cs-uri-query\n2026-03-01 01:02:03 -\n",
			[]string{"2026-03-01T01:02:03Z // date=2026-03-01 time=01:02:03 cs-uri-query=<null>"}},
		{"decimals", "#Fields: date time sc-status\n2026-03-01 01:02:03.25 200\n",
			[]string{"2026-03-01T01:02:03.25Z /webserver/ date=2026-03-01 time=01:02:03.25 sc-status=200"}},
		{"CR LF, rows of blanks, names in capitals", "#Fields: date  time   SC-Status \r\n2026-03-01   01:02:03 200 \r\n",
			[]string{"2026-03-01T01:02:03Z /webserver/ date=2026-03-01 time=01:02:03 sc-status=200"}},
		{"a date from #Date, past midnight", "#Date: 2026-12-31 23:00:00\n#Fields: time sc-status\n23:59:59 200\n00:00:01 200\n",
			[]string{"2026-12-31T23:59:59Z /webserver/ time=23:59:59 sc-status=200", "2027-01-01T00:00:01Z /webserver/ time=00:00:01 sc-status=200"}},
		{"a little back is no new day", "#Date: 2026-03-01 00:00:00\n#Fields: time sc-status\n08:00:05 200\n08:00:01 200\n",
			[]string{"2026-03-01T08:00:05Z /webserver/ time=08:00:05 sc-status=200", "2026-03-01T08:00:01Z /webserver/ time=08:00:01 sc-status=200"}},
		{"offset", "#GMT-Offset: -0800\n#Fields: date time sc-status\n2026-03-01 20:00:00 200\n",
			[]string{"2026-03-02T04:00:00Z /webserver/ date=2026-03-01 time=20:00:00 sc-status=200"}},
		{"quoted texts", "#Fields: date time cs(User-Agent) sc-status\n2026-03-01 01:02:03 \"a \"\"b\"\" c\" 200\n",
			[]string{`2026-03-01T01:02:03Z /webserver/ date=2026-03-01 time=01:02:03 cs-user-agent=a ""b"" c sc-status=200`}},
		{"a quote of the client is none of IIS's", iis + "#Fields: date time cs(User-Agent) cs(Referer) sc-status\n2026-03-01 01:02:03 \"a b\" 200\n",
			[]string{`2026-03-01T01:02:03Z /webserver/iis date=2026-03-01 time=01:02:03 cs-user-agent="a cs-referer=b" sc-status=200`}},
		{"a quote that does not end", "#Fields: date time cs(User-Agent) sc-status\n2026-03-01 01:02:03 \"a 200\n",
			[]string{`2026-03-01T01:02:03Z /webserver/ date=2026-03-01 time=01:02:03 cs-user-agent="a sc-status=200`}},
		{"tabs", "#Version: 1.0\n#Fields: date time c-ip cs(Host) sc-status\n2026-03-01\t01:02:03\t192.0.2.1\ta b\t200\n",
			[]string{"2026-03-01T01:02:03Z /webserver/ date=2026-03-01 time=01:02:03 c-ip=192.0.2.1 cs-host=a b sc-status=200"}},
		{"a tab inside a value", iis + "#Fields: date time cs-uri-query sc-status\n2026-03-01 01:02:03 a\tb 200\n",
			[]string{"2026-03-01T01:02:03Z /webserver/iis date=2026-03-01 time=01:02:03 cs-uri-query=a\tb sc-status=200"}},
		{"names stand twice", "#Fields: date time sc-status sc-status\n2026-03-01 01:02:03 200 404\n",
			[]string{"2026-03-01T01:02:03Z /webserver/ date=2026-03-01 time=01:02:03 sc-status=200 sc-status=404"}},
		{"room that IIS reserved", iis + "#Fields: date time sc-status\n2026-03-01 01:02:03 200\n\x00\x00\x00\x00",
			[]string{"2026-03-01T01:02:03Z /webserver/iis date=2026-03-01 time=01:02:03 sc-status=200"}},
		{"room before a line", iis + "#Fields: date time sc-status\n\x00\x00\x002026-03-01 01:02:03 200\n",
			[]string{"2026-03-01T01:02:03Z /webserver/iis date=2026-03-01 time=01:02:03 sc-status=200"}},
		{"firewall", "#Version: 1.5\n#Software: Microsoft Windows Firewall\n#Time Format: Local\n#Fields: date time action protocol src-ip dst-ip src-port dst-port\n2026-03-01 01:02:03 DROP TCP 192.0.2.1 192.0.2.2 50000 445\n",
			[]string{"2026-03-01T01:02:03Z /firewall/ date=2026-03-01 time=01:02:03 action=DROP protocol=TCP src_ip=192.0.2.1 dst_ip=192.0.2.2 src_port=50000 dst_port=445"}},
		{"proxy", "#Software: SGOS 6.7\n#Fields: date time c-ip cs-method cs-uri-scheme cs-host cs-uri-path cs-uri-query sc-status\n2026-03-01 01:02:03 192.0.2.1 GET http example.test /a ?b 200\n",
			[]string{"2026-03-01T01:02:03Z /proxy/ date=2026-03-01 time=01:02:03 c-ip=192.0.2.1 cs-method=GET cs-uri-scheme=http cs-host=example.test cs-uri-stem=/a cs-uri-query=?b sc-status=200"}},
		{"no directives", "2026-03-01 01:02:03 192.0.2.1 GET /a - 443 - 192.0.2.2 curl/8.5.0 200 0 0 7\n",
			[]string{"2026-03-01T01:02:03Z /webserver/iis date=2026-03-01 time=01:02:03 s-ip=192.0.2.1 cs-method=GET cs-uri-stem=/a cs-uri-query=<null> s-port=443 cs-username=<null> c-ip=192.0.2.2 cs-user-agent=curl/8.5.0 sc-status=200 sc-substatus=0 sc-win32-status=0 time-taken=7"}},
		{"no time at all", "#Fields: c-ip sc-status\n192.0.2.1 200\n", []string{"- /webserver/ c-ip=192.0.2.1 sc-status=200"}},
		{"a line without an end", "#Fields: date time sc-status\n2026-03-01 01:02:03 200", []string{"2026-03-01T01:02:03Z /webserver/ date=2026-03-01 time=01:02:03 sc-status=200"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if !Sniff([]byte(c.log)) {
				t.Error("not recognised")
			}
			got, _ := format().Read(t, []byte(c.log))
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestDamage(t *testing.T) {
	const fields = "#Fields: date time cs-method sc-status\n"
	for _, c := range []struct {
		name, log string
		events    int
		want      []string
	}{
		{"junk", fields + "junk\n", 0, []string{`39: line: want 4 columns, found 1: "junk", lost 1`}},
		{"half written, no time yet", fields + "2026-03-01 01:0", 0, []string{`39: line: want 4 columns, found 2; it may be half written: "2026-03-01 01:0", lost 1`}},
		{"half written", fields + "2026-03-01 01:02:03 GE", 1, []string{`39: last line: want 4 columns, found 3; it may be half written, lost 0`}},
		{"too few", fields + "2026-03-01 01:02:03 GET\n", 1, []string{`39: columns: want 4 columns, found 3, lost 0`}},
		{"too many", fields + "2026-03-01 01:02:03 GET x y\n", 1, []string{`39: columns: want 4 columns, found 5, lost 0`}},
		{"no such day", fields + "2026-02-30 01:02:03 GET 200\n", 1, []string{`39: time: want date and time as 2026-03-01 08:00:00, found "2026-02-30 01:02:03 GET 200", lost 0`}},
		{"no date anywhere", "#Fields: time sc-status\n01:02:03 200\n01:02:04 200\n", 2, []string{`24: date: want a column date or a #Date directive, found none: these events have no time, lost 0`}},
		{"no #Fields", "#Version: 1.0\nx y\n", 0, []string{`14: line: want a #Fields directive before it, found "x y", lost 1`}},
		{"bad directives", "#Date: yesterday\n#GMT-Offset: far\n#Fields:\n" + fields, 0, []string{
			`0: directive: want a date as 2026-03-01, found "yesterday", lost 0`,
			`17: directive: want an offset as -0800, found "far", lost 0`,
			`34: directive: want names behind #Fields, found none, lost 0`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			events, report := format().Read(t, []byte(c.log))
			if diff := cmp.Diff(c.want, readertest.Damage(report)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if len(events) != c.events {
				t.Errorf("%d events, want %d: %q", len(events), c.events, events)
			}
		})
	}
}

func TestDamageIsBounded(t *testing.T) {
	log := "#Fields: date time sc-status\n" + strings.Repeat("junk\n", 1000)
	_, report := format().Read(t, []byte(log))
	if n := len(report.Damage); n != lines.MaxDamage+1 {
		t.Fatalf("%d places, want %d and a summary", n, lines.MaxDamage)
	}
	if last := report.Damage[lines.MaxDamage]; last.Lost != 1000-lines.MaxDamage {
		t.Errorf("the summary says %d records lost, want %d", last.Lost, 1000-lines.MaxDamage)
	}
}

// TestMemoryIsBounded: what a reader remembers does not grow with what a log makes up.
func TestMemoryIsBounded(t *testing.T) {
	r := NewReader(lines.Options{})
	var log bytes.Buffer
	for i := range 2 * maxLayouts {
		fmt.Fprintf(&log, "#Fields: date time s-computername %s-%d\n2026-03-01 01:02:03 %s-%d x\n", strings.Repeat("y", 2*maxFields), i, strings.Repeat("z", 1000), i)
	}
	file := format().OpenLog(t, log.Bytes())
	if report := format().Pass(t, r, file, file.Units()...).Report; report.Events != 2*maxLayouts {
		t.Errorf("%d events, want %d", report.Events, 2*maxLayouts)
	}
	if len(r.layouts) > maxLayouts {
		t.Errorf("%d layouts are remembered", len(r.layouts))
	}
	for k := range r.layouts {
		if len(k.fields) > maxFields {
			t.Fatalf("a layout of %d bytes is remembered", len(k.fields))
		}
	}
}

func TestLocalTime(t *testing.T) {
	zone := time.FixedZone("+03:00", 3*3600)
	log := []byte("#Software: Microsoft Windows Firewall\n#Fields: date time action src-ip dst-ip\n2026-03-01 01:02:03 DROP 192.0.2.1 192.0.2.2\n")
	got, report := format().With(lines.Options{Zone: zone}).Read(t, log)
	if want := "2026-02-28T22:02:03Z"; len(got) != 1 || !strings.HasPrefix(got[0], want) {
		t.Errorf("%q, want %s", got, want)
	}
	if report.Clock.Zone != "+03:00" || report.Clock.Assumed {
		t.Errorf("clock %+v, want +03:00 by --tz", report.Clock)
	}
	if _, report = format().Read(t, log); !report.Clock.Assumed {
		t.Errorf("clock %+v, want one that is assumed", report.Clock)
	}
	iis := []byte("#Software: Microsoft Internet Information Services 10.0\n#Fields: date time sc-status\n2026-03-01 01:02:03 200\n")
	if got, _ := format().With(lines.Options{Zone: zone}).Read(t, iis); !strings.HasPrefix(got[0], "2026-03-01T01:02:03Z") {
		t.Errorf("%q: IIS writes UTC whatever --tz says", got)
	}
}

func TestSniffRefuses(t *testing.T) {
	format().Sniffs(t, false,
		"#Software: Microsoft Exchange Server\n#Version: 15.0.0.0\n#Fields: date-time,client-ip,server-ip\n", // Exchange
		"#separator \\x09\n#fields\tts\tuid\tid.orig_h\n1.0\tC1\t192.0.2.1\n",                                // Zeek
		"#!/bin/sh\n# Fields: none\necho x\n",                                                                // script
		"Mar  1 01:02:03 host sshd[1]: Accepted password for x\n",                                            // syslog
		"192.0.2.1 - - [01/Mar/2026:01:02:03 +0000] \"GET / HTTP/1.1\" 200 1\n",                              // common
		"#Fields: date time c-ip\n"+strings.Repeat("\x01\x02\x03", 40),                                       // binary
		"", // empty
		"2026-03-01 01:02:03 1 2 3 4 5 6 7 8 9 10 11 12\n", // numbers
		"#Fields: one two three\n",                         // names of nothing
	)
}

func TestUTF16(t *testing.T) {
	b := readertest.UTF16("#Fields: date time cs-uri-stem\r\n2026-03-01 01:02:03 /é\r\n")
	if !Sniff(b) {
		t.Error("not recognised")
	}
	got, report := format().Read(t, b)
	want := []string{"2026-03-01T01:02:03Z /webserver/ date=2026-03-01 time=01:02:03 cs-uri-stem=/é"}
	if diff := cmp.Diff(want, got); diff != "" || len(report.Damage) > 0 {
		t.Errorf("(-want +got):\n%s%v", diff, report.Damage)
	}
}

func TestReadStops(t *testing.T) {
	log := []byte("#Fields: date time sc-status\n" + strings.Repeat("2026-03-01 01:02:03 200\n", 5))
	f := format().OpenLog(t, log)
	n := 0
	report, err := NewReader(lines.Options{}).Read(f, f.Units()[0], func(*event.Event) bool { n++; return n < 2 })
	if err != nil || n != 2 || report.Events != 2 {
		t.Errorf("%d events handed out, %d reported, %v: want 2", n, report.Events, err)
	}
}

func TestNothingIsAllocated(t *testing.T) {
	format().Allocates(t, []byte("#Fields: date time s-computername cs-uri-stem sc-status\n"+strings.Repeat("2026-03-01 01:02:03 SYNTH01 /a 200\n", 1000)), 20)
}

// benchLog is a synthetic log of about size bytes.
func benchLog(size int) []byte {
	var b bytes.Buffer
	b.WriteString("#Software: Microsoft Internet Information Services 10.0\r\n#Fields: date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) cs(Referer) sc-status sc-substatus sc-win32-status time-taken\r\n")
	for i := 0; b.Len() < size; i++ {
		fmt.Fprintf(&b, "2026-03-01 %02d:%02d:%02d 192.0.2.1 GET /owa/item%d.aspx id=%x 443 - 198.51.100.%d Mozilla/5.0+(Windows+NT+10.0;+Win64;+x64)+AppleWebKit/537.36+(KHTML,+like+Gecko)+Chrome/120.0.0.0+Safari/537.36 - 200 0 0 %d\r\n",
			i/3600%24, i/60%60, i%60, i%977, i*7919, i%250, i%500)
	}
	return b.Bytes()
}

func BenchmarkRead(b *testing.B) { format().Bench(b, benchLog(8<<20)) }
