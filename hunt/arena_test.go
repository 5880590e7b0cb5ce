package hunt

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// TestArena: no two slices share an element, none grows into another, and memory is used again.
func TestArena(t *testing.T) {
	var a arena[int]
	r := rand.New(rand.NewPCG(1, 2))
	blocks := 0
	for round := range 3 {
		a.reset()
		var all [][]int
		for i := range 500 {
			n := r.IntN(100)
			if i%100 == 0 {
				n = mostBlock + i
			}
			s := a.take(n)
			if len(s) != n || cap(s) != n {
				t.Fatalf("take(%d): length %d, capacity %d", n, len(s), cap(s))
			}
			for k := range s {
				s[k] = i
			}
			all = append(all, s)
		}
		for i, s := range all {
			if k := slices.IndexFunc(s, func(v int) bool { return v != i }); k >= 0 {
				t.Fatalf("round %d: slice %d: element %d is of slice %d", round, i, k, s[k])
			}
		}
		if round == 0 {
			blocks = len(a.blocks)
		} else if len(a.blocks) > 2*blocks {
			t.Errorf("round %d: %d blocks, in the first %d", round, len(a.blocks), blocks)
		}
	}
	a.reset()
	if n := testing.AllocsPerRun(10, func() { a.reset(); a.take(leastBlock / 2); a.take(leastBlock / 4) }); n != 0 {
		t.Errorf("taking again allocates %v times", n)
	}
}
