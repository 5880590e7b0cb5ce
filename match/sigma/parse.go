package sigma

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

const (
	// maxFileSize bounds a rule file: SigmaHQ's largest has 0.3 MB. A YAML tree takes some fifty
	// times its text in memory.
	maxFileSize = 1 << 20
	// maxDocuments bounds the YAML documents of one file; real collections hold a few dozen.
	maxDocuments = 1 << 12
	// maxDepth bounds how deep lists and maps nest in a detection. Rules nest four deep.
	maxDepth = 16
	// maxNodes bounds the YAML nodes read of one document, each as often as an alias repeats it:
	// a "billion laughs" ends here.
	maxNodes = 1 << 19
	// maxItems bounds the comparisons of one rule after modifiers have multiplied its values.
	maxItems = 1 << 16
	// maxLeaves bounds them again after the condition has named selections several times.
	maxLeaves = 2 * maxItems
	// maxMerged bounds the nodes that all templates of a file copy.
	maxMerged = 1 << 18
	// maxText bounds the bytes of all values of a document, as often as aliases repeat them and
	// modifiers multiply them.
	maxText = 16 << 20
	// maxWarnings bounds the remarks on one document.
	maxWarnings = 32
	// maxExcerpt bounds what a message quotes from a file, in bytes.
	maxExcerpt = 80
)

// Parse reads the YAML documents of one file (specification, "Yaml File" and, for files of
// several documents, the correlation specification's "Example"). It takes any bytes: what is
// wrong with a document is a [Rejection] with its line, and the other documents are read all the
// same. References between documents are left for [Collection.Resolve].
//
// Documents with "action: global", "reset" and "repeat" are templates for those after them, as in
// pySigma: see docs/formats/sigma.md.
func Parse(data []byte, file string, opt LoadOptions) *Collection {
	p := parser{file: file, opt: &opt, out: &Collection{Files: 1}}
	p.parse(data)
	return p.out
}

// A parser reads one file.
type parser struct {
	file string
	opt  *LoadOptions
	out  *Collection
	// documents counts all documents with content, templates those of action global and reset.
	documents, templates int
	// title is that of the document being read, for its rejection.
	title string
	// nodes to warnings count down what the document may still use.
	nodes, items, leaves, text, warnings int
	// merged counts down what the templates of the file may still copy.
	merged int
	// pool is the block of items that the next ones are cut from.
	pool []Item
	// global is the template of "action: global", previous the last rule, for "action: repeat".
	global, previous *yaml.Node
}

// A problem is what is wrong with a document.
type problem struct {
	line   int // in the file, from 1
	reason string
}

func (p *problem) Error() string { return p.reason }

// problemAt makes the error that becomes a rejection: where, and what was wanted and found.
func (p *parser) problemAt(n *yaml.Node, format string, args ...any) error {
	return &problem{line: p.line(n), reason: fmt.Sprintf(format, args...)}
}

// line is where a node stands in the file.
func (p *parser) line(n *yaml.Node) int { return n.Line }

func (p *parser) parse(data []byte) {
	p.merged = maxMerged
	switch {
	case len(data) > maxFileSize:
		p.reject(0, fmt.Sprintf("want a rule file of at most %d bytes, found %d", maxFileSize, len(data)))
		return
	case bytes.HasPrefix(data, []byte("\xff\xfe")), bytes.HasPrefix(data, []byte("\xfe\xff")):
		p.reject(1, "want UTF-8, found UTF-16")
		return
	case !utf8.Valid(data):
		line, at := badUTF8(data)
		p.reject(line, fmt.Sprintf("want UTF-8, found the byte %#02x", data[at]))
		return
	}
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	docs := splitDocuments(data)
	if len(docs) > maxDocuments {
		p.reject(1, fmt.Sprintf("want at most %d documents in a file, found %d", maxDocuments, len(docs)))
		return
	}
	for _, d := range docs {
		p.document(d)
	}
	if p.documents == 0 {
		p.reject(1, "want a Sigma document, found none in the file")
	}
}

// reject records why the document being read is not loaded.
func (p *parser) reject(line int, reason string) {
	p.out.Rejected = append(p.out.Rejected, Rejection{File: p.file, Line: line, Rule: p.title, Reason: reason})
}

