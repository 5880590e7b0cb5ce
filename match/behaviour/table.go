package behaviour

import (
	"hash/maphash"
	"iter"
)

// A table keeps something for each of a bounded number of keys, in the order in which the keys came
// first: so the keys that a full table has no room for are the same for the same evidence.
type table[V any] struct {
	at     map[string]*V
	keys   []string
	values []*V // of the keys
	max    int
	// full is set once a key found no room.
	full bool
	// recent are places that were looked for lately: see find.
	recent []recentKey[V]
	seed   maphash.Seed
}

// A recentKey is a key with what is kept for it. It fills one line of the processor's cache: a key that
// was looked for lately is found without looking at anything else.
type recentKey[V any] struct {
	value  *V
	length uint8
	key    [maxRecentKey]byte
}

const (
	// maxRecentKey is the longest key that is found that way.
	maxRecentKey = 55
	// leastRecent is how many keys a table has before it remembers recent ones, maxRecentKeys how many
	// it remembers, 64 bytes each: more would miss the cache themselves.
	leastRecent   = 4
	maxRecentKeys = 1024
)

// get gives what is kept for a key, made now if the key is new; nil if there is no room.
func (t *table[V]) get(key []byte) *V {
	if v := t.find(key); v != nil {
		return v
	}
	if len(t.keys) >= t.max {
		t.full = true
		return nil
	}
	if n := len(t.keys) + 1; n >= leastRecent && n > len(t.recent) && len(t.recent) < maxRecentKeys {
		t.remember(n)
	}
	return t.put(string(key), new(V))
}

// find gives what is kept for a key, nil if there is nothing.
func (t *table[V]) find(key []byte) *V {
	if len(t.recent) == 0 || len(key) > maxRecentKey {
		return t.at[string(key)]
	}
	slot := &t.recent[maphash.Bytes(t.seed, key)&uint64(len(t.recent)-1)]
	if slot.value != nil && string(slot.key[:slot.length]) == string(key) {
		return slot.value
	}
	v := t.at[string(key)]
	if v != nil {
		slot.value, slot.length = v, uint8(copy(slot.key[:], key))
	}
	return v
}

func (t *table[V]) put(key string, v *V) *V {
	if len(t.keys) >= t.max {
		t.full = true
		return nil
	}
	if t.at == nil {
		t.at = map[string]*V{}
	}
	t.at[key] = v
	t.keys, t.values = append(t.keys, key), append(t.values, v)
	return v
}

// remember makes room for twice as many recent keys as there are.
func (t *table[V]) remember(keys int) {
	if t.recent == nil {
		t.seed = maphash.MakeSeed() // which keys are remembered never shows
	}
	size := max(len(t.recent), 1)
	for size < 2*keys {
		size *= 2
	}
	t.recent = make([]recentKey[V], min(size, maxRecentKeys))
}

// join adds a later table; merge joins what both have for one key.
func (t *table[V]) join(later *table[V], merge func(into, from *V)) {
	t.recent, later.recent = nil, nil // nobody looks for single keys any more
	t.full = t.full || later.full
	for key, v := range later.each() {
		if have := t.at[key]; have != nil {
			merge(have, v)
		} else {
			t.put(key, v)
		}
	}
}

// each gives all keys with what is kept for them, in the order in which they came.
func (t *table[V]) each() iter.Seq2[string, *V] {
	return func(yield func(string, *V) bool) {
		for i, key := range t.keys {
			if !yield(key, t.values[i]) {
				return
			}
		}
	}
}

// A sampler keeps the first and the last of many, in the order of the evidence: what an episode
// lists. The zero value is ready.
type sampler[T any] struct {
	first, last []T
	// next is where in last, once it is full, the next one goes: it holds the oldest.
	next int
}

// maxSamples is how many of the first and how many of the last are kept.
const maxSamples = maxRefs / 2

func (s *sampler[T]) add(item T) {
	switch {
	case len(s.first) < maxSamples:
		s.first = append(s.first, item)
	case len(s.last) < maxSamples:
		s.last = append(s.last, item)
	default:
		s.last[s.next] = item
		s.next = (s.next + 1) % maxSamples
	}
}

// all gives those that are kept, in their order.
func (s *sampler[T]) all() []T {
	out := append([]T(nil), s.first...)
	out = append(out, s.last[s.next:]...)
	return append(out, s.last[:s.next]...)
}

// join adds those of a later piece of evidence.
func (s *sampler[T]) join(later *sampler[T]) {
	for _, item := range later.all() {
		s.add(item)
	}
}
