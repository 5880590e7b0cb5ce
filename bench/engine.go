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

// hunt reads and matches a set with some workers, each with a new reader and a new matcher: their
// caches start empty. The rules are ready before the clock starts.
func hunt(logs []log, rules *sigma.Set, workers int) (pass, error) {
	type job struct {
		log  log
		unit event.Unit
	}
	var jobs []job
	for _, l := range logs {
		for _, u := range l.file.Units() {
			jobs = append(jobs, job{l, u})
		}
	}
	runtime.GC() // what came before is not this pass's to clean up
	var (
		next  atomic.Int64
		wait  sync.WaitGroup
		sums  = make([]pass, workers)
		fails = make([]error, workers)
	)
	cpu, start := cpuTime(), time.Now()
	for w := range workers {
		wait.Go(func() {
			reader := evtx.NewReader(evtx.Options{})
			var matcher *sigma.Matcher
			if rules != nil {
				matcher = rules.NewMatcher()
			}
			sum := &sums[w]
			for {
				i := int(next.Add(1)) - 1
				if i >= len(jobs) {
					return
				}
				report, err := reader.Read(jobs[i].log.file, jobs[i].unit, func(e *event.Event) bool {
					if matcher != nil {
						sum.matches += len(matcher.Match(e))
					}
					return true
				})
				if err != nil {
					fails[w] = err
					return
				}
				sum.events += report.Events
				sum.used += int64(report.Bytes)
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
	b.report.line("%d rules ready, evidence in memory; every pass with new readers and matchers (empty caches). Medians of %d rounds; in each round all columns are measured one after the other. CPU is user and system time of the whole process, the garbage collector's too. A set that takes less than 0.2 s is gone through several times.\n", len(collection.Rules), b.opt.runs)
	table := [][]string{{"set", "events", "used MB", "matches", "events / CPU s", "used MB / CPU s", "reading alone, events / CPU s", "CPU of SHA-256 over the same bytes", "ratio to SHA-256", "2 workers, wall"}}
	for _, s := range sets {
		logs, err := openSet(s)
		if err != nil {
			return err
		}
		first, err := hunt(logs, rules, 1)
		if err != nil {
			return err
		}
		if first.events == 0 {
			return fmt.Errorf("%s: want events, found none in %d files", s.name, len(logs))
		}
		again := int(200*time.Millisecond/max(first.cpu, time.Millisecond)) + 1
		var one, two, read, sha []time.Duration
		for range b.opt.runs {
			if err := ctx.Err(); err != nil {
				return err
			}
			var c, w1, w2, r, h time.Duration
			for range again {
				p, err := hunt(logs, rules, 1)
				if err != nil {
					return err
				}
				h += hash(logs, p.used)
				q, err := hunt(logs, rules, 2)
				if err != nil {
					return err
				}
				if p.matches != q.matches || p.events != q.events {
					return fmt.Errorf("%s: two workers: want %d events and %d matches as one has, found %d and %d", s.name, p.events, p.matches, q.events, q.matches)
				}
				alone, err := hunt(logs, nil, 1)
				if err != nil {
					return err
				}
				c, w1, w2, r = c+p.cpu, w1+p.wall, w2+q.wall, r+alone.cpu
			}
			n := time.Duration(again)
			one, read, sha = append(one, c/n), append(read, r/n), append(sha, h/n)
			two = append(two, w1*1000/w2) // the factor, in thousandths
		}
		cpu, hashed := median(one), median(sha)
		table = append(table, []string{
			s.name, count(first.events), megabytes(first.used), count(first.matches),
			count(int(float64(first.events) / cpu.Seconds())),
			fmt.Sprintf("%.0f", float64(first.used)/1e6/cpu.Seconds()),
			count(int(float64(first.events) / median(read).Seconds())),
			seconds(hashed), fmt.Sprintf("%.1f", cpu.Seconds()/hashed.Seconds()),
			fmt.Sprintf("%.2f times one", float64(median(two))/1000),
		})
	}
	b.report.table(table)
	return nil
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
