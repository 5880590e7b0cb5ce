package demo_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"aldebaran/packs/demo"
)

func ExampleEvidence() {
	files, err := demo.Evidence()
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if strings.HasPrefix(name, "SQL01/") {
			fmt.Println(name)
		}
	}
	// Output:
	// SQL01/Application.evtx
	// SQL01/Microsoft-Windows-Sysmon%4Operational.evtx
	// SQL01/Security.evtx
	// SQL01/System.evtx
}
