// Package attribution says who an intrusion looks like, and how sure that is. In go an [Incident]
// (techniques, software, infrastructure, victims and hours, each as strong as its evidence) and the
// [Profile] of each known actor; out comes a [Ranking]: a probability for each actor, one for
// "unknown or new actor" and one for "not enough evidence", the reasons for and against, what would
// decide between the first two, and the level that the evidence allows (activity cluster, temporary
// group, named actor). docs/decisions/0041-attribution.md has the model and its figures.
package attribution

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"aldebaran/intel"
)

// An Incident is what is known of one intrusion, or of several that are taken as one.
type Incident struct {
	Name string `json:"name,omitempty"`
	// Techniques are those of ATT&CK, Software its numbers (S0020) or names of a pack's software in
	// lower case; sorted by ID, each once.
	Techniques []Observation `json:"techniques"`
	Software   []Observation `json:"software"`
	// Marks are what points to one actor by itself: rules and indicators of his alone.
	Marks []Mark `json:"marks"`
	// Victim is who it happened to; Hours are when the intruder worked.
	Victim Victim `json:"victim,omitzero"`
	Hours  *Hours `json:"hours,omitempty"`
	// First and Last are when it went on; zero if that is not known.
	First time.Time `json:"first,omitzero"`
	Last  time.Time `json:"last,omitzero"`
	// Hosts are the computers on which it was seen, sorted.
	Hosts []string `json:"hosts,omitempty"`
	// Visible says how likely the evidence would have shown a technique, 0 to 1. What is not in it
	// is not known: its absence says nothing.
	Visible map[string]float64 `json:"visible,omitempty"`
}

// An Observation is a technique or software that was seen.
type Observation struct {
	ID string `json:"id"`
	// Strength is how sure it is that it was seen, 0 to 1.
	Strength float64 `json:"strength"`
	// Because says what showed it: the titles of rules, sorted.
	Because []string `json:"because,omitempty"`
}

// A Mark is evidence that was tied to one actor before: a rule about what is his alone, or one of his
// indicators.
type Mark struct {
	// Actor is the identifier of a [Profile].
	Actor string   `json:"actor"`
	Kind  MarkKind `json:"kind"`
	// What says it to people: the title of the rule, the value of the indicator.
	What string `json:"what"`
	// Strength is how sure it is that it was seen and that it is the actor's, 0 to 1.
	Strength float64 `json:"strength"`
	// Seen is when it was tied to the actor, Now when it was found here; zero if that is not known.
	Seen time.Time `json:"seen,omitzero"`
	Now  time.Time `json:"now,omitzero"`
	// Holders is how many actors it is known of; 0 counts as one. Hosting is the kind of machine that it
	// stands on, for domains and addresses; "" if that is not known.
	Holders int           `json:"holders,omitempty"`
	Hosting intel.Hosting `json:"hosting,omitempty"`

	rule string // its id: one mark each
}

// A MarkKind says what a mark is.
type MarkKind string

// The kinds of marks.
const (
	MarkRule    MarkKind = "rule"    // a rule about traces of this actor's own malware or ways
	MarkHash    MarkKind = "hash"    // a file, a certificate, a fingerprint of TLS
	MarkDomain  MarkKind = "domain"  // also addresses of pages and e-mail
	MarkAddress MarkKind = "address" // an IP address or range
	MarkName    MarkKind = "name"    // of a file, key, mutex, account: easily the same by chance
	MarkTag     MarkKind = "tag"     // a rule of whoever's that names groups: its author saw them do it, others may too
)

// A Victim is who was attacked. Words are those of profiles, in lower case.
type Victim struct {
	Sectors []string `json:"sectors,omitempty"`
	Regions []string `json:"regions,omitempty"` // also countries
}

// Hours is how often the intruder worked in each hour of the day, in UTC.
type Hours [24]int

// sorted puts observations in order and joins those of the same ID, the strongest first.
func sorted(list []Observation) []Observation {
	list = slices.Clone(list)
	slices.SortStableFunc(list, func(a, b Observation) int {
		return cmp.Or(strings.Compare(a.ID, b.ID), cmp.Compare(b.Strength, a.Strength))
	})
	out := list[:0]
	for _, o := range list {
		if n := len(out); n > 0 && out[n-1].ID == o.ID {
			because := append(slices.Clone(out[n-1].Because), o.Because...)
			slices.Sort(because)
			out[n-1].Because = slices.Compact(because)
			continue
		}
		out = append(out, o)
	}
	return out
}
