package pdf

import (
	"math"
	"strings"
)

// A matrix moves and scales points: x' = ax + cy + e, y' = bx + dy + f (8.3.3).
type matrix struct{ a, b, c, d, e, f float64 }

var identity = matrix{a: 1, d: 1}

// then gives the matrix that does m first, then n.
func (m matrix) then(n matrix) matrix {
	return matrix{
		m.a*n.a + m.b*n.c, m.a*n.b + m.b*n.d,
		m.c*n.a + m.d*n.c, m.c*n.b + m.d*n.d,
		m.e*n.a + m.f*n.c + n.e, m.e*n.b + m.f*n.d + n.f,
	}
}

// A state is what operators of text change (9.3).
type state struct {
	font                                *font
	size, char, word, scale, lead, rise float64
	matrix                              matrix // of the page
	line, current                       matrix // of the line of text, and of the next letter
}

// A painter follows the operators of a page and puts its letters together to lines.
type painter struct {
	*file
	state  state
	stack  []state
	out    strings.Builder
	y, x   float64 // where the last letter ended
	size   float64
	active bool
}

// maxStack bounds saved states; pages save some ten.
const maxStack = 256

// draw follows the operators of a stream.
func (p *painter) draw(content []byte, resources object, depth int) {
	fonts, forms := dict(nil), dict(nil)
	if r, ok := p.file.dict(resources); ok {
		fonts, _ = p.file.dict(r["Font"])
		forms, _ = p.file.dict(r["XObject"])
	}
	l := lexer{data: content, content: true}
	for op, args := range l.operations(64) {
		if p.steps++; p.steps > maxSteps || p.letters > maxLetters {
			p.note("its pages have more text and drawings than are read: %d operators, %d bytes", maxSteps, maxLetters)
			return
		}
		switch op {
		case "BI":
			l.skipImage()
		case "Do":
			p.form(args, forms, resources, depth)
		case "Tf":
			if n, ok := argument[name](args, 0); ok {
				p.state.font = p.file.font(fonts[n])
			}
			p.state.size, _ = argument[float64](args, 1)
		default:
			p.operate(op, args)
		}
	}
}

// skipImage goes behind a picture within a stream (8.9.7).
func (l *lexer) skipImage() {
	for l.pos+2 < len(l.data) {
		if l.data[l.pos] == 'E' && l.data[l.pos+1] == 'I' && isSpace(l.data[l.pos+2]) && l.pos > 0 && isSpace(l.data[l.pos-1]) {
			l.pos += 2
			return
		}
		l.pos++
	}
	l.pos = len(l.data)
}

// form draws a drawing within a drawing (8.10).
func (p *painter) form(args array, forms dict, resources object, depth int) {
	n, _ := argument[name](args, 0)
	s, ok := p.file.value(forms[n]).(*stream)
	if !ok || p.file.value(s.dict["Subtype"]) != name("Form") || depth == maxForms || p.unpacked >= maxUnpacked {
		return
	}
	if own, ok := s.dict["Resources"]; ok {
		resources = own
	}
	saved := p.state
	if m, ok := p.file.value(s.dict["Matrix"]).(array); ok {
		p.state.matrix = matrixOf(m).then(p.state.matrix)
	}
	p.draw(p.file.unpack(s), resources, depth+1)
	p.state = saved
}

func argument[T any](args array, i int) (v T, ok bool) {
	if i < len(args) {
		v, ok = args[i].(T)
	}
	return v, ok
}

func matrixOf(args array) matrix {
	var v [6]float64
	for i := range v {
		v[i], _ = argument[float64](args, i)
	}
	return matrix{v[0], v[1], v[2], v[3], v[4], v[5]}
}

