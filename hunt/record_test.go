package hunt

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"aldebaran/event"
	"aldebaran/evidence"
)

// recordResult is a result with something of everything.
func recordResult() *result {
	at := time.Date(2026, 11, 23, 10, 0, 0, 1, time.UTC)
	shape := &event.Shape{Fields: []event.Field{{Name: "a", Path: "Event/a"}, {Name: "b", Path: "Event/b", Part: event.System}}}
	r := new(result)
	r.reset(task{
		file: evidence.File{Path: "x.zip!a\xff", Size: 10, Packed: true, Part: -3}, unit: event.Unit{Index: 2, Start: 5, End: 1 << 40}, last: true,
	})
	r.source = &sourceHead{path: "x.zip!a\xff", format: "evtx", size: 1 << 40, damage: []event.Damage{{Path: "p", Offset: 1, Chunk: -1, Lost: -1, What: "w"}}}
	r.sha256, r.check, r.behaved, r.kept = "00ff", "aa", true, 7
	r.left.Crowded = true
	r.report = event.Report{Bytes: 9, Recovered: 1, Damage: []event.Damage{{Path: "q", Chunk: 3, Record: 1 << 63, Want: "x", Found: "y", Lost: 2}}}
	r.report.Clock = event.Clock{Zone: "UTC", How: "--tz", Assumed: true}
	r.chunks = []chunk{{1 << 63, 2}, {3, 4}}
	r.watch = new(evidence.Watch)
	for i := range 3 {
		e := &event.Event{
			Shape: shape, Time: at.Add(time.Duration(i) * time.Hour), Computer: "HOST", Channel: "Security", Provider: "P", EventID: 4624, RecordID: uint64(i),
			Product: "windows", Source: event.Source{Path: "x.zip!a\xff", Offset: int64(i), Length: 3, Chunk: -1, Recovered: i == 1},
			Values: []event.Value{{Kind: event.UTF16, Raw: []byte{1, 0}}, {Kind: event.Null, Raw: []byte{}}},
		}
		if i == 2 {
			e.Time = time.Time{}
		}
		r.logs.add(e)
		r.watch.See("evtx", e)
		r.matched = append(r.matched, matched{event: *e})
	}
	r.matched = append(r.matched, matched{event: event.Event{Shape: &event.Shape{}, Values: []event.Value{}}})
	return r
}

func TestRecord(t *testing.T) {
	want := recordResult()
	data, err := newRecorder().pack(want)
	if err != nil {
		t.Fatal(err)
	}
	got := new(result)
	got.reset(task{})
	in := newRecorder()
	if err := in.unpack(got, data); err != nil {
		t.Fatal(err)
	}
	for _, f := range []struct {
		name      string
		want, got any
	}{
		{"file", want.file, got.file}, {"source", want.source, got.source}, {"unit", want.unit, got.unit}, {"last", want.last, got.last},
		{"report", want.report, got.report}, {"chunks", want.chunks, got.chunks}, {"logs", want.logs.sorted(), got.logs.sorted()},
		{"sha256", want.sha256, got.sha256}, {"check", want.check, got.check}, {"behaved", want.behaved, got.behaved}, {"left", want.left, got.left}, {"kept", want.kept, got.kept},
		{"watch", want.watch.Logs(), got.watch.Logs()}, {"events", len(want.matched), len(got.matched)},
	} {
		if !reflect.DeepEqual(f.want, f.got) {
			t.Errorf("%s = %+v, want %+v", f.name, f.got, f.want)
		}
	}
	for i := range want.matched {
		a, b := want.matched[i].event, got.matched[i].event
		if !reflect.DeepEqual(a.Shape.Fields, b.Shape.Fields) {
			t.Errorf("event %d: fields %v, want %v", i, b.Shape.Fields, a.Shape.Fields)
		}
		a.Shape, b.Shape = nil, nil
		if !a.Time.Equal(b.Time) || a.Time.IsZero() != b.Time.IsZero() {
			t.Errorf("event %d: time %v, want %v", i, b.Time, a.Time)
		}
		a.Time, b.Time = time.Time{}, time.Time{}
		if fmt.Sprintf("%+v", a) != fmt.Sprintf("%+v", b) {
			t.Errorf("event %d = %+v, want %+v", i, b, a)
		}
	}
	// The same layout is the same shape in the next record.
	next := new(result)
	next.reset(task{})
	if err := in.unpack(next, data); err != nil {
		t.Fatal(err)
	}
	if next.matched[0].event.Shape != got.matched[2].event.Shape {
		t.Error("a layout that was read before is another shape")
	}
}

