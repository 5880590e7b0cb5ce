package behaviour

import (
	"hash/maphash"
	"iter"
	"math/bits"
	"slices"
)

// A numbered keeps something for each of a bounded number of keys that are two numbers each, in the order
// in which they came first, as a [table] does for texts. What it keeps holds no pointers: so there is
// nothing in it for the garbage collector to look at, however large it is.
type numbered[V any] struct {
	list   blocks[numberedEntry[V]]
	places places     // where a key stands in list
	seed   twoNumbers // nobody can write keys that stand in each other's way
	max    int
	// full is set once a key found no room.
	full bool
	// fetchedSum is of what was fetched: without it the compiler leaves the reading out.
	fetchedSum uint64
}

type twoNumbers struct{ a, b uint64 }

type numberedEntry[V any] struct {
	key   twoNumbers
	value V
}

// get gives what is kept for a key, made now if the key is new; nil if there is no room. It is valid until
// the next call for another one.
func (t *numbered[V]) get(key twoNumbers) *V {
	h := t.hash(key)
	if v := t.at(h, key); v != nil {
		return v
	}
	if t.list.n >= t.max {
		t.full = true
		return nil
	}
	if t.places == nil {
		seed := maphash.MakeSeed()
		t.seed = twoNumbers{maphash.String(seed, "a"), maphash.String(seed, "b")}
		h = t.hash(key)
	}
	e := t.list.add(numberedEntry[V]{key: key})
	t.places = t.places.with(h, t.list.n)
	return &e.value
}

// fetch looks where some keys stand, so that the processor gets the lines of its memory for all at once, which
// takes hardly longer than for one: look-ups of a moment later then have them. Of what it does only that
// matters.
func (t *numbered[V]) fetch(keys []twoNumbers) {
	if len(t.places) < fetched {
		return
	}
	mask := uint32(len(t.places) - 1)
	for i := range keys {
		keys[i].a = uint64(t.places[t.hash(keys[i])&mask].at)
	}
	for i := range keys {
		if at := keys[i].a; at != 0 {
			t.fetchedSum += t.list.at(uint32(at - 1)).key.a
		}
	}
}

// fetched is from how many places on it is worth while: less is in the processor's cache anyway.
const fetched = 1024

// find gives what is kept for a key, nil if there is nothing.
func (t *numbered[V]) find(key twoNumbers) *V { return t.at(t.hash(key), key) }

func (t *numbered[V]) at(hash uint32, key twoNumbers) *V {
	if len(t.places) == 0 {
		return nil
	}
	mask := uint32(len(t.places) - 1)
	for i := hash & mask; ; i = (i + 1) & mask {
		p := t.places[i]
		if p.at == 0 {
			return nil
		}
		if e := t.list.at(p.at - 1); p.hash == hash && e.key == key {
			return &e.value
		}
	}
}

// hash mixes a key as wyhash does (Wang Yi, "Modern Non-Cryptographic Hash Function and Pseudorandom
// Number Generator", 2022): a product of 128 bits, folded.
func (t *numbered[V]) hash(key twoNumbers) uint32 {
	high, low := bits.Mul64(key.a^t.seed.a, key.b^t.seed.b)
	return uint32((high ^ low) >> 32)
}

// A texts gives texts numbers from 0 on, in the order in which they came first; they stand one behind the
// other in one array, without pointers.
type texts struct {
	bytes  []byte
	ends   []uint32
	places places
	seed   maphash.Seed
	max    int
	full   bool
}

// number gives the number of a text, a new one if it is new; false if there is no room.
func (t *texts) number(text []byte) (uint32, bool) {
	if n, ok := t.find(text); ok {
		return n, true
	}
	if len(t.ends) >= t.max {
		t.full = true
		return 0, false
	}
	if t.places == nil {
		t.seed = maphash.MakeSeed()
	}
	t.bytes = append(t.bytes, text...)
	t.ends = append(t.ends, uint32(len(t.bytes)))
	t.places = t.places.with(t.hash(text), len(t.ends))
	return uint32(len(t.ends) - 1), true
}

// find gives the number of a text that has one.
func (t *texts) find(text []byte) (uint32, bool) {
	if len(t.places) == 0 {
		return 0, false
	}
	h, mask := t.hash(text), uint32(len(t.places)-1)
	for i := h & mask; ; i = (i + 1) & mask {
		p := t.places[i]
		if p.at == 0 {
			return 0, false
		}
		if p.hash == h && string(t.text(p.at-1)) == string(text) {
			return p.at - 1, true
		}
	}
}

// text gives the text of a number.
func (t *texts) text(n uint32) []byte {
	from := uint32(0)
	if n > 0 {
		from = t.ends[n-1]
	}
	return t.bytes[from:t.ends[n]]
}

func (t *texts) hash(text []byte) uint32 { return uint32(maphash.Bytes(t.seed, text) >> 32) }

// join gives all texts of a later one numbers here, by their numbers there; those that found no room have
// noNumber.
func (t *texts) join(later *texts) []uint32 {
	t.full = t.full || later.full
	numbers := make([]uint32, len(later.ends))
	for i := range numbers {
		n, ok := t.number(later.text(uint32(i)))
		if !ok {
			n = noNumber
		}
		numbers[i] = n
	}
	return numbers
}

// noNumber is that of a text that found no room.
const noNumber = ^uint32(0)

// chains are many short lists in one, without pointers; each is told by its head, 0 for an empty one, and
// begins with what was added last.
type chains[T any] struct{ links blocks[link[T]] }

type link[T any] struct {
	item T
	next uint32
}

// add gives the head of a list with one more in it.
func (c *chains[T]) add(head uint32, item T) uint32 {
	c.links.add(link[T]{item, head})
	return uint32(c.links.n)
}

// at gives what is first in a list, and the head of the rest.
func (c *chains[T]) at(head uint32) (item *T, rest uint32) {
	l := c.links.at(head - 1)
	return &l.item, l.next
}

// inOrder gives what is in a list, what was added first first.
func (c *chains[T]) inOrder(head uint32) []T {
	var items []T
	for head != 0 {
		var item *T
		item, head = c.at(head)
		items = append(items, *item)
	}
	slices.Reverse(items)
	return items
}

// blocks are a list of which nothing is copied as it grows, and nothing left behind, but for the first few:
// most pieces of evidence are small, and have no more.
type blocks[T any] struct {
	few []T // the first blockSize
	of  []*[blockSize]T
	n   int
}

const (
	blockSize = 64
	// leastFew is for how many room is made first.
	leastFew = 4
)

// add gives the place of one more; it is valid until the next one is added.
func (b *blocks[T]) add(item T) *T {
	if b.n < blockSize {
		if b.few == nil {
			b.few = make([]T, 0, leastFew)
		}
		b.few = append(b.few, item)
		b.n++
		return &b.few[b.n-1]
	}
	if b.n == (len(b.of)+1)*blockSize {
		b.of = append(b.of, new([blockSize]T))
	}
	b.n++
	at := b.at(uint32(b.n - 1))
	*at = item
	return at
}

func (b *blocks[T]) at(i uint32) *T {
	if i < blockSize {
		return &b.few[i]
	}
	return &b.of[i/blockSize-1][i%blockSize]
}

// each gives all, in the order in which they were added.
func (b *blocks[T]) each() iter.Seq[*T] {
	return func(yield func(*T) bool) {
		for i := range b.n {
			if !yield(b.at(uint32(i))) {
				return
			}
		}
	}
}
