package attribution

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"aldebaran/english"
	"aldebaran/intel"
)

// A Level is what evidence allows to call an intruder, after the attribution framework that Unit 42
// published in July 2025. Ours asks for numbers where the framework leaves judgement to a board.
type Level string

// The levels.
const (
	LevelNone    Level = "none"
	LevelCluster Level = "activity cluster" // events that belong together, by whomever
	LevelGroup   Level = "temporary group"  // a single actor, whoever he is
	LevelNamed   Level = "named actor"
)

// What the levels ask for.
const (
	fewestEvents  = 2   // linked events of a cluster
	groupDays     = 180 // that a temporary group was watched: about six months
	groupVertices = 3   // of the Diamond Model that a temporary group needs
	groupCertain  = .8  // probability of the first candidate that stands for "a single actor"
	namedCertain  = .9
	namedSources  = 2 // reliable ones besides our own evidence
)

// The vertices of the Diamond Model (Caltagirone, Pendergast and Betz 2013).
const (
	Adversary      = "adversary"
	Capability     = "capability"
	Infrastructure = "infrastructure"
	Victims        = "victim"
)

// Vertices are the four of the Diamond Model.
func Vertices() []string { return []string{Adversary, Capability, Infrastructure, Victims} }

// An Object is a piece of evidence with its grade and the vertex it belongs to.
type Object struct {
	Kind   string `json:"kind"` // "technique", "software", the kind of a mark, "victim", "hours"
	What   string `json:"what"`
	Vertex string `json:"vertex"`
	// Grade is that of the Admiralty scale: a default of its kind, unless an analyst changed it.
	Grade    intel.Grade `json:"grade"`
	Override *Override   `json:"override,omitempty"`
}

// An Override is an analyst's change, kept with who made it and why.
type Override struct {
	// Object is what it changes: the What of an Object, or "review" for a review of the attribution as
	// a whole, or "single actor" for the judgement that one actor is behind it.
	Object string      `json:"object"`
	Grade  intel.Grade `json:"grade,omitzero"`
	By     string      `json:"by"`
	Reason string      `json:"reason"`
	When   time.Time   `json:"when,omitzero"`
}

// The objects of overrides that are no evidence.
const (
	OverrideReview = "review"
	OverrideSingle = "single actor"
)

// defaultGrades are those of the kinds of objects: what our own evidence shows comes from a source of
// reliability A, and an address has credibility 4 (Unit 42); what others say is as good as their grade.
var defaultGrades = map[string]intel.Grade{
	"technique": {Reliability: 'A', Credibility: '3'}, // rules infer it
	"software":  {Reliability: 'A', Credibility: '2'},
	"rule":      {Reliability: 'A', Credibility: '2'},
	"hash":      {Reliability: 'A', Credibility: '1'},
	"domain":    {Reliability: 'A', Credibility: '3'},
	"address":   {Reliability: 'A', Credibility: '4'},
	"name":      {Reliability: 'A', Credibility: '4'},
	"tag":       {Reliability: 'A', Credibility: '4'},
	"victim":    {Reliability: 'A', Credibility: '1'},
	"hours":     {Reliability: 'A', Credibility: '5'},
}

// A Criterion is something that a level asks for.
type Criterion struct {
	Level  Level  `json:"level"`
	Vertex string `json:"vertex,omitempty"`
	Met    bool   `json:"met"`
	// Text says what is asked for and what was found.
	Text string `json:"text"`
}

// An Assessment is the level that the evidence reaches, and what is missing for more.
type Assessment struct {
	Level Level `json:"level"`
	// Candidate is whom it is about: the first of the ranking; "" if there is none to speak of.
	Candidate   string  `json:"candidate"`
	Probability float64 `json:"probability"`
	// Criteria are all that were asked, those of lower levels first.
	Criteria  []Criterion `json:"criteria"`
	Objects   []Object    `json:"objects"`
	Overrides []Override  `json:"overrides"`
	// Sentence says it in one.
	Sentence string `json:"sentence"`
}

// Missing are the criteria that are not met.
func (a *Assessment) Missing() []Criterion {
	var missing []Criterion
	for _, c := range a.Criteria {
		if !c.Met {
			missing = append(missing, c)
		}
	}
	return missing
}

// Reports is what others have published about an actor.
type Reports struct {
	// Reliable is how many publishers of reliability A or B say something of him that was verified;
	// Confirmed that they did not all repeat one of them: some fact has credibility 1.
	Reliable  int
	Confirmed bool
	// Identity says that somebody published who it is: an assessed country or sponsor.
	Identity bool
}

