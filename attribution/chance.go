package attribution

import (
	"math"
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
func (m *Model) chance(in *Incident, best float64) float64 {
	worst := 0.0
	scores := make([]float64, len(m.profiles))
	d := damp(strength(in.Techniques))
	for _, alike := range []bool{true, false} {
		// The same numbers for the same incident: a draw depends on nothing but its number.
		random := rand.New(rand.NewPCG(0x1ba0, uint64(len(in.Techniques))<<16|uint64(len(in.Software))))
		reached := 1
		for range draws {
			clear(scores)
			m.techniques.draw(random, in.Techniques, alike, d, scores)
			m.software.draw(random, in.Software, alike, 1, scores)
			if slices.Max(scores) >= best {
				reached++
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
	best := math.Inf(-1)
	for g := range features {
		best = max(best, features[g].dot(prior.Candidate)+extra[g])
	}
	return best
}

// draw adds to the scores what as many different tokens as were seen, drawn at random, give with their
// strengths. Where there are too few tokens to draw from, those that are left count as nobody's.
func (t *table) draw(random *rand.Rand, seen []Observation, alike bool, damp float64, scores []float64) {
	n := min(len(seen), maxDrawn, len(t.tokens)/2)
	taken := make(map[int]bool, n)
	for k := 0; k < n; {
		i := random.IntN(len(t.tokens))
		if !alike {
			i, _ = slices.BinarySearch(t.often, random.Float64()*t.often[len(t.often)-1])
			i = min(i, len(t.tokens)-1)
		}
		if taken[i] {
			continue
		}
		taken[i] = true
		weight := damp * seen[k].Strength
		for g, p := range t.rows[t.tokens[i]].prior {
			scores[g] += weight * p
		}
		k++
	}
	nobody := 0.0
	for _, o := range seen[n:] {
		nobody += damp * o.Strength * t.nobody
	}
	for g := range scores {
		scores[g] += nobody
	}
}
