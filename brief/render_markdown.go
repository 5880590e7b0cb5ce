package brief

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"time"
)

// Markdown writes a brief as CommonMark with the tables of GitHub's dialect. It has no HTML, no links and
// no pictures: nothing from a log or a report can bring any.
func Markdown(w io.Writer, b *Brief) error {
	m := &markdown{page: newPage(b), w: bufio.NewWriter(w)}
	m.firstPage()
	m.answers()
	m.when()
	m.findings()
	m.attribution()
	m.coverage()
	m.actions()
	m.appendix()
	return m.w.Flush() // tells of the first error of all that was written
}

// markdown writes the form; errors are kept by w until it is flushed.
type markdown struct {
	*page
	w *bufio.Writer
}

func (m *markdown) line(parts ...string) {
	for _, p := range parts {
		_, _ = m.w.WriteString(p)
	}
	_ = m.w.WriteByte('\n')
}

func (m *markdown) heading(level int, key string) {
	m.line("\n", strings.Repeat("#", level), " ", m.label(key), "\n")
}

func (m *markdown) label(key string) string { return m.text(m.messages.label(key)) }

// none says that a part is empty.
func (m *markdown) none(n int) {
	if n == 0 {
		m.line(m.label("none"))
	}
}

// named is a label before what it names.
func (m *markdown) named(key string) string { return m.label(key) + m.label("colon") }

func (m *markdown) count(key string, n int) string { return m.text(m.messages.count(key, n)) }

// text is a text: names and paths as code, where nothing has a meaning, everything else escaped.
func (m *markdown) text(t Text) string {
	var b strings.Builder
	for _, p := range t.pieces() {
		if p.isolate == isolateLTR && strings.Trim(p.text, "0123456789,.\u202f -:–%s") != "" || p.isolate != 0 && linkable(p.text) {
			b.WriteString(m.code(p.text))
			continue
		}
		s := escapeMarkdown(p.text)
		if p.isolate != 0 {
			s = m.apart(s)
		}
		b.WriteString(s)
	}
	return b.String()
}

// foreign is a text of the story or of a pack that is clean already.
func (m *markdown) foreign(s string) string {
	return m.text(Text(isolateAuto) + Text(s) + Text(isolateEnd))
}

// linkable tells whether a text has what GitHub's dialect makes links of by itself.
func linkable(s string) bool {
	l := strings.ToLower(s)
	return strings.Contains(l, "://") || strings.Contains(l, "www.") || strings.Contains(l, "@")
}

// apart keeps what runs from left to right in order inside of Arabic.
func (m *markdown) apart(s string) string {
	if m.Direction != "rtl" || s == "" {
		return s
	}
	return string(isolateAuto) + s + string(isolateEnd)
}

// code is a code span (CommonMark 0.31.2, 6.1) that also stands in a table. A bar would end the cell, and
// cannot be escaped inside code outside of tables: it is shown as \x7c, as other characters that take effect.
func (m *markdown) code(s string) string {
	if s == "" {
		return ""
	}
	s = strings.ReplaceAll(s, "|", `\x7c`)
	fence := "`"
	for strings.Contains(s, fence) {
		fence += "`"
	}
	if strings.HasPrefix(s, "`") || strings.HasSuffix(s, "`") {
		s = " " + s + " "
	}
	return m.apart(fence + s + fence)
}

// escapeMarkdown escapes whatever may have a meaning in CommonMark or GitHub's dialect. What has one at the
// beginning of a line only (lists, headings under a text) is escaped where a text begins with it.
func escapeMarkdown(s string) string {
	var b strings.Builder
	for i, r := range s {
		switch r {
		case '\\', '`', '*', '_', '[', ']', '<', '>', '#', '|', '~', '&', '$', '!':
			b.WriteByte('\\')
		case ':':
			if strings.HasPrefix(s[i:], "://") {
				b.WriteByte('\\')
			}
		case '+', '-', '=', '.', ')':
			if beginsBlock(s, i) {
				b.WriteByte('\\')
			}
		}
		b.WriteRune(r)
	}
	return b.String()
}

// beginsBlock tells whether the character at i could make a list or an underline of a text that begins a
// line: it comes first, or after digits alone, and the marker ends with it.
func beginsBlock(s string, i int) bool {
	if i > maxMarker || strings.Trim(s[:i], "0123456789") != "" || (i > 0) != (s[i] == '.' || s[i] == ')') {
		return false
	}
	return s[i] == '=' || s[i] == '-' || i+1 == len(s) || s[i+1] == ' '
}