// warn records a remark on a document that is loaded.
func (p *parser) warn(line int, format string, args ...any) {
	if p.warnings--; p.warnings < 0 {
		return
	}
	if p.warnings == 0 {
		format, args = "more is wrong with the document than these %d remarks say", []any{maxWarnings - 1}
	}
	p.out.Warnings = append(p.out.Warnings,
		Rejection{File: p.file, Line: line, Rule: p.title, Reason: fmt.Sprintf(format, args...)})
}

// badUTF8 finds the first byte that is not UTF-8.
func badUTF8(data []byte) (line, at int) {
	line = 1
	for at < len(data) {
		r, n := utf8.DecodeRune(data[at:])
		if r == utf8.RuneError && n == 1 {
			break
		}
		if r == '\n' {
			line++
		}
		at += n
	}
	return line, at
}

// A document is the text of one YAML document and the number of lines before it.
type document struct {
	text   []byte
	offset int
}

// splitDocuments cuts a stream at its "---" and "..." lines, so that a broken document does not take the
// others with it. YAML allows no line that starts so inside a document, not even in a block
// scalar (YAML 1.2.2, 9.1.2 "c-forbidden"). Directives before it are dropped: rules need none, and
// the library refuses "%YAML 1.2".
func splitDocuments(data []byte) []document {
	var docs []document
	start, startLine, line := 0, 0, 0
	content := false // something other than comments and directives since start
	for at := 0; at < len(data); line++ {
		end := len(data)
		if i := bytes.IndexByte(data[at:], '\n'); i >= 0 {
			end = at + i + 1
		}
		text := data[at:end]
		switch {
		case isMarker(text, "..."):
			if content {
				docs = append(docs, document{data[start:at], startLine})
			}
			start, startLine, content = end, line+1, false
		case isMarker(text, "---"):
			if content {
				docs = append(docs, document{data[start:at], startLine})
			}
			start, startLine = at, line
			// The marker's own line may go on with content: "--- {title: x}".
			content = true
		case len(bytes.TrimSpace(text)) > 0 && text[0] != '#' && text[0] != '%':
			content = true
		}
		at = end
	}
	if content {
		docs = append(docs, document{data[start:], startLine})
	}
	return docs
}

// isMarker tells whether a line is a document marker.
func isMarker(line []byte, marker string) bool {
	return bytes.HasPrefix(line, []byte(marker)) &&
		(len(line) == len(marker) || strings.IndexByte(" \t\r\n", line[len(marker)]) >= 0)
}

// document reads a piece of the file, which is one YAML document, or more if the library sees line
// ends where splitDocuments does not (YAML 1.1 has five kinds).
func (p *parser) document(d document) {
	decoder := yaml.NewDecoder(bytes.NewReader(d.text))
	for {
		p.title = ""
		var doc yaml.Node
		err := decoder.Decode(&doc)
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			p.documents++
			line, reason := yamlError(err)
			// The library may be a line beyond the end.
			last := bytes.Count(bytes.TrimRight(d.text, "\n"), []byte("\n")) + 1
			p.reject(d.offset+min(max(line, 1), last), reason)
			return
		}
		if p.documents > maxDocuments {
			p.reject(d.offset+1, fmt.Sprintf("want at most %d documents in a file, found more", maxDocuments))
			p.documents++
			return
		}
		p.tree(&doc, d.offset)
	}
}

// tree reads one YAML document. It ends up in exactly one place: a rule, correlation or filter, a
// rejection, the count of the skipped, or a template.
func (p *parser) tree(doc *yaml.Node, offset int) {
	if doc.Kind == 0 || len(doc.Content) == 0 {
		return // nothing but comments
	}
	root := doc.Content[0]
	if root.Kind == yaml.ScalarNode && root.Tag == "!!null" && root.Value == "" {
		return // "---" with nothing after it
	}
	p.documents++
	p.nodes, p.items, p.leaves, p.text, p.warnings = maxNodes, maxItems, maxLeaves, maxText, maxWarnings
	if offset > 0 {
		countLines(root, offset)
	}
	remarks := len(p.out.Warnings)
	var bad *problem
	if errors.As(p.top(root), &bad) {
		p.out.Warnings = p.out.Warnings[:remarks] // they are about documents that are loaded
		p.reject(bad.line, bad.reason)
	}
}

