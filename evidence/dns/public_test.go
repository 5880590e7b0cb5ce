package dns

import (
	"testing"
	"time"
)

// TestPublicForms: forms that public samples of logs have beside those of the makers' manuals.
func TestPublicForms(t *testing.T) {
	newest := time.Date(2026, 7, 1, 0, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		name, in string
		want     []string
	}{
		{"Windows, a blank line before the head, the year first", "\nDNS Server log file creation at 2026-06-03 06:30:00\n  16 Question Name\n" +
			"2026-06-03 06:33:00 0DB8 PACKET  0000000001962BB0 UDP Rcv 192.0.2.1   0030   Q [0001   D   NOERROR] A      (1)a(7)example(0)\n", []string{
			"windows/dns/dns-server 2026-06-03T06:30:00Z",
			"windows/dns/dns-server 2026-06-03T06:33:00Z query=a.example record_type=A response=NOERROR src_ip=192.0.2.1 flags=D transaction_id=0030 protocol=UDP direction=Rcv opcode=Q context=PACKET thread=0DB8 query_response=query",
		}},
		{"dnsmasq in a container", "dnsmasq: query[A] a.example from 192.0.2.1\ndnsmasq[1]: config a.example is NODATA-IPv6\n", []string{
			"dnsmasq/dns/ no time query=a.example record_type=A src_ip=192.0.2.1 verb=query program=dnsmasq query_response=query",
			"dnsmasq/dns/ no time query=a.example response=NODATA-IPv6 verb=config program=dnsmasq query_response=response",
		}},
		{"Unbound's policies", "[1780468380] unbound[417:0] info: 192.0.2.1 ads.example. A IN\n" +
			"[1780468380] unbound[417:0] info: rpz: applied [blocklist] ads.example. rpz-nxdomain 192.0.2.1@40405 ads.example. A IN\n" +
			"[1780468380] unbound[417:0] info: rpz: applied *.ads.example. rpz-passthru 192.0.2.1@40405 b.ads.example. A IN\n", []string{
			"unbound/dns/ 2026-06-03T06:33:00Z query=ads.example record_type=A query_class=IN src_ip=192.0.2.1 verb=query query_response=query",
			"unbound/dns/ 2026-06-03T06:33:00Z query=ads.example record_type=A query_class=IN action=blocked src_ip=192.0.2.1 src_port=40405 view=blocklist verb=rpz-nxdomain query_response=response",
			"unbound/dns/ 2026-06-03T06:33:00Z query=b.ads.example record_type=A query_class=IN src_ip=192.0.2.1 src_port=40405 verb=rpz-passthru query_response=response",
		}},
	} {
		t.Run(c.name, func(t *testing.T) { check(t, c.in, newest, c.want) })
	}
}
