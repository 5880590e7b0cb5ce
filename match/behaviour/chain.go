package behaviour

import (
	"fmt"
	"path"
	"strings"
	"time"
)

// maxStages bounds a chain: what may stand in which order is counted in sets of stages.
const maxStages = 8

// A stageSet is a set of the stages of a chain: bit 0 is the first.
type stageSet uint8

// A preparedChain is a chain whose stages are found by what they take: there are thousands of rules,
// and hundreds of names.
type preparedChain struct {
	Chain
	within time.Duration
	// names are ids and whole tags, globs are patterns over tags; both in lower case.
	names map[string]stageSet
	globs []stageGlob
}

type stageGlob struct {
	pattern string
	stages  stageSet
}

// prepare compiles a chain.
func (c *Chain) prepare() (preparedChain, error) {
	p := preparedChain{Chain: *c, names: map[string]stageSet{}}
	var err error
	if p.within, err = time.ParseDuration(c.Within); err != nil {
		return p, fmt.Errorf("chain %q: within: %w", c.Name, err)
	}
	if len(c.Stages) > maxStages {
		return p, fmt.Errorf("chain %q: want at most %d stages, found %d", c.Name, maxStages, len(c.Stages))
	}
	for i, s := range c.Stages {
		for _, want := range s.Any {
			want = strings.ToLower(want)
			if !strings.ContainsAny(want, `*?[\`) {
				p.names[want] |= 1 << i
				continue
			}
			if _, err := path.Match(want, ""); err != nil {
				return p, fmt.Errorf("chain %q: %q: %w", c.Name, want, err)
			}
			p.globs = append(p.globs, stageGlob{want, 1 << i})
		}
	}
	return p, nil
}

// stagesOf are the stages that a rule's matches are: by its id, a tag, or a glob over a tag.
func (c *preparedChain) stagesOf(id string, tags []string) stageSet {
	set := c.names[strings.ToLower(id)]
	for _, tag := range tags {
		tag = strings.ToLower(tag)
		set |= c.names[tag]
		for _, g := range c.globs {
			if ok, err := path.Match(g.pattern, tag); ok && err == nil {
				set |= g.stages
			}
		}
	}
	return set
}

// Wants tells whether matches of a rule matter to sequences over several rules: of others no note
// need be taken.
func (s *Set) Wants(id string, tags []string) bool {
	return len(s.remediated) > 0 || s.tactics && tacticsOf(tags) != 0 || s.inChain(id, tags)
}

// inChain tells whether a rule is a stage of a configured chain.
func (s *Set) inChain(id string, tags []string) bool {
	for i := range s.chains {
		if s.chains[i].stagesOf(id, tags) != 0 {
			return true
		}
	}
	return false
}

// keeps tells whether a match is one that sequences are made of. The chain over tactics and the
// watch for cleaned hosts take no notice of what is below medium: there is much of it everywhere.
func (s *Set) keeps(h *Hit) bool {
	if severity(h.Level) >= mediumSeverity {
		return s.Wants(h.Rule, h.Tags)
	}
	return s.inChain(h.Rule, h.Tags)
}

const (
	mediumSeverity = 2 // see [sigma.Levels]
	highSeverity   = 3
)
