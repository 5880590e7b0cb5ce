package json_test

import (
	"fmt"
	"strings"

	"aldebaran/event"
	"aldebaran/evidence/json"
	"aldebaran/evidence/lines"
)

func Example() {
	const log = `{"@timestamp":"2026-01-02T03:04:05.678Z","winlog":{"channel":"Security","event_id":4688,"computer_name":"web1","event_data":{"CommandLine":"whoami /all"}}}` + "\n"

	file, err := json.Open(strings.NewReader(log), int64(len(log)), "export.ndjson", lines.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	reader := json.NewReader(lines.Options{})
	for _, unit := range file.Units() {
		if _, err := reader.Read(file, unit, func(e *event.Event) bool {
			fmt.Println(e.Time.Format("15:04:05"), e.Product, e.Channel, e.EventID, e.Computer, e.Text("CommandLine"))
			return true
		}); err != nil {
			fmt.Println(err)
		}
	}
	// Output: 03:04:05 windows Security 4688 web1 whoami /all
}
