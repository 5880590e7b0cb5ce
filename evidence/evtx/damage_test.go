package evtx_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"slices"
	"testing"

	"aldebaran/event"
	"aldebaran/evidence/evtx"
)

// threeChunks is a log of three chunks, and where its records stand.
func threeChunks(t *testing.T) (b []byte, offsets []int64) {
	t.Helper()
	b = sampleLog(t, 300, false)
	if len(b) != 4096+3*65536 {
		t.Fatalf("the log has %d bytes, want three chunks", len(b))
	}
	return b, walked(b)
}

// fix makes the checksums of all chunks right again, so that a change looks honest.
func fix(b []byte) {
	for at := 4096; at < len(b); at += 65536 {
		c := b[at:]
		if free := int(binary.LittleEndian.Uint32(c[48:])); free >= 512 && free <= 65536 {
			binary.LittleEndian.PutUint32(c[52:], crc32.ChecksumIEEE(c[512:free]))
		}
		binary.LittleEndian.PutUint32(c[124:], crc32.Update(crc32.ChecksumIEEE(c[:120]), crc32.IEEETable, c[128:512]))
	}
	binary.LittleEndian.PutUint32(b[124:], crc32.ChecksumIEEE(b[:120]))
}

func TestDamage(t *testing.T) {
	good, offsets := threeChunks(t)
	var inChunk [3][]int64
	for _, at := range offsets {
		i := (at - 4096) / 65536
		inChunk[i] = append(inChunk[i], at)
	}
	first, second, third := len(inChunk[0]), len(inChunk[1]), len(inChunk[2])
	middle := inChunk[1][second/2]
	free := func(b []byte, chunk int, n uint32) {
		binary.LittleEndian.PutUint32(b[4096+chunk*65536+48:], n)
	}
	size := func(at int64) int64 { return int64(binary.LittleEndian.Uint32(good[at+4:])) }
	all := first + second + third
	// The first record that uses a template holds its definition: it is never the one damaged here.
	for _, tt := range []struct {
		name   string
		change func(b []byte) []byte
		honest bool // checksums are made right afterwards
		events int
		damage []string // what, want, found, lost of each
	}{
		{"nothing", func(b []byte) []byte { return b }, false, all, nil},
		{"record magic", func(b []byte) []byte { b[middle] = 0; return b }, true, all - 1,
			[]string{"record: want 2a2a0000, found 002a0000, lost 1"}},
		{"record size too small", func(b []byte) []byte { b[middle+4] = 5; b[middle+5] = 0; return b }, true, all - 1,
			[]string{fmt.Sprintf("record size: want 28 to %d, found 5, lost 1", inChunk[1][second-1]+size(inChunk[1][second-1])-middle)}},
		{"record size too large", func(b []byte) []byte { binary.LittleEndian.PutUint32(b[middle+4:], 1<<31); return b }, true, all - 1,
			[]string{fmt.Sprintf("record size: want 28 to %d, found 2147483648, lost 1", inChunk[1][second-1]+size(inChunk[1][second-1])-middle)}},
		{"size at the end", func(b []byte) []byte { b[middle+size(middle)-4] = 1; b[middle+size(middle)-3] = 0; return b }, true, all,
			[]string{fmt.Sprintf("record size at its end: want %d, found 1, lost 0", size(middle))}},
		{"size that swallows the next record", func(b []byte) []byte { binary.LittleEndian.PutUint32(b[middle+4:], uint32(size(middle)+40)); return b }, true, all,
			[]string{fmt.Sprintf("record size at its end: want %d, found %d, lost 0", size(middle)+40, binary.LittleEndian.Uint32(good[middle+size(middle)+36:]))}},
		{"token", func(b []byte) []byte { b[middle+28] = 0x17; return b }, true, all - 1,
			[]string{"BinXML: want a token that may stand here, found 0x17, lost 1"}},
		{"template id", func(b []byte) []byte { clear(b[middle+30 : middle+34]); return b }, true, all - 1,
			[]string{fmt.Sprintf("template: want id 00000000, found %08x, lost 1", binary.LittleEndian.Uint32(good[middle+30:]))}},
		{"number of substitutions", func(b []byte) []byte { binary.LittleEndian.PutUint32(b[middle+38:], 1<<30); return b }, true, all - 1,
			[]string{fmt.Sprintf("substitutions: want at most %d, found 1073741824, lost 1", (size(middle)-4-42)/4)}},
		{"size of a substitution", func(b []byte) []byte { b[middle+43] = 0xf0; return b }, true, all - 1,
			[]string{fmt.Sprintf("substitutions: want at most %d bytes, found %d, lost 1", size(middle)-4-42-4*19, 0xf000+int(good[middle+42])-52+sumSizes(good, middle))}},
		{"a block of zero bytes", func(b []byte) []byte { clear(b[middle : inChunk[1][second/2+3]+8]); return b }, true, all - 4,
			[]string{"record: want 2a2a0000, found 00000000, lost 4"}},
		{"zero bytes to the end of the chunk", func(b []byte) []byte { clear(b[middle : 4096+2*65536]); return b }, true, first + second/2 + third,
			[]string{fmt.Sprintf("record: want 2a2a0000, found 00000000, lost %d", second-second/2)}},
		{"a bit in a record", func(b []byte) []byte { b[middle+size(middle)-20] ^= 1; return b }, false, all,
			[]string{"chunk checksum"}},
		{"a bit in a chunk header", func(b []byte) []byte { b[4096+65536+200] ^= 1; return b }, false, all,
			[]string{"chunk header checksum"}},
		{"chunk magic", func(b []byte) []byte { b[4096+65536] = 0; return b }, false, all,
			[]string{"chunk header: want \"ElfChnk\", found 006c6643686e6b00, lost -1"}},
		{"chunk of zero bytes", func(b []byte) []byte { clear(b[4096+65536 : 4096+2*65536]); return b }, false, first + third,
			[]string{"chunk header: want \"ElfChnk\", found zero bytes, lost -1"}},
		{"header of a chunk zeroed", func(b []byte) []byte { clear(b[4096+65536 : 4096+65536+512]); return b }, false, all,
			[]string{"chunk header: want \"ElfChnk\", found zero bytes, lost -1"}},
		{"header of a chunk zeroed that is not counted yet", func(b []byte) []byte {
			b[42], b[120] = 1, 1
			clear(b[4096+65536 : 4096+65536+512])
			return b
		}, false, all,
			[]string{"file header checksum", "chunk header: want \"ElfChnk\", found zero bytes, lost -1"}},
		{"free space 0", func(b []byte) []byte { free(b, 1, 0); return b }, true, all,
			[]string{"free-space offset: want 512 to 65536, found 0, lost 0"}},
		{"free space beyond the chunk", func(b []byte) []byte { free(b, 1, 1<<31); return b }, true, all,
			[]string{"free-space offset: want 512 to 65536, found 2147483648, lost 0"}},
		{"free space before live records", func(b []byte) []byte { free(b, 1, uint32(middle-4096-65536)); return b }, true, all,
			[]string{"free-space offset: want the end of the records"}},
		{"free space before the first record", func(b []byte) []byte { free(b, 0, 512); return b }, true, all,
			[]string{"free-space offset: want the end of the records"}},
		{"free space inside a record", func(b []byte) []byte { free(b, 1, uint32(middle-4096-65536)+9); return b }, true, all,
			[]string{"free-space offset: want the end of the records"}},
		{"free space in the body of a record", func(b []byte) []byte { free(b, 1, uint32(middle-4096-65536)+100); return b }, true, all,
			[]string{"free-space offset: want the end of the records"}},
		{"free space far behind the records", func(b []byte) []byte { free(b, 2, 65536); return b }, true, all,
			[]string{"record: want 2a2a0000, found 00000000, lost 0"}},
		{"two records destroyed where free space lies, too", func(b []byte) []byte {
			free(b, 1, 0)
			clear(b[middle : inChunk[1][second/2+1]+30])
			return b
		}, true, all - 2,
			[]string{"free-space offset", "record: want 2a2a0000, found 00000000, lost 2"}},
		{"cut off in a record", func(b []byte) []byte { return b[:middle+10] }, false, first + second/2,
			[]string{"chunks: want 3, found room for 2, lost -1", fmt.Sprintf("chunk: want %d bytes, found %d bytes before the end of the file, lost %d",
				inChunk[1][second-1]+size(inChunk[1][second-1])-4096-65536, middle+10-4096-65536, second-second/2)}},
		{"cut off between records", func(b []byte) []byte { return b[:middle] }, false, first + second/2,
			[]string{"chunks: want 3", fmt.Sprintf("chunk: want %d bytes, found %d bytes before the end of the file, lost %d",
				inChunk[1][second-1]+size(inChunk[1][second-1])-4096-65536, middle-4096-65536, second-second/2)}},
		{"cut off in a chunk header", func(b []byte) []byte { return b[:4096+65536+100] }, false, first,
			[]string{"chunks: want 3", "chunk header: want 512 bytes, found 100, lost -1"}},
		{"bytes between chunks", func(b []byte) []byte { return slices.Insert(b, 4096+65536, make([]byte, 700)...) }, false, all,
			[]string{"chunk header: want \"ElfChnk\", found a chunk 0x2bc bytes further on, lost 0"}},
		{"fewer chunks counted than there are", func(b []byte) []byte { b[42] = 2; return b }, true, all,
			[]string{"chunk: want no more than 2 chunks, as the file header says, found one more, lost 0"}},
		{"fewer chunks counted, but the log was in use", func(b []byte) []byte { b[42] = 1; b[120] = 1; return b }, true, all, nil},
		{"checksums that are not kept", func(b []byte) []byte {
			b[120] = 4
			clear(b[124:128])
			clear(b[4096+52 : 4096+56])
			clear(b[4096+124 : 4096+128])
			return b
		}, false, all, nil},
		{"rubbish behind the log", func(b []byte) []byte { return append(b, bytes.Repeat([]byte("rubbish "), 9000)...) }, false, all,
			[]string{"chunk header: want \"ElfChnk\", found 7275626269736820", "chunk header: want \"ElfChnk\", found 7275626269736820"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := tt.change(bytes.Clone(good))
			if tt.honest {
				fix(b)
			}
			res := readAll(t, evtx.NewReader(evtx.Options{}), b, "d.evtx", evtx.Options{})
			if len(res.events) != tt.events {
				t.Errorf("%d events, want %d of %d", len(res.events), tt.events, all)
			}
			var found []string
			for _, d := range res.damage {
				found = append(found, fmt.Sprintf("%s: want %s, found %s, lost %d", d.What, d.Want, d.Found, d.Lost))
			}
			ok := len(found) == len(tt.damage)
			for i := range min(len(found), len(tt.damage)) {
				ok = ok && len(found[i]) >= len(tt.damage[i]) && found[i][:len(tt.damage[i])] == tt.damage[i]
			}
			if !ok {
				t.Errorf("damage\n%q, want\n%q", found, tt.damage)
			}
			seen := map[uint64]bool{}
			for _, e := range res.events {
				if seen[e.RecordID] {
					t.Errorf("record %d comes twice", e.RecordID)
				}
				seen[e.RecordID] = true
			}
		})
	}
}

