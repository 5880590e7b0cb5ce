package main

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// huntLogSize is how large each text log is made for whole hunts, in bytes: such that what a hunt does
// once weighs little.
const huntLogSize = 192 << 20

// hunts is the command of that name: what whole hunts over logs of all kinds cost with rules alone, with what
// the packs bring, with behaviours, and with a million indicators.
func (b *bench) hunts(ctx context.Context) error {
	kinds, err := b.behaviourKinds(huntLogSize)
	if err != nil {
		return err
	}
	binary, err := b.build(ctx)
	if err != nil {
		return err
	}
	million, err := b.writeIndicators(manyIndicators)
	if err != nil {
		return err
	}
	tiny := filepath.Join(b.opt.work, "tiny.log")
	if err := behaviourLogs()[0].make(tiny, 1000); err != nil {
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
		{"and " + count(manyIndicators) + " indicators", []string{"--indicators", million}},
	}
	b.report.line("## Whole hunts\n")
	b.report.line("The program itself over logs of all kinds at once (%s MB in %d files: the event logs of the test data and synthetic text logs of %s MB each), matches written to a file, rules cached, two workers. Medians of %d runs that take turns, each less what the same hunt takes on a log of one kilobyte (start); shares are of the throughput of the row named.\n",
		megabytes(mixed.bytes), len(mixed.files), megabytes(huntLogSize), b.opt.runs)
	runs, starts := make([][]measure, len(outfits)), make([][]measure, len(outfits))
	for range b.opt.runs + 1 { // the first run fills caches and does not count
		for i, o := range outfits {
			for _, one := range []struct {
				evidence []string
				into     *[]measure
			}{{mixed.files, &runs[i]}, {[]string{tiny}, &starts[i]}} {
				out := filepath.Join(b.opt.work, "out-hunts.jsonl")
				args := []string{binary, "hunt", "--quiet", "--workers", "2", "--rules", b.opt.rules, "--cache", filepath.Join(b.opt.work, "cache"), "--output", out}
				m, err := b.once(ctx, program{name: o.name, args: slices.Concat(args, o.args, one.evidence)}, inputs{}, out)
				if err != nil {
					return err
				}
				*one.into = append(*one.into, m)
				b.logf("%s: %s CPU, %s wall, %s", o.name, seconds(m.CPU), seconds(m.Wall), mebibytes(m.RSS))
			}
		}
	}
	rows := [][]string{{"hunting with", "start, CPU", "CPU", "of the first", "of the one above", "wall", "of the first", "of the one above", "MB / wall s", "peak memory"}}
	var first, above measure
	share := func(a, b time.Duration) string { return fmt.Sprintf("%.0f %%", 100*a.Seconds()/b.Seconds()) }
	for i, o := range outfits {
		m, start := medians(runs[i][1:]), medians(starts[i][1:])
		m.CPU, m.Wall = m.CPU-start.CPU, m.Wall-start.Wall
		if i == 0 {
			first, above = m, m
		}
		rows = append(rows, []string{
			o.name, seconds(start.CPU), seconds(m.CPU), share(first.CPU, m.CPU), share(above.CPU, m.CPU), seconds(m.Wall), share(first.Wall, m.Wall), share(above.Wall, m.Wall),
			fmt.Sprintf("%.0f", float64(mixed.bytes)/1e6/m.Wall.Seconds()), mebibytes(m.RSS),
		})
		above = m
	}
	b.report.table(rows)
	return nil
}

// writeIndicators writes a table of indicators as analysts have them, and gives its path.
func (b *bench) writeIndicators(n int) (path string, err error) {
	path = filepath.Join(b.opt.work, "indicators.csv")
	file, err := os.Create(path)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	w := csv.NewWriter(file)
	if err := w.Write([]string{"type", "value"}); err != nil {
		return "", err
	}
	for _, one := range madeIndicators(n) {
		if err := w.Write([]string{string(one.Type), one.Value}); err != nil {
			return "", err
		}
	}
	w.Flush()
	return path, w.Error()
}
