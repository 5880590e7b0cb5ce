package sigma_test

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// A refValue is one value of a rule while its modifiers are applied. One value of the file may
// become several, which are an OR among themselves even under "all" (T6).
type refValueKind int

const (
	refIsText refValueKind = iota
	refIsNumber
	refIsBool
	refIsNull
	refIsRegexp
	refIsCIDR
	refIsCompare
	refIsExists
	refIsFieldRef
)

type refRuleValue struct {
	kind   refValueKind
	raw    string     // as written
	tokens []refToken // of a text
	number refNumber
	flags  string // of a regular expression
	cidr   netip.Prefix
	order  string // of a comparison: lt, lte, gt, gte
	part   string // of a date: minute to year
	how    string // of a field reference: "", startswith, endswith, contains
	placed bool   // startswith, endswith or contains said where the text stands
}

// refInt and refFloat are the numbers that a rule may write without quotes; what else YAML takes
// for a number (0x1f, 1_000, .inf) is a text here, as it was written.
var (
	refInt   = regexp.MustCompile(`\A[+-]?(?:0|[1-9][0-9]*)\z`)
	refFloat = regexp.MustCompile(`\A[+-]?(?:0|[1-9][0-9]*)\.[0-9]+\z`)
)

func refScalar(n *yaml.Node) refRuleValue {
	v := refRuleValue{raw: n.Value}
	switch {
	case n.Tag == "!!null":
		v.kind = refIsNull
	case n.Tag == "!!bool":
		v.kind = refIsBool
	case (n.Tag == "!!int" || n.Tag == "!!float") && (refInt.MatchString(n.Value) || refFloat.MatchString(n.Value)):
		v.kind = refIsNumber
		v.number, _ = refParseNumber(n.Value)
	default:
		v.tokens = refUnescape(n.Value)
	}
	return v
}

// A refItem is one line of a map, "field|modifier|modifier: values", or one keyword.
type refItem struct {
	field               string // "" for keywords
	all, cased, negated bool
	values              [][]refRuleValue // for each value of the file what has become of it
}

// refReadItem applies the modifiers of a line to its values, from left to right (specification,
// "Value Modifiers").
func refReadItem(key string, nodes []*yaml.Node, opt refOptions) (refItem, error) {
	parts := strings.Split(key, "|")
	it := refItem{field: strings.ReplaceAll(parts[0], " ", "")}
	modifiers := parts[1:]
	for _, n := range nodes {
		if n.Kind != yaml.ScalarNode {
			return it, errors.New("a value is no scalar")
		}
		v := refScalar(n)
		if v.kind == refIsNull && len(nodes) > 1 {
			return it, errors.New("null in a list") // T11
		}
		it.values = append(it.values, []refRuleValue{v})
	}
	for i, m := range modifiers {
		switch m {
		case "all":
			it.all = true
			continue
		case "cased":
			it.cased = true
			continue
		case "neq":
			it.negated = true
			continue
		}
		for j := range it.values {
			var out []refRuleValue
			for _, v := range it.values[j] {
				became, err := refModify(m, modifiers[:i], v, opt)
				if err != nil {
					return it, err
				}
				out = append(out, became...)
			}
			it.values[j] = out
		}
	}
	return it, nil
}

// refParseItem gives the meaning of a line.
func refParseItem(key string, nodes []*yaml.Node, opt refOptions) (refTest, error) {
	it, err := refReadItem(key, nodes, opt)
	if err != nil {
		return nil, err
	}
	var tests []refTest
	for _, alternatives := range it.values {
		var or []refTest
		for _, v := range alternatives {
			t, err := refValueTest(it.field, v, it.cased)
			if err != nil {
				return nil, err
			}
			or = append(or, t)
		}
		tests = append(tests, refAny(or))
	}
	t := refAny(tests)
	if it.all {
		t = refAll(tests)
	}
	if it.negated {
		t = refNot(t) // of the whole item: equal to none of the values (T17)
	}
	return t, nil
}

// refDashes are the characters that stand for each other under windash (T8).
var refDashes = []rune{'-', '/', '–', '—', '―'}