// sumSizes adds the sizes of the substitutions of the System template.
func sumSizes(b []byte, record int64) (n int) {
	for i := range int64(19) {
		n += int(binary.LittleEndian.Uint16(b[record+42+4*i:]))
	}
	return n - int(binary.LittleEndian.Uint16(b[record+42:])) + 52
}

// TestUnitsOfShiftedChunks: chunks behind a gap reach over the borders of units, and are read once.
func TestUnitsOfShiftedChunks(t *testing.T) {
	b := sampleLog(t, 4000, false)
	if len(b) < 4096+18*65536 {
		t.Fatalf("the log has %d bytes, want two units", len(b))
	}
	b = slices.Insert(b, 4096+65536, make([]byte, 1000)...)
	res := readAll(t, evtx.NewReader(evtx.Options{}), b, "s.evtx", evtx.Options{})
	if len(res.events) != 4000 {
		t.Errorf("%d events, want 4000; damage %v", len(res.events), res.damage)
	}
	for i, e := range res.events {
		if e.RecordID != uint64(i+1) {
			t.Fatalf("event %d is record %d", i, e.RecordID)
		}
	}
}

// TestLostTemplate: the records of a chunk use a template whose definition is gone; the other
// chunks of the unit have it.
func TestLostTemplate(t *testing.T) {
	b, offsets := threeChunks(t)
	at := int(offsets[slices.IndexFunc(offsets, func(o int64) bool { return o > 4096+65536 })])
	clear(b[at+30 : at+600]) // inside the first record, where the System template begins
	fix(b)
	res := readAll(t, evtx.NewReader(evtx.Options{}), b, "l.evtx", evtx.Options{})
	if len(res.events) != 299 {
		t.Errorf("%d events, want 299", len(res.events))
	}
	told := 0
	for _, d := range res.damage {
		if d.What == "template" && d.Lost == 0 {
			told++
		}
	}
	if told == 0 {
		t.Errorf("damage %v does not say that a template was taken from another chunk", res.damage)
	}
	for _, e := range res.events {
		if want := fmt.Sprintf("tool%d.exe --number %d", e.RecordID-1, e.RecordID-1); e.Text("CommandLine") != want {
			t.Fatalf("record %d: %q, want %q; damage %v", e.RecordID, e.Text("CommandLine"), want, res.damage)
		}
	}
}

