package w3c_test

import (
	"fmt"
	"strings"

	"aldebaran/event"
	"aldebaran/evidence/lines"
	"aldebaran/evidence/w3c"
)

// A log is opened, and read with one reader unit by unit.
func Example() {
	log := "#Software: Microsoft Internet Information Services 10.0\n" +
		"#Fields: date time c-ip cs-method cs-uri-stem cs(User-Agent) sc-status\n" +
		"2026-03-01 08:00:01 192.0.2.1 GET /owa/ curl/8.5.0 302\n"
	f, err := w3c.Open(strings.NewReader(log), int64(len(log)), "u_ex260301.log", lines.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	r := w3c.NewReader(lines.Options{})
	for _, u := range f.Units() {
		report, err := r.Read(f, u, func(e *event.Event) bool {
			fmt.Println(e.Time, e.Category, e.Service, e.Text("c-ip"), e.Text("cs-uri-stem"), e.Text("cs-user-agent"))
			return true
		})
		fmt.Println(report.Events, report.Clock.Zone, err)
	}
	// Output:
	// 2026-03-01 08:00:01 +0000 UTC webserver iis 192.0.2.1 /owa/ curl/8.5.0
	// 1 UTC <nil>
}