// refModify applies one modifier to one value. before are the modifiers left of it.
func refModify(m string, before []string, v refRuleValue, opt refOptions) ([]refRuleValue, error) {
	one := func(v refRuleValue) ([]refRuleValue, error) { return []refRuleValue{v}, nil }
	wrong := func() ([]refRuleValue, error) { return nil, fmt.Errorf("%s on %q", m, v.raw) }
	switch m {
	case "contains", "startswith", "endswith":
		switch v.kind {
		case refIsFieldRef:
			v.how = m
			return one(v)
		case refIsNumber:
			v.kind, v.tokens = refIsText, refTokens(v.raw) // T14
		case refIsText:
		default:
			return wrong()
		}
		v.placed = true
		// A wildcard that stands there already is not doubled (T4); one more would mean the same.
		if m != "startswith" {
			v.tokens = slices.Concat([]refToken{refMany}, v.tokens)
		}
		if m != "endswith" {
			v.tokens = slices.Concat(v.tokens, []refToken{refMany})
		}
		return one(v)

	case "windash":
		if v.kind != refIsText || refFlagDashes(v.tokens) > refMaxDashes {
			return wrong()
		}
		out := []refRuleValue{v}
		for i := range v.tokens {
			if !refIsFlagDash(v.tokens, i) {
				continue
			}
			var more []refRuleValue
			for _, o := range out {
				for _, dash := range refDashes {
					c := o
					c.tokens = slices.Clone(o.tokens)
					c.tokens[i] = refToken(dash)
					more = append(more, c)
				}
			}
			out = more
		}
		return out, nil

	case "wide", "utf16le", "utf16be", "utf16":
		if v.kind != refIsText {
			return wrong()
		}
		v.tokens = refUTF16(m, v.tokens)
		return one(v)

	case "base64", "base64offset":
		if v.kind != refIsText {
			return wrong()
		}
		for _, t := range v.tokens {
			if t == refMany || t == refOne {
				return nil, fmt.Errorf("%s of a wildcard: %q", m, v.raw) // T9
			}
		}
		b := []byte(refTokenText(v.tokens))
		if m == "base64" {
			v.tokens = refTokens(base64.StdEncoding.EncodeToString(b))
			return one(v)
		}
		var out []refRuleValue
		for offset := range 3 {
			c := v
			c.tokens = refTokens(refBase64At(b, offset))
			out = append(out, c)
		}
		return out, nil

	case "re":
		if v.kind != refIsText && v.kind != refIsNumber || v.raw == "" {
			return wrong()
		}
		for _, b := range before { // all and neq are about the list of values and change none of them
			if b != "all" && b != "neq" {
				return wrong()
			}
		}
		v.kind = refIsRegexp // its text is taken as it was written (T18)
		return one(v)
	case "i", "ignorecase", "m", "multiline", "s", "dotall":
		if v.kind != refIsRegexp {
			return wrong()
		}
		v.flags += map[string]string{"i": "i", "ignorecase": "i", "m": "m", "multiline": "m", "s": "s", "dotall": "s"}[m]
		return one(v)

	case "lt", "lte", "gt", "gte":
		if v.kind != refIsNumber {
			return wrong()
		}
		v.kind, v.order = refIsCompare, m
		return one(v)
	case "minute", "hour", "day", "week", "month", "year":
		if v.kind != refIsNumber && v.kind != refIsCompare {
			return wrong()
		}
		v.part = m
		return one(v)

	case "cidr":
		if v.kind != refIsText {
			return wrong()
		}
		p, err := netip.ParsePrefix(v.raw)
		if err != nil {
			return nil, err
		}
		if p.Addr().Is4In6() && p.Bits() >= 96 { // mapped addresses count as IPv4 on both sides (T15)
			p = netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96)
		}
		v.kind, v.cidr = refIsCIDR, p.Masked()
		return one(v)

	case "exists":
		if v.kind != refIsBool {
			return wrong()
		}
		v.kind = refIsExists
		return one(v)

	case "fieldref":
		if v.kind != refIsText {
			return wrong()
		}
		v.kind = refIsFieldRef
		v.raw = strings.ReplaceAll(v.raw, " ", "")
		for _, b := range before { // "startswith|fieldref" and "fieldref|startswith" are the same
			if b == "startswith" || b == "endswith" || b == "contains" {
				v.how = b
			}
		}
		return one(v)

	case "expand":
		if v.kind != refIsText {
			return wrong()
		}
		var out []refRuleValue
		texts, err := refExpand(v.raw, opt.placeholders)
		if err != nil {
			return nil, err
		}
		for _, t := range texts {
			c := v
			c.raw, c.tokens = t, refUnescape(t)
			for _, b := range before { // what went before is done again on the text that came in
				again, err := refModify(b, nil, c, opt)
				if err != nil {
					return nil, err
				}
				if b == "all" || len(again) != 1 {
					return wrong()
				}
				c = again[0]
			}
			out = append(out, c)
		}
		return out, nil
	}
	return nil, fmt.Errorf("unknown modifier %q", m) // T32
}

