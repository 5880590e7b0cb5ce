package sigma_test

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// The reference evaluator: Sigma as the specification says it (v2.1.0), with the readings of
// sigma-traps T1 to T32, in the slowest and plainest way. It is the judge of the engine, so it
// shares nothing with it: it reads the YAML itself, keeps no index, and knows of package sigma's
// parser and compiler nothing at all. What it is made of:
//
//	reference_test.go            documents, detections, lists and maps
//	reference_condition_test.go  conditions
//	reference_value_test.go      values and their modifiers
//	reference_text_test.go       folding, wildcards, numbers, dates
//	reference_event_test.go      events and the looking up of fields
//	reference_route_test.go      which events a log source means
//	reference_derive_test.go     fields that are made out of others

// A refRule is one detection rule.
type refRule struct {
	id, name, title, status string
	logsource               refLogsource
	holds                   refTest
	routes                  []refRoute
	detection               *yaml.Node
}

type refLogsource struct{ product, category, service string }

// A refTest is something that is true or false of an event as one route shows it.
type refTest func(*refView) bool

// A refFilter narrows other rules (filters specification).
type refFilter struct {
	rules     []string
	any       bool
	logsource refLogsource
	holds     refTest
}

// refOptions are what the outside adds to the rules.
type refOptions struct {
	placeholders map[string][]string
	deprecated   bool
}

// refParse reads all documents of a text. Documents that are wrong come back as errors, one each;
// correlations are left out.
func refParse(text string, table *refTable, opt refOptions) (rules []*refRule, rejected []error) {
	docs, err := refDocuments(text)
	if err != nil {
		return nil, []error{err}
	}
	var filters []*refFilter
	for _, doc := range docs {
		switch {
		case refKey(doc, "correlation") != nil:
		case refKey(doc, "filter") != nil:
			f, err := refParseFilter(doc, opt)
			if err != nil {
				rejected = append(rejected, err)
				continue
			}
			filters = append(filters, f)
		default:
			r, err := refParseRule(doc, table, opt)
			if err != nil {
				rejected = append(rejected, err)
				continue
			}
			if (r.status == "deprecated" || r.status == "unsupported") && !opt.deprecated {
				continue // T30
			}
			rules = append(rules, r)
		}
	}
	for _, f := range filters {
		for _, r := range rules {
			if f.appliesTo(r) {
				rule, filter := r.holds, f.holds
				r.holds = func(v *refView) bool { return rule(v) && filter(v) }
			}
		}
	}
	return rules, rejected
}

// refDocuments splits a text into documents and joins what "action: global" and "action: repeat"
// say into the documents that follow (T30).
func refDocuments(text string) ([]*yaml.Node, error) {
	dec := yaml.NewDecoder(strings.NewReader(text))
	var global, previous *yaml.Node
	var docs []*yaml.Node
	for {
		var n yaml.Node
		err := dec.Decode(&n)
		if errors.Is(err, io.EOF) {
			return docs, nil
		}
		if err != nil {
			return nil, err
		}
		if n.Kind != yaml.DocumentNode || len(n.Content) != 1 || n.Content[0].Kind != yaml.MappingNode {
			if len(n.Content) == 1 && n.Content[0].Tag == "!!null" {
				continue // nothing between two "---"
			}
			return nil, errors.New("a document is not a map")
		}
		doc := n.Content[0]
		action := ""
		if a := refKey(doc, "action"); a != nil {
			action = a.Value
		}
		switch action {
		case "global":
			global = refMerge(doc, nil, "action")
			continue
		case "reset":
			global = nil
			continue
		case "repeat":
			doc = refMerge(previous, doc, "action")
		case "":
		default:
			return nil, fmt.Errorf("action: %q", action)
		}
		previous = doc
		docs = append(docs, refMerge(doc, global, ""))
	}
}

