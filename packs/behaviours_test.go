package packs

import (
	"os"
	"testing"

	"aldebaran/match/behaviour"
	"aldebaran/match/sigma"
)

// TestBehavioursTellMore holds correlation rules of level low against the behaviours that tell the same: what
// makes the rule match must be an episode of the behaviour, so that nothing is lost by the rule's low level.
func TestBehavioursTellMore(t *testing.T) {
	for _, c := range []struct{ file, behaviour, level string }{
		{"exchange_grant_export_remove_sequence", "mail-grant-export-cleanup", "critical"},
		{"mssql_sa_guessed_and_signed_in", "db-login-anomaly", "critical"},
		{"mssql_sa_password_guessing", "db-login-anomaly", "low"}, // one account that is guessed in vain is everyday noise
		{"mssql_schema_searched_by_keyword", "db-schema-sweep", "medium"},
		{"mssql_shell_option_on_and_off", "db-feature-used", "medium"},
		{"mssql_export_picked_up_over_share", "db-wmi-export", "high"},
		{"host_security_log_cleared", "host-log-gap", "medium"},
		{"host_other_log_cleared", "host-log-gap", "medium"},
	} {
		t.Run(c.file, func(t *testing.T) {
			rule, err := sigma.LoadFS(Rules(), "windows-servers/sigma/"+c.file+".yml", sigma.LoadOptions{})
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range rule.Correlations {
				if r.Level != "low" {
					t.Errorf("%s: level %s, want low", r.Title, r.Level)
				}
			}
			tests, err := readTrials(os.DirFS("."), "windows-servers/tests/"+c.file+".yml")
			if err != nil {
				t.Fatal(err)
			}
			for _, tc := range tests.Match {
				if tc.Rule != "" {
					continue // a part of the correlation
				}
				if got := levelOfBehaviour(t, tests, &tc, c.behaviour); got != c.level {
					t.Errorf("%q: %s of level %q, want %q", tc.Name, c.behaviour, got, c.level)
				}
			}
		})
	}
}

// levelOfBehaviour is the highest level that a behaviour has in the events of a case, "" if it finds nothing.
func levelOfBehaviour(t *testing.T, tests *trials, tc *trial, id string) string {
	t.Helper()
	set, err := behaviour.New(behaviour.Config{})
	if err != nil {
		t.Fatal(err)
	}
	events, err := trialEvents(&tests.Defaults, tc)
	if err != nil {
		t.Fatal(err)
	}
	collector, m := set.NewCollector(), set.NewMatcher()
	for _, e := range events {
		m.See(e)
	}
	collector.Join(m.Take())
	highest := ""
	err = collector.Finish(func(e behaviour.Episode) error {
		if e.Rule.ID == id && rankOf(e.Level) > rankOf(highest) {
			highest = e.Level
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return highest
}

func rankOf(level string) int {
	for i, l := range sigma.Levels {
		if l == level {
			return i
		}
	}
	return -1
}