// TestNameHash: a wrong hash hides no record; but it tells a name that was written over.
func TestNameHash(t *testing.T) {
	b, offsets := threeChunks(t)
	name := bytes.Index(b, evtx.Text("EventData").Raw)
	if name < 0 {
		t.Fatal("the log has no EventData")
	}
	b[name-4]++
	fix(b)
	res := readAll(t, evtx.NewReader(evtx.Options{}), b, "h.evtx", evtx.Options{})
	if len(res.events) != len(offsets) || len(res.damage) != 0 {
		t.Errorf("%d events, damage %v; want %d and none", len(res.events), res.damage, len(offsets))
	}
	b[name] = 1
	fix(b)
	res = readAll(t, evtx.NewReader(evtx.Options{}), b, "h.evtx", evtx.Options{})
	if len(res.events) >= len(offsets) || len(res.damage) == 0 || res.damage[0].What != "name" {
		t.Errorf("%d events, damage %v; want fewer than %d and the name", len(res.events), res.damage, len(offsets))
	}
}

func TestRecover(t *testing.T) {
	b, offsets := threeChunks(t)
	const kept = 10
	// As when a log is cleared and its chunk used again: free space ends behind the tenth record,
	// what follows has numbers of another age.
	c := b[4096:]
	old := offsets[kept:slices.IndexFunc(offsets, func(o int64) bool { return o >= 4096+65536 })]
	for _, at := range old {
		binary.LittleEndian.PutUint64(b[at+8:], binary.LittleEndian.Uint64(b[at+8:])+5000)
	}
	binary.LittleEndian.PutUint32(c[48:], uint32(offsets[kept]-4096))
	binary.LittleEndian.PutUint64(c[32:], kept)
	torn := old[3]
	b[torn+30]++ // its template is not there any more
	fix(b)
	live := len(offsets) - len(old)

	res := readAll(t, evtx.NewReader(evtx.Options{}), b, "r.evtx", evtx.Options{})
	if len(res.events) != live || len(res.damage) != 0 || res.report.Recovered != 0 {
		t.Errorf("%d events, %d recovered, damage %v; want %d, 0, none", len(res.events), res.report.Recovered, res.damage, live)
	}
	for _, opt := range [][2]evtx.Options{{{Recover: true}, {}}, {{}, {Recover: true}}} {
		res = readAll(t, evtx.NewReader(opt[0]), b, "r.evtx", opt[1])
		if len(res.events) != live+len(old)-1 || res.report.Recovered != len(old)-1 {
			t.Errorf("%d events, %d recovered; want %d and %d", len(res.events), res.report.Recovered, live+len(old)-1, len(old)-1)
		}
		if len(res.damage) != 1 || res.damage[0].What != "stale record" || res.damage[0].Offset != torn {
			t.Errorf("damage %v, want the stale record at %#x", res.damage, torn)
		}
		for _, e := range res.events {
			if e.Source.Recovered != slices.Contains(old, e.Source.Offset) {
				t.Errorf("record at %#x: recovered = %v", e.Source.Offset, e.Source.Recovered)
			}
		}
	}
}

