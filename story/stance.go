package story

import "strings"

// A stance is how something is said.
type stance struct {
	negated, hedged bool
}

// clauseBreaks are what ends the reach of "not" and "may", as words with what stands before them.
var clauseBreaks = [...]string{"but", "although", "though", "while", "whereas", "however", "yet", "because", "unless"}

// subjects after ", and" begin a clause of their own.
var subjects = [...]string{"they", "it", "the", "he", "she", "its", "their", "these", "this", "that", "we", "some", "others"}

// clauses are the tokens at which clauses of a sentence start, the first included.
func (r *reading) clauses(s *sentence) []int {
	starts := r.starts[:0]
	starts = append(starts, s.first)
	for i := s.first + 1; i < s.last; i++ {
		between := r.text[r.tokens[i-1].end:r.tokens[i].start]
		switch {
		case strings.ContainsAny(between, ";:") || strings.Contains(between, " – ") || strings.Contains(between, "—") || strings.Contains(between, " - "):
			starts = append(starts, i)
		case isOneOf(r.word(i), clauseBreaks[:]), r.word(i) == "such" && i+1 < s.last && r.word(i+1) == "as":
			starts = append(starts, i)
		case strings.Contains(between, ",") && isOneOf(r.word(i), subjects[:]):
			starts = append(starts, i)
		case strings.Contains(between, ",") && r.word(i) == "and" && i+1 < s.last && isOneOf(r.word(i+1), subjects[:]):
			starts = append(starts, i)
		}
	}
	r.starts = starts
	return starts
}

// Reach of words that deny or doubt, in words.
const (
	denies     = 9 // "is not, as some newspapers wrote last week, linked to"
	deniedBy   = 6 // "was, as far as we know, not seen"
	doubtsBack = 8
	replaces   = 4 // "rather than with the"
)

// stance says how the words from a to b of a sentence are said.
func (r *reading) stance(s *sentence, a, b int) stance {
	from, to := s.first, s.last
	for _, start := range r.clauses(s) {
		if start <= a {
			from = start
		} else if start >= b && start < to {
			to = start
		}
	}
	var st stance
	for i := from; i < to; i++ {
		if i >= a && i < b {
			continue
		}
		before := i < a
		switch r.cue(i, s.last) {
		case cueDenial:
			if before && a-i <= denies || !before && i-b < deniedBy && r.verbBetween(b, i) && r.hasWithin(i+1, i+4, s, absence) {
				st.negated = true
			}
		case cueReplaced:
			if before && a-i <= replaces {
				st.negated = true
			}
		case cueDoubt:
			if before || i-b < doubtsBack {
				st.hedged = true
			}
		}
	}
	return st
}

// absence are what "not" behind a name denies of the name itself: "was not seen", and not "is not linked to".
const absence = ` seen found used observed there involved present affected targeted behind responsible deployed detected identified compromised hit active attacked exploited installed `

// verbBetween tells whether what is denied after a name is said of it: "was not seen".
func (r *reading) verbBetween(from, to int) bool {
	for i := from; i <= to; i++ {
		switch r.word(i) {
		case "is", "are", "was", "were", "has", "have", "had", "did", "does", "do", "can", "could", "been", "isn", "wasn", "weren", "didn", "doesn", "hasn", "cannot":
			return true
		}
	}
	return false
}

type cue uint8

const (
	cueNone cue = iota
	cueDenial
	cueReplaced // "rather than", which denies the next thing only
	cueDoubt
)

// noDenial are words behind "not" that make it no denial: "not only", "not limited to", "not
// unique to"; or that deny how sure, how hard or how often.
const noDenial = ` only just all least limited exhaustive exclusive exclusively unique uniquely necessarily surprised surprising surprisingly uncommon unusual merely simply necessary sufficient enough clear difficult hard sure say definitively always usually often `

// cue says what the word at i does to what is said around it.
func (r *reading) cue(i, last int) cue {
	next := ""
	if i+1 < last {
		next = r.word(i + 1)
	}
	switch r.word(i) {
	case "stopped":
		if next == "short" {
			return cueDenial
		}
	case "not", "cannot", "never", "neither", "nor", "without", "isn", "wasn", "aren", "weren", "doesn", "didn", "don", "hasn", "haven", "couldn", "nobody", "denied", "denies":
		if isOneOfWords(noDenial, next) || i+2 < last && isOneOfWords(" the be an ", next) && isOneOfWords(noDenial, r.word(i+2)) {
			return cueNone
		}
		return cueDenial
	case "no":
		if next == "doubt" || next == "longer" || next == "later" || next == "less" || next == "matter" {
			return cueNone
		}
		return cueDenial
	case "rather", "instead":
		if next == "than" || next == "of" {
			return cueReplaced
		}
	case "may":
		// "in May 2024" is a month.
		if r.text[r.tokens[i].start] == 'm' {
			return cueDoubt
		}
	case "might", "could", "possibly", "probably", "likely", "unlikely", "suspected", "suspect", "suspects", "potentially", "potential", "perhaps", "maybe",
		"allegedly", "alleged", "reportedly", "apparently", "seemingly", "seems", "seem", "appears", "appear", "believed", "believe", "believes", "presumably", "presumed",
		"purportedly", "tentatively", "expect", "expects", "expected", "unconfirmed", "plausible", "plausibly", "suggests", "suggest", "suggesting":
		return cueDoubt
	case "low", "moderate", "medium":
		if next == "confidence" || next == "to" {
			return cueDoubt
		}
	case "thought", "considered":
		if next == "to" || next == "likely" {
			return cueDoubt
		}
	}
	return cueNone
}

