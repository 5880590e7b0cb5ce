package learn

import (
	"bytes"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"aldebaran/attack"
	"aldebaran/corpustest"
	"aldebaran/story/technique"
)

// bundle is ours, in the form of ATT&CK's: two techniques, one group, one malware, one tool.
const bundle = `{"type":"bundle","objects":[
{"type":"attack-pattern","id":"attack-pattern--1","name":"PowerShell","modified":"2025-01-02T00:00:00Z",
 "description":"Adversaries may abuse PowerShell.(Citation: A) Scripts run in [PowerShell](https://attack.mitre.org/techniques/T1059/001) consoles.",
 "external_references":[{"source_name":"mitre-attack","external_id":"T1059.001"}]},
{"type":"attack-pattern","id":"attack-pattern--2","name":"File Deletion","description":"Adversaries may delete files.",
 "external_references":[{"source_name":"mitre-attack","external_id":"T1070.004"}]},
{"type":"attack-pattern","id":"attack-pattern--3","name":"Old","revoked":true,"description":"Old.","external_references":[{"source_name":"mitre-attack","external_id":"T1000"}]},
{"type":"intrusion-set","id":"intrusion-set--1","name":"Grey Crane","aliases":["Grey Crane","Crane 7"],"external_references":[{"source_name":"mitre-attack","external_id":"G9001"}]},
{"type":"malware","id":"malware--1","name":"Heron","external_references":[{"source_name":"mitre-attack","external_id":"S9001"}]},
{"type":"tool","id":"tool--1","name":"Wiper Kit","external_references":[{"source_name":"mitre-attack","external_id":"S9002"}]},
{"type":"relationship","relationship_type":"uses","source_ref":"intrusion-set--1","target_ref":"attack-pattern--1",
 "description":"[Grey Crane](https://attack.mitre.org/groups/G9001) has run <code>powershell.exe</code> with [Heron](https://attack.mitre.org/software/S9001).(Citation: Report One)",
 "external_references":[{"source_name":"Report One"}]},
{"type":"relationship","relationship_type":"uses","source_ref":"malware--1","target_ref":"attack-pattern--2",
 "description":"[Heron](https://attack.mitre.org/software/S9001) deletes its files with [Wiper Kit](https://attack.mitre.org/software/S9002).",
 "external_references":[{"source_name":"Report Two"}]},
{"type":"relationship","relationship_type":"uses","source_ref":"malware--1","target_ref":"attack-pattern--3","description":"revoked"},
{"type":"relationship","relationship_type":"uses","source_ref":"tool--1","target_ref":"attack-pattern--2","description":"Crane 7 deletes logs with it."}]}`

func corpus(tb testing.TB) *Corpus {
	tb.Helper()
	c, err := Read(strings.NewReader(bundle))
	if err != nil {
		tb.Fatal(err)
	}
	return c
}

