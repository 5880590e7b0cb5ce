package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"aldebaran/event"
	"aldebaran/match/sigma"
)

// Names of the labels that the export puts on each event, so that a tool which reads JSON lines
// can route rules exactly as Aldebaran does. No rule uses fields of these names.
const (
	labelSources  = "_logsources" // all log sources that the event serves, each as product/category/service
	labelProduct  = "_product"
	labelCategory = "_category" // the category of the event, or the group of its categories; "none" if it has none
	labelService  = "_service"  // the only service of the event, "none" if it has none; absent if it has several
)

// An exporter writes events as JSON lines, flat, with the field names that Sigma rules use.
type exporter struct {
	w       *bufio.Writer
	sources []routedSource
	// group is the group of each category: see groupCategories.
	group   map[string]string
	buf     []byte
	scratch []byte
	// taken are the names that the event being written has already.
	taken map[string]bool
}

// A routedSource is one log source that the rules ask for.
type routedSource struct {
	sigma.Logsource
	label  string
	routes []sigma.Route
	// fields are the names that its rules look at: what a route derives is written only if asked for.
	fields map[string]bool
}

// newExporter prepares for the log sources of all rules of a collection, sorted by their labels.
func newExporter(w io.Writer, c *sigma.Collection) *exporter {
	x := &exporter{w: bufio.NewWriterSize(w, 1<<20), taken: map[string]bool{}}
	at := map[string]int{}
	for _, r := range c.Rules {
		ls := r.Logsource
		ls.Definition = ""
		label := labelOf(ls)
		i, ok := at[label]
		if !ok {
			routes, _ := sigma.Routes(ls)
			i = len(x.sources)
			at[label] = i
			x.sources = append(x.sources, routedSource{Logsource: ls, label: label, routes: routes, fields: map[string]bool{}})
		}
		addFields(x.sources[i].fields, r.Condition)
	}
	slices.SortFunc(x.sources, func(a, b routedSource) int { return strings.Compare(a.label, b.label) })
	x.group = groupCategories(x.sources)
	return x
}

// groupCategories joins categories that may share an event (registry_event and registry_set) under
// one name, so that every event belongs to one group: a tool that routes by one category can then
// route by the group, and by label within it. A category that shares with none is its own group.
func groupCategories(sources []routedSource) map[string]string {
	routes := map[string][]sigma.Route{}
	for _, s := range sources {
		if s.Category == "" {
			continue
		}
		for _, r := range s.routes {
			// What is exported comes from event logs, which no reader labels: routes that only labelled
			// events take would join categories that share nothing here.
			if r.Category == "" && r.Service == "" {
				routes[s.Category] = append(routes[s.Category], r)
			}
		}
	}
	names := sortedKeys(routes)
	group := map[string]string{}
	for _, c := range names {
		group[c] = c
	}
	for _, c := range names {
		for _, other := range names {
			shares := slices.ContainsFunc(routes[c], func(a sigma.Route) bool {
				return slices.ContainsFunc(routes[other], func(b sigma.Route) bool { return overlap(a, b) })
			})
			if from, to := group[other], group[c]; shares && from != to {
				for _, member := range names {
					if group[member] == from {
						group[member] = to
					}
				}
			}
		}
	}
	return group
}

// grouped tells whether a category shares its group with others.
func (x *exporter) grouped(category string) bool {
	n := 0
	for _, g := range x.group {
		if g == x.group[category] {
			n++
		}
	}
	return n > 1
}

// overlap tells whether an event might take both routes.
func overlap(a, b sigma.Route) bool {
	disjoint := func(a, b string) bool { return a != "" && b != "" && a != b }
	if disjoint(a.Product, b.Product) || disjoint(a.Category, b.Category) || disjoint(a.Service, b.Service) {
		return false
	}
	if (a.Category == "") != (b.Category == "") {
		return false // events labelled by their reader, and those of Windows logs, which are not
	}
	if apart(a.Channels, b.Channels) || apart(a.EventIDs, b.EventIDs) {
		return false
	}
	for _, v := range a.Where {
		for _, w := range b.Where {
			if v.Field == w.Field && !slices.ContainsFunc(append(slices.Clip(v.Values), v.Prefixes...), func(text string) bool { return holds(w, text) }) &&
				!slices.ContainsFunc(append(slices.Clip(w.Values), w.Prefixes...), func(text string) bool { return holds(v, text) }) {
				return false
			}
		}
	}
	return !writtenByAnother(a, b) && !writtenByAnother(b, a)
}

