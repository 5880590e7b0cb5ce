package behaviour

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// webRarePage finds a script page that hardly anybody asks for and that is used as web shells and
// tunnels are: without a browser around it, by one client, which sends and gets back.
//
// No single sign says that; each alone is usual somewhere. So signs are counted: most requests send
// data; none follows a link; the client is a program; it asks for nothing else; the page was not
// there before; its answers to the same address vary as those to commands do; it is used for
// hours. What a log does not hold (W3C logs have no sizes unless told to, common logs no referer)
// is no sign, and is told.
//
// Sources: CISA/NSA "Detect and Prevent Web Shell Malware" (U/OO/134094-20: rare URIs, clients and
// referers in web logs); Microsoft Sentinel "PotentialWebshell"; Unit 42 on NET-STAR (2025), an ASPX
// page that is talked to from outside only.
func webRarePage() Analytic {
	return Analytic{
		Rule: Rule{
			ID:    "web-rare-page",
			Title: "Script Page That Hardly Anybody Asks For, Used as a Web Shell Is",
			Level: "high",
			Description: "One or two clients used a script page that nobody else asks for, and in a way that people with a browser do not: see " +
				"the signs among the facts.",
			Why: "A web shell is a page of the intruder's on the server. Only he knows its address, so nobody else asks for it; no page links " +
				"to it, so there is no referer; and his program sends commands to it and gets their output back.",
			Benign: "Interfaces between programs, monitoring, and administrators' pages of small applications look alike. Ask who runs the " +
				"application whether the page is part of it, compare with the vendor's list of files, and look who owns the client's address.",
			Next: []string{
				"Get the file of the page from the server, with its times and owner, before anything is cleaned.",
				"Look for programs that the web server started while the page was used (parent w3wp.exe, java, php, httpd).",
				"Look for who wrote the file: file events, and requests shortly before the page's first one.",
				"Look for other requests of the same clients, on all servers.",
			},
			Tags: []string{"attack.persistence", "attack.command-and-control", "attack.t1505.003", "attack.t1071.001"},
			References: []string{
				"https://media.defense.gov/2020/Jun/09/2002313081/-1/-1/0/CSI-DETECT-AND-PREVENT-WEB-SHELL-MALWARE-20200422.PDF",
				"https://unit42.paloaltonetworks.com/phantom-taurus/",
			},
		},
		Views: []View{Web},
		Params: []Param{
			{"clients", 2, "clients", "most clients that a rare page has"},
			{"requests", 8, "requests", "fewest answered requests for it"},
			{"signs", 4, "signs", "signs from which on the level is high; with one less it is medium"},
			{"hours", 24, "hours", "shortest period in which rare means something"},
		},
		Lists: []List{
			{"pages", productPages, "patterns of pages that are the products' own, or the site's: not looked at"},
			{"agents", probeAgents, "parts of user agents of monitoring: pages that only such clients inside ask for are not looked at"},
		},
		New: func(s Settings) (func() State, error) {
			known, err := newKnownPaths(s.List("pages"))
			if err != nil {
				return nil, err
			}
			o := &rarePageOptions{
				clients: min(max(s.Int("clients"), 1), maxFewClients), requests: s.Int("requests"), signs: s.Int("signs"),
				period: s.Hours("hours"), known: known, probes: lowerAll(s.List("agents")),
			}
			return func() State {
				return &rarePages{rarePageOptions: o, pages: newNameTable[rarePage](maxWebPages), clientsSeen: newNameTable[int](maxWebClients)}
			}, nil
		},
	}
}

const (
	// maxFewClients is the most that "few" can be set to.
	maxFewClients = 16
	// maxAgents is how many user agents of a page are remembered.
	maxAgents = 4
)

func lowerAll(texts []string) []string {
	out := make([]string, len(texts))
	for i, t := range texts {
		out[i] = strings.ToLower(t)
	}
	return out
}

type rarePageOptions struct {
	clients, requests, signs int
	period                   time.Duration
	known                    knownPaths
	probes                   []string
}

// rarePage is what is known of a page; of one that many ask for only that.
type rarePage struct {
	server  string
	clients few
	agents  few
	span
	answered, sending, fromLinks, withAgent int
	smallest, largest                       int64
	measured                                int // answers whose size is known
	queries                                 int // requests with a query
	samples                                 sampler[webSample]
}