// countLines makes the lines of a document those of its file: templates mix documents. A tree is
// as deep as the YAML library lets it be, which is ten thousand.
func countLines(n *yaml.Node, offset int) {
	n.Line += offset
	for _, kid := range n.Content {
		countLines(kid, offset)
	}
}

// yamlError takes the line out of an error of the YAML library.
func yamlError(err error) (line int, reason string) {
	reason = strings.TrimPrefix(err.Error(), "yaml: ")
	if rest, ok := strings.CutPrefix(reason, "line "); ok {
		if number, what, ok := strings.Cut(rest, ": "); ok {
			if n, err := strconv.Atoi(number); err == nil {
				return n, "YAML: " + what
			}
		}
	}
	return 0, "YAML: " + reason
}

// top decides what kind of document it is.
func (p *parser) top(root *yaml.Node) error {
	if root.Kind != yaml.MappingNode {
		return p.problemAt(root, "want a map with title and detection, found %s", describe(root))
	}
	m, err := p.pairs(root, "the document")
	if err != nil {
		return err
	}
	p.name(m)
	switch {
	case m.has("correlation"):
		return p.correlation(root, m)
	case m.has("filter"):
		return p.filter(root, m)
	}
	if action := m.get("action"); action != nil {
		return p.action(root, action)
	}
	if p.global != nil {
		if root, err = p.merge(root, p.global, 0); err != nil {
			return err
		}
		if m, err = p.pairs(root, "the document"); err != nil {
			return err
		}
		p.name(m)
	}
	p.previous = root
	return p.rule(root, m)
}

// name keeps what the document calls itself, for its rejection and warnings.
func (p *parser) name(m mapping) {
	if p.title = m.plain("title"); p.title == "" {
		p.title = m.plain("id")
	}
}

// action handles the templates of Sigma 1.0 ("Rule Collections"), which pySigma still reads.
func (p *parser) action(root, action *yaml.Node) error {
	root = without(root, "action")
	switch resolve(action).Value {
	case "global":
		p.templates++
		p.global, p.previous = root, root
		return nil
	case "reset":
		p.templates++
		p.global = nil
		return nil
	case "repeat":
		if p.previous == nil {
			return p.problemAt(action, "action: repeat wants a rule before it, found none")
		}
		merged, err := p.merge(p.previous, root, 0)
		if err != nil {
			return err
		}
		merged.Line = root.Line
		p.previous = merged
		if p.global != nil {
			if merged, err = p.merge(merged, p.global, 0); err != nil {
				return err
			}
		}
		m, err := p.pairs(merged, "the document")
		if err != nil {
			return err
		}
		p.name(m)
		return p.rule(merged, m)
	}
	return p.problemAt(action, "action: want global, reset or repeat, found %s", describe(action))
}

// without copies a map, leaving one key out.
func without(m *yaml.Node, key string) *yaml.Node {
	c := *m
	c.Content = nil
	for i := 0; i+1 < len(m.Content); i += 2 {
		if m.Content[i].Value != key {
			c.Content = append(c.Content, m.Content[i], m.Content[i+1])
		}
	}
	return &c
}

// merge copies a map and puts the pairs of another over it, map into map: what over says wins.
func (p *parser) merge(under, over *yaml.Node, depth int) (*yaml.Node, error) {
	if depth > maxDepth {
		return nil, p.problemAt(over, "want maps nested at most %d deep, found more", maxDepth)
	}
	if p.merged -= len(under.Content) + len(over.Content); p.merged < 0 {
		return nil, p.problemAt(over, "want templates that put at most %d YAML nodes together in a file, found more", maxMerged)
	}
	c := *under
	c.Content = slices.Clone(under.Content)
	place := make(map[string]int, len(c.Content)/2)
	for i := 0; i+1 < len(c.Content); i += 2 {
		place[c.Content[i].Value] = i + 1
	}
	for i := 0; i+1 < len(over.Content); i += 2 {
		key, value := over.Content[i], resolve(over.Content[i+1])
		at, both := place[key.Value]
		if !both {
			c.Content = append(c.Content, key, value)
			continue
		}
		if have := resolve(c.Content[at]); have.Kind == yaml.MappingNode && value.Kind == yaml.MappingNode {
			merged, err := p.merge(have, value, depth+1)
			if err != nil {
				return nil, err
			}
			value = merged
		}
		c.Content[at] = value
	}
	return &c, nil
}

