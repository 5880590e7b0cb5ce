package main

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"aldebaran/evidence/evtx"
	"aldebaran/hunt"
)

var update = flag.Bool("update", false, "rewrite the expected outputs in testdata/script")

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"aldebaran": main})
}

// TestScripts runs the program as users do. All evidence in the scripts is synthetic.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		UpdateScripts:       *update,
		RequireExplicitExec: true,
		Setup: func(env *testscript.Env) error {
			env.Setenv("XDG_CACHE_HOME", env.WorkDir+"/.cache")
			env.Setenv("HOME", env.WorkDir)
			return nil
		},
		Condition: func(cond string) (bool, error) {
			if cond == "root" {
				return os.Geteuid() == 0, nil
			}
			return false, fmt.Errorf("unknown condition %q", cond)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits": exits,
			"evtx":  writeLog,
			"break": breakLog,
		},
	})
}

// exits runs aldebaran and wants an exit code: exits 3 hunt evidence.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 1 {
		ts.Fatalf("usage: exits CODE ARG...")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec("aldebaran", args[1:]...)
	got := 0
	if err != nil {
		var code interface{ ExitCode() int }
		if !asExit(err, &code) {
			ts.Fatalf("aldebaran: %v", err)
		}
		got = code.ExitCode()
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

func asExit(err error, code *interface{ ExitCode() int }) bool {
	c, ok := err.(interface{ ExitCode() int })
	*code = c
	return ok
}

// writeLog writes synthetic process starts: evtx FILE COMPUTER COMMANDLINE...
func writeLog(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 3 {
		ts.Fatalf("usage: evtx FILE COMPUTER COMMANDLINE...")
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), processes(args[1], args[2:]), 0o666))
}

// breakLog overwrites a byte of a log: break FILE OFFSET.
func breakLog(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: break FILE OFFSET")
	}
	at, err := strconv.ParseInt(args[1], 0, 64)
	ts.Check(err)
	f, err := os.OpenFile(ts.MkAbs(args[0]), os.O_WRONLY, 0)
	ts.Check(err)
	_, err = f.WriteAt([]byte{0xff, 0xff, 0xff, 0xff}, at)
	ts.Check(err)
	ts.Check(f.Close())
}

// processes is an EVTX file of synthetic process starts, a minute apart.
func processes(computer string, commands []string) []byte {
	var b bytes.Buffer
	w := evtx.NewWriter(&b)
	for i, c := range commands {
		err := w.Add(evtx.Record{
			ID: uint64(i + 1), Time: time.Date(2026, 3, 1, 10, i, 0, 0, time.UTC),
			Provider: "Microsoft-Windows-Sysmon", EventID: 1, Channel: "Microsoft-Windows-Sysmon/Operational", Computer: computer,
			Data: []evtx.Data{
				{Name: "RuleName", Value: evtx.Text("synthetic")},
				{Name: "Image", Value: evtx.Text(`C:\synthetic\synthetic.exe`)},
				{Name: "CommandLine", Value: evtx.Text(c)},
			},
		})
		if err != nil {
			panic(err)
		}
	}
	if err := w.Close(); err != nil {
		panic(err)
	}
	return b.Bytes()
}

const markerRule = `title: Synthetic Marker
id: 00000000-0000-4000-8000-000000000001
logsource: {product: windows, category: process_creation}
detection:
  selection: {CommandLine|contains: marker}
  condition: selection
level: high
`

func TestParseTime(t *testing.T) {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	f := func(s string, end bool, want string) {
		t.Helper()
		got, err := parseTime("--since", s, now, end)
		if want == "" {
			if usage, ok := err.(*hunt.UsageError); !ok || usage.Hint == "" { //nolint:errorlint // it is not wrapped
				t.Errorf("parseTime(%q) = %v, %v; want a usage error with a hint", s, got, err)
			}
			return
		}
		if err != nil || got.Format(time.RFC3339Nano) != want {
			t.Errorf("parseTime(%q) = %v, %v; want %s", s, got, err, want)
		}
	}
	f("2026-03-01", false, "2026-03-01T00:00:00Z")
	f("2026-03-01", true, "2026-03-01T23:59:59.999999999Z")
	f("2026-03-01T10:00:00+02:00", false, "2026-03-01T08:00:00Z")
	f("2026-03-01T10:00:00.1234567Z", true, "2026-03-01T10:00:00.1234567Z")
	f("2026-03-01 10:00", false, "2026-03-01T10:00:00Z")
	f("7d", false, "2026-11-16T12:00:00Z")
	f("36h", false, "2026-11-22T00:00:00Z")
	f("90m", true, "2026-11-23T10:30:00Z")
	f("2w", false, "2026-11-09T12:00:00Z")
	for _, bad := range []string{"yesterday", "7", "d", "-7d", "7y", "999999999999d", "2026-13-01", "01/02/2026"} {
		f(bad, false, "")
	}
}
