package main

import (
	"bufio"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"aldebaran/english"
	"aldebaran/escape"
	"aldebaran/hunt"
	"aldebaran/match/behaviour"
	"aldebaran/packs"
	"aldebaran/plan"
	"aldebaran/story"
)

func planCommand() *cobra.Command {
	var (
		know   knowledgeFlags
		rules  []string
		asJSON bool
	)
	cmd := &cobra.Command{
		Use:   "plan [STORY]",
		Short: "Turn a story into a checklist: what to look for, which logs would show it, how to collect them",
		Long: `Plan reads a story, or takes a pack with --about, and prints what to look for on your own servers: each
hypothesis with the rules, behaviours and indicators that would find it, and the logs without which
nobody could see it. First comes what to collect from which servers, with the commands for it.

A team can work through it by hand; hunt --story does it on evidence that was collected.`,
		Example: `  aldebaran plan story.pdf
  aldebaran plan --about phantom-taurus --json`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 {
				know.story = args[0]
			}
			if know.story == "" && len(know.about) == 0 && len(know.packs) == 0 {
				return &hunt.UsageError{What: "want a story or a pack, found neither", Hint: "aldebaran plan STORY, or --about phantom-taurus"}
			}
			opt := hunt.Options{Rules: rules, DefaultRules: packs.Rules()}
			if err := know.know(&opt, cmd.InOrStdin(), cmd.ErrOrStderr(), time.Now()); err != nil {
				return err
			}
			p, err := hunt.Plan(opt)
			if err != nil {
				return err
			}
			if asJSON {
				return planJSON(cmd.OutOrStdout(), p)
			}
			return planText(cmd.OutOrStdout(), p)
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	know.addPlanned(flags)
	flags.StringArrayVarP(&rules, "rules", "r", nil, "plan with the Sigma rules in this file or folder `path` too (repeatable)")
	flags.BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func planJSON(w io.Writer, p *plan.Plan) error {
	b, err := json.MarshalIndent(p.Document(), "", "  ")
	if err != nil {
		return err
	}
	_, err = w.Write(append(escape.JSON(b), '\n'))
	return err
}

// planText prints a plan as a checklist.
func planText(out io.Writer, p *plan.Plan) error {
	w := bufio.NewWriter(out)
	line := func(format string, args ...any) {
		for i, a := range args {
			if s, ok := a.(string); ok {
				args[i] = hunt.Terminal(s)
			}
		}
		// bufio remembers the first error, and Flush tells it.
		_, _ = fmt.Fprintf(w, format+"\n", args...)
	}
	if p.Story != nil {
		line("Plan for: %s", cmp.Or(p.Story.Title, p.Story.Path))
	}
	for _, pack := range p.Packs {
		line("Pack:     %s", pack.Title)
	}
	if !p.From.IsZero() || !p.To.IsZero() {
		line("Period:   %s to %s", orOpen(p.From), orOpen(p.To))
	}
	line("")
	line("COLLECT   what, from which servers, with which command (as administrator)")
	for i, c := range p.Collection() {
		line("")
		line("[ ] %d. %s  (%s; shows %d of %d)", i+1, c.Log, strings.Join(c.Systems, ", "), c.Shows, len(p.Hypotheses))
		for _, command := range c.Collect {
			line("       %s", command)
		}
		if c.Kept != "" {
			line("       kept: %s", c.Kept)
		}
		if c.TurnOn != "" {
			line("       if it is off: %s", c.TurnOn)
		}
	}
	line("")
	line("LOOK FOR  in the order of an intrusion")
	quotes := quotesOf(p)
	stage := ""
	for _, h := range p.Hypotheses {
		if s := cmp.Or(h.Stage, "any stage"); s != stage {
			stage = s
			line("")
			line("%s", strings.ToUpper(strings.ReplaceAll(stage, "-", " ")))
		}
		planHypothesis(line, quotes, &h)
	}
	if len(p.Context) > 0 && p.Story != nil {
		line("")
		line("NOT FOR LOGS  what the story says and no log of yours can answer")
		for _, c := range p.Context {
			if q, ok := quotes[c.Claim]; ok {
				line("    %s: %q %s", string(q.Kind), short(q.Quote), c.Why)
			}
		}
	}
	return w.Flush()
}

// quotesOf gives the story's claims by their ids.
func quotesOf(p *plan.Plan) map[string]*story.Claim {
	quotes := map[string]*story.Claim{}
	if p.Story != nil {
		for i := range p.Story.Claims {
			c := &p.Story.Claims[i]
			quotes[c.ID] = c
		}
	}
	return quotes
}

// shownNames is how many tests or techniques a line names.
const shownNames = 3

// planHypothesis prints what is asked, what would find it, and which logs would show it.
func planHypothesis(line func(string, ...any), quotes map[string]*story.Claim, h *plan.Hypothesis) {
	label := h.ID
	if len(h.Detections) > 0 {
		_, label, _ = strings.Cut(h.Detections[0], ":")
	}
	mark := "[ ]"
	if h.Unverified {
		mark = " - " // nothing is looked for because of it
	}
	line("%s %-4s %s  (%s%s)", mark, label, h.Statement, h.Severity, techniquesOf(h))
	for _, id := range h.Claims {
		if q, ok := quotes[id]; ok {
			line("         the story: %q", short(q.Quote))
		}
	}
	if h.Unverified {
		line("         nobody has verified it: it is not looked for")
		return
	}
	var tests []string
	for _, t := range h.Tests {
		tests = append(tests, t.Title)
	}
	if len(tests) > 0 {
		line("         found by:  %s", english.List(tests, shownNames))
	} else {
		line("         found by:  nothing at hand: look by hand")
	}
	if h.Untested > 0 {
		line("         left out:  %s, because there are too many", english.Count(h.Untested, "test"))
	}
	var needs []string
	for _, n := range h.Needs {
		needs = append(needs, n.Log)
	}
	if len(needs) > 0 {
		line("         shown by:  %s", strings.Join(needs, "; "))
	}
}

func techniquesOf(h *plan.Hypothesis) string {
	if len(h.Techniques) == 0 {
		return ""
	}
	return ", " + english.List(h.Techniques, shownNames)
}

// short cuts a quote to what fits a line.
func short(s string) string {
	const room = 100
	return behaviour.Short(strings.Join(strings.Fields(s), " "), room)
}

func orOpen(t time.Time) string {
	if t.IsZero() {
		return "open"
	}
	return t.UTC().Format("2006-01-02")
}
