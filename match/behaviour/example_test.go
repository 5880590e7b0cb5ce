package behaviour_test

import (
	"fmt"
	"time"

	"aldebaran/event"
	"aldebaran/match/behaviour"
)

// A host tries one port of thirty others within a minute. The connections are synthetic.
func Example() {
	set, err := behaviour.New(behaviour.Config{})
	if err != nil {
		fmt.Println(err)
		return
	}
	shape := &event.Shape{Fields: []event.Field{{Name: "src_ip"}, {Name: "dst_ip"}, {Name: "dst_port"}}}
	text := func(s string) event.Value { return event.Value{Kind: event.Text, Raw: []byte(s)} }
	begin := time.Date(2026, time.March, 10, 8, 0, 0, 0, time.UTC)
	matcher := set.NewMatcher()
	for i := range 30 {
		matcher.See(&event.Event{
			Product: "zeek", Service: "conn", Time: begin.Add(time.Duration(i) * time.Second), Shape: shape,
			Values: []event.Value{text("10.0.0.5"), text(fmt.Sprintf("10.0.1.%d", i)), text("445")},
		})
	}
	collector := set.NewCollector()
	collector.Join(matcher.Take())
	err = collector.Finish(func(e behaviour.Episode) error {
		fmt.Printf("%s, %s: %s\n", e.Rule.ID, e.Level, e.Summary)
		return nil
	})
	if err != nil {
		fmt.Println(err)
	}
	// Output:
	// net-sweep, medium: 10.0.0.5 tried port 445 of 30 hosts within a minute
}
