package behaviour

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"aldebaran/event"
	"aldebaran/match/sigma"
)

// All events of tests are synthetic and inert.

// start is when the events of tests begin: a Monday.
var start = time.Date(2026, time.March, 9, 8, 0, 0, 0, time.UTC)

// A made event is built from what routes it and pairs of names and values.
type made struct {
	after                      time.Duration // since start
	product, category, service string
	channel, provider          string
	id                         uint32
	host                       string
	fields                     []string
}

// shapes interns the layouts of made events, as readers do.
type shapes map[string]*event.Shape

func (m made) event(n int, in shapes) *event.Event {
	var names []string
	e := &event.Event{
		Time: start.Add(m.after), Product: m.product, Category: m.category, Service: m.service,
		Channel: m.channel, Provider: m.provider, EventID: m.id, Computer: m.host,
		Source: event.Source{Path: "synthetic.log", Offset: int64(n) * 100, Length: 100, Chunk: -1},
	}
	for i := 0; i+1 < len(m.fields); i += 2 {
		names = append(names, m.fields[i])
		v := event.Value{Raw: []byte(m.fields[i+1]), Kind: event.Text}
		if m.fields[i+1] == "" {
			v = event.Value{Kind: event.Null}
		}
		e.Values = append(e.Values, v)
	}
	if m.provider != "" {
		names = append(names, "Provider_Name")
		e.Values = append(e.Values, event.Value{Raw: []byte(m.provider), Kind: event.Text})
	}
	key := m.channel + "|" + strings.Join(names, ",")
	if in[key] == nil {
		s := &event.Shape{}
		for _, name := range names {
			s.Fields = append(s.Fields, event.Field{Name: name})
		}
		in[key] = s
	}
	e.Shape = in[key]
	return e
}

