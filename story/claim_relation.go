package story

import (
	"regexp"
	"slices"
	"sort"
	"strings"
)

// links are ways of saying that two things have to do with each other.
var links = []struct {
	name  string
	words *regexp.Regexp
}{
	{"shares infrastructure with", regexp.MustCompile(`(?i)\b(?:shar(?:es?|ed|ing) (?:\w+ ){0,3}?infrastructure|shared infrastructure|infrastructure (?:\w+ ){0,3}?(?:shared|overlaps?))\b`)},
	{"shares tools with", regexp.MustCompile(`(?i)\bshar(?:es?|ed|ing) (?:\w+ ){0,3}?(?:tools?|tooling|malware|code)\b`)},
	{"overlaps with", regexp.MustCompile(`(?i)\boverlap(?:s|ped|ping)? (?:\w+ ){0,3}?with\b`)},
	{"linked to", regexp.MustCompile(`(?i)\b(?:links?|linked|tied|ties|associated|affiliated) (?:to|with)\b`)},
	{"connected to", regexp.MustCompile(`(?i)\b(?:connected|related|connections?) (?:to|with)\b`)},
	{"part of", regexp.MustCompile(`(?i)\b(?:sub-?group of|subset of|part of|offshoot of|successor (?:of|to)|spin-?off of)\b`)},
	{"attributed to", regexp.MustCompile(`(?i)\b(?:attributed to|attribut(?:es?|ed|ing) (?:[\w'’-]+ ){1,6}?to)\b`)},
	{"also known as", regexp.MustCompile(`(?i)\b(?:also known as|also tracked as|also called|also referred to as|tracked as|followed as|a\.?k\.?a\.?|became known as|previously known as|formerly known as|known as)(?:\s|$)`)},
}

// maxCountry is how far behind "attributed to" a country stands that is meant.
const maxCountry = 40

// maxLink is how far behind the words of a link its objects stand.
const maxLink = 300

// relations finds what is said to have to do with what. Objects are the actors, programs and countries
// named behind the words of a link; the subject is the actor before it, or the one that the
// story is about, if a word like "it" or "the group" stands there.
func (r *reading) relations() {
	main := r.main()
	slices.SortStableFunc(r.claims, func(a, b Claim) int { return a.Start - b.Start })
	all := r.claims
	for i := range r.sentences {
		s := &r.sentences[i]
		text := r.text[s.Start:s.End]
		inSentence := all[sort.Search(len(all), func(i int) bool { return all[i].Start >= s.Start }):]
		inSentence = inSentence[:sort.Search(len(inSentence), func(i int) bool { return inSentence[i].Start >= s.End })]
		r.latter = r.before(s, all)
		end := 0 // of the words of the link before: "infrastructure overlaps with" says one thing
		for _, l := range links {
			for _, m := range l.words.FindAllStringIndex(text, -1) {
				if l.name == "overlaps with" && m[0] < end {
					continue
				}
				if l.name == "shares infrastructure with" {
					end = m[1]
				}
				r.relation(s, inSentence, l.name, s.Start+m[0], s.Start+m[1], main)
			}
		}
	}
	r.sameActors()
}

// before is the actor named last before a sentence that begins with "the latter", else "".
func (r *reading) before(s *sentence, claims []Claim) string {
	if s.last-s.first < 2 || r.word(s.first) != "the" || r.word(s.first+1) != "latter" {
		return ""
	}
	for i := sort.Search(len(claims), func(i int) bool { return claims[i].Start >= s.Start }) - 1; i >= 0; i-- {
		if claims[i].Kind == Actor {
			return claims[i].Name
		}
	}
	return ""
}

// sameActors takes the story's word for it that two names mean one actor, where nothing graded knows better:
// "Paper Crane, also known as UNC99999" makes one actor and not two.
func (r *reading) sameActors() {
	refs := map[string][]string{}
	for i := range r.claims {
		if c := &r.claims[i]; c.Kind == Actor && len(c.Refs) > 0 {
			refs[c.Name] = c.Refs
		}
	}
	same := map[string]string{}
	for i := range r.claims {
		c := &r.claims[i]
		if c.Kind == Relation && c.Name == "also known as" && refs[c.Subject] != nil && r.plainlySaid(c) {
			same[key(c.Object)] = c.Subject
		}
	}
	for i := range r.claims {
		c := &r.claims[i]
		if c.Kind != Actor || !ungraded(c) {
			continue
		}
		if subject := same[key(r.text[c.Start:c.End])]; subject != "" && subject != c.Name {
			c.Name, c.Refs, c.New = subject, refs[subject], false
		}
	}
}

// plainlySaid tells whether the words of a relation are neither denied nor doubted.
func (r *reading) plainlySaid(c *Claim) bool {
	n := sort.Search(len(r.sentences), func(n int) bool { return r.sentences[n].End > c.Start })
	if n == len(r.sentences) {
		return false
	}
	return r.stance(&r.sentences[n], r.wordAt(c.Start), r.wordAt(c.End)) == stance{}
}

// ungraded tells whether an actor is new, or known to nothing but the galaxy, whose synonyms several vendors made. What a
// pack has as somebody else stays that.
func ungraded(c *Claim) bool {
	if len(c.Refs) == 0 {
		return c.New
	}
	for _, ref := range c.Refs {
		if !strings.HasPrefix(ref, "misp-galaxy:") {
			return false
		}
	}
	return true
}

