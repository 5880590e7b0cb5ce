package behaviour

import (
	"fmt"
	"strings"
	"time"

	"aldebaran/english"
	"aldebaran/event"
)

// webStaticPickup finds a file that was put below a web or mail root to be fetched: one client outside
// gets it once or twice, and nobody else ever asks for it.
//
// So what was collected leaves through the server's own web site, past rules for traffic that goes
// out. What speaks for it: the file is large; it lies among Exchange's own files, where nobody
// puts downloads; no link leads to it; before or afterwards it is not there. One of these alone is
// usual (a download that few want), two are told. Pictures, styles and scripts are looked at only if
// they are large: exports were given such names.
//
// Sources: Unit 42, "Through the Cortex XDR Lens" (2023): compressed mailbox exports under other
// extensions, fetched through the web server; Microsoft Sentinel's hunting query for HAFNIUM "exfiltration
// via web root"; CISA AA21-062A.
func webStaticPickup() Analytic {
	return Analytic{
		Rule: Rule{
			ID:    "web-static-pickup",
			Title: "File Below a Web Root Picked Up Once From Outside",
			Level: "medium",
			Description: "One client outside fetched a file from the web server once or twice; nobody else ever asked for it. See the signs " +
				"among the facts.",
			Why: "Intruders put what they collected (mailbox exports, database dumps, archives) where the web server hands it out, fetch it " +
				"and delete it: that looks like an ordinary download.",
			Benign: "Downloads that few people want, files that a supplier was given a link to, and search engines. Ask who put the file " +
				"there; a file of the site is linked from a page and was there before.",
			Next: []string{
				"Look for who wrote the file: file events, archive programs, mailbox exports shortly before.",
				"Get the file, or what is left of it, from the server or its shadow copies.",
				"Look for everything else that this client asked for.",
			},
			Tags:       []string{"attack.exfiltration", "attack.collection", "attack.t1041", "attack.t1567", "attack.t1074.001"},
			References: []string{"https://www.paloaltonetworks.com/blog/security-operations/through-the-cortex-xdr-lens-uncovering-a-new-activity-group-targeting-governments-in-the-middle-east-and-africa/"},
		},
		Views:    []View{Web},
		Requests: fileRequests,
		Params: []Param{
			{"fetches", 2, "requests", "most requests that fetched the whole file"},
			{"bytes", 1 << 20, "bytes", "size from which on a file is large"},
			{"folder", 5, "files", "most such files of one folder: with more it is a folder for downloads"},
			{"hours", 24, "hours", "shortest period in which fetched once means something"},
		},
		Lists: []List{
			{"files", knownFiles, "patterns of files that are fetched rarely and are harmless: not looked at"},
			{"roots", mailRoots, "beginnings of paths where products have their own files only"},
		},
		New: func(s Settings) (func() State, error) {
			known, err := newKnownPaths(s.List("files"))
			if err != nil {
				return nil, err
			}
			o := &pickupOptions{
				fetches: s.Int("fetches"), folder: s.Int("folder"), bytes: int64(s.Param("bytes")), period: s.Hours("hours"),
				known: known, roots: lowerAll(s.List("roots")),
			}
			inVain := func(p *pickup) bool { return p.fetches == nil }
			return func() State {
				return &pickups{pickupOptions: o, files: table[pickup]{max: maxPickups, spare: []func(*pickup) bool{inVain}}}
			}, nil
		},
	}
}

// maxPickups is how many files are told apart at a time. A scanner asks for more that are not there: those make
// room.
const maxPickups = 20_000

var knownFiles = []string{"robots.txt", "ads.txt", "app-ads.txt", "humans.txt", "security.txt", "llms.txt", "license.txt", "readme.txt", "changelog.txt", "sitemap*.gz", "favicon.ico"}

var mailRoots = []string{"/owa/", "/ecp/", "/aspnet_client/", "/ews/", "/oab/", "/autodiscover/", "/rpc/", "/mapi/", "/microsoft-server-activesync/", "/exchange/", "/exchweb/"}

type pickupOptions struct {
	fetches, folder int
	bytes           int64
	period          time.Duration
	known           knownPaths
	roots           []string
}

// pickup is what is known of a file: of one that was only asked for in vain, when that was.
type pickup struct {
	missing periodAt
	*fetches
}

// fetches is what is known of a file that somebody has.
type fetches struct {
	server, client string
	whole, parts   int // requests that fetched all of it, or a part
	others         bool
	links          int
	sent           int64
	fetched        event.Period
	samples        sampler[webSample]
}

type pickups struct {
	*pickupOptions
	files         table[pickup]
	key           []byte
	refererLogged bool
}

// See keeps requests for files of data, and for large parts of a site.
func (s *pickups) See(r *Record) {
	w := r.web()
	switch w.path.kind {
	case dataFile:
	case siteFile:
		if n, ok := r.Int(WebSent); !ok || n < s.bytes {
			return
		}
	default:
		return
	}
	switch w.status {
	case 200, 206, 304, 404, 410:
	default:
		return
	}
	if m := r.Text(WebMethod); string(m) != "GET" || w.query != nil {
		return
	}
	s.refererLogged = s.refererLogged || r.Has(WebReferer)
	s.key = appendPage(s.key[:0], w.server, w.stem)
	if p := s.files.get(s.key); p != nil {
		p.see(r, w)
	}
}

