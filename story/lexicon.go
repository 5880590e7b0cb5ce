package story

import (
	_ "embed"
	"slices"
	"strings"

	"aldebaran/attack"
	"aldebaran/intel"
)

// A Lexicon knows the names of actors, malware, tools and techniques, and what they may stand for. It
// is immutable and safe for concurrent use. The zero value knows none.
type Lexicon struct {
	names   phrases
	entries []entry
}

// An entry is a name with everything that it stands for.
type entry struct {
	written  string
	meanings []meaning
	// care says how much must speak for it that a word of a text is meant as the name.
	care care
}

// A meaning is one thing that a name stands for.
type meaning struct {
	kind Kind
	name string // its usual name
	ref  string // what knows it: "G0007", "pack:phantom-taurus"; "" if nothing else is known of it
}

// care is how careful to be with a name.
type care uint8

const (
	certain   care = iota // no word of a language: "PlugX", "Lazarus Group"
	asName                // written with a capital letter: "Turla"
	asTitle               // all of its words begin with capital letters: "Email Addresses"
	inContext             // a common word, which something beside it must say is meant as a name: "Play ransomware"
	asCommand             // a program of every system: "net.exe", "the ping command"
)

// NewLexicon makes a lexicon of what ATT&CK and packs know. Either may be nil. What packs have as
// unverified is not in it.
func NewLexicon(k *attack.Knowledge, packs []*intel.Pack) *Lexicon {
	l := &Lexicon{names: newPhrases()}
	if k != nil {
		l.attack(k)
	}
	for _, p := range packs {
		l.pack(p)
	}
	l.galaxy()
	l.families()
	return l
}

//go:embed actors.tsv
var actorsFile string

//go:embed families.txt
var familiesFile string

// galaxy adds the actors of the MISP galaxy under names that stand for nothing yet: what two sources call
// the same is not ambiguous because of that. A cluster that is called like an actor of ATT&CK or a pack is
// that actor; one that several clusters have as a synonym stays ambiguous.
func (l *Lexicon) galaxy() {
	before := len(l.entries)
	clusters := map[string]meaning{} // by name: of two files that have an actor the first counts
	for line := range strings.Lines(actorsFile) {
		columns := strings.Split(strings.TrimRight(line, "\n"), "\t")
		if len(columns) < 2 || strings.HasPrefix(line, "#") {
			continue
		}
		m, known := clusters[key(columns[0])]
		if !known {
			if m, known = l.actor(columns[0]); !known {
				m = meaning{Actor, columns[0], "misp-galaxy:" + columns[1]}
			}
			clusters[key(columns[0])] = m
		}
		for _, name := range append(columns[:1:1], columns[2:]...) {
			if i, ok := l.names.entries[key(name)]; ok && i < before {
				continue
			}
			// A plain word must be said to be an actor.
			if e := l.add(name, m); e != nil && len(e.meanings) == 1 && (e.care == asName && len(tokens(name)) == 1 || !capitalised(name)) {
				e.care = inContext
			}
		}
	}
}

// actor gives the one actor that a name stands for.
func (l *Lexicon) actor(name string) (meaning, bool) {
	i, ok := l.names.entries[key(name)]
	if !ok || len(l.entries[i].meanings) != 1 || l.entries[i].meanings[0].kind != Actor || l.entries[i].meanings[0].ref == "" {
		return meaning{}, false
	}
	return l.entries[i].meanings[0], true
}

// families adds families of malware that nothing else names. "?" marks those that are words.
func (l *Lexicon) families() {
	for line := range strings.Lines(familiesFile) {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "#") {
			continue
		}
		first := ""
		for name := range strings.SplitSeq(line, ", ") {
			name, word := strings.CutSuffix(name, "?")
			if first == "" {
				first = name
			}
			if l.has(name, Malware) || l.has(name, Tool) {
				continue
			}
			if e := l.add(name, meaning{Malware, first, ""}); e != nil && len(e.meanings) == 1 && word {
				e.care = inContext
			}
		}
	}
}

