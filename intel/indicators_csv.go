package intel

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// indicatorColumns are the columns of indicators.csv; the first two must be there.
var indicatorColumns = [...]string{
	"type", "value", "malware", "actor", "note", "source", "grade", "tlp", "first", "last", "expires", "verified", "hosting",
}

// isIndicatorCSV tells our table by its header, behind comments.
func isIndicatorCSV(head []byte) bool {
	for line := range bytes.Lines(head) {
		l := strings.ToLower(strings.TrimSpace(string(line)))
		if l == "" || strings.HasPrefix(l, "#") {
			continue
		}
		columns := strings.Split(strings.ReplaceAll(l, `"`, ""), ",")
		return slices.Contains(columns, "type") && slices.Contains(columns, "value")
	}
	return false
}

func (in *indicatorReader) readCSV(b *bufio.Reader) error {
	if mark, _ := b.Peek(len("\ufeff")); string(mark) == "\ufeff" {
		_, _ = b.Discard(len(mark)) // it was peeked at: it is there
	}
	c := csv.NewReader(b)
	c.Comment, c.FieldsPerRecord, c.ReuseRecord, c.TrimLeadingSpace = '#', -1, true, true
	header, err := c.Read()
	if err != nil {
		return err
	}
	line, _ := c.FieldPos(0)
	columns := make([]string, len(header))
	for i, h := range header {
		columns[i] = strings.ToLower(strings.TrimSpace(h))
		if !slices.Contains(indicatorColumns[:], columns[i]) {
			in.problem(line, "column %q is not known; want %s", h, strings.Join(indicatorColumns[:], ", "))
		}
	}
	for {
		row, err := c.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if bad := (*csv.ParseError)(nil); errors.As(err, &bad) {
			in.problem(bad.StartLine, "%v", bad.Err)
			continue
		}
		if err != nil {
			return err
		}
		line, _ := c.FieldPos(0)
		if len(row) > len(columns) {
			in.problem(line, "want %d columns, found %d", len(columns), len(row))
			continue
		}
		i, err := indicatorOf(columns, row)
		if err != nil {
			in.problem(line, "%v", err)
			continue
		}
		i.Line = line
		in.add(i)
	}
}

// indicatorOf makes an indicator of a row; columns at the end may be missing.
func indicatorOf(columns, row []string) (i Indicator, err error) {
	for at, cell := range row {
		cell = strings.TrimSpace(cell)
		switch columns[at] {
		case "type":
			if i.Type = typeNames[strings.ToLower(cell)]; i.Type == "" {
				return i, fmt.Errorf("want a type of indicator, found %q", cell)
			}
		case "value":
			i.Value = strings.Clone(cell)
		case "malware":
			i.Malware = strings.Clone(cell)
		case "actor":
			i.Actor = strings.Clone(cell)
		case "note":
			i.Note = strings.Clone(cell)
		case "source":
			i.Source = strings.Clone(cell)
		case "grade":
			i.Grade, err = ParseGrade(cell)
		case "tlp":
			i.TLP, err = ParseTLP(cell)
		case "first":
			i.First, err = parseTime(cell)
		case "last":
			i.Last, err = parseTime(cell)
		case "expires":
			i.Expires, err = parseTime(cell)
		case "verified":
			i.Unverified, err = isUnverified(cell)
		case "hosting":
			i.Hosting, err = ParseHosting(cell)
		}
		if err != nil {
			return i, fmt.Errorf("%s: %w", columns[at], err)
		}
	}
	i.Type = typed(i.Type, i.Value)
	return i, nil
}

func isUnverified(cell string) (bool, error) {
	switch strings.ToLower(cell) {
	case "", "yes", "true", "1", "y", "verified":
		return false, nil
	case "no", "false", "0", "n", "unverified":
		return true, nil
	}
	return false, fmt.Errorf("want yes or no, found %q", cell)
}
