package behaviour

import (
	"bytes"
	"hash/maphash"
	"math"

	"aldebaran/english"
	"aldebaran/event"
)

// What is known of the pages of web servers is the same for all analytics that ask for it, and requests
// are what there is most of: so it is kept once, and each looks at it in the end (see [Finishing.web]).

// webSeen is what was seen of a piece of evidence of web servers.
type webSeen struct {
	pages table[webPage] // by server and path, see appendPage
	// clients are numbered from 0 on, in their order; asked is how many requests each made.
	clients table[uint32]
	asked   []int
	total   int    // requests whose client is known
	agent   string // that of the visit before: a scanner has one
	// refererLogged and agentLogged tell whether some log has them at all.
	refererLogged, agentLogged bool
	// cookiesLogged tells whether a request had one.
	cookiesLogged bool
	// noted says that people were told what there was no room for.
	noted bool
}

const (
	// maxWebPages is how many script pages are told apart at a time: large applications have some thousands.
	// A scanner asks for more that are not there: those make room.
	maxWebPages = 20_000
	// maxWebClients is how many clients are told apart.
	maxWebClients = 100_000
	// maxFewClients is how many clients of a page are told apart: with one more it is a page that many
	// ask for, of which little is kept.
	maxFewClients = 4
	// maxAgents is how many user agents of a page are remembered.
	maxAgents = 4
)

func newWebSeen() *webSeen {
	// What was asked for in vain is missed least, then what refused or sent on the only one who asked.
	spare := []func(*webPage) bool{
		func(p *webPage) bool { return p.answers() == 0 },
		func(p *webPage) bool { return p.visits == 1 && (p.once.status < 200 || p.once.status > 299) },
	}
	return &webSeen{pages: table[webPage]{max: maxWebPages, rare: true, spare: spare}, clients: table[uint32]{max: maxWebClients}}
}

// webPage is what is known of a script page that was answered, or asked for in vain (404). Most pages
// that a scanner asks for are asked for once: of those only that request is kept.
type webPage struct {
	more         *webPageUse
	visits       int
	server, path string
	once         webVisit
}

// A webVisit is one request for a page.
type webVisit struct {
	webSample
	agent                     string
	sent                      int64
	measured, linked, queried bool
}

// webPageUse is how a page is used. Of one that many clients ask for there are only the counts and times
// of answers and of requests in vain.
type webPageUse struct {
	// What changes with each request for a page that many ask for comes first.
	answers         int
	answered        event.Period
	clients, agents few
	missing         event.Period
	inVain          int
	// Of answered requests: with data sent, from a link, with a user agent, with a query.
	sending, linked, withAgent, queries int
	// measured is how many answers have a size, from smallest to largest.
	measured          int
	smallest, largest int64
	firstInVain       webSample
	samples           sampler[webSample]
}

// answers is how many requests for it were answered.
func (p *webPage) answers() int {
	if p.more != nil {
		return p.more.answers
	}
	return one(p.visits > 0 && p.once.status != 404)
}

// use gives how a page is used. Of those that were asked for once it is made anew each time: who looks at
// all pages looks at answers first.
func (p *webPage) use() *webPageUse {
	if p.more != nil || p.visits == 0 {
		return p.more
	}
	u := &webPageUse{}
	u.add(&p.once)
	return u
}

func (p *webPage) add(v *webVisit) {
	p.visits++
	switch {
	case p.visits == 1:
		p.once = *v
		return
	case p.more == nil:
		p.more = p.firstUse()
	}
	p.more.add(v)
}

func (p *webPage) firstUse() *webPageUse {
	u := &webPageUse{}
	u.add(&p.once)
	p.once = webVisit{}
	return u
}

func (p *webPage) join(o *webPage) {
	if p.more == nil {
		p.more = p.firstUse()
	}
	p.visits += o.visits
	p.more.join(o.use())
}

