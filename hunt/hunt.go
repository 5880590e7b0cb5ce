// Package hunt is the whole way from evidence to findings: read this file first. In go rules and
// paths of evidence; out come every match, in a fixed order, to the outputs, and at the end a
// result that sums up what was read, what was found and what could not be read.
//
// The same evidence and rules give the same result, byte for byte, with any number of workers and
// in whatever order the paths were given. Memory does not grow with the size of the evidence.
package hunt

import (
	"context"
	"errors"
	"fmt"
	"runtime"

	"aldebaran/attack"
	"aldebaran/evidence"
	"aldebaran/match"
	"aldebaran/match/sigma"
)

// An Output takes what a hunt finds. Its methods are called from one goroutine.
type Output interface {
	// Match is one match. It and its event are valid only until the call returns. Matches come in
	// the order of the paths of the sources, and inside a source in the order of the file.
	Match(*Match) error
	// Correlation is one match of a rule about several events: a correlation rule, or a behaviour.
	// They come after all matches, correlation rules first, each kind by time.
	Correlation(*Correlation) error
	// Finish comes last, also after a hunt that was interrupted.
	Finish(*Result) error
}

// Run hunts: it loads the rules, finds the evidence, matches all events of it, joins the matches
// into findings, and hands everything to the outputs.
//
// A cancelled context is no error: what was found so far is a result with Summary.Partial set.
// Evidence that cannot be read is no error either: it is in the result. Errors are: wrong options
// ([UsageError]), a path that does not exist, no rule at all, and an output that could not take
// what it was given ([OutputError]).
func Run(ctx context.Context, opt Options, outputs ...Output) (*Result, error) {
	started := opt.now()
	opt.Watch = opt.Watch || opt.Question != nil // a no needs to know what could have been seen
	// What do we look for?
	rules, err := opt.loadRules()
	if err != nil {
		return nil, err
	}
	wanted := opt.Selection.Apply(rules)
	if opt.lookOnly {
		wanted = &sigma.Collection{}
	}
	behaviours, err := opt.behaviours()
	if err != nil {
		return nil, err
	}
	indicators, err := opt.indicators()
	if err != nil {
		return nil, err
	}
	engine, err := match.Compile(wanted, match.Options{TempDir: opt.TempDir, Behaviours: behaviours, Indicators: indicators, Selection: opt.Selection})
	if err != nil {
		return nil, err
	}
	question := opt.ask(wanted)
	// Where do we look?
	listing, err := evidence.Walk(opt.Evidence)
	if err != nil {
		return nil, errors.Join(err, engine.Close())
	}
	listing = listing.Without(opt.Ignore...)
	opt.Progress.start(listing)
	ready := opt.now()

	// Look: workers read and match pieces of the evidence; the collector takes their results in
	// the order of the evidence, leaves out what it has seen before, and hands on the rest.
	c := newCollector(opt, engine, outputs)
	if err := c.openJournal(ctx, rules, &listing); err != nil {
		return nil, errors.Join(err, engine.Close())
	}
	c.collect(ctx, listing)

	// What do several matches mean together?
	c.correlate()

	// What does it come to?
	result := c.result(listing, rules)
	result.Plan, result.Answer = question.plan, opt.answer(question, result)
	result.Took = Took{Rules: ready.Sub(started), Reading: opt.now().Sub(ready)}
	for _, out := range outputs {
		if c.err == nil {
			c.err = outputError(out.Finish(result))
		}
	}
	return result, errors.Join(c.err, engine.Close())
}

// A Match is a match and what its rule refers to in ATT&CK.
type Match struct {
	match.Match
	Refs attack.Refs
}

// A Correlation is a match of a correlation rule and what that refers to in ATT&CK.
type Correlation struct {
	match.Correlation
	Refs attack.Refs
}

// An OutputError is an output that could not be written: the hunt has stopped because of it.
type OutputError struct{ Err error }

func (e *OutputError) Error() string { return fmt.Sprintf("writing the output: %v", e.Err) }

// Unwrap gives the reason.
func (e *OutputError) Unwrap() error { return e.Err }

func outputError(err error) error {
	if err == nil {
		return nil
	}
	return &OutputError{err}
}

// workers is the number of workers that was asked for, or that of the processors.
func (o Options) workers() int {
	if o.Workers > 0 {
		return min(o.Workers, maxWorkers)
	}
	return min(runtime.GOMAXPROCS(0), maxWorkers)
}

// maxWorkers bounds what workers hold in memory; more are of no use on the machines we know.
const maxWorkers = 256