// writtenByAnother tells whether a route asks for events that only Windows' own auditing writes to the
// Security log, and the other for those of another provider there. Were that not known, SQL Server's
// audit would join the categories of Windows with that of databases, and all rules for processes would
// have to look at the labels of an event: rsigma then took four times as long.
func writtenByAnother(audited, other sigma.Route) bool {
	const security, auditing = "security", "Microsoft-Windows-Security-Auditing"
	named := slices.ContainsFunc(audited.Where, func(w sigma.Where) bool { return w.Field == "Provider_Name" })
	if !slices.Equal(audited.Channels, []string{security}) || len(audited.EventIDs) == 0 || named {
		return false
	}
	return slices.ContainsFunc(other.Where, func(w sigma.Where) bool {
		return w.Field == "Provider_Name" && !holds(w, auditing)
	})
}

// holds tells whether a condition holds for a text.
func holds(w sigma.Where, text string) bool {
	return slices.ContainsFunc(w.Values, func(v string) bool { return strings.EqualFold(v, text) }) ||
		slices.ContainsFunc(w.Prefixes, func(p string) bool { return len(p) <= len(text) && strings.EqualFold(p, text[:len(p)]) })
}

// apart tells whether both lists ask for something and have nothing in common.
func apart[T comparable](a, b []T) bool {
	return len(a) > 0 && len(b) > 0 && !slices.ContainsFunc(a, func(v T) bool { return slices.Contains(b, v) })
}

// addFields adds the names of the fields in a condition.
func addFields(names map[string]bool, n sigma.Node) {
	if n.Item != nil {
		names[n.Item.Field] = true
		names[n.Item.RefField] = true
	}
	for _, kid := range n.Kids {
		addFields(names, kid)
	}
}

func labelOf(ls sigma.Logsource) string { return ls.Product + "/" + ls.Category + "/" + ls.Service }

// event writes one event as a line.
func (x *exporter) event(e *event.Event) error {
	x.buf = append(x.buf[:0], '{')
	clear(x.taken)
	for i, f := range e.Shape.Fields {
		if x.taken[f.Name] {
			continue
		}
		x.values(f.Name, e, i)
	}
	x.labels(e)
	x.buf = append(x.buf, '}', '\n')
	_, err := x.w.Write(x.buf)
	return err
}

// values writes what a rule finds under the name of the i-th field: a null, a text, or a list of
// all that have the name.
func (x *exporter) values(name string, e *event.Event, i int) {
	at := e.Shape.Lookup(name)
	if len(at) == 0 {
		at = []int{i}
	}
	x.name(name)
	var texts [][]byte
	for _, i := range at {
		if v := e.Values[i]; !v.IsNull() {
			v.Each(func(one event.Value) bool {
				texts = append(texts, one.AppendText(nil))
				return true
			})
		}
	}
	switch len(texts) {
	case 0:
		x.buf = append(x.buf, "null"...)
	case 1:
		x.text(texts[0])
	default:
		x.buf = append(x.buf, '[')
		for i, t := range texts {
			if i > 0 {
				x.buf = append(x.buf, ',')
			}
			x.text(t)
		}
		x.buf = append(x.buf, ']')
	}
}

// labels writes the log sources, and the fields that a route finds under another name or derives.
// Where the event has a field of that name itself, the event's own stands: a flat record cannot
// hold both, while Aldebaran looks at the one or the other depending on the rule.
func (x *exporter) labels(e *event.Event) {
	var labels, categories, services []string
	for _, s := range x.sources {
		at := slices.IndexFunc(s.routes, func(r sigma.Route) bool { return takes(r, e) })
		if at < 0 {
			continue
		}
		labels = append(labels, s.label)
		if s.Category != "" {
			categories = appendNew(categories, x.groupName(s.Category))
		}
		services = appendNew(services, s.Service)
		fields := s.routes[at].Fields
		for _, name := range sortedKeys(fields) {
			if x.taken[name] || !s.fields[name] {
				continue
			}
			d := fields[name]
			if d.Make == nil {
				if e.Shape.Lookup(d.From[0]) != nil {
					x.renamed(name, e, d.From[0])
				}
				continue
			}
			if text, ok := d.Make(x.scratch[:0], e); ok {
				x.name(name)
				x.text(text)
				x.scratch = text[:0]
			}
		}
	}
	if len(labels) > 0 {
		x.name(labelSources)
		list, err := json.Marshal(labels)
		if err != nil {
			panic(err) // texts can always be written
		}
		x.buf = append(x.buf, list...)
	}
	if e.Product != "" {
		x.name(labelProduct)
		x.text([]byte(e.Product))
	}
	x.only(labelCategory, categories)
	x.only(labelService, services)
}

