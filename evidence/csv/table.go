package csv

import (
	"bytes"
	"slices"
	"strconv"
	"strings"
	"time"

	"aldebaran/evidence/json"
)

// A table is what the head of a file says of all its rows.
type table struct {
	separator byte
	// header is the first row as it stands, which may come again.
	header []byte
	// names are those of the columns, as package json takes them; more of them than the header has,
	// for rows that are longer.
	names [][]byte
	// columns is the number of names that the header has.
	columns int
	kind    *export // nil for a table that we do not know
	// host is the column of the machine, -1 if there is none.
	host int
	// time is the column of the event's time, -1 if there is none; utc says that it is in UTC.
	time     int
	utc      bool
	inUTC    []int // columns of which the header says that they are in UTC
	inLocal  []int // columns of which it says that they are in the zone of whoever exported them
	also     []also
	dayFirst bool
	// how says why days stand before months, or behind them, if the rows did not.
	how string
}

// An also is a second name of a column.
type also struct {
	column int
	name   []byte
}

// longerBy is how many columns more than the header a row may have.
const longerBy = 8

// newTable looks at the head of a file; why says what it is not, if it is no table.
func newTable(text []byte) (t *table, why string) {
	rows := bytes.Split(text, []byte{'\n'})
	if len(rows) > 1 && len(rows[len(rows)-1]) > 0 && len(text) >= headSize/2 {
		rows = rows[:len(rows)-1] // it may be cut off
	}
	var separator byte
	at := 0
	for ; at < len(rows); at++ {
		row := bytes.TrimSpace(rows[at])
		switch {
		case len(row) == 0, bytes.HasPrefix(row, []byte("#TYPE ")):
		case len(row) == len("sep=;") && bytes.HasPrefix(row, []byte("sep=")):
			separator = row[4]
		default:
			if t, why = readHeader(bytes.TrimRight(rows[at], "\r"), separator); t == nil {
				return nil, why
			}
			return t.look(rows[at+1:])
		}
	}
	return nil, "no names"
}

// readHeader reads the names of the columns.
func readHeader(row []byte, separator byte) (*table, string) {
	if separator == 0 {
		separator = separatorOf(row)
	}
	s := splitter{separator: separator}
	if s.split(row, false) {
		return nil, "the first row has a quote that does not end"
	}
	if len(s.values) > maxColumns {
		return nil, "more columns than a table has"
	}
	if n := len(s.values); n > 1 && s.values[n-1].IsNull() {
		s.values = s.values[:n-1] // a separator behind the last name
	}
	const fewest = 3
	if len(s.values) < fewest {
		return nil, "less than three columns"
	}
	t := &table{separator: separator, header: bytes.Clone(row), columns: len(s.values), time: -1, host: -1}
	seen := map[string]bool{}
	for _, v := range s.values {
		name := string(bytes.TrimSpace(v.Raw))
		if !isColumnName(name) || seen[name] {
			return nil, "column " + strconv.Itoa(len(seen)+1) + ": a name, found " + strconv.Quote(name[:min(len(name), 40)])
		}
		seen[name] = true
		t.names = append(t.names, []byte(name))
	}
	return t, ""
}

// separatorOf is the one of the four that there is most of outside quotes.
func separatorOf(row []byte) byte {
	var counts [4]int
	const all = ",;\t|"
	quoted := false
	for _, c := range row {
		if c == '"' {
			quoted = !quoted
		}
		if i := strings.IndexByte(all, c); i >= 0 && !quoted {
			counts[i]++
		}
	}
	best := 0
	for i, n := range counts {
		if n > counts[best] {
			best = i
		}
	}
	return all[best]
}

// isColumnName tells whether a text may be the name of a column: short, and neither a number nor a
// time nor an address, which are values.
func isColumnName(s string) bool {
	const longest, mostWords = 100, 8
	if s == "" || len(s) > longest || strings.Count(s, " ") >= mostWords || s[0] == '#' && strings.Contains(s, ":") {
		return false
	}
	letters := 0
	for _, c := range s {
		switch {
		case c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= 0x80 && c != 0xfffd:
			letters++
		case c < ' ', strings.ContainsRune("={}<>\"'\\;", c):
			return false
		}
	}
	if _, _, ok := json.ParseTime([]byte(s), time.UTC); ok {
		return false
	}
	return letters > 0 && (s[0] < '0' || s[0] > '9') && s[0] != '-' && s[0] != '/' && s[0] != '+'
}

