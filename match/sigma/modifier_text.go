package sigma

import (
	"encoding/base64"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// dashes are what windash puts for a dash or slash that starts a word: Windows programs take
// several of them for the sign of an option (modifiers appendix, "windash").
var dashes = [...]string{"-", "/", "–", "—", "―"}

// windash gives all forms of a pattern in which each \B[-/]\b, a dash or slash at the start of a
// word, is one of dashes (T8; pySigma SigmaWindowsDashModifier). Each run of literal text is
// looked at by itself: a wildcard is no part of a word.
func (p *parser) windash(f *fieldKey, v value, in []Pattern) ([]Pattern, error) {
	if err := p.wantText(f, v, "windash"); err != nil {
		return nil, err
	}
	var out []Pattern
	for _, pattern := range in {
		forms := []Pattern{nil}
		for _, part := range pattern {
			if part.Wildcard != NoWildcard {
				for i := range forms {
					forms[i] = append(forms[i], part)
				}
				continue
			}
			texts := []string{""}
			at := 0
			for _, dash := range wordDashes(part.Literal) {
				if err := p.limit(f, v, "windash", len(forms)*len(texts)*len(dashes)); err != nil {
					return nil, err
				}
				more := make([]string, 0, len(texts)*len(dashes))
				for _, t := range texts {
					for _, d := range dashes {
						more = append(more, t+part.Literal[at:dash]+d)
					}
				}
				texts, at = more, dash+1
			}
			grown := make([]Pattern, 0, len(forms)*len(texts))
			for _, form := range forms {
				for _, t := range texts {
					literal := PatternPart{Literal: t + part.Literal[at:]}
					grown = append(grown, append(form[:len(form):len(form)], literal))
				}
			}
			forms = grown
		}
		if err := p.limit(f, v, "windash", len(out)+len(forms)); err != nil {
			return nil, err
		}
		out = append(out, forms...)
	}
	return out, nil
}

// wordDashes gives the places of - and / that are not after but before a letter, digit or _.
func wordDashes(s string) []int {
	var at []int
	for i := 0; i < len(s); i++ {
		if s[i] != '-' && s[i] != '/' {
			continue
		}
		before, _ := utf8.DecodeLastRuneInString(s[:i])
		after, _ := utf8.DecodeRuneInString(s[i+1:])
		if (i == 0 || !isWord(before)) && i+1 < len(s) && isWord(after) {
			at = append(at, i)
		}
	}
	return at
}

func isWord(r rune) bool {
	return r == '_' || unicode.IsLetter(r) || unicode.IsNumber(r)
}

// wantText refuses numbers and booleans, which these modifiers are not for (modifiers appendix,
// "String Modifiers"). contains and its like are for all types.
func (p *parser) wantText(f *fieldKey, v value, mod string) error {
	if v.kind != textValue {
		return p.problemAt(v.node, "%s: want a text for %s, found %s", f.shown(), mod, v.describe())
	}
	return nil
}

// plainTexts gives the texts of patterns, which must have no wildcards: a code of a wildcard does
// not exist.
func (p *parser) plainTexts(f *fieldKey, v value, in []Pattern, mod string) ([]string, error) {
	if err := p.wantText(f, v, mod); err != nil {
		return nil, err
	}
	texts := make([]string, len(in))
	for i, pattern := range in {
		if pattern.hasWildcard() {
			return nil, p.problemAt(v.node, "%s: want a text without wildcards for %s, found %s", f.shown(), mod, v.describe())
		}
		texts[i] = pattern.literal()
	}
	return texts, nil
}

// literalPattern is the pattern of exactly that text.
func literalPattern(s string) Pattern {
	if s == "" {
		return nil
	}
	return Pattern{{Literal: s}}
}

// base64 encodes a text (modifiers appendix, "Encoding").
func (p *parser) base64(f *fieldKey, v value, in []Pattern) ([]Pattern, error) {
	texts, err := p.plainTexts(f, v, in, "base64")
	if err != nil {
		return nil, err
	}
	for i, t := range texts {
		in[i] = literalPattern(base64.StdEncoding.EncodeToString([]byte(t)))
	}
	return in, nil
}

// base64Offset gives what stays of a text's code at each of the three places it can have in a
// code's groups of three bytes, without the characters that its neighbours have a share in (T9).
func (p *parser) base64Offset(f *fieldKey, v value, in []Pattern) ([]Pattern, error) {
	texts, err := p.plainTexts(f, v, in, "base64offset")
	if err != nil {
		return nil, err
	}
	if err := p.limit(f, v, "base64offset", 3*len(texts)); err != nil {
		return nil, err
	}
	out := make([]Pattern, 0, 3*len(texts))
	for _, t := range texts {
		for offset := range 3 {
			code := base64Inner(t, offset)
			if code == "" {
				return nil, p.problemAt(v.node, "%s: want a text long enough to be found in Base64, found %s", f.shown(), v.describe())
			}
			out = append(out, literalPattern(code))
		}
	}
	return out, nil
}

// base64Inner encodes a text that starts offset bytes after a group of three, and cuts off the
// characters that depend on what is before and after it:
//
//	offset 0  |tttttt|ttTTTT|...   all characters are the text's
//	offset 1  |......|..tttt|tttt.. the first two hold bits of the byte before
//	offset 2  |......|......|..tttt| the first three hold bits of the bytes before
func base64Inner(text string, offset int) string {
	start := [...]int{0, 2, 3}[offset]
	cut := [...]int{0, 3, 2}[(len(text)+offset)%3]
	code := base64.StdEncoding.EncodeToString(append(make([]byte, offset, offset+len(text)), text...))
	if start >= len(code)-cut {
		return ""
	}
	return code[start : len(code)-cut]
}

// utf16Step gives the step of wide, utf16le, utf16be and utf16. Wildcards stay as they are.
func utf16Step(mod string) func(*parser, *fieldKey, value, []Pattern) ([]Pattern, error) {
	return func(p *parser, f *fieldKey, v value, in []Pattern) ([]Pattern, error) {
		if err := p.wantText(f, v, mod); err != nil {
			return nil, err
		}
		for i, pattern := range in {
			if mod == "utf16" && pattern.hasWildcard() {
				// The byte order mark is the start of a text; after * it could not be.
				return nil, p.problemAt(v.node, "%s: want a text without wildcards for utf16, found %s", f.shown(), v.describe())
			}
			out := make(Pattern, len(pattern))
			for j, part := range pattern {
				if part.Wildcard != NoWildcard {
					out[j] = part
					continue
				}
				if !utf8.ValidString(part.Literal) {
					return nil, p.problemAt(v.node, "%s: want a text for %s, found one that is encoded already", f.shown(), mod)
				}
				out[j].Literal = string(encodeUTF16(part.Literal, mod))
			}
			in[i] = out
		}
		return in, nil
	}
}

func encodeUTF16(s, mod string) []byte {
	units := utf16.Encode([]rune(s))
	out := make([]byte, 0, 2*len(units)+2)
	if mod == "utf16" {
		out = append(out, 0xff, 0xfe)
	}
	for _, u := range units {
		if mod == "utf16be" {
			out = append(out, byte(u>>8), byte(u))
		} else {
			out = append(out, byte(u), byte(u>>8))
		}
	}
	return out
}
