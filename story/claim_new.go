package story

import (
	"regexp"
	"strings"
)

// clusterNames are how vendors number activity that they have no name for yet.
var clusterNames = regexp.MustCompile(`^(?:UNC\d{2,5}|TA\d{3,5}|TAG-\d{1,4}|APT-?\d{1,3}|APT-C-\d{1,3}|FIN\d{1,3}|TEMP\.[A-Z]\w+|(?:CL|TGR)-(?:STA|CRI|UNK)-\d{4}|STAC\d{4}|Storm-\d{4}|DEV-\d{4}|UAC-\d{4}|UAT-?\d{4}|CTG-\d{4}|ATK\d{1,3}|GOLD [A-Z]{3,}|UTA\d{4}|TAC-\d{3}|REF\d{4}|ITG\d{1,3}|G\d{4}|UNK_[A-Z]\w+|SLIME\d{1,3}|Void [A-Z]\w+|Earth [A-Z]\w+|Water [A-Z]\w+|PROMETHIUM-\d+|Operation [A-Z][\w-]+(?: [A-Z][\w-]+)?)`)

// clusterStarts are the first words of such names, so that the pattern is only tried there.
const clusterStarts = ` temp cl tgr tag storm dev uac uat ctg gold apt void earth water unk operation `

// newNames finds names that the lexicon does not have.
func (r *reading) newNames(s *sentence) {
	for i := s.first; i < s.last; i++ {
		if !r.free(i, i+1) {
			continue
		}
		if n := r.cluster(i, s); n > 0 {
			r.take(i, i+n, Claim{Kind: Actor, Name: r.span(i, i+n), New: true, How: pattern})
			i += n - 1
			continue
		}
		if n, kind := r.introduced(s, i); n > 0 {
			role := "used"
			if kind == Actor {
				role = ""
			}
			r.take(i, i+n, Claim{Kind: kind, Name: r.span(i, i+n), New: true, How: pattern, Role: role})
			i += n - 1
		}
	}
}

// span is the text of the words from a to b on one line.
func (r *reading) span(a, b int) string {
	return strings.Join(strings.Fields(r.text[r.tokens[a].start:r.tokens[b-1].end]), " ")
}

// cluster is the number of words of the number of a cluster that starts at i.
func (r *reading) cluster(i int, s *sentence) int {
	w := r.exact(i)
	if !capitalised(w) || !isDigit(w[len(w)-1]) && !strings.Contains(clusterStarts, " "+r.word(i)+" ") {
		return 0
	}
	start := r.tokens[i].start
	m := clusterNames.FindStringIndex(r.text[start:min(len(r.text), start+64, s.End)])
	if m == nil || start+m[1] < len(r.text) && wordRune(r.text[start+m[1]:]) > 0 {
		return 0
	}
	n := 1
	for i+n < s.last && r.tokens[i+n].start < start+m[1] {
		n++
	}
	if !r.free(i, i+n) || r.within(i, i+n) {
		return 0
	}
	return n
}

// introduced is the number of words of a name that the words around it present as one, and its kind:
// "a backdoor dubbed X", "the X ransomware", "a group that calls itself X".
func (r *reading) introduced(s *sentence, i int) (int, Kind) {
	if !capitalised(r.exact(i)) || r.within(i, i+1) {
		return 0, ""
	}
	n := r.nameLength(s, i)
	if n == 0 {
		return 0, ""
	}
	kind := r.presents(s, i, i+n)
	if kind == "" {
		return 0, ""
	}
	return n, kind
}

// nameLength is the number of words with capital letters from i on that may be one name.
func (r *reading) nameLength(s *sentence, i int) int {
	n := 0
	for i+n < s.last && n < 3 && r.free(i+n, i+n+1) {
		w := r.exact(i + n)
		if n > 0 && r.between(i+n) != " " && r.between(i+n) != "-" {
			break
		}
		if !capitalised(w) && !(n > 0 && isDigit(w[0])) {
			break
		}
		if strings.Contains(malwareWords+actorWords, " "+r.word(i+n)+" ") && r.exact(i+n) != "RAT" {
			break
		}
		n++
	}
	return n
}

// presents says as what the words before and behind present a name, "" if they do not.
func (r *reading) presents(s *sentence, a, b int) Kind {
	name := r.exact(a)
	if len(name) < 3 || strings.Contains(notNames, " "+strings.ToLower(name)+" ") {
		return ""
	}
	// "dubbed X", "called X", "tracked as X", "known as X", "named X": what is it?
	at := a - 1
	if at > s.first && (r.word(at) == "as" || r.word(at) == "the" || r.word(at) == "itself") {
		at--
	}
	if at >= s.first && strings.Contains(" dubbed called named codenamed nicknamed tracked tracks known calls followed calling aka dub ", " "+r.word(at)+" ") && strings.Trim(r.between(a), " \"'“‘`") == "" {
		for i := at; i >= s.first && at-i < 14; i-- {
			if strings.Contains(malwareWords+" tool tools ", " "+r.word(i)+" ") {
				return Malware
			}
			if strings.Contains(actorWords, " "+r.word(i)+" ") {
				return Actor
			}
		}
		return ""
	}
	if !innerCapital(r.exact(a)) && !(allCaps(name) && len(name) > 4) || b-a > 2 {
		return ""
	}
	// "the PlugX malware", "malware PlugX"
	strong := ` malware ransomware backdoor trojan rat loader stealer infostealer worm wiper botnet implant rootkit spyware downloader dropper keylogger bootkit webshell `
	if b < s.last && r.between(b) == " " && strings.Contains(strong, " "+r.word(b)+" ") {
		return Malware
	}
	if a > s.first && r.between(a) == " " && strings.Contains(strong, " "+r.word(a-1)+" ") {
		return Malware
	}
	return ""
}

// notNames are words with capitals that are no names of actors or programs.
const notNames = ` the this that these those windows microsoft linux macos android ios mac google apple exchange iis sql server internet powershell javascript python php java ` +
	`asp aspx dll exe http https dns tcp udp smb rdp ssh vpn usb url api vbs vba html xml json pdf zip iso lnk iot ioc iocs ttp ttps cve apt c2 cnc owa ` +
	`github telegram discord whatsapp facebook twitter linkedin youtube gmail outlook office microsoft365 onedrive dropbox pastebin vmware esxi citrix `
