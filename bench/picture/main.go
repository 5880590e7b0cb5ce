// Command picture draws terminal output as an SVG: text with ANSI colours in, a picture for the
// README out, made of real text so that it stays sharp and can be searched.
//
//	script -qec 'stty cols 100; aldebaran hunt EVIDENCE' /dev/null | go run ./bench/picture -command 'aldebaran hunt EVIDENCE' >docs/hunt.svg
package main

import (
	"bufio"
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"unicode/utf8"
)

const (
	maxInput = 1 << 20 // a summary has some kilobytes
	maxCols  = 400     // longer lines are cut: nobody can read them in a picture
)

func main() {
	if err := run(os.Args[1:], os.Stdin, os.Stdout); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "picture:", err)
		os.Exit(1)
	}
}

func run(args []string, stdin io.Reader, stdout io.Writer) error {
	flags := flag.NewFlagSet("picture", flag.ContinueOnError)
	command := flags.String("command", "", "`text` to show behind a prompt in the first line")
	title := flags.String("title", "Aldebaran's summary of a hunt in a terminal", "`text` for those who cannot see the picture")
	cols := flags.Int("cols", 100, "width in `characters`")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *cols < 1 || *cols > maxCols {
		return fmt.Errorf("-cols: want 1 to %d, found %d", maxCols, *cols)
	}
	input, err := io.ReadAll(io.LimitReader(stdin, maxInput+1))
	if err != nil {
		return err
	}
	if len(input) > maxInput {
		return fmt.Errorf("input: want at most %d bytes, found more", maxInput)
	}
	lines := parse(input)
	if *command != "" {
		prompt := line{{style{colour: green}, "$ "}, {style{bold: true}, printable(*command)}}
		lines = append([]line{prompt}, lines...)
	}
	w := bufio.NewWriter(stdout)
	draw(w, lines, *cols, *title)
	return w.Flush()
}

// A line is pieces of text of one style each.
type line []piece

type piece struct {
	style style
	text  string
}

type style struct {
	colour    colour
	bold, dim bool
	underline bool
}

// colour is one of the sixteen of a terminal plus one, 0 for the ordinary one.
type colour uint8

const green colour = 3 // SGR 32, plus one

// palette has the colours on the dark background, from the ordinary one on; contrast is at least 4.5.
func (c colour) hex() string {
	return [...]string{
		"#d4d7dd",
		"#7d8590", "#f4707a", "#7fd88f", "#e5c07b", "#79b8ff", "#d2a8ff", "#6fd3d8", "#d4d7dd",
		"#8b949e", "#ff8b94", "#9be9a8", "#f2d492", "#a5d0ff", "#e2c5ff", "#9be7ea", "#ffffff",
	}[c]
}

// parse takes text apart into lines of styled pieces. Colours (SGR) are kept; going up takes lines
// back and a carriage return starts its line anew, as progress bars do; all other escape sequences
// and control characters are left out.
func parse(input []byte) []line {
	var lines []line
	var s style
	for raw := range bytes.Lines(input) {
		raw = bytes.TrimRight(raw, "\r\n")
		if i := bytes.LastIndexByte(raw, '\r'); i >= 0 {
			raw = raw[i+1:]
		}
		var l line
		for len(raw) > 0 {
			if raw[0] == 0x1b {
				var params string
				var final byte
				params, final, raw = escape(raw)
				switch final {
				case 'm':
					s = s.apply(params)
				case 'A':
					up, err := strconv.Atoi(params)
					if err != nil {
						up = 1
					}
					lines, l = lines[:len(lines)-min(max(up, 0), len(lines))], nil
				}
				continue
			}
			n := bytes.IndexByte(raw, 0x1b)
			if n < 0 {
				n = len(raw)
			}
			if text := printable(string(raw[:n])); text != "" {
				l = append(l, piece{s, text})
			}
			raw = raw[n:]
		}
		lines = append(lines, l)
	}
	for len(lines) > 0 && len(lines[0]) == 0 {
		lines = lines[1:]
	}
	for len(lines) > 0 && len(lines[len(lines)-1]) == 0 {
		lines = lines[:len(lines)-1]
	}
	return lines
}

