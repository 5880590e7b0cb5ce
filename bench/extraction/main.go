// Command extraction measures how well Aldebaran reads stories. In go folders of annotated reports,
// each recognised by its files; out come scores as JSON:
//
//	go run ./bench/extraction -attack enterprise.json.zst -attack mobile.json.zst reports/tram reports/ctibench
//
// Each score stands in a file of its own, with its definition. With -attack, models are trained
// anew where what is measured would otherwise have been trained on; without, the embedded model is
// measured as it is, and what cannot be measured fairly says so.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// A score is one kind of annotated reports and what is measured on it.
type score struct {
	name string
	// file is what a folder of such reports has in it, as a pattern.
	file string
	run  func(folder string, m *models) (any, error)
}

// scores are all there are; a folder may have several.
var scores = [...]score{
	{"tram_sentences", "single_label.json", tramSentences},
	{"tram_documents", "reports.mjson.tar.zst", tramDocuments},
	{"cti_ate", "cti-ate.tsv", ate},
	{"annoctr", "*/entities.bio", annoCTR},
	{"indicators", esetFile, indicators},
}

func main() {
	var bundles list
	flag.Var(&bundles, "attack", "bundle of ATT&CK to train from; again for another domain")
	flag.Parse()
	if flag.NArg() == 0 {
		fmt.Fprintln(os.Stderr, "extraction: want folders of annotated reports")
		os.Exit(2)
	}
	if err := measure(os.Stdout, flag.Args(), bundles); err != nil {
		fmt.Fprintln(os.Stderr, "extraction:", err)
		os.Exit(1)
	}
}

type list []string

func (l *list) String() string     { return strings.Join(*l, ",") }
func (l *list) Set(s string) error { *l = append(*l, s); return nil }

func measure(w io.Writer, folders, bundles []string) error {
	m, err := loadModels(bundles)
	if err != nil {
		return err
	}
	results := map[string]any{}
	for _, folder := range folders {
		for _, s := range scores {
			if found, _ := filepath.Glob(filepath.Join(folder, s.file)); len(found) == 0 { // the pattern is ours
				continue
			}
			if results[s.name], err = s.run(folder, m); err != nil {
				return fmt.Errorf("%s: %w", folder, err)
			}
		}
	}
	out := json.NewEncoder(w)
	out.SetIndent("", "  ")
	return out.Encode(results)
}
