package brief

import (
	"slices"
	"strconv"
	"strings"

	"aldebaran/verdict"
)

// symbols stand beside the words of values and levels, so that colour is never all there is.
var symbols = map[string]string{
	string(verdict.Seen): "●", string(verdict.NotSeen): "✓", string(verdict.CouldNotSee): "?", string(verdict.NotJudged): "–",
	"critical": "◆", "high": "▲", "medium": "■", "low": "○", "informational": "·",
}

// key is a value as keys of messages and classes of pages have it.
func key(v verdict.Value) string { return strings.ReplaceAll(string(v), " ", "-") }

// verdicts writes the table of verdicts.
func (m *maker) verdicts() {
	m.b.Verdicts = []Verdict{}
	for _, v := range m.ordered {
		m.b.Verdicts = append(m.b.Verdicts, m.verdict(v))
	}
}

func (m *maker) verdict(v *verdict.Verdict) Verdict {
	h := &v.Hypothesis
	from := refs(FromClaim, h.Claims...)
	row := Verdict{
		ID: h.ID, Value: v.Value, Symbol: symbols[string(v.Value)], Word: m.label("value." + key(v.Value)), Strength: v.Strength,
		Label: h.ID, Severity: h.Severity, Techniques: cleaned(h.Techniques), Claims: slices.Concat([]string{}, h.Claims),
	}
	if v.Strength != "" {
		row.StrengthWord = m.label("strength." + v.Strength)
	}
	for _, d := range h.Detections {
		pack, id, _ := strings.Cut(d, ":")
		if row.Label == h.ID {
			row.Label = clean(id)
		}
		from = append(from, Ref{FromPack, clean(pack)})
	}
	if len(from) == 0 { // of an actor that ATT&CK knows
		from = orMethod(m.packRefs())
	}
	row.Statement = m.quoted(h.Statement, from...)
	if h.Logic != "" {
		logic := m.quoted(h.Logic, from...)
		row.Logic = &logic
	}
	m.proofs(v, &row)
	if v.Value != verdict.Seen { // what was seen needs no proof that one could have seen it
		m.searchedAndMissing(v, &row)
	}
	row.Because = m.because(v)
	return row
}

func (m *maker) searchedAndMissing(v *verdict.Verdict, row *Verdict) {
	for _, s := range v.Searched[:min(len(v.Searched), maxSearched)] {
		row.Searched = append(row.Searched, Searched{
			Host: clean(s.Host), Log: clean(s.Log), Ref: m.logs[logKey{s.Host, s.Log}], First: s.First, Last: s.Last,
			Events: s.Events, Days: s.Days, Of: s.Of, Limits: cleaned(s.Limits),
		})
	}
	row.SearchedOmitted = omitted(len(v.Searched), maxSearched)
	for _, x := range v.Missing[:min(len(v.Missing), maxMissing)] {
		row.Missing = append(row.Missing, Missing{clean(x.What), clean(x.TurnOn), cleaned(x.Collect)})
	}
	row.MissingOmitted = omitted(len(v.Missing), maxMissing)
}

// proofs lists findings that are in the brief; chooseFindings has seen to it that the first are.
func (m *maker) proofs(v *verdict.Verdict, row *Verdict) {
	for _, p := range v.Seen {
		id := m.shown[p.Finding]
		if id == "" || len(row.Proofs) == maxProofs {
			row.ProofsOmitted++
			continue
		}
		proof := Proof{Finding: id, Title: clean(p.Title), Level: p.Level}
		if len(p.Quotes) > 0 && len(row.Proofs) == 0 { // the others are quoted with their findings
			q := quote(p.Quotes[0])
			proof.Quote = &q
		}
		row.Proofs = append(row.Proofs, proof)
	}
}

func quote(q verdict.Quote) Quote {
	return Quote{clean(q.Path), q.Offset, q.Length, q.Record, clean(q.Host), q.Time, clean(q.Text)}
}

