package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"aldebaran/attribution"
)

// output runs a command and gives what it prints.
func output(t *testing.T, cmd *cobra.Command, args ...string) string {
	t.Helper()
	var out bytes.Buffer
	cmd.SetArgs(args)
	cmd.SetOut(&out)
	cmd.SetErr(&out)
	if err := cmd.ExecuteContext(t.Context()); err != nil {
		t.Fatalf("%v: %v\n%s", args, err, out.String())
	}
	return out.String()
}

// TestAttributeDemo: the demo's case reaches Phantom Taurus as a candidate, as an activity cluster and no
// more, and says what is missing; another intruder's does not.
func TestAttributeDemo(t *testing.T) {
	dir := t.TempDir()
	document := filepath.Join(dir, "demo.json")
	var discard bytes.Buffer
	if code := run([]string{"demo", "-q", "-f", "json", "-o", document}, &discard, &discard); code > exitFindings {
		t.Fatalf("demo: exit code %d: %s", code, discard.String())
	}
	other := filepath.Join(dir, "other.json")
	if err := os.WriteFile(other, []byte(`{"findings":[
		{"level":"high","rule":{"id":"a","title":"Files encrypted","file":"x/sigma/a.yml"},"attack":["T1486","T1490","T1489"],"host":"FILE01","first":"2026-03-09T02:00:00Z","last":"2026-03-09T03:00:00Z"},
		{"level":"high","rule":{"id":"b","title":"Cobalt Strike","file":"x/sigma/b.yml"},"attack":["S0154","T1059.001"],"host":"FILE01","first":"2026-03-09T02:00:00Z","last":"2026-03-09T03:00:00Z"}]}`), 0o666); err != nil {
		t.Fatal(err)
	}
	graph := filepath.Join(dir, "links.svg")
	var got struct {
		Hunts []struct {
			Ranking    attribution.Ranking    `json:"ranking"`
			Assessment attribution.Assessment `json:"assessment"`
		} `json:"hunts"`
		Clusters attribution.Clusters `json:"clusters"`
	}
	text := output(t, attributeCommand(), document, other, "--json", "--graph", graph, "--stix", filepath.Join(dir, "links.json"), "--region", "Africa")
	if err := json.Unmarshal([]byte(text), &got); err != nil {
		t.Fatal(err)
	}
	first := got.Hunts[0]
	if c := first.Ranking.Candidates[0]; c.Name != "Phantom Taurus" || c.Probability < .5 {
		t.Errorf("first candidate %+v, want Phantom Taurus", c)
	}
	if first.Assessment.Level != attribution.LevelCluster || len(first.Assessment.Missing()) == 0 {
		t.Errorf("level %q, missing %v: want an activity cluster and what is missing", first.Assessment.Level, first.Assessment.Missing())
	}
	if c := got.Hunts[1].Ranking.Candidates[0]; c.Name == "Phantom Taurus" {
		t.Errorf("another intruder comes out as %+v", c)
	}
	if len(got.Clusters.Current) != 2 {
		t.Errorf("clusters %+v, want two", got.Clusters.Current)
	}
	if svg, err := os.ReadFile(graph); err != nil || !bytes.HasPrefix(svg, []byte("<svg")) {
		t.Errorf("graph: %v", err)
	}
	if stix, err := os.ReadFile(filepath.Join(dir, "links.json")); err != nil || !bytes.Contains(stix, []byte(`"intrusion-set"`)) {
		t.Errorf("STIX: %v", err)
	}
	shown := output(t, attributeCommand(), document)
	for _, want := range []string{"Level: activity cluster", "unknown or new actor", "six months of observation", "What would decide", "tied to this actor before"} {
		if !strings.Contains(shown, want) {
			t.Errorf("the text lacks %q:\n%s", want, shown)
		}
	}
}