// TestStrangeBlock: behind the chunks that are counted stands a block that may be of another log.
func TestStrangeBlock(t *testing.T) {
	b, offsets := threeChunks(t)
	b[42], b[120] = 1, 1
	fix(b)
	clear(b[4096+65536 : 4096+65536+4096])
	strange := 0
	for _, at := range offsets {
		if at >= 4096+65536+4096 && at < 4096+2*65536 {
			strange++
		}
	}
	plain := readAll(t, evtx.NewReader(evtx.Options{}), b, "b.evtx", evtx.Options{})
	if len(plain.damage) != 1 || plain.damage[0].What != "chunk header" || plain.report.Recovered != 0 {
		t.Errorf("%d recovered, damage %v; want none, and the chunk header", plain.report.Recovered, plain.damage)
	}
	all := readAll(t, evtx.NewReader(evtx.Options{Recover: true}), b, "b.evtx", evtx.Options{})
	// The templates stood in the first record, which is gone; only what tells them apart is left.
	told := 0
	for _, d := range all.damage {
		told += max(d.Lost, 0)
	}
	if n := len(all.events) - len(plain.events); n != all.report.Recovered || n+told != strange {
		t.Errorf("%d recovered, %d told as lost; want %d together", n, told, strange)
	}
}

// TestManyPlaces: a chunk in which everything is broken gives a bounded list that still counts all.
func TestManyPlaces(t *testing.T) {
	b, offsets := threeChunks(t)
	broken := 0
	for _, at := range offsets[5:] {
		if at < 4096+65536 {
			b[at+28] = 0x17
			broken++
		}
	}
	fix(b)
	res := readAll(t, evtx.NewReader(evtx.Options{}), b, "p.evtx", evtx.Options{})
	lost := 0
	for _, d := range res.damage {
		lost += d.Lost
	}
	if len(res.damage) > 65 || lost != broken || len(res.events) != len(offsets)-broken {
		t.Errorf("%d events, %d places, %d lost; want %d, 65 at most, %d", len(res.events), len(res.damage), lost, len(offsets)-broken, broken)
	}
}

