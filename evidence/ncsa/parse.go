package ncsa

import (
	"bytes"
	"time"

	"aldebaran/evidence/lines"
)

// A kind is what sort of line it is.
type kind uint8

const (
	access      kind = iota // of a web server
	proxied                 // a request with a whole URL or CONNECT: the server was used as a proxy
	apacheError             // a line of Apache's error log
	nginxError              // a line of nginx's error log
	kinds
)

// A parser takes one line apart.
type parser struct {
	parts
	loc     *time.Location // of times that do not say theirs
	dates   dates
	scratch []byte
	slash   [1]byte
}

// parts are what a line consists of: slices of the line or of scratch, nil where the line has no
// such part; a hyphen stands for "no value" in all of them.
type parts struct {
	kind      kind
	time      time.Time
	zoned     bool // the line says its zone
	unclosed  bool // the request does not end: the line may be half written
	iis       bool // it is in IIS's own format
	requested bool // there is a request, or the place of one
	zone      []byte

	host, port, client, ident, id, user     []byte
	clientPort                              []byte
	method, uri, scheme, stem, query        []byte
	version, status, bytes                  []byte
	referer, agent, forwarded, more         []byte
	duration, thread, computer              []byte
	module, level, process, message, server []byte
}

// reset forgets the line before.
func (p *parser) reset() {
	p.parts = parts{}
	p.scratch = p.scratch[:0]
	p.slash[0] = '/'
}

// parse takes a line apart; false if it is none of a web server.
func (p *parser) parse(line []byte) bool {
	p.reset()
	if len(line) == 0 {
		return false
	}
	switch c := line[0]; {
	case c == '[':
		if p.apacheError(line) {
			return true
		}
		p.reset()
		if p.atlassian(line) {
			return true
		}
		p.reset()
		if p.sslRequest(line) {
			return true
		}
		p.reset() // a client of IPv6, with brackets
	case '0' <= c && c <= '9' && p.nginxError(line):
		return true
	}
	return p.access(line) || p.native(line)
}

// access takes a line of the common format and its relatives apart.
func (p *parser) access(line []byte) bool {
	open, end := p.findTime(line)
	if open < 0 || !p.before(line[:open]) {
		return false
	}
	start := end + len(`] "`)
	quote := closing(line, start, true)
	if quote < 0 {
		p.unclosed = true
		p.request(line[start:])
		return true
	}
	p.request(line[start:quote])
	rest := line[min(quote+2, len(line)):]
	p.status, rest = word(rest)
	p.bytes, rest = word(rest)
	p.after(rest)
	return true
}

// findTime finds the time in brackets before the request. Names of users are the client's and may
// look like it, but servers escape the quotes in them.
func (p *parser) findTime(line []byte) (open, end int) {
	const longest = 40 // bytes of a time
	for at := 0; ; {
		i := bytes.IndexByte(line[at:], '[')
		if i < 0 {
			return -1, -1
		}
		open = at + i
		at = open + 1
		if open == 0 || line[open-1] != ' ' || at == len(line) || line[at] < '0' || line[at] > '9' {
			continue
		}
		n := bytes.IndexByte(line[at:min(at+longest, len(line))], ']')
		if n < 0 || !bytes.HasPrefix(line[at+n+1:], []byte(` "`)) {
			continue
		}
		var ok bool
		if p.time, p.zone, ok = p.dates.parse(line[at:at+n], p.loc); ok {
			p.zoned = p.zone != nil
			return open, at + n
		}
	}
}

// before reads what stands before the time.
func (p *parser) before(prefix []byte) bool {
	if at := bytes.IndexByte(prefix, ' '); at > 0 && string(prefix[at:]) == " - - " {
		p.client, p.ident, p.user = prefix[:at], prefix[at+1:at+2], prefix[at+3:at+4] // as most lines are
		p.splitClient()
		return true
	}
	prefix = p.header(bytes.TrimRight(prefix, " "))
	first, rest := word(prefix)
	second, rest2 := word(rest)
	if len(first) == 0 || len(second) == 0 {
		return false
	}
	p.client, p.ident = first, second
	p.splitClient()
	if lines.IsAddress(second) {
		// The virtual host comes first: "www.example.com:443 192.0.2.1 - -".
		p.host, p.client, p.clientPort = first, second, nil
		p.ident, rest2 = word(rest2)
		if len(p.ident) == 0 {
			return false
		}
		if id, user := word(rest2); len(id) > 0 && len(user) > 0 && !bytes.Equal(id, []byte{'-'}) && bytes.IndexByte(user, ' ') < 0 {
			p.id, rest2 = id, user // BunkerWeb puts its number of the request there
		}
		p.splitPort()
	}
	p.user = rest2
	if len(bytes.Trim(p.user, "- ")) == 0 && len(p.user) > 0 {
		p.user = p.user[:1] // "- -" is no name
	}
	p.user = p.unescape(p.user)
	return true
}

