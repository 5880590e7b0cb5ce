package main

import (
	"bytes"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"aldebaran/attribution"
	"aldebaran/corpustest"
)

// measured runs the program on files and reads what it prints.
func measured(t *testing.T, files ...string) report {
	t.Helper()
	var out bytes.Buffer
	if err := run(files, &out); err != nil {
		t.Fatal(err)
	}
	var r report
	if err := json.Unmarshal(out.Bytes(), &r); err != nil {
		t.Fatal(err)
	}
	return r
}

// TestSample measures on invented groups, in testdata: enough to see that the program works.
func TestSample(t *testing.T) {
	files, err := filepath.Glob("testdata/synthetic-*")
	if err != nil || len(files) != 3 {
		t.Fatalf("%v: %v", files, err)
	}
	r := measured(t, files...)
	if len(r.Pairs) != 2 || r.Pairs[0].From != "1.0" || r.Pairs[1].To != "10.0" {
		t.Fatalf("pairs %+v: want them in order of versions", r.Pairs)
	}
	if r.All.Known != 24 || r.All.Unknown != 16 {
		t.Errorf("%d known and %d unknown, want 24 and 16", r.All.Known, r.All.Unknown)
	}
	if r.All.Top1.Value < .7 || r.All.MRR.Value < r.All.Top1.Value || r.All.Top10.Hits < r.All.Top5.Hits {
		t.Errorf("top1 %v, mrr %v", r.All.Top1, r.All.MRR)
	}
	if r.LeaveOneSourceOut == nil || r.LeaveOneSourceOut.Queries != 16 {
		t.Errorf("leave one source out: %+v, want 16 queries", r.LeaveOneSourceOut)
	}
	if len(r.Pairs[1].Fitted.Record.Pairs) != 1 || r.Pairs[1].Fitted.Record.Through != "2.0" {
		t.Errorf("the second pair was fitted on %+v, want the first alone", r.Pairs[1].Fitted.Record)
	}
	if a := r.Pairs[0].Aged; a == nil || a.Known+a.Unknown <= r.Pairs[0].Known+r.Pairs[0].Unknown || r.Pairs[1].Aged != nil {
		t.Errorf("with all later incidents: %+v and %+v, want more than the pair's own, and none for the last", a, r.Pairs[1].Aged)
	}
	slices.Reverse(files)
	again := measured(t, files...)
	a, _ := json.Marshal(r)
	b, _ := json.Marshal(again)
	if !bytes.Equal(a, b) {
		t.Error("the order of files changed the scores")
	}
}

func TestReadSplits(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"empty object": "{}",
		"no JSON":      "# a note",
		"strange kind": `{"profiles_from":"1.0","incidents_from":"2.0","profiles":{},"incidents":[{"group":"G1","kind":"perhaps"}]}`,
		"known nobody": `{"profiles_from":"1.0","incidents_from":"2.0","profiles":{},"incidents":[{"group":"G1","kind":"known"}]}`,
		"no target":    `{"group":"G1"}`,
	} {
		file := filepath.Join(dir, "x.json")
		if err := os.WriteFile(file, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
		if _, err := readSplits([]string{file}); err == nil {
			t.Errorf("%s: want an error", name)
		}
	}
	if err := run(nil, &bytes.Buffer{}); err == nil {
		t.Error("no files: want an error")
	}
}

// TestJudge: who is as likely as the true actor counts before it.
func TestJudge(t *testing.T) {
	r := &attribution.Ranking{Candidates: []attribution.Candidate{
		{ID: "G1", Score: 2, Probability: .4}, {ID: "G2", Score: 2, Probability: .4}, {ID: "G3", Score: 1, Probability: .1},
	}, Unknown: .1}
	for truth, want := range map[string]int{"G1": 2, "G2": 2, "G3": 3, "": 0} {
		o := judge(r, truth)
		if o.rank != want || o.right || o.known != (truth != "") {
			t.Errorf("%q: %+v, want rank %d and not right", truth, o, want)
		}
	}
}

func TestScores(t *testing.T) {
	s := scoreOf([]outcome{
		{known: true, rank: 1, top: .9, right: true, some: .95}, {known: true, rank: 4, top: .1, some: .5}, {top: .6, some: .7}, {top: .1, some: .2},
	})
	if s.Top1.Hits != 1 || s.Top5.Hits != 2 || s.MRR.Value != .625 || s.At50.Hits != 1 || s.At50.Of != 2 || s.At80.Of != 1 || s.UnknownAt50.Hits != 1 {
		t.Errorf("%+v", s)
	}
	if *s.AUROC != .75 {
		t.Errorf("AUROC %v, want 0.75", *s.AUROC)
	}
	// Bins: two at .1, none right; one at .6, wrong; one at .9, right.
	if want := (.2 + .6 + .1) / 4; math.Abs(s.ECE-want) > 1e-9 {
		t.Errorf("calibration error %v, want %v", s.ECE, want)
	}
	// Newcombe (1998), table I: 81 of 263 gives 0.2553 to 0.3662.
	if w := wilson(81, 263); math.Abs(w.Low-.2553) > 1e-4 || math.Abs(w.High-.3662) > 1e-4 {
		t.Errorf("interval %v to %v", w.Low, w.High)
	}
}

