package story

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"aldebaran/story/pdf"
)

// isPDF tells a PDF by its header, which may stand behind some bytes of others (ISO 32000-1, annex H); a text
// may speak of such a header, but has no objects.
func isPDF(data []byte) bool {
	at := bytes.Index(data[:min(len(data), 1024)], []byte("%PDF-"))
	return at == 0 || at > 0 && bytes.Contains(data, []byte("endobj"))
}

// readPDF reads a PDF: its lines, put together to paragraphs. Lines that stand on most pages (headers,
// numbers of pages) are left out.
func readPDF(data []byte) (*document, error) {
	file, err := pdf.Read(data)
	if err != nil {
		return nil, fmt.Errorf("a PDF that cannot be read: %w", err)
	}
	d := &document{format: "pdf", notes: file.Notes}
	d.title = firstLine(file.Title)
	often := repeatedLines(file)
	var largest float64
	heading := ""
	for i := range file.Lines {
		l := &file.Lines[i]
		if often[l.Text] {
			continue
		}
		if l.Page == 1 && l.Size > largest {
			largest, heading = l.Size, l.Text
		}
		if i > 0 && startsParagraph(&file.Lines[i-1], l) {
			d.end()
		} else if d.text.Len() > 0 && !strings.HasSuffix(d.text.String(), "\n") {
			d.add("\n")
		}
		d.add(l.Text)
	}
	d.end()
	if d.text.Len() == 0 {
		return nil, errors.New("want a PDF with text, found pages of pictures: recognise their letters first (OCR)")
	}
	if d.title == "" {
		d.title = firstLine(heading)
	}
	d.published = publishedIn(d.text.String())
	return d, nil
}

// repeatedLines are the lines that stand on most pages of a file.
func repeatedLines(file *pdf.Document) map[string]bool {
	pages := map[string]map[int]bool{}
	for _, l := range file.Lines {
		if pages[l.Text] == nil {
			pages[l.Text] = map[int]bool{}
		}
		pages[l.Text][l.Page] = true
	}
	often := map[string]bool{}
	for text, on := range pages {
		often[text] = len(on) > 2 && len(on) > file.Pages/2
	}
	return often
}

// startsParagraph tells whether a line begins a paragraph: on another height than the next line would
// have, in letters of another size, or behind a short line that ends a sentence.
func startsParagraph(before, l *pdf.Line) bool {
	if l.Page != before.Page {
		return strings.HasSuffix(before.Text, ".")
	}
	step := before.Y - l.Y
	size := max(before.Size, l.Size)
	switch {
	case step < 0 || step > size*1.7:
		return true
	case l.Size > before.Size*1.15 || l.Size < before.Size/1.15:
		return true
	case startsBlock(l.Text):
		return true
	}
	return len(before.Text) < wrapped && strings.HasSuffix(before.Text, ".")
}
