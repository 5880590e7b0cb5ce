package evidence

import (
	"bufio"
	"bytes"
	"compress/bzip2"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"hash/crc32"
	"io"
	"time"
	"unicode/utf16"

	"aldebaran/event"

	"github.com/klauspost/compress/flate"
	"github.com/ulikunitz/xz/lzma"
)

const (
	sevenStart = 32 // bytes of the signature header
	// maxSevenHeader is how many bytes of names and sizes are read: some 100,000 members.
	maxSevenHeader = 16 << 20
	// maxFolders is how many runs of members an archive may have: 7-Zip makes one for each 64 MiB or
	// more, and one for each member only when it is told to.
	maxFolders = 1 << 17
)

// Kinds of properties in the header of a 7z archive (7zFormat.txt, "Property IDs").
const (
	sevenEnd           = 0x00
	sevenHeader        = 0x01
	sevenArchive       = 0x02
	sevenAdditional    = 0x03
	sevenMainStreams   = 0x04
	sevenFiles         = 0x05
	sevenPackInfo      = 0x06
	sevenUnpackInfo    = 0x07
	sevenSubStreams    = 0x08
	sevenSize          = 0x09
	sevenCRC           = 0x0a
	sevenFolder        = 0x0b
	sevenUnpackSize    = 0x0c
	sevenNumStreams    = 0x0d
	sevenEmptyStream   = 0x0e
	sevenEmptyFile     = 0x0f
	sevenNames         = 0x11
	sevenMTime         = 0x14
	sevenEncodedHeader = 0x17
)

// Methods by which a 7z archive packs (Methods.txt).
const (
	methodCopy    = "\x00"
	methodLZMA    = "\x03\x01\x01"
	methodLZMA2   = "\x21"
	methodDeflate = "\x04\x01\x08"
	methodBzip2   = "\x04\x02\x02"
	methodZstd    = "\x04\xf7\x11\x01"
	methodAES     = "\x06\xf1\x07\x01"
)

// A sevenFolderInfo is a run of members that are packed together.
type sevenFolderInfo struct {
	method, props string
	coders        int
	encrypted     bool
	size          int64 // unpacked
	sum           uint32
	hasSum        bool
	off, packed   int64 // in the file
	packs         int   // packed streams that it has
	streams       []sevenStream
}

// A sevenStream is one member in a folder.
type sevenStream struct {
	size   int64
	sum    uint32
	hasSum bool
}

// A sevenFile is an entry of the list of names; those with contents take the streams one by one.
type sevenFile struct {
	name  string
	mod   time.Time
	empty bool // no contents
	isDir bool
}

// sevenZip reads a 7z archive (7zFormat.txt of the LZMA SDK). Its members come in the order in
// which they are packed, because many of them are packed together.
func (x *expansion) sevenZip(c *box) {
	at, size, err := x.settle(c)
	if err != nil {
		c.note(0, "archive", "to read it", err.Error(), -1)
		return
	}
	folders, files, err := sevenList(at, size, window(c.depth))
	if err != nil {
		if errors.Is(err, ErrEncrypted) {
			x.give(c.b.path+"!", 0, nil, fmt.Errorf("%w: even the names need a password", ErrEncrypted))
			return
		}
		c.note(0, "header", "the list of members of a 7z archive", err.Error(), -1)
		return
	}
	var read int64
	if c.depth == 0 {
		x.at = func() int64 { return read }
	}
	for _, f := range files {
		if f.empty && !f.isDir && !x.full() {
			x.members++
			x.give(c.b.path+"!"+shown(f.name), 0, nil, ErrEmpty)
		}
	}
	full := files[:0]
	for _, f := range files {
		if !f.empty {
			full = append(full, f)
		}
	}
	for i := range folders {
		f := &folders[i]
		n := min(len(f.streams), len(full))
		if n < len(f.streams) {
			c.note(0, "header", fmt.Sprintf("%d names", len(f.streams)), fmt.Sprint(n), -1)
		}
		if x.full() {
			return
		}
		x.sevenFolder(c, at, size, f, full[:n])
		full = full[n:]
		read += f.packed
	}
}

