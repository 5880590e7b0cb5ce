package story

import (
	"bytes"
	"errors"
	"path/filepath"
	"strings"
)

// errEmpty says that there is nothing to read.
var errEmpty = errors.New("want a report, found an empty file")

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
	d := readMarkup(text, path)
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
