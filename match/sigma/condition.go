package sigma

import (
	"strings"

	"go.yaml.in/yaml/v3"
)

const (
	// maxTokens bounds the words of a condition; SigmaHQ's longest has some sixty.
	maxTokens = 1 << 12
	// maxParentheses bounds how deep they nest.
	maxParentheses = 64
	// maxConditions bounds a list of conditions.
	maxConditions = 1 << 8
)

// An expression is the text of a condition, in words, and where it stands.
type expression struct {
	node  *yaml.Node
	words []string
}

// expressions reads a condition: a text, or a list of texts of which one must hold (rules
// specification, "Condition"). The aggregations of Sigma 1.0 are told as what they are.
func (p *parser) expressions(n *yaml.Node) ([]expression, error) {
	nodes := []*yaml.Node{n}
	if n.Kind == yaml.SequenceNode {
		if nodes = n.Content; len(nodes) == 0 {
			return nil, p.problemAt(n, "condition: want a text, found an empty list")
		}
		if len(nodes) > maxConditions {
			return nil, p.problemAt(n, "condition: want a list of at most %d, found %d", maxConditions, len(nodes))
		}
	}
	list := make([]expression, 0, len(nodes))
	for _, e := range nodes {
		e = resolve(e)
		if e.Kind != yaml.ScalarNode || isNull(e) || strings.TrimSpace(e.Value) == "" {
			return nil, p.problemAt(e, "condition: want a text, found %s", describe(e))
		}
		words := conditionWords(e.Value)
		if len(words) > maxTokens {
			return nil, p.problemAt(e, "condition: want at most %d words, found %d", maxTokens, len(words))
		}
		if i := strings.IndexByte(e.Value, '|'); i >= 0 {
			return nil, p.problemAt(e, "condition: want search identifiers, found the aggregation %q of Sigma 1.0: since Sigma 2.0 this is a correlation rule",
				excerpt(e.Value[i:]))
		}
		list = append(list, expression{e, words})
	}
	return list, nil
}

// conditionWords cuts a condition into words; parentheses are words of their own.
func conditionWords(s string) []string {
	var words []string
	start := -1
	for i, r := range s {
		switch r {
		case ' ', '\t', '\n', '\r', '(', ')':
			if start >= 0 {
				words = append(words, s[start:i])
				start = -1
			}
			if r == '(' || r == ')' {
				words = append(words, s[i:i+1])
			}
		default:
			if start < 0 {
				start = i
			}
		}
	}
	if start >= 0 {
		words = append(words, s[start:])
	}
	return words
}

// condition puts the selections together as the expressions say; one of several is enough.
func (p *parser) condition(expressions []expression, selections []selection) (Node, error) {
	kids := make([]Node, 0, len(expressions))
	for _, e := range expressions {
		c := conditionParser{p: p, expression: e, selections: selections}
		node, err := c.or(0)
		if err != nil {
			return Node{}, err
		}
		if c.at < len(c.words) {
			return Node{}, c.problem("and, or or the end", c.words[c.at])
		}
		kids = append(kids, node)
	}
	return joined(OpOr, kids), nil
}

// A conditionParser reads one expression by recursive descent (rules specification, "Operator
// Precedence"):
//
//	or   = and { "or" and }
//	and  = not { "and" not }
//	not  = { "not" } term
//	term = "(" or ")" | ("1" | "any" | "all") "of" ("them" | pattern) | identifier
//
// Words of the grammar are taken in any case, identifiers as they are written.
type conditionParser struct {
	p *parser
	expression
	at         int
	selections []selection
}

func (c *conditionParser) problem(want, found string) error {
	return c.p.problemAt(c.node, "condition: want %s at word %d, found %q", want, c.at+1, excerpt(found))
}

// next tells whether that word of the grammar comes next, and takes it.
func (c *conditionParser) next(word string) bool {
	if c.at < len(c.words) && strings.EqualFold(c.words[c.at], word) {
		c.at++
		return true
	}
	return false
}

func (c *conditionParser) or(depth int) (Node, error) {
	return c.list(depth, "or", OpOr, c.and)
}

func (c *conditionParser) and(depth int) (Node, error) {
	return c.list(depth, "and", OpAnd, c.not)
}