// refMaxDashes is how many dashes of one value windash may vary: 5^5 forms are enough for anyone.
const refMaxDashes = 5

func refFlagDashes(p []refToken) (n int) {
	for i := range p {
		if refIsFlagDash(p, i) {
			n++
		}
	}
	return n
}

// refIsFlagDash tells whether a token is a dash or slash that may lead a flag: \B[-/]\b, that is,
// no word character before it and one behind it. Wildcards are no word characters.
func refIsFlagDash(p []refToken, i int) bool {
	word := func(i int) bool {
		if i < 0 || i >= len(p) || p[i] < 0 {
			return false
		}
		r := rune(p[i])
		return r == '_' || unicode.IsLetter(r) || unicode.IsNumber(r)
	}
	return (p[i] == '-' || p[i] == '/') && !word(i-1) && word(i+1)
}

// refUTF16 encodes the texts between wildcards (T10).
func refUTF16(m string, p []refToken) []refToken {
	var out []refToken
	var b []byte
	if m == "utf16" {
		b = append(b, 0xff, 0xfe)
	}
	for _, t := range p {
		if t == refMany || t == refOne {
			out = append(out, refTokens(string(b))...)
			out = append(out, t)
			b = nil
			continue
		}
		units := []uint16{uint16(t - refByte)}
		if t >= 0 {
			units = utf16.AppendRune(nil, rune(t))
		}
		for _, u := range units {
			if m == "utf16be" {
				b = append(b, byte(u>>8), byte(u))
			} else {
				b = append(b, byte(u), byte(u>>8))
			}
		}
	}
	return append(out, refTokens(string(b))...)
}

// refBase64At gives the part of the Base64 text of "offset unknown bytes, b, more unknown bytes"
// that does not depend on the unknown bytes (T9).
func refBase64At(b []byte, offset int) string {
	padded := append(make([]byte, offset), b...)
	text := base64.StdEncoding.EncodeToString(padded)
	// Each character carries 6 bits. Those that carry bits of the bytes before b are cut away, and
	// so are those that would carry bits of bytes behind it.
	first := (offset*8 + 5) / 6
	last := len(padded) * 8 / 6
	return text[first:last]
}

// refExpand puts values in the place of %name%; \% is a plain percent sign (T19).
func refExpand(s string, values map[string][]string) ([]string, error) {
	out := []string{""}
	add := func(text string) {
		for i := range out {
			out[i] += text
		}
	}
	for s != "" {
		if rest, ok := strings.CutPrefix(s, `\%`); ok {
			add("%")
			s = rest
			continue
		}
		if m := refPlaceholder.FindStringSubmatch(s); m != nil {
			have := values[m[1]]
			if len(have) == 0 {
				return nil, fmt.Errorf("no value for %%%s%%", m[1])
			}
			var more []string
			for _, o := range out {
				for _, h := range have {
					more = append(more, o+h)
				}
			}
			out, s = more, s[len(m[0]):]
			continue
		}
		_, n := utf8.DecodeRuneInString(s)
		add(s[:n])
		s = s[n:]
	}
	return out, nil
}

var refPlaceholder = regexp.MustCompile(`\A%(\w+)%`)

