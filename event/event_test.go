package event

import (
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

func TestAppendText(t *testing.T) {
	f := func(kind Kind, raw, want string) {
		t.Helper()
		if got := (Value{Raw: []byte(raw), Kind: kind}).String(); got != want {
			t.Errorf("kind %#x of % x = %q, want %q", kind, raw, got, want)
		}
	}
	f(Null, "", "")
	f(Text, "é\xff", "é\ufffd")
	f(UTF16, "a\x00\xe9\x00", "aé")
	f(UTF16, "a\x00\x00\x00", "a")       // a text may end in NUL
	f(UTF16, "\x3d\xd8\x00\xde", "😀")    // a pair
	f(UTF16, "\x3d\xd8a\x00", "\ufffda") // half a pair
	f(UTF16, "a\x00b", "a")              // half a unit at the end
	f(UTF16, "C\x00:\x00\\\x00a\x00b\x00c\x00\xe9\x00d\x00e\x00f\x00\x00\x00", `C:\abcédef`)
	f(UTF16, "a\x00b\x00c\x00d\x01", "abcŤ")
	f(ANSI, "\x80\xe9\x00", "€é") // Windows-1252
	f(Int8, "\xff", "-1")
	f(Uint8, "\xff", "255")
	f(Int16, "\xfe\xff", "-2")
	f(Uint16, "\x10\x12", "4624")
	f(Int32, "\xff\xff\xff\xff", "-1")
	f(Uint32, "\xff\xff\xff\xff", "4294967295")
	f(Int64, "\xff\xff\xff\xff\xff\xff\xff\xff", "-1")
	f(Uint64, "\xff\xff\xff\xff\xff\xff\xff\xff", "18446744073709551615")
	f(Float32, "\x00\x00\xc0\x3f", "1.5")
	f(Float64, "\x00\x00\x00\x00\x00\x00\xf8\x3f", "1.5")
	f(Bool, "\x01\x00\x00\x00", "true")
	f(Bool, "\x00\x00\x00\x00", "false")
	f(Binary, "\x0a\xbc", "0ABC")
	f(Hex32, "\x1a\x00\x00\x00", "0x1a")
	f(Hex64, "\xaf\xd3\x19\x00\x00\x00\x00\x00", "0x19d3af")
	f(Size, "\x10\x00\x00\x00", "0x10")
	f(Size, "\x10\x00\x00\x00\x00\x00\x00\x00", "0x10")
	f(GUID, "\x78\x56\x34\x12\xbc\x9a\xf0\xde\x01\x02\x03\x04\x05\x06\x07\x08", "{12345678-9ABC-DEF0-0102-030405060708}")
	f(SID, "\x01\x01\x00\x00\x00\x00\x00\x05\x12\x00\x00\x00", "S-1-5-18")
	f(SID, "\x01\x02\x00\x00\x00\x00\x00\x05", "0102000000000005") // it says two parts and has none
	f(FileTime, "\x00\x80\x3e\xd5\xde\xb1\x9d\x01", "1970-01-01T00:00:00.0000000Z")
	f(SystemTime, "\xea\x07\x0b\x00\x01\x00\x17\x00\x03\x00\x3a\x00\x05\x00\x07\x00", "2026-11-23T03:58:05.007Z")
	f(Uint32, "\x01", "01") // too short for its kind: shown as it stands
	f(UTF16|Array, "a\x00\x00\x00b\x00c\x00\x00\x00", "a, bc")
	f(Uint16|Array, "\x01\x00\x02\x00\x03", "1, 2")
	f(SID|Array, "\x01\x01\x00\x00\x00\x00\x00\x05\x12\x00\x00\x00\x01\x01\x00\x00\x00\x00\x00\x01\x00\x00\x00\x00", "S-1-5-18, S-1-1-0")
	f(Kind(0x3f), "\x01\x02", "0102") // unknown
}

func TestFileTimeToTime(t *testing.T) {
	for ft, want := range map[uint64]string{
		0:                  "1601-01-01T00:00:00Z",
		130835853441341250: "2015-08-09T09:15:44.134125Z",
		1<<64 - 1:          "60056-05-28T05:36:10.9551615Z",
	} {
		if got := FileTimeToTime(ft).Format(time.RFC3339Nano); got != want {
			t.Errorf("FileTimeToTime(%d) = %s, want %s", ft, got, want)
		}
	}
}

func TestShapeLookup(t *testing.T) {
	s := &Shape{Fields: []Field{{Name: "Channel", Part: System}, {Name: "EventID", Part: System}, {Name: "Channel"}, {Name: "Data"}, {Name: "Data"}}}
	f := func(name, want string) {
		t.Helper()
		if got := fmt.Sprint(s.Lookup(name)); got != want {
			t.Errorf("Lookup(%q) = %s, want %s", name, got, want)
		}
	}
	f("Channel", "[2]") // event 104 means its own Channel, not that of System
	f("EventID", "[1]")
	f("Data", "[3 4]")
	f("data", "[]")
	f("", "[]")
	// Few and many names are found alike.
	for _, n := range []int{0, 1, maxFew, maxFew + 1, 500} {
		s := &Shape{}
		for i := range n {
			s.Fields = append(s.Fields, Field{Name: fmt.Sprint("name", i)})
		}
		for i := range n {
			if got := s.Lookup(fmt.Sprint("name", i)); len(got) != 1 || got[0] != i {
				t.Errorf("of %d names the one of number %d is found at %v", n, i, got)
			}
		}
		if got := s.Lookup("name"); got != nil {
			t.Errorf("of %d names one that is not there is found at %v", n, got)
		}
	}
}

// A clone outlives the reader's buffer.
func TestClone(t *testing.T) {
	buf := []byte("first")
	e := &Event{Shape: &Shape{Fields: []Field{{Name: "A"}}}, Values: []Value{{Raw: buf, Kind: Text}}, Computer: "MAIL01"}
	c := e.Clone()
	copy(buf, "other")
	e.Values[0].Kind = Null
	if c.Text("A") != "first" || c.Computer != "MAIL01" {
		t.Errorf("the clone became %q of %q", c.Text("A"), c.Computer)
	}
	if got := c.Text("B"); got != "" {
		t.Errorf("a field that is not there has the text %q", got)
	}
}

// Whatever bytes a record holds, its values have a text in valid UTF-8, and a list's elements
// together hold no more bytes than the list.
func FuzzValue(f *testing.F) {
	f.Add(uint8(UTF16), []byte("a\x00\x3d\xd8"))
	f.Add(uint8(SID|Array), []byte("\x01\xff\x00\x00\x00\x00\x00\x05"))
	f.Fuzz(func(t *testing.T, kind uint8, raw []byte) {
		v := Value{Raw: raw, Kind: Kind(kind)}
		text := v.AppendText([]byte("before "))
		if !strings.HasPrefix(string(text), "before ") || !utf8.Valid(text) {
			t.Fatalf("kind %#x of % x gives %q", kind, raw, text)
		}
		n := 0
		v.Each(func(e Value) bool {
			n += len(e.Raw)
			if e.Kind != v.Kind&^Array {
				t.Fatalf("kind %#x has an element of kind %#x", kind, e.Kind)
			}
			return true
		})
		if n > len(raw) {
			t.Fatalf("kind %#x of %d bytes has elements of %d bytes", kind, len(raw), n)
		}
	})
}
