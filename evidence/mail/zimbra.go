package mail

import (
	"bytes"
	"net/netip"
)

// A line is the parts of a line of Zimbra behind its time.
type zimbraLine struct {
	level, thread, context, class, message []byte
}

// readZimbra reads LEVEL [thread] [context] class - message. The thread's name may hold brackets.
func readZimbra(b []byte) (z zimbraLine, ok bool) {
	i := bytes.IndexByte(b, ' ')
	if i < 0 {
		return z, false
	}
	z.level = b[:i]
	switch string(z.level) {
	case "INFO", "WARN", "ERROR", "DEBUG", "TRACE", "FATAL":
	default:
		return z, false
	}
	b = bytes.TrimLeft(b[i:], " ")
	if len(b) == 0 || b[0] != '[' {
		return z, false
	}
	end := bytes.Index(b, []byte("] ["))
	if end < 0 {
		return z, false
	}
	z.thread, b = b[1:end], b[end+3:]
	// A user agent in the context may hold brackets; the class follows the last one.
	if end = bytes.Index(b, []byte(";] ")); end >= 0 {
		end++
	} else if end = bytes.Index(b, []byte("] ")); end < 0 {
		return z, false
	}
	z.context, b = b[:end], b[end+2:]
	if z.class, z.message, ok = bytes.Cut(b, []byte(" - ")); !ok {
		z.class, z.message = nil, b
	}
	return z, true
}

// certain tells whether the line is Zimbra's: other programs in Java write nearly the same.
func (z *zimbraLine) certain() bool {
	return z.class != nil && bytes.IndexByte(z.class, ' ') < 0 &&
		(len(z.context) == 0 || z.context[len(z.context)-1] == ';' && bytes.IndexByte(z.context, '=') > 0)
}

// zimbra adds the fields of a line: message, level, thread, class; those of the context by their own
// names (name, mid, ip, oip, ua, soapId); those of audit.log's "cmd=Auth; account=amal;"; and user,
// client_ip, client_port, action, result, by the names that all mail logs here share.
func (r *Reader) zimbra(z *zimbraLine) {
	rec := r.rec
	rec.Event.Product = "zimbra"
	rec.Add("message", z.message)
	rec.AddSystem("level", z.level)
	rec.AddSystem("thread", z.thread)
	if z.class != nil {
		rec.AddSystem("class", z.class)
	}
	r.url(z.thread, bytes.HasPrefix(z.message, []byte("cmd=")) && bytes.Contains(z.message, []byte("; protocol=")))
	r.context(z.context)
	for _, name := range [...]string{"oip", "ip"} {
		if ip, ok := rec.Get(name); ok {
			rec.Add("client_ip", clientOf(ip))
			break
		}
	}
	for _, name := range [...]string{"oport", "port"} {
		if port, ok := rec.Get(name); ok {
			rec.Add("client_port", port)
			break
		}
	}
	r.login(z)
}

// clientOf gives who asked, of the addresses that proxies added one after the other: "a, b". The last
// is what the nearest of them saw; where that is a proxy within the network, the one before it counts.
func clientOf(list []byte) []byte {
	client := list
	if bytes.IndexByte(list, ',') < 0 {
		return client
	}
	for rest, more := list, true; more; {
		i := bytes.LastIndexByte(rest, ',')
		last := bytes.TrimSpace(rest[i+1:])
		rest, more = rest[:max(i, 0)], i >= 0
		ip, err := netip.ParseAddr(string(last))
		if err != nil {
			break
		}
		client = last
		if ip = ip.Unmap(); !ip.IsPrivate() && !ip.IsLoopback() {
			break
		}
	}
	return client
}

// context adds name=value; pairs.
func (r *Reader) context(b []byte) {
	const longest = 40 // of a name
	for len(b) > 0 {
		var pair []byte
		pair, b, _ = bytes.Cut(b, []byte{';'})
		name, value, ok := bytes.Cut(bytes.TrimLeft(pair, " "), []byte{'='})
		if ok && len(name) > 0 && len(name) <= longest && bytes.IndexByte(name, ' ') < 0 {
			r.rec.AddNamed(name, value)
		}
	}
}

// url adds the request that a thread says it works for: "qtp-1:https://host:7071/service/soap".
// Its protocol is left out if the message says that of the login.
func (r *Reader) url(thread []byte, said bool) {
	protocol, rest, ok := bytes.Cut(thread, []byte("://"))
	if !ok {
		return
	}
	if i := bytes.LastIndexByte(protocol, ':'); i >= 0 {
		protocol = protocol[i+1:]
	}
	if !said {
		r.rec.Add("protocol", protocol)
	}
	host := rest
	if i := bytes.IndexByte(rest, '/'); i >= 0 {
		host = rest[:i]
		r.rec.Add("request", rest[i:])
	}
	server, port, ok := bytes.Cut(host, []byte{':'})
	r.rec.Add("server", server)
	if ok {
		r.rec.Add("server_port", port)
	}
}

// login adds who tried to log in, and whether it went well.
func (r *Reader) login(z *zimbraLine) {
	if bytes.HasPrefix(z.message, []byte("cmd=")) {
		r.context(z.message)
		if account, ok := r.rec.Get("account"); ok {
			r.rec.Add("user", account)
		}
		command, _ := r.rec.Get("cmd")
		if _, failed := r.rec.Get("error"); failed {
			r.action(command, "failure")
		} else {
			r.action(command, "success")
		}
		return
	}
	for _, said := range [...]string{"authentication failed for [", "authentication failed for "} {
		_, rest, ok := bytes.Cut(z.message, []byte(said))
		if !ok {
			continue
		}
		if i := bytes.IndexAny(rest, "], "); i >= 0 {
			rest = rest[:i]
		}
		r.rec.Add("user", rest)
		r.result("login", "failure")
		return
	}
	if name, ok := r.rec.Get("name"); ok {
		r.rec.Add("user", name)
	}
}

func (r *Reader) action(command []byte, result string) {
	switch string(command) {
	case "Auth", "AdminAuth", "DelegateAuth":
		r.rec.AddText("action", "login")
	default:
		r.rec.Add("action", command)
	}
	r.rec.AddText("result", result)
}
