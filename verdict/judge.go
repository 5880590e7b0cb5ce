package verdict

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"aldebaran/english"
	"aldebaran/event"
	"aldebaran/evidence"
	"aldebaran/finding"
	"aldebaran/intel"
	"aldebaran/match/behaviour"
	"aldebaran/match/sigma"
	"aldebaran/plan"
)

// Evidence is what a hunt found and what it could have found.
type Evidence struct {
	Findings []finding.Finding
	// Logs are what each log of each host can show.
	Logs []evidence.Visibility
	// Rules are those that were looked for, behaviours too.
	Rules []plan.Rule
	// Indicators says that indicators were looked for.
	Indicators bool
	// From and To bound the time that was asked for; zero is no bound.
	From, To time.Time
	// Incomplete says what of the evidence could not be read: damage, interruption. It weakens every
	// negative.
	Incomplete []string
}

// Judge answers the hypotheses of a plan.
func Judge(p *plan.Plan, e *Evidence, who Setting) *Report {
	j := newJudge(p, e)
	r := &Report{Context: p.Context}
	for i := range p.Hypotheses {
		v := j.verdict(&p.Hypotheses[i])
		r.Verdicts = append(r.Verdicts, v)
		switch v.Value {
		case Seen:
			r.Seen++
		case NotSeen:
			r.NotSeen++
		case CouldNotSee:
			r.CouldNotSee++
		default:
			r.NotJudged++
		}
	}
	r.besides(e.Findings)
	r.overall()
	r.Relevance = relevance(p, who)
	return r
}

type judge struct {
	evidence *Evidence
	rules    map[string]*plan.Rule
	byRule   map[string][]int // findings by the id of their rule
	logs     []seenLog
	// roles are the kinds of servers that hosts are, as their logs say, by [behaviour.ShortHost];
	// kinds are those of any host.
	roles    map[string]map[string]bool
	kinds    map[string]bool
	from, to time.Time
	days     float64 // between them
}

// seenLog is a log of the evidence with what is asked of it again and again.
type seenLog struct {
	*evidence.Visibility
	kind sigma.Kind
	days float64 // that it covers of the asked time, without gaps
	// serves remembers which log sources it is.
	serves map[sigma.Logsource]bool
}

func newJudge(p *plan.Plan, e *Evidence) *judge {
	j := &judge{evidence: e, rules: map[string]*plan.Rule{}, byRule: map[string][]int{}}
	for i := range e.Rules {
		j.rules[e.Rules[i].ID] = &e.Rules[i]
	}
	for i, f := range e.Findings {
		j.byRule[f.Rule.ID] = append(j.byRule[f.Rule.ID], i)
	}
	j.period(p)
	for i := range e.Logs {
		v := &e.Logs[i]
		if v.Events == 0 {
			continue
		}
		j.logs = append(j.logs, seenLog{
			Visibility: v, serves: map[sigma.Logsource]bool{}, days: covered(v, j.from, j.to),
			kind: sigma.Kind{Product: v.Product, Category: v.Category, Service: v.Service, Channel: v.Channel, EventIDs: v.EventIDs},
		})
	}
	j.learnRoles()
	return j
}

// learnRoles finds out what kinds of servers the hosts are: a log that only mail servers have makes
// its host one.
func (j *judge) learnRoles() {
	j.roles, j.kinds = map[string]map[string]bool{}, map[string]bool{}
	for i := range j.logs {
		l := &j.logs[i]
		host := behaviour.ShortHost(l.Host)
		for _, s := range l.systems() {
			if j.roles[host] == nil {
				j.roles[host] = map[string]bool{}
			}
			j.roles[host][s], j.kinds[s] = true, true
		}
	}
}

// systems are the kinds of servers that have such a log: "mail", "web", "database".
func (l *seenLog) systems() []string {
	if l.sqlServer() {
		return []string{"database"}
	}
	log, ok := plan.LogFor(l.Channel, sigma.Logsource{Product: l.Product, Category: l.Category, Service: l.Service})
	if !ok {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(log.Systems), func(s string) bool { return !slices.Contains(intel.Systems(), s) })
}

// sqlServer tells an event log into which SQL Server writes, by the numbers of its events: from 15000
// to 18999, and its audit.
func (l *seenLog) sqlServer() bool {
	if !strings.EqualFold(l.Channel, "Application") && !strings.EqualFold(l.Channel, "Security") {
		return false
	}
	for id, n := range l.EventIDs {
		if n > 0 && isSQLServer(int(id)) {
			return true
		}
	}
	return false
}

func isSQLServer(id int) bool { return id >= 15000 && id <= 18999 || id == 33205 }

