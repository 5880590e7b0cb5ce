package packs

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"aldebaran/event"
	"aldebaran/intel"
	"aldebaran/match/sigma"
)

const (
	// maxTrialFile bounds a file of tests; ours have some kilobytes.
	maxTrialFile = 1 << 20
	// maxTrialEvents bounds the events of one case: guessing a password takes a hundred.
	maxTrialEvents = 10_000
)

// trials are what stands in tests/<name>.yml beside sigma/<name>.yml: synthetic events that the
// rules of that file must match, and others that they must not (docs/formats/pack.md, "tests").
type trials struct {
	Defaults described
	Match    []trial
	NoMatch  []trial `yaml:"no_match"`
}

// A trial is one event, or several of them for a correlation.
type trial struct {
	// Rule is the title of the rule meant; "" is the first of the file.
	Rule string
	Name string
	// Either one event is described right here, or several in Events.
	described `yaml:",inline"`
	Events    []described
}

// A described event: what is left out comes from its case, else from the defaults of the file. One of
// a Windows event log has a channel; any other says the labels that its reader would give it.
type described struct {
	Product  string
	Category string
	Service  string
	Channel  string
	Provider string
	EventID  uint32 `yaml:"event_id"`
	Computer string
	// Data maps names to values in order; a list is a field that stands there several times.
	Data yaml.Node
	// At is the time since the beginning of the case; Repeat events follow each other by Every.
	At, Every string
	Repeat    int
}

// tryRules runs the rules of a pack over their own tests: each must match at least one case, and must not
// match at least two that only look like it.
func tryRules(fsys fs.FS, p *intel.Pack, dir string, rules *sigma.Collection) ([]intel.Problem, error) {
	set, err := sigma.Compile(rules)
	if err != nil {
		return []intel.Problem{{File: path.Join(dir, "sigma"), Reason: err.Error()}}, nil //nolint:nilerr // what is wrong with a pack is a result
	}
	titles := titlesByFile(rules)
	run := trialRun{rules: rules, matcher: set.NewMatcher()}
	for _, rule := range p.Sigma {
		run.file = path.Join(dir, "tests"+strings.TrimPrefix(rule, "sigma"))
		tests, err := readTrials(fsys, run.file)
		if err != nil {
			run.problem("%v", err)
			continue
		}
		if list := titles[path.Join(dir, rule)]; len(list) > 0 { // else it was rejected, which is told
			if err := run.all(list, tests); err != nil {
				return nil, fmt.Errorf("%s: %w", run.file, err)
			}
		}
	}
	return run.problems, nil
}

func readTrials(fsys fs.FS, name string) (*trials, error) {
	f, err := fsys.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, errors.New("want events that the rule must and must not match, found no such file")
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxTrialFile+1))
	if err != nil {
		return nil, err
	}
	if len(data) > maxTrialFile {
		return nil, fmt.Errorf("want at most %d bytes, found more", maxTrialFile)
	}
	d := yaml.NewDecoder(bytes.NewReader(data))
	d.KnownFields(true)
	var tests trials
	if err := d.Decode(&tests); err != nil {
		return nil, err
	}
	return &tests, nil
}

// titlesByFile gives the titles of each file's rules, correlations first: the first is the one that
// the file is about.
func titlesByFile(c *sigma.Collection) map[string][]string {
	titles := map[string][]string{}
	for _, r := range c.Correlations {
		titles[r.File] = append(titles[r.File], r.Title)
	}
	for _, r := range c.Rules {
		titles[r.File] = append(titles[r.File], r.Title)
	}
	return titles
}

// A trialRun goes through the tests of a pack.
type trialRun struct {
	rules    *sigma.Collection
	matcher  *sigma.Matcher
	file     string
	problems []intel.Problem
}

func (r *trialRun) problem(format string, args ...any) {
	r.problems = append(r.problems, intel.Problem{File: r.file, Reason: fmt.Sprintf(format, args...)})
}

// all runs the cases of one file. The error is that of reading or writing what correlations spill.
func (r *trialRun) all(titles []string, tests *trials) error {
	const must, mustNot = 0, 1
	counts := make(map[string]*[2]int, len(titles))
	for _, title := range titles {
		counts[title] = new([2]int)
	}
	for kind, list := range [][]trial{must: tests.Match, mustNot: tests.NoMatch} {
		for _, tc := range list {
			title := cmp.Or(tc.Rule, titles[0])
			if counts[title] == nil {
				r.problem("%q: no rule %q in that file", tc.Name, title)
				continue
			}
			counts[title][kind]++
			events, err := trialEvents(&tests.Defaults, &tc)
			if err != nil {
				r.problem("%q: %v", tc.Name, err)
				continue
			}
			got, err := r.matches(events)
			if err != nil {
				return err
			}
			switch matched := slices.Contains(got, title); {
			case !matched && kind == must:
				r.problem("%q: %q must match, and does not (others that do: %q)", tc.Name, title, got)
			case matched && kind == mustNot:
				r.problem("%q: %q must not match, and does", tc.Name, title)
			}
		}
	}
	for _, title := range titles {
		if n := counts[title]; n[must] < 1 || n[mustNot] < 2 {
			r.problem("%q: want at least 1 case that it must match and 2 that it must not, found %d and %d", title, n[must], n[mustNot])
		}
	}
	return nil
}

