//go:build unix

package main

import (
	"bytes"
	"errors"
	"math/rand"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"aldebaran/corpustest"
	"aldebaran/packs/demo"
)

// TestKill ends hunts of a case at any moment, by kill -9 and now and then by Ctrl-C. When they go on, the document
// that they write in the end is that of a hunt which nobody ended, byte for byte: findings, samples,
// correlations, behaviours and verdicts.
func TestKill(t *testing.T) {
	kills := 5
	if corpustest.Root() != "" {
		kills = 50
	}
	evidence := killEvidence(t)
	want := filepath.Join(t.TempDir(), "want.json")
	started := time.Now()
	if exit := huntCaseOf(t, evidence, "", want).wait(t); exit != exitFindings {
		t.Fatalf("exit code %d, want %d", exit, exitFindings)
	}
	took := time.Since(started)
	wanted, err := os.ReadFile(want)
	if err != nil {
		t.Fatal(err)
	}
	for _, what := range []string{`"language": "behaviour"`, `"language": "sigma"`, `"value": "seen"`, `"type": "temporal_ordered"`} {
		if !bytes.Contains(wanted, []byte(what)) {
			t.Errorf("the hunt has no %s: the test shows less than it says", what)
		}
	}
	random := rand.New(rand.NewSource(1))
	killed, cases := 0, 0
	for killed < kills {
		dir := filepath.Join(t.TempDir(), "case")
		for range 1 + random.Intn(4) {
			hunt := huntCaseOf(t, evidence, dir, filepath.Join(t.TempDir(), "lost.json"))
			time.Sleep(time.Duration(random.Int63n(int64(took + took/4))))
			if random.Intn(5) == 0 {
				_ = hunt.cmd.Process.Signal(os.Interrupt) // it may be over, like below
				hunt.wait(t)
				continue
			}
			_ = hunt.cmd.Process.Kill()
			if hunt.wait(t) < 0 {
				killed++
			}
		}
		for _, name := range []string{"first.json", "again.json"} {
			name = filepath.Join(t.TempDir(), name)
			if exit := huntCaseOf(t, evidence, dir, name).wait(t); exit != exitFindings {
				t.Fatalf("exit code %d, want %d", exit, exitFindings)
			}
			got, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got, wanted) {
				t.Fatalf("after %d kills, case %d: %s differs from %s", killed, cases, name, want)
			}
		}
		cases++
	}
	t.Logf("%d kills in %d cases", killed, cases)
}

// A running hunt.
type running struct {
	cmd    *exec.Cmd
	stderr strings.Builder
}

func huntCaseOf(t *testing.T, evidence, dir, output string) *running {
	t.Helper()
	args := []string{"hunt", evidence, "--about", "phantom-taurus", "--quiet", "--output", output, "--cache", filepath.Join(filepath.Dir(evidence), "rules")}
	if dir != "" {
		args = append(args, "--case", dir)
	}
	r := &running{cmd: exec.CommandContext(t.Context(), "aldebaran", args...)}
	r.cmd.Stderr = &r.stderr
	if err := r.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return r
}

// wait gives the exit code, -1 for a hunt that was killed.
func (r *running) wait(t *testing.T) int {
	t.Helper()
	err := r.cmd.Wait()
	if err == nil {
		return 0
	}
	exit, ok := errors.AsType[*exec.ExitError](err)
	if !ok {
		t.Fatal(err)
	}
	status := exit.Sys().(syscall.WaitStatus)
	if status.Signaled() && status.Signal() == syscall.SIGKILL {
		return -1
	}
	if code := exit.ExitCode(); code != exitFindings && code != exitInterrupted {
		if !status.Signaled() || status.Signal() != syscall.SIGINT { // before the program was ready for one
			t.Fatalf("exit code %d: %s", code, r.stderr.String())
		}
	}
	return exit.ExitCode()
}

// killEvidence is synthetic: the demo's, and process logs of many hosts.
func killEvidence(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "evidence")
	files, err := demo.Evidence()
	if err != nil {
		t.Fatal(err)
	}
	commands := make([]string, 300)
	for i := range commands {
		commands[i] = "whoami /all " + strings.Repeat("x", 300)
	}
	for i := range 60 {
		files["hosts/"+string(rune('A'+i/26))+string(rune('A'+i%26))+".evtx"] = processes("HOST"+string(rune('A'+i%26)), commands)
	}
	for name, data := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, data, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}
