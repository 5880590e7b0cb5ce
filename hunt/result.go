package hunt

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"aldebaran/event"
	"aldebaran/evidence"
	"aldebaran/finding"
	"aldebaran/match/sigma"
	"aldebaran/plan"
	"aldebaran/verdict"
)

// A Result is what a hunt comes to. Its parts are sorted, and nothing in it but Took depends on the
// clock or on the number of workers.
type Result struct {
	Summary  Summary
	Sources  []Source
	Skipped  []evidence.Skip
	Logs     []Log
	Rules    RuleReport
	Findings []finding.Finding
	Timeline *finding.Timeline
	// Surveyed is what each log of each host can show, if Options.Watch was set.
	Surveyed []SurveyedLog
	// Plan is what the question of the options was taken to mean, Answer the verdicts; nil without one.
	Plan   *plan.Plan
	Answer *verdict.Report
	// Skews are the clocks of which two logs show the same events.
	Skews []evidence.Skew
	// Recover says that stale records were asked for.
	Recover bool
	// Notes are remarks for people: what was left out because a maximum was reached.
	Notes []string
	// Took is how long it took, if there was a clock. It is for people only: no output that is the
	// same for the same evidence has it.
	Took Took
	// looked says that nothing was hunted for: see Survey.
	looked bool
}

// Took is how long the stages of a hunt took.
type Took struct{ Rules, Reading time.Duration }

// A Summary is a hunt in figures. Levels are in the order of sigma.Levels.
type Summary struct {
	// Partial says that the hunt was interrupted: there is evidence that was not read.
	Partial bool
	// Files were read; OtherFiles are none that we read or are read under another name; Unreadable
	// could not be read though they should have been.
	Files, OtherFiles, Unreadable int
	// Folders were searched.
	Folders int
	// Bytes is the size of the files that were read, Used what of it held records.
	Bytes, Used int64
	// Events is the number of different events, DuplicateEvents that of copies of them, Recovered
	// the number of stale records among them, FilteredEvents that of those outside the wanted time
	// and hosts.
	Events, DuplicateEvents, Recovered, FilteredEvents int
	// Matches are those of rules on events, Correlations those of correlation rules.
	Matches, DuplicateMatches, Correlations int
	MatchesByLevel                          [5]int
	Findings                                int
	FindingsByLevel                         [5]int
	// First and Last are the times of the first and the last event; "" if there are none.
	First, Last string
	Hosts       []string
	// Damaged is the number of sources in which something is wrong, DamageCount the number of such
	// places; LostRecords could not be read, and at LostUnknown places it is not known how many.
	Damaged, DamageCount, LostRecords, LostUnknown int
}

// Complete tells whether all evidence was read: no file unreadable, no record lost.
func (s *Summary) Complete() bool {
	return !s.Partial && s.Unreadable == 0 && s.LostRecords == 0 && s.LostUnknown == 0
}

func (s *Summary) add(src *Source) {
	if !src.Container {
		s.Files++
		s.Bytes += src.Size
	}
	s.Used += src.Used
	s.Events += src.Events - src.DuplicateEvents
	s.DuplicateEvents += src.DuplicateEvents
	s.Recovered += src.Recovered
	s.DamageCount += src.DamageCount
	s.LostRecords += src.LostRecords
	s.LostUnknown += src.LostUnknown
	if src.DamageCount > 0 {
		s.Damaged++
	}
}

// A Source is one file that was read.
type Source struct {
	Path   string `json:"path"`
	Format string `json:"format"`
	// Container says that it is an archive or a packed file: what is in it are sources of their own.
	Container bool `json:"container,omitempty"`
	// Host is the one that most events are of; Hosts are all, at most maxHosts.
	Host            string   `json:"host"`
	Hosts           []string `json:"hosts"`
	HostsOmitted    int      `json:"hosts_omitted,omitempty"`
	Channels        []string `json:"channels"`
	ChannelsOmitted int      `json:"channels_omitted,omitempty"`
	Size            int64    `json:"size"`
	Used            int64    `json:"used_bytes"`
	Events          int      `json:"events"`
	// First and Last are the times of the first and the last event.
	First   string `json:"first"`
	Last    string `json:"last"`
	Matches int    `json:"matches"`
	// Clock says in which time zone the source's times were written, where that is a question.
	Clock event.Clock `json:"clock,omitzero"`
	// DuplicateEvents are copies of events that were read before, here or in another source;
	// DuplicateOf is the source that this one is a copy of.
	DuplicateEvents int    `json:"duplicate_events,omitempty"`
	DuplicateOf     string `json:"duplicate_of,omitempty"`
	Recovered       int    `json:"recovered,omitempty"`
	SHA256          string `json:"sha256,omitempty"`
	// Damage lists at most maxDamage places of DamageCount.
	Damage      []Damage `json:"damage"`
	DamageCount int      `json:"damage_count,omitempty"`
	LostRecords int      `json:"lost_records,omitempty"`
	LostUnknown int      `json:"lost_unknown,omitempty"`
}

// Damage is a place that could not be read, for outputs; see event.Damage.
type Damage struct {
	Offset int64  `json:"offset"`
	Chunk  *int   `json:"chunk,omitempty"`
	Record uint64 `json:"record,omitempty"`
	What   string `json:"what"`
	Want   string `json:"want"`
	Found  string `json:"found"`
	// Lost is the number of records that are missing, -1 if that is not known.
	Lost int `json:"lost"`
}

