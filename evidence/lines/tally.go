package lines

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/bits"
	"strconv"

	"aldebaran/event"
)

const (
	// MaxDamage is how many places of one unit are told one by one; further ones are counted.
	MaxDamage = 100
	// maxQuote is how much of a text a damage shows.
	maxQuote = 80
)

// A Tally makes the report of one unit while its lines are read.
type Tally struct {
	Report event.Report

	log *Log
	// untold counts the damage beyond MaxDamage, which begins at further and cost so many records.
	untold, lost int
	further      int64
}

// Start begins the report of a unit of a log.
func (t *Tally) Start(l *Log, c event.Clock) {
	*t = Tally{Report: event.Report{Clock: c}, log: l}
}

// Line counts a line, without zero bytes around it: room that a server reserved or that a file system
// gave to a log and lost in a crash. It says whether anything is left of the line.
func (t *Tally) Line(l *Line) bool {
	if n := len(l.Text); n > 0 && (l.Text[0] == 0 || l.Text[n-1] == 0) && t.log.Encoding == UTF8 {
		rest := bytes.TrimLeft(l.Text, "\x00")
		l.Offset += int64(n - len(rest))
		l.Length -= int64(n - len(rest))
		l.Text = bytes.TrimRight(rest, "\x00")
	}
	if len(l.Text) == 0 {
		return false
	}
	t.Count(l.Text, l.Length)
	return true
}

// Count adds what was read to the report: its text, and how many bytes of the file it took.
func (t *Tally) Count(text []byte, length int64) {
	t.Report.Bytes += length
	t.Report.Digest = mix(t.Report.Digest, sum(text))
}

// Full says that damage is only counted from now on: nobody need make a text of it.
func (t *Tally) Full() bool { return len(t.Report.Damage) >= MaxDamage }

// Damage adds a place that could not be read, and how many records are lost by it.
func (t *Tally) Damage(offset int64, what, want, found string, lost int) {
	if t.Full() {
		if t.untold == 0 {
			t.further = offset
		}
		t.untold++
		t.lost += lost
		return
	}
	t.Report.Damage = append(t.Report.Damage, event.Damage{
		Path: t.log.Path, Offset: offset, Chunk: -1, What: what, Want: want, Found: found, Lost: lost,
	})
}

// Columns adds a line that has another number of columns than its header. Without a time it is no record,
// and lost; a record lacks the values that are not there.
func (t *Tally) Columns(l Line, want, found int, timed bool) {
	wants, founds := strconv.Itoa(want)+" columns", strconv.Itoa(found)
	if l.Open {
		founds += "; it may be half written"
	}
	switch {
	case !timed:
		t.Damage(l.Offset, "line", wants, founds+": "+Quote(l.Text), 1)
	case l.Open:
		t.Damage(l.Offset, "last line", wants, founds, 0)
	default:
		t.Damage(l.Offset, "columns", wants, founds, 0)
	}
}

// End gives the report.
func (t *Tally) End() event.Report {
	if t.untold > 0 {
		t.Report.Damage = append(t.Report.Damage, event.Damage{
			Path: t.log.Path, Offset: t.further, Chunk: -1, What: "further places",
			Want: fmt.Sprintf("at most %d", MaxDamage), Found: strconv.Itoa(t.untold) + " more", Lost: t.lost,
		})
	}
	return t.Report
}

// Quote shows the beginning of a text in a damage.
func Quote(text []byte) string {
	if len(text) > maxQuote {
		return strconv.QuoteToASCII(string(text[:maxQuote])) + "..."
	}
	return strconv.QuoteToASCII(string(text))
}

// mix makes one number of a digest and what is added to it (the finaliser of SplitMix64).
func mix(digest, x uint64) uint64 {
	x += digest * 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// sum is a number for a text: words multiplied and folded, as wyhash does it (W. Yi 2019, public
// domain), in two chains of which neither waits for the other. On lines it takes half the time of
// CRC-32C in hardware.
func sum(b []byte) uint64 {
	const k0, k1, k2 = 0xa0761d6478bd642f, 0xe7037ed1a0b428db, 0x8ebc6af09c88c6e3
	x, y := uint64(len(b))*k0, uint64(k1)
	for len(b) >= 32 {
		x = fold(word(b)^k1, word(b[8:])^x)
		y = fold(word(b[16:])^k2, word(b[24:])^y)
		b = b[32:]
	}
	if len(b) >= 16 {
		x = fold(word(b)^k1, word(b[8:])^x)
		b = b[16:]
	}
	var low, high uint64
	switch n := len(b); {
	case n >= 8:
		low, high = word(b), word(b[n-8:])
	case n >= 4:
		low, high = uint64(binary.LittleEndian.Uint32(b)), uint64(binary.LittleEndian.Uint32(b[n-4:]))
	case n > 0:
		low = uint64(b[0]) | uint64(b[n/2])<<8 | uint64(b[n-1])<<16
	}
	return fold(low^k1, high^x) ^ y
}

// word is a function of its own because a method that is kept in a variable is not inlined.
func word(b []byte) uint64 { return binary.LittleEndian.Uint64(b) }

func fold(a, b uint64) uint64 {
	high, low := bits.Mul64(a, b)
	return high ^ low
}

const (
	// maxNames bounds the names that are remembered, and maxName the bytes of one: a DNS name has at
	// most 253.
	maxNames = 1 << 12
	maxName  = 255
)

// Names keeps one string for each name that many lines say: of hosts, of services. The zero value is
// ready.
type Names struct {
	known map[string]string
	last  string
}

// Of gives a name as a string in UTF-8, cut to 255 bytes, without allocating for one that was seen before.
func (n *Names) Of(b []byte) string {
	b = b[:min(len(b), maxName)]
	if string(b) == n.last {
		return n.last
	}
	name, ok := n.known[string(b)]
	if !ok {
		if n.known == nil || len(n.known) >= maxNames {
			n.known = map[string]string{}
		}
		name = string(bytes.ToValidUTF8(b, []byte("\ufffd")))
		n.known[string(b)] = name
	}
	n.last = name
	return name
}
