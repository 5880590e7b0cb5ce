package story

import (
	"regexp"
	"strings"
)

// markdownMarks are what only Markdown has: headings, links, fences, rules of tables.
var markdownMarks = regexp.MustCompile(`(?m)^#{1,6} \S|\[[^\]\n]+\]\(https?://|^` + "```" + `|^\|?[ :]*-{3,}[ :]*\|`)

// looksLikeMarkdown tells Markdown from text by what stands in its beginning.
func looksLikeMarkdown(text string) bool {
	return len(markdownMarks.FindAllStringIndex(text[:min(len(text), 16<<10)], 2)) == 2
}

var (
	markdownImage   = regexp.MustCompile(`!\[[^\]]*\]\([^)\s]*(?:\s+"[^"]*")?\)`)
	markdownLink    = regexp.MustCompile(`\[([^\]]*)\]\([^)\s]*(?:\s+"[^"]*")?\)`)
	markdownRefLink = regexp.MustCompile(`\[([^\]]+)\]\[[^\]]*\]`)
	markdownBold    = regexp.MustCompile(`(\*{1,3}|_{2,3})([^*_\s](?:[^*_\n]*[^*_\s])?)(\*{1,3}|_{2,3})`)
	markdownItalic  = regexp.MustCompile(`(^|[\s(])_([^_\s](?:[^_\n]*[^_\s])?)_($|[\s.,;:)])`)
	markdownEscape  = regexp.MustCompile(`\\([\\*_{}\[\]()#+!|>~-])`)
	htmlComment     = regexp.MustCompile(`(?s)<!--.*?-->`)
	htmlTag         = regexp.MustCompile(`</?(?i:a|abbr|b|br|center|code|dd|del|details|div|dl|dt|em|font|h[1-6]|hr|i|img|ins|kbd|li|ol|p|pre|s|small|span|strong|sub|summary|sup|table|tbody|td|th|thead|tr|tt|u|ul)(?:\s[^<>]*)?/?>`)
	tableRule       = regexp.MustCompile(`^\|?(?:\s*:?-{2,}:?\s*\|?)+$`)
	listMark        = regexp.MustCompile(`^(?:[-*+]|\d{1,3}[.)])\s+`)
	headingMark     = regexp.MustCompile(`^#{1,6}\s+`)
)

// readMarkdown reads Markdown (CommonMark with tables) as its reader sees it. Blocks are paragraphs,
// entries, headings, rows of tables, lines of code; the targets of links and pictures are left out.
func readMarkdown(text string) *document {
	d := &document{format: "markdown"}
	text = strings.ReplaceAll(text, "\r\n", "\n")
	if rest, ok := strings.CutPrefix(text, "---\n"); ok {
		// What stands before the text is for programs that publish it.
		if head, body, ok := strings.Cut(rest, "\n---\n"); ok && len(head) < 8<<10 {
			text = body
			d.frontMatter(head)
		}
	}
	text = htmlComment.ReplaceAllString(text, "")
	var paragraph []string
	flush := func() {
		if len(paragraph) > 0 {
			d.block(inline(strings.Join(paragraph, " ")))
			paragraph = paragraph[:0]
		}
	}
	fence := ""
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\n \t")
		trimmed := strings.TrimLeft(line, " \t>")
		if fence != "" {
			if strings.HasPrefix(trimmed, fence) {
				fence = ""
				continue
			}
			d.block(line)
			continue
		}
		switch {
		case trimmed == "":
			flush()
		case strings.HasPrefix(trimmed, "```") || strings.HasPrefix(trimmed, "~~~"):
			flush()
			fence = trimmed[:3]
		case headingMark.MatchString(trimmed):
			flush()
			heading := inline(strings.TrimRight(headingMark.ReplaceAllString(trimmed, ""), "# "))
			if d.title == "" {
				d.title = firstLine(heading)
			}
			d.headings = append(d.headings, d.text.Len())
			d.block(heading)
		case tableRule.MatchString(trimmed):
			flush()
		case strings.Trim(trimmed, "=") == "" || strings.Trim(trimmed, "-* ") == "":
			flush() // underlines of headings, rules
		case strings.HasPrefix(trimmed, "|"):
			flush()
			d.row(trimmed)
		case listMark.MatchString(trimmed):
			flush()
			paragraph = append(paragraph, listMark.ReplaceAllString(trimmed, ""))
		default:
			paragraph = append(paragraph, trimmed)
			if strings.HasSuffix(line, "  ") {
				flush()
			}
		}
	}
	flush()
	if d.published.IsZero() {
		d.published = publishedIn(d.text.String())
	}
	return d
}

// row adds the cells of a row of a table, each a block.
func (d *document) row(line string) {
	for cell := range strings.SplitSeq(strings.Trim(line, "| "), "|") {
		d.block(inline(cell))
	}
}

// frontMatter takes title and date out of what stands before a page ("title: ...").
func (d *document) frontMatter(head string) {
	for line := range strings.Lines(head) {
		name, value, _ := strings.Cut(line, ":")
		value = strings.Trim(strings.TrimSpace(value), `"'`)
		switch strings.ToLower(strings.TrimSpace(name)) {
		case "title":
			d.title = firstLine(value)
		case "date", "published":
			d.published = dateOf(value)
		}
	}
}

// inline takes the marks out of a line of Markdown.
func inline(s string) string {
	if !strings.ContainsAny(s, "*_[`\\<&") {
		return s
	}
	s = markdownImage.ReplaceAllString(s, "")
	s = markdownLink.ReplaceAllString(s, "$1")
	s = markdownRefLink.ReplaceAllString(s, "$1")
	s = htmlTag.ReplaceAllString(s, " ")
	s = strings.ReplaceAll(s, "`", "")
	for range 3 { // bold within italics
		next := markdownBold.ReplaceAllString(s, "$2")
		next = markdownItalic.ReplaceAllString(next, "$1$2$3")
		if next == s {
			break
		}
		s = next
	}
	s = markdownEscape.ReplaceAllString(s, "$1")
	return strings.NewReplacer("&amp;", "&", "&lt;", "<", "&gt;", ">", "&nbsp;", " ", "&quot;", `"`).Replace(s)
}
