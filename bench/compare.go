package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
)

// maxLine bounds a line of a tool's output; a match with a large script block stays below it.
const maxLine = 64 << 20

// counts are the matches of each rule, by its id (or title, if it has no id).
type counts map[string]*ruleCount

type ruleCount struct {
	title string
	n     int
}

func (c counts) add(id, title string) {
	if id == "" {
		id = title
	}
	if c[id] == nil {
		c[id] = &ruleCount{title: title}
	}
	c[id].n++
}

func (c counts) total() int {
	n := 0
	for _, r := range c {
		n += r.n
	}
	return n
}

// readCounts counts the matches in JSON lines: Aldebaran's ("rule": {"id", "title"}), or rsigma's
// ("rule_id", "rule_title"). Lines of correlations are counted like those of other rules.
func readCounts(r io.Reader) (counts, error) {
	all := counts{}
	lines := bufio.NewScanner(r)
	lines.Buffer(make([]byte, 64<<10), maxLine)
	for n := 1; lines.Scan(); n++ {
		if len(lines.Bytes()) == 0 {
			continue
		}
		var m struct {
			Rule  struct{ ID, Title string }
			ID    string `json:"rule_id"`
			Title string `json:"rule_title"`
		}
		if err := json.Unmarshal(lines.Bytes(), &m); err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
		switch {
		case m.Rule.ID != "" || m.Rule.Title != "":
			all.add(m.Rule.ID, m.Rule.Title)
		case m.ID != "" || m.Title != "":
			all.add(m.ID, m.Title)
		default:
			return nil, fmt.Errorf("line %d: want a match with rule.id or rule_id, found %.80q", n, lines.Bytes())
		}
	}
	return all, lines.Err()
}

func readCountsFile(path string) (counts, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	c, err := readCounts(file)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return c, nil
}

// A difference is a rule of which two tools have different numbers of matches.
type difference struct {
	id, title string
	a, b      int
}

// compare gives the rules whose counts differ, in the order of their ids, and the matches that
// both have: the sum of the smaller counts.
func compare(a, b counts) (diffs []difference, both int) {
	all := counts{}
	for _, c := range []counts{a, b} {
		maps.Copy(all, c)
	}
	for _, id := range sortedKeys(all) {
		d := difference{id: id, title: all[id].title}
		if r := a[id]; r != nil {
			d.a = r.n
		}
		if r := b[id]; r != nil {
			d.b = r.n
		}
		both += min(d.a, d.b)
		if d.a != d.b {
			diffs = append(diffs, d)
		}
	}
	return diffs, both
}

// compareFiles is the command compare.
func compareFiles(w io.Writer, paths []string) error {
	if len(paths) != 2 {
		return errors.New("compare: want two files of JSON lines")
	}
	a, err := readCountsFile(paths[0])
	if err != nil {
		return err
	}
	b, err := readCountsFile(paths[1])
	if err != nil {
		return err
	}
	r := &report{w: w}
	r.comparison(paths[0], paths[1], a, b)
	return r.err
}
