package hunt

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"aldebaran/english"
	"aldebaran/escape"
	"aldebaran/event"
	"aldebaran/evidence"
	"aldebaran/match/sigma"
)

// Survey reads all evidence as Run does, but looks for nothing: it says what the evidence is, which
// time it covers, and what it could show. The rules of the options are counted, not run.
func Survey(ctx context.Context, opt Options, outputs ...Output) (*Result, error) {
	opt.Watch, opt.lookOnly = true, true
	return Run(ctx, opt, outputs...)
}

// A SurveyedLog is a log of a host and what it can show.
type SurveyedLog struct {
	evidence.Visibility
	// Rules is the number of rules that the log could serve, of those that were loaded.
	Rules int `json:"rules"`
	// Blind is what it does not show though logs of its kind can.
	Blind []evidence.Blindness `json:"blind"`
}

// surveyed gives what was watched of all logs.
func surveyed(w *evidence.Watch, rules []*sigma.Rule) []SurveyedLog {
	var all []SurveyedLog
	for _, v := range w.Logs() {
		kind := sigma.Kind{Product: v.Product, Category: v.Category, Service: v.Service, Channel: v.Channel, EventIDs: v.EventIDs}
		all = append(all, SurveyedLog{Visibility: v, Rules: kind.Serves(rules), Blind: v.Blind()})
	}
	return all
}

// SurveyJSON writes a survey as one JSON document; see docs/formats/findings.md.
type SurveyJSON struct{ w io.Writer }

// NewSurveyJSON makes the output.
func NewSurveyJSON(w io.Writer) *SurveyJSON { return &SurveyJSON{w} }

// Match does nothing: a survey has none.
func (s *SurveyJSON) Match(*Match) error { return nil }

// Correlation does nothing: a survey has none.
func (s *SurveyJSON) Correlation(*Correlation) error { return nil }

// Finish writes the document.
func (s *SurveyJSON) Finish(r *Result) error {
	doc := struct {
		Summary summaryJSON     `json:"summary"`
		Rules   int             `json:"rules"`
		Logs    []SurveyedLog   `json:"logs"`
		Skews   []evidence.Skew `json:"clock_skews"`
		Sources []any           `json:"sources"`
		Skipped []evidence.Skip `json:"skipped"`
	}{summaryDoc(r), r.Rules.Loaded, r.Surveyed, some(r.Skews), []any{}, r.Skipped}
	if doc.Logs == nil {
		doc.Logs = []SurveyedLog{}
	}
	if doc.Skipped == nil {
		doc.Skipped = []evidence.Skip{}
	}
	for _, src := range r.Sources {
		doc.Sources = append(doc.Sources, sourceDoc(src))
	}
	b, err := json.MarshalIndent(doc, "", "  ")
	if err != nil {
		return err
	}
	_, err = s.w.Write(append(escape.JSON(b), '\n'))
	return err
}

// A SurveyTable writes a survey for people: by host each log, its period and gaps, its clock, how
// many rules it can serve, and what it does not show.
type SurveyTable struct {
	t *Table
}

// NewSurveyTable makes the output.
func NewSurveyTable(w io.Writer, opt TableOptions) *SurveyTable {
	return &SurveyTable{NewTable(w, opt)}
}

// Match does nothing: a survey has none.
func (s *SurveyTable) Match(*Match) error { return nil }

// Correlation does nothing: a survey has none.
func (s *SurveyTable) Correlation(*Correlation) error { return nil }

// Finish writes the table.
func (s *SurveyTable) Finish(r *Result) error {
	t := s.t
	t.heading()
	t.whatWasRead(r)
	for i, l := range r.Surveyed {
		if i == 0 || l.Host != r.Surveyed[i-1].Host {
			host := Terminal(l.Host)
			if host == "" {
				host = "host not named by the log"
			}
			t.p.blank()
			t.p.rule(strong, cut(host, t.p.width/2))
		}
		s.log(&l)
	}
	s.clocks(r)
	t.whatIsMissing(r)
	t.p.blank()
	_, err := io.WriteString(t.out, t.p.text.String())
	return err
}

// The columns behind a log's name.
const (
	eventsWidth = 12
	periodWidth = 35
	rulesWidth  = 12
)

func (s *SurveyTable) log(l *SurveyedLog) {
	p := &s.t.p
	name := p.width - eventsWidth - periodWidth - rulesWidth - 6
	period := "no time"
	if !l.First.IsZero() {
		period = l.First.Format("2006-01-02 15:04") + " – " + l.Last.Format("2006-01-02 15:04")
	}
	p.line("  " + left(cut(logName(&l.Visibility), name), name) + "  " + right(english.Number(l.Events), eventsWidth-2) + "  " +
		left(period, periodWidth) + "  " + right(english.Count(l.Rules, "rule"), rulesWidth-2))
	note := func(st style, what string) { p.line("    " + p.paint(st, cut(what, p.width-4))) }
	for i, g := range l.Gaps {
		if i == shownGaps {
			note(faint, fmt.Sprintf("and %s more", english.Count(len(l.Gaps)-i, "gap")))
			break
		}
		note(warning, fmt.Sprintf("silent for %s: %s – %s", span(stamp(g.From), stamp(g.To)), g.From.Format("2006-01-02 15:04"), g.To.Format("2006-01-02 15:04")))
	}
	if l.NoTime > 0 {
		note(faint, english.Count(l.NoTime, "event")+" without a time")
	}
	for _, c := range l.Clocks {
		if c.Assumed {
			note(warning, fmt.Sprintf("time zone: %s is assumed, %s; say --tz if it is another", Terminal(c.Zone), Terminal(c.How)))
		} else if c.Zone != "UTC" {
			note(faint, fmt.Sprintf("time zone: %s, %s", Terminal(c.Zone), Terminal(c.How)))
		}
	}
	for _, b := range l.Blind {
		note(plain, p.paint(faint, "does not show ")+b.What+p.paint(faint, "; turn on: "+b.Fix))
	}
}

const shownGaps = 3

// logName is how people call a log: its channel, or its format and what it is.
func logName(v *evidence.Visibility) string {
	if v.Channel != "" {
		return Terminal(v.Channel)
	}
	words := []string{v.Format}
	for _, w := range []string{v.Product, v.Category, v.Service} {
		if w != "" && !slices.Contains(words, w) {
			words = append(words, w)
		}
	}
	return Terminal(strings.Join(words, " "))
}

// clockOf is the clock of a source's units: they agree, or the first that says one counts.
func clockOf(have, more event.Clock) event.Clock {
	if have == (event.Clock{}) {
		return more
	}
	return have
}
