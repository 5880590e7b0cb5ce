package oracle

import (
	"bytes"
	"strconv"
	"time"

	"aldebaran/event"
	"aldebaran/evidence/entries"
	"aldebaran/evidence/lines"
)

// A Reader reads trails, one after the other, and keeps its buffers and shapes: one for each
// goroutine.
type Reader struct {
	opt     lines.Options
	entries entries.Reader
	build   entries.Builder
	tally   entries.Tally
	clock   entries.Clock
	strings lines.Names
	names   map[string]string // of values as they are written
	event   event.Event

	// of the trail at hand
	file   *File
	quoted bool // export: the line before ended inside a value
	since  int
	seen   bool // its header
	stamp  []byte
	utc    bool // stamp is in UTC

	take func(name, value []byte)
}

// NewReader makes a reader.
func NewReader(opt lines.Options) *Reader {
	r := &Reader{opt: opt, names: map[string]string{}}
	r.take = r.value
	return r
}

// Read hands every record of a unit to emit, in order, until emit says false. The error is one of
// the file system; records that could not be read are in the report.
func (r *Reader) Read(f *File, u event.Unit, emit func(*event.Event) bool) (event.Report, error) {
	r.file, r.quoted, r.since, r.seen = f, false, 0, false
	place, parse := placeText, r.text
	switch f.kind {
	case xml:
		place, parse = placeXML, r.xml
	case sysLog:
		place, parse = placeSyslog, r.sysLog
	case csv:
		place, parse = r.placeCSV, r.csv
	}
	return r.entries.Events(f.log, u, entries.Format{
		Place: place,
		Parse: func(e *entries.Entry) bool {
			r.stamp, r.utc = nil, false
			return parse(e.Text)
		},
		Want:   "a record of an audit trail of Oracle Database",
		Labels: event.Event{Product: "oracle", Category: "database", Service: "audit", Computer: f.host},
		Build:  &r.build, Tally: &r.tally, Event: &r.event,
	}, r.opt, emit)
}

// maxNames bounds the names that are remembered; all forms together have some 200.
const maxNames = 1 << 10

func (r *Reader) nameOf(written []byte) string {
	if name, ok := r.names[string(written)]; ok {
		return name
	}
	name := fieldName(written)
	if len(r.names) < maxNames {
		r.names[string(written)] = name
	}
	return name
}

// value adds a value under the name that the unified trail has for it, and what follows from it.
func (r *Reader) value(written, value []byte) {
	if len(value) == 0 || len(written) == 0 {
		return
	}
	name := r.nameOf(written)
	switch name {
	case "length", "audit", "auditrecord":
		return
	case "event_timestamp":
		r.timestamp(value, false)
	case "event_timestamp_utc":
		r.timestamp(value, true)
	case "action_number":
		// The records of SYS have the statement as their action.
		if text := actionName(r.strings.Of(value)); text != "" {
			r.literal("action_name", text)
		}
		r.build.AddAs("action", written, value)
		return
	case "action":
		if lines.IsNumber(value) {
			if text := actionName(r.strings.Of(value)); text != "" {
				r.literal("action_name", text)
			}
		} else {
			// The records of SYS have the statement itself there, or a word for what has none.
			r.build.AddAs("sql_text", written, value)
			return
		}
	case "comment_text", "client_address", "authentication_type":
		if host, ok := between(value, "(HOST=", ')'); ok {
			r.build.Add("client_ip", host)
		}
	}
	r.build.AddAs(name, written, value)
}

func (r *Reader) literal(name, value string) {
	start := len(r.build.Scratch)
	r.build.Scratch = append(r.build.Scratch, value...)
	r.build.Add(name, r.build.Own(start))
}

func between(text []byte, before string, after byte) (value []byte, ok bool) {
	_, rest, ok := bytes.Cut(text, []byte(before))
	if !ok {
		return nil, false
	}
	value, _, ok = bytes.Cut(rest, []byte{after})
	return value, ok && len(value) > 0
}

func (r *Reader) at(s entries.Stamp, zone *time.Location) {
	if zone == nil {
		zone = r.tally.Zones.Assume(r.opt)
	}
	r.event.Time = r.clock.At(s, zone)
}

// placeText begins a record of a text file at its date.
func placeText(line []byte) entries.Place {
	if isDate(line) {
		return entries.Free
	}
	return entries.More
}

// text reads a record of a text file: a date, then values, each with its length in bytes.
func (r *Reader) text(record []byte) bool {
	s, n := parseDate(record)
	if n == 0 {
		// "Audit file /u01/...", the version of the server, the machine.
		return true
	}
	zone, m := r.tally.Zones.Parse(record[n:])
	r.at(s, zone)
	r.build.Add("event_timestamp", record[:n+m])
	before := len(r.build.Values)
	r.values(record[n+m:])
	return len(r.build.Values) > before
}