// header takes off what syslog or a container puts before a line: "Jul  8 11:07:07 web01 nginx[29]: "
// and "web-1  | ". Names of users may hold the same marks, so it must look like that from its start.
func (p *parser) header(prefix []byte) []byte {
	if len(prefix) < len("a | 1.2.3.4 - -") {
		return prefix // there is no room for more
	}
	if first, rest := word(prefix); len(first) > 0 {
		second, rest := word(rest)
		if len(second) == 1 && second[0] == '|' {
			return rest
		}
		if s := string(second); s == "stdout" || s == "stderr" {
			// Kubernetes: "2022-01-28T16:04:05.4Z stdout F "
			if _, line := word(rest); len(line) > 0 {
				return line
			}
		}
	}
	const shortest = len("Jul  8 11:07:07 h t: ")
	if len(prefix) < shortest || prefix[0] != '<' && (month(prefix[:3]) == 0 || prefix[3] != ' ') && (prefix[4] != '-' || !lines.IsNumber(prefix[:4])) {
		return prefix
	}
	head, rest, ok := bytes.Cut(prefix, []byte(": "))
	if !ok {
		return prefix
	}
	if tag := bytes.LastIndexByte(head, ' '); tag > 0 {
		head = bytes.TrimRight(head[:tag], " ")
		p.computer = head[bytes.LastIndexByte(head, ' ')+1:]
	}
	return bytes.TrimLeft(rest, " ")
}

// splitClient cuts the port off the client's address: "192.0.2.1:50000 - -". An address of IPv6 with one
// has brackets.
func (p *parser) splitClient() {
	client, port, ok := cutPort(p.client)
	if client = bytes.Trim(client, "[]"); ok && lines.IsAddress(client) {
		p.client, p.clientPort = client, port
	}
}

// splitPort cuts the port off the host.
func (p *parser) splitPort() {
	if host, port, ok := cutPort(p.host); ok {
		p.host, p.port = host, port
	}
}

// cutPort cuts the port off a name or an address; ok is false if there is none.
func cutPort(b []byte) (host, port []byte, ok bool) {
	i := bytes.LastIndexByte(b, ':')
	if i <= 0 || i == len(b)-1 || !lines.IsNumber(b[i+1:]) || bytes.IndexByte(b[:i], ':') >= 0 && b[i-1] != ']' {
		return nil, nil, false
	}
	return b[:i], b[i+1:], true
}

// request takes "GET /path?query HTTP/1.1" apart. What is no request, as when somebody speaks TLS
// to a port without, stands as the URI.
func (p *parser) request(b []byte) {
	p.requested = true
	if len(b) == 0 || len(b) == 1 && b[0] == '-' {
		p.stem = b
		return
	}
	target := b
	if i := bytes.LastIndexByte(b, ' '); i >= 0 && bytes.HasPrefix(b[i+1:], []byte("HTTP/")) {
		target, p.version = bytes.TrimRight(b[:i], " "), b[i+1:]
	}
	if i := bytes.IndexByte(target, ' '); i > 0 && isMethod(target[:i]) {
		p.method, target = target[:i], bytes.TrimLeft(target[i+1:], " ")
	} else if isMethod(target) && p.version != nil {
		p.method, target = target, nil
	}
	text := p.unescape(target)
	p.split(text)
	if p.kind == proxied || len(text) != len(target) {
		p.uri = target // else path and query say all
	}
}

// split takes a URI apart.
func (p *parser) split(target []byte) {
	if string(p.method) == "CONNECT" {
		p.kind, p.host, p.stem, p.port = proxied, target, target, nil
		p.splitPort()
		return
	}
	const longestScheme = 8
	if len(target) == 0 || target[0] == '/' {
		// a path, as nearly all are
	} else if i := bytes.Index(target[:min(len(target), longestScheme+3)], []byte("://")); i > 0 && isMethod(target[:i]) {
		p.kind, p.scheme, target, p.port = proxied, target[:i], target[i+3:], nil
		end := bytes.IndexAny(target, "/?")
		if end < 0 {
			end = len(target)
		}
		p.host, target = target[:end], target[end:]
		p.splitPort()
		if len(target) == 0 || target[0] == '?' {
			p.stem = p.slash[:]
		}
	}
	stem, query, ok := bytes.Cut(target, []byte{'?'})
	if p.stem == nil || len(stem) > 0 {
		p.stem = stem
	}
	if ok {
		p.query = query
	}
}

