package main

import (
	"bufio"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"aldebaran/hunt"
	"aldebaran/intel"
	"aldebaran/match/sigma"
	"aldebaran/packs"
)

// showPack prints everything of a pack.
func showPack(w io.Writer, p *intel.Pack, dirs []string, asJSON bool) error {
	if asJSON {
		return printJSON(w, packDocument(p))
	}
	titles, err := ruleTitles(dirs)
	if err != nil {
		return err
	}
	out := packText{Writer: bufio.NewWriter(w), titles: titles}
	out.head(p)
	if p.Actor != nil {
		out.actor(p.Actor)
	}
	out.knowledge(p)
	out.detections(p.Detections)
	out.advice(p.Advice)
	out.indicators(p.Indicators)
	out.sources(p.Sources)
	return out.Flush()
}

type indicatorShown struct {
	Type       intel.IndicatorType `json:"type"`
	Value      string              `json:"value"`
	Malware    string              `json:"malware,omitempty"`
	Actor      string              `json:"actor,omitempty"`
	Note       string              `json:"note,omitempty"`
	Source     string              `json:"source"`
	Grade      intel.Grade         `json:"grade"`
	TLP        intel.TLP           `json:"tlp"`
	Unverified bool                `json:"unverified,omitempty"`
}

// packDocument is a pack as one JSON document.
func packDocument(p *intel.Pack) any {
	shown := make([]indicatorShown, len(p.Indicators))
	for i, n := range p.Indicators {
		shown[i] = indicatorShown{n.Type, n.Value, n.Malware, n.Actor, n.Note, n.Source, n.Grade, n.TLP, n.Unverified}
	}
	return struct {
		*intel.Pack
		Advice     []intel.Advice   `json:"advice"`
		Indicators []indicatorShown `json:"indicators"`
		Sigma      []string         `json:"sigma"`
		YARA       []string         `json:"yara"`
		Tests      []string         `json:"tests"`
	}{p, some(p.Advice), shown, some(p.Sigma), some(p.YARA), some(p.Tests)}
}

// ruleTitles are the titles of rules by their ids: of those that come with the program and of those in
// the packs of the user's.
func ruleTitles(dirs []string) (map[string]string, error) {
	opt := sigma.LoadOptions{IncludeDeprecated: true}
	shipped, err := sigma.LoadFS(packs.Rules(), ".", opt)
	if err != nil {
		return nil, fmt.Errorf("loading the rules that come with the program: %w", err)
	}
	all := []*sigma.Collection{shipped}
	for _, dir := range dirs {
		rules := filepath.Join(dir, "sigma")
		if !isFolder(rules) {
			continue // a pack need not have rules
		}
		c, err := sigma.Load([]string{rules}, opt)
		if err != nil {
			return nil, fmt.Errorf("loading the rules of %s: %w", dir, err)
		}
		all = append(all, c)
	}
	titles := map[string]string{}
	for _, c := range all {
		for _, r := range c.Rules {
			titles[r.ID] = ruleTitle(r.Title, r.Status)
		}
		for _, r := range c.Correlations {
			titles[r.ID] = ruleTitle(r.Title, r.Status)
		}
	}
	return titles, nil
}

// ruleTitle says which rules are not hunted with unless the user says so.
func ruleTitle(title, status string) string {
	if status == "unsupported" || status == "deprecated" {
		return title + " (off)"
	}
	return title
}

// packText prints a pack for people; its errors are that of Flush.
type packText struct {
	*bufio.Writer
	titles map[string]string
}

// textWidth is how wide texts are, and hangingIndent how far they stand in.
const (
	textWidth     = 100
	hangingIndent = 16
)

