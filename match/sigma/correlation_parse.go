package sigma

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// correlationTypes are those of the specification ("Correlation Types"), and pySigma's
// value_median.
var correlationTypes = [...]string{
	"event_count", "value_count", "temporal", "temporal_ordered",
	"value_sum", "value_avg", "value_percentile", "value_median",
}

const (
	// maxReferences bounds the rules, fields and aliases that one correlation or filter names.
	maxReferences = 1 << 12
	// maxTimespan bounds a correlation's window; a longer one is a slip of the pen.
	maxTimespan = 100 * 366 * 24 * time.Hour
)

// correlation reads a correlation rule (correlation specification v2.1.0).
func (p *parser) correlation(root *yaml.Node, m mapping) error {
	title, err := p.mandatory(root, m, "title")
	if err != nil {
		return err
	}
	c := &Correlation{
		File: p.file, Line: p.line(root),
		ID: m.plain("id"), Title: title, Name: m.plain("name"),
		Status: strings.ToLower(m.plain("status")),
	}
	if p.skips(c.Status) {
		return nil
	}
	c.Level = p.level(m)
	p.known(m, "status", c.Status, statuses[:])
	c.Description, c.Author = p.optional(m, "description"), p.optional(m, "author")
	c.Date, c.Modified = p.optional(m, "date"), p.optional(m, "modified")
	c.References, c.Tags = p.texts(m, "references"), p.texts(m, "tags")
	c.FalsePositives = p.texts(m, "falsepositives")
	c.Next = p.texts(m, "next")

	n := m.get("correlation")
	if n.Kind != yaml.MappingNode {
		return p.problemAt(n, "correlation: want a map with type, rules and timespan, found %s", describe(n))
	}
	section, err := p.pairs(n, "correlation")
	if err != nil {
		return err
	}
	for _, pair := range section {
		switch pair.key.Value {
		case "type", "rules", "group-by", "timespan", "condition", "aliases", "generate":
		default:
			return p.problemAt(pair.key, "correlation: want an attribute of the specification, found %q", excerpt(pair.key.Value))
		}
	}
	if c.Type, err = p.correlationType(n, section); err != nil {
		return err
	}
	if c.Rules, err = p.names(n, section, "correlation", "rules", true); err != nil {
		return err
	}
	if c.GroupBy, err = p.names(n, section, "correlation", "group-by", false); err != nil {
		return err
	}
	for i := range c.GroupBy {
		c.GroupBy[i] = fieldName(c.GroupBy[i])
	}
	if c.Timespan, err = p.timespan(n, section); err != nil {
		return err
	}
	if c.Aliases, err = p.aliases(section); err != nil {
		return err
	}
	if err = p.correlationCondition(n, section, c); err != nil {
		return err
	}
	// The specification's text has "generate" in the section, its schema beside it.
	for _, m := range []mapping{m, section} {
		if g := m.get("generate"); g != nil {
			v := scalar(g)
			if g.Kind != yaml.ScalarNode || v.kind != boolValue {
				return p.problemAt(g, "generate: want true or false, found %s", describe(g))
			}
			c.Generate = c.Generate || strings.EqualFold(v.text, "true")
		}
	}
	p.out.Correlations = append(p.out.Correlations, c)
	return nil
}

func (p *parser) correlationType(n *yaml.Node, section mapping) (string, error) {
	t := section.get("type")
	if t == nil {
		return "", p.problemAt(n, "correlation: want type, found none")
	}
	if t.Kind != yaml.ScalarNode || !slices.Contains(correlationTypes[:], t.Value) {
		return "", p.problemAt(t, "correlation: type: want one of %s, found %s", strings.Join(correlationTypes[:], ", "), describe(t))
	}
	return t.Value, nil
}

// names reads a list of texts; one text stands for a list of one.
func (p *parser) names(n *yaml.Node, section mapping, what, key string, must bool) ([]string, error) {
	list := section.get(key)
	if list == nil || isNull(list) {
		if must {
			return nil, p.problemAt(n, "%s: want %s, found none", what, key)
		}
		return nil, nil
	}
	nodes := []*yaml.Node{list}
	switch list.Kind {
	case yaml.SequenceNode:
		nodes = list.Content
	case yaml.MappingNode:
		return nil, p.problemAt(list, "%s: %s: want a text or a list of texts, found a map", what, key)
	}
	if len(nodes) == 0 && must {
		return nil, p.problemAt(list, "%s: %s: want at least one, found an empty list", what, key)
	}
	if len(nodes) > maxReferences {
		return nil, p.problemAt(list, "%s: %s: want at most %d, found %d", what, key, maxReferences, len(nodes))
	}
	names := make([]string, 0, len(nodes))
	for _, e := range nodes {
		if err := p.spend(e); err != nil {
			return nil, err
		}
		e = resolve(e)
		name := strings.TrimSpace(e.Value)
		if e.Kind != yaml.ScalarNode || isNull(e) || name == "" {
			return nil, p.problemAt(e, "%s: %s: want a text, found %s", what, key, describe(e))
		}
		names = append(names, name)
	}
	return names, nil
}

