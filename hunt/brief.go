package hunt

import (
	"cmp"
	"fmt"

	"aldebaran/attack"
	"aldebaran/brief"
	"aldebaran/english"
	"aldebaran/event"
	"aldebaran/evidence"
)

// Brief is what a brief is made of, as far as a hunt knows: the caller adds the language, the time, the case.
// It is false if nothing was asked: see Options.Question.
func (r *Result) Brief() (brief.Input, bool) {
	if r.Plan == nil || r.Answer == nil {
		return brief.Input{}, false
	}
	s := &r.Summary
	in := brief.Input{
		Plan: r.Plan, Answer: r.Answer, Findings: r.Findings, Skews: r.Skews, Notes: r.Notes, Knowledge: attack.Load(),
		Figures: brief.Figures{
			Files: s.Files, Events: s.Events, Hosts: s.Hosts, Rules: r.Rules.Active, Behaviours: r.Rules.Behaviours, Indicators: r.Rules.Indicators,
			Unreadable: s.Unreadable, LostRecords: s.LostRecords, LostUnknown: s.LostUnknown, Partial: s.Partial,
		},
	}
	var all event.Period
	for i := range r.Surveyed {
		v := &r.Surveyed[i].Visibility
		in.Logs = append(in.Logs, *v)
		all.Join(event.Period{First: v.First, Last: v.Last})
	}
	in.Figures.First, in.Figures.Last = all.First, all.Last
	in.Damage = damaged(r.Sources, r.Skipped)
	return in, true
}

// damaged lists what could not be read, for people.
func damaged(sources []Source, skipped []evidence.Skip) []brief.Damage {
	var all []brief.Damage
	for _, s := range skipped {
		if s.Missing {
			all = append(all, brief.Damage{Path: s.Path, What: s.Reason})
		}
	}
	for _, s := range sources {
		for _, d := range s.Damage {
			all = append(all, brief.Damage{Path: s.Path, What: fmt.Sprintf("offset %d: %s: want %s, found %s", d.Offset, d.What, cmp.Or(d.Want, "more"), cmp.Or(d.Found, "nothing"))})
		}
		if n := s.DamageCount - len(s.Damage); n > 0 {
			all = append(all, brief.Damage{Path: s.Path, What: english.Count(n, "more damaged place")})
		}
	}
	return all
}
