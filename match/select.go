package match

import (
	"maps"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"aldebaran/match/sigma"
)

// A Selection says which rules of a collection are wanted. The zero value wants all.
type Selection struct {
	// MinLevel is the lowest level that is wanted; "" is informational.
	MinLevel string
	// Include, if there are any, are patterns of which one must fit the rule; Exclude are patterns
	// of which none may. A pattern is a rule's id, or a glob (* and ?, case does not matter) over
	// its title, one of its tags, its file's path or its file's name.
	Include, Exclude []string
}

// Apply gives a collection of the wanted rules. A rule that is not wanted itself but that a wanted
// correlation refers to stays, silent; one that only feeds correlations which are not wanted goes.
func (s Selection) Apply(c *sigma.Collection) *sigma.Collection {
	out := *c
	out.Rules = nil
	needed := map[string]bool{} // ids and names that wanted correlations refer to
	out.Correlations = s.correlations(c, needed)
	for _, r := range c.Rules {
		wanted := s.wants(r.ID, r.Title, r.File, r.Level, r.Tags) && !r.Silent
		feeds := needed[r.ID] && r.ID != "" || needed[r.Name] && r.Name != ""
		switch {
		case wanted:
			out.Rules = append(out.Rules, r)
		case feeds && r.Silent:
			out.Rules = append(out.Rules, r)
		case feeds:
			silent := *r
			silent.Silent = true
			out.Rules = append(out.Rules, &silent)
		}
	}
	return &out
}

// correlations gives the wanted correlations and those that they refer to, and puts down all that
// is referred to in needed.
func (s Selection) correlations(c *sigma.Collection, needed map[string]bool) []*sigma.Correlation {
	keep := map[*sigma.Correlation]bool{}
	for _, r := range c.Correlations {
		if !r.Silent && s.wants(r.ID, r.Title, r.File, r.Level, r.Tags) {
			keep[r] = true
		}
	}
	wanted := maps.Clone(keep)
	// A correlation may refer to another: again, until nothing is added.
	for added := true; added; {
		added = false
		for r := range keep {
			for _, ref := range r.Rules {
				needed[ref] = true
			}
		}
		for _, r := range c.Correlations {
			if !keep[r] && (needed[r.ID] && r.ID != "" || needed[r.Name] && r.Name != "") {
				keep[r], added = true, true
			}
		}
	}
	var out []*sigma.Correlation
	for _, r := range c.Correlations {
		switch {
		case keep[r] && !wanted[r] && !r.Silent:
			silent := *r
			silent.Silent = true
			out = append(out, &silent)
		case keep[r]:
			out = append(out, r)
		}
	}
	return out
}

func (s Selection) wantsRule(r *Rule) bool { return s.wants(r.ID, r.Title, r.File, r.Level, r.Tags) }

func (s Selection) wants(id, title, file, lvl string, tags []string) bool {
	if s.MinLevel != "" {
		least, _ := Severity(s.MinLevel)
		if have, _ := Severity(level(lvl)); have < least {
			return false
		}
	}
	file = filepath.ToSlash(file)
	fits := func(pattern string) bool {
		return strings.EqualFold(pattern, id) && id != "" ||
			Glob(pattern, title) || Glob(pattern, file) || Glob(pattern, path.Base(file)) ||
			slices.ContainsFunc(tags, func(tag string) bool { return Glob(pattern, tag) })
	}
	return (len(s.Include) == 0 || slices.ContainsFunc(s.Include, fits)) && !slices.ContainsFunc(s.Exclude, fits)
}

// Glob tells whether a pattern, in which * stands for any text and ? for one character, fits the
// whole of s. Case does not matter. It takes time in proportion to the product of the lengths.
func Glob(pattern, s string) bool {
	p, t := []rune(strings.ToLower(pattern)), []rune(strings.ToLower(s))
	star, mark, i := -1, 0, 0
	for j := 0; j < len(t); {
		switch {
		case i < len(p) && p[i] == '*':
			star, mark, i = i, j, i+1
		case i < len(p) && (p[i] == '?' || p[i] == t[j]):
			i, j = i+1, j+1
		case star >= 0: // let the last star take one more
			mark++
			i, j = star+1, mark
		default:
			return false
		}
	}
	for i < len(p) && p[i] == '*' {
		i++
	}
	return i == len(p)
}
