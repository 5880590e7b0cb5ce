package w3c

import (
	"bytes"
	"slices"
	"strconv"
	"strings"
)

// A log that was cut out of a larger one, or that an agent sent on line by line, has no directives.
// IIS writes the columns that are switched on in one order only
// (https://learn.microsoft.com/windows/win32/http/w3c-logging):
//
//	date time s-sitename s-computername s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip
//	cs-version cs(User-Agent) cs(Cookie) cs(Referer) cs-host
//	sc-status sc-substatus sc-win32-status sc-bytes cs-bytes time-taken, and the administrator's own
//
// so what stands in a line says which of them there are: method and path, and the status, are found
// in every one.

// maxGuessed bounds the columns of a line without directives: IIS's own 22 and some of one's own.
const maxGuessed = 32

// The logs whose columns are guessed, as their #Software has them.
const (
	softwareIIS     = "Microsoft Internet Information Services"
	softwareHTTPERR = "Microsoft HTTP API"
)

// A guess is what the columns of a line without directives are.
type guess struct {
	names    []string
	software string
}

func (g guess) fields() string { return strings.Join(g.names, " ") }

// guessColumns tells what the columns of a line of IIS, its FTP server or http.sys are. The names is
// nil if it is none. Where a line leaves it open because nothing stands in a column, the name is that
// of before, the guess for the line before it, if the columns are as many.
func guessColumns(line []byte, before guess) guess {
	const prefix = len("2026-03-01 08:00:01 ")
	if len(line) < prefix || !isDate(line) || line[10] != ' ' || !isTime(line[11:]) || line[19] != ' ' {
		return guess{}
	}
	columns := bytes.Fields(line)
	if len(columns) > maxGuessed {
		return guess{}
	}
	var b builder
	b.before = before.names
	if len(b.before) != len(columns) {
		b.before = nil
	}
	b.add("date", "time")
	switch {
	case b.web(columns):
		return guess{b.names, softwareIIS}
	case isFTP(columns):
		return guess{strings.Fields(ftpFields)[:len(columns)], softwareIIS}
	}
	if names := httpErrNames(columns); names != nil {
		return guess{names, softwareHTTPERR}
	}
	return guess{}
}

// A builder puts names together, one for each column from the left.
type builder struct{ names, before []string }

func (b *builder) add(names ...string) { b.names = append(b.names, names...) }

// unsure adds a name that the line does not prove.
func (b *builder) unsure(name string) {
	if at := len(b.names); b.before != nil {
		name = b.before[at]
	}
	b.add(name)
}

// web names the columns of a request. The first two are named.
func (b *builder) web(columns [][]byte) bool {
	method := 2
	for method < len(columns)-1 && !(isMethod(columns[method]) && isPath(columns[method+1])) {
		method++
	}
	const server, request = 3, 7 // at most before the method; at least from it to the status
	if method-2 > server || len(columns)-method < request || !isNumber(columns[method+3]) {
		return false
	}
	if !b.server(columns[2:method]) {
		return false
	}
	b.add("cs-method", "cs-uri-stem", "cs-uri-query", "s-port", "cs-username", "c-ip")
	rest := columns[method+6:]
	if bytes.HasPrefix(rest[0], []byte("HTTP/")) {
		b.add("cs-version")
		rest = rest[1:]
	}
	const texts = 4 // user agent, cookie, referrer, host
	status := slices.IndexFunc(rest, isStatus)
	if status < 0 || status > texts {
		return false
	}
	b.texts(rest[:status])
	b.numbers(rest[status:])
	return true
}

// server names what stands between the time and the method: names and address of the server.
func (b *builder) server(columns [][]byte) bool {
	order := [...]string{"s-sitename", "s-computername", "s-ip"}
	at := 0
	for i, c := range columns {
		kind := 1
		switch {
		case isSite(c):
			kind = 0
		case isAddress(c), isMasked(c) && i == len(columns)-1:
			kind = 2
		}
		if kind < at {
			return false
		}
		b.add(order[kind])
		at = kind + 1
	}
	return true
}

// texts names what stands between the client's address and the status.
func (b *builder) texts(columns [][]byte) {
	all := [...]string{"cs(User-Agent)", "cs(Cookie)", "cs(Referer)", "cs-host"}
	for i, c := range columns {
		switch {
		case i == 0, len(columns) == len(all):
			b.add(all[i])
		case bytes.Contains(c, []byte("://")):
			b.add("cs(Referer)")
		case i == len(columns)-1 && len(columns) == 3 && b.names[len(b.names)-1] == "cs(Referer)":
			b.add("cs-host") // nothing else stands behind the referrer
		case string(c) == "-":
			b.unsure("cs(Referer)")
		case bytes.IndexByte(c, '=') >= 0:
			b.add("cs(Cookie)")
		default:
			b.add("cs-host")
		}
	}
}

