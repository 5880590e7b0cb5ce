package main

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"aldebaran/attack"
	"aldebaran/packs"
	"aldebaran/story"
)

// A spanScore is how well the names of one class are found: a span counts if it begins and ends
// where the annotators' does.
type spanScore struct {
	Gold      int     `json:"gold"`
	Found     int     `json:"found"`
	Right     int     `json:"right"`
	Precision float64 `json:"precision"`
	Recall    float64 `json:"recall"`
	F1        float64 `json:"f1"`
}

// annoClasses are the classes of AnnoCTR that claims stand for.
var annoClasses = [...]string{"MALWARE", "GROUP", "LOC", "SECTOR"}

// annoCTR measures names on reports of AnnoCTR (https://github.com/boschresearch/anno-ctr-lrec-coling-2024):
// exact spans, all mentions of all reports together. The lexicon is what the program ships with.
func annoCTR(folder string, _ *models) (any, error) {
	shipped, err := packs.All()
	if err != nil {
		return nil, err
	}
	opt := story.Options{Lexicon: story.NewLexicon(attack.Load(), shipped), Every: true}
	reports, err := filepath.Glob(filepath.Join(folder, "*", "entities.bio"))
	if err != nil {
		return nil, err
	}
	scores := map[string]*spanScore{}
	for _, c := range annoClasses {
		scores[c] = &spanScore{}
	}
	for _, name := range reports {
		if err := annoReport(filepath.Dir(name), opt, scores); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	for _, s := range scores {
		s.Precision, s.Recall = ratio(s.Right, s.Found), ratio(s.Right, s.Gold)
		if s.Right > 0 {
			s.F1 = 2 * s.Precision * s.Recall / (s.Precision + s.Recall)
		}
	}
	return annoResult{len(reports), scores}, nil
}

type annoResult struct {
	Reports int                   `json:"reports"`
	Classes map[string]*spanScore `json:"classes"`
}

func ratio(a, b int) float64 {
	if b == 0 {
		return 0
	}
	return float64(a) / float64(b)
}

// A labelled span is a name with its class.
type labelled struct {
	class string
	story.Span
}

func annoReport(dir string, opt story.Options, scores map[string]*spanScore) error {
	text, err := os.ReadFile(filepath.Join(dir, "report.txt"))
	if err != nil {
		return err
	}
	bio, err := os.ReadFile(filepath.Join(dir, "entities.bio"))
	if err != nil {
		return err
	}
	gold, err := annoSpans(string(text), bio)
	if err != nil {
		return err
	}
	s, err := story.Read(bytes.NewReader(text), "report.txt", opt)
	if err != nil {
		return err
	}
	if s.Text != string(text) {
		return fmt.Errorf("want the text of the report as it is, found it changed")
	}
	for _, g := range gold {
		if score := scores[g.class]; score != nil {
			score.Gold++
		}
	}
	for _, found := range annoFound(s) {
		scores[found.class].Found++
		if slices.Contains(gold, found) {
			scores[found.class].Right++
		}
	}
	return nil
}

// annoFound are a story's claims as AnnoCTR has them.
func annoFound(s *story.Story) []labelled {
	var all []labelled
	for _, c := range s.Claims {
		class := ""
		switch c.Kind {
		case story.Malware:
			class = "MALWARE"
		case story.Actor:
			class = "GROUP"
		case story.Country, story.Region:
			class = "LOC"
		case story.Sector:
			class = "SECTOR"
		default:
			continue
		}
		if found := (labelled{class, story.Span{Start: c.Start, End: c.End}}); !slices.Contains(all, found) {
			all = append(all, found)
		}
	}
	return all
}

// annoSpans finds the annotated names in a report: each line of the annotations is a word of it and its
// labels, the last of them all classes together. Blanks are not annotated.
func annoSpans(text string, bio []byte) ([]labelled, error) {
	var spans []labelled
	at := 0
	lines := bufio.NewScanner(bytes.NewReader(bio))
	for lines.Scan() {
		columns := strings.Split(lines.Text(), "\t")
		if len(columns) < 7 || columns[0] == "<DOCSTART>" {
			continue
		}
		word, label := strings.TrimSpace(columns[0]), columns[len(columns)-1]
		i := strings.Index(text[at:], word)
		if i < 0 {
			return nil, fmt.Errorf("want %q behind byte %d, found it nowhere", word, at)
		}
		start, end := at+i, at+i+len(word)
		at = end
		switch position, class, _ := strings.Cut(label, "-"); {
		case position == "B":
			spans = append(spans, labelled{class, story.Span{Start: start, End: end}})
		case position == "I" && len(spans) > 0 && spans[len(spans)-1].class == class:
			spans[len(spans)-1].End = end
		}
	}
	return spans, lines.Err()
}
