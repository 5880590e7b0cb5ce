package behaviour

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"time"

	"aldebaran/english"
)

// netSweep finds a host that tries one port of very many others within a minute or two: it looks for
// what it can reach next.
//
// Counted are different targets by source and port, minute by minute, and two minutes that follow one
// another together. Ports of the web and of names are not counted: browsers and resolvers have as many
// targets.
//
// Sources: MITRE ATT&CK T1046, T1018; nbtscan, Ladon and Yasso as tools of the actors in Unit 42's "Operation
// Diplomatic Specter" (2024).
func netSweep() Analytic {
	return Analytic{
		Rule: Rule{
			ID:          "net-sweep",
			Title:       "One Port Tried on Many Hosts Within Minutes",
			Level:       "medium",
			Description: "A host connected, or tried to, to the same port of many hosts within two minutes.",
			Why:         "Who knows his way does not ask around. Intruders on a server look for what it can reach: file shares, remote desktops, databases.",
			Benign: "Scanners for weak points, monitoring, software distribution and domain controllers do so all the time, from known " +
				"hosts: find out whether this is one, and add it to the list of sources.",
			Next: []string{
				"Find the program and account on the source at that time.",
				"Look which of the targets answered, and for sign-ins on them from this source afterwards.",
				"Look how the source itself was reached before.",
			},
			Tags:       []string{"attack.discovery", "attack.t1046", "attack.t1018"},
			References: []string{"https://attack.mitre.org/techniques/T1046/", "https://unit42.paloaltonetworks.com/operation-diplomatic-specter/"},
		},
		Views:  []View{Network},
		Params: []Param{{"targets", 20, "hosts", "more targets than these within two minutes are a sweep"}},
		Lists: []List{
			{"ports", []string{"21", "22", "23", "88", "111", "135", "137", "139", "389", "445", "512", "513", "514", "636", "1433", "1434", "1521", "2049", "3306", "3389", "5432", "5555", "5900", "5985", "5986", "6379", "7001", "8009", "9200", "11211", "27017"},
				"ports that are counted"},
			{"sources", nil, "addresses that sweep for sound reasons"},
		},
		New: func(s Settings) (func() State, error) {
			ports, err := newPortSet(s.List("ports"))
			o := &sweepOptions{targets: min(s.Int("targets"), maxSweepTargets-1), ports: ports, sources: s.List("sources")}
			return func() State { return o.state() }, err
		},
	}
}

const (
	// maxSweepTargets is how many targets of one source, port and minute are told apart: more do not
	// make it worse.
	maxSweepTargets = 512
	// maxSweepMinutes is how many sources, ports and minutes are told apart at a time: 2000 hosts for an
	// hour. Then those that are over and had few targets make room.
	maxSweepMinutes = 120_000
	// maxSweepTries is how many targets of all of them are kept, 56 bytes each.
	maxSweepTries = 1_000_000
)

type sweepOptions struct {
	targets int
	ports   *portSet
	sources []string
}

// sweepMinute is what one source tried on one port in one minute.
type sweepMinute struct {
	tries, targets uint32
	// listed are the first tries of each target.
	listed uint32
}

// A sweepTry is a connection to a target.
type sweepTry struct {
	target hostID
	recordAt
}

type sweeps struct {
	*sweepOptions
	hosts   hostIDs
	minutes numbered[sweepMinute] // by sweepKey
	tries   chains[sweepTry]
	origins origins
	latest  int64 // the last minute of all
	// full is set once something was left out; stopped once so many minutes had many targets that there is no
	// room for others.
	full, stopped bool
}

func (o *sweepOptions) state() *sweeps {
	// While two pieces of evidence are joined there are the minutes of both.
	return &sweeps{sweepOptions: o, hosts: newHostIDs(), minutes: numbered[sweepMinute]{max: 2 * maxSweepMinutes}, latest: math.MinInt64}
}

// A sweepKey is a source, a port and a minute since 1970.
type sweepKey struct {
	source hostID
	port   uint16
	minute int64
}

// portShift is where a port stands behind a host's number.
const portShift = 48

func (k sweepKey) numbers() twoNumbers {
	return twoNumbers{uint64(k.source) | uint64(k.port)<<portShift, uint64(k.minute)}
}

func sweepKeyOf(n twoNumbers) sweepKey {
	return sweepKey{hostID(n.a & (1<<portShift - 1)), uint16(n.a >> portShift), int64(n.b)}
}

