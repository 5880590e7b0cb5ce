package main

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"os"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"aldebaran/english"
	"aldebaran/event"
	"aldebaran/evidence/evtx"
	"aldebaran/match/sigma"
)

// A log is one event log, wholly in memory so that disks play no part.
type log struct {
	path string
	data []byte
	file *evtx.File
}

// openSet reads the logs of a set; what is no event log is left out, as the hunt leaves it out.
func openSet(s set) ([]log, error) {
	var logs []log
	for _, path := range s.files {
		data, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		file, err := evtx.Open(bytes.NewReader(data), int64(len(data)), path, evtx.Options{})
		if errors.Is(err, evtx.ErrNotEVTX) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		logs = append(logs, log{path, data, file})
	}
	return logs, nil
}

// each hands over every event of one log.
func (l log) each(emit func(*event.Event) bool) error {
	r := evtx.NewReader(evtx.Options{})
	for _, u := range l.file.Units() {
		if _, err := r.Read(l.file, u, emit); err != nil {
			return err
		}
	}
	return nil
}

// A pass is what one way through a set gave.
type pass struct {
	events, matches int
	used            int64 // bytes that held records
	cpu, wall       time.Duration
}

// A crew is some workers, each with its reader and its matcher, whose caches stay filled between
// passes.
type crew []worker

type worker struct {
	reader  *evtx.Reader
	matcher *sigma.Matcher // nil: reading alone
}

func newCrew(rules *sigma.Set, workers int) crew {
	c := make(crew, workers)
	for i := range c {
		c[i].reader = evtx.NewReader(evtx.Options{})
		if rules != nil {
			c[i].matcher = rules.NewMatcher()
		}
	}
	return c
}

// hunt reads and matches a set, several times over if asked. The rules are ready before the clock
// starts; whether the caches are is for the caller to say, by a new crew or by one that has hunted.
func (c crew) hunt(logs []log, times int) (pass, error) {
	type job struct {
		log  log
		unit event.Unit
	}
	var jobs []job
	for range times {
		for _, l := range logs {
			for _, u := range l.file.Units() {
				jobs = append(jobs, job{l, u})
			}
		}
	}
	runtime.GC() // what came before is not this pass's to clean up
	var (
		next  atomic.Int64
		wait  sync.WaitGroup
		sums  = make([]pass, len(c))
		fails = make([]error, len(c))
	)
	cpu, start := cpuTime(), time.Now()
	for i, w := range c {
		wait.Go(func() {
			var sum pass
			defer func() { sums[i] = sum }() // once, so that workers do not share a cache line
			emit := func(e *event.Event) bool {
				if w.matcher != nil {
					sum.matches += len(w.matcher.Match(e))
				}
				return true
			}
			for {
				n := int(next.Add(1)) - 1
				if n >= len(jobs) {
					return
				}
				report, err := w.reader.Read(jobs[n].log.file, jobs[n].unit, emit)
				if err != nil {
					fails[i] = err
					return
				}
				sum.events += report.Events
				sum.used += report.Bytes
			}
		})
	}
	wait.Wait()
	all := pass{cpu: cpuTime() - cpu, wall: time.Since(start)}
	for _, s := range sums {
		all.events += s.events
		all.matches += s.matches
		all.used += s.used
	}
	return all, errors.Join(fails...)
}

// hash takes SHA-256 of as many bytes as held records, out of the same memory.
func hash(logs []log, used int64) time.Duration {
	h := sha256.New()
	start := cpuTime()
	for left := used; left > 0; {
		for _, l := range logs {
			n := min(int64(len(l.data)), left)
			h.Write(l.data[:n])
			left -= n
		}
	}
	h.Sum(nil)
	return cpuTime() - start
}

