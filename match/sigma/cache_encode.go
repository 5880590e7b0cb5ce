package sigma

import (
	"crypto/sha256"
	"encoding/binary"
	"math"
	"slices"
)

// A cacheWriter builds the payload of a cache file.
type cacheWriter struct {
	body []byte
	// texts are all strings, each once; refs their indexes.
	texts []string
	refs  map[string]uint64
	size  int // of all texts, in bytes
	// items, nodes and parts count what the reader must make room for.
	itemRefs            map[*Item]uint64
	items               []*Item
	nodes, parts, lists int
}

// encodeCache writes a collection as it was before Resolve.
func encodeCache(c *Collection, key [sha256.Size]byte) ([]byte, error) {
	if c.parsed != nil {
		c = c.parsed
	}
	w := cacheWriter{refs: make(map[string]uint64), itemRefs: make(map[*Item]uint64)}
	w.int(c.Files)
	reasons := make([]string, 0, len(c.Skipped))
	for reason := range c.Skipped {
		reasons = append(reasons, reason)
	}
	slices.Sort(reasons)
	w.int(len(reasons))
	for _, reason := range reasons {
		w.text(reason)
		w.int(c.Skipped[reason])
	}
	for _, list := range [][]Rejection{c.Rejected, c.Warnings} {
		w.int(len(list))
		for _, r := range list {
			w.text(r.File)
			w.int(r.Line)
			w.text(r.Rule)
			w.text(r.Reason)
		}
	}
	w.int(len(c.Rules))
	for _, r := range c.Rules {
		w.rule(r)
	}
	w.int(len(c.Correlations))
	for _, r := range c.Correlations {
		w.correlation(r)
	}
	w.int(len(c.Filters))
	for _, f := range c.Filters {
		w.filter(f)
	}
	trees := w.body
	w.body = nil
	for _, it := range w.items {
		w.item(it)
	}
	items := w.body

	// The texts come first, then the sizes of all tables, so that the reader makes each at once.
	w.body = make([]byte, 0, w.size+2*len(w.texts)+len(items)+len(trees)+64)
	w.int(len(w.texts))
	w.int(w.size)
	for _, t := range w.texts {
		w.int(len(t))
	}
	for _, t := range w.texts {
		w.body = append(w.body, t...)
	}
	w.int(len(w.items))
	w.int(w.nodes)
	w.int(w.parts)
	w.int(w.lists)
	w.body = append(w.body, items...)
	w.body = append(w.body, trees...)
	if len(w.body)+cacheHeader > maxCacheSize || !cacheable(len(w.texts), len(w.items), w.nodes, w.parts, w.lists) {
		return nil, badCache("want at most %d bytes and %d of each part, found more: the rules are too many to be kept", maxCacheSize, maxCached)
	}
	return sealCache(w.body, key), nil
}

// maxCached bounds each table of a cache file, so that a forged one cannot ask for more memory
// than some hundred megabytes. SigmaHQ has 60,000 texts and 40,000 items.
const maxCached = 1 << 20

func cacheable(counts ...int) bool { return slices.Max(counts) <= maxCached }

func (w *cacheWriter) int(n int)     { w.body = binary.AppendUvarint(w.body, uint64(n)) }
func (w *cacheWriter) byte(b byte)   { w.body = append(w.body, b) }
func (w *cacheWriter) text(s string) { w.body = binary.AppendUvarint(w.body, w.ref(s)) }

func (w *cacheWriter) float(f float64) {
	w.body = binary.LittleEndian.AppendUint64(w.body, math.Float64bits(f))
}

func (w *cacheWriter) bool(b bool) {
	if b {
		w.byte(1)
	} else {
		w.byte(0)
	}
}

// ref gives the index of a text.
func (w *cacheWriter) ref(s string) uint64 {
	i, ok := w.refs[s]
	if !ok {
		i = uint64(len(w.texts))
		w.refs[s] = i
		w.texts = append(w.texts, s)
		w.size += len(s)
	}
	return i
}

