package behaviour

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"
)

// mailNewClient finds mailboxes that are read by a program and from a network that were both never seen
// for them before.
//
// Either alone is daily life: people travel, and get new programs. Both at once is a new phone, or
// somebody else with the password, a token or a forged session. A new phone is one mailbox and a mail
// program; so what counts is one new client at several mailboxes within a day, or a program that people
// do not read mail with (scripts, libraries). Programs are told apart without their versions, networks
// by /24 and /48, because both change by themselves.
//
// What is compared is what Microsoft names for finding out which sessions were the intruder's: client
// and address of MailItemsAccessed (learn.microsoft.com, "Use MailItemsAccessed to investigate compromised
// accounts"); CISA's advisory AA23-193A found Storm-0558 by an AppId that was new for the mailboxes.
func mailNewClient() Analytic {
	return Analytic{
		Rule: Rule{
			ID:          "mail-new-client",
			Title:       "Mailboxes Read by a Client Never Seen Before",
			Level:       "high",
			Description: "Mailboxes were read by a program and from a network that neither had been seen for them before: several within a day, or one by a script.",
			Why: "Who has stolen passwords, tokens or keys reads with a program of his own and from a place of his own, and one mailbox after the other. " +
				"A federal agency found the theft of its mail in 2023 by an application that had never read those mailboxes.",
			Benign: "A new service (archive, signatures, room displays), a migration, or a new device of one user: ask who set it up; " +
				"it goes on from then, from the same address.",
			Next: []string{
				"Look up whose the address is, and which sign-ins came from it.",
				"In Microsoft 365 look up the application's id, and who gave it its permissions and when.",
				"List which messages were read, and tell the owners of the mailboxes.",
			},
			Tags: []string{"attack.collection", "attack.initial-access", "attack.t1114.002", "attack.t1078"},
			References: []string{
				"https://learn.microsoft.com/purview/audit-log-investigate-accounts",
				"https://www.cisa.gov/news-events/cybersecurity-advisories/aa23-193a",
			},
		},
		Views: []View{Mailbox},
		Params: []Param{
			{"days", 3, "days", "how long a mailbox must have been read in the evidence before a client is called new for it"},
			{"mailboxes", 3, "mailboxes", "for how many mailboxes one client must be new"},
			{"hours", 24, "hours", "within which time"},
			{"share", 10, "percent", "a program that this share of all mailboxes is read with is no strange one: the level is one step lower"},
		},
		Lists: []List{{"scripts", []string{
			"python", "curl", "wget", "go-http", "java", "okhttp", "ruby", "perl", "libwww", "powershell", "exchangeservicesclient", "node", "axios", "httpclient", "ews",
		}, "beginnings of names of programs that people do not read mail with"}},
		New: func(s Settings) (func() State, error) {
			state := newClientState{
				known: s.Days("days"), within: s.Hours("hours"),
				mailboxes: s.Int("mailboxes"), share: s.Int("share"), scripts: s.List("scripts"),
			}
			return func() State {
				one := state
				one.boxes.max = maxMailboxes
				one.families, one.networks = map[string]string{}, map[string]string{}
				return &one
			}, nil
		},
	}
}

// Bounds of clients.
const (
	maxMailboxes = 50_000  // mailboxes
	maxClients   = 32      // programs, or networks, of a mailbox: one with more is nobody's own
	maxPairs     = 200_000 // programs in networks of all mailboxes, about 80 MB
	maxNames     = 20_000  // programs and addresses whose short form is remembered
	maxProgram   = 200     // bytes of a program's name that are looked at
)

type newClientState struct {
	known, within    time.Duration
	mailboxes, share int
	scripts          []string

	boxes table[boxClients]
	// pairs is how many clients all mailboxes have, full that there was no room for more.
	pairs int
	full  bool
	// families and networks are short forms by what the log says.
	families, networks map[string]string
}

// boxClients are those that read a mailbox.
type boxClients struct {
	first              time.Time
	families, networks []firstSeen
	clients            []boxClient
	// many is set when there are too many to tell what is new.
	many bool
}

type firstSeen struct {
	name  string
	first time.Time
}

// A boxClient is a program in a network.
type boxClient struct {
	family, network string
	Ref
}