type rarePages struct {
	*rarePageOptions
	pages       nameTable[rarePage]
	clientsSeen nameTable[int] // requests by client
	total       int
	// refererLogged and agentLogged tell whether some log has them at all.
	refererLogged, agentLogged bool
}

// See counts requests by client, and those that script pages answered by page.
func (s *rarePages) See(r *Record) {
	w := r.web()
	if w.asker == nil {
		return
	}
	s.total++
	if count := s.clientsSeen.of(w.asker); count != nil {
		*count++
	}
	if w.page == nil || !succeeded(w.status) {
		return
	}
	s.refererLogged = s.refererLogged || r.Has(WebReferer)
	s.agentLogged = s.agentLogged || r.Has(WebAgent)
	p := s.pages.of(w.page)
	if p == nil || p.clients.many {
		return
	}
	who := p.clients.add(w.client, s.clients)
	if who == "" {
		*p = rarePage{clients: p.clients}
		return
	}
	p.see(r, w, who)
}

func (p *rarePage) see(r *Record, w *webRequest, client string) {
	p.answered++
	p.add(r.Time())
	if m := r.Text(WebMethod); string(m) == "POST" || string(m) == "PUT" {
		p.sending++
	}
	if r.Text(WebReferer) != nil {
		p.fromLinks++
	}
	if a := r.Text(WebAgent); a != nil {
		p.withAgent++
		p.agents.add(a[:min(len(a), maxWhat)], maxAgents)
	}
	if r.Text(WebQuery) != nil {
		p.queries++
	}
	if sent, ok := r.Int(WebSent); ok {
		if p.measured == 0 || sent < p.smallest {
			p.smallest = sent
		}
		p.largest = max(p.largest, sent)
		p.measured++
	}
	if p.server == "" {
		p.server = string(w.server)
	}
	p.samples.add(sampleOf(r, p.server, client, w.status))
}

// Join adds a later piece of evidence.
func (s *rarePages) Join(later State) {
	l := later.(*rarePages)
	s.total += l.total
	s.refererLogged = s.refererLogged || l.refererLogged
	s.agentLogged = s.agentLogged || l.agentLogged
	s.clientsSeen.join(&l.clientsSeen.table, func(into, from *int) { *into += *from })
	s.pages.join(&l.pages.table, func(into, from *rarePage) { into.join(from, s.clients) })
}

func (p *rarePage) join(o *rarePage, clients int) {
	p.clients.join(&o.clients, clients)
	if p.clients.many {
		*p = rarePage{clients: p.clients}
		return
	}
	p.agents.join(&o.agents, maxAgents)
	p.span.join(o.span)
	p.answered += o.answered
	p.sending += o.sending
	p.fromLinks += o.fromLinks
	p.withAgent += o.withAgent
	p.queries += o.queries
	if o.measured > 0 && (p.measured == 0 || o.smallest < p.smallest) {
		p.smallest = o.smallest
	}
	p.largest = max(p.largest, o.largest)
	p.measured += o.measured
	p.samples.join(&o.samples)
}

// Finish looks at the signs of each rare page.
func (s *rarePages) Finish(f *Finishing) {
	if s.pages.full {
		f.Note("there are more than %d script pages: those that came later were not looked at", maxWebPages)
	}
	if s.clientsSeen.full {
		f.Note("there are more than %d clients: requests of later ones were not counted", maxWebClients)
	}
	for key, p := range s.pages.each() {
		_, path := cutPage(key)
		if p.clients.many || p.answered < s.requests || s.known.has(path) || s.isProbe(p) {
			continue
		}
		if e, ok := s.episode(f, key, p); ok {
			f.Emit(e)
		}
	}
}

// isProbe tells whether only monitoring from inside asks for a page.
func (s *rarePages) isProbe(p *rarePage) bool {
	return !p.agents.many && p.withAgent == p.answered &&
		!slices.ContainsFunc(p.agents.texts, func(a string) bool { return !hasAgent(a, s.probes, false) }) &&
		!slices.ContainsFunc(p.clients.texts, isOutside)
}

