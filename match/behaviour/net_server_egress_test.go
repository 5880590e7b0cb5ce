package behaviour

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

const (
	w3wpImage = `C:\Windows\System32\inetsrv\w3wp.exe`
	sqlImage  = `C:\Program Files\Microsoft SQL Server\MSSQL15.MSSQLSERVER\MSSQL\Binn\sqlservr.exe`
)

// connected is Sysmon's event of a connection.
func connected(after time.Duration, host, image, source, target, port, initiated string, more ...string) made {
	return made{after: after, product: "windows", channel: "Microsoft-Windows-Sysmon/Operational", id: 3, host: host, fields: append([]string{
		"Image", image, "Initiated", initiated, "SourceIp", source, "SourcePort", "50000", "DestinationIp", target, "DestinationPort", port, "Protocol", "tcp"}, more...)}
}

func TestNetServerEgress(t *testing.T) {
	const inside, outside = "10.0.0.10", "203.0.113.7"
	day := 24 * time.Hour
	usual := every(time.Hour, 100, func(d time.Duration, n int) made {
		return connected(d, "WEB01", w3wpImage, inside, "198.51.100.20", "443", "true")
	})
	for _, c := range []struct {
		name   string
		events []made
		want   string
	}{
		{"to a new address, not by the web", append(slices.Clone(usual), connected(3*day, "WEB01", w3wpImage, inside, outside, "8443", "true")),
			"high: w3wp.exe on WEB01 began 1 connections outside, to 203.0.113.7:8443\n"},
		{"to a new address by the web", append(slices.Clone(usual), connected(3*day, "WEB01", w3wpImage, inside, outside, "443", "true")),
			"medium: w3wp.exe on WEB01 began 1 connections outside, to 203.0.113.7:443\n"},
		{"in a short time", []made{connected(0, "DB01", sqlImage, inside, outside, "443", "true")},
			"low: sqlservr.exe on DB01 began 1 connections outside, to 203.0.113.7:443\n"},
		{"a tunnel to a desktop", []made{connected(0, "WEB01", w3wpImage, "127.0.0.1", "127.0.0.1", "3389", "true")},
			"high: w3wp.exe on WEB01 began 1 connections by RDP, to 127.0.0.1:3389\n"},
		{"a tunnel to shares", []made{connected(0, "WEB01", w3wpImage, inside, "10.0.0.30", "445", "true"), connected(time.Minute, "WEB01", w3wpImage, inside, "10.0.0.31", "445", "true")},
			"medium: w3wp.exe on WEB01 began 2 connections by SMB, to 10.0.0.30:445, 10.0.0.31:445\n"},
		{"it answers", []made{connected(0, "WEB01", w3wpImage, outside, inside, "443", "false")}, ""},
		{"its database", []made{connected(0, "WEB01", w3wpImage, inside, "10.0.0.20", "1433", "true")}, ""},
		{"mail", []made{connected(0, "MAIL01", `C:\Exchange\Bin\EdgeTransport.exe`, inside, outside, "25", "true")}, ""},
		{"certificates", []made{connected(0, "WEB01", w3wpImage, inside, outside, "80", "true", "DestinationHostname", "ocsp.digicert.com")}, ""},
		{"another program", []made{connected(0, "WEB01", `C:\Program Files\Mozilla Firefox\firefox.exe`, inside, outside, "443", "true")}, ""},
		{"known from before", usual, ""},
		{"made to go out", every(time.Minute, 50, func(d time.Duration, n int) made {
			return connected(d, "WEB01", w3wpImage, inside, fmt.Sprintf("203.0.113.%d", n), "443", "true")
		}), ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := lines(episodesOf(t, Config{}, "net-server-egress", c.events)); got != c.want {
				t.Errorf("episodes:\n%swant:\n%s", got, c.want)
			}
		})
	}
}
