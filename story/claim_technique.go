package story

import "aldebaran/story/technique"

// leastDescribed is the score from which on a sentence is claimed to describe a technique; a plan
// asks for more.
const leastDescribed = technique.Described

// described looks for techniques that sentences describe without naming them. Those that are named
// in the same sentence, and their parents, are not repeated.
func (r *reading) described() {
	if r.model == nil {
		return
	}
	for i := range r.sentences {
		s := &r.sentences[i]
		if s.last-s.first < 4 {
			continue
		}
		for _, t := range technique.Specific(r.model.Sentence(r.text[s.Start:s.End])) {
			if t.Score < leastDescribed {
				break
			}
			r.claims = append(r.claims, Claim{Kind: Technique, Name: t.ID, Refs: []string{t.ID}, How: described, Score: t.Score, Start: s.Start, End: s.End})
		}
	}
}

// middle is the first verb-like place of a sentence that is claimed as a whole: where "not" and
// "may" before it count, and those far behind do not.
func (r *reading) middle(s *sentence) (a, b int) {
	a = min(s.first+denies, s.last)
	return a, a
}
