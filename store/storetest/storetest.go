// Package storetest says what every store of cases promises, as one test. In go ways to make and open a
// case; out come failures.
package storetest

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"aldebaran/attack"
	"aldebaran/event"
	"aldebaran/evidence"
	"aldebaran/finding"
	"aldebaran/match"
	"aldebaran/plan"
	"aldebaran/store"
	"aldebaran/story"
	"aldebaran/verdict"
)

// A Store is a case that is open.
type Store interface {
	Recorded(terms [sha256.Size]byte) (secret []byte, files []evidence.Kept, err error)
	Pieces(path string, n int) ([][]byte, error)
	Begin(evidence.Kept) error
	Add(path string, n int, piece []byte) error
	End(evidence.Kept) error
	Sync() error
	CountPieces() (int, error)

	StartRun(arguments []string, version string, now time.Time) (store.Run, error)
	EndRun(r store.Run, state store.State, ended time.Time, o *store.Outcome) error
	Runs() ([]store.Run, error)
	Outcome(run int64) (*store.Outcome, error)

	AddEvidence(paths []string) error
	Evidence() ([]string, error)
	SetQuestion(doc []byte) error
	Question() ([]byte, error)
	AddFeedback(store.Feedback) error
	Feedback() ([]store.Feedback, error)
	SetOverride(store.Override) error
	Overrides() ([]store.Override, error)
	AddRemediated(store.Remediated) error
	Remediated() ([]store.Remediated, error)
	AddBrief(store.Brief) error
	Briefs() ([]store.Brief, error)

	// Close drops what was not synced, as a program that is killed does.
	Close() error
}

// Run tests stores. Each call of begin makes a new case, and gives a function that opens it, again and
// again.
func Run(t *testing.T, begin func(t *testing.T) (open func() (Store, error))) {
	t.Helper()
	for _, test := range []struct {
		name string
		run  func(*testing.T, *handle)
	}{
		{"pieces", pieces}, {"pieces that were not synced", unsynced}, {"other terms", terms}, {"many pieces", many}, {"wrong use", misuse},
		{"runs", runs}, {"outcome", outcome}, {"people", people},
	} {
		t.Run(test.name, func(t *testing.T) {
			h := &handle{t: t, open: begin(t)}
			h.reopen()
			test.run(t, h)
			h.check(h.Close())
		})
	}
}

// A handle is a store that can be closed and opened again.
type handle struct {
	Store
	t    *testing.T
	open func() (Store, error)
}

func (h *handle) reopen() {
	h.t.Helper()
	if h.Store != nil {
		h.check(h.Close())
	}
	s, err := h.open()
	if err != nil {
		h.t.Fatal(err)
	}
	h.Store = s
}

func (h *handle) check(err error) {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
}

func (h *handle) recorded(terms byte) []evidence.Kept {
	h.t.Helper()
	_, files, err := h.Recorded([sha256.Size]byte{terms})
	h.check(err)
	return files
}

func (h *handle) wantPieces(path string, want ...string) {
	h.t.Helper()
	var got []string
	for {
		some, err := h.Pieces(path, len(got))
		h.check(err)
		if len(some) == 0 {
			break
		}
		for _, p := range some {
			got = append(got, string(p))
		}
	}
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		h.t.Errorf("pieces of %s (-want +got):\n%s", path, diff)
	}
}

var at = time.Date(2026, 11, 23, 10, 0, 0, 123456789, time.UTC)

func log(path string) evidence.Kept {
	return evidence.Kept{Path: path, Size: 1 << 40, Modified: at, Check: "0123456789abcdef"}
}

