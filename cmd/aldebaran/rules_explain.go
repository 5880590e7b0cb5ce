package main

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"aldebaran/event"
	"aldebaran/evidence"
	"aldebaran/hunt"
	"aldebaran/match"
	"aldebaran/match/sigma"
)

func rulesExplainCommand() *cobra.Command {
	var (
		f      ruleFlags
		rules  []string
		asJSON bool
	)
	cmd := &cobra.Command{
		Use:   "explain RULE EVENT",
		Short: "Show field by field why a rule does or does not match an event",
		Long: `Explain evaluates one rule on one event and shows for every comparison what it wanted and what it
found.

RULE is a rule file, or the id or title of a rule of --rules or of those that come with the program.
EVENT is a log file and in it
  FILE:ID   the event of that record id (EventRecordID)
  FILE@AT   the event whose first byte is at that offset, for logs that do not number theirs
  FILE#N    the N-th event, from 1
  FILE      the first event that the rule matches; else the first of a log it is written for; else the first

Exit codes: 0 it matches, 1 it does not, 2 wrong use, 3 the event could not be read.`,
		Example: `  aldebaran rules explain webshell.yml Security.evtx:91823`,
		Args:    cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			rule, err := findRule(args[0], rules, f)
			if err != nil {
				return err
			}
			where, err := parseEvent(args[1])
			if err != nil {
				return err
			}
			x, e, err := where.explain(cmd.Context(), rule)
			if err != nil {
				return err
			}
			if err := showExplanation(cmd.OutOrStdout(), x, e, asJSON); err != nil {
				return err
			}
			if !x.Match {
				return exitError(exitFindings)
			}
			return nil
		},
	}
	f.add(cmd.Flags())
	cmd.Flags().StringArrayVarP(&rules, "rules", "r", nil, "look for the rule in this file or folder `path` (repeatable)")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// findRule finds the rule that a user means.
func findRule(name string, paths []string, f ruleFlags) (*sigma.Rule, error) {
	f.deprecated = true // whoever names a rule wants it
	if isFile(name) {
		c, err := sigma.Load([]string{name}, f.options())
		if err != nil {
			return nil, err
		}
		return only(name, c)
	}
	c, err := loadRules(paths, f)
	if err != nil {
		return nil, err
	}
	var found []*sigma.Rule
	for _, r := range c.Rules {
		if strings.EqualFold(r.ID, name) || strings.EqualFold(r.Title, name) || match.Glob(name, r.Title) {
			found = append(found, r)
		}
	}
	switch len(found) {
	case 0:
		return nil, &hunt.UsageError{What: fmt.Sprintf("no rule with the id or title %q among %d", name, len(c.Rules)), Hint: "give a rule file, or the folder with --rules DIR"}
	case 1:
		return found[0], nil
	}
	return nil, &hunt.UsageError{
		What: fmt.Sprintf("%d rules are called %q: %s and %s", len(found), name, found[0].Title, found[1].Title), Hint: "give the id of one",
	}
}

// only gives the rule of a file that has one.
func only(file string, c *sigma.Collection) (*sigma.Rule, error) {
	switch {
	case len(c.Rules) == 1:
		return c.Rules[0], nil
	case len(c.Rules) > 1:
		return nil, &hunt.UsageError{What: fmt.Sprintf("%s holds %d rules", file, len(c.Rules)), Hint: "give the id or title of one, with --rules " + file}
	case len(c.Rejected) > 0:
		r := c.Rejected[0]
		return nil, &hunt.UsageError{What: fmt.Sprintf("%s:%d: %s", r.File, r.Line, r.Reason), Hint: "the rule cannot be used as it is"}
	}
	return nil, &hunt.UsageError{What: file + " holds no detection rule", Hint: "correlations are explained by their rules"}
}

// An eventRef says which event of a file is meant.
type eventRef struct {
	path     string
	record   uint64 // its record id, if byID
	number   int    // else its number from 1, 0 for the best
	byID     bool
	offset   int64 // of its first byte, if byOffset
	byOffset bool
}

// is tells whether the n-th event of a source is meant, alone of all; any tells that all are.
func (ref eventRef) is(e *event.Event, n int) bool {
	switch {
	case ref.byID:
		return e.RecordID == ref.record
	case ref.byOffset:
		return e.Source.Offset == ref.offset
	}
	return ref.number == 0 || n == ref.number
}

func (ref eventRef) any() bool { return !ref.byID && !ref.byOffset && ref.number == 0 }

