package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"aldebaran/corpustest"
	"aldebaran/packs/demo"
)

// answered is what TestAnswers reads of the JSON document.
type answered struct {
	Answer struct {
		Value, Overall string
		Verdicts       []struct {
			Value, Strength, Because string
			Hypothesis               struct {
				ID, Statement, Kind string
				Detections          []string
			}
			Seen []struct {
				Quotes []struct{ Path string }
			}
			Searched []struct {
				Events int
				Tests  []string
			}
			Missing []struct{ What string }
		}
	}
}

// answerTo hunts in evidence with the demo's story, and gives the answer.
func answerTo(t *testing.T, evidence ...string) answered {
	t.Helper()
	dir := t.TempDir()
	story := filepath.Join(dir, "story.md")
	if err := os.WriteFile(story, demo.Story(), 0o666); err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(dir, "out.json")
	var stderr bytes.Buffer
	args := append([]string{"hunt", "--story", story, "--output", out, "--quiet", "--fail-on", "never", "--no-cache"}, evidence...)
	if code := run(args, &stderr, &stderr); code != exitNothing && code != exitUnread {
		t.Fatalf("exit code %d: %s", code, &stderr)
	}
	data, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	var a answered
	if err := json.Unmarshal(data, &a); err != nil {
		t.Fatal(err)
	}
	return a
}

// keepLogs writes logs into a folder, those that keep lets.
func keepLogs(t *testing.T, logs func() (map[string][]byte, error), keep func(name string) bool) string {
	t.Helper()
	files, err := logs()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for name, data := range files {
		if !keep(name) {
			continue
		}
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, data, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func whole(string) bool { return true }

// table writes an answer as a table: value and strength of each detection of the pack, and of what
// else the story says.
func (a *answered) table() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s\n", a.Answer.Value, a.Answer.Overall)
	var lines []string
	for _, v := range a.Answer.Verdicts {
		label := v.Hypothesis.Kind
		if len(v.Hypothesis.Detections) > 0 {
			_, label, _ = strings.Cut(v.Hypothesis.Detections[0], ":")
		}
		lines = append(lines, fmt.Sprintf("%-13s %-13s %-8s %s\n", label, v.Value, v.Strength, v.Hypothesis.Statement))
	}
	slices.Sort(lines)
	return b.String() + strings.Join(lines, "")
}

// TestAnswers asks the same story of four kinds of evidence: servers that were broken into, real
// recordings of such attacks, clean servers, and logs that could not show it. Each has its own right
// table. The tables are goldens; -update rewrites them.
func TestAnswers(t *testing.T) {
	for _, c := range []struct {
		name, want string
		evidence   string
	}{
		{"intrusion", "seen", keepLogs(t, demo.Evidence, whole)},
		{"clean", "not seen", keepLogs(t, demo.Ordinary, whole)},
		{"blind", "could not see", keepLogs(t, demo.Ordinary, func(name string) bool {
			return strings.HasPrefix(name, "DC01/System") || strings.HasPrefix(name, "SENSOR/")
		})},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := answerTo(t, c.evidence)
			if a.Answer.Value != c.want {
				t.Errorf("the answer is %q (%s), want %q", a.Answer.Value, a.Answer.Overall, c.want)
			}
			proven(t, &a)
			golden := filepath.Join("testdata", "answers", c.name+".golden")
			got := a.table()
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o666); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Errorf("answers (-want +got):\n%s", diff)
			}
		})
	}
}

// TestAnswersCorpus asks the story of public recordings of attacks on web and database servers, and
// of logs of machines that nobody attacked.
func TestAnswersCorpus(t *testing.T) {
	a := answerTo(t, corpustest.Path(t, "evtx/attack-samples"), corpustest.Path(t, "evtx/evtx-to-mitre"), corpustest.Path(t, "logs/web"))
	proven(t, &a)
	if a.Answer.Value != "seen" {
		t.Errorf("attacks: the answer is %q (%s), want seen", a.Answer.Value, a.Answer.Overall)
	}
	values := map[string]string{}
	for _, v := range a.Answer.Verdicts {
		if len(v.Hypothesis.Detections) > 0 {
			_, label, _ := strings.Cut(v.Hypothesis.Detections[0], ":")
			values[label] = v.Value
		}
	}
	// What these recordings are about, and what no log in them could show.
	for label, want := range map[string]string{
		"D02": "seen", "D03": "seen", "H01": "seen", "H07": "seen", "H08": "seen", "H11": "seen", "H15": "seen",
		"E18": "could not see", "D14": "could not see", "E17": "could not see",
	} {
		if values[label] != want {
			t.Errorf("attacks: %s is %q, want %q", label, values[label], want)
		}
	}
	b := answerTo(t, corpustest.Path(t, "evtx/host-collection"))
	proven(t, &b)
	if b.Answer.Value == "seen" {
		t.Errorf("ordinary machines: the answer is %q (%s)", b.Answer.Value, b.Answer.Overall)
	}
}

// proven holds every verdict to its proof: quotes of evidence, logs that were searched with something, or what is missing.
func proven(t *testing.T, a *answered) {
	t.Helper()
	if len(a.Answer.Verdicts) < 50 {
		t.Errorf("%d verdicts, want those of the pack's detections at least", len(a.Answer.Verdicts))
	}
	for _, v := range a.Answer.Verdicts {
		h := v.Hypothesis
		switch v.Value {
		case "seen":
			if len(v.Seen) == 0 || len(v.Seen[0].Quotes) == 0 || v.Seen[0].Quotes[0].Path == "" {
				t.Errorf("%s %s is seen, and nothing is quoted", h.ID, h.Statement)
			}
		case "not seen":
			if len(v.Searched) == 0 || v.Searched[0].Events == 0 || len(v.Searched[0].Tests) == 0 {
				t.Errorf("%s %s is not seen, and nothing was searched", h.ID, h.Statement)
			}
		case "could not see":
			if len(v.Missing) == 0 && !strings.Contains(v.Because, "no rule") {
				t.Errorf("%s %s could not be seen, and nothing is missing: %s", h.ID, h.Statement, v.Because)
			}
		}
		if v.Because == "" {
			t.Errorf("%s %s: %s without a reason", h.ID, h.Statement, v.Value)
		}
	}
}
