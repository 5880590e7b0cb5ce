package intel_test

import (
	"fmt"

	"aldebaran/intel"
)

func ExampleFindIndicators() {
	text := "It calls hxxps://cdn[.]evil[.]com/a.php; see update.dll and version 1.0.2.1."
	for _, f := range intel.FindIndicators(text) {
		fmt.Printf("%s %s at %d, defanged %t\n", f.Type, f.Value, f.Start, f.Defanged)
	}
	// Output:
	// url https://cdn.evil.com/a.php at 9, defanged true
	// domain cdn.evil.com at 17, defanged true
	// filename update.dll at 45, defanged false
}
