package finding

import (
	"maps"
	"slices"
	"time"

	"aldebaran/match"
)

// maxBuckets bounds a timeline: a week of minutes, and for longer times hours or days.
const maxBuckets = 10_080

// A Timeline counts matches by level over time. The zero value is ready for use. It counts in
// minutes as long as there are not too many different ones, then in coarser steps; the order of
// the matches makes no difference.
type Timeline struct {
	step    int64 // seconds of a bucket
	buckets map[int64]*Bucket
}

// A Bucket is one step of a timeline.
type Bucket struct {
	// Start is when it begins.
	Start time.Time
	// Matches counts matches by the rank of their level; see [match.Severity].
	Matches [5]int
}

// Add counts one match. Times of zero are left out.
func (t *Timeline) Add(m *match.Match) {
	at := m.Event.Time
	if at.IsZero() {
		return
	}
	if t.buckets == nil {
		t.step, t.buckets = 60, map[int64]*Bucket{}
	}
	key := floor(at.Unix(), t.step)
	b := t.buckets[key]
	if b == nil {
		b = &Bucket{}
		t.buckets[key] = b
		for len(t.buckets) > maxBuckets {
			t.coarsen()
		}
		b = t.buckets[floor(at.Unix(), t.step)]
	}
	b.Matches[m.Rule.Severity()]++
}

// coarsen doubles the step.
func (t *Timeline) coarsen() {
	t.step *= 2
	old := t.buckets
	t.buckets = make(map[int64]*Bucket, len(old))
	for key, b := range old {
		key = floor(key, t.step)
		sum := t.buckets[key]
		if sum == nil {
			t.buckets[key] = b
			continue
		}
		for i, n := range b.Matches {
			sum.Matches[i] += n
		}
	}
}

// Step is how long a bucket is; 0 if there are none.
func (t *Timeline) Step() time.Duration { return time.Duration(t.step) * time.Second }

// Buckets gives those that are not empty, in order of time.
func (t *Timeline) Buckets() []Bucket {
	all := make([]Bucket, 0, len(t.buckets))
	for _, key := range slices.Sorted(maps.Keys(t.buckets)) {
		b := *t.buckets[key]
		b.Start = time.Unix(key, 0).UTC()
		all = append(all, b)
	}
	return all
}

// Columns sums buckets up into n columns of equal width from the first to the last bucket, for a
// picture of the timeline. Each column is given by the counts of its matches by level, width in
// seconds: forged times are further apart than a time.Duration can say.
func Columns(buckets []Bucket, step time.Duration, n int) (columns [][5]int, width int64) {
	if len(buckets) == 0 || n < 1 {
		return nil, 0
	}
	first, last := buckets[0].Start.Unix(), buckets[len(buckets)-1].Start.Unix()
	secs := int64(step / time.Second)
	total := (last-first)/secs + 1 // buckets, the empty ones too
	each := (total + int64(n) - 1) / int64(n)
	columns = make([][5]int, min(int64(n), (total+each-1)/each))
	for _, b := range buckets {
		c := &columns[min((b.Start.Unix()-first)/secs/each, int64(len(columns)-1))]
		for i, k := range b.Matches {
			c[i] += k
		}
	}
	return columns, each * secs
}

// floor rounds towards the past: times before 1970 are negative.
func floor(n, step int64) int64 {
	m := n % step
	if m < 0 {
		m += step
	}
	return n - m
}
