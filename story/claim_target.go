package story

import "strings"

// Words behind the name of a sector: those that belong to it ("energy sector"), and those that only say
// that it is one ("energy organizations").
const (
	sectorNames = ` sector industry industries company companies firms vertical `
	sectorWords = ` sectors organization organization's organizations organisation organisations entities firm institutions providers provider operators operator agencies contractors contractor suppliers ` +
		`verticals customers victims targets corporations enterprises businesses networks employees personnel sites site platforms platform websites stores sector-specific professionals workers `
)

// trades finds the sectors of victims. One word alone ("energy", "medical") is one if the next word says so,
// if it stands in a list of sectors, or if a word for victims stands before it.
func (r *reading) trades(s *sentence) {
	var found []trade
	g := r.gazetteers.trades
	for i := s.first; i < s.last; {
		e, n := r.find(&g.phrases, i, s.last-i)
		if n == 0 || !r.free(i, i+n) || r.within(i, i+n) || g.caps[e] && !allCaps(r.exact(i)) || r.ofState(s, g.names[e], i) {
			i++
			continue
		}
		if g.caps[e] && i+n < s.last && isOneOfWords(" networks network environments environment systems infrastructure assets staff team teams department administrators admins security support ", r.word(i+n)) {
			i += n // "IT networks" are anybody's
			continue
		}
		t := trade{first: i, last: i + n, name: g.names[e]}
		t.sure = (n > 1 || g.small) && !isOneOf(t.name, vague)
		if t.last < s.last && r.between(t.last) == " " {
			switch next := r.word(t.last); {
			case isOneOfWords(sectorNames, next):
				t.last++
				t.sure = true
			case isOneOfWords(sectorWords, next):
				t.sure = true
			}
		}
		if t.last+1 < s.last && isOneOfWords(" in across throughout ", r.word(t.last)) && r.taken[t.last+1] {
			t.sure, t.placed = true, true // "ministries in Togo"
		}
		found = append(found, t)
		i = t.last
	}
	for n := range found {
		t := &found[n]
		beside := n > 0 && r.listed(found[n-1].last, t.first) || n+1 < len(found) && r.listed(t.last, found[n+1].first)
		victim := r.hasWithin(t.first-maxBefore, t.first, s, targeting)
		if !t.sure && !beside && !victim {
			continue
		}
		c := Claim{Kind: Sector, Name: t.name, How: named}
		if victim || t.placed || r.targets(s) || r.label(s) == "victim" {
			c.Role = "victim"
		}
		r.take(t.first, t.last, c)
	}
}

// targets tells whether a sentence speaks of somebody who is attacked.
func (r *reading) targets(s *sentence) bool {
	for i := s.first; i < s.last; i++ {
		if r.aims(s, i) {
			return true
		}
	}
	return false
}

// vague are sectors whose names of several words are used of other things, too.
var vague = []string{"civil society", "law enforcement", "research", "technology", "water", "media", "cryptocurrency"}

// maxBefore is how many words before a sector "targets" may stand.
const maxBefore = 7

// A trade is a sector, or a word that may mean one.
type trade struct {
	first, last int // words
	name        string
	sure        bool
	placed      bool // somewhere
}

// ofState tells whether a word means a state as such and no victim: "the Iranian government".
func (r *reading) ofState(s *sentence, name string, i int) bool {
	if name != "government" && name != "law enforcement" && name != "military" {
		return false
	}
	return i > s.first && r.taken[i-1] && capitalised(r.exact(i-1)) || i+1 < s.last && r.word(i+1) == "officials"
}

// listed tells whether only a comma or "and" stand between the words before a and from b on.
func (r *reading) listed(a, b int) bool {
	switch b - a {
	case 0:
		return isOneOf(strings.TrimSpace(r.between(b)), []string{",", "/", ""}) // "aerospace defense contractor"
	case 1:
		return r.word(a) == "and" || r.word(a) == "or" || r.word(a) == "the" && r.between(a) == ", "
	}
	return b-a == 2 && isOneOfWords(" and or ", r.word(a)) && r.word(a+1) == "the"
}

