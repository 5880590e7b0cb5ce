package ncsa

import (
	"bytes"
	"time"

	"aldebaran/evidence/lines"
)

// dates reads times, and remembers the last day and zone: lines of one day follow each other.
type dates struct {
	day   [11]byte // 11/Jul/2018
	zone  [5]byte  // +0300
	first int64    // second of the day in UTC, by the zone
	ok    bool
}

// parse reads 11/Jul/2018:08:41:28 +0300, also with decimals, with a day of one digit, without a
// zone; and ISO 8601. zone is nil if the text has none.
func (d *dates) parse(b []byte, loc *time.Location) (t time.Time, zone []byte, ok bool) {
	const fixed = len("11/Jul/2018:08:41:28 +0300")
	if len(b) == fixed && d.ok && string(b[:11]) == string(d.day[:]) && string(b[21:]) == string(d.zone[:]) && b[11] == ':' && b[20] == ' ' {
		if sec, ok := secondOfDay(b[12:20]); ok {
			return time.Unix(d.first+int64(sec), 0).UTC(), b[21:], true
		}
		return time.Time{}, nil, false
	}
	if len(b) > 5 && b[4] == '-' {
		if t, err := time.Parse(time.RFC3339Nano, string(b)); err == nil {
			if b[len(b)-1] == 'Z' {
				return t.UTC(), []byte("UTC"), true
			}
			return t.UTC(), b[len(b)-len("+00:00"):], true
		}
		return time.Time{}, nil, false
	}
	colon := bytes.IndexByte(b, ':')
	if colon != 10 && colon != 11 || len(b) < colon+9 {
		return time.Time{}, nil, false
	}
	sec, ok := secondOfDay(b[colon+1 : colon+9])
	if !ok {
		return time.Time{}, nil, false
	}
	day := b[:colon]
	dayOf := day[:len(day)-9]
	m := month(day[len(day)-8 : len(day)-5])
	if day[len(day)-9] != '/' || day[len(day)-5] != '/' || m == 0 || !lines.IsNumber(dayOf) || !lines.IsNumber(day[len(day)-4:]) {
		return time.Time{}, nil, false
	}
	rest, nsec := b[colon+9:], 0
	if len(rest) > 1 && (rest[0] == '.' || rest[0] == ',') {
		n := 1
		for n < len(rest) && '0' <= rest[n] && rest[n] <= '9' {
			n++
		}
		nsec, rest = fraction(rest[1:n]), rest[n:]
	}
	year := lines.Number(day[len(day)-4:])
	if len(rest) == 0 {
		t, ok = date6(year, m, lines.Number(dayOf), sec/3600, sec/60%60, sec%60, nsec, loc)
		return t, nil, ok
	}
	if rest[0] != ' ' {
		return time.Time{}, nil, false
	}
	zone = rest[1:]
	offset, ok := offset(zone)
	if !ok {
		return time.Time{}, nil, false
	}
	t, ok = date6(year, m, lines.Number(dayOf), sec/3600, sec/60%60, sec%60, nsec, time.UTC)
	t = t.Add(-time.Duration(offset) * time.Second)
	if ok && len(b) == fixed && colon == 11 {
		copy(d.day[:], day)
		copy(d.zone[:], zone)
		d.first, d.ok = t.Unix()-int64(sec), true
	}
	return t, zone, ok
}

// parseError reads the times of Apache's error log: Tue Sep 30 11:30:13.262255 2014, or, if it is set
// to the compact form (%{cu}t), 2014-09-30 11:30:13.262255. zone is nil if the text has none.
func (d *dates) parseError(b []byte, loc *time.Location) (t time.Time, zone []byte, ok bool) {
	if len(b) > 5 && b[4] == '-' {
		return compact(b, loc)
	}
	const shortest = len("Tue Sep 30 11:30:13 2014")
	if len(b) < shortest || len(b) > shortest+10 || b[3] != ' ' || b[7] != ' ' || b[10] != ' ' {
		return time.Time{}, nil, false
	}
	m := month(b[4:7])
	day := bytes.TrimLeft(b[8:10], " ")
	sec, ok := secondOfDay(b[11:19])
	year := b[len(b)-4:]
	if m == 0 || !ok || !lines.IsNumber(day) || !lines.IsNumber(year) || b[len(b)-5] != ' ' {
		return time.Time{}, nil, false
	}
	nsec := 0
	if part := b[19 : len(b)-5]; len(part) > 1 && part[0] == '.' && lines.IsNumber(part[1:]) {
		nsec = fraction(part[1:])
	}
	t, ok = date6(lines.Number(year), m, lines.Number(day), sec/3600, sec/60%60, sec%60, nsec, loc)
	return t, nil, ok
}

