package packs

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"aldebaran/attack"
	"aldebaran/intel"
	"aldebaran/match/behaviour"
	"aldebaran/match/sigma"
)

// A Report is what [Check] found in a pack.
type Report struct {
	Pack *intel.Pack
	// Problems are what does not hold; a pack without any can be shipped.
	Problems []intel.Problem
	// Rules are the loaded Sigma rules and correlations, Disabled those among them that are not
	// hunted with unless the user says so.
	Rules, Disabled int
}

// Check loads everything in a pack and holds it against what the program knows: rules must compile,
// behaviours must be known, and every id of a rule, behaviour, log source or object of ATT&CK that
// the pack refers to must be there. Rules may be those of the embedded packs. Tests of rules are not
// run: those of the embedded packs are not part of the program.
func Check(fsys fs.FS, dir string) (*Report, error) {
	c, err := newCheck(fsys, dir)
	if err != nil {
		return nil, err
	}
	return &c.report, nil
}

// CheckFolder is [Check] of a folder of the user's. It also runs the tests that each rule must have.
func CheckFolder(dir string) (*Report, error) {
	fsys, name, err := folder(dir)
	if err != nil {
		return nil, err
	}
	c, err := newCheck(fsys, name)
	if err != nil {
		return nil, err
	}
	if err := c.trials(fsys); err != nil {
		return nil, fmt.Errorf("packs: %w", err)
	}
	return &c.report, nil
}

func newCheck(fsys fs.FS, dir string) (*check, error) {
	p, problems, err := intel.ReadPack(fsys, dir)
	if err != nil {
		return nil, err
	}
	c := &check{pack: p, dir: dir, report: Report{Pack: p, Problems: problems}, rules: map[string]bool{}, behaviours: map[string]bool{}}
	if err := c.loadRules(fsys); err != nil {
		return nil, err
	}
	for _, name := range behaviour.Names() {
		c.behaviours[name] = true
	}
	c.config()
	c.references()
	c.attack(attack.Load())
	return c, nil
}

type check struct {
	pack   *intel.Pack
	dir    string
	report Report
	// own are the rules of the pack, nil without any.
	own *sigma.Collection
	// rules and behaviours are the ids that there are.
	rules, behaviours map[string]bool
}

func (c *check) problem(file string, line int, format string, args ...any) {
	c.report.Problems = append(c.report.Problems, intel.Problem{File: path.Join(c.dir, file), Line: line, Reason: fmt.Sprintf(format, args...)})
}

// loadRules loads the pack's own rules, tells of those that cannot be used, and notes the ids of
// those and of all embedded ones.
func (c *check) loadRules(fsys fs.FS) error {
	shipped, err := sigma.LoadFS(Rules(), ".", sigma.LoadOptions{IncludeDeprecated: true})
	if err != nil {
		return fmt.Errorf("packs: %w", err)
	}
	c.note(shipped)
	if len(c.pack.Sigma) == 0 {
		return nil
	}
	own, err := sigma.LoadFS(fsys, path.Join(c.dir, "sigma"), sigma.LoadOptions{IncludeDeprecated: true})
	if err != nil {
		return fmt.Errorf("packs: %w", err)
	}
	c.own = own
	c.note(own)
	for _, list := range [][]sigma.Rejection{own.Rejected, own.Warnings} {
		for _, r := range list {
			c.report.Problems = append(c.report.Problems, intel.Problem{File: r.File, Line: r.Line, Reason: r.Reason})
		}
	}
	for _, r := range own.Rules {
		c.count(r.Status)
	}
	for _, r := range own.Correlations {
		c.count(r.Status)
	}
	return nil
}

func (c *check) note(rules *sigma.Collection) {
	for _, r := range rules.Rules {
		c.rules[r.ID] = true
	}
	for _, r := range rules.Correlations {
		c.rules[r.ID] = true
	}
}

func (c *check) count(status string) {
	c.report.Rules++
	if status == "deprecated" || status == "unsupported" {
		c.report.Disabled++
	}
}

// trials runs the tests of the pack's rules, and tells of tests without a rule.
func (c *check) trials(fsys fs.FS) error {
	for _, test := range c.pack.Tests {
		rule := "sigma" + strings.TrimPrefix(test, "tests")
		if !slices.Contains(c.pack.Sigma, rule) {
			c.problem(test, 0, "want a file %s that it tests, found none", rule)
		}
	}
	if c.own == nil {
		return nil
	}
	problems, err := tryRules(fsys, c.pack, c.dir, c.own)
	c.report.Problems = append(c.report.Problems, problems...)
	return err
}

