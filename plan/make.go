package plan

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"aldebaran/attack"
	"aldebaran/intel"
	"aldebaran/match/sigma"
	"aldebaran/story"
)

// Options are what a plan is made with besides a story.
type Options struct {
	// Packs are all that are at hand; Wanted are names of those that the user asks for in any case.
	Packs  []*intel.Pack
	Wanted []string
	// Knowledge is that of ATT&CK.
	Knowledge *attack.Knowledge
	// Rules are those that the hunt will look for, behaviours too.
	Rules []Rule
	// Indicators are those that the hunt will look for; those of the story are among them.
	Indicators []intel.Indicator
}

// Bounds of a plan: a team has to work through it. Reports make some dozens of hypotheses; a technique
// has up to some hundred public rules.
const (
	maxHypotheses = 400  // beyond those of packs: claims that would make more become context
	maxTests      = 2000 // of one hypothesis; see [Hypothesis.Untested]
	maxNeeds      = 12
	// leastScore is how sure the model must be that a technique is described for a hypothesis of its own.
	leastScore = 0.5
)

// Weights of tests: how much a match says about the hypothesis.
const (
	states  = 1.0 // it was written to state just this; what states several things shows each of them
	names   = 0.8 // it names the malware or the vulnerability
	shows   = 0.6 // it shows the technique
	relates = 0.3 // it shows a parent or a part of the technique
)

// Make makes a plan of a story, of packs, or of both. s may be nil.
func Make(s *story.Story, o Options) *Plan {
	m := maker{opt: o, plan: &Plan{Story: s}, rules: map[string]*Rule{}, said: make([]string, len(o.Rules))}
	for i := range o.Rules {
		r := &o.Rules[i]
		m.rules[r.ID] = r
		m.said[i] = strings.ToLower(r.Title + "\n" + r.Description)
	}
	m.choosePacks(s)
	if s != nil {
		m.period(s)
	}
	for _, p := range m.plan.Packs {
		m.detections(p)
	}
	m.most = len(m.plan.Hypotheses) + maxHypotheses
	if s != nil {
		// Kinds of systems and of data gather from the rest, wherever it stands in the story.
		for _, gathering := range [...]bool{false, true} {
			for i := range s.Claims {
				if c := &s.Claims[i]; (c.Kind == story.System || c.Kind == story.Data) == gathering {
					m.claim(c)
				}
			}
		}
		m.indicators(s)
		m.inOrder(s)
	}
	m.finish()
	return m.plan
}

type maker struct {
	opt   Options
	plan  *Plan
	rules map[string]*Rule
	said  []string // title and description of each rule, in lower case
	most  int      // hypotheses that the plan may have
}

// tooMany is why a claim makes no hypothesis of its own once there is no room.
const tooMany = "the story makes more hypotheses than a team can work through: it was left out"

func (m *maker) full() bool { return len(m.plan.Hypotheses) >= m.most }

// choosePacks takes the packs that the user wants and those whose actor or malware the story names.
func (m *maker) choosePacks(s *story.Story) {
	called := map[string]bool{}
	for _, name := range m.opt.Wanted {
		called[name] = true
	}
	if s != nil {
		for _, c := range s.Claims {
			if c.Kind != story.Actor && c.Kind != story.Malware || c.Negated {
				continue
			}
			for _, ref := range c.Refs {
				// A name that stands for several things calls for none of them.
				if name, ok := strings.CutPrefix(ref, "pack:"); ok && len(c.Refs) <= maxMeanings {
					called[name] = true
				}
			}
		}
	}
	for _, p := range m.opt.Packs {
		if called[p.Name] {
			m.plan.Packs = append(m.plan.Packs, p)
		}
	}
}

// maxMeanings is how many things a name may stand for and still call for a pack: a cluster of
// activity and the actor that it became are two names of one thing.
const maxMeanings = 3

// period is the time that the story speaks of: from the earliest beginning to the latest end, and
// without an end if one of the periods has none, "since 2025".
func (m *maker) period(s *story.Story) {
	open := false
	for _, c := range s.Claims {
		if c.Kind != story.Period || c.Negated || c.Role == "aside" {
			continue
		}
		if !c.From.IsZero() && (m.plan.From.IsZero() || c.From.Before(m.plan.From)) {
			m.plan.From = c.From
		}
		if c.To.After(m.plan.To) {
			m.plan.To = c.To
		}
		open = open || c.To.IsZero()
	}
	if open {
		m.plan.To = time.Time{}
	}
}

