package attribution

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
)

// A Link says that two incidents have something in common, how much that weighs, and why.
type Link struct {
	A int `json:"a"` // the smaller of the two, an index
	B int `json:"b"`
	// Weight is in natural logarithms of odds that one actor did both.
	Weight  float64  `json:"weight"`
	Reasons []string `json:"reasons"`
}

// What links weigh. ATT&CK tells little of single incidents, so that these are set, not fitted: by
// techniques alone two reports of one actor are told from two of different ones with an AUROC of 0.72,
// and so techniques alone never link.
const (
	linkWeight      = 2.0 // from which on two incidents are taken as one actor's
	linkTechniques  = 1.0 // at most, for techniques
	linkSoftware    = 1.5 // at most, for each program, if nobody else uses it
	linkTime        = .3  // for incidents within linkDays
	linkDays        = 30
	maxIncidents    = 200
	maxLinkReasons  = 8
	linkSharedHost  = 1.0
	linkSharedMarks = .8 // of what a mark says of an actor, for each that both have
)

// A Cluster is incidents that are linked with each other, directly or through others.
type Cluster struct {
	ID        string `json:"id"`        // "CL-" and the name of its first incident
	Incidents []int  `json:"incidents"` // sorted
}

// A Change is a step in the history of clusters: nothing is forgotten, a cluster that was merged or split
// is still there as it was.
type Change struct {
	Kind   string    `json:"kind"` // "merge" or "split"
	From   []Cluster `json:"from"`
	To     []Cluster `json:"to"`
	By     string    `json:"by"`
	Reason string    `json:"reason"`
	When   time.Time `json:"when,omitzero"`
}

// Clusters are incidents with their links, and what people changed.
type Clusters struct {
	Incidents []string  `json:"incidents"` // names
	Links     []Link    `json:"links"`
	Current   []Cluster `json:"clusters"`
	History   []Change  `json:"history"`
}

// Cluster compares incidents and joins those with strong links.
func (m *Model) Cluster(incidents []*Incident) (*Clusters, error) {
	if len(incidents) > maxIncidents {
		return nil, fmt.Errorf("clusters: want at most %d incidents, found %d", maxIncidents, len(incidents))
	}
	c := &Clusters{Incidents: []string{}, Links: []Link{}, History: []Change{}}
	root := make([]int, len(incidents))
	for i, in := range incidents {
		name := cmp.Or(in.Name, fmt.Sprintf("incident %d", i+1))
		if slices.Contains(c.Incidents, name) { // documents of the same name in two folders
			name = fmt.Sprintf("%s (%d)", name, i+1)
		}
		c.Incidents = append(c.Incidents, name)
		root[i] = i
	}
	for a := range incidents {
		for b := a + 1; b < len(incidents); b++ {
			l := m.link(incidents[a].prepared(), incidents[b].prepared())
			l.A, l.B = a, b
			if l.Weight > 0 {
				c.Links = append(c.Links, l)
			}
			if l.Weight >= linkWeight {
				into, from := root[a], root[b]
				for i := range root {
					if root[i] == from {
						root[i] = into
					}
				}
			}
		}
	}
	c.Current = c.clustersOf(root)
	return c, nil
}

// clustersOf gathers the incidents with the same root.
func (c *Clusters) clustersOf(root []int) []Cluster {
	members := map[int][]int{}
	var order []int
	for i, r := range root {
		if members[r] == nil {
			order = append(order, r)
		}
		members[r] = append(members[r], i)
	}
	out := []Cluster{}
	for _, r := range order {
		out = append(out, c.cluster(members[r]))
	}
	return out
}

func (c *Clusters) cluster(incidents []int) Cluster {
	slices.Sort(incidents)
	return Cluster{ID: "CL-" + c.Incidents[incidents[0]], Incidents: incidents}
}

