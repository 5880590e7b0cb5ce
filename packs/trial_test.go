package packs

import (
	"strings"
	"testing"
	"testing/fstest"

	"aldebaran/intel"
	"aldebaran/match/sigma"
)

// guessing is a rule and a correlation over it.
const guessing = `title: Guessed
id: 00000000-0000-4000-8000-000000000001
name: guessed
logsource: {product: windows, service: application}
detection:
  selection: {EventID: 18456}
  condition: selection
level: low
---
title: Guessed Often
id: 00000000-0000-4000-8000-000000000002
correlation:
  type: event_count
  rules: [guessed]
  group-by: [Computer]
  timespan: 1m
  condition: {gte: 3}
  generate: true
level: high
`

const guessingTests = `
defaults: {channel: Application, provider: MSSQLSERVER, event_id: 18456, computer: DB01}
match:
  - name: three in a minute
    events:
      - {every: 10s, repeat: 3, data: {Data: [sa, 203.0.113.7]}}
  - {name: one, rule: Guessed, data: {Data: sa}}
no_match:
  - name: two
    events:
      - {data: {Data: sa}}
      - {at: 1s, data: {Data: sa}}
  - name: three in an hour
    events:
      - {every: 20m, repeat: 3, data: {Data: sa}}
  - {name: a success, rule: Guessed, event_id: 18454, data: {Data: sa}}
  - {name: a web log, rule: Guessed, product: windows, category: webserver, service: iis, data: {cs-method: GET}}
`

func TestTryRules(t *testing.T) {
	f := func(old, new string, want ...string) {
		t.Helper()
		if !strings.Contains(guessingTests, old) {
			t.Fatalf("no %q in the tests", old)
		}
		fsys := fstest.MapFS{
			"p/sigma/guessing.yml": {Data: []byte(guessing)},
			"p/tests/guessing.yml": {Data: []byte(strings.Replace(guessingTests, old, new, 1))},
		}
		rules, err := sigma.LoadFS(fsys, "p/sigma", sigma.LoadOptions{})
		if err != nil || len(rules.Rejected) > 0 {
			t.Fatal(err, rules.Rejected)
		}
		p := &intel.Pack{Contents: intel.Contents{Sigma: []string{"sigma/guessing.yml"}}}
		problems, err := tryRules(fsys, p, "p", rules)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, p := range problems {
			if p.File != "p/tests/guessing.yml" {
				t.Errorf("%v is about another file", p)
			}
			got = append(got, p.Reason)
		}
		if len(got) != len(want) {
			t.Errorf("%q: %d problems, want %d: %q", new, len(got), len(want), got)
			return
		}
		for i := range got {
			if !strings.HasPrefix(got[i], want[i]) {
				t.Errorf("%q: problem %q, want %q", new, got[i], want[i])
			}
		}
	}
	f("match:", "match:")
	f("repeat: 3", "repeat: 2", `"three in a minute": "Guessed Often" must match, and does not (others that do: ["Guessed"])`)
	f("every: 20m", "every: 20s", `"three in an hour": "Guessed Often" must not match, and does`)
	f("event_id: 18454", "event_id: 18456", `"a success": "Guessed" must not match, and does`)
	f("rule: Guessed, data", "rule: Guest, data", `"one": no rule "Guest" in that file`, `"Guessed": want at least 1 case that it must match and 2 that it must not, found 0 and 2`)
	f("computer: DB01", "", `"three in a minute": line 6: an event of Windows needs a channel`, `"one": line 7`, `"two": line 11`, `"three in an hour": line 15`, `"a success": line 16`)
	f("repeat: 3", "repeat: 10001", `"three in a minute": want at most 10000 events in a case, found more`)
	f("at: 1s", "at: soon", `"two": time: invalid duration "soon"`)
	f("data: {cs-method: GET}", "data: [GET]", `"a web log": line 17: want data as a map`)
	f("match:", "matches:", `yaml: unmarshal errors`)
}

// FuzzTrials holds the events of any tests against what a matcher relies on.
func FuzzTrials(f *testing.F) {
	f.Add([]byte(guessingTests))
	f.Add([]byte("match: [{events: [{repeat: 99999999, data: {}}]}]\n"))
	f.Add([]byte("match: [{product: a, data: {? [x] : y, 1: [2, {}]}}]\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		tests, err := readTrials(fstest.MapFS{"t.yml": {Data: text}}, "t.yml")
		if err != nil {
			return
		}
		for _, tc := range append(tests.Match, tests.NoMatch...) {
			events, err := trialEvents(&tests.Defaults, &tc)
			if err != nil {
				continue
			}
			if len(events) > maxTrialEvents {
				t.Fatalf("%d events", len(events))
			}
			for _, e := range events {
				if len(e.Values) != len(e.Shape.Fields) || e.Product+e.Category+e.Service == "" {
					t.Fatalf("%+v has %d values for %d fields", e, len(e.Values), len(e.Shape.Fields))
				}
			}
		}
	})
}