// detections makes a hypothesis of each detection of a pack.
func (m *maker) detections(p *intel.Pack) {
	of := map[string]int{} // how many detections a rule or behaviour states
	for i := range p.Detections {
		if !p.Detections[i].Enabled() {
			continue
		}
		for _, id := range slices.Concat(p.Detections[i].Rules, p.Detections[i].Behaviours) {
			of[id]++
		}
	}
	for i := range p.Detections {
		d := &p.Detections[i]
		h := Hypothesis{
			Statement: d.Title, Kind: "detection", Detections: []string{p.Name + ":" + d.ID}, Techniques: slices.Clone(d.Techniques),
			Severity: d.Severity, Unverified: !d.Enabled(), Logic: d.Logic, Systems: d.Systems,
		}
		by := "detection " + d.ID
		for _, id := range slices.Concat(d.Rules, d.Behaviours) {
			if r := m.rules[id]; r != nil && of[id] > 1 {
				h.test(r, by, shows)
			} else if r != nil {
				h.test(r, by, states)
			}
		}
		if len(d.Indicators) > 0 {
			h.indicators(m.opt.Indicators, by, func(ind *intel.Indicator) bool {
				return ind.Pack == p.Name && slices.Contains(d.Indicators, ind.Type)
			})
		}
		for _, n := range d.Needs {
			h.Needs = append(h.Needs, Need{Need: n}.described())
		}
		m.plan.Hypotheses = append(m.plan.Hypotheses, h)
	}
}

// claim makes a hypothesis of a claim, joins it with one that is there, or puts it down as context.
func (m *maker) claim(c *story.Claim) {
	why := ""
	switch {
	case c.Negated:
		why = "the story says that it is not so"
	case c.Kind == story.Technique:
		why = m.technique(c)
	case c.Kind == story.Malware || c.Kind == story.Tool:
		why = m.software(c)
	case c.Kind == story.Vulnerability:
		why = m.vulnerability(c)
	case c.Kind == story.System:
		why = m.system(c)
	case c.Kind == story.Data:
		why = m.data(c)
	case c.Kind == story.Actor:
		why = m.actor(c)
	case c.Kind == story.Indicator:
		return // all of them are one hypothesis for each type
	case c.Kind == story.Sector || c.Kind == story.Region || c.Kind == story.Country:
		why = "says who is concerned: it counts for relevance"
	case c.Kind == story.Period && c.Role == "aside":
		why = "is when something else took place, as a report: it does not bound the search"
	case c.Kind == story.Period:
		why = "says when: it bounds the search"
	case c.Kind == story.Advice:
		why = "is advice: see the actions"
	default:
		why = "is about the actor, and not about these servers"
	}
	if why != "" {
		m.plan.Context = append(m.plan.Context, Context{c.ID, why})
	}
}

// inOrder puts what is context in the order of the story.
func (m *maker) inOrder(s *story.Story) {
	at := map[string]int{}
	for i := range s.Claims {
		at[s.Claims[i].ID] = i
	}
	slices.SortStableFunc(m.plan.Context, func(a, b Context) int { return cmp.Compare(at[a.Claim], at[b.Claim]) })
}

// answers adds a claim to a hypothesis.
func (h *Hypothesis) answers(c *story.Claim) {
	if !slices.Contains(h.Claims, c.ID) {
		h.Claims = append(h.Claims, c.ID)
	}
}

