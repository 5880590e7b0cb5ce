package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"aldebaran/english"
	"aldebaran/evidence/evtx"
	"aldebaran/match/sigma"
)

// emptyLog is an event log without events.
func emptyLog() []byte {
	var b bytes.Buffer
	if err := evtx.NewWriter(&b).Close(); err != nil {
		panic(err) // memory can always be written
	}
	return b.Bytes()
}

// load is the command of that name: from files of rules to a set that is ready to match.
func (b *bench) load(ctx context.Context) error {
	cache := filepath.Join(b.opt.work, "load-cache")
	var cold, cached, cpu []time.Duration
	var loaded, rejected int
	ready := func(dir string) (time.Duration, time.Duration, error) {
		runtime.GC()
		start, used := time.Now(), cpuTime()
		c, err := sigma.Load([]string{b.opt.rules}, sigma.LoadOptions{CacheDir: dir})
		if err != nil {
			return 0, 0, err
		}
		set, err := sigma.Compile(c)
		if err != nil {
			return 0, 0, err
		}
		set.NewMatcher()
		loaded, rejected = len(c.Rules), len(c.Rejected)
		return time.Since(start), cpuTime() - used, nil
	}
	if _, _, err := ready(cache); err != nil { // fills the cache
		return err
	}
	for range b.opt.runs {
		if err := ctx.Err(); err != nil {
			return err
		}
		wall, used, err := ready("")
		if err != nil {
			return err
		}
		cold, cpu = append(cold, wall), append(cpu, used)
		if wall, _, err = ready(cache); err != nil {
			return err
		}
		cached = append(cached, wall)
	}

	binary, err := b.build(ctx)
	if err != nil {
		return err
	}
	in := inputs{rules: b.opt.rules, cache: filepath.Join(b.opt.work, "cache"), evtx: filepath.Join(b.opt.work, "empty")}
	if err := write(filepath.Join(in.evtx, "empty.evtx"), emptyLog()); err != nil {
		return err
	}
	programs := ours(binary)
	both := []program{programs[1], programs[2]}
	both[1].args = append(both[1].args[:len(both[1].args):len(both[1].args)], "--workers", "2")
	runs := make([][]measure, 2)
	for round := range b.opt.runs + 1 {
		for i, p := range both {
			m, err := b.once(ctx, p, in, filepath.Join(b.opt.work, "out-load"))
			if err != nil {
				return err
			}
			if round > 0 { // the first fills the cache
				runs[i] = append(runs[i], m)
			}
		}
	}
	b.report.line("## Rules ready to hunt\n")
	b.report.line("%d rules loaded, %d rejected. Medians of %d; files are in the system's cache.\n", loaded, rejected, b.opt.runs)
	b.report.table([][]string{
		{"", "from YAML", "from the cache"},
		{"load and compile, in process, wall", seconds(median(cold)), seconds(median(cached))},
		{"of that, CPU", seconds(median(cpu)), ""},
		{"whole program on an empty log, wall", seconds(medians(runs[0]).Wall), seconds(medians(runs[1]).Wall)},
		{"peak memory of that", mebibytes(medians(runs[0]).RSS), mebibytes(medians(runs[1]).RSS)},
	})
	return nil
}

// memory is the command of that name: one hunt over as much evidence as asked for.
func (b *bench) memory(ctx context.Context) error {
	base, err := b.prepare(b.opt.sets, 1)
	if err != nil {
		return err
	}
	var once int64
	for _, s := range base {
		once += s.bytes
	}
	if once == 0 {
		return fmt.Errorf("%s: want evidence, found none", b.opt.sets)
	}
	copies := int(b.opt.size/once) + 1
	sets, err := b.prepare(b.opt.sets, copies)
	if err != nil {
		return err
	}
	binary, err := b.build(ctx)
	if err != nil {
		return err
	}
	b.report.line("## Memory\n")
	b.report.line("One hunt over all sets together in %d copies, each a day after the other, so that nothing is a duplicate of another copy. Two workers, rules from YAML, matches written to a file.\n", copies)
	rows := [][]string{{"evidence", "wall", "CPU", "MB / wall s", "peak memory", "matches"}}
	for _, part := range [][]set{base, sets} {
		p := ours(binary)[1]
		var args []string
		var size int64
		for _, a := range p.args {
			if a != "{evtx}" {
				args = append(args, a)
				continue
			}
			for _, s := range part {
				args = append(args, s.dir)
				size += s.bytes
			}
		}
		p.args = args
		out := filepath.Join(b.opt.work, "out-memory")
		m, err := b.once(ctx, p, inputs{rules: b.opt.rules}, out)
		if err != nil {
			return err
		}
		found, err := readCountsFile(out)
		if err != nil {
			return err
		}
		rows = append(rows, []string{megabytes(size) + " MB", seconds(m.Wall), seconds(m.CPU), fmt.Sprintf("%.0f", float64(size)/1e6/m.Wall.Seconds()), mebibytes(m.RSS), english.Number(found.total())})
		if err := os.Remove(out); err != nil {
			return err
		}
	}
	b.report.table(rows)
	for _, s := range sets { // gigabytes need not stay
		if err := os.RemoveAll(s.dir); err != nil {
			return err
		}
	}
	return nil
}