// A pair is a key of a map and its value.
type pair struct{ key, value *yaml.Node }

// mapping are the pairs of a map, in the order of the file, aliases resolved.
type mapping []pair

func (m mapping) get(key string) *yaml.Node {
	for _, p := range m {
		if p.key.Value == key {
			return p.value
		}
	}
	return nil
}

func (m mapping) has(key string) bool { return m.get(key) != nil }

// plain gives the text of a scalar, "" if there is none.
func (m mapping) plain(key string) string {
	if v := m.get(key); v != nil && v.Kind == yaml.ScalarNode && !isNull(v) {
		return strings.TrimSpace(v.Value)
	}
	return ""
}

// fewPairs is the size up to which comparing all keys is cheaper than a map.
const fewPairs = 24

// pairs gives the pairs of a map. A key that stands twice would hide one of its values, so it is
// an error, as in YAML (3.2.1.3, "keys must be unique"). Merge keys ("<<") are refused: they are
// no part of YAML 1.2, in which rules are written.
func (p *parser) pairs(n *yaml.Node, what string) (mapping, error) {
	m := make(mapping, 0, len(n.Content)/2)
	var seen map[string]*yaml.Node
	if len(n.Content)/2 > fewPairs {
		seen = make(map[string]*yaml.Node)
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if err := p.spend(n.Content[i]); err != nil {
			return nil, err
		}
		key, value := resolve(n.Content[i]), resolve(n.Content[i+1])
		if key.Kind != yaml.ScalarNode {
			return nil, p.problemAt(key, "%s: want a text as key, found %s", what, describe(key))
		}
		if key.Tag == "!!merge" {
			return nil, p.problemAt(key, "%s: want no merge key <<, which YAML 1.2 does not have", what)
		}
		var first *yaml.Node
		if seen == nil {
			for _, have := range m {
				if have.key.Value == key.Value {
					first = have.key
				}
			}
		} else {
			first = seen[key.Value]
			seen[key.Value] = key
		}
		if first != nil {
			return nil, p.problemAt(key, "%s: want each key once, found %q again (first on line %d)",
				what, excerpt(key.Value), p.line(first))
		}
		m = append(m, pair{key, value})
	}
	return m, nil
}

// spend counts a node that is read, so that aliases cannot multiply the work without end.
func (p *parser) spend(n *yaml.Node) error {
	if p.nodes--; p.nodes < 0 {
		return p.problemAt(n, "want at most %d YAML nodes in a document, found more", maxNodes)
	}
	return nil
}

// spendText counts the bytes of a value that is kept.
func (p *parser) spendText(n *yaml.Node, bytes int) error {
	if p.text -= bytes; p.text < 0 {
		return p.problemAt(n, "want at most %d bytes of values in a document, found more", maxText)
	}
	return nil
}

// resolve follows an alias to the node it stands for. An alias never points to another alias.
func resolve(n *yaml.Node) *yaml.Node {
	if n.Kind == yaml.AliasNode {
		return n.Alias
	}
	return n
}

// describe names a node for an error message.
func describe(n *yaml.Node) string {
	n = resolve(n)
	switch n.Kind {
	case yaml.MappingNode:
		if len(n.Content) == 0 {
			return "an empty map"
		}
		return "a map"
	case yaml.SequenceNode:
		if len(n.Content) == 0 {
			return "an empty list"
		}
		return "a list"
	}
	if isNull(n) {
		return "nothing"
	}
	return fmt.Sprintf("%q", excerpt(n.Value))
}

// excerpt cuts a text that is quoted in a message.
func excerpt(s string) string {
	if len(s) <= maxExcerpt {
		return s
	}
	cut := maxExcerpt
	for cut > 0 && !utf8.RuneStart(s[cut]) {
		cut--
	}
	return s[:cut] + "…"
}
