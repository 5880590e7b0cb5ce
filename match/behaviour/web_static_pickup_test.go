package behaviour

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

func TestWebStaticPickup(t *testing.T) {
	const outside = "203.0.113.7"
	day := 24 * time.Hour
	people := visitors(5, 50, 3*day)
	fetched := func(after time.Duration, client, file string, status int, size string) made {
		return asked(after, client, "GET", file, status, "sc-bytes", size)
	}
	for _, c := range []struct {
		name   string
		events []made
		want   string
	}{
		{"a large archive among Exchange's files", append(slices.Clone(people), fetched(day, outside, "/owa/auth/x.zip", 200, "5000000")),
			"high: /owa/auth/x.zip of 5000000 bytes was fetched by 203.0.113.7 alone, in 1 requests: 5000000 bytes were sent (from 1048576 on); it lies below /owa/, where there are files of the product only; no link led to it\n"},
		{"put there and taken away", append(slices.Clone(people),
			fetched(day, outside, "/files/a.csv", 404, "100"), fetched(day+time.Minute, outside, "/files/a.csv", 200, "3000"), fetched(day+time.Hour, outside, "/files/a.csv", 404, "100")),
			"high: /files/a.csv of 3000 bytes was fetched by 203.0.113.7 alone, in 1 requests: no link led to it; it was gone afterwards; it was not there before\n"},
		{"a picture that is too large", append(slices.Clone(people), fetched(day, outside, "/aspnet_client/logo.png", 200, "50000000")),
			"high: /aspnet_client/logo.png of 50000000 bytes was fetched by 203.0.113.7 alone, in 1 requests: 50000000 bytes were sent (from 1048576 on); it lies below /aspnet_client/, where there are files of the product only; no link led to it\n"},
		{"in a short log", []made{fetched(0, outside, "/owa/auth/x.zip", 200, "")},
			"low: /owa/auth/x.zip was fetched by 203.0.113.7 alone, in 1 requests: it lies below /owa/, where there are files of the product only; no link led to it\n"},
		{"a linked download", append(slices.Clone(people), asked(day, outside, "GET", "/files/report.zip", 200, "sc-bytes", "5000000", "cs-referer", "https://www.example.org/")), ""},
		{"two clients", append(slices.Clone(people), fetched(day, outside, "/owa/x.zip", 200, "5000000"), fetched(2*day, "203.0.113.8", "/owa/x.zip", 200, "5000000")), ""},
		{"from inside", append(slices.Clone(people), fetched(day, "10.0.0.5", "/owa/x.zip", 200, "5000000")), ""},
		{"again and again", slices.Concat(people, every(time.Hour, 5, func(d time.Duration, n int) made { return fetched(d, outside, "/owa/x.zip", 200, "5000000") })), ""},
		{"parts of a site", append(slices.Clone(people), fetched(day, outside, "/owa/auth/logo.png", 200, "5000"), fetched(day, outside, "/robots.txt", 200, "5000")), ""},
		{"not there", append(slices.Clone(people), fetched(day, outside, "/owa/backup.zip", 404, "500")), ""},
		{"a folder for downloads", slices.Concat(people, every(time.Hour, 20, func(d time.Duration, n int) made {
			return fetched(d, outside, fmt.Sprintf("/downloads/%d.zip", n), 200, "5000000")
		})), ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := lines(episodesOf(t, Config{}, "web-static-pickup", c.events)); got != c.want {
				t.Errorf("episodes:\n%swant:\n%s", got, c.want)
			}
		})
	}
}
