package event

import (
	"testing"
	"time"
)

func TestPeriod(t *testing.T) {
	at := func(s int64) time.Time {
		if s == 0 {
			return time.Time{}
		}
		return time.Unix(s, 0).UTC()
	}
	f := func(first, last int64, times ...int64) {
		t.Helper()
		want := Period{at(first), at(last)}
		var one, halves, half Period
		for i, s := range times {
			one.Add(at(s))
			if i%2 == 0 {
				half.Add(at(s))
			} else {
				halves.Add(at(s))
			}
		}
		halves.Join(half)
		if one != want || halves != want {
			t.Errorf("of %v: %v, joined %v, want %v", times, one, halves, want)
		}
		if got, want := one.Length(), time.Duration(last-first)*time.Second; got != want {
			t.Errorf("of %v: length %v, want %v", times, got, want)
		}
	}
	f(0, 0)
	f(0, 0, 0, 0)
	f(5, 5, 5)
	f(5, 5, 0, 5, 0)
	f(3, 9, 7, 3, 9, 5)
	f(-4, 9, 9, 0, -4) // before 1970
}
