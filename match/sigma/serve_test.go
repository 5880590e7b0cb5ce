package sigma

import "testing"

func TestServes(t *testing.T) {
	rule := func(product, category, service string) *Rule {
		return &Rule{Logsource: Logsource{Product: product, Category: category, Service: service}}
	}
	rules := []*Rule{
		rule("windows", "process_creation", ""), rule("windows", "", "security"), rule("windows", "", ""),
		rule("windows", "registry_set", ""), rule("", "webserver", ""), rule("linux", "", "auditd"), rule("", "no_such", ""),
	}
	f := func(k Kind, want int) {
		t.Helper()
		if got := k.Serves(rules); got != want {
			t.Errorf("%+v serves %d rules, want %d", k, got, want)
		}
	}
	f(Kind{Product: "windows", Channel: "Security"}, 4)
	f(Kind{Product: "windows", Channel: "Security", EventIDs: map[uint32]int{4624: 7}}, 2)
	f(Kind{Product: "windows", Channel: "Security", EventIDs: map[uint32]int{4688: 1}}, 3)
	f(Kind{Product: "windows", Channel: "Application"}, 1)
	f(Kind{Product: "linux", Service: "auditd"}, 1)
	f(Kind{Product: "apache", Category: "webserver"}, 1)
	f(Kind{}, 0)
}
