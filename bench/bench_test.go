package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"aldebaran/corpustest"
	"aldebaran/event"
	"aldebaran/evidence/evtx"
	"aldebaran/match/sigma"
)

func TestMedian(t *testing.T) {
	f := func(in []int64, want int64) {
		t.Helper()
		if got := median(in); got != want {
			t.Errorf("median(%v) = %d, want %d", in, got, want)
		}
	}
	f(nil, 0)
	f([]int64{7}, 7)
	f([]int64{9, 1, 5}, 5)
	f([]int64{9, 1, 5, 7}, 6)
}

func TestCompare(t *testing.T) {
	ours := `{"rule":{"id":"a","title":"A"}}
{"rule":{"id":"a","title":"A"}}
{"rule":{"id":"b","title":"B"}}
`
	theirs := `{"rule_id":"a","rule_title":"A"}

{"rule_id":null,"rule_title":"C"}
{"rule_id":"b","rule_title":"B"}
`
	a, err := readCounts(strings.NewReader(ours))
	if err != nil {
		t.Fatal(err)
	}
	b, err := readCounts(strings.NewReader(theirs))
	if err != nil {
		t.Fatal(err)
	}
	diffs, both := compare(a, b)
	want := []difference{{id: "C", title: "C", b: 1}, {id: "a", title: "A", a: 2, b: 1}}
	if diff := cmp.Diff(want, diffs, cmp.AllowUnexported(difference{})); diff != "" {
		t.Errorf("compare (-want +got):\n%s", diff)
	}
	if both != 2 {
		t.Errorf("in both: want 2, found %d", both)
	}
	if _, err := readCounts(strings.NewReader(`{"x":1}`)); err == nil {
		t.Error("a line that is no match: want an error")
	}
}

// TestShift moves a log in time: same events, one day later, checksums right, nothing else touched.
func TestShift(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 600, time.UTC)
	data := writeLog(t, at)
	moved := bytes.Clone(data)
	if err := shift(moved, 24*time.Hour); err != nil {
		t.Fatal(err)
	}
	before, after := readLog(t, data), readLog(t, moved)
	if len(before) != 3 || len(after) != len(before) {
		t.Fatalf("events: want 3 and 3, found %d and %d", len(before), len(after))
	}
	for i := range before {
		if got := after[i].Time.Sub(before[i].Time); got != 24*time.Hour {
			t.Errorf("event %d: want a day later, found %v", i, got)
		}
		if before[i].Text("CommandLine") != after[i].Text("CommandLine") || before[i].RecordID != after[i].RecordID {
			t.Errorf("event %d: other values were changed", i)
		}
	}
	if err := shift(moved, -24*time.Hour); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(moved, data) {
		t.Error("shifted back: want the same bytes")
	}
}

// TestShiftCorpus moves real logs, damaged ones too: nothing is lost and nothing is added.
func TestShiftCorpus(t *testing.T) {
	b := &bench{opt: options{corpus: corpustest.Path(t, ""), work: t.TempDir()}}
	sets, err := b.prepare("attack-samples,evtx-to-mitre,parser", 2)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range sets {
		logs, err := openSet(s)
		if err != nil {
			t.Fatal(err)
		}
		if len(logs) == 0 || len(logs)%2 != 0 {
			t.Fatalf("%s: want an even number of logs, found %d", s.name, len(logs))
		}
		for i, l := range logs[:len(logs)/2] {
			before, after := times(t, l), times(t, logs[len(logs)/2+i])
			if len(before) != len(after) {
				t.Errorf("%s: want %d events a day later, found %d", l.path, len(before), len(after))
				continue
			}
			for j := range before {
				if got := after[j].Sub(before[j]); got != 24*time.Hour {
					t.Errorf("%s: event %d: want a day later, found %v", l.path, j, got)
					break
				}
			}
		}
	}
}

func times(t *testing.T, l log) (all []time.Time) {
	t.Helper()
	if err := l.each(func(e *event.Event) bool { all = append(all, e.Time); return true }); err != nil {
		t.Fatal(err)
	}
	return all
}

