package hunt

import (
	"errors"
	"fmt"
	"io/fs"
	"sync/atomic"
	"time"

	"aldebaran/english"
	"aldebaran/evidence"
	"aldebaran/intel"
	"aldebaran/match"
	"aldebaran/match/behaviour"
	"aldebaran/match/indicator"
	"aldebaran/match/sigma"
)

// Options say what to hunt for, where and how. Evidence and one of Rules and DefaultRules are
// needed; for the rest the zero value is right.
type Options struct {
	// Evidence are files and folders.
	Evidence []string
	Read     evidence.Options
	// Ignore are files that are no evidence though they may be in a folder of it: the output.
	Ignore []string
	// Hash gives every source its SHA-256; it costs a second reading of each file.
	Hash bool

	// Rules are files and folders of Sigma rules, DefaultRules those that come with the program,
	// nil for none; they add up.
	Rules        []string
	DefaultRules fs.FS
	Load         sigma.LoadOptions
	Selection    match.Selection

	// Behaviours are looked for beside the rules; nil for none. Their settings are those of packs and
	// of the user, joined.
	Behaviours *behaviour.Config

	// Indicators are looked for beside the rules, those that have not expired at IndicatorsAt; with the
	// zero time none has. What stands on a warning list is reported as informational.
	Indicators   []intel.Indicator
	IndicatorsAt time.Time

	// Journal, if there is one, keeps what is read, and gives what was read before: what has not changed
	// since need not be read again.
	Journal Journal
	// Build identifies the program: what another one read is read again.
	Build string

	// Question, if there is one, is answered by what is found: see Result.Answer.
	Question *Question

	// Since and Until bound the time of the events that are matched, both inclusive; zero is no
	// bound. Events without a time are matched.
	Since, Until time.Time
	// Hosts are globs of which one must fit the computer of an event; none fits all.
	Hosts []string

	// Workers is the number of pieces of evidence that are read at the same time; 0 is one for
	// each processor.
	Workers int
	// Watch collects what each log can show, for Result.Surveyed.
	Watch bool
	// lookOnly matches nothing: see Survey.
	lookOnly bool
	// Samples is the number of events that a finding in the result keeps.
	Samples int
	// TempDir is where correlations keep what does not fit into memory; "" is the system's.
	TempDir string
	// Clock, if not nil, tells the time for Result.Took.
	Clock func() time.Time
	// Progress, if not nil, is kept up to date; any goroutine may look at it.
	Progress *Progress
}

// read is how evidence is read; what does not fit into memory goes where that of correlations goes.
func (o Options) read() evidence.Options {
	r := o.Read
	if r.TempDir == "" {
		r.TempDir = o.TempDir
	}
	return r
}

// behaviours prepares those that are wanted; nil for none.
func (o Options) behaviours() (*behaviour.Set, error) {
	if o.Behaviours == nil || o.lookOnly {
		return nil, nil
	}
	return behaviour.New(*o.Behaviours)
}

// indicators prepares those that are wanted; nil for none.
func (o Options) indicators() (*indicator.Set, error) {
	if len(o.Indicators) == 0 || o.lookOnly {
		return nil, nil
	}
	benign, err := intel.BuiltinWarnings()
	if err != nil {
		return nil, err
	}
	return indicator.Compile(o.Indicators, indicator.Options{At: o.IndicatorsAt, Warnings: benign})
}

// now is what the clock says, the zero time if there is none.
func (o Options) now() time.Time {
	if o.Clock == nil {
		return time.Time{}
	}
	return o.Clock()
}

// A UsageError is a call that cannot be meant. Hint says what to do instead.
type UsageError struct{ What, Hint string }

func (e *UsageError) Error() string { return e.What }

// ErrNoRules means that there is nothing to hunt for.
var ErrNoRules = errors.New("no rule was loaded")

// loadRules reads all rules. Rules that could not be loaded are in the collection; the error is
// a path that cannot be read, or that nothing at all was loaded.
func (o Options) loadRules() (*sigma.Collection, error) {
	var all []*sigma.Collection
	if o.DefaultRules != nil {
		c, err := sigma.LoadFS(o.DefaultRules, ".", o.Load)
		if err != nil {
			return nil, fmt.Errorf("loading the rules that come with the program: %w", err)
		}
		all = append(all, c)
	}
	if len(o.Rules) > 0 {
		c, err := sigma.Load(o.Rules, o.Load)
		if err != nil {
			return nil, RulesError(err)
		}
		all = append(all, c)
	}
	c := sigma.Merge(all...)
	if len(c.Rules) == 0 {
		return c, &NoRulesError{c}
	}
	return c, nil
}

// RulesError is what to tell of rules that a user named and that are not there.
func RulesError(err error) error {
	return &UsageError{What: fmt.Sprintf("loading %v", err), Hint: "name files or folders of Sigma rules, which end in .yml"}
}

// NoRulesError is ErrNoRules with what was found instead.
type NoRulesError struct{ Collection *sigma.Collection }

func (e *NoRulesError) Error() string {
	c := e.Collection
	s := fmt.Sprintf("%v: %s, %s rejected", ErrNoRules, english.Count(c.Files, "rule file"), english.Count(len(c.Rejected), "document"))
	if len(c.Rejected) > 0 {
		r := c.Rejected[0]
		s += fmt.Sprintf("; the first: %s:%d: %s", r.File, r.Line, r.Reason)
	}
	return s
}

func (e *NoRulesError) Unwrap() error { return ErrNoRules }

// Progress says how far a hunt has come. Safe for concurrent use.
type Progress struct {
	// Total is the number of bytes to read, Done those that were read; Total is 0 before the
	// evidence was found.
	Total, Done atomic.Int64
	// Events and Matches were found so far.
	Events, Matches atomic.Int64
}

func (p *Progress) start(l evidence.Listing) {
	if p != nil {
		p.Total.Store(l.Bytes())
	}
}

func (p *Progress) read(bytes int64, events, matches int) {
	if p != nil {
		p.Done.Add(bytes)
		p.Events.Add(int64(events))
		p.Matches.Add(int64(matches))
	}
}
