package sigma

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"aldebaran/event"
)

// An Explanation says why a rule does or does not match an event.
type Explanation struct {
	Rule      string `json:"rule"`
	ID        string `json:"id,omitempty"`
	File      string `json:"file,omitempty"`
	Line      int    `json:"line,omitempty"`
	Match     bool   `json:"match"`
	Logsource struct {
		Product  string `json:"product,omitempty"`
		Category string `json:"category,omitempty"`
		Service  string `json:"service,omitempty"`
	} `json:"logsource"`
	// LogsourceFits tells whether the event takes one of the routes.
	LogsourceFits bool               `json:"logsource_fits"`
	Routes        []RouteExplanation `json:"routes"`
	// Condition is the condition as it is on the first route that the event takes and on which it
	// is true, else on the first that the event takes, else on the event's own field names.
	Condition NodeExplanation `json:"condition"`
}

// RouteExplanation says whether an event takes a route, and if not why.
type RouteExplanation struct {
	Name  string `json:"name"`
	Fits  bool   `json:"fits"`
	Why   string `json:"why,omitempty"`  // it does not
	Weak  bool   `json:"weak,omitempty"` // fields that the rule was written for may be absent
	Match bool   `json:"match"`          // it fits, and the condition is true on it
}

// NodeExplanation is the truth of one node of a condition. All nodes are evaluated, those too that
// can't change the result any more.
type NodeExplanation struct {
	Op     string            `json:"op"`             // "and", "or", "not", "item"
	Name   string            `json:"name,omitempty"` // the search identifier
	Result bool              `json:"result"`
	Item   *ItemExplanation  `json:"item,omitempty"`
	Kids   []NodeExplanation `json:"kids,omitempty"`
}

// ItemExplanation says what a comparison wanted and what it found.
type ItemExplanation struct {
	Field string `json:"field"` // "" is a keyword: all fields
	Want  string `json:"want"`
	// State is "absent", "null" or "present"; of a keyword always "present".
	State string `json:"state"`
	// Found are the texts of the field's elements; of a keyword "Field: text" of those that hold it.
	Found []string `json:"found,omitempty"`
	// Via is where the value came from if not from a field of that name.
	Via string `json:"via,omitempty"`
	// Other is the same of the field that the item refers to.
	Other  *ItemExplanation `json:"other,omitempty"`
	Line   int              `json:"line,omitempty"`
	Result bool             `json:"result"`
}

// Explain evaluates a rule on an event, plainly and slowly, and says why it does or does not match.
// It shares no code with the [Matcher] but the table of routes; tests hold the two against each other.
func Explain(r *Rule, e *event.Event) Explanation {
	x := Explanation{Rule: r.Title, ID: r.ID, File: r.File, Line: r.Line}
	x.Logsource.Product, x.Logsource.Category, x.Logsource.Service = r.Logsource.Product, r.Logsource.Category, r.Logsource.Service
	routes, known := Routes(r.Logsource)
	if !known {
		x.Routes = []RouteExplanation{{Name: "none", Why: "the log source is unknown"}}
	}
	shown := false
	for i := range routes {
		route := &routes[i]
		rx := RouteExplanation{Name: route.Name, Why: routeMismatch(route, e), Weak: route.Weak}
		if rx.Fits = rx.Why == ""; rx.Fits {
			x.LogsourceFits = true
			condition := explainNode(&r.Condition, view{e, route})
			rx.Match = condition.Result
			if !shown || rx.Match && !x.Match {
				x.Condition, shown = condition, true
			}
			x.Match = x.Match || rx.Match
		}
		x.Routes = append(x.Routes, rx)
	}
	if !shown {
		x.Condition = explainNode(&r.Condition, view{e, &Route{}})
	}
	return x
}

// explainNode evaluates a node. The parser bounds how deep they nest.
func explainNode(n *Node, v view) NodeExplanation {
	x := NodeExplanation{Name: n.Name}
	for i := range n.Kids {
		x.Kids = append(x.Kids, explainNode(&n.Kids[i], v))
	}
	switch n.Op {
	case OpItem:
		x.Op = "item"
		item := v.explainItem(n.Item)
		x.Item, x.Result = &item, item.Result
	case OpAnd:
		x.Op, x.Result = "and", true
		for _, kid := range x.Kids {
			x.Result = x.Result && kid.Result
		}
	case OpOr:
		x.Op = "or"
		for _, kid := range x.Kids {
			x.Result = x.Result || kid.Result
		}
	case OpNot:
		x.Op, x.Result = "not", !x.Kids[0].Result
	}
	return x
}

