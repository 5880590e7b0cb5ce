package behaviour

import (
	"cmp"
	"maps"
	"slices"
	"time"
)

// An hourly keeps what each of many did, hour by hour: how often, how much, and with how many
// different things. It is what one is compared with who suddenly does much more: himself.
type hourly struct {
	// who is kept by name.
	who table[activity]
	// hours is how many hours all of them have together, dropped how many records found no room.
	hours, dropped int
}

// Bounds of hours.
const (
	maxActive   = 20_000  // people and services: more than any installation has that read for others
	maxHours    = 300_000 // their hours together, about 100 MB: a year of 200 accounts in office hours
	maxDistinct = 1000    // different things of one hour: beyond that they are many
)

// An activity is what one did.
type activity struct {
	hours map[int64]*hour // by the number of the hour since 1970
	// last is where the record before was counted: most records come in order.
	last   *hour
	lastAt int64
}

// An hour is what one did in an hour of the clock, in UTC.
type hour struct {
	at      int64
	records int64
	// span is from the first to the last record.
	span span
	// amounts are what the analytic counts: items, bytes, rows.
	amounts [2]int64
	// things are the hashes of different things: mailboxes, tables; lastThing is that of the record before.
	things    map[uint64]struct{}
	lastThing uint64
	// flags are the analytic's own.
	flags uint8
	// examples are records about different things, those of the smallest hashes: which these are does
	// not depend on how the evidence is cut. One is enough for an hour like all others.
	examples []example
}

// An example is the first record about a thing.
type example struct {
	thing uint64
	Ref
}

// maxExamples is how many records of an hour are kept.
const maxExamples = 6

// of gives the hour of somebody, nil if there is no room or no time.
func (h *hourly) of(who []byte, t time.Time) *hour {
	if t.IsZero() {
		return nil
	}
	a := h.who.get(who)
	if a == nil {
		h.dropped++
		return nil
	}
	at := t.Unix() / 3600
	if a.last != nil && a.lastAt == at {
		a.last.span.add(t)
		return a.last
	}
	one := a.hours[at]
	if one == nil {
		if h.hours >= maxHours {
			h.dropped++
			return nil
		}
		if a.hours == nil {
			a.hours = map[int64]*hour{}
		}
		one = &hour{at: at}
		a.hours[at] = one
		h.hours++
	}
	a.last, a.lastAt = one, at
	one.span.add(t)
	return one
}

// thing takes note of a thing, which may have been there before, and tells by which hash, and whether
// the record should be kept as an example.
func (h *hour) thing(name []byte) (hash uint64, wanted bool) {
	h.records++
	hash = hashOf(name)
	if hash == h.lastThing && h.records > 1 {
		return hash, false
	}
	h.lastThing = hash
	if len(name) > 0 && len(h.things) < maxDistinct {
		if h.things == nil {
			h.things = map[uint64]struct{}{}
		}
		h.things[hash] = struct{}{}
	}
	at, have := h.exampleAt(hash)
	return hash, !have && at < maxExamples
}

func (h *hour) exampleAt(hash uint64) (at int, have bool) {
	return slices.BinarySearchFunc(h.examples, hash, func(e example, hash uint64) int { return cmp.Compare(e.thing, hash) })
}

// keep keeps a record as an example.
func (h *hour) keep(hash uint64, ref Ref) {
	at, have := h.exampleAt(hash)
	if have || at >= maxExamples {
		return
	}
	if len(h.examples) == maxExamples {
		h.examples = h.examples[:maxExamples-1]
	}
	h.examples = slices.Insert(h.examples, at, example{hash, ref})
}

// hashOf tells names apart without regard to the case of ASCII letters (FNV-1a, 64 bits).
func hashOf(name []byte) uint64 {
	n := uint64(14695981039346656037)
	for _, c := range name {
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		n = (n ^ uint64(c)) * 1099511628211
	}
	return n
}

// join adds a later piece of evidence.
func (h *hourly) join(later *hourly) {
	h.dropped += later.dropped
	before := len(h.who.keys)
	h.who.join(&later.who, func(into, from *activity) {
		for _, at := range slices.Sorted(maps.Keys(from.hours)) {
			if one := into.hours[at]; one != nil {
				one.join(from.hours[at])
			} else if h.hours < maxHours {
				into.hours[at] = from.hours[at]
				h.hours++
			} else {
				h.dropped += int(from.hours[at].records)
			}
		}
		into.last = nil
	})
	for _, who := range h.who.keys[before:] {
		h.hours += len(h.who.at[who].hours)
	}
}