// ReportsOf is what a pack says of the reports behind it.
func ReportsOf(p *intel.Pack) Reports {
	var r Reports
	if p.Actor == nil {
		return r
	}
	cited := map[string]bool{}
	for _, f := range p.Facts() {
		if !counts(f) {
			continue
		}
		r.Confirmed = r.Confirmed || f.Grade.Credibility == '1'
		for _, id := range f.Sources {
			cited[id] = true
		}
	}
	var publishers []string
	for _, s := range p.Sources {
		if cited[s.ID] && !s.Unread && (s.Reliability == 'A' || s.Reliability == 'B') {
			publishers = append(publishers, s.Publisher)
		}
	}
	r.Reliable = len(once(publishers))
	r.Identity = p.Actor.Country != nil && counts(&p.Actor.Country.Fact)
	return r
}

// Assess says which level an incident reaches. reports is what is published about the first candidate.
func (m *Model) Assess(in *Incident, r *Ranking, reports Reports, overrides []Override) *Assessment {
	in = in.prepared()
	a := &Assessment{Level: LevelNone, Criteria: []Criterion{}, Overrides: append([]Override{}, overrides...)}
	if len(r.Candidates) > 0 && r.Answer != AnswerNotEnough {
		a.Candidate, a.Probability = r.Candidates[0].Name, r.Candidates[0].Probability
	}
	a.objects(in)
	x := assessing{Assessment: a, in: in, reports: reports}
	if len(r.Candidates) > 0 {
		x.marks = weighMarks(in.Marks, m.profiles[r.Candidates[0].index].ID)
	}
	x.asked = LevelCluster
	x.cluster()
	x.asked = LevelGroup
	x.group()
	x.asked = LevelNamed
	x.named()
	slices.SortStableFunc(a.Criteria, func(a, b Criterion) int { return cmp.Compare(rank(a.Level), rank(b.Level)) })
	for _, level := range []Level{LevelCluster, LevelGroup, LevelNamed} {
		if slices.ContainsFunc(a.Missing(), func(c Criterion) bool { return c.Level == level }) {
			break
		}
		a.Level = level
	}
	a.sentence()
	return a
}

// rank orders levels.
func rank(l Level) int {
	return slices.Index([]Level{LevelNone, LevelCluster, LevelGroup, LevelNamed}, l)
}

// an assessing is an assessment on the way.
type assessing struct {
	*Assessment
	in      *Incident
	reports Reports
	marks   []weighedMark // of the first candidate
	asked   Level
}

func (x *assessing) ask(met bool, vertex, format string, args ...any) {
	x.Criteria = append(x.Criteria, Criterion{Level: x.asked, Vertex: vertex, Met: met, Text: fmt.Sprintf(format, args...)})
}

// cluster asks for events that belong together and a reason to say so.
func (x *assessing) cluster() {
	events := 0
	for _, o := range slices.Concat(x.in.Techniques, x.in.Software) {
		if o.Strength >= levelStrength["medium"] {
			events++
		}
	}
	events += len(x.in.Marks)
	x.ask(events >= fewestEvents, "", "at least %d linked events: %d techniques, programs and marks are backed by findings of at least medium level", fewestEvents, events)
	linked := len(x.in.Hosts) > 0 || len(x.in.Marks) > 0 || len(x.in.Software) > 0
	x.ask(linked, "", "a reason why they belong together: %s", x.rationale())
}

func (x *assessing) rationale() string {
	var why []string
	if n := len(x.in.Marks); n > 0 {
		why = append(why, english.Count(n, "trace")+" known of an actor")
	}
	if n := len(x.in.Software); n > 0 {
		why = append(why, english.Count(n, "program"))
	}
	if n := len(x.in.Hosts); n > 0 {
		why = append(why, "on "+english.Count(n, "host"))
	}
	if !x.in.First.IsZero() {
		why = append(why, "from "+day(x.in.First)+" to "+day(x.in.Last))
	}
	return cmp.Or(strings.Join(why, ", "), "none was given")
}

func day(t time.Time) string { return t.UTC().Format("2006-01-02") }

// group asks for a single actor, months of observation and a mapped diamond.
func (x *assessing) group() {
	_, single := x.override(OverrideSingle)
	x.ask(single || x.Probability >= groupCertain, "", "a single actor behind it: the first candidate has a probability of %.2f, %.1f is asked for, or an analyst's judgement", x.Probability, groupCertain)
	days := int(x.in.Last.Sub(x.in.First).Hours() / 24)
	x.ask(days >= groupDays, "", "about six months of observation (%d days): the findings span %s", groupDays, english.Count(days, "day"))
	filled := 0
	for _, v := range Vertices() {
		met, text := x.vertex(v)
		filled += count(met)
		x.Criteria = append(x.Criteria, Criterion{Level: LevelNamed, Vertex: v, Met: met, Text: text})
	}
	x.ask(filled >= groupVertices, "", "%d of the four vertices of the Diamond Model: %d are filled", groupVertices, filled)
}

