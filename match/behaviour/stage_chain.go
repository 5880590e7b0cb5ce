package behaviour

import (
	"bytes"
	"cmp"
	"slices"
	"strings"
	"time"
)

const stageChainID = "stage-chain"

// stageChain puts matches of rules and episodes of the other analytics into sequences: those that
// packs describe, on one host or from host to host, and one of its own over the tactics of ATT&CK.
//
// A single trace has a harmless cause often enough. That several stages of an intrusion follow each
// other on one host, or on hosts of which one reached the other, has hardly any: two stages are high,
// three critical. From host to host the next stage must be on a host that the one before is known to
// have reached (a sign-in over the network, a connection to a port of administration, an opened
// share, a command that names it); hosts of the same domain without such a trace count one level
// less.
//
// Source: the chains of packs/phantom-taurus/behaviours.yml. The idea of stages:
// Hutchins, Cloppert, Amin: Intelligence-Driven Computer Network Defense (2011).
func stageChain() Analytic {
	return Analytic{
		Rule: Rule{
			ID:    stageChainID,
			Title: "Stages of an Intrusion One After the Other",
			Level: "high",
			Description: "Findings that stand for stages of an intrusion follow each other, on one host or on hosts of which one reached the " +
				"other.",
			Why: "Each of them may have a harmless cause. Together, in this order and this close to each other, they tell one story.",
			Benign: "Tests of an intrusion that were agreed on, and installations of a product that touch many parts of a server: compare the time with " +
				"the calendar of changes.",
			Next: []string{
				"Read the stages in order of time: each names the record that proves it.",
				"Look for the stages that are missing, in the hours between and on the hosts next to these.",
				"Treat the hosts as one incident: what is done on one of them only warns whoever is on the other.",
			},
			Tags:       []string{"attack.execution", "attack.lateral-movement", "attack.collection"},
			References: []string{"https://www.lockheedmartin.com/content/dam/lockheed-martin/rms/documents/cyber/LM-White-Paper-Intel-Driven-Defense.pdf"},
		},
		Views:          []View{Security, Network, Process},
		SecurityEvents: []uint32{4624, 5140, 5145},
		Late:           true,
		Params: []Param{
			{"tactics", 4, "tactics", "tactics of ATT&CK that must be seen on one host by as many rules; 0 leaves this chain out"},
			{"tactics_hours", 24, "hours", "time in which these must be seen"},
			{"office_zone", noZone, "hours east of UTC", "zone in whose office hours stages weigh up to 5 of 100 more; 99 leaves it out"},
		},
		New: func(s Settings) (func() State, error) {
			set := &chainSettings{tactics: s.Int("tactics"), window: s.Hours("tactics_hours"), zone: s.Param("office_zone")}
			for i := range s.Chains {
				c, err := s.Chains[i].prepare()
				if err != nil {
					return nil, err
				}
				set.chains = append(set.chains, c)
			}
			return func() State {
				return &chainState{chainSettings: set, edges: table[edge]{max: maxEdges}, names: table[string]{max: maxAddresses}}
			}, nil
		},
	}
}

const (
	maxEdges     = 50_000 // pairs of hosts of which one reached the other
	maxAddresses = 50_000 // addresses whose host is known
	noZone       = 99
)

type chainSettings struct {
	chains  []preparedChain
	tactics int
	window  time.Duration
	zone    float64
}

// An edge is that one host reached another one.
type edge struct {
	from, to string // short names in lower case, or addresses
	// first and last are the records of it.
	first, last trace
}

// A trace is a record of an edge; texts are made of it only if the edge is told.
type trace struct {
	Ref        // without What
	how string // "signed in over the network to"
}

// told is the record with what it shows.
func (t *trace) told(e *edge) Ref {
	at := t.Ref
	at.What = Short(e.from+" "+t.how+" "+e.to, maxWhat)
	return at
}

type chainState struct {
	*chainSettings
	edges table[edge]
	names table[string] // of addresses; ambiguous if there are several
	// computer and address are what was learnt last: most records of a log tell the same.
	computer, address string
	own, key          []byte
}

// ambiguous is the name of an address that several hosts had.
const ambiguous = "?"

// See learns which host reached which, and the names of addresses.
func (s *chainState) See(r *Record) {
	switch r.View {
	case Security:
		switch r.Event.EventID {
		case 4624:
			s.signIn(r)
		case 5140, 5145:
			if share := lastPart(r.Text(SecShare)); isAdminShare(share) && !hasPrefixFold(share, "ipc$") {
				s.reached(r, way(s.key, r.Text(SecAddress), r.Host()), "opened share "+string(share)+" of")
			}
		}
	case Network:
		s.connection(r)
	case Process:
		s.command(r)
	}
}

