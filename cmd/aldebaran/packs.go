package main

import (
	"bufio"
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"aldebaran/english"
	"aldebaran/hunt"
	"aldebaran/intel"
	"aldebaran/packs"
)

func packsCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "packs",
		Short: "List, show and check packs: what is known of actors, with rules, indicators and advice",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(packsListCommand(), packsShowCommand(), packsCheckCommand())
	return cmd
}

func packsListCommand() *cobra.Command {
	var (
		dirs   []string
		asJSON bool
	)
	cmd := &cobra.Command{
		Use:   "list",
		Short: "Show which packs there are and what they hold",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			list, err := loadPacks(cmd.ErrOrStderr(), dirs)
			if err != nil {
				return err
			}
			return listPacks(cmd.OutOrStdout(), list, asJSON)
		},
	}
	packFlag(cmd, &dirs)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func packsShowCommand() *cobra.Command {
	var (
		dirs   []string
		asJSON bool
	)
	cmd := &cobra.Command{
		Use:   "show NAME",
		Short: "Show all of a pack: the actor, its names, timeline, detections with their rules, advice",
		Long: `Show prints everything that a pack holds. Behind each fact stand its grade on the Admiralty scale
and its sources in brackets; facts that nobody could verify are marked, and nothing is hunted or
scored because of them.`,
		Example: `  aldebaran packs show phantom-taurus
  aldebaran packs show my-actor --pack packs/my-actor --json`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			list, err := loadPacks(cmd.ErrOrStderr(), dirs)
			if err != nil {
				return err
			}
			for _, p := range slices.Backward(list) { // a pack of the user's goes before ours
				if p.Name == args[0] {
					return showPack(cmd.OutOrStdout(), p, dirs, asJSON)
				}
			}
			return &hunt.UsageError{What: fmt.Sprintf("no pack %q", args[0]), Hint: "see aldebaran packs list, or add yours with --pack DIR"}
		},
	}
	packFlag(cmd, &dirs)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func packsCheckCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "check [DIR...]",
		Short: "Load packs and show everything that does not hold, with its line and the reason",
		Long: `Check loads the packs in folders, or those that come with the program: YAML without unknown keys,
sources that are there, rules that compile and have tests, references to rules, behaviours, log
sources and ATT&CK that lead somewhere, indicators that can be read.

Exit codes: 0 all packs can be used, 1 something does not hold, 2 wrong use.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			reports, err := checkPacks(args)
			if err != nil {
				return err
			}
			if err := showPackReports(cmd.OutOrStdout(), reports, asJSON); err != nil {
				return err
			}
			if slices.ContainsFunc(reports, func(r *packs.Report) bool { return len(r.Problems) > 0 }) {
				return exitError(exitFindings)
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// packFlag adds the flag for packs of the user's.
func packFlag(cmd *cobra.Command, dirs *[]string) {
	cmd.Flags().StringArrayVar(dirs, "pack", nil, "add the pack in this `folder` (repeatable)")
}

// loadPacks gives the packs that come with the program and those in folders. Problems with the
// latter are told; what is left of them can be used.
func loadPacks(stderr io.Writer, dirs []string) ([]*intel.Pack, error) {
	shipped, err := packs.All()
	if err != nil {
		return nil, err
	}
	list := slices.Clone(shipped)
	for _, dir := range dirs {
		p, problems, err := packs.Open(dir)
		if err != nil {
			return nil, packError(dir, err)
		}
		tellProblems(stderr, dir, problems)
		list = append(list, p)
	}
	return list, nil
}

func checkPacks(dirs []string) ([]*packs.Report, error) {
	var reports []*packs.Report
	if len(dirs) == 0 {
		shipped, err := packs.All()
		if err != nil {
			return nil, err
		}
		for _, p := range shipped {
			r, err := packs.Check(packs.Files(), p.Name)
			if err != nil {
				return nil, err
			}
			reports = append(reports, r)
		}
		return reports, nil
	}
	for _, dir := range dirs {
		r, err := packs.CheckFolder(dir)
		if err != nil {
			return nil, packError(dir, err)
		}
		reports = append(reports, r)
	}
	return reports, nil
}

// packError tells of a folder that holds no pack as wrong use.
func packError(dir string, err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return &hunt.UsageError{What: fmt.Sprintf("%s: want a folder with a pack.yml, found none", dir), Hint: "docs/formats/pack.md describes packs"}
	}
	return err
}

// packListed is a pack in numbers.
type packListed struct {
	Name       string `json:"name"`
	Title      string `json:"title"`
	Version    string `json:"version"`
	Actor      string `json:"actor,omitempty"`
	Detections int    `json:"detections"`
	Rules      int    `json:"rules"`
	Behaviours int    `json:"behaviours"`
	Indicators int    `json:"indicators"`
	Advice     int    `json:"advice"`
	// Unverified are facts and indicators that are shown and not used.
	Unverified int `json:"unverified"`
}

func listed(p *intel.Pack) packListed {
	l := packListed{
		Name: p.Name, Title: p.Title, Version: p.Version, Detections: len(p.Detections), Rules: len(p.Sigma),
		Indicators: len(p.Indicators), Advice: len(p.Advice),
	}
	if p.Actor != nil {
		l.Actor = p.Actor.Name
	}
	behaviours := map[string]bool{}
	for _, d := range p.Detections {
		for _, b := range d.Behaviours {
			behaviours[b] = true
		}
	}
	l.Behaviours = len(behaviours)
	for _, f := range p.Facts() {
		if f.Unverified {
			l.Unverified++
		}
	}
	for _, i := range p.Indicators {
		if i.Unverified {
			l.Unverified++
		}
	}
	return l
}

func listPacks(w io.Writer, list []*intel.Pack, asJSON bool) error {
	all := make([]packListed, len(list))
	for i, p := range list {
		all[i] = listed(p)
	}
	if asJSON {
		return printJSON(w, struct {
			Packs []packListed `json:"packs"`
		}{all})
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(t, "PACK\tVERSION\tACTOR\tDETECTIONS\tRULE FILES\tBEHAVIOURS\tINDICATORS\tUNVERIFIED") // the error is that of Flush
	for _, l := range all {
		_, _ = fmt.Fprintf(t, "%s\t%s\t%s\t%d\t%d\t%d\t%d\t%d\n",
			hunt.Terminal(l.Name), hunt.Terminal(l.Version), cmp.Or(hunt.Terminal(l.Actor), "-"), l.Detections, l.Rules, l.Behaviours, l.Indicators, l.Unverified)
	}
	return t.Flush()
}

func showPackReports(w io.Writer, reports []*packs.Report, asJSON bool) error {
	if asJSON {
		type report struct {
			Pack     packListed      `json:"pack"`
			Loaded   int             `json:"loaded"`
			Disabled int             `json:"disabled"`
			Problems []intel.Problem `json:"problems"`
		}
		all := make([]report, len(reports))
		for i, r := range reports {
			all[i] = report{listed(r.Pack), r.Rules, r.Disabled, some(r.Problems)}
		}
		return printJSON(w, struct {
			Packs []report `json:"packs"`
		}{all})
	}
	b := bufio.NewWriter(w)
	for _, r := range reports {
		for _, p := range r.Problems {
			_, _ = fmt.Fprintf(b, "%s\n", hunt.Terminal(p.String())) // the error is that of Flush
		}
		l := listed(r.Pack)
		_, _ = fmt.Fprintf(b, "%s %s: %s, %s (%d off), %s, %s, %s\n", hunt.Terminal(l.Name), hunt.Terminal(l.Version),
			english.Count(l.Detections, "detection"), english.Count(r.Rules, "rule"), r.Disabled, english.Count(l.Indicators, "indicator"),
			english.Count(l.Advice, "piece")+" of advice", english.Count(len(r.Problems), "problem"))
	}
	return b.Flush()
}
