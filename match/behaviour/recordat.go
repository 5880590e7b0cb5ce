package behaviour

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"time"

	"aldebaran/event"
)

// A moment is a time without pointers: the garbage collector need not look at what is full of them.
type moment struct {
	sec  int64 // since 1970
	nsec int32
}

func momentOf(t time.Time) moment { return moment{t.Unix(), int32(t.Nanosecond())} }

// time is the moment as a time in UTC.
func (m moment) time() time.Time { return time.Unix(m.sec, int64(m.nsec)).UTC() }

func (m moment) before(o moment) bool { return m.sec < o.sec || m.sec == o.sec && m.nsec < o.nsec }

// A periodAt is an [event.Period] without pointers.
type periodAt struct {
	first, last moment
	known       bool
}

func (p *periodAt) add(t time.Time) {
	if !t.IsZero() {
		m := momentOf(t)
		p.join(periodAt{m, m, true})
	}
}

func (p *periodAt) join(later periodAt) {
	switch {
	case !later.known:
		return
	case !p.known:
		*p = later
		return
	}
	if later.first.before(p.first) {
		p.first = later.first
	}
	if p.last.before(later.last) {
		p.last = later.last
	}
}

// period is the same with times.
func (p *periodAt) period() event.Period {
	if !p.known {
		return event.Period{}
	}
	return event.Period{First: p.first.time(), Last: p.last.time()}
}

// A recordAt is where a record stands, without pointers: a [Ref] is made of it only if it is told. What
// many records have in common is kept once, as its origin.
type recordAt struct {
	sec, offset    int64
	record         uint64
	nsec, chunk    int32
	length, origin uint32
}

// of is the same place of an origin.
func (a recordAt) of(origin uint32) recordAt {
	a.origin = origin
	return a
}

// moment is when it happened.
func (a *recordAt) moment() moment { return moment{a.sec, a.nsec} }

// An origin is what records have in common.
type origin struct {
	path, host, channel string
	eventID             uint32
	recovered           bool
}

// origins are those of the records that an analytic keeps. The zero value is ready.
type origins struct {
	list   []origin
	number map[origin]uint32 // nil as long as there are few
	last   uint32            // most records have that of the record before
}

// keep gives where a record stands.
func (o *origins) keep(r *Record) recordAt {
	return recordAtOf(r.Event, o.numberOf(originOf(r)))
}

func originOf(r *Record) origin {
	e := r.Event
	return origin{e.Source.Path, r.Host(), e.Channel, e.EventID, e.Source.Recovered}
}

// recordAtOf gives where an event stands that has an origin.
func recordAtOf(e *event.Event, origin uint32) recordAt {
	return recordAt{
		sec: e.Time.Unix(), nsec: int32(e.Time.Nanosecond()), offset: e.Source.Offset, length: uint32(min(e.Source.Length, math.MaxUint32)),
		record: e.RecordID, chunk: int32(e.Source.Chunk), origin: origin,
	}
}

// maxOrigins is how many origins are told apart; of the records of others only the file and the place are
// told.
const maxOrigins = 200_000

// fewOrigins is how many are quicker looked through than looked up: most files are of one log.
const fewOrigins = 8

func (o *origins) numberOf(of origin) uint32 {
	if len(o.list) >= maxOrigins {
		of = origin{path: of.path, recovered: of.recovered}
	}
	if int(o.last) < len(o.list) && o.list[o.last] == of {
		return o.last
	}
	n, known := o.find(of)
	if !known {
		n = uint32(len(o.list))
		o.list = append(o.list, of)
		switch {
		case o.number != nil:
			o.number[of] = n
		case len(o.list) > fewOrigins:
			o.number = map[origin]uint32{}
			for i, of := range o.list {
				o.number[of] = uint32(i)
			}
		}
	}
	o.last = n
	return n
}

func (o *origins) find(of origin) (uint32, bool) {
	if o.number != nil {
		n, known := o.number[of]
		return n, known
	}
	n := slices.Index(o.list, of)
	return uint32(n), n >= 0
}

// join gives the origins of later records numbers here, by their numbers there.
func (o *origins) join(later *origins) []uint32 {
	numbers := make([]uint32, len(later.list))
	for i := range later.list {
		numbers[i] = o.numberOf(later.list[i])
	}
	return numbers
}

// ref tells of a record; what is the record in short.
func (o *origins) ref(at *recordAt, what string) Ref {
	return at.ref(&o.list[at.origin], what)
}

// ref tells of a record from an origin; what is the record in short.
func (a *recordAt) ref(from *origin, what string) Ref {
	return Ref{
		Time:   a.moment().time(),
		Source: event.Source{Path: from.path, Offset: a.offset, Length: int64(a.length), Chunk: int(a.chunk), Recovered: from.recovered},
		Host:   from.host, Channel: from.channel, EventID: from.eventID, RecordID: a.record, What: Short(what, maxWhat),
	}
}

// compare is [compareRefs] for records.
func (o *origins) compare(a, b *recordAt) int {
	return cmp.Or(
		cmp.Compare(a.sec, b.sec),
		cmp.Compare(a.nsec, b.nsec),
		strings.Compare(o.list[a.origin].path, o.list[b.origin].path),
		cmp.Compare(a.offset, b.offset),
		cmp.Compare(a.record, b.record),
	)
}
