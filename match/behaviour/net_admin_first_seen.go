package behaviour

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"aldebaran/english"
	"aldebaran/event"
)

// netAdminFirstSeen finds two hosts between which administration begins (WMI, SMB, RDP, WinRM, SSH, SQL
// Server) that had nothing to do with one another before, though both are in the evidence from its first
// half: the step from the web or mail server to the database.
//
// Administrators work from few hosts, and those have many partners: a source that has is left out. New
// partners of ordinary hosts are common (a new share), so the level is low unless the source is itself a
// server for the web, mail or data, or the target is a database. Roles are read from the evidence: who is
// asked on such ports, and by how many.
//
// Connections show in flows (Zeek, firewalls), Sysmon 3 and Security 5156; RDP also as sign-in of type 10
// (Security 4624), SMB also as opening of ADMIN$ or C$ (5140, 5145).
//
// Sources: MITRE ATT&CK T1021, T1047, analytics CAR-2013-07-002 and CAR-2014-05-001; Unit 42, "Phantom Taurus"
// (2025): a batch run on the database server by WMI.
func netAdminFirstSeen() Analytic {
	return Analytic{
		Rule: Rule{
			ID:          "net-admin-first-seen",
			Title:       "Administration Between Hosts Without a History",
			Level:       "medium",
			Description: "A host used protocols of administration towards another for the first time in the evidence, though both are in it from its first half.",
			Why: "Who administers what hardly changes. A web or mail server that begins to administer a database server does so in the hands " +
				"of somebody who came in through it.",
			Benign: "New jobs, backups and monitoring look alike at their first run: ask whether there was a change at that time, and whether " +
				"the account belongs to it.",
			Next: []string{
				"Find the account: sign-ins (Security 4624, 4648) on both hosts at that time.",
				"Look on the target for programs started by WmiPrvSE.exe, wsmprovhost.exe or services.exe, and for files written.",
				"Look on the source for what happened in the hours before.",
			},
			Tags:       []string{"attack.lateral-movement", "attack.t1021", "attack.t1047"},
			References: []string{"https://car.mitre.org/analytics/CAR-2014-05-001/", "https://unit42.paloaltonetworks.com/phantom-taurus/"},
		},
		Views: []View{Network, Security},
		Params: []Param{
			{"hours", 48, "hours", "shortest period in which first seen means something; in a shorter one only servers are told, one level lower"},
			{"partners", 10, "hosts", "most targets of a source by one protocol: with more it is a host that administers"},
		},
		New: func(s Settings) (func() State, error) {
			o := &adminOptions{period: s.Hours("hours"), partners: s.Int("partners")}
			return func() State {
				return &adminPairs{adminOptions: o, ids: newHostIDs(), pairs: numbered[adminPair]{max: maxAdminPairs}, hosts: numbered[adminHost]{max: maxAdminHosts}}
			}, nil
		},
	}
}

const (
	// maxAdminPairs is how many pairs of hosts with a protocol are told apart.
	maxAdminPairs = 50_000
	// maxAdminHosts is how many hosts are known.
	maxAdminHosts = 50_000
	// fewAskers is the number of clients from which on a host that is asked is a server.
	fewAskers = 2
)

type adminOptions struct {
	period   time.Duration
	partners int
}

// An adminPair is one host and another one that it used a service of.
type adminPair struct {
	count uint64
	first moment
	// listed are the first few records, told how many.
	listed, told uint32
}

// An adminHost is when a host was first seen, and who asks it for the web, mail or data.
type adminHost struct {
	seen      bool
	first     moment
	web, data askers
}

// askers tell whether more than fewAskers different clients ask for something.
type askers struct {
	known [fewAskers]hostID
	n     uint8 // more than fewAskers are many
}

func (a *askers) many() bool { return a.n > fewAskers }

func (a *askers) add(id hostID) {
	if a.many() || slices.Contains(a.known[:a.n], id) {
		return
	}
	if a.n < fewAskers {
		a.known[a.n] = id
	}
	a.n++
}

type adminPairs struct {
	*adminOptions
	ids     hostIDs
	pairs   numbered[adminPair] // by adminKey
	hosts   numbered[adminHost] // by hostID
	records chains[recordAt]
	origins origins
	room    []byte
}

// An adminKey is what a pair is kept by.
type adminKey struct {
	source, target hostID
	service        service
}

func (k adminKey) numbers() twoNumbers {
	return twoNumbers{uint64(k.source) | uint64(k.service)<<portShift, uint64(k.target)}
}

func adminKeyOf(n twoNumbers) adminKey {
	return adminKey{hostID(n.a & (1<<portShift - 1)), hostID(n.b), service(n.a >> portShift)}
}

