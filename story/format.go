package story

import (
	"bytes"
	"errors"
	"path/filepath"
	"strings"
)

// errEmpty says that there is nothing to read.
var errEmpty = errors.New("want a report, found an empty file")

// open makes a document of what was read: the first of the formats that knows it.
func open(data []byte, path string) (*document, error) {
	if len(bytes.TrimSpace(data)) == 0 {
		return nil, errEmpty
	}
	text, note := decode(data, "")
	d := readText(text, path)
	if note != "" {
		d.notes = append(d.notes, note)
	}
	return d, nil
}

// readText reads Markdown, or text without markup.
func readText(text, path string) *document {
	ext := strings.ToLower(filepath.Ext(path))
	if ext == ".md" || ext == ".markdown" || ext != ".txt" && looksLikeMarkdown(text) {
		return readMarkdown(text)
	}
	return readPlain(text)
}
