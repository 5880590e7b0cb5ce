package sigma

import (
	"slices"
	"strings"
)

// A Kind is one kind of log, as far as routes tell kinds apart.
type Kind struct {
	Product, Category, Service string
	// Channel is that of a Windows log, in any case of letters.
	Channel string
	// EventIDs are those that occur in a Windows log; nil means that any may.
	EventIDs map[uint32]int
}

// Serves counts the rules whose log source events of that kind can be, whatever their fields hold:
// what the log could show if it happened.
func (k Kind) Serves(rules []*Rule) int {
	k.Channel = strings.ToLower(k.Channel)
	known := map[Logsource]bool{}
	n := 0
	for _, r := range rules {
		ls := r.Logsource
		ls.Definition = ""
		serves, ok := known[ls]
		if !ok {
			routes, _ := Routes(ls)
			serves = slices.ContainsFunc(routes, k.takes)
			known[ls] = serves
		}
		if serves {
			n++
		}
	}
	return n
}

// ServesSource tells whether events of that kind can be a log source.
func (k Kind) ServesSource(ls Logsource) bool {
	k.Channel = strings.ToLower(k.Channel)
	routes, _ := Routes(ls)
	return slices.ContainsFunc(routes, k.takes)
}

// NamesOf gives the event's own fields in which a rule for that log source may find a field: the name
// itself where nothing else is known. It gives nil if any of the event's fields may be it.
func (k Kind) NamesOf(ls Logsource, field string) []string {
	k.Channel = strings.ToLower(k.Channel)
	routes, _ := Routes(ls)
	for _, r := range routes {
		if !k.takes(r) {
			continue
		}
		d, ok := r.Fields[field]
		if !ok {
			return []string{field}
		}
		if len(d.From) == 0 {
			return nil
		}
		names := append([]string{field}, d.From...)
		for _, also := range d.Also {
			names = append(names, also.From...)
		}
		slices.Sort(names)
		return slices.Compact(names)
	}
	return []string{field}
}

func (k Kind) takes(r Route) bool {
	fits := func(want, have string) bool { return want == "" || want == have }
	if !fits(r.Product, k.Product) || !fits(r.Category, k.Category) || !fits(r.Service, k.Service) {
		return false
	}
	if len(r.Channels) > 0 && !slices.Contains(r.Channels, k.Channel) {
		return false
	}
	return len(r.EventIDs) == 0 || k.EventIDs == nil ||
		slices.ContainsFunc(r.EventIDs, func(id uint32) bool { return k.EventIDs[id] > 0 })
}
