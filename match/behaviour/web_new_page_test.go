package behaviour

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

// written is Sysmon's event of a file that was created.
func written(after time.Duration, host, image, target string) made {
	return made{after: after, product: "windows", channel: "Microsoft-Windows-Sysmon/Operational", id: 11, host: host,
		fields: []string{"Image", image, "TargetFilename", target}}
}

func TestWebNewPage(t *testing.T) {
	const outside = "203.0.113.7"
	const temporary = `C:\Windows\Microsoft.NET\Framework64\v4.0.30319\Temporary ASP.NET Files\owa\8e05b027\e164d61b\`
	const w3wp = `C:\Windows\System32\inetsrv\w3wp.exe`
	day := 24 * time.Hour
	people := visitors(20, 300, 4*day)
	used := func(after time.Duration, times int, client, page string) []made {
		return every(time.Minute, times, func(d time.Duration, n int) made { return asked(after+d, client, "POST", page, 200) })
	}
	for _, c := range []struct {
		name   string
		events []made
		want   string
	}{
		{"not there, then there", slices.Concat(people, []made{asked(3*day, outside, "GET", "/a/x.aspx", 404)}, used(3*day+time.Minute, 5, outside, "/a/x.aspx")),
			"high: /a/x.aspx is new (it was asked for in vain from 60 seconds before the first answer on); 203.0.113.7 used it 5 times within 4 minutes\n"},
		{"compiled, and used", slices.Concat(people, used(3*day, 2, "10.0.0.5", "/owa/auth/OutlookEN.aspx"),
			[]made{written(3*day, "MAIL01", w3wp, temporary+"outlooken.aspx.cdcab7d2.compiled")}),
			"high: /owa/auth/outlooken.aspx is new (asked for by hardly anybody, and compiled by ASP.NET at that time); 10.0.0.5 used it 2 times within 60 seconds\n"},
		{"late", slices.Concat(people, used(3*day, 5, outside, "/a/x.aspx")),
			"medium: /a/x.aspx is new (it was first asked for late in the period); 203.0.113.7 used it 5 times within 4 minutes\n"},
		{"compiled, without requests", []made{written(0, "MAIL01", w3wp, temporary+"x.aspx.cdcab7d2.compiled")},
			"low: ASP.NET compiled x.aspx of the application owa, and hardly any other page at that time\n"},
		{"compiled by an update", slices.Concat(every(time.Minute, 30, func(d time.Duration, n int) made {
			return written(d, "MAIL01", w3wp, fmt.Sprintf("%sp%d.aspx.cdcab7d2.compiled", temporary, n))
		})), ""},
		{"the product's own, compiled", []made{written(0, "MAIL01", w3wp, temporary+"logon.aspx.cdcab7d2.compiled")}, ""},
		{"late, and for many", slices.Concat(people, used(3*day, 5, outside, "/new.aspx"), used(3*day, 5, "203.0.113.8", "/new.aspx"), used(3*day, 5, "203.0.113.9", "/new.aspx")), ""},
		{"pages come and go", slices.Concat(people, every(time.Hour, 20, func(d time.Duration, n int) made {
			return asked(3*day+d/20, outside, "POST", fmt.Sprintf("/a/%d.aspx", n%7), 200)
		}), every(time.Hour, 20, func(d time.Duration, n int) made {
			return asked(3*day+d/20, outside, "POST", fmt.Sprintf("/a/%d.aspx", n%7), 200)
		})), ""},
		{"there all along", slices.Concat(used(0, 5, outside, "/a/x.aspx"), people, used(3*day, 5, outside, "/a/x.aspx")), ""},
		{"there, then not", slices.Concat(people, used(0, 5, outside, "/a/x.aspx"), []made{asked(day, outside, "GET", "/a/x.aspx", 404)}), ""},
		{"scanned", slices.Concat(people, []made{asked(3*day, outside, "GET", "/a/x.aspx", 404)}), ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := lines(episodesOf(t, Config{}, "web-new-page", c.events)); got != c.want {
				t.Errorf("episodes:\n%swant:\n%s", got, c.want)
			}
		})
	}
}
