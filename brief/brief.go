// Package brief says what a hunt came to so that a minister and an engineer can read it. In go a
// story, a plan, verdicts, findings and what the logs could show; out comes a document in English,
// French or Arabic whose every sentence names what it rests on, as HTML, Markdown or JSON.
package brief

import (
	"time"

	"aldebaran/story"
	"aldebaran/verdict"
)

// A Brief is the whole document. Its texts are ready to be shown in any of the forms: what came from
// logs, reports and packs has nothing in it that takes effect (see [escape.Terminal]).
type Brief struct {
	// Form is "brief 1".
	Form string `json:"aldebaran"`
	// Language is "en", "fr" or "ar"; Direction is "ltr" or "rtl".
	Language  string `json:"language"`
	Direction string `json:"direction"`
	Title     Text   `json:"title"`
	// About is the title of the report, or of the packs, that was asked about.
	About     Text      `json:"about"`
	Case      string    `json:"case,omitempty"`
	Sector    Text      `json:"sector,omitempty"`
	Region    Text      `json:"region,omitempty"`
	Generated time.Time `json:"generated,omitzero"`
	Version   string    `json:"version"`
	// TLP is the most restrictive label of what is in the brief, in capitals.
	TLP string `json:"tlp"`
	// Polished says that a language model has rephrased sentences of the first page.
	Polished bool `json:"polished"`

	Answer Answer `json:"answer"`
	// Happening, Matters and Next are the page for a minister.
	Happening []Sentence `json:"happening"`
	Matters   []Sentence `json:"matters"`
	Next      []Sentence `json:"next"`

	Verdicts []Verdict `json:"verdicts"`
	Timeline Timeline  `json:"timeline"`
	Findings []Finding `json:"findings"`
	// FindingsMore says how many findings are left out; nil if none is.
	FindingsMore *Sentence `json:"findings_more,omitempty"`
	Who          Who       `json:"attribution"`
	Coverage     Coverage  `json:"coverage"`
	Actions      []Action  `json:"actions"`
	// ActionsMore says how many are left out; nil if none is.
	ActionsMore *Sentence  `json:"actions_more,omitempty"`
	Indicators  Indicators `json:"indicators"`
	Claims      []Claim    `json:"claims"`
	Packs       []Pack     `json:"packs"`
	Method      []Sentence `json:"method"`
	Feedback    []Sentence `json:"feedback"`
	// Command records an answer to "was this useful?".
	Command string `json:"feedback_command"`

	messages *messages
}

// A Sentence is prose of the brief, and what it rests on.
type Sentence struct {
	Text Text `json:"text"`
	// Language is that of the text where it is not the brief's: words of rules and packs are English.
	Language string `json:"language,omitempty"`
	// From is never empty.
	From []Ref `json:"from"`
	// Polished sentences were rephrased by a language model; Original is what they said before.
	Polished bool `json:"polished,omitempty"`
	Original Text `json:"original,omitempty"`
}

// A Ref says what a sentence rests on.
type Ref struct {
	Kind RefKind `json:"kind"`
	ID   string  `json:"id"`
}

// A RefKind says where to find what a [Ref] names.
type RefKind string

// The kinds of what sentences rest on.
const (
	FromClaim       RefKind = "claim"       // "c1": a claim of the story
	FromFinding     RefKind = "finding"     // "f1": a finding in this brief
	FromVerdict     RefKind = "verdict"     // "h1": a verdict, by its hypothesis
	FromAdvice      RefKind = "advice"      // "phantom-taurus:M1"
	FromLog         RefKind = "log"         // "l1": a log in the table of logs; "all": the table
	FromPack        RefKind = "pack"        // "phantom-taurus"
	FromAttribution RefKind = "attribution" // "all"
	FromFeedback    RefKind = "feedback"    // "all": answers to earlier briefs
	FromMethod      RefKind = "method"      // "all": how briefs are made, always the same
)

// An Answer is the answer to the story as a whole.
type Answer struct {
	Value  verdict.Value `json:"value"`
	Symbol string        `json:"symbol"`
	Word   Text          `json:"word"`
	// Counts are how many verdicts have each value.
	Seen        int      `json:"seen"`
	NotSeen     int      `json:"not_seen"`
	CouldNotSee int      `json:"could_not_see"`
	NotJudged   int      `json:"not_judged"`
	Sentence    Sentence `json:"sentence"`
}

