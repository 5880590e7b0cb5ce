package behaviour

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// hostImpacket finds what Impacket's tools leave on the host that they run commands on, in several
// logs, and puts it together:
//
//   - wmiexec and dcomexec: cmd.exe /Q /c COMMAND 1> \\127.0.0.1\ADMIN$\__1556656369.7 2>&1, and
//     that file fetched over the share, time and again (Security 5145). Forks write other names.
//   - smbexec: a service whose program is a shell that writes execute.bat and runs it with its
//     output in \\127.0.0.1\C$\__output (System 7045, Security 4697).
//   - atexec: a task with a name of eight letters that writes to %windir%\Temp\NAME.tmp, made and
//     deleted within seconds (4698, 4699), and that file fetched from ADMIN$.
//   - psexec: a program with a name of letters without sense copied to ADMIN$, and a service with a
//     short name of the same kind that runs it.
//
// Each trace alone has an honest look-alike now and then, the redirection to the own share apart.
//
// Sources: packs/phantom-taurus H08; the tools' own documentation, https://github.com/fortra/impacket;
// https://www.crowdstrike.com/blog/how-to-detect-and-prevent-impackets-wmiexec/
func hostImpacket() Analytic {
	return Analytic{
		Rule: Rule{
			ID:    "host-impacket",
			Title: "Commands Run From Afar the Way Impacket Does",
			Level: "high",
			Description: "Commands were run on this host from another one, with their output written to a share of the host itself and fetched from there, " +
				"or by a task or service that existed for seconds.",
			Why: "This is how Impacket's wmiexec, dcomexec, smbexec, atexec and psexec work. Administrators have tools for the same that do not " +
				"leave their output on shares; intruders use these after they have a password or its hash.",
			Benign: "Penetration tests, and a few scanners of weaknesses that sign in and run one command: ask for the dates and the address they come from.",
			Next: []string{
				"Take the address that the share was opened from: that computer is next, and is in all likelihood taken over.",
				"Look at the sign-in of that account on this host, and where else the account signed in.",
				"Read the commands in order of time: they say what was looked for.",
			},
			Tags: []string{"attack.execution", "attack.lateral-movement", "attack.t1047", "attack.t1021.002", "attack.t1021.003", "attack.t1053.005", "attack.t1569.002", "attack.s0357"},
			References: []string{
				"https://github.com/fortra/impacket",
				"https://www.crowdstrike.com/blog/how-to-detect-and-prevent-impackets-wmiexec/",
			},
		},
		Views:          []View{Process, Security, Service},
		SecurityEvents: []uint32{4698, 4699, 5145},
		Params: []Param{
			{"minutes", 30, "minutes", "longest time from one trace to the next of the same session"},
			{"task_seconds", 30, "seconds", "longest life of a task that is made, run and deleted"},
		},
		New: func(s Settings) (func() State, error) {
			within, life := s.Minutes("minutes"), s.Seconds("task_seconds")
			return func() State {
				return &impacketState{
					within: within, life: life, steps: bag[step]{max: maxImpacketSteps},
					tasks: bag[step]{max: maxImpacketTasks},
				}
			}, nil
		},
	}
}

const (
	maxImpacketSteps = 20_000 // traces: a session of an intruder has some hundred
	maxImpacketTasks = 50_000 // tasks made and deleted: a host has some dozen a day
	maxTaskText      = 32 << 10
)

// The traces.
const (
	impacketCommand uint8 = iota // a command with its output to a share of the host itself
	impacketOutput               // that file opened over the share
	impacketService              // a service that is a shell command
	impacketTask                 // a task that lived for seconds and wrote to a file in Temp
	impacketShort                // a task that lived for seconds, no more known
	impacketCopied               // a program with a senseless name copied to ADMIN$
	impacketRandom               // a service with a senseless name that runs such a program
	taskMade
	taskDeleted
	taskWriting // made, and its command writes to a file in Temp
)

type impacketState struct {
	within, life time.Duration
	steps        bag[step]
	tasks        bag[step]
}

// See keeps traces.
func (s *impacketState) See(r *Record) {
	switch r.View {
	case Process:
		s.command(r)
	case Service:
		s.service(r)
	case Security:
		switch r.Event.EventID {
		case 5145:
			s.share(r)
		case 4698, 4699:
			s.task(r)
		}
	}
}

