package main

import (
	"context"
	"fmt"
	"path/filepath"
	"time"
)

// huntLogSize is how large each text log is made for whole hunts, in bytes: such that what a hunt does
// once weighs little.
const huntLogSize = 192 << 20

// hunts is the command of that name: what whole hunts over logs of all kinds cost with rules alone, with what
// the packs bring, and with behaviours.
func (b *bench) hunts(ctx context.Context) error {
	kinds, err := b.behaviourKinds(huntLogSize)
	if err != nil {
		return err
	}
	binary, err := b.build(ctx)
	if err != nil {
		return err
	}
	mixed := kinds[len(kinds)-1]
	outfits := []struct {
		name string
		args []string
	}{
		{"rules of the test data", []string{"--no-default-rules", "--no-behaviours"}},
		{"and the packs' rules and indicators", []string{"--no-behaviours"}},
		{"and behaviours: all", nil},
	}
	b.report.line("## Whole hunts\n")
	b.report.line("The program itself over logs of all kinds at once (%s MB in %d files: the event logs of the test data and synthetic text logs of %s MB each), matches written to a file, rules cached, two workers. Medians of %d runs that take turns; shares are of the first row's throughput.\n",
		megabytes(mixed.bytes), len(mixed.files), megabytes(huntLogSize), b.opt.runs)
	measured := make([][]measure, len(outfits))
	for range b.opt.runs + 1 { // the first run fills caches and does not count
		for i, o := range outfits {
			out := filepath.Join(b.opt.work, "out-hunts.jsonl")
			args := append([]string{"hunt", "--quiet", "--workers", "2", "--rules", b.opt.rules, "--cache", filepath.Join(b.opt.work, "cache"), "--output", out}, o.args...)
			m, err := b.once(ctx, program{name: o.name, args: append(append([]string{binary}, args...), mixed.files...)}, inputs{}, out)
			if err != nil {
				return err
			}
			measured[i] = append(measured[i], m)
			b.logf("%s: %s CPU, %s wall, %s", o.name, seconds(m.CPU), seconds(m.Wall), mebibytes(m.RSS))
		}
	}
	share := func(a, b time.Duration) string { return fmt.Sprintf("%.0f %%", 100*a.Seconds()/b.Seconds()) }
	rows := [][]string{{"hunting with", "CPU", "share", "wall", "share", "MB / wall s", "peak memory"}}
	var first measure
	for i, o := range outfits {
		m := medians(measured[i][1:])
		if i == 0 {
			first = m
		}
		rows = append(rows, []string{
			o.name, seconds(m.CPU), share(first.CPU, m.CPU), seconds(m.Wall), share(first.Wall, m.Wall),
			fmt.Sprintf("%.0f", float64(mixed.bytes)/1e6/m.Wall.Seconds()), mebibytes(m.RSS),
		})
	}
	b.report.table(rows)
	return nil
}
