package sigma

import "strings"

// ParsePattern reads a text as a rule writes it: * and ? are wildcards, and a backslash takes away
// the meaning of the *, ? or \ that follows it; before anything else, and at the end, it is an
// ordinary character (specification, "Escaping"; T3):
//
//	\*   a star           \\*   a backslash and a wildcard     \\\*  a backslash and a star
//	\\   one backslash    \w    a backslash and a w            a\    an a and a backslash
func ParsePattern(s string) Pattern {
	if s == "" {
		return nil
	}
	if !strings.ContainsAny(s, `*?\`) {
		return Pattern{{Literal: s}}
	}
	var p Pattern
	var run []byte
	flush := func() {
		if len(run) > 0 {
			p = append(p, PatternPart{Literal: string(run)})
			run = run[:0]
		}
	}
	for i := 0; i < len(s); i++ {
		switch c := s[i]; c {
		case '\\':
			if i+1 < len(s) && (s[i+1] == '\\' || s[i+1] == '*' || s[i+1] == '?') {
				i++
			}
			run = append(run, s[i])
		case '*':
			flush()
			if n := len(p); n > 0 && p[n-1].Wildcard == AnyRun {
				continue // two stars mean what one does
			}
			p = append(p, PatternPart{Wildcard: AnyRun})
		case '?':
			flush()
			p = append(p, PatternPart{Wildcard: AnyOne})
		default:
			run = append(run, c)
		}
	}
	flush()
	return p
}

// String writes a pattern so that [ParsePattern] reads the same pattern back: wildcards as they
// are, and literal *, ? and \ with a backslash before them.
func (p Pattern) String() string {
	var b strings.Builder
	for _, part := range p {
		switch part.Wildcard {
		case AnyRun:
			b.WriteByte('*')
		case AnyOne:
			b.WriteByte('?')
		case NoWildcard:
			for i := 0; i < len(part.Literal); i++ {
				if c := part.Literal[i]; c == '*' || c == '?' || c == '\\' {
					b.WriteByte('\\')
				}
				b.WriteByte(part.Literal[i])
			}
		}
	}
	return b.String()
}
