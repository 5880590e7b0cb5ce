// Package readertest checks what every reader of text logs promises, so that the test of a reader
// holds its own tables and facts only. In go bytes and a reader; out come failures of the test.
package readertest

import (
	"bytes"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"aldebaran/corpustest"
	"aldebaran/event"
	"aldebaran/evidence/lines"
)

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
	Sniff     func(head []byte) bool
	Open      func(r io.ReaderAt, size int64, path string, opt lines.Options) (F, error)
	NewReader func(opt lines.Options) R
	// Options are those with which logs are opened.
	Options lines.Options
	// Show gives an event as one line; [Show] if it is nil.
	Show func(e *event.Event) string
	// Promises checks what the format promises besides that which [Format.Same] checks; if it is nil,
	// that its records stand for themselves, see [Format.Apart].
	Promises func(t testing.TB, data []byte, whole Pass)
}

// A Pass is what a reader said of the units of a log.
type Pass struct {
	// Events are those handed out, each as one line, and Sources where they stand.
	Events  []string
	Sources []event.Source
	// Report is the sum of the units' reports; Clock and Digest are those of the last one.
	Report event.Report
}

const (
	// path is that of all logs.
	path = "test.log"
	// firstLook and headSize are how much of a file package evidence shows to Sniff: first a little.
	firstLook, headSize = 4 << 10, 128 << 10
)

// ByYear are options for logs that leave out the year: they were last changed on 1 November 2026.
func ByYear() lines.Options {
	return lines.Options{Newest: time.Date(2026, time.November, 1, 0, 0, 0, 0, time.UTC)}
}

// With gives the format with other options.
func (f Format[F, R]) With(opt lines.Options) Format[F, R] {
	f.Options = opt
	return f
}

// OpenLog opens a log that lies in memory.
func (f Format[F, R]) OpenLog(t testing.TB, data []byte) F {
	t.Helper()
	log, err := f.Open(bytes.NewReader(data), int64(len(data)), path, f.Options)
	if err != nil {
		t.Fatal(err)
	}
	return log
}

// Each calls see for each event that a new reader finds in a log.
func (f Format[F, R]) Each(t testing.TB, data []byte, see func(*event.Event)) event.Report {
	t.Helper()
	log := f.OpenLog(t, data)
	return each(t, f.NewReader(f.Options), log, log.Units(), see)
}

