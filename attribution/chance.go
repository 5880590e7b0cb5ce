package attribution

import (
	"math/rand/v2"
	"slices"
)

// What decides whether there is enough evidence.
const (
	draws = 240
	// fluke is how often chance may do as well as the evidence: beyond it we say so.
	fluke = .04
	// maxDrawn bounds how many techniques or programs of an incident are put to the test; those that
	// are beyond do not change what chance can do.
	maxDrawn = 200
)

// chance gives how often techniques and programs that were drawn at random, as many and as strong as
// those that were seen, look as much like some actor as the incident looks like its best candidate.
// Half of it is drawn from all techniques alike, half as often as actors use them; the worse of the
// two counts. The weights are those of Prior, so that the test does not move with what was fitted.
// marks is what the best candidate has besides.
func (m *Model) chance(in *Incident, best float64) float64 {
	prior := Prior()
	worst := 0.0
	for _, alike := range []bool{true, false} {
		// The same numbers for the same incident: a draw depends on nothing but its number.
		random := rand.New(rand.NewPCG(0x1ba0, uint64(len(in.Techniques))<<16|uint64(len(in.Software))))
		reached := 1
		for range draws {
			drawn := Incident{
				Techniques: m.techniques.draw(random, in.Techniques, alike),
				Software:   m.software.draw(random, in.Software, alike),
			}
			features, _ := m.features(&drawn)
			for g := range features {
				if features[g].dot(prior.Candidate) >= best {
					reached++
					break
				}
			}
		}
		worst = max(worst, float64(reached)/(draws+1))
	}
	return worst
}

// bestByPrior is the score of the best candidate in the terms of chance: extra is what each candidate
// has besides techniques and software.
func bestByPrior(features []candidateVector, extra []float64) float64 {
	prior := Prior()
	best := 0.0
	for g := range features {
		s := features[g].dot(prior.Candidate) + extra[g]
		if g == 0 || s > best {
			best = s
		}
	}
	return best
}

// draw takes as many different tokens at random as were seen, with their strengths.
func (t *table) draw(random *rand.Rand, seen []Observation, alike bool) []Observation {
	if len(t.tokens) == 0 {
		return nil
	}
	n := min(len(seen), maxDrawn, len(t.tokens)/2)
	taken := make(map[int]bool, n)
	out := make([]Observation, 0, n)
	for len(out) < n {
		i := random.IntN(len(t.tokens))
		if !alike {
			i, _ = slices.BinarySearch(t.often, random.Float64()*t.often[len(t.often)-1])
			i = min(i, len(t.tokens)-1)
		}
		if !taken[i] {
			taken[i] = true
			out = append(out, Observation{ID: t.tokens[i], Strength: seen[len(out)].Strength})
		}
	}
	return out
}
