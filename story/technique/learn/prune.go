package learn

import (
	"math"

	"aldebaran/story/technique"
)

// prune puts into d the weights of r that matter, as multiples of a step. Features that speak for
// nothing any more stay: they count when a text's length is taken.
func prune(d *technique.Draft, r *regression, s *space, step, least float64) {
	for i, id := range s.ids {
		f := technique.DraftFeature{ID: id, IDF: s.idf[i]}
		for l, w := range r.weights[i*r.classes:][:r.classes] {
			n := math.Round(float64(w) / step)
			if math.Abs(float64(w)) < least || n == 0 {
				continue
			}
			f.Columns = append(f.Columns, uint16(l))
			f.Weights = append(f.Weights, int8(max(-127, min(127, n))))
		}
		d.Record.Weights += len(f.Columns)
		d.Features = append(d.Features, f)
	}
	d.Record.Labels, d.Record.Features = len(d.Labels), len(d.Features)
}
