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
				return &chainState{chainSettings: set, edges: newEdges(), names: table[string]{max: maxAddresses}}
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

type chainState struct {
	*chainSettings
	edges edges
	names table[string] // of addresses; ambiguous if there are several
	// computer and address are what was learnt last: most records of a log tell the same.
	computer, address string
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
				reached(&s.edges, r, r.Text(SecAddress), r.Host(), "opened share "+string(share)+" of")
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
	reached(&s.edges, r, from, r.Host(), "signed in over the network to")
}

// isReachedBy tells whether a port is one of administration, or of databases.
func isReachedBy(port uint16) bool {
	switch port {
	case 22, 135, 139, 445, 1433, 1521, 3306, 3389, 5432, 5985, 5986:
		return true
	}
	return false
}

// connection learns from connections to ports of administration. Sysmon's are those of the host that
// wrote them: of its own if it initiated them, else of the other side.
func (s *chainState) connection(r *Record) {
	c, initiated := r.connection(), r.Text(NetInitiated)
	counts, sysmon := isReachedBy(c.port), r.Event.Computer != "" && initiated != nil
	if !c.known || !counts && !sysmon || c.target.isLoopback() {
		return
	}
	own, other := "", r.Text(NetTargetHost)
	outgoing := isWord(initiated, "true")
	if sysmon {
		own = r.Event.Computer
		address := r.Text(NetSource)
		if !outgoing {
			address = r.Text(NetTarget)
		}
		if s.computer != own || s.address != string(address) {
			s.computer, s.address = own, string(address)
			s.learn(address, own)
		}
		if !counts {
			return
		}
	}
	var from, to hostID
	var ok, also bool
	if sysmon && outgoing {
		from, ok = hostNamed(&s.edges, own)
	} else {
		from, ok = s.hostOf(&c.source)
	}
	switch {
	case sysmon && !outgoing:
		to, also = hostNamed(&s.edges, own)
	case len(other) > 0:
		s.learn(r.Text(NetTarget), string(other))
		to, also = hostNamed(&s.edges, other)
	default:
		to, also = s.hostOf(&c.target)
	}
	if ok && also {
		s.edges.see(r, from, to, how(c.port))
	}
}

// seeFlows learns from connections of which no name of a host is known.
func (s *chainState) seeFlows(f *flows) {
	keys := f.keys[:0]
	for i := range f.list {
		if c := &f.list[i]; c.reaches() {
			keys = append(keys, edgeKey(hostID(c.source), hostID(c.target)))
		}
	}
	if len(keys) == 0 {
		return
	}
	s.edges.kept.fetch(keys)
	origin := s.edges.origins.numberOf(f.from)
	for i := range f.list {
		if c := &f.list[i]; c.reaches() {
			s.edges.add(trace{c.at.of(origin), how(c.port)}, hostID(c.source), hostID(c.target))
		}
	}
}

// reaches tells whether by a flow a host reached another one.
func (c *plainFlow) reaches() bool {
	return isReachedBy(c.port) && c.source != c.target && !isLoopbackIPv4(c.target)
}

// hostOf gives the number of one end of a connection: an address of four numbers is its own short name.
func (s *chainState) hostOf(p *peer) (hostID, bool) {
	if p.plain {
		return hostID(p.ip), true
	}
	return hostNamed(&s.edges, p.text)
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
		reached(&s.edges, r, r.Host(), host, "ran a command that names")
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

func (s *chainState) empty() bool { return s.edges.empty() && s.names.empty() }

// Join adds a later piece of evidence.
func (s *chainState) Join(later State) {
	o := later.(*chainState)
	s.edges.join(&o.edges)
	s.names.join(&o.names, func(into, from *string) { *into = sameName(*into, *from) })
}

// Finish runs the chains over the hits.
func (s *chainState) Finish(f *Finishing) {
	if s.edges.full() || s.names.full {
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
	for e := range s.edges.kept.list.each() {
		short, reached := s.edges.hosts.text(hostID(e.key.a)), s.edges.hosts.text(hostID(e.key.b))
		from, to := s.nameOf(short), s.nameOf(reached)
		if from != to && concerned[from] && concerned[to] {
			m.into[to] = append(m.into[to], &edgeTold{from, to, s.edges.told(&e.value.first, short, reached), s.edges.told(&e.value.last, short, reached)})
		}
	}
	for _, edges := range m.into {
		slices.SortStableFunc(edges, func(a, b *edgeTold) int {
			return cmp.Or(compareRefs(a.first, b.first), strings.Compare(a.from, b.from))
		})
	}
	return m
}
