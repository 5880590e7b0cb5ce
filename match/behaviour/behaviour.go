// Package behaviour finds what no rule about one event can state: a page that hardly anybody asks
// for, a mailbox reader who reads a hundred times what he did before, a sequence of steps over
// several logs and hosts. In go events; out come episodes, each with the figures that led to it,
// the records that prove it, and what is usually harmless about it.
//
// An analytic is an [Analytic]: what it is called, which views of the evidence it wants, and a
// [State] that looks at records. The way of the data:
//
//	event -> Matcher.See: views -> State.See     one Matcher a worker, one State for each piece of evidence
//	      -> Collector.Join, in the order of the evidence -> State.Join
//	      -> Collector.Finish -> State.Finish -> Episode
//
// What is seen is aggregated piece by piece and joined in the order of the evidence, so that the
// same evidence gives the same episodes with any number of workers. Every state is bounded; what
// a bound left out is told. An analytic knows no actor: packs switch, tune and feed it with words
// and names (see [Config]).
package behaviour

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"aldebaran/english"
	"aldebaran/event"
)

// A Rule is what outputs and briefs say about an analytic.
type Rule struct {
	// ID is its name: "web-rare-page". It is what packs and outputs refer to.
	ID    string
	Title string
	// Level is the usual one; an episode may have another.
	Level string
	// Description says what happened, Why why that is suspicious, Benign which harmless cause is
	// usual and how to rule it out, Next what to look at next.
	Description, Why, Benign string
	Next                     []string
	// Tags are those of Sigma: "attack.t1505.003".
	Tags       []string
	References []string
}

// An Analytic is one behaviour that is looked for.
type Analytic struct {
	Rule
	// Views are those of which it wants to see the records.
	Views []View
	// SecurityEvents, if there are any, are the only events of the view Security that it is shown.
	SecurityEvents []uint32
	// Late analytics finish after all others and see their episodes among the hits.
	Late bool
	// WebPages says that it looks, in the end, at what is known of pages of web servers.
	WebPages bool
	// Requests are those of the view Web that it is shown.
	Requests requests
	// Params are its thresholds and Lists its lists of names, with what they are unless a
	// configuration says otherwise.
	Params []Param
	Lists  []List
	// New prepares it with its settings; the function that it gives makes a state for each piece
	// of evidence. What New makes is shared by all states and must not be changed by them.
	New func(Settings) (func() State, error)
}

// A State is what an analytic has seen of a piece of evidence. It is used by one goroutine at a
// time, and bounded by named maxima.
type State interface {
	// See looks at a record of one of the analytic's views. The record is valid until it returns.
	See(r *Record)
	// Join adds what the state of a later piece of evidence has seen; that one is not used again.
	Join(later State)
	// Finish emits the episodes; it is called once, after everything was joined.
	Finish(f *Finishing)
}

// An Episode is one time that a behaviour was seen.
type Episode struct {
	Rule *Rule
	// Level is that of this episode, Title what it is called; neither is empty once it was emitted.
	Level, Title string
	// Summary says what happened in one sentence with its figures, for people.
	Summary string
	// Group says what it is about: page, client, account, in the analytic's order.
	Group []NamedValue
	// Facts are the figures that led to it, with their thresholds where there are some.
	Facts []NamedValue
	// Caveats say what weakens it: a period too short to call anything rare.
	Caveats []string
	// First and Last are the times of the first and the last record; Count is their number.
	First, Last time.Time
	Count       int
	// Refs are some of the records, in order of time; Omitted is the number of the others.
	Refs    []Ref
	Omitted int
	// Hosts are the computers concerned, sorted.
	Hosts []string
}

// A NamedValue is a name and what it is here.
type NamedValue struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// A Ref says where in the evidence a record stands that proves something.
type Ref struct {
	Time     time.Time
	Source   event.Source
	Host     string
	Channel  string
	EventID  uint32
	RecordID uint64
	// What is the record in short, for people: "POST /owa/auth/x.aspx 200 from 203.0.113.7".
	What string
}

