package behaviour

import (
	"bytes"
	"fmt"
	"net/netip"
	"path"
	"slices"
	"strings"
)

// What the analytics of web logs have in common: which page a request is for, who asks, and what
// is known to be harmless.

// A fileKind is what the extension of a path says about the file.
type fileKind uint8

const (
	otherFile  fileKind = iota
	scriptFile          // a web server runs it: what an intruder must write to have a web shell
	dataFile            // holds data, and is no part of a site
	siteFile            // part of a site: a picture, a style, a script for browsers
)

// longestExtension is that of the longest one that kindOf knows.
const longestExtension = len("cshtml")

// kindOf tells what an extension means, without its dot and without regard to case.
func kindOf(ext []byte) fileKind {
	if len(ext) > longestExtension {
		return otherFile
	}
	var lower [longestExtension]byte
	for i, c := range ext {
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		lower[i] = c
	}
	switch string(lower[:len(ext)]) {
	case "php", "aspx", "ashx", "asmx", "asp", "jsp", "jspx", "svc", "cfm", "cgi", "pl", "py", "phtml", "pht", "php3", "php4", "php5", "php7", "phar", "jspf", "jsw", "jsv",
		"asa", "cer", "cdx", "soap", "cfml", "shtml", "shtm", "cshtml", "vbhtml":
		return scriptFile
	case "zip", "rar", "7z", "gz", "tgz", "tar", "bz2", "xz", "cab", "zst", "lz", "ace", "arj", "001", "part", "z01", "bak", "old", "tmp", "dat", "bin", "sql", "sqlite", "db", "mdb", "accdb",
		"mdf", "ldf", "csv", "tsv", "pst", "ost", "edb", "eml", "msg", "mbox", "dmp", "mdmp", "dit", "hiv", "reg", "log", "evtx", "txt", "xls", "xlsx", "doc", "docx":
		return dataFile
	case "png", "jpg", "jpeg", "gif", "tif", "tiff", "bmp", "ico", "css", "js", "svg", "woff", "woff2", "ttf", "eot", "htm", "html", "xml", "map", "webp", "flt", "skin":
		return siteFile
	}
	return otherFile
}

// scriptPath gives the path of the script that a request is for, without what follows it:
// "/a/x.aspx" of "/a/x.aspx/more;id=1"; nil if it is for something else.
func scriptPath(stem []byte) []byte {
	end, _ := readPath(stem)
	if end == 0 {
		return nil
	}
	return stem[:end]
}

// readPath tells where the path of the script ends that a request is for, 0 if it is for something else, and
// what the extension at the end of the whole means.
func readPath(stem []byte) (script int, last fileKind) {
	for from := 0; ; {
		dot := bytes.IndexByte(stem[from:], '.')
		if dot < 0 {
			return script, last
		}
		from += dot + 1
		end := from
		for end < len(stem) && end-from <= longestExtension && isLetterOrDigit(stem[end]) {
			end++
		}
		if end < len(stem) && stem[end] != '/' && stem[end] != ';' {
			continue
		}
		kind := kindOf(stem[from:end])
		if kind == scriptFile && script == 0 {
			script = end
		}
		if end == len(stem) {
			last = kind
		}
	}
}

