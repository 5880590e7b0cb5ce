package evidence

import (
	"archive/zip"
	"bufio"
	"bytes"
	"compress/bzip2"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"hash/crc32"
	"io"
	"slices"
	"strings"

	"github.com/klauspost/compress/flate"
)

// maxDirectory is how many bytes of a zip's directory are read: some 100,000 members. Without its
// directory, a zip is read from front to back.
const maxDirectory = 16 << 20

// Methods by which members of a zip are packed (APPNOTE.TXT 4.4.5).
const (
	zipStored    = 0
	zipDeflate   = 8
	zipDeflate64 = 9
	zipBzip2     = 12
	zipZstd      = 93
	zipEncrypted = 1 // flag, 4.4.4
	zipTrailing  = 8 // flag: sizes stand behind the data
)

// zip reads a zip archive by its directory; where that is damaged, as [expansion.zipForward].
func (x *expansion) zip(c *box) {
	at, size, err := x.settle(c)
	if err != nil {
		c.note(0, "archive", "to read it", err.Error(), -1)
		return
	}
	guard := &limitedAt{r: at, left: maxDirectory}
	z, err := zip.NewReader(guard, size)
	if z == nil || err != nil && !errors.Is(err, zip.ErrInsecurePath) {
		if !guard.reached {
			c.note(size, "directory", "a zip's directory at the end", err.Error(), -1)
		}
		x.zipForward(c, at, size)
		return
	}
	guard.off = true // from here on members are read, by several goroutines
	slices.SortStableFunc(z.File, func(a, b *zip.File) int { return strings.Compare(a.Name, b.Name) })
	var read int64
	if c.depth == 0 {
		x.at = func() int64 { return read }
	}
	for _, f := range z.File {
		if x.full() {
			return
		}
		x.zipMember(c, at, size, f)
		read += int64(min(f.CompressedSize64, uint64(size)))
	}
}

func (x *expansion) zipMember(c *box, at io.ReaderAt, size int64, f *zip.File) {
	if strings.HasSuffix(f.Name, "/") && f.UncompressedSize64 == 0 {
		return
	}
	if !x.zipReadable(c, f.Name, f.Flags, f.Method) {
		return
	}
	if f.UncompressedSize64 > maxUnpacked || f.CompressedSize64 > uint64(size) {
		c.note(0, "member", fmt.Sprintf("packed sizes of at most %d bytes", size), fmt.Sprintf("%d, unpacked %d: %s", f.CompressedSize64, f.UncompressedSize64, shown(f.Name)), -1)
		return
	}
	m := &blob{size: int64(f.UncompressedSize64), packed: int64(f.CompressedSize64), mod: f.Modified}
	m.open = func() (*opened, error) {
		r, err := f.OpenRaw()
		if err != nil {
			return nil, fmt.Errorf("unpacking: %w", err)
		}
		under := &tally{r: r}
		out, closer := unzip(f.Method, bufio.NewReaderSize(under, readSize), window(c.depth))
		sum := &zipSum{r: out, sum: crc32.NewIEEE(), want: f.CRC32}
		return &opened{sum, closer, func() int64 { return under.n }}, nil
	}
	if f.Method == zipStored {
		if off, err := f.DataOffset(); err == nil && off <= size && m.packed <= size-off && m.packed == m.size {
			// For containers, which have checksums of their own.
			m.raw = io.NewSectionReader(at, off, m.size)
		}
	}
	if m.size <= maxInMemory {
		// Somebody may have changed the size so that less is read.
		m.size, m.claimed = -1, m.size
	}
	x.member(c, f.Name, m)
}

// unzip gives what unpacks a member; the method must be one that is read.
func unzip(method uint16, r io.Reader, window uint64) (io.Reader, io.Closer) {
	switch method {
	case zipStored:
		return r, nil
	case zipDeflate:
		z := flate.NewReader(r)
		return z, z
	case zipBzip2:
		return bzip2.NewReader(r), nil
	}
	z := openZstd(r, window)
	return z, z
}

// zipSum checks the checksum of a member at its end.
type zipSum struct {
	r    io.Reader
	sum  hash.Hash32
	want uint32
}

func (s *zipSum) Read(p []byte) (int, error) {
	n, err := s.r.Read(p)
	s.sum.Write(p[:n]) // a hash never fails (hash.Hash)
	if errors.Is(err, io.EOF) && s.sum.Sum32() != s.want {
		err = fmt.Errorf("checksum: want %08x, found %08x", s.want, s.sum.Sum32())
	}
	return n, err
}

// zipReadable tells whether a member can be unpacked, and puts down why not.
func (x *expansion) zipReadable(c *box, name string, flags, method uint16) bool {
	var err error
	switch {
	case flags&zipEncrypted != 0:
		err = fmt.Errorf("%w: it needs a password", ErrEncrypted)
	case method == zipDeflate64:
		err = errors.New("packed with Deflate64, which is not read: unpack it with another program")
	case method != zipStored && method != zipDeflate && method != zipBzip2 && method != zipZstd:
		err = fmt.Errorf("packed with method %d, which is not read: unpack it with another program", method)
	default:
		return true
	}
	x.members++
	x.give(c.b.path+"!"+shown(name), 0, nil, err)
	return false
}

