package attribution

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"aldebaran/attack"
	"aldebaran/english"
)

// A Reason is one thing that speaks for or against a candidate.
type Reason struct {
	Kind string `json:"kind"` // "technique", "software", "mark", "victim", "hours", "absence"
	What string `json:"what"`
	// Points are natural logarithms of odds against the average candidate: above zero for, below
	// against.
	Points float64 `json:"points"`
	// Text says it to people. Shared are the rivals among the first candidates of whom the same is
	// known.
	Text   string   `json:"text"`
	Shared []string `json:"shared,omitempty"`
}

// An Explanation says why the first candidates are first.
type Explanation struct {
	Ranking *Ranking `json:"ranking"`
	// Candidates are the first of the ranking with their reasons.
	Candidates []Reasons `json:"candidates"`
	// Decide is what would tell the first two candidates apart, the most telling first.
	Decide []Step `json:"decide"`
	Matrix Matrix `json:"matrix"`
}

// Reasons are those of one candidate, the strongest first.
type Reasons struct {
	Candidate
	For     []Reason `json:"for"`
	Against []Reason `json:"against"`
}

const (
	maxExplained = 5
	maxReasons   = 12
	smallPoints  = .005 // what weighs less is not told
)

// Explain ranks the actors and says why. k gives names to techniques; nil leaves them out.
func (m *Model) Explain(in *Incident, k *attack.Knowledge) *Explanation {
	in = in.prepared()
	e := &Explanation{Ranking: m.Rank(in), Candidates: []Reasons{}, Decide: []Step{}}
	first := e.Ranking.Candidates[:min(maxExplained, len(e.Ranking.Candidates))]
	for _, c := range first {
		e.Candidates = append(e.Candidates, m.reasons(in, c, first, k))
	}
	e.Decide = m.decide(in, e.Ranking, k)
	e.Matrix = m.matrix(in, e.Ranking, k)
	return e
}

// reasons lists what speaks for and against a candidate.
func (m *Model) reasons(in *Incident, c Candidate, rivals []Candidate, k *attack.Knowledge) Reasons {
	out := Reasons{Candidate: c, For: []Reason{}, Against: []Reason{}}
	var all []Reason
	d := damp(strength(in.Techniques))
	for _, o := range in.Techniques {
		all = append(all, m.observed(&m.techniques, o, c, rivals, d, k))
	}
	for _, o := range in.Software {
		all = append(all, m.observed(&m.software, o, c, rivals, 1, k))
	}
	for _, r := range m.extra(in, c.index) {
		r.Text = extraText(&r)
		all = append(all, r)
	}
	slices.SortStableFunc(all, func(a, b Reason) int {
		return cmp.Or(cmp.Compare(math.Abs(b.Points), math.Abs(a.Points)), strings.Compare(a.What, b.What))
	})
	for _, r := range all {
		switch {
		case math.Abs(r.Points) < smallPoints:
		case r.Points > 0 && len(out.For) < maxReasons:
			out.For = append(out.For, r)
		case r.Points < 0 && len(out.Against) < maxReasons:
			out.Against = append(out.Against, r)
		}
	}
	return out
}

// observed is the reason that a technique or software is.
func (m *Model) observed(t *table, o Observation, c Candidate, rivals []Candidate, damp float64, k *attack.Knowledge) Reason {
	r := Reason{Kind: "technique", What: o.ID}
	if t == &m.software {
		r.Kind = "software"
	}
	name := m.label(o.ID, k)
	row, ok := t.row(o.ID)
	if !ok {
		r.Text = name + ": no known actor is said to use it"
		return r
	}
	r.Points = m.observedPoints(t, row, o, damp, c.index)
	if row.users == 0 {
		r.Text = name + ": no known actor is said to use it, but its parent or siblings"
		return r
	}
	if row.has[c.index] == 0 {
		r.Text = fmt.Sprintf("%s: known of %d of %d actors, and not of %s", name, row.users, len(m.profiles), c.Name)
		return r
	}
	r.Text = fmt.Sprintf("%s: known of %s, and of %s of %d", name, c.Name, others(row.users-1), len(m.profiles))
	for _, rival := range rivals {
		if rival.index != c.index && row.has[rival.index] > 0 {
			r.Shared = append(r.Shared, rival.Name)
		}
	}
	return r
}

// observedPoints is what an observation adds to a candidate's score beyond what it adds to the average
// candidate's.
func (m *Model) observedPoints(t *table, row *row, o Observation, damp float64, g int) float64 {
	w := m.parameters.Candidate
	n := float64(len(m.profiles))
	if t == &m.software {
		return w[featureSoftware] * o.Strength * (row.log[g] - sum(row.log)/n)
	}
	return damp * o.Strength * (w[featureTechniques]*(row.log[g]-sum(row.log)/n) + w[featureOverlap]*(row.hit[g]-sum(row.hit)/n))
}

// extraText says what the other reasons are.
func extraText(r *Reason) string {
	switch r.Kind {
	case "mark":
		return "tied to this actor before: " + r.What
	case "victim":
		return "targets " + r.What + "; weak, many do"
	case "hours":
		return "most of it was done from " + r.What + ", when this actor tends to work; weak"
	}
	return "not seen: " + r.What
}

// label is an identifier with its name.
func (m *Model) label(id string, k *attack.Knowledge) string {
	if k == nil {
		return cmp.Or(m.names[id], id)
	}
	if t := k.TechniqueByID(id); t != nil {
		if p := k.TechniqueByID(t.Parent); p != nil {
			return id + " " + p.Name + ": " + t.Name
		}
		return id + " " + t.Name
	}
	if s := k.SoftwareByID(id); s != nil {
		return id + " " + s.Name
	}
	return cmp.Or(m.names[id], id)
}

// others says how many more actors there are.
func others(n int) string {
	if n == 0 {
		return "no other actor"
	}
	return english.Count(n, "other actor")
}