// renamed writes the values of the event's field from under another name.
func (x *exporter) renamed(name string, e *event.Event, from string) {
	at := e.Shape.Lookup(from)
	v := e.Values[at[0]]
	x.name(name)
	if v.IsNull() {
		x.buf = append(x.buf, "null"...)
		return
	}
	x.text(v.AppendText(nil))
}

func (x *exporter) only(name string, all []string) {
	if len(all) > 1 {
		return
	}
	x.name(name)
	x.text([]byte(append(all, "none")[0]))
}

func (x *exporter) name(name string) {
	if len(x.buf) > 1 {
		x.buf = append(x.buf, ',')
	}
	x.taken[name] = true
	x.text([]byte(name))
	x.buf = append(x.buf, ':')
}

// text writes a JSON text; bytes that are no UTF-8 become U+FFFD.
func (x *exporter) text(s []byte) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(string(s)); err != nil {
		panic(err) // texts can always be written
	}
	x.buf = append(x.buf, bytes.TrimSuffix(b.Bytes(), []byte("\n"))...)
}

// takes tells whether an event takes a route; it is the plain reading of [sigma.Route].
func takes(r sigma.Route, e *event.Event) bool {
	if r.Product != "" && r.Product != e.Product || r.Category != "" && r.Category != e.Category || r.Service != "" && r.Service != e.Service {
		return false
	}
	if len(r.Channels) > 0 && !slices.Contains(r.Channels, strings.ToLower(e.Channel)) {
		return false
	}
	if len(r.EventIDs) > 0 && !slices.Contains(r.EventIDs, e.EventID) {
		return false
	}
	for _, w := range r.Where {
		held := false
		for _, i := range e.Shape.Lookup(w.Field) {
			held = held || holds(w, e.Values[i].String())
		}
		if !held {
			return false
		}
	}
	return true
}

func appendNew(all []string, s string) []string {
	if s == "" || slices.Contains(all, s) {
		return all
	}
	return append(all, s)
}

// groupName is what events and rules of a category are routed by.
func (x *exporter) groupName(category string) string {
	if x.grouped(category) {
		return "group_of_" + x.group[category]
	}
	return category
}

// pipeline writes the processing pipeline (pySigma's format, which rsigma reads) for the rules whose
// category shares events with others: they are tied to their events by label, and routed by group.
func (x *exporter) pipeline() []byte {
	var b bytes.Buffer
	b.WriteString("name: labels of the bench export\npriority: 10\ntransformations:\n")
	for i, s := range x.sources {
		if s.Category == "" || !x.grouped(s.Category) {
			continue
		}
		condition := "    rule_conditions:\n      - type: logsource\n"
		for _, part := range [][2]string{{"product", s.Product}, {"category", s.Category}, {"service", s.Service}} {
			if part[1] != "" {
				condition += fmt.Sprintf("        %s: '%s'\n", part[0], part[1])
			}
		}
		fmt.Fprintf(&b, "  - id: tie_%d\n    type: add_condition\n    conditions:\n      %s: '%s'\n%s", i, labelSources, s.label, condition)
		fmt.Fprintf(&b, "  - id: group_%d\n    type: change_logsource\n    category: '%s'\n%s", i, x.groupName(s.Category), condition)
	}
	return b.Bytes()
}

// jsonl is the command of that name.
func (b *bench) jsonl(ctx context.Context) error {
	sets, err := b.prepare(b.opt.sets, b.opt.copies)
	if err != nil {
		return err
	}
	rules, err := sigma.Load([]string{b.opt.rules}, sigma.LoadOptions{})
	if err != nil {
		return err
	}
	x := newExporter(b.report.w, rules)
	for _, s := range sets {
		if _, err := x.set(ctx, s); err != nil {
			return err
		}
	}
	return x.w.Flush()
}

// set writes all events of a set and gives their number.
func (x *exporter) set(ctx context.Context, s set) (events int, err error) {
	logs, err := openSet(s)
	if err != nil {
		return 0, err
	}
	for _, l := range logs {
		if err := ctx.Err(); err != nil {
			return events, err
		}
		var failed error
		err := l.each(func(e *event.Event) bool {
			events++
			failed = x.event(e)
			return failed == nil
		})
		if err := firstError(err, failed); err != nil {
			return events, fmt.Errorf("%s: %w", l.path, err)
		}
	}
	return events, x.w.Flush()
}

func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