// after reads what stands behind the number of bytes.
func (p *parser) after(rest []byte) {
	if len(rest) == 0 {
		return
	}
	quote := 0
	if rest[0] != '"' {
		// Some put a duration or a thread before the referrer.
		quote = bytes.Index(rest, []byte(` "`)) + 1
	}
	if quote > 0 || rest[0] == '"' {
		referer, tail, ok := quoted(rest[quote:])
		if agent, tail, ok2 := quoted(tail); ok && ok2 {
			p.referer, p.agent = p.unescape(referer), p.unescape(agent)
			if quote == 0 {
				rest = tail
			}
		} else if ok && quote == 0 && len(tail) == 0 {
			// One text in quotes: curl's "%r" logs and LiteSpeed's have the user agent only.
			p.agent, rest = p.unescape(referer), tail
		}
	}
	if text, _, ok := quoted(rest); ok && isAddressList(text) {
		p.forwarded = text
	}
	if len(rest) > 0 {
		p.more = rest
	}
}

// quoted takes a text in quotes off, and the blanks behind it.
func quoted(b []byte) (text, rest []byte, ok bool) {
	if len(b) == 0 || b[0] != '"' {
		return nil, b, false
	}
	end := closing(b, 1, false)
	if end < 0 {
		return b[1:], nil, true // cut off
	}
	return b[1:end], bytes.TrimLeft(b[end+1:], " "), true
}

// closing gives the place of the quote that ends a text which starts at from, -1 if there is none.
// Apache and nginx escape the quotes in it; Tomcat does not, so that it must be followed by what
// can follow: a blank or the end, behind a request the status.
func closing(b []byte, from int, request bool) int {
	follows := func(at int) bool {
		if at+1 == len(b) {
			return true
		}
		if b[at+1] != ' ' {
			return false
		}
		return !request || at+2 == len(b) || b[at+2] == '-' || '0' <= b[at+2] && b[at+2] <= '9'
	}
	last := -1
	for at := from; ; {
		i := bytes.IndexByte(b[at:], '"')
		if i < 0 {
			return last
		}
		at += i
		slashes := 0
		for at-slashes > from && b[at-slashes-1] == '\\' {
			slashes++
		}
		if follows(at) {
			if slashes%2 == 0 {
				return at
			}
			if last < 0 {
				last = at // the text ends in a backslash, if no other quote ends it
			}
		}
		at++
	}
}

// unescape undoes what Apache (\", \\, \xhh) and nginx (\xhh) do to texts of the client.
func (p *parser) unescape(b []byte) []byte {
	i := bytes.IndexByte(b, '\\')
	if i < 0 {
		return b
	}
	start := len(p.scratch)
	p.scratch = append(p.scratch, b[:i]...)
	for ; i < len(b); i++ {
		c := b[i]
		if c == '\\' && i+1 < len(b) {
			switch next := b[i+1]; {
			case next == '"' || next == '\\':
				c, i = next, i+1
			case next == 'x' && i+3 < len(b):
				if high, low := hexDigit(b[i+2]), hexDigit(b[i+3]); high|low < 16 {
					c, i = high<<4|low, i+3
				}
			}
		}
		p.scratch = append(p.scratch, c)
	}
	return p.scratch[start:len(p.scratch):len(p.scratch)]
}

// hexDigit gives the value of a digit, 255 if it is none.
func hexDigit(c byte) byte {
	switch {
	case '0' <= c && c <= '9':
		return c - '0'
	case 'a' <= c|0x20 && c|0x20 <= 'f':
		return c | 0x20 - 'a' + 10
	}
	return 255
}

// word takes the first word off, and the blanks behind it.
func word(b []byte) (first, rest []byte) {
	first, rest, _ = bytes.Cut(b, []byte{' '})
	for len(rest) > 0 && rest[0] == ' ' {
		rest = rest[1:]
	}
	return first, rest
}

// isMethod tells whether b can be a method or a scheme: letters, and hyphens and underscores
// inside (BASELINE-CONTROL, RPC_IN_DATA).
func isMethod(b []byte) bool {
	const longest = 20
	if len(b) == 0 || len(b) > longest {
		return false
	}
	for i, c := range b {
		if (c|0x20 < 'a' || c|0x20 > 'z') && (i == 0 || c != '-' && c != '_') {
			return false
		}
	}
	return true
}

// isAddressList tells whether b is what X-Forwarded-For holds.
func isAddressList(b []byte) bool {
	for len(b) > 0 {
		one, rest, _ := bytes.Cut(b, []byte{','})
		if !lines.IsAddress(bytes.Trim(one, " ")) {
			return false
		}
		if b = rest; len(b) == 0 {
			return true
		}
	}
	return false
}
