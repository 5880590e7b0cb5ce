package attack

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"time"

	"github.com/klauspost/compress/zstd"
)

// The table is a zstd frame of: a line that names the format; the number of texts, then each one's
// length and bytes, sorted; then the fields in the order of [coder.knowledge], where a text is its
// number, a list starts with its length, and a day counts from 1999-12-31. Numbers are varints.
// docs/formats/attack-facts.md says the same in a picture.
const tableMagic = "aldebaran ATT&CK facts 1\n"

// maxTable is the most that a table may unpack to; v18.1 is 1.6 MB.
const maxTable = 64 << 20

// firstDay is day number 1; 0 is "not known".
var (
	firstDay = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)
	lastDay  = time.Date(2199, 12, 31, 0, 0, 0, 0, time.UTC)

	lastDayNumber = int(lastDay.Sub(firstDay)/(24*time.Hour)) + 1
)

// WriteTable writes k as the compact table that the program embeds. The same knowledge always gives
// the same bytes.
func WriteTable(w io.Writer, k *Knowledge) error {
	z, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedBestCompression), zstd.WithEncoderConcurrency(1))
	if err != nil {
		return err
	}
	_, err = w.Write(z.EncodeAll(layOut(k), nil))
	return errors.Join(err, z.Close())
}

// layOut gives the table before it is compressed.
func layOut(k *Knowledge) []byte {
	texts := &coder{writing: true, number: map[string]int{}}
	texts.knowledge(k) // once to know the texts
	all := slices.Sorted(maps.Keys(texts.number))
	c := &coder{writing: true, number: map[string]int{}}
	c.buf = append(c.buf, tableMagic...)
	c.buf = binary.AppendUvarint(c.buf, uint64(len(all)))
	for i, s := range all {
		c.number[s] = i
		c.buf = binary.AppendUvarint(c.buf, uint64(len(s)))
		c.buf = append(c.buf, s...)
	}
	c.knowledge(k)
	return c.buf
}

// unpack reads what WriteTable wrote.
func unpack(packed []byte) (*Knowledge, error) {
	z, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(maxTable))
	if err != nil {
		return nil, err
	}
	defer z.Close()
	table, err := z.DecodeAll(packed, nil)
	if err != nil {
		return nil, err
	}
	return parse(table)
}

// parse reads what layOut made.
func parse(table []byte) (*Knowledge, error) {
	rest, ok := bytes.CutPrefix(table, []byte(tableMagic))
	if !ok {
		return nil, fmt.Errorf("want %q, found %q", tableMagic, table[:min(len(table), len(tableMagic))])
	}
	c := &coder{buf: rest}
	c.texts()
	k := &Knowledge{}
	c.knowledge(k)
	if c.err != nil {
		return nil, c.err
	}
	k.index()
	return k, nil
}

// A coder goes over the fields of a Knowledge, and writes or reads each, so that the layout stands
// in one place.
type coder struct {
	writing bool
	buf     []byte         // written so far, or left to read
	number  map[string]int // of texts, when writing
	text    []string       // by number, when reading
	err     error          // the first one
}

func (c *coder) knowledge(k *Knowledge) {
	c.string(&k.Domain)
	c.string(&k.Version)
	list(c, &k.Techniques, func(t *Technique) {
		c.object(&t.Object)
		c.strings(&t.Tactics)
		c.strings(&t.Platforms)
		c.string(&t.Parent)
		list(c, &t.LogSources, func(l *LogSource) {
			c.string(&l.Component)
			c.string(&l.Log)
			c.string(&l.Channel)
		})
	})
	list(c, &k.Groups, func(g *Group) {
		c.object(&g.Object)
		c.strings(&g.Aliases)
		c.strings(&g.Origin)
		c.strings(&g.Countries)
		c.strings(&g.Regions)
		c.strings(&g.Sectors)
		c.strings(&g.Sources)
	})
	list(c, &k.Software, func(s *Software) {
		c.object(&s.Object)
		c.strings(&s.Aliases)
		c.string(&s.Type)
		c.strings(&s.Platforms)
		c.strings(&s.Sources)
	})
	list(c, &k.Campaigns, func(p *Campaign) {
		c.object(&p.Object)
		c.strings(&p.Aliases)
		c.day(&p.First)
		c.day(&p.Last)
		c.strings(&p.Groups)
		c.strings(&p.Sources)
	})
	list(c, &k.Mitigations, func(m *Mitigation) {
		c.object(&m.Object)
		c.strings(&m.Techniques)
	})
	list(c, &k.Uses, func(u *Use) {
		c.string(&u.Source)
		c.string(&u.Target)
		c.strings(&u.Cites)
		c.strings(&u.Mentions)
		c.day(&u.Created)
	})
	c.successors(k)
}

