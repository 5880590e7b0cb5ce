package hunt

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/maphash"
	"sync"
	"sync/atomic"

	"aldebaran/event"
	"aldebaran/evidence"
	"aldebaran/match"
)

// queue is how many pieces of evidence there may be on the way for each worker: read ahead, being
// matched, or waiting for their turn at the collector. It bounds memory.
const queue = 4

// A task is one unit of a source, or a file that holds nothing to read; seq counts them in the
// order of the evidence.
type task struct {
	seq  int
	file evidence.File
	src  *openSource // nil if the file could not be opened
	unit event.Unit
	last bool  // of its file
	err  error // why it could not be opened
	none bool  // the source has no units

	// With a journal:
	rec    *recording // of the outermost file
	piece  int        // counts the tasks of that file
	record []byte     // what the journal has of the piece; nil if it has to be read
	end    bool       // the file was read to its end; there is nothing else in the task
}

// openSource closes a source when the last of its units was read.
type openSource struct {
	*evidence.Source
	left atomic.Int32
}

func (s *openSource) done() {
	if s.left.Add(-1) == 0 {
		// Opened for reading only: closing cannot lose anything.
		_ = s.Close()
	}
}

// A producer opens the files one after the other, and what stands in containers, and hands out their
// units. Room limits how far it is ahead of the collector.
type producer struct {
	opt     evidence.Options
	journal *journaling // nil if there is none
	room    chan struct{}
	tasks   chan<- task

	seq   int
	rec   *recording // of the file at hand
	piece int
	err   error // of the journal
}

// run stops when the context ends.
func (p *producer) run(ctx context.Context, files []evidence.File) {
	defer close(p.tasks)
	opener := evidence.NewOpener(p.opt)
	for _, f := range files {
		if p.journal != nil {
			p.rec, p.piece = p.journal.open(f), 0
		}
		if p.rec == nil || !p.rec.replayed() {
			opener.Each(ctx, f, func(found evidence.Found) bool {
				if found.Err != nil {
					return p.send(ctx, task{file: found.File, err: found.Err, last: true})
				}
				return p.units(ctx, found)
			})
		}
		if p.rec != nil {
			p.recorded(ctx)
		}
		if ctx.Err() != nil || p.err != nil {
			return
		}
	}
}

// recorded hands out what the journal has of the file at hand and was not asked for yet, and its end.
func (p *producer) recorded(ctx context.Context) {
	for p.piece < p.rec.have && p.send(ctx, task{}) {
	}
	if ctx.Err() == nil && p.err == nil {
		p.send(ctx, task{end: true})
	}
}

// send hands out a task, and tells whether to go on.
func (p *producer) send(ctx context.Context, t task) bool {
	if p.err != nil {
		return false
	}
	if p.rec != nil {
		if p.rec.complete && p.piece >= p.rec.have && !t.end {
			return false // it has no more
		}
		t.rec, t.piece = p.rec, p.piece
		if !t.end {
			if t.record, p.err = p.journal.piece(p.rec, p.piece); p.err != nil {
				return false
			}
			p.piece++
		}
	}
	select {
	case p.room <- struct{}{}:
	case <-ctx.Done():
		return false
	}
	t.seq = p.seq
	p.seq++
	p.tasks <- t // never blocks: it has as much space as room
	return true
}

// units hands out the units of a source, which is closed when the last of them was read.
func (p *producer) units(ctx context.Context, found evidence.Found) bool {
	units := found.Source.Units()
	o := &openSource{Source: found.Source}
	o.left.Store(int32(max(len(units), 1)))
	if len(units) == 0 {
		if !p.send(ctx, task{file: found.File, src: o, last: true, none: true}) {
			o.done()
			return false
		}
		return true
	}
	for i, u := range units {
		if !p.send(ctx, task{file: found.File, src: o, unit: u, last: i == len(units)-1}) {
			for range len(units) - i {
				o.done()
			}
			return false
		}
	}
	return true
}

// A result is what a worker found in one task. It is used again after the collector is done.
type result struct {
	task
	source  *sourceHead // nil if there is no source
	sha256  string
	report  event.Report
	err     error // of the file system
	chunks  []chunk
	logs    logs
	kept    int             // events that passed the filters of time and host
	watch   *evidence.Watch // nil unless wanted
	skews   evidence.Skews
	seen    match.Seen
	matched []matched
	hits    []match.Hit
	values  arena[event.Value]
	bytes   arena[byte]

	// With a journal:
	check   string // of the contents of the outermost file, once for each
	behaved bool   // behaviours have seen something
	left    match.Left
	encoded []byte // the result as a record, if it was read just now
	failed  error  // the record cannot be read or made
}

