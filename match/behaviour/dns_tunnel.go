package behaviour

import (
	"bytes"
	"fmt"
	"hash/maphash"
	"math"
	"math/bits"
	"slices"
	"strings"

	"golang.org/x/net/publicsuffix"

	"aldebaran/english"
)

// dnsTunnel finds data that leaves in the names of DNS queries: a client asks for very many different
// long names below one registered domain, whose server reads the data out of them.
//
// For each client (or host) and registered domain are counted: different names, how long what stands
// before the domain is, how random its characters are, types that carry answers (TXT, NULL, CNAME, MX),
// names that do not exist, labels in Punycode. The domains of services that put data into names for
// sound reasons (reputation of files and addresses, content networks) are a list; below most of them
// nobody can have a server of his own anyway.
//
// Sources: Farnham, "Detecting DNS Tunneling" (SANS, 2013); Born & Gustafson, "Detecting DNS Tunnels
// Using Character Frequency Analysis" (2010); Unit 42, "New Tool Set Found Used Against Organizations in
// the Middle East, Africa and the US" (2023): Agent Racoon, random labels and Punycode; "Operation
// Diplomatic Specter" (2024): TunnelSpecter.
func dnsTunnel() Analytic {
	return Analytic{
		Rule: Rule{
			ID:    "dns-tunnel",
			Title: "Data Carried in the Names of DNS Queries",
			Level: "high",
			Description: "A client asked for many different names below one domain, which are long and random as encoded data are, and are " +
				"asked for once each.",
			Why: "Who may not connect to the internet can still ask for names: the question reaches the server of the domain, and its answer " +
				"comes back. Names that stand for data are different each time, so that no cache answers.",
			Benign: "Anti-virus, mail filters and content networks put fingerprints into names: look who owns the domain and which program " +
				"asks (many computers ask for those). Add such a domain to the list.",
			Next: []string{
				"Find the program that asks: Sysmon event 22 or the DNS client's log on that computer; a resolver asks for others.",
				"Look when the domain was registered, and where its name server stands.",
				"Look for the domain in the logs of all other clients.",
				"Add up the names' lengths: that is how much can have left.",
			},
			Tags: []string{"attack.command-and-control", "attack.exfiltration", "attack.t1071.004", "attack.t1572", "attack.t1048.003"},
			References: []string{
				"https://www.sans.org/white-papers/34152/",
				"https://unit42.paloaltonetworks.com/new-toolset-targets-middle-east-africa-usa/",
			},
		},
		Views: []View{DNS},
		Params: []Param{
			{"names", 60, "names", "fewest different names"},
			{"length", 24, "characters", "mean length of what stands before the domain, from which on it is long"},
			{"types", 40, "percent", "part of TXT, NULL, CNAME, MX, SRV and PRIVATE queries from which on they are many"},
			{"clients", 5, "clients", "clients that ask so from which on it is more likely a product's"},
		},
		Lists: []List{{"domains", namingDomains, "domains that have data in names for sound reasons: not looked at"}},
		New: func(s Settings) (func() State, error) {
			o := &tunnelOptions{
				names: s.Int("names"), length: s.Param("length"), types: s.Int("types"),
				clients: s.Int("clients"), domains: map[string]bool{},
			}
			for _, d := range s.List("domains") {
				o.domains[strings.ToLower(strings.Trim(d, "."))] = true
			}
			return func() State { return o.state() }, nil
		},
	}
}

