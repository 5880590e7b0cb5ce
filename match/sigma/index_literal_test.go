package sigma

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"aldebaran/event"
)

// buildIndex makes an index of literals at all four anchors; atom 4*i+anchor is literal i there.
func buildIndex(lits []string) (*literalIndex, int) {
	var b literalBuilder
	for i, lit := range lits {
		for at := range anchor(4) {
			b.add(lit, at, uint32(4*i)+uint32(at))
		}
	}
	return b.build(func(g uint32) int { return int(gramHash(g) >> 28) }), 4 * len(lits)
}

// wantAtoms is what the index has to find, by the plain functions.
func wantAtoms(lits []string, text string) []uint32 {
	var want []uint32
	for i, lit := range lits {
		for at, holds := range map[anchor]bool{
			litWhole: text == lit, litStart: strings.HasPrefix(text, lit),
			litEnd: strings.HasSuffix(text, lit), litAnywhere: strings.Contains(text, lit),
		} {
			if holds {
				want = append(want, uint32(4*i)+uint32(at))
			}
		}
	}
	slices.Sort(want)
	return want
}

func checkIndex(t *testing.T, lits []string, texts ...string) {
	t.Helper()
	slices.Sort(lits)
	x, atoms := buildIndex(lits)
	hits := hitList{bits: make([]uint64, (atoms+63)/64)}
	for _, text := range texts {
		hits.reset()
		x.scan([]byte(text), &hits)
		got := slices.Clone(hits.atoms)
		slices.Sort(got)
		if want := wantAtoms(lits, text); !slices.Equal(got, want) {
			t.Errorf("literals %q in %q: atoms %v, want %v", lits, text, got, want)
		}
	}
}

func TestLiteralIndex(t *testing.T) {
	f := func(lits string, texts ...string) {
		t.Helper()
		checkIndex(t, strings.Split(lits, "|"), texts...)
	}
	f("a", "", "a", "b", "ba", "ab", "aa")
	f("ab|abc|abcd|b|bc|cd", "abcd", "abc", "zabcd", "abcdz", "ab", "xbcx")
	f(`\cmd.exe|\powershell.exe|.exe|cmd`, `c:\windows\system32\cmd.exe`, `cmd.exe`, `.exe`, `\cmd.exe`)
	f("aaaa|aaaaa|aaa|aa", "aaaa", "aaaaaaaa", "aaab", "baaa")
	// Indexes that were made one have the same literal more than once.
	f("a|a|bc|bc|abc|abc|abcd|abcd|abcd", "abcd", "a", "bc", "abc", "zabcd")
	f("é|éé|aé", "aéé", "é", "aé b")
	f("nu\x00ll|\x00", "a nu\x00ll b")
	f("\xff\xfea|\xff", "\xff\xfea", "a")
	// The last windows of a text, where fewer than eight bytes are left.
	for n := range 20 {
		f("tail|ail|il", strings.Repeat("x", n)+"tail")
	}
}

// Thousands of random literals over a small alphabet, so that all tables collide.
func TestLiteralIndexMany(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	word := func(max int) string {
		b := make([]byte, 1+r.IntN(max))
		for i := range b {
			b[i] = "abc\\."[r.IntN(5)]
		}
		return string(b)
	}
	var lits, texts []string
	for range 3000 {
		lits = append(lits, word(9))
	}
	for range 200 {
		texts = append(texts, word(60))
	}
	checkIndex(t, lits, texts...)
}

func FuzzLiteralIndex(f *testing.F) {
	f.Add("abcd\nbc\ncde", "xabcdey")
	f.Add("a\nab\nabc\nabcdefgh", "abcdefgh")
	f.Fuzz(func(t *testing.T, lits, text string) {
		list := slices.DeleteFunc(strings.Split(lits, "\n"), func(s string) bool { return s == "" })
		if len(list) == 0 || len(list) > 200 {
			return
		}
		checkIndex(t, list, text)
	})
}