// timespan reads the length of the window: a number and a unit ("Time Selection"); weeks, months
// and years are pySigma's, a month and a year being the mean ones of the Gregorian calendar.
func (p *parser) timespan(n *yaml.Node, section mapping) (time.Duration, error) {
	t := section.get("timespan")
	if t == nil {
		return 0, p.problemAt(n, "correlation: want timespan, found none")
	}
	const day = 24 * time.Hour
	units := [...]struct {
		letter byte
		unit   time.Duration
	}{
		{'s', time.Second}, {'m', time.Minute}, {'h', time.Hour}, {'d', day}, {'w', 7 * day},
		{'M', 2629746 * time.Second}, {'y', 31556952 * time.Second},
	}
	if s := strings.TrimSpace(t.Value); t.Kind == yaml.ScalarNode && len(s) > 1 {
		number, err := strconv.ParseUint(s[:len(s)-1], 10, 32)
		for _, u := range units {
			if err == nil && number > 0 && s[len(s)-1] == u.letter && number <= uint64(maxTimespan/u.unit) {
				return time.Duration(number) * u.unit, nil
			}
		}
	}
	return 0, p.problemAt(t, "correlation: timespan: want a number and s, m, h, d, w, M or y, up to 100 years, found %s", describe(t))
}

// aliases reads the other names of fields ("Field Name Aliases").
func (p *parser) aliases(section mapping) (map[string]map[string]string, error) {
	n := section.get("aliases")
	if n == nil || isNull(n) {
		return nil, nil
	}
	if n.Kind != yaml.MappingNode {
		return nil, p.problemAt(n, "correlation: aliases: want a map of maps, found %s", describe(n))
	}
	pairs, err := p.pairs(n, "correlation: aliases")
	if err != nil {
		return nil, err
	}
	aliases := make(map[string]map[string]string, len(pairs))
	for _, alias := range pairs {
		if alias.value.Kind != yaml.MappingNode || len(alias.value.Content) == 0 {
			return nil, p.problemAt(alias.value, "correlation: aliases: %s: want a map of rule to field, found %s",
				excerpt(alias.key.Value), describe(alias.value))
		}
		fields, err := p.pairs(alias.value, "correlation: aliases")
		if err != nil {
			return nil, err
		}
		to := make(map[string]string, len(fields))
		for _, f := range fields {
			name := fieldName(strings.TrimSpace(f.value.Value))
			if f.value.Kind != yaml.ScalarNode || isNull(f.value) || name == "" {
				return nil, p.problemAt(f.value, "correlation: aliases: %s: want the name of a field, found %s",
					excerpt(alias.key.Value), describe(f.value))
			}
			to[f.key.Value] = name
		}
		aliases[fieldName(alias.key.Value)] = to
	}
	return aliases, nil
}

// correlationCondition reads the bounds of a correlation ("Condition").
func (p *parser) correlationCondition(section *yaml.Node, m mapping, c *Correlation) error {
	temporal := c.Type == "temporal" || c.Type == "temporal_ordered"
	n := m.get("condition")
	if n == nil || isNull(n) {
		if temporal {
			return nil
		}
		return p.problemAt(section, "correlation: want condition for %s, found none", c.Type)
	}
	if n.Kind != yaml.MappingNode {
		return p.problemAt(n, "correlation: condition: want a map of gt, gte, lt, lte, eq or neq, found %s", describe(n))
	}
	pairs, err := p.pairs(n, "correlation: condition")
	if err != nil {
		return err
	}
	percentile := false
	for _, pair := range pairs {
		key := pair.key.Value
		switch key {
		case "gt", "gte", "lt", "lte", "eq", "neq":
			v, err := p.number(pair.value, key)
			if err != nil {
				return err
			}
			c.Ranges = append(c.Ranges, Range{Op: key, Value: v})
		case "field":
			if c.Fields, err = p.names(n, pairs, "correlation: condition", "field", true); err != nil {
				return err
			}
			for i := range c.Fields {
				c.Fields[i] = fieldName(c.Fields[i])
			}
		case "percentile":
			v, err := p.number(pair.value, key)
			if err != nil {
				return err
			}
			if v < 0 || v > 100 {
				return p.problemAt(pair.value, "correlation: condition: percentile: want 0 to 100, found %s", describe(pair.value))
			}
			c.Percentile, percentile = v, true
		default:
			return p.problemAt(pair.key, "correlation: condition: want gt, gte, lt, lte, eq, neq or field, found %q", excerpt(key))
		}
	}
	return p.checkCondition(n, c, percentile)
}

// checkCondition holds a condition against what its type needs.
func (p *parser) checkCondition(n *yaml.Node, c *Correlation, percentile bool) error {
	if len(c.Ranges) == 0 {
		return p.problemAt(n, "correlation: condition: want gt, gte, lt, lte, eq or neq, found none")
	}
	values := strings.HasPrefix(c.Type, "value_")
	if values && len(c.Fields) == 0 {
		return p.problemAt(n, "correlation: condition: want field for %s, found none", c.Type)
	}
	if !values && len(c.Fields) > 0 {
		return p.problemAt(n, "correlation: condition: want no field for %s, found one", c.Type)
	}
	if len(c.Fields) > 1 && c.Type != "value_count" {
		return p.problemAt(n, "correlation: condition: want one field for %s, found %d", c.Type, len(c.Fields))
	}
	if percentile && c.Type != "value_percentile" {
		return p.problemAt(n, "correlation: condition: want no percentile for %s, found one", c.Type)
	}
	if c.Type == "value_percentile" && !percentile {
		// The specification's example names none; it only says that the median is the 50th.
		const median = 50
		c.Percentile = median
		p.warn(p.line(n), "correlation: value_percentile names no percentile: %d is taken, the median", median)
	}
	return nil
}

// number reads a decimal number.
func (p *parser) number(n *yaml.Node, key string) (float64, error) {
	if n.Kind == yaml.ScalarNode {
		if v := scalar(n); v.kind == numberValue && !math.IsInf(v.number, 0) {
			return v.number, nil
		}
	}
	return 0, p.problemAt(n, "correlation: condition: %s: want a decimal number, found %s", key, describe(n))
}
