package sigma_test

import (
	"math"
	"math/big"
	"regexp"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// refFoldRune gives the same rune for all runes that differ only in case: the smallest of those
// that Unicode simple folding joins (T1).
func refFoldRune(r rune) rune {
	if r < utf8.RuneSelf {
		if 'a' <= r && r <= 'z' {
			r -= 'a' - 'A' // the orbits of k and s reach further up, but their smallest are K and S
		}
		return r
	}
	least := r
	for o := unicode.SimpleFold(r); o != r; o = unicode.SimpleFold(o) {
		least = min(least, o)
	}
	return least
}

// refFold folds a text; bytes that are no UTF-8 stay as they are.
func refFold(s string) string {
	var b strings.Builder
	b.Grow(len(s))
	for len(s) > 0 {
		r, n := utf8.DecodeRuneInString(s)
		if r == utf8.RuneError && n == 1 {
			b.WriteByte(s[0])
		} else {
			b.WriteRune(refFoldRune(r))
		}
		s = s[n:]
	}
	return b.String()
}

// A refToken is one character of a pattern: a rune, a byte that is no UTF-8, or a wildcard.
type refToken int32

const (
	refMany refToken = -1 // *
	refOne  refToken = -2 // ?
	// refByte plus a byte is that byte.
	refByte refToken = -1000
)

func refTokens(s string) []refToken {
	var p []refToken
	for len(s) > 0 {
		r, n := utf8.DecodeRuneInString(s)
		if r == utf8.RuneError && n == 1 {
			p = append(p, refByte+refToken(s[0]))
		} else {
			p = append(p, refToken(r))
		}
		s = s[n:]
	}
	return p
}

// refUnescape reads a text as a rule writes it (specification, "Escape Character"; T3).
func refUnescape(s string) []refToken {
	in := refTokens(s)
	var p []refToken
	for i := 0; i < len(in); i++ {
		switch in[i] {
		case '\\':
			if i+1 < len(in) && (in[i+1] == '\\' || in[i+1] == '*' || in[i+1] == '?') {
				i++
			}
			p = append(p, in[i])
		case '*':
			p = append(p, refMany)
		case '?':
			p = append(p, refOne)
		default:
			p = append(p, in[i])
		}
	}
	return p
}

// refText gives back the text of tokens that are no wildcards.
func refTokenText(p []refToken) string {
	var b []byte
	for _, t := range p {
		switch {
		case t >= 0:
			b = utf8.AppendRune(b, rune(t))
		case t <= refByte+255 && t >= refByte:
			b = append(b, byte(t-refByte))
		default:
			panic("a wildcard has no text")
		}
	}
	return string(b)
}

// refMatchNaive says whether a whole text matches a pattern, straight from the meaning of the
// wildcards: a table of which rest of the pattern matches which rest of the text.
func refMatchNaive(p, text []refToken) bool {
	next := make([]bool, len(text)+1) // of the pattern's rest behind the current token
	next[len(text)] = true
	for i := len(p) - 1; i >= 0; i-- {
		now := make([]bool, len(text)+1)
		for j := len(text); j >= 0; j-- {
			switch p[i] {
			case refMany:
				now[j] = next[j] || j < len(text) && now[j+1]
			case refOne:
				now[j] = j < len(text) && next[j+1]
			default:
				now[j] = j < len(text) && text[j] == p[i] && next[j+1]
			}
		}
		next = now
	}
	return next[0]
}

// A refPattern answers the same question as refMatchNaive, often enough and fast enough for a
// whole corpus; TestReferencePattern holds the two against each other.
type refPattern struct {
	tokens []refToken
	// shape and literal serve the patterns that have no wildcard but at their ends.
	shape   refShape
	literal string
}

type refShape int

const (
	refGeneral refShape = iota
	refWhole
	refPrefix
	refSuffix
	refInside
)

func refNewPattern(p []refToken) *refPattern {
	out := &refPattern{tokens: p}
	rest := p
	lead, trail := false, false
	for len(rest) > 0 && rest[0] == refMany {
		lead, rest = true, rest[1:]
	}
	for len(rest) > 0 && rest[len(rest)-1] == refMany {
		trail, rest = true, rest[:len(rest)-1]
	}
	for _, t := range rest {
		if t == refMany || t == refOne {
			return out
		}
	}
	out.literal = refTokenText(rest)
	switch {
	case lead && trail:
		out.shape = refInside
	case lead && len(rest) > 0:
		out.shape = refSuffix
	case lead:
		out.shape = refInside // a lone *
	case trail:
		out.shape = refPrefix
	default:
		out.shape = refWhole
	}
	return out
}

func (p *refPattern) match(text string) bool {
	switch p.shape {
	case refWhole:
		return text == p.literal
	case refPrefix:
		return strings.HasPrefix(text, p.literal)
	case refSuffix:
		return strings.HasSuffix(text, p.literal)
	case refInside:
		return strings.Contains(text, p.literal)
	}
	// The pieces between the stars, each at the first place where it fits behind the one before:
	// what is left for the others is never more than that.
	var pieces [][]refToken
	start := 0
	for i, t := range p.tokens {
		if t == refMany {
			pieces = append(pieces, p.tokens[start:i])
			start = i + 1
		}
	}
	last := p.tokens[start:]
	if len(pieces) == 0 {
		rest, ok := refFitsAt(last, text)
		return ok && rest == ""
	}
	text, ok := refFitsAt(pieces[0], text)
	if !ok {
		return false
	}
	for _, piece := range pieces[1:] {
		for {
			rest, ok := refFitsAt(piece, text)
			if ok {
				text = rest
				break
			}
			if text == "" {
				return false
			}
			_, n := utf8.DecodeRuneInString(text)
			text = text[n:]
		}
	}
	for {
		if rest, ok := refFitsAt(last, text); ok && rest == "" {
			return true
		}
		if text == "" {
			return false
		}
		_, n := utf8.DecodeRuneInString(text)
		text = text[n:]
	}
}

// refFitsAt matches a piece without stars at the start of a text and gives what stands behind it.
func refFitsAt(piece []refToken, text string) (rest string, ok bool) {
	for _, t := range piece {
		if text == "" {
			return "", false
		}
		r, n := utf8.DecodeRuneInString(text)
		if r == utf8.RuneError && n == 1 {
			if t != refOne && t != refByte+refToken(text[0]) {
				return "", false
			}
		} else if t != refOne && t != refToken(r) {
			return "", false
		}
		text = text[n:]
	}
	return text, true
}

// refDecimal is what counts as a number in a text: digits, with sign and fraction. What has an
// exponent is as likely a piece of hexadecimal (12e4), and that stays a text (T14).
var refDecimal = regexp.MustCompile(`\A[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)\z`)

// A refNumber is a number as exact as it was written where it is whole.
type refNumber struct {
	whole *big.Int // nil if it is no whole number
	float float64
}

func refParseNumber(s string) (refNumber, bool) {
	if !refDecimal.MatchString(s) {
		return refNumber{}, false
	}
	var n refNumber
	f, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return refNumber{}, false
	}
	n.float = f
	if w, ok := new(big.Int).SetString(strings.TrimPrefix(s, "+"), 10); ok {
		n.whole = w
	} else if f == math.Trunc(f) {
		n.whole, _ = big.NewFloat(f).Int(nil)
	}
	return n, true
}

func (a refNumber) compare(b refNumber) int {
	if a.whole != nil && b.whole != nil {
		return a.whole.Cmp(b.whole)
	}
	switch {
	case a.float < b.float:
		return -1
	case a.float > b.float:
		return 1
	}
	return 0
}
