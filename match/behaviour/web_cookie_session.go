package behaviour

import (
	"bytes"
	"fmt"
	"hash/fnv"
	"maps"
	"math"
	"math/bits"
	"slices"
	"strings"

	"aldebaran/english"
	"aldebaran/event"
)

// webCookieSession finds a session that is carried in a cookie or a parameter of the address: values
// in Base64 that look random, are whole blocks of a block cipher, and differ with every request. So
// commands get to an implant in the server's memory, in logs that show nothing but ordinary requests.
//
// A cookie of an application is set by the server and stays for many requests, is sent with all pages,
// and all clients have one. Here one client (or two) sends it to one page (or few), each time another.
// Blocks: the decoded length is a multiple of 16 (AES), which one random length in 16 is; several
// different lengths that all are cannot be by chance.
//
// Source: Unit 42, "Phantom Taurus" (2025), on NET-STAR: Gzip, AES, Base64, in cookie-heavy requests to
// one page. https://unit42.paloaltonetworks.com/phantom-taurus/
func webCookieSession() Analytic {
	return Analytic{
		Rule: Rule{
			ID:    "web-cookie-session",
			Title: "Encrypted Session Carried in a Cookie or a Parameter",
			Level: "high",
			Description: "One client sent one page long values in Base64 that look random, and another one with nearly every request. Only this " +
				"client sends them, and only there.",
			Why: "Applications set a cookie once and get it back. What changes with every request is data: commands to an implant in the web " +
				"server, encrypted so that nobody who reads the log sees them.",
			Benign: "Encrypted session cookies of frameworks change too, but all clients have them, for all pages: if the site has one of that " +
				"name, add it to the list of names. Single sign-on sends long tokens once for each sign-in, in SAMLResponse, code or state.",
			Next: []string{
				"Keep the memory of the web server's process before it is restarted: such implants are nowhere else.",
				"Get the file of the page, and compare it with the product's own.",
				"If bodies or TLS can be seen in front of the server, record this client's requests.",
				"Look for what the process did in that time: programs started, connections to databases, files written.",
			},
			Tags:       []string{"attack.command-and-control", "attack.t1573.001", "attack.t1132.001", "attack.t1071.001", "attack.t1505.003"},
			References: []string{"https://unit42.paloaltonetworks.com/phantom-taurus/"},
		},
		Views:    []View{Web},
		WebPages: true, // for whether cookies were logged
		Requests: longRequests,
		Params: []Param{
			{"length", 128, "characters", "shortest value that is looked at"},
			{"requests", 6, "requests", "fewest requests with such values"},
			{"changing", 80, "percent", "least part of the requests whose value was not there before"},
			{"clients", 2, "clients", "most clients that send a value of that name"},
			{"pages", 3, "pages", "most pages that a value of that name is sent to"},
		},
		Lists: []List{{"names", sessionNames, "beginnings of names of cookies and parameters that are known to hold long values: not looked at"}},
		New: func(s Settings) (func() State, error) {
			o := &cookieOptions{
				length: max(s.Int("length"), 16), requests: s.Int("requests"), changing: s.Int("changing"),
				clients: s.Int("clients"), pages: s.Int("pages"), names: lowerAll(s.List("names")),
			}
			return func() State { return o.state() }, nil
		},
	}
}

// sessionNames are cookies and parameters that hold long random values in sound applications: OWA and
// AD FS, ASP.NET, single sign-on, load balancers, analytics.
var sessionNames = []string{
	"cadata", "x-owa-canary", "x-backendcookie", "clientid", "x-bckendcookie", "msisauth", "msissignout", "msisloopdetection", "msisip", "fedauth", "edgeaccesscookie",
	"__viewstate", "__eventvalidation", "__requestverificationtoken", ".aspxauth", ".aspnet", ".aspxanonymous", "asp.net_sessionid",
	"openidconnect.nonce", "estsauth", "esctx", "samlresponse", "samlrequest", "relaystate", "id_token", "access_token", "refresh_token",
	"wctx", "wresult", "jwt", "csrf", "xsrf", "_csrf", "incap_ses", "visid_incap", "nlbi_", "bigipserver", "ts01", "nsc_", "ak_bmsc", "bm_", "_abck", "datadome",
	"__cf", "cf_clearance", "_px", "reese84", "_ga", "_gid", "_gcl", "utm_", "gclid", "fbclid", "msclkid", "dclid", "_fbp", "optanon", "mbox",
}

