package sigma_test

import (
	"fmt"

	"aldebaran/match/sigma"
)

func ExampleParse() {
	c := sigma.Parse([]byte(`
title: Web server starts a shell
logsource: {product: windows, category: process_creation}
detection:
    selection:
        ParentImage|endswith: '\w3wp.exe'
        Image|endswith: ['\cmd.exe', '\powershell.exe']
    condition: selection
level: high
---
title: Something is wrong with this one
logsource: {product: windows, category: process_creation}
detection:
    selection:
        Image|endwith: '\cmd.exe'
    condition: selection
`), "rules.yml", sigma.LoadOptions{})
	c.Resolve()
	for _, r := range c.Rules {
		fmt.Printf("%s: %s\n", r.Level, r.Title)
	}
	for _, r := range c.Rejected {
		fmt.Printf("%s:%d: %s\n", r.File, r.Line, r.Reason)
	}
	// Output:
	// high: Web server starts a shell
	// rules.yml:15: Image|endwith: want a modifier of the specification, found "endwith"
}

func ExampleParsePattern() {
	for _, part := range sigma.ParsePattern(`\\*\cmd.exe\*`) {
		if part.Wildcard == sigma.AnyRun {
			fmt.Println("any run of characters")
		} else {
			fmt.Println(part.Literal)
		}
	}
	// Output:
	// \
	// any run of characters
	// \cmd.exe*
}
