package story

import (
	_ "embed"
	"fmt"
	"regexp"
	"slices"
	"sort"
	"strings"
	"sync"

	"aldebaran/intel"
)

//go:embed vulnerabilities.txt
var vulnerabilitiesFile string

var vulnerabilityNames = sync.OnceValue(func() *gazetteer { return readGazetteer(vulnerabilitiesFile, nil) })

// numbered finds what has a number of its own: vulnerabilities, and those with a name too; techniques.
func (r *reading) numbered(s *sentence) {
	g := vulnerabilityNames()
	for i := s.first; i < s.last; i++ {
		if !r.free(i, i+1) {
			continue
		}
		if e, n := r.find(&g.phrases, i, s.last-i); n > 0 && !r.within(i, i+n) {
			for number := range strings.FieldsSeq(g.names[e]) {
				r.take(i, i+n, Claim{Kind: Vulnerability, Name: number, How: named, Role: "used"})
			}
			i += n - 1
			continue
		}
		switch w := r.exact(i); {
		case strings.EqualFold(w, "CVE") && i+2 < s.last && isNumber(r.exact(i+1), 4, 4) && isNumber(r.exact(i+2), 4, 7) && r.dashes(i+1) && r.dashes(i+2):
			r.take(i, i+3, Claim{Kind: Vulnerability, Name: "CVE-" + r.exact(i+1) + "-" + r.exact(i+2), How: numbered, Role: "used"})
			i = r.sameYear(s, i+3, r.exact(i+1)) - 1
		case len(w) == 5 && (w[0] == 'T' || w[0] == 't') && isNumber(w[1:], 4, 4) && w[1] <= '1':
			n, id := 1, strings.ToUpper(w)
			if i+1 < s.last && isNumber(r.exact(i+1), 3, 3) && (r.between(i+1) == "." || r.between(i+1) == "/") {
				n, id = 2, id+"."+r.exact(i+1)
			}
			r.take(i, i+n, Claim{Kind: Technique, Name: id, Refs: []string{id}, How: numbered})
			i += n - 1
		}
	}
}

// sameYear finds the numbers behind that of a vulnerability, from word i on, that leave out what they share with it:
// "CVE-2021-26855, 26857 and -27065". It gives the first word behind them.
func (r *reading) sameYear(s *sentence, i int, year string) int {
	for end := i; end < s.last; {
		n := end
		if n+1 < s.last && isOneOfWords(" and or ", r.word(n)) {
			n++
		}
		w, gap := r.exact(n), r.between(n)
		cut := strings.HasSuffix(gap, " -") || strings.HasSuffix(gap, " –") // "-26857"
		if gap = strings.TrimRight(gap, "-–"); n == end && !isOneOf(strings.TrimSpace(gap), []string{",", "/", "&", ", &"}) || n > end && gap != " " ||
			!isNumber(w, 4, 7) || !r.free(n, n+1) || !cut && (len(w) == 4 || n+1 < s.last && r.between(n+1) == " " && isLower(r.exact(n + 1)[0]) && r.word(n+1) != "and" && r.word(n+1) != "or") {
			return i
		}
		r.take(n, n+1, Claim{Kind: Vulnerability, Name: "CVE-" + year + "-" + w, How: numbered, Role: "used"})
		end, i = n+1, n+1
	}
	return i
}

// dashes tells whether the word at i is joined to the one before it by a dash of any kind.
func (r *reading) dashes(i int) bool {
	switch r.between(i) {
	case "-", "–", "‑", "—", " - ", "-\n":
		return true
	}
	return false
}

// isNumber tells whether a word consists of so many digits.
func isNumber(w string, least, most int) bool {
	if len(w) < least || len(w) > most {
		return false
	}
	for i := range len(w) {
		if !isDigit(w[i]) {
			return false
		}
	}
	return true
}

// indicators finds indicators by their form, but for what hardly is one (see reference); a note counts those.
func (r *reading) indicators(d *document) {
	found := intel.FindIndicators(r.text)
	defanged := slices.ContainsFunc(found, func(f intel.Found) bool { return f.Defanged })
	t, left := 0, 0
	for i := range found {
		f := &found[i]
		for t > 0 && r.tokens[t-1].end > f.Start {
			t--
		}
		for ; t < len(r.tokens) && r.tokens[t].start < f.End; t++ {
			// The name of a file may be that of malware: mssq.bat.
			if r.tokens[t].end > f.Start && f.Type != intel.FileName {
				r.taken[t] = true
			}
		}
		if !f.Defanged && r.reference(f, defanged) {
			left++
			continue
		}
		r.claims = append(r.claims, Claim{Kind: Indicator, Name: f.Value, Start: f.Start, End: f.End, How: pattern,
			Indicator: string(f.Type), Defanged: f.Defanged})
	}
	if left > 0 {
		d.notes = append(d.notes, fmt.Sprintf("%d addresses and names of files that are no indicators as they stand there were left out: links to read, hosts of large providers, programs of every Windows", left))
	}
}

// warnings are what no intruder owns.
var warnings = sync.OnceValues(intel.BuiltinWarnings)

// ownDomains end the names of those who write reports and who are written about.
var ownDomains = []string{".gov", ".mil", ".int"}

