package sigma

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"sort"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// The windows are held against an evaluator that looks at every window anew, in plain loops.

// randomCorrelations makes one collection with a correlation of each kind over rules a, b and c,
// without chains; specs tells them.
func randomCorrelations(rnd *rand.Rand) (c *Collection, specs string) {
	kinds := []string{"event_count", "value_count", "temporal", "temporal_ordered", "value_sum", "value_avg", "value_median", "value_percentile"}
	ranges := []string{"gte 2", "gt 2", "gte 3", "lt 3", "lte 2", "eq 2", "neq 2", "gt 1 lt 4", "gte 4", "lt 2"}
	var ks []*Correlation
	for i, kind := range kinds {
		k := &Correlation{
			Title: fmt.Sprint(i, kind), Type: kind, Timespan: time.Duration(1+rnd.IntN(30)) * time.Second,
			Ranges: bounds(ranges[rnd.IntN(len(ranges))]), Percentile: float64(rnd.IntN(101)),
		}
		k.Rules = [][]string{{"a"}, {"a", "b"}, {"b", "a", "c"}, {"a", "b", "c"}}[rnd.IntN(4)]
		if rnd.IntN(3) > 0 {
			k.GroupBy = []string{"User"}
		}
		if strings.HasPrefix(kind, "value_") {
			k.Fields = []string{"N"}
		}
		if strings.HasPrefix(kind, "temporal") && rnd.IntN(2) == 0 {
			k.Ranges = nil
		}
		ks = append(ks, k)
		specs += fmt.Sprintf("%s %v by %v in %v: %v, percentile %v\n", kind, k.Rules, k.GroupBy, k.Timespan, k.Ranges, k.Percentile)
	}
	return collection("a b c", ks...), specs
}

func randomEvent(rnd *rand.Rand) logged {
	l := logged{at: float64(rnd.IntN(400)), rules: string("abc"[rnd.IntN(3)])}
	if rnd.IntN(2) == 0 {
		l.at = float64(rnd.IntN(60)) / 4
	}
	if rnd.IntN(8) > 0 {
		l.fields += " User=" + string("xyX"[rnd.IntN(3)])
	}
	if rnd.IntN(8) > 0 {
		l.fields += " N=" + []string{"1", "2", "3", "4.5", "-1", "z"}[rnd.IntN(6)]
	}
	return l
}

