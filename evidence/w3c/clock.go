package w3c

import (
	"bytes"
	"time"

	"aldebaran/evidence/lines"
)

// isDate tells whether b begins with yyyy-mm-dd.
func isDate(b []byte) bool {
	return len(b) >= 10 && b[4] == '-' && b[7] == '-' && lines.IsNumber(b[:4]) && lines.IsNumber(b[5:7]) && lines.IsNumber(b[8:10])
}

// isTime tells whether b begins with hh:mm:ss.
func isTime(b []byte) bool {
	return len(b) >= 8 && b[2] == ':' && b[5] == ':' && lines.IsNumber(b[:2]) && lines.IsNumber(b[3:5]) && lines.IsNumber(b[6:8])
}

// A clock turns the dates and times of a log into instants.
type clock struct {
	loc *time.Location
	// text is the date that day was made of: lines of one day follow each other.
	text [10]byte
	day  int64 // its first second in UTC, without loc
	ok   bool
	// last is the second of the day of the line before, for logs that have no column for the date.
	last int64
}

// parseDate gives the first second of a day, as if it were UTC.
func (c *clock) parseDate(b []byte) (day int64, ok bool) {
	if len(b) == 10 && bytes.Equal(b, c.text[:]) {
		return c.day, c.ok
	}
	if len(b) != 10 || !isDate(b) {
		return 0, false
	}
	copy(c.text[:], b)
	y, m, d := lines.Number(b[:4]), lines.Number(b[5:7]), lines.Number(b[8:10])
	t := time.Date(y, time.Month(m), d, 0, 0, 0, 0, time.UTC)
	c.day, c.ok = t.Unix(), t.Day() == d && int(t.Month()) == m
	return c.day, c.ok
}

// parseTime gives the seconds and nanoseconds of hh:mm:ss with or without decimals.
func parseTime(b []byte) (sec, nsec int64, ok bool) {
	if len(b) < 8 || !isTime(b) {
		return 0, 0, false
	}
	h, m, s := lines.Number(b[:2]), lines.Number(b[3:5]), lines.Number(b[6:8])
	if h > 23 || m > 59 || s > 60 { // 60: a leap second
		return 0, 0, false
	}
	sec = int64(h*3600 + m*60 + s)
	if len(b) == 8 {
		return sec, 0, true
	}
	if b[8] != '.' && b[8] != ',' || len(b) == 9 || len(b) > 18 || !lines.IsNumber(b[9:]) {
		return 0, 0, false
	}
	nsec = int64(lines.Number(b[9:]))
	for range 18 - len(b) {
		nsec *= 10
	}
	return sec, nsec, true
}

// at gives the instant of a second of a day.
func (c *clock) at(day, sec, nsec int64) time.Time {
	t := time.Unix(day+sec, nsec).UTC()
	if c.loc == time.UTC {
		return t
	}
	return time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), c.loc).UTC()
}

// parseOffset reads the value of #GMT-Offset: -0800, +02:00.
func parseOffset(b []byte) (*time.Location, bool) {
	if len(b) == 6 && b[3] == ':' {
		b = append(append([]byte{}, b[:3]...), b[4:]...)
	}
	if len(b) != 5 || b[0] != '+' && b[0] != '-' || !lines.IsNumber(b[1:]) {
		return nil, false
	}
	h, m := lines.Number(b[1:3]), lines.Number(b[3:5])
	if h > 14 || m > 59 {
		return nil, false
	}
	sec := h*3600 + m*60
	if b[0] == '-' {
		sec = -sec
	}
	return time.FixedZone(string(b[:3])+":"+string(b[3:]), sec), true
}
