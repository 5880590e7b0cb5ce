package entries

import (
	"bytes"
	"time"

	"aldebaran/event"
	"aldebaran/evidence/lines"
)

// A Stamp is a date and a time as a log writes them, without a zone.
type Stamp struct {
	Year, Month, Day, Hour, Minute, Second, Nano int
}

// ParseStamp reads yyyy-mm-dd or yymmdd, a blank or T, h:mm:ss, and decimals behind a point or a
// comma, at the beginning of b; n is how many bytes that are, 0 if it is none.
func ParseStamp(b []byte) (s Stamp, n int) {
	switch {
	case len(b) >= 15 && b[4] == '-' && b[7] == '-':
		s.Year, s.Month, s.Day = number(b[:4]), number(b[5:7]), number(b[8:10])
		n = 10
	case len(b) >= 17 && b[8] == ' ': // MariaDB's audit: 20210108 10:40:13
		s.Year, s.Month, s.Day = number(b[:4]), number(b[4:6]), number(b[6:8])
		n = 8
	case len(b) >= 13 && b[6] == ' ':
		s.Year, s.Month, s.Day = number(b[:2]), number(b[2:4]), number(b[4:6])
		if s.Year >= 0 {
			s.Year += 2000
		}
		n = 6
	default:
		return s, 0
	}
	if s.Year < 0 || s.Month < 1 || s.Month > 12 || s.Day < 1 || s.Day > 31 || b[n] != ' ' && b[n] != 'T' {
		return s, 0
	}
	n++
	if b[n] == ' ' { // hours of one digit are padded
		n++
	}
	hour := b[n : n+1]
	if n+1 < len(b) && b[n+1] != ':' {
		hour = b[n : n+2]
	}
	n += len(hour)
	if len(b) < n+6 || b[n] != ':' || b[n+3] != ':' {
		return s, 0
	}
	s.Hour, s.Minute, s.Second = number(hour), number(b[n+1:n+3]), number(b[n+4:n+6])
	if s.Hour < 0 || s.Hour > 23 || s.Minute < 0 || s.Minute > 59 || s.Second < 0 || s.Second > 60 {
		return s, 0
	}
	n += 6
	if n+1 < len(b) && (b[n] == '.' || b[n] == ',') && isDigit(b[n+1]) {
		n++
		for unit := 100_000_000; n < len(b) && isDigit(b[n]); n++ {
			s.Nano += int(b[n]-'0') * unit
			unit /= 10
		}
	}
	return s, n
}

