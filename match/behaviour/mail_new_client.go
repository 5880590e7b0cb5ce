package behaviour

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"aldebaran/english"
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
				one.names.max, one.families.max, one.networks.max, one.texts.max = maxMailboxes, maxPairs, maxPairs, 3*maxPairs
				one.programs = map[string]uint32{}
				return &one
			}, nil
		},
	}
}

// Bounds of clients.
const (
	maxMailboxes = 50_000  // mailboxes
	maxClients   = 32      // programs, or networks, of a mailbox: one with more is nobody's own
	maxPairs     = 200_000 // programs in networks of all mailboxes, about 50 MB
	maxNames     = 20_000  // programs whose short form is remembered
	maxProgram   = 200     // bytes of a program's name that are looked at
	maxMailbox   = 512     // bytes of a mailbox's name that are looked at
)

// newClientState has no pointers where it is large. Texts go by their numbers, short forms of programs and
// networks too.
type newClientState struct {
	known, within    time.Duration
	mailboxes, share int
	scripts          []string

	names   texts // of mailboxes
	boxes   blocks[boxClients]
	clients chains[boxClient]
	// pairs is how many clients all mailboxes have, full that there was no room for more.
	pairs                     int
	full                      bool
	families, networks, texts texts
	origins                   origins
	// programs are the numbers of short forms by what the log says.
	programs map[string]uint32
	key      []byte
}

// boxClients are those that read a mailbox.
type boxClients struct {
	first moment
	seen  bool // first is set
	// clients is the head of their list, length how many it has; families and networks are how many different ones it has.
	clients, length    uint32
	families, networks uint8
	// many is set when there are too many to tell what is new.
	many bool
}

// A boxClient is a program in a network, and the first record of it.
type boxClient struct {
	family, network uint32
	// agent, address and user are texts, as the log has them.
	agent, address, user uint32
	recordAt
}

// See takes note of who read a mailbox.
func (s *newClientState) See(r *Record) {
	a, at := r.access(), r.Time()
	if at.IsZero() || a.address == nil || a.user == nil && r.Event.Product != "m365" {
		return
	}
	if a.box.knows(a.visit, at) {
		return
	}
	a.box.learn(a.visit, at)
	if a.box.number == 0 {
		name := mailboxOf(a.mailbox)
		if name == nil {
			name = a.user
		}
		if name == nil {
			return
		}
		n := s.box(name[:min(len(name), maxMailbox)])
		if n == noNumber {
			return
		}
		a.box.number = n + 1
	}
	box := s.boxes.at(a.box.number - 1)
	if box.many {
		return
	}
	network := s.network(a.address)
	if network == noNumber {
		return
	}
	family := s.family(a.agent, a.app)
	box.add(momentOf(at))
	if family == noNumber {
		return
	}
	have := s.find(box, family, network)
	if have.client != nil && !momentOf(at).before(have.client.moment()) {
		return
	}
	c := boxClient{family: family, network: network, agent: s.text(a.agent), address: s.text(a.address), user: s.text(a.user)}
	if c.agent == noNumber || c.address == noNumber || c.user == noNumber {
		return
	}
	c.recordAt = s.origins.keep(r)
	s.put(box, have, c)
}

// box gives the number of a mailbox, noNumber if there is no room.
func (s *newClientState) box(name []byte) uint32 {
	n, ok := s.names.number(name)
	if !ok {
		return noNumber
	}
	if int(n) == s.boxes.n {
		s.boxes.add(boxClients{})
	}
	return n
}

// add notes that it was read.
func (b *boxClients) add(at moment) {
	if !b.seen || at.before(b.first) {
		b.first, b.seen = at, true
	}
}

// text gives the number of a text that is only shown, noNumber if there is no room for it.
func (s *newClientState) text(text []byte) uint32 {
	return s.number(&s.texts, text[:min(len(text), maxWhat)])
}

func (s *newClientState) number(in *texts, text []byte) uint32 {
	n, ok := in.number(text)
	if !ok {
		s.full = true
		return noNumber
	}
	return n
}

// A knownClient is what is known of a program in a network at a mailbox.
type knownClient struct {
	client           *boxClient // nil if it is new
	program, network bool       // there is a client with that one
}

