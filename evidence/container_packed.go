package evidence

import (
	"bufio"
	"compress/bzip2"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// maxWindow is how far back packed data may refer, which is memory: what zstd itself takes unless
// it is told otherwise. Every container inside another gets half of it.
const maxWindow = 128 << 20

func window(depth int) uint64 { return maxWindow >> depth }

// A container is one kind of file that holds others.
type container struct {
	name string
	read func(x *expansion, c *box)
}

// containerOf tells by its first bytes whether a file is a container, and of which kind; nil if it
// is none.
func containerOf(head []byte) *container {
	begins := func(magics ...string) bool {
		return slices.ContainsFunc(magics, func(m string) bool { return strings.HasPrefix(string(head[:min(len(head), 16)]), m) })
	}
	switch {
	case begins(zipLocal, zipEnd):
		return &container{"zip", (*expansion).zip}
	case begins("7z\xbc\xaf\x27\x1c"):
		return &container{"7z", (*expansion).sevenZip}
	case begins("\x1f\x8b\x08"):
		return packedAs("gz", func(r *bufio.Reader, _ uint64) (io.Reader, error) { return gzip.NewReader(r) })
	case begins("\xfd7zXZ\x00"):
		return packedAs("xz", func(r *bufio.Reader, window uint64) (io.Reader, error) { return newXZ(&counter{r: r}, window), nil })
	case begins("\x28\xb5\x2f\xfd") || len(head) > 8 && head[0]&0xf0 == 0x50 && string(head[1:4]) == "\x2a\x4d\x18":
		return packedAs("zst", func(r *bufio.Reader, window uint64) (io.Reader, error) { return openZstd(r, window), nil })
	case len(head) > 10 && begins("BZh") && head[3] >= '1' && head[3] <= '9' && (string(head[4:10]) == "1AY&SY" || string(head[4:10]) == "\x17rE8P\x90"):
		return packedAs("bz2", func(r *bufio.Reader, _ uint64) (io.Reader, error) { return bzip2.NewReader(r), nil })
	case isTar(head):
		return &container{"tar", (*expansion).tar}
	}
	return nil
}

// packedAs is a file that holds one other, or a tar.
func packedAs(name string, unpack func(r *bufio.Reader, window uint64) (io.Reader, error)) *container {
	return &container{name, func(x *expansion, c *box) { x.packed(c, unpack) }}
}

// packed reads a packed file. A tar in it is no container of its own: "a.tar.gz!member".
func (x *expansion) packed(c *box, unpack func(r *bufio.Reader, window uint64) (io.Reader, error)) {
	open := func(from io.Reader) (*opened, error) {
		under := &tally{r: from}
		r, err := unpack(bufio.NewReaderSize(under, readSize), window(c.depth))
		if err != nil {
			return nil, fmt.Errorf("unpacking: %w", err)
		}
		o := &opened{Reader: r, taken: func() int64 { return under.n }}
		o.closer, _ = r.(io.Closer)
		return o, nil
	}
	m := &blob{size: -1, mod: c.b.mod, store: c.store}
	b := c.b
	switch {
	case b.at != nil:
		m.open = func() (*opened, error) { return open(io.NewSectionReader(b.at, 0, b.size)) }
	case b.open != nil:
		m.open = func() (*opened, error) {
			outer, err := b.open()
			if err != nil {
				return nil, err
			}
			o, err := open(outer)
			if err != nil {
				outer.close()
				return nil, err
			}
			o.closer = closers{o.closer, outer.closer}
			return o, nil
		}
	default:
		from, err := x.reader(b)
		if err == nil {
			var o *opened
			if o, err = open(from); err == nil {
				defer o.close()
				m.once = &meter{x: x, r: o, packed: o.taken}
			}
		}
		if err != nil {
			c.note(0, "packed file", "its header", err.Error(), -1)
			return
		}
	}
	defer x.close(m)
	r, err := x.reader(m)
	if err != nil {
		c.note(0, "packed file", "its header", err.Error(), -1)
		return
	}
	if c.depth == 0 && m.first != nil {
		x.at = m.first.taken
	}
	head, err := r.Peek(headSize)
	if err != nil && !errors.Is(err, io.EOF) && len(head) == 0 {
		c.note(0, "packed file", "contents", err.Error(), -1)
		return
	}
	if !isTar(head) {
		x.member(c, within(b.name), m)
		return
	}
	c.format = "tar." + c.format
	x.tarStream(c, r)
	// The end comes with a checksum. Tar fills up to 10 KiB or what it was told.
	if _, err := io.CopyN(io.Discard, r, 16<<20); err != nil && !errors.Is(err, io.EOF) && !x.done() {
		c.note(0, "packed file", "an intact end", err.Error(), -1)
	}
}

// within is the name of what is in a packed file.
func within(name string) string {
	ext := path.Ext(name)
	short := strings.TrimSuffix(name, ext)
	switch strings.ToLower(ext) {
	case ".gz", ".bz2", ".xz", ".zst":
		if short != "" {
			return short
		}
	}
	return name
}

// closers close one after the other; nil ones are left out.
type closers []io.Closer

// Close gives no error: decompressors have nothing to lose.
func (c closers) Close() error {
	for _, one := range c {
		if one != nil {
			_ = one.Close() // see above
		}
	}
	return nil
}

// openZstd makes a decompressor that starts no goroutines and takes no more memory than its window
// needs. Errors come with the first reading.
func openZstd(r io.Reader, window uint64) io.ReadCloser {
	z, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(window))
	if err != nil {
		return io.NopCloser(failing{err})
	}
	return z.IOReadCloser()
}

// failing is a reader of which only the error is left.
type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }
