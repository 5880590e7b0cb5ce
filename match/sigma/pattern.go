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

// anyRun is the wildcard that contains, startswith and endswith add.
var anyRun = PatternPart{Wildcard: AnyRun}

// open adds a * at the end, unless there is one (T4).
func (p Pattern) open() Pattern {
	if n := len(p); n > 0 && p[n-1].Wildcard == AnyRun {
		return p
	}
	return append(p[:len(p):len(p)], anyRun)
}

// ending adds a * at the start, unless there is one.
func (p Pattern) ending() Pattern {
	if len(p) > 0 && p[0].Wildcard == AnyRun {
		return p
	}
	q := make(Pattern, 0, len(p)+2)
	return append(append(q, anyRun), p...)
}

// contained adds a * on both sides.
func (p Pattern) contained() Pattern { return p.ending().open() }

// joinPatterns puts patterns one after the other; literals that meet become one, and so do stars.
func joinPatterns(ps ...Pattern) Pattern {
	var out Pattern
	for _, p := range ps {
		for _, part := range p {
			n := len(out)
			switch {
			case n > 0 && part.Wildcard == NoWildcard && out[n-1].Wildcard == NoWildcard:
				out[n-1].Literal += part.Literal
			case n > 0 && part.Wildcard == AnyRun && out[n-1].Wildcard == AnyRun:
			default:
				out = append(out, part)
			}
		}
	}
	return out
}

// hasWildcard tells whether a pattern is more than literal text.
func (p Pattern) hasWildcard() bool {
	for _, part := range p {
		if part.Wildcard != NoWildcard {
			return true
		}
	}
	return false
}

// literal is the text of a pattern without wildcards.
func (p Pattern) literal() string {
	if len(p) == 0 {
		return ""
	}
	return p[0].Literal
}
