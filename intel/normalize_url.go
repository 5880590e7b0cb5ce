package intel

import (
	"strings"
)

// A URLParts is an address taken apart. Scheme and Host are in lower case, Host in its ASCII form
// or a plain IP address; Port is "" if it is the scheme's own. Path begins with a slash; Query has
// no question mark.
type URLParts struct {
	Scheme, Host, Port, Path, Query string
	HasQuery                        bool
}

// ParseURL takes an address apart. It is more patient than RFC 3986, as logs and reports are: a
// scheme may be missing, a host may have underscores. What follows "#" is left out, and so is a user
// before the host. ok is false if the host is neither a domain nor an IP address.
func ParseURL(s string) (u URLParts, ok bool) {
	u.Scheme = "http"
	if i := strings.Index(s, "://"); i >= 0 {
		if u.Scheme = strings.ToLower(s[:i]); !isScheme(u.Scheme) {
			return URLParts{}, false
		}
		s = s[i+len("://"):]
	}
	s, _, _ = strings.Cut(s, "#")
	host, rest := s, ""
	if i := strings.IndexAny(s, `/?\`); i >= 0 {
		host, rest = s[:i], s[i:]
	}
	if i := strings.LastIndexByte(host, '@'); i >= 0 {
		host = host[i+1:]
	}
	host, u.Port = splitPort(host)
	if u.Port == defaultPort(u.Scheme) {
		u.Port = ""
	}
	if a, isIP := parseIP(host); isIP {
		u.Host = a.String()
	} else if u.Host = normalDomain(host); u.Host == "" {
		return URLParts{}, false
	}
	u.Path, u.Query, u.HasQuery = strings.Cut(rest, "?")
	if u.Path == "" {
		u.Path = "/"
	}
	if u.Path[0] == '\\' {
		return URLParts{}, false
	}
	u.Path, u.Query = NormalEscapes(u.Path), NormalEscapes(u.Query)
	return u, true
}

// String is the address in its normal form.
func (u URLParts) String() string {
	host := u.Host
	if strings.IndexByte(host, ':') >= 0 {
		host = "[" + host + "]"
	}
	if u.Port != "" {
		host += ":" + u.Port
	}
	s := u.Scheme + "://" + host + u.Path
	if u.HasQuery {
		s += "?" + u.Query
	}
	return s
}

func normalURL(v string) string {
	if strings.ContainsAny(v, " \t\"<>") {
		return ""
	}
	u, ok := ParseURL(v)
	if !ok {
		return ""
	}
	return u.String()
}

func isScheme(s string) bool {
	for i := range len(s) {
		if c := s[i]; (c < 'a' || c > 'z') && (i == 0 || (c < '0' || c > '9') && c != '+' && c != '-' && c != '.') {
			return false
		}
	}
	return len(s) > 1
}

// splitPort takes a port of digits off a host; an IPv6 address has one only behind its bracket.
func splitPort(host string) (name, port string) {
	i := strings.LastIndexByte(host, ':')
	if i < 0 || strings.IndexByte(host, ':') != i && host[i-1] != ']' {
		return host, ""
	}
	port = host[i+1:]
	for k := range len(port) {
		if port[k] < '0' || port[k] > '9' {
			return host, ""
		}
	}
	if len(port) > 5 {
		return host, ""
	}
	return host[:i], port
}

func defaultPort(scheme string) string {
	switch scheme {
	case "http", "ws":
		return "80"
	case "https", "wss":
		return "443"
	case "ftp":
		return "21"
	}
	return ""
}

// NormalEscapes writes percent-escapes in one way (RFC 3986 section 6.2.2): letters, digits and
// "-._~" plainly, the rest with upper-case digits.
func NormalEscapes(s string) string {
	if !strings.Contains(s, "%") {
		return s
	}
	out := make([]byte, 0, len(s))
	for at := 0; at < len(s); at++ {
		if s[at] != '%' || at+2 >= len(s) || !isHex(s[at+1:at+3]) {
			out = append(out, s[at])
			continue
		}
		c := hexByte(s[at+1])<<4 | hexByte(s[at+2])
		if isWord(c) || c == '-' || c == '.' || c == '_' || c == '~' {
			out = append(out, c)
		} else {
			out = append(out, strings.ToUpper(s[at:at+3])...)
		}
		at += 2
	}
	return string(out)
}

func hexByte(c byte) byte {
	if c <= '9' {
		return c - '0'
	}
	return lower(c) - 'a' + 10
}
