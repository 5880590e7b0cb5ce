package indicator

import (
	"cmp"
	"encoding/binary"
	"math/bits"
	"slices"
	"strings"
)

// A kind of key says what of an event is compared with it, and so keeps apart what only looks alike.
type kind uint8

const (
	hexKey      kind = iota // digits of a hash or of a certificate, in lower case
	domainKey               // a domain in its ASCII form
	tailKey                 // the last two labels of a domain or of the host of an URL: no entry, only in the filter
	hostKey                 // the host of an URL: no entry
	urlKey                  // host, port if it is not the usual one, path, query
	ipKey                   // 16 bytes
	netKey                  // 16 bytes and the number of bits
	emailKey                //
	nameKey                 // the name of a file in lower case
	lastKey                 // the last part of a path: no entry
	pathKey                 // a path, or its end, in lower case with backslashes
	registryKey             //
	objectKey               // the name of a mutex or a pipe in lower case
	agentKey                // a user agent with blanks for plus signs
	accountKey              //
	kinds       = iota
)

// A table finds what stands for a key. Filters of 2 bytes a key answer nearly all lookups: of a million keys
// they pass one in 200 that is none. Each kind of key has its own, so that what a log is asked for fits
// into the processor's caches.
//
//	filters  one word of 64 bits for a hash, three of its bits for a key
//	starts   index of the first entry of each bucket, by the upper bits of the hash
//	entries  in order of their hashes
type table struct {
	filters   [kinds]filter
	starts    []uint32
	startBits uint
	entries   []entry
}

type filter struct {
	words []uint64
	shift uint
}

type entry struct {
	hash uint64
	key  string
	id   int32
	kind kind
	// drive is the letter of the drive that a path begins with, 0 for the end of a path.
	drive byte
}

// The hash is FNV-1a over the bytes from the last to the first, so that the ends of a name or a path
// are hashed on the way to the whole of it; [registryKey] goes the other way, as keys begin alike.
// It protects from nothing: entries are compared.
const (
	hashStart = 0xcbf29ce484222325
	hashPrime = 0x100000001b3
)

func hashBack[T string | []byte](text T) uint64 {
	h := uint64(hashStart)
	for i := len(text) - 1; i >= 0; i-- {
		h = (h ^ uint64(text[i])) * hashPrime
	}
	return h
}

// of mixes the hash of bytes with what they are.
func (k kind) of(h uint64) uint64 {
	h = (h + uint64(k)*0x632be59bd9b4e019) * 0x9e3779b97f4a7c15
	h ^= h >> 32
	h *= 0xd6e8feb86659fd93
	return h ^ h>>29
}

// may tells whether the table can have a key of a kind.
func (t *table) may(k kind, h uint64) bool {
	f, bits := &t.filters[k], filterBits(h)
	return f.words[h>>f.shift]&bits == bits
}

// filterBits are the bits of a hash in a filter's word.
func filterBits(h uint64) uint64 { return 1<<(h&63) | 1<<(h>>6&63) | 1<<(h>>12&63) }

// find gives the entries of a hash; they are to be compared. They stand together.
func (t *table) find(h uint64) []entry {
	b := h >> t.startBits
	all := t.entries[t.starts[b]:t.starts[b+1]]
	for i := range all {
		if all[i].hash == h {
			n := i + 1
			for n < len(all) && all[n].hash == h {
				n++
			}
			return all[i:n]
		}
	}
	return nil
}

// A builder collects keys.
type builder struct {
	entries  []entry
	marks    []mark
	bareName bool
	nets     [2][129]bool
}

// A mark is a hash that only a filter has.
type mark struct {
	hash uint64
	kind kind
}

func (b *builder) put(id int32, k kind, key string) {
	var h uint64
	switch k {
	case registryKey:
		h = hashForward(key)
	case ipKey, netKey:
		h = hashAddress([]byte(key))
	default:
		h = hashBack(key)
	}
	b.entries = append(b.entries, entry{hash: k.of(h), key: key, id: id, kind: k})
}

func (b *builder) mark(k kind, key string) {
	b.marks = append(b.marks, mark{k.of(hashBack(key)), k})
}

func hashForward(key string) uint64 {
	h := uint64(hashStart)
	for i := range len(key) {
		h = (h ^ uint64(key[i])) * hashPrime
	}
	return h
}

// hashAddress is the hash of the key of an address or of a network.
func hashAddress(key []byte) uint64 {
	length := uint64(128)
	if len(key) > 16 {
		length = uint64(key[16])
	}
	return hashBits(binary.BigEndian.Uint64(key), binary.BigEndian.Uint64(key[8:]), length)
}

func hashBits(hi, lo, length uint64) uint64 {
	h := (hi ^ length) * 0x9e3779b97f4a7c15
	return (h ^ h>>32 ^ lo) * hashPrime
}

// lengths are the lengths of networks, the longest first.
func (b *builder) lengths(six bool) (all []int) {
	n := 0
	if six {
		n = 1
	}
	for bits := 128; bits >= 0; bits-- {
		if b.nets[n][bits] {
			all = append(all, bits)
		}
	}
	return all
}