// compact reads 2014-09-30 11:30:13.262255, with or without decimals and +0200 behind a blank.
func compact(b []byte, loc *time.Location) (t time.Time, zone []byte, ok bool) {
	const whole = len("2014-09-30 11:30:13")
	if len(b) < whole || b[7] != '-' || b[10] != ' ' {
		return time.Time{}, nil, false
	}
	year, m, day := b[:4], b[5:7], b[8:10]
	sec, ok := secondOfDay(b[11:whole])
	if !ok || !lines.IsNumber(year) || !lines.IsNumber(m) || !lines.IsNumber(day) {
		return time.Time{}, nil, false
	}
	decimals, zone, zoned := bytes.Cut(b[whole:], []byte{' '})
	nsec := 0
	if len(decimals) > 1 && decimals[0] == '.' && lines.IsNumber(decimals[1:]) {
		nsec = fraction(decimals[1:])
	} else if len(decimals) > 0 {
		return time.Time{}, nil, false
	}
	seconds := 0
	if zoned {
		if seconds, ok = offset(zone); !ok {
			return time.Time{}, nil, false
		}
		loc = time.UTC
	}
	t, ok = date6(lines.Number(year), lines.Number(m), lines.Number(day), sec/3600, sec/60%60, sec%60, nsec, loc)
	return t.Add(-time.Duration(seconds) * time.Second), zone, ok
}

// secondOfDay reads hh:mm:ss.
func secondOfDay(b []byte) (sec int, ok bool) {
	if len(b) != 8 || b[2] != ':' || b[5] != ':' {
		return 0, false
	}
	h, m, s := twoDigits(b), twoDigits(b[3:]), twoDigits(b[6:])
	return h*3600 + m*60 + s, h < 24 && m < 60 && s <= 60 // 60: a leap second
}

// twoDigits gives the number that b begins with, 100 if it begins with no two digits.
func twoDigits(b []byte) int {
	tens, ones := b[0]-'0', b[1]-'0'
	if tens > 9 || ones > 9 {
		return 100
	}
	return int(tens)*10 + int(ones)
}

// fraction gives decimals of a second in nanoseconds.
func fraction(b []byte) (nsec int) {
	b = b[:min(len(b), 9)]
	nsec = lines.Number(b)
	for range 9 - len(b) {
		nsec *= 10
	}
	return nsec
}

// offset reads +0300 or +03:00 in seconds.
func offset(b []byte) (sec int, ok bool) {
	var d [4]byte
	switch {
	case len(b) == 5:
		copy(d[:], b[1:])
	case len(b) == 6 && b[3] == ':':
		copy(d[:2], b[1:3])
		copy(d[2:], b[4:])
	default:
		return 0, false
	}
	if !lines.IsNumber(d[:]) || b[0] != '+' && b[0] != '-' {
		return 0, false
	}
	h, m := lines.Number(d[:2]), lines.Number(d[2:])
	if sec = h*3600 + m*60; b[0] == '-' {
		sec = -sec
	}
	return sec, h <= 14 && m < 60
}

func month(b []byte) int {
	const names = "janfebmaraprmayjunjulaugsepoctnovdec"
	if len(b) != 3 {
		return 0
	}
	low := [3]byte{b[0] | 0x20, b[1] | 0x20, b[2] | 0x20}
	for i := 0; i < len(names); i += 3 {
		if names[i:i+3] == string(low[:]) {
			return i/3 + 1
		}
	}
	return 0
}

// date6 is time.Date for values that somebody else wrote; false if there is no such day.
func date6(year, m, day, hour, minute, sec, nsec int, loc *time.Location) (time.Time, bool) {
	if m < 1 || m > 12 || day < 1 || day > 31 || hour > 23 || minute > 59 || sec > 60 {
		return time.Time{}, false
	}
	t := time.Date(year, time.Month(m), day, 12, 0, 0, 0, time.UTC)
	if t.Day() != day {
		return time.Time{}, false
	}
	return time.Date(year, time.Month(m), day, hour, minute, sec, nsec, loc).UTC(), true
}
