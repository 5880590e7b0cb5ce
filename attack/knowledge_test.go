package attack

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"aldebaran/corpustest"
)

// fromCorpus reads one of the corpus' bundles.
func fromCorpus(t *testing.T, name string) *Knowledge {
	t.Helper()
	f, err := Open(corpustest.Path(t, "intel/attack/"+name))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	k, err := Read(f)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return k
}

func live[T any](all []T, object func(*T) *Object) int {
	n := 0
	for i := range all {
		if object(&all[i]).Live() {
			n++
		}
	}
	return n
}

func TestCountsOfTheCorpus(t *testing.T) {
	for _, version := range []string{"14.1", "18.1"} {
		t.Run(version, func(t *testing.T) {
			k := fromCorpus(t, "enterprise-attack-"+version+".stix20.json.zst")
			text := corpustest.Read(t, "intel/attack/enterprise-attack-"+version+".counts.json")
			var want struct {
				Type       map[string]int `json:"by_type"`
				Techniques int            `json:"techniques_live"`
				Groups     int            `json:"groups_live"`
				Malware    int            `json:"malware_live"`
				Tools      int            `json:"tools_live"`
				Campaigns  int            `json:"campaigns_live"`
			}
			if err := json.Unmarshal(text, &want); err != nil {
				t.Fatal(err)
			}
			liveSoftware := map[string]int{}
			for i := range k.Software {
				if s := &k.Software[i]; s.Live() {
					liveSoftware[s.Type]++
				}
			}
			got := map[string]int{
				"attack-pattern": len(k.Techniques), "intrusion-set": len(k.Groups), "campaign": len(k.Campaigns),
				"malware+tool": len(k.Software), "course-of-action": len(k.Mitigations),
				"live techniques": live(k.Techniques, func(x *Technique) *Object { return &x.Object }),
				"live groups":     live(k.Groups, func(x *Group) *Object { return &x.Object }),
				"live campaigns":  live(k.Campaigns, func(x *Campaign) *Object { return &x.Object }),
				"live malware":    liveSoftware[Malware], "live tools": liveSoftware[Tool],
			}
			wanted := map[string]int{
				"attack-pattern": want.Type["attack-pattern"], "intrusion-set": want.Type["intrusion-set"], "campaign": want.Type["campaign"],
				"malware+tool": want.Type["malware"] + want.Type["tool"], "course-of-action": want.Type["course-of-action"],
				"live techniques": want.Techniques, "live groups": want.Groups, "live campaigns": want.Campaigns,
				"live malware": want.Malware, "live tools": want.Tools,
			}
			if diff := cmp.Diff(wanted, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			consistent(t, k)
		})
	}
}

func TestICSLoads(t *testing.T) {
	k := fromCorpus(t, "ics-attack-18.1.stix21.json.zst")
	if k.Domain != "ics-attack" || k.Version != "18.1" {
		t.Errorf("domain %q, version %q; want ics-attack, 18.1", k.Domain, k.Version)
	}
	if k.TechniqueByID("T0855") == nil || len(k.UsesOf("G0034")) == 0 {
		t.Error("T0855 or what G0034 uses is not there")
	}
	consistent(t, k)
}

// consistent checks what holds for any version: every name resolves, every relation has two ends,
// everything is found by its identifier, what is revoked has a successor.
func consistent(t *testing.T, k *Knowledge) {
	t.Helper()
	resolves := func(name, id string) {
		if !slices.ContainsFunc(k.Named(strings.ToUpper(name)), func(n Named) bool { return n.ID == id }) {
			t.Errorf("Named(%q) does not have %s", strings.ToUpper(name), id)
		}
	}
	for i := range k.Techniques {
		x := &k.Techniques[i]
		if x.Live() {
			resolves(x.Name, x.ID)
		}
		if got := k.TechniqueByID(x.ID); got == nil || got.ID != x.ID {
			t.Errorf("TechniqueByID(%s) = %v", x.ID, got)
		}
		if now, ok := k.Current(x.ID); ok == x.Deprecated && !x.Revoked || ok && !k.TechniqueByID(now).Live() {
			t.Errorf("Current(%s) = %s, %v", x.ID, now, ok)
		}
		if x.Parent != "" && k.TechniqueByID(x.Parent) == nil {
			t.Errorf("%s: parent %s is not known", x.ID, x.Parent)
		}
	}
	for i := range k.Groups {
		if g := &k.Groups[i]; g.Live() {
			for _, a := range append([]string{g.Name}, g.Aliases...) {
				resolves(a, g.ID)
			}
		}
	}
	for i := range k.Software {
		if s := &k.Software[i]; s.Live() {
			for _, a := range append([]string{s.Name}, s.Aliases...) {
				resolves(a, s.ID)
			}
		}
	}
	for i := range k.Uses {
		u := &k.Uses[i]
		if k.object(u.Source) == nil || k.object(u.Target) == nil {
			t.Errorf("use %d: %s -> %s: an end is not known", i, u.Source, u.Target)
		}
	}
	if n := len(k.UsersOf(k.Uses[0].Target)); n == 0 {
		t.Errorf("UsersOf(%s): none", k.Uses[0].Target)
	}
}

func TestEmbedded(t *testing.T) {
	k := Load()
	if k.Domain != "enterprise-attack" || k.Version != "18.1" {
		t.Errorf("domain %q, version %q; want enterprise-attack, 18.1", k.Domain, k.Version)
	}
	consistent(t, k)

	apt28 := k.GroupByID("G0007")
	if apt28.Name != "APT28" || !slices.Contains(apt28.Aliases, "Fancy Bear") || !slices.Equal(apt28.Origin, []string{"RU"}) {
		t.Errorf("G0007 = %+v", apt28)
	}
	if n := k.CampaignByID("C0022"); !slices.Equal(n.Groups, []string{"G0032"}) || !n.First.Equal(time.Date(2019, 9, 1, 0, 0, 0, 0, time.UTC)) {
		t.Errorf("C0022 = %+v", n)
	}
	webShell := k.TechniqueByID("T1505.003")
	if webShell.Parent != "T1505" || !slices.Equal(webShell.Tactics, []string{"persistence"}) {
		t.Errorf("T1505.003 = %+v", webShell)
	}
	sees := func(l LogSource) bool { return l.Component == "Process Creation" && l.Log != "" }
	if !slices.ContainsFunc(webShell.LogSources, sees) {
		t.Errorf("T1505.003 has no log of process creation: %v", webShell.LogSources)
	}
	uses := k.UsesOf("S0569")
	i := slices.IndexFunc(uses, func(u Use) bool { return u.Target == "T1016" })
	if i < 0 || !slices.Contains(uses[i].Cites, "CheckPoint Volatile Cedar March 2015") {
		t.Errorf("S0569 uses %v; want T1016, cited by CheckPoint", uses)
	}
	if m := k.MitigationsOf("T1505.003"); len(m) == 0 || m[0].ID[0] != 'M' {
		t.Errorf("MitigationsOf(T1505.003) = %v", m)
	}
}

// The table in the repository is what derive makes of the corpus' bundle.
func TestTableIsDerived(t *testing.T) {
	k := fromCorpus(t, "enterprise-attack-18.1.stix20.json.zst")
	k.Version = "18.1"
	if diff := cmp.Diff(k, Load(), cmp.AllowUnexported(Knowledge{}), cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("attack/derive has to run again (-bundle +table):\n%.2000s", diff)
	}
	var first, second bytes.Buffer
	if err := WriteTable(&first, k); err != nil {
		t.Fatal(err)
	}
	if err := WriteTable(&second, Load()); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(first.Bytes(), second.Bytes()) {
		t.Error("the same knowledge was written as different bytes")
	}
}

// A table that somebody made up may have days that no bundle can give.
func TestTableWithLateDay(t *testing.T) {
	k, err := Read(strings.NewReader(small))
	if err != nil {
		t.Fatal(err)
	}
	if len(k.Uses) == 0 {
		t.Fatal("the small bundle has no relation")
	}
	k.Uses[0].Created = lastDay
	if _, err := parse(layOut(k)); err != nil {
		t.Errorf("the last day: %v", err)
	}
	k.Uses[0].Created = lastDay.AddDate(0, 0, 1)
	if _, err := parse(layOut(k)); !errors.Is(err, errDay) {
		t.Errorf("a day later: want %v, found %v", errDay, err)
	}
}

func TestNamed(t *testing.T) {
	k := Load()
	for _, c := range []struct {
		name string
		want []Named
	}{
		{"fancy bear", []Named{{"G0007", KindGroup, true}}},
		{"PowerShell", []Named{{"T1059.001", KindTechnique, false}}},
		// Two techniques have the name, before and during an intrusion.
		{"Domains", []Named{{"T1583.001", KindTechnique, false}, {"T1584.001", KindTechnique, false}}},
		{"no such name", nil},
	} {
		if diff := cmp.Diff(c.want, k.Named(c.name)); diff != "" {
			t.Errorf("Named(%q) (-want +got):\n%s", c.name, diff)
		}
	}
}

func TestCurrent(t *testing.T) {
	k := Load()
	for _, c := range []struct {
		id, want string
		ok       bool
	}{
		{"T1059.001", "T1059.001", true},
		{"t1059.001", "T1059.001", true},
		{"T1086", "T1059.001", true},     // revoked in 2020
		{"T1574.002", "T1574.001", true}, // revoked in v17
		{"T1685", "T1562.001", true},     // v19
		{"T1685.005", "T1070.001", true},
		{"T1043", "", false}, // deprecated, nothing replaced it
		{"T9999", "", false},
		{"", "", false},
	} {
		if got, ok := k.Current(c.id); got != c.want || ok != c.ok {
			t.Errorf("Current(%q) = %q, %v; want %q, %v", c.id, got, ok, c.want, c.ok)
		}
	}
	for _, r := range Renumbered() {
		if k.TechniqueByID(r.Before) == nil || k.TechniqueByID(r.After) != nil {
			t.Errorf("%v: v18.1 must know the first and not the second", r)
		}
	}
}

func TestDescribe(t *testing.T) {
	for _, c := range []struct {
		name, text                          string
		origin, countries, regions, sectors string
	}{
		{"origin as an adjective", "[X](https://attack.mitre.org/groups/G1) is an Iranian threat group that has targeted banks in Israel.(Citation: A, China)",
			"IR", "IL", "", "finance"},
		{"origin by attribution", "X is a group. It has been attributed to Russia's General Staff. It targets the U.S. and Europe.", "RU", "US", "Europe", ""},
		{"someone else's country", "X is a group active since 2019. In 2020, the US indicted six officers.", "", "", "", ""},
		{"a language", "X is a Russian-speaking group that targets telecoms in Southeast Asia.", "", "", "Southeast Asia", "telecommunications"},
		{"the longest phrase", "X is a People's Republic of China-linked group focused on South Korean ministries of foreign affairs.", "CN", "KR", "", "diplomacy"},
		{"nothing", "", "", "", "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			origin, countries, regions, sectors := describe(c.text)
			got := []string{strings.Join(origin, " "), strings.Join(countries, " "), strings.Join(regions, ","), strings.Join(sectors, " ")}
			if diff := cmp.Diff([]string{c.origin, c.countries, c.regions, c.sectors}, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestReadRejects(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"no JSON", "hello", "invalid character"},
		{"a list", "[]", "want a STIX bundle"},
		{"no objects", `{"type":"bundle"}`, "with objects, found none"},
		{"objects are no list", `{"objects":{}}`, "objects: want a list"},
		{"nothing of ATT&CK", `{"objects":[{"type":"malware","id":"malware--1"}]}`, "found none"},
		{"cut off", `{"objects":[{"type":"malware"`, "object 0, before byte"},
	} {
		_, err := Read(strings.NewReader(c.text))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: Read = %v, want %q", c.name, err, c.want)
		}
	}
}

const small = `{"type":"bundle","objects":[
{"type":"attack-pattern","id":"attack-pattern--1","name":"PowerShell","created":"2020-01-01T00:00:00Z","external_references":[{"source_name":"mitre-attack","external_id":"T1059.001"}]},
{"type":"intrusion-set","id":"intrusion-set--1","name":"X","aliases":["X","Y"],"external_references":[{"source_name":"mitre-attack","external_id":"G1"}]},
{"type":"relationship","relationship_type":"uses","source_ref":"intrusion-set--1","target_ref":"attack-pattern--1","external_references":[{"source_name":"Report"}]}]}`

func FuzzRead(f *testing.F) {
	f.Add([]byte(small))
	f.Fuzz(func(t *testing.T, text []byte) {
		k, err := Read(bytes.NewReader(text))
		if err != nil {
			return
		}
		again, err := parse(layOut(k))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(k, again, cmp.AllowUnexported(Knowledge{}), cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("what was read again is different (-want +got):\n%s", diff)
		}
	})
}

func FuzzParse(f *testing.F) {
	k, err := Read(strings.NewReader(small))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(layOut(k))
	f.Fuzz(func(t *testing.T, table []byte) {
		k, err := parse(table)
		if err != nil {
			return
		}
		// Whatever was taken for a table must survive being written.
		again, err := parse(layOut(k))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(k, again, cmp.AllowUnexported(Knowledge{}), cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}

func BenchmarkLoad(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := unpack(embedded); err != nil {
			b.Fatal(err)
		}
	}
}

func ExampleLoad() {
	k := Load()
	for _, n := range k.Named("Fancy Bear") {
		g := k.GroupByID(n.ID)
		fmt.Println(g.ID, g.Name, g.Origin)
	}
	now, _ := k.Current("T1086")
	fmt.Println(now, k.TechniqueByID(now).Name)
	// Output:
	// G0007 APT28 [RU]
	// T1059.001 PowerShell
}
