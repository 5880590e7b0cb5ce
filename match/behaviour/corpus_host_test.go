package behaviour_test

import (
	"context"
	"strings"
	"testing"

	"aldebaran/corpustest"
	"aldebaran/event"
	"aldebaran/evidence"
	"aldebaran/match/behaviour"
)

// hostIDs are the analytics of hosts.
func hostIDs() []string {
	return []string{
		"host-script-engine", "host-potato-chain", "host-impacket", "host-network-provider", "host-page-written", "host-timestomp", "host-lookalike-account",
		"host-log-gap", "stage-chain", "reinfection-watch",
	}
}

// TestCorpusHosts hunts in recorded attacks, member by member: what each shows must be found with at
// least that level.
func TestCorpusHosts(t *testing.T) {
	const samples, mitre = "evtx/attack-samples/evtx-attack-samples.tar.zst", "evtx/evtx-to-mitre/evtx-to-mitre.tar.zst"
	for _, c := range []struct{ archive, member, want string }{
		{samples, "EfsPotato_sysmon_17_18_privesc_seimpersonate_to_system.evtx", "host-potato-chain critical\n"},
		{samples, "privesc_roguepotato_sysmon_17_18.evtx", "host-potato-chain critical\n"},
		{samples, "privesc_rotten_potato_from_webshell_metasploit_sysmon_1_8_3.evtx", "host-potato-chain critical\n"},
		{samples, "privesc_seimpersonate_tosys_spoolsv_sysmon_17_18.evtx", "host-potato-chain high\n"},
		{samples, "PrivEsc_Imperson_NetSvc_to_Sys_Decoder_Sysmon_1_17_18.evtx", "host-potato-chain high\n"},
		{samples, "RogueWinRM.evtx", "host-potato-chain high\n"},
		{samples, "4624 LT3 AnonymousLogon Localhost - JuicyPotato.evtx", "host-potato-chain medium\nhost-log-gap medium\n"},
		{samples, "LM_wmiexec_impacket_sysmon_whoami.evtx", "host-impacket high\n"},
		{samples, "LM_impacket_docmexec_mmc_sysmon_01.evtx", "host-impacket high\n"},
		{samples, "smbmap_upload_exec_sysmon.evtx", "host-impacket high\n"},
		{samples, "LM_ScheduledTask_ATSVC_target_host.evtx", "host-impacket critical\nhost-log-gap medium\n"},
		{samples, "temp_scheduled_task_4698_4699.evtx", "host-impacket high\n"},
		{mitre, "ID4688,5140,5145-WMIexec execution via SMB (GLOBAL).evtx", "host-impacket critical\nhost-log-gap medium\n"},
		{mitre, "ID5145-Remote schedule task creation (ATexec).evtx", "host-impacket high\n"},
		{mitre, "ID7045-4697-SMBexec service registration.evtx", "host-impacket high\n"},
		{samples, "DE_timestomp_and_dll_sideloading_and_RunPersist.evtx", "host-timestomp medium\n"},
		{samples, "sysmon_2_11_evasion_timestomp_MACE.evtx", "host-timestomp medium\n"},
		{samples, "DE_Fake_ComputerAccount_4720.evtx", "host-lookalike-account high\nhost-lookalike-account high\n"},
		{mitre, "ID4720-Fake computer account created.evtx", "host-lookalike-account high\n"},
		{samples, "DE_1102_security_log_cleared.evtx", "host-log-gap medium\n"},
		{samples, "DE_104_system_log_cleared.evtx", "host-log-gap medium\n"},
		// What looks alike: a service tool of administrators, an account that is switched on, and a
		// library injected into a program that is no web server.
		{mitre, "ID4688,4697,5140-5145 PSexec remote execution + admin share.evtx", ""},
		{mitre, "ID4722-Guest account activated.evtx", ""},
		{samples, "exec_sysmon_1_7_jscript9_defense_evasion.evtx", ""},
	} {
		t.Run(c.member, func(t *testing.T) {
			h := huntFile(t, behaviour.Config{}, corpustest.Path(t, c.archive), func(member string) bool { return strings.HasSuffix(member, "/"+c.member) })
			if h.events == 0 {
				t.Fatal("no events")
			}
			if got := idsOf(h.episodes, hostIDs()...); got != c.want {
				t.Errorf("found:\n%swant:\n%s", got, c.want)
			}
		})
	}
}

// TestCorpusHostsQuiet hunts in whole hosts on which nothing of this happened. Logs that were cleared
// before a recording are no false alarm; they are of level medium, two at a time high.
func TestCorpusHostsQuiet(t *testing.T) {
	events := 0
	for _, pattern := range []string{"evtx/host-collection/*.tar.zst", "evtx/parser/*", "mordor/atomic/windows/*/host/*"} {
		for name, h := range huntFiles(t, behaviour.Config{}, pattern) {
			events += h.events
			for _, e := range h.episodes {
				if strings.HasPrefix(e.Rule.ID, "host-") && (e.Level == "high" || e.Level == "critical") && !strings.Contains(e.Summary, "logs were cleared") {
					t.Errorf("%s: %s: %s: %s", name, e.Level, e.Rule.ID, e.Summary)
				}
			}
		}
	}
	if events < 40_000 {
		t.Errorf("%d events read, want 40,000 at least", events)
	}
}

// BenchmarkHostEvents is what all analytics together cost for events of Windows hosts.
func BenchmarkHostEvents(b *testing.B) {
	listing, err := evidence.Walk(corpustest.Glob(b, "evtx/attack-samples/*.tar.zst"))
	if err != nil {
		b.Fatal(err)
	}
	var events []*event.Event
	reader := evidence.NewReader(evidence.Options{})
	evidence.NewOpener(evidence.Options{}).Each(context.Background(), listing.Files[0], func(found evidence.Found) bool {
		if found.Source == nil {
			return true
		}
		defer found.Source.Close()
		for _, u := range found.Source.Units() {
			if _, err := reader.Read(found.Source, u, func(e *event.Event) bool { events = append(events, e.Clone()); return true }); err != nil {
				b.Fatal(err)
			}
		}
		return true
	})
	set, err := behaviour.New(behaviour.Config{})
	if err != nil {
		b.Fatal(err)
	}
	m := set.NewMatcher()
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		m.See(events[n])
		if n++; n == len(events) {
			n = 0
			m.Take()
		}
	}
}
