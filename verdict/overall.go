package verdict

import (
	"fmt"
	"slices"
	"strings"

	"golang.org/x/text/language"
	"golang.org/x/text/language/display"

	"aldebaran/english"
	"aldebaran/finding"
	"aldebaran/match/behaviour"
	"aldebaran/plan"
	"aldebaran/story"
)

// besides lists the critical findings that prove nothing that was asked.
func (r *Report) besides(all []finding.Finding) {
	asked, hosts := map[int]bool{}, map[string]bool{}
	for i := range r.Verdicts {
		for _, p := range r.Verdicts[i].Seen {
			asked[p.Finding] = true
		}
	}
	for i := range all {
		if f := &all[i]; f.Rule.Level == "critical" && !asked[i] {
			r.Besides = append(r.Besides, i)
			for _, h := range f.Hosts {
				if short := behaviour.ShortHost(h); !hosts[short] {
					hosts[short] = true
					r.BesidesHosts = append(r.BesidesHosts, h)
				}
			}
		}
	}
	slices.Sort(r.BesidesHosts)
}

// overall is the answer to the story as a whole. One strong sighting, or moderate ones by two different rules, make it
// seen; fewer are signs that honest work leaves, too. A no needs that most of what weighs could
// have been seen. What was found besides is told with every answer.
func (r *Report) overall() {
	strong, signs := 0, 0
	// One finding may answer several hypotheses: it is one sign all the same.
	rules := map[string]bool{}
	var visible, all float64
	for _, v := range r.Verdicts {
		weight := float64(severity(v.Hypothesis.Severity) + 1)
		switch v.Value {
		case Seen:
			visible, all = visible+weight, all+weight
			switch v.Strength {
			case "strong":
				strong++
			case "moderate":
				// Further proofs count if they are severe: a rule for what administrators do, too, adds nothing.
				for i, p := range v.Seen {
					if i == 0 || severity(p.Level) >= severity("high") {
						rules[p.Rule] = true
					}
				}
			default:
				signs++
			}
		case NotSeen:
			visible, all = visible+weight, all+weight
		case CouldNotSee:
			all += weight
		}
	}
	moderate := len(rules)
	judged := r.Seen + r.NotSeen + r.CouldNotSee
	could := fmt.Sprintf("%d could have been seen in this evidence", r.Seen+r.NotSeen)
	switch {
	case judged == 0:
		r.Value = NotJudged
		r.Overall = "Nothing in the story says anything that logs could answer."
	case strong > 0 || moderate > 1:
		r.Value = Seen
		r.Overall = fmt.Sprintf("Seen: %d of %d things that the story and its pack describe are in this evidence, %d of them strongly; %d could not be seen.",
			r.Seen, judged, strong, r.CouldNotSee)
	case all > 0 && visible/all >= 0.5:
		r.Value = NotSeen
		r.Overall = fmt.Sprintf("Not seen: of %d things that the story and its pack describe, %s, and none is there with any weight.", judged, could)
		r.signs(moderate + signs)
	default:
		r.Value = CouldNotSee
		could = "only " + could
		if r.Seen+r.NotSeen == 0 {
			could = "none could have been seen in this evidence"
		}
		r.Overall = fmt.Sprintf("Cannot be told: of %d things that the story and its pack describe, %s. What is missing is listed with each.", judged, could)
		r.signs(moderate + signs)
	}
	if n := len(r.Besides); n > 0 {
		r.Overall += fmt.Sprintf(" Besides, %s that nothing of it accounts for", english.CountOf(n, "critical finding is there", "critical findings are there"))
		if len(r.BesidesHosts) > 0 {
			r.Overall += ", on " + english.List(r.BesidesHosts, 3)
		}
		if r.Value == Seen {
			r.Overall += ": look at them, too."
		} else {
			r.Overall += ": look at them first."
		}
	}
}

