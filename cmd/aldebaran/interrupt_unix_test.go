//go:build unix

package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestInterrupt stops a hunt as Ctrl-C does. The output is a pipe that nobody empties at first, so
// the hunt is surely not over when the signal comes.
func TestInterrupt(t *testing.T) {
	dir := t.TempDir()
	commands := make([]string, 500)
	for i := range commands {
		commands[i] = "marker " + strings.Repeat("x", 500)
	}
	for i := range 30 {
		log := processes("HOST"+string(rune('A'+i)), commands)
		if err := os.WriteFile(filepath.Join(dir, string(rune('A'+i))+".evtx"), log, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	rule, pipe := filepath.Join(dir, "rule.yml"), filepath.Join(dir, "pipe")
	if err := os.WriteFile(rule, []byte(markerRule), 0o666); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "aldebaran", "hunt", dir, "--rules", rule, "--no-default-rules", "--no-cache",
		"--format", "jsonl", "--output", pipe)
	var stdout, stderr strings.Builder
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	in, err := os.Open(pipe)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	r := bufio.NewReader(in)
	if _, err := r.Peek(1); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	all, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	err = cmd.Wait()
	exit, ok := errors.AsType[*exec.ExitError](err)
	if !ok || exit.ExitCode() != exitInterrupted {
		t.Errorf("%v, want exit code %d; standard error: %s", err, exitInterrupted, stderr.String())
	}
	if !strings.Contains(stdout.String(), "Interrupted") {
		t.Errorf("the summary does not say that it was interrupted:\n%s", stdout.String())
	}
	lines := strings.Split(strings.TrimSuffix(string(all), "\n"), "\n")
	for _, line := range lines {
		if !json.Valid([]byte(line)) {
			t.Fatalf("want whole lines of JSON, found %q", line)
		}
	}
	if len(lines) >= 30*500 {
		t.Error("the hunt was not interrupted: all matches are there")
	}
}
