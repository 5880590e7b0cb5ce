package story

import "strings"

// wrapped is the length from on which a line that does not end a sentence is taken to go on in the next.
const wrapped = 60

// readPlain reads text without markup. It stays as it is; blocks are made out by its lines.
func readPlain(text string) *document {
	d := &document{format: "text"}
	for line := range strings.Lines(strings.ReplaceAll(text, "\r\n", "\n")) {
		trimmed := strings.TrimSpace(line)
		if trimmed == "" || startsBlock(trimmed) {
			d.closeLine()
		}
		d.add(line)
		if d.title == "" && trimmed != "" && !(len(trimmed) < wrapped && (publishedPattern.MatchString(trimmed) || bylinePattern.MatchString(trimmed))) {
			d.title = opening(trimmed)
		}
		if len(trimmed) < wrapped || strings.HasSuffix(trimmed, ".") || strings.HasSuffix(trimmed, ":") {
			d.closeLine()
		}
	}
	d.published = publishedIn(text)
	return d
}

// closeLine ends a block without adding to the text.
func (d *document) closeLine() {
	if n := d.text.Len(); n > 0 && (len(d.ends) == 0 || d.ends[len(d.ends)-1] < n) {
		d.ends = append(d.ends, n)
	}
}

// startsBlock tells whether a line begins an entry of a list.
func startsBlock(line string) bool {
	switch line[0] {
	case '*', '-', '#', '|', '>':
		return true
	}
	if strings.HasPrefix(line, "•") || strings.HasPrefix(line, "·") {
		return true
	}
	n := 0
	for n < len(line) && n < 3 && isDigit(line[n]) {
		n++
	}
	return n > 0 && n+1 < len(line) && (line[n] == '.' || line[n] == ')') && line[n+1] == ' '
}

// maxOpening is how long a first line is that is a title; a longer one is a paragraph, of which some words will do.
const maxOpening = 140

// opening is what a text without a title is called: its first line, or the first words of its first paragraph.
func opening(line string) string {
	if len(line) <= maxOpening {
		return firstLine(line)
	}
	cut := strings.LastIndexByte(line[:maxOpening/2], ' ')
	if cut < 0 {
		return firstLine(line)
	}
	return firstLine(strings.TrimRight(line[:cut], " ,;:–-")) + "…"
}

// maxTitle is how much of a first line is taken for a title.
const maxTitle = 200

// firstLine is a title as a line of its own: without marks of headings, and not too long.
func firstLine(s string) string {
	s = strings.Join(strings.Fields(strings.Trim(s, "#*_=- \t")), " ")
	if len(s) > maxTitle {
		s = strings.ToValidUTF8(s[:maxTitle], "") + "…"
	}
	return s
}