func same(t *testing.T, what string, want, got any) {
	t.Helper()
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty(), cmpopts.EquateApproxTime(0)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

func pieces(t *testing.T, h *handle) {
	t.Helper()
	secret, files, err := h.Recorded([sha256.Size]byte{1})
	h.check(err)
	if len(secret) < 16 || len(files) > 0 {
		t.Errorf("a new case has a secret of %d bytes and %d files, want 16 or more and none", len(secret), len(files))
	}
	// Paths are bytes: names of files need not be UTF-8.
	a, b := log("/b/a\xff.evtx"), log("/a/b.evtx")
	h.check(h.Begin(a))
	h.check(h.Add(a.Path, 0, []byte("a0")))
	h.check(h.Begin(b))
	h.check(h.Add(a.Path, 1, []byte{}))
	h.check(h.Add(b.Path, 0, []byte("b0")))
	a.Complete, a.Reread, a.Check = true, true, "fedcba9876543210"
	h.check(h.End(a))
	h.check(h.Sync())
	h.reopen()
	again, files, err := h.Recorded([sha256.Size]byte{1})
	h.check(err)
	if !bytes.Equal(again, secret) {
		t.Error("the secret has changed")
	}
	a.Pieces, b.Pieces = 2, 1
	same(t, "files", []evidence.Kept{b, a}, files)
	h.wantPieces(a.Path, "a0", "")
	h.wantPieces(b.Path, "b0")
	h.wantPieces("/nothing")

	// It goes on with b, and reads a from its beginning.
	h.check(h.Add(b.Path, 1, []byte("b1")))
	h.check(h.Begin(log(a.Path)))
	h.check(h.Add(a.Path, 0, []byte("new")))
	h.check(h.Sync())
	h.wantPieces(a.Path, "new")
	h.wantPieces(b.Path, "b0", "b1")
	if n, err := h.CountPieces(); n != 3 || err != nil {
		t.Errorf("CountPieces = %d, %v, want 3", n, err)
	}
}

func unsynced(_ *testing.T, h *handle) {
	h.recorded(1)
	f := log("/a.evtx")
	h.check(h.Begin(f))
	h.check(h.Add(f.Path, 0, []byte("0")))
	h.check(h.Sync())
	h.check(h.Add(f.Path, 1, []byte("1")))
	h.check(h.End(f))
	h.reopen()
	f.Pieces = 1
	same(h.t, "files", []evidence.Kept{f}, h.recorded(1))
	h.wantPieces(f.Path, "0")
	h.check(h.Begin(f)) // what is forgotten and not synced is not forgotten
	h.reopen()
	h.wantPieces(f.Path, "0")
}

func terms(t *testing.T, h *handle) {
	t.Helper()
	h.recorded(1)
	f := log("/a.evtx")
	h.check(h.Begin(f))
	h.check(h.Add(f.Path, 0, []byte("0")))
	h.check(h.Sync())
	if files := h.recorded(2); len(files) > 0 {
		t.Errorf("%d files on other terms, want none", len(files))
	}
	h.check(h.Begin(f))
	h.check(h.Add(f.Path, 0, []byte("other")))
	h.check(h.Sync())
	if files := h.recorded(1); len(files) > 0 {
		t.Errorf("%d files on the first terms, want none: it was read on others since", len(files))
	}
	h.wantPieces(f.Path, "other")
}

// many writes more than is read at a time.
func many(_ *testing.T, h *handle) {
	h.recorded(1)
	f := log("/large.log")
	h.check(h.Begin(f))
	var want []string
	for n := range 40 {
		piece := strings.Repeat(fmt.Sprint(n%10), 300_000)
		want = append(want, piece)
		h.check(h.Add(f.Path, n, []byte(piece)))
		if n%7 == 0 {
			h.check(h.Sync())
		}
	}
	h.check(h.Sync())
	h.wantPieces(f.Path, want...)
}

func misuse(t *testing.T, h *handle) {
	t.Helper()
	h.recorded(1)
	if err := h.Add("/a.evtx", 0, nil); err == nil {
		t.Error("Add to a file that was not begun: want an error")
	}
	if err := h.End(log("/a.evtx")); err == nil {
		t.Error("End of a file that was not begun: want an error")
	}
	f := log("/b.evtx")
	h.check(h.Begin(f))
	h.check(h.Add(f.Path, 0, []byte("0")))
	if err := h.Add(f.Path, 0, []byte("again")); err == nil {
		t.Error("Add of a piece that is there: want an error")
	}
	if _, err := h.Outcome(1); err == nil {
		t.Error("Outcome of a run that is not: want an error")
	}
}

func runs(t *testing.T, h *handle) {
	t.Helper()
	args := []string{"--story=x", "/evidence"}
	first, err := h.StartRun(args, "v1", at)
	h.check(err)
	h.reopen() // it was killed
	for _, other := range []struct {
		args    []string
		version string
	}{{args[:1], "v1"}, {args, "v2"}} {
		r, err := h.StartRun(other.args, other.version, at)
		h.check(err)
		if r.ID == first.ID || r.Resumed > 0 {
			t.Errorf("StartRun(%q, %s) goes on with a run of other arguments or another version", other.args, other.version)
		}
		h.check(h.EndRun(r, store.Done, at.Add(time.Minute), &store.Outcome{}))
	}
	second, err := h.StartRun(args, "v1", at)
	h.check(err)
	h.check(h.EndRun(second, store.Interrupted, at.Add(time.Minute), &store.Outcome{}))
	h.reopen()
	third, err := h.StartRun(args, "v1", at.Add(time.Hour))
	h.check(err)
	if third.ID != second.ID || third.Resumed != 1 || !third.Started.Equal(at) || third.State != store.Running {
		t.Errorf("StartRun after an interruption = %+v, want it to go on with run %d, begun %s", third, second.ID, at)
	}
	h.check(h.EndRun(third, store.Done, at.Add(2*time.Hour), &store.Outcome{}))
	fourth, err := h.StartRun(args, "v1", at)
	h.check(err)
	if fourth.ID == third.ID {
		t.Error("StartRun goes on with a run that is done")
	}
	all, err := h.Runs()
	h.check(err)
	third.State, third.Ended = store.Done, at.Add(2*time.Hour)
	if len(all) != 5 {
		t.Fatalf("%d runs, want 5", len(all))
	}
	same(t, "the run that went on", third, all[3])
	same(t, "the run at work", fourth, all[4])
}

// outcome keeps one that has something of everything.
func outcome(t *testing.T, h *handle) {
	t.Helper()
	r, err := h.StartRun(nil, "v1", at)
	h.check(err)
	if o, err := h.Outcome(r.ID); o != nil || err != nil {
		t.Errorf("Outcome of a run at work = %v, %v, want none", o, err)
	}
	rule := &match.Rule{Language: "sigma", ID: "r1", Title: "A page \x1b[1m", Level: "high", Tags: []string{"attack.t1505.003"}}
	want := &store.Outcome{
		Findings: []finding.Finding{{
			Rule: rule, Attack: attack.Refs{Techniques: []string{"T1505.003"}}, Host: "WEB01", Hosts: []string{"WEB01"}, First: at, Last: at, Count: 2,
			Samples: []finding.Sample{{Route: "weak", Cut: true, Event: &event.Event{
				Shape:  &event.Shape{Fields: []event.Field{{Name: "cs-uri-stem", Path: "cs-uri-stem", Part: event.Data}}},
				Values: []event.Value{{Kind: event.UTF16, Raw: []byte{0xff, 0, 'x', 0}}}, Time: at, RecordID: 1 << 63, EventID: 7,
				Source: event.Source{Path: "a.evtx!b", Offset: 1 << 40, Length: 5, Chunk: -1, Recovered: true}, Computer: "WEB01",
			}}},
			Correlation: &match.Correlation{Rule: rule, Type: "behaviour", Count: 3, Value: 1.5, Events: []match.EventRef{{What: "w", Time: at}}},
		}},
		Story: &story.Story{Path: "s.md", Text: "Text", Claims: []story.Claim{{ID: "c1", Kind: story.Actor, Quote: "Text", End: 4, From: at}}},
		Plan:  &plan.Plan{Hypotheses: []plan.Hypothesis{{ID: "h1", Statement: "It is so."}}, From: at},
		Packs: []string{"phantom-taurus"},
		Answer: &verdict.Report{Overall: "Seen.", Seen: 1, Verdicts: []verdict.Verdict{
			{Hypothesis: plan.Hypothesis{ID: "h1", Statement: "It is so."}, Value: verdict.Seen, Because: "of this"},
		}},
		Setting: verdict.Setting{Sector: "government"},
		Logs:    []evidence.Visibility{{Host: "WEB01", Channel: "Security", Events: 5, First: at, EventIDs: map[uint32]int{4624: 5}}},
		Brief:   []byte(`{"Language":"fr"}`), Document: []byte("{\n  \"summary\": {}\n}\n"),
	}
	h.check(h.EndRun(r, store.Done, at, want))
	h.check(h.EndRun(r, store.Done, at, want)) // the same outcome again changes nothing
	h.reopen()
	got, err := h.Outcome(r.ID)
	h.check(err)
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty(), cmpopts.IgnoreUnexported(match.Rule{}, event.Shape{})); diff != "" {
		t.Errorf("outcome (-want +got):\n%s", diff)
	}
}

