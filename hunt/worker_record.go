package hunt

import (
	"context"

	"aldebaran/event"
)

// record makes a record of a result.
func (w *worker) record(r *result) { r.encoded, r.failed = w.records().pack(r) }

// records makes the recorder when it is first needed.
func (w *worker) records() *recorder {
	if w.recorder == nil {
		w.recorder = newRecorder()
	}
	return w.recorder
}

// replay makes a result of a record. Rules look at the events again that they matched. Behaviours look at
// all events again: what they have seen is not in the record.
func (w *worker) replay(ctx context.Context, r *result) {
	if r.failed = w.records().unpack(r, r.task.record); r.failed != nil {
		return
	}
	w.engine.Leave(r.left)
	w.guard(r, func() { w.find(r) })
	if r.behaved && r.src != nil {
		w.guard(r, func() { w.see(ctx, r) })
	}
}

// find lets rules look at events again that they matched.
func (w *worker) find(r *result) {
	for i := range r.matched {
		m := &r.matched[i]
		m.key, m.lo = w.identity(&m.event), len(r.hits)
		m.hi = m.lo // until it is known
		r.hits = w.matcher.Find(r.hits, &m.event)
		m.hi = len(r.hits)
	}
}

// see reads a piece for the behaviours alone.
func (w *worker) see(ctx context.Context, r *result) {
	filtered, events, done := w.filters(), 0, ctx.Done()
	_, err := w.reader.Read(r.src.Source, r.unit, func(e *event.Event) bool {
		if events++; events&1023 == 0 {
			select {
			case <-done:
				return false
			default:
			}
		}
		if !filtered || w.wanted(e) {
			w.matcher.See(e)
		}
		return true
	})
	r.seen, r.err = w.matcher.Take(), err
}
