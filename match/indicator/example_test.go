package indicator_test

import (
	"fmt"
	"strings"

	"aldebaran/event"
	"aldebaran/intel"
	"aldebaran/match/indicator"
)

func Example() {
	list, _, err := intel.ReadIndicators(strings.NewReader("type,value,note\ndomain,evil[.]example,seen in a test\n"), "indicators.csv")
	if err != nil {
		panic(err)
	}
	set, err := indicator.Compile(list, indicator.Options{})
	if err != nil {
		panic(err)
	}
	e := &event.Event{
		Shape:  &event.Shape{Fields: []event.Field{{Name: "CommandLine"}}},
		Values: []event.Value{{Kind: event.Text, Raw: []byte("curl https://cdn.evil.example/x")}},
	}
	for _, h := range set.NewMatcher().Match(nil, e) {
		fmt.Println(h.Indicator.Value, "in", h.Field+":", h.Value)
	}
	// Output: evil.example in CommandLine: cdn.evil.example
}
