package technique

import (
	"cmp"
	"math"
	"slices"
)

// A Term is a feature of a text: a word, two words in a row, or three or four letters of a word.
type Term struct {
	ID     uint32  // a hash; two terms may share one, which costs a little accuracy and nothing else
	Weight float32 // 1 + ln(how often), less for parts of words
}

// partWeight is how much parts of words count against words. They tell words that are new from
// words that are like known ones.
const partWeight = 0.5

// Terms gives the features of a text in the order of their hashes: what the model is trained on and
// what it looks at.
func Terms(text string) []Term {
	var s termSet
	s.read(text)
	return s.all
}

// A termSet collects the terms of a text; its memory is used again for the next.
type termSet struct {
	all   []Term
	parts []Term
	found []featureWeight
	last  []byte // the word before
}

type featureWeight struct {
	feature int32
	weight  float32
}

// Kinds of terms go into the hash, so that a word and a part that is spelt like it differ.
const (
	oneWord  = '1'
	twoWords = '2'
	part     = 'c'
)

func (s *termSet) read(text string) {
	s.all, s.parts, s.last = s.all[:0], s.parts[:0], s.last[:0]
	words(text, s.word)
	s.all = weigh(s.all, 1)
	s.all = append(s.all, weigh(s.parts, partWeight)...)
	slices.SortFunc(s.all, func(a, b Term) int { return cmp.Compare(a.ID, b.ID) })
}

func (s *termSet) word(w []byte) {
	if len(w) == 0 {
		s.last = s.last[:0]
		return
	}
	if len(w) >= 3 && !stopWord(w) {
		s.addParts(w)
	}
	w = stem(w)
	if !stopWord(w) {
		s.all = append(s.all, Term{ID: hash(oneWord, w, nil)})
	}
	if len(s.last) > 0 {
		s.all = append(s.all, Term{ID: hash(twoWords, s.last, w)})
	}
	s.last = append(s.last[:0], w...)
}

// addParts adds the runs of three and four letters, with marks where the word starts and ends.
func (s *termSet) addParts(w []byte) {
	var buf [maxWord + 2]byte
	marked := append(append(append(buf[:0], '^'), w...), '$')
	for n := 3; n <= 4; n++ {
		for i := 0; i+n <= len(marked); i++ {
			s.parts = append(s.parts, Term{ID: hash(part, marked[i:i+n], nil)})
		}
	}
}

// weigh counts equal terms and gives them their weight, in place.
func weigh(terms []Term, factor float64) []Term {
	slices.SortFunc(terms, func(a, b Term) int { return cmp.Compare(a.ID, b.ID) })
	out := terms[:0]
	for i := 0; i < len(terms); {
		from := i
		for i < len(terms) && terms[i].ID == terms[from].ID {
			i++
		}
		out = append(out, Term{terms[from].ID, float32(factor * (1 + math.Log(float64(i-from))))})
	}
	return out
}

// hash is FNV-1a of 64 bits, of which the upper half is used.
func hash(kind byte, a, b []byte) uint32 {
	const offset, prime = 14695981039346656037, 1099511628211
	h := (offset ^ uint64(kind)) * prime
	for _, c := range a {
		h = (h ^ uint64(c)) * prime
	}
	h = (h ^ ' ') * prime
	for _, c := range b {
		h = (h ^ uint64(c)) * prime
	}
	return uint32(h >> 32)
}
