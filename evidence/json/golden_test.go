package json

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"aldebaran/event"
	"aldebaran/evidence/lines"
)

var update = flag.Bool("update", false, "write the golden files anew")

// describe shows an event for people.
func describe(e *event.Event) string {
	var b strings.Builder
	fmt.Fprintf(&b, "labels %q %q %q", e.Product, e.Category, e.Service)
	if e.Channel != "" || e.Provider != "" || e.EventID != 0 || e.RecordID != 0 {
		fmt.Fprintf(&b, "; channel %q, provider %q, event %d, record %d", e.Channel, e.Provider, e.EventID, e.RecordID)
	}
	fmt.Fprintf(&b, "; host %q; %s\n", e.Computer, e.Time.Format("2006-01-02T15:04:05.999999999Z07:00"))
	for i, f := range e.Shape.Fields {
		part := ""
		if f.Part == event.System {
			part = "system "
		}
		value := fmt.Sprintf("%q", e.Values[i].String())
		if e.Values[i].IsNull() {
			value = "null"
		}
		path := ""
		if f.Path != f.Name {
			path = "  (" + f.Path + ")"
		}
		fmt.Fprintf(&b, "  %s%s = %s%s\n", part, f.Name, value, path)
	}
	return b.String()
}

// TestGoldenDialects reads one record of each maker.
func TestGoldenDialects(t *testing.T) {
	const file = "testdata/dialects.txt"
	old, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	r := NewReader(lines.Options{})
	var b bytes.Buffer
	blocks := strings.Split(string(old), "\n-- ")
	b.WriteString(blocks[0])
	for _, block := range blocks[1:] {
		name, rest, _ := strings.Cut(block, " --\n")
		record, _, _ := strings.Cut(rest, "\n")
		if !Sniff([]byte(record)) {
			t.Errorf("%s: not recognised", name)
		}
		events, rep := readAll(t, r, []byte(record))
		fmt.Fprintf(&b, "\n-- %s --\n%s\n", name, record)
		for _, e := range events {
			b.WriteString(describe(e))
			if s := e.Source; s.Offset != 0 || s.Length != int64(len(record)) {
				t.Errorf("%s: offset %d, length %d, want 0 and %d", name, s.Offset, s.Length, len(record))
			}
		}
		for _, d := range rep.Damage {
			fmt.Fprintf(&b, "damage %+v\n", d)
		}
		if rep.Clock != (event.Clock{}) {
			fmt.Fprintf(&b, "clock %+v\n", rep.Clock)
		}
	}
	got := strings.TrimRight(b.String(), "\n") + "\n"
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if d := cmp.Diff(string(old), got); d != "" {
		t.Errorf("%s (-want +got):\n%s", file, d)
	}
}
