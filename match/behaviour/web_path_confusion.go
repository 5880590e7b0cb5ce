package behaviour

import (
	"bytes"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"
)

// Three analytics find requests that a front end takes for one thing and hands to another: to a back end
// that nobody outside may ask. They differ in the trick, for it tells the weakness, and so what to mend. One
// client's requests are looked at together, tries and successes.
//
// Sources: Microsoft's Test-ProxyLogon.ps1 (the conditions on AnchorMailbox are its own); Orange Tsai,
// "A New Attack Surface on MS Exchange" (2021) and "Breaking Parser Logic" (2018); CrowdStrike on
// OWASSRF (2022).

// webPathConfusion: the part before an @ in the address of Autodiscover (ProxyShell, ProxyNotShell) or of
// OWA (OWASSRF) is taken for a mailbox.
func webPathConfusion() Analytic {
	return confusion(Rule{
		ID:    "web-path-confusion",
		Title: "Back End of Exchange Reached Through a Confused Path",
		Description: "A client sent requests whose path makes the front end of Exchange pass them to a back end that clients may not ask: " +
			"remote PowerShell, administration or mailboxes.",
		Next: append(afterExchange(), "Check whether the server has the updates of July 2021 and November 2022."),
		References: []string{
			"https://blog.orange.tw/posts/2021-08-proxyshell-a-new-attack-surface-on-ms-exchange-part-3/",
			"https://www.crowdstrike.com/blog/owassrf-exploit-analysis-and-recommendations/",
		},
	}, func(c *confused, a asking) bool {
		return c.byAutodiscover(a.path, a.request) || c.byOWA(a.path, a.request)
	})
}

// webForwardedByCookie: a cookie names the back end's address, which HttpProxy logs as AnchorMailbox
// "ServerInfo~host/path", or data goes to a file that is only handed out (ProxyLogon).
func webForwardedByCookie() Analytic {
	return confusion(Rule{
		ID:    "web-forwarded-by-cookie",
		Title: "Back End of Exchange Named by the Client",
		Description: "A client named the back end of Exchange that its request is passed to, in a cookie, or sent data to a file that is only " +
			"handed out: the front end did so without a password.",
		Next: append(afterExchange(), "Check whether the server has the updates of March 2021."),
		References: []string{
			"https://github.com/microsoft/CSS-Exchange/blob/main/Security/src/Test-ProxyLogon.ps1",
			"https://blog.orange.tw/posts/2021-08-proxylogon-a-new-attack-surface-on-ms-exchange-part-1/",
		},
	}, func(c *confused, a asking) bool {
		return c.byAnchor(a.anchor) || c.byCookie(a.path, a.cookie) || c.byStatic(a.path, a.method)
	})
}

// webPathParameter: servers in front of Java's leave a parameter after two dots ("..;") as it is, and
// Java's take it for the folder above.
func webPathParameter() Analytic {
	return confusion(Rule{
		ID:    "web-path-parameter",
		Title: "Application Behind a Proxy Reached Through Two Dots and a Parameter",
		Description: "A client sent requests with \"..;\" in the path: the server in front takes it for a name, the one behind for the folder above, so that " +
			"pages that need a password or are for inside answer.",
		Next:       []string{"Look for what the answered requests did: new accounts, applications laid on the server, commands.", "Ask the maker for the version in which it is mended."},
		References: []string{"https://i.blackhat.com/us-18/Wed-August-8/us-18-Orange-Tsai-Breaking-Parser-Logic-Take-Your-Path-Normalization-Off-And-Pop-0days-Out-2.pdf"},
	}, func(c *confused, a asking) bool { return c.byParameter(a.path) })
}

// afterExchange is what to look at after Exchange was reached.
func afterExchange() []string {
	return []string{
		"Look for what the answered requests did: Exchange's logs of commands (MSExchange Management, CmdletInfra), mailbox exports, virtual directories.",
		"Look for script pages written below owa\\auth, ecp\\auth and aspnet_client after the first answered request.",
	}
}

// confusion is an analytic over requests that use one of some tricks.
func confusion(r Rule, trick func(*confused, asking) bool) Analytic {
	r.Level = "high"
	r.Why = "No client makes such requests by accident. Where the back end answered, it did so in the name of the server itself, without a password."
	r.Benign = "Security scanners of your own send the same: ask whether one ran, from that address. Without an answered request the " +
		"server probably refused; nearly every server on the internet is tried."
	r.Next = append(r.Next, "Look for the client's address in all other logs.")
	r.Tags = []string{"attack.initial-access", "attack.t1190"}
	return Analytic{
		Rule: r, Views: []View{Web}, Requests: confusingRequests,
		Params: []Param{{"hours", 24, "hours", "longest pause between two requests of one chain"}},
		New: func(s Settings) (func() State, error) {
			pause := s.Hours("hours")
			return func() State { return &confusedPaths{pause: pause, trick: trick, seen: bag[confused]{max: maxConfused}} }, nil
		},
	}
}