func parseEvent(s string) (eventRef, error) {
	if isFile(s) {
		return eventRef{path: s}, nil
	}
	if i := strings.LastIndexByte(s, '#'); i > 0 {
		if n, err := strconv.Atoi(s[i+1:]); err == nil && n > 0 {
			return eventRef{path: s[:i], number: n}, nil
		}
	}
	if i := strings.LastIndexByte(s, ':'); i > 0 {
		if id, err := strconv.ParseUint(s[i+1:], 10, 64); err == nil {
			return eventRef{path: s[:i], record: id, byID: true}, nil
		}
	}
	if i := strings.LastIndexByte(s, '@'); i > 0 {
		if at, err := strconv.ParseInt(s[i+1:], 10, 64); err == nil && at >= 0 {
			return eventRef{path: s[:i], offset: at, byOffset: true}, nil
		}
	}
	return eventRef{}, &hunt.UsageError{What: fmt.Sprintf("want an event, found %q", s), Hint: "FILE:RECORDID, FILE@OFFSET, FILE#NUMBER or FILE; is the file there?"}
}

// explain finds the event and explains the rule on it.
func (ref eventRef) explain(ctx context.Context, rule *sigma.Rule) (*sigma.Explanation, *event.Event, error) {
	var (
		x *sigma.Explanation
		e *event.Event
		n int
	)
	err := evidence.Find(ctx, ref.path, evidence.Options{}, func(src *evidence.Source) (err error) {
		x, e, n, err = ref.explainIn(ctx, src, rule)
		return err
	})
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", ref.path, err)
	}
	if x == nil {
		return nil, nil, &hunt.UsageError{What: fmt.Sprintf("%s: no such event among %d", ref.path, n), Hint: "FILE:RECORDID takes the EventRecordID, FILE@OFFSET the source.offset of an output, FILE#NUMBER counts from 1"}
	}
	return x, e, nil
}

// explainIn finds the event in a source; nil if it is not among the n that were looked at.
func (ref eventRef) explainIn(ctx context.Context, src *evidence.Source, rule *sigma.Rule) (*sigma.Explanation, *event.Event, int, error) {
	var (
		best     *sigma.Explanation
		bestOf   *event.Event
		n        int
		rank     = -1
		reader   = evidence.NewReader(evidence.Options{})
		finished bool
	)
	for _, u := range src.Units() {
		if finished {
			break
		}
		if err := ctx.Err(); err != nil {
			return nil, nil, n, err
		}
		_, err := reader.Read(src, u, func(e *event.Event) bool {
			n++
			if !ref.is(e, n) {
				return true
			}
			x := sigma.Explain(rule, e)
			r := 0
			switch {
			case x.Match:
				r = 2
			case x.LogsourceFits:
				r = 1
			}
			if r > rank {
				best, bestOf, rank = &x, e.Clone(), r
			}
			finished = !ref.any() || rank == 2
			return !finished
		})
		if err != nil {
			return nil, nil, n, err
		}
	}
	return best, bestOf, n, nil
}

func showExplanation(w io.Writer, x *sigma.Explanation, e *event.Event, asJSON bool) error {
	if asJSON {
		return printJSON(w, struct {
			Event struct {
				Path     string `json:"path"`
				Offset   int64  `json:"offset"`
				Host     string `json:"host"`
				Channel  string `json:"channel"`
				EventID  uint32 `json:"event_id"`
				RecordID uint64 `json:"record_id"`
			} `json:"event"`
			*sigma.Explanation
		}{
			Event: struct {
				Path     string `json:"path"`
				Offset   int64  `json:"offset"`
				Host     string `json:"host"`
				Channel  string `json:"channel"`
				EventID  uint32 `json:"event_id"`
				RecordID uint64 `json:"record_id"`
			}{e.Source.Path, e.Source.Offset, e.Computer, e.Channel, e.EventID, e.RecordID},
			Explanation: x,
		})
	}
	// What a log does not have is left out: web servers number nothing.
	parts := []string{fmt.Sprintf("%s offset %d", e.Source.Path, e.Source.Offset)}
	for _, s := range []string{e.Computer, e.Channel, strings.TrimSpace(e.Product + " " + e.Category + " " + e.Service)} {
		if s != "" && (s != e.Product || e.Channel == "") {
			parts = append(parts, s)
		}
	}
	if e.EventID != 0 {
		parts = append(parts, fmt.Sprintf("event %d", e.EventID))
	}
	if e.RecordID != 0 {
		parts = append(parts, fmt.Sprintf("record %d", e.RecordID))
	}
	if _, err := fmt.Fprintf(w, "event  %s\n", hunt.Terminal(strings.Join(parts, " · "))); err != nil {
		return err
	}
	return x.WriteText(w)
}
