package evtx_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"aldebaran/event"
	"aldebaran/evidence/evtx"
)

var day = time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)

// sample is a synthetic process creation, in the shape of Sysmon's event 1.
func sample(i int) evtx.Record {
	return evtx.Record{
		Time: day.Add(time.Duration(i) * time.Second), Provider: "Microsoft-Windows-Sysmon", ProviderGUID: "{5770385F-C22A-43E0-BF4C-06F5698FFBD9}",
		EventID: 1, Version: 5, Level: 4, Task: 1, Keywords: 0x8000000000000000,
		Channel: "Microsoft-Windows-Sysmon/Operational", Computer: "synthetic-01", UserSID: "S-1-5-18", ProcessID: 1234, ThreadID: 5678,
		Data: []evtx.Data{
			{Name: "UtcTime", Value: evtx.Text("2026-03-01 08:00:00.000")},
			{Name: "ProcessId", Value: event.Value{Kind: event.Uint32, Raw: []byte{byte(i), byte(i >> 8), 0, 0}}},
			{Name: "Image", Value: evtx.Text(fmt.Sprintf(`C:\Program Files\Synthetic\tool%d.exe`, i))},
			{Name: "CommandLine", Value: evtx.Text(fmt.Sprintf(`tool%d.exe --number %d`, i, i))},
			{Name: "User", Value: evtx.Text(`SYNTHETIC\user`)},
		},
	}
}

