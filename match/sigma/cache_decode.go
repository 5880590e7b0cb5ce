package sigma

import (
	"crypto/sha256"
	"encoding/binary"
	"math"
	"net/netip"
	"regexp/syntax"
	"time"
)

// A cacheReader reads the payload of a cache file. The file may be torn or forged: every length
// is held against what is left, and the first thing wrong is kept in err and ends all reading.
type cacheReader struct {
	b   []byte
	at  int
	err error

	texts []string
	items []Item
	// nodes, parts and lists are the room that the lists of all rules are cut from.
	nodes []Node
	parts []PatternPart
	lists []string
}

// decodeCache reads a cache file that was written for that key.
func decodeCache(data []byte, key [sha256.Size]byte) (*Collection, error) {
	payload, err := openCache(data, key)
	if err != nil {
		return nil, err
	}
	r := cacheReader{b: payload}
	r.tables()
	c := &Collection{Files: r.int()}
	for range r.count(2) {
		reason := r.text()
		n := r.int()
		if c.Skipped == nil {
			c.Skipped = make(map[string]int)
		}
		c.Skipped[reason] = n
	}
	for _, list := range []*[]Rejection{&c.Rejected, &c.Warnings} {
		for range r.count(4) {
			*list = append(*list, Rejection{File: r.text(), Line: r.int(), Rule: r.text(), Reason: r.text()})
		}
	}
	const minRule, minCorrelation, minFilter = 20, 20, 10 // bytes: one for each text and list
	if n := r.count(minRule); n > 0 {
		rules := make([]Rule, n)
		c.Rules = make([]*Rule, n)
		for i := range rules {
			r.rule(&rules[i])
			c.Rules[i] = &rules[i]
		}
	}
	for range r.count(minCorrelation) {
		c.Correlations = append(c.Correlations, r.correlation())
	}
	for range r.count(minFilter) {
		c.Filters = append(c.Filters, r.filter())
	}
	if r.err == nil && r.at != len(r.b) {
		r.fail("the end", "more")
	}
	if r.err != nil {
		return nil, r.err
	}
	return c, nil
}

func (r *cacheReader) fail(want, found string) {
	if r.err == nil {
		r.err = badCache("offset %#x: want %s, found %s", cacheHeader+r.at, want, found)
	}
	r.at = len(r.b)
}

// uint reads a number; 0 after an error.
func (r *cacheReader) uint() uint64 {
	if r.at < len(r.b) && r.b[r.at] < 0x80 {
		r.at++
		return uint64(r.b[r.at-1])
	}
	v, n := binary.Uvarint(r.b[r.at:])
	if n <= 0 {
		r.fail("a number", "none")
		return 0
	}
	r.at += n
	return v
}

func (r *cacheReader) int() int {
	v := r.uint()
	if v > math.MaxInt64 {
		r.fail("a number of 63 bits", "a larger one")
		return 0
	}
	return int(v)
}

// count reads the number of elements that follow, of which each takes at least size bytes.
func (r *cacheReader) count(size int) int {
	n := r.uint()
	if n > uint64((len(r.b)-r.at)/size) {
		r.fail("as many elements as the bytes left can hold", "more")
		return 0
	}
	return int(n)
}

func (r *cacheReader) byte(limit byte) byte {
	if r.at >= len(r.b) {
		r.fail("a byte", "the end")
		return 0
	}
	b := r.b[r.at]
	if b > limit {
		r.fail("a known kind", "another")
		return 0
	}
	r.at++
	return b
}

func (r *cacheReader) bool() bool { return r.byte(1) == 1 }

func (r *cacheReader) float() float64 {
	if len(r.b)-r.at < 8 {
		r.fail("8 bytes", "the end")
		return 0
	}
	f := math.Float64frombits(binary.LittleEndian.Uint64(r.b[r.at:]))
	r.at += 8
	return f
}

func (r *cacheReader) text() string {
	i := r.uint()
	if i >= uint64(len(r.texts)) {
		if r.err == nil {
			r.fail("the index of a text", "one beyond the last")
		}
		return ""
	}
	return r.texts[i]
}

// tables reads the texts and items.
func (r *cacheReader) tables() {
	n := r.count(1)
	size := r.uint()
	if n > maxCached || size > uint64(len(r.b)-r.at) {
		r.fail("texts that fit into the file", "more")
		return
	}
	r.texts = make([]string, n)
	lengths := r.at
	total := uint64(0)
	for range n {
		total += r.uint()
		if total > size {
			r.fail("texts that fit into the file", "more")
			return
		}
	}
	if total != size || size > uint64(len(r.b)-r.at) {
		r.fail("texts that fit into the file", "others")
		return
	}
	blob := string(r.b[r.at : r.at+int(size)])
	after := r.at + int(size)
	r.at = lengths
	for i := range r.texts {
		n := r.uint()
		r.texts[i], blob = blob[:n], blob[n:]
	}
	r.at = after

	const minItem, minNode, minPart, minText = 5, 3, 1, 1 // bytes
	var items, nodes, parts, lists int
	for _, table := range []struct {
		n    *int
		size int
	}{{&items, minItem}, {&nodes, minNode}, {&parts, minPart}, {&lists, minText}} {
		*table.n = r.count(table.size)
	}
	if !cacheable(items, nodes, parts, lists) {
		r.fail("tables of at most the maximum", "more")
		return
	}
	r.items, r.nodes = make([]Item, items), make([]Node, nodes)
	r.parts, r.lists = make([]PatternPart, parts), make([]string, lists)
	for i := range r.items {
		r.item(&r.items[i])
	}
}

