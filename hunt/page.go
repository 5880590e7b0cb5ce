package hunt

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/mattn/go-runewidth"

	"aldebaran/english"
	"aldebaran/escape"
)

// Terminal makes a text safe for one line of a terminal; see [escape.Terminal].
func Terminal(s string) string { return escape.Terminal(s) }

// A page is text for a terminal being laid out: a column of labels, and what belongs to them.
type page struct {
	text  strings.Builder
	width int
	color bool
}

// labelWidth is the width of the column of labels.
const labelWidth = 12

// A style is a way of writing in a terminal, as the parameters of the control sequence SGR (ECMA-48
// 8.3.117). Only the basic colours are used: they follow the user's scheme, dark or light.
type style string

const (
	plain   style = ""
	strong  style = "1"
	faint   style = "2"
	warning style = "1;33"
)

// levelStyles are those of the levels, informational first.
var levelStyles = [...]style{"2", "36", "33", "31", "1;31"}

// paint writes s in a style, if colours are wanted.
func (p *page) paint(st style, s string) string {
	if !p.color || st == plain || s == "" {
		return s
	}
	return "\x1b[" + string(st) + "m" + s + "\x1b[0m"
}

func (p *page) blank() { p.text.WriteByte('\n') }

func (p *page) line(s string) {
	p.text.WriteString(strings.TrimRight(s, " "))
	p.text.WriteByte('\n')
}

// row writes a label and what belongs to it.
func (p *page) row(label, s string) {
	p.line(left(label, labelWidth) + s)
}

// rule writes a heading with a line behind it, across the page.
func (p *page) rule(st style, heading string) {
	n := p.width - columns(heading) - 1
	p.line(p.paint(st, heading) + " " + p.paint(faint, strings.Repeat("─", max(n, 0))))
}

// wrapped writes a label and a list that may take several lines.
func (p *page) wrapped(label string, parts []string, sep string) {
	line, used := "", 0
	for i, part := range parts {
		// A line that is not the last ends in the separator.
		if i > 0 && used+columns(sep)+columns(part)+columns(strings.TrimRight(sep, " ")) > p.width-labelWidth {
			p.row(label, line+strings.TrimRight(sep, " "))
			label, line, used = "", "", 0
		} else if i > 0 {
			line += sep
			used += columns(sep)
		}
		line += part
		used += columns(part)
	}
	p.row(label, line)
}

// columns is the width of a text on a terminal; control sequences of style take none.
func columns(s string) int {
	n := 0
	for {
		i := strings.Index(s, "\x1b[")
		if i < 0 {
			return n + widths().StringWidth(s)
		}
		n += widths().StringWidth(s[:i])
		end := strings.IndexByte(s[i:], 'm')
		if end < 0 {
			return n
		}
		s = s[i+end+1:]
	}
}

// widths measures text alike on all machines: left to itself, the library would take lines and bars
// for two columns wide where the user's language is East Asian.
func widths() *runewidth.Condition { return &runewidth.Condition{StrictEmojiNeutral: true} }

// left fills a text up with spaces behind it, right in front of it.
func left(s string, width int) string { return s + strings.Repeat(" ", max(width-columns(s), 0)) }

func right(s string, width int) string { return strings.Repeat(" ", max(width-columns(s), 0)) + s }

// cut shortens a text that is too wide.
func cut(s string, width int) string { return widths().Truncate(s, max(width, 1), "…") }

// Bytes writes a size as people read it: 1.4 MiB.
func Bytes(n int64) string {
	const units = "KMGTPE"
	if n < 1024 {
		return strconv.FormatInt(n, 10) + " B"
	}
	f := float64(n)
	i := -1
	for f >= 1024 && i < len(units)-1 {
		f /= 1024
		i++
	}
	format := "%.1f %ciB"
	if f >= 100 {
		format = "%.0f %ciB"
	}
	return fmt.Sprintf(format, f, units[i])
}

// took writes how long something took.
func took(d time.Duration) string {
	switch {
	case d < 10*time.Second:
		return d.Round(10 * time.Millisecond).String()
	case d < time.Minute:
		return d.Round(100 * time.Millisecond).String()
	}
	return d.Round(time.Second).String()
}

// days writes two stamps shortly: to the minute if they are of one day, else the days.
func days(from, to string) string {
	if len(from) < 16 || len(to) < 16 || from[:10] == to[:10] {
		return period(from, to)
	}
	a, _, _ := strings.Cut(from, "T")
	b, _, _ := strings.Cut(to, "T")
	return a + " – " + b
}

// period writes two stamps to the minute; of the second only what differs from the first.
func period(from, to string) string {
	if len(from) < 16 || len(to) < 16 {
		return ""
	}
	minute := func(s string) string { return strings.Replace(s[:16], "T", " ", 1) }
	a, b := minute(from), minute(to)
	switch {
	case a == b:
		return a
	case a[:10] == b[:10]:
		return a + " – " + b[11:]
	case len(from) != len(to): // a year of five digits
		return from + " – " + to
	}
	return a + " – " + b
}

// span writes how long a period is.
func span(from, to string) string {
	const layout = "2006-01-02T15:04:05.0000000Z"
	a, errA := time.Parse(layout, from)
	b, errB := time.Parse(layout, to)
	if errA != nil || errB != nil {
		return "more than 8,000 years"
	}
	return seconds(b.Unix() - a.Unix())
}

// seconds writes a length of time in the unit that suits it.
func seconds(n int64) string {
	const minute, hour, day, year = 60, 3600, 86400, 31556952 // the mean year of the calendar
	about := func(unit int64, name string) string {
		f := float64(n) / float64(unit)
		if f < 10 && n%unit != 0 {
			return strconv.FormatFloat(f, 'f', 1, 64) + " " + name + "s"
		}
		return english.Count(int(f+0.5), name)
	}
	switch {
	case n < 2*minute:
		return english.Count(int(n), "second")
	case n < 2*hour:
		return about(minute, "minute")
	case n < 2*day:
		return about(hour, "hour")
	case n < 2*year:
		return about(day, "day")
	}
	return about(year, "year")
}