// technique: the detections of the packs that state it answer it, and the rules that are tagged with it.
func (m *maker) technique(c *story.Claim) (why string) {
	if c.How == "described" && c.Score < leastScore {
		return fmt.Sprintf("is described too vaguely to be tested (%.0f %% sure that it is %s)", c.Score*100, c.Name)
	}
	id := c.Name
	if current, ok := m.opt.Knowledge.Current(id); ok {
		id = current
	}
	name := id
	if t := m.opt.Knowledge.TechniqueByID(id); t != nil {
		if elsewhere(t) {
			return "is done on the intruder's side, where no log of yours is"
		}
		name = t.Name + " (" + id + ")"
		if p := m.opt.Knowledge.TechniqueByID(t.Parent); p != nil {
			name = p.Name + ": " + name
		}
	}
	for i := range m.plan.Hypotheses {
		h := &m.plan.Hypotheses[i]
		if h.Kind == "technique" && h.Techniques[0] == id {
			h.answers(c)
			return ""
		}
	}
	if m.full() {
		return tooMany
	}
	h := Hypothesis{Statement: name, Kind: "technique", Techniques: []string{id}, Severity: "medium"}
	h.answers(c)
	// What states a detection of the packs with this technique states it here as well.
	for i := range m.plan.Hypotheses {
		d := &m.plan.Hypotheses[i]
		if d.Kind != "detection" || d.Unverified || !slices.ContainsFunc(d.Techniques, func(t string) bool { return sameTechnique(t, id) }) {
			continue
		}
		d.answers(c)
		for _, t := range d.Tests {
			if !m.about(t, id) { // it states another part of the detection
				t.Weight = relates
			}
			h.add(t)
		}
		h.need(d.Needs...)
	}
	m.tagged(&h, id)
	m.plan.Hypotheses = append(m.plan.Hypotheses, h)
	return ""
}

// tagged adds the rules that refer to a technique.
func (m *maker) tagged(h *Hypothesis, technique string) {
	ids := []string{technique}
	for _, r := range attack.Renumbered() {
		if r.Before == technique {
			ids = append(ids, r.After)
		}
	}
	for i := range m.opt.Rules {
		r := &m.opt.Rules[i]
		best := 0
		for _, id := range ids {
			best = max(best, r.tagged(id))
		}
		switch best {
		case 2:
			h.test(r, "technique "+technique, shows)
		case 1:
			h.test(r, "technique "+technique, relates)
		}
	}
	h.needRules(m.rules)
}

// elsewhere tells techniques that are not done on a victim's servers: preparing an attack. Scanning is
// reconnaissance too, but servers see it.
func elsewhere(t *attack.Technique) bool {
	return len(t.Tactics) > 0 && !slices.ContainsFunc(t.Tactics, func(s string) bool { return s != "resource-development" })
}

// about tells whether a test is for one of the techniques by its own tags; an indicator has none.
func (m *maker) about(t Test, techniques ...string) bool {
	r := m.rules[t.ID]
	return r == nil || slices.ContainsFunc(techniques, func(id string) bool {
		return r.tagged(id) > 0 || slices.ContainsFunc(attack.Renumbered(), func(n attack.Renumbering) bool { return n.Before == id && r.tagged(n.After) > 0 })
	})
}

// sameTechnique tells whether two ids are the same, or one is part of the other.
func sameTechnique(a, b string) bool {
	return a == b || strings.HasPrefix(a, b+".") || strings.HasPrefix(b, a+".")
}

// software: rules and indicators that name it; what a pack says of it; its techniques in ATT&CK say
// which logs would show it.
func (m *maker) software(c *story.Claim) (why string) {
	for i := range m.plan.Hypotheses {
		if h := &m.plan.Hypotheses[i]; h.Kind == string(c.Kind) && h.Statement == softwareStatement(c) {
			h.answers(c)
			return ""
		}
	}
	if m.full() {
		return tooMany
	}
	h := Hypothesis{Statement: softwareStatement(c), Kind: string(c.Kind), Severity: "high"}
	h.answers(c)
	called := []string{c.Name, c.Quote}
	var techniques []string
	for _, ref := range c.Refs {
		if s := m.opt.Knowledge.SoftwareByID(ref); s != nil {
			called = append(append(called, s.Name), s.Aliases...)
			for i := range m.opt.Rules {
				if slices.ContainsFunc(m.opt.Rules[i].Tags, func(t string) bool { return strings.EqualFold(t, "attack."+ref) }) {
					h.test(&m.opt.Rules[i], "tag "+ref, names)
				}
			}
			for _, u := range m.opt.Knowledge.UsesOf(ref) {
				if strings.HasPrefix(u.Target, "T") {
					techniques = append(techniques, u.Target)
				}
			}
		}
	}
	for _, p := range m.opt.Packs {
		for _, s := range slices.Concat(p.Malware, p.Tools) {
			if s.Unverified || !slices.ContainsFunc(append([]string{s.Name, s.Family}, s.Aliases...), func(n string) bool { return n != "" && strings.EqualFold(n, c.Name) }) {
				continue
			}
			called = append(append(called, s.Name), s.Aliases...)
			techniques = append(techniques, s.Techniques...)
			for _, a := range s.Artefacts {
				if !a.Unverified && (a.Kind == "filename" || a.Kind == "string") && len(a.Value) >= leastName {
					called = append(called, a.Value)
				}
			}
		}
	}
	m.naming(&h, called)
	h.indicators(m.opt.Indicators, "indicator of "+c.Name, func(ind *intel.Indicator) bool {
		return slices.ContainsFunc(called, func(n string) bool { return strings.EqualFold(n, ind.Malware) })
	})
	// Its techniques, as far as a detection of the chosen packs states them with a rule.
	slices.Sort(techniques)
	h.Techniques = slices.Compact(techniques)
	for i := range m.plan.Hypotheses {
		d := &m.plan.Hypotheses[i]
		if d.Kind == "detection" && !d.Unverified && slices.ContainsFunc(d.Techniques, func(t string) bool { return slices.Contains(h.Techniques, t) }) {
			for _, t := range d.Tests {
				t.Weight = relates
				h.add(t)
			}
			h.need(d.Needs...)
		}
	}
	h.needRules(m.rules)
	if len(h.Tests) == 0 && len(h.Techniques) == 0 {
		return "nothing is known of it that logs would show"
	}
	m.plan.Hypotheses = append(m.plan.Hypotheses, h)
	if c.Kind == story.Malware && len(h.Tests) == 0 {
		m.onServers(c, h.Techniques)
	}
	return ""
}

