package attribution

import (
	"strings"
	"testing"
	"time"

	"aldebaran/intel"
)

// certain is an incident that has everything for a named actor but the review.
func certain() Incident {
	first := time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC)
	return Incident{
		Techniques: seen("T1190", "T1505.003", "T1003.001"), Software: seen("S9101"),
		Marks: []Mark{
			{Actor: "G9001", Kind: MarkRule, What: "his page", Strength: 1},
			{Actor: "G9001", Kind: MarkHash, What: "his file", Strength: 1},
			{Actor: "G9001", Kind: MarkDomain, What: "his domain", Strength: 1},
		},
		Hosts: []string{"MAIL01", "SQL01"}, First: first, Last: first.AddDate(0, 7, 0),
	}
}

func TestLevels(t *testing.T) {
	m := New(actors(), Newest())
	published := Reports{Reliable: 3, Confirmed: true, Identity: true}
	review := []Override{{Object: OverrideReview, By: "A. Analyst", Reason: "read by two"}}
	for _, test := range []struct {
		name      string
		change    func(*Incident)
		reports   Reports
		overrides []Override
		want      Level
		missing   string
	}{
		{"everything", func(*Incident) {}, published, review, LevelNamed, ""},
		{"no review", func(*Incident) {}, published, nil, LevelGroup, "a review"},
		{"review without a reason", func(*Incident) {}, published, []Override{{Object: OverrideReview, By: "A. Analyst"}}, LevelGroup, "a review"},
		{"one original", func(*Incident) {}, Reports{Reliable: 3, Identity: true}, review, LevelGroup, "confirm each other"},
		{"two days", func(in *Incident) { in.Last = in.First.AddDate(0, 0, 2) }, published, review, LevelCluster, "six months"},
		{"no infrastructure", func(in *Incident) { in.Marks = in.Marks[:2] }, published, review, LevelGroup, "infrastructure"},
		{"an address only", func(in *Incident) { in.Marks[2].Kind = MarkAddress }, published, review, LevelGroup, "infrastructure"},
		{"rules that name groups", func(in *Incident) {
			in.Marks = []Mark{{Actor: "G9001", Kind: MarkTag, What: "t", Strength: 1}, {Actor: "G9001", Kind: MarkDomain, What: "shared", Strength: 1, Holders: 2}}
		}, published, review, LevelGroup, "0 marks of this actor alone"},
		{"techniques alone", func(in *Incident) { in.Marks, in.Software = nil, nil }, published, review, LevelCluster, "mark"},
		{"one event", func(in *Incident) { *in = Incident{Techniques: seen("T1190")} }, published, review, LevelNone, "linked events"},
	} {
		t.Run(test.name, func(t *testing.T) {
			in := certain()
			test.change(&in)
			a := m.Assess(&in, m.Rank(&in), test.reports, test.overrides)
			if a.Level != test.want {
				t.Errorf("level %q, want %q: %+v", a.Level, test.want, a.Missing())
			}
			var texts []string
			for _, c := range a.Missing() {
				texts = append(texts, c.Text)
			}
			if all := strings.Join(texts, "\n"); test.missing != "" && !strings.Contains(all, test.missing) || test.missing == "" && all != "" {
				t.Errorf("missing:\n%s\nwant %q", all, test.missing)
			}
		})
	}
}

// TestTechniquesAloneNeverName: even with an analyst's word and as many techniques as can be.
func TestTechniquesAloneNeverName(t *testing.T) {
	m := New(actors(), Newest())
	for i := range m.profiles {
		in := certain()
		in.Marks, in.Software, in.Techniques = nil, nil, nil
		for _, u := range m.profiles[i].Uses {
			if IsTechnique(u.Target) {
				in.Techniques = append(in.Techniques, Observation{ID: u.Target, Strength: 1})
			}
		}
		overrides := []Override{{Object: OverrideReview, By: "A", Reason: "sure"}, {Object: OverrideSingle, By: "A", Reason: "sure"}}
		a := m.Assess(&in, m.Rank(&in), Reports{Reliable: 9, Confirmed: true, Identity: true}, overrides)
		if a.Level == LevelNamed {
			t.Errorf("%s was named on techniques alone", m.profiles[i].Name)
		}
	}
}

func TestGrades(t *testing.T) {
	m := New(actors(), Newest())
	in := certain()
	said := Override{Object: "his domain", Grade: intel.Grade{Reliability: 'A', Credibility: '5'}, By: "A. Analyst", Reason: "a sinkhole now"}
	a := m.Assess(&in, m.Rank(&in), Reports{}, []Override{said, {Object: "his file", Grade: intel.Grade{Reliability: 'F', Credibility: '6'}}})
	grades := map[string]string{}
	for _, o := range a.Objects {
		grades[o.What] = o.Grade.String()
		if o.What == "his domain" && (o.Override == nil || o.Override.By != said.By) {
			t.Error("the change is not kept with its object")
		}
	}
	for what, want := range map[string]string{"his domain": "A5", "his file": "A1", "T1190": "A3", "MAIL01": "A1"} {
		if grades[what] != want {
			t.Errorf("%s: grade %s, want %s", what, grades[what], want)
		}
	}
	for _, c := range a.Criteria {
		if c.Vertex == Infrastructure && c.Met {
			t.Errorf("a domain of credibility 5 filled a vertex: %s", c.Text)
		}
	}
}