// namingDomains put data into names for sound reasons.
var namingDomains = []string{
	// the zones of addresses, and what is only inside
	"in-addr.arpa", "ip6.arpa", "arpa", "local", "localdomain", "lan", "home", "internal", "corp",
	// reputation of files, addresses and senders
	"sophosxl.net", "sophosxl.com", "sophos.com", "mcafee.com", "trellix.com", "e5.sk", "eset.com", "avast.com", "avg.com", "trendmicro.com", "kaspersky.com", "kaspersky-labs.com",
	"symantec.com", "norton.com", "webroot.com", "brightcloud.com", "senderbase.org", "ironport.com", "spamhaus.org", "spamhaus.net", "spamcop.net",
	"barracudacentral.org", "barracudabrts.com", "sorbs.net", "surbl.org", "uribl.com", "dnswl.org", "mailspike.net", "mailspike.org", "abuseat.org", "njabl.org", "ahbl.org", "rfc-ignorant.org",
	"senderscore.com", "habeas.com", "isipp.com", "team-cymru.com", "cymru.com", "shadowserver.org", "rspamd.com", "fuzzy.rspamd.com", "pyzor.org", "dcc-servers.net", "razor2.cloudmark.com",
	"cloudmark.com", "mimecast.com", "proofpoint.com", "pphosted.com", "fireeye.com", "crowdstrike.com", "paloaltonetworks.com", "fortiguard.net", "fortinet.com", "opendns.com", "umbrella.com",
	"nessus.org", "clamav.net", "bitdefender.net", "bitdefender.com", "f-secure.com", "fsapi.com", "gdatasoftware.com", "drweb.com", "malwarebytes.com", "zscaler.net", "zscaler.com",
	// content and clouds: names of customers' machines; nobody has a name server below them
	"akamai.net", "akamaiedge.net", "akamaized.net", "akadns.net", "akahost.net", "edgekey.net", "edgesuite.net", "akstat.io", "go-mpulse.net", "cloudfront.net", "amazonaws.com", "awsglobalaccelerator.com",
	"windows.net", "windows.com", "azure.com", "azure.net", "azureedge.net", "azurefd.net", "azurewebsites.net", "trafficmanager.net", "msedge.net", "microsoft.com", "msftncsi.com", "windowsupdate.com",
	"office.com", "office.net", "office365.com", "outlook.com", "live.com", "live.net", "skype.com", "sharepoint.com", "msn.com", "bing.com", "cloudapp.net",
	"google.com", "googleapis.com", "googleusercontent.com", "gstatic.com", "googlevideo.com", "1e100.net", "doubleclick.net", "gvt1.com", "gvt2.com", "googlesyndication.com", "appspot.com", "withgoogle.com",
	"apple.com", "icloud.com", "icloud-content.com", "aaplimg.com", "apple-dns.net", "fastly.net", "fastlylb.net", "cloudflare.com", "cloudflare.net", "cdn77.org", "cdngc.net", "llnwd.net", "footprint.net", "edgecastcdn.net",
	"facebook.com", "fbcdn.net", "whatsapp.net", "netflix.com", "nflxvideo.net", "nflxso.net", "spotify.com", "dropbox.com", "adobe.com", "adobedtm.com", "demdex.net", "omtrdc.net", "2o7.net", "salesforce.com", "force.com",
	"steamcontent.com", "steampowered.com", "slack-edge.com", "zoom.us", "webex.com", "teamviewer.com", "logmein.com", "mozilla.org", "mozilla.com", "mozilla.net", "digicert.com", "letsencrypt.org",
}

// servicePrefixes are labels with an underscore by which services are found (RFC 8552); a tunnel that
// uses another one is none.
var servicePrefixes = []string{"_ldap", "_kerberos", "_kpasswd", "_gc", "_msdcs", "_tcp", "_udp", "_sites", "_dmarc", "_domainkey", "_adsp", "_mta-sts", "_smtp", "_acme-challenge", "_autodiscover", "_sip", "_sipfederationtls", "_vlmcs", "_dns-sd"}

const (
	// maxTunnels is how many pairs of client and domain are told apart at a time. A resolver of a large
	// network sees millions in a day, most of which have a few queries: those with the fewest characters
	// make room for new ones.
	maxTunnels = 20_000
	// maxDomains is how many names' domains are remembered, so that the list of suffixes is not asked
	// for each query.
	maxDomains = 50_000
	// shortestName is the shortest name that is looked at: a label of four characters below a short
	// domain carries nothing.
	shortestName = 18
	// maxDNSName is the longest name (RFC 1035, 2.3.4).
	maxDNSName = 255
)

type tunnelOptions struct {
	names, types, clients int
	length                float64
	domains               map[string]bool
}

// tunnel is what a client asked for below a domain. Most ask for a few names only: the first queries are
// kept as they are, and counted once there are more.
type tunnel struct {
	queries    uint32
	counted    uint32 // where the counts of all queries are, plus 1; 0 as long as all are listed
	characters uint64
	period     periodAt
	// listed are the first few queries in the order of the evidence, told how many.
	listed, told            uint32
	carrying, missing, puny uint32
}

