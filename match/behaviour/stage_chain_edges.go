package behaviour

import "strconv"

// An edge is that one host reached another one.
type edge struct {
	// last and first are the records of it; known says that there are some. What changes with each record is
	// beside the key.
	last  trace
	known bool
	first trace
}

// A trace is a record of an edge; texts are made of it only if the edge is told.
type trace struct {
	recordAt
	how how
}

// A how says in which way a host reached another one: below otherHow it is the port, else a text of its own.
type how uint32

const otherHow how = 1 << 16

// edges are which hosts reached which, by the numbers of the short names of two hosts.
type edges struct {
	hosts   hostIDs
	kept    numbered[edge]
	hows    texts
	origins origins
	room    []byte
}

// maxHows is how many ways of reaching a host are told apart: names of shares differ.
const maxHows = 10_000

func newEdges() edges {
	return edges{hosts: newHostIDs(), kept: numbered[edge]{max: maxEdges}, hows: texts{max: maxHows}}
}

func (s *edges) empty() bool { return s.kept.list.n == 0 && !s.full() }

// full tells whether something found no room.
func (s *edges) full() bool { return s.kept.full || s.hosts.names.full || s.hows.full }

// hostNamed gives the number of a host by its short name; false for none, and if there is no room.
func hostNamed[T string | []byte](s *edges, name T) (hostID, bool) {
	s.room = appendShortHost(s.room[:0], name)
	if len(s.room) == 0 {
		return 0, false
	}
	var p peer
	p.set(s.room)
	return s.hosts.of(&p)
}

// reached keeps that one host reached another, in a way that is said in words.
func reached[F, T string | []byte](s *edges, r *Record, from F, to T, words string) {
	a, ok := hostNamed(s, from)
	b, also := hostNamed(s, to)
	n, room := s.hows.number([]byte(words[:min(len(words), maxWhat+1)])) // of more it is not told
	if ok && also && room {
		s.see(r, a, b, otherHow+how(n))
	}
}

// see keeps that a record shows one host reaching another.
func (s *edges) see(r *Record, from, to hostID, by how) {
	if from != to && !r.Time().IsZero() {
		s.add(trace{s.origins.keep(r), by}, from, to)
	}
}

// add keeps that one host reached another.
func (s *edges) add(at trace, from, to hostID) {
	e := s.kept.get(edgeKey(from, to))
	switch {
	case e == nil:
	case !e.known:
		*e = edge{last: at, known: true, first: at}
	case e.last.moment().before(at.moment()): // as nearly all are
		e.last = at
	case at.moment().before(e.first.moment()):
		e.first = at
	}
}

func edgeKey(from, to hostID) twoNumbers { return twoNumbers{uint64(from), uint64(to)} }

// join adds those of a later piece of evidence.
func (s *edges) join(later *edges) {
	s.kept.full = s.kept.full || later.kept.full
	here, origins, hows := s.hosts.join(&later.hosts), s.origins.join(&later.origins), s.hows.join(&later.hows)
	for from := range later.kept.list.each() {
		a, ok := here(hostID(from.key.a))
		b, also := here(hostID(from.key.b))
		if !ok || !also {
			continue
		}
		into := s.kept.get(twoNumbers{uint64(a), uint64(b)})
		if into == nil {
			continue
		}
		for _, t := range [...]trace{from.value.first, from.value.last} {
			t.origin = origins[t.origin]
			if t.how >= otherHow {
				n := hows[t.how-otherHow]
				if n == noNumber {
					continue
				}
				t.how = otherHow + how(n)
			}
			s.move(into, &t)
		}
	}
}

// move moves the first or the last record of an edge.
func (s *edges) move(e *edge, at *trace) {
	if !e.known || s.origins.compare(&at.recordAt, &e.first.recordAt) < 0 {
		e.first = *at
	}
	if !e.known || s.origins.compare(&at.recordAt, &e.last.recordAt) > 0 {
		e.last = *at
	}
	e.known = true
}

// told is a record of an edge with what it shows.
func (s *edges) told(t *trace, from, to string) Ref {
	var words string
	if t.how < otherHow {
		words = "connected to port " + strconv.Itoa(int(t.how)) + " of"
	} else {
		words = string(s.hows.text(uint32(t.how - otherHow)))
	}
	return s.origins.ref(&t.recordAt, from+" "+words+" "+to)
}
