package json

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"aldebaran/corpustest"
	"aldebaran/event"
	"aldebaran/evidence/evtx"
	"aldebaran/evidence/lines"
	"aldebaran/match/sigma"
)

// pair is a log of SigmaHQ's regression tests, and the same as evtx_dump wrote it.
type pair struct {
	name string
	evtx []*event.Event
	json []*event.Event
}

func pairs(t *testing.T) []pair {
	t.Helper()
	var all []pair
	r := NewReader(lines.Options{})
	err := filepath.WalkDir(corpustest.Path(t, "sigma/regression"), func(path string, d fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".json") {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		log, err := os.ReadFile(strings.TrimSuffix(path, ".json") + ".evtx")
		if err != nil {
			return err
		}
		p := pair{name: filepath.Base(filepath.Dir(path))}
		f, err := evtx.Open(bytes.NewReader(log), int64(len(log)), "log", evtx.Options{})
		if err != nil {
			return err
		}
		er := evtx.NewReader(evtx.Options{})
		for _, u := range f.Units() {
			if _, err := er.Read(f, u, func(e *event.Event) bool {
				p.evtx = append(p.evtx, e.Clone())
				return true
			}); err != nil {
				return err
			}
		}
		if !Sniff(text[:min(len(text), 4096)]) {
			t.Errorf("%s: not recognised", p.name)
		}
		var rep event.Report
		p.json, rep = readAll(t, r, text)
		if len(rep.Damage) > 0 {
			t.Errorf("%s: damage %v", p.name, rep.Damage)
		}
		all = append(all, p)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// TestAgainstEVTX compares events that evtx_dump wrote as JSON with the same in the log itself.
func TestAgainstEVTX(t *testing.T) {
	events, fields, decimals, blanks := 0, 0, 0, 0
	for _, p := range pairs(t) {
		if len(p.evtx) != len(p.json) {
			t.Errorf("%s: %d events, the log has %d", p.name, len(p.json), len(p.evtx))
			continue
		}
		for i, want := range p.evtx {
			got := p.json[i]
			events++
			if got.Product != want.Product || got.Channel != want.Channel || got.Provider != want.Provider || got.EventID != want.EventID ||
				got.Computer != want.Computer || got.RecordID != want.RecordID || got.Time.Sub(want.Time).Abs().Microseconds() > 0 {
				t.Errorf("%s: %s %s %s %d %s %d %s, want %s %s %s %d %s %d %s", p.name,
					got.Product, got.Channel, got.Provider, got.EventID, got.Computer, got.RecordID, got.Time,
					want.Product, want.Channel, want.Provider, want.EventID, want.Computer, want.RecordID, want.Time)
			}
			for j, f := range want.Shape.Fields {
				w, g := want.Values[j].String(), got.Text(f.Name)
				fields++
				switch {
				case g == w:
				case f.Name == "TimeCreated_SystemTime" && strings.HasPrefix(g, strings.TrimRight(w[:len(w)-2], "0")):
					decimals++ // evtx_dump writes six decimals of seven, another exporter nine
				case p.name == "proc_creation_win_susp_right_to_left_override" && strings.EqualFold(g, w):
					// This dump was edited by hand: Explorer.exe for Explorer.EXE.
				case strings.TrimRight(w, " ") == g:
					blanks++ // and takes blanks off the end of texts
				default:
					t.Errorf("%s: %s = %q, the log has %q (%s)", p.name, f.Name, g, w, f.Path)
				}
			}
		}
	}
	t.Logf("%d events, %d fields; %d times with fewer decimals, %d texts without blanks at the end", events, fields, decimals, blanks)
	if events < 100 || blanks > events {
		t.Errorf("%d events, %d texts without blanks at the end", events, blanks)
	}
}

// TestRulesAsOnEVTX matches all rules of SigmaHQ against both.
func TestRulesAsOnEVTX(t *testing.T) {
	m := newMatcher(t)
	matched := 0
	for _, p := range pairs(t) {
		for i := range min(len(p.evtx), len(p.json)) {
			want, got := titles(m, p.evtx[i]), titles(m, p.json[i])
			matched += len(want)
			if !slices.Equal(got, want) {
				t.Errorf("%s: %q match, on the log %q", p.name, got, want)
			}
		}
	}
	if matched < 100 {
		t.Errorf("%d matches are too few", matched)
	}
	t.Log(matched, "matches")
}

func newMatcher(t testing.TB) *sigma.Matcher {
	t.Helper()
	c, err := sigma.Load([]string{corpustest.Path(t, "sigma/rules")}, sigma.LoadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	set, err := sigma.Compile(c)
	if err != nil {
		t.Fatal(err)
	}
	return set.NewMatcher()
}

func titles(m *sigma.Matcher, e *event.Event) []string {
	var out []string
	for _, r := range m.Match(e) {
		out = append(out, r.Title)
	}
	slices.Sort(out)
	return slices.Compact(out)
}