// See keeps who administers whom, and what hosts are there for.
func (s *adminPairs) See(r *Record) {
	if r.Time().IsZero() {
		return
	}
	if r.View == Security {
		s.seeSecurity(r)
		return
	}
	c := r.connection()
	if !c.known {
		return
	}
	if p := s.connection(&c.source, &c.target, c.port, momentOf(r.Time())); p != nil {
		s.list(p, s.origins.keep(r))
	}
}

// seeFlows does the same for flows.
func (s *adminPairs) seeFlows(f *flows) {
	keys := f.keys[:0]
	for i := range f.list {
		if c := &f.list[i]; usedService(c.port) != noService {
			keys = append(keys, adminKey{hostID(c.source), hostID(c.target), usedService(c.port)}.numbers())
		}
	}
	s.pairs.fetch(keys)
	for i := range f.list {
		c := &f.list[i]
		source, target := peer{plain: true, ip: c.source}, peer{plain: true, ip: c.target}
		if p := s.connection(&source, &target, c.port, c.at.moment()); p != nil {
			s.list(p, c.at.of(s.origins.numberOf(f.from)))
		}
	}
}

// connection counts one, and gives the pair if its record is to be listed.
func (s *adminPairs) connection(source, target *peer, port uint16, at moment) *adminPair {
	s.host(source, at)
	if h := s.host(target, at); h != nil {
		switch port {
		case 80, 443, 25, 587, 143, 993:
			s.asked(&h.web, source)
		case 1433, 1521, 3306, 5432:
			s.asked(&h.data, source)
		}
	}
	return s.pair(source, target, usedService(port), at)
}

// usedService is the service that administrators use on a port, databases included.
func usedService(port uint16) service {
	if port == 1433 {
		return serviceSQL
	}
	return adminService(port)
}

func (s *adminPairs) seeSecurity(r *Record) {
	text := r.Text(SecAddress)
	if text == nil || len(text) > maxAddress || r.Event.Computer == "" {
		return
	}
	used := noService
	switch r.Event.EventID {
	case 4624:
		if string(r.Text(SecLogonType)) == "10" {
			used = serviceRDP
		}
	case 5140, 5145:
		if share := r.Text(SecShare); hasSuffixFold(share, `\admin$`) || hasSuffixFold(share, `\c$`) {
			used = serviceSMB
		}
	}
	s.room = append(s.room[:0], r.Event.Computer...)
	var source, target peer
	source.set(text)
	target.set(s.room)
	at := momentOf(r.Time())
	s.host(&source, at)
	s.host(&target, at)
	if p := s.pair(&source, &target, used, at); p != nil {
		s.list(p, s.origins.keep(r))
	}
}

// host takes note of a host and gives what is known of it, valid until the next call; nil if there is no
// room, and for those outside, which nobody inside administers: they are most of the addresses.
func (s *adminPairs) host(p *peer, at moment) *adminHost {
	if p.isOutside() {
		return nil
	}
	id, ok := s.ids.of(p)
	if !ok {
		return nil
	}
	h := s.hosts.get(hostKey(id))
	if h != nil && (!h.seen || at.before(h.first)) {
		h.seen, h.first = true, at
	}
	return h
}

func hostKey(id hostID) twoNumbers { return twoNumbers{uint64(id), 0} }

// asked takes note of who asks, as long as it matters.
func (s *adminPairs) asked(by *askers, p *peer) {
	if by.many() {
		return
	}
	if id, ok := s.ids.of(p); ok {
		by.add(id)
	}
}

// pair counts, and gives the pair if the record is to be listed; addresses that are the host's own or of the
// internet are left out: who comes from outside is another question.
func (s *adminPairs) pair(source, target *peer, used service, at moment) *adminPair {
	if used == noService || source.isLoopback() || target.isLoopback() || source.isOutside() || target.isOutside() {
		return nil
	}
	from, ok := s.ids.of(source)
	to, also := s.ids.of(target)
	if !ok || !also || from == to {
		return nil
	}
	p := s.pairs.get(adminKey{from, to, used}.numbers())
	if p == nil {
		return nil
	}
	if p.add(1, at); p.told >= maxSamples {
		return nil
	}
	return p
}

// list keeps a record of a pair.
func (s *adminPairs) list(p *adminPair, at recordAt) {
	p.listed = s.records.add(p.listed, at)
	p.told++
}

// add counts records, of which the first was at a time.
func (p *adminPair) add(count uint64, first moment) {
	if p.count == 0 || first.before(p.first) {
		p.first = first
	}
	p.count += count
}