// hasWithin tells whether one of the words from a to b of a sentence is among words.
func (r *reading) hasWithin(a, b int, s *sentence, words string) bool {
	for i := max(a, s.first); i < min(b, s.last); i++ {
		if isOneOfWords(words, r.word(i)) {
			return true
		}
	}
	return false
}

// has tells whether the sentence has one of the words.
func (r *reading) has(s *sentence, words string) bool {
	return r.hasWithin(s.first, s.last, s, words)
}

// systems finds kinds of systems: "email servers", "Exchange".
func (r *reading) systems(s *sentence) {
	g := r.gazetteers.systems
	for i := s.first; i < s.last; {
		e, n := r.find(&g.phrases, i, s.last-i)
		if n == 0 || !r.free(i, i+n) || r.within(i, i+n) {
			i++
			continue
		}
		// "exchange" is a product with a capital letter, and else a word.
		if first := r.exact(i); n == 1 && isOneOfWords(" exchange oracle access edge ", r.word(i)) && (!capitalised(first) || i == s.first) {
			i++
			continue
		}
		role := ""
		if r.has(s, targeting+" breaks exploit exploits exploited goes go against planted installed into for ") {
			role = "victim"
		}
		r.take(i, i+n, Claim{Kind: System, Name: g.names[e], How: named, Role: role})
		i += n
	}
}

// Words of collecting, and what is collected.
const (
	seeking = ` steal steals stole stolen stealing theft exfiltrate exfiltrates exfiltrated exfiltrating exfiltration collect collects collected collecting collection gather gathers gathered gathering ` +
		`search searched searches searching export exported exports harvest harvested harvesting seek seeks sought seeking look looks looking interested interest siphon siphoned obtain obtained fetched read reads reading ` +
		`extract extracted extracting access accessed copied copy dump dumped leak leaked after sends sent read reading monitor monitored intercept intercepted `
	dataNouns = ` correspondence emails mails mailboxes inboxes credentials passwords documents files intelligence information records communications messages cables contacts ` +
		`secrets property code plans data database databases tables logs keys certificates backups `
	dataAdjectives = ` diplomatic political military defence defense economic geopolitical sensitive confidential classified personal customer financial medical health government secret strategic internal ` +
		`intellectual source trade business private email e mail payment card login user account bank banking call detail geolocation biometric browser contact address phone text employee company corporate proprietary official state foreign research technical scientific policy stored saved session ` +
		`database system host network keystroke encryption signing patient citizen voter passport travel `
	emptyNouns = ` data information files database databases tables logs keys code plans property documents certificates backups mail mails contacts intelligence records messages communications `
)

// data finds what kinds of data are sought: a word for data with what says which, in a sentence that
// speaks of collecting.
func (r *reading) data(s *sentence) {
	if s.last-s.first < leastWords || !r.has(s, seeking) {
		return
	}
	for i := s.first; i < s.last; i++ {
		if !isOneOfWords(dataNouns, r.word(i)) || !r.free(i, i+1) {
			continue
		}
		a := i
		for a > s.first && r.free(a-1, a) && isOneOfWords(dataAdjectives+dataNouns, r.word(a-1)) && (r.between(a) == " " || r.between(a) == "-" || r.between(a) == "\n") {
			a--
		}
		if i+1 < s.last && r.between(i+1) == " " && isOneOfWords(dataNouns+" servers server ", r.word(i+1)) {
			continue // "email records", "database servers"
		}
		if a == i && isOneOfWords(emptyNouns, r.word(i)) {
			continue
		}
		r.take(a, i+1, Claim{Kind: Data, Name: strings.ToLower(r.span(a, i+1)), How: pattern, Role: "sought"})
	}
}
