package cef_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"aldebaran/event"
	"aldebaran/evidence/cef"
	"aldebaran/evidence/lines"
	"aldebaran/evidence/record/recordtest"
)

var update = flag.Bool("update", false, "write the golden files anew")

func format() recordtest.Format[*cef.File, *cef.Reader] {
	return recordtest.Format[*cef.File, *cef.Reader]{Open: cef.Open, NewReader: cef.NewReader}
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
	if !cef.Sniff(data) {
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
	for _, text := range []string{"", "CEF", "CEF:", "CEF:x|", "LEEF: 1.0", "Mar  1 08:00:00 h CEF:0|a|b|c|d|e|f|", "a CEF:0|"} {
		if cef.Sniff([]byte(text)) {
			t.Errorf("Sniff(%q) = true", text)
		}
	}
}

// TestWazuh reads the lines of Wazuh's rule tests that hold a record: all must be read, and hold what
// a plain look at the line finds in it.
func TestWazuh(t *testing.T) {
	dir := os.Getenv("ALDEBARAN_CORPUS")
	if dir == "" {
		t.Skip("ALDEBARAN_CORPUS is not set")
	}
	files, err := filepath.Glob(filepath.Join(dir, "logs", "wazuh", "tests", "*.ini"))
	if err != nil {
		t.Fatal(err)
	}
	line := regexp.MustCompile(`(?m)^log \d+ (?:pass|fail) = .*?((?:CEF:\d|LEEF:\d\.\d)\|.*)$`)
	source := regexp.MustCompile(`[ \t|]src=(\S+)`)
	read, sources := 0, 0
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range line.FindAllSubmatch(text, -1) {
			read++
			var e *event.Event
			report := format().Each(t, m[1], func(have *event.Event) { e = have.Clone() })
			if report.Events != 1 || len(report.Damage) > 0 {
				t.Errorf("%s: %s: %+v", filepath.Base(file), m[1], report.Damage)
				continue
			}
			format().Check(t, m[1])
			if src := source.FindSubmatch(m[1]); src != nil {
				sources++
				if got := e.Text("src"); got != string(src[1]) {
					t.Errorf("%s: src = %q, want %q", filepath.Base(file), got, src[1])
				}
			}
		}
	}
	if read < 10 || sources < 5 {
		t.Errorf("%d records with %d sources, want more", read, sources)
	}
	t.Logf("%d records, %d sources", read, sources)
}

func FuzzRead(f *testing.F) {
	data := synthetic(f)
	f.Add(data)
	for line := range bytes.Lines(data) {
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		cef.Sniff(data)
		format().Check(t, data)
	})
}

func BenchmarkRead(b *testing.B) {
	data := synthetic(b)
	data = data[:bytes.Index(data, []byte("CEF:0|too"))]
	data = bytes.Repeat(data, 4<<20/len(data))
	f, err := cef.Open(bytes.NewReader(data), int64(len(data)), "test.log", lines.Options{})
	if err != nil {
		b.Fatal(err)
	}
	r := cef.NewReader(lines.Options{})
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
	const text = "CEF:0|Example|Gateway|1|17|Mail blocked|5|rt=1772352000000 src=192.0.2.7 msg=two words act=blocked\n"
	f, err := cef.Open(strings.NewReader(text), int64(len(text)), "cef.log", lines.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	r := cef.NewReader(lines.Options{})
	for _, u := range f.Units() {
		if _, err := r.Read(f, u, func(e *event.Event) bool {
			fmt.Println(e.Time, e.Product, e.Text("name"), e.Text("src"), e.Text("msg"))
			return true
		}); err != nil {
			fmt.Println(err)
		}
	}
	// Output: 2026-03-01 08:00:00 +0000 UTC example Mail blocked 192.0.2.7 two words
}
