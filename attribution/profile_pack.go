package attribution

import (
	"slices"
	"strconv"
	"strings"

	"aldebaran/attack"
	"aldebaran/intel"
)

// FromPack gives the profile of a pack's actor; false if the pack is about none. What is unverified or
// general craft is left out. An actor that ATT&CK knows has its number there, others "pack:" and the
// actor's id. k may be nil.
func FromPack(p *intel.Pack, k *attack.Knowledge) (Profile, bool) {
	a := p.Actor
	if a == nil {
		return Profile{}, false
	}
	out := Profile{ID: "pack:" + a.ID, Name: a.Name}
	if id := groupOf(a, k); id != "" {
		out.ID = id
	}
	for _, n := range a.Aliases {
		if counts(&n.Fact) {
			out.Aliases = append(out.Aliases, n.Name)
		}
	}
	out.Sectors, out.Regions = values(a.Sectors), append(values(a.Regions), values(a.Countries)...)
	if a.Country != nil && counts(&a.Country.Fact) {
		out.Origin = []string{a.Country.Value}
	}
	if a.Hours != nil && counts(&a.Hours.Fact) {
		out.Hours = shiftOf(a.Hours)
	}
	out.Uses = packUses(p)
	return out, true
}

// counts says that a fact may weigh: somebody verified it, and it is about the actor.
func counts(f *intel.Fact) bool { return !f.Unverified && !f.Generic }

func values(claims []intel.Claim) []string {
	var out []string
	for _, c := range claims {
		if counts(&c.Fact) {
			out = append(out, strings.ToLower(c.Value))
		}
	}
	return out
}

// groupOf finds the number that an actor has in ATT&CK: only its own name counts, since others' aliases
// overlap.
func groupOf(a *intel.Actor, k *attack.Knowledge) string {
	if k == nil {
		return ""
	}
	for _, n := range k.Named(a.Name) {
		if n.Kind == attack.KindGroup {
			return n.ID
		}
	}
	return ""
}

// shiftOf reads "01:00" to "10:00"; nil if they are not hours.
func shiftOf(h *intel.Hours) *Shift {
	from, err1 := strconv.Atoi(strings.SplitN(h.From, ":", 2)[0])
	to, err2 := strconv.Atoi(strings.SplitN(h.To, ":", 2)[0])
	if err1 != nil || err2 != nil || from < 0 || from > 23 || to < 0 || to > 23 {
		return nil
	}
	return &Shift{from, to}
}

// packUses are the techniques of the pack and of its software, and the software itself.
func packUses(p *intel.Pack) []Use {
	reports, names := map[string][]string{}, map[string]string{}
	add := func(target string, f *intel.Fact) {
		if target != "" && counts(f) {
			reports[target] = append(reports[target], f.Sources...)
		}
	}
	for i := range p.Techniques {
		add(strings.ToUpper(p.Techniques[i].ID), &p.Techniques[i].Fact)
	}
	for _, list := range [][]intel.Software{p.Malware, p.Tools} {
		for i := range list {
			s := &list[i]
			add(softwareID(s), &s.Fact)
			names[softwareID(s)] = s.Name
			if s.Common {
				continue // what a common tool can do says little of who used it
			}
			for _, t := range s.Techniques {
				add(strings.ToUpper(t), &s.Fact)
			}
		}
	}
	uses := make([]Use, 0, len(reports))
	for target, sources := range reports {
		slices.Sort(sources)
		uses = append(uses, Use{Target: target, Name: names[target], Reports: len(slices.Compact(sources))})
	}
	slices.SortFunc(uses, compareUses)
	return uses
}

// softwareID is what software is called in profiles: its number in ATT&CK, or its name.
func softwareID(s *intel.Software) string {
	if s.AttackID != "" {
		return strings.ToUpper(s.AttackID)
	}
	return strings.ToLower(s.Name)
}

// Profiles are those of ATT&CK and of the actors of packs, sorted by ID. A pack adds to the profile that
// ATT&CK has of its actor.
func Profiles(k *attack.Knowledge, packs []*intel.Pack) []Profile {
	var all []Profile
	if k != nil {
		all = FromAttack(k)
	}
	for _, p := range packs {
		profile, ok := FromPack(p, k)
		if !ok {
			continue
		}
		i := slices.IndexFunc(all, func(have Profile) bool { return have.ID == profile.ID })
		if i < 0 {
			all = append(all, profile)
			continue
		}
		all[i] = join(all[i], profile)
	}
	slices.SortStableFunc(all, func(a, b Profile) int { return strings.Compare(a.ID, b.ID) })
	return all
}

// join adds what b knows to a.
func join(a, b Profile) Profile {
	a.Aliases = once(a.Aliases, b.Aliases)
	a.Origin, a.Sectors, a.Regions = once(a.Origin, b.Origin), once(a.Sectors, b.Sectors), once(a.Regions, b.Regions)
	if a.Hours == nil {
		a.Hours = b.Hours
	}
	uses := append(slices.Clone(a.Uses), b.Uses...)
	slices.SortStableFunc(uses, compareUses)
	a.Uses = slices.CompactFunc(uses, func(x, y Use) bool { return x.Target == y.Target })
	return a
}

func once(lists ...[]string) []string {
	all := slices.Concat(lists...)
	slices.Sort(all)
	return slices.Compact(all)
}