// concerns tells whether a log's host is of the kind that a hypothesis is about. If nobody knows of
// any host what it is, all of them may be.
func (j *judge) concerns(h *plan.Hypothesis, l *seenLog) bool {
	if len(h.Systems) == 0 || !j.known(h) {
		return true
	}
	roles := j.roles[behaviour.ShortHost(l.Host)]
	return slices.ContainsFunc(h.Systems, func(s string) bool { return roles[s] })
}

// known tells whether it is known which hosts a hypothesis is about.
func (j *judge) known(h *plan.Hypothesis) bool {
	return len(h.Systems) == 0 || slices.ContainsFunc(h.Systems, func(s string) bool { return j.kinds[s] })
}

// period is the time that negatives are about: what the user asked for, else the time of the
// evidence, cut to a time that the story closes on both sides if the two overlap.
func (j *judge) period(p *plan.Plan) {
	var all event.Period
	for i := range j.evidence.Logs {
		v := &j.evidence.Logs[i]
		all.Join(event.Period{First: v.First, Last: v.Last})
	}
	j.from, j.to = all.First, all.Last
	if !p.From.IsZero() && !p.To.IsZero() && p.From.Before(j.to) && j.from.Before(p.To) {
		j.from, j.to = later(j.from, p.From), earlier(j.to, p.To)
	}
	if !j.evidence.From.IsZero() {
		j.from = j.evidence.From
	}
	if !j.evidence.To.IsZero() {
		j.to = j.evidence.To
	}
	j.days = j.to.Sub(j.from).Hours() / 24
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// covered is how many days of a time a log covers, without its gaps.
func covered(v *evidence.Visibility, from, to time.Time) float64 {
	span := func(a, b time.Time) time.Duration {
		return max(earlier(b, to).Sub(later(a, from)), 0)
	}
	d := span(v.First, v.Last)
	for _, g := range v.Gaps {
		d -= span(g.From, g.To)
	}
	return max(d, 0).Hours() / 24
}

// verdict answers one hypothesis.
func (j *judge) verdict(h *plan.Hypothesis) Verdict {
	v := Verdict{Hypothesis: *h, Value: NotJudged}
	if h.Unverified {
		v.Because = "it rests on facts that nobody has verified, so nothing is looked for"
		return v
	}
	j.proofs(h, &v)
	j.searched(h, &v)
	switch {
	case len(v.Seen) > 0:
		v.Value = Seen
		j.seen(&v)
	case len(h.Tests) == 0:
		v.Value, v.Strength = CouldNotSee, "strong"
		v.Because = "no rule, behaviour or indicator at hand would find it"
	case len(v.Searched) > 0:
		j.notSeen(&v)
	default:
		v.Value, v.Strength = CouldNotSee, "strong"
		v.Because = "no log was handed in that would show it"
		if len(v.Missing) > 0 {
			v.Because = "what would show it is not in the evidence: " + v.Missing[0].What
		}
	}
	return v
}

// least is the level below which a match of a rule that only shows a technique in general is a
// hint, and no sighting: administrators do the same every day.
const least = 2 // medium

// proofs lists the findings that show a hypothesis, and counts those that only hint at it.
func (j *judge) proofs(h *plan.Hypothesis, v *Verdict) {
	for _, t := range h.Tests {
		for _, i := range j.byRule[ruleID(t)] {
			f := &j.evidence.Findings[i]
			if f.Rule.Severity() < least && t.Weight < 1 || t.Weight < leastWeight {
				v.Hints++
				continue
			}
			v.Seen = append(v.Seen, j.proof(f, i, t))
		}
	}
	slices.SortStableFunc(v.Seen, func(a, b Proof) int {
		return cmp.Or(cmp.Compare(b.Weight*float64(severity(b.Level)+1), a.Weight*float64(severity(a.Level)+1)), a.First.Compare(b.First), cmp.Compare(a.Finding, b.Finding))
	})
}

// leastWeight is the weight below which a test only relates to a hypothesis: its match is a hint.
const leastWeight = 0.5

// ruleID is the id that findings of a test have.
func ruleID(t plan.Test) string {
	if t.Kind == "indicator" {
		return "indicator:" + t.ID
	}
	return t.ID
}

func severity(level string) int { return max(slices.Index(sigma.Levels[:], level), 0) }

// maxQuotes is how many records are quoted for one finding.
const maxQuotes = 3

func (j *judge) proof(f *finding.Finding, index int, t plan.Test) Proof {
	return Proof{
		Finding: index, Rule: f.Rule.ID, Title: f.Rule.Title, Level: f.Rule.Level, Test: t.ID, Weight: t.Weight,
		Hosts: f.Hosts, First: f.First, Last: f.Last, Count: f.Count, Quotes: QuotesOf(f),
	}
}

// QuotesOf gives the first records of a finding as a proof quotes them; of a correlation those that it joined.
func QuotesOf(f *finding.Finding) []Quote {
	quotes := []Quote{}
	for _, s := range f.Samples[:min(len(f.Samples), maxQuotes)] {
		e := s.Event
		quotes = append(quotes, Quote{
			Path: e.Source.Path, Offset: e.Source.Offset, Length: e.Source.Length, Record: e.RecordID,
			Host: e.Computer, Time: e.Time, Text: inShort(e),
		})
	}
	if c := f.Correlation; c != nil {
		for _, r := range c.Events[:min(len(c.Events), maxQuotes)] {
			quotes = append(quotes, Quote{
				Path: r.Source.Path, Offset: r.Source.Offset, Length: r.Source.Length, Record: r.RecordID,
				Host: r.Host, Time: r.Time, Text: cmp.Or(r.What, r.RuleTitle),
			})
		}
	}
	return quotes
}

// seen says why a sighting is one, and how much it bears.
func (j *judge) seen(v *Verdict) {
	best := &v.Seen[0]
	switch {
	case best.Weight >= 1 && severity(best.Level) >= 3:
		v.Strength = "strong"
	case best.Weight >= leastWeight && severity(best.Level) >= 2:
		v.Strength = "moderate"
	default:
		v.Strength = "weak"
	}
	hosts := map[string]bool{}
	records := 0
	for _, p := range v.Seen {
		records += p.Count
		for _, h := range p.Hosts {
			hosts[h] = true
		}
	}
	v.Because = fmt.Sprintf("%s: %s", best.Title, english.Count(best.Count, "record"))
	if len(best.Hosts) > 0 {
		v.Because += " on " + english.List(best.Hosts, 3)
	}
	if !best.First.IsZero() {
		v.Because += ", first " + best.First.UTC().Format("2006-01-02 15:04")
	}
	if n := len(v.Seen) - 1; n > 0 {
		v.Because += fmt.Sprintf("; %s more, %s in all", english.Count(n, "finding"), english.Count(records, "record"))
	}
}

// notSeen answers no as far as the logs that were searched allow it.
func (j *judge) notSeen(v *Verdict) {
	best := 0.0
	events := 0
	hosts := map[string]bool{}
	for _, s := range v.Searched {
		best = max(best, s.Days)
		events += s.Events
		hosts[s.Host] = true
	}
	share := 1.0
	if j.days > 0 {
		share = best / j.days
	}
	if share < leastCover {
		v.Value, v.Strength = CouldNotSee, "moderate"
		v.Because = fmt.Sprintf("the logs that would show it cover %s of %s days", number(best), number(j.days))
		v.Missing = append([]Missing{{What: fmt.Sprintf("the rest of the time from %s to %s", day(j.from), day(j.to))}}, v.Missing...)
		return
	}
	v.Value = NotSeen
	v.Strength = "strong"
	limited := slices.ContainsFunc(v.Searched, func(s Searched) bool { return len(s.Limits) > 0 })
	switch {
	case share < 0.8 || len(v.Missing) > len(v.Hypothesis.Needs)/2 || !j.known(&v.Hypothesis):
		v.Strength = "weak"
	case share < 0.98 || len(v.Missing) > 0 || limited || len(j.evidence.Incomplete) > 0 || v.Hypothesis.Untested > 0:
		v.Strength = "moderate"
	}
	v.Because = fmt.Sprintf("searched %s of %s from %s to %s with %s, and found nothing",
		english.Count(events, "event"), english.Count(len(v.Searched), "log"), day(j.from), day(j.to), english.Count(tests(v.Searched), "test"))
	if v.Hints > 0 {
		v.Because += fmt.Sprintf(" but %s of a low level or of other techniques nearby", english.Count(v.Hints, "hint"))
	}
}

// leastCover is the share of the time that a log must cover for a negative to mean anything.
const leastCover = 0.5

func tests(all []Searched) int {
	seen := map[string]bool{}
	for _, s := range all {
		for _, t := range s.Tests {
			seen[t] = true
		}
	}
	return len(seen)
}

// searched finds the logs that would have shown a hypothesis, and what is missing of its needs.
func (j *judge) searched(h *plan.Hypothesis, v *Verdict) {
	met := make([]bool, len(h.Needs))
	reasons := make([]string, len(h.Needs))
	for i := range j.logs {
		log := &j.logs[i]
		if !j.concerns(h, log) {
			continue
		}
		ran := j.ran(h, log)
		var limits []string
		if !j.known(h) {
			limits = append(limits, "whether this is a "+strings.Join(h.Systems, " or ")+" server is not known: none of its logs says so")
		}
		useful := false
		for n := range h.Needs {
			ok, why := log.meets(&h.Needs[n])
			switch {
			case ok:
				met[n], useful = true, true
			case why != "":
				reasons[n] = why
				limits = append(limits, why)
			}
		}
		// Without needs, the logs that the tests read are what is needed.
		if len(h.Needs) == 0 && len(ran) > 0 {
			useful = true
		}
		if !useful || len(ran) == 0 {
			continue
		}
		limits = append(limits, log.limits()...)
		slices.Sort(limits)
		v.Searched = append(v.Searched, Searched{
			Host: log.Host, Log: log.name(), First: log.First, Last: log.Last, Events: log.Events,
			Days: log.days, Of: j.days, Tests: ran, Limits: slices.Compact(limits),
		})
	}
	for n := range h.Needs {
		if met[n] {
			continue
		}
		need := &h.Needs[n]
		m := Missing{What: need.Log, TurnOn: need.TurnOn, Collect: need.Collect}
		if reasons[n] != "" {
			m.What += ": " + reasons[n]
		}
		v.Missing = append(v.Missing, m)
	}
}

// limits says what weakens whatever is said of the log.
func (l *seenLog) limits() (all []string) {
	for _, g := range l.Gaps {
		all = append(all, fmt.Sprintf("silent from %s to %s", minute(g.From), minute(g.To)))
	}
	for _, c := range l.Clocks {
		if c.Assumed {
			all = append(all, "its time zone was assumed: "+c.Zone)
		}
	}
	return all
}

// ran gives the tests of a hypothesis that the log was read with.
func (j *judge) ran(h *plan.Hypothesis, log *seenLog) []string {
	var ids []string
	for _, t := range h.Tests {
		if t.Weight < leastWeight {
			continue // its match would be a hint only
		}
		if t.Kind == "indicator" {
			if j.evidence.Indicators {
				ids = append(ids, t.ID)
			}
			continue
		}
		if r := j.rules[t.ID]; r != nil && slices.ContainsFunc(r.Sources, log.is) {
			ids = append(ids, t.ID)
		}
	}
	return ids
}

func (l *seenLog) is(ls sigma.Logsource) bool {
	serves, known := l.serves[ls]
	if !known {
		serves = l.kind.ServesSource(ls)
		l.serves[ls] = serves
	}
	return serves
}

// name is what people call the log.
func (l *seenLog) name() string {
	if l.Channel != "" {
		return l.Channel
	}
	return cmp.Or(l.Service, l.Category, l.Product, l.Format)
}

// meets tells whether the log is what a need asks for. If it is that log but cannot show it, why
// says what it lacks.
func (l *seenLog) meets(n *plan.Need) (ok bool, why string) {
	ls := plan.Source(n.Need)
	switch {
	case n.Channel != "" && l.Channel != "":
		if !strings.EqualFold(n.Channel, l.Channel) {
			return false, ""
		}
		if lacking := l.telemetry(n.Events); lacking != "" {
			return false, lacking
		}
		if len(n.Events) > 0 && !l.writes(n.Events) {
			return true, "" // rare events that did not happen have no fields
		}
	case n.Channel != "" && ls == (sigma.Logsource{}):
		return false, ""
	case !l.is(ls):
		return false, ""
	}
	for _, f := range n.Fields {
		if !l.fills(ls, f) {
			return false, "the field " + f + " is not logged"
		}
	}
	return true, ""
}

// telemetry are events that a server writes all the time once it was told to: a log without any of them was
// not told to. Others are rare, and none of them means that none happened.
var telemetry = [...]int{1, 3, 5, 7, 10, 11, 12, 13, 17, 18, 22, 4104, 4624, 4634, 4656, 4663, 4688, 5140, 5145, 5156, 33205}

// telemetry says what the log lacks if of the events asked for those that are written all the time
// are not written, and there is no other.
func (l *seenLog) telemetry(events []int) string {
	if len(events) == 0 || l.Channel == "" {
		return ""
	}
	if isSQLServer(events[0]) && !l.sqlServer() {
		return "SQL Server writes nothing into it"
	}
	for _, id := range events {
		if !slices.Contains(telemetry[:], id) || l.EventIDs[uint32(id)] > 0 {
			return ""
		}
	}
	return fmt.Sprintf("events %s are not written", numbers(events))
}

// writes tells whether one of the events is in the log.
func (l *seenLog) writes(events []int) bool {
	return slices.ContainsFunc(events, func(id int) bool { return l.EventIDs[uint32(id)] > 0 })
}

// fills tells whether a field holds anything in the log, under any name that it may have there.
func (l *seenLog) fills(ls sigma.Logsource, field string) bool {
	names := l.kind.NamesOf(ls, field)
	if names == nil || len(l.Fields) == 0 {
		return true
	}
	known := false
	for _, name := range names {
		if f, ok := l.Field(name); ok {
			known = true
			if f.Filled > 0 {
				return true
			}
		}
	}
	// A field that no record has may be made of others; one that stands empty is not logged.
	return !known && len(names) > 1
}
