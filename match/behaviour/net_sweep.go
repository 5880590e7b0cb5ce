package behaviour

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
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
			o := &sweepOptions{targets: min(s.Int("targets"), maxSweepTargets-1), ports: s.List("ports"), sources: s.List("sources")}
			return func() State { return &sweeps{sweepOptions: o, minutes: table[sweepMinute]{max: maxSweepMinutes}} }, nil
		},
	}
}

const (
	// maxSweepTargets is how many targets of one source, port and minute are told apart: more do not
	// make it worse.
	maxSweepTargets = 512
	// maxSweepMinutes is how many sources, ports and minutes are told apart: 2000 hosts for an hour.
	maxSweepMinutes = 120_000
)

type sweepOptions struct {
	targets        int
	ports, sources []string
}

// sweepMinute is what one source tried on one port in one minute.
type sweepMinute struct {
	source, port string
	minute       int64 // since 1970
	targets      []string
	tries        int
	samples      sampler[sweepTry]
}

// A sweepTry is a connection to a target; texts are made of it only if it is listed.
type sweepTry struct {
	at     Ref // without What
	target string
}

type sweeps struct {
	*sweepOptions
	minutes table[sweepMinute]
	key     []byte
}

// See counts targets by source, port and minute.
func (s *sweeps) See(r *Record) {
	port := r.Text(NetTargetPort)
	if len(port) == 0 || r.Time().IsZero() || !slices.Contains(s.ports, string(port)) {
		return
	}
	source, target := r.Text(NetSource), r.Text(NetTarget)
	if source == nil || target == nil || len(source) > maxAddress || len(target) > maxAddress || slices.Contains(s.sources, string(source)) {
		return
	}
	minute := r.Time().Unix() / 60
	s.key = append(append(append(s.key[:0], source...), 0), port...)
	for shift := 0; shift < 64; shift += 8 {
		s.key = append(s.key, byte(minute>>shift))
	}
	m := s.minutes.get(s.key)
	if m == nil {
		return
	}
	if m.tries == 0 {
		m.source, m.port, m.minute = string(source), string(port), minute
	}
	m.tries++
	if kept := m.addTarget(target); kept != "" {
		e := r.Event
		m.samples.add(sweepTry{Ref{Time: e.Time, Source: e.Source, Host: e.Computer, Channel: e.Channel, EventID: e.EventID, RecordID: e.RecordID}, kept})
	}
}

// addTarget keeps the targets sorted; it gives the one that is kept, "" if it is known or there are too many.
func (m *sweepMinute) addTarget(target []byte) string {
	at, known := slices.BinarySearchFunc(m.targets, target, func(have string, t []byte) int { return strings.Compare(have, string(t)) })
	if known || len(m.targets) >= maxSweepTargets {
		return ""
	}
	m.targets = slices.Insert(m.targets, at, string(target))
	return m.targets[at]
}

// Join adds a later piece of evidence.
func (s *sweeps) Join(later State) {
	s.minutes.join(&later.(*sweeps).minutes, func(into, from *sweepMinute) {
		into.tries += from.tries
		for _, t := range from.targets {
			into.addTarget([]byte(t))
		}
		into.samples.join(&from.samples)
	})
}

// Finish looks for minutes with many targets, and puts those together that follow one another.
func (s *sweeps) Finish(f *Finishing) {
	if s.minutes.full {
		f.Note("there are more than %d minutes of sources and ports: those that came later were not looked at", maxSweepMinutes)
	}
	var all []*sweepMinute
	for _, m := range s.minutes.each() {
		all = append(all, m)
	}
	slices.SortFunc(all, func(a, b *sweepMinute) int {
		return cmp.Or(strings.Compare(a.source, b.source), strings.Compare(a.port, b.port), cmp.Compare(a.minute, b.minute))
	})
	var sweep []*sweepMinute // minutes that belong to one sweep
	for i, m := range all {
		if len(sweep) > 0 && !m.follows(sweep[len(sweep)-1]) {
			f.Emit(s.episode(sweep))
			sweep = nil
		}
		many := len(m.targets) > s.targets
		if !many && i > 0 && m.follows(all[i-1]) {
			if many = together(m, all[i-1]) > s.targets; many && len(sweep) == 0 {
				sweep = append(sweep, all[i-1])
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

func (m *sweepMinute) follows(o *sweepMinute) bool {
	return m.source == o.source && m.port == o.port && m.minute == o.minute+1
}

// together is how many targets two minutes have.
func together(a, b *sweepMinute) int {
	n := len(a.targets)
	for _, t := range b.targets {
		if _, known := slices.BinarySearch(a.targets, t); !known {
			n++
		}
	}
	return n
}

func (s *sweeps) episode(minutes []*sweepMinute) Episode {
	first := minutes[0]
	e := Episode{Level: "medium", Group: []NamedValue{{"source", first.source}, {"port", first.port}}}
	var targets []string
	for _, m := range minutes {
		targets = append(targets, m.targets...)
		e.Count += m.tries
		for _, try := range m.samples.all() {
			try.at.What = fmt.Sprintf("%s to %s port %s", m.source, try.target, m.port)
			e.Refs = append(e.Refs, try.at)
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
	if slices.ContainsFunc(minutes, func(m *sweepMinute) bool { return len(m.targets) >= maxSweepTargets }) {
		e.Caveats = append(e.Caveats, fmt.Sprintf("more than %d targets of a minute were not told apart", maxSweepTargets))
	}
	e.Summary = fmt.Sprintf("%s tried port %s of %d hosts within %s", first.source, first.port, len(targets), within)
	e.Facts = []NamedValue{{"targets", fmt.Sprintf("%d (more than %d within two minutes)", len(targets), s.targets)}, {"first and last target", targets[0] + ", " + targets[len(targets)-1]}}
	return e
}
