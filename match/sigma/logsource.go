package sigma

import (
	"slices"
	"strings"

	"aldebaran/event"
)

// A Route is one kind of event that serves a log source. An event takes a route if everything
// that the route names fits.
type Route struct {
	// Product, Category and Service must equal those of the event, where they are not empty.
	Product, Category, Service string
	// Channels are Windows channels of which the event's must be one, in lower case; none means any.
	Channels []string
	// EventIDs are those of which the event's must be one; none means any.
	EventIDs []uint32
	// Where are further conditions on fields of the event, all of which must hold. They name the
	// event's own fields: Fields does not apply to them.
	Where []Where
	// Fields says how names of fields that rules of this log source use are found in these events.
	// A name that is not in it is looked up as it stands (see event.Shape.Lookup). The name "" is
	// what keywords are looked for in, instead of in every value by itself.
	Fields Mapping
	// Weak marks a route on which fields that the rule was written for may be absent (4688 has no
	// OriginalFileName), so that a "not filter" may be true for want of them (T24).
	Weak bool
	// Name tells people which route it is: "Sysmon 1", "Security 4688".
	Name string
}

// Where holds if the field's text is one of Values, or begins with one of Prefixes, compared
// without case.
type Where struct {
	Field    string
	Values   []string
	Prefixes []string
}

// A Mapping says where the value of a field comes from.
type Mapping map[string]Derivation

// A Derivation makes the value of a field that a rule names out of an event that calls it
// otherwise or does not have it.
type Derivation struct {
	// From are the names of the event's own fields that it needs; none means that it may look at
	// all of them. If there is no Make, the value is that of From[0], whatever its kind and however
	// often it stands there; with neither, it is every value of the event by itself, as for keywords.
	From []string
	// Make appends the text of the derived value; ok is false if the event has none. It is a pure
	// function of the values of the fields named in From, safe for concurrent use, does not
	// allocate in steady state (it uses the room behind dst as scratch), and leaves what dst held
	// as it was.
	Make func(dst []byte, e *event.Event) (text []byte, ok bool)
	// FirstOf says that Make gives the text of the first of the fields in From that the event has and that
	// is not null: where the names are looked up once for a layout, Make is not needed.
	FirstOf bool
	// If tells by the first value of a field whether Make could make something of it; Make is left out
	// if none of the fields in From passes. It costs little where most events have nothing to make. Nil
	// if that cannot be told.
	If func(v event.Value) bool
	// Decodes says that Make undoes the encoding of URLs: it can make something only of fields one of
	// which has a percent or a plus sign.
	Decodes bool
	// Joins names two fields of which Make makes the text, if the event has both: that of the first and,
	// unless the second is null, a question mark and that of the second. Whoever looks at the fields
	// too can then look at all three at once. Nil if the text is made otherwise.
	Joins []string
	// OwnFirst: an event that has a field of the very name that the rule writes is taken at its
	// word, with all values of that field, nulls too (T11, T20); only others are derived.
	OwnFirst bool
	// Also are further values that the field has beside this one, each by itself: the query as it
	// was sent, and decoded. An item holds if it holds for one of them; they are never joined. Each
	// leaves out (ok is false) what would repeat another.
	Also []Derivation
}

// Routes gives the kinds of event that serve a log source. Its attributes are joined with AND, and
// one that is missing allows anything: "category: process_creation" alone means that of all
// products. known is false, and there are no routes, if nothing is known by that name, or if no
// event can be all that it asks for; such a rule must be told, never matched against everything.
// A log source that is known but that no reader delivers has a route which only an event labelled
// so can take.
//
// The log sources are those of the specification (taxonomy appendix, "Log Sources") and of
// SigmaHQ's rules; see docs/formats/logsources.md. What is returned is shared and must not be changed.
func Routes(ls Logsource) (routes []Route, known bool) {
	if ls == (Logsource{Definition: ls.Definition}) {
		return nil, false
	}
	if ls.Product == "windows" || ls.Product == "" {
		routes = windowsRoutes(ls.Category, ls.Service)
		routes = append(slices.Clip(routes), defenderRoutes(ls)...)
	}
	if len(routes) > 0 && ls.Product == "windows" {
		return routes, true
	}
	if isLabelled(ls) {
		// The copy is made because the routes of Windows are shared.
		routes = append(slices.Clip(routes), labelRoute(ls))
	}
	routes = append(slices.Clip(routes), webRoutes(ls)...)
	routes = append(slices.Clip(routes), cloudRoutes(ls)...)
	routes = append(slices.Clip(routes), networkRoutes(ls)...)
	routes = append(slices.Clip(routes), linuxRoutes(ls)...)
	routes = append(slices.Clip(routes), databaseRoutes(ls)...)
	return routes, len(routes) > 0
}

// labelRoute is taken by the events which their reader has labelled with that log source.
func labelRoute(ls Logsource) Route {
	var words []string
	for _, w := range []string{ls.Product, ls.Category, ls.Service} {
		if w != "" {
			words = append(words, w)
		}
	}
	return Route{Product: ls.Product, Category: ls.Category, Service: ls.Service, Fields: labelFields(ls), Name: strings.Join(words, " ")}
}