// See takes note of who read a mailbox.
func (s *newClientState) See(r *Record) {
	a, at := r.access(), r.Time()
	if at.IsZero() || a.address == nil || a.user == nil && r.Event.Product != "m365" {
		return
	}
	if since := a.recent.since; !since.IsZero() && !at.Before(since) {
		return // the same was seen at that time or earlier
	}
	a.recent.since = at
	name := mailboxOf(a.mailbox)
	if name == nil {
		name = a.user
	}
	if name == nil {
		return
	}
	box := s.boxes.get(name)
	if box == nil || box.many {
		return
	}
	network := s.network(a.address)
	if network == "" {
		return
	}
	family := s.family(a.agent, a.app)
	if box.first.IsZero() || at.Before(box.first) {
		box.first = at
	}
	for i := range box.clients {
		if c := &box.clients[i]; c.family == family && c.network == network && !at.Before(c.Time) {
			return
		}
	}
	s.put(box, boxClient{family, network, r.Ref(fmt.Sprintf("%s read with %s from %s by %s", name,
		orNothing(a.agent, "an unknown program"), a.address, orNothing(a.user, "an unknown account")))})
}

// put takes note of a client of a mailbox, or of an earlier time of one.
func (s *newClientState) put(b *boxClients, c boxClient) {
	at := slices.IndexFunc(b.clients, func(have boxClient) bool { return have.family == c.family && have.network == c.network })
	switch {
	case at >= 0:
		if c.Time.Before(b.clients[at].Time) {
			b.clients[at] = c
		}
	case s.pairs >= maxPairs:
		s.full = true
		return
	default:
		b.clients = append(b.clients, c)
		s.pairs++
	}
	b.families = seenFirst(b.families, c.family, c.Time)
	b.networks = seenFirst(b.networks, c.network, c.Time)
	if len(b.families) > maxClients || len(b.networks) > maxClients {
		s.pairs -= len(b.clients)
		*b = boxClients{first: b.first, many: true}
	}
}

func seenFirst(list []firstSeen, name string, t time.Time) []firstSeen {
	for i := range list {
		if list[i].name == name {
			if t.Before(list[i].first) {
				list[i].first = t
			}
			return list
		}
	}
	return append(list, firstSeen{name, t})
}

// family is the short form of a program.
func (s *newClientState) family(agent, app []byte) string {
	agent = agent[:min(len(agent), maxProgram)]
	if len(app) == 0 {
		if f, ok := s.families[string(agent)]; ok {
			return f
		}
	}
	f := clientFamily(string(agent))
	if len(app) > 0 {
		return strings.TrimSpace(f + " " + string(app[:min(len(app), maxAddress)]))
	}
	if len(s.families) < maxNames {
		s.families[string(agent)] = f
	}
	return f
}

func (s *newClientState) network(address []byte) string {
	if n, ok := s.networks[string(address)]; ok {
		return n
	}
	n := networkOf(string(address))
	if len(s.networks) < maxNames {
		s.networks[string(address)] = n
	}
	return n
}

// clientFamily gives what kind of program it is, without its version: "outlook", "chrome", "python-requests".
func clientFamily(agent string) string {
	agent = strings.ToLower(agent)
	if rest, ok := strings.CutPrefix(agent, "client="); ok { // Microsoft 365: Client=REST;Client=RESTSystem;;
		kind, more, _ := strings.Cut(rest, ";")
		kind, _, _ = strings.Cut(kind, "/")
		if kind != "webservices" && kind != "activesync" {
			return kind
		}
		more = strings.TrimPrefix(more, "user-agent=")
		return strings.TrimSpace(kind + " " + product(more))
	}
	if strings.Contains(agent, "outlook") {
		return "outlook"
	}
	if strings.HasPrefix(agent, "mozilla/") {
		for _, name := range [...]string{"edg", "opr", "firefox", "chrome", "safari", "trident", "msie"} {
			if strings.Contains(agent, name) {
				return name
			}
		}
	}
	return product(agent)
}

// product is a name without its version and what stands behind it.
func product(agent string) string {
	if at := strings.IndexAny(agent, "/ (;,"); at >= 0 {
		agent = agent[:at]
	}
	return strings.TrimRight(agent, ".-0123456789")
}

// networkOf gives the network that an address stands for, "" if it is none.
func networkOf(address string) string {
	if len(address) > maxAddress {
		return ""
	}
	a, err := netip.ParseAddr(strings.Trim(address, "[]"))
	if err != nil {
		p, err := netip.ParseAddrPort(address)
		if err != nil {
			return ""
		}
		a = p.Addr()
	}
	a = a.Unmap().WithZone("")
	bits := 24
	if a.Is6() {
		bits = 48
	}
	n, err := a.Prefix(bits)
	if err != nil {
		return ""
	}
	return n.String()
}

