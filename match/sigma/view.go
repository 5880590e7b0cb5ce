package sigma

import (
	"fmt"
	"slices"
	"strings"

	"aldebaran/event"
)

// A ViewSpec names a log source and the fields of it that somebody wants to read, by the names that
// rules for it use: whoever counts requests of web servers need not know who logged them, or how.
type ViewSpec struct {
	Name string
	// Sources are log sources; an event of any of them is seen.
	Sources []Logsource
	// EventIDs, if there are any, narrow the events of Windows to these.
	EventIDs []uint32
	// Fields are names as a rule for these log sources would write them; where those call it by
	// several names, these with "|" between, of which the first is read that a log has. Where a name
	// gives a field several values (raw and decoded), the first is read.
	Fields []string
}

// Views are several views, compiled. Immutable, safe for concurrent use.
type Views struct {
	specs  []ViewSpec
	routes [][]Route // of each view, in order
}

// NewViews compiles views; an unknown log source is an error.
func NewViews(specs []ViewSpec) (*Views, error) {
	v := &Views{specs: specs, routes: make([][]Route, len(specs))}
	for i, spec := range specs {
		for _, ls := range spec.Sources {
			routes, known := Routes(ls)
			if !known {
				return nil, fmt.Errorf("view %s: no log source %+v", spec.Name, ls)
			}
			v.routes[i] = append(v.routes[i], routes...)
		}
	}
	return v, nil
}

// Serves tells whether events of that kind of log can be seen in view i.
func (v *Views) Serves(i int, k Kind) bool {
	k.Channel = strings.ToLower(k.Channel)
	if ids := v.specs[i].EventIDs; len(ids) > 0 && k.EventIDs != nil &&
		!slices.ContainsFunc(ids, func(id uint32) bool { return k.EventIDs[id] > 0 }) {
		return false
	}
	return slices.ContainsFunc(v.routes[i], k.takes)
}

// A ViewReader reads events through views; one for each goroutine.
type ViewReader struct {
	views  *Views
	plans  map[planKey]*viewPlan
	recent [recentPlans]struct {
		key  planKey
		plan *viewPlan
	}
	event *event.Event
	// seen are the views that the event is seen in, at is how, by view.
	seen  []int
	at    []*viewOf
	arena []byte
	// made are the fields that had to be decoded or derived, by view and field: several analytics
	// ask for the same. Those of another turn are of an event before.
	made [][]madeField
	turn uint64
}

type madeField struct {
	turn uint64
	text []byte
}

// viewPlan says for events of one layout and kind which views they are seen in, and where the
// fields are.
type viewPlan struct{ views []viewOf }

type viewOf struct {
	view  int
	where []viewWhere
	// fields are where each field of the view is found; plain is the same for those that are a value of the
	// event as it stands, close together, since every event is asked for several.
	fields []viewField
	plain  []int32
}

// What viewOf.plain has for fields that are no value as it stands.
const (
	notThere int32 = -1 // the layout has no such field
	notPlain int32 = -2 // it has to be made
)

// A viewWhere is a condition, and which of the event's values it is about.
type viewWhere struct {
	*Where
	at int
}

// viewField is where a field is found: at -1 without a derivation if it is not there.
type viewField struct {
	source
	// firsts are the values of which the derived one is the first that is not null, if it is one of them.
	firsts []int
}

func (f *viewField) found() bool { return f.at >= 0 || f.derived != nil }

// plain is what viewOf.plain has for it.
func (f *viewField) plain() int32 {
	switch {
	case f.at >= 0:
		return f.at
	case f.derived != nil:
		return notPlain
	}
	return notThere
}

// NewReader makes a reader.
func (v *Views) NewReader() *ViewReader {
	r := &ViewReader{views: v, plans: map[planKey]*viewPlan{}, at: make([]*viewOf, len(v.specs)), made: make([][]madeField, len(v.specs))}
	for i := range v.specs {
		r.made[i] = make([]madeField, len(v.specs[i].Fields))
	}
	return r
}

// See looks at an event and gives the views that it is seen in, by their index; valid until the
// next call.
func (r *ViewReader) See(e *event.Event) []int {
	k := planKey{e.Shape, e.Product, e.Category, e.Service, e.Channel, e.EventID}
	recent := &r.recent[recentSlot(k)]
	if recent.key != k || recent.plan == nil {
		recent.key, recent.plan = k, r.planFor(k, e)
	}
	r.event, r.arena = e, r.arena[:0]
	r.turn++
	for _, i := range r.seen {
		r.at[i] = nil
	}
	r.seen = r.seen[:0]
	for i := range recent.plan.views {
		// Of the routes to one view that differ in their conditions, the first that holds is taken.
		if v := &recent.plan.views[i]; r.at[v.view] == nil && r.holds(v.where) {
			r.at[v.view] = v
			r.seen = append(r.seen, v.view)
		}
	}
	return r.seen
}

func (r *ViewReader) holds(where []viewWhere) bool {
	for _, w := range where {
		v := &r.event.Values[w.at]
		if v.IsNull() {
			return false
		}
		if r.arena = v.AppendText(r.arena[:0]); !w.takes(r.arena) {
			return false
		}
	}
	return true
}

