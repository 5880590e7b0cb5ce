package packs_test

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"aldebaran/event"
	"aldebaran/match/sigma"
	"aldebaran/packs"
)

// A ruleTest is what stands in tests/<stem>.yml beside sigma/<stem>.yml.
type ruleTest struct {
	Defaults described
	Match    []testCase
	NoMatch  []testCase `yaml:"no_match"`
}

// A testCase is one event, or several of them for a correlation.
type testCase struct {
	// Rule is the title of the rule meant; "" is the first of the file.
	Rule string
	Name string
	// Either one event is described right here, or several in Events.
	described `yaml:",inline"`
	Events    []described
}

// A described event: what is left out comes from the defaults of the file. One of a Windows event
// log has a channel; any other says the labels that its reader would give it.
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

// TestRules runs every rule of every pack over its own synthetic events: it must match what it is
// meant for, and must not match what only looks like it.
func TestRules(t *testing.T) {
	c := loadAll(t)
	set, err := sigma.Compile(c)
	if err != nil {
		t.Fatal(err)
	}
	m := set.NewMatcher()
	titles := titlesByFile(c)
	for _, file := range ruleFiles(t) {
		t.Run(strings.Replace(file, "/sigma/", "/", 1), func(t *testing.T) {
			want, ok := titles[file]
			if !ok {
				t.Fatalf("%s: loaded neither as a rule nor as a correlation", file)
			}
			tests := readTests(t, file)
			type count struct{ match, noMatch int }
			counts := map[string]*count{}
			for _, title := range want {
				counts[title] = &count{}
			}
			run := func(tc testCase, wantMatch bool) {
				title := cmp.Or(tc.Rule, want[0])
				n := counts[title]
				if n == nil {
					t.Fatalf("%q: no rule %q in %s", tc.Name, title, file)
				}
				if wantMatch {
					n.match++
				} else {
					n.noMatch++
				}
				got := matches(t, c, m, tests.Defaults, tc)
				if slices.Contains(got, title) != wantMatch {
					t.Errorf("%s: %q matches = %v, want %v (matched: %q)", tc.Name, title, !wantMatch, wantMatch, got)
				}
			}
			for _, tc := range tests.Match {
				run(tc, true)
			}
			for _, tc := range tests.NoMatch {
				run(tc, false)
			}
			for title, n := range counts {
				if n.match < 1 || n.noMatch < 2 {
					t.Errorf("%q: %d cases that must and %d that must not match, want at least 1 and 2", title, n.match, n.noMatch)
				}
			}
		})
	}
}

