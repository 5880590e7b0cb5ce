package hunt

import (
	"bufio"
	"encoding/json"
	"io"
	"strconv"

	"aldebaran/escape"
	"aldebaran/evidence"
	"aldebaran/finding"
	"aldebaran/match/sigma"
)

// A JSON writes one document with everything that a hunt comes to; see docs/formats/findings.md.
type JSON struct {
	w      *bufio.Writer
	fields fieldEncoder
	err    error
}

// NewJSON makes an output that writes one JSON document at the end.
func NewJSON(w io.Writer) *JSON { return &JSON{w: bufio.NewWriterSize(w, writeSize)} }

// Match does nothing: matches are in the findings.
func (j *JSON) Match(*Match) error { return nil }

// Correlation does nothing: they are in the findings.
func (j *JSON) Correlation(*Correlation) error { return nil }

// Finish writes the document, part by part: findings with their samples are not all held in memory
// a second time.
func (j *JSON) Finish(r *Result) error {
	j.text("{\n")
	j.member("summary", summaryDoc(r), ",\n")
	j.member("rules", ruleDoc(r.Rules), ",\n")
	if r.Answer != nil {
		j.member("answer", answerDoc(r), ",\n")
	}
	list(j, "sources", r.Sources, func(s Source) any { return sourceDoc(s) })
	list(j, "skipped", r.Skipped, func(s evidence.Skip) any { return s })
	list(j, "logs", r.Logs, func(l Log) any { return l })
	list(j, "findings", r.Findings, func(f finding.Finding) any { return j.finding(f) })
	list(j, "timeline", r.Timeline.Buckets(), func(b finding.Bucket) any {
		return bucketDoc{stamp(b.Start), levels(b.Matches)}
	})
	j.member("timeline_step_seconds", int64(r.Timeline.Step().Seconds()), ",\n")
	notes := r.Notes
	if notes == nil {
		notes = []string{}
	}
	j.member("notes", notes, "\n")
	j.text("}\n")
	if j.err != nil {
		return j.err
	}
	return j.w.Flush()
}

func (j *JSON) text(s string) {
	if j.err == nil {
		_, j.err = j.w.WriteString(s)
	}
}

func (j *JSON) member(name string, value any, end string) {
	j.text("  " + string(escape.AppendJSON(nil, name)) + ": ")
	j.value(value, "  ")
	j.text(end)
}

func list[T any](j *JSON, name string, items []T, doc func(T) any) {
	j.text("  " + string(escape.AppendJSON(nil, name)) + ": [")
	for i, item := range items {
		if i > 0 {
			j.text(",")
		}
		j.text("\n    ")
		j.value(doc(item), "    ")
	}
	if len(items) > 0 {
		j.text("\n  ")
	}
	j.text("],\n")
}

func (j *JSON) value(v any, indent string) {
	if j.err != nil {
		return
	}
	b, err := json.MarshalIndent(v, indent, "  ")
	if err != nil {
		j.err = err
		return
	}
	_, j.err = j.w.Write(escape.JSON(b))
}

// levels are counts by level.
type levels [5]int

// MarshalJSON names them, the most severe first.
func (l levels) MarshalJSON() ([]byte, error) {
	b := []byte{'{'}
	for i := len(l) - 1; i >= 0; i-- {
		b = append(escape.AppendJSON(b, sigma.Levels[i]), ':')
		b = strconv.AppendInt(b, int64(l[i]), 10)
		if i > 0 {
			b = append(b, ',')
		}
	}
	return append(b, '}'), nil
}

type summaryJSON struct {
	Partial          bool     `json:"partial"`
	Complete         bool     `json:"complete"`
	Files            int      `json:"files"`
	OtherFiles       int      `json:"other_files"`
	Unreadable       int      `json:"unreadable"`
	Folders          int      `json:"folders"`
	Bytes            int64    `json:"bytes"`
	Used             int64    `json:"used_bytes"`
	Events           int      `json:"events"`
	DuplicateEvents  int      `json:"duplicate_events"`
	Recovered        int      `json:"recovered_events"`
	FilteredEvents   int      `json:"filtered_events"`
	First            string   `json:"first"`
	Last             string   `json:"last"`
	Hosts            []string `json:"hosts"`
	Matches          int      `json:"matches"`
	DuplicateMatches int      `json:"duplicate_matches"`
	Correlations     int      `json:"correlations"`
	MatchesByLevel   levels   `json:"matches_by_level"`
	Findings         int      `json:"findings"`
	FindingsByLevel  levels   `json:"findings_by_level"`
	DamagedSources   int      `json:"damaged_sources"`
	DamageCount      int      `json:"damage_count"`
	LostRecords      int      `json:"lost_records"`
	LostUnknown      int      `json:"lost_unknown"`
}

