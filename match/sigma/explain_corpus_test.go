package sigma

import (
	"bytes"
	"path"
	"strings"
	"testing"

	"aldebaran/corpustest"
	"aldebaran/event"
	"aldebaran/evidence/evtx"
)

// TestExplainAgrees holds explanations of rules on the events of SigmaHQ's regression tests against
// the matcher's answers: of each rule that matches, and of every eighth of the
// others that are for such events, another eighth for each event. (All of them agree too, in 15 s.)
func TestExplainAgrees(t *testing.T) {
	c, err := Load([]string{corpustest.Path(t, "sigma/rules")}, LoadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	set, err := Compile(c)
	if err != nil {
		t.Fatal(err)
	}
	m := set.NewMatcher()
	routes := map[Logsource][]Route{}
	for _, r := range c.Rules {
		routes[r.Logsource], _ = Routes(r.Logsource)
	}
	events, matches, explained := 0, 0, 0
	check := func(e *event.Event) {
		events++
		matched := map[*Rule]bool{}
		for _, r := range m.Match(e) {
			matched[r] = true
			matches++
		}
		fits := map[Logsource]bool{}
		for ls, list := range routes {
			for i := range list {
				fits[ls] = fits[ls] || routeMismatch(&list[i], e) == ""
			}
		}
		for i, r := range c.Rules {
			if !fits[r.Logsource] {
				if matched[r] {
					t.Errorf("%s: %s matches an event that takes none of its routes", e.Source.Path, r.Title)
				}
				continue
			}
			if !matched[r] && i%8 != events%8 {
				continue
			}
			explained++
			if x := Explain(r, e); x.Match != matched[r] {
				var text strings.Builder
				if err := x.WriteText(&text); err != nil {
					t.Fatal(err)
				}
				t.Errorf("%s at %#x: matcher says %v, explanation:\n%s", e.Source.Path, e.Source.Offset, matched[r], text.String())
			}
		}
	}
	rd := evtx.NewReader(evtx.Options{})
	for name, data := range corpustest.Each(t, "sigma/regression", ".evtx") {
		f, err := evtx.Open(bytes.NewReader(data), int64(len(data)), path.Base(name), evtx.Options{})
		if err != nil {
			t.Fatal(err)
		}
		for _, u := range f.Units() {
			if _, err := rd.Read(f, u, func(e *event.Event) bool { check(e); return true }); err != nil {
				t.Fatal(err)
			}
		}
	}
	t.Logf("%d events, %d matches, %d explanations", events, matches, explained)
	if matches == 0 {
		t.Error("no rule matches anything: the test shows nothing")
	}
}
