package dns

import (
	"bytes"

	"aldebaran/evidence/lines"
)

// An order is how a debug log writes dates: as the region of the server does.
type order struct {
	// dayFirst is for dates as 3/6/2026: whether that is in June or in March.
	dayFirst bool
	// how says why it was decided so, if the log itself did not.
	how string
}

// orderOf decides by the dates of the first lines: a part above 12 is the day; from one day to the
// next it is the day that changes; with AM and PM the month stands first.
func orderOf(text []byte) order {
	var (
		first, second      [3]int // in the line before, how often it changed, the largest
		have, marked, dots bool
	)
	for line := range bytes.Lines(text) {
		d, rest, ok := readDate(line)
		if !ok || d.sep == 0 || d.yearFirst {
			continue
		}
		if _, _, mark, ok := readClock(rest); ok && mark {
			marked = true
		}
		dots = dots || d.sep == '.'
		for i, p := range [...]*[3]int{&first, &second} {
			n := [...]int{d.a, d.b}[i]
			if have && n != p[0] {
				p[1]++
			}
			p[0], p[2] = n, max(p[2], n)
		}
		have = true
	}
	switch {
	case !have || dots:
		return order{dayFirst: true}
	case first[2] > 12:
		return order{dayFirst: true}
	case second[2] > 12:
		return order{}
	case first[1] > second[1]:
		return order{dayFirst: true}
	case second[1] > first[1]:
		return order{}
	case marked:
		return order{how: "dates are taken as month/day, for there is AM and PM"}
	}
	return order{dayFirst: true, how: "dates are taken as day/month, for there is neither AM nor PM"}
}

// A date is the first word of a line; a and b are day and month or the other way round.
type date struct {
	a, b, year int
	sep        byte // 0 for 20260603
	yearFirst  bool // a is the month, b the day
}

// readDate reads 6/3/2026, 03.06.2026, 2026-06-03, 20260603.
func readDate(line []byte) (d date, rest []byte, ok bool) {
	if len(line) < 8 || line[0] < '0' || line[0] > '9' {
		return d, nil, false
	}
	w, rest := word(line)
	if len(w) == 8 && lines.IsNumber(w) {
		return date{a: lines.Number(w[4:6]), b: lines.Number(w[6:]), year: lines.Number(w[:4]), yearFirst: true}, rest, true
	}
	const longest = len("2026-06-03.") // Hungarian ends dates with a dot
	if len(w) < len("6/3/26") || len(w) > longest {
		return d, nil, false
	}
	w = bytes.TrimSuffix(w, []byte{'.'})
	var parts [3][]byte
	at := 0
	for i, c := range w {
		if c >= '0' && c <= '9' {
			continue
		}
		if c != '/' && c != '.' && c != '-' || d.sep != 0 && c != d.sep || at == 2 {
			return d, nil, false
		}
		d.sep = c
		parts[at] = w[:i]
		at++
	}
	if at != 2 {
		return d, nil, false
	}
	parts[2] = w[len(parts[1])+1:]
	parts[1] = parts[1][len(parts[0])+1:]
	for _, p := range parts {
		if len(p) == 0 || len(p) > 4 {
			return d, nil, false
		}
	}
	switch {
	case len(parts[0]) == 4:
		d.yearFirst = true
		d.year, d.a, d.b = lines.Number(parts[0]), lines.Number(parts[1]), lines.Number(parts[2])
	case len(parts[0]) <= 2 && len(parts[1]) <= 2 && (len(parts[2]) == 4 || len(parts[2]) == 2):
		d.a, d.b, d.year = lines.Number(parts[0]), lines.Number(parts[1]), lines.Number(parts[2])
		if len(parts[2]) == 2 {
			d.year += 2000
		}
	default:
		return d, nil, false
	}
	return d, rest, true
}

// readClock reads 6:33:00 AM, 06:33:00, 6.33.00; mark says that there was AM or PM.
func readClock(b []byte) (sec int, rest []byte, mark, ok bool) {
	w, rest := word(b)
	part, parts := 0, 0
	have := false
	for i := 0; i <= len(w); i++ {
		if i < len(w) && w[i] >= '0' && w[i] <= '9' {
			if part = part*10 + int(w[i]-'0'); part > 59 {
				return 0, nil, false, false
			}
			have = true
			continue
		}
		if !have || parts == 3 || i < len(w) && w[i] != ':' && w[i] != '.' {
			return 0, nil, false, false
		}
		sec, part, have = sec*60+part, 0, false
		parts++
	}
	if parts != 3 || sec >= 24*3600 {
		return 0, nil, false, false
	}
	if half, after := word(rest); len(half) == 2 && half[1]|0x20 == 'm' && (half[0]|0x20 == 'a' || half[0]|0x20 == 'p') {
		const noon = 12 * 3600
		switch pm := half[0]|0x20 == 'p'; {
		case pm && sec < noon:
			sec += noon
		case !pm && sec >= noon:
			sec -= noon
		}
		return sec, after, true, true
	}
	return sec, rest, false, true
}

// begins tells whether a line begins a record of the debug log; details of packets follow it.
func begins(line []byte) bool {
	_, rest, ok := readDate(line)
	if !ok {
		return false
	}
	_, _, _, ok = readClock(rest)
	return ok
}

// isPacket tells whether a line is certainly a packet of a debug log.
func isPacket(line []byte, e *entry) bool {
	_, ok := e.readWindows(line, order{}, nil)
	return ok && len(e.query) > 0
}

