package evtx_test

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"aldebaran/event"
	"aldebaran/evidence/evtx"
)

var day = time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)

// sample is a synthetic process creation, in the shape of Sysmon's event 1.
func sample(i int) evtx.Record {
	return evtx.Record{
		Time: day.Add(time.Duration(i) * time.Second), Provider: "Microsoft-Windows-Sysmon", ProviderGUID: "{5770385F-C22A-43E0-BF4C-06F5698FFBD9}",
		EventID: 1, Version: 5, Level: 4, Task: 1, Keywords: 0x8000000000000000,
		Channel: "Microsoft-Windows-Sysmon/Operational", Computer: "synthetic-01", UserSID: "S-1-5-18", ProcessID: 1234, ThreadID: 5678,
		Data: []evtx.Data{
			{Name: "UtcTime", Value: evtx.Text("2026-03-01 08:00:00.000")},
			{Name: "ProcessId", Value: event.Value{Kind: event.Uint32, Raw: []byte{byte(i), byte(i >> 8), 0, 0}}},
			{Name: "Image", Value: evtx.Text(fmt.Sprintf(`C:\Program Files\Synthetic\tool%d.exe`, i))},
			{Name: "CommandLine", Value: evtx.Text(fmt.Sprintf(`tool%d.exe --number %d`, i, i))},
			{Name: "User", Value: evtx.Text(`SYNTHETIC\user`)},
		},
	}
}

func sampleLog(tb testing.TB, records int, direct bool) []byte {
	tb.Helper()
	var out bytes.Buffer
	w := evtx.NewWriter(&out)
	w.Direct = direct
	for i := range records {
		if err := w.Add(sample(i)); err != nil {
			tb.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		tb.Fatal(err)
	}
	return out.Bytes()
}
