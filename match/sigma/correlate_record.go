package sigma

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math"
	"strings"
	"time"

	"aldebaran/event"
)

// An observation is kept as bytes, whose order is the order in which the windows want them: one
// correlation after the other, one group after the other, then by time. Numbers are big-endian.
//
//	0         4         20      28        36                                    end of key
//	┌─────────┬─────────┬───────┬─────────┬──────────┬──────────┬──────────┬────┐
//	│ joint 4 │ group 16│ time 8│episode 8│ path ... │ offset 8 │ record 8 │feed│
//	└─────────┴─────────┴───────┴─────────┴──────────┴──────────┴──────────┴────┘
//	┌────────────┬──────────┬─────────┬─────────┬───────────┬────────┬───────────┬──────────┐
//	│ own time 8 │ length v │ chunk v │ stale 1 │ eventid v │ host s │ channel s │ values...│
//	└────────────┴──────────┴─────────┴─────────┴───────────┴────────┴───────────┴──────────┘
//
// "time" is when the observation counts: the event's own time, or when the correlation that it is
// part of became true, whose "episode" it then is (0 for plain events). v is a varint, s a text
// with its length before it, a value is one byte (1 if there is one) and a text.
const (
	atJoint   = 0
	atGroup   = 4
	atTime    = 20
	atEpisode = 28
	atPath    = 36
	// maxValueText is how much of a value is kept; what is longer is cut and told apart by a hash.
	maxValueText = 1024
	// maxPathText is the same for paths of files, container parts included.
	maxPathText = 32 << 10
	// maxRecord is the longest record that can come back from a temporary file: ten events at most
	// (maxEvents), each with a path, and maxNeed values.
	maxRecord = 4 << 20
)

// groupKey tells groups apart: half a SHA-256 over the folded values, so that nobody who chooses
// values can make two groups one.
type groupKey [16]byte

// fieldValue is the text of a field; ok is false if the event has no such field, or null.
type fieldValue struct {
	text string
	ok   bool
}

// keyOf gives the key of the values at those places; ok is false if one of them is missing.
func keyOf(values []fieldValue, at []int) (key groupKey, ok bool) {
	h := sha256.New()
	var n [8]byte
	var folded []byte
	for _, i := range at {
		if !values[i].ok {
			return key, false
		}
		folded = appendFoldUTF8(folded[:0], values[i].text, true)
		binary.BigEndian.PutUint64(n[:], uint64(len(folded)))
		h.Write(n[:])
		h.Write(folded)
	}
	copy(key[:], h.Sum(nil))
	return key, true
}

// cutText cuts a text that is too long to keep. A hash of all of it takes the place of the rest,
// so that what differs stays different.
func cutText(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	sum := sha256.Sum256([]byte(foldString(s)))
	return strings.ToValidUTF8(s[:limit], "") + "…#" + hex.EncodeToString(sum[:8])
}

// timeBits makes times sort as unsigned numbers.
func timeBits(ns int64) uint64 { return uint64(ns) ^ 1<<63 }

func bitsTime(b []byte) int64 { return int64(binary.BigEndian.Uint64(b) ^ 1<<63) }

// usableTime gives nanoseconds since 1970; ok is false if there is no time, or one outside of what
// 64 bits of nanoseconds can hold (the years 1678 to 2261).
func usableTime(t time.Time) (ns int64, ok bool) {
	if t.IsZero() || t.Year() < 1678 || t.Year() > 2261 {
		return 0, false
	}
	return t.UnixNano(), true
}

func appendKey(dst []byte, joint uint32, group groupKey, at int64, episode uint64, identity []byte, feed uint32) []byte {
	dst = binary.BigEndian.AppendUint32(dst, joint)
	dst = append(dst, group[:]...)
	dst = binary.BigEndian.AppendUint64(dst, timeBits(at))
	dst = binary.BigEndian.AppendUint64(dst, episode)
	dst = append(dst, identity...)
	return binary.BigEndian.AppendUint32(dst, feed)
}

// appendIdentity appends what tells one event from another: path, offset, record number.
func appendIdentity(dst []byte, e *event.Event) []byte {
	dst = appendOrdered(dst, cutText(e.Source.Path, maxPathText))
	dst = binary.BigEndian.AppendUint64(dst, timeBits(e.Source.Offset))
	return binary.BigEndian.AppendUint64(dst, e.RecordID)
}

// appendOrdered appends a text so that the bytes sort as the text does, whatever follows:
// NUL is written 00 FF, the end 00 01.
func appendOrdered(dst []byte, s string) []byte {
	for {
		i := strings.IndexByte(s, 0)
		if i < 0 {
			return append(append(dst, s...), 0, 1)
		}
		dst = append(append(dst, s[:i]...), 0, 0xff)
		s = s[i+1:]
	}
}