// serverTechniques are families of techniques that say much of a server: few programs have them, and rules for them
// find little else. What else malware does, every program does.
var serverTechniques = []string{"T1505", "T1114", "T1213", "T1556", "T1190"}

// onServers makes hypotheses of what malware that no rule names is known to do on servers.
func (m *maker) onServers(c *story.Claim, techniques []string) {
	for _, id := range techniques {
		family, _, _ := strings.Cut(id, ".")
		if slices.Contains(serverTechniques, family) && !m.full() {
			m.knownOf(c, id, c.Name)
		}
	}
}

// knownOf makes a hypothesis of a technique that ATT&CK knows of an actor or of malware, if rules show it and no
// other hypothesis is about it.
func (m *maker) knownOf(c *story.Claim, technique, whose string) bool {
	if slices.ContainsFunc(m.plan.Hypotheses, func(h Hypothesis) bool {
		return h.Kind == "technique" && slices.Contains(h.Techniques, technique)
	}) {
		return false
	}
	h := Hypothesis{Kind: "technique", Techniques: []string{technique}, Severity: "medium"}
	if t := m.opt.Knowledge.TechniqueByID(technique); t != nil {
		h.Statement = fmt.Sprintf("%s (%s), which ATT&CK knows of %s", t.Name, technique, whose)
	}
	h.answers(c)
	m.tagged(&h, technique)
	if !slices.ContainsFunc(h.Tests, func(t Test) bool { return t.Weight >= shows }) {
		return false
	}
	m.plan.Hypotheses = append(m.plan.Hypotheses, h)
	return true
}

func softwareStatement(c *story.Claim) string { return c.Name + " was here" }

// leastName is how long a name must be to be looked for in the words of rules.
const leastName = 4

// naming adds the rules whose title or description has one of the names as a word.
func (m *maker) naming(h *Hypothesis, called []string) {
	for _, name := range called {
		if len(name) < leastName {
			continue
		}
		lower := strings.ToLower(name)
		for i, said := range m.said {
			if hasWord(said, lower) {
				h.test(&m.opt.Rules[i], "names "+name, names)
			}
		}
	}
}

// hasWord tells whether a text has a name, not as a part of a longer word. Both are in lower case.
func hasWord(text, name string) bool {
	for at := 0; ; {
		i := strings.Index(text[at:], name)
		if i < 0 {
			return false
		}
		i += at
		end := i + len(name)
		if (i == 0 || !wordByte(text[i-1])) && (end == len(text) || !wordByte(text[end])) {
			return true
		}
		at = i + 1
	}
}

func wordByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '_' || c >= 0x80
}

