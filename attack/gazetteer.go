package attack

import (
	"regexp"
	"strings"
)

// Bounds: ATT&CK's longest description of a group has 2,000 bytes; words of attribution stand at most
// originReach bytes before the country.
const (
	maxDescription = 16 << 10
	originReach    = 120
)

// describe takes the facts out of a group's description that ATT&CK has as prose only: the countries
// that it is said to come from, and the countries, regions and sectors that it has targeted. Each is
// sorted, each once.
//
// A place is a target if something that speaks of targets stands before it in its sentence. It is
// an origin if it is the subject's own ("an Iranian threat group", in the first sentence) or follows
// words of attribution ("attributed to", "on behalf of"). Everything else is neither.
func describe(description string) (origin, countries, regions, sectors []string) {
	description = description[:min(len(description), maxDescription)]
	for i, s := range sentences(description) {
		from := len(s)
		if m := targetWords.FindStringIndex(s); m != nil {
			from = m[0]
		}
		for _, p := range places().find(s) {
			switch {
			case p.at > from && p.region:
				regions = append(regions, p.name)
			case p.at > from:
				countries = append(countries, p.name)
			case !p.region && (i == 0 || originWords.MatchString(s[max(0, p.at-originReach):p.at])):
				origin = append(origin, p.name)
			}
		}
		if from < len(s) {
			for _, p := range trades().find(s[from:]) {
				sectors = append(sectors, p.name)
			}
		}
	}
	return sortedSet(origin), sortedSet(countries), sortedSet(regions), sortedSet(sectors)
}

var (
	targetWords = regexp.MustCompile(`(?i)\b(target|attack(s|ed)? (on|against)|against\b|victim|focus|(primarily|mainly|heavily) (on|in)\b|interest(ed)? in|intrusions? (in|of|at|into)|compromised? (of|entities|organi[sz]ations|systems)|compromises of|(campaigns?|operations?) (against|in)\b|emphasis on|organi[sz]ations in|entities in)`)
	originWords = regexp.MustCompile(`(?i)\b(attributed|on behalf of|operat(e|es|ing) (out of|from)|sponsored by|linked to the|associated with the|nexus to|based (out of|in)|subordinate)[^,;]{0,60}$`)
	citation    = regexp.MustCompile(`\(Citation: [^)]*\)`)
	markdown    = regexp.MustCompile(`\[([^\]]*)\]\([^)]*\)`)
	sentenceEnd = regexp.MustCompile(`[^A-Z .]\.\s+[A-Z]|\n+`)
)

// sentences cuts a description of ATT&CK into sentences, without citations and links. "U.S. " does
// not end one.
func sentences(description string) []string {
	text := markdown.ReplaceAllString(citation.ReplaceAllString(description, ""), "$1")
	var all []string
	from := 0
	for _, m := range sentenceEnd.FindAllStringIndex(text, -1) {
		all = append(all, strings.TrimSpace(text[from:m[1]-1]))
		from = m[1] - 1
	}
	return append(all, strings.TrimSpace(text[from:]))
}

// A gazetteer knows names by the phrases that stand for them.
type gazetteer struct {
	phrases map[string]place
	fold    bool // phrases are in lower case
}

type place struct {
	name   string
	region bool
}

type mention struct {
	place
	at int // offset in the text
}

// maxPhrase is the number of words of the longest phrase ("People's Republic of China": "s" is one).
const maxPhrase = 5

// gazetteerOf takes lines of "name: phrase, phrase"; those of regions are marked so.
func gazetteerOf(lines, regions string, fold bool) *gazetteer {
	g := &gazetteer{phrases: map[string]place{}, fold: fold}
	for i, block := range []string{lines, regions} {
		for line := range strings.Lines(block) {
			name, list, _ := strings.Cut(strings.TrimSpace(line), ": ")
			for phrase := range strings.SplitSeq(list, ", ") {
				g.phrases[phrase] = place{name, i == 1}
			}
		}
	}
	return g
}

// words are what phrases are made of. "U.S." keeps its inner period, and loses the last.
var words = regexp.MustCompile(`[\pL\d]+(?:\.[\pL\d]+)*`)

// find gives what the text mentions, in its order; the longest phrase wins.
func (g *gazetteer) find(text string) []mention {
	at := words.FindAllStringIndex(text, -1)
	var found []mention
	for i := 0; i < len(at); {
		n := min(maxPhrase, len(at)-i)
		for ; n > 0; n-- {
			phrase := strings.ReplaceAll(text[at[i][0]:at[i+n-1][1]], "’", "'")
			if g.fold {
				phrase = strings.ToLower(phrase)
			}
			// A language is no country: "Russian-speaking".
			if p, ok := g.phrases[phrase]; ok && !strings.HasPrefix(text[at[i+n-1][1]:], "-speaking") {
				found = append(found, mention{p, at[i][0]})
				break
			}
		}
		i += max(n, 1)
	}
	return found
}
