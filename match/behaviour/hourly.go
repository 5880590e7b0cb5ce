package behaviour

import (
	"cmp"
	"math"
	"slices"
	"time"

	"aldebaran/event"
)

// An hourly keeps what each of many did, hour by hour: how often, how much, and with how many
// different things. It is what one is compared with who suddenly does much more: himself.
type hourly struct {
	// who is kept by name; each has at least one hour.
	who table[activity]
	// hours and things are how many all of them have together, dropped how many records found no room.
	hours, things, dropped int
	// always is set by analytics to which a single record matters: examples are kept of all hours.
	always bool
	// idle, if it is there, tells hours that need not be known of somebody who has no others: who has only
	// such hours makes room. stuck is set once that did not make enough.
	idle  func(*hour) bool
	stuck bool
	// origins are those of the examples; room is for hours and examples to come.
	origins     *origins
	room        []hour
	exampleRoom []example
}

// Bounds of hours. Most are those of people with their own mailbox: one thing, about 200 bytes.
const (
	maxActive   = 20_000    // people and services: more than any installation has that read for others
	maxHours    = 500_000   // their hours together, about 150 MB: 2,000 people for a month of office hours
	maxHoursOf  = 50_000    // those of one: each of five years. They are kept in order, which takes time if they come in none
	maxThings   = 5_000_000 // the things of all hours, 40 MB
	maxDistinct = 1000      // different things of one hour: beyond that they are many
	maxExamples = 6         // records of an hour that are kept
	crowded     = 100_000   // hours from which on examples are kept of busy ones only
	busy        = 5         // records of a busy hour: less is nothing to any analytic
	busyAmount  = 1000      // or what it must have of the first amount
)

// An activity is what one did.
type activity struct {
	hours []*hour // in order of time
	// last is where the record before was counted: most records come in order.
	last *hour
}

// hour gives where an hour is, by its number since 1970, or where it would be.
func (a *activity) hour(at int64) (i int, have bool) {
	if n := len(a.hours); n > 0 && a.hours[n-1].at < at {
		return n, false
	}
	return slices.BinarySearchFunc(a.hours, at, func(h *hour, at int64) int { return cmp.Compare(h.at, at) })
}

// An hour is what one did in an hour of the clock, in UTC.
type hour struct {
	// What changes with each record comes first: it is one line of the processor's cache.
	at      int64 // its number since 1970
	records int64
	// first and last are when the first and the last record was, in nanoseconds from its beginning.
	first, last int64
	// amounts are what the analytic counts: items, bytes, rows.
	amounts [2]int64
	// lastThing is the thing of the record before.
	lastThing uint64
	// shown says that there are examples, gone that the hour made room, flags are the analytic's own.
	shown, gone bool
	flags       uint8

	of *activity
	// things are the hashes of different things, sorted: mailboxes, tables.
	things []uint64
	// oneThing has the place of the first thing: of most hours there is no other.
	oneThing [1]uint64
	// examples are records about different things, those of the smallest hashes: which these are does
	// not depend on how the evidence is cut. One is enough for an hour like all others.
	examples []example
}

// add notes when a record of the hour was.
func (h *hour) add(t time.Time) {
	in := (t.Unix()-h.at*3600)*int64(time.Second) + int64(t.Nanosecond())
	h.first, h.last = min(h.first, in), max(h.last, in)
}

// period is from the first to the last record.
func (h *hour) period() event.Period {
	begin := time.Unix(h.at*3600, 0).UTC()
	return event.Period{First: begin.Add(time.Duration(h.first)), Last: begin.Add(time.Duration(h.last))}
}

// An example is the first record about a thing.
type example struct {
	thing uint64
	at    recordAt
	from  *origins
	what  string
}

// ref tells of it.
func (e *example) ref() Ref { return e.from.ref(&e.at, e.what) }

// of gives the hour of somebody, nil if there is no room or no time.
func (h *hourly) of(who []byte, t time.Time) *hour {
	if t.IsZero() {
		return nil
	}
	return h.in(h.who.find(who), who, t)
}

// again is of for somebody of whom an hour before is known, or nil.
func (h *hourly) again(before *hour, who []byte, t time.Time) *hour {
	switch {
	case before == nil || before.gone || t.IsZero():
		return h.of(who, t)
	case before.at == t.Unix()/3600:
		before.add(t)
		return before
	}
	return h.in(before.of, who, t)
}

// in gives the hour of an activity, nil if there is no room; of somebody new if there is none.
func (h *hourly) in(a *activity, who []byte, t time.Time) *hour {
	at := t.Unix() / 3600
	if a != nil {
		if a.last.at == at {
			a.last.add(t)
			return a.last
		}
		if i, have := a.hour(at); have {
			a.last = a.hours[i]
			a.last.add(t)
			return a.last
		}
	}
	if h.makeRoom() {
		a = h.who.find(who) // who may have made room
	}
	if h.hours < maxHours && a == nil {
		a = h.who.put(string(who), &activity{})
	}
	if h.hours >= maxHours || a == nil || len(a.hours) >= maxHoursOf {
		h.dropped++
		return nil
	}
	if len(h.room) == 0 {
		h.room = make([]hour, min(h.hours+1, mostRoom))
	}
	one := &h.room[0]
	h.room = h.room[1:]
	one.at, one.first, one.last = at, math.MaxInt64, math.MinInt64
	one.add(t)
	h.put(a, one)
	return one
}

