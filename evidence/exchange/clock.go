package exchange

import "time"

// A clock reads the times of records and remembers the day: records of one day follow each other.
type clock struct {
	text [10]byte
	day  int64
	ok   bool
}

// parse reads 2026-01-11T16:00:11.478Z, without decimals, with another offset or a blank for the T,
// or 1/11/2026 4:00:11 PM, as the logs of the request filter have it. Without an offset it is UTC.
func (c *clock) parse(b []byte) (t time.Time, ok bool) {
	if len(b) < len("2006-01-02T15:04:05") {
		return parseAmerican(b)
	}
	if b[4] != '-' || b[7] != '-' || b[10] != 'T' && b[10] != ' ' || b[13] != ':' || b[16] != ':' {
		return parseAmerican(b)
	}
	if string(b[:10]) != string(c.text[:]) {
		copy(c.text[:], b)
		year, ok1 := number(b[:4])
		month, ok2 := number(b[5:7])
		day, ok3 := number(b[8:10])
		t := time.Date(year, time.Month(month), day, 0, 0, 0, 0, time.UTC)
		c.ok = ok1 && ok2 && ok3 && t.Day() == day && int(t.Month()) == month
		c.day = t.Unix()
	}
	hour, ok1 := number(b[11:13])
	minute, ok2 := number(b[14:16])
	second, ok3 := number(b[17:19])
	if !c.ok || !ok1 || !ok2 || !ok3 || hour > 23 || minute > 59 || second > 60 { // 60: a leap second
		return time.Time{}, false
	}
	sec := c.day + int64(hour*3600+minute*60+second)
	rest := b[19:]
	nsec := int64(0)
	if len(rest) > 0 && rest[0] == '.' {
		digits := 1
		for digits < len(rest) && digits <= 9 && '0' <= rest[digits] && rest[digits] <= '9' {
			nsec = nsec*10 + int64(rest[digits]-'0')
			digits++
		}
		for range 10 - digits {
			nsec *= 10
		}
		rest = rest[digits:]
	}
	switch {
	case len(rest) == 0 || len(rest) == 1 && rest[0] == 'Z':
	case len(rest) == 6 && (rest[0] == '+' || rest[0] == '-') && rest[3] == ':':
		h, ok1 := number(rest[1:3])
		m, ok2 := number(rest[4:6])
		if !ok1 || !ok2 || h > 14 || m > 59 {
			return time.Time{}, false
		}
		offset := int64(h*3600 + m*60)
		if rest[0] == '-' {
			offset = -offset
		}
		sec -= offset
	default:
		return time.Time{}, false
	}
	return time.Unix(sec, nsec).UTC(), true
}

func parseAmerican(b []byte) (time.Time, bool) {
	const shortest, longest = len("1/2/2006 3:04:05 PM"), len("12/12/2006 13:04:05 PM")
	if len(b) < shortest || len(b) > longest || b[len(b)-1] != 'M' {
		return time.Time{}, false
	}
	t, err := time.Parse("1/2/2006 3:04:05 PM", string(b))
	return t, err == nil
}

func number(b []byte) (n int, ok bool) {
	for _, c := range b {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int(c-'0')
	}
	return n, true
}
