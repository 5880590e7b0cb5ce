package evidence

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"strings"
	"sync/atomic"
	"time"

	"aldebaran/event"
)

// What may be in a container is bounded, because an intruder may have packed it. All of these are
// told in the result when they are reached.
const (
	// maxNesting is how deep containers may stand in one another: a rotated log in the archive of a
	// host in the collection of a case needs 3. A packed tar counts as one.
	maxNesting = 6
	// maxMembers is how many members all containers in one file may have together; the collection
	// of a whole disk has some 100,000.
	maxMembers = 1 << 20
	// maxRatio bounds how often a container may be larger unpacked than packed. Text logs reach 50,
	// empty event logs 500 but are small; zeros reach 1030 in zip, and any figure in zstd.
	maxRatio = 250
	// ratioFrom is the unpacked size of a member at which its ratio is looked at, totalFrom that of
	// everything in one file, where each member may have its own ratio.
	ratioFrom = 256 << 20
	totalFrom = 1 << 30
	// maxUnpacked bounds everything in one file whatever its size.
	maxUnpacked = 1 << 40
	// maxSpool is the largest member that goes to a temporary file: those that are not read forward
	// only, which are event logs and archives in archives. Event logs end at 4 GiB by their format.
	maxSpool = 8 << 30
	// maxName is how many bytes of a member's name are shown.
	maxName = 1024
	// maxTold is how many places are listed for one container; the others are counted.
	maxTold = 100
)

var (
	// ErrEncrypted is a member of a container that needs a password.
	ErrEncrypted = errors.New("encrypted")
	// ErrContainer is what [Open] says of a file that holds others; [Opener.Each] reads it.
	ErrContainer = errors.New("a container of other files")

	errTotal = errors.New("limit of unpacked bytes reached")
)

// A Found is a source, or a file that is none and why.
type Found struct {
	File   File
	Source *Source
	// Err says why there is no source; errors.Is tells [ErrEmpty], [ErrUnknown], [ErrEncrypted].
	Err error
}

// An Opener opens files and what stands in containers: archives and packed files, also in one
// another. It bounds the memory that members take which are being read. Safe for concurrent use.
type Opener struct {
	opt  Options
	gate *gate
}

// NewOpener makes an opener.
func NewOpener(opt Options) *Opener {
	return &Opener{opt: opt, gate: newGate(maxHeld)}
}

// Each opens a file and hands on what it is. For a container that is every member, and then the
// container itself as a source without events, which tells what is wrong with it. Members have the
// container's path before theirs, with "!" between. They come sorted by name where the container
// has a directory, else in the order in which they stand.
//
// Whoever is handed a source must close it, in whatever goroutine: Each waits for that where a
// member can only be read while it passes by, and where too much memory is held. It stops when
// hand says false or the context ends.
func (o *Opener) Each(ctx context.Context, f File, hand func(Found) bool) { o.each(ctx, f, "", hand) }

// Find opens the source that has a path, which may be in a container, as events have it. use may
// read it until it returns.
func Find(ctx context.Context, path string, opt Options, use func(*Source) error) error {
	outer := path
	for i, c := range path {
		if info, err := os.Stat(path[:i]); c == '!' && err == nil && info.Mode().IsRegular() {
			outer = path[:i]
			break
		}
	}
	err := fmt.Errorf("no such file in %s", outer)
	NewOpener(opt).each(ctx, File{Path: outer}, path, func(f Found) bool {
		switch {
		case f.File.Path != path:
		case f.Err != nil:
			err = f.Err
		default:
			err = use(f.Source)
		}
		if f.Source != nil {
			_ = f.Source.Close() // opened for reading only
		}
		return f.File.Path != path
	})
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}

// each is Each; if only is not "", members are passed by that neither have that path nor hold it.
func (o *Opener) each(ctx context.Context, f File, only string, hand func(Found) bool) {
	file, err := os.Open(f.Path)
	if err != nil {
		hand(Found{File: f, Err: fmt.Errorf("opening for reading: %w", withoutPath(err))})
		return
	}
	s, err := safely(func() (*Source, error) { return open(file, f.Path, o.opt) })
	if !errors.Is(err, ErrContainer) {
		if err != nil {
			_ = file.Close() // nothing was written: closing cannot lose anything
		}
		hand(Found{File: f, Source: s, Err: err})
		return
	}
	outer := newShared(func() { _ = file.Close() }) // opened for reading only: closing cannot lose anything
	defer outer.release()
	info, err := file.Stat()
	if err != nil {
		hand(Found{File: f, Err: fmt.Errorf("asking for the size: %w", withoutPath(err))})
		return
	}
	size := info.Size()
	x := &expansion{
		ctx: ctx, opener: o, hand: hand, file: f, size: size, only: only,
		left: min(max(totalFrom, size*maxRatio), maxUnpacked),
	}
	x.look(&blob{path: f.Path, name: base(f.Path), size: size, mod: info.ModTime(), at: file, store: outer}, 0)
}

