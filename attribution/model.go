package attribution

import (
	"cmp"
	"math"
	"slices"
	"strings"
)

// What is fixed in the model. The values were chosen on the pairs 8.2 to 14.1 of ATT&CK as a whole, near
// the middle of a plateau: docs/decisions/0041-attribution.md has what others give.
const (
	lambdaTechniques = 0.2  // share of the background in the language model of techniques
	lambdaSoftware   = 0.5  // the same for software: half of what an actor uses next is not his yet
	reach            = 0.2  // how likely a technique of the profile is in an incident of the actor
	family           = 0.05 // how much of a technique's probability its parent and siblings have
	smallProfile     = 10   // uses added to the size of each profile: a short one is an unfinished one
	smallKit         = 2.5  // the same for software
	usualIncident    = 10   // techniques beyond that number repeat each other, see damp
	repeat           = 1.0  // how much more a use weighs for each doubling of the reports that tell it
	vocabulary       = 700  // techniques, or programs, that could be: half a use each for the unseen
)

// A Model is profiles made ready for ranking. It is immutable and safe for concurrent use.
type Model struct {
	profiles   []Profile
	parameters Parameters
	techniques table
	software   table
	names      map[string]string // of software that ATT&CK does not know
}

// New makes a model of profiles, in any order; those with the same ID as another are left out.
func New(profiles []Profile, p Parameters) *Model {
	m := &Model{parameters: p, profiles: slices.Clone(profiles)}
	slices.SortStableFunc(m.profiles, func(a, b Profile) int { return strings.Compare(a.ID, b.ID) })
	m.profiles = slices.CompactFunc(m.profiles, func(a, b Profile) bool { return a.ID == b.ID })
	m.names = map[string]string{}
	for i := range m.profiles {
		for _, u := range m.profiles[i].Uses {
			if u.Name != "" {
				m.names[u.Target] = u.Name
			}
		}
	}
	w := Prior().Candidate
	m.techniques = newTable(m.profiles, IsTechnique, table{lambda: lambdaTechniques, weights: [2]float64{w[featureTechniques], w[featureOverlap]}}, smallProfile)
	m.software = newTable(m.profiles, isSoftware, table{lambda: lambdaSoftware, weights: [2]float64{w[featureSoftware], 0}}, smallKit)
	return m
}

// Profiles are those of the model, sorted by ID.
func (m *Model) Profiles() []Profile { return m.profiles }

// a table holds, for each technique (or program) and each profile, how much more likely it is there
// than in an incident of anybody.
type table struct {
	lambda float64
	rows   map[string]*row
	// tokens are the keys of rows, sorted; often is how many uses, in all profiles, come up to and
	// with each: for drawing one as often as it is used.
	tokens []string
	often  []float64
	sizes  []float64 // of profiles, in weighted uses; all is their sum
	all    float64
	// families are the weights of a technique with its sub-techniques, by profile.
	families map[string][]float64
	small    float64 // see smallProfile
	// weights are those of Prior for log and hit; nobody is what a token that no profile has adds.
	weights [2]float64
	nobody  float64
}

// a row is one technique or program.
type row struct {
	users int // profiles that have it
	// log is the language model: the logarithm of its probability with the profile over that in
	// general. hit is the same for the question whether the profile has it at all.
	log, hit []float64
	has      []float64 // weight in each profile, 0 for none
	prior    []float64 // what it adds to each score with the weights of Prior
}

// newTable weighs the uses of one kind: with a unigram language model mixed with the background
// (Jelinek-Mercer; Zhai and Lafferty 2004), in which sub-techniques lend some of their weight to
// their parent and siblings, and with the odds of having a technique at all.
func newTable(profiles []Profile, kind func(string) bool, t table, small float64) table {
	t.rows, t.sizes = map[string]*row{}, make([]float64, len(profiles))
	families := map[string][]float64{}
	for g := range profiles {
		for _, u := range profiles[g].Uses {
			if !kind(u.Target) {
				continue
			}
			r := t.rows[u.Target]
			if r == nil {
				r = &row{has: make([]float64, len(profiles))}
				t.rows[u.Target] = r
				t.tokens = append(t.tokens, u.Target)
			}
			if r.has[g] > 0 {
				continue
			}
			w := u.weight()
			r.has[g] = w
			r.users++
			t.sizes[g] += w
			f := families[familyOf(u.Target)]
			if f == nil {
				f = make([]float64, len(profiles))
				families[familyOf(u.Target)] = f
			}
			f[g] += w
		}
	}
	slices.Sort(t.tokens)
	t.families, t.small, t.all = families, small, sum(t.sizes)
	log, hit := t.absent()
	t.nobody = t.weights[0]*log + t.weights[1]*hit
	drawn := 0.0
	for _, token := range t.tokens {
		t.weigh(token, t.rows[token])
		drawn += float64(t.rows[token].users)
		t.often = append(t.often, drawn)
	}
	return t
}

// weigh fills in a row.
func (t *table) weigh(token string, r *row) {
	count := sum(r.has)
	background := (count + .5) / (t.all + .5*vocabulary)
	share := (float64(r.users) + .5) / (float64(len(t.sizes)) + 1)
	kin := t.families[familyOf(token)]
	lent := family * (count + .5) / (sum(kin) + .5)
	r.log, r.hit, r.prior = make([]float64, len(t.sizes)), make([]float64, len(t.sizes)), make([]float64, len(t.sizes))
	for g, size := range t.sizes {
		own := ((1-family)*r.has[g] + lent*kin[g]) / (size + t.small)
		r.log[g] = math.Log((1-t.lambda)*own/background + t.lambda)
		r.hit[g] = math.Log(1 - reach)
		if r.has[g] > 0 {
			r.hit[g] = math.Log((reach + (1-reach)*share) / share)
		}
		r.prior[g] = t.weights[0]*r.log[g] + t.weights[1]*r.hit[g]
	}
}

// row gives a token's row. One that no profile has gets a row for what its relatives lend it, and is
// false if it has none.
func (t *table) row(token string) (*row, bool) {
	if r, ok := t.rows[token]; ok {
		return r, true
	}
	if t.families[familyOf(token)] == nil {
		return nil, false
	}
	r := &row{has: make([]float64, len(t.sizes))}
	t.weigh(token, r)
	return r, true
}

// absent is what a technique or program counts that no profile has: the same for all candidates.
func (t *table) absent() (log, hit float64) { return math.Log(t.lambda), math.Log(1 - reach) }

// weight is how much a use counts: more if several reports tell it.
func (u *Use) weight() float64 {
	if u.Reports > 1 {
		return 1 + repeat*math.Log2(float64(u.Reports))
	}
	return 1
}

// familyOf gives the technique that a sub-technique or technique belongs to.
func familyOf(id string) string { return cmp.Or(parentOf(id), id) }

func sum(list []float64) float64 {
	s := 0.0
	for _, x := range list {
		s += x
	}
	return s
}

// damp is how much each of n techniques counts: those of one report depend on each other, so that
// forty say about twice of what ten say, not four times.
func damp(n float64) float64 {
	if n <= 0 {
		return 1
	}
	return math.Sqrt(usualIncident / math.Max(n, usualIncident))
}