func (u *webPageUse) add(v *webVisit) {
	if v.status == 404 {
		if u.inVain == 0 {
			u.firstInVain = v.webSample
		}
		u.inVain++
		u.missing.Add(v.at.moment().time())
		return
	}
	u.answers++
	u.answered.Add(v.at.moment().time())
	if u.clients.many {
		return
	}
	u.clients.add([]byte(v.client), maxFewClients)
	if u.forgetIfMany() {
		return
	}
	u.sending += one(v.method == "POST" || v.method == "PUT")
	u.linked += one(v.linked)
	u.queries += one(v.queried)
	if v.agent != "" {
		u.withAgent++
		u.agents.add([]byte(v.agent), maxAgents)
	}
	if v.measured {
		u.size(1, v.sent, v.sent)
	}
	u.samples.add(v.webSample)
}

func one(is bool) int {
	if is {
		return 1
	}
	return 0
}

func (u *webPageUse) size(measured int, smallest, largest int64) {
	if u.measured == 0 || smallest < u.smallest {
		u.smallest = smallest
	}
	u.largest = max(u.largest, largest)
	u.measured += measured
}

// forgetIfMany leaves of a page that many ask for what is kept of such.
func (u *webPageUse) forgetIfMany() bool {
	if u.clients.many {
		*u = webPageUse{clients: u.clients, answered: u.answered, missing: u.missing, answers: u.answers, inVain: u.inVain, firstInVain: u.firstInVain}
	}
	return u.clients.many
}

func (u *webPageUse) join(o *webPageUse) {
	if u.inVain == 0 {
		u.firstInVain = o.firstInVain
	}
	u.inVain += o.inVain
	u.missing.Join(o.missing)
	u.answers += o.answers
	u.answered.Join(o.answered)
	u.clients.join(&o.clients, maxFewClients)
	if u.forgetIfMany() {
		return
	}
	u.agents.join(&o.agents, maxAgents)
	u.sending += o.sending
	u.linked += o.linked
	u.withAgent += o.withAgent
	u.queries += o.queries
	if o.measured > 0 {
		u.size(o.measured, o.smallest, o.largest)
	}
	u.samples.join(&o.samples)
}

// join adds a later piece of evidence.
func (s *webSeen) join(later *webSeen) {
	s.total += later.total
	s.refererLogged = s.refererLogged || later.refererLogged
	s.agentLogged = s.agentLogged || later.agentLogged
	s.cookiesLogged = s.cookiesLogged || later.cookiesLogged
	s.clients.full = s.clients.full || later.clients.full
	for client, n := range later.clients.each() {
		if number := s.numberOf([]byte(client)); number != noNumber {
			s.asked[number] += later.asked[*n]
		}
	}
	s.pages.join(&later.pages, (*webPage).join)
}

// web gives what was seen of web servers; never nil.
func (f *Finishing) web() *webSeen {
	if f.collector.web == nil {
		return newWebSeen()
	}
	return f.collector.web
}

// noteFull tells, once for all analytics, what was left out of what was seen of web servers.
func (s *webSeen) noteFull(f *Finishing) {
	if s.noted {
		return
	}
	s.noted = true
	if n := s.pages.forgotten; n > 0 {
		f.Note("%s paths of script pages that were not there, or refused the only one who asked, were forgotten to make room for others", english.Number(n))
	}
	if s.pages.full {
		f.Note("there are more than %d script pages: those that came later were not looked at", maxWebPages)
	}
	if s.clients.full {
		f.Note("there are more than %d clients: requests of later ones were not counted", maxWebClients)
	}
}

// A webRequest is what analytics want to know of a request: it is made once for all of them.
type webRequest struct {
	// client is who asked, server who wrote the log.
	client, server, stem, query []byte
	status                      int
	// path is what the stem says, requests the kinds of requests that it is of.
	path     *recentStem
	requests requests
	// cookie says that it has one.
	cookie bool
	// decodedPath and decodedAll are what decodedRequest gives, if it was asked for: then isDecoded is set.
	decodedPath, decodedAll string
	isDecoded               bool
}

