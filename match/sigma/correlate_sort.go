package sigma

import (
	"bufio"
	"bytes"
	"container/heap"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
)

const (
	// sortChunk is the size of the pieces of memory that records are gathered in.
	sortChunk = 256 << 10
	// perRecord is what a record costs beside its bytes: its slice header.
	perRecord = 24
	// maxRuns is how many temporary files are merged at a time; more are merged into one before.
	maxRuns = 32
	// runBuffer is the read buffer of each of them.
	runBuffer = 32 << 10
)

// A sorter puts records in the order of their bytes, with a bound on memory: beyond it they are
// sorted and written to a temporary file (a run), and the runs are merged at the end.
type sorter struct {
	limit int64
	dir   string

	chunk   []byte
	recs    [][]byte
	used    int64
	runs    []*os.File
	spilled int64
}

// add takes a copy of a record.
func (s *sorter) add(rec []byte) error {
	if len(rec) > maxRecord {
		return fmt.Errorf("correlation: want a record of at most %d bytes, found %d", maxRecord, len(rec))
	}
	if s.used > 0 && s.used+int64(len(rec))+perRecord > s.limit {
		if err := s.spill(); err != nil {
			return err
		}
	}
	if cap(s.chunk)-len(s.chunk) < len(rec) {
		s.chunk = make([]byte, 0, max(len(rec), int(min(sortChunk, s.limit))))
	}
	at := len(s.chunk)
	s.chunk = append(s.chunk, rec...)
	s.recs = append(s.recs, s.chunk[at:len(s.chunk):len(s.chunk)])
	s.used += int64(len(rec)) + perRecord
	return nil
}

// inMemory tells whether the records that each hands out stay valid after the call.
func (s *sorter) inMemory() bool { return len(s.runs) == 0 }

// each calls f for every record in order, and ends at its first error.
func (s *sorter) each(f func(rec []byte) error) error {
	if s.inMemory() {
		slices.SortFunc(s.recs, bytes.Compare)
		for _, rec := range s.recs {
			if err := f(rec); err != nil {
				return err
			}
		}
		return nil
	}
	if len(s.recs) > 0 {
		if err := s.spill(); err != nil {
			return err
		}
	}
	return s.merge(f)
}

// spill writes all records in memory to a new run.
func (s *sorter) spill() error {
	slices.SortFunc(s.recs, bytes.Compare)
	err := s.writeRun(func(write func([]byte) error) error {
		for _, rec := range s.recs {
			if err := write(rec); err != nil {
				return err
			}
		}
		return nil
	})
	clear(s.recs) // lets go of the chunks
	s.chunk, s.recs, s.used = nil, s.recs[:0], 0
	if err != nil || len(s.runs) < maxRuns {
		return err
	}
	old := len(s.runs)
	if err := s.writeRun(func(write func([]byte) error) error { return s.merge(write) }); err != nil {
		return err
	}
	err = removeRuns(s.runs[:old])
	s.runs = append(s.runs[:0], s.runs[old:]...)
	return err
}

// writeRun makes a run of what fill writes: 4 bytes of length and the record, each.
func (s *sorter) writeRun(fill func(write func([]byte) error) error) (err error) {
	f, err := os.CreateTemp(s.dir, "aldebaran-correlate-*")
	if err != nil {
		return fmt.Errorf("correlation: making a temporary file: %w", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, removeRuns([]*os.File{f}))
		}
	}()
	w := bufio.NewWriterSize(f, 8*runBuffer)
	var head [4]byte
	err = fill(func(rec []byte) error {
		binary.LittleEndian.PutUint32(head[:], uint32(len(rec)))
		s.spilled += int64(len(rec)) + 4
		if _, err := w.Write(head[:]); err != nil {
			return fmt.Errorf("correlation: writing %s: %w", f.Name(), err)
		}
		if _, err := w.Write(rec); err != nil {
			return fmt.Errorf("correlation: writing %s: %w", f.Name(), err)
		}
		return nil
	})
	if err != nil {
		return err
	}
	if err := w.Flush(); err != nil {
		return fmt.Errorf("correlation: writing %s: %w", f.Name(), err)
	}
	s.runs = append(s.runs, f)
	return nil
}

// merge reads all runs together. The record that f gets is valid until it returns.
func (s *sorter) merge(f func(rec []byte) error) error {
	var h runHeap
	for _, file := range s.runs {
		if _, err := file.Seek(0, io.SeekStart); err != nil {
			return fmt.Errorf("correlation: reading %s: %w", file.Name(), err)
		}
		r := &runReader{name: file.Name(), r: bufio.NewReaderSize(file, runBuffer)}
		more, err := r.next()
		if err != nil {
			return err
		}
		if more {
			h = append(h, r)
		}
	}
	heap.Init(&h)
	for len(h) > 0 {
		if err := f(h[0].rec); err != nil {
			return err
		}
		more, err := h[0].next()
		if err != nil {
			return err
		}
		if more {
			heap.Fix(&h, 0)
		} else {
			heap.Pop(&h)
		}
	}
	return nil
}

// close removes the runs.
func (s *sorter) close() error {
	err := removeRuns(s.runs)
	s.runs, s.recs, s.chunk, s.used = nil, nil, nil, 0
	return err
}

func removeRuns(files []*os.File) error {
	var errs []error
	for _, f := range files {
		errs = append(errs, f.Close(), os.Remove(f.Name()))
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("correlation: removing temporary files: %w", err)
	}
	return nil
}

// A runReader is one run and the record that it stands at.
type runReader struct {
	name string
	r    *bufio.Reader
	rec  []byte
}

// next reads the next record; false at the end of the run.
func (r *runReader) next() (bool, error) {
	var head [4]byte
	if _, err := io.ReadFull(r.r, head[:]); err != nil {
		if errors.Is(err, io.EOF) {
			return false, nil
		}
		return false, fmt.Errorf("correlation: reading %s: %w", r.name, err)
	}
	n := binary.LittleEndian.Uint32(head[:])
	if n > maxRecord {
		return false, fmt.Errorf("correlation: reading %s: want a record of at most %d bytes, found %d", r.name, maxRecord, n)
	}
	r.rec = slices.Grow(r.rec[:0], int(n))[:n]
	if _, err := io.ReadFull(r.r, r.rec); err != nil {
		return false, fmt.Errorf("correlation: reading %s: %w", r.name, err)
	}
	return true, nil
}

// runHeap has the run with the least record on top.
type runHeap []*runReader

func (h runHeap) Len() int           { return len(h) }
func (h runHeap) Less(i, k int) bool { return bytes.Compare(h[i].rec, h[k].rec) < 0 }
func (h runHeap) Swap(i, k int)      { h[i], h[k] = h[k], h[i] }
func (h *runHeap) Push(x any)        { *h = append(*h, x.(*runReader)) }
func (h *runHeap) Pop() any {
	last := (*h)[len(*h)-1]
	*h = (*h)[:len(*h)-1]
	return last
}
