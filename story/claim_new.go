package story

import (
	"regexp"
	"strings"
)

// clusterNames are how vendors number activity that they have no name for yet, or call it by a scheme.
var clusterNames = regexp.MustCompile(`^(?:UNC\d{2,5}|TA[1-9]\d{2,4}|TAG-\d{1,4}|APT-?\d{1,3}|APT-C-\d{1,3}|FIN\d{1,3}|TEMP\.[A-Z]\w+|(?:CL|TGR)-(?:STA|CRI|UNK)-\d{4}|STAC\d{4}|Storm-\d{4}|DEV-\d{4}|UAC-\d{4}|UAT-?\d{4}|CTG-\d{4}|ATK\d{1,3}|(?:GOLD|BRONZE|IRON|COBALT|NICKEL|TIN|ZINC|ALUMINUM|COPPER) [A-Z]{4,}|UTA\d{4}|REF\d{4}|ITG\d{1,3}|UNK_[A-Z]\w+|SLIME\d{1,3}|(?:Void|Earth|Water) [A-Z]\w+|Operation [A-Z][\w-]+(?: [A-Z][\w-]+)?|[A-Z][a-z]+ (?:Panda|Bear|Kitten|Chollima|Spider|Jackal|Typhoon|Blizzard|Sandstorm|Sleet|Tempest|Taurus|Ursa|Libra|Serpens|Pisces|Scorpius|Lynx))`)

// clusterStarts are the first words of such names that do not end in a digit, so that the pattern is
// only tried there and before the words that end a name of a scheme.
const (
	clusterStarts = ` temp cl tgr tag storm dev uac uat ctg gold bronze iron cobalt nickel tin zinc aluminum copper apt void earth water unk operation `
	clusterEnds   = ` panda bear kitten chollima spider jackal typhoon blizzard sandstorm sleet tempest taurus ursa libra serpens pisces scorpius lynx `
)

// newNames finds names that the lexicon does not have: by schemes, and by the words that introduce
// them. What was introduced once is known by its name in the whole report.
func (r *reading) newNames() {
	r.small = map[string]bool{}
	for i := range r.tokens {
		if w := r.exact(i); isLower(w[0]) {
			r.small[w] = true
		}
	}
	introduced := newPhrases()
	var claims []Claim
	for n := range r.sentences {
		s := &r.sentences[n]
		for i := s.first; i < s.last; i++ {
			if !r.free(i, i+1) || !capitalised(r.exact(i)) {
				continue
			}
			if words := r.cluster(i, s); words > 0 {
				r.take(i, i+words, Claim{Kind: Actor, Name: r.span(i, i+words), New: true, How: pattern})
				i += words - 1
				continue
			}
			words, kind := r.introduced(s, i)
			if words == 0 {
				continue
			}
			c := r.introduce(kind, i, i+words)
			r.take(i, i+words, c)
			if k := key(c.Name); introduced.entries[k] == 0 {
				claims = append(claims, c)
				introduced.add(c.Name, len(claims))
			}
			i += words - 1
		}
	}
	if len(claims) > 0 {
		r.repeated(&introduced, claims)
	}
	if len(r.said) > 0 {
		for n := range r.sentences {
			r.confirmed(&r.sentences[n])
		}
	}
}

// introduce makes a claim of a name that the words around it present as one of a kind: what the lexicon has it for,
// if it is a common word that nothing spoke for until now ("a group called Hafnium"), or something new.
func (r *reading) introduce(kind Kind, a, b int) Claim {
	if e, ok := r.lexicon.names.entries[key(r.span(a, b))]; ok {
		if meant := keep(r.lexicon.entries[e].meanings, func(k Kind) bool { return k == kind }); len(meant) > 0 {
			return claimOf(meant, r.lexicon.entries[e].written)
		}
	}
	c := Claim{Kind: kind, Name: r.span(a, b), New: true, How: pattern}
	if kind != Actor {
		c.Role = "used"
	}
	return c
}

// repeated finds the other mentions of names that were introduced.
func (r *reading) repeated(introduced *phrases, claims []Claim) {
	for n := range r.sentences {
		s := &r.sentences[n]
		for i := s.first; i < s.last; {
			e, words := r.find(introduced, i, s.last-i)
			if words == 0 || !r.free(i, i+words) || r.within(i, i+words) || !capitalised(r.exact(i)) {
				i++
				continue
			}
			r.take(i, i+words, claims[e-1])
			i += words
		}
	}
}