// escape takes one escape sequence off: CSI parameters and final byte (ECMA-48 5.4), or OSC up to
// BEL or ST; final is 0 for all that are no CSI.
func escape(b []byte) (params string, final byte, rest []byte) {
	if len(b) < 2 {
		return "", 0, nil
	}
	switch b[1] {
	case '[':
		for i := 2; i < len(b); i++ {
			if b[i] >= 0x40 && b[i] <= 0x7e {
				return string(b[2:i]), b[i], b[i+1:]
			}
		}
		return "", 0, nil
	case ']':
		for i := 2; i < len(b); i++ {
			if b[i] == 7 {
				return "", 0, b[i+1:]
			}
			if b[i] == 0x1b && i+1 < len(b) && b[i+1] == '\\' {
				return "", 0, b[i+2:]
			}
		}
		return "", 0, nil
	}
	return "", 0, b[2:]
}

// apply changes a style by the parameters of an SGR sequence.
func (s style) apply(params string) style {
	codes := strings.Split(params, ";")
	for i := 0; i < len(codes); i++ {
		n, err := strconv.Atoi(codes[i])
		if err != nil && codes[i] != "" {
			continue
		}
		switch {
		case n == 0:
			s = style{}
		case n == 1:
			s.bold = true
		case n == 2:
			s.dim = true
		case n == 4:
			s.underline = true
		case n == 22:
			s.bold, s.dim = false, false
		case n == 24:
			s.underline = false
		case n >= 30 && n <= 37:
			s.colour = colour(n - 30 + 1)
		case n >= 90 && n <= 97:
			s.colour = colour(n - 90 + 9)
		case n == 39:
			s.colour = 0
		case n == 38 || n == 48: // of the larger palettes only the first sixteen
			if i+2 < len(codes) && codes[i+1] == "5" {
				if c, err := strconv.Atoi(codes[i+2]); err == nil && n == 38 && c >= 0 && c < 16 {
					s.colour = colour(c + 1)
				}
				i += 2
			} else if i+4 < len(codes) && codes[i+1] == "2" {
				i += 4
			}
		}
	}
	return s
}

// printable leaves out control characters and what could reorder the text, and makes it valid UTF-8.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\t':
			return ' '
		case r < 0x20, r >= 0x7f && r < 0xa0, r >= 0x200b && r <= 0x200f, r >= 0x2028 && r <= 0x202e, r >= 0x2066 && r <= 0x2069, r == 0xfeff, r == 0xfffe, r == 0xffff:
			return -1
		}
		return r
	}, s)
}

// draw writes the SVG. Every piece is placed and stretched to its columns, so that the columns stand
// straight in whatever monospaced font the reader has.
func draw(w io.Writer, lines []line, cols int, title string) {
	const (
		size   = 13.0 // of the font, in px
		width  = 7.8  // of a column
		height = 18.0 // of a line
		margin = 16.0
	)
	wide, high := 2*margin+width*float64(cols), 2*margin+height*float64(len(lines))
	fmt.Fprintf(w, `<svg xmlns="http://www.w3.org/2000/svg" role="img" viewBox="0 0 %.0f %.0f" width="%.0f" height="%.0f">`+"\n", wide, high, wide, high)
	fmt.Fprintf(w, "<title>%s</title>\n", escaped(title))
	fmt.Fprintf(w, `<rect width="100%%" height="100%%" rx="8" fill="#0d1117"/>`+"\n")
	fmt.Fprintf(w, `<g font-family="ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace" font-size="%.0f">`+"\n", size)
	for i, l := range lines {
		col := 0
		for _, r := range l {
			text := r.text
			n := utf8.RuneCountInString(text)
			if left := cols - col; n > left {
				text, n = string([]rune(text)[:left]), left
			}
			if strings.TrimSpace(text) != "" {
				fmt.Fprintf(w, `<text x="%.1f" y="%.1f" textLength="%.1f" fill="%s"%s>%s</text>`+"\n",
					margin+width*float64(col), margin+height*float64(i)+size, width*float64(n), r.style.colour.hex(), r.style.attributes(), escaped(text))
			}
			col += n
		}
	}
	fmt.Fprint(w, "</g>\n</svg>\n")
}

func (s style) attributes() string {
	var a string
	if s.bold {
		a += ` font-weight="bold"`
	}
	if s.dim {
		a += ` opacity="0.65"`
	}
	if s.underline {
		a += ` text-decoration="underline"`
	}
	return a
}

// escaped writes text as XML. Spaces do not break and do not collapse: browsers that drop those at the
// ends of a text stretch its letters over the length that it is to have.
func escaped(s string) string {
	return strings.NewReplacer(" ", "\u00a0", "&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;").Replace(strings.ToValidUTF8(s, "\ufffd"))
}
