package attribution

import (
	"fmt"
	"html"
	"io"
	"math"
	"strings"
	"unicode"
)

// The size of a graph, in the units of SVG.
const (
	graphSide   = 640
	graphRadius = 220
	nodeRadius  = 14
)

// clusterColours tell clusters apart, also for those who see few colours (Okabe and Ito 2008); the
// cluster's name is in each node's title.
var clusterColours = [...]string{"#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#f0e442", "#999999"}

// WriteSVG draws the incidents on a circle, coloured by cluster, with their links: the wider the stronger,
// dashed those that are too weak to join. It loads nothing and runs nothing.
func (c *Clusters) WriteSVG(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %[1]d" role="img" font-family="sans-serif" font-size="12">`+"\n", graphSide)
	fmt.Fprintf(&b, "<title>%d incidents in %d clusters</title>\n", len(c.Incidents), len(c.Current))
	for _, l := range c.Links {
		x1, y1 := c.place(l.A)
		x2, y2 := c.place(l.B)
		dash := ""
		if l.Weight < linkWeight {
			dash = ` stroke-dasharray="4"`
		}
		fmt.Fprintf(&b, `<line x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f" stroke="#888" stroke-width="%.1f"%s><title>%s</title></line>`+"\n",
			x1, y1, x2, y2, math.Min(8, .5+l.Weight), dash, html.EscapeString(plain(strings.Join(l.Reasons, "; "))))
	}
	for k, cluster := range c.Current {
		colour := clusterColours[k%len(clusterColours)]
		for _, i := range cluster.Incidents {
			x, y := c.place(i)
			fmt.Fprintf(&b, `<circle cx="%.1f" cy="%.1f" r="%d" fill="%s"><title>%s</title></circle>`+"\n", x, y, nodeRadius, colour, html.EscapeString(plain(cluster.ID)))
			fmt.Fprintf(&b, `<text x="%.1f" y="%.1f" text-anchor="middle">%s</text>`+"\n", x, y+nodeRadius+14, html.EscapeString(short(c.Incidents[i])))
		}
	}
	b.WriteString("</svg>\n")
	_, err := io.WriteString(w, b.String())
	return err
}

// place is where an incident stands on the circle, the first at the top.
func (c *Clusters) place(i int) (x, y float64) {
	turn := 2*math.Pi*float64(i)/float64(max(1, len(c.Incidents))) - math.Pi/2
	return graphSide/2 + graphRadius*math.Cos(turn), graphSide/2 + graphRadius*math.Sin(turn)
}

// short cuts a name to what fits under a node.
func short(s string) string {
	const longest = 32
	r := []rune(plain(s))
	if len(r) > longest {
		return string(r[:longest-1]) + "…"
	}
	return string(r)
}

// plain leaves out what XML does not allow, and characters that turn the direction of writing or are
// invisible.
func plain(s string) string {
	return strings.Map(func(c rune) rune {
		if c < ' ' || c >= 0x7f && c < 0xa0 || c == 0xfffe || c == 0xffff || unicode.Is(unicode.Cf, c) {
			return -1
		}
		return c
	}, strings.ToValidUTF8(s, "?"))
}