// vulnerability: rules tagged with it or naming it.
func (m *maker) vulnerability(c *story.Claim) (why string) {
	for i := range m.plan.Hypotheses {
		if h := &m.plan.Hypotheses[i]; h.Kind == "vulnerability" && h.Statement == c.Name+" was used here" {
			h.answers(c)
			return ""
		}
	}
	if m.full() {
		return tooMany
	}
	h := Hypothesis{Statement: c.Name + " was used here", Kind: "vulnerability", Severity: "critical", Techniques: []string{"T1190"}}
	h.answers(c)
	called := []string{c.Name}
	for _, p := range m.opt.Packs {
		for _, v := range p.Exploits {
			if strings.EqualFold(v.ID, c.Name) && v.Name != "" {
				called = append(called, v.Name)
			}
		}
	}
	tag := strings.ReplaceAll(strings.ToLower(c.Name), "cve-", "cve.")
	for i := range m.opt.Rules {
		if slices.ContainsFunc(m.opt.Rules[i].Tags, func(t string) bool { return strings.EqualFold(t, tag) }) {
			h.test(&m.opt.Rules[i], "tag "+tag, states)
		}
	}
	m.naming(&h, called)
	h.needRules(m.rules)
	if len(h.Needs) == 0 {
		h.need(needOf(sigma.Logsource{Category: "webserver"}))
	}
	m.plan.Hypotheses = append(m.plan.Hypotheses, h)
	return ""
}

// system: whatever the plan looks for on such servers answers that they were a target here.
func (m *maker) system(c *story.Claim) (why string) {
	system := systemOf(c.Name)
	if system == "" {
		return "no kind of log is known that only such systems have"
	}
	// Of a hypothesis that concerns such servers too, what only others have says nothing of these.
	wanted := func(t Test) bool {
		r := m.rules[t.ID]
		return r == nil || slices.ContainsFunc(r.Sources, func(ls sigma.Logsource) bool { return standsOn(ls, system) })
	}
	needed := func(n Need) bool { return tells(n, system) }
	return m.gather(c, "Servers of this kind were a target here: "+c.Name, states, func(h *Hypothesis) bool { return h.concerns(system) }, wanted, needed,
		func(h *Hypothesis) { m.onSystem(h, system) })
}

// tells tells whether a log tells a kind of server from others: a no to that kind needs one.
func tells(n Need, system string) bool {
	l, ok := LogFor(n.Channel, Source(n.Need))
	return ok && slices.Contains(l.Systems, system)
}

// standsOn tells whether a kind of system has a log, as its own or as every host; unknown logs may stand anywhere.
func standsOn(ls sigma.Logsource, system string) bool {
	l, ok := LogFor("", ls)
	return !ok || slices.Contains(l.Systems, system) || slices.Contains(l.Systems, "host")
}

// systemWords are what titles of rules about a kind of system name.
var systemWords = map[string][]string{
	"mail":     {"exchange", "owa", "outlook", "zimbra", "roundcube", "mailbox", "mailboxes", "mail", "autodiscover", "transport"},
	"database": {"sql", "database", "databases", "mysql", "postgresql", "oracle", "mssql", "mongodb"},
	"web":      {"iis", "w3wp", "webshell", "web", "apache", "nginx", "tomcat", "php", "asp", "aspx"},
}

// onSystem adds the severe rules that are about a kind of system: a story that only says which servers were broken
// into asks for whatever is odd on them.
func (m *maker) onSystem(h *Hypothesis, system string) {
	for i := range m.opt.Rules {
		r := &m.opt.Rules[i]
		if r.Level != "high" && r.Level != "critical" {
			continue
		}
		title := strings.ToLower(r.Title)
		if slices.ContainsFunc(systemWords[system], func(w string) bool { return hasWord(title, w) }) || onlyOn(r, system) {
			h.test(r, "rule about such servers", shows)
		}
	}
	h.needRules(m.rules)
	h.Needs = slices.DeleteFunc(h.Needs, func(n Need) bool { return !tells(n, system) })
}

// onlyOn tells whether all logs that a rule reads are of one kind of system.
func onlyOn(r *Rule, system string) bool {
	return len(r.Sources) > 0 && !slices.ContainsFunc(r.Sources, func(ls sigma.Logsource) bool {
		l, ok := LogFor("", ls)
		return !ok || len(l.Systems) != 1 || l.Systems[0] != system
	})
}

// systemOf is the kind of system as logs have it.
func systemOf(name string) string {
	l := strings.ToLower(name)
	for _, s := range []struct{ word, system string }{
		{"mail", "mail"}, {"exchange", "mail"}, {"outlook", "mail"}, {"owa", "mail"}, {"zimbra", "mail"},
		{"database", "database"}, {"sql", "database"}, {"oracle", "database"}, {"web", "web"}, {"iis", "web"},
	} {
		if strings.Contains(l, s.word) {
			return s.system
		}
	}
	return ""
}

