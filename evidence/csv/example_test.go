package csv_test

import (
	"fmt"
	"strings"

	"aldebaran/event"
	"aldebaran/evidence/csv"
	"aldebaran/evidence/lines"
)

func Example() {
	const table = "Date (UTC),Request ID,Username,Application,IP address\n" +
		"2026-06-03T06:33:00Z,r1,ann@example.org,Portal,192.0.2.1\n"
	f, err := csv.Open(strings.NewReader(table), int64(len(table)), "SignIns.csv", lines.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	r := csv.NewReader(lines.Options{})
	for _, u := range f.Units() {
		_, err := r.Read(f, u, func(e *event.Event) bool {
			fmt.Println(e.Product, e.Service, e.Time.Format("2006-01-02 15:04:05"), e.Text("userPrincipalName"), e.Text("ipAddress"))
			return true
		})
		if err != nil {
			fmt.Println(err)
		}
	}
	// Output: azure signinlogs 2026-06-03 06:33:00 ann@example.org 192.0.2.1
}
