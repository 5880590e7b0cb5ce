package behaviour

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

// flow is a connection in a log of Zeek.
func flow(after time.Duration, source, target, port string) made {
	return made{after: after, product: "zeek", service: "conn", fields: []string{"id.orig_h", source, "id.orig_p", "50000", "id.resp_h", target, "id.resp_p", port, "proto", "tcp"}}
}

func TestNetSweep(t *testing.T) {
	const source = "10.0.0.10"
	sweep := func(times int, interval time.Duration, port string) []made {
		return every(interval, times, func(d time.Duration, n int) made { return flow(d, source, fmt.Sprintf("10.0.1.%d", n), port) })
	}
	for _, c := range []struct {
		name   string
		events []made
		want   string
	}{
		{"shares", sweep(40, time.Second, "445"), "medium: 10.0.0.10 tried port 445 of 40 hosts within a minute\n"},
		{"over the minute's end", slices.Concat(sweep(1, 0, "80"), every(time.Second, 26, func(d time.Duration, n int) made {
			return flow(47*time.Second+d, source, fmt.Sprintf("10.0.1.%d", n), "3389")
		})), "medium: 10.0.0.10 tried port 3389 of 26 hosts within 2 minutes\n"},
		{"a whole network", sweep(250, time.Second, "1433"), "high: 10.0.0.10 tried port 1433 of 250 hosts within 5 minutes\n"},
		{"seen on the host", every(time.Second, 30, func(d time.Duration, n int) made {
			return connected(d, "WEB01", `C:\x.exe`, source, fmt.Sprintf("10.0.1.%d", n), "137", "true")
		}), "medium: 10.0.0.10 tried port 137 of 30 hosts within a minute\n"},
		{"addresses of IPv6 and names", every(time.Second, 40, func(d time.Duration, n int) made {
			return flow(d, "fd00::10", fmt.Sprintf([]string{"fd00::1:%d", "host%d"}[n%2], n), "22")
		}), "medium: fd00::10 tried port 22 of 40 hosts within a minute\n"},
		{"slowly", sweep(60, 10*time.Second, "445"), ""},
		{"the web", sweep(60, time.Second, "443"), ""},
		{"the same few", every(time.Second, 60, func(d time.Duration, n int) made { return flow(d, source, fmt.Sprintf("10.0.1.%d", n%9), "445") }), ""},
		{"a share that many use", every(time.Second, 60, func(d time.Duration, n int) made { return flow(d, fmt.Sprintf("10.0.1.%d", n), source, "445") }), ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := lines(episodesOf(t, Config{}, "net-sweep", c.events)); got != c.want {
				t.Errorf("episodes:\n%swant:\n%s", got, c.want)
			}
		})
	}
	if _, err := New(Config{Behaviours: map[string]Setting{"net-sweep": {Lists: map[string][]string{"ports": {"smb"}}}}}); err == nil {
		t.Error("a port that is a word is taken")
	}
	known := Config{Behaviours: map[string]Setting{"net-sweep": {Lists: map[string][]string{"sources": {source}}}}}
	if got := lines(episodesOf(t, known, "net-sweep", sweep(40, time.Second, "445"))); got != "" {
		t.Errorf("a source that is known: %s", got)
	}
}

// A large network has more minutes of sources and ports than there is room for. A sweep that comes when there is
// no room any more is seen all the same, over the end of a minute, too.
func TestNetSweepAmongMany(t *testing.T) {
	var events []made
	const each = 20 // connections of others to one of the sweep
	for n := range maxSweepMinutes * 5 / 4 {
		after := time.Duration(n) * 50 * time.Millisecond
		events = append(events, flow(after, fmt.Sprintf("10.%d.%d.%d", n>>16, n>>8&255, n&255), "10.200.0.1", "445"))
		if n > maxSweepMinutes-25*each && n%each == 0 && n < maxSweepMinutes+25*each {
			events = append(events, flow(after, "10.100.0.1", fmt.Sprintf("10.200.1.%d", n/each%256), "445"))
		}
	}
	const want = "medium: 10.100.0.1 tried port 445 of 49 hosts within 2 minutes\n"
	for _, cuts := range [][]int{nil, {len(events) / 2}} {
		if got := lines(finish(t, Config{}, "net-sweep", events, cuts...)); got != want {
			t.Errorf("cut at %v: found %swant %s", cuts, got, want)
		}
	}
}
