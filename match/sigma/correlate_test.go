package sigma

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"aldebaran/event"
)

// start is the time from which the events of these tests count.
var start = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// A logged is a synthetic event: it stands for what the rule of that name matched.
type logged struct {
	at     float64 // seconds after start
	rules  string  // names of the rules that match it, by spaces
	fields string  // "User=anna Host=a"; "User=" is an empty text, "User=~" is null
}

// loggedEvent makes the event; n is its place in the evidence.
func loggedEvent(l logged, n int) *event.Event {
	s := &event.Shape{}
	e := &event.Event{
		Shape: s, Product: "windows", Channel: "Security", EventID: 4625, Computer: "host", RecordID: uint64(n),
		Time:   start.Add(time.Duration(l.at * float64(time.Second))),
		Source: event.Source{Path: "synthetic.evtx", Offset: int64(n) * 512, Length: 512},
	}
	for f := range strings.FieldsSeq(l.fields) {
		name, value, _ := strings.Cut(f, "=")
		v := event.Value{Kind: event.Text, Raw: []byte(value)}
		if value == "~" {
			v = event.Value{}
		}
		if name == "Host" {
			e.Computer = value
		}
		s.Fields = append(s.Fields, event.Field{Name: name})
		e.Values = append(e.Values, v)
	}
	return e
}

