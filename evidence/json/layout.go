package json

import (
	"fmt"
	"strings"

	"aldebaran/event"
)

// A token is one step of a record: what stands next, by which name.
type token uint8

const (
	tokValue token = iota // a text, number, word or null
	tokList               // an array of texts and numbers
	tokOpen               // an object begins
	tokArray              // an array of objects begins
	tokClose              // the object or array ends
	tokName               // a name that a value gives: see nameAttribute
)

// A node is a place in the trie of layouts: all records that came there have had the same names in
// the same order. Where a record ends, the node has its layout.
type node struct {
	parent *node
	key    string // as it stands in the record, escapes and all
	kind   token
	plain  bool  // a text of that name is never anything but a text
	last   *node // the step that was taken last
	layout *layout

	// The steps that were taken from here: a list, and a map besides when it has become long.
	first, next *node
	steps       int
	to          map[step]*node
}

type step struct {
	key  string
	kind token
}

// maxCached is about how many bytes of nodes, names and shapes are kept. A log with ever new names
// makes the reader begin anew; a year of one organisation's cloud audit needs some megabytes.
const maxCached = 16 << 20

// step goes on to the next place.
func (r *Reader) step(key []byte, kind token) {
	if l := r.at.last; l != nil && l.kind == kind && string(key) == l.key && !r.full {
		r.tokens++
		r.at = l
		return
	}
	if r.tokens++; r.tokens > maxTokens {
		r.full = true
	}
	if r.full {
		return
	}
	n := r.at.find(key, kind)
	if n == nil {
		n = &node{parent: r.at, key: string(key), kind: kind, plain: kind == tokValue && !isEmbedded(key) && string(key) != nameAttribute}
		r.at.add(n)
		r.cached += nodeSize + len(key)
	}
	r.at.last = n
	r.at = n
}

// nodeSize is about what a node takes.
const nodeSize = 128

// longList is how many steps are searched one by one.
const longList = 12

func (n *node) find(key []byte, kind token) *node {
	if n.to != nil {
		return n.to[step{string(key), kind}]
	}
	for c := n.first; c != nil; c = c.next {
		if c.kind == kind && c.key == string(key) {
			return c
		}
	}
	return nil
}

func (n *node) add(c *node) {
	c.next, n.first = n.first, c
	n.steps++
	switch {
	case n.to != nil:
		n.to[step{c.key, c.kind}] = c
	case n.steps > longList:
		n.to = map[step]*node{}
		for c := n.first; c != nil; c = c.next {
			n.to[step{c.key, c.kind}] = c
		}
	}
}

// forget empties the trie.
func (r *Reader) forget() {
	r.root = &node{}
	r.at = r.root
	r.shapes = map[string]*event.Shape{}
	r.cached = 0
}

// A leaf is a value's place in a record.
type leaf struct {
	// path is the names down to it, joined with dots.
	path string
	// named is the name that a value gave it (see nameAttribute), "" if none did.
	named string
	list  bool
}

// maxPath is the longest path of a field in bytes; what is longer is cut. Real ones have below 200.
const maxPath = 1 << 10

// leaves names the values of the records that end at a node.
func leaves(n *node) []leaf {
	var steps []*node
	for ; n.parent != nil; n = n.parent {
		steps = append(steps, n)
	}
	var out []leaf
	type level struct {
		path, named string
	}
	at := []level{{}}
	for i := len(steps) - 1; i >= 0; i-- {
		s, top := steps[i], &at[len(at)-1]
		switch s.kind {
		case tokClose:
			if len(at) > 1 {
				at = at[:len(at)-1]
			}
			continue
		case tokName:
			top.named = s.key
			continue
		}
		path := join(top.path, s.key)
		switch s.kind {
		case tokOpen, tokArray:
			at = append(at, level{path: path})
		default:
			out = append(out, leaf{path: path, named: top.named, list: s.kind == tokList})
		}
	}
	return out
}

func join(path, key string) string {
	if strings.IndexByte(key, '\\') >= 0 {
		key = string(appendUnescaped(nil, []byte(key)))
	}
	switch {
	case key == "":
	case path == "":
		path = key
	default:
		path += "." + key
	}
	if len(path) > maxPath {
		path = strings.ToValidUTF8(path[:maxPath], "")
	}
	return path
}

// A layout is what is known of all records that end at the same node.
type layout struct {
	shape *event.Shape
	// known says that it is that of a maker we know.
	known bool
	// product, category and service are the labels, unless choose says otherwise.
	product, category, service string
	choose                     chooser
	by                         memo // what choose looks at

	channel, provider, computer memo
	eventID, recordID           int
	// channelOf says that there is no channel: it is known by the provider.
	channelOf bool
	// flat says that fields of the payload and of the header stand beside each other.
	flat  bool
	times [maxTimes]timeAt
	// mends are values that the maker writes otherwise than Windows does.
	mends []mend
	// uri is the place of a request's URI; its two parts stand behind all other values. -1 for none.
	uri int
	// constants are values that the layout itself says; they stand behind all others.
	constants []event.Value
}

// A chooser gives labels by a value of the event.
type chooser func(value string) (product, category, service string)

// A timeAt is a value that may be the time of the event.
type timeAt struct {
	at int // -1 for none
	// utc says that the maker writes it in UTC without saying so.
	utc bool
}

const maxTimes = 8

// A mend changes the value at a place.
type mend struct {
	at  int
	how mending
}

type mending uint8

const (
	mendGUID      mending = iota // add the braces that evtx_dump leaves out
	mendEscapes                  // Wazuh escapes twice
	mendEventType                // nxlog overwrites Sysmon's EventType; Message has it
)

// layoutAt makes the layout of a node when the first record ends there.
func (r *Reader) layoutAt(n *node) *layout {
	if n.layout != nil {
		return n.layout
	}
	m := maker{leaves: leaves(n), index: map[string]int{}}
	for i, l := range m.leaves {
		if _, ok := m.index[l.path]; !ok {
			m.index[l.path] = i
		}
	}
	l := m.layout()
	var key strings.Builder
	for i, f := range m.fields {
		fmt.Fprintf(&key, "%d:%t:%d:%d:%s%s", f.Part, i < len(m.leaves) && m.leaves[i].list, len(f.Name), len(f.Path), f.Name, f.Path)
		r.cached += 2*(len(f.Name)+len(f.Path)) + 64
	}
	l.shape = r.shapes[key.String()]
	if l.shape == nil {
		l.shape = &event.Shape{Fields: m.fields}
		r.shapes[key.String()] = l.shape
	}
	n.layout = l
	return l
}
