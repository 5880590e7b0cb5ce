package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os/user"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"aldebaran/brief"
	"aldebaran/english"
	"aldebaran/hunt"
	"aldebaran/match/sigma"
	"aldebaran/packs"
	"aldebaran/store"
)

func caseCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "case",
		Short: "Look at cases: what was hunted, found and said",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(caseShowCommand(), caseCleanedCommand())
	return cmd
}

func caseShowCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:     "show DIR",
		Short:   "Show what a case holds",
		Example: "  aldebaran case show cases/ministry",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := store.Load(args[0])
			if err != nil {
				return caseError(err)
			}
			if asJSON {
				return showCaseJSON(cmd.OutOrStdout(), c)
			}
			return showCase(cmd.OutOrStdout(), c)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// showCase writes a case for people.
func showCase(w io.Writer, c *store.Case) error {
	var b strings.Builder
	line := func(label, format string, args ...any) {
		fmt.Fprintf(&b, "%-12s%s\n", label, hunt.Terminal(fmt.Sprintf(format, args...)))
	}
	line("Case", "%s", c.Dir)
	for i, p := range c.Evidence {
		line(textIf(i == 0, "Evidence"), "%s", p)
	}
	line("Read", "%s files", english.Number(c.Files))
	for i, r := range c.Runs {
		end := "not ended: hunt again with the same arguments to go on with it"
		if !r.Ended.IsZero() {
			end = string(r.State) + " " + day(r.Ended)
		}
		if r.Resumed > 0 {
			end += fmt.Sprintf(", gone on with %d times", r.Resumed)
		}
		line(textIf(i == 0, "Runs"), "%d  begun %s, %s", r.ID, day(r.Started), end)
	}
	if o := c.Outcome; o != nil {
		var levels [len(sigma.Levels)]int
		for _, f := range o.Findings {
			levels[f.Rule.Severity()]++
		}
		var parts []string
		for rank := len(levels) - 1; rank >= 0; rank-- {
			if levels[rank] > 0 {
				parts = append(parts, fmt.Sprintf("%d %s", levels[rank], sigma.Levels[rank]))
			}
		}
		line("Findings", "%d of run %d: %s", len(o.Findings), c.Run.ID, textIf(len(parts) > 0, strings.Join(parts, ", ")))
		if o.Story != nil {
			line("Story", "%s", o.Story.Title)
		}
		if o.Answer != nil {
			line("Answer", "%s", o.Answer.Overall)
		}
	}
	for i, b := range c.Briefs {
		line(textIf(i == 0, "Briefs"), "of run %d, %s, %s, %s", b.Run, b.Format, b.Language, day(b.At))
	}
	for i, o := range c.Overrides {
		line(textIf(i == 0, "Overrides"), "%s is %s: %s (%s, %s)", o.Hypothesis, o.Value, o.Reason, o.Who, day(o.At))
	}
	for i, r := range c.Remediated {
		line(textIf(i == 0, "Cleaned"), "%s on %s (%s)", r.Host, day(r.At), r.Who)
	}
	for i, f := range c.Feedback {
		about := "the brief"
		if f.Rule != "" {
			about = "rule " + f.Rule
		}
		line(textIf(i == 0, "Feedback"), "%s was %suseful: %s (%s, %s)", about, textIf(!f.Useful, "not "), f.Reason, f.Who, day(f.At))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// textIf gives a text where something is so.
func textIf(so bool, s string) string {
	if so {
		return s
	}
	return ""
}

func day(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") }

func showCaseJSON(w io.Writer, c *store.Case) error {
	doc := struct {
		Dir        string             `json:"dir"`
		Evidence   []string           `json:"evidence"`
		Files      int                `json:"files"`
		Runs       []store.Run        `json:"runs"`
		Feedback   []store.Feedback   `json:"feedback"`
		Overrides  []store.Override   `json:"overrides"`
		Remediated []store.Remediated `json:"remediated"`
		Result     json.RawMessage    `json:"result"`
	}{c.Dir, c.Evidence, c.Files, c.Runs, c.Feedback, c.Overrides, c.Remediated, json.RawMessage("null")}
	if c.Outcome != nil {
		doc.Result = json.RawMessage(c.Outcome.Document)
	}
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(doc)
}

func caseCleanedCommand() *cobra.Command {
	var host, at string
	cmd := &cobra.Command{
		Use:   "cleaned DIR --host HOST",
		Short: "Say that a host was cleaned: what is found on it later weighs more",
		Args:  cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			if host == "" {
				return &hunt.UsageError{What: "want a host, found none", Hint: "name it with --host; * and ? stand for any"}
			}
			now := time.Now()
			when, err := parseTime("--at", at, now, false)
			if err != nil {
				return err
			}
			if when.IsZero() {
				when = now
			}
			return change(args[0], func(db *store.DB) error {
				return db.AddRemediated(store.Remediated{Host: host, At: when, Who: whoami()})
			})
		},
	}
	cmd.Flags().StringVar(&host, "host", "", "the `host` as its logs name it, or a glob")
	cmd.Flags().StringVar(&at, "at", "", "the `time` since which it is clean (default: now)")
	return cmd
}

func feedbackCommand() *cobra.Command {
	var useful, reason, rule string
	cmd := &cobra.Command{
		Use:   "feedback CASE --useful yes|no --reason TEXT",
		Short: "Say whether a brief, or a rule, was useful: the case remembers",
		Example: `  aldebaran feedback cases/ministry --useful yes --reason "led us to the web shell"
  aldebaran feedback cases/ministry --useful no --rule 5f4ed3a2 --reason "our backup does that every night"`,
		Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			if useful != "yes" && useful != "no" {
				return &hunt.UsageError{What: fmt.Sprintf("--useful: want yes or no, found %q", useful), Hint: "and say why with --reason"}
			}
			if strings.TrimSpace(reason) == "" {
				return &hunt.UsageError{What: "want a reason, found none", Hint: "say why with --reason TEXT: only that helps the next brief"}
			}
			if len(reason) > maxReason {
				return &hunt.UsageError{What: fmt.Sprintf("--reason: want at most %d bytes, found %d", maxReason, len(reason)), Hint: "say it shortly"}
			}
			return change(args[0], func(db *store.DB) error {
				return db.AddFeedback(store.Feedback{At: time.Now(), Who: whoami(), Useful: useful == "yes", Rule: rule, Reason: reason})
			})
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringVar(&useful, "useful", "", "`yes or no`")
	flags.StringVar(&reason, "reason", "", "why, in your `words`")
	flags.StringVar(&rule, "rule", "", "the `id` of the rule that it is about (default: the whole brief)")
	return cmd
}

// said is feedback on one rule.
type said struct {
	Rule   string    `json:"rule"`
	Useful bool      `json:"useful"`
	Reason string    `json:"reason"`
	Who    string    `json:"who"`
	At     time.Time `json:"at"`
}

// saidOfRules is what was said of single rules in a case; none without a case.
func saidOfRules(dir string) (all []said, err error) {
	if dir == "" {
		return nil, nil
	}
	c, err := store.Load(dir)
	if err != nil {
		return nil, caseError(err)
	}
	for _, f := range c.Feedback {
		if f.Rule != "" {
			all = append(all, said{f.Rule, f.Useful, f.Reason, f.Who, f.At})
		}
	}
	return all, nil
}

// showSaid writes it for people, also of what is no rule of a file: behaviours, indicators.
func showSaid(w io.Writer, all []said) {
	if len(all) == 0 {
		return
	}
	_, _ = fmt.Fprintf(w, "\nSaid in the case\n") // the error is that of Flush
	for _, s := range all {
		_, _ = fmt.Fprintf(w, "  %s\n", hunt.Terminal(fmt.Sprintf("%s was %suseful: %s", s.Rule, textIf(!s.Useful, "not "), s.Reason)))
	}
}

// maxReason bounds a reason: it is to be read in a brief.
const maxReason = 2000

// change opens a case, changes it and closes it.
func change(dir string, f func(*store.DB) error) error {
	db, err := store.Open(dir)
	if err != nil {
		return caseError(err)
	}
	err = f(db)
	if closed := db.Close(); err == nil {
		err = closed
	}
	return err
}

// whoami is the user's name as the system knows it.
func whoami() string {
	if u, err := user.Current(); err == nil {
		return u.Username
	}
	return ""
}

func briefCommand() *cobra.Command {
	var (
		f    briefFlags
		file string
	)
	cmd := &cobra.Command{
		Use:   "brief CASE",
		Short: "Write a brief of a case without hunting again",
		Long: `Brief writes what the last hunt of a case came to, in any language and form, without reading the
evidence again. Without --brief it prints Markdown.`,
		Example: `  aldebaran brief cases/ministry --brief minister.html --lang fr`,
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			own, err := readConfigFile(file)
			if err != nil {
				return err
			}
			f.configure(cmd.Flags(), own)
			if err := f.check(true); err != nil {
				return err
			}
			c, err := store.Load(args[0])
			if err != nil {
				return caseError(err)
			}
			all, err := packs.All()
			if err != nil {
				return err
			}
			in, err := briefInput(c, all)
			if err != nil {
				return err
			}
			b := f.make(cmd.Context(), cmd.ErrOrStderr(), in, all)
			for _, name := range f.files {
				if err := writeBrief(name, b); err != nil {
					return err
				}
			}
			if len(f.files) > 0 {
				return change(args[0], func(db *store.DB) error { return keepBriefs(db, c.Run.ID, &f, in.Generated) })
			}
			return brief.Markdown(cmd.OutOrStdout(), b)
		},
	}
	f.add(cmd.Flags())
	configFlag(cmd.Flags(), &file)
	return cmd
}
