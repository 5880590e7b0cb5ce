package w3c

import (
	"strings"

	"aldebaran/event"
)

// A layout is what one #Fields directive says about the lines that follow it.
type layout struct {
	shape                      *event.Shape
	product, category, service string
	// columns is the number of names.
	columns int
	// date, time and computer are columns, -1 if there is none.
	date, time, computer int
	// numeric are columns that hold numbers; free are those that can hold blanks which the writer
	// should have replaced, the likeliest first. With both a line with too many columns is mended.
	numeric, free []int
	// quoted says that the writer puts texts in quotes. IIS never does: there a quote is the client's.
	quoted bool
	// local says that times are in the zone of the machine, not in UTC.
	local bool
	// more is the shape of a line that has more columns than names.
	more *event.Shape
}

// maxColumns bounds the names of one #Fields directive; IIS has 22, and some ten of one's own.
const maxColumns = 256

// extra is the name of the field that holds what stands behind the last column that has a name.
const extra = "extra-columns"

// newLayout reads the value of #Fields; software is the value of #Software.
func newLayout(fields, software string) *layout {
	l := &layout{date: -1, time: -1, computer: -1}
	has := map[string]bool{}
	var shape []event.Field
	for written := range strings.FieldsSeq(fields) {
		if len(shape) == maxColumns {
			break
		}
		name := fieldName(written)
		has[name] = true
		switch at := len(shape); name {
		case "date":
			l.date = at
		case "time":
			l.time = at
		case "s-computername":
			l.computer = at
		case "sc-status", "sc-substatus", "sc-win32-status", "s-port", "sc-bytes", "cs-bytes", "time-taken":
			l.numeric = append(l.numeric, at)
		}
		shape = append(shape, event.Field{Name: name, Path: written})
	}
	l.columns = len(shape)
	for _, name := range [...]string{"cs-uri-query", "cs-user-agent", "cs-username", "cs-uri-stem", "cs-referer", "cs-cookie"} {
		for at, f := range shape {
			if f.Name == name {
				l.free = append(l.free, at)
			}
		}
	}
	l.shape = &event.Shape{Fields: shape}
	l.more = &event.Shape{Fields: append(shape[:len(shape):len(shape)], event.Field{Name: extra, Path: extra})}
	software = strings.ToLower(software)
	iis := strings.Contains(software, "internet information") || strings.Contains(software, "http server api") || strings.Contains(software, "microsoft http api")
	l.quoted = !iis
	switch {
	case has["src_ip"] && has["dst_ip"]:
		l.category = "firewall"
		l.local = strings.Contains(software, "windows firewall")
	case strings.Contains(software, "sgos") || strings.Contains(software, "blue coat") || strings.Contains(software, "security and acceleration") ||
		strings.Contains(software, "threat management") || has["r-dns"] || has["r-host"] || has["s-supplier-name"] || has["cs-uri-scheme"]:
		l.category = "proxy"
	case iis:
		l.category, l.service = "webserver", "iis"
	case has["cs-method"] || has["cs-uri-stem"] || has["cs-uri"] || has["sc-status"]:
		l.category = "webserver"
	}
	return l
}

// fieldName gives the name under which rules look for a column. They write headers with hyphens
// (cs-user-agent) where the format has cs(User-Agent); the name as it was written is the Field's Path.
func fieldName(written string) string {
	name := strings.ToLower(written)
	if prefix, header, ok := strings.Cut(name, "("); ok && strings.HasSuffix(header, ")") && prefix != "" && len(header) > 1 {
		name = prefix + "-" + header[:len(header)-1]
	}
	switch name {
	case "cs-referrer", "cs-referred":
		return "cs-referer"
	case "c-agent":
		return "cs-user-agent"
	case "cs-uri-path":
		return "cs-uri-stem"
	case "cs-auth-user", "c-auth-id":
		return "cs-username"
	case "src-ip", "dst-ip", "src-port", "dst-port":
		return strings.ReplaceAll(name, "-", "_")
	}
	return name
}

func isAddress(b []byte) bool {
	dots := false
	for _, c := range b {
		switch {
		case c == '.' || c == ':':
			dots = true
		case '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'f' || c == '%':
		default:
			return false
		}
	}
	return dots
}

func isNumber(b []byte) bool {
	if len(b) == 1 && b[0] == '-' {
		return true
	}
	for _, c := range b {
		if c < '0' || c > '9' {
			return false
		}
	}
	return len(b) > 0
}
