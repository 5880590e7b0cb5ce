package story

import (
	"regexp"
	"strings"
)

// assessmentWords say how sure somebody is, or whose work it is thought to be; the first group names it.
var assessmentWords = regexp.MustCompile(`(?i)\b(?:(?:(?:state|nation[- ]state|government)[- ](?:backed|sponsored|aligned|affiliated|linked|supported|directed))|(?:with )?(?:high|medium|moderate|low)(?:[- ]to[- ](?:high|moderate|medium))?[- ]confidence|attribut(?:e|es|ed|ing) (?:\w+ ){0,4}?to|on behalf of|agrees? with the interests of|(?:align|aligns|aligned|consistent|agree) with (?:\w+ ){0,6}?interests of|nexus|(?:we|they|researchers|analysts) assess(?:es)?|highly likely|very likely|almost certain(?:ly)?|unattributed|false flag|(?:is|are|was|were) (?:sponsored|directed|backed|run|supported) by the [A-Z]\w+ (?:government|state|military))\b`)

// assessments finds words that say how sure somebody is.
func (r *reading) assessments(s *sentence) {
	text := r.text[s.Start:s.End]
	for _, m := range assessmentWords.FindAllStringIndex(text, -1) {
		words := strings.Join(strings.Fields(strings.ToLower(text[m[0]:m[1]])), " ")
		r.claims = append(r.claims, Claim{Kind: Assessment, Name: strings.ReplaceAll(words, "- ", "-"), How: pattern, Start: s.Start + m[0], End: s.Start + m[1]})
	}
}

// imperatives are verbs that begin advice.
const imperatives = ` patch apply block enable disable monitor audit restrict update ensure implement review search enforce deploy upgrade change reset remove isolate limit segment require install configure investigate check verify hunt use keep consider rotate revoke turn prioritize maintain train educate log collect avoid take create follow make establish employ add set test scan validate contact report inspect secure harden minimize require ensure mitigation mitigations recommendation recommendations detection `

var adviceWords = regexp.MustCompile(`(?i)\b(?:should|must|ought to|recommends?(?:ed)?(?: that)?|are advised to|is advised to|are urged to|is urged to|advises? \w+ to|urges? \w+ to|we recommend|it is important to|defen[cs]e-in-depth|implementing (?:[\w-]+ ){0,5}(?:controls|measures|safeguards)|adopt(?:ing)? (?:[\w-]+ ){0,4}(?:defen[cs]es|strategy|controls|measures))\b`)

// leastAdvice is how many words advice has that begins with a verb; shorter ones are headings.
const leastAdvice = 4

// advice finds sentences that say what to do; false if this is none.
func (r *reading) advice(s *sentence) bool {
	if s.last-s.first < 3 {
		return false
	}
	imperative := capitalised(r.exact(s.first)) && isOneOfWords(imperatives, r.word(s.first)) && !isOneOfWords(" of is was are and to directory ", r.word(s.first+1)) &&
		s.last-s.first >= leastAdvice && (isOneOfWords(" mitigation mitigations detection recommendation recommendations ", r.word(s.first)) || !capitalised(r.exact(s.first+1)))
	if !imperative && !r.advises(s) {
		return false
	}
	name := r.span(s.first, s.last)
	if len(name) > maxTitle {
		name = strings.ToValidUTF8(name[:maxTitle], "") + "…"
	}
	r.claims = append(r.claims, Claim{Kind: Advice, Name: name, How: pattern, Start: s.Start, End: s.End})
	return true
}

// advises tells whether the sentence has words of advice. "It should be noted" is none.
func (r *reading) advises(s *sentence) bool {
	text := r.text[s.Start:s.End]
	m := adviceWords.FindStringIndex(text)
	return m != nil && !regexpNoted.MatchString(text[m[0]:])
}

var regexpNoted = regexp.MustCompile(`(?i)^(?:should|must) (?:(?:only )?be (?:noted|valid|possible)|give|provide|show|contain|have|also be noted|come as|not be confused)`)
