package mail_test

import "testing"

// TestAddresses: whom a line is about, of all the addresses in it.
func TestAddresses(t *testing.T) {
	for _, c := range []struct{ line, client, server, protocol string }{
		{"2026-03-01 08:00:00,100 INFO  [qtp9-1:https://zm.example/service/soap/] [name=amal;oip=192.0.2.7;] security - cmd=Auth; account=amal; protocol=zsync;", "192.0.2.7", "", "zsync"},
		{"2026-03-01 08:00:00,100 INFO  [qtp9-1:https://zm.example/service/soap/] [name=amal;oip=198.51.100.9, 192.0.2.7;] soap - AuthRequest", "192.0.2.7", "", "https"},
		{"2026-03-01 08:00:00,100 INFO  [qtp9-1:https://zm.example/service/soap/] [name=amal;oip=198.51.100.9, 192.0.2.7, 10.0.0.3;] soap - AuthRequest", "192.0.2.7", "", "https"},
		{"2026-03-01 08:00:00,100 INFO  [qtp9-1:https://zm.example/service/soap/] [name=amal;oip=10.0.0.9, 10.0.0.3;] soap - AuthRequest", "10.0.0.9", "", "https"},
		{"2026-03-01 08:00:00,100 INFO  [qtp9-1:https://zm.example/service/soap/] [name=amal;oip=unknown, 10.0.0.3;] soap - AuthRequest", "10.0.0.3", "", "https"},
		{"2026-03-01 08:00:00 1o6YQz-0003Xk-7C <= amal@example.org H=synth.test [192.0.2.7]:5432 P=esmtp", "192.0.2.7", "", ""},
		{"2026-03-01 08:00:00 1o6YQz-0003Xk-7C => b@example.org R=dnslookup T=remote_smtp H=mx.test [192.0.2.8]:25", "", "192.0.2.8", ""},
		{"2026-03-01 08:00:00 1o6YQz-0003Xk-7C ** b@example.org R=dnslookup T=remote_smtp H=mx.test [192.0.2.8]: SMTP error", "", "192.0.2.8", ""},
	} {
		events, _ := format().Events(t, []byte(c.line+"\n"))
		if len(events) != 1 {
			t.Fatalf("%s: %d events, want 1", c.line, len(events))
		}
		for name, want := range map[string]string{"client_ip": c.client, "server_ip": c.server, "protocol": c.protocol} {
			if v, _ := events[0].Get(name); v.String() != want {
				t.Errorf("%s\n%s: %q, want %q", c.line, name, v.String(), want)
			}
		}
	}
}
