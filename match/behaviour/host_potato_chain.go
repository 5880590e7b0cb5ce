package behaviour

import (
	"bytes"
	"cmp"
	"fmt"
	"strings"
	"time"
)

// hostPotatoChain finds the way from the account of a service to LocalSystem that the "Potato" tools
// go: the account may impersonate whoever signs in to it, so LocalSystem is made to sign in, to a
// pipe or a port of the intruder's, and a program is started with what it left there.
//
// Three traces, each telling alone and together beyond doubt: a program of LocalSystem whose parent
// runs as a pool of IIS, as SQL Server or as one of the two service accounts (Windows never does
// that: a child has its parent's account unless somebody had a better token); a pipe whose name
// repeats "\pipe\" before the name of a system service, which makes a server connect to the wrong
// one (EfsPotato, PrintSpoofer, RoguePotato); an anonymous network logon from the computer itself.
//
// Actor's use: packs/phantom-taurus H07. How the tools work, for defenders:
// https://learn.microsoft.com/windows/security/threat-protection/security-policy-settings/impersonate-a-client-after-authentication
// https://jlajara.gitlab.io/Potatoes_Windows_Privesc
func hostPotatoChain() Analytic {
	return Analytic{
		Rule: Rule{
			ID:    "host-potato-chain",
			Title: "Service Account Rose to LocalSystem",
			Level: "high",
			Description: "A program of an account that only runs a service started one as LocalSystem, or LocalSystem was made to sign in to a pipe " +
				"that imitates one of Windows.",
			Why: "A child has the account of its parent. It has a mightier one only if the parent got hold of a token of that account, which is what " +
				"the tools called Potato do after a web or database server was taken over.",
			Benign: "Agents for backup and management that run as a service account and start programs as LocalSystem through a broker of their own " +
				"have signed programs in fixed folders: add those to the list \"parents\".",
			Next: []string{
				"Look what the program that runs as LocalSystem did next, and which files it wrote.",
				"Find how the service's account came to run programs at all: a web shell, or xp_cmdshell.",
				"Take the tool's file and its hash, and look for both on other servers.",
			},
			Tags: []string{"attack.privilege-escalation", "attack.t1134.001", "attack.t1068"},
			References: []string{
				"https://learn.microsoft.com/windows/security/threat-protection/security-policy-settings/impersonate-a-client-after-authentication",
				"https://jlajara.gitlab.io/Potatoes_Windows_Privesc",
			},
		},
		Views:          []View{Process, Pipe, Security},
		SecurityEvents: []uint32{4624},
		Params:         []Param{{"minutes", 10, "minutes", "longest time from one trace to the next of the same rise"}},
		Lists: []List{{"parents", []string{
			"svchost.exe", "services.exe", "wininit.exe", "winlogon.exe", "smss.exe", "csrss.exe", "lsass.exe", "wmiprvse.exe", "taskeng.exe",
			"taskhostw.exe", "taskhost.exe", "msiexec.exe", "trustedinstaller.exe", "tiworker.exe", "mpcmdrun.exe", "msmpeng.exe", "sppsvc.exe", "spoolsv.exe",
		}, "programs that may start others with another account than their own, by their names"}},
		New: func(s Settings) (func() State, error) {
			within, brokers := s.Minutes("minutes"), s.List("parents")
			return func() State {
				return &potatoState{
					within: within, brokers: brokers, steps: bag[step]{max: maxPotatoSteps}, programs: table[potatoProgram]{max: maxPotatoPrograms},
					children: bag[potatoChild]{max: maxPotatoChildren},
				}
			}, nil
		},
	}
}

const (
	maxPotatoSteps    = 10_000 // traces: a server with more is not broken into but odd
	maxPotatoChildren = 50_000 // programs of LocalSystem whose parent's account is not known yet
	maxPotatoPrograms = 50_000 // programs of service accounts whose children are waited for
	maxPotatoParents  = 8      // how far a program's descent is followed: shells in shells
)

// The traces.
const (
	potatoRise      uint8 = iota // a program of LocalSystem has a parent of a service
	potatoMade                   // a pipe that imitates one of Windows was made
	potatoConnected              // the kernel connected to it on behalf of a service
	potatoAnonymous              // anonymous logon from the computer itself
)