// list writes texts; a list that is not there is not the same as an empty one.
func (w *cacheWriter) list(list []string) {
	if list == nil {
		w.int(0)
		return
	}
	w.int(len(list) + 1)
	for _, s := range list {
		w.text(s)
	}
	w.lists += len(list)
}

func (w *cacheWriter) rule(r *Rule) {
	w.text(r.File)
	w.int(r.Line)
	for _, s := range []string{r.ID, r.Title, r.Name, r.Status, r.Level, r.Description, r.Author, r.Date, r.Modified} {
		w.text(s)
	}
	for _, list := range [][]string{r.References, r.Tags, r.FalsePositives, r.Next, r.Fields} {
		w.list(list)
	}
	w.int(len(r.Related))
	for _, l := range r.Related {
		w.text(l.ID)
		w.text(l.Type)
	}
	w.logsource(r.Logsource)
	w.node(r.Condition)
}

func (w *cacheWriter) logsource(ls Logsource) {
	for _, s := range []string{ls.Product, ls.Category, ls.Service, ls.Definition} {
		w.text(s)
	}
}

func (w *cacheWriter) correlation(r *Correlation) {
	w.text(r.File)
	w.int(r.Line)
	for _, s := range []string{r.ID, r.Title, r.Name, r.Status, r.Level, r.Description, r.Author, r.Date, r.Modified, r.Type} {
		w.text(s)
	}
	for _, list := range [][]string{r.References, r.Tags, r.FalsePositives, r.Next, r.Rules, r.GroupBy, r.Fields} {
		w.list(list)
	}
	w.int(int(r.Timespan))
	aliases := sortedKeys(r.Aliases)
	w.int(len(aliases))
	for _, alias := range aliases {
		w.text(alias)
		rules := sortedKeys(r.Aliases[alias])
		w.int(len(rules))
		for _, rule := range rules {
			w.text(rule)
			w.text(r.Aliases[alias][rule])
		}
	}
	w.int(len(r.Ranges))
	for _, b := range r.Ranges {
		w.text(b.Op)
		w.float(b.Value)
	}
	w.float(r.Percentile)
	w.bool(r.Generate)
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

func (w *cacheWriter) filter(f *Filter) {
	w.text(f.File)
	w.int(f.Line)
	w.text(f.ID)
	w.text(f.Title)
	w.logsource(f.Logsource)
	w.list(f.Rules)
	w.bool(f.Any)
	w.node(f.Condition)
}

// node writes a tree, parents first.
func (w *cacheWriter) node(n Node) {
	w.byte(byte(n.Op))
	w.text(n.Name)
	if n.Op == OpItem {
		i, ok := w.itemRefs[n.Item]
		if !ok {
			i = uint64(len(w.items))
			w.itemRefs[n.Item] = i
			w.items = append(w.items, n.Item)
		}
		w.body = binary.AppendUvarint(w.body, i)
		return
	}
	w.int(len(n.Kids))
	w.nodes += len(n.Kids)
	for _, kid := range n.Kids {
		w.node(kid)
	}
}

func (w *cacheWriter) item(it *Item) {
	w.byte(byte(it.Kind))
	w.bool(it.Cased)
	w.text(it.Field)
	w.text(it.Text)
	w.int(it.Line)
	switch it.Kind {
	case ItemMatch, ItemNumber:
		w.int(len(it.Pattern))
		w.parts += len(it.Pattern)
		for _, part := range it.Pattern {
			w.byte(byte(part.Wildcard))
			if part.Wildcard == NoWildcard {
				w.text(part.Literal)
			}
		}
		if it.Kind == ItemNumber {
			w.float(it.Number)
			w.byte(byte(it.Part))
		}
	case ItemCompare:
		w.float(it.Number)
		w.byte(byte(it.Cmp))
		w.byte(byte(it.Part))
	case ItemRegexp:
		w.text(it.Regexp)
	case ItemCIDR:
		w.text(it.CIDR)
	case ItemFieldRef:
		w.text(it.RefField)
		w.byte(byte(it.Ref))
	case ItemExists:
		w.bool(it.Want)
	case ItemNull:
	}
}
