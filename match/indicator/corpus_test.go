package indicator

import (
	"bytes"
	"testing"

	"aldebaran/corpustest"
	"aldebaran/event"
	"aldebaran/evidence/evtx"
	"aldebaran/evidence/lines"
	"aldebaran/evidence/w3c"
)

// A corpusLog is a log in memory.
type corpusLog struct {
	// read hands out its events and gives the bytes of its records.
	read func(emit func(*event.Event) bool) int64
}

// corpusLogs gives the event logs of a folder of the corpus, or all its W3C logs.
func corpusLogs(tb testing.TB, name string) (logs []corpusLog) {
	tb.Helper()
	folder := name
	if name == "w3c" {
		folder = "logs"
	}
	er, wr := evtx.NewReader(evtx.Options{}), w3c.NewReader(lines.Options{})
	for path, data := range corpustest.Each(tb, folder, "") {
		size := int64(len(data))
		switch head := data[:min(len(data), 4096)]; {
		case name == "w3c" && w3c.Sniff(head):
			f, err := w3c.Open(bytes.NewReader(data), size, path, lines.Options{})
			if err != nil {
				tb.Fatal(err)
			}
			logs = append(logs, corpusLog{func(emit func(*event.Event) bool) (n int64) {
				for _, u := range f.Units() {
					r, err := wr.Read(f, u, emit)
					if err != nil {
						tb.Fatal(err)
					}
					n += r.Bytes
				}
				return n
			}})
		case name != "w3c" && evtx.Sniff(head):
			f, err := evtx.Open(bytes.NewReader(data), size, path, evtx.Options{})
			if err != nil {
				tb.Fatal(err)
			}
			logs = append(logs, corpusLog{func(emit func(*event.Event) bool) (n int64) {
				for _, u := range f.Units() {
					r, err := er.Read(f, u, emit)
					if err != nil {
						tb.Fatal(err)
					}
					n += r.Bytes
				}
				return n
			}})
		}
	}
	if len(logs) == 0 {
		tb.Fatalf("%s: want logs, found none", name)
	}
	return logs
}
