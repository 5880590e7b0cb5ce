package behaviour

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"aldebaran/event"
)

// webNewPage finds a script page that came into being while the evidence was recorded: it was not
// there when it was asked for and then answered; or ASP.NET compiled it; or it was first asked for
// late, by hardly anybody.
//
// ASP.NET compiles a page when it is first asked for after it was written, and leaves page.aspx.<8 hex
// digits>.compiled and App_Web_*.dll in Temporary ASP.NET Files. After an update or a restart it
// compiles many pages at once: those are left out. What is new is told with what speaks for an
// intruder: few clients, data sent, the time between asking in vain and the first answer.
//
// Sources: Microsoft, "Understanding ASP.NET Dynamic Compilation"; NSA/CISA U/OO/134094-20 (new pages
// in web logs); Unit 42, "Phantom Taurus" (2025): OutlookEN.aspx.
func webNewPage() Analytic {
	return Analytic{
		Rule: Rule{
			ID:    "web-new-page",
			Title: "Script Page That Was Not There Before",
			Level: "medium",
			Description: "A script page appeared while the evidence was recorded, and one or two clients used it: it was asked for in vain and " +
				"then answered, or ASP.NET compiled it, or it was first asked for late.",
			Why: "On mail servers pages come with updates only, all at once. A single new page that hardly anybody uses was put there by " +
				"somebody: an intruder tries his web shell as soon as it is written.",
			Benign: "Developers put single pages on servers, and monitoring is set up: ask whether there was a change at that time. Pages of " +
				"an update come together, and many clients ask for them.",
			Next: []string{
				"Get the page's file, with its owner and all of its times, and what ASP.NET compiled from it.",
				"Look for who wrote it: file events, requests and sign-ins in the minutes before the first answer.",
				"Look for programs that the web server started afterwards.",
			},
			Tags: []string{"attack.persistence", "attack.t1505.003"},
			References: []string{
				"https://learn.microsoft.com/previous-versions/aspnet/ms366723(v=vs.100)",
				"https://unit42.paloaltonetworks.com/phantom-taurus/",
			},
		},
		Views:    []View{Web, FileWrite},
		WebPages: true,
		Params: []Param{
			{"clients", 2, "clients", "most clients that a new page has"},
			{"requests", 3, "requests", "fewest answers of a page that is only late"},
			{"late", 50, "percent", "part of the period after which a first answer is late"},
			{"together", 5, "pages", "most pages that come together: more are an update"},
			{"hours", 24, "hours", "shortest period in which new means something"},
		},
		Lists: []List{{"pages", productPages, "patterns of pages that are the products' own, or the site's: not looked at"}},
		New: func(s Settings) (func() State, error) {
			known, err := newKnownPaths(s.List("pages"))
			if err != nil {
				return nil, err
			}
			o := &newPageOptions{
				clients: min(max(s.Int("clients"), 1), maxFewClients), requests: s.Int("requests"), late: s.Int("late"),
				together: s.Int("together"), period: s.Hours("hours"), known: known,
			}
			return func() State { return &newPages{o, bag[compiledPage]{max: maxCompiled}} }, nil
		},
	}
}

// maxCompiled is how many compiled pages are kept: a large application has some thousand.
const maxCompiled = 20_000

type newPageOptions struct {
	clients, requests, late, together int
	period                            time.Duration
	known                             knownPaths
}

// compiledPage is a page that ASP.NET compiled: "owa" and "outlooken.aspx".
type compiledPage struct {
	app, page string
	Ref
}

type newPages struct {
	*newPageOptions
	compiled bag[compiledPage]
}