// has tells whether a name is known to stand for something of a kind.
func (l *Lexicon) has(name string, kind Kind) bool {
	i, ok := l.names.entries[key(name)]
	if !ok {
		return false
	}
	for _, m := range l.entries[i].meanings {
		if m.kind == kind {
			return true
		}
	}
	return false
}

func (l *Lexicon) attack(k *attack.Knowledge) {
	for i := range k.Groups {
		if g := &k.Groups[i]; g.Live() {
			l.all(append([]string{g.Name}, g.Aliases...), meaning{Actor, g.Name, g.ID})
		}
	}
	for i := range k.Campaigns {
		if c := &k.Campaigns[i]; c.Live() {
			l.all(append([]string{c.Name}, c.Aliases...), meaning{Actor, c.Name, c.ID})
		}
	}
	for i := range k.Software {
		s := &k.Software[i]
		kind := Malware
		if s.Type == attack.Tool {
			kind = Tool
		}
		if s.Live() {
			l.all(append([]string{s.Name}, s.Aliases...), meaning{kind, s.Name, s.ID})
		}
	}
	for i := range k.Techniques {
		// One word ("Phishing", "Screensaver") says too little; the model looks at its sentence.
		t := &k.Techniques[i]
		if !t.Live() || !strings.ContainsAny(t.Name, " -") {
			continue
		}
		// What is done before an intrusion has names that are common words: "Email Addresses".
		if e := l.add(t.Name, meaning{Technique, t.ID, t.ID}); e != nil && !slices.ContainsFunc(t.Tactics, func(tactic string) bool { return tactic != "reconnaissance" && tactic != "resource-development" }) {
			e.care = asTitle
		}
	}
}

func (l *Lexicon) pack(p *intel.Pack) {
	ref := "pack:" + p.Name
	if a := p.Actor; a != nil {
		l.add(a.Name, meaning{Actor, a.Name, ref})
		for _, n := range a.Aliases {
			if !n.Unverified {
				l.add(n.Name, meaning{Actor, a.Name, ref})
			}
		}
		for _, n := range a.NotAliases {
			l.add(n.Name, meaning{Actor, n.Name, ""})
		}
	}
	for _, r := range p.Relations {
		for _, n := range append([]string{r.To}, r.Names...) {
			l.add(n, meaning{Actor, r.To, r.AttackID})
		}
	}
	for _, s := range p.Malware {
		l.software(s, Malware, ref)
	}
	for _, s := range p.Tools {
		l.software(s, Tool, ref)
	}
}

// software adds malware or a tool of a pack. What many use says nothing about the pack's actor.
func (l *Lexicon) software(s intel.Software, kind Kind, ref string) {
	if s.Unverified {
		return
	}
	names := append([]string{s.Name}, s.Aliases...)
	if s.AttackID != "" {
		l.all(names, meaning{kind, s.Name, s.AttackID})
	}
	if !s.Common && kind == Malware {
		l.all(names, meaning{kind, s.Name, ref})
	} else if s.AttackID == "" {
		l.all(names, meaning{kind, s.Name, ""})
	}
}

func (l *Lexicon) all(names []string, m meaning) {
	for _, n := range names {
		l.add(n, m)
	}
}

// refer gives a claim that a field states what its name refers to.
func (l *Lexicon) refer(c Claim) Claim {
	if len(c.Refs) > 0 {
		return c
	}
	i, ok := l.names.entries[key(c.Name)]
	if !ok {
		c.New = c.Kind == Actor || c.Kind == Malware
		return c
	}
	for _, m := range l.entries[i].meanings {
		software := (m.kind == Malware || m.kind == Tool) && (c.Kind == Malware || c.Kind == Tool)
		if m.ref != "" && (m.kind == c.Kind || software) {
			c.Refs = append(c.Refs, m.ref)
			if c.Kind == Technique {
				c.Name = m.ref
			}
		}
	}
	return c
}

// leastName is the length of the shortest name that is looked for.
const leastName = 2