// makeRoom forgets, if there is no room for another hour or somebody new, those who have idle hours alone, and
// tells whether it did. What is compared with them later has a shorter history.
func (h *hourly) makeRoom() bool {
	if h.hours < maxHours && len(h.who.list) < h.who.max || h.idle == nil || h.stuck {
		return false
	}
	h.who.forget(func(a *activity) bool {
		if slices.ContainsFunc(a.hours, func(one *hour) bool { return !h.idle(one) }) {
			return false
		}
		for _, one := range a.hours {
			one.gone = true
			h.things -= len(one.things)
		}
		h.hours -= len(a.hours)
		return true
	})
	h.stuck = h.hours > maxHours-maxHours/leastSpare || len(h.who.list) > h.who.max-h.who.max/leastSpare
	return true
}

// put adds an hour that is not there.
func (h *hourly) put(a *activity, one *hour) {
	i, _ := a.hour(one.at)
	a.hours, a.last, one.of = slices.Insert(a.hours, i, one), one, a
	h.hours++
}

// thing counts a record about a thing in an hour whose amounts are counted already, and tells by which
// hash it goes, and whether the record should be kept as an example.
func (h *hourly) thing(one *hour, name []byte) (hash uint64, wanted bool) {
	hash = hashOf(name)
	return hash, h.hashed(one, hash, len(name) > 0)
}

// hashed is thing for one whose hash is known; it is none if it has no name.
func (h *hourly) hashed(one *hour, hash uint64, named bool) (wanted bool) {
	one.records++
	if hash == one.lastThing && one.shown {
		return false
	}
	one.lastThing = hash
	if named {
		h.addThing(one, hash)
	}
	if h.hours > crowded && !h.always && one.records < busy && one.amounts[0] < busyAmount {
		return false
	}
	at, have := one.exampleAt(hash)
	return !have && at < maxExamples
}

func (h *hourly) addThing(one *hour, hash uint64) {
	if len(one.things) >= maxDistinct || h.things >= maxThings {
		return
	}
	if one.things == nil {
		one.things = one.oneThing[:0]
	}
	if at, have := slices.BinarySearch(one.things, hash); !have {
		one.things = slices.Insert(one.things, at, hash)
		h.things++
	}
}

func (h *hour) exampleAt(hash uint64) (at int, have bool) {
	return slices.BinarySearchFunc(h.examples, hash, func(e example, hash uint64) int { return cmp.Compare(e.thing, hash) })
}

// keep keeps a record as an example of a thing; what is the record in short.
func (h *hourly) keep(one *hour, hash uint64, r *Record, what string) {
	if h.origins == nil {
		h.origins = &origins{}
	}
	h.keepExample(one, example{hash, h.origins.keep(r), h.origins, what})
}

func (h *hourly) keepExample(one *hour, e example) {
	at, have := one.exampleAt(e.thing)
	if have || at >= maxExamples {
		return
	}
	switch len(one.examples) {
	case 0: // of most hours there is no other
		if len(h.exampleRoom) == 0 {
			h.exampleRoom = make([]example, min(h.hours, mostRoom))
		}
		one.examples, h.exampleRoom = h.exampleRoom[:0:1], h.exampleRoom[1:]
	case maxExamples:
		one.examples = one.examples[:maxExamples-1]
	}
	one.examples, one.shown = slices.Insert(one.examples, at, e), true
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
	h.who.full = h.who.full || later.who.full
	h.who.forgotten += later.who.forgotten
	for who, from := range later.who.each() {
		h.makeRoom()
		into := h.who.named(who)
		for _, one := range from.hours {
			if into != nil {
				if i, have := into.hour(one.at); have {
					h.joinHour(into.hours[i], one)
					continue
				}
			}
			if into == nil && h.hours < maxHours {
				into = h.who.put(who, &activity{})
			}
			if into == nil || h.hours >= maxHours || len(into.hours) >= maxHoursOf {
				h.dropped += int(one.records)
				continue
			}
			h.put(into, one)
			h.things += len(one.things)
		}
	}
}

func (h *hourly) joinHour(into, later *hour) {
	into.records += later.records
	into.first, into.last = min(into.first, later.first), max(into.last, later.last)
	for i := range into.amounts {
		into.amounts[i] += later.amounts[i]
	}
	into.flags |= later.flags
	for _, e := range later.examples {
		h.keepExample(into, e)
	}
	for _, hash := range later.things {
		h.addThing(into, hash)
	}
}

// sortedHours are all hours in order of time.
func (a *activity) sortedHours() []*hour { return slices.Clone(a.hours) }

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
	hours := a.hours
	if !slices.ContainsFunc(hours, func(h *hour) bool { return u.of(h) >= u.least }) {
		return nil // as nearly always
	}
	busiest := slices.Clone(hours)
	slices.SortStableFunc(busiest, func(a, b *hour) int { return cmp.Compare(u.of(b), u.of(a)) })
	values := make([]int64, len(hours))
	for i, h := range busiest {
		values[len(values)-1-i] = u.of(h)
	}
	var out []peak
	for _, h := range hours {
		v := u.of(h)
		if v < u.least {
			continue
		}
		median := medianWithout(values, v)
		if float64(v) < u.factor*float64(median) || isRegular(u, h, v, busiest) {
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

// isRegular tells whether half as much was done on some other days. A day has few hours, so that
// only the first of the busiest are looked at.
func isRegular(u usual, h *hour, v int64, busiest []*hour) bool {
	var days []int64
	for _, other := range busiest {
		if u.of(other) < (v+1)/2 {
			return false
		}
		if day := other.at / 24; day != h.at/24 && !slices.Contains(days, day) {
			if days = append(days, day); len(days) == regularDays {
				return true
			}
		}
	}
	return false
}

// refs are examples of all hours of a peak.
func (p *peak) refs() []Ref {
	var refs []Ref
	for _, h := range p.hours {
		for i := range h.examples {
			refs = append(refs, h.examples[i].ref())
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
func (p *peak) period() (all event.Period) {
	for _, h := range p.hours {
		all.Join(h.period())
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
