package cef

import (
	"bytes"
	"time"

	"aldebaran/evidence/record"
)

// Parse adds the fields of a record to rec, and labels its event; false, with nothing added, if the
// text is none. The time is that of the record if the event has none yet, or if the record says it
// without doubt: in milliseconds since 1970, or with its zone.
func Parse(rec *record.Reader, text []byte, times *record.Times) bool {
	if !is(text) {
		return false
	}
	leef := text[0] == 'L'
	names := [...]string{"deviceVendor", "deviceProduct", "deviceVersion", "deviceEventClassId", "name", "severity"}
	n := len(names)
	if leef {
		n = 4
	}
	at := bytes.IndexByte(text, '|') + 1
	var fields [len(names)][]byte
	for i := range n {
		end := pipe(text, at)
		if end < 0 {
			if i < n-1 {
				return false // a record without extension may end in its last field
			}
			end = len(text)
		}
		fields[i] = text[at:end]
		at = min(end+1, len(text))
	}
	first := rec.Len()
	for i := range n {
		rec.Add(names[i], unescape(rec, fields[i]))
	}
	rest := text[at:]
	if leef {
		delimiter := byte('\t')
		if bytes.HasPrefix(text, []byte("LEEF:2")) {
			delimiter, rest = delimiter2(rest)
		} else if bytes.IndexByte(rest, '\t') < 0 && bytes.IndexByte(rest, '^') >= 0 {
			delimiter = '^'
		}
		pairsLEEF(rec, rest, delimiter)
	} else {
		pairsCEF(rec, rest)
	}
	labels(rec)
	label(rec, fields[0])
	when(rec, times)
	return rec.Len() > first
}

// pipe gives the place of the next | that no backslash stands before, -1 if there is none.
func pipe(b []byte, from int) int {
	for i := from; i < len(b); i++ {
		switch b[i] {
		case '\\':
			i++
		case '|':
			return i
		}
	}
	return -1
}

// unescape takes backslashes away, and makes line feeds of \n and \r.
func unescape(rec *record.Reader, b []byte) []byte {
	if bytes.IndexByte(b, '\\') < 0 {
		return b
	}
	at := len(rec.Scratch)
	out := rec.Scratch
	for i := 0; i < len(b); i++ {
		c := b[i]
		if c == '\\' && i+1 < len(b) {
			switch b[i+1] {
			case '\\', '|', '=':
				i++
				c = b[i]
			case 'n':
				i++
				c = '\n'
			case 'r':
				i++
				c = '\r'
			}
		}
		out = append(out, c)
	}
	rec.Scratch = out
	return out[at:]
}

// pairsCEF adds key=value. Values may hold blanks: a value ends before the last word in front of the
// next = that no backslash stands before.
func pairsCEF(rec *record.Reader, b []byte) {
	b = bytes.TrimLeft(b, " ")
	eq := equals(b, 0)
	if eq < 0 {
		return
	}
	name := b[:eq]
	for {
		from := eq + 1
		next := equals(b, from)
		end := len(b)
		var key []byte
		for next >= 0 {
			near := max(from, next-maxKey-1) // keys are short; a value may be long
			if start := bytes.LastIndexByte(b[near:next], ' '); start >= 0 && isKey(b[near+start+1:next]) {
				end, key = near+start, b[near+start+1:next]
				break
			}
			next = equals(b, next+1) // an = in a value that was not escaped
		}
		if isKey(name) {
			rec.AddNamed(name, unescape(rec, bytes.TrimRight(b[from:max(end, from)], " ")))
		}
		if next < 0 {
			return
		}
		name, eq = key, next
	}
}

func equals(b []byte, from int) int {
	for i := from; i < len(b); i++ {
		switch b[i] {
		case '\\':
			i++
		case '=':
			return i
		}
	}
	return -1
}

// maxKey bounds the name of a field; the standard allows 63 bytes.
const maxKey = 100

// isKey tells whether a text may be a key: letters, digits and a few signs.
func isKey(b []byte) bool {
	if len(b) == 0 || len(b) > maxKey {
		return false
	}
	for _, c := range b {
		switch {
		case 'a' <= c|0x20 && c|0x20 <= 'z', '0' <= c && c <= '9', c == '_', c == '.', c == '-', c == '[', c == ']', c == ':':
		default:
			return false
		}
	}
	return true
}

// delimiter2 reads the sixth field of LEEF 2.0: a character, or its number as x5E or 0x5E. It is
// left out at times.
func delimiter2(b []byte) (byte, []byte) {
	end := bytes.IndexByte(b, '|')
	const longest = 4
	if end < 0 || end > longest {
		return '\t', b
	}
	field, rest := b[:end], b[end+1:]
	switch {
	case len(field) == 1:
		return field[0], rest
	case len(field) >= 3 && field[len(field)-3] == 'x':
		hi, ok1 := nibble(field[len(field)-2])
		lo, ok2 := nibble(field[len(field)-1])
		if ok1 && ok2 {
			return hi<<4 | lo, rest
		}
	case len(field) == 0:
		return '\t', rest
	}
	return '\t', b
}

func nibble(c byte) (byte, bool) {
	switch {
	case '0' <= c && c <= '9':
		return c - '0', true
	case 'a' <= c|0x20 && c|0x20 <= 'f':
		return c | 0x20 - 'a' + 10, true
	}
	return 0, false
}

