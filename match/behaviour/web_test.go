package behaviour

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// asked is a request as IIS logs it with the fields that most servers have; more are further fields.
func asked(after time.Duration, client, method, target string, status int, more ...string) made {
	stem, query, _ := strings.Cut(target, "?")
	fields := []string{"c-ip", client, "cs-method", method, "cs-uri-stem", stem, "cs-uri-query", query, "sc-status", fmt.Sprint(status)}
	have := strings.Join(more, "|")
	for _, f := range [][2]string{{"cs-user-agent", "Mozilla/5.0"}, {"cs-referer", ""}, {"s-ip", "192.0.2.80"}} {
		if !strings.Contains(have, f[0]) {
			more = append(more, f[0], f[1])
		}
	}
	return made{after: after, category: "webserver", service: "iis", fields: append(fields, more...)}
}

// visitors are requests of people over some hours: each of clients asks for pages in turn, with links.
func visitors(clients, requests int, over time.Duration) []made {
	var events []made
	for i := range requests {
		client := fmt.Sprintf("198.51.100.%d", i%clients)
		events = append(events, asked(over*time.Duration(i)/time.Duration(requests), client, "GET", fmt.Sprintf("/shop/page%d.aspx?id=%d", i%7, i), 200,
			"cs-referer", "https://www.example.org/"))
	}
	return events
}

// every repeats an event a number of times.
func every(interval time.Duration, times int, event func(after time.Duration, n int) made) []made {
	var events []made
	for i := range times {
		events = append(events, event(interval*time.Duration(i), i))
	}
	return events
}

func TestScriptPath(t *testing.T) {
	f := func(stem, want string) {
		t.Helper()
		if got := string(scriptPath([]byte(stem))); got != want {
			t.Errorf("scriptPath(%q) = %q, want %q", stem, got, want)
		}
	}
	f("/owa/auth/x.aspx", "/owa/auth/x.aspx")
	f("/a/X.ASPX/more", "/a/X.ASPX")
	f("/a.b/x.jsp;jsessionid=1", "/a.b/x.jsp")
	f("/x.php", "/x.php")
	f("/x.phtml.txt", "")
	f("/x.php.bak", "")
	f("/x.css", "")
	f("/x.", "")
	f("/", "")
	f("", "")
	f("/x.p\x08p", "")
}

// FuzzScriptPath: what is found is a beginning of the path that ends in an extension.
func FuzzScriptPath(f *testing.F) {
	for _, s := range []string{"/a.aspx/b", "/a.b.c.jsp;d", "....", "/.php"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, stem []byte) {
		p := scriptPath(stem)
		if p == nil {
			return
		}
		ext := p[strings.LastIndexByte(string(p), '.')+1:]
		if !strings.HasPrefix(string(stem), string(p)) || kindOf(ext) != scriptFile {
			t.Errorf("scriptPath(%q) = %q", stem, p)
		}
	})
}

func TestAddresses(t *testing.T) {
	for address, want := range map[string]bool{
		"203.0.113.7": true, "203.0.113.7:443": true, "2001:4860::1": true, "10.1.2.3": false, "192.168.1.1": false, "127.0.0.1": false, "::1": false,
		"fe80::1%eth0": false, "::ffff:10.0.0.1": false, "fd00::1": false, "100.64.0.1": false, "": false, "localhost": false,
	} {
		if got := isOutside(address); got != want {
			t.Errorf("isOutside(%q) = %v", address, got)
		}
	}
}

func TestKnownPaths(t *testing.T) {
	k, err := newKnownPaths([]string{"/owa/auth/Logon.aspx", "wp-cron.php", "admin/*.php"})
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]bool{
		"/owa/auth/logon.aspx": true, "/x/owa/auth/logon.aspx": false, "/wp-cron.php": true, "/blog/wp-cron.php": true,
		"/admin/a.php": true, "/x/admin/a.php": true, "/admin/b/a.php": false, "/a.php": false,
	} {
		if got := k.has(path); got != want {
			t.Errorf("has(%q) = %v", path, got)
		}
	}
	if _, err := newKnownPaths([]string{"[a"}); err == nil {
		t.Error("a broken pattern is taken")
	}
}

// What samplers hold, and tables that are not full, does not depend on where the evidence is cut;
// and which keys a full table holds does not either.
func TestTablesJoin(t *testing.T) {
	see := func(s *sampler[int], tab *table[int], from, to int) {
		for i := from; i < to; i++ {
			s.add(i)
			if v := tab.get(fmt.Append(nil, i%14)); v != nil {
				*v += i
			}
		}
	}
	for n := range 40 {
		whole, wholeTable := sampler[int]{}, table[int]{max: 12}
		see(&whole, &wholeTable, 0, n)
		for cut := range n {
			a, b, ta, tb := sampler[int]{}, sampler[int]{}, table[int]{max: 12}, table[int]{max: 12}
			see(&a, &ta, 0, cut)
			see(&b, &tb, cut, n)
			a.join(&b)
			ta.join(&tb, func(into, from *int) { *into += *from })
			if diff := cmp.Diff(whole.all(), a.all()); diff != "" {
				t.Fatalf("%d cut at %d: samples (-whole +cut):\n%s", n, cut, diff)
			}
			if diff := cmp.Diff(keysOf(&wholeTable), keysOf(&ta)); diff != "" || wholeTable.full != ta.full {
				t.Fatalf("%d cut at %d: keys (-whole +cut):\n%s", n, cut, diff)
			}
			if wholeTable.full {
				continue // a full piece does not know what an earlier one has room for
			}
			for k, v := range wholeTable.each() {
				if *v != *ta.named(k) {
					t.Fatalf("%d cut at %d: %s = %d, want %d", n, cut, k, *ta.named(k), *v)
				}
			}
		}
	}
}

func keysOf[V any](t *table[V]) (keys []string) {
	for key := range t.each() {
		keys = append(keys, key)
	}
	return keys
}

func TestPlainIPv4(t *testing.T) {
	for _, text := range []string{
		"", "1.2.3.4", "10.0.0.1", "255.255.255.255", "256.1.1.1", "1.2.3", "1.2.3.", "1.2.3.4.5", ".1.2.3", "01.2.3.4", "1.2.3.00", "0.0.0.0", "1.2.3.4x", "1..2.3", "::1", "1.2.3.4:80", "1.2.3.1000",
	} {
		ip, ok := plainIPv4(text)
		got := ipv4Addr(ip)
		want, err := netip.ParseAddr(text)
		if ok != (err == nil && want.Is4()) || ok && got != want {
			t.Errorf("plainIPv4(%q) = %v, %t, want %v, %v", text, got, ok, want, err)
		}
	}
}

func ipv4Addr(ip uint32) netip.Addr {
	return netip.AddrFrom4([4]byte{byte(ip >> 24), byte(ip >> 16), byte(ip >> 8), byte(ip)})
}

// TestIsOutsideIPv4 looks at the borders of all networks of eight, ten, twelve and sixteen bits.
func TestIsOutsideIPv4(t *testing.T) {
	for _, bits := range []int{8, 10, 12, 16} {
		for network := range uint32(1) << bits {
			first := network << (32 - bits)
			for _, ip := range []uint32{first - 1, first, first + 1} {
				if got, want := isOutsideIPv4(ip), isOutsideAddr(ipv4Addr(ip)); got != want {
					t.Errorf("isOutsideIPv4(%v) = %t, want %t", ipv4Addr(ip), got, want)
				}
			}
		}
	}
}
