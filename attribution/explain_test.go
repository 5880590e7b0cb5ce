package attribution

import (
	"math"
	"strings"
	"testing"
)

// TestReasonsAddUp: the points of a candidate's reasons are its score beyond that of the average.
func TestReasonsAddUp(t *testing.T) {
	m := New(actors(), Newest())
	in := Incident{
		Techniques: seen("T1190", "T1505.003", "T1059.001"), Software: seen("S9001", "S9101"),
		Marks: []Mark{{Actor: "G9001", Kind: MarkRule, What: "his page", Strength: .5}},
	}
	e := m.Explain(&in, nil)
	average := 0.0
	extras := m.extras(&in)
	for _, c := range e.Ranking.Candidates {
		average += (c.Score - extras[c.index]) / float64(len(m.profiles))
	}
	for _, c := range e.Candidates {
		total := 0.0
		for _, r := range append(c.For, c.Against...) {
			total += r.Points
		}
		if want := c.Score - average; math.Abs(total-want) > mostSmall*smallPoints {
			t.Errorf("%s: reasons add up to %v, want %v", c.Name, total, want)
		}
	}
}

// mostSmall is how many reasons may be left out as too small.
const mostSmall = 5

func TestReasonTexts(t *testing.T) {
	m := New(actors(), Newest())
	e := m.Explain(&Incident{Techniques: seen("T1003.001", "T1566.001", "T1999"), Software: seen("S9101")}, nil)
	first := e.Candidates[0]
	if first.Name != "Alpha" {
		t.Fatalf("first is %s", first.Name)
	}
	var all []string
	for _, r := range append(first.For, first.Against...) {
		all = append(all, r.Text)
	}
	text := strings.Join(all, "\n")
	for _, want := range []string{"S9101: known of Alpha, and of no other actor of 15", "T1566.001: known of 5 of 15 actors, and not of Alpha"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not among the reasons:\n%s", want, text)
		}
	}
	for _, r := range first.For {
		if r.What == "T1003.001" && len(r.Shared) == 0 {
			t.Error("T1003.001 is of Beta as well, and nothing says so")
		}
	}
}

func TestDecide(t *testing.T) {
	m := New(actors(), Newest())
	in := Incident{Techniques: seen("T1003.001"), Software: seen("S9001")}
	r := &Ranking{Candidates: []Candidate{{Name: "Alpha", index: 0, Probability: .4}, {Name: "Beta", index: 1, Probability: .35}}, Unknown: .25}
	steps := m.decide(&in, r, nil)
	if len(steps) == 0 || steps[0].ID != "S9101" && steps[0].ID != "S9102" {
		t.Fatalf("steps %+v: want a program of one of them first", steps)
	}
	for i, s := range steps {
		if i > 0 && s.Bits > steps[i-1].Bits {
			t.Errorf("step %d tells more than the one before", i)
		}
		if s.Bits <= 0 || s.Bits > 1 || s.ID == "T1003.001" || s.ID == "S9001" {
			t.Errorf("step %+v", s)
		}
	}
	// What cannot be seen decides nothing, or next to nothing.
	in.Visible = map[string]float64{"S9101": 0, "S9102": 0}
	if again := m.decide(&in, r, nil); IsTechnique(again[0].ID) == false {
		t.Errorf("%s cannot be seen, and is first", again[0].ID)
	}
	// A rival as likely as nobody we know leaves the question open who it is at all.
	r.Unknown = .9
	if s := m.decide(&in, r, nil); s[0].Against != string(AnswerUnknown) {
		t.Errorf("against %q, want the unknown actor", s[0].Against)
	}
}

func TestInformation(t *testing.T) {
	for _, test := range []struct{ prior, a, b, want float64 }{
		{.5, 1, 0, 1}, {.5, .3, .3, 0}, {1, .9, .1, 0}, {.5, .5, 0, .3113},
	} {
		if got := information(test.prior, test.a, test.b); math.Abs(got-test.want) > 1e-4 {
			t.Errorf("information(%v, %v, %v) = %v, want %v", test.prior, test.a, test.b, got, test.want)
		}
	}
}

func TestMatrix(t *testing.T) {
	m := New(actors(), Newest())
	in := Incident{
		Techniques: seen("T1190", "T1059.001"), Software: seen("S9101", "S9001"),
		Marks: []Mark{{Actor: "G9001", Kind: MarkRule, What: "his page", Strength: 1}},
	}
	x := m.Explain(&in, nil).Matrix
	if len(x.Rows) != 5 || x.Rows[0].What != "S9101" || x.Rows[1].What != "his page" || x.Rows[1].Cells[0] != "++" {
		t.Errorf("rows %+v", x.Rows)
	}
	if last := x.Hypotheses[len(x.Hypotheses)-1]; last != string(AnswerUnknown) {
		t.Errorf("the last hypothesis is %q", last)
	}
	for i, s := range x.Inconsistent {
		if s < x.Inconsistent[0] {
			t.Errorf("hypothesis %d fits better than the first", i)
		}
		if len(x.Rows[0].Cells) != len(x.Inconsistent) {
			t.Errorf("%d cells for %d hypotheses", len(x.Rows[0].Cells), len(x.Inconsistent))
		}
	}
}
