package dns

import (
	"bytes"
	"slices"
	"testing"

	"aldebaran/event"
	"aldebaran/evidence/lines"
)

// FuzzRead holds what everybody relies on: records stand where the events say, in order, and are the
// same events when a reader begins in the middle of the file; a reader that has read other logs says
// what a fresh one says; damage names its place.
func FuzzRead(f *testing.F) {
	for _, seed := range []string{
		"", windowsHead + "6/3/2026 6:33:00 PM 0960 PACKET  0000000002961160 UDP Rcv 192.0.2.1    5a26   Q [0001   D   NOERROR] A      (3)www(7)example(3)org(0)\r\n    ANSWER SECTION:\r\n  DATA   x\r\n",
		"03-Jun-2026 06:33:00.425 queries: info: client @0x7f65100ee4d8 192.0.2.1#3076 (www.example.org): view internal: query: www.example.org IN A +E(0)K (192.0.2.53)\n",
		"Nov 13 10:59:46 ns1 named[2075]: client 192.0.2.1#3076: query (cache) 'example.org/ANY/IN' denied\n",
		"Jun  3 06:33:00 dnsmasq[417]: query[A] www.example.org from 192.0.2.1\nJun  3 06:33:00 dnsmasq[417]: reply www.example.org is 198.51.100.7\n",
		"[1780468380] unbound[417:0] info: 192.0.2.1 www.example.org. A IN\nrubbish\n\x00", "2026-06-03T06:33:01.5Z client 2001:db8::1#55590 (example.org): zone transfer 'example.org/AXFR/IN' denied",
	} {
		f.Add([]byte(seed))
	}
	used := NewReader(lines.Options{})
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > 1<<20 {
			return
		}
		fresh, report := read(t, NewReader(lines.Options{}), data, lines.Options{})
		again, report2 := read(t, used, data, lines.Options{})
		if !slices.Equal(fresh, again) || report.Digest != report2.Digest {
			t.Fatalf("a fresh reader says\n%.2000q, a used one\n%.2000q", fresh, again)
		}
		if report.Bytes > int64(len(data)) || len(fresh) != report.Events {
			t.Fatalf("report %+v of %d bytes and %d events", report, len(data), len(fresh))
		}
		for _, d := range report.Damage {
			if d.What == "" || d.Want == "" || d.Found == "" || d.Lost < 0 || d.Offset < 0 || d.Offset > int64(len(data)) {
				t.Fatalf("damage %+v does not say place, wanted and found", d)
			}
		}
		file, err := Open(bytes.NewReader(data), int64(len(data)), "test.log", lines.Options{})
		if err != nil {
			t.Fatal(err)
		}
		last := int64(-1)
		var pieces []string
		for _, u := range file.log.Units(64) {
			_, err = used.Read(file, u, func(e *event.Event) bool {
				s := e.Source
				if s.Offset <= last || s.Length <= 0 || s.Offset+s.Length > int64(len(data)) || len(e.Values) != len(e.Shape.Fields) {
					t.Fatalf("event at %d of %d bytes after %d, %d values for %d fields", s.Offset, s.Length, last, len(e.Values), len(e.Shape.Fields))
				}
				last = s.Offset
				pieces = append(pieces, show(e))
				return true
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		if !slices.Equal(fresh, pieces) {
			t.Fatalf("the whole is\n%.2000q, pieces are\n%.2000q", fresh, pieces)
		}
	})
}