// correlate runs the correlations over the events in the order given.
func correlate(t testing.TB, c *Collection, opt CorrelatorOptions, log []logged) ([]CorrelationMatch, CorrelationStats) {
	t.Helper()
	k, err := NewCorrelator(c, opt)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := k.Close(); err != nil {
			t.Error(err)
		}
	}()
	order := make([]int, len(log))
	for i := range order {
		order[i] = i
	}
	rand.New(rand.NewPCG(uint64(len(log)), 7)).Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
	for _, i := range order {
		e := loggedEvent(log[i], i)
		for _, r := range c.Rules {
			if slices.Contains(strings.Fields(log[i].rules), r.Name) {
				if err := k.Add(k.Observe(r, e)); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	var found []CorrelationMatch
	if err := k.Finish(func(m CorrelationMatch) error { found = append(found, m); return nil }); err != nil {
		t.Fatal(err)
	}
	return found, k.Stats()
}

// collection has one rule for each name, and the correlations.
func collection(names string, correlations ...*Correlation) *Collection {
	c := &Collection{Correlations: correlations}
	for name := range strings.FieldsSeq(names) {
		c.Rules = append(c.Rules, &Rule{Name: name, Title: name, ID: "id-" + name, Logsource: Logsource{Product: "windows"}})
	}
	return c
}

// bounds reads "gte 3 lt 9".
func bounds(s string) (r []Range) {
	words := strings.Fields(s)
	for i := 0; i+1 < len(words); i += 2 {
		v, err := strconv.ParseFloat(words[i+1], 64)
		if err != nil {
			panic(err)
		}
		r = append(r, Range{words[i], v})
	}
	return r
}

// brief tells a match in one line: "User=anna 0-20 n=3 v=3".
func brief(m CorrelationMatch) string {
	var b strings.Builder
	for _, g := range m.Group {
		fmt.Fprintf(&b, "%s=%s ", g.Name, g.Value)
	}
	fmt.Fprintf(&b, "%v-%v n=%d v=%v", m.First.Sub(start).Seconds(), m.Last.Sub(start).Seconds(), m.Count, m.Value)
	return b.String()
}

func briefs(ms []CorrelationMatch) []string {
	out := []string{}
	for _, m := range ms {
		out = append(out, brief(m))
	}
	return out
}

func TestT28_Types(t *testing.T) {
	times := func(rule, fields string, at ...float64) (l []logged) {
		for _, s := range at {
			l = append(l, logged{s, rule, fields})
		}
		return l
	}
	for _, c := range []struct {
		name string
		k    Correlation
		log  []logged
		want []string
	}{
		{
			"event_count: the window slides, an event one timespan old is in it",
			Correlation{Type: "event_count", Rules: []string{"a"}, GroupBy: []string{"User"}, Timespan: time.Minute, Ranges: bounds("gte 3")},
			times("a", "User=anna", 0, 50, 60, 200, 261, 322),
			[]string{"User=anna 0-60 n=3 v=3"},
		}, {
			"event_count: not beyond the edge of the window",
			Correlation{Type: "event_count", Rules: []string{"a"}, GroupBy: []string{"User"}, Timespan: time.Minute, Ranges: bounds("gte 3")},
			times("a", "User=anna", 0, 50, 60.001),
			[]string{},
		}, {
			"event_count: one episode as long as windows share events, then another",
			Correlation{Type: "event_count", Rules: []string{"a"}, GroupBy: []string{"User"}, Timespan: time.Minute, Ranges: bounds("gt 2")},
			times("a", "User=anna", 0, 10, 20, 30, 90, 95, 500, 501, 502),
			[]string{"User=anna 0-30 n=4 v=4", "User=anna 500-502 n=3 v=3"},
		}, {
			"groups are apart, and the same without case; no group without the field",
			Correlation{Type: "event_count", Rules: []string{"a"}, GroupBy: []string{"User", "Domain"}, Timespan: time.Minute, Ranges: bounds("gte 2")},
			[]logged{
				{0, "a", "User=Änna Domain=X"}, {1, "a", "User=äNNA Domain=x"},
				{0, "a", "User=b Domain=x"}, {1, "a", "User=b Domain=y"},
				{0, "a", "User=c"}, {1, "a", "User=c"}, {0, "a", "User=d Domain=~"}, {1, "a", "User=d Domain=~"},
				{2, "a", "User=e Domain="}, {3, "a", "User=e Domain="},
				// The tuples differ, though the texts put together do not.
				{5, "a", "User=fg Domain=h"}, {5, "a", "User=f Domain=gh"},
			},
			[]string{"User=Änna Domain=X 0-1 n=2 v=2", "User=e Domain= 2-3 n=2 v=2"},
		}, {
			"an event that two rules match is one event",
			Correlation{Type: "event_count", Rules: []string{"a", "b"}, Timespan: time.Minute, Ranges: bounds("gte 3")},
			[]logged{{0, "a b", ""}, {1, "a b", ""}},
			[]string{},
		}, {
			"no group-by: all events are one group",
			Correlation{Type: "event_count", Rules: []string{"a", "b"}, Timespan: time.Minute, Ranges: bounds("gte 3")},
			[]logged{{0, "a b", ""}, {1, "a", ""}, {2, "b", ""}},
			[]string{"0-2 n=3 v=3"},
		}, {
			"a range: 3 to 4 in a whole window, not on the way to more",
			Correlation{Type: "event_count", Rules: []string{"a"}, GroupBy: []string{"User"}, Timespan: time.Minute, Ranges: bounds("gt 2 lte 4")},
			slices.Concat(times("a", "User=few", 0, 1), times("a", "User=some", 0, 1, 2), times("a", "User=many", 0, 1, 2, 3, 4)),
			[]string{"User=some 0-2 n=3 v=3"},
		}, {
			"lt looks at windows that can't grow",
			Correlation{Type: "event_count", Rules: []string{"a"}, GroupBy: []string{"User"}, Timespan: time.Minute, Ranges: bounds("lt 2")},
			slices.Concat(times("a", "User=x", 0, 10, 100, 300), times("a", "User=y", 0, 10)),
			[]string{"User=x 100-100 n=1 v=1", "User=x 300-300 n=1 v=1"},
		}, {
			"eq and neq",
			Correlation{Type: "event_count", Rules: []string{"a"}, GroupBy: []string{"User"}, Timespan: time.Minute, Ranges: bounds("eq 2")},
			slices.Concat(times("a", "User=x", 0, 10, 100), times("a", "User=y", 0, 10, 20)),
			[]string{"User=x 0-10 n=2 v=2"},
		}, {
			"value_count: distinct without case; events without the field are left out",
			Correlation{Type: "value_count", Rules: []string{"a"}, GroupBy: []string{"Host"}, Fields: []string{"User"}, Timespan: time.Minute, Ranges: bounds("gte 3")},
			[]logged{
				{0, "a", "Host=x User=anna"}, {1, "a", "Host=x User=ANNA"}, {2, "a", "Host=x User=bert"}, {3, "a", "Host=x"},
				{4, "a", "Host=y User=anna"}, {5, "a", "Host=y User=bert"}, {6, "a", "Host=y User=anna"}, {9, "a", "Host=y User=carl"},
			},
			[]string{"Host=y 4-9 n=4 v=3"},
		}, {
			"value_count: several fields are one tuple",
			Correlation{Type: "value_count", Rules: []string{"a"}, Fields: []string{"User", "Ip"}, Timespan: time.Minute, Ranges: bounds("gte 3")},
			[]logged{{0, "a", "User=u Ip=1"}, {1, "a", "User=u Ip=2"}, {2, "a", "User=v Ip=1"}, {3, "a", "User=v Ip=1"}},
			[]string{"0-3 n=4 v=3"},
		}, {
			"temporal: all rules in any order, the same group",
			Correlation{Type: "temporal", Rules: []string{"a", "b", "c"}, GroupBy: []string{"User"}, Timespan: time.Minute},
			[]logged{
				{0, "c", "User=x"}, {10, "a", "User=x"}, {11, "a", "User=y"}, {20, "b", "User=x"}, {30, "b", "User=y"},
				{71.5, "c", "User=y"}, // a at 11 is too long ago
			},
			[]string{"User=x 0-20 n=3 v=3"},
		}, {
			"temporal: so many different rules",
			Correlation{Type: "temporal", Rules: []string{"a", "b", "c"}, Timespan: time.Minute, Ranges: bounds("gte 2")},
			[]logged{{0, "a", ""}, {1, "a", ""}, {2, "c", ""}, {500, "b", ""}, {502, "b", ""}},
			[]string{"0-2 n=3 v=2"},
		}, {
			"temporal: one without the other",
			Correlation{Type: "temporal", Rules: []string{"a", "b"}, GroupBy: []string{"User"}, Timespan: time.Minute, Ranges: bounds("eq 1")},
			[]logged{{0, "a", "User=x"}, {5, "b", "User=x"}, {0, "a", "User=y"}},
			[]string{"User=y 0-0 n=1 v=1"},
		}, {
			"temporal_ordered: order at each step",
			Correlation{Type: "temporal_ordered", Rules: []string{"a", "b", "c"}, GroupBy: []string{"User"}, Timespan: time.Minute},
			[]logged{
				{0, "a", "User=x"}, {1, "b", "User=x"}, {2, "c", "User=x"},
				{0, "a", "User=y"}, {1, "c", "User=y"}, {2, "b", "User=y"},
				{0, "b", "User=z"}, {1, "a", "User=z"}, {2, "c", "User=z"}, {3, "b", "User=z"}, {4, "c", "User=z"},
				{0, "a", "User=w"}, {50, "b", "User=w"}, {61, "c", "User=w"},
			},
			[]string{"User=x 0-2 n=3 v=3", "User=z 0-4 n=5 v=3"},
		}, {
			"temporal_ordered: a later start is what counts",
			Correlation{Type: "temporal_ordered", Rules: []string{"a", "b"}, Timespan: time.Minute},
			[]logged{{0, "a", ""}, {100, "a", ""}, {101, "a", ""}, {150, "b", ""}},
			[]string{"100-150 n=3 v=2"},
		}, {
			"temporal_ordered: events of one time may be in order, one event is one step",
			Correlation{Type: "temporal_ordered", Rules: []string{"a", "b"}, GroupBy: []string{"User"}, Timespan: time.Minute},
			[]logged{{7, "b", "User=x"}, {7, "a", "User=x"}, {8, "a b", "User=y"}, {9, "a b", "User=z"}, {10, "a b", "User=z"}},
			[]string{"User=x 7-7 n=2 v=2", "User=z 9-10 n=2 v=2"},
		}, {
			"temporal_ordered: the same rule twice is two events",
			Correlation{Type: "temporal_ordered", Rules: []string{"a", "b", "a"}, GroupBy: []string{"User"}, Timespan: time.Minute},
			[]logged{{0, "a", "User=x"}, {1, "b", "User=x"}, {2, "a", "User=x"}, {0, "b", "User=y"}, {1, "a", "User=y"}, {2, "a", "User=y"}},
			[]string{"User=x 0-2 n=3 v=3"},
		}, {
			"value_sum: what is no decimal number is left out",
			Correlation{Type: "value_sum", Rules: []string{"a"}, GroupBy: []string{"User"}, Fields: []string{"Bytes"}, Timespan: time.Minute, Ranges: bounds("gt 100")},
			[]logged{
				{0, "a", "User=x Bytes=60"}, {10, "a", "User=x Bytes=-"}, {20, "a", "User=x Bytes=0x99"}, {30, "a", "User=x Bytes=40.5"},
				{0, "a", "User=y Bytes=100"}, {61, "a", "User=y Bytes=50"}, {62, "a", "User=y Bytes=NaN"}, {63, "a", "User=y Bytes=1e999"},
			},
			[]string{"User=x 0-30 n=2 v=100.5"},
		}, {
			"value_avg: over the whole window",
			Correlation{Type: "value_avg", Rules: []string{"a"}, GroupBy: []string{"User"}, Fields: []string{"Bytes"}, Timespan: time.Minute, Ranges: bounds("gt 10")},
			[]logged{
				{0, "a", "User=x Bytes=30"}, {1, "a", "User=x Bytes=-20"}, // 30 alone would do, but it is not alone
				{0, "a", "User=y Bytes=6"}, {1, "a", "User=y Bytes=18"},
			},
			[]string{"User=y 0-1 n=2 v=12"},
		}, {
			"value_median of an even number is the mean of the middle two",
			Correlation{Type: "value_median", Rules: []string{"a"}, Fields: []string{"N"}, Timespan: time.Minute, Ranges: bounds("eq 2.5")},
			[]logged{{0, "a", "N=1"}, {1, "a", "N=100"}, {2, "a", "N=2"}, {3, "a", "N=3"}},
			[]string{"0-3 n=4 v=2.5"},
		}, {
			"value_percentile interpolates",
			Correlation{Type: "value_percentile", Percentile: 90, Rules: []string{"a"}, Fields: []string{"N"}, Timespan: time.Minute, Ranges: bounds("gte 9.1 lt 9.2")},
			[]logged{{0, "a", "N=1"}, {1, "a", "N=2"}, {2, "a", "N=3"}, {3, "a", "N=4"}, {4, "a", "N=5"}, {5, "a", "N=6"}, {6, "a", "N=7"}, {7, "a", "N=8"}, {8, "a", "N=9"}, {9, "a", "N=10"}},
			[]string{"0-9 n=10 v=9.1"},
		}, {
			"aliases: each rule calls it otherwise, by name or by id",
			Correlation{
				Type: "temporal", Rules: []string{"a", "id-b"}, GroupBy: []string{"internal", "remote"}, Timespan: time.Minute,
				Aliases: map[string]map[string]string{
					"internal": {"a": "Dst", "b": "Src"}, "remote": {"id-a": "Src", "id-b": "Dst"},
				},
			},
			[]logged{{0, "a", "Dst=in Src=out"}, {1, "b", "Dst=out Src=in"}, {2, "b", "Dst=in Src=other"}},
			[]string{"internal=in remote=out 0-1 n=2 v=2"},
		}, {
			"field names are taken without spaces",
			Correlation{Type: "event_count", Rules: []string{"a"}, GroupBy: []string{"Threat Name"}, Timespan: time.Minute, Ranges: bounds("gte 1")},
			[]logged{{0, "a", "ThreatName=x"}},
			[]string{"Threat Name=x 0-0 n=1 v=1"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, _ := correlate(t, collection("a b c", &c.k), CorrelatorOptions{}, c.log)
			if diff := cmp.Diff(c.want, briefs(got)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

// failures are n failed logins of a user, one each second.
func failures(from float64, n int, fields string) (l []logged) {
	for i := range n {
		l = append(l, logged{from + float64(i), "failed", fields})
	}
	return l
}

func TestT28_Chain(t *testing.T) {
	many := func() *Correlation {
		return &Correlation{Title: "many", Name: "many", Type: "event_count", Rules: []string{"failed"}, GroupBy: []string{"User"}, Timespan: 10 * time.Minute, Ranges: bounds("gte 10"), Silent: true}
	}
	broken := &Correlation{Title: "broken in", Type: "temporal_ordered", Rules: []string{"many", "success"}, GroupBy: []string{"User"}, Timespan: 10 * time.Minute}
	success := func(at float64, fields string) []logged { return []logged{{at, "success", fields}} }
	perHost := func() *Correlation { k := many(); k.GroupBy = []string{"Host"}; return k }
	campaign := &Correlation{Title: "campaign", Type: "event_count", Rules: []string{"many"}, GroupBy: []string{"Host"}, Timespan: time.Hour, Ranges: bounds("gte 2")}
	sprayed := &Correlation{Title: "sprayed", Type: "value_count", Rules: []string{"many"}, Fields: []string{"User"}, Timespan: time.Hour, Ranges: bounds("gte 3")}
	for _, c := range []struct {
		name string
		ks   []*Correlation
		log  []logged
		want []string
	}{
		{
			"failed logins, then success", []*Correlation{broken, many()},
			slices.Concat(failures(0, 12, "User=x"), success(100, "User=X")),
			[]string{"User=x 0-100 n=13 v=2"},
		}, {
			"success before the tenth failure", []*Correlation{broken, many()},
			slices.Concat(failures(0, 9, "User=x"), success(8.5, "User=x"), failures(9, 1, "User=x")),
			[]string{},
		}, {
			"too few", []*Correlation{broken, many()},
			slices.Concat(failures(0, 9, "User=x"), success(100, "User=x")),
			[]string{},
		}, {
			"another user's success", []*Correlation{broken, many()},
			slices.Concat(failures(0, 12, "User=x"), success(100, "User=y")),
			[]string{},
		}, {
			"the failures go on for an hour: their end counts, not only the moment when there were ten", []*Correlation{broken, many()},
			slices.Concat(failures(0, 3600, "User=x"), success(3700, "User=x")),
			[]string{"User=x 3100-3700 n=501 v=2"},
		}, {
			// "Even if the rule many_failed_logins groups by the ComputerName field, the correlation
			// rule only uses its own group-by User" (specification, "Ordered Temporal Proximity").
			"grouped by what the correlation below does not group by", []*Correlation{broken, perHost()},
			slices.Concat(failures(0, 6, "Host=h User=x"), failures(10, 6, "Host=h User=y"), success(60, "Host=h User=x")),
			[]string{"User=x 0-60 n=7 v=2"},
		}, {
			"an episode counts once", []*Correlation{campaign, many()},
			slices.Concat(failures(0, 50, "Host=h User=x"), failures(20, 9, "Host=h User=y")),
			[]string{},
		}, {
			"two episodes count twice", []*Correlation{campaign, many()},
			slices.Concat(failures(0, 50, "Host=h User=x"), failures(20, 10, "Host=h User=y")),
			[]string{"Host=h 0-49 n=60 v=2"},
		}, {
			"values below an episode", []*Correlation{sprayed, perHost()},
			slices.Concat(failures(0, 5, "Host=h User=x"), failures(5, 5, "Host=h User=y"), failures(10, 1, "Host=h User=z")),
			[]string{"0-10 n=11 v=3"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, _ := correlate(t, collection("failed success", c.ks...), CorrelatorOptions{}, c.log)
			if diff := cmp.Diff(c.want, briefs(got)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestT28_ChainAlias(t *testing.T) {
	inner := &Correlation{
		Title: "inner", Name: "inner", Type: "event_count", Rules: []string{"a"}, GroupBy: []string{"who"}, Timespan: time.Minute,
		Ranges: bounds("gte 2"), Aliases: map[string]map[string]string{"who": {"a": "Target"}}, Silent: true,
	}
	outer := &Correlation{
		Title: "outer", Type: "temporal", Rules: []string{"inner", "b"}, GroupBy: []string{"account"}, Timespan: time.Minute,
		Aliases: map[string]map[string]string{"account": {"inner": "who", "b": "Subject"}},
	}
	got, _ := correlate(t, collection("a b", outer, inner), CorrelatorOptions{}, []logged{
		{0, "a", "Target=x"}, {1, "a", "Target=x"}, {2, "b", "Subject=x Target=y"},
	})
	if diff := cmp.Diff([]string{"account=x 0-2 n=3 v=2"}, briefs(got)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestT28_MatchTellsItsEvents(t *testing.T) {
	k := &Correlation{Title: "k", Type: "event_count", Rules: []string{"a"}, Timespan: time.Hour, Ranges: bounds("gte 2")}
	var log []logged
	for i := range 30 {
		log = append(log, logged{float64(i), "a", fmt.Sprintf("Host=host%02d", i%3)})
	}
	got, _ := correlate(t, collection("a", k), CorrelatorOptions{}, log)
	if len(got) != 1 {
		t.Fatalf("found %d matches, want 1", len(got))
	}
	m := got[0]
	if diff := cmp.Diff([]string{"host00", "host01", "host02"}, m.Hosts); diff != "" {
		t.Errorf("hosts (-want +got)\n%s", diff)
	}
	if len(m.Events) != maxEvents || m.Omitted != 20 {
		t.Fatalf("%d events, %d omitted, want %d and 20", len(m.Events), m.Omitted, maxEvents)
	}
	for i, n := range []int{0, 1, 2, 3, 4, 25, 26, 27, 28, 29} {
		e := loggedEvent(log[n], n)
		want := EventRef{Time: e.Time, Source: e.Source, Host: e.Computer, Channel: e.Channel, EventID: e.EventID, RecordID: e.RecordID}
		if m.Events[i].Rule == nil || m.Events[i].Rule.Name != "a" {
			t.Errorf("event %d: rule %v, want a", i, m.Events[i].Rule)
		}
		m.Events[i].Rule = nil
		if diff := cmp.Diff(want, m.Events[i]); diff != "" {
			t.Errorf("event %d (-want +got)\n%s", i, diff)
		}
	}
}

func TestT28_LeftOut(t *testing.T) {
	k := &Correlation{Title: "k", Type: "value_sum", Rules: []string{"a"}, GroupBy: []string{"User"}, Fields: []string{"N"}, Timespan: time.Hour, Ranges: bounds("gte 1")}
	c := collection("a b", k)
	x, err := NewCorrelator(c, CorrelatorOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer x.Close()
	if !x.Wants(c.Rules[0]) || x.Wants(c.Rules[1]) {
		t.Errorf("Wants(a), Wants(b) = %v, %v, want true, false", x.Wants(c.Rules[0]), x.Wants(c.Rules[1]))
	}
	for i, l := range []logged{{0, "", "User=u N=1"}, {1, "", "N=1"}, {2, "", "User=u"}, {3, "", "User=u N=one"}, {4, "", "User=u N=1"}, {5, "", "User=u N=1"}} {
		e := loggedEvent(l, i)
		if i == 4 {
			e.Time = time.Time{}
		}
		if i == 5 {
			e.Time = event.FileTimeToTime(math.MaxUint64)
		}
		for _, r := range c.Rules {
			if err := x.Add(x.Observe(r, e)); err != nil {
				t.Fatal(err)
			}
		}
	}
	n := 0
	if err := x.Finish(func(m CorrelationMatch) error { n += m.Count; return nil }); err != nil {
		t.Fatal(err)
	}
	want := CorrelationStats{Observations: 6, NoTime: 2, NoGroup: 1, NoValue: 1, NotNumeric: 1}
	if diff := cmp.Diff(want, x.Stats()); diff != "" || n != 1 {
		t.Errorf("%d events in matches, want 1; stats (-want +got)\n%s", n, diff)
	}
	if err := x.Finish(nil); err == nil {
		t.Error("a second Finish = nil, want an error")
	}
}

// The observation must not change when the reader reuses its buffer.
func TestT28_ObservationOutlivesEvent(t *testing.T) {
	k := &Correlation{Title: "k", Type: "event_count", Rules: []string{"a"}, GroupBy: []string{"User"}, Timespan: time.Hour, Ranges: bounds("gte 1")}
	c := collection("a", k)
	x, err := NewCorrelator(c, CorrelatorOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer x.Close()
	e := loggedEvent(logged{0, "", "User=anna"}, 0)
	o := x.Observe(c.Rules[0], e)
	copy(e.Values[0].Raw, "XXXX")
	if err := x.Add(o); err != nil {
		t.Fatal(err)
	}
	if err := x.Finish(func(m CorrelationMatch) error {
		if m.Group[0].Value != "anna" {
			t.Errorf("group %q, want anna", m.Group[0].Value)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
}

func TestT28_ObserveConcurrently(t *testing.T) {
	k := &Correlation{Title: "k", Type: "event_count", Rules: []string{"a"}, GroupBy: []string{"User"}, Timespan: time.Hour, Ranges: bounds("gte 1")}
	c := collection("a", k)
	x, err := NewCorrelator(c, CorrelatorOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer x.Close()
	const workers, each = 4, 50
	seen := make([][]Observation, workers)
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			for i := range each {
				seen[w] = append(seen[w], x.Observe(c.Rules[0], loggedEvent(logged{float64(i), "", "User=u"}, w*each+i)))
			}
		})
	}
	wg.Wait()
	for _, o := range slices.Concat(seen...) {
		if err := x.Add(o); err != nil {
			t.Fatal(err)
		}
	}
	if err := x.Finish(func(m CorrelationMatch) error {
		if m.Count != workers*each {
			t.Errorf("%d events, want %d", m.Count, workers*each)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
}

func TestT28_Refused(t *testing.T) {
	base := func(f func(*Correlation)) []*Correlation {
		k := &Correlation{File: "k.yml", Line: 3, Title: "k", Name: "k", Type: "event_count", Rules: []string{"a"}, Timespan: time.Hour, Ranges: bounds("gte 1")}
		f(k)
		return []*Correlation{k}
	}
	var doubling []*Correlation // each refers twice to the one before: 2^n ways
	for i := range 14 {
		ref := []string{"a"}
		if i > 0 {
			ref = []string{fmt.Sprint("n", i-1), fmt.Sprint("i", i-1)}
		}
		doubling = append(doubling, &Correlation{Title: "doubling", Name: fmt.Sprint("n", i), ID: fmt.Sprint("i", i), Type: "temporal", Rules: ref, Timespan: time.Hour})
	}
	var deep []*Correlation
	for i := range 40 {
		deep = append(deep, &Correlation{Title: "deep", Name: fmt.Sprint("n", i), Type: "temporal", Rules: []string{fmt.Sprint("n", i+1)}, Timespan: time.Hour})
	}
	deep = append(deep, &Correlation{Title: "deep", Name: "n40", Type: "temporal", Rules: []string{"a"}, Timespan: time.Hour})
	for _, c := range []struct {
		name string
		ks   []*Correlation
		want string // part of the error; "" if it is fine
	}{
		{"fine", base(func(*Correlation) {}), ""},
		{"unknown reference", base(func(k *Correlation) { k.Rules = []string{"a", "nobody"} }), `k.yml:3: correlation "k": refers to "nobody"`},
		{"refers to itself", base(func(k *Correlation) { k.Rules = []string{"k"} }), "refers to itself"},
		{"unknown type", base(func(k *Correlation) { k.Type = "near" }), `"near"`},
		{"no timespan", base(func(k *Correlation) { k.Timespan = 0 }), "timespan"},
		{"no condition", base(func(k *Correlation) { k.Ranges = nil }), "condition"},
		{"unknown operator", base(func(k *Correlation) { k.Ranges = bounds("about 3") }), `"about"`},
		{"value_count of nothing", base(func(k *Correlation) { k.Type = "value_count" }), "condition.field"},
		{"sum of two fields", base(func(k *Correlation) { k.Type, k.Fields = "value_sum", []string{"x", "y"} }), "condition.field"},
		{"percentile", base(func(k *Correlation) { k.Type, k.Fields, k.Percentile = "value_percentile", []string{"x"}, 101 }), "percentile"},
		{"more than a window holds", base(func(k *Correlation) { k.Ranges = bounds("gt 1e9") }), "count below"},
		{"exponential ways are bounded", doubling, ""},
		{"exponential ways beyond the bound", append(doubling[:14:14], base(func(k *Correlation) {
			k.Type, k.Ranges, k.Rules = "temporal", nil, nil
			for i := range 14 {
				k.Rules = append(k.Rules, fmt.Sprint("n", i), fmt.Sprint("i", i))
			}
			for range 3 {
				k.Rules = append(k.Rules, k.Rules...)
			}
			k.Type = "temporal_ordered"
		})...), "ways from rules"},
		{"too deep", deep, "in a chain"},
	} {
		t.Run(c.name, func(t *testing.T) {
			x, err := NewCorrelator(collection("a", c.ks...), CorrelatorOptions{})
			if err == nil {
				defer x.Close()
			}
			if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
				t.Errorf("error %v, want %q in it", err, c.want)
			}
		})
	}
}

func TestT28_WarnsOfAbsence(t *testing.T) {
	for _, c := range []struct {
		ranges string
		want   int
	}{{"gte 1", 0}, {"lt 5", 1}, {"lte 5", 1}, {"eq 5", 0}, {"neq 5", 1}, {"gt 0 lt 5", 0}, {"gte 0", 1}} {
		k := &Correlation{Title: "k", File: "k.yml", Line: 7, Type: "event_count", Rules: []string{"a"}, Timespan: time.Hour, Ranges: bounds(c.ranges)}
		all := collection("a", k)
		all.Resolve()
		if got := len(all.Warnings); got != c.want || len(all.Rejected) > 0 {
			t.Errorf("%s: %d warnings, %d rejected, want %d and none", c.ranges, got, len(all.Rejected), c.want)
		}
	}
}

// What can't be evaluated is rejected with its reason, and so is what rests on it; the rest runs.
func TestT28_ResolveRejects(t *testing.T) {
	ks := []*Correlation{
		{Title: "good", Type: "event_count", Rules: []string{"b"}, Timespan: time.Hour, Ranges: bounds("gte 2")},
		{Title: "above", File: "above.yml", Type: "temporal", Rules: []string{"too many", "b"}, Timespan: time.Hour},
		{Title: "too many", Name: "too many", File: "many.yml", Line: 5, Type: "event_count", Rules: []string{"b"}, Timespan: time.Hour, Ranges: bounds("gte 1e9")},
		{Title: "a", Name: "a", File: "same.yml", Type: "temporal", Rules: []string{"a"}, Timespan: time.Hour}, // has the name of a rule
	}
	c := collection("a b", ks...)
	c.Resolve()
	var got []string
	for _, r := range c.Rejected {
		got = append(got, fmt.Sprintf("%s:%d %s: %s", r.File, r.Line, r.Rule, r.Reason))
	}
	want := []string{
		`above.yml:0 above: correlation: refers to "too many": no rule has that id or name`,
		`many.yml:5 too many: correlation: want a count below 131072, found 1e+09`,
		`same.yml:0 a: correlation: refers to itself, perhaps through others`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("rejected (-want +got)\n%s", diff)
	}
	if len(c.Correlations) != 1 {
		t.Errorf("%d correlations left, want 1", len(c.Correlations))
	}
	k, err := NewCorrelator(c, CorrelatorOptions{})
	if err != nil {
		t.Fatal(err)
	}
	k.Close()
}

// Spilling to temporary files must change nothing, and leave nothing behind.
func TestT28_Spill(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	c, _ := randomCorrelations(rnd)
	var log []logged
	for range 3000 {
		log = append(log, randomEvent(rnd))
	}
	want, _ := correlate(t, c, CorrelatorOptions{}, log)
	dir := t.TempDir()
	got, stats := correlate(t, c, CorrelatorOptions{MemoryLimit: 20_000, TempDir: dir}, log)
	if stats.Spilled == 0 {
		t.Error("nothing spilled")
	}
	if len(want) == 0 {
		t.Error("no matches: the test shows nothing")
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-in memory +spilled)\n%s", diff)
	}
	left, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
}

func TestT28_SpillFails(t *testing.T) {
	k := &Correlation{Title: "k", Type: "event_count", Rules: []string{"a"}, Timespan: time.Hour, Ranges: bounds("gte 1")}
	c := collection("a", k)
	x, err := NewCorrelator(c, CorrelatorOptions{MemoryLimit: 1, TempDir: filepath.Join(t.TempDir(), "gone")})
	if err != nil {
		t.Fatal(err)
	}
	defer x.Close()
	for i := range 3 {
		err = errors.Join(err, x.Add(x.Observe(c.Rules[0], loggedEvent(logged{0, "", ""}, i))))
	}
	if !errors.Is(err, os.ErrNotExist) {
		t.Errorf("error %v, want one that says the folder does not exist", err)
	}
}

// A flood may push out the oldest events of its window; it is told, and the threshold still holds.
func TestT28_Flood(t *testing.T) {
	k := &Correlation{Title: "k", Type: "event_count", Rules: []string{"a"}, Timespan: time.Hour, Ranges: bounds("gte 1000")}
	c := collection("a", k)
	x, err := NewCorrelator(c, CorrelatorOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer x.Close()
	const n = maxWindow + 1000
	e := loggedEvent(logged{0, "", ""}, 0)
	for i := range n {
		e.Source.Offset, e.Time = int64(i), start.Add(time.Duration(i)*time.Microsecond)
		if err := x.Add(x.Observe(c.Rules[0], e)); err != nil {
			t.Fatal(err)
		}
	}
	var got []CorrelationMatch
	if err := x.Finish(func(m CorrelationMatch) error { got = append(got, m); return nil }); err != nil {
		t.Fatal(err)
	}
	if len(got) != 1 || got[0].Count != n || x.Stats().Dropped < 1000 {
		t.Errorf("%v, %d forgotten, want one match of %d events and 1000 forgotten or more", briefs(got), x.Stats().Dropped, n)
	}
}