// readWindows reads a record of a debug log; the name is decoded into scratch. ok is false if the
// record has no time.
func (e *entry) readWindows(text []byte, o order, scratch []byte) (room []byte, ok bool) {
	e.reset()
	line, details, _ := bytes.Cut(text, []byte{'\n'})
	d, rest, ok := readDate(line)
	if !ok {
		return scratch, false
	}
	sec, rest, _, ok := readClock(rest)
	if !ok {
		return scratch, false
	}
	month, day := d.a, d.b
	if !d.yearFirst && o.dayFirst {
		month, day = day, month
	}
	e.at.stamp.Year, e.at.stamp.Month, e.at.stamp.Day, e.at.stamp.Sec = d.year, month, day, sec
	e.at.have = month >= 1 && month <= 12 && day >= 1 && day <= 31
	e.message = rest
	e.thread, rest = word(rest)
	e.context, rest = word(rest)
	if string(e.context) != "PACKET" {
		return scratch, true
	}
	w, rest := word(rest)
	if len(w) >= 8 { // the number of the packet, in 2008 and later
		w, rest = word(rest)
	}
	if string(w) != "UDP" && string(w) != "TCP" {
		return scratch, true
	}
	e.protocol = w
	e.direction, rest = word(rest)
	remote, rest := word(rest)
	if string(e.direction) == "Snd" {
		e.destination = remote
	} else {
		e.source = remote
	}
	e.id, rest = word(rest)
	if w, after := word(rest); string(w) == "R" {
		e.isResponse, rest = true, after
	}
	e.opcode, rest = word(rest)
	inside, rest, ok := between(rest, "[", "]")
	if !ok {
		return scratch, true
	}
	_, flags := word(inside)
	inside = bytes.TrimRight(flags, " ")
	i := bytes.LastIndexByte(inside, ' ')
	e.response = inside[i+1:]
	e.flags = bytes.TrimRight(inside[:max(i, 0)], " ")
	e.recordType, rest = word(rest)
	start := len(scratch)
	if scratch, ok = appendName(scratch, bytes.TrimRight(rest, " \t\r")); ok {
		e.query = scratch[start:len(scratch):len(scratch)]
	}
	// "Details": the sections of the message.
	for answers := false; len(details) > 0; {
		line, details, _ = bytes.Cut(details, []byte{'\n'})
		line = bytes.TrimSpace(line)
		switch {
		case bytes.HasPrefix(line, []byte("ANSWER SECTION")):
			answers = true
		case bytes.HasSuffix(line, []byte(" SECTION:")):
			answers = false
		case answers && bytes.HasPrefix(line, []byte("DATA ")):
			data := bytes.TrimLeft(line[len("DATA "):], " ")
			start := len(scratch)
			if scratch, ok = appendName(scratch, data); ok {
				data = scratch[start:len(scratch):len(scratch)]
			}
			e.answer(data)
		}
	}
	return scratch, true
}

// appendName turns (3)www(7)example(3)org(0) into www.example.org; false, and nothing is appended, if
// the text is no such name. The root is a dot. Numbers need not be right: a label may hold brackets.
func appendName(dst, b []byte) (name []byte, ok bool) {
	start := len(dst)
	if len(b) < 3 || b[0] != '(' && b[0] != '[' {
		return dst, false
	}
	for len(b) > 0 {
		// "[C00C](3)www": a pointer to where the name stands.
		if b[0] == '[' {
			i := bytes.IndexByte(b, ']')
			if i < 0 {
				return dst[:start], false
			}
			b = b[i+1:]
			continue
		}
		i := bytes.IndexByte(b, ')')
		if b[0] != '(' || i < 2 || i > 4 || !lines.IsNumber(b[1:i]) {
			return dst[:start], false
		}
		n := lines.Number(b[1:i])
		b = b[i+1:]
		if n == 0 {
			break
		}
		// The label ends where the next number stands; special bytes are shown as they are, or
		// escaped, so that it may be longer than it says.
		end := min(n, len(b))
		if end < len(b) && b[end] != '(' && b[end] != '[' {
			if j := bytes.IndexByte(b[end:], '('); j >= 0 {
				end += j
			} else {
				end = len(b)
			}
		}
		if len(dst) > start {
			dst = append(dst, '.')
		}
		dst = append(dst, b[:end]...)
		b = b[end:]
	}
	if len(dst) == start {
		dst = append(dst, '.')
	}
	return dst, true
}

// creation gives the time in the head of a debug log: "DNS Server log file creation at 6/3/2026 6:33:00 AM".
func (e *entry) creation(text []byte, o order) {
	_, rest, ok := bytes.Cut(text, []byte(" at "))
	if !ok {
		return
	}
	line, _, _ := bytes.Cut(rest, []byte{'\n'})
	d, rest, ok := readDate(line)
	if !ok {
		return
	}
	sec, _, _, ok := readClock(bytes.TrimRight(rest, "\r"))
	if !ok {
		return
	}
	month, day := d.a, d.b
	if !d.yearFirst && o.dayFirst {
		month, day = day, month
	}
	e.at.stamp.Year, e.at.stamp.Month, e.at.stamp.Day, e.at.stamp.Sec = d.year, month, day, sec
	e.at.have = month >= 1 && month <= 12 && day >= 1 && day <= 31
}
