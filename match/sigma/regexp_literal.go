package sigma

import (
	"regexp/syntax"
	"slices"
	"strings"
	"unicode/utf8"
)

const (
	// maxLiterals is how many literals one expression may be found by. More are seldom rarer.
	maxLiterals = 48
	// maxLiteralRunes is where literals are cut off: so much is rare enough.
	maxLiteralRunes = 48
	// maxClassRunes is how many characters of a class are tried one by one: a digit more makes a
	// literal hardly rarer, but ten literals of it.
	maxClassRunes = 6
	// minLiteral is the weight of the lightest worth looking for: ":" is in every text.
	minLiteral = 2
)

// needed is what is known of the texts that a part of an expression matches.
type needed struct {
	// exact are all texts that it matches, folded; nil if they are too many.
	exact []string
	// starts and ends are literals with one of which every text that it matches starts or ends; nil if none
	// are known.
	starts, ends []string
	// some are literals of which every text that it matches has one; nil if none are known.
	some []string
}

// necessaryLiterals finds literals in folded form of which every text that matches has at least
// one. They never hold a newline, so that a text joined of several values has them in one value.
func necessaryLiterals(tree *syntax.Regexp) []string {
	set := literalsOf(tree).best(nil)
	return slices.DeleteFunc(slices.Clone(set), func(l string) bool {
		// Where it is, there is a shorter one of the set.
		return slices.ContainsFunc(set, func(s string) bool { return s != l && strings.Contains(l, s) })
	})
}

// literalsOf looks at a simplified tree. It is as deep as package regexp/syntax allows (1000).
func literalsOf(re *syntax.Regexp) needed {
	switch re.Op {
	case syntax.OpEmptyMatch, syntax.OpBeginLine, syntax.OpEndLine, syntax.OpBeginText, syntax.OpEndText,
		syntax.OpWordBoundary, syntax.OpNoWordBoundary:
		return needed{exact: []string{""}}
	case syntax.OpLiteral:
		return concatLiterals(len(re.Rune), func(i int) needed { return exactRune(re.Rune[i]) })
	case syntax.OpCharClass:
		return classLiterals(re.Rune)
	case syntax.OpCapture:
		return literalsOf(re.Sub[0])
	case syntax.OpConcat:
		return concatLiterals(len(re.Sub), func(i int) needed { return literalsOf(re.Sub[i]) })
	case syntax.OpAlternate:
		return alternateLiterals(re.Sub)
	case syntax.OpQuest:
		if n := literalsOf(re.Sub[0]); n.exact != nil {
			return needed{exact: union(n.exact, []string{""})}
		}
	case syntax.OpPlus:
		n := literalsOf(re.Sub[0])
		return needed{starts: n.starting(), ends: n.ending(), some: n.best(nil)}
	}
	return needed{}
}

// exactRune is a rune of a literal. A newline breaks literals; U+FFFD stands for bytes that are no
// UTF-8.
func exactRune(r rune) needed {
	if r == '\n' || r == utf8.RuneError || !utf8.ValidRune(r) {
		return needed{}
	}
	return needed{exact: []string{string(fold(r))}}
}

// classLiterals takes classes of a few characters apart: [Rr], ['"].
func classLiterals(ranges []rune) needed {
	runes := rune(0)
	for i := 0; i+1 < len(ranges); i += 2 {
		if runes += ranges[i+1] - ranges[i] + 1; runes > maxClassRunes {
			return needed{}
		}
	}
	var exact []string
	for i := 0; i+1 < len(ranges); i += 2 {
		for r := ranges[i]; r <= ranges[i+1]; r++ {
			n := exactRune(r)
			if n.exact == nil {
				return needed{}
			}
			exact = append(exact, n.exact...)
		}
	}
	slices.Sort(exact)
	return needed{exact: slices.Compact(exact)}
}

func concatLiterals(n int, part func(int) needed) needed {
	run := []string{""} // what the parts since the last gap match
	var best, starts []string
	for i := range n {
		p := part(i)
		more, joins := times(run, p.starting())
		if joins {
			run = more
			if p.exact != nil {
				continue
			}
		}
		best = rarer(rarer(best, run), p.some)
		if starts == nil {
			starts = run
		}
		if run = p.ending(); run == nil {
			run = []string{""}
		}
	}
	if starts == nil {
		return needed{exact: run}
	}
	return needed{starts: starts, ends: run, some: rarer(best, run)}
}

// times joins each text of a with each of b; false if b is not known or that would be too many.
func times(a, b []string) ([]string, bool) {
	if b == nil || len(a)*len(b) > maxLiterals || longest(a)+longest(b) > maxLiteralRunes*utf8.UTFMax {
		return nil, false
	}
	return product(a, b), true
}

func alternateLiterals(subs []*syntax.Regexp) needed {
	all := needed{exact: []string{}, starts: []string{}, ends: []string{}, some: []string{}}
	for _, sub := range subs {
		n := literalsOf(sub)
		all.exact = either(all.exact, n.exact)
		all.starts = either(all.starts, n.starting())
		all.ends = either(all.ends, n.ending())
		all.some = either(all.some, n.best(nil))
	}
	return all
}

// either is the union of two sets; nil if one is not known or there are too many.
func either(a, b []string) []string {
	if a == nil || b == nil {
		return nil
	}
	if both := union(a, b); len(both) <= maxLiterals {
		return both
	}
	return nil
}

func (n needed) starting() []string {
	if n.exact != nil {
		return n.exact
	}
	return n.starts
}

func (n needed) ending() []string {
	if n.exact != nil {
		return n.exact
	}
	return n.ends
}

// best is the rarest of what is known and other.
func (n needed) best(other []string) []string { return rarer(rarer(other, n.exact), n.some) }

// rarer gives the set of literals that fewer texts have: the one whose lightest is heavier, then
// the smaller one. A set with a literal that is too light is no use.
func rarer(a, b []string) []string {
	const enough = 12 // what is heavier is not rarer
	rank := func(set []string) int { return min(lightest(set), enough) }
	if rank(b) < minLiteral {
		return a
	}
	if rank(b) > rank(a) || rank(b) == rank(a) && len(b) < len(a) {
		return b
	}
	return a
}

// literalWeight tells how rare a literal is likely to be: its length in bytes, where a character that is
// seldom used but in commands counts as four, and the point of a file's ending (.php) not at all.
func literalWeight(lit string) int {
	const seldom, worth, ending = "`|$^", 4, len(".aspx")
	n := len(lit)
	if n > 2 && n <= ending && lit[0] == '.' {
		n--
	}
	for i := range len(lit) {
		if strings.IndexByte(seldom, lit[i]) >= 0 {
			n += worth - 1
		}
	}
	return n
}

func lightest(set []string) int {
	if len(set) == 0 {
		return 0
	}
	return literalWeight(slices.MinFunc(set, func(a, b string) int { return literalWeight(a) - literalWeight(b) }))
}

func longest(set []string) int {
	if len(set) == 0 {
		return 0
	}
	return len(slices.MaxFunc(set, func(a, b string) int { return len(a) - len(b) }))
}

func union(a, b []string) []string {
	all := slices.Concat(a, b)
	slices.Sort(all)
	return slices.Compact(all)
}

func product(a, b []string) []string {
	all := make([]string, 0, len(a)*len(b))
	for _, x := range a {
		for _, y := range b {
			all = append(all, x+y)
		}
	}
	slices.SortFunc(all, strings.Compare)
	return slices.Compact(all)
}
