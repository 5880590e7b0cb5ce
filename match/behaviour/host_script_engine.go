package behaviour

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// hostScriptEngine finds a process of a web server that loads the engine of VBScript or JScript, or
// the objects that scripts use for files and programs, where it did not before.
//
// Implants in VBScript that live in the memory of the web server's process were seen after holes in
// Exchange and IIS had been used; the load of vbscript.dll, scrrun.dll or wshom.ocx is the one thing
// of them that logs show (Sysmon 7). Sites in classic ASP load the same, from their first request
// on: they are told by asp.dll in the same pool. What a pool loads from the beginning of the
// evidence on is no news either.
//
// Source: packs/phantom-taurus H02, T1059.005 ("In-memory VBScript implants").
func hostScriptEngine() Analytic {
	return Analytic{
		Rule: Rule{
			ID:    "host-script-engine",
			Title: "Script Engine Loaded in a Web Server's Process for the First Time",
			Level: "high",
			Description: "A process of the web server loaded the engine of VBScript or JScript, or the objects with which scripts reach files and " +
				"programs, although pages in classic ASP are not served there.",
			Why: "Pages in .NET need none of them. An implant written in VBScript that runs in the memory of the web server's process does, and leaves " +
				"no file.",
			Benign: "Sites in classic ASP, which load asp.dll too, and old components that send mail or write tables: ask who runs the site of that pool.",
			Next: []string{
				"Take an image of the memory of that process before the pool is recycled: nothing is left of such an implant afterwards.",
				"Look at the requests to that server in the minutes before, POST requests to single pages first.",
				"Look for programs that the process started and files that it wrote afterwards.",
			},
			Tags: []string{"attack.execution", "attack.t1059.005", "attack.t1505.003"},
		},
		Views: []View{ImageLoad, Process},
		Params: []Param{
			{"baseline_hours", 24, "hours", "time of loads seen on the host before which nothing is called new without a caveat"},
		},
		Lists: []List{{"processes", []string{"w3wp.exe", "umworkerprocess.exe", "iisexpress.exe", "inetinfo.exe"}, "processes of web servers, by their names"}},
		New: func(s Settings) (func() State, error) {
			baseline, processes := s.Hours("baseline_hours"), s.List("processes")
			return func() State {
				return &engineState{
					baseline: baseline, processes: processes,
					pools: table[enginePool]{max: maxEnginePools}, names: table[string]{max: maxEnginePools},
				}
			}, nil
		},
	}
}

const (
	maxEnginePools     = 10_000 // pools and processes together: a large server has some dozen
	maxEngineLibraries = 8      // there are no more to be told apart
)

// engineLibraries are those that scripts need, by their names, with what they are for.
var engineLibraries = [...]struct{ name, what string }{
	{"vbscript.dll", "engine of VBScript"},
	{"jscript.dll", "engine of JScript"},
	{"jscript9.dll", "engine of JScript"},
	{"jscript9legacy.dll", "engine of JScript"},
	{"scrrun.dll", "files for scripts"},
	{"wshom.ocx", "programs for scripts"},
	{"scrobj.dll", "components written as scripts"},
	{"msscript.ocx", "engine for scripts in programs"},
}

// enginePool is what is known of the processes of one pool, or of one process whose pool is not known.
type enginePool struct {
	host, process, name string // name is the pool's, or ""
	guid                string
	first               time.Time // of any load
	classic             bool      // asp.dll was loaded
	loads               int
	libraries           map[string]*engineLoad
}

// engineLoad is the first load of a library.
type engineLoad struct {
	Ref
	count int
}

type engineState struct {
	baseline  time.Duration
	processes []string
	pools     table[enginePool] // by the process's GUID, or its host and name
	names     table[string]     // of pools, by the process's GUID
}

// See keeps loads of processes of web servers.
func (s *engineState) See(r *Record) {
	if r.View == Process {
		if !namedOneOf(r.Text(ProcImage), s.processes) {
			return
		}
		if guid := r.Text(ProcGUID); guid != nil {
			if name := s.names.get(guid); name != nil {
				*name = poolOf(r.Text(ProcCommand), r.Text(ProcUser))
			}
		}
		return
	}
	if !namedOneOf(r.Text(LoadImage), s.processes) {
		return
	}
	p := s.pool(r)
	if p == nil {
		return
	}
	p.loads++
	if t := r.Time(); p.first.IsZero() || !t.IsZero() && t.Before(p.first) {
		p.first = t
	}
	library := lastPart(r.Text(LoadLoaded))
	if strings.EqualFold(string(library), "asp.dll") {
		p.classic = true
	}
	for _, l := range engineLibraries {
		if strings.EqualFold(l.name, string(library)) {
			p.add(l.name, engineLoad{r.Ref(fmt.Sprintf("%s loaded %s (%s)", p.process, r.Text(LoadLoaded), l.what)), 1})
		}
	}
}

