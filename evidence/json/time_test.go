package json

import (
	"bytes"
	"testing"
	"time"

	"aldebaran/event"
	"aldebaran/evidence/lines"
)

func TestParseTime(t *testing.T) {
	riyadh := time.FixedZone("+03", 3*3600)
	f := func(in, want string, certain bool) {
		t.Helper()
		at, sure, ok := parseTime([]byte(in), riyadh)
		got := ""
		if ok {
			got = at.Format(time.RFC3339Nano)
		}
		if got != want || sure != certain {
			t.Errorf("%q is %q, certain %t; want %q, %t", in, got, sure, want, certain)
		}
	}
	f("2026-01-02T03:04:05Z", "2026-01-02T03:04:05Z", true)
	f("2026-01-02T03:04:05.1234567Z", "2026-01-02T03:04:05.1234567Z", true)
	f("2026-01-02T03:04:05.123456789123Z", "2026-01-02T03:04:05.123456789Z", true)
	f("2026-01-02T03:04:05+05:30", "2026-01-01T21:34:05Z", true)
	f("2026-01-02T03:04:05.5-0800", "2026-01-02T11:04:05.5Z", true)
	f("2026-01-02 03:04:05,250 UTC", "2026-01-02T03:04:05.25Z", true)
	f("2026-01-02T03:04:05", "2026-01-02T00:04:05Z", false)
	f("2026-01-02 03:04:05.100", "2026-01-02T00:04:05.1Z", false)
	f("2024-02-29T00:00:00Z", "2024-02-29T00:00:00Z", true)
	f("1767323045", "2026-01-02T03:04:05Z", true)
	f("1767323045.250000", "2026-01-02T03:04:05.25Z", true)
	f("1767323045123", "2026-01-02T03:04:05.123Z", true)
	f("1767323045123456", "2026-01-02T03:04:05.123456Z", true)
	f("1767323045123456789", "2026-01-02T03:04:05.123456789Z", true)
	f("134117966450000000", "2026-01-02T03:04:05Z", true)
	f("/Date(1767323045123)/", "2026-01-02T03:04:05.123Z", true)
	f("/Date(1767323045123+0300)/", "2026-01-02T03:04:05.123Z", true)
	f("1767323045.123:4567", "2026-01-02T03:04:05.123Z", true)
	f("Fri, 02 Jan 2026 03:04:05 +0000", "2026-01-02T03:04:05Z", true)
	f("02/Jan/2026:03:04:05 +0100", "2026-01-02T02:04:05Z", true)
	f("1/2/2026 3:04:05 AM", "2026-01-02T00:04:05Z", false)
	f("2026-02-30T00:00:00Z", "", false)
	f("2026-13-01T00:00:00Z", "", false)
	f("2026-01-02T24:00:00Z", "", false)
	f("2026-01-02T03:04:05 Mars", "", false)
	f("0000-01-01T00:00:00Z", "", false)
	f("12345", "", false)
	f("99999999999999999999999", "", false)
	f("", "", false)
	f("yesterday", "", false)
}

// TestClock says whose word the times are.
func TestClock(t *testing.T) {
	f := func(name, record string, zone *time.Location, want string, clock event.Clock) {
		t.Run(name, func(t *testing.T) {
			file, err := Open(bytes.NewReader([]byte(record)), int64(len(record)), "log", lines.Options{})
			if err != nil {
				t.Fatal(err)
			}
			rep, err := NewReader(lines.Options{Zone: zone}).Read(file, file.Units()[0], func(e *event.Event) bool {
				if got := e.Time.Format(time.RFC3339); got != want {
					t.Errorf("time %s, want %s", got, want)
				}
				return true
			})
			if err != nil || rep.Clock != clock || rep.Events != 1 {
				t.Errorf("clock %+v, want %+v; error %v", rep.Clock, clock, err)
			}
		})
	}
	east := time.FixedZone("east", 3*3600)
	local := `{"EventTime":"2026-01-02 03:04:05","EventID":1,"SourceName":"x","Channel":"y"`
	f("says its zone", `{"timestamp":"2026-01-02T03:04:05Z"}`, east, "2026-01-02T03:04:05Z", event.Clock{})
	f("assumed", local+"}", nil, "2026-01-02T03:04:05Z", event.Clock{Zone: "UTC", How: "the log does not say its zone", Assumed: true})
	f("--tz", local+"}", east, "2026-01-02T00:04:05Z", event.Clock{Zone: "east", How: "--tz"})
	f("another field says it", local+`,"@timestamp":"2026-01-02T00:04:07Z"}`, nil, "2026-01-02T00:04:07Z", event.Clock{})
	f("UTC by the maker's word", `{"CreationTime":"2026-01-02T03:04:05","Workload":"Exchange","Operation":"x"}`, east, "2026-01-02T03:04:05Z", event.Clock{})
}