// concerns tells whether a log that only such systems have would show the hypothesis.
func (h *Hypothesis) concerns(system string) bool {
	return slices.ContainsFunc(h.Needs, func(n Need) bool {
		l, ok := LogFor(n.Channel, Source(n.Need))
		return ok && slices.Contains(l.Systems, system)
	})
}

// data: whatever finds collection of such data.
func (m *maker) data(c *story.Claim) (why string) {
	l := strings.ToLower(c.Name)
	var techniques []string
	switch {
	case strings.Contains(l, "mail") || strings.Contains(l, "inbox"):
		techniques = []string{"T1114"}
	case strings.Contains(l, "database") || strings.Contains(l, "record") || strings.Contains(l, "table") || strings.Contains(l, "sql"):
		techniques = []string{"T1213", "T1005"}
	case strings.Contains(l, "credential") || strings.Contains(l, "password"):
		techniques = []string{"T1003", "T1555", "T1552", "T1556"}
	default:
		// Which subject the data was about no log says.
		techniques = []string{"T1114", "T1213", "T1005", "T1560", "T1074"}
		return m.gather(c, "Data was collected here, of whatever subject: "+c.Name, shows, collects(techniques), m.collecting(techniques), anyNeed, func(*Hypothesis) {})
	}
	return m.gather(c, "Data of this kind was collected here: "+c.Name, states, collects(techniques), m.collecting(techniques), anyNeed, func(h *Hypothesis) {
		for _, id := range techniques {
			m.tagged(h, id)
		}
		h.Techniques = techniques
	})
}

// collects tells hypotheses about one of those techniques.
func collects(techniques []string) func(*Hypothesis) bool {
	return func(h *Hypothesis) bool {
		return slices.ContainsFunc(h.Techniques, func(t string) bool {
			return slices.ContainsFunc(techniques, func(want string) bool { return sameTechnique(t, want) })
		})
	}
}

// collecting tells tests for one of those techniques: of a role that was granted before nothing was collected.
func (m *maker) collecting(techniques []string) func(Test) bool {
	return func(t Test) bool { return m.about(t, techniques...) }
}

func anyNeed(Need) bool { return true }

// gather makes a hypothesis of the tests that are wanted of those detections and techniques that fit, and of the needed
// logs, none of them weighing more than most; if there are none, of those that otherwise adds.
func (m *maker) gather(c *story.Claim, statement string, most float64, fits func(*Hypothesis) bool, wanted func(Test) bool, needed func(Need) bool, otherwise func(*Hypothesis)) (why string) {
	for i := range m.plan.Hypotheses {
		if m.plan.Hypotheses[i].Statement == statement {
			m.plan.Hypotheses[i].answers(c)
			return ""
		}
	}
	if m.full() {
		return tooMany
	}
	h := Hypothesis{Statement: statement, Kind: string(c.Kind), Severity: "high"}
	h.answers(c)
	for i := range m.plan.Hypotheses {
		from := &m.plan.Hypotheses[i]
		if (from.Kind != "detection" && from.Kind != "technique") || from.Unverified || !fits(from) {
			continue
		}
		for _, t := range from.Tests {
			if t.Weight >= shows && wanted(t) {
				t.Weight = min(t.Weight, most)
				h.add(t)
			}
		}
		for _, n := range from.Needs {
			if needed(n) {
				h.need(n)
			}
		}
		h.Techniques = append(h.Techniques, from.Techniques...)
	}
	if len(h.Tests) == 0 {
		otherwise(&h)
	}
	slices.Sort(h.Techniques)
	h.Techniques = slices.Compact(h.Techniques)
	if len(h.Tests) == 0 {
		return "nothing that the story or a pack describes would show it"
	}
	m.plan.Hypotheses = append(m.plan.Hypotheses, h)
	return ""
}

