package hunt

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"

	"aldebaran/english"
	"aldebaran/evidence"
	"aldebaran/match/sigma"
)

// A Journal keeps what was read of every file of the evidence, piece by piece, so that another hunt
// need not read it again. A hunt comes to its result by taking in all pieces in the order of the
// evidence, those of the journal like those that were read just now: that is why a hunt which was
// interrupted and goes on comes to the same as one that was not. See docs/decisions/0032-cases.md.
//
// Its methods are called from one goroutine at a time, but for Pieces, which another one calls.
type Journal interface {
	// Recorded gives the files of which pieces are kept, sorted by path, and a secret that never
	// changes. Pieces that were made on other terms (rules, filters) do not count.
	Recorded(terms [sha256.Size]byte) (secret []byte, files []evidence.Kept, err error)
	// Pieces gives some of the pieces of a file, from the n-th on and in their order: at least one.
	Pieces(path string, n int) ([][]byte, error)
	// Begin forgets what is kept of a file: it is read from its beginning.
	Begin(evidence.Kept) error
	// Add keeps the n-th piece of a file, which was begun.
	Add(path string, n int, piece []byte) error
	// End says that a file was read to its end.
	End(evidence.Kept) error
	// Sync makes all that was told since the last time last, at once or not at all.
	Sync() error
}

// A JournalError is a journal that could not be read or written: the hunt has stopped because of it.
type JournalError struct{ Err error }

func (e *JournalError) Error() string { return fmt.Sprintf("keeping the case: %v", e.Err) }

// Unwrap gives the reason.
func (e *JournalError) Unwrap() error { return e.Err }

func journalError(err error) error {
	if err == nil {
		return nil
	}
	return &JournalError{err}
}

const (
	// syncPieces and syncBytes are after how many pieces, or bytes of evidence, what was read is made
	// to last: as much is read again after a power cut.
	syncPieces = 64
	syncBytes  = 8 << 20
)

// A journaling is a hunt with a journal.
type journaling struct {
	Journal
	secret []byte
	known  map[string]evidence.Kept // that have not changed since
	gone   map[string]bool          // those among them that are not in the evidence any more

	// What the collector has told the journal and not made to last.
	pieces int
	bytes  int64
	// unseen counts files that are gone and that behaviours would have to see again.
	unseen int
}

// A recording is one file of the evidence on its way through a hunt with a journal.
type recording struct {
	now      evidence.Kept // as it is today
	have     int           // pieces that the journal has
	complete bool
	gone     bool
	// broken says that a piece cannot be kept, and none after it.
	broken bool

	buffer [][]byte // of the next pieces
}

// openJournal looks which files of the evidence need not be read, and adds those to the listing that are
// no longer there: what was read of them still counts.
func (c *collector) openJournal(ctx context.Context, rules *sigma.Collection, listing *evidence.Listing) error {
	o := &c.opt
	if o.Journal == nil || o.lookOnly {
		return nil
	}
	terms, err := o.terms(rules)
	if err != nil {
		return journalError(err)
	}
	secret, files, err := o.Journal.Recorded(terms)
	if err != nil {
		return journalError(err)
	}
	j := &journaling{Journal: o.Journal, secret: secret, known: map[string]evidence.Kept{}, gone: map[string]bool{}}
	listed := make(map[string]bool, len(listing.Files))
	for _, f := range listing.Files {
		listed[f.Path] = true
	}
	var check []evidence.Kept
	for _, f := range files {
		switch _, err := os.Lstat(f.Path); {
		case listed[f.Path]:
			check = append(check, f)
		case errors.Is(err, os.ErrNotExist) && f.Pieces > 0:
			j.known[f.Path], j.gone[f.Path] = f, true
			listing.Files = append(listing.Files, evidence.File{Path: f.Path, Size: f.Size})
		}
	}
	slices.SortFunc(listing.Files, func(a, b evidence.File) int { return strings.Compare(a.Path, b.Path) })
	for _, f := range unchanged(ctx, check, o.workers()) {
		j.known[f.Path] = f
	}
	c.journal, c.secret = j, secret
	return nil
}

