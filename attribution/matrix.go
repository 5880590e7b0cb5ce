package attribution

import (
	"cmp"
	"math"
	"slices"
	"strings"

	"aldebaran/attack"
)

// A Matrix holds the evidence against the competing hypotheses (Heuer, Psychology of Intelligence
// Analysis, chapter 8): what counts is which of them the evidence contradicts, and what says the same of
// all is no evidence.
type Matrix struct {
	// Hypotheses are the first candidates; the last is an unknown or new actor.
	Hypotheses []string `json:"hypotheses"`
	// Rows are the evidence, the most telling first.
	Rows []Row `json:"rows"`
	// Inconsistent is by how many points each hypothesis falls behind the one that fits best, summed over
	// the evidence: the least is the best.
	Inconsistent []float64 `json:"inconsistent"`
}

// A Row is one piece of evidence.
type Row struct {
	What string `json:"what"`
	// Cells are "++", "+", "0", "-" or "--" for each hypothesis.
	Cells []string `json:"cells"`
	// Telling is how far apart the hypotheses are, in points.
	Telling float64 `json:"telling"`
}

const (
	maxHypotheses = 4
	maxRows       = 25
	clearly       = .7 // points: the odds double
	slightly      = .1
)

func (m *Model) matrix(in *Incident, r *Ranking, k *attack.Knowledge) Matrix {
	first := r.Candidates[:min(maxHypotheses, len(r.Candidates))]
	x := Matrix{Hypotheses: []string{}, Rows: []Row{}}
	for _, c := range first {
		x.Hypotheses = append(x.Hypotheses, c.Name)
	}
	x.Hypotheses = append(x.Hypotheses, string(AnswerUnknown))
	x.Inconsistent = make([]float64, len(x.Hypotheses))
	d := damp(strength(in.Techniques))
	for _, o := range in.Techniques {
		x.observation(m, &m.techniques, o, d, first, k)
	}
	for _, o := range in.Software {
		x.observation(m, &m.software, o, 1, first, k)
	}
	seen := map[string]bool{}
	for _, mark := range in.Marks {
		if !seen[mark.What] {
			seen[mark.What] = true
			x.mark(m, in.Marks, mark.What, first)
		}
	}
	slices.SortStableFunc(x.Rows, func(a, b Row) int {
		return cmp.Or(cmp.Compare(b.Telling, a.Telling), strings.Compare(a.What, b.What))
	})
	x.Rows = x.Rows[:min(len(x.Rows), maxRows)]
	return x
}

func (x *Matrix) observation(m *Model, t *table, o Observation, damp float64, first []Candidate, k *attack.Knowledge) {
	points := make([]float64, len(first))
	if row, ok := t.row(o.ID); ok {
		for i, c := range first {
			points[i] = m.observedPoints(t, row, o, damp, c.index)
		}
	}
	x.row(m.label(o.ID, k), points)
}

func (x *Matrix) mark(m *Model, marks []Mark, what string, first []Candidate) {
	points := make([]float64, len(first))
	for i, c := range first {
		for _, w := range weighMarks(marks, m.profiles[c.index].ID) {
			if w.What == what {
				points[i] += w.points
			}
		}
	}
	x.row(what, points)
}

// row adds a row; the unknown actor is the average of all, which points are relative to.
func (x *Matrix) row(what string, points []float64) {
	points = append(points, 0)
	row := Row{What: what, Telling: slices.Max(points) - slices.Min(points)}
	for i, p := range points {
		row.Cells = append(row.Cells, cell(p))
		x.Inconsistent[i] += math.Max(0, slices.Max(points)-p)
	}
	x.Rows = append(x.Rows, row)
}

func cell(points float64) string {
	switch {
	case points >= clearly:
		return "++"
	case points >= slightly:
		return "+"
	case points <= -clearly:
		return "--"
	case points <= -slightly:
		return "-"
	}
	return "0"
}