// numbers names the status and what stands behind it.
func (b *builder) numbers(columns [][]byte) {
	n := 1
	for n < len(columns) && isNumber(columns[n]) && columns[n][0] != '-' {
		n++
	}
	var names []string
	switch n {
	case 3:
		names = []string{"sc-substatus", "sc-win32-status"}
	case 4:
		names = []string{"sc-substatus", "sc-win32-status", "time-taken"}
	case 5: // one of the two numbers of bytes, or both and no time
		names = []string{"sc-substatus", "sc-win32-status"}
	default:
		if n > 5 {
			names = []string{"sc-substatus", "sc-win32-status", "sc-bytes", "cs-bytes", "time-taken"}
		}
	}
	b.add("sc-status")
	b.add(names...)
	for i := 1 + len(names); i < len(columns); i++ {
		name := "column" + strconv.Itoa(len(b.names)+1)
		switch {
		case isAddresses(columns[i]):
			b.add("x-forwarded-for") // the one that administrators add, behind a proxy
		case string(columns[i]) == "-":
			b.unsure(name)
		default:
			b.add(name)
		}
	}
}

// ftpFields are the columns that IIS's FTP server writes by default.
const ftpFields = "date time c-ip cs-username s-ip s-port cs-method cs-uri-stem sc-status sc-win32-status sc-substatus x-session x-fullpath"

func isFTP(columns [][]byte) bool {
	const without = 11 // session and full path
	return len(columns) >= without && len(columns) <= 13 && len(columns) != 12 &&
		isAddress(columns[2]) && isAddress(columns[4]) && isNumber(columns[5]) && isMethod(columns[6]) &&
		isNumber(columns[8]) && isNumber(columns[9]) && isNumber(columns[10])
}

// httpErrNames gives the columns of a line of HTTPERR, nil if it is none. Newer versions have the
// number of the stream before the status, and the transport at the end
// (https://learn.microsoft.com/troubleshoot/developer/webapps/aspnet/site-behavior-performance/error-logging-http-apis).
func httpErrNames(columns [][]byte) []string {
	if len(columns) < 13 || len(columns) > 15 || !isAddress(columns[2]) || !isNumber(columns[3]) || !isAddress(columns[4]) ||
		!isNumber(columns[5]) || !bytes.HasPrefix(columns[6], []byte("HTTP/")) {
		return nil
	}
	names := strings.Fields("date time c-ip c-port s-ip s-port cs-version cs-method cs-uri")
	status := len(names)
	if !isStatus(columns[status]) && string(columns[status]) != "-" || len(columns) == 15 {
		names = append(names, "streamid")
		status++
	}
	if !isStatus(columns[status]) && string(columns[status]) != "-" {
		return nil
	}
	names = append(names, "sc-status", "s-siteid", "s-reason", "s-queuename")
	if len(names) < len(columns) {
		names = append(names, "transport")
	}
	if len(names) != len(columns) {
		return nil
	}
	return names
}

// isMethod tells whether a text may be the method of a request, or a command of FTP.
func isMethod(b []byte) bool {
	for _, c := range b {
		if (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') && c != '_' && c != '-' {
			return false
		}
	}
	return len(b) > 1
}

func isPath(b []byte) bool { return b[0] == '/' || b[0] == '*' }

// isSite tells whether a text is the name that IIS gives a site: W3SVC and its number.
func isSite(b []byte) bool {
	number, ok := bytes.CutPrefix(b, []byte("W3SVC"))
	return ok && isNumber(number)
}

func isStatus(b []byte) bool {
	return len(b) == 3 && '1' <= b[0] && b[0] <= '5' && isNumber(b)
}

// isMasked tells whether a text is what people make of an address before they hand a log on:
// "10.x.x.x", "xxx".
func isMasked(b []byte) bool {
	for _, c := range b {
		if (c < '0' || c > '9') && c|0x20 != 'x' && c != '.' && c != '*' && c != ':' {
			return false
		}
	}
	return true
}

// isAddresses tells whether a text is an address, or several with commas between them.
func isAddresses(b []byte) bool {
	for address := range bytes.SplitSeq(b, []byte{','}) {
		if address = bytes.Trim(address, "+"); !isAddress(address) {
			return false
		}
	}
	return true
}