// maxMarker is how long the number of a list can be, and more (CommonMark 5.2: nine digits).
const maxMarker = 12

func (m *markdown) say(s Sentence) string {
	out := m.text(s.Text)
	if s.Polished {
		out += " ✎"
	}
	var names []string
	for i, r := range s.From {
		if i == shownRefs && len(s.From) > shownRefs+1 {
			names = append(names, fmt.Sprintf("+%d", len(s.From)-i))
			break
		}
		names = append(names, m.refName(r))
	}
	return out + " " + m.apart(`\[`+escapeMarkdown(strings.Join(names, ", "))+`\]`)
}

func (m *markdown) firstPage() {
	m.line("# ", m.text(m.About), "\n")
	about := []string{"**" + m.text(m.Brief.Title) + "**", escapeMarkdown(m.TLP)}
	if !m.Generated.IsZero() {
		about = append(about, m.Date(m.Generated))
	}
	for _, part := range []struct{ key, value string }{{"label.sector", m.text(m.Sector)}, {"label.region", m.text(m.Region)}, {"label.case", m.code(m.Case)}} {
		if part.value != "" {
			about = append(about, m.named(part.key)+part.value)
		}
	}
	m.line(strings.Join(about, " · "), "\n")
	m.line("> ", m.Answer.Symbol, " **", m.text(m.Answer.Word), "**  ")
	counts := []string{}
	for _, c := range []struct {
		key string
		n   int
	}{{"seen", m.Answer.Seen}, {"not-seen", m.Answer.NotSeen}, {"could-not-see", m.Answer.CouldNotSee}, {"not-judged", m.Answer.NotJudged}} {
		counts = append(counts, m.named("value."+c.key)+m.text(m.messages.number(c.n)))
	}
	m.line("> ", strings.Join(counts, " · "))
	for _, part := range []struct {
		key       string
		sentences []Sentence
	}{{"happening", m.Happening}, {"matters", m.Matters}, {"next", m.Next}} {
		m.heading(2, "heading."+part.key)
		for _, s := range part.sentences {
			m.line("- ", m.say(s))
		}
	}
	m.line("\n> ", m.label("draft"))
	if m.Polished {
		m.line("> ", m.label("polished"))
	}
}

func (m *markdown) answers() {
	m.heading(2, "heading.verdicts")
	m.line(m.say(m.Answer.Sentence))
	for _, g := range m.Groups() {
		m.line("\n### ", g.Symbol, " ", m.text(g.Word), m.label("colon"), m.text(m.messages.number(len(g.Verdicts))), "\n")
		for i := range g.Verdicts {
			m.verdict(&g.Verdicts[i])
		}
	}
}

func (m *markdown) verdict(v *Verdict) {
	strength := ""
	if v.StrengthWord != "" {
		strength = " (" + m.text(v.StrengthWord) + ")"
	}
	m.line("- **", escapeMarkdown(v.ID), " · ", m.foreign(v.Label), "** ", m.say(v.Statement), strength)
	m.line("  - ", m.say(v.Because))
	for _, p := range v.Proofs {
		m.line("  - ", escapeMarkdown(p.Finding), " ", m.foreign(p.Title))
		if p.Quote != nil {
			m.quote("    ", *p.Quote)
		}
	}
	if v.ProofsOmitted > 0 {
		m.line("  - ", m.count("findings-more", v.ProofsOmitted))
	}
	for _, x := range v.Missing {
		fix := ""
		if x.TurnOn != "" {
			fix = " · " + m.named("label.turn-on") + m.code(x.TurnOn)
		}
		m.line("  - ", m.named("label.missing"), m.code(x.What), fix)
	}
	for _, s := range v.Searched {
		m.line("  - ", m.named("label.searched"), m.code(s.Host+" · "+s.Log), " ", m.period(s.First, s.Last), ", ", m.count("events", s.Events))
	}
	if n := v.MissingOmitted + v.SearchedOmitted; n > 0 {
		m.line("  - ", m.count("more", n))
	}
}

func (m *markdown) quote(indent string, q Quote) {
	m.line(indent, "- ", m.code(q.Text))
	record := ""
	if q.Record != 0 {
		record = fmt.Sprintf(" · %s %d", m.label("label.record"), q.Record)
	}
	m.line(indent, "  ", m.code(q.Path), record, fmt.Sprintf(" · %s %d", m.label("label.offset"), q.Offset))
}

