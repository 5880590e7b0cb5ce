package behaviour

import (
	"bytes"
	"fmt"
	"hash/fnv"
	"math"
	"math/bits"
	"slices"
	"strings"

	"golang.org/x/net/publicsuffix"
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
			return func() State {
				return &tunnels{tunnelOptions: o, asked: table[tunnel]{max: maxTunnels}, domainOf: map[string]string{}}
			}, nil
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
	// maxTunnels is how many pairs of client and domain are told apart: a resolver of a large network
	// sees some hundred thousand domains, but few of them with long names.
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

// tunnel is what a client asked for below a domain.
type tunnel struct {
	queries, characters     int
	names                   cardinality
	letters                 [39]int // how often each character came
	carrying, missing, puny int
	span
	refs []Ref // the first few in the order of the evidence
}

type tunnels struct {
	*tunnelOptions
	asked table[tunnel]
	// domainOf remembers the registered domain of the ends of names; "" is one that is not looked at.
	domainOf map[string]string
	key      []byte
	name     [maxDNSName]byte
}

// See counts queries for names of three labels and more.
func (s *tunnels) See(r *Record) {
	query := r.Text(DNSName)
	if len(query) < shortestName || len(query) > maxDNSName {
		return
	}
	name := bytes.TrimRight(appendLower(s.name[:0], query), ".")
	domain := s.domain(name)
	if domain == "" || len(name) <= len(domain)+1 || isService(name) {
		return
	}
	s.key = append(append(append(s.key[:0], tunnelClient(r)...), 0), domain...)
	if t := s.asked.get(s.key); t != nil {
		t.see(r, name[:len(name)-len(domain)-1], query)
	}
}

// tunnelClient is who asked: the client that a server of names saw, else the computer that wrote the log.
func tunnelClient(r *Record) []byte {
	if r.Event.Computer != "" && r.Text(DNSImage) != nil {
		return []byte(r.Event.Computer)
	}
	if c := r.Text(DNSClient); c != nil {
		return c[:min(len(c), maxAddress)]
	}
	return []byte(r.Event.Computer)
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

// domain gives the registered domain of a name, "" if that is one which is not looked at. Names below
// one name have one registered domain: that is remembered.
func (s *tunnels) domain(name []byte) string {
	_, parent, _ := bytes.Cut(name, []byte{'.'})
	if d, ok := s.domainOf[string(parent)]; ok {
		return d
	}
	d, err := publicsuffix.EffectiveTLDPlusOne(string(name))
	if err != nil || s.isKnown(d) {
		d = ""
	}
	if len(s.domainOf) < maxDomains {
		s.domainOf[string(parent)] = d
	}
	return d
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

func (t *tunnel) see(r *Record, before, query []byte) {
	t.queries++
	t.characters += len(before)
	h := fnv.New64a()
	_, _ = h.Write(before) // never fails
	t.names.add(h.Sum64())
	for _, c := range before {
		t.letters[letterOf(c)]++
	}
	if carries(r.Text(DNSType)) {
		t.carrying++
	}
	if code := r.Text(DNSCode); string(code) == "NXDOMAIN" || string(code) == "3" || string(code) == "9003" {
		t.missing++
	}
	if bytes.Contains(before, []byte("xn--")) {
		t.puny++
	}
	t.add(r.Time())
	if len(t.refs) < maxRefs {
		t.refs = append(t.refs, r.Ref(string(r.Text(DNSType))+" "+string(query)))
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

// Join adds a later piece of evidence.
func (s *tunnels) Join(later State) {
	s.asked.join(&later.(*tunnels).asked, func(into, from *tunnel) {
		into.queries += from.queries
		into.characters += from.characters
		into.carrying += from.carrying
		into.missing += from.missing
		into.puny += from.puny
		into.names.join(&from.names)
		for i, n := range from.letters {
			into.letters[i] += n
		}
		into.span.join(from.span)
		into.refs = append(into.refs, from.refs[:min(len(from.refs), maxRefs-len(into.refs))]...)
	})
}

// Finish looks at the clients and domains with many different names.
func (s *tunnels) Finish(f *Finishing) {
	if s.asked.full {
		f.Note("there are more than %d pairs of client and domain: those that came later were not looked at", maxTunnels)
	}
	clients := map[string]int{}
	for key, t := range s.asked.each() {
		if t.names.count() >= s.names/2 {
			_, domain := cutPage(key)
			clients[domain]++
		}
	}
	for key, t := range s.asked.each() {
		if t.names.count() < s.names {
			continue
		}
		client, domain := cutPage(key)
		if e, ok := s.episode(client, domain, t, clients[domain]); ok {
			f.Emit(e)
		}
	}
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

func (s *tunnels) signsOf(t *tunnel) (signs []string, carriesData bool) {
	sign := func(is bool, format string, args ...any) bool {
		if is {
			signs = append(signs, fmt.Sprintf(format, args...))
		}
		return is
	}
	mean := float64(t.characters) / float64(t.queries)
	random := entropyOf(t.letters[:], t.characters)
	digits := 0
	for _, n := range t.letters[26:36] {
		digits += n
	}
	long := sign(mean >= s.length, "%.0f characters before the domain in the mean (from %.0f on)", mean, s.length)
	sign(mean >= veryLong, "that is very long (from %d on)", veryLong)
	sign(random >= muchEntropy || percent(digits, t.characters) >= manyDigits,
		"the characters look random: entropy %.1f bits (from %.1f on), %d%% digits (from %d%% on)", random, muchEntropy, percent(digits, t.characters), manyDigits)
	sign(percent(t.carrying, t.queries) >= s.types, "%d%% of types that carry answers (from %d%% on)", percent(t.carrying, t.queries), s.types)
	sign(percent(t.missing, t.queries) >= 50, "%d%% of the names do not exist (from 50%% on)", percent(t.missing, t.queries))
	puny := sign(percent(t.puny, t.queries) >= 20, "%d%% of the names have labels in Punycode (from 20%% on)", percent(t.puny, t.queries))
	sign(t.characters >= muchData, "%d characters in all (from %d on)", t.characters, muchData)
	return signs, long || puny
}

func (s *tunnels) episode(client, domain string, t *tunnel, clients int) (Episode, bool) {
	names := min(t.names.count(), t.queries)
	signs, carriesData := s.signsOf(t)
	// A query and its answer may be two records: so each name may come twice.
	if once := percent(names, t.queries); !carriesData || once < 40 || len(signs) < 2 {
		return Episode{}, false
	}
	e := Episode{
		Level: "medium",
		Summary: fmt.Sprintf("%s asked for about %d different names below %s within %s: %s",
			client, names, domain, duration(t.length()), strings.Join(signs, "; ")),
		Group: []NamedValue{{"client", client}, {"domain", domain}},
		Facts: []NamedValue{
			{"different names", fmt.Sprintf("about %d (from %d on)", names, s.names)}, {"queries", fmt.Sprint(t.queries)},
			{"characters before the domain", fmt.Sprint(t.characters)}, {"clients that ask so", fmt.Sprint(clients)},
		},
		First: t.first, Last: t.last, Count: t.queries,
		Refs: t.refs,
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
