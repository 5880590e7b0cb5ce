package sigma

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"aldebaran/event"
)

// bruteForce is the example of the correlation specification ("Failed Logins Followed by
// Successful Login"), shortened; the group-by field is the one that the events have.
const bruteForce = `title: Correlation - Multiple Failed Logins Followed by Successful Login
id: b180ead8-d58f-40b2-ae54-c8940995b9b6
correlation:
    type: temporal_ordered
    rules:
        - multiple_failed_login
        - successful_login
    group-by:
        - TargetUserName
    timespan: 10m
level: high
---
title: Multiple failed logons
id: a8418a5a-5fc4-46b5-b23b-6c73beb19d41
name: multiple_failed_login
correlation:
    type: event_count
    rules:
        - failed_login
    group-by:
        - TargetUserName
    timespan: 10m
    condition:
        gte: 10
---
title: Single failed login
id: 53ba33fd-3a50-4468-a5ef-c583635cfa92
name: failed_login
logsource:
    product: windows
    service: security
detection:
    selection:
        EventID:
            - 529
            - 4625
    condition: selection
---
title: Successful login
id: 4d0a2c83-c62c-4ed4-b475-c7e23a9269b8
name: successful_login
logsource:
    product: windows
    service: security
detection:
    selection:
        EventID:
            - 528
            - 4624
    condition: selection
`

// logons are synthetic logon events: EventIDs by the second, of one user.
func logons(user string, ids map[int]uint32) (events []*event.Event) {
	for second := range 3600 {
		id, ok := ids[second]
		if !ok {
			continue
		}
		e := loggedEvent(logged{float64(second), "", "TargetUserName=" + user}, len(events))
		e.EventID = id
		events = append(events, e)
	}
	return events
}