// number reads a few digits, -1 if there is something else.
func number(b []byte) (n int) {
	for _, c := range b {
		if !isDigit(c) {
			return -1
		}
		n = n*10 + int(c-'0')
	}
	return n
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// A Clock turns stamps into instants; it remembers the last minute. The zero value is ready.
type Clock struct {
	minute [5]int
	zone   *time.Location
	start  int64
}

// At gives the instant of a stamp in a zone, in UTC.
func (c *Clock) At(s Stamp, zone *time.Location) time.Time {
	minute := [5]int{s.Year, s.Month, s.Day, s.Hour, s.Minute}
	if minute != c.minute || zone != c.zone {
		c.minute, c.zone = minute, zone
		c.start = time.Date(s.Year, time.Month(s.Month), s.Day, s.Hour, s.Minute, 0, 0, zone).Unix()
	}
	return time.Unix(c.start+int64(s.Second), int64(s.Nano)).UTC()
}

// Zones knows the zones that a log names, and remembers which those were. The zero value is ready.
type Zones struct {
	named   string
	several bool
	assumed bool
	cache   map[string]*time.Location
}

// maxZones bounds the zones that are remembered; there are some 40 offsets in the world.
const maxZones = 128

// Parse reads the zone at the beginning of b, blanks before it left out: Z, an offset (+0200,
// +02:00, -03), or an abbreviation that everybody uses for the same offset. zone is nil if there is
// none, or if it is not known; n is how many bytes it has, also if it is not known.
func (z *Zones) Parse(b []byte) (zone *time.Location, n int) {
	start := 0
	for start < len(b) && b[start] == ' ' {
		start++
	}
	n = start
	if n < len(b) && (b[n] == '+' || b[n] == '-') {
		n++
		for n < len(b) && n-start < 6 && (isDigit(b[n]) || b[n] == ':' && n-start == 3) {
			n++
		}
	} else {
		for n < len(b) && n-start < 6 && ('A' <= b[n] && b[n] <= 'Z') {
			n++
		}
	}
	name := b[start:n]
	if zone, ok := z.cache[string(name)]; ok {
		z.saw(zone)
		return zone, n
	}
	seconds, ok := offset(name)
	if !ok {
		if len(name) < 3 {
			n = 0
		}
		return nil, n
	}
	zone = time.UTC
	if seconds != 0 {
		zone = time.FixedZone(string(name), seconds)
	}
	if z.cache == nil {
		z.cache = map[string]*time.Location{}
	}
	if len(z.cache) < maxZones {
		z.cache[string(name)] = zone
	}
	z.saw(zone)
	return zone, n
}

func (z *Zones) saw(zone *time.Location) {
	if z.named != "" && z.named != zone.String() {
		z.several = true
	}
	z.named = zone.String()
}

// Known tells that the format itself says the zone.
func (z *Zones) Known(zone *time.Location) *time.Location {
	z.saw(zone)
	return zone
}

// Assume gives the zone for a time that does not say its own.
func (z *Zones) Assume(opt lines.Options) *time.Location {
	z.assumed = true
	return opt.Location()
}

// Forget begins a new log.
func (z *Zones) Forget() { *z = Zones{cache: z.cache} }

// Clock says what was found.
func (z *Zones) Clock(opt lines.Options) event.Clock {
	switch {
	case z.assumed:
		return opt.Clock()
	case z.several:
		return event.Clock{Zone: "several", How: "the lines say theirs"}
	case z.named != "":
		return event.Clock{Zone: z.named, How: "the log says its zone"}
	}
	return event.Clock{Zone: "UTC", How: "the log has no times of its own"}
}

// offset gives the seconds east of Greenwich of a zone. Abbreviations are those of PostgreSQL's
// default set (src/timezone/tznames/Default) that mean one thing in practice; IST, CST and the like,
// which mean several, are not there but for the readings of that set.
func offset(name []byte) (seconds int, ok bool) {
	const hour = 3600
	if len(name) >= 3 && (name[0] == '+' || name[0] == '-') {
		h, m := number(name[1:3]), 0
		switch len(name) {
		case 3:
		case 5:
			m = number(name[3:5])
		case 6:
			m = number(name[4:6])
		default:
			return 0, false
		}
		if h < 0 || h > 15 || m < 0 || m > 59 {
			return 0, false
		}
		if name[0] == '-' {
			return -h*hour - m*60, true
		}
		return h*hour + m*60, true
	}
	switch string(name) {
	case "Z", "UTC", "GMT", "UCT", "WET":
		return 0, true
	case "CET", "MEZ", "BST", "WEST", "WAT":
		return hour, true
	case "CEST", "MESZ", "EET", "SAST", "CAT":
		return 2 * hour, true
	case "EEST", "MSK", "EAT", "TRT":
		return 3 * hour, true
	case "MSD":
		return 4 * hour, true
	case "PKT":
		return 5 * hour, true
	case "ICT", "WIB":
		return 7 * hour, true
	case "HKT", "SGT", "AWST", "PHT":
		return 8 * hour, true
	case "JST", "KST":
		return 9 * hour, true
	case "AEST":
		return 10 * hour, true
	case "AEDT":
		return 11 * hour, true
	case "NZST":
		return 12 * hour, true
	case "NZDT":
		return 13 * hour, true
	case "BRT":
		return -3 * hour, true
	case "EDT":
		return -4 * hour, true
	case "EST", "CDT":
		return -5 * hour, true
	case "CST", "MDT":
		return -6 * hour, true
	case "MST", "PDT":
		return -7 * hour, true
	case "PST", "AKDT":
		return -8 * hour, true
	case "AKST":
		return -9 * hour, true
	case "HST":
		return -10 * hour, true
	}
	return 0, false
}

// ParseBSD reads the time of syslog at the beginning of a text, "Jan  2 15:04:05" (RFC 3164 4.1.2),
// which has no year: the latest is taken in which the time is not after newest, when the file was last
// written, by clocks of that zone. The year is 0 if newest is. n is the length, 0 if there is no time.
func ParseBSD(b []byte, newest time.Time, zone *time.Location) (s Stamp, n int) {
	const width = len("Jan  2 15:04:05")
	const months = "JanFebMarAprMayJunJulAugSepOctNovDec"
	if len(b) < width || b[3] != ' ' {
		return s, 0
	}
	m := bytes.Index([]byte(months), b[:3])
	if m < 0 || m%3 != 0 {
		return s, 0
	}
	month := m/3 + 1
	var full [19]byte
	copy(full[:], "2004-01-00 ") // a leap year
	copy(full[11:], b[7:width])
	full[5], full[6] = '0'+byte(month/10), '0'+byte(month%10)
	full[8], full[9] = b[4], b[5]
	if b[4] == ' ' {
		full[8] = '0'
	}
	if s, n = ParseStamp(full[:]); n != len(full) {
		return s, 0
	}
	s.Year = 0
	if !newest.IsZero() {
		const slack = 24 * time.Hour // clocks and zones differ
		s.Year = newest.In(zone).Year()
		if time.Date(s.Year, time.Month(s.Month), s.Day, s.Hour, s.Minute, s.Second, 0, zone).After(newest.Add(slack)) {
			s.Year--
		}
	}
	return s, width
}
