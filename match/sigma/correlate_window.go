package sigma

import (
	"cmp"
	"encoding/binary"
	"math"
	"slices"
	"strconv"
)

// A window slides over the events of one group of one correlation, which come in the order of
// time, and joins the windows in which the condition holds into episodes.
//
// Events of one time enter together: how their order came about is not known, so no window ends
// between them.
type window struct {
	c     *Correlator
	j     *joint
	n     uint32 // the joint's number
	group groupKey

	items []item
	head  int   // items before it have left the window
	seq   int64 // number of items[head], counted from the start of the group
	batch int   // items from here on came at the time of the last one; settled once time goes on
	bytes int64 // of the items in the window

	counted  int                // items that count as an event
	present  []int              // items by step
	distinct map[groupKey]int32 // items by value
	chains   []int64            // see settleOrder
	sums     slidingSum
	sorted   sortedBag
	// told are the episodes of correlations below that were counted: each counts once in a group.
	told map[uint64]struct{}

	episode *episode
	number  uint64 // the last episode's number: unique among all correlations of a run
	values  []fieldValue
}

// An item is an event in a window.
type item struct {
	at      int64
	num     float64
	value   groupKey
	rec     []byte
	step    int
	same    bool // the same event as the item before, matched by another rule
	counted bool
}

// openWindow makes a window for the group that a record belongs to, with the room of one that is
// not needed any more (nil if there is none).
func (c *Correlator) openWindow(old *window, rec []byte) (*window, error) {
	n := binary.BigEndian.Uint32(rec[atJoint:])
	if int64(n) >= int64(len(c.joints)) {
		return nil, errRecord(len(rec))
	}
	w := &window{c: c, j: c.joints[n], n: n, group: groupKey(rec[atGroup:atTime])}
	if old != nil {
		clear(old.items)
		w.items, w.number, w.values = old.items[:0], old.number, old.values
		if cap(w.items) > maxWindow/16 {
			w.items = nil // one large group must not cost memory for ever
		}
	}
	switch w.j.kind {
	case together:
		w.present = make([]int, w.j.steps)
	case inOrder:
		w.chains = make([]int64, w.j.steps*w.j.steps)
		for i := range w.chains {
			w.chains[i] = math.MinInt64
		}
	case countValues:
		w.distinct = map[groupKey]int32{}
	}
	return w, nil
}

// owns tells whether a record belongs to the window's group.
func (w *window) owns(rec []byte) bool {
	return len(rec) > atPath && binary.BigEndian.Uint32(rec) == w.n && groupKey(rec[atGroup:atTime]) == w.group
}

// add lets an event in.
func (w *window) add(rec []byte) error {
	n := recordFeed(rec)
	if n < 0 || n >= len(w.c.feeds) || w.c.feeds[n].joint != int(w.n) {
		return errRecord(len(rec))
	}
	it := item{at: recordTime(rec), rec: rec, step: w.c.feeds[n].step}
	if len(w.c.feeds[n].fields) > 0 {
		// First of all: what is left out must not move the window.
		ok, err := w.readValue(&it, n)
		if err != nil || !ok {
			return err
		}
	}
	if len(w.items) > w.head {
		last := &w.items[len(w.items)-1]
		it.same = sameEvent(last.rec, rec)
		if last.at != it.at {
			if err := w.moveTo(it.at); err != nil {
				return err
			}
		}
	}
	it.counted = !it.same
	if w.j.kind == countEvents {
		it.counted = it.counted && w.firstOf(binary.BigEndian.Uint64(rec[atEpisode:]))
	}
	for len(w.items)-w.head >= maxWindow || w.bytes+int64(len(rec)) > maxWindowBytes && len(w.items) > w.head {
		w.c.stats.Dropped++
		w.pop()
	}
	w.push(it)
	return nil
}

// readValue reads what the condition looks at; ok is false if it is no number where one is needed.
func (w *window) readValue(it *item, n int) (ok bool, err error) {
	_, _, _, values, err := peek(it.rec)
	if err != nil {
		return false, err
	}
	fields := w.c.feeds[n].fields
	if err = w.readValues(n, it.rec[values:]); err != nil {
		return false, err
	}
	if !w.j.numeric() {
		it.value, ok = keyOf(w.values, fields)
		return ok, nil
	}
	if it.num, ok = decimal(w.values[fields[0]].text); !ok {
		w.c.stats.NotNumeric++
	}
	return ok, nil
}

// readValues reads the values of a record that came by that feed.
func (w *window) readValues(n int, rest []byte) (err error) {
	if w.values, err = readValues(w.values[:0], rest); err != nil {
		return err
	}
	if len(w.values) != len(w.c.sources[w.c.feeds[n].rule].need) {
		return errRecord(len(rest))
	}
	return nil
}

// decimal reads a number as logs write it; no hexadecimal, no Inf.
func decimal(s string) (float64, bool) {
	for i := range len(s) {
		if c := s[i]; (c < '0' || c > '9') && c != '.' && c != '-' && c != '+' && c != 'e' && c != 'E' {
			return 0, false
		}
	}
	f, err := strconv.ParseFloat(s, 64)
	return f, err == nil
}

