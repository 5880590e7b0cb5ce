package main

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"aldebaran/english"
)

// huntLogSize is how large each text log is made for whole hunts, in bytes: such that what a hunt does
// once weighs little.
const huntLogSize = 192 << 20

// An attire is what a hunt looks for, by the flags that say so.
type attire struct {
	name string
	args []string
}

// hunts is the command of that name: what whole hunts cost with rules alone, with what the packs bring, with
// behaviours, and with a million indicators, over the test data as they are and over large logs of all kinds.
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
	attires := []attire{
		{"rules of the test data", []string{"--no-default-rules", "--no-behaviours"}},
		{"and the packs' rules and indicators", []string{"--no-behaviours"}},
		{"and behaviours: all", nil},
		{"and " + english.Number(manyIndicators) + " indicators", []string{"--indicators", million}},
	}
	given, err := b.givenEvidence()
	if err != nil {
		return err
	}
	copied := set{files: append(slices.Clone(kinds[0].files), kinds[1].files...), bytes: kinds[0].bytes + kinds[1].bytes}
	mixed := kinds[len(kinds)-1]
	b.report.line("## Whole hunts\n")
	b.report.line("The program itself, matches written to a file, rules cached, two workers. Medians of %d runs that take turns, each less what the same hunt takes on a log of one kilobyte (start); shares are of the throughput of the row named.\n", b.opt.runs)
	for _, e := range []struct {
		what string
		set
	}{
		{fmt.Sprintf("The logs of the test data as they are, archives unpacked on the way (%s MB in %d files):", megabytes(given.bytes), len(given.files)), given},
		{fmt.Sprintf("Its event logs alone, in copies at other times (%s MB in %d files):", megabytes(copied.bytes), len(copied.files)), copied},
		{fmt.Sprintf("These copies and synthetic text logs of %s MB each, made so that much in them is new (%s MB in %d files):", megabytes(huntLogSize), megabytes(mixed.bytes), len(mixed.files)), mixed},
	} {
		b.report.line("%s\n", e.what)
		if err := b.huntRows(ctx, binary, attires, e.files); err != nil {
			return err
		}
	}
	return nil
}

// givenEvidence is all of the logs of the test data that are evidence, as they are kept.
func (b *bench) givenEvidence() (s set, err error) {
	for _, folder := range []string{"evtx", "logs", "mordor"} {
		err := filepath.WalkDir(filepath.Join(b.opt.corpus, folder), func(path string, d fs.DirEntry, err error) error {
			if err == nil && d.Type().IsRegular() {
				s.files, s.bytes = append(s.files, path), s.bytes+fileSize(path)
			}
			return err
		})
		if err != nil {
			return s, err
		}
	}
	return s, nil
}

// huntRows measures whole hunts over the files, and reports them.
func (b *bench) huntRows(ctx context.Context, binary string, attires []attire, files []string) error {
	tiny := filepath.Join(b.opt.work, "tiny.log")
	if err := behaviourLogs()[0].make(tiny, 1000); err != nil {
		return err
	}
	runs, starts := make([][]measure, len(attires)), make([][]measure, len(attires))
	for range b.opt.runs + 1 { // the first run fills caches and does not count
		for i, a := range attires {
			for _, one := range []struct {
				evidence []string
				into     *[]measure
			}{{files, &runs[i]}, {[]string{tiny}, &starts[i]}} {
				out := filepath.Join(b.opt.work, "out-hunts.jsonl")
				args := []string{binary, "hunt", "--quiet", "--workers", "2", "--rules", b.opt.rules, "--cache", filepath.Join(b.opt.work, "cache"), "--output", out}
				m, err := b.once(ctx, program{name: a.name, args: slices.Concat(args, a.args, one.evidence)}, inputs{}, out)
				if err != nil {
					return err
				}
				*one.into = append(*one.into, m)
				b.logf("%s: %s CPU, %s wall, %s", a.name, seconds(m.CPU), seconds(m.Wall), mebibytes(m.RSS))
			}
		}
	}
	rows := [][]string{{"hunting with", "start, CPU", "CPU", "of the first", "of the one above", "wall", "of the first", "of the one above", "peak memory"}}
	var first, above measure
	share := func(a, b time.Duration) string { return fmt.Sprintf("%.0f %%", 100*a.Seconds()/b.Seconds()) }
	for i, a := range attires {
		m, start := medians(runs[i][1:]), medians(starts[i][1:])
		m.CPU, m.Wall = m.CPU-start.CPU, m.Wall-start.Wall
		if i == 0 {
			first, above = m, m
		}
		rows = append(rows, []string{
			a.name, seconds(start.CPU), seconds(m.CPU), share(first.CPU, m.CPU), share(above.CPU, m.CPU), seconds(m.Wall), share(first.Wall, m.Wall), share(above.Wall, m.Wall), mebibytes(m.RSS),
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
