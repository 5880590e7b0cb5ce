package behaviour

// A recents remembers something for keys that came lately, so that what comes again and again is looked
// up once: one line of the processor's cache. Keys go by 64 bits of a hash that nobody can foresee: two
// that are the same by chance do not come up. What is remembered may be forgotten at any time, so no
// result may depend on it.
type recents[V any] struct {
	pairs []recentPair[V] // a power of two
	used  bool
}

// A recentPair has what was added last first.
type recentPair[V any] [2]struct {
	hash  uint64 // 0 is nothing
	value V
}

func newRecents[V any](size int) recents[V] {
	return recents[V]{pairs: make([]recentPair[V], size/2)}
}

// find gives what is remembered for a hash, the zero value if there is nothing: it can be set then. It is
// valid until the next call.
func (r *recents[V]) find(hash uint64) *V {
	hash |= 1
	pair := &r.pairs[hash>>32&uint64(len(r.pairs)-1)]
	switch hash {
	case pair[0].hash:
		return &pair[0].value
	case pair[1].hash:
		return &pair[1].value
	}
	r.used = true
	pair[1] = pair[0]
	var none V
	pair[0].hash, pair[0].value = hash, none
	return &pair[0].value
}

// forget forgets all.
func (r *recents[V]) forget() {
	if r.used {
		clear(r.pairs)
		r.used = false
	}
}