// add adds a meaning to a name, and gives its entry; nil if the name is too short or has that meaning.
func (l *Lexicon) add(name string, m meaning) *entry {
	k := key(name)
	if len(k) < leastName || strings.Trim(k, "0123456789") == "" {
		return nil
	}
	i, known := l.names.entries[k]
	if !known {
		i = len(l.entries)
		l.entries = append(l.entries, entry{written: name, care: careFor(name, m.kind)})
	}
	l.names.add(name, i)
	e := &l.entries[i]
	for j := range e.meanings {
		switch have := &e.meanings[j]; {
		case have.ref == m.ref && (m.ref != "" || have.kind == m.kind), have.kind == m.kind && m.ref == "":
			return nil
		case have.kind == m.kind && have.ref == "":
			*have = m
			return e
		}
	}
	e.meanings = append(e.meanings, m)
	return e
}

// careFor says how much must speak for a name.
func careFor(name string, kind Kind) care {
	words := tokens(name)
	switch {
	case kind == Technique:
		return certain
	case isOneOfWords(commonPhrases, key(name)):
		return inContext
	case len(words) > 1:
		if kind == Actor || kind == Malware {
			return asName
		}
		return certain
	case isOneOfWords(systemPrograms, strings.ToLower(name)):
		return asCommand
	case isOneOfWords(commonWords, strings.ToLower(name)):
		return inContext
	case innerCapital(name):
		return certain
	case kind == Actor && allCaps(name) && len(name) > 4:
		return inContext // "CHROMIUM": an element, a browser
	}
	return asName
}

// systemPrograms are programs that come with systems and are words too.
const systemPrograms = ` at net reg ping arp route ftp cmd tor expand systeminfo nbtstat netstat ipconfig ifconfig tasklist schtasks ` +
	`dsquery nltest netsh xcopy wevtutil esentutl certutil bitsadmin forfiles curl wmic makecab `

// commonPhrases are names that are ordinary words of computing, without what stands between the words.
const commonPhrases = ` httpclient copypaste netclient webclient remoteaccess taskmanager filemanager webshell sysmon testpanda hightech livesafe securityservice `

// commonWords are names of actors and programs that are words of English, or parts of other names, too.
const commonWords = ` actinium action agent ajax akira amnesia anchor anubis apostle archer ares arrow astro atlas attor aurora ` +
	`avenger bad bandit barium bear black blackout bolt bookworm boxer bronze bumblebee cactus cannon carbine ` +
	`carbon cerium chaos cherry chimera cleaver click cobalt cobra colony comet confucius conti copper core crane ` +
	`crimson cuba cyclops dagger daggerfly dark darkness denis dok dragonfly drop dust dyre earth echo elder ` +
	`electrum elise emissary empire energetic epic equation expert explorer explosive falcon fatal ferocious fin ` +
	`final flame flax fox gallium gazer ghost goat gold goopy gorgon gravity grunt havoc hermes hive holmium hopper ` +
	`hunter hunters hydra inca inception indrik industrial infy iridium iron jackal jaguar james karma kevin kitten kivars ` +
	`koala komplex kraken krypton lead leviathan lightning line logo loki lucifer machete magic magnet maze medusa ` +
	`meow mercury micro milan mirage misdat mist mongall monster moses mosquito mustang mythic nebulae nickel ninja nomad ` +
	`nomadic nova octopus open operator orca orz page panda pandora pass patchwork phoenix phosphorus pillow ping ` +
	`platinum play polonium pony poseidon power prestige proton pupy putter pysa quasar raccoon radium rain rancor ` +
	`raspberry rat red responder revenge rising rocke rocket ronin rover royal rubidium ruler run sable saint salt ` +
	`samurai sandman sanny scarlet scout selenium seth shade shadow shark sharp sheep shell silence silk silver ` +
	`skimmer sliver smoke snake snatch socks spark spectre spica spider spring star stealth steel stone storm ` +
	`strider strontium sword tear thor thrip tick tin titan trail transparent tropic tungsten turtle twin unknown ` +
	`vanilla vapor viper volt web wiper wolf worm zebra zero zeus zinc `