// look decides by the first rows: what the table is, which column is the time, and how it writes days.
func (t *table) look(rows [][]byte) (*table, string) {
	s := splitter{separator: t.separator}
	good, bad, times := 0, 0, make([]int, t.columns)
	var order order
	var longest int
	for i := 0; i < len(rows) && good+bad < sampled; i++ {
		row := bytes.TrimRight(rows[i], "\r")
		if len(row) == 0 {
			continue
		}
		open := s.split(row, false)
		if open {
			row = bytes.Clone(row) // what is appended must not go into the rows behind it
		}
		for open && i+1 < len(rows) {
			i++
			line := bytes.TrimRight(rows[i], "\r")
			row = append(append(row, '\n'), line...)
			if open = s.stillOpen(line); !open {
				s.split(row, false)
			}
		}
		if open {
			break // the end of the head
		}
		longest = max(longest, len(s.values))
		if n := len(s.values); n < t.columns-1 || n > t.columns+longerBy {
			bad++
			continue
		}
		good++
		for c, v := range s.values[:min(len(s.values), t.columns)] {
			if _, _, ok := t.parse(v.Raw, time.UTC); ok {
				times[c]++
				order.add(v.Raw)
			}
		}
	}
	t.kind = exportOf(t.names, longest)
	if bad > good/4 || good == 0 && t.kind == nil {
		return nil, "rows of other lengths than the first"
	}
	t.rename()
	if t.kind != nil && t.kind.host != "" {
		t.host = slices.IndexFunc(t.names, func(n []byte) bool { return string(n) == t.kind.host })
	}
	t.dayFirst, t.how = order.decide()
	t.time = t.timeColumn(times, good)
	if t.kind == nil && t.time < 0 {
		return nil, "no column of times"
	}
	for i := range longerBy {
		name := "column" + strconv.Itoa(t.columns+1+i)
		if i == 0 && t.kind != nil && t.kind.extra != "" {
			name = t.kind.extra
		}
		t.names = append(t.names, []byte(name))
	}
	return t, ""
}

// timeColumn is the column of the time: that of a known export, else the one whose name says most
// that it is when the event happened, among those that hold times.
func (t *table) timeColumn(times []int, rows int) int {
	best, most := -1, 0
	for i := range t.columns {
		name := strings.ToLower(string(t.names[i]))
		utc := strings.Contains(name, "utc") || strings.Contains(name, "gmt") || slices.Contains(t.inUTC, i)
		if t.kind != nil && t.kind.time != "" {
			if string(t.names[i]) == t.kind.time {
				t.utc = t.kind.utc && !slices.Contains(t.inLocal, i)
				return i
			}
			continue
		}
		if rows == 0 || times[i]*2 < rows {
			continue
		}
		if i > 0 && !saysTime(name) {
			continue // an inventory has times, too, but is no log
		}
		score := 1
		for n, words := range [...]string{"date", "time", "creat generat", "timestamp timegenerated @timestamp eventtime datetime"} {
			for w := range strings.FieldsSeq(words) {
				if strings.Contains(name, w) {
					score += 1 << n
					break
				}
			}
		}
		if strings.Contains(name, "event") {
			score += 4
		}
		for _, later := range [...]string{"modif", "updat", "ingest", "receiv", "expir", "last", "end", "until", "valid", "birth", "alarm"} {
			if strings.Contains(name, later) {
				score = 1
			}
		}
		if score > most {
			best, most = i, score
			t.utc = utc
		}
	}
	return best
}

// saysTime tells whether the name of a column, in lower case, says that it is the time of its row.
func saysTime(name string) bool {
	for _, w := range [...]string{"time", "date", "stamp", "when", "created", "generated", "zeit", "datum", "fecha", "hora", "heure", "data", "وقت", "تاريخ", "дата", "время", "时间", "日時"} {
		if strings.Contains(name, w) {
			return true
		}
	}
	return name == "ts" || name == "_ts" || name == "ds"
}

// parse reads a time; loc is the zone of those that do not say theirs.
func (t *table) parse(b []byte, loc *time.Location) (when time.Time, certain, ok bool) {
	b = bytes.Trim(b, " \u00a0")
	const shortest, longest = len("1/2/26 3:04"), 64
	if len(b) < shortest || len(b) > longest {
		return when, false, false
	}
	if p, isDay := readDay(b); isDay {
		return p.time(t.dayFirst, loc)
	}
	if allDigits(b) {
		// A number alone may be anything: only that of seconds or milliseconds of this century is a time.
		if when, certain, ok = json.ParseTime(b, loc); ok && (when.Year() < 2001 || when.Year() > 2099) {
			return when, false, false
		}
		return when, certain, ok
	}
	return json.ParseTime(b, loc)
}

func allDigits(b []byte) bool {
	for _, c := range b {
		if (c < '0' || c > '9') && c != '.' {
			return false
		}
	}
	return true
}
