package evtx_test

import (
	"bytes"
	"fmt"
	"time"

	"aldebaran/event"
	"aldebaran/evidence/evtx"
)

// A log is written, and read with one reader unit by unit.
func Example() {
	var log bytes.Buffer
	w := evtx.NewWriter(&log)
	err := w.Add(evtx.Record{
		Time: time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC), Provider: "Microsoft-Windows-Security-Auditing",
		EventID: 4688, Channel: "Security", Computer: "synthetic-01",
		Data: []evtx.Data{{Name: "NewProcessName", Value: evtx.Text(`C:\Windows\System32\whoami.exe`)}},
	})
	if err != nil {
		fmt.Println(err)
	}
	if err := w.Close(); err != nil {
		fmt.Println(err)
	}

	f, err := evtx.Open(bytes.NewReader(log.Bytes()), int64(log.Len()), "synthetic.evtx", evtx.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	r := evtx.NewReader(evtx.Options{})
	for _, u := range f.Units() {
		report, err := r.Read(f, u, func(e *event.Event) bool {
			fmt.Println(e.Source.Path, e.Source.Offset, e.RecordID, e.Channel, e.EventID, e.Text("NewProcessName"))
			return true
		})
		fmt.Println(report.Events, len(report.Damage), err)
	}
	// Output:
	// synthetic.evtx 4608 1 Security 4688 C:\Windows\System32\whoami.exe
	// 1 0 <nil>
}
