package exchange_test

import (
	"fmt"
	"strings"

	"aldebaran/event"
	"aldebaran/evidence/exchange"
	"aldebaran/evidence/lines"
)

func ExampleReader_Read() {
	const log = `#Software: Microsoft Exchange Server
#Log-type: SMTP Receive Protocol Log
#Fields: date-time,connector-id,session-id,sequence-number,local-endpoint,remote-endpoint,event,data,context
2026-01-02T03:04:05.678Z,MAIL01\Default,08DA4F7C11473A60,9,192.0.2.2:25,192.0.2.7:53722,>,"535 5.7.3 No, thank you",
`
	f, err := exchange.Open(strings.NewReader(log), int64(len(log)), "RECV.LOG", lines.Options{})
	if err != nil {
		panic(err)
	}
	for _, u := range f.Units() {
		_, err := exchange.NewReader(lines.Options{}).Read(f, u, func(e *event.Event) bool {
			fmt.Println(e.Time, e.Computer, e.Service)
			fmt.Println(e.Text("client_ip"), e.Text("data"))
			return true
		})
		if err != nil {
			panic(err)
		}
	}
	// Output:
	// 2026-01-02 03:04:05.678 +0000 UTC MAIL01 msexchange-smtp
	// 192.0.2.7 535 5.7.3 No, thank you
}
