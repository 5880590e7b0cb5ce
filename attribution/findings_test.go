package attribution

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"aldebaran/attack"
	"aldebaran/finding"
	"aldebaran/intel"
	"aldebaran/match"
	"aldebaran/packs"
)

// pack is about an invented actor.
func pack() *intel.Pack {
	fact := intel.Fact{Sources: []string{"S1"}, Grade: intel.Grade{Reliability: 'B', Credibility: '2'}}
	unverified := fact
	unverified.Unverified = true
	return &intel.Pack{
		Name:    "invented",
		Sources: []intel.Source{{ID: "S1", Publisher: "One", Reliability: 'B'}, {ID: "S2", Publisher: "Two", Reliability: 'A', Unread: true}},
		Actor: &intel.Actor{
			ID: "invented", Name: "Invented Heron", Fact: fact, Aliases: []intel.Name{{Name: "CL-0001", Fact: fact}, {Name: "Recalled", Fact: unverified}},
			Country: &intel.Claim{Value: "XX", Fact: fact}, Regions: []intel.Claim{{Value: "Africa", Fact: fact}, {Value: "Europe", Fact: unverified}},
			Hours: &intel.Hours{From: "01:00", To: "10:00", Fact: unverified},
		},
		Malware: []intel.Software{
			{Name: "HeronDoor", Techniques: []string{"T1505.003"}, Fact: fact},
			{Name: "Rumour", Techniques: []string{"T1486"}, Fact: unverified},
		},
		Tools:      []intel.Software{{Name: "Mimikatz", AttackID: "S0002", Common: true, Techniques: []string{"T1003.001"}, Fact: fact}},
		Techniques: []intel.TechniqueUse{{ID: "T1114.002", Fact: fact}},
		Detections: []intel.Detection{{ID: "E01", Severity: "medium", Rules: []string{"rule-generic"}, Fact: fact}},
		Contents: intel.Contents{Indicators: []intel.Indicator{
			{Type: intel.Domain, Value: "heron.example", Actor: "Invented Heron", Malware: "HeronDoor", Grade: intel.Grade{Reliability: 'A', Credibility: '1'}, Last: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)},
			{Type: intel.Domain, Value: "rumour.example", Actor: "Invented Heron", Unverified: true},
		}},
	}
}

func TestFromPack(t *testing.T) {
	p, ok := FromPack(pack(), nil)
	if !ok {
		t.Fatal("no profile")
	}
	want := Profile{
		ID: "pack:invented", Name: "Invented Heron", Aliases: []string{"CL-0001"}, Origin: []string{"XX"}, Regions: []string{"africa"},
		Uses: []Use{
			{Target: "S0002", Name: "Mimikatz", Reports: 1}, {Target: "T1114.002", Reports: 1}, {Target: "T1505.003", Reports: 1},
			{Target: "herondoor", Name: "HeronDoor", Reports: 1},
		},
	}
	if diff := cmp.Diff(want, p); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if _, ok := FromPack(&intel.Pack{Name: "none"}, nil); ok {
		t.Error("a pack about nobody has a profile")
	}
	if r := ReportsOf(pack()); r != (Reports{Reliable: 1, Identity: true}) {
		t.Errorf("reports %+v: the unread source must not count", r)
	}
}

func TestFromFindings(t *testing.T) {
	p := pack()
	profiles := Profiles(nil, []*intel.Pack{p})
	at := time.Date(2026, 3, 9, 2, 0, 0, 0, time.UTC)
	rule := func(id, file, level string, techniques ...string) finding.Finding {
		return finding.Finding{
			Rule: &match.Rule{ID: id, Title: "Title of " + id, File: file, Level: level}, Attack: attack.Refs{Techniques: techniques},
			Host: "MAIL01", First: at, Last: at.Add(time.Hour), Count: 3,
		}
	}
	in := FromFindings([]finding.Finding{
		rule("rule-own", "invented/sigma/page.yml", "critical", "T1505.003"),
		rule("rule-own", "invented/sigma/page.yml", "critical", "T1505.003"),
		rule("rule-generic", "windows-servers/sigma/x.yml", "high", "T1190", "S0357"),
		rule("rule-tagged", "sigma/rules/z.yml", "high", "G0001", "G0002"),
		rule("rule-low", "windows-servers/sigma/y.yml", "low", "T1082"),
		rule("rule-old", "sigma/rules/old.yml", "high", "T1086"), // PowerShell before 2020
		rule("indicator:domain:heron.example", "invented", "high"),
		rule("indicator:domain:rumour.example", "invented", "high"),
		rule("indicator:domain:other.example", "somewhere/sigma/x", "high"),
	}, []*intel.Pack{p}, profiles, attack.Load())
	strengths := map[string]float64{}
	for _, o := range slices.Concat(in.Techniques, in.Software) {
		strengths[o.ID] = o.Strength
	}
	want := map[string]float64{"T1505.003": .95, "T1190": .4, "S0357": .4, "T1082": .1, "T1059.001": .75, "herondoor": .75}
	if diff := cmp.Diff(want, strengths); diff != "" {
		t.Errorf("strengths: -want +got:\n%s", diff)
	}
	var marks []string
	for _, k := range in.Marks {
		marks = append(marks, string(k.Kind)+" "+k.Actor+" "+k.What)
	}
	if diff := cmp.Diff([]string{"tag G0001 Title of rule-tagged", "tag G0002 Title of rule-tagged", "domain pack:invented Title of indicator:domain:heron.example", "rule pack:invented Title of rule-own"}, marks); diff != "" {
		t.Errorf("marks: -want +got:\n%s", diff)
	}
	if !in.First.Equal(at) || !slices.Equal(in.Hosts, []string{"MAIL01"}) {
		t.Errorf("time and hosts: %v, %v", in.First, in.Hosts)
	}
}