// potatoProgram is a program of a service's account.
type potatoProgram struct {
	image, parent string // its own path, and its parent's GUID
	as            identity
}

// potatoChild is a program of LocalSystem whose parent's account its record does not tell.
type potatoChild struct {
	parent string // GUID of its parent
	step
}

type potatoState struct {
	within   time.Duration
	brokers  []string
	steps    bag[step]
	programs table[potatoProgram] // by Sysmon's GUID
	children bag[potatoChild]
}

// See keeps traces, programs of services, and programs of LocalSystem that might be theirs.
func (s *potatoState) See(r *Record) {
	switch r.View {
	case Process:
		s.program(r)
	case Pipe:
		s.pipe(r)
	case Security:
		if r.Event.EventID == 4624 && string(r.Text(SecLogonType)) == "3" && isLoopback(r.Text(SecAddress)) && isAnonymous(r) {
			s.steps.add(step{kind: potatoAnonymous, Ref: r.Ref("anonymous network logon from " + r.String(SecAddress))})
		}
	}
}

// isAnonymous tells whether a logon is that of nobody: S-1-5-7, or its English name where the
// record has no SID.
func isAnonymous(r *Record) bool {
	if sid := r.Text(SecTargetUserSid); sid != nil {
		return string(sid) == "S-1-5-7"
	}
	return strings.EqualFold(string(r.Text(SecTargetUser)), "ANONYMOUS LOGON")
}

func (s *potatoState) program(r *Record) {
	session := r.Text(ProcLogon)
	if string(session) == systemSession {
		s.systemProgram(r)
		return
	}
	as := identityOf(r.Text(ProcUser), session)
	if !as.low() || namedOneOf(r.Text(ProcImage), s.brokers) {
		return
	}
	guid := r.Text(ProcGUID)
	if guid == nil {
		return // process ids are used again and again: nothing can be said by them
	}
	if p := s.programs.get(guid); p != nil {
		*p = potatoProgram{r.String(ProcImage), r.String(ProcParentGUID), as}
	}
}

// systemProgram keeps a program of LocalSystem unless its parent may start such.
func (s *potatoState) systemProgram(r *Record) {
	parent := r.Text(ProcParent)
	if len(parent) == 0 || namedOneOf(parent, s.brokers) {
		return
	}
	as := identityOf(r.Text(ProcParentUser), nil)
	if as == systemIdentity {
		return // accounts whose names are in another language are told by the parent's own record
	}
	what := fmt.Sprintf("LocalSystem runs %s, started by %s", Short(cmp.Or(r.String(ProcCommand), r.String(ProcImage)), 120), parent)
	child := step{kind: potatoRise, text: string(lastPart(parent)) + " to " + string(lastPart(r.Text(ProcImage))), Ref: r.Ref(what)}
	if as.low() {
		s.steps.add(child)
		return
	}
	if key := r.String(ProcParentGUID); key != "" {
		s.children.add(potatoChild{key, child})
	}
}

// potatoPipes are services of Windows that such tools make LocalSystem ask for.
var potatoPipes = [...]string{
	"spoolss", "srvsvc", "lsarpc", "lsass", "efsrpc", "netdfs", "epmapper", "samr", "netlogon", "eventlog", "winreg", "atsvc", "wkssvc", "fssagentrpc",
}