// sevenFolder reads the members that are packed together.
func (x *expansion) sevenFolder(c *box, at io.ReaderAt, size int64, f *sevenFolderInfo, files []sevenFile) {
	err := f.readable()
	if err == nil && f.off+f.packed > size {
		c.note(f.off, "packed data", fmt.Sprintf("%d bytes", f.packed), fmt.Sprint(max(size-f.off, 0)), -1)
	}
	in := &tally{r: io.NewSectionReader(at, f.off, max(min(f.packed, size-f.off), 0))}
	var r io.Reader
	if err == nil {
		r, err = f.unpack(in, window(c.depth))
	}
	if err != nil {
		for _, m := range files {
			x.members++
			x.give(c.b.path+"!"+shown(m.name), 0, nil, err)
		}
		return
	}
	if closer, ok := r.(io.Closer); ok {
		defer closer.Close()
	}
	out := &meter{x: x, r: r, packed: func() int64 { return in.n }}
	for i, m := range files {
		s := f.streams[i]
		part := &summed{r: out, left: s.size}
		if s.hasSum {
			part.sum, part.want = crc32.NewIEEE(), s.sum
		}
		x.member(c, m.name, &blob{size: s.size, mod: m.mod, once: part})
		if x.full() {
			return
		}
		if _, err := io.Copy(io.Discard, part); err != nil && part.left > 0 {
			if i+1 < len(files) {
				c.note(f.off, "packed data", "an intact stream", fmt.Sprintf("%v: %d members behind %s cannot be read", err, len(files)-i-1, shown(m.name)), -1)
			}
			return
		}
	}
}

// readable says why a folder cannot be unpacked.
func (f *sevenFolderInfo) readable() error {
	switch {
	case f.encrypted:
		return fmt.Errorf("%w: it needs a password", ErrEncrypted)
	case f.coders != 1:
		return errors.New("packed with a filter for programs, which is not read: unpack it with another program")
	}
	return nil
}

func (f *sevenFolderInfo) unpack(in io.Reader, window uint64) (io.Reader, error) {
	r := bufio.NewReaderSize(in, readSize)
	switch f.method {
	case methodCopy:
		return r, nil
	case methodDeflate:
		return flate.NewReader(r), nil
	case methodBzip2:
		return bzip2.NewReader(r), nil
	case methodZstd:
		return openZstd(r, window), nil
	case methodLZMA2:
		if len(f.props) != 1 {
			return nil, fmt.Errorf("LZMA2: want 1 byte of properties, found %d", len(f.props))
		}
		dict, err := lzma2Dictionary(f.props[0])
		if err != nil {
			return nil, err
		}
		if dict > window {
			return nil, fmt.Errorf("LZMA2: want a dictionary of at most %d bytes, found %d", window, dict)
		}
		return lzma.Reader2Config{DictCap: int(max(dict, lzma.MinDictCap))}.NewReader2(r)
	case methodLZMA:
		if len(f.props) != 5 {
			return nil, fmt.Errorf("LZMA: want 5 bytes of properties, found %d", len(f.props))
		}
		if dict := uint64(binary.LittleEndian.Uint32([]byte(f.props[1:]))); dict > window {
			return nil, fmt.Errorf("LZMA: want a dictionary of at most %d bytes, found %d", window, dict)
		}
		head := binary.LittleEndian.AppendUint64([]byte(f.props), uint64(f.size))
		return lzma.NewReader(bufio.NewReaderSize(io.MultiReader(bytes.NewReader(head), r), readSize))
	}
	return nil, fmt.Errorf("packed with method %x, which is not read: unpack it with another program", f.method)
}

// summed is a part of a stream with its checksum.
type summed struct {
	r    io.Reader
	left int64
	sum  hash.Hash32 // nil if there is none
	want uint32
}

func (s *summed) Read(p []byte) (int, error) {
	if s.left <= 0 {
		if s.sum != nil && s.sum.Sum32() != s.want {
			return 0, fmt.Errorf("checksum: want %08x, found %08x", s.want, s.sum.Sum32())
		}
		return 0, io.EOF
	}
	n, err := s.r.Read(p[:min(int64(len(p)), s.left)])
	s.left -= int64(n)
	if s.sum != nil {
		s.sum.Write(p[:n]) // a hash never fails (hash.Hash)
	}
	if errors.Is(err, io.EOF) && s.left > 0 {
		err = io.ErrUnexpectedEOF
	}
	if s.left <= 0 {
		err = nil // the next call tells
	}
	return n, err
}

