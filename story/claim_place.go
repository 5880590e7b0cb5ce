package story

import (
	_ "embed"
	"strings"
	"sync"
)

//go:embed places.txt
var placesFile string

// A gazetteer gives each of many phrases one name.
type gazetteer struct {
	phrases
	names []string
	// caps are the entries that must be written in capitals: "US".
	caps map[int]bool
}

// readGazetteer reads lines of "name: phrase, phrase"; # begins a comment.
func readGazetteer(file string) *gazetteer {
	g := &gazetteer{phrases: newPhrases(), caps: map[int]bool{}}
	for line := range strings.Lines(file) {
		name, list, ok := strings.Cut(strings.TrimSpace(line), ": ")
		if !ok || strings.HasPrefix(line, "#") {
			continue
		}
		for phrase := range strings.SplitSeq(list, ", ") {
			caps := strings.HasPrefix(phrase, "=")
			if caps {
				g.caps[len(g.names)] = true
			}
			g.add(strings.TrimPrefix(phrase, "="), len(g.names))
			g.names = append(g.names, name)
		}
	}
	return g
}

var placeNames = sync.OnceValue(func() *gazetteer { return readGazetteer(placesFile) })

// places finds countries and regions, and says whether victims are there or the intruders.
func (r *reading) places(s *sentence) {
	g := placeNames()
	for i := s.first; i < s.last; {
		n, e := 0, 0
		if capitalised(r.exact(i)) {
			e, n = r.find(&g.phrases, i, s.last-i)
		}
		if n == 0 || !r.free(i, i+n) || r.within(i, i+n) || !capitalised(r.exact(i+n-1)) && n == 1 || g.caps[e] && !allCaps(r.span(i, i+n)) {
			i++
			continue
		}
		if i+n < s.last && g.caps[e] && strings.HasPrefix(r.text[r.tokens[i+n-1].end:], " $") {
			i += n // a currency
			continue
		}
		name := g.names[e]
		kind := Region
		if len(name) == 2 && allCaps(name) {
			kind = Country
		}
		words := n
		if i+n < s.last && r.between(i+n) == "-" && isOneOfWords(backing, r.word(i+n)) {
			words++ // "Iran-backed"
		}
		r.take(i, i+words, Claim{Kind: kind, Name: name, How: named, Role: r.placeRole(s, i, i+n)})
		if c := &r.claims[len(r.claims)-1]; n > 1 && words == n && c.End < len(r.text) && r.text[c.End] == '.' && r.between(i+1) == "." {
			c.End++ // "U.S."
		}
		i += words
	}
}

// Words that say where somebody comes from, and whom he is after.
const (
	backing   = ` backed sponsored aligned linked nexus based affiliated state speaking connected associated originated language `
	behalf    = ` attributed interests behalf nexus sponsored origin originating originates operating serves serving benefit ties loyal directed government's intelligence `
	targeting = ` target targets targeted targeting victim victims against inside networks attack attacks attacked attacking compromise compromised compromises compromising breach breached ` +
		`hit affected infect infected infections organizations organisations entities companies ministries embassies agencies institutions spying spied spies focus focused focuses aimed intrusions intrusion users customers `
)

// placeRole is "origin" or "victim" if the sentence says so.
func (r *reading) placeRole(s *sentence, a, b int) string {
	for i := b; i < min(b+4, s.last); i++ {
		if i == b && isOneOfWords(backing, r.word(i)) && (r.between(i) == "-" || r.between(i) == " ") {
			return "origin"
		}
		if strings.ContainsAny(r.between(i), ",;:.") {
			break
		}
		if isOneOfWords(actorWords+" hackers spies espionage apt ", r.word(i)) && !isOneOfWords(actorWords, r.word(max(a-1, s.first))) {
			return "origin"
		}
	}
	for i := a - 1; i >= s.first && a-i < 12; i-- {
		w := r.word(i)
		if isOneOfWords(behalf, w) {
			return "origin"
		}
		if isOneOfWords(targeting, w) {
			return "victim"
		}
	}
	for i := s.first; i < a; i++ {
		if isOneOfWords(targeting, r.word(i)) {
			return "victim"
		}
	}
	return ""
}
