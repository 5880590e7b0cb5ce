package brief

import (
	"slices"
	"strings"
	"time"

	"aldebaran/attack"
	"aldebaran/intel"
	"aldebaran/story"
	"aldebaran/verdict"
)

// The page for a minister: what is happening, why it matters, what is next, in a few short sentences
// without technical terms. Each says what it rests on, as all others.

// happening: what was asked, what the answer is, where and when.
func (m *maker) happening() {
	all := []Sentence{m.question()}
	if s, ok := m.targets(); ok {
		all = append(all, s)
	}
	all = append(all, m.b.Answer.Sentence)
	if m.in.Answer.Value == verdict.Seen {
		all = append(all, slices.Concat(m.whereSeen(), m.steps(), m.besides())...)
	} else {
		all = append(all, slices.Concat(m.besides(), m.searched())...)
	}
	m.b.Happening = all
}

// besides says which severe findings there are that nothing of what was asked accounts for.
func (m *maker) besides() []Sentence {
	n := len(m.in.Answer.Besides)
	if n == 0 {
		return nil
	}
	var from []Ref
	for _, i := range m.in.Answer.Besides {
		if id := m.shown[i]; id != "" {
			from = append(from, Ref{FromFinding, id})
		}
	}
	var hosts []string
	for _, h := range m.in.Answer.BesidesHosts {
		hosts = append(hosts, shortHost(h))
	}
	which, where := "page.besides", "page.besides-hosts"
	if m.in.Answer.Value == verdict.Seen {
		which, where = "page.besides-too", "page.besides-too-hosts"
	}
	if len(hosts) > 0 {
		return []Sentence{m.sentence(where, args{"n": m.count("besides", n), "hosts": m.list(terms(hosts), maxHosts)}, orMethod(from)...)}
	}
	return []Sentence{m.sentence(which, args{"n": m.count("besides", n)}, orMethod(from)...)}
}

// question says what was asked.
func (m *maker) question() Sentence {
	actors, from := m.actors()
	s := m.in.Plan.Story
	switch {
	case s != nil && len(actors) > 0:
		return m.sentence("page.story-actor", args{"title": m.b.About, "actor": m.list(actors, maxNamed)}, from...)
	case s != nil:
		return m.sentence("page.story", args{"title": m.b.About}, orMethod(refs(FromClaim, firstClaim(s)...))...)
	}
	if len(actors) > 0 {
		return m.sentence("page.actor", args{"actor": m.list(actors, maxNamed)}, m.packRefs()...)
	}
	return m.sentence("page.packs", args{"packs": m.b.About}, orMethod(m.packRefs())...)
}

func firstClaim(s *story.Story) []string {
	if len(s.Claims) == 0 {
		return nil
	}
	return []string{s.Claims[0].ID}
}

// actors are those that the question is about: those of the packs, as the story names them, else the
// one that it names first.
func (m *maker) actors() (names []Text, from []Ref) {
	add := func(name string, ref Ref) {
		if t := term(name); !slices.Contains(names, t) {
			names = append(names, t)
		}
		if !slices.Contains(from, ref) {
			from = append(from, ref)
		}
	}
	claims := m.claimsOf(story.Actor)
	for _, p := range m.in.Plan.Packs {
		if p.Actor == nil {
			continue
		}
		name := p.Actor.Name
		ref := Ref{FromPack, clean(p.Name)}
		for _, c := range claims {
			if slices.Contains(c.Refs, "pack:"+p.Name) {
				ref = Ref{FromClaim, c.ID}
				break
			}
		}
		add(name, ref)
	}
	if len(names) == 0 && len(claims) > 0 {
		add(claims[0].Name, Ref{FromClaim, claims[0].ID})
	}
	return names, from
}

// claimsOf are the story's claims of a kind that it does not deny.
func (m *maker) claimsOf(kinds ...story.Kind) []*story.Claim {
	var all []*story.Claim
	if s := m.in.Plan.Story; s != nil {
		for i := range s.Claims {
			if c := &s.Claims[i]; slices.Contains(kinds, c.Kind) && !c.Negated {
				all = append(all, c)
			}
		}
	}
	return all
}

// pageClaims are the claims that the page may refer to.
func (m *maker) pageClaims() []string {
	var ids []string
	for _, c := range m.claimsOf(story.Actor, story.Sector, story.Region, story.System, story.Data) {
		ids = append(ids, c.ID)
	}
	return ids
}

// things are words of claims, each once, with the claims; of the packs' actors if the story has none.
func (m *maker) things(claims []*story.Claim, ofActor func(*intel.Actor) []intel.Claim) (things []Text, from []Ref) {
	for _, c := range claims {
		if t := m.word(c.Name); !slices.Contains(things, t) {
			things = append(things, t)
			from = append(from, Ref{FromClaim, c.ID})
		}
	}
	if len(things) > 0 {
		return things, from
	}
	for _, p := range m.in.Plan.Packs {
		if p.Actor == nil {
			continue
		}
		before := len(things)
		for _, c := range ofActor(p.Actor) {
			if t := m.word(c.Value); !c.Unverified && c.Confidence == "high" && !slices.Contains(things, t) {
				things = append(things, t)
			}
		}
		if len(things) > before {
			from = append(from, Ref{FromPack, clean(p.Name)})
		}
	}
	return things, from
}