// reportingDomains are of those who write about intruders: what is not defanged there is to be read.
var reportingDomains = []string{"security.com", "broadcom.com", "symantec.com", "welivesecurity.com", "eset.com", "paloaltonetworks.com", "mandiant.com", "fireeye.com", "crowdstrike.com", "securelist.com", "kaspersky.com",
	"talosintelligence.com", "trendmicro.com", "sentinelone.com", "proofpoint.com", "checkpoint.com", "recordedfuture.com", "secureworks.com", "fortinet.com", "sophos.com", "elastic.co", "volexity.com", "dragos.com", "group-ib.com",
	"sekoia.io", "cyble.com", "zscaler.com", "rapid7.com", "huntress.com", "thedfirreport.com", "mitre.org", "virustotal.com", "cert.ssi.gouv.fr", "bleepingcomputer.com", "thehackernews.com", "therecord.media", "securityweek.com",
	"darkreading.com", "cyberscoop.com", "securityaffairs.com", "krebsonsecurity.com", "theregister.com", "arstechnica.com", "reuters.com", "bloomberg.com"}

// everybodysFolder are folders that every Windows has: what lies there may be an indicator, they are none.
var everybodysFolder = regexp.MustCompile(`(?i)^(?:[a-z]:|%systemdrive%)?\\(?:(?:windows|winnt)(?:\\(?:system32|syswow64|temp|tasks|debug|system32\\(?:inetsrv|tasks|drivers|wbem|config)))?|program files(?: \(x86\))?|programdata|users(?:\\public)?|inetpub(?:\\wwwroot(?:\\aspnet_client)?)?|temp|perflogs|intel)?\\?$|^%(?:windir|systemroot|temp|tmp|appdata|localappdata|programdata|public|userprofile)%(?:\\system32)?\\?$`)

// reference tells whether something that could be clicked on is meant to be: a report that defangs
// addresses means the others as links, and so does one that has them within its sentences without a
// word of what the intruder did there. Programs that every Windows has are no indicators either.
func (r *reading) reference(f *intel.Found, othersDefanged bool) bool {
	switch f.Type {
	case intel.FileName:
		return isOneOfWords(systemFiles, strings.ToLower(f.Value))
	case intel.FilePath:
		name := strings.ToLower(f.Value[strings.LastIndexAny(f.Value, `\/`)+1:])
		return isOneOfWords(systemFiles, name) || everybodysFolder.MatchString(f.Value)
	case intel.Domain, intel.URL, intel.Email, intel.IP:
	default:
		return false
	}
	if w, err := warnings(); err == nil {
		if _, hit := w.Check(&intel.Indicator{Type: f.Type, Value: f.Value}); hit {
			return true
		}
	}
	if f.Type == intel.IP {
		return false
	}
	host := f.Value
	if u, ok := intel.ParseURL(host); ok {
		host = u.Host
	}
	for _, end := range ownDomains {
		if strings.HasSuffix(host, end) || strings.Contains(host, end+".") {
			return true
		}
	}
	for _, domain := range reportingDomains {
		if host == domain || strings.HasSuffix(host, "."+domain) {
			return true
		}
	}
	return othersDefanged || !r.accused(f)
}

// contacting are words for what intruders do with addresses.
const contacting = ` c2 c&c cnc command control server servers domain domains beacon beacons beaconed callback callbacks contacted contacts contacting connects connected connecting resolves resolved ` +
	`hosted hosting downloads downloaded downloading exfiltrated uploaded phishing malicious ioc iocs indicators infrastructure registered sent sender payload dropped communicates communicated `

// accused tells whether a sentence is nothing but an address, or says what an intruder did with it.
func (r *reading) accused(f *intel.Found) bool {
	n := sort.Search(len(r.sentences), func(n int) bool { return r.sentences[n].End > f.Start })
	if n == len(r.sentences) || r.sentences[n].Start > f.Start {
		return false
	}
	s := &r.sentences[n]
	return s.End-s.Start-(f.End-f.Start) < 8 || r.has(s, contacting)
}

// systemFiles are programs and libraries that every Windows, IIS or Exchange has.
const systemFiles = ` w3wp.exe cmd.exe powershell.exe pwsh.exe svchost.exe lsass.exe services.exe explorer.exe rundll32.exe regsvr32.exe mshta.exe ` +
	`wscript.exe cscript.exe schtasks.exe tasklist.exe net.exe net1.exe sc.exe reg.exe wmic.exe wmiprvse.exe certutil.exe bitsadmin.exe msbuild.exe ` +
	`installutil.exe conhost.exe winlogon.exe csrss.exe smss.exe spoolsv.exe taskmgr.exe notepad.exe ping.exe ipconfig.exe whoami.exe systeminfo.exe ` +
	`netstat.exe tracert.exe taskeng.exe runtimebroker.exe dllhost.exe mmc.exe wmiadap.exe msiexec.exe at.exe nltest.exe quser.exe ntdsutil.exe vssadmin.exe wevtutil.exe sqlservr.exe sqlcmd.exe osql.exe bcp.exe iisreset.exe appcmd.exe csc.exe ` +
	`vbc.exe amsi.dll ntdll.dll kernel32.dll kernelbase.dll user32.dll advapi32.dll comsvcs.dll ntds.dit web.config applicationhost.config ` +
	`outlook.exe winword.exe excel.exe iexplore.exe msedge.exe chrome.exe firefox.exe java.exe node.exe node.js asp.net .net `