func pairsLEEF(rec *record.Reader, b []byte, delimiter byte) {
	for len(b) > 0 {
		var pair []byte
		if i := bytes.IndexByte(b, delimiter); i >= 0 {
			pair, b = b[:i], b[i+1:]
		} else {
			pair, b = b, nil
		}
		name, value, ok := bytes.Cut(pair, []byte{'='})
		if ok && isKey(name) {
			rec.AddNamed(name, value)
		}
	}
}

// labels adds the values of cs1, cn1, ... by the names that cs1Label, cn1Label, ... give them,
// without blanks.
func labels(rec *record.Reader) {
	const suffix = "Label"
	n := rec.Len()
	for i := range n {
		key, label := rec.At(i)
		base, ok := bytes.CutSuffix(key, []byte(suffix))
		if !ok || len(base) == 0 || len(label) == 0 {
			continue
		}
		for j := range n {
			name, value := rec.At(j)
			if !bytes.Equal(name, base) {
				continue
			}
			at := len(rec.Scratch)
			for _, c := range label {
				if c != ' ' {
					rec.Scratch = append(rec.Scratch, c)
				}
			}
			rec.AddNamed(rec.Scratch[at:], value)
			break
		}
	}
}

// label says which log source a record serves, and adds the fields that rules for it use.
func label(rec *record.Reader, vendor []byte) {
	e := &rec.Event
	e.Product = product(rec, vendor)
	if e.Product == "fortigate" {
		e.Service = "event"
	}
	alias := func(to string, from ...string) bool {
		for _, f := range from {
			if v, ok := rec.Get(f); ok {
				rec.Add(to, v)
				return true
			}
		}
		return false
	}
	_, isURL := rec.Get("request")
	_, isVirus := rec.Get("virusName")
	if !isVirus {
		_, isVirus = rec.Get("VirusName")
	}
	_, hasSource := rec.Get("src")
	_, hasTarget := rec.Get("dst")
	switch {
	case isVirus:
		e.Category = "antivirus"
		alias("Signature", "virusName", "VirusName")
		alias("Filename", "filePath", "fname", "fileName")
		alias("Action", "act", "action")
	case isURL && isProxy(e.Product):
		e.Category = "proxy"
		alias("c-uri", "request")
		alias("cs-host", "dhost", "dst")
		alias("c-ip", "src")
		alias("cs-method", "requestMethod")
		alias("c-useragent", "requestClientApplication")
		alias("cs-username", "suser", "usrName")
	case isURL:
		e.Category = "webserver"
		alias("cs-uri-query", "request")
		alias("c-ip", "src")
		alias("cs-method", "requestMethod", "method")
		alias("cs-user-agent", "requestClientApplication")
		alias("cs-username", "suser", "usrName")
	case hasSource && hasTarget:
		e.Category = "firewall"
		alias("src_ip", "src")
		alias("dst_ip", "dst")
		alias("src_port", "spt", "srcPort")
		alias("dst_port", "dpt", "dstPort")
		alias("action", "act")
	}
}

// product gives the Sigma product of a vendor: its name in lower case, without what stands behind a
// blank, where SigmaHQ has no other word.
func product(rec *record.Reader, vendor []byte) string {
	switch {
	case bytes.EqualFold(vendor, []byte("Fortinet")):
		return "fortigate"
	case bytes.HasPrefix(vendor, []byte("Palo Alto")):
		return "paloalto"
	case bytes.EqualFold(vendor, []byte("Microsoft")):
		return "microsoft" // not windows: such records have none of an event log's fields
	}
	word, _, _ := bytes.Cut(bytes.TrimSpace(vendor), []byte{' '})
	at := len(rec.Scratch)
	for _, c := range word {
		if 'A' <= c && c <= 'Z' {
			c |= 0x20
		}
		rec.Scratch = append(rec.Scratch, c)
	}
	return rec.String(rec.Scratch[at:])
}

func isProxy(product string) bool {
	switch product {
	case "zscaler", "bluecoat", "blue", "symantec", "squid", "mcafee", "skyhigh", "forcepoint", "websense", "netskope", "iboss", "ironport", "cisco":
		return true
	}
	return false
}

// when sets the time of the event.
func when(rec *record.Reader, times *record.Times) {
	for _, name := range [...]string{"rt", "devTime", "end", "start"} {
		text, ok := rec.Get(name)
		if !ok {
			continue
		}
		if t, ok := epoch(text); ok {
			rec.Event.Time = t
			return
		}
		s, ok := record.ReadStamp(text)
		if !ok || s.Year < 0 {
			continue
		}
		if rest := bytes.TrimSpace(text[s.Length:]); string(rest) == "UTC" || string(rest) == "GMT" || string(rest) == "Z" {
			s.Zoned = true
		}
		if s.Zoned || rec.Event.Time.IsZero() {
			rec.Event.Time = times.Time(&s)
		}
		return
	}
}

// epoch reads seconds or milliseconds since 1970.
func epoch(b []byte) (time.Time, bool) {
	const seconds, milliseconds = 10, 13 // digits
	if len(b) != seconds && len(b) != milliseconds {
		return time.Time{}, false
	}
	n := int64(0)
	for _, c := range b {
		if c < '0' || c > '9' {
			return time.Time{}, false
		}
		n = n*10 + int64(c-'0')
	}
	if len(b) == seconds {
		return time.Unix(n, 0).UTC(), true
	}
	return time.UnixMilli(n).UTC(), true
}
