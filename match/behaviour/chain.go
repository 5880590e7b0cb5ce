package behaviour

import (
	"path"
	"slices"
	"strings"
)

// takes tells whether a rule's matches are this stage: by the rule's id, or a glob over a tag.
func (s *Stage) takes(id string, tags []string) bool {
	return slices.ContainsFunc(s.Any, func(want string) bool {
		if strings.EqualFold(want, id) {
			return true
		}
		return slices.ContainsFunc(tags, func(tag string) bool {
			ok, err := path.Match(strings.ToLower(want), strings.ToLower(tag))
			return ok && err == nil
		})
	})
}

// maxStages bounds a chain: what may stand in which order is counted in sets of stages.
const maxStages = 8

// A stageSet is a set of the stages of a chain: bit 0 is the first.
type stageSet uint8

// stagesOf are the stages of a chain that a rule's matches are.
func (c *Chain) stagesOf(id string, tags []string) stageSet {
	var set stageSet
	for i := range c.Stages {
		if c.Stages[i].takes(id, tags) {
			set |= 1 << i
		}
	}
	return set
}

// Wants tells whether matches of a rule matter to sequences over several rules: of others no note
// need be taken.
func (s *Set) Wants(id string, tags []string) bool {
	return len(s.remediated) > 0 || s.inChain(id, tags) || s.tactics && tacticsOf(tags) != 0
}

// inChain tells whether a rule is a stage of a configured chain.
func (s *Set) inChain(id string, tags []string) bool {
	return slices.ContainsFunc(s.chains, func(c Chain) bool { return c.stagesOf(id, tags) != 0 })
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
	mediumSeverity = 2 // see levels
	highSeverity   = 3
)
