package brief

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"aldebaran/finding"
	"aldebaran/match/sigma"
)

// A Timeline shows for each host when which findings began and ended.
type Timeline struct {
	// First and Last bound it; zero if no finding has a time.
	First time.Time `json:"first,omitzero"`
	Last  time.Time `json:"last,omitzero"`
	// Sentence says what it shows, for those who do not see it.
	Sentence     Sentence       `json:"sentence"`
	Hosts        []TimelineHost `json:"hosts"`
	HostsOmitted int            `json:"hosts_omitted,omitempty"`
	// StraysOmitted counts findings far from all others in time, which would press these together.
	StraysOmitted int `json:"strays_omitted,omitempty"`
}

// A TimelineHost is a row of the timeline.
type TimelineHost struct {
	Host  string    `json:"host"`
	First time.Time `json:"first,omitzero"`
	Last  time.Time `json:"last,omitzero"`
	// Levels counts findings by level, informational first.
	Levels [5]int `json:"levels"`
	// Marks are its findings; those of the same level and times are one.
	Marks []Mark `json:"marks"`
}

// A Mark is one or more findings of a level with the same beginning and end.
type Mark struct {
	Level    string    `json:"level"`
	First    time.Time `json:"first"`
	Last     time.Time `json:"last"`
	Findings int       `json:"findings"`
}

// A picture has room for this much.
const (
	maxTimelineHosts = 12
	maxMarks         = 250 // of one host
	// Findings of this share at either end are left out if the rest gets wider by straysGain: one forged
	// time of 1601 would press all others into one column.
	straysShare = 0.02
	straysGain  = 4
)

// timeline puts findings on the hosts they were made on.
func (m *maker) timeline() {
	t := &m.b.Timeline
	t.Hosts = []TimelineHost{}
	kept := m.withoutStrays()
	rows := map[string]*TimelineHost{}
	whole := wholeNames(m.in.Figures.Hosts)
	for _, f := range kept {
		for _, host := range f.Hosts {
			host = cmp.Or(whole[strings.ToLower(host)], host)
			row := rows[host]
			if row == nil {
				row = &TimelineHost{Host: clean(host), Marks: []Mark{}}
				rows[host] = row
			}
			row.add(f)
		}
	}
	for _, row := range rows {
		slices.SortFunc(row.Marks, func(a, b Mark) int {
			return cmp.Or(severity(a.Level)-severity(b.Level), a.First.Compare(b.First), a.Last.Compare(b.Last))
		})
		row.Marks = slices.DeleteFunc(row.Marks[omitted(len(row.Marks), maxMarks):], func(k Mark) bool { return k.First.IsZero() })
		t.Hosts = append(t.Hosts, *row)
	}
	// The hosts with the most severe findings, and of these the one where it began.
	slices.SortFunc(t.Hosts, func(a, b TimelineHost) int {
		for level := len(a.Levels) - 1; level > 0; level-- {
			if a.Levels[level] > 0 != (b.Levels[level] > 0) {
				return b.Levels[level] - a.Levels[level]
			}
		}
		return cmp.Or(a.First.Compare(b.First), strings.Compare(a.Host, b.Host))
	})
	t.HostsOmitted = omitted(len(t.Hosts), maxTimelineHosts)
	t.Hosts = t.Hosts[:min(len(t.Hosts), maxTimelineHosts)]
	for _, h := range t.Hosts {
		t.First, t.Last = widen(t.First, t.Last, h.First, h.Last)
	}
	m.describeTimeline(t)
}

// wholeNames gives the name with its domain for the first part of it, in lower case: one log writes MAIL01,
// another MAIL01.example.org. If several have that part in common, nobody knows which is meant.
func wholeNames(hosts []string) map[string]string {
	whole := map[string]string{}
	for _, h := range hosts {
		first, _, ok := strings.Cut(strings.ToLower(h), ".")
		if !ok {
			continue
		}
		if _, several := whole[first]; several {
			h = ""
		}
		whole[first] = h
	}
	return whole
}

func (m *maker) describeTimeline(t *Timeline) {
	if t.First.IsZero() {
		t.Sentence = m.sentence("timeline.empty", nil, method())
		return
	}
	t.Sentence = m.sentence("timeline.shows", args{
		"hosts": m.count("hosts", len(t.Hosts)), "first": minute(t.First), "last": minute(t.Last),
	}, m.findingRefs()...)
}

// findingRefs are references to all findings in the brief.
func (m *maker) findingRefs() []Ref {
	var all []Ref
	for _, f := range m.b.Findings {
		all = append(all, Ref{FromFinding, f.ID})
	}
	return orMethod(all)
}

func (h *TimelineHost) add(f *finding.Finding) {
	h.First, h.Last = widen(h.First, h.Last, f.First, f.Last)
	h.Levels[f.Rule.Severity()]++
	mark := Mark{Level: sigma.Levels[f.Rule.Severity()], First: f.First, Last: f.Last, Findings: 1}
	for i := range h.Marks {
		if k := &h.Marks[i]; k.Level == mark.Level && k.First.Equal(mark.First) && k.Last.Equal(mark.Last) {
			k.Findings++
			return
		}
	}
	if len(h.Marks) < 2*maxMarks { // findings come by severity: what is left out is the least
		h.Marks = append(h.Marks, mark)
	}
}

// widen widens a period by another one; zero times do not count.
func widen(first, last, from, to time.Time) (time.Time, time.Time) {
	if !from.IsZero() && (first.IsZero() || from.Before(first)) {
		first = from
	}
	if to.After(last) {
		last = to
	}
	return first, last
}

// withoutStrays gives the findings without those far from the others in time.
func (m *maker) withoutStrays() []*finding.Finding {
	var timed []*finding.Finding
	for i := range m.in.Findings {
		if f := &m.in.Findings[i]; !f.First.IsZero() {
			timed = append(timed, f)
		}
	}
	if len(timed) < 3 {
		return timed
	}
	byTime := slices.Clone(timed)
	slices.SortStableFunc(byTime, func(a, b *finding.Finding) int { return a.First.Compare(b.First) })
	n := max(int(float64(len(byTime))*straysShare), 1)
	inner := byTime[n : len(byTime)-n]
	from, to := inner[0].First.Unix(), inner[len(inner)-1].First.Unix()
	margin := max((to-from)*straysGain, int64(30*24*3600))
	kept := slices.DeleteFunc(timed, func(f *finding.Finding) bool {
		at := f.First.Unix()
		return at < from-margin || at > to+margin
	})
	m.b.Timeline.StraysOmitted = len(byTime) - len(kept)
	return kept
}