const (
	// maxCookieSessions is how many pairs of client, page and name are told apart at a time. Where there are
	// more, most are an application's own: those make room.
	maxCookieSessions = 5_000
	// maxUsualNames is how many names of applications' own are remembered.
	maxUsualNames = 1_000
	// maxCookieValues is how many values of one session are remembered: enough to see that they change.
	maxCookieValues = 256
	// maxCookieBytes is how much of a cookie or query is looked at: servers take 8 to 16 KiB.
	maxCookieBytes = 16 << 10
	// leastEntropy is that of random Base64, less what short texts lose: text and numbers have less
	// than 5 bits a character.
	leastEntropy = 5.0
)

type cookieOptions struct {
	length, requests, changing, clients, pages int
	names                                      []string
}

// cookieSession is what one client sent to one page under one name.
type cookieSession struct {
	server, client, page, name string
	inQuery                    bool
	requests                   int
	values                     []uint64 // hashes, in the order in which they came first
	blocks                     int      // requests whose value is whole blocks
	lengths                    [4]uint64
	shortest, longest          int
	period                     event.Period
	samples                    sampler[webSample]
}

type cookieSessions struct {
	*cookieOptions
	sessions table[cookieSession]
	// usual are names, by server, that many clients send or many pages get, as far as that had to be known
	// to make room.
	usual map[string]bool
	key   []byte
	// knownNames remembers which names are in the list.
	knownNames map[string]bool
}

func (o *cookieOptions) state() *cookieSessions {
	s := &cookieSessions{cookieOptions: o, usual: map[string]bool{}, knownNames: map[string]bool{}}
	s.sessions = table[cookieSession]{max: maxCookieSessions, spare: []func(*cookieSession) bool{
		func(c *cookieSession) bool { return s.usual[c.use()] },
		func(c *cookieSession) bool { return c.requests == 1 },
	}}
	return s
}

// See looks for long values in the cookie and in the query.
func (s *cookieSessions) See(r *Record) {
	if cookie := r.Text(WebCookie); cookie != nil {
		s.look(r, cookie, ';', false)
	}
	s.look(r, r.web().query, '&', true)
}

func (s *cookieSessions) look(r *Record, list []byte, between byte, inQuery bool) {
	list = list[:min(len(list), maxCookieBytes)]
	for len(list) > s.length {
		item := list
		if at := bytes.IndexByte(list, between); at >= 0 {
			item, list = list[:at], list[at+1:]
		} else {
			list = nil
		}
		if len(item) <= s.length {
			continue
		}
		name, value := []byte(nil), item
		// A value alone may end in the "=" of Base64: what is longer before it is no name.
		if at := bytes.IndexByte(item, '='); at >= 0 && at <= maxCookieName {
			name, value = bytes.TrimLeft(item[:at], " +"), item[at+1:]
		}
		if len(value) >= s.length && !s.known(name) {
			s.value(r, name, value, inQuery)
		}
	}
}

// maxCookieName is the longest name of a cookie or parameter.
const maxCookieName = 64

// maxKnownNames is how many names are remembered as known or not.
const maxKnownNames = 1_000

func (s *cookieSessions) known(name []byte) bool {
	known, ok := s.knownNames[string(name)]
	if !ok {
		known = slices.ContainsFunc(s.names, func(n string) bool { return hasPrefixFold(name, n) })
		if len(s.knownNames) < maxKnownNames {
			s.knownNames[string(name)] = known
		}
	}
	return known
}