// because says why, with the figures of the verdict.
func (m *maker) because(v *verdict.Verdict) Sentence {
	switch {
	case v.Value == verdict.NotJudged:
		return m.sentence("because.not-judged", nil, method())
	case v.Value == verdict.Seen:
		return m.becauseSeen(v)
	case v.Value == verdict.CouldNotSee && len(v.Searched) > 0:
		longest := v.Searched[0]
		for _, s := range v.Searched {
			if s.Days > longest.Days {
				longest = s
			}
		}
		return m.sentence("because.short", args{"days": term(days(longest.Days)), "of": term(days(longest.Of))}, m.searchedRefs(v)...)
	case v.Value == verdict.CouldNotSee && len(v.Hypothesis.Tests) == 0:
		return m.sentence("because.no-test", nil, method())
	case v.Value == verdict.CouldNotSee && len(v.Missing) > 0:
		return m.sentence("because.missing", args{"what": m.word(v.Missing[0].What)}, allLogs())
	case v.Value == verdict.CouldNotSee:
		return m.sentence("because.no-log", nil, allLogs())
	}
	events := 0
	var ran []string
	for _, s := range v.Searched {
		events += s.Events
		ran = append(ran, s.Tests...)
	}
	slices.Sort(ran)
	with := args{"events": m.count("events", events), "logs": m.count("logs", len(v.Searched)), "tests": m.count("tests", len(slices.Compact(ran)))}
	if v.Hints > 0 {
		with["hints"] = m.count("hints", v.Hints)
		return m.sentence("because.not-seen-hints", with, m.searchedRefs(v)...)
	}
	return m.sentence("because.not-seen", with, m.searchedRefs(v)...)
}

func (m *maker) becauseSeen(v *verdict.Verdict) Sentence {
	best := &v.Seen[0]
	from := []Ref{}
	for _, p := range v.Seen[:min(len(v.Seen), maxProofs)] {
		if id := m.shown[p.Finding]; id != "" {
			from = append(from, Ref{FromFinding, id})
		}
	}
	with := args{"title": words(best.Title), "records": m.count("records", best.Count), "hosts": m.hosts(best.Hosts), "first": minute(best.First)}
	which := "because.seen"
	if best.First.IsZero() {
		which = "because.seen-timeless"
	}
	if n := len(v.Seen) - 1; n > 0 {
		with["findings"] = m.count("findings-more", n)
		which += "-more"
	}
	return m.sentence(which, with, orMethod(from)...)
}

func (m *maker) searchedRefs(v *verdict.Verdict) []Ref {
	var all []Ref
	for _, s := range v.Searched {
		if ref := m.logRef(s.Host, s.Log); !slices.Contains(all, ref) {
			all = append(all, ref)
		}
	}
	return orMethod(all)
}

// days writes a number of days, with one decimal where that matters.
func days(d float64) string {
	if d >= 10 {
		return strconv.Itoa(int(d + 0.5))
	}
	return strconv.FormatFloat(d, 'f', 1, 64)
}

// answer is the answer to the whole.
func (m *maker) answer() {
	a := m.in.Answer
	clear := 0
	for _, v := range m.ordered {
		if clearlySeen(v) {
			clear++
		}
	}
	which := "answer." + key(a.Value)
	if a.Value == verdict.CouldNotSee && a.Seen+a.NotSeen == 0 {
		which += "-none"
	}
	m.b.Answer = Answer{
		Value: a.Value, Symbol: symbols[string(a.Value)], Word: m.label("overall." + key(a.Value)),
		Seen: a.Seen, NotSeen: a.NotSeen, CouldNotSee: a.CouldNotSee, NotJudged: a.NotJudged,
		Sentence: m.sentence(which, args{
			"judged": m.count("things", a.Seen+a.NotSeen+a.CouldNotSee), "seen": m.number(a.Seen), "clear": m.number(clear),
			"could": m.number(a.Seen + a.NotSeen), "blind": m.number(a.CouldNotSee),
		}, m.judged()...),
	}
}
