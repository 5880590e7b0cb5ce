package sigma_test

import (
	"slices"
	"strconv"
	"strings"

	"aldebaran/event"
)

// A refEvent is an event as the reference sees it: fields in the order of the record, each with
// its elements as texts or nulls.
type refEvent struct {
	product, category, service string
	channel, provider          string
	id                         uint32
	fields                     []refField
	views                      map[*refRoute]*refView
	plain                      *refView
	texts                      []refSeen // for keywords
}

type refField struct {
	name   string
	part   event.Part
	null   bool
	whole  string // the value as one text
	values []refElement
}

type refElement struct {
	text string
	null bool
}

// A refSeen is one text that a value of a rule is held against.
type refSeen struct{ text, folded string }

// A refLook is what a field of a rule is in an event.
type refLook struct {
	present bool
	null    bool      // one of its elements is null, or it has none
	texts   []refSeen // its elements that are not null, and all of them joined if there are several
}

// refOf takes an event apart.
func refOf(e *event.Event) *refEvent {
	r := &refEvent{
		product: e.Product, category: e.Category, service: e.Service,
		channel: e.Channel, provider: e.Provider, id: e.EventID,
	}
	for i, f := range e.Shape.Fields {
		rf := refField{name: f.Name, part: f.Part, null: e.Values[i].IsNull(), whole: e.Values[i].String()}
		e.Values[i].Each(func(v event.Value) bool {
			rf.values = append(rf.values, refElement{text: v.String(), null: v.IsNull()})
			return true
		})
		r.fields = append(r.fields, rf)
	}
	return r
}

func refSee(text string) refSeen { return refSeen{text, refFold(text)} }

// own gives the elements of all fields of a name: those of the payload, else those of the header.
func (e *refEvent) own(name string) (elements []refElement, present bool) {
	for _, part := range []event.Part{event.Data, event.System} {
		for _, f := range e.fields {
			if f.name == name && f.part == part {
				elements, present = append(elements, f.values...), true
			}
		}
		if present {
			return elements, true
		}
	}
	return nil, false
}

// first gives the first field of a name, nil if there is none.
func (e *refEvent) first(name string) *refField {
	for _, part := range []event.Part{event.Data, event.System} {
		for i, f := range e.fields {
			if f.name == name && f.part == part {
				return &e.fields[i]
			}
		}
	}
	return nil
}

// text gives the first field of a name as one text, "" if there is none.
func (e *refEvent) text(name string) string {
	if f := e.first(name); f != nil {
		return f.whole
	}
	return ""
}

// has tells whether the first field of a name is there and not null.
func (e *refEvent) has(name string) bool {
	f := e.first(name)
	return f != nil && !f.null
}

func refLookAt(elements []refElement, present bool) refLook {
	l := refLook{present: present, null: present && len(elements) == 0} // a list of nothing
	var joined []string
	for _, el := range elements {
		if el.null {
			l.null = true
			continue
		}
		l.texts = append(l.texts, refSee(el.text))
		joined = append(joined, el.text)
	}
	if len(joined) > 1 {
		l.texts = append(l.texts, refSee(strings.Join(joined, "\n"))) // T20
	}
	return l
}

// A refView is an event seen through one route of a log source.
type refView struct {
	event *refEvent
	route *refRoute
	seen  map[string]*refLook
}

func (e *refEvent) view(r *refRoute) *refView {
	if len(r.fields) == 0 {
		if e.plain == nil {
			e.plain = &refView{event: e, route: r, seen: map[string]*refLook{}}
		}
		return e.plain
	}
	if e.views == nil {
		e.views = map[*refRoute]*refView{}
	}
	if v := e.views[r]; v != nil {
		return v
	}
	v := &refView{event: e, route: r, seen: map[string]*refLook{}}
	e.views[r] = v
	return v
}

// look finds what a field of a rule is in the event.
func (v *refView) look(field string) *refLook {
	if l := v.seen[field]; l != nil {
		return l
	}
	var l refLook
	if field == "EventID" && (v.event.channel != "" || v.event.product == "windows") {
		// Always the header's: event 1108 has another one in its payload (T21).
		l = refLookAt([]refElement{{text: strconv.FormatUint(uint64(v.event.id), 10)}}, true)
	} else if derive := v.route.fields[field]; derive != nil {
		l = refLookAt(derive(v.event))
	} else if elements, present := v.event.own(field); present {
		l = refLookAt(elements, true)
	} else if derive := refEverywhere[field]; derive != nil && v.event.product == "windows" {
		l = refLookAt(derive(v.event))
	}
	v.seen[field] = &l
	return &l
}

// everything gives each element of each field on its own, for keywords (T5).
func (v *refView) everything() []refSeen {
	e := v.event
	if e.texts == nil {
		e.texts = []refSeen{}
		for _, f := range e.fields {
			for _, el := range f.values {
				if !el.null {
					e.texts = append(e.texts, refSee(el.text))
				}
			}
		}
	}
	if more := v.route.fields[""]; more != nil {
		return append(slices.Clip(e.texts), refLookAt(more(e)).texts...)
	}
	return e.texts
}

// takes tells whether an event goes a route.
func (e *refEvent) takes(r *refRoute) bool {
	fits := func(want, have string) bool { return want == "" || strings.EqualFold(want, have) }
	if !fits(r.product, e.product) || !fits(r.category, e.category) || !fits(r.service, e.service) {
		return false
	}
	if len(r.channels) > 0 && !slices.ContainsFunc(r.channels, func(c string) bool { return strings.EqualFold(c, e.channel) }) {
		return false
	}
	if len(r.ids) > 0 && !slices.Contains(r.ids, e.id) {
		return false
	}
	for field, values := range r.where {
		elements, _ := e.own(field)
		if !slices.ContainsFunc(elements, func(el refElement) bool {
			return !el.null && slices.ContainsFunc(values, func(v string) bool { return refWhere(v, el.text) })
		}) {
			return false
		}
	}
	return true
}