// matches gives the titles of all rules and correlations that match the events of a case.
func matches(t *testing.T, c *sigma.Collection, m *sigma.Matcher, defaults described, tc testCase) []string {
	t.Helper()
	correlator, err := sigma.NewCorrelator(c, sigma.CorrelatorOptions{TempDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer correlator.Close()
	var titles []string
	for _, e := range events(t, defaults, tc) {
		for _, r := range m.Match(e) {
			titles = append(titles, r.Title)
			if !correlator.Wants(r) {
				continue
			}
			if err := correlator.Add(correlator.Observe(r, e)); err != nil {
				t.Fatal(err)
			}
		}
	}
	err = correlator.Finish(func(cm sigma.CorrelationMatch) error {
		titles = append(titles, cm.Correlation.Title)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(titles)
	return slices.Compact(titles)
}

// TestRuleText checks what people rely on in a rule of ours: who wrote it, why it is suspicious,
// where to read on, how to rule out that it is wrong, and what to look at next.
func TestRuleText(t *testing.T) {
	c := loadAll(t)
	uuid4 := regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)
	technique := regexp.MustCompile(`^attack\.t\d{4}(\.\d{3})?$`)
	seen := map[string]string{}
	check := func(file, id, title, status, author, date, level, description string, references, tags, falsePositives, next []string) {
		t.Helper()
		if !uuid4.MatchString(id) {
			t.Errorf("%s: %q: id %q is no UUID of version 4", file, title, id)
		}
		for _, key := range []string{id, title} {
			if other, double := seen[key]; double {
				t.Errorf("%s: %q stands in %s too", file, key, other)
			}
			seen[key] = file
		}
		if author != "Aldebaran project" || !slices.Contains([]string{"experimental", "test", "unsupported"}, status) || date == "" {
			t.Errorf("%s: %q: author %q, status %q, date %q", file, title, author, status, date)
		}
		if (status == "unsupported") != strings.Contains(description, "Unverified:") {
			t.Errorf("%s: %q: status %q; rules of facts that nobody has verified are unsupported and say so, no others", file, title, status)
		}
		if !slices.Contains(sigma.Levels[:], level) {
			t.Errorf("%s: %q: level %q", file, title, level)
		}
		if len(description) < 40 || len(references) == 0 || len(falsePositives) == 0 {
			t.Errorf("%s: %q: needs a description, references and false positives", file, title)
		}
		if len(next) == 0 && level != "informational" {
			t.Errorf("%s: %q: does not say what to look at next", file, title)
		}
		if !slices.ContainsFunc(tags, technique.MatchString) {
			t.Errorf("%s: %q: no ATT&CK technique among %q", file, title, tags)
		}
	}
	for _, r := range c.Rules {
		check(r.File, r.ID, r.Title, r.Status, r.Author, r.Date, r.Level, r.Description, r.References, r.Tags, r.FalsePositives, r.Next)
		if _, known := sigma.Routes(r.Logsource); !known {
			t.Errorf("%s: %q: nobody knows its log source %+v", r.File, r.Title, r.Logsource)
		}
	}
	for _, r := range c.Correlations {
		check(r.File, r.ID, r.Title, r.Status, r.Author, r.Date, r.Level, r.Description, r.References, r.Tags, r.FalsePositives, r.Next)
	}
}

// TestTestsBelongToRules finds tests whose rule was renamed or taken away.
func TestTestsBelongToRules(t *testing.T) {
	for _, pack := range packs.Names() {
		names, err := filepath.Glob(filepath.Join(pack, "tests", "*"))
		if err != nil || len(names) == 0 {
			t.Fatalf("%s: tests: %v, %v", pack, names, err)
		}
		for _, name := range names {
			if _, err := fs.Stat(packs.Rules(), path.Join(pack, "sigma", filepath.Base(name))); err != nil {
				t.Errorf("%s: no such rule: %v", name, err)
			}
		}
	}
}

// load loads the rules that are hunted with.
func load(t *testing.T) *sigma.Collection {
	t.Helper()
	return loadWith(t, sigma.LoadOptions{})
}

// loadAll loads the rules that are switched off, too: those of facts that nobody has verified.
func loadAll(t *testing.T) *sigma.Collection {
	t.Helper()
	return loadWith(t, sigma.LoadOptions{IncludeDeprecated: true})
}

func loadWith(t *testing.T, opt sigma.LoadOptions) *sigma.Collection {
	t.Helper()
	c, err := sigma.LoadFS(packs.Rules(), ".", opt)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range slices.Concat(c.Rejected, c.Warnings) {
		t.Errorf("%s:%d: %s", r.File, r.Line, r.Reason)
	}
	if len(c.Rules) < 30 || len(c.Correlations) < 3 {
		t.Fatalf("%d rules and %d correlations loaded, want at least 30 and 3", len(c.Rules), len(c.Correlations))
	}
	return c
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

func ruleFiles(t *testing.T) []string {
	t.Helper()
	var files []string
	err := fs.WalkDir(packs.Rules(), ".", func(p string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			files = append(files, p)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func readTests(t *testing.T, ruleFile string) ruleTest {
	t.Helper()
	file := strings.Replace(ruleFile, "/sigma/", "/tests/", 1)
	f, err := os.Open(filepath.FromSlash(file))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	d := yaml.NewDecoder(f)
	d.KnownFields(true)
	var tests ruleTest
	if err := d.Decode(&tests); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	return tests
}

// events makes the events of a case. Each has the fields of a real one that rules may look at.
func events(t *testing.T, defaults described, tc testCase) []*event.Event {
	t.Helper()
	list := tc.Events
	if list == nil {
		list = []described{tc.described}
	}
	begin := time.Date(2026, 3, 10, 8, 0, 0, 0, time.UTC)
	var out []*event.Event
	for _, d := range list {
		at := begin.Add(duration(t, d.At))
		for range max(d.Repeat, 1) {
			e := newEvent(t, defaults, tc.described, d)
			e.Time = at
			e.RecordID = uint64(len(out) + 1)
			e.Source = event.Source{Path: "synthetic.evtx", Offset: int64(len(out)) * 1000, Length: 1000}
			out = append(out, e)
			at = at.Add(duration(t, d.Every))
		}
	}
	return out
}

func duration(t *testing.T, s string) time.Duration {
	t.Helper()
	if s == "" {
		return 0
	}
	d, err := time.ParseDuration(s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// newEvent makes one event; what it does not say itself comes from its case, else from the file.
func newEvent(t *testing.T, defaults, inCase, d described) *event.Event {
	t.Helper()
	pick := func(field func(described) string) string {
		return cmp.Or(field(d), field(inCase), field(defaults))
	}
	e := &event.Event{
		Product:  pick(func(d described) string { return d.Product }),
		Category: pick(func(d described) string { return d.Category }),
		Service:  pick(func(d described) string { return d.Service }),
		Computer: pick(func(d described) string { return d.Computer }),
		Channel:  pick(func(d described) string { return d.Channel }),
		Provider: pick(func(d described) string { return d.Provider }),
		EventID:  cmp.Or(d.EventID, inCase.EventID, defaults.EventID),
		Shape:    &event.Shape{},
	}
	if d.Data.Kind != yaml.MappingNode {
		t.Fatalf("line %d: an event needs data", d.Data.Line)
	}
	if e.Product+e.Category+e.Service == "" {
		addSystem(t, e, d.Data.Line)
	} else {
		e.Channel, e.Provider, e.EventID = "", "", 0
	}
	for i := 0; i < len(d.Data.Content); i += 2 {
		key, value := d.Data.Content[i].Value, d.Data.Content[i+1]
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
	return e
}

// addSystem gives an event of a Windows event log what all of them have.
func addSystem(t *testing.T, e *event.Event, line int) {
	t.Helper()
	if e.Channel == "" || e.Provider == "" || e.EventID == 0 || e.Computer == "" {
		t.Fatalf("line %d: an event of Windows needs a channel, a provider, an event_id and a computer; others a product, a category or a service", line)
	}
	e.Product = "windows"
	addField(e, "Provider_Name", "Event/System/Provider", event.System, text(e.Provider))
	addField(e, "EventID", "Event/System/EventID", event.System, number(e.EventID))
	addField(e, "Channel", "Event/System/Channel", event.System, text(e.Channel))
	addField(e, "Computer", "Event/System/Computer", event.System, text(e.Computer))
}

func addField(e *event.Event, name, place string, part event.Part, v event.Value) {
	e.Shape.Fields = append(e.Shape.Fields, event.Field{Name: name, Path: place, Part: part})
	e.Values = append(e.Values, v)
}

func text(s string) event.Value { return event.Value{Kind: event.Text, Raw: []byte(s)} }

func number(n uint32) event.Value {
	return event.Value{Kind: event.Uint32, Raw: binary.LittleEndian.AppendUint32(nil, n)}
}
