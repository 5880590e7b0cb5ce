package english

import (
	"math"
	"testing"
)

func TestNumber(t *testing.T) {
	f := func(n int64, want string) {
		t.Helper()
		if got := Number(n); got != want {
			t.Errorf("Number(%d) = %q, want %q", n, got, want)
		}
	}
	f(0, "0")
	f(999, "999")
	f(1000, "1,000")
	f(1234567, "1,234,567")
	f(-12, "-12")
	f(-123, "-123")
	f(-123456, "-123,456")
	f(-1234567, "-1,234,567")
	f(math.MinInt64, "-9,223,372,036,854,775,808")
}

func TestCount(t *testing.T) {
	f := func(n int, want, wantOf string) {
		t.Helper()
		if got := Count(n, "record"); got != want {
			t.Errorf("Count(%d) = %q, want %q", n, got, want)
		}
		if got := CountOf(n, "match", "matches"); got != wantOf {
			t.Errorf("CountOf(%d) = %q, want %q", n, got, wantOf)
		}
	}
	f(0, "0 records", "0 matches")
	f(1, "1 record", "1 match")
	f(2, "2 records", "2 matches")
	f(1234, "1,234 records", "1,234 matches")
	f(-1, "-1 records", "-1 matches")
}

func TestList(t *testing.T) {
	f := func(most int, want string, all ...string) {
		t.Helper()
		if got := List(all, most); got != want {
			t.Errorf("List(%q, %d) = %q, want %q", all, most, got, want)
		}
	}
	f(2, "")
	f(2, "a", "a")
	f(2, "a, b", "a", "b")
	f(2, "a, b and 1 more", "a", "b", "c")
	f(1, "a and 1,500 more", append([]string{"a"}, make([]string, 1500)...)...)
}