// line prints a short word and a text beside it, broken into lines.
func (w packText) line(word, format string, args ...any) {
	word = hunt.Terminal(word)
	text := hunt.Terminal(fmt.Sprintf(format, args...))
	column := 2 + len([]rune(word))
	_, _ = fmt.Fprintf(w, "  %s%s", word, strings.Repeat(" ", max(hangingIndent-column, 1)))
	column = max(hangingIndent, column+1)
	for i, word := range strings.Fields(text) {
		n := len([]rune(word))
		switch {
		case i == 0:
		case column+1+n > textWidth:
			_, _ = fmt.Fprintf(w, "\n%s", strings.Repeat(" ", hangingIndent))
			column = hangingIndent
		default:
			_ = w.WriteByte(' ')
			column++
		}
		_, _ = w.WriteString(word)
		column += n
	}
	_ = w.WriteByte('\n')
}

func (w packText) heading(text string) { _, _ = fmt.Fprintf(w, "\n%s\n", text) }

// because is what stands behind a fact: "[B2 S1 S6]".
func because(f intel.Fact) string {
	s := "[" + f.Grade.String() + " " + strings.Join(f.Sources, " ") + "]"
	if f.Generic {
		s = "[" + strings.Join(f.Sources, " ") + "]"
	}
	if f.Unverified {
		s += " UNVERIFIED"
	}
	return s
}

func (w packText) head(p *intel.Pack) {
	_, _ = fmt.Fprintf(w, "%s\n", hunt.Terminal(p.Title))
	w.line("pack", "%s %s, %s, %s", p.Name, p.Version, p.Date, p.Licence)
	w.line("about", "%s", p.Description)
}

func (w packText) actor(a *intel.Actor) {
	w.heading("Actor")
	w.line("name", "%s %s", a.Name, because(a.Fact))
	for _, n := range a.Aliases {
		w.line("also", "%s: %s of %s, confidence %s %s", n.Name, n.Kind, n.By, n.Confidence, because(n.Fact))
	}
	for _, n := range a.NotAliases {
		w.line("not", "%s: %s %s", n.Name, n.Why, because(n.Fact))
	}
	for _, n := range a.IDs {
		w.line("id", "%s in %s %s", n.ID, n.In, because(n.Fact))
	}
	for _, one := range []struct {
		word  string
		claim *intel.Claim
	}{
		{"country", a.Country},
		{"sponsor", a.Sponsor},
		{"motive", a.Motive},
		{"from", a.ActiveFrom},
		{"to", a.ActiveTo},
	} {
		if one.claim != nil {
			w.claims(one.word, []intel.Claim{*one.claim})
		}
	}
	w.claims("objective", a.Objectives)
	w.claims("sector", a.Sectors)
	w.claims("region", a.Regions)
	w.claims("country", a.Countries)
	w.claims("systems", a.SystemsTargeted)
	w.claims("data", a.DataSought)
	w.claims("habit", a.Habits)
	w.claims("attribution", a.Attribution)
	if h := a.Hours; h != nil {
		w.line("hours", "%s to %s UTC, %s. %s %s", h.From, h.To, h.Days, h.Note, because(h.Fact))
	}
}

func (w packText) claims(word string, claims []intel.Claim) {
	for _, c := range claims {
		text := c.Value
		if c.Confidence != "" {
			text += " (" + c.Confidence + ")"
		}
		if c.Note != "" {
			text += ": " + c.Note
		}
		w.line(word, "%s %s", text, because(c.Fact))
	}
}

