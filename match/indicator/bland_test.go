package indicator

import (
	"math/rand/v2"
	"strings"
	"testing"

	"aldebaran/event"
	"aldebaran/intel"
)

// What is bland holds nothing: texts are put together of pieces of indicators and looked at all the same.
func TestBland(t *testing.T) {
	list := []intel.Indicator{
		{Type: intel.Domain, Value: "evil.example"}, {Type: intel.IP, Value: "203.0.113.7"}, {Type: intel.IP, Value: "2001:db8::7"},
		{Type: intel.URL, Value: "http://a.example/x"}, {Type: intel.Email, Value: "a@evil.example"}, {Type: intel.MD5, Value: strings.Repeat("ab", 16)},
		{Type: intel.FileName, Value: "x.exe"}, {Type: intel.FilePath, Value: `c:\windows\temp\x.dll`}, {Type: intel.RegistryKey, Value: `HKLM\Run`},
		{Type: intel.Mutex, Value: `Global\abcd`}, {Type: intel.CIDR, Value: "198.51.100.0/24"},
	}
	s, err := Compile(list, Options{})
	if err != nil {
		t.Fatal(err)
	}
	pieces := []string{
		"evil", "example", "203", "113", "7", "0", "2001", "db8", "a", "x", "exe", "windows", "temp", "Run", "HKLM", "hklm", "HK", "LM", "abcd", "Global", "pipe", "198", "51", "100", "9",
		strings.Repeat("ab", 8), strings.Repeat("ab", 15), "a", "b", ".", ":", "::", "\\", "/", "//", "%", "%2e", "@", "-", " ", "=", "\"", "\x00", "é", "。",
	}
	r := rand.New(rand.NewPCG(1, 2))
	m := s.NewMatcher()
	m.event = &event.Event{}
	found, bland := 0, 0
	for range 100_000 {
		var text strings.Builder
		for range 1 + r.IntN(6) {
			text.WriteString(pieces[r.IntN(len(pieces))])
		}
		v := event.Value{Kind: event.Text, Raw: []byte(text.String())}
		wide := event.Value{Kind: event.UTF16}
		for _, c := range text.String() {
			wide.Raw = append(wide.Raw, byte(c), byte(c>>8))
		}
		m.hits = m.hits[:0]
		m.value(&slot{}, &v)
		is, isWide := s.isBland(v.Raw, 1), s.isBland(wide.Raw, 2)
		if is != isWide {
			t.Fatalf("%q: bland %t, as UTF-16 %t", text.String(), is, isWide)
		}
		if len(m.hits) > 0 {
			found++
		}
		if is {
			bland++
		}
		if is && len(m.hits) > 0 {
			t.Fatalf("%q is bland and holds %s", text.String(), m.hits[0].Indicator.Value)
		}
	}
	if found < 30 || bland < 1000 {
		t.Errorf("%d texts with indicators and %d bland ones: the test shows little", found, bland)
	}
	for text, want := range map[string]bool{
		"ce70c8e0-1234-4000-8000-0123456789ab": true, "200": true, "CORP-PC": true, "": true, strings.Repeat("ab", 16): false, "10.0.0.1": false, `C\x`: false, "12:00": false,
		strings.Repeat("x", 65): true, strings.Repeat("x", 65) + ".": false, "caf\xc3\xa9": false, "hklmrun": true, "ce70c8e012344000800001234567x89ab": true, strings.Repeat("x", 20) + strings.Repeat("0f", 16): false, strings.Repeat("0f", 16) + "xx": false,
	} {
		if got := s.isBland([]byte(text), 1); got != want {
			t.Errorf("isBland(%q) = %t, want %t", text, got, want)
		}
	}
}
