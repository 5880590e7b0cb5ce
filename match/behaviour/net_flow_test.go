package behaviour

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestFlows: what is found does not depend on whether records are looked at one by one or some at a time.
func TestFlows(t *testing.T) {
	flows := manyFlows()
	records := make([]made, len(flows))
	for i, f := range flows {
		f.fields = append(slices.Clone(f.fields), "Image", "") // where a program could stand it is no flow
		records[i] = f
	}
	for _, id := range []string{"net-sweep", "net-admin-first-seen"} {
		want := finish(t, Config{}, id, records)
		if len(want) == 0 {
			t.Errorf("%s: nothing is found", id)
		}
		if diff := cmp.Diff(want, finish(t, Config{}, id, flows)); diff != "" {
			t.Errorf("%s (-one by one +some at a time):\n%s", id, diff)
		}
	}
	want := edgesOf(t, records)
	if len(want) < fetched/2 {
		t.Errorf("%d hosts reached others", len(want))
	}
	if diff := cmp.Diff(want, edgesOf(t, flows)); diff != "" {
		t.Errorf("hosts that reached others (-one by one +some at a time):\n%s", diff)
	}
}

// manyFlows are connections between more hosts than stand in the processor's cache, some of which have
// names, and a sweep.
func manyFlows() (all []made) {
	r := rand.New(rand.NewPCG(1, 2))
	for i := range 4000 {
		target := fmt.Sprintf("10.0.1.%d", r.IntN(20))
		if i%9 == 0 {
			target = fmt.Sprintf("host%d", r.IntN(20))
		}
		ports := [...]string{"445", "3389", "443", "1433", "80", "x"}
		all = append(all, flow(time.Duration(i)*time.Minute, fmt.Sprintf("10.0.%d.%d", r.IntN(4), 20+r.IntN(60)), target, ports[r.IntN(len(ports))]))
	}
	for i := range 100 {
		all = append(all, flow(4000*time.Minute+time.Duration(i)*time.Second, "10.0.0.9", fmt.Sprintf("10.0.2.%d", i), "445"))
	}
	return all
}

// edgesOf says which hosts reached which.
func edgesOf(t *testing.T, events []made) (told []string) {
	t.Helper()
	set, err := New(Config{})
	if err != nil {
		t.Fatal(err)
	}
	m, in := set.NewMatcher(), shapes{}
	for i := range events {
		m.See(events[i].event(i, in))
	}
	for _, st := range m.Take().states {
		c, ok := st.(*chainState)
		if !ok {
			continue
		}
		for e := range c.edges.kept.list.each() {
			from, to := c.edges.hosts.text(hostID(e.key.a)), c.edges.hosts.text(hostID(e.key.b))
			told = append(told, fmt.Sprintf("%+v %+v", c.edges.told(&e.value.first, from, to), c.edges.told(&e.value.last, from, to)))
		}
	}
	return told
}
