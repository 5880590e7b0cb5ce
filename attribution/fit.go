package attribution

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
)

// Parameters are the weights of the model, and how they came to be.
type Parameters struct {
	// Candidate are the weights of techniques, overlap and software; Unknown those of the unknown
	// actor: its base, and what each novel program adds.
	Candidate []float64 `json:"candidate"`
	Unknown   []float64 `json:"unknown"`
	Record    Record    `json:"record"`
}

// A Record says what parameters were fitted on.
type Record struct {
	// Through is the newest version of ATT&CK of which incidents were used; "" for parameters that
	// were set and not fitted.
	Through string `json:"through"`
	// Pairs are the versions of profiles and incidents: "8.2-9.0".
	Pairs []string `json:"pairs"`
	// Known and Unknown are how many cases there were of known and of unknown actors. An incident that
	// was put to several versions of the profiles is as many cases.
	Known   int `json:"known"`
	Unknown int `json:"unknown"`
}

// Prior are the parameters before anything was fitted: techniques count a third of what the language
// model says, since those of one report depend on each other, and software two thirds.
func Prior() Parameters {
	return Parameters{Candidate: []float64{.2, .12, .65}, Unknown: []float64{3.5, -.7}}
}

// Valid says whether parameters have the right number of finite weights.
func (p *Parameters) Valid() error {
	if len(p.Candidate) != candidateFeatures || len(p.Unknown) != unknownFeatures {
		return fmt.Errorf("parameters: want %d and %d weights, found %d and %d", candidateFeatures, unknownFeatures, len(p.Candidate), len(p.Unknown))
	}
	for _, w := range slices.Concat(p.Candidate, p.Unknown) {
		if math.IsNaN(w) || math.IsInf(w, 0) {
			return fmt.Errorf("parameters: want finite weights, found %v", w)
		}
	}
	return nil
}

// A Case is an incident of which it is known who was behind it.
type Case struct {
	Incident Incident
	// Actor is the ID of a profile of the model, or "" if it was none of them.
	Actor string
	// Weight is how much it counts; 0 stands for 1.
	Weight float64
}

// Training collects cases, each with the profiles of its own time; its zero value is empty.
type Training struct {
	examples []example
	record   Record
}

// an example is a case as features.
type example struct {
	candidates []candidateVector
	unknown    unknownVector
	truth      int // -1 for the unknown actor
	weight     float64
}

// Add takes in the cases of a pair of versions. A case of an actor who is not in the model is one of
// an unknown actor.
func (t *Training) Add(m *Model, from, to string, cases []Case) {
	for i := range cases {
		c := &cases[i]
		e := example{weight: cmp.Or(c.Weight, 1), truth: slices.IndexFunc(m.profiles, func(p Profile) bool { return p.ID == c.Actor })}
		e.candidates, e.unknown = m.features(&c.Incident)
		t.examples = append(t.examples, e)
		if e.truth < 0 {
			t.record.Unknown++
		} else {
			t.record.Known++
		}
	}
	t.record.Pairs = append(t.record.Pairs, from+"-"+to)
	t.record.Through = to
}

// Size is the number of cases.
func (t *Training) Size() int { return len(t.examples) }

// What the fit holds on to.
const (
	// holdCandidate and holdUnknown pull weights to those of Prior: as if that many examples with
	// features of size one had confirmed them. There are some tens of cases only.
	holdCandidate = 50
	holdUnknown   = 3

	maxSteps = 60
	enough   = 1e-7 // a step this small ends the fit
)

// Fit gives the parameters under which the cases are most likely: a multinomial logit over the
// candidates and the unknown actor, by Newton's method. The function is concave, so there is one
// answer, whatever the order of cases.
func (t *Training) Fit() (Parameters, error) {
	p := Prior()
	if len(t.examples) == 0 {
		return p, nil
	}
	weights := slices.Concat(p.Candidate, p.Unknown)
	prior := slices.Clone(weights)
	for range maxSteps {
		slope, curve := t.derive(weights, prior)
		step, err := solve(curve, slope)
		if err != nil {
			return p, fmt.Errorf("fitting: %w", err)
		}
		longest := 0.0
		for _, s := range step {
			longest = math.Max(longest, math.Abs(s))
		}
		short := math.Min(1, 1/longest)
		for i := range weights {
			weights[i] += short * step[i]
		}
		if longest < enough {
			break
		}
	}
	p.Candidate, p.Unknown = weights[:candidateFeatures:candidateFeatures], weights[candidateFeatures:]
	p.Record = t.record
	p.Record.Pairs = slices.Clone(p.Record.Pairs)
	return p, p.Valid()
}

// derive gives the slope of the penalised log-likelihood and the negative of its curvature.
func (t *Training) derive(weights, prior []float64) (slope []float64, curve [][]float64) {
	n := len(weights)
	slope, curve = make([]float64, n), make([][]float64, n)
	for i := range curve {
		hold := float64(holdCandidate)
		if i >= candidateFeatures {
			hold = holdUnknown
		}
		curve[i] = make([]float64, n)
		curve[i][i] = hold
		slope[i] = hold * (prior[i] - weights[i])
	}
	for i := range t.examples {
		t.examples[i].derive(weights, slope, curve)
	}
	return slope, curve
}

// derive adds what one example says.
func (e *example) derive(weights, slope []float64, curve [][]float64) {
	scores := make([]float64, len(e.candidates))
	for g := range scores {
		scores[g] = e.candidates[g].dot(weights)
	}
	known, unknown := softmax(scores, e.unknown.dot(weights[candidateFeatures:]))
	mean := make([]float64, len(weights))
	for g := -1; g < len(known); g++ {
		p := unknown
		if g >= 0 {
			p = known[g]
		}
		x := e.vector(g)
		for a := range x {
			mean[a] += p * x[a]
			for b := range x {
				curve[a][b] += e.weight * p * x[a] * x[b]
			}
		}
	}
	truth := e.vector(e.truth)
	for a := range mean {
		slope[a] += e.weight * (truth[a] - mean[a])
		for b := range mean {
			curve[a][b] -= e.weight * mean[a] * mean[b]
		}
	}
}

// vector gives the features of a choice, as long as all weights; -1 is the unknown actor.
func (e *example) vector(g int) (x [candidateFeatures + unknownFeatures]float64) {
	if g < 0 {
		copy(x[candidateFeatures:], e.unknown[:])
		return x
	}
	copy(x[:], e.candidates[g][:])
	return x
}

// solve solves a·x = b for a symmetric, positive definite a by elimination. It changes both.
func solve(a [][]float64, b []float64) ([]float64, error) {
	for i := range a {
		if a[i][i] <= 0 || math.IsNaN(a[i][i]) {
			return nil, errors.New("want a curvature above zero, found none")
		}
		for j := i + 1; j < len(a); j++ {
			f := a[j][i] / a[i][i]
			for k := i; k < len(a); k++ {
				a[j][k] -= f * a[i][k]
			}
			b[j] -= f * b[i]
		}
	}
	for i := len(a) - 1; i >= 0; i-- {
		for k := i + 1; k < len(a); k++ {
			b[i] -= a[i][k] * b[k]
		}
		b[i] /= a[i][i]
	}
	return b, nil
}