// list reads operands that the same word joins.
func (c *conditionParser) list(depth int, word string, op Op, operand func(int) (Node, error)) (Node, error) {
	var kids []Node
	for {
		kid, err := operand(depth)
		if err != nil {
			return Node{}, err
		}
		kids = append(kids, kid)
		if !c.next(word) {
			return joined(op, kids), nil
		}
	}
}

func (c *conditionParser) not(depth int) (Node, error) {
	negative := false
	for c.next("not") {
		negative = !negative
	}
	node, err := c.term(depth)
	if err != nil || !negative {
		return node, err
	}
	return Node{Op: OpNot, Kids: []Node{node}}, nil
}

func (c *conditionParser) term(depth int) (Node, error) {
	if c.at == len(c.words) {
		return Node{}, c.problem("a search identifier", "the end")
	}
	if c.next("(") {
		if depth == maxParentheses {
			return Node{}, c.p.problemAt(c.node, "condition: want at most %d parentheses in each other, found more", maxParentheses)
		}
		node, err := c.or(depth + 1)
		if err != nil {
			return Node{}, err
		}
		if !c.next(")") {
			if c.at == len(c.words) {
				return Node{}, c.problem("a closing parenthesis", "the end")
			}
			return Node{}, c.problem("and, or or a closing parenthesis", c.words[c.at])
		}
		return node, nil
	}
	word := c.words[c.at]
	if c.at+1 < len(c.words) && strings.EqualFold(c.words[c.at+1], "of") {
		return c.quantified(word)
	}
	switch strings.ToLower(word) {
	case ")", "and", "or", "of":
		return Node{}, c.problem("a search identifier", word)
	}
	for _, s := range c.selections {
		if s.name == word {
			c.at++
			return s.node, c.p.repeat(c.node, s)
		}
	}
	return Node{}, c.problem("a search identifier of this rule", word)
}

// quantified reads "1 of", "any of" or "all of" and what follows it. Identifiers that start with
// an underscore are left out, unless the pattern itself starts with one (T13).
func (c *conditionParser) quantified(word string) (Node, error) {
	op := OpOr
	switch strings.ToLower(word) {
	case "1", "any":
	case "all":
		op = OpAnd
	default:
		return Node{}, c.problem("1, any or all before \"of\"", word)
	}
	c.at += 2
	if c.at == len(c.words) {
		return Node{}, c.problem("them or a pattern of search identifiers", "the end")
	}
	pattern := c.words[c.at]
	if pattern == "(" || pattern == ")" {
		return Node{}, c.problem("them or a pattern of search identifiers", pattern)
	}
	match := pattern
	if strings.EqualFold(pattern, "them") {
		match = "*"
	}
	var kids []Node
	for _, s := range c.selections {
		if strings.HasPrefix(s.name, "_") && !strings.HasPrefix(match, "_") {
			continue
		}
		if starMatch(match, s.name) {
			if err := c.p.repeat(c.node, s); err != nil {
				return Node{}, err
			}
			kids = append(kids, s.node)
		}
	}
	if len(kids) == 0 {
		return Node{}, c.problem("a pattern of this rule's search identifiers", pattern)
	}
	c.at++
	return joined(op, kids), nil
}

// repeat counts the comparisons of a selection each time that a condition names it: the nodes are
// shared, but whoever walks the tree meets them again.
func (p *parser) repeat(n *yaml.Node, s selection) error {
	if p.leaves -= s.leaves; p.leaves < 0 {
		return p.problemAt(n, "condition: want at most %d comparisons in all, found more", maxLeaves)
	}
	return nil
}

// starMatch tells whether a name fits a pattern as a whole, in which * is any run of characters.
func starMatch(pattern, name string) bool {
	first, rest, star := strings.Cut(pattern, "*")
	if !star {
		return pattern == name
	}
	if !strings.HasPrefix(name, first) {
		return false
	}
	name = name[len(first):]
	for {
		var part string
		if part, rest, star = strings.Cut(rest, "*"); !star {
			return strings.HasSuffix(name, part)
		}
		i := strings.Index(name, part)
		if i < 0 {
			return false
		}
		name = name[i+len(part):]
	}
}
