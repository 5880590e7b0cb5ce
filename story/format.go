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

// errBinary says that a file is no text at all.
var errBinary = errors.New("want text, HTML, PDF, an e-mail, STIX or MISP, found a binary file: save documents as PDF or text")

// isBinary tells archives (documents of Word are some), old documents and everything else in which one
// byte of twenty is zero.
func isBinary(data []byte) bool {
	if isPDF(data) {
		return false
	}
	head := data[:min(len(data), 8<<10)]
	return bytes.HasPrefix(data, []byte("PK\x03\x04")) || bytes.HasPrefix(data, []byte("\xd0\xcf\x11\xe0")) || bytes.Count(head, []byte{0}) > len(head)/20 && len(head) > 200
}

// open makes a document of what was read. Formats are told by content; the path only tells Markdown
// from text.
func open(data []byte, path string) (*document, error) {
	if wide(data) != "" || bytes.HasPrefix(data, []byte("\xff\xfe")) || bytes.HasPrefix(data, []byte("\xfe\xff")) {
		text, _ := decode(data, "")
		data = []byte(text)
	}
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	switch {
	case len(bytes.TrimSpace(data)) == 0:
		return nil, errEmpty
	case isBinary(data):
		return nil, errBinary
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