// finish hunts in events for one analytic, cut into pieces at each of the places, on which two matchers take
// turns, and gives its episodes.
func finish(t *testing.T, c Config, id string, events []made, cuts ...int) []Episode {
	t.Helper()
	set, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	in := shapes{}
	collector := set.NewCollector()
	m, other := set.NewMatcher(), set.NewMatcher()
	for i, e := range events {
		if slices.Contains(cuts, i) {
			collector.Join(m.Take())
			m, other = other, m
		}
		m.See(e.event(i, in))
	}
	collector.Join(m.Take())
	var episodes []Episode
	if err := collector.Finish(func(e Episode) error {
		if e.Rule.ID == id {
			episodes = append(episodes, e)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return episodes
}

// episodesOf hunts in events for one analytic and checks that the episodes do not depend on how the
// evidence is cut into pieces.
func episodesOf(t *testing.T, c Config, id string, events []made) []Episode {
	t.Helper()
	whole := finish(t, c, id, events)
	n := len(events)
	for _, cuts := range [][]int{{n / 2}, {1}, {n - 1}, {n / 4, n / 2, 3 * n / 4}} {
		if diff := cmp.Diff(whole, finish(t, c, id, events, cuts...)); diff != "" {
			t.Errorf("cut at %v (-whole +cut):\n%s", cuts, diff)
		}
	}
	for _, v := range []float64{0, -1, maxParam} {
		finish(t, withThresholds(c, id, v), id, events) // whatever it finds, it comes to an end
	}
	return whole
}

// withThresholds sets all thresholds of an analytic to one value.
func withThresholds(c Config, id string, v float64) Config {
	all := Analytics()
	at := slices.IndexFunc(all, func(a Analytic) bool { return a.ID == id })
	set := Setting{Params: map[string]float64{}}
	for _, p := range all[at].Params {
		set.Params[p.Name] = v
	}
	return c.Join(Config{Behaviours: map[string]Setting{id: set}})
}

// lines writes episodes shortly: level: summary.
func lines(episodes []Episode) string {
	var b strings.Builder
	for _, e := range episodes {
		fmt.Fprintf(&b, "%s: %s\n", e.Level, e.Summary)
	}
	return b.String()
}

// TestAnalyticsExplainThemselves holds every analytic to what people need of it.
func TestAnalyticsExplainThemselves(t *testing.T) {
	seen := map[string]bool{}
	for _, a := range Analytics() {
		if seen[a.ID] {
			t.Errorf("%s is there twice", a.ID)
		}
		seen[a.ID] = true
		for name, text := range map[string]string{"title": a.Title, "description": a.Description, "why": a.Why, "benign": a.Benign} {
			if len(text) < 10 {
				t.Errorf("%s: %s: want a sentence, found %q", a.ID, name, text)
			}
		}
		if !slices.Contains(sigma.Levels[:], a.Level) || len(a.Next) == 0 || len(a.Tags) == 0 || len(a.Views) == 0 && !a.Late {
			t.Errorf("%s: want a level, what to look at next, tags and views: %+v", a.ID, a.Rule)
		}
		for _, p := range a.Params {
			if p.Unit == "" || p.What == "" {
				t.Errorf("%s: parameter %s: want its unit and what it does", a.ID, p.Name)
			}
		}
		for _, l := range a.Lists {
			if l.What == "" {
				t.Errorf("%s: list %s: want what it does", a.ID, l.Name)
			}
		}
	}
	if _, err := New(Config{}); err != nil {
		t.Error(err)
	}
}

// TestSecurityEvents: what an analytic wants to be shown of the Security log is in its view.
func TestSecurityEvents(t *testing.T) {
	for _, a := range Analytics() {
		if len(a.SecurityEvents) > 0 && !slices.Contains(a.Views, Security) {
			t.Errorf("%s wants events of a view that it is not shown", a.ID)
		}
		for _, id := range a.SecurityEvents {
			if !slices.Contains(specs()[Security].EventIDs, id) {
				t.Errorf("%s wants event %d, which the view Security does not have", a.ID, id)
			}
		}
	}
}

func TestConfig(t *testing.T) {
	f := func(text, want string) {
		t.Helper()
		_, err := ParseConfig([]byte(text), "behaviours.yml")
		switch {
		case err == nil && want != "":
			t.Errorf("%q is taken, want an error with %q", text, want)
		case err != nil && (want == "" || !strings.Contains(err.Error(), want)):
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
	f("", "")
	f("behaviours: {db-feature-used: {params: {minutes: 5}, level: low}}", "")
	f("behaviours: {db-feature-used: {params: {minuts: 5}}}", `no parameter "minuts"`)
	f("behaviours: {db-feature-used: {params: {minutes: .nan}}}", `parameter "minutes": want a number`)
	f("behaviours: {db-feature-used: {params: {minutes: 1e300}}}", `parameter "minutes": want a number`)
	f("words: []\n---\nchains: []", "want one document, found another")
	f("behaviours: {db-feature-used: {lists: {x: [a]}}}", `no list "x"`)
	f("behaviours: {db-feature-used: {level: severe}}", `found "severe"`)
	f("behaviours: {nothing: {}}", `no behaviour "nothing"`)
	f("behavior: {}", "field behavior not found")
	f("chains: [{name: a, title: A, level: high, within: 24h, stages: [{any: [x]}]}]", "at least 2 stages")
	f("chains: [{name: a, title: A, level: high, within: soon, stages: [{any: [x]}, {any: [y]}]}]", "within")

	a := Config{Behaviours: map[string]Setting{"x": {Params: map[string]float64{"a": 1, "b": 1}, Lists: map[string][]string{"l": {"1"}}}}}
	b := Config{Behaviours: map[string]Setting{"x": {Params: map[string]float64{"b": 2}, Lists: map[string][]string{"l": {"2"}}, Level: "low"}}}
	got := a.Join(b).Behaviours["x"]
	want := Setting{Level: "low", Params: map[string]float64{"a": 1, "b": 2}, Lists: map[string][]string{"l": {"1", "2"}}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("joined (-want +got):\n%s", diff)
	}
}

// FuzzConfig: what is taken can be prepared, or says why not; nothing crashes.
func FuzzConfig(f *testing.F) {
	f.Add("behaviours: {db-feature-used: {params: {minutes: 5}}}")
	f.Add("chains: [{name: a, title: A, level: high, within: 24h, stages: [{any: [x]}, {any: ['attack.t1*']}]}]")
	f.Add("words: [{language: ar, words: [قمة]}]\nremediated: [{host: MAIL*, at: 2026-03-10T00:00:00Z}]")
	f.Fuzz(func(t *testing.T, text string) {
		c, err := ParseConfig([]byte(text), "behaviours.yml")
		if err != nil {
			return
		}
		if _, err := New(c); err != nil && !strings.Contains(err.Error(), "behaviour") {
			t.Errorf("%q: the error does not say which behaviour: %v", text, err)
		}
	})
}