func summaryDoc(r *Result) summaryJSON {
	s := &r.Summary
	return summaryJSON{
		Partial: s.Partial, Complete: s.Complete(), Files: s.Files, OtherFiles: s.OtherFiles, Unreadable: s.Unreadable,
		Folders: s.Folders, Bytes: s.Bytes, Used: s.Used, Events: s.Events, DuplicateEvents: s.DuplicateEvents,
		Recovered: s.Recovered, FilteredEvents: s.FilteredEvents, First: s.First, Last: s.Last, Hosts: some(s.Hosts),
		Matches: s.Matches, DuplicateMatches: s.DuplicateMatches, Correlations: s.Correlations,
		MatchesByLevel: s.MatchesByLevel, Findings: s.Findings, FindingsByLevel: s.FindingsByLevel,
		DamagedSources: s.Damaged, DamageCount: s.DamageCount, LostRecords: s.LostRecords, LostUnknown: s.LostUnknown,
	}
}

func ruleDoc(r RuleReport) RuleReport {
	r.Rejected, r.Warnings = some(r.Rejected), some(r.Warnings)
	if r.Skipped == nil {
		r.Skipped = map[string]int{}
	}
	return r
}

func sourceDoc(s Source) Source {
	s.Hosts, s.Channels, s.Damage = some(s.Hosts), some(s.Channels), some(s.Damage)
	return s
}

// some gives an empty list for none: readers of JSON need not tell null from [].
func some[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

type bucketDoc struct {
	Start   string `json:"start"`
	Matches levels `json:"matches"`
}

type findingJSON struct {
	Level       string          `json:"level"`
	Rule        ruleJSON        `json:"rule"`
	Attack      []string        `json:"attack"`
	Tactics     []string        `json:"tactics"`
	Host        string          `json:"host"`
	Hosts       []string        `json:"hosts"`
	First       string          `json:"first"`
	Last        string          `json:"last"`
	Count       int             `json:"count"`
	Samples     []sampleJSON    `json:"samples"`
	Correlation json.RawMessage `json:"correlation,omitempty"`
}

type ruleJSON struct {
	ID             string   `json:"id"`
	Title          string   `json:"title"`
	File           string   `json:"file"`
	Line           int      `json:"line"`
	Status         string   `json:"status"`
	Author         string   `json:"author"`
	Language       string   `json:"language"`
	Description    string   `json:"description"`
	Why            string   `json:"why,omitempty"`
	FalsePositives []string `json:"falsepositives"`
	Next           []string `json:"next"`
	References     []string `json:"references"`
	Tags           []string `json:"tags"`
}

type sampleJSON struct {
	Time     string          `json:"time"`
	Channel  string          `json:"channel"`
	Provider string          `json:"provider"`
	EventID  uint32          `json:"event_id"`
	RecordID uint64          `json:"record_id"`
	Source   json.RawMessage `json:"source"`
	Route    string          `json:"weak_route,omitempty"`
	Cut      bool            `json:"cut,omitempty"`
	Bare     bool            `json:"fields_omitted,omitempty"`
	Fields   json.RawMessage `json:"fields"`
}

func (j *JSON) finding(f finding.Finding) findingJSON {
	r := f.Rule
	doc := findingJSON{
		Level: r.Level,
		Rule: ruleJSON{
			ID: r.ID, Title: r.Title, File: r.File, Line: r.Line, Status: r.Status, Author: r.Author, Language: r.Language,
			Description: r.Description, Why: r.Why, FalsePositives: some(r.FalsePositives), Next: some(r.Next), References: some(r.References), Tags: some(r.Tags),
		},
		Attack: some(f.Attack.Techniques), Tactics: some(f.Attack.Tactics),
		Host: f.Host, Hosts: some(f.Hosts), First: stamp(f.First), Last: stamp(f.Last), Count: f.Count,
		Samples: []sampleJSON{},
	}
	for _, s := range f.Samples {
		e := s.Event
		doc.Samples = append(doc.Samples, sampleJSON{
			Time: stamp(e.Time), Channel: e.Channel, Provider: e.Provider, EventID: e.EventID, RecordID: e.RecordID,
			Source: appendSource(nil, e.Source), Route: s.Route, Cut: s.Cut, Bare: s.Bare, Fields: j.fields.append(nil, e),
		})
	}
	if f.Correlation != nil {
		doc.Correlation = appendCorrelation(nil, f.Correlation)
	}
	return doc
}