// Join adds a later piece of evidence.
func (s *adminPairs) Join(later State) {
	o := later.(*adminPairs)
	s.pairs.full = s.pairs.full || o.pairs.full
	s.hosts.full = s.hosts.full || o.hosts.full
	here, origins := s.ids.join(&o.ids), s.origins.join(&o.origins)
	for from := range o.hosts.list.each() {
		if id, ok := here(hostID(from.key.a)); ok {
			s.joinHost(id, &from.value, here)
		}
	}
	for from := range o.pairs.list.each() {
		key := adminKeyOf(from.key)
		source, ok := here(key.source)
		target, also := here(key.target)
		if !ok || !also {
			continue
		}
		into := s.pairs.get(adminKey{source, target, key.service}.numbers())
		if into == nil {
			continue
		}
		into.add(from.value.count, from.value.first)
		for _, at := range o.records.inOrder(from.value.listed) {
			if into.told < maxSamples {
				s.list(into, at.of(origins[at.origin]))
			}
		}
	}
}

func (s *adminPairs) joinHost(id hostID, from *adminHost, here func(hostID) (hostID, bool)) {
	into := s.hosts.get(hostKey(id))
	if into == nil {
		return
	}
	if !into.seen || from.first.before(into.first) {
		into.seen, into.first = true, from.first
	}
	into.web.join(&from.web, here)
	into.data.join(&from.data, here)
}

func (a *askers) join(later *askers, here func(hostID) (hostID, bool)) {
	if later.many() {
		a.n = fewAskers + 1
		return
	}
	for _, id := range later.known[:later.n] {
		if id, ok := here(id); ok {
			a.add(id)
		}
	}
}

// Finish looks for pairs that are new, by source and protocol.
func (s *adminPairs) Finish(f *Finishing) {
	if s.pairs.full || s.hosts.full || s.ids.names.full {
		f.Note("there are more than %d hosts, or %d pairs of them: those that came later were not looked at", maxAdminHosts, maxAdminPairs)
	}
	period := f.Period(Network)
	period.Join(f.Period(Security))
	long := period.Length() >= s.period
	half := momentOf(period.First.Add(period.Length() / 2))
	partners := numbered[int]{max: maxAdminPairs} // by source and service
	for p := range s.pairs.list.each() {
		*partners.get(twoNumbers{p.key.a, 0})++
	}
	groups := map[uint64][]adminFound{} // the same
	var order []uint64
	for pair := range s.pairs.list.each() {
		p, by := adminFound{adminKeyOf(pair.key), pair.value}, pair.key.a
		if *partners.find(twoNumbers{by, 0}) > s.partners {
			continue
		}
		fresh := half.before(p.first) && s.knownBefore(p.source, half) && s.knownBefore(p.target, half)
		if long && !fresh || !long && s.role(p.adminKey) == "" {
			continue
		}
		if groups[by] == nil {
			order = append(order, by)
		}
		groups[by] = append(groups[by], p)
	}
	for _, by := range order {
		f.Emit(s.episode(groups[by], period, long))
	}
}

// An adminFound is a pair that is told.
type adminFound struct {
	adminKey
	adminPair
}

func (s *adminPairs) knownBefore(host hostID, at moment) bool {
	h := s.hosts.find(hostKey(host))
	return h != nil && h.first.before(at)
}

// role says what makes a pair matter: what the source or the target is there for; "" if nothing is known.
func (s *adminPairs) role(p adminKey) string {
	source, target := s.hosts.find(hostKey(p.source)), s.hosts.find(hostKey(p.target))
	switch {
	case source != nil && source.web.many():
		return "the source serves the web or mail"
	case source != nil && source.data.many():
		return "the source serves data"
	case target != nil && target.data.many() && p.service != serviceSQL:
		return "the target serves data"
	}
	return ""
}

func (s *adminPairs) episode(pairs []adminFound, period event.Period, long bool) Episode {
	source, used := s.ids.text(pairs[0].source), pairs[0].service.String()
	e := Episode{Level: "low", Group: []NamedValue{{"source", source}, {"protocol", used}}}
	var targets, roles []string
	for _, p := range pairs {
		target := s.ids.text(p.target)
		targets = append(targets, target)
		for _, at := range s.records.inOrder(p.listed) {
			e.Refs = append(e.Refs, s.origins.ref(&at, fmt.Sprintf("%s to %s by %s", source, target, used)))
		}
		e.Count += int(p.count)
		if role := s.role(p.adminKey); role != "" {
			e.Level = "medium"
			roles = appendNew(roles, role)
		}
	}
	slices.Sort(targets)
	if !long {
		e.Level = levelBelow(e.Level)
		e.Caveats = []string{fmt.Sprintf("the evidence covers %s of connections, less than %s: what is first seen in it may be usual", duration(period.Length()), duration(s.period))}
	}
	e.Summary = fmt.Sprintf("%s began to use %s towards %s", source, used, english.List(targets, 3))
	if len(roles) > 0 {
		e.Summary += " (" + strings.Join(roles, ", ") + ")"
	}
	e.Facts = []NamedValue{{"new targets", fmt.Sprint(len(targets))}, {"roles", strings.Join(roles, ", ")}, {"at most partners", fmt.Sprint(s.partners)}}
	return e
}
