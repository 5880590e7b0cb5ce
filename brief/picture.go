package brief

import (
	"fmt"
	"time"

	"aldebaran/match/sigma"
)

// A Picture is the timeline as the page draws it: rows for hosts, in each a lane for each level. Time
// runs from left to right in every language, as in logs.
type Picture struct {
	Width, Height int
	// Left is where the plot begins, Right where it ends, Bottom where the axis is.
	Left, Right, Bottom int
	Rows                []PictureRow
	Ticks               []Tick
}

// A PictureRow is a host.
type PictureRow struct {
	Host string
	// Y is its top, Middle where its name stands, Height how high it is.
	Y, Middle, Height int
	Marks             []PictureMark
}

// A PictureMark is a line with a dot at its beginning.
type PictureMark struct {
	X, Width, Y float64
	Level       string
	Title       string
}

// A Tick is a time on the axis.
type Tick struct {
	X     float64
	Label string
}

// Measures of the picture, in units of its own.
const (
	pictureWidth = 960
	labelWidth   = 170
	laneHeight   = 9
	rowPadding   = 7
	axisHeight   = 30
	maxTicks     = 6
)

// Picture draws the timeline; nil if there is nothing to draw.
func (p *page) Picture() *Picture {
	t := &p.Timeline
	if t.First.IsZero() || len(t.Hosts) == 0 {
		return nil
	}
	lanes := lanesOf(t)
	d := &Picture{Width: pictureWidth, Left: labelWidth, Right: pictureWidth - 20}
	// A margin on both sides, and something to divide by where all is at one moment.
	span := max(t.Last.Unix()-t.First.Unix(), 60)
	from := float64(t.First.Unix()) - float64(span)*0.02
	width := float64(span) * 1.04
	x := func(at time.Time) float64 {
		return float64(d.Left) + (float64(at.Unix())-from)/width*float64(d.Right-d.Left)
	}
	y := 0
	for _, h := range t.Hosts {
		row := PictureRow{Host: shortHost(h.Host), Y: y, Height: len(lanes)*laneHeight + 2*rowPadding}
		row.Middle = y + row.Height/2 + 5
		for _, k := range h.Marks {
			a, b := x(k.First), x(k.Last)
			row.Marks = append(row.Marks, PictureMark{
				X: a, Width: max(b-a, 0), Y: float64(y+rowPadding+lanes[k.Level]*laneHeight) + laneHeight/2.0, Level: k.Level,
				Title: p.markTitle(h.Host, k),
			})
		}
		d.Rows = append(d.Rows, row)
		y += row.Height
	}
	d.Bottom, d.Height = y, y+axisHeight
	for _, at := range ticks(t.First, time.Duration(span)*time.Second) {
		d.Ticks = append(d.Ticks, Tick{x(at.time), at.label})
	}
	return d
}

// lanesOf gives a lane to each level that occurs, the most severe on top.
func lanesOf(t *Timeline) map[string]int {
	lanes := map[string]int{}
	for level := len(sigma.Levels) - 1; level >= 0; level-- {
		for _, h := range t.Hosts {
			if _, has := lanes[sigma.Levels[level]]; h.Levels[level] > 0 && !has {
				lanes[sigma.Levels[level]] = len(lanes)
			}
		}
	}
	return lanes
}

func (p *page) markTitle(host string, k Mark) string {
	first, last := stamp(k.First), stamp(k.Last)
	if first != last {
		first += " – " + last
	}
	return fmt.Sprintf("%s, %s, %s: %s", host, p.messages.label("level."+k.Level).Plain(), p.messages.count("findings", k.Findings).Plain(), first)
}

type tickAt struct {
	time  time.Time
	label string
}

// steps between ticks, from a minute to a century.
var steps = [...]time.Duration{
	time.Minute, 5 * time.Minute, 15 * time.Minute, time.Hour, 3 * time.Hour, 6 * time.Hour, 12 * time.Hour, day1, 2 * day1, 7 * day1, 14 * day1,
	30 * day1, 91 * day1, 182 * day1, 365 * day1, 5 * 365 * day1, 20 * 365 * day1, 100 * 365 * day1,
}

const day1 = 24 * time.Hour

// ticks are at most maxTicks times at round steps.
func ticks(first time.Time, span time.Duration) []tickAt {
	step := steps[len(steps)-1]
	for _, s := range steps {
		if span/s < maxTicks {
			step = s
			break
		}
	}
	layout := time.DateOnly
	if step < day1 {
		layout = "01-02 15:04"
	}
	var all []tickAt
	at := first.UTC().Truncate(step)
	if at.Before(first) {
		at = at.Add(step)
	}
	for end := first.Add(span); !at.After(end) && len(all) < maxTicks+1; at = at.Add(step) {
		all = append(all, tickAt{at, at.Format(layout)})
	}
	if len(all) == 0 {
		all = append(all, tickAt{first, first.UTC().Format("2006-01-02 15:04")})
	}
	return all
}