func TestRead(t *testing.T) {
	c := corpus(t)
	if c.Modified != "2025-01-02" || len(c.SHA256) != 64 {
		t.Errorf("modified %q, sha256 %q", c.Modified, c.SHA256)
	}
	var procedures []Example
	kinds := map[Kind]int{}
	for _, e := range c.Examples {
		kinds[e.Kind]++
		if e.Kind == Procedure {
			procedures = append(procedures, e)
		}
	}
	if diff := cmp.Diff(map[Kind]int{Procedure: 3, Name: 2, Description: 2, Sentence: 2}, kinds); diff != "" {
		t.Errorf("kinds (-want +got):\n%s", diff)
	}
	want := []Example{
		{Text: "has run  powershell.exe  with  .", Label: "T1059.001", Kind: Procedure, About: []string{"G9001", "S9001"}, Report: "Report One"},
		{Text: "Crane 7 deletes logs with it.", Label: "T1070.004", Kind: Procedure, About: []string{"S9002"}},
		{Text: "deletes its files with Wiper Kit.", Label: "T1070.004", Kind: Procedure, About: []string{"S9001", "S9002"}, Report: "Report Two"},
	}
	if diff := cmp.Diff(want, procedures); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestWithout(t *testing.T) {
	c := corpus(t)
	for _, x := range []struct {
		ids  []string
		left int
	}{
		{nil, 9},
		{[]string{"S9001"}, 7}, // its own, and where it is linked to
		{[]string{"G9001"}, 7}, // its own, and where its alias stands
		{[]string{"G9999"}, 9},
	} {
		if got := len(c.without(x.ids)); got != x.left {
			t.Errorf("without(%v) leaves %d examples, want %d", x.ids, got, x.left)
		}
	}
	for _, x := range []struct {
		text, name string
		want       bool
	}{
		{"Net was run", "Net", true}, {"NetWalker ran", "Net", false}, {"a .Net, program", "Net", true}, {"", "Net", false}, {"x", "", false},
	} {
		if mentions(x.text, x.name) != x.want {
			t.Errorf("mentions(%q, %q) = %v", x.text, x.name, !x.want)
		}
	}
}

// examples are enough for two techniques to be told apart.
func examples() *Corpus {
	c := &Corpus{Modified: "2025-01-01", SHA256: "0"}
	for i := range 40 {
		c.Examples = append(c.Examples,
			Example{Text: fmt.Sprintf("ran scripts with PowerShell %d", i), Label: "T1059.001", Kind: Procedure, About: []string{"G1"}, Report: fmt.Sprint(i)},
			Example{Text: fmt.Sprintf("deleted files and folders %d", i), Label: "T1070.004", Kind: Procedure, About: []string{"G2"}, Report: fmt.Sprint(i)})
	}
	return c
}

func TestModelLearns(t *testing.T) {
	m, first := trained(t)
	for text, want := range map[string]string{"a PowerShell script was run": "T1059.001", "the files were deleted": "T1070.004"} {
		if got := m.Sentence(text); len(got) == 0 || got[0].ID != want {
			t.Errorf("Sentence(%q) = %v, want %s", text, got, want)
		}
	}
	if m.Record.Examples[string(Procedure)] != 80 || m.Record.Labels != 2 || m.Record.Licence != Licence {
		t.Errorf("record = %+v", m.Record)
	}
	if _, again := trained(t); !bytes.Equal(first, again) {
		t.Error("the same examples made another model")
	}
}

func trained(t *testing.T) (*technique.Model, []byte) {
	t.Helper()
	d, err := Model(examples(), "test", nil, Default())
	if err != nil {
		t.Fatal(err)
	}
	file, err := d.Append(nil)
	if err != nil {
		t.Fatal(err)
	}
	m, err := technique.Parse(file)
	if err != nil {
		t.Fatal(err)
	}
	return m, file
}

// The embedded model's record is of the corpus' bundle. Training anew takes a minute, which is too
// long for a test.
func TestEmbeddedModelIsOfTheCorpus(t *testing.T) {
	f, err := attack.Open(corpustest.Path(t, "intel/attack/enterprise-attack-18.1.stix20.json.zst"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	c, err := Read(f)
	if err != nil {
		t.Fatal(err)
	}
	m, err := technique.Load()
	if err != nil {
		t.Fatal(err)
	}
	if m.Record.SHA256 != c.SHA256 || m.Record.Modified != c.Modified {
		t.Errorf("the model is of %s (%s), the bundle is %s (%s): story/technique/train has to run again",
			m.Record.SHA256, m.Record.Modified, c.SHA256, c.Modified)
	}
	kinds := map[string]int{}
	for _, e := range c.Examples {
		kinds[string(e.Kind)]++
	}
	if diff := cmp.Diff(kinds, m.Record.Examples); diff != "" {
		t.Errorf("examples (-bundle +model):\n%s", diff)
	}
	if len(m.Record.Without) > 0 {
		t.Errorf("the model was trained without %v: it is one of an evaluation", m.Record.Without)
	}
}

// fit must find the line that the points were drawn from.
func TestFit(t *testing.T) {
	var points []point
	for z := -4.0; z <= 4; z += 0.01 {
		p := 1 / (1 + math.Exp(-(0.5*z - 1)))
		for i := range 100 {
			points = append(points, point{z, float64(i)+0.5 < 100*p})
		}
	}
	if got := fit(points); math.Abs(got.Slope-0.5) > 0.02 || math.Abs(got.Offset+1) > 0.03 {
		t.Errorf("fit = %+v, want slope 0.5, offset -1", got)
	}
	if got := fit(nil); got.Slope != 1 || got.Offset != 0 {
		t.Errorf("fit of nothing = %+v, want the identity", got)
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte(bundle))
	f.Fuzz(func(t *testing.T, text []byte) {
		c, err := Read(bytes.NewReader(text))
		if err != nil {
			return
		}
		for _, e := range c.Examples {
			if e.Label == "" || strings.Contains(e.Text, "(Citation:") && strings.Contains(e.Text[strings.Index(e.Text, "(Citation:"):], ")") {
				t.Errorf("%+v: no label, or a citation is left", e)
			}
		}
		again, err := Read(bytes.NewReader(text))
		if err != nil || !slices.EqualFunc(c.Examples, again.Examples, func(a, b Example) bool { return cmp.Equal(a, b) }) {
			t.Error("the same bundle gave other examples")
		}
	})
}

func ExampleRead() {
	c, err := Read(strings.NewReader(bundle))
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, e := range c.Examples {
		if e.Kind == Procedure && e.Label == "T1070.004" {
			fmt.Println(e.Text)
		}
	}
	// Output:
	// Crane 7 deletes logs with it.
	// deletes its files with Wiper Kit.
}
