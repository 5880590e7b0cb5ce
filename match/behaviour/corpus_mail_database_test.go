package behaviour_test

import (
	"slices"
	"strings"
	"testing"

	"aldebaran/corpustest"
	"aldebaran/match/behaviour"
)

// mailAndDatabase are the analytics of this test.
func mailAndDatabase() []string {
	return slices.DeleteFunc(behaviour.Names(), func(id string) bool { return !strings.HasPrefix(id, "mail-") && !strings.HasPrefix(id, "db-") })
}

// TestCorpusMailAndDatabase is what is found in the public logs that have sign-ins and statements of
// databases, and nothing in those that are benign. No public log has mailboxes that are read or exported.
func TestCorpusMailAndDatabase(t *testing.T) {
	for _, c := range []struct {
		set, member string // of archives only members that end so
		want        string
	}{
		// 10 accounts are tried within a second; none gets in.
		{"evtx/attack-samples/evtx-attack-samples.tar.zst", "MSSQL_multiple_failed_logon_EventID_18456.evtx", "db-login-anomaly medium\n"},
		// One of several times that the feature was switched on is switched off in this file.
		{"evtx/attack-samples/evtx-attack-samples.tar.zst", "DE_xp_cmdshell_enabled_MSSQL_EID_15457.evtx", "db-feature-used medium\n"},
		// One account six times, in the Application log and in the audit.
		{"evtx/evtx-to-mitre/evtx-to-mitre.tar.zst", "ID18456-SQL Server failed login because only Windows auth.evtx", "db-login-anomaly low\n"},
		{"evtx/evtx-to-mitre/evtx-to-mitre.tar.zst", "ID33205-SQL Server failed login because only Windows auth.evtx", "db-login-anomaly low\n"},
		{"logs/crowdsec/db/mssql-text-logs", "", "db-login-anomaly low\n"},
		{"logs/crowdsec/db/pgsql-logs", "", "db-login-anomaly low\n"},
		// Refused once or twice by each client.
		{"logs/crowdsec/db/mariadb-logs", "", ""},
		{"logs/crowdsec/db/supabase-docker-pgsql-logs", "", ""},
		// A console alone is no export.
		{"evtx/evtx-to-mitre/evtx-to-mitre.tar.zst", "ID4688-sqlcmd tool abuse in SQL Server.evtx", ""},
		// What follows is benign for mail and databases, 375,000 events.
		{"evtx/host-collection", "", ""},
		{"evtx/parser", "", ""},
		{"logs/postgresql", "", ""},
		{"logs/mysql", "", ""},
		{"logs/lnav", "", ""},
		{"logs/m365", "", ""},
		{"logs/plaso", "", ""},
		{"logs/crowdsec/mail", "", ""},
		{"logs/zeek", "", ""},
		{"mordor/atomic", "", ""},
		{"mordor/compound", "", ""},
	} {
		t.Run(c.set+" "+c.member, func(t *testing.T) {
			h := huntFile(t, behaviour.Config{}, corpustest.Path(t, c.set), func(member string) bool { return strings.HasSuffix(member, c.member) })
			if got := idsOf(h.episodes, mailAndDatabase()...); got != c.want || h.events == 0 {
				t.Errorf("of %d events found:\n%swant:\n%s", h.events, got, c.want)
			}
		})
	}
}