func sampleLog(tb testing.TB, records int, direct bool) []byte {
	tb.Helper()
	var out bytes.Buffer
	w := evtx.NewWriter(&out)
	w.Direct = direct
	for i := range records {
		if err := w.Add(sample(i)); err != nil {
			tb.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		tb.Fatal(err)
	}
	return out.Bytes()
}

func write(tb testing.TB, records ...evtx.Record) []byte {
	tb.Helper()
	var out bytes.Buffer
	w := evtx.NewWriter(&out)
	for _, r := range records {
		if err := w.Add(r); err != nil {
			tb.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		tb.Fatal(err)
	}
	return out.Bytes()
}

func texts(e *event.Event) []string {
	var lines []string
	for i, f := range e.Shape.Fields {
		part := "data"
		if f.Part == event.System {
			part = "system"
		}
		value := e.Values[i].String()
		if e.Values[i].IsNull() {
			value = "(null)"
		}
		lines = append(lines, part+" "+f.Name+" = "+value)
	}
	return lines
}

func TestSystemFields(t *testing.T) {
	for _, direct := range []bool{false, true} {
		t.Run(fmt.Sprint("direct=", direct), func(t *testing.T) {
			b := sampleLog(t, 3, direct)
			res := readAll(t, evtx.NewReader(evtx.Options{}), b, "s.evtx", evtx.Options{})
			if len(res.events) != 3 || len(res.damage) != 0 {
				t.Fatalf("%d events, damage %v, want 3 and none", len(res.events), res.damage)
			}
			e := res.events[2]
			want := event.Event{
				Shape: e.Shape, Values: e.Values, Time: day.Add(2 * time.Second), Source: e.Source, Product: "windows",
				Channel: "Microsoft-Windows-Sysmon/Operational", Provider: "Microsoft-Windows-Sysmon", EventID: 1, Computer: "synthetic-01", RecordID: 3,
			}
			if d := cmp.Diff(want, *e, cmp.Comparer(func(a, b *event.Shape) bool { return a == b })); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
			fields := []string{
				"system Provider_Name = Microsoft-Windows-Sysmon", "system Provider_Guid = {5770385F-C22A-43E0-BF4C-06F5698FFBD9}",
				"system EventID_Qualifiers = (null)", "system EventID = 1", "system Version = 5", "system Level = 4", "system Task = 1",
				"system Opcode = 0", "system Keywords = 0x8000000000000000", "system TimeCreated_SystemTime = 2026-03-01T08:00:02.0000000Z",
				"system EventRecordID = 3", "system Correlation_ActivityID = (null)", "system Correlation_RelatedActivityID = (null)",
				"system Execution_ProcessID = 1234", "system Execution_ThreadID = 5678", "system Channel = Microsoft-Windows-Sysmon/Operational",
				"system Computer = synthetic-01", "system Security_UserID = S-1-5-18",
				"data UtcTime = 2026-03-01 08:00:00.000", "data ProcessId = 2", `data Image = C:\Program Files\Synthetic\tool2.exe`,
				"data CommandLine = tool2.exe --number 2", `data User = SYNTHETIC\user`,
			}
			found := texts(e)
			if direct { // what is absent is not even named there
				fields = append(append(append([]string{}, fields[:2]...), fields[3:11]...), fields[13:]...)
			}
			if d := cmp.Diff(fields, found); d != "" {
				t.Errorf("fields (-want +got):\n%s", d)
			}
			if res.events[0].Shape != res.events[1].Shape {
				t.Error("two events of one layout have two shapes")
			}
		})
	}
}

func TestValues(t *testing.T) {
	le := func(n uint64, size int) []byte {
		b := make([]byte, 8)
		for i := range b {
			b[i] = byte(n >> (8 * i))
		}
		return b[:size]
	}
	sid := []byte{1, 2, 0, 0, 0, 0, 0, 5, 32, 0, 0, 0, 32, 2, 0, 0}
	guid := []byte{0x78, 0x56, 0x34, 0x12, 0x34, 0x12, 0x78, 0x56, 1, 2, 3, 4, 5, 6, 7, 8}
	for _, tt := range []struct {
		name  string
		value event.Value
		want  string
	}{
		{"null", event.Value{}, "(null)"},
		{"text", evtx.Text("a\u00e4\U0001f600"), "a\u00e4\U0001f600"},
		{"text with NUL", evtx.Text("a\x00"), "a"},
		{"empty text", evtx.Text(""), ""},
		{"UTF-8 becomes UTF-16", event.Value{Kind: event.Text, Raw: []byte("\u00fc")}, "\u00fc"},
		{"lone surrogate", event.Value{Kind: event.UTF16, Raw: []byte{0x00, 0xd8, 'x', 0}}, "\ufffdx"},
		{"odd length", event.Value{Kind: event.UTF16, Raw: []byte{'x', 0, 'y'}}, "x"},
		{"ANSI", event.Value{Kind: event.ANSI, Raw: []byte{'a', 0x80, 0xe4}}, "a\u20ac\u00e4"},
		{"int8", event.Value{Kind: event.Int8, Raw: []byte{0xff}}, "-1"},
		{"uint8", event.Value{Kind: event.Uint8, Raw: []byte{0xff}}, "255"},
		{"int16", event.Value{Kind: event.Int16, Raw: le(math.MaxUint16, 2)}, "-1"},
		{"uint16", event.Value{Kind: event.Uint16, Raw: le(math.MaxUint16, 2)}, "65535"},
		{"int32", event.Value{Kind: event.Int32, Raw: le(math.MaxUint32, 4)}, "-1"},
		{"uint32", event.Value{Kind: event.Uint32, Raw: le(math.MaxUint32, 4)}, "4294967295"},
		{"int64", event.Value{Kind: event.Int64, Raw: le(math.MaxUint64, 8)}, "-1"},
		{"uint64", event.Value{Kind: event.Uint64, Raw: le(math.MaxUint64, 8)}, "18446744073709551615"},
		{"float32", event.Value{Kind: event.Float32, Raw: le(uint64(math.Float32bits(1.5)), 4)}, "1.5"},
		{"float64", event.Value{Kind: event.Float64, Raw: le(math.Float64bits(-0.25), 8)}, "-0.25"},
		{"true", event.Value{Kind: event.Bool, Raw: le(1, 4)}, "true"},
		{"false", event.Value{Kind: event.Bool, Raw: le(0, 4)}, "false"},
		{"binary", event.Value{Kind: event.Binary, Raw: []byte{0xde, 0xad}}, "DEAD"},
		{"GUID", event.Value{Kind: event.GUID, Raw: guid}, "{12345678-1234-5678-0102-030405060708}"},
		{"pointer", event.Value{Kind: event.Size, Raw: le(0xabc, 8)}, "0xabc"},
		{"pointer of 32 bits", event.Value{Kind: event.Size, Raw: le(0xabc, 4)}, "0xabc"},
		{"FILETIME", event.Value{Kind: event.FileTime, Raw: le(116444736000000001, 8)}, "1970-01-01T00:00:00.0000001Z"},
		{"SYSTEMTIME", event.Value{Kind: event.SystemTime, Raw: []byte{0xea, 7, 3, 0, 0, 0, 1, 0, 8, 0, 0, 0, 5, 0, 7, 0}}, "2026-03-01T08:00:05.007Z"},
		{"SID", event.Value{Kind: event.SID, Raw: sid}, "S-1-5-32-544"},
		{"hex32", event.Value{Kind: event.Hex32, Raw: le(0x3e7, 4)}, "0x3e7"},
		{"hex64", event.Value{Kind: event.Hex64, Raw: le(0x3e7, 8)}, "0x3e7"},
		{"texts", event.Value{Kind: event.UTF16 | event.Array, Raw: append(append(evtx.Text("a\x00").Raw, 0, 0), evtx.Text("c\x00").Raw...)}, "a, , c"},
		{"uint16s", event.Value{Kind: event.Uint16 | event.Array, Raw: []byte{1, 0, 2, 0}}, "1, 2"},
		{"SIDs", event.Value{Kind: event.SID | event.Array, Raw: append(append([]byte{}, sid...), sid...)}, "S-1-5-32-544, S-1-5-32-544"},
		{"short uint32", event.Value{Kind: event.Uint32, Raw: []byte{1, 2}}, "0102"},
		{"short SID", event.Value{Kind: event.SID, Raw: []byte{1, 9, 0, 0, 0, 0, 0, 5}}, "0109000000000005"},
		{"unknown type", event.Value{Kind: 0x3f, Raw: []byte{1, 2}}, "0102"},
		{"a type of this program's own", event.Value{Kind: event.Text | 1, Raw: []byte{1, 2}}, "0102"},
		{"list of nulls", event.Value{Kind: event.Array, Raw: []byte{1, 2}}, "0102"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := sample(1)
			r.Data = []evtx.Data{{Name: "V", Value: tt.value}}
			res := readAll(t, evtx.NewReader(evtx.Options{}), write(t, r), "v.evtx", evtx.Options{})
			if len(res.events) != 1 || len(res.damage) > 0 {
				t.Fatalf("%d events, damage %v", len(res.events), res.damage)
			}
			lines := texts(res.events[0])
			if got := lines[len(lines)-1]; got != "data V = "+tt.want {
				t.Errorf("%q, want %q", got, "data V = "+tt.want)
			}
		})
	}
}

func TestNames(t *testing.T) {
	text := evtx.Text
	for _, tt := range []struct {
		name   string
		record evtx.Record
		want   []string // path, name, part, value
	}{
		{"spaces are stripped", evtx.Record{Data: []evtx.Data{{Name: "Threat Name", Value: text("x")}}},
			[]string{"Event/EventData/Data[Threat Name] ThreatName 0 x"}},
		{"unnamed and repeated", evtx.Record{Data: []evtx.Data{{Value: text("a")}, {Value: text("")}, {Name: "N", Value: text("b")}, {Name: "N", Value: text("c")}}},
			[]string{"Event/EventData/Data Data 0 a", "Event/EventData/Data Data 0 ", "Event/EventData/Data[N] N 0 b", "Event/EventData/Data[N] N 0 c"}},
		{"user data", evtx.Record{UserData: &evtx.UserData{Name: "LogFileCleared", Namespace: "urn:x", Data: []evtx.Data{{Name: "Channel", Value: text("Security")}, {Name: "EventID", Value: text("9")}}}},
			[]string{"Event/UserData/LogFileCleared/Channel Channel 0 Security", "Event/UserData/LogFileCleared/EventID EventID 0 9"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tt.record.EventID, tt.record.Channel, tt.record.Time = 104, "System", day
			for _, direct := range []bool{false, true} {
				var out bytes.Buffer
				w := evtx.NewWriter(&out)
				w.Direct = direct
				if err := errors.Join(w.Add(tt.record), w.Close()); err != nil {
					t.Fatal(err)
				}
				res := readAll(t, evtx.NewReader(evtx.Options{}), out.Bytes(), "n.evtx", evtx.Options{})
				if len(res.events) != 1 {
					t.Fatalf("%d events, damage %v", len(res.events), res.damage)
				}
				e := res.events[0]
				var got []string
				for i, f := range e.Shape.Fields {
					if f.Part == event.Data {
						got = append(got, fmt.Sprintf("%s %s %d %s", f.Path, f.Name, f.Part, e.Values[i]))
					}
				}
				if d := cmp.Diff(tt.want, got); d != "" {
					t.Errorf("direct=%v (-want +got):\n%s", direct, d)
				}
				if e.EventID != 104 || e.Channel != "System" {
					t.Errorf("direct=%v: event %d of %q, want those of the System part", direct, e.EventID, e.Channel)
				}
			}
		})
	}
}

func TestManyChunks(t *testing.T) {
	for _, direct := range []bool{false, true} {
		const records = 3000
		b := sampleLog(t, records, direct)
		r := evtx.NewReader(evtx.Options{})
		res := readAll(t, r, b, "m.evtx", evtx.Options{})
		if len(res.events) != records || len(res.damage) > 0 {
			t.Fatalf("%d events, damage %v, want %d and none", len(res.events), res.damage, records)
		}
		for i, e := range res.events {
			if e.RecordID != uint64(i+1) || e.Text("CommandLine") != fmt.Sprintf("tool%d.exe --number %d", i, i) || e.Shape != res.events[0].Shape {
				t.Fatalf("event %d: record %d, %q", i, e.RecordID, e.Text("CommandLine"))
			}
		}
		checkEvents(t, "m.evtx", b, res.events)
		f, err := evtx.Open(bytes.NewReader(b), int64(len(b)), "m.evtx", evtx.Options{})
		if err != nil {
			t.Fatal(err)
		}
		end := int64(4096)
		for i, u := range f.Units() {
			if u.Index != i || u.Start != end || u.End-u.Start > 16<<16 {
				t.Errorf("unit %+v, want it to begin at %d and to have 16 chunks at most", u, end)
			}
			end = u.End
		}
		if end != int64(len(b)) {
			t.Errorf("units end at %d, want %d", end, len(b))
		}
	}
}

// TestNoAllocations proves that a record costs no memory once its templates are known.
func TestNoAllocations(t *testing.T) {
	for _, direct := range []bool{false, true} {
		b := sampleLog(t, 1000, direct)
		f, err := evtx.Open(bytes.NewReader(b), int64(len(b)), "a.evtx", evtx.Options{})
		if err != nil {
			t.Fatal(err)
		}
		r := evtx.NewReader(evtx.Options{})
		n := testing.AllocsPerRun(5, func() {
			for _, u := range f.Units() {
				if _, err := r.Read(f, u, func(*event.Event) bool { return true }); err != nil {
					t.Error(err)
				}
			}
		})
		if n != 0 {
			t.Errorf("direct=%v: %v allocations for 1000 records, want 0", direct, n)
		}
	}
}

func TestEmitStops(t *testing.T) {
	b := sampleLog(t, 1000, false)
	f, err := evtx.Open(bytes.NewReader(b), int64(len(b)), "e.evtx", evtx.Options{})
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	rep, err := evtx.NewReader(evtx.Options{}).Read(f, f.Units()[0], func(*event.Event) bool { n++; return n < 3 })
	if err != nil || n != 3 || rep.Events != 3 {
		t.Errorf("emit was called %d times, report %+v, error %v; want 3 and none", n, rep, err)
	}
}

func TestDigest(t *testing.T) {
	digest := func(b []byte, name string) uint64 {
		f, err := evtx.Open(bytes.NewReader(b), int64(len(b)), name, evtx.Options{})
		if err != nil {
			t.Fatal(err)
		}
		rep, err := evtx.NewReader(evtx.Options{}).Read(f, f.Units()[0], func(*event.Event) bool { return true })
		if err != nil {
			t.Fatal(err)
		}
		return rep.Digest
	}
	a := sampleLog(t, 500, false)
	if digest(a, "a.evtx") != digest(a, "b.evtx") {
		t.Error("the same records have two digests")
	}
	if digest(a, "a.evtx") == digest(sampleLog(t, 499, false), "a.evtx") {
		t.Error("different records have one digest")
	}
}

func TestWriterSeeks(t *testing.T) {
	path := filepath.Join(t.TempDir(), "w.evtx")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	w := evtx.NewWriter(f)
	for i := range 600 {
		if err := w.Add(sample(i)); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(w.Close(), f.Close()); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, sampleLog(t, 600, false)) {
		t.Error("a file that can seek and one that cannot get different bytes")
	}
}

func TestWriterErrors(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(*evtx.Record)
		want   string
	}{
		{"GUID", func(r *evtx.Record) { r.ProviderGUID = "{12}" }, "GUID: want 32 hexadecimal digits"},
		{"SID", func(r *evtx.Record) { r.UserSID = "S-1" }, "SID: want S-1-"},
		{"size", func(r *evtx.Record) { r.Data[0].Value = evtx.Text(strings.Repeat("x", 40000)) }, "want at most"},
	} {
		r := sample(1)
		tt.change(&r)
		if err := evtx.NewWriter(io.Discard).Add(r); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: error %v, want %q", tt.name, err, tt.want)
		}
	}
}