// A tunnelQuery is a query as it was made: its text is that of the type, a space and the name.
type tunnelQuery struct {
	recordAt
	text               uint32
	kind, name, before uint16 // lengths: before is what of the name stands before the domain
}

// The hash of names is FNV-1a, of 64 bits: the same name has the same one in all pieces of the evidence.
const (
	fnvBasis uint64 = 14695981039346656037
	fnvPrime uint64 = 1099511628211
)

// tunnelCounts are of what stands before the domain.
type tunnelCounts struct {
	names   cardinality
	letters [39]uint32 // how often each character came
}

type tunnels struct {
	*tunnelOptions
	asked numbered[tunnel] // by client and domain
	hosts hostIDs
	// registered are domains; parents are what follows the first label of names, by its hash, each with the
	// domain that it belongs to, noNumber for what is not looked at.
	registered texts
	parents    numbered[uint32]
	seed       maphash.Seed
	queries    chains[tunnelQuery]
	said       []byte // the texts of queries
	counts     blocks[tunnelCounts]
	origins    origins
	// forgotten is how many pairs had to make room.
	forgotten int
	name      [maxDNSName]byte
	room      []byte
}

func (o *tunnelOptions) state() *tunnels {
	return &tunnels{
		tunnelOptions: o, hosts: newHostIDs(), seed: maphash.MakeSeed(),
		// While two pieces of evidence are joined there are the pairs of both; so there is always room.
		asked: numbered[tunnel]{max: 2 * maxTunnels}, parents: numbered[uint32]{max: maxDomains}, registered: texts{max: maxDomains},
	}
}

// See counts queries for names of three labels and more.
func (s *tunnels) See(r *Record) {
	query := r.Text(DNSName)
	if len(query) < shortestName || len(query) > maxDNSName {
		return
	}
	s.makeRoom()
	name, marks := lowerName(s.name[:0], query)
	if marks&hasUnderscore != 0 && isService(name) {
		return
	}
	domain := s.domain(name)
	if domain == noNumber {
		return
	}
	var client peer
	client.set(s.client(r))
	if id, ok := s.hosts.of(&client); ok {
		s.see(s.asked.get(twoNumbers{uint64(id), uint64(domain)}), r, s.before(name, domain), query, marks)
	}
}

// What a name has, besides letters and digits, that is looked for in few.
const (
	hasUnderscore = 1 << iota
	hasHyphen
)

// lowerName appends a name in lower case, without the dots that may end it, and tells what it has.
func lowerName(dst, name []byte) (lower []byte, marks int) {
	from := len(dst)
	dst = append(dst, name...)
	for i, c := range dst[from:] {
		switch {
		case c > '_': // small letters, as most are
		case c == '_':
			marks |= hasUnderscore
		case 'A' <= c && c <= 'Z':
			dst[from+i] = c + 'a' - 'A'
		case c == '-':
			marks |= hasHyphen
		}
	}
	for len(dst) > 0 && dst[len(dst)-1] == '.' {
		dst = dst[:len(dst)-1]
	}
	return dst, marks
}

// before is what stands before the domain of a name.
func (s *tunnels) before(name []byte, domain uint32) []byte {
	return name[:len(name)-len(s.registered.text(domain))-1]
}

// client is who asked: the client that a server of names saw, else the computer that wrote the log.
func (s *tunnels) client(r *Record) []byte {
	s.room = append(s.room[:0], r.Event.Computer...)
	if len(s.room) > 0 && r.Text(DNSImage) != nil {
		return s.room
	}
	if c := r.Text(DNSClient); c != nil {
		return c[:min(len(c), maxAddress)]
	}
	return s.room
}

// isService tells whether a name begins as names do by which services are found.
func isService(name []byte) bool {
	at := bytes.IndexByte(name, '_')
	if at < 0 {
		return false
	}
	label, _, _ := bytes.Cut(name[at:], []byte{'.'})
	return slices.Contains(servicePrefixes, string(label))
}