// shared is what members are read from, a file or a temporary one: open until the last of its users
// releases it.
type shared struct {
	close func()
	refs  atomic.Int64
}

// newShared has one user.
func newShared(closing func()) *shared {
	s := &shared{close: closing}
	s.refs.Store(1)
	return s
}

func (s *shared) hold() *shared {
	s.refs.Add(1)
	return s
}

func (s *shared) release() {
	if s.refs.Add(-1) == 0 {
		s.close()
	}
}

// A blob is the bytes of a file or a member, in one of three ways: at any place (at), from the
// beginning again and again (open), or only once, while they pass by (once).
type blob struct {
	// path is what events will show; name the last part of it, by which what is packed in it goes.
	path, name string
	size       int64 // -1 if it is not known
	claimed    int64 // what a directory says of the size; 0 if it says nothing
	packed     int64 // bytes in its container; 0 if not known
	mod        time.Time
	at         io.ReaderAt
	open       func() (*opened, error)
	once       io.Reader
	// raw gives the bytes at any place without a check of them, for what checks itself; may be nil.
	raw *io.SectionReader
	// store is what at, open and raw read from.
	store *shared

	r     *bufio.Reader // the first reading of it
	first *opened       // what is behind that, to be closed
}

// A box is a container that is being read.
type box struct {
	b      *blob
	format string
	depth  int
	store  *shared // what its members are read from
	damage []event.Damage
	more   int // damage beyond maxTold
}

func (c *box) note(at int64, what, want, found string, lost int) {
	if len(c.damage) >= maxTold {
		c.more++
		return
	}
	c.damage = append(c.damage, event.Damage{Path: c.b.path, Offset: at, Chunk: -1, What: what, Want: want, Found: found, Lost: lost})
}

// An expansion is the reading of one outermost file.
type expansion struct {
	ctx    context.Context //nolint:containedctx // one call of Each, not kept beyond it
	opener *Opener
	hand   func(Found) bool
	file   File
	size   int64
	only   string

	left    int64 // bytes that may still be unpacked
	members int
	stopped bool
	// at says how far the outermost file was read; told is what members were told to stand for.
	at   func() int64
	told int64
	free []*bufio.Reader // not used at the moment
}

// done tells whether there is nothing more to do.
func (x *expansion) done() bool { return x.stopped || x.ctx.Err() != nil }

// give hands on a source or the reason for none. The outermost file's bytes that were read since
// the last time count as done with it.
func (x *expansion) give(path string, size int64, s *Source, err error) {
	if x.done() {
		if s != nil {
			_ = s.Close() // opened for reading only
		}
		return
	}
	f := File{Path: path, Size: max(size, 0), Packed: true}
	if path == x.file.Path {
		f = x.file
		f.Packed, f.Part = true, x.size-x.told
	} else if x.at != nil {
		f.Part = max(min(x.at(), x.size)-x.told, 0)
		x.told += f.Part
	}
	if !x.hand(Found{File: f, Source: s, Err: err}) {
		x.stopped = true
	}
}

// look finds out what a blob is and reads it, or says why not.
func (x *expansion) look(b *blob, depth int) {
	_, err := safely(func() (*Source, error) {
		defer x.close(b)
		return nil, x.lookInto(b, depth)
	})
	if err != nil {
		x.give(b.path, b.size, nil, err)
	}
}

func (x *expansion) lookInto(b *blob, depth int) error {
	head, err := x.head(b)
	switch {
	case err != nil && len(head) == 0:
		return err
	case len(head) == 0:
		return ErrEmpty
	}
	if k := containerOf(head); k != nil {
		return x.box(b, *k, depth)
	}
	i := formatOf(head)
	if i < 0 {
		return ErrUnknown
	}
	return x.source(b, i)
}

