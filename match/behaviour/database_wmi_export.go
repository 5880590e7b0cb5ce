package behaviour

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"aldebaran/english"
)

// databaseWMIExport finds a database server on which something that came by WMI runs a batch or a console
// of the database, results are written to a file, and the file is fetched over an administrators' share or
// deleted.
//
// That is how the actor of Phantom Taurus empties SQL Servers since early 2025: a batch (mssq.bat) that WMI
// starts signs in as sa, queries and exports as CSV (Unit 42, "Phantom Taurus", September 2025). What WMI
// starts is a child of WmiPrvSE.exe. The steps stand in several logs of one host: programs (Sysmon 1,
// Security 4688), files (Sysmon 11, 23), shares (Security 5145); and it is a database server if
// sqlservr.exe runs there or writes events. An hour from step to step is what a session has and two
// jobs of one night rarely; 5145 with C$ or ADMIN$ needs administrators' rights.
func databaseWMIExport() Analytic {
	return Analytic{
		Rule: Rule{
			ID:    "db-wmi-export",
			Title: "Database Exported by a Remote Batch",
			Level: "high",
			Description: "On a database server WMI started a batch or a console of the database (sqlcmd, osql, bcp), or a console wrote results to a file " +
				"which was then fetched over an administrators' share.",
			Why: "Who administers a database does it from his own computer or by the server's own jobs. WMI, a batch, a file and a fetch over C$ " +
				"is how somebody works who has an administrator's password and no wish to sign in.",
			Benign: "Software distribution and backup agents start batches by WMI: they lie in a fixed folder of theirs, run on many computers, and export nothing. " +
				"Interfaces between systems export with sqlcmd each night to a share of their own, not C$.",
			Next: []string{
				"Get the batch and the file, or what is left of them: their text says what was asked for.",
				"Find out from which computer WMI was called: network sign-ins (4624, type 3) just before it.",
				"Look at the database's audit for that time: the account, the tables and the rows.",
				"Change the password that stands in the batch or on the command line.",
			},
			Tags: []string{"attack.execution", "attack.collection", "attack.lateral-movement", "attack.t1047", "attack.t1059.003", "attack.t1213.006", "attack.t1074.001", "attack.t1039"},
			References: []string{
				"https://unit42.paloaltonetworks.com/phantom-taurus/",
				"https://learn.microsoft.com/sql/tools/sqlcmd/sqlcmd-utility",
				"https://learn.microsoft.com/previous-versions/windows/it-pro/windows-10/security/threat-protection/auditing/event-5145",
			},
		},
		Views:          []View{Process, FileWrite, FileGone, Security, Database},
		SecurityEvents: []uint32{shareChecked},
		Params:         []Param{{"minutes", 60, "minutes", "longest time from one step to the next"}},
		Lists: []List{{"extensions", []string{
			".csv", ".txt", ".rpt", ".bak", ".rar", ".zip", ".7z", ".dat", ".tsv", ".xml", ".json", ".sql", ".cab", ".log",
		}, "endings of names of files that results are written to"}, {"agents", []string{
			`:\windows\ccmcache\`, `:\windows\ccm\`, `:\program files\veeam\`, `:\program files\veritas\`, `:\program files\commvault\`, `:\program files\tivoli\tsm\`,
			`:\program files\microsoft data protection manager\`, `:\program files\microsoft monitoring agent\`, `:\program files\vmware\`, `:\program files\netapp\`,
			`:\program files\qualys\`, `:\program files\tenable\`, `:\program files (x86)\qualys\`, `:\program files (x86)\ivanti\`, `:\program files (x86)\landesk\`,
		}, "beginnings of paths, from the colon of the drive on, of folders in which agents of management keep their batches, in lower case"}},
		New: func(s Settings) (func() State, error) {
			consoles := []string{"sqlcmd.exe", "osql.exe", "bcp.exe", "isql.exe", "sqlps.exe"}
			shells := []string{"cmd.exe", "powershell.exe", "pwsh.exe"}
			state := exportState{within: s.Minutes("minutes"), extensions: s.List("extensions"), agents: s.List("agents"), consoles: consoles, shells: shells, writers: slices.Concat(consoles, shells)}
			return func() State {
				one := state
				one.servers.max, one.seen.max = maxServers, maxExportSteps
				return &one
			}, nil
		},
	}
}

// Bounds of exports.
const (
	maxServers     = 10_000 // database servers
	maxExportSteps = 50_000 // steps, about 30 MB; most are files that are fetched over administrators' shares
	maxCommand     = 1024   // bytes of a command that are looked at for names of files
)

// The steps of an export.
const (
	exportByWMI            uint8 = iota // WMI started a batch, or a shell that runs one
	exportConsole                       // a console of the database was started
	exportWritten                       // a file with results was written by a shell
	exportWrittenByConsole              // the same by a console, which tells that one ran
	exportFetched                       // a file was opened over an administrators' share
	exportGone                          // a file was deleted
)

type exportState struct {
	within             time.Duration
	extensions, agents []string
	// consoles are the programs of SQL Server's command line, shells those that run batches, writers those
	// whose files may be results.
	consoles, shells, writers []string

	servers table[struct{}]
	seen    bag[step]
	// last is the host of the database record before: a log is of one host.
	last string
}

// See keeps what may be a step, and which hosts are database servers.
func (s *exportState) See(r *Record) {
	switch r.View {
	case Process:
		s.program(r)
	case FileWrite:
		if target := r.Text(FileTarget); s.isResult(target) && namedOneOf(r.Text(FileImage), s.writers) {
			kind := exportWritten
			if namedOneOf(r.Text(FileImage), s.consoles) {
				kind = exportWrittenByConsole
			}
			s.add(r, kind, lastPart(target), fmt.Sprintf("%s wrote %s", lastPart(r.Text(FileImage)), target))
		}
	case FileGone:
		if target := r.Text(FileTarget); s.isResult(target) || isBatch(target) {
			s.add(r, exportGone, lastPart(target), fmt.Sprintf("%s deleted %s", lastPart(r.Text(FileImage)), target))
		}
	case Security:
		if r.Event.EventID == shareChecked && isAdminShareName(r.Text(SecShare)) && s.isResult(r.Text(SecRelative)) {
			file := r.Text(SecRelative)
			s.add(r, exportFetched, lastPart(file), fmt.Sprintf("%s opened %s on %s from %s", r.Text(SecSubjectUser), file, r.Text(SecShare), r.Text(SecAddress)))
		}
	case Database:
		if r.Event.Product == "windows" && r.Event.Computer != s.last {
			s.last = r.Event.Computer
			s.server(r)
		}
	}
}

// shareChecked is the event of Windows for a file or folder of a share that somebody wants to open.
const shareChecked = 5145

func (s *exportState) server(r *Record) {
	if host := r.Host(); host != "" {
		s.servers.get([]byte(ShortHost(host)))
	}
}

// program looks at a program that was started.
func (s *exportState) program(r *Record) {
	image, parent := r.Text(ProcImage), r.Text(ProcParent)
	if hasSuffixFold(image, "sqlservr.exe") || hasSuffixFold(parent, "sqlservr.exe") {
		s.server(r)
	}
	console := namedOneOf(image, s.consoles)
	wmi := hasSuffixFold(parent, "wmiprvse.exe")
	shell := namedOneOf(image, s.shells)
	if !console && !wmi && !shell {
		return
	}
	command := r.Text(ProcCommand)
	command = command[:min(len(command), maxCommand)]
	if shell && !console {
		console = containsFold(command, "invoke-sqlcmd") || wmi && containsFold(command, "sqlcmd ") || wmi && containsFold(command, "bcp ")
	}
	batch := wmi && (console || shell && s.hasBatch(command))
	if !batch && !console {
		return
	}
	what := fmt.Sprintf("%s started %s", cmp.Or(string(lastPart(parent)), "something"), cmp.Or(string(command), string(image)))
	if batch {
		s.add(r, exportByWMI, command, what)
	}
	if console {
		s.add(r, exportConsole, command, what)
	}
}

// hasBatch tells whether a command names a batch that is none of an agent's.
func (s *exportState) hasBatch(command []byte) bool {
	for from, at := 0, 0; ; at++ {
		n := bytes.IndexByte(command[at:], '.')
		if n < 0 {
			return false
		}
		at += n
		end := at + len(".bat")
		if !hasPrefixFold(command[at:], ".bat") && !hasPrefixFold(command[at:], ".cmd") || end < len(command) && isLetterOrDigit(command[end]) {
			continue
		}
		if !s.isOfAgent(command[from:end]) {
			return true
		}
		from = end
	}
}

// isOfAgent tells whether the path that a part of a command ends with is in a folder of an agent. A path that
// leads out of it again, and one that another program stands in, is none.
func (s *exportState) isOfAgent(part []byte) bool {
	drive := bytes.LastIndex(part, []byte(`:\`))
	if drive < 0 {
		return false
	}
	path := part[drive:]
	return slices.ContainsFunc(s.agents, func(folder string) bool { return hasPrefixFold(path, folder) }) &&
		!bytes.ContainsAny(path, `"&|<>`) && !containsFold(path, ".exe") && !bytes.Contains(path, []byte(".."))
}

func isBatch(path []byte) bool { return hasSuffixFold(path, ".bat") || hasSuffixFold(path, ".cmd") }

// isResult tells whether a file may hold results, by its name.
func (s *exportState) isResult(path []byte) bool {
	return len(path) > 0 && slices.ContainsFunc(s.extensions, func(ext string) bool { return hasSuffixFold(path, ext) })
}

// isAdminShareName tells the shares that only administrators open: \\*\C$, \\*\ADMIN$.
func isAdminShareName(share []byte) bool {
	name := lastPart(share)
	return len(name) == 2 && name[1] == '$' || equalText(name, "admin$")
}

func (s *exportState) add(r *Record, kind uint8, text []byte, what string) {
	if r.Time().IsZero() {
		return
	}
	s.seen.add(step{kind: kind, text: string(appendLower(nil, text)), Ref: r.Ref(what)})
}

func (s *exportState) empty() bool { return s.servers.empty() && s.seen.empty() }

// Join adds a later piece of evidence.
func (s *exportState) Join(later State) {
	o := later.(*exportState)
	s.servers.join(&o.servers, func(_, _ *struct{}) {})
	s.seen.join(&o.seen)
}

// Finish looks at what happened on one host without a pause.
func (s *exportState) Finish(f *Finishing) {
	s.seen.noteDropped(f, "programs and files on database servers")
	episodesOnHosts(&s.seen, s.within, func(steps []step) {
		if e, ok := s.episode(steps); ok {
			e.Level = levelOf(severity(f.rule.Level) + e.severity)
			f.Emit(e.Episode)
		}
	})
}

// An exportEpisode is an episode with how much above or below the usual level it is.
type exportEpisode struct {
	Episode
	severity int
}

func (s *exportState) episode(steps []step) (exportEpisode, bool) {
	first := slices.IndexFunc(steps, func(st step) bool {
		return st.kind == exportByWMI || st.kind == exportConsole || st.kind == exportWrittenByConsole
	})
	if first < 0 {
		return exportEpisode{}, false
	}
	var together []step
	var commands, written []string
	var has [exportGone + 1]int
	for _, st := range steps[first:] {
		switch st.kind {
		case exportByWMI, exportConsole:
			commands = append(commands, st.text)
		case exportWritten, exportWrittenByConsole:
			written = append(written, st.text)
		default: // only files of this export: many others are fetched and deleted
			if !slices.Contains(written, st.text) && !namedIn(commands, st.text) {
				continue
			}
		}
		has[st.kind]++
		together = append(together, st)
	}
	consoles, files := max(has[exportConsole], min(has[exportWrittenByConsole], 1)), has[exportWritten]+has[exportWrittenByConsole]
	server := s.servers.named(ShortHost(steps[0].Host)) != nil
	e := exportEpisode{Episode: Episode{
		Group: []NamedValue{{"host", steps[0].Host}},
		Facts: []NamedValue{
			{"started by WMI", fmt.Sprint(has[exportByWMI])}, {"consoles of the database", fmt.Sprint(consoles)},
			{"files written", fmt.Sprint(files)}, {"fetched over administrators' shares", fmt.Sprint(has[exportFetched])},
			{"deleted", fmt.Sprint(has[exportGone])}, {"known as a database server", yesNo(server)},
		},
		Refs: refsOf(together),
	}}
	picked := has[exportFetched] + has[exportGone]
	switch {
	case has[exportByWMI] > 0 && (server || consoles > 0):
		switch {
		case picked > 0:
			e.severity = 1
		case consoles == 0 && files == 0:
			e.severity = -1
			e.Caveats = append(e.Caveats, "no console of the database and no file with results is in the evidence")
		}
	case consoles > 0 && has[exportFetched] > 0:
	default:
		return exportEpisode{}, false
	}
	e.Summary = exportSummary(together, has)
	return e, true
}

// namedIn tells whether a command names a file.
func namedIn(commands []string, file string) bool {
	return len(file) > 4 && slices.ContainsFunc(commands, func(c string) bool { return strings.Contains(c, file) })
}

func exportSummary(steps []step, has [exportGone + 1]int) string {
	var parts []string
	if has[exportByWMI] > 0 {
		parts = append(parts, "WMI started "+Short(textOf(steps, exportByWMI), 120))
	}
	if has[exportConsole] > 0 {
		parts = append(parts, english.CountOf(has[exportConsole], "console of the database ran", "consoles of the database ran"))
	}
	for _, kind := range [...]uint8{exportWrittenByConsole, exportWritten} {
		if has[kind] > 0 {
			parts = append(parts, Short(textOf(steps, kind), 80)+" was written")
			break
		}
	}
	if has[exportFetched] > 0 {
		parts = append(parts, Short(textOf(steps, exportFetched), 80)+" was fetched over an administrators' share")
	}
	if has[exportGone] > 0 {
		parts = append(parts, Short(textOf(steps, exportGone), 80)+" was deleted")
	}
	return strings.Join(parts, ", ") + ", within " + duration(steps[len(steps)-1].Time.Sub(steps[0].Time))
}