// refValueTest gives the test of a field, or of all fields if it is "", against a value.
func refValueTest(field string, v refRuleValue, cased bool) (refTest, error) {
	// eachText is for what looks at texts: elements on their own, and all of them joined.
	eachText := func(f func(refSeen) bool) refTest {
		if field == "" {
			return func(view *refView) bool { return slices.ContainsFunc(view.everything(), f) }
		}
		return func(view *refView) bool { return slices.ContainsFunc(view.look(field).texts, f) }
	}
	if field == "" && (v.part != "" || v.kind != refIsText && v.kind != refIsNumber && v.kind != refIsBool && v.kind != refIsRegexp) {
		return nil, fmt.Errorf("%q as a keyword", v.raw) // keywords are texts
	}
	text := func(tokens []refToken) (refTest, error) {
		if field == "" && !v.placed { // a keyword is looked for inside (T5)
			tokens = slices.Concat([]refToken{refMany}, tokens, []refToken{refMany})
		}
		if cased {
			p := refNewPattern(tokens)
			return eachText(func(s refSeen) bool { return p.match(s.text) }), nil
		}
		folded := slices.Clone(tokens)
		for i, t := range folded {
			if t >= 0 {
				folded[i] = refToken(refFoldRune(rune(t)))
			}
		}
		p := refNewPattern(folded)
		return eachText(func(s refSeen) bool { return p.match(s.folded) }), nil
	}
	if v.part != "" {
		return eachText(func(s refSeen) bool {
			n, ok := refDatePart(s.text, v.part)
			return ok && refHolds(v.order, n, v.number)
		}), nil
	}
	switch v.kind {
	case refIsText:
		return text(v.tokens)
	case refIsBool:
		// Rules write true, True or 'true'; events are compared without case.
		return text(refTokens(v.raw))
	case refIsNumber:
		if field == "" {
			return text(refTokens(v.raw))
		}
		return eachText(func(s refSeen) bool {
			if strings.EqualFold(s.text, v.raw) {
				return true
			}
			n, ok := refParseNumber(s.text)
			return ok && n.compare(v.number) == 0
		}), nil
	case refIsCompare:
		return eachText(func(s refSeen) bool {
			n, ok := refParseNumber(s.text)
			return ok && refHolds(v.order, n, v.number)
		}), nil
	case refIsRegexp:
		expr := v.raw
		if v.flags != "" {
			expr = "(?" + v.flags + ")" + expr
		}
		re, err := regexp.Compile(expr)
		if err != nil {
			return nil, err
		}
		return eachText(func(s refSeen) bool { return re.MatchString(s.text) }), nil
	case refIsCIDR:
		return eachText(func(s refSeen) bool {
			a, err := netip.ParseAddr(s.text)
			return err == nil && v.cidr.Contains(a.Unmap().WithZone(""))
		}), nil
	case refIsNull:
		return func(view *refView) bool {
			l := view.look(field)
			return !l.present || l.null
		}, nil
	case refIsExists:
		want := strings.EqualFold(v.raw, "true")
		return func(view *refView) bool { return view.look(field).present == want }, nil
	case refIsFieldRef:
		return func(view *refView) bool {
			for _, a := range view.look(field).texts {
				for _, b := range view.look(v.raw).texts {
					at, bt := a.folded, b.folded
					if cased {
						at, bt = a.text, b.text
					}
					holds := at == bt
					switch v.how {
					case "startswith":
						holds = strings.HasPrefix(at, bt)
					case "endswith":
						holds = strings.HasSuffix(at, bt)
					case "contains":
						holds = strings.Contains(at, bt)
					}
					if holds {
						return true
					}
				}
			}
			return false
		}, nil
	}
	return nil, fmt.Errorf("no meaning for %q", v.raw)
}

// refHolds compares by the name of a modifier; "" is equality.
func refHolds(order string, a, b refNumber) bool {
	c := a.compare(b)
	switch order {
	case "lt":
		return c < 0
	case "lte":
		return c <= 0
	case "gt":
		return c > 0
	case "gte":
		return c >= 0
	}
	return c == 0
}

// refDatePart takes a number out of a date (modifiers appendix, "Time Modifiers"). Dates are taken
// as they stand, whatever their time zone.
func refDatePart(s, part string) (refNumber, bool) {
	s = strings.TrimSuffix(s, "Z")
	for _, layout := range []string{"2006-01-02T15:04:05", "2006-01-02 15:04:05", "2006-01-02"} {
		t, err := time.Parse(layout, s) // fractions of a second are taken too
		if err != nil {
			continue
		}
		_, week := t.ISOWeek()
		n := map[string]int{
			"minute": t.Minute(), "hour": t.Hour(), "day": t.Day(),
			"week": week, "month": int(t.Month()), "year": t.Year(),
		}[part]
		return refNumber{float: float64(n)}, true
	}
	return refNumber{}, false
}
