package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"golang.org/x/term"

	"aldebaran/hunt"
	"aldebaran/match"
	"aldebaran/match/sigma"
	"aldebaran/packs"
)

// sampleEvents is how many events a finding shows in JSON documents: enough to judge it, the rest
// is in the JSON lines.
const sampleEvents = 3

// formats are those of --format.
var formats = [...]string{"table", "jsonl", "csv", "json"}

// huntFlags are the flags of hunt as they were given.
type huntFlags struct {
	rules          []string
	noDefaultRules bool
	knowledgeFlags
	ruleFlags
	since, until string
	hosts        []string
	minLevel     string
	include      []string
	exclude      []string
	workers      int
	failOn       string
	recover      bool
	hash         bool
	zone         string
	caseDir      string
	outputFlags
}

// ruleFlags are the flags of everything that loads rules.
type ruleFlags struct {
	deprecated bool
	cache      string
	noCache    bool
}

// outputFlags are the flags of everything that prints findings.
type outputFlags struct {
	format  string
	output  string
	quiet   bool
	noColor bool
	briefs  briefFlags
	keeper  *keeper // of the case; nil without one
}

func huntCommand() *cobra.Command {
	var f huntFlags
	cmd := &cobra.Command{
		Use:   "hunt EVIDENCE...",
		Short: "Hunt in logs: files, archives, and folders with all folders in them",
		Long: `Hunt reads all logs in files, folders and archives, runs every rule on every event, and shows
what was found: matches of a rule on a host that are less than a day apart are one finding.

Logs are recognised by their contents, never by their names, and are opened for reading only.
Without --rules it hunts with the rules that come with the program; --rules adds to them.

Exit codes: 0 nothing found; 1 findings at or above --fail-on; 2 wrong use; 3 some evidence
could not be read, the rest was hunted; 4 the output could not be written, or an internal
error; 130 interrupted. Findings go before evidence that could not be read.`,
		Example: `  aldebaran hunt C:\Windows\System32\winevt\Logs
  aldebaran hunt evidence --rules sigma/rules --min-level medium
  aldebaran hunt evidence --since 2026-11-01 --host "MAIL*" --output findings.jsonl`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 && f.caseDir == "" {
				return &hunt.UsageError{What: "want at least one file or folder of evidence, found none", Hint: "aldebaran hunt EVIDENCE..., or aldebaran demo to see what it does"}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			now := time.Now()
			if err := f.configure(cmd.Flags(), &f.briefs); err != nil {
				return err
			}
			var in *huntCase
			if f.caseDir != "" {
				if in, err = startCase(cmd, f.caseDir, args, now); err != nil {
					return err
				}
				defer func() {
					if e := in.db.Close(); e != nil {
						err = e
					}
				}()
				args, now = in.evidence, in.run.Started // "7d ago" means the same when it goes on
			}
			opt, err := f.options(args, now)
			if err != nil {
				return err
			}
			if !f.noDefaultRules {
				opt.DefaultRules = packs.Rules()
			}
			if err := f.know(&opt, cmd.InOrStdin(), cmd.ErrOrStderr(), now); err != nil {
				return err
			}
			if in != nil {
				f.briefs.caseDir = f.caseDir
				if f.keeper, err = in.prepare(&opt, f.all); err != nil {
					return err
				}
			}
			return runHunt(cmd, opt, f.outputFlags, f.failOn, hunt.TableOptions{})
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringArrayVarP(&f.rules, "rules", "r", nil, "hunt with the Sigma rules in this file or folder `path` too (repeatable)")
	flags.BoolVar(&f.noDefaultRules, "no-default-rules", false, "hunt with the rules of --rules alone")
	f.knowledgeFlags.add(flags)
	flags.StringVar(&f.caseDir, "case", "", "keep the hunt in this `folder`: hunting again reads only what is new, an interrupted hunt goes on")
	flags.StringVar(&f.minLevel, "min-level", "", "leave out rules below this `level`: "+strings.Join(sigma.Levels[:], ", "))
	flags.StringArrayVar(&f.include, "include", nil, "hunt only with rules of this id, or whose title, tag or file fits this `glob` (repeatable)")
	flags.StringArrayVar(&f.exclude, "exclude", nil, "leave out rules of this id, or whose title, tag or file fits this `glob` (repeatable)")
	flags.StringVar(&f.since, "since", "", "leave out events before this `time`: 2026-11-23, 2026-11-23T10:00:00Z, or 7d, 36h ago")
	flags.StringVar(&f.until, "until", "", "leave out events after this `time`; a date means the end of that day (UTC)")
	flags.StringArrayVar(&f.hosts, "host", nil, "leave out events of computers that do not fit this `glob` (repeatable)")
	f.outputFlags.add(flags)
	flags.StringVar(&f.failOn, "fail-on", "informational", "exit with 1 if there are findings of this `level` or above; never for never")
	flags.StringVar(&f.zone, "tz", "", "time `zone` of logs that do not say theirs: Asia/Riyadh, +03:00 (default: UTC, and you are told)")
	flags.BoolVar(&f.recover, "recover", false, "read deleted records that are still in the files too, and mark them")
	flags.BoolVar(&f.hash, "hash", false, "give every source its SHA-256; reads each file twice")
	flags.IntVar(&f.workers, "workers", 0, "read and match this many pieces of evidence at the same time (default: one a processor)")
	f.ruleFlags.add(flags)
	return cmd
}

func (f *ruleFlags) add(flags *pflag.FlagSet) {
	flags.BoolVar(&f.deprecated, "deprecated", false, "load rules of status deprecated and unsupported too")
	flags.StringVar(&f.cache, "cache", "", "keep parsed rules in this `folder` (default: the user's cache folder)")
	flags.BoolVar(&f.noCache, "no-cache", false, "parse all rules again and keep nothing")
}

func (f *ruleFlags) options() sigma.LoadOptions {
	opt := sigma.LoadOptions{IncludeDeprecated: f.deprecated, CacheDir: f.cache}
	if opt.CacheDir == "" && !f.noCache {
		if dir, err := os.UserCacheDir(); err == nil { // without one there is no cache: it only saves time
			opt.CacheDir = filepath.Join(dir, "aldebaran", "rules")
		}
	}
	if f.noCache {
		opt.CacheDir = ""
	}
	return opt
}

func (f *outputFlags) add(flags *pflag.FlagSet) {
	flags.StringVarP(&f.format, "format", "f", "", "`format` of the output: "+strings.Join(formats[:], ", ")+" (default: table, or what the name of --output ends in)")
	flags.StringVarP(&f.output, "output", "o", "", "write the output to this `file`; the summary is shown all the same")
	flags.BoolVarP(&f.quiet, "quiet", "q", false, "show no summary and no progress: only errors, and the output if it is not a table")
	flags.BoolVar(&f.noColor, "no-color", false, "no colours; so does the environment variable NO_COLOR")
	f.briefs.add(flags)
}

// options turns flags into the options of a hunt.
func (f *huntFlags) options(args []string, now time.Time) (hunt.Options, error) {
	opt := hunt.Options{
		Evidence: args, Hash: f.hash, Rules: f.rules, Load: f.ruleFlags.options(), Hosts: f.hosts, Workers: f.workers,
		Selection: match.Selection{MinLevel: f.minLevel, Include: f.include, Exclude: f.exclude},
	}
	opt.Read.Recover = f.recover
	zone, err := parseZone(f.zone)
	if err != nil {
		return opt, err
	}
	opt.Read.Zone = zone
	if f.noDefaultRules && len(f.rules) == 0 {
		return opt, &hunt.UsageError{What: "--no-default-rules leaves no rules", Hint: "say which with --rules DIR"}
	}
	if err := wantLevel("--min-level", f.minLevel, ""); err != nil {
		return opt, err
	}
	if err := wantLevel("--fail-on", f.failOn, "never"); err != nil {
		return opt, err
	}
	if f.workers < 0 {
		return opt, &hunt.UsageError{What: fmt.Sprintf("--workers: want 1 or more, found %d", f.workers), Hint: "leave it out for one a processor"}
	}
	if opt.Since, err = parseTime("--since", f.since, now, false); err != nil {
		return opt, err
	}
	if opt.Until, err = parseTime("--until", f.until, now, true); err != nil {
		return opt, err
	}
	if !opt.Until.IsZero() && opt.Until.Before(opt.Since) {
		return opt, &hunt.UsageError{What: "--until is before --since: no event is wanted", Hint: "exchange them"}
	}
	return opt, f.outputFlags.complete()
}

// complete fills in the format and checks it.
func (f *outputFlags) complete() error {
	if f.format == "" {
		f.format = "table"
		if ext := strings.TrimPrefix(strings.ToLower(filepath.Ext(f.output)), "."); slices.Contains(formats[:], ext) {
			f.format = ext
		}
	}
	if !slices.Contains(formats[:], f.format) {
		return &hunt.UsageError{What: fmt.Sprintf("--format: want one of %s, found %q", strings.Join(formats[:], ", "), f.format), Hint: "jsonl has one match a line, json one document"}
	}
	return nil
}

func wantLevel(flag, s, other string) error {
	if _, ok := match.Severity(s); ok || s == "" || s == other {
		return nil
	}
	want := strings.Join(sigma.Levels[:], ", ")
	if other != "" {
		want += ", " + other
	}
	return &hunt.UsageError{What: fmt.Sprintf("%s: unknown level %q", flag, s), Hint: "want one of " + want}
}

// runHunt hunts and shows the outcome; look says what stands above and below the summary.
func runHunt(cmd *cobra.Command, opt hunt.Options, f outputFlags, failOn string, look hunt.TableOptions) error {
	if err := f.briefs.check(opt.Question != nil); err != nil {
		return err
	}
	out, err := openOutput(f.output, cmd.OutOrStdout())
	if err != nil {
		return err
	}
	opt.Ignore = f.briefs.ignored() // they may be in a folder of evidence
	if f.output != "" {
		opt.Ignore = append(opt.Ignore, out.path, out.partial)
	}
	opt.Clock = time.Now
	opt.Progress = new(hunt.Progress)
	outputs := f.outputs(out, cmd.OutOrStdout(), cmd.ErrOrStderr(), look)
	opt.Samples = 1 // an example for the summary
	if f.format == "json" || f.keeper != nil || len(f.briefs.files) > 0 {
		opt.Samples = sampleEvents
	}
	// Matches that run over the terminal and a bar would get in each other's way.
	streams := f.output == "" && f.format != "table" && isTerminal(cmd.OutOrStdout())
	bar := startProgress(cmd.ErrOrStderr(), opt.Progress, f.quiet || streams)
	all := outputs.all(bar)
	if f.keeper != nil { // before anything is shown
		all = slices.Insert(all, 1, hunt.Output(f.keeper))
	}
	result, err := hunt.Run(cmd.Context(), opt, all...)
	bar.stop()
	if err = out.close(err); err != nil {
		return err
	}
	if err := writeBriefs(cmd.Context(), cmd.ErrOrStderr(), result, &f.briefs, opt, time.Now()); err != nil {
		return err
	}
	if f.keeper != nil {
		if err := keepBriefs(f.keeper.db, f.keeper.run.ID, &f.briefs, time.Now()); err != nil {
			return err
		}
	}
	return exitCode(result, failOn)
}

// exitCode says what a hunt came to.
func exitCode(r *hunt.Result, failOn string) error {
	least, ok := match.Severity(failOn)
	found := false
	for rank, n := range r.Summary.FindingsByLevel {
		found = found || ok && rank >= least && n > 0
	}
	switch {
	case r.Summary.Partial:
		return exitError(exitInterrupted)
	case found:
		return exitError(exitFindings)
	case !r.Summary.Complete() || r.Summary.Files == 0:
		return exitError(exitUnread)
	}
	return nil
}

// shown are the outputs of a hunt: what goes to the file or to standard output, and the summary.
type shown struct {
	main    hunt.Output // nil if nothing is wanted
	summary hunt.Output // nil if it is the main output or nothing is wanted
}

// outputs makes the outputs. If the main output is on standard output, the summary goes to
// standard error.
func (f *outputFlags) outputs(out *outputFile, stdout, stderr io.Writer, look hunt.TableOptions) shown {
	var s shown
	table := func(w io.Writer) hunt.Output {
		look.Width, look.Color = width(w), !f.noColor && colours(w)
		return hunt.NewTable(w, look)
	}
	switch f.format {
	case "jsonl":
		s.main = hunt.NewJSONL(out)
	case "csv":
		s.main = hunt.NewCSV(out)
	case "json":
		s.main = hunt.NewJSON(out)
	default:
		if f.output != "" || !f.quiet {
			s.main = table(out)
		}
		if f.output != "" && !f.quiet {
			s.summary = table(stdout)
		}
		return s
	}
	if f.quiet {
		return s
	}
	if f.output == "" {
		s.summary = table(stderr)
	} else {
		s.summary = table(stdout)
	}
	return s
}

// all gives the outputs in the order in which they are finished: the progress bar goes before
// anything is shown, the summary comes last.
func (s shown) all(bar *progressBar) []hunt.Output {
	outputs := []hunt.Output{bar}
	for _, o := range []hunt.Output{s.main, s.summary} {
		if o != nil {
			outputs = append(outputs, o)
		}
	}
	return outputs
}

// colours tells whether a writer is a terminal that is to have colours (https://no-color.org).
func colours(w io.Writer) bool {
	return os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb" && isTerminal(w)
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(interface{ Fd() uintptr })
	return ok && term.IsTerminal(int(f.Fd()))
}

// width gives the columns of a terminal, 0 for what is none.
func width(w io.Writer) int {
	f, ok := w.(interface{ Fd() uintptr })
	if !ok {
		return 0
	}
	columns, _, err := term.GetSize(int(f.Fd()))
	if err != nil {
		return 0
	}
	return columns
}
