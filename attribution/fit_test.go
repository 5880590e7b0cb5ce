package attribution

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestFitted: the parameters that come with the program are whole, and each knows what its record says.
func TestFitted(t *testing.T) {
	all := Fitted()
	if len(all) != 5 {
		t.Fatalf("%d parameters, want 5", len(all))
	}
	for i, p := range all {
		if err := p.Valid(); err != nil {
			t.Error(err)
		}
		// Each incident with the profiles of each version before it.
		if len(p.Record.Pairs) != (i+1)*(i+2)/2 || p.Record.Known+p.Record.Unknown == 0 {
			t.Errorf("parameters %d: record %+v", i, p.Record)
		}
		if p.Candidate[featureSoftware] <= p.Candidate[featureTechniques] {
			t.Errorf("parameters %d: software weighs %v, techniques %v: want more for software", i, p.Candidate[featureSoftware], p.Candidate[featureTechniques])
		}
	}
	if Newest().Record.Through != all[4].Record.Through {
		t.Error("Newest is not the last")
	}
}

func TestFit(t *testing.T) {
	m := New(actors(), Prior())
	known := Case{Actor: "G9001", Incident: Incident{Techniques: seen("T1190", "T1505.003"), Software: seen("S9101")}}
	novel := Case{Incident: Incident{Techniques: seen("T1059.001", "T1566.001"), Software: seen("S9999")}}
	fit := func(cases ...Case) Parameters {
		var training Training
		training.Add(m, "1.0", "2.0", cases)
		p, err := training.Fit()
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	var none Training
	p, err := none.Fit()
	if err != nil || cmp.Diff(p, Prior()) != "" {
		t.Errorf("fitted on nothing: %v, %v, want the prior", p, err)
	}
	a, b := fit(known, novel, novel), fit(novel, known, novel)
	for i := range a.Candidate {
		if math.Abs(a.Candidate[i]-b.Candidate[i]) > 1e-6 {
			t.Errorf("the order of cases moved weight %d from %v to %v", i, a.Candidate[i], b.Candidate[i])
		}
	}
	half := novel
	half.Weight = .5
	if w, c := fit(known, half, half), fit(known, novel); math.Abs(w.Unknown[unknownBase]-c.Unknown[unknownBase]) > 1e-6 {
		t.Errorf("two halves of a case give %v, the case %v", w.Unknown, c.Unknown)
	}
	// The more new actors there were, the likelier the next is new.
	few, many := New(actors(), fit(known)), New(actors(), fit(known, novel, novel, novel, novel, novel, novel))
	in := Incident{Techniques: seen("T1486", "T1490")}
	if x, y := few.Rank(&in), many.Rank(&in); x.Unknown+x.NotEnough >= y.Unknown+y.NotEnough {
		t.Errorf("without new actors unknown has %v, with six %v", x.Unknown+x.NotEnough, y.Unknown+y.NotEnough)
	}
	if want := (Record{Through: "2.0", Pairs: []string{"1.0-2.0"}, Known: 1, Unknown: 2}); cmp.Diff(want, a.Record) != "" {
		t.Errorf("record %+v, want %+v", a.Record, want)
	}
}

func TestSolve(t *testing.T) {
	x, err := solve([][]float64{{4, 1}, {1, 3}}, []float64{1, 2})
	if err != nil || math.Abs(x[0]-1./11) > 1e-12 || math.Abs(x[1]-7./11) > 1e-12 {
		t.Errorf("solve = %v, %v", x, err)
	}
	if _, err := solve([][]float64{{0}}, []float64{1}); err == nil {
		t.Error("no curvature: want an error")
	}
}

func TestValid(t *testing.T) {
	for _, p := range []Parameters{{}, {Candidate: []float64{1, 2, 3}, Unknown: []float64{1}}, {Candidate: []float64{1, 2, math.NaN()}, Unknown: []float64{1, 2}}} {
		if p.Valid() == nil {
			t.Errorf("%v: want an error", p)
		}
	}
}
