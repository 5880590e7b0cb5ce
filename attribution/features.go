package attribution

import "math"

// The features of a candidate. A candidate's score is their weighted sum, and as each is a sum over
// what was seen, so is the score: that is what reasons are made of.
const (
	featureTechniques = iota // language model of techniques
	featureOverlap           // odds of each technique to be in the profile at all
	featureSoftware          // language model of software
	candidateFeatures
)

// The features of the choice "unknown or new actor".
const (
	unknownBase  = iota // always 1
	unknownNovel        // ln(1 + programs that no profile has)
	unknownFeatures
)

type (
	candidateVector [candidateFeatures]float64
	unknownVector   [unknownFeatures]float64
)

// features gives those of all candidates and of the unknown actor.
func (m *Model) features(in *Incident) ([]candidateVector, unknownVector) {
	out := make([]candidateVector, len(m.profiles))
	d := damp(strength(in.Techniques))
	for _, o := range in.Techniques {
		r, ok := m.techniques.row(o.ID)
		absentLog, absentHit := m.techniques.absent()
		for g := range out {
			log, hit := absentLog, absentHit
			if ok {
				log, hit = r.log[g], r.hit[g]
			}
			out[g][featureTechniques] += d * o.Strength * log
			out[g][featureOverlap] += d * o.Strength * hit
		}
	}
	novel := 0.0
	for _, o := range in.Software {
		r, ok := m.software.row(o.ID)
		if !ok {
			novel += o.Strength
		}
		absent, _ := m.software.absent()
		for g := range out {
			log := absent
			if ok {
				log = r.log[g]
			}
			out[g][featureSoftware] += o.Strength * log
		}
	}
	return out, unknownVector{unknownBase: 1, unknownNovel: math.Log1p(novel)}
}

// strength is how much was seen: the sum of what each observation is worth.
func strength(list []Observation) float64 {
	s := 0.0
	for _, o := range list {
		s += o.Strength
	}
	return s
}

func (v *candidateVector) dot(w []float64) float64 {
	s := 0.0
	for i, x := range v {
		s += w[i] * x
	}
	return s
}

func (v *unknownVector) dot(w []float64) float64 {
	s := 0.0
	for i, x := range v {
		s += w[i] * x
	}
	return s
}

// softmax turns scores into probabilities, the last of them that of the unknown actor.
func softmax(scores []float64, unknown float64) (known []float64, p float64) {
	top := unknown
	for _, s := range scores {
		top = math.Max(top, s)
	}
	known = make([]float64, len(scores))
	p = math.Exp(unknown - top)
	all := p
	for i, s := range scores {
		known[i] = math.Exp(s - top)
		all += known[i]
	}
	for i := range known {
		known[i] /= all
	}
	return known, p / all
}
