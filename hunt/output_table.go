package hunt

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"aldebaran/attack"
	"aldebaran/english"
	"aldebaran/event"
	"aldebaran/finding"
	"aldebaran/match"
	"aldebaran/match/sigma"
)

// TableOptions say how a summary for people looks; the zero value is plain text of usual width.
type TableOptions struct {
	// Width is the number of columns, 0 if it is not known.
	Width int
	// Color allows colours.
	Color bool
	// Heading is a line above everything, "" for none.
	Heading string
	// Next is what to do next where the evidence does not stay; "" proposes commands on it.
	Next string
}

// The widths that the summary is made for.
const (
	usualWidth = 120
	minWidth   = 60
	maxWidth   = 160
)

// How much of each part of the summary is shown; what is left out is counted.
const (
	shownHosts   = 8 // names, where several hosts are told in one line
	shownDamage  = 6 // sources
	shownSkipped = 6 // files
	shownRejects = 4 // rules
)

// shownRules is how many rules of each level are shown, informational first.
var shownRules = [...]int{3, 5, 10, 20, 30}

// A Table writes the summary of a hunt for people: what was read, what was found, when it happened,
// what could not be read, and what to do next. It shows no matches.
type Table struct {
	p   page
	opt TableOptions
	out io.Writer
}

// NewTable makes an output that writes a summary at the end.
func NewTable(w io.Writer, opt TableOptions) *Table {
	width := opt.Width
	if width <= 0 {
		width = usualWidth
	}
	return &Table{out: w, opt: opt, p: page{width: min(max(width, minWidth), maxWidth), color: opt.Color}}
}

// Match does nothing: findings are in the result.
func (t *Table) Match(*Match) error { return nil }

// Correlation does nothing: findings are in the result.
func (t *Table) Correlation(*Correlation) error { return nil }

// Finish writes the summary.
func (t *Table) Finish(r *Result) error {
	t.heading()
	t.whatWasRead(r)
	t.answer(r)
	t.whatWasFound(r)
	t.tactics(r)
	t.timeline(r)
	t.whatIsMissing(r)
	t.next(r)
	t.p.blank()
	_, err := io.WriteString(t.out, t.p.text.String())
	return err
}

func (t *Table) heading() {
	if t.opt.Heading != "" {
		t.p.blank()
		t.p.line(t.p.paint(warning, t.opt.Heading))
	}
}

func (t *Table) whatWasRead(r *Result) {
	p, s := &t.p, &r.Summary
	p.blank()
	if s.Partial {
		p.line(p.paint(warning, "Interrupted: this is what was found until then."))
		p.blank()
	}
	read := fmt.Sprintf("%s in %s", english.Count(s.Events, "event"), english.Count(s.Files, "file"))
	if s.Files > 0 {
		read += ", " + Bytes(s.Bytes)
		if s.Used > 0 && s.Used < s.Bytes {
			read += ", " + Bytes(s.Used) + " of it used"
		}
	}
	p.row("Read", read)
	if d := r.Took.Reading; d > 0 {
		p.row("", p.paint(faint, fmt.Sprintf("in %s, %s events a second; rules were ready in %s",
			took(d), english.Number(int64(float64(s.Events+s.DuplicateEvents)/d.Seconds())), took(r.Took.Rules))))
	}
	if s.DuplicateEvents > 0 {
		p.row("", p.paint(faint, english.CountOf(s.DuplicateEvents, "copy of an event", "copies of events")+" left out: they were read before"))
	} else if s.DuplicateMatches > 0 {
		p.row("", p.paint(faint, english.CountOf(s.DuplicateMatches, "match", "matches")+" left out: their events were read before"))
	}
	if s.Recovered > 0 {
		p.row("", p.paint(faint, english.Count(s.Recovered, "event")+" recovered from deleted records"))
	}
	if s.FilteredEvents > 0 {
		p.row("", p.paint(faint, english.Count(s.FilteredEvents, "event")+" outside the time or hosts that were asked for"))
	}
	if !r.looked {
		t.rules(r)
	}
	if s.First != "" {
		p.row("Period", period(s.First, s.Last)+p.paint(faint, " UTC · "+span(s.First, s.Last)))
	}
	if len(s.Hosts) > 0 {
		p.row("Hosts", p.paint(faint, english.Number(len(s.Hosts))+"  ")+t.names(s.Hosts, p.width-14-len(english.Number(len(s.Hosts)))))
	}
}