func (s *potatoState) pipe(r *Record) {
	name := r.Text(PipeName)
	at := bytes.LastIndex(name, []byte(`\pipe\`))
	if at <= 0 {
		return // \\.\pipe\spoolss itself is written \spoolss
	}
	imitated := string(name[at+len(`\pipe\`):])
	for _, p := range potatoPipes {
		if !strings.EqualFold(p, imitated) {
			continue
		}
		image := r.String(PipeImage)
		if strings.EqualFold(image, "System") {
			s.steps.add(step{kind: potatoConnected, text: imitated, Ref: r.Ref("the system connected to pipe " + string(name))})
		} else if r.Event.EventID != 18 {
			s.steps.add(step{kind: potatoMade, text: imitated, Ref: r.Ref("pipe " + string(name) + " made by " + image)})
		}
		return
	}
}

func (s *potatoState) empty() bool {
	return s.steps.empty() && s.programs.empty() && s.children.empty()
}

// Join adds a later piece of evidence.
func (s *potatoState) Join(later State) {
	o := later.(*potatoState)
	s.steps.join(&o.steps)
	s.children.join(&o.children)
	s.programs.join(&o.programs, func(_, _ *potatoProgram) {})
}

// Finish finds the parents of programs of LocalSystem and puts traces together.
func (s *potatoState) Finish(f *Finishing) {
	s.steps.noteDropped(f, "traces")
	s.children.noteDropped(f, "programs of LocalSystem")
	if s.programs.full {
		f.Note("there are more than %d programs of service accounts: the children of the others were not looked at", maxPotatoPrograms)
	}
	from := map[Ref]string{}
	for _, c := range s.children.items {
		if p := s.programs.named(c.parent); p != nil {
			s.steps.add(c.step)
			from[c.Ref] = s.server(p)
		}
	}
	var anonymous []step // alone they are weak: one episode for a host
	emit := func() {
		if len(anonymous) > 0 {
			f.Emit(potatoEpisode(anonymous, ""))
		}
		anonymous = nil
	}
	episodesOnHosts(&s.steps, s.within, func(together []step) {
		if len(anonymous) > 0 && anonymous[0].Host != together[0].Host {
			emit()
		}
		if kindsOf(together)[potatoAnonymous] == len(together) {
			anonymous = append(anonymous, together...)
			return
		}
		server := ""
		for _, t := range together {
			server = max(server, from[t.Ref])
		}
		f.Emit(potatoEpisode(together, server))
	})
	emit()
}

// server is the web or database server that a program descends from, "" if none.
func (s *potatoState) server(p *potatoProgram) string {
	for range maxPotatoParents {
		name := lastPart(p.image)
		if p.as == webIdentity || p.as == sqlIdentity || strings.EqualFold(name, "w3wp.exe") || strings.EqualFold(name, "sqlservr.exe") {
			return name
		}
		if p = s.programs.named(p.parent); p == nil {
			break
		}
	}
	return ""
}

func potatoEpisode(steps []step, server string) Episode {
	n := kindsOf(steps)
	rise, pipe := textOf(steps, potatoRise), cmp.Or(textOf(steps, potatoConnected), textOf(steps, potatoMade))
	e := Episode{
		Group: []NamedValue{{"host", steps[0].Host}},
		Facts: []NamedValue{
			{"programs of LocalSystem started by a service's account", fmt.Sprint(n[potatoRise])},
			{"pipes made that imitate one of Windows", fmt.Sprint(n[potatoMade])},
			{"connections of the system to them", fmt.Sprint(n[potatoConnected])},
			{"anonymous logons from the computer itself", fmt.Sprint(n[potatoAnonymous])},
		},
		Refs: refsOf(steps),
	}
	if server != "" {
		e.Facts = append(e.Facts, NamedValue{"descends from", server})
	}
	switch {
	case rise != "" && (pipe != "" || n[potatoAnonymous] > 0 || server != ""):
		e.Level = "critical"
		e.Summary = fmt.Sprintf("a service's account rose to LocalSystem: %s", rise)
		if pipe != "" {
			e.Summary += fmt.Sprintf(", with a pipe that imitates %s", pipe)
		}
	case rise != "":
		e.Summary = fmt.Sprintf("a service's account started a program as LocalSystem: %s", rise)
	case n[potatoConnected] > 0:
		e.Summary = fmt.Sprintf("the system connected to a pipe that imitates %s", pipe)
	case n[potatoMade] > 0:
		e.Level = "medium"
		e.Summary = fmt.Sprintf("a pipe was made that imitates %s", pipe)
	default:
		e.Level = "medium"
		e.Summary = fmt.Sprintf("anonymous network logon from the computer itself, %d times", len(steps))
		e.Caveats = []string{"the logon alone can come from a program that asks its own computer for shares without a name"}
	}
	return e
}
