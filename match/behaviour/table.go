package behaviour

import "iter"

// A table keeps something for each of a bounded number of keys, in the order in which the keys came
// first: so the keys that a full table has no room for are the same for the same evidence.
type table[V any] struct {
	at   map[string]*V
	keys []string
	max  int
	// full is set once a key found no room.
	full bool
}

// get gives what is kept for a key, made now if the key is new; nil if there is no room.
func (t *table[V]) get(key []byte) *V {
	if v := t.at[string(key)]; v != nil {
		return v
	}
	if len(t.keys) >= t.max {
		t.full = true
		return nil
	}
	return t.put(string(key), new(V))
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
	t.keys = append(t.keys, key)
	return v
}

// join adds a later table; merge joins what both have for one key.
func (t *table[V]) join(later *table[V], merge func(into, from *V)) {
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
		for _, key := range t.keys {
			if !yield(key, t.at[key]) {
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