// config reads behaviours.yml and checks what its chains refer to.
func (c *check) config() {
	if c.pack.Behaviours == nil {
		return
	}
	config, err := behaviour.ParseConfig(c.pack.Behaviours, intel.BehavioursFile)
	if err != nil {
		c.configProblems(err)
		return
	}
	for _, chain := range config.Chains {
		for _, stage := range chain.Stages {
			for _, id := range stage.Any {
				if !c.rules[id] && !c.behaviours[id] && !strings.HasPrefix(id, "attack.") {
					c.problem(intel.BehavioursFile, 0, "chain %q: stage %q: no rule, behaviour or tag %q", chain.Name, stage.Name, id)
				}
			}
		}
	}
}

// configProblems tells what is wrong with behaviours.yml. The YAML library puts several faults into one
// error, each with its line before it.
func (c *check) configProblems(err error) {
	faults := []string{strings.TrimPrefix(err.Error(), intel.BehavioursFile+": ")}
	if many, ok := errors.AsType[*yaml.TypeError](err); ok {
		faults = many.Errors
	}
	for _, fault := range faults {
		line := 0
		if rest, ok := strings.CutPrefix(fault, "line "); ok {
			if number, what, ok := strings.Cut(rest, ": "); ok {
				if n, err := strconv.Atoi(number); err == nil {
					line, fault = n, what
				}
			}
		}
		c.problem(intel.BehavioursFile, line, "%s", fault)
	}
}

// references checks what detections and advice refer to.
func (c *check) references() {
	for _, d := range c.pack.Detections {
		c.known(intel.PackFile, d.Line, d.ID, d.Rules, d.Behaviours)
		for _, n := range d.Needs {
			c.need(&d, n)
		}
	}
	for _, a := range c.pack.Advice {
		c.known(intel.AdviceFile, a.Line, a.ID, a.Rules, a.Behaviours)
	}
}

func (c *check) known(file string, line int, of string, rules, behaviours []string) {
	for _, id := range rules {
		if !c.rules[id] {
			c.problem(file, line, "%s: no rule %s in this pack or in those of the program", of, id)
		}
	}
	for _, name := range behaviours {
		if !c.behaviours[name] {
			c.problem(file, line, "%s: no behaviour %q", of, name)
		}
	}
}

// need checks that events of a log source can be told from others at all.
func (c *check) need(d *intel.Detection, n intel.Need) {
	source := sigma.Logsource{Product: n.Product, Category: n.Category, Service: n.Service}
	if source == (sigma.Logsource{}) {
		return // for people only: a memory image, a disk
	}
	if routes, known := sigma.Routes(source); !known || len(routes) == 0 {
		c.problem(intel.PackFile, d.Line, "%s: needs: no log source product %q, category %q, service %q", d.ID, n.Product, n.Category, n.Service)
	}
}

// attack checks ids of ATT&CK against the version that is embedded, and what later ones renumbered.
func (c *check) attack(k *attack.Knowledge) {
	technique := func(file string, line int, ids ...string) {
		for _, id := range ids {
			if _, ok := k.Current(id); !ok && id != "" {
				c.problem(file, line, "ATT&CK %s has no live technique %s", k.Version, id)
			}
		}
	}
	p := c.pack
	for _, t := range p.Techniques {
		technique(intel.PackFile, t.Line, t.ID, t.NewID)
	}
	for _, s := range slices.Concat(p.Malware, p.Tools) {
		technique(intel.PackFile, s.Line, s.Techniques...)
		if s.AttackID != "" && k.SoftwareByID(s.AttackID) == nil {
			c.problem(intel.PackFile, s.Line, "ATT&CK %s has no software %s", k.Version, s.AttackID)
		}
	}
	for _, r := range p.Relations {
		if r.AttackID != "" && k.GroupByID(r.AttackID) == nil {
			c.problem(intel.PackFile, r.Line, "ATT&CK %s has no group %s", k.Version, r.AttackID)
		}
	}
	for _, d := range p.Detections {
		technique(intel.PackFile, d.Line, d.Techniques...)
	}
	for _, a := range p.Advice {
		technique(intel.AdviceFile, a.Line, a.Techniques...)
		for _, id := range a.Mitigations {
			if k.MitigationByID(id) == nil {
				c.problem(intel.AdviceFile, a.Line, "ATT&CK %s has no mitigation %s", k.Version, id)
			}
		}
	}
}
