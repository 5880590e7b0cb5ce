package main

import (
	"math"
	"math/rand/v2"
	"slices"

	"aldebaran/attribution"
)

// an outcome is what the ranking of one incident came to.
type outcome struct {
	known bool
	// rank is that of the true actor, with all who are as likely before it; 0 if it is unknown.
	rank int
	// top is the probability of the first candidate, right whether it is the true actor; a tie for the
	// first place is wrong.
	top   float64
	right bool
	// some is the probability of any known actor.
	some   float64
	enough bool
}

// judge compares a ranking with the truth, "" for an unknown actor.
func judge(r *attribution.Ranking, truth string) outcome {
	o := outcome{known: truth != "", top: r.Candidates[0].Probability, some: 1 - r.Unknown - r.NotEnough, enough: r.Answer != attribution.AnswerNotEnough}
	i := slices.IndexFunc(r.Candidates, func(c attribution.Candidate) bool { return c.ID == truth })
	if i < 0 {
		return o
	}
	for _, c := range r.Candidates {
		if c.Score >= r.Candidates[i].Score {
			o.rank++
		}
	}
	o.right = o.rank == 1
	return o
}

// a share is a proportion with its 95 % interval (Wilson 1927).
type share struct {
	Value float64 `json:"value"`
	Low   float64 `json:"low"`
	High  float64 `json:"high"`
	Hits  int     `json:"hits"`
	Of    int     `json:"of"`
}

func wilson(hits, of int) share {
	s := share{Hits: hits, Of: of}
	if of == 0 {
		s.High = 1
		return s
	}
	const z = 1.959964
	n := float64(of)
	p := float64(hits) / n
	middle, width := p+z*z/(2*n), z*math.Sqrt(p*(1-p)/n+z*z/(4*n*n))
	s.Value = round(p)
	s.Low, s.High = round(max(0, (middle-width)/(1+z*z/n))), round(min(1, (middle+width)/(1+z*z/n)))
	return s
}

// scores are the figures of one test.
type scores struct {
	Known   int `json:"known"`
	Unknown int `json:"unknown"`
	// Top1 to MRR are over the incidents of known actors; ties count against us.
	Top1  share `json:"top1"`
	Top3  share `json:"top3"`
	Top5  share `json:"top5"`
	Top10 share `json:"top10"`
	// MRR is the mean of one over the rank, with the interval of a normal mean.
	MRR mean `json:"mrr"`
	// The rest is over all incidents.
	AUROC *float64 `json:"auroc_known_against_unknown"` // null if there is one kind only
	ECE   float64  `json:"ece"`
	// Perfect is the calibration error of these very probabilities if all of them were true.
	Perfect perfect `json:"ece_if_perfect"`
	Bins    []bin   `json:"reliability"`
	// At50 and At80 are how often who was named with that probability was right.
	At50        share `json:"precision_at_0.5"`
	At80        share `json:"precision_at_0.8"`
	UnknownAt50 share `json:"unknown_named_at_0.5"`
	Enough      share `json:"enough_evidence"`
}

type mean struct {
	Value float64 `json:"value"`
	Low   float64 `json:"low"`
	High  float64 `json:"high"`
}

// a bin is the incidents whose first candidate has a probability from From to To.
type bin struct {
	From  float64 `json:"from"`
	To    float64 `json:"to"`
	Count int     `json:"count"`
	Said  float64 `json:"said"` // the mean probability
	Right float64 `json:"right"`
}

// reliabilityBins is the number of bins of the calibration error, all as wide.
const reliabilityBins = 5

func scoreOf(list []outcome) scores {
	var s scores
	var top [11]int
	var at50, right50, at80, right80, unknown50, enough int
	var reciprocal []float64
	for _, o := range list {
		if o.known {
			s.Known++
			reciprocal = append(reciprocal, 1/float64(o.rank))
			for k := o.rank; k <= 10; k++ {
				top[k]++
			}
		} else {
			s.Unknown++
		}
		if o.top >= .5 {
			at50++
			right50 += count(o.right)
			unknown50 += count(!o.known)
		}
		if o.top >= .8 {
			at80++
			right80 += count(o.right)
		}
		enough += count(o.enough)
	}
	s.Top1, s.Top3 = wilson(top[1], s.Known), wilson(top[3], s.Known)
	s.Top5, s.Top10 = wilson(top[5], s.Known), wilson(top[10], s.Known)
	s.MRR = meanOf(reciprocal)
	s.At50, s.At80 = wilson(right50, at50), wilson(right80, at80)
	s.UnknownAt50, s.Enough = wilson(unknown50, s.Unknown), wilson(enough, len(list))
	s.AUROC = auroc(list)
	s.Bins, s.ECE = reliability(list)
	s.Perfect = perfectOf(list)
	return s
}

func count(b bool) int {
	if b {
		return 1
	}
	return 0
}

func meanOf(list []float64) mean {
	n := float64(len(list))
	if n == 0 {
		return mean{}
	}
	total, squares := 0.0, 0.0
	for _, x := range list {
		total += x
		squares += x * x
	}
	m := total / n
	half := 1.959964 * math.Sqrt(max(0, squares/n-m*m)/n)
	return mean{round(m), round(max(0, m-half)), round(min(1, m+half))}
}

// auroc is how often a known actor's incident has more probability on known actors than an unknown
// one's; nil if one of the two is missing.
func auroc(list []outcome) *float64 {
	wins, pairs := 0.0, 0.0
	for _, a := range list {
		for _, b := range list {
			if !a.known || b.known {
				continue
			}
			pairs++
			if a.some > b.some {
				wins++
			} else if a.some == b.some {
				wins += .5
			}
		}
	}
	if pairs == 0 {
		return nil
	}
	area := round(wins / pairs)
	return &area
}

// reliability holds what was said against what was right. The calibration error is the mean distance
// of the two, weighted by the number of incidents (Naeini, Cooper and Hauskrecht 2015).
func reliability(list []outcome) ([]bin, float64) {
	bins := make([]bin, reliabilityBins)
	for i := range bins {
		bins[i].From, bins[i].To = float64(i)/reliabilityBins, float64(i+1)/reliabilityBins
	}
	for _, o := range list {
		b := &bins[min(int(o.top*reliabilityBins), reliabilityBins-1)]
		b.Count++
		b.Said += o.top
		b.Right += float64(count(o.right))
	}
	ece := 0.0
	for i := range bins {
		b := &bins[i]
		if b.Count == 0 {
			continue
		}
		ece += math.Abs(b.Said-b.Right) / float64(len(list))
		b.Said, b.Right = round(b.Said/float64(b.Count)), round(b.Right/float64(b.Count))
	}
	return bins, round(ece)
}

// a perfect is what chance does to the calibration error of a ranking that says the truth: of few
// incidents it is not near zero.
type perfect struct {
	Mean float64 `json:"mean"`
	High float64 `json:"high"` // one time in twenty it is more than that
}

// perfectDraws is how often chance is tried.
const perfectDraws = 500

func perfectOf(list []outcome) perfect {
	random := rand.New(rand.NewPCG(3, uint64(len(list))))
	drawn := slices.Clone(list)
	chance := make([]float64, perfectDraws)
	for d := range chance {
		for i := range drawn {
			drawn[i].right = random.Float64() < drawn[i].top
		}
		_, chance[d] = reliability(drawn)
	}
	slices.Sort(chance)
	return perfect{Mean: meanOf(chance).Value, High: chance[perfectDraws*95/100]}
}

// round keeps four digits: more would be noise, and differ between machines.
func round(x float64) float64 { return math.Round(x*1e4) / 1e4 }
