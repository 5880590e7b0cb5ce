package story

import (
	"fmt"
	"regexp"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

var htmlMarks = regexp.MustCompile(`(?i)^\s*(?:<\?xml[^>]*\?>\s*)?(?:<!--.*?-->\s*)*<(?:!doctype html|html|head|body|article|div|p|h1)\b`)

// looksLikeHTML tells a web page by how it starts.
func looksLikeHTML(text string) bool { return htmlMarks.MatchString(text[:min(len(text), 1024)]) }

// inlined are pictures and fonts within a page.
var inlined = regexp.MustCompile(`data:[^"'\s)>]{200,}`)

const (
	// maxPage bounds a page without its pictures: every element costs memory, and real pages have a megabyte.
	maxPage = 4 << 20
	// maxDepth bounds how deep elements nest; pages nest some thirty deep, and deeper ones are passed over.
	maxDepth = 300
	// leastArticle is how much text the part of a page must have that is taken for its article.
	leastArticle = 250
	// maxArticles bounds how many parts of a page are compared; pages of news have thirty teasers.
	maxArticles = 100
)

// readHTML reads a web page: the text of its article as a reader sees it, without menus, forms, scripts and
// what is hidden.
func readHTML(text string) *document {
	d := &document{format: "html"}
	text = inlined.ReplaceAllString(text, "data:,")
	if len(text) > maxPage {
		text = strings.ToValidUTF8(text[:maxPage], "")
		d.notes = append(d.notes, fmt.Sprintf("only the first %d MiB of the page were read", maxPage>>20))
	}
	root, err := html.Parse(strings.NewReader(text))
	if err != nil {
		d.notes = append(d.notes, fmt.Sprintf("its markup could not be read: %v", err))
		d.block(text)
		return d
	}
	p := page{document: d}
	p.head(root)
	main := root
	if best, n := p.article(root); n >= leastArticle {
		main = best
	}
	p.walk(main, 0)
	p.flush()
	if p.deep {
		d.notes = append(d.notes, fmt.Sprintf("what is nested more than %d deep was passed over", maxDepth))
	}
	if d.published.IsZero() {
		d.published = publishedIn(d.text.String())
	}
	return d
}

// A page is a document while it is made of HTML.
type page struct {
	*document
	line strings.Builder // the block that is being written
	deep bool
}

// head takes title and date out of what a page says of itself.
func (p *page) head(root *html.Node) {
	heading := ""
	for n := range root.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		switch n.DataAtom {
		case atom.H1:
			if heading == "" {
				heading = firstLine(plainText(n))
			}
		case atom.Title:
			if p.title == "" && n.FirstChild != nil && n.Parent != nil && n.Parent.DataAtom == atom.Head {
				p.title = firstLine(n.FirstChild.Data)
			}
		case atom.Meta:
			p.meta(attribute(n, "property")+attribute(n, "name")+attribute(n, "itemprop"), attribute(n, "content"))
		case atom.Time:
			if t := dateOf(attribute(n, "datetime")); p.published.IsZero() {
				p.published = t
			}
		}
	}
	// "Cranes are back - Acme News": sites put their names behind their titles.
	if len(heading) >= leastHeading && strings.HasPrefix(p.title, heading) {
		p.title = heading
	}
}

const (
	// leastHeading is how long a heading is that is no section's, in bytes.
	leastHeading = 12
	// maxHeadingText bounds what is read of one.
	maxHeadingText = 1000
)

// plainText is the text of a node and what is below it.
func plainText(root *html.Node) string {
	var b strings.Builder
	for n := range root.Descendants() {
		if n.Type == html.TextNode && b.Len() < maxHeadingText {
			b.WriteString(n.Data)
		}
	}
	return b.String()
}

func (p *page) meta(name, content string) {
	switch strings.ToLower(name) {
	case "og:title":
		p.title = firstLine(content)
	case "article:published_time", "datepublished", "date", "dc.date", "publish-date", "pubdate", "parsely-pub-date":
		if t := dateOf(content); !t.IsZero() {
			p.published = t
		}
	}
}

