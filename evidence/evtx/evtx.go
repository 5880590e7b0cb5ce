// Package evtx reads Windows event logs (EVTX), fast and also where they are damaged, and writes them.
//
// In goes a file, out come events whose values are undecoded slices of the records, and a report
// of every place that could not be read. [Open] looks at the file header and says which units
// there are; a [Reader], one for each worker, reads units of any files in any order. The bytes of
// the format are drawn in docs/formats/evtx.md.
package evtx

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math"

	"aldebaran/event"
)

const (
	fileMagic  = "ElfFile\x00"
	chunkMagic = "ElfChnk\x00"

	fileHeaderSize  = 4096
	chunkSize       = 64 << 10
	chunkHeaderSize = 512
	unitChunks      = 16 // 1 MiB: small enough to share a large log, large enough to be worth a hand-over

	flagDirty = 1 // the log was in use: counts and checksums of the header may lag behind
	flagNoCRC = 4 // checksums are not kept (libevtx, "File flags")
)

// ErrNotEVTX is what [Open] wraps for something that is no event log at all.
var ErrNotEVTX = errors.New("no event log")

// Options are the reader's choices; the zero value is right.
type Options struct {
	// Recover also reads the stale records behind a chunk's free-space offset and marks them.
	Recover bool
}

// Sniff tells whether a file that begins with head is an event log. 128 KiB of head are enough to
// know one whose file header was destroyed by the chunks that follow it.
func Sniff(head []byte) bool {
	if bytes.HasPrefix(head, []byte(fileMagic)) {
		return true
	}
	for at := 0; at < len(head); at += chunkSize {
		if bytes.HasPrefix(head[at:], []byte(chunkMagic)) || bytes.HasPrefix(head[min(at+fileHeaderSize, len(head)):], []byte(chunkMagic)) {
			return true
		}
	}
	return false
}

// A File is one opened event log. It never changes; several readers may read its units at once.
type File struct {
	r    io.ReaderAt
	size int64
	path string

	base    int64 // where the first chunk stands
	chunks  int64 // chunks that the file header counts; -1 if it is not to be believed
	dirty   bool
	noCRC   bool // checksums are not kept
	recover bool
	// firstUsed is how much of the first chunk holds records as its header has it, 0 if unknown:
	// Open has seen that header already, and most logs have but one chunk.
	firstUsed int

	units  []event.Unit
	damage []event.Damage
}

// Open reads the header of a log of size bytes and lays out its units; path is what sources and
// damage will show. A damaged header is listed in [File.Damage]; the error is [ErrNotEVTX] where
// neither a header nor a chunk is to be found, or what r said.
func Open(r io.ReaderAt, size int64, path string, opt Options) (*File, error) {
	f := &File{r: r, size: size, path: path, base: fileHeaderSize, chunks: -1, recover: opt.Recover}
	var buf [fileHeaderSize + chunkHeaderSize]byte
	head := buf[:min(size, int64(len(buf)))]
	if n, err := r.ReadAt(head, 0); n < len(head) {
		if err == nil || errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return nil, fmt.Errorf("%s: file header: %w", path, err)
	}
	if !bytes.HasPrefix(head, []byte(fileMagic)) {
		if err := f.findBase(head); err != nil {
			return nil, err
		}
		f.note(0, "file header", `"ElfFile"`, quoteBytes(head[:8]), 0)
	} else {
		f.header(head)
	}
	for start := f.base; start < size; start += unitChunks * chunkSize {
		f.units = append(f.units, event.Unit{Index: len(f.units), Start: start, End: min(start+unitChunks*chunkSize, size)})
	}
	return f, nil
}

// Units gives the pieces of the file that can be read by themselves, at most 16 chunks each.
func (f *File) Units() []event.Unit { return f.units }

// Damage lists what is wrong with the file header. What is wrong with chunks and records is in the
// report of the unit.
func (f *File) Damage() []event.Damage { return f.damage }

func (f *File) note(at int64, what, want, found string, lost int) {
	f.damage = append(f.damage, event.Damage{Path: f.path, Offset: at, Chunk: -1, What: what, Want: want, Found: found, Lost: lost})
}

// header reads the file header:
//
//	0 "ElfFile" 0   8 first chunk   16 last chunk   24 next record id
//	32 header size (128)   36 version   40 header block size (4096)   42 chunks   120 flags   124 CRC-32 of 0..119
func (f *File) header(b []byte) {
	if len(b) < fileHeaderSize {
		f.note(0, "file header", fmt.Sprint(fileHeaderSize, " bytes"), fmt.Sprint(len(b)), -1)
		return
	}
	flags := binary.LittleEndian.Uint32(b[120:])
	f.dirty, f.noCRC = flags&flagDirty != 0, flags&flagNoCRC != 0
	intact := true
	if want, found := crc32.ChecksumIEEE(b[:120]), binary.LittleEndian.Uint32(b[124:]); want != found && !f.noCRC {
		f.note(124, "file header checksum", hex32(want), hex32(found), 0)
		intact = false
	}
	if n := binary.LittleEndian.Uint16(b[40:]); n != fileHeaderSize {
		f.note(40, "file header block size", fmt.Sprint(fileHeaderSize), fmt.Sprint(n), 0)
		intact = false
	}
	// The count is a 16-bit number, so that it says nothing of logs beyond 4 GiB.
	if room := (f.size - f.base + chunkSize - 1) / chunkSize; intact && room <= math.MaxUint16 {
		f.chunks = int64(binary.LittleEndian.Uint16(b[42:]))
		if f.chunks > room {
			f.note(42, "chunks", fmt.Sprint(f.chunks), fmt.Sprint("room for ", room), -1)
		}
	}
	if c := b[fileHeaderSize:]; len(c) == chunkHeaderSize && bytes.HasPrefix(c, []byte(chunkMagic)) {
		f.firstUsed = int(min(binary.LittleEndian.Uint32(c[48:]), chunkSize))
	}
}

// findBase looks where the chunks of a log stand that has no file header: behind the room of one,
// or at the very beginning of a carved piece.
func (f *File) findBase(head []byte) error {
	var magic [len(chunkMagic)]byte
	for at := int64(0); at+int64(len(magic)) <= f.size; at += chunkSize {
		for _, base := range []int64{fileHeaderSize, 0} {
			if at+base+int64(len(magic)) > f.size {
				continue
			}
			if _, err := f.r.ReadAt(magic[:], at+base); err != nil && !errors.Is(err, io.EOF) {
				return fmt.Errorf("%s: offset %#x: %w", f.path, at+base, err)
			}
			if string(magic[:]) == chunkMagic {
				f.base = base
				return nil
			}
		}
	}
	found := "an empty file"
	if len(head) > 0 {
		found = quoteBytes(head[:min(8, len(head))])
	}
	return fmt.Errorf("%s: offset 0: file header: want \"ElfFile\", found %s: %w", f.path, found, ErrNotEVTX)
}

func hex32(n uint32) string { return fmt.Sprintf("%08x", n) }

// quoteBytes shows a few bytes from a file as hexadecimal digits, never as they are: they may be
// meant for somebody's terminal.
func quoteBytes(b []byte) string { return fmt.Sprintf("%x", b) }