// unchanged gives those files that are as they were when they were read.
func unchanged(ctx context.Context, files []evidence.Kept, workers int) []evidence.Kept {
	same := make([]bool, len(files))
	next := make(chan int)
	var wg sync.WaitGroup
	for range min(workers, len(files)) {
		wg.Go(func() {
			for i := range next {
				same[i] = files[i].Unchanged(ctx)
			}
		})
	}
	for i := range files {
		next <- i
	}
	close(next)
	wg.Wait()
	var all []evidence.Kept
	for i, f := range files {
		if same[i] {
			all = append(all, f)
		}
	}
	return all
}

// open begins with a file of the evidence.
func (j *journaling) open(f evidence.File) *recording {
	r := &recording{now: evidence.Kept{Path: f.Path, Size: f.Size}}
	if known, ok := j.known[f.Path]; ok {
		r.now, r.have, r.complete, r.gone = known, known.Pieces, known.Complete, j.gone[f.Path]
		return r
	}
	if info, err := os.Stat(f.Path); err == nil {
		r.now.Size, r.now.Modified = info.Size(), info.ModTime()
	}
	return r
}

// replayed tells whether there is nothing to be read of a file.
func (r *recording) replayed() bool { return r.gone || r.complete && !r.now.Reread }

// piece gives what the journal has of the n-th piece; nil if it has not got it.
func (j *journaling) piece(r *recording, n int) ([]byte, error) {
	if n >= r.have {
		return nil, nil
	}
	if len(r.buffer) == 0 {
		var err error
		if r.buffer, err = j.Pieces(r.now.Path, n); err != nil {
			return nil, err
		}
		if len(r.buffer) == 0 {
			return nil, fmt.Errorf("%s: want %d pieces, found %d", r.now.Path, r.have, n)
		}
	}
	p := r.buffer[0]
	r.buffer = r.buffer[1:]
	return p, nil
}

// take keeps a piece that was read just now. Its file must not have been cut short.
func (j *journaling) take(r *result) error {
	rec := r.rec
	rec.now.Reread = rec.now.Reread || r.behaved
	if r.source != nil && r.source.path == rec.now.Path && r.check != "" {
		rec.now.Check = r.check
	}
	if r.piece < rec.have || rec.broken {
		return nil
	}
	if r.err != nil || r.encoded == nil {
		rec.broken = true
		return nil //nolint:nilerr // the piece is not kept; its error is in the hunt's result
	}
	if r.source == nil && r.file.Path == rec.now.Path {
		rec.broken = true // no evidence, or it cannot be read: that may change, and costs nothing to find out
		return nil
	}
	if r.piece == 0 {
		if err := j.Begin(rec.now); err != nil {
			return err
		}
	}
	if err := j.Add(rec.now.Path, r.piece, r.encoded); err != nil {
		return err
	}
	j.pieces++
	j.bytes += r.unit.End - r.unit.Start
	if j.pieces < syncPieces && j.bytes < syncBytes {
		return nil
	}
	return j.sync()
}

// end says that a file was read to its end.
func (j *journaling) end(r *result) error {
	rec := r.rec
	if rec.gone && rec.now.Reread {
		j.unseen++
	}
	if rec.broken || rec.complete || rec.gone || r.piece == 0 {
		return nil
	}
	rec.now.Pieces, rec.now.Complete = r.piece, true
	j.pieces++
	return j.End(rec.now)
}

func (j *journaling) sync() error {
	if j.pieces == 0 {
		return nil
	}
	j.pieces, j.bytes = 0, 0
	return j.Sync()
}

// notes says what of the case cannot be read any more.
func (j *journaling) notes() []string {
	var notes []string
	if n := len(j.gone); n > 0 {
		notes = append(notes, fmt.Sprintf("%s of the case: not there any more; what was read of it before counts", english.Count(n, "file")))
	}
	if j.unseen > 0 {
		notes = append(notes, fmt.Sprintf("behaviours have not seen %s of the case, which is not there any more", english.Count(j.unseen, "file")))
	}
	return notes
}
