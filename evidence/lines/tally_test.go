package lines

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"aldebaran/event"
)

func TestTally(t *testing.T) {
	var tally Tally
	clock := event.Clock{Zone: "UTC"}
	tally.Start(&Log{Path: "x.log"}, clock)
	line := func(text string, want bool) Line {
		t.Helper()
		l := Line{Text: []byte(text), Offset: 10, Length: int64(len(text)) + 1}
		if got := tally.Line(&l); got != want {
			t.Errorf("%q: %v, want %v", text, got, want)
		}
		return l
	}
	line("", false)
	line("\x00\x00", false)
	line("a", true)
	if l := line("\x00\x00b c\x00", true); string(l.Text) != "b c" || l.Offset != 12 || l.Length != 5 {
		t.Errorf("%q at %d, %d bytes", l.Text, l.Offset, l.Length)
	}
	for i := range MaxDamage + 3 {
		if tally.Full() != (i >= MaxDamage) {
			t.Fatalf("after %d places: full is %v", i, tally.Full())
		}
		tally.Damage(int64(i), "line", "sense", "none", 2)
	}
	report := tally.End()
	if report.Bytes != 2+5 || report.Clock != clock || len(report.Damage) != MaxDamage+1 {
		t.Errorf("%d bytes, %v, %d places", report.Bytes, report.Clock, len(report.Damage))
	}
	want := event.Damage{Path: "x.log", Offset: MaxDamage, Chunk: -1, What: "further places", Want: "at most 100", Found: "3 more", Lost: 6}
	if diff := cmp.Diff(want, report.Damage[MaxDamage]); diff != "" {
		t.Errorf("the last place (-want +got):\n%s", diff)
	}
	// A log in UTF-16 has no zero bytes around its lines: those of its text are the text's.
	tally.Start(&Log{Encoding: UTF16LE}, clock)
	if l := line("\x00a", true); len(l.Text) != 2 {
		t.Errorf("%q of a log in UTF-16", l.Text)
	}
}

// TestDigest: the digest is that of the texts in their order, wherever they stand, and every byte of
// them counts.
func TestDigest(t *testing.T) {
	digest := func(texts ...string) uint64 {
		var tally Tally
		tally.Start(&Log{}, event.Clock{})
		for _, text := range texts {
			tally.Count([]byte(text), 1)
		}
		return tally.End().Digest
	}
	seen := map[uint64]string{}
	add := func(texts ...string) {
		t.Helper()
		d, what := digest(texts...), fmt.Sprintf("%q", texts)
		if other, ok := seen[d]; ok {
			t.Errorf("%s and %s have the same digest", what, other)
		}
		seen[d] = what
		if digest(texts...) != d {
			t.Errorf("%s has two digests", what)
		}
	}
	add()
	add("a", "b")
	add("b", "a")
	add("ab")
	for n := range 100 {
		text := bytes.Repeat([]byte{'x'}, n)
		add(string(text))
		for i := range text {
			text[i]++
			add(string(text))
			text[i]--
		}
	}
}

func TestNames(t *testing.T) {
	var names Names
	long := strings.Repeat("h", maxName+50)
	for _, c := range [][2]string{{"MAIL01", "MAIL01"}, {"MAIL01", "MAIL01"}, {"", ""}, {"a\xff", "a\ufffd"}, {"a\xff", "a\ufffd"}, {long, long[:maxName]}} {
		if got := names.Of([]byte(c[0])); got != c[1] {
			t.Errorf("%q became %q, want %q", c[0], got, c[1])
		}
	}
	name := []byte("MAIL01")
	if n := testing.AllocsPerRun(10, func() { names.Of(name) }); n > 0 {
		t.Errorf("a known name costs %v allocations", n)
	}
	for i := range 3 * maxNames {
		names.Of(fmt.Append(nil, i))
	}
	if n := len(names.known); n > maxNames {
		t.Errorf("%d names are remembered, at most %d should be", n, maxNames)
	}
}

func TestQuote(t *testing.T) {
	for in, want := range map[string]string{"": `""`, "a\x1b[2Jé": `"a\x1b[2J\u00e9"`, strings.Repeat("a", 200): `"` + strings.Repeat("a", maxQuote) + `"...`} {
		if got := Quote([]byte(in)); got != want {
			t.Errorf("Quote(%q) = %s, want %s", in, got, want)
		}
	}
}

func TestColumns(t *testing.T) {
	f := func(l Line, timed bool, want event.Damage) {
		t.Helper()
		var tally Tally
		tally.Start(&Log{Path: "a.log"}, event.Clock{})
		tally.Columns(l, 3, 2, timed)
		want.Path, want.Chunk, want.Offset, want.Want = "a.log", -1, 7, "3 columns"
		if diff := cmp.Diff([]event.Damage{want}, tally.End().Damage); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
	whole, open := Line{Offset: 7, Text: []byte("a b")}, Line{Offset: 7, Text: []byte("a b"), Open: true}
	f(whole, true, event.Damage{What: "columns", Found: "2"})
	f(open, true, event.Damage{What: "last line", Found: "2; it may be half written"})
	f(whole, false, event.Damage{What: "line", Found: `2: "a b"`, Lost: 1})
	f(open, false, event.Damage{What: "line", Found: `2; it may be half written: "a b"`, Lost: 1})
}
