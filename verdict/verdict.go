// Package verdict answers each claim of a story with one of three values: seen; not seen, and we
// would have; could not see. In go a plan, the findings of a hunt and what its logs could show; out
// come verdicts, each with its proof. A negative without visibility is never reported as clean.
package verdict

import (
	"time"

	"aldebaran/plan"
)

// A Value is the answer to a hypothesis.
type Value string

// The three values, and the one for what was not asked of the evidence.
const (
	Seen        Value = "seen"
	NotSeen     Value = "not seen"      // and we would have
	CouldNotSee Value = "could not see" // says what is missing
	NotJudged   Value = "not judged"    // rests on unverified facts, or no evidence can answer it
)

// A Verdict is the answer to one hypothesis, with its proof.
type Verdict struct {
	Hypothesis plan.Hypothesis `json:"hypothesis"`
	Value      Value           `json:"value"`
	// Because is the answer's reason in one sentence with its figures.
	Because string `json:"because"`
	// Strength is how much the answer can bear: "strong", "moderate", "weak". A match of a rule that
	// shows the technique in general is a weak seen; logs of half the time are a weak not seen.
	Strength string `json:"strength"`
	// Seen are the findings that show it, the strongest first.
	Seen []Proof `json:"seen,omitempty"`
	// Hints counts findings that only hint at it: of a low level, or of a technique nearby.
	Hints int `json:"hints,omitempty"`
	// Searched are the logs that would have shown it, and were searched.
	Searched []Searched `json:"searched,omitempty"`
	// Missing is what could have shown it and is not there.
	Missing []Missing `json:"missing,omitempty"`
}

// A Proof is a finding, by what it quotes from the evidence.
type Proof struct {
	Finding int       `json:"finding"` // index in the hunt's findings
	Rule    string    `json:"rule"`
	Title   string    `json:"title"`
	Level   string    `json:"level"`
	Test    string    `json:"test"`   // id of the plan's test
	Weight  float64   `json:"weight"` // of that test
	Hosts   []string  `json:"hosts"`
	First   time.Time `json:"first,omitzero"`
	Last    time.Time `json:"last,omitzero"`
	Count   int       `json:"count"`
	// Quotes are records of the evidence.
	Quotes []Quote `json:"quotes"`
}

// A Quote is one record of the evidence: where it stands, and what it says in short.
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
	First  time.Time `json:"first,omitzero"`
	Last   time.Time `json:"last,omitzero"`
	Events int       `json:"events"`
	// Days is how many days of the asked period it covers, of Of; gaps are taken off.
	Days float64 `json:"days"`
	Of   float64 `json:"of"`
	// Tests are ids of those that were run on it.
	Tests []string `json:"tests"`
	// Limits say what weakens it: gaps, fields that are not logged, damage, a clock that was assumed.
	Limits []string `json:"limits,omitempty"`
}

// A Missing log, field or period, and how to get it.
type Missing struct {
	What    string   `json:"what"`
	TurnOn  string   `json:"turn_on,omitempty"`
	Collect []string `json:"collect,omitempty"`
}

// A Report is all verdicts of a story.
type Report struct {
	Verdicts []Verdict `json:"verdicts"`
	Context  []plan.Context
	// Counts are how many verdicts have each value.
	Seen, NotSeen, CouldNotSee, NotJudged int
	// Overall is the answer to the story as a whole in one sentence; Value is it in one word.
	Overall string `json:"overall"`
	Value   Value  `json:"value"`
	// Besides are indices of the critical findings that no hypothesis accounts for: whatever the story tells, they
	// have to be looked at. BesidesHosts are where, in order.
	Besides      []int    `json:"besides,omitempty"`
	BesidesHosts []string `json:"besides_hosts,omitempty"`
	// Relevance says how much the story concerns this user, by sector and region.
	Relevance Relevance `json:"relevance"`
}

// Relevance is how far a story concerns the user.
type Relevance struct {
	// Level is "high", "medium", "low", "unknown"; Because says why.
	Level   string   `json:"level"`
	Because string   `json:"because"`
	Claims  []string `json:"claims,omitempty"`
	// Asked says that the user said something of himself.
	Asked bool `json:"-"`
}

// A Setting is what the user says of himself.
type Setting struct {
	Sector, Region, Country string
}