func (s *cookieSessions) value(r *Record, name, value []byte, inQuery bool) {
	w := r.web()
	size, ok := base64Bytes(value)
	if !ok || w.status >= 400 || entropy(value) < leastEntropy {
		return
	}
	s.key = appendPage(s.key[:0], w.server, w.stem)
	page := len(s.key)
	s.key = append(append(append(append(s.key, 0), w.client...), 0), name...)
	c := s.sessions.find(s.key)
	if c == nil {
		if len(s.usual) > 0 && s.usual[useOf(string(w.server), string(name))] {
			return
		}
		s.prepare(1)
		if c = s.sessions.get(s.key); c == nil {
			return
		}
	}
	if c.requests == 0 {
		c.client, c.name, c.inQuery = string(w.client), string(name), inQuery
		c.server, c.page = cutPage(string(s.key[:page]))
	}
	c.see(r, value, size, w.status)
}

func (c *cookieSession) see(r *Record, value []byte, size, status int) {
	h := fnv.New64a()
	_, _ = h.Write(value) // never fails
	c.addValue(h.Sum64())
	if size%16 == 0 {
		c.blocks++
	}
	c.lengths[size/16%256/64] |= 1 << (size / 16 % 64)
	if c.requests == 0 || size < c.shortest {
		c.shortest = size
	}
	c.longest = max(c.longest, size)
	c.requests++
	c.period.Add(r.Time())
	c.samples.add(sampleOf(r, c.server, c.client, status))
}

func (c *cookieSession) addValue(h uint64) {
	if len(c.values) < maxCookieValues && !slices.Contains(c.values, h) {
		c.values = append(c.values, h)
	}
}

// base64Bytes gives how many bytes a text in Base64 stands for, of any of its two alphabets and in
// percent codes or without; ok is false for anything else. A text that begins as JSON does ("eyJ") is a
// token that says what it is.
func base64Bytes(text []byte) (n int, ok bool) {
	if bytes.HasPrefix(text, []byte("eyJ")) {
		return 0, false
	}
	characters, padding := 0, 0
	for i := 0; i < len(text); i++ {
		c := text[i]
		switch {
		case c == '%':
			if i+2 >= len(text) {
				return 0, false
			}
			switch strings.ToLower(string(text[i+1 : i+3])) {
			case "3d":
				padding++
			case "2b", "2f":
				characters++
			default:
				return 0, false
			}
			i += 2
		case c == '=':
			padding++
		case padding > 0:
			return 0, false
		case isLetterOrDigit(c), c == '+', c == '/', c == '-', c == '_':
			characters++
		default:
			return 0, false
		}
	}
	if padding > 2 || padding > 0 && (characters+padding)%4 != 0 || characters%4 == 1 {
		return 0, false
	}
	return characters * 3 / 4, true
}

// entropy is Shannon's, in bits a character.
func entropy(text []byte) float64 {
	var counts [256]int
	for _, c := range text {
		counts[c]++
	}
	return entropyOf(counts[:], len(text))
}

func entropyOf(counts []int, total int) float64 {
	e := 0.0
	for _, n := range counts {
		if n > 0 {
			p := float64(n) / float64(total)
			e -= p * math.Log2(p)
		}
	}
	return e
}

// use is what many clients and pages have in common if a name is an application's own.
func (c *cookieSession) use() string { return useOf(c.server, c.name) }

func useOf(server, name string) string { return server + "\x00" + name }

// A cookieUse is how many clients send a name, and to how many pages.
type cookieUse struct{ clients, pages few }

func (s *cookieSessions) uses() map[string]*cookieUse {
	uses := map[string]*cookieUse{}
	for _, c := range s.sessions.each() {
		u := uses[c.use()]
		if u == nil {
			u = &cookieUse{}
			uses[c.use()] = u
		}
		u.clients.add([]byte(c.client), s.clients)
		u.pages.add([]byte(c.page), s.pages)
	}
	return uses
}