// sevenList reads the list of members, which stands at the end and is mostly packed itself.
func sevenList(at io.ReaderAt, size int64, window uint64) ([]sevenFolderInfo, []sevenFile, error) {
	var start [sevenStart]byte
	if n, err := at.ReadAt(start[:], 0); n < len(start) {
		return nil, nil, fmt.Errorf("the first %d bytes: %w", sevenStart, cutOff(err))
	}
	if crc32.ChecksumIEEE(start[12:]) != binary.LittleEndian.Uint32(start[8:]) {
		return nil, nil, errors.New("wrong checksum of the first bytes")
	}
	off, n := binary.LittleEndian.Uint64(start[12:]), binary.LittleEndian.Uint64(start[20:])
	if n == 0 {
		return nil, nil, nil
	}
	if room := uint64(size - sevenStart); off > room || n > room-off {
		return nil, nil, fmt.Errorf("want it at %d of %d bytes", off, size)
	}
	if n > maxSevenHeader {
		return nil, nil, fmt.Errorf("want at most %d bytes, found %d", maxSevenHeader, n)
	}
	head := make([]byte, n)
	if got, err := at.ReadAt(head, sevenStart+int64(off)); got < len(head) {
		return nil, nil, cutOff(err)
	}
	if crc32.ChecksumIEEE(head) != binary.LittleEndian.Uint32(start[28:]) {
		return nil, nil, errors.New("wrong checksum")
	}
	// Packed headers can be packed again; nobody does it more than once.
	for range 4 {
		p := &sevenParser{b: head}
		switch id := p.byte(); id {
		case sevenHeader:
			folders, files := p.header()
			return folders, files, p.err
		case sevenEncodedHeader:
			folders := p.streams(size)
			if p.err != nil {
				return nil, nil, p.err
			}
			if len(folders) != 1 {
				return nil, nil, fmt.Errorf("want 1 packed header, found %d", len(folders))
			}
			f := &folders[0]
			if err := f.readable(); err != nil {
				return nil, nil, err
			}
			if f.size > maxSevenHeader || f.off+f.packed > size {
				return nil, nil, fmt.Errorf("want at most %d bytes unpacked and all of them packed, found %d", maxSevenHeader, f.size)
			}
			r, err := f.unpack(io.NewSectionReader(at, f.off, f.packed), window)
			if err != nil {
				return nil, nil, err
			}
			var buf bytes.Buffer
			if _, err := io.CopyN(&buf, r, f.size); err != nil {
				return nil, nil, cutOff(err)
			}
			head = buf.Bytes()
		default:
			return nil, nil, fmt.Errorf("want kind 1 or 23, found %d", id)
		}
	}
	return nil, nil, errors.New("packed too often")
}

// A sevenParser reads the header of a 7z archive. After an error everything is zero.
type sevenParser struct {
	b   []byte
	err error
}

func (p *sevenParser) fail(format string, args ...any) {
	if p.err == nil {
		p.err = fmt.Errorf(format, args...)
	}
	p.b = nil
}

func (p *sevenParser) bytes(n uint64) []byte {
	if n > uint64(len(p.b)) {
		p.fail("want %d bytes more, found %d", n, len(p.b))
		return nil
	}
	b := p.b[:n]
	p.b = p.b[n:]
	return b
}

func (p *sevenParser) byte() byte {
	if b := p.bytes(1); b != nil {
		return b[0]
	}
	return 0
}

// number reads a number of 1 to 9 bytes: the leading ones of the first byte count those that follow.
func (p *sevenParser) number() uint64 {
	first := p.byte()
	mask := byte(0x80)
	var v uint64
	for i := range 8 {
		if first&mask == 0 {
			return v | uint64(first&(mask-1))<<(8*i)
		}
		v |= uint64(p.byte()) << (8 * i)
		mask >>= 1
	}
	return v
}

// count reads a number of things that take at least a byte each.
func (p *sevenParser) count() int {
	n := p.number()
	if n > uint64(len(p.b)) {
		p.fail("want at most %d, found a count of %d", len(p.b), n)
		return 0
	}
	return int(n)
}

// size reads a number of bytes in a file.
func (p *sevenParser) size() int64 {
	n := p.number()
	if n > maxUnpacked {
		p.fail("want a size of at most %d, found %d", int64(maxUnpacked), n)
		return 0
	}
	return int64(n)
}

// bits reads n bits, the highest of a byte first.
func (p *sevenParser) bits(n int) []bool {
	b := p.bytes(uint64(n+7) / 8)
	if b == nil {
		return make([]bool, 0)
	}
	all := make([]bool, n)
	for i := range all {
		all[i] = b[i/8]&(0x80>>(i%8)) != 0
	}
	return all
}

// defined reads which of n things have a value: a byte for all, or bits.
func (p *sevenParser) defined(n int) []bool {
	if p.byte() == 0 {
		return p.bits(n)
	}
	if n > 4*len(p.b)+8 { // each value takes four bytes
		p.fail("want at most %d values, found %d", len(p.b)/4, n)
		return nil
	}
	all := make([]bool, n)
	for i := range all {
		all[i] = true
	}
	return all
}

