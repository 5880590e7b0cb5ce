package behaviour

import (
	"fmt"
	"testing"
)

// A full table finds the keys that it has, and no others.
func TestTableFull(t *testing.T) {
	const most = 1000
	for _, rare := range []bool{false, true} {
		s := table[int]{max: most, rare: rare}
		key := func(i int) []byte { return fmt.Appendf(nil, "key %d", i) }
		for round := range 2 { // in the second all are there, or there is no room
			for i := range 3 * most {
				v := s.get(key(i))
				if have := v != nil; have != (i < most) {
					t.Fatalf("round %d, rare %v: key %d of %d has a value: %v", round, rare, i, most, have)
				}
				if v == nil {
					continue
				}
				if *v != round*(i+1) {
					t.Errorf("round %d, rare %v: key %d has %d, want %d", round, rare, i, *v, round*(i+1))
				}
				*v = i + 1
			}
		}
		if !s.full {
			t.Error("the table is not full")
		}
	}
}