// domain gives the registered domain of a name, noNumber if that is one which is not looked at, or the
// name itself. Names below one name have one registered domain: that is remembered.
func (s *tunnels) domain(name []byte) uint32 {
	_, parent, _ := bytes.Cut(name, []byte{'.'})
	key := twoNumbers{maphash.Bytes(s.seed, parent), uint64(len(parent))}
	if known := s.parents.find(key); known != nil {
		return *known
	}
	domain := noNumber
	if d, err := publicsuffix.EffectiveTLDPlusOne(string(name)); err == nil && len(d) < len(name) && !s.isKnown(d) {
		if n, ok := s.registered.number([]byte(d)); ok {
			domain = n
		}
	}
	if s.parents.list.n >= maxDomains {
		s.parents = numbered[uint32]{max: maxDomains}
	}
	*s.parents.get(key) = domain
	return domain
}

// isKnown tells whether a domain, or one that it is below, is in the list.
func (s *tunnels) isKnown(domain string) bool {
	for {
		if s.domains[domain] {
			return true
		}
		_, above, ok := strings.Cut(domain, ".")
		if !ok {
			return false
		}
		domain = above
	}
}

func (s *tunnels) see(t *tunnel, r *Record, before, query []byte, marks int) {
	t.queries++
	t.characters += uint64(len(before))
	kind := r.Text(DNSType)
	if carries(kind) {
		t.carrying++
	}
	if code := r.Text(DNSCode); string(code) == "NXDOMAIN" || string(code) == "3" || string(code) == "9003" {
		t.missing++
	}
	if marks&hasHyphen != 0 && bytes.Contains(before, []byte("xn--")) {
		t.puny++
	}
	t.period.add(r.Time())
	if t.told < maxRefs {
		kind = kind[:min(len(kind), maxWhat+1)] // more is not shown
		s.list(t, s.origins.keep(r), kind, query, len(before))
		return
	}
	s.countsOf(t).add(before)
}

// list keeps a query; what of a type is longer than people are told is left out.
func (s *tunnels) list(t *tunnel, at recordAt, kind, query []byte, before int) {
	t.told++
	t.listed = s.queries.add(t.listed, tunnelQuery{at, uint32(len(s.said)), uint16(len(kind)), uint16(len(query)), uint16(before)})
	s.said = append(append(append(s.said, kind...), ' '), query...)
}

// text gives the type and the name of a query that was kept.
func (s *tunnels) text(q *tunnelQuery) (kind, name []byte) {
	text := s.said[q.text:]
	return text[:q.kind], text[q.kind+1 : q.kind+1+q.name]
}

// countsOf gives the counts of what a client asked for below a domain, made now of the queries that were
// kept if it was not counted before.
func (s *tunnels) countsOf(t *tunnel) *tunnelCounts {
	if t.counted == 0 {
		s.counts.add(s.listedCounts(t))
		t.counted = uint32(s.counts.n)
	}
	return s.counts.at(t.counted - 1)
}

// listedCounts are the counts of the queries that were kept.
func (s *tunnels) listedCounts(t *tunnel) (c tunnelCounts) {
	for head := t.listed; head != 0; {
		var q *tunnelQuery
		q, head = s.queries.at(head)
		_, name := s.text(q)
		s.room = appendLower(s.room[:0], name[:q.before])
		c.add(s.room)
	}
	return c
}

func (c *tunnelCounts) add(before []byte) {
	hash := fnvBasis
	for _, b := range before {
		hash = (hash ^ uint64(b)) * fnvPrime
		c.letters[letterOf(b)]++
	}
	c.names.add(hash)
}

func (c *tunnelCounts) join(o *tunnelCounts) {
	c.names.join(&o.names)
	for i, n := range o.letters {
		c.letters[i] += n
	}
}

// letterOf puts characters of names into classes: letters and digits by themselves, all others together
// but for the dot and the hyphen.
func letterOf(c byte) int {
	switch {
	case 'a' <= c && c <= 'z':
		return int(c - 'a')
	case '0' <= c && c <= '9':
		return 26 + int(c-'0')
	case c == '-':
		return 36
	case c == '.':
		return 37
	}
	return 38
}

// carries tells whether a type of query has room for data in its answers; by name, or by number as
// Windows writes it.
func carries(kind []byte) bool {
	switch string(kind) {
	case "TXT", "NULL", "CNAME", "MX", "SRV", "PRIVATE", "16", "10", "5", "15", "33", "65399", "TYPE65399":
		return true
	}
	return false
}

