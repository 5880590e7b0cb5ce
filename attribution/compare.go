package attribution

import (
	"cmp"
	"math"
	"slices"
	"strings"

	"aldebaran/attack"
)

// A Trait is something that an actor uses, and how many use it.
type Trait struct {
	ID    string `json:"id"`
	Name  string `json:"name"`
	Users int    `json:"users"` // actors, with this one
}

// Traits are what a profile uses, the rarest first.
func (m *Model) Traits(p *Profile, k *attack.Knowledge) []Trait {
	out := []Trait{}
	for _, u := range p.Uses {
		out = append(out, m.trait(u.Target, k))
	}
	sortTraits(out)
	return out
}

func sortTraits(list []Trait) {
	slices.SortFunc(list, func(a, b Trait) int { return cmp.Or(a.Users-b.Users, strings.Compare(a.ID, b.ID)) })
}

func (m *Model) trait(id string, k *attack.Knowledge) Trait {
	t := Trait{ID: id, Name: m.label(id, k), Users: 1}
	if row, ok := m.tableOf(id).row(id); ok {
		t.Users = row.users
	}
	return t
}

func (m *Model) tableOf(id string) *table {
	if IsTechnique(id) {
		return &m.techniques
	}
	return &m.software
}

// A Comparison is what two actors have in common, and what one of them has; the rarest first.
type Comparison struct {
	// Similarity is the cosine of what they use, each weighed by its rarity: 0 for nothing in common.
	Similarity float64 `json:"similarity"`
	Both       []Trait `json:"both"`
	First      []Trait `json:"first_only"`
	Second     []Trait `json:"second_only"`
}

// Compare holds two profiles against each other.
func (m *Model) Compare(first, second *Profile, k *attack.Knowledge) Comparison {
	c := Comparison{Both: []Trait{}, First: []Trait{}, Second: []Trait{}}
	has := map[string]bool{}
	for _, u := range second.Uses {
		has[u.Target] = true
	}
	var dot, one, two float64
	for _, u := range first.Uses {
		w := m.tableOf(u.Target).rarity(u.Target)
		one += w * w
		if has[u.Target] {
			dot += w * w
			c.Both = append(c.Both, m.trait(u.Target, k))
			has[u.Target] = false
		} else {
			c.First = append(c.First, m.trait(u.Target, k))
		}
	}
	for _, u := range second.Uses {
		w := m.tableOf(u.Target).rarity(u.Target)
		two += w * w
		if has[u.Target] {
			c.Second = append(c.Second, m.trait(u.Target, k))
		}
	}
	if dot > 0 {
		c.Similarity = dot / math.Sqrt(one*two)
	}
	for _, list := range [][]Trait{c.Both, c.First, c.Second} {
		sortTraits(list)
	}
	return c
}