func TestSniffAndOpen(t *testing.T) {
	good := sampleLog(t, 1, false)
	change := func(f func(b []byte) []byte) []byte { return f(bytes.Clone(good)) }
	for _, tt := range []struct {
		name   string
		b      []byte
		sniff  bool
		events int // -1: no event log
		damage string
	}{
		{"good", good, true, 1, ""},
		{"empty", nil, false, -1, ""},
		{"text", []byte("This is no log.\n"), false, -1, ""},
		{"long text", bytes.Repeat([]byte("This is no log.\n"), 9000), false, -1, ""},
		{"header zeroed", change(func(b []byte) []byte { clear(b[:4096]); return b }), true, 1, "file header"},
		{"header cut off", good[4096:], true, 1, "file header"},
		{"header of no sense", change(func(b []byte) []byte { copy(b, bytes.Repeat([]byte{0xaa}, 4096)); return b }), true, 1, "file header"},
		{"wrong checksum", change(func(b []byte) []byte { b[124]++; return b }), true, 1, "file header checksum"},
		{"wrong block size", change(func(b []byte) []byte { b[40]++; return b }), true, 1, "file header checksum"},
		{"flag", change(func(b []byte) []byte { b[120] = 1; return b }), true, 1, ""},
		{"magic alone", good[:8], true, 0, "file header"},
		{"header alone", good[:4096], true, 0, "chunks"},
		{"first chunk gone", change(func(b []byte) []byte { clear(b[4096:]); return b }), true, 0, "chunk header"},
		{"only zero", make([]byte, 69632), false, -1, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := evtx.Sniff(tt.b[:min(len(tt.b), 128<<10)]); got != tt.sniff {
				t.Errorf("Sniff = %v, want %v", got, tt.sniff)
			}
			if tt.events < 0 {
				_, err := evtx.Open(bytes.NewReader(tt.b), int64(len(tt.b)), "x.evtx", evtx.Options{})
				if !errors.Is(err, evtx.ErrNotEVTX) || !strings.Contains(err.Error(), "x.evtx: offset 0: file header: want ") {
					t.Errorf("error %v, want ErrNotEVTX with place, wanted and found", err)
				}
				return
			}
			res := readAll(t, evtx.NewReader(evtx.Options{}), tt.b, "x.evtx", evtx.Options{})
			if len(res.events) != tt.events {
				t.Errorf("%d events, want %d", len(res.events), tt.events)
			}
			if tt.damage == "" && len(res.damage) > 0 || tt.damage != "" && (len(res.damage) == 0 || res.damage[0].What != tt.damage) {
				t.Errorf("damage %+v, want %q", res.damage, tt.damage)
			}
		})
	}
}

// TestFileGotShorter: the file ends before the size that it had when it was opened.
func TestFileGotShorter(t *testing.T) {
	b := sampleLog(t, 600, false)
	f, err := evtx.Open(bytes.NewReader(b), int64(len(b)), "s.evtx", evtx.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := evtx.Open(bytes.NewReader(b[:2000]), int64(len(b)), "s.evtx", evtx.Options{}); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("Open: error %v, want %v", err, io.ErrUnexpectedEOF)
	}
	short, err := evtx.Open(bytes.NewReader(b[:100000]), int64(len(b)), "s.evtx", evtx.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := evtx.NewReader(evtx.Options{}).Read(short, f.Units()[0], func(*event.Event) bool { return true }); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("error %v, want %v", err, io.ErrUnexpectedEOF)
	}
}
