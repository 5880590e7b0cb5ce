package story

import (
	"regexp"
	"strings"
)

// places finds countries and regions, and says whether victims are there or the intruders.
func (r *reading) places(s *sentence) {
	g := r.gazetteers.places
	for i := s.first; i < s.last; {
		n, e := 0, 0
		if g.small || capitalised(r.exact(i)) {
			e, n = r.find(&g.phrases, i, s.last-i)
		}
		if n == 0 || !r.free(i, i+n) || r.within(i, i+n) || !g.small && !capitalised(r.exact(i+n-1)) && n == 1 || g.caps[e] && !allCaps(r.span(i, i+n)) {
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
		`visant visent visé visés visée visées ciblé ciblés ciblée ciblées ciblant ciblent contre victimes attaqué attaqués attaquée attaquées compromis infiltré piraté استهدفت استهدف تستهدف استهداف ضد ضحايا اختراق اخترقت اخترقوا اخترق باختراق hit hack hacked infiltrate infiltrates infiltrated infiltrating penetrated affected affecting affects impacted impacting infect infected infections organizations organisations entities companies ministries embassies agencies institutions spying spied spies focus focused focuses aimed intrusions intrusion users customers `
	// foreignActors and foreignLinks stand before where somebody comes from in other languages: "pirates chinois".
	foreignActors = ` pirates hackers hackeurs groupe groupes attaquants cyberattaquants cyberespions espions acteur acteurs campagne espionnage cyberespionnage قراصنة القراصنة لقراصنة وقراصنة مجموعة متسللون متسللين المتسللين هاكرز `
	foreignLinks  = ` lié liée liés liées attribué attribuée attribués attribuées soutenu soutenus soutenue affilié affiliés solde profit soutien مرتبطين مرتبطة مدعومة بدعم لصالح صلة المرتبطين المرتبطة `
	// attached join somebody to a place: "linked to", "based in".
	attached = ` aligned linked tied affiliated connected associated located based headquartered operates operate `
	// attacked are those who are attacked, as a rule.
	attacked = ` organization organizations organisation organisations entity entities company companies firm firms ministry ministries agency agencies institution institutions provider providers individuals victims victim servers ` +
		`users customers government governments employees diplomats embassies embassy universities target targets subsidiary subsidiaries office offices bank banks operator's site sites website websites `
	// watching are words before reporters that make them those who tell of intruders.
	reporters = ` firm firms company companies vendor vendors researchers agencies agency authorities officials `
	watching  = ` security cybersecurity cyber intelligence authoring partner antivirus `
)

// services are those of a state that intruders work for, behind its name.
var services = regexp.MustCompile(`^(?:['’]s)?(?: \(\w+\))? (?:Ministry of State Security|People['’]s Liberation Army|military intelligence|intelligence service|Ministry of Intelligence|Revolutionary Guard|Islamic Revolutionary|Main Intelligence|Reconnaissance General|GRU|FSB|SVR|MSS|PLA|IRGC|MOIS)\b`)

// placeRole is "origin" or "victim" if the sentence says so.
func (r *reading) placeRole(s *sentence, a, b int) string {
	if role := r.label(s); role != "" {
		return role
	}
	if i, next := r.behind(s, b); i < s.last {
		if isOneOfWords(backing, r.word(i)) && i+2 < s.last && isOneOfWords(watching, r.word(i+1)) && isOneOfWords(reporters, r.word(i+2)) {
			return "" // "the Kenya-based security firm"
		}
		switch {
		case services.MatchString(r.text[r.tokens[b-1].end:min(len(r.text), r.tokens[b-1].end+40)]), isOneOfWords(backing, r.word(i)) && (next == "-" || next == " "), (next == "'" || next == "’") && r.word(i) == "s" && r.actors[i+1]:
			return "origin"
		case isOneOfWords(watching, r.word(i)) && i+1 < s.last && isOneOfWords(reporters, r.word(i+1)):
			return "" // "the Slovak security firm"
		}
	}
	if r.gazetteers.places.small && r.hasWithin(a-4, a, s, " intérêt intérêts ") {
		return ""
	}
	if r.gazetteers.places.small && (r.hasWithin(a-4, a, s, foreignActors) || r.hasWithin(a-6, a, s, foreignLinks)) {
		return "origin"
	}
	if r.theirInterests(s, a, b) {
		return "origin"
	}
	if r.intruders(s, a, b) {
		return "origin"
	}
	clause := s.first
	for _, start := range r.clauses(s) {
		if start <= a {
			clause = start
		}
	}
	for i := a - 1; i >= s.first && a-i < 12; i-- {
		w := r.word(i)
		switch {
		case w == "interest" && i >= a-3 && isOneOfWords(" to of for ", r.word(i+1)):
			return ""
		case i >= clause && isOneOfWords(attached, w) && i+1 < a && isOneOfWords(" to with in out from ", r.word(i+1)):
			if role := r.whose(s, i); role != "" {
				return role
			}
		case i >= clause && isOneOfWords(behalf, w) && !(w == "directed" && r.word(i+1) == "at"):
			return "origin"
		case r.aims(s, i):
			return "victim"
		case isOneOfWords(" campaign campaigns operation operations ", w) && i+1 < a && isOneOfWords(" across against throughout targeting ", r.word(i+1)):
			return "victim"
		}
	}
	for i := s.first; i < a; i++ {
		if r.aims(s, i) {
			return "victim"
		}
	}
	return ""
}

// label is the role that the first words of a line give all places in it: "Countries: Togo, Ghana", "Origin: Iran".
func (r *reading) label(s *sentence) string {
	for i := s.first; i < min(s.first+4, s.last-1); i++ {
		if !strings.ContainsAny(r.text[r.tokens[i].end:r.tokens[i+1].start], ":\t\n") {
			continue
		}
		switch w := r.word(i); {
		case isOneOfWords(" countries regions geographies victims targets targeting sectors industries verticals victimology ", w), w == "country" && i > s.first && isOneOfWords(" target targeted victim affected ", r.word(i-1)):
			return "victim"
		case i-s.first < 3 && isOneOfWords(" country origin sponsor nexus attribution ", w):
			return "origin"
		}
		return ""
	}
	return ""
}

// behind is the word behind a place, and what stands before it; an abbreviation in brackets is passed over:
// "People's Republic of China (PRC) state-sponsored".
func (r *reading) behind(s *sentence, b int) (int, string) {
	if b < s.last && strings.HasSuffix(r.between(b), "(") && b+1 < s.last && strings.HasPrefix(r.between(b+1), ")") && allCaps(r.exact(b)) {
		b++
	}
	if b >= s.last {
		return b, ""
	}
	return b, strings.TrimPrefix(r.between(b), ")")
}

// theirInterests tells whether a place's interests are what somebody serves: "aligns with Chinese interests", and
// not "targets Chinese interests".
func (r *reading) theirInterests(s *sentence, a, b int) bool {
	if a > s.first && (strings.HasPrefix(r.word(a-1), "target") || strings.HasPrefix(r.word(a-1), "attack") || r.word(a-1) == "against") {
		return false
	}
	for i := b; i < min(b+7, s.last); i++ {
		if strings.ContainsAny(r.between(i), ",;:.") {
			return false
		}
		if w := r.word(i); isOneOfWords(" interests objectives priorities agenda goals ambitions ", w) || w == "interest" && i > b {
			return true
		}
	}
	return false
}

// intruders tells whether a place says where intruders come from: "Chinese state hackers".
func (r *reading) intruders(s *sentence, a, b int) bool {
	if isOneOfWords(actorWords, r.word(max(a-1, s.first))) {
		return false
	}
	for i := b; i < min(b+4, s.last); i++ {
		w := r.word(i)
		if strings.ContainsAny(r.between(i), ",;:.") || isOneOfWords(" to from by with for against of in on at has have had were was is are who which said nation country governments ministry ministries embassy officials organizations entities companies ", w) {
			return false
		}
		if isOneOfWords(actorWords+" hackers spies espionage apt cyberspies ", w) {
			return true
		}
	}
	return false
}

// whose tells whether those who are linked to a place, or based there, are intruders or victims: the nearest word
// before says it.
func (r *reading) whose(s *sentence, at int) string {
	for i := at - 1; i >= s.first && at-i < 10; i-- {
		switch w := r.word(i); {
		case isOneOfWords(attacked, w):
			return "victim"
		case isOneOfWords(actorWords+" hackers attackers intruders apt ", w), r.actors[i]:
			return "origin"
		}
	}
	return ""
}

// aims tells whether a word says whom somebody is after. "Security agencies" are after nobody.
func (r *reading) aims(s *sentence, i int) bool {
	return isOneOfWords(targeting, r.word(i)) && !(i > s.first && isOneOfWords(watching, r.word(i-1)))
}
