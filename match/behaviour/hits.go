package behaviour

import (
	"cmp"
	"slices"
	"strings"
)

// hitBook keeps the matches that sequences are made of. A noisy rule would crowd the others out, so
// of each rule on each host the first and the last of every hour are kept: which those are does not
// depend on the order of the evidence.
type hitBook struct {
	set     *Set
	at      map[hitKey]hitPair
	list    []*Hit
	room    []Hit  // for hits to come
	ordered []*Hit // the list in order of time; nil if that is to be made
	dropped int
	wanted  map[ruleLevel]bool
}

type hitKey struct {
	rule, host string
	hour       int64 // since 1970
}

// hitPair are the places of the first and the last of an hour in the list, plus 1; last is 0 if there
// is one only.
type hitPair struct{ first, last int32 }

type ruleLevel struct{ rule, level string }

const (
	// maxHits is how many matches of rules sequences are looked for in: far more than people could
	// read, and some tens of megabytes.
	maxHits = 200_000
	// hitRoom is for how many hits room is made at a time.
	hitRoom = 64
)

func newHitBook(s *Set) hitBook {
	return hitBook{set: s, at: map[hitKey]hitPair{}, wanted: map[ruleLevel]bool{}}
}

// add takes note of a match if it can matter.
func (b *hitBook) add(h *Hit) {
	id := ruleLevel{h.Rule, h.Level}
	wanted, known := b.wanted[id]
	if !known {
		wanted = b.set.keeps(h)
		b.wanted[id] = wanted
	}
	if !wanted {
		return
	}
	key := hitKey{h.Rule, h.Host, -1} // of those without a time, two
	if !h.Time.IsZero() {
		key.hour = h.Time.Unix() / 3600
	}
	pair := b.at[key]
	switch {
	case pair.first == 0 || pair.last == 0:
		if len(b.list) >= maxHits {
			b.dropped++
			return
		}
		if len(b.room) == 0 {
			b.room = make([]Hit, hitRoom)
		}
		b.room[0] = *h
		b.list, b.room = append(b.list, &b.room[0]), b.room[1:]
		if pair.first == 0 {
			pair.first = int32(len(b.list))
		} else {
			pair.last = int32(len(b.list))
		}
		b.at[key] = pair
	case compareRefs(h.Ref, b.list[pair.first-1].Ref) < 0 && compareRefs(h.Ref, b.list[pair.last-1].Ref) < 0:
		*b.list[b.earlier(pair)-1] = *h
	case compareRefs(h.Ref, b.list[pair.first-1].Ref) > 0 && compareRefs(h.Ref, b.list[pair.last-1].Ref) > 0:
		*b.list[pair.first+pair.last-b.earlier(pair)-1] = *h
	}
	b.ordered = nil
}

// earlier is the place of the earlier of two.
func (b *hitBook) earlier(p hitPair) int32 {
	if compareRefs(b.list[p.first-1].Ref, b.list[p.last-1].Ref) <= 0 {
		return p.first
	}
	return p.last
}

// all gives what was kept in order of time. They must not be changed.
func (b *hitBook) all() []*Hit {
	if b.ordered == nil {
		b.ordered = slices.SortedStableFunc(slices.Values(b.list), func(x, y *Hit) int {
			return cmp.Or(compareRefs(x.Ref, y.Ref), strings.Compare(x.Rule, y.Rule))
		})
	}
	return b.ordered
}
