package cef_test

import (
	"bytes"
	"flag"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"aldebaran/event"
	"aldebaran/evidence/cef"
	"aldebaran/evidence/lines"
	"aldebaran/evidence/readertest"
)

var update = flag.Bool("update", false, "write the golden files anew")

func format() readertest.Format[*cef.File, *cef.Reader] {
	return readertest.Format[*cef.File, *cef.Reader]{Sniff: cef.Sniff, Open: cef.Open, NewReader: cef.NewReader, Options: readertest.ByYear()}
}

// TestGolden reads a synthetic log: nothing of it ever happened.
func TestGolden(t *testing.T) { format().Golden(t, "synthetic.log", *update) }

func TestSniff(t *testing.T) {
	format().Sniffs(t, false, "", "CEF", "CEF:", "CEF:x|", "LEEF: 1.0", "Mar  1 08:00:00 h CEF:0|a|b|c|d|e|f|", "a CEF:0|")
}

// TestWazuh reads the lines of Wazuh's rule tests that hold a record: all must be read, and hold what
// a plain look at the line finds in it.
func TestWazuh(t *testing.T) {
	record := regexp.MustCompile(`(?:CEF:\d|LEEF:\d\.\d)\|.*$`)
	source := regexp.MustCompile(`[ \t|]src=(\S+)`)
	read, sources := 0, 0
	for _, line := range readertest.Wazuh(t, "*.ini") {
		text := record.Find(line)
		if text == nil {
			continue
		}
		read++
		events, report := format().Events(t, text)
		if len(events) != 1 || len(report.Damage) > 0 {
			t.Errorf("%s: %+v", text, report.Damage)
			continue
		}
		format().Check(t, text)
		if src := source.FindSubmatch(text); src != nil {
			sources++
			if got := events[0].Text("src"); got != string(src[1]) {
				t.Errorf("%s: src = %q, want %q", text, got, src[1])
			}
		}
	}
	if read < 10 || sources < 5 {
		t.Errorf("%d records with %d sources, want more", read, sources)
	}
	t.Logf("%d records, %d sources", read, sources)
}

func FuzzRead(f *testing.F) {
	format().Fuzz(f, readertest.Lines(readertest.Testdata(f, "synthetic.log"))...)
}

func BenchmarkRead(b *testing.B) {
	data, _, _ := bytes.Cut(readertest.Testdata(b, "synthetic.log"), []byte("CEF:0|too"))
	format().Bench(b, readertest.Repeat(data, 4<<20))
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
