package brief

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"aldebaran/intel"
	"aldebaran/story"
)

// attribution says who it may have been, or that nobody asked.
func (m *maker) attribution() {
	a := m.in.Attribution
	w := &m.b.Who
	if a == nil {
		w.Sentence = m.sentence("attribution.not-asked", nil, method())
		return
	}
	from := Ref{FromAttribution, "all"}
	w.Asked = true
	which := "attribution.level"
	switch {
	case a.Level == "none" || a.Level == "":
		which = "attribution.none"
	case len(a.Candidates) == 0:
		which = "attribution.nobody"
	}
	w.Sentence = m.sentence(which, args{"level": m.word(a.Level)}, from)
	for _, c := range a.Candidates {
		w.Candidates = append(w.Candidates, Candidate{clean(c.Name), c.Probability, m.quotedAll(c.Why, from), m.quotedAll(c.Against, from)})
	}
	w.Missing = m.quotedAll(a.Missing[:min(len(a.Missing), maxDecide)], from)
}

// indicators lists those of the story, then those of the packs.
func (m *maker) indicators() {
	out := &m.b.Indicators
	out.List = []Indicator{}
	seen := m.seenIndicators()
	add := func(i Indicator, kind intel.IndicatorType, value string) {
		if len(out.List) == maxShownIndi {
			out.Omitted++
			return
		}
		i.Type, i.Defanged, i.Seen = clean(string(kind)), clean(Defang(kind, value)), seen[string(kind)+":"+value]
		out.List = append(out.List, i)
	}
	if s := m.in.Plan.Story; s != nil {
		for _, c := range s.Claims {
			if c.Kind == story.Indicator && !c.Negated {
				add(Indicator{From: Ref{FromClaim, c.ID}, TLP: "clear"}, intel.IndicatorType(c.Indicator), c.Name)
			}
		}
	}
	for _, p := range m.in.Plan.Packs {
		for _, i := range p.Indicators {
			add(Indicator{
				From: Ref{FromPack, clean(p.Name)}, Of: clean(cmp.Or(i.Malware, i.Actor)), Source: clean(i.Source),
				Grade: i.Grade.String(), TLP: i.TLP.String(), Unverified: i.Unverified,
			}, i.Type, i.Value)
		}
	}
	if len(out.List) == 0 {
		out.Sentence = m.sentence("indicators.none", nil, orMethod(m.packRefs())...)
		return
	}
	out.Sentence = m.sentence("indicators.some", args{"indicators": m.count("indicators", len(out.List)+out.Omitted)}, out.List[0].From, method())
}

// seenIndicators are those that findings are of; their rules are called "indicator:type:value".
func (m *maker) seenIndicators() map[string]bool {
	seen := map[string]bool{}
	for i := range m.in.Findings {
		if id, ok := strings.CutPrefix(m.in.Findings[i].Rule.ID, "indicator:"); ok {
			seen[id] = true
		}
	}
	return seen
}

// Defang writes an indicator so that nobody can click on it, the way reports do: hxxps://evil[.]example.
// [intel.Refang] undoes it.
func Defang(kind intel.IndicatorType, value string) string {
	switch kind {
	case intel.Domain, intel.IP, intel.CIDR:
		return strings.ReplaceAll(strings.ReplaceAll(value, ".", "[.]"), "::", "[::]")
	case intel.Email:
		return strings.ReplaceAll(strings.ReplaceAll(value, "@", "[@]"), ".", "[.]")
	case intel.URL:
		scheme, rest, ok := strings.Cut(value, "://")
		if !ok {
			return strings.ReplaceAll(value, ".", "[.]")
		}
		host, path, slash := strings.Cut(rest, "/")
		if slash {
			path = "/" + path
		}
		return strings.Replace(scheme, "tt", "xx", 1) + "://" + strings.ReplaceAll(host, ".", "[.]") + path
	}
	return value
}

