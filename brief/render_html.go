package brief

import (
	"crypto/sha256"
	_ "embed" // the page and its style
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"net/url"
	"strings"
	"sync"
	"time"

	"aldebaran/verdict"
)

//go:embed page.gohtml
var pageSource string

//go:embed page.css
var pageStyle string

var pageTemplate = sync.OnceValues(func() (*template.Template, error) {
	return template.New("page.gohtml").Parse(pageSource)
})

// HTML writes a brief as one file that needs nothing else: no script, no picture or style from
// anywhere, and a Content-Security-Policy that allows none. The first page is the minister's, on paper too.
func HTML(w io.Writer, b *Brief) error {
	t, err := pageTemplate()
	if err != nil {
		return err
	}
	return t.Execute(w, newPage(b))
}

// A page is what the template of the HTML form is filled from.
type page struct {
	*Brief
	// anchors are the places of advice, which sentences call by the id that its pack gave it; packNames
	// are short names of packs.
	anchors, packNames map[string]string
}

func newPage(b *Brief) *page {
	p := &page{b, map[string]string{}, map[string]string{}}
	for i, k := range b.Packs {
		p.packNames[k.Name] = fmt.Sprintf("p%d", i+1)
	}
	for _, a := range b.Actions {
		for _, id := range a.Advice {
			p.anchors[id] = a.ID
		}
	}
	return p
}

// Style is the style sheet, Policy what a browser may load: that style alone, by its hash (CSP level 3,
// 2.3.1).
func (p *page) Style() template.CSS { return template.CSS(pageStyle) }

// Policy is the Content-Security-Policy.
func (p *page) Policy() string {
	hash := sha256.Sum256([]byte(pageStyle))
	return fmt.Sprintf("default-src 'none'; style-src 'sha256-%s'; base-uri 'none'; form-action 'none'", base64.StdEncoding.EncodeToString(hash[:]))
}

// L is a label.
func (p *page) L(key string) template.HTML { return p.Text(p.messages.label(key)) }

// Plain is a label for an attribute or a title.
func (p *page) Plain(key string) string { return p.messages.label(key).Plain() }

// N is a number, Count a number of things.
func (p *page) N(n int) template.HTML { return p.Text(p.messages.number(n)) }

// Count is a number of things.
func (p *page) Count(key string, n int) template.HTML { return p.Text(p.messages.count(key, n)) }

// Text is a text with what was put into it set apart, so that paths do not turn in Arabic.
func (p *page) Text(t Text) template.HTML {
	var b strings.Builder
	for _, s := range t.pieces() {
		text := template.HTMLEscapeString(s.text)
		switch s.isolate {
		case isolateLTR:
			class := ""
			if len(s.text) <= maxUnbroken {
				class = ` class="short"`
			}
			b.WriteString(`<bdi` + class + ` dir="ltr">` + text + `</bdi>`)
		case isolateAuto:
			b.WriteString(`<bdi>` + text + `</bdi>`)
		default:
			b.WriteString(text)
		}
	}
	return template.HTML(b.String())
}

// maxUnbroken is how long a term is that is kept on one line: dates, numbers, names of machines.
const maxUnbroken = 20

// Say is a sentence with what it rests on.
func (p *page) Say(s Sentence) template.HTML { return p.Words(s) + p.refs(s.From) }

// Words is a sentence without what it rests on, where that stands beside it.
func (p *page) Words(s Sentence) template.HTML {
	text := p.Text(s.Text)
	if s.Language != "" {
		text = template.HTML(`<bdi lang="`+template.HTMLEscapeString(s.Language)+`" dir="ltr">`) + text + "</bdi>"
	}
	if s.Polished {
		text += template.HTML(` <span class="polished" title="` + template.HTMLEscapeString(s.Original.Plain()) + `">✎</span>`)
	}
	return text
}

// shownRefs is how many references a sentence shows; the others are counted.
const shownRefs = 3

func (p *page) refs(from []Ref) template.HTML {
	var b strings.Builder
	b.WriteString(`<sup class="refs" dir="ltr">`)
	for i, r := range from {
		if i == shownRefs && len(from) > shownRefs+1 {
			fmt.Fprintf(&b, ` <a href="#%s">+%d</a>`, sections[r.Kind], len(from)-i)
			break
		}
		fmt.Fprintf(&b, ` <a href="#%s">%s</a>`, p.anchor(r), template.HTMLEscapeString(p.refName(r)))
	}
	b.WriteString("</sup>")
	return template.HTML(b.String())
}