// decoded gives path and request as decodedRequest does, once for all who ask.
func (w *webRequest) decoded() (path, request string) {
	if !w.isDecoded {
		w.decodedPath, w.decodedAll = decodedRequest(w.stem, w.query)
		w.isDecoded = true
	}
	return w.decodedPath, w.decodedAll
}

// requests are kinds of requests: most analytics look at few of all requests, and are shown those alone.
type requests uint8

const (
	// confusingRequests have a path or an anchor that may mislead a front end.
	confusingRequests requests = 1 << iota
	// fileRequests are for files of data and for parts of a site.
	fileRequests
	// longRequests have a cookie or a query that is longer than the analytic's parameter "length".
	longRequests
	// hourlyRequests are the first of a log in an hour of the clock, and all that have numbers.
	hourlyRequests
)

// webMemory is what a matcher remembers of requests, so that pages and clients that come again and again
// are looked up once.
type webMemory struct {
	request webRequest
	longer  int // from how many bytes on a cookie or a query is long
	log     hourOfLog
	// server is that of the request before, serverHash what tells its paths from those of others.
	server              []byte
	serverHash          uint64
	forPaths, forOthers maphash.Seed
	stems               recents[recentStem]
	clients             recents[uint32] // the number of who asked, plus 1
	key                 []byte
	origins             *origins // see keptFrom
}

// A recentStem is a path on a server, what it says about what is asked for, and what is known of the page.
type recentStem struct {
	known bool     // what follows is set
	page  *webPage // nil as long as it is not looked for
	// full says that there was no room for the page; round is that of the table when it was looked for.
	full  bool
	round uint32
	// kind is what the extension at the path's end says.
	kind fileKind
	// requests are the kinds of requests that any request for it is of.
	requests requests
	// script is where the path of the page ends, 0 if it is none.
	script uint32
}

// hourOfLog is the hour of the clock in which a log spoke.
type hourOfLog struct {
	path, computer, channel string
	hour                    int64
}

// How many paths and clients are remembered: a busy site has some hundred of one, some thousand of the other.
const (
	recentStems   = 512
	recentClients = 4096
)

func newWebMemory(longer int) *webMemory {
	m := &webMemory{longer: longer, forPaths: maphash.MakeSeed(), forOthers: maphash.MakeSeed(), stems: newRecents[recentStem](recentStems), clients: newRecents[uint32](recentClients)}
	m.forget()
	return m
}

// forget forgets what belongs to a piece of evidence.
func (m *webMemory) forget() {
	m.log = hourOfLog{hour: math.MinInt64}
	m.stems.forget()
	m.clients.forget()
	m.origins = nil
}

// keptFrom are the origins of the requests that are kept of a piece of evidence.
func (m *webMemory) keptFrom() *origins {
	if m.origins == nil {
		m.origins = &origins{}
	}
	return m.origins
}

// web gives what is known of a request, of a record of the view Web.
func (r *Record) web() *webRequest { return &r.memory.request }

// read takes from a record what analytics want to know of a request.
func (m *webMemory) read(r *Record) *webRequest {
	w := &m.request
	w.client, w.server, w.stem, w.query, w.status = webClient(r), m.serverOf(r), r.Text(WebStem), r.Text(WebQuery), webStatus(r)
	w.isDecoded = false
	w.path = m.find(w.stem)
	w.requests = w.path.requests
	cookie := r.Text(WebCookie)
	w.cookie = cookie != nil
	if max(len(cookie), len(w.query)) > m.longer {
		w.requests |= longRequests
	}
	if mayNameBackEnd(r.Text(WebAnchor)) {
		w.requests |= confusingRequests
	}
	if m.log.speaks(r.Event) {
		w.requests |= hourlyRequests
	}
	return w
}

// speaks tells whether a record is the first of an hour or has a number; of records one after the other,
// not of all that a log has of that hour.
func (l *hourOfLog) speaks(e *event.Event) bool {
	hour := e.Time.Unix() / 3600
	if e.RecordID == 0 && hour == l.hour && e.Source.Path == l.path && e.Computer == l.computer && e.Channel == l.channel {
		return false
	}
	*l = hourOfLog{e.Source.Path, e.Computer, e.Channel, hour}
	return true
}