// actor: that somebody works like the actor is what all hypotheses together answer, and who it is
// attribution; without a pack what ATT&CK knows of the actor's techniques is tested.
func (m *maker) actor(c *story.Claim) (why string) {
	const together = "who it was is for attribution; what the actor does is answered by the other hypotheses"
	// With a pack, the others that a story names are those whom its actor is compared with.
	if len(m.plan.Packs) > 0 || len(c.Refs) != 1 {
		return together
	}
	g := m.opt.Knowledge.GroupByID(c.Refs[0])
	if g == nil {
		return together
	}
	n := 0
	for _, u := range m.opt.Knowledge.UsesOf(g.ID) {
		if n >= maxOfActor || m.full() {
			break
		}
		if strings.HasPrefix(u.Target, "T") && m.knownOf(c, u.Target, g.Name) {
			n++
		}
	}
	if n == 0 {
		return together
	}
	return ""
}

// maxOfActor is how many techniques that a story does not mention are tested because ATT&CK knows
// them of its actor.
const maxOfActor = 20

// indicators makes one hypothesis for each type of indicator of the story.
func (m *maker) indicators(s *story.Story) {
	byType := map[string]*Hypothesis{}
	var order []string
	for i := range s.Claims {
		c := &s.Claims[i]
		if c.Kind != story.Indicator {
			continue
		}
		if c.Negated {
			m.plan.Context = append(m.plan.Context, Context{c.ID, "the story says that it is not so"})
			continue
		}
		h := byType[c.Indicator]
		if h == nil {
			h = &Hypothesis{Statement: "An indicator of the story stands in the logs: " + c.Indicator, Kind: "indicator", Severity: "high"}
			for _, ls := range indicatorSources(intel.IndicatorType(c.Indicator)) {
				h.need(needOf(ls))
			}
			byType[c.Indicator] = h
			order = append(order, c.Indicator)
		}
		h.answers(c)
		h.Tests = append(h.Tests, Test{"indicator", c.Indicator + ":" + c.Name, c.Name, "indicator of the story", states})
	}
	slices.Sort(order)
	for _, t := range order {
		m.plan.Hypotheses = append(m.plan.Hypotheses, *byType[t])
	}
}

// indicatorSources are the logs in which an indicator of a type usually stands.
func indicatorSources(t intel.IndicatorType) []sigma.Logsource {
	switch t {
	case intel.Domain, intel.URL, intel.Email:
		return []sigma.Logsource{{Category: "dns"}, {Category: "proxy"}, {Category: "webserver"}, {Product: "windows", Category: "dns_query"}}
	case intel.IP, intel.CIDR:
		return []sigma.Logsource{{Category: "webserver"}, {Category: "firewall"}, {Product: "windows", Category: "network_connection"}, {Product: "windows", Service: "security"}}
	case intel.UserAgent, intel.JA3, intel.Certificate:
		return []sigma.Logsource{{Category: "webserver"}, {Category: "proxy"}, {Product: "zeek"}}
	case intel.RegistryKey:
		return []sigma.Logsource{{Product: "windows", Category: "registry_set"}}
	case intel.Account:
		return []sigma.Logsource{{Product: "windows", Service: "security"}}
	case intel.Mutex:
		return []sigma.Logsource{{Product: "windows", Category: "pipe_created"}}
	}
	return []sigma.Logsource{{Product: "windows", Category: "process_creation"}, {Product: "windows", Category: "file_event"}, {Product: "windows", Category: "image_load"}}
}

// test adds a rule or behaviour.
func (h *Hypothesis) test(r *Rule, by string, weight float64) {
	h.add(Test{r.Kind, r.ID, r.Title, by, weight})
}

// add adds a test, or raises the weight of one that is there.
func (h *Hypothesis) add(t Test) {
	for i := range h.Tests {
		if have := &h.Tests[i]; have.Kind == t.Kind && have.ID == t.ID {
			if t.Weight > have.Weight {
				*have = t
			}
			return
		}
	}
	h.Tests = append(h.Tests, t)
}

// indicators adds those of all that fit and that somebody verified, each once.
func (h *Hypothesis) indicators(all []intel.Indicator, by string, fit func(*intel.Indicator) bool) {
	var types []intel.IndicatorType
	have := map[string]bool{}
	for i := range all {
		ind := &all[i]
		id := string(ind.Type) + ":" + ind.Value
		if ind.Unverified || have[id] || !fit(ind) {
			continue
		}
		have[id] = true
		if len(h.Tests) >= maxTests {
			h.Untested++
			continue
		}
		h.Tests = append(h.Tests, Test{"indicator", id, ind.Value, by, states})
		if !slices.Contains(types, ind.Type) {
			types = append(types, ind.Type)
		}
	}
	for _, t := range types {
		for _, ls := range indicatorSources(t) {
			h.need(needOf(ls))
		}
	}
}