// add keeps the earliest load of a library.
func (p *enginePool) add(library string, l engineLoad) {
	have := p.libraries[library]
	if have == nil {
		if len(p.libraries) < maxEngineLibraries {
			p.libraries[library] = &l
		}
		return
	}
	l.count += have.count
	if compareRefs(have.Ref, l.Ref) <= 0 {
		l.Ref = have.Ref
	}
	*have = l
}

// poolOf is the pool of a process of IIS, from "-ap "NAME"" in its command or from its account.
func poolOf(command, user []byte) string {
	if _, after, ok := strings.Cut(string(command), `-ap "`); ok {
		name, _, _ := strings.Cut(after, `"`)
		return name
	}
	if hasPrefixFold(user, `iis apppool\`) {
		return string(user[len(`iis apppool\`):])
	}
	return ""
}

// pool gives the pool or process that a record of a load is about; nil if there is no room.
func (s *engineState) pool(r *Record) *enginePool {
	key := r.Text(LoadGUID)
	if key == nil {
		key = []byte(r.Host() + "|" + string(lastPart(r.Text(LoadImage))))
	}
	p := s.pools.get(key)
	if p != nil && p.process == "" {
		*p = enginePool{
			host: r.Host(), process: lastPart(r.String(LoadImage)), guid: r.String(LoadGUID), name: poolOf(nil, r.Text(LoadUser)),
			libraries: map[string]*engineLoad{},
		}
	}
	return p
}

func (s *engineState) empty() bool { return s.pools.empty() && s.names.empty() }

// Join adds a later piece of evidence.
func (s *engineState) Join(later State) {
	o := later.(*engineState)
	s.names.join(&o.names, func(_, _ *string) {})
	s.pools.join(&o.pools, (*enginePool).join)
}

func (p *enginePool) join(o *enginePool) {
	p.name = cmp.Or(p.name, o.name)
	p.classic = p.classic || o.classic
	p.loads += o.loads
	if p.first.IsZero() || !o.first.IsZero() && o.first.Before(p.first) {
		p.first = o.first
	}
	for _, library := range slices.Sorted(maps.Keys(o.libraries)) {
		p.add(library, *o.libraries[library])
	}
}

// Finish joins the processes of each pool, and emits the first loads.
func (s *engineState) Finish(f *Finishing) {
	if s.pools.full || s.names.full {
		f.Note("there are more than %d processes of web servers: the others were not looked at", maxEnginePools)
	}
	since := map[string]time.Time{} // the first load of a web server's process on a host
	pools := map[string]*enginePool{}
	for _, p := range s.pools.each() {
		if name := s.names.named(p.guid); name != nil {
			p.name = cmp.Or(p.name, *name)
		}
		if t, ok := since[p.host]; !ok || p.first.Before(t) {
			since[p.host] = p.first
		}
		whole := p.host + "|" + p.process + "|" + cmp.Or(p.name, p.guid)
		if have := pools[whole]; have != nil {
			have.join(p)
		} else {
			pools[whole] = p
		}
	}
	for _, key := range slices.Sorted(maps.Keys(pools)) {
		if p := pools[key]; len(p.libraries) > 0 {
			f.Emit(s.episode(f, p, since[p.host]))
		}
	}
}

func (s *engineState) episode(f *Finishing, p *enginePool, since time.Time) Episode {
	names := slices.Sorted(maps.Keys(p.libraries))
	e := Episode{Group: []NamedValue{{"host", p.host}, {"process", p.process}}}
	where := p.process
	if p.name != "" {
		e.Group = append(e.Group, NamedValue{"pool", p.name})
		where += " (pool " + p.name + ")"
	}
	first := Ref{}
	for _, n := range names {
		l := p.libraries[n]
		e.Refs = append(e.Refs, l.Ref)
		e.Count += l.count
		if first.Time.IsZero() || l.Time.Before(first.Time) {
			first = l.Ref
		}
	}
	before := first.Time.Sub(since)
	e.Summary = fmt.Sprintf("%s loaded %s, first after %s of loads on the host", where, strings.Join(names, ", "), duration(before))
	e.Facts = []NamedValue{
		{"loads of these libraries", fmt.Sprint(e.Count)}, {"other loads of the same processes", fmt.Sprint(p.loads - e.Count)},
		{"loads of web servers on the host before", duration(before)}, {"asp.dll loaded too", yesNo(p.classic)},
	}
	mail := strings.HasPrefix(p.name, "MSExchange")
	switch {
	case p.classic:
		e.Level = "low"
		e.Caveats = append(e.Caveats, "the same pool loads asp.dll: it serves pages in classic ASP, which need these libraries")
	case mail:
		e.Level = "critical" // no page of Exchange needs a script engine
	case before < s.baseline:
		e.Level = levelBelow(f.rule.Level)
		e.Caveats = append(e.Caveats, fmt.Sprintf("the evidence has %s of loads of web servers on the host before, less than %s: the pool may load these libraries always", duration(before), duration(s.baseline)))
	}
	return e
}
