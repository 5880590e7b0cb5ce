// Package recordtest checks what every reader that builds on package record promises. In go bytes
// and a reader; out come failures of the test.
package recordtest

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"aldebaran/event"
	"aldebaran/evidence/lines"
)

// Options are those with which [Read] and [Check] open logs: their files were last changed on
// 1 November 2026.
func Options() lines.Options {
	return lines.Options{Newest: time.Date(2026, time.November, 1, 0, 0, 0, 0, time.UTC)}
}

// A Log is an opened file of some format.
type Log interface {
	Units() []event.Unit
	Damage() []event.Damage
}

// A Reader is the reader of some format.
type Reader[F Log] interface {
	Read(f F, u event.Unit, emit func(*event.Event) bool) (event.Report, error)
}

// A Format is what is tested.
type Format[F Log, R Reader[F]] struct {
	Open      func(r io.ReaderAt, size int64, path string, opt lines.Options) (F, error)
	NewReader func(opt lines.Options) R
}

// Read reads a whole log and gives its events, each as one line (see [Show]), and the report.
func (f Format[F, R]) Read(t testing.TB, data []byte) ([]string, event.Report) {
	t.Helper()
	var got []string
	report := f.Each(t, data, func(e *event.Event) { got = append(got, Show(e)) })
	return got, report
}

// Each calls see for each event of a log.
func (f Format[F, R]) Each(t testing.TB, data []byte, see func(*event.Event)) event.Report {
	t.Helper()
	log, err := f.Open(bytes.NewReader(data), int64(len(data)), "test.log", Options())
	if err != nil {
		t.Fatal(err)
	}
	var sum event.Report
	r := f.NewReader(Options())
	for _, u := range log.Units() {
		report, err := r.Read(log, u, func(e *event.Event) bool { see(e); return true })
		if err != nil {
			t.Fatal(err)
		}
		sum.Events += report.Events
		sum.Bytes += report.Bytes
		sum.Damage = append(sum.Damage, report.Damage...)
		sum.Clock, sum.Digest = report.Clock, report.Digest
	}
	return sum
}

// Show gives an event as one line: time, labels, and fields.
func Show(e *event.Event) string {
	var b strings.Builder
	when := "-"
	if !e.Time.IsZero() {
		when = e.Time.Format("2006-01-02T15:04:05.999999999Z07:00")
	}
	fmt.Fprintf(&b, "%s %s/%s/%s", when, e.Product, e.Category, e.Service)
	if e.Computer != "" {
		fmt.Fprintf(&b, " @%s", e.Computer)
	}
	if e.Channel != "" {
		fmt.Fprintf(&b, " %s %d #%d", e.Channel, e.EventID, e.RecordID)
	}
	for i, field := range e.Shape.Fields {
		mark := " "
		if field.Part == event.System {
			mark = " ." // of the header
		}
		fmt.Fprintf(&b, "%s%s=%q", mark, field.Name, e.Values[i].String())
	}
	return b.String()
}

// Check fails the test where a reader breaks a promise: that offsets grow and lie in the file; that
// the bytes of a record give the same event when they are read alone; that it is all the same
// whether a reader is new, and where the file is cut into units; that the report counts right.
func (f Format[F, R]) Check(t testing.TB, data []byte) {
	t.Helper()
	log, err := f.Open(bytes.NewReader(data), int64(len(data)), "test.log", Options())
	if err != nil {
		t.Fatal(err)
	}
	type seen struct {
		text string
		src  event.Source
	}
	read := func(r R, units ...event.Unit) (all []seen, sum event.Report) {
		for _, u := range units {
			report, err := r.Read(log, u, func(e *event.Event) bool {
				if len(e.Values) != len(e.Shape.Fields) {
					t.Fatalf("%d values, %d fields", len(e.Values), len(e.Shape.Fields))
				}
				all = append(all, seen{Show(e), e.Source})
				return true
			})
			if err != nil {
				t.Fatal(err)
			}
			sum.Events += report.Events
			sum.Bytes += report.Bytes
		}
		return all, sum
	}
	start, size := log.Units()[0].Start, int64(len(data))
	r := f.NewReader(Options())
	whole, report := read(r, event.Unit{Start: start, End: size})
	if report.Events != len(whole) {
		t.Errorf("the report counts %d events, found %d", report.Events, len(whole))
	}
	if report.Bytes > size {
		t.Errorf("the report counts %d bytes of %d", report.Bytes, size)
	}
	end := start
	for _, s := range whole {
		if s.src.Offset < end || s.src.Length <= 0 || s.src.Offset+s.src.Length > size || s.src.Chunk != -1 {
			t.Fatalf("%+v after %d of %d bytes", s.src, end, size)
		}
		end = s.src.Offset + s.src.Length
	}
	middle := start + (size-start)/2&^1
	ways := map[string][]event.Unit{"a reused reader": {{Start: start, End: size}}}
	if middle > start {
		ways["two units"] = []event.Unit{{Start: start, End: middle}, {Start: middle, End: size}}
	}
	for name, units := range ways {
		again, sum := read(r, units...)
		if len(again) != len(whole) || sum.Bytes != report.Bytes {
			t.Fatalf("%s: %d events of %d bytes, want %d of %d", name, len(again), sum.Bytes, len(whole), report.Bytes)
		}
		for i := range whole {
			if again[i] != whole[i] {
				t.Fatalf("%s: event %d: %+v, want %+v", name, i, again[i], whole[i])
			}
		}
	}
	if enc, mark := lines.Detect(data); enc != lines.UTF8 || mark > 0 {
		return
	}
	for _, s := range whole {
		part := data[s.src.Offset : s.src.Offset+s.src.Length]
		if enc, mark := lines.Detect(part); enc != lines.UTF8 || mark > 0 || len(part) > lines.MaxLine {
			continue
		}
		alone, _ := f.Read(t, part)
		if len(alone) != 1 || alone[0] != s.text {
			t.Fatalf("the bytes at %d alone:\n%q\nwant\n%q", s.src.Offset, alone, s.text)
		}
	}
}
