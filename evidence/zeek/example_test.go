package zeek_test

import (
	"fmt"
	"strings"

	"aldebaran/event"
	"aldebaran/evidence/lines"
	"aldebaran/evidence/zeek"
)

func Example() {
	const log = "#separator \\x09\n#path\tdns\n#fields\tts\tid.orig_h\tquery\n#types\ttime\taddr\tstring\n" +
		"1772352001.250000\t192.0.2.1\twww.example.org\n"
	f, err := zeek.Open(strings.NewReader(log), int64(len(log)), "dns.log", lines.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	r := zeek.NewReader(lines.Options{})
	for _, u := range f.Units() {
		_, err := r.Read(f, u, func(e *event.Event) bool {
			fmt.Println(e.Product, e.Service, e.Time.Format("2006-01-02 15:04:05"), e.Text("id.orig_h"), e.Text("query"))
			return true
		})
		if err != nil {
			fmt.Println(err)
		}
	}
	// Output: zeek dns 2026-03-01 08:00:01 192.0.2.1 www.example.org
}