func (h *hour) join(later *hour) {
	h.records += later.records
	h.span.join(later.span)
	for i := range h.amounts {
		h.amounts[i] += later.amounts[i]
	}
	h.flags |= later.flags
	for _, e := range later.examples {
		h.keep(e.thing, e.Ref)
	}
	if h.things == nil {
		h.things = later.things
		return
	}
	for _, n := range slices.Sorted(maps.Keys(later.things)) {
		if len(h.things) >= maxDistinct {
			break
		}
		h.things[n] = struct{}{}
	}
}

// sortedHours are all hours in order of time.
func (a *activity) sortedHours() []*hour {
	hours := make([]*hour, 0, len(a.hours))
	for _, at := range slices.Sorted(maps.Keys(a.hours)) {
		hours = append(hours, a.hours[at])
	}
	return hours
}

// A usual is what is compared: one figure of an hour, and from when on it is much.
type usual struct {
	of func(*hour) int64
	// least is what an hour must have, factor how many times the usual.
	least  int64
	factor float64
	// known is how many other hours must be there for a history.
	known int
}

// regularDays is on how many other days somebody must have done as much for it to be regular: a
// backup each night, a report each week.
const regularDays = 3

// A peak is some hours in which somebody did much more than he does.
type peak struct {
	hours []*hour
	// most is the largest figure of them, median that of his other hours, of which there are history.
	most, median int64
	history      int
	// short is set if the history is too short.
	short bool
}

// peaks finds the hours in which somebody did much more than in his others, and nothing like it on
// other days; hours that follow one another are one peak.
func (a *activity) peaks(u usual) []peak {
	hours := a.sortedHours()
	values := make([]int64, len(hours))
	for i, h := range hours {
		values[i] = u.of(h)
	}
	slices.Sort(values)
	var out []peak
	for _, h := range hours {
		v := u.of(h)
		if v < u.least {
			continue
		}
		median := medianWithout(values, v)
		if float64(v) < u.factor*float64(median) || a.isRegular(u, h, v, hours) {
			continue
		}
		if n := len(out); n > 0 && h.at-out[n-1].hours[len(out[n-1].hours)-1].at <= 2 {
			p := &out[n-1]
			p.hours = append(p.hours, h)
			p.most = max(p.most, v)
			continue
		}
		out = append(out, peak{hours: []*hour{h}, most: v, median: median, history: len(hours) - 1, short: len(hours)-1 < u.known})
	}
	return out
}

// medianWithout is the median of sorted values without one of them, 0 of none.
func medianWithout(values []int64, v int64) int64 {
	n := len(values) - 1
	if n == 0 {
		return 0
	}
	at, _ := slices.BinarySearch(values, v)
	if mid := n / 2; mid < at {
		return values[mid]
	}
	return values[n/2+1]
}

// isRegular tells whether half as much was done on some other days.
func (a *activity) isRegular(u usual, h *hour, v int64, hours []*hour) bool {
	days, last := 0, int64(-1)
	for _, other := range hours {
		day := other.at / 24
		if day != h.at/24 && day != last && u.of(other) >= (v+1)/2 {
			days++
			last = day
		}
	}
	return days >= regularDays
}

// refs are examples of all hours of a peak.
func (p *peak) refs() []Ref {
	var refs []Ref
	for _, h := range p.hours {
		for _, e := range h.examples {
			refs = append(refs, e.Ref)
		}
	}
	return refs
}

// records is how many records the peak has.
func (p *peak) records() (n int) {
	for _, h := range p.hours {
		n += int(h.records)
	}
	return n
}

// flags are those of any of its hours.
func (p *peak) flags() (flags uint8) {
	for _, h := range p.hours {
		flags |= h.flags
	}
	return flags
}

// span is from the first to the last record.
func (p *peak) span() (all span) {
	for _, h := range p.hours {
		all.join(h.span)
	}
	return all
}

// many writes a number of different things: beyond the bound there are more.
func many(n int64) string {
	if n >= maxDistinct {
		return "1000 or more"
	}
	return decimal(n)
}