// appendBody appends what is told of the event, and the values.
func appendBody(dst []byte, e *event.Event, ns int64, values []fieldValue) []byte {
	dst = binary.BigEndian.AppendUint64(dst, timeBits(ns))
	dst = binary.AppendVarint(dst, e.Source.Length)
	dst = binary.AppendVarint(dst, int64(e.Source.Chunk))
	stale := byte(0)
	if e.Source.Recovered {
		stale = 1
	}
	dst = append(dst, stale)
	dst = binary.AppendUvarint(dst, uint64(e.EventID))
	dst = appendText(dst, cutText(e.Computer, maxValueText))
	dst = appendText(dst, cutText(e.Channel, maxValueText))
	for _, v := range values {
		if !v.ok {
			dst = append(dst, 0)
			continue
		}
		dst = appendText(append(dst, 1), v.text)
	}
	return dst
}

func appendText(dst []byte, s string) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(s))), s...)
}

// recordTime is when a record counts.
func recordTime(rec []byte) int64 { return bitsTime(rec[atTime:]) }

// identityEnd gives the end of the part of a record that identifies its event, which starts at
// atPath; -1 if the record is broken.
func identityEnd(rec []byte) int {
	for i := atPath; ; {
		n := bytes.IndexByte(rec[min(i, len(rec)):], 0)
		if n < 0 || i+n+2 > len(rec) {
			return -1
		}
		i += n + 2
		if rec[i-1] == 1 {
			if i+16+4 > len(rec) {
				return -1
			}
			return i + 16
		}
	}
}

// sameEvent tells whether two neighbours are one event, seen by two rules: one rule matches an
// event only once.
func sameEvent(a, b []byte) bool {
	if a == nil || !bytes.Equal(a[atTime:atPath], b[atTime:atPath]) {
		return false
	}
	i, k := identityEnd(a), identityEnd(b)
	return i == k && i > 0 && bytes.Equal(a[atPath:i], b[atPath:k]) && !bytes.Equal(a[i:i+4], b[k:k+4])
}

// recordFeed is the number of the feed that a record came by; -1 if the record is broken.
func recordFeed(rec []byte) int {
	i := identityEnd(rec)
	if i < 0 {
		return -1
	}
	return int(binary.BigEndian.Uint32(rec[i:]))
}

// A cursor reads a record from its start to its end; bad is set once it runs short.
type cursor struct {
	b   []byte
	bad bool
}

func (c *cursor) bytes(n uint64) []byte {
	if n > uint64(len(c.b)) {
		c.bad, c.b = true, nil
		return nil
	}
	b := c.b[:n]
	c.b = c.b[n:]
	return b
}

func (c *cursor) byte() byte {
	if b := c.bytes(1); b != nil {
		return b[0]
	}
	return 0
}

func (c *cursor) uint64() uint64 {
	if b := c.bytes(8); b != nil {
		return binary.BigEndian.Uint64(b)
	}
	return 0
}

func (c *cursor) time() int64 { return int64(c.uint64() ^ 1<<63) }

func (c *cursor) uint32() uint32 {
	if b := c.bytes(4); b != nil {
		return binary.BigEndian.Uint32(b)
	}
	return 0
}

func (c *cursor) uvarint() uint64 {
	v, n := binary.Uvarint(c.b)
	if n <= 0 {
		c.bad, c.b = true, nil
		return 0
	}
	c.b = c.b[n:]
	return v
}

func (c *cursor) varint() int64 {
	v, n := binary.Varint(c.b)
	if n <= 0 {
		c.bad, c.b = true, nil
		return 0
	}
	c.b = c.b[n:]
	return v
}

func (c *cursor) text() string { return string(c.bytes(c.uvarint())) }

// ordered reads what appendOrdered wrote.
func (c *cursor) ordered() string {
	var s []byte
	for {
		i := bytes.IndexByte(c.b, 0)
		if i < 0 || i+1 >= len(c.b) {
			c.bad, c.b = true, nil
			return ""
		}
		s = append(s, c.b[:i]...)
		end := c.b[i+1] == 1
		c.b = c.b[i+2:]
		if end {
			return string(s)
		}
		s = append(s, 0)
	}
}