// A Verdict is one row of the table of verdicts.
type Verdict struct {
	ID       string        `json:"id"`
	Value    verdict.Value `json:"value"`
	Symbol   string        `json:"symbol"`
	Word     Text          `json:"word"`
	Strength string        `json:"strength,omitempty"` // "strong", "moderate", "weak"
	// StrengthWord is the strength in the brief's language.
	StrengthWord Text `json:"strength_word,omitempty"`
	// Label is the id of a pack's detection where it has one, else ID.
	Label     string   `json:"label"`
	Statement Sentence `json:"statement"`
	// Logic says what would show it, where a pack does.
	Logic   *Sentence `json:"logic,omitempty"`
	Because Sentence  `json:"because"`
	// Severity and Techniques are of the hypothesis.
	Severity   string   `json:"severity"`
	Techniques []string `json:"techniques"`
	Claims     []string `json:"claims"`
	// Proofs are the strongest findings; ProofsOmitted counts the others. The same of the rest.
	Proofs          []Proof    `json:"proofs,omitempty"`
	ProofsOmitted   int        `json:"proofs_omitted,omitempty"`
	Searched        []Searched `json:"searched,omitempty"`
	SearchedOmitted int        `json:"searched_omitted,omitempty"`
	Missing         []Missing  `json:"missing,omitempty"`
	MissingOmitted  int        `json:"missing_omitted,omitempty"`
}

// A Proof is a finding that shows what a hypothesis says.
type Proof struct {
	// Finding is the id of a finding in this brief.
	Finding string `json:"finding"`
	Title   string `json:"title"`
	Level   string `json:"level"`
	// Quote is the first record of the strongest proof; the others are quoted with their findings.
	Quote *Quote `json:"quote,omitempty"`
}

// A Quote is a record of the evidence, and where it stands.
type Quote struct {
	Path   string    `json:"path"`
	Offset int64     `json:"offset"`
	Length int64     `json:"length"`
	Record uint64    `json:"record,omitempty"`
	Host   string    `json:"host,omitempty"`
	Time   time.Time `json:"time,omitzero"`
	Text   string    `json:"text"`
}

// A Searched log would have shown it.
type Searched struct {
	Host   string    `json:"host"`
	Log    string    `json:"log"`
	Ref    string    `json:"ref,omitempty"` // of the table of logs: "l1"
	First  time.Time `json:"first,omitzero"`
	Last   time.Time `json:"last,omitzero"`
	Events int       `json:"events"`
	Days   float64   `json:"days"`
	Of     float64   `json:"of"`
	Limits []string  `json:"limits,omitempty"`
}

// A Missing log, and how to get it.
type Missing struct {
	What    string   `json:"what"`
	TurnOn  string   `json:"turn_on,omitempty"`
	Collect []string `json:"collect,omitempty"`
}

// A Finding is one finding of the hunt with its evidence.
type Finding struct {
	ID string `json:"id"`
	// Level is that of its rule; LevelWord is it in the brief's language.
	Level     string    `json:"level"`
	LevelWord Text      `json:"level_word"`
	Symbol    string    `json:"symbol"`
	Title     string    `json:"title"`
	Rule      string    `json:"rule"`
	Hosts     []string  `json:"hosts"`
	First     time.Time `json:"first,omitzero"`
	Last      time.Time `json:"last,omitzero"`
	Count     int       `json:"count"`
	// Techniques are of ATT&CK, with their names where they are known.
	Techniques []Technique `json:"techniques"`
	// Verdicts are ids of those that it is a proof of.
	Verdicts []string `json:"verdicts"`
	// Like is the first finding of the same rule, if this is not it: that one says why, and what next.
	Like string `json:"like,omitempty"`
	// What says what was found; Why why that is suspicious; Benign what is harmless and looks alike;
	// Next what to look at next.
	What   []Sentence `json:"what"`
	Why    []Sentence `json:"why"`
	Benign []Sentence `json:"benign"`
	Next   []Sentence `json:"next"`
	Quotes []Quote    `json:"quotes"`
}

// A Technique of ATT&CK.
type Technique struct {
	ID   string `json:"id"`
	Name string `json:"name,omitempty"`
}

// Who is what attribution came to.
type Who struct {
	Asked      bool        `json:"asked"`
	Sentence   Sentence    `json:"sentence"`
	Candidates []Candidate `json:"candidates,omitempty"`
	Missing    []Sentence  `json:"missing,omitempty"`
}

