package ncsa_test

import (
	"fmt"
	"strings"

	"aldebaran/event"
	"aldebaran/evidence/lines"
	"aldebaran/evidence/ncsa"
)

// A log is opened, and read with one reader unit by unit.
func Example() {
	log := `192.0.2.1 - - [01/Mar/2026:08:00:00 +0300] "GET /owa/?a=b HTTP/1.1" 302 0 "-" "curl/8.5.0"` + "\n"
	f, err := ncsa.Open(strings.NewReader(log), int64(len(log)), "access.log", lines.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	r := ncsa.NewReader(lines.Options{})
	for _, u := range f.Units() {
		report, err := r.Read(f, u, func(e *event.Event) bool {
			fmt.Println(e.Time, e.Category, e.Text("c-ip"), e.Text("cs-uri-stem"), e.Text("cs-uri-query"), e.Text("cs-user-agent"))
			return true
		})
		fmt.Println(report.Events, report.Clock.Zone, err)
	}
	// Output:
	// 2026-03-01 05:00:00 +0000 UTC webserver 192.0.2.1 /owa/ a=b curl/8.5.0
	// 1 +03:00 <nil>
}