const (
	zipLocal       = "PK\x03\x04"
	zipCentral     = "PK\x01\x02"
	zipEnd         = "PK\x05\x06"
	zipLocalHeader = 30
)

// zipForward reads the members of a zip without its directory, each by the header before it
// (APPNOTE.TXT 4.3.7): of a zip that was cut off, or whose directory is damaged or too large.
func (x *expansion) zipForward(c *box, at io.ReaderAt, size int64) {
	var off int64
	if c.depth == 0 {
		x.at = func() int64 { return off }
	}
	for !x.full() {
		next, ok := find(at, off, size, zipLocal)
		if !ok {
			return
		}
		off = x.zipLocal(c, at, next, size)
	}
}

// zipLocal reads the member whose header stands at off; it gives where to look for the next one.
func (x *expansion) zipLocal(c *box, at io.ReaderAt, off, size int64) int64 {
	var h [zipLocalHeader]byte
	if n, _ := at.ReadAt(h[:], off); n < len(h) {
		c.note(off, "member", "a header of 30 bytes", fmt.Sprint(n), -1)
		return size
	}
	var (
		flags    = binary.LittleEndian.Uint16(h[6:])
		method   = binary.LittleEndian.Uint16(h[8:])
		packed   = int64(binary.LittleEndian.Uint32(h[18:]))
		unpacked = int64(binary.LittleEndian.Uint32(h[22:]))
		names    = int64(binary.LittleEndian.Uint16(h[26:]))
		extras   = int64(binary.LittleEndian.Uint16(h[28:]))
	)
	buf := make([]byte, names+extras) // at most 128 KiB
	if n, _ := at.ReadAt(buf, off+zipLocalHeader); n < len(buf) {
		c.note(off, "member", fmt.Sprintf("%d bytes of name and more", len(buf)), fmt.Sprint(n), -1)
		return size
	}
	name := string(buf[:names])
	if p, u, ok := zip64(buf[names:], packed, unpacked); ok {
		packed, unpacked = p, u
	}
	data := off + zipLocalHeader + names + extras
	trailing := flags&zipTrailing != 0 && packed == 0
	if strings.HasSuffix(name, "/") && packed == 0 && !trailing {
		return data
	}
	known := !trailing && packed >= 0 && unpacked >= 0
	if !x.zipReadable(c, name, flags, method) {
		if known && packed <= size-data {
			return data + packed
		}
		return data
	}
	if trailing && method == zipStored {
		x.members++
		x.give(c.b.path+"!"+shown(name), 0, nil, errors.New("its size stood in the directory, which is damaged"))
		return data
	}
	end := size
	if known && packed <= size-data {
		end = data + packed
	}
	in := newCounter(io.NewSectionReader(at, data, end-data))
	out, closer := unzip(method, in, window(c.depth))
	if closer != nil {
		defer closer.Close()
	}
	out = &meter{x: x, r: out, packed: func() int64 { return in.n }}
	m := &blob{size: -1, mod: c.b.mod}
	if known {
		m.size, m.packed = unpacked, packed
		out = io.LimitReader(out, unpacked+1)
	}
	rest := bufio.NewReaderSize(out, readSize)
	m.once = rest
	x.member(c, name, m)
	if known && packed <= size-data {
		return end
	}
	// Where the packed data end is known only when all were unpacked.
	if _, err := io.Copy(io.Discard, rest); err != nil {
		return data + max(in.n-1, 0)
	}
	return data + in.n
}

// zip64 finds the sizes of a member that do not fit into its header (APPNOTE.TXT 4.5.3).
func zip64(extra []byte, packed, unpacked int64) (int64, int64, bool) {
	const large = 0xffffffff
	for len(extra) >= 4 {
		id, n := binary.LittleEndian.Uint16(extra), int(binary.LittleEndian.Uint16(extra[2:]))
		extra = extra[4:]
		if n > len(extra) {
			break
		}
		if id == 1 && n >= 16 && packed == large && unpacked == large {
			u, p := int64(binary.LittleEndian.Uint64(extra)), int64(binary.LittleEndian.Uint64(extra[8:]))
			return p, u, true
		}
		extra = extra[n:]
	}
	return packed, unpacked, false
}

// find gives the next place of a few bytes in [from, size).
func find(at io.ReaderAt, from, size int64, what string) (int64, bool) {
	buf := make([]byte, readSize)
	for from+int64(len(what)) <= size {
		n, err := at.ReadAt(buf[:min(int64(len(buf)), size-from)], from)
		if i := bytes.Index(buf[:n], []byte(what)); i >= 0 {
			return from + int64(i), true
		}
		if n < len(what) || err != nil && !errors.Is(err, io.EOF) {
			return 0, false
		}
		from += int64(n - len(what) + 1)
	}
	return 0, false
}

// limitedAt reads at most so many bytes.
type limitedAt struct {
	r       io.ReaderAt
	left    int64
	reached bool
	off     bool
}

func (l *limitedAt) ReadAt(p []byte, off int64) (int, error) {
	if l.off {
		return l.r.ReadAt(p, off)
	}
	if int64(len(p)) > l.left {
		l.reached = true
		return 0, fmt.Errorf("want a directory of at most %d bytes, found more", maxDirectory)
	}
	l.left -= int64(len(p))
	return l.r.ReadAt(p, off)
}