// relation adds the claims of one link, whose words stand from a to b, in a sentence with those claims.
func (r *reading) relation(s *sentence, inSentence []Claim, name string, a, b int, main string) {
	if name == "also known as" && r.plural(a) {
		return // "groups known as A and B"
	}
	subject := r.latter
	if subject == "" && r.meansMain(s, a) {
		subject = main
	}
	end := min(s.End, b+maxLink)
	if i := strings.IndexAny(r.text[b:end], ";:"); i >= 0 {
		end = b + i
	}
	var objects []Claim
	for i := range inSentence {
		c := &inSentence[i]
		switch {
		case c.Kind == Actor && c.Start >= s.Start && (c.End <= a || c.Start >= a && c.End <= b):
			subject = c.Name
		case c.Start >= b && c.End <= end && r.joined(c, name, b):
			objects = append(objects, *c)
		}
	}
	if name == "also known as" && len(objects) > 0 && (subject == "" || r.isThing(s, a)) {
		subject = objects[0].Name // "the group known as A, B and C"
	}
	if subject == "" {
		return
	}
	for _, o := range objects {
		if name == "also known as" && o.Kind != Actor || o.Name == subject && name != "also known as" {
			continue
		}
		object := o.Name
		if name == "also known as" {
			if object = r.span(r.wordAt(o.Start), r.wordAt(o.End)); key(object) == key(subject) {
				continue
			}
		}
		r.claims = append(r.claims, Claim{Kind: Relation, Name: name, Subject: subject, Object: object, How: pattern, Start: a, End: o.End})
	}
	if len(objects) > 0 || name == "also known as" || name == "part of" || name == "connected to" || !r.stated(s, a) {
		return
	}
	// "not linked to ransomware": the words up to what ends the phrase.
	object := r.text[b:end]
	if m := objectEnd.FindStringIndex(object); m != nil {
		object = object[:m[0]]
	}
	span := trimSpan(r.text, b, b+len(object))
	if words := strings.Fields(r.text[span.Start:span.End]); len(words) == 0 || len(words) > maxObject {
		return
	}
	r.claims = append(r.claims, Claim{Kind: Relation, Name: name, Subject: subject, Object: strings.Join(strings.Fields(r.text[span.Start:span.End]), " "), How: pattern, Start: a, End: span.End})
}

// joined tells whether a claim behind the words of a link, which end at b, can be its object.
func (r *reading) joined(c *Claim, name string, b int) bool {
	switch c.Kind {
	case Actor:
		return true
	case Malware:
		return name != "part of" && name != "connected to" && name != "attributed to"
	case Country:
		// "linked to attacks on Togo" links nobody to Togo.
		if name != "attributed to" && name != "linked to" || c.Start-b >= maxCountry {
			return false
		}
		for i := r.wordAt(b); i < len(r.tokens) && r.tokens[i].start < c.Start; i++ {
			if !isOneOfWords(" the a an government of people's republic group groups actor actors hackers based in operating from threat state sponsored suspected ", r.word(i)) {
				return false
			}
		}
		return true
	}
	return false
}

// stated tells whether the words of a link at a place are what its sentence states: "is not linked to", and not
// "individuals associated with the entities".
func (r *reading) stated(s *sentence, at int) bool {
	i := r.wordAt(at) - 1
	return i >= s.first && isOneOfWords(" is are was were be been being not never also has have directly publicly formally officially isn wasn aren shares shared share ", r.word(i)) ||
		i+1 < s.last && isOneOfWords(" shares shared share overlaps overlap overlapped ", r.word(i+1))
}

// wordAt is the first word that starts at a place of the text or behind it.
func (r *reading) wordAt(place int) int {
	return sort.Search(len(r.tokens), func(i int) bool { return r.tokens[i].start >= place })
}

// meansMain tells whether a word before a place in its sentence stands for the actor that the story is about.
func (r *reading) meansMain(s *sentence, at int) bool {
	for i := s.first; i < s.last && r.tokens[i].start < at; i++ {
		if isOneOfWords(" it its they their group group's actor actors operators intruders hackers attackers researchers ", r.word(i)) {
			return true
		}
	}
	return false
}

// isThing tells whether the word before a place is what is called something there: "the group known as".
func (r *reading) isThing(s *sentence, at int) bool {
	i := r.wordAt(at) - 1
	return i >= s.first && isOneOfWords(actorWords, r.word(i)) && r.between(i+1) == " " && r.free(i, i+1)
}

// plural tells whether the word before a place speaks of several actors or programs.
func (r *reading) plural(at int) bool {
	i := sort.Search(len(r.tokens), func(i int) bool { return r.tokens[i].end > at })
	return i > 0 && isOneOf(r.word(i-1), []string{"groups", "actors", "clusters", "families", "variants", "tools", "others"})
}

// objectEnd ends an object that is no name; the stops of "U.S." do not.
var objectEnd = regexp.MustCompile(`[,()]|\.(?:\s|$)`)

// maxObject is how many words an object has that is no name.
const maxObject = 5

// main is the actor that the story is about: the one named most, of several the first.
func (r *reading) main() string {
	counts := map[string]int{}
	best := ""
	for i := range r.claims {
		c := &r.claims[i]
		if c.Kind != Actor {
			continue
		}
		if counts[c.Name]++; counts[c.Name] > counts[best] {
			best = c.Name
		}
	}
	return best
}
