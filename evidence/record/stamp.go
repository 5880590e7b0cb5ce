package record

import (
	"time"

	"aldebaran/evidence/lines"
)

// Times turns the times of log lines into instants.
type Times struct {
	// Loc is the zone of times that do not say theirs.
	Loc *time.Location
	// days are the first seconds of the days of a year that lines leave out, as if in UTC; 0 where
	// it is not known yet, noDay where there is none.
	days [13][32]int64
	// limit is the last second that a line without a year may be of.
	limit int64
}

const noDay = -1 << 62

// slack is how much later than the file's time of change a line may say it is: logs in local time
// are up to 14 hours ahead of UTC, and clocks differ.
const slack = 24 * 3600

// NewTimes makes what turns the times of one file into instants.
func NewTimes(opt lines.Options) Times {
	c := Times{Loc: opt.Location()}
	if !opt.Newest.IsZero() {
		c.limit = opt.Newest.Unix() + slack
	}
	return c
}

// day gives the first second of a day in the latest year in which it is not after the limit; false
// if there is no such day or no limit is known. 29 February is that of the latest leap year.
func (c *Times) day(month, day int) (int64, bool) {
	if c.limit == 0 {
		return 0, false
	}
	at := &c.days[month][day]
	if *at == 0 {
		*at = noDay
		last := time.Unix(c.limit, 0).UTC().Year()
		const between = 8 // years from one leap year to the next, over 1900 or 2100
		for year := last; year > last-between-1; year-- {
			t := time.Date(year, time.Month(month), day, 0, 0, 0, 0, time.UTC)
			if t.Day() == day && t.Unix() <= c.limit {
				*at = t.Unix()
				break
			}
		}
	}
	return *at, *at != noDay
}

// A Stamp is the time at the beginning of a line, as it was written.
type Stamp struct {
	Style Style
	// Length is the number of its bytes.
	Length int
	// Year is -1 if it was left out.
	Year, Month, Day int
	// Sec is the second of the day, Nsec what is beyond it.
	Sec, Nsec int
	// Zone is in seconds east of UTC, if the stamp says its zone.
	Zone  int
	Zoned bool
}

// A Style is how a time is written.
type Style uint8

const (
	BSD   Style = iota // Mar  6 04:07:28, with a year behind the day or in front
	ISO                // 2021-03-06T04:07:33.194677+00:00
	Blank              // 2021-05-28 18:08:34,399
	Ctime              // Wed Jul 27 18:32:27 2016
)

// ReadStamp reads the time that a line begins with.
func ReadStamp(b []byte) (s Stamp, ok bool) {
	if len(b) < 14 {
		return s, false
	}
	switch c := b[0]; {
	case c >= '0' && c <= '9':
		if b[4] == '-' {
			return readISO(b)
		}
		if b[4] != ' ' || !lines.IsNumber(b[:4]) {
			return s, false
		}
		// 2014 Dec 20 09:29:47
		s, ok = readBSD(b[5:])
		s.Length += 5
		s.Year = lines.Number(b[:4])
		return s, ok
	case c >= 'A' && c <= 'Z':
		if month(b) == 0 && b[3] == ' ' && isWeekday(b) {
			return readCtime(b)
		}
		return readBSD(b)
	}
	return s, false
}

// readBSD reads "Mar  6 04:07:28", "Sep 8 07:46:30", "Mar 06 2021 04:07:28", with or without
// decimals.
func readBSD(b []byte) (s Stamp, ok bool) {
	s = Stamp{Style: BSD, Year: -1}
	if len(b) < 14 || b[3] != ' ' {
		return s, false
	}
	if s.Month = month(b); s.Month == 0 {
		return s, false
	}
	at := 4
	if b[at] == ' ' {
		at++
	}
	s.Day, at = readNumber(b, at, 2)
	if s.Day < 1 || s.Day > 31 || at >= len(b) || b[at] != ' ' {
		return s, false
	}
	at++
	if at+5 < len(b) && b[at+4] == ' ' && lines.IsNumber(b[at:at+4]) {
		s.Year = lines.Number(b[at : at+4])
		at += 5
	}
	at, ok = s.ReadTime(b, at)
	s.Length = at
	return s, ok
}

