package behaviour

import (
	"cmp"
	"fmt"
	"slices"
	"time"
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
			return func() State {
				return &sweeps{sweepOptions: o, hosts: newHostIDs(), minutes: numbered[sweepMinute]{max: maxSweepMinutes}}
			}, err
		},
	}
}

const (
	// maxSweepTargets is how many targets of one source, port and minute are told apart: more do not
	// make it worse.
	maxSweepTargets = 512
	// maxSweepMinutes is how many sources, ports and minutes are told apart: 2000 hosts for an hour.
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
	source, ok := s.hosts.of(&c.source)
	target, also := s.hosts.of(&c.target)
	if !ok || !also {
		return
	}
	m := s.minutes.get(sweepKey{source, c.port, r.Time().Unix() / 60}.numbers())
	if m == nil {
		return
	}
	m.tries++
	if s.isNew(m, target) {
		s.add(m, sweepTry{target, s.origins.keep(r)})
	}
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
	if s.tries.links.n >= maxSweepTries {
		s.minutes.full = true
		return
	}
	m.targets++
	m.listed = s.tries.add(m.listed, try)
}

// Join adds a later piece of evidence.
func (s *sweeps) Join(later State) {
	o := later.(*sweeps)
	s.minutes.full = s.minutes.full || o.minutes.full
	here, origins := s.hosts.join(&o.hosts), s.origins.join(&o.origins)
	for from := range o.minutes.list.each() {
		key := sweepKeyOf(from.key)
		var ok bool
		if key.source, ok = here(key.source); !ok {
			continue
		}
		into := s.minutes.get(key.numbers())
		if into == nil {
			continue
		}
		into.tries += from.value.tries
		for _, try := range o.tries.inOrder(from.value.listed) {
			if try.target, ok = here(try.target); ok && s.isNew(into, try.target) {
				try.origin = origins[try.origin]
				s.add(into, try)
			}
		}
	}
}

// Finish looks for minutes with many targets, and puts those together that follow one another.
func (s *sweeps) Finish(f *Finishing) {
	if s.minutes.full || s.hosts.names.full {
		f.Note("there are more than %d minutes of sources and ports, or %d targets in them: those that came later were not looked at", maxSweepMinutes, maxSweepTries)
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
		if m.value.targets > 0 && 2*int(m.value.targets) > s.targets {
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