// safely makes an error of a crash: our bug, or that of a library, and perhaps the intruder's doing.
// It costs one member, or what is left of one container.
func safely(f func() (*Source, error)) (s *Source, err error) {
	defer func() {
		if p := recover(); p != nil {
			s, err = nil, fmt.Errorf("internal error: %v", p)
		}
	}()
	return f()
}

// box reads a container: first what is in it, then what is wrong with it.
func (x *expansion) box(b *blob, k container, depth int) error {
	if depth >= maxNesting {
		return fmt.Errorf("want containers at most %d deep in one another, found more", maxNesting)
	}
	c := &box{b: b, format: k.name, depth: depth, store: b.store.hold()}
	defer func() { c.store.release() }()
	_, err := safely(func() (*Source, error) { k.read(x, c); return nil, nil })
	if err != nil {
		c.note(0, "container", "no crash of its reader", err.Error(), -1)
	}
	if x.left <= 0 {
		c.damage = append(c.damage, event.Damage{Path: b.path, Chunk: -1, What: "container", Want: "all members read",
			Found: "the limit of unpacked bytes or of members was reached before", Lost: -1})
	}
	if c.more > 0 {
		last := &c.damage[len(c.damage)-1]
		*last = event.Damage{Path: b.path, Offset: last.Offset, Chunk: -1, What: "container", Want: "no damage",
			Found: fmt.Sprintf("%d more places that are not listed", c.more+1), Lost: -1}
	}
	s := &Source{Path: b.path, Size: max(b.size, 0), Format: c.format, log: boxLog(c.damage), format: -1, close: func() {}}
	if depth == 0 {
		s.at, s.close = b.at, b.store.hold().release
	}
	x.give(b.path, b.size, s, nil)
	return nil
}

// boxLog is a container as a log: there is nothing to read in it but its members.
type boxLog []event.Damage

func (l boxLog) Units() []event.Unit    { return nil }
func (l boxLog) Damage() []event.Damage { return l }

// member reads one member of a container. Its name is only shown; nothing is ever written by it.
func (x *expansion) member(c *box, name string, m *blob) {
	if x.full() {
		return
	}
	if x.members++; x.members > maxMembers {
		if x.members == maxMembers+1 {
			c.note(0, "members", fmt.Sprintf("at most %d", maxMembers), "more", -1)
		}
		x.left = -1
		return
	}
	if what := escapes(name); what != "" {
		c.note(0, "name of a member", "a path inside the container", what+": "+shown(name), 0)
	}
	m.path = c.b.path + "!" + shown(name)
	m.name, m.store = base(name), c.store
	if m.size > x.left {
		// Only this one: it must not hide the others.
		c.note(0, "member", fmt.Sprintf("at most %d bytes unpacked", x.left), fmt.Sprintf("%d: %s", m.size, shown(name)), -1)
		return
	}
	if x.only != "" && x.only != m.path && !strings.HasPrefix(x.only, m.path+"!") {
		return
	}
	x.look(m, c.depth+1)
}

// full tells whether no more may be unpacked.
func (x *expansion) full() bool { return x.left <= 0 || x.done() }

// base is the last part of a path of any system.
func base(name string) string { return path.Base(strings.ReplaceAll(name, "\\", "/")) }

// escapes says what is wrong with a name that points out of its container.
func escapes(name string) string {
	slashed := strings.ReplaceAll(name, "\\", "/")
	switch {
	case strings.IndexByte(name, 0) >= 0:
		return "a zero byte"
	case strings.HasPrefix(slashed, "/"):
		return "an absolute path"
	case len(slashed) >= 2 && slashed[1] == ':':
		return "a drive letter"
	}
	for part := range strings.SplitSeq(slashed, "/") {
		if part == ".." {
			return "a way up"
		}
	}
	return ""
}

// shown is a member's name as it is shown: whatever does not print is escaped, and what is too long
// is cut.
func shown(name string) string {
	cut := ""
	if len(name) > maxName {
		cut = fmt.Sprintf("...(%d bytes)", len(name))
		name = strings.ToValidUTF8(name[:maxName], "")
	}
	if strings.IndexFunc(name, unprintable) < 0 {
		return name + cut
	}
	var b strings.Builder
	for i, r := range name {
		switch {
		case !unprintable(r):
			b.WriteRune(r)
		case r == '\uFFFD':
			fmt.Fprintf(&b, `\x%02x`, name[i])
		case r < 0x100:
			fmt.Fprintf(&b, `\x%02x`, r)
		default:
			fmt.Fprintf(&b, `\u{%x}`, r)
		}
	}
	return b.String() + cut
}
