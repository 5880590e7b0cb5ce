// Package evidence turns what an analyst has, files and folders of them, into events. In go paths;
// out come sources whose format was recognised by their contents, their events, and for every file
// that is none the reason why.
//
// Files are opened for reading only. formats.go lists the formats.
package evidence

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"aldebaran/event"
	"aldebaran/evidence/lines"
)

// Options are choices of how evidence is read; the zero value is right.
type Options struct {
	// Recover reads deleted records that are still there too, and marks their events.
	Recover bool
	// Zone is that of times which do not say theirs; nil means UTC, and that it is assumed.
	Zone *time.Location
	// newest is when the file at hand was last written, for dates without a year.
	newest time.Time
	// TempDir is where members of containers go that are too large for memory; "" is the system's.
	TempDir string
}

func (o Options) lines() lines.Options { return lines.Options{Zone: o.Zone, Newest: o.newest} }

var (
	// ErrEmpty is a file of no bytes.
	ErrEmpty = errors.New("empty file")
	// ErrUnknown is a file that no reader knows.
	ErrUnknown = errors.New("unknown format")
)

// headSize is how much of a file decides its format: an EVTX file whose header was destroyed is
// recognised by its first chunks, of 64 KiB each.
const headSize = 128 << 10

// firstLook is how much is read first; it is enough for every file that is not damaged.
const firstLook = 4 << 10

// A Source is one opened file of a known format.
type Source struct {
	// Path is the file as the user named it; parts inside containers follow after "!".
	Path string
	// Size is the number of bytes in the file when it was opened; of a member, when unpacked.
	Size int64
	// Format is the name of the format: "evtx"; or that of a container: "zip".
	Format string

	at     io.ReaderAt
	close  func()
	log    log
	format int            // index in formats; -1 is a container, which has no units
	damage []event.Damage // beside that of the log

	// Of a member that is read while it is unpacked.
	stream  *stream
	passing chan struct{} // closed with the source, if the member can be read only once
}

// Open opens a file and recognises its format. The errors are [ErrEmpty], [ErrUnknown], that of the
// file system, or the format's own if the file is nothing that can be read; errors.Is tells.
func Open(path string, opt Options) (*Source, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("opening for reading: %w", withoutPath(err))
	}
	s, err := open(file, path, opt)
	if err != nil {
		// Nothing was written: closing cannot lose anything.
		_ = file.Close()
		return nil, err
	}
	return s, nil
}

func open(file *os.File, path string, opt Options) (*Source, error) {
	info, err := file.Stat()
	if err != nil {
		return nil, fmt.Errorf("asking for the size: %w", withoutPath(err))
	}
	if info.Size() == 0 {
		return nil, ErrEmpty
	}
	head, err := readHead(file, info.Size())
	if err != nil {
		return nil, fmt.Errorf("reading the beginning: %w", withoutPath(err))
	}
	if containerOf(head) != nil {
		return nil, ErrContainer
	}
	i := formatOf(head)
	if i < 0 {
		return nil, ErrUnknown
	}
	opt.newest = info.ModTime()
	log, err := formats[i].open(file, info.Size(), path, opt)
	if err != nil {
		return nil, err
	}
	return &Source{
		Path: path, Size: info.Size(), Format: formats[i].name, at: file, log: log, format: i,
		close: func() { _ = file.Close() }, // opened for reading only: closing cannot lose anything
	}, nil
}

// readHead gives the beginning of a file: firstLook if that says what it is, else headSize.
func readHead(r io.ReaderAt, size int64) ([]byte, error) {
	head := make([]byte, min(size, firstLook))
	for {
		n, err := r.ReadAt(head, 0)
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, err
		}
		head = head[:n]
		if n < firstLook || int64(n) == min(size, headSize) || containerOf(head) != nil || formatOf(head) >= 0 {
			return head, nil
		}
		head = make([]byte, min(size, headSize))
	}
}

// formatOf gives the index of the format of a file that begins with head, -1 if there is none.
func formatOf(head []byte) int {
	for _, n := range [...]int{firstLook, headSize} {
		for i := range formats {
			if formats[i].sniff(head[:min(n, len(head))]) {
				return i
			}
		}
		if len(head) <= n {
			break
		}
	}
	return -1
}

// Units gives the pieces of the source that can be read by themselves.
func (s *Source) Units() []event.Unit {
	units := s.log.Units()
	if s.stream != nil && len(units) > 1 {
		// It can be read forward only.
		return []event.Unit{{Start: units[0].Start, End: units[len(units)-1].End}}
	}
	return units
}

// Container tells whether the source is a container: it has no events, only damage.
func (s *Source) Container() bool { return s.format < 0 }

// Damage lists what is wrong with the file as a whole.
func (s *Source) Damage() []event.Damage { return slices.Concat(s.damage, s.log.Damage()) }

// SHA256 reads the whole file and gives its digest in hexadecimal digits; "" for a member that can
// be read only once, and for containers inside others.
func (s *Source) SHA256(ctx context.Context) (string, error) {
	if s.at == nil || s.passing != nil {
		return "", nil
	}
	h := sha256.New()
	if err := hashAll(ctx, io.NewSectionReader(s.at, 0, s.Size), h); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// hashAll feeds all of r to a hash, until the context ends.
func hashAll(ctx context.Context, r io.Reader, h io.Writer) error {
	buf := make([]byte, 64<<10)
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		n, err := r.Read(buf)
		_, _ = h.Write(buf[:n]) // a hash never fails (hash.Hash)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("hashing: %w", withoutPath(err))
		}
	}
}

// Close closes the file.
func (s *Source) Close() error {
	s.close()
	return nil
}

// A Reader reads units of sources of any format, one after the other, and keeps its buffers over
// them: one for each worker.
type Reader struct {
	opt     Options
	readers []reader // by index of the format, made when first needed
}

// NewReader makes a reader.
func NewReader(opt Options) *Reader {
	return &Reader{opt: opt, readers: make([]reader, len(formats))}
}

// Read hands every event of a unit to emit, in the order of the file, until emit says false. An
// event is valid only until emit returns. The error is one of the file system; whatever is wrong
// with the contents is in the report.
func (r *Reader) Read(s *Source, u event.Unit, emit func(*event.Event) bool) (event.Report, error) {
	if r.readers[s.format] == nil {
		r.readers[s.format] = formats[s.format].newReader(r.opt)
	}
	report, err := r.readers[s.format].Read(s.log, u, emit)
	if s.stream != nil && s.stream.err != nil {
		report.Damage = append(report.Damage, event.Damage{
			Path: s.Path, Offset: s.stream.pos, Chunk: -1, What: "packed member", Want: fmt.Sprintf("%d bytes", s.Size),
			Found: fmt.Sprintf("%d and then: %v", s.stream.pos, s.stream.err), Lost: -1,
		})
	}
	return report, err
}

// NamedAsLog tells whether a file's name says that it is a log of a format we read. Formats are
// never recognised by it; but when such a file cannot be read, evidence is missing.
func NamedAsLog(path string) bool {
	ext := strings.ToLower(filepath.Ext(path))
	return slices.ContainsFunc(formats[:], func(f format) bool { return slices.Contains(f.extensions, ext) })
}

// withoutPath takes the operation and the path off an error of the file system: whoever reports it
// names the file.
func withoutPath(err error) error {
	var pe *os.PathError
	if errors.As(err, &pe) {
		return pe.Err
	}
	return err
}
