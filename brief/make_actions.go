package brief

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"aldebaran/intel"
	"aldebaran/verdict"
)

// actions lists what to do: what answers sightings, what would show the rest, and everything else, each
// in the order of effect.
func (m *maker) actions() {
	m.b.Actions = []Action{}
	seen, more := m.advice()
	blind := m.blind()
	left := omitted(len(blind), maxBlind)
	for _, a := range slices.Concat(seen, blind[:len(blind)-left], more) {
		a.ID = "a" + strconv.Itoa(len(m.b.Actions)+1)
		a.AnswersOmitted = omitted(len(a.Answers), maxAnswers)
		a.Answers = slices.Concat([]string{}, a.Answers[:len(a.Answers)-a.AnswersOmitted])
		m.b.Actions = append(m.b.Actions, a)
	}
	if left > 0 {
		m.b.ActionsMore = &Sentence{Text: m.count("actions-omitted", left), From: m.verdictsOf(verdict.CouldNotSee)}
	}
}

// advised is advice of one pack or more, and what it answers here.
type advised struct {
	*intel.Advice
	action Action
	seen   bool
}

// advice is that of the packs. The same advice in two packs is one.
func (m *maker) advice() (seen, more []Action) {
	var all []*advised
	byTitle := map[string]*advised{}
	for _, p := range m.in.Plan.Packs {
		for i := range p.Advice {
			a := &p.Advice[i]
			if a.Unverified {
				continue
			}
			ref := Ref{FromAdvice, clean(p.Name + ":" + a.ID)}
			title := strings.ToLower(strings.TrimSpace(a.Title))
			known := byTitle[title]
			if known == nil {
				known = &advised{Advice: a, action: Action{Group: "more", Owner: m.word(a.Owner), Effort: m.word(a.Effort), Title: m.quoted(a.Title), Text: m.quoted(a.Text)}}
				byTitle[title] = known
				all = append(all, known)
			}
			known.action.Advice = append(known.action.Advice, ref.ID)
			known.action.Title.From = append(known.action.Title.From, ref)
			known.action.Text.From = append(known.action.Text.From, ref)
			m.answered(known, p, a)
		}
	}
	slices.SortStableFunc(all, func(a, b *advised) int { return a.Order - b.Order })
	for _, a := range all {
		if a.seen {
			a.action.Group = "seen"
			seen = append(seen, a.action)
		} else {
			more = append(more, a.action)
		}
	}
	return seen, more
}

// answered notes which sightings a piece of advice answers.
func (m *maker) answered(known *advised, p *intel.Pack, a *intel.Advice) {
	for _, v := range m.ordered {
		if v.Value != verdict.Seen || slices.Contains(known.action.Answers, v.Hypothesis.ID) {
			continue
		}
		answers := slices.ContainsFunc(v.Hypothesis.Detections, func(d string) bool {
			pack, id, _ := strings.Cut(d, ":")
			return pack == p.Name && slices.Contains(a.Answers, id)
		}) || slices.ContainsFunc(v.Seen, func(proof verdict.Proof) bool {
			return slices.Contains(a.Rules, proof.Rule) || slices.Contains(a.Behaviours, proof.Rule)
		})
		if answers {
			known.seen = true
			known.action.Answers = append(known.action.Answers, v.Hypothesis.ID)
			known.action.Title.From = append(known.action.Title.From, Ref{FromVerdict, v.Hypothesis.ID})
		}
	}
}

// blind turns on the logs that would show what could not be seen: what serves the most comes first.
func (m *maker) blind() []Action {
	type log struct {
		verdict.Missing
		weight  int
		answers []string
	}
	var all []*log
	byFix := map[string]*log{}
	for _, v := range m.ordered {
		if v.Value != verdict.CouldNotSee {
			continue
		}
		for _, x := range v.Missing {
			fix := cmp.Or(x.TurnOn, x.What)
			l := byFix[fix]
			if l == nil {
				l = &log{Missing: x}
				byFix[fix] = l
				all = append(all, l)
			}
			if !slices.Contains(l.answers, v.Hypothesis.ID) {
				l.answers = append(l.answers, v.Hypothesis.ID)
				l.weight += severity(v.Hypothesis.Severity) + 1
			}
			for _, c := range x.Collect {
				if !slices.Contains(l.Collect, c) {
					l.Collect = append(slices.Clip(l.Collect), c)
				}
			}
		}
	}
	slices.SortStableFunc(all, func(a, b *log) int { return b.weight - a.weight })
	var actions []Action
	for _, l := range all {
		from := refs(FromVerdict, l.answers...)
		var log Text
		text := m.sentence("action.collect-only", nil, from...)
		if l.TurnOn != "" {
			text = m.quoted(l.TurnOn, from...)
			name, _, _ := strings.Cut(l.What, ": ") // behind it stands what the log lacks
			log = m.word(name)
		}
		actions = append(actions, Action{
			log: log, Group: "blind", Title: m.sentence("action.log", args{"log": m.word(l.What)}, from...), Text: text,
			Owner: m.word("server administrators"), Effort: m.word("hours"), Answers: l.answers, Collect: cleaned(l.Collect[:min(len(l.Collect), maxCollect)]),
		})
	}
	return actions
}