// serverOf is the server that wrote the log, if it says: several servers have pages of one name.
func (m *webMemory) serverOf(r *Record) []byte {
	if r.Event.Computer != "" {
		if string(m.server) != r.Event.Computer || m.serverHash == 0 {
			m.setServer([]byte(r.Event.Computer))
		}
		return m.server
	}
	server := r.Text(WebServer)
	if server == nil {
		server = r.Text(WebServerIP)
	}
	if !bytes.Equal(m.server, server) || m.serverHash == 0 {
		m.setServer(server)
	}
	return m.server
}

func (m *webMemory) setServer(server []byte) {
	m.server = append(m.server[:0], server...)
	m.serverHash = maphash.Bytes(m.forOthers, server) | 1
}

// find gives what is known of a path.
func (m *webMemory) find(stem []byte) *recentStem {
	slot := m.stems.find(maphash.Bytes(m.forPaths, stem) ^ m.serverHash)
	if !slot.known {
		*slot = recentStem{known: true}
		script, kind := readPath(stem)
		slot.script, slot.kind = uint32(script), kind
		if slot.kind == dataFile || slot.kind == siteFile {
			slot.requests |= fileRequests
		}
		if mayConfuse(stem) {
			slot.requests |= confusingRequests
		}
	}
	return slot
}

// see takes note of a request: its client, and the page if it is for one that was answered or is not
// there.
func (s *webSeen) see(r *Record, w *webRequest) {
	s.cookiesLogged = s.cookiesLogged || w.cookie
	if len(w.client) == 0 || len(w.client) > maxAddress {
		return
	}
	number := s.count(r.memory, w.client)
	if w.path.script == 0 || !succeeded(w.status) && w.status != 404 {
		return
	}
	s.refererLogged = s.refererLogged || r.Has(WebReferer)
	s.agentLogged = s.agentLogged || r.Has(WebAgent)
	p := s.page(r.memory, w)
	if p == nil {
		return
	}
	if p.more != nil && p.more.clients.many && w.status != 404 {
		p.visits++
		p.more.answers++
		p.more.answered.Add(r.Time())
		return
	}
	v := webVisit{linked: r.Text(WebReferer) != nil, queried: w.query != nil}
	client := ""
	if number != noNumber {
		client = s.clients.list[number].key
	} else {
		client = string(w.client)
	}
	v.webSample = sampleOf(r, p.server, client, w.status)
	if a := r.Text(WebAgent); a != nil {
		if a = a[:min(len(a), maxWhat)]; string(a) != s.agent {
			s.agent = string(a)
		}
		v.agent = s.agent
	}
	v.sent, v.measured = r.Int(WebSent)
	p.add(&v)
}

// count counts a request of a client and gives his number, noNumber if there is no room for him.
func (s *webSeen) count(m *webMemory, client []byte) uint32 {
	s.total++
	recent := m.clients.find(maphash.Bytes(m.forOthers, client))
	if *recent == 0 {
		number := s.numberOf(client)
		if number == noNumber {
			return noNumber
		}
		*recent = number + 1
	}
	s.asked[*recent-1]++
	return *recent - 1
}

func (s *webSeen) numberOf(client []byte) uint32 {
	n := s.clients.get(client)
	if n == nil {
		return noNumber
	}
	if len(s.asked) < len(s.clients.list) {
		*n = uint32(len(s.asked))
		s.asked = append(s.asked, 0)
	}
	return *n
}

func (s *webSeen) page(m *webMemory, w *webRequest) *webPage {
	slot := w.path
	if slot.page == nil && !slot.full || slot.round != s.pages.round {
		m.key = appendPage(m.key[:0], w.server, w.stem[:slot.script])
		slot.page = s.pages.get(m.key)
		slot.full, slot.round = slot.page == nil, s.pages.round
		if slot.page != nil && slot.page.visits == 0 {
			slot.page.server, slot.page.path = cutPage(s.pages.list[len(s.pages.list)-1].key)
		}
	}
	return slot.page
}
