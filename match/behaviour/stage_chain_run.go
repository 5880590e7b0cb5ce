package behaviour

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"math/bits"
	"slices"
	"strings"
	"time"
)

// A run is some stages of a chain in order of time, as a list from the last to the first.
type run struct {
	hit    *namedHit
	stage  int
	stages stageSet
	prev   *run
	// via is how the host of prev reached this one; nil on one host.
	via *edgeTold
	// weak is set if hosts are joined that only have their domain in common, high if a stage is of
	// level high or above.
	weak, high bool
}

// A chainSearch looks for runs of one chain. Of runs of the same kind that end on one host, the
// latest is kept: whatever can follow an earlier one can follow that.
type chainSearch struct {
	chain   *preparedChain
	least   int
	hosts   *hostMap
	rules   map[string]stageSet
	runs    map[string]*endings // by host
	domains map[string]*endings
	crowded bool // hosts were reached from more others than are looked at
	// best is the best run over each set of hosts.
	best map[string]*run
}

const (
	maxInbound   = 64            // hosts that are looked at from which one was reached
	edgeSlack    = time.Minute   // clocks of two hosts differ
	edgeBefore   = 2 * time.Hour // how long before a stage the way on may have been opened
	maxRunsTold  = 100           // episodes of one chain
	maxScore     = 100
	officeWeight = 5
)

// chain looks for one chain and emits the best run over each set of hosts.
func (s *chainState) chain(f *Finishing, c *preparedChain, hits []namedHit, m *hostMap) {
	x := &chainSearch{
		chain: c, least: cmp.Or(c.AtLeast, len(c.Stages)), hosts: m, rules: map[string]stageSet{},
		runs: map[string]*endings{}, domains: map[string]*endings{}, best: map[string]*run{},
	}
	for i := range hits {
		x.add(&hits[i])
	}
	if x.crowded {
		f.Note("chain %s: some hosts were reached from more than %d others: the way from the others was not looked at", c.Name, maxInbound)
	}
	told := x.told()
	if len(told) > maxRunsTold {
		f.Note("chain %s: there are more runs than the %d best, which are told", c.Name, maxRunsTold)
		told = told[:maxRunsTold]
	}
	for _, r := range told {
		f.Emit(s.runEpisode(c, r))
	}
}

// stagesOf are the stages that a match can be.
func (x *chainSearch) stagesOf(h *namedHit) stageSet {
	set, known := x.rules[h.Rule]
	if !known {
		set = x.chain.stagesOf(h.Rule, h.Tags)
		x.rules[h.Rule] = set
	}
	return set
}

// add looks which runs a match continues, and begins one with it.
func (x *chainSearch) add(h *namedHit) {
	var made endings
	for set := x.stagesOf(h); set != 0; set &= set - 1 {
		stage := bits.TrailingZeros8(uint8(set))
		made.put(&run{hit: h, stage: stage, stages: 1 << stage, high: h.isHigh()})
		for _, before := range x.runs[h.host].all() {
			x.extend(&made, before, h, stage, nil, false)
		}
		if !x.chain.Across {
			continue
		}
		for i, e := range x.hosts.into[h.host] {
			if i >= maxInbound {
				x.crowded = true
				break
			}
			for _, before := range x.runs[e.from].all() {
				if e.open(before.hit.Time, h.Time) {
					x.extend(&made, before, h, stage, e, false)
				}
			}
		}
		if domain := x.hosts.domain[h.host]; domain != "" {
			for _, before := range x.domains[domain].all() {
				if before.hit.host != h.host {
					x.extend(&made, before, h, stage, nil, true)
				}
			}
		}
	}
	for _, r := range made.all() {
		keepLatest(x.runs, h.host, r)
		if domain := x.hosts.domain[h.host]; domain != "" && x.chain.Across {
			keepLatest(x.domains, domain, r)
		}
		x.consider(r)
	}
}

// endings are runs that end in one place: of each kind the latest.
type endings struct {
	runs []*run
	at   map[runKind]int
}

// A runKind is what runs that end on one host have in common if they only differ in time and records.
type runKind struct {
	stages     stageSet
	weak, high bool
}

func (r *run) kind() runKind { return runKind{r.stages, r.weak, r.high} }

func (e *endings) all() []*run {
	if e == nil {
		return nil
	}
	return e.runs
}

