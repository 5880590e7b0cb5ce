// Package attack knows what MITRE ATT&CK says, in words that all stages share: tactics, techniques,
// groups, software, campaigns, and how they relate. In go a rule's tags ([Parse]) or a bundle as
// MITRE publishes it ([Read]); out come tactics, techniques and a [Knowledge]. That of ATT&CK
// Enterprise v18.1 is embedded ([Load]).
//
// ATT&CK is a trademark of The MITRE Corporation; names, identifiers and relations are facts taken
// from ATT&CK Enterprise v18.1 (https://attack.mitre.org), see NOTICE.
package attack

import (
	"cmp"
	"slices"
	"strings"
)

// A Tactic is a goal that an intruder has: why he does something.
type Tactic struct {
	// ID is the tactic's number, "TA0001"; "" for tactics that are newer than v18.1.
	ID string
	// Short is how rules write it: "initial-access".
	Short string
	// Name is how people read it: "Initial Access".
	Name string
}

// tactics are in the order in which an intrusion tends to go through them. Rules written for
// ATT&CK v19 have Stealth and Defense Impairment where v18 has Defense Evasion; both are known, so
// that rules of either age are told by their own words.
var tactics = [...]Tactic{
	{"TA0043", "reconnaissance", "Reconnaissance"},
	{"TA0042", "resource-development", "Resource Development"},
	{"TA0001", "initial-access", "Initial Access"},
	{"TA0002", "execution", "Execution"},
	{"TA0003", "persistence", "Persistence"},
	{"TA0004", "privilege-escalation", "Privilege Escalation"},
	{"TA0005", "defense-evasion", "Defense Evasion"},
	{"", "stealth", "Stealth"},
	{"", "defense-impairment", "Defense Impairment"},
	{"TA0006", "credential-access", "Credential Access"},
	{"TA0007", "discovery", "Discovery"},
	{"TA0008", "lateral-movement", "Lateral Movement"},
	{"TA0009", "collection", "Collection"},
	{"TA0011", "command-and-control", "Command and Control"},
	{"TA0010", "exfiltration", "Exfiltration"},
	{"TA0040", "impact", "Impact"},
}

// Tactics lists the tactics in the order of an intrusion.
func Tactics() []Tactic { return slices.Clone(tactics[:]) }

// Refs are the parts of ATT&CK that a rule refers to.
type Refs struct {
	// Tactics are short names, in the order of [Tactics], each once.
	Tactics []string
	// Techniques are identifiers of techniques and sub-techniques ("T1059", "T1059.001"), groups
	// ("G0007") and software ("S0154"): techniques first, each once.
	Techniques []string
}

// Parse takes what refers to ATT&CK out of a rule's tags (Sigma specification v2.1.0, tags
// appendix, "attack"). Case and the choice of "-" or "_" do not matter; tags of other namespaces
// and tags that are neither a known tactic nor an identifier are left out.
func Parse(tags []string) Refs {
	var r Refs
	seen := [len(tactics)]bool{}
	for _, tag := range tags {
		rest, ok := strings.CutPrefix(strings.ToLower(strings.TrimSpace(tag)), "attack.")
		if !ok {
			continue
		}
		if id, ok := identifier(rest); ok {
			r.Techniques = append(r.Techniques, id)
			continue
		}
		if i := tacticIndex(rest); i >= 0 {
			seen[i] = true
		}
	}
	for i, t := range tactics {
		if seen[i] {
			r.Tactics = append(r.Tactics, t.Short)
		}
	}
	slices.SortFunc(r.Techniques, func(a, b string) int {
		// What was done goes before who is known for it and with what.
		return cmp.Or(cmp.Compare(b[0], a[0]), strings.Compare(a, b))
	})
	r.Techniques = slices.Compact(r.Techniques)
	return r
}

// tacticIndex finds a tactic by its short name or its number, -1 if it is none.
func tacticIndex(s string) int {
	s = strings.ReplaceAll(s, "_", "-")
	return slices.IndexFunc(tactics[:], func(t Tactic) bool {
		return s == t.Short || t.ID != "" && s == strings.ToLower(t.ID)
	})
}

// identifier gives the canonical form of t1059, t1059.001, s0154 or g0007.
func identifier(s string) (string, bool) {
	if len(s) < 5 || !strings.Contains("tsg", s[:1]) || !digits(s[1:5]) {
		return "", false
	}
	switch {
	case len(s) == 5:
	case s[0] == 't' && len(s) == 9 && s[5] == '.' && digits(s[6:]):
	default:
		return "", false
	}
	return strings.ToUpper(s), true
}

func digits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}
