package ncsa

import (
	"bytes"
	"flag"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"aldebaran/evidence/lines"
	"aldebaran/evidence/readertest"
)

var update = flag.Bool("update", false, "write the golden files anew")

func format() readertest.Format[*File, *Reader] {
	return readertest.Format[*File, *Reader]{
		Sniff: Sniff, Open: Open, NewReader: NewReader, Show: readertest.ShowPlain,
		// Every line is an event or told as lost, and stands for itself.
		Promises: func(t testing.TB, data []byte, whole readertest.Pass) {
			t.Helper()
			format().Apart(t, data, whole)
			format().Counted(t, data, whole)
		},
	}
}

func TestGolden(t *testing.T) { format().Golden(t, "mixed.log", *update) }

func TestLines(t *testing.T) {
	const (
		when   = "2026-02-28T22:02:03Z"
		stamp  = "[01/Mar/2026:01:02:03 +0300]"
		common = " /webserver/access c-ip=192.0.2.1 c-ident=<null> cs-username=<null>"
		ok     = " sc-status=200 sc-bytes=5"
		root   = " cs-method=GET cs-uri-stem=/ cs-uri-query=<null> cs-version=HTTP/1.1"
	)
	for _, c := range []struct{ name, line, want string }{
		{"common", `192.0.2.1 - - ` + stamp + ` "GET /a?b=c HTTP/1.1" 200 5`,
			when + common + ok + " cs-method=GET cs-uri-stem=/a cs-uri-query=b=c cs-version=HTTP/1.1"},
		{"combined", `192.0.2.1 - - ` + stamp + ` "GET / HTTP/1.1" 200 5 "http://example.test/" "curl 8"`,
			when + common + " cs-referer=http://example.test/ cs-user-agent=curl 8" + ok + root},
		{"hyphens", `192.0.2.1 - - ` + stamp + ` "GET / HTTP/1.1" - - "-" "-"`,
			when + common + " cs-referer=<null> cs-user-agent=<null> sc-status=<null> sc-bytes=<null>" + root},
		{"virtual host with port", `example.test:8443 192.0.2.1 - - ` + stamp + ` "GET / HTTP/1.1" 200 5`,
			when + " /webserver/access c-ip=192.0.2.1 cs-host=example.test s-port=8443 c-ident=<null> cs-username=<null>" + ok + root},
		{"IPv6", `2001:db8::1 - - ` + stamp + ` "GET / HTTP/1.1" 200 5`,
			when + " /webserver/access c-ip=2001:db8::1 c-ident=<null> cs-username=<null>" + ok + root},
		{"a client by name, a user with blanks", `host.example.test - John Doe ` + stamp + ` "GET / HTTP/1.1" 200 5`,
			when + " /webserver/access c-ip=host.example.test c-ident=<null> cs-username=John Doe" + ok + root},
		{"no user", `192.0.2.1 - ` + stamp + ` "GET / HTTP/1.1" 200 5`, when + " /webserver/access c-ip=192.0.2.1 c-ident=<null>" + ok + root},
		{"two hyphens for a user", `192.0.2.1 - - - ` + stamp + ` "GET / HTTP/1.1" 200 5`, when + common + ok + root},
		{"a user that looks like a request", `192.0.2.1 - x [01/Jan/2020:00:00:00 +0000] \"GET /forged HTTP/1.1\" 200 1 ` + stamp + ` "GET / HTTP/1.1" 200 5`,
			when + ` /webserver/access c-ip=192.0.2.1 c-ident=<null> cs-username=x [01/Jan/2020:00:00:00 +0000] "GET /forged HTTP/1.1" 200 1` + ok + root},
		{"a user that looks like a header", `192.0.2.1 - a: b c ` + stamp + ` "GET / HTTP/1.1" 200 5`,
			when + " /webserver/access c-ip=192.0.2.1 c-ident=<null> cs-username=a: b c" + ok + root},
		{"escapes", `192.0.2.1 - - ` + stamp + ` "GET /\"a\\b\x41\xzz HTTP/1.1" 200 5 "-" "q\"q"`,
			when + common + ` cs-referer=<null> cs-user-agent=q"q` + ok + ` cs-method=GET cs-uri=/\"a\\b\x41\xzz cs-uri-stem=/"a\bA\xzz cs-uri-query=<null> cs-version=HTTP/1.1`},
		{"quotes that Tomcat leaves", `192.0.2.1 - - ` + stamp + ` "GET /a?b="c" HTTP/1.1" 200 5`,
			when + common + ok + ` cs-method=GET cs-uri-stem=/a cs-uri-query=b="c" cs-version=HTTP/1.1`},
		{"a backslash before the last quote", `192.0.2.1 - - ` + stamp + ` "GET / HTTP/1.1" 200 5 "-" "a\"`,
			when + common + ` cs-referer=<null> cs-user-agent=a\` + ok + root},
		{"more behind", `192.0.2.1 - - ` + stamp + ` "GET / HTTP/1.1" 200 5 "-" "-" 240 "test@docker" 0ms`,
			when + common + ` cs-referer=<null> cs-user-agent=<null> sc-status=200 sc-bytes=5 extra-columns=240 "test@docker" 0ms` + root},
		{"forwarded for", `192.0.2.1 - - ` + stamp + ` "GET / HTTP/1.1" 200 5 "-" "-" "198.51.100.1, 2001:db8::2"`,
			when + common + ` cs-referer=<null> cs-user-agent=<null> x-forwarded-for=198.51.100.1, 2001:db8::2 sc-status=200 sc-bytes=5 extra-columns="198.51.100.1, 2001:db8::2"` + root},
		{"a duration before the referrer", `192.0.2.1 - - ` + stamp + ` "GET / HTTP/1.1" 200 5 0.012 "-" "curl"`,
			when + common + ` cs-referer=<null> cs-user-agent=curl sc-status=200 sc-bytes=5 extra-columns=0.012 "-" "curl"` + root},
		{"Tomcat's thread", `192.0.2.1 - - ` + stamp + ` "GET / HTTP/1.1" 200 5 http-nio-8080-exec-1`,
			when + common + ` sc-status=200 sc-bytes=5 extra-columns=http-nio-8080-exec-1` + root},
		{"no request", `192.0.2.1 - - ` + stamp + ` "-" 408 -`,
			when + common + ` sc-status=408 sc-bytes=<null> cs-method=<null> cs-uri-stem=<null> cs-uri-query=<null> cs-version=<null>`},
		{"Tomcat could not read the request", `192.0.2.1 - - [01/Jan/1970:03:00:00 +0300] "-" 400 -`,
			"-" + common + ` sc-status=400 sc-bytes=<null> cs-method=<null> cs-uri-stem=<null> cs-uri-query=<null> cs-version=<null>`},
		{"TLS spoken to HTTP", `192.0.2.1 - - ` + stamp + ` "\x16\x03\x01" 400 5`,
			when + common + ` sc-status=400 sc-bytes=5 cs-method=<null> cs-uri=\x16\x03\x01 cs-uri-stem=` + "\x16\x03\x01" + ` cs-uri-query=<null> cs-version=<null>`},
		{"a blank in the path, no version", `192.0.2.1 - - ` + stamp + ` "GET /a b" 200 5`,
			when + common + ok + ` cs-method=GET cs-uri-stem=/a b cs-uri-query=<null> cs-version=<null>`},
		{"asked as a proxy", `192.0.2.1 - - ` + stamp + ` "GET http://example.test:81/a?b HTTP/1.1" 200 5`,
			when + ` /proxy/access c-ip=192.0.2.1 cs-host=example.test s-port=81 c-ident=<null> cs-username=<null>` + ok + ` cs-uri-scheme=http cs-method=GET cs-uri=http://example.test:81/a?b cs-uri-stem=/a cs-uri-query=b cs-version=HTTP/1.1`},
		{"CONNECT", `192.0.2.1 - - ` + stamp + ` "CONNECT example.test:25 HTTP/1.1" 405 5`,
			when + ` /proxy/access c-ip=192.0.2.1 cs-host=example.test s-port=25 c-ident=<null> cs-username=<null> sc-status=405 sc-bytes=5 cs-method=CONNECT cs-uri=example.test:25 cs-uri-stem=example.test:25 cs-uri-query=<null> cs-version=HTTP/1.1`},
		{"BunkerWeb's number of the request", `example.test 192.0.2.1 - 95386da8 - ` + stamp + ` "GET / HTTP/1.1" 200 5`,
			when + " /webserver/access c-ip=192.0.2.1 cs-host=example.test c-ident=<null> request-id=95386da8 cs-username=<null>" + ok + root},
		{"syslog", `Mar  1 01:02:04 web01 nginx[29]: 192.0.2.1 - - ` + stamp + ` "GET / HTTP/1.1" 200 5`,
			when + " /webserver/access @web01 c-ip=192.0.2.1 c-ident=<null> cs-username=<null>" + ok + root},
		{"container", `web-1  | 192.0.2.1 - - ` + stamp + ` "GET / HTTP/1.1" 200 5`, when + common + ok + root},
		{"Kubernetes", `2026-03-01T01:02:03.4Z stdout F 192.0.2.1 - - ` + stamp + ` "GET / HTTP/1.1" 200 5`, when + common + ok + root},
		{"one digit for the day, decimals", `192.0.2.1 - - [1/Mar/2026:01:02:03.5 +0300] "GET / HTTP/1.1" 200 5`, "2026-02-28T22:02:03.5Z" + common + ok + root},
		{"ISO 8601", `192.0.2.1 - - [2026-03-01T01:02:03+03:00] "GET / HTTP/1.1" 200 5`, when + common + ok + root},
		{"Atlassian", `[01/Mar/2026:01:02:03 +0300] bob http-exec-6 192.0.2.1 GET / HTTP/1.1 200 12ms 5 http://example.test/ Mozilla 5`,
			when + " /webserver/access c-ip=192.0.2.1 cs-username=bob cs-referer=http://example.test/ cs-user-agent=Mozilla 5 time-taken=12ms thread=http-exec-6" + ok + root},
		{"Atlassian, forwarded", `[01/Mar/2026:01:02:03 +0300] 198.51.100.1, 198.51.100.2 bob http-exec-6 192.0.2.1 GET / HTTP/1.1 200 12ms 5 - -`,
			when + " /webserver/access c-ip=192.0.2.1 cs-username=bob cs-referer=<null> cs-user-agent=<null> x-forwarded-for=198.51.100.1, 198.51.100.2 time-taken=12ms thread=http-exec-6" + ok + root},
		{"IIS's own format", `192.0.2.1, -, 03/01/26, 7:55:20, W3SVC2, SYNTH01, 192.0.2.2, 4502, 163, 3223, 200, 0, GET, /a.gif, b=1,2,`,
			"2026-03-01T07:55:20Z /webserver/iis @SYNTH01 c-ip=192.0.2.1 cs-username=<null> time-taken=4502 sc-status=200 sc-bytes=3223 cs-method=GET cs-uri-stem=/a.gif cs-uri-query=b=1,2 cs-version=<null>"},
		{"Apache's error, the compact form of the time", `[2026-03-01 01:02:03.5 +0300] [core:notice] [pid 1:tid 2] AH00094: Command line: 'httpd'`,
			"2026-02-28T22:02:03.5Z apache//error c-ip=<null> module=core level=notice pid=1 message=AH00094: Command line: 'httpd'"},
		{"a client with its port", `192.0.2.1:50000 - - ` + stamp + ` "GET / HTTP/1.1" 200 5`,
			when + " /webserver/access c-ip=192.0.2.1 c-port=50000 c-ident=<null> cs-username=<null>" + ok + root},
		{"a client of IPv6 with its port, a user", `[2001:db8::1]:50000 - bob ` + stamp + ` "GET / HTTP/1.1" 200 5`,
			when + " /webserver/access c-ip=2001:db8::1 c-port=50000 c-ident=<null> cs-username=bob" + ok + root},
		{"requests over TLS", stamp + ` 192.0.2.1 TLSv1.3 TLS_AES_256_GCM_SHA384 "GET /a?b=c HTTP/1.1" 5`,
			when + " /webserver/access c-ip=192.0.2.1 sc-status=<null> sc-bytes=5 extra-columns=TLSv1.3 TLS_AES_256_GCM_SHA384 cs-method=GET cs-uri-stem=/a cs-uri-query=b=c cs-version=HTTP/1.1"},
		{"no request over TLS", stamp + ` 192.0.2.1 - - "-" -`,
			when + " /webserver/access c-ip=192.0.2.1 sc-status=<null> sc-bytes=<null> extra-columns=- - cs-method=<null> cs-uri-stem=<null> cs-uri-query=<null> cs-version=<null>"},
		{"Apache's error", `[Sun Mar 01 01:02:03.5 2026] [core:error] [pid 11:tid 12] [client 192.0.2.1:34567] AH00037: Symbolic link [x] not allowed`,
			"2026-03-01T01:02:03.5Z apache//error c-ip=192.0.2.1 c-port=34567 module=core level=error pid=11 message=AH00037: Symbolic link [x] not allowed"},
		{"Apache 2.2's error", `[Sun Mar  1 01:02:03 2026] [error] [client 2001:db8::1] File does not exist: /x`,
			"2026-03-01T01:02:03Z apache//error c-ip=2001:db8::1 level=error pid=<null> message=File does not exist: /x"},
		{"nginx's error", `2026/03/01 01:02:03 [error] 31#31: *46 "/x" is not found, client: 192.0.2.1, server: localhost, request: "GET /a?b HTTP/1.1", host: "example.test:80"`,
			`2026-03-01T01:02:03Z nginx//error c-ip=192.0.2.1 cs-host=example.test s-port=80 level=error pid=31 server=localhost message=*46 "/x" is not found, client: 192.0.2.1, server: localhost, request: "GET /a?b HTTP/1.1", host: "example.test:80" cs-method=GET cs-uri-stem=/a cs-uri-query=b cs-version=HTTP/1.1`},
	} {
		t.Run(c.name, func(t *testing.T) {
			if !Sniff([]byte(c.line + "\n")) {
				t.Error("not recognised")
			}
			for _, end := range []string{"", "\n", "\r\n", "\x00\x00"} {
				got, report := format().Read(t, []byte(c.line+end))
				if diff := cmp.Diff([]string{c.want}, got); diff != "" || len(report.Damage) > 0 {
					t.Errorf("ending with %q (-want +got):\n%s%v", end, diff, report.Damage)
				}
			}
		})
	}
}

func TestDamage(t *testing.T) {
	const good = `192.0.2.1 - - [01/Mar/2026:01:02:03 +0000] "GET / HTTP/1.1" 200 5` + "\n"
	for _, c := range []struct {
		name, log string
		events    int
		want      []string
	}{
		{"junk", good + "junk\n" + good, 2, []string{`66: line: want a request, or an error of Apache or nginx, found "junk", lost 1`}},
		{"half written", good + `192.0.2.1 - - [01/Ma`, 1, []string{`66: last line (it may be half written): want a request, or an error of Apache or nginx, found "192.0.2.1 - - [01/Ma", lost 1`}},
		{"half a request", good + `192.0.2.1 - - [01/Mar/2026:01:02:03 +0000] "GET /a`, 2,
			[]string{`66: last line (it may be half written): want the end of the request, found "192.0.2.1 - - [01/Mar/2026:01:02:03 +0000] \"GET /a", lost 0`}},
		{"no such day", `192.0.2.1 - - [30/Feb/2026:01:02:03 +0000] "GET / HTTP/1.1" 200 5` + "\n", 0,
			[]string{`0: line: want a request, or an error of Apache or nginx, found "192.0.2.1 - - [30/Feb/2026:01:02:03 +0000] \"GET / HTTP/1.1\" 200 5", lost 1`}},
		{"remarks", "# synthetic\n" + good, 1, nil},
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
	_, report := format().Read(t, []byte(strings.Repeat("junk\n", 1000)))
	damage := readertest.Damage(report)
	if len(damage) != lines.MaxDamage+1 || !strings.HasSuffix(damage[lines.MaxDamage], fmt.Sprintf("lost %d", 1000-lines.MaxDamage)) {
		t.Errorf("%d places, the last %q", len(damage), damage[len(damage)-1])
	}
}

func TestClock(t *testing.T) {
	const zoned = `192.0.2.1 - - [01/Mar/2026:01:02:03 +0300] "GET / HTTP/1.1" 200 5` + "\n"
	const local = "[Sun Mar 01 01:02:03 2026] [error] x\n"
	zone := time.FixedZone("+02:00", 2*3600)
	for _, c := range []struct {
		name, log string
		opt       lines.Options
		zone      string
		assumed   bool
		first     string
	}{
		{"zoned", zoned, lines.Options{Zone: zone}, "+03:00", false, "2026-02-28T22:02:03Z"},
		{"local", local, lines.Options{}, "UTC", true, "2026-03-01T01:02:03Z"},
		{"local with --tz", zoned + local, lines.Options{Zone: zone}, "+02:00", false, "2026-02-28T22:02:03Z"},
		{"both", local + zoned, lines.Options{}, "UTC", true, "2026-03-01T01:02:03Z"},
	} {
		events, report := format().With(c.opt).Read(t, []byte(c.log))
		if report.Clock.Zone != c.zone || report.Clock.Assumed != c.assumed || !strings.HasPrefix(events[0], c.first) {
			t.Errorf("%s: clock %+v, first %s; want %s, %v, %s", c.name, report.Clock, events[0], c.zone, c.assumed, c.first)
		}
	}
}

func TestSniffRefuses(t *testing.T) {
	format().Sniffs(t, false,
		"Mar  1 01:02:03 host sshd[1]: Accepted password for x\n",                                                                                                                  // syslog
		"[2026-03-01 01:02:03.5 +03:00] [INF] [11] started\n[2026-03-01 01:02:03][app::auth][ERROR] no\n",                                                                          // applications
		`https 2020-01-11T16:55:20.356586Z app/x 192.0.2.1:44325 192.0.2.2:32869 0.013 0.164 0.000 200 200 391 107999 "GET https://example.test:443/ HTTP/1.1" "Mozilla/5.0"`+"\n", // load of AWS
		"#Fields: date time c-ip\n2026-03-01 01:02:03 192.0.2.1\n",                                                                                                                 // W3C
		"2026-03-01T01:02:03.5Z 0 [Note] [MY-1] [Server] started\n",                                                                                                                // MySQL
		`{"a": "[01/Mar/2026:01:02:03 +0000] \"GET / HTTP/1.1\" 200"}`+"\n",                                                                                                        // JSON
		"a\nb\nc\n"+`192.0.2.1 - - [01/Mar/2026:01:02:03 +0000] "GET / HTTP/1.1" 200 5`+"\n",                                                                                       // mostly not
		strings.Repeat("\x01\x02", 100), // binary
		"",                              // empty
	)
}

func TestNothingIsAllocated(t *testing.T) { format().Allocates(t, benchLog(200<<10), 5) }

// benchLog is a synthetic log of about size bytes.
func benchLog(size int) []byte {
	var b bytes.Buffer
	for i := 0; b.Len() < size; i++ {
		fmt.Fprintf(&b, "198.51.100.%d - - [01/Mar/2026:%02d:%02d:%02d +0300] \"GET /owa/item%d.aspx?id=%x HTTP/1.1\" 200 %d \"-\" \"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36\"\n",
			i%250, i/3600%24, i/60%60, i%60, i%977, i*7919, i%50000)
	}
	return b.Bytes()
}

func BenchmarkRead(b *testing.B) { format().Bench(b, benchLog(8<<20)) }