// makeRoom forgets, if there is no room for another pair, the half with the fewest characters: a tunnel has
// many. So neither a busy resolver nor a flood of names keeps a later tunnel from being seen.
func (s *tunnels) makeRoom() {
	if s.asked.list.n < maxTunnels {
		return
	}
	characters := make([]uint64, 0, s.asked.list.n)
	for e := range s.asked.list.each() {
		characters = append(characters, e.value.characters)
	}
	slices.Sort(characters)
	median := characters[len(characters)/2]
	kept := s.state()
	if 2*len(s.registered.ends) <= maxDomains { // else they make room, too
		kept.registered, kept.parents, kept.seed = s.registered, s.parents, s.seed
	}
	kept.take(s, func(t *tunnel) bool { return t.characters > median })
	kept.forgotten += s.forgotten + s.asked.list.n - kept.asked.list.n
	*s = *kept
}

// Join adds a later piece of evidence.
func (s *tunnels) Join(later State) {
	o := later.(*tunnels)
	s.forgotten += o.forgotten
	s.take(o, func(*tunnel) bool { return true })
	s.makeRoom()
}

// take adds those pairs of a later piece of evidence that are wanted.
func (s *tunnels) take(o *tunnels, wanted func(*tunnel) bool) {
	origins := s.origins.join(&o.origins)
	for from := range o.asked.list.each() {
		if !wanted(&from.value) {
			continue
		}
		id, ok := s.hosts.take(&o.hosts, hostID(from.key.a))
		domain, also := s.registered.number(o.registered.text(uint32(from.key.b)))
		if !ok || !also {
			s.forgotten++
			continue
		}
		s.join(s.asked.get(twoNumbers{uint64(id), uint64(domain)}), o, &from.value, origins)
	}
}

// join adds what a client asked for below a domain in a later piece of evidence.
func (s *tunnels) join(into *tunnel, o *tunnels, from *tunnel, origins []uint32) {
	if uint64(into.queries)+uint64(from.queries) > maxRefs {
		counts := s.countsOf(into)
		if from.counted != 0 {
			counts.join(o.counts.at(from.counted - 1))
		} else {
			listed := o.listedCounts(from)
			counts.join(&listed)
		}
	}
	into.queries += from.queries
	into.characters += from.characters
	into.carrying += from.carrying
	into.missing += from.missing
	into.puny += from.puny
	into.period.join(from.period)
	for _, q := range o.queries.inOrder(from.listed) {
		if into.told < maxRefs {
			kind, name := o.text(&q)
			q.origin = origins[q.origin]
			s.list(into, q.recordAt, kind, name, int(q.before))
		}
	}
}

// Finish looks at the clients and domains with many different names.
func (s *tunnels) Finish(f *Finishing) {
	if s.forgotten > 0 {
		f.Note("there are more than %s pairs of client and domain: those with the fewest queries were forgotten %s times, so a very slow tunnel may be missed", english.Number(maxTunnels), english.Number(s.forgotten))
	}
	var found []tunnelFound
	clients := map[uint32]int{} // by domain
	for e := range s.asked.list.each() {
		t := tunnelFound{client: hostID(e.key.a), domain: uint32(e.key.b), tunnel: e.value}
		if t.counted != 0 {
			t.tunnelCounts = *s.counts.at(t.counted - 1)
		} else if int(t.queries) >= s.names/2 {
			t.tunnelCounts = s.listedCounts(&t.tunnel)
		}
		if t.names.count() >= s.names/2 {
			clients[t.domain]++
			found = append(found, t)
		}
	}
	for i := range found {
		if t := &found[i]; t.names.count() >= s.names {
			if e, ok := s.episode(t, clients[t.domain]); ok {
				f.Emit(e)
			}
		}
	}
}

// A tunnelFound is a client that asked for many names below a domain.
type tunnelFound struct {
	client hostID
	domain uint32
	tunnel
	tunnelCounts
}

// Thresholds of signs that need no setting.
const (
	// muchEntropy is between that of names that people make (4.2 bits with digits) and of Base32 (5).
	muchEntropy = 4.5
	// manyDigits is between names of machines (some 10 %) and Base32 (19 %) or hexadecimal numbers (62 %).
	manyDigits = 15
	// veryLong is what two labels of data have.
	veryLong = 40
	// muchData is more than fingerprints come to in a day.
	muchData = 50_000
)