// TestNames: an alias that two actors have must not make a mark of either.
func TestNames(t *testing.T) {
	b := newBuilder(nil, []Profile{
		{ID: "G1", Name: "One", Aliases: []string{"Both", "Alone", "Two"}}, {ID: "G2", Name: "Two", Aliases: []string{"both"}},
	})
	if diff := cmp.Diff(map[string]string{"one": "G1", "two": "G2", "alone": "G1"}, b.names); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestPackOf(t *testing.T) {
	for file, want := range map[string]string{
		"phantom-taurus/sigma/a.yml": "phantom-taurus", `C:\packs\mine\sigma\a.yml`: "mine", "/x/mine/sigma/a.yml": "mine",
		"rules/a.yml": "", "a.yml": "", "": "", "sigma/a.yml": ".",
	} {
		if got := packOf(file); got != want {
			t.Errorf("packOf(%q) = %q, want %q", file, got, want)
		}
	}
}

// TestPhantomTaurus: an actor that ATT&CK does not know is reached by its pack, and by it alone.
func TestPhantomTaurus(t *testing.T) {
	all, err := packs.All()
	if err != nil {
		t.Fatal(err)
	}
	k := attack.Load()
	profiles := Profiles(k, all)
	m := New(profiles, Newest())
	in := FromSeen([]Seen{
		{Rule: "4b1d906b-3634-4f9c-be71-613aba588c8d", Title: "Page OutlookEN.aspx Written", File: "phantom-taurus/sigma/outlooken_page_written.yml", Level: "critical", Attack: []string{"T1505.003", "T1036.005"}, Hosts: []string{"MAIL01"}},
		{Rule: "x", Title: "Batch File mssq.bat Run", File: "phantom-taurus/sigma/mssq_batch_run.yml", Level: "critical", Attack: []string{"T1047", "T1059.003", "T1213.006"}, Hosts: []string{"SQL01"}},
		{Rule: "y", Title: "Mailbox export", File: "windows-servers/sigma/z.yml", Level: "high", Attack: []string{"T1114.002"}, Hosts: []string{"MAIL01"}},
	}, all, profiles, k)
	e := m.Explain(in, k)
	if e.Ranking.Answer != AnswerActor || e.Ranking.Candidates[0].Name != "Phantom Taurus" {
		t.Fatalf("answer %q, first %v, want Phantom Taurus", e.Ranking.Answer, e.Ranking.Candidates[0])
	}
	a := m.Assess(in, e.Ranking, Reports{}, nil)
	if a.Level != LevelCluster {
		t.Errorf("level %q, want %q", a.Level, LevelCluster)
	}
	if len(a.Missing()) == 0 || len(e.Decide) == 0 || !strings.Contains(e.Candidates[0].For[0].Text, "tied to this actor") {
		t.Errorf("missing %v, decide %v, first reason %+v", a.Missing(), e.Decide, e.Candidates[0].For[0])
	}
	// Without the pack it is an actor that nobody knows.
	without := New(FromAttack(k), Newest()).Rank(in)
	if without.Answer == AnswerActor {
		t.Errorf("ATT&CK alone names %v", without.Candidates[0])
	}
}

func TestReadDocument(t *testing.T) {
	text := `{"summary":{},"findings":[{"level":"high","rule":{"id":"r","title":"t","file":"p/sigma/r.yml"},"attack":["T1190"],"host":"H","first":"2026-03-09T02:12:20.5Z","last":"","count":2}]}`
	got, err := ReadDocument(strings.NewReader(text))
	want := []Seen{{Rule: "r", Title: "t", File: "p/sigma/r.yml", Level: "high", Attack: []string{"T1190"}, Hosts: []string{"H"}, First: time.Date(2026, 3, 9, 2, 12, 20, 5e8, time.UTC), Count: 2}}
	if err != nil || cmp.Diff(want, got) != "" {
		t.Errorf("%v, -want +got:\n%s", err, cmp.Diff(want, got))
	}
	for name, text := range map[string]string{"no JSON": "x", "no findings": "{}", "no time": `{"findings":[{"first":"yesterday"}]}`} {
		if _, err := ReadDocument(strings.NewReader(text)); err == nil {
			t.Errorf("%s: want an error", name)
		}
	}
}

// FuzzReadDocument: what is read gives an incident that can be ranked.
func FuzzReadDocument(f *testing.F) {
	f.Add(`{"findings":[{"level":"high","rule":{"id":"indicator:domain:heron.example","title":"t","file":"invented/sigma/r.yml"},"attack":["T1190","S1","G1",""],"hosts":["H"],"first":"2026-03-09T02:12:20Z"}]}`)
	p := []*intel.Pack{pack()}
	profiles := append(actors(), Profiles(nil, p)...)
	m := New(profiles, Newest())
	f.Fuzz(func(t *testing.T, text string) {
		seen, err := ReadDocument(strings.NewReader(text))
		if err != nil || len(seen) > 20 {
			return
		}
		in := FromSeen(seen, p, profiles, nil)
		if len(in.Techniques)+len(in.Software) > 60 {
			return
		}
		checkRanking(t, m.Rank(in))
		slices.Reverse(seen)
		if diff := cmp.Diff(in, FromSeen(seen, p, profiles, nil), cmp.AllowUnexported(Mark{})); diff != "" {
			t.Fatalf("the order of findings matters:\n%s", diff)
		}
	})
}
