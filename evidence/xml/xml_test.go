package xml_test

import (
	"bytes"
	"flag"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"aldebaran/corpustest"
	"aldebaran/event"
	"aldebaran/evidence/lines"
	"aldebaran/evidence/readertest"
	"aldebaran/evidence/xml"
)

var update = flag.Bool("update", false, "write the golden files anew")

func format() readertest.Format[*xml.File, *xml.Reader] {
	return readertest.Format[*xml.File, *xml.Reader]{Sniff: xml.Sniff, Open: xml.Open, NewReader: xml.NewReader, Options: readertest.ByYear()}
}

// TestGolden reads synthetic events: nothing of them ever happened.
func TestGolden(t *testing.T) { format().Golden(t, "synthetic.log", *update) }

// The same events in UTF-16 give the same, wherever an event has a line of its own.
func TestUTF16(t *testing.T) {
	text := strings.ReplaceAll(string(readertest.Testdata(t, "synthetic.log")), "</Event><Event", "</Event>\n<Event")
	wide := readertest.UTF16(text)
	if !format().Recognises(wide) {
		t.Error("not recognised")
	}
	want, _ := format().Read(t, []byte(text))
	got, _ := format().Read(t, wide)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("events (-UTF-8 +UTF-16):\n%s", diff)
	}
}

func TestSniff(t *testing.T) {
	const one = `<Event xmlns="http://schemas.microsoft.com/win/2004/08/events/event"><System>`
	format().Sniffs(t, true,
		one,
		"\ufeff<?xml version=\"1.0\"?>\r\n<Events>\r\n"+one,
		"- "+one,
		"<!-- saved -->"+one,
	)
	format().Sniffs(t, false,
		"",
		"<Event><System>",
		"<EventData xmlns='http://schemas.microsoft.com/win/2004/08/events/event'>",
		"Mar  1 08:00:30 mx1 sysmon: "+one,
		"{\"xml\":\""+one,
		"<html>"+one,
	)
}

// An end may stand across two reads, and a file without line ends may be long.
func TestOneLine(t *testing.T) {
	var b strings.Builder
	const n = 20_000
	for i := range n {
		fmt.Fprintf(&b, `<Event xmlns="http://schemas.microsoft.com/win/2004/08/events/event"><System><EventID>%d</EventID></System></Event>`, i+1)
	}
	var ids []uint32
	report := format().Each(t, []byte(b.String()), func(e *event.Event) { ids = append(ids, e.EventID) })
	if len(ids) != n || len(report.Damage) > 0 || report.Bytes != int64(b.Len()) {
		t.Fatalf("%d events, %d of %d bytes, damage %v", len(ids), report.Bytes, b.Len(), report.Damage)
	}
	for i, id := range ids {
		if id != uint32(i+1) {
			t.Fatalf("event %d is %d", i, id)
		}
	}
}

func TestCorpus(t *testing.T) {
	for name, want := range map[string][]string{
		"auth/windows-logs":  {"exchange-1.mydomain.test Security 4625 #2524 TargetUserName=testuser@mydomain.test"},
		"web/iis-xml-logs":   {"exchange-1.mydomain.test Microsoft-IIS-Logging/Logs 6200 #530178 cs-uri-query=bla=powershell&CorrelationID=;&cafeReqId=f1351975-5024-4240-9508-3b4ea50eaf70;"},
		"web/cve-2023-23397": {"WIN-5QGKVUA3R22.mydomain.test Microsoft-Windows-Sysmon/Operational 1 #14 Image=C:\\Windows\\System32\\rundll32.exe", "WIN-5QGKVUA3R22.mydomain.test Microsoft-Windows-Sysmon/Operational 1 #14 Image=C:\\Windows\\System32\\rundll32.exe"},
	} {
		paths := corpustest.Glob(t, "logs/crowdsec/"+name+"/*.log")
		if len(paths) != 1 {
			t.Fatalf("%s: %v", name, paths)
		}
		events, report := format().Events(t, corpustest.Load(t, paths[0]))
		var got []string
		for _, e := range events {
			s := fmt.Sprintf("%s %s %d #%d", e.Computer, e.Channel, e.EventID, e.RecordID)
			for _, f := range []string{"TargetUserName", "cs-uri-query", "Image"} {
				if v := e.Text(f); v != "" {
					s += " " + f + "=" + v
				}
			}
			got = append(got, s)
		}
		if diff := cmp.Diff(want, got); diff != "" || len(report.Damage) > 0 {
			t.Errorf("%s: damage %v (-want +got):\n%s", name, report.Damage, diff)
		}
	}
}

func FuzzRead(f *testing.F) {
	format().Fuzz(f, readertest.Testdata(f, "synthetic.log"), []byte("<Event ><Event ><System></System><EventID>1</EventID></Event></Event>\n<Event>"))
}

func Example() {
	const text = `<Event xmlns="http://schemas.microsoft.com/win/2004/08/events/event"><System><EventID>4625</EventID><Channel>Security</Channel></System>` +
		`<EventData><Data Name="TargetUserName">synthetic</Data></EventData></Event>`
	log, err := xml.Open(strings.NewReader(text), int64(len(text)), "security.xml", lines.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = xml.NewReader(lines.Options{}).Read(log, log.Units()[0], func(e *event.Event) bool {
		fmt.Println(e.Channel, e.EventID, e.Text("TargetUserName"))
		return true
	})
	if err != nil {
		fmt.Println(err)
	}
	// Output: Security 4625 synthetic
}

func BenchmarkRead(b *testing.B) {
	_, events, _ := bytes.Cut(readertest.Testdata(b, "synthetic.log"), []byte("<Events>"))
	events, _, _ = bytes.Cut(events, []byte("</Events>"))
	format().Bench(b, readertest.Repeat(events, 8<<20))
}
