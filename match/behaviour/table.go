package behaviour

import (
	"hash/maphash"
	"iter"
)

// A table keeps something for each of a bounded number of keys, in the order in which the keys came
// first: so the keys that a full table has no room for are the same for the same evidence. Of most
// tables each key is looked for once for a record of the evidence, so what is usual is made fast.
//
//	recent   keys that were looked for lately, with their values: one line of the processor's cache each
//	places   where a key stands in list, by the hash of the key; open addressing, at most half full
//	list     keys and values, in the order in which they came
type table[V any] struct {
	list   []entry[V]
	places places
	recent []recentKey[V]
	seed   maphash.Seed // nobody can write keys that stand in each other's way; the order of list is not by it
	room   []V          // for values to come
	freed  []*V         // values that made room: they are used again
	key    []byte
	max    int
	// rare is set by who remembers himself what came lately: the table does not.
	rare bool
	// spare, if there are any, tell what of a table without room makes room for new keys, what is missed
	// least first; forgotten is how many did. round changes each time: values of before may be forgotten.
	spare     []func(*V) bool
	forgotten int
	round     uint32
	// full is set once a key found no room; known are then the keys that did.
	full  bool
	known hashBits
}

type entry[V any] struct {
	key   string
	value *V
}

// A tablePlace is a part of a key's hash and where the key stands in the list, plus 1; 0 is free.
type tablePlace struct{ hash, at uint32 }

// places say where keys stand in a list, by their hashes: open addressing, at most half full.
type places []tablePlace

// with gives the places with one more.
func (p places) with(hash uint32, at int) places {
	if 2*at > len(p) {
		grown := make(places, max(2*len(p), leastPlaces))
		for _, one := range p {
			if one.at != 0 {
				grown.put(one)
			}
		}
		p = grown
	}
	p.put(tablePlace{hash, uint32(at)})
	return p
}

func (p places) put(one tablePlace) {
	mask := uint32(len(p) - 1)
	i := one.hash & mask
	for p[i].at != 0 {
		i = (i + 1) & mask
	}
	p[i] = one
}

// A recentKey is a key with what is kept for it.
type recentKey[V any] struct {
	value  *V
	length uint8
	key    [maxRecentKey]byte
}

const (
	// maxRecentKey is the longest key that is among the recent ones.
	maxRecentKey = 55
	// maxRecentKeys is how many recent ones there are: more would miss the cache themselves.
	maxRecentKeys = 1024
	// leastPlaces is how many places the first key makes.
	leastPlaces = 8
	// mostRoom is for how many values room is made at a time.
	mostRoom = 64
)

// get gives what is kept for a key, made now if the key is new; nil if there is no room.
func (t *table[V]) get(key []byte) *V {
	if v := t.find(key); v != nil {
		return v
	}
	if t.known != nil || len(t.list) >= t.max && !t.makeRoom() {
		t.fill()
		return nil
	}
	return t.put(string(key), t.newValue())
}

func (t *table[V]) newValue() *V {
	if last := len(t.freed) - 1; last >= 0 {
		v := t.freed[last]
		t.freed = t.freed[:last]
		return v
	}
	if len(t.room) == 0 {
		t.room = make([]V, min(len(t.list)+1, mostRoom))
	}
	v := &t.room[0]
	t.room = t.room[1:]
	return v
}

// find gives what is kept for a key, nil if there is nothing.
func (t *table[V]) find(key []byte) *V {
	if len(t.list) == 0 {
		return nil
	}
	h := maphash.Bytes(t.seed, key)
	if t.known != nil && !t.known.mayHave(h) {
		return nil
	}
	if len(key) > maxRecentKey || len(t.recent) == 0 {
		return t.at(h, key)
	}
	r := &t.recent[h&uint64(len(t.recent)-1)]
	if r.value != nil && string(r.key[:r.length]) == string(key) {
		return r.value
	}
	v := t.at(h, key)
	if v != nil {
		r.value, r.length = v, uint8(copy(r.key[:], key))
	}
	return v
}

// named is find for a text.
func (t *table[V]) named(key string) *V {
	t.key = append(t.key[:0], key...)
	return t.find(t.key)
}

