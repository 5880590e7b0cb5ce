package attack

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParse(t *testing.T) {
	for _, c := range []struct {
		name string
		tags []string
		want Refs
	}{
		{"none", nil, Refs{}},
		{"tactic and technique", []string{"attack.execution", "attack.t1059.001"},
			Refs{[]string{"execution"}, []string{"T1059.001"}}},
		{"old spelling", []string{"attack.Privilege_Escalation", "attack.T1068"},
			Refs{[]string{"privilege-escalation"}, []string{"T1068"}}},
		{"tactics in the order of an intrusion, not of the rule", []string{"attack.impact", "attack.stealth", "attack.initial-access"},
			Refs{[]string{"initial-access", "stealth", "impact"}, nil}},
		{"by number", []string{"attack.ta0001"}, Refs{[]string{"initial-access"}, nil}},
		{"each once", []string{"attack.t1505.003", "attack.persistence", "attack.t1505.003", "attack.persistence"},
			Refs{[]string{"persistence"}, []string{"T1505.003"}}},
		{"groups and software", []string{"attack.g0007", "attack.s0154", "attack.t1003"}, Refs{nil, []string{"T1003", "S0154", "G0007"}}},
		{"other namespaces", []string{"cve.2021-26855", "detection.emerging-threats", "car.2013-08-001", "t1059"}, Refs{}},
		{"malformed", []string{"attack.", "attack.t105", "attack.t1059.1", "attack.t1059.0011", "attack.g0007.001", "attack.ds0005", "attack.t10x9"}, Refs{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, Parse(c.tags)); diff != "" {
				t.Errorf("Parse(%q) (-want +got):\n%s", c.tags, diff)
			}
		})
	}
}

func TestTacticsIsACopy(t *testing.T) {
	Tactics()[0].Short = "changed"
	if got := Tactics()[0].Short; got != "reconnaissance" {
		t.Errorf("Tactics()[0].Short = %q after a caller changed his copy", got)
	}
}

func ExampleParse() {
	refs := Parse([]string{"attack.persistence", "attack.t1505.003", "cve.2021-26855"})
	fmt.Println(refs.Tactics, refs.Techniques)
	// Output: [persistence] [T1505.003]
}
