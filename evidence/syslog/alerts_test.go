package syslog_test

import (
	"strings"
	"testing"
)

// TestAlerts: alerts that Suricata and Snort send to syslog.
func TestAlerts(t *testing.T) {
	for _, c := range []struct{ line, want string }{
		{"<1>Mar  1 08:00:00 synth01 suricata[7]: [1:2024364:5] ET SCAN x [**] [Classification: Misc Attack] [Priority: 2] {TCP} 192.0.2.1:4711 -> 198.51.100.2:80",
			"suricata//alert 2024364|ET SCAN x|Misc Attack|2|TCP|192.0.2.1|4711|198.51.100.2|80|"},
		{"Mar  1 08:00:00 synth01 suricata: [Drop] [1:2024364:5] ET SCAN x [**] [Classification: (null)] [Priority: 3] {UDP} 2001:db8::1:4711 -> 2001:db8::2:53",
			"suricata//alert 2024364|ET SCAN x|(null)|3|UDP|2001:db8::1|4711|2001:db8::2|53|Drop"},
		{"Mar  1 08:00:00 synth01 snort[7]: [1:648:18] SHELLCODE {x} [Classification: Misc Attack] [Priority: 1]: <eth0> {TCP} 192.0.2.1:4711 -> 198.51.100.2:80",
			"suricata//alert 648|SHELLCODE {x}|Misc Attack|1|TCP|192.0.2.1|4711|198.51.100.2|80|"},
		{"Mar  1 08:00:00 synth01 snort: [1:648:18] a rule {ICMP} 192.0.2.1 -> 198.51.100.2", "suricata//alert 648|a rule|||ICMP|192.0.2.1||198.51.100.2||"},
		{"Mar  1 08:00:00 synth01 snort[7]: Snort initialization completed successfully (pid=7)", "linux//syslog |||||||||"},
		{"Mar  1 08:00:00 synth01 snort[7]: [1:2] x", "linux//syslog |||||||||"},
	} {
		events, _ := format().Events(t, []byte(c.line+"\n"))
		if len(events) != 1 {
			t.Fatalf("%s: %d events, want 1", c.line, len(events))
		}
		e := events[0]
		var got []string
		for _, name := range [...]string{"alert.signature_id", "alert.signature", "alert.category", "alert.severity", "proto", "src_ip", "src_port", "dst_ip", "dst_port", "alert.action"} {
			got = append(got, e.Text(name))
		}
		if labels := strings.Join([]string{e.Product, e.Category, e.Service}, "/"); labels+" "+strings.Join(got, "|") != c.want {
			t.Errorf("%s\n got %s %s\nwant %s", c.line, labels, strings.Join(got, "|"), c.want)
		}
		if !strings.Contains(c.line, e.Text("message")) || e.Text("host") != "synth01" {
			t.Errorf("%s: message %q, host %q", c.line, e.Text("message"), e.Text("host"))
		}
	}
}
