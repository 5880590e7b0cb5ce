package technique

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func loaded(tb testing.TB) *Model {
	tb.Helper()
	m, err := Load()
	if err != nil {
		tb.Fatal(err)
	}
	return m
}

// The sentences are ours.
func TestSentence(t *testing.T) {
	m := loaded(t)
	for _, c := range []struct{ text, want string }{
		{"The intruders dumped the memory of the LSASS process to get at passwords.", "T1003.001"},
		{"A web shell was dropped into the folder of Outlook Web Access on the Exchange server.", "T1505.003"},
		{"It creates a scheduled task that starts it again every hour.", "T1053.005"},
		{"Commands are run with cmd.exe.", "T1059.003"},
		{"They cleared the Windows event logs before they left.", "T1070.001"},
		{"The malware adds itself to the Run key of the registry, so that it starts when the user logs on.", "T1547.001"},
		{"Stolen files were compressed with WinRAR and protected with a password.", "T1560.001"},
		{"The operators used WMI to start processes on other hosts.", "T1047"},
		{"E-mails with a malicious attachment were sent to employees of the ministry.", "T1566.001"},
		{"The backdoor talks to its server over HTTPS.", "T1071.001"},
	} {
		got := Specific(m.Sentence(c.text))
		if len(got) == 0 || got[0].ID != c.want || got[0].Score < Described {
			t.Errorf("Sentence(%q) = %.3v, want %s first", c.text, got[:min(len(got), 3)], c.want)
		}
	}
}

// What no technique is described in must stay below the mark.
func TestSentenceWithoutTechniques(t *testing.T) {
	m := loaded(t)
	for _, text := range []string{
		"",
		"...",
		"The conference opens on Monday and admission is free.",
		"Rain is expected in the north, with mild temperatures in the south.",
		"zxqv",
	} {
		if got := m.Sentence(text); len(got) > 0 && got[0].Score >= Described {
			t.Errorf("Sentence(%q) = %.3v, want nothing sure", text, got[0])
		}
	}
}

func TestScoresAreInOrder(t *testing.T) {
	m := loaded(t)
	got := m.Document([]string{"They used PowerShell to download a file and deleted it afterwards.", "Then RDP was used to move to other hosts."})
	if !slices.IsSortedFunc(got, func(a, b Scored) int {
		switch {
		case a.Score > b.Score:
			return -1
		case a.Score < b.Score:
			return 1
		}
		return strings.Compare(a.ID, b.ID)
	}) {
		t.Error("scores are not in order")
	}
	score := map[string]float64{}
	for _, s := range got {
		if s.Score < leastScore || s.Score > 1 || math.IsNaN(s.Score) {
			t.Errorf("%s has score %v", s.ID, s.Score)
		}
		score[s.ID] = s.Score
	}
	for id, s := range score {
		if parent, _, sub := strings.Cut(id, "."); sub && score[parent] < s {
			t.Errorf("%s has %v, its parent only %v", id, s, score[parent])
		}
	}
	// More sentences that say nothing make it less sure, and nothing surer.
	longer := m.Document([]string{"They used PowerShell to download a file and deleted it afterwards.", "Then RDP was used to move to other hosts.", "The weather was fine."})
	for _, s := range longer {
		if s.ID == got[0].ID && s.Score > got[0].Score {
			t.Errorf("%s rose from %v to %v", s.ID, got[0].Score, s.Score)
		}
	}
}

