package readertest

import (
	"bytes"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"

	"aldebaran/event"
	"aldebaran/evidence/lines"
)

// A plainLog is a log each of whose lines is a record.
type plainLog struct{ log *lines.Log }

func (l *plainLog) Units() []event.Unit    { return l.log.Units(0) }
func (l *plainLog) Damage() []event.Damage { return nil }

// A plainReader reads it as it should, but for one fault.
type plainReader struct {
	fault string
	lines lines.Reader
	reads int
}

func (r *plainReader) Read(f *plainLog, u event.Unit, emit func(*event.Event) bool) (event.Report, error) {
	var tally lines.Tally
	tally.Start(f.log, event.Clock{})
	r.reads++
	shape := &event.Shape{Fields: []event.Field{{Name: "text", Path: "text"}}}
	err := r.lines.Read(f.log, u, func(l lines.Line) bool {
		tally.Count(l.Text, l.Length)
		if l.Text = bytes.TrimSuffix(l.Text, []byte{'\r'}); string(l.Text) == "bad" {
			want := "no bad line"
			if r.fault == "damage" {
				want = ""
			}
			tally.Damage(l.Offset, "line", want, "bad", 1)
			return true
		}
		e := event.Event{
			Source: event.Source{Path: f.log.Path, Offset: l.Offset, Length: l.Length, Chunk: -1},
			Shape:  shape, Values: []event.Value{{Kind: event.Text, Raw: l.Text}},
		}
		switch r.fault {
		case "values":
			e.Values = nil
		case "used":
			e.Service = fmt.Sprint(r.reads)
		case "place":
			e.Source.Offset = 0
		case "length":
			e.Source.Length += f.log.Size
		case "cut": // a record knows where in its unit it stands
			e.Service = fmt.Sprint(l.Offset - u.Start)
		case "alone": // what a record is hangs on the place of the record in the file
			e.Service = fmt.Sprint(l.Offset)
		case "count":
			tally.Report.Events++
		case "bytes":
			tally.Report.Bytes += f.log.Size
		case "lost":
			if string(l.Text) == "two" {
				return true
			}
		}
		tally.Report.Events++
		return emit(&e)
	})
	return tally.End(), err
}

// plainFormat has readers with a fault, "" for none.
func plainFormat(fault string) Format[*plainLog, *plainReader] {
	f := Format[*plainLog, *plainReader]{
		Sniff: func([]byte) bool { return true },
		Open: func(r io.ReaderAt, size int64, path string, _ lines.Options) (*plainLog, error) {
			log, err := lines.Open(r, size, path)
			return &plainLog{log}, err
		},
		NewReader: func(lines.Options) *plainReader { return &plainReader{fault: fault} },
	}
	f.Promises = func(t testing.TB, data []byte, whole Pass) {
		t.Helper()
		f.Apart(t, data, whole)
		f.Counted(t, data, whole)
	}
	return f
}

// A recorder is a test that may fail.
type recorder struct {
	testing.TB
	said string
}

func (r *recorder) Helper() {}

func (r *recorder) Errorf(format string, args ...any) { r.said += fmt.Sprintf(format, args...) + "\n" }

func (r *recorder) Fatalf(format string, args ...any) {
	r.Errorf(format, args...)
	runtime.Goexit()
}

// failure gives what check says against a reader, "" for nothing.
func failure(t *testing.T, check func(testing.TB)) string {
	t.Helper()
	r := &recorder{TB: t}
	done := make(chan struct{})
	go func() {
		defer close(done)
		check(r)
	}()
	<-done
	return r.said
}

// TestFaults holds that each fault of a reader is found, and that one without faults passes.
func TestFaults(t *testing.T) {
	log := []byte(strings.Repeat("one\ntwo\nbad\n", 20))
	for fault, want := range map[string]string{
		"":       "",
		"damage": "does not say place",
		"values": "0 values, 1 fields",
		"used":   "a reader that has just read",
		"place":  "source",
		"length": "source",
		"cut":    "in pieces of",
		"alone":  "alone:",
		"count":  "the report counts",
		"bytes":  "the report counts",
		"lost":   "events and",
	} {
		t.Run(fault, func(t *testing.T) {
			said := failure(t, func(t testing.TB) { plainFormat(fault).Check(t, log) })
			if !strings.Contains(said, want) || (said == "") != (want == "") {
				t.Errorf("Check says %q, want %q", said, want)
			}
		})
	}
}

// TestHelpers holds that each of the smaller checks can fail.
func TestHelpers(t *testing.T) {
	f := plainFormat("")
	for name, check := range map[string]func(testing.TB){
		"Sniffs":    func(t testing.TB) { f.Sniffs(t, false, "a") },
		"Clock":     func(t testing.TB) { f.Clock(t, "a\n", "UTC", false) },
		"Loses":     func(t testing.TB) { f.Loses(t, "a\n", 1, 1, "a") },
		"Allocates": func(t testing.TB) { f.Allocates(t, []byte("a\n"), 0) },
	} {
		if failure(t, check) == "" {
			t.Errorf("%s does not fail", name)
		}
	}
	f.Sniffs(t, true, "a")
	f.Clock(t, "a\n", "", false)
	f.Loses(t, "a\nbad\n", 1, 1, "bad")
}

func TestShow(t *testing.T) {
	e := &event.Event{
		Product: "p", Service: "s", Computer: "c",
		Shape:  &event.Shape{Fields: []event.Field{{Name: "a"}, {Name: "b", Part: event.System}, {Name: "n"}}},
		Values: []event.Value{{Kind: event.Text, Raw: []byte("x y")}, {Kind: event.Text, Raw: []byte("z")}, {}},
	}
	if got, want := Show(e), `- p//s @c a="x y" .b="z" n=""`; got != want {
		t.Errorf("Show = %s, want %s", got, want)
	}
	if got, want := ShowPlain(e), `- p//s @c a=x y b=z n=<null>`; got != want {
		t.Errorf("ShowPlain = %s, want %s", got, want)
	}
	if got, want := ShowValues(e), ` s c|a=x y|b=z|n=`; got != want {
		t.Errorf("ShowValues = %s, want %s", got, want)
	}
}
