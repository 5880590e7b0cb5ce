package behaviour

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

func TestWebRarePage(t *testing.T) {
	const outside = "203.0.113.7"
	day := 24 * time.Hour
	shell := func(after, interval time.Duration, times int, client, page string, more ...string) []made {
		return every(interval, times, func(d time.Duration, n int) made {
			return asked(after+d, client, "POST", page, 200, append([]string{"sc-bytes", fmt.Sprint(40 + n*n*300)}, more...)...)
		})
	}
	for _, c := range []struct {
		name   string
		events []made
		want   string
	}{
		{"a shell among visitors", slices.Concat(visitors(20, 600, 3*day), shell(2*day, time.Minute, 30, outside, "/owa/auth/OutlookEN.aspx")),
			"high: /owa/auth/outlooken.aspx was asked for 30 times within 29 minutes by 203.0.113.7 alone, with 5 signs of a web shell\n"},
		{"the same in a short time", slices.Concat(visitors(20, 600, 3*time.Hour), shell(2*time.Hour, time.Minute, 30, outside, "/owa/auth/OutlookEN.aspx")),
			"medium: /owa/auth/outlooken.aspx was asked for 30 times within 29 minutes by 203.0.113.7 alone, with 5 signs of a web shell\n"},
		{"behind a proxy that tells for whom", func() []made {
			events := slices.Concat(visitors(20, 600, 3*day), shell(2*day, time.Minute, 30, outside, "/x.aspx"))
			for i := range events {
				client := events[i].fields[1]
				events[i].fields = append(slices.Clone(events[i].fields), "X-Forwarded-For", "192.0.2.99,+"+client)
				events[i].fields[1] = "10.0.0.1"
			}
			return events
		}(), "high: /x.aspx was asked for 30 times within 29 minutes by 203.0.113.7 alone, with 5 signs of a web shell\n"},
		{"a proxy in front that does not tell", func() []made {
			events := slices.Concat(visitors(20, 1200, 3*day), shell(2*day, time.Minute, 30, outside, "/x.aspx"))
			for i := range events {
				events[i].fields = slices.Clone(events[i].fields)
				events[i].fields[1] = "10.0.0.1"
			}
			return events
		}(), "medium: /x.aspx was asked for 30 times within 29 minutes by 10.0.0.1 alone, with 4 signs of a web shell\n"},
		{"a rare page that people follow links to", slices.Concat(visitors(20, 600, 3*day), every(time.Minute, 30, func(d time.Duration, n int) made {
			return asked(day+d, outside, "GET", "/admin/stats.aspx", 200, "cs-referer", "https://www.example.org/admin/")
		})), ""},
		{"a page of the product", slices.Concat(visitors(20, 600, 3*day), shell(2*day, time.Minute, 30, outside, "/owa/auth/logon.aspx")), ""},
		{"monitoring from inside", slices.Concat(visitors(20, 600, 3*day), shell(2*day, time.Minute, 30, "10.0.0.9", "/check/db.aspx", "cs-user-agent", "Zabbix")), ""},
		{"what calls itself monitoring, from outside", slices.Concat(visitors(20, 600, 3*day), shell(2*day, time.Minute, 30, outside, "/check/db.aspx", "cs-user-agent", "Zabbix")),
			"high: /check/db.aspx was asked for 30 times within 29 minutes by 203.0.113.7 alone, with 5 signs of a web shell\n"},
		{"a page that is not there", slices.Concat(visitors(20, 600, 3*day), every(time.Minute, 30, func(d time.Duration, n int) made {
			return asked(2*day+d, outside, "POST", "/x.aspx", 404)
		})), ""},
		{"many clients", slices.Concat(visitors(20, 600, 3*day), every(time.Minute, 30, func(d time.Duration, n int) made {
			return asked(2*day+d, fmt.Sprintf("203.0.113.%d", n), "POST", "/x.aspx", 200)
		})), ""},
		{"a few requests", slices.Concat(visitors(20, 600, 3*day), shell(2*day, time.Minute, 4, outside, "/x.aspx")), ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := lines(episodesOf(t, Config{}, "web-rare-page", c.events)); got != c.want {
				t.Errorf("episodes:\n%swant:\n%s", got, c.want)
			}
		})
	}
}

// Scanners ask for more pages than there is room for. A shell that comes after them is seen all the same.
func TestWebRarePageAfterScanners(t *testing.T) {
	const day = 24 * time.Hour
	for _, status := range []int{302, 404} {
		events := slices.Concat(
			visitors(20, 600, 3*day),
			every(time.Second, 2*maxWebPages, func(d time.Duration, n int) made {
				return asked(day+d, "198.51.100.9", "GET", fmt.Sprintf("/old/page%d.aspx", n), status)
			}),
			every(time.Minute, 30, func(d time.Duration, n int) made {
				return asked(2*day+d, "203.0.113.7", "POST", "/owa/auth/OutlookEN.aspx", 200, "sc-bytes", fmt.Sprint(40+n*n*300))
			}))
		const want = "high: /owa/auth/outlooken.aspx was asked for 30 times within 29 minutes by 203.0.113.7 alone, with 5 signs of a web shell\n"
		for _, cuts := range [][]int{nil, {len(events) / 2}} {
			if got := lines(finish(t, Config{}, "web-rare-page", events, cuts...)); got != want {
				t.Errorf("pages are answered with %d, cut at %v: found %swant %s", status, cuts, got, want)
			}
		}
	}
}
