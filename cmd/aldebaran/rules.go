package main

import (
	"bufio"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"aldebaran/attack"
	"aldebaran/english"
	"aldebaran/hunt"
	"aldebaran/match"
	"aldebaran/match/sigma"
	"aldebaran/packs"
)

func rulesCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "rules",
		Short: "Check, list and explain rules",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(rulesCheckCommand(), rulesListCommand(), rulesExplainCommand())
	return cmd
}

func rulesCheckCommand() *cobra.Command {
	var (
		f      ruleFlags
		asJSON bool
	)
	cmd := &cobra.Command{
		Use:   "check [RULES...]",
		Short: "Load rules and show every one that cannot be used, with its line and the reason",
		Long: `Check loads rules from files and folders, or those that come with the program, and shows every
one that cannot be used. No rule is ever dropped without being told here and in every hunt.

Exit codes: 0 all rules can be used, 1 some cannot, 2 wrong use.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := loadRules(args, f)
			if err != nil {
				return err
			}
			if err := showCheck(cmd.OutOrStdout(), c, asJSON); err != nil {
				return err
			}
			if len(c.Rejected) > 0 {
				return exitError(exitFindings)
			}
			return nil
		},
	}
	f.add(cmd.Flags())
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func rulesListCommand() *cobra.Command {
	var (
		f       ruleFlags
		s       match.Selection
		asJSON  bool
		caseDir string
	)
	cmd := &cobra.Command{
		Use:   "list [RULES...]",
		Short: "Show what rules cover: log sources, levels, ATT&CK tactics and techniques",
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := wantLevel("--min-level", s.MinLevel, ""); err != nil {
				return err
			}
			c, err := loadRules(args, f)
			if err != nil {
				return err
			}
			of, err := saidOfRules(caseDir)
			if err != nil {
				return err
			}
			return showList(cmd.OutOrStdout(), s.Apply(c), of, asJSON)
		},
	}
	f.add(cmd.Flags())
	cmd.Flags().StringVar(&s.MinLevel, "min-level", "", "leave out rules below this `level`")
	cmd.Flags().StringArrayVar(&s.Include, "include", nil, "only rules of this id, or whose title, tag or file fits this `glob` (repeatable)")
	cmd.Flags().StringArrayVar(&s.Exclude, "exclude", nil, "leave out rules of this id, or whose title, tag or file fits this `glob` (repeatable)")
	cmd.Flags().StringVar(&caseDir, "case", "", "show what was said of rules in this case's `folder`, too (see feedback)")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON, with every rule")
	return cmd
}

// loadRules loads the rules of paths, or those that come with the program if there are none.
func loadRules(paths []string, f ruleFlags) (*sigma.Collection, error) {
	if len(paths) == 0 {
		c, err := sigma.LoadFS(packs.Rules(), ".", f.options())
		if err != nil {
			return nil, fmt.Errorf("loading the rules that come with the program: %w", err)
		}
		return c, nil
	}
	c, err := sigma.Load(paths, f.options())
	if err != nil {
		return nil, hunt.RulesError(err)
	}
	return c, nil
}

// showCheck prints what was loaded and what was not.
func showCheck(w io.Writer, c *sigma.Collection, asJSON bool) error {
	if asJSON {
		return printJSON(w, struct {
			Loaded       int               `json:"loaded"`
			Rules        int               `json:"rules"`
			Correlations int               `json:"correlations"`
			Filters      int               `json:"filters"`
			Files        int               `json:"files"`
			Rejected     []sigma.Rejection `json:"rejected"`
			Warnings     []sigma.Rejection `json:"warnings"`
			Skipped      map[string]int    `json:"skipped"`
		}{
			len(c.Rules) + len(c.Correlations) + len(c.Filters), len(c.Rules), len(c.Correlations), len(c.Filters), c.Files,
			some(c.Rejected), some(c.Warnings), someMap(c.Skipped),
		})
	}
	b := bufio.NewWriter(w)
	for _, list := range []struct {
		what  string
		items []sigma.Rejection
	}{{"rejected", c.Rejected}, {"warning", c.Warnings}} {
		for _, r := range list.items {
			_, _ = fmt.Fprintf(b, "%s:%d: %s: %s\n", hunt.Terminal(r.File), r.Line, list.what, hunt.Terminal(r.Reason)) // the error is that of Flush
		}
	}
	_, _ = fmt.Fprintf(b, "%s loaded from %s, %s rejected, %s\n",
		english.Count(len(c.Rules)+len(c.Correlations)+len(c.Filters), "document"), english.Count(c.Files, "file"), english.Number(len(c.Rejected)), english.Count(len(c.Warnings), "warning"))
	for _, reason := range slices.Sorted(maps.Keys(c.Skipped)) {
		_, _ = fmt.Fprintf(b, "%d left out: %s (--deprecated loads them)\n", c.Skipped[reason], hunt.Terminal(reason))
	}
	return b.Flush()
}

// coverage is how many rules there are for something.
type coverage struct {
	Name  string `json:"name"`
	Rules int    `json:"rules"`
}

type ruleListed struct {
	ID          string   `json:"id"`
	Title       string   `json:"title"`
	File        string   `json:"file"`
	Line        int      `json:"line"`
	Level       string   `json:"level"`
	Status      string   `json:"status"`
	Correlation bool     `json:"correlation,omitempty"`
	Logsource   string   `json:"logsource,omitempty"`
	Attack      []string `json:"attack"`
	Tactics     []string `json:"tactics"`
	// Said is what was said of it in a case.
	Said []said `json:"said,omitempty"`
}

// showList prints what the rules cover, and what was said of them.
func showList(w io.Writer, c *sigma.Collection, of []said, asJSON bool) error {
	var all []ruleListed
	levels, sources, tactics, techniques := map[string]int{}, map[string]int{}, map[string]int{}, map[string]int{}
	count := func(r ruleListed, tags []string) {
		refs := attack.Parse(tags)
		r.Attack, r.Tactics = some(refs.Techniques), some(refs.Tactics)
		for _, one := range of {
			if one.Rule == r.ID {
				r.Said = append(r.Said, one)
			}
		}
		all = append(all, r)
		levels[r.Level]++
		for _, t := range refs.Tactics {
			tactics[t]++
		}
		for _, t := range refs.Techniques {
			techniques[t]++
		}
	}
	for _, r := range c.Rules {
		if r.Silent {
			continue
		}
		ls := logsource(r.Logsource)
		sources[ls]++
		count(ruleListed{ID: r.ID, Title: r.Title, File: r.File, Line: r.Line, Level: r.Level, Status: r.Status, Logsource: ls}, r.Tags)
	}
	for _, r := range c.Correlations {
		if r.Silent {
			continue
		}
		sources["correlation"]++
		count(ruleListed{ID: r.ID, Title: r.Title, File: r.File, Line: r.Line, Level: r.Level, Status: r.Status, Correlation: true}, r.Tags)
	}
	byLevel := make([]coverage, 0, len(sigma.Levels))
	for _, l := range slices.Backward(sigma.Levels[:]) {
		byLevel = append(byLevel, coverage{l, levels[l]})
	}
	var byTactic []coverage
	for _, t := range attack.Tactics() {
		if n := tactics[t.Short]; n > 0 {
			byTactic = append(byTactic, coverage{t.Short, n})
		}
	}
	if asJSON {
		return printJSON(w, struct {
			Rules      int          `json:"rules"`
			Levels     []coverage   `json:"levels"`
			Logsources []coverage   `json:"logsources"`
			Tactics    []coverage   `json:"tactics"`
			Techniques []coverage   `json:"techniques"`
			List       []ruleListed `json:"list"`
		}{len(all), byLevel, most(sources), some(byTactic), most(techniques), some(all)})
	}
	b := bufio.NewWriter(w)
	_, _ = fmt.Fprintf(b, "%s\n", english.Count(len(all), "rule")) // the error is that of Flush
	section(b, "By level", byLevel)
	section(b, "By log source", most(sources))
	section(b, "By ATT&CK tactic", byTactic)
	section(b, "By ATT&CK technique", most(techniques))
	showSaid(b, of)
	return b.Flush()
}

// section prints a list of counts under a heading.
func section(w *bufio.Writer, heading string, list []coverage) {
	_, _ = fmt.Fprintf(w, "\n%s\n", heading)
	for _, c := range list {
		_, _ = fmt.Fprintf(w, "%7s  %s\n", english.Number(c.Rules), hunt.Terminal(c.Name))
	}
}

// most sorts counts, the largest first.
func most(counts map[string]int) []coverage {
	all := make([]coverage, 0, len(counts))
	for name, n := range counts {
		all = append(all, coverage{name, n})
	}
	slices.SortFunc(all, func(a, b coverage) int {
		return cmp.Or(b.Rules-a.Rules, strings.Compare(a.Name, b.Name))
	})
	return all
}

// logsource writes a log source as rules have it: "windows/process_creation".
func logsource(l sigma.Logsource) string {
	var parts []string
	for _, s := range []string{l.Product, l.Category, l.Service} {
		if s != "" {
			parts = append(parts, s)
		}
	}
	return cmp.Or(strings.Join(parts, "/"), "(none)")
}

// printJSON prints one indented document.
func printJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

func some[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

func someMap(m map[string]int) map[string]int {
	if m == nil {
		return map[string]int{}
	}
	return m
}

// isFile tells whether a path is there and is no folder.
func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && !info.IsDir()
}