// signIn learns from sign-ins over the network: type 3, and 10 over Remote Desktop. Those of
// computers' own accounts are left out: every computer signs in to its domain controllers.
func (s *chainState) signIn(r *Record) {
	if kind := r.Text(SecLogonType); string(kind) != "3" && string(kind) != "10" {
		return
	}
	if isMachine(r.Text(SecTargetUser)) || isAnonymous(r) {
		return
	}
	address, workstation := r.Text(SecAddress), r.Text(SecWorkstation)
	if isLoopback(address) {
		return
	}
	from := address
	if len(workstation) > 0 {
		from = workstation
		s.learn(address, string(workstation))
	}
	s.reached(r, way(s.key, from, r.Host()), "signed in over the network to")
}

// portReached says in words which port of administration, or of databases, was reached; "" is another one.
func portReached(port []byte) string {
	switch string(port) {
	case "22":
		return "connected to port 22 of"
	case "135":
		return "connected to port 135 of"
	case "139":
		return "connected to port 139 of"
	case "445":
		return "connected to port 445 of"
	case "1433":
		return "connected to port 1433 of"
	case "1521":
		return "connected to port 1521 of"
	case "3306":
		return "connected to port 3306 of"
	case "3389":
		return "connected to port 3389 of"
	case "5432":
		return "connected to port 5432 of"
	case "5985":
		return "connected to port 5985 of"
	case "5986":
		return "connected to port 5986 of"
	}
	return ""
}

// connection learns from connections to ports of administration. Sysmon's are those of the host that
// wrote them: of its own if it initiated them, else of the other side.
func (s *chainState) connection(r *Record) {
	how, initiated := portReached(r.Text(NetTargetPort)), r.Text(NetInitiated)
	sysmon := r.Event.Computer != "" && initiated != nil
	if how == "" && !sysmon {
		return
	}
	source, target := r.Text(NetSource), r.Text(NetTarget)
	if len(source) == 0 || len(target) == 0 || isLoopback(target) {
		return
	}
	from, to := source, target
	if sysmon {
		own, address := &from, source
		if !isWord(initiated, "true") {
			own, address = &to, target
		}
		if s.computer != r.Event.Computer || s.address != string(address) {
			s.computer, s.address = r.Event.Computer, string(address)
			s.learn(address, r.Event.Computer)
		}
		if how == "" {
			return
		}
		s.own = append(s.own[:0], r.Event.Computer...)
		*own = s.own
	}
	if name := r.Text(NetTargetHost); len(name) > 0 && bytes.Equal(to, target) {
		to = name
		s.learn(target, string(name))
	}
	s.reached(r, way(s.key, from, to), how)
}

// remoteTools are programs that are told another host in their command.
var remoteTools = [...]string{
	"wmic.exe", "psexec.exe", "psexec64.exe", "net.exe", "net1.exe", "sc.exe", "schtasks.exe", "at.exe", "winrs.exe", "reg.exe", "xcopy.exe", "robocopy.exe",
	"cmd.exe", "powershell.exe", "pwsh.exe", "sqlcmd.exe",
}

// command learns from commands that name another host: \\HOST\share, /node:HOST, -ComputerName HOST.
func (s *chainState) command(r *Record) {
	if !namedOneOf(r.Text(ProcImage), remoteTools[:]) {
		return
	}
	command := r.Text(ProcCommand)
	command = command[:min(len(command), maxRemoteCommand)]
	if !bytes.Contains(command, []byte(`\\`)) && !containsFold(command, "/node:") && !containsFold(command, "-computername ") {
		return
	}
	for _, host := range remoteHosts(string(command)) {
		s.reached(r, way(s.key, r.Host(), host), "ran a command that names")
	}
}

const (
	maxRemoteCommand = 4 << 10
	maxRemoteHosts   = 4 // that one command may name
)

