package syslog_test

import (
	"strings"
	"testing"
)

func TestHAProxy(t *testing.T) {
	for _, c := range []struct{ message, labels, want string }{
		{`192.0.2.1:33317 [06/Feb/2026:12:14:14.655] http-in~ static/srv1 10/0/30/69/109 200 2750 - - ---- 1/1/1/1/0 0/0 {synth.test|curl/8 (x)} {} "GET /index.html?a=b HTTP/1.1"`,
			"haproxy/webserver/access", "c-ip=192.0.2.1 c-port=33317 frontend=http-in backend=static server=srv1 sc-status=200 sc-bytes=2750 termination=---- cs-user-agent=curl/8 (x) cs-version=HTTP/1.1 cs-method=GET cs-uri-stem=/index.html cs-uri-query=a=b"},
		{`2001:db8::1:5000 [06/Feb/2026:12:14:14.655] f b/s 0/0/0/1/1 404 5 - - ---- 1/1/1/1/0 0/0 "GET https://synth.test/a HTTP/2.0"`,
			"haproxy/webserver/access", "c-ip=2001:db8::1 c-port=5000 frontend=f backend=b server=s sc-status=404 sc-bytes=5 termination=---- cs-version=HTTP/2.0 cs-method=GET cs-host=synth.test cs-uri-stem=/a"},
		{`192.0.2.1:33317 [06/Feb/2026:12:14:14.655] f f/<NOSRV> -1/-1/-1/-1/0 400 187 - - PR-- 1/1/0/0/0 0/0 "<BADREQ>"`,
			"haproxy/webserver/access", "c-ip=192.0.2.1 c-port=33317 frontend=f backend=f server=<NOSRV> sc-status=400 sc-bytes=187 termination=PR-- cs-uri-stem=<BADREQ>"},
		{`192.0.2.1:33313 [06/Feb/2026:12:12:51.443] fnt bck/srv1 0/0/5007 212 -- 0/0/0/0/3 0/0`,
			"haproxy//", "c-ip=192.0.2.1 c-port=33313 frontend=fnt backend=bck server=srv1 bytes=212 termination=--"},
		{`192.0.2.1:33317 [06/Feb/2026:12:14:14.655] f/1: SSL handshake failure`, "linux//syslog", ""},
		{`Connect from 192.0.2.1:33317 to 192.0.2.9:8012 (www/HTTP)`, "linux//syslog", "client_ip=192.0.2.1"},
	} {
		events, _ := format().Events(t, []byte("Feb  6 12:14:14 synth01 haproxy[7]: "+c.message+"\n"))
		if len(events) != 1 {
			t.Fatalf("%s: %d events, want 1", c.message, len(events))
		}
		e := events[0]
		var got []string
		for i, f := range e.Shape.Fields {
			switch f.Name {
			case "message", "host", "program", "pid":
			default:
				got = append(got, f.Name+"="+e.Values[i].String())
			}
		}
		if labels := strings.Join([]string{e.Product, e.Category, e.Service}, "/"); labels != c.labels || strings.Join(got, " ") != c.want {
			t.Errorf("%s\n got %s %s\nwant %s %s", c.message, labels, strings.Join(got, " "), c.labels, c.want)
		}
	}
}
