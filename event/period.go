package event

import "time"

// A Period is the time from the first to the last of several things; zero if none of them has a time.
type Period struct{ First, Last time.Time }

// Add extends the period to a time; the zero time says nothing.
func (p *Period) Add(t time.Time) {
	if t.IsZero() {
		return
	}
	if p.First.IsZero() || t.Before(p.First) {
		p.First = t
	}
	if t.After(p.Last) {
		p.Last = t
	}
}

// Join extends the period to all of another one.
func (p *Period) Join(o Period) {
	p.Add(o.First)
	p.Add(o.Last)
}

// Length is the time between the first and the last, at most 292 years, as a [time.Duration] is.
func (p Period) Length() time.Duration { return p.Last.Sub(p.First) }