// span is the text of the words from a to b on one line.
func (r *reading) span(a, b int) string {
	return strings.Join(strings.Fields(r.text[r.tokens[a].start:r.tokens[b-1].end]), " ")
}

// cluster is the number of words of the name of a cluster that starts at i.
func (r *reading) cluster(i int, s *sentence) int {
	w := r.exact(i)
	ends := i+1 < s.last && isOneOfWords(clusterEnds, r.word(i+1))
	if !isDigit(w[len(w)-1]) && !ends && !isOneOfWords(clusterStarts, r.word(i)) && !strings.HasPrefix(w, "UNK_") {
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
// "a backdoor dubbed X", "the X ransomware".
func (r *reading) introduced(s *sentence, i int) (int, Kind) {
	n := r.nameLength(s, i)
	if n == 0 || r.within(i, i+n) {
		return 0, ""
	}
	w := r.exact(i)
	if len(w) < 3 || isDigit(w[0]) || isOneOfWords(notNames, r.word(i)) || isOneOfWords(dressing, r.word(i)) || r.small[r.word(i)] {
		return 0, ""
	}
	if at := r.naming(s, i); at >= 0 {
		if kind := r.thing(s, at); kind != "" {
			return n, kind
		}
		return 0, ""
	}
	switch {
	case n <= 3 && r.exact(i+n-1) == "RAT" && n > 1:
		return n, Malware
	case n == 1 && innerCapital(w) && programEnds.MatchString(w):
		return 1, Malware
	case n <= 2 && r.besideProgram(s, i, i+n):
		return n, Malware
	}
	return 0, ""
}

// programEnds are how names of malware end that say what it does.
var programEnds = regexp.MustCompile(`[a-z0-9](?:RAT|Rat|Bot|bot|Stealer|stealer|Locker|locker|Crypt|crypt|Crypter|Loader|loader|Worm|worm|w0rm|Grabber|grabber|Ransom|Wiper|wiper|Door|door|Dropper|Keylogger|Miner|Banker|Clipper)$`)

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
		if isOneOfWords(malwareWords+actorWords, r.word(i+n)) && w != "RAT" {
			break
		}
		n++
	}
	return n
}

func isOneOfWords(words, word string) bool { return strings.Contains(words, " "+word+" ") }

// naming gives the word that says that a name follows at i ("dubbed", "called"), -1 if there is none: right
// before it, or before "as" and who calls it so: "dubbed by Proofpoint as LEMPO".
func (r *reading) naming(s *sentence, i int) int {
	at := i - 1
	if at < s.first || strings.Trim(r.text[r.tokens[at].end:r.tokens[i].start], " \u00a0\n\"'“‘`*_(") != "" {
		return -1
	}
	const verbs = ` dubbed called named codenamed nicknamed tracked tracks known followed aka dubs referred codename naming calling dubbing `
	if w := r.word(at); isOneOfWords(verbs, w) {
		return at
	} else if w != "as" && w != "itself" && w != "the" {
		return -1
	}
	reach := 1
	if r.word(at) == "as" {
		reach = 5 // "dubbed by Acme Labs as"
	}
	for j := at - 1; j >= s.first && at-j <= reach; j-- {
		if isOneOfWords(verbs, r.word(j)) {
			return j
		}
		if strings.ContainsAny(r.text[r.tokens[j].end:r.tokens[j+1].start], ",;:.") {
			break
		}
	}
	return -1
}

// otherThings have names too, and are neither malware nor actors.
const otherThings = ` site website company firm system technique method function file command page forum market marketplace service vulnerability flaw bug exploit ` +
	`channel server module script process folder directory language country city agency ministry researcher researchers app application protocol format project feature article report paper server servers domain `

// maxThing is how many words before a naming verb the thing stands that gets the name.
const maxThing = 14

// thing says what the words before a naming verb speak of: the nearest thing counts.
func (r *reading) thing(s *sentence, at int) Kind {
	for i := at - 1; i >= s.first && at-i <= maxThing; i-- {
		switch w := r.word(i); {
		case w == "command" && i+1 < at && r.word(i+1) == "and", w == "control" || w == "server" && r.word(max(i-1, s.first)) == "control":
			// "uses it for command and control, which we call"
		case isOneOfWords(otherThings, w):
			return ""
		case isOneOfWords(malwareWords+" tool tools ", w):
			return Malware
		case isOneOfWords(actorWords, w):
			return Actor
		}
	}
	// "was called X, a remote access tool"
	return ""
}

