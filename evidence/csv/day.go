package csv

import (
	"bytes"
	"strings"
	"time"
)

// A day is a date and time with the parts of the date in the order of some region: 6/3/2026 6:33:00 PM,
// 03.06.2026 18:33:00, 2026/06/03 18:33.
type day struct {
	a, b, year        int
	yearFirst, dots   bool
	hour, minute, sec int
	nsec              int
	half              byte // 'a' or 'p' for AM and PM, else 0
	zone              int  // seconds east of UTC
	zoned             bool
}

// readDay reads one; false if the text is none. Dates as 2026-06-03 are package json's.
func readDay(b []byte) (d day, ok bool) {
	var parts [3]int
	var lengths [3]int
	at, n := 0, 0
	var sep byte
	for ; at < len(b); at++ {
		c := b[at]
		if c >= '0' && c <= '9' {
			if lengths[n]++; lengths[n] > 4 {
				return d, false
			}
			parts[n] = parts[n]*10 + int(c-'0')
			continue
		}
		if n == 2 {
			break
		}
		if c != '/' && c != '.' && c != '-' || sep != 0 && c != sep || lengths[n] == 0 {
			return d, false
		}
		sep = c
		n++
	}
	if n != 2 || lengths[2] == 0 || at >= len(b) {
		return d, false
	}
	switch {
	case lengths[0] == 4 && sep != '-':
		d.yearFirst, d.year, d.a, d.b = true, parts[0], parts[1], parts[2]
	case lengths[0] <= 2 && lengths[1] <= 2 && lengths[2] == 4:
		d.a, d.b, d.year = parts[0], parts[1], parts[2]
	case lengths[0] <= 2 && lengths[1] <= 2 && lengths[2] == 2 && sep != '-':
		d.a, d.b, d.year = parts[0], parts[1], 2000+parts[2]
	default:
		return d, false
	}
	d.dots = sep == '.'
	rest := bytes.TrimLeft(b[at:], ", T")
	clock := [3]*int{&d.hour, &d.minute, &d.sec}
	n, digits := 0, 0
	for at = 0; at < len(rest); at++ {
		c := rest[at]
		if c >= '0' && c <= '9' {
			if digits++; digits > 2 {
				return d, false
			}
			*clock[n] = *clock[n]*10 + int(c-'0')
			continue
		}
		if c != ':' || n == 2 || digits == 0 {
			break
		}
		n, digits = n+1, 0
	}
	if n == 0 || digits == 0 || d.hour > 23 || d.minute > 59 || d.sec > 60 {
		return d, false
	}
	rest = rest[at:]
	if len(rest) > 1 && (rest[0] == '.' || rest[0] == ',') {
		scale := 100_000_000
		for at = 1; at < len(rest) && rest[at] >= '0' && rest[at] <= '9'; at++ {
			d.nsec += int(rest[at]-'0') * scale
			scale /= 10
		}
		rest = rest[at:]
	}
	return d, d.readEnd(bytes.TrimLeft(rest, " \u00a0\u202f"))
}

// readEnd reads what stands behind a time: AM or PM, and a zone.
func (d *day) readEnd(b []byte) bool {
	for len(b) > 0 {
		word, rest, _ := bytes.Cut(b, []byte{' '})
		switch w := word; {
		case equal(w, "am"), equal(w, "a.m."):
			d.half = 'a'
		case equal(w, "pm"), equal(w, "p.m."):
			d.half = 'p'
		case equal(w, "utc"), equal(w, "gmt"), equal(w, "z"):
			d.zoned = true
		case len(w) == 6 && (w[0] == '+' || w[0] == '-') && w[3] == ':':
			zone, ok := 0, true
			for i, unit := range [...]int{0, 36000, 3600, 0, 600, 60} {
				c := int(w[i]) - '0'
				if unit > 0 {
					ok = ok && c >= 0 && c <= 9
					zone += c * unit
				}
			}
			if !ok {
				return false
			}
			if w[0] == '-' {
				zone = -zone
			}
			d.zone, d.zoned = zone, true
		default:
			return false
		}
		b = bytes.TrimLeft(rest, " ")
	}
	return true
}

// equal compares a text without case with one in lower case.
func equal(b []byte, s string) bool { return len(b) == len(s) && strings.EqualFold(string(b), s) }

// time gives the instant.
func (d *day) time(dayFirst bool, loc *time.Location) (t time.Time, certain, ok bool) {
	month, day := d.a, d.b
	if !d.yearFirst && dayFirst || !d.yearFirst && month > 12 {
		month, day = day, month
	}
	if !d.yearFirst && month > 12 {
		month, day = day, month
	}
	hour := d.hour
	const noon = 12
	switch {
	case d.half == 'p' && hour < noon:
		hour += noon
	case d.half == 'a' && hour == noon:
		hour = 0
	}
	if month < 1 || month > 12 || day < 1 {
		return t, false, false
	}
	if d.zoned {
		loc = time.UTC
	}
	t = time.Date(d.year, time.Month(month), day, hour, d.minute, d.sec, d.nsec, loc)
	if t.Day() != day {
		return time.Time{}, false, false
	}
	return t.Add(-time.Duration(d.zone) * time.Second).UTC(), d.zoned, true
}

// An order gathers what rows tell about how days are written.
type order struct {
	have, marked, dots bool
	first, second      [2]int // the largest, and how often it changed
	a, b               int    // of the row before
}

func (o *order) add(text []byte) {
	d, ok := readDay(bytes.Trim(text, " \u00a0"))
	if !ok || d.yearFirst {
		return
	}
	if o.have {
		if d.a != o.a {
			o.first[1]++
		}
		if d.b != o.b {
			o.second[1]++
		}
	}
	o.have, o.a, o.b = true, d.a, d.b
	o.first[0], o.second[0] = max(o.first[0], d.a), max(o.second[0], d.b)
	o.marked = o.marked || d.half != 0
	o.dots = o.dots || d.dots
}

// decide: a part above 12 is the day; from row to row it is the day that changes more often; with AM
// and PM the month stands first.
func (o *order) decide() (dayFirst bool, how string) {
	switch {
	case !o.have || o.dots || o.first[0] > 12:
		return true, ""
	case o.second[0] > 12:
		return false, ""
	case o.first[1] > o.second[1]:
		return true, ""
	case o.second[1] > o.first[1]:
		return false, ""
	case o.marked:
		return false, "dates are taken as month/day, for there is AM and PM"
	}
	return true, "dates are taken as day/month, for there is neither AM nor PM"
}
