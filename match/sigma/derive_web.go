package sigma

import (
	"bytes"
	"unicode/utf8"

	"aldebaran/event"
)

// webFields are the fields of requests to web servers. Rules were written for several servers and
// collectors that call the same things otherwise, and most of SigmaHQ's put the path into
// cs-uri-query, which in IIS's logs holds only what stands behind the question mark. A request is
// matched as it was sent and decoded once and twice, as intruders encode it; see docs/formats/web.md.
//
// Names: taxonomy appendix of the specification, "Webserver" and "Proxy"; SigmaHQ's rules.
var webFields = Mapping{
	// Keywords are looked for in every value, and in the request as a whole.
	"":                {Also: requestVariants[:3:3]},
	"cs-uri-query":    {From: []string{"cs-uri-query"}, Also: requestVariants},
	"cs-uri-stem":     webVariants("cs-uri-stem", decoded(ownField("cs-uri-stem"), 1), decoded(ownField("cs-uri-stem"), 2)),
	"cs-uri":          {From: []string{"cs-uri"}, Also: requestVariants[:3:3]},
	"c-uri":           {From: urlFields, Make: fullURL, Also: []Derivation{decoded(urlText, 1), decoded(urlText, 2)}},
	"c-uri-query":     {From: []string{"c-uri-query"}, Also: requestVariants[:3:3]},
	"c-uri-stem":      alias("c-uri-stem", "cs-uri-stem"),
	"c-uri-extension": {From: []string{"c-uri-extension", "cs-uri-extension", "cs-uri-stem", "cs-uri"}, Make: extension},
	"cs-user-agent":   webVariants("cs-user-agent", hyphen("cs-user-agent"), plusAsBlank("cs-user-agent")),
	"cs(User-Agent)":  webVariants("cs-user-agent", hyphen("cs-user-agent"), plusAsBlank("cs-user-agent")),
	"c-useragent":     webVariants("c-useragent", Derivation{From: []string{"cs-user-agent"}}, plusAsBlank("cs-user-agent")),
	"cs-referer":      webVariants("cs-referer", hyphen("cs-referer"), decoded(ownField("cs-referer"), 1)),
	"cs-referrer":     webVariants("cs-referer", hyphen("cs-referer"), decoded(ownField("cs-referer"), 1)),
	"cs(Referer)":     webVariants("cs-referer", hyphen("cs-referer"), decoded(ownField("cs-referer"), 1)),
	"cs-cookie":       webVariants("cs-cookie", hyphen("cs-cookie"), decoded(ownField("cs-cookie"), 1)),
	"cs(Cookie)":      webVariants("cs-cookie", hyphen("cs-cookie"), decoded(ownField("cs-cookie"), 1)),
	"cs-username":     webVariants("cs-username", hyphen("cs-username")),
	"cs-host":         alias("cs-host", "r-dns", "r-host"),
	"cs(Host)":        alias("cs-host", "r-dns", "r-host"),
	"r-dns":           alias("r-dns", "cs-host", "r-host"),
	"dst_ip":          alias("dst_ip", "r-ip"),
	"src_ip":          alias("src_ip", "c-ip"),
}

// requestVariants are the request as it was sent and decoded, and the query decoded. Fields share
// this very list: texts that are made once for an event are looked at once for all of them.
var requestVariants = []Derivation{
	{From: requestFields, Make: fullRequest, Joins: requestFields[:2]},
	decoded(requestText, 1),
	decoded(requestText, 2),
	decoded(ownField("cs-uri-query"), 1),
	decoded(ownField("cs-uri-query"), 2),
	hyphen("cs-uri-query"),
}

// webVariants is the event's own field of that name, and more values beside it. The field itself is
// looked up plainly, so that one which is null stays null.
func webVariants(name string, more ...Derivation) Derivation {
	return Derivation{From: []string{name}, Also: more}
}

// alias is the values of all fields of those names.
func alias(names ...string) Derivation {
	d := Derivation{From: names[:1]}
	for i := 1; i < len(names); i++ {
		d.Also = append(d.Also, Derivation{From: names[i : i+1]})
	}
	return d
}

// A webText is a text that is made of an event's fields, and that clients may encode.
type webText struct {
	from     []string
	appendTo func(dst []byte, e *event.Event) (text []byte, ok bool)
}

// requestFields are what a request is made of.
var requestFields = []string{"cs-uri-stem", "cs-uri-query", "cs-uri"}

// requestText is the request as it was sent: the path, and behind a question mark the query.
var requestText = webText{requestFields, fullRequest}

func fullRequest(dst []byte, e *event.Event) ([]byte, bool) {
	text, ok := appendField(dst, e, "cs-uri-stem")
	if !ok {
		return appendField(dst, e, "cs-uri")
	}
	if long, ok := appendField(append(text, '?'), e, "cs-uri-query"); ok {
		return long, true
	}
	return text, true
}

// ownField is the text of one field.
func ownField(name string) webText {
	return webText{[]string{name}, func(dst []byte, e *event.Event) ([]byte, bool) { return appendField(dst, e, name) }}
}

// urlFields are what the whole address of a request is made of.
var urlFields = []string{"c-uri", "cs-uri-scheme", "cs-host", "cs-uri-stem", "cs-uri-query", "cs-uri"}

// urlText is the whole address of a request.
var urlText = webText{urlFields, fullURL}

