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

// Wants tells whether matches of a rule matter to sequences over several rules: of others no note
// need be taken.
func (s *Set) Wants(id string, tags []string) bool {
	for i := range s.chains {
		for j := range s.chains[i].Stages {
			if s.chains[i].Stages[j].takes(id, tags) {
				return true
			}
		}
	}
	return len(s.remediated) > 0
}
