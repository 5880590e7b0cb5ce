package sigma

import (
	"bytes"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// The numbers of a window against plain sorting and adding, with more of them than a block holds.
func TestT28_Measures(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 28))
	var bag sortedBag
	var sum slidingSum
	var window []float64
	blocks := 0
	for i := range 6000 {
		f := float64(rnd.IntN(500)) / 4
		window = append(window, f)
		bag.add(f)
		sum.push(f)
		for len(window) > 1 && (rnd.IntN(100) < 20 || i%2000 == 1999) {
			bag.remove(window[0])
			sum.pop()
			window = window[1:]
		}
		blocks = max(blocks, len(bag.blocks))
		if i%97 != 0 {
			continue
		}
		sorted := slices.Sorted(slices.Values(window))
		total := 0.0
		for _, f := range window {
			total += f
		}
		if got := sum.sum(); got != total {
			t.Fatalf("%d: sum %v, want %v", i, got, total)
		}
		for _, p := range []float64{0, 1, 33, 50, 99.5, 100} {
			r := p / 100 * float64(len(sorted)-1)
			low, high := int(math.Floor(r)), int(math.Ceil(r))
			want := sorted[low] + (r-float64(low))*(sorted[high]-sorted[low])
			if got := bag.percentile(p); got != want {
				t.Fatalf("%d: percentile %v of %d is %v, want %v", i, p, len(sorted), got, want)
			}
		}
	}
	if blocks < 3 {
		t.Errorf("%d blocks: the test shows too little", blocks)
	}
}

// A sum keeps what a larger number beside it had rounded away.
func TestT28_SumForgetsNothing(t *testing.T) {
	var s slidingSum
	for _, f := range []float64{1e17, 1, 1, 1} {
		s.push(f)
	}
	s.pop()
	if got := s.sum(); got != 3 {
		t.Errorf("sum %v, want 3", got)
	}
}

// Whoever can write to our temporary files can make a hunt fail, but not crash it or make it tell
// of events in no order.
func FuzzSpilledRecord(f *testing.F) {
	inner := &Correlation{Title: "inner", Name: "inner", Type: "event_count", Rules: []string{"a"}, GroupBy: []string{"User"}, Timespan: time.Minute, Ranges: bounds("gte 2")}
	sum := &Correlation{Title: "sum", Type: "value_sum", Rules: []string{"a", "inner"}, GroupBy: []string{"Host"}, Fields: []string{"N"}, Timespan: time.Minute, Ranges: bounds("lt 9")}
	ordered := &Correlation{Title: "ordered", Type: "temporal_ordered", Rules: []string{"inner", "b"}, GroupBy: []string{"User"}, Timespan: time.Minute}
	c := collection("a b", inner, sum, ordered)
	open := func(t testing.TB) *Correlator {
		k, err := NewCorrelator(c, CorrelatorOptions{})
		if err != nil {
			t.Fatal(err)
		}
		return k
	}
	k := open(f)
	var recs [2][]byte
	for i, l := range []logged{{0, "a", "User=x Host=h N=1"}, {1, "a", "User=x Host=h N=2"}, {2, "b", "User=x"}} {
		for _, r := range k.Observe(c.Rules[i/2], loggedEvent(l, i)).recs {
			recs[r.level] = append(append(recs[r.level], r.rec...), "\x00--\x00"...)
		}
	}
	f.Add(recs[0], recs[1])
	f.Add([]byte{}, bytes.Repeat([]byte{0}, 80))
	f.Fuzz(func(t *testing.T, low, high []byte) {
		k := open(t)
		defer k.Close()
		for level, data := range [][]byte{low, high} {
			for rec := range bytes.SplitSeq(data, []byte("\x00--\x00")) {
				if err := k.levels[level].add(rec); err != nil {
					t.Fatal(err)
				}
			}
		}
		var last time.Time
		err := k.Finish(func(m CorrelationMatch) error {
			if m.First.Before(last) || m.Count < len(m.Events) || len(m.Events) == 0 {
				t.Errorf("%v after %v: %d events, %d of them listed", m.First, last, m.Count, len(m.Events))
			}
			last = m.First
			return nil
		})
		_ = err // a record that is none must be an error, but not every change makes it one
	})
}