// rules says with how many rules was hunted.
func (t *Table) rules(r *Result) {
	p := &t.p
	rules := english.Count(r.Rules.Active, "rule")
	if all := r.Rules.Loaded - r.Rules.Silent; r.Rules.Active != all {
		rules += " of " + english.Number(all)
	}
	if n := r.Rules.Behaviours; n > 0 {
		rules += ", " + english.Count(n, "behaviour")
	}
	if n := r.Rules.Indicators; n > 0 {
		rules += ", " + english.Count(n, "indicator")
	}
	p.row("Rules", rules)
	if aside := besides(r.Rules); aside != "" {
		p.row("", p.paint(faint, aside))
	}
}

// besides says which rules were left out on purpose, and that there are remarks on others.
func besides(r RuleReport) string {
	var parts []string
	for _, reason := range slices.Sorted(maps.Keys(r.Skipped)) {
		parts = append(parts, fmt.Sprintf("%s %s left out", english.Number(r.Skipped[reason]), Terminal(reason)))
	}
	if n := len(r.Warnings); n > 0 {
		parts = append(parts, english.Count(n, "warning")+" (aldebaran rules check shows them)")
	}
	return strings.Join(parts, ", ")
}

// names lists hosts as far as there is space, and counts the others. If there are several, they go
// without their domain.
func (t *Table) names(all []string, space int) string {
	var b strings.Builder
	used := 0
	for i, name := range all {
		name = Terminal(name)
		if len(all) > 1 {
			name = short(name)
		}
		more := ""
		if rest := len(all) - i - 1; rest > 0 {
			more = fmt.Sprintf(" and %s more", english.Number(rest))
		}
		sep := ""
		if i > 0 {
			sep = ", "
		}
		if i > 0 && (i >= shownHosts || used+len(sep)+columns(name)+len(more) > space) {
			b.WriteString(t.p.paint(faint, fmt.Sprintf(" and %s more", english.Number(len(all)-i))))
			break
		}
		name = cut(name, max(space-len(more), 8))
		b.WriteString(sep + name)
		used += len(sep) + columns(name)
	}
	return b.String()
}

// ruleFindings is what one rule found.
type ruleFindings struct {
	rule    *match.Rule
	refs    attack.Refs
	matches int
	hosts   []string
	period  event.Period
}

// byRule sums findings up by rule: the most severe first, among these those that matched most.
func byRule(all []finding.Finding) []ruleFindings {
	at := map[*match.Rule]int{}
	var rules []ruleFindings
	for _, f := range all {
		i, ok := at[f.Rule]
		if !ok {
			i = len(rules)
			at[f.Rule] = i
			rules = append(rules, ruleFindings{rule: f.Rule, refs: f.Attack})
		}
		r := &rules[i]
		r.matches += f.Count
		r.hosts = append(r.hosts, f.Hosts...)
		r.period.Join(event.Period{First: f.First, Last: f.Last})
	}
	for i := range rules {
		slices.Sort(rules[i].hosts)
		rules[i].hosts = slices.Compact(rules[i].hosts)
	}
	slices.SortStableFunc(rules, func(a, b ruleFindings) int {
		return cmp.Or(
			b.rule.Severity()-a.rule.Severity(),
			b.matches-a.matches,
			strings.Compare(a.rule.Title, b.rule.Title),
			strings.Compare(a.rule.ID, b.rule.ID),
		)
	})
	return rules
}

func (t *Table) whatWasFound(r *Result) {
	p, s := &t.p, &r.Summary
	p.blank()
	if s.Findings == 0 {
		p.row("Findings", p.paint(strong, "none"))
		return
	}
	var parts []string
	for i, n := range slices.Backward(s.FindingsByLevel[:]) {
		if n > 0 {
			parts = append(parts, p.paint(levelStyles[i], english.Number(n)+" "+sigma.Levels[i]))
		}
	}
	p.row("Findings", strings.Join(parts, p.paint(faint, " · ")))
	rules := byRule(r.Findings)
	p.row("", p.paint(faint, fmt.Sprintf("from %s of %s", english.CountOf(s.Matches+s.Correlations, "match", "matches"), english.Count(len(rules), "rule"))))
	c := t.columns(rules)
	for level := len(sigma.Levels) - 1; level >= 0; level-- {
		n := 0
		for _, f := range rules {
			if f.rule.Severity() != level {
				continue
			}
			if n++; n == 1 {
				p.blank()
				p.rule(levelStyles[level], sigma.Levels[level])
			}
			if n <= shownRules[level] {
				t.ruleLine(f, c, levelStyles[level])
			}
		}
		if hidden := n - shownRules[level]; hidden > 0 {
			p.line(strings.Repeat(" ", countWidth+len(gap)) + p.paint(faint, "and "+english.Count(hidden, "more rule")))
		}
	}
}

// The columns of the list of rules: those that are always the same.
const (
	countWidth = 7
	gap        = "  "
	minTitle   = 28
)