// Join adds a later piece of evidence.
func (s *newClientState) Join(later State) {
	o := later.(*newClientState)
	s.full = s.full || o.full
	s.boxes.full = s.boxes.full || o.boxes.full
	for name, from := range o.boxes.each() {
		into := s.boxes.get([]byte(name))
		if into == nil {
			continue
		}
		if into.first.IsZero() || !from.first.IsZero() && from.first.Before(into.first) {
			into.first = from.first
		}
		if from.many && !into.many {
			s.pairs -= len(into.clients)
			*into = boxClients{first: into.first, many: true}
		}
		for _, c := range from.clients {
			if into.many {
				break
			}
			s.put(into, c)
		}
	}
}

// A new service reads most mailboxes at once; intruders choose.
const (
	mostMailboxes = 50 // percent of all
	manyMailboxes = 20 // of fewer the share says nothing
)

// A newcomer is a client that was new for a mailbox.
type newcomer struct {
	mailbox string
	boxClient
}

// Finish puts together for which mailboxes one client was new.
func (s *newClientState) Finish(f *Finishing) {
	if s.boxes.full {
		f.Note("mailboxes beyond the first %d were not looked at", maxMailboxes)
	}
	if s.full {
		f.Note("clients of mailboxes beyond the first %d were not looked at", maxPairs)
	}
	users := map[string]int{} // mailboxes by program
	var all []newcomer
	for name, box := range s.boxes.each() {
		for _, fam := range box.families {
			users[fam.name]++
		}
		for _, c := range box.clients {
			if c.Time.Sub(box.first) >= s.known && !seenBefore(box.families, c.family, c.Time) && !seenBefore(box.networks, c.network, c.Time) {
				all = append(all, newcomer{name, c})
			}
		}
	}
	slices.SortFunc(all, func(a, b newcomer) int {
		return cmp.Or(strings.Compare(a.family, b.family), strings.Compare(a.network, b.network), compareRefs(a.Ref, b.Ref), strings.Compare(a.mailbox, b.mailbox))
	})
	for from, i := 0, 1; i <= len(all); i++ {
		if i < len(all) && all[i].family == all[from].family && all[i].network == all[from].network && all[i].Time.Sub(all[from].Time) <= s.within {
			continue
		}
		if from < len(all) {
			s.episode(f, all[from:i], users[all[from].family])
		}
		from = i
	}
}

func seenBefore(list []firstSeen, name string, t time.Time) bool {
	return slices.ContainsFunc(list, func(s firstSeen) bool { return s.name == name && s.first.Before(t) })
}

func (s *newClientState) episode(f *Finishing, came []newcomer, users int) {
	first := came[0]
	script := slices.ContainsFunc(s.scripts, func(p string) bool {
		return slices.ContainsFunc(strings.Fields(first.family), func(word string) bool { return strings.HasPrefix(word, p) })
	})
	if len(came) < s.mailboxes && !script {
		return
	}
	e := Episode{Level: f.rule.Level, Group: []NamedValue{{"program", cmp.Or(first.family, "unknown")}, {"network", first.network}}}
	var names []string
	for _, n := range came {
		e.Refs = append(e.Refs, n.Ref)
		names = append(names, n.mailbox)
	}
	e.Summary = fmt.Sprintf("%s from %s read %s that neither had been seen for in %s before: %s", cmp.Or(first.family, "an unknown program"), first.network,
		counted(len(came), "mailbox", "mailboxes"), duration(s.known), Short(strings.Join(names[:min(len(names), 5)], ", "), maxWhat))
	e.Facts = []NamedValue{
		{"mailboxes that it is new for", fmt.Sprintf("%d (high from %d)", len(came), s.mailboxes)},
		{"mailboxes read with this program", fmt.Sprintf("%d of %d", users, len(s.boxes.list))},
		{"a program for scripts", yesNo(script)},
	}
	if len(came) < s.mailboxes {
		e.Level = levelBelow(e.Level)
		e.Caveats = append(e.Caveats, "it is about one or two mailboxes: their owners may have set it up")
	} else if percent(users-len(came), len(s.boxes.list)) >= s.share {
		e.Level = levelBelow(e.Level)
		e.Caveats = append(e.Caveats, "many other mailboxes are read with this program too")
	}
	if len(came) >= manyMailboxes && percent(len(came), len(s.boxes.list)) >= mostMailboxes {
		e.Level = levelBelow(e.Level)
		e.Caveats = append(e.Caveats, "it came to most mailboxes at once: perhaps a new service")
	}
	if short := f.TooShort(Mailbox, 7*24*time.Hour); short != nil {
		e.Level = levelBelow(e.Level)
		e.Caveats = append(e.Caveats, short...)
	}
	f.Emit(e)
}