// fullURL is the address as a proxy logs it: c-uri or cs-uri if the event has it, else put together from
// scheme, host, path and query as far as they are known.
func fullURL(dst []byte, e *event.Event) ([]byte, bool) {
	if text, ok := appendField(dst, e, "c-uri"); ok {
		return text, true
	}
	if text, ok := appendField(dst, e, "cs-uri"); ok && bytes.Contains(text[len(dst):], []byte("://")) {
		return text, true
	}
	text := dst
	if host, ok := appendField(text, e, "cs-host"); ok {
		if long, ok := appendField(text, e, "cs-uri-scheme"); ok {
			long = append(long, "://"...)
			host, _ = appendField(long, e, "cs-host")
		}
		text = host
	}
	if v, ok := e.Get("cs-uri-stem"); ok && len(text) > len(dst) && bytes.Equal(v.Raw, text[len(dst):]) {
		return text, true // CONNECT: the host is all there is
	}
	return fullRequest(text, e)
}

// extension is what follows the last dot of the path's last part: "exe" of /a.b/c.exe?d.
func extension(dst []byte, e *event.Event) ([]byte, bool) {
	for _, name := range [...]string{"c-uri-extension", "cs-uri-extension"} {
		if text, ok := appendField(dst, e, name); ok {
			return text, true
		}
	}
	text, ok := appendField(dst, e, "cs-uri-stem")
	if !ok {
		if text, ok = appendField(dst, e, "cs-uri"); !ok {
			return dst, false
		}
	}
	path, _, _ := bytes.Cut(text[len(dst):], []byte{'?'})
	path = path[bytes.LastIndexByte(path, '/')+1:]
	dot := bytes.LastIndexByte(path, '.')
	if dot < 0 {
		return dst, false
	}
	return append(dst, path[dot+1:]...), true
}

// hyphen is the "-" by which web servers write that there is no value: readers give it as null, and
// the taxonomy lets rules write it ("anonymous users are represented by a hyphen").
func hyphen(name string) Derivation {
	return Derivation{From: []string{name}, If: isHyphen, Make: func(dst []byte, e *event.Event) ([]byte, bool) {
		if v, ok := e.Get(name); !ok || !isHyphen(v) {
			return dst, false
		}
		return append(dst, '-'), true
	}}
}

func isHyphen(v event.Value) bool { return v.Kind == event.Null && len(v.Raw) == 1 && v.Raw[0] == '-' }

// plusAsBlank is the text with blanks for plus signs, as IIS writes user agents.
func plusAsBlank(name string) Derivation {
	return Derivation{From: []string{name}, If: holdsPlus, Make: func(dst []byte, e *event.Event) ([]byte, bool) {
		v, ok := e.Get(name)
		if !ok || v.IsNull() || !holdsPlus(v) {
			return dst, false
		}
		text := v.AppendText(dst)
		for i := len(dst); i < len(text); i++ {
			if text[i] == '+' {
				text[i] = ' '
			}
		}
		return text, true
	}}
}

func holdsPlus(v event.Value) bool { return bytes.IndexByte(v.Raw, '+') >= 0 }

// decoded is a text URL-decoded that many times; there is none if that changes nothing.
func decoded(of webText, times int) Derivation {
	d := Derivation{From: of.from, If: holdsCode, Decodes: true, Make: func(dst []byte, e *event.Event) ([]byte, bool) {
		text, ok := of.appendTo(dst, e)
		if !ok {
			return dst, false
		}
		for i := range times {
			n, changed := decodeURL(text[len(dst):], i == 0)
			if !changed {
				return dst, false
			}
			text = text[:len(dst)+n]
		}
		return text, true
	}}
	if times > 1 {
		// Only a percent sign can leave something to decode; it need not be %25: %%32%35 is that too.
		d.If = holdsPercent
	}
	return d
}

func holdsPercent(v event.Value) bool { return bytes.IndexByte(v.Raw, '%') >= 0 }

func holdsCode(v event.Value) bool { return holdsPercent(v) || holdsPlus(v) }

// decodeURL undoes percent encoding in place (RFC 3986 2.1) and gives the new length: %41, the
// %u0041 of IIS, and the two-byte forms of ASCII that old servers took (%c0%af). What is no code
// stays. plus turns + into a blank.
func decodeURL(b []byte, plus bool) (n int, changed bool) {
	at := 0
	for i := 0; i < len(b); i++ {
		c := b[i]
		switch {
		case c == '+' && plus:
			c, changed = ' ', true
		case c != '%':
		case i+2 < len(b) && hexNibble(b[i+1])|hexNibble(b[i+2]) < 16:
			c, changed = hexNibble(b[i+1])<<4|hexNibble(b[i+2]), true
			i += 2
			if c&0xfe == 0xc0 && i+3 < len(b) && b[i+1] == '%' {
				if low := hexNibble(b[i+2])<<4 | hexNibble(b[i+3]); hexNibble(b[i+2])|hexNibble(b[i+3]) < 16 && low&0xc0 == 0x80 {
					c = c<<6 | low&0x3f
					i += 3
				}
			}
		case i+5 < len(b) && b[i+1]|0x20 == 'u':
			r, ok := rune(0), true
			for _, d := range b[i+2 : i+6] {
				ok = ok && hexNibble(d) < 16
				r = r<<4 | rune(hexNibble(d)&15)
			}
			if !ok {
				break
			}
			// At most three bytes, of six.
			at += utf8.EncodeRune(b[at:at+utf8.UTFMax], r)
			i += 5
			changed = true
			continue
		}
		b[at] = c
		at++
	}
	return at, changed
}

// hexNibble gives the value of a hexadecimal digit, 255 if it is none.
func hexNibble(c byte) byte {
	switch {
	case '0' <= c && c <= '9':
		return c - '0'
	case 'a' <= c|0x20 && c|0x20 <= 'f':
		return c | 0x20 - 'a' + 10
	}
	return 255
}
