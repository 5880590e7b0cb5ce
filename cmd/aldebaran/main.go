// Command aldebaran hunts for intrusions in the logs of your own machines. In go rules and
// evidence; out come findings. "aldebaran help" lists the commands.
//
// Exit codes:
//
//	0    nothing found
//	1    findings at or above --fail-on, rules that were rejected (rules check), no match (rules explain)
//	2    wrong use: an unknown flag, a path that does not exist, no rules
//	3    some evidence could not be read; the rest was hunted
//	4    the program could not finish: an output could not be written, or an internal error
//	130  interrupted; what was found so far was written
//
// If several apply, 4 goes before 130, 130 before 1, and 1 before 3: an intruder who damages a log
// must not be able to turn the code for findings into another.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"aldebaran/hunt"
)

const (
	exitNothing     = 0
	exitFindings    = 1
	exitUsage       = 2
	exitUnread      = 3
	exitInternal    = 4
	exitInterrupted = 130 // 128 + SIGINT, as shells have it
)

// garbagePercent is how much may be thrown away, in percent of what is kept, before it is collected. A hunt
// keeps much and throws away little: with half of Go's usual figure it takes a fifth less memory and no more
// time. GOGC in the environment goes before it.
const garbagePercent = 50

func main() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(garbagePercent)
	}
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
}

// run is the program without the process around it.
func run(args []string, stdout, stderr io.Writer) (code int) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	// The first signal ends the hunt cleanly, the second at once.
	context.AfterFunc(ctx, stop)

	root := &cobra.Command{
		Use:   "aldebaran",
		Short: "Hunt for intrusions in the logs of your own machines",
		Long: "Aldebaran hunts for intrusions in the logs of your own machines: Sigma rules in event\n" +
			"logs and in the logs of web, mail and database servers, offline. Start with: aldebaran demo",
		SilenceUsage:  true,
		SilenceErrors: true,
		Args:          cobra.NoArgs,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.CompletionOptions.HiddenDefaultCmd = true
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return &hunt.UsageError{What: err.Error(), Hint: "see " + cmd.CommandPath() + " --help"}
	})
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	root.AddCommand(huntCommand(), readCommand(), sourcesCommand(), demoCommand(), rulesCommand(), packsCommand(), planCommand(), caseCommand(), briefCommand(), feedbackCommand(), attributeCommand(), actorsCommand(), versionCommand())

	cmd, err := root.ExecuteContextC(ctx)
	return report(cmd, err, stderr)
}

// An exitError ends the program with a code and without a message: everything was said.
type exitError int

func (e exitError) Error() string { return fmt.Sprintf("exit code %d", int(e)) }

// report prints an error with what to do about it, and gives the exit code.
func report(cmd *cobra.Command, err error, stderr io.Writer) int {
	if err == nil {
		return exitNothing
	}
	if code, ok := errors.AsType[exitError](err); ok {
		return int(code)
	}
	code, hint := explain(cmd, err)
	name := strings.TrimPrefix(strings.TrimPrefix(cmd.CommandPath(), "aldebaran"), " ")
	if name != "" {
		name += ": "
	}
	// If standard error cannot be written there is nobody to tell.
	_, _ = fmt.Fprintf(stderr, "aldebaran: %s%s\n", name, hunt.Terminal(err.Error()))
	if hint != "" {
		_, _ = fmt.Fprintf(stderr, "aldebaran: %shint: %s\n", name, hint)
	}
	return code
}

// explain gives the exit code of an error and the next step.
func explain(cmd *cobra.Command, err error) (code int, hint string) {
	if usage, ok := errors.AsType[*hunt.UsageError](err); ok {
		return exitUsage, usage.Hint
	}
	if out, ok := errors.AsType[*outputFileError](err); ok {
		return exitInternal, out.hint()
	}
	if _, ok := errors.AsType[*hunt.OutputError](err); ok {
		return exitInternal, "free some space, or write to another place with --output FILE"
	}
	if _, ok := errors.AsType[*hunt.JournalError](err); ok {
		return exitInternal, "free some space and hunt again: the hunt goes on where it was"
	}
	switch {
	case errors.Is(err, hunt.ErrNoRules):
		return exitUsage, "see aldebaran rules check DIR for every file; Sigma rules end in .yml"
	case errors.Is(err, os.ErrNotExist):
		return exitUsage, "check the path; a folder is searched with all folders in it"
	case errors.Is(err, os.ErrPermission):
		return exitUnread, "run as a user who may read it"
	case strings.HasPrefix(err.Error(), "unknown command"):
		return exitUsage, "see aldebaran --help"
	case strings.Contains(err.Error(), "arg(s)"):
		return exitUsage, "see " + cmd.CommandPath() + " --help"
	}
	return exitInternal, ""
}
