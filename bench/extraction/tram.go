package main

import (
	"archive/tar"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"

	"github.com/klauspost/compress/zstd"

	"aldebaran/attack"
	"aldebaran/story/technique"
)

// A sentenceScore is how often the right technique is the first of a model's, for sentences that are
// annotated with one technique each.
type sentenceScore struct {
	Sentences int `json:"sentences"`
	Labels    int `json:"labels"`
	// Top1 and Top3 count labels of the set only, as the annotators did: what speaks for a
	// sub-technique that is not in the set speaks for its parent.
	Top1 float64 `json:"top1"`
	Top3 float64 `json:"top3"`
	// Open is Top1 with all techniques that the model knows.
	Open float64 `json:"top1_all_labels"`
}

// tramSentences measures on TRAM's single_label.json
// (https://github.com/center-for-threat-informed-defense/tram), with a model that was trained on
// ATT&CK alone.
func tramSentences(folder string, m *models) (any, error) {
	examples, in, err := tramExamples(folder)
	if err != nil {
		return nil, err
	}
	s := sentenceScore{Sentences: len(examples), Labels: len(in)}
	for _, e := range examples {
		scored := m.embedded.Sentence(e.Text)
		if first := technique.Specific(scored); len(first) > 0 && first[0].ID == e.Label {
			s.Open++
		}
		for i, t := range only(scored, in) {
			if t.ID == e.Label {
				if i == 0 {
					s.Top1++
				}
				if i < 3 {
					s.Top3++
				}
				break
			}
		}
	}
	n := float64(max(len(examples), 1))
	s.Top1, s.Top3, s.Open = s.Top1/n, s.Top3/n, s.Open/n
	return s, nil
}

type tramExample struct {
	Text  string `json:"text"`
	Label string `json:"label"`
}

// tramExamples are the sentences, with labels that are revoked since replaced by their successors; and
// which labels there are.
func tramExamples(folder string) (all []tramExample, labels map[string]bool, err error) {
	file := filepath.Join(folder, "single_label.json")
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, nil, err
	}
	if err := json.Unmarshal(text, &all); err != nil {
		return nil, nil, fmt.Errorf("%s: %w", file, err)
	}
	labels = map[string]bool{}
	for i := range all {
		all[i].Label = current(all[i].Label)
		labels[all[i].Label] = true
	}
	return all, labels, nil
}

// current maps T1574.002 to T1574.001, and what else was revoked.
func current(id string) string {
	if now, ok := attack.Load().Current(id); ok {
		return now
	}
	return id
}

// A tramScore is documentScore for the labels of single_label.json, and for all that is annotated.
type tramScore struct {
	Labels documentScore `json:"labels_of_sentences"`
	All    documentScore `json:"all_labels"`
}

// tramDocuments measures on TRAM's annotated reports: a report's techniques are those of its
// annotations, and the model sees each sentence of the report, annotated or not.
func tramDocuments(folder string, m *models) (any, error) {
	_, in, err := tramExamples(folder)
	if err != nil {
		return nil, err
	}
	var some, all []document
	err = tramReports(folder, func(text string, labels map[string]bool) {
		if len(labels) == 0 {
			return
		}
		scored := m.embedded.Document(sentences(text))
		all = append(all, document{labels, technique.Specific(scored)})
		few := map[string]bool{}
		for id := range labels {
			if in[id] {
				few[id] = true
			}
		}
		if len(few) > 0 {
			some = append(some, document{few, only(scored, in)})
		}
	})
	return tramScore{scoreDocuments(some), scoreDocuments(all)}, err
}

var tramLabel = regexp.MustCompile(`\((T\d{4}(?:\.\d{3})?)\)$`)

// maxReport is the most that is read of one report.
const maxReport = 64 << 20

// tramReports goes over the reports in the order of their names.
func tramReports(folder string, each func(text string, labels map[string]bool)) error {
	f, err := os.Open(filepath.Join(folder, "reports.mjson.tar.zst"))
	if err != nil {
		return err
	}
	defer f.Close()
	z, err := zstd.NewReader(f)
	if err != nil {
		return err
	}
	defer z.Close()
	type report struct {
		name   string
		Signal string `json:"signal"`
		Sets   []struct {
			Type   string            `json:"type"`
			Annots []json.RawMessage `json:"annots"`
		} `json:"asets"`
	}
	var reports []report
	for archive := tar.NewReader(z); ; {
		h, err := archive.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		r := report{name: h.Name}
		if err := json.NewDecoder(io.LimitReader(archive, maxReport)).Decode(&r); err != nil {
			return fmt.Errorf("%s: %w", h.Name, err)
		}
		reports = append(reports, r)
	}
	slices.SortFunc(reports, func(a, b report) int { return cmp.Compare(a.name, b.name) })
	for _, r := range reports {
		labels := map[string]bool{}
		for _, s := range r.Sets {
			if id := tramLabel.FindStringSubmatch(s.Type); id != nil && len(s.Annots) > 0 {
				labels[current(id[1])] = true
			}
		}
		each(r.Signal, labels)
	}
	return nil
}
