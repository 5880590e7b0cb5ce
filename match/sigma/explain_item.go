package sigma

import (
	"net/netip"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// evalItem evaluates one comparison of a field from its meaning alone (see [Item]); other are the
// elements of the field that ItemFieldRef refers to.
func evalItem(it *Item, elements []element, there bool, other ...[]element) bool {
	switch it.Kind {
	case ItemExists:
		return there == it.Want
	case ItemNull:
		if !there || len(elements) == 0 {
			return true
		}
		for _, el := range elements {
			if el.null {
				return true
			}
		}
		return false
	case ItemFieldRef:
		for _, mine := range texts(elements) {
			for _, theirs := range texts(other[0]) {
				if refersTo(it, mine, theirs) {
					return true
				}
			}
		}
		return false
	}
	for _, text := range texts(elements) {
		if evalText(it, text) {
			return true
		}
	}
	return false
}

// texts are what a comparison looks at: each element that is not null, and all of them joined (T20).
func texts(elements []element) []string {
	var list []string
	for _, el := range elements {
		if !el.null {
			list = append(list, el.text)
		}
	}
	if len(list) > 1 && !elements[0].variant {
		list = append(list, strings.Join(list, "\n"))
	}
	return list
}

// evalText holds one text against an item.
func evalText(it *Item, text string) bool {
	switch it.Kind {
	case ItemMatch:
		return matchPlain(it.Pattern, text, it.Cased)
	case ItemNumber:
		if it.Part != WholeValue {
			n, ok := datePart(text, it.Part)
			return ok && float64(n) == it.Number
		}
		return matchPlain(it.Pattern, text, false) || sameNumber(it, text)
	case ItemCompare:
		n, ok := numberIn(it, text)
		if !ok {
			return false
		}
		switch it.Cmp {
		case Less:
			return n < it.Number
		case LessEqual:
			return n <= it.Number
		case Greater:
			return n > it.Number
		}
		return n >= it.Number
	case ItemRegexp:
		re, err := regexp.Compile(it.Regexp)
		return err == nil && re.MatchString(text)
	case ItemCIDR:
		return inNetwork(it.CIDR, text)
	}
	return false
}

func refersTo(it *Item, mine, theirs string) bool {
	if !it.Cased {
		mine, theirs = lowest(mine), lowest(theirs)
	}
	switch it.Ref {
	case RefStartsWith:
		return strings.HasPrefix(mine, theirs)
	case RefEndsWith:
		return strings.HasSuffix(mine, theirs)
	case RefContains:
		return strings.Contains(mine, theirs)
	}
	return mine == theirs
}

// lowest replaces every rune by the lowest that differs from it only in case (simple folding).
func lowest(s string) string {
	return strings.Map(func(r rune) rune {
		least := r
		for o := unicode.SimpleFold(r); o != r; o = unicode.SimpleFold(o) {
			least = min(least, o)
		}
		return least
	}, s)
}

const (
	anyRunToken rune = -1
	anyOneToken rune = -2
	// byteToken plus a byte is that byte of a pattern that is no UTF-8: no text has it.
	byteToken rune = -1000
)

// matchPlain matches a pattern against a whole text with a table: reached[i] tells whether the
// tokens so far can end before the i-th rune.
func matchPlain(p Pattern, text string, cased bool) bool {
	var tokens []rune
	for _, part := range p {
		switch part.Wildcard {
		case AnyRun:
			tokens = append(tokens, anyRunToken)
		case AnyOne:
			tokens = append(tokens, anyOneToken)
		default:
			literal := part.Literal
			for len(literal) > 0 {
				r, n := utf8.DecodeRuneInString(literal)
				if r == utf8.RuneError && n == 1 {
					r = byteToken + rune(literal[0])
				} else if !cased {
					r, _ = utf8.DecodeRuneInString(lowest(string(r)))
				}
				tokens, literal = append(tokens, r), literal[n:]
			}
		}
	}
	if !cased {
		text = lowest(text)
	}
	runes := []rune(text)
	reached := make([]bool, len(runes)+1)
	reached[0] = true
	for _, t := range tokens {
		next := make([]bool, len(runes)+1)
		alive := false
		for i := range next {
			switch {
			case t == anyRunToken:
				next[i] = reached[i] || i > 0 && next[i-1]
			case i > 0 && (t == anyOneToken || t == runes[i-1]):
				next[i] = reached[i-1]
			}
			alive = alive || next[i]
		}
		if reached = next; !alive {
			return false
		}
	}
	return reached[len(runes)]
}

// decimalText is a number that texts may hold: digits with a sign and a fraction. Hexadecimal
// texts are texts (T14).
var decimalText = regexp.MustCompile(`\A([+-]?)0*([0-9]*)(?:\.([0-9]*))?\z`)

// plainDecimal gives a number without what does not change it: "+007.50" is "7.5".
func plainDecimal(text string) (string, bool) {
	m := decimalText.FindStringSubmatch(text)
	if m == nil || !strings.ContainsAny(text, "0123456789") {
		return "", false
	}
	whole, fraction := m[2], strings.TrimRight(m[3], "0")
	if whole == "" {
		whole = "0"
	}
	if fraction != "" {
		whole += "." + fraction
	}
	if m[1] == "-" && whole != "0" {
		whole = "-" + whole
	}
	return whole, true
}

// sameNumber compares as decimals as long as both are written so: 2^53+1 is not 2^53.
func sameNumber(it *Item, text string) bool {
	found, ok := plainDecimal(text)
	if !ok {
		return false
	}
	if want, ok := plainDecimal(literalText(it.Pattern)); ok {
		return found == want
	}
	n, err := strconv.ParseFloat(found, 64)
	return err == nil && n == it.Number
}

// literalText is the text of a pattern without wildcards.
func literalText(p Pattern) string {
	var b strings.Builder
	for _, part := range p {
		b.WriteString(part.Literal)
	}
	return b.String()
}

// numberIn is the number that ItemCompare looks at.
func numberIn(it *Item, text string) (float64, bool) {
	if it.Part != WholeValue {
		n, ok := datePart(text, it.Part)
		return float64(n), ok
	}
	found, ok := plainDecimal(text)
	if !ok {
		return 0, false
	}
	n, err := strconv.ParseFloat(found, 64)
	return n, err == nil
}

// datePart takes a number out of a date, by the clock of the text.
func datePart(text string, part TimePart) (int, bool) {
	if len(text) > 40 {
		return 0, false
	}
	for _, layout := range []string{
		"2006-01-02T15:04:05Z07:00", "2006-01-02T15:04:05", "2006-01-02 15:04:05Z07:00", "2006-01-02 15:04:05", "2006-01-02",
	} {
		t, err := time.Parse(layout, text) // takes fractions of a second too
		if err != nil {
			continue
		}
		_, week := t.ISOWeek()
		return [...]int{Minute: t.Minute(), Hour: t.Hour(), Day: t.Day(), Week: week, Month: int(t.Month()), Year: t.Year()}[part], true
	}
	return 0, false
}

// inNetwork tells whether a text is an address of a network. An IPv4 address may be written as
// IPv6 (::ffff:10.0.0.1).
func inNetwork(network, text string) bool {
	p, err := netip.ParsePrefix(network)
	if err != nil {
		return false
	}
	a, err := netip.ParseAddr(text)
	if err != nil {
		return false
	}
	a = a.WithZone("")
	if p.Addr().Is4() {
		a = a.Unmap()
	}
	return p.Contains(a) || p.Addr().Is4In6() && a.Is4() && p.Contains(netip.AddrFrom16(a.As16()))
}
