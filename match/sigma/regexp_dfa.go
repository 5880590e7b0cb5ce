package sigma

import "regexp"

// A Regexp is a compiled regular expression in RE2 syntax. Immutable and safe for concurrent use.
type Regexp struct{ re *regexp.Regexp }

// CompileRegexp compiles an expression; the error is that of regexp/syntax.
func CompileRegexp(expr string) (*Regexp, error) {
	re, err := regexp.Compile(expr)
	return &Regexp{re}, err
}

// Literals gives literals of which every matching text contains at least one, in lower case; nil
// if none are known.
func (r *Regexp) Literals() (any []string, folded bool) { return nil, false }

// A RegexpMatcher is the state of matching, one for each goroutine.
type RegexpMatcher struct{ re *regexp.Regexp }

// NewMatcher makes a matcher.
func (r *Regexp) NewMatcher() *RegexpMatcher { return &RegexpMatcher{r.re} }

// Match tells whether the expression matches somewhere in the text.
func (m *RegexpMatcher) Match(text []byte) bool { return m.re.Match(text) }
