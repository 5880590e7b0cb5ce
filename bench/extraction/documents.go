package main

import (
	"strings"

	"aldebaran/story/technique"
)

// A document is a report, what is said to be in it, and what a model made of it.
type document struct {
	want   map[string]bool
	scores []technique.Scored
}

// A documentScore is the mean of the documents' F1, each of the set of techniques above a threshold.
type documentScore struct {
	Documents int `json:"documents"`
	// Fixed is at the threshold that the program uses; LeaveOneOut is with a threshold for each
	// document that is best for all others; Best is at the one that is best for all.
	Fixed       float64 `json:"mean_f1_fixed"`
	LeaveOneOut float64 `json:"mean_f1_leave_one_out"`
	Best        float64 `json:"mean_f1_best"`
	BestAt      float64 `json:"best_threshold"`
	Micro       float64 `json:"micro_f1_fixed"`
	Precision   float64 `json:"micro_precision_fixed"`
	Recall      float64 `json:"micro_recall_fixed"`
}

// thresholds are 0.01, 0.02, ... 0.99.
const thresholds = 99

func scoreDocuments(documents []document) documentScore {
	s := documentScore{Documents: len(documents)}
	if len(documents) == 0 {
		return s
	}
	var sum [thresholds]float64
	each := make([][thresholds]float64, len(documents))
	for d := range documents {
		for t := range thresholds {
			each[d][t] = documents[d].f1(threshold(t))
			sum[t] += each[d][t]
		}
	}
	best := highest(sum)
	for d := range documents {
		others := sum
		for t := range others {
			others[t] -= each[d][t]
		}
		s.LeaveOneOut += each[d][highest(others)]
		s.Fixed += documents[d].f1(technique.Described)
	}
	n := float64(len(documents))
	s.Best, s.BestAt = sum[best]/n, threshold(best)
	s.LeaveOneOut /= n
	s.Fixed /= n
	s.micro(documents)
	return s
}

func threshold(t int) float64 { return float64(t+1) / (thresholds + 1) }

// highest is the index of the largest sum, the middle one of those that are equally large.
func highest(sum [thresholds]float64) int {
	const equal = 1e-9
	first, last := 0, 0
	for t, v := range sum {
		switch {
		case v > sum[first]+equal:
			first, last = t, t
		case v > sum[first]-equal:
			last = t
		}
	}
	return (first + last) / 2
}

func (d *document) hits(threshold float64) (found, right int) {
	for _, s := range d.scores {
		if s.Score >= threshold {
			found++
			if d.want[s.ID] {
				right++
			}
		}
	}
	return found, right
}

func (d *document) f1(threshold float64) float64 {
	found, right := d.hits(threshold)
	return f1(found, right, len(d.want))
}

func f1(found, right, wanted int) float64 {
	if right == 0 {
		return 0
	}
	return 2 * float64(right) / float64(found+wanted)
}

func (s *documentScore) micro(documents []document) {
	found, right, wanted := 0, 0, 0
	for i := range documents {
		f, r := documents[i].hits(technique.Described)
		found, right, wanted = found+f, right+r, wanted+len(documents[i].want)
	}
	s.Micro = f1(found, right, wanted)
	s.Precision = float64(right) / float64(max(found, 1))
	s.Recall = float64(right) / float64(max(wanted, 1))
}

// only keeps what is in a set.
func only(scored []technique.Scored, in map[string]bool) []technique.Scored {
	var kept []technique.Scored
	for _, s := range scored {
		if in[s.ID] {
			kept = append(kept, s)
		}
	}
	return kept
}

// sentences cuts a report at the ends of lines and of sentences; what is shorter than shortest
// says nothing.
func sentences(text string) []string {
	const shortest = 8 // bytes
	var all []string
	add := func(s string) {
		if s = strings.TrimSpace(s); len(s) >= shortest {
			all = append(all, s)
		}
	}
	from := 0
	for i := range len(text) {
		end := text[i] == '\n'
		if !end && strings.IndexByte(".!?", text[i]) >= 0 {
			rest := strings.TrimLeft(text[i+1:min(i+3, len(text))], `"')]`)
			end = rest == "" || rest[0] == ' '
		}
		if end {
			add(text[from : i+1])
			from = i + 1
		}
	}
	add(text[from:])
	return all
}