// See keeps <page>.<8 hex digits>.compiled in Temporary ASP.NET Files\<application>\...: requests are
// counted for all analytics together.
func (s *newPages) See(r *Record) {
	target := r.Text(FileTarget)
	if !hasSuffixFold(target, ".compiled") {
		return
	}
	path := strings.ToLower(string(target[:min(len(target), maxPath)]))
	_, in, ok := strings.Cut(path, `\temporary asp.net files\`)
	if !ok {
		return
	}
	app, _, _ := strings.Cut(in, `\`)
	name := strings.TrimSuffix(lastPart(in), ".compiled")
	page, digits, ok := cutLast(name, '.')
	if !ok || len(digits) != 8 || strings.Trim(digits, "0123456789abcdef") != "" || scriptPath([]byte(page)) == nil {
		return
	}
	s.compiled.add(compiledPage{app, page, r.Ref(fmt.Sprintf("ASP.NET compiled %s of %s", page, app))})
}

func cutLast(s string, sep byte) (before, after string, found bool) {
	at := strings.LastIndexByte(s, sep)
	if at < 0 {
		return s, "", false
	}
	return s[:at], s[at+1:], true
}

// Join adds a later piece of evidence.
func (s *newPages) Join(later State) { s.compiled.join(&later.(*newPages).compiled) }

// Finish looks at pages that hardly anybody uses, and at those that were compiled alone.
func (s *newPages) Finish(f *Finishing) {
	web := f.web()
	web.noteFull(f)
	s.compiled.noteDropped(f, "compiled pages")
	alone := newCompilations(s.compiledAlone())
	late, all := s.latePages(f, web)
	tooMany := late > max(s.together, all/20)
	for _, page := range web.pages.each() {
		n := page.answers()
		if n == 0 || page.visits == 1 && n < s.requests && len(alone.pages) == 0 || s.known.has(page.path) {
			continue // of one request alone only when it came, or that the page was compiled, can tell something
		}
		p := page.use()
		compiled := alone.take(page.path, p.answered)
		e := s.episode(f, page, p, compiled)
		switch {
		case !s.isFew(p):
		case len(compiled) > 0:
			f.Emit(e("asked for by hardly anybody, and compiled by ASP.NET at that time", 2))
		case p.inVain > 0 && p.missing.First.Before(p.answered.First):
			f.Emit(e(fmt.Sprintf("it was asked for in vain from %s before the first answer on", duration(p.answered.First.Sub(p.missing.First))), 1))
		case s.isLate(f, p) && !tooMany:
			f.Emit(e("it was first asked for late in the period", 0))
		}
	}
	for i, c := range alone.pages {
		if alone.taken[i] || s.known.has("/"+c.page) || s.known.has("/"+c.app+"/auth/"+c.page) || s.known.has("/"+c.app+"/"+c.page) {
			continue
		}
		f.Emit(Episode{
			Level:   "low",
			Summary: fmt.Sprintf("ASP.NET compiled %s of the application %s, and hardly any other page at that time", c.page, c.app),
			Group:   []NamedValue{{"application", c.app}, {"page", c.page}},
			Facts:   []NamedValue{{"pages compiled within the hour", fmt.Sprintf("at most %d (more are an update)", s.together)}},
			Caveats: []string{"the evidence has no request for the page: how it is used is not known, and the first page after a restart is compiled too"},
			Refs:    []Ref{c.Ref},
		})
	}
}

// compiledAlone gives the compiled pages on whose host hardly any other was compiled within an hour, in
// order of time.
func (s *newPages) compiledAlone() []compiledPage {
	all := s.compiled.sorted(func(a, b compiledPage) int {
		if n := strings.Compare(a.Host, b.Host); n != 0 {
			return n
		}
		return compareRefs(a.Ref, b.Ref)
	})
	var alone []compiledPage
	from, to := 0, 0
	for i, c := range all {
		for from < i && (all[from].Host != c.Host || c.Time.Sub(all[from].Time) > time.Hour) {
			from++
		}
		for to = max(to, i); to < len(all) && all[to].Host == c.Host && all[to].Time.Sub(c.Time) <= time.Hour; {
			to++
		}
		if to-from <= s.together {
			alone = append(alone, c)
		}
	}
	return alone
}

// compilations are compiled pages, found by their name.
type compilations struct {
	pages  []compiledPage
	byName map[string][]int
	taken  []bool
}

func newCompilations(pages []compiledPage) compilations {
	c := compilations{pages, map[string][]int{}, make([]bool, len(pages))}
	for i, p := range pages {
		c.byName[p.page] = append(c.byName[p.page], i)
	}
	return c
}

// take takes those out that belong to a page: of its name, at the time of its first answer.
func (c *compilations) take(path string, answered event.Period) []Ref {
	var refs []Ref
	for _, i := range c.byName[lastPart(path)] {
		if p := &c.pages[i]; !c.taken[i] && p.Time.Sub(answered.First).Abs() <= time.Hour {
			c.taken[i] = true
			refs = append(refs, p.Ref)
		}
	}
	return refs
}

// isFew tells whether few clients were answered.
func (s *newPages) isFew(p *webPageUse) bool {
	return !p.clients.many && len(p.clients.texts) <= s.clients
}

// latePages counts the pages that were first asked for late, and all that answered.
func (s *newPages) latePages(f *Finishing, web *webSeen) (late, all int) {
	for _, page := range web.pages.each() {
		if n := page.answers(); n > 0 {
			all++
			if n >= s.requests && s.isLate(f, page.use()) {
				late++
			}
		}
	}
	return late, all
}

func (s *newPages) isLate(f *Finishing, p *webPageUse) bool {
	period := f.Period(Web)
	return s.isFew(p) && p.answers >= s.requests && period.Length() >= s.period &&
		p.answered.First.Sub(period.First)*100 >= period.Length()*time.Duration(s.late)
}

// episode prepares what is told of a page: why it is new, and how much that weighs.
func (s *newPages) episode(f *Finishing, page *webPage, p *webPageUse, compiled []Ref) func(why string, weight int) Episode {
	return func(why string, weight int) Episode {
		clients := p.clients.sorted()
		sending := percent(p.sending, p.answers)
		if sending >= 40 {
			weight++
		}
		if slices.ContainsFunc(clients, isOutside) {
			weight++
		}
		e := Episode{
			Level:   [...]string{"low", "low", "medium", "high", "high"}[weight],
			Summary: fmt.Sprintf("%s is new (%s); %s used it %d times within %s", page.path, why, strings.Join(clients, " and "), p.answers, duration(p.answered.Length())),
			Group:   []NamedValue{{"server", page.server}, {"page", page.path}, {"client", strings.Join(clients, ", ")}},
			Facts: []NamedValue{
				{"clients", fmt.Sprintf("%d (at most %d)", len(clients), s.clients)}, {"requests that send data", fmt.Sprintf("%d%% (from 40%% on)", sending)},
				{"requests in vain", fmt.Sprint(p.inVain)}, {"compiled by ASP.NET", yesNo(len(compiled) > 0)},
			},
			Caveats: f.TooShort(Web, s.period),
			First:   p.answered.First, Last: p.answered.Last, Count: p.answers + len(compiled),
			Refs: append(webRefs(p.samples.all(), page.path), compiled...),
		}
		if p.inVain > 0 {
			e.Count++
			e.Refs = append(e.Refs, webRefs([]webSample{p.firstInVain}, page.path)...)
		}
		if len(e.Caveats) > 0 {
			e.Level = levelBelow(e.Level)
		}
		return e
	}
}