// sourceHead is what is known of a source before it is read.
type sourceHead struct {
	path, format string
	size         int64
	container    bool
	damage       []event.Damage
}

// matched is an event that rules match: hits [lo, hi) of the result.
type matched struct {
	event  event.Event
	key    uint64 // identifies the event, see identity
	lo, hi int
}

// chunk identifies a run of records that stand together. If a file is there twice, or parts of one
// are, its chunks repeat.
type chunk struct {
	digest uint64
	events int
}

func (r *result) reset(t task) {
	clear(r.hits)
	clear(r.matched)
	*r = result{
		task: t, chunks: r.chunks[:0], logs: r.logs, skews: r.skews, matched: r.matched[:0],
		hits: r.hits[:0], values: r.values, bytes: r.bytes,
	}
	r.values.reset()
	r.bytes.reset()
	r.logs.reset()
	r.skews.Reset()
}

// A worker reads units and matches their events.
type worker struct {
	opt     Options
	engine  *match.Engine
	seed    maphash.Seed
	reader  *evidence.Reader
	matcher *match.Matcher
	scratch []byte
	// secret keeps who writes evidence from making pieces that are taken for copies of others.
	secret   []byte
	recorder *recorder // nil without a journal
	// host is the last host that was looked at and whether it is wanted.
	host       string
	hostWanted bool
	hostKnown  bool
}

func newWorker(opt Options, engine *match.Engine, seed maphash.Seed, secret []byte) *worker {
	w := &worker{opt: opt, engine: engine, seed: seed, secret: secret}
	w.renew()
	return w
}

// renew starts with empty caches, for the first time or after a panic has left them half done.
func (w *worker) renew() {
	w.reader = evidence.NewReader(w.opt.Read)
	w.matcher = w.engine.NewMatcher()
}

// run works until there are no more tasks. Every task gets a result, also after the context ended.
func (w *worker) run(ctx context.Context, tasks <-chan task, pool *sync.Pool, results chan<- *result) {
	for t := range tasks {
		r := pool.Get().(*result)
		r.reset(t)
		switch {
		case t.record != nil:
			w.replay(ctx, r)
		case t.src != nil:
			r.source = &sourceHead{t.src.Path, t.src.Format, t.src.Size, t.src.Container(), t.src.Damage()}
			w.task(ctx, r)
		}
		if t.src != nil {
			t.src.done()
		}
		if t.rec != nil && t.record == nil && !t.end {
			w.record(r)
		}
		results <- r
	}
}

// task reads a unit. A panic in a reader or a matcher is our bug, and perhaps the intruder's
// doing: it costs what is left of the unit and is told as damage, and the hunt goes on.
func (w *worker) task(ctx context.Context, r *result) {
	w.guard(r, func() { w.readTask(ctx, r) })
}

func (w *worker) guard(r *result, f func()) {
	defer func() {
		if p := recover(); p != nil {
			w.renew()
			r.report.Damage = append(r.report.Damage, event.Damage{
				Path: r.file.Path, Offset: r.unit.Start, Chunk: -1, What: "unit", Want: "no crash of the reader",
				Found: fmt.Sprintf("internal error: %v", p), Lost: -1,
			})
		}
	}()
	f()
}

func (w *worker) readTask(ctx context.Context, r *result) {
	if r.unit.Index == 0 && w.opt.Hash {
		sum, err := r.src.SHA256(ctx)
		if err != nil && !errors.Is(err, context.Canceled) {
			r.err = err
		}
		r.sha256 = sum
	}
	if r.unit.Index == 0 && r.rec != nil && r.source.path == r.rec.now.Path {
		sum, err := r.src.Check(ctx)
		if err != nil && !errors.Is(err, context.Canceled) {
			r.err = err
		}
		r.check = sum
	}
	if r.none {
		return
	}
	w.read(ctx, r)
}