// engine is the command of that name: reader and matcher alone, in this process.
func (b *bench) engine(ctx context.Context) error {
	sets, err := b.prepare(b.opt.sets, 1)
	if err != nil {
		return err
	}
	collection, err := sigma.Load([]string{b.opt.rules}, sigma.LoadOptions{})
	if err != nil {
		return err
	}
	rules, err := sigma.Compile(collection)
	if err != nil {
		return err
	}
	b.report.line("## Reader and matcher, in one process\n")
	b.report.line("%d rules ready, evidence in memory, no output. Medians of %d rounds; in each round all columns are measured one after the other. CPU is user and system time of the whole process, the garbage collector's too.\n", len(collection.Rules), b.opt.runs)
	b.report.line("\"Empty caches\": a new reader and a new matcher go through the set once (the sets are small, so this is mostly the cost of events of a kind seen for the first time). \"Warm\": they have gone through the other sets before, so what is met here for the first time is this set's values. \"Filled\": they have gone through this very set before, as in a large log whose events repeat each other. Large hunts are between the last two; `peers` has whole programs.\n")
	rates := [][]string{{"set", "events", "used MB", "matches", "events / CPU s, empty caches", "warm", "filled", "used MB / CPU s, filled", "reading alone, events / CPU s"}}
	ratios := [][]string{{"set", "CPU of SHA-256", "CPU, empty caches", "ratio", "CPU, warm", "ratio", "CPU, filled", "ratio", "two workers: events / wall s", "two workers to one"}}
	opened := make([][]log, len(sets))
	for i, s := range sets {
		if opened[i], err = openSet(s); err != nil {
			return err
		}
	}
	for i, s := range sets {
		others := slices.Concat(slices.Concat(opened[:i]...), slices.Concat(opened[i+1:]...))
		m, err := b.measureSet(ctx, opened[i], others, rules)
		if err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
		events := float64(m.events)
		rates = append(rates, []string{
			s.name, english.Number(m.events), megabytes(m.used), english.Number(m.matches),
			english.Number(int(events / m.empty.Seconds())), english.Number(int(events / m.warm.Seconds())), english.Number(int(events / m.filled.Seconds())),
			fmt.Sprintf("%.0f", float64(m.used)/1e6/m.filled.Seconds()),
			english.Number(int(events / m.reading.Seconds())),
		})
		ratios = append(ratios, []string{
			s.name, milliseconds(m.sha), milliseconds(m.empty), ratio(m.empty.Seconds(), m.sha.Seconds()),
			milliseconds(m.warm), ratio(m.warm.Seconds(), m.sha.Seconds()),
			milliseconds(m.filled), ratio(m.filled.Seconds(), m.sha.Seconds()),
			english.Number(int(events / m.twoWall.Seconds())), fmt.Sprintf("%.2f", m.oneWall.Seconds()/m.twoWall.Seconds()),
		})
	}
	b.report.table(rates)
	b.report.line("Against Go's SHA-256 over as many bytes as the records occupy, and two workers against one (wall time, caches filled):\n")
	b.report.table(ratios)
	return nil
}

// A setMeasure is what one way through a set costs, each the median of all rounds.
type setMeasure struct {
	pass
	empty, warm, filled, reading, sha time.Duration // CPU
	oneWall, twoWall                  time.Duration
}

func (b *bench) measureSet(ctx context.Context, logs, others []log, rules *sigma.Set) (m setMeasure, err error) {
	one, two, reading := newCrew(rules, 1), newCrew(rules, 2), newCrew(nil, 1)
	if m.pass, err = one.hunt(logs, 1); err != nil {
		return m, err
	}
	if m.events == 0 {
		return m, fmt.Errorf("want events, found none in %d files", len(logs))
	}
	for _, c := range []crew{two, reading} { // fills their caches
		if _, err := c.hunt(logs, 2); err != nil {
			return m, err
		}
	}
	// A way through a set takes some hundredths of a second: too short for one worker to wait for
	// another, or for the system's clock of CPU time.
	times := int(time.Second/max(m.cpu, time.Millisecond)) + 1
	n := time.Duration(times)
	var empty, warm, filled, read, sha, oneWall, twoWall []time.Duration
	for range b.opt.runs {
		if err := ctx.Err(); err != nil {
			return m, err
		}
		var fresh, warmed time.Duration
		const news = 10
		for range news {
			p, err := newCrew(rules, 1).hunt(logs, 1)
			if err != nil {
				return m, err
			}
			fresh += p.cpu
			c := newCrew(rules, 1)
			if _, err := c.hunt(others, 1); err != nil {
				return m, err
			}
			if p, err = c.hunt(logs, 1); err != nil {
				return m, err
			}
			warmed += p.cpu
		}
		p, err := one.hunt(logs, times)
		if err != nil {
			return m, err
		}
		hashed := hash(logs, p.used)
		q, err := two.hunt(logs, times)
		if err != nil {
			return m, err
		}
		if p.matches != q.matches || p.events != q.events || p.matches != times*m.matches {
			return m, fmt.Errorf("%d times: want %d matches, found %d with one worker and %d with two", times, times*m.matches, p.matches, q.matches)
		}
		alone, err := reading.hunt(logs, times)
		if err != nil {
			return m, err
		}
		empty, warm = append(empty, fresh/news), append(warm, warmed/news)
		filled, read, sha = append(filled, p.cpu/n), append(read, alone.cpu/n), append(sha, hashed/n)
		oneWall, twoWall = append(oneWall, p.wall/n), append(twoWall, q.wall/n)
	}
	m.empty, m.warm, m.filled, m.reading, m.sha = median(empty), median(warm), median(filled), median(read), median(sha)
	m.oneWall, m.twoWall = median(oneWall), median(twoWall)
	return m, nil
}

// countMatches gives the matches of the engine by rule, without any removal of duplicates.
func countMatches(logs []log, rules *sigma.Set) (counts, int, error) {
	all := counts{}
	events := 0
	m := rules.NewMatcher()
	for _, l := range logs {
		err := l.each(func(e *event.Event) bool {
			events++
			for _, r := range m.Match(e) {
				all.add(r.ID, r.Title)
			}
			return true
		})
		if err != nil {
			return nil, 0, fmt.Errorf("%s: %w", l.path, err)
		}
	}
	return all, events, nil
}

func sortedKeys[K cmp.Ordered, V any](m map[K]V) []K { return slices.Sorted(maps.Keys(m)) }
