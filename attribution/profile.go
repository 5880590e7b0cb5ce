package attribution

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"aldebaran/attack"
)

// A Profile is what is known of one actor: what it uses, and since when that is known.
type Profile struct {
	// ID is a group's number in ATT&CK ("G0125"), or "pack:" and the id of a pack's actor.
	ID      string
	Name    string
	Aliases []string
	// Uses are techniques and software, sorted by target, each once.
	Uses []Use
	// Origin, Sectors and Regions are where the actor is assessed to come from, and whom it targets.
	Origin, Sectors, Regions []string
	// Hours are when it tends to work; nil if nobody says so, or nobody has checked.
	Hours *Shift
}

// A Use says that an actor uses a technique (T...) or software (anything else).
type Use struct {
	Target string
	// Name is what people call software that ATT&CK does not know; "" otherwise.
	Name string
	// Since is when it became known; zero if that is not known.
	Since time.Time
	// Reports is how many different reports say so; 0 counts as one.
	Reports int
}

// IsTechnique says that an identifier is one of a technique or sub-technique of ATT&CK.
func IsTechnique(id string) bool {
	return len(id) >= 5 && id[0] == 'T' && id[1] >= '0' && id[1] <= '9'
}

// isSoftware says that an identifier is none of a technique.
func isSoftware(id string) bool { return !IsTechnique(id) }

// parentOf gives the technique that a sub-technique belongs to, "" for techniques.
func parentOf(id string) string {
	if i := strings.IndexByte(id, '.'); i > 0 {
		return id[:i]
	}
	return ""
}

// FromAttack gives the profiles of the groups that ATT&CK knows, by their numbers: their own uses and
// those of the campaigns that are attributed to them.
func FromAttack(k *attack.Knowledge) []Profile {
	byGroup := map[string][]attack.Use{}
	for i := range k.Groups {
		if g := &k.Groups[i]; g.Live() {
			byGroup[g.ID] = slices.Clone(k.UsesOf(g.ID))
		}
	}
	for i := range k.Campaigns {
		if c := &k.Campaigns[i]; c.Live() {
			for _, g := range c.Groups {
				byGroup[g] = append(byGroup[g], k.UsesOf(c.ID)...)
			}
		}
	}
	var all []Profile
	for i := range k.Groups {
		g := &k.Groups[i]
		if uses := byGroup[g.ID]; g.Live() && len(uses) > 0 {
			all = append(all, Profile{
				ID: g.ID, Name: g.Name, Aliases: g.Aliases, Uses: mergeUses(uses),
				Origin: g.Origin, Sectors: g.Sectors, Regions: g.Regions,
			})
		}
	}
	return all
}

// mergeUses makes one use of all relations to the same target: known since the first of them, told
// by all their reports.
func mergeUses(relations []attack.Use) []Use {
	slices.SortStableFunc(relations, func(a, b attack.Use) int { return strings.Compare(a.Target, b.Target) })
	var uses []Use
	var reports []string
	for i, r := range relations {
		if i == 0 || r.Target != uses[len(uses)-1].Target {
			uses = append(uses, Use{Target: r.Target, Since: r.Created})
			reports = reports[:0]
		}
		u := &uses[len(uses)-1]
		if !r.Created.IsZero() && (u.Since.IsZero() || r.Created.Before(u.Since)) {
			u.Since = r.Created
		}
		reports = append(reports, r.Cites...)
		slices.Sort(reports)
		reports = slices.Compact(reports)
		u.Reports = len(reports)
	}
	return uses
}

func compareUses(a, b Use) int { return cmp.Compare(a.Target, b.Target) }
