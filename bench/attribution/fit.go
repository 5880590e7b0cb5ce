package main

import (
	"io"

	"aldebaran/attribution"
)

// printFitted prints what can be known before each pair: fitted on the first pair, on the first two,
// and so on.
func printFitted(s *splits, out io.Writer) error {
	list := []attribution.Parameters{}
	var t attribution.Training
	for i := range s.pairs {
		p := &s.pairs[i]
		t.Add(attribution.New(p.profiles, attribution.Prior()), p.from, p.to, p.cases)
		f, err := t.Fit()
		if err != nil {
			return err
		}
		list = append(list, f)
	}
	return printJSON(out, list)
}
