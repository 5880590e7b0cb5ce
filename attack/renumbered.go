package attack

// A Renumbering says that a technique has another identifier in a later version of ATT&CK.
type Renumbering struct {
	Before, After string
}

// renumberings are those of ATT&CK v19 (April 2026), which split Defense Evasion into Stealth and
// Defense Impairment, revoked T1562 with all below it, and moved the clearing of logs and two ways
// of deceit. Community rules use either; Enterprise v18.1 has the first of each pair. Where several
// went into one, the first that is listed stands for it.
var renumberings = [...]Renumbering{
	{"T1562.001", "T1685"},
	{"T1562", "T1685"},
	{"T1562.006", "T1685"},
	{"T1562.002", "T1685.001"},
	{"T1562.008", "T1685.002"},
	{"T1562.011", "T1685.003"},
	{"T1562.012", "T1685.004"},
	{"T1070.001", "T1685.005"},
	{"T1070.002", "T1685.006"},
	{"T1562.004", "T1686"},
	{"T1562.007", "T1686.001"},
	{"T1562.013", "T1686.002"},
	{"T1562.004", "T1686.003"}, // "Windows Host Firewall", which was part of it
	{"T1211", "T1687"},         // of exploitation for defense evasion, what impairs defences
	{"T1562.009", "T1688"},
	{"T1562.010", "T1689"},
	{"T1562.003", "T1690"},
	{"T1656", "T1684.001"},
	{"T1672", "T1684.002"},
}

// Renumbered lists the techniques that have another identifier in ATT&CK v19 than in v18.1.
func Renumbered() []Renumbering { return append([]Renumbering(nil), renumberings[:]...) }

// renumbered gives the other identifier of a technique that one version does not know, or "".
func renumbered(id string) string {
	for _, r := range renumberings {
		switch id {
		case r.After:
			return r.Before
		case r.Before:
			return r.After
		}
	}
	return ""
}