// signs adds that there are sightings which by themselves bear nothing.
func (r *Report) signs(n int) {
	switch {
	case n == 1:
		r.Overall += " There is one sign of a kind that honest work leaves, too."
	case n > 1:
		r.Overall += fmt.Sprintf(" There are %d signs of a kind that honest work leaves, too.", n)
	}
}

// relevance holds what the user says of himself against whom the story and the packs name as victims.
func relevance(p *plan.Plan, who Setting) Relevance {
	if who.Sector == "" && who.Region == "" && who.Country == "" {
		return Relevance{Level: "unknown", Because: "say --sector and --region to learn how far the story concerns you"}
	}
	r := Relevance{Asked: true}
	world := newAtlas()
	sectors, places := map[string]bool{}, map[string]bool{}
	// Where a story says of places that victims are there, the others are those of who reports, of summits, of firms.
	victims := p.Story != nil && slices.ContainsFunc(p.Story.Claims, func(c story.Claim) bool {
		return (c.Kind == story.Region || c.Kind == story.Country) && c.Role == "victim" && !c.Negated
	})
	note := func(c *story.Claim) {
		switch c.Kind {
		case story.Sector:
			if !c.Negated && sector(c.Name) == sector(who.Sector) && who.Sector != "" {
				sectors[c.Name] = true
				r.Claims = append(r.Claims, c.ID)
			}
		case story.Region, story.Country:
			if !c.Negated && c.Role != "origin" && (c.Role == "victim" || !victims) && world.concerns(c.Name, who) {
				places[c.Name] = true
				r.Claims = append(r.Claims, c.ID)
			}
		}
	}
	if p.Story != nil {
		for i := range p.Story.Claims {
			note(&p.Story.Claims[i])
		}
	}
	for _, pack := range p.Packs { // they name what the story itself leaves out
		if pack.Actor == nil {
			continue
		}
		for _, c := range pack.Actor.Sectors {
			if !c.Unverified && who.Sector != "" && sector(c.Value) == sector(who.Sector) {
				sectors[c.Value] = true
			}
		}
		for _, c := range slices.Concat(pack.Actor.Regions, pack.Actor.Countries) {
			if !c.Unverified && world.concerns(c.Value, who) {
				places[c.Value] = true
			}
		}
	}
	r.Level = "low"
	unknown := who.unknown(world)
	switch {
	case len(sectors) > 0 && len(places) > 0:
		r.Level = "high"
		r.Because = "victims of your sector and of your region are named"
	case len(sectors) > 0:
		r.Level = "medium"
		r.Because = "victims of your sector are named"
		if unknown != "" {
			r.Because += "; " + unknown
		} else if who.Region != "" || who.Country != "" {
			r.Because += ", elsewhere"
		}
	case len(places) > 0:
		r.Level = "medium"
		r.Because = "victims in your region are named"
		if unknown != "" {
			r.Because += "; " + unknown
		} else if who.Sector != "" {
			r.Because += ", of other sectors"
		}
	case unknown != "":
		r.Level = "unknown"
		r.Because = unknown
	default:
		r.Because = "neither your sector nor your region is named"
	}
	return r
}

// unknown says which word of the user's is none that is known, be it misspelt or new: that nobody
// names it then says little. "" if all are.
func (s Setting) unknown(world atlas) string {
	if _, known := knownSector(s.Sector); s.Sector != "" && !known {
		names := make([]string, len(sectors))
		for i, words := range sectors {
			names[i] = words[0]
		}
		return fmt.Sprintf("%q is no sector that is known, and nobody uses the word; known are %s", s.Sector, strings.Join(names, ", "))
	}
	for _, place := range []string{s.Region, s.Country} {
		if _, known := world.region(place); place != "" && !known {
			return fmt.Sprintf("%q is no region or country that is known, and nobody uses the word", place)
		}
	}
	return ""
}