// asking is what of a request the tricks are in: path and request with codes undone, in lower case.
type asking struct {
	path, request          string
	anchor, cookie, method []byte
}

// maxConfused is how many such requests are kept: scanners send some hundred.
const maxConfused = 20_000

// A confused request: which trick, what it wanted, and whether it was answered.
type confused struct {
	client, trick, target string
	worst                 bool // the target lets whoever reaches it run commands
	answered, redirected  bool
	Ref
}

type confusedPaths struct {
	pause time.Duration
	trick func(*confused, asking) bool
	// request is the one that is looked at: nearly all are none.
	request confused
	seen    bag[confused]
}

// See keeps requests that use one of the analytic's tricks.
func (s *confusedPaths) See(r *Record) {
	w := r.web()
	c := &s.request
	*c = confused{}
	path, request := w.decoded()
	if !s.trick(c, asking{path, request, r.Text(WebAnchor), r.Text(WebCookie), r.Text(WebMethod)}) {
		return
	}
	c.answered, c.redirected = succeeded(w.status), w.status == 301 || w.status == 302
	c.client = string(w.client)
	c.Ref = r.Ref(fmt.Sprintf("%s %s %d from %s: %s", methodName(r.Text(WebMethod)), Short(request, 120), w.status, c.client, c.trick))
	s.seen.add(*c)
}

// mayNameBackEnd is the quick look at an anchor.
func mayNameBackEnd(anchor []byte) bool {
	return len(anchor) >= len("server") && (anchor[0] == 'S' || anchor[0] == 's') && string(anchor[1:len("server")]) == "erver"
}

// mayConfuse is the quick look at a path: nearly all end here.
func mayConfuse(stem []byte) bool {
	if bytes.IndexByte(stem, '@') >= 0 || bytes.IndexByte(stem, '%') >= 0 || bytes.IndexByte(stem, ';') >= 0 {
		return true
	}
	if len(stem) < len("/ecp/") {
		return false
	}
	switch stem[1] | 0x20 {
	case 'a':
		return hasPrefixFold(stem, "/autodiscover/autodiscover.json")
	case 'e':
		return hasPrefixFold(stem, "/ecp/") && isStatic(stem)
	case 'o':
		return hasPrefixFold(stem, "/owa/auth/") && isStatic(stem)
	}
	return false
}

// isStatic tells whether a path ends as files do that Exchange hands out without a password.
func isStatic(path []byte) bool {
	return kindOf(path[bytes.LastIndexByte(path, '.')+1:]) == siteFile
}

// decodedRequest gives path and request in lower case with percent codes undone, twice as intruders
// encode them; what cannot be undone stays.
func decodedRequest(stem, query []byte) (path, request string) {
	path = undone(stem)
	if len(query) == 0 {
		return path, path
	}
	return path, path + "?" + undone(query)
}

// maxUndone is how much of a path and of a query is looked at.
const maxUndone = 2048

func undone(b []byte) string {
	s := strings.ToLower(string(b[:min(len(b), maxUndone)]))
	for range 2 {
		u, err := url.PathUnescape(s)
		if err != nil {
			break
		}
		s = strings.ToLower(u)
	}
	return s
}

// backEnds are what is asked for behind the front end, in the order in which a request is held against
// them: a request to PowerShell names Autodiscover too.
var backEnds = [...]struct {
	part, name string
	worst      bool
}{
	{"/powershell", "remote PowerShell", true},
	{"x-rps-cat", "remote PowerShell", true},
	{"/mapi/", "mailboxes by MAPI", false},
	{"/ews/", "mailboxes by EWS", false},
	{"/ecp/", "administration (ECP)", true},
	{"/oab/", "address books", false},
	{"/owa/", "mailboxes by OWA", false},
}

func (c *confused) reach(request string) bool {
	for _, b := range backEnds {
		if strings.Contains(request, b.part) {
			c.target, c.worst = b.name, b.worst
			return true
		}
	}
	return false
}

func (c *confused) byAutodiscover(path, request string) bool {
	const prefix = "/autodiscover/autodiscover.json"
	c.trick = "an address before Autodiscover's @"
	rest, ok := strings.CutPrefix(request, prefix)
	return ok && strings.HasPrefix(path, prefix) && strings.Contains(rest, "@") && c.reach(rest)
}

func (c *confused) byOWA(path, request string) bool {
	c.trick = "an address before OWA's @"
	c.target, c.worst = "remote PowerShell", true
	rest, ok := strings.CutPrefix(path, "/owa/")
	return ok && strings.Contains(rest, "@") && strings.Contains(request, "/powershell")
}

// byAnchor has the conditions of Test-ProxyLogon.ps1.
func (c *confused) byAnchor(anchor []byte) bool {
	c.trick = "a back end named by a cookie"
	if len(anchor) > maxUndone {
		anchor = anchor[:maxUndone]
	}
	rest, ok := strings.CutPrefix(strings.ToLower(string(anchor)), "serverinfo~")
	if !ok {
		return false
	}
	host, path, ok := strings.Cut(rest, "/")
	if !ok || strings.HasPrefix(host, "localhost") || strings.HasPrefix(path, "autodiscover") {
		return false
	}
	if !c.reach("/" + path) {
		c.target, c.worst = "/"+path, false
	}
	return true
}

