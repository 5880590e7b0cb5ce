package behaviour

import (
	"fmt"
	"slices"
	"strings"
	"time"
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
				return &adminPairs{adminOptions: o, pairs: table[adminPair]{max: maxAdminPairs}, hosts: table[adminHost]{max: maxAdminHosts}}
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

type adminPair struct {
	source, target, service string
	count                   int
	span
	refs []Ref // the first few in the order of the evidence
}

// adminHost is when a host was seen, and who asks it for the web, mail or data.
type adminHost struct {
	span
	web, data few
}

type adminPairs struct {
	*adminOptions
	pairs table[adminPair]
	hosts table[adminHost]
	key   []byte
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
	source, target := r.Text(NetSource), r.Text(NetTarget)
	if source == nil || target == nil || len(source) > maxAddress || len(target) > maxAddress {
		return
	}
	if h := s.host(source); h != nil {
		h.add(r.Time())
	}
	port := string(r.Text(NetTargetPort))
	if h := s.host(target); h != nil {
		h.add(r.Time())
		switch port {
		case "80", "443", "25", "587", "143", "993":
			h.web.add(source, fewAskers)
		case "1433", "1521", "3306", "5432":
			h.data.add(source, fewAskers)
		}
	}
	service := adminPort(port)
	if port == "1433" {
		service = "SQL Server"
	}
	if service != "" {
		s.pair(r, source, target, service)
	}
}

func (s *adminPairs) seeSecurity(r *Record) {
	source := r.Text(SecAddress)
	if source == nil || len(source) > maxAddress || r.Event.Computer == "" {
		return
	}
	service := ""
	switch r.Event.EventID {
	case 4624:
		if string(r.Text(SecLogonType)) == "10" {
			service = "RDP"
		}
	case 5140, 5145:
		if share := r.Text(SecShare); hasSuffixFold(share, `\admin$`) || hasSuffixFold(share, `\c$`) {
			service = "SMB"
		}
	}
	for _, host := range [][]byte{source, []byte(r.Event.Computer)} {
		if h := s.host(host); h != nil {
			h.add(r.Time())
		}
	}
	if service != "" {
		s.pair(r, source, []byte(r.Event.Computer), service)
	}
}

// host gives what is known of a host; nil if there is no room, and for those outside, which nobody inside
// administers: they are most of the addresses.
func (s *adminPairs) host(name []byte) *adminHost {
	if ip, ok := plainIPv4(name); ok && isOutsideIPv4(ip) {
		return nil
	}
	return s.hosts.get(name)
}

// pair counts; addresses that are the host's own or of the internet are left out: who comes from
// outside is another question.
func (s *adminPairs) pair(r *Record, source, target []byte, service string) {
	s.key = append(append(append(append(append(s.key[:0], source...), 0), target...), 0), service...)
	p := s.pairs.find(s.key)
	if p == nil {
		if isLoopback(source) || isLoopback(target) || string(source) == string(target) || isOutside(string(source)) || isOutside(string(target)) {
			return
		}
		if p = s.pairs.get(s.key); p == nil {
			return
		}
		p.source, p.target, p.service = string(source), string(target), service
	}
	p.count++
	p.add(r.Time())
	if len(p.refs) < maxSamples {
		p.refs = append(p.refs, r.Ref("")) // what it is follows in the end
	}
}

// Join adds a later piece of evidence.
func (s *adminPairs) Join(later State) {
	l := later.(*adminPairs)
	s.pairs.join(&l.pairs, func(into, from *adminPair) {
		into.count += from.count
		into.span.join(from.span)
		into.refs = append(into.refs, from.refs[:min(len(from.refs), maxSamples-len(into.refs))]...)
	})
	s.hosts.join(&l.hosts, func(into, from *adminHost) {
		into.span.join(from.span)
		into.web.join(&from.web, fewAskers)
		into.data.join(&from.data, fewAskers)
	})
}

// Finish looks for pairs that are new, by source and protocol.
func (s *adminPairs) Finish(f *Finishing) {
	if s.pairs.full || s.hosts.full {
		f.Note("there are more than %d hosts, or %d pairs of them: those that came later were not looked at", maxAdminHosts, maxAdminPairs)
	}
	period := f.Period(Network)
	period.join(f.Period(Security))
	long := period.Length() >= s.period
	half := period.First.Add(period.Length() / 2)
	groups := table[[]*adminPair]{max: maxAdminPairs}
	partners := map[string]int{}
	for _, p := range s.pairs.each() {
		by := p.source + "\x00" + p.service
		partners[by]++
		fresh := p.first.After(half) && s.knownBefore(p.source, half) && s.knownBefore(p.target, half)
		if long && !fresh || !long && s.role(p) == "" {
			continue
		}
		g := groups.get([]byte(by))
		*g = append(*g, p)
	}
	for by, g := range groups.each() {
		if partners[by] <= s.partners {
			f.Emit(s.episode(*g, period, long))
		}
	}
}

func (s *adminPairs) knownBefore(host string, t time.Time) bool {
	h := s.hosts.named(host)
	return h != nil && h.first.Before(t)
}

// role says what makes a pair matter: what the source or the target is there for; "" if nothing is known.
func (s *adminPairs) role(p *adminPair) string {
	source, target := s.hosts.named(p.source), s.hosts.named(p.target)
	switch {
	case source != nil && source.web.many:
		return "the source serves the web or mail"
	case source != nil && source.data.many:
		return "the source serves data"
	case target != nil && target.data.many && p.service != "SQL Server":
		return "the target serves data"
	}
	return ""
}

func (s *adminPairs) episode(pairs []*adminPair, period Period, long bool) Episode {
	first := pairs[0]
	e := Episode{Level: "low", Group: []NamedValue{{"source", first.source}, {"protocol", first.service}}}
	var targets, roles []string
	for _, p := range pairs {
		targets = append(targets, p.target)
		for _, at := range p.refs {
			at.What = Short(fmt.Sprintf("%s to %s by %s", p.source, p.target, p.service), maxWhat)
			e.Refs = append(e.Refs, at)
		}
		e.Count += p.count
		if role := s.role(p); role != "" {
			e.Level = "medium"
			roles = appendNew(roles, role)
		}
	}
	slices.Sort(targets)
	if !long {
		e.Level = levelBelow(e.Level)
		e.Caveats = []string{fmt.Sprintf("the evidence covers %s of connections, less than %s: what is first seen in it may be usual", duration(period.Length()), duration(s.period))}
	}
	e.Summary = fmt.Sprintf("%s began to use %s towards %s", first.source, first.service, several(targets))
	if len(roles) > 0 {
		e.Summary += " (" + strings.Join(roles, ", ") + ")"
	}
	e.Facts = []NamedValue{{"new targets", fmt.Sprint(len(targets))}, {"roles", strings.Join(roles, ", ")}, {"at most partners", fmt.Sprint(s.partners)}}
	return e
}
