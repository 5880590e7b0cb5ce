package attribution

import (
	"encoding/json"
	"os"
	"testing"

	"aldebaran/attack"
	"aldebaran/corpustest"
	"aldebaran/packs"
)

// TestOthersAreNotPhantomTaurus: what reports tell of other actors must not come out as the actor of a pack.
func TestOthersAreNotPhantomTaurus(t *testing.T) {
	files := corpustest.Glob(t, "intel/attribution/temporal-*.json")
	all, err := packs.All()
	if err != nil {
		t.Fatal(err)
	}
	m := New(Profiles(attack.Load(), all), Newest())
	incidents, first := 0, 0
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		var file struct {
			Incidents []struct {
				Group                string
				Techniques, Software []string
			}
		}
		if err := json.Unmarshal(data, &file); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for _, i := range file.Incidents {
			incidents++
			c := m.Rank(&Incident{Techniques: seen(i.Techniques...), Software: seen(i.Software...)}).Candidates[0]
			if c.Name != "Phantom Taurus" {
				continue
			}
			first++
			if c.Probability >= .3 {
				t.Errorf("%s: a report on %s comes out as %s with %.2f", name, i.Group, c.Name, c.Probability)
			}
		}
	}
	t.Logf("%d incidents, Phantom Taurus first in %d", incidents, first)
	if first*50 > incidents {
		t.Errorf("Phantom Taurus is first in %d of %d incidents of others, want at most one in 50", first, incidents)
	}
}
