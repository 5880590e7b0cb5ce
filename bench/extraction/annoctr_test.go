package main

import (
	"slices"
	"testing"

	"aldebaran/corpustest"
	"aldebaran/story"
)

func TestAnnoSpans(t *testing.T) {
	const text = "APT-C-36 and  LimeRAT in Colombia."
	bio := "<DOCSTART>\tO\tO\tO\tO\tO\tO\n\nAPT-C\tO\tO\tO\tB-GROUP\tO\tB-GROUP\n-\tO\tO\tO\tI-GROUP\tO\tI-GROUP\n36\tO\tO\tO\tI-GROUP\tO\tI-GROUP\n" +
		"and\tO\tO\tO\tO\tO\tO\nLimeRAT\tO\tO\tO\tB-MALWARE\tO\tB-MALWARE\nin\tO\tO\tO\tO\tO\tO\nColombia\tB-LOC\tO\tO\tO\tO\tB-LOC\n"
	got, err := annoSpans(text, []byte(bio))
	if err != nil {
		t.Fatal(err)
	}
	want := []labelled{{"GROUP", story.Span{Start: 0, End: 8}}, {"MALWARE", story.Span{Start: 14, End: 21}}, {"LOC", story.Span{Start: 25, End: 33}}}
	if !slices.Equal(got, want) {
		t.Errorf("annoSpans = %v, want %v", got, want)
	}
	if _, err := annoSpans("something else", []byte(bio)); err == nil {
		t.Error("annotations of another text are taken")
	}
}

// The goals that were set for names, on the developers' half.
func TestNameGoals(t *testing.T) {
	result, err := annoCTR(corpustest.Path(t, "reports/annoctr"), nil)
	if err != nil {
		t.Fatal(err)
	}
	classes := result.(annoResult).Classes
	for class, goal := range map[string]float64{"MALWARE": 0.80, "GROUP": 0.70, "LOC": 0.80, "SECTOR": 0.50} {
		if got := classes[class].F1; got < goal {
			t.Errorf("%s: F1 %.3f, want at least %.2f", class, got, goal)
		}
	}
}

func TestIndicatorGoals(t *testing.T) {
	result, err := indicators(corpustest.Path(t, "intel/ioc"), nil)
	if err != nil {
		t.Fatal(err)
	}
	s := result.(indicatorScore)
	if s.Hashes.Recall < 0.99 || s.Hashes.Precision < 0.99 || s.Network.Recall < 0.99 {
		t.Errorf("%+v, want recall and precision of at least 0.99", s)
	}
}
