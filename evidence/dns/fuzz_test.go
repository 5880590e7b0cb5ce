package dns

import (
	"testing"

	"aldebaran/evidence/readertest"
)

func FuzzRead(f *testing.F) {
	format().Fuzz(f, readertest.Texts(
		"", windowsHead+"6/3/2026 6:33:00 PM 0960 PACKET  0000000002961160 UDP Rcv 192.0.2.1    5a26   Q [0001   D   NOERROR] A      (3)www(7)example(3)org(0)\r\n    ANSWER SECTION:\r\n  DATA   x\r\n",
		"03-Jun-2026 06:33:00.425 queries: info: client @0x7f65100ee4d8 192.0.2.1#3076 (www.example.org): view internal: query: www.example.org IN A +E(0)K (192.0.2.53)\n",
		"Nov 13 10:59:46 ns1 named[2075]: client 192.0.2.1#3076: query (cache) 'example.org/ANY/IN' denied\n",
		"Jun  3 06:33:00 dnsmasq[417]: query[A] www.example.org from 192.0.2.1\nJun  3 06:33:00 dnsmasq[417]: reply www.example.org is 198.51.100.7\n",
		"[1780468380] unbound[417:0] info: 192.0.2.1 www.example.org. A IN\nrubbish\n\x00", "2026-06-03T06:33:01.5Z client 2001:db8::1#55590 (example.org): zone transfer 'example.org/AXFR/IN' denied",
	)...)
}