// operate follows an operator of text (9.3, 9.4) or of states (8.4).
func (p *painter) operate(op operator, args array) {
	s := &p.state
	first, _ := argument[float64](args, 0)
	second, _ := argument[float64](args, 1)
	switch op {
	case "q":
		if len(p.stack) < maxStack {
			p.stack = append(p.stack, *s)
		}
	case "Q":
		if n := len(p.stack); n > 0 {
			*s, p.stack = p.stack[n-1], p.stack[:n-1]
		}
	case "cm":
		s.matrix = matrixOf(args).then(s.matrix)
	case "BT":
		s.line, s.current = identity, identity
	case "Tc":
		s.char = first
	case "Tw":
		s.word = first
	case "Tz":
		s.scale = first / 100
	case "TL":
		s.lead = first
	case "Ts":
		s.rise = first
	case "Tm":
		s.line = matrixOf(args)
		s.current = s.line
	case "Td":
		s.newLine(first, second)
	case "TD":
		s.lead = -second
		s.newLine(first, second)
	case "T*":
		s.newLine(0, -s.lead)
	case "Tj":
		p.show(args, 0)
	case "'":
		s.newLine(0, -s.lead)
		p.show(args, 0)
	case "\"":
		s.word, s.char = first, second
		s.newLine(0, -s.lead)
		p.show(args, 2)
	case "TJ":
		list, _ := argument[array](args, 0)
		for _, o := range list {
			switch v := o.(type) {
			case text:
				p.write(v)
			case float64:
				s.move(-v / 1000 * s.size * s.scale)
			}
		}
	}
}

func (s *state) newLine(x, y float64) {
	s.line = matrix{1, 0, 0, 1, x, y}.then(s.line)
	s.current = s.line
}

func (s *state) move(x float64) { s.current = matrix{1, 0, 0, 1, x, 0}.then(s.current) }

func (p *painter) show(args array, i int) {
	if t, ok := argument[text](args, i); ok {
		p.write(t)
	}
}

// write writes the letters of a text where they stand.
func (p *painter) write(t text) {
	s := &p.state
	if s.font == nil {
		return
	}
	if s.font.unknown {
		p.note("some text has a font that does not say which letters it shows")
		return
	}
	step := 1
	if s.font.wide {
		step = 2
	}
	for i := 0; i+step <= len(t); i += step {
		c := code(t[i : i+step])
		letters, ok := s.font.unicode[c]
		if !ok && !s.font.wide {
			letters = s.font.plain[c]
		}
		width, ok := s.font.widths[c]
		if !ok {
			width = s.font.width
		}
		advance := width/1000*s.size + s.char
		if step == 1 && c == ' ' {
			advance += s.word
		}
		p.letter(letters, advance*s.scale)
	}
}

// ligatures are letters drawn as one; names are looked for letter by letter.
var ligatures = strings.NewReplacer("ﬀ", "ff", "ﬁ", "fi", "ﬂ", "fl", "ﬃ", "ffi", "ﬄ", "ffl", "ﬅ", "st", "ﬆ", "st", "\u00ad", "-")

// letter puts letters behind the last ones, with a blank if there is a gap, or on a new line.
func (p *painter) letter(letters string, advance float64) {
	m := p.state.current.then(p.state.matrix)
	size := math.Abs(p.state.size) * math.Hypot(m.c, m.d)
	x, y := m.e, m.f
	p.state.move(advance)
	after := p.state.current.then(p.state.matrix)
	if letters == "" {
		return
	}
	if p.active {
		switch gap := x - p.x; {
		case math.Abs(y-p.y) > max(size, p.size)*0.5 || gap < -max(size, p.size)*2:
			p.flush()
		case gap > size*0.2 && !strings.HasSuffix(p.out.String(), " ") && letters != " ":
			p.out.WriteByte(' ')
		}
	}
	if !p.active {
		p.active, p.size = true, size
		p.y = y
	}
	p.out.WriteString(ligatures.Replace(letters))
	p.x = after.e
	if letters != " " {
		p.y, p.size = y, max(p.size, size)
	}
}

// flush ends a line.
func (p *painter) flush() {
	if line := strings.Join(strings.Fields(p.out.String()), " "); line != "" {
		p.letters += len(line)
		p.doc.Lines = append(p.doc.Lines, Line{p.doc.Pages, strings.ToValidUTF8(line, "\ufffd"), round(p.y), round(p.size)})
	}
	p.out.Reset()
	p.active = false
}

// round makes numbers of which a file may have any as they can be written.
func round(v float64) float64 {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return 0
	}
	return math.Round(v*100) / 100
}
