package sigma

import "aldebaran/event"

// A Set is a collection of rules compiled for matching. Immutable and safe for concurrent use.
type Set struct {
	rules []*Rule
}

// Compile builds a set from all rules of a collection.
func Compile(c *Collection) (*Set, error) {
	return &Set{rules: c.Rules}, nil
}

// Rules are the rules of the set, silent ones too, in the order of the collection.
func (s *Set) Rules() []*Rule { return s.rules }

// A Matcher finds the rules of a set that match an event. It keeps caches and scratch space:
// one for each goroutine.
type Matcher struct {
	set *Set
}

// NewMatcher makes a matcher.
func (s *Set) NewMatcher() *Matcher { return &Matcher{set: s} }

// Match gives the rules that match an event, silent ones too, in the order of [Set.Rules]. The
// slice is valid until the next call.
func (m *Matcher) Match(e *event.Event) []*Rule { return nil }