// sections are where references of a kind lead if they have no place of their own.
var sections = map[RefKind]string{
	FromClaim: "claims", FromFinding: "findings", FromVerdict: "verdicts", FromAdvice: "actions", FromLog: "coverage",
	FromPack: "packs", FromAttribution: "attribution", FromFeedback: "feedback", FromMethod: "method",
}

// anchor is where a reference leads to, as a part of an address.
func (p *page) anchor(r Ref) string {
	switch {
	case r.ID == "all":
		return sections[r.Kind]
	case r.Kind == FromAdvice:
		return p.anchors[r.ID]
	case r.Kind == FromPack:
		return p.packNames[r.ID]
	}
	return url.PathEscape(r.ID)
}

// refName is what a reference is called in the text.
func (p *page) refName(r Ref) string {
	switch {
	case r.Kind == FromAdvice:
		return p.anchors[r.ID]
	case r.Kind == FromMethod:
		return "m"
	case r.Kind == FromPack:
		return p.packNames[r.ID]
	case r.Kind == FromLog && r.ID == "all":
		return "l"
	case r.Kind == FromAttribution:
		return "w"
	}
	return r.ID
}

// PackName is the short name of a pack.
func (p *page) PackName(name string) string { return p.packNames[name] }

// Links are references to verdicts or findings, by their ids.
func (p *page) Links(ids []string) template.HTML {
	var b strings.Builder
	for i, id := range ids {
		if i > 0 {
			b.WriteString(" ")
		}
		fmt.Fprintf(&b, `<a href="#%s">%s</a>`, url.PathEscape(id), template.HTMLEscapeString(id))
	}
	return template.HTML(`<bdi dir="ltr">` + b.String() + `</bdi>`)
}

// Period is a span of time to the minute.
func (p *page) Period(first, last time.Time) template.HTML { return p.Text(Text(period(first, last))) }

// period writes two times; of the second only what differs from the first.
func period(first, last time.Time) string {
	a, b := stamp(first), stamp(last)
	switch {
	case a == "" || a == b || b == "":
		return string(isolateLTR) + a + string(isolateEnd)
	case a[:10] == b[:min(10, len(b))]:
		b = b[11:]
	}
	return string(isolateLTR) + a + " – " + b + string(isolateEnd)
}

// Date is a day, Moment a time to the minute.
func (p *page) Date(t time.Time) string { return t.UTC().Format(time.DateOnly) }

// Percent is a probability.
func (p *page) Percent(f float64) template.HTML {
	return p.Text(term(percent(f)))
}

// Where says where a quote stands.
func (p *page) Where(q Quote) template.HTML {
	text := term(q.Path)
	if q.Record != 0 {
		text += " · " + p.messages.label("label.record") + " " + term(fmt.Sprint(q.Record))
	}
	return p.Text(text + " · " + p.messages.label("label.offset") + " " + term(fmt.Sprint(q.Offset)))
}

// A VerdictGroup are the verdicts of one value.
type VerdictGroup struct {
	Value    verdict.Value
	Key      string
	Symbol   string
	Word     Text
	Verdicts []Verdict
}

// Groups are the verdicts by value, in the order in which they are shown.
func (p *page) Groups() []VerdictGroup {
	var all []VerdictGroup
	for _, value := range values {
		g := VerdictGroup{value, key(value), symbols[string(value)], p.messages.label("value." + key(value)), nil}
		for _, v := range p.Verdicts {
			if v.Value == value {
				g.Verdicts = append(g.Verdicts, v)
			}
		}
		if len(g.Verdicts) > 0 {
			all = append(all, g)
		}
	}
	return all
}

// Key is a value as classes have it.
func (p *page) Key(v verdict.Value) string { return key(v) }

// An ActionGroup are actions of one purpose.
type ActionGroup struct {
	Key     string
	Actions []Action
}

// ActionGroups are the actions by purpose.
func (p *page) ActionGroups() []ActionGroup {
	var all []ActionGroup
	for _, a := range p.Actions {
		if len(all) == 0 || all[len(all)-1].Key != a.Group {
			all = append(all, ActionGroup{Key: a.Group})
		}
		g := &all[len(all)-1]
		g.Actions = append(g.Actions, a)
	}
	return all
}

// Sections are those after the first page, for the contents.
func (p *page) Sections() []string {
	return []string{"verdicts", "timeline", "findings", "attribution", "coverage", "actions", "indicators", "claims", "packs", "method", "feedback"}
}

// Cite is a link to what something comes from.
func (p *page) Cite(r Ref) template.HTML {
	return template.HTML(fmt.Sprintf(`<a href="#%s"><bdi dir="ltr">%s</bdi></a>`, p.anchor(r), template.HTMLEscapeString(p.refName(r))))
}
