package sigma

import (
	"math"
	"slices"
)

// A slidingSum sums numbers that come at one end and go at the other. It only ever adds: taking a
// number out of a sum of floats leaves what the number had rounded away.
type slidingSum struct {
	front []float64 // sums of what goes next and all until back, the last goes first
	back  []float64
	total float64 // of back
}

func (s *slidingSum) push(f float64) {
	s.back = append(s.back, f)
	s.total += f
}

func (s *slidingSum) pop() {
	if len(s.front) == 0 {
		sum := 0.0
		for _, f := range slices.Backward(s.back) {
			sum += f
			s.front = append(s.front, sum)
		}
		s.back, s.total = s.back[:0], 0
	}
	s.front = s.front[:len(s.front)-1]
}

func (s *slidingSum) sum() float64 {
	if n := len(s.front); n > 0 {
		return s.front[n-1] + s.total
	}
	return s.total
}

// A sortedBag holds numbers in order, in blocks, so that neither coming nor going moves many.
type sortedBag struct {
	blocks [][]float64 // none is empty
	n      int
}

const maxBlock = 512

// block gives the block that a number belongs in.
func (b *sortedBag) block(f float64) int {
	i, _ := slices.BinarySearchFunc(b.blocks, f, func(block []float64, f float64) int {
		if block[len(block)-1] < f {
			return -1
		}
		return 1
	})
	return min(i, len(b.blocks)-1)
}

func (b *sortedBag) add(f float64) {
	b.n++
	if len(b.blocks) == 0 {
		b.blocks = append(b.blocks, []float64{f})
		return
	}
	i := b.block(f)
	at, _ := slices.BinarySearch(b.blocks[i], f)
	b.blocks[i] = slices.Insert(b.blocks[i], at, f)
	if n := len(b.blocks[i]); n > maxBlock {
		half := slices.Clone(b.blocks[i][n/2:])
		b.blocks[i] = b.blocks[i][:n/2]
		b.blocks = slices.Insert(b.blocks, i+1, half)
	}
}

func (b *sortedBag) remove(f float64) {
	if b.n == 0 {
		return
	}
	i := b.block(f)
	at, ok := slices.BinarySearch(b.blocks[i], f)
	if !ok {
		return
	}
	b.n--
	if b.blocks[i] = slices.Delete(b.blocks[i], at, at+1); len(b.blocks[i]) == 0 {
		b.blocks = slices.Delete(b.blocks, i, i+1)
	}
}

// at gives the i-th number, from 0.
func (b *sortedBag) at(i int) float64 {
	for _, block := range b.blocks {
		if i < len(block) {
			return block[i]
		}
		i -= len(block)
	}
	return math.NaN()
}

// percentile interpolates between the two numbers next to the rank p/100*(n-1), so that the 50th
// of an even number of values is the mean of the middle two.
func (b *sortedBag) percentile(p float64) float64 {
	rank := p / 100 * float64(b.n-1)
	low := int(rank)
	f := b.at(low)
	if share := rank - float64(low); share > 0 {
		f += share * (b.at(low+1) - f)
	}
	return f
}
