package behaviour

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// hostTimestomp finds files whose time of creation was set back, so that they look as old as those
// beside them.
//
// Sysmon 2 tells the old and the new time. Installers, archives and copies set times too, and most of
// these events are theirs; so an event counts only for files that can run, set back by more than a
// day, by a program that does not install or unpack. What weighs: the new time is exactly that of
// another file in the folder; a page of a web server; the writer is the web server's process; a
// folder that programs are started from at sign-in; both the file and the program that set the time
// lie where anybody can write.
//
// Sources: packs/phantom-taurus E13, T1070.006 (changeLastModified of a web shell sets the times of
// another file); https://learn.microsoft.com/sysinternals/downloads/sysmon, event 2.
func hostTimestomp() Analytic {
	return Analytic{
		Rule: Rule{
			ID:          "host-timestomp",
			Title:       "File's Time of Creation Set Back",
			Level:       "medium",
			Description: "The time of creation of a program, library, script or page was set back by more than a day, by a program that does not install or unpack.",
			Why: "Responders sort files by time. A web shell or tool that has the times of the files beside it is overlooked, and several backdoors " +
				"have a command for that.",
			Benign: "Installers, backups that are restored, and programs that synchronise folders keep the times of what they copy: look which program it " +
				"was, and whether many files were set at once.",
			Next: []string{
				"Take the file and its hash; the time in the record is when it really came.",
				"Look in the master file table: the times of the name ($FILE_NAME) are seldom changed too.",
				"Look at what the program that set the time did in the same minutes.",
			},
			Tags:       []string{"attack.defense-evasion", "attack.stealth", "attack.t1070.006"},
			References: []string{"https://learn.microsoft.com/sysinternals/downloads/sysmon"},
		},
		Views: []View{FileTime, FileWrite},
		Params: []Param{
			{"days", 1, "days", "least time that a file is set back"},
			{"together", 20, "files", "most files that one program sets back within an hour: more are unpacked or restored"},
		},
		Lists: []List{{"tools", []string{
			"msiexec.exe", "trustedinstaller.exe", "tiworker.exe", "poqexec.exe", "setup.exe", "exsetup.exe", "7z.exe", "7zfm.exe", "7zg.exe", "winrar.exe", "unrar.exe",
			"robocopy.exe", "xcopy.exe", "onedrive.exe", "filecoauth.exe", "dropbox.exe", "googledrivefs.exe", "chrome.exe", "msedge.exe", "firefox.exe", "git.exe", "tar.exe",
			"dfsrs.exe", "mpcmdrun.exe", "msmpeng.exe", "ngen.exe", "mscorsvw.exe", "wuauclt.exe", "svchost.exe", "vssvc.exe", "wbengine.exe", "dism.exe", "dismhost.exe",
		}, "programs that install, unpack, copy or synchronise, by their names"}},
		New: func(s Settings) (func() State, error) {
			o := &stompOptions{back: s.Days("days"), together: s.Int("together"), tools: s.List("tools")}
			return func() State {
				return &stompState{stompOptions: o, set: bag[stomped]{max: maxStomped}, made: table[string]{max: maxSiblings}}
			}, nil
		},
	}
}

const (
	maxStomped  = 50_000 // times set back: unpacking an archive makes thousands
	maxSiblings = 50_000 // times of creation of other files
)

type stompOptions struct {
	back     time.Duration
	together int
	tools    []string
}

// stomped is a file whose time was set back.
type stomped struct {
	path, image string
	now, before time.Time
	created     string // as it was written
	Ref
}

type stompState struct {
	*stompOptions
	set bag[stomped]
	// made are files by their host, folder and time of creation, as records tell it.
	made table[string]
	key  []byte
}

// runnable are the extensions of files that can run, beside those of pages.
var runnable = [...]string{"exe", "dll", "sys", "ps1", "psm1", "bat", "cmd", "vbs", "js", "hta", "scr", "ocx", "cpl", "com", "msi", "jar", "wsf", "lnk", "msu"}

func isRunnable(path []byte) bool {
	name := lastPart(path)
	for i := len(name) - 1; i >= 0 && len(name)-i <= 6; i-- {
		if name[i] == '.' {
			extension := name[i+1:]
			return slices.ContainsFunc(runnable[:], func(known string) bool { return len(known) == len(extension) && hasPrefixFold(extension, known) })
		}
	}
	return false
}

// See keeps times that are set back, and times of files beside.
func (s *stompState) See(r *Record) {
	target := r.Text(FileTarget)
	if len(target) == 0 || len(target) > maxPath || !isRunnable(target) && !isScriptFile(target) {
		return
	}
	if isShadowCopy(target) {
		return
	}
	created := r.Text(FileCreated)
	if r.View == FileWrite {
		s.beside(r, target, created)
		return
	}
	image := r.Text(FileImage)
	now, before := sysmonTime(created), sysmonTime(r.Text(FilePrevious))
	if now.IsZero() || before.IsZero() || before.Sub(now) < s.back || namedOneOf(image, s.tools) {
		s.beside(r, target, created)
		return
	}
	s.set.add(stomped{
		string(target), string(image), now, before, string(created),
		r.Ref(fmt.Sprintf("%s set back from %s to %s by %s", target, r.Text(FilePrevious), created, lastPart(image))),
	})
}

