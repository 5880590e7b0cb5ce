package behaviour

import (
	"iter"
	"slices"
)

// A bag keeps observations for the end, when they can be put in order of time: evidence comes file
// by file. Beyond its maximum it counts only.
type bag[T any] struct {
	items   []T
	dropped int
	max     int
}

// add keeps an observation; false if there was no room.
func (b *bag[T]) add(item T) bool {
	if len(b.items) >= b.max {
		b.dropped++
		return false
	}
	b.items = append(b.items, item)
	return true
}

// empty tells whether nothing was observed.
func (b *bag[T]) empty() bool { return len(b.items) == 0 && b.dropped == 0 }

// join adds those of a later piece of evidence.
func (b *bag[T]) join(later *bag[T]) {
	room := min(b.max-len(b.items), len(later.items))
	b.items = append(b.items, later.items[:room]...)
	b.dropped += later.dropped + len(later.items) - room
}

// sorted gives the observations in order; those that compare equal stay in the order of the evidence.
func (b *bag[T]) sorted(compare func(a, b T) int) []T {
	slices.SortStableFunc(b.items, compare)
	return b.items
}

// runsOf cuts what is sorted into runs: belongs says whether the next one belongs to a run, of which it
// is shown the first and the last so far.
func runsOf[T any](sorted []T, belongs func(first, last, next *T) bool) iter.Seq[[]T] {
	return func(yield func([]T) bool) {
		for from, i := 0, 1; i <= len(sorted); i++ {
			if i < len(sorted) && belongs(&sorted[from], &sorted[i-1], &sorted[i]) {
				continue
			}
			if !yield(sorted[from:i]) {
				return
			}
			from = i
		}
	}
}
