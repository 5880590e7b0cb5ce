package escape

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestTerminal(t *testing.T) {
	f := func(in, want string) {
		t.Helper()
		if got := Terminal(in); got != want {
			t.Errorf("Terminal(%q) = %q, want %q", in, got, want)
		}
	}
	f("", "")
	f("plain ÄÖ 日本 🙂", "plain ÄÖ 日本 🙂")
	f("\x1b[31mred\x1b[0m", `\x1b[31mred\x1b[0m`)
	f("a\nb\rc\td\x00", `a\nb\rc\td\x00`)
	f("\u009b31m", `\x9b31m`)
	f("\x9b31m", `\x9b31m`)
	f("exe\u202egpj.scr", `exe\u202egpj.scr`)
	f("a\u200bb\ufeff\u2028", `a\u200bb\ufeff\u2028`)
	f("\xff\xfe", `\xff\xfe`)
	f("\ufffd", "\ufffd")
	f("\U000e0041", `\udb40\udc41`)
	f("\x7f", `\x7f`)
}

func TestAppendJSON(t *testing.T) {
	f := func(in, want string) {
		t.Helper()
		if got := string(AppendJSON(nil, in)); got != want {
			t.Errorf("AppendJSON(%q) = %s, want %s", in, got, want)
		}
		if got := string(AppendJSON(nil, []byte(in))); got != want {
			t.Errorf("AppendJSON of bytes (%q) = %s, want %s", in, got, want)
		}
	}
	f("", `""`)
	f(`a"b\c/`, `"a\"b\\c/"`)
	f("<script>&", `"\u003cscript\u003e\u0026"`)
	f("\n\r\t\x00\x1b\x7f", `"\n\r\t\u0000\u001b\u007f"`)
	f("\u2028\u2029\u202e\u200b\u0085", `"\u2028\u2029\u202e\u200b\u0085"`)
	f("\xffa\xc3", "\"\ufffda\ufffd\"")
	f("日本 🙂\U000e0041", "\"日本 🙂\\udb40\\udc41\"")
}

func TestCell(t *testing.T) {
	f := func(in, want string) {
		t.Helper()
		if got := Cell(in); got != want {
			t.Errorf("Cell(%q) = %q, want %q", in, got, want)
		}
	}
	f("", "")
	f("plain", "plain")
	f("=1+1", "'=1+1")
	f("+1", "'+1")
	f("-1", "'-1")
	f("@SUM(1)", "'@SUM(1)")
	f("\t=1", "'\t=1")
	f("\r=1", "'\r=1")
	f("a=1", "a=1")
}

// FuzzEscape checks what outputs rely on: nothing that takes effect is left, and nothing is lost.
func FuzzEscape(f *testing.F) {
	for _, s := range []string{"", "plain", "\x1b]0;title\a", "\u202e\u2066\ufeff", "\xff\xc0\xaf", "<&>\"\\", "\U000e0001🙂"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		shown := Terminal(s)
		if !utf8.ValidString(shown) || strings.ContainsFunc(shown, func(r rune) bool { return Deceptive(r) }) {
			t.Errorf("Terminal(%q) = %q", s, shown)
		}
		text := AppendJSON(nil, s)
		if strings.ContainsFunc(string(text), func(r rune) bool { return Deceptive(r) || strings.ContainsRune("<>&", r) }) {
			t.Errorf("AppendJSON(%q) = %s", s, text)
		}
		var back string
		if err := json.Unmarshal(text, &back); err != nil || back != strings.ToValidUTF8(s, "\ufffd") && back != validEach(s) {
			t.Errorf("AppendJSON(%q) = %s, read back as %q, %v", s, text, back, err)
		}
		std, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(JSON(std), &back); err != nil || back != validEach(s) {
			t.Errorf("JSON(%s) read back as %q, %v", std, back, err)
		}
	})
}

// validEach replaces each invalid byte by U+FFFD.
func validEach(s string) string { return string([]rune(s)) }