func (c *coder) object(o *Object) {
	c.string(&o.ID)
	c.string(&o.Name)
	c.string(&o.STIX)
	c.day(&o.Created)
	c.day(&o.Modified)
	c.bool(&o.Revoked)
	c.bool(&o.Deprecated)
}

func (c *coder) successors(k *Knowledge) {
	type pair struct{ old, by string }
	var pairs []pair
	for _, old := range slices.Sorted(maps.Keys(k.successor)) {
		pairs = append(pairs, pair{old, k.successor[old]})
	}
	list(c, &pairs, func(p *pair) {
		c.string(&p.old)
		c.string(&p.by)
	})
	if !c.writing {
		k.successor = make(map[string]string, len(pairs))
		for _, p := range pairs {
			k.successor[p.old] = p.by
		}
	}
}

var (
	errShort = errors.New("want a number, found the end of the table")
	errText  = errors.New("want the number of a text, found one that is too large")
	errCount = errors.New("want a length, found one that is longer than the table")
	errDay   = errors.New("want a day until 2199, found a later one")
)

// int writes or reads a number.
func (c *coder) int(n *int) {
	if c.writing {
		c.buf = binary.AppendUvarint(c.buf, uint64(*n))
		return
	}
	v, size := binary.Uvarint(c.buf)
	if size <= 0 || v > maxTable {
		c.fail(errShort)
		*n = 0
		return
	}
	c.buf = c.buf[size:]
	*n = int(v)
}

func (c *coder) fail(err error) {
	c.err, c.buf = errors.Join(c.err, err), nil
}

func (c *coder) bool(b *bool) {
	n := 0
	if *b {
		n = 1
	}
	c.int(&n)
	*b = n == 1
}

func (c *coder) string(s *string) {
	if c.writing {
		n, ok := c.number[*s]
		if !ok { // the first pass only collects
			c.number[*s] = 0
		}
		c.int(&n)
		return
	}
	var n int
	c.int(&n)
	if n >= len(c.text) {
		if c.err == nil {
			c.fail(errText)
		}
		return
	}
	*s = c.text[n]
}

func (c *coder) strings(all *[]string) { list(c, all, c.string) }

func (c *coder) day(t *time.Time) {
	n := 0
	if !t.IsZero() {
		n = int(t.Sub(firstDay)/(24*time.Hour)) + 1
	}
	c.int(&n)
	if c.writing || n == 0 {
		return
	}
	if n > lastDayNumber {
		c.fail(errDay)
		return
	}
	*t = firstDay.AddDate(0, 0, n-1)
}

// list writes or reads a list, one element after the other.
func list[T any](c *coder, all *[]T, element func(*T)) {
	n := len(*all)
	c.int(&n)
	if !c.writing {
		if n > len(c.buf) { // an element takes a byte at least
			c.fail(errCount)
			return
		}
		if n > 0 {
			*all = make([]T, n)
		}
	}
	for i := range *all {
		element(&(*all)[i])
		if c.err != nil {
			return
		}
	}
}

// texts reads the texts; they share one copy of their bytes.
func (c *coder) texts() {
	var n int
	c.int(&n)
	if n > len(c.buf) {
		c.fail(errCount)
		return
	}
	c.text = make([]string, n)
	whole := string(c.buf)
	for i := range c.text {
		var size int
		c.int(&size)
		if size > len(c.buf) {
			c.fail(errCount)
			return
		}
		at := len(whole) - len(c.buf)
		c.text[i] = whole[at : at+size]
		c.buf = c.buf[size:]
	}
}