func (m *markdown) period(first, last time.Time) string { return m.text(Text(period(first, last))) }

// table writes a table of cells that are ready.
func (m *markdown) table(keys []string, rows [][]string) {
	if len(rows) == 0 {
		return
	}
	labels := make([]string, len(keys))
	for i, k := range keys {
		labels[i] = m.label(k)
	}
	m.line("\n| ", strings.Join(labels, " | "), " |")
	m.line(strings.Repeat("|---", len(keys)), "|")
	for _, r := range rows {
		m.line("| ", strings.Join(r, " | "), " |")
	}
}

func (m *markdown) when() {
	m.heading(2, "heading.timeline")
	m.line(m.say(m.Timeline.Sentence))
	var rows [][]string
	for _, h := range m.Timeline.Hosts {
		row := []string{m.code(h.Host), m.period(h.First, h.First), m.period(h.Last, h.Last)}
		for i := len(h.Levels) - 1; i >= 0; i-- {
			row = append(row, m.text(m.messages.number(h.Levels[i])))
		}
		rows = append(rows, row)
	}
	m.table([]string{"label.host", "label.first", "label.last", "level.critical", "level.high", "level.medium", "level.low", "level.informational"}, rows)
	for _, o := range []struct {
		key string
		n   int
	}{{"rows-more", m.Timeline.HostsOmitted}, {"strays", m.Timeline.StraysOmitted}} {
		if o.n > 0 {
			m.line("\n", m.count(o.key, o.n))
		}
	}
}

func (m *markdown) findings() {
	m.heading(2, "heading.findings")
	m.none(len(m.Findings))
	for _, f := range m.Findings {
		m.line("\n### ", f.Symbol, " ", m.text(f.LevelWord), " · ", f.ID, " ", m.foreign(f.Title), "\n")
		facts := []string{}
		for _, h := range f.Hosts {
			facts = append(facts, m.code(h))
		}
		if !f.First.IsZero() {
			facts = append(facts, m.period(f.First, f.Last))
		}
		facts = append(facts, m.count("records", f.Count))
		for _, t := range f.Techniques {
			facts = append(facts, m.foreign(strings.TrimSpace(t.ID+" "+t.Name)))
		}
		if len(f.Verdicts) > 0 {
			facts = append(facts, m.named("label.shows")+escapeMarkdown(strings.Join(f.Verdicts, ", ")))
		}
		if f.Like != "" {
			facts = append(facts, m.label("like")+" "+f.Like)
		}
		m.line(strings.Join(facts, " · "), "\n")
		for _, part := range []struct {
			key       string
			sentences []Sentence
		}{{"label.what", f.What}, {"label.why", f.Why}, {"label.benign", f.Benign}, {"label.next", f.Next}} {
			for _, s := range part.sentences {
				m.line("- ", m.named(part.key), m.text(s.Text))
			}
		}
		for _, q := range f.Quotes {
			m.quote("", q)
		}
	}
	if m.FindingsMore != nil {
		m.line("\n", m.say(*m.FindingsMore))
	}
}

func (m *markdown) attribution() {
	m.heading(2, "heading.attribution")
	m.line(m.say(m.Who.Sentence))
	for _, c := range m.Who.Candidates {
		m.line("- **", m.foreign(c.Name), "** ", escapeMarkdown(percent(c.Probability)))
		for _, s := range c.Why {
			m.line("  - ", m.text(s.Text))
		}
		for _, s := range c.Against {
			m.line("  - ", m.named("label.against"), m.text(s.Text))
		}
	}
	for _, s := range m.Who.Missing {
		m.line("- ", m.named("label.decide"), m.text(s.Text))
	}
}