// sums reads checksums, and hands those that are there to set.
func (p *sevenParser) sums(n int, set func(i int, sum uint32)) {
	for i, ok := range p.defined(n) {
		if !ok {
			continue
		}
		if b := p.bytes(4); b != nil {
			set(i, binary.LittleEndian.Uint32(b))
		}
	}
}

func (p *sevenParser) want(id byte) {
	if got := p.byte(); p.err == nil && got != id {
		p.fail("want kind %d, found %d", id, got)
	}
}

// header reads "Header".
func (p *sevenParser) header() (folders []sevenFolderInfo, files []sevenFile) {
	for p.err == nil {
		switch id := p.byte(); id {
		case sevenEnd:
			return folders, files
		case sevenArchive:
			for p.err == nil && p.byte() != sevenEnd {
				p.bytes(p.number())
			}
		case sevenAdditional:
			p.streams(maxUnpacked)
		case sevenMainStreams:
			folders = p.streams(maxUnpacked)
		case sevenFiles:
			files = p.files()
		default:
			p.fail("want a part of the header, found kind %d", id)
		}
	}
	return nil, nil
}

// streams reads "Streams Info": where the packed data stand and what is in them.
func (p *sevenParser) streams(size int64) []sevenFolderInfo {
	var (
		off     int64
		packed  []int64
		folders []sevenFolderInfo
		listed  bool
	)
	for p.err == nil {
		switch id := p.byte(); id {
		case sevenEnd:
			if !listed {
				for i := range folders {
					folders[i].whole()
				}
			}
			p.place(folders, packed, off, size)
			return folders
		case sevenPackInfo:
			off, packed = p.packInfo()
		case sevenUnpackInfo:
			folders = p.unpackInfo()
		case sevenSubStreams:
			p.subStreams(folders)
			listed = true
		default:
			p.fail("want a part of the streams, found kind %d", id)
		}
	}
	return nil
}

// whole makes the folder one member.
func (f *sevenFolderInfo) whole() {
	f.streams = []sevenStream{{f.size, f.sum, f.hasSum}}
}

// place says where the packed data of each folder stand.
func (p *sevenParser) place(folders []sevenFolderInfo, packed []int64, off, size int64) {
	off += sevenStart
	next := 0
	for i := range folders {
		f := &folders[i]
		f.off = off
		for range f.packs {
			if next >= len(packed) {
				p.fail("want sizes of more than %d packed streams", len(packed))
				return
			}
			f.packed += packed[next]
			off += packed[next]
			next++
		}
		if off < 0 || off > size+maxUnpacked {
			p.fail("want packed data in %d bytes, found them at %d", size, off)
			return
		}
	}
}

func (p *sevenParser) packInfo() (off int64, sizes []int64) {
	off = p.size()
	n := p.count()
	for p.err == nil {
		switch id := p.byte(); id {
		case sevenEnd:
			return off, sizes
		case sevenSize:
			for range n {
				sizes = append(sizes, p.size())
			}
		case sevenCRC:
			p.sums(n, func(int, uint32) {})
		default:
			p.fail("want a part of the packed streams, found kind %d", id)
		}
	}
	return 0, nil
}

func (p *sevenParser) unpackInfo() []sevenFolderInfo {
	p.want(sevenFolder)
	n := p.count()
	if n > maxFolders {
		p.fail("want at most %d folders, found %d", maxFolders, n)
	}
	if p.byte() != 0 {
		p.fail("want folders here, found them elsewhere")
	}
	var folders []sevenFolderInfo
	outs := 0
	var outsOf []int
	for i := 0; i < n && p.err == nil; i++ {
		f, out := p.folder()
		folders = append(folders, f)
		outsOf = append(outsOf, out)
		outs += out
	}
	p.want(sevenUnpackSize)
	for i := range folders {
		for range outsOf[i] {
			folders[i].size = p.size() // that of its last coder; with one coder it is the only one
		}
	}
	for p.err == nil {
		switch id := p.byte(); id {
		case sevenEnd:
			return folders
		case sevenCRC:
			p.sums(len(folders), func(i int, sum uint32) { folders[i].sum, folders[i].hasSum = sum, true })
		default:
			p.fail("want a part of the folders, found kind %d", id)
		}
	}
	return nil
}

// maxCoders is how many methods one after the other a folder may have; 7-Zip allows as many.
const maxCoders = 32