// link weighs what two incidents have in common.
func (m *Model) link(a, b *Incident) Link {
	var l Link
	add := func(weight float64, format string, args ...any) {
		l.Weight += weight
		if len(l.Reasons) < maxLinkReasons {
			l.Reasons = append(l.Reasons, fmt.Sprintf("%s (%+.2f)", fmt.Sprintf(format, args...), weight))
		}
	}
	for _, k := range commonMarks(a.Marks, b.Marks) {
		add(linkSharedMarks*k.points(), "both show %s", k.What)
	}
	for _, pair := range commonObservations(a.Software, b.Software) {
		add(linkSoftware*m.software.rarity(pair[0].ID)*pair[0].Strength*pair[1].Strength, "both use %s", m.label(pair[0].ID, nil))
	}
	if hosts := common(a.Hosts, b.Hosts); len(hosts) > 0 {
		add(linkSharedHost, "both were on %s", hosts[0])
	}
	if s := m.similarity(a, b); s > 0 {
		add(linkTechniques*s, "their techniques are alike (cosine %.2f, rare ones weigh more)", s)
	}
	if l.Weight > 0 && near(a, b) {
		add(linkTime, "less than %d days lie between them", linkDays)
	}
	return l
}

// commonMarks are those of a that b has as well, by what they are.
func commonMarks(a, b []Mark) []Mark {
	var both []Mark
	for _, k := range a {
		if slices.ContainsFunc(b, func(o Mark) bool { return o.Kind == k.Kind && o.What == k.What }) {
			both = append(both, k)
		}
	}
	return both
}

// commonObservations pairs what both have; both are sorted.
func commonObservations(a, b []Observation) [][2]Observation {
	var both [][2]Observation
	for _, o := range a {
		i, ok := slices.BinarySearchFunc(b, o.ID, func(x Observation, id string) int { return strings.Compare(x.ID, id) })
		if ok {
			both = append(both, [2]Observation{o, b[i]})
		}
	}
	return both
}

// rarity is 1 for what one actor or none uses, and goes towards 0 for what all use.
func (t *table) rarity(id string) float64 {
	users := 1
	if r, ok := t.row(id); ok {
		users = r.users
	}
	n := float64(len(t.sizes)) + 1
	return math.Max(0, math.Log(n/float64(users))/math.Log(n))
}

// similarity is the cosine of the techniques of two incidents, each weighed by its rarity.
func (m *Model) similarity(a, b *Incident) float64 {
	length := func(in *Incident) float64 {
		s := 0.0
		for _, o := range in.Techniques {
			w := o.Strength * m.techniques.rarity(o.ID)
			s += w * w
		}
		return math.Sqrt(s)
	}
	dot := 0.0
	for _, pair := range commonObservations(a.Techniques, b.Techniques) {
		r := m.techniques.rarity(pair[0].ID)
		dot += pair[0].Strength * pair[1].Strength * r * r
	}
	if dot == 0 {
		return 0
	}
	return dot / (length(a) * length(b))
}

// near says that two incidents overlap in time, or nearly.
func near(a, b *Incident) bool {
	if a.First.IsZero() || b.First.IsZero() {
		return false
	}
	gap := b.First.Sub(a.Last)
	if b.First.Before(a.First) {
		gap = a.First.Sub(b.Last)
	}
	return gap < linkDays*24*time.Hour
}

// A Decision is what an analyst says of clusters: that several are one ("merge"), or that some incidents of
// one are of another ("split").
type Decision struct {
	Kind      string    `json:"kind"`
	Clusters  []string  `json:"clusters"`            // their IDs; one for a split
	Incidents []string  `json:"incidents,omitempty"` // the names of those that a split takes out
	By        string    `json:"by"`
	Reason    string    `json:"reason"`
	When      time.Time `json:"when,omitzero"`
}

