package main

import (
	"io"
	"slices"

	"aldebaran/attribution"
)

// printFitted prints what can be known before each pair: fitted on the first pair, on the first two,
// and so on.
func printFitted(s *splits, out io.Writer) error {
	list := []attribution.Parameters{}
	for i := range s.pairs {
		t := training(s.pairs[:i+1])
		f, err := t.Fit()
		if err != nil {
			return err
		}
		list = append(list, f)
	}
	return printJSON(out, list)
}

// training puts the incidents of each pair to the profiles of every version before them: who uses a
// profile has an old one as often as a new one. An incident counts once in all.
func training(pairs []pair) *attribution.Training {
	t := &attribution.Training{}
	for v := range pairs {
		m := attribution.New(pairs[v].profiles, attribution.Prior())
		for i := v; i < len(pairs); i++ {
			cases := slices.Clone(pairs[v].against(&pairs[i]))
			for k := range cases {
				cases[k].Weight = 1 / float64(i+1)
			}
			t.Add(m, pairs[v].from, pairs[i].to, cases)
		}
	}
	return t
}