func attribute(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

// article finds the part of a page with the most text outside of links: of its articles the largest, or
// what is marked as its main part. n is the length of that text.
func (p *page) article(root *html.Node) (best *html.Node, n int) {
	all, seen := plainLength(root), 0
	for node := range root.Descendants() {
		if node.Type != html.ElementNode {
			continue
		}
		class := strings.ToLower(attribute(node, "class") + " " + attribute(node, "id"))
		candidate := node.DataAtom == atom.Article || node.DataAtom == atom.Main || attribute(node, "role") == "main" ||
			attribute(node, "itemprop") == "articleBody" || strings.Contains(class, "article-body") || strings.Contains(class, "entry-content") || strings.Contains(class, "post-content")
		if !candidate {
			continue
		}
		if seen++; seen > maxArticles {
			break
		}
		// The smallest that has nearly all of the text is without what surrounds it.
		if length := plainLength(node); best == nil || length > n*11/10 || length > n*9/10 && length > 0 && within(node, best) {
			best, n = node, length
		}
	}
	if n < all/3 {
		return nil, 0 // one teaser of many: the whole page is meant
	}
	return best, n
}

// within tells whether a node is below another one.
func within(n, above *html.Node) bool {
	for up := n.Parent; up != nil; up = up.Parent {
		if up == above {
			return true
		}
	}
	return false
}

// plainLength is the length of the text of a node that is neither a link nor furniture.
func plainLength(root *html.Node) int {
	n := 0
	node, depth := root, 0
	for node != nil {
		down := node.FirstChild
		if node.Type == html.TextNode {
			n += len(strings.TrimSpace(node.Data))
		} else if node != root && (furniture(node) || node.DataAtom == atom.A) {
			down = nil
		}
		if down != nil {
			node = down
			depth++
			continue
		}
		for node != root && node.NextSibling == nil {
			node = node.Parent
			depth--
		}
		if node == root {
			break
		}
		node = node.NextSibling
	}
	return n
}

// furnitureNames are parts of classes and ids of what surrounds an article.
var furnitureNames = regexp.MustCompile(`(?i)(?:^|[\s_-])(?:nav|navbar|navigation|menu|sidebar|footer|cookie|cookies|consent|gdpr|share|sharing|social|related|recommended|comments?|newsletter|subscribe|subscription|promo|advert|ads?|banner|breadcrumbs?|popup|modal|skip-link|pagination|tagcloud|byline-links)(?:$|[\s_-])`)

// furniture tells whether an element is no part of what its page is about, or hidden.
func furniture(n *html.Node) bool {
	if n.Type != html.ElementNode {
		return n.Type == html.CommentNode || n.Type == html.DoctypeNode
	}
	switch n.DataAtom {
	case atom.Script, atom.Style, atom.Nav, atom.Footer, atom.Aside, atom.Form, atom.Noscript, atom.Template, atom.Iframe, atom.Button,
		atom.Svg, atom.Canvas, atom.Select, atom.Textarea, atom.Input, atom.Object, atom.Embed, atom.Audio, atom.Video, atom.Head, atom.Math, atom.Dialog:
		return true
	}
	for _, a := range n.Attr {
		switch a.Key {
		case "hidden":
			return true
		case "aria-hidden":
			if a.Val == "true" {
				return true
			}
		case "style":
			s := strings.ReplaceAll(strings.ToLower(a.Val), " ", "")
			if strings.Contains(s, "display:none") || strings.Contains(s, "visibility:hidden") {
				return true
			}
		case "role":
			if a.Val == "navigation" || a.Val == "search" || a.Val == "complementary" || a.Val == "contentinfo" {
				return true
			}
		case "class", "id":
			if n.DataAtom != atom.Body && n.DataAtom != atom.Html && n.DataAtom != atom.Article && n.DataAtom != atom.Main && furnitureNames.MatchString(a.Val) {
				return true
			}
		}
	}
	return false
}

// walk writes the blocks of a node. Elements that are displayed as blocks end the one before them.
func (p *page) walk(n *html.Node, depth int) {
	if depth > maxDepth {
		p.deep = true
		return
	}
	if n.Type == html.TextNode {
		p.words(n)
		return
	}
	if depth > 0 && furniture(n) {
		return
	}
	block := isBlock(n)
	if block {
		p.flush()
	}
	switch n.DataAtom {
	case atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6:
		p.headings = append(p.headings, p.text.Len())
	}
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		p.walk(c, depth+1)
	}
	if block {
		p.flush()
	}
}

// words adds a text; white space is one blank, but for lines of code.
func (p *page) words(n *html.Node) {
	if n.Parent != nil && n.Parent.DataAtom == atom.Pre {
		for line := range strings.Lines(n.Data) {
			p.line.WriteString(line)
			p.flush()
		}
		return
	}
	text := n.Data
	if strings.TrimSpace(text) == "" {
		p.line.WriteByte(' ')
		return
	}
	if strings.TrimLeft(text[:1], " \n\t\r") == "" {
		p.line.WriteByte(' ')
	}
	p.line.WriteString(strings.Join(strings.Fields(text), " "))
	if strings.TrimRight(text[len(text)-1:], " \n\t\r") == "" {
		p.line.WriteByte(' ')
	}
}

func (p *page) flush() {
	if p.line.Len() == 0 {
		return
	}
	p.block(strings.Join(strings.Fields(p.line.String()), " "))
	p.line.Reset()
}

func isBlock(n *html.Node) bool {
	if n.Type != html.ElementNode {
		return false
	}
	switch n.DataAtom {
	case atom.A, atom.Abbr, atom.B, atom.Bdi, atom.Bdo, atom.Cite, atom.Code, atom.Data, atom.Del, atom.Dfn, atom.Em, atom.Font, atom.I, atom.Img, atom.Ins,
		atom.Kbd, atom.Label, atom.Mark, atom.Q, atom.S, atom.Samp, atom.Small, atom.Span, atom.Strong, atom.Sub, atom.Sup, atom.Time, atom.Tt, atom.U, atom.Var, atom.Wbr:
		return false
	}
	return true
}
