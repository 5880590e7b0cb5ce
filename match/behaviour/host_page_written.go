package behaviour

import (
	"bytes"
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// hostPageWritten finds a script page that was written into a folder of a web or mail server, by
// whatever program, and the first requests for it.
//
// Rules about this ask for w3wp.exe as the writer and miss the drops over shares, which the kernel
// writes ("System"), those of database servers, of shells and of other web servers. Here every writer
// counts; those that install products do not. What weighs: a writer that has no business there, a
// folder of the mail server, and that one or two clients then ask for the page and nobody else.
//
// Files show as Sysmon 11, as Security 4663 where folders are audited, and as Security 5145 where
// they come over an administrative share.
//
// Sources: packs/phantom-taurus E08 (and why public rules miss it); Microsoft, "Web shell attacks
// continue to rise" (2021).
func hostPageWritten() Analytic {
	return Analytic{
		Rule: Rule{
			ID:          "host-page-written",
			Title:       "Script Page Written Into a Folder of the Web Server",
			Level:       "medium",
			Description: "A file that the web server runs was written into one of its folders, by a program that does not install products.",
			Why: "A page in such a folder runs commands for whoever asks for it: that is all a web shell is. On mail servers only updates write pages, " +
				"and they do so with their installer.",
			Benign: "Developers and content systems write pages where sites are their own; they write many, and many clients ask for them. Ask who owns the " +
				"site, and compare the page with the source.",
			Next: []string{
				"Get the page and its owner, and compare it with those of a fresh installation.",
				"Look who asked for the page, and what else those addresses asked for.",
				"Look for programs that the web server started after the first request.",
				"If it came over a share: look at the computer and the account that wrote it.",
			},
			Tags:       []string{"attack.persistence", "attack.t1505.003"},
			References: []string{"https://www.microsoft.com/security/blog/2021/02/11/web-shell-attacks-continue-to-rise/"},
		},
		Views:          []View{FileWrite, Security, Web},
		SecurityEvents: []uint32{4663, 5145},
		WebPages:       true,
		Params: []Param{
			{"clients", 2, "clients", "most clients that count as hardly anybody"},
			{"hours", 72, "hours", "longest time from writing to the first request"},
			{"together", 10, "pages", "most pages that one program writes within an hour: more are a deployment"},
		},
		Lists: []List{
			{"folders", []string{
				`\inetpub\`, `\wwwroot\`, `\httpproxy\`, `\clientaccess\`, `\aspnet_client\`, `\frontend\`, `\owa\auth\`, `\ecp\auth\`, `\web server extensions\`, `\htdocs\`,
				`\webapps\`, `\wwwpub\`, `/var/www/`, `/srv/www/`, `/htdocs/`, `/webapps/`, `/usr/share/nginx/`, `/jetty/`, `/public_html/`,
			}, "parts of paths of folders whose pages a web server runs, in lower case"},
			{"installers", []string{
				"msiexec.exe", "trustedinstaller.exe", "tiworker.exe", "poqexec.exe", "exsetup.exe", "exsetupui.exe", "setup.exe", "msdeploy.exe", "psconfig.exe",
				"psconfigui.exe", "dpkg", "rpm", "yum", "dnf", "apt",
			}, "programs that install products, by their names"},
		},
		New: func(s Settings) (func() State, error) {
			o := &writtenOptions{
				clients: min(max(s.Int("clients"), 1), maxFewClients), within: s.Hours("hours"), together: s.Int("together"), installers: s.List("installers"),
			}
			for _, folder := range s.List("folders") {
				o.folders = append(o.folders, strings.ToLower(folder))
			}
			return func() State {
				return &writtenState{writtenOptions: o, written: table[writtenFile]{max: maxWritten}}
			}, nil
		},
	}
}

// maxWritten is how many pages written are kept: a deployment of a large site has some thousand.
const maxWritten = 20_000

type writtenOptions struct {
	clients, together   int
	within              time.Duration
	folders, installers []string
}

// writtenFile is a page that was written.
type writtenFile struct {
	path, writer string
	Ref          // of the first writing
	times        int
}

type writtenState struct {
	*writtenOptions
	written table[writtenFile] // by host and path
	key     []byte
}

// See keeps pages that are written: requests are counted for all analytics together.
func (s *writtenState) See(r *Record) {
	switch r.View {
	case FileWrite:
		s.file(r, r.Text(FileTarget), r.Text(FileImage), "by "+orUnknown(r.Text(FileImage)))
	case Security:
		s.audited(r)
	}
}

func orUnknown(name []byte) string { return cmp.Or(string(name), "an unknown program") }

// audited keeps pages that Security 4663 and 5145 say to be written: both are told of the rights
// that were used or asked for, of which 2 is to write and 4 to append.
func (s *writtenState) audited(r *Record) {
	switch r.Event.EventID {
	case 4663:
		if name := r.Text(SecObject); isScriptFile(name) && writes(r.Text(SecAccess)) {
			s.file(r, name, r.Text(SecProcess), "by "+orUnknown(r.Text(SecProcess)))
		}
	case 5145:
		name := r.Text(SecRelative)
		share := lastPart(r.Text(SecShare))
		if len(share) == 2 && share[1] == '$' && isScriptFile(name) && writes(r.Text(SecAccess)) {
			path := fmt.Sprintf(`%c:\%s`, share[0], name)
			s.file(r, []byte(path), []byte("System"), fmt.Sprintf("over %s from %s by %s", share, orUnknown(r.Text(SecAddress)), r.Text(SecSubjectUser)))
		}
	}
}

// writes tells whether a mask of rights has that to write or append.
func writes(mask []byte) bool {
	n, err := strconv.ParseUint(string(bytes.TrimPrefix(mask, []byte("0x"))), 16, 64)
	return err == nil && n&6 != 0
}

// isScriptFile tells whether a file is one that web servers run.
func isScriptFile(path []byte) bool {
	return kindOf(path[bytes.LastIndexByte(path, '.')+1:]) == scriptFile
}

func (s *writtenState) file(r *Record, path, writer []byte, how string) {
	if !isScriptFile(path) || len(path) > maxPath || namedOneOf(writer, s.installers) ||
		!slices.ContainsFunc(s.folders, func(folder string) bool { return containsFold(path, folder) }) || containsFold(path, "temporary asp.net files") {
		return
	}
	s.key = append(append(s.key[:0], r.Host()...), 0)
	s.key = appendLower(s.key, path)
	w := s.written.get(s.key)
	if w == nil {
		return
	}
	w.add(writtenFile{string(path), string(lastPart(writer)), r.Ref(fmt.Sprintf("%s written %s", path, how)), 1})
}

// add keeps the first writing.
func (w *writtenFile) add(o writtenFile) {
	times := w.times + o.times
	if w.times == 0 || compareRefs(o.Ref, w.Ref) < 0 {
		*w = o
	}
	w.times = times
}

func (s *writtenState) empty() bool { return s.written.empty() }

// Join adds a later piece of evidence.
func (s *writtenState) Join(later State) {
	o := later.(*writtenState)
	s.written.join(&o.written, func(into, from *writtenFile) { into.add(*from) })
}

// Finish joins pages written with requests for them.
func (s *writtenState) Finish(f *Finishing) {
	if s.written.full {
		f.Note("more than %d pages were written: those that came later were not looked at", maxWritten)
	}
	web := f.web()
	web.noteFull(f)
	byName := map[string][]*webPage{} // of the pages that were written
	for _, w := range s.written.each() {
		byName[strings.ToLower(lastPart(w.path))] = nil
	}
	for _, p := range web.pages.each() {
		if name := lastPart(p.path); len(byName) > 0 {
			if pages, wanted := byName[name]; wanted {
				byName[name] = append(pages, p)
			}
		}
	}
	for _, group := range s.writings() {
		if len(group) > s.together {
			s.deployment(f, group)
			continue
		}
		for _, w := range group {
			s.emit(f, w, s.asked(w, byName))
		}
	}
}

// writings puts together what one program wrote on one host, each within an hour of the one before.
func (s *writtenState) writings() [][]*writtenFile {
	byWriter := map[string][]*writtenFile{}
	for _, w := range s.written.each() {
		key := w.Host + "\x00" + strings.ToLower(w.writer)
		byWriter[key] = append(byWriter[key], w)
	}
	var groups [][]*writtenFile
	for _, key := range slices.Sorted(maps.Keys(byWriter)) {
		all := byWriter[key]
		slices.SortStableFunc(all, func(a, b *writtenFile) int { return compareRefs(a.Ref, b.Ref) })
		from := 0
		for i := 1; i <= len(all); i++ {
			if i == len(all) || all[i].Time.Sub(all[i-1].Time) > time.Hour {
				groups = append(groups, all[from:i])
				from = i
			}
		}
	}
	return groups
}

// asked finds the requests for a page that was written: same name, same folders as far as the address
// has them, and the same server as far as that is known.
func (s *writtenState) asked(w *writtenFile, byName map[string][]*webPage) *webPage {
	file := strings.Split(strings.ToLower(strings.ReplaceAll(w.path, `\`, "/")), "/")
	var best *webPage
	most := 0
	for _, p := range byName[file[len(file)-1]] {
		if p.answers() == 0 {
			continue
		}
		if a, b := ShortHost(p.server), ShortHost(w.Host); a != b && a != "" && b != "" && !isAddress(a) && !isAddress(b) {
			continue
		}
		stem := strings.Split(strings.Trim(p.path, "/"), "/")
		same := 0
		for same < len(stem) && same < len(file) && stem[len(stem)-1-same] == file[len(file)-1-same] {
			same++
		}
		if (same >= 2 || same == len(stem)) && same > most {
			best, most = p, same
		}
	}
	return best
}

func (s *writtenState) deployment(f *Finishing, group []*writtenFile) {
	refs := make([]Ref, len(group))
	for i, w := range group {
		refs[i] = w.Ref
	}
	f.Emit(Episode{
		Level:   "low",
		Summary: fmt.Sprintf("%d script pages were written by %s within %s, as when a site is deployed", len(group), cmp.Or(group[0].writer, "an unknown program"), duration(group[len(group)-1].Time.Sub(group[0].Time))),
		Group:   []NamedValue{{"host", group[0].Host}, {"writer", group[0].writer}},
		Facts:   []NamedValue{{"pages together", fmt.Sprintf("%d (at most %d are told one by one)", len(group), s.together)}},
		Caveats: []string{"an intruder may hide one page among many, or write many: look at their names"},
		Refs:    refs,
	})
}

// oddWriters are programs that have no business writing pages: the kernel for shares, servers, shells.
var oddWriters = [...]string{
	"system", "w3wp.exe", "umworkerprocess.exe", "umservice.exe", "sqlservr.exe", "cmd.exe", "powershell.exe", "pwsh.exe", "cscript.exe", "wscript.exe",
	"certutil.exe", "bitsadmin.exe", "mshta.exe", "rundll32.exe", "java.exe", "javaw.exe", "tomcat.exe", "tomcat9.exe", "httpd.exe", "nginx.exe", "php-cgi.exe",
	"wmiprvse.exe", "svchost.exe", "makecab.exe", "expand.exe", "java", "httpd", "nginx", "apache2", "php-fpm", "sh", "bash", "curl", "wget", "mysqld", "postgres",
}

// isMailFolder tells whether a page lies where Exchange keeps its own.
func isMailFolder(path string) bool {
	for _, part := range [...]string{`\httpproxy\`, `\owa\auth\`, `\ecp\auth\`, `\clientaccess\`, `\exchange server\`} {
		if containsFold(path, part) {
			return true
		}
	}
	return containsFold(path, `\inetpub\wwwroot\aspnet_client\`)
}

func (s *writtenState) emit(f *Finishing, w *writtenFile, page *webPage) {
	var asked *webPageUse
	if page != nil {
		asked = page.use()
	}
	odd, mail := namedOneOf([]byte(w.writer), oddWriters[:]), isMailFolder(w.path)
	weight := 1
	for _, more := range [...]bool{odd, mail} {
		if more {
			weight++
		}
	}
	e := Episode{
		Summary: fmt.Sprintf("%s was written by %s", w.path, cmp.Or(w.writer, "an unknown program")),
		Group:   []NamedValue{{"host", w.Host}, {"page", w.path}},
		Facts: []NamedValue{
			{"times written", fmt.Sprint(w.times)}, {"writer that has no business there", yesNo(odd)}, {"folder of the mail server", yesNo(mail)},
		},
		Refs: []Ref{w.Ref}, Count: w.times,
	}
	switch {
	case asked == nil:
		e.Facts = append(e.Facts, NamedValue{"answered requests for it", "none in the evidence"})
	case asked.answered.First.Before(w.Time.Add(-time.Minute)):
		weight--
		e.Facts = append(e.Facts, NamedValue{"answered requests for it", fmt.Sprint(asked.answers)})
		e.Caveats = append(e.Caveats, "the page was asked for and answered before: it was changed, not new")
	case asked.clients.many || len(asked.clients.texts) > s.clients:
		e.Facts = append(e.Facts, NamedValue{"answered requests for it", fmt.Sprintf("%d by more than %d clients", asked.answers, s.clients)})
	case asked.answered.First.Sub(w.Time) <= s.within:
		weight++
		clients := strings.Join(asked.clients.sorted(), " and ")
		e.Summary += fmt.Sprintf(", and first asked for %s later by %s", duration(max(asked.answered.First.Sub(w.Time), 0)), clients)
		e.Facts = append(e.Facts, NamedValue{"answered requests for it", fmt.Sprintf("%d by %s (at most %d clients)", asked.answers, clients, s.clients)})
		e.Refs = append(e.Refs, webRefs(asked.samples.all(), page.path)...)
		e.Count += asked.answers
		if isAddress(page.server) || page.server == "" {
			e.Caveats = append(e.Caveats, "the log of requests does not name its server: that it is the same one is taken from the path")
		}
	}
	e.Level = levelOf(weight)
	f.Emit(e)
}
