package indicator

import (
	"strings"
	"testing"
	"unicode/utf8"

	"aldebaran/event"
	"aldebaran/intel"
)

// planted are indicators of most types and a text that each stands in, in a line of its own.
var planted = []struct {
	kind        intel.IndicatorType
	value, text string
}{
	{intel.Domain, "evil.example", "www.evil.example"},
	{intel.IP, "192.0.2.7", "192.0.2.7:80"},
	{intel.IP, "2001:db8::7", "[2001:db8::7]"},
	{intel.CIDR, "198.51.100.0/24", "198.51.100.9"},
	{intel.URL, "http://bad.example/a?b=c", "https://bad.example/a?b=c"},
	{intel.Email, "a@bad.example", "<a@bad.example>"},
	{intel.MD5, "0c2674c3a97c53082187d930efb645c2", "MD5=0C2674C3A97C53082187D930EFB645C2"},
	{intel.FileName, "evil.exe", `C:\x\evil.exe`},
	{intel.FilePath, `c:\windows\bad.dll`, `C:\Windows\bad.dll`},
	{intel.RegistryKey, `HKLM\software\bad`, `HKLM\Software\Bad`},
	{intel.Mutex, `Global\Bad`, `Global\Bad`},
}

// Whatever a value holds: what stands in a line of its own is found, in UTF-8 and in UTF-16 alike,
// the first time and the second, and what hits quote is text.
func FuzzMatch(f *testing.F) {
	f.Add("", "")
	f.Add(`"C:\Program Files\x`, "%41%")
	f.Add("a:b::c::", "访问evil.example下载\\\\")
	f.Add("HKLM\\HKLM:\\pipe\\", "=\x00\xff[")
	f.Add(strings.Repeat("a.", 300), strings.Repeat("%2", 50))
	var list []intel.Indicator
	for _, p := range planted {
		v, err := intel.Normalize(p.kind, p.value)
		if err != nil {
			f.Fatal(err)
		}
		list = append(list, intel.Indicator{Type: p.kind, Value: v})
	}
	set, err := Compile(list, Options{})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, before, after string) {
		if len(before)+len(after) > 10_000 {
			return
		}
		m := set.NewMatcher()
		for i, p := range planted {
			text := before + "\n" + p.text + "\n" + after
			first := m.Match(nil, textEvent("f", text))
			if !hasHit(first, &list[i]) {
				t.Fatalf("%s %s was not found in %q", p.kind, p.value, text)
			}
			for _, h := range first {
				if !utf8.ValidString(h.Value) || len(h.Value) > 3*MaxValue || h.Field != "f" {
					t.Fatalf("hit %+v", h)
				}
			}
			if again := m.Match(nil, textEvent("f", text)); len(again) != len(first) {
				t.Fatalf("%d hits, then %d", len(first), len(again))
			}
			if !utf8.ValidString(text) || strings.HasSuffix(text, "\x00") {
				continue
			}
			if wide := m.Match(nil, wideEvent("f", text)); len(wide) != len(first) {
				t.Fatalf("%d hits in UTF-8, %d in UTF-16 of %q", len(first), len(wide), text)
			}
		}
		// Values of other kinds are safe too.
		for _, k := range []event.Kind{event.ANSI, event.UTF16, event.Binary, event.UTF16 | event.Array, event.Text | event.Array, event.Uint32} {
			m.Match(nil, &event.Event{Shape: &event.Shape{Fields: []event.Field{{Name: "PipeName"}}}, Values: []event.Value{{Kind: k, Raw: []byte(before + after)}}})
		}
	})
}

func hasHit(hits []Hit, i *intel.Indicator) bool {
	for _, h := range hits {
		if *h.Indicator == *i {
			return true
		}
	}
	return false
}
