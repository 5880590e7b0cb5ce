package hunt

import (
	"fmt"
	"math"

	"aldebaran/evidence"
)

// toldSkew is how far clocks must be apart for a hunt to tell, in seconds: less is usual, and what
// logs write in whole seconds cannot show it.
const toldSkew = 2

// maxSkewNotes bounds how many clocks a hunt's notes tell of; a survey tells of all.
const maxSkewNotes = 10

// skewNotes tells of clocks that are so far apart that the order of events of their logs is wrong.
func skewNotes(skews []evidence.Skew) []string {
	var notes []string
	more := 0
	for _, k := range skews {
		switch {
		case math.Abs(k.Median) <= toldSkew:
		case len(notes) < maxSkewNotes:
			notes = append(notes, "clocks differ: "+skewText(k))
		default:
			more++
		}
	}
	if more > 0 {
		notes = append(notes, fmt.Sprintf("%d more pairs of clocks differ: aldebaran sources shows them", more))
	}
	return notes
}

// skewText says how two clocks differ, and how that is known.
func skewText(k evidence.Skew) string {
	difference, how := skewParts(k)
	return difference + " (" + how + ")"
}

func skewParts(k evidence.Skew) (difference, how string) {
	ahead, behind, by, low, high := k.B, k.A, k.Median, k.Low, k.High
	if by < 0 {
		ahead, behind, by, low, high = k.A, k.B, -by, -high, -low
	}
	difference = fmt.Sprintf("%s is %.3g s ahead of %s", clockName(ahead), by, clockName(behind))
	return difference, fmt.Sprintf("%d %s; half of them %.3g to %.3g s", k.Pairs, k.Method, low, high)
}

func clockName(c evidence.ClockOf) string {
	if c.Host == "" {
		return "the host of " + c.Log
	}
	return c.Host + " (" + c.Log + ")"
}

// clocks shows how far clocks are apart.
func (s *SurveyTable) clocks(r *Result) {
	p := &s.t.p
	p.blank()
	if len(r.Skews) == 0 {
		p.row("Clocks", p.paint(faint, "not compared: no two logs show enough of the same events"))
		return
	}
	for i, k := range r.Skews {
		label := ""
		if i == 0 {
			label = "Clocks"
		}
		difference, how := skewParts(k)
		st := plain
		if math.Abs(k.Median) > toldSkew {
			st = warning
		}
		p.row(label, p.paint(st, cut(Terminal(difference), p.width-labelWidth-2)))
		p.row("", p.paint(faint, cut(Terminal(how), p.width-labelWidth-2)))
	}
}
