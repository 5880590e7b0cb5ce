package story

import (
	"bytes"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
)

// errEmpty says that there is nothing to read.
var errEmpty = errors.New("want a report, found an empty file")

// maxMarkup bounds the text with its markup: four bytes of it for one that is read.
const maxMarkup = 4 * maxText

// open makes a document of what was read. Formats are told by content; the path only tells Markdown
// from text.
func open(data []byte, path string) (*document, error) {
	switch {
	case len(bytes.TrimSpace(data)) == 0:
		return nil, errEmpty
	case isPDF(data):
		return readPDF(data)
	case looksLikeJSON(data):
		if d, err := readJSON(data); d != nil || err != nil && strings.EqualFold(filepath.Ext(path), ".json") {
			return d, err
		}
	case looksLikeEmail(data):
		return readEmail(data)
	}
	text, note := decode(data, "")
	cut := len(text) > maxMarkup
	if cut {
		text = strings.ToValidUTF8(text[:maxMarkup], "")
	}
	d := readMarkup(text, path)
	if cut {
		d.notes = append(d.notes, fmt.Sprintf("only the first %d MiB were looked at", maxMarkup>>20))
	}
	if note != "" {
		d.notes = append(d.notes, note)
	}
	return d, nil
}

// readMarkup reads HTML, Markdown, or text without markup.
func readMarkup(text, path string) *document {
	ext := strings.ToLower(filepath.Ext(path))
	switch {
	case looksLikeHTML(text), ext == ".html", ext == ".htm":
		return readHTML(text)
	case ext == ".md", ext == ".markdown", ext != ".txt" && looksLikeMarkdown(text):
		return readMarkdown(text)
	}
	return readPlain(text)
}
