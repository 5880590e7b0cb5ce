package attack

import (
	_ "embed"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

// A Knowledge is what one version of ATT&CK says: techniques, groups, software, campaigns and
// mitigations, and how they relate. It holds facts (identifiers, names, aliases, dates, relations
// and who is cited for them), no descriptions. It is immutable and safe for concurrent use; callers
// must not change what they are handed.
type Knowledge struct {
	// Domain is "enterprise-attack", "ics-attack" or "mobile-attack"; Version is like "18.1", ""
	// if the bundle does not say.
	Domain, Version string
	// All of these are sorted by ID and hold what is revoked or deprecated too, marked as such.
	Techniques  []Technique
	Groups      []Group
	Software    []Software
	Campaigns   []Campaign
	Mitigations []Mitigation
	// Uses are sorted by source, then by target.
	Uses []Use

	names     map[string][]Named // by name in lower case
	successor map[string]string  // of what was revoked
	users     map[string][]int32 // by target, indices of Uses
}

// An Object is what techniques, groups, software, campaigns and mitigations have in common.
type Object struct {
	// ID is how people refer to it: "T1059.001", "G0007", "S0154", "C0022", "M1026".
	ID string
	// Name is what ATT&CK calls it; that of a sub-technique does not repeat its parent's.
	Name string
	// STIX is the identifier that it has in ATT&CK's own bundles, "attack-pattern--...".
	STIX string
	// Created and Modified are days.
	Created, Modified time.Time
	// Revoked objects have a successor, see [Knowledge.Current]; Deprecated ones have none.
	Revoked, Deprecated bool
}

// Live says that the object is neither revoked nor deprecated.
func (o *Object) Live() bool { return !o.Revoked && !o.Deprecated }

// A Technique is a way in which intruders reach a goal.
type Technique struct {
	Object
	// Tactics are short names as in [Tactic].
	Tactics   []string
	Platforms []string
	// Parent is the technique that a sub-technique belongs to, or "".
	Parent string
	// LogSources are where its detection strategies look (ATT&CK v18), or the data components that
	// detect it (before v18, without Log and Channel), each once.
	LogSources []LogSource
}

// A LogSource says where something can be seen.
type LogSource struct {
	// Component is ATT&CK's data component: "Process Creation".
	Component string
	// Log is the log's name, "WinEventLog:Security"; Channel what in it, "EventCode=4688".
	Log, Channel string
}

// A Group is an actor that ATT&CK describes.
type Group struct {
	Object
	// Aliases are other names for it, without Name itself.
	Aliases []string
	// Origin are the countries (ISO 3166-1 alpha-2) that its description says it comes from or
	// works for. Countries, Regions and Sectors are whom it has targeted. They are what a gazetteer
	// found in the description, see describe: incomplete, and as sure as ATT&CK's words for it.
	Origin, Countries, Regions, Sectors []string
	// Sources are the reports cited for the group as a whole.
	Sources []string
}

// The kinds of software.
const (
	Malware = "malware"
	Tool    = "tool"
)

// Software is a program that intruders use: their own malware, or a tool that others use too.
type Software struct {
	Object
	Aliases   []string // without Name itself
	Type      string   // [Malware] or [Tool]
	Platforms []string
	Sources   []string // the reports cited for it as a whole
}

// A Campaign is a set of intrusions over some time that belong together.
type Campaign struct {
	Object
	Aliases     []string // without Name itself
	First, Last time.Time
	Groups      []string // whom ATT&CK attributes it to; mostly none or one
	Sources     []string // the reports cited for it as a whole
}

// A Mitigation is a way to prevent techniques.
type Mitigation struct {
	Object
	Techniques []string // which it mitigates
}

// A Use says that a group, a campaign or software uses a technique or software.
type Use struct {
	Source, Target string // identifiers: G, C or S; T or S
	// Cites are the names of the reports that say so, as ATT&CK calls them.
	Cites []string
	// Mentions are other objects that the relation's description links to: the software with which
	// a group did it, the campaign in which it did.
	Mentions []string
	Created  time.Time
}

// Named is something that a name stands for.
type Named struct {
	ID   string
	Kind Kind
	// Alias says that the name is not the one that ATT&CK prefers.
	Alias bool
}

// A Kind says what an identifier names.
type Kind uint8

// The kinds of objects.
const (
	KindTechnique Kind = iota
	KindGroup
	KindSoftware
	KindCampaign
	KindMitigation
)

var kindNames = [...]string{"technique", "group", "software", "campaign", "mitigation"}

func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return fmt.Sprintf("Kind(%d)", uint8(k))
}

// embedded is written by attack/derive.
//
//go:embed enterprise-18.1.zst
var embedded []byte

// Attribution is the copyright designation that the terms of use of ATT&CK ask for; the file NOTICE
// has the licence itself.
const Attribution = "© 2025 The MITRE Corporation. This work is reproduced and distributed with the permission of The MITRE Corporation."

// Load gives the knowledge that is embedded in the program: ATT&CK Enterprise v18.1. The first call
// takes some milliseconds.
func Load() *Knowledge { return load() }

var load = sync.OnceValue(func() *Knowledge {
	k, err := unpack(embedded)
	if err != nil {
		panic("attack: the embedded table is damaged: " + err.Error()) // our own bug
	}
	return k
})