// refMerge gives base with what over says in its place; maps are joined key by key.
func refMerge(base, over *yaml.Node, without string) *yaml.Node {
	out := &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}
	put := func(key, value *yaml.Node) {
		for i := 0; i < len(out.Content); i += 2 {
			if out.Content[i].Value == key.Value {
				if out.Content[i+1].Kind == yaml.MappingNode && value.Kind == yaml.MappingNode {
					value = refMerge(out.Content[i+1], value, "")
				}
				out.Content[i+1] = value
				return
			}
		}
		out.Content = append(out.Content, key, value)
	}
	if base != nil {
		for i := 0; i+1 < len(base.Content); i += 2 {
			if without == "" || base.Content[i].Value != without {
				// Appended, not put: a key that stands there twice must stay twice, to be refused.
				out.Content = append(out.Content, base.Content[i], base.Content[i+1])
			}
		}
	}
	if over != nil {
		for i := 0; i+1 < len(over.Content); i += 2 {
			if without == "" || over.Content[i].Value != without {
				put(over.Content[i], over.Content[i+1])
			}
		}
	}
	return out
}

// refKey gives the value of a key of a map, nil if there is none.
func refKey(n *yaml.Node, key string) *yaml.Node {
	n = refDeref(n)
	if n == nil || n.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return refDeref(n.Content[i+1])
		}
	}
	return nil
}

func refDeref(n *yaml.Node) *yaml.Node {
	for n != nil && n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	return n
}

func refString(n *yaml.Node, key string) string {
	if v := refKey(n, key); v != nil && v.Kind == yaml.ScalarNode && v.Tag != "!!null" {
		return v.Value
	}
	return ""
}

func refParseLogsource(doc *yaml.Node) refLogsource {
	n := refKey(doc, "logsource")
	return refLogsource{
		product:  strings.ToLower(refString(n, "product")),
		category: strings.ToLower(refString(n, "category")),
		service:  strings.ToLower(refString(n, "service")),
	}
}

func refParseRule(doc *yaml.Node, table *refTable, opt refOptions) (*refRule, error) {
	r := &refRule{
		id:        refString(doc, "id"),
		name:      refString(doc, "name"),
		title:     refString(doc, "title"),
		status:    refString(doc, "status"),
		logsource: refParseLogsource(doc),
	}
	if r.title == "" {
		return nil, errors.New("no title")
	}
	if refKey(doc, "logsource") == nil {
		return nil, errors.New("no logsource")
	}
	detection := refKey(doc, "detection")
	if detection == nil {
		return nil, errors.New("no detection")
	}
	var err error
	if r.holds, err = refParseDetection(detection, nil, opt); err != nil {
		return nil, fmt.Errorf("%s: %w", r.title, err)
	}
	r.routes, r.detection = table.routes(r.logsource), detection
	return r, nil
}

func refParseFilter(doc *yaml.Node, opt refOptions) (*refFilter, error) {
	n := refKey(doc, "filter")
	f := &refFilter{logsource: refParseLogsource(doc)}
	switch rules := refKey(n, "rules"); {
	case rules == nil:
		return nil, errors.New("filter: no rules")
	case rules.Kind == yaml.ScalarNode && rules.Value == "any":
		f.any = true
	case rules.Kind == yaml.SequenceNode:
		for _, c := range rules.Content {
			f.rules = append(f.rules, c.Value)
		}
	default:
		return nil, errors.New("filter: rules")
	}
	var err error
	f.holds, err = refParseDetection(n, []string{"rules"}, opt)
	return f, err
}

// appliesTo tells whether a filter narrows a rule: the rule is named, or any is, and the log
// source of the filter is contained in that of the rule (T29).
func (f *refFilter) appliesTo(r *refRule) bool {
	contained := func(filter, rule string) bool { return filter == "" || filter == rule }
	if !contained(f.logsource.product, r.logsource.product) ||
		!contained(f.logsource.category, r.logsource.category) ||
		!contained(f.logsource.service, r.logsource.service) {
		return false
	}
	return f.any || slices.Contains(f.rules, r.id) || r.name != "" && slices.Contains(f.rules, r.name)
}

