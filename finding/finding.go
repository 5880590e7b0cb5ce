// Package finding turns matches into findings that an analyst can judge: what one rule saw on one
// host without a longer silence, with its first and last time, its number and some of its events.
// In go matches in any order; out come findings in the order in which they are worth reading.
package finding

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"aldebaran/attack"
	"aldebaran/event"
	"aldebaran/match"
)

// A Finding is what one rule saw on one host in one go.
type Finding struct {
	Rule   *match.Rule
	Attack attack.Refs
	// Host is the computer that wrote the events; "" if they do not say. A correlation over several
	// hosts has all of them in Hosts and none here.
	Host  string
	Hosts []string
	// First and Last are the times of its first and last event; zero if they have none.
	First, Last time.Time
	// Count is the number of events.
	Count int
	// Samples are the first of its events by time, at most Options.Samples.
	Samples []Sample
	// Correlation is what a correlation rule joined, nil for other rules.
	Correlation *match.Correlation
}

// A Sample is one event of a finding, kept.
type Sample struct {
	// Event is a copy. Its values are cut to maxSampleValue bytes each if Cut is set, or left out
	// altogether if Bare is: then only its source can be looked up.
	Event     *event.Event
	Route     string
	Cut, Bare bool
}

// Options say how matches are grouped; the zero value is right.
type Options struct {
	// Gap is the silence that ends a finding; 0 means DefaultGap.
	Gap time.Duration
	// Samples is the number of events that a finding keeps.
	Samples int
}

// DefaultGap is the silence between two matches of a rule on a host that makes them two findings:
// within a day they are the same piece of work for whoever looks into them.
const DefaultGap = 24 * time.Hour

// What grouping may hold in memory. Evidence that goes beyond is told in Notes; the matches
// themselves are in the output all the same.
const (
	maxFindings    = 20_000   // the analyst has stopped reading long before
	maxEpisodes    = 400      // of one rule on one host: more than a year, every day
	maxSampleValue = 4 << 10  // bytes of one value of a sample: command lines fit, most scripts do
	maxSampleBytes = 48 << 20 // bytes of all samples together
)

// Groups collects matches. The order in which they come makes no difference to the findings as
// long as none of the maxima is reached.
type Groups struct {
	opt         Options
	groups      map[groupKey]*group
	refs        map[*match.Rule]attack.Refs
	findings    int
	sampleBytes int
	correlated  []Finding

	droppedMatches, droppedCorrelations, merged, bareSamples int
}

type groupKey struct {
	rule *match.Rule
	host string
}

// group is what one rule saw on one host: episodes in order of time, further apart than the gap.
type group struct {
	episodes []episode
	timeless *episode // of events without a time
}

type episode struct {
	first, last time.Time
	count       int
	samples     []Sample // in order, at most Options.Samples
}

// NewGroups makes an empty collection.
func NewGroups(opt Options) *Groups {
	if opt.Gap == 0 {
		opt.Gap = DefaultGap
	}
	return &Groups{opt: opt, groups: map[groupKey]*group{}, refs: map[*match.Rule]attack.Refs{}}
}

// Refs gives the parts of ATT&CK that a rule refers to.
func (g *Groups) Refs(r *match.Rule) attack.Refs {
	refs, ok := g.refs[r]
	if !ok {
		refs = attack.Parse(r.Tags)
		g.refs[r] = refs
	}
	return refs
}

// Add takes in a match. What it needs of the event it copies.
func (g *Groups) Add(m *match.Match) {
	key := groupKey{m.Rule, m.Event.Computer}
	in := g.groups[key]
	if in == nil {
		if g.findings >= maxFindings {
			g.droppedMatches++
			return
		}
		in = &group{}
		g.groups[key] = in
	}
	ep := g.episode(in, m.Event.Time)
	if ep == nil {
		g.droppedMatches++
		return
	}
	ep.count++
	g.sample(ep, m)
}

// episode finds or makes the episode that a time belongs to, widens it, and joins it with its
// neighbours if they are no longer apart. It gives nil if there is no room for a new one.
func (g *Groups) episode(in *group, t time.Time) *episode {
	if t.IsZero() {
		if in.timeless == nil {
			if g.findings >= maxFindings {
				return nil
			}
			g.findings++
			in.timeless = &episode{}
		}
		return in.timeless
	}
	eps := in.episodes
	// The first episode that does not end too long before t.
	i, _ := slices.BinarySearchFunc(eps, t, func(ep episode, t time.Time) int {
		if ep.last.Add(g.opt.Gap).Before(t) {
			return -1
		}
		return 1
	})
	if i == len(eps) || eps[i].first.Add(-g.opt.Gap).After(t) {
		if g.findings >= maxFindings {
			return nil
		}
		g.findings++
		in.episodes = slices.Insert(eps, i, episode{first: t, last: t})
		if len(in.episodes) > maxEpisodes {
			i = g.joinNearest(in, i)
		}
		return &in.episodes[i]
	}
	ep := &eps[i]
	if t.Before(ep.first) {
		ep.first = t
	}
	if t.After(ep.last) {
		ep.last = t
	}
	if i+1 < len(eps) && !ep.last.Add(g.opt.Gap).Before(eps[i+1].first) {
		g.join(in, i)
	}
	return &in.episodes[i]
}