// values reads a list of values, with or without their length, in one of two quotes:
//
//	ACTION :[7] 'CONNECT'    USERID:[3] "SYS" USERHOST:[6] "dbhost"    DBUSER:"SYS" ACTION:"3"
//
// A value of a known length may hold quotes and line feeds.
func (r *Reader) values(text []byte) {
	var hopeless [2]bool // no such quote ends a value for sure from here on: none is looked for again
	for {
		text = bytes.TrimLeft(text, " \t\r\n")
		colon := bytes.IndexByte(text, ':')
		if colon < 0 {
			return
		}
		name := bytes.TrimRight(text[:colon], " ")
		if line := bytes.LastIndexByte(name, '\n'); line >= 0 {
			name = name[line+1:] // a line that is no value
		}
		text = bytes.TrimLeft(text[colon+1:], " ")
		length := -1
		if len(text) > 0 && text[0] == '[' {
			digits, rest, ok := bytes.Cut(text[1:], []byte{']'})
			if n, err := strconv.Atoi(string(digits[:min(len(digits), 8)])); ok && err == nil && len(digits) <= 8 {
				length = n
			}
			if !ok {
				return
			}
			text = bytes.TrimLeft(rest, " ")
		}
		if len(text) == 0 {
			return
		}
		quote := text[0]
		if quote != '\'' && quote != '"' {
			continue
		}
		text = text[1:]
		end := length
		if length < 0 || length >= len(text) || text[length] != quote || !follows(text[length+1:]) {
			end = nextQuote(text, quote)
			if side := quote & 1; !hopeless[side] { // ' is odd, " is even
				if sure, ok := closing(text, quote); ok {
					end = sure
				} else {
					hopeless[side] = true
				}
			}
		}
		r.value(name, text[:end])
		if end == len(text) {
			return
		}
		text = text[end+1:]
	}
}

// nextQuote gives the place of the first quote, the length of the text if there is none.
func nextQuote(text []byte, quote byte) int {
	if i := bytes.IndexByte(text, quote); i >= 0 {
		return i
	}
	return len(text)
}

// closing gives where a value ends whose length is not known, or wrong: at the first quote behind
// which the next value stands, or nothing more.
func closing(text []byte, quote byte) (at int, ok bool) {
	for at < len(text) {
		i := bytes.IndexByte(text[at:], quote)
		if i < 0 {
			return 0, false
		}
		at += i
		if follows(text[at+1:]) && startsValue(text[at+1:]) {
			return at, true
		}
		at++
	}
	return 0, false
}

// follows tells whether a text may stand behind the quote that ends a value.
func follows(rest []byte) bool {
	return len(rest) == 0 || rest[0] == ' ' || rest[0] == '\n' || rest[0] == '\r'
}

// startsValue tells whether a text begins with the name of a value, or has none any more.
func startsValue(rest []byte) bool {
	const longest = 40 // bytes of a name
	rest = bytes.TrimLeft(rest, " \r\n")
	for i, c := range rest[:min(len(rest), longest)] {
		switch {
		case c == ':' && i > 0:
			tail := bytes.TrimLeft(rest[i+1:min(len(rest), i+3)], " ")
			return len(tail) > 0 && (tail[0] == '[' || tail[0] == '"' || tail[0] == '\'')
		case 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '$', c == '_', c == '#', c == ' ' && i > 0:
		default:
			return false
		}
	}
	return len(rest) == 0
}

func placeXML(line []byte) entries.Place {
	if bytes.Contains(line, []byte("<AuditRecord>")) {
		return entries.Free
	}
	return entries.More
}

// xml reads a record of an XML file. Several can stand on a line if something joined them; then they
// are one.
func (r *Reader) xml(record []byte) bool {
	at := bytes.Index(record, []byte("<AuditRecord>"))
	if at < 0 {
		return bytes.Contains(record, []byte("<Audit")) || bytes.Contains(record, []byte("<?xml")) || bytes.Contains(record, []byte("</Audit>"))
	}
	r.build.XML(record[at:], r.take)
	r.stamped()
	return len(r.build.Values) > 0
}

// timestamp remembers the time of a record; of two the one in UTC.
func (r *Reader) timestamp(value []byte, utc bool) {
	if utc || !r.utc {
		r.stamp, r.utc = value, utc
	}
}

// stamped takes the time of a record from its value.
func (r *Reader) stamped() {
	s, n := entries.ParseStamp(r.stamp)
	if n == 0 {
		if s, n = parseOracle(r.stamp); n == 0 {
			return
		}
	}
	zone, _ := r.tally.Zones.Parse(r.stamp[n:])
	if zone == nil && r.utc {
		zone = r.tally.Zones.Known(time.UTC)
	}
	r.at(s, zone)
}