func (w *worker) read(ctx context.Context, r *result) {
	var (
		done     = ctx.Done()
		events   int
		at       = -2 // chunk of the event before; -1 is a format without chunks
		digest   uint64
		inChunk  int
		filtered = w.filters()
	)
	endChunk := func() {
		if inChunk > 0 {
			r.chunks = append(r.chunks, chunk{digest, inChunk})
		}
	}
	if w.opt.Watch {
		r.watch = new(evidence.Watch)
	}
	report, err := w.reader.Read(r.src.Source, r.unit, func(e *event.Event) bool {
		if e.Source.Chunk != at {
			endChunk()
			at, inChunk = e.Source.Chunk, 0
			digest = w.logDigest(e)
		}
		digest = mix(digest, e.RecordID^uint64(e.Time.Unix())<<20^uint64(e.Time.Nanosecond())^uint64(e.Source.Length)<<44)
		inChunk++
		r.logs.add(e)
		if r.watch != nil {
			r.watch.See(r.src.Format, e)
		}
		r.skews.See(r.src.Format, e)
		if events++; events&1023 == 0 {
			select {
			case <-done:
				return false
			default:
			}
		}
		if filtered && !w.wanted(e) {
			return true
		}
		r.kept++
		lo := len(r.hits)
		r.hits = w.matcher.Match(r.hits, e)
		if len(r.hits) > lo {
			r.keep(e, w.identity(e), lo)
		}
		return true
	})
	endChunk()
	r.seen = w.matcher.Take()
	r.behaved, r.left = r.seen.Any(), w.matcher.Left()
	if at == -1 && len(r.chunks) > 0 {
		// Without numbers of events only the contents tell apart what happened at the same times.
		r.chunks[0].digest = mix(r.chunks[0].digest, report.Digest)
	}
	// A panic leaves the report empty: what was handed out before it counts all the same.
	r.report, r.err = report, errors.Join(r.err, err)
}

// logDigest is what the digests of the pieces of one log begin with. It is the same in all hunts with
// the same secret, which nobody knows who writes evidence.
func (w *worker) logDigest(e *event.Event) uint64 {
	b := append(w.scratch[:0], w.secret...)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(e.Computer)))
	b = append(b, e.Computer...)
	b = append(b, e.Channel...)
	w.scratch = b
	sum := sha256.Sum256(b)
	return binary.LittleEndian.Uint64(sum[:])
}

// mix is one step of a multiplicative hash.
func mix(h, x uint64) uint64 {
	h = (h ^ x) * 0x9e3779b97f4a7c15
	return h ^ h>>29
}

// keep copies an event with its hits into the result.
func (r *result) keep(e *event.Event, key uint64, lo int) {
	m := matched{event: *e, key: key, lo: lo, hi: len(r.hits)}
	size := 0
	for _, v := range e.Values {
		size += len(v.Raw)
	}
	raw, values := r.bytes.take(size), r.values.take(len(e.Values))
	for i, v := range e.Values {
		n := copy(raw, v.Raw)
		values[i] = event.Value{Kind: v.Kind, Raw: raw[:n:n]}
		raw = raw[n:]
	}
	m.event.Values = values
	r.matched = append(r.matched, m)
}

// filters tells whether there are events that are not wanted.
func (w *worker) filters() bool {
	return len(w.opt.Hosts) > 0 || !w.opt.Since.IsZero() || !w.opt.Until.IsZero()
}

// wanted tells whether an event passes the filters of time and host.
func (w *worker) wanted(e *event.Event) bool {
	if t := e.Time; !t.IsZero() && (t.Before(w.opt.Since) || !w.opt.Until.IsZero() && t.After(w.opt.Until)) {
		return false
	}
	if len(w.opt.Hosts) == 0 {
		return true
	}
	if !w.hostKnown || e.Computer != w.host {
		w.host, w.hostKnown, w.hostWanted = e.Computer, true, false
		for _, glob := range w.opt.Hosts {
			w.hostWanted = w.hostWanted || match.Glob(glob, e.Computer)
		}
	}
	return w.hostWanted
}

// identity gives a number that tells events apart: the same record in another file has the same,
// any other has another, as nobody can know the seed. It is 0 for events that their log does not
// number: of these, equal ones may have happened.
func (w *worker) identity(e *event.Event) uint64 {
	if e.RecordID == 0 {
		return 0
	}
	b := w.scratch[:0]
	b = binary.LittleEndian.AppendUint64(b, e.RecordID)
	b = binary.LittleEndian.AppendUint64(b, uint64(e.Time.Unix()))
	b = binary.LittleEndian.AppendUint32(b, uint32(e.Time.Nanosecond()))
	b = binary.LittleEndian.AppendUint32(b, e.EventID)
	for _, s := range [...]string{e.Computer, e.Channel, e.Provider} {
		b = binary.LittleEndian.AppendUint32(b, uint32(len(s)))
		b = append(b, s...)
	}
	for _, v := range e.Values {
		b = append(b, byte(v.Kind))
		b = binary.LittleEndian.AppendUint32(b, uint32(len(v.Raw)))
		b = append(b, v.Raw...)
	}
	w.scratch = b
	return max(maphash.Bytes(w.seed, b), 1)
}
