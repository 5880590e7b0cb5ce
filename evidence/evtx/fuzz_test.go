package evtx

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"slices"
	"strings"
	"testing"
	"time"

	"aldebaran/event"
)

// seedLog is a synthetic log with templates and without, several chunks if there are many records.
func seedLog(tb testing.TB, records int, direct bool) []byte {
	tb.Helper()
	var out bytes.Buffer
	w := NewWriter(&out)
	w.Direct = direct
	for i := range records {
		r := Record{
			Time: time.Unix(1772352000+int64(i), 0), Provider: "Synthetic", ProviderGUID: "{5770385F-C22A-43E0-BF4C-06F5698FFBD9}",
			EventID: uint16(i % 3), Channel: "Synthetic/Operational", Computer: "synthetic-01", UserSID: "S-1-5-18",
			Data: []Data{
				{Name: "Text", Value: Text(fmt.Sprint("synthetic ", i))},
				{Value: event.Value{Kind: event.UTF16 | event.Array, Raw: Text("a\x00b\x00").Raw}},
				{Name: "Number", Value: event.Value{Kind: event.Uint32, Raw: []byte{1, 2, 3, 4}}},
			},
		}
		if i%3 == 2 {
			r.UserData = &UserData{Name: "Cleared", Namespace: "urn:synthetic", Data: []Data{{Name: "Who", Value: Text("nobody")}}}
		}
		if err := w.Add(r); err != nil {
			tb.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		tb.Fatal(err)
	}
	return out.Bytes()
}

// seeds are logs and some of the damage that real ones have.
func seeds(tb testing.TB) [][]byte {
	small, direct, large := seedLog(tb, 5, false), seedLog(tb, 5, true), seedLog(tb, 220, false)
	used := func(b []byte) []byte { return b[:4096+int(binary.LittleEndian.Uint32(b[4096+48:]))] }
	large = large[:4096+65536+5000]
	all := [][]byte{used(small), used(direct), large, nil, []byte("ElfFile\x00")}
	change := func(b []byte, f func(b []byte)) { c := bytes.Clone(b); f(c); all = append(all, c) }
	change(used(small), func(b []byte) { clear(b[:4096]) })
	change(used(small), func(b []byte) { binary.LittleEndian.PutUint32(b[4096+48:], 0) })
	change(used(small), func(b []byte) { binary.LittleEndian.PutUint32(b[4096+48:], 1024) })
	change(used(small), func(b []byte) { binary.LittleEndian.PutUint32(b[4096+512+4:], 0xffffffff) })
	change(used(small), func(b []byte) { clear(b[4096 : 4096+512]) })
	change(used(direct), func(b []byte) { b[4096+512+28] = tokTemplate })
	change(large, func(b []byte) { clear(b[4096+65536+600 : 4096+65536+1200]) })
	for _, body := range []func(*chunkWriter){
		func(c *chunkWriter) {
			c.fragment()
			c.el("Event", false, func() { c.el("X", false, func() { c.literal("v") }) })
		},
		whole("seed", []event.Value{{Kind: event.UTF16, Raw: utf16Bytes("n")}}, func(*chunkWriter) {}, func(c *chunkWriter) {
			e := c.open("Data", true, true)
			c.attribute("Name")
			c.substitution(0, event.UTF16)
			e.endAttributes()
			c.literal("x")
			c.substitution(0, event.UTF16)
			e.end()
		}),
	} {
		all = append(all, used(writeBinXML(tb, body)))
	}
	return all
}

// readChecked reads a log and checks what everybody relies on, however hostile the log is.
func readChecked(t *testing.T, r *Reader, b []byte, opt Options) (lines []string, digest uint64) {
	t.Helper()
	f, err := Open(bytes.NewReader(b), int64(len(b)), "f.evtx", opt)
	if err != nil {
		return nil, 0
	}
	end, last := f.base, int64(-1)
	var text []byte
	for _, u := range f.Units() {
		if u.Start != end || u.End <= u.Start || u.End-u.Start > unitChunks*chunkSize {
			t.Fatalf("unit %+v does not follow %d", u, end)
		}
		end = u.End
		events, recovered := 0, 0
		rep, err := r.Read(f, u, func(e *event.Event) bool {
			events++
			s := e.Source
			if s.Offset < f.base || s.Length < minRecord || s.Offset+s.Length > int64(len(b)) || string(b[s.Offset:s.Offset+4]) != recordMagic {
				t.Fatalf("source %+v is no record", s)
			}
			if s.Recovered {
				recovered++
				last = -1
			} else if s.Offset <= last {
				t.Fatalf("record at %d comes after one at %d", s.Offset, last)
			} else {
				last = s.Offset
			}
			if len(e.Values) != len(e.Shape.Fields) || len(e.Values) == 0 {
				t.Fatalf("%d values, %d fields", len(e.Values), len(e.Shape.Fields))
			}
			lines = append(lines, fmt.Sprint(s, e.Time.UnixNano(), e.Channel, e.Provider, e.EventID, e.Computer, e.RecordID))
			for i, field := range e.Shape.Fields {
				if field.Name == "" || field.Path == "" {
					t.Fatalf("field %+v", field)
				}
				v := e.Values[i]
				text = v.AppendText(text[:0])
				v.Each(func(v event.Value) bool { text = v.AppendText(text); return true })
				lines = append(lines, fmt.Sprint(field, v.Kind, crc32.ChecksumIEEE(text)))
			}
			return true
		})
		if err != nil {
			t.Fatal(err) // memory gives no errors
		}
		if rep.Events != events || rep.Recovered != recovered || rep.Bytes > u.End-u.Start+chunkSize {
			t.Fatalf("report %+v, want %d events, %d recovered, and no more bytes than the unit has", rep, events, recovered)
		}
		if n := len(rep.Damage); n > (maxChunkDamage+1)*(unitChunks+int((u.End-u.Start)/chunkHeaderSize)) {
			t.Fatalf("%d places of damage", n)
		}
		for i, d := range rep.Damage {
			if i > 0 && d.Chunk == rep.Damage[i-1].Chunk && d.Offset < rep.Damage[i-1].Offset && !strings.Contains(d.Found, "more places in this chunk") {
				t.Fatalf("damage is not in the order of the offsets: %+v", rep.Damage)
			}
			if d.What == "" || d.Want == "" || d.Found == "" || d.Lost < -1 || d.Offset < 0 || d.Offset > int64(len(b)) {
				t.Fatalf("damage %+v does not say place, wanted and found", d)
			}
		}
		lines = append(lines, fmt.Sprint(rep.Damage))
		digest = mix(digest, rep.Digest)
	}
	return lines, digest
}

// FuzzRead reads anything. Besides what readChecked checks: it ends, it keeps its caches bounded,
// and a reader that has read much else says the same as a fresh one.
func FuzzRead(f *testing.F) {
	for _, b := range seeds(f) {
		f.Add(b, false)
		f.Add(b, true)
	}
	used := NewReader(Options{})
	f.Fuzz(func(t *testing.T, b []byte, stale bool) {
		if len(b) > 4<<20 {
			return
		}
		opt := Options{Recover: stale}
		fresh, digest := readChecked(t, NewReader(Options{}), b, opt)
		again, digest2 := readChecked(t, used, b, opt)
		if !slices.Equal(fresh, again) || digest != digest2 {
			t.Fatalf("a fresh reader says\n%.2000q, a used one\n%.2000q", fresh, again)
		}
		if used.cached > maxCached+2*maxShapeBytes {
			t.Fatalf("%d bytes are kept", used.cached)
		}
	})
}
