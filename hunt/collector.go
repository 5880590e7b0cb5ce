package hunt

import (
	"cmp"
	"context"
	"crypto/rand"
	"fmt"
	"hash/maphash"
	"slices"
	"sync"

	"aldebaran/event"
	"aldebaran/evidence"
	"aldebaran/finding"
	"aldebaran/match"
)

// What the result holds of things that the intruder may have made many of. All of them are counted.
const (
	maxDamage  = 100    // listed for one source
	maxSkipped = 10_000 // files listed that are not read
	maxHosts   = 100    // names of hosts listed for one source
)

// A collector takes the results of the workers in the order of the evidence. It is used by one
// goroutine.
type collector struct {
	opt     Options
	engine  *match.Engine
	outputs []Output
	groups  *finding.Groups
	seed    maphash.Seed
	secret  []byte
	journal *journaling // nil if there is none

	timeline finding.Timeline
	seen     seenSet           // identities of events that matched
	chunks   seenSet           // digests of chunks
	digests  map[uint64]string // of whole sources, to the first path
	skipped  []evidence.Skip
	unlisted int // files that are not read beyond maxSkipped
	sources  []Source
	logs     logs
	watch    evidence.Watch
	skews    evidence.Skews
	summary  Summary
	cur      current
	err      error // of an output; nothing more is handed to any
}

// current is the source whose units are being collected.
type current struct {
	source *Source
	logs   logs
	watch  evidence.Watch
	digest uint64
}

func newCollector(opt Options, engine *match.Engine, outputs []Output) *collector {
	secret := make([]byte, 16)
	_, _ = rand.Read(secret) // never fails (crypto/rand.Read)
	return &collector{
		opt: opt, engine: engine, outputs: outputs, seed: maphash.MakeSeed(), secret: secret,
		groups:  finding.NewGroups(finding.Options{Samples: opt.Samples}),
		digests: map[uint64]string{},
	}
}

// collect reads all files with workers and takes their results in order. There are never more than
// queue results for each worker on the way.
func (c *collector) collect(ctx context.Context, listing evidence.Listing) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()

	n := c.opt.workers()
	var (
		room    = make(chan struct{}, n*queue)
		tasks   = make(chan task, n*queue)
		results = make(chan *result, n*queue)
		pool    = sync.Pool{New: func() any { return new(result) }}
		wg      sync.WaitGroup
	)
	p := &producer{opt: c.opt.read(), journal: c.journal, room: room, tasks: tasks}
	wg.Go(func() { p.run(ctx, listing.Files) })
	for range n {
		wg.Go(func() { newWorker(c.opt, c.engine, c.seed, c.secret).run(ctx, tasks, &pool, results) })
	}
	go func() {
		wg.Wait()
		close(results)
	}()

	waiting := map[int]*result{}
	next := 0
	for r := range results {
		waiting[r.seq] = r
		for {
			r, ok := waiting[next]
			if !ok {
				break
			}
			delete(waiting, next)
			next++
			c.keep(ctx, r)
			c.take(r)
			if c.err != nil {
				cancel()
			}
			pool.Put(r)
			<-room
		}
	}
	c.summary.Partial = ctx.Err() != nil
	if c.err == nil {
		c.err = journalError(p.err)
	}
	if c.journal != nil {
		c.err = cmp.Or(c.err, journalError(c.journal.sync()))
	}
}

// keep hands a result to the journal. Once the context has ended nothing is kept any more: it may have
// been cut short.
func (c *collector) keep(ctx context.Context, r *result) {
	if r.rec == nil || c.err != nil {
		return
	}
	if r.failed != nil {
		c.err = &JournalError{fmt.Errorf("piece %d of %s: %w", r.piece, r.rec.now.Path, r.failed)}
		return
	}
	if ctx.Err() != nil {
		return
	}
	if r.end {
		c.err = journalError(c.journal.end(r))
		return
	}
	c.err = journalError(c.journal.take(r))
}

// take takes in one result.
func (c *collector) take(r *result) {
	if r.end || r.failed != nil {
		if c.cur.source != nil {
			c.end() // there was more of it once
		}
		return
	}
	c.opt.Progress.read(c.progressed(r), r.logs.events(), len(r.hits))
	if r.source == nil {
		c.skip(r.file, r.task.err)
		return
	}
	if c.cur.source == nil {
		c.begin(r)
	}
	s := c.cur.source
	if r.sha256 != "" {
		s.SHA256 = r.sha256
	}
	s.Used += r.report.Bytes
	s.Recovered += r.report.Recovered
	c.damage(r.report.Damage)
	if r.err != nil {
		c.damage([]event.Damage{{
			Path: s.Path, Offset: r.unit.Start, Chunk: -1, What: "file", Want: "to read it", Found: r.err.Error(), Lost: -1,
		}})
	}
	for _, l := range r.logs.stats {
		c.cur.logs.join(l)
	}
	if r.watch != nil {
		c.cur.watch.Join(r.watch)
	}
	c.skews.Join(&r.skews)
	s.Clock = clockOf(s.Clock, r.report.Clock)
	c.summary.FilteredEvents += r.logs.events() - r.kept
	copied := len(r.chunks) > 0
	for _, ch := range r.chunks {
		c.cur.digest = mix(c.cur.digest, ch.digest)
		if c.chunks.add(max(ch.digest, 1)) {
			s.DuplicateEvents += ch.events
		} else {
			copied = false
		}
	}
	for i := range r.matched {
		c.matched(r, &r.matched[i], copied)
	}
	if !copied {
		c.engine.Join(r.seen)
	}
	if r.last {
		c.end()
	}
}

