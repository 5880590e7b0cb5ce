package main

import (
	"time"

	"github.com/spf13/cobra"

	"aldebaran/hunt"
	"aldebaran/packs"
)

func sourcesCommand() *cobra.Command {
	var (
		f       ruleFlags
		rules   []string
		zone    string
		workers int
		asJSON  bool
		noColor bool
	)
	cmd := &cobra.Command{
		Use:   "sources EVIDENCE...",
		Short: "Show what the evidence is, which time it covers, and what it could show",
		Long: `Sources reads all logs in files, folders and archives and shows for each host and log: how many
events it holds, from when to when, where it is silent, which time zone it is written in, how many
rules it can serve, and what it does not show though it could, with how to turn that on.

Nothing is hunted. Exit codes: 0 all evidence was read, 2 wrong use, 3 some could not be read.`,
		Example: `  aldebaran sources C:\inetpub\logs\LogFiles C:\Windows\System32\winevt\Logs
  aldebaran sources triage.zip --rules sigma/rules --json`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			location, err := parseZone(zone)
			if err != nil {
				return err
			}
			opt := hunt.Options{
				Evidence: args, Rules: rules, DefaultRules: packs.Rules(), Load: f.options(), Workers: workers,
				Clock: time.Now, Progress: new(hunt.Progress),
			}
			opt.Read.Zone = location
			out := cmd.OutOrStdout()
			var output hunt.Output = hunt.NewSurveyTable(out, hunt.TableOptions{Width: width(out), Color: !noColor && colours(out)})
			if asJSON {
				output = hunt.NewSurveyJSON(out)
			}
			bar := startProgress(cmd.ErrOrStderr(), opt.Progress, asJSON && isTerminal(out))
			result, err := hunt.Survey(cmd.Context(), opt, bar, output)
			bar.stop()
			if err != nil {
				return err
			}
			return exitCode(result, "never")
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringArrayVarP(&rules, "rules", "r", nil, "count the Sigma rules in this file or folder `path` too (repeatable)")
	flags.StringVar(&zone, "tz", "", "time `zone` of logs that do not say theirs: Asia/Riyadh, +03:00 (default: UTC, and you are told)")
	flags.BoolVar(&asJSON, "json", false, "print JSON")
	flags.BoolVar(&noColor, "no-color", false, "no colours; so does the environment variable NO_COLOR")
	flags.IntVar(&workers, "workers", 0, "read this many pieces of evidence at the same time (default: one a processor)")
	f.add(flags)
	return cmd
}
