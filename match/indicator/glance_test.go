package indicator

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"aldebaran/event"
	"aldebaran/intel"
)

// varied are indicators of all types, of which the names have no fewer than six characters.
var varied = []intel.Indicator{
	{Type: intel.Domain, Value: "evil.example"}, {Type: intel.Domain, Value: "xn--bcher-kva.example"}, {Type: intel.URL, Value: "http://host.example:8080/x?y=1"},
	{Type: intel.URL, Value: "http://evil.example/"}, {Type: intel.Email, Value: "a@evil.example"}, {Type: intel.MD5, Value: strings.Repeat("ab", 16)},
	{Type: intel.FileName, Value: "evil tool.exe"}, {Type: intel.FileName, Value: "tool12.exe"}, {Type: intel.FilePath, Value: `c:\windows\temp\example.dll`},
	{Type: intel.FilePath, Value: `%temp%\x\evil tool.exe`}, {Type: intel.RegistryKey, Value: `HKLM\software\example`}, {Type: intel.RegistryKey, Value: `HKCU\software\classes\evil tool`},
	{Type: intel.Mutex, Value: `Global\example`}, {Type: intel.UserAgent, Value: "Evil Example/1"}, {Type: intel.Account, Value: "corp\\example"}, {Type: intel.Account, Value: "svc_evil"},
}

var addresses = []intel.Indicator{
	{Type: intel.IP, Value: "203.0.113.7"}, {Type: intel.IP, Value: "2001:db8::7"}, {Type: intel.CIDR, Value: "198.51.100.0/24"}, {Type: intel.CIDR, Value: "100.64.0.0/10"},
	{Type: intel.URL, Value: "http://203.0.113.9/x"}, {Type: intel.CIDR, Value: "2001:db8:1::/48"},
}

var variedPieces = []string{
	"evil", "example", "host", "1X", "4", "tool", "12", "exe", "dll", "windows", "temp", "c", "x", "y", "1", "8080", "203.0.113.7", "203.0.113.9", "2001:db8::7", "2001:db8:1::", "198.51.100.", "100.65.1.", "7", "a", "corp", "svc_evil",
	"HKLM", "hkcu", "HKEY_LOCAL_MACHINE", "hku\\S-1-5-21-1-2-3-4_Classes", "Software", "classes", `\registry\machine`, "pipe", "global", "BaseNamedObjects", `appdata\local\temp`, "evil.example", "tool12.exe", "Evil Tool.exe", "xn--bcher-kva",
	"bücher", "ｅ", strings.Repeat("ab", 16), strings.Repeat("ab:", 15) + "ab", strings.Repeat("aB", 9), ".", ".", ".", ":", ":", "::", `\`, `\`, `\\`, "/", "//", "http://", "%", "%2e", "%5C", "@", "+", "-", "_", " ", " ", "=", "\"", "<", ">", ",", "(", "$", "~", "[", "]", "\x00", "\n", "。",
}

// A glance tells no more than that there is nothing: with the sieve and without it, by dividers and by runs,
// in UTF-8 and in UTF-16 the same is found.
func TestGlance(t *testing.T) {
	for _, list := range [][]intel.Indicator{varied, addresses, slices.Concat(varied, addresses)} {
		with, err := Compile(list, Options{})
		if err != nil {
			t.Fatal(err)
		}
		if with.sieve == nil {
			t.Fatal("want a sieve")
		}
		without := *with
		without.sieve = nil
		r := rand.New(rand.NewPCG(1, 2))
		a, b := with.NewMatcher(), without.NewMatcher()
		found, quiet := 0, 0
		for round := range 60_000 {
			var made strings.Builder
			for range 1 + r.IntN(9) {
				made.WriteString(variedPieces[r.IntN(len(variedPieces))])
			}
			text := made.String()
			field := [...]string{"Message", "User", "UserAgent", "PipeName"}[round%4]
			kind := event.Text
			if round%3 == 0 {
				kind = event.UTF16
			}
			n := sameHits(t, a, b, kind, field, text)
			if n > 0 {
				found++
			} else if with.sieve != nil && !with.sieve.mayHold([]byte(text), 1) {
				quiet++
			}
		}
		if found < 1000 || quiet < 1000 {
			t.Errorf("%d texts with indicators and %d that the sieve holds back: the test shows little", found, quiet)
		}
	}
}

// sameHits fails if a value has other hits at a glance than by all the steps. It gives their number.
func sameHits(t *testing.T, with, without *Matcher, kind event.Kind, field, text string) int {
	t.Helper()
	e := made(kind, []string{field, text})
	names := func(hits []Hit) (all []string) {
		for _, h := range hits {
			all = append(all, string(h.Indicator.Type)+" "+h.Indicator.Value+" "+h.Value)
		}
		slices.Sort(all)
		return all
	}
	// The evidence stays as it is, this value and what is behind it.
	v := &e.Values[0]
	buffer := append(slices.Clone(v.Raw), "Behind IT, 1.2.3.4"...)
	before := slices.Clone(buffer)
	v.Raw = buffer[:len(v.Raw)]
	defer func() {
		if !slices.Equal(buffer, before) {
			t.Fatalf("%s %q: the evidence became %q", field, text, buffer)
		}
	}()
	got, want := names(with.Match(nil, e)), names(without.slowly(e))
	if !slices.Equal(got, want) {
		t.Fatalf("%s %q: found %q, want %q", field, text, got, want)
	}
	if again := names(without.Match(nil, e)); !slices.Equal(again, want) {
		t.Fatalf("%s %q without a sieve: found %q, want %q", field, text, again, want)
	}
	return len(want)
}

// slowly matches the only value of an event run by run, whatever it is.
func (m *Matcher) slowly(e *event.Event) []Hit {
	if len(e.Values[0].Raw) == 0 {
		return nil
	}
	m.event, m.hits, m.first, m.field, m.slow = e, nil, 0, e.Shape.Fields[0].Name, true
	m.setText(e.Values[0])
	m.read(useOf(m.field))
	hits := m.hits
	m.event, m.hits, m.slow = nil, nil, false
	return hits
}

func FuzzGlance(f *testing.F) {
	f.Add("evil.example", uint8(0))
	f.Add(`\registry\machine\software\example`, uint8(1))
	f.Add("http://203.0.113.9:80/x", uint8(5))
	all := slices.Concat(varied, addresses)
	with, err := Compile(all, Options{})
	if err != nil {
		f.Fatal(err)
	}
	without := *with
	without.sieve = nil
	f.Fuzz(func(t *testing.T, text string, how uint8) {
		if len(text) > 4096 {
			return
		}
		kind := event.Text
		if how&4 != 0 {
			kind = event.UTF16
			text = string(utf16.Decode(utf16.Encode([]rune(text))))
		}
		sameHits(t, with.NewMatcher(), without.NewMatcher(), kind, [...]string{"Message", "User", "UserAgent", "PipeName"}[how%4], text)
	})
}