// remoteHosts are the hosts that a command names.
func remoteHosts(command string) (hosts []string) {
	lower := strings.ToLower(command)
	for _, mark := range [...]string{`\\`, "/node:", "-computername "} {
		rest := lower
		for len(hosts) < maxRemoteHosts {
			_, after, ok := strings.Cut(rest, mark)
			if !ok {
				break
			}
			after = strings.TrimLeft(after, `"' `)
			n := strings.IndexFunc(after, func(c rune) bool {
				return (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' && c != '.' && c != '_'
			})
			if n < 0 {
				n = len(after)
			}
			if host := after[:n]; len(host) > 1 && host != "localhost" && !isLoopback([]byte(host)) && !slices.Contains(hosts, host) {
				hosts = append(hosts, host)
			}
			rest = after[n:]
		}
	}
	return hosts
}

// learn keeps the name of an address.
func (s *chainState) learn(address []byte, name string) {
	name = ShortHost(name)
	if len(address) == 0 || name == "" || isAddress(name) {
		return
	}
	have := s.names.get(address)
	if have == nil {
		return
	}
	*have = sameName(*have, name)
}

// sameName joins what two records say about an address.
func sameName(a, b string) string {
	if a == "" || a == b {
		return b
	}
	if b == "" {
		return a
	}
	return ambiguous
}

// way appends what an edge is kept by: the short names of two hosts.
func way[F, T string | []byte](room []byte, from F, to T) []byte {
	return appendShortHost(append(appendShortHost(room[:0], from), 0), to)
}

// reached keeps that one host reached another, by their way.
func (s *chainState) reached(r *Record, way []byte, how string) {
	s.key = way
	e := s.edges.find(way)
	t := r.Time()
	switch {
	case t.IsZero():
	case e == nil:
		from, to, _ := strings.Cut(string(way), "\x00")
		if from == "" || to == "" || from == to {
			return
		}
		if e = s.edges.get(way); e != nil {
			at := trace{r.Ref(""), how}
			*e = edge{from, to, at, at}
		}
	case t.Before(e.first.Time) || t.After(e.last.Time):
		e.add(trace{r.Ref(""), how})
	}
}

// add moves the first or the last record of an edge.
func (e *edge) add(at trace) {
	if compareRefs(at.Ref, e.first.Ref) < 0 {
		e.first = at
	}
	if compareRefs(at.Ref, e.last.Ref) > 0 {
		e.last = at
	}
}

func (s *chainState) empty() bool { return s.edges.empty() && s.names.empty() }

// Join adds a later piece of evidence.
func (s *chainState) Join(later State) {
	o := later.(*chainState)
	s.edges.join(&o.edges, func(into, from *edge) {
		into.add(from.first)
		into.add(from.last)
	})
	s.names.join(&o.names, func(into, from *string) { *into = sameName(*into, *from) })
}

// Finish runs the chains over the hits.
func (s *chainState) Finish(f *Finishing) {
	if s.edges.full || s.names.full {
		f.Note("there are more than %d pairs of hosts of which one reached the other, or as many addresses: chains over the others were not found", maxEdges)
	}
	hits := s.named(f.Hits())
	if n := len(f.Hits()) - len(hits); n > 0 {
		f.Note("not put into sequences, because they do not say their host or time: %d of the matches", n)
	}
	if len(hits) == 0 {
		return
	}
	m := s.hostMap(hits)
	for i := range s.chains {
		s.chain(f, &s.chains[i], hits, m)
	}
	if s.tactics > 0 {
		s.tacticChains(f, hits)
	}
}

// A namedHit is a match with its host's short name.
type namedHit struct {
	*Hit
	host, domain string
}

// named gives the matches of which host and time are known, with the host's name.
func (s *chainState) named(hits []*Hit) []namedHit {
	out := make([]namedHit, 0, len(hits))
	known := map[string]namedHit{} // by the host's name as records have it
	for _, h := range hits {
		if h.Host == "" || h.Time.IsZero() {
			continue
		}
		n, ok := known[h.Host]
		if !ok {
			n.host = s.nameOf(ShortHost(h.Host))
			if !isAddress(h.Host) {
				_, n.domain, _ = strings.Cut(strings.ToLower(h.Host), ".")
			}
			known[h.Host] = n
		}
		n.Hit = h
		out = append(out, n)
	}
	return out
}

// nameOf is the name of the host that had an address, or the address.
func (s *chainState) nameOf(host string) string {
	if name := s.names.named(host); name != nil && *name != ambiguous {
		return *name
	}
	return host
}

// A hostMap says which hosts were reached from where.
type hostMap struct {
	into   map[string][]*edgeTold // by the host reached, in order of the first time
	domain map[string]string      // of hosts whose records tell it
}

// An edgeTold is an edge between hosts that matches are on, by the names that these go by.
type edgeTold struct {
	from, to    string
	first, last Ref
}

func (s *chainState) hostMap(hits []namedHit) *hostMap {
	m := &hostMap{into: map[string][]*edgeTold{}, domain: map[string]string{}}
	concerned := map[string]bool{}
	for _, h := range hits {
		concerned[h.host] = true
		if h.domain != "" && m.domain[h.host] == "" {
			m.domain[h.host] = h.domain
		}
	}
	for _, e := range s.edges.each() {
		from, to := s.nameOf(e.from), s.nameOf(e.to)
		if from != to && concerned[from] && concerned[to] {
			m.into[to] = append(m.into[to], &edgeTold{from, to, e.first.told(e), e.last.told(e)})
		}
	}
	for _, edges := range m.into {
		slices.SortStableFunc(edges, func(a, b *edgeTold) int {
			return cmp.Or(compareRefs(a.first, b.first), strings.Compare(a.from, b.from))
		})
	}
	return m
}
