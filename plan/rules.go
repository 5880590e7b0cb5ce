package plan

import (
	"cmp"
	"slices"
	"strings"

	"aldebaran/match/behaviour"
	"aldebaran/match/sigma"
)

// A Rule is a rule or a behaviour that can be looked for, as far as plans need to know it.
type Rule struct {
	Kind                          string // "rule", "behaviour"
	ID, Title, Description, Level string
	Tags                          []string
	// Sources are the log sources that it reads; a behaviour may need several of them.
	Sources []sigma.Logsource
}

// RulesOf gives the rules of a collection that can report. A correlation reads what its rules read.
func RulesOf(c *sigma.Collection) []Rule {
	var all []Rule
	reads := map[string][]sigma.Logsource{} // by id and by name
	for _, r := range c.Rules {
		ls := r.Logsource
		ls.Definition = ""
		for _, key := range []string{r.ID, r.Name} {
			if key != "" {
				reads[key] = append(reads[key], ls)
			}
		}
		if !r.Silent {
			all = append(all, Rule{Kind: "rule", ID: r.ID, Title: r.Title, Description: r.Description, Level: r.Level, Tags: r.Tags, Sources: []sigma.Logsource{ls}})
		}
	}
	// Correlations may refer to one another: as often as there are, what they read is passed on.
	for range c.Correlations {
		changed := false
		for _, r := range c.Correlations {
			var sources []sigma.Logsource
			for _, ref := range r.Rules {
				sources = append(sources, reads[ref]...)
			}
			sources = distinct(sources)
			for _, key := range []string{r.ID, r.Name} {
				if key != "" && len(reads[key]) != len(sources) {
					reads[key], changed = sources, true
				}
			}
		}
		if !changed {
			break
		}
	}
	for _, r := range c.Correlations {
		if r.Silent {
			continue
		}
		all = append(all, Rule{
			Kind: "rule", ID: r.ID, Title: r.Title, Description: r.Description, Level: r.Level, Tags: r.Tags,
			Sources: reads[cmp.Or(r.ID, r.Name)],
		})
	}
	return all
}

// Behaviours gives the behaviours that a configuration leaves on.
func Behaviours(c behaviour.Config) []Rule {
	var all []Rule
	for _, a := range behaviour.Analytics() {
		if c.Behaviours[a.ID].Off {
			continue
		}
		r := Rule{Kind: "behaviour", ID: a.ID, Title: a.Title, Description: a.Description, Level: a.Level, Tags: a.Tags}
		for _, v := range a.Views {
			r.Sources = append(r.Sources, v.Sources()...)
		}
		r.Sources = distinct(r.Sources)
		all = append(all, r)
	}
	return all
}

func distinct(all []sigma.Logsource) []sigma.Logsource {
	all = slices.Clone(all)
	slices.SortFunc(all, func(a, b sigma.Logsource) int {
		return cmp.Or(strings.Compare(a.Product, b.Product), strings.Compare(a.Category, b.Category), strings.Compare(a.Service, b.Service))
	})
	return slices.Compact(all)
}

// tagged tells how a rule refers to a technique of ATT&CK: 2 by its very id, 1 by its parent or one
// of its sub-techniques, 0 not at all.
func (r *Rule) tagged(technique string) int {
	best := 0
	want := "attack." + strings.ToLower(technique)
	for _, tag := range r.Tags {
		tag = strings.ToLower(tag)
		switch {
		case tag == want:
			return 2
		case strings.HasPrefix(tag, want+".") || strings.HasPrefix(want, tag+"."):
			best = 1
		}
	}
	return best
}
