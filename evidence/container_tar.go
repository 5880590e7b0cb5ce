package evidence

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	tarBlock = 512
	// maxSorted is how many members of a tar are sorted at once. It bounds memory.
	maxSorted = 1 << 16
)

// isTar tells whether a block is a header of a tar: its checksum holds (POSIX pax, "ustar
// Interchange Format"; the sum of all bytes with those of the checksum taken as spaces).
func isTar(head []byte) bool {
	if len(head) < tarBlock || head[0] == 0 {
		return false
	}
	field := strings.Trim(string(head[148:156]), " \x00")
	want, err := strconv.ParseInt(field, 8, 64)
	if err != nil {
		return false
	}
	var unsigned, signed int64
	for i, c := range head[:tarBlock] {
		if i >= 148 && i < 156 {
			c = ' '
		}
		unsigned += int64(c)
		signed += int64(int8(c)) // as some old programs did
	}
	return want == unsigned || want == signed
}

// A tarMember is where a member stands in a tar that can be read at any place.
type tarMember struct {
	name      string
	off, size int64
	mod       time.Time
}

// tar reads a tar that is not packed itself. If its bytes can be read at any place, they stay where
// they are.
func (x *expansion) tar(c *box) {
	at, size := c.b.at, c.b.size
	if at == nil && c.b.raw != nil {
		at, size = c.b.raw, c.b.raw.Size()
	}
	if at == nil {
		r, err := x.reader(c.b)
		if err != nil {
			c.note(0, "archive", "to read it", err.Error(), -1)
			return
		}
		x.tarStream(c, r)
		return
	}
	section := io.NewSectionReader(at, 0, size)
	place := func() int64 {
		n, _ := section.Seek(0, io.SeekCurrent) // it cannot fail
		return n
	}
	var list []tarMember
	var read int64
	if c.depth == 0 {
		x.at = func() int64 { return read }
	}
	flush := func() {
		slices.SortStableFunc(list, func(a, b tarMember) int { return strings.Compare(a.name, b.name) })
		for _, m := range list {
			if x.full() {
				return
			}
			n := min(m.size, max(size-m.off, 0))
			b := &blob{size: n, mod: m.mod, at: io.NewSectionReader(at, m.off, n)}
			if n < m.size {
				c.note(m.off, "member", fmt.Sprintf("%d bytes", m.size), fmt.Sprintf("%d: %s", n, shown(m.name)), -1)
			}
			x.member(c, m.name, b)
			read += n
		}
		list = list[:0]
	}
	x.tarEach(c, section, place, func(h *tar.Header, r *tar.Reader) {
		if sparse(h) {
			x.member(c, h.Name, &blob{size: h.Size, mod: h.ModTime, once: r})
			return
		}
		list = append(list, tarMember{h.Name, place(), h.Size, h.ModTime})
		if len(list) == maxSorted {
			flush()
		}
	})
	flush()
}

// tarStream reads a tar that passes by.
func (x *expansion) tarStream(c *box, r io.Reader) {
	in := newCounter(r)
	x.tarEach(c, in, func() int64 { return in.n }, func(h *tar.Header, r *tar.Reader) {
		x.member(c, h.Name, &blob{size: h.Size, mod: h.ModTime, once: r})
	})
}

// sparse tells whether a member leaves out its holes.
func sparse(h *tar.Header) bool {
	if h.Typeflag == tar.TypeGNUSparse {
		return true
	}
	for k := range h.PAXRecords {
		if strings.HasPrefix(k, "GNU.sparse.") {
			return true
		}
	}
	return false
}

// tarEach walks through a tar. Behind a damaged header it looks for the next one.
func (x *expansion) tarEach(c *box, in io.Reader, place func() int64, member func(*tar.Header, *tar.Reader)) {
	t := tar.NewReader(in)
	for !x.full() {
		h, err := t.Next()
		switch {
		case errors.Is(err, io.EOF):
			return
		case errors.Is(err, tar.ErrInsecurePath) && h != nil:
			// Names are only shown; member tells.
		case errors.Is(err, tar.ErrHeader):
			at := place()
			block, n := nextTarHeader(in)
			if block == nil {
				c.note(at, "header of a member", "an intact one", "damage up to the end", -1)
				return
			}
			c.note(at, "header of a member", "an intact one", fmt.Sprintf("damage; the next one stands %d bytes further", n), -1)
			t = tar.NewReader(io.MultiReader(bytes.NewReader(block), in))
			continue
		case err != nil:
			c.note(place(), "archive", "its end", err.Error(), -1)
			return
		}
		switch h.Typeflag {
		case tar.TypeReg, tar.TypeGNUSparse, tar.TypeCont:
			member(h, t)
		case tar.TypeDir, tar.TypeXGlobalHeader:
		default:
			// Links and devices: what links point to is in the archive anyway, or is none of ours.
			x.members++
			x.give(c.b.path+"!"+shown(h.Name), 0, nil, fmt.Errorf("no regular file: %w", ErrUnknown))
		}
	}
}

// nextTarHeader reads on to the next block that is a header, and says how many bytes that took.
func nextTarHeader(in io.Reader) ([]byte, int64) {
	block := make([]byte, tarBlock)
	for n := int64(0); ; n += tarBlock {
		if _, err := io.ReadFull(in, block); err != nil {
			return nil, n
		}
		if isTar(block) {
			return block, n
		}
	}
}
