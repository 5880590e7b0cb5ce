package syslog_test

import "testing"

// TestKiwi: files of Kiwi Syslog Server.
func TestKiwi(t *testing.T) {
	type values = map[string]string
	for _, c := range []struct {
		line, labels, time string
		values             values
	}{
		{"2026-03-01\t08:00:00\tAuth.Info\t192.0.2.1\tMar  1 07:59:59 srv1 sshd[12]: Failed password for root from 192.0.2.7 port 22 ssh2", "linux//sshd", "2026-03-01T08:00:00Z",
			values{"host": "srv1", "program": "sshd", "pid": "12", "severity": "Info", "user": "root", "client_ip": "192.0.2.7", "result": "failure"}},
		{"2026-03-01\t08:00:00\tAuth.Info\t192.0.2.1\tsshd[12]: Accepted password for root from 192.0.2.7 port 22 ssh2", "linux//sshd", "2026-03-01T08:00:00Z",
			values{"host": "192.0.2.1", "program": "sshd", "user": "root", "result": "success"}},
		{"2026-03-01\t08:00:00\tLocal4.Info\t192.0.2.1\t%ASA-6-302013: Built outbound TCP connection", "cisco//syslog", "2026-03-01T08:00:00Z",
			values{"host": "192.0.2.1", "mnemonic": "%ASA-6-302013", "message": "%ASA-6-302013: Built outbound TCP connection"}},
		{"2026-03-01\t08:00:00\tLocal4.Warning\tfw1\tsome text", "linux//syslog", "2026-03-01T08:00:00Z",
			values{"host": "fw1", "message": "some text", "severity": "Warning"}},
	} {
		format().Sniffs(t, true, c.line+"\n")
		events, _ := format().Events(t, []byte(c.line+"\n"))
		if len(events) != 1 {
			t.Fatalf("%s: %d events, want 1", c.line, len(events))
		}
		e := events[0]
		if labels := e.Product + "/" + e.Category + "/" + e.Service; labels != c.labels {
			t.Errorf("%s: %s, want %s", c.line, labels, c.labels)
		}
		if at := e.Time.UTC().Format("2006-01-02T15:04:05Z07:00"); at != c.time {
			t.Errorf("%s: %s, want %s", c.line, at, c.time)
		}
		for name, want := range c.values {
			if got := e.Text(name); got != want {
				t.Errorf("%s: %s %q, want %q", c.line, name, got, want)
			}
		}
	}
	format().Sniffs(t, false, "2026-03-01\t08:00:00\tsynth.test\t192.0.2.1\tGET\n", "2026-03-01\t08:00:00\t12.5\t3\n")
}
