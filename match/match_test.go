package match

import (
	"fmt"
	"testing"
	"time"

	"aldebaran/event"
	"aldebaran/match/sigma"
)

const rules = `title: Synthetic Marker
id: 00000000-0000-4000-8000-000000000001
logsource: {product: windows, category: process_creation}
detection:
  selection: {CommandLine|contains: marker}
  condition: selection
---
title: Fed By The Marker
id: 00000000-0000-4000-8000-000000000002
correlation:
  type: event_count
  rules: [00000000-0000-4000-8000-000000000001]
  group-by: [Computer]
  timespan: 1h
  condition: {gte: 2}
level: high
`

// started is a synthetic process start of Sysmon, or of the Security log.
func started(n int, security bool) *event.Event {
	e := &event.Event{
		Shape: &event.Shape{Fields: []event.Field{
			{Name: "CommandLine", Path: "Event/EventData/Data[CommandLine]"},
			{Name: "Computer", Path: "Event/System/Computer", Part: event.System},
		}},
		Values:  []event.Value{{Raw: fmt.Appendf(nil, "the marker %d", n), Kind: event.Text}, {Raw: []byte("HOST"), Kind: event.Text}},
		Time:    time.Date(2026, 3, 1, 10, n, 0, 0, time.UTC),
		Product: "windows", Channel: "Microsoft-Windows-Sysmon/Operational", Provider: "Microsoft-Windows-Sysmon", EventID: 1,
		Computer: "HOST", RecordID: uint64(n),
	}
	if security {
		e.Channel, e.Provider, e.EventID = "Security", "Microsoft-Windows-Security-Auditing", 4688
	}
	return e
}

func TestEngine(t *testing.T) {
	c := sigma.Parse([]byte(rules), "rules.yml", sigma.LoadOptions{})
	c.Resolve()
	if len(c.Rejected) > 0 {
		t.Fatalf("rejected: %+v", c.Rejected)
	}
	e, err := Compile(c, Options{TempDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	if all := e.Rules(); len(all) != 1 || all[0].Title != "Fed By The Marker" || !all[0].Correlation || all[0].Level != "high" {
		t.Errorf("Rules() = %+v, want the correlation alone: its rule is silent", all)
	}
	m := e.NewMatcher()
	var hits []Hit
	for i, security := range []bool{false, true} {
		hits = m.Match(hits[:0], started(i, security))
		if len(hits) != 1 || !hits[0].Silent || hits[0].Rule.Level != "medium" || hits[0].Rule.Language != "sigma" {
			t.Fatalf("hits = %+v, want one of a silent rule of level medium", hits)
		}
		if weak := hits[0].Route != ""; weak != security {
			t.Errorf("route %q, security %v", hits[0].Route, security)
		}
		if err := e.Observe(&hits[0], started(i, security)); err != nil {
			t.Fatal(err)
		}
	}
	var got []*Correlation
	if err := e.Finish(func(c *Correlation) error { got = append(got, c); return nil }); err != nil {
		t.Fatal(err)
	}
	if len(got) != 1 || got[0].Count != 2 || got[0].Rule.ID != "00000000-0000-4000-8000-000000000002" {
		t.Errorf("correlations = %+v, want one of two events", got)
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestMatchAllocates keeps events that no rule matches free of cost.
func TestMatchAllocates(t *testing.T) {
	c := sigma.Parse([]byte(rules), "rules.yml", sigma.LoadOptions{})
	c.Resolve()
	e, err := Compile(c, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	m := e.NewMatcher()
	quiet := started(1, false)
	quiet.Values[0].Raw = []byte("nothing of note")
	var hits []Hit
	if n := testing.AllocsPerRun(100, func() { hits = m.Match(hits[:0], quiet) }); n != 0 || len(hits) != 0 {
		t.Errorf("%v allocations, %d hits; want none", n, len(hits))
	}
}

func TestSeverity(t *testing.T) {
	for i, level := range sigma.Levels {
		if rank, ok := Severity(level); rank != i || !ok {
			t.Errorf("Severity(%q) = %d, %v; want %d", level, rank, ok, i)
		}
	}
	if rank, ok := Severity("severe"); rank != 0 || ok {
		t.Errorf("Severity(severe) = %d, %v; want 0, false", rank, ok)
	}
}