// firstOf tells whether an episode of a correlation below (0: a plain event) is met for the first
// time in this group.
func (w *window) firstOf(episode uint64) bool {
	if episode == 0 {
		return true
	}
	if _, ok := w.told[episode]; ok {
		return false
	}
	if w.told == nil || len(w.told) >= maxWindow {
		w.told = map[uint64]struct{}{}
	}
	w.told[episode] = struct{}{}
	return true
}

// moveTo ends the batch of the last time and takes out what is too old for the new one.
func (w *window) moveTo(at int64) error {
	if err := w.settle(); err != nil {
		return err
	}
	cut := cutoff(at, w.j.span)
	if w.items[w.head].at >= cut {
		return nil
	}
	if !w.j.rising { // the window can't grow: what came had no place in it
		if err := w.judge(); err != nil {
			return err
		}
	}
	for w.head < len(w.items) && w.items[w.head].at < cut {
		w.pop()
	}
	return nil
}

// cutoff is the earliest time of a window that ends at a time: an event exactly one timespan old
// is still in it.
func cutoff(at, span int64) int64 {
	if at < math.MinInt64+span {
		return math.MinInt64
	}
	return at - span
}

// settle is called when all events of one time are in.
func (w *window) settle() error {
	if w.j.kind == inOrder {
		w.settleOrder()
	}
	w.batch = len(w.items)
	if w.j.rising {
		return w.judge()
	}
	return nil
}

// finish ends the group.
func (w *window) finish() error {
	if len(w.items) > w.head {
		if err := w.settle(); err != nil {
			return err
		}
		if !w.j.rising {
			if err := w.judge(); err != nil {
				return err
			}
		}
	}
	return w.close()
}

// settleOrder brings the chains up to date. chains[s*steps+l] is the latest time at which a chain
// of l+1 events began whose last is of step s and whose steps go up; one event is one step. Events
// of the same time may follow each other in any order: they are taken in that of their steps.
func (w *window) settleOrder() {
	batch := w.items[w.batch:]
	type event struct{ from, to, least, most int }
	var events []event
	for i := range batch {
		if len(events) > 0 && batch[i].same {
			last := &events[len(events)-1]
			last.to, last.least, last.most = i+1, min(last.least, batch[i].step), max(last.most, batch[i].step)
			continue
		}
		events = append(events, event{i, i + 1, batch[i].step, batch[i].step})
	}
	slices.SortStableFunc(events, func(a, b event) int { return cmp.Or(a.least-b.least, a.most-b.most) })
	k := w.j.steps
	for _, e := range events {
		items := slices.Clone(batch[e.from:e.to])
		// The highest step first, so that no step is made on top of another one of this event.
		slices.SortFunc(items, func(a, b item) int { return b.step - a.step })
		for _, it := range items {
			for below := range it.step {
				for l := range k - 1 {
					w.chains[it.step*k+l+1] = max(w.chains[it.step*k+l+1], w.chains[below*k+l])
				}
			}
			w.chains[it.step*k] = max(w.chains[it.step*k], it.at)
		}
	}
}

// ordered gives the length of the longest chain inside the window.
func (w *window) ordered() int {
	cut := cutoff(w.items[len(w.items)-1].at, w.j.span)
	k := w.j.steps
	for l := k; l > 0; l-- {
		for s := range k {
			if began := w.chains[s*k+l-1]; began != math.MinInt64 && began >= cut {
				return l
			}
		}
	}
	return 0
}

func (w *window) push(it item) {
	if w.head > 1024 && w.head > len(w.items)/2 {
		n := copy(w.items, w.items[w.head:])
		clear(w.items[n:])
		w.items = w.items[:n]
		w.batch -= w.head
		w.head = 0
	}
	w.items = append(w.items, it)
	w.bytes += int64(len(it.rec))
	w.count(&it, 1)
}

func (w *window) pop() {
	it := &w.items[w.head]
	w.bytes -= int64(len(it.rec))
	w.count(it, -1)
	it.rec = nil
	w.head++
	w.batch = max(w.batch, w.head)
	w.seq++
}

// count keeps what the condition looks at when an item comes (1) or goes (-1).
func (w *window) count(it *item, by int) {
	if it.counted {
		w.counted += by
	}
	switch w.j.kind {
	case together:
		w.present[it.step] += by
	case countValues:
		if w.distinct[it.value] += int32(by); w.distinct[it.value] == 0 {
			delete(w.distinct, it.value)
		}
	case sumOf, averageOf:
		// An event that two rules match is one summand.
		num := it.num
		if !it.counted {
			num = 0
		}
		if by > 0 {
			w.sums.push(num)
		} else {
			w.sums.pop()
		}
	case percentileOf:
		if !it.counted {
			return
		}
		if by > 0 {
			w.sorted.add(it.num)
		} else {
			w.sorted.remove(it.num)
		}
	}
}

// value is what the condition is held against.
func (w *window) value() float64 {
	switch w.j.kind {
	case countEvents:
		return float64(w.counted)
	case countValues:
		return float64(len(w.distinct))
	case together:
		n := 0
		for _, items := range w.present {
			if items > 0 {
				n++
			}
		}
		return float64(n)
	case inOrder:
		return float64(w.ordered())
	case sumOf:
		return w.sums.sum()
	case averageOf:
		return w.sums.sum() / float64(w.counted)
	case percentileOf:
		if w.j.rule.Type == "value_median" {
			return w.sorted.percentile(50)
		}
		return w.sorted.percentile(w.j.rule.Percentile)
	}
	return math.NaN()
}
