package syslog

import (
	"bytes"

	"aldebaran/evidence/lines"
)

// haproxy adds the fields of a request or a connection, by the names that web servers' logs have
// (https://docs.haproxy.org/3.0/configuration.html#8.2.3):
//
//	192.0.2.1:33317 [06/Feb/2026:12:14:14.655] http-in~ static/srv1 10/0/30/69/109 200 2750 - - ---- 1/1/1/1/0 0/0 {h} {} "GET /index.html HTTP/1.1"
//	192.0.2.1:33313 [06/Feb/2026:12:12:51.443] fnt bck/srv1 0/0/5007 212 -- 0/0/0/0/3 0/0
//
// The captured headers in braces are the administrator's choice; what looks like a user agent is taken
// for one.
func (r *Reader) haproxy(m []byte) {
	client, rest := cutWord(m)
	date, rest := cutWord(rest)
	address, port, ok := cutPort(client)
	if !ok || len(date) < 2 || date[0] != '[' || date[len(date)-1] != ']' {
		if from, ok := after(m, " from "); ok {
			r.addressAtStart(from)
		}
		return
	}
	frontend, rest := cutWord(rest)
	backend, rest := cutWord(rest)
	var columns [8][]byte // from the timers to the queues
	for i := range columns {
		columns[i], rest = cutWord(rest)
	}
	timers, status, size := columns[0], columns[1], columns[2]
	if bytes.IndexByte(timers, '/') < 0 {
		return // "frontend: SSL handshake failure"
	}
	e := &r.rec.Event
	e.Product, e.Service = "haproxy", ""
	r.rec.Add("c-ip", address)
	r.rec.Add("c-port", port)
	r.rec.Add("frontend", bytes.TrimSuffix(frontend, []byte{'~'}))
	backend, server, _ := bytes.Cut(backend, []byte{'/'})
	r.rec.Add("backend", backend)
	r.rec.Add("server", server)
	request, ok := lastQuoted(m)
	if !ok {
		r.rec.Add("bytes", status)
		r.rec.Add("termination", size)
		return
	}
	e.Category, e.Service = "webserver", "access"
	r.rec.Add("sc-status", status)
	r.rec.Add("sc-bytes", size)
	r.rec.Add("termination", columns[5])
	if agent := capturedAgent(rest); agent != nil {
		r.rec.Add("cs-user-agent", agent)
	}
	r.haproxyRequest(request)
}

// capturedAgent gives the first captured header that begins as user agents do: "Mozilla/5.0", "curl/8".
// It is nil if there is none.
func capturedAgent(b []byte) []byte {
	headers, _, ok := bytes.Cut(bytes.TrimPrefix(b, []byte{'{'}), []byte{'}'})
	if !ok || b[0] != '{' {
		return nil
	}
	for header := range bytes.SplitSeq(headers, []byte{'|'}) {
		name, version, ok := bytes.Cut(until(header, " "), []byte{'/'})
		if ok && len(name) > 0 && len(version) > 0 && version[0] >= '0' && version[0] <= '9' && bytes.IndexByte(name, ':') < 0 {
			return header
		}
	}
	return nil
}

// haproxyRequest adds the parts of "GET /path?query HTTP/1.1"; "<BADREQ>" stands for what was none.
func (r *Reader) haproxyRequest(request []byte) {
	if at := bytes.LastIndexByte(request, ' '); at >= 0 && bytes.HasPrefix(request[at+1:], []byte("HTTP/")) {
		r.rec.Add("cs-version", request[at+1:])
		request = request[:at]
	}
	method, uri := cutWord(request)
	if len(uri) == 0 {
		r.rec.Add("cs-uri-stem", request)
		return
	}
	r.rec.Add("cs-method", method)
	if _, target, ok := bytes.Cut(uri, []byte("://")); ok && uri[0] != '/' {
		// A whole address, as HTTP/2 has it: https://host/path.
		at := bytes.IndexAny(target, "/?")
		if at < 0 {
			at = len(target)
		}
		r.rec.Add("cs-host", target[:at])
		uri = target[at:]
	}
	stem, query, ok := bytes.Cut(uri, []byte{'?'})
	r.rec.Add("cs-uri-stem", stem)
	if ok {
		r.rec.Add("cs-uri-query", query)
	}
}

// lastQuoted gives what stands between the first quote behind a blank and the last one: HAProxy writes
// quotes of the client as #22. The line may be cut off before the last.
func lastQuoted(m []byte) (text []byte, ok bool) {
	text, ok = after(m, ` "`)
	return bytes.TrimSuffix(bytes.TrimRight(text, " "), []byte{'"'}), ok
}

// cutPort cuts "192.0.2.1:33317"; the address may be one of IPv6, or "-".
func cutPort(b []byte) (address, port []byte, ok bool) {
	i := bytes.LastIndexByte(b, ':')
	if i <= 0 || !lines.IsNumber(b[i+1:]) || !lines.IsAddress(b[:i]) && string(b[:i]) != "-" {
		return nil, nil, false
	}
	return b[:i], b[i+1:], true
}