func (s *tunnels) signsOf(t *tunnelFound) (signs []string, carriesData bool) {
	sign := func(is bool, format string, args ...any) bool {
		if is {
			signs = append(signs, fmt.Sprintf(format, args...))
		}
		return is
	}
	queries, characters := int(t.queries), int(t.characters)
	mean := float64(characters) / float64(queries)
	letters := make([]int, len(t.letters))
	for i, n := range t.letters {
		letters[i] = int(n)
	}
	random := entropyOf(letters, characters)
	digits := 0
	for _, n := range letters[26:36] {
		digits += n
	}
	long := sign(mean >= s.length, "%.0f characters before the domain in the mean (from %.0f on)", mean, s.length)
	sign(mean >= veryLong, "that is very long (from %d on)", veryLong)
	sign(random >= muchEntropy || percent(digits, characters) >= manyDigits,
		"the characters look random: entropy %.1f bits (from %.1f on), %d%% digits (from %d%% on)", random, muchEntropy, percent(digits, characters), manyDigits)
	carrying, missing, encoded := percent(int(t.carrying), queries), percent(int(t.missing), queries), percent(int(t.puny), queries)
	sign(carrying >= s.types, "%d%% of types that carry answers (from %d%% on)", carrying, s.types)
	sign(missing >= 50, "%d%% of the names do not exist (from 50%% on)", missing)
	puny := sign(encoded >= 20, "%d%% of the names have labels in Punycode (from 20%% on)", encoded)
	sign(characters >= muchData, "%d characters in all (from %d on)", characters, muchData)
	return signs, long || puny
}

func (s *tunnels) episode(t *tunnelFound, clients int) (Episode, bool) {
	client, domain, when := s.hosts.text(t.client), string(s.registered.text(t.domain)), t.period.period()
	names := min(t.names.count(), int(t.queries))
	signs, carriesData := s.signsOf(t)
	// A query and its answer may be two records: so each name may come twice.
	if once := percent(names, int(t.queries)); !carriesData || once < 40 || len(signs) < 2 {
		return Episode{}, false
	}
	e := Episode{
		Level: "medium",
		Summary: fmt.Sprintf("%s asked for about %d different names below %s within %s: %s",
			client, names, domain, duration(when.Length()), strings.Join(signs, "; ")),
		Group: []NamedValue{{"client", client}, {"domain", domain}},
		Facts: []NamedValue{
			{"different names", fmt.Sprintf("about %d (from %d on)", names, s.names)}, {"queries", fmt.Sprint(t.queries)},
			{"characters before the domain", fmt.Sprint(t.characters)}, {"clients that ask so", fmt.Sprint(clients)},
		},
		First: when.First, Last: when.Last, Count: int(t.queries),
	}
	for _, q := range s.queries.inOrder(t.listed) {
		kind, name := s.text(&q)
		e.Refs = append(e.Refs, s.origins.ref(&q.recordAt, string(kind)+" "+string(name)))
	}
	for _, sign := range signs {
		e.Facts = append(e.Facts, NamedValue{"sign", sign})
	}
	if len(signs) >= 3 {
		e.Level = "high"
	}
	if clients >= s.clients {
		e.Level = levelBelow(e.Level)
		e.Caveats = append(e.Caveats, fmt.Sprintf("%d clients ask for such names below this domain (a product's from %d on)", clients, s.clients))
	}
	return e, true
}

// A cardinality estimates how many different texts there were, from their hashes: linear counting
// (Whang and others, 1990) in 2048 bits, within some percent up to 6000.
type cardinality [32]uint64

func (c *cardinality) add(hash uint64) {
	hash ^= hash >> 32
	c[hash/64%uint64(len(c))] |= 1 << (hash % 64)
}

func (c *cardinality) join(o *cardinality) {
	for i := range c {
		c[i] |= o[i]
	}
}

func (c *cardinality) count() int {
	set := 0
	for _, word := range c {
		set += bits.OnesCount64(word)
	}
	size := len(c) * 64
	return int(math.Round(float64(size) * math.Log(float64(size)/float64(max(size-set, 1)))))
}