// Apply does what an analyst decided.
func (c *Clusters) Apply(d Decision) error {
	switch d.Kind {
	case "merge":
		if len(d.Incidents) > 0 {
			return fmt.Errorf("merge: want clusters alone, found the incidents %s", strings.Join(d.Incidents, ", "))
		}
		return c.Merge(d.Clusters, d.By, d.Reason, d.When)
	case "split":
		if len(d.Clusters) != 1 {
			return fmt.Errorf("split: want one cluster, found %d", len(d.Clusters))
		}
		var out []int
		for _, name := range d.Incidents {
			i := slices.Index(c.Incidents, name)
			if i < 0 {
				return fmt.Errorf("split: want one of the incidents %s, found %q", strings.Join(c.Incidents, ", "), name)
			}
			out = append(out, i)
		}
		return c.Split(d.Clusters[0], out, d.By, d.Reason, d.When)
	}
	return fmt.Errorf("clusters: want the kind merge or split, found %q", d.Kind)
}

// Merge makes one cluster of several, and keeps in History what they were.
func (c *Clusters) Merge(ids []string, by, reason string, when time.Time) error {
	from, rest, err := c.take(ids, by, reason)
	if err != nil {
		return err
	}
	if len(from) < 2 {
		return fmt.Errorf("merge: want at least 2 clusters, found %d", len(from))
	}
	var all []int
	for _, x := range from {
		all = append(all, x.Incidents...)
	}
	c.change("merge", from, []Cluster{c.cluster(all)}, rest, by, reason, when)
	return nil
}

// Split takes incidents out of a cluster into one of their own.
func (c *Clusters) Split(id string, incidents []int, by, reason string, when time.Time) error {
	from, rest, err := c.take([]string{id}, by, reason)
	if err != nil {
		return err
	}
	var out, left []int
	for _, i := range from[0].Incidents {
		if slices.Contains(incidents, i) {
			out = append(out, i)
		} else {
			left = append(left, i)
		}
	}
	if len(out) == 0 || len(left) == 0 {
		return fmt.Errorf("split of %s: want some of its %d incidents and not all, found %d", id, len(from[0].Incidents), len(out))
	}
	c.change("split", from, []Cluster{c.cluster(left), c.cluster(out)}, rest, by, reason, when)
	return nil
}

// take finds clusters by their IDs, and gives the others.
func (c *Clusters) take(ids []string, by, reason string) (taken, rest []Cluster, err error) {
	if by == "" || reason == "" {
		return nil, nil, fmt.Errorf("clusters: want a name and a reason for a change, found %q and %q", by, reason)
	}
	for _, x := range c.Current {
		if slices.Contains(ids, x.ID) {
			taken = append(taken, x)
		} else {
			rest = append(rest, x)
		}
	}
	if len(taken) != len(once(ids)) {
		var have []string
		for _, x := range c.Current {
			have = append(have, x.ID)
		}
		return nil, nil, fmt.Errorf("clusters: want %s, found %s", strings.Join(ids, ", "), strings.Join(have, ", "))
	}
	return taken, rest, nil
}

func (c *Clusters) change(kind string, from, to, rest []Cluster, by, reason string, when time.Time) {
	c.Current = append(rest, to...)
	slices.SortFunc(c.Current, func(a, b Cluster) int { return cmp.Compare(a.Incidents[0], b.Incidents[0]) })
	c.History = append(c.History, Change{Kind: kind, From: from, To: to, By: by, Reason: reason, When: when})
}

// sentence says what was changed, without who and why.
func (c *Change) sentence() string {
	ids := func(list []Cluster) string {
		names := make([]string, len(list))
		for i, x := range list {
			names[i] = x.ID
		}
		return strings.Join(names, ", ")
	}
	if c.Kind == "merge" {
		return ids(c.From) + " merged into " + ids(c.To)
	}
	return ids(c.From) + " split into " + ids(c.To)
}

// String says what was changed, by whom and why.
func (c *Change) String() string {
	when := ""
	if !c.When.IsZero() {
		when = " on " + c.When.UTC().Format(time.DateOnly)
	}
	return fmt.Sprintf("%s by %s%s: %s", c.sentence(), c.By, when, c.Reason)
}