// index makes the lookups; everything is there and sorted.
func (k *Knowledge) index() {
	k.names = map[string][]Named{}
	add := func(o *Object, kind Kind, aliases []string) {
		if !o.Live() {
			return
		}
		k.name(o.Name, Named{o.ID, kind, false})
		for _, a := range aliases {
			k.name(a, Named{o.ID, kind, true})
		}
	}
	for i := range k.Techniques {
		add(&k.Techniques[i].Object, KindTechnique, nil)
	}
	for i := range k.Groups {
		add(&k.Groups[i].Object, KindGroup, k.Groups[i].Aliases)
	}
	for i := range k.Software {
		add(&k.Software[i].Object, KindSoftware, k.Software[i].Aliases)
	}
	for i := range k.Campaigns {
		add(&k.Campaigns[i].Object, KindCampaign, k.Campaigns[i].Aliases)
	}
	for i := range k.Mitigations {
		add(&k.Mitigations[i].Object, KindMitigation, nil)
	}
	k.users = map[string][]int32{}
	for i := range k.Uses {
		target := k.Uses[i].Target
		k.users[target] = append(k.users[target], int32(i))
	}
}

func (k *Knowledge) name(name string, n Named) {
	key := strings.ToLower(name)
	if !slices.ContainsFunc(k.names[key], func(have Named) bool { return have.ID == n.ID && have.Kind == n.Kind }) {
		k.names[key] = append(k.names[key], n)
	}
}

// Named gives everything live that a name or alias stands for, in any case; several if it is
// ambiguous: techniques first, then groups, software, campaigns, mitigations, each by identifier.
func (k *Knowledge) Named(name string) []Named { return k.names[strings.ToLower(name)] }

// Names goes over all names and aliases in lower case and what they stand for, in no particular
// order.
func (k *Knowledge) Names(yield func(name string, stands []Named) bool) {
	for name, stands := range k.names {
		if !yield(name, stands) {
			return
		}
	}
}

// Current gives the identifier that stands for id here: id itself if it is live, what replaced it
// if it was revoked, and what it is called in this version if a rule has it from a later one
// ([Renumbered]). It is false for what is deprecated without a successor, and for what is not known.
func (k *Knowledge) Current(id string) (string, bool) {
	id = strings.ToUpper(id)
	for range maxRevocations {
		o := k.object(id)
		switch {
		case o != nil && o.Live():
			return id, true
		case o == nil:
			id = renumbered(id)
		default:
			id = k.successor[id]
		}
		if id == "" {
			return "", false
		}
	}
	return "", false
}

// maxRevocations is how often something may have been replaced; it happened twice at most.
const maxRevocations = 8

// object finds what has an identifier; mitigations of before 2019 have those of techniques and are
// not found by them.
func (k *Knowledge) object(id string) *Object {
	if id == "" {
		return nil
	}
	switch id[0] {
	case 'T':
		if t := k.TechniqueByID(id); t != nil {
			return &t.Object
		}
	case 'G':
		if g := k.GroupByID(id); g != nil {
			return &g.Object
		}
	case 'S':
		if s := k.SoftwareByID(id); s != nil {
			return &s.Object
		}
	case 'C':
		if c := k.CampaignByID(id); c != nil {
			return &c.Object
		}
	case 'M':
		if m := k.MitigationByID(id); m != nil {
			return &m.Object
		}
	}
	return nil
}

// find is the element with an identifier, nil if there is none.
func find[T any](all []T, id string, object func(*T) *Object) *T {
	i, ok := slices.BinarySearchFunc(all, id, func(t T, id string) int { return strings.Compare(object(&t).ID, id) })
	if !ok {
		return nil
	}
	return &all[i]
}

// TechniqueByID gives a technique, live or not; nil if it is not known.
func (k *Knowledge) TechniqueByID(id string) *Technique {
	return find(k.Techniques, id, func(t *Technique) *Object { return &t.Object })
}

// GroupByID gives a group, live or not; nil if it is not known.
func (k *Knowledge) GroupByID(id string) *Group {
	return find(k.Groups, id, func(g *Group) *Object { return &g.Object })
}

// SoftwareByID gives malware or a tool, live or not; nil if it is not known.
func (k *Knowledge) SoftwareByID(id string) *Software {
	return find(k.Software, id, func(s *Software) *Object { return &s.Object })
}

// CampaignByID gives a campaign, live or not; nil if it is not known.
func (k *Knowledge) CampaignByID(id string) *Campaign {
	return find(k.Campaigns, id, func(c *Campaign) *Object { return &c.Object })
}

// MitigationByID gives a mitigation, live or not; nil if it is not known.
func (k *Knowledge) MitigationByID(id string) *Mitigation {
	return find(k.Mitigations, id, func(m *Mitigation) *Object { return &m.Object })
}

// UsesOf gives what a group, campaign or software uses, sorted by target.
func (k *Knowledge) UsesOf(id string) []Use {
	bySource := func(u Use, id string) int { return strings.Compare(u.Source, id) }
	from, _ := slices.BinarySearchFunc(k.Uses, id, bySource)
	to := from
	for to < len(k.Uses) && k.Uses[to].Source == id {
		to++
	}
	return k.Uses[from:to:to]
}

// UsersOf gives the uses of a technique or of software, sorted by source.
func (k *Knowledge) UsersOf(id string) []Use {
	var users []Use
	for _, i := range k.users[id] {
		users = append(users, k.Uses[i])
	}
	return users
}

// MitigationsOf gives the live mitigations of a technique, sorted by identifier.
func (k *Knowledge) MitigationsOf(technique string) []*Mitigation {
	var found []*Mitigation
	for i := range k.Mitigations {
		if m := &k.Mitigations[i]; m.Live() && slices.Contains(m.Techniques, technique) {
			found = append(found, m)
		}
	}
	return found
}