// naive evaluates one correlation: of every window that ends at an event (or, where the condition
// has an upper bound, that can't grow) whether the condition holds; windows that share events are
// one match.
func naive(k *Correlation, log []logged) []string {
	type ev struct {
		at          time.Duration
		rule, value string
		group       string
	}
	groups := map[string][]ev{}
	for _, l := range log {
		if !slices.Contains(k.Rules, l.rules) {
			continue
		}
		fields := map[string]string{}
		for f := range strings.FieldsSeq(l.fields) {
			name, value, _ := strings.Cut(f, "=")
			fields[name] = value
		}
		e := ev{at: time.Duration(l.at * float64(time.Second)), rule: l.rules}
		if len(k.GroupBy) > 0 {
			user, ok := fields["User"]
			if !ok {
				continue
			}
			e.group = strings.ToLower(user)
		}
		if len(k.Fields) > 0 {
			n, ok := fields["N"]
			if _, err := strconv.ParseFloat(n, 64); !ok || err != nil && k.Type != "value_count" {
				continue
			}
			e.value = n
		}
		groups[e.group] = append(groups[e.group], e)
	}
	value := func(w []ev) float64 {
		var nums []float64
		rules, values := map[string]bool{}, map[string]bool{}
		for _, e := range w {
			f, _ := strconv.ParseFloat(e.value, 64)
			nums = append(nums, f)
			rules[e.rule] = true
			values[e.value] = true
		}
		sum := 0.0
		for _, f := range nums {
			sum += f
		}
		sort.Float64s(nums)
		percentile := func(p float64) float64 {
			r := p / 100 * float64(len(nums)-1)
			low, high := int(math.Floor(r)), int(math.Ceil(r))
			return nums[low] + (r-float64(low))*(nums[high]-nums[low])
		}
		switch k.Type {
		case "event_count":
			return float64(len(w))
		case "value_count":
			return float64(len(values))
		case "temporal":
			return float64(len(rules))
		case "temporal_ordered":
			best := 0
			var extend func(n, from int, at time.Duration)
			extend = func(n, from int, at time.Duration) { // every subset of rules, earliest events first
				best = max(best, n)
				for s := from; s < len(k.Rules); s++ {
					for _, e := range w {
						if e.rule == k.Rules[s] && e.at >= at {
							extend(n+1, s+1, e.at)
							break
						}
					}
				}
			}
			extend(0, 0, math.MinInt64)
			return float64(best)
		case "value_sum":
			return sum
		case "value_avg":
			return sum / float64(len(w))
		case "value_median":
			return percentile(50)
		}
		return percentile(k.Percentile)
	}
	holds := func(v float64) bool {
		if k.Ranges == nil {
			return v >= float64(len(k.Rules))
		}
		ok := true
		for _, r := range k.Ranges {
			switch r.Op {
			case "gt":
				ok = ok && v > r.Value
			case "gte":
				ok = ok && v >= r.Value
			case "lt":
				ok = ok && v < r.Value
			case "lte":
				ok = ok && v <= r.Value
			case "eq":
				ok = ok && v == r.Value
			case "neq":
				ok = ok && v != r.Value
			}
		}
		return ok
	}
	whole := k.Type == "value_avg" || k.Type == "value_median" || k.Type == "value_percentile"
	for _, r := range k.Ranges {
		whole = whole || r.Op != "gt" && r.Op != "gte"
	}
	var found []string
	for _, events := range groups {
		slices.SortStableFunc(events, func(a, b ev) int { return int(a.at - b.at) })
		type span struct{ from, to int } // events[from:to]
		var spans []span
		for i := range events {
			from := i
			for from > 0 && events[i].at-events[from-1].at <= k.Timespan {
				from--
			}
			if i+1 < len(events) && events[i+1].at == events[i].at {
				continue
			}
			if whole && i+1 < len(events) && events[i+1].at-events[from].at <= k.Timespan {
				continue
			}
			if !holds(value(events[from : i+1])) {
				continue
			}
			if n := len(spans); n > 0 && spans[n-1].to > from {
				spans[n-1].to = i + 1
			} else {
				spans = append(spans, span{from, i + 1})
			}
		}
		for _, s := range spans {
			found = append(found, fmt.Sprintf("%s %q %v-%v n=%d", k.Title, events[0].group, events[s.from].at.Seconds(), events[s.to-1].at.Seconds(), s.to-s.from))
		}
	}
	return found
}

func TestT28_AgainstEveryWindow(t *testing.T) {
	matches := 0
	for seed := range uint64(300) {
		rnd := rand.New(rand.NewPCG(seed, 28))
		c, specs := randomCorrelations(rnd)
		var log []logged
		for range 1 + rnd.IntN(40) {
			log = append(log, randomEvent(rnd))
		}
		var want []string
		for _, k := range c.Correlations {
			want = append(want, naive(k, log)...)
		}
		opt := CorrelatorOptions{}
		if seed%10 == 0 {
			opt = CorrelatorOptions{MemoryLimit: 1500, TempDir: t.TempDir()}
		}
		found, _ := correlate(t, c, opt, log)
		var got []string
		for i, m := range found {
			group := ""
			if len(m.Group) > 0 {
				group = strings.ToLower(m.Group[0].Value)
			}
			got = append(got, fmt.Sprintf("%s %q %v-%v n=%d", m.Correlation.Title, group, m.First.Sub(start).Seconds(), m.Last.Sub(start).Seconds(), m.Count))
			if i > 0 && m.First.Before(found[i-1].First) {
				t.Errorf("seed %d: match %d comes before match %d", seed, i, i-1)
			}
		}
		matches += len(got)
		slices.Sort(want)
		slices.Sort(got)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("seed %d (-every window +correlator)\n%s\n%s\n%v", seed, diff, specs, log)
		}
	}
	if matches < 1000 {
		t.Errorf("%d matches in all: the test shows too little", matches)
	}
}
