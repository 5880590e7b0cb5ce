package sigma

import (
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// statuses and relations are the words that the specification defines for "status" and for the
// type of "related"; level has [Levels].
var (
	statuses  = [...]string{"stable", "test", "experimental", "deprecated", "unsupported"}
	relations = [...]string{"derived", "obsolete", "merged", "renamed", "similar"}
)

// defaultLevel is that of a rule which names none: the specification makes the level optional and
// has no default, pySigma's backends take medium.
const defaultLevel = "medium"

// rule reads a detection rule (rules specification, "Components").
func (p *parser) rule(root *yaml.Node, m mapping) error {
	if !m.has("detection") && !m.has("logsource") {
		return p.problemAt(root, "no Sigma document: want detection, correlation or filter, found the keys %s", keyNames(m))
	}
	title, err := p.mandatory(root, m, "title")
	if err != nil {
		return err
	}
	r := &Rule{
		File: p.file, Line: p.line(root),
		ID: m.plain("id"), Title: title, Name: m.plain("name"),
		Status: strings.ToLower(m.plain("status")),
	}
	if p.skips(r.Status) {
		return nil
	}
	if r.Logsource, err = p.logsource(root, m); err != nil {
		return err
	}
	r.Level = p.level(m)
	p.known(m, "status", r.Status, statuses[:])
	r.Description = p.optional(m, "description")
	r.Author = p.optional(m, "author")
	r.Date, r.Modified = p.optional(m, "date"), p.optional(m, "modified")
	r.References = p.texts(m, "references")
	r.Tags = p.texts(m, "tags")
	r.FalsePositives = p.texts(m, "falsepositives")
	r.Next = p.texts(m, "next")
	r.Fields = p.texts(m, "fields")
	r.Related = p.related(m)
	if t := m.plain("taxonomy"); t != "" && t != "sigma" {
		p.warn(p.line(m.get("taxonomy")), "taxonomy %q is unknown: its field names are looked up as they stand", excerpt(t))
	}
	detection := m.get("detection")
	if detection == nil {
		return p.problemAt(root, "want detection, found none")
	}
	if r.Condition, err = p.detection(detection, "detection", nil); err != nil {
		return err
	}
	p.out.Rules = append(p.out.Rules, r)
	return nil
}

// skips counts a document that its status keeps out (T30).
func (p *parser) skips(status string) bool {
	if p.opt.IncludeDeprecated || status != "deprecated" && status != "unsupported" {
		return false
	}
	skipOne(p.out, status)
	return true
}

// mandatory reads an attribute that must be there and be a text.
func (p *parser) mandatory(root *yaml.Node, m mapping, key string) (string, error) {
	n := m.get(key)
	if n == nil {
		return "", p.problemAt(root, "want %s, found none", key)
	}
	if n.Kind != yaml.ScalarNode || isNull(n) || strings.TrimSpace(n.Value) == "" {
		return "", p.problemAt(n, "%s: want a text, found %s", key, describe(n))
	}
	return strings.TrimSpace(n.Value), nil
}

// optional reads an attribute that only people look at: if it is no text, the rule is none the
// worse, but it is said.
func (p *parser) optional(m mapping, key string) string {
	n := m.get(key)
	if n == nil || isNull(n) {
		return ""
	}
	if n.Kind == yaml.ScalarNode {
		return strings.TrimSpace(n.Value)
	}
	if list := p.texts(m, key); len(list) > 0 {
		return strings.Join(list, ", ")
	}
	return ""
}

// texts reads a list of texts that only people look at; one text stands for a list of one.
func (p *parser) texts(m mapping, key string) []string {
	n := m.get(key)
	switch {
	case n == nil || isNull(n):
		return nil
	case n.Kind == yaml.ScalarNode:
		return []string{strings.TrimSpace(n.Value)}
	case n.Kind != yaml.SequenceNode:
		p.warn(p.line(n), "%s is left out: want a list of texts, found %s", key, describe(n))
		return nil
	}
	list := make([]string, 0, len(n.Content))
	for _, e := range n.Content {
		if p.spend(e) != nil {
			p.warn(p.line(n), "%s is cut: want at most %d YAML nodes in a document", key, maxNodes)
			return list
		}
		if e = resolve(e); e.Kind != yaml.ScalarNode {
			p.warn(p.line(e), "%s: one element is left out: want a text, found %s", key, describe(e))
			continue
		}
		if !isNull(e) {
			list = append(list, strings.TrimSpace(e.Value))
		}
	}
	return list
}

// related reads the links to other rules.
func (p *parser) related(m mapping) []Related {
	n := m.get("related")
	if n == nil || isNull(n) {
		return nil
	}
	if n.Kind != yaml.SequenceNode {
		p.warn(p.line(n), "related is left out: want a list of maps with id and type, found %s", describe(n))
		return nil
	}
	var list []Related
	for _, e := range n.Content {
		e = resolve(e)
		if e.Kind != yaml.MappingNode {
			p.warn(p.line(e), "related: one element is left out: want a map with id and type, found %s", describe(e))
			continue
		}
		pairs, err := p.pairs(e, "related")
		if err != nil {
			p.warn(p.line(e), "%s: one element is left out", err)
			continue
		}
		r := Related{ID: pairs.plain("id"), Type: pairs.plain("type")}
		p.known(pairs, "type", r.Type, relations[:])
		list = append(list, r)
	}
	return list
}

// level reads the severity; one that the specification does not have counts as the default.
func (p *parser) level(m mapping) string {
	level := strings.ToLower(m.plain("level"))
	if level == "" || !p.known(m, "level", level, Levels[:]) {
		return defaultLevel
	}
	return level
}

// known warns of a word that the specification does not have.
func (p *parser) known(m mapping, key, word string, words []string) bool {
	if word == "" || slices.Contains(words, word) {
		return true
	}
	p.warn(p.line(m.get(key)), "%s: want one of %s, found %q", key, strings.Join(words, ", "), excerpt(word))
	return false
}

// logsource reads where the events come from (rules specification, "LogSource").
func (p *parser) logsource(root *yaml.Node, m mapping) (ls Logsource, err error) {
	n := m.get("logsource")
	if n == nil {
		return ls, p.problemAt(root, "want logsource, found none")
	}
	if n.Kind != yaml.MappingNode {
		return ls, p.problemAt(n, "logsource: want a map with category, product or service, found %s", describe(n))
	}
	pairs, err := p.pairs(n, "logsource")
	if err != nil {
		return ls, err
	}
	for _, part := range []struct {
		key string
		to  *string
	}{{"product", &ls.Product}, {"category", &ls.Category}, {"service", &ls.Service}} {
		v := pairs.get(part.key)
		if v == nil || isNull(v) {
			continue
		}
		if v.Kind != yaml.ScalarNode {
			return ls, p.problemAt(v, "logsource: %s: want a text, found %s", part.key, describe(v))
		}
		*part.to = strings.ToLower(strings.TrimSpace(v.Value))
	}
	if ls == (Logsource{}) {
		return ls, p.problemAt(n, "logsource: want category, product or service, found none of them")
	}
	ls.Definition = p.optional(pairs, "definition")
	return ls, nil
}

// keyNames lists the keys of a map for an error message.
func keyNames(m mapping) string {
	const few = 6
	var names []string
	for i, p := range m {
		if i == few {
			names = append(names, "…")
			break
		}
		names = append(names, excerpt(p.key.Value))
	}
	if len(names) == 0 {
		return "of an empty map"
	}
	return strings.Join(names, ", ")
}
