// Package plan turns what a story claims and what packs know into hypotheses that evidence can
// answer. In go claims, packs and the rules at hand; out comes a plan: for each hypothesis the rules,
// behaviours and indicators that test it, the logs that would show it, and how to collect them.
package plan

import (
	"time"

	"aldebaran/intel"
	"aldebaran/story"
)

// A Plan is what to look for, where, and with what.
type Plan struct {
	// Story is what is asked; nil if the plan is of packs alone.
	Story *story.Story
	// Packs are those that the story, or the user, calls for.
	Packs []*intel.Pack
	// Hypotheses are in the order of an intrusion: see [Hypothesis].
	Hypotheses []Hypothesis
	// Context are claims that no evidence of one's own can answer: who is behind it, what others found.
	// Each is here with the reason.
	Context []Context
	// From and To bound the time that the story speaks of; zero where it does not.
	From, To time.Time
}

// A Hypothesis is one statement about the user's own servers that evidence can answer.
type Hypothesis struct {
	// ID is stable for the same story and packs: "h1"...
	ID string `json:"id"`
	// Statement is a sentence that is true or false of the user's servers: "A script page was
	// written into the sign-in folder of a mail server."
	Statement string `json:"statement"`
	// Logic says in one more sentence what would show it, where a pack does.
	Logic string `json:"logic,omitempty"`
	// Kind is "malware", "tool", "technique", "vulnerability", "indicator", "detection".
	Kind string `json:"kind"`
	// Claims are ids of the story's claims that it answers; Detections are ids of a pack's detections
	// ("phantom-taurus:E08") that it stands for.
	Claims     []string `json:"claims,omitempty"`
	Detections []string `json:"detections,omitempty"`
	// Techniques are ids of ATT&CK; Stage is the tactic by which hypotheses are put in order.
	Techniques []string `json:"techniques,omitempty"`
	Stage      string   `json:"stage,omitempty"`
	// Tests are what would find it, what says most of it first. Untested counts those that were left
	// out because there are too many.
	Tests    []Test `json:"tests"`
	Untested int    `json:"untested,omitempty"`
	// Needs are the logs that would show it: without any of them it could not be seen.
	Needs []Need `json:"needs"`
	// Systems are the kinds of servers that it is about, as packs have them; none means any.
	Systems []string `json:"systems,omitempty"`
	// Severity is how much it would matter.
	Severity string `json:"severity"`
	// Unverified marks a hypothesis that rests on unverified facts only: it is listed, not judged.
	Unverified bool `json:"unverified,omitempty"`
}

// A Test is a rule, a behaviour or an indicator that would find what a hypothesis says.
type Test struct {
	Kind string `json:"kind"` // "rule", "behaviour", "indicator"
	// ID is the rule's id, the behaviour's name, or "type:value" of the indicator.
	ID    string `json:"id"`
	Title string `json:"title"`
	// By says why it is a test: "detection E08", "technique T1505.003", "indicator of the story".
	By string `json:"by"`
	// Weight says how much a match says about the hypothesis: 1 if it states it, less if it shows the
	// technique in general.
	Weight float64 `json:"weight"`
}

// A Need is a kind of log that would show a hypothesis, with how to get it.
type Need struct {
	intel.Need
	// Serves are ids of the tests that this log can serve.
	Serves []string `json:"serves"`
	// Collect are commands that collect it, for an administrator of the server; TurnOn says how to switch
	// it on where it is off.
	Collect []string `json:"collect,omitempty"`
	TurnOn  string   `json:"turn_on,omitempty"`
	// Kept is how long it is usually kept, in words: "30 days".
	Kept string `json:"kept,omitempty"`
}

// A Context is a claim that is not tested, and why.
type Context struct {
	Claim string `json:"claim"`
	Why   string `json:"why"`
}