// See counts targets by source, port and minute.
func (s *sweeps) See(r *Record) {
	c := r.connection()
	if !c.known || !s.ports.has(c.port) || r.Time().IsZero() || len(s.sources) > 0 && slices.Contains(s.sources, r.String(NetSource)) {
		return
	}
	if !s.makeRoom() {
		return
	}
	source, ok := s.hosts.of(&c.source)
	target, also := s.hosts.of(&c.target)
	if !ok || !also {
		s.full = true
		return
	}
	if m := s.try(sweepKey{source, c.port, r.Time().Unix() / 60}, target); m != nil {
		s.add(m, sweepTry{target, s.origins.keep(r)})
	}
}

// seeFlows does the same for flows.
func (s *sweeps) seeFlows(f *flows) {
	keys := f.keys[:0]
	for i := range f.list {
		if c := &f.list[i]; s.wants(c) {
			keys = append(keys, s.keyOf(c).numbers())
		}
	}
	if len(keys) == 0 || !s.makeRoom() {
		return
	}
	s.minutes.fetch(keys)
	origin := s.origins.numberOf(f.from)
	for i := range f.list {
		c := &f.list[i]
		if !s.wants(c) {
			continue
		}
		if m := s.try(s.keyOf(c), hostID(c.target)); m != nil {
			s.add(m, sweepTry{hostID(c.target), c.at.of(origin)})
		}
	}
}

func (s *sweeps) wants(c *plainFlow) bool {
	return s.ports.has(c.port) && (len(s.sources) == 0 || !slices.Contains(s.sources, s.hosts.text(hostID(c.source))))
}

func (s *sweeps) keyOf(c *plainFlow) sweepKey {
	return sweepKey{hostID(c.source), c.port, c.at.sec / 60}
}

// try counts a try of a target, and gives the minute of it if the target is to be added.
func (s *sweeps) try(key sweepKey, target hostID) *sweepMinute {
	s.latest = max(s.latest, key.minute)
	m := s.minutes.get(key.numbers())
	if m.tries++; !s.isNew(m, target) {
		return nil
	}
	return m
}

// isNew tells whether a target is to be added.
func (s *sweeps) isNew(m *sweepMinute, target hostID) bool {
	if m.targets >= maxSweepTargets {
		return false
	}
	for head := m.listed; head != 0; {
		var try *sweepTry
		if try, head = s.tries.at(head); try.target == target {
			return false
		}
	}
	return true
}

func (s *sweeps) add(m *sweepMinute, try sweepTry) {
	m.targets++
	m.listed = s.tries.add(m.listed, try)
}

// makeRoom forgets, if there is no room for more, the minutes with few targets; false if there is still none.
// A log is more or less in order of time: the last minutes are kept, since they may go on.
func (s *sweeps) makeRoom() bool {
	if s.stopped || s.minutes.list.n < maxSweepMinutes && s.tries.links.n < maxSweepTries && !s.hosts.isFull() {
		return !s.stopped
	}
	kept := s.state()
	kept.take(s, func(k sweepKey, m *sweepMinute) bool {
		return k.minute >= s.latest-1 || s.isBusy(m) || s.isBusy(s.beside(k, -1)) || s.isBusy(s.beside(k, 1))
	})
	// So that it need not be done again soon, no more than half may be left.
	if 2*kept.minutes.list.n > maxSweepMinutes || 2*kept.tries.links.n > maxSweepTries || 2*len(kept.hosts.names.ends) > maxNamedHosts {
		s.full, s.stopped = true, true
		return false
	}
	kept.full = s.full
	*s = *kept
	return true
}

// isBusy tells whether a minute has more than half of the targets that make a sweep: of two minutes that make
// one together, one has.
func (s *sweeps) isBusy(m *sweepMinute) bool {
	return m != nil && m.targets > 0 && 2*int(m.targets) > s.targets
}

// beside is the minute so many minutes later of the same source and port, nil if there is none.
func (s *sweeps) beside(k sweepKey, minutes int64) *sweepMinute {
	k.minute += minutes
	return s.minutes.find(k.numbers())
}

// Join adds a later piece of evidence.
func (s *sweeps) Join(later State) {
	o := later.(*sweeps)
	s.full, s.stopped = s.full || o.full, s.stopped || o.stopped
	if s.makeRoom() {
		s.take(o, func(sweepKey, *sweepMinute) bool { return true })
	}
}

// take adds those minutes of a later piece of evidence that are wanted.
func (s *sweeps) take(o *sweeps, wanted func(sweepKey, *sweepMinute) bool) {
	s.latest = max(s.latest, o.latest)
	origins := s.origins.join(&o.origins)
	for from := range o.minutes.list.each() {
		key := sweepKeyOf(from.key)
		if !wanted(key, &from.value) {
			continue
		}
		var ok bool
		if key.source, ok = s.hosts.take(&o.hosts, key.source); !ok {
			s.full = true
			continue
		}
		into := s.minutes.get(key.numbers())
		into.tries += from.value.tries
		for _, try := range o.tries.inOrder(from.value.listed) {
			if try.target, ok = s.hosts.take(&o.hosts, try.target); ok && s.isNew(into, try.target) {
				try.origin = origins[try.origin]
				s.add(into, try)
			}
		}
	}
}