// strongWords only stand beside names of malware.
const strongWords = ` malware ransomware backdoor trojan rat stealer infostealer worm wiper botnet implant rootkit spyware downloader dropper keylogger bootkit webshell loader `

// besideProgram tells whether a word that only malware has stands right before or behind the words from
// a to b. A plain word with a capital counts only within a sentence: "the Epsilon ransomware".
func (r *reading) besideProgram(s *sentence, a, b int) bool {
	w := r.exact(a)
	plain := !innerCapital(w) && !(allCaps(w) && len(w) > 3)
	if plain && (a == s.first && s.last-s.first > 4 || b-a > 1) || allCaps(w) && len(w) < leastAcronym {
		return false
	}
	if plain && b+1 < s.last && isOneOfWords(" attack attacks incident incidents campaign campaigns report guide protection ", r.word(b+1)) {
		return false // "the Acme ransomware attack" is one on Acme
	}
	if b < s.last && r.between(b) == " " && isOneOfWords(strongWords, r.word(b)) {
		return !plain || r.word(b) != "malware" && r.word(b) != "loader" && r.word(b) != "implant" && r.word(b) != "dropper" && r.word(b) != "downloader"
	}
	if a > s.first && !plain && isOneOfWords(strongWords, r.word(a-1)) && strings.Trim(r.between(a), " \"'“‘`*") == "" && !allCaps(r.exact(a-1)) {
		return true
	}
	if b+1 < s.last && r.between(b) == ", " && (r.word(b) == "the" || r.word(b) == "a" || r.word(b) == "an") && b-a == 1 &&
		(isOneOfWords(strongWords, r.word(b+1)) || b+2 < s.last && r.between(b+2) == " " && isOneOfWords(strongWords, r.word(b+2)) && isOneOfWords(dressing, r.word(b+1))) {
		return a > s.first // "Quartz, the backdoor", "Quartz, a new backdoor"
	}
	// "malware is X", "malware such as X", "malware projects such as X"
	if a-3 > s.first && plain && r.word(a-1) == "as" && r.word(a-2) == "such" && r.word(a-3) == "families" && r.hasWithin(a-5, a-3, s, strongWords) {
		return true // "malware families such as Quartz"
	}
	return a-2 > s.first && !plain && (r.word(a-1) == "is" || r.word(a-1) == "as" && r.word(a-2) == "such") && r.between(a) == " " &&
		(isOneOfWords(strongWords+" families ", r.word(a-2)) || isOneOfWords(strongWords+" families projects ", r.word(a-3)))
}

// leastAcronym is how many letters a word of capitals has that is no "UEFI" or "DDoS".
const leastAcronym = 5

// dressing are words that say what kind of malware something is.
const dressing = ` new custom multiple several novel mobile banking remote crypto advanced fake malicious modular fileless encrypted access first second third another other ` +
	`this these some many most such known unknown common commodity public commercial similar different various russian chinese iranian korean ` +
	`destructive targeted final initial main full open source native stealthy sophisticated simple basic infamous notorious popular previous ` +
	`win32 win64 trojan.win32 etpro et gen generic malware.gen anti post pre double multi stage information password credential disk file data web point pos iot cross platform ` +
	`figure table image screenshot note update appendix since when while after before once using although because during how why what where if ` +
	`global national local internal external potential additional recent latest newer older original early late human human-operated enterprise corporate business `

// notNames are words with capitals that are no names of actors or programs.
const notNames = ` the this that these those windows microsoft linux macos android ios mac google apple exchange iis sql server internet powershell javascript python php java ` +
	`asp aspx dll exe http https dns tcp udp smb rdp ssh vpn usb url api vbs vba html xml json pdf zip iso lnk iot ioc iocs ttp ttps ddos uefi mbr cve apt c2 c&c cnc owa ` +
	`github telegram discord whatsapp facebook twitter linkedin youtube gmail outlook office microsoft365 onedrive dropbox pastebin vmware esxi citrix net golang rust delphi ` +
	`kaspersky symantec proofpoint crowdstrike mandiant fireeye talos cisco eset sophos mcafee palo unit trend checkpoint virustotal zscaler intel471 intel fbi cisa nsa ` +
	`january february march april may june july august september october november december monday tuesday wednesday thursday friday saturday sunday `