// prepare finds out, if there is no room for so many sessions more, which names are applications' own.
func (s *cookieSessions) prepare(more int) {
	if len(s.sessions.list)+more <= maxCookieSessions || s.sessions.full {
		return
	}
	uses := s.uses()
	for _, use := range slices.Sorted(maps.Keys(uses)) {
		if u := uses[use]; (u.clients.many || u.pages.many) && len(s.usual) < maxUsualNames {
			s.usual[use] = true
		}
	}
}

// Join adds a later piece of evidence.
func (s *cookieSessions) Join(later State) {
	l := later.(*cookieSessions)
	for _, use := range slices.Sorted(maps.Keys(l.usual)) {
		if len(s.usual) < maxUsualNames {
			s.usual[use] = true
		}
	}
	s.prepare(len(l.sessions.list))
	s.sessions.join(&l.sessions, (*cookieSession).join)
}

func (c *cookieSession) join(o *cookieSession) {
	for _, h := range o.values {
		c.addValue(h)
	}
	for i := range c.lengths {
		c.lengths[i] |= o.lengths[i]
	}
	c.shortest, c.longest = min(c.shortest, o.shortest), max(c.longest, o.longest)
	c.requests += o.requests
	c.blocks += o.blocks
	c.period.Join(o.period)
	c.samples.join(&o.samples)
}

// differentLengths is how many lengths in blocks the values have; lengths of 4 KiB apart count once.
func (c *cookieSession) differentLengths() int {
	n := 0
	for _, l := range c.lengths {
		n += bits.OnesCount64(l)
	}
	return n
}

// Finish looks at the values that only few clients send, to few pages.
func (s *cookieSessions) Finish(f *Finishing) {
	if s.sessions.full {
		f.Note("more than %d clients, pages and names have long values: those that came later were not looked at", maxCookieSessions)
	}
	if n := s.sessions.forgotten; n > 0 {
		f.Note("%s clients and pages with long values under names that are applications' own, or with a single one, were forgotten to make room for others", english.Number(n))
	}
	uses := s.uses()
	for _, c := range s.sessions.each() {
		u := uses[c.use()]
		changing := percent(len(c.values), min(c.requests, maxCookieValues))
		if s.usual[c.use()] || u.clients.many || u.pages.many || c.requests < s.requests || changing < s.changing {
			continue
		}
		f.Emit(s.episode(c, changing, f.web().cookiesLogged))
	}
}

func (s *cookieSessions) episode(c *cookieSession, changing int, cookiesLogged bool) Episode {
	where, name := "cookie", c.name
	if c.inQuery {
		where = "parameter"
	}
	if name == "" {
		name = "without a name"
	}
	e := Episode{
		Level: "medium",
		Summary: fmt.Sprintf("%s sent %s %d requests within %s with %d different random values of %d to %d bytes in the %s %s",
			c.client, c.page, c.requests, duration(c.period.Length()), len(c.values), c.shortest, c.longest, where, name),
		Group: []NamedValue{{"server", c.server}, {"page", c.page}, {"client", c.client}, {where, name}},
		Facts: []NamedValue{
			{"values that were not there before", fmt.Sprintf("%d%% (from %d%% on)", changing, s.changing)},
			{"values of whole cipher blocks", fmt.Sprintf("%d of %d (all: a block cipher)", c.blocks, c.requests)},
			{"different lengths in blocks of 16 bytes", fmt.Sprint(c.differentLengths())},
		},
		First: c.period.First, Last: c.period.Last, Count: c.requests,
		Refs: webRefs(c.samples.all(), c.page),
	}
	blocks := percent(c.blocks, c.requests) >= 95
	switch {
	case blocks && c.differentLengths() >= 3 && scriptPath([]byte(c.page)) != nil:
		e.Level = "high"
	case !blocks:
		e.Level = "low"
		e.Caveats = []string{"the values are not whole blocks of a cipher: they may be compressed data or tokens"}
	}
	if !cookiesLogged {
		e.Caveats = append(e.Caveats, "the logs do not have cookies: what was sent in them is not known")
	}
	return e
}