func TestOverrides(t *testing.T) {
	file := filepath.Join(t.TempDir(), "said.json")
	for text, ok := range map[string]bool{
		`[{"object":"review","by":"A. Analyst","reason":"read by two"}]`:              true,
		`[{"object":"x.example","grade":"A5","by":"A. Analyst","reason":"sinkhole"}]`: true,
		`[{"object":"review","by":"A. Analyst"}]`:                                     false,
		`[{"object":"x.example","grade":"Z9","by":"A","reason":"b"}]`:                 false,
		`{}`: false,
	} {
		if err := os.WriteFile(file, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
		list, err := readOverrides(file)
		if (err == nil) != ok || ok && len(list) != 1 {
			t.Errorf("%s: %v, %v", text, list, err)
		}
	}
}

// TestClusters: what an analyst says of clusters is done, and kept in every form; what cannot be done is refused.
func TestClusters(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
		return path
	}
	const hunt = `{"findings":[{"level":"high","rule":{"id":"a","title":"Files encrypted","file":"x/sigma/a.yml"},"attack":["T1486"],"host":"FILE01","first":"2026-03-09T02:00:00Z","last":"2026-03-09T03:00:00Z"}]}`
	spring, autumn := write("spring.json", hunt), write("autumn.json", strings.ReplaceAll(hunt, "T1486", "T1190"))
	stix := filepath.Join(dir, "links.stix.json")
	for _, c := range []struct {
		name, decisions, want, wrong string
	}{
		{"merged", `[{"kind":"merge","clusters":["CL-spring","CL-autumn"],"by":"A. Analyst","reason":"same operator","when":"2026-06-01T00:00:00Z"}]`,
			"CL-spring, CL-autumn merged into CL-spring by A. Analyst on 2026-06-01: same operator", ""},
		{"merged and split", `[{"kind":"merge","clusters":["CL-spring","CL-autumn"],"by":"A","reason":"x"},
			{"kind":"split","clusters":["CL-spring"],"incidents":["autumn"],"by":"B","reason":"the domain was sold"}]`,
			"CL-spring split into CL-spring, CL-autumn by B: the domain was sold", ""},
		{"nobody's", `[{"kind":"merge","clusters":["CL-spring","CL-autumn"],"reason":"x"}]`, "", "change 1: clusters: want a name and a reason"},
		{"of another kind", `[{"kind":"join","by":"A","reason":"x"}]`, "", `want the kind merge or split, found "join"`},
		{"of nobody", `[{"kind":"split","clusters":["CL-spring"],"incidents":["winter"],"by":"A","reason":"x"}]`, "", `found "winter"`},
		{"no list", `{}`, "", "cannot unmarshal"},
	} {
		t.Run(c.name, func(t *testing.T) {
			said := write("said.json", c.decisions)
			if c.wrong != "" {
				cmd := attributeCommand()
				cmd.SetArgs([]string{spring, autumn, "--clusters", said})
				if err := cmd.Execute(); err == nil || !strings.Contains(err.Error(), c.wrong) {
					t.Errorf("want %q, found %v", c.wrong, err)
				}
				return
			}
			shown := output(t, attributeCommand(), spring, autumn, "--clusters", said, "--stix", stix)
			if !strings.Contains(strings.Join(strings.Fields(shown), " "), c.want) { // lines are broken
				t.Errorf("want %q, found\n%s", c.want, shown)
			}
			kept, err := os.ReadFile(stix)
			if err != nil || !bytes.Contains(kept, []byte(`"type": "note"`)) || !bytes.Contains(kept, []byte(`"authors"`)) {
				t.Errorf("STIX has no note (%v):\n%s", err, kept)
			}
		})
	}
}

func TestActors(t *testing.T) {
	for _, test := range []struct {
		args []string
		want []string
	}{
		{[]string{"list"}, []string{"G0125", "HAFNIUM", "Phantom Taurus"}},
		{[]string{"show", "tgr-sta-0043"}, []string{"Phantom Taurus", "NET-STAR", "telecommunications"}},
		{[]string{"show", "G0125"}, []string{"HAFNIUM", "What sets it apart"}},
		{[]string{"compare", "APT27", "Phantom Taurus"}, []string{"Both (", "China Chopper", "Threat Group-3390 only"}},
		{[]string{"show", "G0125", "--json"}, []string{`"technique_ids"`}},
	} {
		got := output(t, actorsCommand(), test.args...)
		for _, want := range test.want {
			if !strings.Contains(got, want) {
				t.Errorf("actors %v lacks %q:\n%s", test.args, want, got)
			}
		}
	}
	cmd := actorsCommand()
	cmd.SilenceErrors, cmd.SilenceUsage = true, true
	cmd.SetArgs([]string{"show", "nobody at all"})
	if err := cmd.Execute(); err == nil || !strings.Contains(err.Error(), "nobody at all") {
		t.Errorf("an unknown actor: %v", err)
	}
}