// takes tells whether a text meets the condition.
func (w *Where) takes(text []byte) bool {
	return slices.ContainsFunc(w.Values, func(s string) bool { return equalASCII(text, s) }) ||
		slices.ContainsFunc(w.Prefixes, func(s string) bool { return hasPrefixASCII(text, s) })
}

func (r *ViewReader) planFor(k planKey, e *event.Event) *viewPlan {
	if p := r.plans[k]; p != nil {
		return p
	}
	if len(r.plans) >= maxPlans {
		clear(r.plans)
		clear(r.recent[:])
	}
	p := &viewPlan{}
	kind := Kind{Product: e.Product, Category: e.Category, Service: e.Service, Channel: strings.ToLower(e.Channel), EventIDs: map[uint32]int{e.EventID: 1}}
	for i, routes := range r.views.routes {
		ids := r.views.specs[i].EventIDs
		if len(ids) > 0 && e.Channel != "" && !slices.Contains(ids, e.EventID) {
			continue
		}
		for _, route := range routes {
			where, there := placed(route.Where, e.Shape)
			if !kind.takes(route) || !there {
				continue
			}
			names := r.views.specs[i].Fields
			v := viewOf{view: i, where: where, fields: make([]viewField, len(names)), plain: make([]int32, len(names))}
			for j, name := range names {
				v.fields[j] = viewFieldOf(name, route.Fields, e)
				v.plain[j] = v.fields[j].plain()
			}
			p.views = append(p.views, v)
			if len(route.Where) == 0 {
				break
			}
		}
	}
	r.plans[k] = p
	return p
}

// placed finds the values that conditions are about; false if events of a shape lack one.
func placed(all []Where, s *event.Shape) (where []viewWhere, there bool) {
	for i := range all {
		at := s.Lookup(all[i].Field)
		if len(at) == 0 {
			return nil, false
		}
		where = append(where, viewWhere{&all[i], at[0]})
	}
	return where, true
}

func viewFieldOf(names string, fields Mapping, e *event.Event) viewField {
	for name := range strings.SplitSeq(names, "|") {
		if f := viewFieldNamed(name, fields, e); f.found() {
			return f
		}
	}
	return viewField{source: source{at: -1}}
}

func viewFieldNamed(name string, fields Mapping, e *event.Event) (f viewField) {
	f.at = -1
	own := e.Shape.Lookup(name)
	if d, ok := fields[name]; ok && (!d.OwnFirst || len(own) == 0) {
		if sources := derivedSources(&d, e); len(sources) > 0 {
			f.source = sources[0]
		}
		if d.FirstOf {
			f.firsts = firstsOf(d.From, e.Shape)
		}
		return f
	}
	if len(own) > 0 {
		f.at = int32(own[0])
	}
	return f
}

// firstsOf gives the first value of each name that a shape has.
func firstsOf(names []string, s *event.Shape) (at []int) {
	for _, name := range names {
		if own := s.Lookup(name); len(own) > 0 {
			at = append(at, own[0])
		}
	}
	return at
}

// Has tells whether events of this layout have the field at all, be it empty in this one.
func (r *ViewReader) Has(view, field int) bool {
	v := r.at[view]
	return v != nil && v.fields[field].found()
}

// Text gives a field of the event that was seen last, nil if it is absent, null, empty or the
// hyphen that stands for nothing. It is valid until the next See, and must not be changed.
func (r *ViewReader) Text(view, field int) []byte {
	v := r.at[view]
	if v == nil {
		return nil
	}
	at := v.plain[field]
	if at == notThere {
		return nil
	}
	if at >= 0 {
		value := &r.event.Values[at]
		if value.Kind == event.Text {
			return unlessNothing(value.Raw)
		}
		if value.IsNull() {
			return nil
		}
	}
	return r.other(view, field)
}

// other is Text for a field that is no text as it stands.
func (r *ViewReader) other(view, field int) []byte {
	f := &r.at[view].fields[field]
	if f.at < 0 && f.firsts != nil {
		value := r.first(f.firsts)
		if value == nil {
			return nil
		}
		if value.Kind == event.Text {
			return unlessNothing(value.Raw)
		}
	}
	made := &r.made[view][field]
	if made.turn != r.turn {
		*made = madeField{r.turn, r.make(f)}
	}
	return made.text
}

// first gives the first of some values that is not null, nil if there is none.
func (r *ViewReader) first(at []int) *event.Value {
	for _, i := range at {
		if v := &r.event.Values[i]; !v.IsNull() {
			return v
		}
	}
	return nil
}

// make decodes or derives a field.
func (r *ViewReader) make(f *viewField) []byte {
	if f.at >= 0 {
		return unlessNothing(r.keep(r.event.Values[f.at].AppendText(r.arena)))
	}
	made, ok := f.derived.Make(r.arena, r.event)
	if !ok {
		return nil
	}
	return unlessNothing(r.keep(made))
}

// unlessNothing is nil for a text that stands for nothing.
func unlessNothing(text []byte) []byte {
	if len(text) == 0 || len(text) == 1 && text[0] == '-' {
		return nil
	}
	return text
}

// keep gives what was appended to the arena, and keeps it from being written over.
func (r *ViewReader) keep(grown []byte) []byte {
	start := len(r.arena)
	r.arena = grown
	return grown[start:len(grown):len(grown)]
}
