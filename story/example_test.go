package story_test

import (
	"fmt"
	"strings"

	"aldebaran/attack"
	"aldebaran/story"
)

func ExampleRead() {
	report := "According to Acme, APT28 may have used X-Agent against embassies in Togo. No web shell was found."
	s, err := story.Read(strings.NewReader(report), "report.txt", story.Options{Lexicon: story.NewLexicon(attack.Load(), nil)})
	if err != nil {
		panic(err)
	}
	for _, c := range s.Claims {
		fmt.Printf("%s: %q is %s %v, hedged %v, denied %v\n", c.Kind, c.Quote, c.Name, c.Refs, c.Hedged, c.Negated)
	}
	// Output:
	// actor: "APT28" is APT28 [G0007], hedged true, denied false
	// malware: "X-Agent" is CHOPSTICK [S0023], hedged true, denied false
	// sector: "embassies" is foreign affairs [], hedged true, denied false
	// country: "Togo" is TG [], hedged true, denied false
	// technique: "web shell" is T1505.003 [T1505.003], hedged false, denied true
}