// targets says whom it goes for.
func (m *maker) targets() (Sentence, bool) {
	sectors, from := m.things(victims(m.claimsOf(story.Sector)), func(a *intel.Actor) []intel.Claim { return a.Sectors })
	// A region may be that of a summit or of who reports: only those of victims count.
	regions := slices.DeleteFunc(m.claimsOf(story.Region), func(c *story.Claim) bool { return c.Role != "victim" })
	places, of := m.things(regions, func(a *intel.Actor) []intel.Claim { return a.Regions })
	whom := m.list(append(sectors, places...), maxNamed)
	if len(sectors) > 0 && len(places) > 0 {
		whom = m.say("page.in", args{"what": m.list(sectors, maxNamed), "where": m.list(places, maxNamed)})
	}
	from = append(from, of...)
	systems, more := m.things(m.claimsOf(story.System), func(a *intel.Actor) []intel.Claim { return a.SystemsTargeted })
	switch {
	case whom != "" && len(systems) > 0:
		return m.sentence("page.targets-systems", args{"whom": whom, "systems": m.list(systems, maxNamed)}, slices.Concat(from, more)...), true
	case whom != "":
		return m.sentence("page.targets", args{"whom": whom}, from...), true
	}
	return Sentence{}, false
}

// victims are those of claims that the story says are attacked; if it says so of none, those of which it says nothing.
func victims(claims []*story.Claim) []*story.Claim {
	attacked := slices.ContainsFunc(claims, func(c *story.Claim) bool { return c.Role == "victim" })
	return slices.DeleteFunc(claims, func(c *story.Claim) bool { return c.Role == "origin" || attacked && c.Role != "victim" })
}

// clearlySeen is what does not stand on a weak sign.
func clearlySeen(v *verdict.Verdict) bool { return v.Value == verdict.Seen && v.Strength != "weak" }

// whereSeen says where and when.
func (m *maker) whereSeen() []Sentence {
	var hosts []string
	var from []Ref
	var first, last time.Time
	for _, v := range m.ordered {
		if !clearlySeen(v) {
			continue
		}
		for _, p := range v.Seen[:min(len(v.Seen), maxProofs)] {
			for _, h := range p.Hosts {
				if h = shortHost(h); h != "" && !slices.Contains(hosts, h) {
					hosts = append(hosts, h)
				}
			}
			first, last = widen(first, last, p.First, p.Last)
			if id := m.shown[p.Finding]; id != "" {
				from = append(from, Ref{FromFinding, id})
			}
		}
	}
	slices.Sort(hosts)
	with := args{"hosts": m.list(terms(hosts), maxHosts), "n": m.count("hosts", len(hosts)), "first": day(first), "last": day(last)}
	which := "page.where"
	switch {
	case first.IsZero():
		return nil
	case len(hosts) == 0:
		which = "page.when"
	case day(first) == day(last):
		which = "page.where-day"
	}
	return []Sentence{m.sentence(which, with, orMethod(from)...)}
}

// steps says which steps of an intrusion what was seen fits, in plain words and in their usual order.
func (m *maker) steps() []Sentence {
	seen := map[string]bool{}
	var from []Ref
	for _, v := range m.ordered {
		if clearlySeen(v) && v.Hypothesis.Stage != "" {
			seen[v.Hypothesis.Stage] = true
			from = append(from, Ref{FromVerdict, v.Hypothesis.ID})
		}
	}
	var said []Text
	for _, t := range attack.Tactics() {
		if s := m.label("stage." + t.Short); seen[t.Short] && !slices.Contains(said, s) {
			said = append(said, s)
		}
	}
	if len(said) == 0 {
		return nil
	}
	return []Sentence{m.sentence("page.steps", args{"steps": m.list(said, maxNamed+1)}, from...)}
}

// searched says what was looked at, for an answer that is not yes, and which signs there are.
func (m *maker) searched() []Sentence {
	f := &m.in.Figures
	var all []Sentence
	if f.Events > 0 && !f.First.IsZero() {
		which := "page.searched"
		if day(f.First) == day(f.Last) {
			which = "page.searched-day"
		}
		all = append(all, m.sentence(which, args{
			"events": m.count("events", f.Events), "hosts": m.count("hosts", max(len(f.Hosts), 1)), "first": day(f.First), "last": day(f.Last),
		}, allLogs()))
	} else if f.Events == 0 {
		all = append(all, m.sentence("coverage.nothing", nil, allLogs()))
	}
	if m.in.Answer.Seen > 0 {
		all = append(all, Sentence{Text: m.count("signs", m.in.Answer.Seen), From: m.verdictsOf(verdict.Seen)})
	}
	return all
}