// matches gives the titles of all rules and correlations that match the events of a case.
func (r *trialRun) matches(events []*event.Event) ([]string, error) {
	correlator, err := sigma.NewCorrelator(r.rules, sigma.CorrelatorOptions{})
	if err != nil {
		return nil, err
	}
	defer correlator.Close()
	var titles []string
	for _, e := range events {
		for _, rule := range r.matcher.Match(e) {
			titles = append(titles, rule.Title)
			if !correlator.Wants(rule) {
				continue
			}
			if err := correlator.Add(correlator.Observe(rule, e)); err != nil {
				return nil, err
			}
		}
	}
	err = correlator.Finish(func(m sigma.CorrelationMatch) error {
		titles = append(titles, m.Correlation.Title)
		return nil
	})
	slices.Sort(titles)
	return slices.Compact(titles), err
}

// trialEvents makes the events of a case.
func trialEvents(defaults *described, tc *trial) ([]*event.Event, error) {
	list := tc.Events
	if list == nil {
		list = []described{tc.described}
	}
	begin := time.Date(2026, 3, 10, 8, 0, 0, 0, time.UTC)
	var out []*event.Event
	for _, d := range list {
		at, every, err := d.times()
		if err != nil {
			return nil, err
		}
		for i := range max(d.Repeat, 1) {
			if len(out) == maxTrialEvents {
				return nil, fmt.Errorf("want at most %d events in a case, found more", maxTrialEvents)
			}
			e, err := newEvent(defaults, &tc.described, &d)
			if err != nil {
				return nil, err
			}
			e.Time = begin.Add(at + time.Duration(i)*every)
			e.RecordID = uint64(len(out) + 1)
			e.Source = event.Source{Path: "synthetic", Offset: int64(len(out)) * 1000, Length: 1000}
			out = append(out, e)
		}
	}
	return out, nil
}

func (d *described) times() (at, every time.Duration, err error) {
	if d.At != "" {
		if at, err = time.ParseDuration(d.At); err != nil {
			return 0, 0, err
		}
	}
	if d.Every != "" {
		every, err = time.ParseDuration(d.Every)
	}
	return at, every, err
}

// newEvent makes one event.
func newEvent(defaults, inCase, d *described) (*event.Event, error) {
	pick := func(field func(*described) string) string {
		return cmp.Or(field(d), field(inCase), field(defaults))
	}
	e := &event.Event{
		Product:  pick(func(d *described) string { return d.Product }),
		Category: pick(func(d *described) string { return d.Category }),
		Service:  pick(func(d *described) string { return d.Service }),
		Computer: pick(func(d *described) string { return d.Computer }),
		Channel:  pick(func(d *described) string { return d.Channel }),
		Provider: pick(func(d *described) string { return d.Provider }),
		EventID:  cmp.Or(d.EventID, inCase.EventID, defaults.EventID),
		Shape:    &event.Shape{},
	}
	if d.Data.Kind != yaml.MappingNode {
		return nil, fmt.Errorf("line %d: want data as a map, found none", d.Data.Line)
	}
	if e.Product+e.Category+e.Service != "" {
		e.Channel, e.Provider, e.EventID = "", "", 0
	} else if err := addSystem(e, d.Data.Line); err != nil {
		return nil, err
	}
	addData(e, &d.Data)
	return e, nil
}

// addSystem gives an event of a Windows event log what all of them have.
func addSystem(e *event.Event, line int) error {
	if e.Channel == "" || e.Provider == "" || e.EventID == 0 || e.Computer == "" {
		return fmt.Errorf("line %d: an event of Windows needs a channel, a provider, an event_id and a computer; others a product, a category or a service", line)
	}
	e.Product = "windows"
	addField(e, "Provider_Name", "Event/System/Provider", event.System, text(e.Provider))
	addField(e, "EventID", "Event/System/EventID", event.System, number(e.EventID))
	addField(e, "Channel", "Event/System/Channel", event.System, text(e.Channel))
	addField(e, "Computer", "Event/System/Computer", event.System, text(e.Computer))
	return nil
}

// addData gives an event the fields of a map. A whole number is one; anything else is text.
func addData(e *event.Event, data *yaml.Node) {
	for i := 0; i+1 < len(data.Content); i += 2 {
		key, value := data.Content[i].Value, data.Content[i+1]
		name, place := strings.ReplaceAll(key, " ", ""), fmt.Sprintf("Event/EventData/Data[%s]", key)
		values := []*yaml.Node{value}
		if value.Kind == yaml.SequenceNode {
			values = value.Content
		}
		for _, v := range values {
			if n, err := strconv.ParseUint(v.Value, 10, 32); v.Tag == "!!int" && err == nil {
				addField(e, name, place, event.Data, number(uint32(n)))
				continue
			}
			addField(e, name, place, event.Data, text(v.Value))
		}
	}
}

func addField(e *event.Event, name, place string, part event.Part, v event.Value) {
	e.Shape.Fields = append(e.Shape.Fields, event.Field{Name: name, Path: place, Part: part})
	e.Values = append(e.Values, v)
}

func text(s string) event.Value { return event.Value{Kind: event.Text, Raw: []byte(s)} }

func number(n uint32) event.Value {
	return event.Value{Kind: event.Uint32, Raw: binary.LittleEndian.AppendUint32(nil, n)}
}