func damageOf(d event.Damage) Damage {
	out := Damage{Offset: d.Offset, Record: d.Record, What: d.What, Want: d.Want, Found: d.Found, Lost: d.Lost}
	if d.Chunk >= 0 {
		out.Chunk = &d.Chunk
	}
	return out
}

// A Log is how much of one log of one host was read.
type Log struct {
	Host    string `json:"host"`
	Channel string `json:"channel"`
	Events  int    `json:"events"`
	First   string `json:"first"`
	Last    string `json:"last"`
}

// A RuleReport says which rules were hunted with.
type RuleReport struct {
	// Loaded were read without fault. Silent are those among them that only feed correlations,
	// Active those that were wanted and can report.
	Loaded int `json:"loaded"`
	Silent int `json:"silent"`
	Active int `json:"active"`
	// Behaviours is the number of behaviours that were wanted and can report.
	Behaviours int `json:"behaviours"`
	// Indicators is the number of indicators that were looked for.
	Indicators int               `json:"indicators"`
	Files      int               `json:"files"`
	Rejected   []sigma.Rejection `json:"rejected"`
	Warnings   []sigma.Rejection `json:"warnings"`
	Skipped    map[string]int    `json:"skipped"`
}

// skipOf says why a file is not read, and whether evidence is missing because of it: that is so
// for all that cannot be read, and for what was meant to be a log by its name or by being given,
// and is none.
func skipOf(f evidence.File, err error) evidence.Skip {
	s := evidence.Skip{Path: f.Path, Reason: err.Error()}
	named := evidence.NamedAsLog(f.Path)
	switch {
	case errors.Is(err, evidence.ErrEmpty):
		s.Missing = named || f.Given
	case errors.Is(err, evidence.ErrUnknown):
		s.Missing = named || f.Given
		if named {
			s.Reason = "no event log, though it is named like one: unknown format"
		}
	default:
		s.Missing = true
	}
	return s
}

func compareSkips(a, b evidence.Skip) int { return strings.Compare(a.Path, b.Path) }

// result sums everything up.
func (c *collector) result(listing evidence.Listing, rules *sigma.Collection) *Result {
	s := &c.summary
	s.Folders = listing.Folders
	for _, skip := range listing.Skipped {
		if skip.Missing {
			s.Unreadable++
		} else {
			s.OtherFiles++
		}
	}
	if c.cur.source != nil {
		c.end() // interrupted in the middle of it
	}
	period := c.logs.period()
	s.First, s.Last = stamp(period.First), stamp(period.Last)
	s.Hosts = oneHost(c.logs.names(hostOf))
	r := &Result{
		looked:   c.opt.lookOnly,
		Skipped:  c.listed(listing.Skipped),
		Sources:  c.sources,
		Findings: c.groups.Findings(),
		Timeline: &c.timeline,
		Skews:    c.skews.Measured(),
		Recover:  c.opt.Read.Recover,
		Rules: RuleReport{
			Loaded: len(rules.Rules) + len(rules.Correlations), Silent: silent(rules), Files: rules.Files,
			Rejected: rules.Rejected, Warnings: rules.Warnings, Skipped: rules.Skipped,
		},
		Notes: append(c.engine.Notes(), c.groups.Notes()...),
	}
	r.Rules.Indicators = c.engine.Indicators()
	for _, rule := range c.engine.Rules() {
		if rule.Language == "behaviour" {
			r.Rules.Behaviours++
		} else {
			r.Rules.Active++
		}
	}
	for _, l := range c.logs.sorted() {
		r.Logs = append(r.Logs, Log{l.host, l.channel, l.events, stamp(l.period.First), stamp(l.period.Last)})
	}
	if c.opt.Watch {
		r.Surveyed = surveyed(&c.watch, rules.Rules)
	}
	s.Findings = len(r.Findings)
	for _, f := range r.Findings {
		s.FindingsByLevel[f.Rule.Severity()]++
	}
	r.Notes = append(r.Notes, c.notes()...)
	if !c.opt.lookOnly { // a survey shows all of them
		r.Notes = append(r.Notes, skewNotes(r.Skews)...)
	}
	r.Summary = *s
	return r
}

// silent counts the rules that only feed correlations.
func silent(c *sigma.Collection) int {
	n := 0
	for _, r := range c.Rules {
		n += btoi(r.Silent)
	}
	for _, r := range c.Correlations {
		n += btoi(r.Silent)
	}
	return n
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// notes says which maxima were reached.
func (c *collector) notes() []string {
	var notes []string
	if c.journal != nil {
		notes = c.journal.notes()
	}
	if c.unlisted > 0 {
		notes = append(notes, fmt.Sprintf("%d more files that are not read are not listed", c.unlisted))
	}
	if c.seen.full || c.chunks.full {
		notes = append(notes, fmt.Sprintf("duplicates are told among the first %d only: some may be counted twice", maxSeen))
	}
	if c.logs.over {
		notes = append(notes, fmt.Sprintf("there are more than %d logs: the others are counted together", maxLogs))
	}
	return notes
}
