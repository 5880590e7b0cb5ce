package dns_test

import (
	"fmt"
	"strings"

	"aldebaran/event"
	"aldebaran/evidence/dns"
	"aldebaran/evidence/lines"
)

func Example() {
	const log = "6/13/2026 6:33:00 PM 0960 PACKET  0000000002961160 UDP Rcv 192.0.2.1    5a26   Q [0001   D   NOERROR] TXT    (3)www(7)example(3)org(0)\n"
	f, err := dns.Open(strings.NewReader(log), int64(len(log)), "dns.log", lines.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	r := dns.NewReader(lines.Options{})
	for _, u := range f.Units() {
		_, err := r.Read(f, u, func(e *event.Event) bool {
			fmt.Println(e.Category, e.Time.Format("2006-01-02 15:04:05"), e.Text("src_ip"), e.Text("query"), e.Text("record_type"))
			return true
		})
		if err != nil {
			fmt.Println(err)
		}
	}
	// Output: dns 2026-06-13 18:33:00 192.0.2.1 www.example.org TXT
}
