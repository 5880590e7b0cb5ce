// Package story reads a threat report and makes out what it claims, each claim with the words that
// make it and where they stand. In go text, Markdown, HTML, PDF, e-mail, STIX and MISP; out come
// claims that a plan can turn into hypotheses.
//
// It works offline with no model service. Names come from a [Lexicon] that the caller makes of ATT&CK and
// of packs; techniques that are only described come from a small linear model (story/technique);
// indicators are found by their form.
package story

import "time"

// A Story is a report that was read.
type Story struct {
	// Path is the file as the user named it, Format what it is: "text", "markdown", "html", "pdf",
	// "email", "stix", "misp".
	Path, Format string
	// Title is the report's own, "" if it has none; Published is when it says it was published.
	Title     string
	Published time.Time
	// Language is the language that most of it is written in, as BCP 47; "und" if that is not known.
	Language string
	// Text is what claims quote from, in UTF-8: the words of the report without its markup. Offsets
	// are bytes into it.
	Text string
	// Sentences are in the order of the text and do not overlap.
	Sentences []Span
	// Claims are in the order of the text.
	Claims []Claim
	// Notes say what was left out because a maximum was reached or a part could not be read.
	Notes []string
}

// A Span is a piece of the text, bytes [Start, End).
type Span struct {
	Start int `json:"start"`
	End   int `json:"end"`
}

// A Kind says what a claim is about.
type Kind string

// The kinds of claims.
const (
	Actor         Kind = "actor"
	Malware       Kind = "malware"
	Tool          Kind = "tool"
	Technique     Kind = "technique"
	Vulnerability Kind = "vulnerability"
	Sector        Kind = "sector"  // of victims
	Region        Kind = "region"  // of victims
	Country       Kind = "country" // of victims or actors, as Role says
	System        Kind = "system"  // a kind of system that is targeted: "email servers"
	Data          Kind = "data"    // that is sought
	Period        Kind = "period"
	Relation      Kind = "relation"
	Assessment    Kind = "assessment" // who says how sure
	Advice        Kind = "advice"
	Indicator     Kind = "indicator"
)

// A Claim is one thing that the story says.
type Claim struct {
	// ID is "c1", "c2"... in the order of the text.
	ID   string `json:"id"`
	Kind Kind   `json:"kind"`
	// Quote is the text at Start to End, byte for byte: the words that make the claim. Sentence is the
	// sentence that they stand in.
	Quote    string `json:"quote"`
	Start    int    `json:"start"`
	End      int    `json:"end"`
	Sentence Span   `json:"sentence"`
	// Name is what is meant, in its usual form: "Phantom Taurus", "T1505.003", "CVE-2021-26855", "TG".
	Name string `json:"name"`
	// Refs are what the name refers to: ids of ATT&CK, "pack:phantom-taurus". More than one is an
	// ambiguity that nothing in the story resolves.
	Refs []string `json:"refs,omitempty"`
	// New marks a name that nothing known has, found by its pattern.
	New bool `json:"new,omitempty"`
	// How says how it was found: "named", "numbered", "described", "pattern", "stated" (a field of STIX or MISP).
	How string `json:"how"`
	// Score is the probability that a described technique is meant; 1 for what is named.
	Score float64 `json:"score"`
	// Role says what part the thing plays, if the sentence says so: "victim", "origin", "used", "sought",
	// or "aside" for a time of something else: of a report, a patch, a summit.
	Role string `json:"role,omitempty"`
	// Negated claims are denied ("not linked to"), Hedged ones are said with doubt ("may", "possibly");
	// Speaker is who says it, if that is not the author ("according to Unit 42").
	Negated bool   `json:"negated,omitempty"`
	Hedged  bool   `json:"hedged,omitempty"`
	Speaker string `json:"speaker,omitempty"`
	// Indicator says what type of indicator Name is, in the plain form of its value; Defanged marks
	// one that was written so that nobody clicks on it.
	Indicator string `json:"indicator,omitempty"`
	Defanged  bool   `json:"defanged,omitempty"`
	// From and To are the times of a period, both inclusive, in UTC; zero where it is open.
	From time.Time `json:"from,omitzero"`
	To   time.Time `json:"to,omitzero"`
	// Subject and Object are the names that a relation joins; Name is the kind of relation.
	Subject string `json:"subject,omitempty"`
	Object  string `json:"object,omitempty"`
	// Times counts how often the same claim is made; only the first, or the plainest, is kept.
	Times int `json:"times"`
}
