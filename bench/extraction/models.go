package main

import (
	"fmt"

	"aldebaran/attack"
	"aldebaran/story/technique"
	"aldebaran/story/technique/learn"
)

// models are the model in the program, and those that can be trained.
type models struct {
	embedded *technique.Model
	corpora  map[string]*learn.Corpus // by domain: "enterprise", "mobile"
}

func loadModels(bundles []string) (*models, error) {
	m := &models{corpora: map[string]*learn.Corpus{}}
	var err error
	if m.embedded, err = technique.Load(); err != nil {
		return nil, err
	}
	for _, file := range bundles {
		c, err := readCorpus(file)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		m.corpora[domain(c)] = c
	}
	return m, nil
}

func readCorpus(file string) (*learn.Corpus, error) {
	f, err := attack.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return learn.Read(f)
}

// domain tells the domains of ATT&CK by where their techniques' numbers lie: T04xx (and T15xx,
// T16xx) is Mobile, which has T1404; Enterprise has T1003.
func domain(c *learn.Corpus) string {
	for _, e := range c.Examples {
		switch e.Label {
		case "T1404":
			return "mobile"
		case "T1003":
			return "enterprise"
		}
	}
	return "other"
}

// train makes a model of a domain that knows nothing of some objects of ATT&CK; nil if there is no
// bundle of the domain.
func (m *models) train(domain string, without []string) (*technique.Model, error) {
	c := m.corpora[domain]
	if c == nil {
		return nil, nil
	}
	d, err := learn.Model(c, "ATT&CK "+domain, without, learn.Default())
	if err != nil {
		return nil, err
	}
	file, err := d.Append(nil)
	if err != nil {
		return nil, err
	}
	return technique.Parse(file)
}