// parseOracle reads a time as SQL*Plus and SQL Developer write it by default:
// "02-JAN-26 03.04.05.678901 PM", "02-JAN-2026 03:04:05".
func parseOracle(b []byte) (s entries.Stamp, n int) {
	if len(b) < len("02-JAN-26 03.04.05") || b[2] != '-' || b[6] != '-' {
		return s, 0
	}
	month := monthOf(b[3:6])
	year, rest, ok := bytes.Cut(b[7:], []byte{' '})
	if month == 0 || !ok || len(year) != 2 && len(year) != 4 || len(rest) < len("03.04.05") {
		return s, 0
	}
	var iso [29]byte
	copy(iso[:], "2000-")
	copy(iso[4-len(year):4], year)
	iso[5], iso[6], iso[7] = '0'+byte(month/10), '0'+byte(month%10), '-'
	iso[8], iso[9], iso[10] = b[0], b[1], ' '
	k := copy(iso[11:], rest)
	for _, i := range [...]int{13, 16} {
		if iso[i] == '.' {
			iso[i] = ':'
		}
	}
	s, n = entries.ParseStamp(iso[:11+k])
	if n == 0 {
		return s, 0
	}
	n += 7 + len(year) + 1 - 11
	switch tail := b[n:]; {
	case bytes.HasPrefix(tail, []byte(" PM")):
		if s.Hour < 12 {
			s.Hour += 12
		}
		n += 3
	case bytes.HasPrefix(tail, []byte(" AM")):
		if s.Hour == 12 {
			s.Hour = 0
		}
		n += 3
	}
	return s, n
}

func placeSyslog(line []byte) entries.Place {
	if isSyslog(line) > 0 {
		return entries.Free
	}
	return entries.More
}

// sysLog reads a record that came through syslog, whose time and host are those of syslog.
func (r *Reader) sysLog(record []byte) bool {
	at := isSyslog(record)
	if at == 0 {
		return false
	}
	header := record[:at]
	if priority, rest, ok := bytes.Cut(header, []byte{'>'}); ok && header[0] == '<' && lines.IsNumber(priority[1:]) {
		header = bytes.TrimPrefix(rest, []byte("1 ")) // the version that RFC 5424 has there
	}
	if s, n := entries.ParseStamp(header); n > 0 {
		zone, m := r.tally.Zones.Parse(header[n:])
		r.at(s, zone)
		header = header[n+m:]
	} else if s, n := entries.ParseBSD(header, r.file.newest, r.opt.Location()); n > 0 {
		if s.Year > 0 {
			r.at(s, nil)
		}
		header = header[n:]
	}
	r.event.Computer = r.strings.Of(hostOf(bytes.TrimLeft(header, " ")))
	text := record[at:]
	if bytes.HasPrefix(text, []byte("[ID ")) { // Solaris: "[ID 748625 local7.warning] "
		if _, rest, ok := bytes.Cut(text, []byte("] ")); ok {
			text = rest
		}
	}
	r.values(text)
	return len(r.build.Values) > 0
}

// hostOf gives the host that stands between the time and the program; AIX says "Message forwarded from
// HOST:". It is nil if there is none.
func hostOf(header []byte) []byte {
	if rest, ok := bytes.CutPrefix(header, []byte("Message forwarded from ")); ok {
		host, _, _ := bytes.Cut(rest, []byte{':'})
		return host
	}
	if bytes.HasPrefix(header, []byte("Oracle ")) {
		return nil
	}
	host, _, _ := bytes.Cut(header, []byte{' '})
	return host
}

// placeCSV counts quotes: a record goes on as long as a value is open.
func (r *Reader) placeCSV(line []byte) entries.Place {
	odd := bytes.Count(line, []byte{'"'})%2 == 1
	if r.quoted {
		if r.since += len(line) + 1; r.since <= entries.MaxEntry || odd {
			r.quoted = r.quoted != odd
			return entries.More
		}
	}
	r.quoted, r.since = odd, 0
	return entries.Free
}

// csv reads a row of an export.
func (r *Reader) csv(record []byte) bool {
	if !r.seen {
		r.seen = true
		return true // the header
	}
	var value []byte
	i := 0
	for rest := record; rest != nil; i++ {
		value, rest = r.build.CSV(rest)
		switch {
		case len(value) == 0:
		case i >= len(r.file.header):
			r.build.Add("extra-columns", value)
		default:
			name := r.file.header[i]
			switch name {
			case "event_timestamp":
				r.timestamp(value, false)
			case "event_timestamp_utc":
				r.timestamp(value, true)
			case "authentication_type":
				if host, ok := between(value, "(HOST=", ')'); ok {
					r.build.Add("client_ip", host)
				}
			}
			r.build.Add(name, value)
		}
	}
	r.stamped()
	return i > 1
}
