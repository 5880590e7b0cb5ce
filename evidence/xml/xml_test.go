package xml_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"aldebaran/event"
	"aldebaran/evidence/lines"
	"aldebaran/evidence/record/recordtest"
	"aldebaran/evidence/xml"
)

var update = flag.Bool("update", false, "write the golden files anew")

func format() recordtest.Format[*xml.File, *xml.Reader] {
	return recordtest.Format[*xml.File, *xml.Reader]{Open: xml.Open, NewReader: xml.NewReader}
}

func synthetic(t testing.TB) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", "synthetic.log"))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func show(events []string, report event.Report) string {
	for _, d := range report.Damage {
		events = append(events, fmt.Sprintf("%d: %s: want %s, found %s, lost %d", d.Offset, d.What, d.Want, d.Found, d.Lost))
	}
	return strings.Join(events, "\n") + "\n"
}

// TestGolden reads synthetic events: nothing of them ever happened.
func TestGolden(t *testing.T) {
	data := synthetic(t)
	if !xml.Sniff(data) {
		t.Error("not recognised")
	}
	got := show(format().Read(t, data))
	golden := filepath.Join("testdata", "synthetic.golden")
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got, "\n")); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
	format().Check(t, data)
}

// The same events in UTF-16 give the same, wherever an event has a line of its own.
func TestUTF16(t *testing.T) {
	text := strings.ReplaceAll(string(synthetic(t)), "</Event><Event", "</Event>\n<Event")
	wide := []byte{0xff, 0xfe}
	for _, c := range []byte(text) {
		wide = append(wide, c, 0)
	}
	if !xml.Sniff(wide) {
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
	f := func(text string, want bool) {
		t.Helper()
		if got := xml.Sniff([]byte(text)); got != want {
			t.Errorf("Sniff(%q) = %v, want %v", text, got, want)
		}
	}
	f(one, true)
	f("\ufeff<?xml version=\"1.0\"?>\r\n<Events>\r\n"+one, true)
	f("- "+one, true)
	f("<!-- saved -->"+one, true)
	f("", false)
	f("<Event><System>", false)
	f("<EventData xmlns='http://schemas.microsoft.com/win/2004/08/events/event'>", false)
	f("Mar  1 08:00:30 mx1 sysmon: "+one, false)
	f("{\"xml\":\""+one, false)
	f("<html>"+one, false)
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
	dir := os.Getenv("ALDEBARAN_CORPUS")
	if dir == "" {
		t.Skip("ALDEBARAN_CORPUS is not set")
	}
	for name, want := range map[string][]string{
		"auth/windows-logs":  {"exchange-1.mydomain.test Security 4625 #2524 TargetUserName=testuser@mydomain.test"},
		"web/iis-xml-logs":   {"exchange-1.mydomain.test Microsoft-IIS-Logging/Logs 6200 #530178 cs-uri-query=bla=powershell&CorrelationID=;&cafeReqId=f1351975-5024-4240-9508-3b4ea50eaf70;"},
		"web/cve-2023-23397": {"WIN-5QGKVUA3R22.mydomain.test Microsoft-Windows-Sysmon/Operational 1 #14 Image=C:\\Windows\\System32\\rundll32.exe", "WIN-5QGKVUA3R22.mydomain.test Microsoft-Windows-Sysmon/Operational 1 #14 Image=C:\\Windows\\System32\\rundll32.exe"},
	} {
		paths, err := filepath.Glob(filepath.Join(dir, "logs", "crowdsec", name, "*.log"))
		if err != nil || len(paths) != 1 {
			t.Fatalf("%s: %v, %v", name, paths, err)
		}
		data, err := os.ReadFile(paths[0])
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		report := format().Each(t, data, func(e *event.Event) {
			s := fmt.Sprintf("%s %s %d #%d", e.Computer, e.Channel, e.EventID, e.RecordID)
			for _, f := range []string{"TargetUserName", "cs-uri-query", "Image"} {
				if v := e.Text(f); v != "" {
					s += " " + f + "=" + v
				}
			}
			got = append(got, s)
		})
		if diff := cmp.Diff(want, got); diff != "" || len(report.Damage) > 0 || !xml.Sniff(data) {
			t.Errorf("%s: damage %v (-want +got):\n%s", name, report.Damage, diff)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add(synthetic(f))
	f.Add([]byte("<Event ><Event ><System></System><EventID>1</EventID></Event></Event>\n<Event>"))
	f.Fuzz(func(t *testing.T, data []byte) {
		xml.Sniff(data)
		format().Check(t, data)
	})
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
	line, _, _ := bytes.Cut(synthetic(b)[bytes.Index(synthetic(b), []byte("<Events>"))+8:], []byte("</Events>"))
	data := bytes.Repeat(line, 8<<20/len(line))
	log, err := xml.Open(bytes.NewReader(data), int64(len(data)), "bench", lines.Options{})
	if err != nil {
		b.Fatal(err)
	}
	r := xml.NewReader(lines.Options{})
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := r.Read(log, log.Units()[0], func(*event.Event) bool { return true }); err != nil {
			b.Fatal(err)
		}
	}
}
