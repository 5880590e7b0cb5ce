package json

import (
	"bytes"
	"time"

	"aldebaran/event"
)

// parseTime reads a time as makers of JSON write it: ISO 8601 in its many forms, seconds,
// milliseconds and finer since 1970, a FILETIME, and /Date(n)/ of .NET. certain says that the zone is
// known; else loc was taken.
func parseTime(b []byte, loc *time.Location) (t time.Time, certain, ok bool) {
	if len(b) >= 19 && b[4] == '-' && b[7] == '-' && (b[10] == 'T' || b[10] == ' ') {
		return parseISO(b, loc)
	}
	if t, ok = parseEpoch(b); ok {
		return t, true, true
	}
	if stamp, serial, found := bytes.Cut(b, []byte{':'}); found && len(serial) > 0 && bytes.IndexByte(stamp, '.') > 0 {
		t, ok = parseEpoch(stamp) // auditd's msg=audit(1767323045.123:4567)
		return t, true, ok
	}
	if rest, found := bytes.CutPrefix(b, []byte("/Date(")); found {
		if end := bytes.IndexAny(rest, ")+"); end > 0 {
			t, ok = parseEpoch(rest[:end])
			return t, true, ok
		}
	}
	const longest = 64
	if len(b) > longest || len(b) < len("1/2/2006 15:04") {
		return time.Time{}, false, false
	}
	for _, layout := range [...]string{
		time.RFC1123Z, time.RFC1123, "Mon Jan _2 15:04:05 2006", "02/Jan/2006:15:04:05 -0700",
	} {
		if t, err := time.ParseInLocation(layout, string(b), loc); err == nil {
			return t.UTC(), true, true
		}
	}
	for _, layout := range [...]string{
		"1/2/2006 3:04:05 PM", "1/2/2006 15:04:05", "1/2/2006 3:04 PM", "Monday, January 2, 2006 3:04:05 PM", "2006/01/02 15:04:05",
	} {
		if t, err := time.ParseInLocation(layout, string(b), loc); err == nil {
			return t.UTC(), false, true
		}
	}
	return time.Time{}, false, false
}

// firstSecond is the first of the year 1, in seconds since 1970; a zone may reach behind it.
const firstSecond = -62135596800

// parseISO reads 2006-01-02T15:04:05.9999999+01:00 with any number of decimals, a blank for the T,
// and a zone that may be Z, +01:00, +0100, +01, UTC or nothing.
func parseISO(b []byte, loc *time.Location) (t time.Time, certain, ok bool) {
	two := func(at int) int {
		hi, lo := b[at]-'0', b[at+1]-'0'
		if hi > 9 || lo > 9 {
			return -1
		}
		return int(hi)*10 + int(lo)
	}
	century, year, month, day := two(0), two(2), two(5), two(8)
	hour, minute, second := two(11), two(14), two(17)
	if century < 0 || year < 0 || century+year == 0 || month < 1 || month > 12 || day < 1 || day > daysIn(century*100+year, month) || hour < 0 || hour > 23 || b[13] != ':' || minute < 0 || minute > 59 || b[16] != ':' || second < 0 || second > 60 {
		return time.Time{}, false, false
	}
	p, nanos := 19, 0
	if p < len(b) && (b[p] == '.' || b[p] == ',') {
		p++
		for scale := 100_000_000; p < len(b) && '0' <= b[p] && b[p] <= '9'; p++ {
			nanos += int(b[p]-'0') * scale
			scale /= 10
		}
	}
	sec := unixDay(century*100+year, month, day)*86400 + int64(hour*3600+minute*60+second)
	if p < len(b) && b[p] == ' ' {
		p++
	}
	switch zone := b[p:]; {
	case len(zone) == 0:
		if loc == time.UTC {
			return time.Unix(sec, int64(nanos)).UTC(), false, true
		}
		return time.Date(century*100+year, time.Month(month), day, hour, minute, second, nanos, loc).UTC(), false, true
	case zone[0] == 'Z' && len(zone) == 1, string(zone) == "UTC", string(zone) == "GMT":
	case zone[0] == '+' || zone[0] == '-':
		digits := zone[1:]
		if len(digits) < 2 || digits[0] < '0' || digits[0] > '9' || digits[1] < '0' || digits[1] > '9' {
			return time.Time{}, false, false
		}
		offset := int64(digits[0]-'0')*36000 + int64(digits[1]-'0')*3600
		if digits = bytes.TrimPrefix(digits[2:], []byte{':'}); len(digits) >= 2 && '0' <= digits[0] && digits[0] <= '9' && '0' <= digits[1] && digits[1] <= '9' {
			offset += int64(digits[0]-'0')*600 + int64(digits[1]-'0')*60
		}
		if offset >= 24*3600 {
			return time.Time{}, false, false
		}
		if zone[0] == '-' {
			offset = -offset
		}
		if sec -= offset; sec < firstSecond {
			return time.Time{}, false, false
		}
	default:
		return time.Time{}, false, false
	}
	return time.Unix(sec, int64(nanos)).UTC(), true, true
}

func daysIn(year, month int) int {
	switch month {
	case 2:
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	case 4, 6, 9, 11:
		return 30
	}
	return 31
}

// unixDay counts the days from 1970-01-01 in the Gregorian calendar; March begins its year, so that
// the leap day is the last (http://howardhinnant.github.io/date_algorithms.html#days_from_civil).
func unixDay(year, month, day int) int64 {
	if month <= 2 {
		year--
		month += 12
	}
	return int64(365*year+year/4-year/100+year/400+(153*(month-3)+2)/5+day-1) - 719468
}

// parseEpoch reads a number of seconds or smaller parts of them; its size says which.
func parseEpoch(b []byte) (t time.Time, ok bool) {
	const mostDigits = 19
	var whole, nanos int64
	p := 0
	for ; p < len(b) && '0' <= b[p] && b[p] <= '9'; p++ {
		if p >= mostDigits-1 && whole > (1<<63-10)/10 {
			return time.Time{}, false
		}
		whole = whole*10 + int64(b[p]-'0')
	}
	if p < 9 {
		return time.Time{}, false // before 1973: no time, but a small number
	}
	if p < len(b) && b[p] == '.' {
		p++
		for scale := int64(100_000_000); p < len(b) && '0' <= b[p] && b[p] <= '9'; p++ {
			nanos += int64(b[p]-'0') * scale
			scale /= 10
		}
	}
	if p != len(b) {
		return time.Time{}, false
	}
	switch {
	case whole < 1e11: // to the year 5138
		return time.Unix(whole, nanos).UTC(), true
	case whole < 1e14:
		return time.UnixMilli(whole).UTC(), true
	case whole < 1e17 && whole < 5e16:
		return time.UnixMicro(whole).UTC(), true
	case whole < 1e18: // 100 ns since 1601, of 1917 to 4769
		return event.FileTimeToTime(uint64(whole)), true
	}
	return time.Unix(0, whole).UTC(), true
}