func (p *pickup) see(r *Record, w *webRequest) {
	switch w.status {
	case 404, 410:
		p.missing.add(r.Time())
		return
	}
	if p.fetches == nil {
		p.fetches = &fetches{}
	}
	switch w.status {
	case 304:
		p.others = true // who has it already got it before
		return
	case 206:
		p.parts++
	default:
		p.whole++
	}
	if p.client == "" {
		p.client, p.server = string(w.client), string(w.server)
	}
	p.others = p.others || p.client != string(w.client)
	if r.Text(WebReferer) != nil {
		p.links++
	}
	size, _ := r.Int(WebSent) // 0 if it is not logged
	p.sent += size
	p.fetched.Add(r.Time())
	if !p.others {
		p.samples.add(sampleOf(r, p.server, p.client, w.status))
	} else {
		p.samples = sampler[webSample]{}
	}
}

// Join adds a later piece of evidence.
func (s *pickups) Join(later State) {
	l := later.(*pickups)
	s.refererLogged = s.refererLogged || l.refererLogged
	s.files.join(&l.files, (*pickup).join)
}

func (p *pickup) join(o *pickup) {
	p.missing.join(o.missing)
	switch {
	case o.fetches == nil:
		return
	case p.fetches == nil:
		p.fetches = o.fetches
		return
	}
	if p.client == "" {
		p.client, p.server = o.client, o.server
	}
	p.others = p.others || o.others || o.client != "" && o.client != p.client
	p.whole += o.whole
	p.parts += o.parts
	p.links += o.links
	p.sent += o.sent
	p.fetched.Join(o.fetched)
	p.samples.join(&o.samples)
	if p.others {
		p.samples = sampler[webSample]{}
	}
}

// Finish looks at the files that one client outside fetched.
func (s *pickups) Finish(f *Finishing) {
	if n := s.files.forgotten; n > 0 {
		f.Note("%s files that were asked for in vain were forgotten to make room for others", english.Number(n))
	}
	if s.files.full {
		f.Note("there are more than %d files: those that came later were not looked at", maxPickups)
	}
	folders := map[string]int{}
	var rare []string
	for key, p := range s.files.each() {
		_, path := cutPage(key)
		if p.fetches == nil || p.whole+p.parts == 0 || p.others || p.whole > s.fetches || !isOutside(p.client) || s.known.has(path) {
			continue
		}
		rare = append(rare, key)
		folders[key[:strings.LastIndexByte(key, '/')+1]]++
	}
	left := 0
	for _, key := range rare {
		if folders[key[:strings.LastIndexByte(key, '/')+1]] > s.folder {
			left++
			continue
		}
		if e, ok := s.episode(f, key, s.files.named(key)); ok {
			f.Emit(e)
		}
	}
	if left > 0 {
		f.Note("%d files that were fetched once lie in folders with more than %d of them, which are for downloads: they were left out", left, s.folder)
	}
}

func (s *pickups) episode(f *Finishing, key string, p *pickup) (Episode, bool) {
	server, path := cutPage(key)
	var signs []string
	sign := func(is bool, format string, args ...any) {
		if is {
			signs = append(signs, fmt.Sprintf(format, args...))
		}
	}
	sign(p.sent >= s.bytes, "%d bytes were sent (from %d on)", p.sent, s.bytes)
	for _, root := range s.roots {
		sign(strings.HasPrefix(path, root), "it lies below %s, where there are files of the product only", root)
	}
	sign(s.refererLogged && p.links == 0, "no link led to it")
	missing := p.missing.period()
	sign(missing.Last.After(p.fetched.Last), "it was gone afterwards")
	sign(!missing.First.IsZero() && missing.First.Before(p.fetched.First), "it was not there before")
	if len(signs) < 2 {
		return Episode{}, false
	}
	level := "medium"
	if len(signs) >= 3 {
		level = "high"
	}
	caveats := f.TooShort(Web, s.period)
	if len(caveats) > 0 {
		level = levelBelow(level)
	}
	if p.sent == 0 {
		caveats = append(caveats, "the logs do not have the size of answers")
	}
	size := ""
	if p.sent > 0 {
		size = fmt.Sprintf(" of %d bytes", p.sent)
	}
	e := Episode{
		Level:   level,
		Summary: fmt.Sprintf("%s%s was fetched by %s alone, in %d requests: %s", path, size, p.client, p.whole+p.parts, strings.Join(signs, "; ")),
		Group:   []NamedValue{{"server", server}, {"file", path}, {"client", p.client}},
		Facts:   []NamedValue{{"requests for the whole file", fmt.Sprintf("%d (at most %d)", p.whole, s.fetches)}, {"requests for parts", fmt.Sprint(p.parts)}, {"bytes sent", fmt.Sprint(p.sent)}},
		Caveats: caveats,
		First:   p.fetched.First, Last: p.fetched.Last, Count: p.whole + p.parts,
		Refs: webRefs(p.samples.all(), path),
	}
	for _, s := range signs {
		e.Facts = append(e.Facts, NamedValue{"sign", s})
	}
	return e, true
}
