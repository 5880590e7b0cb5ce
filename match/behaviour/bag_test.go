package behaviour

import (
	"fmt"
	"strings"
	"testing"
)

func TestRunsOf(t *testing.T) {
	f := func(in, want string) {
		t.Helper()
		var runs []string
		// The same letters in a row are a run.
		for run := range runsOf([]byte(in), func(first, last, next *byte) bool { return *next == *first && *last == *next }) {
			runs = append(runs, string(run))
		}
		if got := strings.Join(runs, " "); got != want {
			t.Errorf("runsOf(%q) = %q, want %q", in, got, want)
		}
	}
	f("", "")
	f("a", "a")
	f("aab", "aa b")
	f("abbbc", "a bbb c")
	f("aa", "aa")

	var runs []string
	for run := range runsOf([]int{1, 2, 4, 5, 6, 9}, func(first, last, next *int) bool { return *next-*last == 1 && *next-*first < 2 }) {
		runs = append(runs, fmt.Sprint(run))
		if len(runs) == 3 {
			break
		}
	}
	if got, want := strings.Join(runs, " "), "[1 2] [4 5] [6]"; got != want {
		t.Errorf("runs of two: %s, want %s", got, want)
	}
}
