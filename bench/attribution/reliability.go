package main

import (
	"fmt"
	"html"
	"math"
	"os"
	"strings"
)

// The size of a diagram, in the units of SVG.
const (
	side   = 200
	margin = 40
)

// writeReliability draws, for each pair and all of them, how often the first candidate was right
// against the probability it was given; the area of a circle is the number of incidents.
func writeReliability(name string, r *report) error {
	type diagram struct {
		title string
		bins  []bin
	}
	var all []diagram
	for _, p := range r.Pairs {
		all = append(all, diagram{p.From + " to " + p.To, p.Bins})
	}
	if r.All != nil {
		all = append(all, diagram{"all", r.All.Bins})
	}
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" font-family="sans-serif" font-size="12">`+"\n", len(all)*(side+margin)+margin, side+2*margin)
	for i, d := range all {
		x, y := margin+i*(side+margin), margin
		fmt.Fprintf(&b, `<g transform="translate(%d %d)"><title>%s</title><text y="-8">%[3]s</text>`+"\n", x, y, html.EscapeString(d.title))
		fmt.Fprintf(&b, `<rect width="%d" height="%[1]d" fill="none" stroke="#888"/><line x1="0" y1="%[1]d" x2="%[1]d" y2="0" stroke="#bbb" stroke-dasharray="4"/>`+"\n", side)
		for _, bin := range d.bins {
			if bin.Count > 0 {
				fmt.Fprintf(&b, `<circle cx="%.1f" cy="%.1f" r="%.1f" fill="#2a6" fill-opacity=".6"><title>said %.2f, right %.2f, of %d</title></circle>`+"\n",
					bin.Said*side, (1-bin.Right)*side, radius(bin.Count), bin.Said, bin.Right, bin.Count)
			}
		}
		fmt.Fprintf(&b, `<text y="%d">said, 0 to 1</text></g>`+"\n", side+16)
	}
	b.WriteString("</svg>\n")
	return os.WriteFile(name, []byte(b.String()), 0o666)
}

// radius makes the area of a circle go with a number.
func radius(n int) float64 { return 2 + 1.5*math.Sqrt(float64(n)) }