func isOneOf(word string, list []string) bool {
	for _, w := range list {
		if w == word {
			return true
		}
	}
	return false
}

// sayingVerbs report what somebody says.
const sayingVerbs = ` said says say reported reports assessed assesses assess believes believe believed claims claimed wrote writes warned warns told tells ` +
	`noted notes stated states attributes attributed found describes describe described expects expect concludes concluded argues suspects suspect observed confirmed disclosed revealed announced estimates assessing `

// speakers are words for people who say things, in lower case.
const speakers = ` researchers analysts officials experts investigators authorities observers sources journalists `

// speaker is who says a sentence, if it says that somebody other than the author does.
func (r *reading) speaker(s *sentence) string {
	for i := s.first; i < s.last; i++ {
		w := r.word(i)
		if w == "according" && i+2 < s.last && r.word(i+1) == "to" {
			return r.nameFrom(i+2, s.last)
		}
		if i == s.first || capitalised(r.exact(i)) || !isOneOfWords(sayingVerbs, w) { // "United States"
			continue
		}
		if i+1 < s.last && isOneOfWords(" in by as on to at from ", r.word(i+1)) {
			continue // "as described in", "observed by"
		}
		if name := r.nameBefore(i, s.first); name != "" {
			return name
		}
	}
	return ""
}

// nameFrom is the name that starts at a word, up to a comma or a small word.
func (r *reading) nameFrom(at, last int) string {
	end := at
	for i := at; i < last && i-at < maxPhraseWords; i++ {
		if i > at && !joins(r.between(i)) {
			break
		}
		w := r.text[r.tokens[i].start:r.tokens[i].end]
		small := w == "the" || w == "a" || w == "an" || w == "of" || w == "and" || w == "at" || w == "from" || w == "s"
		if !capitalised(w) && !isDigit(w[0]) && !small && !isOneOfWords(speakers, w) {
			break
		}
		if !small {
			end = i + 1
		}
	}
	return r.trimName(at, end)
}

// nameBefore is the name that ends before the word at i, or who is called by what he does.
func (r *reading) nameBefore(i, first int) string {
	for i > first && (r.word(i-1) == "has" || r.word(i-1) == "have" || r.word(i-1) == "also" || r.word(i-1) == "had") {
		i--
	}
	start := i
	for j := i - 1; j >= first && i-j <= maxPhraseWords; j-- {
		if j < i-1 && !joins(r.between(j+1)) || j == i-1 && strings.TrimSpace(r.text[r.tokens[j].end:r.tokens[i].start]) != "" {
			break
		}
		w := r.text[r.tokens[j].start:r.tokens[j].end]
		lower := r.word(j)
		if isOneOfWords(speakers, lower) {
			start = j
			continue
		}
		if lower == "we" || lower == "i" || lower == "it" || lower == "they" || lower == "he" || lower == "she" || lower == "this" || lower == "which" || lower == "who" {
			break
		}
		if capitalised(w) || isDigit(w[0]) {
			start = j
			continue
		}
		if j < i-1 && (lower == "at" || lower == "of" || lower == "the") {
			continue
		}
		break
	}
	if start == i || start == i-1 && isOneOf(r.word(start), subjects[:]) {
		return ""
	}
	return r.trimName(start, i)
}

// noSpeakers begin sentences with a capital letter and say nothing.
const noSpeakers = ` as to first for in on at when while if since then also although however after before once figure table it they we this that these those he she who which there here what how second third finally analysis investigation `

func (r *reading) trimName(from, to int) string {
	for from < to && (isOneOf(r.word(from), []string{"the", "a", "an", "but", "and", "in"}) || isNumber(r.word(from), 1, 4)) {
		from++
	}
	if from >= to || to == from+1 && isOneOfWords(noSpeakers, r.word(from)) {
		return ""
	}
	return strings.Join(strings.Fields(r.text[r.tokens[from].start:r.tokens[to-1].end]), " ")
}
