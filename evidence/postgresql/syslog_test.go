package postgresql_test

import (
	"testing"
	"time"

	"aldebaran/evidence/lines"
	"aldebaran/evidence/postgresql"
	"aldebaran/evidence/readertest"
)

// TestYearOfSyslog: the year that syslog leaves out is told by the file, not by the reader, which
// reads one file after the other.
func TestYearOfSyslog(t *testing.T) {
	const log = "Dec 16 14:03:54 synth01 postgres[11]: [1-1] LOG:  started\nJan  2 03:04:05 synth01 postgres[11]: [2-1] ERROR:  no\n"
	f := readertest.Format[*postgresql.File, *postgresql.Reader]{
		Sniff: postgresql.Sniff, Open: postgresql.Open, NewReader: func(lines.Options) *postgresql.Reader { return postgresql.NewReader(lines.Options{}) },
	}
	for _, c := range []struct {
		newest time.Time
		want   []time.Time
	}{
		{time.Date(2026, 1, 3, 0, 0, 0, 0, time.UTC), []time.Time{time.Date(2025, 12, 16, 14, 3, 54, 0, time.UTC), time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}},
		{time.Time{}, make([]time.Time, 2)},
	} {
		events, _ := f.With(lines.Options{Newest: c.newest}).Events(t, []byte(log))
		if len(events) != len(c.want) {
			t.Fatalf("%d events, want %d", len(events), len(c.want))
		}
		for i, e := range events {
			if !e.Time.Equal(c.want[i]) || e.Computer != "synth01" {
				t.Errorf("event %d of a log of %s: %s of %q, want %s of synth01", i, c.newest, e.Time, e.Computer, c.want[i])
			}
		}
	}
}
