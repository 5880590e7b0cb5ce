package hunt_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"aldebaran/evidence/evtx"
	"aldebaran/hunt"
	"aldebaran/match"
)

var update = flag.Bool("update", false, "rewrite the expected outputs in testdata")

// TestHunts runs whole hunts: an archive of testdata holds rules, evidence and the outputs that are
// expected of it. All evidence is synthetic.
//
//	options.json         flags of the hunt
//	rules/*.yml          rules
//	evidence/*.jsonl     one event a line, written as the EVTX file of that name
//	evidence/*           other files, as they are
//	want.txt             the summary
//	want.jsonl, want.csv, want.json
func TestHunts(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("testdata: want archives, found %d (%v)", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			file, err := filepath.Abs(file)
			if err != nil {
				t.Fatal(err)
			}
			archive, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			opt := lay(t, archive)
			changed := false
			for i, f := range archive.Files {
				if !strings.HasPrefix(f.Name, "want.") {
					continue
				}
				got := huntAs(t, opt, strings.TrimPrefix(f.Name, "want."))
				if *update {
					archive.Files[i].Data, changed = got, true
				} else if diff := cmp.Diff(string(f.Data), string(got)); diff != "" {
					t.Errorf("%s (-want +got):\n%s", f.Name, diff)
				}
			}
			if changed {
				if err := os.WriteFile(file, txtar.Format(archive), 0o666); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

// huntAs hunts and gives one output.
func huntAs(t *testing.T, opt hunt.Options, format string) []byte {
	t.Helper()
	var b bytes.Buffer
	out := map[string]hunt.Output{
		"txt":   hunt.NewTable(&b, hunt.TableOptions{}),
		"jsonl": hunt.NewJSONL(&b),
		"csv":   hunt.NewCSV(&b),
		"json":  hunt.NewJSON(&b),
	}[format]
	if out == nil {
		t.Fatalf("want.%s: no such format", format)
	}
	if _, err := hunt.Run(t.Context(), opt, out); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// lay puts the files of an archive into a folder, goes there, and gives the options of the hunt.
func lay(t *testing.T, archive *txtar.Archive) hunt.Options {
	t.Helper()
	t.Chdir(t.TempDir())
	opt := hunt.Options{Evidence: []string{"evidence"}, Rules: []string{"rules"}, Samples: 2}
	for _, f := range archive.Files {
		switch {
		case f.Name == "options.json":
			var o struct {
				MinLevel         string    `json:"min_level"`
				Include, Exclude []string  //
				Since, Until     time.Time //
				Hosts            []string
				Hash             bool
			}
			d := json.NewDecoder(bytes.NewReader(f.Data))
			d.DisallowUnknownFields()
			if err := d.Decode(&o); err != nil {
				t.Fatalf("options.json: %v", err)
			}
			opt.Selection = match.Selection{MinLevel: o.MinLevel, Include: o.Include, Exclude: o.Exclude}
			opt.Since, opt.Until, opt.Hosts, opt.Hash = o.Since, o.Until, o.Hosts, o.Hash
		case strings.HasPrefix(f.Name, "want."):
		case strings.HasSuffix(f.Name, ".jsonl"):
			write(t, strings.TrimSuffix(f.Name, ".jsonl"), log(t, events(t, f.Data)))
		default:
			write(t, f.Name, f.Data)
		}
	}
	return opt
}

// An entry is one event as the archives have it. It is synthetic, as every test says.
type entry struct {
	ID       uint64      `json:"id"`
	Time     time.Time   `json:"time"`
	Computer string      `json:"computer"`
	Channel  string      `json:"channel"`
	Provider string      `json:"provider"`
	EventID  uint16      `json:"event_id"`
	Data     [][2]string `json:"data"`
}

func events(t *testing.T, lines []byte) []entry {
	t.Helper()
	var all []entry
	d := json.NewDecoder(bytes.NewReader(lines))
	d.DisallowUnknownFields()
	for d.More() {
		var e entry
		if err := d.Decode(&e); err != nil {
			t.Fatalf("event %d: %v", len(all)+1, err)
		}
		all = append(all, e)
	}
	return all
}

// log writes events as an EVTX file.
func log(t testing.TB, all []entry) []byte {
	t.Helper()
	var b bytes.Buffer
	w := evtx.NewWriter(&b)
	for _, e := range all {
		r := evtx.Record{
			ID: e.ID, Time: e.Time, Computer: e.Computer, Channel: e.Channel, Provider: e.Provider, EventID: e.EventID,
		}
		for _, d := range e.Data {
			r.Data = append(r.Data, evtx.Data{Name: d[0], Value: evtx.Text(d[1])})
		}
		if err := w.Add(r); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func write(t testing.TB, path string, data []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o666); err != nil {
		t.Fatal(err)
	}
}

// started makes n synthetic process starts of a host; every tenth is one that startedRules match.
func started(host string, first uint64, n int) []entry {
	var all []entry
	for i := range n {
		command := fmt.Sprintf("synthetic-%d.exe", i)
		if i%10 == 0 {
			command = fmt.Sprintf("synthetic-marker.exe %d", i)
		}
		all = append(all, entry{
			ID: first + uint64(i), Time: time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(first+uint64(i)) * time.Minute),
			Computer: host, Channel: "Microsoft-Windows-Sysmon/Operational", Provider: "Microsoft-Windows-Sysmon", EventID: 1,
			Data: [][2]string{{"RuleName", "synthetic"}, {"Image", `C:\synthetic\synthetic.exe`}, {"CommandLine", command}},
		})
	}
	return all
}

const startedRules = `title: Synthetic Marker
id: 00000000-0000-4000-8000-000000000001
status: test
logsource: {product: windows, category: process_creation}
detection:
  selection: {CommandLine|contains: synthetic-marker}
  condition: selection
level: high
tags: [attack.execution, attack.t1059]
---
title: Synthetic Marker Burst
id: 00000000-0000-4000-8000-000000000002
status: test
correlation:
  type: event_count
  rules: [00000000-0000-4000-8000-000000000001]
  group-by: [Computer]
  timespan: 1h
  condition: {gte: 3}
  generate: true
level: critical
`

// outcome is what must not depend on how evidence was handed in: matches without their places, and
// findings.
func outcome(t *testing.T, opt hunt.Options) (matches []string, r *hunt.Result) {
	t.Helper()
	var b bytes.Buffer
	r, err := hunt.Run(t.Context(), opt, hunt.NewJSONL(&b))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(b.String()) {
		var m map[string]any
		if err := json.Unmarshal([]byte(line), &m); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		delete(m, "source")
		if c, ok := m["correlation"].(map[string]any); ok {
			for _, e := range c["events"].([]any) {
				delete(e.(map[string]any), "source")
			}
		}
		text, err := json.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		matches = append(matches, string(text))
	}
	return matches, r
}

func TestWorkersMakeNoDifference(t *testing.T) {
	t.Chdir(t.TempDir())
	write(t, "rules/r.yml", []byte(startedRules))
	for i := range 7 {
		write(t, fmt.Sprintf("evidence/%d.evtx", i), log(t, started(fmt.Sprintf("HOST%d", i%3), uint64(1+1000*i), 100+700*(i%3))))
	}
	write(t, "evidence/empty.evtx", nil)
	write(t, "evidence/notes.txt", []byte("synthetic"))
	for _, format := range []string{"jsonl", "json", "csv", "txt"} {
		opt := hunt.Options{Evidence: []string{"evidence"}, Rules: []string{"rules"}, Samples: 3, Workers: 1}
		want := huntAs(t, opt, format)
		if len(want) == 0 {
			t.Errorf("%s: no output", format)
		}
		for _, workers := range []int{2, 3, 8} {
			opt.Workers = workers
			if diff := cmp.Diff(string(want), string(huntAs(t, opt, format))); diff != "" {
				t.Errorf("%s with %d workers (-with 1 +with %d):\n%s", format, workers, workers, diff)
			}
		}
	}
}

func TestOrderOfPathsMakesNoDifference(t *testing.T) {
	t.Chdir(t.TempDir())
	write(t, "rules/r.yml", []byte(startedRules))
	for _, name := range []string{"a/1.evtx", "b/2.evtx", "3.evtx"} {
		write(t, name, log(t, started(name, 1, 100)))
	}
	paths := []string{"a", "b", "3.evtx", "a/1.evtx"}
	want := huntAs(t, hunt.Options{Evidence: paths, Rules: []string{"rules"}}, "json")
	for _, p := range [][]string{{"3.evtx", "b", "a/1.evtx", "a"}, {"b", "a", "a/1.evtx", "./3.evtx"}} {
		if diff := cmp.Diff(string(want), string(huntAs(t, hunt.Options{Evidence: p, Rules: []string{"rules"}}, "json"))); diff != "" {
			t.Errorf("%q (-%q +):\n%s", p, paths, diff)
		}
	}
}

// TestSplitAndDuplicated hands the same events in as one file, as several, and several times.
func TestSplitAndDuplicated(t *testing.T) {
	all := started("HOST", 1, 900)
	lay := func(files map[string][]byte) hunt.Options {
		t.Chdir(t.TempDir())
		write(t, "rules/r.yml", []byte(startedRules))
		for name, data := range files {
			write(t, filepath.Join("evidence", name), data)
		}
		return hunt.Options{Evidence: []string{"evidence"}, Rules: []string{"rules"}, Samples: 2}
	}
	whole := log(t, all)
	want, first := outcome(t, lay(map[string][]byte{"all.evtx": whole}))
	if first.Summary.Matches != 90 || first.Summary.Events != 900 {
		t.Fatalf("%d matches of %d events, want 90 of 900", first.Summary.Matches, first.Summary.Events)
	}

	for _, c := range []struct {
		name                        string
		files                       map[string][]byte
		duplicates, duplicateEvents int
	}{
		{"split", map[string][]byte{"1.evtx": log(t, all[:300]), "2.evtx": log(t, all[300:700]), "3.evtx": log(t, all[700:])}, 0, 0},
		{"duplicated", map[string][]byte{"1.evtx": whole, "2.evtx": whole}, 90, 900},
		{"three times under other names", map[string][]byte{"a": whole, "b/c.log": whole, "d.evtx": whole}, 180, 1800},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, r := outcome(t, lay(c.files))
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("matches (-whole +%s):\n%s", c.name, diff)
			}
			if r.Summary.Events != 900 || r.Summary.DuplicateEvents != c.duplicateEvents || r.Summary.DuplicateMatches != c.duplicates {
				t.Errorf("%d events, %d duplicates, %d duplicate matches; want 900, %d, %d",
					r.Summary.Events, r.Summary.DuplicateEvents, r.Summary.DuplicateMatches, c.duplicateEvents, c.duplicates)
			}
			if len(r.Findings) != len(first.Findings) {
				t.Errorf("%d findings, want %d", len(r.Findings), len(first.Findings))
			}
			for i := range min(len(r.Findings), len(first.Findings)) {
				a, b := r.Findings[i], first.Findings[i]
				if a.Count != b.Count || !a.First.Equal(b.First) || !a.Last.Equal(b.Last) || a.Rule.ID != b.Rule.ID {
					t.Errorf("finding %d: %d × %s from %v to %v, want %d × %s from %v to %v",
						i, a.Count, a.Rule.Title, a.First, a.Last, b.Count, b.Rule.Title, b.First, b.Last)
				}
			}
			for i, s := range r.Sources {
				if dup := i > 0 && c.duplicates > 0; dup != (s.DuplicateOf != "") {
					t.Errorf("%s: duplicate of %q", s.Path, s.DuplicateOf)
				}
			}
		})
	}
}

// TestDuplicatePart has some chunks of a log in a file of their own too: events are counted once.
func TestDuplicatePart(t *testing.T) {
	t.Chdir(t.TempDir())
	write(t, "rules/r.yml", []byte(startedRules))
	whole := log(t, started("HOST", 1, 2000))
	const header, chunk = 4096, 65536
	if len(whole) < header+3*chunk {
		t.Fatalf("the log has %d bytes, want three chunks", len(whole))
	}
	part := append([]byte(nil), whole[:header]...)
	part = append(part, whole[header+chunk:header+2*chunk]...)
	write(t, "evidence/whole.evtx", whole)
	write(t, "evidence/part.evtx", part)
	_, r := outcome(t, hunt.Options{Evidence: []string{"evidence"}, Rules: []string{"rules"}})
	if r.Summary.Events != 2000 || r.Summary.DuplicateEvents == 0 || r.Summary.Matches != 200 {
		t.Errorf("%d events, %d duplicates, %d matches; want 2000, some, 200", r.Summary.Events, r.Summary.DuplicateEvents, r.Summary.Matches)
	}
}

// stopAt cancels a hunt at its n-th match.
type stopAt struct {
	hunt.Output
	n    int
	stop func()
}

func (s *stopAt) Match(m *hunt.Match) error {
	if s.n--; s.n == 0 {
		s.stop()
	}
	return s.Output.Match(m)
}

// TestInterrupted ends a hunt in the middle: what was found until then is a result.
func TestInterrupted(t *testing.T) {
	t.Chdir(t.TempDir())
	write(t, "rules/r.yml", []byte(startedRules))
	for i := range 40 {
		write(t, fmt.Sprintf("evidence/%02d.evtx", i), log(t, started(fmt.Sprintf("HOST%d", i), 1, 100)))
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var b bytes.Buffer
	opt := hunt.Options{Evidence: []string{"evidence"}, Rules: []string{"rules"}, Workers: 2}
	r, err := hunt.Run(ctx, opt, &stopAt{hunt.NewJSONL(&b), 15, cancel})
	if err != nil {
		t.Fatal(err)
	}
	lines := bytes.Count(b.Bytes(), []byte("\n"))
	if !r.Summary.Partial || r.Summary.Complete() || r.Summary.Matches < 15 || r.Summary.Matches >= 400 || lines != r.Summary.Matches+r.Summary.Correlations {
		t.Errorf("partial %v, %d matches, %d correlations, %d lines; want a part of 400, all of it written",
			r.Summary.Partial, r.Summary.Matches, r.Summary.Correlations, lines)
	}
}

func TestInterruptedBeforeItBegan(t *testing.T) {
	t.Chdir(t.TempDir())
	write(t, "rules/r.yml", []byte(startedRules))
	write(t, "evidence/1.evtx", log(t, started("HOST", 1, 10)))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	r, err := hunt.Run(ctx, hunt.Options{Evidence: []string{"evidence"}, Rules: []string{"rules"}})
	if err != nil || !r.Summary.Partial {
		t.Errorf("%+v, %v; want a partial result", r, err)
	}
}

// failing is a file on a disk that fills.
type failing struct{ space int }

func (f *failing) Write(p []byte) (int, error) {
	if len(p) > f.space {
		n := f.space
		f.space = 0
		return n, errFull
	}
	f.space -= len(p)
	return len(p), nil
}

var errFull = fmt.Errorf("no space left on device")

func TestOutputFails(t *testing.T) {
	t.Chdir(t.TempDir())
	write(t, "rules/r.yml", []byte(startedRules))
	write(t, "evidence/1.evtx", log(t, started("HOST", 1, 5000)))
	for _, space := range []int{0, 1, 500} {
		f := &failing{}
		for _, out := range []hunt.Output{hunt.NewJSONL(f), hunt.NewCSV(f), hunt.NewJSON(f), hunt.NewTable(f, hunt.TableOptions{})} {
			f.space = space
			_, err := hunt.Run(t.Context(), hunt.Options{Evidence: []string{"evidence"}, Rules: []string{"rules"}, Samples: 3}, out)
			var oe *hunt.OutputError
			if !errors.As(err, &oe) {
				t.Errorf("%T with space for %d bytes: error %v, want an OutputError", out, space, err)
			}
		}
	}
}

func TestNoRules(t *testing.T) {
	t.Chdir(t.TempDir())
	write(t, "rules/broken.yml", []byte("title: [broken"))
	write(t, "evidence/1.evtx", log(t, started("HOST", 1, 1)))
	_, err := hunt.Run(t.Context(), hunt.Options{Evidence: []string{"evidence"}, Rules: []string{"rules"}})
	var no *hunt.NoRulesError
	if !errors.As(err, &no) || !strings.Contains(err.Error(), "broken.yml") {
		t.Errorf("error %v, want one that names broken.yml", err)
	}
}

// TestSamplesAreCopies keeps a mistake away that is easily made: outputs hold on to events.
func TestSamplesAreCopies(t *testing.T) {
	t.Chdir(t.TempDir())
	write(t, "rules/r.yml", []byte(startedRules))
	write(t, "evidence/1.evtx", log(t, started("HOST", 1, 3000)))
	r, err := hunt.Run(t.Context(), hunt.Options{Evidence: []string{"evidence"}, Rules: []string{"rules"}, Samples: 3, Workers: 1})
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range r.Findings {
		if f.Correlation != nil {
			continue
		}
		for i, s := range f.Samples {
			if got, want := s.Event.Text("CommandLine"), fmt.Sprintf("synthetic-marker.exe %d", 10*i); got != want {
				t.Errorf("sample %d: CommandLine %q, want %q", i, got, want)
			}
		}
		return
	}
	t.Error("no finding")
}