// signsOf are what speaks for a web shell, in words with their figures.
func (s *rarePages) signsOf(f *Finishing, p *rarePage) []string {
	var signs []string
	sign := func(is bool, format string, args ...any) {
		if is {
			signs = append(signs, fmt.Sprintf(format, args...))
		}
	}
	sending := percent(p.sending, p.answered)
	sign(sending >= 40, "%d%% of the requests send data (from 40%% on)", sending)
	sign(s.refererLogged && percent(p.fromLinks, p.answered) <= 10, "%d of %d requests come from a link (at most 10%%)", p.fromLinks, p.answered)
	sign(s.agentLogged && p.byProgram(), "the client is a program: %s", p.agent())
	asked := s.askedBy(p)
	sign(percent(p.answered, asked) >= 80, "%d of all %d requests of these clients are for this page (from 80%% on)", p.answered, asked)
	if period := f.Period(Web); period.Length() > 0 {
		after := p.first.Sub(period.First)
		part := int(after * 100 / period.Length())
		sign(part >= 25 && s.total >= 100, "the page was first asked for after %d%% of the period (from 25%% on)", part)
	}
	sign(p.measured >= 5 && p.largest >= 10*max(p.smallest, 1) && p.queries == 0,
		"answers to the same address have from %d to %d bytes (from 10 times on)", p.smallest, p.largest)
	sign(p.length() >= 2*time.Hour && p.answered >= 20, "the page was used for %s (from 2 hours and 20 requests on)", duration(p.length()))
	return signs
}

func (p *rarePage) byProgram() bool {
	if p.withAgent*10 <= p.answered {
		return true
	}
	return !p.agents.many && !slices.ContainsFunc(p.agents.texts, func(a string) bool { return !hasAgent(a, programAgents, true) })
}

func (p *rarePage) agent() string {
	if p.withAgent*10 <= p.answered {
		return "it has no user agent"
	}
	return strings.Join(p.agents.sorted(), ", ")
}

// askedBy is how many requests the clients of a page made in all.
func (s *rarePages) askedBy(p *rarePage) int {
	n := 0
	for _, c := range p.clients.texts {
		if count := s.clientsSeen.at[c]; count != nil {
			n += *count
		}
	}
	return n
}

func (s *rarePages) episode(f *Finishing, key string, p *rarePage) (Episode, bool) {
	signs := s.signsOf(f, p)
	want := s.signs
	if !s.refererLogged && !s.agentLogged {
		want-- // what common logs cannot show does not speak against it
	}
	level := "high"
	switch {
	case len(signs) >= want:
	case len(signs) == want-1:
		level = "medium"
	default:
		return Episode{}, false
	}
	server, path := cutPage(key)
	clients := p.clients.sorted()
	caveats := f.TooShort(Web, s.period)
	if n := len(s.clientsSeen.keys); n < 5 || percent(s.askedBy(p), s.total) >= 50 && s.total >= 1000 {
		caveats = append(caveats, fmt.Sprintf("of %d requests of %d clients, %d are of those of this page: this may be a proxy, or a server that "+
			"hardly anybody uses, where a page with one client is usual", s.total, n, s.askedBy(p)))
	}
	if len(caveats) > 0 {
		level = levelBelow(level)
	}
	if !s.refererLogged {
		caveats = append(caveats, "the logs do not have the referer: whether a link led to the page is not known")
	}
	if !s.agentLogged {
		caveats = append(caveats, "the logs do not have user agents")
	}
	e := Episode{
		Level: level,
		Summary: fmt.Sprintf("%s was asked for %d times within %s by %s alone, with %d signs of a web shell",
			path, p.answered, duration(p.length()), strings.Join(clients, " and "), len(signs)),
		Group:   []NamedValue{{"server", server}, {"page", path}, {"client", strings.Join(clients, ", ")}},
		Caveats: caveats,
		First:   p.first, Last: p.last, Count: p.answered,
		Refs: webRefs(p.samples.all(), path),
	}
	for _, sign := range signs {
		e.Facts = append(e.Facts, NamedValue{"sign", sign})
	}
	e.Facts = append(e.Facts, NamedValue{"signs", fmt.Sprintf("%d (high from %d on)", len(signs), want)},
		NamedValue{"clients", fmt.Sprintf("%d (at most %d)", len(clients), s.clients)})
	return e, true
}
