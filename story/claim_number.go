package story

import (
	"strings"

	"aldebaran/intel"
)

// numbered finds what has a number of its own: vulnerabilities, techniques.
func (r *reading) numbered(s *sentence) {
	for i := s.first; i < s.last; i++ {
		if !r.free(i, i+1) {
			continue
		}
		switch w := r.exact(i); {
		case strings.EqualFold(w, "CVE") && i+2 < s.last && isNumber(r.exact(i+1), 4, 4) && isNumber(r.exact(i+2), 4, 7) && r.dashes(i+1) && r.dashes(i+2):
			r.take(i, i+3, Claim{Kind: Vulnerability, Name: "CVE-" + r.exact(i+1) + "-" + r.exact(i+2), How: numbered, Role: "used"})
			i += 2
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

// indicators finds indicators by their form. Those that are written as links to click on may be the
// report's own references; what no intruder owns (intel/warnings.json), and names of programs of
// every system, are no claims.
func (r *reading) indicators() {
	t := 0
	for _, f := range intel.FindIndicators(r.text) {
		if !f.Defanged && r.isReference(f) {
			continue
		}
		r.claims = append(r.claims, Claim{Kind: Indicator, Name: f.Value, Start: f.Start, End: f.End, How: pattern,
			Indicator: string(f.Type), Defanged: f.Defanged})
		if f.Type == intel.FileName {
			continue // may be the name of malware: mssq.bat
		}
		for t > 0 && r.tokens[t-1].end > f.Start {
			t--
		}
		for ; t < len(r.tokens) && r.tokens[t].start < f.End; t++ {
			if r.tokens[t].end > f.Start {
				r.taken[t] = true
			}
		}
	}
}

// isReference tells whether something that is not defanged hardly is an indicator: a program of every
// Windows, a host that everybody uses.
func (r *reading) isReference(f intel.Found) bool {
	switch f.Type {
	case intel.FileName:
		return strings.Contains(systemFiles, " "+strings.ToLower(f.Value)+" ")
	case intel.FilePath:
		name := f.Value[strings.LastIndexAny(f.Value, `\/`)+1:]
		return strings.Contains(systemFiles, " "+strings.ToLower(name)+" ")
	}
	return false
}

// systemFiles are programs and libraries that every Windows, IIS or Exchange has.
const systemFiles = ` w3wp.exe cmd.exe powershell.exe pwsh.exe svchost.exe lsass.exe services.exe explorer.exe rundll32.exe regsvr32.exe mshta.exe ` +
	`wscript.exe cscript.exe schtasks.exe tasklist.exe net.exe net1.exe sc.exe reg.exe wmic.exe wmiprvse.exe certutil.exe bitsadmin.exe msbuild.exe ` +
	`installutil.exe conhost.exe winlogon.exe csrss.exe smss.exe spoolsv.exe taskmgr.exe notepad.exe ping.exe ipconfig.exe whoami.exe systeminfo.exe ` +
	`netstat.exe nltest.exe quser.exe ntdsutil.exe vssadmin.exe wevtutil.exe sqlservr.exe sqlcmd.exe osql.exe bcp.exe iisreset.exe appcmd.exe csc.exe ` +
	`vbc.exe amsi.dll ntdll.dll kernel32.dll kernelbase.dll user32.dll advapi32.dll comsvcs.dll ntds.dit web.config applicationhost.config ` +
	`outlook.exe winword.exe excel.exe iexplore.exe msedge.exe chrome.exe firefox.exe java.exe node.exe node.js asp.net .net `
