package main

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"aldebaran/finding"
	"aldebaran/hunt"
	"aldebaran/intel"
	"aldebaran/match/behaviour"
	"aldebaran/match/sigma"
	"aldebaran/packs"
)

// A hunter hunts as the program does without flags.
type hunter struct {
	options hunt.Options
	// detections are those of all packs, in their order.
	detections []intel.Detection
	// states are the detections that a rule or a behaviour states, by its id.
	states map[string][]string
}

func newHunter(temp string) (*hunter, error) {
	all, err := packs.All()
	if err != nil {
		return nil, err
	}
	h := &hunter{states: map[string][]string{}}
	var settings behaviour.Config
	for _, p := range all {
		more, err := behaviour.ParseConfig(p.Behaviours, p.Name)
		if err != nil {
			return nil, err
		}
		settings = settings.Join(more)
		h.options.Indicators = append(h.options.Indicators, p.Indicators...)
		h.detections = append(h.detections, p.Detections...)
		for _, d := range p.Detections {
			for _, id := range slices.Concat(d.Rules, d.Behaviours) {
				h.states[id] = append(h.states[id], d.ID)
			}
		}
	}
	h.options.DefaultRules, h.options.Behaviours = packs.Rules(), &settings
	h.options.Load, h.options.TempDir = sigma.LoadOptions{CacheDir: temp}, temp
	return h, nil
}

// A raised is what one rule raised in some evidence.
type raised struct {
	id, title, level string
	// detections are those that the rule states; none for a rule that only packs without detections have.
	detections []string
	// hosts and findings are their numbers, hits that of the events.
	hosts, findings, hits int
	// says is the sentence of a behaviour, "" for other rules.
	says string
}

// A hunted is what came of one hunt, the gravest first.
type hunted struct {
	events int
	raised []raised
}

// hunt hunts in files and folders, together.
func (h *hunter) hunt(ctx context.Context, paths ...string) (hunted, error) {
	opt := h.options
	opt.Evidence = paths
	result, err := hunt.Run(ctx, opt)
	if err != nil {
		return hunted{}, fmt.Errorf("hunting in %s: %w", paths[0], err)
	}
	if result.Summary.Partial {
		return hunted{}, context.Cause(ctx)
	}
	type key struct{ id, level string } // a behaviour has its level from what it saw
	byRule := map[key]*raised{}
	hosts := map[key]map[string]bool{}
	for i := range result.Findings {
		f := &result.Findings[i]
		k := key{cmp.Or(f.Rule.ID, f.Rule.Title), f.Rule.Level}
		r := byRule[k]
		if r == nil {
			r = &raised{id: k.id, title: f.Rule.Title, level: f.Rule.Level, detections: h.states[f.Rule.ID]}
			byRule[k], hosts[k] = r, map[string]bool{}
		}
		r.findings++
		r.hits += f.Count
		if f.Correlation != nil && r.says == "" {
			r.says = f.Correlation.Summary
		}
		for _, name := range hostsOf(f) {
			hosts[k][name] = true
		}
		r.hosts = len(hosts[k])
	}
	out := hunted{events: result.Summary.Events}
	for _, r := range byRule {
		out.raised = append(out.raised, *r)
	}
	slices.SortFunc(out.raised, func(a, b raised) int {
		return cmp.Or(rank(b.level)-rank(a.level), cmp.Compare(a.title, b.title), cmp.Compare(a.id, b.id))
	})
	return out, nil
}

func hostsOf(f *finding.Finding) []string {
	if f.Host != "" || len(f.Hosts) == 0 {
		return []string{f.Host}
	}
	return f.Hosts
}

func rank(level string) int { return slices.Index(sigma.Levels[:], level) }

// A cell is what one detection came to in one recording.
type cell struct {
	level string // the gravest
	hits  int
}

// cells are the detections that a hunt raised, by their ids.
func (h hunted) cells() map[string]cell {
	cells := map[string]cell{}
	for _, r := range h.raised {
		for _, id := range r.detections {
			c := cells[id]
			c.hits += r.hits
			if c.level == "" || rank(r.level) > rank(c.level) {
				c.level = r.level
			}
			cells[id] = c
		}
	}
	return cells
}

// logsRemoved is the detection of cleared logs. Laboratories clear theirs before they record: alone it does not
// show what a recording is about.
const logsRemoved = "H15"

// isShown tells whether something of level medium or above was found besides cleared logs.
func (h hunted) isShown() bool {
	return slices.ContainsFunc(h.raised, func(r raised) bool {
		return rank(r.level) >= rank("medium") && !slices.Equal(r.detections, []string{logsRemoved})
	})
}

// text writes what was raised: "D03 high 4, H08 low 1", and rules of level medium or above that state no
// detection by their titles.
func (h hunted) text() string {
	var parts []string
	cells := h.cells()
	for _, id := range slices.Sorted(maps.Keys(cells)) {
		parts = append(parts, fmt.Sprintf("%s %s %d", id, cells[id].level, cells[id].hits))
	}
	for _, r := range h.raised {
		if len(r.detections) == 0 && rank(r.level) >= rank("medium") {
			parts = append(parts, fmt.Sprintf("%s %s %d", escapeCell(r.title), r.level, r.hits))
		}
	}
	return strings.Join(parts, ", ")
}