// readISO reads RFC 3339, and the same with a blank instead of T and without a zone.
func readISO(b []byte) (s Stamp, ok bool) {
	s = Stamp{Style: ISO}
	if len(b) < 19 || b[7] != '-' || !lines.IsNumber(b[:4]) || !lines.IsNumber(b[5:7]) || !lines.IsNumber(b[8:10]) {
		return s, false
	}
	s.Year, s.Month, s.Day = lines.Number(b[:4]), lines.Number(b[5:7]), lines.Number(b[8:10])
	if s.Month < 1 || s.Month > 12 || s.Day < 1 || s.Day > 31 {
		return s, false
	}
	switch b[10] {
	case 'T':
	case ' ':
		s.Style = Blank
	default:
		return s, false
	}
	at, ok := s.ReadTime(b, 11)
	if !ok {
		return s, false
	}
	s.Length = at
	if at >= len(b) {
		return s, true
	}
	switch c := b[at]; {
	case c == 'Z':
		s.Zoned = true
		s.Length++
	case c == '+' || c == '-':
		h, m, n := 0, 0, 0
		switch {
		case len(b) >= at+6 && b[at+3] == ':' && lines.IsNumber(b[at+1:at+3]) && lines.IsNumber(b[at+4:at+6]):
			h, m, n = lines.Number(b[at+1:at+3]), lines.Number(b[at+4:at+6]), 6
		case len(b) >= at+5 && lines.IsNumber(b[at+1:at+5]):
			h, m, n = lines.Number(b[at+1:at+3]), lines.Number(b[at+3:at+5]), 5
		default:
			return s, false
		}
		if h > 14 || m > 59 {
			return s, false
		}
		s.Zone, s.Zoned = h*3600+m*60, true
		if c == '-' {
			s.Zone = -s.Zone
		}
		s.Length += n
	}
	return s, true
}

// readCtime reads "Wed Jul 27 18:32:27 2016".
func readCtime(b []byte) (s Stamp, ok bool) {
	s, ok = readBSD(b[4:])
	if !ok || s.Year >= 0 {
		return s, false
	}
	at := 4 + s.Length
	if len(b) < at+5 || b[at] != ' ' || !lines.IsNumber(b[at+1:at+5]) {
		return s, false
	}
	s.Style, s.Year, s.Length = Ctime, lines.Number(b[at+1:at+5]), at+5
	return s, true
}

// ReadTime reads hh:mm:ss and its decimals from b[at:] on, and gives where they end.
func (s *Stamp) ReadTime(b []byte, at int) (end int, ok bool) {
	if len(b) < at+8 || b[at+2] != ':' || b[at+5] != ':' || !lines.IsNumber(b[at:at+2]) || !lines.IsNumber(b[at+3:at+5]) || !lines.IsNumber(b[at+6:at+8]) {
		return at, false
	}
	h, m, sec := lines.Number(b[at:at+2]), lines.Number(b[at+3:at+5]), lines.Number(b[at+6:at+8])
	if h > 23 || m > 59 || sec > 60 { // 60: a leap second
		return at, false
	}
	s.Sec = h*3600 + m*60 + sec
	at += 8
	if at+1 < len(b) && (b[at] == '.' || b[at] == ',') && b[at+1] >= '0' && b[at+1] <= '9' {
		n, scale := 0, 100_000_000
		for at++; at < len(b) && b[at] >= '0' && b[at] <= '9'; at++ {
			n += int(b[at]-'0') * scale
			scale /= 10
		}
		s.Nsec = n
	}
	return at, true
}

// Time gives the instant of a stamp, in UTC; the zero time if its year cannot be known or there is
// no such day.
func (c *Times) Time(s *Stamp) time.Time {
	var day int64
	if s.Year < 0 {
		var ok bool
		if day, ok = c.day(s.Month, s.Day); !ok {
			return time.Time{}
		}
	} else {
		t := time.Date(s.Year, time.Month(s.Month), s.Day, 0, 0, 0, 0, time.UTC)
		if t.Day() != s.Day {
			return time.Time{}
		}
		day = t.Unix()
	}
	t := time.Unix(day+int64(s.Sec), int64(s.Nsec)).UTC()
	if s.Zoned {
		return t.Add(-time.Duration(s.Zone) * time.Second)
	}
	if c.Loc == time.UTC {
		return t
	}
	return time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), c.Loc).UTC()
}

// month gives the number of a month by its first three letters, 0 if it is none.
func month(b []byte) int {
	switch string(b[:3]) {
	case "Jan":
		return 1
	case "Feb":
		return 2
	case "Mar":
		return 3
	case "Apr":
		return 4
	case "May":
		return 5
	case "Jun":
		return 6
	case "Jul":
		return 7
	case "Aug":
		return 8
	case "Sep":
		return 9
	case "Oct":
		return 10
	case "Nov":
		return 11
	case "Dec":
		return 12
	}
	return 0
}

func isWeekday(b []byte) bool {
	switch string(b[:3]) {
	case "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun":
		return true
	}
	return false
}

// readNumber reads at most max digits from at on, and gives where they end; -1 if there are none.
func readNumber(b []byte, at, max int) (n, end int) {
	start := at
	for at < len(b) && at-start < max && b[at] >= '0' && b[at] <= '9' {
		n = n*10 + int(b[at]-'0')
		at++
	}
	if at == start {
		return -1, at
	}
	return n, at
}