// Finish looks for minutes with many targets, and puts those together that follow one another.
func (s *sweeps) Finish(f *Finishing) {
	if s.full {
		f.Note("there are more than %s minutes of sources and ports with many targets, or %s targets in them, or %s names of hosts: what came later was not looked at",
			english.Number(maxSweepMinutes), english.Number(maxSweepTries), english.Number(maxNamedHosts))
	}
	var sweep []*minuteOfSweep // minutes that belong to one sweep
	all := s.busy()
	for i := range all {
		m := &all[i]
		if len(sweep) > 0 && !m.follows(sweep[len(sweep)-1]) {
			f.Emit(s.episode(sweep))
			sweep = nil
		}
		many := len(m.tries) > s.targets
		if !many && i > 0 && m.follows(&all[i-1]) {
			if many = together(m, &all[i-1]) > s.targets; many && len(sweep) == 0 {
				sweep = append(sweep, &all[i-1])
			}
		}
		if many {
			sweep = append(sweep, m)
		} else if len(sweep) > 0 {
			f.Emit(s.episode(sweep))
			sweep = nil
		}
	}
	if len(sweep) > 0 {
		f.Emit(s.episode(sweep))
	}
}

// A minuteOfSweep is a minute that may belong to a sweep, with the first try of each target in order of
// the evidence.
type minuteOfSweep struct {
	sweepKey
	sweepMinute
	tries []sweepTry
}

// busy gives the minutes with more than half of the targets that make a sweep, and those beside them, in
// order: no others matter, and there are few.
func (s *sweeps) busy() []minuteOfSweep {
	var keys []sweepKey
	for m := range s.minutes.list.each() {
		if s.isBusy(&m.value) {
			key := sweepKeyOf(m.key)
			keys = append(keys, key, sweepKey{key.source, key.port, key.minute - 1}, sweepKey{key.source, key.port, key.minute + 1})
		}
	}
	slices.SortFunc(keys, func(a, b sweepKey) int {
		return cmp.Or(cmp.Compare(a.source, b.source), cmp.Compare(a.port, b.port), cmp.Compare(a.minute, b.minute))
	})
	var busy []minuteOfSweep
	for _, key := range slices.Compact(keys) {
		if m := s.minutes.find(key.numbers()); m != nil {
			busy = append(busy, minuteOfSweep{key, *m, s.tries.inOrder(m.listed)})
		}
	}
	return busy
}

func (m *minuteOfSweep) follows(o *minuteOfSweep) bool {
	return m.source == o.source && m.port == o.port && m.minute == o.minute+1
}

// together is how many targets two minutes have.
func together(a, b *minuteOfSweep) int {
	targets := map[hostID]bool{}
	for _, m := range [...]*minuteOfSweep{a, b} {
		for i := range m.tries {
			targets[m.tries[i].target] = true
		}
	}
	return len(targets)
}

func (s *sweeps) episode(minutes []*minuteOfSweep) Episode {
	first := minutes[0]
	source, port := s.hosts.text(first.source), fmt.Sprint(first.port)
	e := Episode{Level: "medium", Group: []NamedValue{{"source", source}, {"port", port}}}
	var targets []string
	for _, m := range minutes {
		e.Count += int(m.sweepMinute.tries)
		for i := range m.tries {
			target := s.hosts.text(m.tries[i].target)
			targets = append(targets, target)
			e.Refs = append(e.Refs, s.origins.ref(&m.tries[i].recordAt, fmt.Sprintf("%s to %s port %s", source, target, port)))
		}
	}
	slices.Sort(targets)
	targets = slices.Compact(targets)
	took := time.Duration(minutes[len(minutes)-1].minute-first.minute+1) * time.Minute
	within := "a minute"
	if took > time.Minute {
		within = duration(took)
	}
	if len(targets) > 5*s.targets {
		e.Level = "high"
	}
	if slices.ContainsFunc(minutes, func(m *minuteOfSweep) bool { return len(m.tries) >= maxSweepTargets }) {
		e.Caveats = append(e.Caveats, fmt.Sprintf("more than %d targets of a minute were not told apart", maxSweepTargets))
	}
	e.Summary = fmt.Sprintf("%s tried port %s of %d hosts within %s", source, port, len(targets), within)
	e.Facts = []NamedValue{{"targets", fmt.Sprintf("%d (more than %d within two minutes)", len(targets), s.targets)}, {"first and last target", targets[0] + ", " + targets[len(targets)-1]}}
	return e
}
