package intel

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
)

// The forms of ids that packs refer to.
var (
	techniqueID  = regexp.MustCompile(`^T\d{4}(\.\d{3})?$`)
	softwareID   = regexp.MustCompile(`^S\d{4}$`)
	groupID      = regexp.MustCompile(`^G\d{4}$`)
	mitigationID = regexp.MustCompile(`^M\d{4}$`)
	d3fendID     = regexp.MustCompile(`^D3-[A-Z0-9]{1,12}$`)
	cveID        = regexp.MustCompile(`^CVE-\d{4}-\d{4,7}$`)
	ruleID       = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`)
	packName     = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)
	countryCode  = regexp.MustCompile(`^[A-Z]{2}$`)
	clock        = regexp.MustCompile(`^([01]\d|2[0-4]):[0-5]\d$`)
)

// A packCheck collects what does not hold together in a pack.
type packCheck struct {
	p        *Pack
	dir      string
	problems problemList
}

// check holds the parts of a pack against each other. What refers to rules, behaviours and ATT&CK
// is only checked in form: packs.Check knows those.
func (p *Pack) check(dir string) []Problem {
	c := &packCheck{p: p, dir: dir}
	c.head()
	c.facts()
	if p.Actor != nil {
		c.actor(p.Actor)
	}
	c.software()
	c.behaviour()
	c.detections()
	c.advice()
	c.indicators()
	return c.problems.told(dir)
}

func (c *packCheck) problem(file string, line int, format string, args ...any) {
	c.problems.add(path.Join(c.dir, file), line, format, args...)
}

// need tells of a value that is not there.
func (c *packCheck) need(file string, line int, key, value string) {
	if value == "" {
		c.problem(file, line, "%s: want a value, found none", key)
	}
}

// oneOf tells of a word that is none of a list.
func (c *packCheck) oneOf(file string, line int, key, value string, words []string) {
	if !slices.Contains(words, value) {
		c.problem(file, line, "%s: want one of %s, found %q", key, strings.Join(words, ", "), cut(value))
	}
}

// form tells of values that do not have the form of what they should be; "" is none.
func (c *packCheck) form(file string, line int, key string, form *regexp.Regexp, like string, values ...string) {
	for _, v := range values {
		if v != "" && !form.MatchString(v) {
			c.problem(file, line, "%s: want one like %s, found %q", key, like, cut(v))
		}
	}
}

func (c *packCheck) techniques(file string, line int, ids ...string) {
	c.form(file, line, "technique", techniqueID, "T1059.001", ids...)
}

// once tells of an id that stands there twice, and gives the set of all.
func (c *packCheck) once(file, key string, ids []string, line func(int) int) map[string]bool {
	seen := map[string]bool{}
	for i, id := range ids {
		c.need(file, line(i), key, id)
		if seen[id] {
			c.problem(file, line(i), "%s: want each once, found %q again", key, cut(id))
		}
		seen[id] = true
	}
	return seen
}

func (c *packCheck) head() {
	p := c.p
	if base := path.Base(c.dir); base != "." && p.Name != base {
		c.problem(PackFile, 1, "name: want that of the folder, %q, found %q", base, cut(p.Name))
	}
	c.form(PackFile, 1, "name", packName, "web-shells", p.Name)
	for _, f := range []struct{ key, value string }{
		{"title", p.Title},
		{"version", p.Version},
		{"date", string(p.Date)},
		{"description", p.Description},
		{"licence", p.Licence},
	} {
		c.need(PackFile, 1, f.key, f.value)
	}
	c.once(PackFile, "id of a source", ids(p.Sources, func(s *Source) string { return s.ID }), func(i int) int { return p.Sources[i].Line })
	for _, s := range p.Sources {
		c.need(PackFile, s.Line, "name of the source "+s.ID, s.Name)
		if strings.ContainsFunc(s.ID, func(r rune) bool { return r <= ' ' || r == ';' || r == ',' }) {
			c.problem(PackFile, s.Line, "id of a source: want no blanks, commas and semicolons, found %q", cut(s.ID))
		}
	}
}

// facts holds every fact to the rules that make it one: it has sources, which are there; what only
// unread sources say is unverified; and what is said of an actor has a grade.
func (c *packCheck) facts() {
	read := map[string]bool{}
	for _, s := range c.p.Sources {
		read[s.ID] = !s.Unread
	}
	file := PackFile
	for what, f := range c.p.Facts() {
		if strings.HasPrefix(what, "advice ") {
			file = AdviceFile
		}
		c.sources(file, f.Line, what, f.Sources, f.Unverified, read)
		if f.Grade == (Grade{}) && !f.Generic {
			c.problem(file, f.Line, "%s: want a grade, or generic: true, found neither", what)
		}
	}
}

// sources checks the references of one fact or indicator. read tells which sources there are, and
// whether somebody read them.
func (c *packCheck) sources(file string, line int, what string, ids []string, unverified bool, read map[string]bool) {
	if len(ids) == 0 {
		c.problem(file, line, "%s: want a source, found none", what)
		return
	}
	unread := true
	for _, id := range ids {
		isRead, known := read[id]
		if !known {
			c.problem(file, line, "%s: source %q is not in the list of sources", what, cut(id))
		}
		unread = unread && known && !isRead
	}
	if unread && !unverified {
		c.problem(file, line, "%s: want unverified: true, as nobody read its sources, found none", what)
	}
}

func (c *packCheck) actor(a *Actor) {
	c.need(PackFile, a.Line, "id", a.ID)
	c.form(PackFile, a.Line, "id", packName, "phantom-taurus", a.ID)
	c.need(PackFile, a.Line, "name", a.Name)
	for _, n := range a.Aliases {
		c.need(PackFile, n.Line, "name", n.Name)
		c.need(PackFile, n.Line, "by", n.By)
		c.oneOf(PackFile, n.Line, "kind", n.Kind, NameKinds())
		c.oneOf(PackFile, n.Line, "confidence", n.Confidence, Confidences())
		for _, not := range a.NotAliases {
			if strings.EqualFold(not.Name, n.Name) {
				c.problem(PackFile, not.Line, "not_aliases: %q is among the aliases too", cut(not.Name))
			}
		}
	}
	for _, n := range a.NotAliases {
		c.need(PackFile, n.Line, "name", n.Name)
		c.need(PackFile, n.Line, "why", n.Why)
	}
	countries := a.Countries
	if a.Country != nil {
		countries = append(slices.Clone(countries), *a.Country)
	}
	for _, claim := range countries {
		c.form(PackFile, claim.Line, "country", countryCode, "CN", claim.Value)
	}
	for _, claim := range slices.Concat(a.Objectives, a.Sectors, a.Regions, countries, a.SystemsTargeted, a.DataSought, a.Habits, a.Attribution) {
		c.need(PackFile, claim.Line, "value", claim.Value)
		if claim.Confidence != "" {
			c.oneOf(PackFile, claim.Line, "confidence", claim.Confidence, Confidences())
		}
	}
	for _, claim := range []*Claim{a.ActiveFrom, a.ActiveTo} {
		if claim == nil {
			continue
		}
		if _, err := ParseDate(claim.Value); err != nil {
			c.problem(PackFile, claim.Line, "%v", err)
		}
	}
	if a.Hours != nil {
		c.form(PackFile, a.Hours.Line, "hours", clock, "01:00", a.Hours.From, a.Hours.To)
	}
}

func (c *packCheck) software() {
	for _, s := range slices.Concat(c.p.Malware, c.p.Tools) {
		c.need(PackFile, s.Line, "name", s.Name)
		c.need(PackFile, s.Line, "kind of "+s.Name, s.Kind)
		c.form(PackFile, s.Line, "attack_id", softwareID, "S0020", s.AttackID)
		c.techniques(PackFile, s.Line, s.Techniques...)
		for _, a := range s.Artefacts {
			c.need(PackFile, a.Line, "kind of an artefact", a.Kind)
			c.need(PackFile, a.Line, "value of an artefact", a.Value)
		}
	}
	for _, r := range c.p.Relations {
		c.need(PackFile, r.Line, "to", r.To)
		c.form(PackFile, r.Line, "attack_id", groupID, "G0027", r.AttackID)
		c.oneOf(PackFile, r.Line, "kind", r.Kind, RelationKinds())
		c.oneOf(PackFile, r.Line, "confidence", r.Confidence, Confidences())
	}
}

func (c *packCheck) behaviour() {
	p := c.p
	c.once(PackFile, "technique", ids(p.Techniques, func(t *TechniqueUse) string { return t.ID }), func(i int) int { return p.Techniques[i].Line })
	for _, t := range p.Techniques {
		c.techniques(PackFile, t.Line, t.ID, t.NewID)
		c.need(PackFile, t.Line, "observed", t.Observed)
		c.need(PackFile, t.Line, "shows", t.Shows)
		c.oneOf(PackFile, t.Line, "confidence", t.Confidence, Confidences())
	}
	for _, v := range p.Exploits {
		c.need(PackFile, v.Line, "id", v.ID)
		c.form(PackFile, v.Line, "vulnerability", cveID, "CVE-2021-26855", v.ID)
	}
	for i, m := range p.Timeline {
		c.need(PackFile, m.Line, "when", string(m.When))
		c.need(PackFile, m.Line, "text", m.Text)
		if i > 0 && m.When < p.Timeline[i-1].When {
			c.problem(PackFile, m.Line, "timeline: want dates in order, found %s after %s", m.When, p.Timeline[i-1].When)
		}
	}
}

func (c *packCheck) detections() {
	p := c.p
	c.once(PackFile, "id of a detection", ids(p.Detections, func(d *Detection) string { return d.ID }), func(i int) int { return p.Detections[i].Line })
	for _, d := range p.Detections {
		c.need(PackFile, d.Line, "title", d.Title)
		c.need(PackFile, d.Line, "logic", d.Logic)
		c.oneOf(PackFile, d.Line, "severity", d.Severity, Severities())
		c.techniques(PackFile, d.Line, d.Techniques...)
		c.form(PackFile, d.Line, "rule", ruleID, "a UUID", d.Rules...)
		if len(d.Needs) == 0 {
			c.problem(PackFile, d.Line, "needs: want a log that could show %s, found none", d.ID)
		}
		for _, n := range d.Needs {
			c.need(PackFile, d.Line, "log", n.Log)
		}
		if len(d.Rules)+len(d.Behaviours)+len(d.Indicators) == 0 && d.Lacks == "" {
			c.problem(PackFile, d.Line, "%s: want rules, behaviours or indicators that state it, or lacks: why not, found none", d.ID)
		}
		for _, s := range d.Systems {
			c.oneOf(PackFile, d.Line, "systems", s, Systems())
		}
		for _, t := range d.Indicators {
			if !slices.Contains(Types(), t) {
				c.problem(PackFile, d.Line, "indicators: want a type of indicators, found %q", cut(string(t)))
			}
		}
	}
}

func (c *packCheck) advice() {
	known := map[string]bool{}
	for _, d := range c.p.Detections {
		known[d.ID] = true
	}
	list := c.p.Advice
	c.once(AdviceFile, "id of advice", ids(list, func(a *Advice) string { return a.ID }), func(i int) int { return list[i].Line })
	orders := map[int]string{}
	for _, a := range list {
		c.need(AdviceFile, a.Line, "title", a.Title)
		c.need(AdviceFile, a.Line, "text", a.Text)
		c.need(AdviceFile, a.Line, "owner", a.Owner)
		c.oneOf(AdviceFile, a.Line, "effort", a.Effort, Efforts())
		c.form(AdviceFile, a.Line, "mitigation", mitigationID, "M1051", a.Mitigations...)
		c.form(AdviceFile, a.Line, "d3fend", d3fendID, "D3-SU", a.D3FEND...)
		c.form(AdviceFile, a.Line, "rule", ruleID, "a UUID", a.Rules...)
		c.techniques(AdviceFile, a.Line, a.Techniques...)
		if a.Order < 1 || orders[a.Order] != "" {
			c.problem(AdviceFile, a.Line, "order: want a number from 1 on that no other advice has, found %d", a.Order)
		}
		orders[a.Order] = a.ID
		for _, id := range a.Answers {
			if !known[id] {
				c.problem(AdviceFile, a.Line, "answers: no detection %q in this pack", cut(id))
			}
		}
	}
}

func (c *packCheck) indicators() {
	read := map[string]bool{}
	for _, s := range c.p.Sources {
		read[s.ID] = !s.Unread
	}
	for _, i := range c.p.Indicators {
		c.sources(IndicatorsFile, i.Line, fmt.Sprintf("%s %q", i.Type, cut(i.Value)), strings.Fields(i.Source), i.Unverified, read)
	}
}

// ids gives the id of each element of a list.
func ids[T any](list []T, id func(*T) string) []string {
	all := make([]string, len(list))
	for i := range list {
		all[i] = id(&list[i])
	}
	return all
}
