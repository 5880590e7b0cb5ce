package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"aldebaran/corpustest"
	"aldebaran/story/technique"
)

func TestF1(t *testing.T) {
	for _, c := range []struct {
		found, right, wanted int
		want                 float64
	}{{0, 0, 3, 0}, {3, 0, 3, 0}, {3, 3, 3, 1}, {2, 1, 2, 0.5}, {4, 2, 2, 2. / 3}} {
		if got := f1(c.found, c.right, c.wanted); math.Abs(got-c.want) > 1e-9 {
			t.Errorf("f1(%d, %d, %d) = %v, want %v", c.found, c.right, c.wanted, got, c.want)
		}
	}
}

// Two documents: at a low threshold the first is perfect, at a high one the second.
func TestScoreDocuments(t *testing.T) {
	documents := []document{
		{map[string]bool{"T1": true, "T2": true}, []technique.Scored{{ID: "T1", Score: .9}, {ID: "T2", Score: .105}}},
		{map[string]bool{"T1": true}, []technique.Scored{{ID: "T1", Score: .9}, {ID: "T2", Score: .105}}},
	}
	s := scoreDocuments(documents)
	// Either threshold is perfect for one and gives 2/3 for the other; without itself, a document
	// gets the threshold that is best for the other, which is the wrong one.
	if math.Abs(s.Best-5./6) > 1e-9 || math.Abs(s.LeaveOneOut-2./3) > 1e-9 {
		t.Errorf("best %v, leave-one-out %v; want 5/6, 2/3", s.Best, s.LeaveOneOut)
	}
	if empty := scoreDocuments(nil); empty != (documentScore{}) {
		t.Errorf("no documents: %+v", empty)
	}
}

func TestSentences(t *testing.T) {
	in := "Title without end\nIt ran cmd.exe and v1.2 of it. Then it \"slept.\" Was it v. 3? no\nshort"
	want := []string{"Title without end", "It ran cmd.exe and v1.2 of it.", "Then it \"slept.", "\" Was it v."} // what is shorter than eight bytes is dropped
	if diff := cmp.Diff(want, sentences(in)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestATERows(t *testing.T) {
	file := filepath.Join(t.TempDir(), "cti-ate.tsv")
	text := "URL\tPlatform\tDescription\tPrompt\tGT\nhttps://x/software/S0001/\tMobile\t\"It calls, \"\"hello\"\".\"\tp\tT1404, T1406\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	rows, err := ateRows(file)
	want := []ateRow{{"S0001", "Mobile", `It calls, "hello".`, map[string]bool{"T1404": true, "T1406": true}}}
	if diff := cmp.Diff(want, rows, cmp.AllowUnexported(ateRow{})); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
}

// The goals that were set for the corpus. CTI-ATE needs models of its own, which takes minutes:
// bench/results has it.
func TestGoals(t *testing.T) {
	var out bytes.Buffer
	if err := measure(&out, []string{corpustest.Path(t, "reports/tram")}, nil); err != nil {
		t.Fatal(err)
	}
	var got struct {
		Sentences sentenceScore `json:"tram_sentences"`
		Documents tramScore     `json:"tram_documents"`
	}
	if err := json.Unmarshal(out.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if got.Sentences.Top1 < 0.70 {
		t.Errorf("TRAM sentences: top-1 %.3f, want 0.70", got.Sentences.Top1)
	}
	if f := got.Documents.Labels.Fixed; f < 0.55 {
		t.Errorf("TRAM documents: mean F1 %.3f, want 0.55", f)
	}
}

func Example() {
	d := document{map[string]bool{"T1059": true, "T1003": true}, []technique.Scored{{ID: "T1059", Score: 0.8}, {ID: "T1105", Score: 0.6}}}
	fmt.Println(d.f1(0.5), d.f1(0.7))
	// Output: 0.5 0.6666666666666666
}
