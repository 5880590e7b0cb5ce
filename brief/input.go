package brief

import (
	"time"

	"aldebaran/attack"
	"aldebaran/evidence"
	"aldebaran/finding"
	"aldebaran/intel"
	"aldebaran/plan"
	"aldebaran/verdict"
)

// Input is all that a brief is made of. The story, and the packs that it calls for, stand in the plan.
type Input struct {
	// Plan and Answer are what was asked and what came of it; both must be there.
	Plan   *plan.Plan
	Answer *verdict.Report
	// Findings are those that the answer's proofs count through.
	Findings []finding.Finding
	Figures  Figures
	// Logs are what each log of each host can show.
	Logs   []evidence.Visibility
	Skews  []evidence.Skew
	Damage []Damage
	// Notes say, in English, what was left out because a maximum was reached.
	Notes []string
	// Knowledge gives names to techniques; nil leaves them out.
	Knowledge *attack.Knowledge
	// Attribution is nil if it was not asked for.
	Attribution *Attribution
	// Setting is what the user says of himself.
	Setting verdict.Setting
	// Language is one of [Languages]; "" is English.
	Language string
	// Case is the folder of the case, "" without one; Feedback are answers to its earlier briefs.
	Case     string
	Feedback []Feedback
	// Generated and Version are printed; a brief without a time says none.
	Generated time.Time
	Version   string
}

// Figures sum up what was read.
type Figures struct {
	Files, Events, Rules, Behaviours, Indicators int
	Hosts                                        []string
	First, Last                                  time.Time
	// Unreadable files and lost records are evidence that nobody has seen; at LostUnknown places it is
	// not known how many records were lost. Partial says that the hunt was interrupted.
	Unreadable, LostRecords, LostUnknown int
	Partial                              bool
}

// Attribution is what is known of who it was.
type Attribution struct {
	// Level is "none", "activity cluster", "temporary group" or "named actor".
	Level      string
	Candidates []AttributionCandidate
	// Missing is evidence that would decide, in English.
	Missing []string
}

// An AttributionCandidate is an actor with the probability that it was them, and the reasons, in English.
type AttributionCandidate struct {
	Name         string
	Probability  float64
	Why, Against []string
}

// Feedback is an answer to "was this useful?".
type Feedback struct {
	When   time.Time
	Useful bool
	Reason string
}

// tlp is the most restrictive label of what a brief shows.
func (in *Input) tlp() intel.TLP {
	most := intel.Clear
	for _, p := range in.Plan.Packs {
		for i := range p.Indicators {
			most = max(most, p.Indicators[i].TLP)
		}
	}
	return most
}
