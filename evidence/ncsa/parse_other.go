package ncsa

import (
	"bytes"
	"time"

	"aldebaran/evidence/lines"
)

// timeFirst reads the time in brackets that a line begins with, and gives what stands behind it.
func (p *parser) timeFirst(line []byte) (rest []byte, ok bool) {
	end := bytes.IndexByte(line, ']')
	if end < 0 || end+2 >= len(line) {
		return nil, false
	}
	if p.time, p.zone, ok = p.dates.parse(line[1:end], p.loc); !ok {
		return nil, false
	}
	p.zoned = p.zone != nil
	return line[end+2:], true
}

// atlassian takes a line of Confluence's and Jira's access log apart:
//
//	[17/Jun/2021:12:57:26 +0200] [forwarded-for ]user thread client GET /x HTTP/1.1 200 1020ms 7881 referer user agent
func (p *parser) atlassian(line []byte) bool {
	line, ok := p.timeFirst(line)
	if !ok {
		return false
	}
	const maxWords = 64 // forwarded-for may be a list
	var words [maxWords][]byte
	n, rest := 0, line
	for ; n < maxWords && len(rest) > 0; n++ {
		words[n], rest = word(rest)
		if n >= 5 && bytes.HasPrefix(words[n], []byte("HTTP/")) {
			break
		}
	}
	if n < 5 || n == maxWords || !bytes.HasPrefix(words[n], []byte("HTTP/")) || !isMethod(words[n-2]) {
		return false
	}
	p.version, p.method, p.client, p.thread, p.user = words[n], words[n-2], words[n-3], words[n-4], words[n-5]
	if n > 5 {
		list := bytes.TrimRight(line[:bytes.Index(line, p.thread)], " ")
		p.forwarded = bytes.TrimRight(bytes.TrimSuffix(list, p.user), " ")
	}
	p.requested = true
	p.split(words[n-1])
	if p.kind == proxied {
		p.uri = words[n-1]
	}
	p.status, rest = word(rest)
	p.duration, rest = word(rest)
	if !lines.IsNumber(p.status) || !bytes.HasSuffix(p.duration, []byte("ms")) {
		return false
	}
	p.bytes, rest = word(rest)
	p.referer, p.agent = word(rest)
	return true
}

// sslRequest takes a line of the log of TLS requests apart that Apache's packages come with
// (https://httpd.apache.org/docs/2.4/mod/mod_ssl.html#logformats):
//
//	[10/Oct/2026:13:55:36 -0700] 192.0.2.1 TLSv1.3 TLS_AES_256_GCM_SHA384 "GET / HTTP/1.1" 2326
func (p *parser) sslRequest(line []byte) bool {
	line, ok := p.timeFirst(line)
	if !ok {
		return false
	}
	client, rest := word(line)
	protocol, afterProtocol := word(rest)
	_, request := word(afterProtocol)
	known := bytes.HasPrefix(protocol, []byte("TLSv")) || bytes.HasPrefix(protocol, []byte("SSLv")) || string(protocol) == "-"
	if !known || len(client) == 0 || len(request) == 0 || request[0] != '"' {
		return false
	}
	p.client = client
	p.splitClient()
	p.more = bytes.TrimRight(rest[:len(rest)-len(request)], " ")
	quote := closing(request, 1, true)
	if quote < 0 {
		p.unclosed = true
		p.request(request[1:])
		return true
	}
	p.request(request[1:quote])
	p.bytes, _ = word(request[min(quote+2, len(request)):])
	return true
}

// native takes a line of IIS's own format apart:
//
//	192.0.2.1, -, 03/20/01, 7:55:20, W3SVC2, SERVER, 192.0.2.2, 4502, 163, 3223, 200, 0, GET, /x.gif, -,
func (p *parser) native(line []byte) bool {
	const columns = 15
	var c [columns][]byte
	rest := line
	for i := range c {
		if i == columns-1 {
			// The query may hold commas.
			c[i] = bytes.TrimSpace(bytes.TrimSuffix(bytes.TrimRight(rest, " "), []byte{','}))
			break
		}
		value, more, ok := bytes.Cut(rest, []byte{','})
		if !ok {
			return false
		}
		c[i], rest = bytes.TrimSpace(value), more
	}
	for _, at := range [...]int{7, 8, 9, 10, 11} {
		if !lines.IsNumber(c[at]) {
			return false
		}
	}
	var ok bool
	if p.time, ok = nativeTime(c[2], c[3], p.loc); !ok || !isMethod(c[12]) {
		return false
	}
	p.iis = true
	p.client, p.user, p.computer, p.duration = c[0], c[1], c[5], c[7]
	p.bytes, p.status, p.method, p.stem, p.requested = c[9], c[10], c[12], c[13], true
	if len(c[14]) != 1 || c[14][0] != '-' {
		p.query = c[14]
	}
	return true
}