// claims lists what the story says: sentences refer to it.
func (m *maker) claims() {
	m.b.Claims = []Claim{}
	s := m.in.Plan.Story
	if s == nil {
		return
	}
	why := map[string]string{}
	for _, c := range m.in.Plan.Context {
		why[c.Claim] = c.Why
	}
	verdicts := map[string][]string{}
	for _, v := range m.ordered {
		for _, c := range v.Hypothesis.Claims {
			verdicts[c] = append(verdicts[c], v.Hypothesis.ID)
		}
	}
	cited := m.cited()
	for i := range s.Claims {
		c := &s.Claims[i]
		if len(m.b.Claims) >= maxClaims && !cited[c.ID] {
			continue
		}
		row := Claim{
			ID: c.ID, Kind: c.Kind, Word: m.label("kind." + string(c.Kind)), Name: onOneLine(c.Name), Quote: onOneLine(c.Quote),
			Start: c.Start, End: c.End, Marks: m.marks(c), Verdicts: slices.Concat([]string{}, verdicts[c.ID]),
		}
		if w := why[c.ID]; w != "" {
			sentence := m.quoted(w, Ref{FromClaim, c.ID})
			row.Why = &sentence
		}
		m.b.Claims = append(m.b.Claims, row)
	}
}

// cited are the claims that the rest of the brief refers to: they are listed whatever their number.
func (m *maker) cited() map[string]bool {
	cited := map[string]bool{}
	for _, v := range m.ordered {
		for _, c := range v.Hypothesis.Claims {
			cited[c] = true
		}
	}
	for _, i := range m.b.Indicators.List {
		if i.From.Kind == FromClaim {
			cited[i.From.ID] = true
		}
	}
	for _, c := range m.in.Answer.Relevance.Claims {
		cited[c] = true
	}
	for _, c := range m.pageClaims() {
		cited[c] = true
	}
	return cited
}

func (m *maker) marks(c *story.Claim) []Text {
	marks := []Text{}
	for _, k := range []struct {
		is  bool
		key string
	}{{c.Negated, "mark.negated"}, {c.Hedged, "mark.hedged"}, {c.New, "mark.new"}, {len(c.Refs) > 1, "mark.ambiguous"}} {
		if k.is {
			marks = append(marks, m.label(k.key))
		}
	}
	if c.Speaker != "" {
		marks = append(marks, m.say("mark.speaker", args{"who": words(c.Speaker)}))
	}
	return marks
}

// method says how the brief was made, and asks whether it was of use.
func (m *maker) method() {
	with := args{"version": term(cmp.Or(m.in.Version, "?")), "date": day(m.in.Generated)}
	made := "method.made"
	if m.in.Generated.IsZero() {
		made = "method.made-undated"
	}
	for _, k := range []string{made, "method.values", "method.weight", "method.sources", "method.person"} {
		m.b.Method = append(m.b.Method, m.sentence(k, with, method()))
	}
	m.b.Feedback = []Sentence{m.sentence("feedback.ask", nil, method())}
	useful := 0
	for _, f := range m.in.Feedback {
		if f.Useful {
			useful++
		}
	}
	from := Ref{FromFeedback, "all"}
	if n := len(m.in.Feedback); n > 0 {
		m.b.Feedback = append(m.b.Feedback, m.sentence("feedback.before", args{"answers": m.count("answers", n), "useful": m.number(useful)}, from))
		for _, f := range m.in.Feedback[omitted(n, maxNamed):] {
			if f.Reason != "" {
				m.b.Feedback = append(m.b.Feedback, m.sentence("feedback.reason", args{"date": day(f.When), "reason": words(f.Reason)}, from))
			}
		}
	}
	m.b.Command = "aldebaran feedback " + cmp.Or(quoteForShell(clean(m.in.Case)), "CASE") + ` --useful yes|no --reason "..."`
}

// quoteForShell puts a folder's name into quotes where a shell needs them.
func quoteForShell(s string) string {
	if !strings.ContainsFunc(s, func(r rune) bool { return !strings.ContainsRune("/._-:\\", r) && !isWordRune(r) }) {
		return s
	}
	return strconv.Quote(s)
}

func isWordRune(r rune) bool {
	return r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= 0x80
}