func each[F Log, R Reader[F]](t testing.TB, r R, log F, units []event.Unit, see func(*event.Event)) (sum event.Report) {
	t.Helper()
	for _, u := range units {
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

// Pass reads units of a log with a reader that may have been used before.
func (f Format[F, R]) Pass(t testing.TB, r R, log F, units ...event.Unit) (p Pass) {
	t.Helper()
	show := f.Show
	if show == nil {
		show = Show
	}
	p.Report = each(t, r, log, units, func(e *event.Event) {
		if len(e.Values) != len(e.Shape.Fields) {
			t.Fatalf("%d values, %d fields", len(e.Values), len(e.Shape.Fields))
		}
		p.Events = append(p.Events, show(e))
		p.Sources = append(p.Sources, e.Source)
	})
	return p
}

// Read gives the events of a log, each as one line, and the report.
func (f Format[F, R]) Read(t testing.TB, data []byte) ([]string, event.Report) {
	t.Helper()
	log := f.OpenLog(t, data)
	p := f.Pass(t, f.NewReader(f.Options), log, log.Units()...)
	return p.Events, p.Report
}

// Events gives the events of a log, each in its own memory. It fails the test unless the log is
// recognised.
func (f Format[F, R]) Events(t testing.TB, data []byte) ([]*event.Event, event.Report) {
	t.Helper()
	if !f.Recognises(data) {
		t.Errorf("not recognised: %.60q...", data)
	}
	var all []*event.Event
	report := f.Each(t, data, func(e *event.Event) { all = append(all, e.Clone()) })
	return all, report
}

// Recognises tells whether Sniff knows a file by either look that package evidence takes.
func (f Format[F, R]) Recognises(data []byte) bool {
	return f.Sniff(data[:min(len(data), firstLook)]) && f.Sniff(data[:min(len(data), headSize)])
}

// Sniffs fails the test for each text that Sniff does not say want of.
func (f Format[F, R]) Sniffs(t testing.TB, want bool, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if got := f.Sniff([]byte(text)); got != want {
			t.Errorf("Sniff(%.100q) = %v, want %v", text, got, want)
		}
	}
}

// Clock fails the test unless the report of a log says that zone.
func (f Format[F, R]) Clock(t testing.TB, text, zone string, assumed bool) {
	t.Helper()
	if _, report := f.Read(t, []byte(text)); report.Clock.Zone != zone || report.Clock.Assumed != assumed {
		t.Errorf("%q: clock %+v, want %s, assumed %t", text, report.Clock, zone, assumed)
	}
}

// Loses fails the test unless a log has so many events and one place of damage, which cost so many
// records and says what.
func (f Format[F, R]) Loses(t testing.TB, text string, events, lost int, what string) {
	t.Helper()
	all, report := f.Events(t, []byte(text))
	if len(all) != events || len(report.Damage) != 1 || report.Damage[0].Lost != lost || !strings.Contains(report.Damage[0].What+report.Damage[0].Found, what) {
		t.Errorf("%q: %d events, want %d; damage %+v, want %q and %d lost", text, len(all), events, report.Damage, what, lost)
	}
}

// Golden holds what is made of a synthetic log in testdata against the golden file beside it, which
// it writes anew on request, and checks what the format promises.
func (f Format[F, R]) Golden(t *testing.T, name string, update bool) {
	t.Helper()
	data := Testdata(t, name)
	if !f.Recognises(data) {
		t.Errorf("%s: not recognised", name)
	}
	all, report := f.Read(t, data)
	all = append(all, Damage(report)...)
	got := strings.Join(all, "\n") + fmt.Sprintf("\n%d events, %d of %d bytes, clock %+v\n", report.Events, report.Bytes, len(data), report.Clock)
	golden := filepath.Join("testdata", strings.TrimSuffix(name, filepath.Ext(name))+".golden")
	if update {
		if err := os.WriteFile(golden, []byte(got), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got, "\n")); diff != "" {
		t.Errorf("%s (-want +got):\n%s", golden, diff)
	}
	f.Check(t, data)
}

// Testdata reads a file of the package's folder testdata.
func Testdata(t testing.TB, name string) []byte {
	t.Helper()
	return corpustest.Load(t, filepath.Join("testdata", name))
}

// Show gives an event as one line: time, labels, and fields.
func Show(e *event.Event) string {
	var b strings.Builder
	showHead(&b, e)
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

// ShowPlain gives an event as one line, without quotes: its values tell how a client's texts were
// unquoted. Nulls are <null>.
func ShowPlain(e *event.Event) string {
	var b strings.Builder
	showHead(&b, e)
	for i, field := range e.Shape.Fields {
		text := e.Values[i].String()
		if e.Values[i].IsNull() {
			text = "<null>"
		}
		fmt.Fprintf(&b, " %s=%s", field.Name, text)
	}
	return b.String()
}

func showHead(b *strings.Builder, e *event.Event) {
	when := "-"
	if !e.Time.IsZero() {
		when = e.Time.Format(time.RFC3339Nano)
	}
	fmt.Fprintf(b, "%s %s/%s/%s", when, e.Product, e.Category, e.Service)
	if e.Computer != "" {
		fmt.Fprintf(b, " @%s", e.Computer)
	}
}

// Values gives an event of a database: time, service and computer, then each value as name=value.
func Values(e *event.Event) []string {
	when := ""
	if !e.Time.IsZero() {
		when = e.Time.Format(time.RFC3339Nano)
	}
	all := []string{when + " " + e.Service + " " + e.Computer}
	for i, f := range e.Shape.Fields {
		all = append(all, f.Name+"="+e.Values[i].String())
	}
	return all
}

// ShowValues is [Values] on one line.
func ShowValues(e *event.Event) string { return strings.Join(Values(e), "|") }

// Damage gives the damage in a report, each place as one line.
func Damage(report event.Report) (all []string) {
	for _, d := range report.Damage {
		all = append(all, fmt.Sprintf("%d: %s: want %s, found %s, lost %d", d.Offset, d.What, d.Want, d.Found, d.Lost))
	}
	return all
}

// UTF16 writes a text in UTF-16, little end first, behind a byte order mark. All of its characters
// are below U+10000.
func UTF16(text string) []byte {
	b := []byte{0xff, 0xfe}
	for _, c := range text {
		b = append(b, byte(c), byte(c>>8))
	}
	return b
}

// Check fails the test where a reader breaks a promise of its format.
func (f Format[F, R]) Check(t testing.TB, data []byte) {
	t.Helper()
	f.check(t, f.NewReader(f.Options), data)
}

// Fuzz checks what the format promises of logs that a fuzzer makes up.
func (f Format[F, R]) Fuzz(fz *testing.F, seeds ...[]byte) {
	for _, seed := range seeds {
		fz.Add(seed)
	}
	used := f.NewReader(f.Options)
	fz.Fuzz(func(t *testing.T, data []byte) {
		if _, err := f.Open(bytes.NewReader(data), int64(len(data)), path, f.Options); err != nil && !f.Sniff(data[:min(len(data), headSize)]) {
			return // only what is recognised need open
		}
		f.check(t, used, data)
	})
}

func (f Format[F, R]) check(t testing.TB, used R, data []byte) {
	t.Helper()
	whole := f.Same(t, used, data)
	if f.Promises == nil {
		f.Apart(t, data, whole)
		return
	}
	f.Promises(t, data, whole)
}

// Texts gives texts to begin to fuzz with.
func Texts(texts ...string) (all [][]byte) {
	for _, text := range texts {
		all = append(all, []byte(text))
	}
	return all
}

// Lines gives a log and each of its lines, to begin to fuzz with.
func Lines(logs ...[]byte) (all [][]byte) {
	for _, log := range logs {
		all = append(all, log)
		for line := range bytes.Lines(log) {
			all = append(all, line)
		}
	}
	return all
}

// Same checks what all readers promise and gives what a new one says of a log: places grow and lie in
// the file; the report counts right, and says of damage where it is, what was wanted and what was
// found; a reader that has read other logs, or this one, says the same.
func (f Format[F, R]) Same(t testing.TB, used R, data []byte) Pass {
	t.Helper()
	log := f.OpenLog(t, data)
	units := log.Units()
	whole := f.Pass(t, f.NewReader(f.Options), log, units...)
	for _, who := range [...]string{"has read other logs", "has just read this one"} {
		if diff := differ(whole, f.Pass(t, used, log, units...)); diff != "" {
			t.Fatalf("a reader that %s (-fresh +used):\n%s", who, diff)
		}
	}
	size := int64(len(data))
	report := whole.Report
	if report.Events != len(whole.Events) || report.Bytes > size {
		t.Fatalf("the report counts %d events and %d bytes, want %d and at most %d", report.Events, report.Bytes, len(whole.Events), size)
	}
	end := units[0].Start
	for _, s := range whole.Sources {
		if s.Offset < end || s.Length <= 0 || s.Offset+s.Length > size || s.Chunk != -1 || s.Path != path {
			t.Fatalf("source %+v behind %d of %d bytes", s, end, size)
		}
		end = s.Offset + s.Length
	}
	if most := len(units) * (lines.MaxDamage + 1); len(report.Damage) > most {
		t.Fatalf("%d places of damage, want at most %d", len(report.Damage), most)
	}
	for _, d := range report.Damage {
		if d.What == "" || d.Want == "" || d.Found == "" || d.Lost < 0 || d.Offset < 0 || d.Offset > size || d.Path != path {
			t.Fatalf("damage %+v does not say place, wanted and found", d)
		}
	}
	return whole
}

// differ tells how two values differ; that they do not is found out much faster.
func differ(want, got any) string {
	if reflect.DeepEqual(want, got) {
		return ""
	}
	return cmp.Diff(want, got)
}

// Apart checks that the records of a log stand for themselves: [Format.Pieces] and [Format.Alone].
func (f Format[F, R]) Apart(t testing.TB, data []byte, whole Pass) {
	t.Helper()
	f.Pieces(t, data, whole)
	f.Alone(t, data, whole, nil)
}

// Pieces checks that it is all the same where a log is cut into units. One of the sizes hangs on the
// log's bytes, so that a fuzzer moves the cuts.
func (f Format[F, R]) Pieces(t testing.TB, data []byte, whole Pass) {
	t.Helper()
	log := f.OpenLog(t, data)
	start, end := log.Units()[0].Start, int64(len(data))
	r := f.NewReader(f.Options)
	const most = 50 // pieces: each costs a reading of what lies around its ends
	for _, size := range [...]int64{end / 2, 40, 100, int64(crc32.ChecksumIEEE(data)) % (end + 1)} {
		size = max(size, end/most, 2) &^ 1 // characters of UTF-16 stay whole
		var units []event.Unit
		for at := start; at < end; at += size {
			units = append(units, event.Unit{Index: len(units), Start: at, End: min(at+size, end)})
		}
		pieces := f.Pass(t, r, log, units...)
		if diff := differ(whole.Events, pieces.Events); diff != "" {
			t.Fatalf("in pieces of %d (-whole +pieces):\n%s", size, diff)
		}
		if diff := differ(whole.Sources, pieces.Sources); diff != "" || whole.Report.Bytes != pieces.Report.Bytes {
			t.Fatalf("in pieces of %d: %d bytes, want %d; places (-whole +pieces):\n%s", size, pieces.Report.Bytes, whole.Report.Bytes, diff)
		}
	}
}

// Alone checks that the bytes of a record give the same event when they are read alone, behind what
// before gives for a place in the log: the lines without which a record means nothing. It may be nil.
func (f Format[F, R]) Alone(t testing.TB, data []byte, whole Pass, before func(at int64) []byte) {
	t.Helper()
	if enc, _ := lines.Detect(data); enc != lines.UTF8 {
		return
	}
	sources := whole.Sources
	if before != nil {
		const most = 20 // each costs a reading of what stands before it
		sources = sources[:min(len(sources), most)]
	}
	for i, s := range sources {
		part, others := data[s.Offset:s.Offset+s.Length], 0
		if !plain(part) || len(part) > lines.MaxLine {
			continue // a few bytes that look like another encoding, or that were cut
		}
		if before != nil {
			head := before(s.Offset)
			events, _ := f.Read(t, head)
			part, others = slices.Concat(head, part), len(events)
		}
		alone, _ := f.Read(t, part)
		if len(alone) != others+1 || alone[others] != whole.Events[i] {
			t.Fatalf("the bytes at %d alone:\n%q\nwant\n%q", s.Offset, alone, whole.Events[i])
		}
	}
}

// plain tells whether bytes are UTF-8 without a mark.
func plain(data []byte) bool {
	enc, mark := lines.Detect(data)
	return enc == lines.UTF8 && mark == 0
}

// Counted checks that every line of a log is an event or told as lost, but for those that are empty or
// begin with a #.
func (f Format[F, R]) Counted(t testing.TB, data []byte, whole Pass) {
	t.Helper()
	enc, mark := lines.Detect(data)
	if enc != lines.UTF8 {
		return
	}
	records, lost := 0, 0
	for line := range bytes.Lines(data[mark:]) {
		line = bytes.Trim(bytes.TrimSuffix(bytes.TrimSuffix(line, []byte{'\n'}), []byte{'\r'}), "\x00")
		if len(line) > 0 && line[0] != '#' {
			records++
		}
	}
	for _, d := range whole.Report.Damage {
		lost += d.Lost
	}
	if records != len(whole.Events)+lost {
		t.Fatalf("%d lines, but %d events and %d lost", records, len(whole.Events), lost)
	}
}

// Allocates fails the test if a reader that has read a log before needs more allocations to read it
// again.
func (f Format[F, R]) Allocates(t testing.TB, data []byte, most float64) {
	t.Helper()
	log, r := f.OpenLog(t, data), f.NewReader(f.Options)
	events := 0
	got := testing.AllocsPerRun(5, func() {
		events = each(t, r, log, log.Units(), func(*event.Event) {}).Events
	})
	if got > most || events == 0 {
		t.Errorf("%v allocations for %d events, want at most %v", got, events, most)
	}
}

// Bench measures how fast a reader reads a log.
func (f Format[F, R]) Bench(b *testing.B, data []byte) {
	b.Helper()
	log, r := f.OpenLog(b, data), f.NewReader(f.Options)
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		each(b, r, log, log.Units(), func(*event.Event) {})
	}
}

// Repeat gives a text over and over, to some size in bytes, to measure with.
func Repeat(text []byte, size int) []byte { return bytes.Repeat(text, max(size/len(text), 1)) }