// ruleColumns are the widths of the others: as wide as they must be, and titles have the rest.
type ruleColumns struct{ title, when, host, technique int }

func (t *Table) columns(rules []ruleFindings) ruleColumns {
	var c ruleColumns
	for _, f := range rules {
		c.when = max(c.when, columns(f.when()))
		c.host = max(c.host, columns(first(f.hosts, t.p.width/6, true)))
		c.technique = max(c.technique, columns(first(f.refs.Techniques, t.p.width, false)))
	}
	c.title = t.p.width - countWidth - c.when - c.host - c.technique - 4*len(gap)
	return c
}

func (f *ruleFindings) when() string { return days(stamp(f.period.First), stamp(f.period.Last)) }

// ruleLine shows what one rule found: how often, which rule, when, where, and what it is in ATT&CK.
//
//	1,204  Title of the rule           2024-05-01 10:00 – 11:32  HOST01 +3  T1059.001 +1
func (t *Table) ruleLine(f ruleFindings, c ruleColumns, s style) {
	p := &t.p
	count := right(p.paint(s, english.Number(f.matches)), countWidth) + gap
	title := Terminal(f.rule.Title)
	rest := left(p.paint(faint, f.when()), c.when) + gap + left(first(f.hosts, t.p.width/6, true), c.host) + gap +
		p.paint(faint, first(f.refs.Techniques, t.p.width, false))
	if c.title < minTitle { // two lines on a narrow terminal
		p.line(count + cut(title, p.width-countWidth-len(gap)))
		p.line(strings.Repeat(" ", countWidth+len(gap)) + rest)
		return
	}
	p.line(count + left(cut(title, c.title), c.title) + gap + rest)
}

// first shows the first of a list and how many more there are. Names of hosts are shown without
// their domain.
func first(list []string, width int, host bool) string {
	if len(list) == 0 {
		return ""
	}
	name := Terminal(list[0])
	if host {
		name = short(name)
	}
	more := ""
	if len(list) > 1 {
		more = fmt.Sprintf(" +%d", len(list)-1)
	}
	return cut(name, width-len(more)) + more
}

// short gives the name of a host without its domain; an address stays whole.
func short(host string) string {
	name, _, _ := strings.Cut(host, ".")
	if strings.Trim(name, "0123456789") == "" {
		return host
	}
	return name
}

func (t *Table) tactics(r *Result) {
	p := &t.p
	counts := map[string]int{}
	for _, f := range r.Findings {
		for _, tactic := range f.Attack.Tactics {
			counts[tactic]++
		}
	}
	var parts []string
	for _, tactic := range attack.Tactics() {
		if n := counts[tactic.Short]; n > 0 {
			parts = append(parts, tactic.Name+" "+p.paint(faint, english.Number(n)))
		}
	}
	if len(parts) > 0 {
		p.blank()
		p.wrapped("ATT&CK", parts, p.paint(faint, " → "))
	}
}

// timeline draws one row of bars for each level.
func (t *Table) timeline(r *Result) {
	p := &t.p
	buckets := r.Timeline.Buckets()
	if len(buckets) == 0 {
		return
	}
	buckets, early, late := withoutStrays(buckets)
	cols, width := finding.Columns(buckets, r.Timeline.Step(), p.width-labelWidth)
	from := buckets[0].Start
	to := buckets[len(buckets)-1].Start.Add(r.Timeline.Step())
	p.blank()
	p.row("When", period(stamp(from), stamp(to))+p.paint(faint, " · one column is "+seconds(width)))
	for level := len(sigma.Levels) - 1; level >= 0; level-- {
		most := 0
		for _, c := range cols {
			most = max(most, c[level])
		}
		if most == 0 {
			continue
		}
		var b strings.Builder
		for _, c := range cols {
			b.WriteRune(bar(c[level], most))
		}
		name := sigma.Levels[level]
		if name == "informational" {
			name = "info"
		}
		p.row(p.paint(faint, name), p.paint(levelStyles[level], strings.TrimRight(b.String(), " ")))
	}
	if early+late > 0 {
		p.row("", p.paint(faint, fmt.Sprintf("%s far outside this period", english.CountOf(early+late, "match", "matches"))))
	}
}

// bar is one character whose height tells a count: a square root, so that a few beside many are
// still seen.
func bar(n, most int) rune {
	const bars = "▁▂▃▄▅▆▇█"
	if n == 0 {
		return ' '
	}
	i := 0 // the root of n/most, in eighths
	for i < 7 && (i+1)*(i+1)*most <= n*64 {
		i++
	}
	return []rune(bars)[i]
}
