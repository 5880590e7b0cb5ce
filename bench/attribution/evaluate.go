package main

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"aldebaran/attribution"
)

// a report is what the program prints.
type report struct {
	Pairs []pairReport `json:"pairs"`
	// All are the pairs together, Later all but the first, for which nothing could be fitted.
	All   *scores `json:"all,omitempty"`
	Later *scores `json:"later,omitempty"`
	// LeaveOneSourceOut is over the relations of a version, if they were given.
	LeaveOneSourceOut *leaveOneOut `json:"leave_one_source_out,omitempty"`
}

type pairReport struct {
	From       string                 `json:"from"`
	To         string                 `json:"to"`
	Candidates int                    `json:"candidates"`
	Fitted     attribution.Parameters `json:"fitted"`
	scores
	// Aged is the same with the incidents of all later pairs as well; missing if there are none.
	Aged *scores `json:"with_all_later_incidents,omitempty"`
	// Partial are the scores with part of the evidence, Random the share of random technique sets, as
	// large as those of the incidents, that are answered with "not enough evidence".
	Partial []partial `json:"partial"`
	Random  share     `json:"random_sets_not_enough"`
}

// a partial is a test with evidence left out or made up.
type partial struct {
	Kept  float64 `json:"techniques_kept"`
	False int     `json:"techniques_added"`
	Top1  share   `json:"top1"`
	MRR   mean    `json:"mrr"`
	ECE   float64 `json:"ece"`
	At50  share   `json:"precision_at_0.5"`
}

type leaveOneOut struct {
	Queries int                    `json:"queries"`
	Fitted  attribution.Parameters `json:"fitted"`
	Top1    share                  `json:"top1"`
	Top3    share                  `json:"top3"`
	Top5    share                  `json:"top5"`
	Top10   share                  `json:"top10"`
	MRR     mean                   `json:"mrr"`
}

// evaluate tests the pairs in the order of time, each with parameters that were fitted on earlier ones.
func evaluate(s *splits) (*report, error) {
	r := &report{Pairs: []pairReport{}}
	var all, later []outcome
	for i := range s.pairs {
		p := &s.pairs[i]
		if len(p.profiles) == 0 || len(p.cases) == 0 {
			return nil, fmt.Errorf("pair %s-%s: want profiles and incidents, found %d and %d", p.from, p.to, len(p.profiles), len(p.cases))
		}
		parameters, err := fittedBefore(s.pairs, p.from)
		if err != nil {
			return nil, err
		}
		m := attribution.New(p.profiles, parameters)
		outcomes := rankAll(m, p.cases, unchanged)
		r.Pairs = append(r.Pairs, pairReport{
			From: p.from, To: p.to, Candidates: len(p.profiles), Fitted: parameters,
			scores: scoreOf(outcomes), Aged: aged(m, s.pairs[i:]), Partial: p.partials(m), Random: p.random(m),
		})
		all = append(all, outcomes...)
		if i > 0 {
			later = append(later, outcomes...)
		}
	}
	if len(all) > 0 {
		s := scoreOf(all)
		r.All = &s
	}
	if len(later) > 0 {
		s := scoreOf(later)
		r.Later = &s
	}
	if len(s.relations) > 0 {
		l, err := leaveOneSourceOut(s)
		if err != nil {
			return nil, err
		}
		r.LeaveOneSourceOut = l
	}
	return r, nil
}

// fittedBefore gives parameters for profiles of a version: fitted on the given pairs whose incidents
// are not later, or those that the program has, if these know more of the time before.
func fittedBefore(pairs []pair, version string) (attribution.Parameters, error) {
	var earlier []pair
	for i := range pairs {
		if compareVersions(pairs[i].to, version) <= 0 {
			earlier = append(earlier, pairs[i])
		}
	}
	t := training(earlier)
	shipped := attribution.Prior()
	for _, f := range attribution.Fitted() {
		if compareVersions(f.Record.Through, version) <= 0 {
			shipped = f
		}
	}
	if shipped.Record.Known+shipped.Record.Unknown > t.Size() {
		return shipped, nil
	}
	return t.Fit()
}

// aged tests the profiles of the first pair with the incidents of all; nil if it is the only one.
func aged(m *attribution.Model, pairs []pair) *scores {
	if len(pairs) < 2 {
		return nil
	}
	var list []outcome
	for i := range pairs {
		list = append(list, rankAll(m, pairs[0].against(&pairs[i]), unchanged)...)
	}
	s := scoreOf(list)
	return &s
}

func unchanged(in attribution.Incident) attribution.Incident { return in }

// rankAll ranks all incidents, each after change.
func rankAll(m *attribution.Model, cases []attribution.Case, change func(attribution.Incident) attribution.Incident) []outcome {
	var list []outcome
	for i := range cases {
		in := change(cases[i].Incident)
		list = append(list, judge(m.Rank(&in), cases[i].Actor))
	}
	return list
}

// What is tried with part of the evidence.
var partialTests = []partial{{Kept: .5}, {Kept: .25}, {Kept: 1, False: 5}, {Kept: .5, False: 5}}

// rounds is how often each of them is repeated: what is left out is drawn at random.
const rounds = 5

// partials tests with techniques dropped and made up. Software stays.
func (p *pair) partials(m *attribution.Model) []partial {
	vocabulary := p.techniques()
	var out []partial
	for _, test := range partialTests {
		random := rand.New(rand.NewPCG(1, uint64(test.Kept*100)))
		var list []outcome
		for range rounds {
			list = append(list, rankAll(m, p.cases, func(in attribution.Incident) attribution.Incident {
				var kept []attribution.Observation
				for _, o := range in.Techniques {
					if test.Kept == 1 || random.Float64() < test.Kept {
						kept = append(kept, o)
					}
				}
				for range test.False {
					kept = append(kept, attribution.Observation{ID: vocabulary[random.IntN(len(vocabulary))], Strength: 1})
				}
				in.Techniques = kept
				return in
			})...)
		}
		s := scoreOf(list)
		test.Top1, test.MRR, test.ECE, test.At50 = s.Top1, s.MRR, s.ECE, s.At50
		out = append(out, test)
	}
	return out
}

// techniques are all of the profiles, each once, sorted.
func (p *pair) techniques() []string {
	var all []string
	for i := range p.profiles {
		for _, u := range p.profiles[i].Uses {
			if attribution.IsTechnique(u.Target) {
				all = append(all, u.Target)
			}
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// random draws a technique set as large as that of each incident, twice for each: once from all
// techniques alike, once as often as actors use them.
func (p *pair) random(m *attribution.Model) share {
	alike := p.techniques()
	var often []string
	for i := range p.profiles {
		for _, u := range p.profiles[i].Uses {
			if attribution.IsTechnique(u.Target) {
				often = append(often, u.Target)
			}
		}
	}
	slices.SortFunc(often, strings.Compare)
	random := rand.New(rand.NewPCG(2, 0))
	refused, of := 0, 0
	for i := range p.cases {
		for _, from := range [][]string{alike, often, alike, often} {
			taken := map[string]bool{}
			var set []string
			for len(set) < min(len(p.cases[i].Incident.Techniques), len(alike)/2) {
				id := from[random.IntN(len(from))]
				if !taken[id] {
					taken[id] = true
					set = append(set, id)
				}
			}
			in := incident(set, nil)
			refused += count(m.Rank(&in).Answer == attribution.AnswerNotEnough)
			of++
		}
	}
	return wilson(refused, of)
}