// at gives what is kept for a key with a hash.
func (t *table[V]) at(h uint64, key []byte) *V {
	mask := uint64(len(t.places) - 1)
	for i := h >> 32 & mask; ; i = (i + 1) & mask {
		p := t.places[i]
		if p.at == 0 {
			return nil
		}
		if e := &t.list[p.at-1]; p.hash == uint32(h>>32) && e.key == string(key) {
			return e.value
		}
	}
}

// put adds a key that is not there.
func (t *table[V]) put(key string, v *V) *V {
	if t.known != nil || len(t.list) >= t.max && !t.makeRoom() {
		t.fill()
		return nil
	}
	if t.places == nil {
		t.seed = maphash.MakeSeed()
	}
	t.list = append(t.list, entry[V]{key, v})
	t.places = t.places.with(uint32(maphash.String(t.seed, key)>>32), len(t.list))
	if n := min(len(t.places)/2, maxRecentKeys); !t.rare && n >= leastPlaces && n > len(t.recent) {
		t.recent = make([]recentKey[V], n)
	}
	return v
}

// leastSpare is what part of a table must be free once it made room, one in so many: else it would have to be
// done again soon.
const leastSpare = 4

// makeRoom forgets what can be spared; false if that is too little.
func (t *table[V]) makeRoom() bool {
	for _, spare := range t.spare {
		t.forget(func(v *V) bool {
			if !spare(v) {
				return false
			}
			var none V
			*v = none
			t.freed = append(t.freed, v)
			return true
		})
		if len(t.list) <= t.max-t.max/leastSpare {
			return true
		}
	}
	return false
}

// forget takes out what can be spared.
func (t *table[V]) forget(spare func(*V) bool) {
	list := t.list
	t.list = list[:0]
	clear(t.places) // as many will be needed again
	for _, e := range list {
		if !spare(e.value) {
			t.list = append(t.list, e)
			t.places = t.places.with(uint32(maphash.String(t.seed, e.key)>>32), len(t.list))
		}
	}
	t.forgotten += len(list) - len(t.list)
	clear(list[len(t.list):])
	clear(t.recent)
	t.round++
}

// fill notes that there is no more room. What fills a table are keys that never come again, and more of them
// follow: of those it is told from then on at little memory that they are not there.
func (t *table[V]) fill() {
	if t.known == nil && t.places != nil {
		t.known = newHashBits(t.places)
	}
	t.full = true
}

// A hashBits has a bit for each hash that is there, among more: one in eight of the others, at most, may seem to
// be there.
type hashBits []uint64

func newHashBits(p places) hashBits {
	bits := make(hashBits, max(len(p)*4/64, 1)) // places are at least twice as many as keys
	for _, one := range p {
		if one.at != 0 {
			bits[one.hash>>6&uint32(len(bits)-1)] |= 1 << (one.hash & 63)
		}
	}
	return bits
}

func (b hashBits) mayHave(h uint64) bool {
	hash := uint32(h >> 32)
	return b[hash>>6&uint32(len(b)-1)]>>(hash&63)&1 != 0
}

// empty tells whether there is no key, and none was left out.
func (t *table[V]) empty() bool { return len(t.list) == 0 && !t.full }

// join adds a later table; merge joins what both have for one key.
func (t *table[V]) join(later *table[V], merge func(into, from *V)) {
	t.full = t.full || later.full
	t.forgotten += later.forgotten
	for key, v := range later.each() {
		if have := t.named(key); have != nil {
			merge(have, v)
		} else {
			t.put(key, v)
		}
	}
}

// each gives all keys with what is kept for them, in the order in which they came.
func (t *table[V]) each() iter.Seq2[string, *V] {
	return func(yield func(string, *V) bool) {
		for _, e := range t.list {
			if !yield(e.key, e.value) {
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

// each does something with those that are kept, in any order.
func (s *sampler[T]) each(do func(item *T)) {
	for _, kept := range [...][]T{s.first, s.last} {
		for i := range kept {
			do(&kept[i])
		}
	}
}

// join adds those of a later piece of evidence.
func (s *sampler[T]) join(later *sampler[T]) {
	for _, item := range later.all() {
		s.add(item)
	}
}