// isShadowCopy tells the copies that ASP.NET makes of the libraries of an application, with their times.
func isShadowCopy(target []byte) bool {
	return containsFold(target, `\temporary asp.net files\`) && containsFold(target, `\assembly\dl`)
}

// sysmonTime reads a time as Sysmon writes it, "2013-09-04 16:29:27.000"; zero if it is none.
func sysmonTime(text []byte) time.Time {
	t, err := time.Parse("2006-01-02 15:04:05.999", string(text))
	if err != nil {
		return time.Time{}
	}
	return t
}

// beside keeps when another file was made, by what a file that imitates it would have in common.
func (s *stompState) beside(r *Record, target, created []byte) {
	if len(created) == 0 {
		return
	}
	s.key = siblingKey(s.key[:0], r.Host(), string(target), string(created))
	if name := s.made.get(s.key); name != nil && *name == "" {
		*name = string(lastPart(target))
	}
}

// siblingKey is host, folder and time of creation.
func siblingKey(dst []byte, host, target, created string) []byte {
	folder := target[:len(target)-len(lastPart(target))]
	dst = append(append(dst, host...), 0)
	dst = appendLower(dst, []byte(folder))
	return append(append(dst, 0), created...)
}

func (s *stompState) empty() bool { return s.set.empty() && s.made.empty() }

// Join adds a later piece of evidence.
func (s *stompState) Join(later State) {
	o := later.(*stompState)
	s.set.join(&o.set)
	s.made.join(&o.made, func(_, _ *string) {})
}

// Finish tells files one by one, but for those that were set back in great number.
func (s *stompState) Finish(f *Finishing) {
	s.set.noteDropped(f, "files set back")
	if s.made.full {
		f.Note("there are more than %d files beside: times are not compared with those of the others", maxSiblings)
	}
	byProgram := map[string][]stomped{}
	for _, st := range s.set.sorted(func(a, b stomped) int { return compareRefs(a.Ref, b.Ref) }) {
		key := st.Host + "\x00" + strings.ToLower(st.image)
		byProgram[key] = append(byProgram[key], st)
	}
	for _, key := range slices.Sorted(maps.Keys(byProgram)) {
		all := byProgram[key]
		from := 0
		for i := 1; i <= len(all); i++ {
			if i < len(all) && all[i].Time.Sub(all[i-1].Time) <= time.Hour {
				continue
			}
			if e, ok := s.episode(all[from:i]); ok {
				f.Emit(e)
			}
			from = i
		}
	}
}

// episode says what files come to that one program set back in one go; false if that is usual.
func (s *stompState) episode(files []stomped) (Episode, bool) {
	paths := map[string]bool{}
	best, weight := files[0], -1
	var why []string
	for _, st := range files {
		paths[strings.ToLower(st.path)] = true
		if w, reasons := s.weigh(st); w > weight {
			best, weight, why = st, w, reasons
		}
	}
	if len(paths) > s.together || weight <= 0 {
		return Episode{}, false // unpacked, restored; or nothing speaks for more than that
	}
	e := Episode{
		Level: levelOf(weight),
		Summary: fmt.Sprintf("%s was set back by %s to %s by %s: %s", best.path, duration(best.before.Sub(best.now)), best.now.Format("2006-01-02"),
			lastPart(best.image), strings.Join(why, ", ")),
		Group: []NamedValue{{"host", best.Host}, {"program", best.image}},
		Facts: []NamedValue{
			{"files set back by it within the hour", fmt.Sprintf("%d (more than %d are unpacked or restored)", len(paths), s.together)},
			{"least time set back", duration(s.back)},
		},
	}
	for _, st := range files {
		e.Refs = append(e.Refs, st.Ref)
	}
	return e, true
}

// weigh counts what speaks for hiding.
func (s *stompState) weigh(st stomped) (weight int, why []string) {
	add := func(w int, reason string) {
		weight += w
		why = append(why, reason)
	}
	path := []byte(st.path)
	switch {
	case isScriptFile(path) && !hasSuffixFold(path, ".py") && !hasSuffixFold(path, ".pl"):
		add(2, "it is a page of a web server")
	case containsFold(st.path, `\start menu\programs\startup\`):
		add(2, "it is started at sign-in")
	case isAnybodys(st.path):
		add(1, "it lies where anybody can write")
	case containsFold(st.path, `:\windows\system32\`) || containsFold(st.path, `:\windows\syswow64\`):
		add(1, "it lies among the files of Windows")
	}
	switch {
	case namedOneOf([]byte(st.image), []string{"w3wp.exe", "sqlservr.exe", "httpd.exe", "php-cgi.exe", "java.exe", "tomcat.exe"}):
		add(2, "by a process of a server")
	case isAnybodys(st.image):
		add(1, "by a program that lies where anybody can write")
	case namedOneOf([]byte(st.image), []string{"powershell.exe", "pwsh.exe", "cmd.exe", "rundll32.exe", "wscript.exe", "cscript.exe", "mshta.exe"}):
		add(1, "by a shell")
	}
	if name := s.made.named(string(siblingKey(nil, st.Host, st.path, st.created))); name != nil && !strings.EqualFold(*name, lastPart(st.path)) {
		add(1, "exactly that of "+*name+" beside it")
	}
	return weight, why
}

// isAnybodys tells whether a file lies where no rights of an administrator are needed to write it.
func isAnybodys(path string) bool {
	for _, part := range [...]string{`\users\`, `\programdata\`, `\windows\temp\`, `\temp\`, `\perflogs\`, `\$recycle.bin\`, `\tasks\`, `\inetpub\`} {
		if containsFold(path, part) {
			return true
		}
	}
	return false
}
