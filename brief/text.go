package brief

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"aldebaran/escape"
)

// Text is prose of a brief. Whatever was put into a sentence stands between Unicode's isolates
// (UAX #9, 2.5): U+2066 before names, paths, figures and dates, which run from left to right, U+2068
// before words in a language of their own, U+2069 behind. Nothing from outside can bring its own:
// [escape.Terminal] shows them. JSON leaves them out.
type Text string

const (
	isolateLTR  = '\u2066'
	isolateAuto = '\u2068'
	isolateEnd  = '\u2069'
)

// Plain is the text without isolates.
func (t Text) Plain() string {
	return strings.Map(func(r rune) rune {
		if isIsolate(r) {
			return -1
		}
		return r
	}, string(t))
}

func isIsolate(r rune) bool { return r == isolateLTR || r == isolateAuto || r == isolateEnd }

// MarshalJSON writes the plain text.
func (t Text) MarshalJSON() ([]byte, error) { return json.Marshal(t.Plain()) }

// A piece of a text is what stands between isolates, or outside of them.
type piece struct {
	text string
	// isolate is isolateLTR or isolateAuto for a term, 0 for what stands outside.
	isolate rune
}

// pieces takes a text apart. Isolates of ours do not nest.
func (t Text) pieces() []piece {
	var all []piece
	add := func(s string, isolate rune) {
		if s != "" {
			all = append(all, piece{s, isolate})
		}
	}
	var isolate rune
	start := 0
	for i, r := range t {
		if isIsolate(r) {
			add(string(t[start:i]), isolate)
			start, isolate = i+utf8.RuneLen(r), r
			if r == isolateEnd {
				isolate = 0
			}
		}
	}
	add(string(t[start:]), isolate)
	return all
}

// maxText is how many bytes of a text from outside a brief shows: a command line fits.
const maxText = 600

// clean makes a text from outside fit for every form of a brief: on one line, harmless, and of
// bounded length.
func clean(s string) string {
	cut := len(s) > maxText
	if cut {
		at := maxText
		for at > 0 && !utf8.RuneStart(s[at]) {
			at--
		}
		s = s[:at]
	}
	s = escape.Terminal(s)
	if cut {
		s += "…"
	}
	return s
}

func cleaned(all []string) []string {
	out := make([]string, len(all))
	for i, s := range all {
		out[i] = clean(s)
	}
	return out
}

// onOneLine is clean for prose that was wrapped: a line's end is a space.
func onOneLine(s string) string { return clean(strings.Join(strings.Fields(s), " ")) }

// term is a name, a path or an id in a sentence.
func term(s string) Text { return Text(isolateLTR) + Text(clean(s)) + Text(isolateEnd) }

// words are words in a language of their own in a sentence.
func words(s string) Text { return Text(isolateAuto) + Text(onOneLine(s)) + Text(isolateEnd) }

func terms(all []string) []Text {
	out := make([]Text, len(all))
	for i, s := range all {
		out[i] = term(s)
	}
	return out
}

// day and minute write times as ISO 8601 has them, in UTC.
func day(t time.Time) Text    { return term(t.UTC().Format(time.DateOnly)) }
func minute(t time.Time) Text { return term(stamp(t)) }

// stamp writes a time to the minute; "" for none.
func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02 15:04")
}

// percent writes a probability; what is nearly sure is not sure.
func percent(p float64) string {
	switch {
	case p > 0 && p < 0.01:
		return "< 1 %"
	case p > 0.99 && p < 1:
		return "> 99 %"
	}
	return strconv.FormatFloat(p*100, 'f', 0, 64) + " %"
}
