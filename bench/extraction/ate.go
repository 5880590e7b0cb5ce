package main

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"aldebaran/story/technique"
)

// An ateScore is documentScore on CTI-ATE, for all rows and for each platform.
type ateScore struct {
	// Model says what was measured: models trained without the software in question, or the one in
	// the program, which knows what ATT&CK says of it and therefore scores too high.
	Model      string         `json:"model"`
	All        *documentScore `json:"all,omitempty"`
	Enterprise *documentScore `json:"enterprise"`
	Mobile     *documentScore `json:"mobile,omitempty"`
	// Unmeasured is the number of rows for whose platform there is no model.
	Unmeasured int `json:"rows_not_measured"`
}

// ate measures on CTI-ATE of CTIBench (https://github.com/xashru/cti-bench): the techniques, without
// sub-techniques, of a text about a software. Mobile rows need a bundle of ATT&CK for Mobile.
// What ATT&CK says of the software of any row, and what mentions it, is not trained on.
func ate(folder string, m *models) (any, error) {
	rows, err := ateRows(filepath.Join(folder, "cti-ate.tsv"))
	if err != nil {
		return nil, err
	}
	var software []string
	for _, r := range rows {
		software = append(software, r.software)
	}
	byPlatform := map[string]*technique.Model{"Enterprise": m.embedded}
	s := ateScore{Model: "embedded: trained on the software that is asked for, too high"}
	if m.corpora["enterprise"] != nil {
		s.Model = "trained anew without the software that is asked for"
		for _, platform := range []string{"Enterprise", "Mobile"} {
			if byPlatform[platform], err = m.train(strings.ToLower(platform), software); err != nil {
				return nil, err
			}
		}
	}
	documents := map[string][]document{}
	for _, r := range rows {
		model := byPlatform[r.platform]
		if model == nil {
			s.Unmeasured++
			continue
		}
		d := document{r.want, parents(model.Document(sentences(r.text)))}
		documents[r.platform] = append(documents[r.platform], d)
	}
	enterprise, mobile := scoreDocuments(documents["Enterprise"]), scoreDocuments(documents["Mobile"])
	s.Enterprise = &enterprise
	if s.Unmeasured == 0 {
		all := scoreDocuments(slices.Concat(documents["Enterprise"], documents["Mobile"]))
		s.All, s.Mobile = &all, &mobile
	}
	return s, nil
}

// parents keeps techniques that are no sub-techniques.
func parents(scored []technique.Scored) []technique.Scored {
	return slices.DeleteFunc(scored, func(s technique.Scored) bool { return strings.Contains(s.ID, ".") })
}

type ateRow struct {
	software, platform, text string
	want                     map[string]bool
}

func ateRows(file string) ([]ateRow, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	r := csv.NewReader(f)
	r.Comma, r.LazyQuotes = '\t', true
	r.FieldsPerRecord = 5
	if _, err := r.Read(); err != nil { // the header
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	var rows []ateRow
	for {
		fields, err := r.Read()
		if errors.Is(err, io.EOF) {
			return rows, nil
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		row := ateRow{software: path.Base(strings.TrimRight(fields[0], "/")), platform: fields[1], text: fields[2], want: map[string]bool{}}
		for id := range strings.SplitSeq(fields[4], ",") {
			row.want[strings.TrimSpace(id)] = true
		}
		rows = append(rows, row)
	}
}
