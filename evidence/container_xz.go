package evidence

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"hash/crc32"
	"hash/crc64"
	"io"

	"github.com/ulikunitz/xz/lzma"
)

const (
	xzMagic    = "\xfd7zXZ\x00"
	xzEnd      = "YZ"
	filterLZMA = 0x21 // LZMA2
)

// An xzReader unpacks xz ("The .xz File Format" 1.2.1): any number of streams, of any number of
// blocks each. It reads the frame itself, because the memory that a block asks for must be known
// before it is taken.
type xzReader struct {
	in     *counter
	window uint64

	check byte // kind of checksum of the stream; see xzCheckSizes
	block io.Reader
	sum   hash.Hash // of the block; nil for kinds that we do not know
	start int64     // of the block in the packed file
	begun bool      // a stream has begun
	err   error
}

func newXZ(r *counter, window uint64) *xzReader { return &xzReader{in: r, window: window} }

// xzCheckSize is the number of bytes of a checksum by its kind (2.1.1.2).
func xzCheckSize(kind byte) int {
	return int([...]byte{0, 4, 4, 4, 8, 8, 8, 16, 16, 16, 32, 32, 32, 64, 64, 64}[kind&15])
}

// Read gives what is unpacked. After an error it gives the same one again.
func (x *xzReader) Read(p []byte) (int, error) {
	for x.err == nil {
		if x.block == nil {
			x.err = x.next()
			continue
		}
		n, err := x.block.Read(p)
		if x.sum != nil {
			x.sum.Write(p[:n]) // a hash never fails (hash.Hash)
		}
		switch {
		case errors.Is(err, io.EOF):
			x.err = x.endBlock()
		case err != nil:
			x.err = fmt.Errorf("xz: %w", err)
		}
		if n > 0 {
			return n, nil
		}
	}
	return 0, x.err
}

// next goes to the next block. The error is io.EOF after the last stream.
func (x *xzReader) next() error {
	if !x.begun {
		return x.stream()
	}
	size, err := x.in.ReadByte()
	if err != nil {
		return cutOff(err)
	}
	if size == 0 {
		x.begun = false
		return x.index()
	}
	x.start = x.in.n - 1
	h := make([]byte, (int(size)+1)*4)
	h[0] = size
	if _, err := io.ReadFull(x.in, h[1:]); err != nil {
		return cutOff(err)
	}
	body := h[:len(h)-4]
	if crc32.ChecksumIEEE(body) != binary.LittleEndian.Uint32(h[len(h)-4:]) {
		return errors.New("xz: block header: wrong checksum")
	}
	dict, err := xzDictionary(body)
	if err != nil {
		return err
	}
	if dict > x.window {
		return fmt.Errorf("xz: want a dictionary of at most %d bytes, found %d", x.window, dict)
	}
	r, err := lzma.Reader2Config{DictCap: int(max(dict, lzma.MinDictCap))}.NewReader2(x.in)
	if err != nil {
		return fmt.Errorf("xz: %w", err)
	}
	x.block = r
	x.sum = nil
	switch x.check {
	case 1:
		x.sum = crc32.NewIEEE()
	case 4:
		x.sum = crc64.New(crc64.MakeTable(crc64.ECMA))
	case 10:
		x.sum = sha256.New()
	}
	return nil
}

// xzDictionary gives the size of the dictionary in a block header (3.1), whose only filter must be
// LZMA2: the others are for programs, not for logs.
func xzDictionary(h []byte) (uint64, error) {
	flags, rest := h[1], h[2:]
	if flags&3 != 0 {
		return 0, fmt.Errorf("xz: want one filter, LZMA2, found %d", flags&3+1)
	}
	for _, flag := range []byte{0x40, 0x80} { // sizes of the block, packed and unpacked
		if flags&flag == 0 {
			continue
		}
		_, n := binary.Uvarint(rest)
		if n <= 0 {
			return 0, errors.New("xz: block header: a size does not end")
		}
		rest = rest[n:]
	}
	if len(rest) < 3 || rest[0] != filterLZMA || rest[1] != 1 {
		return 0, fmt.Errorf("xz: want the filter LZMA2, found %x", rest[:min(len(rest), 3)])
	}
	return lzma2Dictionary(rest[2])
}

// lzma2Dictionary gives the size of a dictionary from its one byte (5.3.1).
func lzma2Dictionary(bits byte) (uint64, error) {
	switch {
	case bits > 40:
		return 0, fmt.Errorf("xz: want a size of the dictionary of at most 40, found %d", bits)
	case bits == 40:
		return 1<<32 - 1, nil
	}
	return uint64(2|bits&1) << (bits/2 + 11), nil
}

// endBlock reads what stands behind a block: zeros up to four bytes, and its checksum.
func (x *xzReader) endBlock() error {
	x.block = nil
	pad := int(-(x.in.n - x.start) & 3)
	size := xzCheckSize(x.check)
	buf := make([]byte, pad+size)
	if _, err := io.ReadFull(x.in, buf); err != nil {
		return cutOff(err)
	}
	if x.sum == nil {
		return nil
	}
	got := x.sum.Sum(nil)
	if x.check != 10 { // these are written with the lowest byte first
		for i, j := 0, len(got)-1; i < j; i, j = i+1, j-1 {
			got[i], got[j] = got[j], got[i]
		}
	}
	if !bytes.Equal(got, buf[pad:]) {
		return fmt.Errorf("xz: checksum: want %x, found %x", buf[pad:], got)
	}
	return nil
}

// index passes by the list of blocks and the footer of the stream, which say nothing new.
func (x *xzReader) index() error {
	start := x.in.n - 1
	records, err := binary.ReadUvarint(x.in)
	if err != nil {
		return cutOff(err)
	}
	for range 2 * min(records, 1<<62) {
		if _, err := binary.ReadUvarint(x.in); err != nil {
			return cutOff(err)
		}
	}
	// Zeros up to four bytes, a checksum, and the footer.
	if _, err := io.CopyN(io.Discard, x.in, (-(x.in.n-start)&3)+4+10); err != nil {
		return cutOff(err)
	}
	var end [2]byte
	if _, err := io.ReadFull(x.in, end[:]); err != nil {
		return cutOff(err)
	}
	if string(end[:]) != xzEnd {
		return fmt.Errorf("xz: want %q at the end of the stream, found %x", xzEnd, end)
	}
	return nil
}

// stream reads the header of a stream; the error is io.EOF if there is no more. Zeros between
// streams are padding.
func (x *xzReader) stream() error {
	var h [12]byte
	for {
		n, err := io.ReadFull(x.in, h[:4])
		if n == 0 && errors.Is(err, io.EOF) {
			return io.EOF
		}
		if err != nil {
			return cutOff(err)
		}
		if h[0]|h[1]|h[2]|h[3] != 0 {
			break
		}
	}
	if _, err := io.ReadFull(x.in, h[4:]); err != nil {
		return cutOff(err)
	}
	switch {
	case string(h[:6]) != xzMagic:
		return fmt.Errorf("xz: want a stream, found %x", h[:6])
	case crc32.ChecksumIEEE(h[6:8]) != binary.LittleEndian.Uint32(h[8:]):
		return errors.New("xz: stream header: wrong checksum")
	case h[6] != 0 || h[7] > 15:
		return fmt.Errorf("xz: want flags of version 1, found %x", h[6:8])
	}
	x.check, x.begun = h[7], true
	return nil
}

// cutOff makes an end in the middle an error that says so.
func cutOff(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
