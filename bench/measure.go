package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"time"
)

// A measure is what one run of a program cost.
type measure struct {
	CPU, Wall time.Duration // CPU is user and system time of the process and its children
	RSS       int64         // peak resident memory in bytes, 0 where the system does not tell
	Exit      int
}

// measureArg makes this program the small parent of one measured child. Linux counts the memory of
// the process that started a program into the program's own peak (exec keeps the high-water mark
// of the address space it replaces), so a parent with evidence in memory would spoil the figure.
const measureArg = "-measure-child"

// timed runs a program with its standard output in a file and gives what it cost. Exit codes below
// 2 are results: 1 says that something was found.
func timed(ctx context.Context, stdout string, args ...string) (measure, error) {
	self, err := os.Executable()
	if err != nil {
		return measure{}, err
	}
	var said, errs bytes.Buffer
	cmd := exec.CommandContext(ctx, self, append([]string{measureArg, stdout}, args...)...)
	cmd.Stdout, cmd.Stderr = &said, &errs
	if err := cmd.Run(); err != nil {
		return measure{}, fmt.Errorf("%s: %w: %s", args[0], err, tail(errs.String(), 600))
	}
	var m measure
	if err := json.Unmarshal(said.Bytes(), &m); err != nil {
		return measure{}, err
	}
	if m.Exit > 1 {
		return m, fmt.Errorf("%v: exit code: want 0 or 1, found %d: %s", args, m.Exit, tail(errs.String(), 600))
	}
	return m, nil
}

// measureChild is the small parent: args are the file for standard output and the command.
func measureChild(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	m, err := func() (m measure, err error) {
		if len(args) < 2 {
			return m, fmt.Errorf("want a file and a command, found %q", args)
		}
		file, err := os.Create(args[0])
		if err != nil {
			return m, err
		}
		defer func() { err = errors.Join(err, file.Close()) }()
		cmd := exec.CommandContext(ctx, args[1], args[2:]...)
		cmd.Stdout, cmd.Stderr = file, stderr
		start := time.Now()
		err = cmd.Run()
		m.Wall = time.Since(start)
		var exit *exec.ExitError
		if err != nil && !errors.As(err, &exit) {
			return m, err
		}
		state := cmd.ProcessState
		m.CPU = state.UserTime() + state.SystemTime()
		m.RSS = peakRSS(state)
		m.Exit = state.ExitCode()
		if m.Exit < 0 {
			return m, fmt.Errorf("ended by a signal: %w", err)
		}
		return m, nil
	}()
	if err == nil {
		err = json.NewEncoder(stdout).Encode(m)
	}
	if err != nil {
		fmt.Fprintln(stderr, "bench: measuring:", err)
		return 1
	}
	return 0
}

// median is the middle one, or the mean of the two in the middle; 0 of none.
func median[T int64 | float64 | time.Duration](all []T) T {
	if len(all) == 0 {
		return 0
	}
	s := slices.Sorted(slices.Values(all))
	if n := len(s); n%2 == 0 {
		return (s[n/2-1] + s[n/2]) / 2
	}
	return s[len(s)/2]
}

// medians gives the median of each figure by itself, and the largest memory.
func medians(all []measure) measure {
	var cpu, wall []time.Duration
	var m measure
	for _, one := range all {
		cpu, wall = append(cpu, one.CPU), append(wall, one.Wall)
		m.RSS, m.Exit = max(m.RSS, one.RSS), max(m.Exit, one.Exit)
	}
	m.CPU, m.Wall = median(cpu), median(wall)
	return m
}

func tail(s string, n int) string {
	if len(s) > n {
		return "..." + s[len(s)-n:]
	}
	return s
}