// A view is an event as seen by a rule through one route.
type view struct {
	event *event.Event
	route *Route
}

// An element is one value of a field.
type element struct {
	name string
	text string
	null bool
	// variant marks one of several forms of a value, which are never joined (Derivation.Also).
	variant bool
}

// look finds the elements that a rule means by a field's name; there is false if there is no such
// field, via says where they came from if not from a field of that name.
func (v view) look(field string) (elements []element, there bool, via string) {
	if field == "EventID" && isWindows(v.event) {
		return []element{{name: field, text: strconv.FormatUint(uint64(v.event.EventID), 10)}}, true, ""
	}
	d, mapped := v.route.Fields[field]
	if elements, there = v.own(field); !mapped || d.OwnFirst && there {
		return elements, there, ""
	}
	from := slices.Clip(d.From)
	elements, there = v.derived(field, d)
	for _, also := range d.Also {
		more, ok := v.derived(field, also)
		elements, there = append(elements, more...), there || ok
		for _, name := range also.From {
			if !slices.Contains(from, name) {
				from = append(from, name)
			}
		}
	}
	via = strings.Join(from, ", ")
	for i := range elements {
		elements[i].variant = d.Also != nil
	}
	return elements, there, via
}

// derived gives the elements that a derivation makes, but for those of its Also.
func (v view) derived(field string, d Derivation) (elements []element, there bool) {
	switch {
	case d.Make == nil && len(d.From) == 0:
		for i := range v.event.Values {
			elements = append(elements, v.elements(i)...)
		}
		return elements, true
	case d.Make == nil:
		return v.own(d.From[0])
	}
	text, ok := d.Make(nil, v.event)
	if !ok {
		return nil, false
	}
	if field == "" {
		field = strings.Join(d.From, ", ")
	}
	return []element{{name: field, text: string(text)}}, true
}

// own gives the elements of the event's own fields of a name.
func (v view) own(name string) (elements []element, there bool) {
	at := v.event.Shape.Lookup(name)
	for _, i := range at {
		elements = append(elements, v.elements(i)...)
	}
	return elements, len(at) > 0
}

func (v view) elements(i int) (elements []element) {
	v.event.Values[i].Each(func(value event.Value) bool {
		elements = append(elements, element{name: v.event.Shape.Fields[i].Name, text: value.String(), null: value.IsNull()})
		return true
	})
	return elements
}

// everything gives the elements of all fields, or the text that the route has made for keywords.
func (v view) everything() (elements []element) {
	if _, ok := v.route.Fields[""]; ok {
		elements, _, _ = v.look("")
		for i := range elements {
			elements[i].name = cmp.Or(elements[i].name, "all as text")
		}
		return elements
	}
	for i := range v.event.Values {
		elements = append(elements, v.elements(i)...)
	}
	return elements
}

// explainItem evaluates one comparison.
func (v view) explainItem(it *Item) ItemExplanation {
	x := ItemExplanation{Field: it.Field, Want: it.Text, Line: it.Line}
	if it.Field == "" {
		x.State = "present"
		for _, el := range v.everything() {
			if !el.null && evalText(it, el.text) {
				x.Result = true
				x.Found = append(x.Found, el.name+": "+el.text)
			}
		}
		return x
	}
	elements, there, via := v.look(it.Field)
	x.Via = via
	x.State, x.Found = tell(elements, there)
	var other [][]element
	if it.Kind == ItemFieldRef {
		theirs, there, via := v.look(it.RefField)
		x.Other = &ItemExplanation{Field: it.RefField, Want: it.RefField, Via: via}
		x.Other.State, x.Other.Found = tell(theirs, there)
		x.Other.Result = len(texts(theirs)) > 0
		other = append(other, theirs)
	}
	x.Result = evalItem(it, elements, there, other...)
	return x
}

// tell says what elements are there.
func tell(elements []element, there bool) (state string, found []string) {
	if !there {
		return "absent", nil
	}
	state = "null"
	for _, el := range elements {
		if el.null {
			found = append(found, "null")
			continue
		}
		state = "present"
		found = append(found, el.text)
	}
	if state == "null" {
		return state, nil
	}
	return state, found
}

// wantText says what an item asks for: as the rule writes it, or put together if that is not known.
func (x *ItemExplanation) wantText() string {
	if x.Want != "" {
		return x.Want
	}
	return fmt.Sprintf("%s (line %d)", x.Field, x.Line)
}