// put puts a run in the place of the one of its kind.
func (e *endings) put(r *run) {
	if i, there := e.at[r.kind()]; there {
		e.runs[i] = r
		return
	}
	if e.at == nil {
		e.at = map[runKind]int{}
	}
	e.at[r.kind()] = len(e.runs)
	e.runs = append(e.runs, r)
}

func keepLatest(in map[string]*endings, place string, r *run) {
	if in[place] == nil {
		in[place] = &endings{}
	}
	in[place].put(r)
}

// open tells whether the way between two hosts was used between two stages.
func (e *edgeTold) open(before, after time.Time) bool {
	return !e.first.Time.After(after.Add(edgeSlack)) && !e.last.Time.Before(before.Add(-edgeBefore))
}

// extend adds the run that a match makes of one before, unless it cannot or there is such a one.
func (x *chainSearch) extend(made *endings, before *run, h *namedHit, stage int, via *edgeTold, weak bool) {
	bit := stageSet(1) << stage
	switch {
	case before.stages&bit != 0,
		!x.chain.AnyOrder && before.stages > bit, // some stage of it comes later in the chain
		h.Time.Sub(before.hit.Time) > x.chain.within,
		before.has(h):
		return
	}
	r := &run{hit: h, stage: stage, stages: before.stages | bit, prev: before, via: via, weak: before.weak || weak, high: before.high || h.isHigh()}
	if _, there := made.at[r.kind()]; !there {
		made.put(r)
	}
}

// has tells whether a run has the rule or the record of a match already: one noisy rule, or one
// record that two rules know, is no two stages.
func (r *run) has(h *namedHit) bool {
	for ; r != nil; r = r.prev {
		o := r.hit
		if o.Rule == h.Rule || o.Source.Path == h.Source.Path && o.Source.Offset == h.Source.Offset && o.RecordID == h.RecordID {
			return true
		}
	}
	return false
}

func (h *namedHit) isHigh() bool { return severity(h.Level) >= highSeverity }

// consider keeps a run if it is the best over its hosts.
func (x *chainSearch) consider(r *run) {
	if bits.OnesCount8(uint8(r.stages)) < x.least {
		return
	}
	key := strings.Join(r.hostNames(), "\x00")
	if have := x.best[key]; have == nil || better(r, have) < 0 {
		x.best[key] = r
	}
}

// better orders runs: more stages, no weak links, more weight; of equals the first found goes first.
func better(a, b *run) int {
	return cmp.Or(
		cmp.Compare(bits.OnesCount8(uint8(b.stages)), bits.OnesCount8(uint8(a.stages))),
		compareBool(a.weak, b.weak),
		cmp.Compare(b.weight(), a.weight()),
	)
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}

// hostNames are the hosts of a run, sorted.
func (r *run) hostNames() []string {
	var names []string
	for ; r != nil; r = r.prev {
		if !slices.Contains(names, r.hit.host) {
			names = append(names, r.hit.host)
		}
	}
	slices.Sort(names)
	return names
}

// weight is the sum of the weights of the stages.
func (r *run) weight() (sum int) {
	for ; r != nil; r = r.prev {
		sum += weightOf(r.hit.Level)
	}
	return sum
}

// weightOf is what a stage adds to the score, by its level.
func weightOf(level string) int { return [...]int{0, 5, 15, 30, 40}[severity(level)] }

// told gives the runs to be told: not those whose hosts and stages a better one has too.
func (x *chainSearch) told() []*run {
	all := make([]*run, 0, len(x.best))
	for _, key := range slices.Sorted(maps.Keys(x.best)) {
		all = append(all, x.best[key])
	}
	slices.SortStableFunc(all, better)
	var told []*run
	for _, r := range all {
		hosts := r.hostNames()
		if !slices.ContainsFunc(told, func(o *run) bool { return o.stages&r.stages == r.stages && containsAll(o.hostNames(), hosts) }) {
			told = append(told, r)
		}
		if len(told) > maxRunsTold {
			break // comparing all with all takes long
		}
	}
	return told
}

func containsAll(of, these []string) bool {
	return !slices.ContainsFunc(these, func(s string) bool { return !slices.Contains(of, s) })
}

