package sigma

import (
	"bytes"
	"hash/maphash"

	"aldebaran/event"
)

// Logs repeat themselves: about nine values of ten have been seen before. A valueCache remembers
// which atoms a value satisfied and which rules that woke, so that the text is neither decoded nor
// scanned again. It is bounded and forgets everything when it is full.
type valueCache struct {
	seed    maphash.Seed
	entries []cacheEntry
	used    int
	keys    []byte   // of the entries, one after the other
	results []uint32 // atoms, then woken instances, of each entry
	// generation counts how often everything was forgotten; memos of an older one are void.
	generation uint32
}

type cacheEntry struct {
	hash     uint64
	key      uint32 // offset in keys
	length   uint32
	result   uint32 // offset in results
	atoms    uint16
	woken    uint16
	scanner  uint32
	kind     event.Kind
	occupied bool
}

const (
	cacheEntries = 1 << 14 // 16 Ki values: more were not faster, they miss the processor's caches
	cacheKeys    = 2 << 20 // bytes
	cacheResults = 1 << 18 // numbers, 1 MiB
	maxCachedKey = 2 << 10 // bytes; longer values (script blocks) rarely come back
)

func newValueCache() *valueCache {
	return &valueCache{
		seed:    maphash.MakeSeed(), // the order of entries never shows
		entries: make([]cacheEntry, cacheEntries),
		keys:    make([]byte, 0, cacheKeys),
		results: make([]uint32, 0, cacheResults),
	}
}

func (c *valueCache) hash(scanner uint32, v event.Value) uint64 {
	return maphash.Bytes(c.seed, v.Raw) ^ (uint64(scanner)<<8|uint64(v.Kind))*0x9e3779b97f4a7c15
}

// find gives the entry of a value, or the place where it can be put; hit tells which.
func (c *valueCache) find(hash uint64, scanner uint32, v event.Value) (e *cacheEntry, hit bool) {
	i := hash & (cacheEntries - 1)
	for {
		e = &c.entries[i]
		if !e.occupied {
			return e, false
		}
		if e.hash == hash && c.is(e, scanner, v) {
			return e, true
		}
		i = (i + 1) & (cacheEntries - 1)
	}
}

func (c *valueCache) is(e *cacheEntry, scanner uint32, v event.Value) bool {
	return e.scanner == scanner && e.kind == v.Kind && bytes.Equal(c.keys[e.key:e.key+e.length], v.Raw)
}

// put remembers a result at the place that find gave; it may forget all others first.
func (c *valueCache) put(e *cacheEntry, hash uint64, scanner uint32, v event.Value, atoms, woken []uint32) *cacheEntry {
	if c.used >= cacheEntries*3/4 || len(c.keys)+len(v.Raw) > cap(c.keys) || len(c.results)+len(atoms)+len(woken) > cap(c.results) {
		c.forget()
		e, _ = c.find(hash, scanner, v)
	}
	*e = cacheEntry{
		hash: hash, key: uint32(len(c.keys)), length: uint32(len(v.Raw)),
		result: uint32(len(c.results)), atoms: uint16(len(atoms)), woken: uint16(len(woken)),
		scanner: scanner, kind: v.Kind, occupied: true,
	}
	c.used++
	c.keys = append(c.keys, v.Raw...)
	c.results = append(append(c.results, atoms...), woken...)
	return e
}

func (c *valueCache) forget() {
	clear(c.entries)
	c.used = 0
	c.keys = c.keys[:0]
	c.results = c.results[:0]
	c.generation++
}

func (c *valueCache) result(e *cacheEntry) (atoms, woken []uint32) {
	r := c.results[e.result:]
	return r[:e.atoms], r[e.atoms : int(e.atoms)+int(e.woken)]
}