func (s *newClientState) find(b *boxClients, family, network uint32) (known knownClient) {
	for head := b.clients; head != 0; {
		var c *boxClient
		c, head = s.clients.at(head)
		program, network := c.family == family, c.network == network
		if program && network {
			return knownClient{c, true, true}
		}
		known.program, known.network = known.program || program, known.network || network
	}
	return known
}

// put takes note of a client of a mailbox, or of an earlier time of one.
func (s *newClientState) put(b *boxClients, have knownClient, c boxClient) {
	if have.client != nil {
		*have.client = c
		return
	}
	if s.pairs >= maxPairs {
		s.full = true
		return
	}
	if !have.program {
		b.families++
	}
	if !have.network {
		b.networks++
	}
	s.pairs++
	b.length++
	if b.families > maxClients || b.networks > maxClients {
		s.tooMany(b)
		return
	}
	b.clients = s.clients.add(b.clients, c)
}

// tooMany forgets the clients of a mailbox.
func (s *newClientState) tooMany(b *boxClients) {
	s.pairs -= int(b.length)
	*b = boxClients{first: b.first, seen: b.seen, many: true}
}

// family is the number of the short form of a program, noNumber if there is no room for it.
func (s *newClientState) family(agent, app []byte) uint32 {
	agent, app = agent[:min(len(agent), maxProgram)], app[:min(len(app), maxAddress)]
	s.key = append(append(append(s.key[:0], agent...), 0), app...)
	if n, ok := s.programs[string(s.key)]; ok {
		return n
	}
	f := clientFamily(string(agent))
	if len(app) > 0 {
		f = strings.TrimSpace(f + " " + string(app))
	}
	n := s.number(&s.families, []byte(f))
	if len(s.programs) < maxNames && n != noNumber {
		s.programs[string(s.key)] = n
	}
	return n
}

