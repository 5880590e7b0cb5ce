package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"

	"aldebaran/attribution"
)

// maxSplit bounds a split file: those of ATT&CK have less than a megabyte.
const maxSplit = 64 << 20

// a pair is profiles as one version of ATT&CK knew them, and incidents that a later version was the
// first to tell.
type pair struct {
	from, to string
	profiles []attribution.Profile
	cases    []attribution.Case
	groups   []string // who was behind each case, also if the profiles do not have them
}

// a relation says that a group, or one of its campaigns, uses something, and which reports say so.
type relation struct {
	Group    string   `json:"group"`
	Kind     string   `json:"kind"` // "technique" or "software"
	Target   string   `json:"target"`
	Sources  []string `json:"sources"`
	Campaign *string  `json:"campaign"`
}

// splits are what the files hold.
type splits struct {
	pairs     []pair
	relations []relation
}

// readSplits reads files in any order; pairs come out in the order of their versions.
func readSplits(names []string) (*splits, error) {
	s := &splits{}
	for _, name := range names {
		if err := s.read(name); err != nil {
			return nil, err
		}
	}
	slices.SortStableFunc(s.pairs, func(a, b pair) int {
		if c := compareVersions(a.from, b.from); c != 0 {
			return c
		}
		return compareVersions(a.to, b.to)
	})
	return s, nil
}

// read reads one file: an object is a pair, lines of objects are relations.
func (s *splits) read(name string) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxSplit+1))
	if err != nil {
		return err
	}
	if len(data) > maxSplit {
		return fmt.Errorf("%s: want at most %d bytes, found more", name, maxSplit)
	}
	if p, err := readPair(data); err == nil {
		s.pairs = append(s.pairs, p)
		return nil
	} else if !errors.Is(err, errNoPair) {
		return fmt.Errorf("%s: %w", name, err)
	}
	relations, err := readRelations(data)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	s.relations = append(s.relations, relations...)
	return nil
}

// errNoPair says that a file is not one object with profiles and incidents.
var errNoPair = errors.New("want an object with profiles, profiles_from, incidents and incidents_from")

func readPair(data []byte) (pair, error) {
	var file struct {
		From     string `json:"profiles_from"`
		To       string `json:"incidents_from"`
		Profiles map[string]struct {
			Name       string   `json:"name"`
			Techniques []string `json:"techniques"`
			Software   []string `json:"software"`
		} `json:"profiles"`
		Incidents []struct {
			Group      string   `json:"group"`
			Kind       string   `json:"kind"`
			Techniques []string `json:"techniques"`
			Software   []string `json:"software"`
		} `json:"incidents"`
	}
	if json.Unmarshal(data, &file) != nil || file.Profiles == nil || file.From == "" || file.To == "" {
		return pair{}, errNoPair
	}
	p := pair{from: file.From, to: file.To}
	for id, f := range file.Profiles {
		profile := attribution.Profile{ID: id, Name: f.Name}
		for _, target := range slices.Concat(f.Techniques, f.Software) {
			profile.Uses = append(profile.Uses, attribution.Use{Target: target})
		}
		p.profiles = append(p.profiles, profile)
	}
	slices.SortFunc(p.profiles, func(a, b attribution.Profile) int { return strings.Compare(a.ID, b.ID) })
	for i, f := range file.Incidents {
		c := attribution.Case{Incident: incident(f.Techniques, f.Software)}
		switch _, there := file.Profiles[f.Group]; {
		case f.Kind == "known" && there:
			c.Actor = f.Group
		case f.Kind == "unknown":
		default:
			return pair{}, fmt.Errorf("incident %d of %s: want kind known with a profile, or unknown, found %q", i, f.Group, f.Kind)
		}
		p.cases, p.groups = append(p.cases, c), append(p.groups, f.Group)
	}
	return p, nil
}

// against gives the incidents of a pair, this one or a later one, as cases for the profiles of this one.
// Those of a group of which the profiles know something, but too little, are left out.
func (p *pair) against(later *pair) []attribution.Case {
	if p == later {
		return p.cases
	}
	known := map[string]int{}
	for i := range p.profiles {
		known[p.profiles[i].ID] = 0
		for _, u := range p.profiles[i].Uses {
			known[p.profiles[i].ID] += count(attribution.IsTechnique(u.Target))
		}
	}
	var cases []attribution.Case
	for i, group := range later.groups {
		c := attribution.Case{Incident: later.cases[i].Incident}
		if n, there := known[group]; there {
			if n < fewest {
				continue
			}
			c.Actor = group
		}
		cases = append(cases, c)
	}
	return cases
}

// incident makes one of what a report tells: all of it is sure.
func incident(techniques, software []string) attribution.Incident {
	var in attribution.Incident
	for _, id := range techniques {
		in.Techniques = append(in.Techniques, attribution.Observation{ID: id, Strength: 1})
	}
	for _, id := range software {
		in.Software = append(in.Software, attribution.Observation{ID: id, Strength: 1})
	}
	return in
}

func readRelations(data []byte) ([]relation, error) {
	var all []relation
	lines := bufio.NewScanner(bytes.NewReader(data))
	lines.Buffer(nil, 1<<20)
	for n := 1; lines.Scan(); n++ {
		if len(bytes.TrimSpace(lines.Bytes())) == 0 {
			continue
		}
		var r relation
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
		if r.Group == "" || r.Target == "" {
			return nil, fmt.Errorf("line %d: want a relation with group and target, found none", n)
		}
		all = append(all, r)
	}
	return all, lines.Err()
}

// compareVersions orders 8.2 before 10.1.
func compareVersions(a, b string) int {
	as, bs := strings.Split(a, "."), strings.Split(b, ".")
	for i := range max(len(as), len(bs)) {
		if c := versionPart(as, i) - versionPart(bs, i); c != 0 {
			return c
		}
	}
	return 0
}

func versionPart(parts []string, i int) int {
	if i >= len(parts) {
		return 0
	}
	n, _ := strconv.Atoi(parts[i]) // what is no number counts as 0
	return n
}
