package hunt

// maxSeen bounds how many different events and chunks are remembered to tell duplicates: 16 MiB
// of hashes for each. Beyond it duplicates may be counted twice, and the result says so.
const maxSeen = 3 << 19

// A seenSet remembers 64-bit hashes, 0 excepted, by open addressing. The zero value is ready.
type seenSet struct {
	slots []uint64
	used  int
	full  bool // maxSeen was reached; what was new then is not in it
}

// add puts a hash in and tells whether it was there already.
func (s *seenSet) add(h uint64) bool {
	if 4*s.used >= 3*len(s.slots) {
		s.grow()
	}
	i := s.slot(h)
	if s.slots[i] == h {
		return true
	}
	if s.used >= maxSeen {
		s.full = true
		return false
	}
	s.slots[i] = h
	s.used++
	return false
}

// slot finds where a hash is or belongs.
func (s *seenSet) slot(h uint64) int {
	mask := uint64(len(s.slots) - 1)
	i := h & mask
	for s.slots[i] != 0 && s.slots[i] != h {
		i = (i + 1) & mask
	}
	return int(i)
}

func (s *seenSet) grow() {
	old := s.slots
	s.slots = make([]uint64, max(1024, 2*len(old)))
	for _, h := range old {
		if h != 0 {
			s.slots[s.slot(h)] = h
		}
	}
}