func TestFold(t *testing.T) {
	f := func(in, want string) {
		t.Helper()
		if got := foldString(in); got != want {
			t.Errorf("foldString(%q) = %q, want %q", in, got, want)
		}
	}
	f("WHOAMI.exe", "whoami.exe")
	f("\u212a\u017f", "ks") // the Kelvin sign and the long s are letters of ASCII but for case
	f("ÉÈ", foldString("éè"))
	f("ΣΑΣ", foldString("σας"))
	f("ДОКУМЕНТ", foldString("документ"))
	f("مرحبا 你好", "مرحبا 你好")
	f("ẞ", foldString("ß")) // U+1E9E folds to U+00DF, not to ss: simple folding
	f("a\xffb", "a\xffb")
	// Eight bytes at a time give what one at a time gives, for each byte at each place.
	for c := range 128 {
		for at := range 8 {
			in := []byte("@AZ[`az{")
			in[at] = byte(c)
			want := strings.ToLower(string(in))
			if got := foldString(string(in)); got != want {
				t.Errorf("foldString(%q) = %q, want %q", in, got, want)
			}
			wide := make([]byte, 0, 16)
			for _, b := range in {
				wide = append(wide, b, 0)
			}
			got := string(appendFold(nil, event.Value{Kind: event.UTF16, Raw: wide}))
			if want = strings.TrimRight(want, "\x00"); got != want {
				t.Errorf("%q as UTF-16 folds to %q, want %q", in, got, want)
			}
		}
	}
}

func TestNormalDecimal(t *testing.T) {
	f := func(in, want string) {
		t.Helper()
		got, ok := normalDecimal(nil, []byte(in))
		if !ok {
			got = []byte("no")
		}
		if string(got) != want {
			t.Errorf("normalDecimal(%q) = %s, want %s", in, got, want)
		}
	}
	f("4624", "4624")
	f("04624", "4624")
	f("+4624.0", "4624")
	f("-0", "0")
	f("-0.50", "-0.5")
	f(".5", "0.5")
	f("00.100", "0.1")
	for _, no := range []string{"", "-", ".", "0x10", "1e3", "1 ", " 1", "1.2.3", "١", "1,000", "NaN", "inf"} {
		f(no, "no")
	}
}

func TestMatchPattern(t *testing.T) {
	f := func(pattern, text string, want bool) {
		t.Helper()
		var p Pattern
		for _, c := range pattern {
			switch c {
			case '*':
				p = append(p, PatternPart{Wildcard: AnyRun})
			case '?':
				p = append(p, PatternPart{Wildcard: AnyOne})
			default:
				p = append(p, PatternPart{Literal: string(c)})
			}
		}
		if got := matchPattern(p, []byte(text)); got != want {
			t.Errorf("matchPattern(%q, %q) = %v, want %v", pattern, text, got, want)
		}
	}
	f("a*b", "ab", true)
	f("a*b", "aXXb", true)
	f("a*b", "aXXbc", false)
	f("a*b", "a\nb", true)
	f("a?b", "aéb", true)
	f("a?b", "ab", false)
	f("a?b", "a\nb", true)
	f("??", "é", false)
	f("*a*a*", "a", false)
	f("*a*a*", "xaxax", true)
	f("*ab", "aab", true)
	f("", "", true)
	f("", "a", false)
	f("*", "", true)
	f("?*", "", false)
	f("*?", "a", true)
}

func BenchmarkLiteralIndex(b *testing.B) {
	r := rand.New(rand.NewPCG(3, 4))
	lits := make([]string, 8000)
	for i := range lits {
		lits[i] = fmt.Sprintf("%x%s", r.Uint64(), []string{".exe", " -enc ", `\temp\`, "invoke-"}[i%4])
	}
	x, atoms := buildIndex(lits)
	hits := hitList{bits: make([]uint64, (atoms+63)/64)}
	text := bytes.Repeat([]byte(`"c:\windows\system32\cmd.exe" /c copy c:\users\public\report.docx d:\archive\2026 `), 3)
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		hits.reset()
		x.scan(text, &hits)
	}
}
