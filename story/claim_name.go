package story

import (
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// names finds the names that the lexicon has.
func (r *reading) names(s *sentence) {
	for i := s.first; i < s.last; {
		e, n := r.find(&r.lexicon.names, i, s.last-i)
		if n == 0 || !r.free(i, i+n) || r.within(i, i+n) {
			i++
			continue
		}
		entry := &r.lexicon.entries[e]
		if !r.meant(s, entry, i, i+n) {
			i++
			continue
		}
		if entry.care == inContext {
			if r.said == nil {
				r.said = map[int]bool{}
			}
			r.said[e] = true
		}
		c := r.resolve(s, entry, i, i+n)
		r.take(i, i+n, c)
		if last := len(r.claims) - 1; c.Kind == Technique && r.model != nil && (!capitalised(r.exact(i+n-1)) || len(c.Refs) > 1) {
			r.common = append(r.common, r.claims[last])
			r.claims = r.claims[:last]
		}
		i += n
	}
}

// aliases finds the names in lists of other names ("also known as Waterbug, Snake and KRYPTON"): a list says that
// each of its entries is one, be it a common word.
func (r *reading) aliases(s *sentence) {
	for _, m := range aliasWords.FindAllStringIndex(r.text[s.Start:s.End], -1) {
		at := r.wordAt(s.Start + m[1])
		for i := at; i < s.last && i-at < maxAliasWords; {
			if i > at && !isOneOf(strings.Trim(r.between(i), " \n\"'“”‘’"), []string{"", ",", "/", "-", "("}) {
				break
			}
			if w := r.word(i); w == "and" || w == "or" || w == "by" || w == "the" {
				i++
				continue
			}
			if !capitalised(r.exact(i)) {
				break
			}
			if e, n := r.find(&r.lexicon.names, i, s.last-i); n > 0 && r.free(i, i+n) && !r.within(i, i+n) && r.lexicon.actorOrMalware(e) {
				c := r.resolve(s, &r.lexicon.entries[e], i, i+n)
				if actors := keep(r.lexicon.entries[e].meanings, func(k Kind) bool { return k == Actor }); len(actors) > 0 && !r.nearProgram(s, at, at) {
					c = claimOf(actors, r.lexicon.entries[e].written)
				}
				r.take(i, i+n, c)
				i += n
				continue
			}
			i++
		}
	}
}

// aliasWords come before lists of other names of an actor.
var aliasWords = regexp.MustCompile(`(?i)\b(?:also known as|also tracked as|also called|also referred to as|a\.?k\.?a\.?|aliases include|previously known as|formerly known as)(?:\s|$)`)

// maxAliasWords bounds a list; the longest have a dozen names of two words.
const maxAliasWords = 40

// actorOrMalware tells whether an entry is the name of an actor or of malware.
func (l *Lexicon) actorOrMalware(e int) bool {
	return slices.ContainsFunc(l.entries[e].meanings, func(m meaning) bool { return m.kind == Actor || m.kind == Malware })
}

// confirmed finds the other mentions of common words that the report has said to be names: HAFNIUM is the actor
// where it is "a group called Hafnium", and so it is in the next sentence.
func (r *reading) confirmed(s *sentence) {
	for i := s.first; i < s.last; {
		e, n := r.find(&r.lexicon.names, i, s.last-i)
		entry := r.said[e]
		if n == 0 || !entry || !r.free(i, i+n) || r.within(i, i+n) || !capitalised(r.exact(i)) || i == s.first && r.small[r.word(i)] || r.inName(s, i, i+n) {
			i++
			continue
		}
		r.take(i, i+n, r.resolve(s, &r.lexicon.entries[e], i, i+n))
		i += n
	}
}

// inName tells whether a word with a capital stands right beside the words from a to b: "Fancy Lazarus" is not Lazarus.
func (r *reading) inName(s *sentence, a, b int) bool {
	return a > s.first+1 && r.between(a) == " " && r.free(a-1, a) && capitalised(r.exact(a-1)) || b < s.last && r.between(b) == " " && r.free(b, b+1) && capitalised(r.exact(b))
}

// within tells whether the words from a to b are a part of something that is no name: of a path, of a
// host, of a variable.
func (r *reading) within(a, b int) bool {
	start, end := r.tokens[a].start, r.tokens[b-1].end
	if start > 0 {
		switch c := r.text[start-1]; c {
		case '\\', '@', '_', '%', '.':
			if c != '.' || start > 1 && wordRune(r.text[start-2:]) > 0 {
				return true
			}
		case '/':
			// "http://turla", "../turla", "/owa/auth", but not "PlugX/Turla"
			return start == 1 || !isLetterOrDigit(r.text[start-2]) && r.text[start-2] < utf8.RuneSelf || strings.HasSuffix(r.text[:start-1], "“")
		}
	}
	if end+1 < len(r.text) {
		switch r.text[end] {
		case '\\', '@', '_', '%':
			return wordRune(r.text[end+1:]) > 0
		case '.':
			// "turla.example", but not the end of a sentence and not "net.exe"
			return isLower(r.text[end+1]) && !strings.HasPrefix(r.lower[end:], ".exe")
		}
	}
	return false
}

// Words that say what the name beside them is.
const (
	malwareWords = ` malware ransomware backdoor backdoors trojan trojans rat rats loader loaders stealer infostealer worm wiper botnet implant implants rootkit spyware downloader dropper payload payloads ` +
		`webshell shell keylogger banker bootkit miner variant variants family strain strains sample samples infection infections bot toolkit toolset skimmer cryptominer beacon shellcode module plugin stager suite `
	actorWords = ` group groups actor actors apt gang hackers team cluster clusters collective adversary adversaries operators operator crew threat intruders campaign campaigns operation spies syndicate affiliates affiliate subgroup subgroups outfit `
	toolWords  = ` tool tools framework frameworks utility utilities command commands program binary executable software scanner script scripts exe powershell `
)

// meant tells whether the words from a to b are meant as the name of an entry.
func (r *reading) meant(s *sentence, e *entry, a, b int) bool {
	first := r.exact(a)
	switch e.care {
	case certain:
		return true
	case asName:
		return capitalised(first) || first == e.written || r.beside(s, a, b, malwareWords+actorWords+toolWords)
	case asTitle:
		return capitalised(first) && capitalised(r.exact(b-1))
	case asCommand:
		end := r.tokens[b-1].end
		if strings.HasPrefix(r.lower[end:], ".exe") {
			return true
		}
		quoted := r.tokens[a].start > 0 && strings.ContainsRune("`\"'“", rune(r.text[r.tokens[a].start-1]))
		return b < s.last && isOneOfWords(" command utility tool ", r.word(b)) || quoted && b < s.last && r.word(b) != "and"
	}
	if !capitalised(first) && first != e.written {
		return false
	}
	words := ""
	for _, m := range e.meanings {
		switch m.kind {
		case Actor:
			words += actorWords
		case Malware:
			words += malwareWords
		case Tool:
			words += toolWords + malwareWords
		}
	}
	// Between commas of a list of names, others speak for it.
	return r.beside(s, a, b, words) || innerCapital(first) || allCaps(e.written) && len(e.written) > 4 && first == e.written
}

// beside tells whether one of the words stands right before or behind the words from a to b.
func (r *reading) beside(s *sentence, a, b int, words string) bool {
	has := func(i int) bool {
		return i >= s.first && i < s.last && isOneOfWords(words, r.word(i))
	}
	if b < s.last && strings.ContainsAny(r.between(b), ".;:)") {
		return has(a - 1)
	}
	return has(a-1) || has(b) || has(b+1) && b+1 < s.last && r.between(b+1) == " " && !isOneOfWords(" and or of the in to with ", r.word(b))
}

// resolve makes a claim of a name. If it may be an actor or a program, what stands beside it
// decides; if nothing does, everything that it stands for is kept.
func (r *reading) resolve(s *sentence, e *entry, a, b int) Claim {
	meanings := e.meanings
	if several(meanings) {
		switch actor, program := r.beside(s, a, b, actorWords), r.nearProgram(s, a, b); {
		case program && !actor:
			meanings = keep(meanings, func(k Kind) bool { return k != Actor })
		case actor && !program:
			meanings = keep(meanings, func(k Kind) bool { return k == Actor })
		}
	}
	return claimOf(meanings, e.written)
}

// claimOf makes a claim of what a name stands for.
func claimOf(meanings []meaning, written string) Claim {
	first := meanings[max(slices.IndexFunc(meanings, func(m meaning) bool { return m.ref != "" }), 0)]
	c := Claim{Kind: first.kind, Name: first.name, How: named}
	if c.Kind != Technique && len(meanings) > 1 {
		c.Name = usual(meanings, written)
	}
	for _, m := range meanings {
		if m.ref != "" {
			c.Refs = append(c.Refs, m.ref)
		}
	}
	for _, m := range meanings {
		if m.ref == "" && len(meanings) > 1 {
			c.Refs = append(c.Refs, "other:"+m.name)
		}
	}
	if c.Kind == Malware || c.Kind == Tool {
		c.Role = "used"
	}
	return c
}

// usual is the name to show for several meanings: that of the first that is called as written, what all
// of them are called, or else the name as written.
func usual(meanings []meaning, written string) string {
	for _, m := range meanings {
		if key(m.name) == key(written) {
			return m.name
		}
	}
	for _, m := range meanings[1:] {
		if key(m.name) != key(meanings[0].name) {
			return written
		}
	}
	return meanings[0].name
}

// several tells whether a name may be an actor and a program.
func several(meanings []meaning) bool {
	actor, program := false, false
	for _, m := range meanings {
		actor = actor || m.kind == Actor
		program = program || m.kind == Malware || m.kind == Tool
	}
	return actor && program
}

func keep(meanings []meaning, is func(Kind) bool) []meaning {
	var kept []meaning
	for _, m := range meanings {
		if is(m.kind) {
			kept = append(kept, m)
		}
	}
	return kept
}

// nearProgram tells whether the sentence speaks of programs near the words from a to b: "two Gh0st RAT
// variants called A and B".
func (r *reading) nearProgram(s *sentence, a, b int) bool {
	for i := max(s.first, a-7); i < min(s.last, b+3); i++ {
		if (i < a || i >= b) && isOneOfWords(malwareWords, r.word(i)) {
			return true
		}
	}
	return false
}
