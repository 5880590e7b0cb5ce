package attribution

import (
	"cmp"
	"math"
	"slices"
	"strings"
)

// A Ranking says how likely each actor is behind an incident. The probabilities of the candidates,
// Unknown and NotEnough add up to one.
type Ranking struct {
	Answer Answer `json:"answer"`
	// Candidates are all actors of the model, the most likely first.
	Candidates []Candidate `json:"candidates"`
	// Unknown is the probability of an actor who is not in the model, or is new; NotEnough that of
	// evidence that would look like this whoever it was.
	Unknown   float64 `json:"unknown"`
	NotEnough float64 `json:"not_enough"`
	// Chance is how often random techniques and software, as many as these, look as much like somebody.
	Chance float64 `json:"chance"`
}

// An Answer is a ranking in one word.
type Answer string

// The answers. Whatever the answer, Level says what may be concluded from it.
const (
	AnswerActor     Answer = "actor"                // the first candidate is more likely than not
	AnswerUnknown   Answer = "unknown or new actor" // nobody is
	AnswerNotEnough Answer = "not enough evidence"  // chance would do as well
)

// A Candidate is an actor with its probability.
type Candidate struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	// Probability is that of the actor being behind it; Score the logarithm of its odds against the
	// other candidates, up to a constant.
	Probability float64 `json:"probability"`
	Score       float64 `json:"score"`

	index int
}

// Rank ranks the actors of a model for an incident. Actors that the evidence does not tell apart are
// in the order of their identifiers.
func (m *Model) Rank(in *Incident) *Ranking {
	in = in.prepared()
	features, unknown := m.features(in)
	extra := m.extras(in)
	scores := make([]float64, len(features))
	for g := range scores {
		scores[g] = features[g].dot(m.parameters.Candidate) + extra[g]
	}
	known, none := softmax(scores, unknown.dot(m.parameters.Unknown))
	for g := range known {
		if extra[g] > 0 && known[g] > surest {
			none += known[g] - surest
			known[g] = surest
		}
	}
	r := &Ranking{Chance: 1, Unknown: none}
	for g := range scores {
		r.Candidates = append(r.Candidates, Candidate{ID: m.profiles[g].ID, Name: m.profiles[g].Name, Probability: known[g], Score: scores[g], index: g})
	}
	slices.SortFunc(r.Candidates, func(a, b Candidate) int {
		return cmp.Or(cmp.Compare(b.Probability, a.Probability), strings.Compare(a.ID, b.ID))
	})
	if len(in.Techniques)+len(in.Software)+len(in.Marks) > 0 && len(features) > 0 {
		r.Chance = m.chance(in, bestByPrior(features, extra))
	}
	r.conclude(thin(in))
	return r
}

// surest is the greatest probability that is given to an actor for whom marks speak: what they weigh is set
// and not fitted, and a name of a file can be imitated. In the evaluation ten of ten were right at 0.8 or
// more, and who was right ten times in ten may be wrong the twelfth time (rule of succession, Laplace).
// The rest stays with an unknown actor.
const surest = 11.0 / 12

// thin is how much of the probability evidence that is next to nothing takes away from everybody: all of
// it without any, less than a hundredth from five techniques on.
func thin(in *Incident) float64 {
	marks := 0.0
	for _, k := range in.Marks {
		marks += unit(k.Strength)
	}
	return math.Exp(-strength(in.Techniques) - 3*strength(in.Software) - 3*marks)
}

// conclude divides what is left over between an unknown actor and a lack of evidence, and answers. thin
// is the share of everybody's probability that goes to the lack of evidence.
func (r *Ranking) conclude(thin float64) {
	for i := range r.Candidates {
		r.Candidates[i].Probability *= 1 - thin
	}
	rest := r.Unknown * (1 - thin)
	r.NotEnough = thin + rest*r.Chance/(r.Chance+fluke)
	r.Unknown = rest - rest*r.Chance/(r.Chance+fluke)
	switch {
	case r.Chance > fluke || len(r.Candidates) == 0:
		r.Answer = AnswerNotEnough
	case r.Candidates[0].Probability >= .5:
		r.Answer = AnswerActor
	default:
		r.Answer = AnswerUnknown
	}
}

// prepared gives the incident with its observations in order, each once, and nothing but numbers
// between 0 and 1.
func (in *Incident) prepared() *Incident {
	out := *in
	out.Techniques, out.Software = sorted(in.Techniques), sorted(in.Software)
	for _, list := range [][]Observation{out.Techniques, out.Software} {
		for i := range list {
			list[i].Strength = unit(list[i].Strength)
		}
	}
	return &out
}

// unit cuts a number to 0 to 1; what is no number counts as 0.
func unit(x float64) float64 {
	if math.IsNaN(x) {
		return 0
	}
	return math.Min(1, math.Max(0, x))
}