// runEpisode says what a run is.
func (s *chainState) runEpisode(c *preparedChain, last *run) Episode {
	var steps []*run
	for r := last; r != nil; r = r.prev {
		steps = append(steps, r)
	}
	slices.Reverse(steps)
	n, telling := len(steps), 0
	e := Episode{}
	var names []string
	for _, r := range steps {
		stage := cmp.Or(c.Stages[r.stage].Name, fmt.Sprintf("stage %d", r.stage+1))
		names = append(names, stage)
		if severity(r.hit.Level) >= mediumSeverity {
			telling++
		}
		if r.via != nil {
			way := r.via.first
			if way.Time.Before(r.prev.hit.Time) && !r.via.last.Time.After(r.hit.Time.Add(edgeSlack)) {
				way = r.via.last
			}
			e.Facts = append(e.Facts, NamedValue{"from " + r.via.from + " to " + r.via.to, way.What})
			way.What = "on the way: " + way.What
			e.Refs = append(e.Refs, way)
		}
		e.Refs = append(e.Refs, stageRef(stage, r.hit))
	}
	hosts := last.hostNames()
	span := last.hit.Time.Sub(steps[0].hit.Time)
	score, office := s.score(steps)
	e.Title = c.Title
	e.Summary = fmt.Sprintf("%s: %d of %d stages on %s within %s: %s", c.Title, n, len(c.Stages), strings.Join(hosts, ", "), duration(span), strings.Join(names, "; "))
	e.Group = []NamedValue{{"chain", c.Name}, {"hosts", strings.Join(hosts, ", ")}}
	e.Facts = append([]NamedValue{
		{"stages", fmt.Sprintf("%d of %d (%d wanted)", n, len(c.Stages), cmp.Or(c.AtLeast, len(c.Stages)))},
		{"score", fmt.Sprintf("%d of %d (a stage of level medium 15, high 30, critical 40)", score, maxScore)},
		{"longest time allowed between stages", duration(c.within)},
	}, e.Facts...)
	e.Facts = append(e.Facts, office...)
	e.Level = runLevel(c, n)
	if last.weak {
		e.Level = levelBelow(e.Level)
		e.Caveats = append(e.Caveats, "some of the hosts have only their domain in common: no record shows that one reached the other")
	}
	if !last.high {
		e.Level = levelBelow(e.Level)
		e.Caveats = append(e.Caveats, "no stage by itself is of level high")
	}
	if telling < 2 {
		e.Level = levelBelow(e.Level)
		e.Caveats = append(e.Caveats, "only one stage by itself is of level medium or above")
	}
	return e
}

func stageRef(stage string, h *namedHit) Ref {
	at := h.Ref
	what := stage + ": " + h.Title
	if h.What != "" {
		what += " (" + h.What + ")"
	}
	at.What = Short(what, maxWhat)
	return at
}

// runLevel is the chain's own level for all of its stages; two stages are high and three critical,
// but no more than that.
func runLevel(c *preparedChain, n int) string {
	if n == len(c.Stages) {
		return c.Level
	}
	level := "high"
	if n >= 3 {
		level = "critical"
	}
	if severity(c.Level) < severity(level) {
		return c.Level
	}
	return level
}

// score adds up the weights of stages, and a little for office hours of the zone that was given.
func (s *chainState) score(steps []*run) (score int, facts []NamedValue) {
	for _, r := range steps {
		score += weightOf(r.hit.Level)
	}
	score = min(score, maxScore-officeWeight)
	if math.Abs(s.zone) > 14 { // no zone is further away
		return score, nil
	}
	in := 0
	for _, r := range steps {
		if isOfficeHour(r.hit.Time, s.zone) {
			in++
		}
	}
	more := officeWeight * in / len(steps)
	return score + more, []NamedValue{{
		fmt.Sprintf("stages in office hours of UTC%+g", s.zone), fmt.Sprintf("%d of %d (adds %d to the score; says little alone)", in, len(steps), more),
	}}
}

// isOfficeHour tells whether a time is from Monday to Friday, 9 to 18 o'clock, in a zone.
func isOfficeHour(t time.Time, zone float64) bool {
	local := t.UTC().Add(time.Duration(zone * float64(time.Hour)))
	return local.Weekday() != time.Saturday && local.Weekday() != time.Sunday && local.Hour() >= 9 && local.Hour() < 18
}
