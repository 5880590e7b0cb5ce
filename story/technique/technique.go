// Package technique recognises techniques of ATT&CK that a text describes without naming them. In
// goes a sentence of a report, or all of its sentences; out come techniques, each with the
// probability that it is described.
//
// The model is linear: weights of words, pairs of words and parts of words, learnt from what
// ATT&CK itself says about who uses what (story/technique/learn). It holds weights and no texts.
package technique

import (
	"cmp"
	_ "embed"
	"math"
	"slices"
	"strings"
	"sync"
)

// A Scored is a technique that a text may describe.
type Scored struct {
	// ID is the technique, "T1059" or "T1059.001". What speaks for a sub-technique speaks for its
	// parent too, which is why both are handed out.
	ID string
	// Score is the probability that the text describes the technique, from 0 to 1, as calibrated
	// on reports that were kept back from training, to four digits.
	Score float64
}

// Described is the score from which on a technique counts as described: as likely as not.
const Described = 0.5

// leastScore is the smallest score that is handed out: what is below is noise.
const leastScore = 0.001

// Load gives the model that is embedded in the program. The first call takes some tens of
// milliseconds.
func Load() (*Model, error) { return load() }

// embedded is written by story/technique/train.
//
//go:embed enterprise-18.1.model
var embedded []byte

var load = sync.OnceValues(func() (*Model, error) { return Parse(embedded) })

// A Model recognises techniques. It is immutable and safe for concurrent use.
type Model struct {
	// Record says how the model came to be.
	Record Record

	labels  []string // techniques in order
	parents []int32  // by label, the label of its parent, or -1
	bias    []float32
	vocabulary
	// The weights of feature f are from rows[f] to rows[f+1].
	rows    []int32
	columns []uint16
	weights []int8
	// scale is what one step of a weight stands for.
	scale float32
}

// Sentence gives the techniques that one sentence describes, the most probable first. It takes about
// a second for a megabyte.
func (m *Model) Sentence(text string) []Scored {
	s := m.scratch()
	m.sentence(text, s)
	return m.scored(s.best, 1)
}

// Document gives the techniques that a whole report describes, the most probable first. The more
// sentences there are, the surer one of them must be, because each may be wrong.
func (m *Model) Document(sentences []string) []Scored {
	s := m.scratch()
	n := 0
	for _, text := range sentences {
		if m.sentence(text, s) {
			n++
		}
	}
	return m.scored(s.best, n)
}

// A scratch is what is needed while one text is looked at.
type scratch struct {
	logits []float32
	best   []float32 // by label, the highest of the clauses so far
	terms  termSet
}

func (m *Model) scratch() *scratch {
	return &scratch{logits: make([]float32, len(m.bias)), best: make([]float32, len(m.labels))}
}

// sentence raises s.best to what the sentence or one of its clauses says; false if there is nothing
// in it that the model knows. A sentence often describes several techniques, each in a clause of
// its own, and the others would drown it.
func (m *Model) sentence(text string, s *scratch) bool {
	known := false
	for len(text) > 0 {
		piece := text[:min(len(text), maxSentence)]
		text = text[len(piece):]
		known = m.clause(piece, s) || known
		for clause := range clauses(piece) {
			m.clause(clause, s)
		}
	}
	return known
}

func (m *Model) clause(text string, s *scratch) bool {
	copy(s.logits, m.bias)
	if !m.add(text, s) {
		return false
	}
	softmax(s.logits)
	// A parent's probability includes its sub-techniques'. Labels are in order: T1003, T1003.001.
	p := s.logits
	for l := len(m.labels) - 1; l >= 0; l-- {
		if up := m.parents[l]; up >= 0 {
			p[up] += p[l]
		}
	}
	for l := range m.labels {
		s.best[l] = max(s.best[l], p[l])
	}
	return true
}

// add adds the weights of the text's features to the logits.
func (m *Model) add(text string, s *scratch) bool {
	s.terms.read(text)
	norm := 0.0
	found := s.terms.found[:0]
	for _, t := range s.terms.all {
		f := m.find(t.ID)
		if f < 0 {
			continue
		}
		w := float64(t.Weight * m.idf[f])
		norm += w * w
		found = append(found, featureWeight{f, float32(w)})
	}
	s.terms.found = found
	if len(found) == 0 {
		return false
	}
	unit := m.scale / float32(math.Sqrt(norm))
	for _, f := range found {
		w := f.weight * unit
		from, to := m.rows[f.feature], m.rows[f.feature+1]
		columns, weights := m.columns[from:to], m.weights[from:to]
		for i, c := range columns {
			// The conversion keeps processors that multiply and add in one from rounding differently.
			s.logits[c] += float32(w * float32(weights[i]))
		}
	}
	return true
}

func softmax(z []float32) {
	most := slices.Max(z)
	sum := float32(0)
	for i, v := range z {
		// What is that much less probable than the first does not count.
		if v -= most; v < -20 {
			z[i] = 0
			continue
		}
		z[i] = float32(math.Exp(float64(v)))
		sum += z[i]
	}
	for i := range z {
		z[i] /= sum
	}
}

// scored gives what is probable enough after calibration, in order.
func (m *Model) scored(best []float32, sentences int) []Scored {
	var all []Scored
	for l, p := range best {
		if score := m.Record.Calibration.apply(float64(p), sentences); score >= leastScore {
			all = append(all, Scored{m.labels[l], score})
		}
	}
	slices.SortFunc(all, func(a, b Scored) int {
		return cmp.Or(cmp.Compare(b.Score, a.Score), strings.Compare(a.ID, b.ID))
	})
	return all
}

// ownShare is how much of its family's score a sub-technique must have to stand for it.
const ownShare = 0.7

// Specific keeps one of each family of a technique and its sub-techniques, in the order of scored:
// the best sub-technique if it has nearly the family's score, the technique otherwise.
func Specific(scored []Scored) []Scored {
	family := map[string]float64{} // the parent's score
	best := map[string]Scored{}    // the best sub-technique
	for _, s := range scored {
		parent, _, sub := strings.Cut(s.ID, ".")
		switch {
		case !sub:
			family[parent] = s.Score
		case s.Score > best[parent].Score:
			best[parent] = s
		}
	}
	var kept []Scored
	for _, s := range scored {
		parent, _, _ := strings.Cut(s.ID, ".")
		chosen := s
		if b, ok := best[parent]; ok && b.Score >= ownShare*family[parent] {
			chosen = b
		} else if ok && family[parent] > 0 {
			chosen.ID = parent
		}
		if chosen.ID == s.ID {
			kept = append(kept, s)
		}
	}
	return kept
}

// A Calibration makes a probability of what the model says of a text: the logistic function of
// Slope·logit(p) + Offset - PerLog·ln(number of sentences).
type Calibration struct {
	Slope  float64 `json:"slope"`
	Offset float64 `json:"offset"`
	PerLog float64 `json:"per_log_sentences"`
}

func (c Calibration) apply(p float64, sentences int) float64 {
	const edge = 1e-6
	if p <= edge {
		return 0
	}
	p = min(p, 1-edge)
	logit := c.Slope*math.Log(p/(1-p)) + c.Offset - c.PerLog*math.Log(float64(max(sentences, 1)))
	// What lies beyond differs from machine to machine.
	return math.Round(1e4/(1+math.Exp(-logit))) / 1e4
}
