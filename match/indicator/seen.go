package indicator

import (
	"hash/maphash"

	"aldebaran/event"
)

const (
	// seenValues is how many values are remembered to hold nothing, 8 bytes each: they stay in the
	// processor's second cache.
	seenValues = 1 << 15
	// seenWays is in how many places a value can be.
	seenWays = 4
)

// A seenCache has the hashes of values in which nothing was found. The seed of the hash is not known
// to who writes the evidence, so nobody can write a value that is taken for another one; by chance
// it happens once in 2^64 times.
type seenCache [seenValues]uint64

// hash is never 0, which stands for an empty place.
func (m *Matcher) hash(v event.Value, u use) uint64 {
	const odd = 0x9e3779b97f4a7c15
	return maphash.Bytes(m.seed, v.Raw) ^ (uint64(v.Kind)<<8|uint64(u))*odd | 1
}

// places are those that a value can be in.
func (c *seenCache) places(h uint64) *[seenWays]uint64 {
	at := h >> 1 % (seenValues / seenWays) * seenWays
	return (*[seenWays]uint64)(c[at:])
}

func (c *seenCache) has(h uint64) bool {
	p := c.places(h)
	return p[0] == h || p[1] == h || p[2] == h || p[3] == h
}

// add puts a value in and forgets the oldest of its places.
func (c *seenCache) add(h uint64) {
	p := c.places(h)
	p[0], p[1], p[2], p[3] = h, p[0], p[1], p[2]
}