// TestSharedReader: what one reader learnt from other files changes nothing in what it reads.
func TestSharedReader(t *testing.T) {
	b, _ := threeChunks(t)
	other := sampleLog(t, 300, true)
	used := evtx.NewReader(evtx.Options{})
	readAll(t, used, other, "o.evtx", evtx.Options{})
	again, fresh := readAll(t, used, b, "b.evtx", evtx.Options{}), readAll(t, evtx.NewReader(evtx.Options{}), b, "b.evtx", evtx.Options{})
	compareEvents(t, again.events, fresh.events)
}

func compareEvents(t testing.TB, a, b []*event.Event) {
	t.Helper()
	if len(a) != len(b) {
		t.Fatalf("%d events and %d", len(a), len(b))
	}
	for i := range a {
		x, y := *a[i], *b[i]
		if !slices.Equal(x.Shape.Fields, y.Shape.Fields) || !slices.EqualFunc(x.Values, y.Values, func(v, w event.Value) bool { return v.Kind == w.Kind && bytes.Equal(v.Raw, w.Raw) }) {
			t.Fatalf("event %d: %q and %q", i, texts(&x), texts(&y))
		}
		if x.Source != y.Source || x.Channel != y.Channel || x.Provider != y.Provider || x.EventID != y.EventID || x.Computer != y.Computer || x.RecordID != y.RecordID || !x.Time.Equal(y.Time) {
			t.Fatalf("event %d: %+v and %+v", i, x, y)
		}
	}
}
