package hunt

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"aldebaran/english"
	"aldebaran/finding"
)

// strayShare is the share of matches at either end that may be left out of the picture of the
// timeline if that makes the rest at least strayGain times wider: one event of 1601 would press
// all others into one column.
const (
	strayShare = 0.005
	strayGain  = 4
)

// withoutStrays leaves out buckets far from the others, and counts the matches in them.
func withoutStrays(all []finding.Bucket) (kept []finding.Bucket, early, late int) {
	total := 0
	for _, b := range all {
		total += sum(b.Matches)
	}
	allowed := int(float64(total) * strayShare)
	lo, hi := 0, len(all)
	for lo < hi-1 && early+sum(all[lo].Matches) <= allowed {
		early += sum(all[lo].Matches)
		lo++
	}
	for hi-1 > lo && late+sum(all[hi-1].Matches) <= allowed {
		late += sum(all[hi-1].Matches)
		hi--
	}
	whole := all[len(all)-1].Start.Unix() - all[0].Start.Unix()
	if part := all[hi-1].Start.Unix() - all[lo].Start.Unix(); whole < strayGain*max(part, 1) {
		return all, 0, 0
	}
	return all[lo:hi], early, late
}

func sum(counts [5]int) int {
	n := 0
	for _, c := range counts {
		n += c
	}
	return n
}

// whatIsMissing shows what could not be read, and rules that were not used.
func (t *Table) whatIsMissing(r *Result) {
	p, s := &t.p, &r.Summary
	if s.Files == 0 {
		p.blank()
		p.line(p.paint(warning, "Nothing was read: there is no event log in the evidence."))
	}
	if s.Unreadable > 0 {
		p.blank()
		p.row(p.paint(warning, "Not read"), p.paint(warning, english.Count(s.Unreadable, "file")+" that should be evidence"))
		n := 0
		for _, f := range r.Skipped {
			if !f.Missing {
				continue
			}
			if n++; n > shownSkipped {
				break
			}
			p.row("", t.path(f.Path, f.Reason))
		}
		t.andMore(s.Unreadable - shownSkipped)
	}
	if s.LostRecords > 0 || s.LostUnknown > 0 {
		p.blank()
		lost := "an unknown number of records lost"
		if s.LostRecords > 0 {
			lost = english.Count(s.LostRecords, "record") + " lost"
			if s.LostUnknown > 0 {
				lost = "more than " + lost
			}
		}
		p.row(p.paint(warning, "Damaged"), fmt.Sprintf("%s in %s", lost, english.Count(damagedSources(r), "file")))
		n := 0
		for _, src := range r.Sources {
			if src.LostRecords == 0 && src.LostUnknown == 0 {
				continue
			}
			if n++; n > shownDamage {
				continue
			}
			p.row("", t.path(src.Path, damageText(src)))
		}
		t.andMore(n - shownDamage)
	}
	if s.OtherFiles > 0 {
		p.blank()
		p.row("Left out", p.paint(faint, reasons(r, s.OtherFiles)))
	}
	if n := len(r.Rules.Rejected); n > 0 {
		p.blank()
		p.row(p.paint(warning, "No rule"), english.Count(n, "document")+" rejected"+p.paint(faint, " · aldebaran rules check shows all"))
		for i, rej := range r.Rules.Rejected {
			if i == shownRejects {
				break
			}
			p.row("", t.path(fmt.Sprintf("%s:%d", rej.File, rej.Line), rej.Reason))
		}
		t.andMore(n - shownRejects)
	}
	for i, n := range r.Notes {
		if i == 0 {
			p.blank()
		}
		p.row(p.paint(warning, "Note"), Terminal(n))
	}
}

func (t *Table) andMore(n int) {
	if n > 0 {
		t.p.row("", t.p.paint(faint, fmt.Sprintf("and %s more", english.Number(n))))
	}
}

// path shows a path and a remark on it in one line: of a long path the end is shown.
func (t *Table) path(path, remark string) string {
	path, remark = Terminal(path), Terminal(remark)
	space := t.p.width - labelWidth - 2
	if keep := max(space/2, space-columns(remark)); columns(path) > keep {
		path = "…" + widths().TruncateLeft(path, columns(path)-keep+1, "")
	}
	return path + "  " + t.p.paint(faint, cut(remark, max(space-columns(path), 20)))
}

func damagedSources(r *Result) int {
	n := 0
	for _, s := range r.Sources {
		if s.LostRecords > 0 || s.LostUnknown > 0 {
			n++
		}
	}
	return n
}

// damageText says what is wrong with a source by its first place where something was lost.
func damageText(s Source) string {
	for _, d := range s.Damage {
		if d.Lost == 0 {
			continue
		}
		text := fmt.Sprintf("%s at offset %#x: want %s, found %s", d.What, d.Offset, d.Want, d.Found)
		if s.DamageCount > 1 {
			text += fmt.Sprintf(" (and %d more places)", s.DamageCount-1)
		}
		return text
	}
	return english.Count(s.DamageCount, "place")
}

// reasons sums up why files were left out on purpose.
func reasons(r *Result, total int) string {
	counts := map[string]int{}
	for _, s := range r.Skipped {
		if s.Missing {
			continue
		}
		reason := s.Reason
		if strings.HasPrefix(reason, "the same file as ") {
			reason = "the same file again"
		}
		counts[reason]++
	}
	var parts []string
	for _, reason := range slices.SortedFunc(maps.Keys(counts), func(a, b string) int {
		return cmp.Or(counts[b]-counts[a], strings.Compare(a, b))
	}) {
		parts = append(parts, fmt.Sprintf("%s (%s)", Terminal(reason), english.Number(counts[reason])))
	}
	return english.Count(total, "file") + ": " + strings.Join(parts, ", ")
}

// next says what to do with the outcome.
func (t *Table) next(r *Result) {
	p, s := &t.p, &r.Summary
	if t.opt.Next != "" {
		p.blank()
		p.row("Next", t.opt.Next)
		return
	}
	var steps []string
	if s.Matches > 0 {
		steps = append(steps, "every match with its fields: --output matches.jsonl")
	}
	if id, event := exampleOf(r); id != "" {
		steps = append(steps, "why a rule matched: aldebaran rules explain "+id+" "+event)
	}
	if s.Unreadable > 0 || s.LostRecords > 0 || s.LostUnknown > 0 {
		steps = append(steps, "every place that could not be read: --format json")
	}
	if s.DamageCount > 0 && !r.Recover {
		steps = append(steps, "deleted records too: --recover")
	}
	for i, step := range steps {
		if i == 0 {
			p.blank()
			p.row("Next", step)
			continue
		}
		p.row("", step)
	}
}

// exampleOf gives a rule and an event of it for an example, "" if the result keeps no events. People
// paste such lines into a shell, and files may be named by the intruder: only names that mean nothing
// to a shell are shown.
func exampleOf(r *Result) (rule, event string) {
	const harmless = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-./:%+@,=\\"
	for _, f := range r.Findings {
		if len(f.Samples) == 0 || f.Rule.ID == "" {
			continue
		}
		e := f.Samples[0].Event
		event = fmt.Sprintf("%s:%d", e.Source.Path, e.RecordID)
		if e.RecordID == 0 {
			event = fmt.Sprintf("%s@%d", e.Source.Path, e.Source.Offset)
		}
		if strings.Trim(f.Rule.ID+event, harmless) == "" {
			return f.Rule.ID, event
		}
	}
	return "", ""
}
