// Package indicator finds known indicators in events: in go indicators and events; out come hits, each
// with the field and the text in it.
//
// Indicators are looked for wherever they can stand: a domain in a command line, an address in a
// query, a hash in a list of hashes. A value is walked over once; what could be an address, a name, a
// hash, a path is cut out and looked up in one table, so a million indicators cost little more than
// a hundred. What a value holds does not change: values seen before are not walked over again.
package indicator

import (
	"fmt"
	"net/netip"
	"slices"
	"time"

	"aldebaran/intel"
)

const (
	// maxIndicators bounds a set: hits name indicators by 32 bits, and a set takes some 400 bytes for each.
	maxIndicators = 20_000_000
	// maxSame is how many indicators with the same value are kept: that many sources say the same.
	maxSame = 8
)

// Options are choices of [Compile]; the zero value is right.
type Options struct {
	// At is the time at which indicators must not have expired; with the zero time none has.
	At time.Time
	// Warnings are lists of benign values. What is on one is matched all the same, and marked.
	Warnings *intel.WarningLists
	// IncludeUnverified looks for unverified indicators too.
	IncludeUnverified bool
}

// A Set is a list of indicators ready to be matched. Immutable, safe for concurrent use.
type Set struct {
	list     []intel.Indicator
	table    table
	warnings map[int32]string
	stats    Stats

	has      [kinds]bool
	hexLen   [maxHex + 1]bool // the numbers of digits that hashes and certificates have
	shortHex int              // the smallest of them
	urlIP    bool             // URLs whose host is an address
	hasIP    bool             // those, addresses or networks
	hasHost  bool             // domains or URLs
	hasFile  bool             // names of files or paths
	bareName bool             // some of them have no dot
	nets4    []int            // lengths of prefixes that occur
	nets6    []int
	hostEnds endSet          // the last labels of names of hosts
	fileEnds endSet          // and those of files
	v4       [1 << 10]uint64 // a bit for the first two bytes of each address of four
	sieve    *sieve          // of a small set, nil if there is none
	least    int             // the length of the shortest text of ASCII that the sieve needs a look at, 0 if it is any
}

// Stats say what became of a list of indicators. Each is counted once: All is the sum of the others,
// but for Low, which are active.
type Stats struct {
	// Types has a count for each type that occurs, in the order of [intel.Types].
	Types []TypeStats
}

// TypeStats are the counts of one type.
type TypeStats struct {
	Type intel.IndicatorType
	All  int
	// Active are looked for; Low are those among them that are on a warning list.
	Active, Low int
	// Expired, Unverified, Same (more of one value than are kept) and Unusable ones are not.
	Expired, Unverified, Same, Unusable int
}

// Active is the number of indicators that are looked for.
func (s Stats) Active() (n int) {
	for _, t := range s.Types {
		n += t.Active
	}
	return n
}

// Stats say what became of the list that the set was compiled from.
func (s *Set) Stats() Stats { return Stats{slices.Clone(s.stats.Types)} }

// Compile makes a set. It keeps the list, which must not be changed after. The error is of too many
// indicators; single ones that cannot be used are counted in [Set.Stats].
func Compile(list []intel.Indicator, opt Options) (*Set, error) {
	if len(list) > maxIndicators {
		return nil, fmt.Errorf("compiling indicators: want at most %d, found %d", maxIndicators, len(list))
	}
	s := &Set{list: list, warnings: map[int32]string{}}
	types := intel.Types()
	counts := make([]TypeStats, len(types))
	for i, t := range types {
		counts[i].Type = t
	}
	b := builder{entries: make([]entry, 0, len(list))}
	for id := range list {
		i := &list[id]
		at := slices.Index(types, i.Type)
		if at < 0 {
			return nil, fmt.Errorf("compiling indicators: %s:%d: want a type of indicator, found %q", i.Pack, i.Line, i.Type)
		}
		c := &counts[at]
		c.All++
		switch {
		case !opt.At.IsZero() && !i.Expires.IsZero() && !i.Expires.After(opt.At):
			c.Expired++
			continue
		case i.Unverified && !opt.IncludeUnverified:
			c.Unverified++
			continue
		}
		if !b.add(int32(id), i) {
			c.Unusable++
			continue
		}
		c.Active++
	}
	dropped := s.fill(&b)
	for _, id := range dropped {
		c := &counts[slices.Index(types, list[id].Type)]
		c.Active--
		c.Same++
	}
	s.warn(opt.Warnings, counts, types)
	s.stats.Types = slices.DeleteFunc(counts, func(t TypeStats) bool { return t.All == 0 })
	return s, nil
}

// fill makes the table, and gives the indicators of which it had enough with the same value.
func (s *Set) fill(b *builder) (dropped []int32) {
	s.table, dropped = b.table()
	s.bareName = b.bareName
	s.nets4, s.nets6 = b.lengths(false), b.lengths(true)
	s.shortHex = maxHex
	for _, e := range s.table.entries {
		s.has[e.kind] = true
		s.noteEnd(&e)
		if e.kind == hexKey {
			s.hexLen[len(e.key)] = true
			s.shortHex = min(s.shortHex, len(e.key))
		}
	}
	s.hasIP = s.has[ipKey] || s.has[netKey] || s.urlIP
	s.hasHost = s.has[domainKey] || s.has[urlKey]
	s.hasFile = s.has[nameKey] || s.has[pathKey]
	if s.sieve = newSieve(s.table.entries); s.sieve != nil && !s.hasIP {
		s.least = s.sieve.least
	}
	return dropped
}

// noteEnd notes how an entry's name ends, and how its address begins.
func (s *Set) noteEnd(e *entry) {
	key := e.key
	switch e.kind {
	case domainKey, emailKey:
		s.hostEnds.add(key)
	case urlKey:
		if host := hostOf([]byte(key)); len(host) > 0 {
			s.hostEnds.add(string(host))
		} else {
			s.urlIP = true
		}
	case nameKey, pathKey:
		s.fileEnds.add(key)
	case ipKey, netKey:
		if a, _ := netip.AddrFromSlice([]byte(key[:16])); a.Is4In6() {
			first := int(key[12])<<8 | int(key[13])
			last := first
			if len(key) > 16 && key[16] < 16 {
				last = first | 0xffff>>key[16]
			}
			for at := first; at <= last; at++ {
				s.v4[at/64] |= 1 << (at % 64)
			}
		}
	}
}

// warn marks the active indicators that are on a warning list.
func (s *Set) warn(w *intel.WarningLists, counts []TypeStats, types []intel.IndicatorType) {
	if w == nil {
		return
	}
	active := make([]bool, len(s.list))
	for i := range s.table.entries {
		active[s.table.entries[i].id] = true
	}
	for id := range s.list { // in the order of the list, in which values stand next to each other in memory
		if !active[id] {
			continue
		}
		if list, hit := w.Check(&s.list[id]); hit {
			s.warnings[int32(id)] = list
			counts[slices.Index(types, s.list[id].Type)].Low++
		}
	}
}

// A Hit is an indicator in an event.
type Hit struct {
	Indicator *intel.Indicator
	// Field is the name of the field; Value is the text in it that is the indicator, at most
	// [MaxValue] bytes.
	Field, Value string
	// Low says that the value means little by itself; Warning is the list that says so.
	Low     bool
	Warning string
}

// MaxValue is how many bytes of what matched a hit keeps.
const MaxValue = 512
