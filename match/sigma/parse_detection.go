package sigma

import (
	"strings"

	"go.yaml.in/yaml/v3"
)

// A selection is a search identifier and what it means.
type selection struct {
	name   string
	node   Node
	leaves int // comparisons in node
}

// maxSelections bounds the search identifiers of a rule; SigmaHQ's have up to some forty.
const maxSelections = 1 << 10

// detection reads search identifiers and the condition over them (rules specification,
// "Detection" and "Condition"). Keys named in leave are none of either.
func (p *parser) detection(n *yaml.Node, what string, leave []string) (Node, error) {
	if n.Kind != yaml.MappingNode {
		return Node{}, p.problemAt(n, "%s: want a map of search identifiers and condition, found %s", what, describe(n))
	}
	m, err := p.pairs(n, what)
	if err != nil {
		return Node{}, err
	}
	condition := m.get("condition")
	if condition == nil {
		return Node{}, p.problemAt(n, "%s: want condition, found none", what)
	}
	// Conditions of Sigma 1.0 are told before their selections, which often are of Sigma 1.0 too.
	expressions, err := p.expressions(condition)
	if err != nil {
		return Node{}, err
	}
	var selections []selection
next:
	for _, pair := range m {
		name := pair.key.Value
		if name == "condition" {
			continue
		}
		for _, l := range leave {
			if name == l {
				continue next
			}
		}
		if name == "timeframe" && pair.value.Kind == yaml.ScalarNode {
			return Node{}, p.problemAt(pair.key, "%s: timeframe belongs to the aggregations of Sigma 1.0: want a correlation rule instead", what)
		}
		if len(selections) == maxSelections {
			return Node{}, p.problemAt(pair.key, "%s: want at most %d search identifiers, found more", what, maxSelections)
		}
		before := p.items
		node, err := p.search(pair.value, name, 0)
		if err != nil {
			return Node{}, err
		}
		node.Name = name
		selections = append(selections, selection{name, node, before - p.items})
	}
	if len(selections) == 0 {
		return Node{}, p.problemAt(n, "%s: want at least one search identifier, found none", what)
	}
	return p.condition(expressions, selections)
}

// search reads the value of a search identifier: a map is the AND of its fields, a list the OR of
// its maps, and texts are keywords (rules specification, "Lists" and "Maps"; T5, T6).
func (p *parser) search(n *yaml.Node, name string, depth int) (Node, error) {
	if depth > maxDepth {
		return Node{}, p.problemAt(n, "%s: want lists and maps nested at most %d deep, found more", excerpt(name), maxDepth)
	}
	if err := p.spend(n); err != nil {
		return Node{}, err
	}
	switch n.Kind {
	case yaml.MappingNode:
		m, err := p.pairs(n, excerpt(name))
		if err != nil {
			return Node{}, err
		}
		if len(m) == 0 {
			return Node{}, p.problemAt(n, "%s: want fields, found an empty map", excerpt(name))
		}
		kids := make([]Node, 0, len(m))
		for _, pair := range m {
			kid, err := p.field(pair.key, pair.value)
			if err != nil {
				return Node{}, err
			}
			kids = append(kids, kid)
		}
		return joined(OpAnd, kids), nil
	case yaml.SequenceNode:
		if len(n.Content) == 0 {
			return Node{}, p.problemAt(n, "%s: want keywords or maps, found an empty list", excerpt(name))
		}
		kids := make([]Node, 0, len(n.Content))
		for _, e := range n.Content {
			kid, err := p.search(resolve(e), name, depth+1)
			if err != nil {
				return Node{}, err
			}
			kids = append(kids, kid)
		}
		return joined(OpOr, kids), nil
	}
	return p.keyword(n, name)
}

// keyword reads a text that stands alone: it is looked for anywhere in any field of the event.
func (p *parser) keyword(n *yaml.Node, name string) (Node, error) {
	v := scalar(n)
	if v.kind == nullValue {
		return Node{}, p.problemAt(n, "%s: want a keyword or a map of fields, found %s", excerpt(name), describe(n))
	}
	if v.text == "" {
		return Node{}, p.problemAt(n, "%s: want a keyword, found an empty text, which is in every event", excerpt(name))
	}
	if err := p.spendText(n, len(v.text)); err != nil {
		return Node{}, err
	}
	pattern := ParsePattern(v.text).contained()
	if len(pattern) > maxParts {
		return Node{}, p.problemAt(n, "%s: want at most %d wildcards and texts between them in a value, found %d", excerpt(name), maxParts, len(pattern))
	}
	return p.leaf(Item{Kind: ItemMatch, Pattern: pattern, Line: p.line(n), Text: v.quote()}, n)
}

// joined makes one node of several; one alone needs no node around it.
func joined(op Op, kids []Node) Node {
	if len(kids) == 1 {
		return kids[0]
	}
	return Node{Op: op, Kids: kids}
}

// leaf makes the node of one comparison.
func (p *parser) leaf(it Item, n *yaml.Node) (Node, error) {
	if p.items--; p.items < 0 {
		return Node{}, p.problemAt(n, "want at most %d comparisons in a rule, found more", maxItems)
	}
	if len(p.pool) == cap(p.pool) {
		const block = 32 // most rules have fewer; items of a rule lie side by side
		p.pool = make([]Item, 0, block)
	}
	p.pool = append(p.pool, it)
	return Node{Op: OpItem, Item: &p.pool[len(p.pool)-1]}, nil
}

// field reads one entry of a map: a field with its modifiers, and a value or a list of values.
func (p *parser) field(key, n *yaml.Node) (Node, error) {
	f, err := p.modifiers(key)
	if err != nil {
		return Node{}, err
	}
	if err := p.spend(n); err != nil {
		return Node{}, err
	}
	var node Node
	switch n.Kind {
	case yaml.ScalarNode:
		if node, err = p.values(&f, scalar(n)); err != nil {
			return Node{}, err
		}
	case yaml.SequenceNode:
		if len(n.Content) == 0 {
			return Node{}, p.problemAt(n, "%s: want a value or a list of values, found an empty list", f.shown())
		}
		kids := make([]Node, 0, len(n.Content))
		for _, e := range n.Content {
			if err := p.spend(e); err != nil {
				return Node{}, err
			}
			e = resolve(e)
			if e.Kind != yaml.ScalarNode {
				return Node{}, p.problemAt(e, "%s: want a list of texts and numbers, found %s in it", f.shown(), describe(e))
			}
			v := scalar(e)
			if v.kind == nullValue && len(n.Content) > 1 {
				return Node{}, p.problemAt(e, "%s: want no null in a list of values, found one (specification, \"Special Field Values\")", f.shown())
			}
			kid, err := p.values(&f, v)
			if err != nil {
				return Node{}, err
			}
			kids = append(kids, kid)
		}
		op := OpOr
		if f.all {
			op = OpAnd
		}
		node = joined(op, kids)
	default:
		return Node{}, p.problemAt(n, "%s: want a value or a list of values, found %s", f.shown(), describe(n))
	}
	if f.neq {
		// T17: the whole item is negated, so that a list means "none of them".
		node = Node{Op: OpNot, Kids: []Node{node}}
	}
	return node, nil
}

// fieldName takes the name of a field out of a key: spaces are stripped (rules specification,
// "Field Usage" 2; T22).
func fieldName(s string) string { return strings.ReplaceAll(s, " ", "") }