func isLetterOrDigit(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' || '0' <= c && c <= '9' }

// appendLower appends a text in lower case, of its letters in ASCII.
func appendLower(dst, text []byte) []byte {
	at := len(dst)
	dst = append(dst, text...)
	for i := at; i < len(dst); i++ {
		if 'A' <= dst[i] && dst[i] <= 'Z' {
			dst[i] += 'a' - 'A'
		}
	}
	return dst
}

// maxPath is how many bytes of a path tell pages apart: servers refuse much longer ones.
const maxPath = 512

// appendPage appends what a page is told apart by: the server and the path, which Windows does not
// tell apart by case.
func appendPage(dst, server, path []byte) []byte {
	dst = append(append(dst, server...), 0)
	return appendLower(dst, path[:min(len(path), maxPath)])
}

// cutPage gives the server and the path of what appendPage made.
func cutPage(key string) (server, path string) {
	server, path, _ = strings.Cut(key, "\x00")
	return server, path
}

// webClient is who asked. Behind a proxy that is the last address of X-Forwarded-For, the one that the
// proxy wrote: those before it are the client's own word. It is taken only from proxies inside.
func webClient(r *Record) []byte {
	client := r.Text(WebClient)
	forwarded := r.Text(WebForwarded)
	if forwarded == nil || !isInside(client) {
		return client
	}
	last := forwarded[bytes.LastIndexByte(forwarded, ',')+1:]
	last = bytes.Trim(last, " +\"")
	if len(last) == 0 || len(last) > maxAddress {
		return client
	}
	return last
}

// maxAddress is the longest address: IPv6 with a zone or a port.
const maxAddress = 64

// isInside tells whether an address is one of private networks, of this host or of the link.
func isInside(address []byte) bool { return !isOutside(string(address)) }

// isOutside tells whether an address is one of the internet; what is no address is not.
func isOutside(address string) bool {
	if len(address) > maxAddress {
		return false
	}
	if ip, ok := plainIPv4(address); ok {
		return isOutsideIPv4(ip)
	}
	a, err := netip.ParseAddr(address)
	if err != nil {
		p, err := netip.ParseAddrPort(address)
		if err != nil {
			return false
		}
		a = p.Addr()
	}
	return isOutsideAddr(a.Unmap())
}

func isOutsideAddr(a netip.Addr) bool {
	return a.IsGlobalUnicast() && !a.IsPrivate() && !sharedNetwork.Contains(a)
}

// isOutsideIPv4 is isOutsideAddr for an address of four numbers.
func isOutsideIPv4(ip uint32) bool {
	switch first := ip >> 24; {
	case first == 10, first == 127, first>>4 == 224>>4, // private, this computer, many receivers
		first == 100 && ip>>22 == 100<<2|64>>6, first == 169 && ip>>16 == 169<<8|254, // of providers, of the link
		first == 172 && ip>>20 == 172<<4|16>>4, first == 192 && ip>>16 == 192<<8|168: // private
		return false
	}
	return ip != 0 && ip != 1<<32-1
}

// plainIPv4 reads an address of four numbers without leading zeros, as nearly all are; false for
// anything else. [netip.ParseAddr] does the same, and takes several times as long.
func plainIPv4[T string | []byte](text T) (ip uint32, ok bool) {
	at := 0
	for part := range 4 {
		if part > 0 {
			if at >= len(text) || text[at] != '.' {
				return 0, false
			}
			at++
		}
		if at >= len(text) || text[at]-'0' > 9 {
			return 0, false
		}
		n := uint32(text[at] - '0')
		for at++; at < len(text) && n > 0 && text[at]-'0' <= 9; at++ {
			if n = n*10 + uint32(text[at]-'0'); n > 255 {
				return 0, false
			}
		}
		ip = ip<<8 | n
	}
	return ip, at == len(text)
}

// sharedNetwork are the addresses behind the translation of providers (RFC 6598).
var sharedNetwork = netip.PrefixFrom(netip.AddrFrom4([4]byte{100, 64, 0, 0}), 10)

// webStatus is the status of the answer, 0 if it is not known.
func webStatus(r *Record) int {
	t := r.Text(WebStatus)
	if len(t) != 3 {
		return 0
	}
	n := 0
	for _, c := range t {
		if c < '0' || c > '9' {
			return 0
		}
		n = n*10 + int(c-'0')
	}
	return n
}

func succeeded(status int) bool { return 200 <= status && status < 300 }

// A webSample is a request that proves something; texts are made of it only if it is listed.
type webSample struct {
	at             recordAt
	from           *origins // of at
	method, client string
	status         int
}

// sampleOf keeps a request; client is a text that lives on.
func sampleOf(r *Record, server, client string, status int) webSample {
	e, from := r.Event, r.memory.keptFrom()
	return webSample{
		at:   recordAtOf(e, from.numberOf(origin{e.Source.Path, server, e.Channel, e.EventID, e.Source.Recovered})),
		from: from, method: methodName(r.Text(WebMethod)), client: client, status: status,
	}
}

// methodName is a method as a text of its own, without making one for those that are usual.
func methodName(m []byte) string {
	switch string(m) {
	case "GET":
		return "GET"
	case "POST":
		return "POST"
	case "HEAD":
		return "HEAD"
	}
	return Short(string(m), 16)
}

// refs makes records to list of requests for a path.
func webRefs(samples []webSample, path string) []Ref {
	refs := make([]Ref, len(samples))
	for i, s := range samples {
		refs[i] = s.from.ref(&s.at, fmt.Sprintf("%s %s %d from %s", s.method, path, s.status, s.client))
	}
	return refs
}

// knownPaths are patterns of paths that are the product's own, as [path.Match] has them, in lower case.
type knownPaths []string

func newKnownPaths(patterns []string) (knownPaths, error) {
	known := make(knownPaths, len(patterns))
	for i, p := range patterns {
		if _, err := path.Match(p, ""); err != nil {
			return nil, fmt.Errorf("pattern %q: %w", p, err)
		}
		known[i] = strings.ToLower(p)
	}
	return known, nil
}

// has tells whether a path, in lower case, is known: as a whole, or by its end where the pattern does
// not begin with a slash.
func (k knownPaths) has(p string) bool {
	return slices.ContainsFunc(k, func(pattern string) bool {
		tail := p
		if !strings.HasPrefix(pattern, "/") {
			tail = lastParts(p, strings.Count(pattern, "/")+1)
		}
		ok, err := path.Match(pattern, tail)
		return ok && err == nil
	})
}

// lastParts gives the last n parts of a path.
func lastParts(p string, n int) string {
	at := len(p)
	for ; n > 0; n-- {
		slash := strings.LastIndexByte(p[:at], '/')
		if slash < 0 {
			return p
		}
		at = slash
	}
	return p[at+1:]
}

// productPages are script pages that come with products and that programs ask for, or hardly anybody:
// rare ones among them are no intruder's. There are no patterns over folders that an intruder can
// write to. Of Exchange's owa\auth: the files of a fresh installation, as Elastic's rule "Microsoft
// Exchange Server UM Writing Suspicious Files" lists them.
var productPages = []string{
	"/owa/auth/errorfe.aspx", "/owa/auth/expiredpassword.aspx", "/owa/auth/frowny.aspx", "/owa/auth/logoff.aspx", "/owa/auth/logon.aspx",
	"/owa/auth/outlookcn.aspx", "/owa/auth/redirsuiteserviceproxy.aspx", "/owa/auth/signout.aspx", "/owa/auth/svmfeedback.aspx",
	"/owa/auth/timeoutlogoff.aspx", "/owa/default.aspx", "/owa/service.svc", "/owa/languageselection.aspx", "/owa/preload.aspx",
	"/ecp/default.aspx", "/ecp/ddi/ddiservice.svc", "/ecp/logoff.aspx",
	"/ews/exchange.asmx", "/autodiscover/autodiscover.svc", "/autodiscover/autodiscover.asmx",
	"/reportserver/reportservice2005.asmx", "/reportserver/reportservice2010.asmx", "/reportserver/reportexecution2005.asmx",
	"/clientwebservice/client.asmx", "/simpleauthwebservice/simpleauth.asmx", "/reportingwebservice/reportingwebservice.asmx",
	"/apiremoting30/webservice.asmx", "/serversyncwebservice/serversyncwebservice.asmx",
	"/_vti_bin/lists.asmx", "/_vti_bin/webs.asmx", "/_vti_bin/sites.asmx", "/_vti_bin/client.svc", "/_vti_bin/copy.asmx",
	"wp-cron.php", "wp-login.php", "xmlrpc.php", "wp-admin/admin-ajax.php",
}

// probeAgents are parts of the user agents of monitoring, in lower case. They are believed only of
// clients inside: anybody can write them.
var probeAgents = []string{
	"activemonitoring", "msexchmon", "amprobe", "_probe", "probe/local", "activemonitor", "elb-healthchecker", "kube-probe", "zabbix",
	"nagios", "check_http", "pingdom", "uptimerobot", "googlehc", "prometheus", "blackbox-exporter", "haproxy", "prtg", "site24x7",
	"statuscake", "monit/", "icinga", "checkmk", "dynatrace", "appinsights", "alwayson", "scom", "netscaler", "bigip", "testactivesync",
}

// programAgents are the beginnings of user agents of programs and libraries, in lower case: people who
// read a page have a browser.
var programAgents = []string{
	"python", "curl", "wget", "go-http-client", "java/", "okhttp", "libwww-perl", "ruby", "php/", "guzzle", "axios", "node", "powershell",
	"winhttp", "mozilla/4.0 (compatible; win32; winhttp", "aiohttp", "httpx", "apache-httpclient", "perl", "antsword", "rust", "req/", "httpclient",
}

// hasAgent tells whether a user agent begins with one of the texts, or holds it.
func hasAgent(agent string, texts []string, begins bool) bool {
	agent = strings.ToLower(strings.ReplaceAll(agent, "+", " "))
	return slices.ContainsFunc(texts, func(t string) bool {
		return strings.HasPrefix(agent, t) || !begins && strings.Contains(agent, t)
	})
}

// A few are up to a number of different texts, each with how often it came; with one more they are
// many, and which they were is forgotten.
type few struct {
	many   bool
	texts  []string
	counts []int
}

// add counts a text and gives it as one that lives on; "" once they are many.
func (f *few) add(text []byte, limit int) string {
	if f.many {
		return ""
	}
	for i, t := range f.texts {
		if t == string(text) {
			f.counts[i]++
			return t
		}
	}
	if len(f.texts) >= limit {
		*f = few{many: true}
		return ""
	}
	f.texts = append(f.texts, string(text))
	f.counts = append(f.counts, 1)
	return f.texts[len(f.texts)-1]
}

func (f *few) join(later *few, limit int) {
	if later.many {
		*f = few{many: true}
	}
	for i, t := range later.texts {
		f.add([]byte(t), limit)
		if at := slices.Index(f.texts, t); at >= 0 {
			f.counts[at] += later.counts[i] - 1
		}
	}
}

// sorted gives the texts, those that came most often first.
func (f *few) sorted() []string {
	order := make([]int, len(f.texts))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int {
		if f.counts[a] != f.counts[b] {
			return f.counts[b] - f.counts[a]
		}
		return strings.Compare(f.texts[a], f.texts[b])
	})
	out := make([]string, len(order))
	for i, at := range order {
		out[i] = f.texts[at]
	}
	return out
}

// percent is a part of a whole in percent, rounded down; 0 of nothing.
func percent(part, whole int) int {
	if whole == 0 {
		return 0
	}
	return part * 100 / whole
}