// refParseDetection reads search identifiers and condition. A list of conditions is an OR.
func refParseDetection(n *yaml.Node, ignore []string, opt refOptions) (refTest, error) {
	if n.Kind != yaml.MappingNode {
		return nil, errors.New("detection: not a map")
	}
	searches := map[string]refTest{}
	var names []string
	var conditions []string
	for i := 0; i+1 < len(n.Content); i += 2 {
		name, value := n.Content[i].Value, refDeref(n.Content[i+1])
		switch {
		case slices.Contains(ignore, name):
		case name == "condition":
			switch value.Kind {
			case yaml.ScalarNode:
				conditions = append(conditions, value.Value)
			case yaml.SequenceNode:
				for _, c := range value.Content {
					conditions = append(conditions, refDeref(c).Value)
				}
			}
		case name == "timeframe":
			return nil, errors.New("timeframe: belongs to correlations, and is no part of a rule")
		default:
			if searches[name] != nil {
				return nil, fmt.Errorf("%s: twice", name)
			}
			test, err := refParseSearch(value, opt)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
			searches[name] = test
			names = append(names, name)
		}
	}
	if len(conditions) == 0 {
		return nil, errors.New("no condition")
	}
	var tests []refTest
	for _, c := range conditions {
		t, err := refParseCondition(c, names, searches)
		if err != nil {
			return nil, err
		}
		tests = append(tests, t)
	}
	return refAny(tests), nil
}

// refParseSearch reads one search identifier: a map is an AND of fields, a list an OR of maps and
// keywords, a single value is one keyword (specification, "Lists" and "Maps"; T5, T6).
func refParseSearch(n *yaml.Node, opt refOptions) (refTest, error) {
	switch n.Kind {
	case yaml.MappingNode:
		return refParseMap(n, opt)
	case yaml.SequenceNode:
		if len(n.Content) == 0 {
			return nil, errors.New("empty list")
		}
		var tests []refTest
		for _, c := range n.Content {
			c = refDeref(c)
			var t refTest
			var err error
			switch c.Kind {
			case yaml.MappingNode:
				t, err = refParseMap(c, opt)
			case yaml.ScalarNode:
				t, err = refParseItem("", []*yaml.Node{c}, opt)
			default:
				err = errors.New("list in a list")
			}
			if err != nil {
				return nil, err
			}
			tests = append(tests, t)
		}
		return refAny(tests), nil
	case yaml.ScalarNode:
		return refParseItem("", []*yaml.Node{n}, opt)
	}
	return nil, errors.New("neither map, list nor value")
}

func refParseMap(n *yaml.Node, opt refOptions) (refTest, error) {
	if len(n.Content) == 0 {
		return nil, errors.New("empty map")
	}
	var tests []refTest
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i].Value, refDeref(n.Content[i+1])
		if seen[key] {
			return nil, fmt.Errorf("%s: twice", key)
		}
		seen[key] = true
		values := []*yaml.Node{value}
		switch value.Kind {
		case yaml.SequenceNode:
			values = nil
			for _, c := range value.Content {
				values = append(values, refDeref(c))
			}
			if len(values) == 0 {
				return nil, fmt.Errorf("%s: empty list", key)
			}
		case yaml.ScalarNode:
		default:
			return nil, fmt.Errorf("%s: neither list nor value", key)
		}
		t, err := refParseItem(key, values, opt)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", key, err)
		}
		tests = append(tests, t)
	}
	return refAll(tests), nil
}

func refAny(tests []refTest) refTest {
	if len(tests) == 1 {
		return tests[0]
	}
	return func(v *refView) bool {
		for _, t := range tests {
			if t(v) {
				return true
			}
		}
		return false
	}
}

func refAll(tests []refTest) refTest {
	if len(tests) == 1 {
		return tests[0]
	}
	return func(v *refView) bool {
		for _, t := range tests {
			if !t(v) {
				return false
			}
		}
		return true
	}
}

func refNot(t refTest) refTest { return func(v *refView) bool { return !t(v) } }

// matches tells whether a rule matches an event, by any of the routes of its log source.
func (r *refRule) matches(e *refEvent) bool {
	for i := range r.routes {
		if e.takes(&r.routes[i]) && r.holds(e.view(&r.routes[i])) {
			return true
		}
	}
	return false
}

// refMatch gives the titles of the rules in a text that match an event.
func refMatch(text string, table *refTable, opt refOptions, e *refEvent) (titles []string, rejected []error) {
	rules, rejected := refParse(text, table, opt)
	for _, r := range rules {
		if r.matches(e) {
			titles = append(titles, r.title)
		}
	}
	return titles, rejected
}