// huntEvents parses rules, matches events and correlates, as a whole hunt does.
func huntEvents(t *testing.T, rules string, events []*event.Event) (found []string) {
	t.Helper()
	c := Parse([]byte(rules), "rules.yml", LoadOptions{})
	c.Resolve()
	if len(c.Rejected) > 0 {
		t.Fatalf("rejected: %v", c.Rejected)
	}
	set, err := Compile(c)
	if err != nil {
		t.Fatal(err)
	}
	k, err := NewCorrelator(c, CorrelatorOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer k.Close()
	m := set.NewMatcher()
	for _, e := range events {
		for _, r := range m.Match(e) {
			if !r.Silent {
				found = append(found, r.Title)
			}
			if k.Wants(r) {
				if err := k.Add(k.Observe(r, e)); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	if err := k.Finish(func(m CorrelationMatch) error {
		found = append(found, m.Correlation.Title+": "+brief(m))
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return found
}

func TestT28_SpecificationExample(t *testing.T) {
	attack := map[int]uint32{5: 4624, 300: 4624}
	for i := range 12 {
		attack[100+i] = 4625
	}
	const title = "Correlation - Multiple Failed Logins Followed by Successful Login: "
	want := []string{title + "TargetUserName=anna 5-300 n=14 v=2"}
	if diff := cmp.Diff(want, huntEvents(t, bruteForce, logons("anna", attack))); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	delete(attack, 300)
	if got := huntEvents(t, bruteForce, logons("anna", attack)); got != nil {
		t.Errorf("without a successful login behind the failures: %v, want none", got)
	}
}

// With generate the rules below report too.
func TestT28_Generate(t *testing.T) {
	rules := `title: Two starts
correlation:
    type: event_count
    rules: [started]
    group-by: [ComputerName]
    timespan: 1m
    condition: {gte: 2}
generate: %v
---
title: Started
name: started
logsource: {product: windows, service: security}
detection:
    selection: {EventID: 4688}
    condition: selection
`
	events := logons("anna", map[int]uint32{1: 4688, 2: 4688})
	for i, e := range events {
		e.Shape.Fields = append(e.Shape.Fields, event.Field{Name: "Computer", Part: event.System})
		e.Values = append(e.Values, event.Value{Kind: event.Text, Raw: []byte(e.Computer)})
		events[i] = e
	}
	match := "Two starts: ComputerName=host 1-2 n=2 v=2"
	if diff := cmp.Diff([]string{match}, huntEvents(t, fmt.Sprintf(rules, false), events)); diff != "" {
		t.Errorf("generate: false (-want +got)\n%s", diff)
	}
	if diff := cmp.Diff([]string{"Started", "Started", match}, huntEvents(t, fmt.Sprintf(rules, true), events)); diff != "" {
		t.Errorf("generate: true (-want +got)\n%s", diff)
	}
}

// A group-by field that these events have only by derivation: User of Security 4688.
func TestT28_DerivedField(t *testing.T) {
	rules := `title: Many processes
correlation:
    type: event_count
    rules: [started]
    group-by: [User]
    timespan: 1m
    condition: {gte: 2}
---
title: Started
name: started
logsource: {product: windows, category: process_creation}
detection:
    selection: {Image|endswith: '\whoami.exe'}
    condition: selection
`
	var events []*event.Event
	for i := range 3 {
		e := loggedEvent(logged{float64(i), "", `NewProcessName=C:\whoami.exe SubjectUserName=anna SubjectDomainName=CORP`}, i)
		e.EventID = 4688
		if i == 2 {
			e.Channel, e.EventID = "Microsoft-Windows-Sysmon/Operational", 1
			e.Shape.Fields = []event.Field{{Name: "Image"}, {Name: "User"}, {Name: "x"}}
			e.Values[1].Raw = []byte(`corp\ANNA`)
		}
		events = append(events, e)
	}
	want := []string{`Many processes: User=CORP\anna 0-2 n=3 v=3`}
	if diff := cmp.Diff(want, huntEvents(t, rules, events)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func ExampleCorrelator() {
	failed := &Rule{Title: "Failed login", Name: "failed", Logsource: Logsource{Product: "windows"}}
	c := &Collection{
		Rules: []*Rule{failed},
		Correlations: []*Correlation{{
			Title: "Password guessing", Type: "event_count", Rules: []string{"failed"}, GroupBy: []string{"User"},
			Timespan: time.Minute, Ranges: []Range{{"gte", 3}},
		}},
	}
	k, err := NewCorrelator(c, CorrelatorOptions{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer k.Close()
	for second := range 4 {
		e := &event.Event{
			Time:   time.Date(2026, 3, 1, 12, 0, second, 0, time.UTC),
			Shape:  &event.Shape{Fields: []event.Field{{Name: "User"}}},
			Values: []event.Value{{Kind: event.Text, Raw: []byte("anna")}},
		}
		if err := k.Add(k.Observe(failed, e)); err != nil {
			fmt.Println(err)
		}
	}
	err = k.Finish(func(m CorrelationMatch) error {
		fmt.Printf("%s: %s, %d events in %v\n", m.Correlation.Title, m.Group[0].Value, m.Count, m.Last.Sub(m.First))
		return nil
	})
	if err != nil {
		fmt.Println(err)
	}
	// Output: Password guessing: anna, 4 events in 3s
}

// BenchmarkCorrelator takes in failed logins of many users in no order, and joins them.
func BenchmarkCorrelator(b *testing.B) {
	for _, c := range []struct {
		name  string
		limit int64
	}{{"memory", 0}, {"spilled", 1 << 20}} {
		b.Run(c.name, func(b *testing.B) {
			col := collection("a", &Correlation{Title: "k", Type: "event_count", Rules: []string{"a"}, GroupBy: []string{"User"}, Timespan: time.Minute, Ranges: bounds("gte 10")})
			const n = 20_000
			events := make([]*event.Event, n)
			for i := range events {
				events[i] = loggedEvent(logged{float64(i * 7919 % n), "a", fmt.Sprint("User=user", i%97)}, i)
			}
			b.ReportAllocs()
			for b.Loop() {
				k, err := NewCorrelator(col, CorrelatorOptions{MemoryLimit: c.limit, TempDir: b.TempDir()})
				if err != nil {
					b.Fatal(err)
				}
				for _, e := range events {
					if err := k.Add(k.Observe(col.Rules[0], e)); err != nil {
						b.Fatal(err)
					}
				}
				if err := k.Finish(func(CorrelationMatch) error { return nil }); err != nil {
					b.Fatal(err)
				}
				if err := k.Close(); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "events/s")
		})
	}
}