// sectors are words for the same sector; the first is its name.
var sectors = [...][]string{
	{"government", "ministry", "ministries", "foreign affairs", "embassy", "embassies", "diplomacy", "diplomatic", "public sector", "public administration", "governmental"},
	{"telecommunications", "telecom", "telecoms", "telco", "isp", "mobile operator"},
	{"military", "defence", "defense", "armed forces"},
	{"finance", "financial services", "bank", "banking"},
	{"energy", "oil and gas", "oil & gas", "utilities", "electricity"},
	{"health", "healthcare", "hospital", "hospitals", "pharmaceutical"},
	{"education", "academia", "university", "universities", "research"},
	{"technology", "it", "information technology", "software"},
	{"transport", "transportation", "aviation", "maritime", "logistics"},
	{"manufacturing", "industrial"}, {"media", "journalism", "press"}, {"non-profit", "ngo", "ngos", "non-governmental organisation", "think tank"},
	{"retail", "e-commerce"}, {"real estate"}, {"legal", "law"},
	{"mining"}, {"agriculture", "food"}, {"construction"}, {"hospitality", "tourism", "hotels"}, {"gambling", "gaming"},
}

// sector gives one name to what is called differently.
func sector(name string) string {
	known, _ := knownSector(name)
	return known
}

// knownSector gives the name of a sector, and whether it is one of the list.
func knownSector(name string) (string, bool) {
	l := strings.ToLower(strings.TrimSpace(name))
	for _, s := range sectors {
		if slices.Contains(s, l) {
			return s[0], true
		}
	}
	for _, s := range sectors {
		for _, word := range s {
			if len(word) > 3 && strings.Contains(l, word) {
				return s[0], true
			}
		}
	}
	return l, false
}

// regions are names for the groups of the UN's M49 list.
var regions = map[string]string{
	"africa": "002", "north africa": "015", "northern africa": "015", "sub-saharan africa": "202", "west africa": "011", "east africa": "014", "southern africa": "018", "central africa": "017",
	"asia": "142", "central asia": "143", "east asia": "030", "southeast asia": "035", "south-east asia": "035", "south asia": "034", "southern asia": "034", "western asia": "145", "middle east": "145",
	"europe": "150", "eastern europe": "151", "western europe": "155", "northern europe": "154", "southern europe": "039",
	"americas": "019", "north america": "021", "latin america": "419", "south america": "005", "central america": "013", "caribbean": "029",
	"oceania": "009",
}

// middleEast are countries that belong to it by usage though the UN counts them to Africa or Southern Asia.
var middleEast = [...]string{"EG", "IR"}

// An atlas finds regions and countries by their names in English.
type atlas map[string]language.Region

func newAtlas() atlas {
	a := atlas{}
	names := display.English.Regions()
	for first := 'A'; first <= 'Z'; first++ {
		for second := 'A'; second <= 'Z'; second++ {
			r, err := language.ParseRegion(string([]rune{first, second}))
			if err == nil && r.IsCountry() {
				a[strings.ToLower(names.Name(r))] = r
			}
		}
	}
	for name, code := range regions {
		if r, err := language.ParseRegion(code); err == nil {
			a[name] = r
		}
	}
	return a
}

// region finds a region or a country by its name or its code.
func (a atlas) region(name string) (language.Region, bool) {
	lower := strings.ToLower(strings.TrimSpace(name))
	if r, ok := a[lower]; ok || len(lower) > len("usa") {
		return r, ok
	}
	r, err := language.ParseRegion(strings.ToUpper(lower))
	return r, err == nil
}

// concerns tells whether a place is the user's, contains it, or lies in the region that the user named.
func (a atlas) concerns(place string, who Setting) bool {
	for _, own := range []string{who.Country, who.Region} {
		if own == "" {
			continue
		}
		if strings.EqualFold(place, own) || a.within(own, place) || a.within(place, own) {
			return true
		}
	}
	return false
}

// within tells whether a country or region lies in another region.
func (a atlas) within(inner, outer string) bool {
	o, ok := a.region(outer)
	if !ok {
		return false
	}
	i, ok := a.region(inner)
	if !ok {
		return false
	}
	if strings.EqualFold(outer, "middle east") && slices.Contains(middleEast[:], i.String()) {
		return true
	}
	return o == i || o.Contains(i)
}