// command keeps "cmd.exe /Q /c COMMAND 1> \\127.0.0.1\SHARE\FILE 2>&1" of a parent that runs
// commands for others.
func (s *impacketState) command(r *Record) {
	command := r.Text(ProcCommand)
	if !namedOneOf(r.Text(ProcImage), []string{"cmd.exe", "powershell.exe"}) {
		return
	}
	switch {
	case redirectsToOwnShare(command):
		s.add(r, impacketCommand, "", "ran "+Short(string(command), maxWhat))
	case containsFold(command, `\temp\`) && containsFold(command, ".tmp 2>&1") && containsFold(command, "cmd.exe /c") && hasSuffixFold(r.Text(ProcParent), "svchost.exe"):
		s.add(r, impacketTask, "", "a task ran "+Short(string(command), maxWhat))
	}
}

// redirectsToOwnShare tells whether output goes to an administrative share of the host itself.
func redirectsToOwnShare[T string | []byte](command T) bool {
	for i := 0; i < len(command); i++ {
		if command[i] != '>' {
			continue
		}
		rest := command[i+1:]
		for len(rest) > 0 && (rest[0] == ' ' || rest[0] == '^' || rest[0] == '>') {
			rest = rest[1:]
		}
		for _, host := range [...]string{`\\127.0.0.1\`, `\\localhost\`, `\\%computername%\`, `\\::1\`} {
			if hasPrefixFold(rest, host) && isAdminShare(rest[len(host):]) {
				return true
			}
		}
	}
	return false
}

// isAdminShare tells whether a text begins with ADMIN$ or the share of a drive.
func isAdminShare[T string | []byte](s T) bool {
	return hasPrefixFold(s, "admin$") || len(s) > 1 && s[1] == '$' || hasPrefixFold(s, "ipc$")
}

// service keeps services that are a shell command with a batch file or its output on a share, and
// those with senseless names.
func (s *impacketState) service(r *Record) {
	path := r.Text(ServicePath)
	if path == nil {
		path = r.Text(ServiceFile)
	}
	name := r.Text(ServiceName)
	switch {
	case redirectsToOwnShare(path) || containsFold(path, "execute.bat") && containsFold(path, "/q /c"):
		s.add(r, impacketService, "", fmt.Sprintf("service %s is %s", name, Short(string(path), maxWhat)))
	case isSenseless(name, 4, 4) && isSenseless(bytes.TrimSuffix(bytes.ToLower(lastPart(path)), []byte(".exe")), 8, 8) && hasSuffixFold(path, ".exe") && inSystemRoot(path):
		s.add(r, impacketRandom, string(lastPart(path)), fmt.Sprintf("service %s runs %s", name, path))
	}
}

// inSystemRoot tells whether a program lies in the Windows folder itself, which is what ADMIN$ is.
func inSystemRoot(path []byte) bool {
	for _, root := range [...]string{`%systemroot%\`, `c:\windows\`, `%windir%\`, `\\127.0.0.1\admin$\`} {
		if hasPrefixFold(path, root) && !bytes.ContainsAny(path[len(root):], `\/`) {
			return true
		}
	}
	return false
}

// isSenseless tells whether a name is of letters only, least to most, as made by a program.
func isSenseless(name []byte, least, most int) bool {
	if len(name) < least || len(name) > most {
		return false
	}
	for _, c := range name {
		if c|0x20 < 'a' || c|0x20 > 'z' {
			return false
		}
	}
	return true
}

// share keeps output files that are opened over ADMIN$ or a drive's share from elsewhere.
func (s *impacketState) share(r *Record) {
	share := lastPart(r.Text(SecShare))
	if len(share) < 2 || share[len(share)-1] != '$' {
		return
	}
	target := r.Text(SecRelative)
	name := lastPart(target)
	from := r.String(SecAddress)
	switch {
	case isOutputName(name):
		s.add(r, impacketOutput, string(name), fmt.Sprintf("%s opened on %s from %s by %s", target, share, from, r.Text(SecSubjectUser)))
	case hasPrefixFold(target, `temp\`) && len(target) == len(`temp\`)+12 && hasSuffixFold(name, ".tmp") && isSenseless(name[:8], 8, 8) && isMixed(name[:8]):
		s.add(r, impacketOutput, string(name), fmt.Sprintf("%s opened on %s from %s by %s", target, share, from, r.Text(SecSubjectUser)))
	case len(target) == 12 && hasSuffixFold(target, ".exe") && isSenseless(target[:8], 8, 8) && isMixed(target[:8]):
		s.add(r, impacketCopied, string(name), fmt.Sprintf("%s on %s from %s by %s", target, share, from, r.Text(SecSubjectUser)))
	}
}

// isOutputName tells whether a file is called as the tools call their output: two underscores and
// the seconds since 1970 with up to seven digits behind the point, or __output.
func isOutputName(name []byte) bool {
	rest, ok := bytes.CutPrefix(name, []byte("__"))
	if !ok {
		return false
	}
	if string(rest) == "output" {
		return true
	}
	whole, fraction, _ := bytes.Cut(rest, []byte("."))
	if len(whole) != 10 || len(fraction) > 7 {
		return false
	}
	n, err := strconv.ParseUint(string(whole), 10, 64)
	return err == nil && n > 1e9 && len(bytes.Trim(fraction, "0123456789")) == 0
}

// isMixed tells whether a name has a capital letter behind a small one, as names out of a random
// generator do and names of programs seldom.
func isMixed(name []byte) bool {
	for i := 1; i < len(name); i++ {
		if name[i-1] >= 'a' && name[i] >= 'A' && name[i] <= 'Z' {
			return true
		}
	}
	return false
}

// task keeps tasks that are made and deleted.
func (s *impacketState) task(r *Record) {
	name := r.String(SecTask)
	if r.Event.EventID == 4699 {
		s.tasks.add(step{kind: taskDeleted, key: name, Ref: r.Ref("task " + name + " deleted by " + r.String(SecSubjectUser))})
		return
	}
	content := r.Text(SecTaskContent)
	content = content[:min(len(content), maxTaskText)]
	kind := taskMade
	if containsFold(content, `\temp\`) && containsFold(content, ".tmp") && containsFold(content, "cmd.exe") && containsFold(content, "&gt;") {
		kind = taskWriting
	}
	s.tasks.add(step{kind: kind, key: name, Ref: r.Ref("task " + name + " made by " + r.String(SecSubjectUser))})
}

func (s *impacketState) add(r *Record, kind uint8, text, what string) {
	s.steps.add(step{kind: kind, text: text, Ref: r.Ref(what)})
}

func (s *impacketState) empty() bool { return s.steps.empty() && s.tasks.empty() }

// Join adds a later piece of evidence.
func (s *impacketState) Join(later State) {
	o := later.(*impacketState)
	s.steps.join(&o.steps)
	s.tasks.join(&o.tasks)
}

// Finish pairs tasks made with tasks deleted, and puts traces together.
func (s *impacketState) Finish(f *Finishing) {
	s.steps.noteDropped(f, "traces")
	s.tasks.noteDropped(f, "tasks made and deleted")
	episodesOnHosts(&s.tasks, s.life, func(of []step) {
		for i := 1; i < len(of); i++ {
			made, gone := of[i-1], of[i]
			if gone.kind != taskDeleted || made.kind == taskDeleted {
				continue
			}
			kind := impacketShort
			if made.kind == taskWriting {
				kind = impacketTask
			}
			text := strings.TrimPrefix(made.key, `\`)
			s.steps.add(step{kind: kind, text: text, Ref: made.Ref})
			s.steps.add(step{kind: kind, text: text, Ref: gone.Ref})
		}
	})
	episodesOnHosts(&s.steps, s.within, func(together []step) {
		if e, ok := impacketEpisode(together); ok {
			f.Emit(e)
		}
	})
}

// impacketEpisode says what traces of one session come to; false if they are too weak to be told.
func impacketEpisode(steps []step) (Episode, bool) {
	n := kindsOf(steps)
	e := Episode{
		Group: []NamedValue{{"host", steps[0].Host}},
		Facts: []NamedValue{
			{"commands with their output to a share of the host", fmt.Sprint(n[impacketCommand])},
			{"openings of output files over a share", fmt.Sprint(n[impacketOutput])},
			{"services that are a shell command", fmt.Sprint(n[impacketService])},
			{"records of tasks that lived for seconds", fmt.Sprint(n[impacketTask] + n[impacketShort])},
			{"programs with senseless names copied or run as a service", fmt.Sprint(n[impacketCopied] + n[impacketRandom])},
		},
		Refs: refsOf(steps),
	}
	fetched := n[impacketOutput] > 0
	switch {
	case n[impacketCommand] > 0:
		e.Summary = fmt.Sprintf("%d commands were run from afar with their output on a share of the host (wmiexec or dcomexec)", n[impacketCommand])
	case n[impacketService] > 0:
		e.Summary = "a service was made that is a shell command with its output on a share (smbexec)"
	case n[impacketTask] > 0:
		e.Summary = "a task was made, run and deleted, with its output in a file in Temp (atexec)"
	case n[impacketCopied] > 0 && n[impacketRandom] > 0:
		e.Summary = fmt.Sprintf("program %s was copied to the host and run as a service with a senseless name (psexec)", textOf(steps, impacketRandom))
	case fetched && n[impacketShort] > 0:
		e.Summary = fmt.Sprintf("task %s lived for seconds and file %s was fetched from ADMIN$ (atexec)", textOf(steps, impacketShort), textOf(steps, impacketOutput))
		e.Level = "critical"
		return e, true
	case fetched:
		e.Summary = fmt.Sprintf("file %s, called as Impacket calls its output, was opened over an administrative share %d times", textOf(steps, impacketOutput), n[impacketOutput])
		return e, true
	case n[impacketRandom] > 0:
		e.Level = "medium"
		e.Summary = fmt.Sprintf("program %s with a senseless name was run as a service with such a name", textOf(steps, impacketRandom))
		return e, true
	default:
		return e, false // a task that lived for seconds is everyday work of installers
	}
	if fetched {
		e.Level = "critical"
		e.Summary += fmt.Sprintf(", and fetched over the network %d times", n[impacketOutput])
	}
	return e, true
}
