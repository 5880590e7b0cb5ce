package attribution

import (
	"cmp"
	"path"
	"slices"
	"strings"
	"time"

	"aldebaran/attack"
	"aldebaran/finding"
	"aldebaran/intel"
)

// Seen is a finding as far as attribution asks: what a hunt's JSON document says of it is enough.
type Seen struct {
	// Rule is the id of the rule, "indicator:domain:evil.example" for indicators; File where it stands.
	Rule, Title, File string
	// Level is that of Sigma: "informational" to "critical".
	Level string
	// Attack are techniques, groups and software of ATT&CK that the rule names.
	Attack      []string
	Hosts       []string
	First, Last time.Time
	Count       int
}

// FromFindings makes an incident of what a hunt found. Packs say which rules and indicators are one
// actor's alone, and how severe their detections are; k says what techniques are called today that rules
// have by numbers of other versions (nil leaves them as they are).
func FromFindings(findings []finding.Finding, packs []*intel.Pack, profiles []Profile, k *attack.Knowledge) *Incident {
	seen := make([]Seen, 0, len(findings))
	for i := range findings {
		f := &findings[i]
		hosts := f.Hosts
		if len(hosts) == 0 && f.Host != "" {
			hosts = []string{f.Host}
		}
		seen = append(seen, Seen{
			Rule: f.Rule.ID, Title: f.Rule.Title, File: f.Rule.File, Level: f.Rule.Level,
			Attack: f.Attack.Techniques, Hosts: hosts, First: f.First, Last: f.Last, Count: f.Count,
		})
	}
	return FromSeen(seen, packs, profiles, k)
}

// levelStrength is how sure a match of a rule of each level is to be what the rule says. Rules of low
// levels match what honest people do as well.
var levelStrength = map[string]float64{"informational": .02, "low": .1, "medium": .4, "high": .75, "critical": .95}

// FromSeen makes an incident of findings in any order, as [FromFindings] does.
func FromSeen(seen []Seen, packs []*intel.Pack, profiles []Profile, k *attack.Knowledge) *Incident {
	b := newBuilder(packs, profiles)
	b.knowledge = k
	for i := range seen {
		b.add(&seen[i])
	}
	in := b.in
	in.Techniques, in.Software = sorted(in.Techniques), sorted(in.Software)
	for _, k := range b.marks {
		in.Marks = append(in.Marks, k)
	}
	slices.SortFunc(in.Marks, compareMarks)
	in.Hosts = once(in.Hosts)
	return &in
}

// compareMarks orders marks by actor, then by what they are.
func compareMarks(a, b Mark) int {
	return cmp.Or(strings.Compare(a.Actor, b.Actor), strings.Compare(a.What, b.What), strings.Compare(a.rule, b.rule))
}

// mark keeps the strongest mark of a rule, and of equally strong ones the latest: a rule that matched on
// many hosts is one mark.
func (b *builder) mark(k Mark) {
	key := [2]string{k.Actor, k.rule}
	have, ok := b.marks[key]
	if !ok || cmp.Or(cmp.Compare(k.Strength, have.Strength), k.Now.Compare(have.Now), strings.Compare(have.What, k.What)) > 0 {
		b.marks[key] = k
	}
}

// a builder makes an incident.
type builder struct {
	in         Incident
	knowledge  *attack.Knowledge
	marks      map[[2]string]Mark // by actor and rule
	severity   map[string]string  // of detections, by the id of their rules
	indicators map[string][]*intel.Indicator
	actors     map[string]string // identifiers of profiles, by pack
	names      map[string]string // the same by names and aliases in lower case
	software   map[string]string // identifiers of software, by names in lower case
}

func newBuilder(packs []*intel.Pack, profiles []Profile) *builder {
	b := &builder{
		marks: map[[2]string]Mark{}, severity: map[string]string{}, indicators: map[string][]*intel.Indicator{},
		actors: map[string]string{}, names: map[string]string{}, software: map[string]string{},
	}
	// A name that is one actor's own goes before others' aliases; an alias of two stands for none.
	aliases := map[string][]string{}
	for i := range profiles {
		p := &profiles[i]
		b.names[strings.ToLower(p.Name)] = p.ID
		for _, alias := range p.Aliases {
			alias = strings.ToLower(alias)
			aliases[alias] = append(aliases[alias], p.ID)
		}
	}
	for alias, ids := range aliases {
		if b.names[alias] == "" && len(once(ids)) == 1 {
			b.names[alias] = ids[0]
		}
	}
	for _, p := range packs {
		b.addPack(p)
	}
	return b
}

func (b *builder) addPack(p *intel.Pack) {
	if p.Actor != nil {
		if id, ok := b.names[strings.ToLower(p.Actor.Name)]; ok {
			b.actors[p.Name] = id
		}
	}
	for i := range p.Detections {
		d := &p.Detections[i]
		for _, rule := range slices.Concat(d.Rules, d.Behaviours) {
			if d.Enabled() && levelStrength[d.Severity] > levelStrength[b.severity[rule]] {
				b.severity[rule] = d.Severity
			}
		}
	}
	for _, list := range [][]intel.Software{p.Malware, p.Tools} {
		for i := range list {
			for _, name := range append([]string{list[i].Name}, list[i].Aliases...) {
				b.software[strings.ToLower(name)] = softwareID(&list[i])
			}
		}
	}
	for i := range p.Indicators {
		n := &p.Indicators[i]
		key := "indicator:" + string(n.Type) + ":" + n.Value
		b.indicators[key] = append(b.indicators[key], n)
	}
}