// A Candidate is an actor that may be behind it.
type Candidate struct {
	Name string `json:"name"`
	// Probability is from 0 to 1.
	Probability float64    `json:"probability"`
	Why         []Sentence `json:"why"`
	Against     []Sentence `json:"against"`
}

// Coverage is what was looked at, and what limits the answer.
type Coverage struct {
	Sentences []Sentence `json:"sentences"`
	Logs      []Log      `json:"logs"`
	// LogsOmitted counts logs that are not in the table.
	LogsOmitted int      `json:"logs_omitted,omitempty"`
	Damage      []Damage `json:"damage"`
	// DamageOmitted counts places and files that are not listed.
	DamageOmitted int        `json:"damage_omitted,omitempty"`
	Notes         []Sentence `json:"notes"`
}

// A Log is one log of one host.
type Log struct {
	ID     string    `json:"id"`
	Host   string    `json:"host"`
	Name   string    `json:"name"`
	Format string    `json:"format"`
	First  time.Time `json:"first,omitzero"`
	Last   time.Time `json:"last,omitzero"`
	Events int       `json:"events"`
	Files  int       `json:"files"`
	Gaps   []Gap     `json:"gaps"`
	// Clocks are the time zones that were assumed for it, because it does not say its own.
	Clocks []string `json:"assumed_clocks"`
	Blind  []Blind  `json:"blind"`
}

// A Gap is a time in which a log that otherwise speaks is silent.
type Gap struct {
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
}

// Blind is something that a log does not show though it could, and how to turn it on.
type Blind struct {
	What string `json:"what"`
	Fix  string `json:"fix"`
}

// Damage is evidence that could not be read.
type Damage struct {
	Path string `json:"path"`
	What string `json:"what"`
}

// An Action is something to do.
type Action struct {
	// ID is "a1"... in the order of the list; Advice are ids of the packs' advice, none for logs.
	ID     string   `json:"id"`
	Advice []string `json:"advice,omitempty"`
	// Group is "seen" (it answers what was seen), "blind" (it would show what could not be seen) or
	// "more".
	Group string   `json:"group"`
	Title Sentence `json:"title"`
	Text  Sentence `json:"text"`
	// Owner is a role, Effort "hours" to "months", both in the brief's language where it has the words.
	Owner  Text `json:"owner"`
	Effort Text `json:"effort"`
	// Answers are ids of verdicts; AnswersOmitted counts more of them.
	Answers        []string `json:"answers"`
	AnswersOmitted int      `json:"answers_omitted,omitempty"`
	Collect        []string `json:"collect,omitempty"`

	log Text // that it turns on, "" if it turns on none
}

// Indicators are those of the story and of the packs.
type Indicators struct {
	Sentence Sentence    `json:"sentence"`
	List     []Indicator `json:"list"`
	Omitted  int         `json:"omitted,omitempty"`
}

// An Indicator is a value that was seen with the intruder, written so that nobody clicks on it.
type Indicator struct {
	Type     string `json:"type"`
	Defanged string `json:"defanged"`
	Of       string `json:"of,omitempty"` // malware or actor
	// From is the claim or the pack that has it; Source is the pack's source.
	From   Ref    `json:"from"`
	Source string `json:"source,omitempty"`
	Grade  string `json:"grade,omitempty"`
	TLP    string `json:"tlp"`
	// Seen says that it is in the evidence; Unverified that nobody has confirmed it.
	Seen       bool `json:"seen"`
	Unverified bool `json:"unverified,omitempty"`
}

// A Claim is one that the story makes.
type Claim struct {
	ID    string     `json:"id"`
	Kind  story.Kind `json:"kind"`
	Word  Text       `json:"word"` // the kind in the brief's language
	Name  string     `json:"name"`
	Quote string     `json:"quote"`
	Start int        `json:"start"`
	End   int        `json:"end"`
	// Marks are "negated", "hedged", "new" and who says it, in the brief's language.
	Marks []Text `json:"marks"`
	// Why says why it was not tested; nil if it was.
	Why      *Sentence `json:"why,omitempty"`
	Verdicts []string  `json:"verdicts"`
}

// A Pack is knowledge that was used.
type Pack struct {
	Name    string `json:"name"`
	Title   string `json:"title"`
	Version string `json:"version"`
	Date    string `json:"date"`
	Licence string `json:"licence"`
}
