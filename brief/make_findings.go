package brief

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"aldebaran/finding"
	"aldebaran/match"
	"aldebaran/verdict"
)

// chooseFindings takes the first proofs of every sighting, and fills up with the most severe findings.
func (m *maker) chooseFindings() {
	var chosen []int
	in := map[int]bool{}
	take := func(i int) {
		if len(chosen) < maxFindings && i >= 0 && i < len(m.in.Findings) && !in[i] {
			in[i] = true
			chosen = append(chosen, i)
		}
	}
	// One of each sighting first: there may be more sightings than room.
	for round := range maxProofs {
		for _, v := range m.ordered {
			if round < len(v.Seen) {
				take(v.Seen[round].Finding)
			}
		}
	}
	for i := range m.in.Findings {
		take(i)
	}
	slices.Sort(chosen)
	for n, i := range chosen {
		m.shown[i] = "f" + strconv.Itoa(n+1)
	}
}

// findings writes those that were chosen, in the order of the hunt: the most severe first.
func (m *maker) findings() {
	m.b.Findings = []Finding{}
	proves := map[int][]string{}
	for _, v := range m.ordered {
		for _, p := range v.Seen {
			if ids := proves[p.Finding]; !slices.Contains(ids, v.Hypothesis.ID) {
				proves[p.Finding] = append(ids, v.Hypothesis.ID)
			}
		}
	}
	for i := range m.in.Findings {
		if id := m.shown[i]; id != "" {
			m.b.Findings = append(m.b.Findings, m.finding(&m.in.Findings[i], id, proves[i]))
		}
	}
	if n := len(m.in.Findings) - len(m.b.Findings); n > 0 {
		s := Sentence{Text: m.count("findings-omitted", n), From: []Ref{method()}}
		m.b.FindingsMore = &s
	}
}

func (m *maker) finding(f *finding.Finding, id string, verdicts []string) Finding {
	from := Ref{FromFinding, id}
	r := f.Rule
	out := Finding{
		ID: id, Level: r.Level, LevelWord: m.label("level." + r.Level), Symbol: symbols[r.Level], Title: clean(r.Title), Rule: clean(r.ID),
		Hosts: cleaned(f.Hosts), First: f.First, Last: f.Last, Count: f.Count, Techniques: []Technique{}, Verdicts: slices.Concat([]string{}, verdicts),
		What: []Sentence{}, Why: []Sentence{}, Benign: []Sentence{}, Next: []Sentence{}, Quotes: []Quote{},
	}
	if out.Like = m.told[r.ID]; out.Like == "" {
		m.told[r.ID] = id
		m.explain(&out, r, from)
	}
	if c := f.Correlation; c != nil && c.Summary != "" {
		out.What = m.quotedAll(append([]string{c.Summary}, c.Caveats...), from)
	}
	for _, t := range f.Attack.Techniques {
		if strings.HasPrefix(t, "T") {
			out.Techniques = append(out.Techniques, m.technique(t))
		}
	}
	for _, q := range verdict.QuotesOf(f) {
		out.Quotes = append(out.Quotes, quote(q))
	}
	return out
}

// explain says what a rule says of all its findings.
func (m *maker) explain(f *Finding, r *match.Rule, from Ref) {
	f.Why = m.quotedAll([]string{cmp.Or(r.Why, r.Description)}, from)
	if r.Why != "" {
		f.What = m.quotedAll([]string{r.Description}, from)
	}
	f.Benign = m.quotedAll(r.FalsePositives, from)
	f.Next = m.quotedAll(r.Next, from)
}

func (m *maker) technique(id string) Technique {
	t := Technique{ID: clean(id)}
	if k := m.in.Knowledge; k != nil {
		if known := k.TechniqueByID(id); known != nil {
			t.Name = clean(known.Name)
		}
	}
	return t
}
