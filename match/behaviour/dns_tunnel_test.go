package behaviour

import (
	"encoding/base32"
	"encoding/hex"
	"fmt"
	"hash/fnv"
	"slices"
	"strings"
	"testing"
	"time"
)

// resolved is a query in the log of a server of names.
func resolved(after time.Duration, client, name, kind, response string) made {
	return made{after: after, product: "windows", category: "dns", service: "dns-server", fields: []string{"query", name, "record_type", kind, "src_ip", client, "response", response}}
}

func TestDNSTunnel(t *testing.T) {
	const client = "10.0.0.25"
	coded := func(n, seed int) string {
		return strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(random(n, seed)))
	}
	asks := func(times int, client, kind string, name func(n int) string) []made {
		return every(10*time.Second, times, func(d time.Duration, n int) made { return resolved(d, client, name(n), kind, "NOERROR") })
	}
	sysmon := func(d time.Duration, n int) made {
		return made{after: d, product: "windows", channel: "Microsoft-Windows-Sysmon/Operational", id: 22, host: "WEB01.example.org",
			fields: []string{"QueryName", coded(30, n) + ".t.evil.example", "QueryStatus", "9003", "QueryResults", "", "Image", `C:\Windows\System32\svchost.exe`}}
	}
	for _, c := range []struct {
		name   string
		events []made
		want   string
	}{
		{"TXT", asks(100, client, "TXT", func(n int) string { return coded(20, n) + ".t.evil.com.eg" }),
			"high: 10.0.0.25 asked for about 97 different names below evil.com.eg within 16 minutes: 34 characters before the domain in the mean (from 24 on); the characters look random: entropy 5.0 bits (from 4.5 on), 17% digits (from 15% on); 100% of types that carry answers (from 40% on)\n"},
		{"addresses only, hexadecimal, two labels", asks(100, client, "A", func(n int) string {
			return hex.EncodeToString(random(20, n)) + "." + hex.EncodeToString(random(10, n+1000)) + ".evil.example"
		}), "high: 10.0.0.25 asked for about 100 different names below evil.example within 16 minutes: 61 characters before the domain in the mean (from 24 on); that is very long (from 40 on); the characters look random: entropy 4.1 bits (from 4.5 on), 60% digits (from 15% on)\n"},
		{"Punycode that does not exist", every(time.Minute, 100, func(d time.Duration, n int) made {
			return resolved(d, client, "xn--"+coded(8, n)+".telemetry.evil.example", "A", "NXDOMAIN")
		}), "high: 10.0.0.25 asked for about 100 different names below evil.example within 99 minutes: 27 characters before the domain in the mean (from 24 on); the characters look random: entropy 4.7 bits (from 4.5 on), 9% digits (from 15% on); 100% of the names do not exist (from 50% on); 100% of the names have labels in Punycode (from 20% on)\n"},
		{"seen on the host", every(time.Minute, 100, sysmon),
			"high: WEB01.example.org asked for about 99 different names below evil.example within 99 minutes: 50 characters before the domain in the mean (from 24 on); that is very long (from 40 on); the characters look random: entropy 5.0 bits (from 4.5 on), 18% digits (from 15% on); 100% of the names do not exist (from 50% on)\n"},
		{"many clients ask so: a product", slices.Concat(
			asks(100, "10.0.0.1", "A", func(n int) string { return coded(20, n) + ".av.example" }), asks(100, "10.0.0.2", "A", func(n int) string { return coded(20, n) + ".av.example" }),
			asks(100, "10.0.0.3", "A", func(n int) string { return coded(20, n) + ".av.example" }), asks(100, "10.0.0.4", "A", func(n int) string { return coded(20, n) + ".av.example" }),
			asks(99, "10.0.0.5", "A", func(n int) string { return coded(20, n) + ".av.example" })),
			func() string {
				var b strings.Builder
				for i, n := range []int{99, 99, 99, 99, 98} {
					fmt.Fprintf(&b, "low: 10.0.0.%d asked for about %d different names below av.example within 16 minutes: 32 characters before the domain in the mean (from 24 on); the characters look random: entropy 5.0 bits (from 4.5 on), 19%% digits (from 15%% on)\n", i+1, n)
				}
				return b.String()
			}()},
		{"reputation of files", asks(200, client, "TXT", func(n int) string { return coded(30, n) + ".w.10.a.sophosxl.net" }), ""},
		{"the same names again and again", asks(300, client, "A", func(n int) string { return coded(30, n%20) + ".cdn.example" }), ""},
		{"names that people make", asks(300, client, "A", func(n int) string { return fmt.Sprintf("host-%d.department.city.example.org", n) }), ""},
		{"addresses the other way round", asks(300, client, "PTR", func(n int) string { return fmt.Sprintf("%d.0.0.10.in-addr.arpa", n) }), ""},
		{"services", asks(300, client, "SRV", func(n int) string {
			return fmt.Sprintf("_ldap._tcp.site-%s._sites.dc._msdcs.example.org", coded(20, n))
		}), ""},
		{"different customers of a suffix", asks(300, client, "A", func(n int) string { return coded(20, n) + ".github.io" }), ""},
		{"different customers of a suffix, with names of different lengths", asks(300, client, "TXT", func(n int) string { return coded(min(5+30*n, 30), n) + ".github.io" }), ""},
		{"a few", asks(30, client, "TXT", func(n int) string { return coded(30, n) + ".t.evil.example" }), ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := lines(episodesOf(t, Config{}, "dns-tunnel", c.events)); got != c.want {
				t.Errorf("episodes:\n%swant:\n%s", got, c.want)
			}
		})
	}
}

// A busy resolver has more pairs of client and domain than there is room for. A tunnel that begins when there is
// no room any more, and is slow, is seen all the same.
func TestDNSTunnelAmongMany(t *testing.T) {
	var events []made
	const each = 200 // other queries to one of the tunnel
	for n := range 3 * maxTunnels {
		after := time.Duration(n) * 100 * time.Millisecond
		events = append(events, resolved(after, fmt.Sprintf("10.1.%d.%d", n%7, n%251), fmt.Sprintf("www.department-%d.example", n), "A", "NOERROR"))
		if n > maxTunnels && n%each == 0 {
			name := base32.HexEncoding.WithPadding(base32.NoPadding).EncodeToString(random(20, n))
			events = append(events, resolved(after, "10.0.0.25", name+".t.evil.example", "TXT", "NOERROR"))
		}
	}
	for _, cuts := range [][]int{nil, {len(events) / 2}} {
		got := finish(t, Config{}, "dns-tunnel", events, cuts...)
		if len(got) != 1 || got[0].Count != 2*maxTunnels/each-1 || got[0].Group[0].Value != "10.0.0.25" {
			t.Errorf("cut at %v: want the tunnel with %d queries, found %+v", cuts, 2*maxTunnels/each-1, got)
		}
	}
}

func TestCardinality(t *testing.T) {
	for _, n := range []int{0, 1, 10, 60, 500, 3000, 6000} {
		var c cardinality
		for i := range n {
			h := fnv.New64a()
			fmt.Fprintf(h, "name%d.example", i)
			c.add(h.Sum64())
			c.add(h.Sum64())
		}
		if got := c.count(); got < n*92/100 || got > n*108/100+1 {
			t.Errorf("%d different texts are counted as %d", n, got)
		}
	}
}
