package sigma

import (
	"time"

	"aldebaran/event"
)

// A Correlator joins matches of single rules into matches of correlation rules.
//
//	Observe: rule, event -> Observation   what the correlations need of it; safe for concurrent use
//	Add:     Observation ->               kept, spilled to sorted runs in temporary files when many
//	Finish:  -> CorrelationMatch          runs merged by event time, windows slid, matches emitted
type Correlator struct {
	opt CorrelatorOptions
}

// CorrelatorOptions are the choices of a [Correlator]; the zero value is right.
type CorrelatorOptions struct {
	// MemoryLimit is the number of bytes of observations that are kept in memory before they are
	// written to a temporary file; 0 means DefaultMemoryLimit.
	MemoryLimit int64
	// TempDir is where those files go; "" means [os.TempDir].
	TempDir string
}

// DefaultMemoryLimit is 32 MiB: some hundred thousand observations.
const DefaultMemoryLimit = 32 << 20

// NewCorrelator prepares the correlations of a collection. References that name no rule, and
// cycles of references, are errors.
func NewCorrelator(c *Collection, opt CorrelatorOptions) (*Correlator, error) {
	return &Correlator{opt: opt}, nil
}

// Wants tells whether a correlation refers to that rule.
func (c *Correlator) Wants(r *Rule) bool { return false }

// An Observation is what the correlations need of one event that one rule matched. It holds
// copies: it outlives the event.
type Observation struct {
	rec []byte
}

// Observe takes out of an event what the correlations of that rule need. Safe for concurrent use.
func (c *Correlator) Observe(r *Rule, e *event.Event) Observation { return Observation{} }

// Add takes an observation in. Order does not matter; one goroutine at a time.
func (c *Correlator) Add(o Observation) error { return nil }

// Finish calls emit for every match of a correlation rule that reports by itself, in order of
// time, and ends at emit's first error.
func (c *Correlator) Finish(emit func(CorrelationMatch) error) error { return nil }

// Stats says what was and what was not taken into account.
func (c *Correlator) Stats() CorrelationStats { return CorrelationStats{} }

// Close removes the temporary files.
func (c *Correlator) Close() error { return nil }

// A CorrelationMatch is one episode in which the condition of a correlation held for one group.
type CorrelationMatch struct {
	Correlation *Correlation
	// Group are the values of the fields of group-by, in the order of the rule.
	Group []NamedValue
	// First and Last are the times of the first and the last event that it is made of.
	First, Last time.Time
	// Count is the number of events that it is made of.
	Count int
	// Value is what the condition was held against, at its most telling: the number of events, of
	// distinct values, of rules seen, the sum, ...
	Value float64
	// Events are the first and the last of the events, in order of time.
	Events []EventRef
	// Omitted is the number of events between them that are not listed.
	Omitted int
	// Hosts are the computers of the events, sorted; at most MaxHosts of them.
	Hosts []string
}

// NamedValue is a field and its value.
type NamedValue struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// EventRef says which event took part in a correlation, and for which rule.
type EventRef struct {
	Rule     *Rule // that matched it
	Time     time.Time
	Source   event.Source
	Host     string
	Channel  string
	EventID  uint32
	RecordID uint64
}

// CorrelationStats counts what a [Correlator] took in and what it had to leave out.
type CorrelationStats struct {
	Observations int64 // taken in
	NoTime       int64 // left out: the event has no time
	NoGroup      int64 // left out of one correlation: a field of group-by is missing
	NoValue      int64 // left out of one correlation: the field it looks at is missing
	NotNumeric   int64 // left out of one correlation: the value is no number
	Dropped      int64 // left out of one correlation: too many groups or values at a time
	Spilled      int64 // bytes written to temporary files
	// Warnings are remarks on correlations: conditions that absence would satisfy.
	Warnings []Rejection
}

// MaxHosts is how many computers a match names; more are told by its events.
const MaxHosts = 64