func (m *markdown) coverage() {
	m.heading(2, "heading.coverage")
	for _, s := range m.Coverage.Sentences {
		m.line("- ", m.text(s.Text))
	}
	var rows [][]string
	for _, l := range m.Coverage.Logs {
		var limits []string
		for _, g := range l.Gaps {
			limits = append(limits, m.named("label.gaps")+m.period(g.From, g.To))
		}
		for _, b := range l.Blind {
			limits = append(limits, m.named("label.blind")+m.code(b.What)+" · "+m.named("label.turn-on")+m.code(b.Fix))
		}
		for _, c := range l.Clocks {
			limits = append(limits, m.named("label.clock")+m.code(c)+" ("+m.label("assumed")+")")
		}
		rows = append(rows, []string{l.ID + " " + m.code(l.Name), m.code(l.Host), m.period(l.First, l.Last), m.text(m.messages.number(l.Events)), strings.Join(limits, "; ")})
	}
	m.table([]string{"label.log", "label.host", "label.period", "label.events", "label.limits"}, rows)
	if m.Coverage.LogsOmitted > 0 {
		m.line("\n", m.count("rows-more", m.Coverage.LogsOmitted))
	}
	if len(m.Coverage.Damage) > 0 {
		m.heading(3, "label.damage")
	}
	for _, d := range m.Coverage.Damage {
		m.line("- ", m.code(d.Path), ": ", m.code(d.What))
	}
	if m.Coverage.DamageOmitted > 0 {
		m.line("- ", m.count("more", m.Coverage.DamageOmitted))
	}
	for i, s := range m.Coverage.Notes {
		if i == 0 {
			m.line()
		}
		m.line("- ", m.text(s.Text))
	}
}

func (m *markdown) actions() {
	m.heading(2, "heading.actions")
	m.none(len(m.Actions))
	for _, g := range m.ActionGroups() {
		m.heading(3, "heading.actions-"+g.Key)
		for _, a := range g.Actions {
			answers := ""
			if len(a.Answers) > 0 {
				answers = " · " + m.named("label.shows") + escapeMarkdown(strings.Join(a.Answers, ", "))
				if a.AnswersOmitted > 0 {
					answers += " " + m.count("more", a.AnswersOmitted)
				}
			}
			m.line("- **", a.ID, " ", m.text(a.Title.Text), "** ", m.text(a.Text.Text))
			m.line("  - ", m.named("label.owner"), m.text(a.Owner), " · ", m.named("label.effort"), m.text(a.Effort), answers)
			for _, c := range a.Collect {
				m.line("  - ", m.named("label.collect"), m.code(c))
			}
		}
	}
	if m.ActionsMore != nil {
		m.line("\n", m.say(*m.ActionsMore))
	}
}

// appendix has the indicators, the claims, the packs, and how the brief was made.
func (m *markdown) appendix() {
	m.heading(2, "heading.indicators")
	m.line(m.say(m.Indicators.Sentence))
	var rows [][]string
	for _, i := range m.Indicators.List {
		seen, grade := m.label("label.no"), i.Grade
		if i.Seen {
			seen = "**" + m.label("label.yes") + "**"
		}
		if i.Unverified {
			grade += " " + m.label("label.unverified")
		}
		rows = append(rows, []string{i.Type, m.code(i.Defanged), m.foreign(i.Of), strings.TrimSpace(escapeMarkdown(m.refName(i.From)) + " " + m.foreign(i.Source)), grade, i.TLP, seen})
	}
	m.table([]string{"label.type", "label.value", "label.of", "label.source", "label.grade", "label.tlp", "label.in-evidence"}, rows)
	if m.Indicators.Omitted > 0 {
		m.line("\n", m.count("rows-more", m.Indicators.Omitted))
	}
	m.heading(2, "heading.claims")
	m.none(len(m.Claims))
	rows = nil
	for _, c := range m.Claims {
		var remarks []string
		for _, t := range c.Marks {
			remarks = append(remarks, m.text(t))
		}
		if c.Why != nil {
			remarks = append(remarks, m.text(c.Why.Text))
		}
		if len(c.Verdicts) > 0 {
			remarks = append(remarks, escapeMarkdown(strings.Join(c.Verdicts, ", ")))
		}
		rows = append(rows, []string{escapeMarkdown(c.ID), m.text(c.Word), m.foreign(c.Name), m.foreign(c.Quote), strings.Join(remarks, "; ")})
	}
	m.table([]string{"label.claim", "label.kind", "label.name", "label.quote", "label.remarks"}, rows)
	m.heading(2, "heading.packs")
	m.none(len(m.Packs))
	for _, p := range m.Packs {
		m.line("- ", m.PackName(p.Name), " ", m.code(p.Name), " ", m.foreign(p.Title), " · ", m.foreign(p.Version), " · ", m.foreign(p.Date), " · ", m.foreign(p.Licence))
	}
	m.heading(2, "heading.method")
	for _, s := range m.Method {
		m.line("- ", m.text(s.Text))
	}
	m.heading(2, "heading.feedback")
	for _, s := range m.Feedback {
		m.line("- ", m.text(s.Text))
	}
	m.line("\n    ", m.Command)
}