// vertex says whether a vertex of the Diamond Model is filled, and with what. Objects of a credibility
// of 4 or worse fill none.
func (x *assessing) vertex(v string) (bool, string) {
	if v == Adversary {
		if x.reports.Identity && x.Candidate != "" && x.Probability >= namedCertain {
			return true, "adversary: somebody published who " + x.Candidate + " works for"
		}
		return false, fmt.Sprintf("adversary: want a published identity and a probability of %.1f of one candidate, found %.2f", namedCertain, x.Probability)
	}
	good, weak := 0, 0
	for _, o := range x.Objects {
		switch {
		case o.Vertex != v:
		case o.Grade.String()[1] <= '3':
			good++
		default:
			weak++
		}
	}
	if good > 0 {
		return true, fmt.Sprintf("%s: %s of credibility 3 or better", v, english.Count(good, "object"))
	}
	return false, fmt.Sprintf("%s: want an object of credibility 3 or better, found %d, and %d weaker", v, good, weak)
}

// named asks for all four vertices (they are asked with the group), several sources, a review, and for
// more than techniques.
func (x *assessing) named() {
	x.ask(x.Probability >= namedCertain, "", "a probability of at least %.1f: it is %.2f", namedCertain, x.Probability)
	alone := 0
	for _, k := range x.marks {
		alone += count(k.Kind != MarkTag && k.Holders <= 1)
	}
	x.ask(alone > 0, Capability, "more than techniques and software that others have: %s of this actor alone", english.Count(alone, "mark"))
	x.ask(x.reports.Reliable >= namedSources && x.reports.Confirmed, "", "%d reliable publishers (A or B) that confirm each other: %d were read, %s", namedSources, x.reports.Reliable, confirmed(x.reports.Confirmed))
	o, reviewed := x.override(OverrideReview)
	if reviewed {
		x.ask(true, "", "a review: by %s: %s", o.By, o.Reason)
		return
	}
	x.ask(false, "", "a review by an analyst, with name and reason: none was recorded")
}

func confirmed(yes bool) string {
	if yes {
		return "and a fact of credibility 1 says that they do"
	}
	return "and no fact has credibility 1: they may all repeat one original"
}

func (x *assessing) override(object string) (Override, bool) {
	for _, o := range x.Overrides {
		if o.Object == object && o.By != "" && o.Reason != "" {
			return o, true
		}
	}
	return Override{}, false
}

// objects grades all evidence: by the defaults of its kind, or as an analyst says.
func (a *Assessment) objects(in *Incident) {
	a.Objects = []Object{}
	for _, o := range in.Techniques {
		a.object("technique", o.ID, Capability)
	}
	for _, o := range in.Software {
		a.object("software", o.ID, Capability)
	}
	for _, k := range in.Marks {
		a.object(string(k.Kind), k.What, vertexOf(k.Kind))
	}
	for _, v := range slices.Concat(in.Victim.Sectors, in.Victim.Regions) {
		a.object("victim", v, Victims)
	}
	for _, h := range in.Hosts {
		a.object("victim", h, Victims)
	}
	if in.Hours != nil {
		a.object("hours", "hours of activity", Adversary)
	}
}

func vertexOf(k MarkKind) string {
	if k == MarkDomain || k == MarkAddress {
		return Infrastructure
	}
	return Capability
}

// object adds one, graded. An override without a name and a reason is none.
func (a *Assessment) object(kind, what, vertex string) {
	o := Object{Kind: kind, What: what, Vertex: vertex, Grade: defaultGrades[kind]}
	for i := range a.Overrides {
		if v := &a.Overrides[i]; v.Object == what && v.By != "" && v.Reason != "" && v.Grade != (intel.Grade{}) {
			o.Grade, o.Override = v.Grade, v
		}
	}
	a.Objects = append(a.Objects, o)
}

func count(b bool) int {
	if b {
		return 1
	}
	return 0
}

// sentence says the level and what is missing for the next.
func (a *Assessment) sentence() {
	about := "Nobody is likely enough to be named as a candidate"
	if a.Candidate != "" {
		about = fmt.Sprintf("%s is the first candidate with a probability of %.2f", a.Candidate, a.Probability)
	}
	a.Sentence = fmt.Sprintf("Level: %s. %s.", a.Level, about)
	if n := len(a.Missing()); n > 0 {
		a.Sentence += fmt.Sprintf(" Criteria of higher levels that are not met: %d.", n)
	}
}