// folder reads one folder, and says how many streams its coders give.
func (p *sevenParser) folder() (f sevenFolderInfo, outs int) {
	f.coders = p.count()
	if f.coders == 0 || f.coders > maxCoders {
		p.fail("want 1 to %d methods, found %d", maxCoders, f.coders)
	}
	ins := 0
	for i := 0; i < f.coders && p.err == nil; i++ {
		flags := p.byte()
		id := string(p.bytes(uint64(flags & 15)))
		in, out := 1, 1
		if flags&0x10 != 0 {
			in, out = p.count(), p.count()
		}
		if in > maxCoders || out > maxCoders {
			p.fail("want at most %d streams of a method, found %d and %d", maxCoders, in, out)
		}
		ins, outs = ins+in, outs+out
		props := ""
		if flags&0x20 != 0 {
			props = string(p.bytes(p.number()))
		}
		if i == 0 {
			f.method, f.props = id, props
		}
		f.encrypted = f.encrypted || id == methodAES
	}
	for range 2 * (outs - 1) { // pairs of what is bound to what
		p.number()
	}
	f.packs = ins - (outs - 1)
	if f.packs < 1 && p.err == nil {
		p.fail("want at least one packed stream, found %d", f.packs)
	}
	if f.packs > 1 {
		for range f.packs {
			p.number()
		}
	}
	return f, outs
}

// subStreams reads which members stand in the folders.
func (p *sevenParser) subStreams(folders []sevenFolderInfo) {
	counts := make([]int, len(folders))
	for i := range counts {
		counts[i] = 1
	}
	id := p.byte()
	total := 0
	if id == sevenNumStreams {
		for i := range counts {
			counts[i] = p.count()
			if total += counts[i]; total > maxMembers {
				p.fail("want at most %d members, found more", maxMembers)
				return
			}
		}
		id = p.byte()
	}
	hasSizes := id == sevenSize
	unsummed := 0
	for i := range folders {
		f := &folders[i]
		left := f.size
		for j := range counts[i] {
			size := left
			if j < counts[i]-1 {
				if !hasSizes {
					p.fail("want sizes of members, found none")
				}
				size = p.size()
			}
			if left -= size; left < 0 {
				p.fail("want members of at most %d bytes together, found more", f.size)
			}
			if p.err != nil {
				return
			}
			f.streams = append(f.streams, sevenStream{size: size})
		}
		if counts[i] == 1 && f.hasSum {
			f.whole()
		} else {
			unsummed += counts[i]
		}
	}
	if hasSizes {
		id = p.byte()
	}
	if id == sevenCRC {
		var of []*sevenStream
		for i := range folders {
			if f := &folders[i]; len(f.streams) != 1 || !f.hasSum {
				for j := range f.streams {
					of = append(of, &f.streams[j])
				}
			}
		}
		p.sums(unsummed, func(i int, sum uint32) { of[i].sum, of[i].hasSum = sum, true })
		id = p.byte()
	}
	if id != sevenEnd {
		p.fail("want the end of the members' sizes, found kind %d", id)
	}
}

// files reads "Files Info".
func (p *sevenParser) files() []sevenFile {
	n := p.count()
	if n > maxMembers {
		p.fail("want at most %d members, found %d", maxMembers, n)
		return nil
	}
	files := make([]sevenFile, n)
	var empty []bool
	for p.err == nil {
		id := p.byte()
		if id == sevenEnd {
			break
		}
		q := &sevenParser{b: p.bytes(p.number())}
		switch id {
		case sevenEmptyStream:
			empty = q.bits(len(files))
			for i := range empty {
				files[i].empty, files[i].isDir = empty[i], empty[i]
			}
		case sevenEmptyFile:
			var of []int
			for i := range empty {
				if empty[i] {
					of = append(of, i)
				}
			}
			for i, is := range q.bits(len(of)) {
				files[of[i]].isDir = !is
			}
		case sevenNames:
			if q.byte() != 0 {
				q.fail("want names here, found them elsewhere")
			}
			for i := range files {
				files[i].name = q.name()
			}
		case sevenMTime:
			set := q.defined(len(files))
			q.byte() // whether they stand elsewhere: they never do
			for i := range set {
				if !set[i] {
					continue
				}
				if b := q.bytes(8); b != nil {
					files[i].mod = event.FileTimeToTime(binary.LittleEndian.Uint64(b))
				}
			}
		}
		if q.err != nil && id != sevenMTime {
			p.fail("kind %d: %w", id, q.err)
		}
	}
	return files
}

// name reads a text in UTF-16 that ends with a zero.
func (p *sevenParser) name() string {
	for i := 0; i+2 <= len(p.b); i += 2 {
		if p.b[i] != 0 || p.b[i+1] != 0 {
			continue
		}
		units := make([]uint16, i/2)
		for j := range units {
			units[j] = binary.LittleEndian.Uint16(p.b[2*j:])
		}
		p.b = p.b[i+2:]
		return string(utf16.Decode(units))
	}
	p.fail("want the end of a name, found none")
	return ""
}
