package behaviour

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
	"time"
)

// reinfectionWatch looks at hosts that were cleaned: whatever is found there in the two weeks after
// weighs one level more.
//
// Some intruders are back within hours or days where others take months, by a second web shell that
// was not found or with passwords that were not changed. A finding that would be one of many
// elsewhere says on such a host that the eviction failed.
//
// Source: packs/phantom-taurus E20 and M14.
func reinfectionWatch() Analytic {
	return Analytic{
		Rule: Rule{
			ID:    "reinfection-watch",
			Title: "Findings on a Host That Was Cleaned",
			Level: "high",
			Description: "On a host that is marked as cleaned, rules or behaviours found something again in the days after. It weighs one level more than the " +
				"gravest of these findings.",
			Why: "Intruders who were evicted come back by what was overlooked: a second web shell, an account, a password that was not changed. Some are " +
				"back within hours.",
			Benign: "What was found may be traces of the cleaning itself, or logs and files of the old incident that were restored: look at the times in the " +
				"records, and who was at work.",
			Next: []string{
				"Compare pages, addresses, accounts and hashes with those of the earlier case.",
				"Rebuild the host instead of cleaning it again, and change what was on it: machine keys, passwords of services, certificates.",
				"Look at the hosts that were in the same case.",
			},
			Tags: []string{"attack.persistence", "attack.t1505.003", "attack.t1078"},
		},
		Late:   true,
		Params: []Param{{"days", 14, "days", "time after the cleaning in which findings count"}},
		New: func(s Settings) (func() State, error) {
			if len(s.Remediated) == 0 {
				return nil, nil
			}
			watch := s.Days("days")
			for _, r := range s.Remediated {
				if _, err := path.Match(strings.ToLower(r.Host), ""); err != nil || r.At.IsZero() {
					return nil, fmt.Errorf("remediated host %q: want a name or glob and a time", r.Host)
				}
			}
			return func() State { return &watchState{watch: watch, hosts: s.Remediated} }, nil
		},
	}
}

// watchState sees matches only, at the end.
type watchState struct {
	watch time.Duration
	hosts []Remediated
}

// See has nothing to see: the analytic has no views.
func (s *watchState) See(*Record) {}

// Join has nothing to add.
func (s *watchState) Join(State) {}

// Finish emits an episode for each cleaned host with findings afterwards.
func (s *watchState) Finish(f *Finishing) {
	hits := f.Hits()
	for _, cleaned := range s.hosts {
		byHost := map[string]*watched{}
		for _, h := range hits {
			if severity(h.Level) < mediumSeverity || h.Time.IsZero() || !cleaned.covers(h.Host) {
				continue
			}
			name := ShortHost(h.Host)
			if byHost[name] == nil {
				byHost[name] = &watched{before: map[string]bool{}, after: map[string]int{}}
			}
			byHost[name].add(h, h.Time.Sub(cleaned.At), s.watch)
		}
		for _, name := range slices.Sorted(maps.Keys(byHost)) {
			if w := byHost[name]; len(w.hits) > 0 {
				f.Emit(s.episode(cleaned, name, w))
			}
		}
	}
}

// covers tells whether a host is meant, by its full or its short name.
func (r *Remediated) covers(host string) bool {
	if host == "" {
		return false
	}
	glob := strings.ToLower(r.Host)
	for _, name := range [...]string{strings.ToLower(host), ShortHost(host)} {
		if ok, err := path.Match(glob, name); ok && err == nil {
			return true
		}
	}
	return false
}

// watched is what was found on a cleaned host.
type watched struct {
	before map[string]bool // rules that matched before the cleaning
	after  map[string]int  // and after
	hits   []*Hit          // after
}

func (w *watched) add(h *Hit, after, watch time.Duration) {
	switch {
	case after <= 0:
		w.before[h.Rule] = true
	case after <= watch:
		w.after[h.Rule]++
		w.hits = append(w.hits, h)
	}
}

func (s *watchState) episode(cleaned Remediated, host string, w *watched) Episode {
	top, again := w.hits[0], 0
	e := Episode{}
	for _, h := range w.hits {
		if severity(h.Level) > severity(top.Level) {
			top = h
		}
		at := h.Ref
		at.What = Short(strings.TrimSuffix(h.Title+": "+h.What, ": "), maxWhat)
		e.Refs = append(e.Refs, at)
	}
	for rule := range w.after {
		if w.before[rule] {
			again++
		}
	}
	e.Level = levelAbove(top.Level)
	first := w.hits[0].Time.Sub(cleaned.At)
	e.Summary = fmt.Sprintf("%d rules found something on %s again, the first of them %s after it was cleaned, the gravest: %s", len(w.after), host, duration(first), top.Title)
	e.Group = []NamedValue{{"host", host}, {"cleaned", cleaned.At.UTC().Format(time.RFC3339)}}
	if cleaned.Case != "" {
		e.Group = append(e.Group, NamedValue{"case", cleaned.Case})
	}
	e.Facts = []NamedValue{
		{"rules that found something after", fmt.Sprint(len(w.after))},
		{"of these, found something before too", fmt.Sprint(again)},
		{"time watched after the cleaning", duration(s.watch)},
		{"level of the gravest", top.Level + " (raised by one)"},
	}
	if len(w.before) > 0 && again == len(w.after) {
		e.Caveats = append(e.Caveats, "the same rules found something before: either the intruder came back the same way, or it was never his")
	}
	return e
}