// progressed is the part of the file's size that is done with a result.
func (c *collector) progressed(r *result) int64 {
	if r.file.Packed {
		if r.last {
			return r.file.Part
		}
		return 0
	}
	if r.source == nil || r.none {
		return r.file.Size
	}
	return r.unit.End - r.unit.Start
}

func (c *collector) begin(r *result) {
	c.sources = append(c.sources, Source{Path: r.source.path, Format: r.source.format, Container: r.source.container, Size: r.source.size})
	c.cur = current{source: &c.sources[len(c.sources)-1]}
	c.damage(r.source.damage)
}

func (c *collector) end() {
	s := c.cur.source
	l := &c.cur.logs
	s.Events = l.events()
	hosts := l.names(hostOf)
	if len(hosts) > 0 {
		s.Host = c.mainHost()
	}
	s.Hosts = hosts[:min(len(hosts), maxHosts)]
	s.HostsOmitted = len(hosts) - len(s.Hosts)
	channels := l.names(channelOf)
	s.Channels = channels[:min(len(channels), maxHosts)]
	s.ChannelsOmitted = len(channels) - len(s.Channels)
	period := l.period()
	s.First, s.Last = stamp(period.First), stamp(period.Last)
	for _, stat := range l.stats {
		c.logs.join(stat)
	}
	if s.Events > 0 {
		if first, ok := c.digests[c.cur.digest]; ok {
			s.DuplicateOf = first
		} else if len(c.digests) < maxSeen {
			c.digests[c.cur.digest] = s.Path
		}
	}
	c.cur.watch.Source(s.Clock)
	c.watch.Join(&c.cur.watch)
	c.summary.add(s)
	c.cur = current{}
}

// mainHost is the host that most events of the source are of.
func (c *collector) mainHost() string {
	best, most := "", -1
	counts := map[string]int{}
	for _, l := range c.cur.logs.sorted() {
		counts[l.host] += l.events
	}
	for _, l := range c.cur.logs.sorted() {
		if l.host != "" && counts[l.host] > most {
			best, most = l.host, counts[l.host]
		}
	}
	return best
}

// damage puts places that could not be read down for the current source.
func (c *collector) damage(all []event.Damage) {
	s := c.cur.source
	for _, d := range all {
		s.DamageCount++
		switch {
		case d.Lost > 0:
			s.LostRecords += d.Lost
		case d.Lost < 0:
			s.LostUnknown++
		}
		if len(s.Damage) < maxDamage {
			s.Damage = append(s.Damage, damageOf(d))
		}
	}
}

// skip puts down a file that is not read.
func (c *collector) skip(f evidence.File, err error) {
	s := skipOf(f, err)
	if s.Missing {
		c.summary.Unreadable++
	} else {
		c.summary.OtherFiles++
	}
	if len(c.skipped) < maxSkipped {
		c.skipped = append(c.skipped, s)
		return
	}
	c.unlisted++
}

// matched hands on what matched one event, unless it was seen before: the event itself, or, of a log
// that does not number its events, the whole unit.
func (c *collector) matched(r *result, m *matched, copied bool) {
	hits := r.hits[m.lo:m.hi]
	if m.key != 0 && c.seen.add(m.key) || m.key == 0 && copied {
		for i := range hits {
			if !hits[i].Silent {
				c.summary.DuplicateMatches++
			}
		}
		return
	}
	for i := range hits {
		h := &hits[i]
		if c.err == nil {
			c.err = c.engine.Observe(h, &m.event)
		}
		if h.Silent {
			continue
		}
		found := Match{Match: match.Match{Rule: h.Rule, Event: &m.event, Route: h.Route, Found: h.Found}, Refs: c.groups.Refs(h.Rule)}
		c.cur.source.Matches++
		c.summary.Matches++
		c.summary.MatchesByLevel[h.Rule.Severity()]++
		c.groups.Add(&found.Match)
		c.timeline.Add(&found.Match)
		for _, out := range c.outputs {
			if c.err == nil {
				c.err = outputError(out.Match(&found))
			}
		}
	}
}

// correlate joins what was observed.
func (c *collector) correlate() {
	if c.err != nil {
		return
	}
	err := c.engine.Finish(func(m *match.Correlation) error {
		found := Correlation{Correlation: *m, Refs: c.groups.Refs(m.Rule)}
		c.summary.Correlations++
		c.summary.MatchesByLevel[m.Rule.Severity()]++
		c.groups.AddCorrelation(m)
		for _, out := range c.outputs {
			if err := out.Correlation(&found); err != nil {
				return outputError(err)
			}
		}
		return nil
	})
	if c.err == nil {
		c.err = err
	}
}

// listed joins the files that are not read with what was skipped on the way to them.
func (c *collector) listed(walked []evidence.Skip) []evidence.Skip {
	all := slices.Concat(walked, c.skipped)
	slices.SortStableFunc(all, compareSkips)
	if len(all) > maxSkipped {
		c.unlisted += len(all) - maxSkipped
		all = all[:maxSkipped]
	}
	return all
}