func TestRecordSkip(t *testing.T) {
	for _, why := range []error{evidence.ErrEmpty, evidence.ErrUnknown, evidence.ErrEncrypted, fmt.Errorf("member: %w", evidence.ErrUnknown)} {
		r := new(result)
		r.reset(task{file: evidence.File{Path: "x.zip!b", Packed: true}, err: why, last: true})
		data, err := newRecorder().pack(r)
		if err != nil {
			t.Fatal(err)
		}
		got := new(result)
		got.reset(task{})
		if err := newRecorder().unpack(got, data); err != nil {
			t.Fatal(err)
		}
		if got.source != nil || got.task.err.Error() != why.Error() ||
			errors.Is(got.task.err, evidence.ErrEmpty) != errors.Is(why, evidence.ErrEmpty) || errors.Is(got.task.err, evidence.ErrUnknown) != errors.Is(why, evidence.ErrUnknown) {
			t.Errorf("skip because of %v is because of %v", why, got.task.err)
		}
		if a, b := skipOf(r.file, why), skipOf(got.file, got.task.err); a != b {
			t.Errorf("skip = %+v, want %+v", b, a)
		}
	}
}

func TestRecordRefuses(t *testing.T) {
	data, err := newRecorder().append(nil, recordResult())
	if err != nil {
		t.Fatal(err)
	}
	read := func(b []byte) error {
		r := new(result)
		r.reset(task{})
		d := recordReader{b: b}
		newRecorder().read(&d, r)
		return d.err
	}
	if err := read(data); err != nil {
		t.Fatal(err)
	}
	for n := range data {
		if read(data[:n]) == nil {
			t.Fatalf("the first %d of %d bytes are taken for a record", n, len(data))
		}
	}
	if err := read(append([]byte{recordVersion + 1}, data[1:]...)); err == nil || !strings.Contains(err.Error(), "want version") {
		t.Errorf("another version: %v", err)
	}
}

// FuzzRecord reads anything as a record. What is taken for one can be written, and comes out the same.
func FuzzRecord(f *testing.F) {
	whole, err := newRecorder().append(nil, recordResult())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(whole)
	skip := new(result)
	skip.reset(task{file: evidence.File{Path: "x"}, err: evidence.ErrEmpty})
	one, err := newRecorder().append(nil, skip)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(one)
	f.Fuzz(func(t *testing.T, data []byte) {
		read := func(b []byte) *result {
			r := new(result)
			r.reset(task{})
			d := recordReader{b: b}
			newRecorder().read(&d, r)
			if d.err != nil {
				return nil
			}
			return r
		}
		r := read(data)
		if r == nil {
			return
		}
		for i := range r.matched {
			if e := &r.matched[i].event; len(e.Values) != len(e.Shape.Fields) {
				t.Fatalf("event %d has %d values for %d fields", i, len(e.Values), len(e.Shape.Fields))
			}
		}
		first, err := newRecorder().append(nil, r)
		if err != nil {
			t.Fatal(err)
		}
		again := read(first)
		if again == nil {
			t.Fatal("a record that was written cannot be read")
		}
		second, err := newRecorder().append(nil, again)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(first, second) {
			t.Fatalf("written twice:\n%q\n%q", first, second)
		}
	})
}