// take cuts n elements off the room that is left.
func take[T any](r *cacheReader, room *[]T, n int) []T {
	if n > len(*room) {
		r.fail("as many elements as the table has", "more")
		return nil
	}
	part := (*room)[:n:n]
	*room = (*room)[n:]
	return part
}

func (r *cacheReader) list() []string {
	n := r.int()
	if n == 0 {
		return nil
	}
	list := take(r, &r.lists, n-1)
	for i := range list {
		list[i] = r.text()
	}
	return list
}

func (r *cacheReader) rule(to *Rule) {
	to.File, to.Line = r.text(), r.int()
	for _, s := range []*string{&to.ID, &to.Title, &to.Name, &to.Status, &to.Level, &to.Description, &to.Author, &to.Date, &to.Modified} {
		*s = r.text()
	}
	for _, list := range []*[]string{&to.References, &to.Tags, &to.FalsePositives, &to.Next, &to.Fields} {
		*list = r.list()
	}
	if n := r.count(2); n > 0 {
		to.Related = make([]Related, n)
		for i := range to.Related {
			to.Related[i] = Related{ID: r.text(), Type: r.text()}
		}
	}
	to.Logsource = r.logsource()
	to.Condition = r.tree()
}

func (r *cacheReader) logsource() Logsource {
	return Logsource{Product: r.text(), Category: r.text(), Service: r.text(), Definition: r.text()}
}

func (r *cacheReader) correlation() *Correlation {
	to := &Correlation{File: r.text(), Line: r.int()}
	for _, s := range []*string{&to.ID, &to.Title, &to.Name, &to.Status, &to.Level, &to.Description, &to.Author, &to.Date, &to.Modified, &to.Type} {
		*s = r.text()
	}
	for _, list := range []*[]string{&to.References, &to.Tags, &to.FalsePositives, &to.Next, &to.Rules, &to.GroupBy, &to.Fields} {
		*list = r.list()
	}
	to.Timespan = time.Duration(r.int())
	for range r.count(2) {
		alias := r.text()
		fields := make(map[string]string)
		for range r.count(2) {
			rule := r.text()
			fields[rule] = r.text()
		}
		if to.Aliases == nil {
			to.Aliases = make(map[string]map[string]string)
		}
		to.Aliases[alias] = fields
	}
	for range r.count(9) {
		to.Ranges = append(to.Ranges, Range{Op: r.text(), Value: r.float()})
	}
	to.Percentile = r.float()
	to.Generate = r.bool()
	return to
}

func (r *cacheReader) filter() *Filter {
	to := &Filter{File: r.text(), Line: r.int(), ID: r.text(), Title: r.text(), Logsource: r.logsource()}
	to.Rules, to.Any = r.list(), r.bool()
	to.Condition = r.tree()
	return to
}

// maxTreeDepth bounds a condition's tree: that of the parser's parentheses and lists, with a few
// nodes for each.
const maxTreeDepth = 8 * (maxParentheses + maxDepth)

func (r *cacheReader) tree() (n Node) {
	r.node(&n, 0)
	return n
}

func (r *cacheReader) node(to *Node, depth int) {
	if depth > maxTreeDepth {
		r.fail("a tree of bounded depth", "a deeper one")
		return
	}
	to.Op = Op(r.byte(byte(OpNot)))
	to.Name = r.text()
	if to.Op == OpItem {
		i := r.uint()
		if i >= uint64(len(r.items)) {
			r.fail("the index of an item", "one beyond the last")
			return
		}
		to.Item = &r.items[i]
		return
	}
	n := r.int()
	if to.Op == OpNot && n != 1 {
		r.fail("one operand of not", "another number")
		return
	}
	to.Kids = take(r, &r.nodes, n)
	for i := range to.Kids {
		if r.err != nil {
			return
		}
		r.node(&to.Kids[i], depth+1)
	}
}

func (r *cacheReader) item(to *Item) {
	to.Kind = ItemKind(r.byte(byte(ItemFieldRef)))
	to.Cased = r.bool()
	to.Field, to.Text, to.Line = r.text(), r.text(), r.int()
	switch to.Kind {
	case ItemMatch, ItemNumber:
		if n := r.int(); n > 0 {
			to.Pattern = take(r, &r.parts, n)
		}
		for i := range to.Pattern {
			p := &to.Pattern[i]
			if p.Wildcard = Wildcard(r.byte(byte(AnyOne))); p.Wildcard == NoWildcard {
				if p.Literal = r.text(); p.Literal == "" {
					r.fail("a literal", "an empty one")
					return
				}
			}
		}
		if to.Kind == ItemNumber {
			to.Number, to.Part = r.float(), TimePart(r.byte(byte(Year)))
		}
	case ItemCompare:
		to.Number = r.float()
		to.Cmp, to.Part = Cmp(r.byte(byte(GreaterEqual))), TimePart(r.byte(byte(Year)))
	case ItemRegexp:
		to.Regexp = r.text()
		if _, err := syntax.Parse(to.Regexp, syntax.Perl); err != nil {
			r.fail("a regular expression", err.Error())
		}
	case ItemCIDR:
		to.CIDR = r.text()
		if _, err := netip.ParsePrefix(to.CIDR); err != nil {
			r.fail("an IP network", err.Error())
		}
	case ItemFieldRef:
		to.RefField = r.text()
		to.Ref = Ref(r.byte(byte(RefContains)))
	case ItemExists:
		to.Want = r.bool()
	case ItemNull:
	}
}
