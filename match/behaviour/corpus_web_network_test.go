package behaviour_test

import (
	"slices"
	"strings"
	"testing"

	"aldebaran/corpustest"
	"aldebaran/match/behaviour"
)

// webAndNetwork are the analytics of this test.
func webAndNetwork() []string {
	return slices.DeleteFunc(behaviour.Names(), func(id string) bool {
		return !strings.HasPrefix(id, "web-") && !strings.HasPrefix(id, "net-") && !strings.HasPrefix(id, "dns-")
	})
}

// TestCorpusWebAndNetwork is what is found in the public logs that have requests, connections and names,
// and nothing in those that are benign. No public log has a session in cookies, a tunnel in names, a file
// picked up or a sweep: those are tested with synthetic events alone.
func TestCorpusWebAndNetwork(t *testing.T) {
	for _, c := range []struct {
		set, member string // of folders and archives only members that end so
		want        string
	}{
		// A web shell in a log of 7 hours of a server with 4 clients, without referers and user agents.
		{"logs/web", "", "web-rare-page medium\n"},
		// Four clients pass the sign-in of BIG-IP by "..;".
		{"logs/crowdsec/web/f5-big-ip-cve-2020-5902", "", strings.Repeat("web-path-parameter high\n", 4)},
		// A page that a scanner found at the second try.
		{"logs/crowdsec/web/cve-2023-49103", "", "web-new-page low\n"},
		// One client tries commands on one page for 13 seconds.
		{"logs/crowdsec/web/zoneminder_cve-39291", "", "web-rare-page low\n"},
		// RDP and SMB through a web shell.
		{"evtx/attack-samples/evtx-attack-samples.tar.zst", "tunna_iis_rdp_smb_tunneling_sysmon_3.evtx", "net-server-egress high\nnet-server-egress medium\n"},
		// What follows is benign for web and network, or has nothing that these look for.
		{"logs/lnav", "", ""},
		{"logs/plaso", "", ""},
		{"logs/crowdsec/mail", "", ""},
		{"logs/crowdsec/db", "", ""},
		{"logs/crowdsec/auth", "", ""},
		{"logs/crowdsec/cloud", "", ""},
		{"logs/zeek", "", ""},
		{"logs/m365", "", ""},
		{"logs/mysql", "", ""},
		{"logs/postgresql", "", ""},
		{"logs/netlogon", "", ""},
		{"evtx/host-collection", "", ""},
		{"evtx/parser", "", ""},
		{"evtx/evtx-to-mitre", "", ""},
		// Two hosts of a laboratory, in sets of several months.
		{"mordor/atomic", "", "net-admin-first-seen low\n"},
		{"mordor/compound", "", ""},
	} {
		t.Run(c.set+" "+c.member, func(t *testing.T) {
			h := huntFile(t, behaviour.Config{}, corpustest.Path(t, c.set), func(member string) bool { return strings.HasSuffix(member, c.member) })
			if got := idsOf(h.episodes, webAndNetwork()...); got != c.want || h.events == 0 {
				t.Errorf("of %d events found:\n%swant:\n%s", h.events, got, c.want)
			}
		})
	}
}
