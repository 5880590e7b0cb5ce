package syslog_test

import (
	"slices"
	"testing"

	"aldebaran/evidence/readertest"
)

// TestNameServers: what name servers write into the syslog of a machine is of category dns there, too.
func TestNameServers(t *testing.T) {
	for _, c := range []struct {
		line string
		want []string // nil if nothing was asked for
	}{
		{"Jun 21 12:34:50 synth01 dnsmasq[77]: query[TXT] a.example from 192.0.2.1", []string{"query=a.example", "record_type=TXT", "client_ip=192.0.2.1"}},
		{"Jun 21 12:34:50 dnsmasq[77]: 12 192.0.2.1/54321 query[A] a.example from 192.0.2.1", []string{"client_ip=192.0.2.1", "client_port=54321", "query=a.example", "record_type=A"}},
		{"Jun 21 12:34:50 synth01 dnsmasq[77]: gravity blocked ads.example is 0.0.0.0", []string{"query=ads.example", "answer=0.0.0.0"}},
		{"<30>1 2026-06-21T12:34:50+02:00 synth01 unbound 15 - [meta sequenceId=\"1\"] [15:2] info: 2001:db8::1 a.example. A IN", []string{"client_ip=2001:db8::1", "query=a.example", "record_type=A"}},
		{"Jun 21 12:34:50 synth01 unbound[15]: [15:2] info: 192.0.2.1 a.example. A IN NXDOMAIN 0.012345 0 45", []string{"client_ip=192.0.2.1", "query=a.example", "record_type=A", "answer=NXDOMAIN"}},
		{"Jun 21 12:34:50 synth01 dnsmasq[77]: started, version 2.90 cachesize 150", nil},
		{"Jun 21 12:34:50 synth01 unbound[15]: [15:0] notice: init module 0: validator", nil},
	} {
		events, _ := format().Events(t, []byte("Jun 21 12:34:49 synth01 sshd[1]: x\n"+c.line+"\n"))
		if len(events) != 2 {
			t.Fatalf("%s: %d events, want 2", c.line, len(events))
		}
		e := events[1]
		var got []string
		for _, v := range readertest.Values(e) {
			for _, name := range []string{"query=", "record_type=", "client_ip=", "client_port=", "answer="} {
				if len(v) > len(name) && v[:len(name)] == name {
					got = append(got, v)
				}
			}
		}
		if !slices.Equal(got, c.want) || (e.Category == "dns") != (c.want != nil) {
			t.Errorf("%s: category %q, %q; want %q", c.line, e.Category, got, c.want)
		}
	}
}
