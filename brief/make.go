package brief

import (
	"cmp"
	"slices"
	"strings"

	"aldebaran/evidence"
	"aldebaran/match/sigma"
	"aldebaran/verdict"
)

// How much a brief has of each part; what is left out is counted. Sightings and what to do about them
// come before everything else.
const (
	maxFindings  = 80 // of the hunt; the JSON document of a hunt has all of them
	maxProofs    = 3  // of one verdict
	maxSearched  = 6  // logs of one verdict
	maxMissing   = 4  // of one verdict
	maxLogs      = 200
	maxDamage    = 60
	maxNotes     = 40
	maxBlind     = 12 // actions that turn on logs
	maxAnswers   = 12 // verdicts of one action
	maxCollect   = 6  // commands
	maxShownIndi = 300
	maxClaims    = 400
	maxDecide    = 10 // of what would decide who it was
	maxHosts     = 3  // that a sentence names
	maxNamed     = 5  // of other things that a sentence names
)

// Make writes the brief. The same input gives the same brief.
func Make(in Input) *Brief {
	m := &maker{in: &in, messages: speak(in.Language), shown: map[int]string{}, told: map[string]string{}, logs: map[logKey]string{}}
	m.b = &Brief{
		Form: form, Language: m.Language, Direction: m.Direction, Title: m.label("title"), About: m.about(),
		Case:      clean(in.Case),
		Generated: in.Generated, Version: clean(in.Version), TLP: "TLP:" + strings.ToUpper(in.tlp().String()),
		messages: m.messages,
	}
	if s := in.Setting.Sector; s != "" {
		m.b.Sector = m.word(s)
	}
	if r := cmp.Or(in.Setting.Country, in.Setting.Region); r != "" {
		m.b.Region = m.word(r)
	}
	m.order()
	m.coverage()
	m.chooseFindings()
	m.packs()
	m.verdicts()
	m.answer()
	m.findings()
	m.timeline()
	m.attribution()
	m.actions()
	m.indicators()
	m.claims()
	m.method()
	// The first page says the rest in short.
	m.happening()
	m.matters()
	m.next()
	return m.b
}

// maker holds a brief while it is written.
type maker struct {
	*messages
	in *Input
	b  *Brief
	// ordered are the verdicts as they are shown.
	ordered []*verdict.Verdict
	// shown are the ids of the findings that are in the brief, by their index in the hunt's findings.
	shown map[int]string
	// told are the findings that explain their rule, by its id.
	told map[string]string
	// logs are the ids of logs.
	logs map[logKey]string
}

type logKey struct{ host, log string }

// sentence is a message that rests on something.
func (m *maker) sentence(key string, with args, from ...Ref) Sentence {
	return Sentence{Text: m.say(key, with), From: once(from)}
}

// once leaves out references that are there already.
func once(all []Ref) []Ref {
	out := make([]Ref, 0, len(all))
	seen := map[Ref]bool{}
	for _, r := range all {
		if !seen[r] {
			seen[r] = true
			out = append(out, r)
		}
	}
	return out
}

// quoted is a sentence of a pack or a rule: in this language if the catalogue has it, else as it stands.
func (m *maker) quoted(text string, from ...Ref) Sentence {
	t, ok := m.known(text)
	s := Sentence{Text: t, From: from}
	if !ok {
		s.Language = "en"
	}
	return s
}

func (m *maker) quotedAll(texts []string, from ...Ref) []Sentence {
	all := []Sentence{}
	for _, t := range texts {
		if strings.TrimSpace(t) != "" {
			all = append(all, m.quoted(t, from...))
		}
	}
	return all
}

// method is what sentences about the brief itself rest on.
func method() Ref { return Ref{FromMethod, "all"} }

// about is what was asked about.
func (m *maker) about() Text {
	if s := m.in.Plan.Story; s != nil {
		return words(cmp.Or(s.Title, s.Path))
	}
	var titles []string
	for _, p := range m.in.Plan.Packs {
		titles = append(titles, cmp.Or(p.Title, p.Name))
	}
	return cmp.Or(m.list(m.wordsOf(titles), maxNamed), m.label("title"))
}

// values are the verdicts' values in the order in which they are shown.
var values = [...]verdict.Value{verdict.Seen, verdict.NotSeen, verdict.CouldNotSee, verdict.NotJudged}

// order puts the verdicts in order: sightings first, of each value the strongest and the most severe.
func (m *maker) order() {
	for i := range m.in.Answer.Verdicts {
		m.ordered = append(m.ordered, &m.in.Answer.Verdicts[i])
	}
	slices.SortStableFunc(m.ordered, func(a, b *verdict.Verdict) int {
		return cmp.Or(
			slices.Index(values[:], a.Value)-slices.Index(values[:], b.Value),
			strength(b.Strength)-strength(a.Strength),
			severity(b.Hypothesis.Severity)-severity(a.Hypothesis.Severity),
		)
	})
}

func strength(s string) int { return slices.Index([]string{"weak", "moderate", "strong"}, s) }

func severity(level string) int { return max(slices.Index(sigma.Levels[:], level), 0) }

// refs are references of one kind.
func refs(kind RefKind, ids ...string) []Ref {
	var all []Ref
	for _, id := range ids {
		all = append(all, Ref{kind, id})
	}
	return all
}

// verdictsOf are references to the verdicts of a value, in the order in which they are shown.
func (m *maker) verdictsOf(value verdict.Value) []Ref {
	var all []Ref
	for _, v := range m.ordered {
		if v.Value == value {
			all = append(all, Ref{FromVerdict, v.Hypothesis.ID})
		}
	}
	return all
}

// judged are references to all verdicts, or to the packs and the method where there are none.
func (m *maker) judged() []Ref {
	var all []Ref
	for _, v := range m.ordered {
		all = append(all, Ref{FromVerdict, v.Hypothesis.ID})
	}
	return orMethod(all)
}

// orMethod is for sentences about something that is not there: they rest on how briefs are made.
func orMethod(all []Ref) []Ref {
	if len(all) == 0 {
		return []Ref{method()}
	}
	return all
}

func (m *maker) packs() {
	m.b.Packs = []Pack{}
	for _, p := range m.in.Plan.Packs {
		m.b.Packs = append(m.b.Packs, Pack{clean(p.Name), clean(cmp.Or(p.Title, p.Name)), clean(p.Version), clean(string(p.Date)), clean(p.Licence)})
	}
}

// packRefs are references to the packs that were asked about.
func (m *maker) packRefs() []Ref {
	var all []Ref
	for _, p := range m.b.Packs {
		all = append(all, Ref{FromPack, p.Name})
	}
	return all
}

// logName is what people call a log.
func logName(v *evidence.Visibility) string {
	return cmp.Or(v.Channel, v.Service, v.Category, v.Product, v.Format)
}

// omitted is how many of n are more than most.
func omitted(n, most int) int { return max(n-most, 0) }