// add takes in one finding.
func (b *builder) add(s *Seen) {
	// A detection may lower what its rule says of itself, and not raise it: the rule knows its matches.
	strength := levelStrength[s.Level]
	if severity, ok := b.severity[s.Rule]; ok {
		strength = min(strength, levelStrength[severity])
	}
	because := []string{s.Title}
	for _, id := range s.Attack {
		id = b.current(id)
		o := Observation{ID: id, Strength: strength, Because: because}
		switch {
		case IsTechnique(id):
			b.in.Techniques = append(b.in.Techniques, o)
		case strings.HasPrefix(id, "S"):
			b.in.Software = append(b.in.Software, o)
		case strings.HasPrefix(id, "G"):
			b.mark(Mark{Actor: id, Kind: MarkTag, What: s.Title, Strength: strength, Now: s.Last, Holders: groups(s.Attack), rule: s.Rule})
		}
	}
	if strength >= levelStrength["medium"] {
		b.in.Hosts = append(b.in.Hosts, s.Hosts...)
		b.span(s.First, s.Last)
	}
	for _, n := range b.indicators[s.Rule] {
		b.indicator(n, s, strength)
	}
	if actor, ok := b.actors[packOf(s.File)]; ok && len(b.indicators[s.Rule]) == 0 {
		b.mark(Mark{Actor: actor, Kind: MarkRule, What: s.Title, Strength: strength, Now: s.Last, rule: s.Rule})
	}
}

// current is what an identifier of ATT&CK is today; those that nobody knows stay as they are.
func (b *builder) current(id string) string {
	if b.knowledge == nil {
		return id
	}
	if now, ok := b.knowledge.Current(id); ok {
		return now
	}
	return id
}

// groups is how many groups a rule names.
func groups(ids []string) int {
	n := 0
	for _, id := range ids {
		n += count(strings.HasPrefix(id, "G"))
	}
	return n
}

// span widens the time of the incident.
func (b *builder) span(first, last time.Time) {
	if !first.IsZero() && (b.in.First.IsZero() || first.Before(b.in.First)) {
		b.in.First = first
	}
	if last.After(b.in.Last) {
		b.in.Last = last
	}
}

// packOf gives the pack that a rule's file stands in: PACK/sigma/rule.yml, with or without folders
// before it.
func packOf(file string) string {
	dir := path.Dir(strings.ReplaceAll(file, `\`, "/"))
	if path.Base(dir) != "sigma" {
		return ""
	}
	return path.Base(path.Dir(dir))
}

// indicator makes a mark of an indicator, and the software that it is of.
func (b *builder) indicator(n *intel.Indicator, s *Seen, strength float64) {
	if n.Unverified {
		return
	}
	strength *= gradeStrength(n.Grade)
	if id, ok := b.software[strings.ToLower(n.Malware)]; ok {
		b.in.Software = append(b.in.Software, Observation{ID: id, Strength: strength, Because: []string{s.Title}})
		if markKind(n.Type) == MarkName {
			return // the name of a program's file says no more than the program
		}
	}
	if actor, ok := b.names[strings.ToLower(n.Actor)]; ok {
		b.mark(Mark{
			Actor: actor, Kind: markKind(n.Type), What: s.Title, Strength: strength, Seen: n.Last, Now: s.Last, Holders: b.holders(s.Rule), Hosting: n.Hosting, rule: s.Rule,
		})
	}
}

// holders is of how many actors an indicator is known.
func (b *builder) holders(rule string) int {
	var names []string
	for _, n := range b.indicators[rule] {
		names = append(names, strings.ToLower(n.Actor))
	}
	return len(once(names))
}

func markKind(t intel.IndicatorType) MarkKind {
	switch t {
	case intel.MD5, intel.SHA1, intel.SHA256, intel.SHA512, intel.Imphash, intel.Certificate, intel.JA3:
		return MarkHash
	case intel.Domain, intel.URL, intel.Email:
		return MarkDomain
	case intel.IP, intel.CIDR:
		return MarkAddress
	}
	return MarkName
}

// gradeStrength is how far a grade of the Admiralty scale lets a fact weigh: its reliability times its
// credibility.
func gradeStrength(g intel.Grade) float64 {
	reliability := map[byte]float64{'A': 1, 'B': .9, 'C': .7, 'D': .4, 'E': .2}
	credibility := map[byte]float64{'1': 1, '2': .9, '3': .6, '4': .3, '5': .1}
	s := g.String() // with F and 6 for what is not set
	r, c := reliability[s[0]], credibility[s[1]]
	if r == 0 {
		r = .3 // F: nobody can say
	}
	if c == 0 {
		c = .3
	}
	return r * c
}
