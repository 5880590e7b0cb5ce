package story

import (
	_ "embed"
	"strings"
	"sync"
)

//go:embed trades.txt
var tradesFile string

//go:embed systems.txt
var systemsFile string

var (
	tradeNames  = sync.OnceValue(func() *gazetteer { return readGazetteer(tradesFile) })
	systemNames = sync.OnceValue(func() *gazetteer { return readGazetteer(systemsFile) })
)

// sectorWords make a sector of the word before them: "energy companies".
const sectorWords = ` sector sectors industry industries companies company organizations organization organisations organisation entities firms firm institutions providers operators agencies contractors suppliers verticals vertical customers ` +
	`victims targets corporations enterprises businesses providers networks employees personnel `

// trades finds the sectors of victims. A word alone ("energy", "medical") is one if the sentence
// speaks of victims or the next word says so.
func (r *reading) trades(s *sentence) {
	g := tradeNames()
	victims := r.has(s, targeting)
	for i := s.first; i < s.last; {
		e, n := r.find(&g.phrases, i, s.last-i)
		if n == 0 || !r.free(i, i+n) || r.within(i, i+n) {
			i++
			continue
		}
		followed := i+n < s.last && r.between(i+n) == " " && strings.Contains(sectorWords, " "+r.word(i+n)+" ")
		if n == 1 && !followed && !victims {
			i++
			continue
		}
		role := ""
		if victims {
			role = "victim"
		}
		r.take(i, i+n, Claim{Kind: Sector, Name: g.names[e], How: named, Role: role})
		i += n
	}
}

// has tells whether the sentence has one of the words.
func (r *reading) has(s *sentence, words string) bool {
	for i := s.first; i < s.last; i++ {
		if strings.Contains(words, " "+r.word(i)+" ") {
			return true
		}
	}
	return false
}

// systems finds kinds of systems: "email servers", "Exchange".
func (r *reading) systems(s *sentence) {
	g := systemNames()
	for i := s.first; i < s.last; {
		e, n := r.find(&g.phrases, i, s.last-i)
		if n == 0 || !r.free(i, i+n) || r.within(i, i+n) {
			i++
			continue
		}
		// "exchange" is a product with a capital letter, and else a word.
		if first := r.exact(i); n == 1 && strings.Contains(" exchange oracle access edge ", " "+r.word(i)+" ") && (!capitalised(first) || i == s.first) {
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
	dataNouns = ` correspondence email emails mail mails mailbox mailboxes inbox inboxes credentials credential passwords password documents document files intelligence information records communications messages cables contacts ` +
		`secrets property code plans data database databases tables logs keys certificates backups `
	dataAdjectives = ` diplomatic political military defence defense economic geopolitical sensitive confidential classified personal customer financial medical health government secret strategic internal ` +
		`intellectual source trade business private email e mail payment card login user account bank banking call detail geolocation biometric browser contact address phone text employee company corporate proprietary official state foreign research technical scientific policy stored saved session ` +
		`database system host network keystroke encryption signing patient citizen voter passport travel `
	emptyNouns = ` data information files database databases tables logs keys code plans property documents certificates backups mail mails contacts intelligence records messages communications `
)

// data finds what kinds of data are sought: a word for data with what says which, in a sentence that
// speaks of collecting.
func (r *reading) data(s *sentence) {
	if !r.has(s, seeking) {
		return
	}
	for i := s.first; i < s.last; i++ {
		if !strings.Contains(dataNouns, " "+r.word(i)+" ") || !r.free(i, i+1) {
			continue
		}
		a := i
		for a > s.first && r.free(a-1, a) && strings.Contains(dataAdjectives+dataNouns, " "+r.word(a-1)+" ") && (r.between(a) == " " || r.between(a) == "-" || r.between(a) == "\n") {
			a--
		}
		if i+1 < s.last && r.between(i+1) == " " && strings.Contains(dataNouns+" servers server ", " "+r.word(i+1)+" ") {
			continue // "email records", "database servers"
		}
		if a == i && strings.Contains(emptyNouns, " "+r.word(i)+" ") {
			continue
		}
		r.take(a, i+1, Claim{Kind: Data, Name: strings.ToLower(r.span(a, i+1)), How: pattern, Role: "sought"})
	}
}
