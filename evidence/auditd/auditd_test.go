package auditd_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"aldebaran/event"
	"aldebaran/evidence/auditd"
	"aldebaran/evidence/lines"
	"aldebaran/evidence/record/recordtest"
)

var update = flag.Bool("update", false, "write the golden files anew")

func format() recordtest.Format[*auditd.File, *auditd.Reader] {
	return recordtest.Format[*auditd.File, *auditd.Reader]{Open: auditd.Open, NewReader: auditd.NewReader}
}

func synthetic(t testing.TB) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", "synthetic.log"))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// TestGolden reads a synthetic log: nothing of it ever happened.
func TestGolden(t *testing.T) {
	data := synthetic(t)
	if !auditd.Sniff(data) {
		t.Error("not recognised")
	}
	events, report := format().Read(t, data)
	for _, d := range report.Damage {
		events = append(events, fmt.Sprintf("%d: %s: want %s, found %s, lost %d", d.Offset, d.What, d.Want, d.Found, d.Lost))
	}
	got := strings.Join(events, "\n") + fmt.Sprintf("\n%+v\n%d of %d bytes\n", report.Clock, report.Bytes, len(data))
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

func TestSniff(t *testing.T) {
	f := func(want bool, text string) {
		t.Helper()
		if got := auditd.Sniff([]byte(text)); got != want {
			t.Errorf("Sniff(%.60q) = %v, want %v", text, got, want)
		}
	}
	f(true, "type=PATH msg=audit(1.2:3): item=0\n")
	f(true, "node=h type=PATH msg=audit(1.2:3): item=0")
	f(true, " type=PATH msg=audit(1.2:3): item=0\n\n")
	f(false, "")
	f(false, "type=PATH\n")
	f(false, "type=PATH msg=audit(1:3): item=0\n")
	f(false, "Mar  1 08:00:00 h audispd: type=PATH msg=audit(1.2:3): item=0\n")
	f(false, "a\nb\ntype=PATH msg=audit(1.2:3): item=0\n")
}

func TestFind(t *testing.T) {
	f := func(message string, want int) {
		t.Helper()
		if got := auditd.Find([]byte(message)); got != want {
			t.Errorf("Find(%q) = %d, want %d", message, got, want)
		}
	}
	f("type=PATH msg=audit(1.2:3): x", 0)
	f("node=h type=PATH msg=audit(1.2:3): x", 0)
	f("audit: type=1400 audit(1.2:3): x", 7)
	f("audit(1.2:3): x", -1)
	f("type=x", -1)
}

// TestPlaso holds the reader against the tests of plaso's parser.
func TestPlaso(t *testing.T) {
	dir := os.Getenv("ALDEBARAN_CORPUS")
	if dir == "" {
		t.Skip("ALDEBARAN_CORPUS is not set")
	}
	dir = filepath.Join(dir, "logs", "plaso")
	text, err := os.ReadFile(filepath.Join(dir, "expected.json"))
	if err != nil {
		t.Fatal(err)
	}
	var all map[string][]struct {
		Count    int `json:"number_of_event_data"`
		Warnings int `json:"number_of_extraction_warning"`
		Events   []struct {
			Index  int
			Values map[string]any
		}
	}
	if err := json.Unmarshal(text, &all); err != nil {
		t.Fatal(err)
	}
	names := map[string][]string{
		"audit_type": {"type"}, "audit_serial": {"serial"}, "pid": {"pid"}, "audit_login_identifier": {"auid"},
		"audit_session_identifier": {"ses"}, "executable": {"exe"}, "exit_code": {"exit"}, "group_identifier": {"gid"},
		"parent_process_identifier": {"ppid"}, "process_name": {"comm"}, "security_context": {"subj"},
		// plaso takes the name where the record has one.
		"success": {"success"}, "system_call": {"SYSCALL", "syscall"}, "user_identifier": {"uid"},
	}
	for _, file := range []string{"selinux.log", "audit_enriched.log"} {
		data, err := os.ReadFile(filepath.Join(dir, file))
		if err != nil {
			t.Fatal(err)
		}
		if !auditd.Sniff(data) {
			t.Errorf("%s: not recognised", file)
		}
		var events []*event.Event
		report := format().Each(t, data, func(e *event.Event) { events = append(events, e.Clone()) })
		format().Check(t, data)
		for _, want := range all[file] {
			if len(events) != want.Count || len(report.Damage) != want.Warnings {
				t.Errorf("%s: %d events, %d damage; want %d, %d", file, len(events), len(report.Damage), want.Count, want.Warnings)
			}
			for _, w := range want.Events {
				e := events[w.Index]
				for field, value := range w.Values {
					if field == "last_written_time" {
						if got := e.Time.Format("2006-01-02T15:04:05.000-07:00"); got != value {
							t.Errorf("%s: event %d: %s, want %s", file, w.Index, got, value)
						}
					}
					if names[field] == nil {
						continue
					}
					got := ""
					for _, name := range names[field] {
						if got == "" {
							got = e.Text(name)
						}
					}
					if got != fmt.Sprint(value) {
						t.Errorf("%s: event %d: %s = %q, want %q", file, w.Index, field, got, value)
					}
				}
			}
		}
	}
}

// TestCrowdSec reads the audit logs of CrowdSec's tests: no line may be lost.
func TestCrowdSec(t *testing.T) {
	dir := os.Getenv("ALDEBARAN_CORPUS")
	if dir == "" {
		t.Skip("ALDEBARAN_CORPUS is not set")
	}
	files, err := filepath.Glob(filepath.Join(dir, "logs", "crowdsec", "auth", "auditd-*", "*.log"))
	if err != nil || len(files) == 0 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		_, report := format().Read(t, data)
		if want := bytes.Count(data, []byte("msg=audit(")); report.Events != want || len(report.Damage) > 0 {
			t.Errorf("%s: %d events, want %d; damage %+v", filepath.Base(file), report.Events, want, report.Damage)
		}
		format().Check(t, data)
	}
}

func FuzzRead(f *testing.F) {
	data := synthetic(f)
	for line := range bytes.Lines(data) {
		f.Add(line)
	}
	f.Add(data)
	f.Fuzz(func(t *testing.T, data []byte) {
		auditd.Sniff(data)
		format().Check(t, data)
	})
}

func BenchmarkRead(b *testing.B) {
	data := synthetic(b)
	data = data[:bytes.Index(data, []byte("type=EMPTY"))]
	data = bytes.Repeat(data, 4<<20/len(data))
	f, err := auditd.Open(bytes.NewReader(data), int64(len(data)), "test.log", lines.Options{})
	if err != nil {
		b.Fatal(err)
	}
	r := auditd.NewReader(lines.Options{})
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		for _, u := range f.Units() {
			if _, err := r.Read(f, u, func(*event.Event) bool { return true }); err != nil {
				b.Fatal(err)
			}
		}
	}
}

func Example() {
	const text = `type=EXECVE msg=audit(1772352000.123:100): argc=2 a0="cat" a1=2F746D702F6120622E747874` + "\n"
	f, err := auditd.Open(strings.NewReader(text), int64(len(text)), "audit.log", lines.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	r := auditd.NewReader(lines.Options{})
	for _, u := range f.Units() {
		if _, err := r.Read(f, u, func(e *event.Event) bool {
			fmt.Println(e.Time, e.Text("type"), e.Text("a0"), e.Text("a1"))
			return true
		}); err != nil {
			fmt.Println(err)
		}
	}
	// Output: 2026-03-01 08:00:00.123 +0000 UTC EXECVE cat /tmp/a b.txt
}