// readRef reads the event that a record is about; feed is that which it came by, rest what follows.
func readRef(rec []byte) (ref EventRef, feed uint32, rest []byte, err error) {
	c := cursor{b: rec}
	c.bytes(atPath)
	ref.Source.Path = c.ordered()
	ref.Source.Offset = c.time()
	ref.RecordID = c.uint64()
	feed = c.uint32()
	ref.Time = time.Unix(0, c.time()).UTC()
	ref.Source.Length = c.varint()
	ref.Source.Chunk = int(c.varint())
	ref.Source.Recovered = c.byte() == 1
	ref.EventID = uint32(c.uvarint())
	ref.Host = c.text()
	ref.Channel = c.text()
	if c.bad {
		return ref, 0, nil, errRecord(len(rec))
	}
	return ref, feed, c.b, nil
}

// peek reads of a record what the windows need, without making texts of it: the feed, the time of
// the event itself, its host, where the values start.
func peek(rec []byte) (feed uint32, ns int64, host []byte, values int, err error) {
	end := identityEnd(rec)
	if end < 0 {
		return 0, 0, nil, 0, errRecord(len(rec))
	}
	c := cursor{b: rec[end:]}
	feed = c.uint32()
	ns = c.time()
	c.varint()
	c.varint()
	c.byte()
	c.uvarint()
	host = c.bytes(c.uvarint())
	c.bytes(c.uvarint())
	if c.bad {
		return 0, 0, nil, 0, errRecord(len(rec))
	}
	return feed, ns, host, len(rec) - len(c.b), nil
}

// readValues reads the values at the end of a record.
func readValues(dst []fieldValue, rest []byte) ([]fieldValue, error) {
	c := cursor{b: rest}
	for len(c.b) > 0 {
		v := fieldValue{ok: c.byte() == 1}
		if v.ok {
			v.text = c.text()
		}
		dst = append(dst, v)
	}
	if c.bad {
		return dst, errRecord(len(rest))
	}
	return dst, nil
}

// errRecord can only be met if somebody wrote to our temporary files.
func errRecord(n int) error {
	return fmt.Errorf("correlation: temporary file: want a whole record, found %d bytes that are none", n)
}

// appendMatch writes a match so that the bytes sort by time, then by place, then by rule.
func appendMatch(dst []byte, joint uint32, group groupKey, m *CorrelationMatch, refs [][]byte) []byte {
	dst = binary.BigEndian.AppendUint64(dst, timeBits(m.First.UnixNano()))
	dst = binary.BigEndian.AppendUint64(dst, timeBits(m.Last.UnixNano()))
	if len(refs) > 0 {
		dst = append(dst, refs[0][atPath:max(atPath, identityEnd(refs[0]))]...)
	}
	dst = binary.BigEndian.AppendUint32(dst, joint)
	dst = append(dst, group[:]...)
	dst = binary.AppendUvarint(dst, uint64(m.Count))
	dst = binary.BigEndian.AppendUint64(dst, math.Float64bits(m.Value))
	dst = binary.AppendUvarint(dst, uint64(m.HostsOmitted))
	dst = binary.AppendUvarint(dst, uint64(len(m.Group)))
	for _, g := range m.Group {
		dst = appendText(dst, g.Value)
	}
	dst = binary.AppendUvarint(dst, uint64(len(m.Hosts)))
	for _, h := range m.Hosts {
		dst = appendText(dst, h)
	}
	dst = binary.AppendUvarint(dst, uint64(len(refs)))
	for _, ref := range refs {
		dst = append(binary.AppendUvarint(dst, uint64(len(ref))), ref...)
	}
	return dst
}

// readMatch reads what appendMatch wrote, all but what the joint knows: names and rules.
func readMatch(rec []byte) (joint uint32, m CorrelationMatch, feeds []uint32, err error) {
	c := cursor{b: rec}
	m.First = time.Unix(0, c.time()).UTC()
	m.Last = time.Unix(0, c.time()).UTC()
	c.ordered()
	c.bytes(16)
	joint = c.uint32()
	c.bytes(16)
	m.Count = int(c.uvarint())
	m.Value = math.Float64frombits(c.uint64())
	m.HostsOmitted = int(c.uvarint())
	for n := c.uvarint(); n > 0 && !c.bad; n-- {
		m.Group = append(m.Group, NamedValue{Value: c.text()})
	}
	for n := c.uvarint(); n > 0 && !c.bad; n-- {
		m.Hosts = append(m.Hosts, c.text())
	}
	for n := c.uvarint(); n > 0 && !c.bad; n-- {
		ref, feed, _, err := readRef(c.bytes(c.uvarint()))
		if err != nil {
			return 0, m, nil, err
		}
		m.Events = append(m.Events, ref)
		feeds = append(feeds, feed)
	}
	if c.bad {
		return 0, m, nil, errRecord(len(rec))
	}
	return joint, m, feeds, nil
}
