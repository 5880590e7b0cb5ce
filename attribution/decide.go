package attribution

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"aldebaran/attack"
)

// A Step is something to look for, because it would tell the first two candidates apart.
type Step struct {
	ID string `json:"id"` // of a technique or software
	// For is the candidate whom it would speak for if it is seen, Against the other.
	For     string `json:"for"`
	Against string `json:"against"`
	// Bits is how much of the doubt between the two it is expected to take, whether it is seen or not.
	Bits float64 `json:"bits"`
	// Odds is by how much the odds move towards For if it is seen.
	Odds float64 `json:"odds"`
	Text string  `json:"text"`
	// Where are logs that would show it.
	Where []string `json:"where,omitempty"`
}

const (
	maxTold      = 4 // of techniques, and of software
	maxWhere     = 3
	softwareOdds = .3 // how likely an incident shows a given program of the actor
)

// a hypothesis is a candidate, or the unknown actor if index is -1.
type hypothesis struct {
	name        string
	index       int
	probability float64
}

// decide gives the evidence with the highest expected information about the question which of the first
// two hypotheses it is, of which one may be the unknown actor: the mutual information of the question and
// of whether it is seen (Lindley 1956).
func (m *Model) decide(in *Incident, r *Ranking, k *attack.Knowledge) []Step {
	a, b, ok := firstTwo(r)
	if !ok {
		return []Step{}
	}
	// Nearly sure of one there is little to learn, but still an order in which to look.
	prior := math.Min(.95, math.Max(.05, a.probability/(a.probability+b.probability)))
	seen := map[string]bool{}
	for _, o := range slices.Concat(in.Techniques, in.Software) {
		seen[o.ID] = true
	}
	steps := []Step{}
	for _, t := range []*table{&m.techniques, &m.software} {
		found := m.steps(t, a, b, prior, seen, in)
		steps = append(steps, found[:min(len(found), maxTold)]...)
	}
	slices.SortStableFunc(steps, compareSteps)
	for i := range steps {
		s := &steps[i]
		s.Text = fmt.Sprintf("Look for %s: seen, it multiplies the odds of %s against %s by about %.0f", m.label(s.ID, k), s.For, s.Against, s.Odds)
		s.Where = where(s.ID, k)
	}
	return steps
}

func compareSteps(x, y Step) int {
	return cmp.Or(cmp.Compare(y.Bits, x.Bits), strings.Compare(x.ID, y.ID))
}

// firstTwo gives the two most likely hypotheses, an actor first.
func firstTwo(r *Ranking) (a, b hypothesis, ok bool) {
	if len(r.Candidates) == 0 {
		return a, b, false
	}
	of := func(c Candidate) hypothesis { return hypothesis{c.Name, c.index, c.Probability} }
	a = of(r.Candidates[0])
	b = hypothesis{string(AnswerUnknown), -1, r.Unknown + r.NotEnough}
	if len(r.Candidates) > 1 && r.Candidates[1].Probability > b.probability {
		b = of(r.Candidates[1])
	}
	return a, b, a.probability+b.probability > 0
}

// steps are what is known of one of the two and not of the other, and was not seen yet.
func (m *Model) steps(t *table, a, b hypothesis, prior float64, seen map[string]bool, in *Incident) []Step {
	var steps []Step
	for _, id := range t.tokens {
		row := t.rows[id]
		hasA, hasB := row.has[a.index] > 0, b.index >= 0 && row.has[b.index] > 0
		if seen[id] || hasA == hasB {
			continue
		}
		with, without := m.likely(t, row, id, in)
		if hasA {
			steps = append(steps, Step{ID: id, For: a.name, Against: b.name, Bits: information(prior, with, without), Odds: with / without})
		} else {
			steps = append(steps, Step{ID: id, For: b.name, Against: a.name, Bits: information(prior, without, with), Odds: with / without})
		}
	}
	slices.SortFunc(steps, compareSteps)
	return steps
}

// likely is how probable it is to see something in an incident of an actor who is known for it, and of
// one who is not. What cannot be seen is not likely with either.
func (m *Model) likely(t *table, row *row, id string, in *Incident) (with, without float64) {
	visible := 1.0
	if v, ok := in.Visible[id]; ok {
		visible = math.Max(.01, unit(v))
	}
	with = reach
	if t == &m.software {
		with = softwareOdds
	}
	share := (float64(row.users) + 1) / (float64(len(m.profiles)) + 1)
	return visible * with, visible * math.Max(with*share, .01)
}

// information is how many bits an observation with the probabilities pa and pb says on average about
// which of the two it is.
func information(prior, pa, pb float64) float64 {
	p := prior*pa + (1-prior)*pb
	return entropy(p) - prior*entropy(pa) - (1-prior)*entropy(pb)
}

func entropy(p float64) float64 {
	if p <= 0 || p >= 1 {
		return 0
	}
	return -p*math.Log2(p) - (1-p)*math.Log2(1-p)
}

// where gives the logs that show a technique, or what a program does.
func where(id string, k *attack.Knowledge) []string {
	if k == nil {
		return nil
	}
	t := k.TechniqueByID(id)
	if t == nil {
		return nil
	}
	var all []string
	for _, l := range t.LogSources {
		s := cmp.Or(l.Log, l.Component)
		if l.Channel != "" {
			s += " (" + l.Channel + ")"
		}
		all = append(all, s)
	}
	all = once(all)
	return all[:min(len(all), maxWhere)]
}
