package main

import (
	"fmt"
	"strconv"
	"time"
	_ "time/tzdata" // a borrowed laptop may have no database of time zones

	"aldebaran/hunt"
)

// parseTime reads a time as people give it: RFC 3339, a date with or without a time of day (UTC),
// or how long ago (7d, 36h, 90m, 2w). A date alone is the beginning of the day, or its end.
func parseTime(flag, s string, now time.Time, end bool) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05", "2006-01-02 15:04:05", "2006-01-02T15:04", "2006-01-02 15:04"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UTC(), nil
		}
	}
	if t, err := time.Parse(time.DateOnly, s); err == nil {
		if end {
			t = t.AddDate(0, 0, 1).Add(-1)
		}
		return t, nil
	}
	if ago, ok := parseAgo(s); ok {
		return now.Add(-ago).UTC(), nil
	}
	return time.Time{}, &hunt.UsageError{
		What: fmt.Sprintf("%s: want a time, found %q", flag, s),
		Hint: "2026-11-23, 2026-11-23T10:00:00Z, or how long ago: 7d, 36h",
	}
}

// parseAgo reads a whole number of minutes, hours, days or weeks.
func parseAgo(s string) (time.Duration, bool) {
	const maxYears = 200 // a time.Duration ends at 292
	unit, ok := map[byte]time.Duration{'m': time.Minute, 'h': time.Hour, 'd': 24 * time.Hour, 'w': 7 * 24 * time.Hour}[s[len(s)-1]]
	if !ok {
		return 0, false
	}
	n, err := strconv.ParseInt(s[:len(s)-1], 10, 64)
	if err != nil || n < 0 || n > int64(maxYears*365*24*time.Hour/unit) {
		return 0, false
	}
	return time.Duration(n) * unit, true
}

// parseZone reads a time zone: a name of the IANA database, or a distance from UTC; nil for "".
func parseZone(s string) (*time.Location, error) {
	if s == "" {
		return nil, nil
	}
	for _, layout := range []string{"-07:00", "-0700", "-07", "Z07:00"} {
		if t, err := time.Parse(layout, s); err == nil {
			_, offset := t.Zone()
			if offset == 0 {
				return time.UTC, nil
			}
			return time.FixedZone(t.Format("-07:00"), offset), nil
		}
	}
	zone, err := time.LoadLocation(s)
	if err != nil || s == "Local" {
		return nil, &hunt.UsageError{What: fmt.Sprintf("--tz: unknown time zone %q", s), Hint: "a name like Asia/Riyadh, or a distance like +03:00"}
	}
	return zone, nil
}
