package learn

import (
	"maps"
	"slices"
	"strings"

	"aldebaran/story/technique"
)

// Licence is what every model says of itself.
const Licence = "Weights derived from MITRE ATT&CK; no text of it is included. " +
	"© 2025 The MITRE Corporation. This work is reproduced and distributed with the permission of The MITRE Corporation. " +
	"The licence is in attack/NOTICE."

// Model trains a model on a corpus. Source names the corpus in the record. What is about one of the
// objects of ATT&CK in without is left out: an evaluation must not be trained on.
func Model(c *Corpus, source string, without []string, s Settings) (*technique.Draft, error) {
	examples := c.without(without)
	held, err := holdOut(examples, s)
	if err != nil {
		return nil, err
	}
	d := draft(examples, s)
	slices.Sort(without)
	d.Record.Source, d.Record.Modified, d.Record.SHA256 = source, c.Modified, c.SHA256
	d.Record.Without = without
	d.Record.Held, d.Record.Calibration = held, held.calibration
	return d, nil
}

// without leaves out what is about or mentions one of the objects, by link or by name.
func (c *Corpus) without(ids []string) []Example {
	var names []string
	for _, id := range ids {
		names = append(names, c.names[id]...)
	}
	var left []Example
	for _, e := range c.Examples {
		about := slices.ContainsFunc(e.About, func(id string) bool { return slices.Contains(ids, id) })
		if !about && !slices.ContainsFunc(names, func(n string) bool { return mentions(e.Text, n) }) {
			left = append(left, e)
		}
	}
	return left
}

// mentions says that a text has a name as a word, as it is spelt.
func mentions(text, name string) bool {
	for from := 0; name != ""; {
		i := strings.Index(text[from:], name)
		if i < 0 {
			break
		}
		i += from
		from = i + 1
		if !letterAt(text, i-1) && !letterAt(text, i+len(name)) {
			return true
		}
	}
	return false
}

func letterAt(text string, i int) bool {
	return i >= 0 && i < len(text) && (text[i]|0x20 >= 'a' && text[i]|0x20 <= 'z' || text[i] >= '0' && text[i] <= '9')
}

// draft trains on all examples and makes a draft of the weights.
func draft(examples []Example, s Settings) *technique.Draft {
	d := &technique.Draft{Scale: float32(s.Step)}
	d.Record = technique.Record{Format: 1, Licence: Licence, Examples: map[string]int{}, Settings: s}
	var texts [][]technique.Term
	var used []Example
	labels := map[string]int32{}
	for _, e := range examples {
		if s.Kinds[e.Kind] > 0 {
			used = append(used, e)
			texts = append(texts, technique.Terms(e.Text))
			d.Record.Examples[string(e.Kind)]++
			labels[e.Label] = 0
		}
	}
	d.Labels = slices.Sorted(maps.Keys(labels))
	for i, l := range d.Labels {
		labels[l] = int32(i)
	}
	space := newSpace(texts, s.LeastTexts)
	x, class, weight := make([]vector, len(used)), make([]int32, len(used)), make([]float32, len(used))
	for i, e := range used {
		x[i], weight[i], class[i] = space.vector(texts[i]), float32(s.Kinds[e.Kind]), labels[e.Label]
	}
	r := train(x, class, weight, len(space.ids), len(d.Labels), s)
	d.Bias = r.bias
	prune(d, r, space, s.Step, s.Least)
	return d
}
