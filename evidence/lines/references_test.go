package lines

import (
	"strings"
	"testing"
)

func TestAppendXML(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"", ""}, {"plain", "plain"},
		{"&lt;a b=&quot;c&quot; d=&apos;e&apos;&gt; &amp;amp;", `<a b="c" d='e'> &amp;`},
		{"&#65;&#x41;&#X41;&#x000041;", "AAAA"},
		{"&#x10FFFF;&#1114112;", "\U0010ffff&#1114112;"}, // the last is no character
		{"&#xD800;", "\ufffd"},                           // half a character
		{"&#;&#x;&;&nbsp;&lt", "&#;&#x;&;&nbsp;&lt"},
		{"a & b; c&d", "a & b; c&d"},
		{"&" + strings.Repeat("a", 100) + ";", "&" + strings.Repeat("a", 100) + ";"},
	} {
		if got := string(AppendXML([]byte("x"), []byte(c.text))); got != "x"+c.want {
			t.Errorf("%q: want %q, found %q", c.text, c.want, got[1:])
		}
	}
}

func FuzzAppendXML(f *testing.F) {
	f.Add([]byte("&lt;&#65;&#x1f600; & &none;"))
	f.Fuzz(func(t *testing.T, text []byte) {
		got := AppendXML(nil, text)
		if len(got) > len(text) {
			t.Errorf("%q grew to %q", text, got)
		}
		if strings.Count(string(text), "&") == 0 && string(got) != string(text) {
			t.Errorf("%q became %q", text, got)
		}
	})
}