// knowledge prints what stands between the actor and the detections.
func (w packText) knowledge(p *intel.Pack) {
	if len(p.Timeline) > 0 {
		w.heading("Timeline")
	}
	for _, m := range p.Timeline {
		w.line(string(m.When), "%s %s", m.Text, because(m.Fact))
	}
	w.software("Malware", p.Malware)
	w.software("Tools", p.Tools)
	if len(p.Relations) > 0 {
		w.heading("Relations")
	}
	for _, r := range p.Relations {
		w.line(r.Kind, "%s: %s Confidence %s. %s", strings.Join(append([]string{r.To}, r.Names...), ", "), r.Statement, r.Confidence, because(r.Fact))
	}
	if len(p.Exploits) > 0 {
		w.heading("Vulnerabilities")
	}
	for _, v := range p.Exploits {
		w.line(v.ID, "%s, %s. %s %s", v.Name, v.Product, v.Note, because(v.Fact))
	}
	if len(p.Techniques) > 0 {
		w.heading("Techniques")
	}
	for _, t := range p.Techniques {
		id := t.ID
		if t.NewID != "" {
			id += ", now " + t.NewID + ":"
		}
		w.line(id, "%s Shows in: %s. Confidence %s. %s", t.Observed, t.Shows, t.Confidence, because(t.Fact))
	}
	if len(p.Quotes) > 0 {
		w.heading("Quotes")
	}
	for _, q := range p.Quotes {
		w.line(">", "%q, %s %s", q.Text, q.By, because(q.Fact))
	}
}

func (w packText) software(heading string, list []intel.Software) {
	if len(list) > 0 {
		w.heading(heading)
	}
	for _, s := range list {
		names := strings.Join(append([]string{s.Name}, s.Aliases...), ", ")
		if s.AttackID != "" {
			names += ", " + s.AttackID
		}
		common := ""
		if s.Common {
			common = " Common: proves little."
		}
		w.line("name", "%s: %s. %s%s %s", names, s.Kind, s.Description, common, because(s.Fact))
		for _, a := range s.Artefacts {
			w.line("  "+a.Kind, "%s %s %s", a.Value, a.Note, because(a.Fact))
		}
	}
}

func (w packText) detections(list []intel.Detection) {
	if len(list) > 0 {
		w.heading("Detections")
	}
	for _, d := range list {
		w.line(d.ID, "%s (%s) %s", d.Title, d.Severity, because(d.Fact))
		w.line("", "%s", d.Logic)
		for _, id := range d.Rules {
			w.line("  rule", "%s %s", id, w.titles[id])
		}
		for _, b := range d.Behaviours {
			w.line("  behaviour", "%s", b)
		}
		for _, t := range d.Indicators {
			w.line("  indicators", "%s", t)
		}
		for _, n := range d.Needs {
			w.line("  needs", "%s", n.Log)
		}
		if d.Lacks != "" {
			w.line("  lacks", "%s", d.Lacks)
		}
		if len(d.ShownBy) > 0 {
			w.line("  shown by", "%s", strings.Join(d.ShownBy, ", "))
		}
		w.line("  benign", "%s", d.FalsePositives)
	}
}

func (w packText) advice(list []intel.Advice) {
	if len(list) > 0 {
		w.heading("Advice, what helps most first")
	}
	list = slices.SortedFunc(slices.Values(list), func(a, b intel.Advice) int { return a.Order - b.Order })
	for _, a := range list {
		w.line(a.ID, "%s (%s, %s) %s", a.Title, a.Owner, a.Effort, because(a.Fact))
		w.line("", "%s", a.Text)
		w.line("  answers", "%s", strings.Join(slices.Concat(a.Answers, a.Rules, a.Behaviours), ", "))
		w.line("  measures", "%s", strings.Join(slices.Concat(a.Mitigations, a.D3FEND), ", "))
	}
}

func (w packText) indicators(list []intel.Indicator) {
	if len(list) > 0 {
		w.heading("Indicators")
	}
	for _, i := range list {
		w.line(string(i.Type), "%s %s %s", i.Value, i.Note, because(intel.Fact{Sources: strings.Fields(i.Source), Grade: i.Grade, Unverified: i.Unverified}))
	}
}

func (w packText) sources(list []intel.Source) {
	w.heading("Sources")
	for _, s := range list {
		unread := ""
		if s.Unread {
			unread = " Not read."
		}
		what := slices.DeleteFunc([]string{s.Name, s.Publisher, string(s.Date)}, func(s string) bool { return s == "" })
		w.line(s.ID, "%s, reliability %s.%s %s %s", strings.Join(what, ", "), s.Reliability, unread, s.URL, s.Note)
	}
}