// matters: how far it concerns us, what they are after, how serious what was seen is.
func (m *maker) matters() {
	rel := m.in.Answer.Relevance
	from := refs(FromClaim, rel.Claims...)
	if len(from) == 0 {
		from = m.packRefs()
	}
	if rel.Level == "unknown" || rel.Level == "" {
		rel.Level, from = "unknown", []Ref{method()}
	}
	all := []Sentence{m.sentence("relevance."+rel.Level, nil, orMethod(from)...)}
	if sought, from := m.things(m.claimsOf(story.Data), func(a *intel.Actor) []intel.Claim { return a.DataSought }); len(sought) > 0 {
		all = append(all, m.sentence("page.sought", args{"data": m.list(sought, maxNamed-1)}, from...))
	}
	if s, ok := m.resembles(); ok {
		all = append(all, s)
	} else {
		all = append(all, m.motive()...)
	}
	if n, from := m.serious(); n > 0 {
		all = append(all, Sentence{Text: m.count("serious", n), From: from})
	}
	if n := m.in.Answer.CouldNotSee; n > 0 {
		all = append(all, Sentence{Text: m.count("blind", n), From: m.verdictsOf(verdict.CouldNotSee)})
	}
	m.b.Matters = all
}

// resembles says whom it looks like, if the evidence is enough to speak of an intruder.
func (m *maker) resembles() (Sentence, bool) {
	a := m.in.Attribution
	if a == nil || len(a.Candidates) == 0 || a.Level == "" || a.Level == "none" {
		return Sentence{}, false
	}
	which := "page.resembles-cluster"
	switch a.Level {
	case "temporary group":
		which = "page.resembles-group"
	case "named actor":
		which = "page.resembles-named"
	}
	first := a.Candidates[0]
	return m.sentence(which, args{"actor": term(first.Name), "probability": term(percent(first.Probability))}, Ref{FromAttribution, "all"}), true
}

// motive is what the packs take for the actor's.
func (m *maker) motive() []Sentence {
	for _, p := range m.in.Plan.Packs {
		if a := p.Actor; a != nil && a.Motive != nil && !a.Motive.Unverified {
			return []Sentence{m.sentence("page.motive", args{
				"actor": term(a.Name), "motive": m.word(a.Motive.Value), "confidence": m.label("confidence." + orMedium(a.Motive.Confidence)),
			}, Ref{FromPack, clean(p.Name)})}
		}
	}
	return nil
}

func orMedium(confidence string) string {
	if slices.Contains(intel.Confidences(), confidence) {
		return confidence
	}
	return "medium"
}

// serious counts what was clearly seen and is high or critical.
func (m *maker) serious() (n int, from []Ref) {
	for _, v := range m.ordered {
		if clearlySeen(v) && severity(v.Hypothesis.Severity) >= severity("high") {
			n++
			from = append(from, Ref{FromVerdict, v.Hypothesis.ID})
		}
	}
	return n, from
}

// maxSteps is how many actions the page names.
const maxSteps = 3

// next: have it checked, do what helps most, turn on what is missing.
func (m *maker) next() {
	var all []Sentence
	if m.in.Answer.Value == verdict.Seen {
		all = append(all, m.sentence("next.check", nil, m.verdictsOf(verdict.Seen)...))
	}
	steps := 0
	var logs []Text
	var from []Ref
	for _, a := range m.b.Actions {
		switch {
		case a.Group == "blind":
			if len(logs) < maxSteps && a.log != "" {
				logs = append(logs, a.log)
				from = append(from, a.Title.From...)
			}
		case steps < maxSteps && (a.Group == "seen" || m.in.Answer.Value != verdict.Seen):
			steps++
			all = append(all, m.sentence("next.step", args{"what": trimStop(a.Title.Text), "owner": a.Owner, "effort": a.Effort}, a.Title.From...))
		}
	}
	if len(logs) > 0 {
		turnOn := m.sentence("next.logs", args{"logs": m.list(logs, maxSteps)}, from...)
		if m.in.Answer.Value == verdict.CouldNotSee { // without them there is no answer
			all = slices.Insert(all, 0, turnOn)
		} else {
			all = append(all, turnOn)
		}
	}
	if !m.in.Figures.Last.IsZero() && m.in.Answer.Value != verdict.Seen {
		all = append(all, m.sentence("next.again", args{"last": day(m.in.Figures.Last)}, allLogs()))
	}
	if len(all) == 0 {
		all = append(all, m.sentence("next.nothing", nil, method()))
	}
	m.b.Next = all
}

// trimStop takes the full stop off a title that goes into a sentence.
func trimStop(t Text) Text {
	plain, isolated := strings.CutSuffix(string(t), string(isolateEnd))
	plain = strings.TrimSuffix(plain, ".")
	if isolated {
		plain += string(isolateEnd)
	}
	return Text(plain)
}
