package story

import (
	"regexp"
	"slices"
	"sort"
	"strings"
	"unicode/utf8"
)

// furnitureLine is a line of a site that leads to other stories; what it says is no claim of this one.
var furnitureLine = regexp.MustCompile(`(?i)^[\s#*>•·-]*(?:related(?: (?:articles?|posts?|stories|news|content|reading|coverage|topics|links))?|read (?:more|also|next|this next)|also read|see also|more (?:from|on|in|about) [^.:]{1,40}|more stories|` +
	`you (?:might|may) also (?:like|be interested in|enjoy)|recommended (?:for you|reading|stories|articles|posts)|most (?:read|popular|viewed)|trending(?: (?:now|stories|news))?|popular (?:now|posts|stories|articles)|` +
	`(?:latest|top|other|recent) (?:news|stories|articles|posts|headlines)|don['’]t miss|editor['’]s picks?|what to read next|next article|previous article|next post|previous post|tags?|topics?|filed under|categories|` +
	`lire aussi|à lire aussi|a lire aussi|à lire également|sur le même sujet|voir aussi|اقرأ أيضا|اقرأ أيضاً|اقرأ المزيد|مواضيع ذات صلة)\s*(?:[:|»…]+\s*(.*)|)$`)

// advisingLine is a heading of what to do, or the word that begins such a line.
var advisingLine = regexp.MustCompile(`(?i)^[\s#*>•·\d.)-]*(?:mitigations?|mitigation (?:steps|measures|strategies)|recommendations?|recommended (?:actions?|mitigations?|steps)|suggested corrections?(?:\(s\))?|security recommendations?|defen[cs]es?|defensive measures|defen[cs]e recommendations?|` +
	`remediations?|best practices|preventions?|preventive measures|how to (?:protect|defend|stay safe|mitigate|respond)[^:]{0,60}|what (?:should|can) (?:you|we|organi[sz]ations|companies|defenders) do[^:]{0,40}|what to do(?: now| next)?|protecting (?:your|against)[^:]{0,60}|` +
	`protections?(?: and mitigations?)?|detections? (?:and|&) (?:mitigations?|protections?|response)|recommandations|mesures de protection|التوصيات)\s*(?:[:–—]+\s*(.*)|\??)$`)

const (
	// maxHeading is how long a line is that is a heading, in bytes.
	maxHeading = 80
	// maxTeaser is how many words a line has that announces another story; leastTeaser leaves addresses and hashes in.
	maxTeaser, leastTeaser = 30, 3
)

// sections goes through the blocks of a document: asides are those that lead to other stories, and advice those
// that say what to do. Both stay in the text; nothing is claimed of asides, and advice describes what nobody did.
func (d *document) sections(text string) (asides, advice []Span) {
	var inAsides, inAdvice bool
	from := 0
	for _, end := range append(d.ends, len(text)) {
		block := trimSpan(text, from, end)
		from = end
		if block.Start == block.End {
			continue
		}
		line := text[block.Start:block.End]
		heading := d.heading(block, line)
		if m := furnitureLine.FindStringSubmatch(line[:min(len(line), 4*maxHeading)]); m != nil && (m[1] != "" || heading || len(line) < maxHeading/2) && len(line) < 4*maxHeading {
			asides = append(asides, block)
			inAsides, inAdvice = true, false
			continue
		}
		if inAsides = inAsides && !d.marked(block) && teaser(line); inAsides {
			asides = append(asides, block)
			continue
		}
		if m := advisingLine.FindStringSubmatch(line[:min(len(line), 4*maxHeading)]); m != nil && (m[1] != "" || heading || len(line) < maxHeading/2) {
			inAdvice = m[1] == ""
			advice = append(advice, block)
			continue
		}
		if inAdvice = inAdvice && !heading; inAdvice {
			advice = append(advice, block)
		}
	}
	return asides, advice
}

// marked tells whether a block's markup calls it a heading.
func (d *document) marked(block Span) bool {
	_, found := slices.BinarySearch(d.headings, block.Start)
	return found
}

// heading tells whether a block is a heading: by its markup, or as a short line that ends nothing.
func (d *document) heading(block Span, line string) bool {
	if d.marked(block) {
		return true
	}
	if len(line) >= maxHeading || strings.Contains(line, "\n") || startsBlock(line) {
		return false
	}
	last, _ := utf8.DecodeLastRuneInString(line)
	return last == ':' || d.format != "html" && d.format != "markdown" && !strings.ContainsRune(".,;!…”\"'", last) && len(strings.Fields(line)) > 1
}

// teaser tells whether a line may announce another story: some words, and no whole paragraph.
func teaser(line string) bool {
	n := len(strings.Fields(line))
	return n >= leastTeaser && n <= maxTeaser && !strings.HasSuffix(line, ".")
}

// touches tells whether one of the spans, which are in order, has a place of another one.
func touches(spans []Span, s Span) bool {
	i := sort.Search(len(spans), func(i int) bool { return spans[i].End > s.Start })
	return i < len(spans) && spans[i].Start < s.End
}
