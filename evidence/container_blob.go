package evidence

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"unicode"

	"aldebaran/event"
)

const (
	// maxInMemory is the largest member that is held in memory; maxHeld bounds all that are at the
	// same time.
	maxInMemory = 16 << 20
	maxHeld     = 64 << 20
	// maxBoxInMemory is the largest archive inside another that is held in memory, beside maxHeld:
	// there are at most maxNesting of them at the same time.
	maxBoxInMemory = 4 << 20
	// maxDeflate is how many times its size deflated data can grow (RFC 1951: 258 bytes for 2 bits).
	maxDeflate = 1032
	// readSize is how much of a packed file is read at once.
	readSize = 64 << 10
)

// A gate bounds how much memory is held.
type gate struct {
	mu    sync.Mutex
	free  int64
	freed chan struct{} // has an element after something was given back
}

func newGate(n int64) *gate { return &gate{free: n, freed: make(chan struct{}, 1)} }

// take waits until n bytes are free, and takes them. One goroutine at a time gets as much as is
// held at most.
func (g *gate) take(ctx context.Context, n int64) error {
	for {
		g.mu.Lock()
		ok := g.free >= n
		if ok {
			g.free -= n
		}
		g.mu.Unlock()
		if ok {
			return nil
		}
		select {
		case <-g.freed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (g *gate) give(n int64) {
	g.mu.Lock()
	g.free += n
	g.mu.Unlock()
	select {
	case g.freed <- struct{}{}:
	default: // somebody will look anyway
	}
}

// opened is a member that is being unpacked. taken says how many bytes of its container that took.
type opened struct {
	io.Reader
	closer io.Closer
	taken  func() int64
}

func (o *opened) close() {
	if o.closer != nil {
		_ = o.closer.Close() // a decompressor: there is nothing to lose
	}
}

// head gives the first bytes, as many as decide the format.
func (x *expansion) head(b *blob) ([]byte, error) {
	if b.at != nil {
		head := make([]byte, min(max(b.size, 0), headSize))
		n, err := b.at.ReadAt(head, 0)
		if errors.Is(err, io.EOF) {
			err = nil
		}
		return head[:n], err
	}
	r, err := x.reader(b)
	if err != nil {
		return nil, err
	}
	head, err := r.Peek(headSize)
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return head, err
}

// reader gives the one reader by which the blob is first read; for blobs without at. What it
// unpacks is counted.
func (x *expansion) reader(b *blob) (*bufio.Reader, error) {
	if b.r != nil {
		return b.r, nil
	}
	from := b.once
	if from == nil {
		o, err := b.open()
		if err != nil {
			return nil, err
		}
		b.first = o
		from = &meter{x: x, r: o, packed: o.taken}
	}
	if n := len(x.free); n > 0 {
		b.r, x.free = x.free[n-1], x.free[:n-1]
		b.r.Reset(from)
	} else {
		b.r = bufio.NewReaderSize(from, headSize)
	}
	return b.r, nil
}

// close ends the first reading of a blob.
func (x *expansion) close(b *blob) {
	if b.r != nil {
		b.r.Reset(nil)
		x.free = append(x.free, b.r)
		b.r = nil
	}
	if b.first != nil {
		b.first.close()
		b.first = nil
	}
}

// source opens a log. Small ones are held in memory. Large ones are read while they are unpacked if
// their format is read forward only; the others go to a temporary file.
func (x *expansion) source(b *blob, format int) error {
	s := &Source{Path: b.path, Size: b.size, Format: formats[format].name, format: format}
	handed := false
	defer func() {
		if !handed && s.close != nil {
			s.close()
		}
	}()
	var err error
	switch {
	case b.at != nil:
		x.left -= b.size
		s.at, s.close = b.at, b.store.hold().release
	default:
		err = x.unpack(b, s)
	}
	if err == nil {
		opt := x.opener.opt
		opt.newest = b.mod
		s.log, err = formats[format].open(s.at, s.Size, b.path, opt)
	}
	if err != nil {
		return err
	}
	handed = true
	x.give(b.path, s.Size, s, nil)
	if s.passing != nil {
		<-s.passing // the stream goes on only when this member was read
	}
	return nil
}

// unpack makes a member readable: sets at, close and Size of its source.
func (x *expansion) unpack(b *blob, s *Source) error {
	r, err := x.reader(b)
	if err != nil {
		return err
	}
	if b.size <= maxInMemory { // also if it is not known
		return x.small(b, r, s)
	}
	return x.large(b, r, s)
}

// small holds a member in memory, unless it turns out to be large.
func (x *expansion) small(b *blob, r *bufio.Reader, s *Source) error {
	held := int64(maxInMemory)
	if b.size >= 0 {
		held = b.size
	}
	gate := x.opener.gate
	if err := gate.take(x.ctx, held); err != nil {
		return err
	}
	kept := int64(0)
	defer func() { gate.give(held - kept) }()
	var buf bytes.Buffer
	// A directory may say what it likes: no more than can be packed in so few bytes is made ready.
	room := min(max(b.size, b.claimed), maxInMemory)
	if b.packed > 0 {
		room = min(room, b.packed*maxDeflate)
	}
	buf.Grow(int(room) + bytes.MinRead)
	n, err := io.CopyN(&buf, r, held)
	if err == nil && b.size < 0 {
		if _, e := r.Peek(1); e == nil {
			// Too large: what was read stands before the rest.
			rest := bufio.NewReaderSize(io.MultiReader(bytes.NewReader(buf.Bytes()), r), headSize)
			return x.large(b, rest, s)
		}
	}
	data := buf.Bytes()
	if cap(data)-len(data) > len(data)/4 {
		data = bytes.Clone(data) // no more is held than was counted
	}
	s.ended(b, n, err, r)
	s.at, s.Size = bytes.NewReader(data), n
	s.close = func() { gate.give(n) }
	kept = n
	return nil
}

// large opens a member that is too large for memory.
func (x *expansion) large(b *blob, r *bufio.Reader, s *Source) error {
	switch {
	case formats[s.format].random:
		return x.spool(b, r, s)
	case b.open != nil:
		return x.again(b, r, s)
	case b.size < 0:
		return x.spool(b, r, s) // its size is needed, and it cannot be read twice
	}
	return x.passing(b, r, s)
}

// ended puts down why a member ended where it did, if not as it should: n bytes were read of it.
func (s *Source) ended(b *blob, n int64, err error, r *bufio.Reader) {
	if err == nil || errors.Is(err, io.EOF) {
		// The end comes with a checksum; and there should be no more.
		_, err = r.Peek(1)
		if err == nil {
			err = errors.New("more")
		}
	}
	want, size := "the whole member", max(b.size, b.claimed)
	if size > 0 {
		want = fmt.Sprintf("%d bytes", size)
	}
	switch {
	case errors.Is(err, io.EOF) && (size <= 0 || n == size):
	case errors.Is(err, io.EOF):
		s.note(n, want, fmt.Sprintf("%d", n))
	default:
		s.note(n, want, fmt.Sprintf("%d and then: %v", n, err))
	}
}

func (s *Source) note(at int64, want, found string) {
	s.damage = append(s.damage, event.Damage{Path: s.Path, Offset: at, Chunk: -1, What: "packed member", Want: want, Found: found, Lost: -1})
}

// again reads a member once to learn its size and whether it is whole, and lets it be read from the
// beginning then.
func (x *expansion) again(b *blob, r *bufio.Reader, s *Source) error {
	st := &stream{open: b.open, check: b.size >= 0}
	head, err := r.Peek(min(headSize, r.Size()))
	if err != nil && len(head) == 0 {
		return err
	}
	st.head = bytes.Clone(head)
	if b.size >= 0 {
		// A directory has the size. What is wrong with the contents shows when they are read.
		s.Size = b.size
		x.left -= b.size
		if b.packed > 0 && b.size > ratioFrom && b.size/maxRatio > b.packed {
			return fmt.Errorf("want at most %d times the packed size of %d bytes, found %d", maxRatio, b.packed, b.size)
		}
	} else {
		n, err := io.Copy(io.Discard, r)
		s.Size = n
		s.ended(b, n, err, r)
	}
	st.size = s.Size
	store := b.store.hold()
	s.at, s.stream = st, st
	s.close = func() { st.close(); store.release() }
	return nil
}

// passing lets a member be read while it passes by; whoever hands it on waits until that is done.
func (x *expansion) passing(b *blob, r *bufio.Reader, s *Source) error {
	head, err := r.Peek(min(headSize, r.Size()))
	if err != nil && !errors.Is(err, io.EOF) && len(head) == 0 {
		return err
	}
	st := &stream{head: bytes.Clone(head), r: r, size: b.size, check: true}
	s.Size, s.at, s.stream, s.passing = b.size, st, st, make(chan struct{})
	s.close = func() { close(s.passing) }
	return nil
}

// spool writes a member to a temporary file without a name.
func (x *expansion) spool(b *blob, r *bufio.Reader, s *Source) error {
	if b.size > maxSpool {
		return fmt.Errorf("want at most %d bytes for a temporary file, found %d", int64(maxSpool), b.size)
	}
	f, err := newSpool(x.opener.opt.TempDir)
	if err != nil {
		return err
	}
	n, err := io.Copy(f.file, io.LimitReader(r, maxSpool))
	if e := spaceError(err); e != nil {
		f.close()
		return e
	}
	s.ended(b, n, err, r)
	s.at, s.Size = f.file, n
	s.close = f.close
	return nil
}

// A spool is a temporary file. Where the system allows it, it has no name any more.
type spool struct {
	file *os.File
	name string // to be removed; "" if that is done
}

func newSpool(dir string) (*spool, error) {
	f, err := os.CreateTemp(dir, "aldebaran-*")
	if err != nil {
		return nil, fmt.Errorf("temporary file: %w", withoutPath(err))
	}
	s := &spool{file: f}
	if os.Remove(f.Name()) != nil {
		s.name = f.Name()
	}
	return s, nil
}

// close gives the space back. Nothing in the file is needed any more, so that errors do not matter.
func (s *spool) close() {
	_ = s.file.Close()
	if s.name != "" {
		_ = os.Remove(s.name)
	}
}

// settle gives the bytes of an archive at any place; they stay until c.store is released.
func (x *expansion) settle(c *box) (at io.ReaderAt, size int64, err error) {
	b := c.b
	switch {
	case b.at != nil:
		return b.at, b.size, nil
	case b.raw != nil:
		return b.raw, b.raw.Size(), nil
	}
	r, err := x.reader(b)
	if err != nil {
		return nil, 0, err
	}
	var buf bytes.Buffer
	n, err := io.CopyN(&buf, r, maxBoxInMemory)
	if err != nil {
		if !errors.Is(err, io.EOF) {
			c.note(n, "packed member", "the whole member", fmt.Sprintf("%d bytes and then: %v", n, err), -1)
		}
		return bytes.NewReader(buf.Bytes()), n, nil
	}
	f, err := newSpool(x.opener.opt.TempDir)
	if err != nil {
		return nil, 0, err
	}
	c.store.release()
	c.store = newShared(f.close)
	n, err = io.Copy(f.file, io.LimitReader(io.MultiReader(&buf, r), maxSpool+1))
	switch {
	case spaceError(err) != nil:
		return nil, 0, spaceError(err)
	case err != nil:
		c.note(n, "packed member", "the whole member", fmt.Sprintf("%d bytes and then: %v", n, err), -1)
	case n > maxSpool:
		c.note(n, "packed member", fmt.Sprintf("at most %d bytes", int64(maxSpool)), "more", -1)
	}
	return f.file, n, nil
}

// spaceError is the error of a temporary file that could not be written, nil for any other.
func spaceError(err error) error {
	var e *os.PathError
	if errors.As(err, &e) && e.Op == "write" {
		return fmt.Errorf("temporary file: %w", e.Err)
	}
	return nil
}

// A stream is a member that is unpacked while it is read: an io.ReaderAt for whoever reads forward
// only. The beginning can be read again and again, because it decides the format.
type stream struct {
	open func() (*opened, error) // nil if r is all there is
	head []byte
	size int64
	// check says that size is what a directory has: whether the member really ends there is not known.
	check bool

	// By the one goroutine that reads.
	r      io.Reader
	opened *opened
	pos    int64 // of r
	err    error // why it ended before its size
}

// ReadAt reads forward from the last place; going back is slow, or an error.
func (s *stream) ReadAt(p []byte, off int64) (int, error) {
	if off < 0 {
		return 0, fmt.Errorf("want a place in the file, found %d", off)
	}
	if off >= s.size {
		return 0, io.EOF
	}
	eof := false
	if room := s.size - off; int64(len(p)) > room {
		p, eof = p[:room], true
	}
	n := 0
	if off < int64(len(s.head)) {
		n = copy(p, s.head[off:])
	}
	if n < len(p) {
		m, err := s.forward(p[n:], off+int64(n))
		n += m
		if err != nil {
			return n, err
		}
	}
	if eof {
		return n, io.EOF
	}
	return n, nil
}

func (s *stream) forward(p []byte, off int64) (int, error) {
	if s.r == nil || off < s.pos {
		if s.open == nil {
			if s.r == nil || off < s.pos {
				return 0, fmt.Errorf("want to read forward from %d, found %d", s.pos, off)
			}
		} else if err := s.reopen(); err != nil {
			return 0, s.failed(err)
		}
	}
	if skip := off - s.pos; skip > 0 {
		n, err := io.CopyN(io.Discard, s.r, skip)
		s.pos += n
		if err != nil {
			return 0, s.failed(err)
		}
	}
	n, err := io.ReadFull(s.r, p)
	s.pos += int64(n)
	if err != nil {
		return n, s.failed(err)
	}
	if s.pos == s.size && s.check {
		// The end comes with a checksum.
		var one [1]byte
		if n, err := s.r.Read(one[:]); err != nil && !errors.Is(err, io.EOF) {
			_ = s.failed(err)
		} else if n > 0 {
			_ = s.failed(errors.New("more"))
		}
	}
	return n, nil
}

func (s *stream) reopen() error {
	s.close()
	r, err := s.open()
	if err != nil {
		return err
	}
	s.r, s.opened, s.pos = r, r, 0
	return nil
}

// failed keeps the reason, and makes an end of it: what was unpacked before is read.
func (s *stream) failed(err error) error {
	if s.err == nil {
		s.err = err
	}
	return io.EOF
}

func (s *stream) close() {
	if s.opened != nil {
		s.opened.close()
	}
	s.r, s.opened = nil, nil
}

// A meter counts what is unpacked, and stops where it is too much.
type meter struct {
	x        *expansion
	r        io.Reader
	packed   func() int64
	unpacked int64
}

func (m *meter) Read(p []byte) (int, error) {
	if err := m.x.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := m.r.Read(p)
	m.unpacked += int64(n)
	m.x.left -= int64(n)
	switch {
	case m.x.left < 0:
		return n, errTotal
	case m.unpacked > ratioFrom && m.unpacked/maxRatio > m.packed():
		return n, fmt.Errorf("limit of %d times the packed size reached", maxRatio)
	}
	return n, err
}

// A tally counts what is read of a file, ahead of what is used.
type tally struct {
	r io.Reader
	n int64
}

func (t *tally) Read(p []byte) (int, error) {
	n, err := t.r.Read(p)
	t.n += int64(n)
	return n, err
}

// A counter counts what is used, to the byte.
type counter struct {
	r *bufio.Reader
	n int64
}

func newCounter(r io.Reader) *counter { return &counter{r: bufio.NewReaderSize(r, readSize)} }

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}

// ReadByte keeps decompressors from reading more than they need.
func (c *counter) ReadByte() (byte, error) {
	b, err := c.r.ReadByte()
	if err == nil {
		c.n++
	}
	return b, err
}

func unprintable(r rune) bool { return r == unicode.ReplacementChar || !unicode.IsPrint(r) }