// network is the number of the network of an address, noNumber if it is none or there is no room for it.
func (s *newClientState) network(address []byte) uint32 {
	if s.key = appendNetwork(s.key[:0], address); len(s.key) == 0 {
		return noNumber
	}
	return s.number(&s.networks, s.key)
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

// Networks are told apart by /24 and /48, and kept as the bytes that addresses in them begin with.
const (
	network4 = 24
	network6 = 48
)

// appendNetwork appends the network of an address, nothing if it is none.
func appendNetwork(dst, address []byte) []byte {
	if ip, ok := plainIPv4(address); ok {
		return append(dst, byte(ip>>24), byte(ip>>16), byte(ip>>8))
	}
	if len(address) > maxAddress {
		return dst
	}
	text := string(address)
	a, err := netip.ParseAddr(strings.Trim(text, "[]"))
	if err != nil {
		p, err := netip.ParseAddrPort(text)
		if err != nil {
			return dst
		}
		a = p.Addr()
	}
	a = a.Unmap()
	if a.Is6() {
		return append(dst, a.AsSlice()[:network6/8]...)
	}
	return append(dst, a.AsSlice()[:network4/8]...)
}

// networkText is what people call a network that appendNetwork gave: "192.0.2.0/24".
func networkText(network []byte) string {
	if len(network) == network4/8 {
		return netip.PrefixFrom(netip.AddrFrom4([4]byte(append(slices.Clone(network), 0))), network4).String()
	}
	var address [16]byte
	copy(address[:], network)
	return netip.PrefixFrom(netip.AddrFrom16(address), network6).String()
}

// Join adds a later piece of evidence.
func (s *newClientState) Join(later State) {
	o := later.(*newClientState)
	s.full, s.names.full = s.full || o.full, s.names.full || o.names.full
	families, networks, shown, origins := s.families.join(&o.families), s.networks.join(&o.networks), s.texts.join(&o.texts), s.origins.join(&o.origins)
	for n := range o.boxes.n {
		number := s.box(o.names.text(uint32(n)))
		if number == noNumber {
			continue
		}
		from, into := o.boxes.at(uint32(n)), s.boxes.at(number)
		if from.seen {
			into.add(from.first)
		}
		if from.many && !into.many {
			s.tooMany(into)
		}
		for _, c := range o.clients.inOrder(from.clients) {
			if into.many {
				break
			}
			c.family, c.network, c.origin = families[c.family], networks[c.network], origins[c.origin]
			c.agent, c.address, c.user = shown[c.agent], shown[c.address], shown[c.user]
			if slices.Contains([]uint32{c.family, c.network, c.agent, c.address, c.user}, noNumber) {
				s.full = true
				continue
			}
			if have := s.find(into, c.family, c.network); have.client == nil || c.moment().before(have.client.moment()) {
				s.put(into, have, c)
			}
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
	mailbox, family, network string
	Ref
}

// Finish puts together for which mailboxes one client was new.
func (s *newClientState) Finish(f *Finishing) {
	if s.names.full {
		f.Note("mailboxes beyond the first %d were not looked at", maxMailboxes)
	}
	if s.full {
		f.Note("clients of mailboxes beyond the first %d were not looked at", maxPairs)
	}
	users := map[string]int{} // mailboxes by program
	var all []newcomer
	for n := range s.boxes.n {
		box := s.boxes.at(uint32(n))
		clients := s.clients.inOrder(box.clients)
		for i := range clients {
			c := &clients[i]
			if !slices.ContainsFunc(clients[:i], func(o boxClient) bool { return o.family == c.family }) {
				users[string(s.families.text(c.family))]++
			}
			if s.isNew(box, c, clients) {
				all = append(all, s.newcomer(uint32(n), c))
			}
		}
	}
	slices.SortFunc(all, func(a, b newcomer) int {
		return cmp.Or(strings.Compare(a.family, b.family), strings.Compare(a.network, b.network), compareRefs(a.Ref, b.Ref), strings.Compare(a.mailbox, b.mailbox))
	})
	for came := range runsOf(all, func(first, _, next *newcomer) bool {
		return next.family == first.family && next.network == first.network && next.Time.Sub(first.Time) <= s.within
	}) {
		s.episode(f, came, users[came[0].family])
	}
}

// isNew tells whether neither the program nor the network of a client had been seen for a mailbox.
func (s *newClientState) isNew(box *boxClients, c *boxClient, clients []boxClient) bool {
	at := c.moment()
	return at.time().Sub(box.first.time()) >= s.known && !slices.ContainsFunc(clients, func(o boxClient) bool {
		return (o.family == c.family || o.network == c.network) && o.moment().before(at)
	})
}

func (s *newClientState) newcomer(box uint32, c *boxClient) newcomer {
	name := string(s.names.text(box))
	return newcomer{
		name, string(s.families.text(c.family)), networkText(s.networks.text(c.network)),
		s.origins.ref(&c.recordAt, fmt.Sprintf("%s read with %s from %s by %s", name,
			orNothing(s.texts.text(c.agent), "an unknown program"), s.texts.text(c.address), orNothing(s.texts.text(c.user), "an unknown account"))),
	}
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
		english.CountOf(len(came), "mailbox", "mailboxes"), duration(s.known), Short(strings.Join(names[:min(len(names), 5)], ", "), maxWhat))
	e.Facts = []NamedValue{
		{"mailboxes that it is new for", fmt.Sprintf("%d (high from %d)", len(came), s.mailboxes)},
		{"mailboxes read with this program", fmt.Sprintf("%d of %d", users, s.boxes.n)},
		{"a program for scripts", yesNo(script)},
	}
	if len(came) < s.mailboxes {
		e.Level = levelBelow(e.Level)
		e.Caveats = append(e.Caveats, "it is about one or two mailboxes: their owners may have set it up")
	} else if percent(users-len(came), s.boxes.n) >= s.share {
		e.Level = levelBelow(e.Level)
		e.Caveats = append(e.Caveats, "many other mailboxes are read with this program too")
	}
	if len(came) >= manyMailboxes && percent(len(came), s.boxes.n) >= mostMailboxes {
		e.Level = levelBelow(e.Level)
		e.Caveats = append(e.Caveats, "it came to most mailboxes at once: perhaps a new service")
	}
	if short := f.TooShort(Mailbox, 7*24*time.Hour); short != nil {
		e.Level = levelBelow(e.Level)
		e.Caveats = append(e.Caveats, short...)
	}
	f.Emit(e)
}
