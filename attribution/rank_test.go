package attribution

import (
	"encoding/json"
	"math"
	"slices"
	"testing"
	"time"

	"aldebaran/intel"
)

// actors are invented. alpha and beta have a program of their own, all have the tool S9001.
func actors() []Profile {
	uses := func(targets ...string) []Use {
		var list []Use
		for _, t := range targets {
			list = append(list, Use{Target: t})
		}
		slices.SortFunc(list, compareUses)
		return list
	}
	all := []Profile{
		{ID: "G9001", Name: "Alpha", Aliases: []string{"First"}, Uses: uses("T1190", "T1505.003", "T1003.001", "T1114.002", "S9001", "S9101"), Regions: []string{"africa"}, Sectors: []string{"government"}, Hours: &Shift{1, 10}},
		{ID: "G9002", Name: "Beta", Uses: uses("T1566.001", "T1204.002", "T1059.001", "T1003.001", "S9001", "S9102")},
		{ID: "G9003", Name: "Gamma", Uses: uses("T1566.001", "T1204.002", "T1486", "T1490", "S9001")},
	}
	// Others, so that there is somebody to be confused with.
	for i, t := range []string{"T1046", "T1047", "T1053.005", "T1070.004", "T1071.001", "T1082", "T1083", "T1105", "T1112", "T1136.001", "T1218.011", "T1547.001"} {
		next := []string{"T1059.001", "T1566.001", "T1105.1", "T1018"}[i%4]
		all = append(all, Profile{ID: "G91" + t[1:3] + string(rune('a'+i)), Name: "Other " + t, Uses: uses(t, next, "S9001")})
	}
	return all
}

func seen(ids ...string) []Observation {
	var list []Observation
	for _, id := range ids {
		list = append(list, Observation{ID: id, Strength: 1})
	}
	return list
}

func TestRank(t *testing.T) {
	m := New(actors(), Newest())
	for _, test := range []struct {
		name  string
		in    Incident
		first string
	}{
		{"own program", Incident{Software: seen("S9101"), Techniques: seen("T1059.001", "T1566.001")}, "Alpha"},
		{"own program beats techniques of another", Incident{Software: seen("S9102"), Techniques: seen("T1190")}, "Beta"},
		{"techniques", Incident{Techniques: seen("T1486", "T1490", "T1204.002")}, "Gamma"},
		{"rare technique beats common one", Incident{Techniques: seen("T1114.002", "T1566.001")}, "Alpha"},
		{"parent of its sub-technique", Incident{Techniques: seen("T1505")}, "Alpha"},
		{"sibling of its sub-technique", Incident{Techniques: seen("T1505.004")}, "Alpha"},
		{"weak evidence against strong", Incident{Techniques: []Observation{{ID: "T1486", Strength: .1}, {ID: "T1114.002", Strength: 1}}}, "Alpha"},
		{"mark", Incident{Techniques: seen("T1486"), Marks: []Mark{{Actor: "G9002", Kind: MarkRule, What: "his page", Strength: 1}}}, "Beta"},
		{"victim and hours are weak", Incident{Techniques: seen("T1486", "T1490"), Victim: Victim{Sectors: []string{"government"}, Regions: []string{"africa"}}}, "Gamma"},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := m.Rank(&test.in)
			if got := r.Candidates[0].Name; got != test.first {
				t.Errorf("first = %s, want %s", got, test.first)
			}
			checkRanking(t, r)
		})
	}
}

func checkRanking(t *testing.T, r *Ranking) {
	t.Helper()
	total := r.Unknown + r.NotEnough
	for _, c := range r.Candidates {
		total += c.Probability
		if !(c.Probability >= 0 && c.Probability <= 1) {
			t.Errorf("%s: probability %v", c.ID, c.Probability)
		}
	}
	if math.Abs(total-1) > 1e-9 {
		t.Errorf("probabilities add up to %v, want 1", total)
	}
	if r.Unknown+r.NotEnough <= 0 {
		t.Errorf("no room for doubt: %v", r.Unknown+r.NotEnough)
	}
}

// TestCommonToolsSayLittle: what everybody has must not move the ranking.
func TestCommonToolsSayLittle(t *testing.T) {
	m := New(actors(), Newest())
	tool := m.Rank(&Incident{Techniques: seen("T1486"), Software: seen("S9001")})
	own := m.Rank(&Incident{Techniques: seen("T1486"), Software: seen("S9101")})
	gain := func(r *Ranking) float64 {
		i := slices.IndexFunc(r.Candidates, func(c Candidate) bool { return c.Name == "Alpha" })
		return r.Candidates[i].Probability
	}
	if gain(tool)*3 > gain(own) {
		t.Errorf("a tool of all gives %v, a program of his own %v: want less than a third", gain(tool), gain(own))
	}
}

