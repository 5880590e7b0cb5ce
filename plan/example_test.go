package plan_test

import (
	"fmt"

	"aldebaran/attack"
	"aldebaran/match/sigma"
	"aldebaran/plan"
	"aldebaran/story"
)

// A story claims a technique; the plan says which rule would find it, and in which log.
func ExampleMake() {
	s := &story.Story{Claims: []story.Claim{
		{ID: "c1", Kind: story.Technique, Name: "T1505.003", How: "numbered", Score: 1},
		{ID: "c2", Kind: story.Sector, Name: "government", Score: 1},
	}}
	p := plan.Make(s, plan.Options{
		Knowledge: attack.Load(),
		Rules: []plan.Rule{{
			Kind: "rule", ID: "page", Title: "Page Written", Level: "high", Tags: []string{"attack.t1505.003"},
			Sources: []sigma.Logsource{{Product: "windows", Category: "file_event"}},
		}},
	})
	for _, h := range p.Hypotheses {
		fmt.Printf("%s %s: found by %q in %q\n", h.ID, h.Statement, h.Tests[0].Title, h.Needs[0].Log)
	}
	for _, c := range p.Context {
		fmt.Println(c.Claim, c.Why)
	}
	// Output:
	// h1 Server Software Component: Web Shell (T1505.003): found by "Page Written" in "Sysmon"
	// c2 says who is concerned: it counts for relevance
}
