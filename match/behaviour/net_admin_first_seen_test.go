package behaviour

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

func TestNetAdminFirstSeen(t *testing.T) {
	const web, data, desk = "10.0.0.10", "10.0.0.20", "10.0.5.5"
	day := 24 * time.Hour
	// The web server is asked by many and asks the database; a desk talks to a printer.
	usual := slices.Concat(
		every(time.Hour, 120, func(d time.Duration, n int) made { return flow(d, fmt.Sprintf("198.51.100.%d", n%9), web, "443") }),
		every(time.Hour, 120, func(d time.Duration, n int) made { return flow(d, web, data, "1433") }),
		every(time.Hour, 120, func(d time.Duration, n int) made { return flow(d, fmt.Sprintf("10.0.5.%d", n%9), data, "1433") }),
		every(time.Hour, 120, func(d time.Duration, n int) made { return flow(d, desk, "10.0.5.200", "9100") }),
	)
	signIn := func(after time.Duration, kind string) made {
		return made{after: after, product: "windows", channel: "Security", id: 4624, host: "DB01", fields: []string{"TargetUserName", "a", "LogonType", kind, "IpAddress", web}}
	}
	for _, c := range []struct {
		name   string
		events []made
		want   string
	}{
		{"from the web server to the database by WMI", append(slices.Clone(usual), flow(4*day, web, data, "135"), flow(4*day+time.Second, web, data, "135")),
			"medium: 10.0.0.10 began to use WMI towards 10.0.0.20 (the source serves the web or mail)\n"},
		{"between addresses of IPv6", slices.Concat(
			every(time.Hour, 120, func(d time.Duration, n int) made { return flow(d, fmt.Sprintf("2001:db8::%d", n%9), "fd00::10", "443") }),
			every(time.Hour, 120, func(d time.Duration, n int) made { return flow(d, "fd00::10", "fd00::20", "1433") }),
			[]made{flow(4*day, "fd00::10", "fd00::20", "135"), flow(4*day, "2001:db8::5", "fd00::20", "135")}),
			"medium: fd00::10 began to use WMI towards fd00::20 (the source serves the web or mail)\n"},
		{"from a desk to another", append(slices.Clone(usual), flow(4*day, desk, "10.0.5.6", "3389")),
			"low: 10.0.5.5 began to use RDP towards 10.0.5.6\n"},
		{"signed in", slices.Concat(usual, []made{signIn(time.Hour, "3"), signIn(4*day, "10")}),
			"medium: 10.0.0.10 began to use RDP towards DB01 (the source serves the web or mail)\n"},
		{"in a short time, from a server", slices.Concat(every(time.Second, 20, func(d time.Duration, n int) made {
			return flow(d, fmt.Sprintf("198.51.100.%d", n%9), web, "443")
		}), []made{flow(time.Minute, web, data, "135"), flow(time.Minute, desk, data, "135")}),
			"low: 10.0.0.10 began to use WMI towards 10.0.0.20 (the source serves the web or mail)\n"},
		{"all along", slices.Concat(usual, every(time.Hour, 120, func(d time.Duration, n int) made { return flow(d, web, data, "135") })), ""},
		{"a host that was not there before", append(slices.Clone(usual), flow(4*day, "10.0.9.9", data, "135")), ""},
		{"a host that administers", slices.Concat(usual, every(time.Hour, 30, func(d time.Duration, n int) made {
			return flow(d, desk, fmt.Sprintf("10.0.5.%d", n), "3389")
		}), []made{flow(4*day, desk, data, "3389")}), ""},
		{"from outside", append(slices.Clone(usual), flow(4*day, "203.0.113.7", web, "22")), ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := lines(episodesOf(t, Config{}, "net-admin-first-seen", c.events)); got != c.want {
				t.Errorf("episodes:\n%swant:\n%s", got, c.want)
			}
		})
	}
}
