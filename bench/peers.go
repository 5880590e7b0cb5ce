package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"aldebaran/english"
	"aldebaran/match/sigma"
)

// peerFlag holds the tools given with -peer.
type peerFlag []program

func (p *peerFlag) String() string { return "" }

func (p *peerFlag) Set(s string) error {
	name, command, ok := strings.Cut(s, "=")
	if !ok || name == "" || len(strings.Fields(command)) == 0 {
		return fmt.Errorf("want NAME=COMMAND, found %q", s)
	}
	*p = append(*p, program{name: name, args: strings.Fields(command)})
	return nil
}

// A program is one tool and its arguments, with {evtx} for the folder of event logs, {jsonl} for
// the same events as JSON lines, {rules} for the rules and {out} for the file of its results.
type program struct {
	name string
	args []string
	// stdout says that the results come on standard output instead of in {out}.
	stdout bool
	// counted says that its results can be read by readCounts.
	counted bool
	// includes says what the measured time covers.
	includes string
}

// inputs are the files that the placeholders stand for.
type inputs struct{ evtx, jsonl, rules, pipeline, cache string }

func (p program) command(in inputs, out string) []string {
	fill := strings.NewReplacer("{evtx}", in.evtx, "{jsonl}", in.jsonl, "{rules}", in.rules, "{pipeline}", in.pipeline, "{cache}", in.cache, "{out}", out)
	args := make([]string, len(p.args))
	for i, a := range p.args {
		args[i] = fill.Replace(a)
	}
	return args
}

// ours are Aldebaran's ways; the first is the one that ratios refer to.
func ours(binary string) []program {
	hunt := func(workers int, more ...string) []string {
		return append([]string{
			binary, "hunt", "{evtx}", "--rules", "{rules}", "--no-default-rules", "--workers", strconv.Itoa(workers),
			"--format", "jsonl", "--output", "{out}", "--quiet",
		}, more...)
	}
	onLines := hunt(1, "--no-cache")
	onLines[2] = "{jsonl}"
	return []program{
		{name: "aldebaran, 1 worker", args: hunt(1, "--no-cache"), counted: true, includes: "loading rules from YAML, reading EVTX, matching, finding duplicates, writing matches with all fields"},
		{name: "aldebaran, 2 workers", args: hunt(2, "--no-cache"), counted: true, includes: "the same"},
		{name: "aldebaran, 1 worker, cached rules", args: hunt(1, "--cache", "{cache}"), counted: true, includes: "the same, rules from the cache"},
		{name: "aldebaran on JSON lines, 1 worker", args: onLines, counted: true, includes: "the same as the first, but reading the JSON lines that rsigma reads"},
	}
}

// rsigma is the fastest way we found to give rsigma the same events and rules with the same result:
// its own logsource routing, by the labels of the export. Without the routing it evaluates rules of
// all log sources on every event; with the labels as a condition on every rule instead, it takes
// several times as long.
func rsigma(binary string) []program {
	args := []string{
		binary, "engine", "eval", "--rules", "{rules}", "--event", "@{jsonl}", "--input-format", "json", "--quiet", "--pipeline", "{pipeline}",
		"--logsource-routing", "--logsource-field-map", "product=" + labelProduct + ",category=" + labelCategory + ",service=" + labelService,
	}
	return []program{
		{name: "rsigma", args: args, stdout: true, counted: true, includes: "loading rules from YAML, parsing JSON lines (made beforehand, not measured), matching, writing matches with the matched fields alone"},
		{name: "rsigma, events in its output", args: append(slices.Clip(args), "--include-event"), stdout: true, counted: true, includes: "the same, and writing the whole event with each match, as Aldebaran does"},
	}
}