// nativeTime reads 03/20/01 and 7:55:20. The order is month, day; where that cannot be, day, month.
func nativeTime(date, clock []byte, loc *time.Location) (time.Time, bool) {
	var d, c [3]int
	if !numbers(date, '/', &d) || !numbers(clock, ':', &c) {
		return time.Time{}, false
	}
	if d[0] > 12 {
		d[0], d[1] = d[1], d[0]
	}
	switch {
	case d[2] < 70:
		d[2] += 2000
	case d[2] < 100:
		d[2] += 1900
	}
	return date6(d[2], d[0], d[1], c[0], c[1], c[2], 0, loc)
}

// numbers reads three numbers of at most four digits.
func numbers(b []byte, sep byte, n *[3]int) bool {
	for i := range n {
		part := b
		if i < 2 {
			at := bytes.IndexByte(b, sep)
			if at < 0 {
				return false
			}
			part, b = b[:at], b[at+1:]
		}
		if !lines.IsNumber(part) || len(part) > 4 {
			return false
		}
		n[i] = lines.Number(part)
	}
	return true
}

// apacheError takes a line of Apache's error log apart
// (https://httpd.apache.org/docs/2.4/mod/core.html#errorlogformat):
//
//	[Tue Sep 30 11:30:13.262255 2014] [core:error] [pid 20101:tid 1] [client 192.0.2.1:34567] AH00037: ...
func (p *parser) apacheError(line []byte) bool {
	end := bytes.IndexByte(line, ']')
	if end < 0 {
		return false
	}
	var ok bool
	if p.time, p.zone, ok = p.dates.parseError(line[1:end], p.loc); !ok {
		return false
	}
	p.zoned = p.zone != nil
	rest := bytes.TrimLeft(line[end+1:], " ")
	for len(rest) > 0 && rest[0] == '[' {
		end := bytes.IndexByte(rest, ']')
		if end < 0 {
			break
		}
		part := rest[1:end]
		switch {
		case bytes.HasPrefix(part, []byte("pid ")):
			p.process, _, _ = bytes.Cut(part[4:], []byte{':'})
		case bytes.HasPrefix(part, []byte("client ")):
			p.client = part[7:]
			p.splitClient()
		case p.level == nil:
			if module, level, ok := bytes.Cut(part, []byte{':'}); ok {
				p.module, p.level = module, level
			} else {
				p.level = part
			}
		default:
			p.message = rest // the message begins with a bracket
		}
		if p.message != nil {
			break
		}
		rest = bytes.TrimLeft(rest[end+1:], " ")
	}
	p.kind, p.message = apacheError, rest
	if line[1] >= '0' && line[1] <= '9' {
		return p.module != nil && p.process != nil // many programs write such a time and a level
	}
	return p.level != nil
}

// nginxError takes a line of nginx's error log apart
// (https://nginx.org/en/docs/ngx_core_module.html#error_log):
//
//	2021/12/01 13:53:33 [error] 31#31: *46 ..., client: 192.0.2.1, server: localhost, request: "GET / HTTP/1.1", host: "localhost"
func (p *parser) nginxError(line []byte) bool {
	const prefix = len("2021/12/01 13:53:33 [")
	if len(line) <= prefix || line[4] != '/' || line[7] != '/' || line[10] != ' ' || line[13] != ':' || line[16] != ':' || line[19] != ' ' || line[20] != '[' {
		return false
	}
	var d, c [3]int
	if !numbers(line[:10], '/', &d) || !numbers(line[11:19], ':', &c) {
		return false
	}
	end := bytes.IndexByte(line[prefix:], ']')
	if end < 0 || !isMethod(line[prefix:prefix+end]) {
		return false
	}
	var ok bool
	if p.time, ok = date6(d[0], d[1], d[2], c[0], c[1], c[2], 0, p.loc); !ok {
		return false
	}
	p.kind, p.level = nginxError, line[prefix:prefix+end]
	rest := bytes.TrimLeft(line[prefix+end+1:], " ")
	if process, message, ok := bytes.Cut(rest, []byte(": ")); ok {
		if at := bytes.IndexByte(process, '#'); at > 0 && lines.IsNumber(process[:at]) {
			p.process, rest = process[:at], message
		}
	}
	p.message = rest
	// The last of each: what stands before may quote the client.
	p.client = after(rest, ", client: ", ",")
	p.server = after(rest, ", server: ", ",")
	p.host = after(rest, `, host: "`, `"`)
	p.splitPort()
	if request := after(rest, `, request: "`, `", `); request != nil {
		p.request(bytes.TrimSuffix(request, []byte{'"'}))
		p.kind = nginxError
	}
	return true
}

// after gives what stands between the last mark and the next end, or the end of the text.
func after(b []byte, mark, end string) []byte {
	at := bytes.LastIndex(b, []byte(mark))
	if at < 0 {
		return nil
	}
	text, _, _ := bytes.Cut(b[at+len(mark):], []byte(end))
	return text
}
