package mssql_test

import "testing"

// TestCopied: entries as people copy them out of sp_readerrorlog's results, or off a page.
func TestCopied(t *testing.T) {
	for name, text := range map[string]string{
		"blanks": "2026-01-26 13:01:13.100 Logon Error: 18456, Severity: 14, State: 38.\n" +
			"2026-01-26 13:01:13.100 Logon Login failed for user 'x'. Reason: Password did not match that for the login provided. [CLIENT: 192.0.2.7]\n",
		"tabs": "2026-01-26 13:01:13.100\tLogon\tError: 18456, Severity: 14, State: 38.\n" +
			"2026-01-26 13:01:13.100\tLogon\tLogin failed for user 'x'. Reason: Password did not match that for the login provided. [CLIENT: 192.0.2.7]\n",
	} {
		t.Run(name, func(t *testing.T) {
			format().Sniffs(t, true, text)
			events, report := format().Events(t, []byte(text+"2026-01-26 13:02:00.000 spid51 Configuration option 'xp_cmdshell' changed from 0 to 1. Run the RECONFIGURE statement to install.\n"))
			if len(events) != 2 || len(report.Damage) > 0 {
				t.Fatalf("%d events, damage %+v; want 2, none", len(events), report.Damage)
			}
			login, option := events[0], events[1]
			if login.EventID != 18456 || login.Text("client_ip") != "192.0.2.7" || login.Text("state") != "38" || login.Text("source") != "Logon" || login.Time.Format("15:04:05.000") != "13:01:13.100" {
				t.Errorf("login %d %q %q at %s", login.EventID, login.Text("client_ip"), login.Text("state"), login.Time)
			}
			if option.EventID != 15457 || option.Text("option") != "xp_cmdshell" || option.Text("new_value") != "1" {
				t.Errorf("option %d %q %q", option.EventID, option.Text("option"), option.Text("new_value"))
			}
		})
	}
}
