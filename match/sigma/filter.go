package sigma

import (
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// filter reads a global filter (filters specification v2.1.0).
func (p *parser) filter(root *yaml.Node, m mapping) error {
	title, err := p.mandatory(root, m, "title")
	if err != nil {
		return err
	}
	f := &Filter{File: p.file, Line: p.line(root), ID: m.plain("id"), Title: title}
	if p.skips(strings.ToLower(m.plain("status"))) {
		return nil
	}
	if f.Logsource, err = p.logsource(root, m); err != nil {
		return err
	}
	n := m.get("filter")
	if n.Kind != yaml.MappingNode {
		return p.problemAt(n, "filter: want a map of rules, selections and condition, found %s", describe(n))
	}
	section, err := p.pairs(n, "filter")
	if err != nil {
		return err
	}
	if rules := section.get("rules"); rules != nil && rules.Kind == yaml.ScalarNode && strings.EqualFold(rules.Value, "any") {
		f.Any = true
	} else if f.Rules, err = p.names(n, section, "filter", "rules", true); err != nil {
		return err
	}
	if f.Condition, err = p.detection(n, "filter", []string{"rules"}); err != nil {
		return err
	}
	if !hasNot(f.Condition) {
		// T29: pySigma joins the filter as it is written, the specification's example means its
		// opposite. Nothing in the file tells which of them the author had in mind.
		p.warn(p.line(n), "filter without \"not\": rules will match only events that it selects; write \"condition: not ...\" to leave those out")
	}
	p.out.Filters = append(p.out.Filters, f)
	return nil
}

// hasNot tells whether something is negated in a condition.
func hasNot(n Node) bool {
	if n.Op == OpNot {
		return true
	}
	return slices.ContainsFunc(n.Kids, hasNot)
}

// applies tells whether the filter is meant for a rule: it names it, or any, and what it says of
// the log source is true of the rule's (pySigma SigmaLogSource.__contains__).
func (f *Filter) applies(r *Rule) bool {
	ls := f.Logsource
	if ls.Product != "" && ls.Product != r.Logsource.Product ||
		ls.Category != "" && ls.Category != r.Logsource.Category ||
		ls.Service != "" && ls.Service != r.Logsource.Service {
		return false
	}
	if f.Any {
		return true
	}
	return slices.ContainsFunc(f.Rules, func(name string) bool { return name == r.ID || name == r.Name })
}