func writeLog(t *testing.T, at time.Time) []byte {
	t.Helper()
	var b bytes.Buffer
	w := evtx.NewWriter(&b)
	for i := range 3 {
		err := w.Add(evtx.Record{
			ID: uint64(i + 1), Time: at.Add(time.Duration(i) * time.Second), EventID: 1,
			Provider: "Microsoft-Windows-Sysmon", Channel: "Microsoft-Windows-Sysmon/Operational", Computer: "synthetic.example",
			Data: []evtx.Data{{Name: "RuleName", Value: evtx.Text("synthetic")}, {Name: "CommandLine", Value: evtx.Text("whoami <&>")}, {Name: "Image", Value: evtx.Text(`C:\Windows\System32\whoami.exe`)}},
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func readLog(t *testing.T, data []byte) []*event.Event {
	t.Helper()
	file, err := evtx.Open(bytes.NewReader(data), int64(len(data)), "synthetic.evtx", evtx.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if d := file.Damage(); len(d) > 0 {
		t.Errorf("damage: want none, found %+v", d)
	}
	var all []*event.Event
	r := evtx.NewReader(evtx.Options{})
	for _, u := range file.Units() {
		report, err := r.Read(file, u, func(e *event.Event) bool {
			all = append(all, e.Clone())
			return true
		})
		if err != nil {
			t.Fatal(err)
		}
		if len(report.Damage) > 0 {
			t.Errorf("damage: want none, found %+v", report.Damage)
		}
	}
	return all
}

const whoami = `title: Whoami
id: 7b0f3f0e-6d0e-4a8e-9a53-0d6b3f5a1c11
status: test
logsource: {category: process_creation, product: windows}
detection:
  selection:
    Image|endswith: '\whoami.exe'
  condition: selection
`

func TestExport(t *testing.T) {
	rules := sigma.Parse([]byte(whoami), "whoami.yml", sigma.LoadOptions{})
	var b bytes.Buffer
	x := newExporter(&b, rules)
	for _, e := range readLog(t, writeLog(t, time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)))[:1] {
		if err := x.event(e); err != nil {
			t.Fatal(err)
		}
	}
	if err := x.w.Flush(); err != nil {
		t.Fatal(err)
	}
	var got map[string]any
	if err := json.Unmarshal(b.Bytes(), &got); err != nil {
		t.Fatalf("%v in %s", err, b.Bytes())
	}
	for name, want := range map[string]any{
		"CommandLine": "whoami <&>", "EventID": "1", "Computer": "synthetic.example",
		labelSources: []any{"windows/process_creation/"}, labelCategory: "process_creation", labelProduct: "windows", labelService: "none",
	} {
		if diff := cmp.Diff(want, got[name]); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	if p := string(x.pipeline()); strings.Contains(p, "process_creation") {
		t.Errorf("process_creation shares no event with another category: want no pipeline for it, found\n%s", p)
	}
}

func TestPipeline(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("testdata", "logsources.yml"))
	if err != nil {
		t.Fatal(err)
	}
	x := newExporter(nil, sigma.Parse(text, "logsources.yml", sigma.LoadOptions{}))
	if a, b := x.groupName("registry_event"), x.groupName("registry_set"); a != b || a == "registry_event" {
		t.Errorf("registry_event and registry_set share events: want one group, found %q and %q", a, b)
	}
	if x.grouped("process_creation") {
		t.Errorf("process_creation shares no event with another category, but is in the group %q", x.groupName("process_creation"))
	}
	p := string(x.pipeline())
	for _, want := range []string{"_logsources: 'windows/registry_set/'", "category: 'registry_set'", "category: '" + x.groupName("registry_set") + "'"} {
		if !strings.Contains(p, want) {
			t.Errorf("pipeline lacks %q:\n%s", want, p)
		}
	}
}

// TestTakes holds the bench's plain reading of routes against the engine: on every event of a
// set, a rule that asks for nothing matches exactly if one of its routes is taken.
func TestTakes(t *testing.T) {
	b := &bench{opt: options{corpus: corpustest.Path(t, ""), work: t.TempDir()}}
	sets, err := b.prepare("evtx-to-mitre", 1)
	if err != nil {
		t.Fatal(err)
	}
	logs, err := openSet(sets[0])
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join("testdata", "logsources.yml"))
	if err != nil {
		t.Fatal(err)
	}
	rules := sigma.Parse(text, "logsources.yml", sigma.LoadOptions{})
	set, err := sigma.Compile(rules)
	if err != nil {
		t.Fatal(err)
	}
	if len(rules.Rejected) > 0 || len(set.Rules()) == 0 {
		t.Fatalf("rules: %d, rejected: %v", len(set.Rules()), rules.Rejected)
	}
	m := set.NewMatcher()
	x := newExporter(nil, rules)
	events, taken := 0, 0
	for _, l := range logs {
		err := l.each(func(e *event.Event) bool {
			events++
			matched := map[string]bool{}
			for _, r := range m.Match(e) {
				matched[labelOf(r.Logsource)] = true
			}
			for _, s := range x.sources {
				want := false
				for _, r := range s.routes {
					want = want || takes(r, e)
				}
				if want {
					taken++
				}
				if matched[s.label] != want {
					t.Errorf("%s: offset %d: %s %d: %s: engine %v, bench %v", l.path, e.Source.Offset, e.Channel, e.EventID, s.label, matched[s.label], want)
				}
			}
			return !t.Failed()
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if events == 0 || taken == 0 {
		t.Errorf("want events that serve a log source, found %d events and %d routes taken", events, taken)
	}
}