func TestSpecific(t *testing.T) {
	for _, c := range []struct {
		name     string
		in, want []Scored
	}{
		{"one sub-technique carries the family", []Scored{{"T1059", .9}, {"T1059.001", .8}, {"T1059.003", .1}}, []Scored{{"T1059.001", .8}}},
		{"none does", []Scored{{"T1059", .9}, {"T1059.001", .4}, {"T1059.003", .4}}, []Scored{{"T1059", .9}}},
		{"no sub-techniques", []Scored{{"T1106", .9}}, []Scored{{"T1106", .9}}},
		{"two families", []Scored{{"T1059", .9}, {"T1003", .7}, {"T1003.001", .6}}, []Scored{{"T1059", .9}, {"T1003.001", .6}}},
		{"none", nil, nil},
	} {
		if diff := cmp.Diff(c.want, Specific(c.in)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
	}
}

func TestClauses(t *testing.T) {
	for _, c := range []struct {
		in   string
		want []string
	}{
		{"It deletes files.", nil},
		{"It collects system data, which it sends over HTTP and encrypts with RC4.", []string{"It collects system data", "which it sends over HTTP", "and encrypts with RC4."}},
		{"First, it waits for a minute", []string{", it waits for a minute"}},
		{"", nil},
		{", , ,", nil},
	} {
		if diff := cmp.Diff(c.want, slices.Collect(clauses(c.in))); diff != "" {
			t.Errorf("clauses(%q) (-want +got):\n%s", c.in, diff)
		}
	}
}

func TestStem(t *testing.T) {
	for _, family := range []string{"encrypt encrypts encrypted encrypting encryption", "download downloads downloaded downloading downloader",
		"registry registries", "drop dropped dropping dropper", "exfiltrate exfiltrated exfiltration", "process processes"} {
		var stems []string
		for w := range strings.FieldsSeq(family) {
			stems = append(stems, string(stem([]byte(w))))
		}
		if len(slices.Compact(stems)) != 1 {
			t.Errorf("stems of %s: %v, want one", family, stems)
		}
	}
}

func TestParseRejects(t *testing.T) {
	good := plainModel(t, tiny())
	for _, c := range []struct {
		name  string
		plain []byte
		want  string
	}{
		{"nothing", nil, "want"},
		{"another format", []byte("hello\n"), "want"},
		{"cut off", good[:len(good)-1], "want"},
		{"no labels", plainModel(t, &Draft{}), "at least one"},
		{"too long", append(slices.Clone(good), 0), "want the end"},
	} {
		if _, err := parsePlain(c.plain); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
	if _, err := Parse([]byte("no zstd")); err == nil {
		t.Error("Parse takes what is not compressed")
	}
}

// tiny is a model of two labels and two features.
func tiny() *Draft {
	return &Draft{
		Record: Record{Format: 1, Calibration: Calibration{Slope: 1}},
		Labels: []string{"T1059", "T1059.001"}, Bias: []float32{0, -1}, Scale: 0.1,
		Features: []DraftFeature{
			{ID: 7, IDF: 1, Columns: []uint16{0, 1}, Weights: []int8{1, -1}},
			{ID: hash(oneWord, []byte("powershell"), nil), IDF: 2, Columns: []uint16{1}, Weights: []int8{20}},
		},
	}
}

func plainModel(tb testing.TB, d *Draft) []byte {
	tb.Helper()
	plain, err := d.layOut()
	if err != nil {
		tb.Fatal(err)
	}
	return plain
}

func TestTinyModel(t *testing.T) {
	m, err := parsePlain(plainModel(t, tiny()))
	if err != nil {
		t.Fatal(err)
	}
	// One feature of length 1: exp(2-1) against exp(0); the parent has both.
	want := 1 / (1 + math.Exp(-1))
	got := m.Sentence("PowerShell")
	if len(got) != 2 || got[0].ID != "T1059" || math.Abs(got[1].Score-want) > 1e-4 {
		t.Errorf("Sentence = %v, want T1059 and T1059.001 with %v", got, want)
	}
}

func FuzzParse(f *testing.F) {
	f.Add(plainModel(f, tiny()))
	f.Fuzz(func(t *testing.T, plain []byte) {
		m, err := parsePlain(plain)
		if err != nil {
			return
		}
		for _, s := range m.Sentence("PowerShell ran a script, which deleted files.") {
			if !slices.Contains(m.labels, s.ID) || math.IsNaN(s.Score) {
				t.Errorf("%v: no label of the model, or no score", s)
			}
		}
	})
}

func FuzzSentence(f *testing.F) {
	m := loaded(f)
	f.Add("It creates a service, and deletes logs via wevtutil.exe; then it sleeps.")
	f.Add("\xff\x00 12345678 , and \u202e")
	f.Fuzz(func(t *testing.T, text string) {
		got := m.Sentence(text)
		if diff := cmp.Diff(got, m.Document([]string{text})); diff != "" {
			t.Errorf("a document of one sentence differs from it:\n%s", diff)
		}
		for c := range clauses(text) {
			if !strings.Contains(text, c) || c != strings.TrimSpace(c) {
				t.Errorf("clause %q is not in the text", c)
			}
		}
		for _, s := range got {
			if s.Score < leastScore || s.Score > 1 {
				t.Errorf("%v: score out of range", s)
			}
		}
	})
}

func BenchmarkLoad(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Parse(embedded); err != nil {
			b.Fatal(err)
		}
	}
}

// A page has about 60 sentences.
func BenchmarkDocument(b *testing.B) {
	m := loaded(b)
	page := slices.Repeat([]string{
		"The group sent spearphishing e-mails with a link to an archive, which contained a loader.",
		"It then used PowerShell to download the next stage, and created a scheduled task for persistence.",
		"Data was staged in a temporary folder, compressed with WinRAR and exfiltrated over HTTPS.",
	}, 20)
	b.ReportAllocs()
	for b.Loop() {
		m.Document(page)
	}
}

func Example() {
	m, err := Load()
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, t := range Specific(m.Sentence("They dumped the memory of LSASS and cleared the event logs.")) {
		if t.Score >= Described {
			fmt.Println(t.ID)
		}
	}
	// Output:
	// T1070.001
	// T1003.001
}
