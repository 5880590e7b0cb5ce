package attribution_test

import (
	"fmt"

	"aldebaran/attribution"
)

func Example() {
	uses := func(targets ...string) (list []attribution.Use) {
		for _, t := range targets {
			list = append(list, attribution.Use{Target: t})
		}
		return list
	}
	m := attribution.New([]attribution.Profile{
		{ID: "pack:heron", Name: "Invented Heron", Uses: uses("T1190", "T1505.003", "T1114.002", "herondoor")},
		{ID: "pack:stork", Name: "Invented Stork", Uses: uses("T1566.001", "T1059.001", "T1003.001")},
	}, attribution.Newest())
	in := &attribution.Incident{
		Techniques: []attribution.Observation{{ID: "T1505.003", Strength: .9}, {ID: "T1003.001", Strength: .4}},
		Marks:      []attribution.Mark{{Actor: "pack:heron", Kind: attribution.MarkRule, What: "page of HeronDoor", Strength: .9}},
		Hosts:      []string{"MAIL01"},
	}
	r := m.Rank(in)
	a := m.Assess(in, r, attribution.Reports{}, nil)
	fmt.Println(r.Candidates[0].Name, "is first; level:", a.Level)
	// Output: Invented Heron is first; level: activity cluster
}
