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
		Views:    []View{Web},
		WebPages: true,
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
			return func() State { return &rarePages{o} }, nil
		},
	}
}

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

// rarePages has nothing of its own: it looks at the pages in the end.
type rarePages struct{ *rarePageOptions }

// See is not called: requests are counted for all analytics together.
func (s *rarePages) See(*Record) {}

// Join has nothing to do.
func (s *rarePages) Join(State) {}

// Finish looks at the signs of each rare page.
func (s *rarePages) Finish(f *Finishing) {
	web := f.web()
	web.noteFull(f)
	for _, page := range web.pages.each() {
		if page.answers() < s.requests {
			continue
		}
		p := page.use()
		if len(p.clients.texts) > s.clients || p.clients.many || s.known.has(page.path) || s.isProbe(p) {
			continue
		}
		if e, ok := s.episode(f, web, page, p); ok {
			f.Emit(e)
		}
	}
}

// isProbe tells whether only monitoring from inside asks for a page.
func (s *rarePages) isProbe(p *webPageUse) bool {
	return !p.agents.many && p.withAgent == p.answers &&
		!slices.ContainsFunc(p.agents.texts, func(a string) bool { return !hasAgent(a, s.probes, false) }) &&
		!slices.ContainsFunc(p.clients.texts, isOutside)
}

// signsOf are what speaks for a web shell, in words with their figures.
func (s *rarePages) signsOf(f *Finishing, web *webSeen, p *webPageUse) []string {
	var signs []string
	sign := func(is bool, format string, args ...any) {
		if is {
			signs = append(signs, fmt.Sprintf(format, args...))
		}
	}
	sending := percent(p.sending, p.answers)
	sign(sending >= 40, "%d%% of the requests send data (from 40%% on)", sending)
	sign(web.refererLogged && percent(p.linked, p.answers) <= 10, "%d of %d requests come from a link (at most 10%%)", p.linked, p.answers)
	sign(web.agentLogged && p.byProgram(), "the client is a program: %s", p.agent())
	asked := web.askedBy(p)
	sign(percent(p.answers, asked) >= 80, "%d of all %d requests of these clients are for this page (from 80%% on)", p.answers, asked)
	if period := f.Period(Web); period.Length() > 0 {
		after := p.answered.First.Sub(period.First)
		part := int(after * 100 / period.Length())
		sign(part >= 25 && web.total >= 100, "the page was first asked for after %d%% of the period (from 25%% on)", part)
	}
	sign(p.measured >= 5 && p.largest >= 10*max(p.smallest, 1) && p.queries == 0,
		"answers to the same address have from %d to %d bytes (from 10 times on)", p.smallest, p.largest)
	sign(p.answered.Length() >= 2*time.Hour && p.answers >= 20, "the page was used for %s (from 2 hours and 20 requests on)", duration(p.answered.Length()))
	return signs
}

func (p *webPageUse) byProgram() bool {
	if p.withAgent*10 <= p.answers {
		return true
	}
	return !p.agents.many && !slices.ContainsFunc(p.agents.texts, func(a string) bool { return !hasAgent(a, programAgents, true) })
}

func (p *webPageUse) agent() string {
	if p.withAgent*10 <= p.answers {
		return "it has no user agent"
	}
	return strings.Join(p.agents.sorted(), ", ")
}

// askedBy is how many requests the clients of a page made in all.
func (s *webSeen) askedBy(p *webPageUse) int {
	n := 0
	for _, c := range p.clients.texts {
		if number := s.clients.named(c); number != nil {
			n += s.asked[*number]
		}
	}
	return n
}

func (s *rarePages) episode(f *Finishing, web *webSeen, page *webPage, p *webPageUse) (Episode, bool) {
	signs := s.signsOf(f, web, p)
	want := s.signs
	if !web.refererLogged && !web.agentLogged {
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
	clients := p.clients.sorted()
	caveats := f.TooShort(Web, s.period)
	if n := len(web.clients.list); n < 5 || percent(web.askedBy(p), web.total) >= 50 && web.total >= 1000 {
		caveats = append(caveats, fmt.Sprintf("of %d requests of %d clients, %d are of those of this page: this may be a proxy, or a server that "+
			"hardly anybody uses, where a page with one client is usual", web.total, n, web.askedBy(p)))
	}
	if len(caveats) > 0 {
		level = levelBelow(level)
	}
	if !web.refererLogged {
		caveats = append(caveats, "the logs do not have the referer: whether a link led to the page is not known")
	}
	if !web.agentLogged {
		caveats = append(caveats, "the logs do not have user agents")
	}
	e := Episode{
		Level: level,
		Summary: fmt.Sprintf("%s was asked for %d times within %s by %s alone, with %d signs of a web shell",
			page.path, p.answers, duration(p.answered.Length()), strings.Join(clients, " and "), len(signs)),
		Group:   []NamedValue{{"server", page.server}, {"page", page.path}, {"client", strings.Join(clients, ", ")}},
		Caveats: caveats,
		First:   p.answered.First, Last: p.answered.Last, Count: p.answers,
		Refs: webRefs(p.samples.all(), page.path),
	}
	for _, sign := range signs {
		e.Facts = append(e.Facts, NamedValue{"sign", sign})
	}
	e.Facts = append(e.Facts, NamedValue{"signs", fmt.Sprintf("%d (high from %d on)", len(signs), want)},
		NamedValue{"clients", fmt.Sprintf("%d (at most %d)", len(clients), s.clients)})
	return e, true
}