func (c *confused) byCookie(path string, cookie []byte) bool {
	c.trick = "a back end named by a cookie"
	if len(cookie) == 0 || !strings.HasPrefix(path, "/ecp/") && !strings.HasPrefix(path, "/owa/auth/") {
		return false
	}
	_, value, ok := strings.Cut(undone(cookie), "x-beresource=")
	if !ok {
		_, value, ok = strings.Cut(undone(cookie), "x-anonresource-backend=")
	}
	value, _, _ = strings.Cut(value, ";")
	_, address, named := strings.Cut(value, "/")
	if !ok || !named {
		return false
	}
	if !c.reach("/" + address) {
		c.target, c.worst = "/"+address, false
	}
	return true
}

// byStatic is data sent to files that are only handed out: what ProxyLogon did first.
func (c *confused) byStatic(path string, method []byte) bool {
	c.trick = "data sent to a static file"
	c.target, c.worst = "Exchange's front end", false
	if string(method) != "POST" {
		return false
	}
	name, ok := strings.CutPrefix(path, "/ecp/")
	if ok {
		return strings.HasSuffix(name, ".js") && len(name) <= len("abc.js")
	}
	return strings.HasPrefix(path, "/owa/auth/current/themes/resources/")
}

func (c *confused) byParameter(path string) bool {
	c.trick = "a parameter after two dots"
	_, after, ok := strings.Cut(path, "/..;")
	if !ok {
		return false
	}
	_, after, _ = strings.Cut(after, "/")
	first, _, _ := strings.Cut(strings.ReplaceAll(after, "..;/", ""), "/")
	c.target = "/" + first
	c.worst = slices.Contains([]string{"manager", "host-manager", "console", "jmx-console", "actuator"}, first)
	return true
}

// Join adds a later piece of evidence.
func (s *confusedPaths) Join(later State) { s.seen.join(&later.(*confusedPaths).seen) }

// Finish puts what each client sent to each server into chains.
func (s *confusedPaths) Finish(f *Finishing) {
	s.seen.noteDropped(f, "requests")
	all := s.seen.sorted(func(a, b confused) int {
		if n := strings.Compare(a.client+"\x00"+a.Host, b.client+"\x00"+b.Host); n != 0 {
			return n
		}
		return compareRefs(a.Ref, b.Ref)
	})
	for len(all) > 0 {
		n := 1
		for n < len(all) && all[n].client == all[0].client && all[n].Host == all[0].Host && all[n].Time.Sub(all[n-1].Time) <= s.pause {
			n++
		}
		f.Emit(confusedEpisode(all[:n]))
		all = all[n:]
	}
}

func confusedEpisode(chain []confused) Episode {
	e := Episode{Group: []NamedValue{{"server", chain[0].Host}, {"client", chain[0].client}}}
	var tricks, reached, tried []string
	answered, redirected, worst, before := 0, 0, false, 0
	for _, c := range chain {
		e.Refs = append(e.Refs, c.Ref)
		tricks = appendNew(tricks, c.trick)
		tried = appendNew(tried, c.target)
		if c.answered {
			answered++
			reached = appendNew(reached, c.target)
			worst = worst || c.worst
		} else if answered == 0 {
			before++
		}
		if c.redirected {
			redirected++
		}
	}
	took := duration(chain[len(chain)-1].Time.Sub(chain[0].Time))
	e.Facts = []NamedValue{
		{"requests", fmt.Sprint(len(chain))}, {"answered", fmt.Sprint(answered)}, {"redirected", fmt.Sprint(redirected)}, {"refused before the first answered one", fmt.Sprint(before)},
		{"tricks", strings.Join(tricks, "; ")},
	}
	switch {
	case answered == 0:
		e.Level = "medium"
		if !slices.ContainsFunc(tricks, func(t string) bool { return t != "a parameter after two dots" }) {
			e.Level = "low"
		}
		e.Summary = fmt.Sprintf("%s tried to reach %s by %s: %d requests within %s, none answered", chain[0].client, strings.Join(tried, " and "), strings.Join(tricks, " and "), len(chain), took)
		e.Caveats = []string{"the server answered none of the requests: scanners of the whole internet try the same"}
		if redirected > 0 {
			e.Caveats = append(e.Caveats, "it redirected some: servers that send everybody to https do so, and those of Exchange that lack updates")
		}
	default:
		if worst {
			e.Level = "critical"
		}
		e.Summary = fmt.Sprintf("%s reached %s by %s: %d of %d requests within %s were answered", chain[0].client, strings.Join(reached, " and "), strings.Join(tricks, " and "), answered, len(chain), took)
	}
	return e
}

func appendNew(texts []string, t string) []string {
	if slices.Contains(texts, t) {
		return texts
	}
	return append(texts, t)
}
