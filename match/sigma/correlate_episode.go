package sigma

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// An episode is a match in the making.
type episode struct {
	end         int64 // number of the first item that is not part of it
	first, last int64 // times of its events
	count       int
	value       float64
	head, tail  [][]byte // the first and the last records; tail is a ring
	turn        int
	group       []NamedValue
	hosts       []string
	hostless    int
}

// judge holds the window against the condition, and if it keeps it makes its events part of an
// episode: of the last one if they share events, else of a new one.
func (w *window) judge() error {
	if w.counted == 0 {
		return nil // nothing but what an earlier window has counted
	}
	v := w.value()
	if !w.j.holds(v) {
		return nil
	}
	if w.episode != nil && w.episode.end <= w.seq {
		if err := w.close(); err != nil {
			return err
		}
	}
	if w.episode == nil {
		w.number++
		w.episode = &episode{value: v}
	}
	e := w.episode
	if w.j.better(v, e.value) {
		e.value = v
	}
	end := w.seq + int64(len(w.items)-w.head)
	at := w.items[len(w.items)-1].at
	from := w.head + int(max(e.end-w.seq, 0))
	for i := from; i < len(w.items); i++ {
		if err := w.join(&w.items[i], at); err != nil {
			return err
		}
	}
	e.end = end
	w.release(from)
	return nil
}

// release lets go of the records of items that are part of the episode: nothing is told of them any
// more. The last one stays: the next may be the same event.
func (w *window) release(from int) {
	for i := max(from-1, w.head); i < len(w.items)-1; i++ {
		w.bytes -= int64(len(w.items[i].rec))
		w.items[i].rec = nil
	}
}

// join makes an item part of the episode and hands it on to the correlations above, as of the
// time at which the condition held.
func (w *window) join(it *item, at int64) error {
	e := w.episode
	n, ns, host, values, err := peek(it.rec)
	if err != nil {
		return err
	}
	f := &w.c.feeds[n] // add has checked it
	if e.count == 0 || ns < e.first {
		e.first = ns
	}
	if e.count == 0 || ns > e.last {
		e.last = ns
	}
	if e.count == 0 || len(f.above) > 0 {
		if err := w.readValues(int(n), it.rec[values:]); err != nil {
			return err
		}
	}
	if e.count == 0 {
		for _, i := range f.group {
			e.group = append(e.group, NamedValue{Value: w.values[i].text})
		}
	}
	if !it.same || e.count == 0 {
		e.count++
		e.note(it.rec[:values], host)
	}
	for _, above := range f.above {
		group, why := w.c.admit(above, w.values)
		switch why {
		case noGroup:
			w.c.stats.NoGroup++
			continue
		case noValue:
			w.c.stats.NoValue++
			continue
		}
		end := identityEnd(it.rec)
		u := w.c.feeds[above].joint
		rec := appendKey(nil, uint32(u), group, at, uint64(w.n)<<40|w.number&(1<<40-1), it.rec[atPath:end], uint32(above))
		rec = append(rec, it.rec[end+4:]...)
		if err := w.c.levels[w.c.joints[u].level].add(rec); err != nil {
			return err
		}
	}
	return nil
}

// note keeps what a match tells of its events.
func (e *episode) note(rec, host []byte) {
	switch {
	case len(e.head) < maxEvents/2:
		e.head = append(e.head, slices.Clone(rec))
	case len(e.tail) < maxEvents/2:
		e.tail = append(e.tail, slices.Clone(rec))
	default:
		e.tail[e.turn] = append(e.tail[e.turn][:0], rec...)
		e.turn = (e.turn + 1) % len(e.tail)
	}
	if len(host) == 0 {
		return
	}
	i, ok := slices.BinarySearchFunc(e.hosts, host, func(have string, host []byte) int {
		return strings.Compare(have, string(host))
	})
	switch {
	case ok:
	case len(e.hosts) < MaxHosts:
		e.hosts = slices.Insert(e.hosts, i, string(host))
	default:
		e.hostless++
	}
}

// close ends the episode, if there is one.
func (w *window) close() error {
	e := w.episode
	w.episode = nil
	if e == nil || w.j.rule.Silent {
		return nil
	}
	m := CorrelationMatch{
		Group: e.group, Count: e.count, Value: e.value, Hosts: e.hosts, HostsOmitted: e.hostless,
		First: time.Unix(0, e.first), Last: time.Unix(0, e.last),
	}
	refs := slices.Concat(e.head, e.tail[e.turn:], e.tail[:e.turn])
	// By the events' own times: those of correlations below came in by the time of theirs.
	slices.SortStableFunc(refs, func(a, b []byte) int { return slices.Compare(ownTime(a), ownTime(b)) })
	if err := w.c.found.add(appendMatch(nil, w.n, w.group, &m, refs)); err != nil {
		return fmt.Errorf("keeping a match: %w", err)
	}
	return nil
}

// ownTime is the part of a record that holds the time of the event itself.
func ownTime(rec []byte) []byte {
	end := identityEnd(rec)
	return rec[end+4 : end+12]
}
