package entries_test

import (
	"testing"
	"time"

	"aldebaran/evidence/entries"
)

func TestParseBSD(t *testing.T) {
	newest := time.Date(2026, 1, 3, 0, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		in     string
		newest time.Time
		year   int
		n      int
	}{
		{"Jan  2 03:04:05 x", newest, 2026, 15},
		{"Jan  3 23:04:05 x", newest, 2026, 15}, // a clock in the east
		{"Dec 16 14:03:54 x", newest, 2025, 15},
		{"Feb 29 14:03:54", newest, 2025, 15}, // no such day that year: told when the time is made
		{"Dec 16 14:03:54 x", time.Time{}, 0, 15},
		{"Dez 16 14:03:54 x", newest, 0, 0},
		{"Dec 16 14:03", newest, 0, 0},
		{"Dec 16 25:03:54 x", newest, 0, 0},
	} {
		s, n := entries.ParseBSD([]byte(c.in), c.newest, time.UTC)
		if n != c.n || n > 0 && s.Year != c.year {
			t.Errorf("ParseBSD(%q) = year %d, %d bytes; want %d, %d", c.in, s.Year, n, c.year, c.n)
		}
	}
}
