package finding

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"aldebaran/event"
	"aldebaran/match"
)

var start = time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC)

var (
	high = &match.Rule{Title: "High", Level: "high", Tags: []string{"attack.execution", "attack.t1059"}}
	low  = &match.Rule{Title: "Low", Level: "low"}
)

// at is a match of a rule on a host, so many hours after start.
func at(r *match.Rule, host string, hours float64) *match.Match {
	t := start.Add(time.Duration(hours * float64(time.Hour)))
	return &match.Match{Rule: r, Event: &event.Event{
		Shape:  &event.Shape{Fields: []event.Field{{Name: "Text"}}},
		Values: []event.Value{{Raw: fmt.Appendf(nil, "%s %v", host, hours), Kind: event.Text}},
		Time:   t, Computer: host, RecordID: uint64(hours * 10), Source: event.Source{Path: "log", Offset: int64(hours * 100)},
	}}
}

// text writes findings shortly: High on A: 3 in 0h to 4h [first samples].
func text(findings []Finding) string {
	var b strings.Builder
	for _, f := range findings {
		fmt.Fprintf(&b, "%s on %s: %d in %v to %v", f.Rule.Title, f.Host, f.Count, f.First.Sub(start).Hours(), f.Last.Sub(start).Hours())
		for _, s := range f.Samples {
			fmt.Fprintf(&b, " [%s]", s.Event.Text("Text"))
		}
		b.WriteByte('\n')
	}
	return b.String()
}

func TestGroups(t *testing.T) {
	for _, c := range []struct {
		name    string
		matches []*match.Match
		want    string
	}{
		{"none", nil, ""},
		{"one", []*match.Match{at(high, "A", 0)}, "High on A: 1 in 0 to 0 [A 0]\n"},
		{"a day is not too long", []*match.Match{at(high, "A", 0), at(high, "A", 24)}, "High on A: 2 in 0 to 24 [A 0] [A 24]\n"},
		{"more than a day is", []*match.Match{at(high, "A", 0), at(high, "A", 24.5)},
			"High on A: 1 in 0 to 0 [A 0]\nHigh on A: 1 in 24.5 to 24.5 [A 24.5]\n"},
		{"a bridge joins both sides", []*match.Match{at(high, "A", 0), at(high, "A", 40), at(high, "A", 20)},
			"High on A: 3 in 0 to 40 [A 0] [A 20]\n"},
		{"hosts and rules apart, the severe first", []*match.Match{at(low, "A", 0), at(high, "B", 2), at(high, "A", 1)},
			"High on A: 1 in 1 to 1 [A 1]\nHigh on B: 1 in 2 to 2 [B 2]\nLow on A: 1 in 0 to 0 [A 0]\n"},
		{"the first samples", []*match.Match{at(high, "A", 3), at(high, "A", 2), at(high, "A", 1)},
			"High on A: 3 in 1 to 3 [A 1] [A 2]\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := NewGroups(Options{Samples: 2})
			for _, m := range c.matches {
				g.Add(m)
			}
			if diff := cmp.Diff(c.want, text(g.Findings())); diff != "" {
				t.Errorf("findings (-want +got):\n%s", diff)
			}
			if len(g.Notes()) > 0 {
				t.Errorf("notes: %q", g.Notes())
			}
		})
	}
}

// TestGroupsInAnyOrder holds grouping against a plain one: matches sorted by time, cut at gaps.
func TestGroupsInAnyOrder(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for round := range 200 {
		var all []*match.Match
		for range 1 + random.IntN(60) {
			all = append(all, at(high, string(rune('A'+random.IntN(3))), float64(random.IntN(2000))/4))
		}
		g := NewGroups(Options{Samples: 2})
		for _, m := range all {
			g.Add(m)
		}
		if diff := cmp.Diff(plainly(all), text(g.Findings())); diff != "" {
			t.Fatalf("round %d (-want +got):\n%s", round, diff)
		}
	}
}

func plainly(all []*match.Match) string {
	all = slices.Clone(all)
	slices.SortFunc(all, func(a, b *match.Match) int {
		if c := strings.Compare(a.Event.Computer, b.Event.Computer); c != 0 {
			return c
		}
		return a.Event.Time.Compare(b.Event.Time)
	})
	var findings []Finding
	for i, m := range all {
		e := m.Event
		if i == 0 || all[i-1].Event.Computer != e.Computer || e.Time.Sub(all[i-1].Event.Time) > DefaultGap {
			findings = append(findings, Finding{Rule: m.Rule, Host: e.Computer, First: e.Time})
		}
		f := &findings[len(findings)-1]
		f.Last = e.Time
		if f.Count++; f.Count <= 2 {
			f.Samples = append(f.Samples, Sample{Event: e})
		}
	}
	slices.SortStableFunc(findings, Compare)
	return text(findings)
}

func TestGroupsWithoutTime(t *testing.T) {
	g := NewGroups(Options{Samples: 1})
	m := at(high, "A", 0)
	m.Event.Time = time.Time{}
	g.Add(m)
	g.Add(at(high, "A", 0))
	g.Add(m)
	all := g.Findings()
	if len(all) != 2 || !all[0].First.IsZero() || all[0].Count != 2 || all[1].Count != 1 {
		t.Errorf("findings = %+v, want two events without a time by themselves", all)
	}
}

