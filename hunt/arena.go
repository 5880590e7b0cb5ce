package hunt

// Blocks of an arena: the first is small, because most pieces of evidence have few matches, and each has
// twice as many elements as the one before, up to the largest.
const (
	leastBlock = 1 << 10
	mostBlock  = 1 << 16
)

// An arena hands out slices that stay where they are until all are taken back together. Unlike a slice
// that grows it copies nothing. The zero value is ready.
type arena[T any] struct {
	blocks [][]T
	at     int // the block that is being filled
	used   int // of it
}

// take gives a slice of n elements, whose contents are what the last user left.
func (a *arena[T]) take(n int) []T {
	for ; a.at < len(a.blocks); a.at, a.used = a.at+1, 0 {
		if b := a.blocks[a.at]; n <= len(b)-a.used {
			a.used += n
			return b[a.used-n : a.used : a.used]
		}
	}
	size := leastBlock
	if a.at > 0 {
		size = min(2*len(a.blocks[a.at-1]), mostBlock)
	}
	a.blocks = append(a.blocks, make([]T, max(size, n)))
	a.used = n
	return a.blocks[a.at][:n:n]
}

// reset takes all slices back.
func (a *arena[T]) reset() { a.at, a.used = 0, 0 }