func TestNotEnough(t *testing.T) {
	m := New(actors(), Newest())
	for name, in := range map[string]Incident{
		"nothing":              {},
		"techniques of nobody": {Techniques: seen("T1999", "T1998")},
		"what many do":         {Techniques: seen("T1059.001")},
		"no number":            {Techniques: []Observation{{ID: "T1190", Strength: math.NaN()}}},
	} {
		r := m.Rank(&in)
		if r.Answer != AnswerNotEnough {
			t.Errorf("%s: answer %q, want %q", name, r.Answer, AnswerNotEnough)
		}
		checkRanking(t, r)
	}
	if r := m.Rank(&Incident{}); r.NotEnough < .99 {
		t.Errorf("nothing at all: not enough has %v, want all", r.NotEnough)
	}
	if r := New(nil, Newest()).Rank(&Incident{Techniques: seen("T1190")}); r.Answer != AnswerNotEnough {
		t.Errorf("no actors: answer %q", r.Answer)
	}
}

// TestAbsence: what the evidence would have shown counts against an actor, what it could not show does not.
func TestAbsence(t *testing.T) {
	m := New(actors(), Newest())
	score := func(visible map[string]float64) float64 {
		r := m.Rank(&Incident{Techniques: seen("T1190", "T1505.003"), Visible: visible})
		i := slices.IndexFunc(r.Candidates, func(c Candidate) bool { return c.Name == "Alpha" })
		return r.Candidates[i].Score
	}
	unknown, blind, clear := score(nil), score(map[string]float64{"T1003.001": 0}), score(map[string]float64{"T1003.001": 1, "T1114.002": 1})
	if blind != unknown {
		t.Errorf("what could not be seen moved the score from %v to %v", unknown, blind)
	}
	if clear >= unknown {
		t.Errorf("what would have been seen left the score at %v, before %v", clear, unknown)
	}
}

func TestMarks(t *testing.T) {
	day := func(s string) time.Time { at, _ := time.Parse("2006-01-02", s); return at }
	full := Mark{Kind: MarkAddress, Strength: 1}
	for _, test := range []struct {
		name string
		mark Mark
		less float64 // than this share of a fresh one
	}{
		{"old address", Mark{Kind: MarkAddress, Strength: 1, Seen: day("2023-01-01"), Now: day("2026-01-01")}, .05},
		{"of several actors", Mark{Kind: MarkAddress, Strength: 1, Holders: 4}, .3},
		{"shared hosting", Mark{Kind: MarkAddress, Strength: 1, Hosting: intel.Shared}, .25},
		{"on somebody else's machine", Mark{Kind: MarkAddress, Strength: 1, Hosting: intel.Compromised}, .45},
		{"rented", Mark{Kind: MarkAddress, Strength: 1, Hosting: intel.Rented}, .75},
		{"weak", Mark{Kind: MarkAddress, Strength: .1}, .15},
	} {
		if got := test.mark.points() / full.points(); got > test.less || got <= 0 {
			t.Errorf("%s: %v of a fresh one, want at most %v and above 0", test.name, got, test.less)
		}
	}
	var many []Mark
	for range 50 {
		many = append(many, Mark{Actor: "G1", Kind: MarkName, What: "x", Strength: 1})
	}
	total := 0.0
	for _, k := range weighMarks(many, "G1") {
		total += k.points
	}
	if total > 2*markPoints[MarkName] {
		t.Errorf("fifty names give %v points, want at most twice those of one", total)
	}
}

func TestHours(t *testing.T) {
	var night, even Hours
	for h := range 24 {
		even[h] = 5
	}
	night[2], night[5], night[9] = 20, 20, 10
	for _, test := range []struct {
		name  string
		hours *Hours
		shift *Shift
		want  bool
	}{
		{"in the shift", &night, &Shift{1, 10}, true},
		{"outside", &night, &Shift{10, 19}, false},
		{"all day", &even, &Shift{1, 10}, false},
		{"over midnight", &night, &Shift{22, 10}, true},
		{"too long a shift", &night, &Shift{0, 23}, false},
		{"too few", &Hours{2: 5}, &Shift{1, 10}, false},
		{"unknown", nil, &Shift{1, 10}, false},
	} {
		if got := test.hours.within(test.shift); got != test.want {
			t.Errorf("%s: %v, want %v", test.name, got, test.want)
		}
	}
}

// FuzzRank: any incident gives probabilities that add up to one, whatever the order of what was seen.
func FuzzRank(f *testing.F) {
	f.Add([]byte(`{"techniques":[{"id":"T1190","strength":1}],"software":[{"id":"S9101","strength":0.5}],"marks":[{"actor":"G9002","kind":"rule","what":"x","strength":1}]}`))
	f.Add([]byte(`{"techniques":[{"id":"","strength":-1},{"id":"T1.2.3","strength":1e300}],"visible":{"T1190":5},"hours":[1]}`))
	m := New(actors(), Newest())
	f.Fuzz(func(t *testing.T, data []byte) {
		var in Incident
		if json.Unmarshal(data, &in) != nil || len(in.Techniques)+len(in.Software) > 60 {
			return
		}
		r := m.Rank(&in)
		checkRanking(t, r)
		slices.Reverse(in.Techniques)
		slices.Reverse(in.Software)
		slices.Reverse(in.Marks)
		again := m.Rank(&in)
		for i := range r.Candidates {
			if math.Abs(r.Candidates[i].Probability-again.Candidates[i].Probability) > 1e-9 {
				t.Fatalf("the order of evidence changed %v to %v", r.Candidates[i], again.Candidates[i])
			}
		}
		m.Explain(&in, nil)
	})
}