// table puts the keys in order, and gives the indicators of which it has no key, having enough of the
// same value.
func (b *builder) table() (t table, dropped []int32) {
	b.entries = inOrder(b.entries)
	t.entries = b.entries[:0]
	for i, same := 0, 0; i < len(b.entries); i++ {
		e := b.entries[i]
		if n := len(t.entries); n > 0 && t.entries[n-1].kind == e.kind && t.entries[n-1].key == e.key {
			if t.entries[n-1].id == e.id {
				continue
			}
			if same++; same >= maxSame {
				dropped = append(dropped, e.id)
				continue
			}
		} else {
			same = 0
		}
		t.entries = append(t.entries, e)
	}
	clear(b.entries[len(t.entries):])
	t.index(b.marks)
	slices.Sort(dropped)
	return t, t.withoutKey(slices.Compact(dropped))
}

// inOrder sorts entries by their hashes. Hashes are spread evenly, so each entry is put next to where it belongs at once,
// and its few neighbours are sorted.
func inOrder(entries []entry) []entry {
	shift := bucketShift(len(entries))
	next := make([]uint32, 1<<(64-shift)+1)
	for i := range entries {
		next[entries[i].hash>>shift+1]++
	}
	for i := 1; i < len(next); i++ {
		next[i] += next[i-1]
	}
	sorted := make([]entry, len(entries))
	for i := range entries {
		at := &next[entries[i].hash>>shift]
		sorted[*at] = entries[i]
		*at++
	}
	start := uint32(0) // next is where the bucket ends by now
	for _, end := range next[:len(next)-1] {
		if end-start > 1 {
			slices.SortFunc(sorted[start:end], compareEntries)
		}
		start = end
	}
	return sorted
}

func compareEntries(x, y entry) int {
	if x.hash != y.hash {
		return cmp.Compare(x.hash, y.hash)
	}
	return cmp.Or(cmp.Compare(x.kind, y.kind), strings.Compare(x.key, y.key), cmp.Compare(x.id, y.id))
}

// bucketShift is by how many bits hashes of n entries are shifted to the number of a bucket: there are about as many
// buckets as entries.
func bucketShift(n int) uint { return uint(64 - max(1, bits.Len(uint(n)))) }

// withoutKey leaves those out that another key is there for.
func (t *table) withoutKey(dropped []int32) []int32 {
	if len(dropped) == 0 {
		return nil
	}
	left := map[int32]bool{}
	for _, id := range dropped {
		left[id] = true
	}
	for i := range t.entries {
		delete(left, t.entries[i].id)
	}
	return slices.DeleteFunc(dropped, func(id int32) bool { return !left[id] })
}

func (t *table) index(marks []mark) {
	var count [kinds]int
	for i := range t.entries {
		count[t.entries[i].kind]++
	}
	for _, m := range marks {
		count[m.kind]++
	}
	for k := range t.filters {
		words := 0 // as a power of two, 16 bits or more a key
		if count[k] > 0 {
			words = bits.Len(uint(count[k] / 4))
		}
		t.filters[k] = filter{make([]uint64, 1<<words), uint(64 - words)}
	}
	for i := range t.entries {
		t.filters[t.entries[i].kind].add(t.entries[i].hash)
	}
	for _, m := range marks {
		t.filters[m.kind].add(m.hash)
	}
	t.startBits = bucketShift(len(t.entries))
	t.starts = make([]uint32, 1<<(64-t.startBits)+1)
	for i := range t.entries {
		t.starts[t.entries[i].hash>>t.startBits+1] = uint32(i + 1)
	}
	for i := 1; i < len(t.starts); i++ {
		t.starts[i] = max(t.starts[i], t.starts[i-1])
	}
}

func (f *filter) add(h uint64) { f.words[h>>f.shift] |= filterBits(h) }

// is compares a key with the bytes of an event.
func (e *entry) is(k kind, text []byte) bool { return e.kind == k && string(text) == e.key }

func isSeparator(c byte) bool { return c == '\\' || c == '/' }

func hasSuffix(b []byte, suffix string) bool {
	return len(b) >= len(suffix) && string(b[len(b)-len(suffix):]) == suffix
}

// An endSet has the ends of names behind their last dots. They are few, so it stays next to the processor, and most
// words of a text with a dot end otherwise.
type endSet [1 << 12 / 64]uint64

// add takes the end of a name.
func (s *endSet) add(name string) {
	at := endBit(hashBack(name[strings.LastIndexByte(name, '.')+1:]))
	s[at/64] |= 1 << (at % 64)
}

// has tells whether a name with that hash of its end may be among them.
func (s *endSet) has(end uint64) bool {
	at := endBit(end)
	return s[at/64]>>(at%64)&1 != 0
}

func endBit(h uint64) uint64 { return h * 0x9e3779b97f4a7c15 >> 52 }