func people(t *testing.T, h *handle) {
	t.Helper()
	if doc, err := h.Question(); doc != nil || err != nil {
		t.Errorf("Question of a new case = %q, %v, want none", doc, err)
	}
	h.check(h.SetQuestion([]byte("one")))
	h.check(h.SetQuestion([]byte("two")))
	h.check(h.AddEvidence([]string{"/b\xff", "/a"}))
	h.check(h.AddEvidence([]string{"/a", "/c"}))
	feedback := []store.Feedback{{At: at, Who: "x", Useful: true, Reason: "it led us there"}, {At: at, Rule: "r1", Reason: "a backup; \x00 '); DROP TABLE runs; --"}}
	for _, f := range feedback {
		h.check(h.AddFeedback(f))
	}
	h.check(h.SetOverride(store.Override{Hypothesis: "h1", Value: "seen", Reason: "first", Who: "x", At: at}))
	override := store.Override{Hypothesis: "h1", Value: "not seen", Reason: "second", Who: "y", At: at}
	h.check(h.SetOverride(override))
	cleaned := []store.Remediated{{Host: "MAIL*", At: at, Who: "x"}, {Host: "WEB01", At: at, Who: "x"}}
	for _, r := range cleaned {
		h.check(h.AddRemediated(r))
		h.check(h.AddRemediated(r))
	}
	run, err := h.StartRun(nil, "v1", at)
	h.check(err)
	brief := store.Brief{Run: run.ID, At: at, Format: "html", Language: "ar", Content: []byte("<p>\x00")}
	h.check(h.AddBrief(brief))
	h.reopen()

	doc, err := h.Question()
	h.check(err)
	same(t, "question", "two", string(doc))
	paths, err := h.Evidence()
	h.check(err)
	same(t, "evidence", []string{"/a", "/b\xff", "/c"}, paths)
	gotFeedback, err := h.Feedback()
	h.check(err)
	same(t, "feedback", feedback, gotFeedback)
	overrides, err := h.Overrides()
	h.check(err)
	same(t, "overrides", []store.Override{override}, overrides)
	gotCleaned, err := h.Remediated()
	h.check(err)
	same(t, "cleaned hosts", cleaned, gotCleaned)
	briefs, err := h.Briefs()
	h.check(err)
	same(t, "briefs", []store.Brief{brief}, briefs)
}
