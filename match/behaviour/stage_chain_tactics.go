package behaviour

import (
	"fmt"
	"maps"
	"math/bits"
	"slices"
	"strings"
	"time"
)

// The chain over tactics of ATT&CK needs no description: rules of several tactics, as many rules as
// tactics, on one host within a day, at least one of them of level high. A rule that has several
// tactics, as rules about tasks and services have, counts for one of them only.

// A tacticSet is a set of tactics: bit i is the i-th of tacticNames.
type tacticSet uint16

const tacticCount = 10

// tacticNames are the tactics that count, in the order of an intrusion. Those about hiding are left
// out: nearly every rule has one of them beside its own.
var tacticNames = [tacticCount]string{
	"initial-access", "persistence", "privilege-escalation", "execution", "credential-access", "discovery", "lateral-movement", "collection",
	"command-and-control", "exfiltration",
}

// tacticsOf are the tactics among a rule's tags.
func tacticsOf(tags []string) (set tacticSet) {
	for _, tag := range tags {
		rest, ok := strings.CutPrefix(tag, "attack.")
		if !ok {
			continue
		}
		for i, name := range tacticNames {
			if len(rest) == len(name) && strings.ReplaceAll(rest, "_", "-") == name {
				set |= 1 << i
			}
		}
	}
	return set
}

// tacticRule is the best match of a rule in the time that is looked at.
type tacticRule struct {
	hit      *namedHit
	tactics  tacticSet
	severity int
}

// tacticChains emits for each host the day with the most tactics, if there are enough.
func (s *chainState) tacticChains(f *Finishing, hits []namedHit) {
	byHost := map[string][]tacticRule{}
	sets := map[string]tacticSet{} // by rule
	for i := range hits {
		h := &hits[i]
		set, known := sets[h.Rule]
		if !known {
			set = tacticsOf(h.Tags)
			sets[h.Rule] = set
		}
		if level := severity(h.Level); set != 0 && level >= mediumSeverity {
			byHost[h.host] = append(byHost[h.host], tacticRule{h, set, level})
		}
	}
	for _, host := range slices.Sorted(maps.Keys(byHost)) {
		if best := s.bestDay(byHost[host]); len(best) >= s.tactics {
			f.Emit(s.tacticEpisode(host, best))
		}
	}
}

// bestDay gives, of all windows that begin with a match in a new hour, the tactics with their rules
// of the one that has most. Matches are in order of time.
func (s *chainState) bestDay(all []tacticRule) (best []tacticStage) {
	hour := int64(-1)
	end := 0
	for i := range all {
		t := all[i].hit.Time
		if t.Unix()/3600 == hour {
			continue
		}
		hour = t.Unix() / 3600
		for end < len(all) && all[end].hit.Time.Sub(t) <= s.window {
			end++
		}
		if !mayReach(all[i:end], max(s.tactics, len(best))) {
			continue
		}
		if day := tacticsAmong(all[i:end]); weightOfStages(day) > weightOfStages(best) && len(day) >= len(best) || len(day) > len(best) {
			best = day
		}
	}
	return best
}

// mayReach tells whether matches have so many tactics at all, and one of level high: most days have not.
func mayReach(all []tacticRule, tactics int) bool {
	var set tacticSet
	high := false
	for i := range all {
		set |= all[i].tactics
		high = high || all[i].severity >= highSeverity
	}
	return high && bits.OnesCount16(uint16(set)) >= tactics
}

// tacticStage is a tactic and the match that stands for it.
type tacticStage struct {
	tactic int
	hit    *namedHit
}

func weightOfStages(stages []tacticStage) (sum int) {
	for _, s := range stages {
		sum += weightOf(s.hit.Level)
	}
	return sum
}

// tacticsAmong gives each tactic a rule of its own, for as many tactics as possible; nothing if no
// match is of level high. In order of time.
func tacticsAmong(all []tacticRule) []tacticStage {
	rules, high := bestOfRules(all)
	if !high {
		return nil
	}
	// Rules of the highest level go first, so that they are taken where there is a choice.
	given := [tacticCount]int{} // the rule of each tactic, plus 1
	for rule := range rules {
		var tried tacticSet
		place(rules, &given, rule, &tried)
	}
	var stages []tacticStage
	for tactic, rule := range given {
		if rule > 0 {
			stages = append(stages, tacticStage{tactic, rules[rule-1].hit})
		}
	}
	slices.SortStableFunc(stages, func(a, b tacticStage) int { return compareRefs(a.hit.Ref, b.hit.Ref) })
	return stages
}

// place finds a tactic for a rule, moving others if need be (an augmenting path; Kuhn 1955).
func place(rules []tacticRule, given *[tacticCount]int, rule int, tried *tacticSet) bool {
	for set := rules[rule].tactics &^ *tried; set != 0; set = (set & (set - 1)) &^ *tried {
		tactic := bits.TrailingZeros16(uint16(set))
		*tried |= 1 << tactic
		if given[tactic] == 0 || place(rules, given, given[tactic]-1, tried) {
			given[tactic] = rule + 1
			return true
		}
	}
	return false
}

// maxRulesADay is how many rules of a day are given tactics: of those with the same tactics more
// than ten make no difference.
const maxRulesADay = 10

// bestOfRules gives each rule's match of the highest level, no two of one record, and tells whether
// any is of level high.
func bestOfRules(all []tacticRule) (rules []tacticRule, high bool) {
	sorted := slices.Clone(all)
	slices.SortStableFunc(sorted, func(a, b tacticRule) int { return b.severity - a.severity })
	seen := map[string]bool{}
	records := map[recordKey]bool{}
	same := map[tacticSet]int{}
	for _, r := range sorted {
		at := recordKey{r.hit.Source.Path, r.hit.Source.Offset, r.hit.RecordID}
		if seen[r.hit.Rule] || records[at] || same[r.tactics] >= maxRulesADay {
			continue
		}
		seen[r.hit.Rule], records[at] = true, true
		same[r.tactics]++
		high = high || r.severity >= highSeverity
		rules = append(rules, r)
	}
	return rules, high
}

// recordKey is where a record stands.
type recordKey struct {
	path   string
	offset int64
	record uint64
}

func (s *chainState) tacticEpisode(host string, stages []tacticStage) Episode {
	var names []string
	first, last := time.Time{}, time.Time{}
	high, score := 0, 0
	e := Episode{Level: "high", Group: []NamedValue{{"chain", "tactics"}, {"hosts", host}}}
	for _, st := range stages {
		name := tacticNames[st.tactic]
		names = append(names, name)
		if severity(st.hit.Level) >= highSeverity {
			high++
		}
		score += weightOf(st.hit.Level)
		if first.IsZero() {
			first = st.hit.Time
		}
		last = st.hit.Time
		e.Refs = append(e.Refs, stageRef(name, st.hit))
	}
	if len(stages) > s.tactics && high >= 3 {
		e.Level = "critical"
	}
	e.Summary = fmt.Sprintf("%d tactics of an intrusion on %s within %s, by as many rules: %s", len(stages), host, duration(last.Sub(first)), strings.Join(names, "; "))
	e.Facts = []NamedValue{
		{"tactics", fmt.Sprintf("%d (at least %d)", len(stages), s.tactics)},
		{"of level high or critical", fmt.Sprintf("%d (at least 1; 3 with more tactics are critical)", high)},
		{"score", fmt.Sprintf("%d of %d (a stage of level medium 15, high 30, critical 40)", min(score, maxScore-officeWeight), maxScore)},
		{"longest time", duration(s.window)},
	}
	e.Caveats = []string{"the rules are not about the same session: see whether account, program or address join them"}
	return e
}
