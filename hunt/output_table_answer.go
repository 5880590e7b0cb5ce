package hunt

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"aldebaran/english"
	"aldebaran/match"
	"aldebaran/verdict"
)

// How many verdicts of each value are shown; the others are counted. Sightings are what people must
// see; of what could not be seen the document has the rest.
const (
	shownSeen        = 40
	shownNotSeen     = 8
	shownCouldNotSee = 8
)

// answer shows the verdicts on the story.
func (t *Table) answer(r *Result) {
	if r.Answer == nil {
		return
	}
	p := &t.p
	p.blank()
	if s := r.Plan.Story; s != nil {
		p.row("Story", cut(Terminal(cmp.Or(s.Title, s.Path)), p.width-labelWidth))
	}
	var packs []string
	for _, pack := range r.Plan.Packs {
		packs = append(packs, Terminal(pack.Title))
	}
	if len(packs) > 0 {
		p.wrapped("Packs", packs, "; ")
	}
	p.wrapped("Answer", strings.Fields(p.paint(valueStyle(r.Answer.Value), Terminal(r.Answer.Overall))), " ")
	if rel := r.Answer.Relevance; rel.Asked {
		p.wrapped("Relevance", strings.Fields(rel.Level+p.paint(faint, ": "+Terminal(rel.Because))), " ")
	}
	for _, part := range []struct {
		value verdict.Value
		title string
		most  int
	}{
		{verdict.Seen, "seen", shownSeen},
		{verdict.NotSeen, "not seen, and we would have", shownNotSeen},
		{verdict.CouldNotSee, "could not see", shownCouldNotSee},
	} {
		t.verdicts(r.Answer, part.value, part.title, part.most)
	}
}

func valueStyle(v verdict.Value) style {
	switch v {
	case verdict.Seen:
		return levelStyles[4]
	case verdict.NotSeen:
		return "32"
	}
	return warning
}

// verdicts shows those of one value: the strongest and most severe first.
func (t *Table) verdicts(a *verdict.Report, value verdict.Value, title string, most int) {
	p := &t.p
	var all []verdict.Verdict
	for _, v := range a.Verdicts {
		if v.Value == value {
			all = append(all, v)
		}
	}
	if len(all) == 0 {
		return
	}
	slices.SortStableFunc(all, func(a, b verdict.Verdict) int {
		return cmp.Or(strengthRank(b.Strength)-strengthRank(a.Strength), severityRank(b)-severityRank(a))
	})
	p.blank()
	p.rule(valueStyle(value), fmt.Sprintf("%s: %d", title, len(all)))
	for _, v := range all[:min(len(all), most)] {
		h := v.Hypothesis
		label := h.ID
		if len(h.Detections) > 0 {
			_, label, _ = strings.Cut(h.Detections[0], ":")
		}
		strength := ""
		if value != verdict.CouldNotSee {
			strength = v.Strength
		}
		p.line("  " + left(p.paint(faint, cut(Terminal(label), 6)), 6) + left(p.paint(faint, strength), 9) + cut(Terminal(h.Statement), p.width-18))
		p.line(strings.Repeat(" ", 17) + p.paint(faint, cut(Terminal(v.Because), p.width-18)))
	}
	if n := len(all) - most; n > 0 {
		p.line(strings.Repeat(" ", 17) + p.paint(faint, "and "+english.Number(n)+" more: the brief has all of them"))
	}
}

func strengthRank(s string) int { return slices.Index([]string{"weak", "moderate", "strong"}, s) }

func severityRank(v verdict.Verdict) int {
	rank, _ := match.Severity(v.Hypothesis.Severity)
	return rank
}