// A Hit is a match of any rule, or an episode: what sequences over several rules are made of.
type Hit struct {
	// Rule is its id, Title what it says, Level its level, Tags its tags.
	Rule, Title, Level string
	Tags               []string
	Ref
}

// maxRefs is how many records an episode lists.
const maxRefs = 10

// firstAndLast gives at most maxRefs of the records: the first and the last, in order of time.
func firstAndLast(refs []Ref) []Ref {
	refs = slices.SortedStableFunc(slices.Values(refs), compareRefs)
	if len(refs) <= maxRefs {
		return refs
	}
	const half = maxRefs / 2
	return slices.Concat(refs[:half], refs[len(refs)-half:])
}

// compareRefs orders by time, and what happened at the same time by its place.
func compareRefs(a, b Ref) int {
	return cmp.Or(
		a.Time.Compare(b.Time),
		strings.Compare(a.Source.Path, b.Source.Path),
		cmp.Compare(a.Source.Offset, b.Source.Offset),
		cmp.Compare(a.RecordID, b.RecordID),
	)
}

// A Finishing is what an analytic has when it comes to its conclusions.
type Finishing struct {
	collector *Collector
	rule      *Rule
	episodes  []Episode
}

// Emit hands out an episode. Rule is filled in, and Level, Refs, First, Last, Count and Hosts as far
// as they are empty and the records say them.
func (f *Finishing) Emit(e Episode) {
	e.Rule = f.rule
	e.Level = cmp.Or(e.Level, f.rule.Level)
	e.Title = cmp.Or(e.Title, f.rule.Title)
	e.Count = max(e.Count, len(e.Refs))
	when := event.Period{First: e.First, Last: e.Last}
	for _, r := range e.Refs {
		when.Add(r.Time)
		if r.Host != "" && !slices.Contains(e.Hosts, r.Host) {
			e.Hosts = append(e.Hosts, r.Host)
		}
	}
	e.First, e.Last = when.First, when.Last
	e.Refs = firstAndLast(e.Refs)
	e.Omitted = e.Count - len(e.Refs)
	e.Hosts = namedFully(e.Hosts)
	f.episodes = append(f.episodes, e)
}

// namedFully sorts names of computers and leaves those out that another one says with its domain: web
// servers write MAIL01 where Windows writes MAIL01.corp.example.
func namedFully(hosts []string) []string {
	slices.Sort(hosts)
	return slices.DeleteFunc(slices.Clone(hosts), func(h string) bool {
		return slices.ContainsFunc(hosts, func(o string) bool {
			return len(o) > len(h) && o[len(h)] == '.' && !isAddress(o) && strings.EqualFold(o[:len(h)], h)
		})
	})
}

// Note tells people what had to be left out.
func (f *Finishing) Note(format string, args ...any) {
	f.collector.notes = append(f.collector.notes, f.rule.ID+": "+fmt.Sprintf(format, args...))
}

// Hits gives all matches so far, in order of time: those of rules, and for late analytics the
// episodes of the others. They must not be changed.
func (f *Finishing) Hits() []*Hit { return f.collector.hits.all() }

// Period says from when to when records of a view are there.
func (f *Finishing) Period(v View) event.Period { return f.collector.periods[v] }

// TooShort gives a caveat if the records of a view cover less than that: what is new or rare in a
// short time may be neither in a longer one.
func (f *Finishing) TooShort(v View, want time.Duration) []string {
	p := f.Period(v)
	if p.Length() >= want {
		return nil
	}
	return []string{fmt.Sprintf("the evidence covers %s of this kind of log, less than %s: what is first seen or rare in it may be usual", duration(p.Length()), duration(want))}
}

// duration is a time span for people: "3 days", "5 hours", "40 minutes".
func duration(d time.Duration) string {
	n, unit := int(d.Seconds()), "second"
	switch {
	case d >= 48*time.Hour:
		n, unit = int(d.Hours()/24), "day"
	case d >= 2*time.Hour:
		n, unit = int(d.Hours()), "hour"
	case d >= 2*time.Minute:
		n, unit = int(d.Minutes()), "minute"
	}
	return english.Count(n, unit)
}
