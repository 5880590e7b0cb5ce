package attribution

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestCluster(t *testing.T) {
	m := New(actors(), Newest())
	day := func(n int) time.Time { return time.Date(2026, 1, n, 0, 0, 0, 0, time.UTC) }
	mark := []Mark{{Actor: "G9001", Kind: MarkDomain, What: "cdn.example", Strength: 1}}
	incidents := []*Incident{
		{Name: "spring", Techniques: seen("T1190", "T1505.003"), Software: seen("S9101"), Marks: mark, First: day(1), Last: day(2)},
		{Name: "autumn", Techniques: seen("T1190", "T1505.003"), Software: seen("S9101"), Marks: mark, First: day(20), Last: day(21)},
		{Name: "twin by techniques", Techniques: seen("T1190", "T1505.003")},
		{Name: "other", Techniques: seen("T1486")},
	}
	c, err := m.Cluster(incidents)
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Current) != 3 || c.Current[0].ID != "CL-spring" || len(c.Current[0].Incidents) != 2 {
		t.Fatalf("clusters %+v: want spring and autumn together, and nothing by techniques alone", c.Current)
	}
	for _, l := range c.Links {
		if len(l.Reasons) == 0 || l.A >= l.B {
			t.Errorf("link %+v", l)
		}
	}
	if err := c.Merge([]string{"CL-spring", "CL-other"}, "A. Analyst", "same operator", day(30)); err != nil {
		t.Fatal(err)
	}
	if err := c.Split("CL-spring", []int{1}, "A. Analyst", "the domain was sold", day(31)); err != nil {
		t.Fatal(err)
	}
	if len(c.History) != 2 || len(c.History[0].From) != 2 || c.History[1].To[1].ID != "CL-autumn" {
		t.Errorf("history %+v", c.History)
	}
	for name, err := range map[string]error{
		"no name":   c.Merge([]string{"CL-spring", "CL-autumn"}, "", "x", day(1)),
		"unknown":   c.Merge([]string{"CL-spring", "CL-nobody"}, "A", "x", day(1)),
		"one":       c.Merge([]string{"CL-spring"}, "A", "x", day(1)),
		"all of it": c.Split("CL-autumn", []int{1}, "A", "x", day(1)),
	} {
		if err == nil {
			t.Errorf("%s: want an error", name)
		}
	}
	if len(c.History) != 2 {
		t.Error("a refused change is in the history")
	}
	if _, err := m.Cluster(make([]*Incident, maxIncidents+1)); err == nil {
		t.Error("too many incidents: want an error")
	}
}

// TestGraph: names are an intruder's, too; whatever they are, the picture is XML and runs nothing.
func TestGraph(t *testing.T) {
	m := New(actors(), Newest())
	hostile := "\"><script>alert(1)</script>\x00\xff&"
	c, err := m.Cluster([]*Incident{
		{Name: hostile, Software: seen("S9101"), Hosts: []string{hostile}},
		{Name: "b", Software: seen("S9101"), Hosts: []string{hostile}},
	})
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	if err := c.WriteSVG(&b); err != nil {
		t.Fatal(err)
	}
	d := xml.NewDecoder(strings.NewReader(b.String()))
	circles := 0
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("%v in\n%s", err, b.String())
		}
		if e, ok := token.(xml.StartElement); ok {
			switch e.Name.Local {
			case "script":
				t.Error("a name became a script")
			case "circle":
				circles++
			}
		}
	}
	if circles != 2 {
		t.Errorf("%d circles, want 2", circles)
	}
}

func TestCompare(t *testing.T) {
	m := New(actors(), Newest())
	all := m.Profiles()
	c := m.Compare(&all[0], &all[1], nil)
	if len(c.Both) != 2 || c.Both[0].ID != "T1003.001" || c.Similarity <= 0 || c.Similarity >= 1 {
		t.Errorf("comparison %+v", c)
	}
	if same := m.Compare(&all[0], &all[0], nil); same.Similarity < .999 || len(same.First) != 0 {
		t.Errorf("an actor and itself: %+v", same)
	}
	if traits := m.Traits(&all[0], nil); traits[len(traits)-1].ID != "S9001" {
		t.Errorf("the most common trait is %v, want S9001", traits[len(traits)-1])
	}
}

// TestSTIX: every reference of the bundle leads to an object of it, and the same clusters are the same
// bundle.
func TestSTIX(t *testing.T) {
	m := New(actors(), Newest())
	c, err := m.Cluster([]*Incident{
		{Name: "spring", Software: seen("S9101"), Hosts: []string{"MAIL01"}}, {Name: "autumn", Software: seen("S9101"), Hosts: []string{"MAIL01"}}, {Name: "other"},
	})
	if err != nil {
		t.Fatal(err)
	}
	write := func() string {
		var b strings.Builder
		if err := c.WriteSTIX(&b, time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	var bundle struct{ Objects []stixObject }
	if err := json.Unmarshal([]byte(write()), &bundle); err != nil {
		t.Fatal(err)
	}
	there, kinds := map[string]bool{}, map[string]int{}
	for _, o := range bundle.Objects {
		if there[o.ID] {
			t.Errorf("%s is there twice", o.ID)
		}
		there[o.ID] = true
		kinds[o.Type+" "+o.Relationship]++
	}
	for _, o := range bundle.Objects {
		if o.Type == "relationship" && !(there[o.Source] && there[o.Target]) {
			t.Errorf("%s leads from %q to %q", o.ID, o.Source, o.Target)
		}
	}
	want := map[string]int{"campaign ": 3, "intrusion-set ": 2, "relationship attributed-to": 3, "relationship related-to": 1}
	if diff := cmp.Diff(want, kinds); diff != "" {
		t.Errorf("objects: -want +got:\n%s", diff)
	}
	if first, second := write(), write(); first != second {
		t.Error("two bundles of the same clusters differ")
	}
}