func TestSamplesAreBounded(t *testing.T) {
	g := NewGroups(Options{Samples: 3})
	m := at(high, "A", 0)
	m.Event.Values[0].Raw = []byte(strings.Repeat("x", maxSampleValue+1))
	g.Add(m)
	s := g.Findings()[0].Samples[0]
	if !s.Cut || len(s.Event.Text("Text")) != maxSampleValue {
		t.Errorf("cut %v, %d bytes; want true, %d", s.Cut, len(s.Event.Text("Text")), maxSampleValue)
	}
	m.Event.Values[0].Raw[0] = 'y'
	if s.Event.Text("Text")[0] != 'x' {
		t.Error("the sample is no copy")
	}
	g.sampleBytes = maxSampleBytes
	g.Add(at(high, "B", 0))
	if s := g.Findings()[1].Samples[0]; !s.Bare || len(s.Event.Values) != 0 || s.Event.RecordID != 0 || s.Event.Computer != "B" {
		t.Errorf("sample %+v, want one without values", s)
	}
	if len(g.Notes()) != 1 {
		t.Errorf("notes = %q, want one", g.Notes())
	}
}

func TestEpisodesAreBounded(t *testing.T) {
	g := NewGroups(Options{})
	for i := range maxEpisodes + 50 {
		g.Add(at(high, "A", float64(i)*25))
	}
	all := g.Findings()
	n := 0
	for _, f := range all {
		n += f.Count
	}
	if len(all) != maxEpisodes || n != maxEpisodes+50 || len(g.Notes()) != 1 {
		t.Errorf("%d findings of %d matches, notes %q; want %d of %d, and a note", len(all), n, g.Notes(), maxEpisodes, maxEpisodes+50)
	}
}

func TestFindingsAreBounded(t *testing.T) {
	g := NewGroups(Options{})
	for i := range maxFindings + 10 {
		g.Add(at(high, fmt.Sprint(i), 0))
	}
	g.AddCorrelation(&match.Correlation{Rule: high})
	if n := len(g.Findings()); n != maxFindings || len(g.Notes()) != 2 {
		t.Errorf("%d findings, notes %q; want %d and two notes", n, g.Notes(), maxFindings)
	}
	g.Add(at(high, "0", 1)) // what is there already goes on
	if f := g.Findings(); f[0].Count+f[len(f)-1].Count < 2 {
		t.Error("a finding that was there takes no more matches")
	}
}

func TestTimeline(t *testing.T) {
	var tl Timeline
	for _, h := range []float64{5, 0, 0.001, 0, -3} {
		tl.Add(at(high, "A", h))
	}
	tl.Add(at(low, "A", 5))
	var got []string
	for _, b := range tl.Buckets() {
		got = append(got, fmt.Sprintf("%v %v", b.Start.Sub(start).Hours(), b.Matches))
	}
	want := []string{"-3 [0 0 0 1 0]", "0 [0 0 0 3 0]", "5 [0 1 0 1 0]"}
	if diff := cmp.Diff(want, got); diff != "" || tl.Step() != time.Minute {
		t.Errorf("step %v, buckets (-want +got):\n%s", tl.Step(), diff)
	}
}

// TestTimelineIsBounded also holds that the order makes no difference.
func TestTimelineIsBounded(t *testing.T) {
	times := make([]float64, 3*maxBuckets)
	for i := range times {
		times[i] = float64(i) / 20
	}
	times = append(times, -1e6, 4e8/365) // long ago, and far ahead
	var first []Bucket
	for round := range 3 {
		var tl Timeline
		for _, h := range times {
			tl.Add(at(high, "A", h))
		}
		got := tl.Buckets()
		n := 0
		for _, b := range got {
			n += b.Matches[3]
		}
		if len(got) > maxBuckets || n != len(times) {
			t.Fatalf("%d buckets of %d matches; want at most %d of %d", len(got), n, maxBuckets, len(times))
		}
		if round == 0 {
			first = got
		} else if diff := cmp.Diff(first, got); diff != "" {
			t.Fatalf("another order (-first +now):\n%s", diff)
		}
		rand.New(rand.NewPCG(uint64(round), 1)).Shuffle(len(times), func(i, j int) { times[i], times[j] = times[j], times[i] })
	}
}

func TestColumns(t *testing.T) {
	var tl Timeline
	for _, h := range []float64{0, 1, 1, 9.99} {
		tl.Add(at(high, "A", h))
	}
	cols, width := Columns(tl.Buckets(), tl.Step(), 10)
	sum := 0
	for _, c := range cols {
		sum += c[3]
	}
	if len(cols) != 10 || sum != 4 || cols[0][3] != 1 || cols[1][3] != 2 || cols[9][3] != 1 || width != 3600 {
		t.Errorf("columns = %v of %d seconds", cols, width)
	}
	if cols, _ := Columns(nil, time.Minute, 10); cols != nil {
		t.Errorf("columns of nothing = %v", cols)
	}
	one := tl.Buckets()[:1]
	if cols, width := Columns(one, tl.Step(), 10); len(cols) != 1 || width != 60 {
		t.Errorf("columns of one bucket = %v of %d seconds", cols, width)
	}
	// Forged times: the years 1601 and 60056.
	far := []Bucket{{Start: event.FileTimeToTime(0)}, {Start: event.FileTimeToTime(1<<64 - 1)}}
	if cols, width := Columns(far, time.Minute, 80); len(cols) != 80 || width <= 0 {
		t.Errorf("%d columns of %d seconds for forged times", len(cols), width)
	}
}

func ExampleGroups() {
	rule := &match.Rule{Title: "Page Written By The Web Server", Level: "high", Tags: []string{"attack.t1505.003"}}
	groups := NewGroups(Options{})
	for _, hours := range []float64{0, 2, 72} {
		groups.Add(at(rule, "WEB01", hours))
	}
	for _, f := range groups.Findings() {
		fmt.Println(f.Rule.Title, f.Host, f.Count, f.Attack.Techniques, f.First.Format(time.DateOnly))
	}
	// Output:
	// Page Written By The Web Server WEB01 2 [T1505.003] 2026-03-01
	// Page Written By The Web Server WEB01 1 [T1505.003] 2026-03-04
}
