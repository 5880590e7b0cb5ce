package dns

import (
	"fmt"
	"testing"
)

func BenchmarkRead(b *testing.B) {
	for _, c := range []struct{ name, line string }{
		{"windows", "6/13/2026 6:33:%02d PM 0960 PACKET  0000000002961160 UDP Rcv 192.0.2.1       5a26   Q [0001   D   NOERROR] A      (3)www(7)example(3)org(0)\r\n"},
		{"bind", "03-Jun-2026 06:33:%02d.425 queries: info: client @0x7f65100ee4d8 192.0.2.1#3076 (www.example.org): query: www.example.org IN A +E(0)K (192.0.2.53)\n"},
		{"dnsmasq", "Jun  3 06:33:%02d dnsmasq[417]: query[A] www.example.org from 192.0.2.1\n"},
		{"unbound", "[17804683%02d] unbound[417:0] info: 192.0.2.1 www.example.org. A IN\n"},
	} {
		b.Run(c.name, func(b *testing.B) {
			var data []byte
			for i := range 50_000 {
				data = fmt.Appendf(data, c.line, i%60)
			}
			format().Bench(b, data)
		})
	}
}
