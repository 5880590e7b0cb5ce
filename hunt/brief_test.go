package hunt

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"aldebaran/brief"
	"aldebaran/evidence"
	"aldebaran/plan"
	"aldebaran/verdict"
)

func TestBrief(t *testing.T) {
	r := &Result{
		Summary: Summary{Files: 2, Events: 7, Hosts: []string{"MAIL01"}, Unreadable: 1, LostRecords: 3},
		Rules:   RuleReport{Active: 5, Behaviours: 4, Indicators: 3},
		Skipped: []evidence.Skip{{Path: "a.evtx", Reason: "no event log", Missing: true}, {Path: "readme.txt", Reason: "unknown format"}},
		Sources: []Source{{Path: "b.evtx", Damage: []Damage{{Offset: 4096, What: "record", Want: "2a2a0000", Found: "00000000"}}, DamageCount: 3}},
	}
	if _, asked := r.Brief(); asked {
		t.Error("want no brief where nothing was asked")
	}
	r.Plan, r.Answer = &plan.Plan{}, &verdict.Report{}
	got, asked := r.Brief()
	if !asked {
		t.Fatal("want a brief")
	}
	want := brief.Figures{Files: 2, Events: 7, Rules: 5, Behaviours: 4, Indicators: 3, Hosts: []string{"MAIL01"}, Unreadable: 1, LostRecords: 3}
	if diff := cmp.Diff(want, got.Figures); diff != "" {
		t.Errorf("figures (-want +got)\n%s", diff)
	}
	damage := []brief.Damage{
		{Path: "a.evtx", What: "no event log"}, {Path: "b.evtx", What: "offset 4096: record: want 2a2a0000, found 00000000"}, {Path: "b.evtx", What: "2 more damaged places"},
	}
	if diff := cmp.Diff(damage, got.Damage); diff != "" {
		t.Errorf("damage (-want +got)\n%s", diff)
	}
}
