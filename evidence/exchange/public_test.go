package exchange

import "testing"

// TestPublicForms: records as public samples of logs have them, without directives.
func TestPublicForms(t *testing.T) {
	for _, c := range []struct {
		name, text string
		host       string
		want       map[string]string
	}{
		{"sent, no local end yet", "2026-01-25T15:14:39.460Z,Outbound Connector,08DC1DB8591B22A0,1,,192.0.2.7:2525,*,,attempting to connect",
			"", map[string]string{"server_ip": "192.0.2.7", "server_port": "2525", "client_ip": "", "context": "attempting to connect"}},
		{"sent, without a context", "2026-01-25T15:14:39.460Z,Outbound Connector,08DC1DB8591B22A0,1,192.0.2.1:40000,192.0.2.7:25,*,None",
			"", map[string]string{"server_ip": "192.0.2.7", "client_ip": "192.0.2.1", "data": "None"}},
		{"received", `2026-01-25T15:14:39.460Z,SYNTH01\Default Frontend SYNTH01,08DC1DB8591B22A0,1,192.0.2.1:25,192.0.2.7:50000,<,EHLO x,`,
			"SYNTH01", map[string]string{"server_ip": "192.0.2.1", "client_ip": "192.0.2.7", "data": "EHLO x"}},
		{"a mailbox is told", "2026-01-14T09:28:39.334Z,192.0.2.1,SYNTH01,,,\"MDB:1, Mailbox:2\",,STOREDRIVER,NOTIFYMAPI,,,,,,,,,,,a@synth.test,,2026-01-14T09:28:39.321Z;LSRV=SYNTH01.synth.test,,,,,S:ItemEntryId=00,,74364e3b-32b7-4108-9a2c-6dda84007459,15.01.2507.039",
			"SYNTH01", map[string]string{"event-id": "NOTIFYMAPI", "sender-address": "a@synth.test"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			events, report := readText(t, c.text+"\n")
			if len(events) != 1 || len(report.Damage) > 0 {
				t.Fatalf("%d events, damage %+v; want 1, none", len(events), report.Damage)
			}
			if events[0].Computer != c.host {
				t.Errorf("host %q, want %q", events[0].Computer, c.host)
			}
			for name, want := range c.want {
				if got := events[0].Text(name); got != want {
					t.Errorf("%s = %q, want %q", name, got, want)
				}
			}
		})
	}
}