// build gives the program to measure.
func (b *bench) build(ctx context.Context) (string, error) {
	if b.opt.aldebaran != "" {
		return b.opt.aldebaran, nil
	}
	binary := filepath.Join(b.opt.work, "aldebaran")
	cmd := exec.CommandContext(ctx, "go", "build", "-o", binary, "./cmd/aldebaran")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("building aldebaran: %w: %s", err, out)
	}
	return binary, nil
}

// peers is the command of that name.
func (b *bench) peers(ctx context.Context) error {
	sets, err := b.prepare(b.opt.sets, b.opt.copies)
	if err != nil {
		return err
	}
	binary, err := b.build(ctx)
	if err != nil {
		return err
	}
	programs := ours(binary)
	version := ""
	if path, err := exec.LookPath(b.opt.rsigma); err == nil {
		programs = append(programs, rsigma(path)...)
		out, err := exec.CommandContext(ctx, path, "--version").Output()
		if err != nil {
			return fmt.Errorf("rsigma: %w", err)
		}
		version, _, _ = strings.Cut(strings.TrimSpace(string(out)), "\n")
		version += "."
	} else {
		b.logf("rsigma is not there, left out: %v", err)
	}
	programs = append(programs, b.opt.peers...)
	collection, err := sigma.Load([]string{b.opt.rules}, sigma.LoadOptions{})
	if err != nil {
		return err
	}
	rules, err := sigma.Compile(collection)
	if err != nil {
		return err
	}

	b.report.line("## Whole programs\n")
	b.report.line("Same events, same rules; %d runs of each program, taking turns; medians, and the largest memory. %s", b.opt.runs, version)
	b.report.line("\"without start\" is the CPU time less that of the same program on one empty log in the same rounds, mostly loading rules.\n")
	for _, p := range programs {
		if p.includes != "" {
			b.report.line("- **%s** includes: %s", p.name, p.includes)
		}
	}
	b.report.line("")
	in := inputs{rules: b.opt.rules, cache: filepath.Join(b.opt.work, "cache"), pipeline: filepath.Join(b.opt.work, "pipeline.yml")}
	empty, err := b.empty(ctx, programs, in, collection)
	if err != nil {
		return err
	}
	for _, s := range sets {
		in.evtx, in.jsonl = s.dir, s.dir+".jsonl"
		if err := b.peersOn(ctx, programs, s, in, empty, collection, rules); err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
	}
	return nil
}

// empty makes evidence with next to nothing in it, and runs each program on it once, which fills caches.
func (b *bench) empty(ctx context.Context, programs []program, in inputs, c *sigma.Collection) (inputs, error) {
	in.evtx, in.jsonl = filepath.Join(b.opt.work, "empty"), filepath.Join(b.opt.work, "empty.jsonl")
	if err := write(filepath.Join(in.evtx, "empty.evtx"), emptyLog()); err != nil {
		return in, err
	}
	// Not quite empty: Aldebaran says of evidence without any event that it is none.
	if err := os.WriteFile(in.jsonl, []byte("{\"message\":\"synthetic\"}\n"), 0o644); err != nil {
		return in, err
	}
	x := newExporter(nil, c)
	if err := os.WriteFile(in.pipeline, x.pipeline(), 0o644); err != nil {
		return in, err
	}
	for _, p := range programs {
		if _, err := b.once(ctx, p, in, filepath.Join(b.opt.work, "out-start")); err != nil {
			return in, err
		}
	}
	return in, nil
}

func (b *bench) once(ctx context.Context, p program, in inputs, out string) (measure, error) {
	stdout := out
	if !p.stdout {
		stdout = out + ".stdout"
	}
	if err := os.RemoveAll(out); err != nil { // that of the run before
		return measure{}, err
	}
	m, err := timed(ctx, stdout, p.command(in, out)...)
	if err != nil {
		return m, fmt.Errorf("%s: %w", p.name, err)
	}
	return m, nil
}

