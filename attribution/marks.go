package attribution

import (
	"cmp"
	"math"
	"slices"
	"time"

	"aldebaran/intel"
)

// What evidence besides techniques and software counts, in natural logarithms of odds. ATT&CK has no
// such evidence to fit on: these are set, so that one mark of an actor alone raises its odds against a
// rival by about ten, since names of files can be borrowed, and hours or victims never decide.
var markPoints = map[MarkKind]float64{
	MarkRule:    2.5,
	MarkHash:    4,
	MarkDomain:  2.5,
	MarkAddress: 1.5,
	MarkName:    1,
	MarkTag:     .7,
}

// markHalfLife is in how many years a mark loses half of what it says. Addresses change hands soonest.
var markHalfLife = map[MarkKind]float64{
	MarkRule:    10,
	MarkHash:    10,
	MarkDomain:  2,
	MarkAddress: .5,
	MarkName:    5,
	MarkTag:     5,
}

// hostingLeaves is how much of what a mark says is left for the kind of machine that it stands on.
var hostingLeaves = map[intel.Hosting]float64{
	"":                1, // not known: its age and holders must do
	intel.Dedicated:   1,
	intel.Rented:      .7,
	intel.Compromised: .4,
	intel.Shared:      .2,
}

const (
	nextMark     = .5 // of what it says is left for each further mark of a kind: they come together
	victimPoints = .3 // for a sector, and for a region
	hoursPoints  = .25
	hoursShare   = .7 // of the activity must lie in the actor's hours
	hoursFewest  = 20 // events, or hours say nothing
	absentReach  = .05
	maxAbsence   = 1.5 // what all absent techniques together may take away
)

// points is what a mark says by itself.
func (k *Mark) points() float64 {
	p := markPoints[k.Kind] * unit(k.Strength)
	if !k.Seen.IsZero() && k.Now.After(k.Seen) {
		p *= math.Exp2(-years(k.Now.Sub(k.Seen)) / markHalfLife[k.Kind])
	}
	if k.Holders > 1 {
		p /= float64(k.Holders)
	}
	return p * hostingLeaves[k.Hosting]
}

func years(d time.Duration) float64 { return d.Hours() / (365.25 * 24) }

// a weighed mark is what it adds to the score of its actor.
type weighedMark struct {
	Mark
	points float64
}

// weighMarks gives the marks of an actor, the strongest first, each further one of a kind at half of
// the one before.
func weighMarks(marks []Mark, actor string) []weighedMark {
	var own []weighedMark
	for _, k := range marks {
		if k.Actor == actor {
			own = append(own, weighedMark{k, k.points()})
		}
	}
	slices.SortStableFunc(own, func(a, b weighedMark) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(b.points, a.points), cmp.Compare(a.What, b.What))
	})
	factor := 1.0
	for i := range own {
		if i > 0 && own[i].Kind == own[i-1].Kind {
			factor *= nextMark
		} else {
			factor = 1
		}
		own[i].points *= factor
	}
	return own
}

// extras is what each candidate's score has besides techniques and software.
func (m *Model) extras(in *Incident) []float64 {
	out := make([]float64, len(m.profiles))
	for g := range out {
		for _, r := range m.extra(in, g) {
			out[g] += r.Points
		}
	}
	return out
}

// extra is the same for one candidate, by its reasons.
func (m *Model) extra(in *Incident, g int) []Reason {
	p := &m.profiles[g]
	var list []Reason
	for _, k := range weighMarks(in.Marks, p.ID) {
		list = append(list, Reason{Kind: "mark", What: k.What, Points: k.points})
	}
	for _, x := range common(in.Victim.Sectors, p.Sectors) {
		list = append(list, Reason{Kind: "victim", What: x, Points: victimPoints})
		break // one sector says it
	}
	for _, x := range common(in.Victim.Regions, p.Regions) {
		list = append(list, Reason{Kind: "victim", What: x, Points: victimPoints})
		break
	}
	if in.Hours.within(p.Hours) {
		list = append(list, Reason{Kind: "hours", What: p.Hours.String(), Points: hoursPoints})
	}
	if lack := m.absence(in, g); lack < 0 {
		list = append(list, Reason{Kind: "absence", What: "techniques that the evidence would have shown", Points: lack})
	}
	return list
}

// absence is what speaks against an actor because it was not seen: only what the evidence would have
// shown. In reports the absence of a technique says next to nothing, so that its share is small.
func (m *Model) absence(in *Incident, g int) float64 {
	if len(in.Visible) == 0 {
		return 0
	}
	seen := map[string]bool{}
	for _, o := range in.Techniques {
		seen[familyOf(o.ID)] = true
	}
	lack := 0.0
	for _, u := range m.profiles[g].Uses {
		if IsTechnique(u.Target) && !seen[familyOf(u.Target)] {
			lack += math.Log(1 - absentReach*unit(in.Visible[u.Target]))
		}
	}
	return math.Max(lack, -maxAbsence)
}

// common gives what both lists have, in the order of the first.
func common(a, b []string) []string {
	var both []string
	for _, x := range a {
		if slices.Contains(b, x) {
			both = append(both, x)
		}
	}
	return both
}

// A Shift is when an actor tends to work, in hours of UTC: from From up to To, over midnight if To is
// the smaller.
type Shift struct{ From, To int }

func (s *Shift) String() string {
	if s == nil {
		return ""
	}
	return clock(s.From) + " to " + clock(s.To) + " UTC"
}

func clock(h int) string { return string([]byte{byte('0' + h/10), byte('0' + h%10)}) + ":00" }

// within says that most of the activity lies in a shift. A shift of more than half a day says nothing.
func (h *Hours) within(s *Shift) bool {
	if h == nil || s == nil || (s.To-s.From+24)%24 > 12 {
		return false
	}
	in, all := 0, 0
	for hour, n := range h {
		all += n
		if (hour-s.From+24)%24 < (s.To-s.From+24)%24 {
			in += n
		}
	}
	return all >= hoursFewest && float64(in) >= hoursShare*float64(all)
}
