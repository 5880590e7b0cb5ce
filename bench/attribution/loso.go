package main

import (
	"cmp"
	"slices"
	"strings"

	"aldebaran/attribution"
)

// fewest is how many techniques an incident, or what is left of a profile, must have.
const fewest = 5

// newestPair is the version of the relations: all fitted parameters are older.
const relationsVersion = "18.1"

// leaveOneSourceOut ranks what each report tells of a group's own uses, with everything left out that
// this report alone says.
func leaveOneSourceOut(s *splits) (*leaveOneOut, error) {
	parameters, err := fittedBefore(s.pairs, relationsVersion)
	if err != nil {
		return nil, err
	}
	var list []outcome
	for _, q := range queries(s.relations) {
		profiles := profilesWithout(s.relations, q.source)
		if !slices.ContainsFunc(profiles, func(p attribution.Profile) bool { return p.ID == q.group }) {
			continue
		}
		in := incident(q.techniques, q.software)
		list = append(list, judge(attribution.New(profiles, parameters).Rank(&in), q.group))
	}
	r := scoreOf(list)
	return &leaveOneOut{Queries: len(list), Fitted: parameters, Top1: r.Top1, Top3: r.Top3, Top5: r.Top5, Top10: r.Top10, MRR: r.MRR}, nil
}

// a query is what one report tells of one group.
type query struct {
	group, source        string
	techniques, software []string
}

// queries are those with enough techniques, sorted.
func queries(relations []relation) []query {
	byKey := map[[2]string]*query{}
	for _, r := range relations {
		if r.Campaign != nil {
			continue
		}
		for _, source := range r.Sources {
			key := [2]string{r.Group, source}
			q := byKey[key]
			if q == nil {
				q = &query{group: r.Group, source: source}
				byKey[key] = q
			}
			if attribution.IsTechnique(r.Target) {
				q.techniques = append(q.techniques, r.Target)
			} else {
				q.software = append(q.software, r.Target)
			}
		}
	}
	var all []query
	for _, q := range byKey {
		if q.techniques, q.software = once(q.techniques), once(q.software); len(q.techniques) >= fewest {
			all = append(all, *q)
		}
	}
	slices.SortFunc(all, func(a, b query) int {
		return cmp.Or(strings.Compare(a.group, b.group), strings.Compare(a.source, b.source))
	})
	return all
}

func once(list []string) []string {
	slices.Sort(list)
	return slices.Compact(list)
}

// profilesWithout are the groups as they would be known without one report, those with enough
// techniques left. A use counts by how many other reports tell it.
func profilesWithout(relations []relation, source string) []attribution.Profile {
	reports := map[[2]string][]string{}
	for _, r := range relations {
		if len(r.Sources) == 1 && r.Sources[0] == source {
			continue
		}
		key := [2]string{r.Group, r.Target}
		others := reports[key]
		for _, s := range r.Sources {
			if s != source {
				others = append(others, s)
			}
		}
		reports[key] = others
	}
	byGroup := map[string]*attribution.Profile{}
	techniques := map[string]int{}
	for key, sources := range reports {
		group, target := key[0], key[1]
		p := byGroup[group]
		if p == nil {
			p = &attribution.Profile{ID: group, Name: group}
			byGroup[group] = p
		}
		p.Uses = append(p.Uses, attribution.Use{Target: target, Reports: len(once(sources))})
		techniques[group] += count(attribution.IsTechnique(target))
	}
	var all []attribution.Profile
	for id, p := range byGroup {
		if techniques[id] >= fewest {
			slices.SortFunc(p.Uses, func(a, b attribution.Use) int { return strings.Compare(a.Target, b.Target) })
			all = append(all, *p)
		}
	}
	slices.SortFunc(all, func(a, b attribution.Profile) int { return strings.Compare(a.ID, b.ID) })
	return all
}