// join makes episodes i and i+1 one.
func (g *Groups) join(in *group, i int) {
	a, b := &in.episodes[i], in.episodes[i+1]
	a.last = b.last
	a.count += b.count
	for _, s := range b.samples {
		g.insert(a, s)
	}
	in.episodes = slices.Delete(in.episodes, i+1, i+2)
	g.findings--
}

// joinNearest makes room: it joins the two neighbours with the shortest silence between them, and
// gives the new index of episode i.
func (g *Groups) joinNearest(in *group, i int) int {
	at := 0
	gap := func(j int) time.Duration { return in.episodes[j+1].first.Sub(in.episodes[j].last) }
	for j := range len(in.episodes) - 1 {
		if gap(j) < gap(at) {
			at = j
		}
	}
	g.join(in, at)
	g.merged++
	if i > at {
		i--
	}
	return i
}

// sample keeps the event if it is one of the first of the episode.
func (g *Groups) sample(ep *episode, m *match.Match) {
	s := Sample{Event: m.Event, Route: m.Route}
	if g.opt.Samples == 0 || len(ep.samples) == g.opt.Samples && compareSamples(s, ep.samples[len(ep.samples)-1]) >= 0 {
		return
	}
	g.insert(ep, g.keep(s))
}

func (g *Groups) insert(ep *episode, s Sample) {
	i, _ := slices.BinarySearchFunc(ep.samples, s, compareSamples)
	ep.samples = slices.Insert(ep.samples, i, s)
	if len(ep.samples) > g.opt.Samples {
		g.sampleBytes -= weight(ep.samples[g.opt.Samples].Event)
		ep.samples = slices.Delete(ep.samples, g.opt.Samples, len(ep.samples))
	}
}

// keep copies the event of a sample within the bounds.
func (g *Groups) keep(s Sample) Sample {
	e := *s.Event
	if g.sampleBytes >= maxSampleBytes {
		g.bareSamples++
		e.Shape, e.Values = &event.Shape{}, nil
		s.Event, s.Bare = &e, true
		return s
	}
	e.Values = slices.Clone(e.Values)
	for i, v := range e.Values {
		if len(v.Raw) > maxSampleValue {
			e.Values[i].Raw = v.Raw[:maxSampleValue]
			s.Cut = true
		}
	}
	s.Event = e.Clone()
	g.sampleBytes += weight(s.Event)
	return s
}

// weight is about how many bytes an event takes.
func weight(e *event.Event) int {
	n := 0
	for _, v := range e.Values {
		n += len(v.Raw) + 32
	}
	return n
}

// compareSamples orders by time, and events of the same time by what does not depend on the order
// in which files were read.
func compareSamples(a, b Sample) int {
	return cmp.Or(
		a.Event.Time.Compare(b.Event.Time),
		strings.Compare(a.Event.Channel, b.Event.Channel),
		cmp.Compare(a.Event.RecordID, b.Event.RecordID),
		strings.Compare(a.Event.Source.Path, b.Event.Source.Path),
		cmp.Compare(a.Event.Source.Offset, b.Event.Source.Offset),
	)
}

// AddCorrelation takes in a match of a correlation rule; each is a finding of its own.
func (g *Groups) AddCorrelation(c *match.Correlation) {
	if g.findings >= maxFindings {
		g.droppedCorrelations++
		return
	}
	g.findings++
	kept := *c
	f := Finding{
		Rule: c.Rule, Attack: g.Refs(c.Rule), Hosts: c.Hosts,
		First: c.First, Last: c.Last, Count: c.Count, Correlation: &kept,
	}
	if len(c.Hosts) == 1 {
		f.Host = c.Hosts[0]
	}
	g.correlated = append(g.correlated, f)
}

// Findings gives all findings: the most severe first, and among these the earliest.
func (g *Groups) Findings() []Finding {
	all := slices.Clone(g.correlated)
	for key, in := range g.groups {
		episodes := in.episodes
		if in.timeless != nil {
			episodes = append(slices.Clone(episodes), *in.timeless)
		}
		for _, ep := range episodes {
			f := Finding{
				Rule: key.rule, Attack: g.Refs(key.rule), Host: key.host,
				First: ep.first, Last: ep.last, Count: ep.count, Samples: ep.samples,
			}
			if key.host != "" {
				f.Hosts = []string{key.host}
			}
			all = append(all, f)
		}
	}
	slices.SortStableFunc(all, Compare)
	return all
}

// Compare orders findings: the most severe first, then by time, rule and host.
func Compare(a, b Finding) int {
	return cmp.Or(
		b.Rule.Severity()-a.Rule.Severity(),
		a.First.Compare(b.First),
		strings.Compare(a.Rule.Title, b.Rule.Title),
		strings.Compare(a.Rule.ID, b.Rule.ID),
		strings.Compare(a.Rule.File, b.Rule.File),
		a.Rule.Line-b.Rule.Line,
		strings.Compare(a.Host, b.Host),
		a.Last.Compare(b.Last),
	)
}
