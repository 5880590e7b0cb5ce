package sigma

import "aldebaran/event"

// A Route is one kind of event that serves a log source. An event takes a route if everything
// that the route names fits.
type Route struct {
	// Product, Category and Service must equal those of the event, where they are not empty.
	Product, Category, Service string
	// Channels are Windows channels of which the event's must be one, in lower case; none means any.
	Channels []string
	// EventIDs are those of which the event's must be one; none means any.
	EventIDs []uint32
	// Where are further conditions on fields of the event, all of which must hold.
	Where []Where
	// Fields says how names of fields that rules of this log source use are found in these events.
	// A name that is not in it is looked up as it stands (see event.Shape.Lookup).
	Fields Mapping
	// Weak marks a route on which fields that the rule was written for may be absent (4688 has no
	// OriginalFileName), so that a "not filter" may be true for want of them (T24).
	Weak bool
	// Name tells people which route it is: "Sysmon 1", "Security 4688".
	Name string
}

// Where holds if the field's text is one of Values, compared without case.
type Where struct {
	Field  string
	Values []string
}

// A Mapping says where the value of a field comes from.
type Mapping map[string]Derivation

// A Derivation makes the value of a field that a rule names out of an event that calls it
// otherwise or does not have it.
type Derivation struct {
	// From are the names of the event's own fields that it needs. If there is no Make, the
	// value is that of From[0], whatever its kind and however often it stands there.
	From []string
	// Make appends the text of the derived value; ok is false if the event has none. It is a pure
	// function of the values of the fields named in From, safe for concurrent use, does not
	// allocate in steady state, and leaves dst as it was if ok is false.
	Make func(dst []byte, e *event.Event) (text []byte, ok bool)
}