func (b *bench) peersOn(ctx context.Context, programs []program, s set, in, empty inputs, c *sigma.Collection, rules *sigma.Set) error {
	events, err := export(ctx, s, in.jsonl, c)
	if err != nil {
		return err
	}
	runs, starts := make([][]measure, len(programs)), make([][]measure, len(programs))
	results := make([]counts, len(programs))
	for range b.opt.runs {
		for i, p := range programs {
			out := filepath.Join(b.opt.work, fmt.Sprintf("out-%s-%d", s.name, i))
			m, err := b.once(ctx, p, in, out)
			if err != nil {
				return err
			}
			runs[i] = append(runs[i], m)
			// What the start takes depends on what else runs on the machine just then.
			if m, err = b.once(ctx, p, empty, filepath.Join(b.opt.work, "out-start")); err != nil {
				return err
			}
			starts[i] = append(starts[i], m)
			if p.counted && results[i] == nil {
				if results[i], err = readCountsFile(out); err != nil {
					return fmt.Errorf("%s: %w", p.name, err)
				}
			}
		}
	}
	b.logf("%s: %d events through %d programs", s.name, events, len(programs))

	b.report.line("### %s: %s events, %s MB of EVTX in %d files, %s MB as JSON lines\n", s.name, english.Number(events), megabytes(s.bytes), len(s.files), megabytes(fileSize(in.jsonl)))
	rows := [][]string{{"program", "CPU", "wall", "peak memory", "matches", "events / CPU s", "first to this", "events / CPU s without start", "first to this"}}
	var whole, net []float64
	for i, p := range programs {
		m := medians(runs[i])
		whole = append(whole, float64(events)/m.CPU.Seconds())
		// Nothing can be said of a difference that is smaller than the noise of the start.
		left := max(m.CPU-medians(starts[i]).CPU, 0)
		rate := 0.0
		if left > 5*time.Millisecond {
			rate = float64(events) / left.Seconds()
		}
		net = append(net, rate)
		matches := "not counted"
		if results[i] != nil {
			matches = english.Number(results[i].total())
		}
		rows = append(rows, []string{
			p.name, seconds(m.CPU), seconds(m.Wall), mebibytes(m.RSS), matches,
			english.Number(int(whole[i])), ratio(whole[0], whole[i]), english.Number(int(net[i])), ratio(net[0], net[i]),
		})
	}
	b.report.table(rows)

	logs, err := openSet(s)
	if err != nil {
		return err
	}
	alone, err := newCrew(rules, 1).hunt(logs, 1)
	if err != nil {
		return err
	}
	rate := float64(alone.events) / alone.cpu.Seconds()
	line := fmt.Sprintf("Aldebaran's reader and matcher alone (in process, one worker, rules ready, evidence in memory, empty caches at the start, no output): %s events / CPU s", english.Number(int(rate)))
	for i, p := range programs {
		if p.name == "rsigma" && net[i] > 0 {
			line += fmt.Sprintf(", %.1f times rsigma without start", rate/net[i])
		}
	}
	b.report.line("%s.\n", line)
	engine, _, err := countMatches(logs, rules)
	if err != nil {
		return err
	}
	b.report.line("Matches by rule. Aldebaran counts an event that stands in the evidence twice once; so the others are held against its engine without removal of duplicates, which has %s matches.\n", english.Number(engine.total()))
	for i, p := range programs {
		if i >= len(ours("")) && results[i] != nil && !strings.HasPrefix(p.name, "rsigma,") {
			b.report.comparison("engine", p.name, engine, results[i])
		}
	}
	return nil
}

// ratio says how many times as fast the first is.
func ratio(first, other float64) string {
	if other == 0 || first == 0 {
		return "-"
	}
	return fmt.Sprintf("%.1f", first/other)
}

func export(ctx context.Context, s set, path string, c *sigma.Collection) (events int, err error) {
	file, err := os.Create(path)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	return newExporter(file, c).set(ctx, s)
}

func fileSize(path string) int64 {
	info, err := os.Stat(path)
	if err != nil {
		return 0
	}
	return info.Size()
}