// TestPerfect: of few incidents also the truth looks wrong, of many it does not.
func TestPerfect(t *testing.T) {
	few := slices.Repeat([]outcome{{top: .1}, {top: .3}, {top: .5}}, 8)
	many := slices.Repeat(few, 100)
	// Each bin of n incidents is off by the root of 2p(1-p)/(pi*n) on average, the mean size of a normal error.
	want := 0.0
	for _, p := range []float64{.1, .3, .5} {
		want += math.Sqrt(2*p*(1-p)/(math.Pi*8)) / 3
	}
	if got := perfectOf(few); math.Abs(got.Mean-want) > .015 || got.High <= got.Mean {
		t.Errorf("of 24: %+v, want a mean of about %.3f", got, want)
	}
	if got := perfectOf(many); math.Abs(got.Mean-want/10) > .0015 {
		t.Errorf("of 2400: %+v, want a mean of about %.4f", got, want/10)
	}
}

// TestAgainst: an older version does not know all groups, and of some too little.
func TestAgainst(t *testing.T) {
	uses := func(ids ...string) (list []attribution.Use) {
		for _, id := range ids {
			list = append(list, attribution.Use{Target: id})
		}
		return list
	}
	old := pair{profiles: []attribution.Profile{
		{ID: "G1", Uses: uses("T1001", "T1002", "T1003", "T1004", "T1005")},
		{ID: "G2", Uses: uses("T1001", "T1002", "S0001", "S0002", "S0003")},
	}}
	later := pair{groups: []string{"G1", "G2", "G3"}, cases: []attribution.Case{{Actor: "G1"}, {Actor: "G2"}, {Actor: "G3"}}}
	cases := old.against(&later)
	if len(cases) != 2 || cases[0].Actor != "G1" || cases[1].Actor != "" {
		t.Errorf("%+v, want G1 and an unknown actor", cases)
	}
	if later.cases[2].Actor != "G3" {
		t.Error("the later pair was changed")
	}
}

func TestReliabilityDiagram(t *testing.T) {
	file := filepath.Join(t.TempDir(), "r.svg")
	r := &report{Pairs: []pairReport{{From: "<1>", To: "2", scores: scores{Bins: []bin{{From: 0, To: .2, Count: 3, Said: .1, Right: .3}}}}}}
	if err := writeReliability(file, r); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(file)
	if err != nil || !strings.Contains(string(text), "<circle") || strings.Contains(string(text), "<1>") {
		t.Errorf("%v: %s", err, text)
	}
}

// TestCorpus holds the figures that docs/decisions/0041-attribution.md tells, on ATT&CK itself.
func TestCorpus(t *testing.T) {
	pairs := corpustest.Glob(t, "intel/attribution/temporal-*.json")
	r := measured(t, append(pairs, corpustest.Path(t, "intel/attribution/uses-18.1.jsonl"))...)
	least := func(what string, got, want float64) {
		t.Helper()
		if got < want {
			t.Errorf("%s is %v, want at least %v", what, got, want)
		}
	}
	least("top 1", r.All.Top1.Value, .36)
	least("MRR", r.All.MRR.Value, .45)
	least("top 1 of leave one source out", r.LeaveOneSourceOut.Top1.Value, .60)
	least("MRR of leave one source out", r.LeaveOneSourceOut.MRR.Value, .68)
	least("precision at 0.8", r.All.At80.Value, .9)
	least("one minus the share of unknown actors named at 0.5", 1-r.All.UnknownAt50.Value, .98)
	// The goal is 0.06 for each pair. Chance alone does more than that in most of them: see the decision.
	least("one minus the calibration error of later pairs", 1-r.Later.ECE, .94)
	for i, p := range r.Pairs {
		if i > 0 && p.Aged != nil {
			least("one minus the calibration error of all later incidents, "+p.From, 1-p.Aged.ECE, .925)
		}
		least("not enough evidence for random sets, "+p.From, p.Random.Value, .95)
	}
	// One file alone is tested with what the program knows, which is no more than the files before it.
	alone := measured(t, corpustest.Path(t, "intel/attribution/temporal-12.1-14.1.json"))
	if got, want := alone.Pairs[0].MRR, r.Pairs[len(r.Pairs)-1].MRR; got != want {
		t.Errorf("alone MRR is %v, with all files %v", got, want)
	}
}
