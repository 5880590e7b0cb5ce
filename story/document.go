package story

import (
	"strings"
	"time"
	"unicode/utf8"
)

// A document is a report without its markup.
type document struct {
	format    string
	title     string
	published time.Time
	text      strings.Builder
	// ends are where blocks end that no sentence goes beyond.
	ends []int
	// headings are where blocks start that their markup calls headings.
	headings []int
	notes    []string
	// stated are claims that stand in fields, with their places in the text.
	stated []Claim
	// plain is the text as people read it, byte for byte in the same places; "" if text is that already.
	plain string
	// full tells that maxText was reached.
	full bool
}

// add adds a piece of text to the block that is being written.
func (d *document) add(s string) {
	if left := maxText - d.text.Len(); len(s) > left {
		if !d.full {
			d.notes = append(d.notes, "only the first 4 MiB of text were looked at")
			d.full = true
		}
		for left > 0 && !utf8.RuneStart(s[left]) {
			left--
		}
		s = s[:max(left, 0)]
	}
	d.text.WriteString(s)
}

// end ends a block.
func (d *document) end() {
	n := d.text.Len()
	if n == 0 || len(d.ends) > 0 && d.ends[len(d.ends)-1] == n {
		return
	}
	d.add("\n")
	d.ends = append(d.ends, d.text.Len())
}

// block adds a block of its own.
func (d *document) block(s string) {
	if s = strings.TrimSpace(s); s != "" {
		d.add(s)
		d.end()
	}
}
