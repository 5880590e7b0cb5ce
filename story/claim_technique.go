package story

import (
	"slices"
	"strings"

	"aldebaran/story/technique"
)

const (
	// leastDescribed is the score from which on a sentence is claimed to describe a technique; a plan
	// asks for more.
	leastDescribed = technique.Described
	// leastAgreed is the score that the sentence must have for a technique whose name stands in it as
	// common words: "email addresses" is the name of one, and mostly means no more than it says.
	leastAgreed = 0.3
)

// described looks for techniques that sentences describe without naming them, but for advice, which
// describes what could be done. The same look tells which of the names in small letters are meant.
func (r *reading) described() {
	if r.model == nil {
		return
	}
	for i := range r.sentences {
		s := &r.sentences[i]
		if s.last-s.first < leastWords && (len(r.common) == 0 || r.common[0].Start >= s.End) {
			continue
		}
		scored := r.model.Sentence(r.text[s.Start:s.End])
		r.agree(s, scored)
		if r.isAdvice[i] || r.plainWords(s) < leastWords {
			continue
		}
		for _, t := range technique.Specific(scored) {
			if t.Score < leastDescribed {
				break
			}
			c := Claim{Kind: Technique, Name: t.ID, Refs: []string{t.ID}, How: described, Score: t.Score, Start: s.Start, End: s.End}
			st := r.clauseStance(s, t.ID)
			c.Negated, c.Hedged = st.negated, st.hedged
			r.claims = append(r.claims, c)
		}
	}
}

// leastWords is how many words a sentence has that describes something, names aside.
const leastWords = 4

// plainWords counts the words of a sentence that are no names: a list of names describes nothing.
func (r *reading) plainWords(s *sentence) int {
	n := 0
	for i := s.first; i < s.last; i++ {
		if !r.taken[i] && (i == s.first || !capitalised(r.exact(i))) {
			n++
		}
	}
	return n
}

// agree settles the names of techniques that are common words, and those of several techniques: the model
// must see something of it in their sentence, and of several the one that it sees most is meant.
func (r *reading) agree(s *sentence, scored []technique.Scored) {
	for len(r.common) > 0 && r.common[0].Start < s.End {
		c := r.common[0]
		r.common = r.common[1:]
		best := 0.0
		for _, t := range scored {
			for _, ref := range c.Refs {
				if family, _, _ := strings.Cut(ref, "."); t.Score > best && (t.ID == ref || len(c.Refs) == 1 && strings.HasPrefix(t.ID, family)) {
					best, c.Name = t.Score, ref
				}
			}
		}
		if len(c.Refs) > 1 && best > 0 {
			c.Refs = []string{c.Name}
		}
		if best >= leastAgreed || capitalised(r.text[c.Start:c.End]) && len(c.Refs) == 1 {
			r.claims = append(r.claims, c)
		}
	}
}

// clauseStance is how a sentence says what the model sees in it: as the clause says that speaks for it most.
func (r *reading) clauseStance(s *sentence, id string) stance {
	if !r.hasCue(s) {
		return stance{}
	}
	starts := slices.Clone(r.clauses(s))
	best, score := *s, -1.0
	for i, from := range starts {
		clause := sentence{s.Span, from, s.last}
		if i+1 < len(starts) {
			clause.last = starts[i+1]
		}
		if clause.first == clause.last {
			continue
		}
		clause.Start, clause.End = r.tokens[clause.first].start, r.tokens[clause.last-1].end
		for _, t := range r.model.Sentence(r.text[clause.Start:clause.End]) {
			if t.ID == id && t.Score > score {
				best, score = clause, t.Score
			}
		}
	}
	// The whole clause is what is said: cues at its beginning count.
	at := min(best.first+denies, best.last)
	return r.stance(&best, at, at)
}

// hasCue tells whether a sentence has a word that denies or doubts.
func (r *reading) hasCue(s *sentence) bool {
	for i := s.first; i < s.last; i++ {
		if r.cue(i, s.last) != cueNone {
			return true
		}
	}
	return false
}