// need adds logs, each once: a log source that stands for an event log that is there adds nothing.
func (h *Hypothesis) need(more ...Need) {
	for _, n := range more {
		if !slices.ContainsFunc(h.Needs, func(have Need) bool {
			return Source(have.Need) == Source(n.Need) && (n.Channel == "" || have.Channel == n.Channel && slices.Equal(have.Events, n.Events))
		}) {
			h.Needs = append(h.Needs, n)
		}
	}
}

// needRules adds the logs that the rules among the tests read, those of most tests first.
func (h *Hypothesis) needRules(rules map[string]*Rule) {
	counts := map[sigma.Logsource]int{}
	for _, t := range h.Tests {
		if r := rules[t.ID]; r != nil && t.Weight >= shows {
			for _, ls := range r.Sources {
				counts[ls]++
			}
		}
	}
	sources := make([]sigma.Logsource, 0, len(counts))
	for ls := range counts {
		sources = append(sources, ls)
	}
	sources = distinct(sources)
	slices.SortStableFunc(sources, func(a, b sigma.Logsource) int { return counts[b] - counts[a] })
	for _, ls := range sources {
		if len(h.Needs) >= maxNeeds {
			return
		}
		h.need(needOf(ls))
	}
}

// finish puts hypotheses and their tests in order, and gives them their numbers.
func (m *maker) finish() {
	tactics := attack.Tactics()
	rank := map[string]int{"": len(tactics)}
	for i := range tactics {
		rank[tactics[i].Short] = i
	}
	for i := range m.plan.Hypotheses {
		h := &m.plan.Hypotheses[i]
		h.Stage = m.stage(h, rank)
		h.Tests, h.Needs = append([]Test{}, h.Tests...), append([]Need{}, h.Needs...) // JSON has lists, and not null
		slices.SortStableFunc(h.Tests, func(a, b Test) int { return cmp.Compare(b.Weight, a.Weight) })
		if more := len(h.Tests) - maxTests; more > 0 {
			h.Tests = h.Tests[:maxTests]
			h.Untested += more
		}
		for j := range h.Needs {
			h.Needs[j].Serves = m.serves(h, &h.Needs[j])
		}
	}
	slices.SortStableFunc(m.plan.Hypotheses, func(a, b Hypothesis) int {
		return cmp.Or(cmp.Compare(rank[a.Stage], rank[b.Stage]), strings.Compare(a.Kind, b.Kind))
	})
	for i := range m.plan.Hypotheses {
		m.plan.Hypotheses[i].ID = fmt.Sprintf("h%d", i+1)
	}
}

// stage is the first tactic of a hypothesis's techniques, "" if none is known. rank has the order of
// tactics by their short names.
func (m *maker) stage(h *Hypothesis, rank map[string]int) string {
	first := ""
	for _, id := range h.Techniques {
		t := m.opt.Knowledge.TechniqueByID(id)
		if t == nil {
			continue
		}
		for _, name := range t.Tactics {
			if at, known := rank[name]; known && at < rank[first] {
				first = name
			}
		}
	}
	return first
}

// serves gives the tests that a log would serve.
func (m *maker) serves(h *Hypothesis, n *Need) []string {
	kind := KindOf(n)
	ids := []string{}
	for _, t := range h.Tests {
		r := m.rules[t.ID]
		if r == nil { // an indicator can stand in any of them
			if t.Kind == "indicator" {
				ids = append(ids, t.ID)
			}
			continue
		}
		if slices.ContainsFunc(r.Sources, func(ls sigma.Logsource) bool { return ls == Source(n.Need) || kind.ServesSource(ls) }) {
			ids = append(ids, t.ID)
		}
	}
	return ids
}

// KindOf is the kind of log that a need asks for, as routes have it.
func KindOf(n *Need) sigma.Kind {
	k := sigma.Kind{Product: n.Product, Category: n.Category, Service: n.Service, Channel: n.Channel}
	if n.Channel != "" {
		// An event log: its category and service are what rules call it, not what its events are labelled.
		k = sigma.Kind{Product: "windows", Channel: n.Channel}
		if len(n.Events) > 0 {
			k.EventIDs = map[uint32]int{}
			for _, id := range n.Events {
				k.EventIDs[uint32(id)] = 1
			}
		}
	}
	return k
}
