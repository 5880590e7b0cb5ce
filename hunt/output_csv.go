package hunt

import (
	"encoding/csv"
	"io"
	"strconv"
	"strings"

	"aldebaran/escape"
)

// A CSV writes a table of matches, one a row; see docs/formats/findings.md for the columns.
type CSV struct {
	w       *csv.Writer
	fields  fieldEncoder
	scratch []byte
	begun   bool
}

var csvColumns = [...]string{
	"time", "level", "rule_title", "rule_id", "rule_file", "attack", "tactics", "host", "channel", "provider",
	"event_id", "record_id", "source_path", "source_offset", "fields",
}

// NewCSV makes an output that writes comma-separated values (RFC 4180) with a header.
func NewCSV(w io.Writer) *CSV { return &CSV{w: csv.NewWriter(w)} }

// Match writes one row.
func (c *CSV) Match(m *Match) error {
	e := m.Event
	c.scratch = c.fields.append(c.scratch[:0], e)
	return c.row(stamp(e.Time), m.Rule.Level, m.Rule.Title, m.Rule.ID, m.Rule.File,
		strings.Join(m.Refs.Techniques, " "), strings.Join(m.Refs.Tactics, " "),
		e.Computer, e.Channel, e.Provider, strconv.FormatUint(uint64(e.EventID), 10), strconv.FormatUint(e.RecordID, 10),
		e.Source.Path, strconv.FormatInt(e.Source.Offset, 10), string(c.scratch))
}

// Correlation writes one row, with what it joined in the place of the fields.
func (c *CSV) Correlation(m *Correlation) error {
	c.scratch = appendCorrelation(c.scratch[:0], &m.Correlation)
	return c.row(stamp(m.Last), m.Rule.Level, m.Rule.Title, m.Rule.ID, m.Rule.File,
		strings.Join(m.Refs.Techniques, " "), strings.Join(m.Refs.Tactics, " "),
		strings.Join(m.Hosts, " "), "", "", "", "", "", "", string(c.scratch))
}

// Finish writes what is left in the buffer, and the header if there were no rows.
func (c *CSV) Finish(*Result) error {
	if err := c.header(); err != nil {
		return err
	}
	c.w.Flush()
	return c.w.Error()
}

func (c *CSV) row(cells ...string) error {
	if err := c.header(); err != nil {
		return err
	}
	for i, s := range cells {
		cells[i] = escape.Cell(strings.ReplaceAll(strings.ToValidUTF8(s, "\ufffd"), "\x00", `\0`))
	}
	return c.w.Write(cells)
}

func (c *CSV) header() error {
	if c.begun {
		return nil
	}
	c.begun = true
	return c.w.Write(csvColumns[:])
}
