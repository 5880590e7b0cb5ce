// Command bench measures Aldebaran against other tools and against Go's SHA-256 on the same
// evidence and rules, and writes what it found as Markdown. In goes the test data's folder, out
// comes a report for bench/results. See bench/README.md for how it measures and what it leaves out.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"runtime/pprof"
	"slices"
	"strings"
)

const usage = `usage: go run ./bench [flags] COMMAND

  peers     whole programs on the same events and rules, alternately; matches side by side
  engine    reader and matcher in this process: events per CPU second, against SHA-256, one and two workers
  load      time until all rules are ready, cold and from the cache
  memory    peak memory of one hunt over -size bytes of evidence
  formats   the reader of each text format in this process: MB per CPU second, beside wc -l
  behaviours  what behaviours and indicators leave of the throughput, by kind of log
  hunts     whole hunts over logs of all kinds with rules, packs and behaviours: throughput and peak memory
  all       the seven above
  jsonl     the evidence as JSON lines, as the other tools are given it, to standard output
  compare A B   matches by rule of two JSON lines outputs (of any of the tools)

flags:
`

// options are the flags.
type options struct {
	corpus, rules, out, work string
	aldebaran, rsigma        string
	peers                    peerFlag
	sets, only, profile      string
	runs, copies             int
	size                     int64
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if len(os.Args) > 1 && os.Args[1] == measureArg {
		os.Exit(measureChild(ctx, os.Args[2:], os.Stdout, os.Stderr))
	}
	if err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) (err error) {
	var opt options
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.Usage = func() {
		fmt.Fprint(stderr, usage)
		flags.PrintDefaults()
	}
	flags.StringVar(&opt.corpus, "corpus", os.Getenv("ALDEBARAN_CORPUS"), "`folder` of the test data")
	flags.StringVar(&opt.rules, "rules", "", "`folder` of Sigma rules (default sigma/rules/rules of the test data)")
	flags.StringVar(&opt.out, "out", "", "report `file`; default standard output")
	flags.StringVar(&opt.work, "work", "", "`folder` for prepared evidence, kept afterwards; default a temporary one")
	flags.StringVar(&opt.aldebaran, "aldebaran", "", "`program` to measure; default built from ./cmd/aldebaran")
	flags.StringVar(&opt.rsigma, "rsigma", "rsigma", "rsigma `program`; left out if it is not there")
	flags.Var(&opt.peers, "peer", "another tool: `NAME=COMMAND` with {evtx}, {jsonl}, {rules} and {out}; may be repeated")
	flags.StringVar(&opt.sets, "sets", "attack-samples,evtx-to-mitre,parser,host-collection", "evidence sets")
	flags.StringVar(&opt.only, "only", "", "measure behaviours on logs alone whose name has this `text`")
	flags.StringVar(&opt.profile, "profile", "", "`file` for a profile of the processor's time")
	flags.IntVar(&opt.runs, "runs", 5, "alternating runs of each program")
	flags.IntVar(&opt.copies, "copies", 1, "copies of the evidence, each at another time, for peers")
	flags.Int64Var(&opt.size, "size", 2<<30, "bytes of evidence for memory")
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return nil
		}
		return err
	}
	command := flags.Arg(0)
	if command == "compare" {
		return compareFiles(stdout, flags.Args()[1:])
	}
	commands := []string{"peers", "engine", "load", "memory", "formats", "behaviours", "hunts", "all", "jsonl"}
	if !slices.Contains(commands, command) || flags.NArg() != 1 {
		flags.Usage()
		return fmt.Errorf("command: want one of %s, found %q", strings.Join(commands, ", "), strings.Join(flags.Args(), " "))
	}
	if opt.corpus == "" {
		return errors.New("no test data: set ALDEBARAN_CORPUS or give -corpus")
	}
	if opt.rules == "" {
		opt.rules = filepath.Join(opt.corpus, "sigma", "rules", "rules")
	}
	if opt.runs < 1 || opt.copies < 1 {
		return fmt.Errorf("-runs and -copies: want 1 or more, found %d and %d", opt.runs, opt.copies)
	}
	if opt.work == "" {
		if opt.work, err = os.MkdirTemp("", "aldebaran-bench-"); err != nil {
			return err
		}
		defer os.RemoveAll(opt.work)
	} else if err := os.MkdirAll(opt.work, 0o755); err != nil {
		return err
	}

	if opt.profile != "" {
		file, err := os.Create(opt.profile)
		if err != nil {
			return err
		}
		if err := pprof.StartCPUProfile(file); err != nil {
			return err
		}
		defer func() {
			pprof.StopCPUProfile()
			err = errors.Join(err, file.Close())
		}()
	}
	w := stdout
	if opt.out != "" {
		file, err := os.Create(opt.out)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, file.Close()) }()
		w = file
	}
	b := &bench{opt: opt, report: &report{w: w}, log: stderr}
	if command == "jsonl" {
		return b.jsonl(ctx)
	}
	b.report.header(opt)
	for _, part := range []struct {
		name string
		do   func(context.Context) error
	}{{"engine", b.engine}, {"load", b.load}, {"peers", b.peers}, {"memory", b.memory}, {"formats", b.formats}, {"behaviours", b.behaviours}, {"hunts", b.hunts}} {
		if command != "all" && command != part.name {
			continue
		}
		if err := part.do(ctx); err != nil {
			return fmt.Errorf("%s: %w", part.name, err)
		}
	}
	return b.report.err
}

// A bench is one call of the program.
type bench struct {
	opt    options
	report *report
	log    io.Writer
}

func (b *bench) logf(format string, args ...any) { fmt.Fprintf(b.log, "bench: "+format+"\n", args...) }
